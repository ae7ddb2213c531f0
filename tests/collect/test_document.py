"""Pasted text: quoted, framed, wrapped, cut, and mixed with remarks."""

from __future__ import annotations

import random
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from diagnose.collect import document
from diagnose.collect.document import undecorated
from diagnose.model import InputSeen, Report, Resource
from diagnose.parse.when import Clock

BOX = "a83c64890f43895f408b32fb247870bbef3cbeca993cd5b28090febb74731161"
UID = "70158dac-176b-4cff-b9e2-83f2a42d8013"
EVENT = (
    f"Failed to create pod sandbox: rpc error: code = Unknown desc = failed to create pod network sandbox k8s_valve-b_plant_{UID}_0({BOX}): "
    'error adding pod plant_valve-b to CNI network "multus-cni-network": plugin type="multus" name="multus-cni-network" failed (add): '
    f'[plant/valve-b/{UID}:valve-net]: error adding container to network "valve-net": failed to allocate for range 0: '
    "no IP addresses available in range set: 10.71.4.2-10.71.4.2"
)
KLOG = (
    'kubelet E1123 20:01:11.617964    4654 remote_runtime.go:237] "RunPodSandbox from runtime service failed" err="'
    + EVENT.removeprefix("Failed to create pod sandbox: ").replace('"', '\\"')
    + '"'
)
JOURNAL = f"Nov 23 20:01:11 microshift-edge01 microshift[4654]: {KLOG}"
ROW = f"Warning  FailedCreatePodSandBox  7m35s  kubelet  {EVENT}"


def _hard(text: str, width: int = 80) -> str:
    return "\n".join(text[i : i + width] for i in range(0, len(text), width))


def _framed(text: str, width: int = 100) -> str:
    return (
        "┌" + "─" * width + "┐\n" + "\n".join("│ " + text[i : i + width].ljust(width) + "│" for i in range(0, len(text), width)) + "\n└" + "─" * width + "┘\n"
    )


PASTES = {
    "plain": EVENT,
    "klog": KLOG,
    "journal line": JOURNAL,
    "event row": ROW,
    "quoted": "\n".join("> " + x for x in ("Hi all, help!", "", EVENT, "", "Thanks")),
    "quoted twice": f">> {EVENT}\n> what now?",
    "backticks": f"it says `{EVENT}`",
    "fence": f"Look:\n```\n{JOURNAL}\n```\nWhat is it?",
    "fence with a language": f"```console\n{EVENT}\n```",
    "k9s frame": _framed(EVENT),
    "prompt": f"[admin@edge01 ~]$ sudo journalctl -u microshift -n 1\n{JOURNAL}\n[admin@edge01 ~]$ \n",
    "hard wrap in words": _hard(EVENT),
    "hard wrap of a journal line": _hard(JOURNAL),
    "hard wrap of an event row": _hard(ROW),
    "wrapped at blanks": textwrap.fill(EVENT, 80, break_long_words=False, break_on_hyphens=False),
    "wrapped at blanks, indented": textwrap.fill(EVENT, 76, break_long_words=False, break_on_hyphens=False, subsequent_indent="    "),
    "quoted and wrapped": "\n".join("> " + x for x in _hard(EVENT, 78).split("\n")),
    "remarks": f"We upgraded yesterday.\n\n{EVENT}\n\nNote: the bridge itself is fine, and DNS too.",
    "crlf": f"Hello\r\n\r\n{EVENT}\r\n\r\nBye\r\n",
    "cr": f"Hello\r\r{EVENT}\r",
    "bom": "\ufeff" + EVENT,
    "bom and journal": "\ufeff" + JOURNAL,
    "no-break spaces": EVENT.replace(" ", "\u00a0"),
    "typographic quotes": EVENT.replace('"multus', "“multus").replace('network"', "network”"),
    "colours": f"\x1b[0;1;31m{EVENT}\x1b[0m",
    "a few NUL bytes": f"{EVENT}\x00\x00\n\x00",
    "json escapes": EVENT.replace('"', '\\"'),
    "escapes twice": EVENT.replace('"', '\\\\\\"'),
}


@pytest.mark.parametrize("how", PASTES)
def test_pasted_text_names_cause_and_pod(how: str, tmp_path: Path, report: Callable[..., Report]) -> None:
    path = tmp_path / "paste.txt"
    path.write_bytes(PASTES[how].encode())
    found = report(path)
    (finding,) = found.findings
    assert (finding.rule, finding.count, [f"{a.namespace}/{a.name}" for a in finding.affected]) == ("ipam-pool-exhausted", 1, ["plant/valve-b"])
    assert (finding.captures["network"], finding.captures["range"]) == ("valve-net", "10.71.4.2-10.71.4.2")
    assert [g for g in found.gaps if g.kind == "unreadable"] == []


@pytest.mark.parametrize("width", [60, 79, 80, 100, 120, 132, 200])
def test_any_width_of_terminal(width: int, tmp_path: Path, report: Callable[..., Report]) -> None:
    path = tmp_path / "paste.txt"
    path.write_text(_hard(JOURNAL, width))
    assert [(f.rule, f.count, f.affected[0].name) for f in report(path).findings] == [("ipam-pool-exhausted", 1, "valve-b")]


@pytest.mark.parametrize("lost", [5, 30, 60])
def test_a_line_cut_at_its_end(lost: int, tmp_path: Path, report: Callable[..., Report]) -> None:
    path = tmp_path / "paste.txt"
    path.write_text(EVENT[:-lost])
    (finding,) = report(path).findings
    assert finding.affected[0].name == "valve-b"
    assert finding.rule == ("ipam-pool-exhausted" if lost < 60 else "sandbox-network-failed")


def test_two_paragraphs_are_two_failures(tmp_path: Path, report: Callable[..., Report]) -> None:
    path = tmp_path / "paste.txt"
    path.write_text(f"{_hard(EVENT)}\n\n{_hard(EVENT.replace('valve-b', 'valve-c'))}\n")
    (finding,) = report(path).findings
    assert (finding.rule, [a.name for a in finding.affected]) == ("ipam-pool-exhausted", ["valve-b", "valve-c"])


HEALTHY = [
    b"",
    b"\n\n\n",
    b"just a question about lunch\n",
    b"\x00",
    b"\xff\xfe" * 10,
    "日本語のメモ。\n".encode(),
    b"\r\r\r",
    b">>>>",
    b"```\n```",
    b"x" * 300_000,
]


@pytest.mark.parametrize("data", HEALTHY, ids=range(len(HEALTHY)))
def test_text_without_a_failure_tells_nothing(data: bytes, tmp_path: Path, report: Callable[..., Report]) -> None:
    path = tmp_path / "paste.txt"
    path.write_bytes(data)
    assert report(path).findings == []


@pytest.mark.parametrize("seed", range(5))
def test_random_bytes_are_no_evidence(seed: int, tmp_path: Path, report: Callable[..., Report]) -> None:
    path = tmp_path / "paste.txt"
    path.write_bytes(random.Random(seed).randbytes(100_000))  # noqa: S311 - data, not a secret
    found = report(path)
    assert (found.findings, found.inputs[0].kind, found.inputs[0].note) == ([], "unknown", "binary data, not understood")


@pytest.mark.parametrize("seed", range(5))
def test_a_paste_with_bytes_broken_at_random_raises_nothing(seed: int, tmp_path: Path, report: Callable[..., Report]) -> None:
    chance = random.Random(seed)  # noqa: S311 - data, not a secret
    data = bytearray("\n\n".join(PASTES.values()).encode())
    for _ in range(400):
        data[chance.randrange(len(data))] = chance.randrange(256)
    path = tmp_path / "paste.txt"
    path.write_bytes(data)
    assert [g for g in report(path).gaps if g.kind == "unreadable"] == []


def test_undecorated_keeps_the_number_of_lines() -> None:
    assert undecorated("> > a\r\n│ b  │\n│ c │\n+-----+\n  --- \nd  ") == ["a", "b", "c", "", "  ---", "d"]


def test_pods_of_a_table_and_of_describe() -> None:
    text = "NAME   READY   STATUS   RESTARTS   AGE\nmixer-1   1/1   Running   0   9m\n\nName:   valve-b\nNamespace:   plant\nStatus:   Pending\n"
    found = [x for x in document.read(text.encode(), Clock(), InputSeen("x", "text"), (0, True)) if isinstance(x, Resource)]
    assert [(x.namespace, x.name, x.body["status"], x.where.line) for x in found] == [
        ("", "mixer-1", {"phase": "Running", "ready": True}, 2),
        ("plant", "valve-b", {"phase": "Pending"}, 6),
    ]


@pytest.mark.parametrize("text", ["oc logs " + "-a " * 28 + "!", ("│ a" + " " * 500 + "b\n") * 2, "> " * 20_000, "oc " * 10_000, "a: " * 10_000])
def test_a_hostile_paste_costs_no_more_than_its_length(text: str) -> None:
    began = time.process_time()
    list(document.read(text.encode(), Clock(), InputSeen("x", "text"), (0, True)))
    assert time.process_time() - began < 0.15 + len(text) / 100_000
