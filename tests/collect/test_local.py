"""Journals in the node's local time: read in its zone, wherever in an archive or folder the file stands that tells it."""

from __future__ import annotations

import io
import itertools
import lzma
import tarfile
import tracemalloc
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from collect.test_archive import PACKERS, link, tar, zipped
from collect.test_parts import cut
from collect.test_tailed import tree
from diagnose import catalog as catalogs
from diagnose.cli import app
from diagnose.collect import local
from diagnose.collect.evidence import Evidence, Options
from diagnose.diagnosis import Selection, diagnose
from diagnose.errors import UsageError
from diagnose.lang import EN, JA
from diagnose.model import Record, Report
from diagnose.parse.when import iso
from diagnose.render import json_v1, markdown, terminal
from diagnose.scan import Scanner

ROOT = "sosreport-edge"
JOURNAL = f"{ROOT}/sos_commands/crio/journalctl_--no-pager_--unit_crio"
FAILS = '{stamp} edge crio[7]: plugin type="multus" failed (add): [plant/cam-{n}/1903dc35-8b71-434d-9aa9-d60ff613e553:n]: no IP addresses available in range set: 10.71.4.2-10.71.4.2\n'
LOG = FAILS.format(stamp="Jul 23 21:00:07", n=1).encode()
DATE, DATE_UTC = f"{ROOT}/sos_commands/date/date", f"{ROOT}/sos_commands/date/date_--utc"
LOCALTIME, TIMEDATECTL = f"{ROOT}/etc/localtime", f"{ROOT}/sos_commands/systemd/timedatectl"
NOW = datetime(2026, 11, 23, 20, 10, tzinfo=UTC)
BERLIN = b"               Local time: Thu 2025-07-24 10:00:00 CEST\n           Universal time: Thu 2025-07-24 08:00:00 UTC\n                Time zone: Europe/Berlin (CEST, +0200)\n"
SIGNS: dict[str, tuple[list[tuple[str, bytes] | tarfile.TarInfo], str, str]] = {
    "date": ([(DATE, b"Thu Jul 24 10:00:00 CEST 2025\n"), (DATE_UTC, b"Thu Jul 24 08:00:00 UTC 2025\n")], "UTC+02:00", "2025-07-23T19:00:07Z"),
    "timedatectl": ([(TIMEDATECTL, BERLIN)], "Europe/Berlin", "2025-07-23T19:00:07Z"),
    "localtime": ([link(LOCALTIME, "../usr/share/zoneinfo/Europe/Berlin")], "Europe/Berlin", "2026-07-23T19:00:07Z"),
    "all": ([link(LOCALTIME, "../usr/share/zoneinfo/Europe/Berlin"), (DATE, b"Thu Jul 24 10:00:00 CEST 2025\n"), (DATE_UTC, b"Thu Jul 24 08:00:00 UTC 2025\n")], "Europe/Berlin", "2025-07-23T19:00:07Z"),
    "none": ([], "", "2026-07-23T21:00:07Z"),
}  # fmt: skip


def report(*paths: Path | str, tz: tzinfo | None = None) -> Report:
    return diagnose([str(p) for p in paths], catalogs.load(), now=NOW, reference=None, tz=tz, select=Selection())


def times(*paths: Path) -> list[str]:
    """Return the times of the records, as they come."""
    read = Evidence(Scanner(["no IP addresses"]), Options())
    return [iso(x.time) for x in read.read([str(p) for p in paths]) if isinstance(x, Record) and x.time is not None]


def first(seen: Report) -> str:
    (finding,) = seen.findings
    return iso(finding.first or 0)


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("order", ["before", "after", "around"])
def test_the_zone_and_year_that_the_archive_tells_wherever_they_stand(sign: str, order: str, write) -> None:
    signs, name, expected = SIGNS[sign]
    members = {"before": [*signs, (JOURNAL, LOG)], "after": [(JOURNAL, LOG), *signs], "around": [*signs[:1], (JOURNAL, LOG), *signs[1:]]}[order]
    seen = report(write(lzma.compress(tar(*members)), "sos.tar.xz"))
    assert (first(seen), [z.name for z in seen.zones]) == (expected, [name] if name else [])


@pytest.mark.parametrize("kind", [*PACKERS, "zip", "folder", "zip in tar", "tar in zip", "tar in tar in zip", "parts"])
def test_in_every_wrapping(kind: str, write, tmp_path: Path) -> None:
    members = [(JOURNAL, LOG), (TIMEDATECTL, BERLIN)]
    if kind == "folder":
        path = tree(tmp_path, dict(members), {})
    elif kind == "parts":
        path = tmp_path / "p"
        path.mkdir()
        cut(path, lzma.compress(tar(*members)), ["{}.01", "{}.02"], "sosreport.tar.xz")
    elif kind in PACKERS:
        path = write(PACKERS[kind](tar(*members)), f"sos.{kind}")
    else:
        packed = zipped(*members) if kind.startswith("zip") else lzma.compress(tar(*members))
        inner = ("sos.x", packed)
        for outer in kind.split(" in ")[1:]:
            inner = ("sos.x", zipped(("other.txt", b"x\n"), inner) if outer == "zip" else tar(("other.txt", b"x\n"), inner))
        path = write(inner[1], "case")
    seen = report(path)
    assert (first(seen), [z.name for z in seen.zones]) == ("2025-07-23T19:00:07Z", ["Europe/Berlin"])


def test_the_link_to_localtime_in_a_folder(tmp_path: Path) -> None:
    path = tree(tmp_path, {JOURNAL: LOG}, {LOCALTIME: "/usr/share/zoneinfo/Asia/Tokyo"})
    assert first(report(path)) == first(report(tmp_path / JOURNAL)) == "2026-07-23T12:00:07Z"


def test_two_reports_side_by_side_keep_their_own_zones(tmp_path: Path, write) -> None:
    def members(root: str, zone: bytes, n: int) -> list[tuple[str, bytes]]:
        return [
            (JOURNAL.replace(ROOT, root), FAILS.format(stamp="Jul 23 21:00:07", n=n).encode()),
            (TIMEDATECTL.replace(ROOT, root), BERLIN.replace(b"Europe/Berlin", zone)),
        ]

    both = [*members("sosreport-a", b"Asia/Tokyo", 1), *members("sosreport-b", b"America/New_York", 2)]
    one = write(tar(*both), "one.tar")
    two = write(zipped(*((f"{x}.tar", tar(*m)) for x, m in (("sosreport-a", both[:2]), ("sosreport-b", both[2:])))), "two.zip")
    folder = tree(tmp_path / "both", dict(both), {}).parent
    for path in (one, two, folder):
        seen = report(path)
        assert times(path) == ["2025-07-23T12:00:07Z", "2025-07-24T01:00:07Z"], path
        assert [z.name for z in seen.zones] == ["Asia/Tokyo", "America/New_York"], path


def test_a_report_within_another_tree_is_of_its_own_zone(write) -> None:
    path = write(tar(("etc/timezone", b"Asia/Tokyo\n"), (TIMEDATECTL, BERLIN), (JOURNAL, LOG)), "sos.tar")
    assert times(path) == ["2025-07-23T19:00:07Z"]


def test_what_stands_beside_the_report_is_not_of_its_zone(write) -> None:
    path = write(zipped((JOURNAL, LOG), (TIMEDATECTL, BERLIN), ("pasted.txt", LOG)), "sos.zip")
    assert times(path) == ["2025-07-23T19:00:07Z", f"{times(write(LOG, 'pasted.txt'))[0][:4]}-07-23T21:00:07Z"]


def test_a_zone_that_the_user_names_is_obeyed_and_the_year_still_told(write) -> None:
    seen = report(write(tar((JOURNAL, LOG), (TIMEDATECTL, BERLIN)), "sos.tar"), tz=ZoneInfo("Asia/Tokyo"))
    assert (first(seen), seen.zones) == ("2025-07-23T12:00:07Z", [])


def test_on_the_command_line(write) -> None:
    path = str(write(tar((JOURNAL, LOG), (TIMEDATECTL, BERLIN)), "sos.tar"))
    for options, zone, time in ([], "Europe/Berlin", "19:00:07"), (["--tz", "UTC"], "", "21:00:07"), (["--tz", "+03:00"], "", "18:00:07"):
        out = CliRunner().invoke(app, ["diagnose", *options, path]).stdout
        assert (f"2025-07-23 {time}" in out, "names no zone" in out or "name no zone" in out) == (True, bool(zone))
    assert isinstance(CliRunner().invoke(app, ["diagnose", "--tz", "", path]).exception, UsageError)


def test_lines_that_tell_their_zone_themselves(write) -> None:
    healthy = b'Jul 23 21:00:0%d edge crio[7]: time="2026-07-23T14:00:0%dZ" level=info msg="x"\n'
    seen = report(write(healthy % (1, 1) + healthy % (2, 2) + LOG, "journal.txt"))
    assert first(seen) == "2026-07-23T14:00:07Z"
    assert first(report(write(healthy % (1, 1) + healthy % (2, 2) + LOG, "journal.txt"), tz=UTC)) == "2026-07-23T21:00:07Z"


def test_the_end_of_summer_time_within_a_journal(write) -> None:
    stamps = ["Oct 25 02:10:00", "Oct 25 02:30:00", "Oct 25 02:05:00", "Oct 25 02:45:00", "Oct 25 03:30:00"]
    fill = "Oct 25 02:50:00 edge kernel: x\n" + "Oct 25 02:50:00 edge kernel: y\n" * 40_000  # so that several blocks are read
    text = "".join(FAILS.format(stamp=s, n=n) + (fill if n == 1 else "") for n, s in enumerate(stamps))
    path = write(tar((JOURNAL, text.encode()), link(LOCALTIME, "x/zoneinfo/Europe/Berlin")), "sos.tar")
    assert [t[11:16] for t in times(path)] == ["00:10", "00:30", "01:05", "01:45", "02:30"]


def test_a_pipe_cannot_be_looked_at_twice(msnet) -> None:
    run = msnet("diagnose", "--format", "json", "-", stdin=tar((JOURNAL, LOG), (TIMEDATECTL, BERLIN)))
    assert (run.returncode, b"-07-23T21:00:07Z" in run.stdout) == (11, True)


@pytest.mark.parametrize("part", [0.5, 0.8, 0.97])
def test_a_damaged_archive_tells_what_it_can(part: float, write) -> None:
    body = lzma.compress(tar((JOURNAL, LOG), (TIMEDATECTL, BERLIN), ("x.bin", bytes(itertools.islice(itertools.cycle(range(7, 250)), 50_000)))))
    report(write(body[: int(len(body) * part)], "sos.tar.xz"))


@pytest.mark.parametrize("content", [b"", b"\xff" * 100, b"TZif" + b"\xff" * 200, b"Thu Jul 99 10:00:00 CEST 2025", b"x" * 70_000])
@pytest.mark.parametrize("name", [DATE, TIMEDATECTL, LOCALTIME])
def test_a_sign_that_says_nothing_does_no_harm(name: str, content: bytes, write, tmp_path: Path) -> None:
    assert first(report(write(tar((name, content), (JOURNAL, LOG)), "sos.tar"))) == "2026-07-23T21:00:07Z"
    assert first(report(tree(tmp_path, {name: content, JOURNAL: LOG}, {}))) == "2026-07-23T21:00:07Z"


def test_an_archive_is_looked_through_only_if_a_stamp_needs_it(write, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[bool] = []
    monkeypatch.setattr(local.Packed, "_look", lambda _, *, early: looked.append(early))
    dated = FAILS.format(stamp="2026-07-23T21:00:07+0000", n=1).encode()
    report(write(tar((JOURNAL, dated)), "sos.tar"))
    report(write(tar(("journal.txt", LOG)), "logs.tar"))
    assert looked == []
    report(write(tar((JOURNAL, LOG)), "sos.tar"))
    assert looked == [True, False]


def test_the_report_tells_the_zone_in_every_format(write, catalog) -> None:
    seen = report(write(tar((JOURNAL, LOG), (TIMEDATECTL, BERLIN)), "sos.tar"))
    (zone,) = seen.zones
    assert zone.source.endswith(f"sos.tar!{TIMEDATECTL}")
    for language, words in (("en", EN), ("ja", JA)):
        text = terminal.render(seen, catalog, language, width=4000, color=False, quiet=False, unicode=True, everything=False)
        assert words.zone.format(name="Europe/Berlin", source=zone.source) in text
        assert "Europe/Berlin" in markdown.render(seen, catalog, language, everything=False)
    assert f"time zone of stamps that name none: Europe/Berlin, by {zone.source}" in json_v1.render(seen, catalog, "en")


def test_ages_count_from_the_moment_that_the_archive_tells(write) -> None:
    events = (
        b"NAMESPACE  LAST SEEN  TYPE  REASON  OBJECT  MESSAGE\nplant  5m  Warning  FailedCreatePodSandBox  pod/cam-1  Failed to create pod sandbox: "
        + LOG.partition(b": ")[2]
    )
    assert first(report(write(tar((f"{ROOT}/sos_commands/kubernetes/get_events", events), (TIMEDATECTL, BERLIN)), "sos.tar"))) == "2025-07-24T07:55:00Z"


def test_looking_for_signs_takes_no_memory() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        for n in range(3000):
            t.addfile(tarfile.TarInfo(f"s/{n}"))
    from diagnose.collect import archive
    from diagnose.collect.files import opened_stream

    out.seek(0)
    tracemalloc.start()
    assert list(archive.signs(opened_stream("x", out, 0, None))) == []
    assert tracemalloc.get_traced_memory()[1] < 8_000_000
    tracemalloc.stop()
