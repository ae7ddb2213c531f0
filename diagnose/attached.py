"""Want, recorded and have of each pod: the attachments that fail without any error.

Multus reads the annotation once, when the sandbox is made, and writes network-status at the end of a successful ADD
(multus-cni pkg/multus/multus.go:985-998; annotations.md 3): what differs later stays so until the pod is made anew (guide 5.2.3, 5.2.5).
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from diagnose.checks.selection import Selection, parse
from diagnose.host import STATUS, Box, Host, Net, PodSeen
from diagnose.model import Attached, Attachment, PodNetworks, Where
from diagnose.parse.kube import NETWORKS
from diagnose.parse.tree import items, mapping

CHANGED, MISSING = "annotation-not-applied", "attachment-missing"
NOT_INSTALLED, NOT_DEFAULT = "multus-not-installed", "crio-default-network"
_MULTUS_NAMESPACES = ("kube-system/", "openshift-multus/")
"""Where networks stand that a cluster gives to all pods (multus.conf: defaultNetworks, multusNamespace)."""
_WHOLE = 3
"""MicroShift's own namespaces with pods, from which on a list of pods counts as one of the whole node."""
_SLACK = 5_000_000
"""Microseconds after a pod's start in which its annotation still counts as there from the start."""


class Verdict(NamedTuple):
    """What is wrong with one pod's attachments."""

    rule: str
    pod: PodSeen | Box
    key: str
    """The pod as "namespace/name"."""
    captures: dict[str, str]
    text: str
    """The proof, verbatim from the objects."""
    where: Where


class _Status(NamedTuple):
    """One entry of network-status."""

    seen: Attached
    default: bool


def judge(host: Host, troubled: frozenset[str]) -> tuple[list[PodNetworks], list[Verdict]]:
    """Return each pod's networks, and what is wrong with those of pods that run and are not among the `troubled`, whose cause is told."""
    tables: list[PodNetworks] = []
    verdicts: list[Verdict] = []
    for key in sorted(host.pods):
        table, verdict = _Pod(host, host.pods[key]).judged()
        if verdict is not None and key in troubled:
            table, verdict = _ruled(table, ""), None
        if table.rows:
            tables.append(table)
        verdicts += [verdict] if verdict is not None else []
    for box in sorted(host.boxes.values(), key=lambda b: (b.namespace, b.pod, b.id)):
        if f"{box.namespace}/{box.pod}" in host.pods or not box.ready:
            continue
        table, verdict = _box_alone(host, box)
        if table.rows:
            tables.append(table)
        verdicts += [verdict] if verdict is not None and verdict.key not in troubled else []
    node = _of_node(host, verdicts)
    if node:
        verdicts = [v._replace(rule=node) if not _recorded_in(v.pod) else v for v in verdicts]
        of_node = {v.key for v in verdicts if v.rule == node}
        tables = [_ruled(t, node) if f"{t.namespace}/{t.name}" in of_node else t for t in tables]
    return tables, verdicts


def _ruled(table: PodNetworks, rule: str) -> PodNetworks:
    return PodNetworks(table.namespace, table.name, table.multus, table.have, table.rows, rule, table.changed)


def _recorded_in(pod: PodSeen | Box) -> bool:
    return isinstance(pod, Box) or pod.status is not None


def _of_node(host: Host, verdicts: list[Verdict]) -> str:
    """Return the rule of a node on which Multus is called for no pod, or "": then each pod has a cause of its own.

    It takes two pods that ask and have no network-status, none on the node that has one, and a list that shows whether Multus' own pods
    run: thin Multus leaves network-status on every pod that it is called for (microshift.md 1 and 2).
    """
    asking = [v.pod for v in verdicts if isinstance(v.pod, PodSeen) and v.pod.status is None]
    if len(asking) < 2 or any(p.status is not None for p in host.pods.values()):
        return ""
    multus = [p for p in host.pods.values() if p.namespace == "openshift-multus" and p.name.startswith("multus-")]
    if not multus:
        own = {p.namespace for p in host.pods.values() if p.namespace.startswith("openshift-")}
        return NOT_INSTALLED if len(own) >= _WHOLE else ""
    since = max((p.started for p in multus if p.started is not None), default=None)
    after = since is not None and all(p.started is not None and p.started > since for p in asking)
    return NOT_DEFAULT if after and all(p.phase == "Running" for p in multus) else ""


# --- one pod ----------------------------------------------------------------------------------------------------------


class _Pod:
    """One pod of the API, and what other sources tell of it."""

    def __init__(self, host: Host, pod: PodSeen) -> None:
        self.host = host
        self.pod = pod
        self.box = host.box_of(pod)
        self.want = wanted(pod.annotation, pod.namespace)
        self.status = _status(pod.status)
        self.then = wanted(_text(self.box.annotations.get(NETWORKS)), pod.namespace) if self.box is not None else None
        self.have, self.source = have(host, self.box)

    def judged(self) -> tuple[PodNetworks, Verdict | None]:
        pod = self.pod
        told = self.want is not None and pod.phase == "Running" and pod.plain and (pod.status is None or self.status is not None)
        rows = () if not told or self.want is None else tuple(compare(self.want, self.status, self.have, self.host.nets, whole=self.source == "netns"))
        rule, row = self._rule(rows) if rows else ("", None)
        multus = "ran" if pod.status is not None else "not-called" if pod.phase == "Running" and pod.plain else "unknown"
        changed = pod.changed[0] if pod.changed is not None and self._set_later() else None
        table = PodNetworks(pod.namespace, pod.name, multus, self.source, rows, rule, changed)
        if not rule or row is None:
            return table, None
        return table, Verdict(rule, pod, pod.key, self._captures(row), self._text(row), pod.where)

    def _set_later(self) -> bool:
        pod = self.pod
        return pod.changed is not None and pod.started is not None and pod.changed[0] > pod.started + _SLACK

    def _rule(self, rows: Sequence[Attachment]) -> tuple[str, Attachment | None]:
        """Return the rule of what is wrong, and the attachment that shows it; ("", None) if all is well or proves nothing."""
        missing = next((r for r in rows if r.state in ("not-recorded", "missing")), None)
        if missing is None:
            other = next((r for r in rows if r.state == "different" and {"network", "interface"} & {*r.differs}), None)
            extra = next((r for r in rows if r.state == "extra"), None)
            asks_other = self.then is not None and self.want is not None and _asked(self.then) != _asked(self.want)
            differing = next((r for r in rows if r.state == "different"), None) if asks_other else None
            found = other or extra or differing
            return (CHANGED, found) if found is not None else ("", None)
        if missing.state == "missing":
            return MISSING, missing
        if self.then is not None and self.want is not None:
            return (MISSING if _asked(self.then) == _asked(self.want) else CHANGED), missing
        net = self.host.nets.get(missing.network)
        silent = self.pod.status is not None and net is not None and not net.interfaces and not self._set_later()
        return (MISSING if silent else CHANGED), missing

    def _captures(self, row: Attachment) -> dict[str, str]:
        namespace, _, name = row.network.rpartition("/")
        shown = row.want or row.recorded or row.have
        found = {"nad": name, "nad_namespace": namespace or self.pod.namespace, "interface": shown.interface if shown is not None else ""}
        return {k: v for k, v in found.items() if v}

    def _text(self, row: Attachment) -> str:
        pod = self.pod
        lines = [f"{NETWORKS}: {' '.join((pod.annotation or '-').split())}"]
        recorded = ", ".join(f"{s.seen.interface or '-'} {s.seen.network}" for s in self.status or ())
        lines.append(f"{STATUS}: {recorded}" if pod.status is not None else f"no {STATUS}")
        if row.state == "missing" and self.box is not None:
            lines.append(f"network namespace {self.box.netns}: {', '.join(sorted(a.interface for a in self.have))}")
        return "\n".join(lines)


def _box_alone(host: Host, box: Box) -> tuple[PodNetworks, Verdict | None]:
    """Judge a sandbox whose pod is not among the objects (an sos report): what it asked for when it was made, and what its netns holds."""
    want = wanted(_text(box.annotations.get(NETWORKS)), box.namespace) or []
    found, source = have(host, box)
    rows = tuple(compare(want, None, found, host.nets, whole=source == "netns"))
    missing = next((r for r in rows if r.state == "missing"), None)
    table = PodNetworks(box.namespace, box.pod, "unknown", source, rows, MISSING if missing is not None else "")
    if missing is None or missing.want is None:
        return table, None
    namespace, _, name = missing.network.rpartition("/")
    captures = {"nad": name, "nad_namespace": namespace, "interface": missing.want.interface}
    shown = ", ".join(sorted(a.interface for a in found))
    text = f"{NETWORKS}: {' '.join(_text(box.annotations.get(NETWORKS)).split())}\nnetwork namespace {box.netns}: {shown}"
    return table, Verdict(MISSING, box, f"{box.namespace}/{box.pod}", {k: v for k, v in captures.items() if v}, text, box.where)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def wanted(annotation: str | None, namespace: str) -> list[Selection] | None:
    """Return the networks that an annotation asks for: none if there is no annotation, None if Multus could not read it."""
    if not annotation:
        return []
    parsed = parse(annotation, namespace)
    return None if parsed.error else list(parsed.selections)


def _asked(selections: list[Selection]) -> list[tuple[str, str, str, tuple[str, ...], str]]:
    return [(s.namespace, s.name, s.interface, s.ips, s.mac.lower()) for s in selections]


def _status(text: str | None) -> list[_Status] | None:
    """Return the entries of network-status; None where there is none or it cannot be read."""
    try:
        entries = [mapping(x) for x in items(json.loads(text))] if text else None
    except (ValueError, RecursionError):
        return None
    return None if entries is None else [_Status(_entry(e), default=e.get("default") is True) for e in entries if e.get("name")]


def _entry(body: dict[str, Any]) -> Attached:
    ips = tuple(x for x in items(body.get("ips")) if isinstance(x, str))
    return Attached(_text(body.get("name")), _text(body.get("interface")), ips, _text(body.get("mac")))


def have(host: Host, box: Box | None) -> tuple[list[Attached], str]:
    """Return the interfaces that a sandbox has, and what shows them: netns (all), cache (some), or ""."""
    if box is None:
        return [], ""
    inside = host.inside.get(box.netns) if box.netns else None
    if inside:
        return [_inside(name, body) for name, body in sorted(inside.items()) if name != "lo"], "netns"
    found = {a.interface: a for a in host.results.get(box.id, []) if a.interface}
    for lease in (x for leases in host.leases.values() for x in leases if x.id == box.id and x.ifname):
        known = found.get(lease.ifname)
        if known is None:
            found[lease.ifname] = Attached(lease.store.rpartition("/")[2], lease.ifname, (lease.address,))
        elif lease.address not in known.ips and known.network == lease.store.rpartition("/")[2]:
            found[lease.ifname] = known._replace(ips=(*known.ips, lease.address))
    for one in box.interfaces:
        found.setdefault(one.interface, one)
    return [found[k] for k in sorted(found)], "cache" if found else ""


def _inside(name: str, body: dict[str, Any]) -> Attached:
    addresses = [mapping(x) for x in items(body.get("addr_info"))]
    shown = tuple(_text(a.get("local")) for a in addresses if a.get("scope") != "link")
    return Attached("", name, shown, _text(body.get("address")))


# --- compare ----------------------------------------------------------------------------------------------------------


def compare(want: list[Selection], status: list[_Status] | None, found: list[Attached], nets: dict[str, Net], *, whole: bool) -> Iterator[Attachment]:
    """Yield the attachments that are asked for, then those that were recorded and are not asked for.

    Interfaces without a name of their own are called net1, net2 ... by their place among all networks (multus.go:94-107): a network that
    every pod gets moves them on, so they are found by their network first.
    """
    left = [s.seen for s in status or () if not s.default]
    # The entry of the primary network carries no mark before Multus 3.x; it is the first and stands for no NAD.
    extra = [s.seen for s in status or () if not s.default and s.seen.network.count("/") == 1]
    inside = {a.interface: a for a in found}
    for place, one in enumerate(want, 1):
        key = f"{one.namespace}/{one.name}"
        asked = Attached(key, one.interface or f"net{place}", tuple(i.partition("/")[0] for i in one.ips), one.mac)
        recorded = _claimed(one, asked, left, nets.get(key))
        if recorded is not None:
            left.remove(recorded)
            asked = asked if one.interface or not recorded.interface else asked._replace(interface=recorded.interface)
        yield _row(asked, recorded, inside.get(asked.interface), nets.get(key), known=status is not None, called=status is None and not found, whole=whole)
    names = {f"{s.namespace}/{s.name}" for s in want}
    for one in extra:
        if one in left and one.network not in names and not one.network.startswith(_MULTUS_NAMESPACES):
            yield Attachment(one.network, None, one, inside.get(one.interface), "extra")


def _claimed(one: Selection, asked: Attached, left: list[Attached], net: Net | None) -> Attached | None:
    """Return the recorded entry of a wanted network: by its network, of several the one with its interface."""
    same = [a for a in left if _same_network(a.network, asked.network, net)]
    if not same:
        at_place = [a for a in left if one.interface and a.interface == one.interface]
        return at_place[0] if at_place else None
    return next((a for a in same if a.interface == asked.interface), same[0])


def _same_network(told: str, asked: str, net: Net | None) -> bool:
    """Return True if two sources may mean one network: Multus writes the NAD with its namespace, older ones and libcni the CNI network's name."""
    return told in (asked, asked.rpartition("/")[2]) or (net is not None and told == net.network)


def _row(asked: Attached, recorded: Attached | None, found: Attached | None, net: Net | None, *, known: bool, called: bool, whole: bool) -> Attachment:
    if recorded is None and (known or called):
        return Attachment(asked.network, asked, None, found, "not-recorded")
    if found is None and whole:
        return Attachment(asked.network, asked, recorded, None, "missing")
    differs = tuple(dict.fromkeys([*_differs(asked, recorded, net), *(_differs(recorded or asked, found, net) if found is not None else ())]))
    return Attachment(asked.network, asked, recorded, found, "different" if differs else "ok", differs)


def _differs(first: Attached, second: Attached | None, net: Net | None) -> Iterator[str]:
    """Yield what two sources tell differently; what one of them does not tell is no difference, and more addresses than told are none."""
    if second is None:
        return
    if second.network and not _same_network(second.network, first.network, net):
        yield "network"
    if first.interface and second.interface and first.interface != second.interface:
        yield "interface"
    if first.ips and second.ips and not {_address(i) for i in first.ips} <= {_address(i) for i in second.ips}:
        yield "address"
    if first.mac and second.mac and first.mac.lower().replace("-", ":") != second.mac.lower():
        yield "mac"


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return text
