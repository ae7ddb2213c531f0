"""Lines that are no failures but tell the story: a pod got its network, a component started, whose turn it is."""

from __future__ import annotations

import re
from typing import NamedTuple

from diagnose.model import Record


class Mark(NamedTuple):
    """What a line tells: `kind` is pod-ok, pod-context, pod-waits, node-ready or start; `pod` is "namespace/name" or ""."""

    kind: str
    pod: str
    detail: str
    sandbox: str = ""


# literal that the scan looks for, kind, and where the names stand. Sources: cri-o server/sandbox_run_linux.go and
# ocicni ("Adding pod"), multus pkg/multus/multus.go (Add:, Del:), kubelet pod_startup_latency_tracker.go and
# kubelet_node_status.go, microshift pkg/servicemanager/startuprecorder.
_MARKS: tuple[tuple[str, str, str], ...] = (
    (" from CNI network ", "pod-context", r"Deleting pod (?P<ns>[^_\s]+)_(?P<pod>\S+) from CNI network"),
    ("[verbose] Del: ", "pod-context", r"^Del: (?P<ns>[^:\s]+):(?P<pod>[^:\s]+):"),
    ("K8S_POD_INFRA_CONTAINER_ID=", "pod-context", r"K8S_POD_NAMESPACE[= ](?P<ns>[^;\]\s]+)[;\] ].*?K8S_POD_NAME[= ](?P<pod>[^;\]\s]+)"),
    ("Ran pod sandbox ", "pod-ok", r"Ran pod sandbox (?P<sandbox>\w+) with infra container: (?P<ns>[^/\s]+)/(?P<pod>[^/\s]+)/POD"),
    ("Observed pod startup duration", "pod-ok", r""),
    ("AddedInterface", "pod-ok", r"Add \S+ (?P<detail>\[.*)"),
    ("No preemption candidate is found", "pod-waits", r""),
    ("MICROSHIFT READY", "node-ready", r""),
    ("just became ready", "node-ready", r""),
    ("Node became ready", "node-ready", r""),
    ("MICROSHIFT STARTING", "start", r"(?P<detail>MICROSHIFT STARTING)"),
    ("Starting MicroShift", "start", r"(?P<detail>Starting MicroShift)"),
    ("Starting CRI-O, version", "start", r"(?P<detail>Starting CRI-O)"),
    ("Starting Container Runtime Interface for OCI", "start", r"(?P<detail>Starting .*OCI.*)"),
    ("Starting kubelet", "start", r"(?P<detail>Starting kubelet)"),
    ("Linux version ", "start", r"^Linux version (?P<detail>\S+)"),
    ("Entering watch loop", "start", r"(?P<detail>Entering watch loop)"),
    ("kubeconfig is created in ", "start", r"(?P<detail>kubeconfig is created)"),
)  # fmt: skip
LITERALS = tuple(literal for literal, _, _ in _MARKS)
_COMPILED = tuple((literal, kind, re.compile(rx)) for literal, kind, rx in _MARKS)
_OBJECT_UID = re.compile(r'Namespace:"(?P<ns>[^"]+)", Name:"(?P<pod>[^"]+)"')


def mark_of(record: Record) -> Mark | None:
    """Return what `record` marks, or None."""
    if record.program == "event":
        if record.reason == "AddedInterface":
            return Mark("pod-ok", record.pod, record.message)
        if record.reason == "Started" and record.pod:
            return Mark("pod-ok", record.pod, record.message)
        if record.reason in ("NodeReady", "Starting"):
            return Mark("node-ready" if record.reason == "NodeReady" else "start", "", record.message)
        return None
    raw = record.raw
    for literal, kind, rx in _COMPILED:
        if literal not in raw:
            continue
        m = rx.search(record.message) or rx.search(raw)
        if m is None:
            continue
        named = m.groupdict()
        pod = f"{named['ns']}/{named['pod']}" if named.get("pod") else record.pod
        if literal == "AddedInterface":
            who = _OBJECT_UID.search(raw)
            pod = f"{who['ns']}/{who['pod']}" if who else pod
        if kind == "pod-ok" and not pod:
            continue
        return Mark(kind, pod, named.get("detail") or literal.strip(), named.get("sandbox") or "")
    return None
