"""Two reports compared: what is cured, new or changed, and what else differs on the node."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from diagnose.parse.tree import items, mapping
from diagnose.record import dataclass, field

_GOING_ON = ("active", "flapping", "unknown")
_SEVERITIES = ("error", "warning")


class Change(NamedTuple):
    """One failure in both reports, of which either may lack it."""

    before: dict[str, Any]
    after: dict[str, Any]

    @property
    def either(self) -> dict[str, Any]:
        """The newer word on it."""
        return self.after or self.before


class Difference(NamedTuple):
    """One fact that differs: its kind and name, and the value in each report ("" where it lacks it)."""

    kind: str
    name: str
    before: str
    after: str


@dataclass(slots=True)
class Comparison:
    """What became of the failures of the first report, and what is new in the second."""

    cured: list[Change] = field(default_factory=list[Change])
    """Resolved in the second report, with its proof."""
    gone: list[Change] = field(default_factory=list[Change])
    """Not in the second report at all: cured, or not looked at."""
    new: list[Change] = field(default_factory=list[Change])
    changed: list[Change] = field(default_factory=list[Change])
    """Goes on, with another count or state."""
    same: list[Change] = field(default_factory=list[Change])
    facts: list[Difference] = field(default_factory=list[Difference])


def compare(before: dict[str, Any], after: dict[str, Any]) -> Comparison:
    """Return how the report `after` differs from `before`; both in the shape msnet.report/1."""
    result = Comparison()
    for change in _pairs(_failures(before), _failures(after)):
        was, is_ = change.before.get("state") in _GOING_ON, change.after.get("state") in _GOING_ON
        if was and not change.after:
            result.gone.append(change)
        elif was and not is_:
            result.cured.append(change)
        elif is_ and not was:
            result.new.append(change)
        elif was and is_:
            same = all(change.before.get(k) == change.after.get(k) for k in ("subject", "state", "count", "severity"))
            (result.same if same else result.changed).append(change)
    result.facts = _facts(before, after)
    return result


def _pairs(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> Iterator[Change]:
    """Yield each failure with its other self: the same rule and subject, else the same rule on one of the same pods."""
    left = list(new)
    matches: dict[int, dict[str, Any]] = {}
    for alike in (_same_key, _same_pod):
        for number, f in enumerate(old):
            match = next((o for o in left if number not in matches and alike(o, f)), None)
            if match is not None:
                matches[number] = match
                left.remove(match)
    yield from (Change(f, matches.get(number, {})) for number, f in enumerate(old))
    yield from (Change({}, f) for f in left)


def _same_key(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return _key(one) == _key(other)


def _same_pod(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.get("rule") == other.get("rule") and bool(_pods(one) & _pods(other))


def _key(f: dict[str, Any]) -> tuple[str, str]:
    return str(f.get("rule")), str(f.get("subject"))


def _pods(f: dict[str, Any]) -> set[str]:
    return {f"{a.get('namespace')}/{a.get('name')}" for a in map(mapping, items(f.get("affected"))) if a.get("kind") == "Pod"}


def _failures(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the findings of a report; information is none."""
    return [f for f in map(mapping, items(report.get("findings"))) if f.get("severity") in _SEVERITIES]


def _facts(before: dict[str, Any], after: dict[str, Any]) -> list[Difference]:
    """Return what differs of the kinds that both reports know; what only one looked at is no difference."""
    old, new = mapping(before.get("facts")), mapping(after.get("facts"))
    found: list[Difference] = []
    for kind in sorted(old.keys() & new.keys()):
        a, b = mapping(old[kind]), mapping(new[kind])
        for name in sorted(a.keys() | b.keys()):
            was, is_ = str(a.get(name, "")), str(b.get(name, ""))
            if was == is_:
                continue
            parts = _fields(was, is_) if kind == "nad" and was and is_ else None
            found += [Difference(kind, f"{name} {k}", x, y) for k, x, y in parts] if parts else [Difference(kind, name, was, is_)]
    return found


def _fields(before: str, after: str) -> list[tuple[str, str, str]] | None:
    """Return the JSON fields that differ, or None where a config is no JSON."""
    try:
        a, b = _flat(json.loads(before)), _flat(json.loads(after))
    except (ValueError, RecursionError):
        return None
    return [(k, a.get(k, ""), b.get(k, "")) for k in sorted(a.keys() | b.keys()) if a.get(k) != b.get(k)]


def _flat(value: object, path: str = "") -> dict[str, str]:
    if isinstance(value, dict):
        return {k: v for key, x in cast("dict[str, object]", value).items() for k, v in _flat(x, f"{path}.{key}" if path else key).items()}
    if isinstance(value, list):
        return {k: v for n, x in enumerate(cast("list[object]", value)) for k, v in _flat(x, f"{path}[{n}]").items()}
    return {path: json.dumps(value, ensure_ascii=False)}
