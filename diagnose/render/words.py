"""A finding's words: its rule's text in one language with the names filled in."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict

from diagnose.lang import Labels
from diagnose.model import Expired, Finding, Gap, Hint, Moment, Proof, Report, StepText
from diagnose.pattern import lazy
from diagnose.record import dataclass
from diagnose.rule import Rule

_OPTIONAL = lazy(r"\[\[(.*?)\]\]", re.DOTALL)
_PLACEHOLDER = lazy(r"\{([a-z_]+)\}")
_CONTROL = lazy(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u061c\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_SAFE_ARGUMENT = lazy(r"^[\w@%+=:,./-]+$")


@dataclass(frozen=True, slots=True)
class Words:
    """What is said of one finding."""

    title: str
    cause: str
    steps: tuple[StepText, ...]
    verify: str
    verify_command: str


def printable(text: str) -> str:
    """Return log text that is safe on a terminal: control and direction characters, and halves of characters, become visible escapes."""
    return _CONTROL.sub(lambda m: f"\\x{ord(m.group()):02x}", text.replace("\t", "    "))


def wide(text: str) -> int:
    """Return how many columns `text` takes on a terminal."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def fill(text: str, values: dict[str, str]) -> str:
    """Fill in the names; an optional [[part]] with an unknown name is dropped, any other unknown name shows as <name>."""

    def part(m: re.Match[str]) -> str:
        names = _PLACEHOLDER.findall(m[1])
        return m[1] if all(values.get(n) for n in names) else ""

    return _PLACEHOLDER.sub(lambda m: values.get(m[1]) or f"<{m[1].replace('_', '-')}>", _OPTIONAL.sub(part, text))


def command(text: str, values: dict[str, str]) -> str:
    """Fill in the names of a command. A name that a shell would read as more than one word stays a placeholder."""
    safe = {k: v for k, v in values.items() if _SAFE_ARGUMENT.match(v)}
    return fill(text, safe)


def gap_text(gap: Gap, w: Labels) -> str:
    """Return what a blind spot is, behind the input that it belongs to."""
    # A bundle of another version may tell of other kinds, or other values.
    text = w.blind_spot[gap.kind].format_map(defaultdict(lambda: "-", gap.values)) if gap.kind in w.blind_spot else gap.reason or gap.kind
    return f"{gap.source}: {text}" if gap.source and gap.source not in text else text


def hint_text(hint: Hint, w: Labels) -> str:
    """Return what was compared with a finding's names."""
    if hint.kind == "fault":
        from diagnose.checks.words import say

        return printable(say(hint.values["what"], w.language, hint.values))
    return printable(w.hint[hint.kind].format_map(hint.values))


def proof_text(proof: Proof, w: Labels) -> str:
    """Return what shows a finding's state, and the evidence as it stands."""
    said = w.proof[proof.kind]
    return said if proof.kind in ("ready", "deleted", "restarted", "silent") else f"{said}: {proof.text}"


def moment_text(moment: Moment, w: Labels) -> str:
    """Return what happened at a moment of the node's story."""
    kind = w.moment[moment.kind]
    if moment.rule:
        return f"{kind}: {moment.rule} {moment.text}".rstrip()
    if moment.kind in ("start", "stop"):
        return f"{w.component[moment.text]} {kind}"
    if moment.kind in ("created", "config"):
        return f"{moment.text} {kind}"
    return f"{kind}: {moment.text}" if moment.text else kind


def ignored_text(report: Report) -> str:
    """Return the findings that were set aside, by rule: "rule (n)"."""
    counts = Counter(i.rule for i in report.ignored)
    return ", ".join(f"{rule} ({n})" for rule, n in sorted(counts.items()))


def expired_text(expired: Expired) -> str:
    """Return what is set aside no longer, since when, and where that stands."""
    return f"{expired.what} ({expired.until}, {expired.origin})"


def chain(finding: Finding, w: Labels) -> str:
    """Return the symptoms of a finding with their counts; "a > b": a explains b."""
    text, before = "", finding.rule
    for s in finding.explains:
        mark = " > " if text and s.by == before else ", " if text else ""
        text += f"{mark}{s.rule} ({w.times.format(n=s.count)})"
        before = s.rule
    return text


def words(finding: Finding, rule: Rule, language: str) -> Words:
    """Return the words of `finding` in `language`."""
    values = {k: printable(v) for k, v in finding.captures.items()}
    text = rule.text[language]
    # A NAD without a name in its config lends its own to the network: the best guess for a command, none for a statement.
    guess = {"nad": values.get("network", ""), "nad_namespace": values.get("namespace", ""), **values}
    steps = tuple(StepText(fill(t, values), command(s.run, guess), s.effect) for t, s in zip(text.steps, rule.steps, strict=True))
    pods = sum(1 for a in finding.affected if a.kind == "Pod")
    several = {**values, "pod": f"{values['pod']} (+{pods - 1})"} if pods > 1 and values.get("pod") else values
    return Words(fill(text.title, several), fill(text.cause, values), steps, fill(text.verify, values), command(rule.verify, guess))


def collected_text(report: Report, w: Labels) -> str:
    """Return how far the collectors of the running device came, in one line; "" for saved evidence."""
    return ", ".join(w.collector[c.state].format(name=c.name, n=c.found) for c in report.collected)


def redacted_text(report: Report, w: Labels) -> str:
    """Return what was replaced and how often, in one line; "" where nothing was to be."""
    if report.redacted is None:
        return ""
    return ", ".join(w.redacted[kind].format(n=n) for kind, n in report.redacted.items()) or w.not_redacted
