"""Layout of the timeline: boots as bands, one lane a failure, in the units of one SVG drawing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta

from diagnose.model import Finding, Moment, Report, earliest, latest
from diagnose.parse.when import micros, moment
from diagnose.record import dataclass
from diagnose.render.words import printable, wide

_TOP, _FOOT = 30, 40
_LANES = 40
"""Failures that are drawn; the rest is counted."""
_SECOND = 1_000_000
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000, 7776000, 31536000)
"""Seconds between two ticks."""
_GLYPH = {"boot": "B", "start": "S", "stop": "X"}


@dataclass(frozen=True, slots=True)
class Form:
    """How a drawing is laid out: its width, its margins, the height of a lane and where in it the line runs, columns of names, ticks at most."""

    width: int
    left: int
    right: int
    lane: int
    line: int
    columns: int
    ticks: int


WIDE = Form(960, 236, 24, 30, 15, 36, 7)
TALL = Form(340, 2, 18, 40, 26, 52, 3)
"""For narrow pages: the names stand above the lines."""


@dataclass(frozen=True, slots=True)
class Tick:
    """One mark of the axis; `day` is set where the date changes."""

    x: float
    text: float
    """Where its text stands: not beyond the drawing."""
    clock: str
    day: str


@dataclass(frozen=True, slots=True)
class Band:
    """One boot."""

    x: float
    width: float
    odd: bool


@dataclass(frozen=True, slots=True)
class Sign:
    """Something that happened to the node; several at one place are one sign."""

    x: float
    letter: str
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One failure from its first to its last moment."""

    finding: Finding
    name: str
    sub: str
    both: str
    y: float
    first: float
    last: float
    end: float | None
    """Where it is over."""
    ticks: tuple[float, ...]
    open: float | None
    """The right end of a failure that goes on, or whose end is not known."""


@dataclass(frozen=True, slots=True)
class Strip:
    """The whole drawing."""

    width: float
    height: float
    left: float
    right: float
    foot: float
    bands: tuple[Band, ...]
    ticks: tuple[Tick, ...]
    signs: tuple[Sign, ...]
    lanes: tuple[Lane, ...]
    more: int
    """Failures that are not drawn."""


class _Scale:
    def __init__(self, low: int, high: int, form: Form) -> None:
        self.low, self.high, self.form = low, high, form

    def x(self, time: int) -> float:
        at = min(max(time, self.low), self.high)
        return round(self.form.left + (at - self.low) * (self.form.width - self.form.left - self.form.right) / (self.high - self.low), 1)


def strip_of(report: Report, told: list[str], form: Form) -> Strip | None:
    """Return the drawing of all failures whose time is known, or None if there is none; `told` holds what is said of a moment, by its place."""
    dated = [f for f in report.findings if f.first is not None and f.severity != "info"]
    low, high = report.window
    for f in dated:
        low, high = earliest(low, f.first), latest(high, f.last)
        high = latest(high, f.proof.time if f.proof is not None and f.state == "resolved" else None)
    if not dated or low is None or high is None:
        return None
    margin = max((high - low) // 50, _SECOND // 2)
    scale = _Scale(low - margin, high + margin, form)
    lanes = tuple(_lane(f, number, scale) for number, f in enumerate(dated[:_LANES]))
    foot = _TOP + form.lane * len(lanes) + 4
    return Strip(
        form.width, foot + _FOOT, form.left, scale.x(scale.high), foot, tuple(_bands(report.timeline, scale)), tuple(_ticks(scale)),
        tuple(_signs(report.timeline, scale, told)), lanes, len(dated) - len(lanes),
    )  # fmt: skip


def _lane(f: Finding, number: int, scale: _Scale) -> Lane:
    form = scale.form
    first = f.first if f.first is not None else scale.low
    last = f.last if f.last is not None else first
    over = f.proof.time if f.proof is not None and f.state == "resolved" else None
    ticks = tuple(sorted({scale.x(t) for t in (first, *f.times, last)}))
    goes_on = scale.x(scale.high) if f.state != "resolved" else None
    return Lane(
        f, shortened(f.rule, form.columns), shortened(f.subject, form.columns), shortened(f"{f.rule} {f.subject}", form.columns),
        _TOP + form.lane * number + form.line, scale.x(first), scale.x(last), scale.x(over) if over is not None else None, ticks, goes_on,
    )  # fmt: skip


def shortened(text: str, columns: int) -> str:
    """Return `text` in at most `columns` columns of a terminal, without control characters, cut in its middle."""
    text = printable(text)
    if wide(text) <= columns:
        return text
    head, tail, room = "", "", columns - 1
    for n in range(len(text)):
        if wide(head) + wide(tail) + wide(text[n]) > room:
            break
        head += text[n]
        if wide(head) + wide(tail) + wide(text[-1 - n]) > room:
            break
        tail = text[-1 - n] + tail
    return f"{head}\u2026{tail}"


def _bands(moments: list[Moment], scale: _Scale) -> Iterator[Band]:
    """Yield a band a boot; what came before the first boot that is known is the first band."""
    starts = [m.time for m in moments if m.kind == "boot" and scale.low < m.time < scale.high]
    edges = [scale.low, *starts, scale.high]
    for number, (start, end) in enumerate(itertools.pairwise(edges)):
        yield Band(scale.x(start), round(scale.x(end) - scale.x(start), 1), number % 2 == 1)


def _signs(moments: list[Moment], scale: _Scale, told: list[str]) -> Iterator[Sign]:
    at: dict[float, list[tuple[str, str, str]]] = {}
    for number, m in enumerate(moments):
        if not m.rule and scale.low <= m.time <= scale.high:
            place = next((x for x in at if abs(x - scale.x(m.time)) < _APART), scale.x(m.time))
            letter = _GLYPH.get(m.kind, "C")
            at.setdefault(place, []).append((letter, m.kind if m.kind in _GLYPH else "change", told[number]))
    for x, signs in at.items():
        letter, kind, _ = min(signs, key=lambda s: "BSXC".index(s[0]))
        yield Sign(x, letter, kind, "\n".join(s[2] for s in signs))


_APART = 10
"""Units within which two signs would lie on each other."""


_HALF = 32
"""Half of a date's width."""


def _ticks(scale: _Scale) -> Iterator[Tick]:
    """Yield round moments: as many as fit, the date with the first and where it changes."""
    span = (scale.high - scale.low) / _SECOND
    step = next((s for s in _STEPS if span / s <= scale.form.ticks), int(span / scale.form.ticks))
    start = moment(scale.low)
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    since = (start - midnight).total_seconds()
    at = midnight + timedelta(seconds=(since // step + 1) * step if step < 86400 else 86400)
    form, day = ("%H:%M:%S" if step < 60 else "%H:%M"), ""
    while micros(at) <= scale.high:
        date = at.strftime("%Y-%m-%d")
        x = scale.x(micros(at))
        yield Tick(x, min(max(x, _HALF), scale.form.width - _HALF), at.strftime(form), date if date != day else "")
        day = date
        at += timedelta(seconds=step)
