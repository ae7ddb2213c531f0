"""Reads a stream of log records of any size: raw bytes are scanned, and a record is parsed only around a hit.

Every format knows only where a record ends and how to take one apart; the loop, the carrying over of what a block cuts,
and the joining of messages that stand in several records are here, once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Protocol, cast

from diagnose.collect.foreign import is_obfuscated
from diagnose.collect.signs import Read, Unread
from diagnose.model import InputSeen, Record, Where
from diagnose.parse.kube import event_row
from diagnose.parse.line import Line, journal_line, parse_line, program_line
from diagnose.parse.when import Clock
from diagnose.pattern import lazy
from diagnose.record import dataclass
from diagnose.scan import Scanner

BLOCK = 1024 * 1024
AHEAD = 24
"""Records kept unread at a block's end, so that a message that goes on in the next ones can be joined."""
_HEAD = 64 * 1024
"""Bytes of a sampled record that are looked at."""
_CLOSE, _NEAR, _FAR, _FIRST = 256, 64 * 1024, 512 * 1024, 4 * 1024 * 1024
"""Bytes from one record that is parsed without a hit to the next, to learn whose log it is and from when: at the beginning, within the first bytes, and later."""
LONGEST = 4 * 1024 * 1024
"""Bytes after which a record without an end is cut."""
_ANSI = lazy(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|#033\[[0-9;]*m")


class Format(Protocol):
    """What the loop must know of a log format."""

    kind: str

    def cut(self, data: bytes) -> int:
        """Return the offset behind the last whole record that has `AHEAD` whole records after it, or 0."""
        ...

    def start(self, data: bytes, at: int) -> int:
        """Return where the record that holds offset `at` begins."""
        ...

    def end(self, data: bytes, at: int) -> int:
        """Return the offset behind the record that holds offset `at`."""
        ...

    def parse(self, raw: bytes) -> Entry | None:
        """Take one record apart; None for what is not a record."""
        ...

    def brief(self, raw: bytes) -> bytes:
        """Return a record without what is not looked at."""
        ...

    def count(self, data: bytes, start: int, end: int) -> int:
        """Return how many records end in that part of `data`."""
        ...


class Entry:
    """One record of a log, its journal fields taken out; `line` is the message taken apart."""

    __slots__ = ("boot", "cursor", "form", "host", "ident", "line", "offset", "pid", "raw", "time")

    def __init__(
        self, raw: str, line: Line, *, time: str = "", form: str = "", host: str = "", ident: str = "", pid: str = "", boot: str = "", cursor: str = "",
        offset: int | None = None,
    ) -> None:  # fmt: skip
        self.raw = raw
        self.line = line
        self.time = time or line.time
        self.form = form if time else line.form
        self.host = host or line.host
        self.ident = ident or line.ident
        self.pid = pid or line.pid
        self.boot = boot
        self.cursor = cursor
        self.offset = offset


def clean(raw: bytes) -> str:
    """Decode log bytes; colours go, bytes that are no UTF-8 become replacement characters."""
    text = raw.decode("utf-8", "replace").replace("\0", "")
    return _ANSI.sub("", text) if "\x1b" in text or "#033[" in text else text


class LineFormat:
    """One record a line: journalctl's short forms and `cat`, and every program's own log."""

    kind = "text"

    def cut(self, data: bytes) -> int:
        at = len(data)
        for _ in range(AHEAD + 1):
            at = data.rfind(b"\n", 0, at)
            if at < 0:
                return 0
        return at + 1

    def start(self, data: bytes, at: int) -> int:
        return data.rfind(b"\n", 0, at) + 1

    def end(self, data: bytes, at: int) -> int:
        found = data.find(b"\n", at)
        return len(data) if found < 0 else found + 1

    def parse(self, raw: bytes) -> Entry | None:
        text = clean(raw).rstrip("\r\n")
        return Entry(text, parse_line(text))

    def brief(self, raw: bytes) -> bytes:
        return raw

    def count(self, data: bytes, start: int, end: int) -> int:
        return data.count(b"\n", start, end)


def journal_entry(fields: dict[str, Any], raw: str) -> Entry:
    """Return the entry that the fields of the journal make; `raw` is its message as it was logged."""

    def one(name: str) -> str:
        value = fields.get(name)
        if isinstance(value, list):
            values = cast("list[Any]", value)
            if values and all(isinstance(x, int) for x in values):
                return clean(bytes(x & 255 for x in values))
            value = values[-1] if values else ""
        return "" if value is None else str(value)

    message = _ANSI.sub("", one("MESSAGE"))
    ident = one("SYSLOG_IDENTIFIER") or one("_COMM") or ("kernel" if one("_TRANSPORT") == "kernel" else "")
    host, pid, stamp = one("_HOSTNAME"), one("_PID") or one("SYSLOG_PID"), one("_SOURCE_REALTIME_TIMESTAMP") or one("__REALTIME_TIMESTAMP")
    line = journal_line(ident or "unknown", message)
    if one("_TRANSPORT") == "audit":
        line = line._replace(program="audit")
    if line.program == "other" and one("_SYSTEMD_UNIT") in _UNITS:
        line = program_line(message)._replace(program=line.program if line.program != "other" else _UNITS[one("_SYSTEMD_UNIT")])
    when = f"{int(stamp) // 1_000_000}.{int(stamp) % 1_000_000:06d}" if stamp.isdigit() else ""
    cursor = one("__CURSOR")
    received, since_boot = one("__REALTIME_TIMESTAMP"), one("__MONOTONIC_TIMESTAMP")
    offset = int(received) - int(since_boot) if received.isdigit() and since_boot.isdigit() else _offset_of(cursor)
    return Entry(raw, line, time=when, form="unix", host=host, ident=ident, pid=pid, boot=one("_BOOT_ID"), cursor=cursor, offset=offset)


_CURSOR_TIMES = lazy(r";m=([0-9a-f]+);t=([0-9a-f]+)(?:;|$)")


def _offset_of(cursor: str) -> int | None:
    """Return the wall clock's offset from the monotonic clock that a cursor holds (systemd sd-journal.c, sd_journal_get_cursor)."""
    m = _CURSOR_TIMES.search(cursor)
    return int(m[2], 16) - int(m[1], 16) if m else None


_UNITS = {"microshift.service": "microshift", "crio.service": "crio", "greenboot-healthcheck.service": "greenboot", "ovs-vswitchd.service": "ovn", "ovsdb-server.service": "ovn"}  # fmt: skip


FIELDS = ("MESSAGE", "_SYSTEMD_UNIT", "SYSLOG_IDENTIFIER", "_COMM", "_TRANSPORT", "_HOSTNAME", "_PID", "SYSLOG_PID", "_BOOT_ID", "_SOURCE_REALTIME_TIMESTAMP")
"""The fields of a journal entry that are looked at, beside what journald tells of each."""
_WANTED = frozenset(x.encode() for x in ("__CURSOR", "__REALTIME_TIMESTAMP", "__MONOTONIC_TIMESTAMP", *FIELDS))


class _Separated:
    """Records with a separator between them, of which the first `KEEP` bytes end the record before."""

    SEP = b""
    KEEP = 0

    def cut(self, data: bytes) -> int:
        at = len(data)
        for _ in range(AHEAD + 1):
            at = data.rfind(self.SEP, 0, at)
            if at < 0:
                return 0
        return at + self.KEEP

    def start(self, data: bytes, at: int) -> int:
        # The separator may begin at the very offset asked for.
        found = data.rfind(self.SEP, 0, at + 1)
        return 0 if found < 0 else found + self.KEEP

    def end(self, data: bytes, at: int) -> int:
        found = data.find(self.SEP, max(at - self.KEEP + 1, 0))
        return len(data) if found < 0 else found + self.KEEP


class ExportFormat(_Separated):
    """`journalctl -o export`: fields a line each, binary ones with their length, an empty line between entries."""

    kind = "journal export"
    SEP = b"\n\n__CURSOR="
    KEEP = 2

    def parse(self, raw: bytes) -> Entry | None:
        fields = export_fields(raw)
        if "MESSAGE" not in fields:
            return None
        return journal_entry(fields, str(fields["MESSAGE"]))

    def brief(self, raw: bytes) -> bytes:
        return b"".join(_BRIEF.findall(raw)) if b"\nMESSAGE=" in raw else raw

    def count(self, data: bytes, start: int, end: int) -> int:
        return data.count(b"__CURSOR=", start, end)


_BRIEF = lazy(rb"(?m)^(?:%s)=.*\n" % b"|".join(sorted(_WANTED)))


def export_fields(raw: bytes) -> dict[str, Any]:
    """Return the fields of one export entry that are looked at; the last value of a repeated field. A field cut short ends the entry."""
    fields: dict[str, Any] = {}
    at, size = 0, len(raw)
    while at < size:
        end = raw.find(b"\n", at)
        end = size if end < 0 else end
        name, equals, value = raw[at:end].partition(b"=")
        at = end + 1
        if equals:
            if name in _WANTED:
                fields[name.decode()] = clean(value)
        elif name and at + 8 <= size:
            length = int.from_bytes(raw[at : at + 8], "little")
            if name in _WANTED:
                fields[name.decode()] = clean(raw[at + 8 : at + 8 + length])
            at += 8 + length + 1
    return fields


def entries(stream: BinaryIO) -> Iterator[dict[str, str]]:
    """Yield the fields of each entry of a stream in export form, also of those without a message. What is cut short ends it."""
    fields: dict[str, str] = {}
    while raw := stream.readline():
        name, equals, value = raw.rstrip(b"\n").partition(b"=")
        if not name:
            if fields:
                yield fields
            fields = {}
            continue
        if not equals:
            value = stream.read(min(int.from_bytes(stream.read(8), "little"), LONGEST))
            stream.readline()
        fields[clean(name)] = clean(value)
    if fields:
        yield fields


class JsonFormat(LineFormat):
    """`journalctl -o json`, `json-seq`, `json-sse`: one JSON object a line."""

    kind = "journal json"

    def parse(self, raw: bytes) -> Entry | None:
        body = raw.strip(b"\x1e\r\n ")
        if body.startswith(b"data: "):
            body = body[6:]
        try:
            fields = json.loads(body)
        except (ValueError, RecursionError):
            return None
        if not isinstance(fields, dict):
            return None
        d = cast("dict[str, Any]", fields)
        if "__REALTIME_TIMESTAMP" not in d:
            return super().parse(raw)  # a line of another program's JSON log among them
        if d.get("MESSAGE") is None:
            return None
        entry = journal_entry(d, "")
        entry.raw = entry.line.message if not isinstance(d["MESSAGE"], str) else d["MESSAGE"]
        return entry

    def count(self, data: bytes, start: int, end: int) -> int:
        return data.count(b'"__REALTIME_TIMESTAMP"', start, end)


class PrettyFormat(_Separated, JsonFormat):
    """`journalctl -o json-pretty`: an object over many lines."""

    kind = "journal json-pretty"
    SEP = b"\n}\n{"
    KEEP = 3


class VerboseFormat:
    """`journalctl -o verbose`: a head line, then the fields indented by four spaces."""

    kind = "journal verbose"
    _HEAD = lazy(rb"(?m)^(?=\S[^\n]*\[s=)")

    def cut(self, data: bytes) -> int:
        starts = [m.start() for m in self._HEAD.finditer(data, max(0, len(data) - 512 * 1024))]
        return starts[-AHEAD - 1] if len(starts) > AHEAD else 0

    def start(self, data: bytes, at: int) -> int:
        line = data.rfind(b"\n", 0, at) + 1
        while line > 0 and data[line : line + 1] in (b" ", b"\n", b"\t"):
            line = data.rfind(b"\n", 0, line - 1) + 1
        return line

    def end(self, data: bytes, at: int) -> int:
        m = self._HEAD.search(data, data.find(b"\n", at) + 1 if data.find(b"\n", at) >= 0 else len(data))
        return m.start() if m else len(data)

    def parse(self, raw: bytes) -> Entry | None:
        head, _, body = clean(raw).partition("\n")
        fields: dict[str, Any] = {}
        name = ""
        for line in body.split("\n"):
            m = re.match(r"^ {4}([A-Z_][A-Z0-9_]*)=(.*)$", line)
            if m:
                name = m[1]
                fields[name] = m[2]
            elif name and line.strip():
                fields[name] += "\n" + line.strip()
        if "MESSAGE" not in fields:
            return None
        entry = journal_entry(fields, str(fields["MESSAGE"]))
        stamp, _, cursor = head.partition(" [")
        if not entry.time:
            entry.time, entry.form = stamp.strip(), "full"
        entry.cursor = entry.cursor or cursor.rstrip("]")
        entry.offset = entry.offset if entry.offset is not None else _offset_of(entry.cursor)
        return entry

    def brief(self, raw: bytes) -> bytes:
        return raw

    def count(self, data: bytes, start: int, end: int) -> int:
        return sum(1 for _ in self._HEAD.finditer(data, start, end))


_POD_KEY = lazy(r'\bpod="([a-z0-9.-]+/[a-z0-9.-]+)"')


def to_record(entry: Entry, clock: Clock, where: Where) -> Record:
    """Return the record of one entry; an event row in a log line becomes an event."""
    line = entry.line
    time = clock.read(entry.form, entry.time)
    pod = line.fields.get("pod", "")
    if not pod and 'pod="' in line.message:
        m = _POD_KEY.search(line.message)
        pod = m[1] if m else ""
    if pod and "/" not in pod:
        pod = ""
    program = line.program
    reason = ""
    if not program and ("Normal" in line.message or "Warning" in line.message):
        row = event_row(entry.raw)
        if row is not None:
            pod = f"{row.namespace}/{row.name}" if row.kind in ("pod", "") and row.name else ""
            return Record(time, "event", row.message, where, entry.raw, pod=pod, reason=row.reason, times=row.times, level=row.type)
    if line.fields.get("reason") and line.fields.get("object"):
        program, reason, pod = "event", line.fields["reason"], line.fields["object"] if line.fields.get("kind", "Pod") == "Pod" else ""
    return Record(
        time, program, line.message, where, entry.raw, entry.ident, entry.pid, entry.host, entry.boot, entry.offset, line.level, pod, reason, like=line.like
    )


def _above(data: bytes, fmt: Format, start: int) -> Iterator[tuple[int, int, Entry]]:
    """Yield (start, end, entry) of the records above the one at `start`, the nearest first, as far as a message may reach."""
    for _ in range(AHEAD):
        if start <= 0:
            return
        start = fmt.start(data, start - 1)
        end = fmt.end(data, start)
        entry = fmt.parse(data[start:end])
        if entry is not None:
            yield start, end, entry


def joined(data: bytes, fmt: Format, start: int, end: int, entry: Entry, clock: Clock) -> tuple[int, int, Entry]:
    """Join a message that stands in several records: klog's `err=<` blocks, and indented lines below a head."""
    body = entry.line.message
    if entry.raw.startswith(("-- Boot ", "-- Reboot")):
        return start, end, _dated(data, fmt, start, end, entry, clock)
    if not entry.line.form and not entry.time and entry.raw[:1] in (" ", "\t"):
        for back, head_end, head in _above(data, fmt, start):
            if head.time:
                below = clean(data[head_end:end]).rstrip("\n")
                return back, end, _relined(head, f"{head.line.message}\n{below}", clean(data[back:end]).rstrip("\n"))
    if entry.ident and (body[:1] in ("\t", " ") or body.strip() in ("'", ">")):
        for back, head_end, head in _above(data, fmt, start):
            if head.pid != entry.pid or head.ident != entry.ident:
                continue
            if _opens(head):
                start, end, entry = back, head_end, head
                break
            if head.line.message[:1] not in ("\t", " "):
                break
    if not _opens(entry):
        return start, end, entry
    message, raw = _text_of(entry), entry.raw
    at = end
    for _ in range(AHEAD):
        if at >= len(data):
            break
        stop = fmt.end(data, at)
        more = fmt.parse(data[at:stop])
        at = stop
        if more is None or more.pid != entry.pid or more.ident != entry.ident:
            continue
        body = more.line.message
        if more.line.form == "klog" or (body and body[:1] not in ("\t", " ") and body.strip() != ">" and not body.startswith(" >")):
            break
        message += "\n" + body
        raw += "\n" + more.raw
        end = stop
        if body.strip().startswith(">"):
            break
    return start, end, _relined(entry, message, raw)


def _dated(data: bytes, fmt: Format, start: int, end: int, entry: Entry, clock: Clock) -> Entry:
    """Give the line that journalctl prints between two boots the time of the newer boot's first line: below it, or with `-r` above."""
    beside = [fmt.parse(data[end : fmt.end(data, end)]) if end < len(data) else None, next((e for _, _, e in _above(data, fmt, start)), None)]
    newer = max((e for e in beside if e is not None and e.time), key=lambda e: clock.read(e.form, e.time) or 0, default=None)
    if newer is not None:
        entry.time, entry.form, entry.host = newer.time, newer.form, newer.host
    return entry


def _opens(entry: Entry) -> bool:
    return entry.raw.rstrip().endswith("=<")


_KLOG_HEAD = lazy(r"(?:(?<=: )|^)(?:[\w?.-]+ )?[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ [^\]]+\] ")


def _text_of(entry: Entry) -> str:
    """Return the program's own line: from klog's head on, without the journal's."""
    m = _KLOG_HEAD.search(entry.raw)
    return entry.raw[m.start() :] if m else entry.raw


def _relined(head: Entry, message: str, raw: str) -> Entry:
    line = program_line(message)
    if line.program in ("", "pod-log", "other"):
        line = line._replace(program=head.line.program)
    return Entry(
        raw, line, time=head.time, form=head.form, host=head.host, ident=head.ident, pid=head.pid, boot=head.boot, cursor=head.cursor, offset=head.offset
    )


@dataclass(slots=True)
class Part:
    """A part of a stream, from a record's start to another's; what stands before `start` was read by whoever reads the part before."""

    context: int = 0
    """Where reading begins: `AHEAD` records and more before `start`, of which none holds a literal."""
    start: int = 0
    end: int | None = None
    """None: the end of the stream."""
    newlines: int = 0
    """How many there are in the part; known once it was read to `end`."""


def records(stream: BinaryIO, fmt: Format, scan: Scanner, clock: Clock, seen: InputSeen) -> Iterator[Record]:
    """Yield the records of `stream` that hold one of the scanner's literals, in order; count what was read into `seen`.

    Memory stays flat: about two blocks, whatever the size of the stream. Errors of the stream are the caller's.
    """
    return cast("Iterator[Record]", scanned(stream, fmt, scan, clock, seen))


def scanned(
    stream: BinaryIO, fmt: Format, scan: Scanner, clock: Clock, seen: InputSeen, part: Part | None = None, *, apart: bool = False
) -> Iterator[Record | Unread | None]:
    """Yield as `records` does; `apart`: what only tells that something works as `Unread`, for `reader`, and None at the end of the input.

    Of a `part`, whose context `stream` begins with, lines are counted from its start.
    """
    part = part or Part()
    numbered = not isinstance(fmt, (ExportFormat, VerboseFormat, PrettyFormat))
    carry = stream.read(part.start - part.context) if part.start > part.context else b""
    fresh = len(carry)  # where in `carry` the bytes begin that were not scanned yet
    above = carry.count(b"\n")
    newlines = 0
    line = 1 - above  # the number of the line that `carry` begins with
    state = _State(part.start)
    at = part.start
    while True:
        # However the stream is cut into parts, blocks end at the same places.
        block = stream.read(BLOCK - at % BLOCK)
        at += len(block)
        seen.size += len(block)
        data = carry + block
        base = at - len(data)
        limit = fmt.cut(data) if block else len(data)
        if limit <= fresh and len(data) - fresh > LONGEST:
            limit = len(data)
        last = not block
        if part.end is not None and base + limit >= part.end:
            limit, last = part.end - base, True
            seen.size -= at - part.end
        if limit > fresh:
            whole = last and part.end is None
            place = Place(seen.source, line, numbered)
            yield from _in_block(data, base, fresh, limit, fmt, scan, clock, place, seen, state, apart=apart, last=whole)
            # Keep some records before the limit, for messages whose head stands above the hit.
            keep = limit
            for _ in range(AHEAD):
                if keep <= 0 or limit - keep > LONGEST:
                    break
                keep = fmt.start(data, keep - 1)
            if numbered:
                newlines = place.count(data, limit) - above
                below = data.count(b"\n", keep, limit)
                line += above + newlines - below
                above = below
                part.newlines = line - 1 + below
            seen.lines += newlines if type(fmt) is LineFormat else fmt.count(data, fresh, limit)
            carry, fresh = data[keep:], limit - keep
        else:
            carry = data
        if last:
            if part.end is not None:
                return
            if numbered and data and not data.endswith(b"\n"):
                seen.lines += 1
            if apart:
                yield None
            return


def reader(fmt: Format, clock: Clock, source: str) -> Read:
    """Return what reads the signs that `scanned` yields of `source`; it sets `clock`, which must be nobody else's."""

    def read(sign: Unread) -> Record | None:
        entry = fmt.parse(sign.raw)
        clock.resume(cast("int", sign.key))
        return None if entry is None else to_record(entry, clock, Where(source, 0, entry.cursor))

    return read


def _sample(entry: Entry | None, clock: Clock, seen: InputSeen) -> None:
    if entry is None:
        return
    seen.hear(entry.line.program, clock.read(entry.form, entry.time), entry.boot, entry.offset)


def _sample_from(offset: int) -> int:
    """Return the first offset of the stream, from `offset` on, at which a record is looked at without a hit."""
    step = _CLOSE if offset < 16 * _CLOSE else min(_NEAR, 1 << (offset.bit_length() - 4)) if offset < _FIRST else _FAR
    return -(-offset // step) * step


class Place:
    """Counts lines up to an offset, forwards only."""

    def __init__(self, source: str, line: int, numbered: bool) -> None:  # noqa: FBT001 - private
        self._source = source
        self._first = self._line = line
        self._at = 0
        self._numbered = numbered

    def count(self, data: bytes, end: int) -> int:
        """Return how many lines end up to offset `end` of the block."""
        return self.where(data, end, "").line - self._first

    def where(self, data: bytes, offset: int, cursor: str) -> Where:
        """Return the place of the record at `offset` of the block."""
        if not self._numbered:
            return Where(self._source, 0, cursor)
        if offset >= self._at:
            self._line += data.count(b"\n", self._at, offset)
        else:
            self._line -= data.count(b"\n", offset, self._at)
        self._at = offset
        return Where(self._source, self._line, cursor)


class _State:
    """Offsets of the stream up to which everything was told, up to which records were sampled, and at which signs of obfuscation were last looked for."""

    __slots__ = ("done", "judged", "sampled")

    def __init__(self, start: int) -> None:
        self.done = self.sampled = start
        self.judged = start - _NEAR


def _in_block(
    data: bytes, base: int, fresh: int, limit: int, fmt: Format, scan: Scanner, clock: Clock, place: Place, seen: InputSeen, state: _State, *, apart: bool,
    last: bool,
) -> Iterator[Record | Unread]:  # fmt: skip
    """Yield the records with a hit, and look at samples between them: in the order of the text, which tells a clock that was put back.

    `data` begins at `base` of the stream; what begins beyond `limit` is of a later block; `last`: there is none.
    """
    sample = _sample_from(base + fresh) - base
    hits = scan.find(memoryview(data)[fresh:limit])
    number, count = 0, len(hits)
    done = state.done - base
    while True:
        at = fresh + hits[number][0] if number < count else limit
        while sample < limit and sample <= at:
            if base + sample >= state.sampled:
                _look(data, base, sample, fmt, clock, seen, state)
            sample = _sample_from(base + sample + 1) - base
        if number >= count:
            break
        if at < done:
            number += 1
            continue
        start, end = fmt.start(data, at), fmt.end(data, at)
        literals = {hits[number][1]}
        number += 1
        while number < count and fresh + hits[number][0] < end:
            literals.add(hits[number][1])
            number += 1
        done = end
        raw = data[start:end]
        told = scan.tells(raw, literals)
        if told == "sign" and apart:
            yield Unread(fmt.brief(raw), clock.before)
            continue
        entry = fmt.parse(raw) if told else None
        if entry is None:
            continue
        start, end, entry = joined(data, fmt, start, end, entry, clock)
        done = max(done, end)
        if base + end > state.judged + _NEAR and not seen.obfuscated:
            state.judged = base + end
            seen.obfuscated = is_obfuscated(data[start:end])
        yield to_record(entry, clock, place.where(data, start, entry.cursor))
    state.done = max(state.done, base + done)
    if last and base + limit > state.sampled:
        _look(data, base, limit - 1, fmt, clock, seen, state)


def _look(data: bytes, base: int, at: int, fmt: Format, clock: Clock, seen: InputSeen, state: _State) -> None:
    """Look at the record that holds the byte `at`, whatever it tells."""
    start, end = fmt.start(data, at), fmt.end(data, at)
    state.sampled = base + end
    raw = data[start : min(end, start + _HEAD)]
    _sample(fmt.parse(raw), clock, seen)
    seen.obfuscated = seen.obfuscated or is_obfuscated(raw)
