"""Streams of records: every format, what blocks cut, and flat memory."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from diagnose import catalog
from diagnose.collect import stream
from diagnose.collect.stream import ExportFormat, JsonFormat, LineFormat, VerboseFormat, clean, export_fields, records
from diagnose.literals import plan
from diagnose.model import InputSeen, Record, Report
from diagnose.parse.when import Clock
from diagnose.scan import Scanner

REFERENCE = datetime(2026, 11, 23, 20, 20, tzinfo=UTC)
POOL = "no IP addresses available in range set: 10.71.4.2-10.71.4.2"


def _records(data: bytes, fmt: object, *words: str) -> tuple[list[Record], InputSeen]:
    seen = InputSeen("x", "test")
    found = list(records(io.BytesIO(data), fmt, Scanner(words or (POOL,)), Clock(REFERENCE), seen))  # type: ignore[arg-type]
    return found, seen


def _entry(message: str | bytes, second: int = 0, *, binary: bool = False, **fields: str) -> bytes:
    raw = message.encode() if isinstance(message, str) else message
    stamp = 1795464042435928 + second * 1_000_000
    given = {"_HOSTNAME": "edge01", "SYSLOG_IDENTIFIER": "microshift", "_PID": "4654", "_BOOT_ID": "b0", **fields}
    lines = [f"__CURSOR=c{second}", f"__REALTIME_TIMESTAMP={stamp}", *(f"{k}={v}" for k, v in given.items())]
    body = b"MESSAGE\n" + len(raw).to_bytes(8, "little") + raw if binary or b"\n" in raw else b"MESSAGE=" + raw
    return "\n".join(lines).encode() + b"\n" + body + b"\n\n"


def test_an_export_entry() -> None:
    (found,), seen = _records(
        _entry("healthy") + _entry(f'kubelet E1123 20:00:42.856229    4654 x.go:1] "m" err="{POOL}" pod="plant/valve-b"', 1), ExportFormat()
    )
    assert found._replace(like=None) == Record(
        1795464043435928, "kubelet", f"m: {POOL}", found.where, found.raw, "microshift", "4654", "edge01", "b0", None, "error", "plant/valve-b",
    )  # fmt: skip
    assert found.where == ("x", 0, "c1")
    assert (seen.lines, seen.size, seen.first, seen.last) == (
        2,
        len(_entry("healthy")) * 2 + len(found.raw) - len("healthy"),
        1795464042435928,
        1795464043435928,
    )


def test_export_messages_of_many_lines_are_binary() -> None:
    text = f"first\nMESSAGE=forged\n\nlast: {POOL}"
    found, _ = _records(_entry("healthy") + _entry(text, 1) + _entry("healthy", 2), ExportFormat())
    assert [(x.message, x.where.cursor) for x in found] == [(text, "c1")]


def test_export_fields() -> None:
    raw = b"_PID=1\nA=1\nMESSAGE\n" + (3).to_bytes(8, "little") + b"x\ny\n_PID=2\n_COMM\n" + (2).to_bytes(8, "little") + b"\xff\xfe\n\n"
    assert export_fields(raw) == {"_PID": "2", "MESSAGE": "x\ny", "_COMM": "\ufffd\ufffd"}
    assert export_fields(b"_PID=1\nMESSAGE\n" + (2**62).to_bytes(8, "little") + b"cut") == {"_PID": "1", "MESSAGE": "cut"}
    assert export_fields(b"_PID=1\nMESSAGE\n\x05\x00") == {"_PID": "1"}
    assert export_fields(b"") == {}


def _block(how: str) -> tuple[bytes, object]:
    """Return klog's `err=<` block as journald stores it: each line an entry of its own, another program's between them."""
    head = 'kubelet E1123 20:00:42.856229    4654 pod_workers.go:1324] "Error syncing pod, skipping" err=<'
    lines = [head, "\tfailed to do it", f"\t{POOL}", ' > pod="plant/valve-b" podUID="70158dac"', "kubelet I1123 20:00:43.000001    4654 x.go:1] healthy"]
    made = [("microshift", "4654", x) for x in lines]
    made.insert(2, ("crio", "16211", 'time="2026-11-23T20:00:42Z" level=info msg="healthy"'))
    if how == "export":
        data = b"".join(_entry(text, i, SYSLOG_IDENTIFIER=ident, _PID=pid) for i, (ident, pid, text) in enumerate(made))
        return data, ExportFormat()
    if how == "json":
        rows = [
            {"__REALTIME_TIMESTAMP": str(1795464042435928 + i), "SYSLOG_IDENTIFIER": ident, "_PID": pid, "MESSAGE": text}
            for i, (ident, pid, text) in enumerate(made)
        ]
        return "".join(json.dumps(x) + "\n" for x in rows).encode(), JsonFormat()
    return "".join(f"Nov 23 20:00:42 edge01 {ident}[{pid}]: {text}\n" for ident, pid, text in made).encode(), LineFormat()


@pytest.mark.parametrize("how", ["text", "export", "json"])
@pytest.mark.parametrize("word", [POOL, "failed to do it", "Error syncing pod"])
def test_a_klog_block_over_several_records_is_one_record_with_its_pod(how: str, word: str) -> None:
    data, fmt = _block(how)
    found, _ = _records(data, fmt, word)
    assert [(x.program, x.message, x.pod) for x in found] == [("kubelet", f"\tfailed to do it\n\t{POOL}", "plant/valve-b")]


def test_a_klog_block_counts_once_though_two_of_its_lines_hit() -> None:
    data, fmt = _block("text")
    found, _ = _records(data, fmt, POOL, "failed to do it", "Error syncing pod", "podUID")
    assert [x.where.line for x in found] == [1]


def test_an_indented_line_belongs_to_the_head_above() -> None:
    data = (
        f"Nov 23 20:00:42 edge01 crio[1]: healthy\nNov 23 20:00:43 edge01 crio[1]: it failed:\n    {POOL}\nNov 23 20:00:44 edge01 crio[1]: healthy\n".encode()
    )
    (found,), _ = _records(data, LineFormat())
    assert (found.time, found.program, found.message, found.where.line) == (1795464043000000, "cni", f"it failed:\n    {POOL}", 2)


@pytest.mark.parametrize("value", [list(POOL.encode()), [POOL, POOL], POOL])
def test_json_messages(value: object) -> None:
    row = json.dumps({"__REALTIME_TIMESTAMP": "1795464042435928", "SYSLOG_IDENTIFIER": "crio", "MESSAGE": value})
    (found,), _ = _records(row.encode() + b"\n", JsonFormat(), "MESSAGE")
    assert (found.message, found.program, found.time) == (POOL, "cni", 1795464042435928)


@pytest.mark.parametrize(
    "row", ['{"__REALTIME_TIMESTAMP":"1","MESSAGE":null}', '{"__REALTIME_TIMESTAMP":"1"}', '{"MESSAGE":', '["MESSAGE"]', "{" * 5000 + "MESSAGE"]
)
def test_json_without_a_message_is_no_record(row: str) -> None:
    good = json.dumps({"__REALTIME_TIMESTAMP": "1795464042435928", "SYSLOG_IDENTIFIER": "crio", "MESSAGE": POOL})
    found, _ = _records(f"{row}\n{good}\n".encode(), JsonFormat(), "MESSAGE")
    assert [x.message for x in found] == [POOL]


def test_a_message_of_many_lines_in_verbose() -> None:
    head = "Mon 2026-11-23 20:00:42.435928 UTC [s=77f86d22d41844e68a30a06365f8cf8d;i=1;b=5e0c;m=1;t=2;x=3]"
    data = f"{head}\n    SYSLOG_IDENTIFIER=crio\n    MESSAGE=it failed\n            {POOL}\n    _PID=7\n{head}\n    MESSAGE=healthy\n".encode()
    (found,), seen = _records(data, VerboseFormat())
    assert (found.message, found.pid, found.time, found.program) == (f"it failed\n{POOL}", "7", 1795464042435928, "cni")
    assert seen.lines == 2


def test_colours_and_broken_bytes() -> None:
    assert clean(b"\x1b[0;1;31mred\x1b[0m #033[1mbold\x1b]0;title\x07 \xff") == "red bold \ufffd"


@pytest.mark.parametrize("output", ["short", "short-iso", "with-unit", "cat", "export", "verbose", "json", "json-pretty"])
def test_nothing_is_lost_or_doubled_where_blocks_meet(
    output: str, printed: Callable[..., Path], report: Callable[..., Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = printed(output)
    whole = report(path)
    for size in (17_011, 65_536, 199_999):
        monkeypatch.setattr(stream, "BLOCK", size)
        again = report(path)
        assert again.findings == whole.findings, size
        assert (again.inputs[0].lines, again.inputs[0].size) == (777, path.stat().st_size), size


@pytest.mark.parametrize("size", [7, 64, 300, 1000])
@pytest.mark.parametrize("how", ["text", "export", "json"])
def test_a_klog_block_cut_anywhere(how: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data, fmt = _block(how)
    filler = {
        "text": b"Nov 23 20:00:41 edge01 sshd[9]: healthy\n",
        "export": _entry("healthy", 50),
        "json": b'{"__REALTIME_TIMESTAMP":"1","MESSAGE":"healthy"}\n',
    }[how]
    data = filler * 40 + data + filler * 40
    whole, seen = _records(data, fmt)
    assert [x.pod for x in whole] == ["plant/valve-b"]
    monkeypatch.setattr(stream, "BLOCK", size)
    cut, again = _records(data, fmt)
    assert cut == whole
    assert (again.lines, again.size) == (seen.lines, seen.size)


def test_line_numbers_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "BLOCK", 4096)
    data = b"".join(f"{'hit' if n % 97 == 0 else 'line'} {n}\n".encode() for n in range(1, 5001))
    found, seen = _records(data, LineFormat(), "hit")
    assert [(x.where.line, x.message) for x in found] == [(n, f"hit {n}") for n in range(97, 5001, 97)]
    assert seen.lines == 5000


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
def test_the_last_line_counts_with_or_without_its_end(ending: bytes) -> None:
    found, seen = _records(b"healthy\r\nNov 23 20:00:42 edge01 crio[1]: hit" + ending, LineFormat(), "hit")
    assert ([x.message for x in found], seen.lines) == (["hit"], 2)


def test_a_huge_single_line_is_read_in_parts() -> None:
    data = b"x" * 4_500_000 + b" " + POOL.encode() + b" " + b"y" * 1_000_000
    found, seen = _records(data, LineFormat())
    assert (len(found), seen.size) == (1, len(data))
    assert POOL in found[0].message


class _Lines:
    """A stream of healthy lines that nobody holds."""

    def __init__(self, size: int) -> None:
        self._lines = self._make()
        self._rest = b""
        self._left = size

    @staticmethod
    def _make() -> Iterator[bytes]:
        second = 0
        while True:
            second = (second + 1) % 60
            yield b"".join(
                b'Nov 23 20:00:%02d edge01 crio[16211]: time="2026-11-23T20:00:%02dZ" level=info msg="Checked image %d" id=4f595784\n' % (second, second, n)
                if n % 2
                else b'Nov 23 20:00:%02d edge01 microshift[4654]: kubelet I1123 20:00:%02d.000001    4654 x.go:1] "healthy" n=%d\n' % (second, second, n)
                for n in range(1000)
            )

    def read(self, size: int) -> bytes:
        size = min(size, self._left)
        while len(self._rest) < size:
            self._rest += next(self._lines)
        part, self._rest = self._rest[:size], self._rest[size:]
        self._left -= len(part)
        return part


def test_memory_stays_flat() -> None:
    seen = InputSeen("x", "text")
    scanner = Scanner(plan(catalog.load()))
    tracemalloc.start()
    try:
        found = list(records(_Lines(64 * 1024 * 1024), LineFormat(), scanner, Clock(REFERENCE), seen))  # type: ignore[arg-type]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (found, seen.size) == ([], 64 * 1024 * 1024)
    assert peak < 40 * 1024 * 1024


def test_a_million_healthy_lines_tell_nothing(tmp_path: Path, report: Callable[..., Report]) -> None:
    path = tmp_path / "healthy.log"
    with path.open("wb") as out:
        lines = _Lines(2**62)
        count = 0
        while count < 1_000_000:
            part = next(lines._lines)
            count += part.count(b"\n")
            out.write(part)
    found = report(path)
    assert (found.findings, found.unexplained, [g for g in found.gaps if g.kind == "unreadable"], found.inputs[0].lines, found.inputs[0].kind) == (
        [],
        [],
        [],
        1_000_000,
        "text",
    )
