"""What a check finds, and what it is told of the node."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from diagnose.model import Resource
from diagnose.record import dataclass, field

Path = tuple[str | int, ...]
"""Keys and indexes from the root of an object to one of its values."""


class Spot(NamedTuple):
    """A place within the string value that `Fault.path` leads to: JSON in a NAD's config or in an annotation."""

    offset: int
    length: int


class Fault(NamedTuple):
    """What is wrong with an object: the rule it belongs to, its captures, and the words or excerpt that show it."""

    rule: str
    captures: dict[str, str]
    """Names that fill the rule's own texts (nad, nad_namespace, pod, namespace, plugin, reason ...)."""
    text: str
    """The proof, verbatim from the object: one line, or a few with a caret beneath the place."""
    what: str = ""
    """Key of the sentence in `checks/words.py` that says what is wrong here and what upstream does with it; "": the rule's title says it all."""
    values: Mapping[str, str] = MappingProxyType({})
    """What fills that sentence, beside the captures."""
    path: Path = ()
    spot: Spot | None = None
    severity: str = ""
    """Severity where it differs from the rule's: "info" for a hint that Multus or the plugin does not mind."""
    instead: str = ""
    """What to write instead, verbatim; "" where nobody can know."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The node that manifests are meant for. None means unknown: then nothing is said about it."""

    version: str = "4.18"
    """MicroShift's version, major.minor."""
    plugins: frozenset[str] = frozenset({"bridge", "macvlan", "ipvlan", "static", "dhcp", "host-local"})
    """CNI plugins on the node (MicroShift ships these; reference: microshift-multus)."""
    links: frozenset[str] | None = None
    """Host interfaces."""
    pod_networks: tuple[str, ...] = ("10.42.0.0/16",)
    service_networks: tuple[str, ...] = ("10.43.0.0/16",)
    host_networks: tuple[str, ...] = ()
    """Subnets of the host's own interfaces, by which a NAD's range would be shadowed."""
    namespaces_known: bool = False
    """True if the NADs at hand are all there are: only then a missing one is an error and not a hint."""
    nads: frozenset[str] | None = None
    """NADs ("namespace/name") that the node has beside those at hand."""


@dataclass(slots=True)
class Objects:
    """All objects of one run, for checks that compare them."""

    resources: list[Resource] = field(default_factory=list[Resource])
