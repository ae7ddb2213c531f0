"""The tables beside the findings: want, recorded and have of each pod, host-local's addresses, the host's side of each network."""

from __future__ import annotations

from collections import Counter
from typing import Any

from diagnose.lang import Labels
from diagnose.model import Attached, Attachment, Check, LeaseSeen, PodNetworks, PoolSeen, Report
from diagnose.parse.when import iso
from diagnose.render.words import printable, wide

_PODS, _POOLS, _CHECKS, _LEASES = 12, 8, 8, 12
_SCARCE = 10
"""The share of free addresses (one in ...) below which a pool is shown."""
_QUIET = frozenset({"bridge-absent", "no-uplink"})
"""Checks that a design may well want, left to the JSON report."""


# --- what is worth a reader's time ------------------------------------------------------------------------------------


def shown_pods(report: Report) -> list[PodNetworks]:
    """Return the pods whose networks differ; of a healthy one there is nothing to say."""
    return [t for t in report.attachments if t.rule or any(r.state != "ok" for r in t.rows)]


def shown_pools(report: Report) -> list[PoolSeen]:
    """Return the pools that are used up or nearly so, or hold what should not be there."""
    return [p for p in report.pools if any(x.state in ("leaked", "double", "outside") for x in p.leases) or _scarce(p)]


def _scarce(pool: PoolSeen) -> bool:
    return bool(pool.leases) and pool.size is not None and pool.free is not None and pool.free * _SCARCE < pool.size


def shown_checks(report: Report) -> list[Check]:
    """Return the checks of the host's side that are not all right."""
    return [c for c in report.checks if c.state != "ok" and c.kind not in _QUIET]


# --- words ------------------------------------------------------------------------------------------------------------


def _one(seen: Attached | None, *, known: bool) -> str:
    if seen is None:
        return "-" if known else "?"
    return printable(" ".join([seen.interface or "-", *seen.ips]))


def cells(row: Attachment, table: PodNetworks, w: Labels) -> tuple[str, ...]:
    """Return network, want, recorded, have and state of one attachment."""
    differ = f" ({', '.join(w.differ[d] for d in row.differs)})" if row.differs else ""
    recorded = _one(row.recorded, known=table.multus != "unknown")
    return printable(row.network), _one(row.want, known=True), recorded, _one(row.have, known=table.have == "netns"), w.attachment[row.state] + differ


def about(table: PodNetworks, w: Labels) -> str:
    """Return a pod's name, whether Multus ran for it, and what shows its interfaces."""
    return f"{printable(table.namespace)}/{printable(table.name)}: {w.multus[table.multus]}; {w.have[table.have]}"


def pool_text(pool: PoolSeen, w: Labels) -> str:
    """Return how many addresses of a pool are free, used and left behind, and when none will be left."""
    count = Counter(x.state for x in pool.leases)
    numbers: dict[str, object] = {"free": pool.free, "size": pool.size, "ranges": ", ".join(pool.ranges), "used": len(pool.leases) - count["leaked"], "leaked": count["leaked"]}  # fmt: skip
    said = (w.pool if pool.size is not None else w.pool_unknown).format_map(numbers)
    full = f"; {w.pool_full.format(time=iso(pool.full))}" if pool.full is not None else ""
    return f"{printable(pool.network)}: {said}{full}"


def _odd(pool: PoolSeen) -> list[LeaseSeen]:
    return [x for x in pool.leases if x.state in ("leaked", "double", "outside")]


def _lease_text(lease: LeaseSeen, w: Labels) -> str:
    owner = lease.pod or lease.sandbox[:13]
    return printable(f"{lease.address} {owner} {lease.interface}".rstrip()) + f": {w.lease[lease.state]}"


def check_text(check: Check, w: Labels) -> str:
    """Return what one check of a network's host side shows."""
    return printable(f"{check.nad}: {w.check[check.kind].format_map(check.values)}")


def _rest(count: int, most: int, w: Labels) -> list[str]:
    return [w.and_more.format(n=count - most)] if count > most else []


# --- terminal ---------------------------------------------------------------------------------------------------------


def terminal(report: Report, w: Labels) -> list[tuple[str, list[str]]]:
    """Return the tables for a terminal: each its heading and its lines; those that begin with a blank are verbatim."""
    found: list[tuple[str, list[str]]] = []
    pods = shown_pods(report)
    if pods:
        lines = [line for t in pods[:_PODS] for line in (about(t, w), *_aligned([w.attachment_columns, *(cells(r, t, w) for r in t.rows)]))]
        found.append((w.attachments, lines + _rest(len(pods), _PODS, w)))
    pools = shown_pools(report)
    if pools:
        found.append((w.pools, [line for p in pools[:_POOLS] for line in _pool_lines(p, w)] + _rest(len(pools), _POOLS, w)))
    checks = shown_checks(report)
    if checks:
        lines = [line for c in checks[:_CHECKS] for line in (check_text(c, w), *([f"   {printable(c.command)}"] if c.command else []))]
        found.append((w.checks, lines + _rest(len(checks), _CHECKS, w)))
    return found


def _pool_lines(pool: PoolSeen, w: Labels) -> list[str]:
    from diagnose.leases import clean_up

    odd = _odd(pool)
    command = clean_up(pool)
    lines = [pool_text(pool, w), *(f"   {_lease_text(x, w)}" for x in odd[:_LEASES]), *(f"   {x}" for x in _rest(len(odd), _LEASES, w))]
    return [*lines, *([f"   {w.clean_up}:", f"   {printable(command)}"] if command else [])]


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    """Return the rows with their columns one beneath the other."""
    widths = [max(wide(row[n]) for row in rows) for n in range(len(rows[0]))]
    return ["   " + "  ".join(cell + " " * (width - wide(cell)) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


# --- Markdown ---------------------------------------------------------------------------------------------------------

_SPECIAL = str.maketrans({c: f"\\{c}" for c in "\\`*_[]<>#|"})


def _prose(text: str) -> str:
    return text.translate(_SPECIAL)


def markdown(report: Report, w: Labels) -> list[str]:
    """Return the tables as Markdown."""
    from diagnose.leases import clean_up

    out: list[str] = []
    pods = shown_pods(report)
    for number, table in enumerate(pods[:_PODS]):
        out += [f"## {w.attachments}", ""] if number == 0 else []
        head = "| " + " | ".join(w.attachment_columns) + " |"
        rows = ["| " + " | ".join(_prose(c) for c in cells(r, table, w)) + " |" for r in table.rows]
        out += [_prose(about(table, w)), "", head, "|" + "---|" * len(w.attachment_columns), *rows, ""]
    out += [*_rest(len(pods), _PODS, w), ""] if len(pods) > _PODS else []
    pools = shown_pools(report)
    for number, pool in enumerate(pools[:_POOLS]):
        out += [f"## {w.pools}", ""] if number == 0 else []
        odd = _odd(pool)
        out += [f"- {_prose(pool_text(pool, w))}", *(f"  - {_prose(_lease_text(x, w))}" for x in odd[:_LEASES])]
        out += [f"  - {w.clean_up}: `{printable(clean_up(pool))}`"] if clean_up(pool) else []
    out += [""] if pools else []
    checks = shown_checks(report)
    if checks:
        lines = [f"- {_prose(check_text(c, w))}" + (f" `{printable(c.command)}`" if c.command else "") for c in checks[:_CHECKS]]
        out += [f"## {w.checks}", "", *lines, ""]
    return out


# --- JSON -------------------------------------------------------------------------------------------------------------


def as_json(report: Report, w: Labels) -> dict[str, Any]:
    """Return the tables in the shape of `docs/report-1.schema.json`, all of them."""
    return {
        "attachments": [_pod_json(t) for t in report.attachments],
        "pools": [_pool_json(p) for p in report.pools],
        "checks": [{"nad": c.nad, "kind": c.kind, "state": c.state, "text": check_text(c, w), "values": c.values, "command": c.command or None} for c in report.checks],
    }  # fmt: skip


def _pod_json(table: PodNetworks) -> dict[str, Any]:
    rows = [
        {"network": r.network, "state": r.state, "differs": list(r.differs), "want": _seen_json(r.want), "recorded": _seen_json(r.recorded), "have": _seen_json(r.have)}
        for r in table.rows
    ]  # fmt: skip
    changed = iso(table.changed) if table.changed is not None else None
    return {
        "namespace": table.namespace, "name": table.name, "multus": table.multus, "have": table.have or None, "rule": table.rule or None,
        "annotated": changed, "networks": rows,
    }  # fmt: skip


def _seen_json(seen: Attached | None) -> dict[str, Any] | None:
    return None if seen is None else {"network": seen.network or None, "interface": seen.interface or None, "ips": list(seen.ips), "mac": seen.mac or None}


def _pool_json(pool: PoolSeen) -> dict[str, Any]:
    from diagnose.leases import clean_up, host_path

    leases = [{"address": x.address, "sandbox": x.sandbox, "interface": x.interface or None, "pod": x.pod or None, "state": x.state} for x in pool.leases]
    full = iso(pool.full) if pool.full is not None else None
    return {
        "store": pool.store, "folder": host_path(pool.store), "network": pool.network, "nads": list(pool.nads), "ranges": list(pool.ranges),
        "reserved": list(pool.reserved), "size": pool.size, "free": pool.free, "full": full, "clean_up": clean_up(pool) or None, "leases": leases,
    }  # fmt: skip
