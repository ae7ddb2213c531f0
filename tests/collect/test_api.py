"""The collector of the API server: what it asks for, what it makes of the answers, and of refusals."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from collect.apiserver import CRD, EVENTS, NADS, NEW_EVENTS, NODE, NODES, PODS, Server, Trouble, kubeconfig, refused_port, serving, tls
from diagnose import catalog
from diagnose.collect import api
from diagnose.collect.device import Deadline, Device
from diagnose.collect.evidence import Evidence, Options
from diagnose.diagnosis import Selection, diagnose
from diagnose.literals import plan
from diagnose.model import Record, Report, Resource
from diagnose.scan import Scanner

AUTHORITY = trustme.CA()
ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 23, 20, 20, tzinfo=UTC)
NAMESPACES = "/api/v1/namespaces"
MULTUS_SETS, OVN_SETS = (f"/apis/apps/v1/namespaces/openshift-{n}/daemonsets" for n in ("multus", "ovn-kubernetes"))
COPY, VERSION = "/api/v1/namespaces/openshift-multus/configmaps/cni-copy-resources", "/api/v1/namespaces/kube-public/configmaps/microshift-version"
LISTS = [PODS, NADS, EVENTS, MULTUS_SETS, OVN_SETS, NODES, NAMESPACES]
MESSAGE = (
    "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to create pod network sandbox k8s_press_cell_u_0(ab12): error adding pod cell_press to CNI network "
    '"multus-cni-network": plugin type="multus" name="multus-cni-network" failed (add): Multus: [cell/press/u]: error loading k8s delegates k8s args: TryLoadPodDelegates: error in '
    "getting k8s network for pod: GetNetworkDelegates: failed getting the delegate: getKubernetesDelegate: cannot find a network-attachment-definition (line) in namespace (cell): "
    'network-attachment-definitions.k8s.cni.cncf.io "line" not found'
)


@pytest.fixture
def server() -> Iterator[Server]:
    """Serve the objects of the node, a Multus that runs, and an event."""
    with serving(tls(AUTHORITY)) as running:
        running.load(*sorted((NODE / "objects").glob("*.yaml")))
        running.add(network_pod("multus-4kx2p", "kube-multus"), network_pod("dhcp-daemon-x7k2p", "dhcp-daemon"), event(), event("events.k8s.io/v1"))
        running.add({"kind": "Namespace", "metadata": {"name": "plant"}}, {"kind": "Node", "metadata": {"name": "microshift-edge01"}})
        running.single[COPY] = {"kind": "ConfigMap", "metadata": {"namespace": "openshift-multus", "name": "cni-copy-resources"}, "data": {}}
        running.single[VERSION] = {"kind": "ConfigMap", "metadata": {"namespace": "kube-public", "name": "microshift-version"}, "data": {"version": "4.19.3"}}
        yield running


def network_pod(name: str, *containers: str, restarts: int = 0, init: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    last = {"terminated": {"exitCode": 0, "reason": "Completed", "containerID": "cri-o://1"}} if restarts else {}
    statuses = [
        {"name": c, "ready": True, "restartCount": restarts, "state": {"running": {"startedAt": "2026-11-23T19:00:00Z"}}, "lastState": last} for c in containers
    ]
    namespace = "openshift-ovn-kubernetes" if name.startswith("ovn") else "openshift-multus"
    return {
        "kind": "Pod", "apiVersion": "v1", "metadata": {"namespace": namespace, "name": name, "uid": f"uid-{name}", "creationTimestamp": "2026-11-20T00:00:00Z"},
        "spec": {"hostNetwork": True, "containers": [{"name": c} for c in containers]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": statuses, "initContainerStatuses": init or []},
    }  # fmt: skip


def event(version: str = "v1") -> dict[str, Any]:
    about = {"kind": "Pod", "namespace": "cell", "name": "press"}
    body: dict[str, Any] = {
        "kind": "Event",
        "apiVersion": version,
        "metadata": {"namespace": "cell", "name": "press.1", "uid": "e"},
        "reason": "FailedCreatePodSandBox",
        "type": "Warning",
    }
    if version == "v1":
        return body | {
            "involvedObject": about,
            "message": MESSAGE,
            "count": 9,
            "firstTimestamp": "2026-11-23T19:59:00Z",
            "lastTimestamp": "2026-11-23T20:09:00Z",
        }
    return body | {
        "regarding": about,
        "note": MESSAGE,
        "deprecatedCount": 9,
        "deprecatedFirstTimestamp": "2026-11-23T19:59:00Z",
        "deprecatedLastTimestamp": "2026-11-23T20:09:00Z",
    }


@pytest.fixture
def read(server: Server, tmp_path: Path) -> Callable[..., tuple[list[Record | Resource], Evidence]]:
    """Run the collector alone."""

    def run(config: Path | None = None, seconds: float = 20) -> tuple[list[Record | Resource], Evidence]:
        out = Evidence(Scanner(plan(catalog.load())), Options(None, UTC))
        device = Device(kubeconfig=config or kubeconfig(tmp_path / "kubeconfig", server.url, AUTHORITY))
        return list(api.collect(device, Deadline.after(seconds), out)), out

    return run


@pytest.fixture
def live(server: Server, tmp_path: Path) -> Callable[[], Report]:
    """Diagnose a device of which only the API server answers."""

    def run() -> Report:
        device = Device(root=tmp_path, kubeconfig=kubeconfig(tmp_path / "kubeconfig", server.url, AUTHORITY), timeout=20)
        return diagnose(device, catalog.load(), now=NOW, reference=None, tz=UTC, select=Selection())

    return run


def kinds(out: Evidence | Report) -> list[str]:
    return [g.kind for g in out.gaps if g.kind.startswith("api-")]


def sources(out: Evidence | Report) -> set[str]:
    return {i.source.removeprefix("api:") for i in out.inputs}


def told(found: Report) -> dict[tuple[str, str], tuple[str, int]]:
    return {(f.rule, f.subject): (f.state, f.count) for f in found.findings}


def test_the_verdict_is_that_of_the_same_objects_in_files(server: Server, live: Callable[[], Report], report, tmp_path: Path) -> None:
    path = tmp_path / "saved" / "objects.yaml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump({"kind": "List", "items": [o for p in LISTS for o in server.lists.get(p, [])]}, default_flow_style=False))
    saved, found = report(path), live()
    assert kinds(found) == []
    assert told(found) == told(saved)
    assert ("nad-not-found", "cell/line") in told(found)
    assert found.facts["nad"] == saved.facts["nad"]


def test_every_resource_is_told_as_an_input(read: Callable[..., tuple[list[Record | Resource], Evidence]]) -> None:
    _, out = read()
    seen = {i.source: (i.kind, i.lines, i.programs) for i in out.inputs}
    assert seen[f"api:{NADS}"] == ("objects", 7, {"kind:NetworkAttachmentDefinition"})
    assert seen[f"api:{EVENTS}"] == ("objects", 1, {"kind:Event", "event"})
    assert seen[f"api:{OVN_SETS}"] == ("objects", 0, {"kind:DaemonSet"})
    assert all(i.size > 0 for i in out.inputs if i.kind == "objects")
    assert out.gaps == []


@pytest.mark.parametrize("refused", [*LISTS, COPY])
def test_what_is_forbidden_is_a_gap_and_never_an_empty_list_and_the_rest_is_asked(server: Server, read: Any, refused: str) -> None:
    server.refuse(refused, 403)
    server.refuse(NEW_EVENTS, 403)
    _, out = read()
    assert [(g.kind, g.source, g.hides) for g in out.gaps] == [("api-forbidden", f"api:{refused}", refused not in (COPY, NODES, NAMESPACES))]
    assert refused not in sources(out)
    assert {*LISTS, COPY, VERSION} - {refused} <= sources(out)


def test_the_newer_events_are_read_where_the_older_are_refused_and_never_both(server: Server, read: Any) -> None:
    first, _ = read()
    server.refuse(EVENTS, 403)
    second, out = read()
    records = [[(x.message, x.times, x.time, x.first, x.pod) for x in found if isinstance(x, Record)] for found in (first, second)]
    assert records[0] == records[1] != []
    assert out.gaps == []
    assert server.paths().count(NEW_EVENTS) == 1


def test_events_that_were_read_in_part_are_not_read_again(server: Server, read: Any) -> None:
    server.add(*(event() | {"metadata": {"namespace": "cell", "name": f"press.{n}", "uid": str(n)}} for n in range(3)))
    server.page = 2
    server.trouble[EVENTS] = Trouble(500, page="*")
    _, out = read()
    assert kinds(out) == ["api-error"]
    assert NEW_EVENTS not in server.paths()


@pytest.mark.parametrize("trouble", [Trouble(401), Trouble(how="close"), Trouble(how="hang")])
def test_who_gives_no_answer_is_not_asked_again(server: Server, read: Any, trouble: Trouble) -> None:
    server.trouble["*"] = trouble
    _, out = read(seconds=1)
    assert len(out.gaps) == 1
    assert set(server.paths()) == {PODS}
    assert out.inputs == []


def test_what_was_not_asked_for_is_told(server: Server, read: Any) -> None:
    server.trouble[EVENTS] = Trouble(how="hang")
    began = time.monotonic()
    found, out = read(seconds=1)
    assert time.monotonic() - began < 3
    assert kinds(out) == ["api-timeout", "api-cut"]
    assert dict(out.gaps[1].values)["paths"] == f"{MULTUS_SETS}, {OVN_SETS}, {NODES}, {COPY}, {VERSION}, logs, {NAMESPACES}"
    assert any(isinstance(x, Resource) and x.kind == "Pod" for x in found)


def test_nobody_listens_and_nothing_is_judged(tmp_path: Path, read: Any) -> None:
    found, out = read(kubeconfig(tmp_path / "other", f"https://127.0.0.1:{refused_port()}", AUTHORITY))
    assert (found, kinds(out), out.inputs) == ([], ["api-refused"], [])


def test_a_list_that_breaks_off_is_not_whole(server: Server, read: Any) -> None:
    server.page = 3
    server.trouble[PODS] = Trouble(500, page="*")
    found, out = read()
    assert kinds(out) == ["api-error"]
    assert [i.whole for i in out.inputs if i.source == f"api:{PODS}"] == [False]
    assert sum(isinstance(x, Resource) and x.kind == "Pod" for x in found) == 3


# --- NADs that the server does not know -------------------------------------------------------------------------------


def test_nads_that_the_server_does_not_know_are_a_fact_and_no_gap(server: Server, live: Callable[[], Report]) -> None:
    del server.lists[NADS]
    found = live()
    assert kinds(found) == []
    assert NADS in sources(found)
    finding = next(f for f in found.findings if f.rule in {"multus-not-installed", "nad-crd-missing"})
    assert finding.rule == "nad-crd-missing"  # its pod runs, so that Multus was installed
    assert {"camera-1", "historian-0"} <= {a.name for a in finding.affected}


def test_without_multus_itself_it_is_multus_that_is_missing(server: Server, live: Callable[[], Report]) -> None:
    del server.lists[NADS]
    server.lists[PODS] = [p for p in server.lists[PODS] if p["metadata"]["namespace"] == "plant"]
    server.lists[EVENTS] = []
    assert "multus-not-installed" in [f.rule for f in live().findings]
    server.refuse(MULTUS_SETS, 403)
    assert "multus-not-installed" not in [f.rule for f in live().findings]


def test_a_node_without_multus_on_which_nobody_asks_for_networks_is_not_accused(server: Server, live: Callable[[], Report]) -> None:
    del server.lists[NADS]
    server.lists[PODS] = [
        {"kind": "Pod", "metadata": {"name": "a", "namespace": "b", "uid": "c", "creationTimestamp": "2026-11-20T00:00:00Z"}, "status": {"phase": "Running"}}
    ]
    server.lists[EVENTS] = []
    found = live()
    assert (found.findings, kinds(found)) == ([], [])


def test_where_the_server_tells_all_nads_and_there_are_none_they_do_not_exist(server: Server, live: Callable[[], Report]) -> None:
    server.lists |= {NADS: [], EVENTS: []}
    found = {(f.rule, f.subject, f.severity) for f in live().findings}
    assert ("nad-not-found", "plant/historian-net", "error") in found
    assert not {"multus-not-installed", "nad-crd-missing"} & {rule for rule, *_ in found}


@pytest.mark.parametrize(("nads", "crd", "gap"), [(403, 404, ["api-forbidden"]), (404, 0, ["api-missing"]), (503, 404, ["api-error"])])
def test_no_other_answer_means_that_the_crd_is_missing(server: Server, live: Callable[[], Report], nads: int, crd: int, gap: list[str]) -> None:
    server.refuse(NADS, nads)
    if not crd:
        server.single[CRD] = {"kind": "CustomResourceDefinition", "metadata": {"name": "network-attachment-definitions.k8s.cni.cncf.io"}}
    found = live()
    assert kinds(found) == gap
    assert not {"multus-not-installed", "nad-crd-missing"} & {f.rule for f in found.findings}


# --- logs -------------------------------------------------------------------------------------------------------------

LOG = "/api/v1/namespaces/openshift-multus/pods/multus-4kx2p/log?container=kube-multus&tailLines=1000&limitBytes=1048576&timestamps=true"
SAID = b'2026-11-23T20:01:05.123456789Z failed to create multus config: cannot find valid master CNI config in "/host/etc/cni/net.d"\n'


def test_what_the_thin_entrypoint_said_before_it_ended_with_exit_code_0_is_found(server: Server, live: Callable[[], Report]) -> None:
    server.lists[PODS] = [network_pod("multus-4kx2p", "kube-multus", restarts=3)]
    server.texts[LOG] = b"2026-11-23T20:01:10.000000001Z multus config file is created.\n"
    server.texts[f"{LOG}&previous=true"] = SAID
    waits = "network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: No CNI configuration file in /etc/cni/net.d/."
    server.lists[EVENTS] = [event() | {"reason": "NetworkNotReady", "message": waits, "firstTimestamp": "2026-11-23T20:01:20Z"}]
    finding = next(f for f in live().findings if f.rule == "multus-not-running")
    assert finding.evidence[0].source == "api:/api/v1/namespaces/openshift-multus/pods/multus-4kx2p/log?container=kube-multus&previous=true"
    assert [(a.namespace, a.name) for a in finding.affected] == [("openshift-multus", "multus-4kx2p"), ("cell", "press")]
    assert finding.evidence[0].time == 1795464065123456
    assert [s.rule for s in finding.explains] == ["network-plugin-not-ready"]


def test_must_gathers_copy_of_the_log_says_the_same(report, tmp_path: Path) -> None:
    path = tmp_path / "namespaces/openshift-multus/pods/multus-4kx2p/kube-multus/kube-multus/logs/previous.log"
    path.parent.mkdir(parents=True)
    path.write_bytes(SAID)
    (finding,) = report(tmp_path).findings
    assert (finding.rule, [a.name for a in finding.affected]) == ("multus-not-running", ["multus-4kx2p"])


def test_logs_are_asked_for_where_there_are_any(server: Server, read: Any) -> None:
    failed = {
        "name": "install-container-network-plugins",
        "restartCount": 1,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"exitCode": 1, "containerID": "x"}},
    }
    ended = {"name": "dhcp-daemon-initialization", "restartCount": 0, "state": {"terminated": {"exitCode": 0, "containerID": "x"}}, "lastState": {}}
    waiting = network_pod("multus-new", "kube-multus", init=[failed])
    waiting["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": "PodInitializing"}}
    server.lists[PODS] = [waiting, network_pod("dhcp-daemon-a", "dhcp-daemon", init=[ended]), network_pod("ovnkube-master-b", "northd", "nbdb", restarts=1)]
    _, out = read()
    asked = [(p.split("/")[6], p.split("container=")[1].split("&")[0], "previous" in p) for p in server.asked if "/log?" in p]
    assert asked == [
        ("multus-new", "install-container-network-plugins", True), ("dhcp-daemon-a", "dhcp-daemon", False),
        ("ovnkube-master-b", "northd", True), ("ovnkube-master-b", "northd", False), ("ovnkube-master-b", "nbdb", True), ("ovnkube-master-b", "nbdb", False),
    ]  # fmt: skip
    assert out.gaps == []  # a log that is gone by now is none
    server.refuse("/api/v1/namespaces/openshift-multus/pods/dhcp-daemon-a/log", 400)
    assert read()[1].gaps == []


def test_logs_that_may_not_be_read_are_one_gap(server: Server, read: Any) -> None:
    server.refuse("/api/v1/namespaces/openshift-multus/pods/multus-4kx2p/log", 403)
    assert kinds(read()[1]) == ["api-forbidden"]
    assert sum("/log?" in p for p in server.asked) == 1


# --- rights -----------------------------------------------------------------------------------------------------------


def granted() -> list[tuple[str, dict[str, Any]]]:
    documents = [d for d in yaml.safe_load_all((ROOT / "deploy" / "rbac.yaml").read_text()) if d]
    bound = {(d["roleRef"]["kind"], d["metadata"].get("namespace", "")) for d in documents if d["kind"].endswith("Binding")}
    subjects = [s for d in documents if d["kind"].endswith("Binding") for s in d["subjects"]]
    assert subjects.count({"kind": "ServiceAccount", "name": "msnet", "namespace": "msnet"}) == len(subjects)
    return [(d["metadata"].get("namespace", ""), r) for d in documents if (d["kind"], d["metadata"].get("namespace", "")) in bound for r in d["rules"]]


def test_the_rights_of_the_shipped_role_are_enough_and_all_of_them_are_used(server: Server, read: Any) -> None:
    server.rights = granted()
    server.texts[LOG] = SAID
    server.lists[PODS].append(network_pod("ovnkube-master-b", "northd"))
    everything, out = read()
    assert out.gaps == []
    assert {*LISTS, COPY, VERSION} <= sources(out)
    del server.lists[NADS]  # then the CRD is asked for
    server.refuse(EVENTS, 500)
    _, out = read()
    assert out.gaps == []
    unused = [r for r in server.rights if r not in server.used]
    assert unused == []
    assert len(everything) > 20


def test_the_shipped_role_reads_only_and_no_secrets() -> None:
    rules = granted()
    assert {v for _, r in rules for v in r["verbs"]} <= {"get", "list", "watch"}
    assert not {"secrets", "*"} & {x for _, r in rules for x in (*r["resources"], *r["apiGroups"], *r["verbs"])}
    assert {x for _, r in rules if "watch" in r["verbs"] for x in r["resources"]} == {"pods", "events", "network-attachment-definitions"}


def test_whoever_may_read_nothing_is_told_once_of_all_that_was_asked(server: Server, read: Any) -> None:
    server.rights = []
    found, out = read()
    assert found == []
    (gap,) = out.gaps
    assert (gap.kind, gap.hides) == ("api-forbidden", True)
    assert dict(gap.values)["path"] == f"{PODS}, {NADS}, {EVENTS}, {MULTUS_SETS}, {OVN_SETS}, {NODES}, {COPY}, {VERSION}, {NAMESPACES}"


# --- the command line -------------------------------------------------------------------------------------------------


def test_the_command_line_reads_journal_and_api_side_by_side(server: Server, native: Path, tmp_path: Path, msnet) -> None:
    journal, root = tmp_path / "journal", tmp_path / "root"
    journal.mkdir()
    root.mkdir()
    (journal / "system.journal").symlink_to(native)
    options = ("--root", str(root), "--journal-dir", str(journal), "--kubeconfig", str(kubeconfig(tmp_path / "kubeconfig", server.url, AUTHORITY)))
    run = msnet("diagnose", "--format", "json", *options)
    body = json.loads(run.stdout)
    assert (run.returncode, run.stderr) == (11, b"")
    assert [(c["name"], c["state"]) for c in body["collectors"]][:2] == [("journal", "ok"), ("api", "ok")]
    assert body["collectors"][1]["found"] == sum(len(server.lists[p]) for p in LISTS if p in server.lists) + len(server.single)
    assert {"plant/conveyer-net", "cell/line"} <= {f["subject"] for f in body["findings"]}


@pytest.mark.parametrize(("language", "words"), [("en", "may not be read with this kubeconfig"), ("ja", "この kubeconfig では")])
def test_a_refusal_is_told_with_its_cure(server: Server, tmp_path: Path, msnet, language: str, words: str) -> None:
    server.refuse(NADS, 403)
    (tmp_path / "root").mkdir()
    config = str(kubeconfig(tmp_path / "kubeconfig", server.url, AUTHORITY))
    run = msnet("diagnose", "--lang", language, "--root", str(tmp_path / "root"), "--kubeconfig", config)
    text = " ".join(run.stdout.decode().split())
    assert words in text
    assert "deploy/rbac.yaml" in text
