"""A message that differs from another in its ids alone is not read again, and reads the same."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose import catalog
from diagnose.alike import MARK, Alike, alike, marked
from diagnose.lint import read_entries
from diagnose.match import Matcher
from diagnose.parse.line import parse_line, program_line

RULES = catalog.load()
BOX = "68fc30a1b2c3d4e5f60718293a4b5c6d7e8f9011223344556677889900aabbcc"
UID = "9621787d-28f7-4587-3212-c44f07123c8d"
HEX = st.text("0123456789abcdf", min_size=64, max_size=64)


def test_ids_are_replaced_one_by_one_and_come_back() -> None:
    text = f"k8s_a_b_{UID}_0({BOX}): netns {UID} other {BOX[::-1]}"
    found = alike(text)
    assert found is not None
    assert len(found.ids) == 3
    assert len(found.text) == len(text)
    assert found.text.count(found.ids[UID]) == 2
    assert found.own(found.text) == text
    assert alike(text.replace(BOX, BOX[1:] + "7")) == Alike(found.text, {UID: found.ids[UID], BOX[1:] + "7": found.ids[BOX], BOX[::-1]: found.ids[BOX[::-1]]})


def test_fields_get_their_ids_and_one_that_was_cut_is_told() -> None:
    found = alike(f"{UID} {BOX}")
    assert found is not None
    fields = {"a": found.ids[BOX], "b": "plain", "c": f"x {found.ids[UID]}"}
    assert marked(fields) == ("a", "c")
    assert found.named(fields, ("a", "c")) == {"a": BOX, "b": "plain", "c": f"x {UID}"}
    assert found.named({"a": found.ids[BOX][:40]}, ("a",)) is None


def test_numbers_and_short_ids_stay() -> None:
    assert alike("status 400, code 7, 9ad1c0ffee, 192.168.122.5/24") == Alike("status 400, code 7, 9ad1c0ffee, 192.168.122.5/24", {})


def test_a_text_that_looks_like_a_stand_in_has_none() -> None:
    assert alike(f"{MARK} {BOX}") is None


@given(st.lists(HEX | st.uuids().map(str) | st.text("ab1 :\"'\\[]{}\n", max_size=9), max_size=12))
@settings(max_examples=200, deadline=None)
def test_every_text_comes_back(parts: list[str]) -> None:
    text = "".join(parts)
    found = alike(text)
    assert found is None or found.own(found.text) == text


_IDS = re.compile(r"[0-9a-f]{64}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def _samples() -> list[str]:
    found = [
        str(s.body["match"])
        for path in sorted(catalog.rules_folder().glob("*/*.yaml"))
        for e in read_entries(str(path))
        for s in e.samples
        if "match" in s.body
    ]
    return [x for x in found if _IDS.search(x)]


def _others(text: str, chance: random.Random) -> str:
    """Return the text with other ids in the place of its own."""
    new: dict[str, str] = {}
    return _IDS.sub(lambda m: new.setdefault(m[0], re.sub("[0-9a-f]", lambda _: chance.choice("0123456789abcdf"), m[0])), text)


def test_a_message_with_other_ids_is_judged_as_if_it_were_the_first() -> None:
    chance = random.Random(7)  # noqa: S311 - no secret
    known = Matcher(RULES)
    samples = _samples()
    assert len(samples) > 100
    for text in samples:
        for other in (text, _others(text, chance), _others(text, chance)):
            line = parse_line(other)
            found = known.classify(line.message, line.program, line.like)
            fresh = Matcher(RULES)._read(line.message, line.program)
            assert [(h.rule, h.captures, h.cut, h.quiet, h.segment._replace(layers=())) for h in found] == [
                (h.rule, h.captures, h.cut, h.quiet, h.segment._replace(layers=())) for h in fresh
            ]


def test_an_id_that_a_capture_cuts_is_read_anew() -> None:
    # A free gap at the end holds 400 characters: here it ends within the id.
    for box in (BOX, BOX[::-1]):
        message = f'error adding pod a_b to CNI network "m": plugin type="multus" failed (add): failed to find plugin "x" in path [{"y" * 380}{box}]'
        (hit,) = Matcher(RULES).classify(message, "crio")
        again = Matcher(RULES)
        again.classify(message.replace(box, BOX.swapcase().lower()[2:] + "12"), "crio")
        found = again.classify(message, "crio")[0]
        assert (found.captures, found.segment._replace(layers=())) == (hit.captures, Matcher(RULES)._read(message, "crio")[0].segment._replace(layers=()))
        assert all(MARK not in v for v in hit.captures.values())


@pytest.mark.parametrize("text", [
    f'E1123 20:00:42.856229    4654 x.go:1] "RunPodSandbox from runtime service failed" err="rpc error: {UID} {BOX}" podSandboxID="{BOX}" pod="a/b"',
    f'time="2026-11-23T20:00:42Z" level=error msg="x {BOX}" error="plugin {UID}" id={UID}',
])  # fmt: skip
def test_a_line_with_other_ids_is_taken_apart_as_if_it_were_the_first(text: str) -> None:
    first = program_line(text)
    chance = random.Random(3)  # noqa: S311 - no secret
    for _ in range(3):
        other = _others(text, chance)
        ids = dict(zip(_IDS.findall(text), _IDS.findall(other), strict=True))

        def named(value: str, ids: dict[str, str] = ids) -> str:
            return _IDS.sub(lambda m: ids[m[0]], value)

        found = program_line(other)
        assert (found.message, found.fields) == (named(first.message), {k: named(v) for k, v in first.fields.items()})
        assert found.like is not None
        assert found.like.own(found.like.text) == found.message
        assert found.like.text == first.like.text
