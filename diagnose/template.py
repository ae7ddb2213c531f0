"""Upstream message templates: literal text with gaps, matched in linear time.

A template is an upstream format string with its verbs named:

    cannot find a network-attachment-definition ({nad}) in namespace ({nad_namespace}): {}

A gap is ``{name}`` (captured), ``{}`` (anything) or ``{name:d}``/``{:d}`` (digits only); ``{{`` and ``}}`` are
braces. Text and template are compared in canonical form (see `canonical`), so one template fits every level of Go
quoting, wrapped lines and typographic quotes. There is no backtracking: a hostile line costs what a clean one costs.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from diagnose.pattern import lazy

# What a named gap may hold. Names are one word; a free gap may hold a sentence.
FREE = frozenset({"reason", "error", "value", "command", "stderr", "stdout", "supported", "network", "path_list"})
GAP_LIMIT = 4000
"""Longest text, in characters, that a gap may span."""
CUT_WEIGHT = 24
"""Literal characters that a message cut short must still show to be recognised."""

_PIECE = lazy(r"\{\{|\}\}|\{([a-z_]*)(?::([a-z]))?\}")
_ESCAPED_QUOTE = lazy(r"(?<!\\)\\+([\"'`])")
_ESCAPED_BLANK = lazy(r"(?<!\\)\\+[nrt](?![a-z]{3}\\)")
_UNICODE_ESCAPE = lazy(r"(?<!\\)\\+u00(3c|3e|26|22|27)", re.IGNORECASE)
_BLANKS = lazy(r"[\s\u00a0]+")
_QUOTES = str.maketrans({"\u201c": '"', "\u201d": '"', "\u2018": "'", "\u2019": "'", "\u2014": "-"})
_NUMBER = lazy(r"-*(?P<first>\d)\d*")
_WORD = lazy(r"[a-z0-9]+")
_TOKEN = lazy(r"[^\s\"]+")


def canonical(text: str) -> str:
    """Return `text` with every level of Go or JSON quoting removed from quotes, blanks folded to one space."""
    if "\\" in text:
        text = _UNICODE_ESCAPE.sub(lambda m: chr(int(m.group(1), 16)), text)
        text = _ESCAPED_QUOTE.sub(r"\1", text)
        text = _ESCAPED_BLANK.sub(" ", text)
    if not text.isascii():
        text = text.translate(_QUOTES)
    return _BLANKS.sub(" ", text).strip()


def fold(text: str) -> str:
    """Return `text` in lower case with one kind of quote, of the same length (what has a longer lower case stays)."""
    low = text.lower()
    if len(low) != len(text):
        low = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return low.replace("'", '"')


class Gap(NamedTuple):
    """A place in a template that upstream fills: `name` may be empty, `digits` limits it to a number."""

    name: str
    digits: bool


class Match(NamedTuple):
    """Where a template matched: offsets into the canonical text, literal weight, captures, cut short or whole."""

    start: int
    end: int
    weight: int
    captures: dict[str, str]
    cut: bool
    at: int
    """Where its first literal stands; `start` lies before it where the message begins with a gap."""


class Template:
    """One upstream message, ready to be looked for; `weight` counts its literal letters and digits."""

    __slots__ = ("gaps", "literals", "text", "weight", "weights")

    def __init__(self, text: str) -> None:
        """Split `text` into literals and gaps. Raises `ValueError` if there is no literal or two gaps touch."""
        self.text = text
        literals = [""]
        gaps: list[Gap] = []
        at = 0
        for m in _PIECE.finditer(text):
            literals[-1] += text[at : m.start()]
            at = m.end()
            if m.group() in ("{{", "}}"):
                literals[-1] += m.group()[0]
            else:
                if gaps and not literals[-1]:
                    raise ValueError(f"two gaps touch in {text!r}")
                gaps.append(Gap(m.group(1) or "", m.group(2) == "d"))
                literals.append("")
        literals[-1] += text[at:]
        # Blanks are folded like the text's, but those next to a gap stay.
        self.literals = tuple(fold(_BLANKS.sub(" ", x.translate(_QUOTES))) for x in literals)
        self.gaps = tuple(gaps)
        self.weights = tuple(_weigh(x) for x in self.literals)
        self.weight = sum(self.weights)
        if not self.weight:
            raise ValueError(f"no literal text in {text!r}")

    @classmethod
    def made(cls, text: str, literals: tuple[str, ...], gaps: tuple[Gap, ...], weights: tuple[int, ...]) -> Template:
        """Return a template whose parts were found before."""
        template = cls.__new__(cls)
        template.text, template.literals, template.gaps = text, literals, gaps
        template.weights, template.weight = weights, sum(weights)
        return template

    @property
    def words(self) -> list[str]:
        """The words that any text with this message must hold whole, so that an index may use them."""
        return self._whole_words()

    @property
    def head_words(self) -> list[str]:
        """Those of them that a message cut short still has."""
        return self._whole_words(CUT_WEIGHT)

    def _whole_words(self, weight: int = 0) -> list[str]:
        """Return the whole words; with `weight`, only those that the first `weight` literal characters hold."""
        words: list[str] = []
        last = len(self.literals) - 1
        seen = 0
        for i, literal in enumerate(self.literals):
            for m in _WORD.finditer(literal):
                glued_left = m.start() == 0 and i > 0
                glued_right = m.end() == len(literal) and i < last
                seen += len(m.group())
                if weight and seen > weight:
                    return words
                if not glued_left and not glued_right:
                    words.append(m.group())
        return words

    def match(self, text: str, low: str, at: int = 0, *, cut: bool = False) -> Match | None:
        """Find the message in canonical `text` (`low` is `fold(text)`) from offset `at`; None if it is not there.

        With `cut`, a message whose end was lost counts when at least `CUT_WEIGHT` literal characters are there.
        """
        first = 0 if self.literals[0] else 1
        head = self.literals[first]
        pos = low.find(head, at)
        while pos >= 0:
            found = self._from(text, low, first, pos, cut=cut)
            if found is not None:
                return found
            pos = low.find(head, pos + 1)
        if cut and len(head) >= CUT_WEIGHT:
            size = _overlap(low, head)
            if size and _weigh(head[:size]) >= CUT_WEIGHT:
                return Match(len(low) - size, len(low), CUT_WEIGHT, {}, True, len(low) - size)
        return None

    def _from(self, text: str, low: str, first: int, pos: int, *, cut: bool) -> Match | None:
        captures: dict[str, str] = {}
        weight = self.weights[first]
        end = pos + len(self.literals[first])
        lead = pos
        if first == 1:
            lead = _clause_start(text, pos)
            gap = self.gaps[0]
            value = text[lead:pos].strip(" \"'")
            if gap.name and gap.name not in FREE and " " in value:
                return None
            if gap.name and value:
                captures[gap.name] = value
        for i in range(first, len(self.gaps)):
            gap, literal = self.gaps[i], self.literals[i + 1]
            if i == len(self.gaps) - 1 and not literal.strip():
                value = _tail(text, end, gap)
                if value is None:
                    return None
                if gap.name and value:
                    captures[gap.name] = value
                break
            first_at, last_at = _reach(text, end, gap, literal)
            here = low.find(literal, first_at, last_at + len(literal))
            if here < 0:
                if cut and weight >= CUT_WEIGHT and _ends_within(low, end, gap, literal):
                    return Match(pos, len(low), weight, captures, True, pos)
                return None
            if gap.name:
                captures[gap.name] = text[end:here].strip()
            end = here + len(literal)
            weight += self.weights[i + 1]
        return Match(lead, end, weight, captures, False, pos)


def _weigh(literal: str) -> int:
    return sum(c.isalnum() for c in literal)


def _overlap(low: str, head: str) -> int:
    """Return how many characters of `head`'s beginning end the text."""
    for size in range(min(len(head) - 1, len(low)), 0, -1):
        if low.endswith(head[:size]):
            return size
    return 0


def _ends_within(low: str, end: int, gap: Gap, literal: str) -> bool:
    """Return True if the text ends inside `gap` or inside the literal behind it, and does not go on with other words."""
    rest = low[end:]
    if len(rest) > GAP_LIMIT:
        return False
    if rest.endswith(("...", "\u2026", ">")):
        return True
    if gap.name and gap.name not in FREE and " " not in rest:
        return True
    return not rest or _overlap(rest, literal) >= min(4, len(literal))


def _clause_start(text: str, pos: int) -> int:
    found = text.rfind(": ", max(0, pos - 202), pos)
    return max(found + 2 if found >= 0 else 0, pos - 200)


def _reach(text: str, end: int, gap: Gap, after: str) -> tuple[int, int]:
    """Return the first and the last offset at which the literal `after` may follow `gap`, which begins at `end`.

    Found once instead of tried again at each place where the literal stands: a hostile line costs what a clean one costs.
    """
    limit = end + GAP_LIMIT
    if gap.digits:
        m = _NUMBER.match(text, end, limit)
        return (m.start("first") + 1, m.end()) if m is not None else (end, end - 1)
    if gap.name and gap.name not in FREE:
        # A name is one word; only a name that upstream quotes may hold blanks.
        for mark in '"' if after[0] in "\"')]" else '" ':
            at = text.find(mark, end, limit)
            limit = at if at >= 0 else limit
    return end, limit


def _tail(text: str, end: int, gap: Gap) -> str | None:
    if gap.name in FREE:
        return text[end : end + 400].strip().rstrip("\"'`")
    m = _TOKEN.match(text, end)
    value = m.group().rstrip(".,;:'`)]}") if m else ""
    if gap.digits and not value.lstrip("-").isdigit():
        return None
    return value


class Index:
    """Finds the templates that may match a text by their rarest whole word."""

    def __init__(self, words: list[list[str]]) -> None:
        """Index templates by `words`, each template's whole words; one without any is tried on every text."""
        counts: dict[str, int] = {}
        for own in words:
            for w in set(own):
                counts[w] = counts.get(w, 0) + 1
        self._by_word: dict[str, list[int]] = {}
        self._always: list[int] = []
        for number, own in enumerate(words):
            if own:
                word = min(own, key=lambda w: (counts[w], -len(w), w))
                self._by_word.setdefault(word, []).append(number)
            else:
                self._always.append(number)

    @classmethod
    def made(cls, by_word: dict[str, list[int]], always: list[int]) -> Index:
        """Return an index that was made before, of its `parts`."""
        index = cls.__new__(cls)
        index._by_word, index._always = by_word, always
        return index

    def parts(self) -> tuple[dict[str, list[int]], list[int]]:
        """Return the numbers of the templates by word, and of those that are always tried."""
        return self._by_word, self._always

    def candidates(self, low: str) -> list[int]:
        """Return the numbers of all templates that may occur in the folded text, in order."""
        by_word = self._by_word
        found = list(self._always)
        for word in set(_WORD.findall(low)):
            hits = by_word.get(word)
            if hits:
                found += hits
        found.sort()
        return found
