"""The device at hand: where its files are, which programs may be asked, and until when."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from diagnose.record import dataclass, field

COMMAND = 8.0
"""Seconds that one command may take."""
_OUTPUT = 64 * 1024 * 1024
"""Bytes of a command's output that are kept."""
_DIES = 1.0
"""Seconds in which a program that was killed is gone."""
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"


@dataclass(frozen=True, slots=True)
class Device:
    """How the device is reached; the defaults are the running node's."""

    root: Path = Path("/")
    """Where the node's files begin. Anywhere else but at / it is a saved tree, and no command is run."""
    journal_dir: Path | None = None
    """The folder of journal files, in place of the node's own."""
    boot: str = "0"
    """As `journalctl --boot`: 0 the newest, -1 the one before, a boot id, or all."""
    since: int | None = None
    """Microseconds since the epoch before which the journal is not read."""
    kubeconfig: Path | None = None
    timeout: float = 30.0
    """Seconds that all collectors may take together."""

    @property
    def running(self) -> bool:
        """True for the running node, False for a saved tree."""
        return self.root == Path("/")

    def path(self, absolute: str) -> Path:
        """Return where the node's file `absolute` is to be found."""
        return self.root / absolute.lstrip("/")

    def files(self, folder: str) -> list[Path]:
        """Return the files right in the node's folder, sorted; [] where it is missing or may not be read."""
        try:
            return sorted(p for p in self.path(folder).iterdir() if p.is_file())
        except OSError:
            return []

    def name(self, path: Path) -> str:
        """Return the node's own name of a file under `root`."""
        return str(path) if self.running else "/" + str(path.relative_to(self.root))


class Output(NamedTuple):
    """What a command printed, or why it did not."""

    text: bytes
    error: str
    """"" if the command ended well; else what it printed to standard error, or the reason that it was not run or not ended."""
    code: int | None
    """None if it was not run, or did not end in time."""


@dataclass(slots=True)
class Deadline:
    """The moment at which everything ends; it knows the programs that were started."""

    end: float
    """On the monotonic clock, in seconds."""
    stopped: threading.Event = field(default_factory=threading.Event)
    _running: set[subprocess.Popen[bytes]] = field(default_factory=set["subprocess.Popen[bytes]"])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """Return the deadline `seconds` from now."""
        return cls(time.monotonic() + seconds)

    def left(self, at_most: float = float("inf")) -> float:
        """Return the seconds left, 0.0 when it is over."""
        return 0.0 if self.stopped.is_set() else max(0.0, min(self.end - time.monotonic(), at_most))

    @property
    def over(self) -> bool:
        """True if it is over or was stopped."""
        return self.left() <= 0.0

    def stop(self) -> None:
        """End everything now: collectors stop at their next look, programs are killed."""
        self.stopped.set()
        with self._lock:
            for run in self._running:
                kill(run)

    def start(self, arguments: list[str]) -> subprocess.Popen[bytes]:
        """Start a program that ends with the deadline at the latest. Raises `OSError` where it cannot be started."""
        with self._lock:
            if self.stopped.is_set():
                raise TimeoutError("no time left")
            run = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), process_group=0)
            self._running.add(run)
        return run

    def ended(self, run: subprocess.Popen[bytes]) -> None:
        """Forget a program that ended."""
        with self._lock:
            self._running.discard(run)

    def run(self, arguments: list[str], limit: float = COMMAND) -> Output:
        """Return what a program prints within `limit` seconds and the deadline. It must change nothing on the node."""
        program = shutil.which(arguments[0], path=environment()["PATH"])
        if program is None:
            return Output(b"", f"{arguments[0]} is not installed", None)
        if self.over:
            return Output(b"", "no time left", None)
        try:
            run = self.start([program, *arguments[1:]])
        except OSError as e:
            return Output(b"", str(e), None)
        wait = self.left(limit)
        try:
            text, error = run.communicate(timeout=wait)
        except subprocess.TimeoutExpired:
            kill(run)
            text, error = b"", b""
            with suppress(subprocess.TimeoutExpired):
                text, error = run.communicate(timeout=_DIES)
            return Output(text[:_OUTPUT], f"no answer within {wait:.1f} s", None)
        finally:
            self.ended(run)
        said = error.decode("utf-8", "replace").strip()
        return Output(text[:_OUTPUT], (said or f"exit code {run.returncode}") if run.returncode else "", run.returncode)


def kill(run: subprocess.Popen[bytes]) -> None:
    """End a program that `Deadline.start` started, and those that it started: they hold its output open."""
    if run.returncode is None:  # else its id may be another's by now
        with suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)


def environment() -> dict[str, str]:
    """Return the environment of programs: English, no pager, no proxy, and the folders of system programs."""
    kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    return {**kept, "LC_ALL": "C.UTF-8", "SYSTEMD_PAGER": "", "SYSTEMD_COLORS": "0", "PATH": f"{os.environ.get('PATH', '')}:{_PATH}".strip(":")}
