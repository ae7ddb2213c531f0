"""The manifests on the node's disk: which of them MicroShift applies, and in which namespace."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any, cast

import pytest
from evidence import nad, pod

from diagnose.collect import manifests
from diagnose.collect.device import Device
from diagnose.collect.evidence import Evidence, Options
from diagnose.collect.live import Live
from diagnose.model import InputSeen, Resource, Where
from diagnose.scan import Scanner

Tree = Callable[[dict[str, str]], Device]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    def make(files: dict[str, str]) -> Device:
        for name, text in files.items():
            path = tmp_path / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return Device(root=tmp_path, timeout=5)

    return make


def collected(device: Device, *configs: Resource) -> tuple[list[tuple[str, str, str]], Evidence]:
    out = Evidence(Scanner([]), Options(None, UTC))
    return [(r.kind, r.namespace, r.name) for r in manifests.collect(device, list(configs), out)], out


def config(**more: Any) -> Resource:
    return Resource("MicroshiftConfig", "", "effective", {"manifests": more}, Where("node"))


NET, POD = json.dumps(nad("cell-net", namespace="own")), json.dumps(pod("cam", namespace="own"))
KUSTOMIZATION = "resources: [net.yaml]\n"
D = "/etc/microshift/manifests.d"


def test_what_a_kustomization_names_is_meant_to_be_there(tree: Tree) -> None:
    found, out = collected(tree({
        "/etc/microshift/manifests/kustomization.yaml": "resources: [net.yaml, missing.yaml]\n", "/etc/microshift/manifests/net.yaml": NET,
        "/etc/microshift/manifests/not-named.yaml": POD, f"{D}/10-a/kustomization.yml": "resources: [pod.yaml]", f"{D}/10-a/pod.yaml": POD,
        f"{D}/20-no-kustomization/net.yaml": NET, "/usr/lib/microshift/manifests.d/1/Kustomization": KUSTOMIZATION, "/usr/lib/microshift/manifests.d/1/net.yaml": NET,
    }))  # fmt: skip
    assert found == [
        ("NetworkAttachmentDefinition", "own", "cell-net"), ("NetworkAttachmentDefinition", "own", "cell-net"), ("Pod", "own", "cam"),
    ]  # fmt: skip
    assert [(i.source, i.kind, i.lines, i.programs) for i in out.inputs][-1] == (f"{D}/10-a/pod.yaml", "objects", 1, {"kind:Pod"})
    assert out.gaps == []


def test_the_outermost_namespace_stands_and_what_has_none_keeps_none(tree: Tree) -> None:
    namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: plant}\n"
    found, _ = collected(tree({
        f"{D}/a/kustomization.yaml": "namespace: plant\nresources: [base, ns.yaml, ../shared]\n", f"{D}/a/ns.yaml": namespace,
        f"{D}/a/base/kustomization.yaml": "namespace: inner\nresources: [net.yaml]\n", f"{D}/a/base/net.yaml": NET,
        f"{D}/shared/kustomization.yaml": "components: [more]\n", f"{D}/shared/more/kustomization.yaml": "resources: [pod.yaml]\n", f"{D}/shared/more/pod.yaml": POD,
    }))  # fmt: skip
    assert found == [("NetworkAttachmentDefinition", "plant", "cell-net"), ("Namespace", "", "plant"), ("Pod", "plant", "cam")]


def test_the_configuration_may_name_other_paths(tree: Tree) -> None:
    device = tree({f"/srv/{n}/kustomization.yaml": KUSTOMIZATION for n in ("a1", "a2", "b")} | {f"/srv/{n}/net.yaml": NET for n in ("a1", "a2", "b")})
    assert collected(device)[0] == []
    assert len(collected(device, config(kustomizePaths=["/srv/a*", "relative", 3]))[0]) == 2
    assert collected(device, config(kustomizePaths=[]))[0] == []
    assert collected(device, config(kustomizePaths=None))[0] == []
    assert collected(tree({f"{D}/a/kustomization.yaml": KUSTOMIZATION, f"{D}/a/net.yaml": NET}), config())[0] != []


def test_circles_remote_bases_and_paths_out_of_the_tree_end(tree: Tree, tmp_path: Path) -> None:
    (tmp_path.parent / "outside.yaml").write_text(NET)
    up = "../" * 5
    found, out = collected(tree({
        f"{D}/a/kustomization.yaml": f"resources: [., ../a, ../b, 'https://example.com/x.yaml', 'git@example.com:x', {up}outside.yaml, 7]\n",
        f"{D}/b/kustomization.yaml": "resources: [../a, net.yaml, net.yaml]\n", f"{D}/b/net.yaml": NET,
    }))  # fmt: skip
    assert (tmp_path / f".{D}/a" / f"{up}outside.yaml").exists()
    assert found == [("NetworkAttachmentDefinition", "own", "cell-net")]
    assert [i.source for i in out.inputs] == [f"{D}/b/net.yaml"]
    assert out.gaps == []


def test_what_is_no_yaml_is_told_and_hides_no_other(tree: Tree) -> None:
    found, out = collected(tree({
        f"{D}/a/kustomization.yaml": "resources: [bad.yaml, net.yaml]\n", f"{D}/a/bad.yaml": "a: [\n", f"{D}/a/net.yaml": NET, f"{D}/b/kustomization.yaml": "resources: [\n",
        f"{D}/c/kustomization.yaml": "- a\n",
    }))  # fmt: skip
    assert found == [("NetworkAttachmentDefinition", "own", "cell-net")]
    assert [(g.source, g.hint, g.hides) for g in out.gaps] == [
        (f"{D}/a/bad.yaml", f"oc kustomize {D}/a", False), (f"{D}/b/kustomization.yaml", f"oc kustomize {D}/b", False),
    ]  # fmt: skip
    assert all(g.reason.startswith("no valid YAML: ") and "\n" not in g.reason for g in out.gaps)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")
def test_what_may_not_be_read_is_told(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> None:
    device = tree({
        f"{D}/a/kustomization.yaml": KUSTOMIZATION, f"{D}/a/net.yaml": NET, f"{D}/b/kustomization.yaml": "resources: [../c/net.yaml]", f"{D}/c/net.yaml": NET,
        "/usr/lib/microshift/manifests.d/x/kustomization.yaml": KUSTOMIZATION,
    })  # fmt: skip
    closed = ["/usr/lib/microshift/manifests.d", f"{D}/a/net.yaml", f"{D}/c/net.yaml", f"{D}/c"]
    (device.root / f"{D}/a/net.yaml".lstrip("/")).chmod(0o600)
    for name in (closed[0], closed[3]):
        (device.root / name.lstrip("/")).chmod(0o700)
    base = tmp_path_factory.getbasetemp()
    for folder in (base.parent, base, device.root):
        folder.chmod(0o755)
    os.seteuid(65534)
    try:
        found, out = collected(device)
    finally:
        os.seteuid(0)
    assert found == []
    assert [(g.kind, dict(g.values)["what"].split(", ")) for g in out.gaps] == [("node-denied", closed)]


def test_they_count_only_where_the_api_server_did_not_say_which_nads_there_are(tree: Tree) -> None:
    device = tree({f"{D}/a/kustomization.yaml": KUSTOMIZATION, f"{D}/a/net.yaml": NET})

    def nothing(*_: object):
        yield from ()

    def asked(_: object, __: object, out: Evidence):
        out.inputs.append(InputSeen("nads", "objects", programs={"kind:NetworkAttachmentDefinition"}))
        yield from ()

    def names(api: Any) -> list[str]:
        return [r.name for r in Live([], Options(None, UTC), device, collectors={"api": api}).read() if isinstance(r, Resource)]

    assert names(nothing) == ["cell-net"]
    assert names(asked) == []


def test_the_leases_of_their_stores_are_read_after_them(tree: Tree) -> None:
    own = json.dumps(nad("cell-net", ipam={"type": "host-local", "dataDir": "/srv/ipam"}))
    device = tree({f"{D}/a/kustomization.yaml": KUSTOMIZATION, f"{D}/a/net.yaml": own, "/srv/ipam/cell-net/10.20.0.5": "5f" * 32})
    live = Live([], Options(None, UTC), device, collectors={"api": lambda *_: iter(())})
    assert [(r.kind, r.name) for r in live.read() if isinstance(r, Resource)] == [("NetworkAttachmentDefinition", "cell-net"), ("Lease", "10.20.0.5")]
    assert [i.source for i in live.inputs] == [f"{D}/a/net.yaml", "/srv/ipam/cell-net/10.20.0.5"]


def test_whatever_breaks_is_a_gap_and_what_was_found_before_stays(tree: Tree) -> None:
    def broken(*_: object):
        yield Resource("NetworkAttachmentDefinition", "cell", "n", cast("dict[str, Any]", None), Where("x"))

    device = tree({f"{D}/a/kustomization.yaml": KUSTOMIZATION, f"{D}/a/net.yaml": NET})
    live = Live([], Options(None, UTC), device, collectors={"api": broken})
    assert [r.name for r in live.read() if isinstance(r, Resource)] == ["n", "cell-net"]
    assert [g.source for g in live.gaps] == ["beside"]
