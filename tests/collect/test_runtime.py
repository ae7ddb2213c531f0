"""The container runtime through crictl: what it tells of pods when the API server is down, and how it fails."""

from __future__ import annotations

import json
import os
import shutil
import time
from datetime import UTC
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import ROOT
from evidence import NETWORKS, inspectp, sandbox_id

from collect.test_live import good, pod, refused
from diagnose.collect import runtime
from diagnose.collect.device import Deadline, Device, environment
from diagnose.collect.evidence import Evidence, Options
from diagnose.collect.live import Live
from diagnose.host import Host
from diagnose.model import InputSeen, Record, Resource
from diagnose.parse.host import SANDBOX
from diagnose.scan import Scanner

Found = list[Record | Resource]


def listed(*boxes: tuple[str, str]) -> str:
    """Return what `crictl pods -o json` prints for (name, state) sandboxes."""
    body = [
        {
            "id": sandbox_id(name), "metadata": {"name": name, "uid": f"uid-{name}", "namespace": "cell", "attempt": 0}, "state": state,
            "createdAt": "1795464000000000000", "labels": {"io.kubernetes.pod.name": name}, "annotations": {}, "runtimeHandler": "",
        }
        for name, state in boxes
    ]  # fmt: skip
    return json.dumps({"items": body})


@pytest.fixture
def crictl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Install a crictl: `pods` is the answer to that command, `inspect` is by name of sandbox; anything else fails."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def make(pods: str = "", inspect: dict[str, str] | None = None, script: str = "") -> Path:
        (folder / "pods").write_text(pods)
        for name, answer in (inspect or {}).items():
            (folder / sandbox_id(name)).write_text(answer)
        answer = f'echo "$@" >> {folder}/asked\nfor last; do :; done\ncase "$*" in *" pods "*) cat {folder}/pods;; *" inspectp "*) cat {folder}/$last;; *) exit 9;; esac'
        (folder / "crictl").write_text(f"#!/bin/sh\n{script or answer}\n")
        (folder / "crictl").chmod(0o755)
        return folder / "asked"

    return make


def collected(device: Device | None = None, seconds: float = 10) -> tuple[Found, Evidence]:
    out = Evidence(Scanner([]), Options(None, UTC))
    return list(runtime.collect(device or Device(), Deadline.after(seconds), out)), out


def told(out: Evidence) -> list[tuple[str, dict[str, str], str, bool]]:
    return [(g.kind, dict(g.values), g.hint, g.hides) for g in out.gaps]


def boxes(found: Found) -> list[tuple[str, bool, dict[str, Any]]]:
    return [(r.name, r.body["listed"], r.body.get("annotations", {})) for r in found if isinstance(r, Resource) and r.kind == SANDBOX]


def test_all_sandboxes_are_listed_and_the_living_are_looked_at(crictl) -> None:
    asked = crictl(listed(("cam", "SANDBOX_READY"), ("old", "SANDBOX_NOTREADY")), {"cam": inspectp("cam", "cell-net")})
    found, out = collected()
    assert boxes(found) == [("cam", True, {}), ("old", True, {}), ("cam", False, {NETWORKS: "cell-net"})]
    assert out.gaps == []
    ours = "--timeout 5s --runtime-endpoint unix:///var/run/crio/crio.sock"
    assert asked.read_text().splitlines() == [f"{ours} pods -o json", f"{ours} inspectp -o json {sandbox_id('cam')}"]


def test_no_sandbox_is_nothing_found(crictl) -> None:
    crictl(listed())
    found, out = collected()
    assert (found, out.inputs, out.gaps) == ([], [], [])


def test_the_socket_is_what_the_environment_says(crictl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTAINER_RUNTIME_ENDPOINT", "unix:///run/own.sock")
    asked = crictl(listed())
    collected()
    assert "--runtime-endpoint unix:///run/own.sock" in asked.read_text()


def test_the_host_knows_them_as_it_does_from_saved_evidence(crictl) -> None:
    crictl(listed(("cam", "SANDBOX_READY"), ("old", "SANDBOX_NOTREADY")), {"cam": inspectp("cam", "cell-net")})
    host = Host()
    for item in collected()[0]:
        assert isinstance(item, Resource)
        host.hold(item)
    assert host.listed == {sandbox_id("cam"), sandbox_id("old")}
    assert [(b.pod, b.netns, b.ready) for b in host.boxes.values()] == [("cam", "netns-cam", True)]


def test_a_sandbox_that_is_gone_when_it_is_looked_at_is_no_gap(crictl) -> None:
    crictl(listed(("cam", "SANDBOX_READY"), ("gone", "SANDBOX_READY")), {"cam": inspectp("cam", None)})
    found, out = collected()
    assert [name for name, listed_, _ in boxes(found) if not listed_] == ["cam"]
    assert len(out.inputs) == 2
    assert out.gaps == []


@pytest.mark.parametrize(
    ("script", "kind", "hides"),
    [
        ("echo 'FATA[0000] validate service connection: rpc error: code = Unavailable desc = dial unix /var/run/crio/crio.sock: connect: permission denied' >&2; exit 1", "runtime-denied", True),
        ("echo 'FATA[0000] dial unix /var/run/crio/crio.sock: connect: no such file or directory' >&2; exit 1", "runtime-dead", True),
        ("echo 'FATA[0005] context deadline exceeded' >&2; exit 1", "runtime-dead", True),
        ("echo '{\"items\": [{'", "runtime-answer", True),
        ("head -c 5000 /dev/urandom", "runtime-answer", True),
        ("exec sleep 30", "runtime-dead", True),
    ],
)  # fmt: skip
def test_each_way_to_fail_is_a_gap_of_its_own(crictl, script: str, kind: str, hides: bool) -> None:
    crictl(script=script)
    began = time.monotonic()
    found, out = collected(seconds=1)
    assert time.monotonic() - began < 2.5
    assert [(k, h) for k, _, _, h in told(out)] == [(kind, hides)]
    assert boxes(found) == []


def test_why_it_is_dead_is_told(crictl) -> None:
    crictl(script="printf 'WARN\\n  dial unix /run/crio.sock:\\n connection refused\\n' >&2; exit 1")
    assert told(collected()[1]) == [
        ("runtime-dead", {"why": "WARN dial unix /run/crio.sock: connection refused"}, "systemctl status crio; sudo crictl pods", True)
    ]


@pytest.mark.skipif(shutil.which("crictl", path=environment()["PATH"]) is not None, reason="crictl is installed")
def test_without_crictl_nothing_is_hidden_that_the_api_would_not_show() -> None:
    assert told(collected()[1]) == [("runtime-none", {}, "install cri-tools", False)]


def test_time_that_is_up_is_told_with_how_far_it_came(crictl) -> None:
    crictl(script=f'case "$*" in *" pods "*) echo \'{listed(("a", "SANDBOX_READY"), ("b", "SANDBOX_READY"))}\';; *) sleep 30;; esac')
    found, out = collected(seconds=1)
    assert [(k, v) for k, v, _, _ in told(out)] == [("runtime-cut", {"n": "0", "of": "2"})]
    assert len(boxes(found)) == 2


def test_a_saved_tree_asks_no_runtime(crictl, tmp_path: Path) -> None:
    asked = crictl(listed(("cam", "SANDBOX_READY")))
    assert collected(Device(root=tmp_path))[0] == []
    assert not asked.exists()


# --- in place of the API server ---------------------------------------------------------------------------------------


def held(name: str, annotation: str | None, created: str = "2026-11-23T10:00:00Z", **more: Any) -> Resource:
    (fact,) = [r for r in _read(inspectp(name, annotation)) if isinstance(r, Resource)]
    return Resource(fact.kind, fact.namespace, fact.name, {**fact.body, "created": created, **more}, fact.where)


def _read(text: str) -> Found:
    return list(Evidence(Scanner([]), Options(None, UTC)).content("crictl inspectp", text.encode()))


def test_sandboxes_tell_what_their_pods_asked_for_the_newest_counts() -> None:
    old, new = held("cam", "old-net"), held("cam", "new-net", "2026-11-23T11:00:00Z")
    for order in ([old, new], [new, old]):
        (found,) = runtime.pods(order)
        assert (found.kind, found.namespace, found.name) == ("Pod", "cell", "cam")
        assert found.body["metadata"] == {"namespace": "cell", "name": "cam", "uid": "uid-cam", "annotations": {NETWORKS: "new-net"}}
    assert list(runtime.pods([held("plain", None), held("host", "x", host=True), pod("api")])) == []


def live(**collectors: Any) -> Found:
    return list(Live([], Options(None, UTC), Device(root=Path("/nonexistent"), timeout=5), collectors=collectors).read())


def test_pods_of_sandboxes_stand_in_only_where_the_api_server_told_of_none() -> None:
    def sandboxes(*_: object):
        yield held("cam", "cell-net")

    def asked(_: object, __: object, out: Evidence):
        out.inputs.append(InputSeen("pods", "objects", programs={"kind:Pod"}))
        yield from ()

    def names(found: Found) -> list[tuple[str, str]]:
        return [(r.kind, r.name) for r in found if isinstance(r, Resource)]

    assert names(live(runtime=sandboxes, api=refused)) == [(SANDBOX, "cam"), ("Pod", "cam")]
    assert names(live(runtime=sandboxes, api=asked)) == [(SANDBOX, "cam")]
    assert names(live(api=good)) == [("Pod", "a"), ("Pod", "b")]


def test_with_the_api_server_down_the_report_has_the_same_shape(crictl, msnet, native: Path, tmp_path: Path) -> None:
    """The journal and crictl alone: findings from one, the pods' networks from the other, what was not asked among the blind spots."""
    crictl(listed(("press-hmi", "SANDBOX_READY")), {"press-hmi": inspectp("press-hmi", "line-net", namespace="plant")})
    down = tmp_path / "kubeconfig"
    down.write_text(
        "{clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}], contexts: [{name: c, context: {cluster: c, user: u}}], current-context: c, users: [{name: u, user: {token: x}}]}"
    )
    run = msnet("diagnose", "--format", "json", "--journal-dir", str(native.parent), "--kubeconfig", str(down), "--timeout", "20")
    body = json.loads(run.stdout)
    jsonschema.validate(body, json.loads((ROOT / "docs/report-1.schema.json").read_text()))
    assert {c["name"]: c["state"] for c in body["collectors"]} == {"journal": "ok", "api": "failed", "node": "ok", "runtime": "ok"}
    assert "nad-not-found" in {f["rule"] for f in body["findings"]}
    assert [(a["namespace"], a["name"], [n["network"] for n in a["networks"]]) for a in body["attachments"]] == [("plant", "press-hmi", ["plant/line-net"])]
    assert any(str(g["source"]).startswith("api") for g in body["gaps"] if g["hides"])
