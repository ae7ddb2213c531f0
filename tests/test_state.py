"""Whether a failure goes on: active, flapping, unknown or resolved, and what shows it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from conftest import NODE, NOW
from test_diagnosis import MISSING, NOT_READY, RAN, START, UID, chain, four_lines, kubelet, lines

from diagnose.diagnosis import Selection, diagnose
from diagnose.model import Report
from diagnose.parse.when import iso, micros

POD, OTHER = "shop/till-3", "shop/door"
POOL = "no IP addresses available in range set: 10.1.0.2-10.1.0.9"
MINUTE = timedelta(minutes=1)


def failure(at: datetime = START, *, pod: str = POD, attempt: int = 0) -> list[str]:
    """Return the lines of one attempt that found no address on network "lan"."""
    return four_lines(at, pod, chain(pod, POOL, attempt=attempt, network="lan"))


def said(at: datetime, text: str, program: str = "microshift") -> str:
    """Return a line of MicroShift's kubelet or of CRI-O."""
    if program == "crio":
        return f'{at:%b %d %H:%M:%S} edge crio[700]: time="{at:%Y-%m-%dT%H:%M:%S}Z" level=info msg="{text}"'
    return f"{at:%b %d %H:%M:%S} edge microshift[1494]: kubelet I{at:%m%d %H:%M:%S}.163290    1494 kubelet.go:2421] {text}"


def added(at: datetime, what: str, pod: str = POD) -> str:
    namespace, name = pod.split("/")
    reference = f'Kind:"Pod", Namespace:"{namespace}", Name:"{name}", UID:"{UID}", APIVersion:"v1", ResourceVersion:"1", FieldPath:""'
    event = f"Event(v1.ObjectReference{{{reference}}}): type: 'Normal' reason: 'AddedInterface' Add {what}"
    return f"{at:%b %d %H:%M:%S} edge crio[700]: I{at:%m%d %H:%M:%S}.100000       1 event.go:377] {event}"


def started(at: datetime, pod: str = POD) -> str:
    return said(at, f'"Observed pod startup duration" pod="{pod}" podStartSLOduration=3.1 podStartE2EDuration="4.120s"')


def ran(at: datetime, pod: str = POD) -> str:
    return RAN.format(at=at, box="ab12", pod=pod)


def synced(at: datetime, what: str, pod: str = POD) -> str:
    return said(at, f'"SyncLoop {what}" source="api" pods=["{pod}"]')


def not_ready(at: datetime) -> str:
    return kubelet(at, "Error syncing pod, skipping", NOT_READY, OTHER)


def kernel(at: datetime) -> str:
    return f"{at:%b %d %H:%M:%S} edge kernel: Linux version 5.14.0-570.el9.x86_64 (mockbuild@example.com)"


def pod_list(*pods: str, phase: str = "Running", ready: bool = True) -> str:
    """Return `oc get pods -o json` of these pods."""
    found = [
        {
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": pod.split("/")[1], "namespace": pod.split("/")[0]}, "spec": {"containers": []},
            "status": {"phase": phase, "containerStatuses": [{"name": "app", "ready": ready}]},
        }
        for pod in pods
    ]  # fmt: skip
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": found})


def told(report: Report) -> list[tuple[str, str, str, str]]:
    """Return of each finding its rule and state, and the kind and moment of what shows it."""
    return [(f.rule, f.state, f.proof.kind if f.proof else "", iso(f.proof.time) if f.proof and f.proof.time else "") for f in report.findings]


LATER = START + MINUTE
AT = iso(micros(LATER))
ACTIVE = ("active", "", "")

PODS_OWN = {
    "nothing else": ([], ACTIVE),
    "it ran": ([ran(LATER)], ("resolved", "works", AT)),
    "the kubelet saw it start": ([started(LATER)], ("resolved", "works", AT)),
    "the network that failed was added": ([added(LATER, "net1 [10.1.0.3/24] from lan")], ("resolved", "added", AT)),
    "it was deleted": ([synced(LATER, "DELETE")], ("resolved", "deleted", AT)),
    "it was removed": ([synced(LATER, "REMOVE")], ("resolved", "deleted", AT)),
    "eth0 was added": ([added(LATER, "eth0 [10.42.0.7/24] from ovn-kubernetes")], ACTIVE),
    "another network was added": ([added(LATER, "net1 [10.1.0.3/24] from doors")], ACTIVE),
    "an interface of an old Multus was added": ([added(LATER, "net1 [10.1.0.3/24]")], ACTIVE),
    "the network that failed was added to another pod": ([added(LATER, "net1 [10.1.0.3/24] from lan", OTHER)], ACTIVE),
    "another pod ran": ([ran(LATER, OTHER)], ACTIVE),
    "another pod started": ([started(LATER, OTHER)], ACTIVE),
    "another pod was deleted": ([synced(LATER, "DELETE", OTHER)], ACTIVE),
    "another pod was removed": ([synced(LATER, "REMOVE", OTHER)], ACTIVE),
    "it was updated": ([synced(LATER, "UPDATE")], ACTIVE),
    "the node became ready": ([said(LATER, '"Node became ready" node="edge"')], ACTIVE),
    "it ran before": ([ran(START - MINUTE)], ACTIVE),
    "the network was added before": ([added(START - MINUTE, "net1 [10.1.0.3/24] from lan")], ACTIVE),
    "a pod of its name was deleted before": ([synced(START - MINUTE, "DELETE")], ACTIVE),
    "it ran and failed again": ([ran(LATER), *failure(LATER + MINUTE, attempt=1)], ACTIVE),
    "it ran, and only then eth0 of a next attempt": (
        [ran(LATER), added(LATER + MINUTE, "eth0 [10.42.0.7/24] from ovn-kubernetes")],
        ("resolved", "works", AT),
    ),
    "it was deleted after it ran": ([ran(LATER), synced(LATER + MINUTE, "DELETE")], ("resolved", "works", AT)),
}


@pytest.mark.parametrize(("after", "state"), PODS_OWN.values(), ids=PODS_OWN)
def test_what_ends_the_failure_of_one_pod(report, write, after: list[str], state: tuple[str, str, str]) -> None:
    assert told(report(write(lines([*failure(), *after])))) == [("ipam-pool-exhausted", *state)]


OBJECTS = {
    "it runs": (pod_list(POD), ("resolved", "running", "")),
    "it runs, but is not ready": (pod_list(POD, ready=False), ACTIVE),
    "it waits": (pod_list(POD, phase="Pending"), ACTIVE),
    "the list of its namespace lacks it": (pod_list(OTHER, "shop/scale"), ("resolved", "absent", "")),
    "a list of one pod lacks it": (pod_list(OTHER), ACTIVE),
    "a list of another namespace lacks it": (pod_list("hall/lamp", "hall/door"), ACTIVE),
}


@pytest.mark.parametrize(("objects", "state"), OBJECTS.values(), ids=OBJECTS)
def test_what_the_objects_show_of_one_pod(report, write, objects: str, state: tuple[str, str, str]) -> None:
    assert told(report(write(lines(failure()), "log"), write(objects, "pods.json"))) == [("ipam-pool-exhausted", *state)]


def test_the_proof_is_the_evidence_itself(report, write) -> None:
    log = write(lines([*failure(), ran(LATER)]), "log")
    objects = write(pod_list(OTHER, "shop/scale"), "pods.json")
    assert [f.proof and f.proof.text for f in report(log).findings] == [f"Ran pod sandbox ab12 with infra container: {POD}/POD"]
    assert [f.proof and f.proof.text for f in report(write(lines(failure())), objects).findings] == [str(objects)]
    assert [f.proof and f.proof.text for f in report(write(lines(failure())), write(pod_list(POD), "p.json")).findings] == [f"pod {POD} is Running"]


def test_a_dated_success_tells_more_than_an_object(report, write) -> None:
    log, objects = write(lines([*failure(), ran(LATER)]), "log"), write(pod_list(POD), "pods.json")
    assert told(report(log, objects)) == told(report(objects, log)) == [("ipam-pool-exhausted", "resolved", "works", AT)]
    log = write(lines([*failure(), added(LATER, "net1 [10.1.0.3/24] from lan")]), "log")
    assert told(report(log, objects)) == told(report(objects, log)) == [("ipam-pool-exhausted", "resolved", "added", AT)]


def test_a_list_that_lacks_a_pod_shows_nothing_if_another_one_has_it(report, write) -> None:
    lists = write(pod_list(OTHER, "shop/scale"), "a.json"), write(pod_list(OTHER, POD, phase="Pending"), "b.json")
    assert told(report(write(lines(failure())), *lists)) == [("ipam-pool-exhausted", *ACTIVE)]


def test_the_newest_success_counts_whenever_it_is_read(report, write) -> None:
    old, new = write(lines([ran(START - MINUTE)]), "old"), write(lines([*failure(), ran(LATER)]), "new")
    assert told(report(old, new)) == told(report(new, old)) == [("ipam-pool-exhausted", "resolved", "works", AT)]


def test_a_failure_of_several_pods_is_over_when_it_is_over_for_each(report, write) -> None:
    both = [*failure(), *failure(pod=OTHER)]
    for pod in (POD, OTHER):
        assert told(report(write(lines([*both, ran(LATER, pod)])))) == [("ipam-pool-exhausted", *ACTIVE)]
    ends = iso(micros(LATER + MINUTE))
    assert told(report(write(lines([*both, ran(LATER), ran(LATER + MINUTE, OTHER)])))) == [("ipam-pool-exhausted", "resolved", "works", ends)]


@pytest.mark.parametrize("reference", [NOW, None], ids=["dated by --now", "of an unknown day"])
def test_events_by_their_age_are_in_order_within_their_table(catalog, write, reference: datetime | None) -> None:
    head = "LAST SEEN   TYPE      REASON                   OBJECT          MESSAGE\n"
    failed = f"{{age:<11}} Warning   FailedCreatePodSandBox   pod/till-3      Failed to create pod sandbox: {chain(POD, POOL, network='lan')}\n"
    works = "{age:<11} Normal    Started                  pod/till-3      Started container app\n"
    over = head + failed.format(age="5m") + works.format(age="2m")
    goes_on = head + works.format(age="5m") + failed.format(age="2m")
    for text, state in ((over, "resolved"), (goes_on, "active")):
        found = diagnose([str(write(text))], catalog, now=NOW, reference=reference, tz=UTC, select=Selection())
        assert [x[:2] for x in told(found)] == [("ipam-pool-exhausted", state)]


NODES = {
    "nothing else": ([], ACTIVE),
    "MicroShift is ready": ([f"{LATER:%b %d %H:%M:%S} edge microshift[1494]: ??? I{LATER:%m%d %H:%M:%S}.0 1494 run.go:1] MICROSHIFT READY"], ("resolved", "ready", AT)),
    "the node became ready": ([said(LATER, '"Node became ready" node="edge"')], ("resolved", "ready", AT)),
    "a new node just became ready": ([said(LATER, '"Fast updating node status as it just became ready"')], ("resolved", "ready", AT)),
    "another pod got its network": ([ran(LATER, "hall/lamp")], ("resolved", "ready", AT)),
    "a pod of the host's network ran": ([ran(LATER, "openshift-multus/multus-x")], ACTIVE),
    "a pod was deleted": ([synced(LATER, "DELETE", OTHER)], ACTIVE),
    "it was ready before": ([ran(START - MINUTE, "hall/lamp")], ACTIVE),
    "it was ready, and is not again": ([ran(LATER, "hall/lamp"), not_ready(LATER + MINUTE)], ACTIVE),
}  # fmt: skip


@pytest.mark.parametrize(("after", "state"), NODES.values(), ids=NODES)
def test_what_ends_the_failure_of_a_node(report, write, after: list[str], state: tuple[str, str, str]) -> None:
    assert told(report(write(lines([not_ready(START), *after])))) == [("network-plugin-not-ready", *state)]


def _booted(*, minutes: int, again: int | None = None) -> list[str]:
    """Return a failure, a start of the node 20 minutes later, and its log up to `minutes` after that; the pod fails again at minute `again`."""
    boot = START + 20 * MINUTE
    found = [*failure(), kernel(boot), *(started(boot + n * MINUTE, OTHER) for n in range(1, minutes + 1))]
    return [*found, *failure(boot + again * MINUTE, attempt=7)] if again is not None else found


def test_what_a_restart_cured_is_resolved_ten_minutes_after_it(report, write) -> None:
    boot = iso(micros(START + 20 * MINUTE))
    assert told(report(write(lines(_booted(minutes=11))))) == [("ipam-pool-exhausted", "resolved", "restarted", boot)]
    assert told(report(write(lines(_booted(minutes=9))))) == [("ipam-pool-exhausted", *ACTIVE)]
    assert told(report(write(lines(_booted(minutes=11, again=5))))) == [("ipam-pool-exhausted", *ACTIVE)]


def test_a_restart_of_a_service_is_no_restart_of_the_node(report, write) -> None:
    crio = said(START + 20 * MINUTE, "Starting CRI-O, version: 1.33.5", "crio")
    rest = [started(START + n * MINUTE, OTHER) for n in range(21, 33)]
    assert [x[1:3] for x in told(report(write(lines([*failure(), crio, *rest]))))] == [("unknown", "silent")]


def test_a_start_of_the_node_before_the_failure_cures_nothing(report, write) -> None:
    text = lines([kernel(START - MINUTE), *failure(), *(started(START + n * MINUTE, OTHER) for n in range(1, 13))])
    assert told(report(write(text))) == [("ipam-pool-exhausted", *ACTIVE)]


@pytest.mark.parametrize(
    ("after", "state"),
    [
        ([started(START + 16 * MINUTE, OTHER)], ("unknown", "silent", iso(micros(START)))),
        ([started(START + 14 * MINUTE, OTHER)], ACTIVE),
        ([said(START + 60 * MINUTE, "Starting CRI-O, version: 1.33.5", "crio")], ACTIVE),
        ([started(START + 16 * MINUTE, OTHER), *failure(START + 16 * MINUTE, attempt=1)], ACTIVE),
        ([started(START + 16 * MINUTE, OTHER), ran(LATER)], ("resolved", "works", AT)),
    ],
    ids=["16 minutes", "14 minutes", "only another program goes on", "failed again", "it ran meanwhile"],
)
def test_a_failure_is_unknown_when_its_log_goes_on_without_it(report, write, after: list[str], state: tuple[str, str, str]) -> None:
    assert told(report(write(lines([*failure(), *after])))) == [("ipam-pool-exhausted", *state)]


def test_a_silence_is_heard_whatever_is_read_last(report, write) -> None:
    early, late = write(lines([*failure(), started(LATER, OTHER)]), "early"), write(lines([started(START + 16 * MINUTE, OTHER)]), "late")
    assert [x[1:3] for x in told(report(early, late))] == [x[1:3] for x in told(report(late, early))] == [("unknown", "silent")]


def test_what_an_object_shows_does_not_fade(report, write) -> None:
    """A NAD without configuration stays wrong, however long nobody stumbles over it."""
    nad = "apiVersion: k8s.cni.cncf.io/v1\nkind: NetworkAttachmentDefinition\nmetadata: {name: lan, namespace: shop}\nspec: {config: '{\"type\": '}\n"
    pod = """---
apiVersion: v1
kind: Pod
metadata: {name: till-3, namespace: shop, annotations: {k8s.v1.cni.cncf.io/networks: lan}}
spec: {containers: []}
status: {phase: Pending}
"""
    root = "GetCNIConfig: err in getCNIConfigFromSpec: failed to unmarshal Spec.Config: unexpected end of JSON input"
    failed = four_lines(START, POD, chain(POD, f"error loading k8s delegates k8s args: TryLoadPodDelegates: {root}"))
    log = write(lines([*failed, started(START + 60 * MINUTE, OTHER)]))
    assert [(f.rule, f.state) for f in report(log).findings] == [("nad-config-invalid-json", "unknown")]
    assert [(f.rule, f.state, f.sources) for f in report(log, write(nad + pod, "nad.yaml")).findings] == [
        ("nad-config-invalid-json", "active", ("kubelet", "object"))
    ]


def _turns(times: str) -> list[str]:
    """Return attempts a minute apart: f for one that failed, r for one that ran."""
    found: list[str] = []
    for n, what in enumerate(times):
        at = START + n * MINUTE
        found += failure(at, attempt=n) if what == "f" else [ran(at)]
    return found


@pytest.mark.parametrize(
    ("times", "state"),
    [("f", "active"), ("frf", "active"), ("rfrf", "active"), ("frfrf", "flapping"), ("ffrrffrrff", "flapping"), ("frfrfr", "flapping"), ("frfr", "resolved"), ("rfr", "resolved")],
)  # fmt: skip
def test_a_failure_that_came_back_twice_after_a_success_is_flapping(report, write, times: str, state: str) -> None:
    assert [x[:2] for x in told(report(write(lines(_turns(times)))))] == [("ipam-pool-exhausted", state)]


def test_a_pod_that_flapped_and_is_well_for_long_is_resolved(report, write) -> None:
    text = lines([*_turns("frfrfr"), started(START + 30 * MINUTE, OTHER)])
    assert [x[:3] for x in told(report(write(text)))] == [("ipam-pool-exhausted", "resolved", "works")]
    text = lines([*_turns("frfrf"), started(START + 30 * MINUTE, OTHER)])
    assert [x[:3] for x in told(report(write(text)))] == [("ipam-pool-exhausted", "unknown", "silent")]


def test_a_node_that_is_ready_and_not_by_turns_is_flapping(report, write) -> None:
    turns = [not_ready(START + n * MINUTE) if n % 2 == 0 else ran(START + n * MINUTE, "hall/lamp") for n in range(6)]
    assert [x[:2] for x in told(report(write(lines(turns))))] == [("network-plugin-not-ready", "flapping")]
    assert [x[:2] for x in told(report(write(lines(turns[:3]))))] == [("network-plugin-not-ready", "active")]
    later = [*turns, started(START + 30 * MINUTE, OTHER)]
    assert [x[:3] for x in told(report(write(lines(later))))] == [("network-plugin-not-ready", "resolved", "ready")]


def test_evidence_without_any_time_tells_no_state(report, write) -> None:
    text = MISSING.format(nad="pay", ns="shop") + "\n"
    assert told(report(write(text))) == [("nad-not-found", "unknown", "", "")]


def _start_then(seconds: int, *, failing: list[str]) -> str:
    """Return a start of MicroShift, `failing`, and a last sign of life `seconds` after the start."""
    at = START + timedelta(seconds=seconds)
    start = f"{START:%b %d %H:%M:%S} edge microshift[1494]: ??? I{START:%m%d %H:%M:%S}.000000    1494 startuprecorder.go:58] MICROSHIFT STARTING"
    return lines([start, *failing, synced(at, "DELETE", "hall/lamp")])


def _graced(report: Report) -> list[tuple[str, str, str]]:
    return [(f.rule, f.severity, f.state) for f in report.findings]


def test_what_ends_by_itself_in_the_first_minutes_of_a_start_is_no_failure(report, write) -> None:
    """The grace of network-plugin-not-ready is 300 seconds."""
    young, old = START + timedelta(seconds=290), START + timedelta(seconds=310)
    recovered = [not_ready(START + MINUTE), ran(START + 2 * MINUTE, "hall/lamp")]
    assert _graced(report(write(_start_then(600, failing=recovered)))) == [("network-plugin-not-ready", "info", "resolved")]
    quiet = [not_ready(young)]
    assert _graced(report(write(_start_then(441, failing=quiet)))) == [("network-plugin-not-ready", "info", "active")]
    assert _graced(report(write(_start_then(439, failing=quiet)))) == [("network-plugin-not-ready", "error", "active")]
    assert _graced(report(write(_start_then(900, failing=[not_ready(old)])))) == [("network-plugin-not-ready", "error", "active")]


def test_a_failure_long_before_a_start_has_no_grace(report, write) -> None:
    early = not_ready(START - 2 * MINUTE)
    assert _graced(report(write(_start_then(600, failing=[early, not_ready(START + MINUTE)])))) == [("network-plugin-not-ready", "error", "active")]


def test_a_failure_that_no_start_excuses_has_no_grace(report, write) -> None:
    found = report(write(_start_then(900, failing=[*failure(START), ran(START + 2 * MINUTE)])))
    assert _graced(found) == [("ipam-pool-exhausted", "error", "resolved")]


AFTER = LATER + MINUTE
WARNING = f'{AFTER:%b %d %H:%M:%S} edge crio[700]: {AFTER:%Y-%m-%dT%H:%M:%S}Z [error] DelegateDel: error invoking DelegateDel - "bridge": error in getting result from DelNetwork: broken pipe of the third kind'


@pytest.mark.parametrize(
    ("log", "code"),
    [
        ([*failure()], 11),
        ([*failure(), ran(LATER)], 0),
        ([*failure(), ran(LATER), *four_lines(START, OTHER, chain(OTHER, MISSING.format(nad="pay", ns="shop")))], 11),
        ([*failure(), ran(LATER), WARNING], 10),
        (_turns("frfrf"), 11),
        ([*failure(), started(START + 16 * MINUTE, OTHER)], 11),
        ([not_ready(START), ran(LATER, "hall/lamp")], 0),
        (_booted(minutes=11), 0),
    ],
    ids=["active", "resolved", "one of two resolved", "error resolved, warning active", "flapping", "unknown", "node ready", "restarted"],
)
def test_exit_codes_count_what_is_not_resolved(msnet, log: list[str], code: int) -> None:
    assert msnet("diagnose", "--now", "2026-11-23T20:00:00Z", "-", stdin=lines(log)).returncode == code


@pytest.mark.parametrize("form", ["terminal", "markdown"])
def test_resolved_findings_are_one_line_each_unless_all_is_asked_for(msnet, form: str) -> None:
    log = lines([*failure(), ran(LATER), *four_lines(START, OTHER, chain(OTHER, MISSING.format(nad="pay", ns="shop")))])
    options = ("diagnose", "--now", "2026-11-23T20:00:00Z", "--format", form)
    short, whole = (msnet(*options, *more, "-", stdin=log).stdout.decode() for more in ((), ("--all",)))
    cure = "pool"  # stands in the cure of the resolved finding
    active = short.count("nad-not-found")
    assert active > 0
    assert whole.count("nad-not-found") == active
    assert "ipam-pool-exhausted" in short
    assert short.count(cure) < whole.count(cure)
    assert len(short.splitlines()) + 5 < len(whole.splitlines())
    assert "Ran pod sandbox" in short
    assert "Ran pod sandbox" in whole


def test_the_pod_of_the_node_fixture_that_recovered_is_resolved_with_its_proof(report) -> None:
    (finding,) = [f for f in report(NODE / "journal.export.zst").findings if any(a.name == "mixer-1" for a in f.affected)]
    assert finding.state == "resolved"
    assert finding.proof is not None
    assert finding.last is not None
    assert finding.proof.time is not None
    assert finding.proof.time > finding.last
    assert "mixer-1" in finding.proof.text
