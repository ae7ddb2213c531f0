"""The node's own state: a few lines for a terminal, all of it in Markdown and JSON."""

from __future__ import annotations

from typing import Any

from diagnose.lang import Labels
from diagnose.model import NodeSeen, Report
from diagnose.render.words import printable

_FIRST = ("versions", "crio-network", "crio-first", "multus-conf")
"""What a reader wants to know of every node; the rest is shown where it is not as it should be."""
_LINES = 5


def text(seen: NodeSeen, w: Labels) -> str:
    """Return one thing that is known of the node, in words."""
    return " ".join(printable(w.node_seen[seen.kind].format_map(seen.values)).splitlines())


def terminal(report: Report, w: Labels) -> list[str]:
    """Return what a terminal shows of the node, what is not as it should be first if there is no room for all."""
    odd = [s for s in report.node if s.state != "ok"]
    first = [s for s in report.node if s.kind in _FIRST and s not in odd]
    kept = [*odd, *first][:_LINES]
    lines = [text(s, w) for s in report.node if s in kept]
    left = len(odd) - _LINES
    return [*lines, w.and_more.format(n=left)] if left > 0 else lines


def as_json(report: Report, w: Labels) -> list[dict[str, Any]]:
    """Return all that is known of the node, in the shape of `docs/report-1.schema.json`."""
    return [{"kind": s.kind, "state": s.state, "text": text(s, w), "values": s.values, "source": s.where.source or None} for s in report.node]
