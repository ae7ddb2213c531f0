"""The node's own state: what its tools print and its files hold, as text and as JSON."""

from __future__ import annotations

import json

import pytest

from diagnose.model import LINK
from diagnose.parse import host

BOX = "5f0c1d2e3a4b5f0c1d2e3a4b5f0c1d2e3a4b5f0c1d2e3a4b5f0c1d2e3a4b5f0c"
IP_ADDR = """\
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00 promiscuity 0
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
4: br-line: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1450 qdisc noqueue state DOWN group default qlen 1000
    link/ether 0a:58:0a:01:02:03 brd ff:ff:ff:ff:ff:ff promiscuity 0  allmulti 0
    bridge forward_delay 1500 hello_time 200 max_age 2000 vlan_filtering 1 vlan_protocol 802.1Q
    altname brline0
    inet 10.20.0.1/24 brd 10.20.0.255 scope global br-line
       valid_lft forever preferred_lft forever
    inet6 fe80::858:aff:fe01:203/64 scope link
       valid_lft forever preferred_lft forever
9: veth9a@if3: <BROADCAST,MULTICAST> mtu 1500 qdisc noop master br-line state DOWN mode DEFAULT group default
    link/ether 0a:58:0a:01:02:04 brd ff:ff:ff:ff:ff:ff link-netnsid 2
    veth numtxqueues 2
"""
ONE_LINE = """\
1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
3: enp1s0    inet 192.0.2.10/24 brd 192.0.2.255 scope global enp1s0\\       valid_lft forever preferred_lft forever
3: enp1s0    inet6 fe80::1/64 scope link \\       valid_lft forever preferred_lft forever
"""
PODS = """\
POD ID              CREATED             STATE               NAME                NAMESPACE           ATTEMPT             RUNTIME
5f0c1d2e3a4b5       About an hour ago   Ready               filler-0            cell                0                   (default)
77aa1d2e3a4b5       2 days ago          NotReady            filler-1            cell                3                   (default)
"""
ZONES = """\
block
  target: %%REJECT%%
  interfaces: 
  sources: 
  services: 
  ports: 

public (default, active)
  target: default
  icmp-block-inversion: no
  interfaces: br-line enp1s0
  sources: 
  services: cockpit dhcpv6-client ssh
  ports: 8080/tcp
\trule family="ipv4" source address="192.0.2.0/24" accept

trusted (active)
  target: ACCEPT
  interfaces: 
  sources: 10.42.0.0/16 169.254.169.1
  services: 
"""  # noqa: W291 - as firewall-cmd prints it


def test_ip_addr_as_text_tells_what_its_json_would() -> None:
    lo, bridge, port = host.of_text("ip_-d_address", IP_ADDR)
    assert (lo.kind, lo.namespace, lo.name, lo.line) == (LINK, "", "lo", 1)
    assert bridge.body["flags"] == ["NO-CARRIER", "BROADCAST", "MULTICAST", "UP"]
    assert (bridge.body["operstate"], bridge.body["mtu"], bridge.body["address"], bridge.body["link_type"]) == ("DOWN", 1450, "0a:58:0a:01:02:03", "ether")
    assert bridge.body["linkinfo"] == {"info_kind": "bridge", "info_data": {"vlan_filtering": 1}}
    assert bridge.body["altnames"] == ["brline0"]
    assert [(a["local"], a["prefixlen"], a["scope"]) for a in bridge.body["addr_info"]] == [("10.20.0.1", 24, "global"), ("fe80::858:aff:fe01:203", 64, "link")]
    assert (port.name, port.body["master"], port.body["addr_info"], port.line) == ("veth9a", "br-line", [], 13)


def test_ip_link_says_nothing_about_addresses() -> None:
    text = "\n".join(x for x in IP_ADDR.splitlines() if "inet" not in x)
    assert all("addr_info" not in f.body for f in host.of_text("ip_-s_-d_link", text))


def test_ip_o_addr() -> None:
    lo, nic = host.of_text("ip_-o_addr", ONE_LINE)
    assert (lo.name, nic.name, nic.line) == ("lo", "enp1s0", 2)
    assert [(a["local"], a["prefixlen"]) for a in nic.body["addr_info"]] == [("192.0.2.10", 24), ("fe80::1", 64)]
    assert "flags" not in nic.body


@pytest.mark.parametrize(
    "source",
    [
        "sos/sos_commands/networking/namespaces/7982730c-d270/ip_netns_exec_7982730c-d270_ip_-d_address_show",
        "ip_netns_exec_7982730c-d270_ip_-d_address_show",
        "/tmp/x/namespaces/7982730c-d270/addr",
        "evidence/netns_7982730c-d270_ip_addr.txt",
    ],
)
def test_an_output_of_a_network_namespace_is_not_the_hosts(source: str) -> None:
    assert host.netns_of(source) == "7982730c-d270"
    assert {(f.kind, f.namespace) for f in host.of_text(source, IP_ADDR)} == {(host.NETNS_LINK, "7982730c-d270")}
    assert [f.kind for f in host.of_json(source, '[{"ifname": "net1", "link_type": "ether"}]')] == [host.NETNS_LINK]


@pytest.mark.parametrize("source", ["inspect/namespaces/cell/core/pods.yaml", "ip_-d_address", "netns.txt"])
def test_other_paths_name_no_network_namespace(source: str) -> None:
    assert host.netns_of(source) == ""


def test_json_of_ip_and_bridge() -> None:
    link, port, vlans = (
        host.of_json("x", json.dumps([body]))[0]
        for body in (
            {"ifindex": 4, "ifname": "br-line", "link_type": "ether", "operstate": "UP"},
            {"ifindex": 9, "ifname": "veth9a", "master": "br-line", "state": "forwarding"},
            {"ifname": "veth9a", "vlans": [{"vlan": 1, "flags": ["PVID"]}]},
        )
    )
    assert [(f.kind, f.name) for f in (link, port, vlans)] == [(LINK, "br-line"), (host.PORT, "veth9a"), (host.VLANS, "veth9a")]


def inspected(**status: object) -> str:
    result = {"interfaces": [{"name": "eth0", "sandbox": "/var/run/netns/aa"}], "ips": []}
    spec = {
        "annotations": {"io.kubernetes.cri-o.CNIResult": json.dumps(result), "io.kubernetes.cri-o.HostNetwork": "false"},
        "linux": {"namespaces": [{"type": "ipc", "path": "/run/ipcns/bb"}, {"type": "network", "path": "/var/run/netns/aa"}]},
    }
    own = {
        "id": BOX,
        "metadata": {"name": "filler-0", "namespace": "cell", "uid": "u-1"},
        "state": "SANDBOX_READY",
        "createdAt": "2026-11-23T10:00:00Z",
        "annotations": {"a": "b"},
    }
    return json.dumps({"status": {**own, **status}, "info": {"runtimeSpec": spec}}, indent=2)  # fmt: skip


def test_inspectp() -> None:
    text = inspected()
    assert host.is_json(text.encode())
    (box,) = host.of_json("crictl_inspectp_5f0c", text)
    assert (box.kind, box.namespace, box.name) == (host.SANDBOX, "cell", "filler-0")
    assert {k: box.body[k] for k in ("id", "uid", "state", "netns", "host", "annotations", "listed")} == {
        "id": BOX, "uid": "u-1", "state": "SANDBOX_READY", "netns": "aa", "host": False, "annotations": {"a": "b"}, "listed": False,
    }  # fmt: skip
    assert box.body["result"]["interfaces"][0]["name"] == "eth0"


def test_inspectp_of_a_pod_on_the_hosts_network() -> None:
    (box,) = host.of_json("x", inspected(linux={"namespaces": {"options": {"network": "NODE"}}}))
    assert box.body["host"] is True


def test_crictl_pods_as_table_and_as_json() -> None:
    ready, gone = host.of_text("crictl_pods", PODS)
    assert (ready.body["id"], ready.body["state"], ready.body["listed"], ready.name) == ("5f0c1d2e3a4b5", "SANDBOX_READY", True, "filler-0")
    assert (gone.body["state"], gone.line) == ("SANDBOX_NOTREADY", 3)
    text = json.dumps({"items": [{"id": BOX, "metadata": {"name": "filler-0", "namespace": "cell", "uid": "u-1"}, "state": "SANDBOX_READY"}]})
    assert host.is_json(text.encode())
    (box,) = host.of_json("x", text)
    assert (box.body["id"], box.body["listed"]) == (BOX, True)


def test_cni_cache() -> None:
    text = json.dumps({"kind": "cniCacheV1", "containerId": BOX, "config": "e30=", "ifName": "net1", "networkName": "line-net", "result": {"ips": []}})
    assert host.is_json(text.encode())
    (result,) = host.of_json("var/lib/cni/multus/results/line-net-5f-net1", text)
    assert (result.kind, result.namespace, result.name, result.body) == (host.RESULT, "line-net", BOX, {"ifname": "net1", "result": {"ips": []}})


STORE = "n/var/lib/cni/networks/line-net"


def test_store_of_host_local() -> None:
    (lease,) = host.of_file(f"{STORE}/10.20.0.7", f"{BOX}\r\nnet1".encode(), 5.0)
    assert lease == host.Fact(host.LEASE, STORE, "10.20.0.7", {"id": BOX, "ifname": "net1", "time": 5.0}, 1)
    (old,) = host.of_file("custom/dir/line-net/fd00::7", BOX.encode())
    assert (old.name, old.body["ifname"]) == ("fd00::7", "")
    (last,) = host.of_file(f"{STORE}/last_reserved_ip.0", b"10.20.0.7")
    (lock,) = host.of_file(f"{STORE}/lock", b"")
    assert (last.kind, lock.kind, lock.name) == (host.STORE, host.STORE, "line-net")


@pytest.mark.parametrize(
    ("source", "raw"),
    [
        ("10.20.0.7", BOX.encode()),  # no folder, no network
        (f"{STORE}/10.20.0.300", BOX.encode()),
        (f"{STORE}/10.20.0.7", b""),
        (f"{STORE}/10.20.0.7", b"Nov 23 10:00:00 edge crio[1]: x"),
        (f"{STORE}/10.20.0.7", BOX.encode() * 20),
        (f"{STORE}/last_reserved_ip.0", b"nothing"),
        (f"{STORE}/lock", b"x"),
        ("var/lib/app/lock", b""),
    ],
)
def test_files_that_are_no_lease(source: str, raw: bytes) -> None:
    assert host.of_file(source, raw) == []


def test_zones() -> None:
    found = {f.name: f for f in host.of_text("firewall-cmd_--list-all-zones", ZONES)}
    assert sorted(found) == ["block", "public", "trusted"]
    public = found["public"]
    assert (public.body["default"], public.body["active"], public.body["interfaces"]) == (True, True, ["br-line", "enp1s0"])
    assert (public.body["services"], public.body["ports"], public.line) == (["cockpit", "dhcpv6-client", "ssh"], ["8080/tcp"], 8)
    assert (found["trusted"].body["target"], found["trusted"].body["default"]) == ("ACCEPT", False)


@pytest.mark.parametrize("text", [IP_ADDR, ONE_LINE, PODS, ZONES])
def test_worth_a_reading(text: str) -> None:
    assert host.may_hold(text.encode())


@pytest.mark.parametrize(
    "text", ["", "Nov 23 10:00:00 edge crio[1]: POD is gone", '{"apiVersion": "v1", "kind": "List", "items": []}', "[1, 2]", '{"status": {}}']
)
def test_other_texts_tell_nothing(text: str) -> None:
    assert host.of_text("x", text) == []
    assert host.of_json("x", text) == []
