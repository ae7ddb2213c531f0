"""What the API server refuses of an object, whatever its kind: its name, its namespace, its apiVersion, the types of its annotations.

Sources: kubernetes staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go (IsDNS1123Subdomain, IsDNS1123Label),
pkg/api/validation/objectmeta.go (ValidateObjectMeta), pkg/apis/meta/v1/types.go (ObjectMeta.Annotations is map[string]string);
the CRD of MicroShift, assets/components/multus/01-crd-networkattachmentdefinition.yaml.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from diagnose.checks.fault import Fault, Path
from diagnose.model import Resource
from diagnose.parse.tree import mapping
from diagnose.pattern import lazy

RULE = "manifest-invalid"
NAD = "NetworkAttachmentDefinition"
TEMPLATES: dict[str, Path] = {
    "Pod": (),
    **dict.fromkeys(("Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "ReplicationController", "Job"), ("spec", "template")),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
"""The kinds that make pods, and where in them the pod stands."""
_API = {
    NAD: ("k8s.cni.cncf.io/v1",),
    **dict.fromkeys(("Pod", "ReplicationController"), ("v1",)),
    **dict.fromkeys(("Deployment", "DaemonSet", "StatefulSet", "ReplicaSet"), ("apps/v1",)),
    **dict.fromkeys(("Job", "CronJob"), ("batch/v1",)),
}
_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_NAMES = {"name": (lazy(rf"{_LABEL}(?:\.{_LABEL})*\Z"), 253), "namespace": (lazy(rf"{_LABEL}\Z"), 63)}
_ASKED = ("k8s.v1.cni.cncf.io/networks", "v1.multus-cni.io/default-network")
_YAML_TYPES = ((bool, "boolean"), ((int, float), "number"), (list, "list"), (dict, "mapping"))


def faults(resource: Resource) -> Iterator[Fault]:
    """Yield what makes the API server refuse `resource`."""
    meta = mapping(resource.body.get("metadata"))
    yield from _api(resource)
    yield from _names(resource, meta)
    for path in dict.fromkeys(((), TEMPLATES.get(resource.kind, ()))):
        yield from _annotations(resource, (*path, "metadata", "annotations"))


def _fault(resource: Resource, what: str, path: Path, text: str, instead: str = "", **values: str) -> Fault:
    field = ".".join(str(x) for x in path[:3]) if path else "metadata"
    name = {"nad": resource.name, "nad_namespace": resource.namespace} if resource.kind == NAD else {"pod": resource.name, "namespace": resource.namespace}
    return Fault(RULE, {**name, "resource": resource.kind, "field": field}, text, what, values, path, instead=instead)


def _api(resource: Resource) -> Iterator[Fault]:
    given = resource.body.get("apiVersion")
    wanted = _API[resource.kind]
    if given not in wanted:
        what, text = ("object-api", f"apiVersion: {given}") if given else ("object-api-missing", f"kind: {resource.kind}")
        yield _fault(resource, what, ("apiVersion",), text, f"apiVersion: {wanted[0]}", version=str(given), wanted=wanted[0])


def _names(resource: Resource, meta: dict[str, object]) -> Iterator[Fault]:
    if not meta.get("name") and not meta.get("generateName"):
        yield _fault(resource, "object-nameless", ("metadata",), f"kind: {resource.kind}")
    for key, (form, limit) in _NAMES.items():
        value = meta.get(key)
        if value is None or value == "":
            continue
        if not isinstance(value, str):
            yield _fault(resource, "object-name-type", ("metadata", key), f"{key}: {_shown(value)}", f'{key}: "{_shown(value)}"', field_name=key)
        elif not form.match(value) or len(value) > limit:
            better = _better(value, dots=key == "name")[:limit]
            instead = f"{key}: {better}" if form.match(better) else ""
            yield _fault(resource, f"object-{key}", ("metadata", key), f"{key}: {value}", instead, value=value, limit=str(limit))


def _better(name: str, *, dots: bool) -> str:
    """Return the nearest valid name."""
    kept = re.sub(r"[^a-z0-9.-]" if dots else r"[^a-z0-9-]", "-", name.lower())
    return re.sub(r"-*\.[.-]*", ".", kept).strip("-.")


def _annotations(resource: Resource, path: Path) -> Iterator[Fault]:
    body: object = resource.body
    for step in path:
        body = mapping(body).get(str(step))
    for key, value in mapping(body).items():
        if isinstance(value, str) or value is None or key in _ASKED:
            continue  # null is stored as ""; Multus' own keys are for annotation.py
        written = _shown(value)
        instead = f"{key}: '{written}'" if "'" not in written else ""
        kind = next((name for types, name in _YAML_TYPES if isinstance(value, types)), "value")
        yield _fault(resource, "object-annotation-type", (*path, key), f"{key}: {written}", instead, key=str(key), type=kind)


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)[:400]
