"""Describes the machine in general terms: no names, no paths."""

from __future__ import annotations

import os
import platform
import re
from importlib import metadata
from pathlib import Path


def describe() -> str:
    """Return one line: cores, processor, memory, system, Python, and the engine of the scan."""
    cpu = _first("/proc/cpuinfo", r"model name\s*:\s*(.+)") or platform.machine()
    memory = _first("/proc/meminfo", r"MemTotal:\s*(\d+)")
    system = _first("/etc/os-release", r'PRETTY_NAME="?([^"\n]+)') or platform.system()
    parts = [f"{len(os.sched_getaffinity(0))} cores of {cpu}", f"{int(memory) / 1024**2:.0f} GiB" if memory else "", system]
    return ", ".join([*filter(None, parts), f"Python {platform.python_version()}", _engine()])


def _engine() -> str:
    try:
        return f"pyperscan {metadata.version('pyperscan')}"
    except metadata.PackageNotFoundError:
        return "no pyperscan"


def _first(path: str, pattern: str) -> str:
    try:
        found = re.search(pattern, Path(path).read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ""
    return found.group(1).strip() if found else ""
