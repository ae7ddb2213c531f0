"""Follows the node's journal, and all else beside it: what is new since the device was read, for as long as it is asked to.

Sources: systemd src/libsystemd/sd-journal/sd-journal.c (sd_journal_open_directory takes in what journald rotates and lets go of what it
vacuums, where sd_journal_open_files does not; sd_journal_seek_cursor goes to what follows where the entry itself is gone), journalctl(1).
"""

from __future__ import annotations

import importlib
import io
import os
import queue
import select
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from diagnose.collect import journal, native
from diagnose.collect.device import Deadline, Device
from diagnose.collect.evidence import Options
from diagnose.collect.follow_api import PATHS, Objects
from diagnose.collect.live import COLLECTORS, STREAMED, Live
from diagnose.collect.stream import ExportFormat, records
from diagnose.model import Collected, Gap, InputSeen, Record, Resource
from diagnose.parse.when import Clock
from diagnose.pattern import lazy
from diagnose.record import dataclass, field
from diagnose.scan import Plan, Scanner

_SETTLE = 0.5
"""Seconds for which new entries are waited for together: a message's lines are entries of their own."""
_LOOK = 5.0
"""Seconds between two looks for folders that are new."""
_ASLEEP = 60.0
"""Seconds without a look after which this process, or the machine, slept: the folders are opened anew."""
_BATCH = 256
"""Records that are handed over together."""
_MOST = 8 * 1024 * 1024
"""Bytes of a program's output that are read together."""
_HANDED = 5000
"""Entries that are remembered, so that none is handed over twice."""
_AHEAD = 32
"""Batches that may wait."""
_FIRST, _LONGEST = 1.0, 30.0
"""Seconds before a program that ended is started again: at first, and at most."""
_SEPARATOR = b"\n\n__CURSOR="
_TIME = lazy(r";t=([0-9a-f]+)(?:;|$)")


class News(NamedTuple):
    """What one source tells that is new."""

    name: str
    """The collector's name."""
    items: list[Record | Resource] = []  # noqa: RUF012 - never changed
    seen: InputSeen | None = None
    """How far its input was read."""
    about: str = ""
    """The source whose gaps `gaps` are from now on; "": nothing new of gaps."""
    gaps: tuple[Gap, ...] = ()


class Reread(NamedTuple):
    """All that a collector found when it looked again."""

    name: str
    items: list[Record | Resource]
    inputs: list[InputSeen]
    gaps: list[Gap]
    collected: Collected | None
    """None for what follows from what the collectors found: it is none of them."""


@dataclass(frozen=True, slots=True)
class _Counted:
    """An item that takes up room."""

    item: object


class Inbox:
    """Where all sources put what is new, and one reader takes it; a source waits while the reader lags behind."""

    def __init__(self) -> None:
        """Begin empty."""
        self._items: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._room = threading.BoundedSemaphore(_AHEAD)

    def put(self, item: object) -> None:
        """Add what is new; waits for room."""
        self._room.acquire()
        self._items.put(_Counted(item))

    def call(self, item: object) -> None:
        """Add what cannot wait; a signal handler may do so."""
        self._items.put(item)

    def get(self, seconds: float) -> object | None:
        """Return the next item, None if there is none within so many seconds."""
        try:
            item = self._items.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return None
        if isinstance(item, _Counted):
            self._room.release()
            return item.item
        return item


# --- journal ----------------------------------------------------------------------------------------------------------


class _Place(NamedTuple):
    """How far a folder's journal was read: the last entry, and its time in microseconds since the epoch."""

    cursor: str = ""
    time: int = 0


class _Native:
    """The new entries of one folder, through systemd-python."""

    def __init__(self, folder: Path, place: _Place) -> None:
        """Stand behind `place`. Raises `OSError` where the folder cannot be read."""
        self.place = place
        # By name, since type checkers find neither the module where it is not installed nor types where it is.
        self._reader: Any = importlib.import_module("systemd._reader")._Reader(flags=0, path=str(folder))
        self._reader.data_threshold = 0
        self._reader.fileno()  # from now on it is told of changes
        journal.narrow(self._reader, "")
        self._unread = False
        """True where it stands on an entry that was not read."""
        if place.cursor:
            self._reader.seek_cursor(place.cursor)
            self._unread = self._reader._next() and not self._reader.test_cursor(place.cursor)
        elif place.time:
            self._reader.seek_realtime(place.time + 1)
        else:
            self._reader.seek_head()

    @staticmethod
    def end(folder: Path, deadline: Deadline) -> _Place:
        """Return the place of the newest entry."""
        del deadline
        tail = _Native(folder, _Place())
        with tail._reader as reader:
            reader.seek_tail()
            return _Place(reader._get_cursor(), reader._get_realtime()) if reader._previous() else _Place()

    def fileno(self) -> int:
        """Return what becomes readable when there may be more."""
        return self._reader.fileno()

    def read(self, scan: Scanner, seen: InputSeen, deadline: Deadline) -> Iterator[Record]:
        """Yield the records of what is new."""
        self._reader.process()
        if not self._unread and not self._reader._next():
            return
        self._unread = False
        yield from records(cast("BinaryIO", native.Export(self._reader, "", deadline)), ExportFormat(), scan, _clock(), seen)
        self.place = _Place(self._reader._get_cursor(), self._reader._get_realtime())

    def close(self) -> None:
        """Let go of all files."""
        self._reader.close()


class _Journalctl:
    """The same through `journalctl --follow`."""

    def __init__(self, folder: Path, place: _Place, deadline: Deadline) -> None:
        """Stand behind `place`. Raises `OSError` where the program cannot be started."""
        self.place = place
        self._deadline = deadline
        self._rest = b""
        arguments = [_program(), "--follow", "--no-tail", "--output=export", "--all", "--quiet", f"--directory={folder}"]
        if place.cursor:
            # Where that entry is gone, --after-cursor leaves out the one behind it, too (systemd 252 src/journal/journalctl.c).
            arguments.append(f"--cursor={place.cursor}")
        elif place.time:
            arguments.append(f"--since=@{place.time // 1_000_000}")
        for number, fields in enumerate(journal.matches("")):
            arguments += ["+"] * bool(number) + list(fields)
        self._run = deadline.start(arguments)
        os.set_blocking(self.fileno(), False)

    @staticmethod
    def end(folder: Path, deadline: Deadline) -> _Place:
        """Return the place of the newest entry."""
        said = deadline.run([_program(), "--quiet", "--output=cat", "--output-fields=_BOOT_ID", "--show-cursor", "--lines=1", f"--directory={folder}"])
        if said.error and (said.code != 1 or not said.error.startswith("exit code")):  # what it says of an empty journal
            raise OSError(said.error)
        cursor = said.text.decode("ascii", "replace").rpartition("-- cursor: ")[2].strip()
        m = _TIME.search(cursor)
        return _Place(cursor, int(m[1], 16)) if m is not None else _Place()

    def fileno(self) -> int:
        """Return what becomes readable when there may be more."""
        return cast("BinaryIO", self._run.stdout).fileno()

    def read(self, scan: Scanner, seen: InputSeen, deadline: Deadline) -> Iterator[Record]:
        """Yield the records of what is new. Raises `OSError` if the program ended."""
        data, ended = self._rest, False
        while not ended and len(data) < _MOST and not deadline.over:
            try:
                part = os.read(self.fileno(), 1 << 20)
            except BlockingIOError:
                break
            data, ended = data + part, not part
        whole = len(data) if data.endswith(b"\n\n") else data.rfind(_SEPARATOR) + 2
        data, self._rest = (data[:whole], data[whole:]) if whole > 1 else (b"", data)
        if data.startswith(f"__CURSOR={self.place.cursor}\n".encode()):
            data = data[data.find(_SEPARATOR) + 2 :] if _SEPARATOR in data else b""
        if data:
            yield from records(io.BytesIO(data), ExportFormat(), scan, _clock(), seen)
            last = data[data.rfind(b"__CURSOR=") :].partition(b"\n")[0].removeprefix(b"__CURSOR=").decode("ascii", "replace")
            m = _TIME.search(last)
            self.place = _Place(last, int(m[1], 16) if m is not None else self.place.time)
        if ended:
            said = cast("BinaryIO", self._run.stderr).read().decode("utf-8", "replace").strip()
            raise OSError(f"journalctl: {said or f'ended with {self._run.wait()}'}")

    def close(self) -> None:
        """End the program."""
        self._run.kill()
        self._run.communicate()
        self._deadline.ended(self._run)


def _program() -> str:
    """Return the path of journalctl. Raises `OSError` where it is not installed."""
    program = shutil.which("journalctl")
    if program is None:
        raise OSError("neither systemd-python nor journalctl is installed")
    return program


def _clock() -> Clock:
    return Clock(datetime.now(UTC), UTC)


def _has_library() -> bool:
    try:
        importlib.import_module("systemd._reader")
    except ImportError:
        return False
    return True


@dataclass(slots=True)
class _Folder:
    """One folder, and what became of following it."""

    path: Path
    place: _Place
    tail: _Native | _Journalctl | None = None
    wait: float = _FIRST
    again: float = 0.0
    """When to try again, on the monotonic clock."""
    gap: bool = False
    node: tuple[int, int] = (0, 0)
    """Device and inode of the folder that was opened."""


@dataclass(slots=True)
class Journal:
    """Follows the journal: `begin` notes where it ends, `run` puts what is new into the inbox until the deadline is stopped."""

    device: Device
    inbox: Inbox
    deadline: Deadline
    wake: int
    """A file that becomes readable when the deadline is stopped."""
    library: bool = field(default_factory=_has_library)
    """True to read through systemd-python, False through journalctl."""
    _folders: dict[Path, _Folder] = field(default_factory=dict[Path, _Folder])
    _before: int = 0
    """`newest` at the last look for new folders."""
    _handed: dict[str, None] = field(default_factory=dict[str, None])
    """The newest entries that were handed over, by what stays of a cursor when the entry is copied into another file."""

    def begin(self) -> None:
        """Note where each folder's journal ends now: what was there before is read by others."""
        for path, node in _reachable(self.device).items():
            try:
                place = (_Native if self.library else _Journalctl).end(path, self.deadline)
            except (OSError, ValueError):
                place = _Place("", time.time_ns() // 1000)
            self._folders[path] = _Folder(path, place, node=node)
        self._before = self.newest

    @property
    def newest(self) -> int:
        """The time of the newest entry read, microseconds since the epoch; 0 where there is none."""
        return max((f.place.time for f in self._folders.values()), default=0)

    def run(self, scan: Scanner) -> None:
        """Follow until the deadline is stopped."""
        looked = time.monotonic()
        while not self.deadline.stopped.is_set():
            opened = self._look()
            tails = {f.tail: f for f in self._folders.values() if f.tail is not None}
            ready = select.select([*tails, self.wake], [], [], 0.0 if opened else self._wait())[0]
            if self.wake not in ready and (ready or opened):
                self.deadline.stopped.wait(_SETTLE)
            now = time.monotonic()
            slept, looked = now - looked > _ASLEEP, now
            for folder in tails.values():
                self._drain(folder, scan)
                if slept:
                    self._close(folder)  # more may have happened than the kernel notes down for a sleeper
        for folder in self._folders.values():
            self._close(folder)

    def _wait(self) -> float:
        """Return the seconds until the next look."""
        again = (f.again - time.monotonic() for f in self._folders.values() if f.tail is None)
        return max(0.0, min([_LOOK, *again]))

    def _look(self) -> bool:
        """Open the folders that are new, or that could not be read before; let go of those that vanished. Return True if one was opened."""
        opened = False
        there = _reachable(self.device)
        for path in self._folders.keys() - there.keys():
            self._close(self._folders.pop(path))
        before, self._before = self._before, self.newest
        for path, node in there.items():
            # journald moves the volatile journal into a new folder: what was read long ago is not read again.
            folder = self._folders.setdefault(path, _Folder(path, _Place("", before)))
            if folder.node != node:
                self._close(folder)
            if folder.tail is None and time.monotonic() >= folder.again:
                folder.node = node
                try:
                    folder.tail = _Native(path, folder.place) if self.library else _Journalctl(path, folder.place, self.deadline)
                except (OSError, ValueError) as e:
                    self._failed(folder, e)
                else:
                    opened = True
        return opened

    def _drain(self, folder: _Folder, scan: Scanner) -> None:
        """Hand over what is new in a folder."""
        if folder.tail is None:
            return
        seen = InputSeen(journal.SOURCE, "journal")
        batch: list[Record | Resource] = []
        try:
            for record in folder.tail.read(scan, seen, self.deadline):
                seen.hear(record.program, record.time, record.boot, record.offset)
                if self._is_new(record, folder.place):
                    batch.append(record)
                if len(batch) >= _BATCH:
                    self.inbox.put(News(journal.SOURCE, batch))
                    folder.place, batch = _behind(batch, folder.place), []
            folder.place = folder.tail.place
        except (OSError, ValueError) as e:
            folder.place = _behind(batch, folder.place)
            self._failed(folder, e)
            recovered = False
        else:
            recovered = folder.gap and seen.lines > 0
        if batch or seen.lines:
            self.inbox.put(News(journal.SOURCE, batch, seen, str(folder.path) if recovered else ""))
        if recovered:
            folder.wait, folder.gap = _FIRST, False

    def _is_new(self, record: Record, place: _Place) -> bool:
        """Return False for an entry that was handed over already, from this file or another, or is older than where the folder begins."""
        if not place.cursor and _behind([record], place).time <= place.time:
            return False
        entry = record.where.cursor.partition(";b=")[2]
        if entry in self._handed:
            return False
        self._handed[entry] = None
        if len(self._handed) > _HANDED:
            del self._handed[next(iter(self._handed))]
        return True

    def _failed(self, folder: _Folder, error: Exception) -> None:
        """Try again later, and tell of it once."""
        self._close(folder)
        folder.again, folder.wait = time.monotonic() + folder.wait, min(folder.wait * 2, _LONGEST)
        if not folder.gap and not self.deadline.stopped.is_set():
            folder.gap = True
            gap = Gap(str(folder.path), f"the journal cannot be followed: {error}", "journalctl --verify; it is tried again")
            self.inbox.put(News(journal.SOURCE, about=str(folder.path), gaps=(gap,)))

    def _close(self, folder: _Folder) -> None:
        if folder.tail is not None:
            folder.tail.close()
            folder.tail = None


def _behind(batch: list[Record | Resource], place: _Place) -> _Place:
    """Return the place of the last record that was handed over."""
    last = next((x.where.cursor for x in reversed(batch) if x.where.cursor), "")
    m = _TIME.search(last)
    return _Place(last, int(m[1], 16)) if m is not None else place


def _reachable(device: Device) -> dict[Path, tuple[int, int]]:
    """Return the folders that may be read, with device and inode of each; of the others the collector told."""
    found: dict[Path, tuple[int, int]] = {}
    for path in journal.folders(device):
        try:
            about = path.stat()
        except OSError:
            continue
        if os.access(path, os.R_OK | os.X_OK):
            found[path] = about.st_dev, about.st_ino
    return found


# --- what is looked at again -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Again:
    """Runs the collectors that nothing can be followed of, whenever it is asked to."""

    device: Device
    literals: Plan
    options: Options
    names: tuple[str, ...]
    inbox: Inbox
    deadline: Deadline
    _asked: threading.Event = field(default_factory=threading.Event)

    def ask(self) -> None:
        """Look again soon."""
        self._asked.set()

    def run(self) -> None:
        """Look when asked to, until the deadline is stopped."""
        while self._asked.wait() and not self.deadline.stopped.is_set():
            self._asked.clear()
            live = Live(self.literals, self.options, self.device, collectors={name: COLLECTORS[name] for name in self.names})
            for name, items in live.parts():
                evidence = live.evidence(name)
                self.inbox.put(Reread(name, items, list(evidence.inputs), list(evidence.gaps), live.collected.get(name)))


# --- all together ------------------------------------------------------------------------------------------------------


class Follower:
    """Follows everything that can be followed; what is new comes into `inbox`."""

    def __init__(self, device: Device, literals: Plan, options: Options) -> None:
        """Start nothing yet."""
        self.inbox = Inbox()
        self._device = device
        self._literals = literals
        self._deadline = Deadline(float("inf"))
        self._pipe = os.pipe()
        self._journal = Journal(device, self.inbox, self._deadline, self._pipe[0])
        self._again = Again(device, literals, options, tuple(n for n in COLLECTORS if n != STREAMED), self.inbox, self._deadline)
        self._threads: list[threading.Thread] = []

    def begin(self) -> None:
        """Note where the journal ends now; call it before the device is read."""
        self._journal.begin()

    @property
    def newest(self) -> int:
        """The time of the newest journal entry that is not followed, microseconds since the epoch."""
        return self._journal.newest

    def start(self) -> None:
        """Follow from where `begin` noted."""
        scan = Scanner(self._literals)
        objects = [Objects(self._device, kind, self.inbox.put, self._deadline) for kind in PATHS]
        runs = {"journal": lambda: self._journal.run(scan), "again": self._again.run, **{f"api {o.kind}": o.run for o in objects}}
        for name, run in runs.items():
            thread = threading.Thread(target=self._guarded, args=(name, run), name=f"msnet-{name}", daemon=True)
            thread.start()
            if not name.startswith("api"):  # which wait for an answer that nothing else can end
                self._threads.append(thread)

    def _guarded(self, name: str, run: Callable[[], None]) -> None:
        """Run until the end; where that breaks, tell of it, and try again later."""
        while not self._deadline.stopped.is_set():
            try:
                run()
            except Exception as e:
                if os.environ.get("MSNET_DEBUG"):
                    raise
                gap = Gap(name, f"not followed for a moment: {type(e).__name__}: {e}", "MSNET_DEBUG=1 shows where; this is a fault of msnet")
                self.inbox.put(News(name, about=name, gaps=(gap,)))
                self._deadline.stopped.wait(_LONGEST)
                self.inbox.put(News(name, about=name))

    def again(self) -> None:
        """Look again at what cannot be followed."""
        self._again.ask()

    def stop(self, seconds: float = 2.0) -> None:
        """End all threads and programs, within so many seconds."""
        self._deadline.stop()
        self._again.ask()
        os.write(self._pipe[1], b"x")
        end = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
