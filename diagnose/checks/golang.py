"""JSON, hardware and IP addresses as Go's standard library reads them: what it refuses, in its words, and where.

Sources: Go encoding/json (scanner.go, decode.go, fold.go), net (ip.go, mac.go), net/netip, strconv (quote.go); annotations.md 1.3.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from diagnose.checks.fault import Spot
from diagnose.pattern import lazy
from diagnose.record import dataclass, field

GO_BLANKS = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
"""unicode.IsSpace, which strings.TrimSpace cuts; Python's strip() cuts U+001C to U+001F as well."""


@dataclass(slots=True)
class Node:
    """One JSON value and where it stands, quotes and brackets included."""

    kind: str
    """object, array, string, number, bool or null: the words of Go's UnmarshalTypeError."""
    offset: int
    end: int = 0
    value: str = ""
    """A string decoded; any other scalar as written."""
    keys: list[Node] = field(default_factory=list["Node"])
    items: list[Node] = field(default_factory=list["Node"])

    @property
    def spot(self) -> Spot:
        """Its place."""
        return Spot(self.offset, self.end - self.offset)

    def members(self) -> Iterator[tuple[Node, Node]]:
        """Return the keys of an object with their values."""
        return zip(self.keys, self.items, strict=True)


class JsonSyntaxError(Exception):
    """A json.SyntaxError: Go's words and the offset of the character that it names."""

    def __init__(self, message: str, offset: int, open_ends: str) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.open_ends = open_ends
        """The brackets that are still to be closed, innermost first."""


_MAX_DEPTH = 10_000
_JSON_BLANKS = lazy(r"[ \t\r\n]*")
_STRING_BODY = lazy(r'(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*')
_NUMBER = lazy(r"-?(?:(?:0|[1-9][0-9]*)(?:(\.)(?:[0-9]+)?)?(?:([eE])[+-]?(?:[0-9]+)?)?)?")
_NUMBER_END = (("eE", "in exponent of numeric literal"), (".", "after decimal point in numeric literal"), ("-", "in numeric literal"))
_LITERALS = {"t": "true", "f": "false", "n": "null"}
_SURROGATE = lazy("[\ud800-\udfff]")
_ESCAPES = {"\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v", "\\": r"\\"}


def _quoted_character(c: str) -> str:
    """Return a character as Go's scanner.go quoteChar writes it: only the first byte of its UTF-8 form."""
    byte = chr(c.encode(errors="surrogatepass")[0])
    if byte == "'":
        return r"'\''"
    if byte == '"':
        return "'\"'"
    return f"'{_escaped(byte)}'"


def _escaped(c: str) -> str:
    if c in _ESCAPES:
        return _ESCAPES[c]
    if c < " " or c == "\x7f":
        return f"\\x{ord(c):02x}"
    return c if c.isprintable() else f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}"


def go_quoted(text: str) -> str:
    """Return `text` as Go's %q writes it."""
    return '"' + "".join(r"\"" if c == '"' else _escaped(c) for c in text) + '"'


class Scanner:
    """Reads one JSON text without recursion, so that a hostile one costs no stack."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._stack: list[Node] = []
        self._root = Node("null", 0)

    def read(self) -> Node:
        """Return the tree. Raises `JsonSyntaxError` where json.Unmarshal returns a SyntaxError."""
        at = self._skip(0)
        while True:
            node = self._value(at)
            if self._stack:
                self._stack[-1].items.append(node)
            at = node.end
            if node.kind in ("object", "array") and not node.end:
                self._stack.append(node)
                at = self._skip(node.offset + 1)
                if len(self._stack) > _MAX_DEPTH:
                    raise self._fault("exceeded max depth", node.offset)
                if self._text[at : at + 1] != _closing(node):
                    at = self._key(at) if node.kind == "object" else at
                    continue
            closed = self._after(at, node)
            if closed is None:
                return self._root
            at = closed

    def _after(self, at: int, root: Node) -> int | None:
        """Close what ends at `at` and return where the next value begins; None at the end of the text."""
        self._root = self._stack[0] if self._stack else root
        while self._stack:
            top = self._stack[-1]
            at = self._skip(at)
            c = self._text[at : at + 1]
            if c == ",":
                at = self._skip(at + 1)
                return self._key(at) if top.kind == "object" else at
            if c != _closing(top):
                raise self._fault("after object key:value pair" if top.kind == "object" else "after array element", at)
            at += 1
            top.end = at
            self._stack.pop()
        at = self._skip(at)
        if at < len(self._text):
            raise self._fault("after top-level value", at)
        return None

    def _skip(self, at: int) -> int:
        m = _JSON_BLANKS.match(self._text, at)
        return m.end() if m is not None else at

    def _fault(self, context: str, at: int) -> JsonSyntaxError:
        ends = "".join(_closing(n) for n in reversed(self._stack))
        if at >= len(self._text):
            return JsonSyntaxError("unexpected end of JSON input", len(self._text), ends)
        return JsonSyntaxError(f"invalid character {_quoted_character(self._text[at])} {context}", at, ends)

    def _key(self, at: int) -> int:
        if self._text[at : at + 1] != '"':
            raise self._fault("looking for beginning of object key string", at)
        key = self._string(at)
        at = self._skip(key.end)
        if self._text[at : at + 1] != ":":
            raise self._fault("after object key", at)
        self._stack[-1].keys.append(key)
        return self._skip(at + 1)

    def _value(self, at: int) -> Node:
        c = self._text[at : at + 1]
        if c in ("{", "["):
            return Node("object" if c == "{" else "array", at)
        if c == '"':
            return self._string(at)
        if c in _LITERALS:
            return self._literal(at, _LITERALS[c])
        if c and c in "-0123456789":
            return self._number(at)
        raise self._fault("looking for beginning of value", at)

    def _string(self, at: int) -> Node:
        m = _STRING_BODY.match(self._text, at + 1)
        end = m.end() if m is not None else at + 1
        c = self._text[end : end + 1]
        if c == '"':
            raw = self._text[at : end + 1]
            return Node("string", at, end + 1, _SURROGATE.sub("\ufffd", json.loads(raw)))
        if c != "\\":
            raise self._fault("in string literal", end)
        if self._text[end + 1 : end + 2] != "u":
            raise self._fault("in string escape code", end + 1)
        digits = re.compile(r"[0-9a-fA-F]*").match(self._text, end + 2)
        raise self._fault(r"in \u hexadecimal character escape", digits.end() if digits is not None else end + 2)

    def _number(self, at: int) -> Node:
        m = _NUMBER.match(self._text, at)
        end = m.end() if m is not None else at
        raw = self._text[at:end]
        last = raw[-1:] if not raw[-1:].isdigit() else ""
        if last in ("+", "-") and len(raw) > 1:
            last = "e"
        for signs, context in _NUMBER_END:
            if last and last in signs:
                raise self._fault(context, end)
        return Node("number", at, end, raw)

    def _literal(self, at: int, word: str) -> Node:
        for n, wanted in enumerate(word):
            if self._text[at + n : at + n + 1] != wanted:
                raise self._fault(f"in literal {word} (expecting '{wanted}')", at + n)
        return Node("null" if word == "null" else "bool", at, at + len(word), word)


def _closing(node: Node) -> str:
    return "}" if node.kind == "object" else "]"


# --- types --------------------------------------------------------------------------------------------------------------


class GoType(NamedTuple):
    """What a value is decoded into."""

    go: str
    """As Go prints it."""
    kind: str
    """string, int, slice, struct, map, or ip for net.IP."""
    of: tuple[GoType, ...] = ()
    """A slice's elements."""
    fields: Mapping[str, GoType] = MappingProxyType({})
    """A struct's fields by their JSON names."""


class Mismatch(NamedTuple):
    """A value that does not fit the type it is decoded into."""

    node: Node
    message: str
    """Go's words."""
    key: str = ""
    """The path of JSON names within the outermost struct."""
    found: str = ""
    wanted: str = ""
    stops: bool = False
    """True if Go's decoder stops there, and forgets the type errors that it saved before."""


_FOLD = str.maketrans({"\u017f": "s", "\u212a": "k"})


def folded(key: str) -> str:
    """Return `key` as Go's foldName compares it with the ASCII names of a struct."""
    return "".join(c.lower() if c.isascii() else c for c in key.translate(_FOLD))


def field_of(key: str, kind: GoType) -> str:
    """Return the name of the field that Go gives `key` to, "" if it ignores it."""
    if key in kind.fields:
        return key
    return next((name for name in kind.fields if name.lower() == folded(key)), "")


def mismatches(node: Node, kind: GoType, struct: str = "", name: str = "") -> Iterator[Mismatch]:
    """Yield what Go's decoder refuses in `node`, in its order; it saves type errors and goes on, but stops at a bad address."""
    if node.kind == "null":
        return
    if kind.kind == "struct" and node.kind == "object":
        for key, value in node.members():
            own = field_of(key.value, kind)
            if own:
                yield from mismatches(value, kind.fields[own], kind.go.rpartition(".")[2], f"{name}.{own}" if name else own)
    elif kind.kind == "slice" and node.kind == "array":
        for item in node.items:
            for element in kind.of:
                yield from mismatches(item, element, struct, name)
    elif kind.kind == "map" and node.kind == "object":
        for number in _floats_too_large(node):
            yield _type_error(number, f"number {number.value}", "float64", struct, name)
    elif kind.kind == "ip" and node.kind == "string":
        if node.value and parse_ip(node.value) is None:
            yield Mismatch(node, f"invalid IP address: {node.value}", name, "string", kind.go, stops=True)
    elif kind.kind == "int" and node.kind == "number":
        if not _is_int64(node.value):
            yield _type_error(node, f"number {node.value}", kind.go, struct, name)
    elif kind.kind != "string" or node.kind != "string":
        yield _type_error(node, node.kind, kind.go, struct, name)


def _is_int64(raw: str) -> bool:
    return re.fullmatch(r"-?[0-9]{1,19}", raw) is not None and -(2**63) <= int(raw) < 2**63


def _floats_too_large(root: Node) -> Iterator[Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        waiting += reversed(node.items)
        if node.kind == "number" and abs(float(node.value)) == float("inf"):
            yield node


def _type_error(node: Node, found: str, go: str, struct: str, name: str) -> Mismatch:
    where = f"Go struct field {struct}.{name}" if struct else "Go value"
    return Mismatch(node, f"json: cannot unmarshal {found} into {where} of type {go}", name, found, go)


# --- addresses ----------------------------------------------------------------------------------------------------------


def parse_ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address as net.ParseIP takes it (no zone, no leading zeros), else None."""
    try:
        return ipaddress.ip_address(text) if "%" not in text else None
    except ValueError:
        return None


def is_cidr(text: str) -> bool:
    """Tell whether net.ParseCIDR takes `text`; host bits may be set."""
    address, _, length = text.partition("/")
    ip = parse_ip(address)
    return ip is not None and re.fullmatch(r"[0-9]{1,7}", length) is not None and int(length) <= ip.max_prefixlen


_MAC = lazy(r"[0-9a-fA-F]{2}(?:([:-])[0-9a-fA-F]{2})(?:\1[0-9a-fA-F]{2})*\Z|[0-9a-fA-F]{4}(?:\.[0-9a-fA-F]{4})+\Z")


def mac_bytes(text: str) -> bytes | None:
    """Return the hardware address as net.ParseMAC takes it (6, 8 or 20 bytes), else None."""
    if _MAC.match(text) is None:
        return None
    found = bytes.fromhex(re.sub(r"[:.-]", "", text))
    return found if len(found) in (6, 8, 20) else None


def family(ip: ipaddress.IPv4Address | ipaddress.IPv6Address | None) -> int:
    """Return 4 where net.IP.To4 is not nil, else 6; an empty entry counts as IPv6."""
    mapped = isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None
    return 4 if isinstance(ip, ipaddress.IPv4Address) or mapped else 6
