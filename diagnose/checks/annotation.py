"""What is wrong with a pod's network annotations by themselves: what Multus refuses, ignores, or takes otherwise than meant.

Sources (annotations.md 1, 2, 9): multus-cni pkg/k8sclient/k8sclient.go at 95a0932 (also tryLoadK8sPodDefaultNetwork), pkg/types/conf.go
(default-route), pkg/multus/multus.go (interface names), containernetworking/cni pkg/utils/utils.go (ValidateInterfaceName).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, cast

from diagnose.checks.attachment import cross
from diagnose.checks.fault import Fault, Path, Profile, Spot
from diagnose.checks.golang import GO_BLANKS, GoType, JsonSyntaxError, Node, Scanner, family, field_of, folded, parse_ip
from diagnose.checks.object import NAD, TEMPLATES
from diagnose.checks.place import ASKED, DEFAULT_NETWORK, MOST, STATUS, WIDTH, Place, at_path, names_of, pod_path, put
from diagnose.checks.selection import (
    ELEMENT,
    IFNAME_BYTES,
    LABEL,
    SUBDOMAIN,
    Parsed,
    Problem,
    Selection,
    as_annotation,
    bounded_json,
    is_json,
    parse,
    short_name,
)
from diagnose.model import Resource
from diagnose.parse.tree import mapping
from diagnose.pattern import lazy

__all__ = ["Parsed", "Selection", "cross", "faults", "parse"]

_WRITTEN = (STATUS, "k8s.v1.cni.cncf.io/networks-status", "k8s.v1.cni.cncf.io/resourceName")
_LIBRARY_KEYS = frozenset({"ipam-claim-reference"})
"""Keys of elements that network-attachment-definition-client knows, and Multus does not."""
_NEVER_READ = ("Namespace", NAD)


def faults(resource: Resource, profile: Profile) -> Iterator[Fault]:
    """Yield what is wrong with the network annotations of a pod or of a workload's pod template, with Multus' consequence.

    Guide 5.2.3; annotations.md sections 1, 2 and 9.
    """
    yield from _misplaced(resource)
    base = pod_path(resource)
    if base is None:
        return
    meta = mapping(at_path(resource.body, (*base, "metadata")))
    path = (*base, "metadata", "annotations")
    yield from _in_labels(resource, (*base, "metadata", "labels"))
    held = meta.get("annotations")
    if held is not None and not isinstance(held, dict):
        shown = bounded_json(cast("object", held), WIDTH)
        yield Fault(
            "annotation-invalid-format",
            {**names_of(resource), "value": shown},
            f"annotations: {shown}",
            "annotation-annotations-no-map",
            {"value": shown},
            path,
        )
        return
    annotations = mapping(cast("object", held))
    yield from _near_misses(resource, annotations, path)
    yield from _host_network(resource, base, annotations, path)
    for key in ASKED:
        if key in annotations:
            yield from _annotation_faults(resource, profile, key, annotations[key], (*path, key))


def _host_network(resource: Resource, base: Path, annotations: dict[str, Any], path: Path) -> Iterator[Fault]:
    """Yield annotations of a pod in the host's network, for which CRI-O calls no CNI plugin (server/sandbox_network.go: networkStart)."""
    if mapping(at_path(resource.body, (*base, "spec"))).get("hostNetwork") is not True:
        return
    for key in ASKED:
        value = annotations.get(key)
        if value and isinstance(value, str):
            yield Fault("annotation-not-applied", names_of(resource), f"{key}: {value}"[:WIDTH], "annotation-host-network", {"annotation": key}, (*path, key))


def _annotation_faults(resource: Resource, profile: Profile, key: str, value: object, path: Path) -> Iterator[Fault]:
    if value is None:
        value = ""  # the API server stores null as an empty string
    if not isinstance(value, str):
        shown = bounded_json(value, WIDTH)
        captures = {**names_of(resource), "value": shown}
        meant = as_annotation(cast("object", value)) if isinstance(value, (list, dict)) else ""
        quoted = meant.replace("'", "''")
        instead = f"{key}: '{quoted}'" if meant else ""
        yield Fault(
            "annotation-invalid-format",
            captures,
            f"{key}: {shown}"[:WIDTH],
            "annotation-value-no-string",
            {"annotation": key, "value": shown[:WIDTH]},
            path,
            instead=instead,
        )
        return
    place = Place(resource, path, key, value, profile)
    check = _default_network_problems if key == DEFAULT_NETWORK else _networks_problems
    for problem in islice(check(place), MOST):
        yield place.fault(problem)


def _networks_problems(place: Place) -> Iterator[Problem]:
    if not place.value:
        yield Problem("", "annotation-invalid-format", "networks-empty", Spot(0, 0), severity="info")
        return
    selections, problems = place.parsed()
    yield from _common_problems(place.value, selections, problems)
    if not problems:
        yield from _interface_clashes(selections, quoted=is_json(place.value))
        yield from _route_problems(selections)


def _default_network_problems(place: Place) -> Iterator[Problem]:
    """Yield what tryLoadK8sPodDefaultNetwork (k8sclient.go:710-740) refuses."""
    if not place.value:
        yield Problem(parse("", "").error, "annotation-invalid-format", "default-empty", Spot(0, 0), {"value": ""})
        return
    selections, problems = place.parsed()
    whole = Spot(0, len(place.value))
    if not problems and len(selections) != 1:
        what = "default-many" if selections else "default-none"
        yield Problem("", "annotation-invalid-format", what, selections[1].spots[""] if selections else whole, {"value": place.value})
        return
    yield from _common_problems(place.value, selections, problems)


def _common_problems(value: str, selections: list[Selection], problems: list[Problem]) -> Iterator[Problem]:
    """Yield what the parser refuses, then what only fails later or not at all, each place once."""
    yield from problems
    said = {p.spot for p in problems}
    yield from (p for p in _later_problems(value, selections) if p.spot not in said)


def _later_problems(value: str, selections: list[Selection]) -> Iterator[Problem]:
    if is_json(value):
        yield from _key_hints(value)
        for one in selections:
            yield from _json_name_problems(one)
    else:
        yield from _list_name_problems(value, selections)
        yield from _blank_hints(value)
    taken = {one.interface for one in selections}
    for number, one in enumerate(selections, 1):
        free = f"net{number}"
        yield from _interface_problems(one, "" if free in taken else free, quoted=is_json(value))


def _key_hints(value: str) -> Iterator[Problem]:
    """Yield the keys of JSON elements that Multus ignores without a word."""
    try:
        root = Scanner(value).read()
    except JsonSyntaxError:
        return
    for node in root.items if root.kind == "array" else []:
        yield from _object_hints(node, ELEMENT)


def _object_hints(node: Node, kind: GoType) -> Iterator[Problem]:
    met: dict[str, str] = {}
    for key, item in node.members() if node.kind == "object" else ():
        name = field_of(key.value, kind)
        captures = {"key": key.value}
        if not name:
            if key.value not in _LIBRARY_KEYS:
                yield _unknown_key(key, item, kind, captures)
            continue
        if name in met:
            yield Problem("", "annotation-unknown-key", "json-key-twice", key.spot, captures, {"key": key.value}, severity="info")
        met[name] = key.value
        inner = kind.fields[name]
        for part, of in [(item, inner)] if inner.kind == "struct" else [(x, inner.of[0]) for x in item.items if inner.kind == "slice"]:
            if of.kind == "struct":
                yield from _object_hints(part, of)


_SYNONYMS = {
    "ip": "ips", "address": "ips", "addresses": "ips", "ipaddress": "ips", "macaddress": "mac", "hwaddr": "mac", "ifname": "interface",
    "interfacename": "interface", "nic": "interface", "ns": "namespace", "gateway": "default-route", "defaultroute": "default-route",
    "default_route": "default-route", "network": "name", "nad": "name", "args": "cni-args", "cniargs": "cni-args", "cni_args": "cni-args",
}  # fmt: skip


def _unknown_key(key: Node, item: Node, kind: GoType, captures: dict[str, str]) -> Problem:
    import difflib

    near = difflib.get_close_matches(key.value, kind.fields, 1, 0.7)
    meant = near[0] if near else _SYNONYMS.get(folded(key.value), "")
    if meant not in kind.fields:
        meant = ""
    # Only the key is replaced: a plain string must become a list as well, which the next run tells.
    fits = meant and (kind.fields[meant].kind == "slice") == (item.kind == "array")
    what = "json-key-near" if meant else "json-key-unknown"
    known = ", ".join(kind.fields)
    return Problem(
        "", "annotation-unknown-key", what, key.spot, captures, {"key": key.value, "near": meant, "known": known}, f'"{meant}"' if fits else "", "info"
    )


def _json_name_problems(one: Selection) -> Iterator[Problem]:
    spot = one.spots.get("name", one.spots[""])
    captures = {"nad": one.name, "nad_namespace": one.namespace}
    if not one.name:
        yield Problem("", "annotation-invalid-format", "json-name-missing", spot, {"value": "", "nad_namespace": one.namespace})
        return
    owner, slash, name = one.name.rpartition("/")
    name, at, interface = name.partition("@")
    parts = {"name": name, **({"namespace": owner} if slash else {}), **({"interface": interface} if at else {})}
    if SUBDOMAIN.match(one.name) is None:
        split = (slash or at) and SUBDOMAIN.match(name) and all(parts.values()) and not any(k in one.spots for k in parts if k != "name")
        what, instead = ("json-name-split", json.dumps(parts)[1:-1].removeprefix('"name": ')) if split else ("json-name-impossible", "")
        lowered = one.name.lower().replace("_", "-")
        if not split and SUBDOMAIN.match(lowered):
            instead = json.dumps(lowered)
        yield Problem("", "nad-not-found", what, spot, captures, {"value": one.name}, instead)
    if "namespace" in one.spots and (LABEL.match(one.namespace) is None or len(one.namespace) > 63):
        yield Problem("", "nad-not-found", "json-namespace-impossible", one.spots["namespace"], captures, {"value": one.namespace})


_NOTHING = frozenset({"none", "null", "false", "nil", "no"})


def _list_name_problems(value: str, selections: list[Selection]) -> Iterator[Problem]:
    """Yield items without a name, which the parser takes and the look-up of the NAD does not, and words for nothing."""
    for one in selections:
        if one.name:
            continue
        captures = {"value": "", "nad_namespace": one.namespace}
        if not value.strip(GO_BLANKS):
            yield Problem("", "annotation-invalid-format", "list-blank", Spot(0, len(value)), captures)
        elif one.spots[""].length:
            yield Problem("", "annotation-invalid-format", "list-no-name", one.spots[""], captures)
        else:
            spot, instead = _without_item(value, one.spots[""].offset)
            yield Problem("", "annotation-invalid-format", "list-empty-item", spot, captures, {}, instead)
    if len(selections) == 1 and selections[0].name in _NOTHING and value.strip(GO_BLANKS) == selections[0].name:
        one = selections[0]
        yield Problem(
            "", "nad-not-found", "list-none", one.spots["name"], {"nad": one.name, "nad_namespace": one.namespace}, {"value": one.name}, severity="info"
        )


def _without_item(value: str, at: int) -> tuple[Spot, str]:
    """Return the stretch around the empty item at `at`, and the same without it."""
    left, right = value.rfind(",", 0, at), value.find(",", at)
    if left >= 0 and right >= 0:
        return Spot(left, right + 1 - left), ","
    if left >= 0:
        start = value.rfind(",", 0, left) + 1
        return Spot(start, len(value) - start), value[start:left]
    end = value.find(",", right + 1)
    end = end if end >= 0 else len(value)
    return Spot(0, end), value[right + 1 : end]


_INNER_BLANKS = lazy(rf"(?<![{GO_BLANKS}])[{GO_BLANKS}]*[,/@][{GO_BLANKS}]*")


def _blank_hints(value: str) -> Iterator[Problem]:
    """Yield one hint on the blanks around separators, which the guide forbids (5.2.3) and Multus trims."""
    start = len(value) - len(value.lstrip(GO_BLANKS))
    found = [m for m in _INNER_BLANKS.finditer(value.rstrip(GO_BLANKS), start) if len(m[0]) > 1]
    if found:
        last = found[-1].end()
        stretch = value[found[0].start() : last]
        tight = _INNER_BLANKS.sub(lambda m: m[0].strip(GO_BLANKS), stretch)
        yield Problem("", "annotation-invalid-format", "list-blanks", Spot(found[0].start(), len(stretch)), {"value": stretch}, {}, tight, "info")


# --- interface names ----------------------------------------------------------------------------------------------------


def _interface_problems(one: Selection, free: str, *, quoted: bool) -> Iterator[Problem]:
    """Yield a name that libcni refuses (pkg/utils/utils.go:65-84), or that every pod has already (multus.go:207)."""
    name = one.interface
    if not name:
        return
    spot = one.spots["interface"]
    said = ""
    if len(name.encode(errors="surrogatepass")) > IFNAME_BYTES:
        said = "interface name is too long; interface name should be less than 16 characters"
    elif name in (".", ".."):
        said = "interface name is . or .."
    elif any(c in "/:" or c in GO_BLANKS for c in name):
        said = "interface name contains / or : or whitespace characters"
    captures = {"interface": name}
    if said:
        short = short_name(name)
        yield Problem(
            "", "interface-name-conflict", "interface-invalid", spot, {**captures, "reason": said}, {"value": name, "reason": said}, put(short, quoted=quoted)
        )
    elif name in ("eth0", "lo"):
        yield Problem("", "interface-name-conflict", "interface-taken", spot, captures, {"value": name}, put(free, quoted=quoted))


def _interface_clashes(selections: list[Selection], *, quoted: bool) -> Iterator[Problem]:
    """Yield each name that two attachments get; one without a name is net<position> (multus.go:94-107, 858-860)."""
    wanted = [one.interface or f"net{n}" for n, one in enumerate(selections, 1)]
    met: dict[str, int] = {}
    for n, (name, one) in enumerate(zip(wanted, selections, strict=True)):
        if name not in met:
            met[name] = n
            continue
        at = n if one.interface else met[name]
        free = f"net{at + 1}"
        instead = put(free, quoted=quoted) if free not in wanted else ""
        numbers = {"first": str(met[name] + 1), "second": str(n + 1)}
        yield Problem(
            "", "interface-name-conflict", "interface-twice", selections[at].spots["interface"], {"interface": name}, {"value": name, **numbers}, instead
        )


def _route_problems(selections: list[Selection]) -> Iterator[Problem]:
    """Yield default-route requests that conf.go:743-778 refuses or that take more away than was meant."""
    met: set[int] = set()
    for one in selections:
        if one.default_route == ():
            yield Problem("", "annotation-invalid-ip", "route-empty-list", one.spots["default-route"], {}, {}, severity="warning")
        for n, text in enumerate(one.default_route or ()):
            spot = one.spots[f"default-route.{n}"]
            ip_family = family(parse_ip(text))
            if not text:
                yield Problem("", "annotation-invalid-ip", "route-blank", spot, {"ip": text}, severity="warning")
            elif ip_family in met:
                yield Problem("", "annotation-invalid-ip", "routes-many", spot, {"ip": text}, {"value": text, "family": f"IPv{ip_family}"})
            met.add(ip_family)


# --- keys ---------------------------------------------------------------------------------------------------------------


def _near_misses(resource: Resource, annotations: dict[str, Any], path: Path) -> Iterator[Fault]:
    """Yield keys that are nearly one of those that Multus reads; it ignores them without a word."""
    import difflib

    for key, value in annotations.items():
        if key in (*ASKED, *_WRITTEN) or "cni" not in key.lower():
            continue
        near = difflib.get_close_matches(key.lower(), [*ASKED, *_WRITTEN], 1, 0.8)
        if near and near[0] in ASKED:
            yield _key_fault(resource, "key-near", key, value, (*path, key), near[0])


def _key_fault(resource: Resource, what: str, key: str, value: object, path: Path, instead: str = "", severity: str = "") -> Fault:
    shown = value.split("\n", 1)[0] if isinstance(value, str) else bounded_json(value, WIDTH)
    text = f"{key}: {shown}"[:WIDTH]
    values = {"key": key, "near": instead, "kind": resource.kind}
    return Fault(
        "annotation-unknown-key",
        {**names_of(resource), "key": key},
        text,
        f"annotation-{what}",
        values,
        path,
        None,
        severity,
        instead if what == "key-near" else "",
    )


def _in_labels(resource: Resource, path: Path) -> Iterator[Fault]:
    labels = mapping(at_path(resource.body, path))
    for key in ASKED:
        if key in labels:
            yield _key_fault(resource, "key-in-labels", key, labels[key], (*path, key))


def _misplaced(resource: Resource) -> Iterator[Fault]:
    """Yield annotations on an object that Multus never looks at (k8sclient.go:445: the pod's own only)."""
    base = TEMPLATES.get(resource.kind) or None
    if base is None and resource.kind not in _NEVER_READ:
        return
    template = mapping(at_path(resource.body, (*base, "metadata", "annotations"))) if base is not None else {}
    owners: list[Path] = [("metadata", "annotations")]
    if resource.kind == "CronJob":
        owners.append(("spec", "jobTemplate", "metadata", "annotations"))
    for path in owners:
        own = mapping(at_path(resource.body, path))
        for key in ASKED:
            if key not in own or (key in template and template[key] == own[key]):
                continue
            what, severity = ("key-on-owner-too", "info") if key in template else ("key-on-owner", "")
            if base is None:
                what = "key-on-other"
            yield _key_fault(resource, what, key, own[key], (*path, key), severity=severity)
