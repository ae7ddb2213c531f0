"""Looks through quoting: escaped and percent-encoded text with a way back to where it stood, and base64."""

from __future__ import annotations

import binascii
import re
import zlib
from bisect import bisect_right
from typing import NamedTuple

from diagnose.pattern import lazy

_ESCAPE = lazy(r"\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[abfnrtv\"'\\/`])|%[0-9a-fA-F]{2}")
_PERCENT = lazy(r"(?<![^\s\"'&?=<>\\])[^\s\"'&?=<>\\%]*+%[0-9A-Fa-f]{2}[^\s\"'&?=<>\\]*+")
_NAMED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_DEPTH = 6
"""Levels of quoting that are looked through: three of JSON and what a URL adds."""

_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_LARGEST = 8_000_000
"""Bytes of decompressed text that are looked at; a Secret holds 1 MiB, a Helm release less."""
# An ASN.1 sequence that opens with version 0 or 1 (PKCS#1, PKCS#8, SEC 1), 3 and a sequence (PKCS#12), or that names PBES2 (an encrypted PKCS#8).
_PRIVATE_DER = lazy(
    rb"\x30(?:[\x00-\x7f]|\x81.|\x82..|\x83...)(?:\x02\x01(?:[\x00\x01][\x02\x04\x30]|\x03\x30)|\x30.{1,3}\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d)",
    re.DOTALL,
)
_CONTROL = bytes({*range(0x20), 0x7F} - {*b"\t\n\r\x1b"})
_JOINT = lazy(rb"[-_/+]")  # base64 may follow a path or a name


class View(NamedTuple):
    """A text as it reads one or more levels of quoting further in; `starts` and `origins` lead back, `starts` being empty where nothing was quoted."""

    text: str
    starts: list[int]
    origins: list[int]

    def origin(self, at: int) -> int:
        """Return the offset in the text outside of the character at `at`, or of the end."""
        if not self.starts:
            return self.origins[0] + at
        i = bisect_right(self.starts, at) - 1
        return self.origins[i] + at - self.starts[i]


def _opened(text: str, start: int, end: int) -> View | None:
    """Return `text[start:end]` with one level of escapes taken away; None if there are none."""
    parts: list[str] = []
    starts, origins = [0], [start]
    length, last = 0, start
    for m in _ESCAPE.finditer(text, start, end):
        at = m.start()
        body = text[at + 1 : m.end()]
        if text[at] == "%":
            char = chr(int(body, 16))
        elif len(body) > 1:
            char = chr(int(body[1:], 16))
        else:
            char = _NAMED.get(body, body)
        parts.append(text[last:at])
        length += at - last
        parts.append(char)
        starts += (length, length + 1)
        origins += (at, m.end())
        length += 1
        last = m.end()
    if last == start and not parts:
        return None
    parts.append(text[last:end])
    return View("".join(parts), starts, origins)


def views(text: str, start: int, end: int) -> list[list[View]]:
    """Return how `text[start:end]` reads with one, two, ... levels of escapes taken away; each as the chain of views that leads to it.

    What is percent-encoded is also looked at word by word: a value or document in a URL ends with it.
    """
    found: list[list[View]] = []
    budget = 6 * (end - start) + 2000
    todo: list[tuple[list[View], str, int, int]] = [([], text, start, end)]
    while todo and budget > 0:
        chain, inner, start, end = todo.pop(0)
        view = _opened(inner, start, end)
        if view is None:
            continue
        budget -= len(view.text)
        further = [*chain, view]
        found.append(further)
        if len(further) < _DEPTH:
            todo.append((further, view.text, 0, len(view.text)))
            todo += ((chain, inner, *m.span()) for m in _PERCENT.finditer(inner, start, end) if m.end() - m.start() < end - start)
    return found


def decoded(run: bytes) -> str | None:
    """Return the text in a run of base64, standard or URL-safe, with or without padding; None if it holds none.

    What is compressed with gzip is decompressed; a private key in DER comes back as "" .
    """
    if run == run.upper():
        return None
    starts = [0, *(m.end() for m in _JOINT.finditer(run, 0, 60))][:6]
    run = run.translate(_URL_SAFE)
    for start in starts:
        head = _bytes(run[start : start + 24])
        if head.startswith((b"\x1f\x8b", b"openssh-key-v1")) or _PRIVATE_DER.match(head):
            return _text(_bytes(run[start:]))
        if len(head) > 2 and len(head.translate(None, _CONTROL)) == len(head) and (head.isascii() or _is_utf8(head)):
            return _text(_bytes(run[start:]))
    return None


def _bytes(run: bytes) -> bytes:
    run = run[: len(run) // 4 * 4] if len(run) % 4 == 1 else run + b"=" * (-len(run) % 4)
    return binascii.a2b_base64(run)


def _is_utf8(head: bytes) -> bool:
    """Tell if `head` is UTF-8 without control characters, but for a character that is cut off at its end."""
    try:
        text = head.decode()
    except UnicodeDecodeError as e:
        if e.reason != "unexpected end of data":
            return False
        text = head[: e.start].decode()
    return bool(text)


def _text(data: bytes) -> str | None:
    if _PRIVATE_DER.match(data) or data.startswith(b"openssh-key-v1"):
        return ""
    if data.startswith(b"\x1f\x8b"):
        try:
            data = zlib.decompressobj(wbits=31).decompress(data, _LARGEST)
        except zlib.error:
            return None
    return data.decode(errors="replace")
