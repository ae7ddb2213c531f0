"""Records that tell nothing but that a pod works: kept as raw bytes, and read only where a failure makes them matter.

Healthy journals are full of them. Most are of pods that never fail; of those nobody asks.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import NamedTuple, Protocol

from diagnose.model import Record
from diagnose.own import HOST_NETWORK
from diagnose.pattern import lazy

BYTES = 8 * 1024 * 1024
"""Bytes that are kept at most; the pods whose last sign is oldest go first."""
NEWEST = 64
"""Signs of each pod and kind that are looked at, as many as moments are (see `times.Times`); and as many of each input are read in any case: they tell
that the node's network works, and till when, save those of pods that need none."""
RUN = 8
"""Signs that are kept of those between two failures: the last one tells all, unless another input tells of a failure between them."""
# CRI-O, the kubelet (klog's ObjectRef) and client-go's event recorder, whose quotes have any number of backslashes before them.
_POD = lazy(rb'infra container: ([^/\s]+)/([^/\s]+)/POD|pod=\\*"([^"/\\]+)/([^"\\]+)|Namespace:\\*"([^"\\]+)\\*", Name:\\*"([^"\\]+)')
_HOST_NETWORK = tuple(x.encode() for x in HOST_NETWORK)
_SANDBOX = lazy(rb"Ran pod sandbox (\w+)")


class Unread(NamedTuple):
    """A record that was found and not read: `raw` names the pod, `key` is for whoever reads it."""

    raw: bytes
    key: object


Read = Callable[[Unread], Record | None]


class Sign:
    """One record that was not read yet, and what reads it."""

    __slots__ = ("_read", "_was_read", "raw")

    def __init__(self, raw: bytes, read: Callable[[], Record | None]) -> None:
        """Keep `raw`, which names the pod; `read` reads the record."""
        self.raw = raw
        self._read = read
        self._was_read = False

    def records(self) -> Iterator[Record]:
        """Yield its record, once."""
        if not self._was_read:
            self._was_read = True
            record = self._read()
            if record is not None:
                yield record


class Judge(Protocol):
    """Whoever the records are read for, as far as it tells whose signs matter."""

    @property
    def failing(self) -> Mapping[str, int]:
        """How often each pod failed so far, by its name without the namespace."""
        ...

    held: bool
    """True if objects are among the evidence: then it matters of every pod whether it works."""

    def in_turn(self, source: str) -> bool:
        """Return True while a line of `source` told whose turn it is, and no later one told otherwise."""
        ...

    def seeks(self, sandbox: str) -> bool:
        """Return True if a failure waits to learn whose sandbox that is."""
        ...


class _Pod:
    """The signs of one kind of one pod: each with its number, and how often the pod had failed before."""

    __slots__ = ("count", "kept", "name")

    def __init__(self, name: str | None) -> None:
        self.name = name
        self.count = 0
        self.kept: deque[tuple[int, int, Sign]] = deque()

    def keep(self, sign: Sign, failures: int) -> Iterator[Sign]:
        """Keep a sign; yield those that are not needed any more."""
        self.count += 1
        self.kept.append((self.count, failures, sign))
        if len(self.kept) > RUN and self.kept[-RUN - 1][1] == failures:
            gone = self.kept[-RUN - 1]
            self.kept.remove(gone)
            yield gone[2]
        while self.kept[0][0] <= self.count - NEWEST:
            yield self.kept.popleft()[2]


class Signs:
    """Keeps what a run has not read yet, of each pod the newest."""

    def __init__(self, judge: Judge) -> None:
        """Begin empty."""
        self._judge = judge
        self._pods: OrderedDict[bytes, _Pod] = OrderedDict()
        """By what names the pod and says what kind of sign it is."""
        self._bytes = 0
        self._first: Sign | None = None
        self._newest: deque[Sign] = deque(maxlen=NEWEST)

    def judged(self, found: Iterator[Record | Unread | None], read: Read, source: str) -> Iterator[Record]:
        """Yield the records of `source`, and its signs, read by `read`, as far as they matter now; None stands for its end."""
        for item in found:
            if item is None:
                yield from self.ended()
            elif isinstance(item, Record):
                yield item
            elif self._judge.in_turn(source):
                # The next line needs to know whose turn it is.
                record = read(item)
                if record is not None:
                    yield record
            else:
                yield from self.keep(Sign(item.raw, partial(read, item)))

    def keep(self, sign: Sign) -> Iterator[Record]:
        """Keep a sign; yield what is read of those that have no room any more."""
        m = _POD.search(sign.raw)
        key = m.group() if m else b""
        if not any(x in key for x in _HOST_NETWORK):
            self._newest.append(sign)
        self._first = self._first or sign
        pod = self._pods.get(key)
        if pod is None:
            pod = self._pods[key] = _Pod((m[2] or m[4] or m[6]).decode("utf-8", "replace") if m else None)
        else:
            self._pods.move_to_end(key)
        self._bytes += len(sign.raw)
        for gone in pod.keep(sign, self._judge.failing.get(pod.name or "", 0)):
            self._bytes -= len(gone.raw)
            if self._sought(gone):
                yield from gone.records()
        while self._bytes > BYTES:
            yield from self._of(self._pods.popitem(last=False)[1])

    def ended(self) -> Iterator[Record]:
        """Yield the first and the newest signs of the input that has just ended."""
        for sign in (self._first, *self._newest):
            if sign is not None:
                yield from sign.records()
        self._first = None
        self._newest.clear()

    def rest(self) -> Iterator[Record]:
        """Yield what matters of all that is left, once every input was read: of pods that failed; of others only the newest, where objects name pods."""
        for pod in list(self._pods.values()):
            newest = pod.kept[-1][2]
            yield from self._of(pod)
            if self._judge.held:
                yield from newest.records()
        self._pods.clear()

    def _of(self, pod: _Pod) -> Iterator[Record]:
        failed = pod.name is None or pod.name in self._judge.failing
        for _, _, sign in pod.kept:
            self._bytes -= len(sign.raw)
            if failed or self._sought(sign):
                yield from sign.records()

    def _sought(self, sign: Sign) -> bool:
        box = _SANDBOX.search(sign.raw)
        return box is not None and self._judge.seeks(box[1].decode())
