from __future__ import annotations

import ipaddress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.redact.addresses import KEPT, WHOLE, Addresses, CryptoPan

# The key and the answers that the authors of Crypto-PAn publish with their code (Cryptography-based Prefix-preserving Anonymization, sample trace).
KEY = bytes([21, 34, 23, 141, 51, 164, 207, 128, 19, 10, 91, 22, 73, 144, 125, 16, 216, 152, 143, 131, 121, 121, 101, 39, 98, 87, 76, 45, 42, 132, 34, 2])
PUBLISHED = {
    "128.11.68.132": "135.242.180.132", "129.118.74.4": "134.136.186.123", "130.132.252.244": "133.68.164.234", "141.223.7.43": "141.167.8.160",
    "152.163.225.39": "151.140.114.167", "192.102.249.13": "252.138.62.131", "2001:db8::1": "4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1e", "::1": "78ff:f001:9fc0:20df:8380:b1f1:704:ed",
}  # fmt: skip
PRIVATE = st.one_of(*(st.ip_addresses(network=n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))) | st.ip_addresses(v=4)  # type: ignore[arg-type]


def shared(a: ipaddress.IPv4Address | ipaddress.IPv6Address, b: ipaddress.IPv4Address | ipaddress.IPv6Address) -> int:
    return a.max_prefixlen - (int(a) ^ int(b)).bit_length()


@pytest.fixture
def addresses() -> Addresses:
    return Addresses(KEY)


@pytest.mark.parametrize("address", PUBLISHED)
def test_the_published_algorithm(address: str) -> None:
    assert str(CryptoPan(KEY).address(ipaddress.ip_address(address))) == PUBLISHED[address]


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        CryptoPan(b"short")


@given(PRIVATE, PRIVATE, st.binary(min_size=32, max_size=32))
def test_addresses_share_as_many_bits_as_before(a: ipaddress.IPv4Address, b: ipaddress.IPv4Address, key: bytes) -> None:
    made = [ipaddress.ip_address(Addresses(key).ip(str(x))) for x in (a, b)]
    assert shared(made[0], made[1]) == shared(a, b)


@given(st.ip_addresses(v=6), st.ip_addresses(v=6))
def test_networks_of_ipv6_share_as_many_bits_as_before(a: ipaddress.IPv6Address, b: ipaddress.IPv6Address) -> None:
    # Pseudonyms of MAC addresses within them keep no prefix.
    if any(int(x) >> 24 & 0xFFFF == 0xFFFE or x in ipaddress.ip_network("64:ff9b::/96") or x.ipv4_mapped for x in (a, b)):
        return
    made = [ipaddress.ip_address(Addresses(KEY).ip(str(x))) for x in (a, b)]
    assert min(shared(made[0], made[1]), 64) == min(shared(a, b), 64)


@given(PRIVATE)
def test_kind_of_address_stays(address: ipaddress.IPv4Address) -> None:
    made = ipaddress.ip_address(Addresses(KEY).ip(str(address)))
    for network in (*WHOLE, *KEPT):
        assert (made in network) == (address in network)
    assert (made.is_private, made.is_multicast, made.is_link_local, made.is_loopback) == (
        address.is_private, address.is_multicast, address.is_link_local, address.is_loopback,
    )  # fmt: skip


@given(PRIVATE | st.ip_addresses(v=6), st.binary(min_size=32, max_size=32))
def test_what_is_not_kept_is_never_its_own_pseudonym(address: ipaddress.IPv4Address | ipaddress.IPv6Address, key: bytes) -> None:
    if address.version == 6 and (address.ipv4_mapped or address in ipaddress.ip_network("64:ff9b::/96") or address.is_link_local):
        return
    if not any(address in n for n in WHOLE if n.version == address.version):
        assert Addresses(key).ip(str(address)) != str(address)


@given(PRIVATE)
def test_the_way_back(address: ipaddress.IPv4Address) -> None:
    a = Addresses(KEY, ["10.20.0.0/16"])
    assert a.original(a.ip(str(address))) == str(address)


def test_the_way_back_of_ipv6(addresses: Addresses) -> None:
    for text in ("fd00:1:2::9", "2a00:1450:4001::5", "fd12:3456::ff"):
        assert addresses.original(addresses.ip(text)) == text


def test_order_and_gateway_of_a_network_stay(addresses: Addresses) -> None:
    made = [ipaddress.ip_address(addresses.ip(f"192.168.20.{n}")) for n in (0, 1, 10, 20, 255)]
    assert all(a < b for a, b in pairwise(made))
    assert [int(m) & 255 for m in made] == [0, 1, 10, 20, 255]


def test_order_within_a_wider_network_stays_once_it_is_known(addresses: Addresses) -> None:
    addresses.learn("10.20.0.0/16")
    made = [ipaddress.ip_address(addresses.ip(f"10.20.{n}.7")) for n in range(256)]
    assert all(a < b for a, b in pairwise(made))
    assert made[0] != ipaddress.ip_address("10.20.0.7")


@pytest.mark.parametrize("network", ["10.0.0.0/8", "0.0.0.0/0", "10.20.0.0/33", "nonsense", "fd00::/8"])
def test_a_network_that_is_no_plan_teaches_nothing(addresses: Addresses, network: str) -> None:
    addresses.learn(network)
    assert addresses.networks == set()


def test_a_wide_network_counts_where_a_nad_names_it(addresses: Addresses) -> None:
    addresses.learn("10.0.0.0/8", typed=True)
    assert addresses.ip("10.1.0.1") < addresses.ip("10.200.0.1")


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104
        "127.0.0.1",
        "255.255.255.0",
        "169.254.169.1",
        "224.0.0.18",
        "10.42.0.7",
        "10.43.0.10",
        "192.0.2.5",
        "::",
        "::1",
        "fe80::1",
        "ff02::1",
        "2001:db8::7",
        "fd01::9",
    ],
)
def test_addresses_with_a_meaning_stay(addresses: Addresses, address: str) -> None:
    assert addresses.ip(address) == address
    assert addresses.seen == {}


def test_an_ipv4_address_within_ipv6_has_the_pseudonym_that_it_has_alone(addresses: Addresses) -> None:
    alone = ipaddress.IPv4Address(addresses.ip("192.168.20.1"))
    assert ipaddress.IPv6Address(addresses.ip("::ffff:192.168.20.1")).ipv4_mapped == alone
    assert int(ipaddress.IPv6Address(addresses.ip("64:ff9b::c0a8:1401"))) & 0xFFFFFFFF == int(alone)


def test_a_mac_address_within_ipv6_has_the_pseudonym_that_it_has_alone(addresses: Addresses) -> None:
    mac = bytes.fromhex(addresses.mac("52:54:00:12:34:56").replace(":", ""))
    made = ipaddress.IPv6Address(addresses.ip("fe80::5054:ff:fe12:3456")).packed[8:]
    assert bytes([made[0] ^ 2]) + made[1:3] + made[5:] == mac
    assert made[3:5] == b"\xff\xfe"


def test_ovn_kubernetes_derives_a_mac_address_from_an_ip_address(addresses: Addresses) -> None:
    assert addresses.mac("0a:58:0a:2a:00:07") == "0a:58:0a:2a:00:07"  # 10.42.0.7 stays
    made = addresses.mac("0a:58:c0:a8:14:01")
    assert ".".join(str(int(x, 16)) for x in made.split(":")[2:]) == addresses.ip("192.168.20.1")


@given(st.lists(st.binary(min_size=6, max_size=6), unique=True, min_size=2, max_size=40))
def test_mac_addresses_stay_apart_and_keep_their_kind(raws: list[bytes]) -> None:
    a = Addresses(KEY)
    made = [bytes.fromhex(a.mac(raw.hex(":")).replace(":", "")) for raw in raws]
    assert len(set(made)) == len(raws)
    assert [m[0] & 3 for m in made] == [raw[0] & 3 for raw in raws]


@pytest.mark.parametrize("mac", ["00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "33:33:00:00:00:01", "01:00:5e:00:00:01"])
def test_mac_addresses_with_a_meaning_stay(addresses: Addresses, mac: str) -> None:
    assert addresses.mac(mac) == mac


def test_a_mac_address_keeps_the_form_in_which_it_is_written(addresses: Addresses) -> None:
    plain = addresses.mac("52:54:00:12:34:5f")
    assert addresses.mac("52-54-00-12-34-5F") == plain.replace(":", "-").upper()
    assert addresses.mac("52540012345f") == plain.replace(":", "")
    assert plain != "52:54:00:12:34:5f"


@given(st.lists(st.binary(min_size=3, max_size=3), unique=True, min_size=2, max_size=40))
def test_the_vendor_stays_if_asked(raws: list[bytes]) -> None:
    a = Addresses(KEY, keep_vendor=True)
    made = [a.mac((b"\x52\x54\x00" + raw).hex(":")) for raw in raws]
    assert all(m.startswith("52:54:00:") for m in made)
    assert len(set(made)) == len(raws)
    assert a.mac("52:54:00:12:34:56") != "52:54:00:12:34:56"
