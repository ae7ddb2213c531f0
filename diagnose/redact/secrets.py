"""Removes secrets from any text: what is always removed, whatever the user asks for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from diagnose.pattern import lazy
from diagnose.redact import blocks
from diagnose.redact.blocks import Span
from diagnose.redact.detectors import KEY_NAME, LISTED, NAME_HINTS, PLACES, TOKEN, TOKEN_HINT, TOKEN_KINDS, named
from diagnose.redact.nested import View, decoded, views
from diagnose.scan import Scanner

_RUN = lazy(rb"[A-Za-z0-9+/_-]{20,}+")
_SLASH = rb"(?:\\|%(?:25)*5[Cc])+"
_WRAP = lazy(  # where base64 is wrapped: a line break, also behind escapes, and an indent
    rb"(?:=|%(?:25)*3[Dd]){0,2}(?:\r?\n|(?:" + _SLASH + rb"r)?" + _SLASH + rb"n|(?:%(?:25)*0[Dd])?%(?:25)*0[Aa])(?:[ \t]|%(?:25)*20)*"
)
_TAIL = lazy(_WRAP.pattern + rb"([A-Za-z0-9+/_-]{1,19})(?![A-Za-z0-9+/_-])={0,2}(?=[\s\"'\\%]|\Z)")
_ESCAPED = lazy(rb"(?<=%)(?:25)*(?:5[Cc][nrt]?|[0-9A-Fa-f]{2})|(?<=\\)(?:[nrtbfv]|u[0-9A-Fa-f]{4})")
_BROKEN = lazy(rb"%(?:25)*2[BFbf]|\\+/")  # a sign of base64, escaped
_DEPTH = 4
"""Levels of base64 that are looked through."""
# Blocks within a line, and signs of a hint behind an escape.
_OTHER_HINTS = ("key", "users", "encrypteddata", "private key", "static key", "%2", "%3", ":\\/", "pin\\")
_HINTS = [(h, h.encode()) for h in sorted({h for p in PLACES for h in p.hints} | {*NAME_HINTS, *_OTHER_HINTS})]
_SCANNER = Scanner(h for h, _ in _HINTS)
_BLOCK_HINTS = (b"private key", b"static key", b"secret", b"users", b"encrypteddata", b"$ansible_vault", b"private-lines")
_MARK = lazy(r"\[removed:[a-z0-9-]+\]")
_REMOVED = lazy(r"\[removed:[a-z0-9-]+\]|<?\[?(?:REMOVED|REDACTED|removed|redacted)\]?>?|\*+(?:HIDDEN\*+)?|\s*")  # by us or by another tool
_VAULT = lazy(r"\$ANSIBLE_VAULT;[^\n]*((?:\r?\n[ \t]*[0-9a-f]{2,}[ \t]*(?=\r?$))+)", re.MULTILINE)
_PPK = lazy(r"^Private-Lines: \d+[ \t\r]*((?:\n[A-Za-z0-9+/=]+\r?(?=$))+)", re.MULTILINE)


class _Found(NamedTuple):
    """A secret: where it stands in the text, its kind, what it reads unquoted, and the quote that its replacement needs."""

    start: int
    end: int
    kind: str
    value: str
    quote: str


def without_secrets(text: str) -> tuple[str, Counter[str]]:
    """Return `text` with every secret replaced by `[removed:KIND]`, and how many of each kind were removed.

    Line breaks stay, and so does all that is no secret: JSON and YAML can be parsed as before. docs/redaction.md lists the kinds.
    """
    counts: Counter[str] = Counter()
    parts: list[str] = []
    last = 0
    for found in _merged(_find(text, 0)):
        parts.append(text[last : found.start])
        parts.append(_replaced(text[found.start : found.end], found))
        counts[found.kind] += 1
        last = found.end
    parts.append(text[last:])
    return "".join(parts), counts


def secret_values(text: str) -> set[str]:
    """Return the secret values found in `text` themselves (at least 8 characters long, unambiguous).

    The redactor replaces them wherever else they stand, without their telling neighbour. Words, numbers, names and paths
    are left out: they stand elsewhere for other reasons.
    """
    found = _find(text, 0)
    values = {line.strip() for f in found for v in (f.value, text[f.start : f.end]) for line in v.splitlines()}
    return {v for v in values if _is_unambiguous(v)}


# Words, numbers, paths, host names, names of objects, sentences.
_AMBIGUOUS = lazy(
    r"[a-z.:/_-]+|[A-Z][a-z]+|[A-Z_-]+|[\d.:/-]+|(?:/[\w.@-]+)+|(?=.{0,23}\Z)[a-z0-9]+(?:-[a-z0-9]+)+|[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9-]+)+|[\w ,.]* [\w ,.]*"
)
_BOOTSTRAP = lazy(r"[a-z0-9]{6}\.[a-z0-9]{16}")


def _is_unambiguous(value: str) -> bool:
    if _BOOTSTRAP.fullmatch(value):
        return True
    return len(value) >= 8 and not _AMBIGUOUS.fullmatch(value) and not _MARK.search(value) and not value.startswith("-----")


def _replaced(secret: str, found: _Found) -> str:
    """Return what stands for `secret`: its mark, on each of its lines."""
    mark = f"{found.quote}[removed:{found.kind}]{found.quote}"
    if "\n" not in secret:
        return mark
    return re.sub(r"\S(?:[^\n]*\S)?", lambda _: mark, secret)


def _merged(found: Iterable[_Found]) -> Iterator[_Found]:
    """Yield `found` in order, what overlaps as one."""
    current: _Found | None = None
    for f in sorted(found, key=lambda f: (f.start, -f.end)):
        if current is None or f.start >= current.end:
            if current is not None:
                yield current
            current = f
        elif f.end > current.end:
            current = current._replace(end=f.end)
    if current is not None:
        yield current


# --- finding ---------------------------------------------------------------------------------------------------------------------------------------------


def _find(text: str, depth: int) -> list[_Found]:
    """Return the secrets in `text`, unordered and overlapping."""
    plain = text.encode("ascii", "replace")  # one byte a character: the same offsets, and faster to search
    low = plain.lower()
    out: list[_Found] = []
    lines = _hinted(low)
    for start, end, hints in lines:
        spans = _on_line(text, low, start, end, hints)
        out += (_found(text, [], s) for s in spans)
        if b"\\" in plain[start:end] or b"%" in plain[start:end]:
            for chain in views(text, start, end):
                out += (_found(text, chain, s) for s in _in_view(chain[-1].text))
    out += (_found(text, [], s) for s in _blocks(text, low))
    out += _runs(text, plain, low, depth)
    return [f for f in out if not _REMOVED.fullmatch(f.value)]


def _found(text: str, chain: list[View], span: Span) -> _Found:
    """Return `span`, found in the last view of `chain`, as it stands in `text`."""
    value = (chain[-1].text if chain else text)[span.start : span.end]
    start, end, quote = span.start, span.end, (span.quote, span.quote + 1)
    for view in reversed(chain):
        start, end = view.origin(start), view.origin(end)
        if span.quote >= 0:
            quote = (view.origin(quote[0]), view.origin(quote[1]))
    return _Found(start, end, span.kind, value, text[quote[0] : quote[1]] if span.quote >= 0 else "")


def _hinted(low: bytes) -> list[tuple[int, int, set[str]]]:
    """Return the lines on which a hint stands, with start, end and the hints."""
    lines: list[tuple[int, int, set[str]]] = []
    done = -1
    for last in _SCANNER(low):
        if last < done or (low.startswith(b"key", last - 2) and not KEY_NAME.search(low, max(0, last - 16), last + 1)):
            continue
        start = low.rfind(b"\n", 0, last) + 1
        done = low.find(b"\n", last)
        done = len(low) if done < 0 else done
        lines.append((start, done, _hints(low[start:done])))
    return lines


def _hints(line: bytes) -> set[str]:
    hints = {hint for hint, literal in _HINTS if literal in line}
    if "key" in hints and not KEY_NAME.search(line):
        hints.remove("key")
    return hints


_PLACES = {hint: [i for i, place in enumerate(PLACES) if hint in place.hints] for hint, _ in _HINTS}
_NAMING = frozenset((*NAME_HINTS, "key"))


def _on_line(text: str, low: bytes, start: int, end: int, hints: set[str]) -> Iterator[Span]:
    if not hints.isdisjoint(_NAMING):
        yield from named(text, low, start, end)
    for place in sorted({i for hint in hints for i in _PLACES.get(hint, ())}):
        kind, _, pattern = PLACES[place]
        for m in pattern.finditer(text, start, end):
            for group in range(1, pattern.groups + 1):
                if m.start(group) >= 0 and not _MARK.match(text, m.start(group)):
                    yield Span(m.start(group), m.end(group), kind)


# A document of many lines begins within quotes.
_DOCUMENT = lazy(r"[\"'=](?=(?:- )?[\w.-]+:(?:[ \t][^\n]*)?\n)|[\"'](?=[\w.-]+=[^\n]*\n|\[[\w.-]+\][ \t]*\n)")


def _in_view(view: str) -> Iterator[Span]:
    low = view.encode("ascii", "replace").lower()
    hints = _hints(low)
    for text in dict.fromkeys((view, _DOCUMENT.sub("\n", view))):
        yield from _on_line(text, low, 0, len(view), hints)
        yield from _blocks(text, low)
    for hint in TOKEN_HINT.finditer(low):
        m = TOKEN.match(view, hint.start())
        if m:
            yield Span(m.start(), m.end(), TOKEN_KINDS[int((m.lastgroup or "t0")[1:])])


def _blocks(text: str, low: bytes) -> Iterator[Span]:
    """Yield the secrets that fill more than a line."""
    key, static, secret, users, sealed, vault, ppk = (hint in low for hint in _BLOCK_HINTS)
    if key or static:
        yield from blocks.pem(text)
    if secret or users or sealed:
        yield from blocks.json_objects(text)
        yield from blocks.yaml_objects(text)
    for signs, pattern in LISTED:
        for m in pattern.finditer(text) if any(sign in low for sign in signs) else ():
            yield Span(m.start(1), m.end(1), "option")
    for wanted, pattern, kind in ((vault, _VAULT, "ansible-vault"), (ppk, _PPK, "private-key")):
        for m in pattern.finditer(text) if wanted else ():
            yield Span(m.start(1), m.end(1), kind)


# --- tokens and base64 -----------------------------------------------------------------------------------------------------------------------------------


def _runs(text: str, plain: bytes, low: bytes, depth: int) -> Iterator[_Found]:
    """Yield the tokens in `text` that their form gives away, and the base64 that holds a secret."""
    done = 0
    viewed = -1
    lines: list[tuple[int, int]] = []
    for m in _RUN.finditer(plain):
        start, end = m.span()
        if plain[start - 1 : start] in b"%\\" and (escape := _ESCAPED.match(plain, start)):
            start = escape.end()
        run = plain[start:end]
        small = run == low[start:end]
        for hint in filter(None, (TOKEN_HINT.match(low, start),)) if small else TOKEN_HINT.finditer(low, max(done, start - 8), end + 12):
            token = TOKEN.match(text, hint.start()) if hint.start() >= done else None
            if token:
                yield _Found(token.start(), token.end(), TOKEN_KINDS[int((token.lastgroup or "t0")[1:])], token.group(), "")
                done = token.end()
        if small:  # base64 of a secret without one capital letter is as good as impossible
            continue
        if lines and not _WRAP.fullmatch(plain, lines[-1][1], start):
            yield from _wrapped(text, plain, lines, depth)
            lines = []
        lines.append((start, end))
        yield from _base64(text, run, start, end, depth)
        if start > viewed and depth < _DEPTH and _BROKEN.match(plain, end):
            viewed = plain.find(b"\n", end)
            viewed = len(plain) if viewed < 0 else viewed
            yield from _broken(text, plain.rfind(b"\n", 0, start) + 1, viewed, depth)
    yield from _wrapped(text, plain, lines, depth)


def _broken(text: str, start: int, end: int, depth: int) -> Iterator[_Found]:
    """Yield the base64 in `text[start:end]` of which some signs are escaped."""
    for chain in views(text, start, end):
        view = chain[-1].text
        plain = view.encode("ascii", "replace")
        for f in _runs(view, plain, plain.lower(), _DEPTH - 1 if depth >= _DEPTH - 1 else depth + 1):
            at, stop = f.start, f.end
            for v in reversed(chain):
                at, stop = v.origin(at), v.origin(stop)
            yield f._replace(start=at, end=stop)


def _base64(text: str, run: bytes, start: int, end: int, depth: int) -> Iterator[_Found]:
    if depth >= _DEPTH:
        return
    inner = decoded(run)
    if inner is None:
        return
    found = _find(inner, depth + 1) if inner else []
    if inner and not found:
        return
    while text[end : end + 1] == "=":
        end += 1
    yield _Found(start, end, "base64", text[start:end], "")
    # Its values are secret as well where they stand uncoded.
    for f in found:
        yield _Found(start, end, "base64", f.value, "")


def _wrapped(text: str, plain: bytes, lines: list[tuple[int, int]], depth: int) -> Iterator[_Found]:
    """Yield the base64 that is wrapped over `lines`; a last line too short for a run belongs to it."""
    if not lines or lines[-1][1] - lines[0][0] < 48:
        return
    start, end = lines[0][0], lines[-1][1]
    tail = _TAIL.match(plain, end)
    parts = [plain[a:b] for a, b in lines]
    if tail and tail.end(1) - tail.start(1) < 20:
        parts.append(tail.group(1))
        end = tail.end(1)
    if len(parts) > 1:
        yield from _base64(text, b"".join(parts), start, end, depth)
