"""The report as Markdown for a ticket: plain, short, safe to paste."""

from __future__ import annotations

from diagnose.catalog import Catalog
from diagnose.lang import Labels, labels
from diagnose.model import Finding, Report
from diagnose.render import node, tables
from diagnose.render.terminal import clock, seen, verdict_of, where, why_sure
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
    words,
)
from diagnose.rule import Rule

_EVIDENCE = 3
_INPUTS = 8
_SHAPES = 20
_MOMENTS = 60
_SPECIAL = str.maketrans({c: f"\\{c}" for c in "\\`*_[]<>#|"})


def prose(text: str) -> str:
    """Return `text` with everything that Markdown would read as markup escaped."""
    return text.translate(_SPECIAL)


def fence(text: str) -> list[str]:
    """Return `text` as a code block whose fence no line of it can close."""
    longest = max((len(run) for line in text.splitlines() for run in line.split() if set(run) == {"`"}), default=0)
    mark = "`" * max(3, longest + 1)
    return [mark, *text.splitlines(), mark]


def render(report: Report, catalog: Catalog, language: str, *, everything: bool = False) -> str:
    """Return the report as Markdown; `everything` shows resolved findings whole."""
    w = labels(language)
    verdict, _ = verdict_of(report, w)
    out = [f"# msnet: {prose(verdict)}", ""]
    low, high = report.window
    lines = sum(i.lines for i in report.inputs)
    span = f"{clock(low)} .. {clock(high)} UTC, " if low is not None else ""
    out += [f"{w.evidence_window}: {span}{w.lines.format(n=lines, s='' if lines == 1 else 's')}; msnet {report.tool}, {w.rule_page} {report.catalog}", ""]
    if report.collected:
        out += [f"{w.collectors.lower()}: {collected_text(report, w)}", ""]
    if report.redacted is not None:
        out += [f"{w.redaction.lower()}: {redacted_text(report, w)}", ""]
    active = [f for f in report.findings if f.state != "resolved" and f.severity != "info"]
    for f in active:
        out += _finding(f, catalog.by_id[f.rule], language, w)
    rest = [f for f in report.findings if f not in active]
    for f in rest:
        if everything and f.state == "resolved":
            out += _finding(f, catalog.by_id[f.rule], language, w)
            continue
        over = f": {prose(printable(proof_text(f.proof, w)))}" if f.state == "resolved" and f.proof is not None else ""
        state = w.state[f.state] if f.state == "resolved" else w.severity[f.severity]
        out.append(f"- **{f.rule}** ({state}): {prose(words(f, catalog.by_id[f.rule], language).title)}{over}")
    if rest:
        out.append("")
    out += _ignored(report, w) + _unexplained(report, w) + _node(report, w) + tables.markdown(report, w) + _timeline(report, w)
    unknown = [i for i in report.inputs if i.kind == "unknown"]
    if report.gaps or unknown:
        out += [f"## {w.blind}", ""]
        out += [f"- {prose(gap_text(g, w))}" + (f" ({w.gap_hint}: `{g.hint}`)" if g.hint else "") for g in report.gaps]
        if unknown:
            out.append(
                f"- {w.unknown_input}: {', '.join(prose(i.source) for i in unknown[:_INPUTS])}"
                + (f", {w.and_more.format(n=len(unknown) - _INPUTS)}" if len(unknown) > _INPUTS else "")
            )
        out.append("")
    if report.inputs:
        out += [f"## {w.inputs}", ""]
        known = [i for i in report.inputs if i.kind != "unknown"]
        out += [f"- {prose(seen(i, w))}" for i in known[:_INPUTS]]
        if len(known) > _INPUTS:
            out.append(f"- {w.and_more.format(n=len(known) - _INPUTS)}")
        out += [f"- {prose(w.zone.format(name=z.name, source=z.source))}" for z in report.zones]
        out.append("")
    return "\n".join(out)


def _ignored(report: Report, w: Labels) -> list[str]:
    out = [f"- **{w.ignored}**: {prose(printable(ignored_text(report)))}"] if report.ignored else []
    out += [f"- **{w.expired}**: {prose(printable(expired_text(e)))}" for e in report.expired]
    out += [f"- **{w.not_used}**: {prose(printable(f'{rule}: {why}'))}" for rule, why in report.not_checked]
    return [*out, ""] if out else []


def _unexplained(report: Report, w: Labels) -> list[str]:
    if not report.unexplained:
        return []
    rows = [f"| {u.count} | {prose(printable(u.shape))} | {len(u.pods)} |" for u in report.unexplained[:_SHAPES]]
    return [f"## {w.unexplained}", "", f"| n | {w.seen} | {w.kind['Pod']} |", "|---|---|---|", *rows, ""]


def _node(report: Report, w: Labels) -> list[str]:
    lines = [f"- {'**!** ' if s.state != 'ok' else ''}{prose(node.text(s, w))}" for s in report.node]
    return [f"## {w.node}", "", *lines, ""] if lines else []


def _timeline(report: Report, w: Labels) -> list[str]:
    if not any(m.rule for m in report.timeline):
        return []
    rows = [f"| {clock(m.time)} | {prose(printable(moment_text(m, w)))} |" for m in report.timeline[:_MOMENTS]]
    return [f"## {w.timeline}", "", f"| UTC | {w.seen} |", "|---|---|", *rows, ""]


def _finding(f: Finding, rule: Rule, language: str, w: Labels) -> list[str]:
    text = words(f, rule, language)
    out = [f"## {prose(text.title)}", ""]
    out.append(
        f"`{f.rule}`, {w.severity[f.severity]}, {w.state[f.state]}, {w.sure}: {w.confidence[f.confidence]}, {why_sure(f, w)}, {w.times.format(n=f.count)}"
        + (f", {w.since} {clock(f.first)}, {w.last} {clock(f.last)}" if f.first is not None else "")
    )
    if f.affected:
        out += [
            "",
            f"**{w.hits}**: " + ", ".join(f"{w.kind.get(a.kind, a.kind)} `{a.namespace + '/' if a.namespace else ''}{a.name}`" for a in f.affected[:20]),
        ]
    if f.hints:
        out += ["", f"**{w.checked}**: " + "; ".join(prose(hint_text(h, w)) for h in f.hints)]
    if f.proof is not None:
        out += [
            "",
            f"**{w.over if f.state == 'resolved' else w.state[f.state]}**: {clock(f.proof.time) + ' ' if f.proof.time else ''}{prose(printable(proof_text(f.proof, w)))}",
        ]
    out += ["", f"**{w.why}**: {prose(text.cause)}", "", f"**{w.seen}**:", ""]
    for e in f.evidence[:_EVIDENCE]:
        out += [prose(where(e)), "", *fence(printable(e.text)), ""]
    out += [f"**{w.do}**:", ""]
    for number, step in enumerate(text.steps, 1):
        out.append(f"{number}. {prose(step.text)} ({w.effect[step.effect]})")
        if step.command:
            out += ["", *("   " + line for line in fence(step.command)), ""]
    out += ["", f"**{w.verify}**: {prose(text.verify)}"]
    if text.verify_command:
        out += ["", *fence(text.verify_command)]
    if f.explains:
        out += ["", f"**{w.explains}**: " + chain(f, w)]
    if rule.guide:
        out += ["", f"{w.guide}: {', '.join(rule.guide)}"]
    out.append("")
    return out
