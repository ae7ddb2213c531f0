"""IPAM sections: the arithmetic of ranges against brute force, and what host-local, static and dhcp refuse."""

from __future__ import annotations

import ipaddress
import json
from itertools import combinations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from diagnose.checks import nad
from diagnose.checks.fault import Fault, Profile
from diagnose.checks.ipam import Pool, first_overlap, parse_cidr, parse_ip, pool_of
from diagnose.model import Resource, Where

BASES = {4: ("10.0.0.0", 32), 6: ("fd00::", 128)}


@st.composite
def subnets(draw: st.DrawFn, smallest: int = 2):
    """Return a small network, of which every address can be looked at."""
    base, bits = BASES[draw(st.sampled_from([4, 6]))]
    host_bits = draw(st.integers(smallest, 5))
    start = int(ipaddress.ip_address(base)) + (draw(st.integers(0, 7)) << host_bits)
    return ipaddress.ip_network((start, bits - host_bits))


@st.composite
def neighbours(draw: st.DrawFn, net: ipaddress.IPv4Network | ipaddress.IPv6Network):
    """Return an address in or around `net`."""
    low, high = int(net.network_address), int(net.broadcast_address)
    return type(net.network_address)(draw(st.integers(max(low - 3, 0), high + 3)))


@given(st.data())
def test_a_range_is_taken_if_and_only_if_its_ends_are_addresses_of_the_subnet_in_order(data: st.DataObject) -> None:
    net = data.draw(subnets())
    start, end = data.draw(st.none() | neighbours(net)), data.draw(st.none() | neighbours(net))
    gateway = data.draw(st.none() | neighbours(net))
    every = list(net)
    first = start if start is not None else every[1]
    last = end if end is not None else every[-2] if net.version == 4 else every[-1]
    pool, problems = pool_of(str(net), *("" if x is None else str(x) for x in (start, end, gateway)))
    good = (start is None or start in every) and (end is None or end in every) and (first <= last)
    if start == every[-1] and end is None and net.version == 4:
        assert (pool, problems) == (None, [])  # host-local does not notice
        return
    assert (pool is not None) == good
    assert (problems == []) == good
    if pool is not None:
        given_out = [a for a in every if first <= a <= last and a != (gateway or every[1])]
        assert pool.size == len(given_out)
        assert [a for a in every if pool.holds(a)] == [a for a in every if first <= a <= last]


@given(subnets(smallest=0), st.integers(0, 31))
def test_a_subnet_is_taken_if_and_only_if_it_is_a_network_with_room_for_two(net: ipaddress.IPv4Network | ipaddress.IPv6Network, host: int) -> None:
    address = net[host % net.num_addresses]
    pool, problems = pool_of(f"{address}/{net.prefixlen}")
    assert (pool is not None) == (net.num_addresses >= 4 and address == net[0])
    if net.num_addresses >= 4 and address != net[0]:
        assert problems[0].kind == "ipam-host-bits"
        assert problems[0].instead == f'"{net}"'


@st.composite
def pools(draw: st.DrawFn) -> Pool:
    net = draw(subnets())
    ends = sorted(draw(st.lists(st.sampled_from(list(net)), min_size=2, max_size=2)))
    return Pool(net, ends[0], ends[1])


def _addresses(pool: Pool) -> set[object]:
    return {a for a in pool.subnet if pool.first <= a <= pool.last}


@given(st.lists(pools(), max_size=6))
def test_two_ranges_overlap_if_and_only_if_they_share_an_address(found: list[Pool]) -> None:
    shared = [(a, b) for a, b in combinations(found, 2) if _addresses(a) & _addresses(b)]
    for a, b in combinations(found, 2):
        assert a.overlaps(b) == b.overlaps(a) == bool(_addresses(a) & _addresses(b))
    met = first_overlap([(p, number) for number, p in enumerate(found)])
    assert (met is not None) == bool(shared)
    if met is not None:
        (a, i), (b, j) = met
        assert i < j
        assert _addresses(a) & _addresses(b)


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_cidr_is_read_as_ipaddress_reads_it(address: ipaddress.IPv4Address, prefix: int) -> None:
    found = parse_cidr(f"{address}/{prefix}")
    assert found is not None
    assert found == (address, ipaddress.ip_interface(f"{address}/{prefix}").network)


@pytest.mark.parametrize("text", ["10.0.0.0/255.255.255.0", "10.0.0.0/33", "10.0.0.0", "10.0.0/24", "10.0.0.0/", "10.00.0.0/24", "fe80::1%eth0/64", "10.0.0.0/-1", "10.0.0.0/٣", " 10.0.0.0/24", ""])  # fmt: skip
def test_what_go_does_not_take_for_cidr_is_none(text: str) -> None:
    assert parse_cidr(text) is None


def test_an_address_in_ipv6_form_of_ipv4_is_ipv4() -> None:
    assert parse_ip("::ffff:10.0.0.1") == ipaddress.ip_address("10.0.0.1")
    assert parse_ip("10.0.0.010") is None


# --- what is refused --------------------------------------------------------------------------------------------------


def found(section: object, *, profile: Profile | None = None, **config: object) -> list[Fault]:
    """Return the faults of a macvlan NAD with this ipam section."""
    text = json.dumps({"cniVersion": "0.4.0", "type": "macvlan", "master": "enp3s0", "ipam": section, **config})
    return list(nad.faults(Resource("NetworkAttachmentDefinition", "line", "press", {"spec": {"config": text}}, Where("x")), profile or Profile()))


def marks(faults: list[Fault]) -> list[tuple[str, str, str]]:
    return [(f.rule, f.severity or "error", f.what) for f in faults]


def host_local(*sets: object, **keys: object) -> dict[str, object]:
    return {"type": "host-local", "ranges": list(sets), **keys}


NET = {"subnet": "10.5.0.0/24"}
INVALID = "ipam-invalid-range"
CASES: list[tuple[object, list[tuple[str, str, str]]]] = [
    (host_local([NET]), []),
    ({"type": "host-local", "subnet": "10.5.0.0/24", "rangeStart": "10.5.0.9", "rangeEnd": "10.5.0.9", "gateway": "10.5.0.1"}, []),
    (host_local([NET], [{"subnet": "fd10::/64"}]), []),
    (host_local([{**NET, "rangeStart": "10.5.0.2", "rangeEnd": "10.5.0.9"}, {**NET, "rangeStart": "10.5.0.10", "rangeEnd": "10.5.0.19"}]), []),
    (host_local([{**NET, "rangeStart": "", "rangeEnd": None}]), []),
    (host_local(), [(INVALID, "error", "ipam-no-range")]),
    ({"type": "host-local"}, [(INVALID, "error", "ipam-no-range")]),
    (host_local([]), [(INVALID, "error", "ipam-empty-set")]),
    (host_local(NET), [("nad-config-invalid-field", "error", "ipam-not-nested")]),
    (host_local(["10.5.0.0/24"]), [("nad-config-invalid-field", "error", "nad-type")]),
    (host_local([{"subnet": 5}]), [("nad-config-invalid-field", "error", "nad-type")]),
    (host_local("10.5.0.0/24"), [("nad-config-invalid-field", "error", "nad-type")]),
    (host_local([NET], gateway="gw"), [(INVALID, "error", "ipam-address")]),
    (host_local([NET], range="10.5.0.0/24"), [("nad-config-invalid-field", "info", "ipam-key-foreign")]),
    (host_local([{**NET, "rangeStart": 5}]), [("nad-config-invalid-field", "error", "nad-type")]),
    (host_local([{"rangeStart": "10.5.0.2"}]), [(INVALID, "error", "ipam-subnet-missing")]),
    (host_local([{"subnet": "10.5.0.0"}]), [(INVALID, "error", "ipam-subnet-prefix")]),
    (host_local([{"subnet": "10.5.0/24"}]), [(INVALID, "error", "ipam-subnet")]),
    (host_local([{"subnet": "fd00:IJKL::/64"}]), [(INVALID, "error", "ipam-subnet-letters")]),
    (host_local([{"subnet": "10.5.0.1/24"}]), [(INVALID, "error", "ipam-host-bits")]),
    (host_local([{"subnet": "10.5.0.4/31"}]), [(INVALID, "error", "ipam-small")]),
    (host_local([{"subnet": "fd10::/127"}]), [(INVALID, "error", "ipam-small")]),
    (host_local([{**NET, "rangeStart": "10.6.0.1"}]), [(INVALID, "error", "ipam-outside")]),
    (host_local([{**NET, "rangeEnd": "10.5.1.1"}]), [(INVALID, "error", "ipam-outside")]),
    (host_local([{**NET, "rangeStart": "fd10::1"}]), [(INVALID, "error", "ipam-outside")]),
    (host_local([{**NET, "rangeStart": "10.5.0.9", "rangeEnd": "10.5.0.8"}]), [(INVALID, "error", "ipam-order")]),
    (host_local([{**NET, "rangeEnd": "10.5.0.0"}]), [(INVALID, "error", "ipam-order")]),
    (host_local([{**NET, "rangeStart": "10.5.0.2/24"}]), [(INVALID, "error", "ipam-address")]),
    (host_local([{**NET, "gateway": "10.5.0.256"}]), [(INVALID, "error", "ipam-address")]),
    (host_local([NET, {"subnet": "fd10::/64"}]), [(INVALID, "error", "ipam-mixed")]),
    (host_local([NET], [{"subnet": "10.5.0.128/25"}]), [(INVALID, "error", "ipam-overlap")]),
    (host_local([NET, NET]), [(INVALID, "error", "ipam-overlap")]),
    (host_local([{**NET, "rangeStart": "10.5.0.7", "rangeEnd": "10.5.0.7", "gateway": "10.5.0.7"}]), [("ipam-pool-exhausted", "error", "ipam-no-address")]),
    (host_local([{**NET, "rangeEnd": "10.5.0.1"}]), [("ipam-pool-exhausted", "error", "ipam-no-address")]),
    (host_local([{**NET, "rangeStart": "10.5.0.0"}]), [("nad-config-invalid-field", "info", "ipam-network-address")]),
    (host_local([{**NET, "rangeEnd": "10.5.0.255"}]), [("nad-config-invalid-field", "info", "ipam-broadcast-address")]),
    (host_local([{**NET, "gateway": "10.6.0.1"}]), [("nad-config-invalid-field", "info", "ipam-gateway-outside")]),
    (host_local([{**NET, "exclude": ["10.5.0.9"]}]), [("nad-config-invalid-field", "info", "ipam-key-foreign")]),
    (host_local([{**NET, "rangestart": "10.5.0.9"}]), []),
    (host_local([{**NET, "range_start": "10.5.0.9"}]), [("nad-config-invalid-field", "info", "ipam-key-foreign")]),
    (host_local([{**NET, "rangeBegin": "10.5.0.9"}]), [("nad-config-invalid-field", "info", "nad-key-unknown")]),
    (host_local([{**NET, "rangStart": "10.5.0.9"}]), [("nad-config-invalid-field", "info", "nad-key-near")]),
    (host_local([{**NET, "dataDir": "/var/lib/cni/x"}]), [("nad-config-invalid-field", "info", "ipam-key-level")]),
    (host_local([NET], gateway="10.5.0.1"), [("nad-config-invalid-field", "info", "ipam-top-ignored")]),
    (host_local([NET], addresses=[]), [("nad-config-invalid-field", "info", "ipam-key-foreign")]),
    (host_local([NET], dataDir=5), [("nad-config-invalid-field", "error", "nad-type")]),
    (host_local([NET], routes=[{"dst": "10.9.0.0/16"}]), []),
    (host_local([NET], routes=[{"dst": "10.9.0.0/16", "gw": "10.5.0.77"}]), []),
    (host_local([NET], routes=[{"dst": "10.9.0.0/16", "gw": "10.6.0.77"}]), [("route-conflict", "error", "ipam-route-gateway")]),
    (host_local([{**NET, "gateway": "10.6.0.1"}], routes=[{"dst": "10.9.0.0/16"}]), [("route-conflict", "error", "ipam-route-gateway")]),
    (host_local([NET], routes=[{"dst": "10.9.0.0"}]), [(INVALID, "error", "ipam-route-prefix")]),
    (host_local([NET], routes=[{"gw": "10.5.0.1"}]), [(INVALID, "error", "ipam-route-dst")]),
    (host_local([NET], routes=[{"dst": "10.9.0.0/16", "gw": "10.5.0.1/24"}]), [(INVALID, "error", "ipam-address")]),
    (host_local([NET], routes=[{"dst": "10.9.0.0/16", "via": "10.5.0.1"}]), [("nad-config-invalid-field", "info", "nad-key-near")]),
    (host_local([NET], routes=["10.9.0.0/16"]), [("nad-config-invalid-field", "error", "nad-type")]),
    (host_local([NET], routes=[{"dst": "0.0.0.0/0"}]), [("nad-config-invalid-field", "info", "ipam-default-route")]),
    ({"type": "static", "addresses": [{"address": "10.5.0.7/24", "gateway": "10.5.0.1"}]}, []),
    ({"type": "static", "addresses": [{"address": "10.5.0.7/24"}, {"address": "fd10::7/64"}]}, []),
    ({"type": "static", "addresses": [{"address": "10.5.0.7/24"}], "routes": [{"dst": "10.9.0.0/16"}]}, []),
    ({"type": "static", "addresses": [{"address": "10.5.0.7/24"}], "routes": [{"dst": "10.9.0.1/32"}, {"dst": "10.8.0.0/16", "gw": "10.9.0.1"}]}, []),
    ({"type": "static"}, [("ipam-static-invalid", "warning", "ipam-static-none")]),
    ({"type": "static", "addresses": []}, [("ipam-static-invalid", "warning", "ipam-static-none")]),
    ({"type": "static", "addresses": [{"address": "10.5.0.7"}]}, [("ipam-static-invalid", "error", "ipam-static-prefix")]),
    ({"type": "static", "addresses": [{"address": "10.5.0.700/24"}]}, [("ipam-static-invalid", "error", "ipam-static-address")]),
    ({"type": "static", "addresses": [{"address": "fd00:XYZ::1/64"}]}, [("ipam-static-invalid", "error", "ipam-static-address-letters")]),
    ({"type": "static", "addresses": [{"gateway": "10.5.0.1"}]}, [("ipam-static-invalid", "error", "ipam-static-missing")]),
    ({"type": "static", "addresses": ["10.5.0.7/24"]}, [("nad-config-invalid-field", "error", "nad-type")]),
    ({"type": "static", "addresses": "10.5.0.7/24"}, [("nad-config-invalid-field", "error", "nad-type")]),
    ({"type": "static", "addresses": [{"address": "10.5.0.7/24", "gateway": "gw"}]}, [(INVALID, "error", "ipam-address")]),
    ({"type": "static", "addresses": [{"address": "10.5.0.7/24"}] * 2}, [("address-conflict", "error", "ipam-static-twice")]),
    ({"type": "static", "addresses": [{"address": "10.5.0.255/24"}]}, [("nad-config-invalid-field", "info", "ipam-broadcast-address")]),
    ({"type": "static", "addresses": [{"address": "10.5.0.7/24"}], "subnet": "10.5.0.0/24"}, [("nad-config-invalid-field", "info", "ipam-key-static")]),
    ({"type": "static", "addresses": [{"address": "10.5.0.7/24", "gateway": 5}]}, [("nad-config-invalid-field", "error", "nad-type")]),
    ({"type": "static", "addresses": [{"address": "10.5.0.7/24", "gatway": "10.5.0.1"}]}, [("nad-config-invalid-field", "info", "nad-key-near")]),
    ({"type": "static", "addresses": [{"address": "10.5.0.7/24"}], "dns": {"search": "plant"}}, [("nad-config-invalid-field", "error", "nad-type")]),
    ({"type": "static", "addresses": [{"address": "10.5.0.7/24"}], "routes": [{"dst": "10.9.0.0/16", "mtu": "1400"}]}, [("nad-config-invalid-field", "error", "nad-type")]),
    ({"type": "static", "addresses": [{"address": 5}]}, [("nad-config-invalid-field", "error", "nad-type")]),
    ({"type": "dhcp", "provide": [{"option": 12}]}, [("nad-config-invalid-field", "error", "nad-type")]),
    ({"type": "dhcp", "request": ["12"]}, [("nad-config-invalid-field", "error", "nad-type")]),
    ({"type": "dhcp"}, []),
    ({"type": "dhcp", "provide": [{"option": "12", "value": "x"}, {"option": "host-name", "fromArg": "K8S_POD_NAME"}], "request": [{"skipDefault": True}]}, []),
    ({"type": "dhcp", "request": [{"option": "hostname"}]}, [("nad-config-invalid-field", "error", "ipam-dhcp-option")]),
    ({"type": "dhcp", "request": [{"option": "256"}]}, [("nad-config-invalid-field", "error", "ipam-dhcp-option")]),
    ({"type": "dhcp", "provide": [{"option": "12", "value": "x" * 256}]}, [("nad-config-invalid-field", "error", "ipam-dhcp-long")]),
    ({"type": "dhcp", "subnet": "10.5.0.0/24"}, [("nad-config-invalid-field", "info", "ipam-key-foreign")]),
    ({"type": "whereabouts", "range": "10.5.0.0/24"}, [("ipam-type-unsupported", "error", "ipam-missing")]),
    ({"type": "hostlocal", "subnet": "10.5.0.0/24"}, [("ipam-type-unsupported", "error", "ipam-near")]),
    ({"type": "DHCP"}, [("ipam-type-unsupported", "error", "ipam-near")]),
    ({"type": "bridge"}, [("ipam-type-unsupported", "error", "ipam-main")]),
]  # fmt: skip


@pytest.mark.parametrize(("section", "expected"), CASES)
def test_a_section_gives_what_the_plugin_would_say(section: object, expected: list[tuple[str, str, str]]) -> None:
    assert marks(found(section)) == expected


def test_runtime_values_may_bring_what_the_section_lacks() -> None:
    assert marks(found({"type": "static"}, capabilities={"ips": True})) == []
    assert marks(found({"type": "static"}, args={"cni": {"ips": ["10.5.0.7/24"]}})) == []
    assert marks(found({"type": "host-local"}, capabilities={"ipRanges": True})) == []
    late = {"type": "static", "addresses": [{"address": "10.5.0.7/24"}], "routes": [{"dst": "10.9.0.0/16", "gw": "10.6.0.1"}]}
    assert marks(found(late, capabilities={"ips": True})) == []
    assert marks(found({"type": "dhcp"}, capabilities={"ips": True})) == [("nad-config-invalid-field", "info", "ipam-dhcp-ips")]


def test_a_bridge_that_is_gateway_sends_routes_through_the_first_address_of_the_subnet() -> None:
    section = {"type": "static", "addresses": [{"address": "10.5.0.7/24"}], "routes": [{"dst": "10.9.0.0/16"}, {"dst": "10.8.0.0/16", "gw": "10.9.0.1"}]}
    assert [f.rule for f in found(section, type="bridge") if not f.severity] == []
    assert [f.rule for f in found(section, type="bridge", isGateway=True) if not f.severity] == ["route-conflict"]


def test_an_old_cni_version_allows_one_address_of_a_family() -> None:
    two = host_local([NET], [{"subnet": "10.6.0.0/24"}])
    assert marks(found(two)) == []
    for version in ("0.1.0", "0.2.0"):
        assert marks(found(two, cniVersion=version)) == [("nad-cniversion-unsupported", "error", "nad-version-one-address")]
        both = {"type": "static", "addresses": [{"address": "10.5.0.7/24"}, {"address": "10.5.0.8/24"}]}
        assert ("nad-cniversion-unsupported", "error", "nad-version-one-address") in marks(found(both, cniVersion=version))
        assert marks(found(host_local([NET, {"subnet": "10.6.0.0/24"}], [{"subnet": "fd10::/64"}]), cniVersion=version)) == []


def test_whereabouts_is_fine_where_it_was_installed() -> None:
    profile = Profile(plugins=Profile().plugins | {"whereabouts"})
    assert found({"type": "whereabouts", "range": "10.5.0.0/24"}, profile=profile) == []


@given(subnets(), st.data())
def test_a_route_s_gateway_is_refused_if_and_only_if_no_subnet_of_the_interface_holds_it(
    net: ipaddress.IPv4Network | ipaddress.IPv6Network, data: st.DataObject
) -> None:
    gateway = data.draw(neighbours(net))
    assume(net.version == gateway.version)
    routes = [{"dst": "10.99.0.0/16" if net.version == 4 else "fd99::/64", "gw": str(gateway)}]
    section = {"type": "static", "addresses": [{"address": f"{net[1]}/{net.prefixlen}"}], "routes": routes}
    assert [f.rule for f in found(section)] == ([] if gateway in list(net) else ["route-conflict"])
