"""What the commands that look at the running device have in common: what its options name, and progress on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from diagnose.errors import UsageError
from diagnose.pattern import lazy

if TYPE_CHECKING:
    from diagnose.collect.device import Device
    from diagnose.model import Collected

TIMEOUT = 30.0
_BOOT = lazy(r"0|-\d{1,3}|all|[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f-]{27}")


def device_of(boot: str | None, timeout: float | None, kubeconfig: Path | None, journal_dir: Path | None, root: Path | None, since: int | None) -> Device:
    """Return the device that the options name. Raises `UsageError` for a boot, a time or a folder that cannot be."""
    from diagnose.collect.device import Device

    if boot is not None and not _BOOT.fullmatch(boot):
        raise UsageError(f"not a boot: {boot!r}", "write 0, -1, -2 ..., a boot id of `journalctl --list-boots`, or all")
    if timeout is not None and not 0 < timeout <= 86_400:
        raise UsageError(f"not a time limit: {timeout:g}", "write seconds, such as 30")
    for option, folder in (("--journal-dir", journal_dir), ("--root", root)):
        if folder is not None and not folder.is_dir():
            raise UsageError(f"{option}: no such folder: {folder}")
    if kubeconfig is not None and not kubeconfig.is_file():
        raise UsageError(f"--kubeconfig: no such file: {kubeconfig}")
    return Device(root or Path("/"), journal_dir, boot or "0", since, kubeconfig, timeout or TIMEOUT)


def progress(write: Callable[[str], object] = sys.stderr.write) -> Callable[[dict[str, Collected], float], None]:
    """Return what tells a terminal which collectors ended, a line each, and on its last line which are still at work."""
    from diagnose.collect.live import COLLECTORS

    told: set[str] = set()

    def show(collected: dict[str, Collected], seconds: float) -> None:
        lines = [f"\r\x1b[K  {c.name:<8} {c.state:<8} {c.found:>9,}   {c.seconds:.1f} s\n" for c in collected.values() if c.name not in told]
        told.update(collected)
        left = [name for name in COLLECTORS if name not in collected]
        write("".join(lines) + (f"\r\x1b[K  reading {', '.join(left)} ... {seconds:.0f} s" if left else "\r\x1b[K"))
        sys.stderr.flush()

    return show
