"""One plugin's config: what bridge, macvlan, ipvlan, vlan and host-device refuse, and what they ignore.

Sources: containernetworking/plugins plugins/main/bridge/bridge.go, macvlan/macvlan.go, ipvlan/ipvlan.go, vlan/vlan.go, host-device/host-device.go;
containernetworking/cni pkg/invoke/find.go; Linux drivers/net (macvlan, ipvlan, veth); the guide, sections 5.2.1 and 5.2.2.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from itertools import combinations
from typing import Final

from diagnose.checks import ipam
from diagnose.checks.config import VERSIONS, Config, elements, integer, member, near, string, true, type_name
from diagnose.checks.fault import Fault
from diagnose.checks.golang import mac_bytes
from diagnose.parse.jsontext import Node
from diagnose.parse.tree import mapping
from diagnose.pattern import lazy

RESOURCE_NAME: Final = "k8s.v1.cni.cncf.io/resourceName"
STANDARD_PLUGINS: Final = frozenset({
    "bridge", "macvlan", "ipvlan", "vlan", "ptp", "host-device", "dummy", "tap", "loopback", "tuning", "bandwidth", "portmap", "firewall",
    "sbr", "vrf", "static", "dhcp", "host-local",
})  # fmt: skip
"""All of containernetworking/plugins: for a profile whose plugins nobody knows."""
_META: Final = frozenset({"tuning", "bandwidth", "portmap", "firewall", "sbr", "vrf"})
_MAIN: Final = frozenset({"bridge", "macvlan", "ipvlan", "vlan", "ptp", "host-device", "dummy", "tap"})
_IPAM: Final = frozenset(ipam.SHIPPED)
_OLD: Final = frozenset({"0.1.0", "0.2.0"})
_NEEDS_IPAM: Final = frozenset({"ipvlan", "ptp", "vlan", "dummy"})
_LEAST_VERSION: Final = {"bandwidth": "0.3.0", "vrf": "0.3.1", "firewall": "0.4.0"}

COMMON: Final = {
    "cniVersion": "string", "name": "string", "type": "string", "ipam": "object", "dns": "object", "capabilities": "bools",
    "args": "any", "runtimeConfig": "any", "prevResult": "object", "deviceID": "any", "pciBusID": "any",
}  # fmt: skip
PLUGINS: Final[dict[str, dict[str, str]]] = {
    "bridge": {
        "bridge": "string", "isGateway": "bool", "isDefaultGateway": "bool", "forceAddress": "bool", "ipMasq": "bool", "ipMasqBackend": "string",
        "mtu": "int", "hairpinMode": "bool", "promiscMode": "bool", "vlan": "int", "vlanTrunk": "list", "preserveDefaultVlan": "bool",
        "macspoofchk": "bool", "enabledad": "bool", "disableContainerInterface": "bool", "portIsolation": "bool",
    },
    "macvlan": {"master": "string", "mode": "string", "mtu": "int", "mac": "string", "linkInContainer": "bool", "bcqueuelen": "uint32"},
    "ipvlan": {"master": "string", "mode": "string", "mtu": "int", "linkInContainer": "bool"},
    "vlan": {"master": "string", "vlanId": "int", "mtu": "int", "linkInContainer": "bool"},
    "host-device": {"device": "string", "hwaddr": "string", "kernelpath": "string", "pciBusID": "string"},
}  # fmt: skip
"""Keys that each plugin reads beside the common ones, with their types (plugins.md 2)."""
IPAM_KEYS: Final = frozenset({"subnet", "rangeStart", "rangeEnd", "gateway", "ranges", "routes", "dataDir", "resolvConf", "addresses", "daemonSocketPath"})
_MODES: Final = {"macvlan": ("bridge", "private", "vepa", "passthru"), "ipvlan": ("l2", "l3", "l3s")}
_CAPABILITIES: Final = (
    "ips", "mac", "portMappings", "bandwidth", "ipRanges", "dns", "aliases", "deviceID", "infinibandGUID", "cgroupPath", "CNIDeviceInfoFile",
)  # fmt: skip
_INTERFACE: Final = lazy(r"(?!\.{1,2}$)[^\s/:]{1,15}")
_OVS: Final = ("br-ex", "br-int")
"""Bridges of MicroShift's OVN-Kubernetes: Open vSwitch's, not the kernel's, and without an uplink (configure-ovs.sh)."""


def faults(config: Config, entry: Node, before: list[str]) -> Iterator[Fault]:
    """Yield the faults of one plugin's config, which runs after the plugins `before`."""
    kind = string(member(entry, "type"))
    at = member(entry, "type")
    yield from _binary(config, at, kind)
    yield from _chain(config, at, kind, before)
    # bridge reads args itself, host-local and static read it for the others.
    args = {"args": "object"} if kind == "bridge" or string(member(member(entry, "ipam"), "type")) in ("host-local", "static") else {}
    yield from config.types(entry, {**COMMON, **PLUGINS.get(kind, {}), **args})
    if kind in PLUGINS:
        yield from config.unknown(entry, (*COMMON, *PLUGINS[kind]), lambda node, name: _foreign(config, kind, node, name))
    yield from config.types(member(entry, "dns"), {"nameservers": "strings", "domain": "string", "search": "strings", "options": "strings"}, "dns.")
    yield from _capabilities(config, entry, kind)
    least = _LEAST_VERSION.get(kind, "")
    if least and config.version in VERSIONS and config.version < least:
        yield config.fault("nad-cniversion-unsupported", "nad-version-least", at, values={"least": least, "plugin": kind}, version=config.version)
    checks = {"bridge": _bridge, "macvlan": _macvlan, "ipvlan": _ipvlan, "vlan": _vlan, "host-device": _host_device}
    if kind in checks:
        yield from checks[kind](config, entry)
    yield from _ipam(config, entry, kind, before)


def _binary(config: Config, at: Node | None, kind: str) -> Iterator[Fault]:
    """Yield a plugin that is not on the node (invoke/find.go), and an IPAM plugin in a main plugin's place."""
    plugins = config.profile.plugins
    if kind in _IPAM:
        yield config.fault("nad-config-invalid-field", "nad-type-ipam", at, severity="warning", field="type", value=kind)
    elif kind not in plugins:
        like = near(kind, plugins - _IPAM) if kind not in STANDARD_PLUGINS else ""
        what = "nad-plugin-near" if like else "nad-plugin-standard" if kind in STANDARD_PLUGINS else "nad-plugin-missing"
        yield config.fault("cni-plugin-missing", what, at, values={"near": like}, instead=f'"{like}"' if like else "", plugin=kind)


def _chain(config: Config, at: Node | None, kind: str, before: list[str]) -> Iterator[Fault]:
    """Yield a plugin in a place of the chain where it cannot work (plugins.md 5)."""
    if kind in _META and not before:
        yield config.fault("nad-chain-invalid", "nad-chain-first", at, plugin=kind)
    elif kind == "bandwidth" and before[0] in ("macvlan", "ipvlan", "host-device"):
        yield config.fault("nad-chain-invalid", "nad-chain-bandwidth", at, values={"first": before[0]}, plugin=kind)
    elif kind in _MAIN - {"ipvlan"} and any(b in _MAIN for b in before):
        yield config.fault("nad-chain-invalid", "nad-chain-main", at, values={"first": next(b for b in before if b in _MAIN)}, plugin=kind)


def _foreign(config: Config, kind: str, node: Node, name: str) -> Fault | None:
    """Return the hint for a key that another plugin has, or that belongs into ipam."""
    owners = [p for p, keys in PLUGINS.items() if name in keys]
    if owners:
        return config.hint("nad-key-foreign", node, key=True, key_name=name, plugin=kind, owners=", ".join(owners))
    if name in IPAM_KEYS:
        return config.hint("nad-key-ipam", node, key=True, key_name=name)
    if name == "resourceName":
        return config.hint("nad-key-resource", node, key=True)
    return None


def _capabilities(config: Config, entry: Node, kind: str) -> Iterator[Fault]:
    found = member(entry, "capabilities")
    for name, node in found.children.items() if found is not None else ():
        if str(name) not in _CAPABILITIES and "." not in str(name):
            like = near(str(name), _CAPABILITIES)
            what = "nad-capability-near" if like else "nad-capability-unknown"
            yield config.hint(what, node, key=True, key_name=name, near=like, instead=f'"{like}"' if like else "")
        elif name == "mac" and node.value is True and kind in ("ipvlan", "vlan", "host-device"):
            yield config.hint("nad-capability-mac", node, key=True, plugin=kind)


def _interface_name(config: Config, node: Node | None, field: str) -> Iterator[Fault]:
    """Yield a name that the kernel takes for no interface (dev_valid_name: at most 15 bytes)."""
    name = string(node)
    if name and (len(name.encode()) > 15 or not _INTERFACE.fullmatch(name)):
        what = "nad-interface-long" if len(name.encode()) > 15 else "nad-interface-characters"
        yield config.bad_field(what, node, field, name=name, length=len(name.encode()))


def _mtu(config: Config, entry: Node, kind: str) -> Iterator[Fault]:
    node = member(entry, "mtu")
    mtu = integer(node)
    if mtu is None:
        return
    if kind in ("macvlan", "vlan"):
        if mtu < 0 or mtu > 65535:
            yield config.bad_field("nad-mtu-master", node, "mtu", plugin=kind)
    elif mtu > 65535 or 0 < mtu < 68:
        yield config.bad_field("nad-mtu-kernel", node, "mtu", plugin=kind)
    elif mtu < 0:
        yield config.hint("nad-mtu-negative", node)


def _mode(config: Config, entry: Node, kind: str) -> Iterator[Fault]:
    node = member(entry, "mode")
    mode = string(node)
    if mode and mode not in _MODES[kind]:
        like = near(mode, _MODES[kind], 0.5)
        yield config.bad_field("nad-mode", node, "mode", plugin=kind, modes=", ".join(_MODES[kind]), instead=f'"{like}"' if like else "")


def _master(config: Config, entry: Node, kind: str) -> Iterator[Fault]:
    """Yield a master that is not on the node, or one over which no traffic flows."""
    node = member(entry, "master")
    name = string(node)
    if not name or true(member(entry, "linkInContainer")):
        return
    links = config.profile.links
    if len(name.encode()) > 15 or not _INTERFACE.fullmatch(name):
        yield config.fault("master-interface-not-found", "nad-master-name", node, master=name)
    elif name == "lo":
        yield config.bad_field("nad-master-lo", node, "master", plugin=kind)
    elif name in _OVS:
        yield config.fault("no-connectivity", "nad-master-ovs", node, severity="warning", master=name)
    elif links is not None and name not in links:
        like = near(name, links - {"lo", *_OVS}, 0.6)
        what = "nad-master-near" if like else "nad-master-missing"
        known = ", ".join(sorted(links - {"lo", *_OVS}))
        yield config.fault("master-interface-not-found", what, node, values={"near": like, "links": known}, instead=f'"{like}"' if like else "", master=name)


def _bridge(config: Config, entry: Node) -> Iterator[Fault]:
    """Yield what plugins/main/bridge refuses."""
    node = member(entry, "bridge")
    if node is not None and node.value == "":
        yield config.bad_field("nad-bridge-empty", node, "bridge")
    elif string(node) in _OVS:
        yield config.fault("bridge-conflict", "nad-bridge-ovs", node, bridge=string(node))
    yield from _interface_name(config, node, "bridge")
    yield from _vlan_range(config, entry, "vlan")
    yield from _trunk(config, entry)
    yield from _mtu(config, entry, "bridge")
    if true(member(entry, "hairpinMode")) and true(member(entry, "promiscMode")):
        yield config.bad_field("nad-hairpin-promisc", member(entry, "promiscMode"), "promiscMode")
    addressed = ipam.section_of(config, entry) is not None
    if addressed and true(member(entry, "disableContainerInterface")):
        yield config.bad_field("nad-no-interface-ipam", member(entry, "disableContainerInterface"), "disableContainerInterface")
    backend = member(entry, "ipMasqBackend")
    if true(member(entry, "ipMasq")) and addressed and string(backend) not in ("", "iptables", "nftables"):
        yield config.bad_field("nad-masq-backend", backend, "ipMasqBackend")
    yield from _gateway(config, entry, addressed=addressed)


def _gateway(config: Config, entry: Node, *, addressed: bool) -> Iterator[Fault]:
    keys = ("isGateway", "isDefaultGateway", "ipMasq")
    if not addressed:
        yield from (config.hint("nad-gateway-idle", member(entry, k), key=True, key_name=k) for k in keys if true(member(entry, k)))
        return
    gateway = true(member(entry, "isGateway")) or true(member(entry, "isDefaultGateway"))
    bridge, vlan = string(member(entry, "bridge")) or "cni0", integer(member(entry, "vlan")) or 0
    name = f"{bridge}.{vlan}"
    if gateway and vlan and len(name) > 15 >= len(bridge):
        yield config.bad_field("nad-vlan-interface", member(entry, "vlan"), "vlan", name=name, length=len(name))
    if gateway:
        met = _own_conflict(gateways(config, entry))
        if met is not None and not true(member(entry, "forceAddress")):
            at = member(member(entry, "ipam"), "ranges") or member(member(entry, "ipam"), "addresses") or member(entry, "ipam")
            yield config.fault("bridge-conflict", "nad-bridge-gateways", at, values={"one": met[0]}, bridge=bridge, ip=str(met[1]))
    elif true(member(entry, "ipMasq")):
        yield config.hint("nad-masq-alone", member(entry, "ipMasq"), key=True)
    if true(member(entry, "isDefaultGateway")):
        yield config.hint("nad-default-gateway", member(entry, "isDefaultGateway"), key=True)


def _vlan_range(config: Config, entry: Node, key: str) -> Iterator[Fault]:
    node = member(entry, key)
    value = integer(node)
    if value is not None and not 0 <= value <= 4094:
        yield config.bad_field("nad-vlan-range", node, key, key_name=key)


def _trunk(config: Config, entry: Node) -> Iterator[Fault]:
    """Yield vlanTrunk entries that bridge.go collectVlanTrunk refuses."""
    for number, node in enumerate(elements(member(entry, "vlanTrunk"))):
        place = f"vlanTrunk[{number}]"
        if not isinstance(node.value, dict):
            yield config.bad_field("nad-type", node, place, wanted="object", given=type_name(node.value))
            continue
        keys = {"id": "int", "minID": "int", "maxID": "int"}
        yield from config.types(node, keys, f"{place}.")
        yield from config.unknown(node, keys, lambda _node, _name: None)
        low, high = member(node, "minID"), member(node, "maxID")
        for found in (low, high, member(node, "id")):
            value = integer(found)
            if value is not None and not 1 <= value <= 4094:
                yield config.bad_field("nad-trunk-range", found, place)
        if (low is None) != (high is None):
            yield config.bad_field("nad-trunk-half", low or high, place)
        elif (integer(low) or 0) > (integer(high) or 0):
            yield config.bad_field("nad-trunk-order", low, place)


def _macvlan(config: Config, entry: Node) -> Iterator[Fault]:
    """Yield what plugins/main/macvlan refuses."""
    yield from _master(config, entry, "macvlan")
    yield from _mode(config, entry, "macvlan")
    yield from _mtu(config, entry, "macvlan")
    node = member(entry, "mac")
    mac = string(node)
    found = mac_bytes(mac)
    if mac and found is None:
        yield config.bad_field("nad-mac", node, "mac")
    elif found is not None and (found[0] & 1 or not any(found)):
        yield config.bad_field("nad-mac-unicast", node, "mac")


def _ipvlan(config: Config, entry: Node) -> Iterator[Fault]:
    """Yield what plugins/main/ipvlan refuses."""
    yield from _master(config, entry, "ipvlan")
    yield from _mode(config, entry, "ipvlan")
    yield from _mtu(config, entry, "ipvlan")


def _vlan(config: Config, entry: Node) -> Iterator[Fault]:
    """Yield what plugins/main/vlan refuses."""
    if not string(member(entry, "master")):
        yield config.bad_field("nad-vlan-master", member(entry, "master") or member(entry, "type"), "master")
    yield from _master(config, entry, "vlan")
    yield from _vlan_range(config, entry, "vlanId")
    yield from _mtu(config, entry, "vlan")


def _host_device(config: Config, entry: Node) -> Iterator[Fault]:
    """Yield what plugins/main/host-device refuses; Multus may bring the device of a NAD with a resourceName."""
    annotations = mapping(mapping(config.resource.body.get("metadata")).get("annotations"))
    runtime = RESOURCE_NAME in annotations or member(member(entry, "capabilities"), "deviceID") is not None or string(member(entry, "deviceID"))
    if not runtime and not any(string(member(entry, k)) for k in PLUGINS["host-device"]):
        yield config.bad_field("nad-device-none", member(entry, "type"), "device")
    device, address, path = (member(entry, k) for k in ("device", "hwaddr", "kernelpath"))
    if string(device):
        links = config.profile.links
        if links is not None and string(device) not in links:
            known = ", ".join(sorted(links - {"lo", *_OVS}))
            yield config.fault("host-device-unavailable", "nad-device-missing", device, values={"links": known}, device=string(device))
    elif string(address):
        if mac_bytes(string(address)) is None:
            yield config.bad_field("nad-hwaddr", address, "hwaddr")
    elif string(path) and not string(path).startswith("/sys/devices/"):
        yield config.bad_field("nad-kernelpath", path, "kernelpath")


def _ipam(config: Config, entry: Node, kind: str, before: list[str]) -> Iterator[Fault]:
    """Yield the faults of the ipam section, or of its absence."""
    node = member(entry, "ipam")
    section = ipam.section_of(config, entry)
    if kind in _META or (node is not None and not isinstance(node.value, dict)):
        return
    if section is None:
        yield from _no_ipam(config, entry, kind, before)
        return
    at = member(section.ipam, "type")
    plugins = config.profile.plugins
    if section.type in _MAIN | _META or (section.type not in plugins):
        like = near(section.type, sorted(plugins & _IPAM), 0.6)
        what = "ipam-near" if like else "ipam-main" if section.type in _MAIN | _META else "ipam-missing"
        yield config.fault("ipam-type-unsupported", what, at, values={"near": like}, instead=f'"{like}"' if like else "", ipam=section.type)
    elif kind == "ipvlan" and section.type == "dhcp":
        yield config.fault("ipvlan-dhcp-unsupported", "ipam-ipvlan-dhcp", at)
    yield from ipam.faults(section)


def _no_ipam(config: Config, entry: Node, kind: str, before: list[str]) -> Iterator[Fault]:
    node = member(entry, "ipam")
    type_node = member(node, "type")
    if type_node is not None and not isinstance(type_node.value, str):
        yield config.bad_field("nad-type", type_node, "ipam.type", wanted="string", given=type_name(type_node.value))
    elif kind in _NEEDS_IPAM and not before:
        yield config.fault("ipam-type-unsupported", "ipam-required", node or member(entry, "type"), values={"plugin": kind})
    elif kind in _IPAM and node is None:
        yield config.fault("ipam-type-unsupported", "ipam-key-missing", member(entry, "type"), values={"plugin": kind})
    elif kind in ("bridge", "macvlan", "host-device", "tap"):
        if config.version in _OLD:
            at = config.root.children.get("cniVersion") or member(entry, "type")
            yield config.fault("nad-cniversion-unsupported", "nad-version-layer2", at, values={"plugin": kind}, version=config.version)
        if node is not None and node.children:
            yield config.fault("ipam-type-unsupported", "ipam-no-type", node, values={"plugin": kind}, severity="warning")


Gateway = ipaddress.IPv4Interface | ipaddress.IPv6Interface


def gateways(config: Config, entry: Node) -> list[Gateway]:
    """Return the addresses that the bridge plugin gives the bridge (bridge.go calcGateways)."""
    section = ipam.section_of(config, entry)
    if section is None or not (true(member(entry, "isGateway")) or true(member(entry, "isDefaultGateway"))):
        return []
    pools = [p for p in ipam.firsts(section, ipam.given_of(section)) if p.gateway is not None or p.subnet.num_addresses > 1]
    return [ipaddress.ip_interface((p.gateway or p.subnet[1], p.subnet.prefixlen)) for p in pools]


def exclude(one: Gateway, other: Gateway) -> bool:
    """Return True if a bridge cannot have both: IPv4 allows one address, IPv6 several whose subnets do not overlap (ensureAddr)."""
    if one.version != other.version or str(one) == str(other):
        return False
    return one.version == 4 or one.ip in other.network or other.ip in one.network


def _own_conflict(gateways: list[Gateway]) -> tuple[Gateway, Gateway] | None:
    return next(((a, b) for a, b in combinations(gateways[:20], 2) if exclude(a, b)), None)
