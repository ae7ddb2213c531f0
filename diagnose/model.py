"""The records that flow from a source to a report; standard library only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Where(NamedTuple):
    """Enough to find a piece of evidence again: the input's path, its line (0: none) or its journal cursor."""

    source: str
    line: int = 0
    cursor: str = ""


class Record(NamedTuple):
    """One log line, journal entry or event, ready to be judged."""

    time: int | None
    """Microseconds since the epoch; None when the text tells no time."""
    program: str
    """The input it counts as (see `rule.INPUTS`); "" for text of unknown origin."""
    message: str
    where: Where
    raw: str
    """The text as it stands in the input."""
    ident: str = ""
    pid: str = ""
    host: str = ""
    boot: str = ""
    level: str = ""
    pod: str = ""
    """"namespace/name", when the line itself tells; the namespace may be empty."""
    reason: str = ""
    """An event's reason."""
    times: int = 1
    """How often it happened, as an event or a table tells."""
    first: int | None = None
    """An event's first time, when it differs from `time`."""
    part: bool = False
    """True for one line of a paragraph that may be one wrapped message: only a whole, telling message counts."""
    relative: bool = False
    """True if `time` counts from a moment that is only guessed: good for the order within the input, not as a date."""
    span: tuple[int, int] | None = None
    """Lines of which this is another reading: it counts only if none of them told anything."""


class Resource(NamedTuple):
    """One Kubernetes object."""

    kind: str
    namespace: str
    name: str
    body: dict[str, Any]
    where: Where


class Gap(NamedTuple):
    """What could not be read, why, and what would help."""

    source: str
    reason: str
    hint: str = ""


def earliest(a: int | None, b: int | None) -> int | None:
    """Return the earlier of two times, of which either may be unknown."""
    return b if a is None else a if b is None else min(a, b)


def latest(a: int | None, b: int | None) -> int | None:
    """Return the later of two times, of which either may be unknown."""
    return b if a is None else a if b is None else max(a, b)


@dataclass(slots=True)
class InputSeen:
    """One input and what was read of it."""

    source: str
    kind: str
    lines: int = 0
    size: int = 0
    first: int | None = None
    last: int | None = None
    whole: bool = True
    note: str = ""
    programs: set[str] = field(default_factory=set[str])
    """The programs (see `rule.INPUTS`) whose lines were met in samples of it."""

    def meet(self, time: int | None) -> None:
        """Widen the span of the input to `time`, if it is known."""
        self.first, self.last = earliest(self.first, time), latest(self.last, time)


class Affected(NamedTuple):
    """An object that a failure hits."""

    kind: str
    namespace: str | None
    name: str


class Evidence(NamedTuple):
    """One verbatim piece of evidence."""

    source: str
    line: int
    cursor: str
    time: int | None
    text: str


class StepText(NamedTuple):
    """One step in the reader's language, its command filled in."""

    text: str
    command: str
    effect: str


@dataclass(slots=True)
class Finding:
    """One failure: what, whom it hits, how sure, since when, how often, and its proof."""

    rule: str
    severity: str
    confidence: str
    state: str
    """active, resolved or unknown."""
    affected: list[Affected]
    captures: dict[str, str]
    count: int
    first: int | None
    last: int | None
    evidence: list[Evidence]
    explains: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    """Symptoms folded beneath this finding: rule id and count."""
    resolved_by: str = ""
    """What shows that it is over."""
    cut: bool = False
    """True if no message of it was whole."""
    sources: tuple[str, ...] = ()
    """The programs whose records show it."""


@dataclass(slots=True)
class Report:
    """One run's answer."""

    tool: str
    catalog: str
    generated: int
    """Microseconds since the epoch: `--now`, else the clock."""
    findings: list[Finding]
    inputs: list[InputSeen]
    gaps: list[Gap]
    not_checked: list[tuple[str, str]]
    window: tuple[int | None, int | None] = (None, None)
    notes: list[str] = field(default_factory=list[str])
