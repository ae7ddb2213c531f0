"""The report for a reader at a terminal: verdict, first cause and blind spots on the first screen.

Log text and commands are written as they are: never as markup, never with control characters, commands never wrapped.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections import Counter

from diagnose.catalog import Catalog
from diagnose.lang import Labels, labels
from diagnose.model import Affected, Evidence, Finding, Gap, InputSeen, Proof, Report
from diagnose.parse.when import moment
from diagnose.render import node, tables
from diagnose.render.words import (
    chain,
    collected_text,
    expired_text,
    gap_text,
    hint_text,
    ignored_text,
    moment_text,
    printable,
    proof_text,
    redacted_text,
    wide,
    words,
)
from diagnose.rule import Rule
from diagnose.timeline import before

_STYLE = {"error": "1;31", "warning": "1;33", "info": "36", "ok": "1;32", "dim": "2", "bold": "1"}
_MARK = {"error": ("\u2716", "x"), "warning": ("\u25b2", "!"), "info": ("\u2022", "i"), "resolved": ("\u2714", "ok"), "blind": ("?", "?")}
_EVIDENCE = 3
_PODS = 6
_INPUTS = 8
_SHAPES = 5
_MOMENTS = 12
_PROBLEMS = 8


def style(text: str, kind: str, *, color: bool) -> str:
    """Return `text` in a style of `_STYLE`, if colours are wanted."""
    return f"\x1b[{_STYLE[kind]}m{text}\x1b[0m" if color and text and kind else text


def mark(kind: str, *, unicode: bool) -> str:
    """Return the sign of a severity, of what is resolved, or of a blind spot."""
    return _MARK[kind][0 if unicode else 1]


class _Page:
    """Lines under fixed labels in one column."""

    def __init__(self, width: int, *, color: bool, unicode: bool) -> None:
        self.width = width
        self._color = color
        self._unicode = unicode
        self.lines: list[str] = []

    def style(self, text: str, kind: str) -> str:
        return style(text, kind, color=self._color)

    def mark(self, kind: str) -> str:
        return mark(kind, unicode=self._unicode)

    def add(self, text: str = "") -> None:
        self.lines.append(text.rstrip())

    def item(self, indent: str, mark: str, style: str, text: str) -> None:
        """Write one line of a list behind its mark, wrapped beneath itself."""
        sign = self.mark(mark)
        room = self.width - len(indent) - len(sign) - 2
        for number, part in enumerate(wrap(text, room)):
            self.add(indent + (self.style(sign, style) if number == 0 else " " * len(sign)) + "  " + part)

    def lead(self, label: str, gap: int, text: str, *, bold: str = "", style: str = "") -> None:
        """Write `text` behind its label at the margin, wrapped beneath itself."""
        indent = wide(label) + gap
        for number, part in enumerate(wrap(text, self.width - indent)):
            self.add((self.style(label, bold) + " " * gap if number == 0 else " " * indent) + self.style(part, style))

    def field(self, label: str, text: str, *, indent: int = 12, verbatim: bool = False, style: str = "") -> None:
        """Write `text` behind `label`, wrapped to the width unless it is `verbatim`."""
        head = "   " + label + " " * max(1, indent - 3 - wide(label))
        room = max(20, self.width - indent)
        parts = [text] if verbatim else wrap(text, room)
        for number, part in enumerate(parts or [""]):
            body = self.style(part, style) if style else part
            self.add((self.style(head, "dim") if number == 0 else " " * indent) + body)


def wrap(text: str, room: int) -> list[str]:
    """Wrap prose to `room` columns; Japanese breaks between any two characters, but not before a closing mark."""
    if text.isascii():
        return textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)
    lines: list[str] = []
    line = ""
    for word in _words(text):
        if line and wide(line) + wide(word.rstrip()) > room and word[0] not in "\u3001\u3002\u300d\uff09)":
            lines.append(line.rstrip())
            line = ""
        line += word.lstrip() if not line else word
    if line.strip():
        lines.append(line.rstrip())
    return lines


def _words(text: str) -> list[str]:
    found: list[str] = []
    word = ""
    for c in text:
        if unicodedata.east_asian_width(c) in "WF":
            if word:
                found.append(word)
            found.append(c)
            word = ""
        elif c == " ":
            found.append(word + c)
            word = ""
        else:
            word += c
    if word:
        found.append(word)
    return found


def clock(us: int | None) -> str:
    """Return a time as `2026-11-23 20:04:05` in UTC, or a dash."""
    return moment(us).strftime("%Y-%m-%d %H:%M:%S") if us is not None else "-"


def middle(text: str, room: int) -> str:
    """Return `text` in one line, cut in its middle to `room` columns; the end, where the root cause stands, stays longer."""
    flat = " ".join(printable(text).split())
    if wide(flat) <= room:
        return flat
    head = room // 4
    return f"{flat[:head]} \u2026 {flat[-(room - head - 3) :]}"


def why_sure(f: Finding, w: Labels) -> str:
    """Return why the finding is as sure as it is, and whose records show it."""
    why = f.confidence if f.sources != ("object",) else "object" if f.confidence == "high" else "suspect"
    return f"{w.cut if f.cut else w.confidence_why[why]} ({', '.join(s or w.pasted for s in f.sources)})"


def _excerpt(text: str, room: int, *, rows: int) -> list[str]:
    """Return up to `rows` lines of evidence: short lines as they stand, a long one cut in its middle."""
    lines = [printable(x) for x in text.splitlines() if x.strip()]
    if 1 < len(lines) <= rows and all(wide(x) <= room for x in lines):
        return lines
    flat = middle(text, room * rows)
    return [flat[at : at + room] for at in range(0, len(flat), room)]


def _affected(found: list[Affected], words_: Labels) -> str:
    shown = [f"{words_.kind.get(a.kind, a.kind)} {a.namespace + '/' if a.namespace else ''}{a.name}" for a in found[:_PODS]]
    if len(found) > _PODS:
        shown.append(words_.and_more.format(n=len(found) - _PODS))
    return ", ".join(shown)


def where(evidence: Evidence) -> str:
    """Return where a piece of evidence stands: file:line and its time; the journal's cursor is in the JSON report."""
    place = f"{evidence.source}:{evidence.line}" if evidence.line else evidence.source
    return f"{place}  {clock(evidence.time)}" if evidence.time is not None else place


def render(report: Report, catalog: Catalog, language: str, *, width: int, color: bool, quiet: bool, unicode: bool, everything: bool = False) -> str:
    """Return the report as text of at most `width` columns, commands and names apart; `everything` shows resolved findings whole."""
    w = labels(language)
    page = _Page(width, color=color, unicode=unicode)
    _head(page, report, w)
    active = [f for f in report.findings if f.state != "resolved" and f.severity != "info"]
    rest = [f for f in report.findings if f not in active]
    if len(active) > 1 or quiet:
        for finding in active:
            title = words(finding, catalog.by_id[finding.rule], language).title
            page.item("  ", finding.severity, finding.severity, f"{finding.rule}  {title}")
    blind = _hiding(report)
    if blind and active and not quiet:
        page.item("  ", "blind", "warning", f"{w.blind}: " + middle("; ".join(gap_text(g, w) for g in blind), page.width * 2 - 30))
    whole = [*active, *(f for f in rest if everything and f.state == "resolved")]
    for finding in whole:
        if not quiet:
            page.add()
            _finding(page, finding, catalog.by_id[finding.rule], language, w)
    rest = [f for f in rest if quiet or f not in whole]
    if rest and not quiet:
        page.add()
    for finding in rest:
        _short(page, finding, catalog.by_id[finding.rule], language, w, quiet=quiet)
    if not quiet:
        _ignored(page, report, w)
        _unexplained(page, report, w)
        _node(page, report, w)
        _tables(page, report, w)
        _timeline(page, report, w)
        _blind(page, report, w)
    return "\n".join(page.lines) + "\n"


def _hiding(report: Report) -> list[Gap]:
    return [g for g in report.gaps if g.hides]


def _ignored(page: _Page, report: Report, w: Labels) -> None:
    """Write what the user set aside, what is set aside no longer, and which rules could not be used."""
    told = [(w.ignored, ignored_text(report))] if report.ignored else []
    told += [(w.expired, expired_text(e)) for e in report.expired]
    told += [(w.not_used, f"{rule}: {why}") for rule, why in report.not_checked[:_PROBLEMS]]
    if told:
        page.add()
    for label, text in told:
        page.item("", "info", "info", f"{label}: {printable(text)}")
    if len(report.not_checked) > _PROBLEMS:
        page.field("", w.and_more.format(n=len(report.not_checked) - _PROBLEMS))


def _unexplained(page: _Page, report: Report, w: Labels) -> None:
    if not report.unexplained:
        return
    page.add()
    page.add(f"{page.style('?', 'warning')}  {w.unexplained}")
    for u in report.unexplained[:_SHAPES]:
        head = f"   {w.times.format(n=u.count):>5} "
        for number, line in enumerate(_excerpt(u.shape, page.width - len(head), rows=2)):
            page.add((head if number == 0 else " " * len(head)) + line)
        if u.example is not None:
            page.field("", where(u.example), indent=len(head), verbatim=True, style="dim")
    if len(report.unexplained) > _SHAPES:
        page.field("", w.and_more.format(n=len(report.unexplained) - _SHAPES))


def _node(page: _Page, report: Report, w: Labels) -> None:
    lines = node.terminal(report, w)
    if lines:
        page.add()
        page.add(f"{page.mark('info')}  {w.node}")
    for line in lines:
        for number, part in enumerate(wrap(line, page.width - 5)):
            page.add(("   " if number == 0 else "     ") + part)


def _tables(page: _Page, report: Report, w: Labels) -> None:
    for heading, lines in tables.terminal(report, w):
        page.add()
        page.add(f"{page.mark('info')}  {heading}")
        for line in lines:
            for part in [line] if line.startswith(" ") else wrap(line, page.width - 3):
                page.add("   " + part)


_GLYPH = {"boot": "B", "start": "S", "stop": "X", "failure": "!", "recovery": "+", "last": "!"}
"""Marks of the strip; everything else that changed is a C."""


def _timeline(page: _Page, report: Report, w: Labels) -> None:
    """Write the strip of the node's story, and what to know of it: the changes before the first failure, beginnings and ends."""
    failures = [m for m in report.timeline if m.rule]
    low, high = report.window
    if not failures or low is None or high is None or high <= low:
        return
    page.add()
    page.add(f"{page.mark('info')}  {w.timeline}   {page.style(w.legend, 'dim')}")
    room = page.width - 3 - 2 * 12
    strip = ["-"] * room
    for m in sorted(report.timeline, key=lambda m: (bool(m.rule), m.kind == "boot")):
        if low <= m.time <= high:
            strip[(m.time - low) * (room - 1) // (high - low)] = _GLYPH.get(m.kind, "C")
    page.add(f"   {clock(low)[5:16]} {''.join(strip)} {clock(high)[5:16]}")
    told = {*before(report.timeline), *(m for m in failures if m.kind != "last")}
    later = [m for m in report.timeline if not m.rule and m.time >= failures[0].time]
    told = sorted({*told, *later[: max(0, _MOMENTS - len(told))]})
    days = {clock(m.time)[:10] for m in told[:_MOMENTS]}
    for m in told[:_MOMENTS]:
        page.field(clock(m.time)[11 if len(days) == 1 else 5 :], moment_text(m, w), indent=12 if len(days) == 1 else 18)
    if len(told) > _MOMENTS:
        page.field("", w.and_more.format(n=len(told) - _MOMENTS))


def _head(page: _Page, report: Report, w: Labels) -> None:
    low, high = report.window
    lines = sum(i.lines for i in report.inputs)
    span = f"{clock(low)} .. {clock(high)} UTC, " if low is not None else ""
    page.lead("msnet diagnose", 3, f"{w.evidence_window} {span}{w.count_lines(lines)}", bold="bold")
    verdict, style = verdict_of(report, w)
    page.lead(w.verdict, 2, verdict, style=style)
    if report.collected:
        page.lead(w.collectors, 2, collected_text(report, w))
    if report.redacted is not None:
        page.lead(w.redaction, 2, redacted_text(report, w))


def verdict_of(report: Report, w: Labels) -> tuple[str, str]:
    """Return the verdict's words, and the style that goes with them."""
    from diagnose.diagnosis import usable

    if not usable(report):
        return w.no_evidence, "warning"
    active = [f for f in report.findings if f.state != "resolved" and f.severity != "info"]
    resolved = [f for f in report.findings if f.state == "resolved" and f.severity != "info"]
    info = [f for f in report.findings if f.severity == "info"]
    parts = [w.causes.format(n=len(active))] if active else [w.healthy]
    symptoms = sum(s.count for f in report.findings for s in f.explains)
    if resolved:
        parts.append(w.resolved_count.format(n=len(resolved)))
    if info:
        parts.append(w.info_count.format(n=len(info)))
    if symptoms:
        parts.append(w.symptoms_count.format(n=symptoms, s="" if symptoms == 1 else "s"))
    if report.unexplained:
        parts.append(w.unexplained_count.format(n=sum(u.count for u in report.unexplained)))
    blind = len(report.gaps) + any(i.kind == "unknown" for i in report.inputs)
    if report.ignored:
        parts.append(w.ignored_count.format(n=len(report.ignored)))
    if blind:
        parts.append(w.blind_count.format(n=blind, s="" if blind == 1 else "s"))
    return ", ".join(parts), "error" if any(f.severity == "error" for f in active) else "warning" if active else "ok"


def _finding(page: _Page, f: Finding, rule: Rule, language: str, w: Labels) -> None:
    text = words(f, rule, language)
    page.add(f"{page.style(f'{page.mark(f.severity)}  {f.rule}', f.severity)}  {w.severity[f.severity]}   {w.state[f.state]}")
    for part in wrap(text.title, page.width - 3):
        page.add("   " + page.style(part, "bold"))
    times = [w.times.format(n=f.count)]
    if f.first is not None:
        times.append(f"{w.since} {clock(f.first)}")
    if f.last is not None and f.last != f.first:
        times.append(f"{w.last} {clock(f.last)}")
    if f.affected:
        page.field(w.hits, _affected(f.affected, w) + "   (" + ", ".join(times) + ")")
    else:
        page.field(w.hits, ", ".join(times))
    page.field(w.sure, f"{w.confidence[f.confidence]}: {why_sure(f, w)}")
    for number, e in enumerate(f.evidence[:_EVIDENCE]):
        page.field(w.seen if number == 0 else "", where(e), style="dim")
        if number == 0:
            room = max(40, page.width - 14)
            for line in _excerpt(e.text, room, rows=3):
                page.field("", line, verbatim=True, indent=14)
    for number, hint in enumerate(f.hints):
        page.field(w.checked if number == 0 else "", hint_text(hint, w))
    if f.proof is not None:
        page.field(w.over if f.state == "resolved" else "", _proof(f.proof, w, page.width))
    page.field(w.why, text.cause)
    for number, step in enumerate(text.steps, 1):
        page.field(w.do if number == 1 else "", f"{number}. {step.text}  [{w.effect[step.effect]}]")
        for line in step.command.splitlines():
            page.field("", line, indent=15, verbatim=True, style="bold")
    page.field(w.verify, text.verify)
    if text.verify_command:
        page.field("", text.verify_command, indent=15, verbatim=True, style="bold")
    if f.explains:
        page.field(w.explains, chain(f, w))
    page.field(w.more, f"msnet explain {f.rule}" + (f"   |   {w.guide} {', '.join(rule.guide)}" if rule.guide else ""))


def _short(page: _Page, f: Finding, rule: Rule, language: str, w: Labels, *, quiet: bool) -> None:
    kind = "resolved" if f.state == "resolved" else f.severity
    text = words(f, rule, language)
    state = w.state[f.state] if f.state == "resolved" else w.severity[f.severity]
    page.item("", kind, "ok" if kind == "resolved" else "info", f"{f.rule}  {state}  {text.title}")
    if quiet:
        return
    if f.state == "resolved" and f.proof is not None:
        page.field(w.over, _proof(f.proof, w, page.width))
    elif f.severity == "info":
        if f.affected:
            page.field(w.hits, _affected(f.affected, w))
        if text.steps and text.steps[0].command:
            page.field(w.do, text.steps[0].command, verbatim=True)


def _proof(proof: Proof, w: Labels, width: int) -> str:
    """Return what shows a state, its evidence cut in the middle."""
    when = f"{clock(proof.time)}  " if proof.time is not None else ""
    return when + middle(proof_text(proof, w), 2 * (width - 12) - len(when) - 12)


def seen(i: InputSeen, w: Labels) -> str:
    """Return what was read of one input: kind, lines, span, and whether to its end."""
    span = f", {clock(i.first)} .. {clock(i.last)[11:]}" if i.first is not None else ""
    return f"{i.source} ({i.kind}, {w.lines.format(n=i.lines, s='' if i.lines == 1 else 's')}{span}{'' if i.whole else f', {w.not_whole}'})"


def _blind(page: _Page, report: Report, w: Labels) -> None:
    unknown = [i for i in report.inputs if i.kind == "unknown"]
    page.add()
    if report.gaps or unknown:
        page.add(page.style("?", "warning") + "  " + w.blind)
        for gap in report.gaps:
            page.field("", gap_text(gap, w))
            if gap.hint:
                page.field("", f"{w.gap_hint}: {gap.hint}", indent=14, verbatim=True)
        if unknown:
            page.field("", f"{w.unknown_input}: {', '.join(i.source for i in unknown[:_INPUTS])}")
        if len(unknown) > _INPUTS:
            page.field("", w.and_more.format(n=len(unknown) - _INPUTS))
    known = [i for i in report.inputs if i.kind != "unknown"]
    if len(known) > _INPUTS:
        kinds = Counter(i.kind for i in known)
        page.field(w.read, ", ".join(f"{n} {kind}" for kind, n in kinds.most_common()))
    elif known:
        for number, i in enumerate(known):
            page.field(w.read if number == 0 else "", seen(i, w))
    for zone in report.zones:
        page.field("", w.zone.format(name=zone.name, source=zone.source))
