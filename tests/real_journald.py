"""Runs within namespaces of its own, as root: journald, `msnet watch`, and everything that journald does to its files.

Prints what the watch told, and at its end the watch's exit code.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from growing import failed, now, ran

JOURNALD = ("/lib/systemd/systemd-journald", "/usr/lib/systemd/systemd-journald")
VOLATILE, PERSISTENT = Path("/run/log/journal"), Path("/var/log/journal")


def start() -> subprocess.Popen[bytes]:
    """Start journald; it is up when it returns."""
    run = subprocess.Popen([next(p for p in JOURNALD if os.access(p, os.X_OK))])
    _wait(_listens)
    return run


def _listens() -> bool:
    with socket.socket(socket.AF_UNIX) as sock:
        return sock.connect_ex("/run/systemd/journal/stdout") == 0


def _wait(done: object, seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not done():  # type: ignore[operator]
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.02)


_UNIT = """
import socket, sys
with socket.socket(socket.AF_UNIX) as sock:
    sock.connect("/run/systemd/journal/stdout")
    sock.sendall(f"{sys.argv[1]}\\n{sys.argv[1]}.service\\n6\\n0\\n0\\n0\\n0\\n".encode())
    for line in sys.stdin.buffer:
        sock.sendall(line)
"""
"""A unit's standard output as systemd connects it (src/journal/journald-stream.c): a process of its own, since journald asks whose it is."""


class Unit:
    """A unit that logs."""

    def __init__(self, name: str) -> None:
        """Start it."""
        self._run = subprocess.Popen([sys.executable, "-c", _UNIT, name], stdin=subprocess.PIPE)

    def log(self, exported: bytes) -> None:
        """Log the message of an entry in export format."""
        assert self._run.stdin is not None
        self._run.stdin.write(exported.split(b"MESSAGE=")[1].strip() + b"\n")
        self._run.stdin.flush()


def main() -> int:
    """Rotate, vacuum, flush and restart while the watch looks on."""
    for place in ("/run", "/var/log"):
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], check=True)
    for folder in (Path("/run/systemd"), VOLATILE):
        folder.mkdir(parents=True)
    subprocess.run(["mount", "--bind", "/dev/null", "/dev/kmsg"], check=True)  # journald writes there when it is told to end
    journald = start()
    microshift = Unit("microshift")
    with tempfile.TemporaryFile("w+b") as out:
        watch = subprocess.Popen([sys.executable, "-m", "diagnose", "watch", "--format", "json"], stdout=out)

        def told(text: str) -> None:
            _wait(lambda: text in os.pread(out.fileno(), 1 << 20, 0).decode())

        def fails(number: int) -> None:
            microshift.log(failed(now(), f"plant/real-{number}", f"net-{number}"))

        told("watching")
        fails(1)
        told("plant/net-1")
        journald.send_signal(signal.SIGUSR2)  # rotate
        fails(2)
        told("plant/net-2")
        _wait(lambda: any(VOLATILE.rglob("system@*.journal")))
        for archived in VOLATILE.rglob("system@*.journal"):  # vacuum
            archived.unlink()
        fails(3)
        told("plant/net-3")
        PERSISTENT.mkdir()
        journald.send_signal(signal.SIGUSR1)  # flush
        fails(4)
        told("plant/net-4")
        journald.terminate()
        journald.wait()
        journald = start()
        crio = Unit("crio")
        crio.log(ran(now(), "plant/real-1"))
        told('"change": "resolved"')
        watch.terminate()
        code = watch.wait(10)
        sys.stdout.write(os.pread(out.fileno(), 1 << 20, 0).decode())
    journald.terminate()
    return code


if __name__ == "__main__":
    sys.exit(main())
