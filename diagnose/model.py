"""The records that flow from a source to a report; standard library only."""

from __future__ import annotations

from typing import Any, NamedTuple

from diagnose.alike import Alike
from diagnose.record import dataclass, field


class Where(NamedTuple):
    """Enough to find a piece of evidence again: the input's path, its line (0: none) or its journal cursor."""

    source: str
    line: int = 0
    cursor: str = ""


class Record(NamedTuple):
    """One log line, journal entry or event, ready to be judged."""

    time: int | None
    """Microseconds since the epoch; None when the text tells no time."""
    program: str
    """The input it counts as (see `rule.INPUTS`); "" for text of unknown origin."""
    message: str
    where: Where
    raw: str
    """The text as it stands in the input."""
    ident: str = ""
    pid: str = ""
    host: str = ""
    boot: str = ""
    """The journal's boot id, where the record carries it."""
    offset: int | None = None
    """Microseconds of the wall clock at which the boot began by the clock at that record: it changes where the clock is stepped."""
    level: str = ""
    pod: str = ""
    """"namespace/name", when the line itself tells; the namespace may be empty."""
    reason: str = ""
    """An event's reason."""
    times: int = 1
    """How often it happened, as an event or a table tells."""
    first: int | None = None
    """An event's first time, when it differs from `time`."""
    part: bool = False
    """True for one line of a paragraph that may be one wrapped message: only a whole, telling message counts."""
    relative: bool = False
    """True if `time` counts from a moment that is only guessed: good for the order within the input, not as a date."""
    span: tuple[int, int] | None = None
    """Lines of which this is another reading: it counts only if none of them told anything."""
    like: Alike | None = None
    """The message with stand-ins for its ids, where that was made."""


LINK = "Link"
"""The kind of a `Resource` that is a network interface of the host."""


LISTED = "Listed"
"""The kind of a `Resource` that tells that the API server was asked for all objects of a kind, which is the resource's name, of one namespace or ("") of all.

Its body holds "served" (False where the server does not know the kind) and "time" (of the answer, microseconds since the epoch)."""


class Resource(NamedTuple):
    """One Kubernetes object, or one part of the host (see `LINK`)."""

    kind: str
    namespace: str
    name: str
    body: dict[str, Any]
    where: Where


class Gap(NamedTuple):
    """What was not looked at, why, and the command or act that would show it."""

    source: str
    reason: str
    """Why an input could not be read, in the reader's own words; "" where `kind` says it (see `Labels.blind_spot`)."""
    hint: str = ""
    kind: str = "unreadable"
    """Which blind spot it is: unreadable, or one of `blind.py`."""
    hides: bool = True
    """True if a failure could stand there that no other evidence would show."""
    values: tuple[tuple[str, str], ...] = ()
    """Names that fill the words of `kind`."""


class Collected(NamedTuple):
    """What one collector of the running device came to."""

    name: str
    state: str
    """ok, partial (with gaps), failed or late."""
    found: int
    """Journal entries read, or objects and facts."""
    seconds: float


def earliest(a: int | None, b: int | None) -> int | None:
    """Return the earlier of two times, of which either may be unknown."""
    return b if a is None else a if b is None else min(a, b)


def latest(a: int | None, b: int | None) -> int | None:
    """Return the later of two times, of which either may be unknown."""
    return b if a is None else a if b is None else max(a, b)


@dataclass(slots=True)
class BootSeen:
    """One boot of the node, as the entries of a journal tell it."""

    first: int | None = None
    last: int | None = None
    settings: dict[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]])
    """The wall clock's settings, by seconds of its offset from the monotonic clock: first and last monotonic time (microseconds) of each."""

    def meet(self, time: int, offset: int) -> None:
        """Widen the boot to `time`, shown by a clock that was set to `offset`."""
        self.first, self.last = earliest(self.first, time), latest(self.last, time)
        self._set(offset_second(offset), time - offset, time - offset)

    def join(self, other: BootSeen) -> None:
        """Add what another input shows of the same boot."""
        self.first, self.last = earliest(self.first, other.first), latest(self.last, other.last)
        for second, (since, until) in other.settings.items():
            self._set(second, since, until)

    def _set(self, second: int, since: int, until: int) -> None:
        known = self.settings.get(second, (since, until))
        self.settings[second] = (min(known[0], since), max(known[1], until))


def offset_second(offset: int) -> int:
    """Return an offset between clocks in whole seconds, by which the settings of a clock are told apart."""
    return round(offset / 1_000_000)


@dataclass(slots=True)
class InputSeen:
    """One input and what was read of it."""

    source: str
    kind: str
    lines: int = 0
    size: int = 0
    first: int | None = None
    last: int | None = None
    whole: bool = True
    note: str = ""
    programs: set[str] = field(default_factory=set[str])
    """The programs (see `rule.INPUTS`) whose lines were met in samples of it."""
    obfuscated: bool = False
    """True if a tool replaced addresses or names in it, so that equal and unequal ones prove nothing."""
    heard: dict[tuple[str, str, int], int] = field(default_factory=dict[tuple[str, str, int], int])
    """The newest time of each program, by program, boot and setting of the clock (see `BootSeen.settings`), as far as records were looked at."""
    boots: dict[str, BootSeen] = field(default_factory=dict[str, BootSeen])
    """The boots of its entries, by boot id."""

    def meet(self, time: int | None) -> None:
        """Widen the span of the input to `time`, if it is known."""
        self.first, self.last = earliest(self.first, time), latest(self.last, time)

    def hear(self, program: str, time: int | None, boot: str, offset: int | None) -> None:
        """Take a record's program and time, and what it tells of its boot's clock."""
        self.programs.add(program)
        self.meet(time)
        if time is None:
            return
        key = program, "", 0
        if boot and offset is not None:
            self.boots.setdefault(boot, BootSeen()).meet(time, offset)
            key = program, boot, offset_second(offset)
        self.heard[key] = max(self.heard.get(key, time), time)

    def join(self, part: InputSeen) -> None:
        """Add what more was read of the same input."""
        self.lines, self.size = self.lines + part.lines, self.size + part.size
        self.first, self.last = earliest(self.first, part.first), latest(self.last, part.last)
        self.programs |= part.programs
        self.whole, self.obfuscated = self.whole and part.whole, self.obfuscated or part.obfuscated
        for key, time in part.heard.items():
            self.heard[key] = max(self.heard.get(key, time), time)
        for boot, times in part.boots.items():
            if boot in self.boots:
                self.boots[boot].join(times)
            else:
                self.boots[boot] = times


class Affected(NamedTuple):
    """An object that a failure hits."""

    kind: str
    namespace: str | None
    name: str


class Evidence(NamedTuple):
    """One verbatim piece of evidence."""

    source: str
    line: int
    cursor: str
    time: int | None
    text: str


class StepText(NamedTuple):
    """One step in the reader's language, its command filled in."""

    text: str
    command: str
    effect: str


class Proof(NamedTuple):
    """What shows that a failure is over, or why its state cannot be told."""

    kind: str
    """added (an interface), works, running, ready (the node), deleted, absent, restarted or silent: see `Labels.proof`."""
    time: int | None
    text: str
    """The evidence as it stands, or the moment or file it rests on."""


@dataclass(frozen=True, slots=True)
class Symptom:
    """A finding folded beneath its cause."""

    rule: str
    count: int
    by: str
    """The rule that explains it directly: the cause's own, or another symptom's."""


class Hint(NamedTuple):
    """What was compared, and what may be meant instead: see `Labels.hint`."""

    kind: str
    values: dict[str, str]


class Moment(NamedTuple):
    """One turn of the node's story: see `Labels.moment`."""

    time: int
    kind: str
    text: str
    """Names or the line's own words."""
    rule: str = ""
    """The finding that begins, ends or goes on here."""


@dataclass(slots=True)
class Finding:
    """One failure: what, whom it hits, how sure, since when, how often, and its proof."""

    rule: str
    severity: str
    confidence: str
    state: str
    """active, flapping, unknown or resolved."""
    affected: list[Affected]
    captures: dict[str, str]
    count: int
    first: int | None
    last: int | None
    evidence: list[Evidence]
    subject: str = ""
    """What the failure belongs to ("namespace/name" ...): with the rule, the same in every report on it."""
    explains: list[Symptom] = field(default_factory=list[Symptom])
    """Symptoms folded beneath this finding, each behind what explains it."""
    proof: Proof | None = None
    """What shows its state, where that is not the last failure itself."""
    hints: list[Hint] = field(default_factory=list[Hint])
    cut: bool = False
    """True if no message of it was whole."""
    sources: tuple[str, ...] = ()
    """The programs whose records show it."""
    times: tuple[int, ...] = ()
    """When it happened, the newest of it, microseconds since the epoch."""


class Attached(NamedTuple):
    """One interface of a pod on one network, as one source tells it."""

    network: str
    """"namespace/name" of the NAD, or the CNI network's name; "" where the source does not tell."""
    interface: str
    ips: tuple[str, ...] = ()
    mac: str = ""


class Attachment(NamedTuple):
    """One attachment of a pod: what its annotation wants, what Multus recorded, what it has; None where that has none or is not known."""

    network: str
    want: Attached | None
    recorded: Attached | None
    have: Attached | None
    state: str
    """ok, not-recorded, missing, extra or different: see `Labels.attachment`."""
    differs: tuple[str, ...] = ()
    """Of address, mac, network and interface, what differs."""


@dataclass(frozen=True, slots=True)
class PodNetworks:
    """Want, recorded and have of one pod."""

    namespace: str
    name: str
    multus: str
    """Whether Multus ran for it: ran, not-called or unknown."""
    have: str
    """What shows the pod's interfaces: netns (all of them), cache (CNI results and leases: some), or ""."""
    rows: tuple[Attachment, ...]
    rule: str = ""
    """The rule that tells what is wrong; "": nothing, or another finding has the cause."""
    changed: int | None = None
    """When the annotation was set, if after the pod's start."""


class LeaseSeen(NamedTuple):
    """One address in a store, and whose it is."""

    address: str
    sandbox: str
    interface: str
    pod: str
    """"namespace/name", or "" where no sandbox is known."""
    state: str
    """used, unknown, leaked, double or outside: see `Labels.lease`."""


@dataclass(frozen=True, slots=True)
class PoolSeen:
    """The addresses of one store of host-local."""

    store: str
    network: str
    nads: tuple[str, ...]
    ranges: tuple[str, ...]
    size: int | None
    """Addresses that can be given; None where no NAD tells the range."""
    reserved: tuple[str, ...]
    """Addresses within the range that are never given: the gateway's."""
    free: int | None
    leases: tuple[LeaseSeen, ...]
    full: int | None = None
    """When no address will be left if leases go on to be left behind as they were, microseconds since the epoch."""


class PathSeen(NamedTuple):
    """The way from the host to one interface of a pod, as far as the NAD and the host's state tell it."""

    pod: str
    """"namespace/name"."""
    network: str
    """The NAD's "namespace/name", or the CNI network's name where only that is known."""
    cni: str
    """The CNI network's name, "" where it is not known."""
    interface: str
    """The interface that the pod is to have, "" where it is not known."""
    nad: str
    """there, absent, or unknown: no NAD of its namespace is among the evidence."""
    plugin: str
    device: str
    """The bridge, or the host interface on which macvlan and ipvlan sit; "" where it is not known."""
    link: str
    """The device's state: up, down, absent, or unknown."""
    ports: tuple[str, ...] | None
    """The bridge's ports to the outside; None where that is not known."""
    ipam: str
    ranges: tuple[str, ...]


class Check(NamedTuple):
    """One check of a network on the host: see `Labels.check`."""

    nad: str
    kind: str
    state: str
    """ok, info or warning."""
    values: dict[str, str]
    command: str = ""
    """What would change it; never run."""
    proof: str = ""
    """The interface as the evidence shows it."""
    where: Where = Where("")


class NodeSeen(NamedTuple):
    """One thing that is known of the node itself: see `Labels.node`."""

    kind: str
    state: str
    """ok or warning."""
    values: dict[str, str]
    where: Where


@dataclass(slots=True)
class Unexplained:
    """Network errors of one shape that no rule explains."""

    shape: str
    count: int = 0
    pods: set[str] = field(default_factory=set[str])
    first: int | None = None
    last: int | None = None
    example: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Ignored:
    """A finding that the user set aside, and who says so."""

    rule: str
    severity: str
    state: str
    subject: str
    count: int
    reason: str
    until: str
    """The last day on which it is set aside; "" for ever."""
    origin: str


class Expired(NamedTuple):
    """What was set aside until a day that is over."""

    what: str
    """rule, or rule=namespace/name."""
    reason: str
    until: str
    origin: str


class ZoneSeen(NamedTuple):
    """The zone in which the stamps of a node that name none were read."""

    name: str
    """An IANA name, or an offset such as UTC+01:00."""
    source: str
    """The file that tells it."""


@dataclass(slots=True)
class Report:
    """One run's answer."""

    tool: str
    catalog: str
    generated: int
    """Microseconds since the epoch: `--now`, else the clock."""
    findings: list[Finding]
    inputs: list[InputSeen]
    gaps: list[Gap]
    not_checked: list[tuple[str, str]]
    window: tuple[int | None, int | None] = (None, None)
    notes: list[str] = field(default_factory=list[str])
    unexplained: list[Unexplained] = field(default_factory=list[Unexplained])
    timeline: list[Moment] = field(default_factory=list[Moment])
    attachments: list[PodNetworks] = field(default_factory=list[PodNetworks])
    pools: list[PoolSeen] = field(default_factory=list[PoolSeen])
    checks: list[Check] = field(default_factory=list[Check])
    paths: list[PathSeen] = field(default_factory=list[PathSeen])
    """The networks of the pods that something is wrong with, in the order of the findings; not part of the JSON report."""
    node: list[NodeSeen] = field(default_factory=list[NodeSeen])
    """The node's own state; [] where nothing of it is among the evidence."""
    facts: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    """What two reports can be compared by: kind, then name and value."""
    collected: list[Collected] = field(default_factory=list[Collected])
    """The collectors of the running device; [] for saved evidence."""
    ignored: list[Ignored] = field(default_factory=list[Ignored])
    expired: list[Expired] = field(default_factory=list[Expired])
    redacted: dict[str, int] | None = None
    """What was replaced or removed, by kind (secret, ip, mac, domain, name); None where nothing was to be."""
    zones: list[ZoneSeen] = field(default_factory=list[ZoneSeen])


@dataclass(slots=True)
class Restored:
    """How the run went that wrote a bundle, or this one."""

    taken: int | None = None
    """The moment that counted as now, microseconds since the epoch."""
    live: bool = False
    """True if collectors looked at a device."""
    running: bool = False
    """True if that was the node as it was at `taken`."""
    since: bool = False
    """True if what is older than some moment was left out."""
    collected: list[Collected] = field(default_factory=list[Collected])
    zones: list[ZoneSeen] = field(default_factory=list[ZoneSeen])
