"""Finds the places in raw bytes where any of many literals stands: the one look that every byte gets."""

from __future__ import annotations

from collections.abc import Callable, Iterable

# Characters that change form between the levels of quoting, or where lines are wrapped.
_UNSTABLE = "\"'\\\t\n<>&`"
SMALL = 128 * 1024
"""Bytes up to which the plain search is faster than building the vector engine's tables."""

_Scan = Callable[[bytes], list[int]]


def longest_stable(literal: str) -> str:
    """Return the longest part of `literal` that is the same in every form of log; it may be short or empty."""
    best = part = ""
    for c in literal + "\n":
        if c in _UNSTABLE or not c.isascii():
            if len(part.strip()) > len(best):
                best = part.strip()
            part = ""
        else:
            part += c
    return best


class Scanner:
    """Looks for all of `literals` in buffers, ignoring ASCII case.

    The vector engine (pyperscan) serves where its wheel is installed, built when the input is large enough to repay it; else
    the plain search does. Both give the same hits; `engine` names the one in use.
    """

    def __init__(self, literals: Iterable[str]) -> None:
        """Take each literal once."""
        self._literals = sorted({x.lower().encode() for x in literals if x})
        self._seen = 0
        self._scan: _Scan | None = None
        self.engine = "plain"

    def __call__(self, buffer: bytes) -> list[int]:
        """Return the offset of the last byte of every hit, ascending."""
        if self._scan is None:
            self._seen += len(buffer)
            if self._seen <= SMALL:
                return _plain(self._literals, buffer)
            self._scan = self._build()
        return self._scan(buffer)

    def _build(self) -> _Scan:
        try:
            import pyperscan
        except (ImportError, OSError):  # no wheel for this platform, or its CPU is too old for it
            return lambda buffer: _plain(self._literals, buffer)
        self.engine = "pyperscan"
        ends: list[int] = []
        go_on = pyperscan.Scan.Continue

        def keep(_context: None, _tag: int, _start: int, end: int, /) -> pyperscan.Scan:
            ends.append(end - 1)
            return go_on

        patterns = [pyperscan.Pattern(_escaped(x), pyperscan.Flag.CASELESS) for x in self._literals]
        database = pyperscan.BlockDatabase(*patterns).build(None, keep)

        def run(buffer: bytes) -> list[int]:
            ends.clear()
            database.scan(buffer)
            return sorted(set(ends))

        return run


def _escaped(literal: bytes) -> bytes:
    return b"".join(bytes([c]) if chr(c).isalnum() or c == 0x20 else b"\\x%02x" % c for c in literal)


def _plain(literals: list[bytes], buffer: bytes) -> list[int]:
    low = bytes(buffer).lower()
    ends: set[int] = set()
    for literal in literals:
        at = low.find(literal)
        while at >= 0:
            ends.add(at + len(literal) - 1)
            at = low.find(literal, at + 1)
    return sorted(ends)
