"""What the API server tells becomes evidence as if it stood in files; what it refuses is told, and the rest is still asked for."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
import trustme

from collect.apiserver import CRD, EVENTS, NADS, NEW_EVENTS, NODE, NODES, PODS, TOKEN, Server, Trouble, kubeconfig, serving, status, tls
from diagnose import catalog
from diagnose.collect import api
from diagnose.collect.device import Deadline, Device
from diagnose.collect.evidence import Evidence, Options
from diagnose.lang import EN, JA
from diagnose.literals import plan
from diagnose.model import LISTED, InputSeen, Record, Resource
from diagnose.scan import Scanner

AUTHORITY = trustme.CA()
MULTUS, DHCP, OVN = "openshift-multus/multus-x7", "openshift-multus/dhcp-daemon-k2", "openshift-ovn-kubernetes/ovnkube-master-p4"
NO_MASTER = 'failed to create multus config: cannot find valid master CNI config in "/host/etc/cni/net.d"'
VERSION = "/api/v1/namespaces/kube-public/configmaps/microshift-version"
SETS = [api.daemonsets(n) for n in api.OWN]
LISTS = [PODS, NADS, EVENTS, *SETS, NODES, "/api/v1/namespaces"]


def thing(kind: str, key: str, **more: Any) -> dict[str, Any]:
    namespace, _, name = key.rpartition("/")
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "uid": f"uid-{kind}-{key}", **({"namespace": namespace} if namespace else {})}, **more}


def container(name: str, state: str = "running", restarts: int = 0, ended: int = 0) -> dict[str, Any]:
    last = {"terminated": {"containerID": f"cri-o://{name}", "exitCode": ended}} if restarts else {}
    current = {"running": {}, "waiting": {"reason": "PodInitializing"}, "ended": {"exitCode": ended, "containerID": f"cri-o://{name}"}}[state]
    return {
        "name": name,
        "restartCount": restarts,
        "lastState": last,
        "state": {"terminated" if state == "ended" else state: current},
        "ready": state == "running",
    }


def event(key: str, message: str) -> dict[str, Any]:
    namespace, _, name = key.partition("/")
    about = {"kind": "Pod", "namespace": namespace, "name": name}
    return thing(
        "Event", f"{key}.1", message=message, involvedObject=about, reason="FailedCreatePodSandBox", type="Warning", lastTimestamp="2026-11-23T20:01:00Z"
    )


def log_path(pod: str, name: str, *, previous: bool = False) -> str:
    namespace, _, own = pod.partition("/")
    path = f"/api/v1/namespaces/{namespace}/pods/{own}/log?container={name}&tailLines={api.LINES}&limitBytes={api.BYTES}&timestamps=true"
    return path + ("&previous=true" if previous else "")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(tls(AUTHORITY)) as running:
        running.load(*sorted((NODE / "objects").glob("*.yaml")))
        running.add(
            thing(
                "Pod", MULTUS, status={"containerStatuses": [container("kube-multus", restarts=3)], "initContainerStatuses": [container("plugins", "ended")]}
            ),
            thing("Pod", DHCP, status={"containerStatuses": [container("dhcp-daemon")], "initContainerStatuses": [container("clean", "ended", ended=1)]}),
            thing("Pod", OVN, status={"containerStatuses": [container("nbdb"), container("northd", "waiting")]}),
            thing("Node", "edge"),
            thing("Namespace", "plant"),
            event("plant/press-hmi", "Failed to create pod sandbox: no network"),
            thing("DaemonSet", "openshift-multus/multus", apiVersion="apps/v1"),
            thing("DaemonSet", "plant/other", apiVersion="apps/v1"),
        )
        running.single[VERSION] = thing("ConfigMap", "kube-public/microshift-version", data={"version": "4.20.1"})
        for pod, name in ((MULTUS, "kube-multus"), (DHCP, "dhcp-daemon"), (DHCP, "clean"), (OVN, "nbdb")):
            running.texts[log_path(pod, name)] = f"2026-11-23T20:00:50.000000001Z this is {name}\n".encode()
        running.texts[log_path(MULTUS, "kube-multus", previous=True)] = f"2026-11-23T20:00:44.123456789Z {NO_MASTER}\n".encode()
        yield running


def collect(server: Server | None, folder: Path, seconds: float = 20) -> tuple[list[Record | Resource], Evidence]:
    """Read everything; each gap has words in both languages and a cure."""
    out = Evidence(Scanner(plan(catalog.load())), Options(None, UTC))
    config = kubeconfig(folder / "kubeconfig", server.url, AUTHORITY) if server else None
    found = list(api.collect(Device(root=folder, kubeconfig=config), Deadline.after(seconds), out))
    for gap in out.gaps:
        assert gap.hint
        assert all(words.blind_spot[gap.kind].format(**dict(gap.values)) for words in (EN, JA))
    return found, out


def keys(found: list[Record | Resource], kind: str) -> list[str]:
    return [f"{x.namespace}/{x.name}".strip("/") for x in found if isinstance(x, Resource) and x.kind == kind]


def kinds(out: Evidence) -> list[str]:
    return [g.kind for g in out.gaps]


def inputs(out: Evidence) -> dict[str, InputSeen]:
    assert len({i.source for i in out.inputs}) == len(out.inputs), "no input is told twice"
    return {i.source: i for i in out.inputs}


# --- what is read -----------------------------------------------------------------------------------------------------


def test_objects_events_and_logs_come_as_from_files(server: Server, tmp_path: Path) -> None:
    found, out = collect(server, tmp_path)
    assert kinds(out) == []
    assert {"plant/press-hmi", MULTUS} <= set(keys(found, "Pod"))
    assert "plant/camera-net" in keys(found, "NetworkAttachmentDefinition")
    assert keys(found, "Node") == ["edge"]
    assert keys(found, "DaemonSet") == ["openshift-multus/multus"]
    assert keys(found, "ConfigMap") == ["kube-public/microshift-version"]
    events = [x for x in found if isinstance(x, Record) and x.program == "event"]
    assert [(e.pod, e.reason, e.where.source) for e in events] == [("plant/press-hmi", "FailedCreatePodSandBox", f"api:{EVENTS}")]
    assert set(keys(found, LISTED)) >= {"Pod", "NetworkAttachmentDefinition", "Event", "Node", "openshift-multus/DaemonSet"}


def test_pages_are_read_to_their_end_and_nothing_is_asked_twice(server: Server, tmp_path: Path) -> None:
    server.page = 3
    found, out = collect(server, tmp_path)
    assert len(keys(found, "Pod")) == len(server.lists[PODS]) == inputs(out)[f"api:{PODS}"].lines
    assert len(server.asked) == len(set(server.asked))
    assert NEW_EVENTS not in server.paths()


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", LISTS)
def test_one_failure_is_a_gap_and_the_rest_is_still_asked_for(server: Server, tmp_path: Path, path: str) -> None:
    server.refuse(path, 500)
    if path == EVENTS:
        server.refuse(NEW_EVENTS, 500)
    found, out = collect(server, tmp_path)
    assert kinds(out) == ["api-error"]
    assert path in dict(out.gaps[0].values)["path"]
    assert set(LISTS) <= set(server.paths())
    assert f"api:{path}" not in inputs(out), "what was refused was not looked at"
    assert not any(isinstance(x, Resource) and x.kind == LISTED and x.where.source == f"api:{path}" for x in found)
    assert out.gaps[0].hides == (path not in (NODES, "/api/v1/namespaces"))


def test_a_crd_that_could_not_be_looked_at_is_not_called_absent(server: Server, tmp_path: Path) -> None:
    del server.lists[NADS]
    server.refuse(CRD, 500)
    found, out = collect(server, tmp_path)
    assert kinds(out) == ["api-missing"]
    assert "NetworkAttachmentDefinition" not in keys(found, LISTED)


def test_a_list_that_expires_to_its_end_keeps_what_was_read_and_says_so(server: Server, tmp_path: Path) -> None:
    server.page = 3
    server.trouble[PODS] = Trouble(410, page="*")
    found, out = collect(server, tmp_path)
    assert len(keys(found, "Pod")) == 3
    assert kinds(out) == ["api-expired"]
    assert inputs(out)[f"api:{PODS}"].whole is False
    assert "Pod" not in keys(found, LISTED)
    assert set(LISTS) <= set(server.paths())


def test_a_log_that_fails_hides_no_other_log(server: Server, tmp_path: Path) -> None:
    server.refuse(log_path(MULTUS, "x").partition("?")[0], 500)
    _, out = collect(server, tmp_path)
    assert kinds(out) == ["api-error"] * 2
    assert any("log?container=nbdb" in source for source in inputs(out))


@pytest.mark.parametrize("code", [400, 404])
def test_a_log_that_is_gone_is_no_gap(server: Server, tmp_path: Path, code: int) -> None:
    for path in server.texts:
        server.refuse(path.partition("?")[0], code)
    assert kinds(collect(server, tmp_path)[1]) == []


# --- what ends it -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["hang", "drip", "drip-head"])
def test_a_server_that_hangs_ends_with_the_deadline_and_is_left_alone(server: Server, tmp_path: Path, how: str) -> None:
    server.trouble[NADS] = Trouble(how=how)
    began = time.monotonic()
    found, out = collect(server, tmp_path, seconds=1.0)
    assert time.monotonic() - began < 2.5
    assert keys(found, "Pod"), "what was read before that stands"
    assert kinds(out) == ["api-timeout", "api-cut"]
    assert server.paths()[-1] == NADS
    assert EVENTS in dict(out.gaps[1].values)["paths"]


# --- the command line -------------------------------------------------------------------------------------------------


def run(msnet: Any, server: Server, folder: Path, *options: str) -> Any:
    root = folder / "root"
    root.mkdir(exist_ok=True)
    config = kubeconfig(folder / "kubeconfig", server.url, AUTHORITY)
    return msnet("diagnose", "--kubeconfig", str(config), "--root", str(root), "--journal-dir", str(root), "--timeout", "20", *options)


def test_msnet_diagnoses_what_the_api_server_tells_and_shows_no_token(msnet: Any, server: Server, tmp_path: Path) -> None:
    done = run(msnet, server, tmp_path, "--format", "json")
    assert TOKEN.encode() not in done.stdout + done.stderr
    report = json.loads(done.stdout)
    found = {(f["rule"], a["name"]) for f in report["findings"] for a in f["affected"] if a["kind"] == "Pod"}
    assert ("nad-not-found", "press-hmi") in found
    assert done.returncode == 11


def test_a_dead_api_server_is_told_and_no_evidence(msnet: Any, server: Server, tmp_path: Path) -> None:
    server.trouble["*"] = Trouble(503, status(503, "etcd is down"))
    done = run(msnet, server, tmp_path)
    assert done.returncode == 3
    assert b"etcd is down" in done.stdout
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_nothing_is_written_and_nobody_but_the_server_is_connected_to(msnet: Any, server: Server, tmp_path: Path) -> None:
    import subprocess
    import sys

    trace = tmp_path / "trace"
    config = kubeconfig(tmp_path / "kubeconfig", server.url, AUTHORITY)
    (tmp_path / "root").mkdir()
    command = [
        sys.executable,
        "-B",
        "-m",
        "diagnose",
        "diagnose",
        "--kubeconfig",
        str(config),
        "--root",
        str(tmp_path / "root"),
        "--journal-dir",
        str(tmp_path / "root"),
    ]
    calls = "trace=openat,creat,mkdir,rename,unlink,connect"
    subprocess.run(["strace", "-f", "-e", calls, "-o", str(trace), *command], capture_output=True, check=False, env={**os.environ, "TMPDIR": str(tmp_path)})
    lines = trace.read_text().splitlines()
    written = [x for x in lines if ("O_WRONLY" in x or "O_RDWR" in x or "O_CREAT" in x or "mkdir(" in x) and "/dev/" not in x and "= -1" not in x]
    assert written == []
    connected = [x for x in lines if "connect(" in x and "AF_INET" in x and f"htons({server.server_address[1]})" not in x and "htons(0)" not in x]
    assert connected == []
    assert any(f"htons({server.server_address[1]})" in x for x in lines)
