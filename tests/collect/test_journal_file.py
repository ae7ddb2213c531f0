"""Our own reader of journal files tells what journalctl does, of every kind of file; a damaged one costs what is damaged."""

from __future__ import annotations

import itertools
import lzma
import random
import struct
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from journals import BOOTS, FAILED, START, build, compressed, entry, objects, printed, varied

from diagnose import catalog
from diagnose.collect import native
from diagnose.collect.journal_data import LZ4, XZ, ZSTD, lz4_block, unpacker
from diagnose.collect.journal_file import DamagedError, JournalFile, UnsupportedError
from diagnose.collect.journal_scan import hits, salvaged
from diagnose.collect.stream import ExportFormat, records
from diagnose.literals import plan
from diagnose.model import Gap, InputSeen, Record, Report
from diagnose.parse.when import Clock
from diagnose.scan import Scanner

SCAN = Scanner(plan(catalog.load()))
CLOCK = Clock(datetime(2026, 11, 23, tzinfo=UTC), UTC)


def kept(_name: str, stream: BinaryIO, _form: str) -> BinaryIO:
    """Keep no stream whole."""
    return stream


def fast(path: Path, limit: int | None = None) -> tuple[list[Record], InputSeen, list[Gap]]:
    """Return what is read of a file by its bytes."""
    seen, gaps = InputSeen("x", "journal"), list[Gap]()
    return list(itertools.islice(native.read(path, SCAN, CLOCK, seen, gaps, kept), limit)), seen, gaps


def by_entries(path: Path) -> tuple[list[Record], InputSeen]:
    """Return what is read of a file entry by entry."""
    seen = InputSeen("x", "journal")
    with JournalFile(path) as journal:
        stream = cast("BinaryIO", native.Rendered(native.Fields(journal), journal.entries))
        return list(records(stream, ExportFormat(), SCAN, CLOCK, seen)), seen


def told(path: Path) -> list[tuple[str, list[tuple[bytes, bytes]]]]:
    """Return what our reader tells of each entry, as `printed` does."""
    with JournalFile(path) as journal:
        found = [journal.entry(offset) for offset in journal.entries]
        return [(e.cursor(journal.seqnum_id), [f for f in journal.fields(e) if f[0] != b"_BOOT_ID"]) for e in found]


KINDS = [
    pytest.param({"compact": compact, "keyed": keyed, "compress": how == "zstd"}, how, id=f"{'compact' if compact else 'wide'}-{'keyed' if keyed else 'jenkins'}-{how}")
    for compact, keyed, how in [(True, True, "zstd"), (False, True, "zstd"), (False, False, "zstd"), (True, False, "none"), (False, True, "none"), (True, True, "lz4"), (False, False, "lz4"), (False, False, "xz"), (True, True, "xz")]
]  # fmt: skip


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(varied(), tmp_path_factory.mktemp("journal") / "wide.journal", compact=False)


@pytest.mark.parametrize(("options", "how"), KINDS)
def test_each_entry_is_told_as_journalctl_does(options: dict[str, bool], how: str, tmp_path: Path) -> None:
    path = build(varied(), tmp_path / "x.journal", **options)
    expected = printed(path)
    if how in ("lz4", "xz"):
        compressed(path, how)
        assert printed(path) == expected
    assert len(expected) == 120
    assert told(path) == expected
    found, seen, gaps = fast(path)
    again, _ = by_entries(path)
    assert found == again
    assert [r.raw for r in found] == [
        m.decode("utf-8", "replace").replace("\0", "") for _, fields in expected for n, m in fields if n == b"MESSAGE" and b"(line-b)" in m
    ]
    assert (seen.lines, seen.size, gaps) == (120, path.stat().st_size, [])
    assert set(seen.boots) == set(BOOTS)
    assert len(seen.boots[BOOTS[0]].settings) == 2


def test_the_node_is_told_as_by_its_entries(native: Path) -> None:  # with messages that stand in several entries
    found, seen, _ = fast(native)
    again, by = by_entries(native)
    assert found == again
    assert len(found) > 90
    assert (seen.lines, seen.first, seen.last, seen.boots.keys()) == (777, by.first, by.last, by.boots.keys())
    assert seen.programs > by.programs  # which come from samples; here each program is sought


@pytest.mark.parametrize(("offset", "value"), [(8, 1), (16, 1), (16, 2), (16, 0)], ids=["sealed", "online", "archived", "offline"])
def test_the_state_of_a_file_changes_nothing(offset: int, value: int, wide: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.journal"
    data = bytearray(wide.read_bytes())
    data[offset] = value
    path.write_bytes(data)
    assert told(path) == printed(path)
    assert fast(path)[0] == fast(wide)[0]


def test_a_file_that_was_rotated(tmp_path: Path) -> None:
    folder = tmp_path / "of"
    folder.mkdir()
    big = b"x" * 700_000
    for number in range(2):
        build(
            b"".join(entry(number * 100 + i, big[: (i + 1) * 90_000] + FAILED.format(pod=f"p-{i}").encode()) for i in range(7)),
            folder / f"{number}.journal",
            compress=False,
        )
    for path in folder.iterdir():
        assert told(path) == printed(path)
        found, _, gaps = fast(path)
        assert found == by_entries(path)[0]
        assert len(found) == 7
        assert gaps == []


def test_a_failure_in_another_field_is_no_message(tmp_path: Path) -> None:
    text = FAILED.format(pod="p").encode()
    path = build(entry(1, b"fine", (b"_CMDLINE", text), (b"NOTE", b"MESSAGE=" + text), (b"LARGE", b"MESSAGE=" + text * 3)), tmp_path / "x.journal")
    assert fast(path)[0] == []


def test_one_message_of_many_entries(tmp_path: Path) -> None:
    path = build(b"".join(entry(i, FAILED.format(pod="p").encode(), (b"N", str(i).encode())) for i in range(3000)), tmp_path / "x.journal")
    found, seen, _ = fast(path)
    assert [r.where.cursor for r in found] == [cursor for cursor, _ in printed(path)]
    assert seen.lines == len(found) == 3000


@pytest.mark.parametrize("block", [100, 150, 777, 4096])
def test_a_file_in_blocks_smaller_than_its_messages(block: int, wide: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = Scanner(["cannot find a network-attachment-definition"])
    with JournalFile(wide) as journal:
        expected = set(hits(journal, scan)[0])
        assert len(expected) > 20
        monkeypatch.setattr("diagnose.collect.journal_scan._BLOCK", block)
        monkeypatch.setattr("diagnose.collect.journal_scan._OVERLAP", 50)
        monkeypatch.setattr("diagnose.collect.journal_scan._BACK", 100)
        monkeypatch.setattr("diagnose.collect.journal_scan._BATCH", 1000)
        assert set(hits(journal, scan)[0]) == expected


def test_a_message_that_stands_in_several_entries(tmp_path: Path) -> None:
    head = 'E1123 19:58:38.000001    3145 pod_workers.go:1298] "Error syncing pod, skipping" err=<'
    lines = [head, "\tfailed to create pod network sandbox: " + FAILED.format(pod="p"), ' > pod="cell/p"']
    found = [entry(number * 10_000, b"before", ident="app") for number in range(30)]
    for number in range(30, 33):
        for i, line in enumerate(lines):
            found += [entry(number * 10_000 + 2 * i, line.encode(), ident="microshift"), entry(number * 10_000 + 2 * i + 1, b"between", ident="crio")]
    path = build(b"".join(found), tmp_path / "x.journal")
    records, _, _ = fast(path)
    assert records == by_entries(path)[0]
    assert [r.raw for r in records] == ["\n".join(lines)] * 3


def test_a_hit_to_which_the_chain_of_entries_does_not_lead_stands_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["\t" + FAILED.format(pod=f"p-{i}") for i in range(3)]
    path = build(b"".join(entry(i, line.encode()) for i, line in enumerate(lines)), tmp_path / "x.journal", compact=False)
    (arrays,) = struct.unpack_from("<Q", path.read_bytes(), 176)
    with JournalFile(path) as journal:
        path = patched(path, tmp_path / "y.journal", (arrays + 24 + 8, "<Q", journal.entries[0]))
    monkeypatch.setattr(native, "_ALL", 1)  # only the first and the last entry are looked at
    monkeypatch.setattr(native, "_SOME", 1)
    assert [r.raw for r in fast(path)[0]] == lines


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of 4000 entries: one of a program of its own, three of another boot, twenty while the clock was wrong."""
    found = [
        entry(i * 1000, b"line %d" % (i % 50), boot=BOOTS[2000 <= i < 2003], ident="greenboot" if i == 2525 else "crio", offset=START + 7_000_000_000 * (3005 <= i < 3025))
        for i in range(4000)
    ]  # fmt: skip
    return build(b"".join(found), tmp_path_factory.mktemp("journal") / "large.journal")


def test_what_stands_between_the_samples_is_heard(large: Path) -> None:
    _, seen, _ = fast(large)
    assert seen.lines == 4000
    assert "greenboot" in seen.programs
    assert set(seen.boots) == set(BOOTS)
    assert len(seen.boots[BOOTS[0]].settings) == 2


def test_a_message_that_is_not_compressed_and_longer_than_a_block(tmp_path: Path) -> None:
    long = b"".join(b"%d" % (i * i) for i in range(250_000))
    path = build(entry(1, long + FAILED.format(pod="p").encode()), tmp_path / "x.journal", compress=False)
    ((record,), _, _) = fast(path)
    assert record.raw.endswith("not found")


def test_what_is_written_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.journal"
    run = subprocess.Popen(["/lib/systemd/systemd-journal-remote", f"--output={path}", "-"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert run.stdin is not None
    end = time.monotonic() + 20
    last = -1
    for number in range(20):
        run.stdin.write(b"".join(entry(number * 50 + i, FAILED.format(pod="p").encode() if i % 2 else b"x" * (i * 40)) for i in range(50)))
        run.stdin.flush()
        while not path.exists() or path.stat().st_size < 4096 or JournalFile(path).claimed <= max(last, 0):
            assert time.monotonic() < end
            time.sleep(0.002)
        found, seen, gaps = fast(path)
        assert gaps == []
        assert (seen.lines - 1) // 2 <= len(found) <= seen.lines // 2 + 1
        assert seen.lines > last
        last = seen.lines
    run.stdin.close()
    assert run.wait(20) == 0
    assert len(fast(path)[0]) == 500


def damaged(path: Path, data: bytes, places: list[int], rng: random.Random) -> None:
    """Write `data` with one kind of damage at a random place: in the header, in an object's, or anywhere."""
    broken = bytearray(data)
    at = rng.choice((rng.randrange(88, 272), rng.randrange(272, len(data)), rng.choice(places) + rng.randrange(72)))
    size = rng.choice((1, 1, 8, 100, 4096))
    how = rng.randrange(4)
    if how == 0:
        broken[at] ^= 1 << rng.randrange(8)
    elif how == 1:
        broken[at : at + size] = bytes(len(broken[at : at + size]))
    elif how == 2:
        broken[at : at + size] = rng.randbytes(len(broken[at : at + size]))
    else:
        del broken[at:]
    path.write_bytes(broken)


@pytest.mark.parametrize("how", ["zstd", "none", "lz4"])
def test_damage_costs_what_is_damaged_and_no_more(how: str, tmp_path: Path) -> None:
    path = build(varied(60), tmp_path / "x.journal", compact=how == "zstd", compress=how == "zstd")
    places = [at for at, _, _ in objects(path.read_bytes())]
    if how == "lz4":
        compressed(path, how)
    data = path.read_bytes()
    tail = struct.unpack_from("<Q", data, 136)[0]
    data = data[: tail + 4096]
    with JournalFile(path) as journal:
        whole = set(journal.entries)
    rng = random.Random(how)  # noqa: S311
    read = 0
    for _ in range(120):
        damaged(path, data, places, rng)
        _, seen, gaps = fast(path)
        assert seen.lines == 60 or gaps
        read += seen.lines
        try:
            with JournalFile(path) as journal:
                assert set(salvaged(journal)) <= whole
        except ValueError:
            continue
    assert read > 5000  # of 7200; many cut the file short


def patched(path: Path, target: Path, *changes: tuple[int, str, int]) -> Path:
    """Write a file with numbers changed, each at its offset."""
    data = bytearray(path.read_bytes())
    for at, form, value in changes:
        struct.pack_into(form, data, at, value)
    target.write_bytes(data)
    return target


def _first(path: Path, kind: int) -> int:
    return next(at for at, k, _ in objects(path.read_bytes()) if k == kind)


def test_a_chain_of_arrays_without_an_end(wide: Path, tmp_path: Path) -> None:
    data = wide.read_bytes()
    (at,) = struct.unpack_from("<Q", data, 176)
    path = patched(wide, tmp_path / "x.journal", (at + 16, "<Q", at), (152, "<Q", 1 << 60))
    found, seen, gaps = fast(path)
    assert [r.raw for r in found] == [r.raw for r in fast(wide)[0]]
    assert seen.lines == 120
    assert [g.reason for g in gaps] == [f"only 120 of the {1 << 60} entries of the journal file could be read"]


def test_an_entry_that_is_zeros_is_missing_and_told(large: Path, tmp_path: Path) -> None:
    with JournalFile(large) as journal:
        offset = journal.entries[1003]
    path = patched(large, tmp_path / "x.journal", *((offset + i, "<Q", 0) for i in range(0, 64, 8)))
    _, seen, gaps = fast(path)
    assert seen.lines == 3999
    assert [g.reason for g in gaps] == ["only 3999 of the 4000 entries of the journal file could be read"]


def test_a_message_that_cannot_be_read_is_missing_and_told(wide: Path, tmp_path: Path) -> None:
    data = wide.read_bytes()
    at = next(at for at, kind, _ in objects(data) if kind == 1 and data[at + 64 :].startswith(b"MESSAGE=line 61 "))
    found, seen, gaps = fast(patched(wide, tmp_path / "x.journal", (at, "B", 0)))
    assert (found, seen.lines) == (fast(wide)[0], 119)
    assert [g.reason for g in gaps] == ["only 119 of the 120 entries of the journal file could be read"]


def test_a_header_that_tells_less_than_there_is(wide: Path, tmp_path: Path) -> None:
    expected, _, _ = fast(wide)
    found, seen, gaps = fast(patched(wide, tmp_path / "x.journal", (152, "<Q", 100)))
    assert (found, seen.lines) == (expected, 120)
    assert [g.reason for g in gaps] == ["the journal file is damaged: its header tells of 100 entries, 120 could be read"]
    # While a file is written, it may hold more than its header said when that was read.
    found, seen, gaps = fast(patched(wide, tmp_path / "y.journal", (152, "<Q", 100), (16, "B", 1)))
    assert (seen.lines, gaps) == (100, [])
    assert found == expected[: len(found)]
    assert 0 < len(found) < len(expected)


def test_a_message_with_more_entries_than_there_are(tmp_path: Path) -> None:
    path = build(b"".join(entry(i, b"number %d: " % (i % 300) + FAILED.format(pod="p").encode()) for i in range(900)), tmp_path / "x.journal", compress=False)
    expected = fast(path)[0]
    data = path.read_bytes()
    with JournalFile(path) as journal:
        (arrays,) = struct.unpack_from("<Q", data, 176)
        changes = [
            (at + field, "<Q", value)
            for at, kind, _ in objects(data)
            if kind == 1 and data[at + journal.payload :].startswith(b"MESSAGE")
            for field, value in ((48, arrays), (56, 900))
        ]
        path = patched(path, tmp_path / "y.journal", *changes)
    with JournalFile(path) as journal, pytest.raises(DamagedError, match="more entries have a message"):
        hits(journal, SCAN)
    assert fast(path)[0] == expected


@pytest.mark.parametrize("flag", [ZSTD, LZ4, XZ])
def test_an_object_that_claims_more_than_there_is_memory(flag: int) -> None:
    text = b"MESSAGE=" + bytes(4 << 20)
    packed = {
        # A frame of 10 GiB, of which the first block is there: 1000 bytes as they are.
        ZSTD: b"\x28\xb5\x2f\xfd\xc0\x58" + struct.pack("<Q", 10 << 30) + struct.pack("<I", 1000 << 3)[:3] + text[:1000],
        LZ4: struct.pack("<Q", 10 << 30) + b"\x8fMESSAGE=\x01\x00" + b"\xff" * 10_000 + b"\x00",
        XZ: lzma.compress(text, preset=0),
    }[flag]
    plain = unpacker(flag)(memoryview(packed), 1 << 20)
    assert plain.startswith(b"MESSAGE=")
    assert len(plain) <= 1 << 20


def test_a_journal_that_unpacks_to_too_much_is_read_no_further(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: Callable[..., Report]) -> None:
    monkeypatch.setattr("diagnose.collect.archive.SLACK", 1 << 20)
    monkeypatch.setattr("diagnose.collect.archive.RATIO", 1)
    path = build(b"".join(entry(i, b"%d" % i + bytes(3_000_000)) for i in range(4)), tmp_path / "x.journal")
    (gap,) = [g for g in report(path).gaps if g.kind == "unreadable"]
    assert gap.reason == "unpacks to more than 11 MiB: read no further"


@pytest.mark.parametrize("raw", [b"\x10", b"\xf0\xff", b"\x10x\x00\x00\x00", b"\x10x\x05\x00\x00", b"\x1fx\x01\x00\xff"])
def test_a_broken_block_of_lz4_is_an_error(raw: bytes) -> None:
    with pytest.raises(ValueError, match="lz4"):
        lz4_block(memoryview(raw), 1000)


def test_a_feature_from_the_future_is_refused(wide: Path, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match=r"flags 0x100000\)"):
        JournalFile(patched(wide, tmp_path / "x.journal", (12, "<I", 1 << 20)))


def test_a_value_is_read_as_far_as_there_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = build(entry(1, b"m" * 100_000), tmp_path / "x.journal")
    monkeypatch.setattr("diagnose.collect.journal_file.LONGEST", 5000)
    assert max(len(value) for _, fields in told(path) for _, value in fields) == 5000 - len("MESSAGE=")
    assert START > 0
