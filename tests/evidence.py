"""Pods, NADs and the node's state as tests write them to files."""

from __future__ import annotations

import json
from typing import Any

NETWORKS, STATUS = "k8s.v1.cni.cncf.io/networks", "k8s.v1.cni.cncf.io/network-status"
START = "2026-11-23T10:00:00Z"


def sandbox_id(name: str) -> str:
    """Return a sandbox id of CRI-O's form that stands for `name`."""
    return (name.encode().hex() * 64)[:64]


def entry(name: str, interface: str, *ips: str, default: bool = False, mac: str = "") -> dict[str, Any]:
    """Return one entry of network-status as Multus writes it."""
    body: dict[str, Any] = {"name": name, "interface": interface, "ips": list(ips), "mac": mac, "default": default, "dns": {}}
    return {k: v for k, v in body.items() if v or k == "dns"}


DEFAULT = entry("ovn-kubernetes", "eth0", "10.42.0.9", default=True, mac="0a:58:0a:2a:00:09")


def pod(
    name: str, annotation: str | None = None, status: list[dict[str, Any]] | str | None = None, *, phase: str = "Running", namespace: str = "cell", **more: Any
) -> dict[str, Any]:
    """Return a pod of the API; `more` goes into its metadata, `spec` and `conditions` apart."""
    annotations = {NETWORKS: annotation, STATUS: json.dumps(status) if isinstance(status, list) else status, **more.pop("annotations", {})}
    conditions = more.pop("conditions", {"PodScheduled": "True", "PodReadyToStartContainers": str(phase == "Running")})
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "uid": f"uid-{name}", "annotations": {k: v for k, v in annotations.items() if v is not None}, **more.pop("metadata", {})},
        "spec": {"containers": [{"name": "app"}], "nodeName": "edge", **more.pop("spec", {})},
        "status": {"phase": phase, "startTime": more.pop("started", START), "conditions": [{"type": k, "status": v} for k, v in conditions.items()]},
    }  # fmt: skip


def nad(nad_name: str, *, namespace: str = "cell", subnet: str = "10.20.0.0/24", start: str = "", end: str = "", ipam: dict[str, Any] | None = None, **config: Any) -> dict[str, Any]:  # fmt: skip
    """Return a NAD of a bridge with host-local, unless `config` says otherwise; a key of value None is left out."""
    pool = {"subnet": subnet, "rangeStart": start, "rangeEnd": end}
    local = {"type": "host-local", "ranges": [[{k: v for k, v in pool.items() if v}]]}
    body = {"cniVersion": "0.4.0", "type": "bridge", "bridge": "br-line", "ipam": local if ipam is None else ipam, **config}
    text = json.dumps({k: v for k, v in body.items() if v is not None})
    meta = {"name": nad_name, "namespace": namespace}
    return {"apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition", "metadata": meta, "spec": {"config": text}}


def inspectp(name: str, annotation: str | None, *, namespace: str = "cell", ready: bool = True) -> str:
    """Return what `crictl inspectp` prints for that pod's sandbox; its netns is "netns-" and the pod's name."""
    meta = {"name": name, "namespace": namespace, "uid": f"uid-{name}", "attempt": 0}
    annotations = {NETWORKS: annotation} if annotation is not None else {}
    status = {
        "id": sandbox_id(name),
        "metadata": meta,
        "state": "SANDBOX_READY" if ready else "SANDBOX_NOTREADY",
        "createdAt": START,
        "annotations": annotations,
    }
    spec = {"annotations": {}, "linux": {"namespaces": [{"type": "network", "path": f"/var/run/netns/netns-{name}"}]}}
    return json.dumps({"status": status, "info": {"runtimeSpec": spec}})


def crictl_pods(*names: str) -> str:
    """Return the table of `crictl pods`: all sandboxes that there are."""
    head = "POD ID              CREATED             STATE               NAME                NAMESPACE           ATTEMPT             RUNTIME"
    rows = [
        f"{sandbox_id(n)[:13]}       2 hours ago         Ready               {n}                cell           0                   (default)" for n in names
    ]
    return "\n".join([head, *rows]) + "\n"


def ip(*links: dict[str, Any]) -> str:
    """Return `ip -d -j addr` of lo and these interfaces."""
    lo = {"ifindex": 1, "ifname": "lo", "flags": ["LOOPBACK", "UP"], "link_type": "loopback", "addr_info": []}
    return json.dumps([lo, *({"ifindex": 2, "link_type": "ether", **x} for x in links)])


def link(name: str, *addresses: str, up: bool = True, kind: str = "", **more: Any) -> dict[str, Any]:
    """Return one interface as `ip -d -j addr` prints it."""
    found = [{"local": a.partition("/")[0], "prefixlen": int(a.partition("/")[2]), "scope": "global"} for a in addresses]
    flags = ["BROADCAST", *(["UP", "LOWER_UP"] if up else [])]
    return {
        "ifname": name,
        "flags": flags,
        "operstate": "UP" if up else "DOWN",
        "addr_info": found,
        **({"linkinfo": {"info_kind": kind}} if kind else {}),
        **more,
    }
