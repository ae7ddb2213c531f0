"""When things happened: the monotonic clock of a boot gives the order, a step of the wall clock is told, boots are kept apart."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

import pytest
from conftest import NODE
from test_diagnosis import MISSING, RAN, START, chain, four_lines, kubelet, lines

from diagnose.model import BootSeen, Report
from diagnose.parse.when import iso, micros
from diagnose.times import Clocks, Times

BOOT, NEXT = "0a" * 16, "0b" * 16
POD = "shop/till-3"
ERROR = chain(POD, MISSING.format(nad="pay", ns="shop"))
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


class Entry(NamedTuple):
    """A journal line with what the short forms leave out: the boot, and the seconds since it began."""

    line: str
    at: datetime
    since: float
    boot: str = BOOT

    def fields(self) -> dict[str, str]:
        m = re.match(r"\w{3} \d\d [\d:]{8} (\S+) (\w+)\[(\d+)\]: (.*)", self.line)
        assert m is not None
        time, since = micros(self.at), int(self.since * 1e6)
        return {
            "__CURSOR": f"s=1f;i=1;b={self.boot};m={since:x};t={time:x};x=1", "__REALTIME_TIMESTAMP": str(time), "__MONOTONIC_TIMESTAMP": str(since),
            "_BOOT_ID": self.boot, "_HOSTNAME": m[1], "SYSLOG_IDENTIFIER": m[2], "_PID": m[3], "MESSAGE": m[4],
        }  # fmt: skip


def export(entries: Iterable[Entry]) -> str:
    return "".join("".join(f"{k}={v}\n" for k, v in e.fields().items()) + "\n" for e in entries)


def _json(entries: Iterable[Entry]) -> str:
    return lines(json.dumps(e.fields()) for e in entries)


def _verbose(entries: Iterable[Entry]) -> str:
    """As `journalctl -o verbose` prints it: the times stand in the head line alone."""
    return "".join(
        f"{e.at:%a %Y-%m-%d %H:%M:%S.%f} UTC [{e.fields()['__CURSOR']}]\n" + "".join(f"    {k}={v}\n" for k, v in e.fields().items() if not k.startswith("__"))
        for e in entries
    )


def _by_cursor(entries: Iterable[Entry]) -> str:
    """As a tool that dropped the monotonic field keeps it: in the cursor."""
    return re.sub(r"__MONOTONIC_TIMESTAMP=.*\n", "", export(entries))


FORMS: dict[str, Callable[[Iterable[Entry]], str]] = {"export": export, "json": _json, "verbose": _verbose, "cursor": _by_cursor}


def fails(at: datetime, since: float, boot: str = BOOT) -> Entry:
    return Entry(kubelet(at, "CreatePodSandbox for pod failed", chain(POD, MISSING.format(nad="pay", ns="shop"), attempt=int(since)), POD), at, since, boot)


def runs(at: datetime, since: float, boot: str = BOOT) -> Entry:
    return Entry(RAN.format(at=at, box="ab12", pod=POD), at, since, boot)


def other(at: datetime, since: float, boot: str = BOOT) -> Entry:
    """Return a kubelet line that tells nothing of the pod."""
    return Entry(kubelet(at, "Observed pod startup duration", "", "shop/door").replace(' err=""', ""), at, since, boot)


def turns(report: Report, *kinds: str) -> list[tuple[str, str, str]]:
    return [(iso(m.time), m.kind, m.text) for m in report.timeline if m.kind in kinds]


@pytest.mark.parametrize("form", FORMS)
def test_what_came_later_in_a_boot_is_later_even_if_the_clock_was_set_back(report, write, form: str) -> None:
    failed_then_ran = [fails(START, 100), runs(START - HOUR, 700)]
    ran_then_failed = [runs(START, 100), fails(START - HOUR, 700)]
    (over,) = report(write(FORMS[form](failed_then_ran))).findings
    (goes_on,) = report(write(FORMS[form](ran_then_failed))).findings
    assert (over.state, over.proof and over.proof.kind) == ("resolved", "works")
    assert goes_on.state == "active"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("step", [-HOUR, HOUR, timedelta(days=400)], ids=["back", "forward", "from a clock that lost its battery"])
def test_times_before_a_step_are_told_by_the_clock_as_it_was_set_last(report, write, form: str, step: timedelta) -> None:
    found = report(write(FORMS[form]([fails(START, 100), fails(START + step + MINUTE, 160), fails(START + step + 2 * MINUTE, 220)])))
    (finding,) = found.findings
    assert (finding.count, finding.first, finding.last) == (3, micros(START + step), micros(START + step + 2 * MINUTE))
    assert turns(found, "jump") == [(iso(micros(START + step + MINUTE)), "jump", f"{step.total_seconds():+.0f} s")]


def test_a_step_forward_is_no_silence(report, write) -> None:
    entries = [fails(START, 100), other(START + HOUR, 110)]
    assert [f.state for f in report(write(export(entries))).findings] == ["active"]
    # The same without a step: an hour in which the pod was not tried again.
    entries = [fails(START, 100), other(START + HOUR, 3700)]
    assert [f.state for f in report(write(export(entries))).findings] == ["unknown"]


def test_what_was_heard_before_a_step_back_is_no_news_after_it(report, write) -> None:
    assert [f.state for f in report(write(export([other(START, 100), fails(START - HOUR, 700)]))).findings] == ["active"]


def test_a_clock_that_drifts_did_not_jump(report, write) -> None:
    found = report(write(export([fails(START, 100), fails(START + 62 * timedelta(seconds=1), 160), fails(START + 120 * timedelta(seconds=1), 220)])))
    assert turns(found, "jump") == []
    assert [(f.first, f.last) for f in found.findings] == [(micros(START), micros(START + 2 * MINUTE))]


def test_every_step_is_told_with_its_size(report, write) -> None:
    found = report(write(export([fails(START, 100), other(START - HOUR + MINUTE, 160), other(START + 5 * HOUR, 200), fails(START + 5 * HOUR + MINUTE, 260)])))
    assert [m[2] for m in turns(found, "jump")] == ["-3600 s", "+21500 s"]


def test_the_settings_of_a_clock_are_known_from_all_inputs(report, write) -> None:
    before, after = write(export([fails(START, 100)]), "1.export"), write(_json([runs(START - HOUR, 700)]), "2.json")
    for inputs in ((before, after), (after, before)):
        found = report(*inputs)
        assert [(f.state, f.first) for f in found.findings] == [("resolved", micros(START - HOUR - timedelta(seconds=600)))]
        assert [m[2] for m in turns(found, "jump")] == ["-4200 s"]


def test_each_boot_is_a_turn_and_has_its_own_clock(report, write) -> None:
    """The clock was set back in the first boot only: nothing of the second one moves."""
    first = [fails(START, 100), other(START - HOUR + MINUTE, 160)]
    second = [fails(START + 2 * HOUR, 30, NEXT), other(START + 2 * HOUR + MINUTE, 90, NEXT)]
    found = report(write(export([*first, *second])))
    began = [START - HOUR - timedelta(seconds=100), START + 2 * HOUR - timedelta(seconds=30)]
    assert turns(found, "boot") == [(iso(micros(b)), "boot", "") for b in began]
    assert [(f.first, f.last) for f in found.findings] == [(micros(START - HOUR), micros(START + 2 * HOUR))]
    assert [m[2] for m in turns(found, "jump")] == ["-3600 s"]


def test_two_boots_are_not_one_clock_that_jumped(report, write) -> None:
    found = report(write(export([fails(START, 9000), fails(START + HOUR, 30, NEXT)])))
    assert turns(found, "jump") == []
    assert len(turns(found, "boot")) == 2


@pytest.mark.parametrize("mark", [f"-- Boot {NEXT} --", "-- Reboot --"])
def test_the_line_between_two_boots_is_a_boot_at_the_time_of_the_line_after_it(report, write, mark: str) -> None:
    after = START + 30 * MINUTE
    text = lines([*four_lines(START, POD, ERROR), mark, *(other(after + n * MINUTE, 0).line for n in range(13))])
    found = report(write(text))
    assert turns(found, "boot") == [(iso(micros(after)), "boot", "")]
    assert [(f.state, f.proof and (f.proof.kind, f.proof.time)) for f in found.findings] == [("resolved", ("restarted", micros(after)))]


def test_the_signs_of_one_boot_are_one_boot(report, write) -> None:
    """The kernel's first line, the boot id of the journal, and the line between boots."""
    kernel = Entry(f"{START:%b %d %H:%M:%S} edge kernel[0]: Linux version 5.14.0-570.el9.x86_64", START, 0)
    short = lines([f"-- Boot {BOOT} --", *(other(START + n * MINUTE, 60).line for n in range(1, 21))])
    found = report(write(export([kernel, other(START + MINUTE, 60)]), "a.export"), write(short, "b.log"))
    assert turns(found, "boot") == [(iso(micros(START)), "boot", "")]


def test_steps_the_machine_tells_of_itself_stand_in_the_timeline(report, write) -> None:
    chrony = f"{START:%b %d %H:%M:%S} edge chronyd[811]: System clock was stepped by -3599.871 seconds"
    found = report(write(lines([chrony, *four_lines(START + MINUTE, POD, ERROR)])))
    assert turns(found, "clock") == [(iso(micros(START)), "clock", "System clock was stepped by -3599.871 seconds")]


def _clocks(*settings: tuple[int, int, int]) -> Clocks:
    """Return the clocks of one boot: wall clock second at which it began, first and last monotonic second of each setting."""
    return Clocks({BOOT: BootSeen(settings={second: (since * 1_000_000, until * 1_000_000) for second, since, until in settings})})


def test_the_last_setting_of_a_boot_is_the_one_in_use_at_its_newest_entry() -> None:
    clocks = _clocks((5000, 10, 20), (1000, 30, 40))
    assert clocks.start(BOOT) == 1000 * 1_000_000
    assert clocks.start(NEXT) is None
    assert clocks.correct((BOOT, 5000), 5015 * 1_000_000) == 1015 * 1_000_000
    assert clocks.correct((BOOT, 1000), 1035 * 1_000_000) == 1035 * 1_000_000
    assert clocks.correct(("", 0), 7) == 7
    assert clocks.correct((NEXT, 9), 7) == 7
    # A clock that was set away and back again.
    assert _clocks((5000, 10, 90), (1000, 30, 40)).start(BOOT) == 5000 * 1_000_000


@pytest.mark.parametrize(("second", "moved"), [(5002, 0), (4998, 0), (5003, -3), (4997, 3)])
def test_a_clock_counts_as_stepped_from_three_seconds_on(second: int, moved: int) -> None:
    clocks = _clocks((second, 10, 20), (5000, 30, 40))
    assert clocks.correct((BOOT, second), 6_000_000_000) == 6_000_000_000 + moved * 1_000_000
    assert [j.seconds for j in clocks.jumps()] == ([moved] if moved else [])


def test_moments_are_the_newest_and_spans_reach_over_all() -> None:
    times, more, clocks = Times(), Times(), Clocks({})
    for n in (*range(150, 100, -1), *range(151, 201)):
        times.meet(("", 0), n, n)
    for n in (1, 245, 300):
        more.meet(("", 0), n, n + 5)
    assert not Times().known
    assert Times().first(clocks) is Times().last(clocks) is None
    assert times.moments(clocks) == list(range(137, 201))
    times.join(more)
    assert (times.first(clocks), times.last(clocks)) == (1, 305)
    assert times.moments(clocks)[-4:] == [199, 200, 250, 305]
    assert len(times.moments(clocks)) <= 64
    assert times.known


def test_moments_of_two_settings_are_in_the_order_of_the_corrected_clock() -> None:
    times, clocks = Times(), _clocks((5000, 10, 20), (1000, 30, 40))
    times.meet((BOOT, 5000), 5015_000_000, 5015_000_000)
    times.meet((BOOT, 1000), 1035_000_000, 1035_000_000)
    assert times.moments(clocks) == [1015_000_000, 1035_000_000]
    assert (times.first(clocks), times.last(clocks)) == (1015_000_000, 1035_000_000)


def test_the_node_fixture_was_never_stepped(report) -> None:
    assert turns(report(NODE / "journal.export.zst"), "jump") == []


def test_the_mark_between_two_boots_has_the_newer_ones_time_in_any_order_and_size(report, write) -> None:
    older, newer = (f"Nov 23 {t} edge microshift[1]: kubelet I1123 {t}.000000 1 x.go:1] hi" for t in ("18:00:00", "18:10:00"))
    mark = "-- Boot 5e0c47b2a91d4d66b3f8127e6a54c90d --"
    for text in ([older, mark, newer], [newer, mark, older], [*[older] * 30, mark, *[newer] * 30], [*[newer] * 30, mark, *[older] * 30]):
        assert [(m.kind, m.time) for m in report(write("\n".join(text) + "\n")).timeline] == [("boot", 1795457400000000)]
