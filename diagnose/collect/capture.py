"""What a run looked at, kept for a bundle: the records and resources that were judged, and the small inputs as they were read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple, cast

from diagnose.collect.spool import Spool
from diagnose.errors import MsnetError
from diagnose.model import Gap, InputSeen, Record, Resource, Restored
from diagnose.parse import bundle
from diagnose.pattern import lazy
from diagnose.record import dataclass, field

_TEXTS = 256 * 1024 * 1024
"""Bytes of inputs that are kept as they were read, without `full`."""


class Kept(NamedTuple):
    """One input as it was read."""

    name: str
    bytes: Spool
    form: str = "text"
    """Of a journal, the form that its format names."""


class LeftOut(NamedTuple):
    """An input of which only what was read out of it is kept."""

    source: str
    why: str


@dataclass(slots=True)
class Capture:
    """Takes what is judged, in order; the collectors, each in its own thread, hand over inputs as they are read."""

    full: bool = False
    """Keep logs and journals whole, not only the lines around what matters."""
    resources: list[Resource] = field(default_factory=list[Resource])
    kept: list[Kept] = field(default_factory=list[Kept])
    left_out: list[LeftOut] = field(default_factory=list[LeftOut])
    count: int = 0
    """Records taken."""
    run: Restored = field(default_factory=Restored)
    inputs: list[InputSeen] = field(default_factory=list[InputSeen])
    gaps: list[Gap] = field(default_factory=list[Gap])
    """What could not be read; blind spots are told anew from the evidence."""
    _records: Spool = field(default_factory=Spool)
    _size: int = 0

    def take(self, item: Record | Resource) -> None:
        """Keep what is about to be judged."""
        if isinstance(item, Resource):
            self.resources.append(item)
            return
        self.count += 1
        self._records.write(line(bundle.of_record(item)))

    def content(self, name: str, raw: bytes) -> None:
        """Keep a small input as it was read."""
        if self._size + len(raw) > _TEXTS:
            self.left_out.append(LeftOut(name, f"more than {_TEXTS // (1024 * 1024)} MiB of files"))
            return
        self._size += len(raw)
        spool = Spool()
        try:
            spool.write(raw)
        except MsnetError as e:
            self.leave_out(name, str(e))
        else:
            self.kept.append(Kept(name, spool))

    def stream(self, name: str, stream: BinaryIO, form: str) -> BinaryIO:
        """Return `stream`, which is kept as far as it is read."""
        kept = Kept(name, Spool(), form)
        self.kept.append(kept)

        def failed(why: str) -> None:
            self.kept.remove(kept)
            self.leave_out(name, why)

        return cast("BinaryIO", _Tee(stream, kept.bytes, failed))

    def leave_out(self, name: str, why: str) -> None:
        """Remember that an input is not kept as it is."""
        self.left_out.append(LeftOut(name, why))

    def ended(self, run: Restored, inputs: list[InputSeen], gaps: list[Gap]) -> None:
        """Take how the run went, after its last record."""
        self.run, self.inputs, self.gaps = run, inputs, gaps

    def records(self) -> Iterator[Record]:
        """Yield the records again."""
        with self._records.read() as stream:
            for raw in stream:
                yield bundle.record(json.loads(raw))

    def texts(self) -> Iterator[str]:
        """Yield the names and texts of the inputs, a large one in parts that end with a line."""
        for kept in sorted(self.kept, key=lambda k: k.name):
            yield kept.name
            yield from parts(kept.bytes)


class _Tee:
    """A stream whose bytes are put aside as they are read, as long as there is room for them."""

    def __init__(self, stream: BinaryIO, spool: Spool, failed: Callable[[str], None]) -> None:
        self._stream = stream
        self._spool: Spool | None = spool
        self._failed = failed

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        if self._spool is not None:
            try:
                self._spool.write(data)
            except MsnetError as e:
                self._spool = None
                self._failed(str(e))
        return data


_PART = 4 * 1024 * 1024


def parts(spool: Spool) -> Iterator[str]:
    """Yield a text in parts of about 4 MiB that end with a line."""
    with spool.read() as stream:
        while raw := stream.read(_PART):
            raw += stream.readline(_PART)
            yield raw.decode("utf-8", "replace")


def line(value: object) -> bytes:
    """Return a value as one line of JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace") + b"\n"


_UNSAFE = lazy(r"[^\w.@+=,%~ -]")


def path_of(name: str) -> str:
    """Return an input's name as a path that stands within a folder whatever it is: of an archive's member, its path in there."""
    found = [_UNSAFE.sub("_", p)[:200] for p in name.replace("\\", "/").rpartition("!")[2].split("/") if p not in ("", ".", "..")]
    return "/".join(found)[-800:].lstrip("/") or "input"
