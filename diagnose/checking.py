"""One run of the checks: manifests in, diagnostics out."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from diagnose import checks
from diagnose.catalog import Catalog
from diagnose.checks.fault import Fault, Objects, Path, Profile
from diagnose.checks.object import NAD, TEMPLATES
from diagnose.checks.object import RULE as INVALID
from diagnose.checks.place import at_path
from diagnose.checks.position import Broken, Document, Place, Span, Text, read, span_of
from diagnose.checks.words import OWN
from diagnose.ignoring import annotated
from diagnose.model import Affected, Resource, Where
from diagnose.parse.tree import items, mapping
from diagnose.pattern import lazy
from diagnose.record import dataclass, field
from diagnose.rule import SEVERITIES

LIMIT = 64 * 1024 * 1024
"""Bytes of a manifest that are read: more is no manifest."""
STDIN = "<stdin>"
_ENDINGS = (".yaml", ".yml", ".json")
KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""The names that kustomize and MicroShift look for (kustomize api/konfig/general.go: RecognizedKustomizationFileNames)."""
_MANIFEST = lazy(r"(?m)^[\s\"{,-]*(?:apiVersion|kind)\"?\s*:")
# Helm and Go templates, envsubst and OpenShift's parameters. `{{"name": ...` is broken JSON and no template.
_TEMPLATE = lazy(r"\{\{-?\s*(?:[.$(/]|[A-Za-z]\w*[ .}-]).{0,200}?\}\}|\$\{\{?[A-Za-z_]\w*\}?\}")
_MICROSHIFT = lazy(r"/(?:etc|usr/lib)/microshift/manifests(?:\.d/[^/]+)?$")
"""Folders whose kustomization MicroShift applies (microshift pkg/kustomize/apply.go)."""
_OF_KEYS = ("annotation-unknown-key",)
"""Rules about a key, whatever its value is."""
_PATCHES = ("patches", "patchesStrategicMerge", "patchesJson6902")
_CHANGES = (*_PATCHES, "namespace", "namePrefix", "nameSuffix", "components", "replacements", "vars", "transformers", "helmCharts", "commonAnnotations")
_LISTS = ("resources", "bases", "components", "crds", "configurations", "generators", "transformers", "validators")


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault in one place, without words: a renderer has those."""

    rule: str
    severity: str
    file: str
    text: Text | None
    """None where the file could not even be read."""
    span: Span | None
    subject: Affected | None
    captures: dict[str, str]
    what: str = ""
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    proof: str = ""
    instead: str = ""

    @property
    def start(self) -> Place | None:
        """Line and column of its first character."""
        return self.text.place(self.span.start) if self.text is not None and self.span is not None else None

    @property
    def end(self) -> Place | None:
        """Line and column behind its last character."""
        return self.text.place(self.span.end) if self.text is not None and self.span is not None else None


class Ignore(NamedTuple):
    """A rule that is left out, everywhere or for one object only."""

    rule: str
    namespace: str = ""
    """"": whatever it is."""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a run leaves out."""

    ignore: tuple[Ignore, ...] = ()
    min_severity: str = "info"


@dataclass(slots=True)
class Outcome:
    """What a run found, and what it looked at."""

    diagnostics: list[Diagnostic] = field(default_factory=list[Diagnostic])
    files: int = 0
    nads: int = 0
    pods: int = 0
    documents: int = 0
    """Objects read, of whatever kind."""
    ignored: Counter[str] = field(default_factory=Counter[str])
    hidden: int = 0
    """Less severe than asked for."""

    @property
    def usable(self) -> bool:
        """True if anything could be read, or would be a manifest if it could."""
        return self.documents > 0 or any(d.text is not None for d in self.diagnostics)


class _Source(NamedTuple):
    name: str
    raw: bytes
    asked: bool
    """True if the user named the file itself, so that it is meant to be a manifest."""


class _Unread(NamedTuple):
    name: str
    reason: str


# --- files ------------------------------------------------------------------------------------------------------------


def _sources(paths: Iterable[str]) -> Iterator[_Source | _Unread]:
    seen: set[str] = set()
    for path in paths:
        if path == "-":
            yield _Source(STDIN, sys.stdin.buffer.read(LIMIT), asked=True)
            continue
        for name in _walk(path) if os.path.isdir(path) else (path,):
            if isinstance(name, _Unread):
                yield name
                continue
            real = os.path.realpath(name)
            if real not in seen:
                seen.add(real)
                yield _open(name, asked=name == path)


def _walk(folder: str) -> Iterator[str | _Unread]:
    """Yield the manifests beneath `folder` in order; links are followed once, hidden folders (.git) are left out."""
    failed: list[OSError] = []
    met: set[str] = set()
    for root, folders, files in os.walk(folder, onerror=failed.append, followlinks=True):
        real = os.path.realpath(root)
        folders[:] = [] if real in met else sorted(f for f in folders if not f.startswith("."))
        met.add(real)
        for name in sorted(files):
            path = os.path.normpath(os.path.join(root, name))
            if (name.lower().endswith(_ENDINGS) or name in KUSTOMIZATIONS) and not name.startswith(".") and _regular(path):
                yield path
    yield from (_Unread(str(e.filename or folder), _reason(e)) for e in failed)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _regular(path: str) -> bool:
    """Return False for a pipe or a device, which could keep us waiting; a dangling link is told when it is opened."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return True


def _open(name: str, *, asked: bool) -> _Source | _Unread:
    try:
        with open(name, "rb") as f:
            raw = f.read(LIMIT + 1)
    except OSError as e:
        return _Unread(name, _reason(e))
    return _Source(name, raw, asked) if len(raw) <= LIMIT else _Unread(name, f"larger than {LIMIT // 1024 // 1024} MiB")


# --- kustomize --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Kustomize:
    """What the kustomizations among the files say of the others."""

    folders: dict[str, str] = field(default_factory=dict[str, str])
    """Folder -> its kustomization, as named."""
    listed: set[str] = field(default_factory=set[str])
    patches: set[str] = field(default_factory=set[str])
    namespaces: dict[str, str] = field(default_factory=dict[str, str])
    """File -> the namespace that its kustomization sets."""

    def hold(self, document: Document) -> None:
        name, body = document.text.name, document.body
        if name == STDIN:
            return
        folder = os.path.dirname(os.path.realpath(name))
        self.folders[folder] = name
        named = [str(x) for key in _LISTS for x in items(body.get(key)) if isinstance(x, str)]
        patches = [x if isinstance(x, str) else mapping(x).get("path") for key in _PATCHES for x in items(body.get(key))]
        self.listed |= {os.path.realpath(os.path.join(folder, x)) for x in named}
        self.patches |= {os.path.realpath(os.path.join(folder, x)) for x in patches if isinstance(x, str) and "\n" not in x}
        namespace = body.get("namespace")
        if isinstance(namespace, str):
            self.namespaces |= {os.path.realpath(os.path.join(folder, x)): namespace for x in named}


def _is_kustomization(document: Document) -> bool:
    kind = document.body.get("kind")
    return kind in ("Kustomization", "Component") or (kind is None and os.path.basename(document.text.name) in KUSTOMIZATIONS)


# --- one run ----------------------------------------------------------------------------------------------------------


class _Run:
    """The documents of one run, and the diagnostics as they are found."""

    def __init__(self, catalog: Catalog, profile: Profile) -> None:
        self.catalog = catalog
        self.profile = profile
        self.outcome = Outcome()
        self.kustomize = _Kustomize()
        self.found: list[Diagnostic] = []
        self.documents: list[Document] = []
        self.templates: set[str] = set()
        self.annotated: set[tuple[str, Affected]] = set()
        """Rules that an object's own annotation sets aside."""
        self.order: dict[str, int] = {}
        """Names of the files as they were read."""

    def own(self, rule: str, text: Text, span: Span, *, subject: Affected | None = None, what: str = "", instead: str = "", **values: str) -> None:
        """Note a fault of a file."""
        self.found.append(Diagnostic(rule, OWN[rule], text.name, text, span, subject, {}, what or rule, values, instead=instead))

    def take(self, source: _Source | _Unread) -> None:
        """Read one file."""
        self.order.setdefault(source.name, len(self.order))
        if isinstance(source, _Unread):
            self.found.append(Diagnostic("manifest-unreadable", "error", source.name, None, None, None, {}, "manifest-unreadable", {"reason": source.reason}))
            return
        self.outcome.files += 1
        for part in read(source.name, source.raw):
            if isinstance(part, Document):
                self.documents.append(part)
                self.outcome.documents += 1
                if _is_kustomization(part):
                    self.kustomize.hold(part)
            elif source.asked or _MANIFEST.search(part.text.content):
                self._broken(part)

    def _broken(self, part: Broken) -> None:
        template = _TEMPLATE.search(part.part)
        if template is not None:
            self.template(part.text, part.text.content.find(template[0]), template[0])
            return
        tab = part.text.content[part.span.start : part.span.end] == "\t" and part.form == "YAML"
        what = "manifest-broken-tab" if tab else "manifest-broken-encoding" if part.form == "UTF-8" else "manifest-broken"
        captures = {"file": part.text.name, "reason": part.reason}
        self.found.append(Diagnostic(INVALID, "error", part.text.name, part.text, part.span, None, captures, what, {"form": part.form}))

    def template(self, text: Text, at: int, sample: str) -> None:
        """Say once a file that it is a template."""
        if text.name in self.templates:
            return
        self.templates.add(text.name)
        helm = "helm template CHART | msnet check -" if sample.startswith("{{") else "envsubst < FILE | msnet check -"
        self.own("manifest-template", text, Span(at, at + len(sample)), sample=sample, instead=helm)

    def check(self) -> None:
        """Check every object by itself, then all of them against each other."""
        objects = Objects()
        held: dict[int, Document] = {}
        for document in self.documents:
            if _is_kustomization(document):
                self._kustomization(document)
                continue
            if os.path.realpath(document.text.name) in self.kustomize.patches:
                continue
            resource = self._resource(document)
            if resource is None:
                continue
            self.outcome.nads += resource.kind == NAD
            self.outcome.pods += resource.kind in TEMPLATES
            self._twice(document, resource)
            self._listed(document)
            held[id(resource)] = document
            self._annotate(resource)
            objects.resources.append(resource)
            with self._guard(document, resource):
                for fault in checks.faults(resource, self.profile):
                    self._fault(document, resource, fault)
        if objects.resources:
            first = objects.resources[0]
            with self._guard(held[id(first)], first):
                for resource, fault in checks.cross(objects, self.profile):
                    self._fault(held[id(resource)], resource, fault)

    @contextmanager
    def _guard(self, document: Document, resource: Resource) -> Generator[None]:
        """Tell a check that fails by itself: it never hides what the others find."""
        try:
            yield
        except Exception as e:
            if os.environ.get("MSNET_DEBUG"):
                raise
            reason = f"{type(e).__name__}: {e}"
            self.own("check-failed", document.text, span_of(document, (), None), subject=_subject(resource), reason=reason)

    def _resource(self, document: Document) -> Resource | None:
        """Return the object if it is one that Multus could read."""
        body, meta = document.body, mapping(document.body.get("metadata"))
        kind = str(body.get("kind", ""))
        if kind != NAD and kind not in TEMPLATES:
            return None
        namespace = self.kustomize.namespaces.get(os.path.realpath(document.text.name)) or str(meta.get("namespace") or "")
        where = Where(document.text.name, document.text.place(document.span.start).line)
        return Resource(kind, namespace, str(meta.get("name") or meta.get("generateName") or ""), body, where)

    def _fault(self, document: Document, resource: Resource, fault: Fault) -> None:
        template = _template_at(document.body, fault.path) or _TEMPLATE.search(f"{resource.namespace} {resource.name}")
        if template is not None:
            self.template(document.text, max(document.text.content.find(template[0]), 0), template[0])
            return
        rule = self.catalog.by_id.get(fault.rule)
        severity = fault.severity or (rule.severity if rule is not None else OWN[fault.rule])
        span = span_of(document, fault.path, fault.spot, key_only=fault.rule in _OF_KEYS)
        self.found.append(
            Diagnostic(
                fault.rule,
                severity,
                document.text.name,
                document.text,
                span,
                _subject(resource),
                fault.captures,
                fault.what,
                fault.values,
                fault.text,
                fault.instead,
            )
        )

    def _annotate(self, resource: Resource) -> None:
        """Take what the object sets aside itself, in its metadata or in those of its pod template."""
        template = at_path(resource.body, TEMPLATES.get(resource.kind, ()))
        for metadata in (resource.body.get("metadata"), mapping(template).get("metadata")):
            self.annotated |= {(rule, _subject(resource)) for rule in annotated(metadata)}

    def _twice(self, document: Document, resource: Resource) -> None:
        for key, first, again in document.twice:
            text = document.text
            self.own("manifest-duplicate-key", text, again, subject=_subject(resource), key=key, line=str(text.place(first.start).line))

    def _listed(self, document: Document) -> None:
        """Tell once of a file that stands beside a kustomization, or in MicroShift's folder, and is not applied."""
        text, real = document.text, os.path.realpath(document.text.name)
        folder = os.path.dirname(real)
        kustomization = self.kustomize.folders.get(folder)
        if text.name == STDIN or real in self.kustomize.listed or any(d.file == text.name and d.rule == "manifest-not-applied" for d in self.found):
            return
        listing = f"resources:\n- {os.path.basename(real)}"
        if kustomization is not None:
            self.own("manifest-not-applied", text, span_of(document, (), None), kustomization=kustomization, instead=listing)
        elif _MICROSHIFT.search(folder) and not any(os.path.exists(os.path.join(folder, x)) for x in KUSTOMIZATIONS):
            own = os.path.join(os.path.dirname(text.name), KUSTOMIZATIONS[0])
            self.own(
                "manifest-not-applied",
                text,
                span_of(document, (), None),
                what="manifest-not-applied-folder",
                folder=os.path.dirname(text.name) or ".",
                instead=f"# {own}\n{listing}",
            )

    def _kustomization(self, document: Document) -> None:
        keys = [k for k in _CHANGES if document.body.get(k)]
        if keys and any(d is not document and _near(d, document) for d in self.documents):
            folder = os.path.dirname(document.text.name) or "."
            span = span_of(document, (keys[0],), None)
            self.own("manifest-kustomize", document.text, span, keys=", ".join(keys), instead=f"oc kustomize {folder} | msnet check -")


def _near(other: Document, kustomization: Document) -> bool:
    return os.path.dirname(other.text.name) == os.path.dirname(kustomization.text.name)


def _subject(resource: Resource) -> Affected:
    return Affected(resource.kind, resource.namespace or None, resource.name)


def _template_at(body: dict[str, Any], path: Path) -> re.Match[str] | None:
    value = at_path(body, path)
    return _TEMPLATE.search(value) if isinstance(value, str) else None


def check(paths: Iterable[str], catalog: Catalog, profile: Profile, select: Selection) -> Outcome:
    """Read the manifests at `paths` ("-": standard input) and check them.

    What cannot be read is a diagnostic of its own and hides nothing else.
    """
    run = _Run(catalog, profile)
    for source in _sources(paths):
        run.take(source)
    run.check()
    told: set[tuple[object, ...]] = set()
    for d in sorted(run.found, key=lambda d: (run.order[d.file], d.span or Span(0, 0), d.rule)):
        # An anchor that several objects use is one place with one fault.
        same = (d.file, d.span, d.rule, d.what, *d.values.items())
        if same not in told:
            told.add(same)
            _select(run.outcome, d, select, aside=d.subject is not None and (d.rule, d.subject) in run.annotated)
    return run.outcome


def _select(outcome: Outcome, d: Diagnostic, select: Selection, *, aside: bool) -> None:
    if aside or any(_ignores(i, d) for i in select.ignore):
        outcome.ignored[d.rule] += 1
    elif SEVERITIES.index(d.severity) > SEVERITIES.index(select.min_severity):
        outcome.hidden += 1
    else:
        outcome.diagnostics.append(d)


def _ignores(ignore: Ignore, d: Diagnostic) -> bool:
    if ignore.rule != d.rule:
        return False
    if not ignore.name:
        return True
    return d.subject is not None and d.subject.name == ignore.name and ignore.namespace in ("", d.subject.namespace)
