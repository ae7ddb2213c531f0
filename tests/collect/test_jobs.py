"""Reading in several processes gives the report of one, whatever the inputs are, and where they are cut; a process that ends is told."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from conftest import NODE, NOW, ROOT
from journals import FAILED, REMOTE, build, varied

from diagnose import arguments
from diagnose import catalog as catalogs
from diagnose.cli import app
from diagnose.collect import cutting, stream
from diagnose.collect import evidence as reading
from diagnose.collect.evidence import Evidence, Options
from diagnose.collect.files import zstd_module
from diagnose.collect.signs import Unread
from diagnose.collect.stream import ExportFormat, Format, JsonFormat, LineFormat, Part, export_fields, scanned
from diagnose.diagnosis import Selection, investigate
from diagnose.literals import plan
from diagnose.model import InputSeen, Record
from diagnose.parse.when import Clock, moment
from diagnose.render import json_v1
from diagnose.scan import Scanner

# Whoever runs the tests side by side does it with threads.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")

CATALOG = catalogs.load()
SCAN = Scanner(plan(CATALOG))
SCAN.add(1024 * 1024)
OPENS = 'E1123 20:00:42.856229    5804 pod_workers.go:1301] "Error syncing pod" pod="cell/{pod}" err=<'


def entries() -> list[bytes]:
    raw = zstd_module().decompress((NODE / "journal.export.zst").read_bytes())
    return [b"__CURSOR=" + x.rstrip(b"\n") + b"\n\n" for x in raw.split(b"__CURSOR=")[1:]]


def printed(form: str) -> bytes:
    """Return the node's journal in one of journalctl's forms, healthy lines and blocks of klog between its entries."""
    lines: list[str] = []
    rng = random.Random(5)  # noqa: S311 - the same in every run
    for number, raw in enumerate(entries()):
        f = export_fields(raw)
        at = moment(int(f.get("_SOURCE_REALTIME_TIMESTAMP") or f["__REALTIME_TIMESTAMP"]))
        messages = [(f.get("SYSLOG_IDENTIFIER", "kernel"), f.get("_PID", ""), f["MESSAGE"])]
        messages += [("app", "77", f"a healthy line {x}") for x in range(rng.choice((0, 0, 0, 0, 0, 0, 60)))]
        if number % 23 == 0:
            chain = FAILED.format(pod=f"web-{number % 5}")
            messages += [
                ("microshift", "700", x) for x in (OPENS.format(pod=f"web-{number % 5}"), "\trpc error: code = Unknown desc = failed", f"\t{chain}", " >")
            ]
            messages.insert(-2, ("crio", "701", chain))
        for ident, pid, message in messages:
            if form == "json":
                fields = {**f, "__REALTIME_TIMESTAMP": f["__REALTIME_TIMESTAMP"], "SYSLOG_IDENTIFIER": ident, "_PID": pid, "MESSAGE": message}
                lines.append(json.dumps(fields) + "\n")
            elif form == "export":
                fields = {**f, "SYSLOG_IDENTIFIER": ident, "_PID": pid, "MESSAGE": message}
                lines.append("".join(f"{k}={v}\n" for k, v in fields.items()) + "\n")
            else:
                stamp = f"{at:%b %d %H:%M:%S}" if form == "short" else f"{at:%Y-%m-%dT%H:%M:%S}+0000"
                lines.append(f"{stamp} edge01 {ident}[{pid}]: {message}\n")
    return "".join(lines).encode()


FORMS: dict[str, Format] = {"short": LineFormat(), "short-iso": LineFormat(), "export": ExportFormat(), "json": JsonFormat()}


@pytest.fixture(scope="module")
def logs() -> dict[str, bytes]:
    return {form: printed(form) for form in FORMS}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Take small files for large ones, cut into parts of about `size` bytes."""

    def make(size: int) -> None:
        monkeypatch.setattr(reading, "APART", 1)
        monkeypatch.setattr(reading, "DOCUMENT", 1024)
        monkeypatch.setattr(stream, "BLOCK", 64 * 1024)
        for name in ("LARGE", "SMALLEST", "LARGEST"):
            monkeypatch.setattr(cutting, name, size)

    return make


def told(*paths: Path, jobs: int, tz: tzinfo | None = None) -> str:
    report, _ = investigate([str(p) for p in paths], CATALOG, now=NOW, reference=None, tz=tz, select=Selection(), jobs=jobs)
    return json_v1.render(report, CATALOG, "en")


def same(*paths: Path, jobs: tuple[int, ...] = (2, 3, 7), tz: tzinfo | None = None) -> str:
    one = told(*paths, jobs=1, tz=tz)
    for count in jobs:
        assert told(*paths, jobs=count, tz=tz) == one
    return one


def children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(x) for x in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


@pytest.fixture
def started() -> Iterator[Callable[[], list[int]]]:
    """Return the processes that the test has started and not ended; none may be left."""
    others = set(children(os.getpid()))  # the surroundings may have some

    def own() -> list[int]:
        return [x for x in children(os.getpid()) if x not in others]

    yield own
    assert own() == []


@pytest.fixture(autouse=True)
def _no_process_is_left(started: Callable[[], list[int]]) -> None:
    del started


def found(data: bytes, fmt: Format, *parts: Part) -> tuple[list[object], InputSeen]:
    """Return what is found in a log that is read in these parts, lines counted from its beginning, and what is told of it."""
    items, whole = list[object](), InputSeen("log", fmt.kind)
    above = 0
    for part in parts:
        seen = InputSeen("log", fmt.kind)
        raw = io.BytesIO(data)
        raw.seek(part.context)
        for item in scanned(raw, fmt, SCAN, Clock(NOW), seen, part, apart=True):
            if isinstance(item, Unread):
                items.append(item.raw)
            elif isinstance(item, Record) and item.where.line:
                items.append(item._replace(where=item.where._replace(line=item.where.line + above)))
            else:
                items.append(item)
        whole.join(seen)
        above += part.newlines
    return items, whole


@pytest.mark.parametrize("form", FORMS)
def test_a_log_tells_the_same_wherever_it_is_cut(form: str, logs: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "BLOCK", 16 * 1024)
    fmt = FORMS[form]
    data = logs[form][: len(logs[form]) // 10]
    data = data[: fmt.start(data, len(data) - 1)]
    one = found(data, fmt, Part())
    assert one[0][-1] is None
    borders: set[tuple[int, int]] = set()
    for at in range(0, len(data), 1 if form == "short" else 499):
        if at < max(borders, default=(0, 0))[0]:
            continue  # it is the same one
        border = cutting._border(data[at : at + 64 * 1024], fmt, SCAN)
        if border is not None:
            borders.add((at + border[0], at + border[1]))
    assert len(borders) > 5
    for context, start in borders:
        assert found(data, fmt, Part(0, 0, start), Part(context, start)) == one
    cuts = sorted(start for _, start in borders)
    contexts = {start: context for context, start in borders}
    parts = [Part(contexts.get(a, 0), a, b) for a, b in zip([0, *cuts], [*cuts, None], strict=True)]
    assert found(data, fmt, *parts) == one


@pytest.mark.parametrize("form", FORMS)
def test_the_report_is_that_of_one_process(form: str, logs: dict[str, bytes], small: Callable[[int], None], write: Callable[..., Path]) -> None:
    path = write(logs[form], f"journal.{form}")
    small(len(logs[form]) // 5)
    assert len(cutting.parts(str(path), len(logs[form]), FORMS[form], SCAN, 2)) > 3
    assert json.loads(same(path))["findings"]


def storm(size: int) -> bytes:
    """Return a log in which every third line is of a failure, and blocks of two processes lie within each other."""
    lines: list[str] = []
    total = number = 0
    while total < size:
        number += 1
        at = f"Nov 23 {19 + number // 3000 % 4:02}:{number // 60 % 60:02}:{number % 60:02} edge01 "
        pod = f"web-{number % 40}"
        sandbox = f"{number:064x}"
        some = [f"microshift[700]: {OPENS.format(pod=pod)}", f"crio[701]: {FAILED.format(pod=pod)} {sandbox}", *[f"microshift[700]: \t{FAILED.format(pod=pod)}"] * 2, "microshift[700]:  >"]  # fmt: skip
        some += ["app[77]: a healthy line"] * (30 if number % 9 == 0 else 2)
        lines += (at + x + "\n" for x in some)
        total = total + sum(map(len, some)) + len(at) * len(some)
    return "".join(lines).encode()


def test_a_message_is_told_once_whatever_the_blocks_are(monkeypatch: pytest.MonkeyPatch) -> None:
    log = storm(30_000)
    one = found(log, LineFormat(), Part())
    for block in range(2000, 3000, 50):
        monkeypatch.setattr(stream, "BLOCK", block)
        assert found(log, LineFormat(), Part()) == one


def test_a_storm_is_counted_the_same(small: Callable[[int], None], write: Callable[..., Path]) -> None:
    path = write(storm(400_000), "storm.log")
    small(60_000)
    assert len(cutting.parts(str(path), path.stat().st_size, LineFormat(), SCAN, 7)) > 4
    assert json.loads(same(path))["findings"][0]["count"] > 100


@pytest.mark.parametrize("name", ["Asia/Tokyo", "Europe/Berlin"])
def test_a_clock_that_is_put_back_means_the_same(name: str, small: Callable[[int], None], write: Callable[..., Path]) -> None:
    lines = [f"Oct 25 {hour:02}:{minute:02}:{second:02} edge01 {what}\n" for hour in (1, 2, 2, 3) for minute in range(0, 60, 2) for second, what in (
        (1, f"crio[701]: {FAILED.format(pod='web-1')}"), (2, "app[7]: a healthy line"), (9, 'crio[701]: Ran pod sandbox 00ab with infra container: cell/web-2/POD'),
        *((20 + x, "app[7]: another healthy line") for x in range(30)))]  # fmt: skip
    path = write("".join(lines), "journal.log")
    small(40_000)
    count = len(cutting.parts(str(path), path.stat().st_size, LineFormat(), SCAN, 3))
    assert count > 3
    assert len(json.loads(same(path, tz=ZoneInfo(name)))["findings"]) == 1


def test_a_sign_means_what_it_meant_where_it_stood() -> None:
    said = "app[7]: a line that holds a failure: no IP addresses available in range set", "crio[701]: Ran pod sandbox 00ab with infra container: cell/web/POD"
    log = "".join(f"Oct 25 {hour:02}:{minute:02}:00 edge01 {said[minute % 2]}\n" for hour in (2, 2) for minute in range(60)).encode()
    clock = Clock(NOW, ZoneInfo("Europe/Berlin"))
    read = stream.reader(LineFormat(), clock.copy(), "log")
    items = list(scanned(io.BytesIO(log), LineFormat(), SCAN, clock, InputSeen("log", ""), apart=True))
    times = [record.time for x in reversed(items) if isinstance(x, Unread) and (record := read(x)) is not None and record.time is not None]
    assert len(times) == 60
    assert times == sorted(times, reverse=True)


def test_the_zone_of_a_tree_is_told(small: Callable[[int], None], tmp_path: Path) -> None:
    tree = tmp_path / "sosreport-edge01-2026-11-23"
    for folder in ("etc", "sos_commands"):
        (tree / folder).mkdir(parents=True)
    (tree / "etc" / "timezone").write_text("Asia/Tokyo\n")
    (tree / "journal.log").write_bytes(storm(50_000))
    small(20_000)
    assert any("Asia/Tokyo" in note for note in json.loads(same(tree))["notes"])


def test_packed_logs_beside_objects_and_an_archive(small: Callable[[int], None], logs: dict[str, bytes], tmp_path: Path) -> None:
    for name, data in (
        ("a.log.gz", gzip.compress(logs["short"])), ("b.log.xz", lzma.compress(logs["short-iso"])), ("c.export.zst", zstd_module().compress(logs["export"])),
        ("d.json", logs["json"]), ("e.gz", gzip.compress(logs["short"])[:-5000]), ("f.log", b"one line of no log\n"), ("g.log", b""),
    ):  # fmt: skip
        (tmp_path / name).write_bytes(data)
    shutil.copytree(NODE / "objects", tmp_path / "objects")
    with tarfile.open(tmp_path / "z.tar", "w") as tar:
        tar.add(NODE / "objects", "objects")
        tar.add(NODE / "journal.export.zst", "journal.export.zst")
    small(400_000)
    report = json.loads(same(tmp_path, tmp_path / "absent"))
    assert {Path(i["source"]).name for i in report["inputs"]} >= {"a.log.gz", "b.log.xz", "c.export.zst", "d.json", "e.gz", "f.log", "g.log", "z.tar"}
    assert any("damaged or cut short" in g["reason"] for g in report["gaps"])


@pytest.mark.skipif(not any(os.access(x, os.X_OK) for x in REMOTE), reason="systemd-journal-remote is not installed")
def test_journal_files(small: Callable[[int], None], tmp_path: Path) -> None:
    build(b"".join(entries()), tmp_path / "a.journal")
    build(varied(), tmp_path / "b.journal", compact=False)
    (tmp_path / "c.journal.zst").write_bytes(zstd_module().compress((tmp_path / "a.journal").read_bytes()))
    damaged = bytearray((tmp_path / "b.journal").read_bytes())
    damaged[20_000:24_000] = bytes(4000)
    (tmp_path / "d.journal").write_bytes(damaged)
    small(400_000)
    for paths in ([tmp_path / "a.journal"], [tmp_path / "c.journal.zst"], [tmp_path]):
        assert json.loads(same(*paths))["findings"]


def test_a_process_that_is_killed_is_a_gap(write: Callable[..., Path], small: Callable[[int], None], started: Callable[[], list[int]]) -> None:
    path, other = write(storm(4_000_000), "a.log"), write(storm(50_000), "b.log")
    small(100_000_000)
    read = Evidence(Scanner(plan(CATALOG)), Options(NOW, UTC), jobs=2)
    items = read.read([str(path), str(other)])
    next(items)
    os.kill(started()[0], signal.SIGKILL)
    sources = [x.where.source for x in items]
    assert 0 < sources.count(str(path)) < 8000
    assert sources.count(str(other)) > 50
    assert [(g.source, g.reason) for g in read.gaps] == [(str(path), "not read to its end: the process that read it was ended")]
    assert [(Path(i.source).name, i.whole) for i in read.inputs] == [("a.log", False), ("b.log", True)]


def test_of_a_log_in_parts_nothing_is_told_behind_one_whose_process_was_killed(
    write: Callable[..., Path], small: Callable[[int], None], started: Callable[[], list[int]]
) -> None:
    log = storm(6_000_000)
    path = write(log, "a.log")
    small(3_000_000)
    read = Evidence(Scanner(plan(CATALOG)), Options(NOW, UTC), jobs=2)
    items = read.read([str(path)])
    next(items)
    os.kill(started()[0], signal.SIGKILL)
    lines = [x.where.line for x in items]
    assert 0 < max(lines) < log.count(b"\n", 0, 3_000_000)
    assert len(read.gaps) == len(read.inputs) == 1


def test_whoever_stops_taking_ends_the_processes(write: Callable[..., Path], small: Callable[[int], None], started: Callable[[], list[int]]) -> None:
    path = write(storm(4_000_000), "a.log")
    small(1_000_000)
    items = Evidence(Scanner(plan(CATALOG)), Options(NOW, UTC), jobs=2).read([str(path)])
    next(items)
    assert len(started()) == 2
    items.close()
    assert started() == []


@pytest.mark.parametrize("how", ["everybody", "the first", "killed"])
def test_no_process_outlives_the_first(how: str, write: Callable[..., Path]) -> None:
    path = write(storm(6_000_000), "a.log")
    with subprocess.Popen([sys.executable, "-m", "diagnose", "diagnose", "-j", "2", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, start_new_session=True) as run:  # fmt: skip
        until = time.monotonic() + 30
        while not (others := children(run.pid)) and time.monotonic() < until:
            time.sleep(0.01)
        (os.killpg if how == "everybody" else os.kill)(run.pid, signal.SIGKILL if how == "killed" else signal.SIGINT)
        # They hold its standard output, too: this ends once none is left.
        out, err = run.communicate(timeout=30)
    # Where the signal comes while a named tuple is made, Python ends itself by it, whoever caught it: to a shell that is the same.
    assert run.returncode in ((-signal.SIGKILL,) if how == "killed" else (130, -signal.SIGINT))
    assert (out, err) == (b"", b"")
    assert others


def test_the_number_of_processes_is_read_without_typer_where_it_is_one() -> None:
    commands = arguments.declared(app)
    for text, jobs in (("2", 2), ("64", 64), ("0", None), ("65", None), ("two", None), ("-1", None), ("2.0", None)):
        call = arguments.read(["diagnose", "-j", text], commands)
        assert (call.arguments["jobs"] if call is not None else None) == jobs


def test_the_number_of_processes_is_an_option(msnet: Callable[..., subprocess.CompletedProcess[bytes]], write: Callable[..., Path]) -> None:
    path = str(write(FAILED.format(pod="web-1")))
    assert msnet("diagnose", "-j", "2", path).stdout == msnet("diagnose", "--jobs=64", path).stdout == msnet("diagnose", path).stdout
    for wrong in ("0", "65", "two"):
        run = msnet("diagnose", "--jobs", wrong, path)
        assert (run.returncode, run.stdout) == (2, b"")
        assert b"--jobs" in run.stderr
