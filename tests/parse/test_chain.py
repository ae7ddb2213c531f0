"""Nested CNI errors, peeled to the root."""

from __future__ import annotations

import json
import time

import pytest

from diagnose.parse.chain import Segment, peel

BOX = "a83c64890f43895f408b32fb247870bbef3cbeca993cd5b28090febb74731161"
UID = "70158dac-176b-4cff-b9e2-83f2a42d8013"
ROOT = "failed to allocate for range 0: no IP addresses available in range set: 10.71.4.2-10.71.4.2"
LAYERS = [
    ("kubelet", "Failed to create pod sandbox: "),
    ("grpc", "rpc error: code = Unknown desc = "),
    ("cri-o", f"failed to create pod network sandbox k8s_valve-b_plant_{UID}_0({BOX}): "),
    ("cri-o", 'error adding pod plant_valve-b to CNI network "multus-cni-network": '),
    ("libcni", 'plugin type="multus" name="multus-cni-network" failed (add): '),
    ("multus", f"[plant/valve-b/{UID}:valve-net]: "),
    ("multus", 'error adding container to network "valve-net": '),
]
MESSAGE = "".join(text for _, text in LAYERS) + ROOT
FIELDS = {
    "code": "Unknown", "pod": "valve-b", "namespace": "plant", "uid": UID, "attempt": "0", "sandbox": BOX, "defnet": "multus-cni-network",
    "network": "valve-net",
}  # fmt: skip


def test_the_chain_of_a_real_node() -> None:
    (found,) = peel(MESSAGE)
    assert [(x.who, x.text) for x in found.layers] == [(who, text.strip().rstrip(":")) for who, text in LAYERS]
    assert (found.op, found.root, found.fields, found.gaps, found.in_chain, found.text) == ("add", ROOT, FIELDS, (), True, MESSAGE)


@pytest.mark.parametrize("levels", [1, 2, 3, 4])
def test_any_level_of_quoting_gives_the_same(levels: int) -> None:
    text = MESSAGE
    for _ in range(levels):
        text = json.dumps(text)[1:-1]
    assert peel(text) == peel(MESSAGE)


def test_wrapped_lines_give_the_same() -> None:
    assert peel(MESSAGE.replace(" ", "\n\t")) == peel(MESSAGE)


@pytest.mark.parametrize("start", range(len(LAYERS)))
def test_a_chain_may_begin_at_any_layer(start: int) -> None:
    (found,) = peel("".join(text for _, text in LAYERS[start:]) + ROOT)
    assert [x.who for x in found.layers] == [who for who, _ in LAYERS[start:]]
    assert (found.root, found.in_chain) == (ROOT, True)


def test_words_before_the_chain_are_a_gap() -> None:
    (found,) = peel(f"I see this: Multus: [plant/valve-b/{UID}]: boom")
    assert (found.root, found.gaps, found.fields["pod"]) == ("boom", ((0, 12),), "valve-b")


def test_clean_up_of_a_failed_sandbox_is_a_second_operation() -> None:
    text = (
        '[failed to set up sandbox container "0123456789ab" network for pod "a": networkPlugin cni failed to set up pod "a_plant" network: boom, '
        'failed to clean up sandbox container "0123456789ab" network for pod "a": networkPlugin cni failed to teardown pod "a_plant" network: bang]'
    )
    add, delete = peel(text)
    assert (add.op, add.root, add.fields) == ("add", "boom", {"sandbox": "0123456789ab", "pod": "a", "namespace": "plant"})
    assert (delete.op, delete.root, delete.fields) == ("delete", "bang]", {"sandbox": "0123456789ab", "pod": "a", "namespace": "plant"})


def test_a_thick_multus_names_the_pod_in_its_arguments() -> None:
    text = (
        'plugin type="multus-shim" name="multus-cni-network" failed (add): CmdAdd (shim): CNI request failed with status 400: '
        f'\'ContainerID:"{BOX}" Netns:"/var/run/netns/c2d5676a" IfName:"eth0" Args:"IgnoreUnknown=1;K8S_POD_NAMESPACE=plant;K8S_POD_NAME=valve-b;'
        f'K8S_POD_INFRA_CONTAINER_ID={BOX};K8S_POD_UID={UID}" Path:"" ERRORED: error configuring pod [plant/valve-b] networking: '
        f"Multus: [plant/valve-b/{UID}]: error getting pod: boom\n'"
    )
    (found,) = peel(text)
    assert (found.op, found.root.strip()) == ("add", "error getting pod: boom")
    assert found.fields == {
        "status": "400", "sandbox": BOX, "netns": "/var/run/netns/c2d5676a", "pod_interface": "eth0", "namespace": "plant", "pod": "valve-b", "uid": UID,
    }  # fmt: skip


def test_containerd() -> None:
    (found,) = peel('failed to destroy network for sandbox "0123456789abcdef": plugin type="bridge" failed (delete): boom')
    assert (found.op, found.root, found.fields) == ("delete", "boom", {"sandbox": "0123456789abcdef", "plugin": "bridge"})


@pytest.mark.parametrize("text", ["just text", "", "   ", "plugin", "rpc error", 'msg="Adding pod plant_mixer-1 to CNI network"'])
def test_text_without_a_layer_comes_back_unpeeled(text: str) -> None:
    (found,) = peel(text)
    assert found == Segment("", (), text.strip(), 0, (), {})
    assert (found.root, found.in_chain) == (text.strip(), False)


@pytest.mark.parametrize(
    "part",
    [
        "Multus: ",
        "rpc error: code = Unknown desc = ",
        "\\",
        "[a/b/" + "0" * 32 + ":",
        "error adding pod ",
        '{"code": 1, "msg": "',
        "; error removing pod ",
        "[a",
    ],
)
def test_a_hostile_message_costs_no_more_than_its_length(part: str) -> None:
    text = part * (8 * 1024 // len(part))
    began = time.process_time()
    peel(text)
    assert time.process_time() - began < 0.3  # linear work takes some 10 ms
