"""MicroShift's own network pods, whose failure stops all the others (microshift assets/components/multus, assets/components/ovn)."""

from __future__ import annotations

from typing import NamedTuple


class Own(NamedTuple):
    """One of MicroShift's own network pods: its component, the rule of its failure, and its containers."""

    component: str
    rule: str
    containers: frozenset[str]


HOST_NETWORK = ("openshift-ovn-kubernetes/", "openshift-multus/", "kube-system/", "openshift-dns/node-resolver")
"""How pods on the host's network begin, which start without any."""
_OWN = {
    "openshift-multus/multus-": Own("multus", "multus-not-running", frozenset({"kube-multus"})),
    "openshift-multus/dhcp-daemon-": Own("dhcp", "ipam-dhcp-daemon-unreachable", frozenset({"dhcp-daemon"})),
    "openshift-ovn-kubernetes/ovnkube-": Own(
        "ovn", "ovn-kubernetes-not-ready", frozenset({"northd", "nbdb", "sbdb", "ovnkube-cluster-manager", "ovnkube-master", "ovn-controller"})
    ),
}
_BROKEN = frozenset({"CrashLoopBackOff", "Error", "ImagePullBackOff", "ErrImagePull", "CreateContainerError", "RunContainerError", "Failed"})


def own_pod(pod: str) -> Own | None:
    """Return what MicroShift's own network pod "namespace/name" `pod` is, or None for any other pod."""
    return next((own for prefix, own in _OWN.items() if pod.startswith(prefix)), None)


def is_broken(phase: str) -> bool:
    """Return True for a phase, or a status of kubectl's table, in which a pod does not do its work."""
    return phase.removeprefix("Init:") in _BROKEN
