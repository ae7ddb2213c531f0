"""Reads any input a user has: tells by its content what it is, and yields its records, objects and gaps."""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Generator, Iterable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

from diagnose.collect import archive, bundle, document
from diagnose.collect.files import HEAD, Opened, open_input, walk
from diagnose.collect.foreign import is_named_obfuscated, is_obfuscated, refusals
from diagnose.collect.local import Packed, Unpacked
from diagnose.collect.parts import Parts
from diagnose.collect.signs import Read, Signs, Unread
from diagnose.collect.stream import ExportFormat, Format, JsonFormat, LineFormat, Part, PrettyFormat, VerboseFormat, reader, scanned
from diagnose.errors import InputError
from diagnose.model import Gap, InputSeen, Record, Resource, Restored, Where
from diagnose.parse import host, node
from diagnose.parse.bundle import MANIFEST
from diagnose.parse.kube import documents
from diagnose.parse.tree import mapping
from diagnose.parse.when import Clock, date_in, is_steady, micros, rfc3339
from diagnose.parse.zone import Local, of_lines
from diagnose.record import dataclass, field
from diagnose.scan import Scanner

if TYPE_CHECKING:
    from diagnose.collect.capture import Capture
    from diagnose.collect.jobs import Ahead

DOCUMENT = 4 * 1024 * 1024
"""Bytes up to which a text is read whole, line by line."""
OBJECTS = 256 * 1024 * 1024
"""Bytes up to which YAML or JSON objects are read."""

APART = 1024 * 1024
"""Bytes from which on another process reads a file, where there may be one; a compressed file is larger than it looks."""
_PACKED = 8

_NAMED = 5
"""Files that a gap names."""

_VERBOSE = re.compile(rb"(?m)^\S[^\n]{10,60} \[s=[0-9a-f]+;i=")
_YAML = re.compile(rb"(?m)^(?:apiVersion|kind|items):")
_OBJECT_JSON = re.compile(rb'"(?:kind|apiVersion)"\s*:\s*"')
_JOURNAL_JSON = re.compile(rb'"__REALTIME_TIMESTAMP"\s*:')
_POD_LOG = re.compile(r"namespaces/(openshift-multus|openshift-ovn-kubernetes)/pods/([a-z0-9.-]+)/(?:[^/]+/[^/]+/logs/|log\?)")
"""The log of one of MicroShift's own network pods: in must-gather (oc pkg/cli/admin/inspect/pod.go), and at the API server."""


@dataclass(slots=True)
class Options:
    """How to read: the moment that counts as now, and the zone of stamps without one; None: what the evidence tells, else UTC."""

    now: datetime | None = None
    tz: tzinfo | None = None


class _Plan(NamedTuple):
    """How other processes read an input."""

    kind: str
    read: Read
    """What reads its signs."""
    parts: list[Part]


class _Outcome(NamedTuple):
    """What another process tells once it has read an input, or a part of one."""

    inputs: list[InputSeen]
    gaps: list[Gap]
    zones: dict[str, str]
    tailed: list[str]
    scanned: int
    newlines: int


@dataclass(slots=True)
class Evidence:
    """Reads the inputs named; `inputs` and `gaps` tell afterwards what was read and what was not."""

    scan: Scanner
    options: Options
    inputs: list[InputSeen] = field(default_factory=list[InputSeen])
    gaps: list[Gap] = field(default_factory=list[Gap])
    keep: Capture | None = None
    """Where inputs are kept as they are read, for a bundle."""
    signs: Signs | None = None
    """Where records that only tell that something works wait until they matter; None: they are read like all others."""
    jobs: int = 1
    """Processes that read large files at a time; 1: this one reads everything."""
    restored: Restored | None = None
    """The run that wrote the bundle, where that is all the evidence there is."""
    bundles: list[str] = field(default_factory=list[str])
    """The bundles that were read."""
    zones: dict[str, str] = field(default_factory=dict[str, str])
    """The zone in which stamps without one were read, by the file that tells it."""
    _packed: list[Packed] = field(default_factory=list[Packed])
    _folders: Unpacked = field(default_factory=Unpacked)
    _alone: bool = False
    _budget: archive.Budget | None = None
    _depth: int = 0
    _layers: node.Layers = field(default_factory=node.Layers)
    _tailed: list[str] = field(default_factory=list[str])
    _forked: bool = False
    """True in a process that reads for another one: that one hears what is read, and judges what can wait."""
    _part: Part | None = None
    """What is read of a log, where that is not all of it."""

    def read(self, arguments: list[str]) -> Generator[Record | Resource]:
        """Yield the records and objects of every input; what cannot be read becomes a gap, never an exception."""
        self._alone = len(arguments) == 1
        names = list(walk(arguments))
        if self.jobs > 1 and self.keep is None and hasattr(os, "fork"):
            yield from self._ahead(names)
        else:
            for name in names:
                yield from self._named(name)
        if self._tailed:
            what = ", ".join(self._tailed[:_NAMED]) + (", ..." if len(self._tailed) > _NAMED else "")
            self.gaps.append(Gap("", "", "sudo sos report --batch --all-logs --log-size 0 -p network,security,microshift", "tailed", values=(("what", what),)))
        for place, fact in self._layers.facts():
            yield Resource(fact.kind, fact.namespace, fact.name, fact.body, Where(place))

    def _named(self, name: str | Parts | InputError) -> Iterator[Record | Resource]:
        """Yield what one input holds."""
        if isinstance(name, InputError):
            self.gaps.append(Gap("", str(name), name.hint))
            return
        try:
            opened = open_input(name)
        except InputError as e:
            self.gaps.append(Gap(_source(name), str(e), e.hint))
            return
        yield from self._opened(opened)
        if isinstance(name, Parts):
            self._in_parts(name)

    def _ahead(self, names: list[str | Parts | InputError]) -> Iterator[Record | Resource]:
        """Yield what the inputs hold; other processes read the large ones, ahead of their turn."""
        from diagnose.collect.jobs import Ahead

        plans: dict[int, _Plan | None] = {}

        def plan(number: int) -> _Plan | None:
            if number not in plans:
                plans[number] = self._planned(names[number])
            return plans[number]

        works = (
            partial(self._work, cast("str | Parts", name), part)
            for number, name in enumerate(names)
            if (planned := plan(number)) is not None
            for part in planned.parts
        )
        with Ahead(self.jobs, works) as ahead:
            for number, name in enumerate(names):
                ahead.start()
                planned = plan(number)
                if planned is None:
                    yield from self._named(name)
                else:
                    yield from self._from(ahead, cast("str | Parts", name), planned)
                    plans[number] = None

    def _planned(self, name: str | Parts | InputError) -> _Plan | None:
        """Return how other processes are to read an input; None for what is small, or is no log: that is read here."""
        if isinstance(name, InputError) or name == "-":
            return None
        source = _source(name)
        try:
            infos = [os.stat(n) for n in ([name] if isinstance(name, str) else name.names)]
            size = sum(i.st_size for i in infos)
            if size * _PACKED < APART or not all(stat.S_ISREG(i.st_mode) for i in infos) or (node.is_known(source) and size < node.SMALL):
                return None
            opened = open_input(name)
        except (OSError, InputError):
            return None  # which is told in its turn
        try:
            head, clock = opened.head, self._clock(opened)
            if not head or (size < APART and not opened.compression) or bundle.is_manifest(source, head) or archive.is_archive(head):
                return None
            self.scan.prepared()  # once, and not in each process
            if head.startswith(b"LPKSHHRH"):
                from diagnose.collect import native

                return _Plan("journal", native.Reader(opened.path, clock, source) if opened.path is not None else _was_read, [Part()])
            fmt = log_format(head)
            if fmt is None and (is_binary(head) or host.is_json(head) or looks_like_objects(head) or (size < DOCUMENT and not opened.compression)):
                return None
            parts = [Part()]
            if opened.file is not None and (isinstance(fmt, ExportFormat) or is_steady(self._zone(source, head.decode("utf-8", "replace"))[0])):
                from diagnose.collect.cutting import parts as cut

                parts = cut(opened.file, size, fmt or LineFormat(), self.scan, self.jobs)
            return _Plan(fmt.kind if fmt is not None else "text", reader(fmt or LineFormat(), clock, source), parts)
        except OSError:
            return None
        finally:
            opened.stream.close()

    def _work(self, name: str | Parts, part: Part) -> Generator[object, None, _Outcome]:
        """Read an input, or a part of it, in a process of its own."""
        self._forked, self._part = True, part
        self.inputs, self.gaps, self.zones, self._tailed = [], [], {}, []
        scanned_before = self.scan.seen
        yield from self._named(name) if not part.start else self._rest(cast("str", name), part)
        return _Outcome(self.inputs, self.gaps, self.zones, self._tailed, self.scan.seen - scanned_before, part.newlines)

    def _rest(self, name: str, part: Part) -> Iterator[Record | Resource]:
        """Yield the records of a part of a log that is not its beginning."""
        seen = InputSeen(name, "")
        self.inputs.append(seen)
        try:
            opened = open_input(name)
            with opened.stream, open(name, "rb", buffering=0) as stream:
                stream.seek(part.context)
                yield from self._log(cast("BinaryIO", stream), log_format(opened.head) or LineFormat(), self._clock(opened), seen)
        except Exception as e:  # noqa: BLE001 - as in `_opened`
            self._broken(e, seen)

    def _from(self, ahead: Ahead, name: str | Parts, plan: _Plan) -> Iterator[Record | Resource]:
        """Yield what other processes read of an input."""
        source = _source(name)
        heard, whole = InputSeen(source, plan.kind), None
        above = 0
        left = list(plan.parts)
        while left:
            left.pop(0)
            results = ahead.results()
            yield from self._judged(_below(above, results) if above else iter(results), plan.read, heard)
            outcome: _Outcome | None = results.outcome
            if outcome is None:
                heard.whole = False
                self.gaps.append(Gap(source, "not read to its end: the process that read it was ended", "what could be read before that was used; --jobs 1 needs less memory"))  # fmt: skip
                break
            self.gaps += outcome.gaps
            self.zones.update(outcome.zones)
            self._tailed += outcome.tailed
            self.scan.add(outcome.scanned)
            above += outcome.newlines
            for seen in outcome.inputs:
                if whole is None:
                    whole = seen
                else:
                    whole.join(seen)
            if whole is None or not whole.whole:
                break
        for _ in left:
            ahead.drop()
        if whole is None and heard.whole:
            return  # it could not be opened
        (whole := whole or heard).join(heard)
        self.inputs.append(whole)

    def _in_parts(self, parts: Parts) -> None:
        """Tell which part is missing, where the names or the end of the stream show that one is."""
        last = self.gaps[-1] if self.gaps else None
        if last is not None and last.source == parts.name:
            del self.gaps[-1]
        if parts.missing:
            self.gaps.append(Gap(parts.name, f"its part {parts.missing} is missing: read up to there", "name all parts, or put them into one folder"))
        elif last is not None and last.source == parts.name:
            self.gaps.append(last._replace(hint=f"is there a part after {parts.names[-1]}? what could be read before that was used"))

    def content(self, name: str, raw: bytes, mtime: float | None = None) -> Iterator[Record | Resource]:
        """Yield what bytes that are at hand hold, as if they stood in a file of that name, written at `mtime` (seconds since the epoch)."""
        yield from self._opened(Opened(name, io.BytesIO(raw), raw[:HEAD], len(raw), mtime, "", None))

    def kept(self, name: str, raw: bytes) -> None:
        """Keep an input as it was read, where that is wanted."""
        if self.keep is not None:
            self.keep.content(name, raw)

    def whole(self, name: str, stream: BinaryIO, form: str) -> BinaryIO:
        """Return a stream that is kept as it is read, where large inputs are to be kept whole; `form` is that of a log, as its format names it."""
        return stream if self.keep is None or not self.keep.full else self.keep.stream(name, stream, form)

    def _opened(self, opened: Opened) -> Iterator[Record | Resource]:
        name = opened.name
        seen = InputSeen(name, "unknown")
        self.inputs.append(seen)
        if opened.tailed:
            self._tailed.append(name)
        if not archive.is_archive(opened.head) and not bundle.is_manifest(name, opened.head):  # each member tells by itself
            seen.obfuscated = is_obfuscated(opened.head) or is_named_obfuscated(name)
            self.gaps += refusals(opened.head, name)
        if opened.compression and self._budget is None and opened.size:
            opened = opened._replace(stream=cast("BinaryIO", archive.Metered(opened.stream, archive.Budget(opened.size))))
        try:
            yield from self._one(opened, seen)
        except InputError as e:
            self.gaps.append(Gap(name, str(e), e.hint))
        except Exception as e:  # noqa: BLE001 - one broken input never hides the others
            self._broken(e, seen, packed=bool(opened.compression) or seen.kind == "archive")
        finally:
            opened.stream.close()

    def _broken(self, error: Exception, seen: InputSeen, *, packed: bool = False) -> None:
        """Tell that an input ended before its end."""
        seen.whole = False
        what = "damaged or cut short" if packed else "not readable to its end"
        self.gaps.append(Gap(seen.source, f"{what}: {type(error).__name__}: {error}", "what could be read before that was used"))

    def _all(self, stream: BinaryIO, limit: int, seen: InputSeen) -> bytes:
        """Return up to `limit` bytes of an input that is read at once; what its head did not show is told."""
        raw = _whole(stream, limit)
        if len(raw) > HEAD:
            seen.obfuscated = seen.obfuscated or is_obfuscated(raw)
            told = {g.kind for g in self.gaps if g.source == seen.source}
            self.gaps += (g for g in refusals(raw, seen.source) if g.kind not in told)
        return raw

    def _one(self, opened: Opened, seen: InputSeen) -> Iterator[Record | Resource]:
        head = opened.head
        if bundle.is_manifest(opened.name, head) and opened.path is not None:
            yield from self._unpacked(opened, seen)
            return
        clock = self._clock(opened)
        if node.is_known(seen.source) and opened.size < node.SMALL:
            raw = self._all(opened.stream, node.SMALL, seen)
            facts = node.of_file(seen.source, raw, opened.mtime)
            if any(f.kind == node.KUBECONFIG for f in facts):
                self._left_out(seen, "holds credentials")
            elif facts:
                self.kept(seen.source, raw)
            else:
                yield from self._text(raw, clock, seen)
                return
        else:
            facts = host.of_file(seen.source, head, opened.mtime) if opened.size < HEAD else []
        if facts:
            seen.kind = "leases" if facts[0].kind in (host.LEASE, host.STORE) else "objects"
            seen.size, seen.lines = len(head), head.count(b"\n")
            yield from _of_host(facts, seen)
            return
        if opened.size < HEAD and self._layers.hold(seen.source, head):
            seen.kind, seen.size, seen.lines = "objects", len(head), head.count(b"\n")
            self.kept(seen.source, head)
            return
        if not head:
            seen.kind = "empty"
            return
        if head.startswith(b"LPKSHHRH"):
            seen.kind = "journal"
            yield from self._native(opened, seen, clock)
            return
        if archive.is_archive(head):
            seen.kind = "archive"
            yield from self._archive(opened, seen)
            return
        fmt = log_format(head)
        if fmt is not None:
            seen.kind = fmt.kind
            yield from self._log(self.whole(seen.source, opened.stream, fmt.kind), fmt, clock, seen)
            return
        if is_binary(head):
            seen.kind = "unknown"
            seen.note = "binary data, not understood"
            self._left_out(seen, seen.note)
            return
        if host.is_json(head) or looks_like_objects(head):
            raw = self._all(opened.stream, OBJECTS, seen)
            text = raw.decode("utf-8", "replace")
            facts = host.of_json(seen.source, text) if host.is_json(head) else []
            if facts:
                seen.kind = "objects"
                seen.size, seen.lines = len(raw), raw.count(b"\n")
                self.kept(seen.source, raw)
                yield from _of_host(facts, seen)
                return
            try:
                bodies = list(documents(text))
            except (ValueError, RecursionError) as e:
                if opened.head.lstrip()[:1] in (b"{", b"[") and len(raw) > DOCUMENT:
                    self.gaps.append(Gap(seen.source, f"neither valid JSON nor YAML: {e}"))
                yield from self._text(raw, clock, seen)
                return
            if not bodies:
                seen.kind = "empty"  # a list of nothing
                return
            if any("kind" in b for b, _ in bodies):
                seen.kind = "objects"
                seen.programs.update(f"kind:{b.get('kind')}" for b, _ in bodies)
                seen.size, seen.lines = len(raw), raw.count(b"\n")
                yield from self._timed(_objects(bodies, seen.source), seen)
                return
            yield from self._text(raw, clock, seen)
            return
        raw = self._all(opened.stream, DOCUMENT, seen)
        if len(raw) < DOCUMENT:
            yield from self._text(raw, clock, seen)
            return
        seen.kind = "text"
        stream = self.whole(seen.source, cast("BinaryIO", _Chained(raw, opened.stream)), seen.kind)
        yield from self._log(stream, LineFormat(), clock, seen)

    def _archive(self, opened: Opened, seen: InputSeen) -> Iterator[Record | Resource]:
        """Yield what the members tell; an archive that cannot be read to its end is a gap, and its members so far stand."""
        outer = self._budget
        if outer is not None and self._depth >= archive.DEPTH:
            raise InputError(f"cannot read {opened.name}: archives within archives, more than {archive.DEPTH} deep", "unpack the outer one")
        self._budget = outer or archive.Budget(opened.size)
        self._depth += 1
        readings: dict[str, bundle.Reading] = {}
        self._packed.append(Packed(opened))
        try:
            for member in archive.members(opened, self._budget):
                if isinstance(member, Gap):
                    self.gaps.append(member)
                    continue
                seen.lines += 1
                top = next(filter(member.name.startswith, readings), "") or bundle.top_of(member.name, member.head)
                if not top:
                    yield from self._opened(member)
                    continue
                if top not in readings:
                    name = top.rstrip("/") if readings else opened.name
                    readings[top] = self._reading(name, top, alone=not readings and self._depth == 1)
                yield from readings[top].member(member)
        except InputError as e:
            raise InputError(f"{opened.name}: {e}", e.hint) from e
        finally:
            self._budget, self._depth = outer, self._depth - 1
            self._packed.pop()
            for reading in readings.values():
                self._ended(reading)

    def _reading(self, name: str, top: str, *, alone: bool) -> bundle.Reading:
        """Return what reads a bundle; `alone`: it is the only one of its input."""
        self.bundles.append(name)
        return bundle.Reading(name, top, alone=alone and self._alone)

    def _unpacked(self, manifest: Opened, seen: InputSeen) -> Iterator[Record | Resource]:
        """Yield what an unpacked bundle holds."""
        seen.kind = "archive"
        top = manifest.name.removesuffix(MANIFEST)
        reading = self._reading(top.rstrip("/"), top, alone=True)
        try:
            yield from bundle.unpacked(reading, manifest)
        finally:
            self._ended(reading)

    def _ended(self, reading: bundle.Reading) -> None:
        """Take over what a bundle told."""
        reading.end()
        self.inputs += reading.inputs
        self.gaps += reading.gaps
        if reading.alone:
            self.restored = reading.restored

    def _left_out(self, seen: InputSeen, why: str) -> None:
        """Tell that an input is not kept as it is."""
        if self.keep is not None:
            self.keep.leave_out(seen.source, why)

    def _text(self, raw: bytes, clock: Clock, seen: InputSeen) -> Iterator[Record | Resource]:
        seen.kind = "text"
        self.kept(seen.source, raw)
        if host.may_hold(raw[:HEAD]):
            yield from _of_host(host.of_text(seen.source, raw.decode("utf-8", "replace")), seen)
        lines = raw[: 64 * 1024].decode("utf-8", "replace").split("\n")
        if document.mostly_logs(lines):
            yield from self._log(io.BytesIO(raw), LineFormat(), clock, seen)
        else:
            yield from self._timed(document.read(raw, clock, seen, self._base(clock)), seen)

    def _log(self, stream: BinaryIO, fmt: Format, clock: Clock, seen: InputSeen) -> Iterator[Record | Resource]:
        """Yield the records of a log."""
        read = reader(fmt, clock.copy(), seen.source) if self.signs is not None else None
        return self._judged(scanned(stream, fmt, self.scan, clock, seen, self._part, apart=read is not None), read, seen)

    def _judged(self, found: Iterator[Record | Unread | None], read: Read | None, seen: InputSeen) -> Iterator[Record | Resource]:
        """Yield the records of an input; its signs, which `read` reads, as far as they matter now."""
        if self._forked:
            return cast("Iterator[Record]", found)
        known = found if self.signs is None or read is None else self.signs.judged(found, read, seen.source)
        return self._timed(cast("Iterator[Record]", known), seen)

    def _base(self, clock: Clock) -> tuple[int, bool]:
        """Return the moment that kubectl's ages count from; where neither the evidence nor `--now` tells it, it is a guess, good for their order only."""
        if clock.known and clock.reference is not None:
            return micros(clock.reference), False
        if self.options.now is not None:
            return micros(self.options.now), False
        return micros(clock.reference or datetime.now(UTC)), True

    def _timed(self, found: Iterator[Record | Resource], seen: InputSeen) -> Iterator[Record | Resource]:
        if self._forked:
            yield from found
            return
        pod = _POD_LOG.search(seen.source)
        for item in found:
            if isinstance(item, Record):
                seen.hear(item.program, None if item.relative else item.time, item.boot, item.offset)
                if pod is not None and not item.pod:
                    item = item._replace(pod=f"{pod[1]}/{pod[2]}")
            yield item

    def _clock(self, opened: Opened) -> Clock:
        text = opened.head.decode("utf-8", "replace")
        neighbour = date_in(text)
        zone, local = self.options.tz or UTC, partial(self._local, opened.name, text)
        if neighbour is not None:
            return Clock(neighbour, zone, local=local)
        written = datetime.fromtimestamp(opened.mtime, UTC) if opened.mtime is not None else datetime.now(UTC)
        return Clock(self.options.now or written, zone, newest=True, local=local)

    def _local(self, source: str, head: str) -> tuple[tzinfo, datetime | None]:
        """Return the zone of the stamps of an input that name none, and when it was collected, if the archive or tree around it tells."""
        zone, told = self._zone(source, head)
        if told is not None and told.zone is not None and self.options.tz is None:
            self.zones[told.origin] = told.name
        return zone, told.moment if told is not None else None

    def _zone(self, source: str, head: str) -> tuple[tzinfo, Local | None]:
        within = (found for packed in reversed(self._packed) if (found := packed.find(source)) is not None)
        told = next(within, None) or self._folders.find(source)
        zone = told.zone if told is not None and told.zone is not None else of_lines(head) or UTC
        return self.options.tz or zone, told

    def _native(self, opened: Opened, seen: InputSeen, clock: Clock) -> Iterator[Record | Resource]:
        import tempfile
        from pathlib import Path

        from diagnose.collect import native

        path = opened.path if opened.path is not None and opened.path.is_file() else None
        with tempfile.NamedTemporaryFile(prefix="msnet-", buffering=0) if path is None else nullcontext() as spool:
            if spool is not None:
                archive.spooled(opened.stream, cast("BinaryIO", spool))
                path = Path(spool.name)
            read = native.Reader(cast("Path", path), clock.copy(), seen.source) if self.signs is not None else None
            found = native.read(cast("Path", path), self.scan, clock, seen, self.gaps, self.whole, apart=read is not None)
            if self._forked and spool is not None and read is not None:
                # Nobody else can read it.
                found = (x._replace(key=read(x)) if isinstance(x, Unread) else x for x in found)
            yield from self._judged(found, read, seen)


def _source(name: str | Parts) -> str:
    return name if isinstance(name, str) else name.name


def _was_read(sign: Unread) -> Record | None:
    return cast("Record | None", sign.key)


def _below(above: int, found: Iterable[Record | Unread | None]) -> Iterator[Record | Unread | None]:
    """Yield what was found, with its lines counted from the beginning of the input, `above` lines before."""
    for item in found:
        numbered = isinstance(item, Record) and item.where.line
        yield item._replace(where=item.where._replace(line=item.where.line + above)) if isinstance(item, Record) and numbered else item


class _Chained:
    """Bytes already read, then the rest of the stream."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest

    def read(self, size: int) -> bytes:
        if self._head:
            part, self._head = self._head[:size], self._head[size:]
            return part
        return self._rest.read(size)


def _whole(stream: BinaryIO, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while size < limit:
        part = stream.read(1024 * 1024)
        if not part:
            break
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def is_binary(head: bytes) -> bool:
    """Return True if `head` is no text in any encoding we read: NUL bytes, or mostly control bytes."""
    sample = head[:8192]
    control = sum(1 for b in sample if b < 32 and b not in (9, 10, 12, 13, 27, 30))
    return control > len(sample) // 20


def log_format(head: bytes) -> Format | None:
    """Return the journal format that `head` shows, or None for text, objects and everything else."""
    start = head.lstrip(b"\x1e \r\n\t")
    if start.startswith((b"__CURSOR=", b"__REALTIME_TIMESTAMP=")):
        return ExportFormat()
    if start.startswith(b"data: {"):
        return JsonFormat()
    if start.startswith(b"{") and _JOURNAL_JSON.search(head[:32768]):
        return PrettyFormat() if start[1:2] in (b"\n", b"\r") else JsonFormat()
    if _VERBOSE.match(start):
        return VerboseFormat()
    return None


def looks_like_objects(head: bytes) -> bool:
    """Return True if `head` may begin Kubernetes objects in YAML or JSON."""
    start = head.lstrip(b"\xef\xbb\xbf \r\n\t")
    if start.startswith((b"{", b"[")):
        return bool(_OBJECT_JSON.search(head))
    return bool(_YAML.match(start) or (start.startswith((b"---", b"#")) and _YAML.search(head)))


def _of_host(facts: list[host.Fact], seen: InputSeen) -> Iterator[Resource]:
    """Yield parts of the host as resources."""
    for fact in facts:
        seen.programs.add(f"kind:{fact.kind}")
        yield Resource(fact.kind, fact.namespace, fact.name, fact.body, Where(seen.source, fact.line))


def _objects(bodies: list[tuple[dict[str, Any], int]], source: str) -> Iterator[Record | Resource]:
    for body, line in bodies:
        where = Where(source, line)
        if body.get("kind") == "Event":
            record = event_record(body, where)
            if record is not None:
                yield record
        elif str(body.get("kind", "")).endswith("List") and "items" in body:
            continue
        else:
            yield from document.resource(body, where)


def event_record(body: dict[str, Any], where: Where) -> Record | None:
    """Return the record of an Event of core/v1 or events.k8s.io/v1, or None where it says nothing."""
    message = str(body.get("message") or body.get("note") or "")
    if not message:
        return None
    about = mapping(body.get("involvedObject") or body.get("regarding"))
    series, meta = mapping(body.get("series")), mapping(body.get("metadata"))
    times = int(series.get("count") or body.get("count") or body.get("deprecatedCount") or 1)
    last = str(series.get("lastObservedTime") or body.get("lastTimestamp") or body.get("deprecatedLastTimestamp") or body.get("eventTime") or meta.get("creationTimestamp") or "")  # fmt: skip
    first = str(body.get("firstTimestamp") or body.get("deprecatedFirstTimestamp") or body.get("eventTime") or last)
    pod = f"{about.get('namespace', '')}/{about.get('name', '')}" if about.get("kind") == "Pod" else ""
    return Record(
        rfc3339(last), "event", message, where, message, pod=pod, reason=str(body.get("reason") or ""), times=times,
        first=rfc3339(first), level=str(body.get("type") or ""),
    )  # fmt: skip
