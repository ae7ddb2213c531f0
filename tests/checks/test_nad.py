"""NADs: every example of the reference gives what upstream would do, each fault put into a good one is found, good ones are quiet."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diagnose.checks import nad
from diagnose.checks.fault import Fault, Objects, Profile
from diagnose.checks.ipam import KEYS
from diagnose.checks.plugin import COMMON, PLUGINS, STANDARD_PLUGINS
from diagnose.checks.words_nad import WORDS
from diagnose.model import Resource, Where

EVERY = Profile(plugins=STANDARD_PLUGINS)


def resource(config: object, name: str = "press", namespace: str = "line", **meta: Any) -> Resource:
    """Return a NAD; a config that is no string is written as JSON."""
    text = config if isinstance(config, str) or config is None else json.dumps(config, indent=2)
    spec = {} if text is None else {"config": text}
    body = {"apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition", "metadata": {"name": name, **meta}, "spec": spec}
    return Resource("NetworkAttachmentDefinition", namespace, name, body, Where("x"))


def found(config: object, profile: Profile | None = None, **meta: Any) -> list[Fault]:
    return list(nad.faults(resource(config, **meta), profile or Profile()))


def marks(faults: list[Fault]) -> list[tuple[str, str]]:
    return [(f.what, f.severity or "error") for f in faults]


def said(fault: Fault) -> str:
    """Return the English sentence, with nothing left to fill in."""
    values = {**fault.captures, **fault.values}
    english, japanese = (re.sub(r"\{([a-z_]+)\}", lambda m: values[m[1]], text) for text in WORDS[fault.what])
    assert japanese
    return english


HOST_LOCAL = {"type": "host-local", "ranges": [[{"subnet": "10.5.0.0/24", "rangeStart": "10.5.0.20", "rangeEnd": "10.5.0.50", "gateway": "10.5.0.254"}]]}
STATIC = {"type": "static", "addresses": [{"address": "10.5.1.7/24", "gateway": "10.5.1.1"}]}
GOOD: dict[str, dict[str, Any]] = {
    "bridge": {
        "cniVersion": "0.4.0", "type": "bridge", "bridge": "br-press", "isGateway": True, "ipMasq": True, "mtu": 1400, "vlan": 7, "hairpinMode": True,
        "promiscMode": False, "vlanTrunk": [{"id": 5}, {"minID": 7, "maxID": 9}], "ipam": HOST_LOCAL, "dns": {"nameservers": ["10.5.0.1"]},
    },
    "bridge-dhcp": {"cniVersion": "0.3.1", "type": "bridge", "bridge": "br-press", "ipam": {"type": "dhcp"}},
    "bridge-l2": {"cniVersion": "0.4.0", "name": "press", "type": "bridge", "disableContainerInterface": True, "ipam": {}},
    "macvlan": {"cniVersion": "1.0.0", "type": "macvlan", "master": "enp3s0", "mode": "passthru", "mac": "02:00:00:00:00:07", "mtu": 0, "ipam": STATIC, "capabilities": {"mac": True, "ips": True}},
    "macvlan-l2": {"cniVersion": "0.3.0", "type": "macvlan"},
    "ipvlan": {"cniVersion": "0.4.0", "type": "ipvlan", "master": "enp3s0", "mode": "l3s", "linkInContainer": False, "ipam": STATIC},
    "list": {"cniVersion": "0.4.0", "name": "press", "plugins": [{"type": "bridge", "bridge": "br-press", "ipam": HOST_LOCAL}]},
}  # fmt: skip
INSTALLED: dict[str, dict[str, Any]] = {
    "tuned": {"cniVersion": "0.4.0", "plugins": [{"type": "bridge", "ipam": HOST_LOCAL}, {"type": "tuning", "sysctl": {"net.core.somaxconn": "500"}}]},
    "limited": {"cniVersion": "0.4.0", "plugins": [{"type": "bridge", "ipam": HOST_LOCAL}, {"type": "bandwidth", "ingressRate": 1000}]},
    "vlan": {"cniVersion": "0.4.0", "type": "vlan", "master": "enp3s0", "vlanId": 7, "ipam": STATIC},
    "host-device": {"cniVersion": "0.4.0", "type": "host-device", "device": "enp9s0"},
    "ptp": {"cniVersion": "0.4.0", "type": "ptp", "ipMasq": True, "ipam": HOST_LOCAL},
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_nad_is_quiet(name: str) -> None:
    assert found(GOOD[name]) == []


@pytest.mark.parametrize("name", INSTALLED)
def test_a_plugin_of_the_standard_set_is_quiet_where_it_was_installed(name: str) -> None:
    assert found(INSTALLED[name], EVERY) == []
    assert ("nad-plugin-standard", "error") in marks(found(INSTALLED[name]))


def test_objects_of_other_kinds_are_left_alone() -> None:
    pod = Resource("Pod", "line", "press", {"spec": {"config": "{"}}, Where("x"))
    assert list(nad.faults(pod, Profile())) == []
    assert list(nad.cross(Objects([pod]), Profile())) == []


# --- mutations --------------------------------------------------------------------------------------------------------


def put(*path: Any) -> Callable[[dict[str, Any]], None]:
    """Return a mutation that sets the last of `path` at the keys before it."""
    *keys, last, value = path

    def mutate(config: dict[str, Any]) -> None:
        for key in keys:
            config = config[key]
        config[last] = value

    return mutate


def drop(*path: Any) -> Callable[[dict[str, Any]], None]:
    """Return a mutation that removes a key."""
    *keys, last = path

    def mutate(config: dict[str, Any]) -> None:
        for key in keys:
            config = config[key]
        del config[last]

    return mutate


FIELD, VERSION, HINT, CHAIN = "nad-config-invalid-field", "nad-cniversion-unsupported", "nad-config-invalid-field:info", "nad-chain-invalid"
MUTATIONS: list[tuple[str, Callable[[dict[str, Any]], None], str, str]] = [
    ("bridge", put("cniVersion", "latest"), VERSION, "nad-version-unknown"),
    ("bridge", put("cniVersion", "0.5.0"), VERSION, "nad-version-unknown"),
    ("bridge", put("cniVersion", 0.4), FIELD, "nad-type"),
    ("bridge", put("cniVersion", "1.1.0"), HINT, "nad-version-new"),
    ("bridge", drop("cniVersion"), HINT, "nad-version-missing"),
    ("list", put("cniVersion", 1), FIELD, "nad-type"),
    ("macvlan-l2", put("cniVersion", "0.2.0"), VERSION, "nad-version-layer2"),
    ("macvlan-l2", drop("cniVersion"), VERSION, "nad-version-layer2"),
    ("bridge", drop("type"), "nad-config-missing-type", "nad-type-missing"),
    ("bridge", put("type", ""), "nad-config-missing-type", "nad-type-missing"),
    ("bridge", put("type", 5), FIELD, "nad-type"),
    ("list", put("cniVersion", "latest"), VERSION, "nad-version-unknown"),
    ("list", put("frobnicate", True), HINT, "nad-key-unknown"),
    ("list", put("plugins", []), "nad-config-missing-type", "nad-plugins-empty"),
    ("list", put("plugins", {}), FIELD, "nad-type"),
    ("list", put("plugins", ["bridge"]), FIELD, "nad-type"),
    ("list", drop("plugins", 0, "type"), "nad-config-missing-type", "nad-entry-type"),
    ("list", put("plugins", 0, "type", 1), FIELD, "nad-type"),
    ("list", put("bridge", "br-press"), HINT, "nad-key-list"),
    ("list", put("type", "bridge"), HINT, "nad-both"),
    ("bridge", put("name", "press net"), "nad-config-missing-name", "nad-name-characters"),
    ("bridge", put("name", "-press"), "nad-config-missing-name", "nad-name-characters"),
    ("bridge", put("name", 7), FIELD, "nad-type"),
    ("bridge", put("name", "other"), HINT, "nad-name-other"),
    ("bridge", put("type", "brigde"), "cni-plugin-missing", "nad-plugin-near"),
    ("bridge", put("type", "Bridge"), "cni-plugin-missing", "nad-plugin-near"),
    ("bridge-dhcp", put("type", "ovs"), "cni-plugin-missing", "nad-plugin-missing"),
    ("bridge-dhcp", put("type", "dhcp"), "nad-config-invalid-field:warning", "nad-type-ipam"),
    ("bridge", put("mode", "bridge"), HINT, "nad-key-foreign"),
    ("bridge", put("master", "enp3s0"), HINT, "nad-key-foreign"),
    ("bridge", put("vlanId", 7), HINT, "nad-key-foreign"),
    ("bridge", put("isGatway", True), HINT, "nad-key-near"),
    ("bridge", put("frobnicate", True), HINT, "nad-key-unknown"),
    ("bridge", put("subnet", "10.5.0.0/24"), HINT, "nad-key-ipam"),
    ("bridge", put("resourceName", "intel.com/sriov"), HINT, "nad-key-resource"),
    ("bridge", put("bridge", ""), FIELD, "nad-bridge-empty"),
    ("bridge", put("bridge", "br-ex"), "bridge-conflict", "nad-bridge-ovs"),
    ("bridge", put("bridge", "br-a-very-long-name"), FIELD, "nad-interface-long"),
    ("bridge", put("bridge", "br/press"), FIELD, "nad-interface-characters"),
    ("bridge", put("bridge", ["br-press"]), FIELD, "nad-type"),
    ("bridge", put("bridge", "br-press-line1"), FIELD, "nad-vlan-interface"),
    ("bridge", put("vlan", 4095), FIELD, "nad-vlan-range"),
    ("bridge", put("vlan", -1), FIELD, "nad-vlan-range"),
    ("bridge", put("vlan", "7"), FIELD, "nad-type"),
    ("bridge", put("vlan", 7.0), FIELD, "nad-type"),
    ("bridge", put("vlanTrunk", 0, "id", 0), FIELD, "nad-trunk-range"),
    ("bridge", put("vlanTrunk", 1, "maxID", 5000), FIELD, "nad-trunk-range"),
    ("bridge", put("vlanTrunk", 1, "maxID", 6), FIELD, "nad-trunk-order"),
    ("bridge", drop("vlanTrunk", 1, "maxID"), FIELD, "nad-trunk-half"),
    ("bridge", put("vlanTrunk", 0, 5), FIELD, "nad-type"),
    ("bridge", put("mtu", "1400"), FIELD, "nad-type"),
    ("bridge", put("mtu", 67), FIELD, "nad-mtu-kernel"),
    ("bridge", put("mtu", 70000), FIELD, "nad-mtu-kernel"),
    ("bridge", put("mtu", -5), HINT, "nad-mtu-negative"),
    ("bridge", put("isGateway", "true"), FIELD, "nad-type"),
    ("bridge", put("promiscMode", True), FIELD, "nad-hairpin-promisc"),
    ("bridge", put("disableContainerInterface", True), FIELD, "nad-no-interface-ipam"),
    ("bridge", put("ipMasqBackend", "pf"), FIELD, "nad-masq-backend"),
    ("bridge", put("isGateway", False), HINT, "nad-masq-alone"),
    ("bridge", put("isDefaultGateway", True), HINT, "nad-default-gateway"),
    ("bridge-l2", put("isGateway", True), HINT, "nad-gateway-idle"),
    ("bridge", put("ipam", "ranges", 0, 0, "gateway", "10.6.0.1"), "nad-config-invalid-field:info", "ipam-gateway-outside"),
    ("bridge", put("ipam", "ranges", [[{"subnet": "10.5.0.0/24"}], [{"subnet": "10.6.0.0/24"}]]), "bridge-conflict", "nad-bridge-gateways"),
    ("bridge", lambda c: (c.update(isDefaultGateway=True), c["ipam"]["ranges"][0][0].update(gateway="10.6.0.1")), "route-conflict", "ipam-route-gateway"),
    ("bridge-dhcp", put("args", "x"), FIELD, "nad-type"),
    ("ipvlan", put("args", "x"), FIELD, "nad-type"),
    ("bridge", put("prevResult", []), FIELD, "nad-type"),
    ("bridge", put("dns", "nameservers", "10.5.0.1"), FIELD, "nad-type"),
    ("bridge", put("ipam", "dhcp"), FIELD, "nad-type"),
    ("bridge", put("ipam", "type", ["dhcp"]), FIELD, "nad-type"),
    ("bridge", drop("ipam", "type"), "ipam-type-unsupported:warning", "ipam-no-type"),
    ("bridge", put("ipam", "type", "host_local"), "ipam-type-unsupported", "ipam-near"),
    ("macvlan", put("mode", "bridged"), FIELD, "nad-mode"),
    ("macvlan", put("mode", "l2"), FIELD, "nad-mode"),
    ("macvlan", put("mode", "Bridge"), FIELD, "nad-mode"),
    ("macvlan", put("mtu", -1), FIELD, "nad-mtu-master"),
    ("macvlan", put("mac", "02:00:00"), FIELD, "nad-mac"),
    ("macvlan", put("mac", "01:00:5e:00:00:01"), FIELD, "nad-mac-unicast"),
    ("macvlan", put("mac", "00:00:00:00:00:00"), FIELD, "nad-mac-unicast"),
    ("macvlan", put("bcqueuelen", -1), FIELD, "nad-type"),
    ("macvlan", put("linkInContainer", "no"), FIELD, "nad-type"),
    ("macvlan", put("bridge", "br-press"), HINT, "nad-key-foreign"),
    ("macvlan", put("vlan", 7), HINT, "nad-key-foreign"),
    ("macvlan", put("master", "br-ex"), "no-connectivity:warning", "nad-master-ovs"),
    ("macvlan", put("master", "lo"), FIELD, "nad-master-lo"),
    ("macvlan", put("master", "enp3s0 "), "master-interface-not-found", "nad-master-name"),
    ("macvlan", put("capabilities", "mac", "yes"), FIELD, "nad-type"),
    ("macvlan", put("capabilities", ["mac"]), FIELD, "nad-type"),
    ("macvlan", put("capabilities", "ip", True), HINT, "nad-capability-near"),
    ("macvlan", put("capabilities", "speed", True), HINT, "nad-capability-unknown"),
    ("ipvlan", put("mode", "bridge"), FIELD, "nad-mode"),
    ("ipvlan", put("mtu", 10), FIELD, "nad-mtu-kernel"),
    ("ipvlan", drop("ipam"), "ipam-type-unsupported", "ipam-required"),
    ("ipvlan", put("ipam", {"type": "dhcp"}), "ipvlan-dhcp-unsupported", "ipam-ipvlan-dhcp"),
    ("ipvlan", put("capabilities", {"mac": True}), HINT, "nad-capability-mac"),
    ("ipvlan", put("mac", "02:00:00:00:00:07"), HINT, "nad-key-foreign"),
    ("ipvlan", put("master", "lo"), FIELD, "nad-master-lo"),
    ("vlan", put("master", "br-ex"), "no-connectivity:warning", "nad-master-ovs"),
    ("vlan", put("mtu", -1), FIELD, "nad-mtu-master"),
    ("bridge", put("vlanTrunk", 0, "id", "5"), FIELD, "nad-type"),
    ("bridge", put("vlanTrunk", 0, "minId", 5), FIELD, "nad-trunk-half"),
    ("bridge", put("vlanTrunk", 0, "vlan", 5), HINT, "nad-key-unknown"),
    ("macvlan-l2", put("type", "static"), "ipam-type-unsupported", "ipam-key-missing"),
    ("vlan", put("vlanId", 4095), FIELD, "nad-vlan-range"),
    ("vlan", drop("master"), FIELD, "nad-vlan-master"),
    ("vlan", drop("ipam"), "ipam-type-unsupported", "ipam-required"),
    ("ptp", drop("ipam"), "ipam-type-unsupported", "ipam-required"),
    ("host-device", drop("device"), FIELD, "nad-device-none"),
    ("host-device", put("device", ""), FIELD, "nad-device-none"),
    ("host-device", lambda c: (c.pop("device"), c.update(hwaddr="02:00")), FIELD, "nad-hwaddr"),
    ("host-device", lambda c: (c.pop("device"), c.update(kernelpath="/sys/class/net")), FIELD, "nad-kernelpath"),
    ("tuned", drop("plugins", 0), CHAIN, "nad-chain-first"),
    ("limited", put("plugins", 0, {"type": "macvlan", "ipam": STATIC}), CHAIN, "nad-chain-bandwidth"),
    ("limited", put("cniVersion", "0.2.0"), VERSION, "nad-version-least"),
    ("tuned", put("plugins", 1, {"type": "macvlan", "ipam": STATIC}), CHAIN, "nad-chain-main"),
]  # fmt: skip


@pytest.mark.parametrize(("base", "mutate", "rule", "what"), MUTATIONS, ids=[f"{b}-{w}-{n}" for n, (b, _, _, w) in enumerate(MUTATIONS)])
def test_a_fault_put_into_a_good_nad_is_found_with_its_place(base: str, mutate: Callable[[dict[str, Any]], None], rule: str, what: str) -> None:
    config = copy.deepcopy({**GOOD, **INSTALLED}[base])
    mutate(config)
    text = json.dumps(config, indent=2)
    faults = found(text, EVERY if base in INSTALLED else None)
    wanted, _, severity = rule.partition(":")
    fault = next((f for f in faults if f.what == what), None)
    assert fault is not None, marks(faults)
    assert (fault.rule, fault.severity) == (wanted, severity)
    assert fault.path == ("spec", "config")
    assert fault.spot is not None
    assert 0 <= fault.spot.offset < fault.spot.offset + fault.spot.length <= len(text)
    assert "^" in fault.text
    assert said(fault)
    # What stands beside it is a hint, the same kind of fault, or a fault that follows from it.
    errors = {f.rule for f in faults if f.severity == ""}
    assert errors <= {wanted, "cni-plugin-missing"}


def test_a_version_of_another_type_is_one_fault() -> None:
    assert marks(found({**GOOD["bridge-dhcp"], "cniVersion": 0.4})) == [("nad-type", "error")]


def test_places_are_those_of_the_values() -> None:
    text = '{"cniVersion": "0.4.0", "type": "bridge", "bridge": "br-press",\n "vlan": 5000, "mode": "x"}'
    spots = {f.what: text[f.spot.offset : f.spot.offset + f.spot.length] for f in found(text) if f.spot}
    assert spots == {"nad-vlan-range": "5000", "nad-key-foreign": '"mode"'}


@pytest.mark.parametrize(
    ("config", "what", "instead"),
    [
        ('{"cniVersion": "0.4", "type": "bridge"}', "nad-version-unknown", '"0.4.0"'),
        ('{"cniVersion": "v1.0.0", "type": "bridge"}', "nad-version-unknown", '"1.0.0"'),
        ('{"cniVersion": "0.4.0", "type": "brigde"}', "nad-plugin-near", '"bridge"'),
        ('{"cniVersion": "0.4.0", "type": "bridge", "mtu": "1400"}', "nad-type", "1400"),
        ('{"cniVersion": "0.4.0", "type": "bridge", "isGatway": true}', "nad-key-near", '"isGateway"'),
        ('{"cniVersion": "0.4.0", "type": "macvlan", "mode": "Private"}', "nad-mode", '"private"'),
        ('{"cniVersion": "0.4.0", "Typ": "macvlan"}', "nad-type-near", '"type"'),
        ('{"cniVersion": "0.4.0", "type": "bridge", "name": "plant net #1"}', "nad-name-characters", '"plant-net-1"'),
    ],
)
def test_it_says_what_to_write_where_that_is_sure(config: str, what: str, instead: str) -> None:
    assert [f.instead for f in found(config) if f.what == what] == [instead]


# --- text that is no JSON ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "what", "place", "reason"),
    [
        ('{\n "type": "bridge",\n}', "nad-json-trailing-comma", "line 2, column 18", "invalid character '}' looking for beginning of object key string"),
        (
            '{\n "cniVersion": "0.3.1"\n "type": "ipvlan"\n}',
            "nad-json-missing-comma",
            "line 2, column 22",
            "invalid character '\"' after object key:value pair",
        ),
        ("{'type': 'bridge'}", "nad-json-single-quote", "line 1, column 2", "invalid character '\\'' looking for beginning of object key string"),
        ("{“type”: “bridge”}", "nad-json-smart-quote", "line 1, column 2", "invalid character 'â' looking for beginning of object key string"),
        ('{"type": "bridge" // the line\n}', "nad-json-comment", "line 1, column 19", "invalid character '/' after object key:value pair"),
        ('{"type": "bridge", "ipam": {"type": "dhcp"}', "nad-json-unclosed", "line 1, column 43", "unexpected end of JSON input"),
        ('{"type": "bridge", "ipam": {"type": "dhcp"]}', "nad-json-unexpected", "line 1, column 43", "invalid character ']' after object key:value pair"),
        ('{"ipam": {"routes": [{"dst": "x"}}}', "nad-json-mismatch", "line 1, column 34", "invalid character '}' after array element"),
        ('{"type": "bridge"}}', "nad-json-extra", "line 1, column 19", "invalid character '}' after top-level value"),
        ("{type: bridge}", "nad-json-unquoted", "line 1, column 2", "invalid character 't' looking for beginning of object key string"),
        ('{"isGateway": True}', "nad-json-word", "line 1, column 15", "invalid character 'T' looking for beginning of value"),
        (" \n", "nad-json-blank", "line 1, column 1", "unexpected end of JSON input"),
        ("type: bridge\ncniVersion: 0.4.0\n", "nad-json-yaml", "line 1, column 1", "invalid character 'y' in literal true (expecting 'r')"),
    ],
)
def test_text_that_is_no_json_is_told_by_kind_place_and_in_go_s_words(text: str, what: str, place: str, reason: str) -> None:
    fault = found(text)[0]
    assert (fault.rule, fault.what, fault.captures["reason"]) == ("nad-config-invalid-json", what, reason)
    assert place in fault.text
    assert said(fault)


def test_yaml_comes_back_as_json() -> None:
    fault = found("type: bridge\nbridge: br-press\nipam:\n  type: dhcp\ncniVersion: 0.4.0\n")[0]
    assert json.loads(fault.instead) == {"type": "bridge", "bridge": "br-press", "ipam": {"type": "dhcp"}, "cniVersion": "0.4.0"}


def test_yaml_that_json_cannot_hold_or_that_grows_without_bounds_is_only_told() -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(24))
    for text in (bomb, "2026-01-01: x\ntype: bridge\n", "a: [\n"):
        fault = found(text)[0]
        assert (fault.rule, fault.instead[:1] == "{") == ("nad-config-invalid-json", False)
    body = {"metadata": {"name": "press"}, "spec": {"config": {("a", "b"): 1}, 5: 6}}
    assert marks(list(nad.faults(Resource("NetworkAttachmentDefinition", "line", "press", body, Where("x")), Profile()))) == [("nad-not-string", "error")]


def test_a_cut_config_is_not_blamed_for_what_is_missing() -> None:
    assert marks(found('{"cniVersion":"0.4.0","type":"macvlan","master":"enp3s0","ipam":{"type":"static"')) == [("nad-json-unclosed", "error")]


@pytest.mark.parametrize("value", ["[]", '[{"type":"bridge"}]', '"bridge"', "5", "true", "null"])
def test_json_that_is_no_object(value: str) -> None:
    assert [(f.rule, f.what) for f in found(value)] == [("nad-config-invalid-json", "nad-json-no-object")]


@pytest.mark.parametrize(
    ("spec", "rule", "what", "path"),
    [
        ({}, "nad-config-empty", "nad-empty", ("spec",)),
        (None, "nad-config-empty", "nad-empty", ("spec",)),
        ({"config": ""}, "nad-config-empty", "nad-empty", ("spec", "config")),
        ({"Config": "{}"}, "nad-config-empty", "nad-empty-near", ("spec", "Config")),
        ({"config": {"type": "bridge"}}, "nad-config-invalid-json", "nad-not-string", ("spec", "config")),
        ({"config": ["bridge"]}, "nad-config-invalid-json", "nad-not-string", ("spec", "config")),
        ({"config": 5}, "nad-config-invalid-json", "nad-not-string", ("spec", "config")),
    ],
)
def test_a_config_that_is_not_there_or_no_text(spec: object, rule: str, what: str, path: tuple[str, ...]) -> None:
    body = {"metadata": {"name": "press"}, "spec": spec}
    faults = list(nad.faults(Resource("NetworkAttachmentDefinition", "line", "press", body, Where("x")), Profile()))
    assert [(f.rule, f.what, f.path) for f in faults] == [(rule, what, path)]
    assert said(faults[0])


KEY = st.sampled_from(
    sorted(
        {*COMMON, *(k for keys in (*PLUGINS.values(), *KEYS.values()) for k in keys), "plugins", "dst", "gw", "address", "option", "id", "minID", "ips", "cni"}
    )
)
LEAF = st.none() | st.booleans() | st.integers(-5, 5000) | st.floats(allow_nan=False, allow_infinity=False)
WORD = st.sampled_from(
    [
        "",
        "bridge",
        "macvlan",
        "ipvlan",
        "vlan",
        "host-device",
        "tuning",
        "bandwidth",
        "host-local",
        "static",
        "dhcp",
        "10.5.0.0/24",
        "10.5.0.7/24",
        "10.5.0.7",
        "fd10::/64",
        "0.2.0",
        "br-ex",
        "l3",
        "x y",
    ]
)
ANY = st.recursive(LEAF | WORD, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEY, inner, max_size=5), max_leaves=10)


@st.composite
def configs(draw: st.DrawFn) -> dict[str, Any]:
    config = copy.deepcopy(draw(st.sampled_from([*GOOD.values(), *INSTALLED.values()])))
    for key, value in draw(st.dictionaries(KEY, ANY, max_size=3)).items():
        place = draw(st.sampled_from([config, *(c for c in (config.get("ipam"), config.get("dns"), config.get("capabilities")) if isinstance(c, dict))]))
        place[key] = value
    return config


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(configs(), min_size=1, max_size=3), st.booleans())
def test_whatever_stands_in_a_config_is_judged_and_told(made: list[dict[str, Any]], every: bool) -> None:
    profile = EVERY if every else Profile(links=frozenset({"enp3s0"}))
    nads = [resource(config, name=f"n{i}") for i, config in enumerate(made)]
    for fault in [*(f for one in nads for f in nad.faults(one, profile)), *(f for _, f in nad.cross(Objects(nads), profile))]:
        assert said(fault)
        assert fault.spot is not None


# --- the references' examples -----------------------------------------------------------------------------------------

GUIDE = """{
      "cniVersion": "0.4.0",
      "type": "bridge",
      "bridge": "br-test",
      "mode": "bridge",
      "ipam": {
        "type": "host-local",
        "ranges": [
          [
            {
              "subnet": "10.10.0.0/24",
              "rangeStart": "10.10.0.20",
              "rangeEnd": "10.10.0.50",
              "gateway": "10.10.0.254"
            }
          ],
          [
            {
              "subnet": "fd00:IJKL:MNOP:10::0/64",
              "rangeStart": "fd00:IJKL:MNOP:10::1",
              "rangeEnd": "fd00:IJKL:MNOP:10::9"
            "dataDir": "/var/lib/cni/br-test"
      }
  }"""


def test_the_guide_s_example_shows_each_of_its_errata_at_once() -> None:
    faults = found(GUIDE, name="bridge-conf")
    told = [(f.rule, f.severity or "error", f.what, re.search(r"line \d+", f.text)[0]) for f in faults]
    assert told == [
        ("nad-config-invalid-json", "error", "nad-json-missing-comma", "line 21"),  # E2
        ("nad-config-invalid-json", "error", "nad-json-mismatch", "line 24"),  # E2
        ("nad-config-invalid-field", "info", "nad-key-foreign", "line 5"),  # E4
        ("ipam-invalid-range", "error", "ipam-subnet-letters", "line 19"),  # E3
        ("ipam-invalid-range", "error", "ipam-address-letters", "line 20"),
        ("ipam-invalid-range", "error", "ipam-address-letters", "line 21"),
    ]
    assert faults[0].captures["reason"] == "invalid character '\"' after object key:value pair"
    assert said(faults[2]) == 'bridge has no key "mode" (macvlan, ipvlan has); it is ignored'
    assert "IJKLMNOP" in said(faults[3])


def test_the_guide_s_example_mended_keeps_only_the_hint_on_mode() -> None:
    text = GUIDE.replace("IJKL:MNOP", "1:2").replace('10::9"\n', '10::9"}]],\n')
    assert marks(found(text, name="bridge-conf")) == [("nad-key-foreign", "info")]


CI = {
    "cniVersion": "0.4.0",
    "type": "bridge",
    "bridge": "br-preexisting",
    "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.10.1.0/24"}]], "dataDir": "/var/lib/cni/br-test"},
}
REFERENCE: list[tuple[str, object, Profile | None, list[tuple[str, str]]]] = [
    ("microshift.md 12: bridge-preexisting-conf", {**CI, "mode": "bridge"}, None, [("nad-key-foreign", "info")]),
    ("microshift.md 12: macvlan-conf", {"cniVersion": "0.4.0", "name": "test", "type": "macvlan", "master": "enp1s0", "mode": "bridge", "ipam": {"type": "dhcp"}}, None, [("nad-name-other", "info")]),
    ("microshift.md 12: ipvlan-conf", {"cniVersion": "0.4.0", "name": "test", "type": "ipvlan", "master": "enp7s0", "mode": "l2", "ipam": {"type": "static", "addresses": [{"address": "192.168.112.2/24"}]}}, None, [("nad-name-other", "info")]),
    ("plugins.md 5: vlan without ipam", {"cniVersion": "0.4.0", "type": "vlan", "master": "enp1s0"}, EVERY, [("ipam-required", "error")]),
    ("plugins.md 5: dummy without ipam", {"cniVersion": "0.4.0", "type": "dummy"}, EVERY, [("ipam-required", "error")]),
    *((f"plugins.md 5: {p} alone", {"cniVersion": "0.4.0", "type": p}, EVERY, [("nad-chain-first", "error")]) for p in ("tuning", "portmap", "bandwidth", "firewall", "sbr", "vrf")),
    ("plugins.md 1: keys in any case", {"cniVersion": "0.4.0", "type": "bridge", "isgateway": True, "ipam": HOST_LOCAL}, None, []),
    ("annotations.md 5.4: type and plugins", {"cniVersion": "0.4.0", "type": "bridge", "plugins": [{"type": "nonsense"}]}, None, [("nad-both", "info"), ("nad-key-unknown", "info")]),
    ("plugins.md 2: macvlan without master", {"cniVersion": "0.4.0", "type": "macvlan", "ipam": {"type": "dhcp"}}, None, []),
    ("plugins.md 2: ipam gives no type", {"cniVersion": "0.4.0", "type": "macvlan", "ipam": {"subnet": "10.5.0.0/24"}}, None, [("ipam-no-type", "warning")]),
    ("macvlan reads no args, dhcp neither", {"cniVersion": "0.4.0", "type": "macvlan", "args": "x", "ipam": {"type": "dhcp"}}, None, []),
    ("plugins.md 2: null is not there", {"cniVersion": "0.4.0", "type": "bridge", "mtu": None, "ipam": None}, None, []),
]  # fmt: skip


@pytest.mark.parametrize(("config", "profile", "expected"), [c[1:] for c in REFERENCE], ids=[c[0] for c in REFERENCE])
def test_examples_of_the_references(config: object, profile: Profile | None, expected: list[tuple[str, str]]) -> None:
    assert marks(found(config, profile)) == expected


# --- what the profile tells -------------------------------------------------------------------------------------------


def test_a_master_is_missing_only_where_the_links_are_known() -> None:
    config = {"cniVersion": "0.4.0", "type": "macvlan", "master": "enp3so", "ipam": {"type": "dhcp"}}
    assert found(config) == []
    near = found(config, Profile(links=frozenset({"lo", "enp3s0", "br-ex"})))
    assert [(f.rule, f.what, f.instead) for f in near] == [("master-interface-not-found", "nad-master-near", '"enp3s0"')]
    assert marks(found({**config, "master": "bond0"}, Profile(links=frozenset({"lo", "enp3s0"})))) == [("nad-master-missing", "error")]
    assert found({**config, "linkInContainer": True}, Profile(links=frozenset({"lo"}))) == []
    assert marks(found({"cniVersion": "0.4.0", "type": "host-device", "device": "eno9"}, Profile(plugins=STANDARD_PLUGINS, links=frozenset({"lo"})))) == [
        ("nad-device-missing", "error")
    ]


def test_a_device_plugin_brings_the_device_of_a_resource() -> None:
    annotations = {"k8s.v1.cni.cncf.io/resourceName": "vendor/nic"}
    assert found({"cniVersion": "0.4.0", "type": "host-device"}, EVERY, annotations=annotations) == []
    wrong = found(GOOD["bridge"], annotations={"k8s.v1.cni.cncf.io/resourcename": "vendor/nic"})
    assert marks(wrong) == [("nad-resource-key", "info")]
    assert wrong[0].path == ("metadata", "annotations", "k8s.v1.cni.cncf.io/resourcename")


def test_a_name_with_a_dot_cannot_stand_in_a_comma_list() -> None:
    assert marks(found(GOOD["bridge"], name="press.one")) == [("nad-name-dot", "info")]


def test_a_key_that_stands_twice() -> None:
    assert marks(found('{"cniVersion": "0.4.0", "type": "bridge", "mtu": 1400, "mtu": 1500}')) == [("nad-key-twice", "info")]


def test_captures_fill_the_texts_of_the_rules() -> None:
    fault = found({**GOOD["bridge"], "name": "shared", "vlan": 5000})[-1]
    assert fault.captures == {"nad": "press", "nad_namespace": "line", "network": "shared", "field": "vlan", "value": "5000"}
    assert found({"cniVersion": "0.4.0", "type": "ovs"})[0].captures["plugin"] == "ovs"
    assert found({**GOOD["bridge"], "ipam": {"type": "whereabouts"}})[0].captures["ipam"] == "whereabouts"


def test_a_long_line_is_cut_around_the_place() -> None:
    fault = found(json.dumps({"cniVersion": "0.4.0", "type": "bridge", "args": {"x": "y" * 500}, "vlan": 5000}))[0]
    line, carets = fault.text.split("\n")
    assert len(line) <= 140
    assert line[carets.index("^") :].startswith("5000")


# --- several NADs -----------------------------------------------------------------------------------------------------


def bridged(subnet: str, **keys: Any) -> dict[str, Any]:
    ipam = {"type": "host-local", "ranges": [[{"subnet": subnet}]]}
    return {"cniVersion": "0.4.0", "type": "bridge", "bridge": "br0", "ipam": ipam, **keys}


def on_master(kind: str, **keys: Any) -> dict[str, Any]:
    return {"cniVersion": "0.4.0", "type": kind, "master": "enp3s0", "ipam": {"type": "dhcp"}, **keys}


def crossed(*configs: object, profile: Profile | None = None) -> list[tuple[str, str, str, str]]:
    objects = Objects([resource(c, name=f"n{i}") for i, c in enumerate(configs)])
    faults = list(nad.cross(objects, profile or Profile()))
    for one, fault in faults:
        assert said(fault)
        assert fault.captures["nad"] == one.name
    return [(r.name, f.rule, f.severity or "rule", f.what) for r, f in faults]


A, B, SAME = "10.5.0.0/24", "10.6.0.0/24", "10.5.0.128/25"
STATIC_A = {"cniVersion": "0.4.0", "type": "bridge", "bridge": "br0", "ipam": {"type": "static", "addresses": [{"address": "10.5.0.7/24"}]}}
CROSS: list[tuple[str, tuple[object, ...], list[tuple[str, str, str, str]]]] = [
    ("apart", (bridged(A), bridged(B)), []),
    ("overlap on one bridge", (bridged(A), bridged(SAME)), [("n1", "network-overlap", "rule", "nad-overlap-nads")]),
    ("overlap on two bridges", (bridged(A), bridged(A, bridge="br1")), []),
    ("overlap in two VLANs", (bridged(A, vlan=5), bridged(A, vlan=6)), []),
    ("one name, one store", (bridged(A, name="shared"), bridged(A, name="shared")), []),
    ("one name, two ranges", (bridged(A, name="shared"), bridged(B, name="shared")), [("n1", "network-overlap", "info", "nad-store-shared")]),
    ("one name, two data dirs", ({**bridged(A, name="s")}, {**bridged(A, name="s"), "ipam": {**bridged(A)["ipam"], "dataDir": "/var/lib/cni/x"}}), [("n1", "network-overlap", "rule", "nad-overlap-nads")]),
    ("static inside a pool", (bridged(A), STATIC_A), [("n1", "network-overlap", "rule", "nad-overlap-nads")]),
    ("two static of one address", (STATIC_A, STATIC_A), [("n1", "network-overlap", "rule", "nad-overlap-nads")]),
    ("two gateways", (bridged(A, isGateway=True), bridged(B, isGateway=True)), [("n1", "bridge-conflict", "rule", "nad-bridge-two")]),
    ("two gateways of two families", (bridged(A, isGateway=True), bridged("fd10::/64", isGateway=True)), []),
    ("two IPv6 gateways", (bridged("fd10::/64", isGateway=True), bridged("fd11::/64", isGateway=True)), []),
    ("two forced gateways", (bridged(A, isGateway=True, forceAddress=True), bridged(B, isDefaultGateway=True, forceAddress=True)), [("n1", "bridge-conflict", "warning", "nad-bridge-forced")]),
    ("VLAN and none", (bridged(A), bridged(B, vlan=5)), [("n1", "bridge-conflict", "warning", "nad-bridge-vlan")]),
    ("two MTUs", (bridged(A, mtu=1400), bridged(B)), [("n1", "bridge-conflict", "info", "nad-bridge-mtu")]),
    ("macvlan and ipvlan", (on_master("macvlan"), on_master("ipvlan", ipam=STATIC)), [("n1", "master-interface-busy", "warning", "nad-master-kinds")]),
    ("two macvlans", (on_master("macvlan"), on_master("macvlan", mode="vepa")), []),
    ("two masters", (on_master("macvlan"), on_master("ipvlan", ipam=STATIC, master="enp9s0")), []),
    ("passthru", (on_master("macvlan"), on_master("macvlan", mode="passthru")), [("n1", "master-interface-busy", "warning", "nad-master-passthru")]),
    ("two modes of ipvlan", (on_master("ipvlan", ipam=STATIC), on_master("ipvlan", mode="l3", ipam={"type": "host-local", "subnet": B})), [("n1", "nad-config-invalid-field", "warning", "nad-ipvlan-modes")]),
    ("one VLAN twice", (on_master("vlan", vlanId=5), on_master("vlan", vlanId=5)), [("n1", "master-interface-busy", "warning", "nad-master-vlan")]),
    ("two VLANs", (on_master("vlan", vlanId=5), on_master("vlan", vlanId=6)), []),
    ("a broken one", ("{", bridged(A)), []),
    ("in a list", ({"cniVersion": "0.4.0", "plugins": [bridged(A)]}, bridged(A)), [("n1", "network-overlap", "rule", "nad-overlap-nads")]),
    ("pod network", (bridged("10.42.7.0/24"),), [("n0", "network-overlap", "rule", "nad-overlap-pod")]),
    ("service network", (bridged("10.0.0.0/8"), ), [("n0", "network-overlap", "rule", "nad-overlap-pod")]),
    ("MicroShift's own", (bridged("100.64.3.0/24"),), [("n0", "network-overlap", "rule", "nad-overlap-reserved")]),
]  # fmt: skip


@pytest.mark.parametrize(("configs", "expected"), [c[1:] for c in CROSS], ids=[c[0] for c in CROSS])
def test_nads_of_one_node(configs: tuple[object, ...], expected: list[tuple[str, str, str, str]]) -> None:
    assert crossed(*configs) == expected


def test_a_nad_that_is_given_twice_is_one() -> None:
    twice = Objects([resource(bridged(A)), resource(bridged(A))])
    assert list(nad.cross(twice, Profile())) == []


def test_the_host_s_network_counts_for_a_bridge_that_is_not_there_yet() -> None:
    hosts = ("192.168.7.0/24",)
    lan = bridged("192.168.7.0/24")
    assert crossed(lan, profile=Profile(host_networks=hosts)) == []
    assert crossed(lan, profile=Profile(host_networks=hosts, links=frozenset({"lo", "br0"}))) == []
    assert crossed(lan, profile=Profile(host_networks=hosts, links=frozenset({"lo", "eno1"}))) == [("n0", "network-overlap", "rule", "nad-overlap-host")]
    on_lan = on_master("macvlan", ipam={"type": "host-local", "subnet": "192.168.7.0/24"})
    assert crossed(on_lan, profile=Profile(host_networks=hosts, links=frozenset({"lo", "enp3s0"}))) == []


def test_a_conflict_names_the_other_nad() -> None:
    (_, fault), = nad.cross(Objects([resource(bridged(A, isGateway=True)), resource(bridged(B, isGateway=True), name="weld")]), Profile())  # fmt: skip
    assert fault.captures == {"nad": "weld", "nad_namespace": "line", "network": "weld", "bridge": "br0", "ip": "10.6.0.1/24"}
    assert "line/press wants 10.5.0.1/24" in said(fault)


def test_many_nads_of_one_segment_cost_no_minutes() -> None:
    many = [resource(bridged(f"10.{i // 250}.{i % 250}.0/24", mtu=1400), name=f"n{i}") for i in range(2000)]
    faults = list(nad.cross(Objects(many), Profile(pod_networks=(), service_networks=())))
    assert faults == []


def test_every_sentence_is_in_both_languages_with_the_same_names() -> None:
    for key, (english, japanese) in WORDS.items():
        assert set(re.findall(r"\{([a-z_]+)\}", english)) == set(re.findall(r"\{([a-z_]+)\}", japanese)), key
