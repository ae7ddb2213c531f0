"""Asks the API server: one question at a time, each with a time limit, and raw JSON for an answer.

The client is the `kubernetes` package's; of it only the kubeconfig and the connections (TLS, proxy-url) are used: objects stay what files hold.
Sources: kubernetes.io reference/using-api/api-concepts (limit and continue, 410 Gone, watches and bookmarks), apiserver pkg/endpoints/handlers (429
with Retry-After), client-go rest/request.go (retries).
"""

from __future__ import annotations

import importlib
import json
import queue
import threading
from collections.abc import Iterator, Mapping
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.parse import urlencode

from diagnose import __version__
from diagnose.collect import kubeconfig
from diagnose.collect.api_error import ApiError, of_exception
from diagnose.collect.device import Deadline, Device
from diagnose.parse.tree import items, mapping

CONNECT, SILENCE, CALL = 3.0, 10.0, 60.0
"""Seconds for a connection, without a byte of an answer, and for a whole answer; all of them end with the deadline."""
PAGE = 500
"""Objects of a list that are asked for together."""
_MOST = 64 * 1024 * 1024
"""Bytes of one answer."""
_BLOCK = 64 * 1024
_BUSY = 5
"""Questions after which a server that says that it is busy is believed."""
_PAUSE = 0.5
"""Seconds before the server is asked again that failed, or is busy and names no time."""

Query = Mapping[str, str | int]


class Answer(NamedTuple):
    """What the server answered."""

    status: int
    retry_after: float | None
    """Seconds after which the server wants to be asked again."""
    body: bytes


class Client:
    """Asks one API server. Whatever goes wrong is an `ApiError`, with its gap."""

    def __init__(self, login: kubeconfig.Login, deadline: Deadline) -> None:
        """Prepare connections; none is made before the first question."""
        self._login = login
        self._deadline = deadline
        configuration = login.configuration
        self.server: str = str(configuration.host).rstrip("/")
        """The URL of the API server."""
        self.received = 0
        """Bytes of all answers so far."""
        self._failing = False
        """True once the server failed twice at one question: from then on none is asked again."""
        self._urllib3 = importlib.import_module("urllib3")
        if not configuration.verify_ssl:
            self._urllib3.disable_warnings(self._urllib3.exceptions.InsecureRequestWarning)
        self._manager = importlib.import_module("kubernetes.client.rest").RESTClientObject(configuration).pool_manager
        token = mapping(mapping(configuration.auth_settings()).get("BearerToken")).get("value")
        self._headers = {"Accept": "application/json", "User-Agent": f"msnet/{__version__}"} | ({"Authorization": str(token)} if token else {})

    @classmethod
    def connect(cls, device: Device, deadline: Deadline) -> Client:
        """Return a client for the device's API server; its questions end with `deadline`. Raises `ApiError` where no kubeconfig can be used."""
        return cls(kubeconfig.login(device), deadline)

    def close(self) -> None:
        """Close idle connections and forget the credentials."""
        self._manager.clear()
        self._login.close()

    # --- questions ----------------------------------------------------------------------------------------------------

    def get(self, path: str, query: Query | None = None) -> dict[str, Any]:
        """Return the object at `path` ("/api/v1/nodes/x"). Raises `ApiError`."""
        body = self._asked(path, query or {}).body
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            found = None
        if not mapping(found):
            raise ApiError("api-no-json", path, server=self.server, text=body[:80].decode("utf-8", "replace"))
        return mapping(found)

    def text(self, path: str, query: Query | None = None) -> bytes:
        """Return what stands at `path`, which need not be JSON: a container's log. Raises `ApiError`."""
        return self._asked(path, query or {}).body

    def pages(self, path: str, query: Query | None = None) -> Iterator[dict[str, Any]]:
        """Yield the list at `path`, page by page; what the pages say of one object may come twice where the list expired and was begun again.

        Raises `ApiError` where it cannot be read to its end; what was yielded until then holds.
        """
        token, expired = "", False
        while True:
            try:
                page = self.get(path, {**(query or {}), "limit": PAGE, **({"continue": token} if token else {})})
            except ApiError as e:
                if e.gap.kind != "api-expired" or expired:
                    raise
                # The error brings a token that goes on in a newer state of the list; without one the list is begun again.
                token, expired = e.token, True
                continue
            yield page
            token = str(mapping(page.get("metadata")).get("continue") or "")
            if not token:
                return

    def objects(self, path: str, query: Query | None = None) -> Iterator[dict[str, Any]]:
        """Yield the objects of the list at `path`, each once, with kind and apiVersion. Raises `ApiError` as `pages` does."""
        told: set[str] = set()
        for page in self.pages(path, query):
            kind, version = str(page.get("kind", "")).removesuffix("List"), page.get("apiVersion", "")
            for one in map(mapping, items(page.get("items"))):
                uid = str(mapping(one.get("metadata")).get("uid") or "")
                if one and uid not in told:
                    told.update({uid} - {""})
                    yield {"apiVersion": version, "kind": kind, **one}

    def watch(self, path: str, query: Query | None = None, silence: float = 300.0) -> Iterator[dict[str, Any]]:
        """Yield the changes of the list at `path` as the server tells them: {"type": "ADDED", "MODIFIED", "DELETED" or "BOOKMARK", "object": ...}.

        It ends where the server ends it, as it does every few minutes. Raises `ApiError` where it breaks, where nothing comes for `silence`
        seconds, and of kind api-expired where `resourceVersion` is too old: then the list is to be read again.
        """
        url = self._url(path, {**(query or {}), "watch": "true"})
        try:
            response = self._opened(url, silence)
            if response.status != 200:
                raise self._refused(path, Answer(response.status, None, response.read(_BLOCK)))
            rest = b""
            for block in response.stream(_BLOCK):
                *lines, rest = (rest + block).split(b"\n")
                for line in lines:
                    if line.strip():
                        yield self._change(path, line)
                if self._deadline.over:
                    return
        except ApiError:
            raise
        except (OSError, HTTPException, self._urllib3.exceptions.HTTPError) as e:
            raise of_exception(e, path, self.server, silence) from None

    def _change(self, path: str, line: bytes) -> dict[str, Any]:
        try:
            change = mapping(json.loads(line))
        except (ValueError, RecursionError):
            raise ApiError("api-no-json", path, server=self.server, text=line[:80].decode("utf-8", "replace")) from None
        if change.get("type") == "ERROR":
            status = mapping(change.get("object"))
            raise self._refused(path, Answer(int(status.get("code") or 500), None, json.dumps(status).encode()))
        return change

    # --- answers ------------------------------------------------------------------------------------------------------

    def _asked(self, path: str, query: Query) -> Answer:
        """Return an answer of status 2xx; a busy server is asked again when it wants to, a failing one once more until it failed twice, a lost one once more."""
        for attempt in range(_BUSY):
            try:
                answer = self._answer(path, query)
            except ApiError as e:
                if attempt or e.gap.kind != "api-broken":
                    raise
                continue
            if 200 <= answer.status < 300:
                return answer
            again = answer.status == 429 or (answer.status >= 500 and not attempt and not self._failing)
            wait = _PAUSE if answer.retry_after is None else answer.retry_after
            if not again or attempt == _BUSY - 1 or wait >= self._deadline.left():
                self._failing = self._failing or answer.status >= 500
                raise self._refused(path, answer)
            self._deadline.stopped.wait(wait)
        raise ApiError("api-broken", path, server=self.server, reason="no answer")

    def _answer(self, path: str, query: Query) -> Answer:
        """Return one answer. It is waited for beside the connection: neither a name server nor a server that drips bytes is bound by a socket's limits."""
        limit = self._deadline.left(CALL)
        if not limit:
            raise ApiError("api-timeout", path, server=self.server, seconds="0")
        came: queue.SimpleQueue[Answer | Exception] = queue.SimpleQueue()
        given_up = threading.Event()
        threading.Thread(target=self._fetch, args=(self._url(path, query), came, given_up), name="msnet-api-call", daemon=True).start()
        try:
            answer = came.get(timeout=limit)
        except queue.Empty:
            given_up.set()
            raise ApiError("api-timeout", path, server=self.server, seconds=f"{limit:.3g}") from None
        if isinstance(answer, Exception):
            raise of_exception(answer, path, self.server, min(limit, SILENCE)) from None
        self.received += len(answer.body)
        return answer

    def _fetch(self, url: str, came: queue.SimpleQueue[Answer | Exception], given_up: threading.Event) -> None:
        try:
            response = self._opened(url, SILENCE)
            parts: list[bytes] = []
            size = 0
            for block in response.stream(_BLOCK):
                parts.append(block)
                size += len(block)
                if size > _MOST or given_up.is_set():
                    response.close()
                    raise OSError(f"an answer of more than {_MOST >> 20} MiB")
            response.release_conn()
            came.put(Answer(response.status, _seconds(response.headers.get("Retry-After")), b"".join(parts)))
        except Exception as e:  # noqa: BLE001 - it is raised where the answer is waited for
            came.put(e)

    def _opened(self, url: str, silence: float) -> Any:
        left = max(self._deadline.left(), 0.001)
        limits = self._urllib3.Timeout(connect=min(CONNECT, left), read=min(silence, left))
        return self._manager.request("GET", url, headers=self._headers, timeout=limits, preload_content=False, retries=False)

    def _url(self, path: str, query: Query) -> str:
        return f"{self.server}{path}" + (f"?{urlencode(query)}" if query else "")

    def _refused(self, path: str, answer: Answer) -> ApiError:
        """Return what an answer of another status than 2xx says."""
        try:
            body = mapping(json.loads(answer.body))
        except (ValueError, RecursionError):
            body = dict[str, Any]()
        text = str(body.get("message") or answer.body[:80].decode("utf-8", "replace")).strip()
        status = answer.status
        kinds = {401: "api-unauthorized", 403: "api-forbidden", 404: "api-missing", 410: "api-expired", 429: "api-busy"}
        token = str(mapping(body.get("metadata")).get("continue") or "")
        said = " ".join(text.split())[:300]
        return ApiError(kinds.get(status, "api-error"), path, status=status, token=token, server=self.server, path=path, code=str(status), text=said)


def _seconds(text: str | None) -> float | None:
    """Return a Retry-After in seconds; a date, which the API server never sends, is None."""
    return float(text) if text and text.isdigit() else None
