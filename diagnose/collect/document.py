"""Reads a small text whole: what people paste, and what kubectl prints.

Such text has no dependable lines: it is quoted, framed, wrapped inside words, cut, and mixed with remarks. Each line
is read by itself, and each paragraph once more with its lines joined.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator

from diagnose.collect.stream import Entry, clean, to_record
from diagnose.model import InputSeen, Record, Resource, Where
from diagnose.parse.kube import NETWORKS, age_seconds, documents, event_row, pod_row
from diagnose.parse.line import Line, parse_line
from diagnose.parse.tree import mapping
from diagnose.parse.when import Clock
from diagnose.pattern import lazy

_NARROWEST = 40
"""Columns of the narrowest terminal that wraps text."""
_QUOTE = lazy(r"^(?:\s{0,3}>\s?)+")
_BORDER = "\u2502\u2551"
_RULE = lazy(r"^[\s\u2500-\u257f|+=_-]+$")
_FENCE = lazy(r"^```\w*$")
_PROMPT = lazy(r"^\s*(?:\[[^\]]*@[^\]]*\]|\S+@\S+?:\S*)?\s?[$#]\s+(?=\S)")
_DESCRIBE = lazy(r"^(Name|Namespace|Status|Labels|Node):\s+(\S.*)$")
_POD_NAME = lazy(r"^[a-z0-9][a-z0-9.-]{2,252}$")
_VALUED = frozenset({"-c", "--container", "--kubeconfig", "--context", "--tail", "--since", "-l", "--selector"})
_ANNOTATION = lazy(rf"{re.escape(NETWORKS)}: ([^\[{{\"]+)$")  # JSON is printed over many lines
_ASSIGNED = lazy(r"Successfully assigned (?P<namespace>[a-z0-9-]+)/(?P<name>[a-z0-9.-]+) to ")
_NAD_HEAD = lazy(r"^\W*(?:apiVersion|piVersion|kind):\s")
_YAML_LINE = lazy(r"^(?:\s+\S.*|\s*|[\w\"'.-]+:(?:\s.*)?|- .*|[\]}'\"].*|#.*)$")


def undecorated(text: str) -> list[str]:
    """Return the lines of `text` without quote marks, table frames and carriage returns; one for each line of it."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    framed = sum(1 for x in lines if x.strip()[:1] in _BORDER and x.strip())
    found: list[str] = []
    for line in lines:
        line = _QUOTE.sub("", line)
        if framed > 1 and line.strip() and line.strip()[0] in _BORDER:
            line = line.strip().strip(_BORDER).removeprefix(" ")
        if line.strip() and _RULE.match(line) and len(line.strip()) > 3 and not line.strip().startswith("---"):
            line = ""
        found.append(line.rstrip())
    return found


def command_subject(line: str) -> tuple[str, str] | None:
    """Return (namespace, pod) of an `oc logs` or `oc describe pod` in `line`: whose output follows. None for any other line.

    kubectl's namespace is "default" unless the command names one.
    """
    words = line.split()[:24]
    at = next((n for n, w in enumerate(words) if w.strip("`$#:") in ("kubectl", "oc")), None)
    if at is None:
        return None
    namespace, name, verb = "default", "", ""
    rest = iter(words[at + 1 :])
    for word in rest:
        flag, equals, value = word.partition("=")
        if flag in ("-n", "--namespace"):
            namespace = value if equals else next(rest, namespace)
        elif word.startswith("-"):
            if flag in _VALUED and not equals:
                next(rest, None)
        elif not verb:
            if word not in ("logs", "describe", "log"):
                return None
            verb = word
        elif not name and word not in ("po", "pod", "pods"):
            name = word.removeprefix("pods/").removeprefix("pod/").removeprefix("po/").strip("`'\"")
    return (namespace, name) if name and _POD_NAME.match(name) else None


# How the messages of the kubelet's and Multus' events begin; in a list of messages alone, each is one of its own.
_EVENT_BEGINS = lazy(
    r"\(combined from similar events\): |Failed (?:to )?create pod sandbox: |error killing pod: |network is not ready: |cannot find a network-attachment-definition \("
)


def _begins(line: str, parsed: Line) -> bool:
    """Return True if `line` begins something of its own, so that it does not go on with the line above."""
    return bool(
        parsed.form
        or (parsed.program and parsed.program != "pod-log")
        or event_row(line) is not None
        or line.startswith(("```", "---", "===", "#", "apiVersion:", "kind:"))
        or _PROMPT.match(line)
        or _EVENT_BEGINS.match(line)
    )


def _readings(lines: list[str]) -> list[str]:
    """Return the wrapped lines joined, the likelier reading first.

    A terminal cuts at its width, inside words too: then several lines have one length, and belong together as they are.
    Everything else breaks lines at blanks. Where only one break could tell, both readings are returned.
    """
    width = max(len(x) for x in lines)
    full = sum(1 for x in lines if len(x) == width)
    cut = lines[0]
    for above, line in itertools.pairwise(lines):
        cut += line if len(above) == width and width >= _NARROWEST else " " + line.lstrip()
    if full > 1:
        return [cut]
    return list(dict.fromkeys([" ".join([lines[0], *(x.strip() for x in lines[1:])]), cut]))


def read(raw: bytes, clock: Clock, seen: InputSeen, base: tuple[int, bool]) -> Iterator[Record | Resource]:
    """Yield what the text holds: a record for each line or joined paragraph, a pod for each row of `get pods`.

    Every line becomes a record: what is of no interest is for the judge to say. `base` is the moment, in microseconds,
    that kubectl's ages count from, and whether it is only guessed.
    """
    text = clean(raw).lstrip("\ufeff")
    lines = undecorated(text)
    seen.lines = len(lines) - (1 if lines and not lines[-1] else 0)
    seen.size = len(raw)
    seen.programs.add("text")
    yield from _objects(lines, seen.source)
    namespace = name = ""
    paragraph: list[tuple[int, str, Line]] = []
    blank = True
    for number, line in enumerate([*lines, ""], 1):
        stripped = line.strip()
        if not stripped or _FENCE.match(stripped):
            yield from _paragraph(paragraph, clock, seen.source, base, (namespace, name))
            paragraph = []
            blank = True
            continue
        if line.startswith(("-- Boot ", "-- Reboot")):
            yield from _paragraph(paragraph, clock, seen.source, base, (namespace, name))
            paragraph = []
            beside = [clock.read(x.form, x.time) for x in map(parse_line, lines[max(0, number - 2) : number + 1])]
            yield Record(max((t for t in beside if t is not None), default=None), "", line, Where(seen.source, number), line)
            continue
        m = _DESCRIBE.match(line)
        if m is not None:
            seen.programs.add("kubectl")
            if m[1] == "Name":
                yield from _paragraph(paragraph, clock, seen.source, base, (namespace, name))
                paragraph = []
                namespace, name = "", m[2].strip()
            elif m[1] == "Namespace":
                namespace = m[2].strip()
            elif m[1] == "Status" and name and namespace:
                status = m[2].split()[0]
                yield Resource("Pod", namespace, name, {"status": {"phase": status}}, Where(seen.source, number))
            continue
        subject = command_subject(line)
        if subject is not None:
            yield from _paragraph(paragraph, clock, seen.source, base, (namespace, name))
            paragraph = []
            namespace, name = subject
            continue
        m = _ANNOTATION.search(line)
        if m is not None and name:
            body = {"metadata": {"annotations": {NETWORKS: m[1]}}}
            yield Resource("Pod", namespace, name, body, Where(seen.source, number))
            continue
        assigned = _ASSIGNED.search(line)
        if assigned is not None:
            namespace, name = assigned["namespace"], assigned["name"]
        row = pod_row(line)
        if row is not None:
            seen.programs.add("kubectl")
            yield Resource("Pod", row.namespace, row.name, {"status": {"phase": row.status, "ready": row.ready}}, Where(seen.source, number))
            continue
        parsed = parse_line(line.lstrip(" `"))
        if _begins(line, parsed) and not blank:
            yield from _paragraph(paragraph, clock, seen.source, base, (namespace, name))
            paragraph = []
        paragraph.append((number, line, parsed))
        blank = False


def _paragraph(lines: list[tuple[int, str, Line]], clock: Clock, source: str, base: tuple[int, bool], pod: tuple[str, str]) -> Iterator[Record]:
    if not lines:
        return
    several = len(lines) > 1
    span = (lines[0][0], lines[-1][0]) if several else None
    joined: list[Record] = []
    if several:
        raw = "\n".join(x[1] for x in lines)
        for text in _readings([x[1] for x in lines]):
            one = _record(text, parse_line(text), clock, Where(source, lines[0][0]), base, pod)
            joined.append(one._replace(raw=raw, span=span))
    headed = bool(lines[0][2].form) or event_row(lines[0][1]) is not None
    if headed:
        # A log line or a table row that goes on below: the joined form says it all.
        yield from joined
    for number, line, parsed in lines:
        one = _record(line, parsed, clock, Where(source, number), base, pod)
        yield one._replace(part=several, span=span if headed else None)
    if not headed:
        yield from joined


def _record(text: str, parsed: Line, clock: Clock, where: Where, base: tuple[int, bool], pod: tuple[str, str]) -> Record:
    row = event_row(text)
    if row is not None:
        at, first = _aged(row.age, base[0]), _aged(row.first_age, base[0])
        who = f"{row.namespace}/{row.name}" if row.kind in ("pod", "po") and row.name else "/".join(pod) if pod[1] and not row.name else ""
        return Record(at, "event", row.message, where, text, pod=who, reason=row.reason, times=row.times, first=first, level=row.type, relative=base[1])
    record = to_record(Entry(text, parsed), clock, where)
    if not record.pod and pod[1] and record.program in ("", "pod-log", "kubelet"):
        record = record._replace(pod="/".join(pod))
    return record


def _aged(age: str, base: int) -> int | None:
    seconds = age_seconds(age)
    return None if seconds is None else base - seconds * 1_000_000


def _objects(lines: list[str], source: str) -> Iterator[Resource]:
    """Yield the Kubernetes objects written out amid other text, as far as they can be parsed."""
    number = 0
    while number < len(lines):
        if not _NAD_HEAD.match(lines[number]):
            number += 1
            continue
        end = number
        while end < len(lines) and _YAML_LINE.match(lines[end]) and not lines[end].startswith("```"):
            end += 1
        block = "\n".join(lines[number:end]).replace("piVersion:", "apiVersion:").replace("aapiVersion:", "apiVersion:")
        try:
            for body, line in documents(block):
                yield from resource(body, Where(source, number + max(line, 1)))
        except (ValueError, RecursionError):
            pass  # It is text like any other: its lines are read below.
        number = max(end, number + 1)


def resource(body: dict[str, object], where: Where) -> Iterator[Resource]:
    """Yield `body` as a resource if it has a kind and a name."""
    meta = mapping(body.get("metadata"))
    if meta and isinstance(body.get("kind"), str):
        yield Resource(str(body["kind"]), str(meta.get("namespace") or ""), str(meta.get("name") or meta.get("generateName") or ""), body, where)


def mostly_logs(lines: list[str]) -> bool:
    """Return True if nearly all lines have a log's head, so that the text is a log and not a paste."""
    counted = Counter(bool(parse_line(x).form) for x in lines if x.strip())
    total = counted[True] + counted[False]
    return total > 0 and counted[True] >= 0.9 * total
