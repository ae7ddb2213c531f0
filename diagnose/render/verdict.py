"""Whether one failure is cured, as text and as JSON (schema msnet.verify/1)."""

from __future__ import annotations

import json

from diagnose.lang import labels
from diagnose.model import Report
from diagnose.parse.when import iso
from diagnose.render.terminal import clock
from diagnose.render.words import gap_text, printable, proof_text
from diagnose.verifying import Verdict


def text(rule: str, pod: str | None, answer: Verdict, report: Report, language: str) -> str:
    """Return the verdict, what shows it, and what was not seen."""
    w = labels(language)
    out = [f"{rule}{' ' + pod if pod else ''}: {w.verify_verdict[answer.word]}"]
    for f in answer.findings:
        when = f"{w.since} {clock(f.first)}, {w.last} {clock(f.last)}, " if f.first is not None else ""
        out.append(f"  {w.state[f.state]}: {printable(f.subject) or f.rule} ({when}{w.times.format(n=f.count)})")
        if f.proof is not None:
            out.append(f"    {clock(f.proof.time) + '  ' if f.proof.time else ''}{printable(' '.join(proof_text(f.proof, w).split()))}")
    if answer.works:
        out.append(f"  {w.proof['works']}: {printable(' '.join(answer.works.split()))}")
    if answer.word in ("unknown", "not-seen"):
        for gap in report.gaps:
            if gap.hides:
                out.append(f"  ? {gap_text(gap, w)}")
                if gap.hint:
                    out.append(f"    {w.gap_hint}: {gap.hint}")
    return "\n".join(out) + "\n"


def json_text(rule: str, pod: str | None, answer: Verdict, report: Report, language: str) -> str:
    """Return the verdict as JSON."""
    w = labels(language)
    body = {
        "schema": "msnet.verify/1",
        "rule": rule,
        "pod": pod,
        "verdict": answer.word,
        "findings": [
            {
                "rule": f.rule,
                "subject": f.subject,
                "state": f.state,
                "count": f.count,
                "last": iso(f.last) if f.last is not None else None,
                "proof": f.proof.text if f.proof else None,
            }
            for f in answer.findings
        ],
        "works": answer.works or None,
        "gaps": [{"kind": g.kind, "reason": gap_text(g, w), "hint": g.hint or None} for g in report.gaps if g.hides],
    }
    return json.dumps(body, ensure_ascii=False, indent=1) + "\n"
