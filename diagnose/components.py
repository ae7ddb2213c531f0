"""MicroShift's own network pods as objects show them: those that do not run, and a Multus that is asked for and not there.

What is normal in the first minutes of a node, of a pod or of a restart is left alone: whether it lasts is told by the times in the objects, against
the newest moment that the evidence knows. Sources: kubernetes pkg/kubelet/kuberuntime/kuberuntime_manager.go (back-off from 10 s to 5 min, doubled),
pkg/printers/internalversion/printers.go (a pod's status), microshift assets/components/multus and ovn (names).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from diagnose.engine import Engine
from diagnose.model import LISTED, Record, Resource, Where, latest
from diagnose.own import Own, own_pod
from diagnose.parse.kube import NETWORKS
from diagnose.parse.tree import items, mapping
from diagnose.parse.when import iso, rfc3339
from diagnose.pattern import lazy
from diagnose.record import dataclass, field

NAD = "NetworkAttachmentDefinition"
CRD = "network-attachment-definitions.k8s.cni.cncf.io"
MULTUS = "openshift-multus"
START = 300_000_000
"""Microseconds that a start may take: Multus waits so long for OVN-Kubernetes (assets/components/multus/06-daemonset.yaml)."""
_BACK_OFF = lazy(r"back-off (?:(?P<minutes>\d+)m)?(?P<seconds>\d+)s")
_LONG = 160
"""Seconds of back-off that follow two and a half minutes of failed starts."""
_SEVERAL = 3
"""CRDs that are listed together, not asked for by name."""
_MISSING = "nad-crd-missing"
_LIMIT = 2000


class _Wrong(NamedTuple):
    own: Own
    text: str
    where: Where
    pods: tuple[str, ...]


@dataclass(slots=True)
class Components:
    """The network pods of MicroShift; `hold` each resource, then `conclude` once, after the last record."""

    _pods: dict[str, Resource] = field(default_factory=dict[str, Resource])
    _sets: dict[str, Resource] = field(default_factory=dict[str, Resource])
    _asking: dict[str, int] = field(default_factory=dict[str, int])
    """When the pods were made that ask for networks."""
    _listed: dict[tuple[str, str], Resource] = field(default_factory=dict[tuple[str, str], Resource])
    _crds: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """By input."""
    _nads: bool = False
    _now: int | None = None

    def hold(self, resource: Resource) -> None:
        """Take an object; kinds that tell nothing are left alone."""
        kind, key, meta = resource.kind, f"{resource.namespace}/{resource.name}", mapping(resource.body.get("metadata"))
        if kind == "Pod":
            made = rfc3339(str(meta.get("creationTimestamp") or ""))
            if own_pod(key) is not None and meta.get("uid"):
                self._newer(self._pods, key, resource)
            elif made is not None and mapping(meta.get("annotations")).get(NETWORKS) and len(self._asking) < _LIMIT:
                self._asking[key] = made
        elif kind == "DaemonSet":
            self._newer(self._sets, key, resource)
        elif kind == LISTED:
            self._listed[resource.name, resource.namespace] = resource
            self._now = latest(self._now, resource.body["time"])
        elif kind == "CustomResourceDefinition":
            self._crds.setdefault(resource.where.source, set()).add(resource.name)
        elif kind == "Node":
            beats = [rfc3339(str(c.get("lastHeartbeatTime") or "")) for c in map(mapping, items(mapping(resource.body.get("status")).get("conditions")))]
            self._now = latest(self._now, max((b for b in beats if b is not None), default=None))
        self._nads = self._nads or kind == NAD

    def conclude(self, engine: Engine) -> None:
        """Give `engine` what shows."""
        now = latest(self._now, engine.window[1])
        if now is None:
            return
        wrong = [w for pod in sorted(self._pods) for w in self._of_pod(self._pods[pod], now)]
        told = {w.own for w in wrong}
        wrong += [w for name in sorted(self._sets) for w in self._of_set(self._sets[name], now) if w.own not in told]
        for one in wrong:
            engine.conclude(one.own.rule, Record(None, "object", one.text, one.where, one.text), runs=True, pods=one.pods)
        self._of_crd(engine, now)

    def _newer(self, held: dict[str, Resource], key: str, resource: Resource) -> None:
        known = held.get(key)
        if known is not None or len(held) < _LIMIT:
            held[key] = resource if known is None else max(known, resource, key=_version)

    def _of_pod(self, pod: Resource, now: int) -> Iterator[_Wrong]:
        key, status, meta = f"{pod.namespace}/{pod.name}", mapping(pod.body.get("status")), mapping(pod.body.get("metadata"))
        own = own_pod(key)
        ready = next((c for c in map(mapping, items(status.get("conditions"))) if c.get("type") == "Ready"), dict[str, Any]())
        since = rfc3339(str(ready.get("lastTransitionTime") or meta.get("creationTimestamp") or ""))
        if own is None or meta.get("deletionTimestamp") or since is None:
            return
        waits = [(str(c.get("name")), mapping(mapping(c.get("state")).get("waiting")), _ended(c)) for c in _containers(status)]
        looping = next((f"{key} {name}: {wait.get('reason')}, {wait.get('message')}{ended}" for name, wait, ended in waits if _backs_off(wait)), "")
        if looping:
            yield _Wrong(own, looping, pod.where, (key,))
        elif ready.get("status") != "True" and status.get("phase") in ("Running", "Pending") and now - since > START:
            reasons = "; ".join(f"{name}: {wait['reason']}{ended}" for name, wait, ended in waits if wait.get("reason"))
            text = f"{key}: {status['phase']}, not ready since {iso(since)}" + (f" ({reasons})" if reasons else "")
            yield _Wrong(own, text, pod.where, (key,))

    def _of_set(self, daemonset: Resource, now: int) -> Iterator[_Wrong]:
        """Yield a DaemonSet with fewer ready pods than it wants, where its pods are not at hand or show nothing."""
        name, status = f"{daemonset.namespace}/{daemonset.name}", mapping(daemonset.body.get("status"))
        own, since = own_pod(f"{name}-"), _changed(daemonset)
        wanted, ready = status.get("desiredNumberScheduled"), status.get("numberReady")
        if own is None or since is None or not isinstance(wanted, int) or not isinstance(ready, int):
            return
        if ready < wanted and now - since > START:
            yield _Wrong(own, f"daemonset {name}: {ready} of {wanted} ready since {iso(since)}", daemonset.where, ())

    def _of_crd(self, engine: Engine, now: int) -> None:
        """Tell of pods that ask for networks where the API server knows no NADs: Multus brings their CRD, so that without its DaemonSet it never came."""
        where = self._unknown()
        asking = sorted(pod for pod, made in self._asking.items() if now - made > START)
        if where is None or not asking or any(g.rule.id == _MISSING for g in engine.groups.values()):
            return  # or Multus, which runs, has said so itself
        there = f"{MULTUS}/multus" in self._sets or any(p.startswith(f"{MULTUS}/multus-") for p in self._pods)
        known = ("DaemonSet", MULTUS) in self._listed
        text = f"the API server does not know {CRD}" + (f", and there is no DaemonSet {MULTUS}/multus" if known and not there else "")
        rule = "multus-not-installed" if known and not there else _MISSING
        engine.conclude(rule, Record(None, "object", text, where, text), runs=True, pods=asking)

    def _unknown(self) -> Where | None:
        """Return what shows that the API server does not know NADs, or None."""
        if self._nads:
            return None
        listed = self._listed.get((NAD, ""))
        if listed is not None:
            return None if listed.body["served"] else listed.where
        return next((Where(source) for source, names in sorted(self._crds.items()) if len(names) >= _SEVERAL and CRD not in names), None)


def _version(resource: Resource) -> int:
    text = str(mapping(resource.body.get("metadata")).get("resourceVersion", ""))
    return int(text) if text.isdigit() else 0


def _containers(status: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for kind in ("initContainerStatuses", "containerStatuses"):
        yield from map(mapping, items(status.get(kind)))


def _ended(container: dict[str, Any]) -> str:
    """Return how a container's last run ended: Multus' ends with exit code 0 after an error."""
    last = mapping(mapping(container.get("lastState")).get("terminated"))
    return f"; it ended with exit code {last.get('exitCode')} ({last.get('reason')})" if last else ""


def _backs_off(waiting: dict[str, Any]) -> bool:
    """Return True if a container has failed to stay up for minutes."""
    m = _BACK_OFF.search(str(waiting.get("message") or "")) if waiting.get("reason") == "CrashLoopBackOff" else None
    return m is not None and int(m["minutes"] or 0) * 60 + int(m["seconds"]) >= _LONG


def _changed(daemonset: Resource) -> int | None:
    """Return when the status of an object was last changed, as far as its managedFields tell."""
    fields = [mapping(f) for f in items(mapping(daemonset.body.get("metadata")).get("managedFields"))]
    return max((t for f in fields if f.get("subresource") == "status" and (t := rfc3339(str(f.get("time") or ""))) is not None), default=None)
