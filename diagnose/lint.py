"""Checks rule files beyond their form, for their authors: texts, names and commands as written, and samples as tried.

What a loader must refuse is in `diagnose.user_rules`; what stands here makes a rule worse, and breaks nothing.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from diagnose import catalog
from diagnose.catalog import Catalog
from diagnose.checks.position import Document
from diagnose.commands import only_reads
from diagnose.literals import findable, missing
from diagnose.match import Hit, Matcher
from diagnose.parse.line import parse_line
from diagnose.parse.tree import mapping
from diagnose.pattern import lazy
from diagnose.rule import LANGUAGES, Flaw, Message, Rule, placeholders
from diagnose.template import canonical, fold
from diagnose.user_rules import Entry, entries_of, line_of, sample_fault

CAPTURES = frozenset({
    "attempt", "bridge", "code", "command", "device", "field", "file", "gateway", "interface", "ip", "ipam", "key", "line", "mac",
    "master", "mode", "module", "mtu", "nad", "nad_namespace", "namespace", "netns", "network", "other", "other_uid", "path",
    "plugin", "pod", "process", "range", "reason", "resource", "route", "sandbox", "server", "signal", "socket", "stderr", "stdout",
    "subnet", "supported", "uid", "unit", "user", "value", "verb", "version", "vlan", "url",
})  # fmt: skip
"""The names that a shipped message may capture, so that one name means one thing in all rules."""
SUPPLIED = frozenset({
    "pod", "namespace", "uid", "sandbox", "attempt", "netns", "interface", "network", "nad", "nad_namespace", "plugin", "master",
    "bridge", "ipam", "subnet", "range", "node",
})  # fmt: skip
"""The names that a text may use though no message captures them: an error chain, a log line, the NAD or the reader supplies them."""
_OPTIONAL = lazy(r"\[\[(.*?)\]\]", re.DOTALL)
_WORD = lazy(r"[a-z0-9]+")
_LONGEST = 110
"""Characters of an English title."""
_SHOWN = 120


class Told(NamedTuple):
    """What is wrong in one place of a rule file."""

    where: str
    """file:line."""
    text: str


def fill(message_text: str) -> str:
    """Return a message template with plain values in its gaps."""
    text = re.sub(r"\{[a-z_]*:d\}", "7", message_text.replace("{{", "\0").replace("}}", "\1"))
    text = re.sub(r"\{[a-z_]*\}", "plantnet", text)
    return text.replace("\0", "{").replace("\1", "}")


def first_rule(hits: list[Hit]) -> Hit | None:
    """Return the first hit that belongs to a rule: the ADD error before the DEL error."""
    return next((h for h in hits if h.rule), None)


def read_entries(path: str) -> list[Entry]:
    """Return the rules of a file that is known to be readable."""
    file = Path(path)
    return [e for e in entries_of(path, file.read_bytes(), file.parent.name) if isinstance(e, Entry)]


class Bench:
    """Judges the entries of rule files against all rules of one catalog."""

    def __init__(self, rules: Catalog) -> None:
        """Judge against `rules`."""
        self._rules = rules
        self._matcher = Matcher(rules)

    def written(self, entry: Entry) -> list[Told]:
        """Return what is wrong with a rule as it is written: texts, names, commands, messages that nothing can reach."""
        rule = self._rules.by_id.get(entry.id)
        if rule is None or "silence" in entry.document.body:
            return []
        flaws = [*_texts(rule), *_names(rule), *_commands(rule)]
        if "messages" in entry.document.body:
            flaws += self._reach(rule)
        flaws += (Flaw(("explains",), f"explains an unknown rule: {x}") for x in self._rules.explain_targets(rule))
        return [Told(f"{entry.document.text.name}:{entry.line(*f.path)}", f.text) for f in flaws]

    def _reach(self, rule: Rule) -> Iterator[Flaw]:
        seen: dict[str, int] = {}
        for at, message in enumerate(rule.messages):
            path, text = ("messages", at), message.template.text
            if seen.setdefault(text, at) != at:
                yield Flaw(path, f"message stands twice: {text}")
            other = self._shadow(rule, message)
            if other is not None:
                yield Flaw(path, f"message finds {other or 'no rule'}, not its own rule: {text}")
            elif rule.origin and not _looked_for(message):
                yield Flaw(
                    path, f"nothing looks for the message in a large log: it needs a literal of 10 characters that is not frequent, or the input chain: {text}"
                )

    def _shadow(self, rule: Rule, message: Message) -> str | None:
        """Return the rule that takes the message's own words in one of its inputs; None where its own rule has them."""
        text = fill(message.template.text)
        for source in ("", *sorted(message.inputs - {"chain"})):
            hit = first_rule(self._matcher.classify(text, source))
            if hit is None or hit.rule != rule.id:
                return hit.rule if hit is not None else ""
        return None

    def tried(self, entry: Entry) -> list[Told]:
        """Return what the samples of a rule show to be wrong: what must fire fires, with its captures, and nothing else does."""
        rule = self._rules.by_id.get(entry.id)
        if rule is None:
            return []
        told: list[Told] = []
        for sample in entry.samples:
            fault = sample_fault(sample) or self._fault(rule, sample)
            if fault:
                key = next((k for k in ("match", "clean") if k in sample.body), "")
                told.append(Told(f"{sample.text.name}:{line_of(sample, key)}", fault))
        if "messages" in entry.document.body:
            told += (Told(f"{entry.document.text.name}:{entry.line(*f.path)}", f.text) for f in self._untried(rule, entry))
        return told

    def _hits(self, sample: Document) -> tuple[list[Hit], str]:
        line = parse_line(str(sample.body.get("match") or sample.body.get("clean")))
        return self._matcher.classify(line.message, line.program), line.message

    def _fault(self, rule: Rule, sample: Document) -> str:
        hits, _ = self._hits(sample)
        if "clean" in sample.body:
            return f"clean sample fires: {sample.body['clean'][:_SHOWN]}" if any(h.rule == rule.id for h in hits) else ""
        hit = first_rule(hits)
        if hit is None or hit.rule != rule.id:
            return f"match sample fires {hit.rule if hit is not None else 'no rule'}: {sample.body['match'][:_SHOWN]}"
        others = {h.rule for h in hits} - {rule.id, ""}
        if others:
            return f"match sample fires {', '.join(sorted(others))}, too: {sample.body['match'][:_SHOWN]}"
        wrong = {k: hit.captures.get(k) for k, want in mapping(sample.body.get("captures")).items() if hit.captures.get(k) != str(want)}
        return "; ".join(f"capture {k} is {have!r}, not {str(sample.body['captures'][k])!r}" for k, have in wrong.items())

    def _untried(self, rule: Rule, entry: Entry) -> Iterator[Flaw]:
        """Yield what has no sample. A shipped rule needs one of each kind; a user's rule, which nobody else tries, for each message."""
        fired = [h.segment.text for s in entry.samples if "match" in s.body and not sample_fault(s) for h in self._hits(s)[0] if h.rule == rule.id]
        clean = [set(_WORD.findall(fold(canonical(self._hits(s)[1])))) for s in entry.samples if "clean" in s.body and not sample_fault(s)]
        if not rule.origin:
            if rule.messages and not fired:
                yield Flaw(("id",), "no match sample")
            if rule.messages and not clean:
                yield Flaw(("id",), "no clean sample that looks alike")
            return
        for at, message in enumerate(rule.messages):
            if not any(message.template.match(text, fold(text)) for text in fired):
                yield Flaw(("messages", at), f"no match sample fires message {at + 1}")
            words = {w for literal in message.template.literals for w in _WORD.findall(literal)}
            if not any(2 * len(words & other) >= len(words) for other in clean):
                yield Flaw(("messages", at), f"no clean sample looks like message {at + 1} (has half of its words and does not fire)")

    def taken(self, entries: Iterable[Entry], own: Iterable[Entry]) -> list[Told]:
        """Return which samples of `entries` a rule of `own` takes away from theirs."""
        places = {e.id: f"{e.document.text.name}:{e.line('messages')}" for e in own if "messages" in e.document.body}
        told: list[Told] = []
        for entry in entries:
            for sample in entry.samples:
                if "match" not in sample.body or entry.id in places:
                    continue
                takers = {h.rule for h in self._hits(sample)[0]} & places.keys()
                told += (Told(places[x], f"{x} takes a sample of {entry.id}: {sample.body['match'][:_SHOWN]}") for x in sorted(takers))
        return told


def _looked_for(message: Message) -> bool:
    """Return True if the scan of a large log finds the records in which the message stands."""
    return "chain" in message.inputs or findable(message)


def _words(rule: Rule, language: str) -> str:
    t = rule.text[language]
    return " ".join((t.title, t.cause, *t.steps, t.verify))


def _texts(rule: Rule) -> Iterator[Flaw]:
    for lang in LANGUAGES:
        if "TODO" in _words(rule, lang):
            yield Flaw(("text", lang), f"text.{lang} holds TODO")
    if len(rule.text["en"].title) > _LONGEST:
        yield Flaw(("text", "en", "title"), f"text.en.title is longer than {_LONGEST} characters")
    names = {lang: placeholders(_words(rule, lang)) for lang in LANGUAGES}
    # Who re-rates a rule need not write in both languages; the other stays as it is shipped.
    if names["en"] != names["ja"] and not rule.original:
        yield Flaw(("text",), f"the languages differ in placeholders: {sorted(names['en'] ^ names['ja'])}")


def _names(rule: Rule) -> Iterator[Flaw]:
    captured = [{g.name for g in m.template.gaps if g.name} for m in rule.messages]
    anywhere = set[str]().union(*captured)
    known = (CAPTURES | {"node"}) if not rule.origin else SUPPLIED | anywhere
    used = placeholders(" ".join([*(_words(rule, lang) for lang in LANGUAGES), *(s.run for s in rule.steps), rule.verify]))
    for name in sorted(used - known):
        yield Flaw(("text",), f"unknown placeholder {{{name}}}: no message captures it, and the evidence does not supply it")
    if not rule.origin:
        for name in sorted(anywhere - CAPTURES):
            yield Flaw(("messages",), f"unknown capture name {{{name}}}")
    everywhere = {name for name in anywhere if all(name in c for c in captured)}
    for lang in LANGUAGES:
        loose = placeholders(_OPTIONAL.sub("", rule.text[lang].title)) - everywhere
        if loose:
            yield Flaw(("text", lang, "title"), f"text.{lang}.title uses {sorted(loose)} outside [[ ]], which not every message captures")


def _commands(rule: Rule) -> Iterator[Flaw]:
    for at, step in enumerate(rule.steps):
        if step.effect == "read-only" and step.run and not only_reads(step.run):
            yield Flaw(("steps", at), f"step {at + 1} is called read-only, but its command is not known to only read: {step.run}")
        if "remove-service=dhcp" in step.run:
            yield Flaw(("steps", at), "erratum E1: --remove-service=dhcp blocks DHCP, it must never be advised")
    if rule.verify and not only_reads(rule.verify):
        yield Flaw(("verify",), f"verify must only read, and its command is not known to: {rule.verify}")


def lint(rules: Catalog, path: Path) -> list[str]:
    """Return every fault of one rule file, against the whole catalog."""
    bench = Bench(rules)
    return [f"{t.where}: {t.text}" for e in read_entries(str(path)) for t in (*bench.written(e), *bench.tried(e))]


def main(arguments: list[str]) -> int:
    """Lint the shipped rule files named, or all; print the faults; 0 when there are none."""
    rules = catalog.load()
    paths = [Path(a) for a in arguments] or sorted(catalog.rules_folder().glob("*/*.yaml"))
    faults = [fault for path in paths for fault in lint(rules, path)]
    faults += [f"rules/scan.json: the scan would not find {x!r}: make it anew with python -m diagnose.literals CLEAN-LOG..." for x in missing(rules)]
    for fault in faults:
        print(fault)  # noqa: T201 - a developer's command
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
