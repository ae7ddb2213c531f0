"""The Kubernetes API of the node: objects and events as they are now, and what the containers of the node's network print.

Only GET requests, and never secrets. Sources: Kubernetes docs/reference/using-api/api-concepts (chunks: limit and continue, 410 Gone with a
token that goes on), apiserver pkg/util/flowcontrol (429 with Retry-After), MicroShift docs/user (where its kubeconfig is) and
assets/components/{multus,ovn} (which namespaces and containers are the network's own).
"""

from __future__ import annotations

import base64
import binascii
import importlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from diagnose.collect import document
from diagnose.collect.device import Deadline, Device
from diagnose.collect.evidence import Evidence, event_record
from diagnose.model import Gap, InputSeen, Record, Resource, Where
from diagnose.parse.tree import items, mapping

KUBECONFIG: Final = "/var/lib/microshift/resources/kubeadmin/kubeconfig"
_SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
CONNECT, READ = 3.0, 10.0
"""Seconds for a connection, and between two parts of an answer."""
_PAGE = 500
"""Objects of one chunk."""
_BODY = 256 * 1024 * 1024
"""Bytes of one answer that are read."""
_WAITS = 3
"""How often a server that is busy (429) or starting (5xx) is asked again."""
CRD: Final = "network-attachment-definitions.k8s.cni.cncf.io"
ABSENT: Final = "Absent"
"""The kind of a `Resource` of which the API server says that there is none."""
NAMESPACES = ("openshift-multus", "openshift-ovn-kubernetes")
"""The namespaces of the node's own network."""
LISTS: Final[dict[str, str]] = {
    "events": "/api/v1/events",
    "pods": "/api/v1/pods",
    "network-attachment-definitions": "/apis/k8s.cni.cncf.io/v1/network-attachment-definitions",
    "nodes": "/api/v1/nodes",
    "namespaces": "/api/v1/namespaces",
    **{f"daemonsets of {n}": f"/apis/apps/v1/namespaces/{n}/daemonsets" for n in NAMESPACES},
}
"""What is listed, by the words in which it is told, and where; the most telling first."""
_SINGLE: Final[dict[str, str]] = {
    "config map cni-copy-resources": "/api/v1/namespaces/openshift-multus/configmaps/cni-copy-resources",
    "config map microshift-version": "/api/v1/namespaces/kube-public/configmaps/microshift-version",
    "the NAD's custom resource definition": f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{CRD}",
}
_EVENTS = "/apis/events.k8s.io/v1/events"
"""The same events under another group, for whom only that one is allowed."""
_LOG_LINES, _LOG_BYTES = 500, 512 * 1024
_OFTEN = 12
"""Containers of the node's network whose logs are read."""


class ApiError(Exception):
    """The API server could not be asked, or did not answer: why, in the form of a gap's kind, values and cure."""

    def __init__(self, kind: str, hint: str, *, status: int = 0, answer: dict[str, Any] | None = None, **values: str) -> None:
        """Take what a gap tells. `status` is that of HTTP, 0 where there was no answer; `answer` its body."""
        super().__init__(kind)
        self.kind = kind
        self.hint = hint
        self.status = status
        self.answer = answer or {}
        self.values = values

    @property
    def final(self) -> bool:
        """True if asking for anything else would be in vain."""
        return self.status in (0, 401)

    def gap(self, source: str) -> Gap:
        """Return what is to be told of it."""
        return Gap(source, "", self.hint, self.kind, values=tuple(sorted(self.values.items())))


@dataclass(slots=True)
class Client:
    """A connection to the API server that only reads. Every method raises `ApiError`."""

    server: str
    deadline: Deadline
    _pool: Any
    _headers: dict[str, str]
    _held: list[int] = field(default_factory=list[int])
    """Files in memory that hold the kubeconfig's certificates."""

    @classmethod
    def connect(cls, device: Device, deadline: Deadline) -> Client:
        """Return a client of the kubeconfig in use: `--kubeconfig`, KUBECONFIG, MicroShift's own, or a pod's service account."""
        try:
            # By name, since it is slow to import, and no type checker finds all of its types.
            config = importlib.import_module("kubernetes.config.kube_config")
            client = importlib.import_module("kubernetes.client")
        except ImportError as e:
            raise ApiError("api-library", "pip install kubernetes", why=str(e)) from e
        configuration = client.Configuration()
        configuration.retries = False
        held: list[int] = []
        name, body = _kubeconfig(device)
        headers = {"Accept": "application/json", "User-Agent": "msnet"}
        if body is None:
            headers["Authorization"] = f"Bearer {_service_account(device, configuration)}"
        else:
            try:
                _in_memory(body, held)
                config.KubeConfigLoader(config_dict=body, config_base_path=os.path.dirname(name)).load_and_set(configuration)
            except ApiError:
                raise
            except Exception as e:
                raise ApiError("api-kubeconfig", f"oc --kubeconfig {name} get nodes", path=name, why=" ".join(str(e).split())[:200]) from e
        # What the environment says of proxies is not for a server on this node; what the kubeconfig says is.
        configuration.proxy = _cluster(body).get("proxy-url") if body is not None else None
        token = mapping(configuration.auth_settings().get("BearerToken"))
        if token.get("value"):
            headers[str(token["key"])] = str(token["value"])
        try:
            pool = client.ApiClient(configuration).rest_client.pool_manager
        except Exception as e:
            raise ApiError("api-kubeconfig", f"oc --kubeconfig {name} get nodes", path=name, why=" ".join(str(e).split())[:200]) from e
        return cls(str(configuration.host).rstrip("/"), deadline, pool, headers, held)

    def close(self) -> None:
        """Let go of the connection and the certificates."""
        self._pool.clear()
        for fd in self._held:
            os.close(fd)
        self._held.clear()

    def get(self, path: str, **query: str | int) -> dict[str, Any]:
        """Return the object, or the list, at `path`."""
        raw = self.raw(path, **query)
        try:
            body = mapping(json.loads(raw))
        except (ValueError, RecursionError) as e:
            raise ApiError("api-answer", _ask(path), status=200, what=path, why=str(e)) from e
        if not body:
            raise ApiError("api-answer", _ask(path), status=200, what=path, why="no JSON object")
        return body

    def raw(self, path: str, **query: str | int) -> bytes:
        """Return the bytes at `path`; a server that is busy or starting is asked again while there is time."""
        for last in (*[False] * (_WAITS - 1), True):
            try:
                return self._once(path, query)
            except ApiError as e:
                busy = e.status == 429 or e.status >= 500
                wait = min(float(e.values.pop("after", 1)), 8.0)
                if not busy or last or wait >= self.deadline.left():
                    raise
                self.deadline.stopped.wait(wait)
        raise AssertionError("unreachable")

    def _once(self, path: str, query: dict[str, str | int]) -> bytes:
        response = self.open(path, query)
        parts: list[bytes] = []
        size = 0
        try:
            while size < _BODY and (part := response.read1(256 * 1024)):
                if self.deadline.over:
                    raise TimeoutError("the answer did not end in time")
                parts.append(part)
                size += len(part)
        except Exception as e:
            response.close()
            raise self._broken(e) from e
        response.release_conn()
        return b"".join(parts)

    def open(self, path: str, query: dict[str, str | int], read: float = READ) -> Any:
        """Return the response (urllib3) to a GET, not read yet; `read` are the seconds it may be silent."""
        urllib3 = importlib.import_module("urllib3")
        if self.deadline.over:
            raise self._broken(TimeoutError("no time left"))
        limit = urllib3.Timeout(connect=self.deadline.left(CONNECT), read=self.deadline.left(read))
        url = f"{self.server}{path}" + (f"?{urlencode(query)}" if query else "")
        try:
            response = self._pool.request("GET", url, headers=self._headers, preload_content=False, retries=False, redirect=False, timeout=limit)
        except Exception as e:
            raise self._broken(e) from e
        if response.status == 200:
            return response
        try:
            said = response.read(64 * 1024)
            answer = mapping(json.loads(said))
        except Exception:  # noqa: BLE001 - what stands in an error's body is only for the words
            answer = {}
        after = str(response.headers.get("Retry-After") or "1")
        response.close()
        raise self._answered(path, int(response.status), answer, after if after.isdigit() else "1")

    def _answered(self, path: str, status: int, answer: dict[str, Any], after: str) -> ApiError:
        why = str(answer.get("message") or "")[:300]
        if status == 401:
            return ApiError("api-unauthorized", "sudo msnet diagnose; or --kubeconfig FILE", status=status, server=self.server)
        if status == 403:
            return ApiError("api-forbidden", "sudo msnet diagnose; or grant it: deploy/rbac.yaml of msnet", status=status, answer=answer, what=path, why=why)
        more = {"after": after} if status == 429 or status >= 500 else {}
        return ApiError("api-status", _ask(path), status=status, answer=answer, what=path, status_text=str(status), why=why, **more)

    def _broken(self, error: Exception) -> ApiError:
        """Return what an error of the connection means."""
        text = " ".join(str(error).split())
        chain = [type(e).__name__ for e in _causes(error)]
        proxy = next((k for k in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY") if os.environ.get(k)), "")
        more = f"; {proxy} is set, and was not used" if proxy else ""
        if any("SSL" in c or "Certificate" in c for c in chain):
            return ApiError("api-certificate", f"date; openssl s_client -connect {self.server.partition('//')[2]} </dev/null | openssl x509 -noout -dates -ext subjectAltName", server=self.server, why=text[-200:])  # fmt: skip
        if any("Timeout" in c for c in chain) or self.deadline.over:
            return ApiError("api-timeout", f"systemctl status microshift; msnet diagnose --timeout 120{more}", server=self.server)
        if "ConnectionRefusedError" in chain:
            return ApiError("api-refused", f"systemctl status microshift; sudo journalctl -u microshift -n 50{more}", server=self.server)
        return ApiError("api-unreachable", f"systemctl status microshift{more}", server=self.server, why=text[-200:])

    def pages(self, path: str, **query: str | int) -> Iterator[dict[str, Any]]:
        """Yield the chunks of a list, the first with its resourceVersion. A list that went stale in between is gone on with, else begun anew once."""
        token, began = "", False
        while True:
            more: dict[str, str | int] = {"continue": token} if token else {}
            try:
                body = self.get(path, limit=_PAGE, **query, **more)
            except ApiError as e:
                if e.status != 410 or not token:
                    raise
                token = str(mapping(e.answer.get("metadata")).get("continue") or "")
                if not token and began:
                    raise
                began = began or not token
                continue
            yield body
            token = str(mapping(body.get("metadata")).get("continue") or "")
            if not token:
                return


def _ask(path: str) -> str:
    """Return the command that asks the same."""
    return f"sudo oc --kubeconfig {KUBECONFIG} get --raw {path}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        for inner in (*getattr(error, "args", ()), getattr(error, "reason", None)):
            if isinstance(inner, BaseException) and id(inner) not in seen:
                yield from _causes(inner)
        error = error.__cause__ or error.__context__


# --- kubeconfig -------------------------------------------------------------------------------------------------------


def _kubeconfig(device: Device) -> tuple[str, dict[str, Any] | None]:
    """Return the path and content of the kubeconfig in use; ("", None) where a service account is."""
    named = [p for p in os.environ.get("KUBECONFIG", "").split(os.pathsep) if p and device.running]
    candidates = [device.kubeconfig] if device.kubeconfig is not None else [*(Path(p) for p in named), device.path(KUBECONFIG)]
    for path in candidates:
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            continue
        except PermissionError as e:
            raise ApiError("api-denied", "sudo msnet diagnose", path=str(path)) from e
        except OSError as e:
            raise ApiError("api-kubeconfig", f"ls -l {path}", path=str(path), why=e.strerror or str(e)) from e
        import yaml

        try:
            body = mapping(yaml.safe_load(raw))
        except (yaml.YAMLError, RecursionError, UnicodeDecodeError) as e:
            raise ApiError("api-kubeconfig", f"oc --kubeconfig {path} get nodes", path=str(path), why=" ".join(str(e).split())[:200]) from e
        if not body.get("clusters"):
            raise ApiError("api-kubeconfig", f"oc --kubeconfig {path} get nodes", path=str(path), why="no clusters in it")
        return str(path), body
    if device.running and os.environ.get("KUBERNETES_SERVICE_HOST"):
        return "", None
    raise ApiError("api-none", "systemctl status microshift; or --kubeconfig FILE", paths=", ".join(str(p) for p in candidates))


def _service_account(device: Device, configuration: Any) -> str:
    """Use the service account of the pod in which this runs; return its token."""
    folder = device.path(_SERVICE_ACCOUNT)
    try:
        token = (folder / "token").read_text("ascii").strip()
    except OSError as e:
        raise ApiError("api-denied", "mount the service account's token", path=str(folder / "token")) from e
    host = os.environ["KUBERNETES_SERVICE_HOST"]
    port = os.environ.get("KUBERNETES_SERVICE_PORT_HTTPS") or os.environ.get("KUBERNETES_SERVICE_PORT") or "443"
    configuration.host = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    configuration.ssl_ca_cert = str(folder / "ca.crt")
    return token


def _chosen(body: dict[str, Any], kind: str, name: object) -> dict[str, Any]:
    """Return the context, cluster or user of that name."""
    return next((mapping(x.get(kind)) for x in map(mapping, items(body.get(f"{kind}s"))) if x.get("name") == name), dict[str, Any]())


def _cluster(body: dict[str, Any]) -> dict[str, Any]:
    return _chosen(body, "cluster", _chosen(body, "context", body.get("current-context")).get("cluster"))


def _in_memory(body: dict[str, Any], held: list[int]) -> None:
    """Put the certificates that stand in a kubeconfig into files in memory: the library would write them, keys included, to the disk."""
    user = _chosen(body, "user", _chosen(body, "context", body.get("current-context")).get("user"))
    if user.get("exec") or user.get("auth-provider"):
        raise ApiError("api-exec", "--kubeconfig FILE with a token or a certificate", path=str(body.get("current-context")))
    for part in (user, _cluster(body)):
        for key in ("client-certificate", "client-key", "certificate-authority"):
            data = part.pop(f"{key}-data", None)
            if isinstance(data, str) and data:
                try:
                    raw = base64.b64decode(data, validate=True)
                except (binascii.Error, ValueError) as e:
                    raise ApiError("api-kubeconfig", "oc config view", path=f"{key}-data", why=str(e)) from e
                fd = os.memfd_create("msnet", os.MFD_CLOEXEC)
                held.append(fd)
                os.write(fd, raw)
                part[key] = f"/proc/self/fd/{fd}"


# --- collecting -------------------------------------------------------------------------------------------------------


def collect(device: Device, deadline: Deadline, out: Evidence) -> Iterator[Record | Resource]:
    """Yield what the API server shows; what it refuses becomes a gap, and what it says is not there becomes a fact."""
    try:
        client = Client.connect(device, deadline)
    except ApiError as e:
        out.gaps.append(e.gap("api"))
        return
    pods: list[dict[str, Any]] = []
    try:
        for what, path in LISTS.items():
            for item in _listed(client, what, path, out):
                if isinstance(item, Resource) and item.kind == "Pod" and item.namespace in NAMESPACES:
                    pods.append(item.body)
                yield item
        for what, path in _SINGLE.items():
            yield from _single(client, what, path, out)
        yield from _logs(client, pods, out)
    except ApiError as e:
        out.gaps.append(e.gap("api"))
    finally:
        client.close()


def _listed(client: Client, what: str, path: str, out: Evidence) -> Iterator[Record | Resource]:
    """Yield the objects of one list. Raises `ApiError` where asking for another one would be in vain."""
    seen = InputSeen(f"api:{path}", "objects")
    try:
        for body in client.pages(path):
            if seen not in out.inputs:
                out.inputs.append(seen)
            kind = str(body.get("kind") or "").removesuffix("List")
            seen.programs.add("event" if kind == "Event" else f"kind:{kind}")
            for one in map(mapping, items(body.get("items"))):
                seen.lines += 1
                # A list leaves kind and apiVersion out of its items.
                yield from read(kind, {"kind": kind, "apiVersion": body.get("apiVersion", ""), **one}, seen)
    except ApiError as e:
        if e.final:
            raise
        if e.status in (403, 404) and what == "events" and path != _EVENTS:
            yield from _listed(client, what, _EVENTS, out)
        elif e.status == 404:
            yield Resource(ABSENT, "", what, {}, Where(f"api:{path}"))
        elif seen.lines:
            seen.whole = False
            out.gaps.append(Gap(f"api:{path}", "", e.hint, "api-partial", values=(("n", str(seen.lines)), ("what", what))))
        else:
            e.values["what"] = what
            out.gaps.append(e.gap(f"api:{path}"))


def read(kind: str, body: dict[str, Any], seen: InputSeen) -> Iterator[Record | Resource]:
    """Yield an object of the API as the record or resource that the same object in a file is."""
    where = Where(seen.source)
    if kind == "Event":
        record = event_record(body, where)
        if record is not None:
            seen.hear(record.program, record.time, record.boot, record.offset)
            yield record
        return
    yield from document.resource(body, where)


def _single(client: Client, what: str, path: str, out: Evidence) -> Iterator[Record | Resource]:
    try:
        body = client.get(path)
    except ApiError as e:
        if e.final:
            raise
        if e.status == 404:
            yield Resource(ABSENT, "", what, {}, Where(f"api:{path}"))
        else:
            e.values["what"] = what
            # None of these hides a failure: other sources tell the same.
            out.gaps.append(e.gap(f"api:{path}")._replace(hides=False))
        return
    seen = InputSeen(f"api:{path}", "objects", lines=1, programs={f"kind:{body.get('kind')}"})
    out.inputs.append(seen)
    yield from read(str(body.get("kind") or ""), body, seen)


def _logs(client: Client, pods: list[dict[str, Any]], out: Evidence) -> Iterator[Record | Resource]:
    """Yield what the containers of the node's network print: those that restarted or are not ready, and Multus' and the DHCP daemon's own."""
    wanted: list[tuple[bool, str, str, str]] = []
    for body in pods:
        meta, status = mapping(body.get("metadata")), mapping(body.get("status"))
        for one in map(mapping, (*items(status.get("initContainerStatuses")), *items(status.get("containerStatuses")))):
            name, restarted = str(one.get("name") or ""), bool(one.get("restartCount"))
            ready = bool(one.get("ready")) or mapping(mapping(one.get("state")).get("terminated")).get("exitCode") == 0
            if restarted or not ready or name in ("kube-multus", "dhcp-daemon"):
                wanted += [(not restarted, str(meta.get("namespace")), str(meta.get("name")), f"{name} previous")] if restarted else []
                wanted.append((not restarted, str(meta.get("namespace")), str(meta.get("name")), name))
    for _, namespace, pod, container in sorted(wanted)[:_OFTEN]:
        name, _, previous = container.partition(" ")
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
        query: dict[str, str | int] = {"container": name, "tailLines": _LOG_LINES, "limitBytes": _LOG_BYTES, "timestamps": "true"}
        try:
            raw = client.raw(path, **query, **({"previous": "true"} if previous else {}))
        except ApiError as e:
            if e.final:
                raise
            if e.status == 403:
                e.values["what"] = "pods/log"
                out.gaps.append(e.gap("api:pods/log")._replace(hides=False))
                return
            continue  # 400: the container did not start yet, or has no previous one
        if raw:
            yield from out.content(f"api:namespaces/{namespace}/pods/{pod}/{name}/{name}/logs/{previous or 'current'}.log", raw)
