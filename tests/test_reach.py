"""Guide 5.2.4 as checks: the host's side of a network is there, up and reachable; a design that wants none is left in peace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from evidence import DEFAULT, entry, inspectp, ip, link, nad, pod, sandbox_id

from diagnose.model import Check, Report

BRIDGE = {"kind": "bridge"}
USER = pod("filler-0", "line", [DEFAULT, entry("cell/line", "net1", "10.20.0.22")])
LINE = nad("line", start="10.20.0.20", end="10.20.0.50")
DHCP = nad("line", ipam={"type": "dhcp"})


@pytest.fixture
def reached(report, tmp_path: Path):
    """Diagnose objects with the host's interfaces and further files, by name."""

    def run(objects: list[dict[str, Any]], *links: dict[str, Any], **files: str) -> Report:
        (tmp_path / "objects.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
        if links:
            (tmp_path / "ip_-j_addr").write_text(ip(*links))
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return report(tmp_path)

    return run


def seen(report: Report) -> dict[str, str]:
    return {c.kind: c.state for c in report.checks}


def check(report: Report, kind: str) -> Check:
    return next(c for c in report.checks if c.kind == kind)


def bad(report: Report) -> list[tuple[str, str]]:
    return [(f.rule, f.severity) for f in report.findings if f.severity != "info"]


def test_a_bridge_that_is_up_and_has_its_address(reached) -> None:
    found = reached([LINE, USER], link("br-line", "10.20.0.10/24", **BRIDGE), link("enp2s0", master="br-line"))
    assert seen(found) == {"bridge-up": "ok", "bridge-address": "ok"}
    assert check(found, "bridge-address").values["address"] == "10.20.0.10/24"
    assert bad(found) == []


def test_a_bridge_without_an_address_is_information_with_a_free_address(reached) -> None:
    found = reached([LINE, USER], link("br-line", "192.0.2.1/24", **BRIDGE), link("enp2s0", "10.20.0.2/32", master="br-line"))
    told = check(found, "bridge-no-address")
    # .1 is the gateway's, .2 is in use on the host, .20 to .50 are the pods'
    assert (told.state, told.command) == ("info", "sudo ip addr add 10.20.0.3/24 dev br-line")
    assert found.findings == []


def test_the_gateways_address_is_free_where_no_router_can_have_it(reached) -> None:
    whole = nad("line")
    found = reached([whole, USER], link("br-line", **BRIDGE))
    assert check(found, "bridge-no-address").command == "sudo ip addr add 10.20.0.1/24 dev br-line"
    found = reached([whole, USER], link("br-line", **BRIDGE), link("enp2s0", master="br-line"))
    assert check(found, "bridge-no-address").command == ""


@pytest.mark.parametrize("config", [{"ipam": {}}, {"vlan": 12}])
def test_no_address_is_missed_where_none_belongs(reached, config: dict[str, Any]) -> None:
    found = reached([nad("line", **config), USER], link("br-line", **BRIDGE))
    assert "bridge-no-address" not in seen(found)


def test_no_address_is_missed_where_none_is_shown(reached) -> None:
    body = {k: v for k, v in link("br-line", **BRIDGE).items() if k != "addr_info"}
    assert "bridge-no-address" not in seen(reached([LINE, USER], body))


def test_a_bridge_that_is_down_stops_its_pods(reached) -> None:
    found = reached([LINE, USER], link("br-line", "10.20.0.10/24", up=False, **BRIDGE))
    assert bad(found) == [("no-connectivity", "warning")]
    (finding,) = found.findings
    assert [a.name for a in finding.affected] == ["filler-0", "line"]
    assert finding.evidence[0].text == "br-line: <BROADCAST> state DOWN"
    assert finding.evidence[0].source.endswith("ip_-j_addr")
    assert check(found, "bridge-down").command == "sudo ip link set br-line up"


def test_a_bridge_that_nobody_uses_may_be_down_or_absent(reached) -> None:
    assert seen(reached([LINE], link("br-line", up=False, **BRIDGE)))["bridge-down"] == "info"
    found = reached([LINE], link("enp2s0"))
    assert (seen(found), bad(found)) == ({"bridge-absent": "info"}, [])


def test_a_bridge_that_is_gone_stops_its_pods(reached) -> None:
    found = reached([LINE, USER], link("enp2s0"))
    assert (seen(found), bad(found)) == ({"bridge-gone": "warning"}, [("no-connectivity", "warning")])


def test_some_interfaces_are_not_all(reached) -> None:
    found = reached([LINE, USER], ip=json.dumps([{"ifindex": 2, "link_type": "ether", **link("enp2s0")}]))
    assert (found.checks, bad(found)) == ([], [])


def test_no_interfaces_no_checks(reached) -> None:
    assert reached([LINE, USER]).checks == []


def test_ports_that_are_down_and_ways_out(reached) -> None:
    found = reached([LINE, USER], link("br-line", "10.20.0.10/24", **BRIDGE), link("veth1", master="br-line", kind="veth", up=False))
    assert check(found, "port-down").values["port"] == "veth1"
    assert seen(found)["no-uplink"] == "info"
    assert "no-uplink" not in seen(reached([nad("line", isGateway=True), USER], link("br-line", "10.20.0.1/24", **BRIDGE)))


@pytest.mark.parametrize(
    ("filtering", "vlans", "missing"),
    [
        (1, [{"vlan": 1}], True),
        (1, [{"vlan": 1}, {"vlan": 12}], False),
        (1, [{"vlan": 10, "vlanEnd": 20}], False),
        (0, [{"vlan": 1}], False),  # then the bridge does not look at tags
    ],
)
def test_vlan_of_the_uplink(reached, filtering: int, vlans: list[dict[str, int]], missing: bool) -> None:
    bridge = link("br-line", linkinfo={"info_kind": "bridge", "info_data": {"vlan_filtering": filtering}})
    found = reached([nad("line", vlan=12), USER], bridge, link("enp2s0", master="br-line"), bridge_vlan=json.dumps([{"ifname": "enp2s0", "vlans": vlans}]))
    assert ("vlan-missing" in seen(found), bad(found)) == (missing, [("no-connectivity", "warning")] if missing else [])


def test_a_master_that_is_down(reached) -> None:
    objects = [nad("line", type="macvlan", bridge=None, master="enp2s0"), USER]
    assert bad(reached(objects, link("enp2s0", up=False))) == [("no-connectivity", "warning")]
    assert reached(objects, link("enp2s0")).checks == []


def test_an_interface_of_a_pod_that_is_down(reached) -> None:
    inside = ip(link("eth0", "10.42.0.9/24"), link("net1", "10.20.0.22/24", up=False))
    found = reached([LINE, USER], link("br-line", "10.20.0.10/24", **BRIDGE), box=inspectp("filler-0", "line"), namespaces__netns_filler__addr=inside)
    assert "pod-link-down" not in seen(found)  # another namespace's
    files = {"namespaces__netns-filler-0__addr": inside}
    found = reached([LINE, USER], link("br-line", "10.20.0.10/24", **BRIDGE), box=inspectp("filler-0", "line"), **files)
    assert bad(found) == [("no-connectivity", "warning")]
    assert found.findings[0].evidence[0].text == "net1: <BROADCAST> state DOWN"


def test_a_pod_whose_trouble_is_told_has_no_second_finding(reached) -> None:
    stale = pod("filler-0", "line,other", [DEFAULT, entry("cell/line", "net1", "10.20.0.22")])
    other = nad("other", bridge="br-other", subnet="10.21.0.0/24")
    found = reached([LINE, other, stale], link("br-line", up=False, **BRIDGE))
    assert bad(found) == [("annotation-not-applied", "warning")]


def zones(services: str = "ssh", interfaces: str = "", target: str = "default", marks: str = "default, active") -> str:
    return f"public ({marks})\n  target: {target}\n  interfaces: {interfaces}\n  sources: \n  services: {services}\n  ports: \n"


@pytest.mark.parametrize(
    ("text", "state"),
    [
        (zones(), "info"),
        (zones(interfaces="br-line", marks="active"), "info"),
        (zones("dhcp ssh"), "ok"),
        (zones(target="ACCEPT"), "ok"),
        (zones().replace("ports: ", "ports: 67/udp"), "ok"),
        (zones(marks="active"), None),  # nobody knows the bridge's zone
    ],
)
def test_the_zone_of_a_bridge(reached, text: str, state: str | None) -> None:
    found = reached([DHCP, USER], link("br-line", **BRIDGE), zones=text)
    kinds = seen(found)
    assert kinds.get("dhcp-zone", kinds.get("dhcp-zone-open")) == state
    assert bad(found) == []


def test_the_command_names_the_zone_and_opens_it(reached) -> None:
    found = reached([DHCP, USER], link("br-line", **BRIDGE), zones=zones())
    assert (
        check(found, "dhcp-zone").command
        == "sudo firewall-cmd --zone=public --add-service=dhcp && sudo firewall-cmd --permanent --zone=public --add-service=dhcp"
    )


def test_a_pod_without_a_lease_is_told_of_the_zone(reached) -> None:
    said = 'Failed to create pod sandbox: [cell/filler-0/u:line]: error adding container to network "line": error calling DHCP.Allocate: no more tries'
    about = {"kind": "Pod", "namespace": "cell", "name": "filler-0"}
    event = {
        "kind": "Event",
        "involvedObject": about,
        "message": said,
        "reason": "FailedCreatePodSandBox",
        "type": "Warning",
        "lastTimestamp": "2026-11-23T11:00:00Z",
    }
    found = reached([DHCP, pod("filler-0", "line", phase="Pending"), event], link("br-line", **BRIDGE), zones=zones())
    (finding,) = [f for f in found.findings if f.rule == "ipam-dhcp-no-lease"]
    hint = next(h for h in finding.hints if h.kind == "dhcp-zone")
    assert (hint.values["zone"], hint.values["device"]) == ("public", "br-line")


@pytest.mark.parametrize(("phase", "kind", "state"), [("Running", "dhcp-daemon", "ok"), ("Pending", "dhcp-daemon-down", "info")])
def test_the_dhcp_daemon(reached, phase: str, kind: str, state: str) -> None:
    daemon = pod("dhcp-daemon-x", None, None, phase=phase, namespace="openshift-multus", spec={"hostNetwork": True})
    assert seen(reached([DHCP, USER, daemon], link("br-line", **BRIDGE)))[kind] == state


def test_leases_keep_their_addresses(reached) -> None:
    files = {f"var__lib__cni__networks__old__10.20.0.{n}": f"{sandbox_id('x')}\r\nnet1" for n in range(2, 6)}
    found = reached([LINE, USER], link("br-line", **BRIDGE), link("enp2s0", master="br-line"), **files)
    assert check(found, "bridge-no-address").command == "sudo ip addr add 10.20.0.6/24 dev br-line"


def test_the_checks_stand_in_every_format(reached, msnet, tmp_path: Path) -> None:
    reached([LINE, USER], link("br-line", **BRIDGE), link("enp2s0", master="br-line"))
    text = msnet("diagnose", str(tmp_path)).stdout.decode()
    assert "      sudo ip addr add 10.20.0.2/24 dev br-line\n" in text
    assert "`sudo ip addr add 10.20.0.2/24 dev br-line`" in msnet("diagnose", "--format", "markdown", str(tmp_path)).stdout.decode()
    kinds = [c["kind"] for c in json.loads(msnet("diagnose", "--format", "json", str(tmp_path)).stdout)["checks"]]
    assert kinds == ["bridge-up", "bridge-no-address"]


def test_a_gateway_outside_the_subnet_is_no_free_address(reached) -> None:
    ipam = {"type": "host-local", "subnet": "10.20.0.0/24", "rangeStart": "10.20.0.1", "gateway": "192.0.2.1"}
    assert check(reached([nad("line", ipam=ipam), USER], link("br-line", **BRIDGE)), "bridge-no-address").command == ""


def test_a_gateway_that_the_host_has_elsewhere_is_not_free(reached) -> None:
    found = reached([nad("line"), USER], link("br-line", **BRIDGE), link("enp2s0", "10.20.0.1/24"))
    assert check(found, "bridge-no-address").command == ""


def test_a_failure_that_is_over_does_not_silence_the_bridge(reached) -> None:
    said = 'Failed to create pod sandbox: [cell/filler-0/u:line]: error adding container to network "line": Link not found'
    about = {"kind": "Pod", "namespace": "cell", "name": "filler-0"}
    event = {
        "kind": "Event",
        "involvedObject": about,
        "message": said,
        "reason": "FailedCreatePodSandBox",
        "type": "Warning",
        "lastTimestamp": "2026-11-23T09:00:00Z",
    }
    found = reached([LINE, USER, event], link("br-line", "10.20.0.10/24", up=False, **BRIDGE))
    assert next((f.rule, f.state) for f in found.findings if f.severity != "info") == ("no-connectivity", "active")


def test_a_sandbox_that_is_over_is_not_looked_into(reached) -> None:
    files = {"namespaces__netns-filler-0__addr": ip(link("net1", up=False))}
    found = reached([LINE, USER], link("br-line", "10.20.0.10/24", **BRIDGE), box=inspectp("filler-0", "line", ready=False), **files)
    assert bad(found) == []


def test_an_sos_report_shows_users_without_the_pods(reached) -> None:
    files = {"var__lib__cni__networks__line__10.20.0.22": f"{sandbox_id('filler-0')}\r\nnet1"}
    found = reached([LINE], link("br-line", up=False, **BRIDGE), box=inspectp("filler-0", "line"), **files)
    assert bad(found) == [("no-connectivity", "warning")]
