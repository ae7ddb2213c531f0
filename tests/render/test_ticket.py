"""The ticket: never more than 15 lines, whatever the report holds."""

from __future__ import annotations

import json

import pytest
from conftest import NODE, ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from reports import PAYLOADS, finding, made, poisoned, storm

from diagnose import __version__
from diagnose.model import Evidence, Gap, InputSeen, Proof
from diagnose.render import ticket
from diagnose.render.words import wide

TEXTS = st.one_of(st.text(max_size=400), st.sampled_from(PAYLOADS))


def test_the_sample(report, catalog) -> None:
    assert ticket.render(report(NODE / "journal.export.zst", NODE / "objects"), catalog, "en").splitlines() == [
        "msnet: 5 active, 1 resolved, 1 for information, 8 symptoms explained, 1 blind spot",
        "nad-not-found: ACTIVE, 3x, since 2026-11-23 20:00:44, last 2026-11-23 20:01:10",
        '  NAD "conveyer-net" does not exist in namespace "plant"',
        '  seen: I1123 20:00:44.751 \u2026 network-attachment-definitions.k8s.cni.cncf.io "conveyer-net" not found',
        "  do: oc get network-attachment-definitions -A",
        "nad-not-found: ACTIVE, 3x, since 2026-11-23 20:00:45, last 2026-11-23 20:01:10",
        '  NAD "historian-net" does not exist in namespace "plant"',
        '  seen: I1123 20:00:45.707 \u2026 etwork-attachment-definitions.k8s.cni.cncf.io "historian-net" not found',
        "  do: oc get network-attachment-definitions -A",
        "annotation-invalid-format (ACTIVE, 1x): Network annotation of the pod plant/label-printer has an i \u2026",
        'nad-config-invalid-json (ACTIVE, 1x): spec.config of NAD "welder-net" in namespace "plant" (networ \u2026',
        'ipam-pool-exhausted (ACTIVE, 1x, since 2026-11-23 20:01:11): No free address left on network "valv \u2026',
        "1 blind spot: the journal of the boot of 2026-11-23T18:23:58Z begins at 2026-11-23T20:00:42Z: what \u2026",
        f"msnet {__version__}, rule {catalog.digest}; evidence 2026-11-23 20:00:42 .. 2026-11-23 20:01:12 UTC",
    ]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 6, 7, 1000])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_many_causes_are_counted(catalog, language: str, count: int) -> None:
    shown = storm(count)
    shown.gaps.append(Gap("b.gz", "is damaged", "copy it again"))
    lines = ticket.render(shown, catalog, language).splitlines()
    assert len(lines) <= ticket.LINES
    named = sum(line.startswith("nad-not-found") for line in lines)
    left = {"en": f"and {count - named} more causes", "ja": f"ほかの原因 {count - named} 件"}[language]
    assert (left in lines) == (named < count)
    assert count - named != 1


def test_what_is_over_and_what_was_read_are_told_if_nothing_is_active(catalog) -> None:
    proof = Proof("works", 1_795_464_600_000_000, "line/robot-0: Observed pod startup duration")
    lines = ticket.render(made(finding(0, state="resolved", proof=proof)), catalog, "en").splitlines()
    assert lines[0] == "msnet: no network failure found, 1 resolved, 12 symptoms explained"
    assert lines[1].startswith('nad-not-found (resolved): NAD "net-0" does not exist in namespace "line"; the pod works')
    assert lines[2] == "read: journal.txt (text, 900 lines, 2026-11-23 20:00:00 .. 20:10:00)"
    nothing = ticket.render(made(inputs=[InputSeen("a.gz", "archive", 0, 0)]), catalog, "en")
    assert "nothing could be diagnosed" in nothing
    assert "read:" not in nothing


def test_commands_are_never_broken(catalog) -> None:
    name = "a-very-long-network-name-" * 8
    whole = finding(0, rule="ipam-pool-exhausted", captures={"network": name, "namespace": "line", "pod": "robot-0"})
    text = ticket.render(made(whole), catalog, "en")
    assert f"/var/lib/cni/networks/{name} --exclude=" in text


@settings(max_examples=60, deadline=None)
@given(text=TEXTS, count=st.integers(0, 8), language=st.sampled_from(["en", "ja"]), data=st.data())
def test_whatever_the_evidence_says_it_is_at_most_15_plain_lines(catalog, text: str, count: int, language: str, data: st.DataObject) -> None:
    states = st.sampled_from(["active", "flapping", "resolved", "unknown"])
    found = [
        finding(n, state=data.draw(states), evidence=[Evidence(text, 0, "", None, text)], captures={"nad": text, "nad_namespace": text, "pod": text, "namespace": text})
        for n in range(count)
    ]  # fmt: skip
    out = ticket.render(made(*found, gaps=[Gap(text, text, text)] * data.draw(st.integers(0, 3))), catalog, language)
    lines = out.split("\n")
    assert lines.pop() == ""
    assert 2 <= len(lines) <= ticket.LINES
    assert all(wide(line) <= 100 for line in lines if not line.startswith(("  do:", "  対処:")))
    out.encode()
    assert not set(out) & {*"\x00\x07\r\x1b\u202e\u2066\u061c\u2028\ufeff"}


def test_the_shipped_texts(report, catalog, write) -> None:
    cases = [json.loads(line) for line in (ROOT / "fixtures" / "texts" / "cases.jsonl").read_text().splitlines()][::12]
    for case in cases:
        for language in ("en", "ja"):
            assert len(ticket.render(report(write(case["text"])), catalog, language).splitlines()) <= ticket.LINES
    assert len(ticket.render(poisoned(report(NODE)), catalog, "en").splitlines()) <= ticket.LINES
