"""`msnet profile`: what saved evidence tells of a node, and nothing that it does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from diagnose.checks.fault import Profile
from diagnose.profile import parse
from diagnose.profiling import Learned, learn

STOCK = Profile()


def link(name: str, *addresses: str, **more: object) -> dict[str, object]:
    info = [{"family": "inet6" if ":" in a else "inet", "local": a.split("/")[0], "prefixlen": int(a.split("/")[1])} for a in addresses]
    return {"ifindex": 1, "ifname": name, "flags": ["UP"], "link_type": "ether", "address": "52:54:00:00:00:01", "addr_info": info, **more}


LINKS = [
    link("lo", "127.0.0.1/8", "10.44.0.0/32", "::1/128"),
    link("eno1", "192.168.1.20/24", "fe80::1/64", "fd00:1::20/64"),
    link("br-ex", "169.254.169.2/29", "192.168.7.1/32"),
    link("ovn-k8s-mp0", "10.42.0.2/24"),
    link("veth12ab", "10.99.0.1/24"),
    link("br-line3", "10.71.1.1/24"),
]
NAD = {"apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition", "metadata": {"name": "press", "namespace": "plant"}, "spec": {"config": "{}"}}


def node(kubelet: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "edge"}, "status": {"nodeInfo": {"kubeletVersion": kubelet}}}


def release(version: str, name: str = "microshift-version") -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "kube-public"}, "data": {"version": version}}


@pytest.fixture
def told(tmp_path: Path):
    """Write files and return what they tell."""

    def make(**files: object) -> Profile:
        for name, content in files.items():
            path = tmp_path / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        return learn([str(tmp_path)]).profile()

    return make


def test_links_and_host_networks(told) -> None:
    profile = told(addr=LINKS)
    assert profile.links == {"eno1", "br-ex", "ovn-k8s-mp0", "br-line3"}
    assert profile.host_networks == ("10.71.1.0/24", "192.168.1.0/24", "fd00:1::/64")
    assert (profile.version, profile.pod_networks, profile.nads) == (STOCK.version, STOCK.pod_networks, None)


def test_nothing_told_is_stock(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("hello\n")
    learned = learn([str(tmp_path)])
    assert not learned.anything
    assert learned.profile() == STOCK
    assert Learned().profile() == STOCK


def test_nads_of_all_namespaces(told) -> None:
    other = {**NAD, "metadata": {"name": "press", "namespace": "shop"}}
    assert told(nads=[NAD, other]).nads == {"plant/press", "shop/press"}


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (node("v1.31.4"), "4.18"),
        (release("4.19.3"), "4.19"),
        (release("5.0.0-ec.6"), STOCK.version),
        (release("4.19.3", "another"), STOCK.version),
        (node("v1.33.0+abc"), "4.20"),
        (node("v1.24.1"), STOCK.version),
        (node("v1.99.1"), STOCK.version),
        ("MicroShift Version: 4.19.0~rc.1\nBase OCP Version: 4.19.0\n", "4.19"),
        ("microshift-4.20.3-202611.p0.el9.x86_64\nmicroshift-multus-4.20.3-202611.noarch\n", "4.20"),
        ("microshift-4.9.3-1.el8.x86_64\nmicroshift-4.16.3-1.el9.x86_64\n", "4.16"),
        ('Nov 23 20:00:00 edge microshift[7]: ??? I1123 20:00:00.1 7 run.go:1] "Version" microshift="4.17.3-1" base="4.17.3"\n', "4.17"),
        ("cri-o-1.31.2-1.el9\n", STOCK.version),
    ],
)
def test_version(told, text: object, version: str) -> None:
    assert told(x=text).version == version


def test_what_says_it_goes_before_what_shows_it(told) -> None:
    assert told(n=node("v1.31.4"), v="MicroShift Version: 4.19.0\n").version == "4.19"


def test_networks_of_the_configuration(told) -> None:
    config = {"network": {"clusterNetwork": ["10.128.0.0/14", "fd01::/48"], "serviceNetwork": ["172.30.0.0/16", "nonsense"]}}
    profile = told(etc__microshift__config_dot_yaml=config, addr=[link("eno1", "10.42.0.7/24"), link("mp0", "10.128.0.2/24")])
    assert profile.pod_networks == ("10.128.0.0/14", "fd01::/48")
    assert profile.service_networks == ("172.30.0.0/16",)
    # Then 10.42.0.0/16 is a network like any other.
    assert profile.host_networks == ("10.42.0.0/24",)
    assert told(etc__other__config_dot_yaml=config).service_networks == ("172.30.0.0/16",)


def test_a_configuration_of_something_else(told) -> None:
    assert told(etc__other__config_dot_yaml={"network": {"clusterNetwork": ["10.128.0.0/14"]}}).pod_networks == STOCK.pod_networks


def test_the_file_is_read_back_the_same(msnet, write, tmp_path: Path) -> None:
    source = write(json.dumps(LINKS), "addr.json")
    nads = write(yaml.safe_dump(NAD), "nad.yaml")
    target = tmp_path / "p.yaml"
    run = msnet("profile", "-o", str(target), str(source), str(nads))
    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")
    assert parse("p.yaml", target.read_bytes()) == learn([str(source), str(nads)]).profile()
    assert msnet("profile", str(source), str(nads)).stdout == target.read_bytes()


def test_a_nad_that_the_node_has_is_not_missing(msnet, write) -> None:
    pod = (
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  namespace: plant\n  annotations:\n    k8s.v1.cni.cncf.io/networks: press, pres\n"
        "---\n" + yaml.safe_dump({**NAD, "metadata": {"name": "other", "namespace": "plant"}, "spec": {"config": '{"cniVersion":"0.3.1","type":"bridge"}'}})
    )
    manifest = str(write(pod, "pod.yaml"))
    profile = write("schema: msnet.profile/1\nnads: [plant/press]\n", "p.yaml")

    def missing(*options: str) -> int:
        found = json.loads(msnet("check", "--format", "json", *options, manifest).stdout)["diagnostics"]
        return sum(d["rule"] == "nad-not-found" for d in found)

    assert missing() == 2
    assert missing("--profile", str(profile)) == 1


def test_wrong_usage(msnet, write) -> None:
    assert msnet("profile").returncode == 2
    run = msnet("profile", str(write("hello\n")))
    assert (run.returncode, b"nothing there tells of a node" in run.stderr) == (3, True)
    run = msnet("profile", "-o", "/nonexistent/p", str(write(json.dumps(LINKS), "a.json")))
    assert (run.returncode, b"cannot write /nonexistent/p" in run.stderr) == (1, True)
