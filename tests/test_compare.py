"""msnet diff: what is cured with which proof, what is new or changed, and what else differs between two reports or inputs."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from test_diagnosis import MISSING, RAN, START, chain, four_lines, lines
from test_inventory import link, listed, nad, node, pod
from typer.testing import CliRunner

from diagnose.cli import app
from diagnose.collect.saved import report_in
from diagnose.compare import Comparison, compare
from diagnose.render import comparison, json_v1

MINUTE = timedelta(minutes=1)


def fails(missing: str = "pay", name: str = "shop/till-3", times: int = 1) -> str:
    found: list[str] = []
    for n in range(times):
        found += four_lines(START + n * MINUTE, name, chain(name, MISSING.format(nad=missing, ns=name.partition("/")[0]), attempt=n))
    return lines(found)


def runs(name: str = "shop/till-3") -> str:
    return RAN.format(at=START + 10 * MINUTE, box="ab12", pod=name) + "\n"


HEALTHY = RAN.format(at=START, box="cd34", pod="shop/door") + "\n"


@pytest.fixture
def compared(report, write, catalog):
    """Compare the reports on two texts."""

    def run(before: str, after: str) -> Comparison:
        old, new = (json_v1.as_mapping(report(write(text, name)), catalog, "en") for text, name in ((before, "before"), (after, "after")))
        return compare(old, new)

    return run


def groups(found: Comparison) -> dict[str, list[str]]:
    kinds = ("new", "changed", "same", "cured", "gone")
    return {k: [c.either["subject"] for c in getattr(found, k)] for k in kinds if getattr(found, k)}


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (fails(), fails() + runs(), {"cured": ["shop/pay"]}),
        (fails(), HEALTHY, {"gone": ["shop/pay"]}),
        (HEALTHY, fails(), {"new": ["shop/pay"]}),
        (fails() + runs(), fails(), {"new": ["shop/pay"]}),
        (fails(), fails(), {"same": ["shop/pay"]}),
        (fails(), fails(times=2), {"changed": ["shop/pay"]}),
        (fails() + runs(), fails() + runs(), {}),
        (fails() + runs(), HEALTHY, {}),
        (HEALTHY, fails() + runs(), {}),
        (fails(), fails("pay-2"), {"changed": ["shop/pay-2"]}),
        (fails(), fails("pay-2") + runs(), {"cured": ["shop/pay-2"]}),
        (fails(), fails("pay-2", "shop/till-4"), {"new": ["shop/pay-2"], "gone": ["shop/pay"]}),
        (fails() + fails("a", "shop/x"), fails("b", "shop/y") + fails(times=3), {"changed": ["shop/pay"], "new": ["shop/b"], "gone": ["shop/a"]}),
    ],
    ids=["cured", "not seen", "new", "back", "same", "another count", "long over", "over and gone", "begun and over", "another NAD of one pod", "cured under another name", "another pod", "a mix"],
)  # fmt: skip
def test_what_became_of_each_failure(compared, before: str, after: str, found: dict[str, list[str]]) -> None:
    assert groups(compared(before, after)) == found


def test_two_failures_of_one_rule_are_each_paired_with_itself(compared) -> None:
    both = fails("a", "shop/x") + fails("b", "shop/y")
    found = compared(both, both + runs("shop/y"))
    assert groups(found) == {"same": ["shop/a"], "cured": ["shop/b"]}


def test_a_failure_is_paired_with_itself_before_another_one_of_its_pod_is(compared) -> None:
    found = compared(fails("a") + fails("b"), fails("b"))
    assert groups(found) == {"same": ["shop/b"], "gone": ["shop/a"]}


def test_information_is_neither_new_nor_gone() -> None:
    info = {"findings": [{"rule": "x", "subject": "y", "severity": "info", "state": "active"}]}
    assert groups(compare({}, info)) == groups(compare(info, {})) == {}


@pytest.mark.parametrize(("key", "was", "now"), [("state", "unknown", "flapping"), ("count", 1, 2), ("severity", "warning", "error")])
def test_a_failure_that_goes_on_has_changed_with_its_state_count_or_severity(key: str, was: object, now: object) -> None:
    one = {"rule": "x", "subject": "y", "severity": "error", "state": "active", "count": 1}
    assert groups(compare({"findings": [one | {key: was}]}, {"findings": [one | {key: now}]})) == {"changed": ["y"]}


@pytest.mark.parametrize(
    ("before", "after", "facts"),
    [
        (nad("shop/lan", {"type": "macvlan", "ipam": {"type": "static"}}), nad("shop/lan", {"type": "macvlan", "mtu": 1400, "ipam": {"type": "dhcp"}}),
         [("nad", "shop/lan ipam.type", '"static"', '"dhcp"'), ("nad", "shop/lan mtu", "", "1400")]),
        (nad("shop/lan", {"plugins": [{"type": "a"}]}), nad("shop/lan", {"plugins": [{"type": "b"}]}), [("nad", "shop/lan plugins[0].type", '"a"', '"b"')]),
        (nad("shop/lan", '{"type": "a"}'), nad("shop/lan", '{ "type":"a" }'), [("nad", "shop/lan", '{"type": "a"}', '{ "type":"a" }')]),
        (nad("shop/lan", '{"type": "a"'), nad("shop/lan", '{"type": "a"}'), [("nad", "shop/lan", '{"type": "a"', '{"type": "a"}')]),
        (nad("shop/lan", '{"type": "a"}'), nad("shop/wan", '{"type": "a"}'), [("nad", "shop/lan", '{"type": "a"}', ""), ("nad", "shop/wan", "", '{"type": "a"}')]),
        (pod("shop/till-3", image="till:1"), pod("shop/till-3", image="till:2"), [("image", "shop/till-3 app", "till:1", "till:2")]),
        (node(kubeletVersion="v1.32"), node(kubeletVersion="v1.33"), [("version", "edge kubeletVersion", "v1.32", "v1.33")]),
        (link("eno1", "3c:ec:ef:00:00:01"), link("wan", "3c:ec:ef:00:00:01"), [("nic", "eno1", "3c:ec:ef:00:00:01", ""), ("nic", "wan", "", "3c:ec:ef:00:00:01")]),
        (nad("shop/lan"), pod("shop/till-3"), []),
        (nad("shop/lan"), nad("shop/lan"), []),
    ],
    ids=["a field", "a field in a list", "blanks", "no JSON", "one NAD for another", "an image", "a version", "an interface", "other kinds", "nothing"],
)  # fmt: skip
def test_what_else_differs(compared, before: dict[str, Any], after: dict[str, Any], facts: list[tuple[str, str, str, str]]) -> None:
    old, new = (json.dumps([x]) if "ifname" in x else listed(x) for x in (before, after))
    assert [tuple(d) for d in compared(old, new).facts] == facts


PROOF = "Ran pod sandbox ab12 with infra container: shop/till-3/POD"
CURED = f"""msnet diff   1 cured

cured: nad-not-found  NAD "pay" does not exist in namespace "shop"
    ACTIVE (1x) -> resolved (1x)
    over: 2026-11-23T18:10:00Z {PROOF}
"""


def test_reports_and_inputs_may_be_compared_in_any_mix(write) -> None:
    inputs = write(fails(), "a.txt"), write(fails() + runs(), "b.txt")
    reports = write("", "a.json"), write("", "b.json")
    for evidence, saved in zip(inputs, reports, strict=True):
        CliRunner().invoke(app, ["diagnose", "--format", "json", "-o", str(saved), str(evidence)])
    for before, after in ((inputs[0], inputs[1]), (reports[0], inputs[1]), (inputs[0], reports[1]), reports):
        answer = CliRunner().invoke(app, ["diff", str(before), str(after)])
        assert (answer.exit_code, answer.stdout) == (0, CURED)


def test_exit_codes_count_what_is_new(write) -> None:
    warning = f'{START:%b %d %H:%M:%S} edge crio[700]: {START:%Y-%m-%dT%H:%M:%S}Z [error] DelegateDel: error invoking DelegateDel - "bridge": the flux capacitor lost its charge\n'
    healthy, warned, failed = write(HEALTHY, "healthy"), write(warning, "warned"), write(fails(), "failed")
    assert CliRunner().invoke(app, ["diff", str(healthy), str(warned)]).exit_code == 10
    assert CliRunner().invoke(app, ["diff", str(warned), str(failed)]).exit_code == 11
    assert CliRunner().invoke(app, ["diff", str(failed), str(healthy)]).exit_code == 0
    assert CliRunner().invoke(app, ["diff", str(failed), str(failed)]).exit_code == 0


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (b'{"schema": "msnet.report/2", "findings": []}', 1, "is a report of schema msnet.report/2, and this version reads msnet.report/1"),
        (b'{"schema": "msnet.report/1", "findings": [', 3, "no usable evidence"),
        (b'{"schema": "other/1"}', 3, "no usable evidence"),
        (b"\x00\x01\x02" * 100, 3, "no usable evidence"),
        (b"", 3, "no usable evidence"),
        (None, 3, "no usable evidence"),
    ],
    ids=["a foreign schema", "a report cut short", "another program's JSON", "binary", "empty", "missing"],
)
def test_what_cannot_be_compared_is_said_and_nothing_is_called_cured(msnet, write, tmp_path, content: bytes | None, code: int, said: str) -> None:
    path = tmp_path / "missing" if content is None else write(content, "other")
    answer = msnet("diff", str(write(fails(), "failed")), str(path))
    assert answer.returncode == code
    assert said in answer.stderr.decode()
    assert answer.stdout == b""


@pytest.mark.parametrize("layout", [{}, {"indent": 4}, {"sort_keys": True}], ids=["one line", "indented", "sorted, as jq -S does"])
def test_a_report_is_known_however_its_json_is_laid_out(report, write, catalog, layout: dict[str, Any]) -> None:
    body = json_v1.as_mapping(report(write(fails(), "a.txt")), catalog, "en")
    assert report_in(str(write(json.dumps(body, **layout), "a.json"))) == body


def test_a_report_cut_short_is_no_evidence(report, write, catalog, msnet) -> None:
    text = json_v1.render(report(write(fails(), "a.txt")), catalog, "en")
    answer = msnet("diff", str(write(text[: len(text) // 2], "cut.json")), str(write(fails(), "a.txt")))
    assert answer.returncode in {1, 3}
    assert answer.stdout == b""


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": "other/1"}', "a: b", HEALTHY], ids=["empty", "a list", "nothing", "another schema", "YAML", "a log"]
)
def test_other_files_are_no_reports(write, text: str) -> None:
    assert report_in(str(write(text))) is None


def test_folders_and_missing_files_are_no_reports(tmp_path) -> None:
    assert report_in(str(tmp_path)) is None
    assert report_in(str(tmp_path / "missing")) is None


def test_the_answer_is_a_line_each_and_one_for_each_fact(compared) -> None:
    found = compared(fails() + fails("a", "shop/x"), fails(times=2) + fails("b", "shop/y"))
    found.facts = compared(listed(node(kubeletVersion="v1.32")), listed(node(kubeletVersion="v1.33"), node("b\x1b[m", kernelVersion="6"))).facts
    assert comparison.text(found, "en") == (
        "msnet diff   1 new, 1 changed, 1 not seen any more\n\n"
        'new: nad-not-found  NAD "b" does not exist in namespace "shop"\n'
        'changed: nad-not-found  NAD "pay" does not exist in namespace "shop"\n'
        "    ACTIVE (1x) -> ACTIVE (2x)\n"
        'not seen any more: nad-not-found  NAD "a" does not exist in namespace "shop"\n\n'
        "what else differs\n"
        "  version b\\x1b[m kernelVersion: - -> 6\n"
        "  version edge kubeletVersion: v1.32 -> v1.33\n"
    )


def test_facts_alone_are_told_without_gaps(compared) -> None:
    found = compared(listed(node(kubeletVersion="v1.32")), listed(node(kubeletVersion="v1.33")))
    head, *rest = comparison.text(found, "en").splitlines()
    assert head == head.rstrip()
    assert rest == ["", "what else differs", "  version edge kubeletVersion: v1.32 -> v1.33"]


def test_nothing_to_tell_is_said(compared) -> None:
    assert len(comparison.text(compared(HEALTHY, HEALTHY), "en").split()) > 2


def test_the_answer_as_json(compared) -> None:
    body = json.loads(comparison.json_text(compared(fails(), fails() + runs() + fails("b", "shop/y"))))
    assert list(body) == ["schema", "new", "changed", "same", "cured", "not_seen", "facts"]
    assert body["schema"] == "msnet.diff/1"
    (cured,) = body["cured"]
    assert (cured["rule"], cured["subject"]) == ("nad-not-found", "shop/pay")
    assert (cured["before"]["state"], cured["before"]["proof"], cured["after"]["state"]) == ("active", None, "resolved")
    assert cured["after"]["proof"] == {"kind": "works", "time": "2026-11-23T18:10:00Z", "text": PROOF}
    (new,) = body["new"]
    assert (new["subject"], new["before"], new["after"]["severity"]) == ("shop/b", None, "error")


def test_the_answer_speaks_japanese(msnet, write) -> None:
    answer = msnet("diff", "--lang", "ja", str(write(HEALTHY, "a")), str(write(fails(), "b"))).stdout.decode()
    assert "1 新規" in answer
    assert "new" not in answer
