"""What the objects among the evidence tell: NADs by name, which of them a pod asks for, which pods there are, what changed when."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from diagnose.model import LINK, Resource
from diagnose.parse.kube import NETWORKS
from diagnose.parse.tree import items, mapping
from diagnose.parse.when import rfc3339
from diagnose.record import dataclass


@dataclass(frozen=True, slots=True)
class Nad:
    """One NAD: the captures that it can supply (nad, nad_namespace, network, plugin, master, bridge, ipam, subnet, range)."""

    namespace: str
    name: str
    facts: dict[str, str]
    version: int = 0
    """Its resourceVersion: the higher one is the newer state."""


@dataclass(frozen=True, slots=True)
class Link:
    """One network interface of the host, as `ip -j link` shows it."""

    mac: str
    altnames: tuple[str, ...]
    physical: bool


_LIMIT = 50_000
"""Pods that are remembered."""


_OBFUSCATED = "53:4f:53:"
"""How the addresses begin that `sos clean` puts in place of MAC addresses."""
_VIRTUAL = ("veth", "br-", "ovs-", "ovn-", "cni", "docker", "virbr", "tap", "genev")


class Change(NamedTuple):
    """Something that was done to an object, as its metadata tell."""

    time: int
    """Microseconds since the epoch."""
    kind: str
    namespace: str
    name: str
    what: str
    """"created", "config" or "annotation"."""
    who: str
    """The field manager, "" where it is not told."""


class Inventory:
    """The objects that were held; NADs are found by their own name or by the CNI network name in their config."""

    def __init__(self) -> None:
        """Begin empty."""
        self._by_name: dict[tuple[str, str], Nad] = {}
        self._by_network: dict[str, list[Nad]] = {}
        self._asked: dict[str, set[tuple[str, str]]] = {}
        self._asking: dict[str, set[tuple[str, str]]] = {}
        """By the NAD's name: its namespace, and the pod."""
        self._listed: dict[str, set[str]] = {}
        self.links: dict[str, Link] = {}
        """The host's network interfaces."""
        self._beside: dict[str, set[str]] = {}
        self.pods: set[str] = set()
        """All pods ("namespace/name") among the objects."""
        self.changes: set[Change] = set()
        self._facts: dict[tuple[str, str], tuple[int, str]] = {}

    def hold(self, resource: Resource) -> None:
        """Take an object; kinds that tell nothing are left alone."""
        if resource.kind == "NetworkAttachmentDefinition":
            self._hold_nad(resource)
        elif resource.kind == "Pod" and len(self.pods) < _LIMIT:
            self._hold_pod(resource)
        elif resource.kind == LINK and "link_type" in resource.body:
            self._hold_link(resource)
        elif resource.kind == "Node":
            info = mapping(mapping(resource.body.get("status")).get("nodeInfo"))
            for key in ("kubeletVersion", "kernelVersion", "containerRuntimeVersion", "osImage"):
                self._note("version", f"{resource.name} {key}", info.get(key), _version(resource))

    @property
    def facts(self) -> dict[str, dict[str, str]]:
        """What two reports can be compared by: kind ("nad", "image", "version", "nic"), then name and value."""
        found: dict[str, dict[str, str]] = {}
        for (kind, name), (_, value) in sorted(self._facts.items()):
            found.setdefault(kind, {})[name] = value
        return found

    def _note(self, kind: str, name: str, value: object, version: int = 0) -> None:
        """Keep a fact of an object; of two states of it, the one of the higher resourceVersion."""
        if isinstance(value, str) and value:
            self._facts[kind, name] = max(self._facts.get((kind, name), (0, "")), (version, value))

    def _hold_nad(self, resource: Resource) -> None:
        where = resource.namespace, resource.name
        nad = Nad(resource.namespace, resource.name, _facts(resource), _version(resource))
        known = self._by_name.get(where)
        if known is not None and known.version > nad.version:
            return  # an older state of it
        if known is not None:
            self._by_network[known.facts.get("network", "")].remove(known)
        self._by_name[where] = nad
        self._by_network.setdefault(nad.facts.get("network", ""), []).append(nad)
        self._note("nad", "/".join(where), mapping(resource.body.get("spec")).get("config"), nad.version)
        self.changes.update(_changes(resource, "f:spec", "config"))

    def _hold_pod(self, resource: Resource) -> None:
        from diagnose.checks.selection import parse

        pod = f"{resource.namespace}/{resource.name}"
        self.pods.add(pod)
        self._listed.setdefault(resource.where.source, set()).add(pod)
        value = mapping(mapping(resource.body.get("metadata")).get("annotations")).get(NETWORKS)
        if isinstance(value, str):
            for one in (x for x in parse(value, resource.namespace).selections if x.name):
                self._asked.setdefault(pod, set()).add((one.namespace, one.name))
                self._asking.setdefault(one.name, set()).add((one.namespace, pod))
            self.changes.update(_changes(resource, NETWORKS, "annotation"))
        for container in map(mapping, items(mapping(resource.body.get("spec")).get("containers"))):
            self._note("image", f"{pod} {container.get('name')}", container.get("image"), _version(resource))

    def _hold_link(self, resource: Resource) -> None:
        body = resource.body
        kind = mapping(body.get("linkinfo")).get("info_kind")
        physical = body.get("link_type") == "ether" and not kind and not str(body.get("ifname", "")).startswith(_VIRTUAL)
        link = Link(str(body.get("address") or ""), tuple(str(x) for x in items(body.get("altnames"))), physical)
        self.links[resource.name] = link
        self._beside.setdefault(resource.where.source, set()).add(resource.name)
        if link.mac and physical:
            self._note("nic", resource.name, link.mac)

    def moved(self, name: str) -> str:
        """Return the interface that has the MAC address of interface `name` and never stands beside it, or ""."""
        mine = self.links.get(name)
        if mine is None or not mine.physical or not mine.mac or mine.mac.startswith(_OBFUSCATED):
            return ""
        beside = {n for names in self._beside.values() if name in names for n in names}
        return next((n for n, link in sorted(self.links.items()) if n not in beside and link.physical and link.mac == mine.mac), "")

    def asks(self) -> bool:
        """Return True if a pod's annotation asks for a network."""
        return any(self._asked.values())

    def nads(self) -> list[Nad]:
        """Return all NADs, in the order of their names."""
        return [self._by_name[k] for k in sorted(self._by_name)]

    def lacks(self, pod: str) -> str:
        """Return the file that lists other pods of that pod's namespace and not it, or "" where none shows that it is gone."""
        if pod in self.pods:
            return ""
        namespace = pod.partition("/")[0] + "/"
        return min((s for s, pods in self._listed.items() if len(pods) > 1 and any(p.startswith(namespace) for p in pods)), default="")

    def find(self, namespace: str, name: str) -> Nad | None:
        """Return the NAD of that name in that namespace, else the only one with that CNI network name, else None."""
        if not name:
            return None
        nad = self._by_name.get((namespace, name))
        if nad is not None:
            return nad
        named = self._by_network.get(name, [])
        return named[0] if len(named) == 1 else None

    def asked_by(self, pod: str) -> set[tuple[str, str]]:
        """Return (namespace, name) of each network that "namespace/name" `pod` asks for, as far as its annotation is known."""
        return self._asked.get(pod, set())

    def asking(self, namespace: str, name: str) -> list[str]:
        """Return the pods ("namespace/name") whose annotation names that NAD; a namespace that is not known is any."""
        return sorted({pod for ns, pod in self._asking.get(name, ()) if ns == namespace or not ns or not namespace})


def _version(resource: Resource) -> int:
    text = str(mapping(resource.body.get("metadata")).get("resourceVersion", ""))
    return int(text) if text.isdigit() else 0


def _changes(resource: Resource, field: str, what: str) -> Iterator[Change]:
    """Yield when an object was made, and when `field` was last set by each manager (metadata.managedFields)."""
    meta = mapping(resource.body.get("metadata"))
    made = rfc3339(str(meta.get("creationTimestamp") or ""))
    if made is not None and resource.kind != "Pod":
        yield Change(made, resource.kind, resource.namespace, resource.name, "created", "")
    for entry in map(mapping, items(meta.get("managedFields"))):
        time = rfc3339(str(entry.get("time") or ""))
        if time is not None and time != made and f'"f:{field.removeprefix("f:")}"' in json.dumps(entry.get("fieldsV1"), default=str):
            yield Change(time, resource.kind, resource.namespace, resource.name, what, str(entry.get("manager") or ""))


def _facts(resource: Resource) -> dict[str, str]:
    facts = {"nad": resource.name, "nad_namespace": resource.namespace, "network": resource.name}
    config = mapping(resource.body.get("spec")).get("config")
    try:
        conf = mapping(json.loads(config)) if isinstance(config, str) else {}
    except ValueError:
        return facts
    main = conf if conf.get("type") else next((mapping(p) for p in items(conf.get("plugins"))), dict[str, Any]())
    ipam = mapping(main.get("ipam"))
    first_set = next(iter(items(ipam.get("ranges"))), None)
    pool = next(map(mapping, items(first_set)), ipam)
    start, end = pool.get("rangeStart"), pool.get("rangeEnd")
    found: dict[str, object] = {
        "network": conf.get("name"), "plugin": main.get("type"), "master": main.get("master"), "bridge": main.get("bridge"),
        "ipam": ipam.get("type"), "subnet": pool.get("subnet"), "range": f"{start}-{end}" if start and end else None,
    }  # fmt: skip
    facts.update({k: v for k, v in found.items() if isinstance(v, str) and v})
    return facts
