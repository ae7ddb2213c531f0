"""Does work in other processes, ahead of when its results are asked for; each is forked, so that it has all that this one has."""

from __future__ import annotations

import fcntl
import os
import pickle
import select
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

from diagnose.errors import MsnetError

Work = Callable[[], Generator[Any, None, Any]]
"""Yields its results, and returns what is to be told at the end of them."""
_BATCH, _BYTES = 512, 256 * 1024
"""Results, and about the bytes of their texts, that are sent together."""
_ROOM = 4 * 1024 * 1024
"""Bytes of results that wait for one work; it rests while there are more."""
_PIPE = 1024 * 1024
_SIZE: Final = 4
"""Bytes that tell the size of a message."""


class _Process:
    """A process that does one work, and what it sent."""

    def __init__(self, work: Work, others: Iterable[_Process]) -> None:
        """Start it. Raises `MsnetError`."""
        self.fd, write = os.pipe()
        self._sent = bytearray()
        try:
            self.pid = os.fork()
            if not self.pid:
                _do(work, write, [self.fd, *(p.fd for p in others if p.fd >= 0)])
        except OSError as e:
            os.close(self.fd)
            raise MsnetError(f"cannot start a process: {e.strerror}", "--jobs 1 needs none") from e
        finally:
            os.close(write)
        with suppress(OSError):
            fcntl.fcntl(self.fd, fcntl.F_SETPIPE_SZ, _PIPE)

    @property
    def full(self) -> bool:
        """True while it has sent more than may wait."""
        return len(self._sent) > _ROOM

    def receive(self) -> None:
        """Take what it has sent; wait for it if there is nothing."""
        data = os.read(self.fd, _PIPE)
        self._sent += data
        if not data:
            self.end()

    def message(self) -> bytes | None:
        """Return the next message, if it is there."""
        end = _SIZE + int.from_bytes(self._sent[:_SIZE], "little")
        if len(self._sent) < max(end, _SIZE):
            return None
        found = bytes(self._sent[_SIZE:end])
        del self._sent[:end]
        return found

    def end(self) -> None:
        """End it, if it is not over."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


def _do(work: Work, write: int, others: list[int]) -> None:
    """Do the work and leave; nothing of this process may go on as if it were the other one."""
    code = 1
    try:
        # Whoever writes where nobody reads is ended: so no process outlives the one that started it.
        for fd in others:
            os.close(fd)
        _send(work(), write)
        code = 0
    finally:
        os._exit(code)


def _send(results: Generator[Any, None, Any], write: int) -> None:
    with open(write, "wb") as out:

        def message(*parts: object) -> None:
            raw = pickle.dumps(parts, pickle.HIGHEST_PROTOCOL)
            out.write(len(raw).to_bytes(_SIZE, "little") + raw)
            out.flush()

        batch: list[object] = []
        size = 0
        while True:
            try:
                item = next(results)
            except StopIteration as e:
                message(batch)
                message(None, e.value)
                return
            batch.append(item)
            size += len(getattr(item, "raw", ""))
            if len(batch) >= _BATCH or size >= _BYTES:
                message(batch)
                batch, size = [], 0


class Results:
    """The results of one work, in order; `outcome` is what it told at their end, None where its process ended before."""

    def __init__(self, ahead: Ahead) -> None:
        """Begin with the first."""
        self._ahead = ahead
        self.outcome: Any = None

    def __iter__(self) -> Iterator[Any]:
        for message in self._ahead.messages():
            # It was made by a process that this one started.
            items, *told = pickle.loads(message)  # noqa: S301
            if told:
                self.outcome = told[0]
                return
            yield from items


class Ahead:
    """Does works in at most `jobs` processes at a time, a few of them before their turn; their results are taken one work after the other."""

    def __init__(self, jobs: int, works: Iterator[Work]) -> None:
        """Start nothing yet; `works` is asked for more as there is room."""
        self._jobs = jobs
        self._works = works
        self._started: deque[_Process] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        while self._started:
            self._started.popleft().end()

    def start(self) -> None:
        """Start works, as far as there is room."""
        while len(self._started) < 2 * self._jobs and sum(p.fd >= 0 for p in self._started) < self._jobs:
            work = next(self._works, None)
            if work is None:
                return
            # An interrupt is this process's affair, which ends the others; it must not come before the new one is known.
            signals = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            try:
                self._started.append(_Process(work, self._started))
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, signals)

    def results(self) -> Results:
        """Return the results of the work whose turn it is."""
        return Results(self)

    def messages(self) -> Iterator[bytes]:
        """Yield what the process sends whose turn it is; then it is the next one's."""
        self.start()
        process = self._started[0]
        try:
            while True:
                message = process.message()
                if message is not None:
                    yield message
                elif process.fd < 0:
                    return
                self._receive(wait=message is None)
        finally:
            self._started.popleft().end()
            self.start()

    def drop(self) -> None:
        """Leave out the work whose turn it is."""
        self.start()
        self._started.popleft().end()

    def _receive(self, *, wait: bool) -> None:
        """Take what was sent; `wait` until something was."""
        poll = select.poll()
        open_ = {p.fd: p for number, p in enumerate(self._started) if p.fd >= 0 and not (p.full and (number or not wait))}
        for fd in open_:
            poll.register(fd, select.POLLIN)
        for fd, _ in poll.poll(None if wait else 0) if open_ else ():
            open_[fd].receive()
        self.start()
