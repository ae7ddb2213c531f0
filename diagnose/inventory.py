"""What the objects among the evidence tell: NADs by name, and which of them a pod asks for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from diagnose.checks.manifest import NETWORKS
from diagnose.model import Resource
from diagnose.parse.tree import items, mapping


@dataclass(frozen=True, slots=True)
class Nad:
    """One NAD: the captures that it can supply (nad, nad_namespace, network, plugin, master, bridge, ipam, subnet, range)."""

    namespace: str
    name: str
    facts: dict[str, str]


class Nads:
    """The NADs that were held, found by their own name or by the CNI network name in their config."""

    def __init__(self) -> None:
        """Begin empty."""
        self._by_name: dict[tuple[str, str], Nad] = {}
        self._by_network: dict[str, list[Nad]] = {}
        self._asked: dict[str, set[tuple[str, str]]] = {}

    def hold(self, resource: Resource) -> None:
        """Take a NAD or a pod; other kinds are left alone."""
        if resource.kind == "NetworkAttachmentDefinition":
            nad = Nad(resource.namespace, resource.name, _facts(resource))
            self._by_name[resource.namespace, resource.name] = nad
            self._by_network.setdefault(nad.facts.get("network", ""), []).append(nad)
        elif resource.kind == "Pod":
            value = mapping(mapping(resource.body.get("metadata")).get("annotations")).get(NETWORKS)
            if isinstance(value, str):
                self._asked.setdefault(f"{resource.namespace}/{resource.name}", set()).update(_asked(value, resource.namespace))

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
        """Return the pods ("namespace/name") whose annotation names that NAD."""
        return sorted(pod for pod, asked in self._asked.items() if (namespace, name) in asked)


def _asked(value: str, namespace: str) -> set[tuple[str, str]]:
    if any(c in value for c in '[{"'):
        try:
            asked = [mapping(x) for x in items(json.loads(value))]
        except ValueError:
            return set()
        return {(str(x.get("namespace") or namespace), str(x["name"])) for x in asked if x.get("name")}
    result: set[tuple[str, str]] = set()
    for item in value.split(","):
        where, _, name = item.strip().partition("@")[0].rpartition("/")
        if name.strip():
            result.add((where.strip() or namespace, name.strip()))
    return result


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
