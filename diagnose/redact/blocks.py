"""Secrets that fill more than a line or are known by what stands around them: PEM, Secret objects, kubeconfigs, environments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from diagnose.pattern import lazy


class Span(NamedTuple):
    """Where a secret stands: offsets into the text looked at; `quote` is the offset of a quote that the replacement needs around it, else -1."""

    start: int
    end: int
    kind: str
    quote: int = -1


_NAME = r"(?:(?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?|OpenVPN Static key V\d)"
_BEGIN = lazy(rf"-----BEGIN {_NAME}-----|---- BEGIN {_NAME} ----")
_END = lazy(rf"-----END {_NAME}-----|---- END {_NAME} ----")
_MARK = lazy("PRIVATE KEY|OpenVPN Static key")
_LONGEST_KEY = 40_000


def pem(text: str) -> Iterator[Span]:
    """Yield what stands between the marks of a PEM private key, marks included: one span a line. A key cut off at either end is found too."""
    done = 0
    last = next_begin = next_end = -1
    for m in _MARK.finditer(text):
        at = m.start()
        if at < done:
            continue
        begin = _BEGIN.search(text, max(done, at - 40), at + 40)
        end = _END.search(text, max(done, at - 40), at + 40)
        if begin:
            last = begin.end()
            if next_begin < last:
                next_begin = text.find("-- BEGIN" if text[last - 5] == " " else "-----BEGIN", last) % (len(text) + 1)  # -1 becomes the end
            if next_end < last:
                next_end = text.find("---- END" if text[last - 5] == " " else "-----END", last) % (len(text) + 1)
            close = _END.match(text, next_end) if next_end < min(next_begin, last + _LONGEST_KEY) else None
            stop = close.end() if close else _cut_end(text, last)
            yield from _key_lines(text, begin.start(), stop)
            done = stop
        elif end:
            yield from _key_lines(text, _cut_start(text, end.start(), done), end.end())
            done = end.end()


def _cut_end(text: str, start: int) -> int:
    """Return where a key ends that has no end mark: after its last line of base64."""
    stop = start
    m = re.compile(r"[ \t]*[A-Za-z0-9+/=]*").match(text, start)
    if m:
        stop = m.end()
    for _ in range(500):
        line_end = text.find("\n", stop)
        if line_end < 0:
            return stop
        following = text.find("\n", line_end + 1)
        following = len(text) if following < 0 else following
        words = text[line_end + 1 : min(following, line_end + 400)].split()
        if following - line_end > 400 or not words or not re.fullmatch(r"[A-Za-z0-9+/=]{4,}", words[-1]):
            return stop
        stop = following
    return stop


def _cut_start(text: str, end: int, least: int) -> int:
    """Return where a key begins that has no begin mark: at its first line of base64."""
    start = end
    for _ in range(500):
        line = text.rfind("\n", least, start - 1 if start == end else start) if start > least else -1
        before = text.rfind("\n", least, line) if line > least else -1
        if line < 0 or line - before > 400:
            return start
        words = text[before + 1 : line].split()
        if not words or not re.fullmatch(r"[A-Za-z0-9+/=]{40,}", words[-1]):
            return start
        start = line - len(words[-1]) if text[line - 1] != "\r" else line - 1 - len(words[-1])
    return start


def _key_lines(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield one span for each line of `text[start:end]`, without what a log or an indent puts before it."""
    if text.find("\n", start, end) < 0:
        yield Span(start, end, "private-key")
        return
    prefixed = bool(text[text.rfind("\n", 0, start) + 1 : start].strip(" \t>|#\"'-"))
    at = start
    while at < end:
        stop = text.find("\n", at, end)
        stop = end if stop < 0 else stop
        line = text[at:stop].rstrip()
        first = at + len(line) - len(line.lstrip())
        if at != start:
            mark = line.find("-----END")
            if mark >= 0:
                first = at + mark
            elif prefixed and line:
                first = at + len(line) - len(line.split()[-1])
        if line.strip():
            yield Span(first, at + len(line), "private-key")
        at = stop + 1


# --- JSON: objects that are known by a member -----------------------------------------------------------------------------------------------------------

_SECRET_JSON = lazy(r'"kind"\s{0,20}:\s{0,20}"Secret"')
_SEALED_JSON = lazy(r'"encryptedData"\s{0,20}:\s{0,20}\{')
_USERS_JSON = lazy(r'"users"\s{0,20}:\s{0,20}\[')
_TOKEN = lazy(r'"(?:[^"\\]|\\.)*+"?|[{}\[\],:]|[^\s{}\[\],:"]++', re.DOTALL)
_BACK = lazy(r'"(?:[^"]|"(?=\\))*+"?|[{}\[\]]')
_LARGEST_OBJECT = 4_000_000
_DEEPEST = 16


def _scalars(text: str, start: int, end: int) -> Iterator[tuple[tuple[str, ...], int, int]]:
    """Yield path and place of every scalar of the object or list that opens at `start`, then its end; one that is cut off ends at `end`."""
    path: list[str] = []
    lists: list[bool] = []
    key = ""
    value = False
    stop = end
    for m in _TOKEN.finditer(text, start, end):
        token = m.group()
        c = token[0]
        if c in "{[":
            lists.append(c == "[")
            path.append(key)
            key, value = "", c == "["
            if len(path) > _DEEPEST:
                break
        elif c in "}]":
            lists.pop()
            path.pop()
            if not lists:
                stop = m.end()
                break
            value = lists[-1]
        elif c == ":":
            value = True
        elif c == ",":
            value = bool(lists) and lists[-1]
            if not value:
                key = ""
        elif value:
            yield (*path[1:], key), m.start(), m.end()
            value = False
        else:
            key = token.strip('"')
    yield (), start, stop


def _opening(text: str, at: int, limit: int) -> int:
    """Return where the object opens that holds the member at `at`; -1 if that is more than `limit` characters before, or cut off."""
    reach = 1000
    while True:
        depth = 0
        for m in _BACK.finditer(text[max(0, at - reach) : at][::-1]):
            c = m.group()[0]
            if c in "}]":
                depth += 1
            elif c in "{[":
                if depth == 0:
                    return at - m.end()
                depth -= 1
        if reach >= min(at, limit):
            return -1
        reach *= 16


def _json_span(text: str, at: int, end: int, kind: str) -> Span | None:
    """Return the span of a JSON scalar, which gets quotes if it has none; None for an empty one."""
    if text[at] == '"':
        stop = end - 1 if end - at > 1 and text[end - 1] == '"' else end
        return Span(at + 1, stop, kind) if stop > at + 1 else None
    return Span(at, end, kind, text.rfind('"', 0, at)) if text[at:end] not in {"null", "true", "false"} else None


def json_objects(text: str) -> Iterator[Span]:
    """Yield the values of Secret objects and of the users of a kubeconfig."""
    for pattern in (_SECRET_JSON, _USERS_JSON, _SEALED_JSON):
        done = 0
        reach = _LARGEST_OBJECT
        for m in pattern.finditer(text):
            if m.start() < done:
                continue
            start = _opening(text, m.start(), reach) if pattern is _SECRET_JSON else m.end() - 1
            end = min(len(text), m.end() + reach)
            if start < 0:
                reach = max(1000, reach // 4)  # a text of objects that are cut off must not cost more and more
                continue
            for path, at, stop in _scalars(text, start, end):
                if not path:
                    if stop == end:
                        reach = max(1000, reach // 4)
                    else:
                        done = stop
                elif pattern is _SECRET_JSON:
                    if path[0] in {"data", "stringData"} and (span := _json_span(text, at, stop, "secret-object")):
                        yield span
                elif pattern is _SEALED_JSON:
                    if span := _json_span(text, at, stop, "secret-object"):
                        yield span
                elif "user" in path[:-1] and path[-1] not in _OPEN_USER and (span := _json_span(text, at, stop, "kubeconfig-user")):
                    yield span


# --- YAML: lines below a line ----------------------------------------------------------------------------------------------------------------------------

_OPEN_USER = frozenset(
    {"apiVersion", "command", "interactiveMode", "provideClusterInfo", "tokenFile", "client-certificate", "client-key", "installHint", "name"}
)
"""Members of a kubeconfig's user that tell how it logs in, not with what: programs and paths."""
_SECRET_YAML = lazy(r"^([ \t]*(?:- +)*)kind:[ \t]*[\"']?Secret[\"']?[ \t\r]*$", re.MULTILINE)
_USERS_YAML = lazy(r"^([ \t]*)users:[ \t\r]*\n", re.MULTILINE)
_SEALED_YAML = lazy(r"^([ \t]*)encryptedData:[ \t\r]*\n", re.MULTILINE)
_LINE = lazy(r"([ \t]*(?:- +)*)([^\n]*)(?:\n|\Z)")
_MEMBER = lazy(r"(?:\"[^\"\n]{1,255}\"|'[^'\n]{1,255}'|[\w./ \-$]{1,255}):(?=[ \t\r]|$)[ \t]*(.*)")
_DATA = lazy(r"(?:data|stringData|\"data\"|\"stringData\"|'data'|'stringData'):(?=[ \t\r]|$)[ \t]*(.*)")
_BLOCK = lazy(r"(?:![\w!:.-]+[ \t]*)?[|>][+-]?\d?[+-]?[ \t]*(?:#.*)?$")
_REMOVED = lazy(r"\[removed:[a-z0-9-]+\]")


class _Line(NamedTuple):
    start: int
    indent: int
    at: int
    text: str


def _lines(text: str, start: int) -> Iterator[_Line]:
    while start < len(text):
        m = _LINE.match(text, start)
        if m is None or m.end() == start:
            return
        yield _Line(start, len(m.group(1)), m.start(2), m.group(2).rstrip())
        start = m.end()


def yaml_value(at: int, value: str, kind: str) -> Span | None:
    """Return the span of a YAML scalar that stands on one line, without quotes and comment; None if there is none."""
    if not value or _BLOCK.match(value) or value[0] in "{[&*!#" or _REMOVED.match(value):
        return None
    if value[0] in "\"'":
        stop = value.find(value[0], 1)
        while value[0] == '"' and stop > 0 and value[stop - 1] == "\\":
            stop = value.find('"', stop + 1)
        while value[0] == "'" and stop > 0 and value[stop : stop + 2] == "''":
            stop = value.find("'", stop + 2)
        stop = len(value) if stop < 0 else stop
        return Span(at + 1, at + stop, kind) if stop > 1 else None
    stop = value.find(" #")
    value = (value if stop < 0 else value[:stop]).rstrip()
    return Span(at, at + len(value), kind) if value not in {"null", "~", "true", "false"} else None


def _below(text: str, start: int, indent: int, kind: str, keep: frozenset[str] = frozenset()) -> Iterator[Span]:
    """Yield every scalar of the lines from `start` that are indented deeper than `indent`; those of members in `keep` stay."""
    block = -1
    kept = False
    for line in _lines(text, start):
        if not line.text:
            continue
        if line.indent <= indent:
            return
        if block >= 0 and line.indent > block:
            if not kept and not _REMOVED.fullmatch(line.text):
                yield Span(line.at, line.at + len(line.text), kind)
            continue
        block = -1
        m = _MEMBER.match(line.text)
        if m is None:
            if not _REMOVED.fullmatch(line.text) and (span := yaml_value(line.at, line.text, kind)):
                yield span
            continue
        kept = line.text[: m.start(1)].rstrip(" \t").rstrip(":").strip("\"'") in keep
        value = m.group(1)
        if _BLOCK.match(value):
            block = line.indent
        elif not kept:
            yield from _flow(line.at + m.start(1), value, kind)


def _flow(at: int, value: str, kind: str) -> Iterator[Span]:
    """Yield the scalar at `at`, or those of a mapping or list in braces."""
    if value[:1] in {"{", "["} and not _REMOVED.match(value):
        for m in re.finditer(r"(?:^|[,{\[])[ \t]*(?:[\w.\"'-]+:[ \t]+)?([^,{}\[\]\s][^,{}\[\]]*)", value):
            if (span := yaml_value(at + m.start(1), m.group(1).rstrip(), kind)) and span.start >= at:
                yield span
    elif span := yaml_value(at, value, kind):
        yield span


def yaml_objects(text: str) -> Iterator[Span]:
    """Yield the values of Secret objects and of the users of a kubeconfig."""
    if "Secret" in text:
        done: dict[int, int] = {}  # of each indent, the end of the object looked at last
        for m in _SECRET_YAML.finditer(text):
            indent = len(m.group(1))
            if m.start() >= done.get(indent, 0):
                start, done[indent] = _siblings(text, m.start(), indent)
                yield from _secret_yaml(text, start, done[indent], indent)
    if "encryptedData:" in text:
        for m in _SEALED_YAML.finditer(text):
            yield from _below(text, m.end(), len(m.group(1)), "secret-object")
    if "users:" in text:
        for m in _USERS_YAML.finditer(text):
            yield from _users_yaml(text, m.end(), len(m.group(1)))


def _siblings(text: str, at: int, indent: int) -> tuple[int, int]:
    """Return start and end of the YAML object of which the line at `at`, with this indent, is a member."""
    start = at
    here = next(_lines(text, at))
    if "-" not in text[at : here.at]:  # its first line may stand above
        while start > 0:
            above = text.rfind("\n", 0, start - 1) + 1
            line = next(_lines(text, above))
            if line.text and (line.indent < indent or line.text.startswith(("---", "..."))):
                break
            start = above
            if line.indent == indent and "-" in text[above : line.at]:
                break
    for line in _lines(text, text.find("\n", start) + 1 or len(text)):
        if line.text and (line.indent < indent or line.text.startswith("---") or (line.indent == indent and "-" in text[line.start : line.at])):
            return start, line.start
    return start, len(text)


def _secret_yaml(text: str, start: int, end: int, indent: int) -> Iterator[Span]:
    """Yield the data of the object in `text[start:end]`."""
    for line in _lines(text, start):
        if line.start >= end:
            return
        if line.indent == indent and (m := _DATA.match(line.text)):
            below = text.find("\n", line.at)
            yield from _flow(line.at + m.start(1), m.group(1), "secret-object")
            if below >= 0:
                yield from _below(text, below + 1, indent, "secret-object")


def _users_yaml(text: str, start: int, indent: int) -> Iterator[Span]:
    for line in _lines(text, start):
        if not line.text:
            continue
        dash = "-" in text[line.start : line.at]
        if line.indent <= indent and not dash:
            return
        if line.text.startswith("user:"):
            end = text.find("\n", line.at)
            value = line.text[5:].lstrip()
            if value:
                yield from _flow(line.at + len(line.text) - len(value), value, "kubeconfig-user") if value[0] == "{" else ()
            elif end >= 0:
                yield from _below(text, end + 1, line.indent, "kubeconfig-user", _OPEN_USER)


def yaml_block(text: str, start: int, indent: int, kind: str) -> Iterator[Span]:
    """Yield the lines of a block scalar that follow the line ending at `start`, deeper than `indent`."""
    for line in _lines(text, start):
        if not line.text:
            continue
        if line.indent <= indent:
            return
        if not _REMOVED.fullmatch(line.text):
            yield Span(line.at, line.at + len(line.text), kind)
