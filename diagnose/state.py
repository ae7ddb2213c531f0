"""Whether a failure goes on: decided anew from the evidence, for each boot of the node."""

from __future__ import annotations

import itertools

from diagnose.engine import Group, PodTimes, Success
from diagnose.model import Proof
from diagnose.parse.when import iso
from diagnose.story import Story
from diagnose.times import Times

_QUIET = 15 * 60_000_000
"""Microseconds without an attempt after which nobody can say that a pod still fails: the kubelet tries again after five minutes at most
(kubernetes pkg/kubelet/pod_workers.go: backOffPeriod; kuberuntime: MaxContainerBackOff)."""
_AFTER_BOOT = 10 * 60_000_000
"""Microseconds after the start of a node in which a failure that is not cured comes back."""
_RELAPSES = 2
"""Times that a failure must come back after a success to count as flapping."""


def state_of(group: Group, story: Story) -> tuple[str, Proof | None]:
    """Return active, flapping, unknown or resolved, and what shows it where that is not the last failure itself."""
    if group.present:
        return "active", None
    state, proof = _of_node(group, story) if group.rule.over == "node" else _of_pods(group, story)
    if state == "active" and _silent(group, story):
        return _after(group, story)
    return state, proof


def _failing(group: Group) -> str:
    # An object is what the cluster holds at the time of the evidence.
    dated = group.times.known or any(t.last_relative is not None for t in group.pods.values())
    return "active" if dated or "object" in group.programs else "unknown"


def _of_node(group: Group, story: Story) -> tuple[str, Proof | None]:
    last = group.times.last(story.clocks)
    if last is None:
        return _failing(group), None
    ready = story.engine.ready
    if _relapses(group.times, ready, story) and not _silent(group, story):
        return "flapping", None
    after = next((t for t in ready.moments(story.clocks) if t > last), None)
    if after is not None:
        return "resolved", Proof("ready", after, iso(after))
    return "active", None


def _of_pods(group: Group, story: Story) -> tuple[str, Proof | None]:
    if not group.pods:
        return _failing(group), None
    proofs: list[Proof] = []
    flapping = False
    for pod in sorted(group.pods):
        times = group.pods[pod]
        flapping = flapping or _relapses(times.times, story.engine.ok_times.get(pod), story)
        proof = _over(pod, times, group, story)
        if proof is None:
            return ("flapping" if flapping and not _silent(group, story) else _failing(group)), None
        proofs.append(proof)
    if flapping and not _silent(group, story):
        return "flapping", None
    return "resolved", max(proofs, key=lambda p: (p.time or 0, p.text))


def _relapses(failures: Times, successes: Times | None, story: Story) -> bool:
    """Return True if a failure came back several times after a success."""
    if successes is None:
        return False
    both = sorted([*((t, 1) for t in failures.moments(story.clocks)), *((t, 0) for t in successes.moments(story.clocks))])
    seen_failure = False
    relapses = 0
    for (_, before), (_, after) in itertools.pairwise(both):
        seen_failure = seen_failure or before == 1
        relapses += seen_failure and before == 0 and after == 1
    return relapses >= _RELAPSES


def _over(pod: str, times: PodTimes, group: Group, story: Story) -> Proof | None:
    """Return what shows that a pod works or is gone after its last failure; a dated success tells more than an object's state.

    "Add eth0" stands before the failure of net1 in every attempt: an added interface shows only that its own network works.
    """
    networks = {group.captures.get("network"), f"{group.captures.get('nad_namespace')}/{group.captures.get('nad')}"}
    last = times.times.last(story.clocks)
    known = story.engine.ok.get(pod, {})
    running: Proof | None = None
    for success in sorted(known.values(), key=lambda s: (s.network is None, s.time or 0, s.text), reverse=True):
        if success.network is not None and success.network not in networks:
            continue
        if success.time is None:
            running = running or Proof("running", None, success.text)
        elif _later(success, last, times.last_relative, story):
            return Proof("works" if success.network is None else "added", None if success.relative else _when(success, story), success.text)
    if running is not None and not group.runs:
        return running
    deleted = story.engine.gone.get(pod)
    gone = deleted.last(story.clocks) if deleted is not None else None
    if gone is not None and last is not None and gone >= last:
        return Proof("deleted", gone, iso(gone))
    absent = story.engine.inventory.lacks(pod) if last is not None or times.last_relative is not None else ""
    return Proof("absent", None, absent) if absent else None


def _when(success: Success, story: Story) -> int | None:
    return None if success.time is None else story.clocks.correct(success.setting, success.time)


def _later(success: Success, last: int | None, last_relative: int | None, story: Story) -> bool:
    if success.relative:
        return last is None and last_relative is not None and success.time is not None and success.time > last_relative
    when = _when(success, story)
    return when is not None and last is not None and when > last


def _silent(group: Group, story: Story) -> bool:
    """Return True if the programs that told of the failure went on for long without telling of it again."""
    last = group.times.last(story.clocks)
    if last is None or "object" in group.programs or not group.added:
        return False
    heard = max((story.heard[p] for p in group.programs if p in story.heard), default=last)
    boot = _booted(last, story)
    return heard - last > _QUIET if boot is None else heard - boot > _AFTER_BOOT


def _booted(last: int, story: Story) -> int | None:
    return next((t for t in story.boots if t > last), None)


def _after(group: Group, story: Story) -> tuple[str, Proof]:
    last = group.times.last(story.clocks) or 0
    boot = _booted(last, story)
    return ("unknown", Proof("silent", last, iso(last))) if boot is None else ("resolved", Proof("restarted", boot, iso(boot)))


def in_boot_grace(group: Group, story: Story, state: str) -> bool:
    """Return True if the failure lies within the first minutes of a start, and did not outlast them as far as is known."""
    first, last = group.times.first(story.clocks), group.times.last(story.clocks)
    if first is None or last is None or not group.rule.grace or group.present:
        return False
    grace = group.rule.grace * 1_000_000
    if not any(t - grace // 5 <= first and last <= t + grace for t in story.starts):
        return False
    return state == "resolved" or (story.end or last) - last > grace // 2
