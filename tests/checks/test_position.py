"""Places: whatever style a value is written in, the character at the reported line and column is the character meant."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.checks import position
from diagnose.checks.fault import Spot
from diagnose.checks.position import Broken, Document, span_of

CONFIG = ("spec", "config")


def documents(text: str | bytes, name: str = "nad.yaml") -> list[Document]:
    found = list(position.read(name, text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text))
    assert [x for x in found if isinstance(x, Broken)] == []
    return [x for x in found if isinstance(x, Document)]


def broken(text: str | bytes, name: str = "nad.yaml") -> list[Broken]:
    return [x for x in position.read(name, text.encode() if isinstance(text, str) else text) if isinstance(x, Broken)]


def written(text: str, line: int, column: int) -> str:
    """Return what stands at a place, found by splitting: another way than the one that is tested."""
    lines = re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff"))
    return (lines[line - 1] + "\n")[column - 1 :]


def value(document: Document, path: tuple[str | int, ...]) -> str:
    body: Any = document.body
    for step in path:
        body = body[step]
    assert isinstance(body, str)
    return body


def unescaped(text: str, form: str) -> str:
    """Return the one character that an escape at the head of `text` stands for."""
    m = re.match(r"\\u[dD][89abAB]..\\u....|\\u....|\\x..|\\U.{8}|\\.", text, re.DOTALL)
    assert m is not None
    return json.loads(f'"{m[0]}"') if form == "json" else yaml.safe_load(f'"{m[0]}"')


def assert_places(text: str, document: Document, path: tuple[str | int, ...], form: str) -> None:
    """Compare every character of the value with what stands at its place."""
    whole = value(document, path)
    found = document.find(path)
    assert found is not None
    assert found.offsets() is not None, repr(text)
    before = (0, 0)
    for offset, character in enumerate(whole):
        place = document.text.place(span_of(document, path, Spot(offset, 1)).start)
        assert place > before, (offset, character, text)
        before = place
        there = written(text, *place)
        if form in ("double", "json") and there[0] == "\\":
            assert unescaped(there, form) == character, (offset, text)
        elif character in " \n":
            assert there[0].isspace(), (offset, character, there, text)
        else:
            assert there[0] == character, (offset, character, there, text)


STYLES = {
    "literal": 'spec:\n  config: |\n    {\n      "a": 1,\n\n      "b": "x y"\n    }\n',
    "literal, stripped": 'spec:\n  config: |-\n      {"a":\n        1}\n\n\nkind: X\n',
    "literal, kept": 'spec:\n  config: |+\n   {"a":\n\n    1}\n\n\nkind: X\n',
    "literal, indentation told": 'spec:\n  config: |2\n      {"a":\n    1}\n',
    "literal, indentation and chomping told": 'spec:\n  config: |-2\n      {"a":\n    1}\n',
    "literal, indentation after chomping, comment": 'spec:\n  config: |2- # {"no": 1}\n      {"a":\n    1}\n',
    "literal, blank first": 'spec:\n  config: |\n\n\n    {"a": 1}\n',
    "literal, one space": 'spec:\n config: |\n  {\n  }\n',
    "literal, at the end without a break": 'spec:\n  config: |\n    {"a": 1}',
    "literal, tabs": 'spec:\n  config: |\n    {\n    \t"a": 1\n    }\n',
    "literal, CRLF": 'spec:\r\n  config: |\r\n    {\r\n      "a": 1,\r\n\r\n      "b": 2\r\n    }\r\n',
    "literal, comment behind": 'spec:\n  config: |\n    {"a": 1}\n  # comment\n  other: 1\n',
    "literal, tagged and anchored": 'spec:\n  config: !!str &it |\n    {"a": 1}\n  other: *it\n',
    "literal, trailing blanks": 'spec:\n  config: |\n    {"a": 1}   \n      \n    x\n',
    "folded": 'spec:\n  config: >\n    {"a": 1,\n    "b": 2,\n\n    "c":\n      3,\n      4\n    }\n',
    "folded, stripped": 'spec:\n  config: >-\n    {"a": 1,\n    "b": 2}\n',
    "folded, more indented first": 'spec:\n  config: >1\n     x\n   y\n   z\n\n\n     w\n',
    "single": "spec:\n  config: '{\"a\": \"it''s\",  \"b\": 2}'\n",
    "single, lines": "spec:\n  config: '{\n      \"a\": 1,\n\n\n      \"b\":   2\n    }'\n",
    "double": 'spec:\n  config: "{\\"a\\": 1, \\"b\\": \\"\\u00e9 \\x41 \\U0001F600 \\t\\\\\\"}"\n',
    "double, lines": 'spec:\n  config: "{\\"a\\": 1,   \n     \\"b\\": \\\n     2, \\\n\n     3}"\n',
    "plain": "spec:\n  config: eth0 and it's, more\n",
    "plain, lines": "spec:\n  config: eth0\n    and\n\n\n    more   \n    yet   \nkind: X\n",
    "plain, comment": "spec:\n  config: a, b@net1   # comment\n",
    "flow": 'spec: {config: "{\\"a\\": 1}", other: [1, 2]}\n',
    "flow, plain": "spec: {config: a b, other: [1, 2]}\n",
    "question": "? spec\n: ? config\n  : 'a b'\n",
    "second document": "# one\n---\nkind: A\n---\nspec:\n  config: |\n    {1}\n",
    "byte order mark": "\ufeffspec: {config: 'x y'}\n",
    "wide": "spec:\n  名前: 値\n  config: 'ネット \U0001f600 {'\n",
    "merged": "base: &b\n  config: 'from there'\nspec:\n  <<: *b\n  other: 1\n",
    "overridden": "base: &b\n  config: 'from there'\nspec:\n  config: mine\n  <<: *b\n",
    "twice": "spec:\n  config: first\n  config: 'second one'\n",
    "line separators": "spec:\n  config: |\n    a\u2028    b\x85    c\n",
}  # fmt: skip


@pytest.mark.parametrize("name", STYLES)
def test_every_character_stands_where_it_is_said_to_stand(name: str) -> None:
    text = STYLES[name]
    document = next(d for d in documents(text) if "spec" in d.body)
    if name == "line separators":  # they are lines to YAML, not to an editor
        found = document.find(CONFIG)
        assert found is not None
        assert found.offsets() is not None
        return
    assert_places(text, document, CONFIG, "double" if name.startswith(("double", "flow")) else "")


JSON_LIKE = st.text(st.sampled_from("{}[]\":,' \n\t#ab1é\\-|>&*!%@`\u3042\U0001f600"), min_size=1, max_size=40)


@settings(max_examples=300, deadline=None)
@given(
    config=JSON_LIKE,
    style=st.sampled_from(["|", ">", "'", '"', None]),
    indent=st.integers(2, 6),
    width=st.sampled_from([10, 30, 200]),
    ending=st.sampled_from(["\n", "\r\n"]),
    unicode=st.booleans(),
)
def test_places_in_whatever_pyyaml_writes(config: str, style: str | None, indent: int, width: int, ending: str, unicode: bool) -> None:
    body = {"kind": "X", "spec": {"other": "x", "config": config, "then": ["y"]}}
    text = yaml.dump(body, default_style=style, indent=indent, width=width, line_break=ending, allow_unicode=unicode, sort_keys=False)
    text = text.replace("\r\n", "\n").replace("\n", ending)
    (document,) = documents(text)
    assert value(document, CONFIG) == config
    # PyYAML writes in double quotes what the style asked for cannot hold.
    assert_places(text, document, CONFIG, "double" if re.search(r'config["\']?:\s+(?:!\S+\s+)?"', text) else "")


@settings(max_examples=200, deadline=None)
@given(
    lines=st.lists(st.text(st.sampled_from(' ab"{'), max_size=8), max_size=8),
    header=st.sampled_from(["|", "|-", "|+", ">", ">-", ">+"]),
    shift=st.integers(1, 5),
)
def test_places_in_block_scalars_of_any_shape(lines: list[str], header: str, shift: int) -> None:
    told = "" if next((x for x in lines if x.strip()), "x")[0] != " " else str(shift)
    text = f"config: {header}{told}\n" + "".join(f"{' ' * shift}{x}\n" for x in lines) + "kind: X\n"
    try:
        yaml.safe_load(text)
    except yaml.YAMLError:
        return
    (document,) = documents(text)
    assert_places(text, document, ("config",), "")


@settings(max_examples=300, deadline=None)
@given(
    config=st.text(max_size=30).filter(lambda s: not any("\ud800" <= c <= "\udfff" for c in s)),
    indent=st.sampled_from([None, 1, "\t"]),
    ascii_only=st.booleans(),
)
def test_places_in_json(config: str, indent: int | str | None, ascii_only: bool) -> None:
    body = {"kind": "X", "other": {"spec": {"config": "no"}}, "spec": {"a": [1, {"config": 2}], "config": config}, "z": "\\"}
    text = json.dumps(body, indent=indent, ensure_ascii=ascii_only)
    (document,) = documents(text, "nad.json")
    whole = value(document, CONFIG)
    assert whole == config
    for offset, character in enumerate(whole):
        place = document.text.place(span_of(document, CONFIG, Spot(offset, 1)).start)
        there = written(text, *place)
        assert (unescaped(there, "json") if there[0] == "\\" else there[0]) == character


def test_items_of_lists_have_places_of_their_own() -> None:
    text = 'apiVersion: v1\nkind: List\nitems:\n- kind: Pod\n  spec: {config: "a b"}\n- kind: PodList\n  items:\n  - spec:\n      config: c d\n'
    first, second = documents(text)
    assert (first.body["kind"], second.body["kind"]) == ("Pod", "Pod")
    assert_places(text, first, CONFIG, "double")
    assert_places(text, second, CONFIG, "")
    as_json = json.dumps(yaml.safe_load(text), indent=2)
    for document in documents(as_json, "list.json"):
        assert_places(as_json, document, CONFIG, "json")


def place_of(text: str, path: tuple[str | int, ...], spot: Spot | None = None) -> tuple[str, str]:
    """Return the line and column of a fault, and the text that is underlined."""
    (document,) = documents(text)
    span = span_of(document, path, spot)
    return "{}:{}".format(*document.text.place(span.start)), document.text.content[span.start : span.end]


NAD = "kind: NAD\nmetadata:\n  name: web\nspec:\n  config: |\n    {\n      x\n  other: {a: b}\n"


@pytest.mark.parametrize(
    ("path", "spot", "place", "underlined"),
    [
        ((), None, "3:3", "name: web"),
        (("spec", "missing"), None, "4:1", "spec"),
        (("spec", "other"), None, "8:3", "other"),
        (("spec", "other", "a"), None, "8:11", "a: b"),
        (("spec", "config"), Spot(4, 1), "7:7", "x"),
        (("spec", "config"), Spot(99, 1), "7:8", "\n"),
        (("spec", "config"), Spot(0, 99), "6:5", "{\n      x"),
        (("spec", "config"), Spot(4, 0), "7:7", "x"),
        (("nowhere", "at", "all"), None, "3:3", "name: web"),
    ],
)
def test_what_is_underlined(path: tuple[str | int, ...], spot: Spot | None, place: str, underlined: str) -> None:
    assert place_of(NAD, path, spot) == (place, underlined)


def test_a_byte_order_mark_is_no_column_and_no_text() -> None:
    (document,) = documents("\ufeffkind: X\n")
    assert document.text.place(span_of(document, ("kind",), None).start) == (1, 1)
    assert document.text.line(1) == "kind: X"
    assert document.text.line(3) == ""


def test_the_key_alone_can_be_underlined() -> None:
    (document,) = documents("kind: X\n")
    span = span_of(document, ("kind",), None, key_only=True)
    assert document.text.content[span.start : span.end] == "kind"


def test_an_escape_is_underlined_whole() -> None:
    assert place_of('config: "a\\u00e9b"\n', ("config",), Spot(1, 1)) == ("1:11", "\\u00e9")
    assert place_of("config: 'it''s'\n", ("config",), Spot(2, 2)) == ("1:12", "''s")


@pytest.mark.parametrize(
    ("text", "form", "line", "column"),
    [
        ("a: 1\nb:\n\t- x\n", "YAML", 3, 1),
        ("a: 'x\n", "YAML", 1, 5),
        ("kind: X\n---\na: [1, 2\nb: 3\n", "YAML", 4, 2),
        ('{"a": 1,\n  "b": 2,\n}', "JSON", 3, 1),
        ('{"a": 1}\n{"b": }\n{"c": 3}\n', "JSON", 2, 7),
        ("a: \x01\n", "YAML", 1, 4),
        (b"a: \xff\n", "UTF-8", 1, 4),
        ("a: {x: *nowhere}\n", "YAML", 1, 8),
    ],
)
def test_what_cannot_be_read_names_its_place(text: str | bytes, form: str, line: int, column: int) -> None:
    (found,) = broken(text, "x.json" if form == "JSON" else "x.yaml")
    assert (found.form, found.text.place(found.span.start)) == (form, (line, column))
    assert found.reason


def test_a_broken_document_hides_no_other() -> None:
    text = "kind: A\n---\na: 'x\n---\nkind: B\n---\n\t- y\n--- # last\nkind: C\n"
    found = list(position.read("x.yaml", text.encode()))
    assert [x.body["kind"] if isinstance(x, Document) else x.form for x in found] == ["A", "YAML", "B", "YAML", "C"]
    text = '{"kind": "A"}\n{"kind": }\n{"kind": "C"}\n'
    found = list(position.read("x.json", text.encode()))
    assert [x.body["kind"] if isinstance(x, Document) else x.form for x in found] == ["A", "JSON", "C"]


def test_broken_json_between_yaml_marks_hides_no_other() -> None:
    found = list(position.read("x.yaml", b'{"kind": "A"}\n---\n{"kind": ]}\n---\n{"kind": "C"}\n'))
    assert [x.body["kind"] if isinstance(x, Document) else x.form for x in found] == ["A", "YAML", "C"]


def test_json_documents_between_yaml_marks_and_yaml_in_braces() -> None:
    assert [d.body["kind"] for d in documents('{"kind": "A"}\n---\n{"kind": "B"}\n')] == ["A", "B"]
    assert [d.body["kind"] for d in documents("{kind: A}\n")] == ["A"]


def test_keys_that_stand_twice() -> None:
    text = "a: {x: 1, y: 2, x: 3}\nb: &b {x: 1}\nc: {<<: *b, x: 2}\n"
    (document,) = documents(text)
    assert [(t.key, document.text.place(t.first.start), document.text.place(t.again.start)) for t in document.twice] == [("x", (1, 5), (1, 17))]
    (document,) = documents('{"a": {"x": 1, "x": {"y": 1}}}', "x.json")
    assert document.body == {"a": {"x": {"y": 1}}}
    assert document.text.place(span_of(document, ("a", "x", "y"), None).start).column == 22
    assert [(t.key, document.text.place(t.again.start).column) for t in document.twice] == [("x", 16)]


def test_timestamps_stay_text_and_broken_numbers_are_told() -> None:
    (document,) = documents("config: 2026-99-99\n")
    assert document.body == {"config": "2026-99-99"}
    assert [b.form for b in broken("a: 0b_\n")] == ["YAML"]


def test_keys_become_texts_as_in_kubernetes() -> None:
    (document,) = documents("spec: {7: a, true: b, null: c, 1.5: {2: &x {3: d}}, e: *x}\n")
    assert document.body == {"spec": {"7": "a", "true": "b", "null": "c", "1.5": {"2": {"3": "d"}}, "e": {"3": "d"}}}
    assert document.text.place(span_of(document, ("spec", "7"), None).start) == (1, 8)
    (document,) = documents("a: !!timestamp 2026-01-01\n")
    assert document.body == {"a": "2026-01-01"}


def test_a_value_that_holds_itself_is_told() -> None:
    assert [(b.form, b.reason) for b in broken("a: &x [*x]\n")] == [("YAML", "an anchor holds itself")]


@pytest.mark.parametrize("form", ["[{}]", "{{<<: [{}]}}"])
def test_aliases_that_explode_are_told(form: str) -> None:
    text = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} " + form.format(", ".join([f"*a{n - 1}"] * 9)) + "\n" for n in range(1, 12))
    assert [b.reason for b in broken(text)] == ["excessive aliasing"]


def test_nesting_without_end_is_told() -> None:
    assert [b.form for b in broken("[" * 100_000, "x.json")] == ["JSON"]
    assert [b.form for b in broken("a: " + "[" * 100_000)] == ["YAML"]
