"""Finds the kubeconfig and reads it: which API server to ask, and with which credentials.

Sources: client-go tools/clientcmd/loader.go (the order; of several files the first that names a thing wins, missing ones are left out),
microshift pkg/config (resources/kubeadmin), client-go rest/config.go (InClusterConfig).
"""

from __future__ import annotations

import base64
import importlib
import ipaddress
import os
import socket
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from diagnose.collect.api_error import ApiError
from diagnose.collect.device import Device
from diagnose.parse.tree import items, mapping
from diagnose.record import dataclass, field

OWN = "/var/lib/microshift/resources/kubeadmin/kubeconfig"
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
IN_CLUSTER = "in-cluster"
_DATA = (("user", "client-certificate"), ("user", "client-key"), ("cluster", "certificate-authority"))
_PROGRAMS = ("exec", "auth-provider")


@dataclass(slots=True)
class Login:
    """One API server and how to log in, ready for the client."""

    configuration: Any
    """A `kubernetes.client.Configuration`."""
    files: list[int] = field(default_factory=list[int])
    """Open files in memory that hold the credentials; to be closed."""

    def close(self) -> None:
        """Forget the credentials."""
        while self.files:
            os.close(self.files.pop())


def login(device: Device) -> Login:
    """Return how to reach the API server, by the kubeconfig found first. Raises `ApiError`.

    Nothing is written to disk, no proxy is taken from the environment, and no program that a kubeconfig names is run.
    """
    found = _read(device)
    configuration = importlib.import_module("kubernetes.client").Configuration()
    config = importlib.import_module("kubernetes.config")
    login = Login(configuration)
    name, proxy = IN_CLUSTER, None
    try:
        if found:
            name = str(found[0][0])
            chosen = _chosen(found)
            server = str(chosen["cluster"]["server"])
            if name in map(str, _home()) and device.kubeconfig is None and not is_here(server):
                raise ApiError("api-elsewhere", path=name, server=server)
            proxy = mapping(chosen["cluster"]).get("proxy-url")
            config.load_kube_config_from_dict(_filed(chosen, login), client_configuration=configuration, persist_config=False)
        else:
            config.load_incluster_config(configuration, try_refresh_token=False)
        _try(configuration)
    except ApiError:
        login.close()
        raise
    except Exception as e:  # noqa: BLE001 - the client's own, and what a wrong type makes it raise
        login.close()
        raise _broken(name, str(e) or type(e).__name__) from None
    # After the host: newer clients look for a proxy in the environment each time the host is set.
    configuration.proxy, configuration.no_proxy = proxy, None
    configuration.retries = False
    return login


def _try(configuration: Any) -> None:
    """Load keys and certificates once, so that broken ones are told before any connection. Raises `ssl.SSLError`."""
    context = ssl.create_default_context(cafile=configuration.ssl_ca_cert) if configuration.ssl_ca_cert else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file)


def _broken(name: str, reason: str) -> ApiError:
    return ApiError("api-kubeconfig-broken", path=name, reason=" ".join(reason.split())[:200])


def candidates(device: Device) -> list[list[Path]]:
    """Return the files that may hold the kubeconfig: groups in the order in which they count, each read together."""
    if device.kubeconfig is not None:
        return [[device.kubeconfig]]
    own = device.path(OWN)
    if not device.running:
        return [[own]]
    named = [Path(p).expanduser() for p in os.environ.get("KUBECONFIG", "").split(":") if p]
    return [named, [own], _home()]


def _home() -> list[Path]:
    home = os.environ.get("HOME")
    return [Path(home, ".kube", "config")] if home else []


def is_here(server: str) -> bool:
    """Return True if the URL is one of this machine: who looks at a device from a laptop must not ask the cluster that the laptop knows."""
    host = urlsplit(server).hostname or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host in ("localhost", socket.gethostname().lower(), socket.gethostname().lower().partition(".")[0])
    with socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((str(address), 0))  # only an address of one's own can be bound; nothing is sent
        except OSError:
            return False
    return True


def _read(device: Device) -> list[tuple[Path, dict[str, Any]]]:
    """Return the files of the first group of which any is there; [] for the service account of a pod."""
    groups = candidates(device)
    denied: list[Path] = []
    for group in groups:
        found: list[tuple[Path, dict[str, Any]]] = []
        for path in group:
            try:
                found.append((path, _parsed(path)))
            except PermissionError:
                denied.append(path)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as e:
                raise _broken(str(path), e.strerror or str(e)) from None
        if found:
            return found
    if device.running and device.kubeconfig is None and os.environ.get("KUBERNETES_SERVICE_HOST") and os.access(ACCOUNT, os.R_OK):
        return []
    if denied:
        raise ApiError("api-kubeconfig-denied", path=", ".join(map(str, denied)))
    raise ApiError("api-no-kubeconfig", paths=", ".join(str(p) for group in groups for p in group))


def _parsed(path: Path) -> dict[str, Any]:
    import yaml

    raw = path.read_bytes()
    try:
        body = mapping(yaml.load(raw, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as e:
        # Without the parser's excerpt, which may hold a token.
        mark = getattr(e, "problem_mark", None)
        raise _broken(str(path), f"line {mark.line + 1}: {getattr(e, 'problem', '')}" if mark is not None else "no YAML") from None
    if not items(body.get("clusters")) and not items(body.get("contexts")) and not body.get("current-context"):
        raise _broken(str(path), "no clusters and no contexts")
    return body


def _chosen(found: list[tuple[Path, dict[str, Any]]]) -> dict[str, Any]:
    """Return the current context's cluster and user, with whole paths."""
    current = next((str(body["current-context"]) for _, body in found if body.get("current-context")), "")
    context = _named(found, "contexts", "context", current)
    cluster = _named(found, "clusters", "cluster", str(context.get("cluster", "")))
    user = _named(found, "users", "user", str(context.get("user", ""))) if context.get("user") else dict[str, Any]()
    if not isinstance(cluster.get("server"), str):
        raise _broken(str(found[0][0]), "its cluster has no server")
    usable = user.keys() & {"token", "tokenFile", "client-certificate", "client-certificate-data", "username"}
    if not usable and any(user.get(x) for x in _PROGRAMS):
        raise ApiError("api-kubeconfig-exec", path=str(found[0][0]))
    return {"cluster": cluster, "user": {k: v for k, v in user.items() if k not in _PROGRAMS}}


def _named(found: list[tuple[Path, dict[str, Any]]], plural: str, kind: str, name: str) -> dict[str, Any]:
    for path, body in found:
        for one in map(mapping, items(body.get(plural))):
            if one.get("name") == name:
                keys = ("client-certificate", "client-key", "certificate-authority", "tokenFile")
                return {k: str(path.parent.absolute() / str(v)) if k in keys and v else v for k, v in mapping(one.get(kind)).items()}
    raise _broken(str(found[0][0]), f"it names no {kind} {name!r}" if name else "it sets no current-context")


def _filed(chosen: dict[str, Any], login: Login) -> dict[str, Any]:
    """Return a kubeconfig of one context. Keys and certificates written into it become files in memory: OpenSSL wants files, and none is put on disk."""
    for part, key in _DATA:
        body = chosen[part]
        if f"{key}-data" in body:
            handle = os.memfd_create(f"msnet-{key}")
            login.files.append(handle)
            os.write(handle, base64.standard_b64decode(str(body.pop(f"{key}-data"))))
            body[key] = f"/proc/self/fd/{handle}"
        elif body.get(key) and os.path.exists(body[key]) and not os.access(body[key], os.R_OK):
            raise ApiError("api-kubeconfig-denied", path=str(body[key]))
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "msnet",
        "contexts": [{"name": "msnet", "context": {"cluster": "msnet", "user": "msnet"}}],
        "clusters": [{"name": "msnet", "cluster": chosen["cluster"]}],
        "users": [{"name": "msnet", "user": chosen["user"]}],
    }
