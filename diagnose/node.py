"""The node's own state as its files and commands show it: CNI and CRI-O configuration, units, packages, disks; its networks are in `host.py`."""

from __future__ import annotations

import posixpath
from typing import Any, Final, NamedTuple

from diagnose.model import Resource, Where
from diagnose.parse.tree import items, mapping
from diagnose.pattern import lazy
from diagnose.record import dataclass, field

CONF_DIR: Final = "/etc/cni/net.d"
"""CRI-O's default network_dir, which MicroShift does not change (cri-o pkg/config/config.go: cniConfigDir)."""
MULTUS_BIN_DIR: Final = "/opt/cni/bin"
"""Where Multus looks for plugins before CRI-O's plugin_dirs (multus-cni pkg/types/conf.go: defaultBinDir)."""
MULTUS_NETWORK, OVN_NETWORK = "multus-cni-network", "ovn-kubernetes"
"""The names in 00-multus.conf and 10-ovn-kubernetes.conf (microshift.md 3)."""
MULTUS_CONF, OVN_CONF = "00-multus.conf", "10-ovn-kubernetes.conf"
_EXTENSIONS = (".conf", ".conflist", ".json")
"""What CRI-O takes for CNI configuration (cri-o ocicni pkg/ocicni/ocicni.go: loadNetworks)."""
_MULTUS = ("multus", "multus-shim")
_MAIN = frozenset({"bridge", "macvlan", "ipvlan"})
_RPM = "microshift-multus"
_RELEASE = lazy(r"(\d+)\.(\d+)")
_IN_BINARY = (4, 19)
"""From this release on the configuration enables Multus, before it the package did (microshift.md 1)."""


class Conf(NamedTuple):
    """One CNI configuration file."""

    path: str
    network: str
    """The name inside it; "" where it has none or could not be read."""
    plugins: tuple[dict[str, Any], ...]
    error: str
    """Why it cannot be used; "" if it can, or if nobody knows."""
    known: bool
    """True if its content was read."""
    mtime: float | None
    """When it was written, seconds since the epoch."""
    where: Where

    @property
    def name(self) -> str:
        """The file's name."""
        return posixpath.basename(self.path)

    @property
    def multus(self) -> dict[str, Any] | None:
        """Multus' own section, if this is its file."""
        return next((p for p in self.plugins if p.get("type") in _MULTUS), None)


class Crio(NamedTuple):
    """CRI-O's effective network configuration."""

    network: str
    """cni_default_network; "" for the first file in name order."""
    folder: str
    plugin_dirs: tuple[str, ...]
    origin: str
    """The file that set cni_default_network; "" where nothing did or nobody knows."""
    sure: bool
    where: Where

    @property
    def drop_in(self) -> str:
        """The drop-in's name that set the network; "" for crio.conf itself."""
        return posixpath.basename(self.origin) if "/crio.conf.d/" in self.origin else ""


class Kubeconfig(NamedTuple):
    """A kubeconfig without its secrets; times in microseconds since the epoch."""

    path: str
    server: str
    expires: tuple[tuple[str, int], ...]
    """What in it expires (token, certificate, CA), and when."""
    where: Where


class Unit(NamedTuple):
    """One unit as `systemctl show` tells of it."""

    name: str
    active: str
    sub: str
    result: str
    restarts: int
    enabled: bool
    since: int | None
    """When it came into that state, microseconds since the epoch; None if never since the boot."""
    text: str
    where: Where


class Filesystem(NamedTuple):
    """One file system: bytes and inodes; `inodes` is 0 where it has no fixed number of them."""

    path: str
    size: int
    free: int
    inodes: int
    inodes_free: int
    where: Where


@dataclass(slots=True)
class Node:
    """What was held of the node's state; of two words on one thing the surer or newer stands, in whatever order they come."""

    _held: dict[tuple[str, str], Resource] = field(default_factory=dict[tuple[str, str], Resource])

    def hold(self, resource: Resource) -> None:
        """Take a fact of the node, or the Node object; other objects and the kinds of `host.py` are left alone."""
        if resource.kind not in _KINDS:
            return
        key = resource.kind, _name(resource)
        known = self._held.get(key)
        if known is None or _rank(known) < _rank(resource):
            self._held[key] = resource

    def of(self, kind: str) -> list[Resource]:
        """Return all facts of a kind, in the order of their names."""
        return [self._held[k] for k in sorted(self._held) if k[0] == kind]

    def one(self, kind: str) -> Resource | None:
        """Return the fact of a kind of which a node has one, or None where it is not known."""
        return next(iter(self.of(kind)), None)

    # --- MicroShift ---------------------------------------------------------------------------------------------------

    @property
    def packages(self) -> dict[str, str]:
        """Versions by package name; {} where nobody asked."""
        return {r.name: _text(r.body.get("version")) for r in self.of("Package")}

    @property
    def version(self) -> str:
        """MicroShift's version as it stands, or ""."""
        told = self.one("MicroshiftVersion")
        return told.name if told is not None else self.packages.get("microshift", "")

    @property
    def release(self) -> tuple[int, int] | None:
        """MicroShift's (major, minor)."""
        m = _RELEASE.search(self.version)
        return (int(m[1]), int(m[2])) if m is not None else None

    @property
    def network(self) -> dict[str, Any] | None:
        """The network section of MicroShift's effective configuration; None where that is not known."""
        config = self.one("MicroshiftConfig")
        return None if config is None else mapping(config.body.get("network"))

    @property
    def wants_multus(self) -> bool | None:
        """Whether MicroShift is to run Multus; None where the evidence does not tell (microshift.md 1)."""
        if self.network is not None and mapping(self.network.get("multus")).get("status") == "Enabled":
            return True
        if self.release is None:
            return None
        if self.release < _IN_BINARY:
            return _RPM in self.packages if self.packages else None
        return None if self.network is None else False

    @property
    def wants_ovn(self) -> bool:
        """False where MicroShift is told to bring no network of its own (network.cniPlugin: none)."""
        return (self.network or {}).get("cniPlugin") != "none"

    @property
    def lacks_package(self) -> bool:
        """True if the list of packages is at hand, and microshift-multus is not in it."""
        return "microshift" in self.packages and _RPM not in self.packages

    # --- CRI-O and CNI ------------------------------------------------------------------------------------------------

    @property
    def crio(self) -> Crio | None:
        """CRI-O's effective configuration, or None where it is not known: its own word goes before its files, which know where a value stands."""
        known = self.of("CrioConfig")
        if not known:
            return None
        told, files = known[0], known[-1]
        body = told.body
        same = body.get("cni_default_network") == files.body.get("cni_default_network")
        origin = _text(mapping(files.body.get("from")).get("cni_default_network")) if same else ""
        origin = origin if origin.startswith("/") else ""
        where = Where(origin) if origin else told.where
        dirs = tuple(_folder(x) for x in map(_text, items(body.get("plugin_dirs"))) if x)
        return Crio(_text(body.get("cni_default_network")), _folder(_text(body.get("network_dir")) or CONF_DIR), dirs, origin, body.get("sure") is True, where)

    @property
    def folder(self) -> str:
        """CRI-O's folder of CNI configuration."""
        return self.crio.folder if self.crio is not None else CONF_DIR

    def listing(self, folder: str) -> frozenset[str] | None:
        """Return the names of all files in a folder of CNI configuration, none if it is not there; None where nobody listed it."""
        told = self._held.get(("CniConfDir", folder)) or self._held.get(("CniConfDir", folder + "/"))
        return None if told is None else frozenset(_texts(told.body.get("names")))

    def confs(self) -> list[Conf] | None:
        """Return the CNI configuration files that CRI-O sees, in the order in which it does; None where nobody listed its folder."""
        names = self.listing(self.folder)
        if names is None:
            return None
        return [self._conf(posixpath.join(self.folder, n)) for n in sorted(names) if n.endswith(_EXTENSIONS)]

    def _conf(self, path: str) -> Conf:
        told = self._held.get(("CniConf", path))
        mtime = told.body.get("mtime") if told is not None else None
        written = mtime if isinstance(mtime, float) else None
        if told is None or told.body.get("text") is None:
            return Conf(path, "", (), "", known=False, mtime=written, where=Where(path))
        conf = mapping(told.body.get("conf"))
        plugins = tuple(mapping(p) for p in items(conf.get("plugins"))) if "plugins" in conf else (conf,) if conf else ()
        return Conf(path, _text(conf.get("name")), plugins, _text(told.body.get("error")), known=True, mtime=written, where=told.where)

    @property
    def multus(self) -> Conf | None:
        """Multus' configuration file, by its content, else by its name; None where none is known to be there."""
        known = sorted({*(c.path for c in self.confs() or ()), *(p for kind, p in self._held if kind == "CniConf" and posixpath.dirname(p) == self.folder)})
        found = [self._conf(p) for p in known]
        return next((c for c in found if c.multus is not None), next((c for c in found if c.name.startswith(MULTUS_CONF)), None))

    def kubeconfig(self, path: str) -> Kubeconfig | None:
        """Return what is known of a kubeconfig; None where it was not read or could not be."""
        told = self._held.get(("Kubeconfig", path))
        if told is None or told.body.get("error"):
            return None
        keys = (("token", "token_expires"), ("certificate", "certificate_expires"), ("CA", "ca_expires"))
        expires = tuple((what, told.body[key]) for what, key in keys if isinstance(told.body.get(key), int))
        return Kubeconfig(path, _text(told.body.get("server")), expires, told.where)

    def binaries(self, folders: tuple[str, ...]) -> frozenset[str] | None:
        """Return the programs in these folders together; None unless all of them are listed or known to be absent."""
        found: set[str] = set()
        for folder in folders:
            told = self._held.get(("CniBinDir", folder)) or self._held.get(("CniBinDir", folder + "/"))
            if told is None:
                return None
            found.update(_texts(told.body.get("names")))
        return frozenset(found)

    @property
    def searched(self) -> tuple[str, ...]:
        """The folders in which Multus looks for a plugin; () where CRI-O's are not known."""
        crio, multus = self.crio, self.multus
        if crio is None or not crio.plugin_dirs:
            return ()
        own = _text(multus.multus.get("binDir")) if multus is not None and multus.multus is not None else ""
        return tuple(dict.fromkeys((_folder(own or MULTUS_BIN_DIR), *crio.plugin_dirs)))

    @property
    def plugins(self) -> frozenset[str] | None:
        """The CNI plugins on the node; None where that is not known, or while they are not copied yet (/run is empty at each boot)."""
        found = self.binaries(self.searched) if self.searched else None
        return found if found is not None and found & _MAIN else None

    # --- the system ---------------------------------------------------------------------------------------------------

    @property
    def units(self) -> dict[str, Unit]:
        """Units that are installed, by name."""
        return {r.name: _unit(r) for r in self.of("Unit") if r.body.get("LoadState") in ("loaded", "masked")}

    @property
    def filesystems(self) -> list[Filesystem]:
        """File systems whose size is known."""
        return [f for r in self.of("Filesystem") if (f := _filesystem(r)).size > 0]

    @property
    def conditions(self) -> dict[str, str]:
        """The conditions of the Node object: type, then True, False or Unknown; {} where it is not at hand."""
        told = self.one("Node")
        found = map(mapping, items(mapping(told.body.get("status")).get("conditions"))) if told is not None else ()
        return {_text(c.get("type")): _text(c.get("status")) for c in found}

    def amount(self, kind: str, key: str) -> int | None:
        """Return a number of the only fact of a kind, or None where it is not known."""
        told = self.one(kind)
        value = told.body.get(key) if told is not None else None
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    @property
    def synchronized(self) -> bool | None:
        """Whether the clock is synchronised; None where that is not known."""
        told = self.one("TimeSync")
        value = told.body.get("synchronized") if told is not None else None
        return value if isinstance(value, bool) else None


_KINDS = frozenset({
    "CniConf", "CniConfDir", "CniBinDir", "CrioConfig", "Kubeconfig", "Unit", "Package", "MicroshiftConfig", "MicroshiftVersion", "Filesystem", "Memory",
    "Inotify", "Selinux", "TimeSync", "Node",
})  # fmt: skip


def _rank(resource: Resource) -> tuple[object, ...]:
    """Return what makes one word on a thing better than another."""
    body = resource.body
    mtime, since = body.get("mtime"), body.get("StateChangeTimestamp")
    times = (mtime if isinstance(mtime, float) else 0.0, since if isinstance(since, int) else 0)
    version = str(mapping(body.get("metadata")).get("resourceVersion", ""))
    newer = int(version) if version.isdecimal() else 0
    return body.get("text") is not None, newer, *times, resource.where, resource.name


def _name(resource: Resource) -> str:
    """Return the name under which a fact is held: what CRI-O says of itself (first) and what its files say are two."""
    if resource.kind == "CrioConfig":
        return f"{'1' if resource.body.get('sure') is True else '2'} {resource.name}"
    return posixpath.join(_folder(resource.namespace), resource.name) if resource.kind == "CniConf" else resource.name


def _folder(path: str) -> str:
    return path.rstrip("/") or "/"


def _unit(resource: Resource) -> Unit:
    body = resource.body
    since = body.get("StateChangeTimestamp")
    keys = ("LoadState", "ActiveState", "SubState", "Result", "NRestarts", "ExecMainStatus", "UnitFileState")
    text = f"{resource.name}: " + " ".join(f"{k}={body[k]}" for k in keys if body.get(k) not in (None, ""))
    return Unit(
        resource.name, _text(body.get("ActiveState")), _text(body.get("SubState")), _text(body.get("Result")), _number(body.get("NRestarts")),
        str(body.get("UnitFileState", "")).startswith("enabled"), since if isinstance(since, int) and since > 0 else None, text, resource.where,
    )  # fmt: skip


def _filesystem(resource: Resource) -> Filesystem:
    size, free, inodes, inodes_free = (_number(resource.body.get(k)) for k in ("size", "free", "inodes", "inodes_free"))
    return Filesystem(resource.name, size, free, inodes, inodes_free, resource.where)


def _number(value: object) -> int:
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return value if isinstance(value, int) else 0


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> list[str]:
    return [x for x in items(value) if isinstance(x, str)]
