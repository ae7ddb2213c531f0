"""The tolerant JSON reader: what Go accepts has no break and its value; what Go refuses has one, with its place."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.checks.golang import JsonSyntaxError, Scanner
from diagnose.parse.jsontext import Node, parse

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
PIECES = st.sampled_from(["{", "}", "[", "]", ",", ":", '"a"', '"b c"', "1", "-", "01", "1.5", "true", "True", "null", "'x'", "“y”", "# c\n", "/*", " ", "\n", "\u00a0", "\t", "\\", '"', "x", "：", "0.4.0"])  # fmt: skip


def _go_accepts(text: str) -> bool:
    try:
        Scanner(text).read()
    except JsonSyntaxError:
        return False
    return True


def _nodes(node: Node):
    yield node
    for child in node.children.values():
        yield from _nodes(child)


@given(JSON, st.sampled_from([None, 2]))
def test_a_value_is_read_and_every_part_of_it_stands_where_it_says(value: object, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    parsed = parse(text)
    assert parsed.breaks == []
    assert parsed.root is not None
    assert parsed.root.value == value
    for node in _nodes(parsed.root):
        assert json.loads(text[node.start : node.end]) == node.value
        for key, child in node.children.items():
            if isinstance(key, str):
                assert child.key is not None
                assert json.loads(text[child.key[0] : child.key[1]]) == key


@settings(max_examples=400)
@given(st.lists(PIECES, max_size=14).map("".join))
def test_it_finds_a_break_exactly_where_go_refuses(text: str) -> None:
    parsed = parse(text)
    assert (parsed.breaks == []) == _go_accepts(text)
    for item in parsed.breaks:
        assert 0 <= item.offset <= len(text)
        assert item.length >= 0


@given(JSON.filter(lambda v: isinstance(v, (dict, list))), st.data())
def test_a_character_lost_or_added_never_crashes_it(value: object, data: st.DataObject) -> None:
    text = json.dumps(value, indent=1)
    at = data.draw(st.integers(0, len(text) - 1))
    for broken in (text[:at] + text[at + 1 :], text[:at] + data.draw(PIECES) + text[at:], text[:at]):
        assert (parse(broken).breaks == []) == _go_accepts(broken)


BREAKS = [
    ('{"a":1,}', "trailing-comma", 6, ""),
    ("[1,2,]", "trailing-comma", 4, ""),
    ('{"a":1,,"b":2}', "extra-comma", 7, ""),
    ('{"a":"1"\n"b":2}', "missing-comma", 7, '",'),
    ('{"a" 1}', "missing-colon", 3, '":'),
    ('{"a":}', "missing-value", 1, ""),
    ("{'a':1}", "single-quote", 1, '"a"'),
    ("{“a”:1}", "smart-quote", 1, '"a"'),
    ('{"a”:1}', "smart-quote", 1, '"a"'),
    ('{"a":1 // b\n}', "comment", 7, ""),
    ('{"a":1 # b\n}', "comment", 7, ""),
    ('{"a":/* b */1}', "comment", 5, ""),
    ("{a:1}", "unquoted", 1, '"a"'),
    ('{"a":10.0.0.1}', "unquoted", 5, '"10.0.0.1"'),
    ('{"a":True}', "word", 5, "true"),
    ('{"a":010}', "number", 5, ""),
    ('{"a":"\\d"}', "escape", 6, ""),
    ('{"a":"\t"}', "control", 6, ""),
    ('{"a":"b\n}', "unterminated", 5, ""),
    ('{"a"：1}', "wide", 4, ":"),
    ('{"a":\u00a01}', "blank-character", 5, " "),
    ('\ufeff{"a":1}', "blank-character", 0, " "),
    ('{"a":[{"b":1}', "unclosed", 12, "}]}"),
    ('{"a":[{"b":1]}', "mismatch", 12, "}]"),
    ('{"a":1}}', "extra", 7, ""),
    ("}", "unexpected", 0, ""),
    (" \n", "blank", 0, ""),
    ("[{}, {{}}]", "missing-key", 6, ""),
]


@pytest.mark.parametrize(("text", "kind", "offset", "instead"), BREAKS)
def test_each_kind_of_break_is_named_at_its_place(text: str, kind: str, offset: int, instead: str) -> None:
    first = parse(text).breaks[0]
    assert (first.kind, first.offset, first.instead) == (kind, offset, instead)


def test_what_can_be_read_of_broken_text_keeps_its_place() -> None:
    text = '{"a": {"b": "x",}, "c": [1 2], "d": {"e": "y"'
    root = parse(text).root
    assert root is not None
    assert root.value == {"a": {"b": "x"}, "c": [1, 2], "d": {"e": "y"}}
    node = root.children["d"].children["e"]
    assert text[node.start : node.end] == '"y"'


def test_a_key_that_stands_twice_is_told_and_the_last_one_counts() -> None:
    parsed = parse('{"a":1,"a":2}')
    assert parsed.root is not None
    assert parsed.root.value == {"a": 2}
    assert [(t.key, t.offset) for t in parsed.twice] == [("a", 7)]


def test_hostile_depth_and_length_cost_neither_stack_nor_minutes() -> None:
    assert parse("[" * 50_000).breaks[0].kind == "unclosed"
    assert parse("}" * 50_000).breaks[0].kind == "unexpected"
    assert parse("9" * 50_000).breaks == []
