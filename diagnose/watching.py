"""What becomes of failures over time: judged again and again from what is known now, each change told once.

The engine takes records as they come and is never concluded: a copy of it is, each time. What is over, and was told, is forgotten, so that
memory follows the failures that there are, not the time that went by.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

from diagnose.catalog import Catalog
from diagnose.correlate import subject_of
from diagnose.diagnosis import Holder, Selection, concluded, in_time, wanted
from diagnose.engine import Engine, Group, PodTimes, Seen, Success
from diagnose.ignoring import Ignores
from diagnose.model import LISTED, Collected, Finding, Gap, InputSeen, Record, Report, Resource, Where
from diagnose.parse.tree import items, mapping
from diagnose.rule import SEVERITIES
from diagnose.scan import Scanner
from diagnose.state import state_of
from diagnose.story import Story
from diagnose.times import Times

FAILING = ("active", "flapping")
GOING = (*FAILING, "unknown")
"""States of what is not over."""
_SECOND = 1_000_000
_KEPT = 600 * _SECOND
"""Microseconds for which a failure that is over is remembered, so that its return is known as one."""
_LOST = 24 * 3600 * _SECOND
"""Microseconds for which a failure is remembered of which nobody knows whether it goes on."""
_GROUPS, _OVER, _BESIDE = 500, 100, 50
"""Failures that go on, failures and pods of failures that are over, and pods without a failure that are remembered at most."""
_SANDBOXES = 500
"""Sandboxes whose pod is remembered."""
_MARKS, _JOURNALD, _ASIDE = 200, 20, 50
"""Turns of the node's story, words of journald on itself, and pods of an unexplained error that are remembered."""
_ATTEMPTS = 1000
"""Attempts that are remembered, so that each counts once."""
_REPEATS = 10_000
"""Events that are remembered, so that a list read again tells nothing twice."""
_OFTEN = 4
"""Changes of one finding within ten minutes that are told at once; from then on it waits, each time twice as long."""
_WAIT, _LONGEST, _POD_WAIT = 15.0, 900.0, 60.0
"""Seconds: the first wait, the longest, and the least between two changes of which pods are hit."""
_BURST, _PACE = 30, 3.0
"""Changes that are told at once, and the seconds in which room for one more grows back."""


_VARYING = frozenset({"seconds", "since", "reason"})
"""Values of a gap that differ each time that it is met."""
_ANSWERED = frozenset({"journal-none", "journal-boot"})
"""Blind spots that are none any more once the journal tells anything."""
_T = TypeVar("_T")
_Identity = tuple[str, tuple[str, ...], str]
_Ended = TypeVar("_Ended", tuple[int, _Identity], tuple[int, _Identity, str])


class Change(NamedTuple):
    """One change, ready to be told."""

    time: int
    """When it was seen, microseconds since the epoch."""
    kind: str
    """active, unknown, resolved, changed, explained, ignored, gone, gap-opened, gap-closed, watching, storm or stopped: see `Labels.change`."""
    finding: Finding | None = None
    before: Finding | None = None
    """The finding as it was last told."""
    what: tuple[str, ...] = ()
    """Of a change: severity, state, pods."""
    pods: tuple[str, ...] = ()
    """The pods that are hit since it was last told."""
    by: str = ""
    """The rule of the finding that explains it."""
    gap: Gap | None = None
    n: int = 0
    """Findings that are active (watching), or changes that wait (storm)."""


# --- an engine that goes on --------------------------------------------------------------------------------------------


class Following(Engine):
    """An engine that is never concluded: copies of it are."""

    def __init__(self, catalog: Catalog) -> None:
        """Judge by the rules of `catalog`."""
        super().__init__(catalog)
        self._attempts = Seen(_ATTEMPTS)

    def copy(self) -> Following:
        """Return an engine that knows the same, to be concluded; objects are held by it alone."""
        twin = copy.copy(self)
        twin._attempts = copy.deepcopy(self._attempts)
        twin._orphans = self._orphans.copy()
        twin._nameless = {place: list(waiting) for place, waiting in self._nameless.items()}
        twin.groups = {identity: _copied(group) for identity, group in self.groups.items()}
        twin.ok = {pod: dict(known) for pod, known in self.ok.items()}
        twin.ok_times = {pod: _again(t) for pod, t in self.ok_times.items()}
        twin.gone, twin.waiting = dict(self.gone), dict(self.waiting)
        twin.marks = dict(self.marks)
        twin.unexplained = {form: replace(u, pods=set(u.pods)) for form, u in self.unexplained.items()}
        twin.inventory = type(self.inventory)()
        return twin

    def deleted(self, pod: str, time: int) -> None:
        """Take that a pod was deleted, if it failed."""
        if any(pod in g.pods for g in self.groups.values()):
            self.gone.setdefault(pod, Times()).meet(("", 0), time, time)

    def ran(self, pod: str, time: int) -> None:
        """Take that a pod was seen to run, if it failed."""
        if any(pod in g.pods for g in self.groups.values()):
            self._works(pod, Success(time, ("", 0), False, f"pod {pod} is Running"))

    def forget(self, story: Story, now: int, telling: set[tuple[str, str]]) -> None:
        """Forget what is over, then the oldest of what is too much; `story` is of a copy that was concluded, `now` the newest evidence's time.

        `telling` has the rule, and the subject or a pod, of what is yet to be told to be over.
        """
        self._settle_orphans(now)
        over: list[tuple[int, _Identity]] = []
        going: list[tuple[int, _Identity]] = []
        for identity, group in list(self.groups.items()):
            end, state = _end(group, story)
            if not state or any((group.rule.id, name) in telling for name in (*group.pods, subject_of(group))):
                going.append((end, identity))
            elif end < now - (_KEPT if state == "resolved" else _LOST):
                del self.groups[identity]
            else:
                (over if state == "resolved" else going).append((end, identity))
        for _, identity in [*_oldest(over, _OVER), *_oldest(going, _GROUPS)]:
            del self.groups[identity]
        self._forget_pods(story, now)
        self._forget_beside(story, now)

    def _settle_orphans(self, now: int) -> None:
        """Judge the hits whose sandbox nothing named."""
        for sandbox, waiting in list(self._orphans.items()):
            if all((r.time or 0) < now - _KEPT for _, r in waiting):
                del self._orphans[sandbox]
                for hit, record in waiting:
                    self._add(hit, record)

    def _forget_pods(self, story: Story, now: int) -> None:
        """Forget pods that are no longer hit by a failure that goes on with others."""
        over = [
            (end, identity, pod)
            for identity, group in self.groups.items()
            if len(group.pods) > 1
            for pod, times in group.pods.items()
            if (end := _pod_end(group, pod, times, story)) is not None
        ]
        old = {(identity, pod) for _, identity, pod in [*_oldest(over, _OVER), *(x for x in over if x[0] < now - _KEPT)]}
        for identity, pod in sorted(old):
            if len(self.groups[identity].pods) > 1:
                del self.groups[identity].pods[pod]

    def _forget_beside(self, story: Story, now: int) -> None:
        """Keep of what is known of pods what speaks for failures, and a little of the newest."""
        failing = {pod for g in self.groups.values() for pod in g.pods}
        recent = now - _KEPT
        for pod in _spare(self.ok_times, failing, lambda t: t.last(story.clocks) or 0, recent):
            del self.ok_times[pod]
        for pod in _spare(self.ok, failing, lambda known: max(s.time or 0 for s in known.values()), recent):
            del self.ok[pod]
        for some in (self.gone, self.waiting):
            for pod in _spare(some, failing, lambda t: t.last(story.clocks) or 0, recent):
                del some[pod]
        while len(self._sandboxes) > _SANDBOXES:
            self._sandboxes.popitem(last=False)
        for key in sorted(self.marks)[: max(0, len(self.marks) - _MARKS)]:
            del self.marks[key]
        for kind, words in self.journald.items():
            if len(words) > _JOURNALD:
                self.journald[kind] = set()
        for form, one in list(self.unexplained.items()):
            if (one.last or 0) < recent:
                del self.unexplained[form]
            elif len(one.pods) > _ASIDE:
                one.pods = set(sorted(one.pods)[:_ASIDE])


def _oldest(ended: list[_Ended], most: int) -> list[_Ended]:
    """Return what is more than the newest `most`."""
    return sorted(ended)[: max(0, len(ended) - most)]


def _again(times: Times) -> Times:
    twin = Times()
    twin.join(times)
    return twin


def _copied(group: Group) -> Group:
    return replace(
        group, captures=dict(group.captures), stamps=dict(group.stamps), pods={p: PodTimes(_again(t.times), t.last_relative) for p, t in group.pods.items()},
        counts=Counter(group.counts), events=dict(group.events), times=_again(group.times), firsts=dict(group.firsts), programs=set(group.programs),
        severities=set(group.severities),
    )  # fmt: skip


def _end(group: Group, story: Story) -> tuple[int, str]:
    """Return when a failure was last told of, and "resolved" or "unknown" if it may be forgotten some time after."""
    state, proof = state_of(group, story)
    last = group.times.last(story.clocks) or 0
    return max(last, proof.time or 0) if proof is not None and state == "resolved" else last, "" if state in FAILING else state


def _pod_end(group: Group, pod: str, times: PodTimes, story: Story) -> int | None:
    """Return when that pod's part of a failure was over, None where it is not."""
    end, over = _end(replace(group, pods={pod: times}, times=times.times), story)
    return end if over == "resolved" else None


def _spare(known: dict[str, _T], failing: set[str], age: Callable[[_T], int], recent: int) -> list[str]:
    """Return the pods without a failure that are of no use: all but the newest few."""
    beside = sorted(((age(t), pod) for pod, t in known.items() if pod not in failing), reverse=True)
    return [pod for number, (time, pod) in enumerate(beside) if number >= _BESIDE or time < recent]


# --- what was told ----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Told:
    """A finding as it was last told, and when it was (seconds on the monotonic clock)."""

    finding: Finding
    at: list[float]

    @property
    def pods(self) -> frozenset[str]:
        """The pods that it was said to hit."""
        return pods_of(self.finding)

    def may(self, change: Change, at: float) -> bool:
        """Return True if another change of it may be told now."""
        self.at = [t for t in self.at if t > at - 600] or self.at[-1:]
        many = len(self.at) - _OFTEN
        wait = min(_WAIT * 2.0**many, _LONGEST) if many >= 0 else 0.0
        if change.kind == "changed" and change.what == ("pods",):
            wait = max(wait, _POD_WAIT)
        return at - self.at[-1] >= wait


def pods_of(finding: Finding) -> frozenset[str]:
    """Return the pods ("namespace/name") that a finding hits."""
    return frozenset(f"{a.namespace or ''}/{a.name}" for a in finding.affected if a.kind == "Pod")


@dataclass(slots=True)
class Part:
    """What one collector last told beside log records."""

    resources: list[Resource] = field(default_factory=list[Resource])
    inputs: list[InputSeen] = field(default_factory=list[InputSeen])
    gaps: list[Gap] = field(default_factory=list[Gap])


@dataclass(slots=True)
class _Sources:
    """What the report tells of where everything came from."""

    inputs: list[InputSeen]
    gaps: list[Gap]
    scan: Scanner


@dataclass(slots=True)
class _Watched:
    """How a kind is followed."""

    served: bool
    lost: int | None = None
    """Since when its objects may be out of date; None: they are as they are now."""


@dataclass(slots=True)
class Watching:
    """The state of a watch: give it what comes, then ask it for the report and for what changed."""

    catalog: Catalog
    select: Selection
    ignores: Ignores | None
    scan: Scanner
    everything: bool = False
    """True to tell of what is resolved when it is first seen, too."""
    parts: dict[str, Part] = field(default_factory=dict[str, Part])
    """By collector."""
    collected: dict[str, Collected] = field(default_factory=dict[str, Collected])
    """How each collector last ended."""
    report: Report | None = None
    waiting: int = 0
    """Changes that wait until they may be told."""
    _engine: Following = field(init=False)
    _story: Story | None = None
    _objects: dict[tuple[str, str, str], Resource] = field(default_factory=dict[tuple[str, str, str], Resource])
    """The objects of the kinds that are watched."""
    _watched: dict[str, _Watched] = field(default_factory=dict[str, "_Watched"])
    """The kinds of which all objects were listed."""
    _told: list[Told] = field(default_factory=list[Told])
    _gaps: dict[tuple[object, ...], Gap] = field(default_factory=dict[tuple[object, ...], Gap])
    _repeats: dict[int, None] = field(default_factory=dict[int, None])
    _began: bool = False
    _room: float = _BURST
    _at: float = 0.0
    _storm: float = -60.0

    def __post_init__(self) -> None:
        """Begin with an engine that knows nothing."""
        self._engine = Following(self.catalog)

    # --- what comes -------------------------------------------------------------------------------------------------

    def feed(self, record: Record) -> None:
        """Judge one record; what a list repeats is told once."""
        if not in_time(record, self.select):
            return
        if not record.where.cursor:
            mark = hash((record.program, record.pod, record.reason, record.message, record.time, record.times))
            if mark in self._repeats:
                return
            self._repeats[mark] = None
            if len(self._repeats) > _REPEATS:
                del self._repeats[next(iter(self._repeats))]
        if record.program == "event" and not record.relative:
            seen = InputSeen(record.where.source, "objects")
            seen.hear(record.program, record.time, record.boot, record.offset)
            self.heard("api", seen)
        self._engine.feed(record)

    def heard(self, name: str, seen: InputSeen) -> None:
        """Take how far an input was read on."""
        part = self.parts.setdefault(name, Part())
        if seen.lines:
            part.gaps = [g for g in part.gaps if g.kind not in _ANSWERED]
        known = next((i for i in part.inputs if i.source == seen.source), None)
        if known is None:
            part.inputs.append(seen)
        else:
            known.join(seen)

    def reread(self, name: str, part: Part, now: int) -> None:
        """Take what a collector told at `now`; where it could see less than before, what it saw before stays."""
        before = self.parts.get(name, Part())
        blinder = any(g.hides and g not in before.gaps for g in part.gaps)
        self.parts[name] = Part(before.resources if blinder and before.resources else part.resources, part.inputs or before.inputs, part.gaps)
        self._ran(part.resources, now)

    def gap(self, name: str, source: str, gaps: tuple[Gap, ...]) -> None:
        """Take the gaps that one source has now; () where it is whole again."""
        part = self.parts.setdefault(name, Part())
        part.gaps = [*(g for g in part.gaps if g.source != source), *gaps]

    def held(self, resource: Resource) -> None:
        """Take an object as the API's watch shows it now."""
        self._objects[resource.kind, resource.namespace, resource.name] = resource

    def listed(self, kind: str, resources: list[Resource], now: int, *, served: bool = True) -> None:
        """Take all objects of a kind from the API's watch; those that are not among them are gone. `served`: the API knows the kind."""
        there = {(r.namespace, r.name) for r in resources}
        for key in [k for k in self._objects if k[0] == kind and k[1:] not in there]:
            self.deleted(*key, now)
        self._watched[kind] = _Watched(served)
        for resource in resources:
            self.held(resource)

    def lost(self, kind: str, now: int) -> None:
        """Take that the API's watch of a kind ended at `now`, so that its objects may be out of date."""
        watched = self._watched.get(kind)
        if watched is not None and watched.lost is None:
            watched.lost = now
            self._ran([r for r in self._objects.values() if r.kind == kind], now)

    def deleted(self, kind: str, namespace: str, name: str, now: int) -> None:
        """Take that an object was deleted."""
        self._objects.pop((kind, namespace, name), None)
        if kind == "Pod":
            self._engine.deleted(f"{namespace}/{name}", now)

    def _ran(self, resources: list[Resource], now: int) -> None:
        """Remember when pods ran: that they did says nothing of what failed later."""
        for resource in resources:
            status = mapping(resource.body.get("status"))
            if resource.kind == "Pod" and status.get("phase") == "Running" and all(mapping(c).get("ready") for c in items(status.get("containerStatuses"))):
                self._engine.ran(f"{resource.namespace}/{resource.name}", now)

    # --- what it shows ----------------------------------------------------------------------------------------------

    def judge(self, now: int) -> Report:
        """Return the report on all that is known; `now` stamps it (microseconds since the epoch)."""
        at = datetime.fromtimestamp(now / _SECOND, UTC)
        engine = self._engine.copy()
        holder = Holder(self._ignores(at))
        for resource, fresh in self._resources(now):
            engine.hold(resource if fresh else _stale(resource))
            holder.hold(resource)
        inputs = [replace(i, programs=set(i.programs), heard=dict(i.heard)) for p in self.parts.values() for i in p.inputs]
        gaps = list({_same(g): g for p in self.parts.values() for g in p.gaps}.values())
        self.report, self._story = concluded(engine, holder, _Sources(inputs, gaps, self.scan), self.catalog, now=at, select=Selection(), live=True, at=now)
        self.report.collected = list(self.collected.values())
        for finding in self.report.findings:
            if finding.proof is not None and finding.proof.kind == "absent":
                for pod in pods_of(finding):
                    self._engine.deleted(pod, now)
        return self.report

    @property
    def crowded(self) -> bool:
        """True if there is so much that it should be judged and forgotten at once."""
        return len(self._engine.groups) > 2 * _GROUPS

    def forget(self) -> None:
        """Forget what is over and was told; call it now and then, after `changes`."""
        if self._story is not None and self._story.end is not None:
            telling = {(t.finding.rule, name) for t in self._told if t.finding.state in GOING for name in (*t.pods, t.finding.subject)}
            self._engine.forget(self._story, self._story.end, telling)
        if self.report is not None:
            there = {(f.rule, f.subject) for f in self.report.findings}
            self._told = [t for t in self._told if t.finding.state in GOING or (t.finding.rule, t.finding.subject) in there]

    def _ignores(self, at: datetime) -> Ignores | None:
        """Return what is set aside today, to which the annotations of today's objects are added."""
        if self.ignores is None:
            return None
        entries = [e for e in self.ignores.entries if e.until is None or e.until >= at.date()]
        return replace(self.ignores, entries=entries, expired=list(self.ignores.expired), problems=list(self.ignores.problems))

    def _resources(self, now: int) -> Iterator[tuple[Resource, bool]]:
        """Yield all objects and parts of the host, and whether each is as it is now: at the start everything is."""
        for part in self.parts.values():
            yield from ((r, not self._began) for r in part.resources if (r.name if r.kind == LISTED else r.kind) not in self._watched)
        for kind, watched in self._watched.items():
            body = {"served": watched.served, "time": now if watched.lost is None else watched.lost}
            yield Resource(LISTED, "", kind, body, Where("api")), True
        yield from ((r, self._watched[r.kind].lost is None) for r in self._objects.values() if r.kind in self._watched)

    # --- what changed -----------------------------------------------------------------------------------------------

    def changes(self, now: int, at: float) -> list[Change]:
        """Return what is to be told of the last report at `now` (microseconds) and `at` (seconds on the monotonic clock), each once.

        In a storm the rest waits, the worst first; what is over before its turn comes is not told.
        """
        if self.report is None:
            return []
        found: list[Change] = []
        began, self._began = self._began, True
        pending = list(self._pending(self.report, now, began=began))
        self._room = min(_BURST, self._room + (at - self._at) / _PACE) if began else max(float(_BURST), len(pending) + 1.0)
        self._at = at
        self.waiting = 0
        for change, told in sorted(pending, key=lambda p: _rank(p[0])):
            shown = self._shown(change)
            if (told is not None and not told.may(change, at)) or (shown and self._room < 1):
                self.waiting += 1
                continue
            self._tell(change, told, at)
            if shown:
                self._room -= 1
                found.append(change)
        if self._room < 1 and self.waiting and at - self._storm >= 60:
            self._storm = at
            found.append(Change(now, "storm", n=self.waiting))
        found += self._gap_changes(self.report.gaps, now)
        if not began:
            found.append(Change(now, "watching", n=sum(1 for c in found if c.finding is not None and c.finding.state in GOING)))
        return found

    def _shown(self, change: Change) -> bool:
        """Return True if the finding is, or was, one that was asked for."""
        return any(f is not None and wanted(f, self.select) for f in (change.finding, change.before))

    def _tell(self, change: Change, told: Told | None, at: float) -> None:
        if change.kind in ("explained", "ignored", "gone"):
            self._told = [t for t in self._told if t is not told]
        elif change.finding is not None and told is None:
            self._told.append(Told(change.finding, [at]))
        elif change.finding is not None and told is not None:
            told.finding = change.finding
            told.at = [*told.at, at]

    def _pending(self, report: Report, now: int, *, began: bool) -> Iterator[tuple[Change, Told | None]]:
        """Yield what differs between what was told and what is."""
        for told, finding in _pairs(self._told, report.findings):
            if finding is None and told is not None:
                if told.finding.state in GOING:
                    yield _vanished(told.finding, report, now), told
                continue
            if finding is None:
                continue
            kind, what, pods = _kind(told, finding, first=not began, everything=self.everything)
            if kind:
                yield Change(now, kind, finding, told.finding if told is not None else None, what, pods), told
            elif told is not None and told.finding.state == finding.state:
                told.finding = finding  # its count, its last time

    def _gap_changes(self, gaps: list[Gap], now: int) -> Iterator[Change]:
        """Yield the gaps that opened or closed, of those that could hide a failure."""
        known = {_same(g): g for g in gaps if g.hides}
        opened = [Change(now, "gap-opened", gap=g) for key, g in known.items() if key not in self._gaps]
        closed = [Change(now, "gap-closed", gap=g) for key, g in self._gaps.items() if key not in known]
        self._gaps = known
        yield from (*closed, *opened)


def _same(gap: Gap) -> tuple[object, ...]:
    """Return what two gaps share that tell of one trouble: an API server that does not answer leaves one for each question."""
    return gap.source.partition(":")[0], gap.kind, gap.reason, tuple(v for v in gap.values if v[0] not in _VARYING)


def _stale(resource: Resource) -> Resource:
    """Return a pod so that it proves neither that it runs now nor, by what is listed beside it, that another is gone."""
    if resource.kind != "Pod":
        return resource
    body = {**resource.body, "status": {**mapping(resource.body.get("status")), "ready": False}}
    return resource._replace(body=body, where=Where(f"{resource.where.source} {resource.namespace}/{resource.name}"))


def _rank(change: Change) -> tuple[int, int]:
    """Return what changes are ordered by: the severity, then what is over (no more than was told), what is new, which pods are hit last of all."""
    severity = SEVERITIES.index(change.finding.severity) if change.finding is not None else len(SEVERITIES)
    return severity, 3 if change.what == ("pods",) else {"resolved": 0, "active": 1, "changed": 1}.get(change.kind, 2)


def _kind(told: Told | None, finding: Finding, *, first: bool, everything: bool) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Return the kind of change, of a change what changed, and the pods that are new; "" for none."""
    pods = tuple(sorted(pods_of(finding) - (told.pods if told is not None else frozenset())))
    if told is None:
        if finding.state in FAILING:
            return "active", (), pods
        kind = "unknown" if finding.state == "unknown" else "resolved"
        return kind if everything or (first and finding.state == "unknown") else "", (), pods
    was = told.finding
    if finding.state == "resolved":
        return "resolved" if was.state in GOING else "", (), ()
    if finding.state == "unknown":
        return "unknown" if was.state in FAILING else "", (), ()
    if was.state not in FAILING:
        return "active", (), pods
    what = tuple(k for k, differs in (("severity", was.severity != finding.severity), ("state", was.state != finding.state), ("pods", bool(pods))) if differs)
    return "changed" if what else "", what, pods


def _vanished(was: Finding, report: Report, now: int) -> Change:
    """Return what became of a finding that the report does not show any more."""
    for finding in report.findings:
        if any(s.rule == was.rule for s in finding.explains) and (not pods_of(was) or pods_of(was) & pods_of(finding)):
            return Change(now, "explained", was, was, by=finding.rule)
    if any((i.rule, i.subject) == (was.rule, was.subject) for i in report.ignored):
        return Change(now, "ignored", was, was)
    return Change(now, "gone", was, was)


def _pairs(told: list[Told], findings: list[Finding]) -> Iterator[tuple[Told | None, Finding | None]]:
    """Yield each finding with what was told of it: of the same rule and subject, else of the same rule on one of the same pods."""
    left = list(findings)
    rest: list[Told] = []
    for one in told:
        found = next((f for f in left if (f.rule, f.subject) == (one.finding.rule, one.finding.subject)), None)
        if found is None:
            rest.append(one)
        else:
            left.remove(found)
            yield one, found
    for one in rest:
        found = next((f for f in left if f.rule == one.finding.rule and pods_of(f) & one.pods), None)
        if found is not None:
            left.remove(found)
        yield one, found
    yield from ((None, f) for f in left)
