"""Finds the places in raw bytes where any of many literals stands: the one look that every byte gets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

SMALL = 128 * 1024
"""Bytes up to which the plain search is faster than building the vector engine's tables."""


class Plan(NamedTuple):
    """What to look for, in lower case."""

    literals: tuple[str, ...]
    signs: frozenset[str] = frozenset()
    """Those that only tell that something works: a record that has nothing else can wait."""
    numbers: frozenset[str] = frozenset()
    """Those behind which a text stands as numbers between commas, one for each byte."""
    beside: dict[str, tuple[tuple[str, ...], ...]] = {}  # noqa: RUF012 - never changed
    """What must stand in the same record, one of these sets, for a frequent literal to count."""


_Find = Callable[["bytes | memoryview"], list[tuple[int, int]]]


class Scanner:
    """Looks for all of `literals` in buffers, ignoring ASCII case.

    The vector engine (pyperscan) serves where its wheel is installed, built when the input is large enough to repay it; else
    the plain search does. Both give the same hits; `engine` names the one in use.
    """

    def __init__(self, literals: Iterable[str] | Plan) -> None:
        """Take each literal once."""
        plan = literals if isinstance(literals, Plan) else Plan(tuple(literals))
        self._literals = sorted({x.lower().encode() for x in (*plan.literals, *plan.signs, *plan.numbers) if x})
        self.seen = 0
        """Bytes that were looked at; not counted beyond `SMALL`."""
        self._find: _Find | None = None
        self._built = "plain"
        self.slow = False
        """True if an input was large enough for the vector engine, and it is not installed."""
        self.engine = "plain"
        """The engine in use."""
        number = {x: n for n, x in enumerate(self._literals)}
        self.signs = frozenset(number[x.encode()] for x in plan.signs)
        self._beside = {number[k.encode()]: tuple(tuple(x.encode() for x in some) for some in v) for k, v in plan.beside.items()}
        self._numbers = frozenset(number[x.encode()] for x in plan.numbers)
        self._weak = self.signs | self._numbers | self._beside.keys()

    def __call__(self, buffer: bytes | memoryview) -> list[int]:
        """Return the offset of the last byte of every hit, ascending."""
        return sorted({at for at, _ in self.find(buffer)})

    def find(self, buffer: bytes | memoryview) -> list[tuple[int, int]]:
        """Return every hit, ascending: the offset of its last byte, and the number of its literal."""
        if self.seen <= SMALL:
            self.seen += len(buffer)
            if self.seen <= SMALL:
                return _plain(self._literals, buffer)
        found = self.prepared()(buffer)
        self.engine = self._built
        return found

    def add(self, seen: int) -> None:
        """Take into account what another process has looked at."""
        self.seen += seen
        if self.seen > SMALL:
            self.prepared()
            self.engine = self._built

    def prepared(self) -> _Find:
        """Return the engine for large inputs; it is built once."""
        if self._find is None:
            self._find = self._build()
        return self._find

    def tells(self, raw: bytes | bytearray, literals: set[int]) -> str:
        """Return what a record with those literals may hold: "message", "sign" where it only tells that something works, or "" for nothing."""
        if not literals <= self._weak:
            return "message"
        if literals and literals <= self.signs:
            return "sign"
        low, told = raw.lower(), {"sign"} if literals & self.signs else {""}
        for n in literals:
            if n in self._numbers:
                told.add(self._tell_numbers(raw, self._literals[n]))
            for some in self._beside.get(n, ()):
                for text in some:
                    if text not in low:
                        break
                else:
                    return "message"
        return "message" if "message" in told else "sign" if "sign" in told else ""

    def _tell_numbers(self, raw: bytes | bytearray, marker: bytes) -> str:
        """Return what the text holds that stands as numbers behind `marker`."""
        at = raw.lower().find(marker) + len(marker)
        try:
            text = bytes(int(x) & 255 for x in raw[at : raw.find(b"]", at)].split(b","))
        except ValueError:
            return "message"
        return self.tells(text, {n for _, n in self.find(text)} - self._numbers)

    def _build(self) -> _Find:
        try:
            import pyperscan
        except (ImportError, OSError):  # no wheel for this platform, or its CPU is too old for it
            self.slow = True
            return lambda buffer: _plain(self._literals, buffer)
        self._built = "pyperscan"
        hits: list[tuple[int, int]] = []
        go_on = pyperscan.Scan.Continue

        def keep(_context: None, literal: int, _start: int, end: int, /) -> pyperscan.Scan:
            hits.append((end - 1, literal))
            return go_on

        patterns = [pyperscan.Pattern(_escaped(x), pyperscan.Flag.CASELESS, tag=n) for n, x in enumerate(self._literals)]
        database = pyperscan.BlockDatabase(*patterns).build(None, keep)

        def run(buffer: bytes | memoryview) -> list[tuple[int, int]]:
            hits.clear()
            database.scan(buffer)
            return sorted(hits)

        return run


def _escaped(literal: bytes) -> bytes:
    return b"".join(bytes([c]) if chr(c).isalnum() or c == 0x20 else b"\\x%02x" % c for c in literal)


def _plain(literals: list[bytes], buffer: bytes | memoryview) -> list[tuple[int, int]]:
    low = bytes(buffer).lower()
    hits: list[tuple[int, int]] = []
    for number, literal in enumerate(literals):
        at = low.find(literal)
        while at >= 0:
            hits.append((at + len(literal) - 1, number))
            at = low.find(literal, at + 1)
    return sorted(hits)
