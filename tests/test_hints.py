"""Did you mean: what is named instead of a NAD or an interface that does not exist, what proves it, and when nothing is."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from test_diagnosis import MISSING, START, chain, four_lines, lines
from test_inventory import LAN, link, listed, nad

from diagnose.lang import EN, JA
from diagnose.model import Report
from diagnose.render import json_v1, markdown, terminal

MINUTE = timedelta(minutes=1)
POD = "shop/till-3"
BOOTS = ("0a" * 16, "0b" * 16)


def failed(root: str, network: str = "", at: datetime = START) -> str:
    return lines(four_lines(at, POD, chain(POD, root, network=network)))


NO_NAD = failed(MISSING.format(nad="pay-net", ns="shop"))
NO_LINK = failed("Link not found", "lan")
UPLINK = nad("shop/lan", LAN | {"master": "eno1"})
MAC = "3c:ec:ef:00:00:01"


def hints(report: Report) -> list[tuple[str, dict[str, str]]]:
    (finding,) = (f for f in report.findings if f.rule in ("nad-not-found", "master-interface-not-found"))
    return [(h.kind, h.values) for h in finding.hints]


@pytest.fixture
def hinted(report, write):
    """Return the hints that several inputs give."""

    def run(*texts: str) -> list[tuple[str, dict[str, str]]]:
        return hints(report(*(write(text, f"input-{n}.txt") for n, text in enumerate(texts))))

    return run


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["shop/lan"], [("nads", {"namespace": "shop", "names": "lan"})]),
        (["shop/pay-nett"], [("nads", {"namespace": "shop", "names": "pay-nett"}), ("nearest", {"names": "pay-nett"})]),
        (["shop/pay-n", "shop/pay-nat", "shop/pay-net1"], [("nads", {"namespace": "shop", "names": "pay-n, pay-nat, pay-net1"}), ("nearest", {"names": "pay-net1, pay-nat"})]),
        (["yard/pay-net"], [("nads", {"namespace": "shop", "names": "-"}), ("nad-elsewhere", {"nad": "pay-net", "names": "yard/pay-net"})]),
        (["yard/pay-net", "grid/pay-net", "shop/pay-nets"], [("nads", {"namespace": "shop", "names": "pay-nets"}), ("nad-elsewhere", {"nad": "pay-net", "names": "grid/pay-net, yard/pay-net"}), ("nearest", {"names": "pay-nets"})]),
        (["yard/pay-nett"], [("nads", {"namespace": "shop", "names": "-"})]),
        (["shop/pay-net", "yard/pay-net"], [("nad-exists", {"nad": "shop/pay-net"})]),
        ([f"shop/x{n}" for n in range(11)], [("nads", {"namespace": "shop", "names": "x0, x1, x10, x2, x3, x4, x5, x6, ... (+3)"})]),
        ([], []),
    ],
    ids=["far", "near", "the two nearest", "elsewhere", "elsewhere and near", "near but elsewhere", "there now", "many", "no NADs known"],
)  # fmt: skip
def test_names_nearest_to_a_nad_that_does_not_exist(hinted, names: list[str], found: list[tuple[str, dict[str, str]]]) -> None:
    assert hinted(NO_NAD, listed(*(nad(x) for x in names))) == found


def dmesg(at: datetime, new: str, old: str, device: str = "igb 0000:01:00.0") -> str:
    return f"{at:%b %d %H:%M:%S} edge kernel: {device} {new}: renamed from {old}"


def links(*found: dict[str, Any]) -> str:
    return json.dumps(found)


def test_an_interface_that_the_kernel_renamed_is_named_by_its_new_name(hinted) -> None:
    log = lines([dmesg(START - 2 * MINUTE, "enp1s0", "eth0"), dmesg(START - MINUTE, "wan", "eno1")])
    assert hinted(log, NO_LINK, listed(UPLINK)) == [("renamed", {"old": "eno1", "new": "wan", "device": "igb 0000:01:00.0"})]


def test_of_several_renames_the_newest_counts(hinted) -> None:
    log = lines([dmesg(START - 2 * MINUTE, "wan0", "eno1"), dmesg(START - MINUTE, "wan1", "eno1")])
    assert [h[1]["new"] for h in hinted(log, NO_LINK, listed(UPLINK))] == ["wan1"]


def test_an_altname_is_no_name_for_a_plugin(hinted) -> None:
    shown = links(link("wan", MAC, "enp1s0", "eno1"), link("lo", "00:00:00:00:00:00", link_type="loopback"))
    assert hinted(NO_LINK, listed(UPLINK), shown) == [("altname", {"old": "eno1", "new": "wan"}), ("links", {"names": "wan"})]


def test_an_interface_whose_address_another_one_has_now_was_renamed(hinted) -> None:
    moved = hinted(NO_LINK, listed(UPLINK), links(link("eno1", MAC), link("eno2", "3c:ec:ef:00:00:02")), links(link("wan", MAC)))
    assert moved[0] == ("same-mac", {"old": "eno1", "new": "wan", "mac": MAC})
    # In one output both stand beside each other: the members of a bond have one address.
    assert [h[0] for h in hinted(NO_LINK, listed(UPLINK), links(link("eno1", MAC), link("wan", MAC)))] == ["links"]


def test_an_interface_that_was_renamed_is_not_told_among_those_of_the_node(hinted) -> None:
    moved = dict(hinted(NO_LINK, listed(UPLINK), links(link("eno1", MAC), link("eno2", "3c:ec:ef:00:00:02")), links(link("wan", MAC))))
    assert moved["links"] == {"names": "eno2, wan"}


def test_obfuscated_addresses_prove_no_rename(hinted) -> None:
    """sos clean replaces addresses, so that two equal ones prove nothing: the report itself says so."""
    mac = "53:4f:53:00:00:01"
    assert "same-mac" not in dict(hinted(NO_LINK, listed(UPLINK), links(link("eno1", mac)), links(link("wan", mac))))


def booted(before: list[str], after: list[str]) -> str:
    """Return a log in which the node starts twice; each item is "driver slot name"."""
    found: list[str] = []
    for n, (boot, cards) in enumerate(zip(BOOTS, (before, after), strict=True)):
        at = START - (120 - 60 * n) * MINUTE
        found.append(f"-- Boot {boot} --")
        found.append(f"{at:%b %d %H:%M:%S} edge kernel: Linux version 6.12.0 (mockbuild@example)")
        for number, card in enumerate(cards):
            driver, slot, name = card.split()
            found.append(dmesg(at + timedelta(seconds=5 + number), name, f"eth{number}", f"{driver} {slot}"))
    return lines(found)


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (["igb 0000:01:00.0 eno1"], ["igb 0000:02:00.0 enp2s0"], [("same-driver", {"old": "eno1", "new": "enp2s0", "driver": "igb", "was": "0000:01:00.0", "is": "0000:02:00.0"})]),
        (["igb 0000:01:00.0 eno1", "igb 0000:01:00.1 eno2"], ["igb 0000:02:00.0 enp2s0", "igb 0000:01:00.1 eno2"], [("same-driver", {"old": "eno1", "new": "enp2s0", "driver": "igb", "was": "0000:01:00.0", "is": "0000:02:00.0"})]),
        (["igb 0000:01:00.0 eno1"], ["r8169 0000:02:00.0 enp2s0"], []),
        (["igb 0000:01:00.0 eno1"], ["igb 0000:02:00.0 enp2s0", "igb 0000:03:00.0 enp3s0"], []),
        (["igb 0000:01:00.0 eno1"], ["igb 0000:01:00.0 eno1"], []),
        (["igb 0000:01:00.0 eno1"], ["igb 0000:01:00.0 eno1", "igb 0000:02:00.0 enp2s0"], []),
        (["igb 0000:01:00.0 eno1"], [], []),
        (["igb 0000:01:00.0 eno2"], ["igb 0000:02:00.0 enp2s0"], []),
    ],
    ids=["moved to another slot", "beside one that stayed", "another driver", "two that it may be", "still there", "still there, and another one", "gone", "never seen"],
)  # fmt: skip
def test_an_interface_that_is_gone_after_a_start_where_one_new_one_has_its_driver(hinted, before: list[str], after: list[str], found: list[Any]) -> None:
    assert hinted(booted(before, after), NO_LINK, listed(UPLINK)) == found


@pytest.mark.parametrize("text", ["", listed(UPLINK)], ids=["no NAD", "a NAD alone"])
def test_nothing_is_guessed_where_nothing_is_known(hinted, text: str) -> None:
    assert hinted(NO_LINK, text) == []


def test_an_interface_that_is_not_known_is_not_guessed_from_the_host_s(hinted) -> None:
    """Without the NAD nobody knows which interface was meant."""
    assert hinted(NO_LINK, links(link("wan", MAC, "eno1"))) == []


def test_other_failures_have_no_hints(report, write) -> None:
    full = failed("no IP addresses available in range set: 10.1.0.2-10.1.0.9", "lan")
    assert [f.hints for f in report(write(full), write(listed(UPLINK), "n")).findings] == [[]]


def test_hints_stand_in_every_format_beneath_their_finding(report, write, catalog) -> None:
    found = report(write(NO_NAD), write(listed(nad("shop/pay-nett"), nad("yard/pay-net")), "nads.json"))
    said = [
        "NADs in namespace shop: pay-nett",
        'a NAD named "pay-net" exists as yard/pay-net: write it with its namespace, or copy it',
        "did you mean pay-nett?",
    ]
    page = terminal.render(found, catalog, "en", width=120, color=False, quiet=False, unicode=True).splitlines()
    at = next(n for n, x in enumerate(page) if x.startswith("   checked"))
    assert [x.removeprefix("   checked").strip() for x in page[at : at + 3]] == said
    assert [c["text"] for c in json_v1.as_mapping(found, catalog, "en")["findings"][0]["checked"]] == said
    assert "**checked**: " + "; ".join(said) in markdown.render(found, catalog, "en")


def test_hints_of_a_hostile_object_are_printed_safely(report, write, catalog) -> None:
    found = report(write(NO_NAD), write(listed(nad("shop/pay-nett\x1b[31m")), "nads.json"))
    page = terminal.render(found, catalog, "en", width=80, color=False, quiet=False, unicode=True)
    assert "pay-nett\\x1b[31m" in page
    assert "\x1b" not in page


def test_every_hint_has_words_in_both_languages() -> None:
    kinds = {"nads", "nad-elsewhere", "nad-exists", "nearest", "renamed", "altname", "same-mac", "same-driver", "links"}
    assert kinds < set(EN.hint) == set(JA.hint)
