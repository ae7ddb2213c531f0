"""Files in parts: joined where names and content agree, left alone where either does not; a part that is missing is named."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from collect.test_archive import JOURNAL, KUBELET, found, log, tar, zipped
from diagnose.collect.files import walk, zstd_module
from diagnose.collect.parts import Parts
from diagnose.errors import InputError


def noise(size: int, seed: int = 1) -> bytes:
    """Return bytes that no compression makes smaller."""
    return random.Random(seed).randbytes(size)  # noqa: S311


NOISE = noise(60_000).hex().encode() + b"\n"
OTHER = "sosreport-edge/sos_commands/logs/journalctl_--no-pager"
BODY = tar((OTHER, NOISE), (JOURNAL, log("cam-1")))  # what is looked for stands in the last part
ONE = [("cni-plugin-missing", "cam-1")]
WHOLE: dict[str, bytes] = {
    "x.tar": BODY, "x.tar.gz": gzip.compress(BODY), "x.tar.xz": lzma.compress(BODY), "x.tar.bz2": bz2.compress(BODY),
    "x.tar.zst": zstd_module().compress(BODY), "x.zip": zipped((OTHER, NOISE), (JOURNAL, log("cam-1"))),
    "journal.xz": lzma.compress(NOISE + log("cam-1")),
}  # fmt: skip
NAMES: dict[str, list[str]] = {
    "part1": ["{}.part1", "{}.part2", "{}.part3"],
    "part 10": [f"{{}}.part{n}" for n in range(1, 12)],
    "part001": ["{}.part001", "{}.part002", "{}.part003"],
    "partaa": ["{}.partaa", "{}.partab", "{}.partac"],
    "part-a": ["{}.part-a", "{}.part-b", "{}.part-c"],
    "00": ["{}.00", "{}.01", "{}.02"],
    "001": ["{}.001", "{}.002", "{}.003"],
    "0": ["{}.0", "{}.1", "{}.2"],
    "-aa": ["{}-aa", "{}-ab", "{}-ac"],
    ".aa": ["{}.aa", "{}.ab", "{}.ac"],
    "aa": ["{}aa", "{}ab", "{}ac"],
    ".aaa": ["{}.aaa", "{}.aab", "{}.aac"],
    "1of3": ["{}.1of3", "{}.2of3", "{}.3of3"],
    "-1-of-3": ["{}.part-1-of-3", "{}.part-2-of-3", "{}.part-3-of-3"],
    "(1 of 3)": ["{} (1 of 3)", "{} (2 of 3)", "{} (3 of 3)"],
    "xaa": ["xaa", "xab", "xac"],
}


def cut(folder: Path, data: bytes, names: list[str], whole: str = "x.tar.xz") -> list[Path]:
    """Write `data` in as many parts as there are names."""
    size = -(-len(data) // len(names))
    paths = [folder / n.format(whole) for n in names]
    for at, path in enumerate(paths):
        path.write_bytes(data[at * size : (at + 1) * size])
    return paths


def unreadable(report) -> list[tuple[str, str]]:
    return [(os.path.basename(g.source), g.reason) for g in report.gaps if g.kind == "unreadable"]


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_parts_by_any_name_are_one_whatever_their_order(names: list[str], tmp_path: Path, report) -> None:
    paths = cut(tmp_path, WHOLE["x.tar.xz"], names)
    for seen in (report(tmp_path), report(*paths), report(*reversed(paths))):
        assert (found(seen), unreadable(seen), len([i for i in seen.inputs if i.kind == "archive"])) == (ONE, [], 1)


@pytest.mark.parametrize("whole", WHOLE)
def test_whatever_was_cut(whole: str, tmp_path: Path, report) -> None:
    cut(tmp_path, WHOLE[whole], NAMES["001"], whole)
    seen = report(tmp_path)
    assert (found(seen), unreadable(seen)) == (ONE, [])


def test_split_itself(tmp_path: Path, report) -> None:
    (tmp_path / "x.tar.xz").write_bytes(WHOLE["x.tar.xz"])
    for options, prefix in ((["-b", "9000"], "a/x.tar.xz."), (["-d", "-b", "9000"], "b/x.tar.xz."), (["-n", "4", "-a", "3"], "c/x")):
        folder = tmp_path / prefix[:1]
        folder.mkdir()
        subprocess.run(["split", *options, tmp_path / "x.tar.xz", tmp_path / prefix], check=True)
        assert found(report(folder)) == ONE


def test_the_whole_is_named_by_its_first_and_last_part(tmp_path: Path, report) -> None:
    paths = cut(tmp_path, WHOLE["x.tar.xz"], NAMES["partaa"])
    (finding,) = report(tmp_path).findings
    assert finding.evidence[0].source == f"{paths[0]}..partac!{JOURNAL}"


def test_a_log_in_parts_is_one_log(tmp_path: Path, report, export: bytes) -> None:
    cut(tmp_path, NOISE + log("cam-1"), ["journal.txtaa", "journal.txtab", "journal.txtac"])
    (finding,) = report(tmp_path).findings
    assert finding.evidence[0].line == 2
    cut(tmp_path, export[: export.index(b"\n\n", 700_000)], ["journal.export.01", "journal.export.02", "journal.export.03"])
    assert [i.kind for i in report(tmp_path).inputs] == ["journal export", "text"]


def test_a_native_journal_in_parts(tmp_path: Path, report, native: Path) -> None:
    cut(tmp_path, native.read_bytes(), ["system.journal.aa", "system.journal.ab"])
    seen = report(tmp_path)
    assert ([i.kind for i in seen.inputs], unreadable(seen)) == (["journal"], [])
    assert seen.findings


@pytest.mark.parametrize(
    ("names", "gone", "missing"),
    [("001", 1, "x.tar.xz.002"), ("partaa", 1, "x.tar.xz.partab"), ("-1-of-3", 1, "x.tar.xz.part-2-of-3"), ("-1-of-3", 2, "x.tar.xz.part-3-of-3"), ("xaa", 1, "xab")],
)  # fmt: skip
def test_a_part_that_is_missing_is_named_and_the_rest_read(names: str, gone: int, missing: str, tmp_path: Path, report) -> None:
    body = lzma.compress(tar((JOURNAL, log("cam-1")), *((f"{n}.txt", noise(300_000, n)) for n in range(9))))
    paths = cut(tmp_path, body, NAMES[names])
    paths[gone].unlink()
    seen = report(tmp_path)
    assert found(seen) == ONE
    ((_, reason),) = [(source, reason) for source, reason in unreadable(seen) if "!" not in source]
    assert reason == f"its part {missing} is missing: read up to there"


def test_a_last_part_that_is_missing_is_asked_for(tmp_path: Path, report) -> None:
    paths = cut(tmp_path, lzma.compress(tar((JOURNAL, log("cam-1")), ("x.txt", noise(300_000)))), NAMES["001"])
    paths[2].unlink()
    seen = report(tmp_path)
    assert found(seen) == ONE
    (gap,) = [g for g in seen.gaps if g.kind == "unreadable" and "!" not in g.source]
    assert gap.reason.startswith("damaged or cut short")
    assert gap.hint.startswith(f"is there a part after {paths[1]}?")


@pytest.mark.parametrize("names", ["part1", "partaa", "-1-of-3"])
def test_parts_without_their_first_are_named_once(names: str, tmp_path: Path) -> None:
    paths = cut(tmp_path, WHOLE["x.tar.xz"], NAMES[names])
    paths[0].unlink()
    (error,) = walk([str(tmp_path)])
    assert isinstance(error, InputError)
    assert str(error).endswith(f": its first part, {paths[0].name}, is missing")


def test_a_file_that_is_part_one_of_more_alone(tmp_path: Path, report) -> None:
    (path, *_) = cut(tmp_path, WHOLE["x.tar.xz"], NAMES["-1-of-3"])
    assert list(walk([str(path)])) == [Parts((str(path),), "x.tar.xz.part-2-of-3")]


SEPARATE: dict[str, Callable[[], dict[str, bytes]]] = {
    "rotated logs": lambda: {"journal.1": log("cam-1"), "journal.2": log("cam-2")},
    "rotated logs with zeros": lambda: {"log.001": log("cam-1"), "log.002": log("cam-2")},
    "rotated logs by name": lambda: {"messages-20261123.01": log("cam-1"), "messages-20261123.02": log("cam-2")},
    "rotated and compressed": lambda: {"messages.1": gzip.compress(log("cam-1")), "messages.2": gzip.compress(log("cam-2"))},
    "archives by number": lambda: {"sos.tar.01": tar((JOURNAL, log("cam-1"))), "sos.tar.02": tar((JOURNAL, log("cam-2")))},
    "zips by number": lambda: {"sos-1of2.zip": zipped((JOURNAL, log("cam-1"))), "sos-2of2.zip": zipped((JOURNAL, log("cam-2")))},
    "archives called parts": lambda: {"sos.part1.tar.xz": lzma.compress(tar((JOURNAL, log("cam-1")))), "sos.part2.tar.xz": lzma.compress(tar((JOURNAL, log("cam-2"))))},
    "an archive and a log": lambda: {"ticket-1": log("cam-1"), "ticket-2": gzip.compress(tar((JOURNAL, log("cam-2"))))},
    "exports by number": lambda: {"boot.0": EXPORT.replace(b"{pod}", b"cam-1"), "boot.1": EXPORT.replace(b"{pod}", b"cam-2")},
    "leases": lambda: {"10.71.4.2": b"abc\neth0", "10.71.4.3": b"abd\neth0", "a.log": log("cam-1") + log("cam-2")},
}  # fmt: skip
EXPORT = b"__CURSOR=s=1;i=1\n__REALTIME_TIMESTAMP=1795464000000000\n_SYSTEMD_UNIT=microshift.service\nSYSLOG_IDENTIFIER=microshift\n_PID=1166\nMESSAGE=" + KUBELET.partition(": ")[2].encode() + b"\n"  # fmt: skip


@pytest.mark.parametrize("files", SEPARATE.values(), ids=SEPARATE)
def test_files_of_their_own_stay_so(files: Callable[[], dict[str, bytes]], tmp_path: Path, report) -> None:
    for name, data in files().items():
        (tmp_path / name).write_bytes(data)
    assert list(walk([str(tmp_path)])) == sorted(str(tmp_path / n) for n in files())
    assert found(report(tmp_path)) == [("cni-plugin-missing", "cam-1"), ("cni-plugin-missing", "cam-2")]


def test_a_tar_cut_where_a_member_begins_is_still_one(tmp_path: Path, report) -> None:
    body = tar((OTHER, NOISE), (JOURNAL, log("cam-1")))
    at = body.index(JOURNAL.encode(), 600)
    (tmp_path / "x.tar.01").write_bytes(body[:at])
    (tmp_path / "x.tar.02").write_bytes(body[at:])
    seen = report(tmp_path)
    assert (found(seen), unreadable(seen), len(seen.inputs)) == (ONE, [], 3)


def test_parts_leave_no_file_open_and_pipes_are_not_touched(tmp_path: Path, report) -> None:
    cut(tmp_path, WHOLE["x.tar.xz"], NAMES["001"])
    before = len(os.listdir("/proc/self/fd"))
    report(tmp_path)
    assert len(os.listdir("/proc/self/fd")) == before
    pipes = [str(tmp_path / f"pipe.{n}") for n in (1, 2)]
    for pipe in pipes:
        os.mkfifo(pipe)
    assert list(walk(pipes)) == pipes
