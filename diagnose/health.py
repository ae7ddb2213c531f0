"""What the node's own state shows to be wrong without a log line: CRI-O's network, Multus' files, units, disks (microshift.md 14).

What is normal in the first minutes of a start is not told, nor is anything that rests on a fact that is not known. How bad it is, the pods
say: a fault that stops new pods is for information while none waits, and one that leaves networks out while all that ask have them.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from diagnose.engine import VAGUE, Engine
from diagnose.host import Host, PodSeen
from diagnose.model import Finding, Hint, NodeSeen, Record, Resource, Where
from diagnose.node import MULTUS_CONF, MULTUS_NETWORK, OVN_CONF, OVN_NETWORK, Conf, Node, Unit
from diagnose.parse.tree import items, mapping
from diagnose.parse.when import iso
from diagnose.pattern import lazy
from diagnose.record import dataclass, field
from diagnose.shortage import shortages
from diagnose.story import Story
from diagnose.survey import facts, survey

NO_CONFIG, WRONG_NETWORK, NOT_INSTALLED = "network-plugin-not-ready", "crio-default-network", "multus-not-installed"
NO_MULTUS, NO_OVN, NO_INDICATOR = "multus-not-running", "ovn-kubernetes-not-ready", "readiness-indicator-timeout"
INVALID, KUBECONFIG, NO_PLUGIN = "multus-config-invalid", "multus-kubeconfig", "cni-plugin-missing"
NO_MICROSHIFT, NO_CRIO, PRESSURE = "microshift-not-running", "crio-not-running", "disk-or-resource-pressure"
MICROSHIFT, CRIO = "microshift.service", "crio.service"
_OVS: Final = ("openvswitch.service", "ovsdb-server.service", "ovs-vswitchd.service", "microshift-ovs-init.service")
_DROP_IN = "12-microshift-multus.conf"
_REFUSES: tuple[int, int] = (4, 21)
"""From this release on MicroShift does not start if it is to run Multus and the drop-in is missing (microshift.md 1)."""
_GRACE = 300_000_000
"""Microseconds after a start in which files and plugins are still being written (microshift.md 5; `grace` of the rules)."""
_RESTARTS = 3
"""Restarts in a row from which on a unit that starts again counts as one that does not come up."""
_BRACKETS = lazy(r"https?://\[(?:\d+\.){3}\d+\]")
_NETWORK_PODS = ("openshift-multus", "openshift-ovn-kubernetes")
_CLOCK = frozenset({KUBECONFIG, "apiserver-unreachable"})
"""Rules of failures that a wrong clock makes: certificates are not valid yet, or no more."""


class Verdict(NamedTuple):
    """One thing that is wrong, and how bad it is."""

    rule: str
    text: str
    """The proof, as the files or the command show it."""
    where: Where
    captures: dict[str, str]
    severity: str
    pods: tuple[str, ...] = ()
    """The pods ("namespace/name") that it hits."""
    since: int | None = None


@dataclass(slots=True)
class Health:
    """The node's state of a run; `hold` each resource, then `conclude` once, after the last record."""

    host: Host
    """The pods, as `silent.Silent` holds them."""
    node: Node = field(default_factory=Node)
    seen: list[NodeSeen] = field(default_factory=list[NodeSeen])

    def hold(self, resource: Resource) -> None:
        """Take a fact of the node."""
        self.node.hold(resource)

    def conclude(self, engine: Engine, story: Story, at: int | None) -> None:
        """Give `engine` what is wrong. `at` is when the state was looked at, microseconds since the epoch; None if nobody knows."""
        self.seen = survey(self.node)
        logs = [g for g in engine.groups.values() if g.programs != {"object"}]
        told = {g.rule.id for g in logs}
        causes = [g for g in logs if not g.rule.symptom and g.rule.id not in VAGUE and g.rule.severity != "info"]
        pods = _Pods(self.host, {p for g in causes for p in g.pods})
        for v in _Look(self.node, pods, story, at, explained=bool(causes)).verdicts():
            if v.severity == "info" and v.rule in told:
                continue  # the log knows better what became of it
            record = Record(v.since, "object", v.text, v.where, v.text)
            engine.conclude(v.rule, record, v.captures, severity=v.severity, pods=v.pods, present=v.severity != "info")

    def facts(self) -> dict[str, dict[str, str]]:
        """Return what two reports can be compared by."""
        return facts(self.node)

    def hints(self, finding: Finding) -> list[Hint]:
        """Return what the node's state adds to a finding."""
        return [Hint("clock-off", {})] if finding.rule in _CLOCK and self.node.synchronized is False else []


class _Pods:
    """What the pods do, as far as the API tells; why those in `explained` wait, a log tells."""

    def __init__(self, host: Host, explained: set[str]) -> None:
        plain = [host.pods[k] for k in sorted(host.pods) if host.pods[k].plain]
        asking = [p for p in plain if p.annotation]
        self.network = [p for p in host.pods.values() if p.namespace in _NETWORK_PODS]
        self.wait = any(p.waits for p in plain)
        self.waiting = tuple(p.key for p in plain if p.waits and p.key not in explained)
        self.unserved = tuple(p.key for p in asking if (p.waits and p.key not in explained) or _without(p))
        self.silent = tuple(p.key for p in asking if _without(p))
        """Those that run, and Multus was not called for."""
        self.known = bool(plain)
        self.runs = any(p.phase == "Running" for p in plain)

    def stopped(self) -> tuple[str, tuple[str, ...]]:
        """Return how bad it is that no pod gets a network any more, and the pods that wait for theirs."""
        return ("error", self.waiting) if self.wait or not self.runs else ("info", ())

    def left_out(self) -> tuple[str, tuple[str, ...]]:
        """Return how bad it is that Multus is called for no pod, and the pods whose networks are left out."""
        return ("error", self.unserved) if self.unserved else ("info", ()) if self.known else ("warning", ())


def _without(pod: PodSeen) -> bool:
    return pod.phase == "Running" and pod.status is None


class _Look:
    """One look at the node's state."""

    def __init__(self, node: Node, pods: _Pods, story: Story, at: int | None, *, explained: bool) -> None:
        self.node = node
        self.pods = pods
        self.at = at
        self.explained = explained
        self.starts = [t for t in story.starts if at is None or t <= at]
        self.confs = node.confs()
        self.crio = node.crio
        unit = node.units.get(MICROSHIFT)
        self.stopped = unit is not None and unit.active in ("inactive", "failed")
        """True if MicroShift is down: then nobody is there to write what is missing."""

    def verdicts(self) -> Iterator[Verdict]:
        yield from self._units()
        yield from self._resources()
        yield from self._not_called()
        if self._settled():
            yield from self._network()
            yield from self._multus()
            yield from self._plugins()

    def _settled(self) -> bool:
        """Return False while the node comes up, or a pod that writes its files was just made."""
        own = [u for n in (MICROSHIFT, CRIO) if (u := self.node.units.get(n)) is not None]
        if any(u.active == "activating" for u in own):
            return False
        if self.at is None:
            return True
        starts = [*self.starts, *(u.since for u in own if u.since is not None), *(p.started for p in self.pods.network if p.started is not None)]
        return self.at - max((t for t in starts if t <= self.at), default=0) > _GRACE

    # --- units --------------------------------------------------------------------------------------------------------

    def _units(self) -> Iterator[Verdict]:
        microshift, crio = (self.node.units.get(n) for n in (MICROSHIFT, CRIO))
        for unit, rule in ((microshift, NO_MICROSHIFT), (crio, NO_CRIO)):
            severity = self._down(unit, microshift) if unit is not None else ""
            if unit is not None and severity:
                reason = {"reason": unit.result} if unit.result not in ("", "success") else {}
                yield Verdict(rule, unit.text, unit.where, reason, severity, self.pods.waiting if severity == "error" else (), unit.since)
        for unit in (self.node.units[n] for n in _OVS if n in self.node.units) if self.node.wants_ovn else ():
            if unit.active == "failed":
                severity, pods = self.pods.stopped()
                yield Verdict(NO_OVN, unit.text, unit.where, {"reason": f"{unit.name} {unit.result}"}, severity, pods, unit.since)
                return

    def _down(self, unit: Unit, microshift: Unit | None) -> str:
        """Return how bad a unit's state is; "" where it runs, or where it may still be started.

        systemd itself restarts MicroShift for ever (Restart=always): one that is inactive was stopped, or waits for its turn at the boot.
        """
        if unit.active == "failed" or (unit.active == "activating" and unit.restarts >= _RESTARTS):
            return "error"
        if unit.active != "inactive" or unit.since is None:
            return ""
        wanted = unit.enabled or (microshift is not None and microshift.active != "inactive")
        return "error" if wanted else "info"

    # --- disk, memory, inotify ----------------------------------------------------------------------------------------

    def _resources(self) -> Iterator[Verdict]:
        found = shortages(self.node)
        if not found:
            return
        worst = found[0]
        severity, pods = self.pods.stopped()
        names = {"path": worst.path, "resource": worst.resource}
        if severity == "error" and not worst.full:
            severity, pods = "warning", ()  # the kubelet takes no new pods, or ends some: none waits for its network for that
        yield Verdict(PRESSURE, "\n".join(s.text for s in found), worst.where, names, severity, pods)

    # --- which network CRI-O takes ------------------------------------------------------------------------------------

    def _network(self) -> Iterator[Verdict]:
        if self.confs is None or not self._is_node():
            return
        if not self.confs:
            if self.stopped:
                return
            severity, pods = self.pods.stopped()
            yield Verdict(NO_CONFIG, f"{self.node.folder}: -", Where(self.node.folder), {"path": self.node.folder}, severity, pods)
        elif self.crio is not None and self.crio.network and all(c.known for c in self.confs) and self._picked() is None:
            yield from self._absent(self.crio.network)

    def _is_node(self) -> bool:
        """Return True if CRI-O or MicroShift is on this computer."""
        return self.crio is not None or bool(self.node.version) or any(n in self.node.units for n in (MICROSHIFT, CRIO))

    def _absent(self, network: str) -> Iterator[Verdict]:
        """Yield that no file has the network that CRI-O is to use: whoever writes that file did not, or the name is wrong."""
        confs = self.confs or []
        if any(c.error and c.name.startswith(MULTUS_CONF) for c in confs) and network == MULTUS_NETWORK:
            return  # told as what it is
        severity, pods = self.pods.stopped()
        severity, pods = ("error", (*pods, *self.pods.unserved)) if self.pods.unserved else (severity, pods)
        names = {c.name for c in confs}
        broken = next((c for c in confs if c.error), None)
        file = f"{self.node.folder}/{MULTUS_CONF if network == MULTUS_NETWORK else OVN_CONF}"
        rule, captures = WRONG_NETWORK, {"network": network, "file": self.crio.origin if self.crio is not None else ""}
        if broken is not None:
            captures["path"] = broken.path
        elif self.node.wants_ovn and OVN_CONF not in names and (network == OVN_NETWORK or (network == MULTUS_NETWORK and self.node.wants_multus)):
            rule, captures = NO_OVN, {"reason": f"no {self.node.folder}/{OVN_CONF}", "path": f"{self.node.folder}/{OVN_CONF}"}
        elif network == MULTUS_NETWORK and self.node.wants_multus:
            rule, captures = NO_MULTUS, {"reason": f"no {file}", "path": file}
        if rule == WRONG_NETWORK or not self.stopped:
            yield Verdict(rule, self._shown(), self.crio.where if self.crio is not None else Where(""), captures, severity, pods)

    def _picked(self) -> Conf | None:
        """Return the file of the network that CRI-O takes: the one with the name that it is told, else the first in name order."""
        if self.crio is None:
            return None
        if self.crio.network:
            return next((c for c in self.confs or () if c.network == self.crio.network and not c.error), None)
        first = next((c for c in self.confs or () if not c.known or (c.network and not c.error)), None)
        return first if first is not None and first.known else None

    def _shown(self) -> str:
        """Return what CRI-O is told and what there is, in the words of the files."""
        shown = ", ".join(f'{c.name} "{c.network}"' if c.network else f"{c.name} ({c.error})" if c.error else c.name for c in self.confs or ())
        crio = self.crio
        said = [f'cni_default_network = "{crio.network}"' + (f" ({crio.origin})" if crio.origin else "")] if crio is not None else []
        return "\n".join([*said, f"{self.node.folder}: {shown or '-'}"])

    # --- Multus -------------------------------------------------------------------------------------------------------

    def _multus(self) -> Iterator[Verdict]:
        yield from self._not_there()
        conf = self.node.multus
        if conf is None or not conf.known or not self._in_use(conf):
            return
        own = conf.multus
        reason = conf.error or _lacking(own)
        if reason:
            severity, pods = self.pods.stopped()
            yield Verdict(INVALID, f"{conf.path}: {reason}", conf.where, {"reason": reason, "file": conf.path}, severity, pods)
        elif own is not None:
            yield from self._indicator(own)
            yield from self._kubeconfig(own)

    def _in_use(self, conf: Conf) -> bool:
        """Return True if that file is what CRI-O takes, or would take if it could be read."""
        if self.crio is None:
            return self.node.wants_multus is True
        return self.crio.network in (MULTUS_NETWORK, conf.network) if self.crio.network else (self.confs or [None])[0] in (conf, None)

    def _not_called(self) -> Iterator[Verdict]:
        """Yield that CRI-O is to use another network than Multus', though MicroShift is to run it; true from the start on."""
        crio, node = self.crio, self.node
        if crio is None or not node.wants_multus or not self._other():
            return
        # The last drop-in wins: one that sorts before Multus' own stands only where that one is missing.
        missing = (crio.drop_in < _DROP_IN if crio.origin else node.lacks_package) or not crio.network
        severity, pods = self.pods.left_out()
        unit = node.units.get(MICROSHIFT)
        release = node.release
        refused = missing and release is not None and release >= _REFUSES and unit is not None and unit.active != "active"
        yield self._left_out(NOT_INSTALLED if missing else WRONG_NETWORK, "error" if refused else severity, pods)

    def _not_there(self) -> Iterator[Verdict]:
        """Yield that pods run without the networks that they ask for on a node that is not to run Multus, or whose CRI-O does not use it."""
        node = self.node
        unwanted = node.wants_multus is False or (node.wants_multus is None and node.lacks_package)
        if not unwanted or not self.pods.silent or self.confs is None or (self.crio is not None and not self._other()):
            return
        if node.multus is None:
            yield self._left_out(NOT_INSTALLED, "error", self.pods.unserved)
        elif self.crio is not None:
            yield self._left_out(WRONG_NETWORK, "error", self.pods.unserved)

    def _other(self) -> bool:
        """Return True if the network that CRI-O takes is known, and is not Multus'."""
        picked = self._picked()
        name = self.crio.network if self.crio is not None and self.crio.network else picked.network if picked is not None else ""
        return name not in ("", MULTUS_NETWORK) and (picked is None or picked.multus is None)

    def _left_out(self, rule: str, severity: str, pods: tuple[str, ...]) -> Verdict:
        crio = self.crio
        lacks = "package microshift-multus is not installed" if self.node.lacks_package and rule == NOT_INSTALLED else ""
        captures = {"network": crio.network, "file": crio.origin} if crio is not None and rule == WRONG_NETWORK else {"reason": lacks}
        text = "\n".join(x for x in (self._shown(), lacks) if x)
        return Verdict(rule, text, crio.where if crio is not None else Where(self.node.folder), captures, severity, pods)

    def _indicator(self, own: dict[str, Any]) -> Iterator[Verdict]:
        path = str(own.get("readinessindicatorfile") or "")
        names = self.node.listing(posixpath.dirname(path)) if path else None
        if names is None or posixpath.basename(path) in names or self.stopped:
            return
        severity, pods = self.pods.stopped()
        ovn = posixpath.basename(path) == OVN_CONF and self.node.wants_ovn
        captures = {"path": path, "reason": f"no {path}"} if ovn else {"path": path}
        text = f"readinessindicatorfile: {path}\n{posixpath.dirname(path)}: {', '.join(sorted(names)) or '-'}"
        conf = self.node.multus
        yield Verdict(NO_OVN if ovn else NO_INDICATOR, text, conf.where if conf is not None else Where(path), captures, severity, pods)

    def _kubeconfig(self, own: dict[str, Any]) -> Iterator[Verdict]:
        seen = self.node.kubeconfig(str(own.get("kubeconfig") or ""))
        if seen is None:
            return
        severity, pods = self.pods.stopped()
        over = [(what, end) for what, end in seen.expires if self.at is not None and end <= self.at]
        if over:
            reason = ", ".join(f"{what} expired at {iso(end)}" for what, end in over)
            yield Verdict(KUBECONFIG, f"{seen.path}: {reason}", seen.where, {"file": seen.path, "reason": reason}, severity, pods)
        elif _BRACKETS.match(seen.server) and self.pods.waiting and not self.explained:
            # Only a Multus built with a newer Go refuses it: the pods must show that this one does.
            captures = {"file": seen.path, "reason": seen.server, "url": seen.server}
            yield Verdict(KUBECONFIG, f"{seen.path}: server: {seen.server}", seen.where, captures, "warning", pods)

    # --- plugins ------------------------------------------------------------------------------------------------------

    def _plugins(self) -> Iterator[Verdict]:
        """Yield plugins of the default network that are in no folder searched; those of NADs are checked with them."""
        conf, crio = self._picked(), self.crio
        if conf is None or crio is None or not crio.plugin_dirs or self.stopped:
            return
        own = conf.multus
        looks = [(_types(conf.plugins), crio.plugin_dirs)]
        if own is not None:
            delegates = tuple(d for x in map(mapping, items(own.get("delegates"))) for d in (map(mapping, items(x["plugins"])) if "plugins" in x else [x]))
            looks.append((_types(delegates), self.node.searched))
        for types, folders in looks:
            found = self.node.binaries(folders)
            for name in sorted(types - found) if found is not None else ():
                severity, pods = self.pods.stopped()
                text = f'{conf.path}: "type": "{name}"\n{" ".join(folders)}: {", ".join(sorted(found or ())) or "-"}'
                yield Verdict(NO_PLUGIN, text, conf.where, {"plugin": name, "path": " ".join(folders)}, severity, pods)


def _types(plugins: tuple[dict[str, Any], ...]) -> set[str]:
    """Return the plugins that a configuration calls, IPAM plugins too."""
    found = [p.get("type") for p in plugins] + [mapping(p.get("ipam")).get("type") for p in plugins]
    return {x for x in found if isinstance(x, str) and x}


def _lacking(own: dict[str, Any] | None) -> str:
    """Return what Multus' configuration lacks, or "" (multus-cni pkg/types/conf.go: LoadNetConf; thick Multus has it elsewhere)."""
    if own is None:
        return 'no plugin of type "multus"'
    if own.get("type") == "multus-shim":
        return ""
    if not items(own.get("delegates")) and not own.get("clusterNetwork"):
        return "no delegates"
    return "" if own.get("kubeconfig") else "no kubeconfig"
