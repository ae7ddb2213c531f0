"""Manifest text becomes objects that know where in the file each of their values, and each character of a string, stands.

Sources: the YAML specification 1.1 as PyYAML reads it (scanner.py: scan_block_scalar, scan_flow_scalar, scan_plain), RFC 8259 for JSON.
Kubernetes' own reader (sigs.k8s.io/yaml) is YAML 1.1 as well, but leaves timestamps as strings; so does this one.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any, NamedTuple, cast

import yaml

from diagnose.checks.fault import Path, Spot
from diagnose.checks.scalar import json_offsets, yaml_offsets
from diagnose.parse.tree import items, mapping
from diagnose.pattern import lazy

_NEWLINE = lazy(r"\r\n|\r|\n")
_DOCUMENT = lazy(r"(?m)^---(?=\s|$)")
_BLANKS = " \t\r\n"
_PROPERTIES = lazy(r"(?:[&!]\S*(?:\s+(?:#[^\r\n]*\s*)*))*")
_ALIASED = 1_000_000
"""Values that anchors may add to a document; Kubernetes' reader has such a limit, too (go-yaml decode.go: allowedAliasRatio)."""
_RESYNC = lazy(r"(?m)^[{\[]")


class Place(NamedTuple):
    """A place in a file: line and column from 1, the column in characters."""

    line: int
    column: int


class Span(NamedTuple):
    """Offsets into the text of a file; `end` is the first character behind."""

    start: int
    end: int


class Text:
    """The text of a file, and the way from its offsets to lines and columns."""

    def __init__(self, name: str, content: str) -> None:
        """Hold `content`, which came from `name`."""
        self.name = name
        self.content = content

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(m.end() for m in _NEWLINE.finditer(self.content))]

    def place(self, offset: int) -> Place:
        """Return the line and column of `offset`; an editor's byte order mark is no column."""
        number = bisect_right(self._starts, offset)
        start = self._starts[number - 1]
        mark = 1 if number == 1 and self.content.startswith("\ufeff") else 0
        return Place(number, max(offset - start - mark, 0) + 1)

    def line(self, number: int) -> str:
        """Return a line by its number, without its line break; "" beyond the end."""
        if not 0 < number <= len(self._starts):
            return ""
        end = self._starts[number] if number < len(self._starts) else len(self.content)
        return self.content[self._starts[number - 1] : end].rstrip("\r\n").removeprefix("\ufeff")

    @property
    def lines(self) -> int:
        """How many lines there are."""
        return len(self._starts)


class Twice(NamedTuple):
    """A key that stands twice in one mapping."""

    key: str
    first: Span
    again: Span


class Document(NamedTuple):
    """One object of a file: what it holds, and how to find a value of it (`None`: there is none at that path)."""

    text: Text
    body: dict[str, Any]
    span: Span
    find: Callable[[Path], Value | None]
    twice: tuple[Twice, ...] = ()


class Value(NamedTuple):
    """One value: where it stands, where its key stands, and where each character of it comes from if it is a string."""

    span: Span
    key: Span | None
    scalar: bool
    offsets: Callable[[], list[int] | None]
    """Offset in the file of each character of the string, and one more for its end; None where they cannot be told."""


class Broken(NamedTuple):
    """A document that cannot be read: the parser's words and the place it names."""

    text: Text
    span: Span
    reason: str
    form: str
    """YAML, JSON or UTF-8."""
    part: str = ""
    """The text of that document."""


def read(name: str, raw: bytes) -> Iterator[Document | Broken]:
    """Yield every object of a file, or what keeps a document of it from being read. Lists come as their items."""
    content, broken = _decoded(raw)
    text = Text(name, content)
    if broken is not None:
        yield Broken(text, Span(broken, broken + 1), "invalid UTF-8", "UTF-8")
    found = list(_json(text)) if content.lstrip("\ufeff" + _BLANKS).startswith(("{", "[")) else []
    if not found or any(isinstance(x, Broken) for x in found):
        # What begins with a brace may be YAML's flow style, or a template: JSON's words are told of what looks like JSON and is no YAML either.
        other = list(_yaml(text))
        if not _like_json(text) or (not any(isinstance(x, Broken) for x in other) and not name.endswith(".json")):
            found = other
    yield from found


def _like_json(text: Text) -> bool:
    return re.match(r"[\ufeff\s]*[{\[]\s*[\"{\[\]}]", text.content) is not None and _DOCUMENT.search(text.content) is None


def _decoded(raw: bytes) -> tuple[str, int | None]:
    """Return the text and the offset of its first byte that is no character."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace"), None
    try:
        return raw.decode("utf-8"), None
    except UnicodeDecodeError as e:
        return raw.decode("utf-8", "replace"), len(raw[: e.start].decode("utf-8", "replace"))


# --- lists ------------------------------------------------------------------------------------------------------------


def _unlisted(body: object, prefix: Path = ()) -> Iterator[tuple[dict[str, Any], Path]]:
    """Yield each object in `body` with the path that leads to it: of a List, a typed list, or an array."""
    for number, item in enumerate(items(body)):
        yield from _unlisted(item, (*prefix, number))
    one = mapping(body)
    if not isinstance(one.get("items"), list) or not str(one.get("kind", "List")).endswith("List"):
        if one:
            yield one, prefix
        return
    typed = str(one.get("kind", "")).removesuffix("List")
    for number, item in enumerate(items(one["items"])):
        for inner, path in _unlisted(item, (*prefix, "items", number)):
            if typed:
                inner.setdefault("kind", typed)
                inner.setdefault("apiVersion", one.get("apiVersion", ""))
            yield inner, path


def _documents(text: Text, body: object, find: Callable[[Path], Value | None], twice: tuple[Twice, ...] = ()) -> Iterator[Document]:
    for inner, prefix in _unlisted(body):
        whole = find(prefix)
        span = whole.span if whole is not None else Span(0, 0)
        own = tuple(t for t in twice if span.start <= t.again.start < span.end)

        def below(path: Path, prefix: Path = prefix) -> Value | None:
            return find((*prefix, *path))

        yield Document(text, inner, span, below, own)


# --- JSON -------------------------------------------------------------------------------------------------------------


def _json(text: Text) -> Iterator[Document | Broken]:
    content, decoder = text.content, json.JSONDecoder()
    at = 0
    while True:
        at = _skip(content, at, _BLANKS + ",\x1e\ufeff")
        if at >= len(content):
            return
        try:
            body, end = decoder.raw_decode(content, at)
        except (ValueError, RecursionError) as e:
            where = e.pos if isinstance(e, json.JSONDecodeError) else at
            reason = e.msg if isinstance(e, json.JSONDecodeError) else "nested too deeply"
            again = _RESYNC.search(content, max(where, at + 1))
            end = again.start() if again is not None else len(content)
            yield Broken(text, Span(where, where + 1), reason, "JSON", content[at:end])
            at = end
            continue
        tree = _JsonTree(content, at)
        yield from _documents(text, body, tree.find, tuple(tree.twice()))
        at = end


def _skip(content: str, at: int, characters: str = _BLANKS) -> int:
    while at < len(content) and content[at] in characters:
        at += 1
    return at


class _JsonTree:
    """A JSON value that was read without fault, and where in the text each part of it stands."""

    def __init__(self, content: str, start: int) -> None:
        self._content = content
        self._start = start
        self._end = json.JSONDecoder().raw_decode
        self._known: dict[int, list[tuple[str | int, Span | None, int]]] = {}

    def find(self, path: Path) -> Value | None:
        at, key = self._start, None
        for step in path:
            found = [(k, v) for name, k, v in self._children(at) if name == step]
            if not found:
                return None
            key, at = found[-1]
        span = Span(at, self._end(self._content, at)[1])
        offsets: Callable[[], list[int] | None] = lambda: json_offsets(self._content, *span) if self._content[at] == '"' else None  # noqa: E731
        return Value(span, key, self._content[at] not in "{[", offsets)

    def twice(self) -> Iterator[Twice]:
        """Yield the keys that stand twice in one mapping."""
        waiting = [self._start]
        while waiting:
            met: dict[str, Span] = {}
            for name, key, at in self._children(waiting.pop()):
                if key is not None and str(name) in met:
                    yield Twice(str(name), met[str(name)], key)
                if key is not None:
                    met.setdefault(str(name), key)
                if self._content[at] in "{[":
                    waiting.append(at)

    def _children(self, at: int) -> list[tuple[str | int, Span | None, int]]:
        if at not in self._known:
            self._known[at] = list(self._parted(at))
        return self._known[at]

    def _parted(self, at: int) -> Iterator[tuple[str | int, Span | None, int]]:
        """Yield (key or index, where the key stands, where the value begins) of the mapping or list at `at`."""
        content = self._content
        if content[at] not in "{[":
            return
        closing, is_map = ("}", True) if content[at] == "{" else ("]", False)
        at, number = _skip(content, at + 1), 0
        while content[at] != closing:
            name: str | int = number
            key = None
            if is_map:
                name, end = cast("tuple[str, int]", self._end(content, at))
                key = Span(at, end)
                at = _skip(content, _skip(content, end) + 1)
            yield name, key, at
            at = _skip(content, self._end(content, at)[1])
            if content[at] == ",":
                at = _skip(content, at + 1)
            number += 1


# --- YAML -------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _loader() -> type[yaml.SafeLoader]:
    """Return a safe loader (the C one where it was built) that leaves timestamps as they are, as Kubernetes does."""
    base = cast("type[yaml.SafeLoader]", getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    resolvers = {k: [(tag, rx) for tag, rx in found if not tag.endswith(":timestamp")] for k, found in base.yaml_implicit_resolvers.items()}
    return type("_Loader", (base,), {"yaml_implicit_resolvers": resolvers})


def _yaml(text: Text) -> Iterator[Document | Broken]:
    content = text.content
    begin = 1 if content.startswith("\ufeff") else 0
    cuts = [begin, *(m.start() for m in _DOCUMENT.finditer(content, begin) if m.start() > begin), len(content)]
    for start, end in pairwise(cuts):
        part = content[start:end]
        if not _holds_nothing(part):
            yield from _yaml_part(text, part, start)


def _yaml_part(text: Text, part: str, start: int) -> Iterator[Document | Broken]:
    try:
        loader = _loader()(part)
        try:
            while loader.check_node():
                node = cast("yaml.Node", loader.get_node())
                if _expanded(node, {}) > len(part) + _ALIASED:
                    raise ValueError("excessive aliasing")
                twice = tuple(_yaml_twice(node, start))
                body = cast("object", loader.construct_document(node))  # pyright: ignore[reportUnknownMemberType] - untyped in the stubs
                yield from _documents(text, _as_json(body, {}, set()), _YamlTree(node, part, start).find, twice)
        finally:
            loader.dispose()
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as e:
        at, reason = _yaml_error(e)
        at = start + min(at, max(len(part.rstrip()) - 1, 0)) if at is not None else start + _skip(part, 0)
        yield Broken(text, Span(at, at + 1), reason, "YAML", part)


def _as_json(value: object, known: dict[int, object], within: set[int]) -> object:
    """Return a YAML value as the JSON that Kubernetes makes of it: all keys are texts (sigs.k8s.io/yaml, convertToJSONableObject).

    Raises `ValueError` for a value that holds itself.
    """
    if not isinstance(value, (dict, list)):
        return value if value is None or isinstance(value, (str, int, float)) else str(value)
    if id(cast("object", value)) in within:
        raise ValueError("an anchor holds itself")
    if id(cast("object", value)) not in known:
        within.add(id(cast("object", value)))
        if isinstance(value, dict):
            pairs = cast("dict[object, object]", value).items()
            made: object = {_key(k): _as_json(v, known, within) for k, v in pairs}
        else:
            made = [_as_json(v, known, within) for v in items(cast("object", value))]
        known[id(cast("object", value))] = made
        within.discard(id(cast("object", value)))
    return known[id(cast("object", value))]


def _key(key: object) -> str:
    return key if isinstance(key, str) else "null" if key is None else str(key).lower() if isinstance(key, bool) else str(key)


def _yaml_error(e: Exception) -> tuple[int | None, str]:
    """Return the offset that the parser names, and its words in one line."""
    mark = getattr(e, "problem_mark", None)
    problem = getattr(e, "problem", None)
    if mark is not None:
        context = getattr(e, "context", None)
        return mark.index, f"{problem} ({context})" if context else str(problem)
    position = getattr(e, "position", None)
    if isinstance(position, int):
        return position, f"{getattr(e, 'reason', '')} (#x{_code(getattr(e, 'character', 0)):02x})"
    return None, "nested too deeply" if isinstance(e, RecursionError) else " ".join(str(e).split())


def _code(character: object) -> int:
    return ord(character) if isinstance(character, str) and len(character) == 1 else character if isinstance(character, int) else 0


def _holds_nothing(part: str) -> bool:
    """Return True if there are only comments, directives and marks of documents in `part`."""
    lines = [x.strip() for x in _NEWLINE.split(part)]
    return all(not x or x.startswith(("#", "%")) or x.split("#")[0].strip() in ("---", "...") for x in lines)


def _yaml_pairs(node: yaml.Node) -> list[tuple[yaml.Node, yaml.Node]]:
    return cast("list[tuple[yaml.Node, yaml.Node]]", node.value) if isinstance(node, yaml.MappingNode) else []


def _yaml_children(node: yaml.Node) -> list[yaml.Node]:
    return cast("list[yaml.Node]", node.value) if isinstance(node, yaml.SequenceNode) else [v for _, v in _yaml_pairs(node)]


def _expanded(node: yaml.Node, known: dict[int, int]) -> int:
    """Return how many values there are when every alias is replaced by what it stands for."""
    if id(node) not in known:
        known[id(node)] = 0
        known[id(node)] = 1 + sum(_expanded(n, known) for n in _yaml_children(node))
    return known[id(node)]


def _yaml_twice(root: yaml.Node, start: int) -> Iterator[Twice]:
    """Yield the keys that stand twice in one mapping, before merge keys are resolved."""
    waiting, seen = [root], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen or isinstance(node, yaml.ScalarNode):
            continue
        seen.add(id(node))
        met: dict[str, Span] = {}
        for key, _ in _yaml_pairs(node):
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                span = Span(start + key.start_mark.index, start + key.end_mark.index)
                if key.value in met:
                    yield Twice(str(key.value), met[key.value], span)
                met.setdefault(key.value, span)
        waiting += _yaml_children(node)


class _YamlTree:
    """The nodes of one YAML document, `start` characters into the file."""

    def __init__(self, root: yaml.Node, part: str, start: int) -> None:
        self._root = root
        self._part = part
        self._start = start

    def find(self, path: Path) -> Value | None:
        node, key = self._root, None
        for step in path:
            if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and 0 <= step < len(node.value):
                node, key = node.value[step], None
                continue
            # Merged keys stand before the mapping's own, which override them: the last one counts.
            found = [(k, v) for k, v in _yaml_pairs(node) if isinstance(k, yaml.ScalarNode) and k.value == str(step)]
            if not found:
                return None
            key, node = found[-1]
        key_span = Span(self._start + key.start_mark.index, self._start + key.end_mark.index) if key is not None else None
        if not isinstance(node, yaml.ScalarNode):
            return Value(Span(self._start + node.start_mark.index, self._start + node.end_mark.index), key_span, scalar=False, offsets=lambda: None)
        properties = _PROPERTIES.match(self._part, node.start_mark.index, node.end_mark.index)
        start = properties.end() if properties is not None else node.start_mark.index
        raw, base = self._part[start : node.end_mark.index], self._start + start

        def offsets(scalar: yaml.ScalarNode = node) -> list[int] | None:
            found = yaml_offsets(raw, str(scalar.value), str(scalar.style or ""))
            return None if found is None else [base + x for x in found]

        return Value(Span(base, base + len(raw.rstrip())), key_span, scalar=True, offsets=offsets)


# --- faults -----------------------------------------------------------------------------------------------------------


def span_of(document: Document, path: Path, spot: Spot | None, *, key_only: bool = False) -> Span:
    """Return where in the file a fault stands: the characters of `spot`, else the key and value at `path`, or the key alone.

    What is missing is shown at the nearest thing around it; a fault of the whole object at its name.
    """
    value = document.find(path) if path else None
    if value is None:
        return _nearest(document, path)
    if spot is not None:
        offsets = value.offsets()
        if offsets is not None:
            first = min(max(spot.offset, 0), len(offsets) - 1)
            last = min(max(first + spot.length, first + 1), len(offsets) - 1)
            end = _behind(document.text.content, offsets, last) if last > first else 0
            return Span(offsets[first], max(offsets[first] + len(document.text.content[offsets[first] : end].rstrip("\r\n")), offsets[first] + 1))
    if value.key is None:
        return value.span
    return Span(value.key.start, max(value.span.end, value.key.end) if value.scalar and not key_only else value.key.end)


def _behind(content: str, offsets: list[int], last: int) -> int:
    """Return the end of what the character before `last` is written as: never on another line."""
    start, end = offsets[last - 1], offsets[last]
    return end if end > start and not _NEWLINE.search(content, start, end) else start + 1


def _nearest(document: Document, path: Path) -> Span:
    for length in range(len(path) - 1, 0, -1):
        value = document.find(path[:length])
        if value is not None:
            return value.key or value.span
    for head in (("metadata", "name"), ("metadata", "generateName"), ("metadata",), ("kind",)):
        value = document.find(head)
        if value is not None:
            return Span(value.key.start, value.span.end) if value.key is not None and value.scalar else value.key or value.span
    return document.span
