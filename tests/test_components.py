"""MicroShift's own network pods by objects alone: what does not run is told, what only starts is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from diagnose.model import Report

NOW = "2026-11-23T20:00:00Z"
LONG_AGO, JUST_NOW = "2026-11-23T19:50:00Z", "2026-11-23T19:57:00Z"
RULES = {"multus-4kx2p": "multus-not-running", "dhcp-daemon-x7k2p": "ipam-dhcp-daemon-unreachable", "ovnkube-master-9dk2c": "ovn-kubernetes-not-ready"}

Judge = Callable[..., Report]


@pytest.fixture
def judge(report, tmp_path: Path) -> Judge:
    """Diagnose objects as `oc get -o json` prints them, taken at NOW."""

    def run(*objects: dict[str, Any]) -> Report:
        path = tmp_path / "objects.json"
        node = {"kind": "Node", "metadata": {"name": "edge"}, "status": {"conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": NOW}]}}
        path.write_text(json.dumps({"kind": "List", "items": [*objects, node]}))
        return report(path)

    return run


def rules(found: Report) -> list[str]:
    return [f.rule for f in found.findings]


def own(
    name: str = "multus-4kx2p", *, ready: str = "False", since: str = LONG_AGO, waiting: dict[str, str] | None = None, ended: bool = False
) -> dict[str, Any]:
    namespace = "openshift-ovn-kubernetes" if name.startswith("ovn") else "openshift-multus"
    last = {"terminated": {"exitCode": 0, "reason": "Completed", "containerID": "cri-o://1"}} if ended else {}
    status = {"name": name.rpartition("-")[0], "ready": ready == "True", "state": {"waiting": waiting} if waiting else {"running": {}}, "lastState": last}
    return {
        "kind": "Pod", "apiVersion": "v1", "spec": {"hostNetwork": True},
        "metadata": {"name": name, "namespace": namespace, "uid": f"uid-{name}", "resourceVersion": "7", "creationTimestamp": LONG_AGO},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": since}], "containerStatuses": [status]},
    }  # fmt: skip


def looping(back_off: str) -> dict[str, str]:
    return {"reason": "CrashLoopBackOff", "message": f"back-off {back_off} restarting failed container=kube-multus pod=multus-4kx2p_openshift-multus(1)"}


def daemonset(ready: int = 0, *, since: str = LONG_AGO, wanted: int = 1, name: str = "multus") -> dict[str, Any]:
    fields = [{"manager": "microshift", "time": "2026-11-01T00:00:00Z"}, {"manager": "microshift", "subresource": "status", "time": since}]
    return {
        "kind": "DaemonSet", "apiVersion": "apps/v1", "metadata": {"name": name, "namespace": "openshift-multus", "uid": "u", "managedFields": fields},
        "status": {"desiredNumberScheduled": wanted, "numberReady": ready},
    }  # fmt: skip


def asking(made: str = LONG_AGO) -> dict[str, Any]:
    meta = {"name": "press", "namespace": "cell", "uid": "p", "creationTimestamp": made, "annotations": {"k8s.v1.cni.cncf.io/networks": "line"}}
    return {"kind": "Pod", "apiVersion": "v1", "metadata": meta, "spec": {"containers": []}, "status": {"phase": "Running"}}


def crd(name: str) -> dict[str, Any]:
    return {"kind": "CustomResourceDefinition", "apiVersion": "apiextensions.k8s.io/v1", "metadata": {"name": name}}


CRDS = [crd("logicalvolumes.topolvm.io"), crd("routes.route.openshift.io"), crd("volumesnapshots.snapshot.storage.k8s.io")]


@pytest.mark.parametrize(("name", "rule"), RULES.items())
def test_a_network_pod_that_is_not_ready_for_longer_than_a_start_takes_is_told(judge: Judge, name: str, rule: str) -> None:
    found = judge(own(name))
    assert rules(found) == [rule]
    assert found.findings[0].state == "active"
    assert "Running, not ready since 2026-11-23T19:50:00Z" in found.findings[0].evidence[0].text
    assert [a.name for a in found.findings[0].affected] == [name]
    assert rules(judge(own(name, since=JUST_NOW))) == []
    assert rules(judge(own(name, ready="True"))) == []


def test_a_pod_that_is_being_deleted_is_not_told(judge: Judge) -> None:
    pod = own()
    pod["metadata"]["deletionTimestamp"] = NOW
    assert rules(judge(pod)) == []


def test_a_pod_that_ends_again_and_again_is_told_with_the_exit_code_that_says_nothing(judge: Judge) -> None:
    found = judge(own(waiting=looping("5m0s"), since=JUST_NOW, ended=True))
    assert rules(found) == ["multus-not-running"]
    assert "ended with exit code 0 (Completed)" in found.findings[0].evidence[0].text
    assert rules(judge(own(waiting=looping("40s"), since=JUST_NOW, ended=True))) == []


def test_a_daemonset_without_ready_pods_is_told(judge: Judge) -> None:
    found = judge(daemonset())
    assert rules(found) == ["multus-not-running"]
    assert found.findings[0].evidence[0].text == "daemonset openshift-multus/multus: 0 of 1 ready since 2026-11-23T19:50:00Z"
    for healthy in (daemonset(1), daemonset(since=JUST_NOW), daemonset(wanted=0), daemonset(name="another")):
        assert rules(judge(healthy)) == []


def test_a_daemonset_says_nothing_that_its_pod_says_better(judge: Judge) -> None:
    found = judge(daemonset(), own())
    assert [(f.rule, f.count) for f in found.findings] == [("multus-not-running", 1)]


def test_what_a_network_pod_says_explains_what_fails_on_the_node(judge: Judge) -> None:
    message = 'network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: No CNI configuration file in /etc/cni/net.d/. Has your network provider started?'  # fmt: skip
    event = {
        "kind": "Event", "apiVersion": "v1", "metadata": {"name": "e", "namespace": "cell"}, "involvedObject": {"kind": "Pod", "namespace": "cell", "name": "press"},
        "reason": "NetworkNotReady", "message": message, "type": "Warning", "count": 9, "firstTimestamp": LONG_AGO, "lastTimestamp": NOW,
    }  # fmt: skip
    found = judge(own(waiting=looping("5m0s")), event)
    assert rules(found) == ["multus-not-running"]
    assert [s.rule for s in found.findings[0].explains] == ["network-plugin-not-ready"]
    assert rules(judge(event)) == ["network-plugin-not-ready"]


def test_crds_without_that_of_nads_tell_why_networks_are_asked_for_in_vain(judge: Judge) -> None:
    found = judge(asking(), *CRDS)
    assert rules(found) == ["nad-crd-missing"]
    assert [a.name for a in found.findings[0].affected] == ["press"]


@pytest.mark.parametrize("objects", [
    CRDS, [asking(), *CRDS[:2]], [asking(JUST_NOW), *CRDS], [asking(), *CRDS, crd("network-attachment-definitions.k8s.cni.cncf.io")],
    [asking(), *CRDS, {"kind": "NetworkAttachmentDefinition", "apiVersion": "k8s.cni.cncf.io/v1", "metadata": {"name": "line", "namespace": "cell"}, "spec": {"config": '{"cniVersion": "0.4.0", "name": "line", "type": "bridge"}'}}],
], ids=["nobody asks", "not all of them", "it only starts", "it is there", "a NAD is there"])  # fmt: skip
def test_nobody_is_told_that_the_crd_is_missing_without_need(judge: Judge, objects: list[dict[str, Any]]) -> None:
    assert "nad-crd-missing" not in rules(judge(*objects))
