"""sos reports of MicroShift nodes, and what else lies in a support case: folder and archive say the same, and what they lack is named."""

from __future__ import annotations

import json
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
from evidence import inspectp, nad, pod, sandbox_id

from collect.test_archive import log, tar, zipped
from collect.test_tailed import tree
from diagnose.model import Report

ROOT = "sosreport-edge-2026-11-23-abc"
MICROSHIFT, CRIO, NET = (f"{ROOT}/sos_commands/{x}" for x in ("microshift", "crio", "networking"))
NETNS = """1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00 promiscuity 0
    inet 127.0.0.1/8 scope host lo
2: eth0@if9: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default
    link/ether 0a:58:0a:2a:00:09 brd ff:ff:ff:ff:ff:ff link-netnsid 0
    inet 10.42.0.9/24 brd 10.42.0.255 scope global eth0
"""
NET1 = """3: net1@if12: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default
    link/ether 5e:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff link-netnsid 0
    inet 10.20.0.5/24 brd 10.20.0.255 scope global net1
"""


def listed(*bodies: dict) -> bytes:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(bodies)}).encode()


def sos(*, user: bool = False) -> dict[str, bytes]:
    """Return the files of a sos report; with `user`, the inspected namespaces are the user's as well."""
    failed = log("cam-1").replace(b"plant/", b"cell/")
    files = {
        f"{MICROSHIFT}/journalctl_--no-pager_--unit_microshift": failed,
        f"{MICROSHIFT}/namespaces/openshift-multus/core/pods.yaml": listed(pod("multus-x", namespace="openshift-multus")),
        f"{MICROSHIFT}/namespaces/openshift-multus/core/secrets.yaml": b"kind: Secret\ndata: {x: PLANTED}\n",
        f"{MICROSHIFT}/microshift_version": b"MicroShift Version: 4.18.3\nBase OCP Version: 4.18.3\n",
        f"{CRIO}/journalctl_--no-pager_--unit_crio": b'Nov 23 20:00:07 edge crio[700]: time="2026-11-23T20:00:07Z" level=info msg="healthy"\n',
        f"{CRIO}/crictl_pods": b"",
        f"{CRIO}/pods/crictl_inspectp_{sandbox_id('whole')}": inspectp("whole", "line").encode(),
        f"{CRIO}/pods/crictl_inspectp_{sandbox_id('short')}": inspectp("short", "line").encode(),
        f"{CRIO}/pods/crictl_inspectp_{sandbox_id('lone')}": inspectp("lone", "line", namespace="yard").encode(),
        f"{NET}/namespaces/netns-whole/ip_-d_address_show": (NETNS + NET1).encode(),
        f"{NET}/namespaces/netns-short/ip_-d_address_show": NETNS.encode(),
        f"{ROOT}/sos_commands/date/date": b"Mon Nov 23 20:30:00 UTC 2026\n",
        f"{ROOT}/sos_logs/sos.log": b"2026-11-23 " + failed,
        f"{ROOT}/version.txt": b"sosreport: 4.8.0\n",
    }
    if user:
        for namespace in ("cell", "yard"):
            names = {"cell": ("whole", "short", "cam-1"), "yard": ("lone",)}[namespace]
            files[f"{MICROSHIFT}/namespaces/{namespace}/core/pods.yaml"] = listed(*(pod(n, "line", [], namespace=namespace) for n in names))
            files[f"{MICROSHIFT}/namespaces/{namespace}/k8s.cni.cncf.io/network-attachment-definitions.yaml"] = listed(nad("line", namespace=namespace))
    return files


@pytest.fixture(params=["folder", "tar.xz", "zip"])
def packed(request: pytest.FixtureRequest, tmp_path: Path, write) -> Callable[[dict[str, bytes]], Path]:
    """Put files into a folder or an archive."""

    def make(files: dict[str, bytes]) -> Path:
        if request.param == "folder":
            return tree(tmp_path / "case", files, {}).parent
        return write(zipped(*files.items()) if request.param == "zip" else lzma.compress(tar(*files.items())), f"{ROOT}.{request.param}")

    return make


def found(report: Report) -> list[tuple[str, list[str]]]:
    return [(f.rule, sorted(a.name for a in f.affected if a.kind == "Pod")) for f in report.findings]


def test_a_report_without_the_users_namespaces_names_them_and_asks_for_them(packed, report) -> None:
    seen = report(packed(sos()))
    assert ("cni-plugin-missing", ["cam-1"]) in found(seen)
    (gap,) = [g for g in seen.gaps if g.kind == "namespaces"]
    assert (dict(gap.values), gap.hides) == ({"namespaces": "cell, yard"}, True)
    assert gap.hint == "sudo sos report --batch --all-logs -p network,security,microshift -k microshift.add-namespaces=cell:yard"
    assert any(g.kind == "no-nads" for g in seen.gaps)


def test_want_and_have_come_from_the_sandboxes(packed, report) -> None:
    seen = report(packed(sos()))
    rows = {(t.namespace, t.name): t for t in seen.attachments}
    whole, short = rows["cell", "whole"].rows[0], rows["cell", "short"].rows[0]
    assert whole.want is not None
    assert (whole.want.network, whole.want.interface) == ("cell/line", "net1")
    assert whole.have is not None
    assert (whole.have.interface, whole.have.ips) == ("net1", ("10.20.0.5",))
    assert (short.have, short.state, rows["cell", "short"].have) == (None, "missing", "netns")
    assert rows["yard", "lone"].rows[0].want == whole.want._replace(network="yard/line")


def test_with_the_users_namespaces_nothing_is_asked_for(packed, report) -> None:
    seen = report(packed(sos(user=True)))
    assert ("cni-plugin-missing", ["cam-1"]) in found(seen)
    assert not {g.kind for g in seen.gaps} & {"namespaces", "no-nads", "no-pods"}


def test_without_any_pod_the_missing_namespaces_are_asked_for_too(packed, report) -> None:
    seen = report(packed({n: d for n, d in sos().items() if "/namespaces/openshift" not in n}))
    (gap,) = [g for g in seen.gaps if g.kind == "no-pods"]
    assert gap.hint.endswith("-k microshift.add-namespaces=cell:yard")


def test_secrets_and_the_log_of_sos_are_not_read(packed, report) -> None:
    seen = report(packed(sos()))
    assert not [i.source for i in seen.inputs if "core/secrets" in i.source or "sos_logs/" in i.source]
