"""Which rule a message belongs to: the best-fitting upstream template, read in its place in the error chain."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from diagnose.alike import MARK, Alike, alike, marked
from diagnose.catalog import Catalog
from diagnose.parse.chain import Segment, peel
from diagnose.rule import Message
from diagnose.template import Match, fold

LONGEST = 64 * 1024
"""Characters of a message that are looked at: its first and its last half, for a dump of a plugin's output stands between."""


class Hit(NamedTuple):
    """One operation of a message and the rule that its error belongs to (`rule` is "" when none does)."""

    rule: str
    segment: Segment
    captures: dict[str, str]
    cut: bool
    quiet: bool


_RECENT, _SAME = 512, 256
"""Messages whose reading is remembered: by what they have in common with others, and whole."""


class Matcher:
    """Classifies messages against one catalog; one that differs from another in its ids alone is not judged again."""

    def __init__(self, catalog: Catalog) -> None:
        """Prepare the word index of `catalog`."""
        self._catalog = catalog
        self._same: OrderedDict[tuple[str, str], list[Hit]] = OrderedDict()
        self._known: OrderedDict[tuple[str, str], list[tuple[Hit, tuple[str, ...], tuple[str, ...]]]] = OrderedDict()

    def classify(self, message: str, source: str = "", like: Alike | None = None) -> list[Hit]:
        """Return one hit for each operation in `message`, in order; `source` is the program that wrote it.

        An empty `source` means pasted text of unknown origin: every message of every program is looked for. What differs from
        another message in its ids alone is not judged again; `like` is its form, if it is known.
        """
        same = self._same.get((source, message))
        if same is None:
            same = self._same[source, message] = self._alike(message, source, like)
            if len(self._same) > _SAME:
                self._same.popitem(last=False)
        return same

    def _alike(self, message: str, source: str, like: Alike | None) -> list[Hit]:
        like = alike(message) if like is None else like
        if like is None or len(message) > LONGEST:
            return self._read(message, source)
        hits = self._known.get((source, like.text))
        if hits is None:
            hits = self._known[source, like.text] = [(h, marked(h.segment.fields), marked(h.captures)) for h in self._read(like.text, source)]
            if len(self._known) > _RECENT:
                self._known.popitem(last=False)
        if not like.ids:
            return [hit for hit, _, _ in hits]
        own: list[Hit] = []
        for hit, fields, captures in hits:
            renamed = _renamed(hit, fields, captures, like)
            if renamed is None:
                return self._read(message, source)
            own.append(renamed)
        return own

    def _read(self, message: str, source: str) -> list[Hit]:
        if len(message) > LONGEST:
            message = message[: LONGEST // 2] + message[-LONGEST // 2 :]
        return [self._classify(s, source) for s in peel(message)]

    def _classify(self, segment: Segment, source: str) -> Hit:
        best = self._best(segment, source, cut=False)
        if best is None and (segment.in_chain or source in ("", "event", "kubectl")):
            best = self._best(segment, source, cut=True)
        if best is None:
            unknown = "sandbox-network-failed" if segment.failed_add else ""
            return Hit(unknown, segment, {**segment.fields, "reason": segment.root} if unknown else dict(segment.fields), False, False)
        message, match = best
        captures = {**segment.fields, **match.captures}
        return Hit(message.rule, segment, captures, match.cut, not message.rule)

    def _best(self, segment: Segment, source: str, *, cut: bool) -> tuple[Message, Match] | None:
        text = segment.text
        low = fold(text)
        chain = segment.in_chain or source in ("cni", "multus")  # what Multus logs as an error is what it returns
        best: tuple[tuple[int, ...], Message, Match] | None = None
        messages = self._catalog.cut_messages if cut else self._catalog.messages
        index = self._catalog.cut_index if cut else self._catalog.index
        for number in index.candidates(low):
            message = messages[number]
            if not message.rule and chain and segment.op == "add":
                continue  # A pod whose network could not be made is never harmless.
            if source and message.inputs and not (source in message.inputs or (chain and "chain" in message.inputs)):
                continue
            match = message.template.match(text, low, cut=cut)
            while match is not None and message.kind != "say" and not _clause_begins(low, match.start):
                match = message.template.match(text, low, match.at + 1, cut=cut)
            if match is None or (cut and not match.cut):
                continue
            if message.kind == "tail" and not chain and match.start > 0:
                continue  # outside a chain an errno text means nothing unless it is all there is
            if match.end <= segment.root_at and not any(a <= match.start < b for a, b in segment.gaps):
                tier = 1  # It says only what a layer says; the root may say why.
            elif message.kind == "tail":
                tier = 0 if segment.op == "delete" else 2
            else:
                tier = 3
            # What a cut text could be in several ways is the one that claims least.
            rank = (tier, match.weight, -message.template.weight if cut else 0, not message.rule, match.start)
            if best is None or rank > best[0]:
                best = (rank, message, match)
        return best and (best[1], best[2])


def _renamed(hit: Hit, of_fields: tuple[str, ...], of_captures: tuple[str, ...], like: Alike) -> Hit | None:
    """Return the hit with its message's own ids; None where one of them was cut. The layers keep their stand-ins."""
    segment = hit.segment
    text, fields, captures = like.own(segment.text), like.named(segment.fields, of_fields), like.named(hit.captures, of_captures)
    if fields is None or captures is None or MARK in text:
        return None
    return Hit(hit.rule, Segment(segment.op, segment.layers, text, segment.root_at, segment.gaps, fields), captures, hit.cut, hit.quiet)


def _clause_begins(low: str, at: int) -> bool:
    """Return True if a new clause begins at offset `at`: the start, or behind a colon, a quote or a bracket."""
    if at == 0:
        return True
    before = low[max(0, at - 2) : at]
    return before.endswith((": ", "; ", '"', "'", "`", "(", "[", "] ", "= ", "=", "- ", "> "))
