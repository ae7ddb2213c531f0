"""The manifests on the node's disk that MicroShift applies at its start: what is meant to be there, when the API server cannot say what is.

Sources: MicroShift pkg/config/manifests.go (kustomizePaths: default paths, globs; only folders with a kustomization count),
kustomize api/types/kustomization.go (namespace, resources, components, bases) and api/konfig/general.go (its file names).
"""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from diagnose.collect import document
from diagnose.collect.device import Device
from diagnose.collect.evidence import Evidence
from diagnose.model import Gap, InputSeen, Resource, Where
from diagnose.parse.kube import documents
from diagnose.parse.tree import items, mapping
from diagnose.record import dataclass, field

SOURCE = "manifests"
PATHS = ("/usr/lib/microshift/manifests", "/usr/lib/microshift/manifests.d/*", "/etc/microshift/manifests", "/etc/microshift/manifests.d/*")
_FILE, _FILES = 4 * 1024 * 1024, 2000
_KUSTOMIZATION = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_CLUSTER_WIDE = frozenset({"Namespace", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "PersistentVolume", "StorageClass", "Node"})


def collect(device: Device, configs: list[Resource], out: Evidence) -> Iterator[Resource]:
    """Yield the objects that kustomize would make of the manifests, each in the namespace that it gets; what cannot be read is a gap.

    `configs`: MicroShift's configuration, which may name other paths. What else kustomize does (patches, name prefixes, remote bases) is not done.
    """
    reading = _Reading(device, out)
    for pattern in _paths(configs):
        plain, *magic = re.split(r"[*?[]", pattern, maxsplit=1)
        reading.look(device.path(plain.rpartition("/")[0] if magic else plain))  # glob keeps what it may not read to itself
        for folder in sorted(glob.glob(str(device.path(pattern)))):
            yield from reading.folder(Path(folder), "")
    if reading.denied:
        out.gaps.append(Gap(SOURCE, "", "sudo msnet diagnose", "node-denied", values=(("what", ", ".join(list(reading.denied)[:5])),)))


def _paths(configs: list[Resource]) -> list[str]:
    for config in configs:
        manifests = mapping(config.body.get("manifests"))
        if manifests.get("kustomizePaths") is not None:
            return [p for p in items(manifests["kustomizePaths"]) if isinstance(p, str) and p.startswith("/")]
    return list(PATHS)


@dataclass(slots=True)
class _Reading:
    """One look through the folders; no file is read twice."""

    device: Device
    out: Evidence
    denied: dict[str, None] = field(default_factory=dict[str, None])
    """What may not be read, in the order in which it was met."""
    _seen: set[str] = field(default_factory=set[str])

    def folder(self, folder: Path, namespace: str) -> Iterator[Resource]:
        """Yield the objects of a folder with a kustomization; the outermost namespace stands."""
        names = self.look(folder)
        name = next((n for n in _KUSTOMIZATION if n in names), None)
        if name is None:
            return
        bodies = self._bodies(folder / name)
        kustomization = bodies[0][0] if bodies else dict[str, Any]()
        namespace = namespace or str(kustomization.get("namespace") or "")
        for entry in (x for key in ("resources", "bases", "components") for x in items(kustomization.get(key))):
            # A resource may be a folder or file elsewhere; what is remote (a URL, a git repository) is no path that exists.
            target = Path(os.path.normpath(folder / str(entry)))
            if not target.is_relative_to(self.device.root):
                continue
            mode = self._mode(target)
            if stat.S_ISDIR(mode):
                yield from self.folder(target, namespace)
            elif stat.S_ISREG(mode):
                yield from self._objects(target, namespace)

    def look(self, folder: Path) -> list[str]:
        """Return the names in a folder; [] where there is none, or it may not be read."""
        try:
            return os.listdir(folder)
        except PermissionError:
            self.denied[self.device.name(folder)] = None
        except OSError:
            pass
        return []

    def _mode(self, path: Path) -> int:
        """Return what a path is, as stat(2) says; 0 where it is not there or may not be asked for."""
        try:
            return path.stat().st_mode
        except PermissionError:
            self.denied[self.device.name(path)] = None
        except (OSError, ValueError):  # ValueError: a NUL in it
            pass
        return 0

    def _objects(self, path: Path, namespace: str) -> Iterator[Resource]:
        seen = InputSeen(self.device.name(path), "objects")
        bodies = self._bodies(path)
        if bodies:
            self.out.inputs.append(seen)
        for body, line in bodies:
            seen.lines += 1
            seen.programs.add(f"kind:{body.get('kind')}")
            if namespace and body.get("kind") not in _CLUSTER_WIDE:
                body["metadata"] = {**mapping(body.get("metadata")), "namespace": namespace}
            yield from document.resource(body, Where(seen.source, line))

    def _bodies(self, path: Path) -> list[tuple[dict[str, Any], int]]:
        """Return the documents of a file that was not read yet, each with its line."""
        name = self.device.name(path)
        if name in self._seen or len(self._seen) >= _FILES:
            return []
        self._seen.add(name)
        try:
            with path.open("rb") as f:
                return list(documents(f.read(_FILE).decode("utf-8", "replace")))
        except PermissionError:
            self.denied[name] = None
        except OSError:
            pass
        except (ValueError, RecursionError) as e:
            why = " ".join(str(e).split())[:200]
            self.out.gaps.append(Gap(name, f"no valid YAML: {why}", f"oc kustomize {os.path.dirname(name)}", hides=False))
        return []
