"""Folds symptoms beneath their causes: rules say which findings they explain and by what the two are joined."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from diagnose.engine import Group
from diagnose.model import Finding, Symptom
from diagnose.rule import SEVERITIES

_BEFORE = 60_000_000
"""Microseconds by which a symptom may be told before its cause."""
_AFTER = 5 * 60_000_000
"""Microseconds after a cause in which the kubelet still repeats what came of it."""
_STATES = ("active", "flapping", "unknown", "resolved")
_CONFIDENCE = ("high", "medium", "low")

Made = tuple[Group, Finding]


def folded(made: list[Made]) -> list[Made]:
    """Return the findings that no other explains, those first that a reader must see first, each with its symptoms."""
    made = sorted(made, key=_rank)
    above: dict[int, int] = {}
    may_explain = _candidates(made)
    for number, symptom in enumerate(made):
        joined = sorted((join, other) for other in may_explain(symptom[0]) if other != number and (join := _join(made[other], symptom)) is not None)
        cause = next((other for _, other in joined if number not in _causes(other, above)), None)
        if cause is not None:
            above[number] = cause
    roots = [n for n in range(len(made)) if n not in above]
    beneath: dict[int, list[int]] = {}
    for number, cause in sorted(above.items()):
        beneath.setdefault(cause, []).append(number)
    for number in roots:
        finding = made[number][1]
        symptoms: dict[tuple[str, str], int] = {}
        for cause, symptom in _below(number, beneath):
            other = made[symptom][1]
            key = (other.rule, made[cause][1].rule)
            symptoms[key] = symptoms.get(key, 0) + other.count
            finding.affected += [a for a in other.affected if a.kind == "Pod" and a not in finding.affected]
        finding.explains = [Symptom(rule, count, by) for (rule, by), count in symptoms.items()]
    return sorted((made[n] for n in roots), key=_order)


def _candidates(made: list[Made]) -> Callable[[Group], Iterable[int]]:
    """Return what yields the findings that may explain a group: those that hit its pod, and those that reach further."""
    by_pod: dict[str, list[int]] = {}
    wide: list[int] = []
    for number, (group, _) in enumerate(made):
        if group.rule.explains.keys() - {"pod"}:
            wide.append(number)
        for pod in group.pods:
            by_pod.setdefault(pod, []).append(number)
    return lambda group: {*by_pod[next(iter(group.pods))], *wide} if group.pods else range(len(made))


def _causes(number: int, above: dict[int, int]) -> Iterator[int]:
    """Yield finding `number` and everything above it."""
    while True:
        yield number
        if number not in above:
            return
        number = above[number]


def _below(number: int, beneath: dict[int, list[int]]) -> Iterator[tuple[int, int]]:
    """Yield (cause, symptom) of everything beneath finding `number`, each symptom behind its cause."""
    for symptom in beneath.get(number, ()):
        yield number, symptom
        yield from _below(symptom, beneath)


def _join(cause: Made, symptom: Made) -> int | None:
    """Return how closely `cause` is joined to what it explains, 0 the closest; None where it does not explain it."""
    above, c = cause
    below, s = symptom
    rule, other = above.rule, below.rule
    if other.symptom and rule.symptom and (_says_why(below) or not (_says_why(above) or other.id in rule.explains.get("pod", ()))):
        return None
    # What objects alone show to be no more than a warning made no error.
    less = c.sources == ("object",) and SEVERITIES.index(c.severity) > SEVERITIES.index(s.severity)
    if (c.severity == "info" or less) and s.state != "resolved":
        return None
    if c.state == "resolved" and s.state != "resolved" and (c.proof is None or c.proof.time is None or (s.last or 0) > c.proof.time):
        return None
    torn_down = not below.added and above.added and not rule.symptom  # a DEL that fails after a failed ADD
    if (other.id in rule.explains.get("pod", ()) or other.symptom or torn_down) and below.pods and below.pods.keys() <= above.pods.keys():
        return 0
    for rank, (join, names) in enumerate((("nad", ("nad_namespace", "nad")), ("network", ("network",))), 1):
        if other.id in rule.explains.get(join, ()) and _same(above, below, names):
            return rank
    # What a component says of itself explains what happens on its node meanwhile; another pod's failure does not.
    wide = below.bare or other.symptom or other.over == "node"
    if other.id in rule.explains.get("node", ()) and above.bare and wide and _meanwhile(c, s):
        return 3
    return 4 if not below.pods and (other.symptom or torn_down) and other.about == "pod" and _meanwhile(c, s) else None


def _says_why(group: Group) -> bool:
    """Return True if a failed ADD carries its innermost error, though no rule knows it."""
    return group.rule.id == "sandbox-network-failed" and bool(group.captures.get("reason"))


def _same(one: Group, other: Group, names: tuple[str, ...]) -> bool:
    return all(one.captures.get(n) and one.captures.get(n) == other.captures.get(n) for n in names)


def _meanwhile(cause: Finding, symptom: Finding) -> bool:
    if cause.first is None or cause.last is None or symptom.first is None or symptom.last is None:
        return True
    return cause.first - _BEFORE <= symptom.first and symptom.first <= cause.last + _AFTER


def _rank(made: Made) -> tuple[object, ...]:
    """Order by who is the better cause; the last parts only make it the same in every run."""
    group, finding = made
    return (
        SEVERITIES.index(finding.severity), _STATES.index(finding.state), group.rule.symptom, not group.added, _CONFIDENCE.index(finding.confidence),
        -finding.count, finding.first or 0, finding.rule, group.key, finding.subject,
    )  # fmt: skip


def _order(made: Made) -> tuple[object, ...]:
    """Order for a reader: what goes on and is bad, then what stops the whole node, then what is surest and most frequent."""
    severity, state, *rest = _rank(made)
    group, finding = made
    return (
        finding.severity == "info",
        finding.state == "resolved",
        severity,
        state,
        not (group.bare and group.rule.about == "node" and finding.explains),
        *rest,
    )
