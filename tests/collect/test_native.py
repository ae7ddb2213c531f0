"""Native journal files that are broken, cut, or newer than the reader: a gap, and never 'healthy'."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from diagnose.model import Report

_RUN = "import sys; sys.argv = ['msnet', *sys.argv[1:]]; from diagnose.entry import main; main()"
_RUN_WITHOUT = "import sys; sys.modules['systemd'] = None; sys.argv = ['msnet', *sys.argv[1:]]; from diagnose.entry import main; main()"


@pytest.fixture(params=["systemd-python", "journalctl"])
def run(request: pytest.FixtureRequest) -> Callable[[Path], tuple[int, dict[str, object]]]:
    if request.param == "systemd-python":
        pytest.importorskip("systemd")

    def one(path: Path) -> tuple[int, dict[str, object]]:
        code = _RUN if request.param == "systemd-python" else _RUN_WITHOUT
        command = [sys.executable, "-c", code, "diagnose", "--format", "json", str(path)]
        done = subprocess.run(command, capture_output=True, timeout=60, check=False, env=dict(os.environ))
        return done.returncode, json.loads(done.stdout)

    return one


def test_an_unknown_feature_is_a_gap_and_no_health(native: Path, tmp_path: Path, run: Callable[..., tuple[int, dict[str, list[dict[str, str]]]]]) -> None:
    data = bytearray(native.read_bytes())
    data[12:16] = (int.from_bytes(data[12:16], "little") | 1 << 20).to_bytes(4, "little")
    path = tmp_path / "new.journal"
    path.write_bytes(data)
    code, body = run(path)
    assert code == 3
    assert body["findings"] == []
    assert len(body["gaps"]) == 1
    assert "journal.export" in body["gaps"][0]["hint"]


@pytest.mark.parametrize("damage", ["garbage behind the header", "zeros behind the header", "header only"])
def test_a_journal_without_a_readable_entry_is_a_gap_and_no_health(
    damage: str, native: Path, tmp_path: Path, run: Callable[..., tuple[int, dict[str, list[dict[str, str]]]]]
) -> None:
    data = native.read_bytes()
    size = int.from_bytes(data[88:96], "little")  # header_size
    rest = {"garbage behind the header": b"\xa5" * (len(data) - size), "zeros behind the header": bytes(len(data) - size), "header only": b""}[damage]
    path = tmp_path / "broken.journal"
    path.write_bytes(data[:size] + rest)
    code, body = run(path)
    assert code == 3
    assert body["findings"] == []
    assert len(body["gaps"]) >= 1


def test_a_truncated_journal_is_used_as_far_as_it_goes(native: Path, tmp_path: Path, run: Callable[..., tuple[int, dict[str, list[dict[str, str]]]]]) -> None:
    path = tmp_path / "cut.journal"
    data = native.read_bytes()
    used = len(data.rstrip(b"\0"))
    path.write_bytes(data[: used * 6 // 10])
    code, body = run(path)
    assert len(body["gaps"]) >= 1
    assert code == (11 if body["findings"] else 3)


def test_a_journal_that_ends_before_its_last_entries_tells_how_many_were_read(native: Path, tmp_path: Path, report: Callable[..., Report]) -> None:
    # The header claims more entries than the file's chain of entry arrays leads to.
    data = bytearray(native.read_bytes())
    data[152:160] = (1000).to_bytes(8, "little")
    path = tmp_path / "short.journal"
    path.write_bytes(data)
    found = report(path)
    assert [g.reason for g in found.gaps if g.kind == "unreadable"] == ["only 777 of the 1000 entries of the journal file could be read"]
    assert found.inputs[0].whole is False


@pytest.mark.parametrize("size", [8, 100, 207])
def test_a_header_cut_short_is_no_evidence(size: int, native: Path, tmp_path: Path, run: Callable[..., tuple[int, dict[str, list[dict[str, str]]]]]) -> None:
    path = tmp_path / "cut.journal"
    path.write_bytes(native.read_bytes()[:size])
    code, body = run(path)
    assert code == 3
    assert len(body["gaps"]) >= 1


def test_an_entry_of_many_lines(build_journal: Callable[[bytes, Path], Path], entries: list[bytes], tmp_path: Path, report: Callable[..., Report]) -> None:
    text = b"first\n\n\tno IP addresses available in range set: 10.71.4.2-10.71.4.2"
    start, _, rest = entries[0].partition(b"MESSAGE=")
    entry = start + b"MESSAGE\n" + len(text).to_bytes(8, "little") + text + b"\n" + rest.partition(b"\n")[2]
    entry = entry.replace(b"SYSLOG_IDENTIFIER=microshift", b"SYSLOG_IDENTIFIER=crio")
    (finding,) = report(build_journal(entry, tmp_path / "one.journal")).findings
    assert (finding.rule, finding.evidence[0].text) == ("ipam-pool-exhausted", text.decode())


@pytest.mark.parametrize("reader", ["systemd-python", "journalctl"])
@pytest.mark.parametrize("name", ["new.journal", "no-suffix"])
def test_a_newer_file_is_read_through_systemd_and_that_is_told(
    reader: str, name: str, native: Path, tmp_path: Path, report: Callable[..., Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = report(native)
    if reader == "journalctl":
        monkeypatch.setitem(sys.modules, "systemd._reader", None)
    else:
        pytest.importorskip("systemd")
    monkeypatch.setattr("diagnose.collect.journal_file._KNOWN", 15)  # as if this file's compact form were new
    path = tmp_path / name
    path.symlink_to(native)
    found = report(path)
    assert [(f.rule, f.count) for f in found.findings] == [(f.rule, f.count) for f in expected.findings]
    (gap,) = [g for g in found.gaps if g.kind == "unreadable"]
    assert gap.reason == f"read through {reader}, which is slower: it uses features that are unknown here (flags 0x10)"
    assert (gap.hides, found.inputs[0].whole, found.inputs[0].lines) == (False, True, 777)


def test_a_pipe_is_a_journal_too(native: Path, tmp_path: Path, report: Callable[..., Report]) -> None:
    path = tmp_path / "pipe.journal"
    os.mkfifo(path)
    with subprocess.Popen(["cp", native, path]) as writer:
        assert len(report(path).findings) == len(report(native).findings)
    assert writer.returncode == 0
