"""The two search engines find the same places."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose import catalog, scan
from diagnose.literals import longest_stable, plan
from diagnose.scan import Scanner


def _both(literals: list[str], buffer: bytes, monkeypatch: pytest.MonkeyPatch) -> tuple[list[int], list[int]]:
    plain = Scanner(literals)
    with monkeypatch.context() as m:
        m.setattr(scan, "SMALL", -1)
        vector = Scanner(literals)
        found = vector(buffer)
    assert (plain.engine, vector.engine) == ("plain", "pyperscan")
    return plain(buffer), found


WORDS = st.text("abAB .\"'\\[(*+?{|^$é\u212a\u00df", min_size=1, max_size=5)


@settings(max_examples=120, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=6), st.lists(WORDS | st.sampled_from(["\n", "\x00", "\xff"]), max_size=40))
def test_both_engines_give_the_same_offsets(literals: list[str], parts: list[str]) -> None:
    pytest.importorskip("pyperscan")
    buffer = "".join(parts).encode("utf-8") + b"\xff\x00" + "".join(literals).encode()
    with pytest.MonkeyPatch.context() as m:
        plain, vector = _both(literals, buffer, m)
    assert plain == vector


def test_both_engines_on_all_literals_of_the_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyperscan")
    literals = list(plan(catalog.load()).literals)
    buffer = b"\n".join(x.swapcase().encode() + b" " + x.encode() for x in literals)
    plain, vector = _both(literals, buffer, monkeypatch)
    assert plain == vector
    assert len(plain) >= 2 * len(set(literals))


def test_offsets_are_those_of_the_last_bytes() -> None:
    assert Scanner(["abc", "BC", "c d"])(b"xABC d abc") == [3, 5, 9]
    assert Scanner(["aa"])(b"aaaa") == [1, 2, 3]
    assert Scanner(["abc"])(b"") == []
    assert Scanner([""])(b"abc") == []
    assert Scanner([])(b"abc") == []


def test_without_the_vector_engine_the_plain_search_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyperscan", None)
    monkeypatch.setattr(scan, "SMALL", 4)
    scanner = Scanner(["abc"])
    assert [scanner(b"xxabc"), scanner(b"ABC"), scanner(b"")] == [[4], [2], []]
    assert (scanner.engine, scanner.slow) == ("plain", True)


def test_a_report_tells_that_the_slow_search_read_a_large_input(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from diagnose.diagnosis import Selection, diagnose

    (tmp_path / "large").write_text("Nov 23 20:00:42 n microshift[1]: nothing of interest\n" * 4000)
    (tmp_path / "small").write_text("Nov 23 20:00:42 n microshift[1]: nothing of interest\n" * 4)

    def kinds(name: str) -> list[tuple[str, bool]]:
        moment = datetime(2026, 11, 23, 20, 10, tzinfo=UTC)
        report = diagnose([str(tmp_path / name)], catalog.load(), now=moment, reference=moment, tz=None, select=Selection())
        return [(g.kind, g.hides) for g in report.gaps if g.kind == "slow-scan"]

    assert kinds("large") == []
    monkeypatch.setitem(sys.modules, "pyperscan", None)
    assert kinds("large") == [("slow-scan", False)]
    assert kinds("small") == []


@pytest.mark.parametrize(
    ("literal", "part"),
    [("no IP addresses available", "no IP addresses available"), ('plugin type="multus" failed', "plugin type="), ("a <b> longer & x", "longer"), ('""', ""), ("größer als", "er als")],
)  # fmt: skip
def test_the_part_of_a_literal_that_no_form_changes(literal: str, part: str) -> None:
    assert longest_stable(literal) == part
