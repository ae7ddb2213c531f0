"""One change of a watch: as lines for a reader, or as one line of JSON, schema msnet.change/1."""

from __future__ import annotations

import json

from diagnose.catalog import Catalog
from diagnose.lang import Labels, labels
from diagnose.model import Finding
from diagnose.parse.when import iso
from diagnose.render.json_v1 import of_finding, of_gap
from diagnose.render.terminal import clock, mark, style
from diagnose.render.words import chain, gap_text, printable, proof_text, words
from diagnose.watching import Change

SCHEMA = "msnet.change/1"
_INDENT = " " * 23
_PODS = 6
"""Pods that are named in a line."""


def json_line(change: Change, catalog: Catalog, language: str) -> str:
    """Return the change in the shape of `docs/change-1.schema.json`, in one line with its line break."""
    before = change.before
    body = {
        "schema": SCHEMA,
        "time": iso(change.time),
        "change": change.kind,
        "what": list(change.what),
        "finding": of_finding(change.finding, catalog, language) if change.finding is not None else None,
        "before": {"severity": before.severity, "state": before.state, "count": before.count} if before is not None else None,
        "pods": list(change.pods),
        "explained_by": change.by or None,
        "gap": of_gap(change.gap, labels(language)) if change.gap is not None else None,
        "n": change.n if change.finding is None and change.gap is None else None,
    }
    return json.dumps(body, ensure_ascii=False) + "\n"


def text(change: Change, catalog: Catalog, language: str, *, color: bool, unicode: bool) -> str:
    """Return the change as a headline and, beneath it, the cause or what shows that it is over."""
    w = labels(language)
    head, below = _of_finding(change, change.finding, catalog, w) if change.finding is not None else _of_watch(change, w)
    kind, shade = _sign(change)
    lines = [f"{clock(change.time)}  {style(f'{mark(kind, unicode=unicode)}  {head}', shade, color=color)}", *(_INDENT + line for line in below)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _sign(change: Change) -> tuple[str, str]:
    """Return the mark of a change, and its style."""
    if change.finding is None:
        return ("blind", "warning") if change.kind in ("gap-opened", "storm") else ("info", "dim")
    if change.kind in ("resolved", "explained", "ignored", "gone"):
        return "resolved", "ok"
    return change.finding.severity, change.finding.severity


def _of_watch(change: Change, w: Labels) -> tuple[str, list[str]]:
    if change.gap is not None:
        hint = [f"{w.gap_hint}: {change.gap.hint}"] if change.kind == "gap-opened" and change.gap.hint else []
        return f"{w.change[change.kind]}: {printable(gap_text(change.gap, w))}", hint
    return w.change[change.kind].format(n=change.n), []


def _of_finding(change: Change, finding: Finding, catalog: Catalog, w: Labels) -> tuple[str, list[str]]:
    said = words(finding, catalog.by_id[finding.rule], w.language)
    state = w.state[finding.state] if change.kind in ("active", "unknown", "resolved") else w.change[change.kind].format(by=change.by)
    head = f"{finding.rule}  {w.severity[finding.severity]}  {state}  {said.title}"
    below = [what for kind in change.what if (what := _what(kind, change, finding, w))]
    if change.kind in ("active", "changed"):
        below.append(f"{w.why}: {said.cause}")
        below += [f"{w.explains}: {chain(finding, w)}"] if finding.explains else []
    elif change.kind in ("resolved", "unknown"):
        times = [
            w.times.format(n=finding.count),
            *([f"{w.since} {clock(finding.first)}", f"{w.last} {clock(finding.last)}"] if finding.first is not None else []),
        ]
        proof = printable(" ".join(proof_text(finding.proof, w).split())) if finding.proof is not None else ""
        below += [f"{w.over}: {proof}" if finding.state == "resolved" else proof] if proof else []
        below.append(", ".join(times))
    return head, below


def _what(kind: str, change: Change, finding: Finding, w: Labels) -> str:
    """Return what changed, in words."""
    before = change.before
    if kind == "pods":
        more = f" (+{len(change.pods) - _PODS})" if len(change.pods) > _PODS else ""
        return w.change_what[kind].format(pods=", ".join(change.pods[:_PODS]) + more)
    names = w.severity if kind == "severity" else w.state
    return w.change_what[kind].format(before=names[getattr(before, kind)], after=names[getattr(finding, kind)]) if before is not None else ""
