"""Network annotations against the grammar (annotations.md 1.2, 1.3), by examples that nobody chose."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from diagnose.checks.annotation import Selection, faults, parse
from diagnose.checks.fault import Profile
from diagnose.checks.place import DEFAULT_NETWORK, NETWORKS
from diagnose.model import Resource, Where

LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
BLANK = r"[ \t\n\v\f\r\x85\xa0]*"
# item = [ namespace "/" ] name [ "@" interface ]; an empty part passes the parser, and fails where the NAD is looked up.
ITEM = re.compile(
    rf"{BLANK}(?:(?P<namespace>{LABEL})?{BLANK}/{BLANK})?(?P<name>{LABEL})?{BLANK}(?:@{BLANK}(?P<interface>[^ \t\n\v\f\r/@\x85\xa0](?:[^ \t\n\v\f\r/@]*[^ \t\n\v\f\r/@\x85\xa0])?)?{BLANK})?"
)

labels = st.from_regex(rf"\A{LABEL}\Z")
interfaces = st.text("abcXYZ019._:-", min_size=1, max_size=15)
blanks = st.sampled_from(["", "", "", " ", "\t", "\n", "  ", "\u00a0"])
texts = st.one_of(st.text(), st.text("ab-/@, A_.\n0\u00a0\x1f"), st.text("[]{}\"',:\\u12 -.eEtruefalsn\n\x00\u201c\u00e9"))


@st.composite
def items_(draw: st.DrawFn) -> tuple[str, tuple[str, str, str]]:
    namespace, name, interface = draw(st.one_of(st.just(""), labels)), draw(labels), draw(st.one_of(st.just(""), interfaces))
    b = [draw(blanks) for _ in range(6)]
    text = b[0] + (f"{namespace}{b[1]}/{b[2]}" if namespace else "") + name + (f"{b[3]}@{b[4]}{interface}" if interface else "") + b[5]
    return text, (namespace or "line", name, interface)


@given(st.lists(items_(), min_size=1, max_size=5))
def test_what_the_grammar_makes_is_read_as_it_was_meant(made: list[tuple[str, tuple[str, str, str]]]) -> None:
    value = ",".join(text for text, _ in made)
    got = parse(value, "line")
    assert got.error == ""
    assert [(s.namespace, s.name, s.interface) for s in got.selections] == [meant for _, meant in made]
    for one in got.selections:
        for key, spot in one.spots.items():
            part = value[spot.offset : spot.offset + spot.length]
            assert part == {"name": one.name, "interface": one.interface, "namespace": one.namespace if part else ""}.get(key, part)


@given(st.text("ab-/@, A_.\n0:\u00a0", min_size=1, max_size=12))
def test_a_list_is_refused_if_and_only_if_the_grammar_refuses_it(value: str) -> None:
    matched = [ITEM.fullmatch(item) for item in value.split(",")]
    fits = all(m is not None and len((m["interface"] or "").encode()) <= 15 for m in matched)
    got = parse(value, "line")
    assert (got.error == "") == fits
    if fits:
        assert [(s.namespace, s.name, s.interface) for s in got.selections] == [
            (m["namespace"] or "line", m["name"] or "", m["interface"] or "") for m in matched if m
        ]


def _python_reads(value: str) -> bool:
    def refuse(word: str) -> None:
        raise ValueError(word)

    try:
        json.loads(value, parse_constant=refuse)
    except ValueError:
        return False
    return True


SYNTAX = re.compile(r"JSON format: (?:invalid character|unexpected end)")


@given(texts.map(lambda t: f"[{t}"))
def test_json_is_broken_for_go_where_it_is_broken_for_python(value: str) -> None:
    assert (SYNTAX.search(parse(value, "line").error) is None) == _python_reads(value)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)
addresses = st.one_of(
    st.ip_addresses().map(str),
    st.ip_addresses().flatmap(lambda a: st.integers(0, a.max_prefixlen).map(lambda n: f"{a}/{n}")),
)
macs = st.binary(min_size=6, max_size=6).map(lambda b: b.hex(":"))
elements = st.fixed_dictionaries(
    {"name": st.text(min_size=1)},
    optional={
        "namespace": st.text(min_size=1),
        "interface": st.text(min_size=1),
        "ips": st.lists(addresses, max_size=3),
        "mac": macs,
        "default-route": st.lists(st.ip_addresses().map(str), max_size=3),
        "cni-args": st.dictionaries(st.text(max_size=5), json_values, max_size=3),
        "deviceID": st.text(min_size=1),
        "unknown": json_values,
    },
)


def _meant(element: dict[str, Any]) -> tuple[Any, ...]:
    routes = element.get("default-route")
    return (
        element.get("namespace", "line"), element["name"], element.get("interface", ""), tuple(element.get("ips", ())), element.get("mac", ""),
        None if routes is None else tuple(routes), element.get("deviceID", ""),
    )  # fmt: skip


def _read(one: Selection) -> tuple[Any, ...]:
    return one.namespace, one.name, one.interface, one.ips, one.mac, one.default_route, one.device_id


@given(st.lists(elements, max_size=4), st.sampled_from([None, 1, "\t"]), st.booleans())
def test_json_is_read_as_it_was_meant(made: list[dict[str, Any]], indent: Any, ascii_only: bool) -> None:
    value = json.dumps(made, indent=indent, ensure_ascii=ascii_only)
    got = parse(value, "line")
    assert got.error == ""
    assert [_read(s) for s in got.selections] == [_meant(e) for e in made]
    for one, element in zip(got.selections, made, strict=True):
        for key, wanted in element.items():
            if key in one.spots:
                spot = one.spots[key]
                assert json.loads(value[spot.offset : spot.offset + spot.length]) == wanted
        if "cni-args" in element:
            assert json.loads(one.cni_args) == element["cni-args"]


WANTED = {
    "name": str,
    "namespace": str,
    "interface": str,
    "mac": str,
    "deviceID": str,
    "interfaceRequest": str,
    "infiniband-guid": str,
    "cni-args": dict,
    "bandwidth": dict,
}


@given(st.sampled_from(sorted(WANTED)), json_values.filter(lambda v: v is not None))
def test_a_value_of_another_type_is_refused(key: str, wrong: Any) -> None:
    error = parse(json.dumps([{"name": "a", key: wrong}]), "line").error
    assert (f"NetworkSelectionElement.{key} of type" in error) or isinstance(wrong, WANTED[key])


@given(st.text("0123456789./:abcdefg%", max_size=20))
def test_addresses_are_judged_as_the_standard_library_judges_them(text: str) -> None:
    def right(parse_: Any) -> bool:
        try:
            parse_(text)
        except ValueError:
            return False
        return "%" not in text

    refused = parse(json.dumps([{"name": "a", "ips": [text]}]), "line").error != ""
    # Beside a prefix length Python takes a netmask, which Go does not.
    wanted = right(ipaddress.ip_interface) and re.search(r"/\d+$", text) is not None if "/" in text else right(ipaddress.ip_address)
    assert refused != wanted


@given(texts)
def test_no_text_breaks_a_check_and_every_place_is_inside_of_it(value: str) -> None:
    got = parse(value, "line")
    assert got.error == "" or got.spot is not None
    for key in (NETWORKS, DEFAULT_NETWORK):
        resource = Resource("Pod", "line", "cell", {"metadata": {"annotations": {key: value}}}, Where("x"))
        found = list(faults(resource, Profile()))
        for fault in found:
            assert fault.spot is not None
            assert 0 <= fault.spot.offset <= fault.spot.offset + fault.spot.length <= len(value)
        if got.error:
            assert any(f.severity == ("info" if key == NETWORKS and not value else "") for f in found)
