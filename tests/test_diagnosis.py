"""What the engine makes of records: one failure is one finding, the cause comes first, and what is over is said to be over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from diagnose.diagnosis import Selection
from diagnose.model import Finding, Report, Symptom

UID = "0b9c3c1a-6d0f-4d0c-9a52-3f7f7f6f5a11"
START = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


def chain(pod: str, root: str, *, attempt: int = 0, network: str = "") -> str:
    """Return the error of one sandbox attempt as CRI-O hands it to the kubelet."""
    namespace, name = pod.split("/")
    sandbox = f"{abs(hash((pod, attempt))):064x}"[-64:]
    inner = (
        f'[{namespace}/{name}/{UID}:{network}]: error adding container to network "{network}": {root}'
        if network
        else f"Multus: [{namespace}/{name}/{UID}]: {root}"
    )
    return (
        f"rpc error: code = Unknown desc = failed to create pod network sandbox k8s_{name}_{namespace}_{UID}_{attempt}({sandbox}): error adding pod {namespace}_{name} "
        f'to CNI network "multus-cni-network": plugin type="multus" name="multus-cni-network" failed (add): {inner}'
    )


def kubelet(at: datetime, said: str, err: str, pod: str = "") -> str:
    quoted = err.replace("\\", "\\\\").replace('"', '\\"')
    key = f' pod="{pod}"' if pod else ""
    return f'{at:%b %d %H:%M:%S} edge microshift[1494]: kubelet E{at:%m%d %H:%M:%S}.163290    1494 pod_workers.go:1301] "{said}" err="{quoted}"{key}'


def four_lines(at: datetime, pod: str, error: str) -> list[str]:
    """Return the kubelet's four lines of one failed attempt (kuberuntime_sandbox.go, kuberuntime_manager.go, pod_workers.go)."""
    namespace, name = pod.split("/")
    wrapped = f'failed to "CreatePodSandbox" for "{name}_{namespace}({UID})" with CreatePodSandboxError: "Failed to create sandbox for pod \\"{name}_{namespace}({UID})\\": {error}"'
    return [
        kubelet(at, "RunPodSandbox from runtime service failed", error),
        kubelet(at, "Failed to create sandbox for pod", error, pod),
        kubelet(at, "CreatePodSandbox for pod failed", error, pod),
        kubelet(at, "Error syncing pod, skipping", wrapped, pod),
    ]


MISSING = 'error loading k8s delegates k8s args: TryLoadPodDelegates: error in getting k8s network for pod: GetNetworkDelegates: failed getting the delegate: getKubernetesDelegate: cannot find a network-attachment-definition ({nad}) in namespace ({ns}): network-attachment-definitions.k8s.cni.cncf.io "{nad}" not found'
RAN = '{at:%b %d %H:%M:%S} edge crio[700]: time="{at:%Y-%m-%dT%H:%M:%S}Z" level=info msg="Ran pod sandbox {box} with infra container: {pod}/POD"'


def pods(finding: Finding) -> list[str]:
    return [f"{a.namespace}/{a.name}" for a in finding.affected if a.kind == "Pod"]


def summary(report: Report) -> list[tuple[str, str, int, list[str]]]:
    return [(f.rule, f.state, f.count, pods(f)) for f in report.findings]


def lines(found: Iterable[str]) -> str:
    return "\n".join(found) + "\n"


def test_the_four_lines_of_one_attempt_count_once(report, write) -> None:
    text = lines(four_lines(START, "shop/till-3", chain("shop/till-3", MISSING.format(nad="pay", ns="shop"))))
    assert summary(report(write(text))) == [("nad-not-found", "active", 1, ["shop/till-3"])]


def test_the_lines_of_one_attempt_count_once_even_seconds_apart(report, write) -> None:
    error = chain("shop/till-3", MISSING.format(nad="pay", ns="shop"))
    spread = [four_lines(START + timedelta(seconds=2 * n), "shop/till-3", error)[n] for n in range(4)]
    assert summary(report(write(lines(spread)))) == [("nad-not-found", "active", 1, ["shop/till-3"])]


def test_ten_thousand_repetitions_are_one_finding(report, write) -> None:
    found: list[str] = []
    for n in range(10_000):
        at = START + timedelta(seconds=n)
        found.append(kubelet(at, "CreatePodSandbox for pod failed", chain("shop/till-3", MISSING.format(nad="pay", ns="shop"), attempt=n), "shop/till-3"))
    (finding,) = report(write(lines(found))).findings
    assert (finding.rule, finding.count, pods(finding)) == ("nad-not-found", 10_000, ["shop/till-3"])
    assert finding.first == int(START.timestamp() * 1e6)
    assert finding.last == int((START + timedelta(seconds=9999)).timestamp() * 1e6)
    assert len(finding.evidence) <= 4


def test_one_missing_nad_hits_two_pods_and_two_causes_are_two_findings(report, write) -> None:
    text = lines(
        [
            *four_lines(START, "shop/till-3", chain("shop/till-3", MISSING.format(nad="pay", ns="shop"))),
            *four_lines(START, "shop/till-4", chain("shop/till-4", MISSING.format(nad="pay", ns="shop"))),
            *four_lines(START, "shop/scale", chain("shop/scale", "no IP addresses available in range set: 10.1.0.2-10.1.0.9", network="lan")),
            *four_lines(START, "shop/door", chain("shop/door", MISSING.format(nad="doors", ns="shop"))),
        ]
    )
    assert sorted(summary(report(write(text)))) == [
        ("ipam-pool-exhausted", "active", 1, ["shop/scale"]),
        ("nad-not-found", "active", 1, ["shop/door"]),
        ("nad-not-found", "active", 2, ["shop/till-3", "shop/till-4"]),
    ]


@pytest.mark.parametrize(
    ("tail", "rule"),
    [
        ('network-attachment-definitions.k8s.cni.cncf.io "pay" not found', "nad-not-found"),
        ("the server could not find the requested resource (get network-attachment-definitions.k8s.cni.cncf.io pay)", "nad-crd-missing"),
        ('network-attachment-definitions.k8s.cni.cncf.io "pay" is forbidden: User "system:serviceaccount:openshift-multus:multus" cannot get resource "network-attachment-definitions" in API group "k8s.cni.cncf.io" in the namespace "shop"', "multus-rbac-forbidden"),
        ('Get "https://10.43.0.1:443/apis/k8s.cni.cncf.io/v1/namespaces/shop/network-attachment-definitions/pay?timeout=1m0s": dial tcp 10.43.0.1:443: connect: connection refused', "apiserver-unreachable"),
    ],
)  # fmt: skip
def test_cannot_find_a_nad_is_four_classes(report, write, tail: str, rule: str) -> None:
    root = f"error loading k8s delegates k8s args: TryLoadPodDelegates: error in getting k8s network for pod: GetNetworkDelegates: failed getting the delegate: getKubernetesDelegate: cannot find a network-attachment-definition (pay) in namespace (shop): {tail}"
    assert summary(report(write(lines(four_lines(START, "shop/till-3", chain("shop/till-3", root)))))) == [(rule, "active", 1, ["shop/till-3"])]


def test_the_add_error_is_the_cause_of_the_del_error_in_its_line(report, write) -> None:
    text = (
        'Failed create pod sandbox: rpc error: code = Unknown desc = [failed to set up sandbox container "'
        + "ab" * 32
        + '" network for pod "till-3": networkPlugin cni failed to set up pod '
        '"till-3_shop" network: [shop/till-3:lan]: error adding container to network "lan": no IP addresses available in range set: 10.1.0.2-10.1.0.9, failed to clean up sandbox container "'
        + "ab"
        * 32
        + '" network for pod "till-3": networkPlugin cni failed to teardown pod "till-3_shop" network: delegateDel: error invoking DelegateDel - "bridge": '
        'error in getting result from DelNetwork: failed to open netns "/proc/1/ns/net": no such file or directory]'
    )
    found = report(write(text)).findings
    assert [f.rule for f in found] == ["ipam-pool-exhausted"]
    assert pods(found[0]) == ["shop/till-3"]


def test_a_link_that_is_not_found_is_named_from_the_nad(report, write) -> None:
    nad = """apiVersion: k8s.cni.cncf.io/v1
kind: NetworkAttachmentDefinition
metadata: {name: lan, namespace: shop}
spec:
  config: '{"cniVersion": "0.4.0", "type": "macvlan", "master": "enp7s0", "ipam": {"type": "static"}}'
"""
    log = lines(four_lines(START, "shop/scale", chain("shop/scale", "Link not found", network="lan")))
    (finding,) = report(write(log, "log"), write(nad, "nad.yaml")).findings
    assert finding.rule == "master-interface-not-found"
    assert {k: finding.captures[k] for k in ("master", "plugin", "nad", "nad_namespace")} == {
        "master": "enp7s0",
        "plugin": "macvlan",
        "nad": "lan",
        "nad_namespace": "shop",
    }


def test_a_pod_that_runs_afterwards_has_recovered_and_one_that_fails_again_has_not(report, write) -> None:
    failed = four_lines(START, "shop/till-3", chain("shop/till-3", MISSING.format(nad="pay", ns="shop")))
    ran = RAN.format(at=START + timedelta(minutes=1), box="ab12", pod="shop/till-3")
    again = four_lines(START + timedelta(minutes=2), "shop/till-3", chain("shop/till-3", MISSING.format(nad="pay", ns="shop"), attempt=1))
    assert [f.state for f in report(write(lines([*failed, ran]))).findings] == ["resolved"]
    assert [f.state for f in report(write(lines([*failed, ran, *again]))).findings] == ["active"]
    # The order of the lines is the log's affair: journalctl -r prints the newest first.
    assert [f.state for f in report(write(lines(reversed([*failed, ran])))).findings] == ["resolved"]


def test_an_added_interface_is_no_recovery_unless_it_is_the_one_that_failed(report, write) -> None:
    """Every attempt adds eth0 before it fails at net1: multus-cni pkg/multus/multus.go, CmdAdd."""
    root = chain("shop/till-3", "no IP addresses available in range set: 10.1.0.2-10.1.0.9", network="lan")
    added = f'{START + timedelta(minutes=1):%b %d %H:%M:%S} edge crio[700]: I1123 18:01:00.1 1 event.go:377] Event(v1.ObjectReference{{Kind:"Pod", Namespace:"shop", Name:"till-3", UID:"{UID}", APIVersion:"v1", ResourceVersion:"1", FieldPath:""}}): type: \'Normal\' reason: \'AddedInterface\' Add '
    added = added.replace("18:01:00.1 1", "18:01:00.100000       1")
    failed = four_lines(START, "shop/till-3", root)
    assert [f.state for f in report(write(lines([*failed, added + "eth0 [10.42.0.7/24] from ovn-kubernetes"]))).findings] == ["active"]
    assert [f.state for f in report(write(lines([*failed, added + "net1 [10.1.0.3/24] from lan"]))).findings] == ["resolved"]


def test_journal_and_events_of_one_failure_are_counted_once(report, write) -> None:
    error = chain("shop/till-3", MISSING.format(nad="pay", ns="shop"))
    log = write(lines(four_lines(START, "shop/till-3", error)), "log")
    event = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e", "namespace": "shop"}, "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "till-3"},
             "reason": "FailedCreatePodSandBox", "type": "Warning", "count": 1, "message": "Failed to create pod sandbox: " + error,
             "firstTimestamp": "2026-11-23T18:00:00Z", "lastTimestamp": "2026-11-23T18:00:00Z"}  # fmt: skip
    import json

    events = write(json.dumps({"apiVersion": "v1", "kind": "List", "items": [event]}), "events.json")
    (finding,) = report(log, events).findings
    assert (finding.count, finding.sources) == (1, ("event", "kubelet"))


NOT_READY = "network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: No CNI configuration file in /etc/cni/net.d/. Has your network provider started?"


def _booting(seconds: int, *, ready: bool) -> str:
    found = [f'{START:%b %d %H:%M:%S} edge microshift[1494]: ??? I{START:%m%d %H:%M:%S}.000000    1494 startuprecorder.go:58] "MICROSHIFT STARTING"']
    for n in range(10, seconds, 10):
        found.append(kubelet(START + timedelta(seconds=n), "Error syncing pod, skipping", NOT_READY, "openshift-dns/dns-default-x"))
    if ready:
        found.append(RAN.format(at=START + timedelta(seconds=seconds), box="cd34", pod="openshift-dns/dns-default-x"))
    end = START + timedelta(seconds=seconds + 30)
    found.append(f"{end:%b %d %H:%M:%S} edge systemd[1]: Reached target Multi-User System.")
    return lines(found)


def test_not_ready_in_the_first_minutes_of_a_start_is_normal(report, write) -> None:
    found = report(write(_booting(120, ready=True))).findings
    assert [(f.rule, f.severity, f.state) for f in found] == [("network-plugin-not-ready", "info", "resolved")]


def test_not_ready_that_lasts_is_an_error(report, write) -> None:
    found = report(write(_booting(900, ready=False))).findings
    assert [(f.rule, f.severity, f.state) for f in found] == [("network-plugin-not-ready", "error", "active")]
    assert pods(found[0]) == ["openshift-dns/dns-default-x"]


def test_not_ready_as_the_newest_state_is_an_error_however_young(report, write) -> None:
    text = "\n".join(_booting(120, ready=False).splitlines()[:-1]) + "\n"
    assert [(f.rule, f.severity, f.state) for f in report(write(text)).findings] == [("network-plugin-not-ready", "error", "active")]


def test_the_cause_of_a_failed_delete_wins_over_the_words_around_it(report, write) -> None:
    """CRI-O's journal hides the ADD error, and shows the same cause in the DEL that follows."""
    line = f'{START:%b %d %H:%M:%S} edge crio[700]: {START:%Y-%m-%dT%H:%M:%S}Z [error] DelegateDel: error invoking DelegateDel - "vision": error in getting result from DelNetwork: {{}}'
    known = report(write(line.format('failed to find plugin "vision" in path [/opt/cni/bin /run/cni/bin]')))
    assert [f.rule for f in known.findings] == ["cni-plugin-missing"]
    unknown = report(write(line.format("the flux capacitor lost its charge")))
    assert [f.rule for f in unknown.findings] == ["cni-del-failed"]


def test_symptoms_are_folded_beneath_their_cause(report, write) -> None:
    error = chain("shop/till-3", MISSING.format(nad="pay", ns="shop"))
    crio = f'{START:%b %d %H:%M:%S} edge crio[700]: time="{START:%Y-%m-%dT%H:%M:%S}Z" level=info msg="NetworkStart: stopping network for sandbox {"0" * 64}" id=1 name=/runtime.v1.RuntimeService/RunPodSandbox'
    found = report(write(lines([*four_lines(START, "shop/till-3", error), crio]))).findings
    assert [(f.rule, f.explains) for f in found] == [("nad-not-found", [Symptom("sandbox-network-failed", 1, "nad-not-found")])]


def test_an_unknown_error_of_a_chain_is_told_with_its_root(report, write) -> None:
    text = lines(four_lines(START, "shop/till-3", chain("shop/till-3", "the flux capacitor lost its charge", network="lan")))
    (finding,) = report(write(text)).findings
    assert finding.rule == "sandbox-network-failed"
    assert finding.captures["reason"] == "the flux capacitor lost its charge"


def test_a_line_cut_before_its_cause_is_still_a_failure(report, write) -> None:
    whole = four_lines(START, "shop/till-3", chain("shop/till-3", MISSING.format(nad="pay", ns="shop")))[3]
    cut = whole[: whole.index("k8s_till-3_shop") + 60]
    (finding,) = report(write(cut)).findings
    assert finding.rule == "sandbox-network-failed"
    assert pods(finding) == ["shop/till-3"]


def test_what_cannot_be_read_hides_nothing(report, write) -> None:
    good = write(lines(four_lines(START, "shop/till-3", chain("shop/till-3", MISSING.format(nad="pay", ns="shop")))), "good.log")
    bad = write(b"\x1f\x8b\x08\x00 this is no gzip", "bad.gz")
    found = report(bad, "/nonexistent", good)
    assert [f.rule for f in found.findings] == ["nad-not-found"]
    assert sorted(g.source or g.reason for g in found.gaps if g.kind == "unreadable") == [str(bad), "cannot read /nonexistent: no such file or folder"]


def test_since_and_until_bound_the_evidence(report, write) -> None:
    log = write(lines(four_lines(START, "shop/till-3", chain("shop/till-3", MISSING.format(nad="pay", ns="shop")))))
    at = int(START.timestamp() * 1e6)
    assert report(log, select=Selection(since=at)).findings
    assert not report(log, select=Selection(since=at + 1)).findings
    assert not report(log, select=Selection(until=at - 1)).findings


GUIDE_EVENT = '    Warning NoNetworkFound 0s multus cannot find a network-attachment-definitio (asdasd) in namespace (default): network-attachment-definitions.k8s.cni.cncf.io "bad-ref-doesnt-exist" not found'
GUIDE_KUBELET = 'Feb 06 13:47:31 dev microshift[1494]: kubelet E0206 13:47:31.163290 1494 pod_workers.go:1298] "Error syncing pod, skipping" err="network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: No CNI configuration file in /etc/cni/net.d/. Has your network provider started?" pod="default/samplepod" podUID="fe0f7f7a-8c47-4488-952b-8abc0d8e2602"'
GUIDE_LOG = 'cannot find a network-attachment-definition (bad-conf) in namespace (default): network-attachment-definitions.k8s.cni.cncf.io "bad-conf" not found" pod="default/samplepod"`'


@pytest.mark.parametrize(
    ("text", "rule", "names", "hit"),
    [
        (GUIDE_EVENT, "nad-not-found", {"nad": "asdasd", "nad_namespace": "default"}, []),
        (GUIDE_KUBELET, "network-plugin-not-ready", {"path": "/etc/cni/net.d/"}, ["default/samplepod"]),
        (GUIDE_LOG, "nad-not-found", {"nad": "bad-conf", "nad_namespace": "default"}, ["default/samplepod"]),
    ],
)
def test_the_examples_of_the_guide(report, write, text: str, rule: str, names: dict[str, str], hit: list[str]) -> None:
    """Sections 5.2.6.1 and 5.2.6.2 of the MicroShift networking guide, slips included (erratum E6)."""
    (finding,) = report(write(text)).findings
    assert finding.rule == rule
    assert {k: finding.captures.get(k) for k in names} == names
    assert pods(finding) == hit
