"""The JSON in which a bundle keeps records, resources, inputs and gaps: each comes back exactly as it was."""

from __future__ import annotations

import math
from base64 import b64decode
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, cast

from diagnose.model import BootSeen, Collected, Gap, InputSeen, Record, Resource, Where, ZoneSeen
from diagnose.parse.tree import items, mapping

SCHEMA = "msnet.bundle/1"
MANIFEST, RECORDS, RESOURCES = "manifest.json", "evidence/records.jsonl", "evidence/resources.jsonl"
"""Members of a bundle, beneath its one folder."""
_TAG = "$msnet"
"""The key of what JSON has no form for."""
NODES = 500_000
"""Values of one resource that are written: YAML's aliases can make any number of a few lines."""
_PRIORITIES = {"fatal": "2", "error": "3", "Error": "3", "warning": "4", "Warning": "4", "info": "6", "Normal": "6", "debug": "7"}


_ALWAYS = frozenset({"MESSAGE", "MSNET_SOURCE", "MSNET_RAW"})
_STATES = frozenset({"ok", "partial", "failed", "late"})


# --- values -----------------------------------------------------------------------------------------------------------


class _Plain:
    """Turns one value into what JSON can hold."""

    def __init__(self) -> None:
        self.left = NODES

    def of(self, value: object) -> object:
        from base64 import b64encode

        self.left -= 1
        if self.left < 0:
            raise ValueError(f"more than {NODES} values")
        if value is None or isinstance(value, (str, bool, int)):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else {_TAG: "float", "value": repr(value)}
        if isinstance(value, dict):
            pairs = cast("dict[object, object]", value)
            if all(isinstance(k, str) for k in pairs) and _TAG not in pairs:
                return {cast("str", k): self.of(v) for k, v in pairs.items()}
            return {_TAG: "map", "value": [[self.of(k), self.of(v)] for k, v in pairs.items()]}
        if isinstance(value, list):
            return [self.of(v) for v in cast("list[object]", value)]
        if isinstance(value, datetime):
            return {_TAG: "datetime", "value": value.isoformat()}
        if isinstance(value, date):
            return {_TAG: "date", "value": value.isoformat()}
        if isinstance(value, bytes):
            return {_TAG: "bytes", "value": b64encode(value).decode()}
        if isinstance(value, tuple):
            return {_TAG: "tuple", "value": [self.of(v) for v in cast("tuple[object, ...]", value)]}
        if isinstance(value, (set, frozenset)):
            members = cast("frozenset[object]", value)
            return {_TAG: type(members).__name__, "value": sorted((self.of(v) for v in members), key=repr)}
        raise ValueError(f"a value of type {type(value).__name__}")


_FROM: dict[str, Callable[[Any], object]] = {
    "float": lambda v: float(str(v)),
    "map": lambda v: {_value(k): _value(x) for k, x in v},
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "bytes": b64decode,
    "tuple": lambda v: tuple(_value(x) for x in v),
    "set": lambda v: {_value(x) for x in v},
    "frozenset": lambda v: frozenset(_value(x) for x in v),
}


def _value(value: object) -> object:
    if isinstance(value, list):
        return [_value(v) for v in cast("list[object]", value)]
    if not isinstance(value, dict):
        return value
    d = cast("dict[str, object]", value)
    if _TAG not in d:
        return {k: _value(v) for k, v in d.items()}
    back = _FROM.get(str(d[_TAG]))
    if back is None:
        raise ValueError(f"unknown kind of value {d[_TAG]!r}")
    try:
        return back(d.get("value"))
    except (TypeError, ValueError) as e:
        raise ValueError(f"a broken {d[_TAG]}: {e}") from e


# --- fields -----------------------------------------------------------------------------------------------------------


def _text(d: dict[str, Any], key: str, default: str = "") -> str:
    value = d.get(key, default)
    if not isinstance(value, str):
        raise ValueError(f"{key} is no text")  # noqa: TRY004 - what is read here is wrong in one way
    return value


def _texts(d: dict[str, Any], key: str) -> list[str]:
    found = d.get(key, [])
    if not isinstance(found, list) or not all(isinstance(x, str) for x in cast("list[object]", found)):
        raise ValueError(f"{key} is no list of texts")
    return cast("list[str]", found)


def _number(d: dict[str, Any], key: str) -> int | None:
    value = d.get(key)
    if value is None:
        return None
    if isinstance(value, str) and len(value) < 20:  # as journalctl writes numbers; int() raises ValueError
        return int(value)
    return _whole(value, key)


def _count(d: dict[str, Any], key: str, default: int = 0) -> int:
    found = _number(d, key)
    return default if found is None else found


_LARGEST = 1 << 62


def _whole(value: object, what: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _LARGEST:
        raise ValueError(f"{what} is no number")
    return value


def _yes(d: dict[str, Any], key: str, *, default: bool = False) -> bool:
    value = d.get(key, default)
    if not isinstance(value, bool):
        raise ValueError(f"{key} is neither true nor false")  # noqa: TRY004
    return value


# --- records ----------------------------------------------------------------------------------------------------------


def of_record(r: Record) -> dict[str, Any]:
    """Return a record as `journalctl -o json` shows an entry; what the journal has no field for stands in fields of ours."""
    fields: dict[str, Any] = {
        "__CURSOR": r.where.cursor,
        "__REALTIME_TIMESTAMP": None if r.time is None else str(r.time),
        "__MONOTONIC_TIMESTAMP": None if r.time is None or r.offset is None else str(r.time - r.offset),
        "_BOOT_ID": r.boot,
        "_HOSTNAME": r.host,
        "SYSLOG_IDENTIFIER": r.ident,
        "_PID": r.pid,
        "PRIORITY": _PRIORITIES.get(r.level, ""),
        "MESSAGE": r.message,
        "MSNET_RAW": r.raw if r.raw != r.message else None,
        "MSNET_SOURCE": r.where.source,
        "MSNET_LINE": r.where.line or None,
        "MSNET_PROGRAM": r.program,
        "MSNET_OFFSET": r.offset if r.time is None else None,
        "MSNET_LEVEL": r.level,
        "MSNET_POD": r.pod,
        "MSNET_REASON": r.reason,
        "MSNET_TIMES": r.times if r.times != 1 else None,
        "MSNET_FIRST": r.first,
        "MSNET_PART": r.part or None,
        "MSNET_RELATIVE": r.relative or None,
        "MSNET_SPAN": list(r.span) if r.span is not None else None,
    }
    # What is empty goes: journalctl leaves it out as well.
    return {k: v for k, v in fields.items() if v is not None and (v != "" or k in _ALWAYS)}


def record(value: object) -> Record:
    """Return the record that `of_record` wrote. Raises `ValueError` for anything else."""
    d = mapping(value)
    if "MSNET_SOURCE" not in d:
        raise ValueError("no record of a bundle")
    time, since_boot, span = _number(d, "__REALTIME_TIMESTAMP"), _number(d, "__MONOTONIC_TIMESTAMP"), d.get("MSNET_SPAN")
    if span is not None and len(items(span)) != 2:
        raise ValueError("MSNET_SPAN is no pair")
    message = _text(d, "MESSAGE")
    return Record(
        time, _text(d, "MSNET_PROGRAM"), message,
        Where(_text(d, "MSNET_SOURCE"), _count(d, "MSNET_LINE"), _text(d, "__CURSOR")),
        _text(d, "MSNET_RAW", message),
        ident=_text(d, "SYSLOG_IDENTIFIER"), pid=_text(d, "_PID"), host=_text(d, "_HOSTNAME"), boot=_text(d, "_BOOT_ID"),
        offset=time - since_boot if time is not None and since_boot is not None else _number(d, "MSNET_OFFSET"),
        level=_text(d, "MSNET_LEVEL"), pod=_text(d, "MSNET_POD"), reason=_text(d, "MSNET_REASON"), times=_count(d, "MSNET_TIMES", 1),
        first=_number(d, "MSNET_FIRST"), part=_yes(d, "MSNET_PART"), relative=_yes(d, "MSNET_RELATIVE"),
        span=(_whole(span[0], "MSNET_SPAN"), _whole(span[1], "MSNET_SPAN")) if span is not None else None,
    )  # fmt: skip


def of_resource(r: Resource) -> dict[str, Any]:
    """Return a resource as JSON can hold it. Raises `ValueError` or `RecursionError` for a body that it cannot hold."""
    body = _secret(r.body) if r.kind == "Secret" else r.body
    return {"kind": r.kind, "namespace": r.namespace, "name": r.name, "source": r.where.source, "line": r.where.line, "body": _Plain().of(body)}


def _secret(body: dict[str, Any]) -> dict[str, Any]:
    """Return what may be told of a Secret: that it is there."""
    meta = mapping(body.get("metadata"))
    return {"kind": "Secret", "metadata": {k: meta[k] for k in ("name", "namespace") if k in meta}}


def resource(value: object) -> Resource:
    """Return the resource that `of_resource` wrote. Raises `ValueError` for anything else."""
    d = mapping(value)
    body = _value(d.get("body"))
    if not isinstance(body, dict):
        raise ValueError("no resource of a bundle")  # noqa: TRY004
    where = Where(_text(d, "source"), _count(d, "line"))
    return Resource(_text(d, "kind"), _text(d, "namespace"), _text(d, "name"), cast("dict[str, Any]", body), where)


# --- inputs, gaps, collectors -----------------------------------------------------------------------------------------


def of_input(i: InputSeen) -> dict[str, Any]:
    """Return what was told of an input; times are microseconds since the epoch, as everywhere in a manifest but in `taken`."""
    return {
        "source": i.source, "kind": i.kind, "lines": i.lines, "size": i.size, "first": i.first, "last": i.last, "whole": i.whole, "note": i.note,
        "programs": sorted(i.programs), "obfuscated": i.obfuscated,
        "heard": [[*key, time] for key, time in sorted(i.heard.items())],
        "boots": {b: {"first": t.first, "last": t.last, "settings": [[s, *x] for s, x in sorted(t.settings.items())]} for b, t in sorted(i.boots.items())},
    }  # fmt: skip


def input_seen(value: object) -> InputSeen:
    """Return the input that `of_input` wrote. Raises `ValueError` for anything else."""
    d = mapping(value)
    seen = InputSeen(
        _text(d, "source"), _text(d, "kind"), _count(d, "lines"), _count(d, "size"), _number(d, "first"), _number(d, "last"),
        _yes(d, "whole", default=True), _text(d, "note"), set(_texts(d, "programs")), _yes(d, "obfuscated"),
    )  # fmt: skip
    for row in map(items, items(d.get("heard"))):
        if len(row) != 4 or not isinstance(row[0], str) or not isinstance(row[1], str):
            raise ValueError("heard is no list of program, boot, setting and time")
        seen.heard[row[0], row[1], _whole(row[2], "heard")] = _whole(row[3], "heard")
    for boot, told in mapping(d.get("boots")).items():
        times = seen.boots[boot] = BootSeen(_number(mapping(told), "first"), _number(mapping(told), "last"))
        for row in map(items, items(mapping(told).get("settings"))):
            if len(row) != 3:
                raise ValueError("settings are no list of setting, since and until")
            times.settings[_whole(row[0], "setting")] = _whole(row[1], "since"), _whole(row[2], "until")
    return seen


def of_gap(g: Gap) -> dict[str, Any]:
    """Return a gap."""
    return {"source": g.source, "reason": g.reason, "hint": g.hint, "kind": g.kind, "hides": g.hides, "values": [list(v) for v in g.values]}


def gap(value: object) -> Gap:
    """Return the gap that `of_gap` wrote. Raises `ValueError` for anything else."""
    d = mapping(value)
    values: list[tuple[str, str]] = []
    for pair in map(items, items(d.get("values"))):
        if len(pair) != 2 or not isinstance(pair[0], str) or not isinstance(pair[1], str):
            raise ValueError("values are no pairs of texts")
        values.append((pair[0], pair[1]))
    return Gap(_text(d, "source"), _text(d, "reason"), _text(d, "hint"), _text(d, "kind", "unreadable"), _yes(d, "hides", default=True), tuple(values))


def of_collected(c: Collected) -> dict[str, Any]:
    """Return what a collector came to."""
    return {"name": c.name, "state": c.state, "found": c.found, "seconds": round(c.seconds, 3)}


def collected(value: object) -> Collected:
    """Return what `of_collected` wrote. Raises `ValueError` for anything else."""
    d = mapping(value)
    seconds = d.get("seconds", 0.0)
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or not math.isfinite(seconds):
        raise ValueError("seconds is no number")
    state = _text(d, "state")
    if state not in _STATES:
        raise ValueError(f"unknown state {state!r}")
    return Collected(_text(d, "name"), state, _count(d, "found"), float(seconds))


def of_zone(z: ZoneSeen) -> dict[str, Any]:
    """Return the zone in which stamps were read."""
    return {"name": z.name, "source": z.source}


def zone(value: object) -> ZoneSeen:
    """Return what `of_zone` wrote. Raises `ValueError` for anything else."""
    d = mapping(value)
    return ZoneSeen(_text(d, "name"), _text(d, "source"))
