"""The running node's journal: which files, units and boot, the newest entries first.

Sources: journald's folders in systemd src/libsystemd/sd-journal/sd-journal.c (add_search_paths; `<machine id>.<namespace>` for
LogNamespace=), what belongs to a unit in src/shared/logs-show.c (add_matches_for_unit), MicroShift's units in
packaging/systemd and docs/user/greenboot.md.
"""

from __future__ import annotations

import importlib
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from diagnose.collect import native
from diagnose.collect.device import Deadline, Device
from diagnose.collect.evidence import Evidence
from diagnose.collect.stream import ExportFormat, records
from diagnose.model import Gap, InputSeen, Record, Resource
from diagnose.parse.when import Clock, iso
from diagnose.pattern import lazy

UNITS = (
    "microshift.service", "crio.service", "microshift-etcd.scope", "microshift-ovs-init.service", "openvswitch.service", "ovs-vswitchd.service",
    "ovsdb-server.service", "NetworkManager.service", "firewalld.service", "greenboot-healthcheck.service", "redboot-task-runner.service",
    "microshift-cleanup-kubelet.service", "systemd-journald.service", "chronyd.service",
)  # fmt: skip
"""Units in whose lines a failed pod network, or its reason, can stand."""
SOURCE = "journal"
WINDOW = 50_000
"""Entries that are read together, oldest first; the newest window comes first, so that what is missing when time is up is what is oldest."""
_FOLDERS = ("/var/log/journal", "/run/log/journal")
_MACHINE = lazy(r"[0-9a-f]{32}(?:\.[\w.@:-]+)?")
_BOOT = lazy(r"[0-9a-f]{32}")


def folders(device: Device) -> list[Path]:
    """Return the folders of the node's journal files, of all journald namespaces, persistent and volatile."""
    if device.journal_dir is not None:
        return [device.journal_dir, *(p for p in sorted(device.journal_dir.rglob("*")) if p.is_dir())]
    found: list[Path] = []
    machine = _read(device.path("/etc/machine-id"))
    for place in _FOLDERS:
        try:
            inside = sorted(device.path(place).iterdir())
        except OSError:
            continue
        # Beside it, `remote` holds the journals of other machines.
        found += [p for p in inside if _MACHINE.fullmatch(p.name) and (not machine or p.name.startswith(machine))]
    return found


def files(device: Device) -> tuple[list[Path], list[Path]]:
    """Return the files in `folders`: those that may be read, and those that may not."""
    every: list[Path] = []
    for folder in folders(device):
        try:
            every += sorted(p for p in folder.iterdir() if p.name.endswith((".journal", ".journal~")))
        except OSError:
            continue
    return [p for p in every if os.access(p, os.R_OK)], [p for p in every if not os.access(p, os.R_OK)]


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace").strip()
    except OSError:
        return ""


def matches(boot: str, units: tuple[str, ...] = UNITS) -> list[tuple[str, ...]]:
    """Return what an entry must show, as `journalctl` takes it: one of these sets of fields, all of them."""
    own = (f"_BOOT_ID={boot}",) if boot else ()
    mine = tuple(f"_SYSTEMD_UNIT={u}" for u in units)
    about = tuple(f"UNIT={u}" for u in units)
    return [(*own, *mine), (*own, "_PID=1", *about), (*own, "_TRANSPORT=kernel", "_TRANSPORT=audit")]


def collect(device: Device, deadline: Deadline, out: Evidence) -> Iterator[Record | Resource]:
    """Yield the records of the units that matter, of the boot asked for; what cannot be read becomes a gap with its cure."""
    readable, denied = files(device)
    if denied:
        text = f"{len(denied)} of {len(denied) + len(readable)}"
        out.gaps.append(Gap(SOURCE, "", "sudo msnet diagnose; or, once: sudo usermod -aG systemd-journal $USER, and log in again", "journal-denied", values=(("n", text),)))  # fmt: skip
    elif not readable:
        where = str(device.journal_dir) if device.journal_dir is not None else " and ".join(str(device.path(f)) for f in _FOLDERS)
        out.gaps.append(Gap(SOURCE, "", "systemctl status systemd-journald; journalctl --header", "journal-none", values=(("folders", where),)))
    if not readable:
        return
    seen = InputSeen(SOURCE, "journal")
    out.inputs.append(seen)
    clock = Clock(datetime.now(UTC), UTC)
    try:
        # By name, since type checkers find neither the module where it is not installed nor types where it is.
        library = importlib.import_module("systemd._reader")
    except ImportError:
        found = _journalctl(device, readable, deadline, out, clock, seen)
    else:
        found = _windows(opened(library._Reader, readable, out), device, deadline, out, clock, seen)
    for record in found:
        seen.hear(record.program, record.time, record.boot, record.offset)
        yield record


def opened(reader_class: Any, paths: list[Path], out: Evidence) -> Any:
    """Return a reader of all files; sd-journal refuses all where it refuses one, so that one is left out and told."""
    good: list[Path] = []
    try:
        return _reader(reader_class, paths)
    except (OSError, ValueError):
        for path in paths:
            try:
                _reader(reader_class, [path]).close()
                good.append(path)
            except (OSError, ValueError) as e:
                out.gaps.append(Gap(str(path), f"this journal file cannot be read: {e}", "journalctl --verify; the other files were read"))
    return _reader(reader_class, good)


def _reader(reader_class: Any, paths: list[Path]) -> Any:
    reader = reader_class(flags=0, files=[str(p) for p in paths])
    reader.data_threshold = 0
    return reader


def narrow(reader: Any, boot: str) -> None:
    """Let the reader show only entries of `matches`."""
    reader.flush_matches()
    for number, fields in enumerate(matches(boot)):
        if number:
            reader.add_disjunction()
        for text in fields:
            reader.add_match(text)


def _windows(reader: Any, device: Device, deadline: Deadline, out: Evidence, clock: Clock, seen: InputSeen) -> Iterator[Record]:
    with reader:
        boot = _boot(reader, device)
        if boot is None:
            out.gaps.append(Gap(SOURCE, "", "journalctl --list-boots", "journal-boot", values=(("boot", device.boot),)))
            return
        narrow(reader, boot)
        reader.seek_tail()
        end = ""
        while reader._previous(WINDOW):
            if end and deadline.over:
                out.gaps.append(_cut(device, seen))
                return
            start = reader._get_cursor()
            last = device.since is not None and reader._get_realtime() < device.since
            if last:
                reader.seek_realtime(device.since)
                if not reader._next():
                    return
            window = native.Export(reader, end, deadline)
            part = InputSeen(SOURCE, "journal")
            name = f"{SOURCE}-{iso(reader._get_realtime())}"
            yield from records(out.whole(name, cast("BinaryIO", window), ExportFormat.kind), ExportFormat(), out.scan, clock, part)
            seen.join(part)
            if window.cut:
                out.gaps.append(_cut(device, seen if end else part))
                return
            if last:
                return
            end = start
            reader.seek_cursor(start)
            reader._next()


def _cut(device: Device, seen: InputSeen) -> Gap:
    """Return the gap of a journal of which not all was read in time."""
    since = iso(seen.first) if seen.first is not None else "-"
    return Gap(SOURCE, "", f"sudo msnet diagnose --timeout {int(device.timeout * 4)}, or --since 1h", "journal-cut", values=(("since", since),))


def _boot(reader: Any, device: Device) -> str | None:
    """Return the id of the boot asked for, "" for all of them, None where there is none."""
    wanted = device.boot.replace("-", "") if len(device.boot) > 30 else device.boot
    if wanted == "all":
        return ""
    if _BOOT.fullmatch(wanted):
        return wanted
    if wanted == "0" and device.running and device.journal_dir is None:
        return _read(Path("/proc/sys/kernel/random/boot_id")).replace("-", "") or None
    boots = list(_boots(reader, -int(wanted) + 1))
    return boots[-int(wanted)] if len(boots) > -int(wanted) else None


def _boots(reader: Any, most: int) -> Iterator[str]:
    """Yield the ids of the newest boots, the newest first (as systemd src/shared/logs-show.c, discover_next_id)."""
    reader.flush_matches()
    reader.seek_tail()
    for _ in range(most):
        if not reader._previous():
            return
        try:
            boot = reader._get("_BOOT_ID").decode()
        except KeyError:
            return
        yield boot
        reader.add_match(f"_BOOT_ID={boot}")
        reader.seek_head()
        reader._next()
        first = reader._get_cursor()
        reader.flush_matches()
        reader.seek_cursor(first)
        reader._next()


def _journalctl(device: Device, paths: list[Path], deadline: Deadline, out: Evidence, clock: Clock, seen: InputSeen) -> Iterator[Record]:
    """Yield the same through `journalctl`, the oldest first: it knows no other order that keeps a message's lines together."""
    program = shutil.which("journalctl")
    if program is None:
        out.gaps.append(Gap(SOURCE, "neither systemd-python nor journalctl is installed", "pip install 'msnet-diagnose[journal]'"))
        return
    arguments = [program, "--output=export", "--all", "--quiet", *(f"--file={p}" for p in paths)]
    if device.boot != "all":
        arguments.append(f"--boot={device.boot}")
    if device.since is not None:
        arguments.append(f"--since=@{device.since // 1_000_000}")
    for number, fields in enumerate(matches("")):
        arguments += ["+"] * bool(number) + list(fields)
    run = deadline.start(arguments)
    try:
        yield from records(out.whole(SOURCE, cast("BinaryIO", run.stdout), ExportFormat.kind), ExportFormat(), out.scan, clock, seen)
        error = cast("BinaryIO", run.stderr).read().decode("utf-8", "replace").strip()
        if run.wait():
            out.gaps.append(_cut(device, seen) if deadline.over else Gap(SOURCE, f"journalctl: {error or run.returncode}", "journalctl --verify"))
    finally:
        run.kill()
        deadline.ended(run)
