"""Pseudonyms of names: one for each name, whatever it names, so that equal names stay equal; put in wherever the name stands as whole words."""

from __future__ import annotations

import re

from diagnose.pattern import lazy
from diagnose.redact.public import Public

PRIVATE_ZONES = frozenset({"local", "lan", "home", "internal", "intranet", "intra", "corp", "private", "localdomain", "site", "test", "invalid"})
"""Top-level domains that are nobody's: they stay."""
KINDS = ("ns", "pod", "app", "nad", "net", "host", "user", "domain", "image", "name")
"""What a name was met as: namespace, pod, owner of pods, NAD, CNI network, host, user, domain, image, anything else."""
_MADE = lazy(rf"(?:{'|'.join(KINDS)})[-_]x\d+", re.IGNORECASE)
"""The form of pseudonyms."""
_WORD = lazy(r"[^\W_]+")
_BEGIN, _END = r"(?:(?<![^\W_])|(?<=\\[nrtbf])|(?<=\\u[0-9a-fA-F]{4}))", r"(?![^\W_])"
"""A name stands between other characters than letters and digits; the letter of an escape is no part of the next word."""
_SAFE = "[bcdfghjklmnpqrstvwxz2456789]"  # kubernetes staging/src/k8s.io/apimachinery/pkg/util/rand/rand.go
_DRAWN = lazy(rf"^(?P<stem>.+?)(?P<drawn>-(?:{_SAFE}{{8,10}}|[0-9a-f]{{8,10}}|\d{{6,10}})-(?:{_SAFE}{{5}}|(?=[a-z]*\d)[0-9a-z]{{5}})|-{_SAFE}{{5}}|-(?:{_SAFE}{{9,10}}|\d{{1,3}}))$")  # fmt: skip
"""What controllers put behind a name: hash and random part, one of them, or a number."""
_LABEL = lazy(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_LONGEST = 63
_LINES = 4096
"""Characters from which a text is taken line by line: most lines hold no name."""


class Words:
    """Texts to be put in the place of names, wherever these stand as whole words, whatever their case."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._first: dict[str, list[str]] = {}
        self._patterns: dict[frozenset[str], re.Pattern[str]] = {}

    def put(self, name: str, text: str) -> None:
        """Put `text` in the place of `name`; of names that begin alike the longest counts."""
        low = name.lower()
        first = _WORD.search(low)
        if first is not None:
            self._texts[low] = text
            self._first.setdefault(first.group(), []).append(low)
            self._patterns.clear()

    def text(self, text: str) -> tuple[str, int]:
        """Return `text` with every name replaced, and how many were."""
        if len(text) > _LINES and "\n" in text:
            lines = [self.text(line) for line in text.split("\n")]
            return "\n".join(line for line, _ in lines), sum(n for _, n in lines)
        there = frozenset(self._first.keys() & set(_WORD.findall(text.lower())))
        if not there:
            return text, 0
        pattern = self._patterns.get(there)
        if pattern is None:
            names = sorted((re.escape(name) for first in there for name in self._first[first]), key=len, reverse=True)
            pattern = self._patterns[there] = re.compile(rf"{_BEGIN}(?:{'|'.join(names)}){_END}", re.IGNORECASE)
        return pattern.subn(lambda m: self._texts[m.group().lower()], text)


class Names:
    """The table of names: `seen` holds the pseudonym of each, by the name in lower case."""

    def __init__(self, public: Public, seen: dict[str, str] | None = None) -> None:
        self.public = public
        self.seen: dict[str, str] = {}
        self._stems: dict[str, str] = {}
        self._next: dict[str, int] = {}
        self._words = Words()
        for name, made in (seen or {}).items():
            self._put(name, made)

    def text(self, text: str) -> tuple[str, int]:
        """Return `text` with every name that was learned replaced, and how many were."""
        return self._words.text(text)

    def back(self) -> dict[str, str]:
        """Return the names by their pseudonyms."""
        found = {made: name for name, made in (*self._stems.items(), *self.seen.items())}
        # See Redactor: a domain keeps its zone where that tells nothing.
        zones = {f"{made}.{name.rpartition('.')[2] if name.rpartition('.')[2] in PRIVATE_ZONES else 'example'}": name for made, name in found.items() if made.startswith("domain-")}  # fmt: skip
        return found | zones

    def learn(self, kind: str, name: str) -> None:
        """Take note of a name of that kind; what controllers put behind it stays, and so do names that tell nothing."""
        name = name.strip(" \t\r\n.\"'\\").removesuffix(".yaml").removesuffix(".json")
        if len(name) > 1000 or "{" in name or "%" in name:
            return
        if not re.fullmatch(r"[A-Za-z0-9_.-]+", name):
            # No name of Kubernetes: a mistake that may be the very failure. Its words are hidden, its form stays.
            for word in re.findall(r"[A-Za-z0-9_.-]+", name) if kind in ("ns", "pod", "nad", "net") else [name]:
                if word != name:
                    self.learn(kind, word)
            return
        low = name.lower()
        if low in self.seen or _MADE.search(low) or self.public.name(low):
            return
        m = _DRAWN.match(low) if kind in ("pod", "app", "name") else None
        if m is None:
            self._put(low, self._new(kind, name))
            return
        stem = m["stem"]
        if not self.public.name(stem):
            self.learn("app", stem)
            return
        # "gateway-7c9d8b5f6-x2x4z": the word alone stands in messages, too.
        if stem not in self._stems:
            self._stems[stem] = self._new("app", stem)
        self._put(low, self._stems[stem] + m["drawn"])

    def _new(self, kind: str, name: str) -> str:
        number = self._next[kind] = self._next.get(kind, 0) + 1
        made = f"{kind}-x{number}"
        if not _LABEL.fullmatch(name):
            # What makes a name invalid stays: capitals, underscores.
            made = made.replace("-", "_") if "_" in name else made
            made = made.capitalize() if name.lower() != name else made
        if len(name) > _LONGEST:
            made += "-" + "x" * (len(name) - len(made) - 1)
        return made

    def _put(self, low: str, made: str) -> None:
        self.seen[low] = made
        m = re.search(r"^([a-z]+)[-_]x(\d+)", made.lower())
        if m is not None:
            self._next[m[1]] = max(self._next.get(m[1], 0), int(m[2]))
            stem = _DRAWN.match(low)
            if stem is not None and made.lower() != m.group():
                self._stems.setdefault(stem["stem"], m.group())
        self._words.put(low, made)
