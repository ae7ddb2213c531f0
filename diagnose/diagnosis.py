"""One run: evidence in, report out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Protocol

from diagnose import __version__
from diagnose.blind import blind_spots
from diagnose.catalog import Catalog
from diagnose.collect.evidence import Evidence, Options
from diagnose.collect.signs import Signs
from diagnose.correlate import findings
from diagnose.engine import Engine
from diagnose.errors import MsnetError, NoEvidenceError
from diagnose.hints import hints_for
from diagnose.model import Finding, Gap, InputSeen, Record, Report, Resource, Restored, ZoneSeen, earliest, latest
from diagnose.parse.when import micros
from diagnose.paths import paths_of
from diagnose.record import dataclass
from diagnose.rule import CONFIDENCES, SEVERITIES
from diagnose.scan import Scanner
from diagnose.story import Story
from diagnose.timeline import timeline

if TYPE_CHECKING:
    from diagnose.collect.capture import Capture
    from diagnose.collect.device import Device
    from diagnose.collect.live import Live, Progress
    from diagnose.holding import Held
    from diagnose.ignoring import Ignores

LONG = 2000
"""Lines of a log in which other pods' other troubles are no answer to anybody's question."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What to look at and what to show; empty means everything."""

    since: int | None = None
    until: int | None = None
    namespaces: frozenset[str] = frozenset()
    pods: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()
    min_severity: str = "info"
    min_confidence: str = "low"


def diagnose(
    arguments: list[str] | Device,
    catalog: Catalog,
    *,
    now: datetime,
    reference: datetime | None,
    tz: tzinfo | None,
    select: Selection,
    ignores: Ignores | None = None,
) -> Report:
    """Return the report on the inputs named. `now` stamps the report, `reference` dates what has no year, `tz` what names no zone.

    Without `tz` that is the zone that the evidence tells, else UTC.
    """
    return investigate(arguments, catalog, now=now, reference=reference, tz=tz, select=select, ignores=ignores)[0]


def investigate(
    arguments: list[str] | Device, catalog: Catalog, *, now: datetime, reference: datetime | None, tz: tzinfo | None, select: Selection,
    ignores: Ignores | None = None, progress: Progress | None = None, keep: Capture | None = None, meet: Callable[[Record | Resource], None] | None = None,
    jobs: int = 1,
) -> tuple[Report, Story]:  # fmt: skip
    """Return the report on the inputs named, or on the device, and the story that it was drawn from. Without `ignores`, nothing is set aside.

    `keep` takes what was judged, for a bundle; `meet` is told of every record and object; in `jobs` processes large files are read. A bundle alone is judged as of the moment at which it was taken.
    """
    words, options = catalog.plan, Options(reference, tz)
    if not isinstance(arguments, list):
        from diagnose.collect.live import Live

        evidence = Live(words, options, arguments, progress, keep=keep)
        return _judged(Engine(catalog), evidence, evidence.read(), catalog, now, select, ignores, keep, meet)
    engine = Engine(catalog)
    evidence = Evidence(Scanner(words), options, keep=keep, signs=Signs(engine) if keep is None and meet is None else None, jobs=jobs)
    found = evidence.read(arguments)
    try:
        return _judged(engine, evidence, found, catalog, now, select, ignores, keep, meet)
    except Exception as e:
        if not evidence.bundles or isinstance(e, MsnetError):
            raise
        # What collectors make has the form that is expected of it; what was written by others may have any.
        raise NoEvidenceError(f"{', '.join(evidence.bundles)}: what is in it does not fit together: {type(e).__name__}: {e}", "its report.md is for people to read; its inputs folder can be diagnosed, unpacked") from e  # fmt: skip
    finally:
        found.close()


def _judged(
    engine: Engine,
    evidence: Evidence | Live,
    found: Iterator[Record | Resource],
    catalog: Catalog,
    now: datetime,
    select: Selection,
    ignores: Ignores | None,
    keep: Capture | None,
    meet: Callable[[Record | Resource], None] | None,
) -> tuple[Report, Story]:
    holder = Holder(ignores)
    for item in found:
        if not isinstance(item, Resource) and not in_time(item, select):
            continue
        if keep is not None:
            keep.take(item)
        if meet is not None:
            meet(item)
        if isinstance(item, Resource):
            engine.hold(item)
            holder.hold(item)
        else:
            engine.feed(item)
    if isinstance(evidence, Evidence) and evidence.signs is not None:
        for record in evidence.signs.rest():
            if in_time(record, select):
                engine.feed(record)
    run = _run_of(evidence, now, select)
    at = run.taken if run.running else None
    report, story = concluded(engine, holder, evidence, catalog, now=now, select=select, live=run.live, since=run.since, at=at)
    report.collected = run.collected
    report.zones = run.zones
    if keep is not None:
        keep.ended(run, evidence.inputs, evidence.gaps)
    return report, story


def _run_of(evidence: Evidence | Live, now: datetime, select: Selection) -> Restored:
    """Return how this run went; of a bundle alone, how the one went that wrote it."""
    since = select.since is not None
    if not isinstance(evidence, Evidence):
        return Restored(micros(now), live=True, running=evidence.device.running, since=since, collected=list(evidence.collected.values()))
    if evidence.restored is not None:
        from dataclasses import replace

        return replace(evidence.restored, since=evidence.restored.since or since)
    return Restored(micros(now), since=since, zones=[ZoneSeen(name, source) for source, name in sorted(evidence.zones.items())])


class Source(Protocol):
    """Where records came from, and what is told of it."""

    inputs: list[InputSeen]
    gaps: list[Gap]

    @property
    def scan(self) -> Scanner: ...


class Holder:
    """Holds the objects and the parts of the host; what judges them is loaded when there is one."""

    def __init__(self, ignores: Ignores | None) -> None:
        """Hold nothing yet; annotations may set findings aside, too."""
        self.ignores = ignores
        self.held: Held | None = None

    def hold(self, resource: Resource) -> None:
        """Take one; the engine is told by itself."""
        if self.held is None:
            from diagnose.holding import Held

            self.held = Held()
        self.held.hold(resource)
        if self.ignores is not None:
            self.ignores.meet(resource)


def concluded(
    engine: Engine,
    holder: Holder,
    evidence: Source,
    catalog: Catalog,
    *,
    now: datetime,
    select: Selection,
    live: bool = False,
    since: bool = False,
    at: int | None = None,
) -> tuple[Report, Story]:
    """Return the report on everything that `engine` was fed and that `holder` holds, and its story; neither takes more after that.

    `live`: collectors looked at a device; `since`: what is older than some moment was left out; `at`: the moment, microseconds since the epoch,
    at which the node was as its state shows, where that is not the end of the evidence.
    """
    held, ignores = holder.held, holder.ignores
    engine.finish()
    story = Story(engine, evidence.inputs)
    if held is not None:
        held.conclude(engine, story, catalog.by_id, story.end if at is None else at)
    logs = [i for i in evidence.inputs if i.programs and "text" not in i.programs and i.kind != "objects"]
    long = {i.source for i in logs} if sum(i.lines for i in logs) > LONG else set[str]()
    found = findings(story)
    if held is not None:
        found = held.silent.complete(found)
    found = [f for f in found if wanted(f, select) and not _aside(f, long)]
    _own_up(evidence, {e.source for f in found for e in f.evidence})
    low, high = engine.window
    for seen in evidence.inputs:
        low, high = earliest(low, seen.first), latest(high, seen.last)
    everything = found
    found, ignored = ignores.split(found) if ignores is not None else (found, [])
    for finding in found:
        finding.hints = hints_for(finding, story) + (held.hints(finding) if held is not None else [])
    sandboxes = frozenset(box.namespace for box in held.silent.host.boxes.values()) if held is not None else frozenset[str]()
    gaps = evidence.gaps + blind_spots(story, evidence.inputs, everything, evidence.gaps, live=live, since=since, sandboxes=sandboxes)
    if evidence.scan.slow:
        gaps.append(Gap("", "", "pip install 'msnet-diagnose[fast]'", "slow-scan", hides=False))
    report = Report(
        tool=__version__, catalog=catalog.digest, generated=micros(now), findings=found, inputs=sorted(evidence.inputs, key=lambda i: i.source), gaps=gaps,
        not_checked=[(p.rule, f"{p.where}: {p.text}") for p in catalog.problems], window=(low, high), notes=[f"scan engine: {evidence.scan.engine}"],
        facts=dict(engine.inventory.facts), timeline=timeline(story, found),
        unexplained=sorted(engine.unexplained.values(), key=lambda u: (-u.count, u.shape)),
        ignored=ignored, expired=list(ignores.expired) if ignores is not None else [],
    )  # fmt: skip
    if held is not None:
        report.not_checked += held.static.problems
        report.facts |= held.health.facts()
        report.node, report.attachments = held.health.seen, held.silent.attachments
        report.pools, report.checks = held.silent.pools, held.silent.checks
    if ignores is not None:
        report.not_checked += ignores.problems
    report.paths = paths_of(held.silent.host if held is not None else None, engine.inventory, report.attachments, found)
    shown = (
        found,
        report.unexplained,
        ignored,
        report.checks,
        report.attachments,
        report.pools,
        report.node,
        report.timeline,
        *report.facts.values(),
        *(g.values for g in gaps),
    )
    if any(shown):
        # Its patterns take a tenth of a second to make: only where something of the evidence is shown.
        from diagnose.redact import removed

        report = removed.without(report)
    return report, story


def _own_up(evidence: Source, told: set[str]) -> None:
    """Call a text that no log, event or object was recognised in what it is: read, and not understood."""
    for seen in evidence.inputs:
        if seen.kind == "text" and not seen.programs - {"", "text"} and seen.first is None and seen.source not in told:
            seen.kind = "unknown"
            seen.note = "text in which nothing was recognised"


def _aside(finding: Finding, long: set[str]) -> bool:
    """Return True for "not the network" on the strength of a long log alone: every node has a restarting container."""
    return finding.rule == "not-network" and "event" not in finding.sources and all(e.source in long for e in finding.evidence)


def in_time(record: Record, select: Selection) -> bool:
    """Return True if the record is of the time to look at."""
    if record.time is None:
        return True
    return (select.since is None or record.time >= select.since) and (select.until is None or record.time <= select.until)


def wanted(finding: Finding, select: Selection) -> bool:
    """Return True if the finding is to be shown."""
    if select.rules and finding.rule not in select.rules:
        return False
    if SEVERITIES.index(finding.severity) > SEVERITIES.index(select.min_severity):
        return False
    if CONFIDENCES.index(finding.confidence) > CONFIDENCES.index(select.min_confidence):
        return False
    pods = [a for a in finding.affected if a.kind == "Pod"]
    if select.namespaces and not any(a.namespace in select.namespaces for a in finding.affected):
        return False
    return not select.pods or any(f"{a.namespace}/{a.name}" in select.pods or a.name in select.pods for a in pods)


def usable(report: Report) -> bool:
    """Return True if anything at all was read that could have shown a failure: of a running device, its state alone could not."""
    if report.findings:
        return True
    if report.collected:
        return any(i.programs & _TELLING for i in report.inputs)
    return any(i.kind not in ("unknown", "empty", "archive") and i.lines + i.size > 0 and not i.note for i in report.inputs)


_TELLING = frozenset({"kubelet", "microshift", "crio", "event", "kind:Event", "kind:Pod"})
"""What shows that a pod's network failed, where it did."""
