"""Lines that are no failures but tell the story: a pod got its network, a component started, whose turn it is."""

from __future__ import annotations

from typing import NamedTuple

from diagnose.model import Record
from diagnose.pattern import lazy


class Mark(NamedTuple):
    """What a line tells.

    `kind` is pod-ok, pod-context (the next failures are this pod's), pod-gone, pod-waits, node-ready, start or
    stop (of `who`), cni-config (a file of CRI-O's CNI directory changed), renamed (a network interface with a driver), clock
    (stepped), lost (lines that journald dropped), volatile or persistent (where journald writes).
    """

    kind: str
    pod: str
    """"namespace/name" or ""."""
    detail: str
    sandbox: str = ""
    who: str = ""
    """The component that started or stopped: node, microshift, crio, kubelet, multus, ovn; a renamed interface's driver and bus address."""
    old: str = ""
    """A renamed interface's old name."""


# literal that the scan looks for, kind, and where the names stand. Sources: cri-o server/sandbox_run_linux.go and
# ocicni ("Adding pod", "CNI monitoring event"), multus pkg/multus/multus.go (Add:, Del:), kubelet kubelet.go (SyncLoop),
# pod_startup_latency_tracker.go and kubelet_node_status.go, microshift pkg/servicemanager/startuprecorder, systemd unit
# descriptions of MicroShift, CRI-O and Open vSwitch, kernel net/core/dev.c (renamed from), chrony reference.c,
# systemd src/journal/journald-rate-limit.c and journald-server.c.
_MARKS: tuple[tuple[str, str, str], ...] = (
    (" from CNI network ", "pod-context", r"Deleting pod (?P<ns>[^_\s]+)_(?P<pod>\S+) from CNI network"),
    ("[verbose] Del: ", "pod-context", r"^Del: (?P<ns>[^:\s]+):(?P<pod>[^:\s]+):"),
    ("K8S_POD_INFRA_CONTAINER_ID=", "pod-context", r"K8S_POD_NAMESPACE[= ](?P<ns>[^;\]\s]+)[;\] ].*?K8S_POD_NAME[= ](?P<pod>[^;\]\s]+)"),
    ("Ran pod sandbox ", "pod-ok", r"Ran pod sandbox (?P<sandbox>\w+) with infra container: (?P<ns>[^/\s]+)/(?P<pod>[^/\s]+)/POD"),
    ("Observed pod startup duration", "pod-ok", r""),
    ("AddedInterface", "pod-ok", r"Add \S+ (?P<detail>\[.*)"),
    ("SyncLoop REMOVE", "pod-gone", r""),
    ("SyncLoop DELETE", "pod-gone", r""),
    ("No preemption candidate is found", "pod-waits", r""),
    ("MICROSHIFT READY", "node-ready", r""),
    ("just became ready", "node-ready", r""),
    ("Node became ready", "node-ready", r""),
    ("MICROSHIFT STARTING", "start", r"(?P<detail>MICROSHIFT STARTING)(?P<microshift>)"),
    ("Starting MicroShift", "start", r"(?P<detail>Starting MicroShift)(?P<microshift>)"),
    ("Starting CRI-O, version", "start", r"(?P<detail>Starting CRI-O, version: ?[^\s,\"]*)(?P<crio>)"),
    ("Starting Container Runtime Interface for OCI", "start", r"(?P<detail>Starting Container Runtime Interface for OCI[^\n]*)(?P<crio>)"),
    ("Starting kubelet", "start", r"(?P<detail>Starting kubelet)(?P<kubelet>)"),
    ("Linux version ", "start", r"^(?P<detail>Linux version \S+)(?P<node>)"),
    ("-- Boot ", "start", r"^-- (?P<detail>Boot [0-9a-f]{32})(?P<node>)"),
    ("-- Reboot --", "start", r"^-- (?P<detail>Reboot)(?P<node>)"),
    ("Entering watch loop", "start", r"(?P<detail>Entering watch loop)(?P<multus>)"),
    ("kubeconfig is created in ", "start", r"(?P<detail>kubeconfig is created)(?P<multus>)"),
    ("Starting Open vSwitch", "start", r"(?P<detail>Starting Open vSwitch[^\n]*)(?P<ovn>)"),
    ("Stopped MicroShift", "stop", r"(?P<detail>Stopped MicroShift)(?P<microshift>)"),
    ("Stopped Container Runtime Interface for OCI", "stop", r"(?P<detail>Stopped Container Runtime Interface for OCI[^\n]*)(?P<crio>)"),
    ("Stopped Open vSwitch", "stop", r"(?P<detail>Stopped Open vSwitch[^\n]*)(?P<ovn>)"),
    ("CNI monitoring event", "cni-config", r"CNI monitoring event (?P<detail>(?:CREATE|REMOVE|RENAME)[^\"]*\"[^\"]*\")"),
    (": renamed from ", "renamed", r"^(?P<device>\S+ \S+) (?P<detail>[^\s:]+): renamed from (?P<old>\S+)$"),
    ("Suppressed ", "lost", r"^Suppressed (?P<detail>\d+ messages from \S+)"),
    ("Runtime Journal (", "volatile", r"^(?P<detail>Runtime Journal \(/run/log/journal)"),
    ("System Journal (", "persistent", r"^(?P<detail>System Journal \(/var/log/journal)"),
    ("System clock was stepped by", "clock", r"(?P<detail>System clock was stepped by \S+ seconds)"),
    ("Time jumped backwards", "clock", r"(?P<detail>Time jumped backwards)"),
)  # fmt: skip
_WHO = ("node", "microshift", "crio", "kubelet", "multus", "ovn")
LITERALS = tuple(literal for literal, _, _ in _MARKS)
SIGNS = tuple(literal for literal, kind, _ in _MARKS if kind == "pod-ok")
"""Literals of records that tell nothing but that a pod works; healthy journals are full of them."""
_COMPILED = tuple((literal, kind, lazy(rx)) for literal, kind, rx in _MARKS)
_OBJECT_UID = lazy(r'Namespace:"(?P<ns>[^"]+)", Name:"(?P<pod>[^"]+)"')


def mark_of(record: Record) -> Mark | None:
    """Return what `record` marks, or None."""
    if record.program == "event":
        if record.reason == "AddedInterface":
            return Mark("pod-ok", record.pod, record.message)
        if record.reason == "Started" and record.pod:
            return Mark("pod-ok", record.pod, record.message)
        if record.reason == "NodeReady":
            return Mark("node-ready", "", record.message)
        if record.reason == "Starting":
            return Mark("start", "", record.message, who="kubelet" if "kubelet" in record.message else "node")
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
        who = named.get("device") or next((x for x in _WHO if named.get(x) is not None), "")
        return Mark(kind, pod, named.get("detail") or literal.strip(), named.get("sandbox") or "", who, named.get("old") or "")
    return None
