"""What a report shows of the node itself: versions, CRI-O's network, Multus' files, units, disks, clock; and by what two reports are compared."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from diagnose.model import NodeSeen, Where
from diagnose.node import Node
from diagnose.parse.tree import items, mapping
from diagnose.parse.when import iso
from diagnose.shortage import shortages, written

_NEEDED = ("microshift.service", "crio.service", "openvswitch.service")
"""Units that a MicroShift needs; of the others, only one that failed is worth a word."""
_GIB = 1 << 30


def survey(node: Node) -> list[NodeSeen]:
    """Return what is known of the node, in the order in which a reader looks for it; nothing of what is not known."""
    return [*_versions(node), *_network(node), *_multus(node), *_plugins(node), *_units(node), *_resources(node), *_system(node)]


def facts(node: Node) -> dict[str, dict[str, str]]:
    """Return kind ("package", "crio", "microshift", "unit"), then name and value; a kind of which nothing is known is left out."""
    crio, network = node.crio, node.network
    found: dict[str, dict[str, str]] = {"package": node.packages}
    if node.version:
        found["microshift"] = {"version": node.version}
    if network is not None:
        shown = {k: ", ".join(map(str, items(network.get(k)))) for k in ("clusterNetwork", "serviceNetwork")}
        own = {"network.multus.status": str(mapping(network.get("multus")).get("status") or ""), "network.cniPlugin": str(network.get("cniPlugin") or "")}
        found["config"] = {k: v for k, v in {**{f"network.{k}": v for k, v in shown.items()}, **own}.items() if v}
    if crio is not None:
        found["crio"] = {"cni_default_network": crio.network, "network_dir": crio.folder, "plugin_dirs": ", ".join(crio.plugin_dirs)}
    found["unit"] = {name: f"{u.active} ({u.sub})" for name, u in node.units.items()}
    selinux = node.one("Selinux")
    found["selinux"] = {"mode": str(selinux.body.get("mode") or "")} if selinux is not None else {}
    return {k: v for k, v in found.items() if v}


def _versions(node: Node) -> Iterator[NodeSeen]:
    packages = node.packages
    names = [("MicroShift", node.version), *((p, packages.get(p, "")) for p in ("microshift-multus", "cri-o"))]
    text = ", ".join(f"{name} {version}" for name, version in names if version)
    told = node.one("MicroshiftVersion") or node.one("Package")
    if text and told is not None:
        yield NodeSeen("versions", "ok", {"text": text}, told.where)
    config = node.one("MicroshiftConfig")
    if config is not None and node.network is not None:
        status = mapping(node.network.get("multus")).get("status") or "Disabled"
        plugin = str(node.network.get("cniPlugin") or "")
        values = {"text": f"network.multus.status: {status}" + (f", network.cniPlugin: {plugin}" if plugin else "")}
        yield NodeSeen("config", "ok", values, config.where)


def _network(node: Node) -> Iterator[NodeSeen]:
    crio, confs = node.crio, node.confs()
    if crio is not None:
        kind = "crio-network" if crio.network else "crio-first"
        yield NodeSeen(kind, "ok", {"network": crio.network, "folder": crio.folder, "file": posixpath.basename(crio.origin) or "-"}, crio.where)
    if confs is not None:
        shown = ", ".join(f'{c.name} "{c.network}"' if c.network else c.name for c in confs)
        yield NodeSeen("confs", "ok", {"folder": node.folder, "text": shown or "-"}, Where(node.folder))


def _multus(node: Node) -> Iterator[NodeSeen]:
    conf = node.multus
    if conf is None:
        return
    own = conf.multus or {}
    written_at = iso(int(conf.mtime * 1_000_000)) if conf.mtime is not None else "-"
    delegates = ", ".join(str(mapping(d).get("name") or mapping(d).get("type") or "-") for d in items(own.get("delegates")))
    yield NodeSeen("multus-conf", "ok", {"file": conf.name, "time": written_at, "delegates": delegates or "-"}, conf.where)
    seen = node.kubeconfig(str(own.get("kubeconfig") or ""))
    if seen is not None:
        ends = ", ".join(f"{what} {iso(end)}" for what, end in seen.expires)
        yield NodeSeen("kubeconfig", "ok", {"file": seen.path, "server": seen.server or "-", "ends": ends or "-"}, seen.where)


def _plugins(node: Node) -> Iterator[NodeSeen]:
    for told in node.of("CniBinDir"):
        names = ", ".join(sorted(str(n) for n in items(told.body.get("names"))))
        yield NodeSeen("plugins", "ok", {"folder": told.name, "text": names or "-"}, told.where)


def _units(node: Node) -> Iterator[NodeSeen]:
    units = node.units
    down = [u for n, u in units.items() if u.active == "failed" or (n in _NEEDED and u.active != "active" and (node.wants_ovn or n != _NEEDED[-1]))]
    up = [u for u in units.values() if u not in down]
    for kind, state, found in (("units-down", "warning", down), ("units", "ok", up)):
        if found:
            yield NodeSeen(kind, state, {"text": ", ".join(f"{u.name} {u.active} ({u.sub})" for u in found)}, found[0].where)


def _resources(node: Node) -> Iterator[NodeSeen]:
    short = shortages(node)
    for f in node.filesystems:
        bad = any(s.path == f.path for s in short)
        values = {"path": f.path, "free": f"{f.free / _GIB:.1f}", "size": f"{f.size / _GIB:.1f}", "used": str(round(100 * (1 - f.free / f.size)))}
        values |= {"inodes_free": str(f.inodes_free), "inodes": str(f.inodes)}
        yield NodeSeen("filesystem" if f.inodes else "filesystem-bytes", "warning" if bad and f in written(node) else "ok", values, f.where)
    memory, inotify = node.one("Memory"), node.one("Inotify")
    available, total = node.amount("Memory", "available"), node.amount("Memory", "total")
    if memory is not None and available is not None and total is not None:
        state = "warning" if any(s.resource == "memory.available" for s in short) else "ok"
        yield NodeSeen("memory", state, {"available": f"{available / _GIB:.1f}", "total": f"{total / _GIB:.1f}"}, memory.where)
    if inotify is not None:
        used = {k: str(v) if (v := node.amount("Inotify", k)) is not None else "?" for k in ("instances_used", "max_user_instances", "max_user_watches")}
        yield NodeSeen("inotify", "warning" if any("inotify" in s.resource for s in short) else "ok", used, inotify.where)


def _system(node: Node) -> Iterator[NodeSeen]:
    selinux, clock = node.one("Selinux"), node.one("TimeSync")
    if selinux is not None:
        yield NodeSeen("selinux", "ok", {"mode": str(selinux.body.get("mode") or "?")}, selinux.where)
    if clock is not None and node.synchronized is not None:
        values = {"by": str(clock.body.get("by") or "-")}
        yield NodeSeen("clock" if node.synchronized else "clock-off", "ok" if node.synchronized else "warning", values, clock.where)
