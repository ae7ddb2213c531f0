"""Network annotations: exactly Multus' answer to every example of the reference, each fault with its rule, place and cure."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from diagnose.checks.annotation import cross, faults, parse
from diagnose.checks.fault import Fault, Objects, Profile
from diagnose.checks.place import DEFAULT_NETWORK, NETWORKS, STATUS, at_path
from diagnose.checks.words_annotation import WORDS
from diagnose.model import Resource, Where
from diagnose.parse.tree import mapping

STOCK = Profile()
KNOWN = Profile(namespaces_known=True)
MISMATCH = (
    "parsePodNetworkAnnotation: parsePodNetworkObjectName: Failed to parse: one or more items did not match comma-delimited format "
    "(must consist of lower case alphanumeric characters). Must start and end with an alphanumeric character), mismatch @ '{}'"
)
INTERFACE = (
    "parsePodNetworkAnnotation: parsePodNetworkObjectName: Failed to parse interface name: must be less than 15 chars and not contain '/' or spaces. "
    "interface name '{}'"
)
JSON = "parsePodNetworkAnnotation: failed to parse pod Network Attachment Selection Annotation JSON format: "
FIELD = JSON + "json: cannot unmarshal {} into Go struct field {} of type {}"


def pod(value: object = None, *, key: str = NETWORKS, kind: str = "Pod", name: str = "cell", namespace: str = "line", **body: Any) -> Resource:
    meta = {"name": name, "annotations": {} if value is None else {key: value}}
    if kind == "Pod":
        return Resource(kind, namespace, name, {"metadata": meta, **body}, Where("x"))
    template = {"template": {"metadata": meta}}
    spec = {"jobTemplate": {"spec": template}} if kind == "CronJob" else {**template, **body}
    return Resource(kind, namespace, name, {"metadata": {"name": name}, "spec": spec}, Where("x"))


def nad(config: object, *, name: str = "press", namespace: str = "line") -> Resource:
    text = config if isinstance(config, str) else json.dumps(config)
    return Resource("NetworkAttachmentDefinition", namespace, name, {"metadata": {"name": name}, "spec": {"config": text}}, Where("y"))


def found(value: object, *, key: str = NETWORKS, profile: Profile = STOCK) -> list[Fault]:
    return list(faults(pod(value, key=key), profile))


def crossed(*resources: Resource, profile: Profile = STOCK) -> list[Fault]:
    return [fault for _, fault in cross(Objects(list(resources)), profile)]


def shown(fault: Fault, value: str) -> str:
    assert fault.spot is not None
    return value[fault.spot.offset : fault.spot.offset + fault.spot.length]


def cured(fault: Fault, value: str) -> str:
    assert fault.spot is not None
    return value[: fault.spot.offset] + fault.instead + value[fault.spot.offset + fault.spot.length :]


# --- upstream's answers (annotations.md 1.2, 1.3) ------------------------------------------------------------------------

ACCEPTED = {
    "bridge-conf, macvlan-conf": [("line", "bridge-conf", ""), ("line", "macvlan-conf", "")],
    "ns1/a@eth1": [("ns1", "a", "eth1")],
    " ns1 / a @ eth1 ": [("ns1", "a", "eth1")],
    "bridge-conf,": [("line", "bridge-conf", ""), ("line", "", "")],
    "a,,b": [("line", "a", ""), ("line", "", ""), ("line", "b", "")],
    "  ": [("line", "", "")],
    "null": [("line", "null", "")],
    "/a": [("line", "a", "")],
    "a@": [("line", "a", "")],
    "a@Eth_1.5:x": [("line", "a", "Eth_1.5:x")],
    "a@fifteen-letters": [("line", "a", "fifteen-letters")],
    "[]": [],
    "[{}]": [("line", "", "")],
    '[{"Interface":"x1","NAME":"b","nameSpace":"ns"}]': [("ns", "b", "x1")],
    '[{"name":"a","interfaceRequest":"old"}]': [("line", "a", "old")],
    '[{"name":"a","interfaceRequest":"old","interface":"new"}]': [("line", "a", "new")],
    '[{"name":"a","name":"b","interface":null}]': [("line", "b", "")],
    '[{"name":"Upper","whatever":[1]}]': [("line", "Upper", "")],
    '[{"\\u006eame":"a\\ud83d\\ude00\\ud800"}]': [("line", "a\U0001f600\ufffd", "")],
}

REFUSED = {
    "": ('parsePodNetworkAnnotation: pod annotation does not have "network" as key', ""),
    "a/b/c": ("parsePodNetworkAnnotation: parsePodNetworkObjectName: Invalid network object (failed at '/')", "a/b/c"),
    "a@b@c": ("parsePodNetworkAnnotation: parsePodNetworkObjectName: Invalid network object (failed at '@')", "a@b@c"),
    "\x1fa": (MISMATCH.format("\x1fa"), "\x1fa"),
    "x,Bridge": (MISMATCH.format("Bridge"), "Bridge"),
    "a_b": (MISMATCH.format("a_b"), "a_b"),
    "a.b": (MISMATCH.format("a.b"), "a.b"),
    "-a": (MISMATCH.format("-a"), "-a"),
    "bridge conf": (MISMATCH.format("bridge conf"), "bridge conf"),
    "a\nb": (MISMATCH.format("a\nb"), "a\nb"),
    "\u201ca\u201d": (MISMATCH.format("\u201ca\u201d"), "\u201ca\u201d"),
    "a@b/c": (MISMATCH.format("a@b"), "a@b"),
    "- name: a": (MISMATCH.format("- name: a"), "- name: a"),
    "a@thisnameistoolong1": (INTERFACE.format("thisnameistoolong1"), "thisnameistoolong1"),
    "a@eth 1": (INTERFACE.format("eth 1"), "eth 1"),
    "a@\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9": (INTERFACE.format("\u00e9" * 8), "\u00e9" * 8),
    '{"name":"a"}': (JSON + "json: cannot unmarshal object into Go value of type []*types.NetworkSelectionElement", '{"name":"a"}'),
    "{}": (JSON + "json: cannot unmarshal object into Go value of type []*types.NetworkSelectionElement", "{}"),
    '"a"': (JSON + "json: cannot unmarshal string into Go value of type []*types.NetworkSelectionElement", '"a"'),
    '["a"]': (JSON + "json: cannot unmarshal string into Go value of type types.NetworkSelectionElement", '"a"'),
    '[{"name":"a"]': (JSON + "invalid character ']' after object key:value pair", "]"),
    '[{"name":"a",}]': (JSON + "invalid character '}' looking for beginning of object key string", "}"),
    "[{'name':'a'}]": (JSON + r"invalid character '\'' looking for beginning of object key string", "'"),
    '[{"name":5}]': (FIELD.format("number", "NetworkSelectionElement.name", "string"), "5"),
    '[{"name":"a"}] x': (JSON + "invalid character 'x' after top-level value", "x"),
    '[{"name":"a"': (JSON + "unexpected end of JSON input", ""),
    "[1,]": (JSON + "invalid character ']' looking for beginning of value", "]"),
    "[1 2]": (JSON + "invalid character '2' after array element", "2"),
    '[{"a" 1}]': (JSON + "invalid character '1' after object key", "1"),
    '["a\nb"]': (JSON + r"invalid character '\n' in string literal", "\n"),
    '["\\x"]': (JSON + "invalid character 'x' in string escape code", "x"),
    '["\\u12x"]': (JSON + r"invalid character 'x' in \u hexadecimal character escape", "x"),
    '["\\': (JSON + "unexpected end of JSON input", ""),
    "[-]": (JSON + "invalid character ']' in numeric literal", "]"),
    "[1.x]": (JSON + "invalid character 'x' after decimal point in numeric literal", "x"),
    "[1e+]": (JSON + "invalid character ']' in exponent of numeric literal", "]"),
    "[01]": (JSON + "invalid character '1' after array element", "1"),
    "[trye]": (JSON + "invalid character 'y' in literal true (expecting 'u')", "y"),
    "[\u201ca\u201d]": (JSON + "invalid character '\u00e2' looking for beginning of value", "\u201c"),
    "[\u00a0]": (JSON + "invalid character '\u00c2' looking for beginning of value", "\u00a0"),
    "[\x00]": (JSON + r"invalid character '\x00' looking for beginning of value", "\x00"),
    "[" * 10_001: (JSON + "invalid character '[' exceeded max depth", "["),
    "[null]": ("runtime error: invalid memory address or nil pointer dereference", "null"),
    '[{"name":"a","ips":"10.0.0.5"}]': (FIELD.format("string", "NetworkSelectionElement.ips", "[]string"), '"10.0.0.5"'),
    '[{"ips":[5]}]': (FIELD.format("number", "NetworkSelectionElement.ips", "string"), "5"),
    '[{"ips":["10.0.0.5/33"]}]': ('failed to parse CIDR "10.0.0.5/33": invalid CIDR address: 10.0.0.5/33', '"10.0.0.5/33"'),
    '[{"ips":["10.0.0.05"]}]': ('failed to parse IP address "10.0.0.05"', '"10.0.0.05"'),
    '[{"ips":["fe80::1%eth0"]}]': ('failed to parse IP address "fe80::1%eth0"', '"fe80::1%eth0"'),
    '[{"ips":[null]}]': ('failed to parse IP address ""', "null"),
    '[{"mac":"52:54:00"}]': ("parsePodNetworkAnnotation: failed to mac: address 52:54:00: invalid MAC address", '"52:54:00"'),
    '[{"infiniband-guid":"x"}]': ("parsePodNetworkAnnotation: failed to validate infiniband GUID: address x: invalid MAC address", '"x"'),
    '[{"default-route":["10.63.8"]}]': (JSON + "invalid IP address: 10.63.8", '"10.63.8"'),
    '[{"default-route":["10.0.0.1/24"]}]': (JSON + "invalid IP address: 10.0.0.1/24", '"10.0.0.1/24"'),
    '[{"default-route":"10.0.0.1"}]': (FIELD.format("string", "NetworkSelectionElement.default-route", "[]net.IP"), '"10.0.0.1"'),
    '[{"default-route":[7]}]': (FIELD.format("number", "NetworkSelectionElement.default-route", "net.IP"), "7"),
    # A bad address ends the decoding at once; the type error before it is forgotten.
    '[{"name":5,"default-route":["x"]}]': (JSON + "invalid IP address: x", '"x"'),
    '[{"portMappings":[{"hostPort":"80"}]}]': (FIELD.format("string", "PortMapEntry.portMappings.hostPort", "int"), '"80"'),
    '[{"portMappings":[{"hostPort":1.5}]}]': (FIELD.format("number 1.5", "PortMapEntry.portMappings.hostPort", "int"), "1.5"),
    '[{"bandwidth":[]}]': (FIELD.format("array", "NetworkSelectionElement.bandwidth", "types.BandwidthEntry"), "[]"),
    '[{"cni-args":"x"}]': (FIELD.format("string", "NetworkSelectionElement.cni-args", "map[string]interface {}"), '"x"'),
    '[{"cni-args":{"a":[1e999]}}]': (FIELD.format("number 1e999", "NetworkSelectionElement.cni-args", "float64"), "1e999"),
    '[{"deviceID":true}]': (FIELD.format("bool", "NetworkSelectionElement.deviceID", "string"), "true"),
}


@pytest.mark.parametrize("value", ACCEPTED)
def test_multus_takes(value: str) -> None:
    got = parse(value, "line")
    assert got.error == ""
    assert [(s.namespace, s.name, s.interface) for s in got.selections] == ACCEPTED[value]


@pytest.mark.parametrize("value", REFUSED, ids=lambda v: v[:40])
def test_multus_refuses(value: str) -> None:
    error, place = REFUSED[value]
    got = parse(value, "line")
    assert got.error == error
    assert got.selections == ()
    assert got.spot is not None
    assert value[got.spot.offset : got.spot.offset + got.spot.length] == place


def test_every_request_of_an_element_arrives() -> None:
    value = (
        '[{"name":"a","ips":["10.0.0.5","fd00::5/64"],"mac":"02:00:00:00:00:01","infiniband-guid":"02:00:00:00:00:00:00:01","default-route":["10.0.0.1"],'
        '"portMappings":[{"hostPort":80}],"bandwidth":{"ingressRate":1},"cni-args":{"x":{}},"deviceID":"0000:01:00.0"}]'
    )
    (one,) = parse(value, "line").selections
    assert one.ips == ("10.0.0.5", "fd00::5/64")
    assert one.default_route == ("10.0.0.1",)
    assert (one.mac, one.infiniband_guid, one.device_id) == ("02:00:00:00:00:01", "02:00:00:00:00:00:00:01", "0000:01:00.0")
    assert (one.cni_args, one.port_mappings, one.bandwidth) == ('{"x":{}}', '[{"hostPort":80}]', '{"ingressRate":1}')
    assert value[one.spots["ips.1"].offset :].startswith('"fd00::5/64"')


@pytest.mark.parametrize("mac", ["02:23:45:67:89:01", "02-23-45-67-89-01", "0223.4567.8901", "02:23:45:67:89:01:02:03"])
def test_macs_that_go_takes(mac: str) -> None:
    assert parse(f'[{{"mac":"{mac}"}}]', "line").error == ""


@pytest.mark.parametrize("mac", ["02:23:45:67:89", "02:23-45:67:89:01", "022345678901", "02:23:45:67:89:0g", "02:23:45:67:89:01:02", "02:23:45:67:89:01 "])
def test_macs_that_go_refuses(mac: str) -> None:
    assert "invalid MAC address" in parse(f'[{{"mac":"{mac}"}}]', "line").error


def test_multus_of_416_takes_a_label_only_as_interface() -> None:
    assert parse("a@eth_1", "line").error == ""
    assert parse("a@eth_1", "line", version="4.16").error == MISMATCH.format("eth_1")
    long = "a@a-name-beyond-fifteen"
    assert parse(long, "line", version="4.16").error == ""
    assert [f.rule for f in found(long, profile=Profile(version="4.16"))] == ["interface-name-conflict"]
    assert [f.rule for f in found("a@eth_1", profile=Profile(version="4.16"))] == ["annotation-invalid-format"]


# --- the mutation test ---------------------------------------------------------------------------------------------------

VALID = [
    "press",
    "press,weld",
    "press,weld@net7",
    "tools/press@eth1,weld",
    "press,press",
    '[{"name":"press"}]',
    '[ {"name": "press", "namespace": "tools", "interface": "eth1"},\n  {"name": "weld"} ]',
    '[{"name":"press","ips":["10.0.0.5/24"],"mac":"02:23:45:67:89:01","default-route":["10.0.0.1"]}]',
    '[{"name":"press","default-route":["10.0.0.1","fd00::1"]},{"name":"weld","ips":["fd00::7"]}]',
    '[{"name":"press.v2","cni-args":{"vlan":[1,{"x":null}]},"portMappings":[{"hostPort":80,"containerPort":8080,"protocol":"tcp"}]}]',
    '[{"name":"press","bandwidth":{"ingressRate":1000},"ipam-claim-reference":"x"}]',
    "[]",
    "press\n",
]


Change = Callable[[str], "str | None"]


def swap(old: str, new: str) -> Change:
    return lambda value: value.replace(old, new, 1) if old in value else None


# (sentence, rule, change of a valid annotation; None where it does not apply)
MUTATIONS: list[tuple[str, str, Change]] = [
    ("list-name", "annotation-invalid-format", swap("press", "Press")),
    ("list-name", "annotation-invalid-format", swap("press", "pr_ess")),
    ("list-dots", "annotation-invalid-format", swap("press", "press.v2")),
    ("list-separator", "annotation-invalid-format", swap("press,weld", "press weld")),
    ("list-separator", "annotation-invalid-format", swap("press,weld", "press;weld")),
    ("list-separator", "annotation-invalid-format", swap("press,weld", "press\nweld")),
    ("list-quotes", "annotation-invalid-format", swap("press", "'press'")),
    ("list-slashes", "annotation-invalid-format", swap("tools/", "tools/x/")),
    ("list-ats", "annotation-invalid-format", swap("@", "@x@")),
    ("list-interface", "annotation-invalid-format", swap("@net7", "@net7-is-much-too-long")),
    ("list-interface", "annotation-invalid-format", swap("@net7", "@net 7")),
    ("list-empty-item", "annotation-invalid-format", swap(",", ",,")),
    ("list-empty-item", "annotation-invalid-format", lambda v: v + "," if "[" not in v and "\n" not in v else None),
    ("list-empty-item", "annotation-invalid-format", lambda v: "," + v if "[" not in v else None),
    ("list-no-name", "annotation-invalid-format", swap("weld@net7", "@net7")),
    ("list-blanks", "annotation-invalid-format", swap(",weld", ", weld")),
    ("list-yaml", "annotation-invalid-format", lambda v: "- name: press\n  namespace: tools" if v == "press" else None),
    ("json-trailing-comma", "annotation-invalid-json", swap('"}', '",}')),
    ("json-trailing-comma", "annotation-invalid-json", swap("}]", "},]")),
    ("json-missing-comma", "annotation-invalid-json", swap('","', '""')),
    ("json-quotes", "annotation-invalid-json", lambda v: v.replace('"', "'") if '"' in v else None),
    ("json-quotes", "annotation-invalid-json", lambda v: re.sub(r'"(\w+)"', "\u201c\\1\u201d", v) if '"' in v else None),
    ("json-bare-word", "annotation-invalid-json", swap('"name"', "name")),
    ("json-brackets", "annotation-invalid-json", swap("}]", "]")),
    ("json-cut", "annotation-invalid-json", lambda v: v.rstrip()[:-1] if '"' in v else None),
    ("json-cut", "annotation-invalid-json", lambda v: v[: v.rfind('"')] if v.endswith('"}]') else None),
    ("json-no-brackets", "annotation-invalid-json", lambda v: v.strip("[] ") if v.count('"name"') == 2 else None),
    ("json-names", "annotation-invalid-json", lambda v: f"[{v}]" if v == "press,weld" else None),
    ("json-syntax", "annotation-invalid-json", lambda v: v + " x" if v.startswith("[") else None),
    ("json-not-list", "annotation-invalid-format", lambda v: v[1:-1] if v.startswith("[{") and v.count("name") == 1 else None),
    ("json-not-list", "annotation-invalid-format", lambda v: f'"{v}"' if v == "press" else None),
    ("json-strings", "annotation-invalid-format", swap('{"name":"press"}', '"press"')),
    ("json-null", "annotation-invalid-json", swap('{"name":"press"}', "null")),
    ("json-name-missing", "annotation-invalid-format", swap('{"name":"press"}', "{}")),
    ("json-name-split", "nad-not-found", swap('{"name":"press"', '{"name":"tools/press"')),
    ("json-name-split", "nad-not-found", swap('{"name":"press"}', '{"name":"press@eth1"}')),
    ("json-name-impossible", "nad-not-found", swap('"press"', '"Press"')),
    ("json-namespace-impossible", "nad-not-found", swap('"tools"', '"Too_ls"')),
    ("json-key-near", "annotation-unknown-key", swap('"ips"', '"ip"')),
    ("json-key-near", "annotation-unknown-key", swap('"containerPort"', '"containerport1"')),
    ("json-key-unknown", "annotation-unknown-key", swap('{"name"', '{"zzz":1,"name"')),
    ("json-key-twice", "annotation-unknown-key", swap('{"name"', '{"name":"x","name"')),
    ("json-type", "annotation-invalid-format", swap('["10.0.0.5/24"]', '"10.0.0.5/24"')),
    ("json-type", "annotation-invalid-format", swap('["10.0.0.1"]', '"10.0.0.1"')),
    ("json-type", "annotation-invalid-format", swap('"press"', "5")),
    ("json-type", "annotation-invalid-format", swap("80,", '"80",')),
    ("json-type", "annotation-invalid-format", swap('{"vlan":[1,{"x":null}]}', '"vlan=1"')),
    ("json-type", "annotation-invalid-format", swap("1000", "1e3")),
    ("ip-bad-cidr", "annotation-invalid-ip", swap("10.0.0.5/24", "10.0.0.300/24")),
    ("ip-bad-cidr", "annotation-invalid-ip", swap("10.0.0.5/24", "10.0.0.5/240")),
    ("ip-bad", "annotation-invalid-ip", swap("10.0.0.5/24", "10.0.0")),
    ("ip-bad", "annotation-invalid-ip", swap("fd00::7", "fd00::xyz")),
    ("mac-bad", "annotation-invalid-mac", swap("02:23:45:67:89:01", "02:23:45")),
    ("guid-bad", "annotation-invalid-mac", swap('"mac":"02:23:45:67:89:01"', '"infiniband-guid":"1"')),
    ("route-bad", "annotation-invalid-ip", swap('"10.0.0.1"', '"10.0.0"')),
    ("route-prefix", "annotation-invalid-ip", swap('"10.0.0.1"', '"10.0.0.1/24"')),
    ("route-empty-list", "annotation-invalid-ip", swap('["10.0.0.1"]', "[]")),
    ("route-blank", "annotation-invalid-ip", swap('["10.0.0.1"]', '[""]')),
    ("routes-many", "annotation-invalid-ip", swap('"fd00::1"', '"10.0.0.2"')),
    ("routes-many", "annotation-invalid-ip", swap('{"name":"weld","ips"', '{"name":"weld","default-route":["10.9.9.9"],"ips"')),
    ("routes-many", "annotation-invalid-ip", swap('"fd00::1"', '"::ffff:10.0.0.2"')),
    ("interface-taken", "interface-name-conflict", swap("@net7", "@eth0")),
    ("interface-taken", "interface-name-conflict", swap('"eth1"', '"lo"')),
    ("interface-invalid", "interface-name-conflict", swap("@net7", "@net:7")),
    ("interface-invalid", "interface-name-conflict", swap('"eth1"', '"eth/1"')),
    ("interface-invalid", "interface-name-conflict", swap('"eth1"', '"sixteen-letters-"')),
    ("interface-invalid", "interface-name-conflict", swap('"eth1"', '".."')),
    ("interface-twice", "interface-name-conflict", swap("@net7", "@net1")),
    ("interface-twice", "interface-name-conflict", swap("@eth1", "@net2")),
    ("interface-twice", "interface-name-conflict", swap('{"name": "weld"}', '{"name": "weld", "interface": "eth1"}')),
]


@pytest.mark.parametrize("value", VALID)
def test_what_is_right_is_quiet(value: str) -> None:
    assert found(value) == []
    for kind in ("Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "ReplicationController", "Job", "CronJob"):
        assert list(faults(pod(value, kind=kind), STOCK)) == []


@pytest.mark.parametrize(("what", "rule", "mutate"), MUTATIONS)
def test_each_fault_is_caught_with_its_place_and_its_cure_cures(what: str, rule: str, mutate: Change) -> None:
    mutants = [m for m in (mutate(v) for v in VALID if not (what.startswith("list-") and v.startswith("["))) if m is not None]
    assert mutants
    for value in mutants:
        got = [f for f in found(value) if f.what == f"annotation-{what}"]
        assert got, value
        fault = got[0]
        assert fault.rule == rule
        assert fault.path == ("metadata", "annotations", NETWORKS)
        assert fault.spot is not None
        assert 0 <= fault.spot.offset <= len(value)
        assert fault.spot.offset + fault.spot.length <= len(value)
        assert fault.captures["pod"] == "cell"
        if fault.instead:
            left = found(cured(fault, value))
            assert len([f for f in left if f.what == fault.what]) < len(got), (value, fault)


# Changes of one valid annotation, and the whole that is advised.
CURES = {
    "press,": "press",
    ",press": "press",
    "press, ,weld": "press,weld",
    "Press_1": "press-1",
    "press weld": "press,weld",
    "press\uff0cweld": "press,weld",
    "- press\n- weld": "press,weld",
    "name: press": '[{"name": "press"}]',
    "[press, weld]": "press,weld",
    "'[press]'": None,
    '{"name":"press"},{"name":"weld"}': '[{"name":"press"},{"name":"weld"}]',
    "[{'name':'press'}]": '[{"name":"press"}]',
    '[{"name":"press"': '[{"name":"press"}]',
    '[{"name":"press","ips":["10.0.0.5"]': '[{"name":"press","ips":["10.0.0.5"]}]',
    '[{"name":"tools/press@eth1"}]': '[{"name":"press", "namespace": "tools", "interface": "eth1"}]',
    '[{"name":"press","ips":"10.0.0.5"}]': '[{"name":"press","ips":["10.0.0.5"]}]',
    '[{"name":"press","ip":["10.0.0.5"]}]': '[{"name":"press","ips":["10.0.0.5"]}]',
    # A plain string under the right key would be refused: nothing is advised for the key alone.
    '[{"name":"press","ip":"10.0.0.5"}]': None,
    "weld@net2,press": "weld@net1,press",
    "press , weld": "press,weld",
    "press.v2,tools/weld@eth1": '[{"name": "press.v2"}, {"name": "weld", "namespace": "tools", "interface": "eth1"}]',
    '[{"name":"press","mac":"0223.45:67 8901"}]': '[{"name":"press","mac":"02:23:45:67:89:01"}]',
    '[{"name":"press","mac":"02:23"}]': None,
    '[{"name":"press","ips":["10.0.0.5/255.255.255.0"]}]': '[{"name":"press","ips":["10.0.0.5/24"]}]',
    '[{"name":"press","ips":["010.00.0.05 "]}]': '[{"name":"press","ips":["10.0.0.5"]}]',
    '[{"name":"press","ips":[" fd00::5 / 64"]}]': '[{"name":"press","ips":["fd00::5/64"]}]',
    '[{"name":"press","ips":["10.0.0.300"]}]': None,
    '[{"name":"press","ips":["fe80::1%eth0"]}]': None,
    '[{"name":"press","ips":["fe80::1%eth0/64"]}]': None,
    "too.ls/press.v2": "too-ls/press.v2",
}


@pytest.mark.parametrize("value", CURES)
def test_what_is_advised(value: str) -> None:
    fault = found(value)[0]
    assert (cured(fault, value) if fault.instead else None) == CURES[value]


def test_every_fault_of_an_annotation_is_told_at_once() -> None:
    value = "Press,weld@a@b,mill@thisnameistoolong1"
    assert [shown(f, value) for f in found(value)] == ["Press", "weld@a@b", "thisnameistoolong1"]
    value = '[{"name":"a","ips":["x"]},{"name":"b","mac":"y","default-route":["z"]}]'
    assert [shown(f, value) for f in found(value)] == ['"z"', '"x"', '"y"']


def test_hints_are_hints() -> None:
    hints = {"press, weld", '[{"name":"a","zzz":1}]', '[{"name":"a","name":"b"}]', "", "none"}
    assert {f.severity for v in hints for f in found(v)} == {"info"}
    assert {f.severity for f in found('[{"name":"a","default-route":[]}]')} == {"warning"}


def test_the_excerpt_shows_the_place() -> None:
    (fault,) = found("cam@net1@net2")
    assert fault.text == f"{NETWORKS}: cam@net1@net2\n{' ' * (len(NETWORKS) + 2)}^^^^^^^^^^^^^"
    (fault,) = found('[\n  {"name": "press",}\n]')
    assert fault.text == '  {"name": "press",}\n' + " " * 18 + "^^"
    (fault,) = found('[{"name":"a","cni-args":{"x":"' + "y" * 400 + '"},"mac":"zz"}]')
    line, carets = fault.text.split("\n")
    assert line[carets.index("^") :].startswith('"zz"')
    assert len(line) <= 140


def test_captures_that_the_rules_texts_use() -> None:
    captures = {v: found(v)[0].captures for v in ("a_b", '[{"name":"a","ips":["x"]}]', '[{"name":"a","mac":"x"}]', '[{"name":"a"', "a@eth0", '[{"name":"A"}]')}
    assert captures["a_b"]["value"] == "a_b"
    assert captures['[{"name":"a","ips":["x"]}]']["ip"] == "x"
    assert captures['[{"name":"a","mac":"x"}]']["mac"] == "x"
    assert captures['[{"name":"a"']["reason"] == "line 1, column 13: unexpected end of JSON input"
    assert captures["a@eth0"]["interface"] == "eth0"
    assert captures['[{"name":"A"}]'] == {"pod": "cell", "namespace": "line", "nad": "A", "nad_namespace": "line"}


# --- the default network (annotations.md 2) ------------------------------------------------------------------------------


def test_the_default_network() -> None:
    def whats(value: object) -> list[str]:
        return [f.what.removeprefix("annotation-") for f in found(value, key=DEFAULT_NETWORK)]

    assert whats("press") == whats("tools/press") == whats('[{"name":"press"}]') == []
    assert whats("") == ["default-empty"]
    assert whats("a,b") == whats("a,") == ["default-many"]
    assert whats("[]") == ["default-none"]
    assert whats("A") == ["list-name"]
    assert whats('[{"name":"a",}]') == ["json-trailing-comma"]
    assert whats("  ") == ["list-blank"]


def test_the_default_network_is_looked_up_where_multus_looks() -> None:
    here = nad({"type": "bridge"})
    (fault,) = crossed(pod("press", key=DEFAULT_NETWORK), here, profile=KNOWN)
    assert (fault.rule, fault.captures["nad_namespace"], fault.instead) == ("nad-not-found", "kube-system", "line/press")
    assert crossed(pod("line/press", key=DEFAULT_NETWORK), here, profile=KNOWN) == []
    assert found('[{"name":"A"}]', key=DEFAULT_NETWORK)[0].captures["nad_namespace"] == "kube-system"
    # What a plugin gets of the requests for a primary network is another matter: nothing is said.
    asks = '[{"name":"press","namespace":"line","ips":["10.1.0.9"]}]'
    assert crossed(pod(asks, key=DEFAULT_NETWORK), nad(config(ipam={"type": "dhcp"})), profile=KNOWN) == []


# --- keys and places -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("k8s.v1.cni.cncf.io/network", NETWORKS),
        ("k8s.v1.cni.cncf.io/Networks", NETWORKS),
        ("k8s.v1.cni.cncf.io/nets", NETWORKS),
        ("k8s.cni.cncf.io/networks", NETWORKS),
        ("k8s.v1.cni.cnfc.io/networks", NETWORKS),
        ("kubernetes.v1.cni.cncf.io/networks", NETWORKS),
        ("v1.multus-cni.io/default-networks", DEFAULT_NETWORK),
    ],
)
def test_a_near_miss_of_a_key(key: str, near: str) -> None:
    (fault,) = found("press", key=key)
    assert (fault.rule, fault.what, fault.instead, fault.severity) == ("annotation-unknown-key", "annotation-key-near", near, "")
    assert fault.path == ("metadata", "annotations", key)
    assert fault.captures["key"] == key


@pytest.mark.parametrize(
    "key",
    [STATUS, "k8s.v1.cni.cncf.io/networks-status", "k8s.v1.cni.cncf.io/resourceName", "k8s.ovn.org/pod-networks", "cni.projectcalico.org/podIP",
     "k8s.v1.cni.cncf.io/network-statuss", "openshift.io/scc", "kubernetes.io/ingress-bandwidth"],
)  # fmt: skip
def test_other_keys_are_quiet(key: str) -> None:
    assert found("press", key=key) == []


def test_an_annotation_on_the_owner_instead_of_its_template() -> None:
    owner = Resource("Deployment", "line", "d", {"metadata": {"annotations": {NETWORKS: "press"}}, "spec": {"template": {"metadata": {}}}}, Where("x"))
    (fault,) = faults(owner, STOCK)
    assert (fault.rule, fault.what, fault.severity) == ("annotation-unknown-key", "annotation-key-on-owner", "")
    assert fault.path == ("metadata", "annotations", NETWORKS)
    same = pod("press", kind="Deployment")
    same.body["metadata"]["annotations"] = {NETWORKS: "press"}
    assert list(faults(same, STOCK)) == []
    same.body["metadata"]["annotations"] = {NETWORKS: "weld"}
    assert [(f.what, f.severity) for f in faults(same, STOCK)] == [("annotation-key-on-owner-too", "info")]
    cron = pod(None, kind="CronJob")
    cron.body["spec"]["jobTemplate"]["metadata"] = {"annotations": {NETWORKS: "press"}}
    assert [f.path for f in faults(cron, STOCK)] == [("spec", "jobTemplate", "metadata", "annotations", NETWORKS)]
    assert [
        f.what for f in faults(Resource("NetworkAttachmentDefinition", "line", "n", {"metadata": {"annotations": {NETWORKS: "a"}}}, Where("x")), STOCK)
    ] == ["annotation-key-on-other"]


def test_the_key_among_the_labels() -> None:
    wrong = pod(None)
    wrong.body["metadata"]["labels"] = {NETWORKS: "press"}
    assert [(f.what, f.path) for f in faults(wrong, STOCK)] == [("annotation-key-in-labels", ("metadata", "labels", NETWORKS))]


def test_a_template_is_read_where_it_stands() -> None:
    assert [f.path for f in faults(pod("A", kind="Deployment"), STOCK)] == [("spec", "template", "metadata", "annotations", NETWORKS)]
    assert [f.path for f in faults(pod("A", kind="CronJob"), STOCK)] == [("spec", "jobTemplate", "spec", "template", "metadata", "annotations", NETWORKS)]


@pytest.mark.parametrize(("kind", "path"), [("Pod", ()), ("Deployment", ("spec", "template")), ("CronJob", ("spec", "jobTemplate", "spec", "template"))])
def test_a_pod_in_the_hosts_network_gets_no_other(kind: str, path: tuple[str, ...]) -> None:
    held = pod("press", kind=kind)
    inner = mapping(at_path(held.body, path))
    inner["spec"] = {"hostNetwork": True}
    (fault,) = faults(held, STOCK)
    assert (fault.rule, fault.what, fault.path) == ("annotation-not-applied", "annotation-host-network", (*path, "metadata", "annotations", NETWORKS))
    inner["metadata"]["annotations"] = {}
    assert list(faults(held, STOCK)) == []


def test_values_that_the_api_server_refuses() -> None:
    (fault,) = found([{"name": "press"}])
    assert (fault.rule, fault.what, fault.instead) == ("annotation-invalid-format", "annotation-value-no-string", f"""{NETWORKS}: '[{{"name": "press"}}]'""")
    assert [f.instead for f in found(["press", "weld"])] == [f"{NETWORKS}: 'press,weld'"]
    assert [f.instead for f in found([{"name": "it's"}])] == [f"""{NETWORKS}: '[{{"name": "it''s"}}]'"""]
    assert [f.instead for f in found(["Press"])] == [f.instead for f in found([])] == [""]
    assert [f.what for f in found(5)] == ["annotation-value-no-string"]
    broken = Resource("Pod", "line", "p", {"metadata": {"annotations": '[{"name":"press"}]'}}, Where("x"))
    assert [(f.rule, f.what) for f in faults(broken, STOCK)] == [("annotation-invalid-format", "annotation-annotations-no-map")]
    assert list(faults(Resource("Pod", "line", "p", {"metadata": {"annotations": None}}, Where("x")), STOCK)) == []
    assert list(faults(Resource("Pod", "line", "p", {}, Where("x")), STOCK)) == []


# --- beside the NADs: which one -----------------------------------------------------------------------------------------


def test_a_nad_that_is_there_is_quiet() -> None:
    press = nad({"type": "bridge"})
    for value in ("press", "line/press", '[{"name":"press"}]'):
        assert crossed(pod(value), press, profile=KNOWN) == []
    assert crossed(pod("line/press", namespace="other"), press, profile=KNOWN) == []
    assert crossed(pod("press", namespace=""), press, profile=KNOWN) == []
    assert crossed(pod("press"), nad({"type": "bridge"}, namespace=""), profile=KNOWN) == []


def test_a_nad_that_is_not_there() -> None:
    press = nad({"type": "bridge"})
    value = "press,wedl"
    (fault,) = crossed(pod(value), press, nad({"type": "bridge"}, name="weld"))
    assert (fault.rule, fault.what, fault.severity, fault.instead) == ("nad-not-found", "annotation-nad-near", "warning", "weld")
    assert shown(fault, value) == "wedl"
    assert fault.captures == {"pod": "cell", "namespace": "line", "nad": "wedl", "nad_namespace": "line"}
    (fault,) = crossed(pod(value), press, nad({"type": "bridge"}, name="weld"), profile=KNOWN)
    assert fault.severity == ""


@pytest.mark.parametrize(
    ("value", "cure"),
    [
        ("press@eth1", "tools/press@eth1"),
        ("line/press", "tools/press"),
        ('[{"name":"press"}]', '[{"name":"press","namespace":"tools"}]'),
        ('[{"name":"press","namespace":"line"}]', '[{"name":"press","namespace":"tools"}]'),
    ],
)
def test_the_same_name_in_another_namespace(value: str, cure: str) -> None:
    elsewhere = nad({"type": "bridge"}, namespace="tools")
    (fault,) = crossed(pod(value), elsewhere)
    assert (fault.what, fault.severity) == ("annotation-nad-elsewhere", "warning")
    assert cured(fault, value) == cure
    assert crossed(pod(cure), elsewhere, profile=KNOWN) == []


def test_an_absence_that_proves_nothing_is_a_hint_or_less() -> None:
    weld = nad({"type": "bridge"}, name="unlike")
    assert crossed(pod("press")) == []
    assert [f.severity for f in crossed(pod("press"), profile=KNOWN)] == [""]
    assert [(f.what, f.severity) for f in crossed(pod("press"), weld)] == [("annotation-nad-missing", "info")]
    assert [f.severity for f in crossed(pod("press", status={"phase": "Pending"}), weld)] == ["warning"]
    attached = pod("press", status={"phase": "Running"})
    attached.body["metadata"]["annotations"][STATUS] = '[{"name":"ovn-kubernetes"},{"name":"line/press"}]'
    assert crossed(attached, weld) == []
    # A name that is asked for beside the missing one is no misspelling of it.
    assert [f.what for f in crossed(pod("robot-a,robot-b"), nad({"type": "bridge"}, name="robot-a"))] == ["annotation-nad-missing"]


# --- beside the NADs: what they give -------------------------------------------------------------------------------------

HOST_LOCAL = {"type": "host-local", "ranges": [[{"subnet": "10.1.0.0/24", "rangeStart": "10.1.0.20", "rangeEnd": "10.1.0.50"}], [{"subnet": "fd00::/64"}]]}
STATIC = {"type": "static", "addresses": [{"address": "10.1.0.7/24"}]}


def config(kind: str = "bridge", ipam: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"cniVersion": "0.4.0", "type": kind, **({"ipam": ipam} if ipam is not None else {}), **more}


def asked(**request: Any) -> str:
    return json.dumps([{"name": "press", **{k.replace("_", "-"): v for k, v in request.items()}}])


@pytest.mark.parametrize(
    ("request_", "conf"),
    [
        (asked(ips=["10.1.0.20"]), config(ipam=HOST_LOCAL)),
        (asked(ips=["10.1.0.50/24"]), config(ipam=HOST_LOCAL, capabilities={"ips": True})),
        (asked(ips=["fd00::2"]), config(ipam=HOST_LOCAL)),
        (asked(ips=["10.1.0.254"]), config(ipam={"type": "host-local", "subnet": "10.1.0.0/24"})),
        (asked(ips=["10.1.0.9/24"]), config(ipam={"type": "static"})),
        (asked(ips=["10.1.0.9/24", "10.1.0.10/24"]), config(ipam=STATIC, capabilities={"ips": True})),
        (asked(ips=["10.1.0.9"]), config(ipam={"type": "whereabouts", "range": "10.9.0.0/24"})),
        (asked(ips=["10.1.0.9"]), config("ovn-k8s-cni-overlay")),
        (asked(mac="02:00:00:00:00:01"), config(ipam=HOST_LOCAL)),
        (asked(mac="02:00:00:00:00:01"), config("macvlan")),
        (asked(mac="01:00:00:00:00:01"), config("sriov")),
        (asked(mac="02:00:00:00:00:01"), {"plugins": [config("ipvlan"), {"type": "tuning"}]}),
        (asked(default_route=["10.1.0.1"]), config(ipam=HOST_LOCAL)),
        (asked(default_route=["fe80::1"]), config(ipam=HOST_LOCAL)),
        (asked(default_route=["10.2.0.1"]), config(ipam={"type": "dhcp"})),
        (asked(default_route=["10.2.0.1"], cni_args={"ips": ["10.2.0.4/24"]}), config(ipam=STATIC)),
        (asked(default_route=["10.2.0.1"], ips=["10.2.0.4/24"]), config(ipam=STATIC, capabilities={"ips": True})),
        (asked(portMappings=[{"hostPort": 1}]), {"plugins": [config(), {"type": "portmap", "capabilities": {"portMappings": True}}]}),
        (asked(default_route=["fd00::9"], ips=["10.1.0.20"]), config(ipam=HOST_LOCAL)),
        (asked(cni_args={"x": 1}), config(args={"cni": {}})),
        (asked(cni_args={"ips": ["10.1.0.9/24"]}), config(ipam={"type": "static"})),
        ("press", config(ipam=STATIC)),
        ("press", config(ipam={"type": "static"}, args={"cni": {"ips": ["10.1.0.9/24"]}})),
        (asked(ips=["10.1.0.9"]), "no JSON"),
        (asked(ips=["10.1.0.9"]), config(ipam={"type": "host-local", "ranges": [[{"subnet": "nonsense"}]]})),
    ],
)
def test_requests_that_are_fulfilled_or_not_decided_are_quiet(request_: str, conf: Any) -> None:
    assert crossed(pod(request_), nad(conf), profile=KNOWN) == []


@pytest.mark.parametrize(
    ("what", "rule", "severity", "place", "request_", "conf"),
    [
        ("ips-outside", "ipam-ip-unavailable", "", '"10.1.0.19"', asked(ips=["10.1.0.19"]), config(ipam=HOST_LOCAL)),
        ("ips-outside", "ipam-ip-unavailable", "", '"192.168.7.5/24"', asked(ips=["192.168.7.5/24"]), config(ipam=HOST_LOCAL, capabilities={"ips": True})),
        ("ips-outside", "ipam-ip-unavailable", "", '"10.1.0.255"', asked(ips=["10.1.0.255"]), config(ipam={"type": "host-local", "subnet": "10.1.0.0/24"})),
        ("ips-gateway", "ipam-ip-unavailable", "", '"10.1.0.1"', asked(ips=["10.1.0.1"]), config(ipam={"type": "host-local", "subnet": "10.1.0.0/24"})),
        ("ips-host-local-many", "annotation-invalid-ip", "", '["10.1.0.20", "fd00::2"]', asked(ips=["10.1.0.20", "fd00::2"]), config(ipam=HOST_LOCAL)),
        ("ips-static-prefix", "ipam-static-invalid", "", '"10.1.0.9"', asked(ips=["10.1.0.9"]), config(ipam=STATIC, capabilities={"ips": True})),
        ("ips-static-added", "annotation-invalid-ip", "info", '["10.1.0.9/24"]', asked(ips=["10.1.0.9/24"]), config(ipam=STATIC)),
        ("ips-dhcp", "annotation-invalid-ip", "warning", '["10.1.0.9"]', asked(ips=["10.1.0.9"]), config(ipam={"type": "dhcp"})),
        ("ips-no-ipam", "annotation-invalid-ip", "warning", '["10.1.0.9"]', asked(ips=["10.1.0.9"]), config("macvlan", {})),
        ("static-no-address", "ipam-static-invalid", "", "press", "press", config(ipam={"type": "static"})),
        ("mac-ignored", "annotation-invalid-mac", "warning", '"02:00:00:00:00:01"', asked(mac="02:00:00:00:00:01"), config("ipvlan", HOST_LOCAL)),
        ("mac-not-unicast", "annotation-invalid-mac", "", '"01:00:00:00:00:01"', asked(mac="01:00:00:00:00:01"), config("macvlan")),
        ("mac-not-unicast", "annotation-invalid-mac", "", '"00:00:00:00:00:00"', asked(mac="00:00:00:00:00:00"), config()),
        ("mac-length", "annotation-invalid-mac", "", '"02:00:00:00:00:01:02:03"', asked(mac="02:00:00:00:00:01:02:03"), config()),
        ("key-dropped", "annotation-unknown-key", "info", '[{"hostPort": 1}]', asked(portMappings=[{"hostPort": 1}]), config()),
        ("key-dropped", "annotation-unknown-key", "info", '{"ingressRate": 1}', asked(bandwidth={"ingressRate": 1}), config()),
        (
            "route-unreachable",
            "route-conflict",
            "",
            '"10.1.0.1"',
            asked(default_route=["10.1.0.1"], ips=["10.2.0.4/24"]),
            config(ipam=STATIC, capabilities={"ips": True}),
        ),
        ("route-unreachable", "route-conflict", "", '"10.2.0.1"', asked(default_route=["10.2.0.1"]), config(ipam=HOST_LOCAL)),
        ("route-unreachable", "route-conflict", "", '"10.2.0.1"', asked(default_route=["10.2.0.1"]), config("macvlan", STATIC)),
    ],
)
def test_requests_that_a_nad_does_not_fulfil(what: str, rule: str, severity: str, place: str, request_: str, conf: Any) -> None:
    (fault,) = crossed(pod(request_), nad(conf), profile=KNOWN)
    assert (fault.what, fault.rule, fault.severity) == (f"annotation-{what}", rule, severity)
    assert shown(fault, request_) == place
    assert fault.captures["network"] == fault.captures["nad"] == "press"


def test_without_the_capability_the_addresses_of_the_nad_stay() -> None:
    found_ = crossed(pod(asked(default_route=["10.1.0.1"], ips=["10.2.0.4/24"])), nad(config(ipam=STATIC)))
    assert [f.what for f in found_] == ["annotation-ips-static-added"]


def test_static_addresses_get_the_prefix_length_of_their_subnet() -> None:
    (fault,) = crossed(pod(asked(ips=["10.1.0.9"])), nad(config(ipam=STATIC, capabilities={"ips": True})))
    assert fault.instead == '"10.1.0.9/24"'


@pytest.mark.parametrize(("args", "field"), [("x", "args"), ({"cni": []}, "args.cni")])
def test_cni_args_beside_args_that_are_no_object(args: Any, field: str) -> None:
    broken = nad(config(args=args))
    assert crossed(pod("press"), broken) == []
    ((resource, fault),) = cross(Objects([pod(asked(cni_args={"a": 1})), pod(asked(cni_args={"a": 1}), name="other"), broken]), STOCK)
    assert resource is broken
    assert (fault.rule, fault.captures["field"], fault.path) == ("nad-config-invalid-field", field, ("spec", "config"))


# --- one address for several pods ----------------------------------------------------------------------------------------


def test_a_fixed_address_in_several_replicas() -> None:
    fixed = asked(ips=["10.1.0.20"])
    assert crossed(pod(fixed, kind="Deployment", replicas=1), nad(config(ipam=HOST_LOCAL))) == []
    assert crossed(pod(fixed, kind="DaemonSet"), nad(config(ipam=HOST_LOCAL))) == []
    (fault,) = crossed(pod(fixed, kind="Deployment", replicas=2), nad(config(ipam=HOST_LOCAL)))
    assert (fault.rule, fault.what, fault.severity) == ("ipam-ip-unavailable", "annotation-fixed-by-replicas-host-local", "")
    (fault,) = crossed(pod(asked(mac="02:00:00:00:00:01"), kind="StatefulSet", replicas=3), nad(config()))
    assert (fault.rule, fault.what, fault.severity) == ("address-conflict", "annotation-fixed-by-replicas", "warning")


def test_a_fixed_address_in_two_objects() -> None:
    fixed = asked(ips=["10.1.0.20/24"])
    static = nad(config(ipam={"type": "static"}))
    (fault,) = crossed(pod(fixed), pod(fixed, name="b", kind="Deployment"), static)
    assert (fault.rule, fault.what, fault.severity, fault.values["other"]) == ("address-conflict", "annotation-fixed-twice", "warning", "Pod cell")
    (fault,) = crossed(pod(fixed), pod(fixed, name="b"), nad(config(ipam=HOST_LOCAL)))
    assert (fault.rule, fault.what) == ("ipam-ip-unavailable", "annotation-fixed-twice-host-local")
    ended = pod(fixed, name="b", status={"phase": "Succeeded"})
    assert crossed(pod(fixed), ended, static) == []
    assert crossed(pod(fixed), pod(asked(ips=["10.1.0.21/24"]), name="b"), static) == []


def test_a_pod_and_the_workload_that_made_it_ask_for_one_address() -> None:
    fixed = asked(ips=["10.1.0.20/24"])
    owned = pod(fixed, name="d-1")
    owned.body["metadata"]["ownerReferences"] = [{"kind": "ReplicaSet", "name": "d"}]
    assert crossed(pod(fixed, name="d", kind="Deployment"), owned, nad(config(ipam={"type": "static"}))) == []


# --- hostile input -------------------------------------------------------------------------------------------------------

HOSTILE = {
    "names": "A," * 20_000,
    "networks": "a," * 20_000,
    "interfaces": "a@x," * 20_000,
    "many names": ",".join(f"n{n}" for n in range(10_000)),
    "blanks": "a" + " " * 200_000 + "b",
    "blanks around": "a," + " " * 200_000 + ",a",
    "depth": "[" * 200_000,
    "depth in cni-args": '[{"name":"a","cni-args":{"x":' + "[" * 9_000 + "]" * 9_000 + "}}]",
    "elements": "[" + '{"name":"a","zzz":1},' * 6_000 + '{"name":"b"}]',
    "numbers": "[" + "1," * 20_000 + "1]",
    "quotes": "['" * 60_000,
    "commas": "," * 20_000,
    "yaml": "- name: x\n" * 30_000,
    "string": '["' + "\\\\" * 60_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_annotation_costs_little(name: str) -> None:
    value = HOSTILE[name]
    start = time.process_time()
    assert len(found(value)) <= 20
    assert len(crossed(pod(value), nad({"type": "bridge"}), profile=KNOWN)) <= 20
    assert time.process_time() - start < 4


def test_aliases_without_end_are_shown_in_part() -> None:
    bomb: list[Any] = ["x"]
    for _ in range(40):
        bomb = [bomb, bomb]
    (fault,) = found(bomb)
    assert (len(fault.values["value"]), fault.instead) == (140, "")
    assert found([{"name": bomb}])[0].instead == ""
    bomb.append(bomb)
    assert found(bomb)[0].what == "annotation-value-no-string"


# --- sentences -----------------------------------------------------------------------------------------------------------


def every_fault() -> Iterator[Fault]:
    for value in [*REFUSED, *ACCEPTED, *CURES, "press", *(m for _, _, mutate in MUTATIONS for m in map(mutate, VALID) if m is not None)]:
        yield from found(value)
        yield from found(value, key=DEFAULT_NETWORK)
    yield from found("a@eth_1", profile=Profile(version="4.16"))
    yield from found("x", key="k8s.v1.cni.cncf.io/network")
    for kind, meta in (("Deployment", {"annotations": {NETWORKS: "a"}}), ("Namespace", {"annotations": {NETWORKS: "a"}}), ("Pod", {"labels": {NETWORKS: "a"}})):
        yield from faults(Resource(kind, "line", "o", {"metadata": meta}, Where("x")), STOCK)
    both = pod("press", kind="Deployment")
    both.body["metadata"]["annotations"] = {NETWORKS: "weld"}
    yield from faults(both, STOCK)
    yield from faults(pod("press", spec={"hostNetwork": True}), STOCK)
    yield from found(5)
    yield from faults(Resource("Pod", "line", "p", {"metadata": {"annotations": []}}, Where("x")), STOCK)
    for value in (asked(ips=["10.1.0.20"]), asked(mac="02:00:00:00:00:01", ips=["10.1.0.20/24"])):
        for ipam in (HOST_LOCAL, STATIC, {"type": "static"}):
            yield from crossed(pod(value, kind="Deployment", replicas=2), pod(value), nad(config(ipam=ipam)))
    for mark in test_requests_that_a_nad_does_not_fulfil.pytestmark:  # type: ignore[attr-defined]
        for *_, request_, conf in mark.args[1]:
            yield from crossed(pod(request_), nad(conf))
    yield from crossed(pod("pres"), nad({"type": "bridge"}))
    yield from crossed(pod("other"), nad({"type": "bridge"}))
    yield from crossed(pod("press"), nad({"type": "bridge"}, namespace="tools"))
    yield from crossed(pod(asked(cni_args={})), nad(config(args=1)))


def test_every_fault_has_a_sentence_and_every_sentence_a_fault() -> None:
    seen: set[str] = set()
    for fault in every_fault():
        seen.add(fault.what)
        for text in WORDS[fault.what]:
            assert set(re.findall(r"\{(\w+)\}", text)) <= {*fault.captures, *fault.values}, fault
        assert isinstance(fault.captures, dict)
        assert isinstance(fault.values, dict)
    assert seen == set(WORDS)


@pytest.mark.parametrize("key", WORDS)
def test_both_languages_say_the_same(key: str) -> None:
    english, japanese = WORDS[key]
    assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", japanese))
    assert english.isascii()
    assert not japanese.isascii()
