"""Templates of upstream messages: captures, quotes, messages cut short, and the work they cost."""

from __future__ import annotations

import json
import re
import time

import pytest

from diagnose.catalog import load
from diagnose.template import CUT_WEIGHT, GAP_LIMIT, Index, Match, Template, canonical, fold

NAD = "cannot find a network-attachment-definition ({nad}) in namespace ({nad_namespace}): {}"
LINE = 'cannot find a network-attachment-definition (mixer-net) in namespace (plant): network-attachment-definitions.k8s.cni.cncf.io "mixer-net" not found'


def _match(template: str, text: str, *, cut: bool = False) -> Match | None:
    plain = canonical(text)
    return Template(template).match(plain, fold(plain), cut=cut)


def test_captures_and_offsets() -> None:
    end = LINE.index("network-attachment-definitions.k8s") - 1
    assert _match(NAD, "x: " + LINE) == Match(3, 3 + end + 1, 49, {"nad": "mixer-net", "nad_namespace": "plant"}, False, 3)


@pytest.mark.parametrize(
    ("template", "text", "captures"),
    [
        ("no IP addresses available in range set: {range}", "no IP addresses available in range set: 10.71.4.2-10.71.4.2", {"range": "10.71.4.2-10.71.4.2"}),
        ("failed to allocate for range {:d}: {reason}", "failed to allocate for range 0: no room at all", {"reason": "no room at all"}),
        ("failed to allocate for range {:d}: {reason}", "failed to allocate for range x: no room", None),
        ("failed to allocate for range {n:d}: x", "failed to allocate for range -12: x", {"n": "-12"}),
        (
            'failed to find plugin "{plugin}" in path {path_list}',
            'failed to find plugin "a b" in path [/opt/cni/bin /usr/libexec]',
            {"plugin": "a b", "path_list": "[/opt/cni/bin /usr/libexec]"},
        ),
        ("Link {name} is down", "Link eth0 is down", {"name": "eth0"}),
        ("Link {name} is down", "Link eth0 of mine is down", None),
        ("{name} is not a valid address", "x: 10.0.0.300 is not a valid address", {"name": "10.0.0.300"}),
        ("{name} is not a valid address", "the one is not a valid address", None),
        ("{reason}: plugin exited", "a: some words: plugin exited", {"reason": "some words"}),
        ("a {{literal}} brace", "a {literal} brace", {}),
        ("cannot find it: {error}", 'cannot find it: "boom"', {"error": '"boom'}),
        ("Cannot Find  It", "cannot\n\tfind it", {}),
        ("can't find 'it'", "can\u2019t find \u201cit\u201d", {}),
        ("failed to set bridge {name}: boom", "failed to set bridge br0 : failed to set bridge br1: boom", {"name": "br1"}),
    ],
)
def test_what_a_gap_may_hold(template: str, text: str, captures: dict[str, str] | None) -> None:
    found = _match(template, text)
    assert (found and found.captures) == captures


@pytest.mark.parametrize("levels", [0, 1, 2, 3, 5, 7])
def test_quotes_at_any_level_of_escaping(levels: int) -> None:
    text = LINE
    for _ in range(levels):
        text = json.dumps(text)
    found = _match(NAD[:-2] + '{} "{nad}" not found', text)
    assert found is not None
    assert found.captures == {"nad": "mixer-net", "nad_namespace": "plant"}


def test_html_escapes_of_go_json() -> None:
    assert canonical(r"a \u003cnil\u003e \u0026 \\u0022b\\u0022") == 'a <nil> & "b"'


@pytest.mark.parametrize(
    ("size", "cut"),
    [(len(LINE), False), (LINE.index("):") + 2, True), (LINE.index(" (plant") + 4, True), (LINE.index("mixer") + 3, True), (40, True), (20, None), (0, None)],
)
def test_a_message_cut_short(size: int, cut: bool | None) -> None:
    found = _match('cannot find a network-attachment-definition ({nad}) in namespace ({nad_namespace}): {} "{}" not found', LINE[:size], cut=True)
    assert (found and found.cut) is cut


def test_a_message_that_goes_on_with_other_words_is_not_cut() -> None:
    text = "cannot find a network-attachment-definition (mixer-net) at all, sorry"
    assert _match(NAD, text, cut=True) is None


def test_without_leave_no_message_is_cut() -> None:
    assert _match(NAD, LINE[: LINE.index(" in name")]) is None


def test_a_gap_has_its_limit() -> None:
    assert _match("begins here {} ends there", "begins here " + "x" * GAP_LIMIT + " ends there") is not None
    assert _match("begins here {} ends there", "begins here " + "x" * (GAP_LIMIT + 1) + " ends there") is None


@pytest.mark.parametrize("text", ["{}", "{a}", "", "{{}}", "{a}{b} x", "x {}{:d}"])
def test_templates_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"no literal|two gaps"):
        Template(text)


def test_a_letter_whose_lower_case_is_longer_shifts_nothing() -> None:
    found = _match("failed for {name}: boom", "\u0130\u0130 failed for x1: boom")
    assert found is not None
    assert found.captures == {"name": "x1"}


def test_the_index_gives_every_template_that_matches() -> None:
    templates = [Template(x) for x in (NAD, "no IP addresses", "{name}-net{}x", "{a}x")]
    index = Index([t.words for t in templates])
    assert index.candidates(fold(LINE)) == [0, 2, 3]
    assert index.candidates(fold("no ip addresses")) == [1, 2, 3]


def test_every_template_of_the_rules_is_found_by_its_own_text() -> None:
    messages = load().messages
    for number, message in enumerate(messages):
        # A gap of digits takes 1, any other one word.
        text = canonical(message.template.text.replace("{{", "\x01").replace("}}", "\x02"))
        text = re.sub(r"\{[a-z_]*:d\}", "1", text)
        text = re.sub(r"\{[a-z_]*\}", "word", text).replace("\x01", "{").replace("\x02", "}")
        text = canonical(f"{text} word")  # some end with a blank, behind which the error stands
        low = fold(text)
        assert number in load().index.candidates(low), text
        assert message.template.match(text, low) is not None, text


@pytest.mark.parametrize(
    ("template", "part"),
    [
        ("failed {reason} failed {error} failed {} done", "failed "),
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab {}", "a"),
        (NAD, "cannot find a network-attachment-definition ("),
        ("failed to allocate for range {:d}: x", "failed to allocate for range "),
    ],
)
def test_a_hostile_mebibyte_takes_bounded_work(template: str, part: str) -> None:
    text = canonical(part * (2**20 // len(part)))
    low = fold(text)
    wanted = Template(template)
    for cut in (False, True):
        began = time.process_time()
        wanted.match(text, low, cut=cut)
        assert time.process_time() - began < 5


def test_work_grows_with_the_text_and_no_faster() -> None:
    wanted = Template("a b {x} c d {y} e f {z} never")
    costs: list[float] = []
    for size in (24_000, 96_000):
        text = "a b c d e f " * (size // 12)
        began = time.process_time()
        assert wanted.match(text, text) is None
        costs.append(time.process_time() - began)
    assert costs[1] < 8 * costs[0]  # linear work takes 4 times as long, quadratic 16 times


def test_a_cut_message_shows_enough_of_itself() -> None:
    head = "x" * CUT_WEIGHT
    assert _match(head + "yz {}", "cut: " + head, cut=True) is not None
    assert _match(head + "yz {}", "cut: " + head[1:], cut=True) is None
