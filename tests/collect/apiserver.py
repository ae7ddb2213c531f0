"""An API server on loopback: real sockets, real TLS, the objects of a real node, and every trouble that a server can make."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import ssl
import threading
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme
import yaml

from diagnose.parse.kube import documents

NODE = Path(__file__).parents[2] / "fixtures" / "node"
TOKEN = "a-token-of-the-test"  # noqa: S105 - opens nothing
PODS, NODES, EVENTS = "/api/v1/pods", "/api/v1/nodes", "/api/v1/events"
NEW_EVENTS = "/apis/events.k8s.io/v1/events"
NADS = "/apis/k8s.cni.cncf.io/v1/network-attachment-definitions"
CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/network-attachment-definitions.k8s.cni.cncf.io"
_KINDS = {
    PODS: ("v1", "Pod"), NODES: ("v1", "Node"), EVENTS: ("v1", "Event"), "/api/v1/namespaces": ("v1", "Namespace"),
    NEW_EVENTS: ("events.k8s.io/v1", "Event"), NADS: ("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition"), "/apis/apps/v1/daemonsets": ("apps/v1", "DaemonSet"),
}  # fmt: skip


@dataclass
class Trouble:
    """What goes wrong with one path, the first `times` times that it is asked for (-1: always)."""

    status: int = 0
    """An HTTP status in place of the answer; 0 for none."""
    body: Any = None
    """In place of a Status object; bytes as they are."""
    headers: dict[str, str] = field(default_factory=dict)
    how: str = ""
    """hang: no byte; drip: a byte at a time for ever; drip-head: so with the header; cut: closed within the body; close: before it."""
    times: int = -1
    page: str = ""
    """Only where the list is asked for with this `continue`; * for any."""


class Server(ThreadingHTTPServer):
    """Serves lists by path; `asked` holds every path with its query, in order."""

    daemon_threads = True
    request_queue_size = 16

    def __init__(self, context: ssl.SSLContext | None, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.context = context
        self.lists: dict[str, list[dict[str, Any]]] = {path: [] for path in _KINDS}
        self.single: dict[str, dict[str, Any]] = {}
        self.texts: dict[str, bytes] = {}
        """Logs, by path and query."""
        self.trouble: dict[str, Trouble] = {}
        self.rights: list[tuple[str, dict[str, Any]]] | None = None
        """RBAC rules with the namespace that they hold in ("": everywhere); None allows everything."""
        self.used: list[tuple[str, dict[str, Any]]] = []
        """The rules that something was allowed by."""
        self.page = 0
        """Objects of a page at most; 0: as asked for."""
        self.watches: dict[str, list[list[dict[str, Any]]]] = {}
        """What one watch after the other tells, by path; each ends behind its last change. A watch for which there is nothing waits."""
        self.asked: list[str] = []
        self.proxied: list[str] = []
        """Where clients asked this server to connect them to."""
        self.lock = threading.Lock()
        self.ended = threading.Event()

    @property
    def url(self) -> str:
        return f"{'https' if self.context else 'http'}://localhost:{self.server_address[1]}"

    def get_request(self) -> tuple[socket.socket, Any]:
        sock, address = self.socket.accept()
        # The handshake belongs to the connection's own thread.
        return (self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False) if self.context else sock), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients go away in the middle here."""

    def load(self, *paths: Path) -> None:
        """Serve the objects of these files."""
        for path in paths:
            for body, _ in documents(path.read_text()):
                self.add(body)

    def add(self, *bodies: dict[str, Any]) -> None:
        for body in bodies:
            kind = body["kind"]
            path = next((p for p, (version, k) in _KINDS.items() if k == kind and body.get("apiVersion", version) == version), None)
            if path is not None:
                self.lists[path].append(body)

    def refuse(self, path: str, status: int, **more: Any) -> None:
        self.trouble[path] = Trouble(status, **more)

    def paths(self) -> list[str]:
        return [p.partition("?")[0] for p in self.asked]


def status(code: int, message: str, reason: str = "", **meta: str) -> dict[str, Any]:
    return {"kind": "Status", "apiVersion": "v1", "metadata": meta, "status": "Failure", "message": message, "reason": reason, "code": code}


def split(path: str) -> tuple[str, str, str, str, str]:
    """Return (group, namespace, resource with its subresource, name, the list's path over all namespaces)."""
    parts = path.strip("/").split("/")
    root, parts = (parts[:2], parts[2:]) if parts[0] == "api" else (parts[:3], parts[3:])
    group = "" if root[0] == "api" else root[1]
    namespace = ""
    if parts[:1] == ["namespaces"] and len(parts) > 2:
        namespace, parts = parts[1], parts[2:]
    resource, name = parts[0], parts[1] if len(parts) > 1 else ""
    if len(parts) > 2:
        resource = f"{resource}/{parts[2]}"
    return group, namespace, resource, name, "/" + "/".join([*root, parts[0]])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        pass

    def do_CONNECT(self) -> None:
        self.server.proxied.append(self.path)
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port))) as there:
            self.send_response(200)
            self.end_headers()
            pumps = [threading.Thread(target=_pump, args=pair, daemon=True) for pair in ((self.connection, there), (there, self.connection))]
            for pump in pumps:
                pump.start()
            for pump in pumps:
                pump.join()
        self.close_connection = True

    def do_GET(self) -> None:
        server = self.server
        path, _, text = self.path.partition("?")
        query = dict(urllib.parse.parse_qsl(text))
        with server.lock:
            server.asked.append(self.path)
        group, namespace, resource, name, whole = split(path)
        if self.headers.get("Authorization") != f"Bearer {TOKEN}" and server.context is not None and not self.connection.getpeercert():
            return self.answer(401, status(401, "Unauthorized", "Unauthorized"))
        verb = "watch" if "watch" in query else "get" if name else "list"
        if not self._allowed(verb, group, namespace, resource, name):
            user = "system:serviceaccount:msnet:msnet"
            said = f'{resource} is forbidden: User "{user}" cannot {verb} resource "{resource}" in API group "{group}" at the cluster scope'
            return self.answer(403, status(403, said, "Forbidden"))
        trouble = self._troubled(path, query)
        if trouble is not None:
            return self._fail(trouble)
        if verb == "watch":
            return self._watch(path)
        if name:
            if self.path in server.texts:
                return self.answer(200, server.texts[self.path])
            objects = () if "/" in resource else server.lists.get(whole, ())
            found = server.single.get(path) or next((o for o in objects if _is(o, namespace, name)), None)
            return self.answer(*((200, found) if found is not None else (404, status(404, f'{resource} "{name}" not found', "NotFound"))))
        if whole not in server.lists:
            return self.answer(404, b"404 page not found\n")
        return self._list(whole, namespace, query)

    def _allowed(self, verb: str, group: str, namespace: str, resource: str, name: str) -> bool:
        if self.server.rights is None:
            return True
        for where, rule in self.server.rights:
            names = rule.get("resourceNames")
            if (
                where in ("", namespace)
                and verb in rule["verbs"]
                and group in rule["apiGroups"]
                and resource in rule["resources"]
                and (not names or name in names)
            ):
                self.server.used.append((where, rule))
                return True
        return False

    def _troubled(self, path: str, query: dict[str, str]) -> Trouble | None:
        with self.server.lock:
            trouble = self.server.trouble.get(path) or self.server.trouble.get("*")
            if trouble is None or not trouble.times or (trouble.page and trouble.page not in ("*" if "continue" in query else "", query.get("continue"))):
                return None
            trouble.times -= 1
            return trouble

    def _fail(self, trouble: Trouble) -> None:
        if not trouble.how:
            body = trouble.body if trouble.body is not None else status(trouble.status, f"the server says {trouble.status}")
            return self.answer(trouble.status, body, trouble.headers)
        self.close_connection = True
        if trouble.how == "hang":
            self.server.ended.wait(60)
        elif trouble.how in ("drip", "drip-head"):
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
            with contextlib.suppress(OSError):
                if trouble.how == "drip":
                    self.connection.sendall(head)
                for n in range(100_000):
                    self.connection.sendall(b" " if trouble.how == "drip" else head[n : n + 1] if n < 15 else b"x")
                    if self.server.ended.wait(0.05):
                        break
        elif trouble.how == "cut":
            self.connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"kind": "PodList"')
        return None

    def _list(self, path: str, namespace: str, query: dict[str, str]) -> None:
        version, kind = _KINDS[path]
        found = [o for o in self.server.lists[path] if not namespace or o["metadata"].get("namespace") == namespace]
        start, size = int(query.get("continue", 0)), min(int(query.get("limit", 0)) or len(found), self.server.page or len(found)) or 1
        meta: dict[str, Any] = {"resourceVersion": "1000"}
        if start + size < len(found):
            meta |= {"continue": str(start + size), "remainingItemCount": len(found) - start - size}
        bare = [{k: v for k, v in o.items() if k not in ("kind", "apiVersion")} for o in found[start : start + size]]
        self.answer(200, {"kind": f"{kind}List", "apiVersion": version, "metadata": meta, "items": bare})

    def _watch(self, path: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while (changes := self._next_watch(path)) is None:
            if self.server.ended.wait(0.02):
                self.close_connection = True
                return
        for change in changes:
            line = json.dumps(change).encode() + b"\n"
            self.wfile.write(b"%x\r\n%b\r\n" % (len(line), line))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def _next_watch(self, path: str) -> list[dict[str, Any]] | None:
        with self.server.lock:
            waiting = self.server.watches.get(path, [])
            return waiting.pop(0) if waiting else None

    def answer(self, code: int, body: Any, headers: dict[str, str] | None = None) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body, default=str).encode()
        self.send_response(code)
        for key, value in {"Content-Type": "application/json", "Content-Length": str(len(raw)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(raw)


def _is(body: dict[str, Any], namespace: str, name: str) -> bool:
    return body["metadata"]["name"] == name and body["metadata"].get("namespace", "") == namespace


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while block := source.recv(65536):
            target.sendall(block)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def serving(context: ssl.SSLContext | None, port: int = 0) -> Iterator[Server]:
    """Run a server until the block ends."""
    server = Server(context, port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()


def tls(authority: trustme.CA, *names: str, **more: Any) -> ssl.SSLContext:
    """Return the context of a server with a certificate for `names`; it knows clients by certificates of the same authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or ("localhost", "127.0.0.1")), **more).configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def kubeconfig(path: Path, url: str, authority: trustme.CA | None = None, *, user: dict[str, Any] | None = None, **cluster: Any) -> Path:
    """Write a kubeconfig as MicroShift does: everything within the file."""
    body: dict[str, Any] = {"server": url, **cluster}
    if authority is not None:
        body["certificate-authority-data"] = base64.b64encode(authority.cert_pem.bytes()).decode()
    config = {
        "apiVersion": "v1", "kind": "Config", "current-context": "microshift", "preferences": {},
        "clusters": [{"name": "microshift", "cluster": body}], "users": [{"name": "user", "user": {"token": TOKEN} if user is None else user}],
        "contexts": [{"name": "microshift", "context": {"cluster": "microshift", "user": "user", "namespace": "default"}}],
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(config))
    return path


def refused_port() -> int:
    """Return a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def wait_for(condition: Any, seconds: float = 5) -> bool:
    """Return True as soon as `condition()` holds, False if it does not in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False
