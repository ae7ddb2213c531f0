"""Guide 5.2.4 as checks: whether the host side of an additional network is there, up, and can be reached.

Sources: guide 5.2.4 and 5.2.1.1 with erratum E1, plugins.md (bridge: without isGateway no address, without a port no way out),
microshift.md 13 (zones of firewalld, dhcp daemon), firewalld's manual page (--add-service).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from diagnose.host import Host, Net
from diagnose.model import Affected, Check, Evidence, Finding, Hint, PodNetworks
from diagnose.parse.tree import items, mapping

RULE, BLOCKED, NO_LEASE = "no-connectivity", "firewall-blocked", "ipam-dhcp-no-lease"
_TRIED = 4096
"""Addresses that are tried for a free one."""
_OWN_PORTS = ("veth", "tap")


def checks(host: Host, tables: list[PodNetworks]) -> list[Check]:
    """Return what the host's state tells of each NAD, in the order of their names; nothing without a list of all interfaces."""
    if "lo" not in host.links:
        return []
    return [check for _, net in sorted(host.nets.items()) for check in _Network(host, net, _users(net, tables)).checks()]


def _users(net: Net, tables: list[PodNetworks]) -> list[tuple[PodNetworks, str]]:
    """Return the pods that are attached to the network, with their interface."""
    return [(t, shown.interface) for t in tables for r in t.rows if r.network == net.key and (shown := r.recorded or r.have) is not None]


class _Network:
    """One NAD and the host's side of it."""

    def __init__(self, host: Host, net: Net, users: list[tuple[PodNetworks, str]]) -> None:
        self.host = host
        self.net = net
        self.users = users
        self.device = net.bridge if net.plugin == "bridge" else net.master
        self.link = host.links.get(self.device)

    def checks(self) -> Iterator[Check]:
        if self.net.plugin == "bridge":
            yield from self._bridge()
        elif self.net.plugin in ("macvlan", "ipvlan") and self.link is not None and is_down(self.link):
            yield self._told("master-down", "warning" if self.users else "info", f"sudo ip link set {self.device} up")
        yield from self._inside()
        if self.net.ipam == "dhcp":
            yield from self._dhcp()

    def _told(self, kind: str, state: str, command: str = "", **values: str) -> Check:
        shown = values.get("port") or self.device
        where = self.host.sources.get(shown, self.host.sources["lo"])
        return Check(self.net.key, kind, state, {"device": self.device, **values}, command, _shown(shown, self.host.links.get(shown)), where)

    def _bridge(self) -> Iterator[Check]:
        link = self.link
        if link is None:
            yield self._told("bridge-gone" if self.users else "bridge-absent", "warning" if self.users else "info")
            return
        kind = mapping(link.get("linkinfo")).get("info_kind")
        if kind and kind != "bridge":
            yield self._told("bridge-other", "info", type=str(kind))
            return
        if is_down(link):
            yield self._told("bridge-down", "warning" if self.users else "info", f"sudo ip link set {self.device} up")
        elif "flags" in link:
            yield self._told("bridge-up", "ok")
        ports = {name: body for name, body in self.host.links.items() if body.get("master") == self.device}
        for name in sorted(n for n, body in ports.items() if is_down(body)):
            yield self._told("port-down", "info", f"sudo ip link set {name} up", port=name)
        uplinks = sorted(n for n, body in ports.items() if not is_of_pod(n, body))
        yield from self._vlan(uplinks)
        if not uplinks and not self.net.gateway and self.users:
            yield self._told("no-uplink", "info")
        yield from self._address(link, uplinks)

    def _vlan(self, uplinks: list[str]) -> Iterator[Check]:
        """Yield an uplink that does not carry the network's VLAN; only a bridge that filters VLANs minds."""
        data = mapping(mapping((self.link or {}).get("linkinfo")).get("info_data"))
        if not self.net.vlan or data.get("vlan_filtering") != 1 or not self.host.vlans:
            return
        for name in uplinks:
            if not any(_covers(v, self.net.vlan) for v in self.host.vlans.get(name, [])):
                command = f"sudo bridge vlan add dev {name} vid {self.net.vlan}"
                yield self._told("vlan-missing", "warning" if self.users else "info", command, port=name, vlan=str(self.net.vlan))

    def _address(self, link: dict[str, Any], uplinks: list[str]) -> Iterator[Check]:
        """Yield whether the host has an address in the pods' subnet: without one it cannot reach them, which a layer-2 design may want."""
        subnets = [s[0].subnet for s in self.net.sets]
        if "addr_info" not in link or not subnets or self.net.vlan:
            return
        own = [a for x in items(link["addr_info"]) if (a := _interface(mapping(x))) is not None]
        subnet = subnets[0]
        found = next((a for a in own if a.ip in subnet), None)
        if found is not None:
            yield self._told("bridge-address", "ok", address=str(found), subnet=str(subnet))
            return
        free = self._free(uplinks)
        command = f"sudo ip addr add {free}/{subnet.prefixlen} dev {self.device}" if free else ""
        yield self._told("bridge-no-address", "info", command, subnet=str(subnet))

    def _free(self, uplinks: list[str]) -> str:
        """Return an address of the subnet that nobody has or can get: outside the ranges; else the gateway's, where no router can have it."""
        ranges = [p for n in self.host.nets.values() for s in n.sets for p in s]
        first = self.net.sets[0][0]
        used = {x.address for leases in self.host.leases.values() for x in leases}
        used |= {str(mapping(a).get("local")) for link in self.host.links.values() for a in items(link.get("addr_info"))}
        used |= {ip for t, _ in self.users for r in t.rows for seen in (r.recorded, r.have) if seen is not None for ip in seen.ips}
        for offset in range(1, min(first.subnet.num_addresses - 1, _TRIED)):
            address = first.subnet[offset]
            if str(address) not in used and all(address != p.gateway and not p.holds(address) for p in ranges):
                return str(address)
        gateway = "" if first.gateway is None or first.gateway not in first.subnet else str(first.gateway)
        return gateway if not uplinks and gateway not in used else ""

    def _inside(self) -> Iterator[Check]:
        """Yield a pod's interface that is down within its network namespace."""
        for table, interface in self.users:
            box = next((b for b in self.host.boxes.values() if b.ready and (b.namespace, b.pod) == (table.namespace, table.name)), None)
            link = self.host.inside.get(box.netns, {}).get(interface) if box is not None and box.netns else None
            if link is not None and (is_down(link) or link.get("operstate") == "LOWERLAYERDOWN"):
                told = self._told("pod-link-down", "warning", pod=f"{table.namespace}/{table.name}", interface=interface)
                yield told._replace(proof=_shown(interface, link))

    def _dhcp(self) -> Iterator[Check]:
        daemons = [p for p in self.host.pods.values() if p.namespace == "openshift-multus" and p.name.startswith("dhcp-daemon-")]
        if daemons:
            up = any(p.phase == "Running" for p in daemons)
            yield self._told("dhcp-daemon" if up else "dhcp-daemon-down", "ok" if up else "info")
        zone = _zone(self.host, self.device) if self.net.plugin == "bridge" and self.device else ""
        if not zone:
            return
        if _lets_dhcp_in(self.host.zones[zone]):
            yield self._told("dhcp-zone-open", "ok", zone=zone)
        else:
            command = f"sudo firewall-cmd --zone={zone} --add-service=dhcp && sudo firewall-cmd --permanent --zone={zone} --add-service=dhcp"
            yield self._told("dhcp-zone", "info", command, zone=zone)


def _shown(name: str, link: dict[str, Any] | None) -> str:
    """Return an interface the way `ip link` prints its state."""
    if link is None:
        return f"{name}: -"
    flags = ",".join(str(f) for f in items(link.get("flags")))
    return f"{name}: <{flags}> state {link.get('operstate', 'UNKNOWN')}"


def is_down(link: dict[str, Any]) -> bool:
    """Return True if the interface was not set up; without flags nothing is known."""
    return "flags" in link and "UP" not in items(link["flags"])


def is_of_pod(name: str, link: dict[str, Any]) -> bool:
    """Return True for the host's end of a pod's own interface."""
    return mapping(link.get("linkinfo")).get("info_kind") in _OWN_PORTS or name.startswith(_OWN_PORTS)


def _covers(vlan: dict[str, Any], tag: int) -> bool:
    first = vlan.get("vlan")
    last = vlan.get("vlanEnd", first)
    return isinstance(first, int) and isinstance(last, int) and first <= tag <= last


def _interface(body: dict[str, Any]) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface | None:
    try:
        return ipaddress.ip_interface(f"{body.get('local')}/{body.get('prefixlen')}")
    except ValueError:
        return None


def _zone(host: Host, device: str) -> str:
    """Return the zone of an interface: the one that lists it, else the default zone, if that is known."""
    for name, zone in sorted(host.zones.items()):
        if device in items(zone.get("interfaces")):
            return name
    default = [n for n, z in host.zones.items() if z.get("default")]
    return default[0] if len(default) == 1 else ""


def _lets_dhcp_in(zone: dict[str, Any]) -> bool:
    return zone.get("target") == "ACCEPT" or "dhcp" in items(zone.get("services")) or bool({"67/udp", "67-68/udp"} & {*items(zone.get("ports"))})


# --- findings ---------------------------------------------------------------------------------------------------------


def findings(found: list[Check], tables: list[PodNetworks], said: list[Finding]) -> Iterator[Finding]:
    """Yield a finding of each check that is no mere information and hits pods whose trouble no other finding tells."""
    told = {a for f in said if f.state != "resolved" and f.severity != "info" for a in f.affected}
    for check in found:
        if check.state != "warning":
            continue
        namespace, _, name = check.nad.rpartition("/")
        pods = [Affected("Pod", t.namespace, t.name) for t in tables if any(r.network == check.nad and (r.recorded or r.have) is not None for r in t.rows)]
        if "pod" in check.values:
            pods = [p for p in pods if f"{p.namespace}/{p.name}" == check.values["pod"]]
        if not pods or all(p in told for p in pods):
            continue
        captures = {"namespace": pods[0].namespace or "", "pod": pods[0].name, "nad": name, "nad_namespace": namespace, "value": check.proof}
        evidence = Evidence(check.where.source, check.where.line, check.where.cursor, None, check.proof)
        nad = Affected("NetworkAttachmentDefinition", namespace, name)
        yield Finding(RULE, "warning", "medium", "active", [*pods, nad], captures, 1, None, None, [evidence], subject=check.nad, sources=("host",))


def hints(finding: Finding, found: list[Check]) -> Iterator[Hint]:
    """Yield what the host's state tells of the network of a DHCP failure."""
    if finding.rule not in (NO_LEASE, BLOCKED):
        return
    nads = {f"{a.namespace}/{a.name}" for a in finding.affected if a.kind == "NetworkAttachmentDefinition"}
    nads.add(f"{finding.captures.get('nad_namespace') or finding.captures.get('namespace')}/{finding.captures.get('nad') or finding.captures.get('network')}")
    for check in found:
        if check.kind == "dhcp-zone" and (check.nad in nads or check.values["device"] == finding.captures.get("device")):
            yield Hint("dhcp-zone", {**check.values, "command": check.command})
            return
