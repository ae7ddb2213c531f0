"""Labelled texts of every failure class: the first finding is the right one, healthy texts give none, the pod is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from diagnose.parse.chain import CHAIN_LITERALS, peel
from diagnose.parse.line import parse_line

CASES = [json.loads(line) for line in (ROOT / "fixtures" / "texts" / "cases.jsonl").read_text().splitlines()]
# The pod of this text stands only in another line of another process.
POD_UNKNOWN = {c["id"] for c in CASES if c["pod"] and c["pod"].split("/")[-1] not in c["text"]}


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_text(case: dict[str, Any], report, write) -> None:
    found = [f for f in report(write(case["text"])).findings if f.severity != "info"]
    rules = [f.rule for f in found]
    right = {case["primary"], *case["acceptable"]}
    if case["primary"] in ("clean", "not-network"):
        assert rules == []
    elif not rules:
        assert "clean" in right, "no finding"
    else:
        assert rules[0] in right


def test_pods_are_named(report, tmp_path: Path) -> None:
    wanted = [c for c in CASES if c["pod"] and c["primary"] not in ("clean", "not-network") and c["id"] not in POD_UNKNOWN]
    missed: list[str] = []
    for case in wanted:
        path = tmp_path / "text"
        path.write_text(case["text"])
        namespace, _, name = case["pod"].rpartition("/")
        named = {(a.namespace or "", a.name) for f in report(path).findings for a in f.affected}
        if (namespace, name) not in named and ("", name) not in named:
            missed.append(case["id"])
    assert len(wanted) > 150
    assert len(missed) <= 2, missed


def test_every_chain_holds_a_literal_that_the_scan_looks_for() -> None:
    """A layer that the scan does not know would be seen in a paste, and missed in a journal."""
    missed: list[str] = []
    for case in CASES:
        for line in case["text"].splitlines():
            parsed = parse_line(line)
            if any(s.in_chain for s in peel(parsed.message)) and not any(x.lower() in line.lower() for x in CHAIN_LITERALS):
                missed.append(line[:200])
    assert missed == []
