"""The truth about addresses: host-local's stores against the sandboxes that are alive.

host-local keeps one file an address and frees it on DEL only (plugins plugins/ipam/host-local/backend/disk/backend.go); a sandbox that went
without DEL (power cut, forced removal) leaves it behind for good, and `microshift-cleanup-data` does not remove it (microshift.md 9).
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from diagnose.checks.ipam import Pool
from diagnose.host import Host, Lease, Net
from diagnose.model import Hint, LeaseSeen, PoolSeen

EXHAUSTED, CORRUPT = "ipam-pool-exhausted", "ipam-state-corrupt"
_FEWEST, _SHORTEST = 3, 3600
"""Leases left behind, and seconds between the first and the last of them, from which on a rate can be told."""
_COPIED = 10
"""Seconds by which the files of a copied store may differ."""
_SHOWN = 8
"""Addresses that a hint names."""


class Waiting(NamedTuple):
    """A pod that waits for an address of a pool that has none left."""

    pod: str
    net: Net
    pool: PoolSeen


def pools(host: Host) -> list[PoolSeen]:
    """Return each store among the evidence with what it holds, in the order of their names."""
    return [_pool(host, store) for store in sorted(host.leases)]


def _nets_of(host: Host, store: str) -> list[Net]:
    """Return the NADs whose host-local keeps its leases in that folder: an archive or a copy has it beneath a folder of its own."""
    return [n for _, n in sorted(host.nets.items()) if n.store and f"/{store.lstrip('/')}".endswith(n.store)]


def _pool(host: Host, store: str) -> PoolSeen:
    nets = _nets_of(host, store)
    ranges = list(dict.fromkeys(p for n in nets for s in n.sets for p in s))
    leases = sorted(host.leases[store], key=lambda x: (len(x.address), x.address))
    seen = tuple(_judged(host, leases, nets, ranges))
    held = {x.address for x in leases}
    size = _size(ranges) if ranges and all(n.sets for n in nets) else None
    free = None if size is None else max(0, size - sum(1 for a in held if _given(a, ranges)))
    reserved = tuple(dict.fromkeys(str(p.gateway) for p in ranges if p.gateway is not None and p.holds(p.gateway)))
    full = _full(leases, {x.address for x in seen if x.state == "leaked"}, free)
    return PoolSeen(store, store.rpartition("/")[2], tuple(n.key for n in nets), tuple(str(p) for p in ranges), size, reserved, free, seen, full)


def _size(ranges: list[Pool]) -> int:
    """Return how many addresses all ranges can give together; where they overlap, an address counts once."""
    spans = sorted((p.first.version, int(p.first), int(p.last)) for p in ranges)
    total, end = 0, (0, -1)
    for version, first, last in spans:
        start = max(first, end[1] + 1) if end[0] == version else first
        total += max(0, last - start + 1)
        end = (version, max(last, end[1]) if end[0] == version else last)
    gateways = {p.gateway for p in ranges if p.gateway is not None}
    return total - sum(1 for g in gateways if any(p.holds(g) for p in ranges))


def _given(address: str, ranges: list[Pool]) -> bool:
    """Return True if the address is one that the ranges can give."""
    parsed = ipaddress.ip_address(address)
    return any(p.holds(parsed) for p in ranges) and all(parsed != p.gateway for p in ranges)


def _judged(host: Host, leases: list[Lease], nets: list[Net], ranges: list[Pool]) -> Iterator[LeaseSeen]:
    sets = max((len(n.sets) for n in nets), default=0)
    held = Counter((x.id, x.ifname) for x in leases)
    for lease in leases:
        owner = next((b for b in host.boxes.values() if b.id == lease.id), None)
        state = _owner_state(host, lease)
        if ranges and not any(p.holds(ipaddress.ip_address(lease.address)) for p in ranges):
            state = "leaked" if state == "leaked" else "outside"
        elif state != "leaked" and lease.ifname and 0 < sets < held[lease.id, lease.ifname]:
            state = "double"
        yield LeaseSeen(lease.address, lease.id, lease.ifname, f"{owner.namespace}/{owner.pod}" if owner is not None else "", state)


def _owner_state(host: Host, lease: Lease) -> str:
    """Return used, leaked, or unknown: only a list of all sandboxes shows that one is gone, and only if its lease is older than what is listed."""
    if lease.id in host.boxes or any(lease.id.startswith(x) for x in host.listed):
        return "used"
    return "leaked" if host.listed and len(lease.id) >= _SANDBOX_ID and _older(host, lease) else "unknown"


_SANDBOX_ID = 64
"""Characters of a sandbox' id; another id is not CRI-O's."""


def _older(host: Host, lease: Lease) -> bool:
    """Return False for a lease of a sandbox that may have been made after the list was taken."""
    made = [x.time for leases in host.leases.values() for x in leases if x.time is not None and any(x.id.startswith(i) for i in host.listed)]
    return lease.time is None or not made or lease.time <= max(made) + _COPIED


def _full(leases: list[Lease], leaked: set[str], free: int | None) -> int | None:
    """Return when the pool will be used up if addresses go on to be left behind as they were; None where that cannot be told."""
    times = sorted(x.time for x in leases if x.address in leaked and x.time is not None)
    if not free or len(times) < _FEWEST or times[-1] - times[0] < _SHORTEST:
        return None
    every = (times[-1] - times[0]) / (len(times) - 1)
    return int((times[-1] + every * free) * 1_000_000)


def waiting(host: Host, found: list[PoolSeen]) -> Iterator[Waiting]:
    """Yield each pod that waits for its network and asks for one whose pool is full."""
    from diagnose.attached import wanted

    full = [p for p in found if p.free == 0]
    for key, pod in sorted(host.pods.items()):
        if not full or not pod.waits or not pod.plain:
            continue
        for one in wanted(pod.annotation, pod.namespace) or ():
            net = host.nets.get(f"{one.namespace}/{one.name}")
            pool = next((p for p in full if net is not None and net.key in p.nads), None)
            if net is not None and pool is not None:
                yield Waiting(key, net, pool)


def hints(rule: str, network: str, found: list[PoolSeen]) -> Iterator[Hint]:
    """Yield what the stores of `network` hold, for a finding about its addresses."""
    if rule not in (EXHAUSTED, CORRUPT):
        return
    for pool in found:
        if not network or network not in (pool.network, *(n.rpartition("/")[2] for n in pool.nads)):
            continue
        count = Counter(x.state for x in pool.leases)
        size, free = ("?" if n is None else str(n) for n in (pool.size, pool.free))
        yield Hint("pool", {"store": pool.store, "ranges": ", ".join(pool.ranges) or "-", "size": size, "free": free, "used": str(len(pool.leases) - count["leaked"]), "leaked": str(count["leaked"])})  # fmt: skip
        gone = [x.address for x in pool.leases if x.state == "leaked"]
        if gone:
            yield Hint("leaked", {"addresses": _listed(gone), "command": clean_up(pool)})
        wrong = [f"{x.address} ({x.state})" for x in pool.leases if x.state in ("double", "outside")]
        if wrong:
            yield Hint("odd-leases", {"addresses": _listed(wrong)})


def clean_up(pool: PoolSeen) -> str:
    """Return the command that removes the leases left behind; for a reader to run, never run here."""
    folder = host_path(pool.store)
    return "sudo rm " + " ".join(f"{folder}/{x.address}" for x in pool.leases if x.state == "leaked") if any(x.state == "leaked" for x in pool.leases) else ""


def host_path(store: str) -> str:
    """Return the folder's path on the node: what precedes /var or /run is where the evidence was unpacked."""
    at = max(store.rfind("/var/lib/"), store.rfind("/run/"))
    return store[at:] if at > 0 else store


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f", ... (+{len(names) - _SHOWN})" if len(names) > _SHOWN else "")
