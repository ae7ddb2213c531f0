"""What annotations ask for and the NADs that they name do not give: missing NADs, addresses, MACs and routes.

Sources: annotations.md 1.4, 2, 5 and 9; plugins.md 3 and 4 (containernetworking/plugins static, host-local; libcni capabilities);
multus-cni pkg/types/conf.go and pkg/multus/multus.go at 95a0932.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, cast

from diagnose.checks.fault import Fault, Objects, Profile, Spot
from diagnose.checks.golang import is_cidr, mac_bytes, parse_ip
from diagnose.checks.object import NAD
from diagnose.checks.place import ASKED, DEFAULT_NETWORK, MOST, STATUS, WIDTH, Place, at_path, pod_path, put
from diagnose.checks.selection import SUBDOMAIN, Problem, Selection, is_json
from diagnose.model import Resource
from diagnose.parse.tree import items, mapping
from diagnose.record import dataclass


@dataclass(frozen=True, slots=True)
class _Nad:
    """What an annotation must know of a NAD."""

    resource: Resource
    network: str
    plugins: tuple[dict[str, Any], ...]

    @property
    def main(self) -> dict[str, Any]:
        """The plugin that makes the interface."""
        return self.plugins[0]

    @property
    def types(self) -> frozenset[str]:
        return frozenset(str(p.get("type")) for p in self.plugins)

    @property
    def ipam(self) -> dict[str, Any]:
        return mapping(self.main.get("ipam"))

    @property
    def ipam_type(self) -> str:
        return str(self.ipam.get("type") or "")

    def capable(self, key: str) -> bool:
        """Tell whether some plugin is handed the runtime value `key` (libcni: capabilities)."""
        return any(mapping(p.get("capabilities")).get(key) is True for p in self.plugins)


def _nad(resource: Resource) -> _Nad | None:
    config = mapping(resource.body.get("spec")).get("config")
    try:
        conf = mapping(json.loads(config)) if isinstance(config, str) else {}
    except (ValueError, RecursionError):
        return None
    plugins = [conf] if conf.get("type") else [mapping(p) for p in items(conf.get("plugins"))]
    if not plugins or not all(isinstance(p.get("type"), str) for p in plugins):
        return None
    return _Nad(resource, str(conf.get("name") or resource.name), tuple(plugins))


@dataclass(frozen=True, slots=True)
class _Request:
    """One network of one annotation, and the NAD that it names, as far as it is at hand and can be read."""

    place: Place
    one: Selection
    nad: _Nad | None

    def problem(self, rule: str, what: str, spot: str, captures: dict[str, str], values: dict[str, str], instead: str = "", severity: str = "") -> Fault:
        """Return a fault of this request; `spot` is the key of the annotation that it is about."""
        own = {"nad": self.one.name, "nad_namespace": self.one.namespace}
        network = {"network": self.nad.network, "plugin": str(self.nad.main["type"])} if self.nad is not None else {}
        where = self.one.spots.get(spot, self.one.spots[""])
        return self.place.fault(
            Problem("", rule, what, where, {**{k: v for k, v in own.items() if v}, **network, **captures}, {**own, **values}, instead, severity)
        )


def cross(objects: Objects, profile: Profile) -> Iterator[tuple[Resource, Fault]]:
    """Yield what annotations ask for and the NADs at hand do not give: missing NADs, addresses and MACs that no plugin takes.

    annotations.md sections 1.4, 2, 5 and 9; plugins.md section 4. A NAD that is not at hand may stand in the cluster: see `_absence`.
    """
    held = {(r.namespace, r.name): r for r in objects.resources if r.kind == NAD}
    read = {key: _nad(r) for key, r in held.items()}
    requests: list[_Request] = []
    for resource in objects.resources:
        for place in _places(resource, profile):
            missing: dict[tuple[str, str], Selection] = {}
            selections = place.selections()
            for one in selections:
                key = _find(held, one)
                if key is None:
                    missing.setdefault((one.namespace, one.name), one)
                else:
                    requests.append(_Request(place, one, read[key]))
            asked = {(s.namespace, s.name) for s in selections}
            found = (_missing(held, place, one, asked) for one in islice(missing.values(), MOST))
            yield from ((resource, fault) for fault in found if fault is not None)
    for request in requests:
        for fault in _unfulfilled(request):
            yield request.place.resource, fault
    with_args = {id(r.nad.resource): r.nad for r in requests if r.nad is not None and r.one.cni_args}
    for nad in with_args.values():
        yield from _args_fault(nad)
    yield from _shared(requests)


def _places(resource: Resource, profile: Profile) -> Iterator[Place]:
    base = pod_path(resource)
    path = (*(base or ()), "metadata", "annotations")
    annotations = mapping(at_path(resource.body, path)) if base is not None else {}
    for key in ASKED:
        value = annotations.get(key)
        if isinstance(value, str):
            yield Place(resource, (*path, key), key, value, profile)


_Held = dict[tuple[str, str], Resource]


def _find(held: _Held, one: Selection) -> tuple[str, str] | None:
    """Return the key of the NAD that is meant; a manifest without a namespace may be applied to any."""
    exact = next((key for key in ((one.namespace, one.name), ("", one.name)) if key in held), None)
    if exact is not None or one.namespace:
        return exact
    return next((key for key in held if key[1] == one.name), None)


def _missing(held: _Held, place: Place, one: Selection, asked: set[tuple[str, str]]) -> Fault | None:
    """Return the fault of a NAD that is not there, with what was probably meant; None where its absence tells nothing."""
    import difflib

    if not SUBDOMAIN.match(one.name):
        return None  # said of the annotation by itself
    elsewhere = sorted(ns for ns, name in held if name == one.name)
    names = sorted(name for ns, name in held if ns in (one.namespace, "") and (one.namespace, name) not in asked)
    near = difflib.get_close_matches(one.name, names, 3, 0.75)
    severity = _absence(held, place, one, meant=bool(near or elsewhere))
    if severity is None:
        return None
    what = "nad-elsewhere" if elsewhere else "nad-near" if near else "nad-missing"
    values = {"namespaces": ", ".join(elsewhere), "near": ", ".join(near)}
    instead, spot = "", "name"
    if len(elsewhere) == 1:
        instead, spot = _elsewhere(place.value, one, elsewhere[0])
    elif near and not elsewhere:
        instead = put(near[0], quoted=is_json(place.value))
    return _Request(place, one, None).problem("nad-not-found", what, spot, {}, values, instead, severity)


def _elsewhere(value: str, one: Selection, namespace: str) -> tuple[str, str]:
    """Return what names the NAD in the other namespace, and the key that it is to stand at."""
    written = one.spots.get("namespace", Spot(0, 0)).length > 0
    if not is_json(value):
        return (namespace, "namespace") if written else (f"{namespace}/{one.name}", "name")
    return (json.dumps(namespace), "namespace") if written else (f'{json.dumps(one.name)},"namespace":{json.dumps(namespace)}', "name")


def _absence(held: _Held, place: Place, one: Selection, *, meant: bool) -> str | None:
    """Return how bad it is that a NAD is not at hand: "" as the rule says, None if it proves nothing.

    A folder of manifests need not hold the NADs of the cluster: there it is a hint, and more only if another NAD is probably meant or the pod waits.
    """
    if f"{one.namespace}/{one.name}" in (place.profile.nads or ()):
        return None
    if place.profile.namespaces_known:
        return ""
    body = place.resource.body
    status = mapping(mapping(body.get("metadata")).get("annotations")).get(STATUS)
    if not held or (isinstance(status, str) and f"{one.namespace}/{one.name}" in _recorded(status)):
        return None
    waits = place.resource.kind == "Pod" and mapping(body.get("status")).get("phase") == "Pending"
    return "warning" if meant or waits else "info"


def _recorded(status: str) -> set[str]:
    try:
        return {str(mapping(x).get("name")) for x in items(json.loads(status))}
    except (ValueError, RecursionError):
        return set()


def _unfulfilled(request: _Request) -> Iterator[Fault]:
    if request.nad is None or request.place.key == DEFAULT_NETWORK:
        return
    one = request.one
    if one.ips:
        yield from _ips_faults(request, request.nad)
    elif request.nad.ipam_type == "static" and not items(request.nad.ipam.get("addresses")) and not one.cni_args and not _args_of(request.nad):
        yield request.problem("ipam-static-invalid", "static-no-address", "name", {}, {})
    if one.mac:
        yield from _mac_faults(request, request.nad)
    yield from _dropped(request, request.nad)
    yield from _gateway_faults(request, request.nad)


def _args_of(nad: _Nad) -> dict[str, Any]:
    return mapping(mapping(nad.main.get("args")).get("cni"))


_MAIN = frozenset({"bridge", "macvlan", "ipvlan"})
_TAKE_MAC = frozenset({"bridge", "macvlan", "tap", "tuning"})
_LEAVE_MAC = frozenset({"ipvlan", "vlan", "host-device"})


def _ips_faults(request: _Request, nad: _Nad) -> Iterator[Fault]:
    """Yield requested addresses that the NAD's IPAM does not give (plugins.md section 4)."""
    kind, ips = nad.ipam_type, request.one.ips
    first = {"ip": next(iter(ips), "")}
    if not kind and nad.main["type"] in _MAIN and len(nad.plugins) == 1:
        yield request.problem("annotation-invalid-ip", "ips-no-ipam", "ips", first, {}, severity="warning")
    elif kind == "dhcp":
        yield request.problem("annotation-invalid-ip", "ips-dhcp", "ips", first, {}, severity="warning")
    elif kind == "static":
        for n, ip in enumerate(ips):
            if "/" not in ip:
                yield request.problem("ipam-static-invalid", "ips-static-prefix", f"ips.{n}", {"ip": ip}, {"value": ip}, _prefixed(nad, ip))
        if items(nad.ipam.get("addresses")) and not nad.capable("ips"):
            yield request.problem("annotation-invalid-ip", "ips-static-added", "ips", first, {}, severity="info")
    elif kind == "host-local" and len(ips) > 1:
        yield request.problem("annotation-invalid-ip", "ips-host-local-many", "ips", {"ip": ",".join(ips)}, {"value": ",".join(ips)})
    elif kind == "host-local":
        yield from _outside(request, nad, first["ip"])


_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _prefixed(nad: _Nad, ip: str) -> str:
    """Return the address as JSON with the prefix length of the NAD's subnet that holds it, "" if none does."""
    address = parse_ip(ip)
    for network in _static_networks(nad):
        if address is not None and address in network:
            return json.dumps(f"{ip}/{network.prefixlen}")
    return ""


def _network(text: object) -> _Network | None:
    try:
        return ipaddress.ip_network(text, strict=False) if isinstance(text, str) and is_cidr(text) else None
    except ValueError:
        return None


def _static_networks(nad: _Nad) -> list[_Network]:
    found = (_network(mapping(a).get("address")) for a in items(nad.ipam.get("addresses")))
    return [n for n in found if n is not None]


@dataclass(frozen=True, slots=True)
class _Range:
    """One range of host-local with its defaults filled in (allocator/range.go: Canonicalize)."""

    first: _Address
    last: _Address
    gateway: _Address
    network: _Network

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


def _ranges(nad: _Nad) -> list[_Range] | None:
    """Return the ranges of host-local; None if one of them cannot be read: another check says so."""
    written = [r for s in items(nad.ipam.get("ranges")) for r in items(s)]
    if nad.ipam.get("subnet"):
        written.insert(0, nad.ipam)
    found = [_range(mapping(r)) for r in written]
    good = [r for r in found if r is not None]
    return good if good and len(good) == len(found) else None


def _range(raw: dict[str, Any]) -> _Range | None:
    network = _network(raw.get("subnet"))
    if network is None or network.max_prefixlen - network.prefixlen < 2:
        return None
    usable = network.broadcast_address - 1 if network.version == 4 else network.broadcast_address
    bounds = [parse_ip(str(raw.get(k) or default)) for k, default in (("rangeStart", network[1]), ("rangeEnd", usable), ("gateway", network[1]))]
    first, last, gateway = bounds
    return _Range(first, last, gateway, network) if first and last and gateway else None


def _outside(request: _Request, nad: _Nad, ip: str) -> Iterator[Fault]:
    """Yield an address that host-local cannot hand out (allocator.go:62-70, main.go:130)."""
    address, ranges = parse_ip(ip.partition("/")[0]), _ranges(nad)
    if address is None or ranges is None:
        return
    fitting = [r for r in ranges if address in r.network and int(r.first) <= int(address) <= int(r.last)]
    captures = {"ip": str(address), "range": ", ".join(map(str, ranges))}
    if not fitting:
        yield request.problem("ipam-ip-unavailable", "ips-outside", "ips.0", captures, captures)
    elif address == fitting[0].gateway:
        yield request.problem("ipam-ip-unavailable", "ips-gateway", "ips.0", captures, captures)


def _mac_faults(request: _Request, nad: _Nad) -> Iterator[Fault]:
    mac = request.one.mac
    raw = mac_bytes(mac) or b""
    captures = {"mac": mac}
    if nad.main["type"] in _LEAVE_MAC and not nad.types & _TAKE_MAC:
        yield request.problem("annotation-invalid-mac", "mac-ignored", "mac", captures, {"plugin": str(nad.main["type"])}, severity="warning")
    elif nad.main["type"] in ("bridge", "macvlan") and len(raw) != 6:
        yield request.problem("annotation-invalid-mac", "mac-length", "mac", captures, {"value": mac})
    elif nad.main["type"] in ("bridge", "macvlan") and (raw[0] & 1 or not any(raw)):
        yield request.problem("annotation-invalid-mac", "mac-not-unicast", "mac", captures, {"value": mac})


def _dropped(request: _Request, nad: _Nad) -> Iterator[Fault]:
    """Yield runtime values that no plugin of the NAD is handed: libcni drops them without a message."""
    one = request.one
    for key, held, capability in (
        ("portMappings", one.port_mappings, "portMappings"),
        ("bandwidth", one.bandwidth, "bandwidth"),
        ("infiniband-guid", one.infiniband_guid, "infinibandGUID"),
    ):
        if held and not nad.capable(capability):
            yield request.problem("annotation-unknown-key", "key-dropped", key, {"key": key}, {"key": key, "capability": capability}, severity="info")


def _gateway_faults(request: _Request, nad: _Nad) -> Iterator[Fault]:
    """Yield gateways that no address of the interface can reach (SetDefaultGW: network is unreachable)."""
    networks = _own_networks(request, nad)
    for n, text in enumerate(request.one.default_route or ()):
        gateway = parse_ip(text)
        if gateway is None or gateway.is_link_local or networks is None or any(gateway in x for x in networks):
            continue
        subnets = ", ".join(map(str, networks))
        captures = {"gateway": text, "subnet": subnets}
        yield request.problem("route-conflict", "route-unreachable", f"default-route.{n}", captures, {"value": text, "subnet": subnets})


def _own_networks(request: _Request, nad: _Nad) -> list[_Network] | None:
    """Return the subnets that the interface will have; None if that is not decided by the NAD and the annotation."""
    if _args_of(nad) or request.one.cni_args or mapping(nad.ipam.get("runtimeConfig")) or items(nad.ipam.get("routes")):
        return None
    if nad.ipam_type == "host-local":
        ranges = _ranges(nad)
        return None if ranges is None else [r.network for r in ranges]
    if nad.ipam_type != "static":
        return None
    asked = [n for n in map(_network, request.one.ips) if n is not None]
    found = asked if asked and nad.capable("ips") else asked + _static_networks(nad)
    return found or None


def _args_fault(nad: _Nad) -> Iterator[tuple[Resource, Fault]]:
    """Yield `args` that are no object: with cni-args in an annotation Multus crashes on them (conf.go:670-688)."""
    for plugin in nad.plugins:
        held: object = plugin.get("args")
        if held is None:
            continue
        bad = "args" if not isinstance(held, dict) else "args.cni" if not isinstance(mapping(cast("object", held)).get("cni", {}), dict) else ""
        if bad:
            captures = {"nad": nad.resource.name, "nad_namespace": nad.resource.namespace, "field": bad}
            shown = json.dumps({"args": held}, ensure_ascii=False)[:WIDTH]
            yield nad.resource, Fault("nad-config-invalid-field", captures, shown, "annotation-cni-args-no-object", {"key": bad}, ("spec", "config"))


# --- addresses that several pods ask for --------------------------------------------------------------------------------


def _shared(requests: list[_Request]) -> Iterator[tuple[Resource, Fault]]:
    """Yield fixed addresses that more than one pod asks for: of one workload with replicas, or of two objects."""
    met: dict[tuple[int, str], _Request] = {}
    for request in requests:
        if request.nad is None or mapping(request.place.resource.body.get("metadata")).get("ownerReferences"):
            continue  # an owned pod asks for what its owner's template asks for
        for key, number, text in _fixed(request.one):
            copies = _copies(request.place.resource)
            first = met.setdefault((id(request.nad.resource), text), request)
            other = first.place.resource
            if copies < 2 and (other is request.place.resource or not _same_time(other, request.place.resource)):
                continue
            values = {"value": text, "copies": str(copies), "other": f"{other.kind} {other.name}"}
            what = "fixed-by-replicas" if copies > 1 else "fixed-twice"
            yield request.place.resource, _shared_fault(request, request.nad, key, number, text, what, values)


def _fixed(one: Selection) -> Iterator[tuple[str, str, str]]:
    for n, ip in enumerate(one.ips):
        address = parse_ip(ip.partition("/")[0])
        if address is not None:
            yield "ip", f"ips.{n}", str(address)
    raw = mac_bytes(one.mac)
    if raw:
        yield "mac", "mac", raw.hex(":")


def _shared_fault(request: _Request, nad: _Nad, key: str, spot: str, text: str, what: str, values: dict[str, str]) -> Fault:
    if key == "ip" and nad.ipam_type == "host-local":
        return request.problem("ipam-ip-unavailable", f"{what}-host-local", spot, {"ip": text}, values)
    return request.problem("address-conflict", what, spot, {"ip": text} if key == "ip" else {"mac": text}, values, severity="warning")


def _copies(resource: Resource) -> int:
    """Return how many pods an object makes at once, as far as it says so; a DaemonSet makes one on MicroShift's one node."""
    key = "parallelism" if resource.kind == "Job" else "replicas"
    held = mapping(resource.body.get("spec")).get(key) if resource.kind not in ("Pod", "DaemonSet", "CronJob") else 1
    return held if isinstance(held, int) else 1


def _same_time(*resources: Resource) -> bool:
    """Tell whether the pods of these objects can exist together: none is at its end, or stopped, or a Job's."""
    return all(
        mapping(r.body.get("status")).get("phase") not in ("Succeeded", "Failed") and r.kind not in ("Job", "CronJob") and _copies(r) > 0 for r in resources
    )
