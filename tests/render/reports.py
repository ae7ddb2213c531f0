"""Reports that a page must withstand: hostile texts everywhere, a storm, nothing found, nothing looked at."""

from __future__ import annotations

import dataclasses
from typing import Any

from diagnose.model import Affected, Evidence, Finding, Gap, Hint, InputSeen, Moment, Report, Symptom

PAYLOADS = (
    "<script>window.hit=1</script>",
    "\"'><img src=x onerror=window.hit=2>",
    "</style><style>*{display:none}</style>",
    "</script><script>window.hit=3</script>",
    "<!--<svg onload=window.hit=4>",
    "javascript:window.hit=5",
    "{{ 7*7 }}{% raw %}",
    "&lt;b&gt; &#x3c;i&#x3e;",
    "\x1b[31m\x00\x07\r\u202eevil\u2066\u061c\u2028\ud800\ufeff",
    "]]><b id=said>",
)
T0 = 1_795_464_000_000_000
"""2026-11-23T20:00:00Z in microseconds."""
MINUTE = 60_000_000


def finding(number: int = 0, **changes: Any) -> Finding:
    """Return an active finding on a pod of its own."""
    first = T0 + number * 1_000_000
    values: dict[str, Any] = {
        "rule": "nad-not-found", "severity": "error", "confidence": "high", "state": "active",
        "affected": [Affected("Pod", "line", f"robot-{number}"), Affected("NetworkAttachmentDefinition", "line", f"net-{number}")],
        "captures": {"nad": f"net-{number}", "nad_namespace": "line", "pod": f"robot-{number}", "namespace": "line"}, "count": 3, "first": first,
        "last": first + 9 * MINUTE, "evidence": [Evidence("journal.txt", 7 + number, "", first, f'cannot find a network-attachment-definition (net-{number}) in namespace (line)')],
        "subject": f"line/net-{number}", "explains": [Symptom("sandbox-network-failed", 12, "nad-not-found")], "sources": ("kubelet",),
        "times": (first, first + MINUTE, first + 9 * MINUTE),
    }  # fmt: skip
    return Finding(**{**values, **changes})


def made(*findings: Finding, **changes: Any) -> Report:
    """Return a report of these findings on one journal of ten minutes."""
    inputs = [InputSeen("journal.txt", "text", 900, 90_000, T0, T0 + 10 * MINUTE, programs={"kubelet"})]
    values: dict[str, Any] = {
        "tool": "0.1.0", "catalog": "abc", "generated": T0 + 11 * MINUTE, "findings": list(findings), "inputs": inputs, "gaps": [], "not_checked": [],
        "window": (T0, T0 + 10 * MINUTE),
    }  # fmt: skip
    return Report(**{**values, **changes})


def storm(count: int) -> Report:
    """Return a report of many failures; those from the hundredth on hit the first one's pod, too."""
    found = [finding(n) for n in range(count)]
    for one in found[100:]:
        one.affected.append(Affected("Pod", "line", "robot-0"))
    moments = [Moment(f.first or T0, "failure", f.subject, f.rule) for f in found[:200]]
    return made(*found, timeline=moments)


_WORDS = {"rule", "severity", "confidence", "state", "kind", "by", "multus", "have", "differs", "nad", "link", "plugin", "sources", "cursor", "effect", "tool"}
"""Fields that hold a word of ours or a choice, and never a text of the evidence."""


def poisoned(value: Any, name: str = "", at: list[int] | None = None) -> Any:
    """Return the same report with a payload behind every text that may come from evidence."""
    at = at if at is not None else [0]
    if isinstance(value, str):
        if name in _WORDS:
            return value
        at[0] += 1
        return f"{value}{PAYLOADS[at[0] % len(PAYLOADS)]}"
    if isinstance(value, Hint):
        return value._replace(values=value.values if value.kind == "fault" else {k: poisoned(v, "", at) for k, v in value.values.items()})
    if isinstance(value, Moment):
        return value if value.kind in ("start", "stop") else value._replace(text=poisoned(value.text, "", at))
    if isinstance(value, Gap):
        return value._replace(
            source=poisoned(value.source, "", at), hint=poisoned(value.hint, "", at), values=tuple((k, poisoned(v, "", at)) for k, v in value.values)
        )
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(poisoned(v, n, at) for n, v in zip(value._fields, value, strict=True)))
    if isinstance(value, list | tuple):
        return type(value)(poisoned(v, name, at) for v in value)
    if isinstance(value, dict):
        return {k: poisoned(v, "", at) for k, v in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kept = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **{n: poisoned(v, n, at) for n, v in kept.items() if n not in ("boots", "heard", "programs", "pods", "shape")})
    return value
