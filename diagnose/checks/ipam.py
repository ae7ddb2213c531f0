"""The ipam section of a NAD: what host-local, static and dhcp do with it, and the arithmetic of their ranges.

Sources: containernetworking/plugins plugins/ipam/host-local/backend/allocator (config.go LoadIPAMConfig, range.go Canonicalize,
range_set.go), plugins/ipam/static/main.go, plugins/ipam/dhcp/options.go, pkg/ipam/ipam_linux.go ConfigureIface.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final, NamedTuple, TypeVar

from diagnose.checks import golang
from diagnose.checks.config import Config, elements, member, near, string, type_name
from diagnose.checks.fault import Fault
from diagnose.parse.jsontext import Node
from diagnose.pattern import lazy

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
T = TypeVar("T")

SHIPPED: Final = ("host-local", "static", "dhcp")
DATA_DIR: Final = "/var/lib/cni/networks"
_RANGE_KEYS: Final = {"subnet": "string", "rangeStart": "string", "rangeEnd": "string", "gateway": "string"}
_ROUTE_KEYS: Final = {"dst": "string", "gw": "string", "mtu": "int", "advmss": "int", "priority": "int", "table": "int", "scope": "int"}
_ADDRESS_KEYS: Final = {"address": "string", "gateway": "string"}
_DNS_KEYS: Final = {"nameservers": "strings", "domain": "string", "search": "strings", "options": "strings"}
KEYS: Final[dict[str, dict[str, str]]] = {
    "host-local": {"type": "string", "name": "string", **_RANGE_KEYS, "ranges": "list", "routes": "list", "dataDir": "string", "resolvConf": "string"},
    "static": {"type": "string", "name": "string", "addresses": "list", "routes": "list", "dns": "object"},
    "dhcp": {"type": "string", "daemonSocketPath": "string", "request": "list", "provide": "list", "priority": "int"},
}
"""Keys that each IPAM plugin reads in the ipam section, with their types (plugins.md 3)."""
_WHEREABOUTS: Final = frozenset({
    "range", "range_start", "range_end", "exclude", "ipRanges", "enable_overlapping_ranges", "network_name", "kubernetes",
    "configuration_path", "log_file", "log_level", "gateway", "addresses", "routes", "node_slice_size",
})  # fmt: skip
_OPTIONS: Final = ("dhcp-client-identifier", "subnet-mask", "routers", "host-name", "user-class", "vendor-class-identifier")
_PREFIX: Final = lazy(r"[0-9]{1,4}", re.ASCII)
_NOT_HEX: Final = lazy(r"[^0-9a-fA-F:./]")


# --- arithmetic -------------------------------------------------------------------------------------------------------


def parse_ip(text: str) -> Address | None:
    """Return the address as Go's net.ParseIP reads it: no zone, no leading zeros; IPv4 in IPv6 form is IPv4. None for anything else."""
    found = golang.parse_ip(text)
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def parse_cidr(text: str) -> tuple[Address, Network] | None:
    """Return the address and its network as Go's net.ParseCIDR reads them: the part behind "/" is a prefix length, never a mask."""
    address, slash, prefix = text.partition("/")
    found = parse_ip(address)
    if found is None or not slash or not _PREFIX.fullmatch(prefix) or (found.version == 4 and ":" in address):
        return None
    try:
        return found, ipaddress.ip_network((found, int(prefix)), strict=False)
    except ValueError:
        return None


class Pool(NamedTuple):
    """Addresses that one range of host-local, or one static address, may give to pods."""

    subnet: Network
    first: Address
    last: Address
    gateway: Address | None = None

    def holds(self, address: Address) -> bool:
        """Return True if `address` lies between first and last."""
        return address.version == self.first.version and int(self.first) <= int(address) <= int(self.last)

    def overlaps(self, other: Pool) -> bool:
        """Return True if the two have an address in common."""
        return self.first.version == other.first.version and int(self.first) <= int(other.last) and int(other.first) <= int(self.last)

    @property
    def size(self) -> int:
        """How many addresses can be given: the gateway never is (allocator.go Get)."""
        count = int(self.last) - int(self.first) + 1
        return count - (self.gateway is not None and self.holds(self.gateway))

    def __str__(self) -> str:
        """Return it as host-local prints a range: first-last, or the one address."""
        return f"{self.first}-{self.last}" if self.first != self.last else str(self.first)


def first_overlap(pools: list[tuple[Pool, T]]) -> tuple[tuple[Pool, T], tuple[Pool, T]] | None:
    """Return two of `pools` that have an address in common, in the order in which they were given; None if there are none."""
    order = sorted(range(len(pools)), key=lambda i: (pools[i][0].first.version, int(pools[i][0].first)))
    # If any two overlap, two neighbours do.
    for a, b in pairwise(order):
        if pools[a][0].overlaps(pools[b][0]):
            return pools[min(a, b)], pools[max(a, b)]
    return None


class Problem(NamedTuple):
    """Why host-local refuses a range: the field at fault, the kind, what its sentence tells, and the value that would do."""

    field: str
    kind: str
    values: dict[str, str]
    instead: str = ""


def pool_of(subnet: str, start: str = "", end: str = "", gateway: str = "") -> tuple[Pool | None, list[Problem]]:
    """Return the range that host-local makes of these values ("" where a key is absent), and what it refuses.

    Mirrors allocator/range.go Canonicalize: the subnet without host bits and at most /30 (IPv4) or /126 (IPv6), start and end
    inside of it and in order; the gateway is only parsed.
    """
    net, problems = _network_of(subnet)
    problems += [Problem(f, "ipam-address", _why(v)) for f, v in (("rangeStart", start), ("rangeEnd", end), ("gateway", gateway)) if v and parse_ip(v) is None]
    if net is None or any(p.kind == "ipam-address" for p in problems):
        return None, problems
    first, last, gate = (parse_ip(v) for v in (start, end, gateway))
    for name, address in (("rangeStart", first), ("rangeEnd", last)):
        if address is not None and address not in net:
            problems.append(Problem(name, "ipam-outside", {"value": str(address), "subnet": str(net)}))
    if problems:
        return None, problems
    # An IPv4 subnet's last address is broadcast; for IPv6 host-local takes the very last one.
    default_last = net[-2] if net.version == 4 else net[-1]
    pool = Pool(net, first or net[1], last or default_last, gate or net[1])
    if int(pool.first) > int(pool.last):
        if last is None:
            return None, []  # rangeStart is the broadcast address: host-local does not notice
        named = "rangeStart" if first is not None else "rangeEnd"
        return None, [Problem(named, "ipam-order", {"start": str(pool.first), "end": str(pool.last)})]
    return pool, []


def _network_of(subnet: str) -> tuple[Network | None, list[Problem]]:
    found = parse_cidr(subnet)
    if found is None:
        bare = parse_ip(subnet)
        return None, [Problem("subnet", "ipam-subnet-prefix", {"value": subnet}) if bare else Problem("subnet", "ipam-subnet", _why(subnet))]
    address, net = found
    if net.prefixlen > net.max_prefixlen - 2:
        return None, [Problem("subnet", "ipam-small", {"subnet": subnet, "most": f"/{net.max_prefixlen - 2}"})]
    if address != net.network_address:
        return None, [Problem("subnet", "ipam-host-bits", {"subnet": subnet, "network_address": str(net)}, f'"{net}"')]
    return net, []


def _why(text: str) -> dict[str, str]:
    """Return the value, and the characters that no address can have."""
    wrong = "".join(dict.fromkeys(_NOT_HEX.findall(text))) if ":" in text else ""
    return {"value": text, "wrong": wrong[:20]}


# --- the section ------------------------------------------------------------------------------------------------------


class Section(NamedTuple):
    """One plugin's ipam section and what stands around it."""

    config: Config
    plugin: str
    entry: Node
    """The plugin's own config: its ipam plugin gets the same text."""
    ipam: Node
    type: str

    def capability(self, name: str) -> bool:
        """Return True if the plugin's config asks for the runtime value `name`."""
        found = member(member(self.entry, "capabilities"), name)
        return found is not None and found.value is True


class Given(NamedTuple):
    """The address source of an interface: what pods get from it."""

    pools: list[tuple[Pool, Node]]
    whole: bool
    """False if other addresses may come at run time, or if some of it cannot be read."""

    def gateway(self, version: int) -> Address | None:
        """Return the gateway of the first address of a family that has one (ConfigureIface: v4gw, v6gw)."""
        return next((p.gateway for p, _ in self.pools if p.gateway is not None and p.gateway.version == version), None)


def section_of(config: Config, entry: Node) -> Section | None:
    """Return the ipam section of a plugin's config; None if there is none with a type."""
    ipam = member(entry, "ipam")
    kind = string(member(ipam, "type"))
    return Section(config, string(member(entry, "type")), entry, ipam, kind) if ipam is not None and kind else None


def faults(section: Section) -> Iterator[Fault]:
    """Yield what host-local, static or dhcp would refuse in their section, and hints at what they ignore."""
    config, ipam = section.config, section.ipam
    keys = KEYS.get(section.type)
    if keys is None:
        return
    yield from config.types(ipam, keys, "ipam.")
    yield from config.unknown(ipam, keys, lambda node, name: _foreign(section, node, name))
    if section.type == "dhcp":
        yield from _dhcp(section)
        return
    given = given_of(section)
    if section.type == "host-local":
        yield from _host_local(section, given)
    else:
        yield from _static(section)
        yield from config.types(member(ipam, "dns"), _DNS_KEYS, "ipam.dns.")
    yield from _family_count(section, given)
    yield from _routes(section, given)


def given_of(section: Section) -> Given:
    """Return the addresses that pods get from the section, as far as it tells."""
    if section.type == "host-local":
        found = [(pool_of(*_range_values(node)), node) for _, nodes in _sets(section.ipam) for node in nodes]
        pools = [(pool, node) for (pool, _), node in found if pool is not None]
        return Given(pools, len(pools) == len(found) and bool(found) and not section.capability("ipRanges"))
    if section.type == "static":
        pools, whole = list[tuple[Pool, Node]](), True
        for node in elements(member(section.ipam, "addresses")):
            cidr = parse_cidr(string(member(node, "address")))
            if cidr is None:
                whole = False
            else:
                pools.append((Pool(cidr[1], cidr[0], cidr[0], parse_ip(string(member(node, "gateway")))), node))
        runtime = section.capability("ips") or member(member(section.entry, "args"), "cni") is not None
        return Given(pools, whole and bool(pools) and not runtime)
    return Given([], whole=False)


def firsts(section: Section, given: Given) -> list[Pool]:
    """Return where the addresses of one interface come from: host-local takes one of each range set, static gives all."""
    heads = {id(nodes[0]) for _, nodes in _sets(section.ipam) if nodes} if section.type == "host-local" else set[int]()
    return [p for p, n in given.pools if section.type == "static" or id(n) in heads]


def store_of(section: Section) -> str:
    """Return the directory in which host-local keeps the addresses it gave: of one name, whatever the NAD is called."""
    return f"{(string(member(section.ipam, 'dataDir')) or DATA_DIR).rstrip('/')}/{section.config.network}"


def _foreign(section: Section, node: Node, name: str) -> Fault | None:
    """Return the hint for a key that another IPAM plugin, or another level, has."""
    hint = section.config.hint
    owners = [k for k, keys in KEYS.items() if k != section.type and name in keys]
    if section.type == "static" and name in _RANGE_KEYS:
        return hint("ipam-key-static", node, key=True, key_name=name)
    if not owners and name in _WHEREABOUTS:
        owners = ["whereabouts"]
    return hint("ipam-key-foreign", node, key=True, key_name=name, ipam=section.type, owners=", ".join(owners)) if owners else None


# --- host-local -------------------------------------------------------------------------------------------------------


def _range_values(node: Node) -> tuple[str, str, str, str]:
    return string(member(node, "subnet")), string(member(node, "rangeStart")), string(member(node, "rangeEnd")), string(member(node, "gateway"))


def _sets(ipam: Node) -> list[tuple[Node, list[Node]]]:
    """Return the range sets in host-local's order: the old form at the top of ipam first, then `ranges`."""
    old = [(ipam, [ipam])] if member(ipam, "subnet") is not None else []
    return [*old, *((s, [r for r in elements(s) if isinstance(r.value, dict)]) for s in elements(member(ipam, "ranges")) if isinstance(s.value, list))]


def _host_local(section: Section, given: Given) -> Iterator[Fault]:
    config, ipam = section.config, section.ipam
    sets = _sets(ipam)
    ranges = member(ipam, "ranges")
    if not sets and not elements(ranges) and (ranges is None or isinstance(ranges.value, list)) and not section.capability("ipRanges"):
        yield config.fault("ipam-invalid-range", "ipam-no-range", ranges or ipam)
    yield from _range_shapes(section)
    if member(ipam, "subnet") is None:
        for name in ("rangeStart", "rangeEnd", "gateway"):
            node = member(ipam, name)
            if node is not None and parse_ip(string(node)) is None and string(node):
                yield _refused(config, node, Problem(name, "ipam-address", _why(string(node))), string(node))
            elif node is not None:
                yield config.hint("ipam-top-ignored", node, key=True, key_name=name)
    for number, (at, nodes) in enumerate(sets):
        if not nodes and not elements(at):
            yield config.fault("ipam-invalid-range", "ipam-empty-set", at, values={"number": number})
        for node in nodes:
            yield from _one_range(section, node)
        families = {p.subnet.version for p, n in given.pools if any(n is x for x in nodes)}
        if len(families) > 1:
            yield config.fault("ipam-invalid-range", "ipam-mixed", at, values={"number": number})
    met = first_overlap(given.pools)
    if met is not None:
        (a, _), (b, node) = met
        yield config.fault("ipam-invalid-range", "ipam-overlap", member(node, "subnet") or node, values={"one": b, "other": a}, subnet=str(b.subnet))


def _range_shapes(section: Section) -> Iterator[Fault]:
    """Yield what cannot be read as a list of lists of ranges."""
    config = section.config
    for number, inner in enumerate(elements(member(section.ipam, "ranges"))):
        field = f"ipam.ranges[{number}]"
        if isinstance(inner.value, dict):
            yield config.bad_field("ipam-not-nested", inner, field, instead="[{")
        elif inner.value is not None and not isinstance(inner.value, list):
            yield config.bad_field("nad-type", inner, field, wanted="array", given=type_name(inner.value))
        for index, node in enumerate(elements(inner)):
            place = f"{field}[{index}]"
            if node.value is not None and not isinstance(node.value, dict):
                yield config.bad_field("nad-type", node, place, wanted="object", given=type_name(node.value))
                continue
            yield from config.types(node, _RANGE_KEYS, f"{place}.")
            yield from config.unknown(node, _RANGE_KEYS, lambda child, name: _in_range(config, child, name))


def _in_range(config: Config, node: Node, name: str) -> Fault | None:
    """Return the hint for a key in a range that stands elsewhere, or that whereabouts has."""
    if name in KEYS["host-local"]:
        return config.hint("ipam-key-level", node, key=True, key_name=name)
    if name in _WHEREABOUTS:
        return config.hint("ipam-key-foreign", node, key=True, key_name=name, ipam="host-local", owners="whereabouts")
    return None


def _one_range(section: Section, node: Node) -> Iterator[Fault]:
    config = section.config
    values = _range_values(node)
    wrong_type = any(n is not None and not isinstance(n.value, str) for n in (member(node, k) for k in _RANGE_KEYS))
    if wrong_type:
        return
    subnet_node = member(node, "subnet")
    if subnet_node is None:
        yield config.fault("ipam-invalid-range", "ipam-subnet-missing", node)
        return
    pool, problems = pool_of(*values)
    for problem in problems:
        yield _refused(config, member(node, problem.field) or subnet_node, problem, values[0])
    if pool is None:
        return
    if pool.size <= 0:
        yield config.fault("ipam-pool-exhausted", "ipam-no-address", subnet_node, values={"gateway": pool.gateway}, range=str(pool))
    for name, value, bad in (("rangeStart", values[1], pool.subnet.network_address), ("rangeEnd", values[2], pool.subnet.broadcast_address)):
        if value and parse_ip(value) == bad and (name == "rangeStart" or pool.subnet.version == 4):
            yield config.hint(f"ipam-{'network' if name == 'rangeStart' else 'broadcast'}-address", member(node, name), value=value)


def _refused(config: Config, at: Node, problem: Problem, subnet: str) -> Fault:
    what = f"{problem.kind}-letters" if problem.values.get("wrong") else problem.kind
    values = {"field": problem.field, **problem.values}
    return config.fault("ipam-invalid-range", what, at, values=values, instead=problem.instead, subnet=subnet)


def _family_count(section: Section, given: Given) -> Iterator[Fault]:
    """Yield too many addresses of a family for the old result format (config.go:153, static main.go:254)."""
    config = section.config
    if config.version not in ("0.1.0", "0.2.0"):
        return
    pools = firsts(section, given)
    for version in (4, 6):
        if sum(p.subnet.version == version for p in pools) > 1:
            at = config.root.children.get("cniVersion")
            yield config.fault("nad-cniversion-unsupported", "nad-version-one-address", at, instead='"0.4.0"' if at else "", version=config.version)
            return


# --- static -----------------------------------------------------------------------------------------------------------


def _static(section: Section) -> Iterator[Fault]:
    config, listed = section.config, member(section.ipam, "addresses")
    args = member(member(member(section.entry, "args"), "cni"), "ips")
    if not elements(listed) and (listed is None or isinstance(listed.value, list)) and not section.capability("ips") and not elements(args):
        # Multus hands an annotation's ips on in CNI_ARGS, so a pod may still bring its own address.
        yield config.fault("ipam-static-invalid", "ipam-static-none", listed or section.ipam, severity="warning")
    met: dict[Address, Node] = {}
    for number, node in enumerate(elements(listed)):
        place = f"ipam.addresses[{number}]"
        if not isinstance(node.value, dict):
            yield config.bad_field("nad-type", node, place, wanted="object", given=type_name(node.value), instead=_as_address(node.value))
            continue
        yield from config.types(node, _ADDRESS_KEYS, f"{place}.")
        yield from config.unknown(node, _ADDRESS_KEYS, lambda _child, _name: None)
        yield from _static_address(section, node, met)


def _as_address(value: object) -> str:
    return f'{{"address": "{value}"}}' if isinstance(value, str) and parse_cidr(value) else ""


def _static_address(section: Section, node: Node, met: dict[Address, Node]) -> Iterator[Fault]:
    config, at, gateway = section.config, member(node, "address"), member(node, "gateway")
    if gateway is not None and string(gateway) and parse_ip(string(gateway)) is None:
        yield _refused(config, gateway, Problem("gateway", "ipam-address", _why(string(gateway))), string(at))
    text = string(at)
    if at is not None and not isinstance(at.value, str):
        return
    found = parse_cidr(text)
    if found is None:
        kind = "ipam-static-missing" if not text else "ipam-static-prefix" if parse_ip(text) else "ipam-static-address"
        why = _why(text)
        what = f"{kind}-letters" if kind == "ipam-static-address" and why["wrong"] else kind
        yield config.fault("ipam-static-invalid", what, at or node, values=why, ip=text)
        return
    address, net = found
    if address in met:
        yield config.fault("address-conflict", "ipam-static-twice", at, ip=text)
    met[address] = node
    if net.max_prefixlen - net.prefixlen > 1 and (address == net.network_address or (net.version == 4 and address == net.broadcast_address)):
        kind = "network" if address == net.network_address else "broadcast"
        yield config.hint(f"ipam-{kind}-address", at, value=text)


# --- routes -----------------------------------------------------------------------------------------------------------


def _routes(section: Section, given: Given) -> Iterator[Fault]:
    """Yield routes that cannot be read or set: a gateway must lie in a subnet of the interface (pkg/ipam/ipam_linux.go ConfigureIface)."""
    config = section.config
    reachable = [p.subnet for p, _ in given.pools]
    used = False
    for number, node in enumerate(elements(member(section.ipam, "routes"))):
        place = f"ipam.routes[{number}]"
        if not isinstance(node.value, dict):
            yield config.bad_field("nad-type", node, place, wanted="object", given=type_name(node.value))
            continue
        yield from config.types(node, _ROUTE_KEYS, f"{place}.")
        yield from config.unknown(node, _ROUTE_KEYS, lambda child, name: _route_key(config, child, name))
        dst_node, gw_node = member(node, "dst"), member(node, "gw")
        dst, gw = parse_cidr(string(dst_node)), parse_ip(string(gw_node))
        if dst is None and (dst_node is None or isinstance(dst_node.value, str)):
            kind = "ipam-route-prefix" if parse_ip(string(dst_node)) else "ipam-route-dst"
            yield config.fault("ipam-invalid-range", kind, dst_node or node, values={"value": string(dst_node)}, subnet=string(dst_node))
        if string(gw_node) and gw is None:
            yield _refused(config, gw_node or node, Problem("gw", "ipam-address", _why(string(gw_node))), string(dst_node))
            continue
        if dst is None:
            continue
        via = gw or given.gateway(dst[1].version) or _first_address(section, given, dst[1].version)
        used = used or gw is None
        if dst[1].prefixlen == 0:
            yield config.hint("ipam-default-route", dst_node, dst=dst[1])
        if via is None:
            reachable.append(dst[1])
        elif given.whole and not any(via in net for net in reachable):
            yield _unreachable(config, gw_node or dst_node or node, str(dst[1]), via, given)
    default = member(section.entry, "isDefaultGateway")
    if section.plugin == "bridge" and default is not None and default.value is True:
        used = True
        yield from _default_gateway(section, given, reachable)
    if not used:
        yield from _gateway_hints(config, given)


def _route_key(config: Config, node: Node, name: str) -> Fault | None:
    other = {"gateway": "gw", "via": "gw", "nexthop": "gw", "destination": "dst", "dest": "dst", "to": "dst"}.get(name.lower())
    return config.hint("nad-key-near", node, key=True, key_name=name, near=other, instead=f'"{other}"') if other else None


def _first_address(section: Section, given: Given, version: int) -> Address | None:
    """Return the gateway that bridge chooses where the ipam gives none: the first address of the subnet (bridge.go calcGatewayIP)."""
    keys = ("isGateway", "isDefaultGateway")
    if section.plugin != "bridge" or not any((n := member(section.entry, k)) is not None and n.value is True for k in keys):
        return None
    return next((p.subnet[1] for p, _ in given.pools if p.subnet.version == version and p.subnet.num_addresses > 1), None)


def _default_gateway(section: Section, given: Given, reachable: list[Network]) -> Iterator[Fault]:
    for version, dst in ((4, "0.0.0.0/0"), (6, "::/0")):
        via = given.gateway(version)
        if via is not None and given.whole and not any(via in net for net in reachable):
            yield _unreachable(section.config, _gateway_node(given, via) or section.ipam, dst, via, given)


def _gateway_node(given: Given, gateway: Address) -> Node | None:
    return next((member(n, "gateway") for p, n in given.pools if p.gateway == gateway), None)


def _unreachable(config: Config, at: Node, dst: str, via: Address, given: Given) -> Fault:
    subnets = ", ".join(dict.fromkeys(str(p.subnet) for p, _ in given.pools))
    return config.fault("route-conflict", "ipam-route-gateway", at, values={"subnets": subnets}, subnet=dst, gateway=str(via))


def _gateway_hints(config: Config, given: Given) -> Iterator[Fault]:
    """Yield gateways outside of their subnet that no route uses: no error, but of no use either."""
    for pool, node in given.pools:
        at = member(node, "gateway")
        if at is not None and pool.gateway is not None and pool.gateway not in pool.subnet:
            yield config.hint("ipam-gateway-outside", at, gateway=pool.gateway, subnet=pool.subnet)


# --- dhcp -------------------------------------------------------------------------------------------------------------


def _dhcp(section: Section) -> Iterator[Fault]:
    config = section.config
    readers: dict[str, Callable[[Node], Node | None]] = {"provide": lambda n: member(n, "value"), "request": lambda _n: None}
    for field, value_of in readers.items():
        for number, node in enumerate(elements(member(section.ipam, field))):
            place = f"ipam.{field}[{number}]"
            if not isinstance(node.value, dict):
                yield config.bad_field("nad-type", node, place, wanted="object", given=type_name(node.value))
                continue
            kinds = {"option": "string", "value": "string", "fromArg": "string"} if field == "provide" else {"option": "string", "skipDefault": "bool"}
            yield from config.types(node, kinds, f"{place}.")
            option, value = member(node, "option"), value_of(node)
            if option is not None and isinstance(option.value, str) and not _is_option(option.value):
                like = near(option.value, _OPTIONS)
                yield config.bad_field("ipam-dhcp-option", option, f"{place}.option", options=", ".join(_OPTIONS), instead=f'"{like}"' if like else "")
            if value is not None and len(string(value).encode()) > 255:
                yield config.bad_field("ipam-dhcp-long", value, f"{place}.value")
    if section.capability("ips"):
        yield config.hint("ipam-dhcp-ips", member(member(section.entry, "capabilities"), "ips"), key=True)


def _is_option(text: str) -> bool:
    return text in _OPTIONS or (text.isascii() and text.isdigit() and int(text) <= 255)
