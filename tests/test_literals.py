"""What the scan looks for is implied by every message, at every level of quoting, and rare where nothing is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice

import pytest
from conftest import ROOT

from bench.make_journal import Options, entries, write_export, write_json, write_short
from diagnose import catalog
from diagnose.catalog import Catalog
from diagnose.lint import fill
from diagnose.literals import derive, findable, fixed, implied, longest_stable, missing, plan, stable
from diagnose.match import Matcher
from diagnose.parse.line import parse_line
from diagnose.parse.marker import LITERALS, SIGNS
from diagnose.scan import Plan, Scanner
from diagnose.template import Template

RULES = catalog.load()
SCAN = Scanner(plan(RULES))


def _tells(text: str) -> str:
    raw = text.encode()
    return SCAN.tells(raw, {literal for _, literal in SCAN.find(raw)})


def test_every_message_and_marker_is_looked_for() -> None:
    assert missing(RULES) == []


def test_what_is_missing_is_told() -> None:
    rule = RULES.by_id["nad-not-found"]
    message = replace(rule.messages[0], template=Template("the moon has left its orbit near {nad}"))
    assert not implied(message, plan(RULES).literals)
    own = Catalog((replace(rule, messages=(message,)),), (), "")
    assert "the moon has left its orbit near" in plan(own).literals
    assert missing(own) == []


MESSAGES = sorted({m.template.text for r in RULES.rules for m in r.messages if m.kind == "say" and findable(m) and implied(m, plan(RULES).literals)})


def test_a_record_with_a_message_is_read_at_every_level_of_quoting() -> None:
    assert len(MESSAGES) > 1900
    for text in MESSAGES:
        line = fill(text)
        for _ in range(4):
            assert _tells(f"x {line} y") == "message", line
            assert _tells(line.upper()) == "message", line
            line = json.dumps(line)


@pytest.mark.parametrize("mark", LITERALS)
def test_a_mark_is_read_unless_it_is_a_sign(mark: str) -> None:
    assert _tells(f"a{mark}b") == ("sign" if mark in SIGNS else "message")


def test_a_sign_beside_a_message_is_read() -> None:
    assert _tells("Ran pod sandbox 1") == "sign"
    assert _tells("Ran pod sandbox 1: error adding pod") == "message"


def test_a_frequent_literal_counts_only_beside_the_rest_of_its_message() -> None:
    assert _tells('Get "http://10.42.0.7:8080/": dial tcp 10.42.0.7:8080: connect: connection refused') == ""
    assert _tells('Get "https://10.43.0.1:443/api/v1/pods": dial tcp 10.43.0.1:443: connect: connection refused') == "message"
    assert _tells('Ran pod sandbox 1 Get "http://10.42.0.7:8080/": dial tcp 10.42.0.7:8080') == "sign"


@pytest.mark.parametrize("write", [write_short, write_export, write_json])
def test_healthy_journals_hold_hardly_anything_that_is_read_for_nothing(write) -> None:
    matcher = Matcher(RULES)
    lines = nothing = 0
    for entry in islice(entries(Options(seed=5, failure_rate=0)), 20_000):
        raw = write(entry)
        lines += 1
        if SCAN.tells(raw, {literal for _, literal in SCAN.find(raw)}) == "message":
            line = parse_line(write_short(entry).decode())
            nothing += not any(h.rule or h.quiet for h in matcher.classify(line.message, line.program))
    assert nothing < lines * 0.002


def test_the_shipped_literals_are_those_that_are_derived_from_the_rules() -> None:
    shipped = json.loads((ROOT / "rules" / "scan.json").read_text())
    assert [x for x in fixed() if not any(y in x for y in shipped["literals"])] == []
    used = [x for x in shipped["literals"] if not any(x in y for y in fixed())]
    parts = [p.lower() for r in RULES.rules for m in r.messages for x in m.template.literals for p in stable(x)]
    assert [x for x in used if not any(x in p for p in parts)] == []


def test_a_literal_is_rare_and_short() -> None:
    rule = replace(RULES.by_id["nad-not-found"], messages=tuple(replace(RULES.by_id["nad-not-found"].messages[0], template=Template(t)) for t in (
        "the quick brown fox jumps over {nad}", "the quick brown fox jumps high", "often seen text and {nad}: no",
    )))  # fmt: skip
    clean = "often seen text and more\n" * 1000
    made = derive(Catalog((rule,), (), ""), clean)
    own = [x for x in made.literals if not any(y in x for y in fixed())]
    assert len(own) == 2
    assert own == [" brown fox", "often seen text and"]
    assert made.beside == {"often seen text and": ((": no",),)}


def test_a_message_written_as_numbers_is_what_it_says() -> None:
    def numbers(text: str) -> str:
        return f'{{"MESSAGE":[{",".join(str(b) for b in text.encode())}]}}'

    assert [_tells(numbers(x)) for x in ("error adding pod a", "Ran pod sandbox 1", "Started")] == ["message", "sign", ""]
    assert _tells('{"MESSAGE" : [ 69, 114, 114 ]}') == ""
    assert _tells('{"MESSAGE":[x') == "message"


def test_stable_parts() -> None:
    assert stable('a "b c" \\d <e> f\tg') == ["a", "b c", "d", "e", "f", "g"]
    assert longest_stable('cannot find "x" in it') == "cannot find"
    assert longest_stable('""') == ""


def test_a_plan_names_each_literal_once() -> None:
    scan = Scanner(Plan(("abc", "ABC", "x"), frozenset({"x"}), beside={"abc": (("q",),)}))
    assert scan.find(b"abc x") == [(2, 0), (4, 1)]
    assert [scan.tells(b"abc x", {0, 1}), scan.tells(b"abc Q", {0}), scan.tells(b"abc", {0}), scan.tells(b"x", {1})] == ["sign", "message", "", "sign"]
