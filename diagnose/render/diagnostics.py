"""Diagnostics for a reader at a terminal: file:line:column, the line itself with carets beneath, why, and what to write.

File text is written as it is: never as markup, never with control characters, and never wrapped.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from diagnose import __version__
from diagnose.catalog import Catalog
from diagnose.checking import Diagnostic, Outcome
from diagnose.checks.words import COMMANDS, OWN, say
from diagnose.lang import labels
from diagnose.model import Affected
from diagnose.render.terminal import wide, wrap
from diagnose.render.words import fill, printable

_STYLE = {"error": "1;31", "warning": "1;33", "info": "1;36", "frame": "1;34", "bold": "1", "dim": "2", "ok": "1;32"}
_LABEL = 7
"""Columns of the widest label beneath an excerpt."""
SCHEMA = "msnet.check/1"


class Message(NamedTuple):
    """What is said of one diagnostic: the fact in one line, and why it matters."""

    title: str
    why: str
    general: bool
    """True if `why` is the rule's own text, the same for each of its diagnostics."""


def message(d: Diagnostic, catalog: Catalog, language: str) -> Message:
    """Return the words of a diagnostic.

    The rule's title is the headline, and what is wrong in this place is the reason. A hint, which is less than its rule
    says, has no headline but its own sentence.
    """
    values = {k: printable(v) for k, v in {**d.captures, **d.values}.items()}
    if d.rule in OWN:
        return Message(say(d.what, language, values), say(f"{d.rule}-why", language, values) if d.text is not None else "", general=True)
    rule = catalog.by_id[d.rule]
    said = say(d.what, language, values) if d.what else ""
    if said and d.severity != rule.severity:
        return Message(said, "", general=False)
    text = rule.text[language]
    return Message(fill(text.title, values), said or fill(text.cause, values), general=not said)


def subject(affected: Affected | None, language: str) -> str:
    """Return an object's kind and name; "" where there is none."""
    if affected is None:
        return ""
    kind = labels(language).kind.get(affected.kind, affected.kind)
    return printable(f"{kind} {affected.namespace + '/' if affected.namespace else ''}{affected.name}")


def place(d: Diagnostic) -> str:
    """Return file:line:column, as far as they are known."""
    return f"{printable(d.file)}:{d.start.line}:{d.start.column}" if d.start is not None else printable(d.file)


class _Page:
    def __init__(self, width: int, *, color: bool, unicode: bool) -> None:
        self.width = width
        self._color = color
        self._unicode = unicode
        self.dots = "\u2026" if unicode else "..."
        self.lines: list[str] = []

    def style(self, text: str, style: str) -> str:
        return f"\x1b[{_STYLE[style]}m{text}\x1b[0m" if self._color and text else text

    def shown(self, text: str) -> str:
        """Return file text as it can be shown: the carets beneath must know how wide it is."""
        safe = printable(text.replace("\t", "\u2192   ") if self._unicode else text)
        return safe if self._unicode else safe.encode("ascii", "backslashreplace").decode()

    def add(self, text: str = "") -> None:
        self.lines.append(text.rstrip())

    def head(self, label: str, style: str, title: str) -> None:
        """Write the headline, wrapped beneath itself."""
        first, *rest = wrap(f"{label}: {title}", self.width - 4)
        self.add(self.style(label, style) + self.style(first.removeprefix(label), "bold"))
        for part in rest:
            self.add("    " + self.style(part, "bold"))

    def note(self, gutter: int, label: str, text: str, *, verbatim: bool = False) -> None:
        """Write a labelled remark beneath an excerpt; verbatim text keeps its lines."""
        head = " " * (gutter + 1) + self.style("=", "frame") + " " + self.style(label + ":", "bold") + " " * max(1, _LABEL - wide(label))
        indent = gutter + 3 + max(wide(label) + 2, _LABEL + 1)
        parts = [self.shown(x) for x in text.splitlines()] if verbatim else wrap(text, max(20, self.width - indent))
        for number, part in enumerate(parts):
            self.add((head if number == 0 else " " * indent) + part)


def render(outcome: Outcome, catalog: Catalog, language: str, *, width: int, color: bool, unicode: bool) -> str:
    """Return the diagnostics as text; prose is at most `width` columns wide."""
    page = _Page(width, color=color, unicode=unicode)
    told: set[str] = set()
    for d in outcome.diagnostics:
        _diagnostic(page, d, catalog, language, told)
    _summary(page, outcome, language)
    return "\n".join(page.lines) + "\n"


def _diagnostic(page: _Page, d: Diagnostic, catalog: Catalog, language: str, told: set[str]) -> None:
    words = message(d, catalog, language)
    page.head(f"{say(f'severity-{d.severity}', language)}[{d.rule}]", d.severity, words.title)
    gutter = len(str(d.start.line)) if d.start is not None else 1
    page.add(" " * gutter + page.style("--> ", "frame") + place(d))
    if d.start is not None:
        _excerpt(page, d, gutter)
    who = subject(d.subject, language)
    if who:
        page.note(gutter, say("check-object", language), who)
    again = words.general and words.why != "" and d.rule in told
    why = say("check-also", language) if again else words.why
    if why:
        page.note(gutter, say("check-why", language), why)
    if words.general:
        told.add(d.rule)
    if d.instead:
        label = "check-run" if d.rule in COMMANDS else "check-instead"
        page.note(gutter, say(label, language), d.instead, verbatim=True)
    if d.rule not in OWN and not again:
        page.note(gutter, say("check-more", language), f"msnet explain {d.rule}", verbatim=True)
    page.add()


def _excerpt(page: _Page, d: Diagnostic, gutter: int) -> None:
    """Write the line that the fault begins in, the one above it, and carets beneath the fault."""
    if d.text is None or d.start is None or d.end is None:
        return
    bar = " " * (gutter + 1) + page.style("|", "frame")
    page.add(bar)
    above, line = d.text.line(d.start.line - 1), d.text.line(d.start.line)
    end = d.end.column - 1 if d.end.line == d.start.line else len(line.rstrip())
    before = page.shown(line[: d.start.column - 1])
    marked = page.shown(line[d.start.column - 1 : max(end, d.start.column)])
    whole = before + marked + page.shown(line[max(end, d.start.column) :])
    room = page.width - gutter - 3
    shift = _shift(whole, wide(before), max(wide(marked), 1), room, page)
    context = _window(page.shown(above), shift, room, page)
    if context.strip(" .\u2026"):
        page.add(f"{page.style(f'{d.start.line - 1:>{gutter}} |', 'frame')} {context}")
    page.add(f"{page.style(f'{d.start.line:>{gutter}} |', 'frame')} {_window(whole, shift, room, page)}")
    at = wide(before) - shift
    carets = "^" * max(1, min(wide(marked), room - at - (wide(page.dots) if wide(whole) - shift > room else 0)))
    page.add(f"{bar} {' ' * at}{page.style(carets, d.severity)}")


def _shift(text: str, at: int, length: int, room: int, page: _Page) -> int:
    """Return how many columns are left out on the left, so that the fault stands within `room`."""
    if wide(text) <= room or at + min(length, room // 2) <= room - wide(page.dots):
        return 0
    return max(0, at - max(room // 3, wide(page.dots)))


def _window(text: str, shift: int, room: int, page: _Page) -> str:
    """Return the columns of `text` from `shift` on, as many as there is room for; dots stand for what is left out."""
    dots = wide(page.dots)
    left = shift + dots if shift else 0
    right = shift + (room - dots if wide(text) - shift > room else room)
    column, inner = 0, ""
    for c in text:
        size = wide(c)
        if left <= column and column + size <= right:
            inner += c
        elif column < left < column + size or column < right < column + size:
            inner += " "
        column += size
    if shift and column > shift:
        inner = page.dots + inner
    return inner + (page.dots if column > right else "")


def _summary(page: _Page, outcome: Outcome, language: str) -> None:
    counts = {s: sum(d.severity == s for d in outcome.diagnostics) for s in ("error", "warning", "info")}
    parts = [page.style(say(f"check-{s}", language, {"n": str(n)}), s) for s, n in counts.items() if n]
    read = say("check-read", language, {"files": str(outcome.files), "nads": str(outcome.nads), "pods": str(outcome.pods)})
    if not outcome.usable:
        page.add(page.style(say("check-nothing", language), "warning"))
    else:
        page.add(f"{', '.join(parts) if parts else page.style(say('check-none', language), 'ok')} ({read})")
    if outcome.usable and not outcome.nads and not outcome.pods:
        for part in wrap(say("check-no-network", language), page.width):
            page.add(part)
    if outcome.ignored:
        what = ", ".join(f"{rule} ({n})" for rule, n in sorted(outcome.ignored.items()))
        page.add(say("check-ignored", language, {"what": what}))
    if outcome.hidden:
        page.add(say("check-hidden", language, {"n": str(outcome.hidden)}))


def as_mapping(outcome: Outcome, catalog: Catalog, language: str) -> dict[str, Any]:
    """Return the diagnostics in a published shape of their own (`docs/check.md`), never a dump of our types."""
    found: list[dict[str, Any]] = []
    for d in outcome.diagnostics:
        words = message(d, catalog, language)
        found.append(
            {
                "rule": d.rule,
                "severity": d.severity,
                "file": d.file,
                "start": d.start._asdict() if d.start is not None else None,
                "end": d.end._asdict() if d.end is not None else None,
                "object": d.subject._asdict() if d.subject is not None else None,
                "title": words.title,
                "why": words.why or None,
                "instead": d.instead or None,
                "captures": d.captures,
                "proof": d.proof or None,
            }
        )
    return {
        "schema": SCHEMA,
        "tool": {"name": "msnet", "version": __version__, "rules": catalog.digest},
        "language": language,
        "diagnostics": found,
        "read": {"files": outcome.files, "objects": outcome.documents, "nads": outcome.nads, "pods": outcome.pods},
        "ignored": dict(sorted(outcome.ignored.items())),
        "hidden": outcome.hidden,
    }


def render_json(outcome: Outcome, catalog: Catalog, language: str) -> str:
    """Return the diagnostics as indented JSON with a final line break."""
    return json.dumps(as_mapping(outcome, catalog, language), ensure_ascii=False, indent=1) + "\n"
