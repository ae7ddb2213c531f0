"""Kubernetes text: event tables, `describe`, pod tables, and the objects of YAML and JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from diagnose.parse.tree import items, mapping
from diagnose.parse.when import age_seconds
from diagnose.pattern import lazy

NETWORKS = "k8s.v1.cni.cncf.io/networks"
"""The annotation that asks for networks (Network Plumbing Working Group, Multi-Network Spec)."""


class EventRow(NamedTuple):
    """One event as a table or `describe` prints it."""

    type: str
    reason: str
    age: str
    first_age: str
    times: int
    source: str
    namespace: str
    kind: str
    name: str
    message: str


_AGE = r"(?:\d+[smhdwy])+|<unknown>|<invalid>|[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]+ \S+"
_REASON = r"[A-Z][A-Za-z]{3,40}"
_OBJECT = r"(?P<kind>[a-z][a-z.]*|[A-Z]\w+)/(?P<name>[a-z0-9][\w.-]*)"
# `describe`: TYPE REASON AGE FROM MESSAGE
_DESCRIBE = lazy(
    rf"^\s*(?P<type>Normal|Warning)\s+(?P<reason>{_REASON})\s+(?P<age>{_AGE})(?:\s*\(x(?P<count>\d+) over (?P<first>{_AGE})\))?"
    r"\s+(?P<source>[a-z][\w.-]*(?:, ?[\w.-]+)?)\s+(?P<message>\S.*)$",
    re.DOTALL,
)
# `get events`: [NAMESPACE] LAST SEEN TYPE REASON OBJECT [SUBOBJECT] [SOURCE] MESSAGE
_GET = lazy(
    rf"^\s*(?:(?P<namespace>[a-z0-9][a-z0-9-]*)\s+)?(?P<age>{_AGE})(?:\s*\(x(?P<count>\d+) over (?P<first>{_AGE})\))?\s+(?P<type>Normal|Warning)\s+(?P<reason>{_REASON})\s+{_OBJECT}\s+(?P<message>\S.*)$",
    re.DOTALL,
)
# kubectl before 1.14: LAST SEEN FIRST SEEN COUNT NAME KIND [SUBOBJECT] TYPE REASON SOURCE MESSAGE
_OLD = lazy(
    rf"^\s*(?:(?P<namespace>[a-z0-9][a-z0-9-]*)\s+)?(?P<age>{_AGE})\s+(?P<first>{_AGE})\s+(?P<count>\d+)\s+(?P<name>[a-z0-9][\w.-]*)\s+(?P<kind>[A-Z]\w+)\s+"
    rf"(?:spec\S+\s+)?(?P<type>Normal|Warning)\s+(?P<reason>{_REASON})\s+(?P<source>[a-z][\w-]*(?:, \S+)?)\s+(?P<message>\S.*)$",
    re.DOTALL,
)
# `describe` before 1.14: FirstSeen LastSeen Count From SubObjectPath Type Reason Message
_OLD_DESCRIBE = lazy(
    rf"^\s*(?P<first>{_AGE})\s+(?P<age>{_AGE})\s+(?P<count>\d+)\s+(?P<source>\{{?[a-z][\w., -]*\}}?)\s+(?:spec\S+\s+)?(?P<type>Normal|Warning)\s+(?P<reason>{_REASON})\s+(?P<message>\S.*)$",
    re.DOTALL,
)
# The time, type, reason and message of custom columns, a UI or a chat.
_LOOSE = lazy(r"(?:^|\s)(?P<type>Normal|Warning)\s+(?P<reason>Failed\w+|NoNetworkFound|AddedInterface|NetworkNotReady|BackOff|Unhealthy|Started|Scheduled|Pulled|Created|Failed)\s+(?P<message>\S.*)$", re.DOTALL)  # fmt: skip
_WIDE_TAIL = lazy(rf"(?<!\s)\s{{2,}}(?P<first>{_AGE})\s+(?P<count>\d+)\s+\S+$")
_WIDE_HEAD = lazy(
    r"^(?:spec\.\S+\{[^}]*\}\s+)?(?P<source>kubelet, \S+|multus|default-scheduler|kubelet|[a-z][\w-]*-(?:controller|scheduler)\S*)\s{2,}(?P<message>\S.*)$",
    re.DOTALL,
)


def event_row(line: str) -> EventRow | None:
    """Return the event that a table row shows, whatever command printed it; None for any other line."""
    if "Normal" not in line and "Warning" not in line:
        return None
    for rx in (_DESCRIBE, _GET, _OLD, _OLD_DESCRIBE, _LOOSE):
        m = rx.match(line) if rx is not _LOOSE else rx.search(line)
        if m is None:
            continue
        d = {k: v or "" for k, v in m.groupdict().items()}
        message = d["message"].rstrip()
        count, first = d.get("count", ""), d.get("first", "")
        source = d.get("source", "")
        if rx is _GET:
            tail = _WIDE_TAIL.search(message)
            if tail is not None:
                count, first = tail["count"], tail["first"]
                message = message[: tail.start()]
            wide = _WIDE_HEAD.match(message)
            if wide is not None:
                source, message = wide["source"], wide["message"]
        return EventRow(
            d["type"], d["reason"], d.get("age", ""), first, int(count or 1), source,
            d.get("namespace", ""), d.get("kind", "").lower(), d.get("name", ""), message.strip(),
        )  # fmt: skip
    return None


class PodRow(NamedTuple):
    """One row of `get pods`."""

    namespace: str
    name: str
    ready: bool
    status: str
    age: int | None
    """Seconds."""


_POD_ROW = lazy(
    r"^\s*(?:(?P<namespace>[a-z0-9][a-z0-9-]*)\s+)?(?P<name>[a-z0-9][a-z0-9.-]*)\s+(?P<have>\d+)/(?P<want>\d+)\s+(?P<status>[A-Z][\w:/-]+)\s+\d+(?: \([^)]*\))?\s+(?P<age>(?:\d+[smhdwy])+)(?:\s|$)"
)


def pod_row(line: str) -> PodRow | None:
    """Return the pod that a `get pods` row shows, or None."""
    m = _POD_ROW.match(line)
    if m is None:
        return None
    return PodRow(m["namespace"] or "", m["name"], m["have"] == m["want"], m["status"], age_seconds(m["age"]))


def documents(text: str) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield every mapping in YAML or JSON `text` with its line (1-based; 0 where it is not known).

    Reads many documents, JSON lines and lists. Raises `ValueError` with the parser's words where the text is neither.
    """
    stripped = text.lstrip("\ufeff \t\r\n")
    if stripped.startswith(("{", "[")):
        decoder = json.JSONDecoder()
        at, size = 0, len(stripped)
        offset = text.count("\n", 0, len(text) - len(stripped))
        while at < size:
            value, end = decoder.raw_decode(stripped, at)
            yield from _mappings(value, offset + stripped.count("\n", 0, at) + 1)
            at = end
            while at < size and stripped[at] in " \t\r\n,\x1e":
                at += 1
        return
    import yaml

    loader = cast("type[yaml.SafeLoader]", getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    line = 1
    for part in re.split(r"(?m)^---.*$\n?", text):
        if part.strip():
            try:
                yield from _mappings(yaml.load(part, Loader=loader), line)  # noqa: S506 - a safe loader
            except yaml.YAMLError as e:
                raise ValueError(str(e)) from e
        line += part.count("\n") + 1


def _mappings(value: object, line: int) -> Iterator[tuple[dict[str, Any], int]]:
    for item in items(value):
        yield from _mappings(item, line)
    body = mapping(value)
    if not isinstance(body.get("items"), list):
        if body:
            yield body, line
        return
    # A typed list leaves kind and apiVersion out of its items.
    kind = str(body.get("kind", ""))
    typed = kind.removesuffix("List") if kind != "List" else ""
    for item in map(mapping, items(body["items"])):
        if item and typed:
            item.setdefault("kind", typed)
            item.setdefault("apiVersion", body.get("apiVersion", ""))
        if item:
            yield item, 0  # the parsers do not tell where an item of a list stands
