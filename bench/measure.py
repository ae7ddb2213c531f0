"""Runs commands in turn and tells what each run took: seconds, processor seconds, and the peak memory of its largest process.

The runs are started by a process of its own that stays small (`python bench/measure.py`, a job in JSON on standard input): on
Linux a process inherits its parent's peak memory until it has a larger one itself. What is smaller than that process, some
12 MiB, cannot be told apart.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from typing import NamedTuple

Stages = list[list[str]]
"""A pipe of commands; the output of the last goes to a file."""


class Run(NamedTuple):
    """One run of one command."""

    seconds: float
    processor: float
    peak: float
    """MiB of its largest process."""
    codes: list[int]


class Measured(NamedTuple):
    """What commands took, and which of them did not always print the same."""

    runs: dict[str, list[Run]]
    unsteady: list[str]


class Ratio(NamedTuple):
    """How one command compares to another, over the rounds that both ran in."""

    median: float
    least: float
    most: float


def measure(commands: dict[str, Stages], rounds: int, folder: str, *, once: frozenset[str] = frozenset(), silent: frozenset[str] = frozenset()) -> Measured:
    """Run the commands in turn (A B C A B C ...), a round to warm up and then `rounds`; those named in `once` in one round only.

    What `silent` ones print is dropped. The output of a command's last run is left in `folder`, under its number (see `output`).
    Raises `RuntimeError` where a command cannot be started.
    """
    job = {"commands": commands, "rounds": rounds, "folder": folder, "once": sorted(once), "silent": sorted(silent)}
    done = subprocess.run([sys.executable, "-I", __file__], input=json.dumps(job), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    runs, unsteady = json.loads(done.stdout)
    return Measured({name: [Run(*x) for x in found] for name, found in runs.items()}, unsteady)


def output(folder: str, number: int, what: str = "out") -> str:
    """Return the file that holds what command `number` printed (`out`), or its complaints (`err`)."""
    return os.path.join(folder, f"{number}.{what}")


def seconds(runs: list[Run]) -> float:
    """Return the median of the runs."""
    return statistics.median(r.seconds for r in runs)


def peak(runs: list[Run]) -> float:
    """Return the largest peak of the runs, in MiB."""
    return max(r.peak for r in runs)


def ratio(ours: list[Run], theirs: list[Run], factor: float = 1) -> Ratio:
    """Compare round by round; theirs is multiplied by `factor` where it ran on a part of the data. A single run stands for all rounds."""
    if len(theirs) == 1:
        theirs = theirs * len(ours)
    found = [a.seconds / (b.seconds * factor) for a, b in zip(ours, theirs, strict=True)]
    return Ratio(statistics.median(found), min(found), max(found))


def _run(stages: Stages, out: str, err: str) -> Run:
    with open(out, "wb") as sink, open(err, "wb") as complaints:
        began = time.perf_counter()
        processes: list[subprocess.Popen[bytes]] = []
        for number, argv in enumerate(stages):
            last = number == len(stages) - 1
            source = processes[-1].stdout if processes else subprocess.DEVNULL
            processes.append(subprocess.Popen(argv, stdin=source, stdout=sink if last else subprocess.PIPE, stderr=complaints))
            if processes[:-1]:
                processes[-2].stdout.close()  # pyright: ignore[reportOptionalMemberAccess]
        usages = [os.wait4(p.pid, 0) for p in processes]
        took = time.perf_counter() - began
    for process, (_, status, _usage) in zip(processes, usages, strict=True):
        process.returncode = os.waitstatus_to_exitcode(status)
    return Run(
        took,
        sum(u.ru_utime + u.ru_stime for *_, u in usages),
        max(u.ru_maxrss for *_, u in usages) / 1024,
        [os.waitstatus_to_exitcode(status) for _, status, _usage in usages],
    )


def _all(commands: dict[str, Stages], rounds: int, folder: str, once: list[str], silent: list[str]) -> tuple[dict[str, list[Run]], list[str]]:
    found: dict[str, list[Run]] = {name: [] for name in commands}
    printed: dict[str, bytes] = {}
    unsteady: set[str] = set()
    for turn in range(rounds + 1):
        for number, (name, stages) in enumerate(commands.items()):
            if name in once and turn != 1:
                continue
            out = os.devnull if name in silent else output(folder, number)
            run = _run(stages, out, output(folder, number, "err"))
            if turn:
                found[name].append(run)
            with open(out, "rb") as file:
                text = file.read()
            if printed.setdefault(name, text) != text:
                unsteady.add(name)
    return found, sorted(unsteady)


if __name__ == "__main__":
    os.environ["LC_ALL"], os.environ["TZ"] = "C", "UTC"
    json.dump(_all(**json.load(sys.stdin)), sys.stdout)
