"""The report as one page to look at: a single file without network access, for screens, paper and screen readers.

Log text stays text: the template escapes everything that is put into it, control and direction characters are shown as escapes, and the
page's policy (CSP) lets no script or style run but its own, which it knows by their digests.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from diagnose.catalog import Catalog
from diagnose.lang import Labels, labels
from diagnose.leases import clean_up
from diagnose.model import Affected, Evidence, Finding, PoolSeen, Report, StepText
from diagnose.record import dataclass
from diagnose.render import node, picture, strip, tables
from diagnose.render.html_words import HtmlWords, html_words
from diagnose.render.terminal import clock, middle, seen, verdict_of, where, why_sure
from diagnose.render.words import (
    chain,
    collected_text,
    expired_text,
    gap_text,
    hint_text,
    ignored_text,
    moment_text,
    printable,
    proof_text,
    redacted_text,
    words,
)

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent / "templates"

_OPEN, _WHOLE = 12, 100
"""Causes that are shown unfolded, and whole; those behind them stand in a table."""
_PICTURES = 12
_PODS = 40
"""Objects that are named of one finding."""
_SHORT, _LONGEST = 240, 6000
"""Characters of evidence that is shown unfolded, and at all."""
_ROWS = 2000
"""Rows of a table."""
_HOSTS = 4


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of evidence: where it stands, its text, and the text in one line if it is long."""

    where: str
    text: str
    short: str


@dataclass(frozen=True, slots=True)
class Cause:
    """One finding in words."""

    number: int
    rule: str
    severity: str
    mark: str
    state: str
    title: str
    fields: tuple[tuple[str, tuple[str, ...]], ...]
    """Label and lines."""
    evidence: tuple[Piece, ...]
    why: str
    steps: tuple[StepText, ...]
    verify: str
    verify_command: str
    explains: str
    guide: str
    refs: tuple[str, ...]
    open: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table; `mark` is the sign before its first cell, "none" for none."""

    cells: tuple[str, ...]
    mark: str
    command: str | None = None
    """What a cell of its own lets copy; None if the table has no such column."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table with its filter."""

    id: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Pool:
    """One store of addresses: what is said of it, its fill level in hundredths, the command that frees what was left behind."""

    text: str
    used: float | None
    leaked: float
    command: str


@dataclass(frozen=True, slots=True)
class Blind:
    """One blind spot and its cure."""

    text: str
    hint: str
    hides: bool


def templates() -> list[Path]:
    """Return the files that a page is made of."""
    return sorted(_TEMPLATES.iterdir())


def render(report: Report, catalog: Catalog, language: str) -> str:
    """Return the report as an HTML document."""
    from markupsafe import Markup

    w, hw = labels(language), html_words(language)
    style, script = ((_TEMPLATES / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    active = [n for n, f in enumerate(report.findings) if f.state != "resolved" and f.severity != "info"]
    rest = sorted({*range(len(report.findings))} - {*active})
    whole = {*active[:_WHOLE], *rest[: max(0, _WHOLE - len(active))]}

    def cause(number: int, *, unfolded: bool) -> Cause:
        return _cause(number, report.findings[number], catalog, w, unfolded=unfolded)

    drawn, pods_left = picture.pictures(report, catalog, w, hw, _PICTURES)
    told = [moment_text(m, w) for m in report.timeline]
    verdict, severity = verdict_of(report, w)
    if severity == "ok" and any(g.hides for g in report.gaps):
        severity = "blind"  # what was not looked at is not all right
    return _environment().get_template("report.html").render(
        w=w, hw=hw, language=language, policy=_policy(style, script), style=Markup(style), script=Markup(script),  # noqa: S704 - our own files
        verdict=verdict, severity=severity, facts=_head(report, w, hw),
        titles=[(n, report.findings[n], words(report.findings[n], catalog.by_id[report.findings[n].rule], language).title) for n in active[:_WHOLE]],
        causes=[cause(n, unfolded=place < _OPEN) for place, n in enumerate(active) if n in whole],
        rest=[cause(n, unfolded=False) for n in rest if n in whole],
        further=_further([n for n in range(len(report.findings)) if n not in whole], report, catalog, w, hw),
        strip=strip.strip_of(report, told, strip.WIDE), narrow=strip.strip_of(report, told, strip.TALL),
        moments=_moments(report, told, w, hw),
        whole=whole, names=[f.rule for f in report.findings], pictures=drawn, pods_left=pods_left,
        pools=[_pool(p, w) for p in report.pools], tables=[t for t in _tables(report, w, hw) if t.rows],
        blind=[Blind(gap_text(g, w), g.hint, g.hides) for g in report.gaps],
        unknown=[i.source for i in report.inputs if i.kind == "unknown"],
        aside=_aside(report, w), inputs=_inputs(report, hw), looked=[seen(i, w) for i in report.inputs if i.kind != "unknown"][:_OPEN],
        clock=clock,
    )  # fmt: skip


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        autoescape=True, undefined=StrictUndefined, loader=FileSystemLoader(_TEMPLATES), finalize=_inert, trim_blocks=True, lstrip_blocks=True
    )  # fmt: skip


def _inert(value: object) -> object:
    """Return text without control and direction characters; what the template itself made is left alone."""
    from markupsafe import Markup

    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _policy(style: str, script: str) -> str:
    """Return the content security policy: nothing but this style and this script."""
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script))
    known = "style-src 'sha256-{}'; script-src 'sha256-{}'".format(*digests)
    return f"default-src 'none'; {known}; img-src data:; base-uri 'none'; form-action 'none'"


def _head(report: Report, w: Labels, hw: HtmlWords) -> list[tuple[str, str]]:
    """Return the surroundings of the report: label and text."""
    low, high = report.window
    span = f"{clock(low)} .. {clock(high)} UTC, " if low is not None else ""
    hosts = list(dict.fromkeys(name.partition(" ")[0] for name in report.facts.get("version", {})))
    return [
        *([(hw.host, ", ".join(hosts[:_HOSTS]))] if hosts else []),
        (w.evidence_window, span + w.count_lines(sum(i.lines for i in report.inputs))),
        *([(w.collectors.lower(), collected_text(report, w))] if report.collected else []),
        *([(w.redaction.lower(), redacted_text(report, w))] if report.redacted is not None else []),
        (hw.generated, f"{clock(report.generated)} UTC, msnet {report.tool}, {hw.rules} {report.catalog}"),
    ]


def _cause(number: int, f: Finding, catalog: Catalog, w: Labels, *, unfolded: bool) -> Cause:
    rule = catalog.by_id[f.rule]
    said = words(f, rule, w.language)
    times = [w.times.format(n=f.count), *([f"{w.since} {clock(f.first)}"] if f.first is not None else [])]
    times += [f"{w.last} {clock(f.last)}"] if f.last is not None and f.last != f.first else []
    fields: list[tuple[str, tuple[str, ...]]] = [(w.hits, (", ".join([*_affected(f.affected, w), *times]),))]
    fields.append((w.sure, (f"{w.confidence[f.confidence]}: {why_sure(f, w)}",)))
    if f.hints:
        fields.append((w.checked, tuple(hint_text(h, w) for h in f.hints)))
    if f.proof is not None:
        when = f"{clock(f.proof.time)}  " if f.proof.time is not None else ""
        fields.append((w.over if f.state == "resolved" else w.state[f.state], (when + middle(proof_text(f.proof, w), _LONGEST),)))
    return Cause(
        number, f.rule, w.severity[f.severity], "resolved" if f.state == "resolved" else f.severity, w.state[f.state], said.title, tuple(fields),
        tuple(_piece(e) for e in f.evidence), said.cause, said.steps, said.verify, said.verify_command, chain(f, w), ", ".join(rule.guide),
        tuple(r for r in rule.refs if r.startswith("https://")), unfolded,
    )  # fmt: skip


def _affected(found: list[Affected], w: Labels) -> list[str]:
    shown = [f"{w.kind.get(a.kind, a.kind)} {a.namespace + '/' if a.namespace else ''}{a.name}" for a in found[:_PODS]]
    return [*shown, w.and_more.format(n=len(found) - _PODS)] if len(found) > _PODS else shown


def _piece(e: Evidence) -> Piece:
    text = e.text.rstrip("\n") if len(e.text) <= _LONGEST else middle(e.text, _LONGEST)
    return Piece(where(e), text, middle(text, _SHORT) if len(text) > _SHORT else "")


def _further(numbers: list[int], report: Report, catalog: Catalog, w: Labels, hw: HtmlWords) -> Table:
    rows: list[Row] = []
    for f in (report.findings[n] for n in numbers[:_ROWS]):
        title = words(f, catalog.by_id[f.rule], w.language).title
        rows.append(Row((f.rule, w.state[f.state], title, str(f.count), clock(f.first), clock(f.last)), "resolved" if f.state == "resolved" else f.severity))
    return Table("further", hw.more_causes, hw.cause_columns, tuple(rows), max(0, len(numbers) - _ROWS))


def _moments(report: Report, told: list[str], w: Labels, hw: HtmlWords) -> Table:
    marks = {"failure": "error", "last": "error", "recovery": "resolved"}
    rows = tuple(Row((clock(m.time), told[n]), marks.get(m.kind, "none")) for n, m in enumerate(report.timeline))
    return Table("moments", w.timeline, (hw.time, hw.event), rows)


def _pool(pool: PoolSeen, w: Labels) -> Pool:
    leaked = Counter(x.state for x in pool.leases)["leaked"]
    known = pool.size is not None and pool.free is not None and pool.size > 0
    used = 100 * (pool.size - pool.free) / pool.size if known and pool.size is not None and pool.free is not None else None
    return Pool(tables.pool_text(pool, w), used, min(used, 100 * leaked / pool.size) if used is not None and pool.size else 0, clean_up(pool))


def _tables(report: Report, w: Labels, hw: HtmlWords) -> Iterator[Table]:
    yield _limited("attachments", w.attachments, (hw.pod, *w.attachment_columns), _attachments(report, w))
    yield _limited("leases", f"{w.pools}: {hw.leases}", hw.lease_columns, _leases(report, w))
    yield _limited("checks", w.checks, hw.check_columns, _checks(report, w, hw))
    facts = (Row((hw.ok if s.state == "ok" else w.severity["warning"], node.text(s, w)), "resolved" if s.state == "ok" else "warning") for s in report.node)
    yield _limited("node", w.node, hw.node_columns, facts)
    shapes = (Row((w.times.format(n=u.count), u.shape, str(len(u.pods)), clock(u.first), clock(u.last)), "blind") for u in report.unexplained)
    yield _limited("unexplained", w.unexplained, hw.shape_columns, shapes)


def _limited(name: str, title: str, columns: tuple[str, ...], rows: Iterator[Row]) -> Table:
    found = list(rows)
    return Table(name, title, columns, tuple(found[:_ROWS]), max(0, len(found) - _ROWS))


def _attachments(report: Report, w: Labels) -> Iterator[Row]:
    for t in report.attachments:
        for r in t.rows:
            sure = r.state == "ok" and (r.recorded is not None or r.have is not None)
            yield Row((f"{t.namespace}/{t.name}", *tables.cells(r, t, w)), "resolved" if sure else "blind" if r.state == "ok" else "warning")


def _leases(report: Report, w: Labels) -> Iterator[Row]:
    marks = {"used": "resolved", "unknown": "blind"}
    for p in report.pools:
        for x in p.leases:
            yield Row((p.network, x.address, x.pod or x.sandbox[:13], x.interface, w.lease[x.state]), marks.get(x.state, "warning"))


def _checks(report: Report, w: Labels, hw: HtmlWords) -> Iterator[Row]:
    for c in report.checks:
        state = hw.ok if c.state == "ok" else w.severity[c.state]
        yield Row((state, tables.check_text(c, w)), "resolved" if c.state == "ok" else c.state, c.command)


def _inputs(report: Report, hw: HtmlWords) -> Table:
    rows = (
        Row((i.source, i.kind, str(i.lines), clock(i.first), clock(i.last)), "blind" if i.kind == "unknown" or not i.whole else "none") for i in report.inputs
    )
    return _limited("inputs", "", hw.input_columns, rows)


def _aside(report: Report, w: Labels) -> list[tuple[str, str]]:
    """Return what the user set aside, what is set aside no longer, and which rules could not be used."""
    told = [(w.ignored, ignored_text(report))] if report.ignored else []
    told += [(w.expired, expired_text(e)) for e in report.expired]
    return told + [(w.not_used, f"{rule}: {why}") for rule, why in report.not_checked[:_ROWS]]
