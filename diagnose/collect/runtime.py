"""The container runtime's own word on the pods' sandboxes, through crictl: there when the API server is not.

Sources: cri-tools cmd/crictl/sandbox.go (`pods`, `inspectp`), cri-o docs/crio.8.md (its socket).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator

from diagnose.collect.device import Deadline, Device
from diagnose.collect.evidence import Evidence
from diagnose.model import Gap, Record, Resource
from diagnose.parse.host import SANDBOX
from diagnose.parse.tree import items, mapping

SOURCE = "runtime"
SOCKET = "unix:///var/run/crio/crio.sock"
_SANDBOXES = 250
"""Sandboxes that are looked at one by one: the kubelet runs 250 pods at most on MicroShift."""


def commands(*more: str) -> list[str]:
    """Return the command line of crictl with these arguments."""
    return ["crictl", "--timeout", "5s", "--runtime-endpoint", os.environ.get("CONTAINER_RUNTIME_ENDPOINT") or SOCKET, *more]


def collect(device: Device, deadline: Deadline, out: Evidence) -> Iterator[Record | Resource]:
    """Yield all sandboxes, and of those that live their annotations, network namespace and CNI result."""
    if not device.running:
        return  # a saved tree has crictl's output among its files, if at all
    listed = deadline.run(commands("pods", "-o", "json"))
    if listed.error:
        out.gaps.append(_gap(listed.error))
        return
    try:
        boxes = [mapping(x) for x in items(mapping(json.loads(listed.text)).get("items"))]
    except (ValueError, RecursionError) as e:
        out.gaps.append(Gap(SOURCE, "", "sudo crictl pods", "runtime-answer", values=(("why", str(e)),)))
        return
    if boxes:
        yield from out.content("crictl pods -o json", listed.text)
    ready = [str(b.get("id")) for b in boxes if b.get("state") == "SANDBOX_READY"]
    for number, box in enumerate(ready[:_SANDBOXES]):
        one = deadline.run(commands("inspectp", "-o", "json", box))
        if deadline.over:
            out.gaps.append(Gap(SOURCE, "", "sudo msnet diagnose --timeout 120", "runtime-cut", values=(("n", str(number)), ("of", str(len(ready))))))
            return
        if not one.error:  # else it is gone by now
            yield from out.content(f"crictl inspectp {box}", one.text)


def pods(found: Iterable[Record | Resource]) -> Iterator[Resource]:
    """Yield what the sandboxes tell of their pods, which is less than the API server would: name, UID, annotations as the newest sandbox has them."""
    newest: dict[tuple[str, str], Resource] = {}
    for box in found:
        if isinstance(box, Resource) and box.kind == SANDBOX and box.body.get("annotations") and not box.body.get("host"):
            key = box.namespace, box.name
            newest[key] = max(newest.get(key, box), box, key=lambda b: str(b.body["created"]))
    for (namespace, name), box in newest.items():
        meta = {"namespace": namespace, "name": name, "uid": box.body["uid"], "annotations": box.body["annotations"]}
        yield Resource("Pod", namespace, name, {"kind": "Pod", "metadata": meta}, box.where)


def _gap(error: str) -> Gap:
    """Return why crictl could not be asked."""
    low = error.lower()
    if error.endswith("is not installed"):
        return Gap(SOURCE, "", "install cri-tools", "runtime-none", hides=False)
    if "permission denied" in low:
        return Gap(SOURCE, "", "sudo msnet diagnose", "runtime-denied")
    return Gap(SOURCE, "", "systemctl status crio; sudo crictl pods", "runtime-dead", values=(("why", " ".join(error.split())[-200:]),))
