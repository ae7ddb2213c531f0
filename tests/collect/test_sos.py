"""sos reports of MicroShift nodes, and what else lies in a support case: folder and archive say the same, and what they lack is named."""

from __future__ import annotations

import json
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
from evidence import inspectp, nad, pod, sandbox_id

from collect.test_archive import KUBELET, log, tar, zipped
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


# --- must-gather, and whatever came ---------------------------------------------------------------------------------------

GATHER = "must-gather.local.5421342344627712289/quay-io-openshift-release-dev-ocp-v4-0-art-dev-sha256-0123456789abcdef"


def gathered() -> dict[str, bytes]:
    """Return what `oc adm must-gather` or `oc adm inspect` leaves (openshift/must-gather collection-scripts, oc pkg/cli/admin/inspect)."""
    import yaml

    def dump(*bodies: dict) -> bytes:
        return yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": list(bodies)}).encode()

    event = {
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": "e.1", "namespace": "plant"}, "involvedObject": {"kind": "Pod", "namespace": "plant", "name": "cam-1"},
        "reason": "FailedCreatePodSandBox", "type": "Warning", "count": 3, "firstTimestamp": "2026-11-23T19:59:00Z", "lastTimestamp": "2026-11-23T20:09:00Z",
        "message": "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to create pod network sandbox k8s_cam-1_plant_1903dc35-8b71-434d-9aa9-d60ff613e553_0(" + "ab" * 32 + "): error adding pod plant_cam-1 to CNI network \"multus-cni-network\": plugin type=\"multus\" name=\"multus-cni-network\" failed (add): [plant/cam-1/1903dc35-8b71-434d-9aa9-d60ff613e553:cam]: error adding container to network \"cam\": failed to find plugin \"vlan\" in path [/run/cni/bin]",
    }  # fmt: skip
    namespace = f"{GATHER}/namespaces/plant"
    multus = f"{GATHER}/namespaces/openshift-multus"
    stamped = b'2026-11-23T20:00:00.123456789Z 2026-11-23T20:00:00Z [error] Multus: [plant/cam-1/1]: error adding container to network "cam": failed to find plugin "vlan" in path [/run/cni/bin]\n'
    return {
        "must-gather.local.5421342344627712289/event-filter.html": b"<html>FailedCreatePodSandBox</html>",
        "must-gather.local.5421342344627712289/timestamp": b"2026-11-23 20:10:00.000000000 +0000 UTC m=+0.1\n",
        f"{GATHER}/version": b"openshift/must-gather\n4.18\n",
        f"{GATHER}/cluster-scoped-resources/core/nodes/edge.yaml": yaml.safe_dump({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "edge"}}).encode(),
        f"{GATHER}/cluster-scoped-resources/apiextensions.k8s.io/customresourcedefinitions/routes.route.openshift.io.yaml": b"kind: CustomResourceDefinition\n",
        f"{GATHER}/cluster-scoped-resources/rbac.authorization.k8s.io/clusterroles/admin.yaml": b"kind: ClusterRole\n",
        f"{namespace}/plant.yaml": yaml.safe_dump({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "plant"}}).encode(),
        f"{namespace}/core/events.yaml": dump(event),
        f"{namespace}/core/pods.yaml": dump(pod("cam-1", "cam", namespace="plant", phase="Pending")),
        f"{namespace}/core/secrets.yaml": dump({"kind": "Secret", "metadata": {"name": "x"}}),
        f"{namespace}/apps/deployments.yaml": dump(),
        f"{namespace}/k8s.cni.cncf.io/network-attachment-definitions/cam.yaml": yaml.safe_dump(nad("cam", namespace="plant", type="vlan", master="eno1")).encode(),
        f"{namespace}/pods/cam-1/cam-1.yaml": yaml.safe_dump(pod("cam-1", "cam", namespace="plant", phase="Pending")).encode(),
        f"{namespace}/pods/cam-1/app/app/logs/current.log": b"2026-11-23T20:00:00.1Z hello from the application\n",
        f"{multus}/pods/multus-x/multus-x.yaml": yaml.safe_dump(pod("multus-x", namespace="openshift-multus")).encode(),
        f"{multus}/pods/multus-x/kube-multus/kube-multus/logs/current.log": stamped,
        f"{multus}/pods/multus-x/kube-multus/kube-multus/logs/previous.log": b"",
        f"{GATHER}/host_service_logs/masters/crio_service.log": b'Nov 23 20:00:07 edge crio[700]: time="2026-11-23T20:00:07Z" level=info msg="healthy"\n',
        f"{GATHER}/host_service_logs/masters/kubelet_service.log": b"Nov 23 20:00:06 edge kubenswrapper[900]: I1123 20:00:06.000001 900 x.go:1] ok\n",
    }  # fmt: skip


def test_a_must_gather(packed, report) -> None:
    seen = report(packed(gathered()))
    assert ("cni-plugin-missing", ["cam-1"]) in found(seen)
    (finding,) = [f for f in seen.findings if f.rule == "cni-plugin-missing"]
    assert {"event", "multus"} <= set(finding.sources)
    assert not [g for g in seen.gaps if g.kind in ("unreadable", "namespaces", "no-pods", "no-nads")]
    assert not [i.source for i in seen.inputs if i.kind == "unknown" and "/timestamp" not in i.source and "/version" not in i.source]


PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 400
OFFICE = zipped(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w:document>see the log</w:document>"), ("word/media/image1.png", PNG))
MAIL = b"""From: bob@example.com
To: support@example.com
Subject: camera down
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Hello,
since this morning the camera does not come up. This is what oc says:

  Warning  FailedCreatePodSandBox  5m  kubelet  Failed to create pod sandbox: Multus: [plant/cam-3/1]: error adding container to network "cam": failed to find plugin "vlan" in path [/run/cni/bin]

Bob
"""


def dumped() -> dict[str, bytes]:
    """Return what an engineer drops into a folder for a case."""
    return {
        "case/sosreport-edge.tar.xz": lzma.compress(tar(*sos().items())),
        "case/.DS_Store": b"\0\0\0\1Bud1" + bytes(6000),
        "case/__MACOSX/._x": b"\0\5\x16\7" + bytes(100),
        "case/Thumbs.db": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(range(256)) * 9,
        "case/IMG_1.jpg": b"\xff\xd8\xff\xe0" + PNG,
        "case/screen.PNG": PNG,
        "case/screen.heic": b"\0\0\0\x18ftypheic" + PNG,
        "case/notes.docx": OFFICE,
        "case/manual.pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Length 9000 >>\nstream\n" + PNG + b"\nendstream\nendobj\n%%EOF\n",
        "case/Untitled.txt": KUBELET.replace("{pod}", "cam-2").encode("utf-16"),
        "case/Untitled 2.txt": b"\xef\xbb\xbf" + KUBELET.replace("{pod}", "cam-4").replace("\n", "\r\n").encode(),
        "case/mail.eml": MAIL,
        "case/journal.zip": zipped(("journal.txt", log("cam-5"))),
        "case/empty": b"",
        "case/core.1234": b"\x7fELF" + bytes(range(256)) * 40,
        "case/capture.pcap": b"\xd4\xc3\xb2\xa1" + bytes(range(256)) * 9,
        "case/data.sqlite": b"SQLite format 3\0" + bytes(range(256)) * 9,
    }


def test_a_folder_of_whatever_came(packed, report, msnet) -> None:
    path = packed(dumped())
    seen = report(path)
    pods = {name for rule, names in found(seen) if rule == "cni-plugin-missing" for name in names}
    assert pods == {"cam-1", "cam-2", "cam-3", "cam-4", "cam-5"}
    assert [g.source for g in seen.gaps if g.kind == "unreadable"] == []
    unknown = [i.source.rpartition("case/")[2] for i in seen.inputs if i.kind == "unknown" and "sosreport-edge.tar" not in i.source]
    assert sorted(unknown) == [
        "capture.pcap",
        "core.1234",
        "data.sqlite",
        "manual.pdf",
        "notes.docx![Content_Types].xml",
        "notes.docx!word/document.xml",
        "screen.heic",
    ]
    text = msnet("diagnose", "--now", "2026-11-23T20:10:00Z", str(path)).stdout.decode()
    assert (text.count("not understood"), text.count("manual.pdf")) == (1, 1)
