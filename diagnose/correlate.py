"""Makes findings of what the engine kept: merges, states, folds symptoms under causes, orders."""

from __future__ import annotations

from diagnose.engine import VAGUE, Engine, Group
from diagnose.model import Affected, Finding
from diagnose.rule import SEVERITIES

GRACE = 300_000_000
"""Microseconds after a start in which a failure that ends by itself is normal (MicroShift waits 300 s for OVN-Kubernetes)."""
_BOOTING = frozenset({"network-plugin-not-ready", "apiserver-unreachable", "cni-plugin-missing", "crio-default-network", "multus-not-running", "crio-not-running", "ovn-kubernetes-not-ready"})
"""Rules whose failure every boot shows for a while."""
_CONFIDENCE = {"high": 0, "medium": 1, "low": 2}
_STATE = {"active": 0, "unknown": 1, "resolved": 2}


def findings(engine: Engine) -> list[Finding]:
    """Return the findings of everything that `engine` was fed, root causes first."""
    groups = _merged(list(engine.groups.values()))
    made = [(g, _finding(g, engine)) for g in groups]
    kept = _folded(made)
    kept.sort(key=lambda x: _rank(*x))
    return [f for _, f in kept]


def _merged(groups: list[Group]) -> list[Group]:
    """Merge a group whose names are not all known into the one group of its rule that agrees with it."""
    found: list[Group] = []
    by_rule: dict[str, list[Group]] = {}
    for g in sorted(groups, key=lambda g: (sum(1 for k in g.key if not k), g.order)):
        fits = [o for o in by_rule.get(g.rule.id, []) if _agrees(g, o)]
        if len(fits) == 1 or (fits and not any(g.key)):
            _absorb(fits[0], g)
            continue
        by_rule.setdefault(g.rule.id, []).append(g)
        found.append(g)
    return sorted(found, key=lambda g: g.order)


def _agrees(vague: Group, known: Group) -> bool:
    if all(vague.key) and vague.key:
        return False
    if any(a and b and a != b for a, b in zip(vague.key, known.key, strict=True)):
        return False
    return not vague.pods or bool(vague.pods.keys() & known.pods.keys())


def _absorb(into: Group, other: Group) -> None:
    for k, v in other.captures.items():
        into.captures.setdefault(k, v)
    for place, n in other.counts.items():
        into.counts[place] = max(into.counts.get(place, 0), n)
    for pod, times in other.pods.items():
        mine = into.pods.get(pod)
        if mine is None:
            into.pods[pod] = times
        else:
            mine.first = min((x for x in (mine.first, times.first) if x is not None), default=None)
            mine.last = max((x for x in (mine.last, times.last) if x is not None), default=None)
    into.first = min((x for x in (into.first, other.first) if x is not None), default=None)
    into.last = max((x for x in (into.last, other.last) if x is not None), default=None)
    into.programs |= other.programs
    into.added = into.added or other.added
    into.whole = into.whole or other.whole
    room = max(0, 4 - len(into.samples))
    into.samples.extend(other.samples[:room])


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
    if rule.id in _BOOTING and _is_boot(group, engine, state):
        severity = "info"
    affected = [Affected("Pod", ns or None, name) for ns, _, name in sorted(p.partition("/") for p in group.pods)]
    if rule.about == "nad" and group.captures.get("nad"):
        affected.append(Affected("NetworkAttachmentDefinition", group.captures.get("nad_namespace"), group.captures["nad"]))
    return Finding(
        rule=rule.id, severity=severity, confidence=confidence, state=state, affected=affected, captures=dict(sorted(group.captures.items())),
        count=_count(group), first=group.first, last=group.last, evidence=list(group.samples), resolved_by=by, sources=tuple(sorted(group.programs)),
    )  # fmt: skip


def _state(group: Group, engine: Engine) -> tuple[str, str]:
    if group.rule.about == "node" and not group.rule.key and group.rule.id in _BOOTING:
        if group.last is not None and engine.node_ready is not None and engine.node_ready > group.last:
            return "resolved", "a pod got its network, or the node became ready, afterwards"
        return ("active", "") if group.last is not None else ("unknown", "")
    if not group.pods:
        return ("active" if group.last is not None else "unknown"), ""
    over: list[str] = []
    for pod, times in group.pods.items():
        ok = engine.ok.get(pod)
        if ok is None or (ok.time is not None and times.last is not None and ok.time < times.last) or (ok.time is None and times.last is not None):
            return ("active" if group.last is not None else "unknown"), ""
        over.append(ok.text)
    return "resolved", over[0]


def _is_boot(group: Group, engine: Engine, state: str) -> bool:
    """Return True if the failure lies within the first minutes of a start, and did not outlast them as far as is known."""
    if group.first is None or group.last is None:
        return False
    starts = [t for t, _ in engine.starts if t - GRACE // 5 <= group.first and group.last <= t + GRACE]
    if not starts:
        return False
    end = engine.window[1] or group.last
    return state == "resolved" or end - group.last > GRACE // 2


def _folded(made: list[tuple[Group, Finding]]) -> list[tuple[Group, Finding]]:
    """Fold each symptom under the finding that explains it, and keep the count there."""
    kept: list[tuple[Group, Finding]] = []
    for group, finding in made:
        cause = next((f for g, f in made if f is not finding and _explains(g, f, group, finding)), None)
        if cause is None:
            kept.append((group, finding))
        else:
            cause.explains.append((finding.rule, finding.count))
    for _, finding in kept:
        finding.explains.sort()
    return kept


def _explains(cause_group: Group, cause: Finding, group: Group, finding: Finding) -> bool:
    if cause.severity == "info" or cause.rule in VAGUE and finding.rule not in VAGUE:
        return False
    if cause.rule in VAGUE:
        order = ("sandbox-name-reserved", "sandbox-network-failed", "cni-del-failed")
        if order.index(cause.rule) >= order.index(finding.rule):
            return False
    elif finding.rule not in VAGUE and finding.rule not in cause_group.rule.explains and (group.added or not cause_group.added):
        return False
    if not group.pods:
        return finding.rule in VAGUE or finding.rule in cause_group.rule.explains or not group.added
    return group.pods.keys() <= cause_group.pods.keys() or (cause_group.rule.about == "node" and finding.rule in cause_group.rule.explains)


def _rank(group: Group, finding: Finding) -> tuple[object, ...]:
    return (
        SEVERITIES.index(finding.severity),
        _STATE[finding.state],
        finding.rule in VAGUE,
        not group.added,
        _CONFIDENCE[finding.confidence],
        -sum(n for _, n in finding.explains),
        -finding.count,
        group.order,
    )
