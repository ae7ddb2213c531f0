"""What happened when: boots, starts, changes of NADs and annotations, and the first, last and end of each failure."""

from __future__ import annotations

from collections.abc import Iterator

from diagnose.model import Finding, Moment
from diagnose.story import Story

_SAME = 60_000_000
"""Microseconds within which one component's signs of a start are one start."""
_LONGEST = 200
"""Moments of a timeline; what is farthest from the first failure goes."""


def timeline(story: Story, findings: list[Finding]) -> list[Moment]:
    """Return the node's story around `findings`, in order."""
    moments = sorted({*_node(story), *_changes(story), *_failures(findings)})
    if len(moments) <= _LONGEST:
        return moments
    first = min((f.first for f in findings if f.first is not None), default=story.end or 0)
    return sorted(sorted(moments, key=lambda m: (m.rule == "", abs(m.time - first)))[:_LONGEST])


def _node(story: Story) -> Iterator[Moment]:
    for time in story.boots:
        yield Moment(time, "boot", "")
    last: dict[tuple[str, str], int] = {}
    for time, mark in story.marks:
        if mark.kind in ("start", "stop"):
            again = time - last.get((mark.kind, mark.who), -_SAME) < _SAME
            last[mark.kind, mark.who] = time
            if mark.who == "node" or again:
                continue
            yield Moment(time, mark.kind, mark.who)
        elif mark.kind == "renamed":
            yield Moment(time, "renamed", f"{mark.old} > {mark.detail} ({mark.who})")
        elif mark.kind in ("cni-config", "clock"):
            yield Moment(time, mark.kind, " ".join(mark.detail.split()))
    for jump in story.clocks.jumps():
        yield Moment(jump.time, "jump", f"{jump.seconds:+d} s")


def _changes(story: Story) -> Iterator[Moment]:
    """Yield what was done to objects; what one hand did in one second is one moment."""
    together: dict[tuple[int, str, str, str], list[str]] = {}
    for c in sorted(story.engine.inventory.changes):
        kind = "NAD" if c.kind == "NetworkAttachmentDefinition" else c.kind.lower()
        together.setdefault((c.time, kind, c.what, c.who), []).append(f"{c.namespace}/{c.name}".lstrip("/"))
    for (time, kind, what, who), names in together.items():
        more = f", ... (+{len(names) - _NAMES})" if len(names) > _NAMES else ""
        yield Moment(time, what, f"{kind} {', '.join(names[:_NAMES])}{more}" + (f" ({who})" if who else ""))


_NAMES = 4
"""Objects that are named of those that changed together."""


def _failures(findings: list[Finding]) -> Iterator[Moment]:
    for f in findings:
        if f.severity == "info" or f.first is None:
            continue
        yield Moment(f.first, "failure", f.subject, f.rule)
        if f.state in ("active", "flapping") and f.last is not None and f.last != f.first:
            yield Moment(f.last, "last", f.subject, f.rule)
        if f.state == "resolved" and f.proof is not None and f.proof.time is not None:
            yield Moment(f.proof.time, "recovery", f.subject, f.rule)


def before(moments: list[Moment]) -> list[Moment]:
    """Return what changed in the ten minutes before the first failure, the newest last, at most five."""
    first = next((m.time for m in moments if m.kind == "failure"), None)
    if first is None:
        return []
    return [m for m in moments if not m.rule and first - _BEFORE <= m.time <= first][-5:]


_BEFORE = 10 * 60_000_000
