"""Judges records one by one, and keeps of each failure its count, times, pods and a few pieces of proof.

Memory grows with the number of different failures, not with the number of records.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TypeVar

from diagnose.catalog import Catalog
from diagnose.checks.manifest import faults
from diagnose.inventory import Nads
from diagnose.match import Hit, Matcher
from diagnose.model import Evidence, Record, Resource, earliest, latest
from diagnose.parse.chain import CHAIN_LITERALS, Segment
from diagnose.parse.marker import LITERALS as MARK_LITERALS
from diagnose.parse.marker import Mark, mark_of
from diagnose.parse.tree import items, mapping
from diagnose.rule import Rule
from diagnose.scan import longest_stable

SAMPLES = 4
"""Pieces of evidence kept of one failure."""
PODS = 2000
"""Pods remembered of one failure."""
OBJECTS = 50_000
"""Pods remembered of the objects among the evidence."""
_RECENT = 256
"""Attempts remembered, so that the four lines of one attempt count once."""
_CONTEXT = 2_000_000
"""Microseconds for which a line that names a pod speaks for the next lines of the same process."""

_K = TypeVar("_K")
_V = TypeVar("_V")

VAGUE = frozenset({"sandbox-network-failed", "sandbox-name-reserved", "cni-del-failed"})
"""Rules that tell that a pod's network failed, and not why."""


def literals(catalog: Catalog) -> list[str]:
    """Return what the scan must look for: one literal of every message that can stand alone, and all markers.

    A message of a CNI error chain needs none of its own: the chain's own words stand in the same record.
    """
    # Templates know single blanks only; the kernel prints two here.
    found = [*CHAIN_LITERALS, *MARK_LITERALS, "avc:  denied"]
    for rule in catalog.rules:
        for message in rule.messages:
            if message.kind != "say" or (message.inputs == frozenset({"chain"}) and message.template.weight < _DISTINCT):
                continue
            parts = [longest_stable(x) for x in message.template.literals]
            rare = [x for x in parts if len(x) >= _SHORTEST and x.lower() not in COMMON]
            if rare:
                found.append(max(rare, key=len))
    return found


_SHORTEST, _DISTINCT = 10, 14
"""Characters of a literal that is worth a scan; letters and digits of a chain's message that may stand outside of one."""
COMMON = frozenset({
    "interface", "network-attachment-definition", "network-attachment-definitions", "network-attachment-definitions.k8s.cni.cncf.io",
    "definitions.k8s.cni.cncf.io", "openshift-ovn-kubernetes", "connect: connection refused", ": connect: connection refused", "failed to connect",
    "openshift-multus", "not found", "kube-apiserver", "microshift", "k8s.cni.cncf.io",
})  # fmt: skip
"""Texts of healthy journals, too frequent to be looked for; a message that has nothing else is found through its chain."""


@dataclass(slots=True)
class PodTimes:
    """When one pod failed in one way, and what shows that it works since."""

    last: int | None = None
    last_relative: int | None = None


@dataclass(slots=True)
class Group:
    """All hits of one failure."""

    rule: Rule
    key: tuple[str, ...]
    captures: dict[str, str]
    order: int
    pods: dict[str, PodTimes] = field(default_factory=dict[str, PodTimes])
    counts: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    """Occurrences by (input, kind of record): the same failure in the journal and the events counts once."""
    first: int | None = None
    last: int | None = None
    samples: list[Evidence] = field(default_factory=list[Evidence])
    programs: set[str] = field(default_factory=set[str])
    added: bool = False
    """True if some hit came from an operation other than DEL."""
    whole: bool = False
    """True if some hit was not cut short."""


@dataclass(slots=True)
class Success:
    """The last time that a pod was seen to work."""

    time: int | None
    relative: bool
    text: str


def _keep(store: OrderedDict[_K, _V], key: _K, value: _V, limit: int) -> None:
    """Put an entry into `store`, and drop the oldest one where it is full."""
    store[key] = value
    if len(store) > limit:
        store.popitem(last=False)


class Engine:
    """Takes records in any order of inputs; `groups`, `ok` and `starts` hold what they show."""

    def __init__(self, catalog: Catalog) -> None:
        """Judge by the rules of `catalog`."""
        self._catalog = catalog
        self._matcher = Matcher(catalog)
        self._recent: OrderedDict[tuple[str, ...], None] = OrderedDict()
        self._context: dict[tuple[str, str], tuple[str, int | None]] = {}
        self._told: dict[str, dict[str, int]] = {}
        self._memo: OrderedDict[tuple[str, str], list[Hit]] = OrderedDict()
        self.groups: dict[tuple[str, tuple[str, ...], str], Group] = {}
        self.ok: dict[str, list[Success]] = {}
        self.waiting: dict[str, int] = {}
        self.node_ready: int | None = None
        self.starts: list[tuple[int, str]] = []
        self.sandboxes: OrderedDict[str, str] = OrderedDict()
        self.window: tuple[int | None, int | None] = (None, None)
        self.nads = Nads()
        self.known_pods: set[str] = set()

    def feed(self, record: Record) -> list[Hit]:
        """Judge one record, and return its hits."""
        if not record.relative:
            low, high = self.window
            self.window = (earliest(low, record.time), latest(high, record.time))
        mark = mark_of(record)
        if mark is not None:
            self._marked(mark, record)
            if mark.kind != "pod-context":
                return []
        hits = self._classified(record)
        told = self._told.setdefault(record.where.source, {})
        span = record.span
        rules = {r for r, line in told.items() if span and span[0] <= line <= span[1]}
        if rules:
            # Another reading of lines that told already: it may only add names.
            for hit in hits:
                if hit.rule in rules:
                    self._add(hit, record, self._attempt_of(record, hits), counts=False)
            return []
        if record.part or (record.program == "multus" and record.level == "info"):
            hits = [h for h in hits if not h.cut and h.rule not in VAGUE]
        for hit in hits:
            if hit.rule and not hit.cut and hit.rule not in VAGUE:
                told[hit.rule] = record.where.line
        attempt = self._attempt_of(record, hits)
        for hit in hits:
            if hit.rule:
                self._add(hit, record, attempt)
        return hits

    def _classified(self, record: Record) -> list[Hit]:
        if record.level == "debug":
            return []
        key = (record.program, record.message)
        hits = self._memo.get(key)
        if hits is None:
            hits = self._matcher.classify(record.message, record.program)
            _keep(self._memo, key, hits, _RECENT)
        return hits

    def hold(self, resource: Resource) -> None:
        """Take what an object tells: NADs name what a message leaves out, running pods show that a failure is over."""
        self.nads.hold(resource)
        for fault in faults(resource):
            segment = Segment("add", (), fault.text, 0, (), {})
            pod = f"{resource.namespace}/{resource.name}" if "pod" in fault.captures else ""
            record = Record(None, "object", fault.text, resource.where, fault.text, pod=pod)
            self._add(Hit(fault.rule, segment, dict(fault.captures), False, False), record, "")
        if resource.kind == "Pod":
            pod = f"{resource.namespace}/{resource.name}"
            if len(self.known_pods) < OBJECTS:
                self.known_pods.add(pod)
            status = mapping(resource.body.get("status"))
            ready = status.get("ready", True) and all(mapping(c).get("ready") for c in items(status.get("containerStatuses")))
            if ready and status.get("phase") == "Running":
                self._works(pod, None, f"pod {pod} is Running")

    def _marked(self, mark: Mark, record: Record) -> None:
        if mark.pod and mark.sandbox:
            _keep(self.sandboxes, mark.sandbox, mark.pod, PODS)
        place = (record.where.source, record.ident or record.program)
        if mark.kind == "pod-context":
            self._context[place] = (mark.pod, record.time)
        elif mark.kind == "pod-ok" and self._context.get(place, ("", None))[0] != mark.pod:
            self._context.pop(place, None)
        if mark.kind == "pod-ok" and mark.pod:
            self._works(mark.pod, record.time, record.raw, relative=record.relative)
        if record.relative:
            return
        if mark.kind == "pod-waits" and record.time is not None and len(self.waiting) < PODS:
            self.waiting.setdefault(mark.pod, record.time)
        if mark.kind in ("pod-ok", "node-ready") and record.time is not None:
            self.node_ready = max(self.node_ready or 0, record.time)
        if mark.kind == "start" and record.time is not None and len(self.starts) < PODS:
            self.starts.append((record.time, mark.detail))

    def _works(self, pod: str, time: int | None, text: str, *, relative: bool = False) -> None:
        known = self.ok.setdefault(pod, [])
        for number, before in enumerate(known):
            if (before.relative, before.time is None, before.text[:4]) == (relative, time is None, text[:4]):
                if (time or 0) >= (before.time or 0):
                    known[number] = Success(time, relative, text)
                return
        known.append(Success(time, relative, text))

    def _pod_of(self, hit: Hit, record: Record) -> str:
        namespace, pod = hit.segment.fields.get("namespace", ""), hit.segment.fields.get("pod", "")
        if pod:
            # Old wrappers name the pod without its namespace; the line's own key may know it.
            return f"{namespace}/{pod}" if namespace or not record.pod.endswith(f"/{pod}") else record.pod
        if record.pod:
            return record.pod
        captured = hit.captures.get("pod")
        if captured and "/" not in captured:
            return f"{hit.captures.get('namespace', '')}/{captured}"
        sandbox = hit.captures.get("sandbox")
        if sandbox and sandbox in self.sandboxes:
            return self.sandboxes[sandbox]
        if record.program in ("crio", "multus", "containerd"):
            pod, since = self._context.get((record.where.source, record.ident or record.program), ("", None))
            if pod and (since is None or record.time is None or record.time - since < _CONTEXT):
                return pod
        return ""

    def _attempt_of(self, record: Record, hits: list[Hit]) -> str:
        for hit in hits:
            sandbox = hit.segment.fields.get("sandbox", "")
            pod = self._pod_of(hit, record)
            if sandbox and pod:
                _keep(self.sandboxes, sandbox, pod, PODS)
            if sandbox:
                return sandbox
        return ""

    def _add(self, hit: Hit, record: Record, attempt: str, *, counts: bool = True) -> None:
        rule = self._catalog.by_id[hit.rule]
        pod = self._pod_of(hit, record)
        captures = {k: v for k, v in hit.captures.items() if v}
        if pod:
            namespace, _, name = pod.partition("/")
            captures["pod"] = name
            if namespace:
                captures["namespace"] = namespace
        if rule.about == "nad" and captures.get("network") and not captures.get("nad"):
            captures["nad"] = captures["network"]
        key = tuple(captures.get(k, "") for k in rule.key)
        # Where the message does not say which NAD or network it is about, two pods may have two causes.
        identity = (rule.id, key, pod if rule.about != "node" and not any(key) else "")
        group = self.groups.get(identity)
        if group is None:
            group = self.groups[identity] = Group(rule, key, captures, len(self.groups))
        else:
            for k, v in captures.items():
                group.captures.setdefault(k, v)
        group.programs.add(record.program)
        group.added = group.added or hit.segment.op != "delete"
        group.whole = group.whole or not hit.cut
        new = counts and self._is_new(rule.id, key, pod, attempt, record)
        if new:
            kind = "event" if record.program == "event" else "chain" if hit.segment.in_chain and record.program in ("kubelet", "microshift") else record.program
            place = (record.where.source, kind)
            group.counts[place] = group.counts.get(place, 0) + max(1, record.times)
        times = group.pods.setdefault(pod, PodTimes()) if pod and (pod in group.pods or len(group.pods) < PODS) else None
        if record.relative:
            if times is not None:
                times.last_relative = latest(times.last_relative, record.time)
        else:
            first = record.first if record.first is not None else record.time
            group.first = earliest(group.first, first)
            group.last = latest(group.last, record.time)
            if times is not None:
                times.last = latest(times.last, record.time)
        if new:
            self._sample(group, record)

    def _is_new(self, rule: str, key: tuple[str, ...], pod: str, attempt: str, record: Record) -> bool:
        """Return False if this attempt was counted before: the kubelet logs each four times, Multus twice."""
        second = record.time // 1_000_000 if record.time is not None else None
        if record.program == "event":
            mark = (record.where.source, "event", rule, *key, pod, record.raw if record.time is None else str(record.time), attempt)
        elif attempt:
            mark = (record.where.source, rule, *key, attempt)
        else:
            mark = (record.where.source, rule, *key, pod, str(second) if second is not None else record.message[-200:])
        if mark in self._recent:
            self._recent.move_to_end(mark)
            return False
        _keep(self._recent, mark, None, _RECENT)
        return True

    def _sample(self, group: Group, record: Record) -> None:
        time = None if record.relative else record.time
        evidence = Evidence(record.where.source, record.where.line, record.where.cursor, time, record.raw)
        samples = group.samples
        if len(samples) < SAMPLES:
            samples.append(evidence)
        elif record.time is not None and (samples[-1].time or 0) <= record.time:
            samples[-1] = evidence  # keep the first ones and the newest
