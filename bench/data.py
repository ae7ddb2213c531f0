"""Makes the journals that are measured, in every form, and re-uses what is there.

Of journal s64 these lie in the folder: `s64.short`, `s64.export`, `s64.json` and `s64.truth.json`, the generator's output; `s64.journal/`,
native journal files, written by systemd-journal-remote; `s64.short.gz`, `.zst`, `.xz`, compressed as by hand (gzip -6, zstd -3, xz -3);
`s64.sos.tar.xz`, a sos report that holds the short form.
"""

from __future__ import annotations

import gzip
import json
import lzma
import os
import shutil
import subprocess
import tempfile
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench import make_sos
from bench.make_journal import WRITERS, Options, Truth, entries
from bench.truth import Attempts

GENERATED = tuple(WRITERS)
_REMOTE = ("/lib/systemd/systemd-journal-remote", "/usr/lib/systemd/systemd-journal-remote")


@dataclass(frozen=True)
class Journal:
    """One journal: its entries are decided by seed, rate and size."""

    name: str
    mib: float
    """Size of its short form."""
    seed: int
    rate: float
    """Share of its entries that carry a failure."""


def generate(journal: Journal, formats: list[str], folder: Path) -> None:
    """Write a journal in formats of the generator and its truth file, unless they are there for the same options."""
    wanted = {**asdict(journal), "formats": sorted({"short", *formats})}
    stamp = folder / f"{journal.name}.truth.json"
    if stamp.exists():
        made = json.loads(stamp.read_text())["made"]
        if {**made, "formats": 0} == {**wanted, "formats": 0} and set(made["formats"]) >= set(wanted["formats"]):
            return
        stamp.unlink()
    for old in folder.glob(f"{journal.name}.*"):
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    truth, attempts = Truth(), Attempts(wanted["formats"])
    size = 0
    with ExitStack() as stack:
        files = {form: stack.enter_context((folder / f"{journal.name}.{form}").open("wb", buffering=1 << 20)) for form in wanted["formats"]}
        for entry in entries(Options(seed=journal.seed, failure_rate=journal.rate)):
            for form, file in files.items():
                written = file.write(WRITERS[form](entry))
                size += written if form == "short" else 0
            truth.add(entry, wanted["formats"])
            attempts.add(entry)
            if size >= journal.mib * 1024 * 1024:
                break
    told = {
        "made": wanted,
        "entries": truth.entries,
        "last_us": truth.last_us,
        "failure_entries": sum(truth.classes.values()),
        "attempts": {form: attempts.counts(form) for form in wanted["formats"]},
        "classes": {slug: {"entries": n, "pods": dict(truth.pods.get(slug, {}))} for slug, n in sorted(truth.classes.items())},
    }
    stamp.write_text(json.dumps(told, indent=1) + "\n")


def truth_of(journal: Journal, folder: Path) -> dict[str, Any]:
    """Return what the generator wrote of a journal."""
    return json.loads((folder / f"{journal.name}.truth.json").read_text())


def path(journal: Journal, form: str, folder: Path) -> Path:
    """Return where a journal lies in some form: `short`, `export`, `json`, `journal`, `short.gz`, `short.zst`, `short.xz`, `sos.tar.xz`."""
    return folder / f"{journal.name}.{form}"


def source(form: str) -> str:
    """Return the format of the generator that a form is made from."""
    return form if form in GENERATED else "export" if form == "journal" else "short"


def derive(journal: Journal, form: str, folder: Path) -> bool:
    """Make a form from the generator's, unless it is there. Return False where the program that it needs is not installed."""
    target = path(journal, form, folder)
    if form in GENERATED or target.exists():
        return True
    made = path(journal, source(form), folder)
    if form == "journal":
        return _native(made, target)
    with tempfile.TemporaryDirectory(dir=folder) as beside:
        part = Path(beside) / target.name
        if form == "sos.tar.xz":
            make_sos.pack(part, make_sos.members(None, made, []), preset=3)
        elif not _compress(made, part):
            return False
        part.replace(target)
    return True


def _native(export: Path, target: Path) -> bool:
    remote = next((x for x in _REMOTE if os.access(x, os.X_OK)), None)
    if remote is None:
        return False
    with tempfile.TemporaryDirectory(dir=target.parent) as beside:
        part = Path(beside) / "journal"
        part.mkdir()
        subprocess.run([remote, f"--output={part}/node.journal", str(export)], check=True, capture_output=True)
        part.replace(target)
    return True


def _compress(made: Path, part: Path) -> bool:
    """Write `made` compressed, by Python's own modules where the program is not there."""
    program = {".gz": ["gzip", "-6"], ".zst": ["zstd", "-3", "-q"], ".xz": ["xz", "-3", "-T1"]}[part.suffix]
    if shutil.which(program[0]) is not None:
        with part.open("wb") as file:
            subprocess.run([*program, "-c", str(made)], check=True, stdout=file)
        return True
    if part.suffix == ".zst":
        return False
    with made.open("rb") as file, gzip.open(part, "wb", 6) if part.suffix == ".gz" else lzma.open(part, "wb", preset=3) as packed:
        shutil.copyfileobj(file, packed, 1 << 20)
    return True
