"""What files of a node tell of its time zone, and of the moment at which they were collected.

Sources: sos plugins date (`date`, `date --utc`, /etc/localtime) and systemd (`timedatectl`); timedatectl(1), localtime(5), tzfile(5).
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import NamedTuple

from diagnose.errors import UsageError
from diagnose.parse.when import zone
from diagnose.pattern import lazy
from diagnose.record import dataclass

SMALL = 64 * 1024
"""Bytes up to which such a file is looked at."""
_SIGN = lazy(
    r"(?P<root>(?:.*/)?)(?:(?P<file>etc/(?:localtime|timezone))"
    r"|(?:(?:sos_commands|sos_strings)/[\w-]+|insights_commands)/(?P<command>date|date_--utc|timedatectl(?:_show|_status)?))"
)
_NAME = lazy(r"/zoneinfo/(?:posix/|right/)?([A-Za-z0-9_+/-]+)$")
_TIMEDATECTL = lazy(r"(?m)^\s*Time ?zone[:=] ?(?P<name>[A-Za-z0-9_+/-]+)(?: \([^,)]*, (?P<offset>[+-]\d{4})\))?")
_UNIVERSAL = lazy(r"(?m)^\s*Universal time: \w{3} (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC")
_DATE = lazy(
    r"(?m)^[A-Z][a-z]{2} (?P<day>[A-Z][a-z]{2} [ \d]\d) (?P<clock>\d\d:\d\d:\d\d)(?: (?P<half>AM|PM))? (?P<zone>[A-Z]{1,5}|[+-]\d{2}(?:\d{2})?) (?P<year>\d{4})\s*$"
)
_STEP = 15 * 60
"""Seconds that every zone in use is a multiple of away from UTC."""
_SLACK = 90
"""Seconds between two commands, or between a line and its logging."""
_FARTHEST = 14 * 3600


class Local(NamedTuple):
    """The clock of the node that evidence came from."""

    zone: tzinfo | None
    moment: datetime | None
    """When the evidence was collected."""
    name: str
    origin: str
    """The file that tells the zone."""


def sign(path: str) -> tuple[str, str] | None:
    """Return the root of the tree and what it is, of a file that tells of the node's zone; None for any other."""
    m = _SIGN.fullmatch(path)
    return (m["root"], m["file"] or m["command"]) if m else None


@dataclass(slots=True)
class Signs:
    """What the files of one tree tell."""

    named: tzinfo | None = None
    name: str = ""
    origin: str = ""
    offset: tzinfo | None = None
    """The zone by the distance between two clocks, which knows no summer time."""
    local: datetime | None = None
    """`date`'s answer, without a zone; `universal` has one."""
    universal: datetime | None = None

    def link(self, target: str, path: str) -> None:
        """Take the target of the link /etc/localtime."""
        m = _NAME.search(target)
        if m is not None:
            self._called(m[1], path)

    def read(self, what: str, raw: bytes, path: str) -> None:
        """Take a file's content; what is not understood tells nothing."""
        import io
        from zoneinfo import ZoneInfo

        text = raw.decode("utf-8", "replace")
        if what == "etc/localtime" and raw.startswith(b"TZif"):
            if self.named is None:
                try:
                    self.named = ZoneInfo.from_file(io.BytesIO(raw))
                except Exception:  # noqa: BLE001 - on broken data the library raises whatever it stumbles over
                    return
                self.name, self.origin = "/etc/localtime", path
        elif what in ("etc/localtime", "etc/timezone"):
            self._called(text.strip(), path)
        elif what.startswith("timedatectl"):
            self._timedatectl(text, path)
        else:
            self._date(text, path, utc=what == "date_--utc")

    @property
    def whole(self) -> bool:
        """True if nothing better can follow."""
        return self.named is not None and self.universal is not None

    def found(self) -> Local:
        """Return what is known."""
        moment, tz = self.universal, self.named or self.offset
        if self.local is not None and self.universal is not None and tz is None:
            tz = nearest((self.local - self.universal.replace(tzinfo=None)).total_seconds())
        if moment is None and self.local is not None and tz is not None:
            moment = self.local.replace(tzinfo=tz).astimezone(UTC)
        return Local(tz, moment, self.name or (str(tz) if tz is not None else ""), self.origin)

    def _called(self, name: str, path: str) -> None:
        if self.named is not None or not name:
            return
        try:
            self.named, self.name, self.origin = zone(name), name, path
        except UsageError:  # not known here: the offset has to do
            return

    def _timedatectl(self, text: str, path: str) -> None:
        m = _TIMEDATECTL.search(text)
        if m is not None:
            self._called(m["name"], path)
            if m["offset"] and self.named is None:
                self.offset, self.origin = zone(m["offset"]), path
        m = _UNIVERSAL.search(text)
        if m is not None:
            self.universal = self.universal or _naive(m[1], "%Y-%m-%d %H:%M:%S", UTC)

    def _date(self, text: str, path: str, *, utc: bool) -> None:
        m = _DATE.search(text)
        if m is None:
            return
        half = m["half"] or ""
        at = _naive(f"{' '.join(m['day'].split())} {m['year']} {m['clock']} {half}".strip(), f"%b %d %Y {'%I' if half else '%H'}:%M:%S{' %p' if half else ''}")
        if at is None:
            return
        if m["zone"] in ("UTC", "GMT"):
            self.universal = self.universal or at.replace(tzinfo=UTC)
        if utc:
            return
        self.local, self.origin = at, self.origin or path
        if m["zone"] == "UTC":
            self.offset = UTC
        elif m["zone"][0] in "+-":
            self.offset = zone(m["zone"].ljust(5, "0"))


def _naive(text: str, form: str, tz: tzinfo | None = None) -> datetime | None:
    try:
        return datetime.strptime(text, form).replace(tzinfo=tz)
    except ValueError:
        return None


def nearest(seconds: float) -> tzinfo | None:
    """Return the zone that is about that many seconds east of UTC, or None where none is."""
    step = round(seconds / _STEP) * _STEP
    if abs(seconds - step) > _SLACK or abs(step) > _FARTHEST:
        return None
    return timezone(timedelta(seconds=step)) if step else UTC


# A line with the journal's local stamp, and at once the program's own with its zone: CRI-O, Multus, etcd, a container's log.
_TWICE = lazy(
    r"(?m)^(?P<outer>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)(?:\.\d+)? \S+ [^\s:]+: (?:time=\"|\{\"level\":\"\w+\",\"ts\":\"|(?=\d))"
    r"(?P<year>\d{4})(?P<inner>-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.\d+)?(?P<zone>Z|[+-]\d\d:?\d\d)\b"
)


def of_lines(text: str) -> tzinfo | None:
    """Return the zone of year-less stamps before stamps that name theirs, if at least two lines and most of all tell the same one."""
    found: Counter[int] = Counter()
    for m in _TWICE.finditer(text):
        inner = _naive(m["year"] + m["inner"].replace("T", " "), "%Y-%m-%d %H:%M:%S", zone("+00:00" if m["zone"] == "Z" else m["zone"]))
        if inner is None:
            continue
        inner = inner.astimezone(UTC).replace(tzinfo=None)
        years = (_naive(f"{inner.year + year} {' '.join(m['outer'].split())}", "%Y %b %d %H:%M:%S") for year in (-1, 0, 1))
        outers = [o for o in years if o is not None]
        away = min(((o - inner).total_seconds() for o in outers), key=abs, default=None)
        tz = nearest(away) if away is not None else None
        offset = tz.utcoffset(None) if tz is not None else None
        if offset is not None:
            found[round(offset.total_seconds())] += 1
    ((seconds, count),) = found.most_common(1) or ((0, 0),)
    return nearest(seconds) if count >= 2 and count * 5 >= found.total() * 4 else None
