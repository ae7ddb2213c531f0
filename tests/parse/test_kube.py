"""What kubectl prints, and the objects of YAML and JSON."""

from __future__ import annotations

import json
import time

import pytest

from diagnose.parse.kube import EventRow, PodRow, documents, event_row, pod_row

MESSAGE = 'Failed to create pod sandbox: rpc error: code = Unknown desc = ... [plant/camera-1/49f2e757-67e9-4266-a3eb-20f15ab08fd9:camera-net]: error adding container to network "camera-net": Link not found'
WARN = ("Warning", "FailedCreatePodSandBox")


@pytest.mark.parametrize(
    ("line", "row"),
    [
        # oc get events
        (f"7m35s       Warning   FailedCreatePodSandBox   pod/camera-1        {MESSAGE}", EventRow(*WARN, "7m35s", "", 1, "", "", "pod", "camera-1", MESSAGE)),
        # oc get events -A
        (f"plant   7m35s       Warning   FailedCreatePodSandBox   pod/camera-1   {MESSAGE}", EventRow(*WARN, "7m35s", "", 1, "", "plant", "pod", "camera-1", MESSAGE)),
        # oc get events -o wide: source in front of the message, first seen, count and name behind it
        (
            f"7m35s       Warning   FailedCreatePodSandBox   pod/camera-1                               kubelet, microshift-edge01                {MESSAGE}      9m5s        12       camera-1.18eac51561283c12",
            EventRow(*WARN, "7m35s", "9m5s", 12, "kubelet, microshift-edge01", "", "pod", "camera-1", MESSAGE),
        ),
        # kubectl events
        (f"7m35s (x12 over 9m5s)   Warning   FailedCreatePodSandBox   Pod/camera-1   {MESSAGE}", EventRow(*WARN, "7m35s", "9m5s", 12, "", "", "pod", "camera-1", MESSAGE)),
        # oc describe pod
        (f"  Warning  FailedCreatePodSandBox  7m35s                 kubelet            {MESSAGE}", EventRow(*WARN, "7m35s", "", 1, "kubelet", "", "", "", MESSAGE)),
        (f"  Warning  FailedCreatePodSandBox  7m35s (x12 over 9m5s)  kubelet, edge01  {MESSAGE}", EventRow(*WARN, "7m35s", "9m5s", 12, "kubelet, edge01", "", "", "", MESSAGE)),
        # kubectl before 1.14
        (
            f"7m          9m           12        camera-1.18eac51561283c12   Pod                 Warning   FailedCreatePodSandBox   kubelet, edge01   {MESSAGE}",
            EventRow(*WARN, "7m", "9m", 12, "kubelet, edge01", "", "pod", "camera-1.18eac51561283c12", MESSAGE),
        ),
        (f"  9m   7m   12   {{kubelet edge01}}   Warning   FailedCreatePodSandBox   {MESSAGE}", EventRow(*WARN, "7m", "9m", 12, "{kubelet edge01}", "", "", "", MESSAGE)),
        # a row of a web console
        (f"camera-1 Warning FailedCreatePodSandBox {MESSAGE}", EventRow(*WARN, "", "", 1, "", "", "", "", MESSAGE)),
        ("<unknown>   Warning   FailedCreatePodSandBox   pod/camera-1   boom", EventRow(*WARN, "<unknown>", "", 1, "", "", "pod", "camera-1", "boom")),
        ("LAST SEEN   TYPE      REASON                   OBJECT              MESSAGE", None),
        ("Warning: resource is deprecated", None),
        ("  Normal  Scheduled", None),
        ("", None),
    ],
)  # fmt: skip
def test_rows_of_events(line: str, row: EventRow | None) -> None:
    assert event_row(line) == row


@pytest.mark.parametrize(
    ("line", "row"),
    [
        ("camera-1   0/1     ContainerCreating   0          8m42s", PodRow("", "camera-1", False, "ContainerCreating", 522)),
        ("plant   mixer-1   1/1     Running   0          9m", PodRow("plant", "mixer-1", True, "Running", 540)),
        ("plant   mixer-1   1/1     Running   3 (2m ago)   9m   10.42.0.7   edge01   <none>   <none>", PodRow("plant", "mixer-1", True, "Running", 540)),
        ("job-1   0/1     Init:0/2   0   9m", PodRow("", "job-1", False, "Init:0/2", 540)),
        ("NAME       READY   STATUS              RESTARTS   AGE", None),
        ("three 1/1 words", None),
    ],
)
def test_rows_of_pods(line: str, row: PodRow | None) -> None:
    assert pod_row(line) == row


YAML = "# a comment\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\napiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: b}\n- metadata: {name: c}\n"
A = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}
B, C = ({"metadata": {"name": x}, "kind": "Pod", "apiVersion": "v1"} for x in "bc")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (YAML, [(A, 1), (B, 0), (C, 0)]),
        (YAML.replace("\n", "\r\n"), [(A, 1), (B, 0), (C, 0)]),
        ("\ufeff" + json.dumps(A), [(A, 1)]),
        (json.dumps(A) + "\n" + json.dumps({"kind": "List", "items": [B, C]}), [(A, 1), (B, 0), (C, 0)]),
        ("\n\n" + json.dumps(A, indent=1) + "\n" + json.dumps(B), [(A, 3), (B, 10)]),
        ("[" + json.dumps(A) + "]", [(A, 1)]),
        ("", []),
        ("a plain scalar", []),
    ],
)
def test_documents(text: str, found: list[tuple[dict[str, object], int]]) -> None:
    assert list(documents(text)) == found


@pytest.mark.parametrize("text", ['{"a": ', "a: [1", "a: b: c", "\t- x", "{" * 5000, "a: &x [*y]"])
def test_what_is_neither_raises(text: str) -> None:
    with pytest.raises((ValueError, RecursionError)):
        list(documents(text))


def test_yaml_cannot_run_code() -> None:
    with pytest.raises(ValueError, match="python/object"):
        list(documents("kind: !!python/object/apply:os.system ['true']"))


def test_a_hostile_row_costs_no_more_than_its_length() -> None:
    began = time.process_time()
    event_row("5m  Warning  Failed  pod/x  msg" + " " * 8 * 1024 + "b")
    assert time.process_time() - began < 0.3  # linear work takes less than 1 ms
