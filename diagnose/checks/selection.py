"""The networks that an annotation selects, as Multus' parser reads them, or its error with the place and what was meant.

Sources (annotations.md 1): multus-cni pkg/k8sclient/k8sclient.go at 95a0932 (parsePodNetworkAnnotation, parsePodNetworkObjectName),
pkg/types/types.go (NetworkSelectionElement); openshift/multus-cni release-4.16 for the older check of an interface.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from diagnose.checks.fault import Profile, Spot
from diagnose.checks.golang import GO_BLANKS, GoType, JsonSyntaxError, Mismatch, Node, Scanner, field_of, go_quoted, is_cidr, mac_bytes, mismatches, parse_ip
from diagnose.parse.tree import items
from diagnose.pattern import lazy

LABEL = lazy(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")
SUBDOMAIN = lazy(r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
"""What the API server takes for the name of a NAD."""
IFNAME_BYTES = 15
_VERSION = Profile().version


class Selection(NamedTuple):
    """One network that a pod asks for (types.NetworkSelectionElement), and where each part of it is written."""

    namespace: str
    name: str
    interface: str = ""
    ips: tuple[str, ...] = ()
    mac: str = ""
    infiniband_guid: str = ""
    default_route: tuple[str, ...] | None = None
    """None: not asked for. An empty tuple is a request: every interface loses its default route."""
    cni_args: str = ""
    """The JSON object as written; so are the next two."""
    port_mappings: str = ""
    bandwidth: str = ""
    device_id: str = ""
    spots: Mapping[str, Spot] = MappingProxyType({})
    """Keys as in the annotation; "ips.0" is the first address; "" is the whole element."""


class Parsed(NamedTuple):
    """What parsePodNetworkAnnotation returns: selections, or upstream's error and the place it is about."""

    selections: tuple[Selection, ...]
    error: str = ""
    spot: Spot | None = None


class Problem(NamedTuple):
    """One thing that Multus refuses (or, with a severity, does not)."""

    message: str
    """Upstream's words, without the wrappers around parsePodNetworkAnnotation; "" for what only fails later."""
    rule: str
    what: str
    spot: Spot
    captures: Mapping[str, str] = MappingProxyType({})
    values: Mapping[str, str] = MappingProxyType({})
    instead: str = ""
    severity: str = ""
    place: Spot | None = None
    """Where upstream stops, if `spot` shows more than that."""
    first: bool = False
    """True if Go's decoder stops there and forgets the type errors that it saved before."""


# --- parsePodNetworkAnnotation ------------------------------------------------------------------------------------------

_TEXT = GoType("string", "string")
_INT = GoType("int", "int")
_MAP = GoType("map[string]interface {}", "map")
_PORT = GoType("types.PortMapEntry", "struct", fields={"hostPort": _INT, "containerPort": _INT, "protocol": _TEXT, "hostIP": _TEXT})
_BANDWIDTH = GoType("types.BandwidthEntry", "struct", fields=dict.fromkeys(("ingressRate", "ingressBurst", "egressRate", "egressBurst"), _INT))
ELEMENT = GoType(
    "types.NetworkSelectionElement",
    "struct",
    fields={
        **dict.fromkeys(("name", "namespace", "mac", "infiniband-guid", "interface", "interfaceRequest", "deviceID"), _TEXT),
        "ips": GoType("[]string", "slice", (_TEXT,)),
        "portMappings": GoType("[]*types.PortMapEntry", "slice", (_PORT,)),
        "bandwidth": _BANDWIDTH,
        "cni-args": _MAP,
        "default-route": GoType("[]net.IP", "slice", (GoType("net.IP", "ip"),)),
    },
)
ELEMENTS = GoType("[]*types.NetworkSelectionElement", "slice", (ELEMENT,))
_LIBRARY_KEYS = frozenset({"ipam-claim-reference"})
"""Known to network-attachment-definition-client, not to Multus."""


def parse(value: str, namespace: str, *, version: str = _VERSION) -> Parsed:
    """Return what Multus' parsePodNetworkAnnotation (k8sclient.go:224-293) makes of the annotation `value`.

    `namespace` is the pod's; `version` is MicroShift's, of which 4.16 reads the interface of a comma list differently.
    """
    if not value:
        return Parsed((), 'parsePodNetworkAnnotation: pod annotation does not have "network" as key', Spot(0, 0))
    selections, problems = read(value, namespace, version)
    refused = [p for p in problems if p.message]
    if refused:
        told = next((p for p in refused if p.first), refused[0])
        return Parsed((), told.message, told.place or told.spot)
    return Parsed(tuple(selections))


def is_json(value: str) -> bool:
    """Tell which of the two forms Multus takes `value` for; there is no way back (k8sclient.go:235)."""
    return any(c in value for c in '[{"')


def read(value: str, namespace: str, version: str) -> tuple[list[Selection], list[Problem]]:
    """Return the selections as far as they can be read, and everything that Multus refuses, in its order."""
    return _read_json(value, namespace) if is_json(value) else _read_list(value, namespace, version)


_DECODE = "parsePodNetworkAnnotation: failed to parse pod Network Attachment Selection Annotation JSON format: "


def _read_json(value: str, namespace: str) -> tuple[list[Selection], list[Problem]]:
    try:
        root = Scanner(value).read()
    except JsonSyntaxError as fault:
        return [], [_syntax_problem(value, fault)]
    found = [_mismatch_problem(value, root, m) for m in mismatches(root, ELEMENTS)]
    selections: list[Selection] = []
    for node in root.items if root.kind == "array" else ():
        if node.kind == "null":
            message = "runtime error: invalid memory address or nil pointer dereference"
            found.append(Problem(message, "annotation-invalid-json", "json-null", node.spot, {"reason": message}))
        elif node.kind == "object":
            selection = _selection(value, node, namespace)
            selections.append(selection)
            found += _element_problems(selection)
    return selections, found


def _selection(value: str, node: Node, namespace: str) -> Selection:
    """Return one element as Go's decoder leaves it: keys without regard to case, the last value of a repeated one."""
    held: dict[str, Node] = {}
    spots = {"": node.spot}
    for key, item in node.members():
        name = field_of(key.value, ELEMENT)
        if not name or (item.kind == "null" and ELEMENT.fields[name].kind == "string"):
            continue
        held[name] = item
        spots[name] = item.spot
        spots.update({f"{name}.{n}": x.spot for n, x in enumerate(item.items)})

    def text(name: str) -> str:
        return held[name].value if name in held and held[name].kind == "string" else ""

    def written(name: str, kind: str) -> str:
        return value[held[name].offset : held[name].end] if name in held and held[name].kind == kind else ""

    def texts(name: str) -> tuple[str, ...]:
        return tuple(x.value if x.kind == "string" else "" for x in held[name].items if x.kind in ("string", "null")) if name in held else ()

    old = text("interfaceRequest")
    if old and not text("interface"):
        spots["interface"] = spots["interfaceRequest"]
    routes = texts("default-route") if "default-route" in held and held["default-route"].kind == "array" else None
    return Selection(
        text("namespace") or namespace, text("name"), text("interface") or old, texts("ips"), text("mac"), text("infiniband-guid"), routes,
        written("cni-args", "object"), written("portMappings", "array"), written("bandwidth", "object"), text("deviceID"), spots,
    )  # fmt: skip


def _element_problems(one: Selection) -> Iterator[Problem]:
    """Yield what the loop behind the decoding refuses (k8sclient.go:259-290)."""
    if one.mac and mac_bytes(one.mac) is None:
        message = f"parsePodNetworkAnnotation: failed to mac: address {one.mac}: invalid MAC address"
        yield _bad_address(message, "mac-bad", one.spots["mac"], one.mac, _mac_meant(one.mac, 6))
    if one.infiniband_guid and mac_bytes(one.infiniband_guid) is None:
        guid = one.infiniband_guid
        message = f"parsePodNetworkAnnotation: failed to validate infiniband GUID: address {guid}: invalid MAC address"
        yield _bad_address(message, "guid-bad", one.spots["infiniband-guid"], guid, _mac_meant(guid, 8))
    for number, ip in enumerate(one.ips):
        spot = one.spots[f"ips.{number}"]
        if "/" in ip and not is_cidr(ip):
            yield _bad_address(f"failed to parse CIDR {go_quoted(ip)}: invalid CIDR address: {ip}", "ip-bad-cidr", spot, ip, _ip_meant(ip))
        elif "/" not in ip and parse_ip(ip) is None:
            yield _bad_address(f"failed to parse IP address {go_quoted(ip)}", "ip-bad", spot, ip, _ip_meant(ip))


def _bad_address(message: str, what: str, spot: Spot, value: str, meant: str) -> Problem:
    rule, capture = ("annotation-invalid-ip", "ip") if what.startswith("ip") else ("annotation-invalid-mac", "mac")
    return Problem(message, rule, what, spot, {capture: value}, {"value": value}, json.dumps(meant) if meant else "")


def _mac_meant(text: str, length: int) -> str:
    """Return the hardware address that is written with other separators or with none, "" if it is none."""
    digits = re.sub(r"[\s:.-]", "", text)
    return bytes.fromhex(digits).hex(":") if re.fullmatch(rf"[0-9a-fA-F]{{{2 * length}}}", digits) else ""


def _ip_meant(text: str) -> str:
    """Return the address that is written with blanks, leading zeros or a netmask, "" if it is none."""
    address, slash, length = (x.strip(GO_BLANKS) for x in text.partition("/"))
    plain = re.sub(r"(?<![0-9a-fA-F:.])0+(?=[0-9])|(?<=\.)0+(?=[0-9])", "", address) if ":" not in address else address
    try:
        network = ipaddress.ip_interface(f"{plain}/{length}" if slash else plain)
    except ValueError:
        return ""
    meant = f"{plain}/{network.network.prefixlen}" if slash else plain
    return meant if parse_ip(plain) is not None else ""


# --- the comma list -----------------------------------------------------------------------------------------------------


class _Part(NamedTuple):
    """A stretch of the annotation."""

    text: str
    offset: int

    @property
    def spot(self) -> Spot:
        return Spot(self.offset, len(self.text))

    def trimmed(self) -> _Part:
        left = self.text.lstrip(GO_BLANKS)
        return _Part(left.rstrip(GO_BLANKS), self.offset + len(self.text) - len(left))

    def split(self, separator: str) -> list[_Part]:
        found, at = list[_Part](), self.offset
        for text in self.text.split(separator):
            found.append(_Part(text, at))
            at += len(text) + 1
        return found


def _read_list(value: str, namespace: str, version: str) -> tuple[list[Selection], list[Problem]]:
    selections: list[Selection] = []
    problems: list[Problem] = []
    for item in _Part(value, 0).split(","):
        one, found = _item(item.trimmed(), namespace, version)
        selections += one
        problems += found
    if problems:
        yaml = _yaml_list(value)
        if yaml:
            problems = [problems[0]._replace(what="list-yaml", place=problems[0].spot, spot=Spot(0, len(value)), instead=yaml)]
    if problems and all(p.what == "list-dots" for p in problems):
        problems = [problems[0]._replace(place=problems[0].spot, spot=Spot(0, len(value)), instead=_list_as_json(value))]
    return selections, problems


def _list_as_json(value: str) -> str:
    """Return the JSON form of a comma list, which may name what the list may not; "" where an item holds anything else."""
    elements: list[dict[str, str]] = []
    for item in value.split(","):
        owner, slash, rest = item.rpartition("/")
        name, _, interface = (x.strip(GO_BLANKS) for x in rest.partition("@"))
        if not SUBDOMAIN.match(name) or (slash and not LABEL.match(owner.strip(GO_BLANKS))):
            return ""
        element = {"name": name, "namespace": owner.strip(GO_BLANKS), "interface": interface}
        elements.append({k: v for k, v in element.items() if v})
    return json.dumps(elements)


def _item(item: _Part, namespace: str, version: str) -> tuple[list[Selection], list[Problem]]:
    """Return one item as parsePodNetworkObjectName (k8sclient.go:180-222) reads it: a selection, or why there is none."""
    slashed = item.split("/")
    if len(slashed) > 2:
        return [], [_item_problem("Invalid network object (failed at '/')", "list-slashes", item)]
    owner = slashed[0].trimmed() if len(slashed) == 2 else _Part("", item.offset)
    halves = slashed[-1].split("@")
    if len(halves) > 2:
        return [], [_item_problem("Invalid network object (failed at '@')", "list-ats", item)]
    name = halves[0].trimmed()
    interface = halves[1].trimmed() if len(halves) == 2 else _Part("", item.offset + len(item.text))
    old = _release(version) < (4, 17)
    for part in (owner, name, interface) if old else (owner, name):
        if part.text and LABEL.match(part.text) is None:
            return [], [_name_problem(part, "interface" if part is interface else "name" if part is name else "namespace")]
    if not old and (len(interface.text.encode(errors="surrogatepass")) > IFNAME_BYTES or any(c in " \t\n\v\f\r/" for c in interface.text)):
        message = f"Failed to parse interface name: must be less than 15 chars and not contain '/' or spaces. interface name '{interface.text}'"
        return [], [_item_problem(message, "list-interface", interface, short_name(interface.text))]
    spots = {"": item.spot, "name": name.spot, "namespace": owner.spot, "interface": interface.spot}
    return [Selection(owner.text or namespace, name.text, interface.text, spots=spots)], []


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(x) for x in re.findall(r"\d+", version)[:2]) or (99,)


def _item_problem(message: str, what: str, part: _Part, instead: str = "") -> Problem:
    whole = f"parsePodNetworkAnnotation: parsePodNetworkObjectName: {message}"
    return Problem(whole, "annotation-invalid-format", what, part.spot, {"value": part.text}, {"value": part.text}, instead)


_MISMATCH = (
    "Failed to parse: one or more items did not match comma-delimited format (must consist of lower case alphanumeric characters). "
    "Must start and end with an alphanumeric character), mismatch @ '{}'"
)
_SEPARATOR = lazy(rf"[{GO_BLANKS};|、，]+")
_QUOTES = str.maketrans(dict.fromkeys("'`\u2018\u2019\u201c\u201d", ""))


def _name_problem(part: _Part, role: str) -> Problem:
    """Return the fault of a name that is no DNS-1123 label, with what was meant if that can be told."""
    plain = part.text.translate(_QUOTES).strip(GO_BLANKS)
    words = [w for w in _SEPARATOR.split(plain) if w]
    lowered = re.sub(r"[^a-z0-9-]", "-", plain.lower()).strip("-")
    if role == "interface":
        what, instead = "list-interface-label", lowered
    elif len(words) > 1 and all(LABEL.match(w) for w in words):
        what, instead = "list-separator", ",".join(words)
    elif plain != part.text and LABEL.match(plain):
        what, instead = "list-quotes", plain
    elif role == "name" and "." in plain and SUBDOMAIN.match(plain):
        what, instead = "list-dots", ""
    else:
        what, instead = "list-name", lowered
    return _item_problem(_MISMATCH.format(part.text), what, part, instead)


def short_name(text: str) -> str:
    """Return an interface name as near to `text` as the kernel allows, "" if there is none."""
    name = re.sub(r"[\s/:]+", "-", text.strip(GO_BLANKS))
    return name[:IFNAME_BYTES].rstrip("-.") if name.isascii() else ""


_LONGEST = 4096
"""Characters of an annotation that is written anew."""


def _yaml_list(value: str) -> str:
    """Return as an annotation what is written as a YAML list, or as one mapping, else ""."""
    if len(value) > _LONGEST or (":" not in value and not value.lstrip().startswith("- ")):
        return ""
    import yaml

    try:
        body: object = yaml.safe_load(value)
    except (yaml.YAMLError, ValueError, RecursionError):
        return ""
    return as_annotation(body)


def as_annotation(body: object) -> str:
    """Return the annotation that a list of elements or of names, or one element, stands for; "" if it is none of them."""
    elements = items(body) or [body]
    if isinstance(body, list) and all(isinstance(x, str) and LABEL.match(x) for x in elements):
        return ",".join(map(str, elements))
    if not all(isinstance(x, dict) and "name" in x for x in elements):
        return ""
    text = bounded_json(elements, _LONGEST + 1)
    return text if len(text) <= _LONGEST else ""


def bounded_json(value: object, limit: int) -> str:
    """Return the first `limit` characters of `value` as JSON: YAML aliases can make it endless. "" where it is circular."""
    found, length = list[str](), 0
    try:
        for chunk in json.JSONEncoder(default=str, ensure_ascii=False).iterencode(value):
            found.append(chunk)
            length += len(chunk)
            if length >= limit:
                break
    except (TypeError, ValueError, RecursionError):
        return ""
    return "".join(found)[:limit]


# --- what was meant -----------------------------------------------------------------------------------------------------


def applied(value: str, spot: Spot, instead: str) -> str:
    """Return `value` with `instead` in place of what stands at `spot`."""
    return value[: spot.offset] + instead + value[spot.offset + spot.length :]


def _reads(value: str, *, types: bool) -> bool:
    """Tell whether `value` is a JSON array; with `types` also whether Go reads it as a list of elements."""
    try:
        root = Scanner(value).read()
    except JsonSyntaxError:
        return False
    return root.kind == "array" and (not types or next(mismatches(root, ELEMENTS), None) is None)


_BARE = lazy(r"[A-Za-z_][\w.-]*")
_CURLY = str.maketrans({"\u201c": '"', "\u201d": '"', "\u201e": '"', "\u2018": '"', "\u2019": '"', "'": '"'})


def _repairs(value: str, fault: JsonSyntaxError) -> Iterator[tuple[str, Spot, str]]:
    """Yield (sentence, place, text to put there), the likeliest first; not every one leads to valid JSON."""
    at = fault.offset
    here = value[at : at + 1]
    before = value[:at].rstrip(" \t\r\n")
    if here in ("}", "]") and before.endswith(","):
        comma = len(before) - 1
        yield "json-trailing-comma", Spot(comma, at + 1 - comma), here
    quotes = [i for i, c in enumerate(value) if c in "'\u201c\u201d\u201e\u2018\u2019"]
    if quotes and quotes[0] == at:
        stretch = value[at : quotes[-1] + 1]
        yield "json-quotes", Spot(at, len(stretch)), stretch.translate(_CURLY)
    if here in ('"', "{", "[") and fault.message.endswith(("key:value pair", "array element")):
        yield "json-missing-comma", Spot(len(before), 0), ","
    bare = _BARE.match(value, at)
    if bare is not None and "beginning of" in fault.message:
        yield "json-bare-word", Spot(at, bare.end() - at), f'"{bare[0]}"'
    if here in ("}", "]") and fault.open_ends:
        yield "json-brackets", Spot(at, 0), fault.open_ends[0]
    if at == len(value):
        yield "json-cut", Spot(len(value.rstrip()), 0), fault.open_ends
        yield "json-cut", Spot(len(value.rstrip()), 0), '"' + fault.open_ends
    yield "json-no-brackets", Spot(0, len(value)), f"[{value.strip()}]"


def _syntax_problem(value: str, fault: JsonSyntaxError) -> Problem:
    line, column = value.count("\n", 0, fault.offset) + 1, fault.offset - value.rfind("\n", 0, fault.offset)
    reason = f"line {line}, column {column}: {fault.message}"
    place = Spot(fault.offset, 1 if fault.offset < len(value) else 0)
    said = {"reason": reason}
    plain = Problem(_DECODE + fault.message, "annotation-invalid-json", "json-syntax", place, said, said, place=place)
    names = _bracketed_names(value)
    if names:
        return plain._replace(what="json-names", spot=Spot(0, len(value)), instead=names)
    likely = ""
    for what, spot, instead in _repairs(value, fault):
        if _reads(applied(value, spot, instead), types=what == "json-no-brackets"):
            return plain._replace(what=what, spot=spot, instead=instead)
        likely = likely or (what if what not in ("json-no-brackets", "json-cut") else "")
    return plain._replace(what=likely or ("json-cut" if fault.offset == len(value) else "json-syntax"))


def _bracketed_names(value: str) -> str:
    """Return the comma list that stands in brackets or quotes, "" if it is none."""
    text = value.strip(" \t\r\n")
    inner = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    names = [n.strip(" \t\r\n\"'\u201c\u201d\u2018\u2019") for n in inner.split(",")]
    return ",".join(names) if all(LABEL.match(n) for n in names) else ""


def _mismatch_problem(value: str, root: Node, found: Mismatch) -> Problem:
    """Return a value of the wrong type as a problem, with what to write instead where that can be told from what is there."""
    message, spot, raw = _DECODE + found.message, found.node.spot, value[found.node.offset : found.node.end]
    if found.stops:
        return _bad_route(message, found.node)
    captures = {"field": found.key, "value": found.found} if found.key else {"value": raw}
    plain = Problem(message, "annotation-invalid-format", "json-type", spot, captures, {"key": found.key, "found": found.found, "wanted": found.wanted})
    if found.node is root:
        return plain._replace(what="json-not-list", instead=_as_list(value, root))
    if not found.key:
        return plain._replace(what="json-strings", instead=f'{{"name":{raw}}}' if found.node.kind == "string" else "")
    return plain._replace(instead=_retyped(found, raw))


def _as_list(value: str, root: Node) -> str:
    if root.kind == "object":
        return f"[{value[root.offset : root.end]}]"
    return root.value if root.kind == "string" and all(LABEL.match(n.strip(GO_BLANKS)) for n in root.value.split(",")) else ""


def _retyped(found: Mismatch, raw: str) -> str:
    if found.key in ("ips", "default-route") and found.node.kind == "string" and found.wanted.startswith("[]"):
        return f"[{raw}]"
    if found.wanted == "string" and found.node.kind in ("number", "bool"):
        return f'"{raw}"'
    return raw.strip('"') if found.wanted == "int" and re.fullmatch(r'"[0-9]{1,18}"', raw) else ""


def _bad_route(message: str, node: Node) -> Problem:
    address = node.value.partition("/")[0]
    prefixed = "/" in node.value and parse_ip(address) is not None
    what, instead = ("route-prefix", json.dumps(address)) if prefixed else ("route-bad", "")
    return Problem(message, "annotation-invalid-ip", what, node.spot, {"ip": node.value}, {"value": node.value}, instead, first=True)
