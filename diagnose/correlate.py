"""Makes findings of what the engine kept: merges, states, folds symptoms under causes, orders."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

from diagnose.engine import SAMPLES, VAGUE, Engine, Group, PodTimes, Success
from diagnose.model import Affected, Finding, earliest, latest
from diagnose.rule import DEFAULT_KEYS, SEVERITIES

_CONFIDENCE = {"high": 0, "medium": 1, "low": 2}
_WAIT = 60_000_000
"""Microseconds after the last "not ready" in which the scheduler's complaint belongs to it."""
_STATE = {"active": 0, "unknown": 1, "resolved": 2}


def findings(engine: Engine) -> list[Finding]:
    """Return the findings of everything that `engine` was fed, root causes first."""
    groups = list(engine.groups.values())
    _name_spaces(groups, engine)
    for group in groups:
        complete(group, engine)
        _add_hit_pods(group, engine)
        if group.pods and not group.captures.get("pod"):
            namespace, _, name = min(group.pods).partition("/")
            group.captures.update({"pod": name, "namespace": namespace} if namespace else {"pod": name})
    made = [(g, _finding(g, engine)) for g in _merged(groups)]
    kept = _folded(made)
    kept.sort(key=lambda x: _rank(*x))
    return [f for _, f in kept]


def _name_spaces(groups: list[Group], engine: Engine) -> None:
    """Give a pod that a table names without its namespace the one that other evidence knows, if there is only one."""
    known: dict[str, set[str]] = {}
    for pod in {p for g in groups for p in g.pods} | engine.ok.keys() | engine.known_pods:
        namespace, _, name = pod.partition("/")
        if namespace:
            known.setdefault(name, set()).add(pod)
    for name, pods in known.items():
        if len(pods) != 1:
            continue
        (pod,) = pods
        for success in engine.ok.pop(f"/{name}", []):
            engine.ok.setdefault(pod, []).append(success)
        for group in groups:
            times = group.pods.pop(f"/{name}", None)
            if times is None:
                continue
            _join_times(group.pods.setdefault(pod, PodTimes()), times)
            if group.captures.get("pod") == name:
                group.captures.setdefault("namespace", pod.partition("/")[0])
            if group.rule.key == DEFAULT_KEYS["pod"]:
                group.key = (pod.partition("/")[0], name)


def _join_times(mine: PodTimes, other: PodTimes) -> None:
    mine.last = latest(mine.last, other.last)
    mine.last_relative = latest(mine.last_relative, other.last_relative)


def complete(group: Group, engine: Engine) -> None:
    """Fill in what the messages leave out from the NAD, where it is among the evidence."""
    captures = group.captures
    nad = engine.nads.find(captures.get("nad_namespace") or captures.get("namespace", ""), captures.get("nad") or captures.get("network", ""))
    if nad is None and not captures.get("nad") and not captures.get("network"):
        asked = {n for pod in group.pods for n in engine.nads.asked_by(pod)}
        if len(asked) == 1:
            nad = engine.nads.find(*next(iter(asked)))
    if nad is not None:
        for key, value in nad.facts.items():
            captures.setdefault(key, value)
    if nad is not None or captures.get("nad"):
        group.key = tuple(captures.get(k, "") or v for k, v in zip(group.rule.key, group.key, strict=True))


def _add_hit_pods(group: Group, engine: Engine) -> None:
    """Add the pods that a failure hits without a message of their own.

    A NAD that cannot be read stops each pod that asks for it and does not run yet; a node without a network keeps
    pods waiting for the scheduler.
    """
    if group.programs == {"object"} and group.rule.about == "nad":
        for pod in engine.nads.asking(group.captures.get("nad_namespace", ""), group.captures.get("nad", "")):
            if pod not in engine.ok:
                group.pods.setdefault(pod, PodTimes())
    if group.rule.id == "network-plugin-not-ready" and group.last is not None:
        for pod, time in engine.waiting.items():
            if (group.first or 0) <= time <= group.last + _WAIT:
                group.pods.setdefault(pod, PodTimes(time))


def _merged(groups: list[Group]) -> list[Group]:
    """Merge a group whose names are not all known into the one group of its rule that agrees with it."""
    found: list[Group] = []
    by_rule: dict[str, list[Group]] = {}
    for g in sorted(groups, key=lambda g: (sum(1 for k in g.key if not k), not g.pods, g.order)):
        fits = [o for o in by_rule.get(g.rule.id, []) if _agrees(g, o)]
        if len(fits) == 1 or (fits and not any(g.key)):
            _absorb(fits[0], g)
            continue
        by_rule.setdefault(g.rule.id, []).append(g)
        found.append(g)
    return sorted(found, key=lambda g: g.order)


def _agrees(vague: Group, known: Group) -> bool:
    if vague.key == known.key and (any(vague.key) or vague.rule.about == "node"):
        return True
    if all(vague.key) and vague.key:
        return False
    if any(a and b and a != b for a, b in zip(vague.key, known.key, strict=True)):
        return False
    return not vague.pods or bool(vague.pods.keys() & known.pods.keys())


def _absorb(into: Group, other: Group) -> None:
    for k, v in other.captures.items():
        into.captures.setdefault(k, v)
    if other.pods or not into.pods:  # lines without a pod may be several pods'
        for place, n in other.counts.items():
            into.counts[place] = max(into.counts.get(place, 0), n)
    for pod, times in other.pods.items():
        _join_times(into.pods.setdefault(pod, PodTimes()), times)
    into.first = earliest(into.first, other.first)
    into.last = latest(into.last, other.last)
    into.programs |= other.programs
    into.added = into.added or other.added
    into.whole = into.whole or other.whole
    into.samples.extend(other.samples[: max(0, SAMPLES - len(into.samples))])


def _count(group: Group) -> int:
    """Return how often it happened: the same failure in two kinds of record counts once, other inputs add up.

    Two inputs that hold the same story (a journal in two forms) cannot be told from two parts of one journal by their
    counts; the larger one is the safe answer.
    """
    return max(group.counts.values(), default=1)


def _finding(group: Group, engine: Engine) -> Finding:
    rule = group.rule
    severity, confidence = rule.severity, rule.confidence
    state, by = _state(group, engine)
    if not group.whole and confidence == "high":
        confidence = "medium"
    if rule.grace and _is_boot(group, engine, state):
        severity = "info"
    affected = [Affected("Pod", ns or None, name) for ns, _, name in sorted(p.partition("/") for p in group.pods)]
    if rule.about == "nad" and group.captures.get("nad"):
        affected.append(Affected("NetworkAttachmentDefinition", group.captures.get("nad_namespace"), group.captures["nad"]))
    return Finding(
        rule=rule.id, severity=severity, confidence=confidence, state=state, affected=affected, captures=dict(sorted(group.captures.items())),
        count=_count(group), first=group.first, last=group.last, evidence=list(group.samples), resolved_by=by,
        cut=not group.whole, sources=tuple(sorted(group.programs)),
    )  # fmt: skip


def _state(group: Group, engine: Engine) -> tuple[str, str]:
    if group.rule.about == "node" and group.rule.grace:
        if group.last is not None and engine.node_ready is not None and engine.node_ready > group.last:
            return "resolved", "a pod got its network, or the node became ready, afterwards"
        return ("active", "") if group.last is not None else ("unknown", "")
    # An object is what the cluster holds at the time of the evidence.
    dated = group.last is not None or any(t.last_relative is not None for t in group.pods.values())
    failing = "active" if dated or "object" in group.programs else "unknown"
    if not group.pods:
        return failing, ""
    over: list[str] = []
    for pod, times in group.pods.items():
        success = _over(engine.ok.get(pod, []), times, group)
        if success is None:
            return failing, ""
        over.append(success.text)
    return "resolved", over[0]


_ADDED = re.compile(r"\bAdd \S+ \[[^\]]*\](?: from (?P<network>\S+))?")


def _over(known: list[Success], times: PodTimes, group: Group) -> Success | None:
    """Return what shows that a pod works after its last failure; dates win over ages, and an object's state over both.

    "Add eth0" stands before the failure of net1 in every attempt: an added interface shows only that its own network works.
    """
    names = {group.captures.get("network"), f"{group.captures.get('nad_namespace')}/{group.captures.get('nad')}"}
    for success in known:
        added = _ADDED.search(success.text)
        if added is not None and added["network"] not in names:
            continue
        if success.time is None:
            return success
        last = times.last_relative if success.relative else times.last
        if last is not None and success.time > last and (not success.relative or times.last is None):
            return success
    return None


def _is_boot(group: Group, engine: Engine, state: str) -> bool:
    """Return True if the failure lies within the first minutes of a start, and did not outlast them as far as is known."""
    if group.first is None or group.last is None:
        return False
    grace = group.rule.grace * 1_000_000
    if not any(t - grace // 5 <= group.first and group.last <= t + grace for t, _ in engine.starts):
        return False
    end = engine.window[1] or group.last
    return state == "resolved" or end - group.last > grace // 2


def _folded(made: list[tuple[Group, Finding]]) -> list[tuple[Group, Finding]]:
    """Fold each symptom under the finding that explains it, and keep the count there."""
    kept: list[tuple[Group, Finding]] = []
    counts: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for group, finding in made:
        cause = next((f for g, f in made if f is not finding and _explains(g, f, group, finding)), None)
        if cause is None:
            kept.append((group, finding))
        else:
            cause.affected += [a for a in finding.affected if a.kind == "Pod" and a not in cause.affected]
            counts[id(cause)][finding.rule] += finding.count
            counts[id(cause)].update(dict(finding.explains))
    for _, finding in kept:
        finding.explains = sorted(counts[id(finding)].items())
    return kept


def _explains(cause_group: Group, cause: Finding, group: Group, finding: Finding) -> bool:
    if cause.severity == "info" or (cause.rule in VAGUE and finding.rule not in VAGUE):
        return False
    if cause.rule in VAGUE:
        order = ("sandbox-name-reserved", "sandbox-network-failed", "cni-del-failed")
        if order.index(cause.rule) >= order.index(finding.rule):
            return False
    elif finding.rule not in VAGUE and finding.rule not in cause_group.rule.explains and (group.added or not cause_group.added):
        return False
    if not group.pods:
        return finding.rule in VAGUE or finding.rule in cause_group.rule.explains or not group.added
    if group.pods.keys() <= cause_group.pods.keys():
        return True
    # What stops the whole node explains the pods that fail meanwhile.
    wide = cause_group.rule.about == "node" and not cause_group.rule.key and finding.rule in cause_group.rule.explains
    return wide and _meanwhile(cause_group, group)


def _meanwhile(cause: Group, group: Group) -> bool:
    if None in (cause.first, cause.last, group.first, group.last):
        return True
    return (cause.first or 0) - _WAIT <= (group.first or 0) and (group.last or 0) <= (cause.last or 0) + 5 * _WAIT


def _rank(group: Group, finding: Finding) -> tuple[object, ...]:
    return (
        SEVERITIES.index(finding.severity),
        _STATE[finding.state],
        finding.rule in VAGUE,
        not group.added,
        _CONFIDENCE[finding.confidence],
        -finding.count,
        finding.first or 0,
        finding.rule,
        group.key,
    )
