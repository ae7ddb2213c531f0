"""The API's watches against a server on loopback that ends, breaks, forgets, refuses and comes back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collect.apiserver import EVENTS, NADS, PODS, Server, Trouble, kubeconfig, refused_port, serving, status, wait_for
from diagnose.collect.device import Deadline, Device
from diagnose.collect.follow_api import Listed, Lost, Objects
from diagnose.model import Record, Resource


def pod(name: str, version: int = 1, phase: str = "Running") -> dict[str, Any]:
    return {"kind": "Pod", "apiVersion": "v1", "metadata": {"namespace": "plant", "name": name, "uid": name, "resourceVersion": str(version)}, "status": {"phase": phase}}  # fmt: skip


def event(name: str, message: str, count: int = 1) -> dict[str, Any]:
    return {
        "kind": "Event", "apiVersion": "v1", "metadata": {"namespace": "plant", "name": name, "uid": name, "resourceVersion": "5"}, "message": message, "count": count,
        "reason": "NoNetworkFound", "type": "Warning", "involvedObject": {"kind": "Pod", "namespace": "plant", "name": "a"}, "lastTimestamp": "2026-11-25T08:00:00Z",
    }  # fmt: skip


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(None) as one:
        yield one


@pytest.fixture
def follow(tmp_path: Path) -> Iterator[Callable[..., list[Any]]]:
    """Follow a kind at a URL; return the list into which everything comes."""
    deadline = Deadline(float("inf"))

    def begin(url: str, kind: str = "Pod") -> list[Any]:
        came: list[Any] = []
        device = Device(root=tmp_path, kubeconfig=kubeconfig(tmp_path / "kubeconfig", url, user={}))
        threading.Thread(target=Objects(device, kind, came.append, deadline).run, daemon=True).start()
        return came

    yield begin
    deadline.stop()


def names(item: Listed) -> list[str]:
    return sorted(x.name for x in item.found if isinstance(x, Resource))


def test_a_list_then_its_changes_and_on_from_the_last_version(server: Server, follow: Callable[..., list[Any]]) -> None:
    server.add(pod("a"), pod("b"), pod("c"))
    server.page = 2
    server.watches[PODS] = [
        [{"type": "MODIFIED", "object": pod("a", 1001)}, {"type": "BOOKMARK", "object": {"kind": "Pod", "metadata": {"resourceVersion": "1007"}}}],
        [{"type": "DELETED", "object": pod("b", 1010)}],
    ]
    came = follow(server.url)
    assert wait_for(lambda: len(came) == 3)
    listed, modified, deleted = came
    assert isinstance(listed, Listed)
    assert names(listed) == ["a", "b", "c"]
    assert [(x.deleted, x.found.name, x.found.body["kind"]) for x in (modified, deleted)] == [(False, "a", "Pod"), (True, "b", "Pod")]
    assert wait_for(lambda: sum("watch=true" in q for q in server.asked) == 3)
    versions = [q.partition("resourceVersion=")[2].partition("&")[0] for q in server.asked if "watch=true" in q]
    assert versions == ["1000", "1007", "1010"]
    assert sum("watch=true" not in q for q in server.asked) == 2  # two pages, once


def test_a_version_that_is_too_old_is_listed_again_without_a_gap(server: Server, follow: Callable[..., list[Any]]) -> None:
    server.add(pod("a"))
    server.watches[PODS] = [[{"type": "ERROR", "object": status(410, "too old resource version", "Expired")}]]
    came = follow(server.url)
    assert wait_for(lambda: len(came) == 3)
    assert [type(x) for x in came] == [Listed, Lost, Listed]
    assert came[1].gaps == ()


def test_a_server_that_goes_and_comes_back(follow: Callable[..., list[Any]]) -> None:
    with serving(None) as server:
        server.add(pod("a"))
        port = server.server_address[1]
        came = follow(server.url)
        assert wait_for(lambda: len(came) == 1)
    assert wait_for(lambda: any(isinstance(x, Lost) and x.gaps for x in came))
    first, *rest = came[1:]
    assert first == Lost("Pod", ())  # a moment is no gap
    assert {x.gaps[0].kind for x in rest} <= {"api-refused", "api-broken"}
    with serving(None, port) as server:
        server.add(pod("b"))
        assert wait_for(lambda: isinstance(came[-1], Listed), 10)
        assert names(came[-1]) == ["b"]


def test_a_server_that_is_not_there_is_told_once_it_does_not_answer_twice(follow: Callable[..., list[Any]]) -> None:
    came = follow(f"http://localhost:{refused_port()}")
    assert wait_for(lambda: len(came) == 2)
    assert [x.gaps and x.gaps[0].kind for x in came] == [(), "api-refused"]


@pytest.mark.parametrize(("code", "kind"), [(401, "api-unauthorized"), (403, "api-forbidden")])
def test_a_refusal_is_told_at_once_and_not_asked_again_soon(code: int, kind: str, server: Server, follow: Callable[..., list[Any]]) -> None:
    server.refuse(PODS, code)
    came = follow(server.url)
    assert wait_for(lambda: len(came) == 1)
    assert came[0].gaps[0].kind == kind
    if code == 403:
        assert not wait_for(lambda: len(server.asked) > 1, 1.3)


def test_a_kind_that_the_server_does_not_know_has_no_objects(server: Server, follow: Callable[..., list[Any]]) -> None:
    del server.lists[NADS]
    came = follow(server.url, "NetworkAttachmentDefinition")
    assert wait_for(lambda: len(came) == 1)
    assert came == [Listed("NetworkAttachmentDefinition", [], served=False)]


def test_nads_are_whole_objects(server: Server, follow: Callable[..., list[Any]]) -> None:
    server.add(
        {"kind": "NetworkAttachmentDefinition", "apiVersion": "k8s.cni.cncf.io/v1", "metadata": {"namespace": "plant", "name": "lan", "uid": "n"}, "spec": {}}
    )
    came = follow(server.url, "NetworkAttachmentDefinition")
    assert wait_for(lambda: len(came) == 1)
    (nad,) = came[0].found
    assert (nad.body["apiVersion"], nad.body["kind"], nad.where.source) == ("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition", f"api:{NADS}")


def test_events_are_records_and_their_end_is_none(server: Server, follow: Callable[..., list[Any]]) -> None:
    server.add(event("e1", "first"))
    server.watches[EVENTS] = [
        [
            {"type": "ADDED", "object": event("e2", "second")},
            {"type": "DELETED", "object": event("e1", "first")},
            {"type": "MODIFIED", "object": event("e2", "second", 4)},
        ]
    ]
    came = follow(server.url, "Event")
    assert wait_for(lambda: len(came) == 3)
    records = [came[0].found[0], came[1].found, came[2].found]
    assert all(isinstance(r, Record) and r.program == "event" and r.pod == "plant/a" for r in records)
    assert [(r.message, r.times) for r in records] == [("first", 1), ("second", 1), ("second", 4)]


def test_a_busy_or_failing_list_is_tried_again(server: Server, follow: Callable[..., list[Any]]) -> None:
    server.add(pod("a"))
    server.trouble[PODS] = Trouble(500, times=2)
    came = follow(server.url)
    assert wait_for(lambda: any(isinstance(x, Listed) for x in came), 10)
    assert came[0] == Lost("Pod", ())
    assert isinstance(came[-1], Listed)


def test_without_a_kubeconfig_that_is_told(tmp_path: Path) -> None:
    deadline = Deadline(float("inf"))
    came: list[Any] = []
    threading.Thread(target=Objects(Device(root=tmp_path), "Pod", came.append, deadline).run, daemon=True).start()
    assert wait_for(lambda: len(came) == 1)
    assert came[0].gaps[0].kind == "api-no-kubeconfig"
    deadline.stop()
