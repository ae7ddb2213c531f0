"""Where names stand: in objects, in the forms of log lines and commands, in files of the host. Each is told to `Names` with its kind."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from diagnose.model import Record, Resource
from diagnose.parse.kube import NETWORKS
from diagnose.parse.tree import items, mapping
from diagnose.pattern import lazy
from diagnose.redact.public import Public

Learn = Callable[[str, str], None]
"""Takes a kind (see `names.KINDS`) and a name."""

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
_Q = r"\\*[\"']"
_UID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{10,}|[0-9a-f]{32}"
# What must stand in a text for a form to be looked for, and the form: the names in it bear their kind, and a number that keeps them apart.
_FORMS = tuple(
    (hint, lazy(form, re.MULTILINE))
    for hint, form in (
        # The kubelet's and scheduler's structured lines; Multus; CRI-O; containerd; OVN-Kubernetes: see parse/chain.py.
        ("pod", rf"\bpods?=\[?{_Q}(?P<ns1>{_NAME})/(?P<pod1>{_NAME})"),
        ("[", rf"\[(?P<ns2>{_NAME})/(?P<pod2>{_NAME})(?:/(?:{_UID})?)?(?::(?P<net2>[A-Za-z0-9_.-]+))?(?: [0-9a-f]{{12,64}}[^\]]*)?\]"),
        ("k8s_", rf"\bk8s_(?:(?!POD_)[a-z0-9.-]+_)?(?:POD_)?(?P<pod3>{_NAME})_(?P<ns3>{_NAME})_(?:{_UID})_\d+"),
        ("_", rf"{_Q}(?P<pod4>{_NAME})_(?P<ns4>{_NAME})\((?:{_UID})\)"),
        (" CNI network", rf"\bpod (?P<ns5>{_NAME})_(?P<pod5>{_NAME}) (?:to|from|for) CNI network"),
        ("K8S_POD_NAMESPACE=", rf"\bK8S_POD_NAMESPACE=(?P<ns6>{_NAME})"),
        ("K8S_POD_NAME=", rf"\bK8S_POD_NAME=(?P<pod7>{_NAME})"),
        ("PodSandboxMetadata", rf"PodSandboxMetadata\{{Name:(?P<pod8>{_NAME}),Uid:[^,]*,Namespace:(?P<ns8>{_NAME}),"),
        (" in namespace ", rf"\bnetwork-attachment-definition \(?{_Q}?(?P<nad9>[A-Za-z0-9_.-]+){_Q}?\)? in namespace \(?{_Q}?(?P<ns9>{_NAME})"),
        ("network-attachment-definition", rf"\bnetwork-attachment-definitions?(?:\.k8s\.cni\.cncf\.io)?[/ ]+\\*[\"']?(?P<nad10>{_NAME}){_Q}"),
        ("namespace", rf"\bnamespaces?/(?P<ns11>{_NAME})/(?:[a-z.0-9]+/)*?(?:pods?|network-attachment-definitions)/(?P<pod11>{_NAME})"),
        ("namespaces/", rf"\bnamespaces/(?P<ns12>{_NAME})(?=[/\"'\\ ?,:;)\]]|$)"),
        ("namespace", rf"\bnamespaces? ?[=:]? ?\(?{_Q}(?P<ns13>{_NAME}){_Q}"),
        ("namespace", rf"\bnamespace[=:]\s?(?P<ns14>{_NAME})(?=[\s,;)}}\]\\\"']|$)"),
        ("-n", rf"(?:^|\s)(?:-n|--namespace)[ =](?P<ns15>{_NAME})(?=\s|$)"),
        ("amespace", rf"{_Q}?(?:[Nn]amespace|[Pp]od_?[Nn]amespace|io\.kubernetes\.pod\.namespace){_Q}?\s*[:=]\s*{_Q}?(?P<ns16>{_NAME})(?=[\s,;)}}\]\\\"']|$)"),
        ("ame", rf"{_Q}?(?:[Pp]od_?[Nn]ame|io\.kubernetes\.pod\.name){_Q}?\s*[:=]\s*{_Q}?(?P<pod17>{_NAME})(?=[\s,;)}}\]\\\"']|$)"),
        ("od", rf"\b(?:[Pp]od|pods) {_Q}(?P<pod18>{_NAME}){_Q}"),
        ("pod", rf"(?<![\w./-])pods?/(?P<pod19>{_NAME})(?=[\s\"'\\,:;)]|$)"),
        ("/", rf"(?<![\w./-])(?:deployment|replicaset|daemonset|statefulset|job|cronjob|deploy|rs|ds|sts)(?:\.apps)?/(?P<app20>{_NAME})(?=[\s\"'\\,:;)]|$)"),
        ("net", r"(?<![\w./-])(?:net-attach-def|network-attachment-definitions?(?:\.k8s\.cni\.cncf\.io)?)/(?P<nad21>[A-Za-z0-9_.-]+)"),
        ("network ", rf"\bnetwork {_Q}(?P<net22>[A-Za-z0-9_.-]+){_Q}"),
        ("/var/log/pods/", rf"/var/log/pods/(?P<ns23>{_NAME})_(?P<pod23>{_NAME})_"),
        ("/var/log/containers/", rf"/var/log/containers/(?P<pod24>{_NAME})_(?P<ns24>{_NAME})_"),
        ("cni/networks/", r"\bcni/networks/(?P<net25>[A-Za-z0-9_.-]+)"),
        (" not found", rf"\bnamespace[sd]?[ :]+(?P<ns26>{_NAME}) not found"),
        ("network-attachment-definitions/", rf"\bnetwork-attachment-definitions/(?P<ns27>{_NAME})/(?P<nad27>{_NAME})(?=[\s\"'\\\\,:;?]|$)"),
        (":", rf"(?<![\w./-])(?P<ns28>{_NAME})[/:](?P<pod28>{_NAME}):(?:{_UID}):(?:(?:{_NAME})/)?(?P<nad28>{_NAME})(?:\((?P<net28>[A-Za-z0-9_.-]+)\))?:"),
        (" namespace ", rf"\b(?:in|target|to|of) namespace (?P<ns29>{_NAME})(?= but|[\"'\\\\\n]|$)"),
        ("[{", rf"\[\{{{_Q}name{_Q}:\s?{_Q}(?P<nad50>{_NAME}){_Q}(?:\}}|,\s?{_Q}(?:namespace|interface|ips|mac|default-route|cni-args|bandwidth|portMappings|infiniband-guid){_Q})"),
        ("pod ", rf"\bpod {_Q}(?P<pod51>{_NAME})_(?P<ns51>{_NAME}){_Q}"),
        ("parsePodNetworkAnnotation", rf"\bparsePodNetworkAnnotation: (?P<annotation52>[^\n]*), (?P<ns52>{_NAME})$"),
        # Nodes and hosts.
        ("ode", rf"\b[Nn]ode[:=] ?{_Q}?(?P<host30>{_NAME})(?=[/\s,;)}}\]\\\"']|$)"),
        ("ode ", rf"\b[Nn]ode {_Q}(?P<host31>{_NAME}){_Q}"),
        ("ost", rf"\b(?:[Hh]ost[Nn]ame|hostname_override|kubernetes\.io/hostname|Static hostname|Transient hostname|Pretty hostname){_Q}?\s*[:=]\s*{_Q}?(?P<host32>{_NAME})(?=[\s,;)}}\]\\\"'@]|$)"),
        ("ame", rf"\b(?:nodeName|_HOSTNAME){_Q}?\s*[:=]\s*{_Q}?(?P<host35>{_NAME})(?=[\s,;)}}\]\\\"'@]|$)"),
        ("Linux ", rf"\bLinux (?P<host33>{_NAME}) \d+\.\d+\.\d+"),
        ("nodes/", rf"\bnodes/(?P<host34>{_NAME})(?=[\s\"'\\/?,:;)]|$)"),
        ("sosreport-", r"\bsosreport-(?P<host36>[A-Za-z0-9][A-Za-z0-9.-]*?)-\d{4}-\d\d-\d\d-[a-z]{7}\b"),
        # Users: pam, sudo, sshd, systemd-logind, audit.
        (" user ", rf"\b(?:for|of|by)(?: (?:invalid|illegal))? user (?P<user40>{_NAME})(?=[\s(,.:]|$)"),
        ("Accepted ", rf"\bAccepted \S+ for (?P<user41>{_NAME}) from"),
        ("sudo", rf"\bsudo(?:\[\d+\])?:\s+(?P<user42>{_NAME}) :"),
        ("=", rf"\b(?:acct|USER|LOGNAME|SUDO_USER|ruser|user|username)={_Q}?(?P<user43>{_NAME})(?=[\s\"'\\;,]|$)"),
        ("/home/", r"(?:^|[\s\"'=:(])/(?:var/)?home/(?P<user44>[A-Za-z0-9_.-]+)"),
        ("@", r"(?<![\w.+-])(?P<user45>[A-Za-z0-9_.+-]+)@(?=(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}\b)"),
    )
)  # fmt: skip
_KIND = lazy(r"[a-z]+")
_HEADER = lazy(r"^(?=.*\bNAME\b)[A-Z][A-Z _()/-]+(?:  +|\t)[A-Z][A-Z0-9 _()/-]*$", re.MULTILINE)
_COLUMN = lazy(r"[A-Z][A-Z0-9_()/-]*(?: [A-Z][A-Z0-9_()/-]*)*")
_COLUMNS = {"NAME": "name", "NAMESPACE": "ns", "POD": "pod", "NODE": "host", "OBJECT": "object", "NOMINATED NODE": ""}
_WORKLOADS = frozenset({"Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job", "CronJob", "ReplicationController"})
_KINDS = {"Namespace": "ns", "Pod": "pod", "NetworkAttachmentDefinition": "nad", "Node": "host", **dict.fromkeys(_WORKLOADS, "app")}


def of_record(record: Record, learn: Learn) -> None:
    """Learn from what a record tells of its host and pod; its text is for `of_text`."""
    if record.host:
        learn("host", record.host)
    namespace, _, name = record.pod.partition("/")
    if name and not Public.namespace(namespace):
        learn("ns", namespace)
        learn("pod", name)


def of_resource(resource: Resource, learn: Learn) -> None:
    """Learn from one object; those of MicroShift's own namespaces tell only of the node."""
    of_object({"kind": resource.kind, **resource.body}, learn)


def of_object(body: dict[str, Any], learn: Learn) -> None:
    """Learn from an object of the API."""
    meta, spec = mapping(body.get("metadata")), mapping(body.get("spec"))
    kind, namespace, name = str(body.get("kind", "")), str(meta.get("namespace") or ""), str(meta.get("name") or "")
    if spec.get("nodeName"):
        learn("host", str(spec["nodeName"]))
    if kind == "Node":
        for address in map(mapping, items(mapping(body.get("status")).get("addresses"))):
            if "ost" in str(address.get("type")) or "DNS" in str(address.get("type")):
                learn("host", str(address.get("address", "")))
    if not name or Public.namespace(namespace) or (kind == "Namespace" and Public.namespace(name)):
        return
    if namespace:
        learn("ns", namespace)
    if kind in _KINDS or (namespace and kind != "Event"):
        learn(_KINDS.get(kind, "name"), name)
    for owner in map(mapping, items(meta.get("ownerReferences"))):
        if owner.get("kind") not in ("Node", "CustomResourceDefinition"):
            learn("app", str(owner.get("name", "")))
    for key, value in mapping(meta.get("labels")).items():
        if key.rpartition("/")[2] in ("app", "name", "instance", "part-of", "component", "k8s-app") and isinstance(value, str):
            learn("app", value)
    annotations = mapping(meta.get("annotations"))
    if kind == "Pod":
        _of_annotation(annotations.get(NETWORKS), learn)
        for part in ("containers", "initContainers", "ephemeralContainers"):
            for container in map(mapping, items(spec.get(part))):
                learn("name", str(container.get("name", "")))
        for volume in map(mapping, items(spec.get("volumes"))):
            learn("name", str(volume.get("name", "")))
            for source in volume.values():
                for field in ("name", "secretName", "claimName"):
                    learn("name", str(mapping(source).get(field) or ""))
        learn("name", str(spec.get("serviceAccountName") or ""))
    if kind == "NetworkAttachmentDefinition":
        try:
            config = mapping(json.loads(str(spec.get("config") or "")))
        except (ValueError, RecursionError):
            return
        learn("net", str(config.get("name") or ""))


def _of_annotation(value: object, learn: Learn) -> None:
    if not isinstance(value, str):
        return
    try:
        chosen = json.loads(value)
    except (ValueError, RecursionError):
        for part in value.split(","):
            namespace, slash, rest = part.strip().partition("/")
            name = (rest if slash else namespace).partition("@")[0]
            learn("nad", name)
            if slash:
                learn("ns", namespace)
        return
    for element in map(mapping, items(chosen)):
        learn("nad", str(element.get("name") or ""))
        learn("ns", str(element.get("namespace") or ""))


def of_text(text: str, learn: Learn) -> None:
    """Learn from any text: the forms in which programs and commands print names, and tables with a heading."""
    for m in (m for line in text.split("\n") for hint, form in _FORMS if hint in line for m in form.finditer(line)):
        found = {k: v for k, v in m.groupdict().items() if v}
        if any(k.startswith("ns") and Public.namespace(v) for k, v in found.items()):
            found = {}
        for key, value in found.items():
            k = _KIND.match(key)
            if k is not None and k.group() == "annotation":
                _of_annotation(value, learn)
            elif k is not None:
                learn(k.group(), value)
    for head in _HEADER.finditer(text) if "NAME" in text else ():
        _of_table(text[head.end() + 1 :], head.group(), learn)


def _of_table(rows: str, head: str, learn: Learn) -> None:
    """Learn from the rows beneath a heading as kubectl and crictl print it: columns begin where their headings do."""
    columns = [(m.start(), m.group()) for m in _COLUMN.finditer(head)]
    ends = [start for start, _ in columns[1:]] + [None]
    for row in rows.split("\n"):
        if len(row) < 3 or row[0] in " #" or _HEADER.match(row):
            return
        cells = {title: row[start:end].strip() for (start, title), end in zip(columns, ends, strict=True)}
        if Public.namespace(cells.get("NAMESPACE", "")):
            continue
        for title, cell in cells.items():
            kind = _COLUMNS.get(title, "")
            if not cell or " " in cell or cell.startswith("<"):
                continue
            if kind == "object":
                what, _, cell = cell.partition("/")
                kind = _KINDS.get(what.capitalize(), "pod" if what == "pod" else "name")
            if kind:
                learn(kind, cell.rpartition("/")[2])
