"""Time stamps of logs: to microseconds since the epoch, with the year and zone that the text leaves out."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from diagnose.errors import UsageError
from diagnose.pattern import lazy

# Abbreviated months as glibc's locales print them with %b (localedata: abmon), without a trailing dot.
_MONTHS: dict[str, int] = {}
for _names in (
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "jan feb mär apr mai jun jul aug sep okt nov dez",
    "jän feb mär apr mai jun jul aug sep okt nov dez",
    "janv févr mars avril mai juin juil août sept oct nov déc",
    "janv févr mars avr mai juin juil août sept oct nov déc",
    "ene feb mar abr may jun jul ago sep oct nov dic",
    "gen feb mar apr mag giu lug ago set ott nov dic",
    "jan fev mar abr mai jun jul ago set out nov dez",
    "jan feb mrt apr mei jun jul aug sep okt nov dec",
    "sty lut mar kwi maj cze lip sie wrz paź lis gru",
    "янв фев мар апр май июн июл авг сен окт ноя дек",
    "led úno bře dub kvě čen čec srp zář říj lis pro",
    "jan feb mar apr maj jun jul aug sep okt nov dec",
    "oca şub mar nis may haz tem ağu eyl eki kas ara",
    "1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月",
    "1월 2월 3월 4월 5월 6월 7월 8월 9월 10월 11월 12월",
):
    for _number, _name in enumerate(_names.split(), 1):
        _MONTHS.setdefault(_name, _number)

# Only where a program puts its time stamp; a date in a message may be any (when a certificate ends).
_FULL_DATE = lazy(r"(?m)(?:^|time=\"|\"ts\":\"|\]: )(20\d\d)-(\d\d)-(\d\d)[T ]\d\d:\d\d")
_OFFSET = lazy(r"^([+-])(\d\d):?(\d\d)$")
_AGE = lazy(r"(\d+)([smhdwy])")
_END = 253_402_300_800_000_000
"""Microseconds since the epoch of the year 10000, which no calendar here holds."""
_NONE = timedelta()
_DISORDER = 120_000_000
"""Microseconds by which a line may stand before an older one."""
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}


def zone(name: str) -> tzinfo:
    """Return the time zone of an IANA name, "UTC" or an offset such as "+02:00". Raises `UsageError`."""
    m = _OFFSET.match(name)
    if m:
        delta = timedelta(hours=int(m[2]), minutes=int(m[3]))
        if delta >= timedelta(days=1):
            raise UsageError(f"unknown time zone {name!r}", "no zone is a day away from UTC")
        return timezone(-delta if m[1] == "-" else delta)
    if name.upper() in ("UTC", "Z", "GMT"):
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as e:
        raise UsageError(f"unknown time zone {name!r}", "use an IANA name such as Europe/Berlin, or an offset such as +02:00") from e


def micros(moment: datetime) -> int:
    """Return microseconds since the epoch of an aware `moment`."""
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86400 + delta.seconds) * 1_000_000 + delta.microseconds


def moment(us: int) -> datetime:
    """Return the UTC moment of `us` microseconds since the epoch."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)


def iso(us: int) -> str:
    """Return `us` as RFC 3339 in UTC, to the second."""
    return moment(us).strftime("%Y-%m-%dT%H:%M:%SZ")


def rfc3339(text: str) -> int | None:
    """Return the microseconds of an RFC 3339 time of the Kubernetes API, or None."""
    return Clock().read("iso", text)


def age_seconds(text: str) -> int | None:
    """Return the seconds of a kubectl age such as "77m", "2m30s" or "5d"; None for anything else."""
    parts = _AGE.findall(text)
    if not parts or "".join(n + u for n, u in parts) != text:
        return None
    return sum(int(n) * _SECONDS[u] for n, u in parts)


class Clock:
    """Reads the time stamps of one input; `reference` is a moment near its lines, for stamps without a year."""

    def __init__(
        self, reference: datetime | None = None, tz: tzinfo = UTC, *, newest: bool = False, local: Callable[[], tuple[tzinfo, datetime | None]] | None = None
    ) -> None:  # fmt: skip
        """Read year-less stamps as the year nearest to `reference`, zone-less ones as `tz`.

        With `newest`, nothing can be later than `reference` (and a day, for clocks that differ): it is when the file was written.
        `local` is asked when the first such stamp is met: for the zone, and the moment at which the evidence was collected, if known.
        """
        self._reference = reference
        self._newest = newest
        self._tz = tz
        self._local = local
        self._memo: tuple[str, int | None] = ("", None)
        self._before = 0
        self._known = False
        self._minute: tuple[tuple[int, int, int, int], int] = ((0, 0, 0, 0), 0)

    @property
    def tz(self) -> tzinfo:
        """The zone of stamps that name none."""
        self._ask()
        return self._tz

    @property
    def reference(self) -> datetime | None:
        """A moment near the stamps, or None."""
        self._ask()
        return self._reference

    @property
    def known(self) -> bool:
        """True if `reference` is the moment at which the evidence was collected, and not a guess."""
        self._ask()
        return self._known

    @property
    def before(self) -> int:
        """The time that was read last, which can decide what the next stamp means; 0 where none was."""
        return self._before

    def resume(self, before: int) -> None:
        """Go on where `before` was the time that was read last."""
        self._before, self._memo = before, ("", None)

    def copy(self) -> Clock:
        """Return a clock that goes on from here by itself."""
        made = Clock.__new__(Clock)
        vars(made).update(vars(self))
        return made

    def _ask(self) -> None:
        if self._local is not None:
            local, self._local = self._local, None
            self._tz, moment = local()
            if moment is not None:
                self._reference, self._newest, self._known = moment, True, True

    def _at(self, value: datetime) -> datetime:
        """Return a stamp in the zone that it does not name. In the hour that comes twice when summer time ends, the stamp before it decides."""
        at = value.replace(tzinfo=self.tz)
        if not isinstance(self._tz, timezone):  # which has no summer time
            again = at.replace(fold=1)
            if (again.utcoffset() or _NONE) < (at.utcoffset() or _NONE) and micros(at) + _DISORDER < self._before:
                return again
        return at

    def read(self, form: str, text: str) -> int | None:
        """Return the time in microseconds since the epoch, or None where `text` has no wall time or is broken."""
        if not text:
            return None
        if self._memo[0] == text:
            return self._memo[1]
        try:
            value = getattr(self, f"_{form}")(text) if form else None
        except (ValueError, KeyError, IndexError, OverflowError, UsageError):
            value = None
        if value is not None and not 0 <= value < _END:
            value = None
        self._memo = (text, value)
        self._before = value or self._before
        return value

    def _iso(self, text: str) -> int | None:
        body = text.replace(",", ".").replace(" UTC", "Z").strip()
        m = re.match(r"^(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)(?:\.(\d+))? ?(Z|[+-]\d\d:?\d\d)?$", body)
        if m is None:
            return None
        at = datetime.fromisoformat(m[1])
        at = at.replace(tzinfo=zone(m[3])) if m[3] else self._at(at)
        return micros(at) + int((m[2] or "0")[:6].ljust(6, "0"))

    def _full(self, text: str) -> int | None:
        _, day, clock, name = text.split(" ", 3)
        value = datetime.fromisoformat(f"{day} {clock.split('.')[0]}")
        at = value.replace(tzinfo=UTC) if name in ("UTC", "GMT") else self._at(value)
        return micros(at) + int((clock.partition(".")[2] or "0")[:6].ljust(6, "0"))

    def _unix(self, text: str) -> int | None:
        seconds, _, fraction = text.partition(".")
        return int(seconds) * 1_000_000 + int(fraction[:6].ljust(6, "0"))

    _audit = _unix

    def _mono(self, text: str) -> int | None:
        del text
        return None

    def _ctime(self, text: str) -> int | None:
        return micros(self._at(datetime.strptime(" ".join(text.strip("[]").split()), "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)))

    def _golog(self, text: str) -> int | None:
        return micros(self._at(datetime.strptime(text, "%Y/%m/%d %H:%M:%S").replace(tzinfo=UTC)))

    def _bsd(self, text: str) -> int | None:
        name, day, clock = text.split()
        return self._yearless(_MONTHS[name.lower().rstrip(".")], int(day), clock)

    def _klog(self, text: str) -> int | None:
        date, clock = text.split()
        return self._yearless(int(date[:2]), int(date[2:]), clock)

    def _yearless(self, month: int, day: int, clock: str) -> int | None:
        reference = self.reference
        if reference is None:
            return None
        hms, _, fraction = clock.partition(".")
        hour, minute, second = (int(x) for x in hms.split(":"))
        micro = int((fraction or "0")[:6].ljust(6, "0"))
        if self._minute[0] == (month, day, hour, minute) and 0 <= second <= 59:
            return self._minute[1] + second * 1_000_000 + micro
        best: datetime | None = None
        for year in (reference.year - 1, reference.year, reference.year + 1):
            try:
                at = self._at(datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC))
            except ValueError:
                continue
            if self._newest and at > reference + timedelta(days=1):
                continue
            if best is None or abs(at - reference) < abs(best - reference):
                best = at
        if not best:
            return None
        if second <= 59 and isinstance(self._tz, timezone):
            self._minute = (month, day, hour, minute), micros(best) - second * 1_000_000
        return micros(best) + micro


def is_steady(tz: tzinfo) -> bool:
    """Return True if `tz` has no summer time in our days, so that the same stamp always means the same."""
    day = datetime(2000, 1, 1)  # noqa: DTZ001 - a wall clock's
    return isinstance(tz, timezone) or len({tz.utcoffset(day + timedelta(days=n)) for n in range(0, 40 * 365, 20)}) == 1


def date_in(text: str) -> datetime | None:
    """Return the first full date in `text` (a neighbour of lines without a year), or None."""
    m = _FULL_DATE.search(text)
    if m is None:
        return None
    try:
        return datetime(int(m[1]), int(m[2]), int(m[3]), 12, tzinfo=UTC)
    except ValueError:
        return None
