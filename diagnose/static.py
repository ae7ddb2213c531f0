"""What the objects among the evidence show by themselves: the checks of `msnet check`, rated by what is known of the pods that they would stop.

A check says what Multus and the plugins will do. Here it is known what they did: a pod that runs is accused of nothing, and where a log tells
why a pod fails, other faults are for information.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from diagnose import checks
from diagnose.checks.fault import Fault, Objects, Profile
from diagnose.checks.object import NAD, TEMPLATES
from diagnose.checks.object import RULE as INVALID
from diagnose.checks.place import STATUS
from diagnose.checks.plugin import STANDARD_PLUGINS
from diagnose.engine import Engine, Group
from diagnose.model import LINK, LISTED, Hint, Record, Resource
from diagnose.parse.tree import items, mapping
from diagnose.profiling import Learned
from diagnose.record import dataclass, field
from diagnose.rule import Rule

_LIMIT = 20_000
"""Objects that are checked."""
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_SILENT = frozenset({"annotation-unknown-key", "annotation-not-applied"})
"""Rules of faults that make no error: that the pod runs says nothing about them."""
_STOPS = frozenset({"nad-not-found", "master-interface-busy", "address-conflict"})
"""Rules whose warnings may stop a pod all the same (EBUSY, EADDRINUSE, a duplicate IPv6 address): whether they do hangs on what no object shows."""
_HINTED = frozenset({"nad-not-found", "master-interface-not-found"})
"""Rules whose names `hints` compares with all of the evidence."""
_MOST, _LONG = 3, 200
"""Faults of one finding that are told; characters of what to write instead."""
_NAMES = {
    "Deployment": r"-[a-z0-9]{4,10}-[a-z0-9]{5}", "StatefulSet": r"-\d+", "CronJob": r"-\d+-[a-z0-9]{5}",
}  # fmt: skip
"""What the controllers add to a template's name; the others add five characters (apiserver storage/names/generate.go)."""


class Judged(NamedTuple):
    """One fault, and how bad it is here."""

    resource: Resource
    fault: Fault
    severity: str
    pods: tuple[str, ...]
    """The pods ("namespace/name") that it stops."""
    runs: bool = False
    """True if nothing that runs shows that it is over."""


@dataclass(slots=True)
class Static:
    """The objects of a run; `hold` each resource, then `conclude` once, after the last record."""

    problems: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Checks that failed by themselves: object and reason."""
    _held: dict[tuple[str, str, str], Resource] = field(default_factory=dict[tuple[str, str, str], Resource])
    _learned: Learned = field(default_factory=Learned)
    _links: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    _whole: bool = False
    """True if the API server told all NADs."""
    _live: bool = False
    """True if the API told of pods."""
    _told: dict[tuple[str, str], list[Fault]] = field(default_factory=dict[tuple[str, str], list[Fault]])

    def hold(self, resource: Resource) -> None:
        """Take an object; of several states of it the newest counts."""
        self._learned.hold(resource)
        if resource.kind == LINK:
            self._links.setdefault(resource.where.source, set()).add(resource.name)
        self._whole = self._whole or (resource.kind == LISTED and resource.name == NAD and not resource.namespace and resource.body["served"])
        if resource.kind != NAD and resource.kind not in TEMPLATES:
            return
        self._live = self._live or (resource.kind == "Pod" and _is_live(resource))
        if resource.kind == "Pod" and not _annotations(resource):
            return
        key = resource.kind, resource.namespace, resource.name
        known = self._held.get(key)
        if known is None and len(self._held) >= _LIMIT:
            return
        if known is None or _age(known) < _age(resource):
            self._held[key] = _slim(resource)

    def conclude(self, engine: Engine, rules: Mapping[str, Rule]) -> None:
        """Check everything, and give `engine` what is wrong."""
        if not self._held:
            return
        for one in self._judged(engine, rules):
            self._tell(one, engine)

    def hints(self, rule: str, captures: dict[str, str]) -> list[Hint]:
        """Return the sentences on the faults of a finding's object, and what to write instead."""
        found: list[Hint] = []
        for name in (_nad_of(captures), _pod_of(captures)) if rule not in _HINTED else ():
            for fault in self._told.get((rule, name), [])[:_MOST]:
                found.append(Hint("fault", {"what": fault.what, **fault.captures, **fault.values}))
                if fault.instead and "\n" not in fault.instead and len(fault.instead) < _LONG:
                    found.append(Hint("instead", {"text": fault.instead}))
        return [h for n, h in enumerate(found) if h not in found[:n]]

    # --- what is known ------------------------------------------------------------------------------------------------

    def _profile(self) -> Profile:
        """Return what the evidence tells of the node; where nobody listed its plugins, any may be on it."""
        whole = [names for names in self._links.values() if "lo" in names]  # else `ip link show DEVICE`
        plugins = self._learned.node.plugins or STANDARD_PLUGINS
        return replace(
            self._learned.profile(), plugins=plugins, links=frozenset().union(*whole) if whole else None, nads=None, namespaces_known=self._all_nads()
        )

    def _all_nads(self) -> bool:
        """Return True if the API server told all NADs, or one input shows those of several namespaces as it returned them: only `-A` lists them together."""
        if self._whole:
            return True
        namespaces: dict[str, set[str]] = {}
        for resource in self._held.values():
            if resource.kind == NAD and _is_live(resource):
                namespaces.setdefault(resource.where.source, set()).add(resource.namespace)
        return any(len(found) > 1 for found in namespaces.values())

    def _faults(self) -> Iterator[tuple[Resource, Fault]]:
        profile = self._profile()
        # Of two that want one thing, the later is told: the one that waits.
        waits = {k: r.kind == "Pod" and _is_failing(r) for k, r in self._held.items()}
        objects = Objects([self._held[k] for k in sorted(self._held, key=lambda k: (waits[k], k))])
        for resource in objects.resources:
            yield from self._guarded(f"{resource.kind} {resource.namespace}/{resource.name}", ((resource, f) for f in checks.faults(resource, profile)))
        yield from self._guarded("objects", checks.cross(objects, profile))

    def _guarded(self, what: str, found: Iterable[tuple[Resource, Fault]]) -> Iterator[tuple[Resource, Fault]]:
        """Yield what is found until the check fails by itself, which is told and hides nothing else."""
        try:
            yield from found
        except Exception as e:
            if os.environ.get("MSNET_DEBUG"):
                raise
            self.problems.append((what, f"{type(e).__name__}: {e}"))

    # --- how bad it is ------------------------------------------------------------------------------------------------

    def _judged(self, engine: Engine, rules: Mapping[str, Rule]) -> Iterator[Judged]:
        known = _Known(engine)
        for resource, fault in self._faults():
            rule = rules.get(fault.rule)
            if rule is None or (fault.rule == INVALID and (_is_live(resource) or _is_part(resource))):
                continue  # the API took it
            if fault.severity == "info":
                if fault.rule == "nad-not-found" and known.tells(fault):
                    yield Judged(resource, fault, "", ())
            elif resource.kind == NAD:
                yield from self._of_nad(resource, fault, rule, known)
            else:
                yield from self._of_pods(resource, fault, rule, known)

    def _of_nad(self, resource: Resource, fault: Fault, rule: Rule, known: _Known) -> Iterator[Judged]:
        base = fault.severity or rule.original or rule.severity
        asking = known.asking(resource)
        failing = [p for p in asking if self._fails(p, known)]
        left = tuple(p for p in failing if not self._explained(p, known))
        stops = _may_stop(fault, base)
        if left and stops:
            yield Judged(resource, fault, base, left)
        elif failing:
            # Beside a cause that a log tells, what works otherwise than meant is nobody's question.
            yield from [Judged(resource, fault, "info", left or tuple(failing))] if left or stops else []
        elif asking or self._live or (_is_live(resource) and not stops):
            yield Judged(resource, fault, "info", (), runs=True)
        elif not known.explained():
            yield Judged(resource, fault, base, ())
        elif stops:
            yield Judged(resource, fault, "info", (), runs=True)

    def _pod(self, pod: str) -> Resource | None:
        """Return a pod as the API returned it."""
        namespace, _, name = pod.partition("/")
        held = self._held.get(("Pod", namespace, name))
        return held if held is not None and _is_live(held) else None

    def _fails(self, pod: str, known: _Known) -> bool:
        held = self._pod(pod)
        return known.fails(pod) if held is None else _is_failing(held) and not known.runs_now(pod)

    def _explained(self, pod: str, known: _Known) -> bool:
        """Return True if a log tells why the pod fails: of a pod in a manifest, which may bear another name there, why anything does."""
        return known.explained(pod if self._pod(pod) is not None else "")

    def _of_pods(self, resource: Resource, fault: Fault, rule: Rule, known: _Known) -> Iterator[Judged]:
        base = fault.severity or rule.original or rule.severity
        if rule.id in _SILENT:
            yield Judged(resource, fault, base, (), runs=True)
        elif resource.kind != "Pod":
            yield from self._of_template(resource, fault, base, known)
        else:
            pod = f"{resource.namespace}/{resource.name}"
            fails = self._fails(pod, known)
            accused = fails and not self._explained(pod, known) and self._sure(resource, fault) and (_may_stop(fault, base) or not _is_live(resource))
            yield Judged(resource, fault, base if accused else "info", (), runs=not fails)

    def _sure(self, resource: Resource, fault: Fault) -> bool:
        """Return False for a NAD that is not at hand because no NAD of its namespace is, and nothing shows that another was meant."""
        if fault.rule != "nad-not-found" or fault.what != "annotation-nad-missing" or not fault.severity:
            return True
        wanted = fault.captures.get("nad_namespace") or resource.namespace
        return any(kind == NAD and namespace in (wanted, "") for kind, namespace, _ in self._held)

    def _of_template(self, resource: Resource, fault: Fault, base: str, known: _Known) -> Iterator[Judged]:
        """Yield a template's fault for its pods; those that are held are checked themselves."""
        pods = known.made_by(resource)
        if any(("Pod", *p.split("/", 1)) in self._held for p in pods):
            return
        failing = [p for p in pods if known.fails(p)]
        for pod in failing:
            namespace, _, name = pod.partition("/")
            captures = {**fault.captures, "pod": name, "namespace": namespace}
            severity = "info" if known.explained(pod) else base
            yield Judged(resource, fault._replace(captures=captures), severity, ())
        if failing:
            return
        idle = bool(pods) or (_is_live(resource) and not _lacks_pods(resource)) or known.explained()
        yield Judged(resource, fault, "info" if idle else base, (), runs=True)

    # --- telling ------------------------------------------------------------------------------------------------------

    def _tell(self, one: Judged, engine: Engine) -> None:
        resource, fault = one.resource, one.fault
        pods = one.pods
        if not pods and "pod" in fault.captures and resource.kind in TEMPLATES:
            pods = (f"{fault.captures.get('namespace', '')}/{fault.captures['pod']}",)
        record = Record(None, "object", fault.text, resource.where, fault.text, pod=pods[0] if pods else "")
        engine.conclude(fault.rule, record, dict(fault.captures), runs=one.runs, severity=one.severity, pods=pods)
        for name in {_nad_of(fault.captures), *pods}:
            if name and fault.what:
                self._told.setdefault((fault.rule, name), []).append(fault)


def _nad_of(captures: dict[str, str]) -> str:
    return f"{captures.get('nad_namespace', '')}/{captures['nad']}" if captures.get("nad") else ""


def _pod_of(captures: dict[str, str]) -> str:
    return f"{captures.get('namespace', '')}/{captures['pod']}" if captures.get("pod") else ""


def _may_stop(fault: Fault, severity: str) -> bool:
    """Return True if the fault makes an ADD fail: a warning is about what works otherwise than meant."""
    return severity == "error" or fault.rule in _STOPS


# --- objects ----------------------------------------------------------------------------------------------------------


def _meta(resource: Resource) -> dict[str, Any]:
    return mapping(resource.body.get("metadata"))


def _annotations(resource: Resource) -> object:
    return _meta(resource).get("annotations") or _meta(resource).get("labels")


def _is_live(resource: Resource) -> bool:
    """Return True for an object as the API returned it, not as somebody wrote it."""
    return bool(_meta(resource).get("uid"))


def _is_part(resource: Resource) -> bool:
    """Return True for what a table or `describe` shows of an object."""
    return "kind" not in resource.body


def _age(resource: Resource) -> tuple[bool, int, str, int]:
    version = str(_meta(resource).get("resourceVersion", ""))
    return _is_live(resource), int(version) if version.isdecimal() and version.isascii() else 0, resource.where.source, resource.where.line


def _slim(resource: Resource) -> Resource:
    """Return a pod of the API with what the checks read of it: thousands of them must not fill the memory."""
    if resource.kind != "Pod" or not _is_live(resource):
        return resource
    meta, spec, status = (mapping(resource.body.get(k)) for k in ("metadata", "spec", "status"))
    kept = {k: meta[k] for k in ("name", "namespace", "uid", "resourceVersion", "labels", "deletionTimestamp") if k in meta}
    kept["annotations"] = {k: v for k, v in mapping(meta.get("annotations")).items() if k != _LAST_APPLIED}
    body: dict[str, Any] = {
        "apiVersion": "v1", "kind": "Pod", "metadata": kept, "spec": {"hostNetwork": spec.get("hostNetwork")},
        "status": {k: status.get(k) for k in ("phase", "conditions")},
    }  # fmt: skip
    return resource._replace(body=body)


def _is_failing(pod: Resource) -> bool:
    """Return True if the pod waits for its network as far as the API tells: it has a node and no sandbox (KEP-3085), and Multus never reported on it."""
    status = mapping(pod.body.get("status"))
    conditions = {c.get("type"): c.get("status") for c in map(mapping, items(status.get("conditions")))}
    if status.get("phase") not in ("Pending", None, "") or _meta(pod).get("deletionTimestamp") or mapping(pod.body.get("spec")).get("hostNetwork"):
        return False
    started = conditions.get("PodReadyToStartContainers") == "True" or mapping(_meta(pod).get("annotations")).get(STATUS)
    return not started and conditions.get("PodScheduled") != "False"


def _lacks_pods(template: Resource) -> bool:
    """Return True if a controller of the API has fewer working pods than it wants."""
    spec, status = mapping(template.body.get("spec")), mapping(template.body.get("status"))
    wanted = status.get("desiredNumberScheduled", spec.get("replicas", spec.get("parallelism", 1)))
    ready = next((status[k] for k in ("readyReplicas", "numberReady", "ready", "succeeded") if isinstance(status.get(k), int)), 0)
    return template.kind != "CronJob" and isinstance(wanted, int) and isinstance(ready, int) and ready < wanted


# --- what the rest of the evidence tells ------------------------------------------------------------------------------


class _Known:
    """What the engine knows before any object is checked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._logs: list[Group] = [g for g in engine.groups.values() if g.programs != {"object"}]
        self._causes = [g for g in self._logs if not g.rule.symptom and g.rule.severity != "info"]
        self._pods = engine.inventory.pods | engine.ok.keys() | {p for g in self._logs for p in g.pods}

    def explained(self, pod: str = "") -> bool:
        """Return True if a log tells why that pod fails ("": why anything does)."""
        return any(not pod or pod in g.pods for g in self._causes)

    def tells(self, fault: Fault) -> bool:
        """Return True if a log tells of the same fault."""
        names = ("nad_namespace", "nad")
        return any(g.rule.id == fault.rule and all(g.captures.get(n, "") == fault.captures.get(n, "") for n in names) for g in self._logs)

    def runs_now(self, pod: str) -> bool:
        """Return True if an object, or a row of kubectl's table, shows that the pod runs."""
        return any(s.network is None and s.time is None for s in self._engine.ok.get(pod, {}).values())

    def fails(self, pod: str) -> bool:
        """Return True unless anything shows that the pod works."""
        return not any(s.network is None for s in self._engine.ok.get(pod, {}).values())

    def asking(self, nad: Resource) -> list[str]:
        """Return the pods that ask for that NAD."""
        return self._engine.inventory.asking(nad.namespace, nad.name)

    def made_by(self, template: Resource) -> list[str]:
        """Return the known pods that bear a name which the template's controller gives."""
        rx = re.compile(re.escape(f"{template.namespace}/{template.name}") + _NAMES.get(template.kind, r"-[a-z0-9]{5}") + r"\Z")
        return sorted(p for p in self._pods if rx.match(p))
