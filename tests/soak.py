"""Not part of the suite: `msnet watch` over a long time of churn. Prints its memory and CPU; ends with 1 if the memory grew by more than 10 %.

    python tests/soak.py [MINUTES] [FAILURES PER SECOND]

Pods with ever new names fail and recover, one fails quietly all the time, the journal is rotated each 20 seconds and vacuumed to three files.
"""

from __future__ import annotations

import collections
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from growing import Journal, failed, gone, idle, now, ran

QUIET = "plant/quiet-0"


def memory(pid: int) -> int:
    """Return the resident memory of a process in KiB."""
    return next(int(x.split()[1]) for x in Path(f"/proc/{pid}/status").read_text().splitlines() if x.startswith("VmRSS"))


def cpu(pid: int) -> float:
    """Return the CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(minutes: float, rate: float) -> int:
    """Return 0 if the memory stayed within 10 % of what it was after a minute."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal")
        journal.write(failed(now(), QUIET, "quiet-net"))
        with (Path(folder) / "changes.json").open("wb") as out:
            command = [sys.executable, "-m", "diagnose", "watch", "--format", "json", "--journal-dir", str(journal.folder)]
            watch = subprocess.Popen(command, stdout=out)
            try:
                sizes = _churn(journal, watch, minutes, rate)
            finally:
                watch.send_signal(signal.SIGTERM)
                code = watch.wait(20)
                journal.close()
        kinds = collections.Counter(line.partition(b'"change": "')[2].partition(b'"')[0].decode() for line in (Path(folder) / "changes.json").open("rb"))
    base, most = sizes[min(6, len(sizes) - 1)], max(sizes[6:] or sizes)
    print(f"exit {code}; told {dict(kinds)}; after a minute {base} KiB, most {most} KiB: {100 * (most - base) / base:+.1f} %")
    return int(most > base * 1.1 or code != 0)


def _churn(journal: Journal, watch: subprocess.Popen[bytes], minutes: float, rate: float) -> list[int]:
    began = shown = rotated = quiet = time.monotonic()
    used, number = 0.0, 0
    failing: collections.deque[str] = collections.deque()
    archived: list[Path] = []
    sizes = [memory(watch.pid)]
    while time.monotonic() - began < minutes * 60 and watch.poll() is None:
        time.sleep(0.1)
        journal.write(idle(now()))
        while number < (time.monotonic() - began) * rate:
            number += 1
            pod = f"plant/churn-{number}"
            failing.append(pod)
            journal.write(failed(now(), pod, f"net-{number % 300}"))
        while len(failing) > 20 * rate:
            pod = failing.popleft()
            journal.write(ran(now(), pod) if number % 2 else gone(now(), pod))
        tick = time.monotonic()
        if tick - quiet > 300:
            quiet = tick
            journal.write(failed(now(), QUIET, "quiet-net"))
        if tick - rotated > 20:
            rotated = tick
            archived.append(journal.rotate())
            if len(archived) > 3:
                archived.pop(0).unlink()
        if tick - shown >= 10:
            sizes.append(memory(watch.pid))
            total = cpu(watch.pid)
            print(f"{tick - began:6.0f} s  {sizes[-1]:7d} KiB  {100 * (total - used) / (tick - shown):5.1f} % CPU  {number} failures", flush=True)
            used, shown = total, tick
    return sizes


if __name__ == "__main__":
    arguments = [float(x) for x in sys.argv[1:]] + [30.0, 5.0][len(sys.argv) - 1 :]
    sys.exit(main(*arguments))
