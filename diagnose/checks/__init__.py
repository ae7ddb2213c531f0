"""What a pattern cannot say: checks of the objects themselves, one by one and against each other.

The checks are imported when they are first run: a run without objects needs none of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from diagnose.checks.fault import Fault, Objects, Profile
from diagnose.model import Resource

__all__ = ["cross", "faults"]


def faults(resource: Resource, profile: Profile) -> Iterator[Fault]:
    """Yield what is wrong with one object by itself."""
    from diagnose.checks import annotation, nad
    from diagnose.checks import object as api

    yield from api.faults(resource)
    yield from annotation.faults(resource, profile)
    yield from nad.faults(resource, profile)


def cross(objects: Objects, profile: Profile) -> Iterator[tuple[Resource, Fault]]:
    """Yield what is wrong between objects, each fault with the object that it is found in."""
    from diagnose.checks import annotation, nad

    yield from annotation.cross(objects, profile)
    yield from nad.cross(objects, profile)
