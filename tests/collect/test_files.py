"""Files, folders and standard input, compressed or not, whole or broken."""

from __future__ import annotations

import bz2
import gc
import gzip
import lzma
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from diagnose.collect.files import open_input, walk, zstd_module
from diagnose.errors import InputError
from diagnose.model import Report
from diagnose.parse.when import iso

PACK: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "xz": lzma.compress, "zst": zstd_module().compress, "bz2": bz2.compress}
LINE = b'Nov 23 20:00:42 edge01 crio[1]: plugin type="multus" failed (add): [plant/a/1903dc35-8b71-434d-9aa9-d60ff613e553:n]: no IP addresses available in range set: 10.71.4.2-10.71.4.2\n'


def _command(*arguments: str | Path, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "diagnose", "diagnose", *map(str, arguments)], input=data, capture_output=True, timeout=60, check=False)


@pytest.mark.parametrize("kind", PACK)
def test_an_input_is_opened_at_its_first_plain_byte(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(PACK[kind](LINE * 5000))
    opened = open_input(str(path))
    assert (opened.compression, opened.path, opened.size) == (kind, None, path.stat().st_size)
    assert opened.head == (LINE * 5000)[: len(opened.head)]
    assert b"".join(iter(lambda: opened.stream.read(10_000), b"")) == LINE * 5000
    opened.stream.close()


@pytest.mark.parametrize("kind", ["", *PACK])
def test_a_closed_input_leaves_no_file_open(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(PACK[kind](LINE) if kind else LINE)
    before = len(os.listdir("/proc/self/fd"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        opened = open_input(str(path))
        opened.stream.read(10)
        opened.stream.close()
        assert len(os.listdir("/proc/self/fd")) == before
        del opened
        gc.collect()


@pytest.mark.parametrize("kind", ["gz", "xz", "zst"])
def test_a_truncated_file_is_a_gap_and_the_rest_is_used(kind: str, export: bytes, tmp_path: Path, report: Callable[..., Report]) -> None:
    path = tmp_path / "journal"
    packed = PACK[kind](export * 3)
    path.write_bytes(packed[:-40])
    found = report(path)
    assert found.inputs[0].whole is False
    assert [(g.source, g.reason.partition(":")[0]) for g in found.gaps if g.kind == "unreadable"] == [(str(path), "damaged or cut short")]
    assert {"nad-not-found", "ipam-pool-exhausted"} <= {f.rule for f in found.findings}


@pytest.mark.parametrize(
    "head", [b"\x04\x22\x4d\x18\x64\x40\xa7\x00\x01", b"7z\xbc\xaf\x27\x1c\x00\x04", b"\x1f\x9d\x90", b"\x89LZO\x00\r\n\x1a\n"], ids=["lz4", "7z", "Z", "lzo"]
)
def test_an_unknown_compression_is_no_evidence(head: bytes, tmp_path: Path) -> None:
    path = tmp_path / "journal.x"
    path.write_bytes(head + bytes((i * 197 + i // 7) % 256 for i in range(20_000)))
    assert _command(path).returncode == 3


@pytest.mark.parametrize("data", [b"PK\x03\x04" + b"x" * 600, b"x" * 257 + b"ustar" + b"x" * 300], ids=["zip", "tar"])
def test_a_file_that_only_begins_as_an_archive_is_damaged(data: bytes, tmp_path: Path, report: Callable[..., Report]) -> None:
    path = tmp_path / "a"
    path.write_bytes(data)
    (gap,) = report(path).gaps
    assert gap.reason.startswith("damaged or cut short: ")
    assert _command(path).returncode == 3


def test_an_empty_file_alone_is_no_evidence(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    assert _command(path).returncode == 3


def test_folders_are_read_in_order_and_each_file_once(tmp_path: Path) -> None:
    (tmp_path / "b" / "c").mkdir(parents=True)
    for name in ("z.log", "a.log", "b/m.log", "b/c/k.log"):
        (tmp_path / name).write_bytes(LINE)
    (tmp_path / "b" / "loop").symlink_to(tmp_path)
    (tmp_path / "b" / "again.log").symlink_to(tmp_path / "a.log")
    (tmp_path / "b" / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "b" / "self").symlink_to(tmp_path / "b" / "self")
    names = [str(tmp_path / x) for x in ("a.log", "z.log", "b/m.log", "b/c/k.log")]
    assert list(walk([str(tmp_path)])) == names
    assert list(walk([names[1], str(tmp_path), names[1]])) == [names[1], names[0], *names[2:]]


def test_what_is_not_there_is_an_error_and_a_gap(tmp_path: Path, report: Callable[..., Report]) -> None:
    (error,) = walk([str(tmp_path / "no")])
    assert isinstance(error, InputError)
    assert [g.reason for g in report(tmp_path / "no").gaps] == [f"cannot read {tmp_path / 'no'}: no such file or folder"]
    assert _command(tmp_path / "no").returncode == 3


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_a_gap(tmp_path: Path, report: Callable[..., Report]) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(LINE)
    path.chmod(0)
    assert [g.reason for g in report(path).gaps] == [f"cannot read {path}: permission denied"]


def test_a_device_or_socket_is_not_read(report: Callable[..., Report]) -> None:
    assert [g.reason for g in report("/dev/null").gaps] == ["cannot read /dev/null: not a regular file"]


def test_one_broken_input_hides_no_other(tmp_path: Path, report: Callable[..., Report]) -> None:
    (tmp_path / "a.gz").write_bytes(b"\x1f\x8b broken")
    (tmp_path / "b.log").write_bytes(LINE)
    found = report(tmp_path)
    assert [f.rule for f in found.findings] == ["ipam-pool-exhausted"]
    assert [g.source for g in found.gaps if g.source] == [str(tmp_path / "a.gz")]


def test_a_pipe_is_read(tmp_path: Path) -> None:
    done = _command("-", "--now", "2026-11-23T20:20:00Z", "-q", data=LINE)
    assert done.returncode == 11, done.stderr
    assert _command("-", data=b"").returncode == 3


def _first(path: Path, report: Callable[..., Report], reference: datetime | None = None) -> str | None:
    (finding,) = report(path, reference=reference).findings
    return finding.first and iso(finding.first)


def test_the_year_of_a_neighbour_then_of_now_then_of_the_file(tmp_path: Path, report: Callable[..., Report]) -> None:
    path = tmp_path / "x.log"
    healthy = b'Nov 23 20:00:41 edge01 crio[1]: time="2024-11-23T20:00:41Z" level=info msg="healthy"\n'
    written = datetime(2025, 12, 1, tzinfo=UTC).timestamp()
    for data, reference, year in [
        (healthy + LINE, datetime(2026, 12, 1, tzinfo=UTC), 2024),
        (LINE, datetime(2026, 12, 1, tzinfo=UTC), 2026),
        (LINE, None, 2025),
    ]:
        path.write_bytes(data)
        os.utime(path, (written, written))
        assert _first(path, report, reference) == f"{year}-11-23T20:00:42Z"


def test_new_year_between_the_lines_and_the_file(tmp_path: Path, report: Callable[..., Report]) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(LINE.replace(b"Nov 23", b"Dec 31") + LINE.replace(b"Nov 23 20:00:42", b"Jan  1 00:00:42"))
    written = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=1)).timestamp()
    os.utime(path, (written, written))
    (finding,) = report(path).findings
    assert [iso(x) for x in (finding.first, finding.last) if x] == ["2025-12-31T20:00:42Z", "2026-01-01T00:00:42Z"]


@pytest.mark.parametrize("reference", [None, datetime(2026, 11, 23, 20, 20, tzinfo=UTC)])
def test_the_end_of_a_certificate_is_no_date_of_the_log(reference: datetime | None, tmp_path: Path, report: Callable[..., Report]) -> None:
    # client-go util/certificate/certificate_manager.go logs this at each start of the kubelet.
    path = tmp_path / "x.log"
    path.write_bytes(
        b"Nov 23 20:00:41 edge01 microshift[2]: kubelet I1123 20:00:41.000001 2 certificate_manager.go:356] "
        b'"kubernetes.io/kube-apiserver-client-kubelet: Certificate expiration is 2027-11-23 19:30:00 +0000 UTC, rotation deadline is 2027-08-20 01:02:03 +0000 UTC"\n'
        + LINE
    )
    written = datetime(2026, 11, 23, 20, 10, tzinfo=UTC).timestamp()
    os.utime(path, (written, written))
    assert _first(path, report, reference) == "2026-11-23T20:00:42Z"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("lines", [1, 40_000])
def test_a_text_in_utf_16_is_read(encoding: str, lines: int, tmp_path: Path, report: Callable[..., Report]) -> None:
    path = tmp_path / "x.txt"
    text = "\ufeff" + "Nov 23 20:00:41 edge01 crio[1]: töpfe \U0001f600\n" * lines + LINE.decode()
    path.write_bytes(text.encode(encoding))
    found = report(path)
    assert [(f.rule, f.evidence[0].line) for f in found.findings] == [("ipam-pool-exhausted", lines + 1)]
    path.write_bytes(text.encode(encoding)[:-3])  # cut within a character
    assert report(path).gaps == found.gaps


def test_what_desktops_leave_behind_is_passed_over(tmp_path: Path) -> None:
    for name in (".DS_Store", "__MACOSX/._x", "Thumbs.db", "desktop.ini", "a/.DS_Store", "screen.PNG"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"\0")
    (tmp_path / "x.log").write_bytes(LINE)
    assert list(walk([str(tmp_path)])) == [str(tmp_path / "x.log")]


@pytest.mark.parametrize(
    "text", ["apiVersion: v1\nitems: []\nkind: List\nmetadata:\n  resourceVersion: ''\n", '{"apiVersion": "v1", "kind": "PodList", "items": []}']
)
def test_a_list_of_nothing_is_empty_and_not_a_riddle(text: str, tmp_path: Path, report: Callable[..., Report]) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("---\n" + text if text.startswith("a") else text)
    assert [i.kind for i in report(path).inputs] == ["empty"]
