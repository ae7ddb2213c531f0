"""Symptoms stand beneath their cause, and only there: joined by pod, NAD, network or node, and by the time."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from test_diagnosis import MISSING, RAN, START, UID, chain, four_lines, kubelet, lines, pods
from test_state import OTHER, POD, failure, not_ready, said

from diagnose.catalog import Catalog
from diagnose.engine import VAGUE, Group, PodTimes
from diagnose.fold import Made, folded
from diagnose.model import Affected, Finding, Proof, Report, Symptom
from diagnose.parse.when import micros
from diagnose.rule import JOINS

FLUX, WARP = "the flux capacitor lost its charge", "the warp core is cold"
THIRD = "hall/lamp"


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def deleted(moment: datetime, pod: str, why: str = "netplugin said something new") -> str:
    """Return the kubelet's line on a sandbox whose network could not be taken down."""
    namespace, name = pod.split("/")
    root = f'delegateDel: error invoking DelegateDel - "bridge": error in getting result from DelNetwork: {why}'
    error = (
        f"rpc error: code = Unknown desc = failed to destroy network for pod sandbox k8s_{name}_{namespace}_{UID}_0({'ab' * 32}): error removing pod "
        f'{namespace}_{name} from CNI network "multus-cni-network": plugin type="multus" name="multus-cni-network" failed (delete): {root}'
    )
    return kubelet(moment, "Error syncing pod, skipping", f'failed to "KillPodSandbox" for "{UID}" with KillPodSandboxError: "{error}"', pod)


def reserved(moment: datetime, pod: str) -> str:
    """Return the kubelet's line on a sandbox that CRI-O still works on."""
    namespace, name = pod.split("/")
    error = f"rpc error: code = Unknown desc = error reserving pod name k8s_{name}_{namespace}_{UID}_0 for id 6c1d0f5ae1b2: name is reserved"
    return kubelet(moment, "Failed to create sandbox for pod", error, pod)


def waits(moment: datetime, pod: str) -> str:
    text = '"No preemption candidate is found; preemption is not helpful for scheduling"'
    return f'{moment:%b %d %H:%M:%S} edge microshift[1494]: kube-scheduler I{moment:%m%d %H:%M:%S}.163290    1494 preemption.go:1] {text} pod="{pod}"'


def unknown(moment: datetime, pod: str, why: str = FLUX, attempt: int = 0) -> list[str]:
    """Return the lines of an attempt that failed in a way that no rule knows."""
    return four_lines(moment, pod, chain(pod, why, network="lan", attempt=attempt))


def network_down(moment: datetime) -> str:
    """Return the kubelet's line on the node, which names no pod."""
    state = "NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: No CNI configuration file in /etc/cni/net.d/. Has your network provider started?"
    return said(moment, f'"Container runtime network not ready" networkReady="{state}"').replace("kubelet I", "kubelet E")


def cni_file(moment: datetime, what: str, name: str) -> str:
    return said(moment, f'CNI monitoring event {what} \\"/etc/cni/net.d/{name}\\"', "crio")


MULTUS = '{0:%b %d %H:%M:%S} edge multus[9]: {0:%Y-%m-%dT%H:%M:%S}Z [error] failed to create multus config: cannot find valid master CNI config in "/host/etc/cni/net.d"'


def tree(report: Report) -> list[tuple[str, list[str], list[tuple[str, int, str]]]]:
    """Return of each finding its rule, its pods, and what stands beneath it: rule, count, and by what it is explained."""
    return [(f.rule, sorted(pods(f)), [(s.rule, s.count, s.by) for s in f.explains]) for f in report.findings]


# ---- from text


@pytest.mark.parametrize(
    ("symptom", "rule"),
    [
        (reserved(at(20), POD), "sandbox-name-reserved"),
        (deleted(at(5), POD), "cni-del-failed"),
        ("\n".join(unknown(at(20), POD, attempt=1)), "sandbox-network-failed"),
        (deleted(at(5), POD, 'failed to find plugin "vision" in path [/opt/cni/bin]'), "cni-plugin-missing"),
    ],
    ids=["name is reserved", "teardown", "no reason known", "a teardown for a reason of its own"],
)
def test_vague_symptoms_and_failed_teardowns_stand_beneath_the_cause_of_their_pod(report, write, symptom: str, rule: str) -> None:
    assert tree(report(write(lines([*failure(), symptom])))) == [("ipam-pool-exhausted", [POD], [(rule, 1, "ipam-pool-exhausted")])]
    # The order of the lines is the log's affair.
    assert tree(report(write(lines([symptom, *failure()])))) == [("ipam-pool-exhausted", [POD], [(rule, 1, "ipam-pool-exhausted")])]


@pytest.mark.parametrize(
    ("symptom", "rule"),
    [
        (reserved(at(20), OTHER), "sandbox-name-reserved"),
        (deleted(at(5), OTHER), "cni-del-failed"),
        ("\n".join(unknown(at(20), OTHER)), "sandbox-network-failed"),
    ],
)
def test_a_symptom_of_another_pod_is_not_explained(report, write, symptom: str, rule: str) -> None:
    assert sorted(tree(report(write(lines([*failure(), symptom]))))) == sorted([("ipam-pool-exhausted", [POD], []), (rule, [OTHER], [])])


def test_a_failed_teardown_alone_is_a_finding(report, write) -> None:
    assert tree(report(write(lines([deleted(at(0), POD)])))) == [("cni-del-failed", [POD], [])]


def test_the_vague_symptoms_of_one_pod_without_a_cause_are_one_finding(report, write) -> None:
    (finding,) = report(write(lines([*unknown(at(0), POD), reserved(at(20), POD), deleted(at(5), POD)]))).findings
    assert pods(finding) == [POD]
    assert {finding.rule, *(s.rule for s in finding.explains)} == VAGUE


def test_every_symptom_is_counted(report, write) -> None:
    log = [
        *failure(),
        *(reserved(at(20 + n), POD).replace("6c1d0f5ae1b2", f"{n}" * 12) for n in range(7)),
        *(deleted(at(5 + n), POD).replace("ab" * 32, f"{n}" * 64) for n in range(3)),
    ]
    (finding,) = report(write(lines(log))).findings
    assert (finding.count, sorted((s.rule, s.count) for s in finding.explains)) == (1, [("cni-del-failed", 3), ("sandbox-name-reserved", 7)])


@pytest.mark.parametrize("told", [cni_file(at(0), "REMOVE", "00-multus.conf"), MULTUS.format(at(0))], ids=["its file vanished", "its own words"])
def test_multus_that_stops_and_all_that_comes_of_it_is_one_finding_with_its_chain(report, write, told: str) -> None:
    log = [told, not_ready(at(30)), waits(at(50), "hall/desk"), not_ready(at(60)), reserved(at(70), THIRD)]
    (found,) = tree(report(write(lines(log))))
    rule, hit, below = found
    assert (rule, hit) == ("multus-not-running", ["hall/desk", THIRD, OTHER])
    assert below[0] == ("network-plugin-not-ready", 2, "multus-not-running")
    assert [x[:2] for x in below[1:]] == [("sandbox-name-reserved", 1)]


def test_without_multus_a_network_that_is_not_ready_explains_the_waiting_pods(report, write) -> None:
    log = [network_down(at(30)), waits(at(50), "hall/desk"), not_ready(at(60)), reserved(at(70), THIRD)]
    assert tree(report(write(lines(log)))) == [
        ("network-plugin-not-ready", ["hall/desk", THIRD, OTHER], [("sandbox-name-reserved", 1, "network-plugin-not-ready")])
    ]


@pytest.mark.parametrize(
    ("moves", "rule"),
    [
        ([(0, "REMOVE", "00-multus.conf")], "multus-not-running"),
        ([(0, "REMOVE", "10-ovn-kubernetes.conf")], "ovn-kubernetes-not-ready"),
        ([(0, "REMOVE", "00-multus.conf"), (5, "CREATE", "00-multus.conf")], "network-plugin-not-ready"),
        ([(0, "CREATE", "00-multus.conf"), (5, "REMOVE", "00-multus.conf")], "multus-not-running"),
        ([(0, "REMOVE", "87-podman.conflist")], "network-plugin-not-ready"),
        ([(-601, "REMOVE", "00-multus.conf")], "network-plugin-not-ready"),
        ([(20, "REMOVE", "00-multus.conf")], "network-plugin-not-ready"),
    ],
)
def test_the_component_whose_configuration_vanished_is_the_cause(report, write, moves: list[tuple[int, str, str]], rule: str) -> None:
    log = [*(cni_file(at(seconds), what, name) for seconds, what, name in moves), not_ready(at(10))]
    assert [f.rule for f in report(write(lines(log))).findings] == [rule]


def test_a_pods_own_cause_is_preferred_to_a_node_wide_one(report, write) -> None:
    log = [network_down(at(0)), not_ready(at(30)), *failure(at(40)), reserved(at(70), POD)]
    assert sorted(tree(report(write(lines(log))))) == [
        ("ipam-pool-exhausted", [POD], [("sandbox-name-reserved", 1, "ipam-pool-exhausted")]),
        ("network-plugin-not-ready", [OTHER], []),
    ]


def test_a_cause_that_only_a_pod_tells_of_does_not_speak_for_its_node(report, write) -> None:
    """One pod without the API server says nothing on another pod; the API server's own log does."""
    refused = 'error waiting for pod: Get "https://10.43.0.1:443/api/v1/namespaces/shop/pods/till-3": dial tcp 10.43.0.1:443: connect: connection refused'
    of_pod = four_lines(at(0), POD, chain(POD, refused))
    watch = f'{at(0):%b %d %H:%M:%S} edge microshift[1494]: kubelet W{at(0):%m%d %H:%M:%S}.410000    1494 reflector.go:561] k8s.io/client-go/informers/factory.go:160: failed to list *v1.Node: Get "https://edge:6443/api/v1/nodes": dial tcp 192.168.7.9:6443: connect: connection refused'
    assert sorted(tree(report(write(lines([*of_pod, *unknown(at(5), OTHER)]))))) == [
        ("apiserver-unreachable", [POD], []),
        ("sandbox-network-failed", [OTHER], []),
    ]
    # Multus names no pod in its own line; CRI-O's next line does.
    stamp = f"{at(0):%b %d %H:%M:%S} edge crio[700]: "
    multus = f"{stamp}{at(0):%Y-%m-%dT%H:%M:%S}Z [error] {refused}"
    quoted = chain(POD, refused).partition("CNI network ")[2].partition(": ")[2].replace('"', '\\"')
    crio = f'{stamp}time="{at(0):%Y-%m-%dT%H:%M:%S}.1Z" level=error msg="Error adding network: {quoted}"'
    assert sorted(tree(report(write(lines([multus, crio, *unknown(at(5), OTHER)]))))) == [
        ("apiserver-unreachable", [POD], []),
        ("sandbox-network-failed", [OTHER], []),
    ]
    assert tree(report(write(lines([watch, *unknown(at(5), OTHER)])))) == [
        ("apiserver-unreachable", [OTHER], [("sandbox-network-failed", 1, "apiserver-unreachable")])
    ]


def test_a_dhcp_daemon_that_is_down_explains_the_leases_of_its_network_only(report, write) -> None:
    no_daemon = four_lines(at(0), POD, chain(POD, "error dialing DHCP daemon: dial unix /run/cni/dhcp.sock: connect: no such file or directory", network="lan"))
    no_lease = [*four_lines(at(9), OTHER, chain(OTHER, "error calling DHCP.Allocate: no more tries", network="lan"))]
    elsewhere = four_lines(at(9), THIRD, chain(THIRD, "error calling DHCP.Allocate: no more tries", network="doors"))
    assert tree(report(write(lines([*no_daemon, *no_lease, *elsewhere])))) == [
        ("ipam-dhcp-daemon-unreachable", [OTHER, POD], [("ipam-dhcp-no-lease", 1, "ipam-dhcp-daemon-unreachable")]),
        ("ipam-dhcp-no-lease", [THIRD], []),
    ]


def test_a_resolved_cause_does_not_swallow_a_symptom_that_goes_on(report, write) -> None:
    ran = RAN.format(at=at(60), box="ab12", pod=POD)
    during = [*failure(), reserved(at(20), POD), ran]
    assert [(f.rule, f.state, [s.rule for s in f.explains]) for f in report(write(lines(during))).findings] == [
        ("ipam-pool-exhausted", "resolved", ["sandbox-name-reserved"])
    ]
    afterwards = [*failure(), ran, reserved(at(120), POD)]
    assert sorted((f.rule, f.state, f.explains) for f in report(write(lines(afterwards))).findings) == [
        ("ipam-pool-exhausted", "resolved", []),
        ("sandbox-name-reserved", "active", []),
    ]


def test_what_is_normal_after_a_start_does_not_explain_a_failure_that_goes_on(report, write) -> None:
    start = f"{START:%b %d %H:%M:%S} edge microshift[1494]: ??? I{START:%m%d %H:%M:%S}.000000    1494 startuprecorder.go:58] MICROSHIFT STARTING"
    log = [start, not_ready(at(30)), RAN.format(at=at(60), box="ab12", pod="hall/desk"), *unknown(at(40), POD), *unknown(at(70), POD, attempt=1)]
    assert sorted((f.rule, f.severity, f.state, f.explains) for f in report(write(lines(log))).findings) == [
        ("network-plugin-not-ready", "info", "resolved", []),
        ("sandbox-network-failed", "error", "active", []),
    ]


def test_pods_that_fail_with_the_same_unknown_words_are_one_finding(report, write) -> None:
    log = [*unknown(at(0), POD), *unknown(at(9), OTHER), *unknown(at(30), OTHER, attempt=1), *unknown(at(12), THIRD, WARP)]
    found = report(write(lines(log))).findings
    assert [(f.rule, f.count, sorted(pods(f)), f.first, f.last) for f in found] == [
        ("sandbox-network-failed", 3, [OTHER, POD], micros(at(0)), micros(at(30))),
        ("sandbox-network-failed", 1, [THIRD], micros(at(12)), micros(at(12))),
    ]
    assert found[0].evidence
    # What differs from case to case does not part them.
    log = [*unknown(at(0), POD, "veth8d5e7c1a has no carrier"), *unknown(at(9), OTHER, "veth0b2f4c3d has no carrier")]
    assert [(f.count, sorted(pods(f))) for f in report(write(lines(log))).findings] == [(2, [OTHER, POD])]


def test_the_pods_of_one_unknown_failure_that_is_over_for_some_stay_apart(report, write) -> None:
    log = [*unknown(at(0), POD), *unknown(at(9), OTHER), RAN.format(at=at(60), box="ab12", pod=OTHER)]
    assert [(f.state, pods(f)) for f in report(write(lines(log))).findings] == [("active", [POD]), ("resolved", [OTHER])]


def test_unexplained_errors_are_grouped_by_shape_and_counted(report, write) -> None:
    log = [
        *unknown(at(0), POD, "veth8d5e7c1a has no carrier"),
        *unknown(at(9), OTHER, "veth0b2f4c3d has no carrier"),
        *unknown(at(19), OTHER, "veth0b2f4c3e has no carrier", attempt=1),
        *(line for n in range(4) for line in unknown(at(5 + 10 * n), THIRD, WARP, attempt=n)),
        f"{at(7):%b %d %H:%M:%S} edge multus[9]: {at(7):%Y-%m-%dT%H:%M:%S}Z [error] {WARP}",
        f"{at(8):%b %d %H:%M:%S} edge multus[9]: {at(8):%Y-%m-%dT%H:%M:%S}Z [verbose] the flux capacitor is charged",
        *failure(),
        *four_lines(at(11), "hall/desk", chain("hall/desk", MISSING.format(nad="pay", ns="hall"))),
    ]
    found = report(write(lines(log))).unexplained
    assert [(u.shape, u.count, sorted(u.pods), u.first, u.last) for u in found] == [
        (WARP, 5, [THIRD], micros(at(5)), micros(at(35))),
        ("<*> has no carrier", 3, [OTHER, POD], micros(at(0)), micros(at(19))),
    ]
    assert [u.example and (u.example.time, u.example.line) for u in found] == [(micros(at(5)), 13), (micros(at(0)), 1)]


# ---- the joins, one by one


@pytest.fixture
def make(catalog: Catalog):
    """Make a finding of a rule, and the group that it came from."""

    def made(
        rule: str, *on: str, bare: bool | None = None, added: bool = True, state: str = "active", over: float | None = None, span: tuple[float, float] | None = (0, 0),
        severity: str = "", count: int = 1, **captures: str,
    ) -> Made:  # fmt: skip
        known = catalog.by_id[rule]
        group = Group(known, tuple(captures.get(k, "") for k in known.key), captures=captures, added=added, bare=not on if bare is None else bare)
        group.pods = {pod: PodTimes() for pod in on}
        first, last = (None, None) if span is None else (micros(at(span[0])), micros(at(span[1])))
        proof = Proof("works", micros(at(over)), "it ran") if over is not None else None
        affected = [Affected("Pod", *pod.split("/")) for pod in on]
        return group, Finding(rule, severity or known.severity, "high", state, affected, captures, count, first, last, [], proof=proof)

    return made


def below(*found: Made) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the roots in their order, each with what stands beneath: rule, and by what it is explained."""
    return [(f.rule, [(s.rule, s.by) for s in f.explains]) for _, f in folded(list(found))]


ISOLATED = [("network-plugin-not-ready", []), ("sandbox-network-failed", [])]
JOINED = [("network-plugin-not-ready", [("sandbox-network-failed", "network-plugin-not-ready")])]


@pytest.mark.parametrize(
    ("of_symptom", "joined"),
    [((POD,), True), ((POD, OTHER), True), ((OTHER,), True), ((THIRD,), False), ((POD, THIRD), False)],
)
def test_joined_by_pod_when_all_pods_of_the_symptom_have_the_cause(make, of_symptom: tuple[str, ...], joined: bool) -> None:
    found = below(make("annotation-not-applied", POD, OTHER), make("attachment-missing", *of_symptom))
    assert (found == [("annotation-not-applied", [("attachment-missing", "annotation-not-applied")])]) is joined
    assert len(found) == (1 if joined else 2)


LAN = {"nad_namespace": "shop", "nad": "lan"}


@pytest.mark.parametrize(
    ("cause", "symptom", "joined"),
    [
        (LAN, LAN, True),
        (LAN, {"nad_namespace": "hall", "nad": "lan"}, False),
        (LAN, {"nad_namespace": "shop", "nad": "doors"}, False),
        (LAN, {}, False),
        ({"nad": "lan"}, {"nad": "lan"}, False),
        ({}, {}, False),
    ],
)
def test_joined_by_nad_when_both_name_the_same_one(make, cause: dict[str, str], symptom: dict[str, str], joined: bool) -> None:
    found = below(make("ipvlan-dhcp-unsupported", POD, **cause), make("ipam-dhcp-no-lease", OTHER, **symptom))
    assert len(found) == (1 if joined else 2)


@pytest.mark.parametrize(
    ("cause", "symptom", "joined"),
    [({"network": "lan"}, {"network": "lan"}, True), ({"network": "lan"}, {"network": "doors"}, False), ({"network": "lan"}, {}, False), ({}, {}, False)],
)
def test_joined_by_network_when_both_name_the_same_one(make, cause: dict[str, str], symptom: dict[str, str], joined: bool) -> None:
    found = below(make("ipam-dhcp-daemon-unreachable", POD, **cause), make("ipam-dhcp-no-lease", OTHER, **symptom))
    assert len(found) == (1 if joined else 2)


@pytest.mark.parametrize(
    ("seconds", "joined"),
    [((-59, 0), True), ((-61, 0), False), ((0, 0), True), ((100, 9000), True), ((399, 399), True), ((401, 401), False)],
)
def test_joined_by_node_when_the_symptom_began_meanwhile(make, seconds: tuple[float, float], joined: bool) -> None:
    found = below(make("network-plugin-not-ready", span=(0, 100)), make("sandbox-network-failed", POD, span=seconds))
    assert found == (JOINED if joined else ISOLATED)


def test_joined_by_node_when_a_time_is_not_told(make) -> None:
    assert below(make("network-plugin-not-ready", span=None), make("sandbox-network-failed", POD, span=(9999, 9999))) == JOINED
    assert below(make("network-plugin-not-ready"), make("sandbox-network-failed", POD, span=None)) == JOINED


def test_joined_by_node_only_if_the_component_itself_told_of_it(make) -> None:
    assert below(make("network-plugin-not-ready", OTHER, bare=True), make("sandbox-network-failed", POD)) == JOINED
    assert below(make("network-plugin-not-ready", OTHER), make("sandbox-network-failed", POD)) == ISOLATED


@pytest.mark.parametrize(
    ("symptom", "on", "joined"),
    [("cni-plugin-exec-failed", (POD,), False), ("cni-plugin-exec-failed", (), True), ("network-plugin-not-ready", (POD,), True), ("sandbox-network-failed", (POD,), True)],
)  # fmt: skip
def test_joined_by_node_are_components_states_of_the_node_and_vague_symptoms(make, symptom: str, on: tuple[str, ...], joined: bool) -> None:
    """What one pod tells in so many words is that pod's own cause."""
    assert len(below(make("selinux-denied"), make(symptom, *on))) == (1 if joined else 2)


def test_a_rule_explains_only_what_it_names(make) -> None:
    assert len(below(make("network-plugin-not-ready"), make("ovn-kubernetes-not-ready"))) == 1
    assert len(below(make("network-plugin-not-ready"), make("ipam-dhcp-no-lease", POD))) == 2
    assert len(below(make("firewall-blocked"), make("sandbox-name-reserved", POD))) == 2


def test_the_chain_across_components_is_kept(make) -> None:
    found = [
        make("multus-config-invalid"), make("multus-not-running", span=(5, 5)), make("multus-kubeconfig", span=(6, 6)), make("sandbox-name-reserved", POD, span=(9, 9))
    ]  # fmt: skip
    expected = [
        ("multus-config-invalid", [("multus-not-running", "multus-config-invalid"), ("multus-kubeconfig", "multus-not-running"), ("sandbox-name-reserved", "multus-not-running")])
    ]  # fmt: skip
    assert below(*found) == below(*reversed(found)) == expected


def test_the_host_stands_above_the_network_of_the_node(make) -> None:
    names = ["crio-not-running", "microshift-not-running", "ovn-kubernetes-not-ready", "multus-not-running", "network-plugin-not-ready"]
    for order in (names, names[::-1]):
        ((root, symptoms),) = below(*(make(n) for n in order), make("sandbox-network-failed", POD))
        assert root == "crio-not-running"
        assert sorted(s for s, _ in symptoms) == sorted([*names[1:], "sandbox-network-failed"])


def test_pods_of_symptoms_are_pods_of_the_cause(make) -> None:
    (root,) = folded([make("network-plugin-not-ready", OTHER, bare=True), make("sandbox-network-failed", POD), make("sandbox-name-reserved", POD)])
    assert pods(root[1]) == [OTHER, POD]


def test_symptoms_of_one_rule_are_counted_together(make) -> None:
    found = [make("network-plugin-not-ready"), make("sandbox-network-failed", POD, count=3), make("sandbox-network-failed", OTHER, count=4)]
    assert [f.explains for _, f in folded(found)] == [[Symptom("sandbox-network-failed", 7, "network-plugin-not-ready")]]


@pytest.mark.parametrize(
    ("cause", "symptom", "joined"),
    [
        ({"severity": "info"}, {}, False),
        ({"severity": "info"}, {"state": "resolved"}, True),
        ({"state": "resolved", "over": 50}, {"span": (10, 40)}, True),
        ({"state": "resolved", "over": 50}, {"span": (10, 60)}, False),
        ({"state": "resolved"}, {"span": (10, 40)}, False),
        ({"state": "resolved", "over": 50}, {"span": (10, 60), "state": "resolved"}, True),
        ({"state": "unknown"}, {}, True),
        ({"state": "flapping"}, {}, True),
    ],
)
def test_what_is_over_or_harmless_explains_nothing_that_goes_on(make, cause: dict, symptom: dict, joined: bool) -> None:
    assert below(make("network-plugin-not-ready", **cause), make("sandbox-network-failed", POD, **symptom)) in (
        [JOINED] if joined else [ISOLATED, ISOLATED[::-1]]
    )


@pytest.mark.parametrize("added", [True, False], ids=["a failed ADD", "a failed DEL"])
def test_a_failed_add_explains_a_failed_del_of_the_same_pod(make, added: bool) -> None:
    found = below(make("nad-not-found", POD, added=added), make("cni-plugin-missing", POD, added=False))
    assert len(found) == (1 if added else 2)
    assert len(below(make("nad-not-found", OTHER, added=added), make("cni-plugin-missing", POD, added=False))) == 2


def test_a_vague_failed_add_does_not_explain_a_failed_del_that_tells_why(make) -> None:
    found = below(make("sandbox-network-failed", POD), make("cni-plugin-missing", POD, added=False))
    assert found == [("cni-plugin-missing", [("sandbox-network-failed", "cni-plugin-missing")])]


@pytest.mark.parametrize(
    ("above", "beneath"),
    [("sandbox-name-reserved", "sandbox-network-failed"), ("sandbox-name-reserved", "cni-del-failed"), ("sandbox-network-failed", "cni-del-failed")],
)
def test_vague_symptoms_explain_only_those_that_they_name(make, above: str, beneath: str) -> None:
    for counts in ((1, 99), (99, 1)):
        found = [make(above, POD, count=counts[0]), make(beneath, POD, count=counts[1], severity="error")]
        assert below(*found) == below(*reversed(found)) == [(above, [(beneath, above)])]


def test_a_vague_symptom_without_a_pod_belongs_to_what_fails_meanwhile(make) -> None:
    assert below(make("nad-not-found", POD), make("cni-del-failed")) == [("nad-not-found", [("cni-del-failed", "nad-not-found")])]
    assert len(below(make("nad-not-found", POD), make("cni-del-failed", span=(9000, 9000)))) == 2


def test_of_two_causes_the_one_nearest_and_then_the_surest_is_taken(make) -> None:
    found = below(make("network-plugin-not-ready", count=99), make("nad-not-found", POD), make("sandbox-network-failed", POD))
    assert sorted(found) == [("nad-not-found", [("sandbox-network-failed", "nad-not-found")]), ("network-plugin-not-ready", [])]
    found = below(make("nad-not-found", POD, count=2), make("ipam-pool-exhausted", POD, count=3), make("sandbox-network-failed", POD))
    assert found == [("ipam-pool-exhausted", [("sandbox-network-failed", "ipam-pool-exhausted")]), ("nad-not-found", [])]


def test_two_findings_that_could_explain_each_other_are_one_and_none_is_lost(make) -> None:
    """A pod that is gone explains its netns that is gone; a failed ADD explains a failed DEL."""
    found = [make("pod-gone", POD, added=False), make("netns-gone", POD)]
    assert len(below(*found)) == 1
    assert len(below(*reversed(found))) == 1


def test_no_finding_is_lost_or_counted_twice(make, catalog: Catalog) -> None:
    rng = random.Random(3)  # noqa: S311 - the same in every run
    rules = sorted(catalog.by_id)
    for _ in range(60):
        found: list[Made] = []
        for _ in range(rng.randint(1, 14)):
            on = rng.sample([POD, OTHER, THIRD], rng.randint(0, 2))
            start = rng.uniform(0, 900)
            found.append(
                make(
                    rng.choice(rules), *on, bare=rng.random() < 0.5, added=rng.random() < 0.7, state=rng.choice(["active", "resolved", "unknown", "flapping"]),
                    span=(start, start + rng.uniform(0, 300)), count=rng.randint(1, 9), over=rng.uniform(0, 1200), network=rng.choice(["lan", "doors"]),
                )
            )  # fmt: skip
        total = sum(f.count for _, f in found)
        roots = folded(found)
        assert sum(f.count + sum(s.count for s in f.explains) for _, f in roots) == total
        assert {id(f) for _, f in roots} <= {id(f) for _, f in found}


def test_readers_see_first_what_goes_on_is_bad_and_stops_the_node(make) -> None:
    found = [
        make("nad-not-found", THIRD, state="resolved", count=500), make("pod-gone", "hall/bell", severity="warning", count=400),
        make("ipam-pool-exhausted", POD, count=300), make("network-plugin-not-ready", OTHER, bare=True), make("sandbox-network-failed", "hall/desk"),
    ]  # fmt: skip
    for order in (found, found[::-1]):
        rules = [r for r, _ in below(*order)]
        assert rules[:2] == ["network-plugin-not-ready", "ipam-pool-exhausted"]
        assert sorted(rules[2:]) == ["nad-not-found", "pod-gone"]


# ---- the rules


def test_no_rule_explains_itself_by_way_of_others(catalog: Catalog) -> None:
    above = {r.id: {x for ids in r.explains.values() for x in ids} for r in catalog.rules}
    for rule in catalog.rules:
        seen: set[str] = set()
        todo = [*above[rule.id]]
        while todo:
            other = todo.pop()
            assert other != rule.id, f"{rule.id} explains itself"
            if other not in seen:
                seen.add(other)
                todo += above[other]


def test_rules_explain_known_rules_by_known_joins_and_once(catalog: Catalog) -> None:
    for rule in catalog.rules:
        assert catalog.explain_targets(rule) == []
        assert set(rule.explains) <= set(JOINS)
        named = [x for ids in rule.explains.values() for x in ids]
        assert len(named) == len(set(named)), rule.id


def test_the_vague_rules_are_those_the_engine_knows(catalog: Catalog) -> None:
    assert {r.id for r in catalog.rules if r.symptom} == VAGUE


def test_a_rule_that_explains_by_node_is_about_the_node(catalog: Catalog) -> None:
    assert [r.id for r in catalog.rules if "node" in r.explains and r.about != "node"] == []


def test_an_error_that_no_rule_knows_tells_more_than_a_reserved_name(report, write) -> None:
    (finding,) = report(write(lines([*unknown(at(0), POD), reserved(at(20), POD)]))).findings
    assert (finding.rule, [s.rule for s in finding.explains]) == ("sandbox-network-failed", ["sandbox-name-reserved"])
