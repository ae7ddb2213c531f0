"""Two reports compared, as text and as JSON (schema msnet.diff/1)."""

from __future__ import annotations

import json
from typing import Any

from diagnose.compare import Change, Comparison
from diagnose.lang import Labels, labels
from diagnose.render.words import printable


def text(found: Comparison, language: str) -> str:
    """Return what became of each failure, a line each, then the facts that differ."""
    w = labels(language)
    counts = ((w.new, found.new), (w.changed, found.changed), (w.same, found.same), (w.cured, found.cured), (w.not_seen, found.gone))
    told = ", ".join(f"{len(changes)} {word}" for word, changes in counts if changes)
    out = [f"msnet diff   {told or w.no_difference}"] if told or not found.facts else ["msnet diff"]
    out += [""] if told else []
    for word, changes in counts:
        for change in changes:
            out += _lines(word, change, w)
    if found.facts:
        out += ["", w.differences]
        out += [f"  {w.facts.get(d.kind, d.kind)} {printable(d.name)}: {printable(d.before) or '-'} -> {printable(d.after) or '-'}" for d in found.facts]
    return "\n".join(out).rstrip() + "\n"


def _lines(word: str, change: Change, w: Labels) -> list[str]:
    f = change.either
    lines = [f"{word}: {f['rule']}  {printable(str(f['title']))}"]
    if change.before and change.after and word != w.same:
        was, now = change.before, change.after
        lines.append(f"    {w.state[was['state']]} ({w.times.format(n=was['count'])}) -> {w.state[now['state']]} ({w.times.format(n=now['count'])})")
    proof = change.after.get("proof") if change.after else None
    if proof and change.after["state"] == "resolved":
        when = f"{proof['time']} " if proof.get("time") else ""
        lines.append(f"    {w.over}: {when}{printable(' '.join(str(proof['text']).split()))[:_PROOF]}")
    return lines


_PROOF = 160
"""Characters of a proof that are shown."""


def json_text(found: Comparison) -> str:
    """Return the comparison as JSON."""

    def side(f: dict[str, Any]) -> dict[str, Any] | None:
        return {k: f.get(k) for k in ("state", "severity", "count", "first", "last", "proof")} if f else None

    def both(changes: list[Change]) -> list[dict[str, Any]]:
        return [
            {"rule": c.either["rule"], "subject": c.either["subject"], "title": c.either["title"], "before": side(c.before), "after": side(c.after)}
            for c in changes
        ]

    body = {
        "schema": "msnet.diff/1",
        "new": both(found.new),
        "changed": both(found.changed),
        "same": both(found.same),
        "cured": both(found.cured),
        "not_seen": both(found.gone),
        "facts": [d._asdict() for d in found.facts],
    }
    return json.dumps(body, ensure_ascii=False, indent=1) + "\n"
