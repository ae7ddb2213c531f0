"""msnet verify: whether a failure is cured, with what shows it, and never "cured" on the strength of having seen nothing."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from test_diagnosis import MISSING, NOT_READY, RAN, START, chain, four_lines, kubelet, lines
from test_inventory import event, listed, nad, pod
from test_times import other
from typer.testing import CliRunner

from diagnose.cli import app

MINUTE = timedelta(minutes=1)
TILL, DOOR = "shop/till-3", "shop/door"
RULE = "nad-not-found"


def fails(at: datetime, name: str = TILL, missing: str = "pay") -> str:
    return lines(four_lines(at, name, chain(name, MISSING.format(nad=missing, ns="shop"), attempt=at.minute)))


def runs(at: datetime, name: str = TILL, box: str = "ab12") -> str:
    return RAN.format(at=at, box=box, pod=name) + "\n"


ACTIVE = fails(START)
CURED = ACTIVE + runs(START + MINUTE)
FLAPPING = "".join(fails(START + n * MINUTE) + runs(START + n * MINUTE + timedelta(seconds=30)) for n in range(3)) + fails(START + 3 * MINUTE)
STOPPING = f'{START:%b %d %H:%M:%S} edge crio[700]: time="{START:%Y-%m-%dT%H:%M:%S}Z" level=info msg="NetworkStart: stopping network for sandbox {"0" * 64}" id=1 name=/runtime.v1.RuntimeService/RunPodSandbox\n'
SILENT = ACTIVE + lines([other(START + 60 * MINUTE, 0).line])
PASTED = 'cannot find a network-attachment-definition (pay) in namespace (shop): network-attachment-definitions.k8s.cni.cncf.io "pay" not found\n'
WORKS = runs(START)
UNKNOWN = lines(four_lines(START + 5 * MINUTE, TILL, chain(TILL, "the flux capacitor lost its charge", network="lan")))
WARNED = f'{START:%b %d %H:%M:%S} edge crio[700]: {START:%Y-%m-%dT%H:%M:%S}Z [error] DelegateDel: error invoking DelegateDel - "bridge": the flux capacitor lost its charge\n'


@pytest.fixture
def verify(write):
    """Return exit code and answer of `msnet verify RULE` on a text."""

    def run(rule: str, text: str, *options: str) -> tuple[int, str]:
        answer = CliRunner().invoke(app, ["verify", rule, str(write(text)), *options])
        assert answer.stderr == ""
        return answer.exit_code, answer.stdout

    return run


@pytest.mark.parametrize(
    ("rule", "text", "pod", "code", "verdict"),
    [
        (RULE, CURED, "", 0, "cured"),
        (RULE, CURED, TILL, 0, "cured"),
        (RULE, ACTIVE, "", 11, "not cured"),
        (RULE, ACTIVE, TILL, 11, "not cured"),
        (RULE, FLAPPING, TILL, 11, "not cured"),
        (RULE, CURED + fails(START, DOOR, "doors"), "", 11, "not cured"),
        (RULE, CURED + fails(START, DOOR, "doors"), TILL, 0, "cured"),
        (RULE, ACTIVE + runs(START + MINUTE, DOOR), TILL, 11, "not cured"),
        ("cni-del-failed", WARNED, "", 10, "not cured"),
        ("sandbox-network-failed", ACTIVE + STOPPING, TILL, 11, "not cured"),
        ("sandbox-network-failed", CURED + STOPPING, TILL, 0, "cured"),
        (RULE, SILENT, TILL, 12, "unknown: this evidence does not show whether it is cured"),
        (RULE, PASTED, "", 12, "unknown: this evidence does not show whether it is cured"),
        (RULE, WORKS, "", 12, "not seen in this evidence"),
        (RULE, WORKS, TILL, 0, "cured"),
        (RULE, WORKS, DOOR, 12, "not seen in this evidence"),
        (RULE, WORKS + UNKNOWN, TILL, 12, "not seen in this evidence"),
        ("ipam-pool-exhausted", ACTIVE, "", 12, "not seen in this evidence"),
        ("ipam-pool-exhausted", ACTIVE, TILL, 12, "not seen in this evidence"),
    ],
    ids=[
        "cured", "the pod is cured", "active", "the pod fails", "flapping", "another pod fails", "only another pod fails", "only another pod works", "a warning",
        "a symptom", "a symptom that is over", "silent", "pasted", "nothing seen", "the pod works", "another pod works", "it worked before it failed otherwise", "another failure", "another failure of the pod",
    ],
)  # fmt: skip
def test_verdict_and_exit_code(verify, rule: str, text: str, pod: str, code: int, verdict: str) -> None:
    answer = verify(rule, text, *(["--pod", pod] if pod else []))
    assert (answer[0], answer[1].splitlines()[0]) == (code, f"{rule}{' ' + pod if pod else ''}: {verdict}")


def test_a_cure_is_told_with_what_shows_it(verify) -> None:
    assert verify(RULE, CURED)[1] == (
        "nad-not-found: cured\n"
        "  resolved: shop/pay (since 2026-11-23 18:00:00, last 2026-11-23 18:00:00, 1x)\n"
        "    2026-11-23 18:01:00  the pod works: Ran pod sandbox ab12 with infra container: shop/till-3/POD\n"
    )


def test_a_pod_that_works_without_a_word_of_the_failure_is_cured_by_what_shows_it(verify) -> None:
    assert verify(RULE, WORKS, "--pod", TILL)[1] == (
        "nad-not-found shop/till-3: cured\n  the pod works: Ran pod sandbox ab12 with infra container: shop/till-3/POD\n"
    )
    running = listed(nad("shop/pay"), pod(TILL, phase="Running"))
    assert verify(RULE, running, "--pod", TILL) == (0, "nad-not-found shop/till-3: cured\n  the pod works: pod shop/till-3 is Running\n")


def test_an_interface_that_was_added_does_not_show_that_the_pod_works(verify) -> None:
    """Every attempt adds eth0 before it fails at net1: multus-cni pkg/multus/multus.go, CmdAdd."""
    added = listed(event(TILL, "Add eth0 [10.42.0.7/24] from ovn-kubernetes", reason="AddedInterface", kind="Normal"))
    assert verify(RULE, added, "--pod", TILL)[0] == 12


def test_a_failure_is_told_with_when_and_how_often(verify) -> None:
    assert verify(RULE, ACTIVE + fails(START + MINUTE))[1] == (
        "nad-not-found: not cured\n  ACTIVE: shop/pay (since 2026-11-23 18:00:00, last 2026-11-23 18:01:00, 2x)\n"
    )


def test_what_is_not_seen_is_told_with_the_commands_that_would_show_it(verify) -> None:
    answer = verify(RULE, WORKS)[1]
    assert "  ? neither the journal of microshift.service nor pod events: the cause of a failed pod network stands there\n" in answer
    assert "    cure: sudo journalctl -u microshift -o export > microshift.export; oc get events -A -o yaml > events.yaml\n" in answer
    assert "?" not in verify(RULE, ACTIVE)[1]
    booted = lines([f"{START:%b %d %H:%M:%S} edge kernel: Linux version 6.12.0", other(START + MINUTE, 0).line])
    assert [x.split(":")[0] for x in verify(RULE, booted)[1].splitlines() if "?" in x] == ["  ? no pods"], "what hides nothing is not told"


def test_the_node_is_ready_again(verify) -> None:
    failed = lines([kubelet(START + n * MINUTE, "Error syncing pod, skipping", NOT_READY, TILL) for n in range(20)])
    assert verify("network-plugin-not-ready", failed)[0] == 11
    code, answer = verify("network-plugin-not-ready", failed + runs(START + 30 * MINUTE))
    assert (code, answer.splitlines()[-1]) == (0, "    2026-11-23 18:30:00  a pod got its network, or the node became ready")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nad-not-fuond", "x"], 2, "error: unknown rule 'nad-not-fuond'\n  hint: did you mean nad-not-found"),
        (["xyzzy", "x"], 2, "error: unknown rule 'xyzzy'\n  hint: `msnet rules` lists them"),
        ([RULE, "x", "--pod", "till-3"], 2, "error: not a pod: 'till-3'\n  hint: write it as namespace/name"),
        ([RULE, "x", "--pod", "a/b/c"], 2, "error: not a pod: 'a/b/c'"),
        ([RULE, "/nonexistent"], 3, "error: no usable evidence\n  hint: cannot read /nonexistent"),
        ([RULE, "-"], 3, "error: no usable evidence"),
    ],
    ids=["a slip", "no rule", "no namespace", "too many parts", "no file", "empty input"],
)
def test_wrong_usage_and_missing_evidence_are_no_verdict(msnet, arguments: list[str], code: int, said: str) -> None:
    answer = msnet("verify", *arguments)
    assert (answer.returncode, answer.stdout) == (code, b"")
    assert answer.stderr.decode().startswith(said)


def test_the_answer_as_json(verify) -> None:
    code, text = verify(RULE, CURED, "--format", "json", "--pod", TILL)
    assert code == 0
    assert json.loads(text) == {
        "schema": "msnet.verify/1", "rule": RULE, "pod": TILL, "verdict": "cured", "works": None,
        "findings": [{"rule": RULE, "subject": "shop/pay", "state": "resolved", "count": 1, "last": "2026-11-23T18:00:00Z", "proof": "Ran pod sandbox ab12 with infra container: shop/till-3/POD"}],
        "gaps": [{"kind": "no-pods", "reason": "no pods: a pod that runs without a network it asked for makes no error, and would not be seen", "hint": "oc get pods -A -o yaml > pods.yaml"}],
    }  # fmt: skip
    body = json.loads(verify(RULE, WORKS, "--format", "json")[1])
    assert (body["verdict"], body["pod"], body["findings"], body["works"]) == ("not-seen", None, [], None)
    assert [g["kind"] for g in body["gaps"]] == ["no-kubelet", "no-pods"]


def test_the_answer_speaks_japanese(verify) -> None:
    assert verify(RULE, ACTIVE, "--lang", "ja")[1].startswith("nad-not-found: 解決していません\n  継続中: shop/pay (開始 2026-11-23 18:00:00")
