"""Follows what the API server holds: pods, NADs and events, each listed once and then watched, whatever becomes of the server.

Sources: kubernetes.io reference/using-api/api-concepts (resourceVersion, bookmarks, 410 Gone), client-go tools/cache/reflector.go (list, then
watch; list again when the version is too old or the connection broke; back off).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from diagnose.collect.api_client import Client
from diagnose.collect.api_error import ApiError
from diagnose.collect.device import Deadline, Device
from diagnose.collect.evidence import event_record
from diagnose.model import Gap, Record, Resource, Where
from diagnose.parse.tree import items, mapping
from diagnose.record import dataclass

PATHS: Final[dict[str, str]] = {
    "Pod": "/api/v1/pods",
    "NetworkAttachmentDefinition": "/apis/k8s.cni.cncf.io/v1/network-attachment-definitions",
    "Event": "/api/v1/events",
}
"""Kinds that are followed."""
_STREAM = 300
"""Seconds after which the server is asked to end a watch; a dead connection is noticed so, too."""
_SILENCE = _STREAM + 30.0
_FIRST, _LONGEST, _REFUSED = 1.0, 30.0, 60.0
"""Seconds before a server that does not answer is asked again: at first, and at most; and one that refuses."""
_SHORT = 5.0
"""Seconds that a watch must last for the next to follow at once."""
_REFUSALS = frozenset({401, 403})


class Listed(NamedTuple):
    """All objects of a kind, or all events, as they are now."""

    kind: str
    found: list[Record | Resource]
    served: bool = True
    """False where the API server does not know the kind."""


class Changed(NamedTuple):
    """One object that was added, changed or deleted, or one event."""

    kind: str
    found: Record | Resource
    deleted: bool = False


class Lost(NamedTuple):
    """From now on a kind is not followed."""

    kind: str
    gaps: tuple[Gap, ...]
    """Why; () while that may be over in a moment."""


@dataclass(slots=True)
class Objects:
    """Follows one kind; `run` tells `put` until the deadline is stopped."""

    device: Device
    kind: str
    put: Callable[[object], None]
    deadline: Deadline
    _wait: float = 0.0

    def run(self) -> None:
        """Follow until the deadline is stopped."""
        while not self.deadline.stopped.is_set():
            client = None
            try:
                client = Client.connect(self.device, self.deadline)
                self._list_and_watch(client)
            except ApiError as e:
                self._failed(e)
            finally:
                if client is not None:
                    client.close()
            self.deadline.stopped.wait(self._wait)

    def _list_and_watch(self, client: Client) -> None:
        """List the kind, and tell of its changes. Raises `ApiError` where either breaks."""
        path = PATHS[self.kind]
        version = self._list(client, path)
        while not self.deadline.stopped.is_set():
            began = time.monotonic()
            query = {"resourceVersion": version, "allowWatchBookmarks": "true", "timeoutSeconds": _STREAM}
            for change in client.watch(path, query, _SILENCE):
                body = mapping(change.get("object"))
                version = str(mapping(body.get("metadata")).get("resourceVersion") or version)
                item = None if change.get("type") == "BOOKMARK" else self._item(body, path)
                if item is not None and (self.kind != "Event" or change.get("type") != "DELETED"):
                    self.put(Changed(self.kind, item, change.get("type") == "DELETED"))
            self._wait = 0.0
            if time.monotonic() - began < _SHORT:
                self.deadline.stopped.wait(_FIRST)

    def _list(self, client: Client, path: str) -> str:
        """Tell of all objects, and return the version from which on to watch."""
        found: dict[str, Record | Resource] = {}
        version = ""
        try:
            for page in client.pages(path):
                version = str(mapping(page.get("metadata")).get("resourceVersion") or version)
                for body in map(mapping, items(page.get("items"))):
                    item = self._item(body, path)
                    if item is not None:
                        found[str(mapping(body.get("metadata")).get("uid") or len(found))] = item
        except ApiError as e:
            if e.status != 404:
                raise
            self.put(Listed(self.kind, [], served=False))
            self.deadline.stopped.wait(_REFUSED)
            raise
        self.put(Listed(self.kind, list(found.values())))
        return version

    def _item(self, body: dict[str, Any], path: str) -> Record | Resource | None:
        """Return an object of the API, or an event that says something."""
        where = Where(f"api:{path}")
        if self.kind == "Event":
            return event_record(body, where)
        meta = mapping(body.get("metadata"))
        version = "v1" if path.startswith("/api/v1/") else path.removeprefix("/apis/").rpartition("/")[0]
        whole = {"apiVersion": version, "kind": self.kind, **body}
        return Resource(self.kind, str(meta.get("namespace") or ""), str(meta["name"]), whole, where) if meta.get("name") else None

    def _failed(self, error: ApiError) -> None:
        """Wait before the next attempt; tell of what does not answer a second time, and at once of what refuses."""
        if self.deadline.stopped.is_set():
            return
        again, told = self._wait, (error.gap,)
        self._wait = min(again * 2, _LONGEST) if again else _FIRST
        if error.status == 404:
            told, self._wait = (), 0.0  # which `_list` told, and waited
        elif error.status in _REFUSALS or error.gap.kind.startswith(("api-no-kubeconfig", "api-kubeconfig")):
            self._wait = _REFUSED
        elif error.gap.kind == "api-expired" or not again:
            told = ()
        self.put(Lost(self.kind, told))
