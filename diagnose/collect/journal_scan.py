"""Looks once at all bytes of a native journal file: for the entries whose message holds a literal, or, in a damaged file, for entries at all."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import cast

from diagnose.collect.journal_data import unpacker
from diagnose.collect.journal_file import DATA, DATA_HEAD, ENTRY, LONGEST, OBJECT, DamagedError, JournalFile
from diagnose.scan import Scanner

_BLOCK = 1024 * 1024
_OVERLAP = 4 * 1024
"""Bytes of the block before that are looked at again: a literal may stand on the border."""
_BATCH = 256 * 1024
"""Bytes of decompressed messages that are scanned together."""
_BACK = 64 * 1024
"""Bytes that are read at once where a message began in an earlier block."""
_MESSAGE = b"MESSAGE="
_LARGE = 32 * 1024
"""Compressed bytes from which on an object's name is read before its value."""


def _marker(kind: int, flags: int) -> str:
    """Return how the header of such an object begins: its kind, its flags, and six reserved bytes."""
    return chr(kind) + chr(flags) + "\0" * 6


class _Windows:
    """A file's bytes block after block, in one buffer; each begins with the end of the one before."""

    def __init__(self, journal: JournalFile) -> None:
        self.buffer = bytearray(_OVERLAP + _BLOCK)
        self.view = memoryview(self.buffer)
        self.base = 0
        """Where in the file the buffer begins."""
        self.fresh = self.size = 0
        """Where in the buffer new bytes begin, and where they end."""
        self._journal = journal

    def __iter__(self) -> Iterator[bytes]:
        """Yield what is to be looked at: a view of the buffer, to be used until the next."""
        at = self._journal.first
        while at < self._journal.end:
            kept = min(self.size, _OVERLAP)
            self.view[:kept] = self.view[self.size - kept : self.size]
            more = self._journal.read_into(self.view[kept : kept + min(_BLOCK, self._journal.end - at)], at)
            if not more:
                return
            self.base, self.fresh, self.size = at - kept, kept, kept + more
            at += more
            yield cast("bytes", self.view[: self.size])


def hits(journal: JournalFile, scan: Scanner) -> tuple[array[int], dict[int, bytes]]:
    """Return the offsets of the entries whose message must be read, in no order, some perhaps twice; and the others' that only tell that something works.

    Of the latter it is their messages by the offsets. Raises `DamagedError`.
    """
    search = _Search(journal, scan)
    search.run()
    return search.found, search.signs


class _Search:
    def __init__(self, journal: JournalFile, scan: Scanner) -> None:
        self._journal = journal
        self._scan = scan
        self._windows = _Windows(journal)
        self._packed = [(flag, Scanner([_marker(DATA, flag)])) for flag in journal.compressed]
        self.found = array("Q")
        self.signs: dict[int, bytes] = {}
        self._last = journal.entries.last
        # Were an entry told by many messages, each would be read that often.
        self._most = 2 * len(journal.entries) + 1024
        self._looked = 0
        """The last hit in plain text: a message that holds a later one begins behind it, or is found already."""
        self._texts: list[bytes] = []
        self._objects: list[int] = []
        self._length = 0

    def run(self) -> None:
        for view in self._windows:
            self._plain(self._scan.find(view))
            for flag, scan in self._packed:
                self._unpack(scan(view), flag)
        self._read()

    def _plain(self, hits: list[tuple[int, int]]) -> None:
        """Add the entries of the messages that hold these literals of the window."""
        base, fresh, buffer, payload = self._windows.base, self._windows.fresh, self._windows.buffer, self._journal.payload
        number = 0
        while number < len(hits):
            hit, literal = hits[number]
            number += 1
            if hit < fresh:
                continue
            low, end = max(self._looked - base, 0), hit
            while (text := buffer.rfind(_MESSAGE, low, end)) >= payload:
                start = text - payload
                if not (base + start) & 7:
                    kind, flags, size, first, _, count = DATA_HEAD.unpack_from(buffer, start)
                    if kind == DATA and not flags and start + size > hit:
                        literals = {literal}
                        while number < len(hits) and hits[number][0] < start + size:
                            hit = hits[number][0]
                            literals.add(hits[number][1])
                            number += 1
                        self._tell(base + start, first, count, buffer[text : min(start + size, self._windows.size)], literals)
                        # What goes on in the next block may tell more there.
                        self._looked = base + (hit if start + size <= self._windows.size else start)
                        break
                end = text + len(_MESSAGE) - 1
            else:
                self._earlier(base + hit)
                self._looked = base + hit

    def _earlier(self, at: int) -> None:
        """Add the entries of the message that holds the byte `at` of the file, and begins in an earlier block."""
        low = max(self._looked, at - LONGEST, self._journal.first)
        high = min(self._windows.base + self._journal.payload + len(_MESSAGE), at)
        while high > low:
            start = max(low, high - _BACK)
            raw = self._journal.read(start, high - start)
            text = len(raw)
            while (text := raw.rfind(_MESSAGE, 0, text)) >= 0:
                offset = start + text - self._journal.payload
                try:
                    _, flags, size, first, _, count = self._journal.head(DATA_HEAD, offset, DATA)
                except DamagedError:
                    continue
                if not flags and offset + size > at:
                    self._add(offset, first, count)
                    return
            high = start + len(_MESSAGE) - 1 if start > low else start

    def _tell(self, offset: int, first: int, count: int, message: bytes | bytearray, literals: set[int]) -> None:
        """Add the entries that have the message at `offset`, by what its literals tell."""
        told = self._scan.tells(message, literals)
        if told == "message":
            self._add(offset, first, count)
        elif told:
            message = bytes(message)
            self.signs.update((entry, message) for entry in self._holders(offset, first, count))
            self._check()

    def _add(self, offset: int, first: int, count: int) -> None:
        """Add the entries that have the message at `offset`."""
        self.found.extend(self._holders(offset, first, count))
        self._check()

    def _holders(self, offset: int, first: int, count: int) -> Iterator[int]:
        # What was written since the header was read is left for the next time.
        return (x for x in ((first,) if count == 1 else self._journal.holders(offset, len(self._journal.entries))) if x <= self._last)

    def _check(self) -> None:
        if len(self.found) + len(self.signs) > self._most:
            raise DamagedError("more entries have a message than there are")

    def _unpack(self, hits: list[int], flag: int) -> None:
        """Take the texts of the compressed data objects whose marker ends at these bytes of the window, to be scanned together."""
        windows, journal = self._windows, self._journal
        base, fresh, size, payload, unpack = windows.base, windows.fresh, windows.size, journal.payload, unpacker(flag)
        for hit in hits:
            start = hit - 7
            if hit < fresh or (base + start) & 7:
                continue
            try:
                length = OBJECT.unpack_from(windows.buffer, start)[2] if start >= 0 and start + OBJECT.size <= size else journal.object(base + start)[2]
                if not payload < length <= journal.size - base - start:
                    continue
                if start >= 0 and start + length <= size:
                    raw = windows.view[start + payload : start + length]
                else:
                    raw = memoryview(journal.read(base + start + payload, min(length - payload, LONGEST)))
                if len(raw) > _LARGE and unpack(raw, len(_MESSAGE)) != _MESSAGE:
                    continue
                text = unpack(raw, LONGEST)
            except ValueError:  # damaged, or only looks like an object
                continue
            journal.budget.spend(len(text))
            if text.startswith(_MESSAGE):
                self._texts.append(text)
                self._objects.append(base + start)
                self._length += len(text)
                if self._length > _BATCH:
                    self._read()

    def _read(self) -> None:
        """Scan the texts taken, and add the entries of those with a hit."""
        starts = list(accumulate((len(t) + 1 for t in self._texts), initial=0))
        told: dict[int, set[int]] = {}
        for hit, literal in self._scan.find(b"\n".join(self._texts)):
            told.setdefault(bisect_right(starts, hit) - 1, set()).add(literal)
        for number, literals in told.items():
            _, _, _, first, _, count = self._journal.head(DATA_HEAD, self._objects[number], DATA)
            self._tell(self._objects[number], first, count, self._texts[number], literals)
        self._texts, self._objects, self._length = [], [], 0


def salvaged(journal: JournalFile) -> array[int]:
    """Return the offsets of what is left of a damaged file's entries, ascending; none lies within another."""
    found = array("Q")
    windows, scan = _Windows(journal), Scanner([_marker(ENTRY, 0)])
    end = 0
    for view in windows:
        for hit in scan(view):
            offset = windows.base + hit - 7
            if hit < windows.fresh or offset % 8 or offset < end:
                continue
            try:
                entry = journal.entry(offset)
            except DamagedError:
                continue
            if entry.seqnum and entry.realtime and all(0 < x < journal.size and x % 8 == 0 for x in entry.items):
                found.append(offset)
                end = offset + entry.size
    return found
