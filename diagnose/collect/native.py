"""Reads native journal files: through systemd-python, else through `journalctl --file`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from diagnose.collect.stream import ExportFormat, clean, records
from diagnose.model import Gap, InputSeen, Record
from diagnose.parse.when import Clock
from diagnose.scan import Scanner

if TYPE_CHECKING:
    from pathlib import Path

    from diagnose.collect.device import Deadline

# Layout: systemd docs/JOURNAL_FILE_FORMAT.md, struct Header.
_INCOMPATIBLE_AT, _ENTRIES_AT, _HEADER_END = 12, 152, 208
_FIELDS = ("MESSAGE", "_SYSTEMD_UNIT", "SYSLOG_IDENTIFIER", "_COMM", "_TRANSPORT", "_HOSTNAME", "_PID", "SYSLOG_PID", "_BOOT_ID", "_SOURCE_REALTIME_TIMESTAMP")


def entries_claimed(head: bytes) -> int:
    """Return the number of entries that a journal file's header claims; 0 where the header is cut short."""
    return int.from_bytes(head[_ENTRIES_AT : _ENTRIES_AT + 8], "little") if len(head) >= _HEADER_END else 0


Whole = Callable[[str, BinaryIO, str], BinaryIO]
"""Takes an input's name, stream and form, and returns the stream to be read."""


def read(path: Path, head: bytes, scan: Scanner, clock: Clock, seen: InputSeen, gaps: list[Gap], whole: Whole) -> Iterator[Record]:
    """Yield the records that hold a literal; a file that cannot be read, or only in part, becomes a gap."""
    import importlib

    claimed = entries_claimed(head)
    try:
        # By name, since type checkers find neither the module where it is not installed nor types where it is.
        library = importlib.import_module("systemd._reader")
    except ImportError:
        reader = _journalctl(path, scan, clock, seen, whole)
    else:
        reader = _systemd(library._Reader, path, scan, clock, seen, whole)
    try:
        yield from reader
    except (OSError, ValueError) as e:
        flags = int.from_bytes(head[_INCOMPATIBLE_AT : _INCOMPATIBLE_AT + 4], "little")
        gaps.append(Gap(seen.source, f"this journal file cannot be read here (feature flags {flags:#x}): {e}", _EXPORT))
        seen.whole = False
        return
    if seen.lines == 0 and claimed:
        gaps.append(Gap(seen.source, f"the journal file holds {claimed} entries, but none could be read: written by a newer systemd, or damaged", _EXPORT))
        seen.whole = False
    elif claimed and seen.lines < claimed:
        gaps.append(Gap(seen.source, f"only {seen.lines} of the {claimed} entries of the journal file could be read", _EXPORT))
        seen.whole = False


_EXPORT = "on the node, or any machine with its systemd or newer: journalctl --file FILE -o export > journal.export"


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
        get = self._reader._get
        parts = [f"__CURSOR={cursor}\n__REALTIME_TIMESTAMP={self._reader._get_realtime()}\n".encode()]
        for name in _FIELDS:
            try:
                value = cast("bytes", get(name))
            except (KeyError, ValueError):
                continue
            parts.append(name.encode() + b"\n" + len(value).to_bytes(8, "little") + value + b"\n")
        parts.append(b"\n")
        return b"".join(parts)


def _systemd(reader_class: Any, path: Path, scan: Scanner, clock: Clock, seen: InputSeen, whole: Whole) -> Iterator[Record]:
    with reader_class(flags=0, files=[str(path)]) as reader:
        reader.data_threshold = 0
        if reader._next():
            stream = whole(seen.source, cast("BinaryIO", Export(reader)), ExportFormat.kind)
            yield from records(stream, ExportFormat(), scan, clock, seen)


def _journalctl(path: Path, scan: Scanner, clock: Clock, seen: InputSeen, whole: Whole) -> Iterator[Record]:
    import shutil
    import subprocess

    program = shutil.which("journalctl")
    if program is None:
        raise OSError("neither systemd-python nor journalctl is installed")
    with subprocess.Popen([program, "--file", str(path), "-o", "export", "--all", "--quiet"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:  # fmt: skip
        stream = whole(seen.source, cast("BinaryIO", run.stdout), ExportFormat.kind)
        yield from records(stream, ExportFormat(), scan, clock, seen)
        error = clean(cast("BinaryIO", run.stderr).read()).strip()
        if run.wait() != 0:
            raise OSError(error or f"journalctl failed with {run.returncode}")
