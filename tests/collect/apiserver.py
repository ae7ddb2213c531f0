"""A server on loopback that answers as a MicroShift API server does, or fails as one can."""

from __future__ import annotations

import base64
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import trustme
import yaml
from conftest import NODE

TOKEN = "sha256~planted-token-that-no-output-may-show"  # noqa: S105
Answer = tuple[int, dict[str, Any], dict[str, str]]
Fault = Callable[["_Handler"], Answer | None]
"""What happens in place of an answer: an answer, or None where the handler has seen to it."""
KINDS = {
    "Pod": ("/api/v1", "pods"), "Event": ("/api/v1", "events"), "Namespace": ("/api/v1", "namespaces"), "Node": ("/api/v1", "nodes"), "ConfigMap": ("/api/v1", "configmaps"),
    "DaemonSet": ("/apis/apps/v1", "daemonsets"), "NetworkAttachmentDefinition": ("/apis/k8s.cni.cncf.io/v1", "network-attachment-definitions"),
    "CustomResourceDefinition": ("/apis/apiextensions.k8s.io/v1", "customresourcedefinitions"),
}  # fmt: skip


def status(code: int, reason: str, message: str, **more: Any) -> Answer:
    """Return an API server's own error."""
    headers = {"Retry-After": str(more.pop("after"))} if "after" in more else {}
    return (
        code,
        {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "message": message,
            "reason": reason,
            "code": code,
            "metadata": more.pop("metadata", {}),
            **more,
        },
        headers,
    )


def node_objects() -> list[dict[str, Any]]:
    """Return the objects of the node among the fixtures."""
    found: list[dict[str, Any]] = []
    for path in sorted((NODE / "objects").glob("*.yaml")):
        for body in yaml.safe_load_all(path.read_text()):
            kind = str(body.get("kind", ""))
            found += [{"kind": kind.removesuffix("List") if kind != "List" else "", **x} for x in body["items"]] if "items" in body else [body]
    return found


@dataclass
class ApiServer:
    """What the server holds and how it behaves; `requests` are those that were made."""

    objects: list[dict[str, Any]] = field(default_factory=list)
    token: str | None = TOKEN
    rights: list[dict[str, Any]] | None = None
    """Rules of a ClusterRole; None allows everything."""
    page: int = 500
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    """By path: what happens to the next requests for it, in turn; under "*" to any."""
    logs: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """By namespace/pod, container, and "" or "previous"."""
    absent: set[str] = field(default_factory=set)
    """Resources (plural) that the server does not know."""
    watches: dict[str, list[list[dict[str, Any]]]] = field(default_factory=dict)
    """By path: for each watch in turn, the events after which it ends."""
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    version: int = 1000
    url: str = ""
    ca: bytes = b""

    def paths(self) -> list[str]:
        """Return the paths asked for, in order."""
        return [p for _, p, _ in self.requests]

    def kubeconfig(self, folder: Path, *, embedded: bool = True, **changes: Any) -> Path:
        """Write a kubeconfig of this server; `changes` go into its cluster, those that begin with `user_` into its user."""
        cluster: dict[str, Any] = {"server": self.url}
        user: dict[str, Any] = {"token": self.token}
        if self.ca and embedded:
            cluster["certificate-authority-data"] = base64.b64encode(self.ca).decode()
        elif self.ca:
            (folder / "ca.crt").write_bytes(self.ca)
            cluster["certificate-authority"] = "ca.crt"
        for key, value in changes.items():
            part = user if key.startswith("user_") else cluster
            part[key.removeprefix("user_").replace("_", "-")] = value
        body = {
            "apiVersion": "v1", "kind": "Config", "current-context": "microshift", "contexts": [{"name": "microshift", "context": {"cluster": "microshift", "user": "user"}}],
            "clusters": [{"name": "microshift", "cluster": cluster}], "users": [{"name": "user", "user": user}],
        }  # fmt: skip
        path = folder / "kubeconfig"
        path.write_text(yaml.safe_dump(body))
        return path

    # --- answers ------------------------------------------------------------------------------------------------------

    def answer(self, path: str, query: dict[str, str]) -> Answer | str:
        """Return what is at `path`: an object, a list's page, or a log."""
        parts = path.strip("/").split("/")
        root = "/" + "/".join(parts[: 2 if parts[0] == "api" else 3])
        rest = parts[2 if parts[0] == "api" else 3 :]
        namespace = ""
        if len(rest) > 2 and rest[0] == "namespaces":
            namespace, rest = rest[1], rest[2:]
        resource, name, sub = rest[0], rest[1] if len(rest) > 1 else "", rest[2] if len(rest) > 2 else ""
        if resource in self.absent:
            return status(404, "NotFound", "the server could not find the requested resource")
        if not self._allowed(root, resource + (f"/{sub}" if sub else ""), "get" if name else "list"):
            return status(403, "Forbidden", f'{resource} is forbidden: User "msnet" cannot list resource "{resource}" at the cluster scope')
        if sub == "log":
            text = self.logs.get((f"{namespace}/{name}", query["container"], "previous" if query.get("previous") else ""))
            return text if text is not None else status(400, "BadRequest", f'previous terminated container "{query["container"]}" in pod "{name}" not found')
        kind = next((k for k, (r, plural) in KINDS.items() if (r, plural) == (root, resource)), "")
        if not kind and (root, resource) == ("/apis/events.k8s.io/v1", "events"):
            kind = "Event"
        if not kind:
            return status(404, "NotFound", "the server could not find the requested resource")
        meta = lambda o: o.get("metadata", {})  # noqa: E731
        found = [o for o in self.objects if o["kind"] == kind and (not namespace or meta(o).get("namespace") == namespace)]
        if name:
            one = next((o for o in found if meta(o).get("name") == name), None)
            return (200, one, {}) if one is not None else status(404, "NotFound", f'{resource} "{name}" not found')
        start = int(query.get("continue") or 0)
        size = min(self.page, int(query.get("limit") or self.page))
        # A list's items have neither kind nor apiVersion, as the API server sends them.
        page = [{k: v for k, v in o.items() if k not in ("kind", "apiVersion")} for o in found[start : start + size]]
        more = {"continue": str(start + size), "remainingItemCount": len(found) - start - size} if start + size < len(found) else {}
        version = root.removeprefix("/apis/").removeprefix("/api/")
        return 200, {"kind": f"{kind}List", "apiVersion": version, "metadata": {"resourceVersion": str(self.version), **more}, "items": page}, {}

    def _allowed(self, root: str, resource: str, verb: str) -> bool:
        group = root.removeprefix("/apis/").partition("/")[0] if root.startswith("/apis/") else ""
        return self.rights is None or any(group in r["apiGroups"] and resource in r["resources"] and verb in r["verbs"] for r in self.rights)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: ApiServer

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer."""
        url = urlsplit(self.path)
        query = {k: v[-1] for k, v in parse_qs(url.query).items()}
        self.api.requests.append((self.command, url.path, query))
        fault = next((self.api.faults[k].pop(0) for k in (url.path, "*") if self.api.faults.get(k)), None)
        found = fault(self) if fault is not None else self._found(url.path, query)
        if found is not None:
            self.send(*(found if isinstance(found, tuple) else (200, found, {})))

    def _found(self, path: str, query: dict[str, str]) -> Answer | str | None:
        if self.api.token is not None and self.headers.get("Authorization") != f"Bearer {self.api.token}":
            return status(401, "Unauthorized", "Unauthorized")
        if query.get("watch"):
            return self._watch(path)
        return self.api.answer(path, query)

    def _watch(self, path: str) -> None:
        turns = self.api.watches.get(path)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in turns.pop(0) if turns else []:
            data = json.dumps(event).encode() + b"\n"
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()
        if turns is None or not turns:
            time.sleep(0.2)
        self.wfile.write(b"0\r\n\r\n")

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

    def send(self, code: int, body: Any, headers: dict[str, str]) -> None:
        """Send an answer whole."""
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(code)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


# --- faults -----------------------------------------------------------------------------------------------------------


def answers(code: int, reason: str = "Failure", message: str = "no", **more: Any) -> Fault:
    """Answer with an error."""
    return lambda _: status(code, reason, message, **more)


def hang(seconds: float = 20.0) -> Fault:
    """Take the request and say nothing."""

    def fault(handler: _Handler) -> None:
        time.sleep(seconds)
        handler.close_connection = True

    return fault


def drip(handler: _Handler) -> None:
    """Send an answer byte by byte, and never to its end."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    handler.close_connection = True
    for _ in range(200):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.1)


def drop(handler: _Handler) -> None:
    """Close the connection."""
    handler.close_connection = True
    handler.connection.close()


def garbage(handler: _Handler) -> None:
    """Send what is no JSON."""
    handler.send(200, "<html>a captive portal</html>", {})


@contextmanager
def serving(api: ApiServer, *, tls: bool = True, name: str = "127.0.0.1", **certificate: Any) -> Iterator[ApiServer]:
    """Serve on a free port of loopback; the certificate is for `name`."""
    handler = type("Handler", (_Handler,), {"api": api})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign] - clients that go away are the test
    if tls:
        ca = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert(name, **certificate).configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        api.ca = ca.cert_pem.bytes()
    api.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
