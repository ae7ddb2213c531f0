"""What only tells that a pod works waits unread; what is told of the node is the same as if it were read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest

from bench.make_journal import Options, entries, write_export, write_json, write_short
from diagnose import catalog
from diagnose.collect.signs import NEWEST, RUN, Sign, Signs, Unread
from diagnose.diagnosis import Selection, investigate
from diagnose.model import Record, Report, Where
from diagnose.render import json_v1

NOW = datetime(2025, 6, 1, tzinfo=UTC)


def _text(paths: list[Path], *, eager: bool) -> str:
    """Return the report as JSON; `eager`: with nothing that waits."""
    rules = catalog.load()
    report: Report = investigate(
        [str(p) for p in paths], rules, now=NOW, reference=None, tz=None, select=Selection(), meet=(lambda _: None) if eager else None
    )[0]
    return json_v1.render(report, rules, "en")


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.2])
@pytest.mark.parametrize("write", [write_short, write_export, write_json])
def test_the_report_is_the_same(write: Callable[..., bytes], rate: float, tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"".join(write(e) for e in islice(entries(Options(seed=3, failure_rate=rate)), 6000)))
    assert _text([path], eager=False) == _text([path], eager=True)


def test_the_report_on_a_journal_file_is_the_same(build_journal: Callable[[bytes, Path], Path], tmp_path: Path) -> None:
    data = b"".join(write_export(e) for e in islice(entries(Options(seed=4, failure_rate=0.02)), 6000))
    path = build_journal(data, tmp_path / "x.journal")
    assert _text([path], eager=False) == _text([path], eager=True)


def test_a_success_in_another_input_ends_a_failure(tmp_path: Path) -> None:
    failed = (
        'Apr 24 00:00:01 n microshift[1]: kubelet E0424 00:00:01.000000 1 remote_runtime.go:237] "RunPodSandbox from runtime service failed" '
        'err="rpc error: code = Unknown desc = failed to create pod network sandbox k8s_p_ns_u_0(1f36ddf8): error adding pod ns_p to CNI network \\"multus-cni-network\\": '
        'plugin type=\\"multus\\" name=\\"multus-cni-network\\" failed (add): Multus: [ns/p/u]: error loading k8s delegates k8s args: x" pod="ns/p"\n'
    )
    fine = "".join(
        f'Apr 24 00:{m:02d}:00 n crio[2]: time="2026-04-24T00:{m:02d}:00Z" level=info msg="Ran pod sandbox {m:064x} with infra container: {pod}/POD" id=1\n'
        for m in range(2, 59) for pod in ("ns/p", *(f"other/q{n}" for n in range(5)))
    )  # fmt: skip
    for first, second in ((failed, fine), (fine, failed)):
        (tmp_path / "1").write_text(first)
        (tmp_path / "2").write_text(second)
        told = _text([tmp_path / "1", tmp_path / "2"], eager=False)
        assert '"state": "resolved"' in told
        assert told == _text([tmp_path / "1", tmp_path / "2"], eager=True)


class _Judge:
    def __init__(self) -> None:
        self.failing: Counter[str] = Counter()
        self.held = False
        self.boxes: set[str] = set()

    @property
    def seeking(self) -> bool:
        return bool(self.boxes)

    def in_turn(self, source: str) -> bool:
        return source == "in turn"

    def seeks(self, sandbox: str) -> bool:
        return sandbox in self.boxes


def _sign(pod: str, number: int, read: list[str]) -> Sign:
    def record() -> Record:
        read.append(f"{pod} {number}")
        return Record(number, "crio", "", Where("x"), "")

    return Sign(Unread(f"Ran pod sandbox b{number} with infra container: ns/{pod}/POD".encode(), None), lambda _: record())


def test_what_nobody_asks_for_is_never_read() -> None:
    read: list[str] = []
    signs = Signs(_Judge())
    for n in range(500):
        assert signs.keep(_sign(f"p{n % 5}", n, read)) == []
    assert len(list(signs.ended())) == NEWEST + 1
    assert read == ["p0 0", *(f"p{n % 5} {n}" for n in range(500 - NEWEST, 500))]
    assert list(signs.rest()) == []


def test_a_sign_is_read_once() -> None:
    read: list[str] = []
    sign = _sign("p", 7, read)
    assert [r.time for r in (*sign.records(), *sign.records())] == [7]
    assert read == ["p 7"]


def test_while_a_line_told_whose_turn_it_is_signs_are_read_at_once() -> None:
    def judged(source: str) -> list[int | None]:
        found = [Unread(b"Ran pod sandbox 1 with infra container: ns/p/POD", 5), Record(6, "crio", "", Where("x"), ""), None]
        return [r.time for r in Signs(_Judge()).judged(iter(found), lambda _: Record(5, "crio", "", Where("x"), ""), source)]

    assert judged("in turn") == [5, 6]
    assert judged("x") == [6, 5]


def test_of_a_pod_that_failed_the_newest_of_each_run_are_read_once() -> None:
    read: list[str] = []
    judge = _Judge()
    signs = Signs(judge)
    for n in range(40):
        if n == 20:
            judge.failing["p"] += 1
        signs.keep(_sign("p", n, read))
    for n in range(100):
        signs.keep(_sign("q", n, []))
    list(signs.ended())
    read.clear()  # the first one
    assert [r.time for r in signs.rest()] == [*range(20 - RUN, 20), *range(40 - RUN, 40)]
    assert list(signs.rest()) == []


def test_where_objects_name_pods_the_newest_of_each_is_read() -> None:
    judge = _Judge()
    judge.held = True
    signs = Signs(judge)
    for n in range(30):
        signs.keep(_sign(f"p{n % 3}", n, []))
    assert [r.time for r in signs.rest()] == [27, 28, 29]


def test_a_sandbox_that_a_failure_waits_for_is_read() -> None:
    judge = _Judge()
    judge.boxes.add("b3")
    signs = Signs(judge)
    found = [r.time for n in range(200) for s in signs.keep(_sign("p", n, [])) for r in s.records()]
    assert found == [3]
    assert list(signs.rest()) == []


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diagnose.collect.signs.BYTES", 10_000)
    judge = _Judge()
    judge.failing["p0"] += 1
    signs = Signs(judge)
    found = [r.time for n in range(2000) for s in signs.keep(_sign(f"p{n}", n, [])) for r in s.records()]
    assert found == [0]  # the pod that failed was read when its room was needed
    assert signs._bytes <= 10_000
    assert len(signs._pods) < 300
