"""JSON text becomes values that know their place, even where it is broken; then the places and kinds of what breaks it.

Accepts exactly what Go's encoding/json accepts (RFC 8259 without a byte order mark): what it mends, it also names as a break.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from diagnose.pattern import lazy
from diagnose.record import dataclass, field


class Break(NamedTuple):
    """One thing that makes JSON of the text impossible. `instead` replaces the text at its place; "" where it must go or nobody can know."""

    kind: str
    offset: int
    length: int
    instead: str = ""
    about: int = -1
    """Another place that belongs to it: the bracket that is not closed."""


@dataclass(slots=True)
class Node:
    """One value and where it stands; `children` by key or index."""

    value: Any
    start: int
    end: int
    key: tuple[int, int] | None = None
    """Where its key stands, quotes included."""
    children: dict[str | int, Node] = field(default_factory=dict[str | int, "Node"])


class Twice(NamedTuple):
    """A key that an object has twice: the last one counts."""

    key: str
    offset: int
    length: int


class Parsed(NamedTuple):
    """The value (None: there is none), and what breaks the text in order of its place."""

    root: Node | None
    breaks: list[Break]
    twice: list[Twice]


MOST_BREAKS = 20
_STRING = lazy(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_LOOSE_STRING = lazy(r'"(?:[^"\\\n]|\\.)*"')
_SINGLE = lazy(r"'(?:[^'\\\n]|\\.)*'")
_SMART = "\u201c\u201d\u201e\u201f\u00ab\u00bb\u2018\u2019\u201a\uff02\u300c\u300d"
_SMART_STRING = lazy(rf'[{_SMART}]([^{_SMART}"\n]*)[{_SMART}"]')
_HALF_SMART = lazy(rf'"([^{_SMART}"\n]*)[{_SMART}]')
_COMMENT = lazy(r"//[^\n]*|#[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_NUMBER = lazy(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_LIKE_NUMBER = lazy(r"[-+.]?[0-9][0-9a-fA-FxX_.]*")
_WORD = lazy(r"[^\s{}\[\]:,\"'#]+")
_BAD_ESCAPE = lazy(r'\\(?!["\\/bfnrt]|u[0-9a-fA-F]{4}).?|[\x00-\x1f]')
_WIDE = {"\uff1a": ":", "\uff0c": ",", "\u3001": ",", "\uff5b": "{", "\uff5d": "}", "\uff3b": "[", "\uff3d": "]"}
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_PYTHON = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false", "none": "null", "null": "null", "nil": "null"}
_CLOSER = {"{": "}", "[": "]"}


class _Token(NamedTuple):
    kind: str
    """One of { } [ ] : , or "string" or "scalar"."""
    start: int
    end: int
    value: Any = None


@dataclass(slots=True)
class _Frame:
    node: Node
    opener: str
    state: str = "first"
    """first, key, colon, value or after: what may come next."""
    name: tuple[str, int, int] = ("", 0, 0)
    comma: int = -1


def parse(text: str) -> Parsed:
    """Return the value in `text` and what breaks it. Without breaks the text is JSON; with them the value is a guess."""
    return _Parser(text).run()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._breaks: list[Break] = []
        self._twice: list[Twice] = []
        self._stack: list[_Frame] = []
        self._root: Node | None = None
        self._last = 0

    def run(self) -> Parsed:
        for token in self._tokens():
            if not self._stack and self._root is not None:
                self._break("extra", token.start, len(self._text.rstrip()) - token.start)
                break
            self._take(token)
            self._last = token.end
            if len(self._breaks) >= MOST_BREAKS:
                break
        self._finish()
        return Parsed(self._root, sorted(self._breaks, key=lambda b: b.offset), self._twice)

    def _finish(self) -> None:
        end = len(self._text.rstrip())
        if self._root is None:
            if not self._breaks:
                self._break("blank", 0, len(self._text))
        elif self._stack:
            closers = "".join(_CLOSER[f.opener] for f in reversed(self._stack))
            self._break("unclosed", max(end - 1, 0), 1, self._text[max(end - 1, 0) : end] + closers, self._stack[-1].node.start)
        while self._stack:
            self._stack.pop().node.end = end

    def _break(self, kind: str, offset: int, length: int, instead: str = "", about: int = -1) -> None:
        self._breaks.append(Break(kind, offset, length, instead, about))

    # --- grammar -----------------------------------------------------------------------------------------------------

    def _take(self, token: _Token) -> None:
        if token.kind in "}]":
            self._close(token)
        elif not self._stack:
            if token.kind in ",:":
                self._break("unexpected", token.start, 1)
            else:
                self._root = self._made(token, None)
        elif token.kind == ",":
            self._comma(self._stack[-1], token)
        elif token.kind == ":":
            self._colon(self._stack[-1], token)
        else:
            self._value(self._stack[-1], token)

    def _made(self, token: _Token, key: tuple[int, int] | None) -> Node:
        node = Node({} if token.kind == "{" else [] if token.kind == "[" else token.value, token.start, token.end, key)
        if token.kind in "{[":
            self._stack.append(_Frame(node, token.kind))
        return node

    def _close(self, token: _Token) -> None:
        if not any(_CLOSER[f.opener] == token.kind for f in self._stack):
            self._break("unexpected", token.start, 1)
            return
        while self._stack:
            frame = self._stack.pop()
            frame.node.end = token.end
            if frame.comma >= 0 and frame.state in ("key", "value"):
                self._break("trailing-comma", frame.comma, 1)
            elif frame.state in ("colon", "value"):
                self._break("missing-value", frame.name[1], frame.name[2] - frame.name[1])
            if _CLOSER[frame.opener] == token.kind:
                return
            self._break("mismatch", token.start, 1, _CLOSER[frame.opener] + token.kind, frame.node.start)

    def _comma(self, frame: _Frame, token: _Token) -> None:
        if frame.state == "after":
            frame.state, frame.comma = "key" if frame.opener == "{" else "value", token.start
        elif frame.opener == "{" and frame.state in ("colon", "value"):
            self._break("missing-value", frame.name[1], frame.name[2] - frame.name[1])
            frame.state, frame.comma = "key", token.start
        else:
            self._break("extra-comma", token.start, 1)

    def _colon(self, frame: _Frame, token: _Token) -> None:
        if frame.state == "colon":
            frame.state = "value"
        else:
            self._break("unexpected", token.start, 1)

    def _value(self, frame: _Frame, token: _Token) -> None:
        if frame.state == "after":
            self._break("missing-comma", max(self._last - 1, 0), 1, self._text[self._last - 1 : self._last] + ",")
            frame.state = "key" if frame.opener == "{" else "value"
        if frame.opener == "[":
            children = cast("list[Any]", frame.node.value)
            frame.state, frame.comma = "after", -1
            node = self._made(token, None)
            frame.node.children[len(children)] = node
            children.append(node.value)
        elif frame.state in ("first", "key"):
            self._key(frame, token)
        else:
            if frame.state == "colon":
                self._break("missing-colon", max(self._last - 1, 0), 1, self._text[self._last - 1 : self._last] + ":")
            self._member(frame, token)

    def _key(self, frame: _Frame, token: _Token) -> None:
        frame.comma = -1
        if token.kind in "{[":
            self._break("missing-key", token.start, 1)
            frame.name = ("", token.start, token.start)
            self._member(frame, token)
            return
        if token.kind == "scalar" and not any(b.offset == token.start for b in self._breaks[-2:]):
            written = self._text[token.start : token.end]
            self._break("unquoted", token.start, token.end - token.start, json.dumps(written))
        name = token.value if isinstance(token.value, str) else self._text[token.start : token.end]
        frame.state, frame.name = "colon", (name, token.start, token.end)

    def _member(self, frame: _Frame, token: _Token) -> None:
        name, start, end = frame.name
        frame.state = "after"
        node = self._made(token, (start, end))
        if name in frame.node.children:
            self._twice.append(Twice(name, start, end - start))
        frame.node.children[name] = node
        cast("dict[str, Any]", frame.node.value)[name] = node.value

    # --- tokens ------------------------------------------------------------------------------------------------------

    def _tokens(self) -> Iterator[_Token]:
        text, at = self._text, 0
        while at < len(text):
            character = text[at]
            if character in " \t\r\n":
                at += 1
                continue
            comment = _COMMENT.match(text, at)
            if comment is not None:
                self._break("comment", at, len(comment[0].rstrip()))
                at = comment.end()
            elif character in "{}[]:,":
                yield _Token(character, at, at + 1)
                at += 1
            elif character in _WIDE:
                self._break("wide", at, 1, _WIDE[character])
                yield _Token(_WIDE[character], at, at + 1)
                at += 1
            elif character.isspace() or character in "\ufeff\u200b":
                end = next((i for i in range(at, len(text)) if not (text[i].isspace() or text[i] in "\ufeff\u200b")), len(text))
                self._break("blank-character", at, end - at, " ")
                at = end
            else:
                token = self._text_token(at) if character in "\"'" or character in _SMART else self._scalar(at)
                yield token
                at = token.end

    def _text_token(self, at: int) -> _Token:
        text = self._text
        good = _STRING.match(text, at)
        if good is not None:
            return _Token("string", at, good.end(), json.loads(good[0]))
        for rx, kind in ((_HALF_SMART, "smart-quote"), (_SMART_STRING, "smart-quote"), (_SINGLE, "single-quote"), (_LOOSE_STRING, "escape")):
            found = rx.match(text, at)
            if found is None:
                continue
            inner = found[1] if kind == "smart-quote" else found[0][1:-1]
            if kind == "escape":
                bad = _BAD_ESCAPE.search(text, at + 1, found.end() - 1)
                where = bad.span() if bad is not None else found.span()
                self._break("control" if bad is not None and bad[0] < " " else kind, where[0], where[1] - where[0])
            else:
                self._break(kind, at, len(found[0]), json.dumps(inner, ensure_ascii=False))
            return _Token("string", at, found.end(), inner)
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        end = at + max(len(text[at:end].rstrip().rstrip(",")), 1)
        self._break("unterminated", at, end - at)
        return _Token("string", at, end, text[at + 1 : end])

    def _scalar(self, at: int) -> _Token:
        found = _WORD.match(self._text, at)
        word = found[0] if found is not None else self._text[at]
        end = at + len(word)
        if word in _WORDS:
            return _Token("scalar", at, end, _WORDS[word])
        if _NUMBER.fullmatch(word):
            # Python refuses to turn thousands of digits into an int; no key takes such a number.
            return _Token("scalar", at, end, int(word) if len(word) < 400 and word.lstrip("-").isdigit() else float(word))
        if word.lower() in _PYTHON:
            self._break("word", at, len(word), _PYTHON[word.lower()])
            return _Token("scalar", at, end, _WORDS[_PYTHON[word.lower()]])
        kind = "number" if _LIKE_NUMBER.fullmatch(word) and word.count(".") < 2 else "unquoted"
        self._break(kind, at, len(word), json.dumps(word, ensure_ascii=False) if kind == "unquoted" else "")
        return _Token("string", at, end, word)
