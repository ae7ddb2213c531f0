"""Time stamps: years and zones that a log leaves out, and how locales write months."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from diagnose.errors import UsageError
from diagnose.parse.when import Clock, age_seconds, date_in, iso, micros, moment, rfc3339, zone

REFERENCE = datetime(2026, 11, 23, 20, 20, tzinfo=UTC)


def _read(form: str, text: str, clock: Clock | None = None) -> str | None:
    us = (clock or Clock(REFERENCE)).read(form, text)
    return None if us is None else moment(us).isoformat()


@pytest.mark.parametrize(
    ("form", "text", "time"),
    [
        ("bsd", "Nov 23 20:00:42", "2026-11-23T20:00:42+00:00"),
        ("bsd", "Nov  3 20:00:42.856463", "2026-11-03T20:00:42.856463+00:00"),
        ("klog", "1123 20:00:42.856229", "2026-11-23T20:00:42.856229+00:00"),
        ("iso", "2026-11-23T20:00:42+0000", "2026-11-23T20:00:42+00:00"),
        ("iso", "2026-11-23T20:00:42Z", "2026-11-23T20:00:42+00:00"),
        ("iso", "2026-11-23T20:00:42.553266449Z", "2026-11-23T20:00:42.553266+00:00"),
        ("iso", "2026-11-24T05:00:42.856463+0900", "2026-11-23T20:00:42.856463+00:00"),
        ("iso", "2026-11-23T14:30:42-05:30", "2026-11-23T20:00:42+00:00"),
        ("iso", "2026-11-23 20:00:42,5", "2026-11-23T20:00:42.500000+00:00"),
        ("iso", "2026-11-23 20:00:42 UTC", "2026-11-23T20:00:42+00:00"),
        ("iso", "2026-11-23 20:00:42 +0100", "2026-11-23T19:00:42+00:00"),
        ("full", "Mon 2026-11-23 20:00:42 UTC", "2026-11-23T20:00:42+00:00"),
        ("full", "Mon 2026-11-23 20:00:42.856463 UTC", "2026-11-23T20:00:42.856463+00:00"),
        ("unix", "1795464042.435928", "2026-11-23T20:00:42.435928+00:00"),
        ("audit", "1795464042.435", "2026-11-23T20:00:42.435000+00:00"),
        ("ctime", "[Mon Nov 23 20:00:42 2026]", "2026-11-23T20:00:42+00:00"),
        ("ctime", "Mon Nov  2 20:00:42 2026", "2026-11-02T20:00:42+00:00"),
        ("golog", "2026/11/23 20:00:42", "2026-11-23T20:00:42+00:00"),
        ("mono", "[ 5804.697280]", None),
        ("", "2026-11-23", None),
        ("iso", "", None),
        ("iso", "2026-13-23T20:00:42Z", None),
        ("iso", "2026-11-23T25:00:42Z", None),
        ("bsd", "Foo 23 20:00:42", None),
        ("bsd", "Nov 31 20:00:42", None),
        ("klog", "1399 20:00:42.1", None),
        ("unix", "99999999999999999999.000000", None),
    ],
)
def test_forms(form: str, text: str, time: str | None) -> None:
    assert _read(form, text) == time


MONTHS = {
    "ja": "1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月",
    "de": "Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez",
    "fr": "janv. févr. mars avril mai juin juil. août sept. oct. nov. déc.",
    "ko": "1월 2월 3월 4월 5월 6월 7월 8월 9월 10월 11월 12월",
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
}  # as glibc 2.36 prints %b


@pytest.mark.parametrize("language", MONTHS)
def test_months_of_locales(language: str) -> None:
    clock = Clock(datetime(2026, 7, 1, tzinfo=UTC))
    read = [_read("bsd", f"{name} 15 12:00:00", clock) for name in MONTHS[language].split()]
    assert read == [f"2026-{month:02}-15T12:00:00+00:00" for month in range(1, 13)]


@pytest.mark.parametrize(
    ("reference", "newest", "text", "year"),
    [
        # Nearest to the reference, on either side of New Year.
        (datetime(2026, 1, 2, tzinfo=UTC), False, "Dec 31 23:59:59", 2025),
        (datetime(2025, 12, 31, 23, tzinfo=UTC), False, "Jan  1 00:00:01", 2026),
        (datetime(2026, 6, 30, tzinfo=UTC), False, "Dec 31 12:00:00", 2025),
        # A file cannot hold what came after it was written, but for a day of clocks that differ.
        (datetime(2026, 1, 2, tzinfo=UTC), True, "Dec 31 23:59:59", 2025),
        (datetime(2025, 12, 31, 23, tzinfo=UTC), True, "Jan  1 00:00:01", 2026),
        (datetime(2026, 6, 30, tzinfo=UTC), True, "Jul  5 12:00:00", 2025),
        (datetime(2026, 11, 23, tzinfo=UTC), True, "Nov 30 12:00:00", 2025),
        # 29 February: the nearest year that has one, if any is near.
        (datetime(2028, 3, 1, tzinfo=UTC), True, "Feb 29 12:00:00", 2028),
        (datetime(2029, 1, 1, tzinfo=UTC), True, "Feb 29 12:00:00", 2028),
        (datetime(2026, 3, 1, tzinfo=UTC), True, "Feb 29 12:00:00", None),
    ],
)
def test_the_year_that_is_left_out(reference: datetime, newest: bool, text: str, year: int | None) -> None:
    us = Clock(reference, newest=newest).read("bsd", text)
    assert (us and moment(us).year) == year


def test_without_a_reference_no_year_is_made_up() -> None:
    assert Clock().read("bsd", "Nov 23 20:00:42") is None
    assert Clock().read("klog", "1123 20:00:42.856229") is None


def test_a_leap_second_is_the_second_before() -> None:
    assert _read("bsd", "Dec 31 23:59:60") == "2026-12-31T23:59:59+00:00"


def test_zone_of_stamps_without_one() -> None:
    berlin = Clock(REFERENCE, zone("Europe/Berlin"))
    assert _read("bsd", "Nov 23 21:00:42", berlin) == "2026-11-23T20:00:42+00:00"
    assert _read("bsd", "Jul 23 22:00:42", berlin) == "2026-07-23T20:00:42+00:00"
    assert _read("full", "Mon 2026-11-23 21:00:42 CET", berlin) == "2026-11-23T20:00:42+00:00"
    assert _read("full", "Mon 2026-11-23 20:00:42 UTC", berlin) == "2026-11-23T20:00:42+00:00"
    assert _read("golog", "2026/11/23 21:00:42", berlin) == "2026-11-23T20:00:42+00:00"
    assert _read("iso", "2026-11-23T20:00:42Z", berlin) == "2026-11-23T20:00:42+00:00"
    assert _read("iso", "2026-11-23 21:00:42", berlin) == "2026-11-23T20:00:42+00:00"


def test_the_same_text_in_two_forms_is_read_twice() -> None:
    clock = Clock(REFERENCE)
    assert _read("iso", "2026-11-23 20:00:42", clock) == "2026-11-23T20:00:42+00:00"
    assert _read("bsd", "Nov 23 20:00:42", clock) == "2026-11-23T20:00:42+00:00"
    assert _read("bsd", "Nov 23 20:00:42", clock) == "2026-11-23T20:00:42+00:00"


def test_names_of_zones() -> None:
    assert zone("UTC") is UTC
    assert zone("z") is UTC
    assert zone("+09:00") == timezone(timedelta(hours=9))
    assert zone("-0530") == timezone(-timedelta(hours=5, minutes=30))
    assert zone("Asia/Tokyo") == ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize("name", ["Europe/Berlim", "../../etc/passwd", "", "+99:00", "+24:00"])
def test_a_zone_that_is_none_is_a_wrong_option(name: str) -> None:
    with pytest.raises(UsageError, match="unknown time zone"):
        zone(name)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5s", 5), ("77m", 4620), ("2m30s", 150), ("3h12m", 11520), ("5d", 432000), ("1y2d", 31708800), ("", None), ("5", None), ("5x", None), ("m5", None), ("5m ago", None)],
)  # fmt: skip
def test_ages_of_kubectl(text: str, seconds: int | None) -> None:
    assert age_seconds(text) == seconds


def test_microseconds_and_back() -> None:
    at = datetime(2026, 11, 23, 21, 0, 42, 435928, tzinfo=ZoneInfo("Europe/Berlin"))
    assert micros(at) == 1795464042435928
    assert moment(1795464042435928) == at
    assert iso(1795464042435928) == "2026-11-23T20:00:42Z"
    assert rfc3339("2026-11-23T20:00:42.435928Z") == 1795464042435928
    assert rfc3339("yesterday") is None


def test_a_date_near_by() -> None:
    assert date_in('the certificate ends 2027-01-01 00:00\nNov 23 20:00:42 edge01 crio[7]: time="2026-11-23T20:00:42Z" level=info') == datetime(
        2026, 11, 23, 12, tzinfo=UTC
    )
    assert date_in("2026-13-45 20:00") is None
    assert date_in("build 2026-11-23, v20261123") is None
