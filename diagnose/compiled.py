"""The shipped rules in the form that a run needs, made once: for the wheel when it is built, for a checkout when a rule or the code changed.

A file of lines, each in JSON and read when it is asked for: what it was made from, and its checksum; what every run needs;
the indexes; the rules; the messages. One that is damaged, or was made from something else, is never used.
"""

from __future__ import annotations

import binascii
import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, Final, TypeVar, overload

from diagnose.catalog import Catalog, from_yaml
from diagnose.rule import Message, Rule, Step, Text
from diagnose.scan import Plan
from diagnose.template import CUT_WEIGHT, Gap, Index, Template

_T = TypeVar("_T")

NAME: Final = "compiled.jsonl"
"""The file within the folder of rules of an installed msnet."""
_LARGEST = 16 * 1024 * 1024
"""Bytes of a file that is read."""


class _Made(Sequence[_T]):
    """Values that are made when they are asked for, each once."""

    def __init__(self, size: int, make: Callable[[int], _T]) -> None:
        self._made: list[_T | None] = [None] * size
        self._make = make

    def __len__(self) -> int:
        return len(self._made)

    @overload
    def __getitem__(self, at: int) -> _T: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[_T, ...]: ...
    def __getitem__(self, at: int | slice) -> _T | tuple[_T, ...]:
        if isinstance(at, slice):
            return tuple(self[i] for i in range(*at.indices(len(self))))
        found = self._made[at]
        if found is None:
            found = self._made[at] = self._make(range(len(self))[at])
        return found


class _ById(Mapping[str, Rule]):
    """The rules by their ids."""

    def __init__(self, ids: list[str], rules: Sequence[Rule]) -> None:
        self._numbers = {name: at for at, name in enumerate(ids)}
        self._rules = rules

    def __getitem__(self, name: str) -> Rule:
        return self._rules[self._numbers[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


class Compiled(Catalog):
    """The shipped rules, each made when it is asked for; equal in all parts to what the YAML files give."""

    def __init__(self, start: dict[str, Any], index: bytes, rest: bytes) -> None:
        """Take the parts: what every run needs; the indexes; the rules and the messages, of which each is a line."""
        super().__init__((), (), start["digest"])
        self.commands: dict[str, Any] = start["commands"]
        """The command line's options (see `diagnose.arguments`)."""
        self.helps: dict[str, str] = start["helps"]
        """What `--help` prints, by command."""
        self._plan: list[Any] = start["plan"]
        self._ids: list[str] = start["ids"]
        self._index, self._rest = index, rest

    @cached_property
    def _lines(self) -> list[bytes]:
        return self._rest.split(b"\n")

    @cached_property
    def _numbers(self) -> dict[str, Any]:
        return json.loads(self._index)

    @property
    def plan(self) -> Plan:
        literals, signs, numbers, beside = self._plan
        return Plan(tuple(literals), frozenset(signs), frozenset(numbers), {k: tuple(tuple(x) for x in some) for k, some in beside.items()})

    @cached_property
    def by_id(self) -> Mapping[str, Rule]:
        return _ById(self._ids, _Made(len(self._ids), self._rule))

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        return tuple(self.by_id.values())

    @cached_property
    def messages(self) -> Sequence[Message]:
        return _Made(len(self._lines) - len(self._ids), self._message)

    @cached_property
    def quiet(self) -> tuple[Message, ...]:
        return tuple(self.messages[self._numbers["quiet"] :])

    @cached_property
    def index(self) -> Index:
        return Index.made(*self._numbers["index"])

    @cached_property
    def cut_messages(self) -> Sequence[Message]:
        numbers: list[int] = self._numbers["cut"]
        return _Made(len(numbers), lambda at: self.messages[numbers[at]])

    @cached_property
    def cut_index(self) -> Index:
        return Index.made(*self._numbers["cut_index"])

    def _message(self, at: int) -> Message:
        (text, literals, gaps, weights), kind, inputs, origin, rule = json.loads(self._lines[len(self._ids) + at])
        template = Template.made(text, tuple(literals), tuple(Gap(*g) for g in gaps), tuple(weights))
        return Message(template, kind, frozenset(inputs), origin, rule)

    def _rule(self, at: int) -> Rule:
        raw = json.loads(self._lines[at])
        raw["messages"] = tuple(self.messages[slice(*raw["messages"])])
        for key in ("key", "guide", "refs"):
            raw[key] = tuple(raw[key])
        raw["explains"] = {join: tuple(ids) for join, ids in raw["explains"].items()}
        raw["steps"] = tuple(Step(*s) for s in raw["steps"])
        raw["text"] = {language: Text(title, cause, tuple(steps), verify) for language, (title, cause, steps, verify) in raw["text"].items()}
        return Rule(**raw)


def dump(catalog: Catalog, made_from: str, commands: dict[str, Any], helps: dict[str, str]) -> bytes:
    """Return the compiled form of `catalog`; `made_from` tells the files that it was made from, `commands` and `helps` are the options and the help of the command line."""
    start = {
        "digest": catalog.digest,
        "plan": [catalog.plan.literals, sorted(catalog.plan.signs), sorted(catalog.plan.numbers), catalog.plan.beside],
        "commands": commands,
        "helps": helps,
        "ids": [r.id for r in catalog.rules],
    }
    numbers = {
        "quiet": len(catalog.messages) - len(catalog.quiet),
        "index": catalog.index.parts(),
        "cut": [at for at, m in enumerate(catalog.messages) if m.template.weight >= CUT_WEIGHT],
        "cut_index": catalog.cut_index.parts(),
    }
    lines: list[Any] = [start, numbers]
    at = 0
    for r in catalog.rules:
        lines.append(
            {
                **{name: getattr(r, name) for name in Rule.__slots__},
                "messages": [at, at + len(r.messages)],
                "steps": [[s.run, s.effect] for s in r.steps],
                "text": {language: [t.title, t.cause, t.steps, t.verify] for language, t in r.text.items()},
            }
        )
        at += len(r.messages)
    for m in catalog.messages:
        t = m.template
        lines.append([[t.text, t.literals, t.gaps, t.weights], m.kind, sorted(m.inputs), m.origin, m.rule])
    body = b"\n".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() for line in lines)
    return json.dumps({"made_from": made_from, "checksum": binascii.crc32(body)}).encode() + b"\n" + body


def parse(raw: bytes, made_from: str) -> Compiled | None:
    """Return the rules of a compiled file; None where it is damaged or was not made from `made_from`."""
    head, _, body = raw.partition(b"\n")
    try:
        if json.loads(head) != {"made_from": made_from, "checksum": binascii.crc32(body)}:
            return None
        start, index, rest = body.split(b"\n", 2)
        return Compiled(json.loads(start), index, rest)
    except (ValueError, KeyError, TypeError):
        return None


# --- where it is kept -------------------------------------------------------------------------------------------------


def made_from(rules: str, code: str = "") -> str:
    """Return what tells one state of the rule files from another: names and sizes; with `code`, the folder of the package, of its files as well, and all times."""
    with os.scandir(rules) as found:
        folders = [(rules, (".yaml", "scan.json")), *((e.path, ".yaml") for e in found if e.is_dir())]
    if code:
        folders += [(code, ".py"), (os.path.join(code, "parse"), ".py")]
    told: list[str] = []
    for folder, suffix in folders:
        area = os.path.basename(folder)
        with os.scandir(folder) as found:
            for entry in found:
                if entry.name.endswith(suffix):
                    status = entry.stat()
                    told.append(f"{area}/{entry.name} {status.st_size} {status.st_mtime_ns if code else ''}")
    return "\n".join(sorted(told))


def _cache() -> str:
    """Return the folder for what a checkout compiles (XDG Base Directory Specification); it need not exist. Raises `OSError` where there can be none."""
    home = os.environ.get("HOME", "")
    base = os.environ.get("XDG_CACHE_HOME", "")
    base = base if os.path.isabs(base) else os.path.join(home, ".cache")
    if not os.path.isabs(base):
        raise FileNotFoundError(base)
    return os.path.join(base, "msnet")


def _is_own(status: os.stat_result, others: int) -> bool:
    """Return True for what belongs to this user and gives others none of the rights `others`: what root believes must not be anybody's to write."""
    return status.st_uid == os.geteuid() and not status.st_mode & others


def _made() -> str:
    """Return the cache's folder, made if need be. Raises `OSError` where it would stand in a folder of somebody else, as under sudo, or of the system."""
    folder = _cache()
    for path in (os.path.dirname(folder), folder):
        if not os.path.isdir(path):
            above = os.path.dirname(path)
            if above == "/" or not _is_own(os.stat(above), 0):
                raise PermissionError(path)
            os.mkdir(path, 0o700)
    return folder


def _kept(folder: str, name: str) -> bytes:
    """Return a file of the cache. Raises `OSError` for one that is not there, or that others can write."""
    status = os.lstat(folder)
    if not stat.S_ISDIR(status.st_mode) or not _is_own(status, 0o077):
        raise PermissionError(folder)
    with open(os.open(os.path.join(folder, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or not _is_own(status, 0o022):
            raise PermissionError(name)
        return file.read(_LARGEST)


def _places() -> tuple[str, str, str]:
    """Return the folder of the rules, the folder of the code where that is a checkout, else "", and the name of the checkout's file in the cache."""
    code = os.path.dirname(os.path.realpath(__file__))
    inside = os.path.join(code, "rules")
    if os.path.isdir(inside):
        return inside, "", ""
    return os.path.join(os.path.dirname(code), "rules"), code, f"rules-{binascii.crc32(code.encode(errors='surrogateescape')):08x}.jsonl"


@lru_cache(maxsize=1)
def find() -> Compiled | None:
    """Return the compiled rules of this msnet; None where there are none, or where they are damaged or old."""
    try:
        rules, code, name = _places()
        if not code:
            with open(os.path.join(rules, NAME), "rb") as file:
                raw = file.read(_LARGEST)
        else:
            raw = _kept(_cache(), name)
        return parse(raw, made_from(rules, code))
    except OSError:
        return None


def renew() -> Compiled | None:
    """Compile the rules of a checkout, keep them for the next run, and return them; None where that cannot be.

    Either there is no place that only this user can write, or a rule is wrong, which who reads the rules tells.
    """
    rules, code, name = _places()
    if not code:
        return None
    try:
        folder = _made()
        state = made_from(rules, code)
        raw = build(state)
        import tempfile

        descriptor, beside = tempfile.mkstemp(".tmp", name, folder)  # mode 0600
        try:
            with open(descriptor, "wb") as file:
                file.write(raw)
            os.replace(beside, os.path.join(folder, name))
        except OSError:
            os.unlink(beside)
            raise
    except Exception:  # noqa: BLE001 - whatever it is, a run without the compiled rules comes to the same
        return None
    find.cache_clear()
    return find()


def build(state: str) -> bytes:
    """Return the compiled form of the rules' YAML files, whose state is `state` (see `made_from`). Raises `RuleError`."""
    from diagnose.arguments import declared, helps
    from diagnose.cli import app

    return dump(from_yaml(), state, declared(app), helps(app))
