"""Findings that a user set aside: on the command line, in a file with reason and expiry date, on the object itself, or by silencing a rule.

What is ignored is counted and named in the report; it never simply vanishes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from datetime import date
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from diagnose.catalog import Catalog
from diagnose.errors import UsageError
from diagnose.model import Expired, Finding, Ignored, Resource
from diagnose.parse.tree import items, mapping
from diagnose.record import dataclass, field

if TYPE_CHECKING:
    from diagnose.checks.position import Document

SYSTEM: Final = "/etc/msnet/ignore.yaml"
"""The ignore file that is read without being asked, where it exists."""
SCHEMA: Final = "msnet.ignore/1"
ANNOTATION: Final = "msnet.io/ignore"
"""The annotation of a pod or NAD: rules, separated by commas, whose findings on it are set aside."""
NEVER: Final = "never"
"""The expiry of what may stay for ever."""
_KINDS = frozenset({"Pod", "NetworkAttachmentDefinition"})
_OBJECTS = 50_000
"""Objects whose annotation is remembered."""


class Ignore(NamedTuple):
    """A rule that is set aside, everywhere or for one object."""

    rule: str
    namespace: str = ""
    """"": whatever it is."""
    name: str = ""
    """"": every object."""
    reason: str = ""
    until: date | None = None
    """The last day on which it counts; None: it does not expire."""
    origin: str = ""
    """The option, file:line, or object that says so."""

    @property
    def told(self) -> str:
        """The entry as the option would say it."""
        where = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.rule}={where}" if where else self.rule

    def covers(self, kind: str, namespace: str, name: str) -> bool:
        """Return True if it speaks of that object."""
        return kind in _KINDS and name == self.name and (not self.namespace or self.namespace == namespace)


@dataclass(slots=True)
class Ignores:
    """Everything that sets findings aside in one run, and what was wrong with it."""

    known: frozenset[str]
    """The rules that there are."""
    entries: list[Ignore] = field(default_factory=list[Ignore])
    expired: list[Expired] = field(default_factory=list[Expired])
    problems: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Where something is wrong, and what."""
    _annotated: int = 0

    def add(self, entries: Iterable[Ignore], today: date) -> None:
        """Take entries; those whose last day is over count no longer, and are told."""
        for entry in entries:
            if entry.until is None or entry.until >= today:
                self.entries.append(entry)
            else:
                self.expired.append(Expired(entry.told, entry.reason, entry.until.isoformat(), entry.origin))

    def meet(self, resource: Resource) -> None:
        """Take what the annotation of a pod or NAD among the evidence says."""
        if resource.kind not in _KINDS or self._annotated >= _OBJECTS:
            return
        rules = annotated(resource.body.get("metadata"))
        self._annotated += bool(rules)
        where = f"{resource.kind} {resource.namespace}/{resource.name}"
        for rule in rules:
            if rule in self.known:
                entry = Ignore(rule, resource.namespace, resource.name, origin=f"{ANNOTATION} of {where}")
                if entry not in self.entries:
                    self.entries.append(entry)
            else:
                problem = (where, f"{ANNOTATION}: {unknown(rule, self.known)}")
                if problem not in self.problems:
                    self.problems.append(problem)

    def split(self, findings: list[Finding]) -> tuple[list[Finding], list[Ignored]]:
        """Return the findings that stay, and those that are set aside."""
        by_rule: dict[str, list[Ignore]] = {}
        for entry in self.entries:
            by_rule.setdefault(entry.rule, []).append(entry)
        kept: list[Finding] = []
        ignored: list[Ignored] = []
        for finding in findings:
            found = _ignored_by(finding, by_rule.get(finding.rule, []))
            if not found:
                kept.append(finding)
                continue
            first = found[0]
            ignored.append(
                Ignored(
                    finding.rule, finding.severity, finding.state, finding.subject, finding.count,
                    first.reason, first.until.isoformat() if first.until is not None else "", first.origin,
                )
            )  # fmt: skip
        return kept, ignored


def _ignored_by(finding: Finding, entries: list[Ignore]) -> list[Ignore]:
    """Return what sets a finding aside: its rule everywhere, its NAD, or every pod that it hits; [] where nothing does, or not all."""
    whole = [e for e in entries if not e.name]
    if whole:
        return whole
    objects = [(a.kind, a.namespace or "", a.name) for a in finding.affected]
    captures = finding.captures
    if captures.get("nad"):
        objects.append(("NetworkAttachmentDefinition", captures.get("nad_namespace", ""), captures["nad"]))
    nads = [e for e in entries if any(e.covers(*o) for o in objects if o[0] != "Pod")]
    if nads:
        return nads
    pods = [o for o in objects if o[0] == "Pod"]
    by_pod = [next((e for e in entries if e.covers(*o)), None) for o in pods]
    return [e for e in by_pod if e is not None] if pods and all(e is not None for e in by_pod) else []


# --- where they come from ---------------------------------------------------------------------------------------------


def unknown(rule: str, known: Collection[str]) -> str:
    """Return the words for a rule that does not exist."""
    import difflib

    near = difflib.get_close_matches(rule, known, 3)
    return f"unknown rule {rule!r}" + (f"; did you mean {', '.join(near)}?" if near else "; `msnet rules` lists them")


def from_option(text: str, known: Collection[str]) -> Ignore:
    """Return what `--ignore RULE[=[NAMESPACE/]NAME]` says. Raises `UsageError` for a rule that does not exist."""
    rule, equals, name = text.partition("=")
    if rule not in known:
        said, _, hint = unknown(rule, known).partition("; ")
        raise UsageError(said, hint)
    namespace, _, name = name.rpartition("/")
    if equals and (not name or "/" in namespace):
        raise UsageError(f"not an object: {text!r}", "write it as RULE=namespace/name, or RULE=name for every namespace")
    return Ignore(rule, namespace, name, origin="--ignore")


def from_catalog(catalog: Catalog) -> list[Ignore]:
    """Return the rules that users' rule files silence."""
    return [Ignore(s.rule, reason=s.reason, origin=s.where) for s in catalog.silenced]


def read_file(name: str, raw: bytes, known: Collection[str]) -> tuple[list[Ignore], list[tuple[str, str]]]:
    """Return the entries of an ignore file, and everything that is wrong with it as (file:line, words); the good entries count all the same."""
    from diagnose.checks.position import Broken, read, span_of

    problems: list[tuple[str, str]] = []
    documents: list[Document] = []
    for part in read(name, raw):
        if isinstance(part, Broken):
            problems.append((f"{name}:{part.text.place(part.span.start).line}", f"{part.form} cannot be parsed: {part.reason}"))
        else:
            documents.append(part)
    if len(documents) != 1:
        if not problems:
            problems.append((f"{name}:1", f"an ignore file is one mapping, not {len(documents)}: schema: {SCHEMA}, and a list under ignore"))
        return [], problems
    document = documents[0]

    def flaw(text: str, *path: str | int) -> None:
        problems.append((f"{name}:{document.text.place(span_of(document, path, None).start).line}", text))

    for key in document.body:
        if key not in ("schema", "ignore"):
            flaw(f"unknown key {key}", key)
    for twice in document.twice:
        problems.append((f"{name}:{document.text.place(twice.again.start).line}", f"{twice.key} stands twice"))
    if document.body.get("schema") != SCHEMA:
        flaw(f"schema must be {SCHEMA}", "schema")
    if "ignore" not in document.body or not isinstance(document.body["ignore"], list | None):
        flaw("ignore must be a list", "ignore")
    found = [_entry(mapping(item), at, document, known, flaw) for at, item in enumerate(items(document.body.get("ignore")))]
    return [e for e in found if e is not None], problems


def _entry(item: dict[str, Any], at: int, document: Document, known: Collection[str], flaw: Callable[..., None]) -> Ignore | None:
    """Return one entry of the file, or None where something is wrong with it, which is told."""
    from diagnose.checks.position import span_of

    wrong = False

    def bad(text: str, *path: str) -> None:
        nonlocal wrong
        wrong = True
        flaw(text, "ignore", at, *path)

    for key in item:
        if key not in ("rule", "object", "reason", "until"):
            bad(f"unknown key {key}", key)
    rule, target, reason = item.get("rule"), item.get("object", ""), item.get("reason")
    if rule not in known:
        bad(unknown(rule, known) if isinstance(rule, str) else "rule is missing", "rule")
    if not isinstance(target, str) or target.count("/") > 1 or (target and not target.rpartition("/")[2]):
        bad("object must be namespace/name, or a name", "object")
    if not isinstance(reason, str) or not reason.strip():
        bad("reason is missing", "reason")
    until, readable = _day(item.get("until"))
    if not readable:
        bad(f"until must be the last day on which the entry counts, such as 2027-01-31, or {NEVER}", "until")
    if wrong:
        return None
    namespace, _, name = str(target).rpartition("/")
    line = document.text.place(span_of(document, ("ignore", at), None).start).line
    return Ignore(str(rule), namespace, name, str(reason).strip(), until, f"{document.text.name}:{line}")


def _day(value: object) -> tuple[date | None, bool]:
    """Return the day that `value` names, and whether it could be read."""
    if value == NEVER:
        return None, True
    try:
        return date.fromisoformat(value if isinstance(value, str) else ""), True
    except ValueError:
        return None, False


def annotated(metadata: object) -> list[str]:
    """Return the rules that the annotation of an object names."""
    value = mapping(mapping(metadata).get("annotations")).get(ANNOTATION)
    return [x for x in dict.fromkeys(x.strip() for x in value.split(",")) if x] if isinstance(value, str) else []


def collect(options: Iterable[str], file: str | None, catalog: Catalog, today: date, *, system: str = SYSTEM, also: Iterable[str] = ()) -> Ignores:
    """Return everything that a run is asked to set aside, but for annotations, which come with the evidence. `also` are more rules than the catalog's.

    A file that the user names must be right: raises `UsageError` with all its faults. What is wrong with the one of the
    system is told in the report, and the rest of it counts: a broken node is diagnosed all the same.
    """
    known = frozenset(catalog.by_id) | frozenset(also)
    ignores = Ignores(known)
    ignores.add([from_option(x, known) for x in options], today)
    ignores.add(from_catalog(catalog), today)
    path = file if file is not None else system if os.path.exists(system) else None
    if path is None:
        return ignores
    try:
        with open(path, "rb") as f:
            entries, problems = read_file(path, f.read(), known)
    except OSError as e:
        entries, problems = [], [(path, f"cannot be read: {(e.strerror or str(e)).lower()}")]
    if file is not None and problems:
        raise UsageError("\n".join(f"{where}: {what}" for where, what in problems))
    ignores.problems += problems
    ignores.add(entries, today)
    return ignores
