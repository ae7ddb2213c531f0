"""What the tests of the collectors share: one way to diagnose, and the journal of the node in every form that journalctl prints."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, tzinfo
from pathlib import Path

import pytest

from diagnose import catalog
from diagnose.collect.evidence import Evidence, Options
from diagnose.collect.files import zstd_module
from diagnose.diagnosis import Selection, diagnose
from diagnose.literals import plan
from diagnose.model import Record, Report
from diagnose.scan import Scanner

NODE = Path(__file__).parents[2] / "fixtures" / "node"
NOW = datetime(2026, 11, 23, 20, 20, tzinfo=UTC)
REMOTE = ("/lib/systemd/systemd-journal-remote", "/usr/lib/systemd/systemd-journal-remote")

Diagnose = Callable[..., Report]


@pytest.fixture(scope="session")
def report() -> Diagnose:
    """Diagnose files as of 23 Nov 2026, 20:20 UTC; `reference` is what `--now` gives."""

    def run(*paths: Path | str, reference: datetime | None = None, tz: tzinfo = UTC) -> Report:
        return diagnose([str(p) for p in paths], catalog.load(), now=NOW, reference=reference, tz=tz, select=Selection())

    return run


@pytest.fixture(scope="session")
def evidence() -> Callable[..., tuple[list[Record], Evidence]]:
    """Read files; return the records, and what the reader noted."""

    def run(*paths: Path | str, reference: datetime | None = None, tz: tzinfo = UTC, now: bool = True) -> tuple[list[Record], Evidence]:
        read = Evidence(Scanner(plan(catalog.load())), Options(reference or (NOW if now else None), tz))
        return [x for x in read.read([str(p) for p in paths]) if isinstance(x, Record)], read

    return run


@pytest.fixture(scope="session")
def export() -> bytes:
    """Return the node's journal in export format."""
    raw = (NODE / "journal.export.zst").read_bytes()
    return zstd_module().decompress(raw)


@pytest.fixture(scope="session")
def entries(export: bytes) -> list[bytes]:
    """Return the entries of the node's journal, each with the empty line that ends it."""
    return [b"__CURSOR=" + x.rstrip(b"\n") + b"\n\n" for x in export.split(b"__CURSOR=")[1:]]


@pytest.fixture(scope="session")
def build_journal() -> Callable[[bytes, Path], Path]:
    """Make a native journal file of export data, by systemd's own program."""

    def build(data: bytes, path: Path) -> Path:
        program = next((p for p in REMOTE if os.access(p, os.X_OK)), None)
        if program is None:
            pytest.fail(f"neither {REMOTE[0]} nor {REMOTE[1]} is here: install the package systemd-journal-remote")
        subprocess.run([program, f"--output={path}", "-"], input=data, check=True, capture_output=True, timeout=60)
        return path

    return build


@pytest.fixture(scope="session")
def native(export: bytes, build_journal: Callable[[bytes, Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a native journal file of the node's journal."""
    return build_journal(export, tmp_path_factory.mktemp("native") / "node.journal")


@pytest.fixture(scope="session")
def printed(native: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Path]]:
    """Print the native journal with journalctl; each set of options once."""
    folder = tmp_path_factory.mktemp("printed")
    program = shutil.which("journalctl")
    if program is None:
        pytest.fail("journalctl is not here: install the package systemd")

    def run(output: str, *options: str) -> Path:
        path = folder / "_".join([output, *(o.strip("-") for o in options)])
        if not path.exists():
            command = [program, "--file", str(native), "--output", output, "--all", "--quiet", "--no-pager", *options]
            # The mtime plays no part here: every form that leaves the year out has a full date near by.
            done = subprocess.run(command, check=True, capture_output=True, timeout=60, env={"PATH": os.environ["PATH"], "TZ": "UTC", "LC_ALL": "C.UTF-8"})
            path.write_bytes(done.stdout)
        return path

    yield run
    shutil.rmtree(folder)
