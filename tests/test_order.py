"""The report does not depend on how the evidence is cut, ordered or told twice; a storm is counted exactly."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import NODE
from test_diagnosis import MISSING, NOT_READY, START, UID, chain, four_lines, kubelet, lines, pods
from test_state import added, failure, kernel, ran, said, started, synced
from test_times import BOOT, Entry, export

from diagnose.collect.files import zstd_module
from diagnose.collect.stream import export_fields
from diagnose.model import Report
from diagnose.parse.when import moment

OBJECTS = sorted((NODE / "objects").iterdir())


def story(report: Report) -> list[tuple[object, ...]]:
    """Return what must not depend on the form and the order of the evidence."""
    return [(f.rule, f.subject, f.count, f.state, tuple(f.affected), f.first, f.last, tuple(f.explains), tuple(f.captures.items())) for f in report.findings]


def proofs(report: Report) -> list[list[str]]:
    return [[e.text for e in f.evidence] for f in report.findings]


def rng(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - the same in every run


@pytest.fixture(scope="module")
def entries() -> list[bytes]:
    """Return the entries of the node's journal in export format, each with the empty line that ends it."""
    raw = zstd_module().decompress((NODE / "journal.export.zst").read_bytes())
    return [b"__CURSOR=" + x.rstrip(b"\n") + b"\n\n" for x in raw.split(b"__CURSOR=")[1:]]


@pytest.fixture(scope="module")
def printed(entries: list[bytes]) -> list[str]:
    """Return the node's journal as `journalctl -o short-iso-precise` prints it."""
    found: list[str] = []
    for entry in entries:
        f = export_fields(entry)
        at = moment(int(f.get("_SOURCE_REALTIME_TIMESTAMP") or f["__REALTIME_TIMESTAMP"]))
        pid = f"[{f['_PID']}]" if "_PID" in f else ""
        found.append(f"{at:%Y-%m-%dT%H:%M:%S.%f}+0000 {f['_HOSTNAME']} {f.get('SYSLOG_IDENTIFIER', 'kernel')}{pid}: {f['MESSAGE']}\n")
    return found


def cut(parts: list, *at: int) -> list[list]:
    """Return `parts` cut at these places."""
    places = [0, *sorted(at), len(parts)]
    return [parts[a:b] for a, b in itertools.pairwise(places)]


def saved(write, pieces: list[list], suffix: str) -> list[Path]:
    return [write(b"".join(p) if suffix == "export" else "".join(p), f"{n}.{suffix}") for n, p in enumerate(pieces)]


def test_the_order_of_the_inputs_of_the_node_does_not_matter(report) -> None:
    inputs = [NODE / "journal.export.zst", *OBJECTS]
    expected = report(*inputs)
    assert len(expected.findings) == 7  # five causes, one over, one that is not the network
    for order in itertools.islice(itertools.permutations(inputs), 1, None, 5):
        found = report(*order)
        assert story(found) == story(expected)
        assert [f.evidence for f in found.findings] == [f.evidence for f in expected.findings]
        assert (found.timeline, found.window, [u.count for u in found.unexplained]) == (
            expected.timeline,
            expected.window,
            [u.count for u in expected.unexplained],
        )


@pytest.mark.parametrize("form", ["export", "log"])
@pytest.mark.parametrize("files", [2, 3])
def test_the_nodes_journal_cut_anywhere_tells_the_same(report, write, entries: list[bytes], printed: list[str], form: str, files: int) -> None:
    parts = entries if form == "export" else printed
    expected = report(*saved(write, [parts], form))
    assert len(expected.findings) == 5
    for seed in range(3):
        source = rng(seed)
        pieces = cut(parts, *source.sample(range(1, len(parts)), files - 1))
        source.shuffle(pieces)
        found = report(*saved(write, pieces, form))
        assert story(found) == story(expected), f"seed {seed}"
        assert proofs(found) == proofs(expected), f"seed {seed}"


def test_the_nodes_journal_in_two_forms_is_one_story(report, write, entries: list[bytes], printed: list[str]) -> None:
    (alone,) = saved(write, [entries], "export")
    expected = story(report(alone))
    (short,) = saved(write, [printed], "log")
    assert [x[:5] for x in story(report(short))] == [x[:5] for x in expected]
    assert story(report(alone, short)) == story(report(short, alone)) == expected
    # Whole in one form, and its middle once more in the other.
    (part,) = saved(write, [printed[200:600]], "part.log")
    assert story(report(part, alone)) == expected
    # The same file twice, and two files that overlap.
    assert story(report(alone, write(b"".join(entries), "copy"))) == expected
    assert story(report(write(b"".join(entries[:500]), "a"), write(b"".join(entries[300:]), "b"))) == expected


def test_a_folder_is_its_files(report, write, tmp_path: Path, entries: list[bytes]) -> None:
    expected = story(report(NODE / "journal.export.zst", *OBJECTS))
    for n, piece in enumerate(cut(entries, 250, 500)):
        write(b"".join(piece), f"{9 - n}.export")
    for path in OBJECTS:
        write(path.read_bytes(), path.name)
    assert story(report(tmp_path)) == expected


def test_the_nodes_journal_of_each_unit_in_a_file_of_its_own_tells_the_same(report, write, entries: list[bytes]) -> None:
    units: dict[str, list[bytes]] = {}
    for entry in entries:
        units.setdefault(str(export_fields(entry).get("SYSLOG_IDENTIFIER")), []).append(entry)
    assert len(units) == 3
    assert story(report(*saved(write, list(units.values()), "export"))) == story(report(NODE / "journal.export.zst"))


# ---- a small story of many turns, cut at every line

POD, OTHER, THIRD = "shop/till-3", "shop/door", "hall/lamp"


def small() -> list[str]:
    """Return a journal in which pods fail, recover, wait and go, over a restart of the node."""
    t = [START + timedelta(seconds=10 * n) for n in range(20)]
    crio = f'{t[3]:%b %d %H:%M:%S} edge crio[700]: time="{t[3]:%Y-%m-%dT%H:%M:%S}Z" level=info msg="NetworkStart: stopping network for sandbox {"0" * 64}"'
    return [
        *failure(t[0]), started(t[1], THIRD), *four_lines(t[2], OTHER, chain(OTHER, MISSING.format(nad="pay", ns="shop"))), crio,
        *four_lines(t[4], THIRD, chain(THIRD, "the flux capacitor lost its charge", network="lan")), *failure(t[5], attempt=1), *failure(t[5], pod="shop/bell", attempt=1),
        added(t[6], "net1 [10.1.0.3/24] from lan"), synced(t[7], "DELETE", OTHER), kernel(t[8]), kubelet(t[9], "Error syncing pod, skipping", NOT_READY, OTHER),
        said(t[10], "CNI monitoring event REMOVE \\\"/etc/cni/net.d/00-multus.conf\\\"", "crio"), kubelet(t[11], "Error syncing pod, skipping", NOT_READY, THIRD),
        ran(t[12], "hall/desk"), ran(t[12], "shop/bell"), *four_lines(t[13], THIRD, chain(THIRD, "the flux capacitor lost its charge", network="lan", attempt=1)),
    ]  # fmt: skip


def test_a_small_story_cut_at_every_line_tells_the_same(report, write) -> None:
    parts = [f"{x}\n" for x in small()]
    expected = story(report(*saved(write, [parts], "log")))
    assert {x[3] for x in expected} == {"active", "resolved"}
    for at in range(1, len(parts)):
        pieces = cut(parts, at)[:: -1 if at % 2 else 1]  # every other time the second part is read first
        assert story(report(*saved(write, pieces, "log"))) == expected, f"cut before line {at + 1}"


def test_a_small_story_with_its_lines_in_any_order_tells_the_same(report, write) -> None:
    parts = [f"{x}\n" for x in small()]
    expected = story(report(write("".join(parts))))
    for seed in range(8):
        rng(seed).shuffle(parts)
        assert story(report(write("".join(parts)))) == expected, f"seed {seed}"


def test_a_small_story_in_two_forms_is_one_story(report, write) -> None:
    log = [x for x in small() if "kernel:" not in x]
    times = [datetime.strptime(f"2026 {x[:15]} +0000", "%Y %b %d %H:%M:%S %z") for x in log]
    journal = write(export(Entry(x, at, 900 + (at - START).total_seconds()) for x, at in zip(log, times, strict=True)), "a.export")
    short = write(lines(log), "a.log")
    assert story(report(short)) == story(report(journal)) == story(report(short, journal)) == story(report(journal, short))


# ---- a storm


class Cause(NamedTuple):
    """A true cause of a storm: its rule, the root message, the CNI network that Multus names with it ("" for none), and whom it hits."""

    rule: str
    root: str
    network: str
    pods: list[str]


def _cause(rule: str, root: str, pods: int = 2, *, network: bool = True) -> Cause:
    """Return a cause that hits `pods` pods of a namespace of its own."""
    return Cause(rule, root, f"{rule}-net" if network else "", [f"ns-{rule}/app-{n}" for n in range(pods)])


_LOADING = "error loading k8s delegates k8s args: TryLoadPodDelegates: error in getting k8s network for pod: "
CAUSES = [
    _cause("nad-not-found", MISSING.format(nad="pay", ns="ns-nad-not-found"), 3, network=False),
    _cause("annotation-invalid-format", _LOADING + 'parsePodNetworkAnnotation: parsePodNetworkObjectName: Failed to parse: one or more items did not match comma-delimited format (must consist of lower case alphanumeric characters). Must start and end with an alphanumeric character), mismatch @ "pay "', 1, network=False),
    _cause("multus-rbac-forbidden", 'error waiting for pod: pods "app-0" is forbidden: User "system:serviceaccount:openshift-multus:multus" cannot get resource "pods" in API group "" in the namespace "ns-multus-rbac-forbidden"', 2, network=False),
    _cause("multus-kubeconfig", "error getting k8s client: GetK8sClient: failed to get context for the kubeconfig /etc/cni/net.d/multus.d/multus.kubeconfig: stat /etc/cni/net.d/multus.d/multus.kubeconfig: no such file or directory", 2, network=False),
    _cause("cni-plugin-missing", 'failed to find plugin "macvlan" in path [/run/cni/bin /opt/cni/bin]'),
    _cause("master-interface-not-found", 'failed to lookup master "enp7s0": Link not found', 3),
    _cause("bridge-conflict", 'failed to create bridge "br-plc": could not add "br-plc": "br-plc" already exists but is not a bridge'),
    _cause("ipam-pool-exhausted", "failed to allocate for range 0: no IP addresses available in range set: 10.10.0.20-10.10.0.50", 4),
    _cause("ipam-dhcp-daemon-unreachable", "error dialing DHCP daemon: dial unix /run/cni/dhcp.sock: connect: no such file or directory"),
    _cause("ipam-dhcp-no-lease", "error calling DHCP.Allocate: no more tries"),
    _cause("address-conflict", 'failed to set "net1" UP: address already in use'),
    _cause("sandbox-network-failed", "the flux capacitor lost its charge"),
]  # fmt: skip


class Storm(NamedTuple):
    """A journal of failing and healthy pods, and how often each pod of each cause failed."""

    lines: list[str]
    truth: dict[str, Counter[str]]


def _attempt(at: datetime, pod: str, cause: Cause, number: int) -> list[tuple[datetime, str]]:
    """Return what Multus, CRI-O and the kubelet tell of one attempt, over a second."""
    error = chain(pod, cause.root, attempt=number, network=cause.network)
    reason = (
        f'[{pod}/{UID}:{cause.network}]: error adding container to network "{cause.network}": {cause.root}'
        if cause.network
        else f"Multus: [{pod}/{UID}]: {cause.root}"
    )
    plugin = error.partition("CNI network ")[2].partition(": ")[2].replace('"', '\\"')
    multus = f"{at:%b %d %H:%M:%S} edge crio[700]: {at:%Y-%m-%dT%H:%M:%S}Z [error] {reason}"
    crio = f'{at:%b %d %H:%M:%S} edge crio[700]: time="{at:%Y-%m-%dT%H:%M:%S}.1Z" level=error msg="Error adding network: {plugin}"'
    told = [(at, multus), (at + timedelta(milliseconds=100), crio)]
    for n in range(4):
        later = at + timedelta(milliseconds=300 + 220 * n)
        told.append((later, four_lines(later, pod, error)[n]))
    return told


def _healthy(at: datetime, number: int) -> str:
    pod = f"web/page-{number % 40}"
    return (ran(at, pod), started(at, pod), synced(at, "UPDATE", pod), synced(at, "DELETE", f"web/old-{number}"))[number % 4]


def storm(seed: int, attempts: int = 100) -> Storm:
    """Return a journal of which a fifth of the lines tell of failures; attempts of several pods run at the same time."""
    source = rng(seed)
    truth: dict[str, Counter[str]] = {c.rule: Counter() for c in CAUSES}
    told: list[tuple[datetime, str]] = []
    places = [(c, pod) for c in CAUSES for pod in c.pods]
    for number in range(attempts):
        cause, pod = places[number] if number < len(places) else source.choice(places)
        at = START + timedelta(seconds=2 * number + source.uniform(0, 8))
        told += _attempt(at, pod, cause, number)
        truth[cause.rule][pod] += 1
    moments = [START + timedelta(seconds=source.uniform(0, 2 * attempts)) for _ in range(4 * len(told))]
    told += [(at, _healthy(at, n)) for n, at in enumerate(moments)]
    return Storm([line for _, line in sorted(told, key=lambda x: x[0])], truth)


def counted(report: Report) -> list[tuple[str, int, list[str]]]:
    return sorted((f.rule, f.count, sorted(pods(f))) for f in report.findings)


def expected(truth: dict[str, Counter[str]]) -> list[tuple[str, int, list[str]]]:
    return sorted((rule, counts.total(), sorted(counts)) for rule, counts in truth.items())


@pytest.mark.parametrize("seed", [1, 2])
def test_a_storm_is_one_finding_for_each_true_cause_with_exact_counts(report, write, seed: int) -> None:
    made = storm(seed)
    found = report(write(lines(made.lines)))
    assert counted(found) == expected(made.truth)
    assert {f.state for f in found.findings} == {"active"}
    assert [(f.rule, f.explains) for f in found.findings if f.explains] == []
    # The kubelet alone tells the same.
    assert counted(report(write(lines(x for x in made.lines if " crio[" not in x)))) == expected(made.truth)


def test_a_storm_in_two_forms_and_pieces_is_still_counted_once(report, write) -> None:
    made = storm(3, 60)
    half = len(made.lines) // 2
    first, second = write(lines(made.lines[:half]), "1.log"), write(lines(made.lines[half:]), "2.log")
    times = [datetime.strptime(f"2026 {x[:15]} +0000", "%Y %b %d %H:%M:%S %z") for x in made.lines]
    whole = write(export(Entry(x, at, 900 + (at - START).total_seconds(), BOOT) for x, at in zip(made.lines, times, strict=True)), "whole.export")
    for inputs in ((first, second), (second, first), (whole,), (whole, second, first)):
        assert counted(report(*inputs)) == expected(made.truth), [p.name for p in inputs]


def test_objects_do_not_make_a_log_long(report) -> None:
    assert "not-network" in {f.rule for f in report(NODE / "journal.export.zst", NODE / "objects").findings}
