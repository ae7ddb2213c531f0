"""A network annotation in an object: where it stands, and how a problem of it becomes a fault."""

from __future__ import annotations

import json

from diagnose.checks.fault import Fault, Path, Profile, Spot
from diagnose.checks.object import TEMPLATES
from diagnose.checks.selection import Problem, Selection, parse, read
from diagnose.model import Resource
from diagnose.parse.kube import NETWORKS
from diagnose.parse.tree import mapping
from diagnose.record import dataclass

DEFAULT_NETWORK = "v1.multus-cni.io/default-network"
ASKED = (NETWORKS, DEFAULT_NETWORK)
STATUS = "k8s.v1.cni.cncf.io/network-status"
MULTUS_NAMESPACE = "kube-system"
"""Where Multus looks for a default network that is named without a namespace (pkg/types/conf.go:42; MicroShift does not set it)."""
MOST = 20
"""Faults of one kind of check that are told of one annotation."""


@dataclass(frozen=True, slots=True)
class Place:
    """One annotation of one object."""

    resource: Resource
    path: Path
    key: str
    value: str
    profile: Profile

    def fault(self, problem: Problem) -> Fault:
        """Return `problem` as a fault of this annotation."""
        captures = {**names_of(self.resource), **problem.captures}
        values = {"annotation": self.key, **problem.values}
        return Fault(
            problem.rule,
            captures,
            excerpt(self.key, self.value, problem.spot),
            f"annotation-{problem.what}",
            values,
            self.path,
            problem.spot,
            problem.severity,
            problem.instead,
        )

    def selections(self) -> tuple[Selection, ...]:
        """Return the networks that are asked for; none of a value that Multus refuses."""
        return parse(self.value, self._namespace, version=self.profile.version).selections

    @property
    def _namespace(self) -> str:
        return MULTUS_NAMESPACE if self.key == DEFAULT_NETWORK else self.resource.namespace

    def parsed(self) -> tuple[list[Selection], list[Problem]]:
        """Return what Multus reads and refuses; nothing of an empty value."""
        return read(self.value, self._namespace, self.profile.version) if self.value else ([], [])


def names_of(resource: Resource) -> dict[str, str]:
    """Return the captures that name the object."""
    return {k: v for k, v in (("pod", resource.name), ("namespace", resource.namespace)) if v}


WIDTH = 140


def excerpt(key: str, value: str, spot: Spot) -> str:
    """Return the line of the annotation that holds `spot`, with carets beneath it; a long line is cut around it."""
    start = value.rfind("\n", 0, spot.offset) + 1
    end = value.find("\n", spot.offset)
    line = value[start : end if end >= 0 else len(value)]
    lead = f"{key}: " if start == 0 else ""
    column = len(lead) + spot.offset - start
    line = lead + line
    if len(line) > WIDTH:
        first = max(0, min(column - WIDTH // 2, len(line) - WIDTH))
        line, column = line[first : first + WIDTH], column - first
    return f"{line}\n{' ' * column}{'^' * max(1, min(spot.length, len(line) - column))}"


def pod_path(resource: Resource) -> Path | None:
    """Return where the pod (or the template of pods) stands in `resource`; None if it makes no pods."""
    return TEMPLATES.get(resource.kind)


def at_path(body: object, path: Path) -> object:
    """Return the value at `path`, all of whose steps are keys; None where there is none."""
    for step in path:
        body = mapping(body).get(str(step))
    return body


def put(text: str, *, quoted: bool) -> str:
    """Return `text` as JSON or the comma list has it."""
    return json.dumps(text) if text and quoted else text
