"""Blind spots: each is told exactly when the evidence leaves something unseen, with the command that shows it."""

from __future__ import annotations

import ast
import re
from datetime import timedelta

import pytest
from conftest import NODE, ROOT
from test_diagnosis import MISSING, RAN, START, chain, four_lines, lines
from test_inventory import event, link, listed, nad, pod
from test_times import BOOT, NEXT, Entry, export, fails, other, runs
from typer.testing import CliRunner

from diagnose.cli import app
from diagnose.collect.files import HEAD
from diagnose.lang import EN, JA
from diagnose.model import Gap, Report
from diagnose.render import json_v1

POD = "shop/till-3"
ERROR = chain(POD, MISSING.format(nad="pay", ns="shop"))
KUBELET = lines(four_lines(START, POD, ERROR))
CRIO = RAN.format(at=START, box="ab12", pod="shop/door") + "\n"
EVENT = event(POD, "Failed to create pod sandbox: " + ERROR)
NAD, TILL = nad("shop/lan"), pod(POD, "pay")
PASTED = 'cannot find a network-attachment-definition (pay) in namespace (shop): network-attachment-definitions.k8s.cni.cncf.io "pay" not found\n'
MINUTE = timedelta(minutes=1)

JOURNAL = "sudo journalctl -u microshift -u crio -o export > journal.export"
EVENTS = "oc get events -A -o yaml > events.yaml"
NADS = "oc get network-attachment-definitions -A -o yaml > nads.yaml"
PODS = "oc get pods -A -o yaml > pods.yaml"


def syslog(program: str, text: str) -> str:
    return f"{START:%b %d %H:%M:%S} edge {program}: {text}\n"


def spots(report: Report) -> dict[str, Gap]:
    assert len({g.kind for g in report.gaps}) == len(report.gaps), "one blind spot is told once"
    return {g.kind: g for g in report.gaps}


@pytest.fixture
def blind(report, write):
    """Return the blind spots of several inputs."""

    def run(*texts: str) -> dict[str, Gap]:
        return spots(report(*(write(text, f"input-{n}.txt") for n, text in enumerate(texts))))

    return run


SETS = {
    "two lines from a chat": ([PASTED], {"pasted"}),
    "a chat with the event's words": (["FailedCreatePodSandBox: " + PASTED], {"pasted"}),
    "a kubelet's journal": ([KUBELET], {"no-nads", "no-pods"}),
    "CRI-O's journal": ([CRIO], {"no-kubelet", "no-pods"}),
    "systemd's journal": ([syslog("systemd[1]", "Stopped MicroShift.")], {"no-kubelet", "no-pods"}),
    "CRI-O's and the kubelet's": ([CRIO, KUBELET], {"no-nads", "no-pods"}),
    "CRI-O's and events": ([CRIO, listed(EVENT)], {"events-only", "no-nads", "no-pods"}),
    "events": ([listed(EVENT)], {"events-only", "no-nads", "no-pods"}),
    "events as a table": (
        [f"NAMESPACE LAST SEEN TYPE REASON OBJECT MESSAGE\nshop 5m Warning FailedCreatePodSandBox pod/till-3 Failed to create pod sandbox: {ERROR}\n"],
        {"events-only", "no-nads", "no-pods"},
    ),
    "events and objects": ([listed(EVENT, NAD, TILL)], {"events-only"}),
    "a pod": ([listed(TILL)], {"objects-only", "no-nads"}),
    "a pod that asks for nothing": ([listed(pod(POD))], {"objects-only"}),
    "a NAD": ([listed(NAD)], {"objects-only"}),
    "interfaces": ([f"[{link('eno1', 'aa:00:00:00:00:01')}]".replace("'", '"')], {"objects-only"}),
    "a kubelet's journal and NADs": ([KUBELET, listed(NAD)], {"no-pods"}),
    "a kubelet's journal and pods": ([KUBELET, listed(pod(POD))], {"no-nads"}),
    "a kubelet's journal, NADs and pods": ([KUBELET, listed(NAD, TILL)], set[str]()),
    "another namespace's pods": ([KUBELET, listed(NAD, pod("yard/gate"))], {"namespaces"}),
    "nothing": ([""], set[str]()),
    "a poem": (["the fog comes\non little cat feet\n"], {"pasted"}),
}


@pytest.mark.parametrize(("texts", "kinds"), SETS.values(), ids=SETS)
def test_each_set_of_evidence_has_its_blind_spots_and_no_others(blind, texts: list[str], kinds: set[str]) -> None:
    assert set(blind(*texts)) == kinds
    assert set(blind(*reversed(texts))) == kinds


def test_a_journal_of_other_programs_alone_shows_nothing_of_the_network(blind) -> None:
    assert any(g.hides for g in blind(syslog("sshd[9]", "Accepted publickey for bob")).values())


@pytest.mark.parametrize(
    ("texts", "kind", "command"),
    [
        ([PASTED], "pasted", f"{JOURNAL}; {EVENTS}"),
        ([CRIO], "no-kubelet", f"sudo journalctl -u microshift -o export > microshift.export; {EVENTS}"),
        ([listed(EVENT)], "events-only", JOURNAL),
        ([listed(NAD)], "objects-only", f"{JOURNAL}; {EVENTS}"),
        ([KUBELET], "no-nads", NADS),
        ([KUBELET], "no-pods", PODS),
    ],
)
def test_each_blind_spot_has_the_command_that_shows_it(blind, texts: list[str], kind: str, command: str) -> None:
    assert blind(*texts)[kind].hint == command


def test_missing_nads_hide_a_failure_only_where_a_pod_asks_for_one(blind) -> None:
    assert not blind(KUBELET)["no-nads"].hides
    assert not blind(KUBELET, listed(pod(POD)))["no-nads"].hides
    assert blind(KUBELET, listed(TILL))["no-nads"].hides


@pytest.mark.parametrize(
    ("folder", "command"),
    [
        ("", "oc get pods,events,network-attachment-definitions -A -o yaml > objects.yaml"),
        (
            "sos_commands/microshift",
            "sudo sos report --batch --all-logs -p network,security,microshift -k microshift.add-namespaces=grid:yard",
        ),
    ],
)
def test_missing_namespaces_are_named_with_the_command_of_the_tool_that_left_them_out(report, tmp_path, folder: str, command: str) -> None:
    hit = [lines(four_lines(START, name, chain(name, MISSING.format(nad="pay", ns=name.partition("/")[0])))) for name in (POD, "yard/gate", "grid/meter")]
    place = tmp_path / folder
    place.mkdir(parents=True, exist_ok=True)
    (place / "journal.txt").write_text("".join(hit))
    (place / "objects.json").write_text(listed(NAD, TILL))
    gap = spots(report(place))["namespaces"]
    assert gap.hint == command
    assert EN.blind_spot["namespaces"].format_map(dict(gap.values)).endswith("are missing: grid, yard")
    assert gap.hides


def test_a_pod_that_something_else_holds_up_makes_no_namespace_missing(blind) -> None:
    held_up = event("yard/gate", 'Back-off pulling image "gate:1": ImagePullBackOff', reason="Failed")
    assert set(blind(KUBELET, listed(NAD, TILL, held_up))) == set()


def booted(after: timedelta, *, boot: str = BOOT) -> list[Entry]:
    """Return entries of a node that works, the first of them `after` the start."""
    at = START + after
    return [runs(at, after.total_seconds(), boot), other(at + MINUTE, after.total_seconds() + 60, boot)]


def test_a_journal_that_begins_long_after_the_start_is_cut(blind) -> None:
    gap = blind(export(booted(11 * MINUTE)))["journal-late"]
    assert dict(gap.values) == {"boot": "2026-11-23T18:00:00Z", "first": "2026-11-23T18:11:00Z"}
    assert gap.hint == f"sudo journalctl -b {BOOT} -u microshift -u crio -o export > boot.export"
    assert gap.hides
    assert "journal-late" not in blind(export(booted(9 * MINUTE)))


def test_the_start_of_a_boot_may_stand_in_another_input(blind) -> None:
    assert "journal-late" not in blind(export(booted(11 * MINUTE)), export(booted(MINUTE)))


def test_a_journal_of_one_whole_boot_leaves_the_earlier_ones_unseen(blind) -> None:
    gap = blind(export(booted(MINUTE)))["one-boot"]
    assert gap.hint == "sudo journalctl --list-boots; sudo journalctl -b -1 -u microshift -u crio -o export > last-boot.export"
    assert dict(gap.values) == {"boot": "2026-11-23T18:00:00Z"}
    assert not gap.hides
    assert "one-boot" not in blind(export(booted(11 * MINUTE)))
    two = [*booted(MINUTE), fails(START + 60 * MINUTE, 60, NEXT)]
    assert "one-boot" not in blind(export(two))


def test_a_journal_without_a_kubelet_is_not_asked_for_its_boots(blind) -> None:
    assert set(blind(export(booted(11 * MINUTE)[:1]))) == {"no-kubelet", "no-pods"}


RUNTIME = syslog("systemd-journald[500]", "Runtime Journal (/run/log/journal/5e0c47b2a91d4d66b3f8127e6a54c90d) is 8.0M, max 76.6M, 68.6M free.")
SYSTEM = syslog("systemd-journald[500]", "System Journal (/var/log/journal/5e0c47b2a91d4d66b3f8127e6a54c90d) is 8.0M, max 4.0G, 3.9G free.")


def test_a_volatile_journal_is_told_unless_it_was_flushed_to_disk(blind) -> None:
    gap = blind(RUNTIME, KUBELET)["volatile"]
    assert (gap.hint, gap.hides) == ("sudo mkdir -p /var/log/journal && sudo journalctl --flush", False)
    assert "volatile" not in blind(RUNTIME, SYSTEM, KUBELET)
    assert "volatile" not in blind(SYSTEM, KUBELET)


def test_lines_that_journald_dropped_are_counted_by_unit(blind) -> None:
    gap = blind(KUBELET, syslog("systemd-journald[500]", "Suppressed 4711 messages from microshift.service"))["lost"]
    assert dict(gap.values) == {"n": "4711", "unit": "microshift.service"}
    assert gap.hint == "sudo journalctl -b -u systemd-journald | grep Suppressed"
    assert gap.hides
    assert "lost" not in blind(KUBELET)


@pytest.mark.parametrize(
    "sign",
    ["53:4f:53:00:00:01", "edge.obfuscateddomain0.com", "x-ipv4-0000000001-x", "x-ipv6-0000000001-x", "x-mac-0000000001-x", "***HIDDEN***", "10.230.230.7"],
)
def test_obfuscated_evidence_is_told_to_be_so(blind, sign: str) -> None:
    gap = blind(KUBELET, syslog("systemd[1]", f"host is {sign}"))["obfuscated"]
    assert not gap.hides


@pytest.mark.parametrize("text", ["52:4f:53:00:00:01", "10.231.230.7", "110.230.230.7", "proxy-ipv4", "HIDDEN"])
def test_other_addresses_are_not_taken_for_obfuscated(blind, text: str) -> None:
    assert "obfuscated" not in blind(KUBELET, syslog("systemd[1]", f"host is {text}"))


FORBIDDEN = 'Error from server (Forbidden): pods is forbidden: User "bob" cannot list resource "pods" in API group "" at the cluster scope'
OTHERS = """Hint: You are currently not seeing messages from other users and the system.
      Users in groups 'adm', 'systemd-journal', 'wheel' can see all messages.
      Pass -q to turn off this notice.
"""
UNOPENED = "No journal files were opened due to insufficient permissions."


@pytest.mark.parametrize(
    ("text", "kind", "said", "command"),
    [
        (
            FORBIDDEN,
            "forbidden",
            FORBIDDEN,
            "sudo oc --kubeconfig /var/lib/microshift/resources/kubeadmin/kubeconfig get pods,events,network-attachment-definitions -A -o yaml > objects.yaml",
        ),
        (OTHERS, "not-all-users", "You are currently not seeing messages from other users and the system.", JOURNAL),
        (UNOPENED, "not-all-users", UNOPENED, JOURNAL),
    ],
)
def test_a_command_that_was_refused_is_told_with_its_words_and_file(report, write, catalog, text: str, kind: str, said: str, command: str) -> None:
    path = write(text + "\n", "output.txt")
    found = report(path, write(KUBELET, "log"))
    gap = spots(found)[kind]
    assert (gap.source, dict(gap.values), gap.hint, gap.hides) == (str(path), {"text": said}, command, True)
    assert said in json_v1.render(found, catalog, "en").replace('\\"', '"')
    assert kind not in spots(report(write(KUBELET, "log")))


def whole() -> list[str]:
    """Return evidence of a healthy node: its journal from the start on, all NADs and pods."""
    lan = nad("shop/lan", {"cniVersion": "0.4.0", "type": "macvlan", "master": "eno1", "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.9.0.0/24"}]]}})
    return [export(booted(MINUTE)), listed(lan, pod(POD, "lan", phase="Running"), pod("shop/door", phase="Running"))]


def test_whole_evidence_of_a_healthy_node_hides_nothing(report, write) -> None:
    found = report(*(write(text, f"{n}") for n, text in enumerate(whole())))
    assert found.findings == []
    assert {k: g.hides for k, g in spots(found).items()} == {"one-boot": False}


def test_the_node_fixture_hides_what_came_before_its_journal(report) -> None:
    found = spots(report(NODE / "journal.export.zst", NODE / "objects"))
    assert {k: dict(g.values) for k, g in found.items() if g.hides} == {
        "journal-late": {"boot": "2026-11-23T18:23:58Z", "first": "2026-11-23T20:00:42Z"},
    }


WARNING = syslog("crio[700]", f'{START:%Y-%m-%dT%H:%M:%S}Z [error] DelegateDel: error invoking DelegateDel - "bridge": the flux capacitor lost its charge')


@pytest.mark.parametrize(
    ("texts", "lax", "strict"),
    [
        (whole(), 0, 0),
        ([CRIO], 0, 12),
        ([WARNING], 10, 12),
        ([KUBELET], 11, 11),
        ([KUBELET + RAN.format(at=START + MINUTE, box="cd34", pod=POD)], 0, 12),
    ],
    ids=["nothing hidden", "hidden", "a warning, hidden", "an error", "a resolved error, hidden"],
)
def test_strict_exits_12_where_a_failure_may_be_hidden_and_no_error_is_active(write, texts: list[str], lax: int, strict: int) -> None:
    paths = [str(write(text, f"{n}")) for n, text in enumerate(texts)]
    assert CliRunner().invoke(app, ["diagnose", *paths]).exit_code == lax
    assert CliRunner().invoke(app, ["diagnose", "--strict", *paths]).exit_code == strict


def test_every_blind_spot_has_words_in_both_languages_with_the_same_names() -> None:
    sources = [p.read_text() for p in (ROOT / "diagnose").rglob("*.py") if p.name != "lang.py"]
    calls = [c for text in sources for c in ast.walk(ast.parse(text)) if isinstance(c, ast.Call) and isinstance(c.func, ast.Name) and c.func.id == "Gap"]
    used = {c.args[3].value for c in calls if len(c.args) > 3 and isinstance(c.args[3], ast.Constant)}
    for words in (EN.blind_spot, JA.blind_spot):
        assert used <= set(words)
        assert [k for k in words if not any(f'"{k}"' in text for text in sources)] == []
    names = {k: set(re.findall(r"\{(\w+)\}", v)) for k, v in EN.blind_spot.items()}
    assert names == {k: set(re.findall(r"\{(\w+)\}", v)) for k, v in JA.blind_spot.items()}
    assert all(JA.blind_spot[k] != v for k, v in EN.blind_spot.items() if v != "{text}")


FILLER = syslog("systemd[1]", "Started a unit that tells nothing.") * 70_000  # more than is read at once


@pytest.mark.parametrize(
    "text",
    [
        FILLER + lines(four_lines(START, POD, ERROR.replace("shop", "shop on 53:4f:53:00:00:01"))) + FILLER,
        FILLER + syslog("systemd[1]", "host is x-ipv4-0000000001-x") * 3000,
        "a note\n" * 30_000 + "host edge.obfuscateddomain0.com\n",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b, annotations: {" + ", ".join(f"k{n}: v" for n in range(9000)) + ", x: 10.230.230.7}}\n",
    ],
    ids=["a record with a hit", "a sampled record", "a document", "objects"],
)
def test_obfuscation_is_seen_behind_the_head_of_an_input(blind, text: str) -> None:
    assert len(text) > HEAD
    assert "obfuscated" in blind(KUBELET, text)


@pytest.mark.parametrize("name", ["sosreport-host0-2026-obfuscated.txt", "case-obfuscated/journal.txt", "obfuscated.txt", "not-obfuscated-here.txt"])
def test_the_name_of_what_sos_clean_wrote_tells_it(report, tmp_path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(KUBELET)
    assert ("obfuscated" in spots(report(path))) is name.startswith(("sosreport", "case"))


def test_a_refusal_behind_the_head_of_an_input_is_told_once(blind) -> None:
    assert dict(blind(KUBELET, "a note\n" * 30_000 + FORBIDDEN + "\n" + FORBIDDEN + "\n")["forbidden"].values) == {"text": FORBIDDEN}
    assert "forbidden" in blind(KUBELET, FORBIDDEN + "\n" + "a note\n" * 30_000 + FORBIDDEN + "\n")
