"""`msnet diagnose` and `msnet verify` of the device at hand, as a user types them."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from collect.conftest import REMOTE
from conftest import NODE, ROOT

from diagnose.collect.files import zstd_module


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the node's journal as a native file."""
    folder = tmp_path_factory.mktemp("journal")
    program = next(p for p in REMOTE if os.access(p, os.X_OK))
    data = zstd_module().decompress((NODE / "journal.export.zst").read_bytes())
    subprocess.run([program, f"--output={folder / 'system.journal'}", "-"], input=data, check=True, capture_output=True)
    return folder


@pytest.fixture
def saved(journal: Path, tmp_path: Path) -> list[str]:
    """Return the options that stand for a device: an empty tree, and the node's journal."""
    return ["--root", str(tmp_path), "--journal-dir", str(journal), "--timeout", "20"]


def test_the_device_is_diagnosed_without_any_path(msnet, saved: list[str]) -> None:
    run = msnet("diagnose", "-q", *saved)
    assert run.returncode == 11
    assert "nad-not-found" in run.stdout.decode()
    assert "LOOKED AT  journal " in run.stdout.decode()
    assert run.stderr == b""


def test_the_report_names_each_collector_and_how_far_it_came(msnet, saved: list[str]) -> None:
    body = json.loads(msnet("diagnose", "--format", "json", *saved).stdout)
    assert [c["name"] for c in body["collectors"]] == ["journal", "api", "node", "runtime"]
    assert body["collectors"][0]["state"] == "ok"
    assert body["collectors"][0]["found"] > 500


def test_a_device_of_which_nothing_can_be_read_is_not_healthy_and_exits_3(msnet, tmp_path: Path) -> None:
    run = msnet("diagnose", "--root", str(tmp_path), "--timeout", "5")
    text = run.stdout.decode()
    assert run.returncode == 3
    assert "no network failure" not in text
    assert "no journal files in" in text


def test_verify_looks_at_the_device_when_no_path_is_named(msnet, saved: list[str]) -> None:
    run = msnet("verify", "nad-not-found", "--pod", "plant/press-hmi", *saved)
    assert run.returncode == 11
    assert "press-hmi" in run.stdout.decode()


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_shown_on_a_terminal_only(saved: list[str], terminal: bool) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "diagnose", "diagnose", "-q", *saved]
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm", "PYTHONUTF8": "1"}
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs if terminal else subprocess.PIPE, check=False, cwd=ROOT, env=environment)
    os.close(theirs)
    said = os.read(ours, 65536).decode() if terminal else (run.stderr or b"").decode()
    os.close(ours)
    assert ("journal" in said and " s\r\n" in said) is terminal
    assert said.endswith("\r\x1b[K") or not terminal
    assert b"\x1b" not in run.stdout
