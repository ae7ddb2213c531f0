"""The node's own state, from its files and from commands that only show: CNI, CRI-O, MicroShift, links, units, disks.

Sources: MicroShift packaging/rpm/microshift.spec and docs/user (paths, units), cri-o.conf.d(5), ip-address(8), bridge(8), firewall-cmd(1),
ausearch(8), systemctl(1), rpm(8), timedatectl(1).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from diagnose.collect import journal, layout
from diagnose.collect.device import Deadline, Device, Output
from diagnose.collect.evidence import Evidence
from diagnose.model import Gap, InputSeen, Record, Resource, Where
from diagnose.parse import node as parse
from diagnose.parse.host import Fact, is_stored, of_file
from diagnose.parse.tree import items, mapping

SOURCE = "node"
_CONF_DIR = "/etc/cni/net.d"
_STORES = ("/var/lib/cni", "/run/cni-ipam-state")
"""host-local's stores and the caches of libcni and Multus; the default dataDir, and what stands beside it (MicroShift's own examples)."""
_FILE, _FILES = 1024 * 1024, 20_000
"""Bytes of a file, and files of the stores, that are read."""
_PROPERTIES = "Id,LoadState,ActiveState,SubState,Result,NRestarts,ExecMainStatus,UnitFileState,StateChangeTimestamp"
COMMANDS: dict[str, tuple[str, ...]] = {
    "ip_-d_-j_addr": ("ip", "-d", "-j", "addr"),
    "bridge_-j_link": ("bridge", "-j", "link"),
    "bridge_-j_vlan": ("bridge", "-j", "vlan"),
    "firewall-cmd_--list-all-zones": ("firewall-cmd", "--list-all-zones"),
}
"""Commands whose output the readers of saved evidence know, by the name that sos gives it."""
_UNITS = ("systemctl", "show", "--timestamp=unix", f"--property={_PROPERTIES}", "--", *journal.UNITS)
_RPM = ("rpm", "-qa", "--queryformat", "%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}\\n")
_VERSION, _TIME = ("microshift", "version"), ("timedatectl", "show")
_CRIO = (("crio", "status", "config"), ("crio", "config"))
"""What the running CRI-O uses; where it does not answer, what it would."""
_DENIALS = ("ausearch", "--input-logs", "--raw", "-m", "AVC,USER_AVC", "-ts", "boot")
_AUDIT, _TAIL = "/var/log/audit/audit.log", 4 * 1024 * 1024
ALL_COMMANDS: tuple[tuple[str, ...], ...] = (*COMMANDS.values(), _UNITS, _RPM, _VERSION, *_CRIO, _TIME, _DENIALS)
"""Everything that is ever run: nothing of it changes anything."""
_OPTIONAL = frozenset({"firewall-cmd", "rpm", "microshift", "crio", "timedatectl", "ausearch", "systemctl", "bridge"})
"""Programs whose absence is no blind spot: there is nothing for them to show, or files tell the same."""
_ELSEWHERE = frozenset({"crio", "timedatectl", "ausearch"})
"""Programs whose failure is none: CRI-O's files and the journal tell the same, and `ausearch` fails where it finds nothing."""
_AT_ONCE = 4
"""Commands that run side by side."""


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
            with os.scandir(self.device.path(folder)) as entries:
                return sorted(e.name for e in entries if not e.is_dir())
        except PermissionError:
            self.denied.append(folder)
        except (FileNotFoundError, NotADirectoryError):
            return [] if self.device.running else None
        except OSError:
            pass
        return None

    def beneath(self, folder: str) -> list[Path]:
        """Return the files of a folder and its folders in the order in which CRI-O and MicroShift merge theirs."""
        found = [Path(f) / n for f, _, names in os.walk(self.device.path(folder), onerror=self.refused) for n in names if parse.is_layer(n)]
        return sorted(found, key=lambda p: parse.in_order(str(p)))

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
        yield _resource(fact, _source(fact), seen)
    yield from _stores(files, out)
    if device.running:
        yield from _commands(deadline, out, files, seen)
    else:
        yield from out.read(_saved(device))
        yield from _denials(files, out)
    if files.denied:
        what = ", ".join(sorted(set(files.denied))[:5]) + (" ..." if len(set(files.denied)) > 5 else "")
        out.gaps.append(Gap(SOURCE, "", "sudo msnet diagnose", "node-denied", values=(("what", what),)))


def leases(device: Device, nads: Iterable[Resource], out: Evidence) -> Iterator[Record | Resource]:
    """Yield what lies in the host-local stores that NADs name and that `collect` did not read, because they are elsewhere.

    Who may write a NAD may name any folder (host-local backend/disk: dataDir/network name), and some files change by being read (/proc/kmsg):
    only files that are named as host-local names its own are opened.
    """
    files = _Files(device)
    folders = {f for nad in nads if (f := _store(nad)) and not f.startswith(tuple(f"{s}/" for s in _STORES))}
    for folder in sorted(folders):
        for path in filter(lambda p: is_stored(p.name), device.files(folder)):
            found = files.read(path)
            if found is not None and of_file(device.name(path), *found):
                yield from out.content(device.name(path), *found)


def _store(nad: Resource) -> str:
    """Return the folder in which a NAD's own dataDir keeps its leases, or ""."""
    try:
        config = mapping(json.loads(str(mapping(nad.body.get("spec")).get("config"))))
    except (ValueError, RecursionError):
        return ""
    plugins = [config, *map(mapping, items(config.get("plugins")))]
    folder = next((d for p in plugins if isinstance(d := mapping(p.get("ipam")).get("dataDir"), str) and d.startswith("/")), "")
    path = os.path.normpath(f"{folder}/{config.get('name') or nad.name}") if folder else ""
    return "" if "\0" in path else path


def _resource(fact: Fact, source: str, seen: InputSeen) -> Resource:
    """Return a fact as what `source` tells, counted into `seen`."""
    seen.lines += 1
    seen.programs.add(f"kind:{fact.kind}")
    return Resource(fact.kind, fact.namespace, fact.name, fact.body, Where(source))


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
                out.kept(f"{folder}/{name}", found[0])
                yield parse.of_conf(f"{folder}/{name}", *found)
    kubeconfigs = (p for p in files.beneath(_CONF_DIR) if p.suffix == ".kubeconfig" and p.parent.parent == device.path(_CONF_DIR))
    for name, raw in files.texts(*kubeconfigs):
        yield from parse.of_kubeconfig(name, raw)
    for folder in dict.fromkeys([*parse.BIN_DIRS, *(str(d).rstrip("/") for f in crio for d in items(f.body["plugin_dirs"]))]):
        yield from _programs(files, folder)
    yield from _config(files, out)
    yield from _system(files)


def _crio(files: _Files, out: Evidence) -> Iterator[Fact]:
    """Yield CRI-O's configuration: /etc/crio/crio.conf, then its drop-ins in name order; nothing where one of them could not be read."""
    device, denied = files.device, len(files.denied)
    texts = list(files.texts(device.path("/etc/crio/crio.conf"), *files.beneath("/etc/crio/crio.conf.d")))
    for name, raw in texts:
        out.kept(name, raw)
    facts, broken = parse.of_crio(texts)
    out.gaps += [Gap(path, f"no valid TOML: {why}", f"sudo crio --config {path} config", hides=False) for path, why in broken]
    yield from facts if texts and not broken and len(files.denied) == denied else ()


def _config(files: _Files, out: Evidence) -> Iterator[Fact]:
    """Yield MicroShift's configuration: config.yaml, then config.d in lexical order; nothing where one of them could not be read."""
    device, denied = files.device, len(files.denied)
    more = [p for p in files.beneath("/etc/microshift/config.d") if p.suffix in (".yaml", ".yml")]
    texts = list(files.texts(device.path("/etc/microshift/config.yaml"), *more))
    for name, raw in texts:
        out.kept(name, raw)
    facts, broken = parse.of_config(texts)
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
    for mount in parse.MOUNTS if device.running else ():
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
        used = _inotify_used() if device.running else None
        yield Fact(parse.INOTIFY, "", "inotify", {**dict.fromkeys(("max_user_watches", "max_user_instances")), **limits, "instances_used": used})
    modes = [{b"1": "Enforcing", b"0": "Permissive"}.get(raw.strip(), "") for _, raw in files.texts(device.path("/sys/fs/selinux/enforce"))]
    if device.running and not device.path("/sys/fs/selinux").is_dir():
        modes = ["Disabled"]
    for mode in filter(None, modes):
        yield Fact(parse.SELINUX, "", "selinux", {"mode": mode})


def _inotify_used() -> int | None:
    """Return how many inotify instances root's processes hold, of which the limit is one user's (inotify(7)); None for who may not see them."""
    if os.geteuid() != 0:
        return None
    used = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.stat().st_uid == 0:
                with os.scandir(process / "fd") as opened:
                    used += sum(os.readlink(f.path) == "anon_inode:inotify" for f in opened)
        except OSError:
            continue
    return used


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
    """Return the saved outputs of commands in a tree: right in it, or where sos puts them; the journal as text only where there is no other."""
    found = [str(p) for p in device.files("/")]
    journals = any(journal.files(device))
    for folder, names, files in os.walk(device.path("/sos_commands")):
        names.sort()
        paths = (os.path.join(folder, f) for f in sorted(files) if not (journals and f.startswith("journalctl")))
        found += [p for p in paths if layout.matters(os.path.relpath(p, device.root))]
    return found


def _denials(files: _Files, out: Evidence) -> Iterator[Record | Resource]:
    """Yield what SELinux denied by the audit log itself, of which the end is read."""
    path = files.device.path(_AUDIT)
    try:
        with path.open("rb") as f:
            f.seek(max(0, os.fstat(f.fileno()).st_size - _TAIL))
            lines = [line for line in f if b"AVC" in line]
    except PermissionError:
        files.denied.append(_AUDIT)
        return
    except OSError:
        return
    if lines:
        yield from out.content(_AUDIT, b"".join(lines))


# --- commands ---------------------------------------------------------------------------------------------------------


def _commands(deadline: Deadline, out: Evidence, files: _Files, seen: InputSeen) -> Iterator[Record | Resource]:
    """Yield what commands show of the running node; they run side by side, since one that hangs must not cost the others their time."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        said = dict(zip(ALL_COMMANDS, pool.map(deadline.run, [list(c) for c in ALL_COMMANDS]), strict=True))
    shown = {c: _shown(c, said[c], out, files) for c in ALL_COMMANDS}
    for name, command in COMMANDS.items():
        if shown[command].strip() not in (b"", b"[]"):
            yield from out.content(name, shown[command])
    for command in (_UNITS, _RPM, _VERSION, *_CRIO, _TIME):
        if shown[command].strip():
            out.kept(" ".join(command[:3]), shown[command])
    texts = {c: raw.decode("utf-8", "replace") for c, raw in shown.items()}
    facts = [*parse.of_units(texts[_UNITS]), *parse.of_packages(texts[_RPM]), *parse.of_version(texts[_VERSION]), *parse.of_clock(texts[_TIME])]
    crio = [f for c in _CRIO for f in parse.of_file("/crio_config", shown[c])]
    for fact in [*facts, *crio[:1]]:
        yield _resource(fact, SOURCE, seen)
    if said[_DENIALS].code is None:
        yield from _denials(files, out)
    elif shown[_DENIALS].strip():
        yield from out.content("ausearch", shown[_DENIALS])


def _shown(command: tuple[str, ...], said: Output, out: Evidence, files: _Files) -> bytes:
    """Return what a command printed; nothing where it failed, since a part of a list looks like all of it.

    Its failure is a gap, but where it is not installed, may not ask, or where other sources tell the same.
    """
    program, error = command[0], said.error.lower()
    if not error or (said.code is None and program in _OPTIONAL and error.endswith("is not installed")):
        return said.text
    if any(word in error for word in ("permission", "not authorized", "denied", "must be root", "superuser")):
        files.denied.append(program)
    elif program not in _ELSEWHERE and not any(word in error for word in ("not running", "not been booted", "failed to connect to bus")):
        short = " ".join(command[:4])
        out.gaps.append(Gap(SOURCE, "", f"sudo {short}", "node-command", hides=program == "ip", values=(("command", short), ("why", said.error[:200]))))
    return b""
