"""Makes findings of what the engine kept: merges, names, states, folds symptoms under causes, orders."""

from __future__ import annotations

from diagnose.engine import Engine, Group, PodTimes, when
from diagnose.fold import Made, folded
from diagnose.model import Affected, Finding, latest
from diagnose.rule import DEFAULT_KEYS, SEVERITIES
from diagnose.shape import shape
from diagnose.state import in_boot_grace, state_of
from diagnose.story import Story

_WAIT = 60_000_000
"""Microseconds after the last "not ready" in which the scheduler's complaint belongs to it."""


def findings(story: Story) -> list[Finding]:
    """Return the findings of everything that the engine was fed, root causes first."""
    engine = story.engine
    _conclude_vanished(story)
    groups = [engine.groups[k] for k in sorted(engine.groups)]
    _name_spaces(groups, engine)
    for group in groups:
        complete(group, engine)
        _add_hit_pods(group, story)
        if group.pods and not group.captures.get("pod"):
            namespace, _, name = min(group.pods).partition("/")
            group.captures.update({"pod": name, "namespace": namespace} if namespace else {"pod": name})
    made = [(g, _finding(g, story)) for g in _merged(groups)]
    return [f for _, f in _rated(_alike(folded(made), story))]


def _rated(made: list[Made]) -> list[Made]:
    """Give re-rated rules their severity; before, it would decide which symptoms they explain."""
    for group, finding in made:
        if finding.severity == group.rule.original:
            finding.severity = group.rule.severity
    return sorted(made, key=lambda m: SEVERITIES.index(m[1].severity))


def _conclude_vanished(story: Story) -> None:
    """Blame the component whose CNI configuration vanished just before the node's network became "not ready".

    Multus and OVN-Kubernetes remove their file when they stop, and write it again when they are back.
    """
    ends = [g.times.first(story.clocks) for g in story.engine.groups.values() if g.rule.id == "network-plugin-not-ready"]
    for end in ends:
        if end is None:
            continue
        last = {detail.partition('"')[2]: (time, detail, record) for time, detail, record in story.configs if end - _VANISHED <= time <= end + _SLACK}
        for file, (_, detail, record) in last.items():
            rule = next((rule for part, rule in _FILES.items() if part in file), None)
            if rule is not None and detail.startswith("REMOVE"):
                story.engine.conclude(rule, record)


_FILES = {"multus": "multus-not-running", "ovn-kubernetes": "ovn-kubernetes-not-ready"}
"""Whose failure it is when a CNI configuration with that in its name is gone."""
_VANISHED, _SLACK = 10 * 60_000_000, 5_000_000
"""Microseconds before "not ready" in which a file must have vanished; and by which that may be told later."""


def _alike(made: list[Made], story: Story) -> list[Made]:
    """Make one finding of the pods whose network failed with the same words that no rule knows."""
    first: dict[tuple[str, str], Made] = {}
    kept: list[Made] = []
    for group, finding in made:
        form = shape(group.captures.get("reason", "")) if group.rule.id == "sandbox-network-failed" else ""
        key = (finding.state, form)
        if not form or key not in first:
            if form:
                first[key] = (group, finding)
            kept.append((group, finding))
            continue
        known, told = first[key]
        for pod, times in group.pods.items():
            _join_times(known.pods.setdefault(pod, PodTimes()), times)
        known.times.join(group.times)
        _join_evidence(known, group)
        told.count += finding.count
        told.affected = sorted({*told.affected, *finding.affected})
        told.first, told.last = known.times.first(story.clocks), known.times.last(story.clocks)
        told.evidence = known.samples()
    return kept


def _name_spaces(groups: list[Group], engine: Engine) -> None:
    """Give a pod that a table names without its namespace the one that other evidence knows, if there is only one."""
    known: dict[str, set[str]] = {}
    for pod in {p for g in groups for p in g.pods} | engine.ok.keys() | engine.inventory.pods:
        namespace, _, name = pod.partition("/")
        if namespace:
            known.setdefault(name, set()).add(pod)
    nameless: dict[str, list[Group]] = {}
    for group in groups:
        for pod in group.pods:
            if pod.startswith("/"):
                nameless.setdefault(pod[1:], []).append(group)
    for name, pods in known.items():
        if len(pods) != 1:
            continue
        (pod,) = pods
        unnamed = engine.ok.pop(f"/{name}", None)
        if unnamed is not None:
            engine.ok[pod] = {**unnamed, **engine.ok.get(pod, {})}
        for group in nameless.get(name, ()):
            times = group.pods.pop(f"/{name}")
            _join_times(group.pods.setdefault(pod, PodTimes()), times)
            if group.captures.get("pod") == name:
                group.captures.setdefault("namespace", pod.partition("/")[0])
            if group.rule.key == DEFAULT_KEYS["pod"]:
                group.key = (pod.partition("/")[0], name)


def _join_times(mine: PodTimes, other: PodTimes) -> None:
    mine.times.join(other.times)
    mine.last_relative = latest(mine.last_relative, other.last_relative)


def complete(group: Group, engine: Engine) -> None:
    """Fill in what the messages leave out from the NAD, where it is among the evidence."""
    captures = group.captures
    nad = engine.inventory.find(captures.get("nad_namespace") or captures.get("namespace", ""), captures.get("nad") or captures.get("network", ""))
    if nad is None and not captures.get("nad") and not captures.get("network"):
        asked = {n for pod in group.pods for n in engine.inventory.asked_by(pod)}
        if len(asked) == 1:
            nad = engine.inventory.find(*next(iter(asked)))
    if nad is not None:
        for key, value in nad.facts.items():
            captures.setdefault(key, value)
    if nad is not None or captures.get("nad"):
        group.key = tuple(captures.get(k, "") or v for k, v in zip(group.rule.key, group.key, strict=True))


def _add_hit_pods(group: Group, story: Story) -> None:
    """Add the pods that a failure hits without a message of their own.

    A node without a network keeps pods waiting for the scheduler.
    """
    engine = story.engine
    first, last = group.times.first(story.clocks), group.times.last(story.clocks)
    if group.rule.id == "network-plugin-not-ready" and first is not None and last is not None:
        for pod, times in engine.waiting.items():
            since = times.first(story.clocks)
            if since is not None and first <= since <= last + _WAIT:
                group.pods.setdefault(pod, PodTimes()).times.join(times)


def _merged(groups: list[Group]) -> list[Group]:
    """Merge a group whose names are not all known into the one group of its rule that agrees with it."""
    found: list[Group] = []
    by_rule: dict[str, list[Group]] = {}
    for g in sorted(groups, key=lambda g: (sum(1 for k in g.key if not k), not g.pods)):
        fits = [o for o in by_rule.get(g.rule.id, []) if _agrees(g, o)]
        if len(fits) == 1 or (fits and not any(g.key)):
            _absorb(fits[0], g)
            continue
        by_rule.setdefault(g.rule.id, []).append(g)
        found.append(g)
    return found


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
        for kind, n in other.counts.items():
            into.counts[kind] = max(into.counts[kind], n)
        for event, n in other.events.items():
            into.events[event] = max(into.events.get(event, 0), n)
    for pod, times in other.pods.items():
        _join_times(into.pods.setdefault(pod, PodTimes()), times)
    into.times.join(other.times)
    into.programs |= other.programs
    into.added = into.added or other.added
    into.whole = into.whole or other.whole
    into.bare = into.bare or other.bare
    into.runs = into.runs and other.runs
    into.present = into.present or other.present
    into.severities |= other.severities
    _join_evidence(into, other)


def _join_evidence(into: Group, other: Group) -> None:
    for attempt, evidence in other.firsts.items():
        into.cite(attempt, evidence)
    into.newest = max(filter(None, (into.newest, other.newest)), key=when, default=None)


def _finding(group: Group, story: Story) -> Finding:
    rule = group.rule
    severity, confidence = rule.original or rule.severity, rule.confidence
    if group.programs == {"object"} and group.severities:
        rated = min(group.severities, key=SEVERITIES.index)
        severity, confidence = rated, "medium" if rated != severity and confidence == "high" else confidence
    elif "object" in group.programs and len(group.programs) > 1:
        confidence = "high"  # two sources that know nothing of each other
    state, proof = state_of(group, story)
    if not group.whole and confidence == "high":
        confidence = "medium"
    if in_boot_grace(group, story, state):
        severity = "info"
    affected = [Affected("Pod", ns or None, name) for ns, _, name in sorted(p.partition("/") for p in group.pods)]
    if rule.about == "nad" and group.captures.get("nad"):
        affected.append(Affected("NetworkAttachmentDefinition", group.captures.get("nad_namespace"), group.captures["nad"]))
    return Finding(
        rule=rule.id, severity=severity, confidence=confidence, state=state, affected=affected, captures=dict(sorted(group.captures.items())),
        count=group.count(), first=group.times.first(story.clocks), last=group.times.last(story.clocks), evidence=group.samples(), proof=proof,
        cut=not group.whole, sources=tuple(sorted(group.programs)), subject=subject_of(group),
        times=tuple(group.times.moments(story.clocks)),
    )  # fmt: skip


def subject_of(group: Group) -> str:
    """Return what a failure belongs to: the names of its rule's key, else the first pod that it hits, "" for the node."""
    return "/".join(dict.fromkeys(k for k in group.key if k)) or ("" if group.rule.about == "node" else min(group.pods, default=""))
