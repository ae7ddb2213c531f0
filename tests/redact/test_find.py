from __future__ import annotations

import pytest

from diagnose.redact.find import networks, replace_addresses


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("range 10.1.2.3-10.1.2.9 of 10.1.2.0/24, gw 10.1.2.1.", "range <10.1.2.3>-<10.1.2.9> of <10.1.2.0>/24, gw <10.1.2.1>."),
        ('"10.1.2.3:443" [10.1.2.3] (10.1.2.3) 10.1.2.3/33', '"<10.1.2.3>:443" [<10.1.2.3>] (<10.1.2.3>) <10.1.2.3>/33'),
        ("addr:fd00::1: no route to fd00::2%eth0 [fd00::3]:443 fd00:1::/64", "addr:<fd00::1>: no route to <fd00::2>%eth0 [<fd00::3>]:443 <fd00:1::>/64"),
        ("2001:db8:0:0:0:0:0:1 ::ffff:10.1.2.3", "<2001:db8:0:0:0:0:0:1> ::ffff:<10.1.2.3>"),
        ("ether 52:54:00:12:34:56 brd", "ether <mac 52:54:00:12:34:56> brd"),
        ("mac:52:54:00:12:34:56, 52-54-00-AB-CD-EF enx525400123456", "mac:<mac 52:54:00:12:34:56>, <mac 52-54-00-AB-CD-EF> enx<mac 525400123456>"),
        ("client-id 01:52:54:00:12:34:56", "client-id 01:<mac 52:54:00:12:34:56>"),
        ("ip-10-1-2-3.ec2.internal", "ip-<10-1-2-3>.ec2.internal"),
    ],
)
def test_addresses_are_found(text: str, found: str) -> None:
    assert replace_addresses(text, lambda ip: f"<{ip}>", lambda mac: f"<mac {mac}>") == found


def test_what_makes_an_address_invalid_stays() -> None:
    assert replace_addresses("10.1.2.300/24 is invalid", lambda ip: "10.9.9.0" if ip == "10.1.2.0" else "!", lambda mac: mac) == "10.9.9.300/24 is invalid"


@pytest.mark.parametrize(
    "text",
    [
        "version 4.18.0.3", "microshift-4.18.0.3-1.el9.x86_64", "v1.2.3.4", "cri-o 1.31.2.1", "openvswitch3.4-3.4.0.18", "5.14.0-427.13.1.el9_4", "1.2.3.4.5", "4.18.0.3-202511010000",
        "12:34:56", "2026-11-23T20:00:00.123456Z", "std::vector", "::", "sha256:ab:cd", "a1:b2", "12:34:56:78", "s=1f;i=2a", "66bff467-7722-4c80-9c81-b7f4e34ce225", "52:54:00:12:34",
    ],
)  # fmt: skip
def test_what_looks_like_one_is_left_alone(text: str) -> None:
    assert replace_addresses(text, lambda ip: ip if ip == "::" else "!", lambda _: "!") == text


def test_a_private_address_behind_a_product_s_name_is_an_address() -> None:
    assert replace_addresses("ovn 192.168.1.1 edge-10.1.2.3", lambda _: "!", lambda mac: mac) == "ovn ! edge-!"


def test_networks() -> None:
    assert list(networks('"range": "10.1.0.0/16" fd00:1::/48 https://x/y/10 10.1.2.3')) == ["10.1.0.0/16", "fd00:1::/48"]


@pytest.mark.parametrize("text", ["1." * 100_000, "a:" * 100_000, "0" * 200_000, "::" * 100_000, "-0" * 100_000])
def test_text_of_any_kind_is_read_in_time_that_grows_with_its_length(text: str) -> None:
    replace_addresses(text, lambda ip: ip, lambda mac: mac)
    list(networks(text))
