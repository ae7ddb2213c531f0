"""The running node's journal: real journal files, in the folders in which journald keeps them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from diagnose import catalog
from diagnose.collect import journal
from diagnose.collect.device import Deadline, Device
from diagnose.collect.evidence import Evidence, Options
from diagnose.diagnosis import Selection, investigate
from diagnose.literals import plan
from diagnose.model import Record, Report
from diagnose.parse.when import micros
from diagnose.scan import Scanner

MACHINE = "4c4c4544004a3510804cb7c04f4d3533"
NOW = datetime(2026, 11, 23, 20, 20, tzinfo=UTC)
FAILURE = 'Multus: [plant/cam-1/1]: error adding container to network "cam": failed to find plugin "vlan" in path [/run/cni/bin]'


def boot_id(n: int) -> str:
    return f"{n:032x}"


def export_of(lines: list[tuple[str, str]], *, boot: int = 1, start: int = 1_790_000_000, unit: str = "microshift.service") -> bytes:
    """Return (identifier, message) lines in export format, a second apart."""
    parts: list[str] = []
    for n, (ident, message) in enumerate(lines):
        time = (start + n) * 1_000_000
        fields = {
            "__CURSOR": f"s={boot:032x};i={n + 1:x};b={boot_id(boot)};m={n + 1:x};t={time:x};x={n:x}", "__REALTIME_TIMESTAMP": time, "__MONOTONIC_TIMESTAMP": (n + 1) * 1_000_000,
            "_BOOT_ID": boot_id(boot), "_MACHINE_ID": MACHINE, "_SYSTEMD_UNIT": unit, "_HOSTNAME": "edge", "_PID": "42", "SYSLOG_IDENTIFIER": ident, "MESSAGE": message,
        }  # fmt: skip
        parts.append("".join(f"{k}={v}\n" for k, v in fields.items()) + "\n")
    return "".join(parts).encode()


def failing(pod: str, **options: int | str) -> bytes:
    """Return one line of a pod that fails, and one that says nothing."""
    return export_of([("microshift", FAILURE.replace("cam-1", pod)), ("microshift", "nothing of interest")], **options)  # type: ignore[arg-type]


@pytest.fixture
def place(build_journal: Callable[[bytes, Path], Path]):
    """Write a journal file of export data under a root."""

    def make(path: Path, data: bytes) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        return build_journal(data, path)

    return make


def read(device: Device, seconds: float = 30) -> tuple[list[Record], Evidence]:
    out = Evidence(Scanner(plan(catalog.load())), Options(None, UTC))
    return [r for r in journal.collect(device, Deadline.after(seconds), out) if isinstance(r, Record)], out


def pods(records: list[Record]) -> list[str]:
    return [r.message.split("/")[1] for r in records if "failed to find plugin" in r.message]


def live(device: Device) -> Report:
    return investigate(device, catalog.load(), now=NOW, reference=NOW, tz=UTC, select=Selection())[0]


def told(report: Report) -> list[object]:
    return sorted((f.rule, f.subject, f.state, f.count, f.first, f.last, tuple(a.name for a in f.affected)) for f in report.findings)


def test_the_journal_at_hand_tells_what_the_same_journal_tells_when_exported(
    native: Path, export: bytes, entries: list[bytes], write, report, tmp_path: Path
) -> None:
    found = live(Device(root=tmp_path, journal_dir=native.parent))
    saved = report(write(export, "journal.export"))
    assert len(saved.findings) == 5
    assert told(found) == told(saved)
    assert found.collected[0].found == len(entries)


def test_the_same_through_journalctl_where_systemd_python_is_absent(native: Path, tmp_path: Path) -> None:
    (tmp_path / "systemd").mkdir()
    (tmp_path / "systemd" / "__init__.py").write_text("raise ImportError('not here')\n")
    command = [
        sys.executable,
        "-m",
        "diagnose",
        "diagnose",
        "--root",
        str(tmp_path),
        "--journal-dir",
        str(native.parent),
        "--format",
        "json",
        "--now",
        NOW.isoformat(),
    ]
    environment = {"PATH": os.environ["PATH"], "PYTHONUTF8": "1"}
    import json

    runs = [
        json.loads(subprocess.run(command, capture_output=True, check=False, env=environment | more).stdout) for more in ({}, {"PYTHONPATH": str(tmp_path)})
    ]
    assert runs[0]["collectors"] == runs[1]["collectors"]
    assert [f | {"evidence": 0} for f in runs[0]["findings"]] == [f | {"evidence": 0} for f in runs[1]["findings"]]


def test_persistent_volatile_and_namespaced_journals_are_read_and_other_machines_are_not(place, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "machine-id").write_text(MACHINE + "\n")
    place(tmp_path / "var/log/journal" / MACHINE / "system.journal", failing("persistent"))
    place(tmp_path / "run/log/journal" / MACHINE / "system.journal", failing("volatile", start=1_790_000_100))
    place(tmp_path / "var/log/journal" / f"{MACHINE}.apps" / "system.journal", failing("namespaced", start=1_790_000_200))
    place(tmp_path / "var/log/journal/remote" / "system.journal", failing("remote", start=1_790_000_300))
    place(tmp_path / "var/log/journal" / ("0" * 32) / "system.journal", failing("stranger", start=1_790_000_400))
    records, out = read(Device(root=tmp_path))
    assert pods(records) == ["persistent", "volatile", "namespaced"]
    assert out.gaps == []


@pytest.mark.parametrize(
    ("boot", "expected"),
    [("0", ["third"]), ("-1", ["second"]), ("-2", ["first"]), ("all", ["first", "second", "third"]), (boot_id(2), ["second"]), ("00000000-0000-0000-0000-000000000001", ["first"])],
)  # fmt: skip
def test_boots(place, tmp_path: Path, boot: str, expected: list[str]) -> None:
    for n, name in enumerate(("first", "second", "third"), 1):
        place(tmp_path / f"boot{n}.journal", failing(name, boot=n, start=1_790_000_000 + n * 1000))
    records, out = read(Device(root=tmp_path, journal_dir=tmp_path, boot=boot))
    assert (pods(records), out.gaps) == (expected, [])


def test_a_boot_that_the_journal_does_not_hold_is_a_gap(place, tmp_path: Path) -> None:
    place(tmp_path / "one.journal", failing("first"))
    records, out = read(Device(root=tmp_path, journal_dir=tmp_path, boot="-1"))
    assert records == []
    assert [(g.kind, g.hint, g.hides) for g in out.gaps] == [("journal-boot", "journalctl --list-boots", True)]


def test_since_leaves_out_what_is_older_without_reading_it(place, tmp_path: Path) -> None:
    place(tmp_path / "one.journal", failing("old") + failing("new", start=1_790_003_600))
    records, out = read(Device(root=tmp_path, journal_dir=tmp_path, since=1_790_003_600_000_000))
    assert pods(records) == ["new"]
    assert out.inputs[0].lines == 2
    assert read(Device(root=tmp_path, journal_dir=tmp_path, since=1_790_007_200_000_000))[1].inputs[0].lines == 0


@pytest.mark.parametrize(
    ("unit", "ident", "more", "seen"),
    [
        ("crio.service", "crio", {}, True),
        ("user@1000.service", "microshift", {}, False),
        ("init.scope", "systemd", {"UNIT": "crio.service", "_PID": "1"}, True),
        ("session-1.scope", "logger", {"UNIT": "crio.service"}, False),
        ("init.scope", "systemd", {"UNIT": "cups.service", "_PID": "1"}, False),
        ("", "kernel", {"_TRANSPORT": "kernel"}, True),
        ("", "audit", {"_TRANSPORT": "audit"}, True),
    ],
)
def test_only_units_that_can_matter_are_read(place, tmp_path: Path, unit: str, ident: str, more: dict[str, str], seen: bool) -> None:
    data = export_of([(ident, "any words")], unit=unit).replace(b"_PID=42\n", b"".join(f"{k}={v}\n".encode() for k, v in ({"_PID": "42"} | more).items()))
    place(tmp_path / "one.journal", data)
    _, out = read(Device(root=tmp_path, journal_dir=tmp_path))
    assert out.inputs[0].lines == int(seen)


def test_a_damaged_file_is_told_and_hides_no_other(place, tmp_path: Path) -> None:
    place(tmp_path / "good.journal", failing("good"))
    (tmp_path / "bad.journal").write_bytes(b"LPKSHHRH" + b"\xff" * 4096)
    records, out = read(Device(root=tmp_path, journal_dir=tmp_path))
    assert pods(records) == ["good"]
    assert [(Path(g.source).name, g.hides) for g in out.gaps] == [("bad.journal", True)]


def test_without_any_journal_the_gap_names_the_folders(tmp_path: Path) -> None:
    _, out = read(Device(root=tmp_path))
    (gap,) = out.gaps
    assert gap.kind == "journal-none"
    assert f"{tmp_path}/var/log/journal" in dict(gap.values)["folders"]


def test_a_user_without_permission_is_told_once_what_to_do(place, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    for n in range(3):
        place(tmp_path / f"{n}.journal", failing(f"pod-{n}", boot=n + 1)).chmod(0o600)
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(folder.stat().st_mode | 0o055)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]);from pathlib import Path; from datetime import UTC; from diagnose.collect import journal;"
        "from diagnose.collect.device import *; from diagnose.collect.evidence import *; from diagnose.scan import Scanner;"
        "import os; os.setresuid(65534, 65534, 65534); out = Evidence(Scanner([]), Options(None, UTC));"
        "print(list(journal.collect(Device(root=Path(sys.argv[2]), journal_dir=Path(sys.argv[2])), Deadline.after(9), out)), [(g.kind, dict(g.values), g.hint) for g in out.gaps])"
    )
    root = Path(__file__).parents[2]
    run = subprocess.run([sys.executable, "-c", code, str(root), str(tmp_path)], capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]})
    assert (
        run.stdout.strip()
        == "[] [('journal-denied', {'n': '3 of 3'}, 'sudo msnet diagnose; or, once: sudo usermod -aG systemd-journal $USER, and log in again')]"
    )


def test_when_time_is_up_the_newest_entries_were_read_and_the_gap_tells_how_far_back(place, tmp_path: Path) -> None:
    # Two windows; one block of the reader is less than a window.
    many = [("microshift", "w" * 400)] * (journal.WINDOW + 100)
    many[10] = ("microshift", FAILURE.replace("cam-1", "oldest"))
    many[-10] = ("microshift", FAILURE.replace("cam-1", "newest"))
    place(tmp_path / "big.journal", export_of(many))
    whole, out = read(Device(root=tmp_path, journal_dir=tmp_path))
    assert pods(whole) == ["newest", "oldest"]
    assert (out.inputs[0].lines, out.gaps) == (len(many), [])
    newest = read(Device(root=tmp_path, journal_dir=tmp_path, since=(1_790_000_000 + len(many) - 5) * 1_000_000))[1]
    assert newest.inputs[0].lines == 5
    deadline = Deadline.after(30)
    out = Evidence(Scanner(plan(catalog.load())), Options(None, UTC))
    records: list[Record] = []
    for item in journal.collect(Device(root=tmp_path, journal_dir=tmp_path), deadline, out):
        assert isinstance(item, Record)
        records.append(item)
        deadline.stop()
    assert pods(records) == ["newest"]
    (gap,) = out.gaps
    assert gap.kind == "journal-cut"
    assert out.inputs[0].first is not None
    assert dict(gap.values)["since"].startswith(datetime.fromtimestamp(out.inputs[0].first / 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    assert micros(datetime.fromtimestamp(1_790_000_000, UTC)) < out.inputs[0].first


def test_a_live_run_needs_the_journal_or_the_api_to_call_a_node_healthy(place, tmp_path: Path) -> None:
    from diagnose.diagnosis import usable

    empty = live(Device(root=tmp_path))
    assert not usable(empty)
    place(tmp_path / "j" / "kernel.journal", export_of([("chronyd", "Selected source 10.0.0.1")], unit="chronyd.service"))
    other = live(Device(root=tmp_path, journal_dir=tmp_path / "j"))
    assert (usable(other), [g.kind for g in other.gaps if g.kind.startswith("no-")]) == (False, ["no-kubelet-here"])
    place(tmp_path / "j" / "microshift.journal", export_of([("microshift", "kubelet I1123 20:00:07.047275 1166 x.go:1] all is well")]))
    assert usable(live(Device(root=tmp_path, journal_dir=tmp_path / "j")))
