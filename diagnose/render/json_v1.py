"""The report as JSON, schema msnet.report/1: a published shape of its own, never a dump of our types."""

from __future__ import annotations

import json
from typing import Any

from diagnose.catalog import Catalog
from diagnose.model import Report
from diagnose.parse.when import iso
from diagnose.render.words import words

SCHEMA = "msnet.report/1"


def _time(us: int | None) -> str | None:
    return None if us is None else iso(us)


def as_mapping(report: Report, catalog: Catalog, language: str) -> dict[str, Any]:
    """Return the report in the shape of `docs/report-1.schema.json`."""
    found: list[dict[str, Any]] = []
    for f in report.findings:
        rule = catalog.by_id[f.rule]
        w = words(f, rule, language)
        found.append(
            {
                "rule": f.rule,
                "severity": f.severity,
                "confidence": f.confidence,
                "state": f.state,
                "title": w.title,
                "cause": w.cause,
                "affected": [a._asdict() for a in f.affected],
                "captures": f.captures,
                "count": f.count,
                "first": _time(f.first),
                "last": _time(f.last),
                "proof": {"kind": f.proof.kind, "time": _time(f.proof.time), "text": f.proof.text} if f.proof is not None else None,
                "sources": list(f.sources),
                "evidence": [
                    {"source": e.source, "line": e.line or None, "cursor": e.cursor or None, "time": _time(e.time), "text": e.text} for e in f.evidence
                ],
                "steps": [s._asdict() for s in w.steps],
                "verify": {"text": w.verify, "command": w.verify_command},
                "guide": list(rule.guide),
                "refs": list(rule.refs),
                "explains": [{"rule": s.rule, "count": s.count, "by": s.by} for s in f.explains],
            }
        )
    return {
        "schema": SCHEMA,
        "tool": {"name": "msnet", "version": report.tool, "rules": report.catalog},
        "generated": _time(report.generated),
        "language": language,
        "window": {"first": _time(report.window[0]), "last": _time(report.window[1])},
        "findings": found,
        "inputs": [
            {
                "source": i.source,
                "kind": i.kind,
                "lines": i.lines,
                "bytes": i.size,
                "first": _time(i.first),
                "last": _time(i.last),
                "whole": i.whole,
                "note": i.note or None,
            }
            for i in report.inputs
        ],
        "gaps": [{"source": g.source or None, "reason": g.reason, "hint": g.hint or None} for g in report.gaps],
        "not_checked": [{"rule": r, "reason": why} for r, why in report.not_checked],
        "notes": report.notes,
    }


def render(report: Report, catalog: Catalog, language: str) -> str:
    """Return the report as indented JSON with a final line break."""
    return json.dumps(as_mapping(report, catalog, language), ensure_ascii=False, indent=1) + "\n"
