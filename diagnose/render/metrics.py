"""The report as metrics of one run, in the text format that node-exporter's textfile collector reads."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from diagnose.diagnosis import usable
from diagnose.errors import MsnetError
from diagnose.model import Finding, Report
from diagnose.rule import SEVERITIES

STATES = ("active", "flapping", "unknown", "resolved")
"""The states of a finding, as `model.Finding.state` names them."""

_Labels = tuple[tuple[str, str], ...]


def render(report: Report) -> str:
    """Return the report as gauges, the last line ended: the series that an alert needs are there on a healthy node, too.

    Format: the text format 0.0.4 without timestamps, which the textfile collector refuses
    (prometheus/node_exporter collector/textfile.go, hasTimestamps).
    """
    found, failures = Counter[_Labels](), Counter[_Labels]()
    by_severity = Counter[_Labels]({(("severity", severity), ("state", state)): 0 for severity in SEVERITIES for state in STATES})
    for finding in report.findings:
        by_severity[("severity", finding.severity), ("state", finding.state)] += 1
        for namespace in namespaces(finding):
            labels = ("rule", finding.rule), ("state", finding.state), ("namespace", namespace)
            found[labels] += 1
            failures[labels] += finding.count
    up = {(("collector", c.name),): int(c.state not in ("failed", "late")) for c in report.collected}
    gaps = {(("hides", word),): sum(g.hides is hides for g in report.gaps) for word, hides in (("true", True), ("false", False))}
    return "".join(
        (
            _metric("build_info", "The version of msnet that wrote this.", {(("version", report.tool),): 1}),
            _metric("last_run_timestamp_seconds", "When the last diagnosis was made.", {(): report.generated / 1_000_000}),
            _metric("last_run_success", "1 if the last diagnosis had usable evidence: without it, no finding proves nothing.", {(): int(usable(report))}),
            _metric("finding", 'Findings of a rule; one that hits several namespaces counts in each, one of the node has namespace "".', found),
            _metric("finding_failures", "Failures that these findings stand for, within the evidence of the last diagnosis.", failures),
            _metric("findings", "Findings by severity and state, each counted once.", by_severity),
            _metric("collector_up", "1 if the collector of the running device read anything, 0 if it failed or was late.", up),
            _metric("gaps", 'Blind spots; hides="true": a failure could stand there that nothing else would show.', gaps),
            _metric("unexplained", "Shapes of network errors that no rule explains.", {(): len(report.unexplained)}),
            _metric("not_checked", "Rules and checks that could not be applied.", {(): len(report.not_checked)}),
        )
    )  # fmt: skip


def namespaces(finding: Finding) -> list[str]:
    """Return the namespaces that a finding hits, sorted; [""] for a finding of the node."""
    return sorted({a.namespace for a in finding.affected if a.namespace}) or [""]


def write(text: str, path: Path) -> None:
    """Put `text` in the file `path` at once, readable for all: who reads it meanwhile sees the old text or the new one, never a part.

    Raises `MsnetError` where that cannot be done; the old file is whole then.
    """
    beside = ""
    try:
        # The textfile collector reads *.prom: what is half written must not end so.
        descriptor, beside = tempfile.mkstemp(".tmp", f".{path.name}.", path.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
            os.fchmod(file.fileno(), 0o644)
        Path(beside).replace(path)
    except OSError as e:
        if beside:
            Path(beside).unlink(missing_ok=True)
        raise MsnetError(f"cannot write {path}: {e.strerror or e}", "its folder must exist, and the user of msnet must be allowed to write there") from e


def _metric(name: str, text: str, samples: Mapping[_Labels, float]) -> str:
    """Return one gauge with its samples in the order of their labels."""
    lines = [f"# HELP msnet_{name} {text}", f"# TYPE msnet_{name} gauge"]
    for labels in sorted(samples):
        written = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels)
        lines.append(f"msnet_{name}{f'{{{written}}}' if written else ''} {samples[labels]:.15g}")
    return "\n".join(lines) + "\n"


def _escaped(value: str) -> str:
    """Return a label's value as the text format wants it."""
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
