"""The checks of `msnet check` within `msnet diagnose`: what objects show by themselves, rated by what the pods do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from test_diagnosis import MISSING, START, chain, four_lines, lines, pods

from diagnose.model import Finding, Report

NETWORKS, STATUS = "k8s.v1.cni.cncf.io/networks", "k8s.v1.cni.cncf.io/network-status"
GOOD = '{"cniVersion": "0.4.0", "type": "bridge", "bridge": "br-mill", "ipam": {"type": "host-local", "subnet": "10.7.1.0/24"}}'
BROKEN = '{"cniVersion": "0.4.0", "type": "bridge",}'
WAITS = {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "True"}, {"type": "PodReadyToStartContainers", "status": "False"}]}
RUNS = {"phase": "Running", "containerStatuses": [{"ready": True}]}


def nad(config: str | None = BROKEN, name: str = "mill-net", namespace: str = "mill", **meta: Any) -> dict[str, Any]:
    spec = {} if config is None else {"config": config}
    made = {"name": name, "namespace": namespace, "uid": f"n-{namespace}-{name}", "resourceVersion": "7"}
    return {"apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition", "metadata": {**made, **meta}, "spec": spec}


def pod(networks: str = "mill-net", status: dict[str, Any] = WAITS, name: str = "saw-0", *, recorded: str = "", **meta: Any) -> dict[str, Any]:
    annotations = {k: v for k, v in ((NETWORKS, networks), (STATUS, recorded)) if v}
    made = {"name": name, "namespace": "mill", "uid": f"p-{name}", "resourceVersion": "9", "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {**made, **meta}, "spec": {"containers": [{"name": "app"}]}, "status": status}


def recorded(*networks: str) -> str:
    first = {"name": "ovn-kubernetes", "interface": "eth0", "ips": ["10.42.0.9"], "default": True}
    return json.dumps([first, *({"name": f"mill/{n}", "interface": f"net{i}"} for i, n in enumerate(networks, 1))])


def written(*objects: dict[str, Any]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})


def bare(body: dict[str, Any]) -> dict[str, Any]:
    """Return an object as somebody wrote it: without what the API adds."""
    meta = {k: v for k, v in body["metadata"].items() if k not in ("uid", "resourceVersion")}
    return {**{k: v for k, v in body.items() if k != "status"}, "metadata": meta}


def rated(report: Report) -> list[tuple[str, str, list[str]]]:
    return [(f.rule, f.severity, pods(f)) for f in report.findings]


def only(report: Report) -> Finding:
    (finding,) = report.findings
    return finding


def test_a_nad_is_accused_with_the_pods_that_wait_for_it(report, write) -> None:
    found = only(report(write(written(pod(), nad()))))
    assert (found.rule, found.severity, found.confidence, found.state, pods(found)) == ("nad-config-invalid-json", "error", "high", "active", ["mill/saw-0"])
    assert [h.kind for h in found.hints] == ["fault"]
    assert found.hints[0].values["what"] == "nad-json-trailing-comma"


def test_of_a_nad_whose_pods_run_a_fault_is_for_information(report, write) -> None:
    runs = pod(status=RUNS, recorded=recorded("mill-net"))
    found = only(report(write(written(runs, nad()))))
    assert (found.rule, found.severity, pods(found)) == ("nad-config-invalid-json", "info", [])
    both = report(write(written(runs, pod(name="saw-1"), nad())))
    assert rated(both) == [("nad-config-invalid-json", "error", ["mill/saw-1"])]


def test_a_nad_that_no_pod_asks_for_is_for_information_where_pods_are_known(report, write) -> None:
    other = pod("", RUNS)
    assert rated(report(write(written(other, nad())))) == [("nad-config-invalid-json", "info", [])]
    assert rated(report(write(written(nad())))) == [("nad-config-invalid-json", "error", [])]


@pytest.mark.parametrize(
    "status",
    [
        RUNS,
        {"phase": "Running", "containerStatuses": [{"ready": False}]},
        {"phase": "Succeeded"},
        {"phase": "Failed"},
        {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False"}]},
        {"phase": "Pending", "conditions": [{"type": "PodReadyToStartContainers", "status": "True"}]},
    ],
)
def test_a_pod_that_has_its_network_or_wants_none_yet_is_not_accused(report, write, status) -> None:
    assert all(f.severity == "info" for f in report(write(written(pod(status=status), nad()))).findings if f.rule.startswith("nad-"))
    assert all(f.severity == "info" for f in report(write(written(pod("saw@a@b", status)))).findings if f.rule.startswith("annotation-invalid"))


def test_a_pod_on_its_way_out_or_in_the_hosts_network_is_not_accused(report, write) -> None:
    going = pod("saw@a@b", deletionTimestamp="2026-11-23T18:00:00Z")
    assert rated(report(write(written(going)))) == [("annotation-invalid-format", "info", ["mill/saw-0"])]
    hosts = pod("mill-net")
    hosts["spec"]["hostNetwork"] = True
    assert ("nad-config-invalid-json", "info", []) in rated(report(write(written(hosts, nad()))))
    attached = pod(recorded=recorded("mill-net"))
    assert rated(report(write(written(attached, nad())))) == [("nad-config-invalid-json", "info", [])]


def test_a_row_of_the_pod_table_shows_that_a_pod_runs(report, write) -> None:
    rows = "NAMESPACE   NAME    READY   STATUS    RESTARTS   AGE\nmill        saw-0   1/1     Running   0          5m\n"
    assert rated(report(write(written(pod(), nad()), "o.json"), write(rows, "pods.txt"))) == [("nad-config-invalid-json", "info", [])]


def test_a_fault_in_log_and_object_is_one_finding_and_sure(report, write) -> None:
    root = "Link not found"
    log = lines(four_lines(START, "mill/saw-0", chain("mill/saw-0", root, network="mill-net")))
    config = '{"cniVersion": "0.4.0", "type": "macvlan", "master": "enp7s0", "ipam": {"type": "dhcp"}}'
    links = '[{"ifname": "lo", "link_type": "loopback"}, {"ifname": "enp1s0", "link_type": "ether", "address": "52:54:00:00:00:01"}]'
    found = only(report(write(log, "log"), write(written(pod(), nad(config)), "o.json"), write(links, "link.json")))
    assert (found.rule, found.severity, found.confidence, found.count) == ("master-interface-not-found", "error", "high", 1)
    assert found.captures["master"] == "enp7s0"
    assert found.sources == ("kubelet", "object")


def test_a_log_that_names_no_nad_takes_it_from_the_object(report, write) -> None:
    log = lines(
        four_lines(START, "mill/saw-0", chain("mill/saw-0", "error parsing configuration: invalid character '}' looking for beginning of object key string"))
    )
    found = only(report(write(log, "log"), write(written(pod(), nad()), "o.json")))
    assert (found.rule, found.captures["nad"], found.captures["nad_namespace"]) == ("nad-config-invalid-json", "mill-net", "mill")
    assert "object" in found.sources


def test_where_a_log_tells_the_cause_other_faults_are_for_information(report, write) -> None:
    log = lines(four_lines(START, "mill/saw-0", chain("mill/saw-0", MISSING.format(nad="gone", ns="mill"))))
    found = report(write(log, "log"), write(written(pod("mill-net,gone"), nad()), "o.json"))
    assert [(f.rule, f.severity) for f in found.findings] == [("nad-not-found", "error"), ("nad-config-invalid-json", "info")]
    manifests = written(bare(pod("mill-net", name="saw")), bare(nad()))
    told = report(write(log, "log"), write(manifests, "m.json"))
    assert [(f.rule, f.severity) for f in told.findings] == [("nad-not-found", "error"), ("nad-config-invalid-json", "info")]


def test_a_fault_of_objects_explains_what_a_log_only_laments(report, write) -> None:
    log = lines(four_lines(START, "mill/saw-0", chain("mill/saw-0", "the moon stands in the wrong house")))
    found = report(write(log, "log"), write(written(pod(), nad()), "o.json")).findings
    assert [(f.rule, [s.rule for s in f.explains]) for f in found] == [("nad-config-invalid-json", ["sandbox-network-failed"])]


def test_a_log_that_tells_why_another_pod_fails_explains_no_object_of_the_api(report, write) -> None:
    log = lines(four_lines(START, "mill/other", chain("mill/other", MISSING.format(nad="gone", ns="mill"))))
    found = report(write(log, "log"), write(written(pod(), nad()), "o.json"))
    assert rated(found) == [("nad-config-invalid-json", "error", ["mill/saw-0"]), ("nad-not-found", "error", ["mill/other"])]
    alone = report(write(log, "log"), write(written(bare(nad())), "m.json"))
    assert rated(alone) == [("nad-not-found", "error", ["mill/other"]), ("nad-config-invalid-json", "info", [])]


def test_a_crashing_container_explains_no_manifest(report, write) -> None:
    line = 'Nov 23 18:00:00 edge microshift[1]: kubelet E1123 18:00:00.000000    1 pod_workers.go:1301] "Error syncing pod, skipping" '
    line += 'err="failed to \\"StartContainer\\" for \\"app\\" with CrashLoopBackOff: \\"back-off 10s restarting failed container=app pod=other_mill(0b9c)\\"" pod="mill/other"\n'
    found = report(write(line, "log"), write(written(bare(nad())), "m.json"))
    assert rated(found) == [("nad-config-invalid-json", "error", []), ("not-network", "info", ["mill/other"])]


def test_warnings_beside_a_cause_are_nobodys_question(report, write) -> None:
    log = lines(four_lines(START, "mill/saw-0", chain("mill/saw-0", MISSING.format(nad="gone", ns="mill"))))
    overlaps = GOOD.replace("10.7.1.0", "10.42.0.0")
    assert rated(report(write(log, "log"), write(written(pod("mill-net,gone"), nad(overlaps)), "o.json"))) == [("nad-not-found", "error", ["mill/saw-0"])]


def test_hints_are_no_findings(report, write) -> None:
    config = (
        '{"cniVersion": "0.4.0", "type": "bridge", "bridge": "br-mill", "mode": "l2", "colour": 1, "ipam": {"type": "host-local", "subnet": "10.7.1.0/24"}}'
    )
    assert report(write(written(pod("mill-net , mill-net"), nad(config)))).findings == []


def test_a_missing_nad_that_a_log_tells_of_is_shown_in_the_object(report, write) -> None:
    log = lines(four_lines(START, "mill/saw-0", chain("mill/saw-0", MISSING.format(nad="gone", ns="mill"))))
    asks = bare(pod("gone"))
    far = nad(GOOD, "x", "other")
    found = only(report(write(log, "log"), write(written(asks, far), "o.json")))
    assert (found.rule, found.sources, found.severity) == ("nad-not-found", ("kubelet", "object"), "error")
    assert "fault" not in [h.kind for h in found.hints]
    assert [f.rule for f in report(write(written(asks, far))).findings] == []
    other = lines(four_lines(START, "mill/saw-0", chain("mill/saw-0", MISSING.format(nad="lost", ns="mill"))))
    assert only(report(write(other, "log"), write(written(asks, far), "o.json"))).sources == ("kubelet",)


def test_an_annotation_that_was_broken_later_is_for_information(report, write) -> None:
    found = only(report(write(written(pod("a@b@c", RUNS, recorded=recorded("mill-net"))))))
    assert (found.rule, found.severity, found.state) == ("annotation-invalid-format", "info", "active")


def test_a_request_that_the_plugin_ignores_does_not_explain_a_pod_that_waits(report, write) -> None:
    ignored = """[{"name": "mill-net", "default-route": []}]"""
    assert rated(report(write(written(pod(ignored), nad(GOOD))))) == [("annotation-invalid-ip", "info", ["mill/saw-0"])]
    assert rated(report(write(written(bare(pod(ignored)), nad(GOOD))))) == [("annotation-invalid-ip", "warning", ["mill/saw-0"])]


def test_a_mac_that_another_pod_has_may_stop_a_pod(report, write) -> None:
    config = '{"cniVersion": "0.4.0", "type": "macvlan", "master": "eno1", "capabilities": {"mac": true}, "ipam": {"type": "dhcp"}}'
    asks = '[{"name": "mill-net", "mac": "02:00:00:00:00:01"}]'
    waits, runs = pod(asks), pod(asks, RUNS, "saw-1", recorded=recorded("mill-net"))
    assert ("address-conflict", "warning", ["mill/saw-0"]) in rated(report(write(written(runs, waits, nad(config)))))
    both = pod(asks, RUNS, recorded=recorded("mill-net"))
    assert all(f.severity == "info" for f in report(write(written(both, runs, nad(config)))).findings)


def test_all_pods_that_wait_for_a_nad_are_named(report, write) -> None:
    assert rated(report(write(written(pod(), pod(name="saw-1"), nad())))) == [("nad-config-invalid-json", "error", ["mill/saw-0", "mill/saw-1"])]


def test_a_pod_known_from_a_table_runs_for_its_manifest_too(report, write) -> None:
    rows = "NAMESPACE   NAME    READY   STATUS    RESTARTS   AGE\nmill        saw-0   1/1     Running   0          5m\n"
    found = report(write(written(bare(pod()), bare(nad())), "m.json"), write(rows, "pods.txt"))
    assert rated(found) == [("nad-config-invalid-json", "info", [])]


def test_a_key_that_nobody_reads_is_told_of_a_pod_that_runs(report, write) -> None:
    wrong = pod("", RUNS)
    wrong["metadata"]["annotations"] = {"k8s.v1.cni.cncf.io/network": "mill-net", STATUS: recorded()}
    found = only(report(write(written(wrong, nad(GOOD)))))
    assert (found.rule, found.severity, found.state, pods(found)) == ("annotation-unknown-key", "warning", "active", ["mill/saw-0"])


def test_a_warning_does_not_explain_a_pod_that_waits(report, write) -> None:
    overlaps = GOOD.replace("10.7.1.0", "10.42.0.0")
    assert rated(report(write(written(pod(), nad(overlaps))))) == [("network-overlap", "info", ["mill/saw-0"])]
    assert rated(report(write(written(nad(overlaps))))) == [("network-overlap", "info", [])]
    assert rated(report(write(written(bare(nad(overlaps)))))) == [("network-overlap", "warning", [])]


class TestMissing:
    """NADs that are asked for and not at hand."""

    def test_in_a_list_of_all_namespaces_is_an_error(self, report, write) -> None:
        found = only(report(write(written(pod("gone"), nad(GOOD), nad(GOOD.replace("10.7.1", "10.7.2"), "x", "other")))))
        assert (found.rule, found.severity, found.confidence, pods(found)) == ("nad-not-found", "error", "high", ["mill/saw-0"])

    def test_among_those_of_its_namespace_is_a_warning(self, report, write) -> None:
        found = only(report(write(written(pod("gone"), nad(GOOD)))))
        assert (found.rule, found.severity, found.confidence) == ("nad-not-found", "warning", "medium")

    def test_among_those_of_another_namespace_proves_nothing(self, report, write) -> None:
        assert all(f.severity == "info" for f in report(write(written(pod("elsewhere/gone"), nad(GOOD)))).findings)
        assert [f.severity for f in report(write(written(pod("elsewhere/mill-net"), nad(GOOD)))).findings] == ["warning"]

    def test_of_a_pod_that_runs_is_for_information(self, report, write) -> None:
        runs = pod("gone", RUNS, recorded=recorded("gone"))
        more = nad(GOOD.replace("10.7.1", "10.7.2").replace("br-mill", "br-x"), "x", "other")
        assert all(f.severity == "info" for f in report(write(written(runs, nad(GOOD), more))).findings)

    def test_manifests_are_no_whole_list(self, report, write) -> None:
        more = nad(GOOD.replace("10.7.1", "10.7.2").replace("br-mill", "br-x"), "x", "other")
        assert only(report(write(written(pod("gone"), bare(nad(GOOD)), bare(more))))).severity == "warning"

    def test_two_files_of_one_namespace_each_are_no_whole_list(self, report, write) -> None:
        more = nad(GOOD.replace("10.7.1", "10.7.2").replace("br-mill", "br-x"), "x", "other")
        found = only(report(write(written(pod("gone"), nad(GOOD)), "a.json"), write(written(more), "b.json")))
        assert found.severity == "warning"


MASTER = '{"cniVersion": "0.4.0", "type": "macvlan", "master": "enp7s0", "ipam": {"type": "dhcp"}}'


@pytest.mark.parametrize(("beside", "wanted"), [("lo", ["master-interface-not-found"]), ("enp2s0", [])])
def test_only_a_whole_list_of_links_shows_that_one_is_missing(report, write, beside, wanted) -> None:
    links = json.dumps([{"ifname": n, "link_type": "ether", "address": "52:54:00:00:00:01"} for n in (beside, "enp1s0")])
    assert [f.rule for f in report(write(written(pod(), nad(MASTER)), "o.json"), write(links, "l.json")).findings] == wanted


def test_two_nads_with_one_fault_are_two_findings(report, write) -> None:
    links = '[{"ifname": "lo", "link_type": "loopback"}]'
    two = written(nad(MASTER), nad(MASTER.replace("enp7s0", "enp8s0"), "other-net"))
    assert len(report(write(two, "o.json"), write(links, "l.json")).findings) == 2


def test_the_newest_state_counts_whatever_the_order(report, write) -> None:
    old, new = nad(BROKEN, resourceVersion="5"), nad(GOOD, resourceVersion="10")
    assert report(write(written(pod(), old, new))).findings == []
    assert report(write(written(new, old, pod()))).findings == []


class TestTemplates:
    """Deployments and their like."""

    def deployment(self, status: dict[str, Any] | None) -> dict[str, Any]:
        meta = {"name": "saw", "namespace": "mill", **({"uid": "d"} if status is not None else {})}
        body = {"replicas": 1, "template": {"metadata": {"annotations": {NETWORKS: "a@b@c"}}, "spec": {}}}
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": body, "status": status or {}}

    def test_a_template_whose_pods_work_is_not_accused(self, report, write) -> None:
        assert rated(report(write(written(self.deployment({"readyReplicas": 1}))))) == [("annotation-invalid-format", "info", ["mill/saw"])]
        assert rated(report(write(written(self.deployment({}))))) == [("annotation-invalid-format", "error", ["mill/saw"])]
        assert rated(report(write(written(self.deployment(None))))) == [("annotation-invalid-format", "error", ["mill/saw"])]

    def test_a_pod_of_it_is_told_once(self, report, write) -> None:
        own = pod("a@b@c", name="saw-7c9d8f6b5-x2x4z")
        assert rated(report(write(written(self.deployment({}), own)))) == [("annotation-invalid-format", "error", ["mill/saw-7c9d8f6b5-x2x4z"])]

    def test_a_held_pod_is_judged_by_its_own_annotation(self, report, write) -> None:
        own = pod("mill-net", name="saw-7c9d8f6b5-x2x4z")
        assert report(write(written(self.deployment({}), own, nad(GOOD)))).findings == []

    def test_a_row_of_the_table_shows_that_its_pod_runs(self, report, write) -> None:
        rows = "NAMESPACE   NAME                   READY   STATUS    RESTARTS   AGE\nmill        saw-7c9d8f6b5-x2x4z   1/1     Running   0          5m\n"
        found = report(write(written(self.deployment(None)), "d.json"), write(rows, "pods.txt"))
        assert rated(found) == [("annotation-invalid-format", "info", ["mill/saw"])]

    def test_beside_a_log_with_another_cause_it_is_for_information(self, report, write) -> None:
        log = lines(four_lines(START, "mill/other", chain("mill/other", MISSING.format(nad="gone", ns="mill"))))
        found = report(write(log, "log"), write(written(self.deployment(None)), "d.json"))
        assert rated(found) == [("nad-not-found", "error", ["mill/other"]), ("annotation-invalid-format", "info", ["mill/saw"])]

    def test_a_cron_job_has_no_pods_to_lack(self, report, write) -> None:
        body = {"spec": {"template": {"metadata": {"annotations": {NETWORKS: "a@b@c"}}}}}
        job = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "saw", "namespace": "mill", "uid": "c"}, "spec": {"jobTemplate": body}}
        assert rated(report(write(written(job)))) == [("annotation-invalid-format", "info", ["mill/saw"])]

    def test_a_log_tells_which_pod_it_is(self, report, write) -> None:
        name = "mill/saw-7c9d8f6b5-x2x4z"
        error = "parsePodNetworkAnnotation: failed to parse pod Network Attachment Selection Annotation JSON format: invalid character"
        log = lines(four_lines(START, name, chain(name, error)))
        broken = self.deployment({})
        broken["spec"]["template"]["metadata"]["annotations"][NETWORKS] = "[{"
        found = only(report(write(log, "log"), write(written(broken), "d.json")))
        assert (found.rule, pods(found)) == ("annotation-invalid-json", [name])
        assert "object" in found.sources


def test_what_the_api_took_is_not_called_invalid(report, write) -> None:
    odd = nad(GOOD)
    odd["metadata"]["annotations"] = {"count": 3}
    assert report(write(written(odd))).findings == []
    assert [f.rule for f in report(write(written(bare(odd)))).findings] == ["manifest-invalid"]
