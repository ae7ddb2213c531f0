"""Runs the cases, checks what msnet reports in them, and makes the page of results."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from bench import data, growth, machine, peers, truth
from bench.cases import Case
from bench.data import Journal
from bench.measure import Run, Stages, measure, output, peak, seconds
from bench.peers import Patterns
from bench.table import Line, compared, render

MSNET = str(Path(sys.executable).parent / "msnet")
_MINUTE = 60_000_000


@dataclass
class Results:
    """What was found."""

    lines: list[Line] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    told: dict[str, list[str]] = field(default_factory=dict)
    """The findings of each journal, in the form that was read first."""


def say(text: str) -> None:
    """Tell how far it is."""
    print(f"{datetime.now(UTC):%H:%M:%S} {text}", file=sys.stderr, flush=True)


def diagnose(file: Path, now: int, *more: str) -> Stages:
    """Return the command that diagnoses a file as of `now` (microseconds)."""
    moment = datetime.fromtimestamp(now // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return [[MSNET, "diagnose", "--format", "json", "--exit-zero", "--tz", "UTC", "--now", moment, *more, str(file)]]


def measured(chosen: list[Case], grown: list[Journal], mode: str, folder: Path, *, start_up: int, out: Path) -> Results:
    """Run everything, start-up in as many rounds as `start_up` says; the page in `out` is written anew after each part."""
    found = Results()
    parts: list[Callable[[], None]] = [partial(_case, found, case, folder) for case in chosen]
    if start_up:
        parts.insert(0, partial(_start_up, found, folder, start_up))
    if grown:
        parts.append(partial(_growth, found, grown, mode, folder))
    for part in parts:
        part()
        out.write_text(page(found, mode), encoding="utf-8")
    return found


def _case(found: Results, case: Case, folder: Path) -> None:
    say(case.what)
    file = data.path(case.journal, case.form, folder)
    if not file.exists():
        found.lines.append(Line(case.what, figure="not measured: the program that makes this input is not installed"))
        return
    now = data.truth_of(case.journal, folder)["last_us"] + _MINUTE
    own = {"msnet": diagnose(file, now)}
    if case.jobs and "--jobs" in _help():
        own["msnet --jobs 2"] = diagnose(file, now, "--jobs", "2")
    every = case.peers(Patterns.of(folder), folder)
    here = [p for p in every if not peers.missing(p.stages)]
    with tempfile.TemporaryDirectory() as beside:
        runs, unsteady = measure(
            {**own, **{p.title: p.stages for p in here}},
            case.rounds,
            beside,
            once=frozenset(p.title for p in here if p.once),
            silent=frozenset(p.title for p in here if p.silent),
        )
        wrong = [
            x for number, name in enumerate(own) for x in _wrong(found, f"{case.what}: {name}", case.journal, case.form, beside, number, runs[name], folder)
        ]
    wrong += [f"{case.what}: {name}: two runs printed different reports" for name in unsteady if name in own]
    found.faults += wrong
    for name in own:
        what = case.what if name == "msnet" else f"{case.what}, {name.removeprefix('msnet ')}"
        for peer in every:
            if peer not in here:
                found.lines.append(Line(what, _shown(runs[name]), f"{peak(runs[name]):.0f}", peer.title, figure="not installed", right=not wrong))
            elif max(runs[peer.title][-1].codes) > 1:
                found.lines.append(Line(what, _shown(runs[name]), f"{peak(runs[name]):.0f}", peer.title, figure="failed", right=not wrong))
            else:
                line = compared(what, runs[name], peer.title, runs[peer.title], factor=peer.factor, target=case.target(peer.title), right=not wrong)
                found.lines.append(line)


def _wrong(found: Results, what: str, journal: Journal, form: str, beside: str, number: int, runs: list[Run], folder: Path) -> list[str]:
    """Return what is wrong with the report that a command left."""
    if any(run.codes != [0] for run in runs):
        complaint = Path(output(beside, number, "err")).read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return [f"{what}: exit code {runs[-1].codes[0]}: {complaint[-1] if complaint else ''}"]
    report: dict[str, Any] = json.loads(Path(output(beside, number)).read_bytes())
    wrong = truth.faults(report, data.truth_of(journal, folder), data.source(form))
    mine = truth.findings(report)
    if found.told.setdefault(journal.name, mine) != mine:
        wrong.append("its findings are not those of the form that was read first")
    return [f"{what}: {x}" for x in wrong]


def _start_up(found: Results, folder: Path, rounds: int) -> None:
    say("start-up")
    bare = "python -c pass"
    own = {
        "start-up: --version": ([[MSNET, "--version"]], 2.5),
        "start-up: --help": ([[MSNET, "--help"]], 2.5),
        "start-up: diagnose of an empty file": ([[MSNET, "diagnose", "--format", "json", "--exit-zero", "--now", "2026-01-01", str(folder / "empty")]], 4.0),
    }
    commands: dict[str, Stages] = {bare: [[sys.executable, "-c", "pass"]], **{what: stages for what, (stages, _) in own.items()}}
    with tempfile.TemporaryDirectory() as beside:
        runs = measure(commands, rounds, beside).runs
    for what, (_, target) in own.items():
        found.lines.append(compared(what, runs[what], bare, runs[bare], target=target))


def _growth(found: Results, grown: list[Journal], mode: str, folder: Path) -> None:
    say("growth")
    files = {j.name: (data.path(j, "short", folder), data.truth_of(j, folder)["last_us"] + _MINUTE) for j in grown}
    now = files["s64"][1]
    commands = {name: diagnose(*at) for name, at in files.items()}
    more = ("--rules", str(folder / "rules"))
    commands |= {
        "empty": diagnose(folder / "empty", now),
        "rules": diagnose(files["s64"][0], now, *more),
        "rules-empty": diagnose(folder / "empty", now, *more),
    }
    right: dict[str, bool] = {}
    with tempfile.TemporaryDirectory() as beside:
        runs = measure(commands, 3, beside).runs
        for number, journal in enumerate(grown):
            wrong = _wrong(found, f"growth: {journal.name}", journal, "short", beside, number, runs[journal.name], folder)
            found.faults += wrong
            right[journal.name] = not wrong
    found.lines += growth.lines(runs, mode, right)


def _shown(runs: list[Run]) -> str:
    return f"{seconds(runs):.2f}"


@cache
def _help() -> str:
    return subprocess.run([MSNET, "diagnose", "--help"], capture_output=True, text=True, check=False).stdout


def page(found: Results, mode: str) -> str:
    """Return the results in Markdown."""
    targets = [line.met for line in found.lines if line.met is not None]
    wrong = "".join(f"- {x}\n" for x in found.faults)
    return f"""# Measured

{datetime.now(UTC):%Y-%m-%d}, `make bench` ({mode}), {machine.describe()}. {"; ".join(peers.versions())}.

Targets met: {sum(targets)} of {len(targets)}. Findings: {"all right" if not found.faults else "**WRONG**"}.

{render(found.lines)}
{"What is wrong:" if wrong else ""}

{wrong}
## How

Whole processes, start-up included, page cache warm, `LC_ALL=C`. The commands of one input run in turn (A B C A B C ...), after one round
to warm up; a ratio is the median of the ratios of the rounds, with the least and the most. MiB is the peak of a command's largest process;
below some 12 it cannot be told. What is said to be scaled ran once, on a part of the input.

The peers look for what msnet looks for: every message of its rules that is unmistakable wherever it stands, as a regular expression
(`bench/patterns.py`). They count lines, the least that they can do; msnet names causes. `rg -aF literals | rg -ac rules` is the fastest way
we know to ripgrep's own count with all rules; `rg -acF literals` only looks for one text of each message, and is not the same work.
`grep -E` with all rules is run on the smallest input alone: it takes half a minute for 64 MiB. The target beside a peer is the one set for
it or for its like; what has none shows none.

## What was checked

{truth.CHECKED}"""
