"""Makes the members of a bundle out of what was captured, and sees to it that they fit."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, cast

from diagnose import __version__
from diagnose.bundle.cleaner import Cleaner
from diagnose.bundle.pack import Member, pack
from diagnose.catalog import Catalog
from diagnose.collect.capture import Capture, Kept, line, parts, path_of
from diagnose.collect.spool import Spool
from diagnose.collect.stream import ExportFormat, JsonFormat, entries
from diagnose.diagnosis import usable
from diagnose.errors import MsnetError
from diagnose.model import Report
from diagnose.parse import bundle
from diagnose.parse.when import moment
from diagnose.pattern import lazy
from diagnose.record import dataclass, field
from diagnose.render import html, json_v1, markdown
from diagnose.shape import shape

Render = Callable[[Report, Catalog, str], str]
REPORTS: dict[str, Render] = {
    "report.json": json_v1.render,
    "report.md": lambda report, catalog, language: markdown.render(report, catalog, language, everything=True),
    "report.html": html.render,
}
"""The report's forms, by the member's path."""
INPUTS = "inputs"
_PACKED = lazy(r"(?:\.(?:gz|xz|zst|bz2))+$")
"""Ends of names of what is kept unpacked."""
_BLOCK = 1024 * 1024
_EACH = (64, 16, 4, 1)
"""Records of one shape that are left, beside its first, where there is no room for all."""


@dataclass(slots=True)
class Bundle:
    """A bundle that is ready to be written."""

    folder: str
    taken: int
    """Microseconds since the epoch."""
    members: list[Member]
    told: dict[str, Any]
    """The manifest, without its members and limits."""
    limits: list[str] = field(default_factory=list[str])

    def write(self, out: BinaryIO, suffix: str) -> None:
        """Write it, its manifest first."""
        pack([self._manifest(), *self.members], self.folder, self.taken // 1_000_000, suffix, out)

    def _manifest(self) -> Member:
        listed = [{"path": m.path, "bytes": m.bytes.size, "sha256": _sha256(m.bytes), "what": m.what} for m in self.members]
        body = {**self.told, "limits": self.limits, "members": listed}
        return Member(bundle.MANIFEST, "", _spooled(json.dumps(body, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace") + b"\n"))

    def fit(self, size: int, suffix: str) -> None:
        """Leave out what is least missed until it takes `size` bytes at most. Raises `MsnetError` where it cannot be done."""
        smallest = self._size(suffix)
        if smallest <= size:
            return
        for members, limits in _less(self.members):
            self.members, self.limits = members, limits
            smallest = min(smallest, self._size(suffix))
            if smallest <= size:
                return
        raise MsnetError(f"a bundle of {size:,} bytes is too small: its report and objects alone take {smallest:,}", f"--max-size {smallest // 1000 + 1}k")

    def _size(self, suffix: str) -> int:
        count = _Count()
        self.write(cast("BinaryIO", count), suffix)
        return count.size


class _Count:
    """Counts the bytes that are written to it."""

    def __init__(self) -> None:
        self.size = 0

    def write(self, data: bytes) -> int:
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing."""


def build(captured: Capture, report: Report, catalog: Catalog, cleaner: Cleaner, language: str, host: str = "node") -> Bundle:
    """Return the bundle of a run, cleaned; `cleaner` has learnt from all of it. `host` is the node's name where the evidence tells none."""
    told = cleaner.report(report)
    members = [_records(captured, cleaner), *_inputs(captured, cleaner)]
    resources, left_out = _resources(captured, cleaner)
    left_out += [{"source": cleaner.text(x.source), "why": x.why} for x in sorted(set(captured.left_out))]
    reports = [Member(path, "the report", _spooled(render(told, catalog, language).encode("utf-8", "backslashreplace"))) for path, render in REPORTS.items()]
    taken = captured.run.taken if captured.run.taken is not None else report.generated
    host = cleaner.text(_host(captured) or host)
    manifest = {
        "schema": bundle.SCHEMA,
        "tool": __version__,
        "catalog": catalog.digest,
        "taken": moment(taken).isoformat().replace("+00:00", "Z"),
        "host": host,
        "redaction": cleaner.state,
        "replaced": dict(sorted(cleaner.counts.items())),
        "live": captured.run.live,
        "running": captured.run.running,
        "since": captured.run.since,
        "usable": usable(report),
        "findings": [{"rule": f.rule, "subject": f.subject, "severity": f.severity, "state": f.state, "count": f.count} for f in told.findings],
        "collected": [bundle.of_collected(c) for c in captured.run.collected],
        "zones": [cleaner.value(bundle.of_zone(z)) for z in captured.run.zones],
        "gaps": [cleaner.value(bundle.of_gap(g)) for g in captured.gaps],
        "inputs": [cleaner.value(bundle.of_input(i)) for i in captured.inputs],
        "left_out": left_out,
    }
    stamp = moment(taken).strftime("%Y%m%dT%H%M%SZ")
    return Bundle(f"msnet-{path_of(host).replace('/', '_')}-{stamp}", taken, [resources, *members[:1], *reports, *members[1:]], manifest)


def _host(captured: Capture) -> str:
    """Return the name of the node: the one that most records bear, else that of the one Node, else ""."""
    names = Counter(r.host for r in captured.records() if r.host)
    if names:
        return min(names, key=lambda n: (-names[n], n))
    nodes = sorted({r.name for r in captured.resources if r.kind == "Node"})
    return nodes[0] if len(nodes) == 1 else ""


_CLEANED = ("MESSAGE", "MSNET_RAW", "MSNET_SOURCE", "MSNET_POD", "_HOSTNAME", "SYSLOG_IDENTIFIER", "__CURSOR", "_BOOT_ID")
"""Fields of a record that tell of more than the program's own words."""


def _records(captured: Capture, clean: Cleaner) -> Member:
    spool = Spool()
    for record in captured.records():
        fields = bundle.of_record(record)
        message, raw = str(fields.get("MESSAGE", "")), str(fields.get("MSNET_RAW", ""))
        fields = {k: clean.text(v) if k in _CLEANED and k != "MSNET_RAW" else v for k, v in fields.items()}
        if raw:
            head = raw[: -len(message)] if message and raw.endswith(message) else ""
            # What stands before the message is cleaned by itself where it is but a log's usual head.
            fields["MSNET_RAW"] = clean.text(head) + str(fields["MESSAGE"]) if head.endswith((": ", "] ")) and "=" not in head else clean.text(raw)
        spool.write(line(fields))
    return Member(bundle.RECORDS, "log lines and events around what was found, as journalctl -o json", spool)


def _resources(captured: Capture, clean: Cleaner) -> tuple[Member, list[dict[str, str]]]:
    """Return the objects and the state of the node, and what cannot be written down."""
    spool, left_out = Spool(), list[dict[str, str]]()
    for resource in captured.resources:
        try:
            spool.write(line(clean.value(bundle.of_resource(resource))))
        except (ValueError, RecursionError) as e:
            left_out.append({"source": clean.text(resource.where.source), "why": f"{resource.kind}: {str(e)[:200]}"})
    return Member(bundle.RESOURCES, "Kubernetes objects and the node's state", spool), left_out


def _inputs(captured: Capture, clean: Cleaner) -> Iterator[Member]:
    """Yield the inputs as they were read; nothing reads them again but people."""
    kept = sorted(captured.kept, key=lambda k: k.name)
    for number, one in enumerate(kept, 1):
        spool = Spool()
        for part in _cleaned(one, clean):
            spool.write(part)
        # In export form a field's length stands before it, which cleaning changes.
        end = ".jsonl" if one.form == ExportFormat.kind else ""
        yield Member(f"{INPUTS}/{number:0{len(str(len(kept)))}}/{_PACKED.sub('', path_of(clean.text(one.name)))}{end}", "an input as it was read", spool)


def _cleaned(one: Kept, clean: Cleaner) -> Iterator[bytes]:
    """Yield an input's bytes, cleaned: a journal value by value, so that nothing hides behind how its form writes it."""
    if one.form == ExportFormat.kind:
        with one.bytes.read() as stream:
            yield from (line(clean.value(fields)) for fields in entries(stream))
        return
    if one.form != JsonFormat.kind:
        yield from (clean.text(part).encode("utf-8", "backslashreplace") for part in parts(one.bytes))
        return
    with one.bytes.read() as stream:
        for raw in stream:
            try:
                yield line(clean.value(json.loads(raw)))
            except (ValueError, RecursionError):
                yield clean.text(raw.decode("utf-8", "replace")).encode("utf-8", "backslashreplace")


def _spooled(raw: bytes) -> Spool:
    spool = Spool()
    spool.write(raw)
    return spool


def _sha256(spool: Spool) -> str:
    digest = hashlib.sha256()
    with spool.read() as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


# --- less -------------------------------------------------------------------------------------------------------------


def _less(members: list[Member]) -> Iterator[tuple[list[Member], list[str]]]:
    """Yield the members that are left, and what was left out, each time less: first what can be made again, last what shows a failure."""
    limits: list[str] = []
    for path in ("report.html",):
        members, limits = _without(members, path, limits)
        yield members, limits
    inputs = sorted((m for m in members if m.path.startswith(f"{INPUTS}/")), key=lambda m: (-m.bytes.size, m.path))
    rest = [m for m in members if not m.path.startswith(f"{INPUTS}/")]
    before = limits
    left = len(inputs)
    while left:
        left //= 2
        limits = [*before, f"{len(inputs) - left} of {len(inputs)} inputs, the largest first"]
        members = [*rest, *sorted(inputs[len(inputs) - left :])] if left else rest
        yield members, limits
    records = next(m for m in members if m.path == bundle.RECORDS)
    all_lines = _lines(records)
    before = limits
    for each in _EACH:
        kept = _thinned(records, each)
        if len(kept) < all_lines:
            limits = [*before, f"{all_lines - len(kept):,} of {all_lines:,} records: of one shape the first and the newest {each} are left"]
            members = _with(members, records, kept)
            yield members, limits
    thin = next(m for m in members if m.path == bundle.RECORDS)
    kept = _thinned(thin, all_lines)
    while kept:
        kept = kept[(len(kept) + 1) // 2 :]
        limits = [*before, f"{all_lines - len(kept):,} of {all_lines:,} records, the oldest first"]
        members = _with(members, records, kept)
        yield members, limits
    members, limits = _without(members, "report.md", limits)
    yield members, limits


def _without(members: list[Member], path: str, limits: list[str]) -> tuple[list[Member], list[str]]:
    found = [m for m in members if m.path != path]
    return found, [*limits, path] if len(found) < len(members) else limits


def _with(members: list[Member], records: Member, lines: list[bytes]) -> list[Member]:
    spool = _spooled(b"".join(lines))
    return [m._replace(bytes=spool) if m.path == records.path else m for m in members]


def _lines(member: Member) -> int:
    with member.bytes.read() as stream:
        return sum(1 for _ in stream)


def _thinned(member: Member, each: int) -> list[bytes]:
    """Return the lines of the records that are the first, or among the newest `each`, of their shape, in order."""
    with member.bytes.read() as stream:
        rows = list(stream)
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for number, raw in enumerate(rows):
        d = json.loads(raw)
        key = str(d.get("MSNET_PROGRAM", "")), shape(str(d["MESSAGE"]))
        found.setdefault(key, []).append((int(d.get("__REALTIME_TIMESTAMP", 0)), number))
    keep = {n for times in found.values() for _, n in (min(times), *sorted(times)[-each:])}
    return [raw for n, raw in enumerate(rows) if n in keep]
