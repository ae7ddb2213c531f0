"""What objects tell: NADs with what their config says, pods and what they ask for, interfaces, and who changed what when."""

from __future__ import annotations

import json
from typing import Any

import pytest
from test_diagnosis import MISSING, START, chain, four_lines, lines

from diagnose.inventory import Inventory
from diagnose.model import LINK, Report, Resource, Where
from diagnose.parse.when import iso

NETWORKS = "k8s.v1.cni.cncf.io/networks"
LAN = {"cniVersion": "0.4.0", "type": "macvlan", "master": "enp7s0", "ipam": {"type": "static"}}


def managed(time: str, manager: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {"manager": manager, "operation": "Update", "time": time, "fieldsType": "FieldsV1", "fieldsV1": fields}


def nad(name: str, config: object = LAN, *, version: int = 1, created: str = "", hands: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    """Return a NAD; `config` is written as JSON unless it is a string."""
    namespace, name = name.split("/")
    meta = {"name": name, "namespace": namespace, "resourceVersion": str(version), "creationTimestamp": created or None, "managedFields": list(hands)}
    spec = {"config": config if isinstance(config, str) else json.dumps(config)}
    return {"apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition", "metadata": meta, "spec": spec}


def pod(
    name: str, networks: str | None = None, *, phase: str = "Pending", image: str = "till:1", created: str = "", hands: tuple[dict[str, Any], ...] = ()
) -> dict[str, Any]:
    namespace, name = name.split("/")
    annotations = {} if networks is None else {NETWORKS: networks}
    meta = {"name": name, "namespace": namespace, "annotations": annotations, "creationTimestamp": created or None, "managedFields": list(hands)}
    status = {"phase": phase, "containerStatuses": [{"name": "app", "ready": phase == "Running"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [{"name": "app", "image": image}]}, "status": status}


def node(name: str = "edge", **versions: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": {"nodeInfo": versions}}


def link(name: str, mac: str, *altnames: str, **other: object) -> dict[str, Any]:
    """Return an interface as `ip -j link` prints it."""
    return {"ifindex": 2, "ifname": name, "flags": ["UP"], "mtu": 1500, "link_type": "ether", "address": mac, "altnames": list(altnames), **other}


def event(about: str, message: str, *, reason: str = "FailedCreatePodSandBox", at: str = "2026-11-23T18:00:00Z", kind: str = "Warning") -> dict[str, Any]:
    namespace, name = about.split("/")
    return {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e", "namespace": namespace}, "reason": reason, "type": kind, "message": message,
            "involvedObject": {"kind": "Pod", "namespace": namespace, "name": name}, "count": 1, "firstTimestamp": at, "lastTimestamp": at}  # fmt: skip


def listed(*objects: dict[str, Any]) -> str:
    """Return objects as `oc get -o json` prints them."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})


def held(*objects: dict[str, Any], source: str = "objects.json", into: Inventory | None = None) -> Inventory:
    inventory = Inventory() if into is None else into
    for body in objects:
        meta = body.get("metadata", {})
        kind, name = (LINK, body["ifname"]) if "ifname" in body else (body["kind"], meta["name"])
        inventory.hold(Resource(kind, meta.get("namespace", ""), name, body, Where(source)))
    return inventory


def changes(report: Report) -> list[tuple[str, str, str]]:
    return [(iso(m.time), m.kind, m.text) for m in report.timeline if m.kind in ("created", "config", "annotation")]


@pytest.mark.parametrize(
    ("config", "facts"),
    [
        (LAN, {"network": "lan", "plugin": "macvlan", "master": "enp7s0", "ipam": "static"}),
        (LAN | {"name": "wire"}, {"network": "wire", "plugin": "macvlan", "master": "enp7s0", "ipam": "static"}),
        ({"name": "wire", "plugins": [{"type": "bridge", "bridge": "br1"}, {"type": "tuning"}]}, {"network": "wire", "plugin": "bridge", "bridge": "br1"}),
        (
            {"type": "bridge", "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.1.0.0/24", "rangeStart": "10.1.0.2", "rangeEnd": "10.1.0.9"}]]}},
            {"network": "lan", "plugin": "bridge", "ipam": "host-local", "subnet": "10.1.0.0/24", "range": "10.1.0.2-10.1.0.9"},
        ),
        (
            {"type": "bridge", "ipam": {"subnet": "10.1.0.0/24", "rangeStart": "10.1.0.2"}},
            {"network": "lan", "plugin": "bridge", "subnet": "10.1.0.0/24"},
        ),
        ('{"type": "bridge",', {"network": "lan"}),
        ("[1, 2]", {"network": "lan"}),
        ({"type": ["bridge"], "ipam": "none", "plugins": "no"}, {"network": "lan"}),
    ],
)
def test_a_nad_tells_what_its_config_says(config: object, facts: dict[str, str]) -> None:
    (one,) = held(nad("shop/lan", config)).nads()
    assert one.facts == {"nad": "lan", "nad_namespace": "shop"} | facts


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_states_of_a_nad_the_newer_counts_whichever_is_read_first(order: int) -> None:
    states = [nad("shop/lan", LAN | {"name": "old"}, version=99), nad("shop/lan", LAN | {"name": "new"}, version=100)]
    inventory = held(*states[::order])
    assert [n.facts["network"] for n in inventory.nads()] == ["new"]
    assert inventory.find("", "new") is not None
    assert inventory.find("", "old") is None
    assert json.loads(inventory.facts["nad"]["shop/lan"])["name"] == "new"


def test_a_nad_is_found_by_its_name_else_by_a_network_name_that_only_one_has() -> None:
    inventory = held(nad("shop/lan", LAN | {"name": "wire"}), nad("shop/wan", LAN | {"name": "both"}), nad("yard/wan", LAN | {"name": "both"}))
    found = [inventory.find(*x) for x in (("shop", "lan"), ("yard", "wire"), ("yard", "wan"), ("shop", "both"), ("yard", "lan"), ("shop", ""))]
    assert [f and f"{f.namespace}/{f.name}" for f in found] == ["shop/lan", "shop/lan", "yard/wan", None, None, None]


@pytest.mark.parametrize(
    ("annotation", "asked"),
    [
        ("pay", {("shop", "pay")}),
        ("pay, yard/lan@net2", {("shop", "pay"), ("yard", "lan")}),
        (" pay ,, ", {("shop", "pay")}),
        ('[{"name": "pay"}, {"name": "lan", "namespace": "yard"}, {"namespace": "yard"}]', {("shop", "pay"), ("yard", "lan")}),
        ('[{"name": "pay"', set()),
        ("", set()),
    ],
)
def test_a_pod_asks_for_the_networks_of_its_annotation(annotation: str, asked: set[tuple[str, str]]) -> None:
    inventory = held(pod("shop/till-3", annotation))
    assert inventory.asked_by("shop/till-3") == asked
    assert inventory.asks() == bool(asked)
    assert inventory.asking("shop", "pay") == (["shop/till-3"] if asked else [])


def test_a_pod_that_a_list_of_its_namespace_leaves_out_is_gone() -> None:
    inventory = held(pod("shop/till-1"), pod("shop/till-2"), source="pods.yaml")
    assert (inventory.lacks("shop/till-3"), inventory.lacks("shop/till-1"), inventory.lacks("yard/gate")) == ("pods.yaml", "", "")
    # One pod by itself is no list: it was asked for by its name.
    assert held(pod("shop/till-1")).lacks("shop/till-3") == ""


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        ([link("eno1", "aa:00:00:00:00:01")], [link("enp7s0", "aa:00:00:00:00:01")], "enp7s0"),
        ([link("eno1", "aa:00:00:00:00:01")], [link("enp7s0", "aa:00:00:00:00:02")], ""),
        ([link("eno1", "aa:00:00:00:00:01")], [link("vlan7", "aa:00:00:00:00:01", linkinfo={"info_kind": "vlan"})], ""),
        ([link("eno1", "aa:00:00:00:00:01", linkinfo={"info_kind": "vlan"})], [link("enp7s0", "aa:00:00:00:00:01")], ""),
        ([link("eno1", "aa:00:00:00:00:01")], [link("vethf00", "aa:00:00:00:00:01")], ""),
        ([link("eno1", "aa:00:00:00:00:01"), link("enp7s0", "aa:00:00:00:00:01")], [], ""),
        ([link("eno1", "")], [link("enp7s0", "")], ""),
        ([link("eno2", "aa:00:00:00:00:01")], [link("enp7s0", "aa:00:00:00:00:01")], ""),
    ],
    ids=["moved", "another card", "a vlan on it", "itself a vlan", "a veth", "both at once, a bond's members", "no address", "never seen"],
)
def test_an_interface_moved_if_its_address_stands_under_another_name_and_never_under_both(before: list[Any], after: list[Any], moved: str) -> None:
    inventory = held(*after, source="after.json", into=held(*before, source="before.json"))
    assert inventory.moved("eno1") == moved


def test_facts_are_what_two_reports_can_be_compared_by() -> None:
    inventory = held(
        nad("shop/lan", {"type": "bridge"}), pod("shop/till-3", image="till:2"), node(kubeletVersion="v1.33.1", kernelVersion="6.12", architecture="arm64"),
        link("enp7s0", "aa:00:00:00:00:01"), link("lo", "00:00:00:00:00:00", link_type="loopback"), link("br1", "aa:00:00:00:00:02", linkinfo={"info_kind": "bridge"}),
    )  # fmt: skip
    assert inventory.facts == {
        "nad": {"shop/lan": '{"type": "bridge"}'},
        "image": {"shop/till-3 app": "till:2"},
        "version": {"edge kubeletVersion": "v1.33.1", "edge kernelVersion": "6.12"},
        "nic": {"enp7s0": "aa:00:00:00:00:01"},
    }


@pytest.mark.parametrize(
    "states",
    [
        [pod("shop/till-3", image="till:1"), pod("shop/till-3", image="till:2")],
        [node(kernelVersion="6.11"), node(kernelVersion="6.12")],
        [link("eno1", "aa:00:00:00:00:01"), link("eno1", "aa:00:00:00:00:02")],
    ],
    ids=["images", "versions", "interfaces"],
)
def test_facts_do_not_depend_on_the_order_in_which_two_states_of_an_object_are_read(states: list[Any]) -> None:
    assert held(*states).facts == held(*reversed(states)).facts


def test_managed_fields_tell_who_changed_a_nad_and_a_pods_networks_and_when(report, write) -> None:
    failed = lines(four_lines(START, "shop/till-3", chain("shop/till-3", MISSING.format(nad="pay", ns="shop"))))
    lan = nad(
        "shop/lan",
        created="2026-11-23T17:00:00Z",
        hands=(
            managed("2026-11-23T17:00:00Z", "kubectl-create", {"f:spec": {"f:config": {}}}),
            managed("2026-11-23T17:56:00Z", "kubectl-edit", {"f:spec": {"f:config": {}}}),
            managed("2026-11-23T17:57:00Z", "labeler", {"f:metadata": {"f:labels": {"f:app": {}}}}),
        ),
    )
    till = pod(
        "shop/till-3",
        "pay",
        created="2026-11-23T17:57:30Z",
        hands=(
            managed("2026-11-23T17:57:30Z", "kubectl-create", {"f:metadata": {"f:annotations": {f"f:{NETWORKS}": {}}}}),
            managed("2026-11-23T17:58:00Z", "kubectl-annotate", {"f:metadata": {"f:annotations": {".": {}, f"f:{NETWORKS}": {}}}}),
            managed("2026-11-23T17:59:00Z", "kubelet", {"f:status": {"f:phase": {}}}),
        ),
    )
    assert changes(report(write(failed), write(listed(lan, till), "objects.json"))) == [
        ("2026-11-23T17:00:00Z", "created", "NAD shop/lan"),
        ("2026-11-23T17:56:00Z", "config", "NAD shop/lan (kubectl-edit)"),
        ("2026-11-23T17:58:00Z", "annotation", "pod shop/till-3 (kubectl-annotate)"),
    ]


def test_the_status_that_multus_writes_back_is_no_change_of_what_a_pod_asks_for() -> None:
    """multus-cni pkg/k8sclient: up to 4.0 it wrote networks-status beside network-status."""
    status = {"f:metadata": {"f:annotations": {"f:k8s.v1.cni.cncf.io/network-status": {}, f"f:{NETWORKS}-status": {}}}}
    assert held(pod("shop/till-3", "pay", hands=(managed("2026-11-23T17:58:30Z", "multus", status),))).changes == set()


def test_what_one_hand_did_in_one_second_is_one_turn(report, write) -> None:
    failed = lines(four_lines(START, "shop/till-3", chain("shop/till-3", MISSING.format(nad="pay", ns="shop"))))
    made = listed(*(nad(f"shop/lan-{n}", created="2026-11-23T17:00:00Z") for n in range(6)), nad("shop/wan", created="2026-11-23T17:00:01Z"))
    assert changes(report(write(failed), write(made, "nads.json"))) == [
        ("2026-11-23T17:00:00Z", "created", "NAD shop/lan-0, shop/lan-1, shop/lan-2, shop/lan-3, ... (+2)"),
        ("2026-11-23T17:00:01Z", "created", "NAD shop/wan"),
    ]
