"""Layouts: the broken part is marked, what is not known is never drawn as sound, and time stands where it belongs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from conftest import NODE
from reports import MINUTE, T0, finding, made

from diagnose.lang import EN, labels
from diagnose.model import Affected, Attached, Attachment, Moment, PathSeen, PodNetworks, PoolSeen, Proof, Report
from diagnose.render import picture, strip
from diagnose.render.html_words import html_words
from diagnose.render.words import wide

HW = html_words("en")
BRIDGE = PathSeen("line/robot-0", "line/net-0", "net-0", "net1", "there", "bridge", "br-line", "up", ("enp2s0",), "host-local", ("10.1.2.10-10.1.2.20",))


def ways(report: Report, catalog) -> list[dict[str, str]]:
    """Return the state of each box and edge of each drawing."""
    drawn, _ = picture.pictures(report, catalog, EN, HW, 12)
    return [
        {**{b.part.kind: b.part.state for b in p.wide.boxes}, "edges": " ".join(e.state for e in p.wide.edges), "said": p.description, "pods": ",".join(p.pods)} for p in drawn
    ]  # fmt: skip


def test_the_sample(report, catalog) -> None:
    shown = {w["pods"]: w for w in ways(report(NODE), catalog)}
    assert shown["plant/press-hmi"]["NAD"] == "broken"
    assert shown["plant/press-hmi"]["edges"] == "unknown unknown broken"
    assert "NAD plant/conveyer-net, broken:, nad-not-found, not there" in shown["plant/press-hmi"]["said"]
    assert shown["plant/label-printer"]["pod interface"] == "broken"
    valve = shown["plant/valve-b"]
    assert (valve["addresses (host-local)"], valve["NAD"], valve["bridge"], valve["host interface"]) == ("broken", "ok", "unknown", "unknown")
    assert valve["edges"] == "unknown unknown broken"
    mixer = shown["plant/mixer-1"]  # over: nothing is broken any more, and Multus recorded its interface
    assert (mixer["pod interface"], mixer["edges"]) == ("ok", "unknown unknown ok")
    assert "net1, 10.71.7.2, recorded by Multus" in mixer["said"]


def test_every_rule_breaks_one_part_and_one_edge(catalog) -> None:
    for rule in catalog.rules:
        (way,) = ways(made(finding(0, rule=rule.id), paths=[BRIDGE]), catalog)
        states = [v for k, v in way.items() if k not in ("edges", "said", "pods")]
        assert states.count("broken") == 1, rule.id
        assert way["edges"].split().count("broken") == 1, rule.id
        assert f"broken:, {rule.id}" in way["said"]


@pytest.mark.parametrize(
    ("rule", "part", "edge"),
    [
        ("master-interface-not-found", "host interface", 0), ("bridge-conflict", "bridge", 1), ("nad-config-invalid-json", "NAD", 2),
        ("ipam-pool-exhausted", "addresses (host-local)", 2), ("annotation-invalid-json", "pod interface", 2), ("crio-not-running", "pod interface", 2),
    ],
)  # fmt: skip
def test_where_a_rule_breaks_the_way(catalog, rule: str, part: str, edge: int) -> None:
    (way,) = ways(made(finding(0, rule=rule), paths=[BRIDGE]), catalog)
    assert way[part] == "broken"
    assert way["edges"].split()[edge] == "broken"


def test_only_the_network_that_a_finding_names_is_broken(catalog) -> None:
    other = BRIDGE._replace(network="line/other", cni="other")
    (drawn,), _ = picture.pictures(made(finding(0), paths=[other, BRIDGE]), catalog, EN, HW, 12)
    assert [b.part.state for b in drawn.wide.boxes if b.part.kind == "NAD"] == ["ok", "broken"]


def test_nothing_known_is_drawn_as_nothing_known(catalog) -> None:
    bare = PathSeen("line/robot-0", "line/net-0", "", "", "unknown", "", "", "unknown", None, "", ())
    (way,) = ways(made(finding(0, state="resolved"), paths=[bare]), catalog)
    assert {v for k, v in way.items() if k not in ("edges", "said", "pods")} == {"unknown"}
    assert way["edges"] == "unknown unknown unknown"
    (way,) = ways(made(finding(0, rule="annotation-invalid-json")), catalog)
    assert "which network is not known" in way["said"]


@pytest.mark.parametrize("change", [{"link": "down"}, {"link": "absent"}, {"link": "unknown"}, {"ports": None}, {"nad": "absent"}, {"plugin": ""}])
def test_each_part_that_is_not_shown_to_be_sound_is_not_drawn_so(catalog, change: dict[str, object]) -> None:
    attached = Attached("line/net-0", "net1", ("10.1.2.11",))
    table = PodNetworks("line", "robot-0", "ran", "netns", (Attachment("line/net-0", attached, attached, attached, "ok"),), "")
    sound = made(
        finding(0, state="resolved"),
        paths=[BRIDGE],
        attachments=[table],
        pools=[PoolSeen("s", "net-0", ("line/net-0",), ("10.1.2.10-10.1.2.20",), 11, (), 4, ())],
    )
    (way,) = ways(sound, catalog)
    assert {v for k, v in way.items() if k not in ("edges", "said", "pods")} == {"ok"}
    assert way["edges"] == "ok ok ok"
    assert "7 of 11 addresses taken" in way["said"]
    sound.paths = [BRIDGE._replace(**change)]
    (way,) = ways(sound, catalog)
    assert "unknown" in way["edges"]


def test_pods_with_the_same_picture_share_it_and_the_rest_is_counted(catalog) -> None:
    pods = [Affected("Pod", "line", f"robot-{n}") for n in range(30)]
    shared = finding(0, rule="crio-not-running", affected=pods, captures={})
    drawn, left = picture.pictures(made(shared), catalog, EN, HW, 12)
    assert (len(drawn), len(drawn[0].pods), left) == (1, 30, 0)
    drawn, left = picture.pictures(made(*(finding(n) for n in range(30))), catalog, EN, HW, 12)
    assert (len(drawn), left) == (12, 18)


def test_boxes_lie_within_their_drawing_and_not_on_each_other(catalog) -> None:
    long = BRIDGE._replace(network="a-namespace-of-some-length/" + "n" * 60, device="b" * 15, ranges=("10.1.2.10-10.1.2.20",) * 9)
    (drawn,), _ = picture.pictures(made(finding(0), paths=[long, BRIDGE]), catalog, labels("ja"), html_words("ja"), 12)
    for d in (drawn.wide, drawn.tall):
        for b in d.boxes:
            assert b.x >= 0
            assert b.x + b.width <= d.width
            assert b.y + b.height <= d.height
            assert wide(b.name) * 8 <= b.width
            assert all(wide(t) * 6 <= b.width for t in (b.kind, *b.notes))
        for n, one in enumerate(d.boxes):
            for other in d.boxes[n + 1 :]:
                assert one.x + one.width <= other.x or other.x + other.width <= one.x or one.y + one.height <= other.y or other.y + other.height <= one.y


# --- timeline ---------------------------------------------------------------------------------------------------------


def drawn(report: Report, form: strip.Form = strip.WIDE) -> strip.Strip:
    found = strip.strip_of(report, [m.text for m in report.timeline], form)
    assert found is not None
    return found


@pytest.mark.parametrize("form", [strip.WIDE, strip.TALL])
def test_lanes_run_from_the_first_failure_to_the_last(form: strip.Form) -> None:
    over = Proof("works", T0 + 8 * MINUTE, "")
    found = drawn(made(finding(0, last=T0 + 5 * MINUTE, times=()), finding(1, state="resolved", last=T0 + 4 * MINUTE, proof=over, times=())), form)
    one, two = found.lanes
    middle = (form.left + form.width - form.right) / 2
    assert one.first < one.last
    assert one.last == pytest.approx(middle, abs=2)
    assert (one.open, one.end) == (form.width - form.right, None)
    assert two.open is None
    assert two.end is not None
    assert two.last < two.end < form.width - form.right
    assert {one.y, two.y} == {found.lanes[0].y, found.lanes[0].y + form.lane}
    assert found.height > found.foot > two.y


def test_boots_are_bands_and_what_happened_has_its_sign() -> None:
    moments = [
        Moment(T0 + MINUTE, "boot", "boot"),
        Moment(T0 + MINUTE + 1, "start", "crio"),
        Moment(T0 + 5 * MINUTE, "start", "ovn"),
        Moment(T0 + 6 * MINUTE, "config", "NAD"),
        Moment(T0 - 90 * MINUTE, "created", "early"),
    ]
    found = drawn(made(finding(0), timeline=moments))
    assert [b.odd for b in found.bands] == [False, True]
    assert found.bands[0].x + found.bands[0].width == pytest.approx(found.bands[1].x, abs=0.2)
    assert [(s.letter, s.title) for s in found.signs] == [("B", "boot\ncrio"), ("S", "ovn"), ("C", "NAD")]


@pytest.mark.parametrize("span", [1, 20, 90, 600, 3600, 7200, 86_400, 3 * 86_400, 40 * 86_400, 400 * 86_400, 60 * 365 * 86_400])
def test_the_axis_has_a_few_round_moments_and_tells_the_date(span: int) -> None:
    one = finding(0, first=T0 + 1, last=T0 + span * 1_000_000, times=())
    found = drawn(made(one, window=(T0, T0 + span * 1_000_000)))
    assert 1 <= len(found.ticks) <= 8
    assert found.ticks[0].day.startswith("20")
    assert all(a.x < b.x for a, b in zip(found.ticks, found.ticks[1:], strict=False))
    assert all(0 <= t.text <= strip.WIDE.width for t in found.ticks)


def test_what_has_no_time_is_not_drawn() -> None:
    undated = replace(finding(0), first=None, last=None, times=())
    assert strip.strip_of(made(undated), [], strip.WIDE) is None
    assert strip.strip_of(made(), [], strip.WIDE) is None
    assert drawn(made(*(finding(n) for n in range(50)))).more == 10


def test_names_are_cut_in_their_middle() -> None:
    assert strip.shortened("short", 10) == "short"
    assert strip.shortened("namespace/a-long-name", 11) == "names\u2026-name"
    assert wide(strip.shortened("\u539f\u56e0" * 20, 11)) <= 11
    assert len(strip.shortened("\x1b\u202e" * 20, 11)) <= 11
