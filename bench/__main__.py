"""Measures and writes the results: `python -m bench [quick|default|full]`, or `make bench`.

    --data FOLDER   where the inputs lie and are re-used (build/bench)
    --only TEXT     only the cases whose name holds TEXT; may be given more than once
    --out FILE      where the table goes (bench/results.md; of `quick` and `--only`, into the folder of the data)

Exit code 1 where a report was wrong.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from bench import data, results
from bench.cases import Case, cases
from bench.data import Journal
from bench.growth import journals, write_rules
from bench.peers import BENCH


def main() -> int:
    """Measure, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", nargs="?", default="default", choices=["quick", "default", "full"])
    parser.add_argument("--data", type=Path, default=BENCH.parent / "build" / "bench")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    folder: Path = options.data.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    chosen = [c for c in cases(options.mode) if not options.only or any(x in c.what for x in options.only)]
    grown = [] if options.only and "growth" not in options.only else journals(options.mode)
    rounds = 0 if options.only and "start-up" not in options.only else 5 if options.mode == "quick" else 15
    prepare(chosen, grown, folder)
    out = options.out or (folder / "results.md" if options.only or options.mode == "quick" else BENCH / "results.md")
    found = results.measured(chosen, grown, options.mode, folder, start_up=rounds, out=out)
    print(out.read_text(encoding="utf-8"))
    print(f"written to {os.path.relpath(out)}", file=sys.stderr)
    return 1 if found.faults else 0


def prepare(chosen: list[Case], grown: list[Journal], folder: Path) -> None:
    """Make what is not there: journals, their forms, and the files of patterns; two at a time."""
    formats: dict[Journal, set[str]] = {}
    forms: set[tuple[Journal, str]] = set()
    for journal, form in [(c.journal, c.form) for c in chosen] + [(c.slow, c.form) for c in chosen if c.slow] + [(j, "short") for j in grown]:
        formats.setdefault(journal, set()).add(data.source(form))
        forms.add((journal, form))
    with ProcessPoolExecutor(2) as pool:
        wait = [pool.submit(data.generate, j, sorted(x), folder) for j, x in sorted(formats.items(), key=lambda x: -x[0].mib)]
        for done in wait:
            done.result()
        results.say("the journals are there")
        for done in [pool.submit(data.derive, j, form, folder) for j, form in sorted(forms, key=lambda x: -x[0].mib)]:
            done.result()
    results.say("their forms are there")
    # In a process of its own: what measures must stay small.
    subprocess.run([sys.executable, "-m", "bench.patterns", str(folder)], check=True, stdout=subprocess.DEVNULL)
    if grown:
        write_rules(folder / "rules")
    (folder / "empty").write_bytes(b"")


if __name__ == "__main__":
    sys.exit(main())
