"""`msnet watch` as it runs: a real process, real journals, real signals."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import real_journald
from collect.apiserver import PODS, kubeconfig, refused_port, serving
from conftest import ROOT
from growing import Journal, failed, now, ran
from jsonschema import Draft202012Validator

LONG = 20.0
"""Seconds after which a test gives up."""
POD = "plant/mixer-1"
SCHEMA = Draft202012Validator(json.loads((ROOT / "docs" / "change-1.schema.json").read_text()))


class Watch:
    """A watch at work, and what it printed."""

    def __init__(self, journal: Journal, out: Path, *arguments: str, env: dict[str, str] | None = None) -> None:
        self.journal = journal
        self._out = out
        clean = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TZ": "UTC", "PYTHONUTF8": "1", **(env or {})}
        command = [sys.executable, "-m", "diagnose", "watch", "--journal-dir", str(journal.folder), "--root", str(journal.folder), *arguments]
        with out.open("wb") as file:
            self.process = subprocess.Popen(command, stdout=file, stderr=subprocess.PIPE, env=clean, cwd=ROOT)

    @property
    def text(self) -> str:
        return self._out.read_text()

    @property
    def changes(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines(keepends=True) if line.endswith("\n")]

    @property
    def told(self) -> list[tuple[str, str]]:
        """Kind and subject of what was told of findings."""
        return [(c["change"], c["finding"]["subject"]) for c in self.changes if c["finding"]]

    def gaps(self, kind: str) -> set[str]:
        """Return the kinds of the API's gaps that opened, or closed."""
        return {c["gap"]["kind"] for c in self.changes if c["change"] == kind and c["gap"]["kind"].startswith("api-")}

    def until(self, done: Callable[[], object]) -> None:
        end = time.monotonic() + LONG
        while not done():
            assert time.monotonic() < end, self.text
            assert self.process.poll() is None, (self.text, self.process.communicate())
            time.sleep(0.02)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(LONG)


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Callable[..., Watch]]:
    """Start to watch a journal in which a pod fails."""
    made: list[Watch] = []

    def start(*arguments: str, env: dict[str, str] | None = None) -> Watch:
        journal = Journal(tmp_path / "journal")
        journal.write(failed(now(), POD))
        journal.sync()
        made.append(Watch(journal, tmp_path / "out", *arguments, env=env))
        return made[-1]

    yield start
    for one in made:
        one.process.kill()
        one.process.wait()
        if one.process.stderr is not None:
            one.process.stderr.close()
        one.journal.close()


def test_each_change_is_a_line_of_json_in_its_published_shape(watch: Callable[..., Watch]) -> None:
    one = watch("--format", "json")
    one.until(lambda: any(c["change"] == "watching" for c in one.changes))
    assert one.told == [("active", "plant/lan")]
    one.journal.write(failed(now(), "plant/press-2", "wan"))
    one.until(lambda: len(one.told) == 2)
    one.journal.write(ran(now(), POD))
    one.until(lambda: len(one.told) == 3)
    assert one.told == [("active", "plant/lan"), ("active", "plant/wan"), ("resolved", "plant/lan")]
    for change in one.changes:
        SCHEMA.validate(change)
    over = one.changes[-1]
    assert over["before"] == {"severity": "error", "state": "active", "count": 1}
    assert over["finding"]["resolved_by"].startswith("the pod works: Ran pod sandbox")
    assert {c["gap"]["kind"] for c in one.changes if c["change"] == "gap-opened"} >= {"api-no-kubeconfig"}
    assert one.end() == 0


def test_a_reader_sees_headline_cause_and_proof(watch: Callable[..., Watch]) -> None:
    one = watch()
    one.until(lambda: "watching; 1 active" in one.text)
    one.journal.write(ran(now(), POD))
    one.until(lambda: "resolved" in one.text)
    assert one.end() == 0
    lines = one.text.splitlines()
    assert lines[0][20:].startswith(' ✖  nad-not-found  error  ACTIVE  NAD "lan" does not exist in namespace "plant"')
    assert lines[1].strip().startswith("why: ")
    over = next(n for n, x in enumerate(lines) if "resolved" in x)
    assert lines[over + 1].strip().startswith("over: the pod works: Ran pod sandbox")
    assert lines[over + 2].strip().startswith("1x, since ")


def test_in_japanese(watch: Callable[..., Watch]) -> None:
    one = watch("--lang", "ja")
    one.until(lambda: "監視しています。継続中 1 件" in one.text)
    assert "継続中" in one.text.splitlines()[0]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_it_cleanly(number: signal.Signals, code: int, watch: Callable[..., Watch]) -> None:
    one = watch("--format", "json")
    one.until(lambda: "watching" in one.text)
    began = time.monotonic()
    assert one.end(number) == code
    assert time.monotonic() - began < 2.5
    assert one.text.endswith("\n")
    assert one.process.stderr is not None
    assert one.process.stderr.read() == b""


def test_a_reader_that_leaves_ends_it_quietly(watch: Callable[..., Watch], tmp_path: Path) -> None:
    journal = watch().journal
    command = [sys.executable, "-m", "diagnose", "watch", "--journal-dir", str(journal.folder), "--root", str(journal.folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as run:
        assert run.stdout is not None
        run.stdout.readline()
        run.stdout.close()
        journal.write(ran(now(), POD))
        assert run.wait(LONG) == 0
        assert run.stderr is not None
        assert run.stderr.read() == b""


def test_what_happened_while_it_slept_is_told(watch: Callable[..., Watch]) -> None:
    """The journal was rotated and vacuumed meanwhile."""
    one = watch("--format", "json")
    one.until(lambda: "watching" in one.text)
    one.process.send_signal(signal.SIGSTOP)
    first = one.journal.rotate()
    one.journal.write(failed(now(), "plant/press-2", "wan"))
    one.journal.rotate()
    first.unlink()
    one.journal.write(ran(now(), POD))
    one.journal.sync()
    one.process.send_signal(signal.SIGCONT)
    one.until(lambda: len(one.told) == 3)
    assert sorted(one.told[1:]) == [("active", "plant/wan"), ("resolved", "plant/lan")]
    assert one.end() == 0


def test_a_real_journald_may_rotate_vacuum_flush_and_restart() -> None:
    if not any(os.access(p, os.X_OK) for p in real_journald.JOURNALD):
        pytest.skip("systemd-journald is not installed")
    alone = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if shutil.which("unshare") is None or subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("needs root and namespaces")
    run = subprocess.run([*alone, sys.executable, real_journald.__file__], capture_output=True, timeout=60, check=False, cwd=ROOT)
    assert run.returncode == 0, run.stderr.decode()
    changes = [json.loads(line) for line in run.stdout.splitlines()]
    found = [(c["change"], c["finding"]["subject"], c["finding"]["count"]) for c in changes if c["finding"]]
    assert found == [*(("active", f"plant/net-{n}", 1) for n in (1, 2, 3, 4)), ("resolved", "plant/net-1", 1)]


def test_it_is_idle_when_nothing_happens(watch: Callable[..., Watch]) -> None:
    one = watch("--format", "json")
    one.until(lambda: "watching" in one.text)
    time.sleep(0.7)
    used = _cpu(one.process.pid)
    time.sleep(1.5)
    assert _cpu(one.process.pid) - used <= 0.02  # a tick of the kernel's clock, and one more


def test_the_api_server_shows_what_runs_and_its_absence_is_a_gap(watch: Callable[..., Watch], tmp_path: Path) -> None:
    body = {
        "kind": "Pod", "apiVersion": "v1", "metadata": {"namespace": "plant", "name": "mixer-1", "uid": "m", "resourceVersion": "7"},
        "spec": {"containers": [{"name": "app"}]}, "status": {"phase": "Pending"},
    }  # fmt: skip
    runs = {**body, "status": {"phase": "Running", "containerStatuses": [{"name": "app", "ready": True}]}}
    with serving(None) as server:
        server.add(body)
        one = watch("--format", "json", "--kubeconfig", str(kubeconfig(tmp_path / "kubeconfig", server.url, user={})))
        one.until(lambda: "watching" in one.text)
        assert one.told == [("active", "plant/lan")]
        assert [c["gap"]["source"] for c in one.changes if c["gap"] and c["gap"]["kind"].startswith("api")] == []
        one.until(lambda: any("watch=true" in q and "/pods" in q for q in server.asked))
        server.watches[PODS] = [[{"type": "MODIFIED", "object": runs}]]
        one.until(lambda: len(one.told) == 2)
        assert one.told[-1] == ("resolved", "plant/lan")
        port = server.server_address[1]
    one.until(lambda: one.gaps("gap-opened"))
    one.journal.write(failed(now(), POD))  # the last that the server said is that it runs
    one.until(lambda: len(one.told) == 3)
    assert one.told[-1] == ("active", "plant/lan")
    with serving(None, port) as server:
        server.add(body)
        one.until(lambda: one.gaps("gap-opened") <= one.gaps("gap-closed"))
    assert one.end() == 0


def test_an_api_server_that_comes_up_later_closes_all_gaps_of_it(watch: Callable[..., Watch], tmp_path: Path) -> None:
    port = refused_port()
    one = watch("--format", "json", "--kubeconfig", str(kubeconfig(tmp_path / "kubeconfig", f"http://localhost:{port}", user={})))
    one.until(lambda: "watching" in one.text)
    time.sleep(1)  # no sooner is it asked again
    with serving(None, port):
        one.until(lambda: one.gaps("gap-closed"))
        time.sleep(0.5)
        told = [(c["change"], c["gap"]["kind"]) for c in one.changes if c["gap"] and c["gap"]["kind"].startswith("api-")]
        assert told == [("gap-opened", "api-refused"), ("gap-closed", "api-refused")]
        assert one.end() == 0


def test_metrics_are_written_beside(watch: Callable[..., Watch], tmp_path: Path) -> None:
    path = tmp_path / "msnet.prom"
    one = watch("--format", "json", "--metrics", str(path))
    one.until(lambda: 'msnet_finding{rule="nad-not-found",state="active",namespace="plant"} 1' in (path.read_text() if path.exists() else ""))
    one.journal.write(ran(now(), POD))
    one.until(lambda: 'msnet_finding{rule="nad-not-found",state="resolved",namespace="plant"} 1' in path.read_text())
    assert one.end() == 0


def test_metrics_that_cannot_be_written_are_a_gap(watch: Callable[..., Watch], tmp_path: Path) -> None:
    one = watch("--format", "json", "--metrics", str(tmp_path / "not there" / "msnet.prom"))
    one.until(lambda: "watching" in one.text)
    one.journal.write(ran(now(), POD))
    one.until(lambda: any("not there" in (c["gap"] or {}).get("reason", "") for c in one.changes))


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--rule", "nad-not-fond"], "did you mean nad-not-found"),
        (["--journal-dir", "/nonexistent"], "no such folder"),
        (["--ignore", "nonsense"], "nonsense"),
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str], said: str, msnet: Callable[..., subprocess.CompletedProcess[bytes]]) -> None:
    run = msnet("watch", *arguments)
    assert run.returncode == 2
    assert said in run.stderr.decode()


def test_without_systemd_python_journalctl_is_followed_and_ends_with_it(watch: Callable[..., Watch], tmp_path: Path) -> None:
    (tmp_path / "lib" / "systemd").mkdir(parents=True)
    (tmp_path / "lib" / "systemd" / "__init__.py").write_text("")
    one = watch("--format", "json", env={"PYTHONPATH": str(tmp_path / "lib")})
    one.until(lambda: "watching" in one.text)
    one.journal.write(failed(now(), "plant/press-2", "wan"))
    one.until(lambda: len(one.told) == 2)
    children = Path(f"/proc/{one.process.pid}/task/{one.process.pid}/children").read_text().split()
    threads = [x for t in Path(f"/proc/{one.process.pid}/task").iterdir() for x in (t / "children").read_text().split()]
    pids = {int(x) for x in (*children, *threads)}
    assert pids
    assert one.end() == 0
    assert not any(Path(f"/proc/{p}").exists() for p in pids)
