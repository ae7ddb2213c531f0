"""What a watch tells: each change once, from what is known at the time; and what it forgets."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from conftest import NODE
from growing import entry, failed, gone, idle, klog, ran

from diagnose.catalog import Catalog
from diagnose.collect.evidence import Evidence, Options
from diagnose.collect.stream import ExportFormat, records
from diagnose.diagnosis import Selection, diagnose
from diagnose.ignoring import Ignore, Ignores
from diagnose.literals import plan
from diagnose.model import Gap, InputSeen, Record, Resource, Where
from diagnose.parse.when import Clock, micros
from diagnose.scan import Scanner
from diagnose.watching import Change, Part, Watching

START = micros(datetime(2026, 11, 25, 8, 0, tzinfo=UTC))
SECOND = 1_000_000
MINUTE = 60 * SECOND
POD, OTHER = "plant/mixer-1", "plant/press-2"
_VAGUE = 'kuberuntime_sandbox.go:70] "Failed to create sandbox for pod" err="rpc error: code = Unknown desc = failed to create pod network sandbox k8s_mixer-1_plant_u_0({box}): error adding pod plant_mixer-1 to CNI network \\"multus-cni-network\\": plugin type=\\"multus\\" name=\\"multus-cni-network\\" failed (add): something that nobody knows" pod="plant/mixer-1"'


class Bench:
    """A watch, and what it tells of the journal entries that it is given."""

    def __init__(self, catalog: Catalog, select: Selection | None = None, ignores: Ignores | None = None, *, everything: bool = False) -> None:
        self.scan = Scanner(plan(catalog))
        self.watching = Watching(catalog, select or Selection(), ignores, self.scan, everything)
        self.at = 0.0

    def read(self, *entries: bytes) -> None:
        seen = InputSeen("journal", "journal")
        for record in records(io.BytesIO(b"".join(entries)), ExportFormat(), self.scan, Clock(datetime.now(UTC), UTC), seen):
            seen.hear(record.program, record.time, record.boot, record.offset)
            self.watching.feed(record)
        self.watching.heard("journal", seen)

    def tell(self, seconds: float = 1.0) -> list[Change]:
        """Judge `seconds` later, and return what is told."""
        self.at += seconds
        self.watching.judge(START + round(self.at * SECOND))
        return self.watching.changes(START + round(self.at * SECOND), self.at)

    def told(self, seconds: float = 1.0) -> list[tuple[str, str]]:
        """Return kind and rule of what is told."""
        return [(c.kind, c.finding.rule) for c in self.tell(seconds) if c.finding is not None]


@pytest.fixture
def bench(catalog: Catalog) -> Bench:
    return Bench(catalog)


@pytest.fixture
def make(catalog: Catalog) -> Callable[..., Bench]:
    def made(*arguments: object, **named: bool) -> Bench:
        return Bench(catalog, *arguments, **named)  # type: ignore[arg-type]

    return made


def test_a_watch_begins_with_what_is_active_and_says_that_it_watches(bench: Bench) -> None:
    bench.read(failed(START, POD), failed(START, OTHER, "wan"), ran(START + SECOND, OTHER))
    told = bench.tell()
    assert [(c.kind, c.finding and c.finding.subject) for c in told if c.kind in ("active", "watching")] == [("active", "plant/lan"), ("watching", None)]
    assert told[-1].n == 1


def test_a_failure_is_told_once_however_often_it_happens(bench: Bench) -> None:
    assert bench.told() == []
    bench.read(failed(START, POD))
    assert bench.told() == [("active", "nad-not-found")]
    for n in range(1, 5):
        bench.read(failed(START + n * MINUTE, POD))
        assert bench.told(60) == []


def test_what_is_over_is_told_with_its_proof_and_its_count(bench: Bench) -> None:
    bench.read(*(failed(START + n * SECOND * 10, POD) for n in range(3)))
    bench.tell()
    bench.read(ran(START + MINUTE, POD))
    (change,) = bench.tell()
    assert change.kind == "resolved"
    assert change.finding is not None
    assert change.finding.count == 3
    assert change.finding.proof is not None
    assert (change.finding.proof.kind, change.finding.proof.time) == ("works", START + MINUTE)
    assert bench.tell() == []


def test_what_comes_back_is_told_again(bench: Bench) -> None:
    bench.read(failed(START, POD))
    bench.tell()
    bench.read(ran(START + MINUTE, POD))
    assert bench.told() == [("resolved", "nad-not-found")]
    bench.read(failed(START + 2 * MINUTE, POD))
    assert bench.told() == [("active", "nad-not-found")]


def test_what_comes_and_goes_is_told_as_flapping_and_no_more(bench: Bench) -> None:
    bench.tell()
    kinds: list[str] = []
    for n in range(20):
        bench.read(failed(START + 2 * n * MINUTE, POD))
        kinds += [k for k, _ in bench.told(60)]
        bench.read(ran(START + (2 * n + 1) * MINUTE, POD))
        kinds += [k for k, _ in bench.told(60)]
    assert kinds == ["active", "resolved", "active", "resolved", "active"]
    assert bench.watching.report is not None
    assert [f.state for f in bench.watching.report.findings] == ["flapping"]


def test_more_pods_are_a_change_at_most_once_a_minute(bench: Bench) -> None:
    bench.tell()
    bench.read(failed(START, POD))
    assert bench.told() == [("active", "nad-not-found")]
    told: list[Change] = []
    for n in range(30):
        bench.read(failed(START + n * 10 * SECOND, f"plant/till-{n}"))
        told += bench.tell(10)
    assert 3 <= len(told) <= 6
    assert {(c.kind, c.what) for c in told} == {("changed", ("pods",))}
    named = [p for c in told for p in c.pods]
    assert len(named) == len(set(named)) >= 25


def test_silence_makes_it_unknown_without_any_record(bench: Bench) -> None:
    bench.read(failed(START, POD))
    bench.tell()
    bench.read(idle(START + 14 * MINUTE))
    assert bench.tell(60) == []
    bench.read(idle(START + 16 * MINUTE))
    (change,) = bench.tell(60)
    assert change.kind == "unknown"
    assert change.finding is not None
    assert change.finding.proof is not None
    assert change.finding.proof.kind == "silent"
    bench.read(failed(START + 20 * MINUTE, POD))
    assert bench.told() == [("active", "nad-not-found")]


def test_a_symptom_whose_cause_comes_later_is_told_as_one(bench: Bench) -> None:
    bench.tell()
    bench.read(klog(START, "E", _VAGUE.format(box="a" * 64)))
    assert bench.told() == [("active", "sandbox-network-failed")]
    bench.read(failed(START + SECOND, POD))
    told = bench.tell()
    assert sorted((c.kind, c.finding.rule, c.by) for c in told if c.finding) == [
        ("active", "nad-not-found", ""), ("explained", "sandbox-network-failed", "nad-not-found"),
    ]  # fmt: skip
    assert bench.tell() == []


def _nad(config: str, version: str = "1") -> Resource:
    body = {"kind": "NetworkAttachmentDefinition", "metadata": {"name": "lan", "namespace": "plant", "uid": "u", "resourceVersion": version}, "spec": {"config": config}}  # fmt: skip
    return Resource("NetworkAttachmentDefinition", "plant", "lan", body, Where("api"))


def _pod(phase: str, name: str = "mixer-1", version: str = "2") -> Resource:
    ready = phase == "Running"
    status = '[{"name": "plant/lan", "interface": "net1"}]' if ready else None
    body = {
        "kind": "Pod", "metadata": {"name": name, "namespace": "plant", "uid": name, "resourceVersion": version, "annotations": {"k8s.v1.cni.cncf.io/networks": "lan", "k8s.v1.cni.cncf.io/network-status": status}},
        "spec": {"containers": [{"name": "app"}]}, "status": {"phase": phase, "containerStatuses": [{"ready": ready}], "conditions": [{"type": "PodScheduled", "status": "True"}]},
    }  # fmt: skip
    return Resource("Pod", "plant", name, body, Where("api"))


def test_what_an_object_shows_goes_with_the_object(bench: Bench) -> None:
    bench.watching.listed("Pod", [_pod("Pending")], START)
    bench.watching.listed("NetworkAttachmentDefinition", [_nad("{broken")], START)
    assert ("active", "nad-config-invalid-json") in bench.told()
    bench.watching.held(_nad('{"cniVersion": "0.3.1", "name": "lan", "type": "bridge", "bridge": "br0"}', "3"))
    assert ("gone", "nad-config-invalid-json") in bench.told()


def test_a_pod_that_the_api_shows_as_running_or_gone_is_over(bench: Bench) -> None:
    for shown in (
        lambda w: w.held(_pod("Running")),
        lambda w: w.deleted("Pod", "plant", "mixer-1", START + 2 * SECOND),
        lambda w: w.listed("Pod", [], START + 2 * SECOND),
    ):
        own = Bench(bench.watching.catalog)
        own.watching.listed("Pod", [_pod("Pending")], START)
        own.read(failed(START + SECOND, POD))
        assert own.told() == [("active", "nad-not-found")]
        shown(own.watching)
        assert own.told() == [("resolved", "nad-not-found")]


def test_a_list_that_is_out_of_date_proves_nothing_of_what_fails_later(bench: Bench) -> None:
    """The API server is down, and what it said last is that the pod runs, and that no other is there."""
    bench.read(failed(START, POD))
    bench.watching.listed("Pod", [_pod("Running"), _pod("Running", "press-2")], START)
    assert bench.told() == []
    bench.watching.lost("Pod", START + SECOND)
    bench.read(failed(START + MINUTE, POD), failed(START + MINUTE, "plant/new-3", "wan"))
    assert bench.told() == [("active", "nad-not-found"), ("active", "nad-not-found")]


def test_the_node_read_again_proves_nothing_of_what_fails_later(bench: Bench) -> None:
    bench.watching.reread("runtime", Part([_pod("Running"), _pod("Running", "press-2")]), START)
    bench.tell()
    bench.read(failed(START + MINUTE, POD), failed(START + MINUTE, "plant/new-3", "wan"))
    assert bench.told() == [("active", "nad-not-found"), ("active", "nad-not-found")]
    bench.watching.reread("runtime", Part([_pod("Running"), _pod("Running", "press-2")]), START + 2 * MINUTE)
    assert bench.told() == [("resolved", "nad-not-found")]


def test_a_collector_that_sees_less_than_before_takes_nothing_back(bench: Bench) -> None:
    bench.watching.reread("node", Part([_nad("{broken")]), START)
    assert bench.told() == [("active", "nad-config-invalid-json")]
    gap = Gap("node", "no answer", "try again")
    bench.watching.reread("node", Part([], gaps=[gap]), START + SECOND)
    assert [(c.kind, c.gap) for c in bench.tell()] == [("gap-opened", gap)]
    bench.watching.reread("node", Part([_nad("{broken")]), START + SECOND)
    assert [(c.kind, c.gap) for c in bench.tell()] == [("gap-closed", gap)]


def test_a_gap_is_told_when_it_opens_and_when_it_closes(bench: Bench) -> None:
    bench.tell()
    gap = Gap("https://127.0.0.1:6443", "connection refused", "systemctl status microshift")
    bench.watching.gap("api", gap.source, (gap,))
    assert [(c.kind, c.gap) for c in bench.tell()] == [("gap-opened", gap)]
    assert bench.tell() == []
    bench.watching.gap("api", gap.source, ())
    assert [(c.kind, c.gap) for c in bench.tell()] == [("gap-closed", gap)]


def test_a_journal_that_appears_closes_its_gap(bench: Bench) -> None:
    bench.watching.parts["journal"] = Part(gaps=[Gap("journal", "", "", "journal-none", values=(("folders", "/var/log/journal"),))])
    assert ("gap-opened", "journal-none") in [(c.kind, c.gap.kind) for c in bench.tell() if c.gap]
    bench.read(idle(START))
    assert ("gap-closed", "journal-none") in [(c.kind, c.gap.kind) for c in bench.tell() if c.gap]


def test_a_storm_is_told_little_by_little_the_worst_first(bench: Bench) -> None:
    bench.tell()
    bench.read(*(failed(START + n, f"plant/storm-{n}", f"net-{n}") for n in range(100)))
    told = [c for c in bench.tell(300) if c.gap is None]
    assert [c.kind for c in told] == ["active"] * 30 + ["storm"]
    assert told[-1].n == 70
    more = [c for _ in range(100) for c in bench.tell(3)]
    assert [c.kind for c in more if c.kind != "storm"] == ["active"] * 70
    assert len({c.finding.subject for c in (*told, *more) if c.finding}) == 100


def test_what_is_over_is_told_so_even_if_its_pods_changed_and_it_is_long_forgotten_otherwise(bench: Bench) -> None:
    """A NAD that is asked for by ever new pods, each of which gives up, while others storm by."""
    bench.tell()
    bench.read(failed(START, "plant/first-0"))
    bench.tell()
    pods = [f"plant/next-{n}" for n in range(150)]
    bench.read(*(failed(START + MINUTE + n, pod) for n, pod in enumerate(pods)), failed(START + MINUTE + 200, "plant/last-0"))
    bench.read(*(gone(START + 2 * MINUTE + n, pod) for n, pod in enumerate(["plant/first-0", *pods])))
    bench.watching.judge(START + 2 * MINUTE)
    bench.watching.forget()
    bench.read(gone(START + 3 * MINUTE, "plant/last-0"))
    for n in range(300):
        bench.read(failed(START + 8 * MINUTE + n, f"plant/storm-{n}", f"net-{n}"), gone(START + 9 * MINUTE + n, f"plant/storm-{n}"))
    bench.watching.judge(START + 10 * MINUTE)
    bench.watching.forget()
    assert ("resolved", "plant/lan") in [(c.kind, c.finding.subject) for c in bench.tell() if c.finding]


def test_what_is_over_comes_before_more_pods(bench: Bench) -> None:
    bench.tell()
    bench.read(*(failed(START + n, f"plant/a-{n}", f"net-{n}") for n in range(30)))
    bench.tell(300)
    bench.read(*(failed(START + SECOND + n, f"plant/b-{n}", f"net-{n}") for n in range(29)), ran(START + SECOND, "plant/a-29"))
    assert [c.kind for c in bench.tell(61) if c.finding] == ["resolved", *["changed"] * 19]


def test_what_a_storm_resolves_before_its_turn_is_not_told(bench: Bench) -> None:
    bench.tell()
    pods = [f"plant/storm-{n}" for n in range(100)]
    bench.read(*(failed(START + n, p, f"net-{n}") for n, p in enumerate(pods)))
    first = {c.finding.subject for c in bench.tell(300) if c.finding}
    bench.read(*(ran(START + SECOND + n, p) for n, p in enumerate(pods)))
    rest = [c for _ in range(100) for c in bench.tell(3) if c.finding]
    assert {c.kind for c in rest} == {"resolved"}
    assert {c.finding.subject for c in rest if c.finding} == first


def test_filters_hide_what_was_not_asked_for(make: Callable[..., Bench]) -> None:
    for select, shown in (
        (Selection(pods=frozenset({POD})), ["plant/lan"]), (Selection(namespaces=frozenset({"shop"})), ["shop/wan"]), (Selection(rules=frozenset({"dns"})), []),
    ):  # fmt: skip
        bench = make(select)
        bench.read(failed(START, POD), failed(START, "shop/till", "wan"))
        assert [c.finding.subject for c in bench.tell() if c.finding] == shown


def test_all_tells_of_what_is_over_when_it_is_first_seen(make: Callable[..., Bench]) -> None:
    bench = make(everything=True)
    bench.read(failed(START, POD), ran(START + SECOND, POD))
    assert bench.told() == [("resolved", "nad-not-found")]
    assert bench.told() == []


def test_what_is_set_aside_is_not_told_until_its_day_is_over(make: Callable[..., Bench], catalog: Catalog) -> None:
    bench = make(None, Ignores(frozenset(catalog.by_id), [Ignore("nad-not-found", until=date(2026, 11, 25))]))
    bench.read(failed(START, POD))
    assert bench.told() == []
    bench.at += 24 * 3600
    assert bench.told() == [("active", "nad-not-found")]


def test_an_event_listed_again_is_no_news(bench: Bench) -> None:
    text = 'cannot find a network-attachment-definition (lan) in namespace (plant): network-attachment-definitions.k8s.cni.cncf.io "lan" not found'
    event = Record(START, "event", text, Where("api"), text, pod=POD, reason="NoNetworkFound")
    bench.watching.feed(event)
    bench.tell()
    bench.read(ran(START + MINUTE, POD), idle(START + 30 * MINUTE))
    bench.tell()
    bench.watching.forget()
    bench.tell()
    bench.watching.feed(event)
    assert bench.tell() == []


def test_what_is_over_is_forgotten_and_what_goes_on_is_not(bench: Bench) -> None:
    """One pod fails quietly, each five minutes, while others storm by."""
    bench.tell()
    quiet = 0
    for minute in range(40):
        at = START + minute * MINUTE
        for n in range(20):
            pod = f"plant/storm-{minute}-{n}"
            bench.read(failed(at + n, pod, f"net-{minute}-{n}"), ran(at + SECOND + n, pod) if n % 2 else gone(at + SECOND + n, pod))
        if minute % 5 == 0:
            quiet += 1
            bench.read(failed(at + MINUTE // 2, "plant/quiet-0", "quiet-net"))
        bench.tell(60)
        bench.watching.forget()
    engine = bench.watching._engine
    assert len(engine.groups) <= 150
    assert len(engine.ok) + len(engine.ok_times) + len(engine.gone) < 500
    assert bench.watching.report is not None
    (left,) = [f for f in bench.watching.report.findings if f.state != "resolved"]
    assert (left.subject, left.count, left.first) == ("plant/quiet-net", quiet, START + MINUTE // 2)
    assert len(bench.watching._told) < 300


def test_too_many_failures_drop_what_is_over_before_what_goes_on(bench: Bench) -> None:
    bench.tell()
    for n in range(700):
        pod = f"plant/many-{n}"
        bench.read(failed(START + n, pod, f"net-{n}"), *([ran(START + SECOND + n, pod)] if n >= 300 else []))
    bench.tell()
    bench.watching.forget()
    bench.tell()
    assert bench.watching.report is not None
    states = [f.state for f in bench.watching.report.findings]
    assert (states.count("active"), len(states)) == (300, 400)


def test_the_verdict_is_the_one_of_a_diagnosis(bench: Bench, catalog: Catalog) -> None:
    now = datetime(2026, 11, 23, 20, 20, tzinfo=UTC)
    expected = diagnose([str(NODE)], catalog, now=now, reference=now, tz=UTC, select=Selection())
    read = Evidence(bench.scan, Options(now, UTC))
    part = Part(inputs=read.inputs, gaps=read.gaps)
    for item in read.read([str(NODE)]):
        if isinstance(item, Record):
            bench.watching.feed(item)
        else:
            part.resources.append(item)
    bench.watching.parts["saved"] = part
    for _ in range(2):
        report = bench.watching.judge(micros(now))
        assert report.findings == expected.findings


def test_hits_that_wait_for_their_pod_are_judged_and_go_on_waiting(bench: Bench) -> None:
    """CRI-O's lines name a sandbox, or nothing; the kubelet's, which name the pod, come a moment later."""
    bench.tell()
    cause = 'cannot find a network-attachment-definition (lan) in namespace (plant): network-attachment-definitions.k8s.cni.cncf.io "lan" not found'
    box = "b" * 64
    bench.read(entry(START, "crio", f"E1125 08:00:00.000000    2094 multus.go:1] {cause}"))
    bench.read(entry(START + 1, "crio", f'StopPodSandbox for "{box}" failed: rpc error: code = Unknown desc = {cause}'))
    engine = bench.watching._engine
    waiting = [len(x) for some in (engine._orphans, engine._nameless) for x in some.values()]
    assert waiting == [1, 1]
    assert "active" in [k for k, _ in bench.told()]
    assert [len(x) for some in (engine._orphans, engine._nameless) for x in some.values()] == waiting
    bench.read(failed(START + SECOND // 2, POD))
    bench.tell()
    assert bench.watching.report is not None
    (finding,) = bench.watching.report.findings
    assert [a.name for a in finding.affected if a.kind == "Pod"] == ["mixer-1"]
