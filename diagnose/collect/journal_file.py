"""Reads native journal files: the header, objects, and entries in the order in which they were written.

The format: systemd docs/JOURNAL_FILE_FORMAT.md, src/libsystemd/sd-journal/journal-def.h. Every offset and size comes from the
file, so each is checked; chains may only go forwards (or backwards), so that none is without an end.
"""

from __future__ import annotations

import os
import struct
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from diagnose.collect.archive import Budget
from diagnose.collect.journal_data import LZ4, XZ, ZSTD, unpacker

SIGNATURE = b"LPKSHHRH"
_HEADER_MIN, _HEADER_MAX = 208, 272
"""Bytes of the header: of the first systemd, and of all that is looked at here."""
_XZ, _LZ4, _KEYED, _ZSTD, _COMPACT = 1, 2, 4, 8, 16
_ONLINE = 1
"""State of a file that is being written, or was not closed."""
_FLAGS = ((_ZSTD, ZSTD), (_LZ4, LZ4), (_XZ, XZ))
_KNOWN = _XZ | _LZ4 | _KEYED | _ZSTD | _COMPACT
DATA, FIELD, ENTRY, HASH_TABLE, ENTRY_ARRAY = 1, 2, 3, 5, 6
_LAST_TYPE = 7
LONGEST = 4 * 1024 * 1024
"""Bytes of a field's value that are read; journald cuts a line of a log at 48 KiB."""
ITEMS = 2048
"""Fields of an entry that are read; journald takes 1024 (journal-importer.h, ENTRY_FIELD_COUNT_MAX)."""
OBJECT = struct.Struct("<BB6xQ")
"""Type, flags and size of any object."""
_DATA_CHAIN = struct.Struct("<BB6xQ16xQ")
"""Type, flags, size of a data object; the next older one of its field."""
DATA_HEAD = struct.Struct("<BB6xQ24xQQQ")
"""Type, flags, size; the first entry with it, the array of all others, and how many entries there are."""
_ENTRY_HEAD = struct.Struct("<BB6xQQQQ16sQ")
_ARRAY_HEAD = struct.Struct("<B7xQQ")
_FIELD_HEAD = struct.Struct("<B7xQ8xQQ")
_WINDOW, _BEFORE = 16 * 1024, 4 * 1024
"""Bytes read at once around an object, and of these before it: an entry's own data stand there."""
_CHUNK = 8192
"""Items of an array of entries that are read at once."""


class UnsupportedError(ValueError):
    """The file uses a feature that is unknown here."""


class DamagedError(ValueError):
    """Something in the file is not as it must be."""


class Entry(NamedTuple):
    """One entry; `items` are the offsets of its data."""

    offset: int
    size: int
    seqnum: int
    realtime: int
    monotonic: int
    boot: bytes
    xor_hash: int
    items: tuple[int, ...]

    def cursor(self, seqnum_id: bytes) -> str:
        """Return what journalctl calls this entry (sd-journal.c, sd_journal_get_cursor)."""
        return f"s={seqnum_id.hex()};i={self.seqnum:x};b={self.boot.hex()};m={self.monotonic:x};t={self.realtime:x};x={self.xor_hash:x}"


class JournalFile:
    """A journal file, open for reading. Raises `OSError`, `UnsupportedError`, and `DamagedError` where its header is."""

    def __init__(self, path: Path) -> None:
        """Read the header."""
        self._fd = -1
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._window, self._at = b"", 0
        try:
            self._header()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Read nothing more; else the file stays open as long as anything can still ask for an entry."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def _header(self) -> None:
        self.size = os.fstat(self._fd).st_size
        self.budget = Budget(self.size)
        """What its compressed data may come to."""
        head = os.pread(self._fd, _HEADER_MAX, 0)
        if len(head) < _HEADER_MIN or not head.startswith(SIGNATURE):
            raise DamagedError("the header is cut short")
        (self.flags,) = struct.unpack_from("<I", head, 12)
        if self.flags & ~_KNOWN:
            raise UnsupportedError(f"it uses features that are unknown here (flags {self.flags & ~_KNOWN:#x})")
        self.online = head[16] == _ONLINE
        self.seqnum_id = head[72:88]
        self.header_size, _, data_table, data_size, field_table, field_size, tail, _, self.claimed = struct.unpack_from("<9Q", head, 88)
        (arrays,) = struct.unpack_from("<Q", head, 176)
        if not _HEADER_MIN <= self.header_size <= self.size:
            raise DamagedError("the header is cut short")
        self.compact = bool(self.flags & _COMPACT)
        self.payload = 72 if self.compact else 64
        """Where a data object's text begins."""
        self.compressed = [flag for bit, flag in _FLAGS if self.flags & bit]
        """The flags that its compressed data objects have."""
        self._item = 4 if self.compact else 8
        self._fields = (field_table, field_size)
        self.first = self._behind_tables((field_table, field_size), (data_table, data_size))
        """Where objects begin that may hold text: the large tables of hashes stand first."""
        self.entries = Entries(self, arrays, self.claimed)
        """The offsets of all entries, in order, as far as the chain of arrays leads."""
        self.end = self._end(tail)
        """Behind the last object; the file itself is larger while it is written."""

    def _behind_tables(self, *tables: tuple[int, int]) -> int:
        at = self.header_size
        for offset, size in sorted(tables):
            if offset - OBJECT.size == at and size % 16 == 0 and offset + size <= self.size and self.object(at) == (HASH_TABLE, 0, size + OBJECT.size):
                at = _aligned(offset + size)
        return at

    def _end(self, tail: int) -> int:
        """Return where the last object ends; the end of the file, where the header does not tell."""
        try:
            end = tail + self.object(tail)[2]
        except DamagedError:
            return self.size
        return end if end > self.entries.last else self.size

    def read(self, offset: int, size: int) -> bytes:
        """Return these bytes, fewer at the end of the file; what was read near by is used again."""
        start = offset - self._at
        if start >= 0 and start + size <= len(self._window):
            return self._window[start : start + size]
        if size > _WINDOW - _BEFORE:
            return os.pread(self._fd, size, offset)
        self._at = max(0, offset - _BEFORE)
        self._window = os.pread(self._fd, _WINDOW, self._at)
        start = offset - self._at
        return self._window[start : start + size]

    def read_into(self, view: memoryview, offset: int) -> int:
        """Fill `view` from `offset` on; return how many bytes there were."""
        return os.preadv(self._fd, [view], offset)

    def head(self, layout: struct.Struct, offset: int, kind: int) -> tuple[Any, ...]:
        """Return the header of the object at `offset`. Raises `DamagedError` where none of that kind stands there."""
        if offset % 8 or not self.header_size <= offset <= self.size - layout.size:
            raise DamagedError(f"no object can stand at {offset}")
        found = layout.unpack(self.read(offset, layout.size))
        if found[0] != kind:
            raise DamagedError(f"the object at {offset} is of another kind")
        return found

    def object(self, offset: int) -> tuple[int, int, int]:
        """Return kind, flags and size of the object at `offset`. Raises `DamagedError` where none stands there."""
        if offset % 8 or not self.header_size <= offset <= self.size - OBJECT.size:
            raise DamagedError(f"no object can stand at {offset}")
        kind, flags, size = OBJECT.unpack(self.read(offset, OBJECT.size))
        if not 0 < kind <= _LAST_TYPE or size < OBJECT.size or offset + size > self.size:
            raise DamagedError(f"no object stands at {offset}")
        return kind, flags, size

    def data(self, offset: int) -> bytes:
        """Return the text of a data object, NAME=VALUE, of a larger one the first `LONGEST` bytes. Raises `ValueError`, and `InputError` where it unpacks to too much."""
        _, flags, size, *_ = self.head(DATA_HEAD, offset, DATA)
        if size <= self.payload or offset + size > self.size:
            raise DamagedError(f"the data object at {offset} is cut short")
        raw = self.read(offset + self.payload, min(size - self.payload, LONGEST))
        if not flags:
            return raw
        text = unpacker(flags)(memoryview(raw), LONGEST)
        self.budget.spend(len(text))
        return text

    def entry(self, offset: int) -> Entry:
        """Return the entry at `offset`. Raises `DamagedError` where none stands there."""
        _, _, size, seqnum, realtime, monotonic, boot, xor_hash = self.head(_ENTRY_HEAD, offset, ENTRY)
        wide = self._item if self.compact else 16
        count, rest = divmod(size - _ENTRY_HEAD.size, wide)
        if rest or not 0 < count <= ITEMS or offset + size > self.size:
            raise DamagedError(f"the entry at {offset} is of a size that cannot be")
        raw = self.read(offset + _ENTRY_HEAD.size, count * wide)
        if len(raw) != count * wide:
            raise DamagedError(f"the entry at {offset} is cut short")
        numbers = struct.unpack(f"<{count}I" if self.compact else f"<{2 * count}Q", raw)
        return Entry(offset, size, seqnum, realtime, monotonic, boot, xor_hash, numbers if self.compact else numbers[::2])

    def glance(self, offset: int) -> tuple[bytes, int, int]:
        """Return boot, realtime and monotonic time of the entry at `offset`, reading nothing else. Raises `DamagedError` where none stands there."""
        raw = os.pread(self._fd, _ENTRY_HEAD.size, offset) if offset % 8 == 0 and offset >= self.header_size else b""
        if len(raw) != _ENTRY_HEAD.size or raw[0] != ENTRY:
            raise DamagedError(f"no entry stands at {offset}")
        _, _, _, _, realtime, monotonic, boot, _ = _ENTRY_HEAD.unpack(raw)
        return boot, realtime, monotonic

    def fields(self, entry: Entry) -> Iterator[tuple[bytes, bytes]]:
        """Yield the fields of an entry in order. Raises as `data`."""
        for item in entry.items:
            name, _, value = self.data(item).partition(b"=")
            yield name, value

    def array(self, offset: int) -> tuple[Any, ...]:
        """Return how many items the array of entries at `offset` has room for, and the offset of the next one or 0. Raises `DamagedError`."""
        _, size, following = self.head(_ARRAY_HEAD, offset, ENTRY_ARRAY)
        if size < _ARRAY_HEAD.size or (following and following <= offset):
            raise DamagedError(f"the array of entries at {offset} is damaged")
        return (min(size, self.size - offset) - _ARRAY_HEAD.size) // self._item, following

    def items(self, offset: int, first: int, count: int) -> array[int]:
        """Return that part of the array of entries at `offset`."""
        found = array("I" if self.compact else "Q")
        raw = os.pread(self._fd, count * self._item, offset + _ARRAY_HEAD.size + first * self._item)
        found.frombytes(raw[: len(raw) // self._item * self._item])
        if sys.byteorder == "big":
            found.byteswap()
        return found

    def holders(self, data: int, most: int) -> Iterator[int]:
        """Yield the offsets of the entries that have the data object at `data`, at most `most`. Raises `DamagedError`."""
        *_, first, offset, count = self.head(DATA_HEAD, data, DATA)
        if not count:
            return
        yield first
        count = min(count, most) - 1
        while count > 0 and offset:
            room, following = self.array(offset)
            done = 0
            while done < min(room, count):
                part = self.items(offset, done, min(room, count, done + _CHUNK) - done)
                if not part:
                    raise DamagedError(f"the array of entries at {offset} is cut short")
                done += len(part)
                # While the file is written, the number may be ahead of the items.
                yield from filter(None, part)
            count -= room
            offset = following

    def ends(self, data: int) -> tuple[int, int]:
        """Return the offsets of the first and the last entry that have the data object at `data`, 0 where there is none. Raises `DamagedError`."""
        *_, first, offset, count = self.head(DATA_HEAD, data, DATA)
        if not count:
            return 0, 0
        last, count = first, count - 1
        while count > 0 and offset:
            room, following = self.array(offset)
            part = self.items(offset, min(room, count) - 1, 1) if room else None
            last = part[0] if part and part[0] else last
            count -= room
            offset = following
        return first, last

    def values(self, name: bytes, most: int) -> Iterator[int]:
        """Yield the offsets of the data objects of a field, at most `most`, the newest first. Raises `DamagedError`."""
        table, size = self._fields
        if size % 16 or not self.header_size <= table <= self.size - size or size > LONGEST:
            raise DamagedError("the table of fields is damaged")
        for (bucket,) in struct.iter_unpack("<Q8x", self.read(table, size)):
            at = bucket
            while at:
                _, length, following, data = self.head(_FIELD_HEAD, at, FIELD)
                if following and following <= at:
                    raise DamagedError("the table of fields is damaged")
                if length == _FIELD_HEAD.size + len(name) and self.read(at + _FIELD_HEAD.size, len(name)) == name:
                    yield from self._values(data, most)
                    return
                at = following

    def _values(self, at: int, most: int) -> Iterator[int]:
        while at and most > 0:
            yield at
            _, _, _, following = self.head(_DATA_CHAIN, at, DATA)
            if following >= at:
                raise DamagedError("the values of a field are damaged")
            at, most = following, most - 1


class Entries:
    """The offsets of a file's entries in order, read in parts as they are asked for; fewer than `claimed` where the chain of arrays ends early."""

    def __init__(self, journal: JournalFile, offset: int, claimed: int) -> None:
        """Follow the chain of arrays."""
        self._journal = journal
        self._starts: list[int] = []
        self._offsets: list[int] = []
        self._count = 0
        self._part, self._from = array("Q"), 0
        try:
            while offset and self._count < claimed:
                room, following = journal.array(offset)
                self._starts.append(self._count)
                self._offsets.append(offset)
                self._count = min(self._count + room, claimed)
                offset = following
        except DamagedError:
            pass
        # Room that was not filled is zero.
        self._count = bisect_left(range(self._count), 1, key=lambda i: self[i] == 0)
        self.complete = self._count == claimed > 0 and (journal.online or self._ends(offset))
        """True if they are as many as the header claims, and no more; not where it claims none."""

    def _ends(self, following: int) -> bool:
        """Return True if no entry is in the chain behind the last one that the header claims."""
        if not self._offsets or following:
            return not following
        room, _ = self._journal.array(self._offsets[-1])
        index = self._count - self._starts[-1]
        return index >= room or not any(self._journal.items(self._offsets[-1], index, 1))

    @property
    def last(self) -> int:
        """The offset of the last entry, 0 where there is none."""
        return self[self._count - 1] if self._count else 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[int]:
        return (self[i] for i in range(self._count))

    def __getitem__(self, index: int) -> int:
        """Return an offset as it stands in the file; 0 where the file ends before."""
        at = index - self._from
        if not 0 <= at < len(self._part):
            number = bisect_left(self._starts, index + 1) - 1
            start = self._starts[number]
            first = (index - start) // _CHUNK * _CHUNK
            self._from = start + first
            stop = self._starts[number + 1] if number + 1 < len(self._starts) else self._count
            self._part = self._journal.items(self._offsets[number], first, min(_CHUNK, stop - self._from))
            at = index - self._from
            if not 0 <= at < len(self._part):
                return 0
        return self._part[at]


def _aligned(offset: int) -> int:
    return (offset + 7) & ~7
