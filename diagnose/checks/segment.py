"""Several NADs on one node: ranges that overlap, and bridges or masters that two of them use in ways that exclude each other.

Sources: containernetworking/plugins plugins/main/bridge/bridge.go (ensureBridge, ensureAddr), host-local backend/disk; Linux drivers/net
(macvlan, ipvlan, 8021q); plugins.md 5 and 6; microshift docs/contributor/network/host_networking.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple, cast

from diagnose.checks import ipam
from diagnose.checks.config import KIND, Config, elements, integer, member, string, true
from diagnose.checks.fault import Fault, Objects, Profile
from diagnose.checks.plugin import Gateway, exclude, gateways
from diagnose.model import Resource
from diagnose.parse.jsontext import Node, parse
from diagnose.parse.tree import mapping

_RESERVED: Final = ("10.44.0.0/32", "169.254.169.0/29", "100.64.0.0/16", "fd98::/64")
"""MicroShift's internal networks (docs/contributor/network/host_networking.md)."""
_DEFAULT: Final = "default route"
"""Stands for the master that a NAD without "master" gets: the interface of the default route."""
_COMPARED: Final = 20
"""NADs of one master that each other one is compared with."""


class _Part(NamedTuple):
    """The main plugin of one NAD, as the others of the node see it."""

    config: Config
    entry: Node
    kind: str
    segment: tuple[str, str]
    """What carries its frames: a bridge with its VLAN, or a master."""
    section: ipam.Section | None
    given: ipam.Given

    @property
    def name(self) -> str:
        """The NAD as the annotation names it."""
        return f"{self.config.resource.namespace}/{self.config.resource.name}".lstrip("/")

    def spot(self, key: str) -> Node | None:
        """Return the value of a key, or the type where it is absent."""
        return member(self.entry, key) or member(self.entry, "type")


def cross(objects: Objects, profile: Profile) -> Iterator[tuple[Resource, Fault]]:
    """Yield what NADs of one node do to each other and to the node's networks: overlaps, one bridge or master used in two ways.

    Broken configs are left out; a NAD that is given twice counts once.
    """
    nads = {(r.namespace, r.name): r for r in objects.resources if r.kind == KIND}
    parts = [p for r in nads.values() if (p := _part(r, profile)) is not None]
    by_carrier: dict[tuple[str, str], list[_Part]] = {}
    by_segment: dict[tuple[str, str], list[_Part]] = {}
    by_store: dict[str, list[_Part]] = {}
    for part in parts:
        by_carrier.setdefault(_carrier(part), []).append(part)
        by_segment.setdefault(part.segment, []).append(part)
        if part.section is not None and part.section.type == "host-local":
            by_store.setdefault(ipam.store_of(part.section), []).append(part)
        yield from _against_node(part, profile)
    for (kind, _), found in by_carrier.items():
        yield from _one_bridge(found) if kind == "bridge" else _one_master(found)
    for found in by_segment.values():
        yield from _same_addresses(found)
    for store, found in by_store.items():
        yield from _one_store(store, found)


def _part(resource: Resource, profile: Profile) -> _Part | None:
    text = mapping(resource.body.get("spec")).get("config")
    parsed = parse(text) if isinstance(text, str) else None
    if parsed is None or parsed.breaks or parsed.root is None or not isinstance(parsed.root.value, dict):
        return None
    config = Config(resource, profile, cast("str", text), parsed.root)
    entry = parsed.root if string(member(parsed.root, "type")) else next(iter(elements(member(parsed.root, "plugins"))), None)
    kind = string(member(entry, "type"))
    if entry is None or kind not in ("bridge", "macvlan", "ipvlan", "vlan") or true(member(entry, "linkInContainer")):
        return None
    section = ipam.section_of(config, entry)
    given = ipam.given_of(section) if section is not None else ipam.Given([], whole=False)
    carrier = string(member(entry, "bridge")) or "cni0" if kind == "bridge" else string(member(entry, "master"))
    tag = integer(member(entry, "vlan" if kind == "bridge" else "vlanId")) or 0 if kind in ("bridge", "vlan") else 0
    return _Part(config, entry, kind, (kind if kind == "bridge" else "master", f"{carrier}.{tag}" if tag else carrier), section, given)


def _carrier(part: _Part) -> tuple[str, str]:
    """Return the bridge or master itself, whatever the VLAN."""
    if part.kind == "bridge":
        return "bridge", string(member(part.entry, "bridge")) or "cni0"
    return ("vlan" if part.kind == "vlan" else "master"), string(member(part.entry, "master"))


def _against_node(part: _Part, profile: Profile) -> Iterator[tuple[Resource, Fault]]:
    """Yield a subnet that the node itself uses: the pod's route to it would leave by the wrong interface."""
    lists = [("pod", profile.pod_networks), ("service", profile.service_networks), ("reserved", _RESERVED)]
    bridge = string(member(part.entry, "bridge")) or "cni0"
    if part.kind == "bridge":
        lists.append(("host", profile.host_networks))
    for pool, node in part.given.pools:
        for kind, networks in lists:
            other = next(
                (n for n in networks if (c := ipam.parse_cidr(n)) is not None and c[1].version == pool.subnet.version and c[1].overlaps(pool.subnet)), None
            )
            # The host's network may be the address of this very bridge (guide 5.2.4).
            own = kind == "host" and (profile.links is None or bridge in profile.links)
            if other is None or own:
                continue
            at = member(node, "subnet") or member(node, "address") or node
            fault = part.config.fault("network-overlap", f"nad-overlap-{kind}", at, subnet=str(pool.subnet), other=other)
            yield part.config.resource, fault
            break


def _one_bridge(parts: list[_Part]) -> Iterator[tuple[Resource, Fault]]:
    """Yield gateways that one bridge cannot have both, and settings that only the first user of a bridge decides."""
    bridge = _carrier(parts[0])[1]
    met: dict[str, tuple[_Part, list[Gateway]]] = {}
    for part in parts:
        own = gateways(part.config, part.entry)
        if not own:
            continue
        other, theirs = met.setdefault(part.segment[1], (part, own))
        clash = next(((a, b) for a in theirs for b in own if exclude(a, b)), None)
        if other is not part and clash is not None:
            both = true(member(part.entry, "forceAddress")) and true(member(other.entry, "forceAddress"))
            values = {"other": other.name, "one": clash[0]}
            what, severity = ("nad-bridge-forced", "warning") if both else ("nad-bridge-two", "")
            at = part.spot("bridge")
            yield part.config.resource, part.config.fault("bridge-conflict", what, at, values=values, severity=severity, bridge=bridge, ip=str(clash[1]))
    yield from _first_decides(parts, bridge)


def _first_decides(parts: list[_Part], bridge: str) -> Iterator[tuple[Resource, Fault]]:
    tagged = [p for p in parts if integer(member(p.entry, "vlan")) or elements(member(p.entry, "vlanTrunk"))]
    plain = [p for p in parts if p not in tagged]
    if tagged and plain:
        part, values = tagged[0], {"other": plain[0].name}
        yield part.config.resource, part.config.fault("bridge-conflict", "nad-bridge-vlan", part.spot("vlan"), values=values, severity="warning", bridge=bridge)
    for part in parts[1:]:
        one, other = integer(member(part.entry, "mtu")) or 0, integer(member(parts[0].entry, "mtu")) or 0
        if one != other:
            values = {"other": parts[0].name}
            yield part.config.resource, part.config.fault("bridge-conflict", "nad-bridge-mtu", part.spot("mtu"), values=values, severity="info", bridge=bridge)


def _one_master(parts: list[_Part]) -> Iterator[tuple[Resource, Fault]]:
    """Yield NADs that want one host interface in ways that exclude each other (plugins.md 5)."""
    master = _carrier(parts[0])[1]
    for part in parts[1:]:
        other = next((p for p in parts[:_COMPARED] if p is not part and _busy(part, p)), None)
        if other is not None:
            what = "nad-master-vlan" if part.kind == "vlan" else "nad-master-kinds" if part.kind != other.kind else "nad-master-passthru"
            values = {"other": other.name, "one": part.kind, "two": other.kind, "carrier": master or _DEFAULT}
            fault = part.config.fault("master-interface-busy", what, part.spot("master"), values=values, severity="warning", master=master)
            yield part.config.resource, fault
    ipvlans = [p for p in parts if p.kind == "ipvlan"]
    for part in ipvlans[1:]:
        one, two = (string(member(p.entry, "mode")) or "l2" for p in (part, ipvlans[0]))
        if one != two:
            values = {"other": ipvlans[0].name, "one": one, "two": two}
            yield part.config.resource, part.config.fault("nad-config-invalid-field", "nad-ipvlan-modes", part.spot("mode"), values=values, severity="warning")


def _busy(one: _Part, other: _Part) -> bool:
    if one.kind == "vlan":
        return one.segment == other.segment
    if one.kind != other.kind:
        return True
    return one.kind == "macvlan" and "passthru" in (string(member(one.entry, "mode")), string(member(other.entry, "mode")))


def _same_addresses(parts: list[_Part]) -> Iterator[tuple[Resource, Fault]]:
    """Yield addresses that two NADs of one segment give to pods without knowing of each other: duplicates."""
    claims: list[tuple[ipam.Pool, tuple[str, _Part, Node]]] = []
    for part in parts:
        if part.section is not None:
            # static keeps no store, so each of its NADs stands for itself.
            store = ipam.store_of(part.section) if part.section.type == "host-local" else f"static {part.name}"
            claims += [(pool, (store, part, node)) for pool, node in part.given.pools]
    told: set[int] = set()
    best: dict[int, list[tuple[ipam.Pool, tuple[str, _Part, Node]]]] = {}
    for pool, (store, part, node) in sorted(claims, key=lambda c: (c[0].first.version, int(c[0].first))):
        reach = best.setdefault(pool.first.version, [])
        clash = next(((p, o) for p, (s, o, _) in reach if s != store and p.overlaps(pool)), None)
        if clash is not None and id(part) not in told:
            told.add(id(part))
            at = member(node, "subnet") or member(node, "address") or node
            values = {"other_nad": clash[1].name, "where": part.segment[1] or _DEFAULT}
            yield part.config.resource, part.config.fault("network-overlap", "nad-overlap-nads", at, values=values, subnet=str(pool), other=str(clash[0]))
        # Of each of two stores the range that reaches farthest: one of them is another store's.
        best[pool.first.version] = _farthest([*reach, (pool, (store, part, node))])


def _farthest(claims: list[tuple[ipam.Pool, tuple[str, _Part, Node]]]) -> list[tuple[ipam.Pool, tuple[str, _Part, Node]]]:
    kept: dict[str, tuple[ipam.Pool, tuple[str, _Part, Node]]] = {}
    for claim in sorted(claims, key=lambda c: -int(c[0].last)):
        kept.setdefault(claim[1][0], claim)
    return list(kept.values())[:2]


def _one_store(store: str, parts: list[_Part]) -> Iterator[tuple[Resource, Fault]]:
    """Yield NADs that keep their addresses in one directory, but take them from different ranges."""
    ranges = [", ".join(str(p) for p, _ in part.given.pools) for part in parts]
    for part, own in list(zip(parts, ranges, strict=True))[1:]:
        if own != ranges[0]:
            at = part.config.root.children.get("name") or member(part.section.ipam if part.section else None, "dataDir") or part.spot("ipam")
            values = {"other_nad": parts[0].name, "store": store}
            fault = part.config.fault("network-overlap", "nad-store-shared", at, values=values, severity="info", subnet=own, other=ranges[0])
            yield part.config.resource, fault
