"""Checks of one object by itself: whether Multus can read a NAD's config and a pod's annotation.

Sources: network-attachment-definition-client pkg/utils/cniconfig.go (GetCNIConfig), multus-cni
pkg/k8sclient/k8sclient.go (parsePodNetworkAnnotation, parsePodNetworkObjectName), pkg/types/conf.go (LoadDelegateNetConf).
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from diagnose.model import Resource
from diagnose.parse.tree import items, mapping

NETWORKS = "k8s.v1.cni.cncf.io/networks"
_ITEM = re.compile(r"^(?:[a-z0-9](?:[-a-z0-9]*[a-z0-9])?\s*/\s*)?[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\s*@\s*[^\s/@]{1,15})?$")
_TEMPLATES = frozenset({"Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "Job"})


class Fault(NamedTuple):
    """What is wrong with an object: the rule, its captures, and the words or excerpt that show it."""

    rule: str
    captures: dict[str, str]
    text: str


def faults(resource: Resource) -> Iterator[Fault]:
    """Yield what makes Multus refuse `resource`: a NAD's config or a pod's networks annotation."""
    if resource.kind == "NetworkAttachmentDefinition":
        yield from _nad(resource)
    elif resource.kind in ("Pod", *_TEMPLATES):
        annotations = _annotations(resource)
        yield from _near_miss(resource, annotations)
        yield from _own_pod(resource)
        value = annotations.get(NETWORKS)
        if isinstance(value, str) and value:
            yield from _annotation(resource, value)


_KEYS = (NETWORKS, f"{NETWORKS.removesuffix('s')}-status", f"{NETWORKS}-status", "k8s.v1.cni.cncf.io/resourceName", "v1.multus-cni.io/default-network")
_BROKEN = frozenset({"CrashLoopBackOff", "Error", "ImagePullBackOff", "ErrImagePull", "CreateContainerError", "RunContainerError", "Failed"})


class Own(NamedTuple):
    """One of MicroShift's own network pods, whose failure stops the others: its component, and the rule of its failure."""

    component: str
    rule: str
    containers: frozenset[str]


# assets/components/multus, assets/components/ovn
_OWN = {
    "openshift-multus/multus-": Own("multus", "multus-not-running", frozenset({"kube-multus"})),
    "openshift-multus/dhcp-daemon-": Own("dhcp", "ipam-dhcp-daemon-unreachable", frozenset({"dhcp-daemon"})),
    "openshift-ovn-kubernetes/ovnkube-": Own(
        "ovn", "ovn-kubernetes-not-ready", frozenset({"northd", "nbdb", "sbdb", "ovnkube-cluster-manager", "ovnkube-master", "ovn-controller"})
    ),
}


def own_pod(pod: str) -> Own | None:
    """Return what MicroShift's own network pod "namespace/name" `pod` is, or None for any other pod."""
    return next((own for prefix, own in _OWN.items() if pod.startswith(prefix)), None)


def _near_miss(resource: Resource, annotations: dict[str, Any]) -> Iterator[Fault]:
    """Yield a key that is nearly one of Multus': a wrong key is ignored without a word."""
    for key, value in annotations.items():
        if "cni" in key and key not in _KEYS and difflib.get_close_matches(key, _KEYS, 1, 0.9):
            yield Fault("annotation-unknown-key", {"pod": resource.name, "namespace": resource.namespace, "key": key}, f"{key}: {value}")


def _own_pod(resource: Resource) -> Iterator[Fault]:
    phase = str(mapping(resource.body.get("status")).get("phase", "")).removeprefix("Init:")
    own = own_pod(f"{resource.namespace}/{resource.name}")
    if own is not None and phase in _BROKEN:
        yield Fault(own.rule, {"pod": resource.name, "namespace": resource.namespace}, f"{resource.namespace}/{resource.name}: {phase}")


def _annotations(resource: Resource) -> dict[str, Any]:
    meta = mapping(resource.body.get("metadata"))
    if resource.kind in _TEMPLATES:
        meta = mapping(mapping(mapping(resource.body.get("spec")).get("template")).get("metadata"))
    return mapping(meta.get("annotations"))


def _excerpt(text: str, error: json.JSONDecodeError) -> str:
    lines = text.split("\n")
    line = lines[error.lineno - 1] if error.lineno <= len(lines) else ""
    return f"{line}\n{' ' * (error.colno - 1)}^ line {error.lineno}, column {error.colno}: {error.msg}"


def _parsed(text: str, rule: str, names: dict[str, str]) -> tuple[object, Fault | None]:
    """Return the parsed JSON `text`, or the fault that names the place where it breaks."""
    try:
        return json.loads(text), None
    except json.JSONDecodeError as e:
        return None, Fault(rule, {**names, "reason": f"line {e.lineno}, column {e.colno}: {e.msg}"}, _excerpt(text, e))


def _nad(resource: Resource) -> Iterator[Fault]:
    names = {"nad": resource.name, "nad_namespace": resource.namespace}
    config = mapping(resource.body.get("spec")).get("config")
    if config is None or config == "":
        yield Fault("nad-config-empty", names, f"NetworkAttachmentDefinition {resource.name} has no spec.config")
        return
    if not isinstance(config, str):
        yield Fault("nad-config-invalid-json", {**names, "reason": "spec.config is no string"}, f"spec.config: {json.dumps(config, default=str)[:200]}")
        return
    body, fault = _parsed(config, "nad-config-invalid-json", names)
    if fault is not None:
        yield fault
        return
    if not isinstance(body, dict):
        yield Fault("nad-config-invalid-json", {**names, "reason": "spec.config is JSON, but no object"}, config[:200])
        return
    conf = mapping(cast("object", body))
    entries = [conf] if conf.get("type") else [mapping(p) for p in items(conf.get("plugins"))]
    if not entries or any(not p.get("type") for p in entries):
        yield Fault("nad-config-missing-type", names, config[:200])


def _annotation(resource: Resource, value: str) -> Iterator[Fault]:
    names = {"pod": resource.name, "namespace": resource.namespace}
    text = f"{NETWORKS}: {value}"
    if not any(c in value for c in '[{"'):
        bad = next((i for i in value.split(",") if not _ITEM.match(i.strip())), None)
        if bad is not None:
            yield Fault("annotation-invalid-format", {**names, "value": bad.strip()}, text)
        return
    body, fault = _parsed(value, "annotation-invalid-json", names)
    if fault is not None:
        yield fault
        return
    if not isinstance(body, list) or any(not isinstance(x, dict) for x in items(cast("object", body))):
        yield Fault("annotation-invalid-format", {**names, "value": "not a list of objects"}, text)
