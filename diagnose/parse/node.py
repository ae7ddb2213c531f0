"""The node's own configuration and state as files and commands show it: CNI, CRI-O, MicroShift, units, packages, kubeconfigs.

Sources: cri-o pkg/config/config.go (crio.network) and its drop-ins in name order, pkg/config/template.go (`crio config`), MicroShift
pkg/config/files.go (config.d as JSON merge patches, RFC 7396), containernetworking cni libcni/conf.go, systemctl(1), rpm(8) `-qa`, df(1),
sestatus(8), timedatectl(1), chronyc(1), sos sos/report/plugins/{crio,microshift,rpm,filesys,systemd,selinux,chrony}.py.
"""

from __future__ import annotations

import base64
import json
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, cast

from diagnose.parse.host import Fact
from diagnose.parse.tree import items, mapping
from diagnose.pattern import lazy
from diagnose.record import dataclass, field

CONF: Final = "CniConf"
"""One file of CNI configuration: the resource's namespace is its folder."""
CONF_DIR: Final = "CniConfDir"
"""The names of all files in a folder of CNI configuration."""
BIN_DIR: Final = "CniBinDir"
"""The programs in a folder of CNI plugins."""
CRIO: Final = "CrioConfig"
KUBECONFIG: Final = "Kubeconfig"
UNIT: Final = "Unit"
PACKAGE: Final = "Package"
CONFIG: Final = "MicroshiftConfig"
VERSION: Final = "MicroshiftVersion"
FILESYSTEM: Final = "Filesystem"
MEMORY: Final = "Memory"
INOTIFY: Final = "Inotify"
SELINUX: Final = "Selinux"
TIME_SYNC: Final = "TimeSync"

SMALL: Final = 1024 * 1024
"""Bytes up to which a file is read that is known by its path."""
MOUNTS: Final = ("/", "/etc", "/run", "/sysroot", "/var", "/var/lib", "/var/lib/containers", "/var/lib/kubelet", "/var/log/journal")
"""File systems that a pod's network, or the kubelet, needs."""
_NETWORK_KEYS = ("cni_default_network", "network_dir", "plugin_dirs")
_PACKAGES = lazy(
    r"^(?P<name>microshift[a-z-]*|cri-o|cri-tools|crun|runc|conmon|openvswitch[\d.a-z-]*|NetworkManager(?:-ovs)?|firewalld|greenboot[a-z-]*|containernetworking-plugins|container-selinux|selinux-policy|kernel(?:-core)?|openshift-clients)"
    r"-(?P<version>[^-\s]+-[^-\s]+?)(?:\.(?:noarch|x86_64|aarch64))?(?:\s|$)"
)
_UNITS = lazy(
    r"(?m)^[^\w\n]*(?P<name>(?:microshift[\w-]*|crio|openvswitch|ovs-vswitchd|ovsdb-server|NetworkManager|firewalld|greenboot-healthcheck|redboot-task-runner|chronyd)"
    r"\.(?:service|scope)) +(?P<load>loaded|masked|error|bad-setting) +(?P<active>\w+) +(?P<sub>[\w-]+)"
)
_DF = lazy(r"(?m)^\S+ +(?P<size>\d+) +\d+ +(?P<free>\d+) +(?:\d+%|-) +(?P<path>/\S*)$")
_CERTIFICATE = lazy(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)
_COMMENTED = lazy(r"(?m)^# (?:(?:cni_default_network|network_dir) = .*|plugin_dirs = \[\n(?:# \t.*\n)*# \])$")
BIN_DIRS: Final = ("/run/cni/bin", "/opt/cni/bin", "/usr/libexec/cni")
"""Where CNI plugins are: MicroShift's own, Multus' default, and the packages'."""
_RELEASED = lazy(r"(?m)^MicroShift Version: *(\S+)")
_UNIT_KEYS = ("LoadState", "ActiveState", "SubState", "Result", "NRestarts", "ExecMainStatus", "UnitFileState")


def of_file(source: str, raw: bytes, mtime: float | None = None) -> list[Fact]:
    """Return what a file of the node tells, known by its path, in a saved tree or a sos report too; [] for any other file."""
    known = _reader_of(source)
    return known[1](known[0], raw, mtime) if known is not None and len(raw) <= SMALL else []


def is_known(source: str) -> bool:
    """Return True if `of_file` knows such a path."""
    return _reader_of(source) is not None


def _reader_of(source: str) -> tuple[str, _Reader] | None:
    """Return the node's own name of a file, and who reads it."""
    path = _path(source)
    return next(((m[0], reader) for pattern, reader in _FILES if (m := pattern.search(path)) is not None), None)


def _path(source: str) -> str:
    """Return an input's path within its archive, from / on."""
    return "/" + source.replace("\\", "/").rpartition("!")[2].lstrip("/")


def of_conf(path: str, raw: bytes, mtime: float | None = None) -> Fact:
    """Return one file of CNI configuration (libcni/conf.go: JSON, a plugin or a list of them)."""
    text = raw.decode("utf-8", "replace")
    conf, error = dict[str, Any](), ""
    try:
        conf = mapping(json.loads(text))
        error = "" if conf else "no JSON object"
    except (ValueError, RecursionError) as e:
        error = str(e)
    folder, _, name = path.rpartition("/")
    return Fact(CONF, folder, name, {"text": text, "mtime": mtime, "conf": conf or None, "error": error})


def of_kubeconfig(path: str, raw: bytes, _mtime: float | None = None) -> list[Fact]:
    """Return a kubeconfig's server and when what is in it expires, microseconds since the epoch; never the credentials."""
    import yaml

    body: dict[str, Any] = {"server": "", "token_expires": None, "certificate_expires": None, "ca_expires": None, "error": ""}
    try:
        config = mapping(yaml.safe_load(raw))
    except (yaml.YAMLError, RecursionError, UnicodeDecodeError):
        return [Fact(KUBECONFIG, "", path, body | {"error": "no valid YAML"})]
    cluster = next((mapping(mapping(c).get("cluster")) for c in items(config.get("clusters"))), dict[str, Any]())
    user = next((mapping(mapping(u).get("user")) for u in items(config.get("users"))), dict[str, Any]())
    body["server"] = str(cluster.get("server") or "")
    body["token_expires"] = _token_expires(str(user.get("token") or ""))
    body["certificate_expires"] = _certificates_expire(user.get("client-certificate-data"))
    body["ca_expires"] = _certificates_expire(cluster.get("certificate-authority-data"))
    if not cluster:
        body["error"] = "no clusters in it"
    return [Fact(KUBECONFIG, "", path, body)]


def _token_expires(token: str) -> int | None:
    """Return `exp` of a JWT (RFC 7519); None for a token that is none, or has none."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = mapping(json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))))
    except (ValueError, RecursionError):
        return None
    expires = claims.get("exp")
    return int(expires * 1_000_000) if isinstance(expires, (int, float)) else None


def _certificates_expire(data: object) -> int | None:
    """Return when the last of the certificates in base64 `data` expires: an old CA beside a new one is no fault."""
    try:
        pem = base64.b64decode(data) if isinstance(data, str) else b""
    except ValueError:
        return None
    return max(certificate_ends(pem), default=None)


def certificate_ends(pem: bytes) -> list[int]:
    """Return when each certificate in PEM expires (RFC 5280 4.1.2.5: notAfter), microseconds since the epoch; what is none is left out."""
    found: list[int] = []
    for m in _CERTIFICATE.finditer(pem):
        try:
            whole = next(_der(base64.b64decode(m[1])))
            # version [0] is optional; then serialNumber, signature, issuer, validity.
            parts = [part for part in _der(next(_der(whole[1]))[1]) if part[0] != _VERSION_TAG]
            _, (tag, end) = _der(parts[3][1])
            found.append(_der_time(tag, end.decode("ascii")))
        except (ValueError, IndexError, StopIteration):
            continue
    return found


_VERSION_TAG, _UTC_TIME = 0xA0, 0x17


def _der(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of each element in DER (X.690 8.1)."""
    at = 0
    while at < len(data):
        tag, size, at = data[at], data[at + 1], at + 2
        if size & 0x80:
            more = size & 0x7F
            size, at = int.from_bytes(data[at : at + more], "big"), at + more
        yield tag, data[at : at + size]
        at += size


def _der_time(tag: int, text: str) -> int:
    if tag == _UTC_TIME:  # two digits of the year: 50 to 99 are of the twentieth century
        text = ("19" if text >= "50" else "20") + text
    return int(datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()) * 1_000_000


def of_crio(files: Iterable[tuple[str, bytes]], *, sure: bool = False) -> tuple[list[Fact], list[tuple[str, str]]]:
    """Return CRI-O's network configuration of its files in the order in which it reads them, and the files that are no TOML, with the reason.

    `sure`: it is what `crio config` or `crio status config` printed.
    """
    import tomllib

    found: dict[str, Any] = {"cni_default_network": "", "network_dir": "", "plugin_dirs": []}
    origin: dict[str, str] = {}
    broken: list[tuple[str, str]] = []
    for path, raw in files:
        try:
            network = mapping(mapping(tomllib.loads(raw.decode("utf-8", "replace")).get("crio")).get("network"))
        except (ValueError, RecursionError) as e:
            broken.append((path, str(e)))
            continue
        for key in _NETWORK_KEYS:
            if key in network:
                found[key] = network[key]
                origin[key] = path
    return [Fact(CRIO, "", "effective", {**found, "from": origin, "sure": sure})], broken


def of_config(files: Iterable[tuple[str, bytes]]) -> tuple[list[Fact], list[tuple[str, str]]]:
    """Return MicroShift's configuration of its files in the order in which they are merged, and the files that are no YAML, with the reason."""
    import yaml

    merged: dict[str, Any] = {}
    origin: list[str] = []
    broken: list[tuple[str, str]] = []
    for path, raw in files:
        try:
            body = mapping(yaml.safe_load(raw))
        except (yaml.YAMLError, RecursionError, UnicodeDecodeError) as e:
            broken.append((path, " ".join(str(e).split())))
            continue
        merged = patched(merged, body)
        origin.append(path)
    # What is secret in it (kms, pull secrets) is nobody's question here.
    kept = {k: merged[k] for k in ("network", "apiServer", "node", "dns", "manifests", "ingress") if k in merged}
    if "apiServer" in kept:
        kept["apiServer"] = {k: v for k, v in mapping(kept["apiServer"]).items() if k in ("advertiseAddress", "subjectAltNames")}
    eviction = mapping(merged.get("kubelet")).get("evictionHard")
    kept |= {"kubelet": {"evictionHard": eviction}} if eviction else {}
    return [Fact(CONFIG, "", "effective", {**kept, "from": origin})] if origin else [], broken


def patched(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Return `target` with a JSON merge patch applied (RFC 7396): null takes away, lists are replaced whole."""
    result = dict(target)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = patched(mapping(result.get(key)), mapping(cast("object", value)))
        else:
            result[key] = value
    return result


def of_units(text: str) -> list[Fact]:
    """Return the units that `systemctl show --property=Id,... UNIT ...` printed: blocks of KEY=VALUE with a blank line between."""
    found: list[Fact] = []
    for block in text.split("\n\n"):
        values = pairs(block)
        name = values.get("Id", "")
        if name:
            body: dict[str, Any] = {k: values.get(k, "") for k in _UNIT_KEYS}
            body["NRestarts"] = int(values["NRestarts"]) if values.get("NRestarts", "").isdecimal() else 0
            body["StateChangeTimestamp"] = stamp(values.get("StateChangeTimestamp", ""))
            found.append(Fact(UNIT, "", name, body))
    return found


def pairs(text: str) -> dict[str, str]:
    """Return lines of KEY=VALUE."""
    return {key: value for key, equals, value in (line.partition("=") for line in text.splitlines()) if equals}


def stamp(text: str) -> int | None:
    """Return a time of `systemctl show --timestamp=unix` (@seconds), or of a plain one in UTC, in microseconds since the epoch."""
    m = re.fullmatch(r"@(\d+)(?:\.(\d{1,6}))?", text.strip())
    if m is not None:
        return int(m[1]) * 1_000_000 + int((m[2] or "0").ljust(6, "0")) or None
    m = re.fullmatch(r"(?:[A-Z][a-z]{2} )?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC", text.strip())
    return int(datetime.strptime(m[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()) * 1_000_000 if m is not None else None


def of_packages(text: str) -> list[Fact]:
    """Return the packages of the node's network in a list of name-version-release.arch, a line each (`rpm -qa`, sos installed-rpms)."""
    found = {m["name"]: m["version"] for line in text.splitlines() if (m := _PACKAGES.match(line)) is not None}
    return [Fact(PACKAGE, "", name, {"version": version}) for name, version in found.items()]


def of_version(text: str) -> list[Fact]:
    """Return the version that `microshift version` printed."""
    m = _RELEASED.search(text)
    return [Fact(VERSION, "", m[1], {})] if m is not None else []


def of_units_list(text: str) -> list[Fact]:
    """Return the units of MicroShift and its network that `systemctl list-units` printed: those that are loaded and not plainly inactive."""
    rest = {"Result": "", "NRestarts": 0, "ExecMainStatus": "", "UnitFileState": "", "StateChangeTimestamp": None}
    return [Fact(UNIT, "", m["name"], {"LoadState": m["load"], "ActiveState": m["active"], "SubState": m["sub"], **rest}) for m in _UNITS.finditer(text)]


def of_listing(text: str) -> list[Fact]:
    """Return the folders of CNI configuration in an `ls -lR` (sos plugin crio lists /etc/cni)."""
    found: list[Fact] = []
    names: list[str] | None = None
    for line in text.splitlines():
        head = re.fullmatch(r"(/\S*):", line.strip())
        if head is not None:
            names = [] if posixpath.basename(head[1]) == "net.d" else None
            if names is not None:
                found.append(Fact(CONF_DIR, "", head[1], {"names": names}))
        elif names is not None and line[:1] in "-l" and len(line.split()) > 8:
            names.append(_listed(line)[0])
    return found


_LISTED = lazy(r"[A-Za-z0-9][\w.-]*|[-l][r-]\S{8} .*")
"""A file in `ls`, or a file or link in `ls -l`."""


def _listed(line: str) -> tuple[str, bool]:
    """Return the name in a line of `ls` or `ls -l`, and whether it may be run (ls does not say so without -l)."""
    words = line.partition(" -> ")[0].split()
    return words[-1], len(words) < 9 or "x" in words[0]


def _of_programs(path: str, raw: bytes, _mtime: float | None) -> list[Fact]:
    """Return the programs in a folder of CNI plugins that `ls` or `ls -l` listed; the file's name tells the folder."""
    folder = next(f for f in BIN_DIRS if f.replace("/", "_") in path.replace(".", "_"))
    lines = raw.decode("utf-8", "replace").splitlines()
    if any(line.startswith("ls: ") for line in lines):
        return [Fact(BIN_DIR, "", folder, {"present": False, "names": [], "not_executable": []})] if b"No such file" in raw else []
    names = sorted(_listed(line) for line in lines if _LISTED.fullmatch(line.strip()))
    return [Fact(BIN_DIR, "", folder, {"present": True, "names": [n for n, _ in names], "not_executable": [n for n, fit in names if not fit]})]


def of_df(text: str) -> list[Fact]:
    """Return the file systems that `df` without -i shows, in bytes (its blocks are of 1 KiB); it tells nothing of inodes."""
    if not re.search(r"(?m)^Filesystem +1K-blocks ", text):
        return []
    found = {m["path"]: {"size": int(m["size"]) * 1024, "free": int(m["free"]) * 1024, "inodes": 0, "inodes_free": 0} for m in _DF.finditer(text)}
    return [Fact(FILESYSTEM, "", path, body) for path, body in found.items() if path in MOUNTS]


def of_sestatus(text: str) -> list[Fact]:
    """Return SELinux' mode as `sestatus` shows it."""
    m = re.search(r"(?m)^Current mode: +(enforcing|permissive)$|^SELinux status: +(disabled)$", text)
    return [Fact(SELINUX, "", "selinux", {"mode": (m[1] or m[2]).capitalize()})] if m is not None else []


def of_clock(text: str) -> list[Fact]:
    """Return whether the clock is synchronised, as `timedatectl`, `timedatectl show` or `chronyc tracking` says."""
    m = re.search(r"(?m)^(?:NTPSynchronized=| *(?:System clock|NTP) synchronized: )(?P<yes>yes|no)$|^Leap status +: (?P<leap>.+)$", text)
    if m is None:
        return []
    leap = (m["leap"] or "").strip()
    by = "chronyd" if leap else "NTP" if re.search(r"(?m)^NTP=yes$|^ *NTP service: active$", text) else ""
    return [Fact(TIME_SYNC, "", "time", {"synchronized": m["yes"] == "yes" if not leap else leap != "Not synchronised", "by": by})]


def of_meminfo(text: str) -> list[Fact]:
    """Return the memory that /proc/meminfo shows, in bytes (proc(5): kB are KiB)."""
    values = {m[1]: int(m[2]) * 1024 for m in re.finditer(r"(?m)^(MemTotal|MemAvailable): +(\d+) kB", text)}
    return [Fact(MEMORY, "", "memory", {"total": values["MemTotal"], "available": values["MemAvailable"]})] if len(values) == 2 else []


def _crio_config(_path: str, raw: bytes, _mtime: float | None) -> list[Fact]:
    # Log lines stand before the first table; `crio config` writes what equals its default, and some that does not, as a comment.
    text = raw.decode("utf-8", "replace")
    start = re.search(r"(?m)^\[crio\]", text)
    shown = _COMMENTED.sub(lambda m: m[0][2:].replace("\n# ", "\n"), text[start.start() :] if start is not None else "")
    facts, _ = of_crio([("crio config", shown.encode())], sure=True)
    return facts if facts[0].body["from"] else []


def _effective(_path: str, raw: bytes, _mtime: float | None) -> list[Fact]:
    return of_config([("microshift show-config", raw)])[0]


def _conf(path: str, raw: bytes, mtime: float | None) -> list[Fact]:
    return [of_conf(path, raw, mtime)]


def _of_text(reader: Callable[[str], list[Fact]]) -> _Reader:
    return lambda _path, raw, _mtime: reader(raw.decode("utf-8", "replace"))


_Reader = Callable[[str, bytes, float | None], list[Fact]]
_FILES: tuple[tuple[re.Pattern[str], _Reader], ...] = (
    (lazy(r"/etc/cni/net\.d/[^/]+\.(?:conf|conflist|json)$"), _conf),
    (lazy(r"/etc/cni/net\.d/[\w.-]+/[\w.-]+\.kubeconfig$"), of_kubeconfig),
    (lazy(r"/crio_(?:status_)?config$"), _crio_config),
    (lazy(r"/microshift_show-config_-m_effective$"), _effective),
    (lazy(r"/microshift_version$"), _of_text(of_version)),
    (lazy(r"/installed-rpms$"), _of_text(of_packages)),
    (lazy(r"/systemctl_list-units$"), _of_text(of_units_list)),
    (lazy(r"/df_-al(?:_[\w-]+)*$"), _of_text(of_df)),
    (lazy(r"/sestatus(?:_-\w+)?$"), _of_text(of_sestatus)),
    (lazy(r"/timedatectl$|/chronyc_(?:-n_)?tracking$"), _of_text(of_clock)),
    (lazy(r"/proc/meminfo$"), _of_text(of_meminfo)),
    (lazy(r"/ls_-al[a-zA-Z]*R[a-zA-Z]*_\.etc\.cni$"), _of_text(of_listing)),
    (lazy(r"/ls(?:_-\w+)?_[._]?(?:run[._]cni[._]bin|opt[._]cni[._]bin|usr[._]libexec[._]cni)(?:\.txt)?$"), _of_programs),
)
"""What is known by its path: the pattern's match is the node's own name of the file."""


# --- files that are merged --------------------------------------------------------------------------------------------

_LAYERS = lazy(r"/etc/(?:crio/crio\.conf(?:\.d/.+)?|microshift/config(?:\.yaml|\.d/.+\.ya?ml))$")


@dataclass(slots=True)
class Layers:
    """Configuration of CRI-O and MicroShift that stands in several files, each of a node of its own where several were saved."""

    _held: dict[str, list[tuple[str, bytes]]] = field(default_factory=dict[str, list[tuple[str, bytes]]])

    def hold(self, source: str, raw: bytes) -> bool:
        """Take a file if it is one of those; `raw` is all of it."""
        m = _LAYERS.search(_path(source))
        if m is None:
            return False
        self._held.setdefault(source.replace("\\", "/").removesuffix(m[0].lstrip("/")), []).append((m[0], raw))
        return True

    def facts(self) -> Iterator[tuple[str, Fact]]:
        """Yield what the files say together, after the place of each node's files; nothing where one of them is not valid.

        crio.conf alone says nothing: a drop-in wins, and MicroShift ships some. Nor does a drop-in that is not one of a folder.
        """
        for place, files in sorted(self._held.items()):
            files.sort(key=lambda f: in_order(f[0]))
            crio = [f for f in files if f[0].startswith("/etc/crio/")]
            facts, broken = of_crio(f for f in crio if is_layer(f[0]))
            if len(crio) > 1 and not broken:
                yield from ((place, f) for f in facts)
            facts, broken = of_config(f for f in files if f[0].startswith("/etc/microshift/"))
            if not broken:
                yield from ((place, f) for f in facts)


def is_layer(path: str) -> bool:
    """Return True if CRI-O reads this file of its folder: all but what is there to be read by people (cri-o pkg/config: UpdateFromPath)."""
    return not posixpath.basename(path).startswith((".", "README"))


def in_order(path: str) -> tuple[bool, list[str]]:
    """Return the place of a file among those that are merged: the main file, then the drop-ins by name (Go filepath.Walk)."""
    return ".d/" in path, path.split("/")
