"""Records that tell nothing but that a pod works: kept as raw bytes, and read only where a failure makes them matter.

Healthy journals are full of them. Most are of pods that never fail; of those nobody asks.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping
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

    __slots__ = ("_read", "_unread", "_was_read")

    def __init__(self, unread: Unread, read: Read) -> None:
        """Keep `unread`."""
        self._unread = unread
        self._read = read
        self._was_read = False

    @property
    def raw(self) -> bytes:
        """What names the pod."""
        return self._unread.raw

    def records(self) -> Iterator[Record]:
        """Yield its record, once."""
        if not self._was_read:
            self._was_read = True
            record = self._read(self._unread)
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

    @property
    def seeking(self) -> bool:
        """True if any failure waits to learn whose sandbox it tells of."""
        ...

    def seeks(self, sandbox: str) -> bool:
        """Return True if a failure waits to learn whose sandbox that is."""
        ...


def _key(raw: bytes) -> bytes:
    """Return what names the pod of a sign and says what kind it is; it begins as `_POD` does."""
    at = raw.find(b"infra container: ")
    if at >= 0:
        return raw[at : raw.find(b"/POD", at) + 4]
    at = raw.find(b'pod="')
    if at >= 0:
        return raw[at : raw.find(b'"', at + 5)]
    m = _POD.search(raw)
    return m.group() if m else b""


class _Pod:
    """The signs of one kind of one pod: each with its number, and how often the pod had failed before."""

    __slots__ = ("count", "kept", "name", "on_host")

    def __init__(self, name: str, on_host: bool) -> None:  # noqa: FBT001 - private
        self.name = name
        self.on_host = on_host
        self.count = 0
        self.kept: deque[tuple[int, int, Sign]] = deque()

    def keep(self, sign: Sign, failures: int) -> list[Sign]:
        """Keep a sign; return those that are not needed any more."""
        kept = self.kept
        self.count += 1
        kept.append((self.count, failures, sign))
        gone: list[Sign] = []
        if len(kept) > RUN and kept[-RUN - 1][1] == failures:
            gone.append(kept[-RUN - 1][2])
            del kept[-RUN - 1]
        while kept[0][0] <= self.count - NEWEST:
            gone.append(kept.popleft()[2])
        return gone


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
            if isinstance(item, Record):
                yield item
            elif item is None:
                yield from self.ended()
            elif self._judge.in_turn(source):
                # The next line needs to know whose turn it is.
                record = read(item)
                if record is not None:
                    yield record
            else:
                for sign in self.keep(Sign(item, read)):
                    yield from sign.records()

    def keep(self, sign: Sign) -> list[Sign]:
        """Keep a sign; return those that have no room any more, and matter."""
        raw = sign.raw
        key = _key(raw)
        pod = self._pods.get(key)
        if pod is None:
            m = _POD.match(key)
            pod = self._pods[key] = _Pod((m[2] or m[4] or m[6]).decode("utf-8", "replace") if m else "", any(x in key for x in _HOST_NETWORK))
        else:
            self._pods.move_to_end(key)
        if not pod.on_host:
            self._newest.append(sign)
        self._first = self._first or sign
        gone = pod.keep(sign, self._judge.failing.get(pod.name, 0))
        self._bytes += len(raw) - sum(len(x.raw) for x in gone)
        gone = [x for x in gone if self._sought(x)] if self._judge.seeking else []
        while self._bytes > BYTES:
            gone += self._of(self._pods.popitem(last=False)[1])
        return gone

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
            for sign in self._of(pod):
                yield from sign.records()
            if self._judge.held:
                yield from newest.records()
        self._pods.clear()

    def _of(self, pod: _Pod) -> list[Sign]:
        """Return the signs of a pod that matter; none is kept any more."""
        self._bytes -= sum(len(sign.raw) for _, _, sign in pod.kept)
        failed = not pod.name or pod.name in self._judge.failing
        return [sign for _, _, sign in pod.kept if failed or self._sought(sign)]

    def _sought(self, sign: Sign) -> bool:
        box = _SANDBOX.search(sign.raw)
        return box is not None and self._judge.seeks(box[1].decode())
