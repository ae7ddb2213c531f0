"""All collectors side by side under one deadline: what one does never hides what another found."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

from diagnose.collect.device import Deadline, Device
from diagnose.collect.evidence import Evidence, Options
from diagnose.collect.live import Collect, Live
from diagnose.model import Collected, Gap, InputSeen, Record, Resource, Where


def pod(name: str) -> Resource:
    return Resource("Pod", "cell", name, {}, Where("api"))


def good(_: Device, __: Deadline, out: Evidence) -> Iterator[Resource]:
    out.inputs.append(InputSeen("pods", "objects", lines=2))
    yield pod("a")
    yield pod("b")


def breaking(_: Device, __: Deadline, ___: Evidence) -> Iterator[Resource]:
    yield pod("before")
    raise RuntimeError("the disk is gone")


def hanging(_: Device, deadline: Deadline, __: Evidence) -> Iterator[Resource]:
    yield from (pod(f"early-{n}") for n in range(300))
    time.sleep(20)


def obedient(_: Device, deadline: Deadline, out: Evidence) -> Iterator[Resource]:
    while not deadline.over:
        time.sleep(0.01)
    out.gaps.append(Gap("journal", "", "", "journal-cut", values=(("since", "-"),)))
    yield pod("last")


def refused(_: Device, __: Deadline, out: Evidence) -> Iterator[Resource]:
    out.gaps.append(Gap("api", "no answer"))
    yield from ()


def starting(_: Device, deadline: Deadline, __: Evidence) -> Iterator[Resource]:
    run = deadline.run(["sleep", "30"], limit=25)
    yield pod(run.error)


def run(timeout: float = 5, **collectors: Collect) -> tuple[list[Record | Resource], Live, float]:
    live = Live([], Options(None, UTC), Device(root=Path("/nonexistent"), timeout=timeout), collectors=collectors)
    began = time.monotonic()
    found = list(live.read())
    return found, live, time.monotonic() - began


def names(found: list[Record | Resource]) -> list[str]:
    return [x.name for x in found if isinstance(x, Resource)]


def states(live: Live) -> list[tuple[str, str, int]]:
    return [(c.name, c.state, c.found) for c in live.collected.values()]


def test_what_is_found_comes_in_the_order_of_the_collectors_and_not_of_their_ends() -> None:
    def slow(device: Device, deadline: Deadline, out: Evidence) -> Iterator[Resource]:
        time.sleep(0.3)
        yield pod("slow")

    found, live, _ = run(api=slow, node=good)
    assert names(found) == ["slow", "a", "b"]
    assert states(live) == [("api", "ok", 1), ("node", "ok", 2)]
    assert [i.source for i in live.inputs] == ["pods"]


def test_one_that_breaks_is_a_gap_and_its_findings_and_the_others_stay() -> None:
    found, live, _ = run(node=breaking, api=good)
    assert names(found) == ["before", "a", "b"]
    assert states(live) == [("node", "partial", 1), ("api", "ok", 2)]
    (gap,) = live.gaps
    assert (gap.source, gap.kind, gap.hides) == ("node", "unreadable", True)
    assert "the disk is gone" in gap.reason


def test_one_that_hangs_ends_with_the_deadline_and_what_it_found_is_used() -> None:
    found, live, seconds = run(0.5, runtime=hanging, api=good)
    assert 0.5 < seconds < 3
    assert len(names(found)) > 250
    assert states(live)[0][:2] == ("runtime", "late")
    assert [(g.source, g.kind, dict(g.values), g.hint) for g in live.gaps] == [("runtime", "late", {"seconds": "0.5"}, "sudo msnet diagnose --timeout 2")]


def test_one_that_heeds_the_deadline_tells_itself_how_far_it_came() -> None:
    found, live, seconds = run(0.4, journal=obedient, api=good)
    assert seconds < 2
    assert names(found) == ["last", "a", "b"]
    assert [g.kind for g in live.gaps] == ["journal-cut"]
    assert states(live)[0] == ("journal", "partial", 1)


def test_one_that_found_nothing_and_tells_why_has_failed() -> None:
    _, live, _ = run(api=refused)
    assert states(live) == [("api", "failed", 0)]


def test_programs_end_with_the_deadline() -> None:
    found, _, seconds = run(0.5, node=starting)
    assert seconds < 3
    assert names(found) == ["no answer within 0.5 s"]


def test_progress_is_told_as_they_end() -> None:
    told: list[tuple[str, ...]] = []

    def progress(collected: dict[str, Collected], seconds: float) -> None:
        assert seconds >= 0
        told.append(tuple(collected))

    live = Live([], Options(None, UTC), Device(root=Path("/nonexistent"), timeout=5), progress, {"api": good, "node": good})
    list(live.read())
    assert set(told[-1]) == {"api", "node"}
    assert len(told[0]) < 2 or len(told) > 1


def test_a_program_that_is_missing_fails_or_prints_errors_is_told_apart() -> None:
    deadline = Deadline.after(5)
    assert deadline.run(["msnet-no-such-program"]) == (b"", "msnet-no-such-program is not installed", None)
    assert deadline.run(["sh", "-c", "echo out; echo why >&2; exit 3"]) == (b"out\n", "why", 3)
    assert deadline.run(["sh", "-c", "echo out; echo note >&2"]) == (b"out\n", "", 0)
    assert deadline.run(["sh", "-c", "exit 4"]).error == "exit code 4"
    deadline.stop()
    assert deadline.run(["true"]).error == "no time left"


def test_programs_see_no_proxy_and_speak_english(monkeypatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8")
    text = Deadline.after(5).run(["env"]).text.decode()
    assert "proxy:3128" not in text
    assert "LC_ALL=C.UTF-8" in text
