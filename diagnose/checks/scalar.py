"""Where each character of a string stands in the scalar that it is written as: YAML's five styles, and JSON.

Sources: PyYAML scanner.py (scan_block_scalar, scan_flow_scalar, scan_plain), which is YAML 1.1; RFC 8259 section 7.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnose.pattern import lazy

_BREAK = "\r\n|[\r\n\x85\u2028\u2029]"
_ONE_BREAK = lazy(_BREAK)
_FOLD = lazy(rf"[ \t]*({_BREAK})((?:[ \t]*(?:{_BREAK}))*)[ \t]*")
_ESCAPED_BREAK = lazy(rf"\\(?:{_BREAK})((?:[ \t]*(?:{_BREAK}))*)[ \t]*")
_ESCAPE = lazy(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)")
_BLOCK_HEADER = lazy(rf"[|>]([-+0-9]*)[^\r\n]*?(?:{_BREAK})")
_JSON_CHARACTER = lazy(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|.", re.DOTALL)
_SIMPLE_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
    " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip


def json_offsets(content: str, start: int, end: int) -> list[int]:
    """Return the offset of each character of the JSON string literal at `start`, and of its closing quote."""
    return [*(m.start() for m in _JSON_CHARACTER.finditer(content, start + 1, end - 1)), end - 1]


_Characters = list[tuple[str, int]]
"""Characters of a value, each with the offset of what it is written as."""


def _breaks(raw: str, start: int, end: int) -> _Characters:
    return [(_broken(m[0]), m.start()) for m in _ONE_BREAK.finditer(raw, start, end)]


def _broken(text: str) -> str:
    """Return a line break as YAML hands it on."""
    return text if text in "\u2028\u2029" else "\n"


def yaml_offsets(raw: str, value: str, style: str) -> list[int] | None:
    """Return the offset in `raw`, a scalar as written, of each character of its `value`, and one more for its end.

    None if the characters do not add up to `value`: a wrong place is worse than none.
    """
    readings = _block(raw) if style in ("|", ">") else iter((_flow(raw, style),))
    for characters in readings:
        if "".join(c for c, _ in characters) == value:
            found = [at for _, at in characters]
            return [*found, _end(raw, characters, style)]
    return None


def _end(raw: str, characters: _Characters, style: str) -> int:
    if style in ("'", '"'):
        return len(raw) - 1
    last = next((at for c, at in reversed(characters) if not c.isspace()), -1)
    return last + 1 if last >= 0 else len(raw.rstrip())


def _unescaped(code: str) -> str:
    return _SIMPLE_ESCAPES.get(code, "") if len(code) == 1 else chr(int(code[1:], 16))


def _flow(raw: str, style: str) -> _Characters:
    """Return the characters of a plain or quoted scalar: a line break is a blank, several are one less."""
    found: _Characters = []
    at, end = (1, len(raw) - 1) if style in ("'", '"') else (0, len(raw))
    while at < end:
        c = raw[at]
        m = None
        if style == '"' and c == "\\":
            m = _ESCAPED_BREAK.match(raw, at, end)
            if m is not None:
                found += _breaks(raw, m.start(1), m.end(1))
                at = m.end()
                continue
            m = _ESCAPE.match(raw, at, end)
            if m is None:
                return found
            found.append((_unescaped(m[0][1:]), at))
            at = m.end()
            continue
        if c in " \t\r\n\x85\u2028\u2029":
            m = _FOLD.match(raw, at, end)
        if m is not None:
            first = _broken(m[1])
            if first != "\n" or not m[2]:
                found.append((" " if first == "\n" else first, m.start(1)))
            found += _breaks(raw, m.start(2), m.end(2))
            at = m.end()
            continue
        found.append((c, at))
        at += 2 if style == "'" and c == "'" else 1
    return found


def _block(raw: str) -> Iterator[_Characters]:
    """Yield the readings of a block scalar: with every indentation that its lines allow, the likeliest first."""
    header = _BLOCK_HEADER.match(raw)
    if header is None:
        yield []
        return
    lines: list[tuple[int, str, str]] = []
    at = header.end()
    while at < len(raw):
        m = _ONE_BREAK.search(raw, at)
        stop, after = (m.start(), m.end()) if m is not None else (len(raw), len(raw))
        lines.append((at, raw[at:stop], _broken(m[0]) if m is not None else ""))
        at = after
    deepest = max((len(t) - len(t.lstrip(" ")) for _, t, _ in lines), default=0)
    filled = [len(t) - len(t.lstrip(" ")) for _, t, _ in lines if t.strip(" ")]
    likely = filled[0] if filled else deepest
    for indent in (likely, *(n for n in range(deepest + 1) if n != likely)):
        yield _block_at(lines, indent, raw[0] == ">", header[1])


def _block_at(lines: list[tuple[int, str, str]], indent: int, folded: bool, marks: str) -> _Characters:  # noqa: FBT001
    """Return the characters of a block scalar's `lines` when it is indented by `indent` (scanner.py: scan_block_scalar)."""
    found: _Characters = []
    waiting: _Characters = []
    pending: tuple[str, int] | None = None
    spaced = True
    for start, text, ending in lines:
        if len(text) < indent and text.strip(" "):
            break
        if len(text) <= indent and not text.strip(" "):
            if ending:
                waiting.append((ending, start + len(text)))
            continue
        if text[:indent].strip(" "):
            break
        inner = text[indent:]
        if pending is not None:
            plain = folded and pending[0] == "\n" and not spaced and inner[0] not in " \t"
            if not plain:
                found.append(pending)
            elif not waiting:
                found.append((" ", pending[1]))
        found += waiting
        waiting = []
        found += [(c, start + indent + n) for n, c in enumerate(inner)]
        spaced = inner[0] in " \t"
        pending = (ending, start + len(text)) if ending else None
    if pending is not None and "-" not in marks:
        found.append(pending)
    if "+" in marks:
        found += waiting
    return found
