"""What a node runs out of: disk space, inodes, memory, inotify instances.

Thresholds are those at which the kubelet evicts pods and takes no new ones: its defaults (kubernetes pkg/kubelet/eviction/defaults_linux.go:
DefaultEvictionHard), or evictionHard in the kubelet section of MicroShift's configuration, which then stands alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from diagnose.model import Where
from diagnose.node import Filesystem, Node
from diagnose.parse.tree import mapping
from diagnose.pattern import lazy

EVICTION_HARD: Final = {
    "memory.available": "100Mi",
    "nodefs.available": "10%",
    "nodefs.inodesFree": "5%",
    "imagefs.available": "15%",
    "imagefs.inodesFree": "5%",
}
_LEAST = 1 << 20
"""Bytes below which a file system counts as full."""
_SYSTEM = 1 << 30
"""Bytes that a system takes at least, if it is not an image."""
_NODEFS = ("/var/lib/kubelet", "/var/lib", "/var", "/")
_IMAGEFS = ("/var/lib/containers/storage", "/var/lib/containers")
_WRITTEN = ("/run", *_NODEFS, *_IMAGEFS)
"""Where CRI-O, the plugins and Multus write."""
_QUANTITY = lazy(r"(\d+(?:\.\d+)?)(%|[KMGT]i?)?")
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40}


class Shortage(NamedTuple):
    """One thing that is used up, or nearly so."""

    resource: str
    """The kubelet's name of it (nodefs.available ...), or what is used up."""
    path: str
    full: bool
    """True if nothing is left: whatever needs it fails. Else the kubelet evicts pods, and takes no new ones."""
    text: str
    where: Where


def shortages(node: Node) -> list[Shortage]:
    """Return what the node runs out of, what is used up first; nothing of what is not known."""
    return sorted([*_full(node), *_scarce(node)], key=lambda s: (not s.full, s.resource, s.path))


def written(node: Node) -> list[Filesystem]:
    """Return the file systems on which the network setup writes.

    / is one of them only where /var is not apart: on an image-based system it is small, read-only and always full (composefs).
    """
    known = {f.path: f for f in node.filesystems}
    apart = "/var" in known or "/sysroot" in known or ("/" in known and known["/"].size < _SYSTEM)
    return [f for p, f in sorted(known.items()) if p in _WRITTEN and not (p == "/" and apart)]


def _full(node: Node) -> Iterator[Shortage]:
    for f in written(node):
        if f.free < _LEAST:
            yield Shortage("disk", f.path, True, f"{f.path}: {f.free} of {f.size} bytes free", f.where)
        if f.inodes > 0 and f.inodes_free <= 0:
            yield Shortage("inodes", f.path, True, f"{f.path}: 0 of {f.inodes} inodes free", f.where)
    used, most = node.amount("Inotify", "instances_used"), node.amount("Inotify", "max_user_instances")
    told = node.one("Inotify")
    if told is not None and used is not None and most is not None and used >= most > 0:
        yield Shortage("fs.inotify.max_user_instances", "", True, f"inotify: {used} of {most} instances used", told.where)


def _scarce(node: Node) -> Iterator[Shortage]:
    limits = _limits(node)
    for name, paths in (("nodefs", _NODEFS), ("imagefs", _IMAGEFS)):
        f = next((f for p in paths for f in written(node) if f.path == p), None)
        if f is None or node.conditions.get("DiskPressure") == "False":
            continue  # the kubelet itself says that it has enough
        for signal, free, size, what in ((f"{name}.available", f.free, f.size, "bytes"), (f"{name}.inodesFree", f.inodes_free, f.inodes, "inodes")):
            least = _amount(limits.get(signal, ""), size)
            if size > 0 and least is not None and free < least:
                yield Shortage(signal, f.path, False, f"{f.path}: {free} of {size} {what} free, {signal}<{limits[signal]}", f.where)
    free, least = node.amount("Memory", "available"), _amount(limits.get("memory.available", ""), node.amount("Memory", "total") or 0)
    told = node.one("Memory")
    if told is not None and free is not None and least is not None and free < least and node.conditions.get("MemoryPressure") != "False":
        yield Shortage("memory.available", "", False, f"memory: {free} bytes available, memory.available<{limits['memory.available']}", told.where)


def _limits(node: Node) -> dict[str, str]:
    config = node.one("MicroshiftConfig")
    own: dict[str, Any] = mapping(mapping(config.body.get("kubelet")).get("evictionHard")) if config is not None else {}
    return {k: str(v) for k, v in own.items()} or EVICTION_HARD


def _amount(text: str, whole: int) -> float | None:
    """Return a threshold in the unit of `whole`: a percentage of it, or a quantity; None for anything else."""
    m = _QUANTITY.fullmatch(text)
    if m is None:
        return None
    return float(m[1]) * whole / 100 if m[2] == "%" else float(m[1]) * _UNITS[m[2] or ""]
