"""The way of each network from the host to a pod: what NADs and the host's state tell of it, and what they do not."""

from __future__ import annotations

import json
from typing import Any

from evidence import NETWORKS, ip, link, nad, pod

from diagnose.model import PathSeen

ASKS = "cell/robot"


def written(write, *objects: dict[str, Any], links: str = "") -> list[Any]:
    paths = [write(json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}), "objects.json")]
    return [*paths, write(links, "ip_-d_-j_addr.json")] if links else paths


def waiting(annotation: str, **more: Any) -> dict[str, Any]:
    return pod("robot", annotation, phase="Pending", **more)


def paths(report, *files: Any) -> dict[str, PathSeen]:
    return {p.network: p for p in report(*files).paths if p.pod == ASKS}


def test_a_bridge_with_its_state_and_its_ports(report, write) -> None:
    links = ip(link("br-line", kind="bridge"), link("enp2s0", master="br-line"), link("vethab", master="br-line", kind="veth"))
    found = paths(report, *written(write, nad("line", start="10.20.0.5", end="10.20.0.9"), waiting("line,gone"), links=links))
    seen = found["cell/line"]
    assert (seen.nad, seen.plugin, seen.device, seen.link, seen.ports) == ("there", "bridge", "br-line", "up", ("enp2s0",))
    assert (seen.interface, seen.ipam, seen.ranges) == ("net1", "host-local", ("10.20.0.5-10.20.0.9",))
    assert (found["cell/gone"].nad, found["cell/gone"].interface) == ("absent", "net2")


def test_a_parent_that_is_down_or_not_there(report, write) -> None:
    objects = [nad("cam", type="macvlan", master="enp9s0", bridge=None), nad("plc", type="ipvlan", master="enp3s0", bridge=None), waiting("cam,plc,gone")]
    found = paths(report, *written(write, *objects, links=ip(link("enp3s0", up=False))))
    assert (found["cell/cam"].plugin, found["cell/cam"].device, found["cell/cam"].link) == ("macvlan", "enp9s0", "absent")
    assert (found["cell/plc"].link, found["cell/plc"].ports) == ("down", None)


def test_what_is_not_among_the_evidence_is_unknown(report, write) -> None:
    found = paths(report, *written(write, nad("line"), waiting("line,gone")))
    assert (found["cell/line"].link, found["cell/line"].ports) == ("unknown", None)
    assert found["cell/gone"].nad == "absent"


def test_a_nad_of_that_name_elsewhere_is_not_the_one_that_multus_looks_for(report, write) -> None:
    found = paths(report, *written(write, nad("gone", namespace="other"), nad("line"), waiting("gone")))
    assert {p.network: p.nad for p in found.values()} == {"cell/gone": "absent"}
    # Without any NAD of its namespace, nothing shows that it is not there.
    line = 'Nov 23 20:01:11 edge01 multus[7]: [cell/robot/70158dac-176b-4cff-b9e2-83f2a42d8013:line]: error adding container to network "line": no IP addresses available in range set: 10.2.0.1-10.2.0.1\n'
    shown = report(write(line, "log.txt"), *written(write, nad("line", namespace="other"), waiting("line")))
    assert [(p.network, p.nad) for p in shown.paths if p.pod == ASKS] == [("cell/line", "unknown")]


def test_a_log_alone_names_what_it_names(report, write) -> None:
    line = (
        'Nov 23 20:01:11 edge01 microshift[4654]: kubelet E1123 20:01:11.617964 4654 pod_workers.go:1324] "Error syncing pod, skipping" '
        'err="failed to \\"CreatePodSandbox\\" for \\"robot_cell(70158dac-176b-4cff-b9e2-83f2a42d8013)\\" with CreatePodSandboxError: \\"Failed to create '
        "sandbox for pod: rpc error: code = Unknown desc = failed to create pod network sandbox k8s_robot_cell_x_0(abc): error adding pod cell_robot to CNI "
        'network \\\\\\"multus-cni-network\\\\\\": plugin type=\\\\\\"multus\\\\\\" failed (add): [cell/robot/70158dac-176b-4cff-b9e2-83f2a42d8013:line]: error adding '
        'container to network \\\\\\"line\\\\\\": failed to allocate for range 0: no IP addresses available in range set: 10.71.4.2-10.71.4.2\\"" pod="cell/robot"\n'
    )
    shown = report(write(line))
    assert [f.rule for f in shown.findings] == ["ipam-pool-exhausted"]
    (seen,) = [p for p in shown.paths if p.pod == ASKS]
    assert (seen.network, seen.nad, seen.link, seen.ranges) == ("line", "unknown", "unknown", ("10.71.4.2-10.71.4.2",))


def test_a_sound_pod_has_no_picture(report, write) -> None:
    from evidence import DEFAULT, entry

    sound = pod("robot", "line", [DEFAULT, entry("cell/line", "net1", "10.20.0.7")])
    assert sound["metadata"]["annotations"][NETWORKS] == "line"
    assert paths(report, *written(write, nad("line"), sound)) == {}
