"""What a pattern cannot say: checks of the objects themselves, one by one and against each other."""

from __future__ import annotations

import json
from collections.abc import Iterator

from diagnose.checks import manifest
from diagnose.checks import object as api
from diagnose.checks.fault import Fault, Objects, Path, Profile, Spot
from diagnose.checks.object import NAD, TEMPLATES
from diagnose.model import Resource
from diagnose.parse.tree import items, mapping

NETWORKS = manifest.NETWORKS


def at(body: object, path: Path) -> object:
    """Return the value at `path`; None where there is none."""
    for step in path:
        found = items(body)
        body = mapping(body).get(step) if isinstance(step, str) else found[step] if 0 <= step < len(found) else None
    return body


def faults(resource: Resource, profile: Profile) -> Iterator[Fault]:
    """Yield what is wrong with one object by itself."""
    del profile
    yield from api.faults(resource)
    for old in manifest.faults(resource):
        path: Path = (
            ("spec", "config") if resource.kind == NAD else (*TEMPLATES.get(resource.kind, ()), "metadata", "annotations", old.captures.get("key", NETWORKS))
        )
        yield Fault(old.rule, old.captures, old.text, path=path, spot=_spot(at(resource.body, path)))


def _spot(value: object) -> Spot | None:
    try:
        json.loads(value if isinstance(value, str) else "0")
    except json.JSONDecodeError as e:
        return Spot(e.pos, 1)
    return None


def cross(objects: Objects, profile: Profile) -> Iterator[tuple[Resource, Fault]]:
    """Yield what is wrong between objects, each fault with the object that it is found in."""
    del objects, profile
    yield from ()
