"""A NAD's config as its checks see it: values by key as Go reads them, and faults that point at the place in the JSON text.

Go's encoding/json matches keys without regard to case and takes null for any value as "not there" (annotations.md 1.3, plugins.md 1).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final, cast

from diagnose.checks.fault import Fault, Profile, Spot
from diagnose.model import Resource
from diagnose.parse.jsontext import Node
from diagnose.parse.tree import mapping
from diagnose.record import dataclass

KIND: Final = "NetworkAttachmentDefinition"
PATH: Final = ("spec", "config")
VERSIONS: Final = ("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0")
"""cniVersions that the plugins list (plugins.md 1): 1.1.0 since plugins v1.6.0, the others on every MicroShift."""
_WIDTH: Final = 140
"""Characters of a line that an excerpt shows."""
_WANTED: Final = {
    "int": "integer", "uint32": "integer (0 or more)", "bool": "boolean", "list": "array", "strings": "array of strings", "bools": "object of booleans",
}  # fmt: skip
_INTEGERS: Final = {"int": (-(2**63), 2**63 - 1), "uint32": (0, 2**32 - 1)}


def near(word: str, words: Collection[str], cutoff: float = 0.75) -> str:
    """Return the one of `words` that `word` is most like, or ""."""
    import difflib

    if word.strip() in words:
        return word.strip()
    found = difflib.get_close_matches(word.strip().lower(), [w.lower() for w in words], 1, cutoff)
    return next(w for w in words if w.lower() == found[0]) if found else ""


def member(node: Node | None, key: str) -> Node | None:
    """Return the value that Go reads for `key`: in any case, the last one of several; None where it is absent or null."""
    if node is None or not isinstance(node.value, dict):
        return None
    found = [n for k, n in node.children.items() if str(k).lower() == key.lower()]
    return found[-1] if found and found[-1].value is not None else None


def elements(node: Node | None) -> list[Node]:
    """Return the elements of a list; [] for anything else."""
    return list(node.children.values()) if node is not None and isinstance(node.value, list) else []


def string(node: Node | None) -> str:
    """Return a string's value, "" where there is none: Go treats both alike."""
    return node.value if node is not None and isinstance(node.value, str) else ""


def integer(node: Node | None) -> int | None:
    """Return a number's value as an int; None where it is none."""
    return node.value if node is not None and isinstance(node.value, int) and not isinstance(node.value, bool) else None


def true(node: Node | None) -> bool:
    """Return True if `node` is the JSON value true."""
    return node is not None and node.value is True


def excerpt(text: str, offset: int, length: int) -> str:
    """Return the line of `text` at `offset`, verbatim, with carets beneath the place and its line and column."""
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    line = text[start : len(text) if end < 0 else end].rstrip("\r")
    column = min(offset - start, len(line))
    left = 0 if len(line) <= _WIDTH else max(0, min(column - _WIDTH // 2, len(line) - _WIDTH))
    shown = line[left : left + _WIDTH].replace("\t", " ")
    carets = "^" * max(1, min(length, len(shown) - (column - left)))
    return f"{shown}\n{' ' * (column - left)}{carets} line {text.count(chr(10), 0, offset) + 1}, column {column + 1}"


def type_name(value: object) -> str:
    """Return what Go calls the type of a JSON value in its errors."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object" if isinstance(value, dict) else "null"


def _is(value: object, kind: str) -> bool:
    if kind in _INTEGERS:
        low, high = _INTEGERS[kind]
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    if kind == "strings":
        return isinstance(value, list) and all(isinstance(x, str) or x is None for x in cast("list[object]", value))
    if kind == "bools":
        return isinstance(value, dict) and all(isinstance(x, bool) or x is None for x in mapping(cast("object", value)).values())
    kinds: dict[str, type] = {"string": str, "bool": bool, "object": dict, "list": list, "any": object}
    return isinstance(value, kinds[kind])


@dataclass(frozen=True, slots=True)
class Config:
    """One NAD's config: the text, its root and what its faults have in common."""

    resource: Resource
    profile: Profile
    text: str
    root: Node

    @property
    def network(self) -> str:
        """The network's name: the config's, else the NAD's, which Multus injects (cniconfig.go:118)."""
        name = self.root.children.get("name") if isinstance(self.root.value, dict) else None
        return string(name) or self.resource.name

    @property
    def version(self) -> str:
        """The cniVersion that the plugins are given; a missing one counts as 0.1.0 (cni pkg/types/create/create.go:30)."""
        # libcni reads a list's cniVersion from a map, so with its exact key only.
        node = member(self.root, "cniVersion") if string(member(self.root, "type")) else self.root.children.get("cniVersion")
        return string(node) or "0.1.0"

    def fault(
        self,
        rule: str,
        what: str,
        at: Node | Spot | None = None,
        *,
        key: bool = False,
        values: Mapping[str, object] | None = None,
        severity: str = "",
        instead: str = "",
        **captures: str,
    ) -> Fault:
        """Return a fault at the value `at`, or at its key; without a place it is the whole config's."""
        spot = at if isinstance(at, Spot) else spot_of(at, key=key) if at is not None else None
        text = excerpt(self.text, *spot) if spot is not None else self.text[:200]
        named = {"network": self.network} if self.network != self.resource.name or not rule.startswith("nad-") else {}
        names = {"nad": self.resource.name, "nad_namespace": self.resource.namespace, **named, **captures}
        filled = {k: str(v) for k, v in (values or {}).items()}
        return Fault(rule, {k: v for k, v in names.items() if v}, text, what, filled, PATH, spot, severity, instead)

    def hint(self, what: str, at: Node | None, *, key: bool = False, instead: str = "", **values: object) -> Fault:
        """Return a hint: upstream does not mind what stands there."""
        return self.fault("nad-config-invalid-field", what, at, key=key, values=values, severity="info", instead=instead)

    def bad_field(self, what: str, at: Node | None, field: str, *, instead: str = "", **values: object) -> Fault:
        """Return the fault of an option that makes the plugin fail."""
        value = "" if at is None else self.text[at.start : at.end][:80]
        return self.fault("nad-config-invalid-field", what, at, values={"field": field, "value": value, **values}, instead=instead, field=field, value=value)

    def types(self, node: Node | None, keys: Mapping[str, str], prefix: str = "") -> Iterator[Fault]:
        """Yield values of another type than the plugin's struct has: "json: cannot unmarshal ..."."""
        if node is None or not isinstance(node.value, dict):
            return
        for name, kind in keys.items():
            found = member(node, name)
            if found is not None and not _is(found.value, kind):
                yield self.bad_field(
                    "nad-type", found, prefix + name, wanted=_WANTED.get(kind, kind), given=type_name(found.value), instead=_converted(found.value, kind)
                )

    def unknown(self, node: Node | None, known: Collection[str], told: Callable[[Node, str], Fault | None]) -> Iterator[Fault]:
        """Yield a hint for each key that is not among `known`; `told` may know better what it is."""
        for name, child in node.children.items() if node is not None and isinstance(node.value, dict) else ():
            if str(name).lower() in {k.lower() for k in known} or str(name) == "":
                continue
            fault = told(child, str(name))
            if fault is None:
                like = near(str(name), known, 0.8)
                what = "nad-key-near" if like else "nad-key-unknown"
                fault = self.hint(what, child, key=True, instead=f'"{like}"' if like else "", key_name=name, near=like)
            yield fault


def spot_of(node: Node, *, key: bool = False) -> Spot:
    """Return the place of a value, or of its key where it has one; of an object or list its first character."""
    if key and node.key is not None:
        return Spot(node.key[0], node.key[1] - node.key[0])
    if isinstance(node.value, (dict, list)):
        return Spot(node.start, 1)
    return Spot(node.start, node.end - node.start)


def _converted(value: Any, kind: str) -> str:
    """Return how the value is written in the type that is wanted, if that is sure."""
    if kind == "int" and isinstance(value, str) and value.strip().isdecimal() and value.isascii():
        return value.strip().lstrip("0") or "0"
    if kind == "int" and isinstance(value, float) and value.is_integer():
        return str(int(value))
    if kind == "bool" and isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower()
    return ""
