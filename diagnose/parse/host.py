"""The node's own state as commands and files show it: interfaces, bridge ports, sandboxes, CNI results, leases, firewall zones.

Sources: iproute2 ip/ipaddress.c and bridge/link.c (the same facts as text and as JSON), cri-tools cmd/crictl/sandbox.go,
cri-o internal/lib/sandbox and pkg/annotations, containernetworking cni libcni/api.go (cachedInfo), plugins
plugins/ipam/host-local/backend/disk/backend.go, firewalld src/firewall/command.py (print_zone_info),
sos sos/report/plugins/networking.py (`namespaces/<netns>/`) and crio.py (`pods/crictl_inspectp_<id>`).
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from diagnose.model import LINK
from diagnose.parse.tree import items, mapping
from diagnose.pattern import lazy

if TYPE_CHECKING:
    import ipaddress

NETNS_LINK: Final = "NetnsLink"
"""An interface within a network namespace, which is the resource's namespace."""
PORT: Final = "BridgePort"
VLANS: Final = "BridgeVlans"
SANDBOX: Final = "Sandbox"
"""A pod's sandbox: by `crictl inspectp` with its annotations and netns, by `crictl pods` with the start of its id only."""
RESULT: Final = "CniResult"
LEASE: Final = "Lease"
"""One address of host-local's store; the resource's namespace is the store's path."""
STORE: Final = "LeaseStore"
ZONE: Final = "FirewallZone"

_NETNS = lazy(r"(?:^|/)namespaces/(?P<dir>[^/]+)/(?=[^/]*$)|(?:^|[/_])netns_(?:exec_)?(?P<exec>[^/]+?)_ip_[^/]*$")
_IP_HEAD = lazy(r"(?m)^\d+: (?P<name>[^\s:@]+)(?:@(?P<link>[^\s:]+))?: <(?P<flags>[A-Z0-9_,-]*)> (?P<rest>mtu \d+.*)$")
_IP_ONE = lazy(r"(?m)^\d+:\s+(?P<name>[^\s:@]+)(?:@\S+)?\s+(?P<family>inet6?) (?P<address>[0-9a-f.:]+)(?:/(?P<prefix>\d+))?(?P<rest>[^\n]*)$")
_IP_ADDRESS = lazy(r"^\s+(?P<family>inet6?) (?P<address>[0-9a-f.:]+)(?: peer [0-9a-f.:]+)?(?:/(?P<prefix>\d+))?(?P<rest>.*)$")
_IP_LINK = lazy(r"^\s+link/(?P<type>\w+)(?: (?P<address>(?:[0-9a-f]{2}:)+[0-9a-f]{2}))?(?P<rest>.*)$")
_ALTNAME = lazy(r"^\s+altname (\S+)$")
_DETAIL = lazy(r"^ {4}(?P<kind>bridge|veth|macvlan|ipvlan|vlan|bond|dummy|vrf|vxlan|geneve|tun|openvswitch|team|ifb|wireguard)\b(?P<rest>.*)$")
_LEASE_ID = lazy(r"[0-9A-Za-z][0-9A-Za-z._-]{3,254}")
_IFNAME = lazy(r"[^\s/:]{1,15}")
_PODS_HEAD = lazy(r"(?m)^POD ID\s+CREATED\s+STATE\s+NAME\s+NAMESPACE\s+ATTEMPT\b.*$")
_PODS_ROW = lazy(r"^(?P<id>[0-9a-f]{12,64})\s{2,}(?P<age>\S.*?)\s{2,}(?P<state>Ready|NotReady)\s+(?P<name>\S+)\s+(?P<namespace>\S+)\s+(?P<attempt>\d+)\b")
_ZONE_HEAD = lazy(r"^(?P<name>[A-Za-z0-9_-]{1,17})(?: \((?P<marks>(?:default|active)(?:, ?active)?)\))?$")
_ZONE_KEY = lazy(r"^  (?P<key>target|interfaces|sources|services|ports|icmp-block-inversion|egress-priority|ingress-priority): ?(?P<value>.*)$")


class Fact(NamedTuple):
    """One thing that a command or file tells, in the shape of a `Resource` without its input."""

    kind: str
    namespace: str
    name: str
    body: dict[str, Any]
    line: int = 0


def netns_of(source: str) -> str:
    """Return the network namespace that an input's path names (sos: `namespaces/<netns>/`, `ip_netns_exec_<netns>_ip_...`), or ""."""
    m = _NETNS.search(source)
    return (m["dir"] or m["exec"] or "") if m is not None else ""


# --- files ------------------------------------------------------------------------------------------------------------


def of_file(source: str, raw: bytes, mtime: float | None = None) -> list[Fact]:
    """Return what a file of host-local's store tells, known by its path and content; [] for any other file.

    disk/backend.go: one file an address, named by it, with the container's id and, from plugins v0.7 on, CRLF and the interface;
    `last_reserved_ip.<range>` with an address; `lock`.
    """
    folder, _, base = source.replace("\\", "/").rpartition("/")
    store = posixpath.basename(folder)
    if not store or len(raw) > _LEASE_BYTES:
        return []
    if base == "lock" and not raw and "/" in folder and _is_store(folder):
        return [Fact(STORE, folder, store, {})]
    text = raw.decode("utf-8", "replace")
    if _LAST.fullmatch(base):
        return [Fact(STORE, folder, store, {base: text.strip()})] if _address(text.strip()) else []
    address = _address(base)
    parts = text.split()
    if address is None or not 1 <= len(parts) <= 2 or not _LEASE_ID.fullmatch(parts[0]) or (len(parts) > 1 and not _IFNAME.fullmatch(parts[1])):
        return []
    return [Fact(LEASE, folder, str(address), {"id": parts[0], "ifname": parts[1] if len(parts) > 1 else "", "time": mtime}, 1)]


def is_stored(name: str) -> bool:
    """Return True if host-local may have given a file of its store that name."""
    return name == "lock" or _LAST.fullmatch(name) is not None or _address(name) is not None


_LEASE_BYTES = 512
_LAST = lazy(r"last_reserved_ip\.\d+")


def _is_store(folder: str) -> bool:
    return "/cni" in folder or "ipam" in folder


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    import ipaddress

    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


# --- JSON -------------------------------------------------------------------------------------------------------------

_JSON = lazy(
    rb'^\[\s*\{\s*"(?:ifindex|link_index|ifname|link|addr_info)"\s*:|^\{\s*"(?:info|status)"\s*:\s*\{|^\{\s*"items"\s*:\s*\[\s*\{\s*"id"\s*:\s*"[0-9a-f]{64}"|"kind"\s*:\s*"cniCacheV1"'
)


def is_json(head: bytes) -> bool:
    """Return True if `head` may begin the JSON of `ip -j`, `bridge -j`, `crictl inspectp`, `crictl pods -o json` or a CNI cache file."""
    return bool(_JSON.search(head[:4096].lstrip(b"\xef\xbb\xbf \r\n\t")))


def of_json(source: str, text: str) -> list[Fact]:
    """Return what JSON of the node's tools tells; [] if it is none of them."""
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return []
    found = items(value)
    if found:
        return [f for x in found if (f := _interface(mapping(x), netns_of(source))) is not None]
    body = mapping(value)
    if body.get("kind") == "cniCacheV1":
        return [_result(body)]
    if "items" in body:
        return [f for x in items(body["items"]) if (f := _listed(mapping(x))) is not None]
    sandbox = _sandbox(body)
    return [sandbox] if sandbox is not None else []


def _interface(body: dict[str, Any], netns: str) -> Fact | None:
    """Return one element of `ip -j link`, `ip -j addr`, `bridge -j link` or `bridge -j vlan`."""
    name = body.get("ifname")
    if not isinstance(name, str) or not name:
        return None
    if "vlans" in body:
        return Fact(VLANS, netns, name, body)
    if "link_type" not in body and "state" in body:
        return Fact(PORT, netns, name, body)
    return Fact(NETNS_LINK if netns else LINK, netns, name, body)


def _result(body: dict[str, Any]) -> Fact:
    """Return a cached result of libcni: which interfaces and addresses a network's plugins gave to a container."""
    return Fact(RESULT, str(body.get("networkName") or ""), str(body.get("containerId") or ""), {"ifname": str(body.get("ifName") or ""), "result": mapping(body.get("result"))})  # fmt: skip


def _listed(body: dict[str, Any]) -> Fact | None:
    meta = mapping(body.get("metadata"))
    if not isinstance(body.get("id"), str) or "name" not in meta:
        return None
    return _box(body["id"], meta, body, listed=True)


def _box(ident: str, meta: dict[str, Any], body: dict[str, Any], *, listed: bool = False, **more: object) -> Fact:
    facts = {
        "id": ident,
        "uid": str(meta.get("uid") or ""),
        "state": str(body.get("state") or ""),
        "created": str(body.get("createdAt") or ""),
        "listed": listed,
    }
    return Fact(SANDBOX, str(meta.get("namespace") or ""), str(meta.get("name") or ""), {**facts, **more})


def _sandbox(body: dict[str, Any]) -> Fact | None:
    """Return what `crictl inspectp` tells of a sandbox: the pod's annotations as they were then, its netns and CRI-O's own CNI result."""
    status = mapping(body.get("status"))
    meta = mapping(status.get("metadata"))
    if not meta.get("name") or not isinstance(status.get("id"), str):
        return None
    spec = mapping(mapping(body.get("info")).get("runtimeSpec"))
    own = mapping(spec.get("annotations"))
    path = next((str(n.get("path") or "") for n in map(mapping, items(mapping(spec.get("linux")).get("namespaces"))) if n.get("type") == "network"), "")
    result = mapping(_loaded(own.get("io.kubernetes.cri-o.CNIResult")))
    options = mapping(mapping(mapping(status.get("linux")).get("namespaces")).get("options"))
    host = own.get("io.kubernetes.cri-o.HostNetwork") == "true" or options.get("network") == "NODE"
    return _box(status["id"], meta, status, annotations=mapping(status.get("annotations")), netns=posixpath.basename(path), result=result, host=host)


def _loaded(value: object) -> object:
    try:
        return json.loads(value) if isinstance(value, str) else None
    except (ValueError, RecursionError):
        return None


# --- text -------------------------------------------------------------------------------------------------------------


def of_text(source: str, text: str) -> list[Fact]:
    """Return what the text of `ip addr`, `ip link`, `ip -o addr`, `crictl pods` or `firewall-cmd --list-all-zones` tells.

    The text may hold more beside it: whoever calls reads it as text, too.
    """
    readers: tuple[tuple[Callable[[str], object], Callable[[list[str]], Iterable[Fact]]], ...] = (
        (_PODS_HEAD.search, _pods),
        (lambda t: "\n  interfaces:" in t and "\n  services:" in t, _zones),
        (lambda t: _IP_HEAD.search(t) or _IP_ONE.match(t), lambda lines: _links(lines, netns_of(source))),
    )
    lines = text.splitlines()
    return [fact for holds, reader in readers if holds(text) for fact in reader(lines)]


def may_hold(head: bytes) -> bool:
    """Return True if a text that begins with `head` is worth a reading by `of_text`."""
    return b"POD ID" in head or b"\n  interfaces:" in head or b"> mtu " in head or bool(_IP_ONE_BYTES.match(head))


_IP_ONE_BYTES = lazy(rb"^\d+:\s+\S+\s+inet6? [0-9a-f.:]+/\d+ ")


def _pods(lines: list[str]) -> Iterator[Fact]:
    for number, line in enumerate(lines, 1):
        m = _PODS_ROW.match(line)
        if m is not None:
            state = "SANDBOX_READY" if m["state"] == "Ready" else "SANDBOX_NOTREADY"
            yield _box(m["id"], {"name": m["name"], "namespace": m["namespace"]}, {"state": state}, listed=True)._replace(line=number)


def _zones(lines: list[str]) -> Iterator[Fact]:
    name, body, start = "", dict[str, Any](), 0
    for number, line in enumerate([*lines, ""], 1):
        m = _ZONE_HEAD.match(line)
        if m is not None or number > len(lines):
            if name and "services" in body:
                yield Fact(ZONE, "", name, body, start)
            name, start = (m["name"], number) if m is not None else ("", 0)
            marks = re.split(r", ?", m["marks"] or "") if m is not None else []
            body = dict[str, Any](default="default" in marks, active="active" in marks)
            continue
        m = _ZONE_KEY.match(line)
        if m is not None and name:
            body[m["key"]] = m["value"].strip() if m["key"] == "target" else m["value"].split()


def _links(lines: list[str], netns: str) -> Iterator[Fact]:
    """Yield each interface in the shape of `ip -j -d addr`, as far as the text tells; without "addr_info" where it shows no addresses at all."""
    import copy

    kind = NETNS_LINK if netns else LINK
    body = dict[str, Any]()
    shown: dict[str, Any] = {"addr_info": []} if any(_IP_ADDRESS.match(x) for x in lines) else {}
    at = 0
    short: dict[str, Fact] = {}
    for number, line in enumerate(lines, 1):
        head = _IP_HEAD.match(line)
        if head is not None:
            if body:
                yield Fact(kind, netns, body["ifname"], body, at)
            body, at = {**_head(head), **copy.deepcopy(shown)}, number
            continue
        one = _IP_ONE.match(line)
        if one is not None:
            known = short.setdefault(one["name"], Fact(kind, netns, one["name"], {"ifname": one["name"], "addr_info": []}, number))
            known.body["addr_info"].append(_addr(one))
        elif body:
            _detail(line, body)
    if body:
        yield Fact(kind, netns, body["ifname"], body, at)
    yield from short.values()


def _head(m: re.Match[str]) -> dict[str, Any]:
    words = m["rest"].split()
    values = dict(zip(words[::2], words[1::2], strict=False))
    body: dict[str, Any] = {"ifname": m["name"], "flags": [f for f in m["flags"].split(",") if f]}
    if m["link"]:
        body["link"] = m["link"]
    for key, name in (("state", "operstate"), ("master", "master")):
        if key in values:
            body[name] = values[key]
    if values.get("mtu", "").isdigit():
        body["mtu"] = int(values["mtu"])
    return body


def _addr(m: re.Match[str]) -> dict[str, Any]:
    version = 32 if m["family"] == "inet" else 128
    scope = re.search(r"\bscope (\w+)", m["rest"])
    return {"family": m["family"], "local": m["address"], "prefixlen": int(m["prefix"] or version), "scope": scope[1] if scope is not None else ""}


def _detail(line: str, body: dict[str, Any]) -> None:
    """Take what a line beneath an interface's head tells."""
    address = _IP_ADDRESS.match(line)
    link = _IP_LINK.match(line)
    altname = _ALTNAME.match(line)
    detail = _DETAIL.match(line)
    if address is not None:
        body.setdefault("addr_info", []).append(_addr(address))
    elif link is not None:
        body["link_type"] = link["type"]
        if link["address"]:
            body["address"] = link["address"]
    elif altname is not None:
        body.setdefault("altnames", []).append(altname[1])
    elif detail is not None:
        filtering = re.search(r"\bvlan_filtering (\d)", detail["rest"])
        data = {"vlan_filtering": int(filtering[1])} if filtering is not None else {}
        body["linkinfo"] = {"info_kind": detail["kind"], "info_data": data}
