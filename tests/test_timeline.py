"""The node's story: what happened when, what changed just before the first failure, and how it is drawn."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from conftest import NODE
from test_diagnosis import MISSING, NOT_READY, RAN, START, chain, four_lines, kubelet, lines
from test_inventory import listed, nad
from test_times import export, fails

from diagnose.lang import EN, JA, labels
from diagnose.model import Moment, Report
from diagnose.parse.when import iso, micros
from diagnose.render import json_v1, markdown, terminal
from diagnose.render.words import moment_text
from diagnose.timeline import before

POD = "shop/till-3"
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


def line(at: datetime, program: str, text: str) -> str:
    return f"{at:%b %d %H:%M:%S} edge {program}: {text}"


def failing(at: datetime, *, name: str = POD, missing: str = "pay", attempt: int = 0) -> list[str]:
    return four_lines(at, name, chain(name, MISSING.format(nad=missing, ns=name.partition("/")[0]), attempt=attempt))


def running(at: datetime, name: str = POD) -> str:
    return RAN.format(at=at, box="ab12", pod=name)


def renamed(at: datetime, new: str = "enp7s0", old: str = "eth0") -> str:
    return line(at, "kernel", f"igb 0000:01:00.0 {new}: renamed from {old}")


def starting(at: datetime) -> str:
    return line(at, "microshift[1494]", f'??? I{at:%m%d %H:%M:%S}.000000    1494 startuprecorder.go:58] "MICROSHIFT STARTING"')


STORY = lines(
    [
        line(START - 10 * MINUTE, "kernel", "Linux version 6.12.0-1.el10.x86_64 (mockbuild@example) #1 SMP"),
        line(START - 9 * MINUTE, "systemd[1]", "Starting Container Runtime Interface for OCI (CRI-O)..."),
        starting(START - 8 * MINUTE),
        renamed(START - 7 * MINUTE),
        line(
            START - 6 * MINUTE,
            "crio[700]",
            'time="2026-11-23T17:54:00Z" level=info msg="CNI monitoring event REMOVE        \\"/etc/cni/net.d/00-multus.conf\\""',
        ),
        line(START - 5 * MINUTE, "chronyd[600]", "System clock was stepped by -3.200000 seconds"),
        line(START - 4 * MINUTE, "systemd[1]", "Stopped MicroShift."),
        line(START - 3 * MINUTE, "systemd[1]", "Stopped Open vSwitch."),
        *failing(START),
        *failing(START + MINUTE, attempt=1),
        *failing(START, name="shop/door", missing="doors"),
        running(START + 2 * MINUTE, "shop/door"),
    ]
)
CREATED = listed(nad("shop/lan", created="2026-11-23T17:58:00Z"))


def told(report: Report) -> list[tuple[str, str, str, str]]:
    return [(iso(m.time)[11:19], m.kind, m.text, m.rule) for m in report.timeline]


@pytest.fixture
def story(report, write) -> Report:
    return report(write(STORY), write(CREATED, "nads.json"))


def test_boots_starts_stops_changes_and_failures_stand_in_order(story) -> None:
    assert told(story) == [
        ("17:50:00", "boot", "", ""),
        ("17:51:00", "start", "crio", ""),
        ("17:52:00", "start", "microshift", ""),
        ("17:53:00", "renamed", "eth0 > enp7s0 (igb 0000:01:00.0)", ""),
        ("17:54:00", "cni-config", 'REMOVE "/etc/cni/net.d/00-multus.conf"', ""),
        ("17:55:00", "clock", "System clock was stepped by -3.200000 seconds", ""),
        ("17:56:00", "stop", "microshift", ""),
        ("17:57:00", "stop", "ovn", ""),
        ("17:58:00", "created", "NAD shop/lan", ""),
        ("18:00:00", "failure", "shop/doors", "nad-not-found"),
        ("18:00:00", "failure", "shop/pay", "nad-not-found"),
        ("18:01:00", "last", "shop/pay", "nad-not-found"),
        ("18:02:00", "recovery", "shop/doors", "nad-not-found"),
    ]


def test_the_order_does_not_depend_on_the_order_of_the_lines(report, write, story) -> None:
    found = report(write(CREATED, "nads.json"), write("\n".join(reversed(STORY.splitlines())) + "\n"))
    assert found.timeline == story.timeline


def test_a_step_of_the_clock_between_two_lines_is_a_jump(report, write) -> None:
    found = report(write(export([fails(START, 100), fails(START + 10 * MINUTE, 160)])))
    assert ("18:10:00", "jump", "+540 s", "") in told(found)


def test_two_signs_of_one_start_are_one_turn_and_a_second_start_is_another(report, write) -> None:
    signs = [line(START, "systemd[1]", "Starting MicroShift..."), starting(START + 5 * SECOND), starting(START + 10 * MINUTE)]
    found = report(write(lines([*signs, *failing(START + 11 * MINUTE)])))
    assert [x[:3] for x in told(found) if x[1] == "start"] == [("18:00:00", "start", "microshift"), ("18:10:00", "start", "microshift")]


def test_a_pod_of_multus_that_is_removed_is_a_stop_of_multus(report, write) -> None:
    gone = line(START, "microshift[1494]", f'kubelet I{START:%m%d %H:%M:%S}.000000    1494 kubelet.go:2421] "SyncLoop REMOVE" source="api" pods=["openshift-multus/multus-x2f4d"]')  # fmt: skip
    found = report(write(lines([gone, *failing(START + MINUTE)])))
    assert told(found)[0] == ("18:00:00", "stop", "multus", "")


def test_one_failure_has_no_last_and_information_is_no_failure(report, write) -> None:
    normal = [starting(START), kubelet(START + 10 * SECOND, "Error syncing pod, skipping", NOT_READY, POD), running(START + MINUTE)]
    found = report(write(lines([*normal, *failing(START + 20 * MINUTE, name="shop/door")])))
    assert sorted(f.severity for f in found.findings) == ["error", "info"]
    assert [x[1] for x in told(found)] == ["start", "failure"]


def test_a_long_story_keeps_its_failures_and_what_is_nearest_to_the_first(report, write) -> None:
    found = report(write(lines([*(renamed(START - n * 2 * MINUTE, f"enp{n}s0") for n in range(1, 260)), *failing(START), running(START + 2000 * MINUTE)])))
    assert len(found.timeline) == 200
    assert [m.kind for m in found.timeline[-2:]] == ["failure", "recovery"]
    assert found.timeline[0].time == micros(START - 198 * 2 * MINUTE)


def moment(minutes: float, kind: str = "start", rule: str = "") -> Moment:
    return Moment(micros(START + minutes * MINUTE), kind, f"{minutes}", rule)


@pytest.mark.parametrize(
    ("moments", "texts"),
    [
        ([moment(-11), moment(-10), moment(-1), moment(0, "failure", "x"), moment(1)], ["-10", "-1"]),
        ([moment(-1), moment(0, "failure", "x"), moment(1), moment(2, "failure", "y")], ["-1"]),
        ([moment(n) for n in range(-8, 0)] + [moment(0, "failure", "x")], ["-5", "-4", "-3", "-2", "-1"]),
        ([moment(-3, "recovery", "y"), moment(-1), moment(0, "failure", "x")], ["-1"]),
        ([moment(-1)], []),
        ([], []),
    ],
    ids=["ten minutes", "the first failure", "the newest five", "changes only", "no failure", "nothing"],
)
def test_what_changed_just_before_the_first_failure(moments: list[Moment], texts: list[str]) -> None:
    assert [m.text for m in before(moments)] == texts


def printed(report: Report, catalog, width: int = 80, language: str = "en") -> list[str]:
    return terminal.render(report, catalog, language, width=width, color=False, quiet=False, unicode=True).splitlines()


def drawn(report: Report, catalog, width: int = 80, language: str = "en") -> list[str]:
    """Return the part of the page that tells the story: its strip first."""
    page = printed(report, catalog, width, language)
    start = page.index(f"•  {labels(language).timeline}   {labels(language).legend}")
    return page[start + 1 : page.index("", start)]


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_the_strip_and_its_words_keep_to_the_width(story, catalog, width: int, language: str) -> None:
    strip, *words = drawn(story, catalog, width, language)
    assert re.fullmatch(r"   11-23 17:50 \S+ 11-23 18:02", strip)
    assert width - 4 <= terminal.wide(strip) <= width
    assert [x for x in words if terminal.wide(x) > width] == []


def test_the_strip_marks_each_turn_at_its_place_and_a_failure_before_a_change(story, catalog) -> None:
    strip = drawn(story, catalog)[0].split()[2]
    assert re.fullmatch(r"B-+S-+S-+C-+C-+C-+X-+X-+C-+!-+!-+\+", strip)
    end = len(strip) - 1
    assert {strip.index("C"): "C", strip.index("!"): "!"} == {end * 3 // 12: "C", end * 10 // 12: "!"}


def test_a_failure_hides_a_change_at_the_same_place_of_the_strip_never_the_other_way_round(report, write, catalog) -> None:
    found = report(write(lines([renamed(START), *failing(START), running(START + 60 * MINUTE, "shop/door")])))
    assert drawn(found, catalog)[0].split()[2].startswith("!-")


def test_beneath_the_strip_stand_the_last_changes_and_beginnings_and_ends(story, catalog) -> None:
    assert [" ".join(x.split()) for x in drawn(story, catalog, 120)[1:]] == [
        '17:54:00 CNI configuration: REMOVE "/etc/cni/net.d/00-multus.conf"',
        "17:55:00 clock: System clock was stepped by -3.200000 seconds",
        "17:56:00 MicroShift stopped",
        "17:57:00 OVN stopped",
        "17:58:00 NAD shop/lan created",
        "18:00:00 first failure: nad-not-found shop/doors",
        "18:00:00 first failure: nad-not-found shop/pay",
        "18:02:00 over: nad-not-found shop/doors",
    ]


def test_turns_of_several_days_are_told_with_their_day(report, write, catalog) -> None:
    found = report(write(lines([*failing(START - timedelta(days=2)), *failing(START, name="shop/door", missing="doors")])))
    assert [" ".join(x.split()[:2]) for x in drawn(found, catalog)[1:]] == ["11-21 18:00:00", "11-23 18:00:00"]


def test_many_failures_are_shortened_beneath_the_strip(report, write, catalog) -> None:
    found = report(write(lines([x for n in range(15) for x in failing(START + n * SECOND, name=f"shop/p{n}", missing=f"n{n}")])))
    _, *told_of, rest = drawn(found, catalog)
    assert (len(told_of), rest.split()) == (12, ["and", "3", "more"])


def test_no_strip_is_drawn_without_a_failure_or_without_a_time(report, write, catalog) -> None:
    healthy = report(write(lines([starting(START), running(START + MINUTE)])))
    one_moment = report(write(lines(failing(START))))
    assert not any("timeline" in x for found in (healthy, one_moment) for x in printed(found, catalog))


def test_markdown_has_the_story_as_a_table(story, catalog) -> None:
    text = markdown.render(story, catalog, "en")
    rows = text[text.index("## timeline") :].split("\n\n")[1].splitlines()
    assert rows[:5] == [
        "| UTC | seen |",
        "|---|---|",
        "| 2026-11-23 17:50:00 | the node started |",
        "| 2026-11-23 17:51:00 | CRI-O started |",
        "| 2026-11-23 17:52:00 | MicroShift started |",
    ]
    assert rows[5] == r"| 2026-11-23 17:53:00 | interface renamed: eth0 \> enp7s0 (igb 0000:01:00.0) |"
    assert rows[-1] == "| 2026-11-23 18:02:00 | over: nad-not-found shop/doors |"
    assert len(rows) == 2 + len(story.timeline)
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 3 for row in rows)


def test_json_has_every_turn_of_the_story(story, catalog) -> None:
    found = json_v1.as_mapping(story, catalog, "en")["timeline"]
    assert found[0] == {"time": "2026-11-23T17:50:00Z", "kind": "boot", "rule": None, "text": "the node started"}
    assert found[-1] == {"time": "2026-11-23T18:02:00Z", "kind": "recovery", "rule": "nad-not-found", "text": "over: nad-not-found shop/doors"}
    assert len(found) == len(story.timeline)


def test_every_turn_has_words_in_both_languages(story) -> None:
    kinds = {"boot", "start", "stop", "cni-config", "renamed", "clock", "jump", "created", "config", "annotation", "failure", "last", "recovery"}
    for words in (EN, JA):
        assert set(words.moment) == kinds
        assert {"node", "microshift", "crio", "kubelet", "multus", "ovn"} <= set(words.component)
        assert all(moment_text(m, words) for m in story.timeline)


def test_the_node_fixture_tells_the_recovery_of_its_one_pod(report) -> None:
    found = report(NODE / "journal.export.zst", NODE / "objects")
    assert [m.text for m in found.timeline if m.kind == "recovery"] == ["plant/mixer-net"]
    assert [m.text.split(",")[0] for m in before(found.timeline)] == ["NAD plant/camera-net"]
