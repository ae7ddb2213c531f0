"""Records that tell nothing but that a pod works: kept as raw bytes, and read only where a failure makes them matter.

Healthy journals are full of them. Most are of pods that never fail; of those nobody asks.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from diagnose.model import Record

LIMIT, BYTES = 8192, 4 * 1024 * 1024
"""Records, and bytes of them, that are kept at most; the oldest go first."""
_NEWEST = 64
"""Records of each input that are read in any case, the newest: they tell that the node's network works, and till when."""
# CRI-O, the kubelet (klog's ObjectRef) and client-go's event recorder, whose quotes have any number of backslashes before them.
_POD = re.compile(rb'infra container: ([^/\s]+)/([^/\s]+)/POD|pod=\\*"([^"/\\]+)/([^"\\]+)|Namespace:\\*"([^"\\]+)\\*", Name:\\*"([^"\\]+)')
_SANDBOX = re.compile(rb"Ran pod sandbox (\w+)")


class Sign(NamedTuple):
    """One record that was not read yet, and what reads it."""

    raw: bytes
    read: Callable[[bytes], Record | None]


class Judge(Protocol):
    """Whoever the records are read for, as far as it tells whose signs matter."""

    failing: set[str]
    """Names of the pods that failed, without their namespaces."""
    held: bool
    """True if objects are among the evidence: then it matters of every pod whether it works."""

    def in_turn(self, source: str) -> bool:
        """Return True while a line of `source` told whose turn it is, and no later one told otherwise."""
        ...

    def seeks(self, sandbox: str) -> bool:
        """Return True if a failure waits to learn whose sandbox that is."""
        ...


class Signs:
    """Keeps what a run has not read yet."""

    def __init__(self, judge: Judge) -> None:
        """Begin empty."""
        self._judge = judge
        self._kept: deque[Sign] = deque()
        self._bytes = 0
        self._first: Sign | None = None
        self._since = 0

    def waits(self, source: str) -> bool:
        """Return True if signs of `source` can wait: no line before them needs to know whose turn it is."""
        return not self._judge.in_turn(source)

    def keep(self, sign: Sign) -> Iterator[Record]:
        """Keep a sign; yield what is read of those that have no room any more."""
        self._kept.append(sign)
        self._bytes += len(sign.raw)
        self._since += 1
        if self._first is None:
            self._first = sign
        while len(self._kept) > LIMIT or self._bytes > BYTES:
            oldest = self._kept.popleft()
            self._bytes -= len(oldest.raw)
            if self._matters(oldest):
                yield from self._read(oldest)

    def ended(self) -> Iterator[Record]:
        """Yield the first and the newest signs of the input that has just ended."""
        first, self._first = self._first, None
        count, self._since = min(self._since, _NEWEST, len(self._kept)), 0
        newest = [self._kept.pop() for _ in range(count)][::-1]
        self._bytes -= sum(len(s.raw) for s in newest)
        if first is not None and first not in newest:
            yield from self._read(first)
        for sign in newest:
            yield from self._read(sign)

    def rest(self) -> Iterator[Record]:
        """Yield what matters of all that is left, once every input was read: of pods that failed; of others only the newest, where objects name pods."""
        newest: dict[bytes, Sign] = {}
        while self._kept:
            sign = self._kept.popleft()
            if self._matters(sign):
                yield from self._read(sign)
            elif self._judge.held:
                m = _POD.search(sign.raw)
                newest[m.group() if m else b""] = sign
        self._bytes = 0
        for sign in newest.values():
            yield from self._read(sign)

    def _matters(self, sign: Sign) -> bool:
        m = _POD.search(sign.raw)
        if m is None or (m[2] or m[4] or m[6]).decode("utf-8", "replace") in self._judge.failing:
            return True
        box = _SANDBOX.search(sign.raw)
        return box is not None and self._judge.seeks(box[1].decode())

    @staticmethod
    def _read(sign: Sign) -> Iterator[Record]:
        record = sign.read(sign.raw)
        if record is not None:
            yield record
