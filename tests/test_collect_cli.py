"""`msnet collect` as a user types it."""

from __future__ import annotations

import json
import os
import pty
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from bundles import manifest, members
from conftest import NODE, ROOT

OPTIONS = ["--now", "2026-11-23T20:10:00Z"]
PLAIN = [*OPTIONS, "--no-redact"]
EVIDENCE = ["--from", str(NODE / "journal.export.zst"), "--from", str(NODE / "objects")]


def findings(run: subprocess.CompletedProcess[bytes]) -> object:
    return json.loads(run.stdout)["findings"]


def test_what_is_collected_is_diagnosed_as_the_evidence_itself(msnet, tmp_path: Path) -> None:
    path = tmp_path / "ticket.tar.zst"
    run = msnet("collect", "-o", str(path), *PLAIN, *EVIDENCE)
    assert (run.returncode, run.stdout) == (0, b"")
    told = run.stderr.decode()
    assert re.match(re.escape(f"{path}  ") + r"[\d.]+ kB  UNREDACTED\n", told)
    assert "5 active, 1 resolved" in told
    assert "inputs: 4, of which as they were read: 0" in told
    assert f"msnet diagnose {path} finds the same" in told
    wanted = msnet("diagnose", "-f", "json", *OPTIONS, *EVIDENCE[1::2])
    found = msnet("diagnose", "-f", "json", str(path))
    assert found.returncode == wanted.returncode == 11
    assert findings(found) == findings(wanted)
    assert json.loads(members(path)["report.json"])["findings"] == findings(wanted)


def test_the_device_is_collected_without_any_path(msnet, tmp_path: Path) -> None:
    run = msnet("collect", "-o", str(tmp_path / "b.tar.gz"), "--root", str(NODE / "host"), "--timeout", "20")
    assert run.returncode == 0
    found = msnet("diagnose", "-f", "json", str(tmp_path / "b.tar.gz"))
    assert [c["name"] for c in json.loads(found.stdout)["collectors"]] == ["journal", "api", "node", "runtime"]


def test_without_a_name_it_gets_one_of_its_node_and_time(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-m", "diagnose", "collect", *PLAIN, *EVIDENCE], cwd=tmp_path, env=env, check=True, capture_output=True)
    assert os.listdir(tmp_path) == ["msnet-microshift-edge01-20261123T201000Z-UNREDACTED.tar.zst"]


def test_the_same_evidence_gives_the_same_bytes(msnet, tmp_path: Path) -> None:
    first, second = (msnet("collect", "-o", "-", *OPTIONS, *EVIDENCE) for _ in range(2))
    assert first.stdout == second.stdout != b""
    (tmp_path / "b").write_bytes(first.stdout)
    assert manifest(tmp_path / "b")["schema"] == "msnet.bundle/1"
    assert msnet("diagnose", "-q", "-", stdin=first.stdout).returncode == 11


def test_a_redacted_bundle_is_called_so_and_finds_as_much(tmp_path: Path, msnet) -> None:
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "STATE_DIRECTORY": str(tmp_path / "state")}
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        run = subprocess.run(
            [sys.executable, "-m", "diagnose", "collect", *OPTIONS, *EVIDENCE], cwd=tmp_path / folder, env=env, check=True, capture_output=True
        )
        assert b"pseudonyms: " in run.stderr
    (first,), (second,) = ((tmp_path / folder).iterdir() for folder in ("a", "b"))
    assert first.name == second.name == "msnet-host-x1-20261123T201000Z-redacted.tar.zst"
    assert first.read_bytes() == second.read_bytes()  # by the same map
    wanted = json.loads(msnet("diagnose", "-f", "json", *OPTIONS, *EVIDENCE[1::2]).stdout)["findings"]
    found = json.loads(msnet("diagnose", "-f", "json", str(first)).stdout)["findings"]
    told = ("rule", "state", "severity", "confidence", "count", "first", "last")
    assert sorted([f[x] for x in told] for f in found) == sorted([f[x] for x in told] for f in wanted)
    body = manifest(first)
    assert body["redaction"] == "redacted"
    assert body["replaced"]["name"] > 100
    check = subprocess.run([sys.executable, "-m", "diagnose", "collect", "--check", first], env=env, cwd=ROOT, check=False, capture_output=True, text=True)
    assert (check.returncode, check.stdout.rsplit(": ", 1)[1]) == (0, "nothing left\n")


def test_the_device_s_own_name_is_hidden(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "STATE_DIRECTORY": str(tmp_path / "state")}
    code = "import os, sys; os.uname = lambda: os.uname_result(('Linux', 'edge07.acme-corp.com', '', '', '')); from diagnose.entry import main; main()"
    run = subprocess.run([sys.executable, "-c", code, "collect", "--timeout", "5"], cwd=tmp_path, env=env, capture_output=True, check=False)
    (path,) = tmp_path.glob("*.tar.zst")
    assert re.fullmatch(r"msnet-host-x1\.domain-x1\.example-\d{8}T\d{6}Z-redacted.tar.zst", path.name)
    assert b"edge07" not in run.stdout + run.stderr + b"".join(members(path).values())


def test_the_check_finds_what_was_left(tmp_path: Path, msnet) -> None:
    place = str(tmp_path / "map")
    assert msnet("collect", "-o", str(tmp_path / "a.tar.zst"), "--redaction-map", place, *EVIDENCE).returncode == 0
    assert msnet("collect", "-o", str(tmp_path / "b.tar.zst"), "--no-redact", *EVIDENCE).returncode == 0
    run = msnet("collect", "--check", str(tmp_path / "b.tar.zst"), "--redaction-map", place)
    assert run.returncode == 11
    assert b"evidence/resources.jsonl: name historian-net (" in run.stdout
    assert b"evidence/resources.jsonl: address 10.71." in run.stdout
    assert msnet("collect", "--check", str(tmp_path / "b.tar.zst"), "--redaction-map", str(tmp_path / "none")).returncode == 1
    (tmp_path / "cut.tar.zst").write_bytes((tmp_path / "a.tar.zst").read_bytes()[:-100])
    cut = msnet("collect", "--check", str(tmp_path / "cut.tar.zst"), "--redaction-map", place)
    assert (cut.returncode, b"is no whole bundle" in cut.stderr) == (1, True)


def test_what_is_there_already_stays(msnet, tmp_path: Path) -> None:
    path = tmp_path / "ticket.tar.zst"
    path.write_text("old")
    run = msnet("collect", "-o", str(path), *EVIDENCE)
    assert run.returncode == 2
    assert b"is there already" in run.stderr
    assert path.read_text() == "old"
    assert msnet("collect", "--force", "-o", str(path), *EVIDENCE).returncode == 0
    assert manifest(path)["usable"] is True


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

    run = subprocess.run(
        [sys.executable, "-m", "diagnose", "collect", "-o", str(tmp_path / "b.tar.zst"), "--no-redact", *EVIDENCE],
        capture_output=True,
        text=True,
        cwd=ROOT,
        preexec_fn=limit,
        check=False,
    )
    assert run.returncode == 1
    assert run.stderr.startswith(f"error: cannot write {tmp_path / 'b.tar.zst'}: File too large\n  hint: free some space")
    assert os.listdir(tmp_path) == []


def test_it_is_never_larger_than_asked_and_says_what_it_lacks(msnet, tmp_path: Path) -> None:
    path = tmp_path / "b.tar.xz"
    run = msnet("collect", "--max-size", "18k", "-o", str(path), *OPTIONS, *EVIDENCE)
    assert run.returncode == 0
    assert path.stat().st_size <= 18_000
    assert b"left out for its size: " in run.stderr


def test_a_size_that_cannot_be_is_an_error(msnet, tmp_path: Path) -> None:
    run = msnet("collect", "--max-size", "500", "-o", str(tmp_path / "b.tar.zst"), *EVIDENCE)
    assert run.returncode == 1
    assert b"is too small" in run.stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("size", ["0", "-5", "many", "5X", "1.5M", ""])
def test_what_is_no_size_is_wrong_usage(msnet, size: str) -> None:
    run = msnet("collect", f"--max-size={size}", *EVIDENCE)
    assert (run.returncode, run.stderr.startswith(b"error: not a size: ")) == (2, True)


def test_nothing_at_all_exits_3_and_is_written_all_the_same(msnet, tmp_path: Path) -> None:
    run = msnet("collect", "-o", str(tmp_path / "b.tar.zst"), "--from", str(tmp_path / "none"))
    assert run.returncode == 3
    body = manifest(tmp_path / "b.tar.zst")
    assert [g["reason"] for g in body["gaps"]] == ["cannot read none: no such file or folder"]
    assert (body["host"], body["usable"]) == ("node", False)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["-o", "b.zip"], "no known kind of bundle"),
        (["-o", "b"], "no known kind of bundle"),
        (["--from", "a", "--boot", "-1"], "for the running device"),
        (["--since", "yesterday"], "not a time"),
        (["--tz", "Mars"], "unknown time zone"),
        (["--boot", "x"], "not a boot"),
    ],
)
def test_wrong_usage(msnet, options: list[str], told: str) -> None:
    run = msnet("collect", *options)
    assert run.returncode == 2
    assert told in run.stderr.decode()


def test_a_terminal_gets_no_archive(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    run = subprocess.run([sys.executable, "-m", "diagnose", "collect", "-o", "-", *EVIDENCE], stdout=theirs, stderr=subprocess.PIPE, cwd=ROOT, check=False)
    os.close(theirs)
    os.close(ours)
    assert run.returncode == 2
    assert b"nothing for a terminal" in run.stderr


def test_it_speaks_japanese(msnet, tmp_path: Path) -> None:
    run = msnet("collect", "--lang", "ja", "-o", str(tmp_path / "b.tar.zst"), *EVIDENCE)
    assert "同じ結果が得られます" in run.stderr.decode()
    assert "名前空間" in members(tmp_path / "b.tar.zst")["report.md"].decode()
