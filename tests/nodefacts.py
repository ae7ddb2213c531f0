"""A healthy MicroShift with Multus as facts of its state, of which a test changes what it is about."""

from __future__ import annotations

from typing import Any

from diagnose.model import Resource, Where
from diagnose.parse.when import rfc3339

AT = rfc3339("2026-11-23T12:00:00Z") or 0
"""When the state was looked at, three hours after the node's start."""
MINUTE = 60_000_000
UP = AT - 180 * MINUTE
D = "/etc/cni/net.d"
SHIPPED = ["bridge", "dhcp", "host-local", "ipvlan", "macvlan", "multus", "ovn-k8s-cni-overlay", "static"]
OVN = {"cniVersion": "0.4.0", "name": "ovn-kubernetes", "type": "ovn-k8s-cni-overlay", "ipam": {}, "dns": {}}
MULTUS = {
    "cniVersion": "0.4.0", "name": "multus-cni-network", "type": "multus", "cniConf": "/host/etc/cni/multus/net.d",
    "readinessindicatorfile": f"{D}/10-ovn-kubernetes.conf", "kubeconfig": f"{D}/multus.d/multus.kubeconfig", "delegates": [OVN],
}  # fmt: skip


def fact(kind: str, name: str, body: dict[str, Any], namespace: str = "") -> Resource:
    return Resource(kind, namespace, name, body, Where(f"{namespace}/{name}" if namespace else name))


def conf(name: str, content: dict[str, Any] | None, error: str = "", mtime: float = UP / 1e6, folder: str = D) -> Resource:
    """Return a CNI configuration file; `content` None and no error: only its name is known."""
    text = None if content is None and not error else "{}"
    return fact("CniConf", name, {"text": text, "mtime": mtime, "conf": content, "error": error}, folder)


def listing(*names: str, folder: str = D) -> Resource:
    return fact("CniConfDir", folder, {"present": True, "names": list(names)})


def binaries(*names: str, folder: str = "/run/cni/bin", present: bool = True) -> Resource:
    return fact("CniBinDir", folder, {"present": present, "names": list(names), "not_executable": []})


def crio(network: str = "multus-cni-network", origin: str = "/etc/crio/crio.conf.d/12-microshift-multus.conf", **more: Any) -> Resource:
    body = {"cni_default_network": network, "network_dir": f"{D}/", "plugin_dirs": ["/run/cni/bin"], "from": {"cni_default_network": origin}, "sure": True}
    return fact("CrioConfig", "effective", {**body, **more})


def kubeconfig(server: str = "https://10.43.0.1:443", token: int | None = AT + 300 * MINUTE, **more: Any) -> Resource:
    body = {"server": server, "token_expires": token, "certificate_expires": None, "ca_expires": AT + 9000 * MINUTE, "error": ""}
    return fact("Kubeconfig", f"{D}/multus.d/multus.kubeconfig", {**body, **more})


def unit(name: str, active: str = "active", sub: str = "running", since: int | None = UP, **more: Any) -> Resource:
    body = {"LoadState": "loaded", "ActiveState": active, "SubState": sub, "Result": "success", "NRestarts": 0, "ExecMainStatus": 0, "UnitFileState": "enabled"}
    return fact("Unit", name, {**body, "StateChangeTimestamp": since, **more})


def package(name: str, version: str = "4.19.7") -> Resource:
    return fact("Package", name, {"version": version})


def config(**network: Any) -> Resource:
    return fact("MicroshiftConfig", "effective", {"network": {"multus": {"status": "Enabled"}, **network}, "from": {}})


def filesystem(path: str, free: float, size: float = 100, inodes: int = 1000, inodes_free: int = 900) -> Resource:
    """Return a file system; sizes in GiB."""
    gib = 1 << 30
    return fact("Filesystem", path, {"size": int(size * gib), "free": int(free * gib), "inodes": inodes, "inodes_free": inodes_free})


HEALTHY: dict[str, Resource | list[Resource] | None] = {
    "version": fact("MicroshiftVersion", "4.19.7", {}),
    "packages": [package("microshift"), package("microshift-multus"), package("cri-o", "1.32.1")],
    "config": config(),
    "crio": crio(),
    "listing": listing("00-multus.conf", "10-ovn-kubernetes.conf", "multus.d"),
    "multus": conf("00-multus.conf", MULTUS),
    "ovn": conf("10-ovn-kubernetes.conf", OVN),
    "kubeconfig": kubeconfig(),
    "bins": binaries(*SHIPPED),
    "opt": binaries(folder="/opt/cni/bin", present=False),
    "microshift": unit("microshift.service"),
    "crio_unit": unit("crio.service"),
    "ovs": [unit("openvswitch.service", sub="exited"), unit("microshift-ovs-init.service", sub="exited")],
    "disks": [filesystem("/", 0, 0.03, inodes=0), filesystem("/var", 60), filesystem("/run", 0.9, 1), filesystem("/var/lib/containers", 60)],
    "memory": fact("Memory", "memory", {"total": 8 << 30, "available": 4 << 30}),
    "inotify": fact("Inotify", "inotify", {"max_user_watches": 65536, "max_user_instances": 8192, "instances_used": 40}),
    "selinux": fact("Selinux", "selinux", {"mode": "Enforcing"}),
    "clock": fact("TimeSync", "clock", {"synchronized": True, "by": "chronyd"}),
}


def node(**changes: Resource | list[Resource] | None) -> list[Resource]:
    """Return the healthy node's facts with `changes`: a part of it replaced, left out (None), or added."""
    return [r for part in {**HEALTHY, **changes}.values() if part is not None for r in (part if isinstance(part, list) else [part])]
