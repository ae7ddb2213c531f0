"""The node's own configuration and state as files and commands show it: CNI, CRI-O, MicroShift, units, packages, kubeconfigs.

Sources: cri-o pkg/config/config.go (crio.network) and its drop-ins in name order, MicroShift pkg/config/files.go (config.d as JSON merge
patches, RFC 7396), containernetworking cni libcni/conf.go, systemctl(1) `show`, rpm(8) `-qa`, sos sos/report/plugins/{crio,microshift,rpm}.py.
"""

from __future__ import annotations

import base64
import binascii
import json
import posixpath
import re
import ssl
import tomllib
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final, cast

import yaml

from diagnose.parse.host import Fact
from diagnose.parse.tree import items, mapping

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

_SMALL = 1024 * 1024
"""Bytes of a configuration file that are read."""
_NETWORK_KEYS = ("cni_default_network", "network_dir", "plugin_dirs")
_PACKAGES = re.compile(
    r"^(?P<name>microshift[a-z-]*|cri-o|cri-tools|crun|runc|conmon|openvswitch[\d.a-z-]*|NetworkManager(?:-ovs)?|firewalld|greenboot[a-z-]*|containernetworking-plugins|container-selinux|selinux-policy|kernel(?:-core)?|openshift-clients)"
    r"-(?P<version>[^-\s]+-[^-\s]+?)(?:\.(?:noarch|x86_64|aarch64))?(?:\s|$)"
)
_RELEASED = re.compile(r"(?m)^MicroShift Version: *(\S+)")
_UNIT_KEYS = ("LoadState", "ActiveState", "SubState", "Result", "NRestarts", "ExecMainStatus", "UnitFileState")


def of_file(source: str, raw: bytes, mtime: float | None = None) -> list[Fact]:
    """Return what a file of the node tells, known by its path, in a saved tree or a sos report too; [] for any other file."""
    if len(raw) > _SMALL:
        return []
    path = source.replace("\\", "/").rpartition("!")[2]
    for pattern, reader in _FILES:
        m = pattern.search(f"/{path.lstrip('/')}")
        if m is not None:
            return reader(m[0], raw, mtime)
    return []


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
    body: dict[str, Any] = {"server": "", "token_expires": None, "certificate_expires": None, "ca_expires": None, "error": ""}
    try:
        config = mapping(yaml.safe_load(raw))
    except (yaml.YAMLError, RecursionError, UnicodeDecodeError):
        return [Fact(KUBECONFIG, "", path, body | {"error": "no valid YAML"})]
    cluster = next((mapping(mapping(c).get("cluster")) for c in items(config.get("clusters"))), dict[str, Any]())
    user = next((mapping(mapping(u).get("user")) for u in items(config.get("users"))), dict[str, Any]())
    body["server"] = str(cluster.get("server") or "")
    body["token_expires"] = _token_expires(str(user.get("token") or ""))
    body["ca_expires"] = _ca_expires(str(cluster.get("certificate-authority-data") or ""))
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


def _ca_expires(data: str) -> int | None:
    """Return when the last of the CA certificates in base64 `data` expires: an old one beside a new one is no fault."""
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=base64.b64decode(data).decode("ascii"))
        ends = [ssl.cert_time_to_seconds(str(c["notAfter"])) for c in context.get_ca_certs() if "notAfter" in c]
    except (ssl.SSLError, binascii.Error, ValueError):
        return None
    return int(max(ends) * 1_000_000) if ends else None


def of_crio(files: Iterable[tuple[str, bytes]], *, sure: bool = False) -> tuple[list[Fact], list[tuple[str, str]]]:
    """Return CRI-O's network configuration of its files in the order in which it reads them, and the files that are no TOML, with the reason.

    `sure`: it is what `crio config` or `crio status config` printed.
    """
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
            names.append(line.split()[-1] if " -> " not in line else line.split(" -> ")[0].split()[-1])
    return found


def of_meminfo(text: str) -> list[Fact]:
    """Return the memory that /proc/meminfo shows, in bytes (proc(5): kB are KiB)."""
    values = {m[1]: int(m[2]) * 1024 for m in re.finditer(r"(?m)^(MemTotal|MemAvailable): +(\d+) kB", text)}
    return [Fact(MEMORY, "", "memory", {"total": values["MemTotal"], "available": values["MemAvailable"]})] if len(values) == 2 else []


def _crio_config(_path: str, raw: bytes, _mtime: float | None) -> list[Fact]:
    # `crio status config` puts its answer behind a line of its own.
    start = re.search(rb"(?m)^\[crio\]", raw)
    facts, broken = of_crio([("crio config", raw[start.start() :] if start is not None else raw)], sure=True)
    return [] if broken or not facts[0].body["from"] else facts


def _effective(_path: str, raw: bytes, _mtime: float | None) -> list[Fact]:
    return of_config([("microshift show-config", raw)])[0]


def _conf(path: str, raw: bytes, mtime: float | None) -> list[Fact]:
    return [of_conf(path, raw, mtime)]


def _of_text(reader: Callable[[str], list[Fact]]) -> _Reader:
    return lambda _path, raw, _mtime: reader(raw.decode("utf-8", "replace"))


_Reader = Callable[[str, bytes, float | None], list[Fact]]
_FILES: tuple[tuple[re.Pattern[str], _Reader], ...] = (
    (re.compile(r"/etc/cni/net\.d/[^/]+\.(?:conf|conflist|json)$"), _conf),
    (re.compile(r"/etc/cni/net\.d/[\w.-]+/[\w.-]+\.kubeconfig$"), of_kubeconfig),
    (re.compile(r"/crio_(?:status_)?config$"), _crio_config),
    (re.compile(r"/microshift_show-config_-m_effective$"), _effective),
    (re.compile(r"/microshift_version$"), _of_text(of_version)),
    (re.compile(r"/installed-rpms$"), _of_text(of_packages)),
    (re.compile(r"/ls_-al[a-zA-Z]*R[a-zA-Z]*_\.etc\.cni$"), _of_text(of_listing)),
)
"""What is known by its path: the pattern's match is the node's own name of the file."""
