"""Whether one failure is cured, as far as the evidence shows it."""

from __future__ import annotations

from typing import NamedTuple

from diagnose.engine import Success
from diagnose.model import Finding, Report
from diagnose.story import Story


class Verdict(NamedTuple):
    """cured, failing, unknown or not-seen, and the findings or the proof that it rests on."""

    word: str
    findings: tuple[Finding, ...]
    works: str = ""
    """What shows that the pod works, where no finding tells of it."""


def verdict_on(rule: str, pod: str, report: Report, story: Story) -> Verdict:
    """Return whether the failure of `rule` (on "namespace/name" `pod`, or on any) is cured.

    A failure that no evidence shows is only called cured where the pod is seen to work.
    """
    mine = tuple(f for f in report.findings if f.rule == rule and (not pod or any(f"{a.namespace}/{a.name}" == pod for a in f.affected)))
    folded = tuple(
        f
        for f in report.findings
        if f not in mine and any(s.rule == rule for s in f.explains) and (not pod or any(f"{a.namespace}/{a.name}" == pod for a in f.affected))
    )
    states = {f.state for f in (*mine, *folded)}
    if states & {"active", "flapping"}:
        return Verdict("failing", (*mine, *folded))
    if "unknown" in states:
        return Verdict("unknown", (*mine, *folded))
    if states:
        return Verdict("cured", (*mine, *folded))
    failed = [t for g in story.engine.groups.values() if pod in g.pods and (t := g.pods[pod].times.last(story.clocks)) is not None]
    works = sorted(s.text for s in story.engine.ok.get(pod, {}).values() if s.network is None and _after(s, max(failed, default=0), story))
    return Verdict("cured", (), works[-1]) if works else Verdict("not-seen", ())


def _after(success: Success, failed: int, story: Story) -> bool:
    """Return True if the pod did not fail in any way after `success`."""
    return success.time is None or (not success.relative and story.clocks.correct(success.setting, success.time) > failed) or (success.relative and not failed)
