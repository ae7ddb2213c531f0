"""The way of each network from the host to a pod that something is wrong with: host interface, bridge or parent, NAD, pod interface."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from diagnose.inventory import Inventory
from diagnose.model import Finding, PathSeen, PodNetworks

if TYPE_CHECKING:
    from diagnose.host import Host, Net

_MOST = 100
"""Pods whose networks are followed."""


class _Asked(NamedTuple):
    """A network that a pod asks for; the interface may be ""."""

    network: str
    interface: str


def paths_of(host: Host | None, inventory: Inventory, tables: list[PodNetworks], findings: list[Finding]) -> list[PathSeen]:
    """Return the networks of the pods that a finding hits or whose networks differ, in the order of the findings.

    What neither objects nor the host's state tell is taken from the findings' own names; what is not told there either stays unknown.
    """
    named: dict[str, list[Finding]] = {}
    for finding in findings:
        for a in finding.affected if finding.severity != "info" else ():
            if a.kind == "Pod":
                named.setdefault(f"{a.namespace or ''}/{a.name}", []).append(finding)
    by_pod = {f"{t.namespace}/{t.name}": t for t in tables}
    for pod, table in by_pod.items():
        if table.rule or any(r.state != "ok" for r in table.rows):
            named.setdefault(pod, [])
    return [path for pod in list(named)[:_MOST] for path in _of_pod(pod, named[pod], by_pod.get(pod), host, inventory)]


def _of_pod(pod: str, findings: list[Finding], table: PodNetworks | None, host: Host | None, inventory: Inventory) -> Iterator[PathSeen]:
    asked = _asked(pod, table, host, inventory)
    for finding in findings:
        told = _named(finding)
        # The finding's namespace may be a guess; what the pod itself asks for is none.
        if told and not any(_is(a.network, told.rpartition("/")[2], host) for a in asked):
            asked.append(_Asked(told, finding.captures.get("interface", "")))
    for one in asked:
        captures = next((f.captures for f in findings if _is(one.network, _named(f), host)), dict[str, str]())
        yield _path(pod, one, captures, host, inventory)


def _asked(pod: str, table: PodNetworks | None, host: Host | None, inventory: Inventory) -> list[_Asked]:
    """Return what a pod asks for: as compared with what it has, else as its annotation says, else as its annotation was seen."""
    if table is not None:
        return [_Asked(r.network, shown.interface) for r in table.rows if (shown := r.want or r.recorded or r.have) is not None]
    seen = host.pods.get(pod) if host is not None else None
    if seen is not None:
        from diagnose.attached import wanted

        selections = wanted(seen.annotation, seen.namespace) or []
        return [_Asked(f"{s.namespace}/{s.name}", s.interface or f"net{place}") for place, s in enumerate(selections, 1)]
    return [_Asked(f"{namespace}/{name}", "") for namespace, name in sorted(inventory.asked_by(pod))]


def _named(finding: Finding) -> str:
    """Return the network that a finding names: its NAD as "namespace/name", else the CNI network, else ""."""
    names = finding.captures
    namespace = names.get("nad_namespace") or names.get("namespace", "")
    return f"{namespace}/{names['nad']}" if names.get("nad") else names.get("network", "")


def _is(network: str, told: str, host: Host | None) -> bool:
    net = host.nets.get(network) if host is not None else None
    return bool(told) and told in (network, network.rpartition("/")[2], net.network if net is not None else "")


def _path(pod: str, asked: _Asked, captures: dict[str, str], host: Host | None, inventory: Inventory) -> PathSeen:
    namespace, _, name = asked.network.rpartition("/")
    nad = inventory.find(namespace, name)
    if nad is not None and namespace and (nad.namespace, nad.name) != (namespace, name):
        nad = None  # one that bears the name elsewhere: Multus does not look there
    key = f"{nad.namespace}/{nad.name}" if nad is not None else asked.network
    net = host.nets.get(key) if host is not None else None
    state = "there" if nad is not None else "absent" if any(n.namespace == namespace for n in inventory.nads()) else "unknown"
    if net is not None:
        plugin, device, ipam, ranges = net.plugin, _device(net), net.ipam, tuple(str(p) for s in net.sets for p in s)
    else:
        told = captures if state == "unknown" else {}
        plugin, device, ipam = (told.get(k, "") for k in ("plugin", "bridge", "ipam"))
        device = device or told.get("master", "")
        ranges = tuple(filter(None, [told.get("range") or told.get("subnet")]))
    return PathSeen(
        pod,
        key,
        net.network if net is not None else "",
        asked.interface,
        state,
        plugin,
        device,
        _link(host, device),
        _ports(host, device, plugin),
        ipam,
        ranges,
    )


def _device(net: Net) -> str:
    return net.bridge if net.plugin == "bridge" else net.master


def _link(host: Host | None, device: str) -> str:
    """Return the device's state; only a list of all interfaces, which has lo, shows that one is absent."""
    link = host.links.get(device) if host is not None else None
    if host is None or link is None:
        return "absent" if host is not None and device and "lo" in host.links else "unknown"
    from diagnose.reach import is_down

    return "down" if is_down(link) else "up" if "flags" in link else "unknown"


def _ports(host: Host | None, device: str, plugin: str) -> tuple[str, ...] | None:
    if plugin != "bridge" or host is None or device not in host.links:
        return None
    from diagnose.reach import is_of_pod

    return tuple(sorted(n for n, body in host.links.items() if body.get("master") == device and not is_of_pod(n, body)))
