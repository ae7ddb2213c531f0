"""Makes the profile of a node from saved evidence: what its interfaces, addresses, objects and files tell, and nothing that they do not."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator
from datetime import UTC
from typing import Any

from diagnose.checks.fault import Profile
from diagnose.checks.position import Document, read
from diagnose.collect.evidence import Evidence, Options
from diagnose.collect.files import walk
from diagnose.model import LINK, Record, Resource
from diagnose.node import Node
from diagnose.parse.tree import items, mapping
from diagnose.pattern import lazy
from diagnose.record import dataclass, field
from diagnose.scan import Scanner

_TRANSIENT = ("veth", "lo")
"""Interfaces that no NAD can mean: the host's ends of pods, and the loopback."""
_KUBELET = lazy(r"^v1\.(\d+)\.\d+")
_BEHIND = 13
"""OpenShift 4.N, and MicroShift with it, is Kubernetes 1.(N+13): 4.18 is 1.31."""
_OLDEST, _NEWEST = 29, 35
"""Kubernetes minors of MicroShift 4.16, the first with Multus, to 4.22."""
_VERSION = lazy(r"\bMicroShift Version: (4\.\d+)\.\d|\bmicroshift-(4\.\d+)\.\d+-|\bmicroshift=\"?(4\.\d+)\.\d")
"""`microshift version`, the name of the RPM, and the line that MicroShift logs at its start."""
_RELEASE = lazy(r"(4\.\d+)\.\d")
_LITERALS = ["MicroShift Version: ", "microshift-4.", 'microshift="4.', "microshift=4."]
_CONFIG = 256 * 1024
"""Bytes of MicroShift's configuration file that are read."""


@dataclass(slots=True)
class Learned:
    """What the evidence tells of a node; what it does not tell is as on a stock MicroShift."""

    version: str = ""
    links: set[str] = field(default_factory=set[str])
    networks: set[str] = field(default_factory=set[str])
    pod_networks: tuple[str, ...] = ()
    service_networks: tuple[str, ...] = ()
    nads: set[str] = field(default_factory=set[str])
    kubelet: str = ""
    node: Node = field(default_factory=Node)

    @property
    def anything(self) -> bool:
        """True if the evidence told anything at all."""
        own = self.node.version or self.node.network or self.node.plugins
        return bool(self.version or self.links or self.networks or self.pod_networks or self.service_networks or self.nads or self.kubelet or own)

    def hold(self, resource: Resource) -> None:
        """Take what an object, an interface or a fact tells of the node."""
        self.node.hold(resource)
        if resource.kind == LINK:
            if not resource.name.startswith(_TRANSIENT):
                self.links.add(resource.name)
                self.networks.update(_subnets(resource.body))
        elif resource.kind == "NetworkAttachmentDefinition" and resource.namespace:
            self.nads.add(f"{resource.namespace}/{resource.name}")
        elif resource.kind == "ConfigMap" and (resource.namespace, resource.name) == ("kube-public", "microshift-version"):
            # microshift docs/user/debugging_tips.md
            m = _RELEASE.match(str(mapping(resource.body.get("data")).get("version", "")))
            self.version = max(self.version, m[1], key=_number) if m is not None else self.version
        elif resource.kind == "Node":
            m = _KUBELET.match(str(mapping(mapping(resource.body.get("status")).get("nodeInfo")).get("kubeletVersion", "")))
            if m is not None and _OLDEST <= int(m[1]) <= _NEWEST:
                self.kubelet = f"4.{int(m[1]) - _BEHIND}"

    def profile(self) -> Profile:
        """Return the profile. Networks of the node that are its pods' or services' own are no networks of the host."""
        stock = Profile()
        network, release = self.node.network or {}, self.node.release
        pods = self.pod_networks or tuple(_cidrs(network.get("clusterNetwork"))) or stock.pod_networks
        services = self.service_networks or tuple(_cidrs(network.get("serviceNetwork"))) or stock.service_networks
        known = [ipaddress.ip_network(n) for n in (*pods, *services)]
        hosts = [n for n in map(ipaddress.ip_network, self.networks) if not any(k.version == n.version and k.overlaps(n) for k in known)]
        return Profile(
            version=("{}.{}".format(*release) if release is not None else "") or self.version or self.kubelet or stock.version,
            plugins=self.node.plugins or stock.plugins,
            links=frozenset(self.links) or None,
            pod_networks=pods,
            service_networks=services,
            host_networks=tuple(str(n) for n in sorted(hosts, key=lambda n: (n.version, n))),
            nads=frozenset(self.nads) or None,
        )


def learn(arguments: list[str]) -> Learned:
    """Return what the inputs named tell of their node. What cannot be read tells nothing."""
    learned = Learned()
    for item in Evidence(Scanner(_LITERALS), Options(None, UTC)).read(arguments):
        if isinstance(item, Record):
            m = _VERSION.search(item.message)
            if m is not None:
                learned.version = max(learned.version, m[1] or m[2] or m[3], key=_number)
        else:
            learned.hold(item)
    for config in _configs(arguments):
        network = mapping(config.body.get("network"))
        learned.pod_networks = tuple(_cidrs(network.get("clusterNetwork"))) or learned.pod_networks
        learned.service_networks = tuple(_cidrs(network.get("serviceNetwork"))) or learned.service_networks
    return learned


def _number(version: str) -> int:
    return int(version.partition(".")[2] or 0)


def _subnets(body: dict[str, Any]) -> Iterator[str]:
    """Yield the subnets of an interface (`ip -j addr`): of a whole address and of link-local ones there is none."""
    for info in map(mapping, items(body.get("addr_info"))):
        try:
            network = ipaddress.ip_interface(f"{info.get('local')}/{info.get('prefixlen')}").network
        except ValueError:
            continue
        if network.prefixlen < network.max_prefixlen and not network.is_link_local and not network.is_loopback:
            yield str(network)


def _configs(arguments: list[str]) -> Iterator[Document]:
    """Yield MicroShift's own configuration (/etc/microshift/config.yaml and config.d) where it is among the files."""
    for name in walk(arguments):
        if not isinstance(name, str) or not name.endswith((".yaml", ".yml")) or "/microshift/config." not in f"/{name}":
            continue
        try:
            if os.path.getsize(name) > _CONFIG:
                continue
            with open(name, "rb") as f:
                raw = f.read()
        except OSError:
            continue
        yield from (part for part in read(name, raw) if isinstance(part, Document))


def _cidrs(value: object) -> Iterator[str]:
    for text in items(value):
        try:
            yield str(ipaddress.ip_network(str(text)))
        except ValueError:
            continue
