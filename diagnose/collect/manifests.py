"""The manifests on the node's disk that MicroShift applies at its start: what is meant to be there, when the API server cannot say what is.

Sources: MicroShift pkg/config/manifests.go (default paths), kustomize api/types/kustomization.go (namespace, resources).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import yaml

from diagnose.collect import document
from diagnose.collect.device import Device
from diagnose.collect.evidence import Evidence
from diagnose.model import InputSeen, Record, Resource, Where
from diagnose.parse.kube import documents
from diagnose.parse.tree import mapping

PATHS = ("/usr/lib/microshift/manifests", "/usr/lib/microshift/manifests.d", "/etc/microshift/manifests", "/etc/microshift/manifests.d")
_FILE, _FILES = 4 * 1024 * 1024, 2000
_KUSTOMIZATION = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_CLUSTER_WIDE = frozenset({"Namespace", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "PersistentVolume", "StorageClass", "Node"})


def collect(device: Device, out: Evidence) -> Iterator[Record | Resource]:
    """Yield the objects of the manifests, each in the namespace that its kustomization gives it; what is no YAML is a gap."""
    count = 0
    for place in PATHS:
        for folder, names, files in os.walk(device.path(place)):
            names.sort()
            namespace = _namespace(Path(folder), files)
            for name in sorted(files):
                if name in _KUSTOMIZATION or not name.endswith((".yaml", ".yml", ".json")):
                    continue
                count += 1
                if count > _FILES:
                    return
                yield from _read(Path(folder) / name, namespace, device, out)


def _namespace(folder: Path, files: list[str]) -> str:
    for name in _KUSTOMIZATION:
        if name in files:
            try:
                return str(mapping(yaml.safe_load((folder / name).read_bytes()[:_FILE])).get("namespace") or "")
            except (OSError, yaml.YAMLError, RecursionError, UnicodeDecodeError):
                return ""
    return ""


def _read(path: Path, namespace: str, device: Device, out: Evidence) -> Iterator[Resource]:
    seen = InputSeen(device.name(path), "objects")
    try:
        raw = path.read_bytes()[:_FILE]
        bodies = list(documents(raw.decode("utf-8", "replace")))
    except (OSError, ValueError, RecursionError):
        return
    out.inputs.append(seen)
    for body, line in bodies:
        seen.lines += 1
        seen.programs.add(f"kind:{body.get('kind')}")
        if namespace and body.get("kind") not in _CLUSTER_WIDE:
            body["metadata"] = {**mapping(body.get("metadata")), "namespace": namespace}
        yield from document.resource(body, Where(seen.source, line))
