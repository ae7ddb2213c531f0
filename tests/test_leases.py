"""host-local's stores against the sandboxes that are alive: what is free, what is used, what was left behind."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from evidence import DEFAULT, crictl_pods, entry, inspectp, nad, pod, sandbox_id

from diagnose.model import PoolSeen, Report

NETWORKS = "var/lib/cni/networks"
DAY = 86_400
BEGIN = 1_795_000_000


class Node:
    """A folder of evidence."""

    def __init__(self, root: Path, report: Any) -> None:
        self.root = root
        self._report = report

    def objects(self, *objects: dict[str, Any]) -> Node:
        return self.file("objects.json", json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}))

    def file(self, name: str, text: str, *, at: int | None = None) -> Node:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        if at is not None:
            os.utime(path, (at, at))
        return self

    def lease(self, address: str, owner: str, *, network: str = "line", at: int | None = None, ifname: str = "net1", folder: str = NETWORKS) -> Node:
        return self.file(f"{folder}/{network}/{address}", f"{sandbox_id(owner)}\r\n{ifname}", at=at)

    def report(self) -> Report:
        return self._report(self.root)

    def pool(self) -> PoolSeen:
        (pool,) = self.report().pools
        return pool


@pytest.fixture
def node(report, tmp_path: Path) -> Node:
    return Node(tmp_path / "node", report)


def states(pool: PoolSeen) -> dict[str, str]:
    return {x.address: x.state for x in pool.leases}


def test_free_used_and_reserved(node: Node) -> None:
    pool = node.objects(nad("line", subnet="10.20.0.0/29")).file("box", inspectp("filler-0", "line")).lease("10.20.0.2", "filler-0").pool()
    assert (pool.network, pool.nads, pool.ranges) == ("line", ("cell/line",), ("10.20.0.1-10.20.0.6",))
    assert (pool.size, pool.free, pool.reserved) == (5, 4, ("10.20.0.1",))
    assert [(x.address, x.pod, x.interface, x.state) for x in pool.leases] == [("10.20.0.2", "cell/filler-0", "net1", "used")]


def test_the_gateway_is_reserved_only_within_the_range(node: Node) -> None:
    pool = node.objects(nad("line", start="10.20.0.20", end="10.20.0.29")).file(f"{NETWORKS}/line/lock", "").pool()
    assert (pool.size, pool.free, pool.reserved, pool.leases) == (10, 10, (), ())


def test_ranges_that_overlap_count_an_address_once(node: Node) -> None:
    one = {"subnet": "10.20.0.0/24", "rangeStart": "10.20.0.20", "rangeEnd": "10.20.0.29"}
    objects = [nad(n, name="both", bridge=f"br-{n}", ipam={"type": "host-local", "ranges": [[{**one, "rangeEnd": end}]]}) for n, end in (("a", "10.20.0.29"), ("b", "10.20.0.39"))]  # fmt: skip
    pool = node.objects(*objects).file(f"{NETWORKS}/both/lock", "").pool()
    assert (pool.nads, pool.size) == (("cell/a", "cell/b"), 20)


def test_a_lease_is_left_behind_only_if_a_list_lacks_its_sandbox(node: Node) -> None:
    node.objects(nad("line")).lease("10.20.0.2", "filler-0").lease("10.20.0.3", "gone-0")
    assert set(states(node.pool()).values()) == {"unknown"}
    node.file("crictl_inspectp", inspectp("filler-0", "line"))
    assert states(node.pool()) == {"10.20.0.2": "used", "10.20.0.3": "unknown"}
    node.file("crictl_pods", crictl_pods("filler-0", "other-0"))
    node.file("other-store/cni/far/10.30.0.9", f"{sandbox_id('older-0')}\r\nnet1", at=BEGIN)
    assert states(node.report().pools[1]) == {"10.20.0.2": "used", "10.20.0.3": "leaked"}


def test_a_lease_newer_than_the_list_is_not_left_behind(node: Node) -> None:
    node.objects(nad("line")).file("crictl_pods", crictl_pods("filler-0")).lease("10.20.0.2", "filler-0", at=BEGIN).lease("10.20.0.3", "new-0", at=BEGIN + 60)
    assert states(node.pool()) == {"10.20.0.2": "used", "10.20.0.3": "unknown"}


def test_an_id_that_is_no_sandbox_of_crio_is_unknown(node: Node) -> None:
    pool = node.objects(nad("line")).file("crictl_pods", crictl_pods("filler-0")).file(f"{NETWORKS}/line/10.20.0.3", "dummy-0\r\nnet1").pool()
    assert states(pool) == {"10.20.0.3": "unknown"}


def test_outside_and_double(node: Node) -> None:
    node.objects(nad("line", start="10.20.0.20", end="10.20.0.29")).file("box", inspectp("filler-0", "line")).file("box1", inspectp("filler-1", "line"))
    node.lease("10.20.0.20", "filler-0").lease("10.20.0.21", "filler-0").lease("10.20.0.22", "filler-1").lease("10.20.0.99", "filler-1", ifname="net2")
    pool = node.pool()
    assert states(pool) == {"10.20.0.20": "double", "10.20.0.21": "double", "10.20.0.22": "used", "10.20.0.99": "outside"}
    assert pool.free == 7


def test_one_address_of_each_range_set_is_not_double(node: Node) -> None:
    ipam = {"type": "host-local", "ranges": [[{"subnet": "10.20.0.0/24"}], [{"subnet": "fd00:20::/64"}]]}
    pool = node.objects(nad("line", ipam=ipam)).file("box", inspectp("filler-0", "line")).lease("10.20.0.2", "filler-0").lease("fd00:20::2", "filler-0").pool()
    assert states(pool) == {"10.20.0.2": "used", "fd00:20::2": "used"}


def test_a_store_in_a_folder_of_its_own(node: Node) -> None:
    ipam = {"type": "host-local", "subnet": "10.20.0.0/29", "dataDir": "/var/lib/line-leases/"}
    found = node.objects(nad("line", ipam=ipam)).lease("10.20.0.2", "filler-0", folder="var/lib/line-leases").lease("10.20.0.3", "filler-0").report().pools
    assert [(p.nads, p.size) for p in found] == [((), None), (("cell/line",), 5)]


def test_when_no_address_will_be_left(node: Node) -> None:
    node.objects(nad("line", start="10.20.0.20", end="10.20.0.29")).file("crictl_pods", crictl_pods("filler-0")).lease(
        "10.20.0.20", "filler-0", at=BEGIN + 9 * DAY
    )
    for number in range(4):
        node.lease(f"10.20.0.2{number + 1}", f"gone-{number}", at=BEGIN + 2 * number * DAY)
    pool = node.pool()
    assert (pool.free, pool.full) == (5, (BEGIN + 6 * DAY + 5 * 2 * DAY) * 1_000_000)


@pytest.mark.parametrize("times", [(0, DAY), (0, 10, 20), (0, 3599, 1800)])
def test_a_few_leases_or_minutes_make_no_rate(node: Node, times: tuple[int, ...]) -> None:
    node.objects(nad("line")).file("crictl_pods", crictl_pods("filler-0")).lease("10.20.0.20", "filler-0", at=BEGIN + 9 * DAY)
    for number, time in enumerate(times):
        node.lease(f"10.20.0.3{number}", f"gone-{number}", at=BEGIN + time)
    pool = node.pool()
    assert (pool.full, sum(x.state == "leaked" for x in pool.leases)) == (None, len(times))


FULL = nad("line", start="10.20.0.20", end="10.20.0.20")
RUNS = pod("filler-0", "line", [DEFAULT, entry("cell/line", "net1", "10.20.0.20")])


def test_a_pod_that_waits_for_a_full_pool(node: Node) -> None:
    found = node.objects(FULL, RUNS, pod("filler-1", "line", phase="Pending")).lease("10.20.0.20", "filler-0").report()
    (finding,) = [f for f in found.findings if f.severity != "info"]
    assert (finding.rule, finding.state, [a.name for a in finding.affected if a.kind == "Pod"]) == ("ipam-pool-exhausted", "active", ["filler-1"])
    assert (finding.captures["network"], finding.captures["nad"], finding.captures["range"]) == ("line", "line", "10.20.0.20")
    assert "1 of 1 addresses reserved: 10.20.0.20" in finding.evidence[0].text
    assert [h.kind for h in finding.hints] == ["pool"]


@pytest.mark.parametrize(
    "waits",
    [
        pod("filler-1", "line", phase="Pending", conditions={"PodScheduled": "False"}),
        pod("filler-1", "line", phase="Pending", conditions={"PodScheduled": "True", "PodReadyToStartContainers": "True"}),  # an image
        pod("filler-1", None, phase="Pending"),
        pod("filler-1", "line", phase="Pending", spec={"hostNetwork": True}),
        pod("filler-1", "unknown", phase="Pending"),
        pod("filler-1", "other", phase="Pending"),
    ],
)
def test_a_full_pool_alone_stops_nobody(node: Node, waits: dict[str, Any]) -> None:
    other = nad("other", bridge="br-other", subnet="10.21.0.0/24")
    assert "ipam-pool-exhausted" not in {f.rule for f in node.objects(FULL, other, RUNS, waits).lease("10.20.0.20", "filler-0").report().findings}


def test_a_pool_with_a_free_address_stops_nobody(node: Node) -> None:
    wide = nad("line", start="10.20.0.20", end="10.20.0.21")
    found = node.objects(wide, RUNS, pod("filler-1", "line", phase="Pending")).lease("10.20.0.20", "filler-0").report()
    assert "ipam-pool-exhausted" not in {f.rule for f in found.findings}


def test_another_cause_that_is_told_stands(node: Node) -> None:
    said = 'Failed to create pod sandbox: [cell/filler-1/u:far]: error adding container to network "far": Link not found'
    event = {"kind": "Event", "involvedObject": {"kind": "Pod", "namespace": "cell", "name": "filler-1"}, "message": said, "reason": "FailedCreatePodSandBox", "type": "Warning", "lastTimestamp": "2026-11-23T11:00:00Z"}  # fmt: skip
    found = node.objects(FULL, RUNS, pod("filler-1", "line", phase="Pending"), event).lease("10.20.0.20", "filler-0").report()
    assert {f.rule for f in found.findings if f.severity == "error"} == {"master-interface-not-found"}


def test_what_was_left_behind_is_named_with_its_command(node: Node) -> None:
    node.objects(FULL, pod("filler-1", "line", phase="Pending")).file("crictl_pods", crictl_pods("other-0")).lease("10.20.0.20", "gone-0")
    found = node.report()
    (finding,) = [f for f in found.findings if f.severity != "info"]
    pool, leaked = finding.hints
    assert (pool.values["free"], pool.values["used"], pool.values["leaked"]) == ("0", "0", "1")
    assert leaked.values == {"addresses": "10.20.0.20", "command": "sudo rm /var/lib/cni/networks/line/10.20.0.20"}


def test_leases_left_behind_hurt_nobody_as_long_as_there_are_others(node: Node) -> None:
    node.objects(nad("line")).file("crictl_pods", crictl_pods("other-0")).lease("10.20.0.20", "gone-0")
    assert [f for f in node.report().findings if f.severity != "info"] == []


def test_the_table_in_every_format(node: Node, msnet) -> None:
    node.objects(nad("line", start="10.20.0.20", end="10.20.0.29")).file("crictl_pods", crictl_pods("other-0")).lease("10.20.0.20", "gone-0")
    text = msnet("diagnose", str(node.root)).stdout.decode()
    assert "line: 9 of 10 addresses free in 10.20.0.20-10.20.0.29: 0 used, 1 left behind" in text
    assert "      sudo rm /var/lib/cni/networks/line/10.20.0.20\n" in text
    assert "`sudo rm /var/lib/cni/networks/line/10.20.0.20`" in msnet("diagnose", "--format", "markdown", str(node.root)).stdout.decode()
    (pool,) = json.loads(msnet("diagnose", "--format", "json", str(node.root)).stdout)["pools"]
    assert (pool["folder"], pool["free"], pool["leases"][0]["state"]) == ("/var/lib/cni/networks/line", 9, "leaked")


def test_a_nad_whose_range_cannot_be_read_hides_the_size(node: Node) -> None:
    broken = nad("other", name="line", ipam={"type": "host-local", "subnet": "10.20.0.0/99"})
    assert node.objects(nad("line"), broken).lease("10.20.0.2", "filler-0").pool().size is None


def test_another_networks_pool_is_no_matter(node: Node) -> None:
    other = nad("other", bridge="br-other", subnet="10.21.0.0/24")
    node.objects(FULL, other, pod("filler-1", "line", phase="Pending")).lease("10.20.0.20", "filler-0").lease("10.21.0.2", "filler-9", network="other")
    (finding,) = [f for f in node.report().findings if f.severity != "info"]
    assert [h.values["store"].rpartition("/")[2] for h in finding.hints] == ["line"]


def test_many_leases_left_behind_are_counted(node: Node) -> None:
    ten = nad("line", start="10.20.0.20", end="10.20.0.28")
    node.objects(ten, pod("filler-1", "line", phase="Pending")).file("crictl_pods", crictl_pods("other-0"))
    for number in range(9):
        node.lease(f"10.20.0.2{number}", f"gone-{number}")
    (finding,) = [f for f in node.report().findings if f.severity != "info"]
    assert finding.hints[1].values["addresses"].endswith("10.20.0.27, ... (+1)")
