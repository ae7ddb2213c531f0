"""When things happened, by the node's clock as it was last set, whatever the order in which they were read."""

from __future__ import annotations

import heapq
import itertools
from typing import NamedTuple

from diagnose.model import BootSeen, Record, offset_second
from diagnose.record import dataclass, field

STEP = 3
"""Seconds by which a wall clock must move against the monotonic clock to count as stepped."""
_RECENT = 64
"""Moments kept of one thing, the newest."""

Setting = tuple[str, int]
"""A boot and a setting of its wall clock (see `BootSeen.settings`); ("", 0) where the record does not tell."""


class Jump(NamedTuple):
    """A step of the wall clock: when (microseconds, by the corrected clock), and by how many seconds."""

    time: int
    seconds: int


def setting_of(record: Record) -> Setting:
    """Return the setting of the clock that stamped `record`."""
    return ("", 0) if record.offset is None or not record.boot else (record.boot, offset_second(record.offset))


class Clocks:
    """The clocks of all boots seen: moves stamps of a clock that was stepped later onto its last setting.

    Within a boot the monotonic clock gives the order (systemd: journal entries carry both clocks).
    """

    def __init__(self, boots: dict[str, BootSeen]) -> None:
        """Learn the settings of `boots`."""
        self.boots = boots
        self._final = {boot: max(seen.settings, key=lambda s: (seen.settings[s][1], s)) for boot, seen in boots.items() if seen.settings}

    def correct(self, setting: Setting, time: int) -> int:
        """Return `time` as the clock's last setting of that boot would have shown it."""
        boot, second = setting
        moved = self._final.get(boot, second) - second
        return time + moved * 1_000_000 if abs(moved) >= STEP else time

    def start(self, boot: str) -> int | None:
        """Return when `boot` began, by its corrected clock."""
        return self._final[boot] * 1_000_000 if boot in self._final else None

    def jumps(self) -> list[Jump]:
        """Return every step of a clock, in order."""
        found: list[Jump] = []
        for boot, seen in self.boots.items():
            ordered = sorted(seen.settings.items(), key=lambda x: x[1])
            for (before, _), (after, (since, _)) in itertools.pairwise(ordered):
                if abs(after - before) >= STEP:
                    found.append(Jump(self.correct((boot, after), after * 1_000_000 + since), after - before))
        return sorted(found)


@dataclass(slots=True)
class Times:
    """First, last and the newest moments of one thing."""

    _spans: dict[Setting, tuple[int, int]] = field(default_factory=dict[Setting, tuple[int, int]])
    _recent: list[tuple[int, Setting]] = field(default_factory=list[tuple[int, Setting]])

    def meet(self, setting: Setting, first: int, last: int) -> None:
        """Add something that happened from `first` to `last`."""
        known = self._spans.get(setting)
        self._spans[setting] = (first, last) if known is None else (min(first, known[0]), max(last, known[1]))
        if len(self._recent) < _RECENT:
            heapq.heappush(self._recent, (last, setting))
        else:
            heapq.heappushpop(self._recent, (last, setting))

    def join(self, other: Times) -> None:
        """Add the moments of another."""
        for setting, (first, last) in other._spans.items():
            known = self._spans.get(setting, (first, last))
            self._spans[setting] = (min(first, known[0]), max(last, known[1]))
        for moment in other._recent:
            heapq.heappush(self._recent, moment)
        while len(self._recent) > _RECENT:
            heapq.heappop(self._recent)

    @property
    def known(self) -> bool:
        """True if any moment is known."""
        return bool(self._spans)

    def first(self, clocks: Clocks) -> int | None:
        """Return the first moment, microseconds since the epoch, or None."""
        return min((clocks.correct(s, lo) for s, (lo, _) in self._spans.items()), default=None)

    def last(self, clocks: Clocks) -> int | None:
        """Return the last moment, or None."""
        return max((clocks.correct(s, hi) for s, (_, hi) in self._spans.items()), default=None)

    def moments(self, clocks: Clocks) -> list[int]:
        """Return the newest moments in order, at most 64."""
        return sorted({clocks.correct(s, t) for t, s in self._recent})
