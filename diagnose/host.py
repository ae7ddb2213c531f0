"""The node as the evidence shows it beside its logs: pods with their networks, NADs, sandboxes, interfaces, leases, firewall zones."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from diagnose.checks.ipam import DATA_DIR, Pool, pool_of
from diagnose.model import LINK, Attached, Resource, Where
from diagnose.parse import host as parse
from diagnose.parse.kube import NETWORKS
from diagnose.parse.tree import items, mapping
from diagnose.parse.when import rfc3339
from diagnose.record import dataclass, field

STATUS = "k8s.v1.cni.cncf.io/network-status"
MIRROR = "kubernetes.io/config.mirror"
_LIMIT = 20_000
"""Objects of one kind that are remembered."""


@dataclass(frozen=True, slots=True)
class PodSeen:
    """One pod as the API shows it, whole."""

    namespace: str
    name: str
    uid: str
    phase: str
    annotation: str | None
    status: str | None
    """Multus' network-status, as it stands."""
    started: int | None
    changed: tuple[int, str] | None
    """When, and by which manager, the networks annotation was last set after the pod was made, as far as managedFields tells."""
    plain: bool
    """True if Multus is called for it and writes into it: neither on the host's network, nor a static pod, nor being deleted."""
    waits: bool
    """True if it was given to the node and its sandbox has no network yet."""
    version: int
    where: Where

    @property
    def key(self) -> str:
        """Return "namespace/name"."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Net:
    """One NAD's config, as far as it can be read."""

    namespace: str
    name: str
    network: str
    """The CNI network's name: the NAD's own unless the config has one (client pkg/utils/cniconfig.go)."""
    plugin: str
    bridge: str
    master: str
    vlan: int
    ipam: str
    gateway: bool
    """True if the plugin itself gives the bridge its address."""
    sets: tuple[tuple[Pool, ...], ...]
    """host-local's range sets: each interface gets one address of each."""
    store: str
    """The folder in which host-local keeps its leases."""
    interfaces: bool
    """True if the plugins' results list interfaces: not before CNI 0.3.0, which is what a config without cniVersion gets."""

    @property
    def key(self) -> str:
        """Return "namespace/name"."""
        return f"{self.namespace}/{self.name}"


class Box(NamedTuple):
    """One sandbox of the container runtime."""

    id: str
    """Whole, or its start where only a table shows it."""
    namespace: str
    pod: str
    uid: str
    ready: bool
    created: int | None
    annotations: dict[str, Any]
    """The pod's annotations when the sandbox was made."""
    netns: str
    interfaces: tuple[Attached, ...]
    """What the runtime itself was told: the default network's result."""
    where: Where = Where("")


class Lease(NamedTuple):
    """One address in host-local's store."""

    store: str
    address: str
    id: str
    ifname: str
    time: float | None
    where: Where


@dataclass(slots=True)
class Host:
    """What was held of the node's state."""

    pods: dict[str, PodSeen] = field(default_factory=dict[str, PodSeen])
    nets: dict[str, Net] = field(default_factory=dict[str, Net])
    boxes: dict[str, Box] = field(default_factory=dict[str, Box])
    listed: set[str] = field(default_factory=set[str])
    """Ids, or starts of ids, in lists of all sandboxes (`crictl pods`)."""
    results: dict[str, list[Attached]] = field(default_factory=dict[str, list[Attached]])
    """By sandbox id: what libcni's cache holds."""
    leases: dict[str, list[Lease]] = field(default_factory=dict[str, list[Lease]])
    """By store; a store that is there and empty has an empty list."""
    links: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    sources: dict[str, Where] = field(default_factory=dict[str, Where])
    """Where each host interface was last shown."""
    inside: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict[str, dict[str, dict[str, Any]]])
    """Interfaces by network namespace."""
    vlans: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])
    zones: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    def hold(self, resource: Resource) -> None:
        """Take an object or a part of the host; other kinds are left alone."""
        kind, body = resource.kind, resource.body
        if kind == "Pod":
            self._pod(resource)
        elif kind == "NetworkAttachmentDefinition":
            self._net(resource)
        elif kind == parse.SANDBOX:
            self._box(resource)
        elif kind == parse.RESULT:
            found = self.results.setdefault(resource.name, [])
            found += of_result(mapping(body.get("result")), resource.namespace, str(body.get("ifname") or ""))
        elif kind == parse.LEASE:
            time = body.get("time")
            lease = Lease(resource.namespace, resource.name, str(body["id"]), str(body["ifname"]), time if isinstance(time, float) else None, resource.where)
            self.leases.setdefault(resource.namespace, []).append(lease)
        elif kind == parse.STORE:
            self.leases.setdefault(resource.namespace, [])
        elif kind in (LINK, parse.PORT):
            self.links.setdefault(resource.name, {}).update({k: v for k, v in body.items() if k not in ("link", "state")})
            self.sources[resource.name] = resource.where
        elif kind == parse.NETNS_LINK:
            self.inside.setdefault(resource.namespace, {}).setdefault(resource.name, {}).update(body)
        elif kind == parse.VLANS and not resource.namespace:
            self.vlans[resource.name] = [mapping(x) for x in items(body["vlans"])]
        elif kind == parse.ZONE:
            self.zones[resource.name] = body

    def box_of(self, pod: PodSeen) -> Box | None:
        """Return the pod's living sandbox with its annotations, if there is just one."""
        found = [b for b in self.boxes.values() if b.ready and (b.uid == pod.uid if b.uid else (b.namespace, b.pod) == (pod.namespace, pod.name))]
        return found[0] if len(found) == 1 else None

    def _pod(self, resource: Resource) -> None:
        pod = _pod(resource)
        if pod is None or len(self.pods) >= _LIMIT:
            return
        known = self.pods.get(pod.key)
        if known is None or known.version <= pod.version:
            self.pods[pod.key] = pod

    def _net(self, resource: Resource) -> None:
        net = _net(resource)
        if net is not None and len(self.nets) < _LIMIT:
            self.nets[net.key] = net

    def _box(self, resource: Resource) -> None:
        body = resource.body
        ident = str(body["id"])
        if body.get("listed"):
            self.listed.add(ident)
            return
        if body.get("host") or len(self.boxes) >= _LIMIT:
            return
        self.boxes[ident] = Box(
            ident, resource.namespace, resource.name, str(body["uid"]), body["state"] == "SANDBOX_READY", rfc3339(str(body["created"])),
            mapping(body.get("annotations")), str(body.get("netns") or ""), tuple(of_result(mapping(body.get("result")), "", "")), resource.where,
        )  # fmt: skip


def _pod(resource: Resource) -> PodSeen | None:
    """Return the pod, or None where only a part of it is there: what a part lacks proves nothing."""
    meta, spec, status = (mapping(resource.body.get(k)) for k in ("metadata", "spec", "status"))
    uid = meta.get("uid")
    if not isinstance(uid, str) or not spec or not status.get("phase"):
        return None
    annotations = mapping(meta.get("annotations"))
    networks, recorded = annotations.get(NETWORKS), annotations.get(STATUS)
    conditions = {c.get("type"): c.get("status") for c in map(mapping, items(status.get("conditions")))}
    version = str(meta.get("resourceVersion") or "")
    return PodSeen(
        resource.namespace, resource.name, uid, str(status["phase"]), networks if isinstance(networks, str) else None,
        recorded if isinstance(recorded, str) else None, rfc3339(str(status.get("startTime") or "")), _changed(meta),
        plain=not spec.get("hostNetwork") and MIRROR not in annotations and not meta.get("deletionTimestamp"),
        waits=status["phase"] == "Pending" and conditions.get("PodScheduled") == "True" and conditions.get("PodReadyToStartContainers") != "True",
        version=int(version) if version.isdigit() else 0, where=resource.where,
    )  # fmt: skip


def _changed(meta: dict[str, Any]) -> tuple[int, str] | None:
    """Return when the networks annotation was last set, by the newest manager that owns it."""
    found: list[tuple[int, str]] = []
    for entry in map(mapping, items(meta.get("managedFields"))):
        owned = mapping(mapping(mapping(entry.get("fieldsV1")).get("f:metadata")).get("f:annotations"))
        time = rfc3339(str(entry.get("time") or ""))
        if f"f:{NETWORKS}" in owned and time is not None:
            found.append((time, str(entry.get("manager") or "")))
    return max(found, default=None)


def _net(resource: Resource) -> Net | None:
    config = mapping(resource.body.get("spec")).get("config")
    try:
        conf = mapping(json.loads(config)) if isinstance(config, str) else {}
    except (ValueError, RecursionError):
        return None
    main = conf if conf.get("type") else next((mapping(p) for p in items(conf.get("plugins"))), dict[str, Any]())
    if not isinstance(main.get("type"), str):
        return None
    ipam = mapping(main.get("ipam"))
    network = _text(conf.get("name")) or resource.name
    local = ipam.get("type") == "host-local"
    vlan = main.get("vlan")
    return Net(
        resource.namespace, resource.name, network, str(main["type"]), _text(main.get("bridge")) or "cni0", _text(main.get("master")),
        vlan if isinstance(vlan, int) else 0, _text(ipam.get("type")),
        gateway=main.get("isGateway") is True or main.get("isDefaultGateway") is True, sets=_sets(ipam) if local else (),
        store=f"{(_text(ipam.get('dataDir')) or DATA_DIR).rstrip('/')}/{network}" if local else "",
        interfaces=_text(conf.get("cniVersion")) not in ("", "0.1.0", "0.2.0"),
    )  # fmt: skip


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _sets(ipam: dict[str, Any]) -> tuple[tuple[Pool, ...], ...]:
    """Return host-local's range sets (allocator/config.go: the old form first); a set with a range that it refuses is left out."""
    raw = [[ipam]] if ipam.get("subnet") else []
    raw += [items(s) for s in items(ipam.get("ranges"))]
    found: list[tuple[Pool, ...]] = []
    for ranges in raw:
        pools = [pool_of(*(_text(mapping(r).get(k)) for k in ("subnet", "rangeStart", "rangeEnd", "gateway")))[0] for r in ranges]
        whole = tuple(p for p in pools if p is not None)
        if whole and len(whole) == len(pools):
            found.append(whole)
    return tuple(found)


def of_result(result: dict[str, Any], network: str, ifname: str) -> list[Attached]:
    """Return the pod's interfaces in a CNI result (CNI SPEC: interfaces with a sandbox; ips name them by index).

    A result before 0.3.0 lists no interfaces: then its addresses belong to the one that was asked for.
    """
    interfaces = [mapping(x) for x in items(result.get("interfaces"))]
    ips = [mapping(x) for x in items(result.get("ips"))]
    if not interfaces:
        old = [mapping(result.get(k)).get("ip") for k in ("ip4", "ip6")]
        addresses = [_text(x.get("address")) for x in ips] + [_text(x) for x in old if x]
        return [Attached(network, ifname, _bare(addresses), "")] if ifname else []
    found: list[Attached] = []
    for index, one in enumerate(interfaces):
        if one.get("sandbox"):
            own = [_text(x.get("address")) for x in ips if x.get("interface", -1) == index or "interface" not in x]
            found.append(Attached(network, _text(one.get("name")), _bare(own), _text(one.get("mac"))))
    return found


def _bare(addresses: list[str]) -> tuple[str, ...]:
    return tuple(a.partition("/")[0] for a in addresses if a)
