"""The node's time zone: from each file that tells it, and from lines that tell a moment twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from diagnose.parse.when import Clock, iso
from diagnose.parse.zone import Signs, of_lines, sign

TIMEDATECTL = """               Local time: Mon 2026-11-23 21:30:01 CET
           Universal time: Mon 2026-11-23 20:30:01 UTC
                 RTC time: Mon 2026-11-23 20:30:01
                Time zone: {zone} (CET, +0100)
System clock synchronized: yes
"""
MOMENT = datetime(2026, 11, 23, 20, 30, 1, tzinfo=UTC)
SUMMER = datetime(2026, 7, 1)


def told(*files: tuple[str, str | bytes], link: str = "") -> tuple[str, datetime | None, timedelta | None]:
    signs = Signs()
    if link:
        signs.link(link, "s/etc/localtime")
    for what, text in files:
        signs.read(what, text if isinstance(text, bytes) else text.encode(), what)
    found = signs.found()
    return found.name, found.moment, found.zone.utcoffset(SUMMER) if found.zone is not None else None


ZONES = {
    "localtime": ([], "../usr/share/zoneinfo/Europe/Berlin", ("Europe/Berlin", None, timedelta(hours=2))),
    "localtime, absolute": ([], "/usr/share/zoneinfo/posix/Asia/Tokyo", ("Asia/Tokyo", None, timedelta(hours=9))),
    "localtime of nowhere": ([], "../usr/share/zoneinfo/Moon/Sea", ("", None, None)),
    "localtime that is no zone": ([], "/etc/passwd", ("", None, None)),
    "timezone": ([("etc/timezone", "America/New_York\n")], "", ("America/New_York", None, timedelta(hours=-4))),
    "timedatectl": ([("timedatectl", TIMEDATECTL.format(zone="Europe/Berlin"))], "", ("Europe/Berlin", MOMENT, timedelta(hours=2))),
    "timedatectl show": ([("timedatectl_show", "Timezone=Asia/Tokyo\nLocalRTC=no\n")], "", ("Asia/Tokyo", None, timedelta(hours=9))),
    "timedatectl of a zone unknown here": ([("timedatectl", TIMEDATECTL.format(zone="Europe/Atlantis"))], "", ("UTC+01:00", MOMENT, timedelta(hours=1))),
    "date and date --utc": ([("date", "Mon Nov 23 21:30:00 CET 2026\n"), ("date_--utc", "Mon Nov 23 20:30:01 UTC 2026\n")], "", ("UTC+01:00", MOMENT, timedelta(hours=1))),
    "date --utc first": ([("date_--utc", "Mon Nov 23 20:30:01 UTC 2026\n"), ("date", "Mon Nov 23 15:00:00 NST 2026\n")], "", ("UTC-05:30", MOMENT, timedelta(hours=-5.5))),
    "date with hours to twelve": ([("date", "Mon Nov 23 09:30:01 PM CET 2026\n"), ("date_--utc", "Mon Nov 23 08:30:01 PM UTC 2026\n")], "", ("UTC+01:00", MOMENT, timedelta(hours=1))),
    "date in UTC": ([("date", "Mon Nov 23 20:30:01 UTC 2026\n")], "", ("UTC", MOMENT, timedelta(0))),
    "date with an offset": ([("date", "Mon Nov 23 17:30:01 -03 2026\n")], "", ("UTC-03:00", MOMENT, timedelta(hours=-3))),
    "date alone": ([("date", "Mon Nov 23 21:30:01 CET 2026\n")], "", ("", None, None)),
    "dates too far apart": ([("date", "Mon Nov 23 21:36:01 CET 2026\n"), ("date_--utc", "Mon Nov 23 20:30:01 UTC 2026\n")], "", ("", MOMENT, None)),
    "dates a day apart": ([("date", "Wed Nov 25 20:30:01 XYZ 2026\n"), ("date_--utc", "Mon Nov 23 20:30:01 UTC 2026\n")], "", ("", MOMENT, None)),
    "a name before an offset": ([("date", "Mon Nov 23 21:30:01 CET 2026\n")], "x/zoneinfo/Europe/Berlin", ("Europe/Berlin", MOMENT, timedelta(hours=2))),
    "nonsense": ([("date", "no\n"), ("date_--utc", "Mon Feb 31 20:30:01 UTC 2026\n"), ("timedatectl", "x"), ("etc/localtime", b"TZif2"), ("etc/timezone", b"\xff")], "", ("", None, None)),
}  # fmt: skip


@pytest.mark.parametrize(("files", "link", "expected"), ZONES.values(), ids=ZONES)
def test_what_each_file_tells(files: list[tuple[str, str | bytes]], link: str, expected: tuple[str, datetime | None, timedelta | None]) -> None:
    assert told(*files, link=link) == expected


def test_a_localtime_that_is_no_link_holds_the_rules_themselves() -> None:
    import importlib.resources

    raw = importlib.resources.files("tzdata").joinpath("zoneinfo/Europe/Berlin").read_bytes()
    assert told(("etc/localtime", raw)) == ("/etc/localtime", None, timedelta(hours=2))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("s/etc/localtime", ("s/", "etc/localtime")),
        ("etc/timezone", ("", "etc/timezone")),
        ("a/b/sos_commands/date/date", ("a/b/", "date")),
        ("s/sos_commands/date/date_--utc", ("s/", "date_--utc")),
        ("s/sos_commands/systemd/timedatectl", ("s/", "timedatectl")),
        ("s/data/insights_commands/date", ("s/data/", "date")),
        ("s/sos_commands/date/hwclock", None),
        ("s/etc/localtime.old", None),
        ("s/usr/share/etc_localtime", None),
        ("date", None),
    ],
)
def test_which_files_tell(path: str, expected: tuple[str, str] | None) -> None:
    assert sign(path) == expected


CRIO = 'Nov 23 {outer} edge crio[7]: time="2026-11-23{inner}" level=info msg="x"\n'
MULTUS = "Nov 23 {outer} edge crio[7]: 2026-11-23T{inner} [verbose] Add: x\n"
ETCD = 'Nov 23 {outer} edge microshift-etcd[9]: {{"level":"info","ts":"2026-11-23T{inner}","caller":"x"}}\n'
LINES = {
    "CRI-O in UTC": (CRIO.format(outer="21:00:07", inner="T20:00:07.123456Z") * 2, "UTC+01:00"),
    "CRI-O with its offset": (CRIO.format(outer="21:00:07", inner=" 21:00:07.1+01:00") * 2, "UTC+01:00"),
    "CRI-O on a node in UTC": (CRIO.format(outer="20:00:07", inner="T20:00:07Z") * 2, "UTC"),
    "Multus": (MULTUS.format(outer="15:30:07", inner="21:00:07Z") * 3, "UTC-05:30"),
    "etcd": (ETCD.format(outer="05:00:07", inner="20:00:07.1+0000") * 2, None),
    "etcd at home": (ETCD.format(outer="20:00:07", inner="20:00:07.1+0900") * 2, "UTC+09:00"),
    "one line": (CRIO.format(outer="21:00:07", inner="T20:00:07Z"), None),
    "lines that disagree": (CRIO.format(outer="21:00:07", inner="T20:00:07Z") * 2 + CRIO.format(outer="22:00:07", inner="T20:00:07Z") * 2, None),
    "lines written late": (CRIO.format(outer="21:07:07", inner="T20:00:07Z") * 3, None),
    "most of them": (CRIO.format(outer="21:00:07", inner="T20:00:07Z") * 8 + CRIO.format(outer="22:00:07", inner="T20:00:07Z"), "UTC+01:00"),
    "new year": ('Jan  1 00:30:00 edge crio[7]: time="2025-12-31T23:30:00Z" level=info msg="x"\n' * 2, "UTC+01:00"),
    "a date within a message": ('Nov 23 21:00:07 edge crio[7]: until 2026-11-23T20:00:07Z it is valid\n' * 3, None),
    "none": ("Nov 23 21:00:07 edge crio[7]: x\n" * 3, None),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), LINES.values(), ids=LINES)
def test_lines_that_tell_a_moment_twice(text: str, expected: str | None) -> None:
    found = of_lines(text)
    assert (None if found is None else str(found)) == expected


def test_the_hour_that_comes_twice_is_told_by_the_order_of_the_lines() -> None:
    from zoneinfo import ZoneInfo

    clock = Clock(datetime(2026, 11, 1, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    stamps = ["01:59:00", "02:10:00", "02:50:00", "02:49:30", "02:05:00", "02:10:00", "02:55:00", "03:00:00", "03:30:00"]
    found = [clock.read("bsd", f"Oct 25 {s}") for s in stamps]
    assert [iso(x or 0)[11:16] for x in found] == ["23:59", "00:10", "00:50", "00:49", "01:05", "01:10", "01:55", "02:00", "02:30"]
    assert clock.read("iso", "2026-03-29 01:59:59") == (clock.read("iso", "2026-03-29 03:00:00") or 0) - 1_000_000


def test_the_zone_is_asked_for_once_and_only_for_a_stamp_without_one() -> None:
    asked: list[int] = []
    clock = Clock(datetime(2020, 1, 1, tzinfo=UTC), local=lambda: (asked.append(1), (UTC, MOMENT))[1])
    clock.read("iso", "2026-11-23T20:00:00Z")
    clock.read("unix", "1795464000.000000")
    assert asked == []
    assert [iso(clock.read("bsd", f"Nov 23 20:00:0{n}") or 0) for n in range(3)] == [f"2026-11-23T20:00:0{n}Z" for n in range(3)]
    assert (asked, clock.known) == ([1], True)
