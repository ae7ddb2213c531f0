"""Want, recorded and have: what fails without an error is told, what is as it should be is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from evidence import DEFAULT, NETWORKS, crictl_pods, entry, inspectp, ip, link, nad, pod, sandbox_id

from diagnose.model import Attachment, PodNetworks, Report

LINE = entry("cell/line", "net1", "10.20.0.7", mac="0a:58:0a:14:00:07")


@pytest.fixture
def judged(report, tmp_path: Path):
    """Diagnose objects and further files, by name."""

    def run(*objects: dict[str, Any], **files: str) -> Report:
        (tmp_path / "objects.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}))
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return report(tmp_path)

    return run


def told(report: Report) -> list[tuple[str, str, str]]:
    return [(f.rule, f.severity, f.state) for f in report.findings]


def rows(report: Report, name: str = "filler-0") -> tuple[Attachment, ...]:
    return next((t.rows for t in report.attachments if t.name == name), ())


def table(report: Report, name: str = "filler-0") -> PodNetworks:
    return next(t for t in report.attachments if t.name == name)


def netns(*links: dict[str, Any], name: str = "filler-0") -> dict[str, str]:
    return {f"namespaces__netns-{name}__ip_addr": ip(*links)}


def test_an_attachment_as_asked_is_no_finding(judged) -> None:
    found = judged(nad("line"), pod("filler-0", "line", [DEFAULT, LINE]))
    assert told(found) == []
    assert [(r.network, r.state) for r in rows(found)] == [("cell/line", "ok")]
    assert table(found).multus == "ran"


def test_the_annotation_came_after_multus_wrote(judged) -> None:
    found = judged(nad("line"), pod("filler-0", "line", [DEFAULT]))
    assert told(found) == [("annotation-not-applied", "warning", "active")]
    (finding,) = found.findings
    assert [(a.namespace, a.name) for a in finding.affected] == [("cell", "filler-0")]
    assert (finding.captures["nad"], finding.captures["nad_namespace"], finding.captures["interface"]) == ("line", "cell", "net1")
    assert finding.evidence[0].text == f"{NETWORKS}: line\nk8s.v1.cni.cncf.io/network-status: eth0 ovn-kubernetes"
    assert [h.kind for h in finding.hints] == ["recreate"]
    assert [r.state for r in rows(found)] == ["not-recorded"]


def managed(time: str, key: str = NETWORKS) -> dict[str, Any]:
    return {"managedFields": [{"manager": "kubectl-annotate", "time": time, "fieldsV1": {"f:metadata": {"f:annotations": {f"f:{key}": {}}}}}]}


def test_when_and_by_whom_the_annotation_was_set(judged) -> None:
    found = judged(nad("line"), pod("filler-0", "line", [DEFAULT], metadata=managed("2026-11-23T11:30:00Z")))
    (finding,) = found.findings
    later = next(h for h in finding.hints if h.kind == "annotated-later")
    assert later.values == {"time": "2026-11-23T11:30:00Z", "who": "kubectl-annotate", "started": "2026-11-23T10:00:00Z"}
    assert table(found).changed is not None


@pytest.mark.parametrize("metadata", [managed("2026-11-23T10:00:01Z"), managed("2026-11-23T11:30:00Z", f"{NETWORKS}-status"), {}])
def test_an_annotation_that_was_there_from_the_start_did_not_change(judged, metadata: dict[str, Any]) -> None:
    found = judged(nad("line"), pod("filler-0", "line", [DEFAULT], metadata=metadata))
    assert table(found).changed is None


def test_a_plugin_whose_result_lists_no_interface_is_not_a_late_annotation(judged) -> None:
    found = judged(nad("line", cniVersion=None), pod("filler-0", "line", [DEFAULT]))
    assert ("attachment-missing", "warning", "active") in told(found)


def test_a_late_annotation_is_one_whatever_the_plugin_lists(judged) -> None:
    found = judged(nad("line", cniVersion=None), pod("filler-0", "line", [DEFAULT], metadata=managed("2026-11-23T11:30:00Z")))
    assert "annotation-not-applied" in {f.rule for f in found.findings}


@pytest.mark.parametrize(("then", "rule"), [("line", "attachment-missing"), (None, "annotation-not-applied"), ("other", "annotation-not-applied")])
def test_the_sandbox_shows_what_was_asked_for_then(judged, then: str | None, rule: str) -> None:
    found = judged(nad("line"), pod("filler-0", "line", [DEFAULT]), box=inspectp("filler-0", then))
    assert [f.rule for f in found.findings] == [rule]


def test_no_network_status_at_all(judged) -> None:
    found = judged(nad("line"), pod("filler-0", "line"))
    assert told(found) == [("annotation-not-applied", "warning", "active")]
    assert [h.kind for h in found.findings[0].hints] == ["multus-not-called", "recreate"]
    assert table(found).multus == "not-called"


OWN = [pod(f"{n}-0", None, None, namespace=f"openshift-{n}") for n in ("dns", "ingress", "service-ca")]


def multus(started: str) -> dict[str, Any]:
    return pod("multus-abcde", None, None, namespace="openshift-multus", spec={"hostNetwork": True}, started=started)


def test_a_node_without_multus(judged) -> None:
    found = judged(nad("line"), pod("filler-0", "line"), pod("filler-1", "line"), *OWN)
    assert [f.rule for f in found.findings] == ["multus-not-installed"]
    assert [a.name for a in found.findings[0].affected] == ["filler-0", "filler-1"]
    assert found.findings[0].state == "active"
    assert {t.rule for t in found.attachments} == {"multus-not-installed"}


def test_a_node_whose_runtime_does_not_call_multus(judged) -> None:
    found = judged(nad("line"), pod("filler-0", "line"), pod("filler-1", "line"), multus("2026-11-23T09:00:00Z"), *OWN)
    assert [(f.rule, f.state) for f in found.findings] == [("crio-default-network", "active")]


@pytest.mark.parametrize(
    "beside",
    [
        [],  # nobody knows whether Multus runs
        OWN[:2],
        [multus("2026-11-23T10:30:00Z"), *OWN],  # the pods are older than Multus
        [pod("other-0", None, [DEFAULT]), *OWN],  # Multus was called for another pod
        [multus("2026-11-23T09:00:00Z"), pod("multus-fghij", None, None, namespace="openshift-multus", phase="Pending"), *OWN],
    ],
)
def test_two_pods_alone_do_not_accuse_the_node(judged, beside: list[dict[str, Any]]) -> None:
    found = judged(nad("line"), pod("filler-0", "line"), pod("filler-1", "line"), *beside)
    assert {f.rule for f in found.findings} == {"annotation-not-applied"}


def test_one_pod_does_not_accuse_the_node(judged) -> None:
    assert [f.rule for f in judged(nad("line"), pod("filler-0", "line"), *OWN).findings] == ["annotation-not-applied"]


QUIET = [
    pod("filler-0", "line", None, annotations={"kubernetes.io/config.mirror": "x"}),
    pod("filler-0", "line", None, metadata={"deletionTimestamp": "2026-11-23T12:00:00Z"}),
    pod("filler-0", "line", None, phase="Succeeded"),
    pod("filler-0", "line", "not json"),
    pod("filler-0", "line", [DEFAULT], metadata={"uid": None}),  # a part of a pod
    pod("filler-0", "line", [DEFAULT, entry("line-net", "net1")]),  # Multus before 4.0 wrote the network's name
    pod("filler-0", "line", [DEFAULT, entry("line", "net1")]),
    pod("filler-0", "line", [DEFAULT, entry("cell/line", "net2")]),  # a network that every pod gets came first
    pod("filler-0", "line", [DEFAULT, {"name": "cell/line", "dns": {}}]),  # a plugin that lists no interface, one entry each
    pod("filler-0", "line", [DEFAULT, LINE, entry("cell/line", "net1.5")]),  # a plugin that makes two
    pod("filler-0", "line", [DEFAULT, LINE, entry("kube-system/all", "net2")]),
    pod("filler-0", "line,line", [DEFAULT, LINE, entry("cell/line", "net2")]),
    pod("filler-0", "line@field", [DEFAULT, entry("cell/line", "field")]),
    pod("filler-0", "far/line", [DEFAULT, entry("far/line", "net1")]),
    pod("filler-0", '[{"name": "line", "ips": ["10.20.0.9/24"]}]', [DEFAULT, LINE]),  # the NAD may not take addresses
    pod("filler-0", None, [DEFAULT]),
]


@pytest.mark.parametrize("number", range(len(QUIET)))
def test_what_proves_nothing_is_not_told(judged, number: int) -> None:
    found = judged(nad("line", name="line-net"), nad("line", namespace="far", bridge="br-far", subnet="10.21.0.0/24"), QUIET[number])
    assert [f.rule for f in found.findings if f.severity != "info"] == []


def test_a_network_that_is_asked_for_no_more_stays(judged) -> None:
    found = judged(nad("line"), pod("filler-0", None, [DEFAULT, LINE]))
    assert [f.rule for f in found.findings] == ["annotation-not-applied"]
    assert [(r.network, r.state) for r in rows(found)] == [("cell/line", "extra")]


@pytest.mark.parametrize(("annotation", "differs"), [("line@field", ("interface",)), ("other@net1", ("network",))])
def test_a_changed_name_or_network_shows(judged, annotation: str, differs: tuple[str, ...]) -> None:
    found = judged(nad("line"), nad("other", bridge="br-other", subnet="10.22.0.0/24"), pod("filler-0", annotation, [DEFAULT, LINE]))
    assert [f.rule for f in found.findings] == ["annotation-not-applied"]
    assert rows(found)[0].differs == differs


def test_an_interface_that_was_recorded_and_is_not_there(judged) -> None:
    found = judged(nad("line"), pod("filler-0", "line", [DEFAULT, LINE]), box=inspectp("filler-0", "line"), **netns(link("eth0", "10.42.0.9/24")))
    assert [(f.rule, f.state) for f in found.findings] == [("attachment-missing", "active")]
    assert found.findings[0].evidence[0].text.endswith("network namespace netns-filler-0: eth0")
    assert [r.state for r in rows(found)] == ["missing"]


def test_an_sos_report_shows_it_without_the_pods(judged) -> None:
    found = judged(box=inspectp("filler-0", "line"), **netns(link("eth0", "10.42.0.9/24")))
    assert [f.rule for f in found.findings] == ["attachment-missing"]
    assert judged(box=inspectp("filler-0", "line"), **netns(link("eth0"), link("net1"))).findings == []


def test_nothing_is_missing_where_only_some_interfaces_are_known(judged) -> None:
    lease = {"var__lib__cni__networks__far__10.30.0.7": f"{sandbox_id('filler-0')}\r\nnet7"}
    found = judged(nad("line"), pod("filler-0", "line", [DEFAULT, LINE]), box=inspectp("filler-0", "line"), **lease)
    assert told(found) == []
    assert table(found).have == "cache"


@pytest.mark.parametrize(
    ("inside", "differs"),
    [
        (link("net1", "10.20.0.7/24", address="0A:58:0a:14:00:07"), ()),
        (link("net1", "10.20.0.7/24", "10.20.0.99/24", address="0a:58:0a:14:00:07"), ()),
        (link("net1", "10.20.0.8/24"), ("address",)),
        (link("net1", "10.20.0.7/24", address="0a:58:0a:14:00:99"), ("mac",)),
    ],
)
def test_what_differs_within_the_pod_is_shown_and_accuses_nobody(judged, inside: dict[str, Any], differs: tuple[str, ...]) -> None:
    found = judged(nad("line"), pod("filler-0", "line", [DEFAULT, LINE]), box=inspectp("filler-0", "line"), **netns(link("eth0"), inside))
    assert told(found) == []
    assert rows(found)[0].differs == differs


def test_the_cni_cache_tells_of_another_network(judged) -> None:
    result = {
        "interfaces": [{"name": "veth1"}, {"name": "net1", "mac": "0a:58:0a:14:00:07", "sandbox": "x"}],
        "ips": [{"address": "10.20.0.7/24", "interface": 1}],
    }
    cached = {"kind": "cniCacheV1", "containerId": sandbox_id("filler-0"), "ifName": "net1", "networkName": "far-net", "result": result}
    found = judged(nad("line"), pod("filler-0", "line", [DEFAULT, LINE]), box=inspectp("filler-0", "line"), cache=json.dumps(cached))
    (row,) = rows(found)
    assert row.have is not None
    assert (row.have.ips, row.have.mac, row.differs) == (("10.20.0.7",), "0a:58:0a:14:00:07", ("network",))


def test_a_pod_whose_cause_is_told_has_no_second_finding(judged) -> None:
    found = judged(nad("line"), pod("filler-0", "line", None, phase="Pending"))
    assert [f for f in found.findings if f.rule in ("annotation-not-applied", "attachment-missing")] == []
    assert rows(found) == ()


def test_the_newest_state_of_a_pod_counts(judged) -> None:
    old = pod("filler-0", "line", [DEFAULT], metadata={"resourceVersion": "10"})
    new = pod("filler-0", "line", [DEFAULT, LINE], metadata={"resourceVersion": "20"})
    assert told(judged(nad("line"), new, old)) == []


def test_the_table_stands_in_every_format(msnet, tmp_path: Path) -> None:
    path = tmp_path / "objects.json"
    path.write_text(json.dumps({"kind": "List", "apiVersion": "v1", "items": [nad("line"), pod("filler-0", "line", [DEFAULT])]}))
    text = msnet("diagnose", str(path)).stdout.decode()
    assert "cell/filler-0: Multus ran for it" in text
    assert "cell/line  net1    -         ?           not recorded" in text
    assert "| cell/line | net1 | - | ? | not recorded |" in msnet("diagnose", "--format", "markdown", str(path)).stdout.decode()
    (one,) = json.loads(msnet("diagnose", "--format", "json", str(path)).stdout)["attachments"]
    assert (one["rule"], one["networks"][0]["state"], one["networks"][0]["recorded"]) == ("annotation-not-applied", "not-recorded", None)


def test_a_healthy_pod_has_a_table_in_the_json_only(msnet, tmp_path: Path) -> None:
    path = tmp_path / "objects.json"
    path.write_text(json.dumps({"kind": "List", "apiVersion": "v1", "items": [nad("line"), pod("filler-0", "line", [DEFAULT, LINE])]}))
    assert "cell/line" not in msnet("diagnose", str(path)).stdout.decode()
    (one,) = json.loads(msnet("diagnose", "--format", "json", str(path)).stdout)["attachments"]
    assert (one["rule"], one["networks"][0]["recorded"]["ips"]) == (None, ["10.20.0.7"])


def test_a_list_of_sandboxes_alone_is_no_pod(judged) -> None:
    assert judged(pods=crictl_pods("filler-0")).attachments == []


def test_a_pod_named_like_multus_is_not_multus(judged) -> None:
    others = [pod("multus-app", "x", None, phase="Succeeded"), pod("dhcp-daemon-x", None, None, namespace="openshift-multus", spec={"hostNetwork": True})]
    found = judged(nad("line"), pod("filler-0", "line"), pod("filler-1", "line"), *others, *OWN)
    assert [f.rule for f in found.findings if f.severity == "error"] == ["multus-not-installed"]


def test_a_nad_that_is_not_among_the_evidence(judged) -> None:
    assert [f.rule for f in judged(pod("filler-0", "line", [DEFAULT])).findings if f.severity != "info"] == ["annotation-not-applied"]


def test_a_sandbox_that_is_over_or_whose_pod_is_there_is_not_judged_by_itself(judged) -> None:
    gone = netns(link("eth0"))
    assert judged(box=inspectp("filler-0", "line", ready=False), **gone).attachments == []
    found = judged(nad("line"), pod("filler-0", "line", [DEFAULT, LINE]), box=inspectp("filler-0", "line"), **netns(link("eth0"), link("net1")))
    assert len(found.attachments) == 1
    assert judged(nad("line"), pod("filler-0", "line", None, phase="Succeeded"), box=inspectp("filler-0", "line"), **gone).findings == []


def test_addresses_of_the_store_join_those_of_the_cache(judged) -> None:
    cached = {"kind": "cniCacheV1", "containerId": sandbox_id("filler-0"), "ifName": "net1", "networkName": "line", "result": {"cniVersion": "0.2.0"}}
    files = {
        "var__lib__cni__networks__line__10.20.0.7": f"{sandbox_id('filler-0')}\r\nnet1",
        "var__lib__cni__networks__far__10.30.0.7": f"{sandbox_id('filler-0')}\r\nnet1",
    }
    found = judged(nad("line"), pod("filler-0", "line", [DEFAULT, LINE]), box=inspectp("filler-0", "line"), cache=json.dumps(cached), **files)
    (row,) = rows(found)
    assert row.have is not None
    assert (row.have.ips, row.state) == (("10.20.0.7",), "ok")


def test_a_lease_without_an_interface_tells_of_none(judged) -> None:
    found = judged(nad("line"), pod("filler-0", "line", [DEFAULT, LINE]), box=inspectp("filler-0", "line"), **{"var__lib__cni__networks__line__10.20.0.7": sandbox_id("filler-0")})  # fmt: skip
    assert table(found).have == ""


def test_a_pod_on_the_hosts_network_has_no_attachments(judged) -> None:
    # That its annotation is for nothing is said of the object.
    assert judged(nad("line"), pod("filler-0", "line", None, spec={"hostNetwork": True})).attachments == []
