"""Judges records one by one, and keeps of each failure its count, times, pods and a few pieces of proof.

Memory grows with the number of different failures, not with the number of records; what is kept does not depend on the
order in which inputs are read.
"""

from __future__ import annotations

import re
from collections import Counter, OrderedDict
from collections.abc import Iterable

from diagnose.catalog import Catalog
from diagnose.inventory import Inventory
from diagnose.match import Hit, Matcher
from diagnose.model import Evidence, Record, Resource, Unexplained, earliest, latest
from diagnose.own import HOST_NETWORK, is_broken, own_pod
from diagnose.parse.chain import Segment
from diagnose.parse.marker import Mark, mark_of
from diagnose.parse.tree import items, mapping
from diagnose.record import dataclass, field
from diagnose.rule import Rule
from diagnose.shape import shape
from diagnose.times import Setting, Times, setting_of

SAMPLES = 4
"""Pieces of evidence kept of one failure."""
PODS = 2000
"""Pods remembered of one failure."""
OBJECTS = 50_000
"""Pods remembered of the objects among the evidence."""
_PLAIN = 512
"""Messages that are known to mark nothing."""
_ATTEMPTS = 60_000
"""Attempts remembered twice over, so that one attempt counts once however often and wherever it is told."""
_EVENTS = 1000
"""Different events of one failure that are counted apart."""
_CONTEXT = 2_000_000
"""Microseconds for which a line that names a pod speaks for the next lines of the same process."""
_NAMELESS = 8
"""Hits of one process that wait for the line that names their pod."""
_SHAPES = 200
"""Shapes of unexplained messages that are kept apart."""
_MARKS = 500
"""Turns of the node's story that are remembered."""

VAGUE = frozenset({"sandbox-network-failed", "sandbox-name-reserved", "cni-del-failed"})
"""Rules that tell that a pod's network failed, and not why."""


@dataclass(slots=True)
class PodTimes:
    """When one pod failed in one way."""

    times: Times = field(default_factory=Times)
    last_relative: int | None = None
    """The last failure by a clock that is good for the order within its input only."""


@dataclass(slots=True)
class Group:
    """All hits of one failure."""

    rule: Rule
    key: tuple[str, ...]
    captures: dict[str, str] = field(default_factory=dict[str, str])
    stamps: dict[str, int] = field(default_factory=dict[str, int])
    """When each capture was first told: the earliest word on a name stands."""
    pods: dict[str, PodTimes] = field(default_factory=dict[str, PodTimes])
    counts: Counter[str] = field(default_factory=Counter[str])
    """Occurrences by the kind of record that tells them: the same failure in the journal and the events counts once."""
    events: dict[tuple[str, int], int] = field(default_factory=dict[tuple[str, int], int])
    """How often each event (its reason, and a hash of the rest) happened, by its own count."""
    times: Times = field(default_factory=Times)
    bare: bool = False
    """True if some hit names no pod, or one of MicroShift's own: a component's own word, which can speak for the whole node."""
    firsts: dict[object, Evidence] = field(default_factory=dict[object, Evidence])
    """The first evidence of the first attempts, by attempt."""
    newest: Evidence | None = None
    programs: set[str] = field(default_factory=set[str])
    added: bool = False
    """True if some hit came from an operation other than DEL."""
    whole: bool = False
    """True if some hit was not cut short."""
    runs: bool = False
    """True if its pods run all the same: then that they run ends nothing."""
    present: bool = False
    """True if the node's state shows it as it is now: no success before that ends it."""
    severities: set[str] = field(default_factory=set[str])
    """How bad objects alone show it to be; empty: as the rule says."""

    def learn(self, captures: dict[str, str], stamp: int) -> None:
        """Take names from a hit at `stamp`; of two words on one name the earlier stands."""
        for k, v in captures.items():
            known = self.captures.get(k)
            since = self.stamps.get(k, _NEVER)
            if known is None or stamp < since or (stamp == since and v < known):
                self.captures[k] = v
                self.stamps[k] = stamp

    def cite(self, attempt: object, evidence: Evidence) -> None:
        """Keep a piece of evidence if it is of the first attempts, or the newest."""
        if self.newest is None or when(self.newest) < when(evidence):
            self.newest = evidence
        known = self.firsts.get(attempt)
        if known is not None:
            self.firsts[attempt] = min(known, evidence, key=when)
            return
        self.firsts[attempt] = evidence
        if len(self.firsts) >= SAMPLES:
            del self.firsts[max(self.firsts, key=lambda a: when(self.firsts[a]))]

    def samples(self) -> list[Evidence]:
        """Return the evidence kept, in order."""
        firsts = sorted(self.firsts.values(), key=when)
        return firsts if self.newest is None or self.newest in firsts else [*firsts, self.newest]

    def count(self) -> int:
        """Return how often it happened."""
        by_reason: Counter[str] = Counter()
        for (reason, _), times in self.events.items():
            by_reason[reason] += times
        return max(*self.counts.values(), *by_reason.values(), 1, 1)


_NEVER = 1 << 62


def when(e: Evidence) -> tuple[bool, int, str, int, str]:
    """Return what evidence is ordered by: its time, what has none last, then its place."""
    return e.time is None, e.time or 0, e.source, e.line, e.text


@dataclass(slots=True)
class Success:
    """One way in which a pod was last seen to work."""

    time: int | None
    setting: Setting
    relative: bool
    text: str
    network: str | None = None
    """The network that was added; None where the whole pod works."""


class Seen:
    """Remembers marks for a while: at least the newest `limit` of them, at most twice as many."""

    def __init__(self, limit: int) -> None:
        """Begin empty."""
        self._limit = limit
        self._new: set[int] = set()
        self._old: set[int] = set()

    def new(self, *mark: object) -> bool:
        """Return True if `mark` was not seen before, and remember it."""
        key = hash(mark)
        if key in self._new:
            return False
        fresh = key not in self._old
        self._new.add(key)
        if len(self._new) > self._limit:
            self._old, self._new = self._new, set()
        return fresh


class Engine:
    """Takes records in any order of inputs; its public attributes hold what they show."""

    def __init__(self, catalog: Catalog) -> None:
        """Judge by the rules of `catalog`."""
        self._catalog = catalog
        self._matcher = Matcher(catalog)
        self._attempts = Seen(_ATTEMPTS)
        self._context: dict[tuple[str, str], tuple[Mark, int | None]] = {}
        self._told: dict[str, dict[str, tuple[int, tuple[int, int] | None]]] = {}
        self._sandboxes: OrderedDict[str, str] = OrderedDict()
        self._orphans: OrderedDict[str, list[tuple[Hit, Record]]] = OrderedDict()
        self._unmarked: set[tuple[str, str] | None] = set()
        self._nameless: dict[tuple[str, str], list[tuple[Hit, Record]]] = {}
        self.groups: dict[tuple[str, tuple[str, ...], str], Group] = {}
        self.ok: dict[str, dict[tuple[str | None, bool, bool], Success]] = {}
        """What shows that a pod works, the newest of each kind."""
        self.ok_times: dict[str, Times] = {}
        self.gone: dict[str, Times] = {}
        """When a pod was deleted."""
        self.waiting: dict[str, Times] = {}
        """When the scheduler could not place a pod."""
        self.ready = Times()
        """When the node's network was seen to work."""
        self.marks: dict[tuple[int, Setting, str], tuple[Mark, Record]] = {}
        """Turns of the node's story (starts, stops, renamed interfaces ...), by time, setting of the clock, and text."""
        self.journald: dict[str, set[str]] = {}
        """What journald says of itself: lost, volatile, persistent."""
        self.unexplained: dict[str, Unexplained] = {}
        self.window: tuple[int | None, int | None] = (None, None)
        self.inventory = Inventory()
        self.failing: Counter[str] = Counter()
        """How often each pod failed, by its name without the namespace. That a container restarts counts where an event tells it: else it is no answer."""
        self.held = False
        """True if any object was among the evidence."""

    def in_turn(self, source: str) -> bool:
        """Return True while a line of `source` told whose turn it is, and no later one told otherwise."""
        return any(place[0] == source for place in self._context)

    @property
    def seeking(self) -> bool:
        """True if any hit waits to learn whose sandbox it tells of."""
        return bool(self._orphans)

    def seeks(self, sandbox: str) -> bool:
        """Return True if a hit waits to learn whose sandbox that is."""
        return sandbox in self._orphans

    def feed(self, record: Record) -> None:
        """Judge one record."""
        if not record.relative:
            low, high = self.window
            self.window = (earliest(low, record.time), latest(high, record.time))
        mark = self._mark_of(record)
        if mark is not None:
            self._marked(mark, record)
            if mark.kind != "pod-context":
                return
        hits = self._classified(record)
        told = self._told.setdefault(record.where.source, {})
        span = record.span
        # A line of a paragraph repeats what the paragraph joined told, and nothing that another line of it told.
        rules = {r for r, (line, whole) in told.items() if span and (whole == span if record.part else span[0] <= line <= span[1])}
        if rules:
            # Another reading of lines that told already: it may only add names.
            for hit in hits:
                if hit.rule in rules:
                    self._add(hit, record, counts=False)
            return
        if record.part or (record.program == "multus" and record.level == "info"):
            hits = [h for h in hits if not h.cut and h.rule not in VAGUE]
        for hit in hits:
            if hit.rule and not hit.cut and hit.rule not in VAGUE:
                told[hit.rule] = (record.where.line, None if record.part else span)
        for hit in hits:
            self._place(hit, record)

    def _mark_of(self, record: Record) -> Mark | None:
        """Return what the record marks; a message that is like one that marks nothing marks nothing."""
        key = (record.program, record.like.text) if record.like is not None else None
        if key in self._unmarked:
            return None
        mark = mark_of(record)
        if mark is None and key is not None:
            if len(self._unmarked) >= _PLAIN:
                self._unmarked.clear()
            self._unmarked.add(key)
        return mark

    def conclude(
        self, rule: str, record: Record, captures: dict[str, str] | None = None, *, runs: bool = False, severity: str = "", pods: Iterable[str] = (),
        present: bool = False,
    ) -> None:  # fmt: skip
        """Add a failure that no record tells by itself: `record` shows it together with another one; `runs`: of a pod that runs all the same.

        `severity` holds where no log tells the same; `pods` are hit by it beside the record's; `present`: the node is in that state now.
        """
        group = self._add(Hit(rule, Segment("add", (), record.message, 0, (), {}), captures or {}, False, False), record)
        group.runs = group.runs or runs
        group.present = group.present or present
        group.severities.update({severity} - {""})
        for pod in pods:
            group.pods.setdefault(pod, PodTimes())
            self.failing[pod.partition("/")[2]] += 1

    def finish(self) -> None:
        """Judge what was put off; call it once, after the last record."""
        for waiting in self._orphans.values():
            for hit, record in waiting:
                self._add(hit, record)
        for waiting in self._nameless.values():
            for hit, record in waiting:
                self._add(hit, record)
        self._orphans.clear()
        self._nameless.clear()

    def _classified(self, record: Record) -> list[Hit]:
        if record.level == "debug":
            return []
        return self._matcher.classify(record.message, record.program, record.like)

    def _place(self, hit: Hit, record: Record) -> None:
        """Add a hit, or put it off until the pod of its sandbox is known."""
        if not hit.rule:
            if not hit.quiet and _is_network_error(hit.segment, record):
                self._wonder(hit, record)
            return
        broken = _BROKEN.search(record.message) if hit.rule == "not-network" else None
        if broken is not None:
            own = own_pod(self._pod_named(hit, record))
            hit = hit._replace(rule=own.rule) if own is not None and broken["container"] in own.containers else hit
        if hit.rule == "sandbox-network-failed" and hit.captures.get("reason"):
            self._wonder(hit, record)
        sandbox = hit.segment.fields.get("sandbox") or hit.captures.get("sandbox", "")
        pod = self._pod_named(hit, record)
        if sandbox and pod:
            self._boxed(sandbox, pod)
        elif sandbox and len(self._orphans) < PODS:
            self._orphans.setdefault(sandbox, []).append((hit, record))
            return
        if pod:
            self._settle(hit, record, pod)
        elif record.program in ("crio", "multus", "containerd"):
            self._hold_back(hit, record)
            return
        self._add(hit, record)

    def _hold_back(self, hit: Hit, record: Record) -> None:
        """Keep a hit that names no pod until the next lines of its process name one, or nothing does."""
        waiting = self._nameless.setdefault((record.where.source, record.ident or record.program), [])
        waiting.append((hit, record))
        if len(waiting) > _NAMELESS:
            self._add(*waiting.pop(0))

    def _settle(self, hit: Hit, record: Record, pod: str) -> None:
        """Give a pod to the lines of its process that said the same just before and named none."""
        place = (record.where.source, record.ident or record.program)
        waiting = self._nameless.get(place)
        if not waiting:
            return
        for other, before in waiting:
            same = other.rule == hit.rule and (before.time is None or record.time is None or 0 <= record.time - before.time < _CONTEXT)
            self._add(other, before._replace(pod=pod) if same else before, counts=not same)
        waiting.clear()

    def _boxed(self, sandbox: str, pod: str) -> None:
        """Learn whose sandbox it is."""
        self._sandboxes[sandbox] = pod
        if len(self._sandboxes) > PODS:
            self._sandboxes.popitem(last=False)
        for hit, record in self._orphans.pop(sandbox, ()):
            self._add(hit, record)

    def hold(self, resource: Resource) -> None:
        """Take what an object tells: NADs name what a message leaves out, running pods show that a failure is over."""
        self.held = True
        self.inventory.hold(resource)
        if resource.kind == "Pod":
            pod = f"{resource.namespace}/{resource.name}"
            status = mapping(resource.body.get("status"))
            own, phase = own_pod(pod), str(status.get("phase", ""))
            if own is not None and is_broken(phase):
                text = f"{pod}: {phase.removeprefix('Init:')}"
                self.conclude(own.rule, Record(None, "object", text, resource.where, text, pod=pod))
            ready = status.get("ready", True) and all(mapping(c).get("ready") for c in items(status.get("containerStatuses")))
            if ready and status.get("phase") == "Running":
                self._works(pod, Success(None, ("", 0), False, f"pod {pod} is Running"))

    def _marked(self, mark: Mark, record: Record) -> None:
        if mark.pod and mark.sandbox:
            self._boxed(mark.sandbox, mark.pod)
        place = (record.where.source, record.ident or record.program)
        if mark.kind == "pod-context":
            self._context[place] = (mark, record.time)
            return
        if mark.kind == "pod-ok":
            context = self._context.get(place)
            if context is not None and context[0].pod != mark.pod:
                del self._context[place]
            added = _ADDED.search(record.raw)
            network = (added["network"] or "") if added is not None else None
            said = record.message if network is not None or mark.pod in record.message else f"{mark.pod}: {record.message}"
            self._works(mark.pod, Success(record.time, setting_of(record), record.relative, said, network))
        if record.relative or record.time is None:
            return
        setting, time = setting_of(record), record.time
        if mark.kind == "pod-waits" and len(self.waiting) < PODS:
            self.waiting.setdefault(mark.pod, Times()).meet(setting, time, time)
        elif mark.kind == "pod-gone":
            for pod in _PODS.findall(record.raw.partition("pods=")[2]):
                if pod in self.gone or len(self.gone) < OBJECTS:
                    self.gone.setdefault(pod, Times()).meet(setting, time, time)
                own = own_pod(pod)
                if own is not None:
                    self.marks[time, setting, pod] = mark._replace(kind="stop", who=own.component), record
        elif mark.kind == "node-ready" or (mark.kind == "pod-ok" and not mark.pod.startswith(HOST_NETWORK)):
            self.ready.meet(setting, time, time)
        elif mark.kind in _JOURNALD:
            self.journald.setdefault(mark.kind, set()).add(mark.detail)
        if mark.kind in _STORY and len(self.marks) < _MARKS:
            self.marks[time, setting, mark.detail] = mark, record

    def _works(self, pod: str, success: Success) -> None:
        known = self.ok.setdefault(pod, {})
        kind = (success.network, success.relative, success.time is None)
        before = known.get(kind)
        if before is None or (before.time or 0, before.text) <= (success.time or 0, success.text):
            known[kind] = success
        if success.network is None and success.time is not None and not success.relative:
            self.ok_times.setdefault(pod, Times()).meet(success.setting, success.time, success.time)

    def _pod_named(self, hit: Hit, record: Record) -> str:
        """Return the pod that a hit names, itself or through its sandbox, or ""."""
        namespace, pod = hit.segment.fields.get("namespace", ""), hit.segment.fields.get("pod", "")
        if pod:
            # Old wrappers name the pod without its namespace; the line's own key may know it.
            return f"{namespace}/{pod}" if namespace or not record.pod.endswith(f"/{pod}") else record.pod
        if record.pod:
            return record.pod
        captured = hit.captures.get("pod")
        if captured and "/" not in captured:
            return f"{hit.captures.get('namespace', '')}/{captured}"
        return self._sandboxes.get(hit.segment.fields.get("sandbox") or hit.captures.get("sandbox", ""), "")

    def _pod_of(self, hit: Hit, record: Record) -> str:
        """Return the pod that a hit names, else the one whose turn it is in that log, else ""."""
        pod = self._pod_named(hit, record)
        if pod or record.program not in ("crio", "multus", "containerd"):
            return pod
        context = self._context.get((record.where.source, record.ident or record.program))
        if context is None:
            return ""
        mark, since = context
        return mark.pod if since is None or record.time is None or 0 <= record.time - since < _CONTEXT else ""

    def _add(self, hit: Hit, record: Record, *, counts: bool = True) -> Group:
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
        apart = pod or (f"{captures.get('nad_namespace', '')}/{captures.get('nad', '')}" if record.program == "object" else "")
        identity = (rule.id, key, apart if rule.about != "node" and not any(key) else "")
        group = self.groups.get(identity)
        if group is None:
            group = self.groups[identity] = Group(rule, key)
        if pod and (rule.id != "not-network" or record.program == "event"):
            self.failing[pod.partition("/")[2]] += 1
        group.learn(captures, record.time if record.time is not None and not record.relative else _NEVER)
        group.programs.add(record.program)
        group.added = group.added or hit.segment.op != "delete"
        group.whole = group.whole or not hit.cut
        group.bare = group.bare or not pod or own_pod(pod) is not None
        if counts:
            self._count(group, hit, record, pod)
        times = group.pods.setdefault(pod, PodTimes()) if pod and (pod in group.pods or len(group.pods) < PODS) else None
        if record.relative:
            if times is not None:
                times.last_relative = latest(times.last_relative, record.time)
        elif record.time is not None:
            setting = setting_of(record)
            first = record.first if record.first is not None else record.time
            group.times.meet(setting, first, record.time)
            if times is not None:
                times.times.meet(setting, first, record.time)
        return group

    def _count(self, group: Group, hit: Hit, record: Record, pod: str) -> None:
        """Count a hit unless its attempt was counted before: the kubelet logs each four times, Multus twice.

        An attempt is known by its sandbox, else by its second; an event of the API by its own words.
        """
        rule, key = group.rule.id, group.key
        attempt = hit.segment.fields.get("sandbox") or hit.captures.get("sandbox", "")
        second = record.time // 1_000_000 if record.time is not None and not record.relative else None
        if record.program == "event" and (record.times > 1 or second is None or record.first is not None):
            event = (record.reason, hash((pod, attempt or " ".join(record.message.split()))))
            known = group.events.get(event, 0)
            if (known or len(group.events) < _EVENTS) and record.times > known:
                group.events[event] = record.times
            group.cite(attempt or event, _evidence(record))
            return
        kind = record.program if record.program != "event" else f"event {record.reason}"
        if attempt:
            kind, mark = "attempt", attempt
        else:
            mark = str(second) if second is not None else record.message[-200:]
        group.cite(mark, _evidence(record))
        if self._attempts.new(rule, key, pod, kind, mark):
            group.counts[kind] += max(1, record.times)

    def _wonder(self, hit: Hit, record: Record) -> None:
        """Keep a network error that no rule explains, by its shape."""
        form = shape(hit.segment.root)
        if not form:
            return
        known = self.unexplained.get(form)
        if known is None:
            form = form if len(self.unexplained) < _SHAPES else "<*>"
            known = self.unexplained.setdefault(form, Unexplained(form))
        attempt = hit.segment.fields.get("sandbox") or (record.time // 1_000_000 if record.time is not None else record.message)
        if self._attempts.new("", form, attempt):
            known.count += max(1, record.times)
        pod = self._pod_of(hit, record)
        if pod and len(known.pods) < PODS:
            known.pods.add(pod)
        if not record.relative:
            known.first, known.last = earliest(known.first, record.time), latest(known.last, record.time)
        example = _evidence(record)
        known.example = example if known.example is None else min(known.example, example, key=when)


def _evidence(record: Record) -> Evidence:
    return Evidence(record.where.source, record.where.line, record.where.cursor, None if record.relative else record.time, record.raw)


_ADDED = re.compile(r"\bAdd \S+ \[[^\]]*\](?: from (?P<network>\S+))?")
_PODS = re.compile(r"[a-z0-9][a-z0-9.-]*/[a-z0-9][a-z0-9.-]*")
_STORY = frozenset({"start", "stop", "cni-config", "renamed", "clock"})
_JOURNALD = frozenset({"lost", "volatile", "persistent"})
_BROKEN = re.compile(r'for "(?P<container>[^"]+)" with (?:CrashLoopBackOff|ImagePullBackOff|ErrImagePull|CreateContainer\w*Error|RunContainerError)')
"""A container that does not start, in the kubelet's words (pkg/kubelet/kuberuntime/kuberuntime_manager.go)."""
_TELLING = frozenset({"multus", "cni", "ovn", "whereabouts", "dhcp"})


def _is_network_error(segment: Segment, record: Record) -> bool:
    """Return True for an error of a network layer that no rule knows, as a journal, a log or an event tells it."""
    if not segment.root or record.part or not record.program:
        return False
    return segment.in_chain or (record.program in _TELLING and record.level == "error")
