"""The node's own state, from its files and from commands that only show: CNI, CRI-O, MicroShift, links, units, disks.

Sources: MicroShift packaging/rpm/microshift.spec and docs/user (paths, units), cri-o.conf.d(5), ip-address(8), bridge(8), firewall-cmd(1),
ausearch(8), systemctl(1), rpm(8), timedatectl(1).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from diagnose.collect.device import Deadline, Device
from diagnose.collect.evidence import Evidence
from diagnose.collect.journal import UNITS
from diagnose.model import Gap, InputSeen, Record, Resource, Where
from diagnose.parse import node as parse
from diagnose.parse.host import Fact
from diagnose.parse.tree import items

SOURCE = "node"
_CONF_DIR, _BIN_DIRS = "/etc/cni/net.d", ("/run/cni/bin", "/opt/cni/bin", "/usr/libexec/cni")
_STORES = ("/var/lib/cni", "/run/cni-ipam-state")
"""host-local's stores and the caches of libcni and Multus; the default dataDir, and what stands beside it (MicroShift's own examples)."""
_FILE, _FILES = 1024 * 1024, 20_000
"""Bytes of a file, and files of the stores, that are read."""
_MOUNTS = ("/", "/var", "/run", "/etc", "/var/lib/containers", "/var/log/journal")
_PROPERTIES = "Id,LoadState,ActiveState,SubState,Result,NRestarts,ExecMainStatus,UnitFileState,StateChangeTimestamp"
COMMANDS: dict[str, tuple[str, ...]] = {
    "ip_-d_-j_addr": ("ip", "-d", "-j", "addr"),
    "bridge_-j_link": ("bridge", "-j", "link"),
    "bridge_-j_vlan": ("bridge", "-j", "vlan"),
    "firewall-cmd_--list-all-zones": ("firewall-cmd", "--list-all-zones"),
}
"""Commands whose output the readers of saved evidence know, by the name that sos gives it."""
_UNITS = ("systemctl", "show", "--timestamp=unix", f"--property={_PROPERTIES}", "--", *UNITS)
_RPM = ("rpm", "-qa", "--queryformat", "%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}\\n")
_VERSION, _CRIO, _TIME = ("microshift", "version"), ("crio", "status", "config"), ("timedatectl", "show")
_DENIALS = ("ausearch", "--input-logs", "-m", "AVC,USER_AVC", "-ts", "boot")
ALL_COMMANDS = (*COMMANDS.values(), _UNITS, _RPM, _VERSION, _CRIO, _TIME, _DENIALS)
"""Everything that is ever run: nothing of it changes anything."""
_OPTIONAL = frozenset({"firewall-cmd", "rpm", "microshift", "crio", "timedatectl", "ausearch", "systemctl", "bridge"})
"""Programs whose absence is no blind spot: there is nothing for them to show, or files tell the same."""


class _Files:
    """Reads the node's files, and remembers which may not be read."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.denied: list[str] = []

    def read(self, path: Path) -> tuple[bytes, float] | None:
        """Return a file's bytes and when it was written; None where it is not there or may not be read."""
        try:
            with path.open("rb") as f:
                return f.read(_FILE), os.fstat(f.fileno()).st_mtime
        except PermissionError:
            self.denied.append(self.device.name(path))
        except OSError:
            pass
        return None

    def names(self, folder: str) -> list[str] | None:
        """Return the names of all files in a folder, sorted, [] where the running node has none; None where that is not known."""
        try:
            return sorted(e.name for e in os.scandir(self.device.path(folder)) if not e.is_dir())
        except PermissionError:
            self.denied.append(folder)
        except (FileNotFoundError, NotADirectoryError):
            return [] if self.device.running else None
        except OSError:
            pass
        return None

    def refused(self, error: OSError) -> None:
        """Take an error of `os.walk`."""
        if isinstance(error, PermissionError):
            self.denied.append(self.device.name(Path(str(error.filename))))

    def texts(self, *paths: Path) -> Iterator[tuple[str, bytes]]:
        """Yield the node's name and the bytes of each file that can be read."""
        for path in paths:
            found = self.read(path)
            if found is not None:
                yield self.device.name(path), found[0]


def collect(device: Device, deadline: Deadline, out: Evidence) -> Iterator[Record | Resource]:
    """Yield the node's state; what may not be read is one gap, what is not there is none."""
    files = _Files(device)
    seen = InputSeen(SOURCE, "objects")
    out.inputs.append(seen)
    for fact in _facts(files, out):
        seen.lines += 1
        seen.programs.add(f"kind:{fact.kind}")
        yield Resource(fact.kind, fact.namespace, fact.name, fact.body, Where(_source(fact)))
    yield from _stores(files, out)
    if device.running:
        yield from _commands(deadline, out, files, seen)
    else:
        yield from out.read(_saved(device))
    if files.denied:
        what = ", ".join(sorted(set(files.denied))[:5]) + (" ..." if len(set(files.denied)) > 5 else "")
        out.gaps.append(Gap(SOURCE, "", "sudo msnet diagnose", "node-denied", values=(("what", what),)))


def _source(fact: Fact) -> str:
    """Return the file or folder that tells a fact."""
    if fact.kind == parse.CONF:
        return f"{fact.namespace}/{fact.name}"
    return fact.name if fact.name.startswith("/") else SOURCE


def _facts(files: _Files, out: Evidence) -> Iterator[Fact]:
    """Yield what the node's files tell."""
    device = files.device
    crio = list(_crio(files, out))
    yield from crio
    folders = dict.fromkeys([_CONF_DIR, *(str(f.body["network_dir"]).rstrip("/") for f in crio if f.body["network_dir"])])
    for folder in folders:
        names = files.names(folder)
        if names is not None:
            yield Fact(parse.CONF_DIR, "", folder, {"names": names})
        for name in names or ():
            found = files.read(device.path(f"{folder}/{name}")) if name.endswith((".conf", ".conflist", ".json")) else None
            if found is not None:
                yield parse.of_conf(f"{folder}/{name}", *found)
    for path in sorted(device.path(_CONF_DIR).glob("*/*.kubeconfig")):
        for name, raw in files.texts(path):
            yield from parse.of_kubeconfig(name, raw)
    for folder in dict.fromkeys([*_BIN_DIRS, *(str(d).rstrip("/") for f in crio for d in items(f.body["plugin_dirs"]))]):
        yield from _programs(files, folder)
    yield from _config(files, out)
    yield from _system(files)


def _crio(files: _Files, out: Evidence) -> Iterator[Fact]:
    """Yield CRI-O's configuration: /etc/crio/crio.conf, then its drop-ins in name order; nothing where one of them could not be read."""
    device, denied = files.device, len(files.denied)
    paths = [device.path("/etc/crio/crio.conf"), *(p for p in device.files("/etc/crio/crio.conf.d") if p.suffix == ".conf" or p.name[:2].isdigit())]
    texts = list(files.texts(*paths))
    facts, broken = parse.of_crio(texts)
    out.gaps += [Gap(path, f"no valid TOML: {why}", f"sudo crio --config {path} config", hides=False) for path, why in broken]
    yield from facts if texts and not broken and len(files.denied) == denied else ()


def _config(files: _Files, out: Evidence) -> Iterator[Fact]:
    """Yield MicroShift's configuration: config.yaml, then config.d in lexical order; nothing where one of them could not be read."""
    device, denied = files.device, len(files.denied)
    try:
        more = sorted(device.path("/etc/microshift/config.d").rglob("*.yaml"))
    except OSError:
        more = []
    facts, broken = parse.of_config(files.texts(device.path("/etc/microshift/config.yaml"), *more))
    out.gaps += [Gap(path, f"no valid YAML: {why}", "microshift show-config", hides=False) for path, why in broken]
    yield from facts if not broken and len(files.denied) == denied else ()


def _programs(files: _Files, folder: str) -> Iterator[Fact]:
    names = files.names(folder)
    if names is not None:
        path = files.device.path(folder)
        unfit = [n for n in names if not os.access(path / n, os.X_OK)]
        yield Fact(parse.BIN_DIR, "", folder, {"present": path.is_dir(), "names": names, "not_executable": unfit})


def _system(files: _Files) -> Iterator[Fact]:
    """Yield disks, memory, inotify and SELinux: the kernel's word, in files that everybody may read."""
    device = files.device
    for mount in _MOUNTS if device.running else ():
        try:
            s = os.statvfs(mount)
        except OSError:
            continue
        yield Fact(
            parse.FILESYSTEM, "", mount, {"size": s.f_blocks * s.f_frsize, "free": s.f_bavail * s.f_frsize, "inodes": s.f_files, "inodes_free": s.f_favail}
        )
    for _, raw in files.texts(device.path("/proc/meminfo")):
        yield from parse.of_meminfo(raw.decode("ascii", "replace"))
    limits = {
        key: int(raw)
        for key in ("max_user_watches", "max_user_instances")
        for _, raw in files.texts(device.path(f"/proc/sys/fs/inotify/{key}"))
        if raw.strip().isdigit()
    }
    if limits:
        yield Fact(parse.INOTIFY, "", "inotify", {**dict.fromkeys(("max_user_watches", "max_user_instances")), **limits, "instances_used": None})
    for _, raw in files.texts(device.path("/sys/fs/selinux/enforce")):
        yield Fact(parse.SELINUX, "", "selinux", {"mode": "Enforcing" if raw.strip() == b"1" else "Permissive"})


def _stores(files: _Files, out: Evidence) -> Iterator[Record | Resource]:
    """Yield leases and cached CNI results, as the readers of saved evidence know them by their paths."""
    count = 0
    for store in _STORES:
        for folder, names, found in os.walk(files.device.path(store), onerror=files.refused):
            names.sort()
            for name in sorted(found):
                count += 1
                if count > _FILES:
                    out.gaps.append(Gap(SOURCE, f"more than {_FILES} files beneath {', '.join(_STORES)}", f"ls {store}", hides=False))
                    return
                read = files.read(Path(folder) / name)
                if read is not None:
                    yield from out.content(files.device.name(Path(folder) / name), *read)


def _saved(device: Device) -> list[str]:
    """Return the saved outputs of commands in a tree: right in it, or where sos puts them; journals are the journal collector's."""
    found = [str(p) for p in device.files("/")]
    for folder, names, files in os.walk(device.path("/sos_commands")):
        names.sort()
        found += [os.path.join(folder, f) for f in sorted(files) if not f.startswith("journalctl")]
    return found


# --- commands ---------------------------------------------------------------------------------------------------------


def _commands(deadline: Deadline, out: Evidence, files: _Files, seen: InputSeen) -> Iterator[Record | Resource]:
    """Yield what commands show of the running node."""
    for name, arguments in COMMANDS.items():
        text = _run(deadline, out, files, arguments)
        if text.strip() not in (b"", b"[]"):
            yield from out.content(name, text)
    facts: list[Fact] = []
    facts += parse.of_units(_run(deadline, out, files, _UNITS).decode("utf-8", "replace"))
    facts += parse.of_packages(_run(deadline, out, files, _RPM).decode("utf-8", "replace"))
    facts += parse.of_version(_run(deadline, out, files, _VERSION).decode("utf-8", "replace"))
    facts += parse.of_file("/crio_status_config", _run(deadline, out, files, _CRIO, quiet=True))
    facts += _synchronized(_run(deadline, out, files, _TIME, quiet=True).decode("utf-8", "replace"))
    for fact in facts:
        seen.lines += 1
        seen.programs.add(f"kind:{fact.kind}")
        yield Resource(fact.kind, fact.namespace, fact.name, fact.body, Where(SOURCE))
    denials = _run(deadline, out, files, _DENIALS, quiet=True)
    if denials.strip():
        yield from out.content("ausearch_-m_avc_-ts_boot", denials)


def _run(deadline: Deadline, out: Evidence, files: _Files, arguments: tuple[str, ...], *, quiet: bool = False) -> bytes:
    """Return what a command printed. Its failure is a gap, but where it is not installed, may not ask, or `quiet` where files tell the same."""
    said = deadline.run(list(arguments))
    if not said.error:
        return said.text
    program = arguments[0]
    if said.code is None and said.error.endswith("is not installed"):
        if program not in _OPTIONAL:
            out.gaps.append(Gap(SOURCE, "", f"install {program}", "node-command", values=(("command", " ".join(arguments[:4])), ("why", said.error))))
    elif any(word in said.error.lower() for word in ("permission", "not authorized", "denied", "must be root", "superuser")):
        files.denied.append(program)
    elif not quiet and not any(word in said.error.lower() for word in ("not running", "not been booted", "failed to connect to bus")):
        out.gaps.append(
            Gap(
                SOURCE,
                "",
                f"sudo {' '.join(arguments[:4])}",
                "node-command",
                hides=False,
                values=(("command", " ".join(arguments[:4])), ("why", said.error[:200])),
            )
        )
    return said.text if said.code is not None else b""


def _synchronized(text: str) -> Iterable[Fact]:
    values = parse.pairs(text)
    if "NTPSynchronized" in values:
        yield Fact(parse.TIME_SYNC, "", "time", {"synchronized": values["NTPSynchronized"] == "yes", "by": "NTP" if values.get("NTP") == "yes" else ""})
