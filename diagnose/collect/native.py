"""Reads native journal files: what holds a literal, from their bytes; files of a newer format through systemd-python or `journalctl --file`."""

from __future__ import annotations

import importlib
import shutil
import subprocess
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from diagnose.collect.device import Deadline
from diagnose.collect.foreign import is_obfuscated
from diagnose.collect.journal_file import DamagedError, JournalFile, UnsupportedError
from diagnose.collect.journal_scan import hits, salvaged
from diagnose.collect.signs import Unread
from diagnose.collect.stream import AHEAD, FIELDS, Entry, ExportFormat, clean, joined, journal_entry, records, to_record
from diagnose.model import Gap, InputSeen, Record, Where, offset_second
from diagnose.parse.when import Clock
from diagnose.scan import Scanner

_NAMES = {name.encode(): name for name in FIELDS}
_ONCE = (b"MESSAGE", b"_SOURCE_REALTIME_TIMESTAMP")
"""Fields whose values are not kept, since they rarely come again."""
_KNOWN, _SMALL = 8192, 256
"""Data objects that are kept, and the bytes up to which their values are."""
_ALL, _SOME, _SAMPLES = 4096, 512, 64
"""Entries up to which each is looked at; else that many; and of these the ones whose fields are read."""
_VALUES = 64
"""Boots and programs of a file whose first and last entries are sought."""

Whole = Callable[[str, BinaryIO, str], BinaryIO]
"""Takes an input's name, stream and form, and returns the stream to be read."""
_EXPORT = "on the node, or any machine with its systemd or newer: journalctl --file FILE -o export > journal.export"


def read(path: Path, scan: Scanner, clock: Clock, seen: InputSeen, gaps: list[Gap], whole: Whole, *, apart: bool = False) -> Iterator[Record | Unread | None]:
    """Yield the records that hold a literal; a file that cannot be read, or only in part, becomes a gap.

    `apart`: what only tells that something works comes as `Unread`, for `Reader`, and None at the end of the file.
    """
    try:
        journal = JournalFile(path)
        claimed = journal.claimed
        yield from _own(journal, scan, clock, seen, whole, apart=apart)
    except UnsupportedError as e:
        yield from _other(path, str(e), scan, clock, seen, gaps, whole)
        return
    except (OSError, ValueError) as e:
        gaps.append(Gap(seen.source, f"this journal file cannot be read: {e}", _EXPORT))
        seen.whole = False
        return
    if seen.lines == 0 and claimed:
        gaps.append(Gap(seen.source, f"the journal file holds {claimed} entries, but none could be read: it is damaged", _EXPORT))
        seen.whole = False
    elif seen.lines > claimed:
        gaps.append(Gap(seen.source, f"the journal file is damaged: its header tells of {claimed} entries, {seen.lines} could be read", _EXPORT))
        seen.whole = False
    elif seen.lines < claimed:
        gaps.append(Gap(seen.source, f"only {seen.lines} of the {claimed} entries of the journal file could be read", _EXPORT))
        seen.whole = False


def _own(journal: JournalFile, scan: Scanner, clock: Clock, seen: InputSeen, whole: Whole, *, apart: bool) -> Iterator[Record | Unread | None]:
    """Yield the records by the file's bytes; where it is damaged, or kept whole, by its entries one by one."""
    fields = Fields(journal)
    offsets: Iterable[int] = journal.entries
    try:
        heard = _samples(journal)
    except DamagedError:
        heard, offsets = None, salvaged(journal)
    rendered = cast("BinaryIO", Rendered(fields, offsets))
    stream = whole(seen.source, rendered, ExportFormat.kind)
    if stream is rendered and heard is not None:
        try:
            found, waiting = hits(journal, scan)
        except DamagedError:
            stream = cast("BinaryIO", Rendered(fields, salvaged(journal)))
        else:
            seen.size, seen.lines = journal.size, len(journal.entries)
            yield from _found(fields, set(found), waiting, heard, clock, seen, apart=apart)
            return
    yield from records(stream, ExportFormat(), scan, clock, seen)
    seen.size = journal.size if seen.lines else 0


def _samples(journal: JournalFile) -> set[int]:
    """Return the offsets of entries that tell whose log it is, from when, and of its boots and clocks. Raises `DamagedError` where not all of it can be read."""
    entries = journal.entries
    count = len(entries)
    if not entries.complete:
        raise DamagedError("its chain of entries does not fit its header")
    found: set[int] = set()
    step = 1 if count <= _ALL else count // _SOME
    full = max(1, count // step // _SAMPLES)
    last, told = 0, (b"", 0)
    for number, index in enumerate((*range(0, count - 1, step), count - 1)):
        offset = entries[index]
        if offset <= last:
            raise DamagedError("its entries are not in order")
        boot, realtime, monotonic = journal.glance(offset)
        setting = boot, offset_second(realtime - monotonic)
        if setting != told:
            found |= {offset, last} if last else {offset}
        elif number % full == 0:
            found.add(offset)
        last, told = offset, setting
    found.add(last)
    for name in (b"_BOOT_ID", b"SYSLOG_IDENTIFIER", b"_TRANSPORT"):
        for data in journal.values(name, _VALUES):
            found.update(filter(None, journal.ends(data)))
    return {offset for offset in found if offset <= last}


class _Raw(NamedTuple):
    """An entry's fields that are looked at, as they stand in the file: of several values the first."""

    cursor: str
    realtime: int
    monotonic: int
    fields: dict[str, bytes]
    end: int
    """Where the entry ends in the file."""

    def export(self) -> bytes:
        """Return the entry in export format."""
        return exported(self.cursor, self.realtime, self.fields.items())

    def entry(self) -> Entry | None:
        """Return the entry taken apart; None where it has no message."""
        if "MESSAGE" not in self.fields:
            return None
        fields = {name: clean(value) for name, value in self.fields.items()}
        more = {"__CURSOR": self.cursor, "__REALTIME_TIMESTAMP": str(self.realtime), "__MONOTONIC_TIMESTAMP": str(self.monotonic)}
        return journal_entry({**fields, **more}, fields["MESSAGE"])


class Fields:
    """Reads entries; small data objects, which stand in many of them, are kept."""

    def __init__(self, journal: JournalFile) -> None:
        self.journal = journal
        self._known: dict[int, tuple[str, bytes] | None] = {}

    def read(self, offset: int) -> _Raw:
        """Return the entry at `offset`. Raises `DamagedError` where it, or its message, cannot be read."""
        entry = self.journal.entry(offset)
        fields: dict[str, bytes] = {}
        broken = False
        known = self._known
        for item in entry.items:
            try:
                pair = known[item] if item in known else self._new(item)
            except ValueError:
                broken = True
                continue
            if pair is not None:
                fields.setdefault(*pair)
        if broken and "MESSAGE" not in fields:
            raise DamagedError(f"the message of the entry at {offset} cannot be read")
        return _Raw(entry.cursor(self.journal.seqnum_id), entry.realtime, entry.monotonic, fields, offset + entry.size)

    def _new(self, item: int) -> tuple[str, bytes] | None:
        name, equals, value = self.journal.data(item).partition(b"=")
        if not equals:
            raise DamagedError(f"the data object at {item} has no name")
        pair = (_NAMES[name], value) if name in _NAMES else None
        if pair is None or (name not in _ONCE and len(value) <= _SMALL):
            if len(self._known) >= _KNOWN:
                self._known.clear()
            self._known[item] = pair
        return pair


def _found(
    fields: Fields, found: set[int], waiting: dict[int, bytes], heard: set[int], clock: Clock, seen: InputSeen, *, apart: bool
) -> Iterator[Record | Unread | None]:
    """Yield the records of the entries at `found`, and hear those at `heard` between them: in order, which tells a clock that was put back.

    The `waiting` ones are not read, if `apart`.
    """
    done = end = 0
    missing = False
    for offset in sorted({*found, *waiting, *heard}):
        if apart and offset in waiting and offset not in heard and offset not in found:
            yield Unread(waiting[offset], offset)
            continue
        if offset < end:
            missing = True
            continue
        try:
            raw = fields.read(offset)
        except DamagedError:
            missing = True
            continue
        end = raw.end
        entry = raw.entry()
        if entry is None:
            continue
        if offset in heard:
            seen.hear(entry.line.program, clock.read(entry.form, entry.time), entry.boot, entry.offset)
        seen.obfuscated = seen.obfuscated or is_obfuscated(b"\n".join(raw.fields.values()))
        if (offset in found or offset in waiting) and offset > done:
            record, done = _record(fields, offset, entry, clock, seen.source)
            yield record
    if apart:
        yield None
    if missing:
        seen.lines = sum(1 for _ in _readable(fields, fields.journal.entries))


class Reader:
    """Reads the signs that `read` yields of a file, which stays open as long as one may be asked for."""

    def __init__(self, path: Path, clock: Clock, source: str) -> None:
        """Open the file; of one that cannot be read there are no signs."""
        self._clock = clock
        self._source = source
        try:
            self._fields: Fields | None = Fields(JournalFile(path))
        except (OSError, ValueError):
            self._fields = None

    def __call__(self, sign: Unread) -> Record | None:
        """Return the record, or None where it cannot be read."""
        try:
            entry = self._fields.read(cast("int", sign.key)).entry() if self._fields is not None else None
        except DamagedError:
            return None
        return to_record(entry, self._clock, Where(self._source, 0, entry.cursor)) if entry is not None else None


def _record(fields: Fields, offset: int, entry: Entry, clock: Clock, source: str) -> tuple[Record, int]:
    """Return the record of the entry at `offset`, joined with those around it where its message goes on there, and the offset of its last entry."""
    if _stands_alone(entry):
        return to_record(entry, clock, Where(source, 0, entry.cursor)), offset
    entries = fields.journal.entries
    index = bisect_left(entries, offset)
    around = [(o, raw.export()) for o, raw in _readable(fields, (entries[i] for i in range(max(0, index - AHEAD), min(len(entries), index + AHEAD + 1))))]
    ends = list(accumulate(len(text) for _, text in around))
    place = bisect_left(around, (offset,))
    if place == len(around) or around[place][0] != offset:  # the chain of entries does not lead to it
        return to_record(entry, clock, Where(source, 0, entry.cursor)), offset
    start = ends[place] - len(around[place][1])
    _, end, entry = joined(b"".join(text for _, text in around), ExportFormat(), start, ends[place], entry, clock)
    return to_record(entry, clock, Where(source, 0, entry.cursor)), around[bisect_left(ends, end)][0]


def _stands_alone(entry: Entry) -> bool:
    """Return True if `joined` would not look at what stands around the entry."""
    text = entry.line.message
    return len(text.strip()) > 1 and not text[0].isspace() and not entry.raw.startswith("--") and not entry.raw.rstrip().endswith("=<")


def _readable(fields: Fields, offsets: Iterable[int]) -> Iterator[tuple[int, _Raw]]:
    """Yield those of the entries that can be read, and their offsets."""
    for offset in offsets:
        try:
            yield offset, fields.read(offset)
        except DamagedError:
            continue


class Rendered:
    """A journal file's entries as a stream in export format, with the fields that are looked at."""

    def __init__(self, fields: Fields, offsets: Iterable[int]) -> None:
        """Begin with the first of the entries at `offsets`; what cannot be read is left out."""
        self._texts = (raw.export() for _, raw in _readable(fields, offsets))
        self._rest = b""

    def read(self, size: int) -> bytes:
        """Return `size` bytes of export, fewer at the end."""
        parts, length = [self._rest], len(self._rest)
        while length < size and (text := next(self._texts, b"")):
            parts.append(text)
            length += len(text)
        data = b"".join(parts)
        self._rest = data[size:]
        return data[:size]


def exported(cursor: str, realtime: int, fields: Iterable[tuple[str, bytes]]) -> bytes:
    """Return an entry in export format, each field with its length."""
    parts = [f"__CURSOR={cursor}\n__REALTIME_TIMESTAMP={realtime}\n".encode()]
    parts += (name.encode() + b"\n" + len(value).to_bytes(8, "little") + value + b"\n" for name, value in fields)
    parts.append(b"\n")
    return b"".join(parts)


class Export:
    """A journal reader as a stream in export format, with the fields that are looked at, from where it stands to its end."""

    def __init__(self, reader: Any, end: str = "", deadline: Deadline | None = None) -> None:
        """Stop before the entry with cursor `end`, and with the deadline; `cut` tells afterwards whether it was that."""
        self._reader = reader
        self._end = end
        self._deadline = deadline
        self._rest = b""
        self._more = True
        self.cut = False

    def read(self, size: int) -> bytes:
        """Return about `size` bytes of export, b"" at the end."""
        parts = [self._rest]
        length = len(self._rest)
        while length < size and self._more:
            cursor = self._reader._get_cursor()
            if cursor == self._end:
                self._more = False
                break
            entry = self._entry(cursor)
            parts.append(entry)
            length += len(entry)
            self._more = self._reader._next()
        if self._more and self._deadline is not None and self._deadline.over:
            self.cut, self._more = True, False
        data = b"".join(parts)
        self._rest = data[size:]
        return data[:size]

    def _entry(self, cursor: str) -> bytes:
        return exported(cursor, self._reader._get_realtime(), self._fields())

    def _fields(self) -> Iterator[tuple[str, bytes]]:
        for name in FIELDS:
            try:
                yield name, cast("bytes", self._reader._get(name))
            except (KeyError, ValueError):
                continue


def _other(path: Path, why: str, scan: Scanner, clock: Clock, seen: InputSeen, gaps: list[Gap], whole: Whole) -> Iterator[Record]:
    """Yield the records of a file that only systemd itself can read; that it did is told, and whether."""
    try:
        # By name, since type checkers find neither the module where it is not installed nor types where it is.
        library = importlib.import_module("systemd._reader")
    except ImportError:
        program, reader = "journalctl", _journalctl(path, scan, clock, seen, whole)
    else:
        program, reader = "systemd-python", _systemd(library._Reader, path, scan, clock, seen, whole)
    try:
        yield from reader
    except (OSError, ValueError) as e:
        gaps.append(Gap(seen.source, f"this journal file cannot be read here: {why}; {program}: {e}", _EXPORT))
        seen.whole = False
    else:
        gaps.append(Gap(seen.source, f"read through {program}, which is slower: {why}", "a newer msnet may know them", hides=False))


def _systemd(reader_class: Any, path: Path, scan: Scanner, clock: Clock, seen: InputSeen, whole: Whole) -> Iterator[Record]:
    with reader_class(flags=0, files=[str(path)]) as reader:
        reader.data_threshold = 0
        if reader._next():
            stream = whole(seen.source, cast("BinaryIO", Export(reader)), ExportFormat.kind)
            yield from records(stream, ExportFormat(), scan, clock, seen)


def _journalctl(path: Path, scan: Scanner, clock: Clock, seen: InputSeen, whole: Whole) -> Iterator[Record]:
    program = shutil.which("journalctl")
    if program is None:
        raise OSError("neither systemd-python nor journalctl is installed")
    with subprocess.Popen([program, "--file", str(path), "-o", "export", "--all", "--quiet"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:  # fmt: skip
        stream = whole(seen.source, cast("BinaryIO", run.stdout), ExportFormat.kind)
        yield from records(stream, ExportFormat(), scan, clock, seen)
        error = clean(cast("BinaryIO", run.stderr).read()).strip()
        if run.wait() != 0:
            raise OSError(error or f"journalctl failed with {run.returncode}")
