"""The report as JSON, schema msnet.report/1: a published shape of its own, never a dump of our types."""

from __future__ import annotations

import json
from typing import Any

from diagnose.catalog import Catalog
from diagnose.lang import Labels, labels
from diagnose.model import Evidence, Finding, Gap, Ignored, Report
from diagnose.parse.when import iso
from diagnose.record import fields_of
from diagnose.render import node, tables
from diagnose.render.words import gap_text, hint_text, moment_text, proof_text, words

SCHEMA = "msnet.report/1"


def _time(us: int | None) -> str | None:
    return None if us is None else iso(us)


def _ignored(i: Ignored) -> dict[str, Any]:
    return {n: getattr(i, n) for n in fields_of(i)} | {"reason": i.reason or None, "until": i.until or None}


def _evidence(e: Evidence) -> dict[str, Any]:
    return {"source": e.source, "line": e.line or None, "cursor": e.cursor or None, "time": _time(e.time), "text": e.text}


_PODS = 100
"""Pods named of one shape of unexplained errors."""


def of_finding(f: Finding, catalog: Catalog, language: str) -> dict[str, Any]:
    """Return one finding in the shape that it has within the report."""
    label = labels(language)
    rule = catalog.by_id[f.rule]
    w = words(f, rule, language)
    return {
        "rule": f.rule,
        "severity": f.severity,
        "confidence": f.confidence,
        "state": f.state,
        "subject": f.subject,
        "title": w.title,
        "cause": w.cause,
        "affected": [a._asdict() for a in f.affected],
        "captures": f.captures,
        "count": f.count,
        "first": _time(f.first),
        "last": _time(f.last),
        "resolved_by": proof_text(f.proof, label) if f.proof is not None and f.state == "resolved" else None,
        "proof": {"kind": f.proof.kind, "time": _time(f.proof.time), "text": f.proof.text} if f.proof is not None else None,
        "checked": [{"kind": h.kind, "values": h.values, "text": hint_text(h, label)} for h in f.hints],
        "sources": list(f.sources),
        "evidence": [_evidence(e) for e in f.evidence],
        "steps": [s._asdict() for s in w.steps],
        "verify": {"text": w.verify, "command": w.verify_command},
        "guide": list(rule.guide),
        "refs": list(rule.refs),
        "explains": [{"rule": s.rule, "count": s.count, "by": s.by} for s in f.explains],
    }


def of_gap(gap: Gap, label: Labels) -> dict[str, Any]:
    """Return one blind spot in the shape that it has within the report."""
    return {"source": gap.source or None, "kind": gap.kind, "hides": gap.hides, "reason": gap_text(gap._replace(source=""), label), "hint": gap.hint or None}


def as_mapping(report: Report, catalog: Catalog, language: str) -> dict[str, Any]:
    """Return the report in the shape of `docs/report-1.schema.json`."""
    label = labels(language)
    return {
        "schema": SCHEMA,
        "tool": {"name": "msnet", "version": report.tool, "rules": report.catalog},
        "generated": _time(report.generated),
        "language": language,
        "window": {"first": _time(report.window[0]), "last": _time(report.window[1])},
        "findings": [of_finding(f, catalog, language) for f in report.findings],
        "inputs": [
            {
                "source": i.source,
                "kind": i.kind,
                "lines": i.lines,
                "bytes": i.size,
                "first": _time(i.first),
                "last": _time(i.last),
                "whole": i.whole,
                "programs": sorted(p for p in i.programs if p not in ("", "other", "text")),
                "note": i.note or None,
            }
            for i in report.inputs
        ],
        "collectors": [{"name": c.name, "state": c.state, "found": c.found} for c in report.collected],
        "redacted": report.redacted,
        "gaps": [of_gap(g, label) for g in report.gaps],
        "not_checked": [{"rule": r, "reason": why} for r, why in report.not_checked],
        "ignored": [_ignored(i) for i in report.ignored],
        "expired": [e._asdict() for e in report.expired],
        "unexplained": [
            {
                "shape": u.shape,
                "count": u.count,
                "pods": sorted(u.pods)[:_PODS],
                "first": _time(u.first),
                "last": _time(u.last),
                "evidence": _evidence(u.example) if u.example is not None else None,
            }
            for u in report.unexplained
        ],
        "timeline": [{"time": _time(m.time), "kind": m.kind, "rule": m.rule or None, "text": moment_text(m, label)} for m in report.timeline],
        **tables.as_json(report, label),
        "node": node.as_json(report, label),
        "facts": report.facts,
        "notes": report.notes + [f"time zone of stamps that name none: {z.name}, by {z.source}" for z in report.zones],
    }


def render(report: Report, catalog: Catalog, language: str) -> str:
    """Return the report as indented JSON with a final line break."""
    return json.dumps(as_mapping(report, catalog, language), ensure_ascii=False, indent=1) + "\n"
