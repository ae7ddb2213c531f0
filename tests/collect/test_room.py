"""Temporary files: only where a library needs one, in TMPDIR, gone afterwards; and what happens where there is no room."""

from __future__ import annotations

import gzip
import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from collect.test_archive import JOURNAL, log, tar, zipped
from collect.test_parts import noise

BULK = ("bulk.bin", noise(20 * 1024 * 1024))  # more than is kept in memory


def run(path: Path, room: Path, limit: int | None = None) -> tuple[set[str], list[dict]]:
    """Diagnose with `room` as TMPDIR, in which no file may be larger than `limit`; return the pods hit and the gaps."""
    room.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "diagnose", "diagnose", "--format", "json", str(path)],
        capture_output=True, check=False, env={"PATH": "/usr/bin:/bin", "TMPDIR": str(room)}, timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)) if limit else None,
    )  # fmt: skip
    assert done.stderr == b""
    body = json.loads(done.stdout)
    return {a["name"] for f in body["findings"] for a in f["affected"] if a["kind"] == "Pod"}, [g for g in body["gaps"] if g["kind"] == "unreadable"]


@pytest.mark.parametrize("kind", ["journal", "zip"])
def test_no_room_is_told_and_hides_nothing_else(kind: str, write, native: Path, tmp_path: Path) -> None:
    first = ("s/system.journal", native.read_bytes()) if kind == "journal" else ("inner.zip", zipped((JOURNAL, log("cam-3")), BULK))
    path = write(gzip.compress(tar(first, (JOURNAL, log("cam-1"))), 1), "x.tar.gz")
    room = tmp_path / "room"
    pods, gaps = run(path, room, 1024 * 1024)
    assert "cam-1" in pods
    (gap,) = gaps
    assert gap["source"].endswith("!" + first[0])
    assert f"no room for a temporary file in {room}: File too large" in gap["reason"]
    assert gap["hint"].startswith("name a folder with room in TMPDIR")
    assert list(room.iterdir()) == []


@pytest.mark.parametrize("kind", ["journal", "zip"])
def test_with_room_it_is_read_and_nothing_is_left(kind: str, write, native: Path, tmp_path: Path) -> None:
    member = ("s/system.journal", native.read_bytes()) if kind == "journal" else ("inner.zip", zipped((JOURNAL, log("cam-3")), BULK))
    room = tmp_path / "room"
    pods, gaps = run(write(gzip.compress(tar(member), 1), "x.tar.gz"), room)
    assert gaps == []
    assert ("valve-b" if kind == "journal" else "cam-3") in pods
    assert list(room.iterdir()) == []
