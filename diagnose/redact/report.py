"""Goes through every text of a report; words of ours, such as a state's name, are left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

from diagnose.model import Report
from diagnose.pattern import lazy
from diagnose.record import fields_of

_TYPED = frozenset({"rule", "severity", "confidence", "state", "kind", "by", "multus", "have", "tool", "catalog", "what", "differs", "sources", "programs", "heard", "boots", "until", "sandbox", "note"})  # fmt: skip
"""Fields that hold words of ours."""
_MARK = lazy(r"( *)\^+")


def strings(value: Any) -> Iterator[str]:
    """Yield every text within a report."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for k, v in cast("dict[Any, Any]", value).items():
            yield from strings(k)
            yield from strings(v)
    elif isinstance(value, (list, tuple, set)):
        for v in cast("list[Any]", value):
            yield from strings(v)
    else:
        for name in fields_of(value):
            yield from strings(getattr(value, name))


def rewritten(report: Report, change: Callable[[str], str]) -> Report:
    """Return a copy of the report in which `change` was applied to every text of the evidence, whole lines at a time."""
    return cast("Report", _copy(report, "", change))


def _copy(value: Any, name: str, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return value if name in _TYPED else _marked(value, change) if "^" in value else change(value)
    names = fields_of(value)
    if names:
        return type(value)(**{n: _copy(getattr(value, n), n, change) for n in names})
    if isinstance(value, tuple):
        t = cast("tuple[Any, ...]", value)
        names = getattr(t, "_fields", None)
        if names:
            return type(t)(*(_copy(v, n, change) for n, v in zip(names, t, strict=True)))
        return tuple(_copy(v, name, change) for v in t)
    if isinstance(value, list):
        return [_copy(v, name, change) for v in cast("list[Any]", value)]
    if isinstance(value, set):
        return {_copy(v, name, change) for v in cast("set[Any]", value)}
    if isinstance(value, dict):
        named = name == "facts"  # only there keys are names; elsewhere they are fields of a text
        return {_copy(k, name, change) if named else k: _copy(v, name, change) for k, v in cast("dict[Any, Any]", value).items()}
    return value


def _marked(text: str, change: Callable[[str], str]) -> str:
    """Return a text with the marks of its lines (`    ^^^^`) beneath what they marked."""
    lines = text.split("\n")
    made = change(text).split("\n")
    for at, line in enumerate(lines[1:], 1):
        m = _MARK.match(line)
        if m is not None and len(made) == len(lines):
            start, end = len(change(lines[at - 1][: m.end(1)])), len(change(lines[at - 1][: m.end()]))
            made[at] = " " * start + "^" * max(1, end - start) + made[at][m.end() :]
    return "\n".join(made)
