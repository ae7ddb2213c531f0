"""Fixed surroundings for every test: clock, locale, colours and width come from the test, never from the machine."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from diagnose import catalog as catalogs
from diagnose import compiled
from diagnose.catalog import Catalog
from diagnose.diagnosis import Selection, diagnose
from diagnose.model import Report

ROOT = Path(__file__).resolve().parent.parent
NODE = ROOT / "fixtures" / "node"
NOW = datetime(2026, 11, 23, 20, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "NO_COLOR", "COLUMNS", "MSNET_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "UTC")


@pytest.fixture(scope="session", autouse=True)
def _reachable(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let other users reach the tests' folders, which pytest makes for its user alone: some tests become nobody."""
    base, top = tmp_path_factory.getbasetemp(), Path(tempfile.gettempdir())
    for folder in (base, *base.parents):
        if folder != top and folder.is_relative_to(top):
            folder.chmod(0o755)


@pytest.fixture(scope="session", autouse=True)
def _compiled() -> None:
    """Compile the rules once, so that no run that a test looks at does."""
    if compiled.find() is None:
        compiled.renew()


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return catalogs.load()


@pytest.fixture
def report(catalog: Catalog):
    """Diagnose the paths given, with a fixed now."""

    def run(*paths: Path | str, select: Selection | None = None, now: datetime = NOW) -> Report:
        return diagnose([str(p) for p in paths], catalog, now=now, reference=now, tz=UTC, select=select or Selection())

    return run


@pytest.fixture
def write(tmp_path: Path):
    """Write a text (or bytes) to a file of its own and return its path."""

    def make(text: str | bytes, name: str = "input.txt") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return make


@pytest.fixture
def msnet(tmp_path_factory: pytest.TempPathFactory):
    """Run the installed command in a clean environment."""
    state = str(tmp_path_factory.mktemp("state"))

    def run(*arguments: str, stdin: str | bytes = b"", env: dict[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
        clean = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TZ": "UTC", "PYTHONUTF8": "1", "STATE_DIRECTORY": state, **(env or {})}
        data = stdin.encode() if isinstance(stdin, str) else stdin
        return subprocess.run([sys.executable, "-m", "diagnose", *arguments], input=data, capture_output=True, timeout=120, check=False, env=clean, cwd=ROOT)

    return run
