"""Rules that a user adds, silences or re-rates: files in /etc/msnet/rules.d and in the folders of `--rules`.

A file that is wrong is a problem of its own: it is told with its line, and every other rule goes on. Messages are
templates and no regular expressions (see `diagnose.template`), so the time that a rule may take is bounded by its form,
and what would take too long is refused when it is read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from diagnose.catalog import SYSTEM, Catalog, Problem, Silence, head, load_yaml, shipped_file
from diagnose.catalog import load as shipped
from diagnose.errors import UsageError
from diagnose.parse.tree import items, mapping
from diagnose.pattern import lazy
from diagnose.record import dataclass, field
from diagnose.rule import LANGUAGES, Flaw, Rule, read_rule

if TYPE_CHECKING:
    from diagnose.checks.position import Document

FILES, SIZE = 500, 256 * 1024
"""Files of one folder, and bytes of a file, that are read."""
MESSAGES, LENGTH, GAPS, WEIGHT = 1000, 1000, 12, 8
"""Messages of all users' rules together; characters and gaps of one, and the letters and digits that it must have at least."""
AREA: Final = "user"
"""The area of a rule that stands in no subfolder."""
CHANGES: Final = frozenset({"severity", "confidence", "grace", "over", "text", "steps", "verify", "guide", "refs"})
"""What a file may change of a rule that is there."""
SAMPLE_KEYS: Final = frozenset({"match", "clean", "captures", "why"})
_CONTROL = lazy(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_WORD = 3
"""Letters and digits of a word by which the index finds a message: without one it would be tried on every line."""


class Entry(NamedTuple):
    """One rule of a file, as written, with the samples that stand behind it."""

    document: Document
    area: str
    samples: tuple[Document, ...]

    @property
    def id(self) -> str:
        """The rule's id as written."""
        return str(self.document.body.get("id", ""))

    def line(self, *path: str | int) -> int:
        """Return the line of the value at `path`, or of what is nearest to it."""
        return line_of(self.document, *path)


def line_of(document: Document, *path: str | int) -> int:
    """Return the line of the value at `path`, or of what is nearest to it."""
    from diagnose.checks.position import span_of

    return document.text.place(span_of(document, path, None).start).line


@dataclass(slots=True)
class _Run:
    """One reading of all folders."""

    base: Catalog
    rules: dict[str, Rule] = field(default_factory=dict[str, Rule])
    own: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """The users' rules as they were read."""
    problems: list[Problem] = field(default_factory=list[Problem])
    silenced: list[Silence] = field(default_factory=list[Silence])
    entries: list[Entry] = field(default_factory=list[Entry])
    messages: int = 0

    def tell(self, entry: Entry, flaws: Iterable[Flaw]) -> None:
        name = entry.document.text.name
        for flaw in sorted(flaws, key=lambda f: entry.line(*f.path)):
            self.problems.append(Problem(entry.id or name, f"{name}:{entry.line(*flaw.path)}", flaw.text))

    def take(self, entry: Entry) -> None:
        """Use one entry, or tell what is wrong with it; whatever it is, the others go on."""
        name, place = entry.document.text.name, entry.document.text.place
        twice = [Problem(entry.id or name, f"{name}:{place(t.again.start).line}", f"{t.key} stands twice") for t in entry.document.twice]
        self.problems += twice
        if twice:
            return
        try:
            self.tell(entry, self._use(entry))
        except Exception as e:
            if os.environ.get("MSNET_DEBUG"):
                raise
            self.tell(entry, [Flaw((), f"cannot be used: {type(e).__name__}: {e}")])

    def _use(self, entry: Entry) -> list[Flaw]:
        body = entry.document.body
        known = self.rules.get(entry.id)
        if "silence" in body:
            return self._silence(entry, known)
        if known is None and "messages" not in body:
            return [self._unknown(entry.id, "a rule of its own needs messages")]
        if known is not None and "messages" in body:
            whose = f"is there already, in {known.origin}" if known.origin else "is a rule that msnet ships; its messages cannot be replaced"
            return [Flaw(("id",), f"{entry.id} {whose}")]
        if known is None:
            raw, languages = body, tuple(lang for lang in LANGUAGES if lang in mapping(body.get("text"))) or LANGUAGES[:1]
            rule, found = read_rule(raw, area=entry.area, languages=languages, origin=entry.document.text.name)
            found += [] if found else _limits(rule)
            if self.messages + len(rule.messages) > MESSAGES:
                found.append(Flaw(("messages",), f"more than {MESSAGES} messages in all users' rules together"))
        else:
            found = [Flaw((key,), f"{key} cannot be changed; what can: {', '.join(sorted(CHANGES))}") for key in sorted(set(body) - CHANGES - {"id"})]
            if not set(body) & CHANGES:
                found.append(Flaw((), f"changes nothing of {entry.id}: give it silence, or one of {', '.join(sorted(CHANGES))}"))
            raw = _changed(self._raw(known), body)
            rule, more = read_rule(raw, area=known.area, languages=(), origin=known.origin or entry.document.text.name)
            rule = replace(rule, origin=known.origin, original=known.original or known.severity)
            found += more
        flaws = [*found, *_unsafe(rule)]
        if not flaws:
            self.rules[rule.id], self.own[rule.id] = rule, raw
            self.messages += len(rule.messages) if known is None else 0
        return flaws

    def _raw(self, rule: Rule) -> dict[str, Any]:
        if rule.id in self.own:
            return self.own[rule.id]
        return mapping(load_yaml(head(shipped_file(rule).read_text(encoding="utf-8"))))

    def _silence(self, entry: Entry, known: Rule | None) -> list[Flaw]:
        body = entry.document.body
        flaws = [Flaw((key,), f"{key} means nothing beside silence") for key in sorted(set(body) - {"id", "silence", "reason"})]
        if body["silence"] is not True:
            flaws.append(Flaw(("silence",), "silence must be true; without it the rule speaks"))
        if not isinstance(body.get("reason"), str) or not body["reason"].strip():
            flaws.append(Flaw(("reason",), "reason is missing: a report names it beside what was silenced"))
        if known is None:
            flaws.append(self._unknown(entry.id))
        elif not flaws:
            self.silenced.append(Silence(known.id, body["reason"].strip(), f"{entry.document.text.name}:{entry.line('silence')}"))
        return flaws

    def _unknown(self, rule: str, more: str = "") -> Flaw:
        return Flaw(("id",), "; ".join(x for x in (unknown_rule(rule, self.rules), more) if x))


def unknown_rule(rule: str, known: Iterable[str]) -> str:
    """Return the words for a rule that does not exist."""
    import difflib

    near = difflib.get_close_matches(rule, known, 3)
    return f"unknown rule {rule!r}" + (f"; did you mean {', '.join(near)}?" if near else "")


def _changed(raw: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """Return a rule with the changes of `body`: texts key by key; new steps speak the language that they come in, if only one."""
    made = {**raw, **{k: v for k, v in body.items() if k in CHANGES - {"text"}}}
    texts, given = mapping(raw.get("text")), mapping(body.get("text"))
    made["text"] = {lang: {**mapping(texts.get(lang)), **mapping(given.get(lang))} for lang in {*texts, *given}}
    words = next((mapping(given[lang])["steps"] for lang in LANGUAGES if "steps" in mapping(given.get(lang))), None)
    if "steps" in body and words is not None:
        for lang, text in made["text"].items():
            if "steps" not in mapping(given.get(lang)):
                text["steps"] = words
    return made


def _limits(rule: Rule) -> Iterator[Flaw]:
    """Yield what would make a message slow: so its time is bounded before it meets a line."""
    if not rule.messages:
        yield Flaw(("messages",), "messages are missing")
    for at, message in enumerate(rule.messages):
        template, head_ = message.template, f"message {at + 1}"
        if len(template.text) > LENGTH or len(template.gaps) > GAPS:
            yield Flaw(("messages", at), f"{head_}: longer than {LENGTH} characters, or more than {GAPS} gaps")
        elif template.weight < WEIGHT:
            yield Flaw(("messages", at), f"{head_}: fewer than {WEIGHT} letters and digits, which many lines would have by chance")
        elif not any(len(w) >= _WORD for w in template.words):
            yield Flaw(("messages", at), f"{head_}: no whole word of {_WORD} letters or digits between its gaps, so it would be tried on every line")


def _unsafe(rule: Rule) -> Iterator[Flaw]:
    """Yield what a reader must be kept from: control characters, and a step that is called harmless and is not known to be."""
    from diagnose.commands import only_reads

    for language, text in rule.text.items():
        if language != LANGUAGES[0] and text is rule.text[LANGUAGES[0]]:
            continue
        if any(_CONTROL.search(x) for x in (text.title, text.cause, *text.steps, text.verify)):
            yield Flaw(("text", language), f"text.{language} holds a control character")
    if any(_CONTROL.search(x) for x in (*(s.run for s in rule.steps), rule.verify, *rule.guide, *rule.refs)):
        yield Flaw(("steps",), "a command, guide or reference holds a control character")
    for at, step in enumerate(rule.steps):
        if step.effect == "read-only" and step.run and not only_reads(step.run):
            yield Flaw(("steps", at), f"step {at + 1} is called read-only, but its command is not known to only read: {step.run}")
    if rule.verify and not only_reads(rule.verify):
        yield Flaw(("verify",), f"verify must only read, and its command is not known to: {rule.verify}")


# --- files ------------------------------------------------------------------------------------------------------------


def rule_files(folder: str) -> Iterator[tuple[str, str]]:
    """Yield each rule file of `folder` (or the one file that it names) and its area, in order; subfolders are areas."""
    if os.path.isfile(folder):
        yield folder, AREA
        return
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if name.startswith("."):
            continue
        if os.path.isdir(path):
            yield from ((os.path.join(path, x), name) for x in sorted(os.listdir(path)) if _is_rule_file(x))
        elif _is_rule_file(name):
            yield path, AREA


def _is_rule_file(name: str) -> bool:
    return name.endswith((".yaml", ".yml")) and not name.startswith(".")


def entries_of(name: str, raw: bytes, area: str) -> Iterator[Entry | Problem]:
    """Yield the rules of one file, each with the samples behind it, and what cannot be read of it."""
    from diagnose.checks.position import Broken, read

    rule: Document | None = None
    samples: list[Document] = []
    for part in read(name, raw):
        if isinstance(part, Broken):
            place = part.text.place(part.span.start)
            yield Problem(name, f"{name}:{place.line}", f"{part.form} cannot be parsed: {part.reason}")
        elif "id" in part.body:
            if rule is not None:
                yield Entry(rule, area, tuple(samples))
            rule, samples = part, []
        elif rule is not None and {"match", "clean"} & set(part.body):
            samples.append(part)
        else:
            yield Problem(name, f"{name}:{line_of(part, next(iter(part.body), ''))}", "neither a rule (id is missing) nor a sample (match or clean)")
    if rule is not None:
        yield Entry(rule, area, tuple(samples))


def _open(path: str) -> bytes | str:
    """Return a file's content, or why it is not read."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            return "is no file"
        if status.st_size > SIZE:
            return f"is larger than {SIZE // 1024} KiB"
        with open(path, "rb") as f:
            return f.read(SIZE)
    except OSError as e:
        return f"cannot be read: {(e.strerror or str(e)).lower()}"


class Loaded(NamedTuple):
    """All rules of a run, and the users' rules as they are written."""

    catalog: Catalog
    entries: tuple[Entry, ...]


def load_all(folders: Iterable[str] = (), *, system: str = SYSTEM) -> Loaded:
    """Return the shipped rules with those of `system`, where it exists, and of `folders` added. Raises `UsageError` for a folder that is not there."""
    import hashlib

    base = shipped()
    asked = list(folders)
    for folder in asked:
        if not os.path.exists(folder):
            raise UsageError(f"no such folder of rules: {folder}")
    run = _Run(base, rules=dict(base.by_id))
    digest = hashlib.sha256(base.digest.encode())
    found = False
    for folder in (*([system] if os.path.isdir(system) else []), *asked):
        try:
            files = list(rule_files(folder))
        except OSError as e:
            run.problems.append(Problem(folder, folder, f"cannot be read: {(e.strerror or str(e)).lower()}"))
            continue
        if len(files) > FILES:
            run.problems.append(Problem(folder, folder, f"holds more than {FILES} files; the first {FILES} are used"))
        for path, area in files[:FILES]:
            raw = _open(path)
            if isinstance(raw, str):
                run.problems.append(Problem(path, path, raw))
                continue
            found = True
            digest.update(raw)
            for part in entries_of(path, raw, area):
                if isinstance(part, Problem):
                    run.problems.append(part)
                else:
                    run.entries.append(part)
    # What a file adds may be changed by one that stands before it.
    for entry in sorted(run.entries, key=lambda e: "messages" not in e.document.body):
        run.take(entry)
    if not found and not run.problems:
        return Loaded(base, ())
    catalog = Catalog(tuple(run.rules.values()), base.quiet, digest.hexdigest()[:12] if found else base.digest, tuple(run.problems), tuple(run.silenced))
    return Loaded(catalog, tuple(run.entries))


def load(folders: Iterable[str] = (), *, system: str = SYSTEM) -> Catalog:
    """Return the catalog of a run: what msnet ships, and what the user adds, silences and re-rates."""
    return load_all(folders, system=system).catalog


def sample_fault(sample: Document) -> str:
    """Return what is wrong with the form of a sample, or ""."""
    body = sample.body
    if set(body) - SAMPLE_KEYS:
        return f"a sample has no key {', '.join(sorted(set(body) - SAMPLE_KEYS))}"
    if ("match" in body) == ("clean" in body):
        return "a sample is either match or clean"
    if not isinstance(body.get("match", body.get("clean")), str):
        return "a sample is a text"
    if "clean" in body and not body.get("why"):
        return "a clean sample needs a why"
    return "" if isinstance(body.get("captures", {}), dict) and not items(body.get("captures")) else "captures must be a mapping"
