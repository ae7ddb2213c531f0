"""The shortest report to paste: at most 15 lines of plain text that survive a ticket, a chat and a mail."""

from __future__ import annotations

from diagnose.catalog import Catalog
from diagnose.diagnosis import usable
from diagnose.lang import Labels, labels
from diagnose.model import Finding, Report
from diagnose.render.terminal import clock, middle, seen, verdict_of
from diagnose.render.words import gap_text, printable, proof_text, wide, words

LINES = 15
"""Lines of a ticket, at most."""
_WIDTH = 100
"""Columns of a line; commands are longer where they must be."""
_WHOLE, _NAMED = 3, 2
"""Causes that are told in four lines each if there are no more of them, and how many are otherwise named in a line."""


def render(report: Report, catalog: Catalog, language: str) -> str:
    """Return the report in a few lines: verdict, causes with proof and first command, blind spots, how it was made."""
    w = labels(language)
    verdict, _ = verdict_of(report, w)
    active = [f for f in report.findings if f.state != "resolved" and f.severity != "info"]
    lines = [_cut(f"msnet: {verdict}", _WIDTH)]
    whole = _WHOLE if len(active) <= _WHOLE else _WHOLE - 1
    for f in active[:whole]:
        lines += _cause(f, catalog, w)
    named = active[whole : whole + (_NAMED if len(active) - whole != _NAMED + 1 else _NAMED + 1)]
    lines += [_line(f"{f.rule} ({_state(f, w)})", words(f, catalog.by_id[f.rule], language).title) for f in named]
    left = len(active) - whole - len(named)
    if left > 0:
        lines.append(w.more_causes.format(n=left))
    if not active:
        lines += _quiet(report, catalog, w)
    lines += [*_blind(report, w), _made(report, w)]
    return "\n".join(lines) + "\n"


def _line(head: str, text: str) -> str:
    """Return `head` and as much of `text` as fits behind it, in one line."""
    return _cut(f"{head}: {text}", _WIDTH)


def _cut(text: str, room: int) -> str:
    """Return `text` in one line of at most `room` columns, its end left out if it is longer."""
    flat = " ".join(printable(text).split())
    if wide(flat) <= room:
        return flat
    while wide(flat) > room - 2:
        flat = flat[:-1]
    return f"{flat.rstrip()} \u2026"


def _state(f: Finding, w: Labels) -> str:
    times = [w.state[f.state], w.times.format(n=f.count)]
    times += [f"{w.since} {clock(f.first)}"] if f.first is not None else []
    times += [f"{w.last} {clock(f.last)}"] if f.last is not None and f.last != f.first else []
    return ", ".join(times)


def _cause(f: Finding, catalog: Catalog, w: Labels) -> list[str]:
    """Return one cause: rule and times, the fact, the best evidence, the first command; what it lacks makes no line."""
    said = words(f, catalog.by_id[f.rule], w.language)
    lines = [f"{f.rule}: {_state(f, w)}", "  " + _cut(said.title, _WIDTH - 2)]
    if f.evidence:
        lines.append("  " + middle(f"{w.seen}: {f.evidence[0].text}", _WIDTH - 2))
    first = next((s.command for s in said.steps if s.command and "\n" not in s.command), "")
    return [*lines, f"  {w.do}: {printable(first)}"] if first else lines


def _quiet(report: Report, catalog: Catalog, w: Labels) -> list[str]:
    """Return what a report without active causes has to say: what is over, and what was looked at."""
    over = [f for f in report.findings if f.state == "resolved"][:4]
    lines = [_line(f"{f.rule} ({w.state[f.state]})", _over(f, catalog, w)) for f in over]
    if usable(report):
        lines += [_line(w.read, seen(i, w)) for i in report.inputs if i.kind != "unknown"][:4]
    return lines


def _over(f: Finding, catalog: Catalog, w: Labels) -> str:
    title = words(f, catalog.by_id[f.rule], w.language).title
    return f"{title}; {proof_text(f.proof, w)}" if f.proof is not None else title


def _blind(report: Report, w: Labels) -> list[str]:
    """Return how many blind spots there are, and the first that could hide a failure."""
    count = len(report.gaps) + any(i.kind == "unknown" for i in report.inputs)
    if not count:
        return []
    worst = next((g for g in report.gaps if g.hides), next(iter(report.gaps), None))
    told = gap_text(worst, w) if worst is not None else w.unknown_input
    return [_line(w.blind_count.format(n=count, s="" if count == 1 else "s"), told)]


def _made(report: Report, w: Labels) -> str:
    low, high = report.window
    span = f"; {w.evidence_window} {clock(low)} .. {clock(high)} UTC" if low is not None else ""
    return f"msnet {report.tool}, {w.rule_page} {report.catalog}{span}"
