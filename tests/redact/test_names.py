from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.model import Record, Resource, Where
from diagnose.redact import learn
from diagnose.redact.names import Names
from diagnose.redact.public import Public

MESSAGES = ['error adding container to network "{network}": failed to create bridge "{bridge}": gateway is missing']
WORD = st.from_regex(r"[a-z]{3,8}(-[a-z]{3,8})?", fullmatch=True)


@pytest.fixture
def names() -> Names:
    return Names(Public(MESSAGES))


def told(text: str) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    learn.of_text(text, lambda kind, name: found.add((kind, name)))
    return found


def test_a_name_has_one_pseudonym_wherever_it_stands(names: Names) -> None:
    names.learn("ns", "plant")
    names.learn("nad", "ot-lan")
    text, count = names.text('pod "plant/cam" k8s_cam_plant_1 /namespaces/plant/x plant-test {"n":"\\nplant\\t"} Plant: plant/ot-lan plants ot-lanes')
    assert text == 'pod "ns-x1/cam" k8s_cam_ns-x1_1 /namespaces/ns-x1/x ns-x1-test {"n":"\\nns-x1\\t"} ns-x1: ns-x1/nad-x1 plants ot-lanes'
    assert count == 8


def test_the_longest_name_counts(names: Names) -> None:
    for name in ("ot", "ot-lan", "ot-lan-20"):
        names.learn("nad", name)
    assert names.text("ot-lan-20 ot-lan-21 ot-lane ot.lan")[0] == "nad-x3 nad-x2-21 nad-x1-lane nad-x1.lan"


@pytest.mark.parametrize("pod", ["cam-7c9d8b5f6-x2x4z", "cam-x2x4z", "cam-0", "cam-28412345-x2x4z"])
def test_what_controllers_put_behind_a_name_stays(names: Names, pod: str) -> None:
    names.learn("pod", pod)
    assert names.text(f"{pod} and deployment/cam")[0] == f"{pod.replace('cam', 'app-x1')} and deployment/app-x1"


def test_a_word_behind_a_name_is_no_random_part(names: Names) -> None:
    names.learn("pod", "cam-paris")
    assert names.text("cam-paris")[0] == "pod-x1"


def test_a_word_of_upstream_s_messages_stays_where_it_stands_alone(names: Names) -> None:
    names.learn("nad", "bridge")
    names.learn("pod", "gateway-7c9d8b5f6-x2x4z")
    text = 'gateway-7c9d8b5f6-x2x4z: failed to create bridge "br0": gateway is missing'
    assert names.text(text)[0] == 'app-x1-7c9d8b5f6-x2x4z: failed to create bridge "br0": gateway is missing'
    assert names.back()["app-x1"] == "gateway"


@pytest.mark.parametrize(
    "name",
    [
        "openshift-multus",
        "kube-system",
        "multus-cni-network",
        "br-ex",
        "net1",
        "eth0.20",
        "default",
        "v1",
        "4096",
        "x",
        "ovn-kubernetes",
        "66bff467-7722-4c80-9c81-b7f4e34ce225",
    ],
)
def test_names_that_tell_nothing_stay(names: Names, name: str) -> None:
    names.learn("nad", name)
    assert names.seen == {}


def test_the_host_of_a_device_is_a_name_of_its_owner(names: Names) -> None:
    names.learn("host", "microshift-berlin")
    assert names.text("microshift-berlin microshift microshift-etcd.scope")[0] == "host-x1 microshift microshift-etcd.scope"


def test_what_makes_a_name_invalid_stays(names: Names) -> None:
    names.learn("nad", "Plant_LAN")
    names.learn("nad", "z" * 70)
    assert re.fullmatch(r"[A-Z][a-z]*_x1", names.seen["plant_lan"])
    assert len(names.seen["z" * 70]) == 70
    names.learn("nad", "roof camera@net1")
    assert names.text("roof camera@net1")[0] == "nad-x3 nad-x4@net1"


def test_a_pseudonym_is_no_name(names: Names) -> None:
    names.learn("ns", "plant")
    names.learn("ns", "ns-x1")
    names.learn("pod", "app-x1-7c9d8b5f6-x2x4z")
    assert names.seen == {"plant": "ns-x1"}


def test_numbers_go_on_where_the_map_ends() -> None:
    names = Names(Public(()), {"plant": "ns-x7", "gateway-7c9d8b5f6-x2x4z": "app-x3-7c9d8b5f6-x2x4z"})
    names.learn("ns", "shop")
    names.learn("app", "cam")
    names.learn("pod", "gateway-aaaaaaaaaa-x2x4z")
    assert names.seen["shop"] == "ns-x8"
    assert names.seen["cam"] == "app-x4"


@settings(max_examples=40)
@given(st.lists(WORD, unique=True, min_size=1, max_size=20), st.data())
def test_no_name_is_left_and_the_way_back_leads_to_the_same(words: list[str], data: st.DataObject) -> None:
    names = Names(Public(()))
    for word in words:
        names.learn(data.draw(st.sampled_from(["ns", "nad", "host"])), word)
    text = " ".join(f'"{w}" (x/{w}) {w}_{w}: \\n{w}' for w in words)
    made = names.text(text)[0]
    left = set(re.split(r"[^a-z-]+", made))
    assert not left & set(names.seen)
    assert len(set(names.seen.values())) == len(names.seen)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('"SyncLoop ADD" source="api" pods=["plant/cam-0"]', {("ns", "plant"), ("pod", "cam-0")}),
        ('err=\\"x\\" pod=\\"plant/cam\\"', {("ns", "plant"), ("pod", "cam")}),
        ("Multus: [plant/cam/66bff467-7722-4c80-9c81-b7f4e34ce225:lan]: error", {("ns", "plant"), ("pod", "cam"), ("net", "lan")}),
        ("failed to create pod network sandbox k8s_cam_plant_66bff467-7722-4c80-9c81-b7f4e34ce225_0(ab12)", {("pod", "cam"), ("ns", "plant")}),
        ('CreatePodSandbox for pod "cam_plant(66bff467-7722-4c80-9c81-b7f4e34ce225)" failed', {("pod", "cam"), ("ns", "plant")}),
        ("error adding pod plant_cam to CNI network", {("pod", "cam"), ("ns", "plant")}),
        ("K8S_POD_NAMESPACE=plant;K8S_POD_NAME=cam;", {("pod", "cam"), ("ns", "plant")}),
        ("cannot find a network-attachment-definition (ot-vlan) in namespace (plant)", {("nad", "ot-vlan"), ("ns", "plant")}),
        ('network-attachment-definitions.k8s.cni.cncf.io "ot-vlan" not found', {("nad", "ot-vlan")}),
        ("GET /api/v1/namespaces/plant/pods/cam?timeout=1m", {("pod", "cam"), ("ns", "plant")}),
        ("namespaces/plant/k8s.cni.cncf.io/network-attachment-definitions/ot-vlan.yaml", {("ns", "plant"), ("pod", "ot-vlan.yaml")}),
        ("oc -n plant get pod/cam", {("pod", "cam"), ("ns", "plant")}),
        ("namespace: plant\n", {("ns", "plant")}),
        ('Add: plant:cam:66bff467-7722-4c80-9c81-b7f4e34ce225:lan(lan-net):net1 {"x"', {("ns", "plant"), ("pod", "cam"), ("nad", "lan"), ("net", "lan-net")}),
        ('parsePodNetworkAnnotation: [{"name":"lan","namespace":"shop"}], plant', {("nad", "lan"), ("ns", "shop"), ("ns", "plant")}),
        ("parsePodNetworkAnnotation: lan@net1,shop/wan, plant", {("nad", "lan"), ("nad", "wan"), ("ns", "shop"), ("ns", "plant")}),
        ('pod is in namespace plant but refers to target namespace shop"', {("ns", "plant"), ("ns", "shop")}),
        ("NAMESPACE   NAME    READY   STATUS\nplant       cam-0   1/1     Running\n\nother text", {("ns", "plant"), ("name", "cam-0")}),
        ("POD ID        CREATED      STATE  NAME  NAMESPACE  ATTEMPT\nab12          2 hours ago  Ready  cam   plant      0", {("ns", "plant"), ("name", "cam")}),
        ("Linux edge07 5.14.0-427.el9.x86_64", {("host", "edge07")}),
        ("Accepted publickey for alice from 10.0.0.1 port 22", {("user", "alice")}),
        ("pam_unix(sudo:session): session opened for user bob(uid=1000) by carol(uid=0)", {("user", "bob")}),
        ("sudo: dave : TTY=pts/0 ; PWD=/home/dave/work ; USER=root", {("user", "dave"), ("user", "root")}),
        ("mail to erin@acme-corp.com", {("user", "erin")}),
    ],
)  # fmt: skip
def test_where_names_stand(text: str, found: set[tuple[str, str]]) -> None:
    assert found <= told(text)


@pytest.mark.parametrize(
    "text",
    [
        'pod="openshift-multus/multus-abc"',
        "k8s_dns-1_openshift-dns_66bff467-7722-4c80-9c81-b7f4e34ce225_0",
        "NAMESPACE  NAME  READY\nkube-system  coredns-1  1/1",
    ],
)
def test_the_names_of_microshift_s_own_pods_stay(text: str) -> None:
    assert told(text) == set()


def test_a_record_tells_its_host_and_pod() -> None:
    found: set[tuple[str, str]] = set()
    learn.of_record(Record(0, "kubelet", "x", Where("f"), "x", host="edge07", pod="plant/cam"), lambda kind, name: found.add((kind, name)))
    assert found == {("host", "edge07"), ("ns", "plant"), ("pod", "cam")}


def test_objects_tell_every_name_in_them() -> None:
    found: set[tuple[str, str]] = set()
    meta = {"name": "cam-7c9d8b5f6-x2x4z", "namespace": "plant", "labels": {"app": "camera-reader"}, "ownerReferences": [{"kind": "ReplicaSet", "name": "cam-7c9d8b5f6"}],
            "annotations": {"k8s.v1.cni.cncf.io/networks": '[{"name": "lan", "namespace": "shop"}]'}}  # fmt: skip
    spec = {
        "nodeName": "edge07",
        "containers": [{"name": "reader"}],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "films"}}],
        "serviceAccountName": "robot",
    }
    learn.of_resource(Resource("Pod", "plant", "cam", {"metadata": meta, "spec": spec}, Where("f")), lambda kind, name: found.add((kind, name)))
    config = json.dumps({"name": "lan-net", "type": "bridge"})
    learn.of_resource(Resource("NetworkAttachmentDefinition", "shop", "lan", {"metadata": {"name": "lan", "namespace": "shop"}, "spec": {"config": config}}, Where("f")), lambda kind, name: found.add((kind, name)))  # fmt: skip
    wanted = {("pod", "cam-7c9d8b5f6-x2x4z"), ("ns", "plant"), ("app", "camera-reader"), ("app", "cam-7c9d8b5f6"), ("nad", "lan"), ("ns", "shop"), ("host", "edge07"), ("name", "reader"),
              ("name", "films"), ("name", "robot"), ("net", "lan-net")}  # fmt: skip
    assert wanted <= found


def test_an_object_of_microshift_s_own_tells_the_node_alone() -> None:
    found: set[tuple[str, str]] = set()
    body = {"metadata": {"name": "multus-abcde", "namespace": "openshift-multus"}, "spec": {"nodeName": "edge07", "containers": [{"name": "kube-multus"}]}}
    learn.of_resource(Resource("Pod", "openshift-multus", "multus-abcde", body, Where("f")), lambda kind, name: found.add((kind, name)))
    assert found == {("host", "edge07")}


@pytest.mark.parametrize("text", ["a" * 300_000, "a-" * 150_000, "[a/" * 100_000, '"a_' * 100_000, "namespace" * 30_000, "a:" * 150_000])
def test_text_of_any_kind_is_read_in_time_that_grows_with_its_length(text: str, names: Names) -> None:
    names.learn("ns", "plant")
    learn.of_text(text, names.learn)
    names.text(text)
