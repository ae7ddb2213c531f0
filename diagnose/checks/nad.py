"""What Multus would do with a NetworkAttachmentDefinition: can it read the config, and which plugins does it call.

Sources: network-attachment-definition-client pkg/utils/cniconfig.go GetCNIConfig, multus-cni pkg/types/conf.go LoadDelegateNetConf,
containernetworking/cni libcni/conf.go, pkg/version/reconcile.go; annotations.md 5, plugins.md 1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final, cast

from diagnose.checks import plugin
from diagnose.checks.config import KIND, PATH, VERSIONS, Config, elements, member, near, string, type_name
from diagnose.checks.fault import Fault, Profile, Spot
from diagnose.checks.golang import JsonSyntaxError, Scanner
from diagnose.checks.segment import cross
from diagnose.model import Resource
from diagnose.parse.jsontext import Break, Node, Parsed, parse
from diagnose.parse.tree import mapping
from diagnose.pattern import lazy

__all__ = ["cross", "faults"]

_LIST_KEYS: Final = ("cniVersion", "cniVersions", "name", "type", "plugins", "disableCheck", "disableGC", "loadOnlyInlinedPlugins")
_ANCHOR: Final = lazy(r"(?:^|\s)[&*]\w")
_NAME: Final = lazy(r"[a-zA-Z0-9][a-zA-Z0-9_.\-]*")
_BEHIND_BROKEN: Final = ("ipam-subnet", "ipam-address", "ipam-static-address", "nad-key-foreign", "ipam-key-foreign", "ipam-route-dst")
"""Faults that stand in what can be read of broken JSON, whatever is missing there."""


def faults(resource: Resource, profile: Profile) -> Iterator[Fault]:
    """Yield what the API server, Multus or a plugin refuses in a NAD, in the order in which they look; hints last of each part.

    Anything but a NAD yields nothing.
    """
    if resource.kind != KIND:
        return
    yield from _object(resource)
    spec = mapping(resource.body.get("spec"))
    config = cast("object", spec.get("config"))
    names = {"nad": resource.name, "nad_namespace": resource.namespace}
    if config is None or config == "":
        like = next((k for k in spec if near(str(k), ("config",), 0.6)), "")
        path = ("spec", "config") if "config" in spec else ("spec", like) if like else ("spec",)
        text = f"spec.{like}: {_written(spec[like])[:200]}" if like and like != "config" else f"{KIND} {resource.name} has no spec.config"
        yield Fault("nad-config-empty", names, text, "nad-empty-near" if like and like != "config" else "nad-empty", {"key_name": like}, path)
    elif not isinstance(config, str):
        given, written = type_name(config), _written(config)
        instead = f"'{written}'" if isinstance(config, dict) and "'" not in written else ""
        captures = {**names, "reason": f"spec.config is of type {given}, not string"}
        yield Fault("nad-config-invalid-json", captures, f"spec.config: {written[:200]}", "nad-not-string", {"given": given}, PATH, instead=instead)
    else:
        yield from _text(resource, profile, config)


def _written(value: object) -> str:
    """Return a value as JSON; as Python shows it where YAML's keys are none of JSON's."""
    try:
        return json.dumps(value, default=str, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return str(value)


# --- the object -------------------------------------------------------------------------------------------------------


def _object(resource: Resource) -> Iterator[Fault]:
    """Yield what nobody minds and nobody can use: a name with dots, an annotation that is nearly the one Multus reads."""
    names = {"nad": resource.name, "nad_namespace": resource.namespace}
    if "." in resource.name:
        text = f"metadata.name: {resource.name}"
        yield Fault("nad-config-invalid-field", names, text, "nad-name-dot", {}, ("metadata", "name"), severity="info")
    annotations = mapping(mapping(resource.body.get("metadata")).get("annotations"))
    for key in annotations:
        if key != plugin.RESOURCE_NAME and near(str(key), (plugin.RESOURCE_NAME,), 0.85):
            text, path = f"{key}: {annotations[key]}", ("metadata", "annotations", key)
            values = {"key_name": str(key)}
            yield Fault("nad-config-invalid-field", names, text, "nad-resource-key", values, path, severity="info", instead=plugin.RESOURCE_NAME)


# --- the text ---------------------------------------------------------------------------------------------------------


def _text(resource: Resource, profile: Profile, text: str) -> Iterator[Fault]:
    parsed = parse(text)
    if parsed.breaks:
        yield from _broken(resource, profile, text, parsed)
        return
    root = cast("Node", parsed.root)  # without a break there is a value
    config = Config(resource, profile, text, root)
    if not isinstance(root.value, dict):
        given = type_name(root.value)
        yield config.fault(
            "nad-config-invalid-json",
            "nad-json-no-object",
            root,
            values={"given": given},
            reason=f"json: cannot unmarshal {given} into Go value of type map[string]interface {{}}",
        )
        return
    yield from _config(config)
    for twice in parsed.twice:
        yield config.fault("nad-config-invalid-field", "nad-key-twice", Spot(twice.offset, twice.length), values={"key_name": twice.key}, severity="info")


def _broken(resource: Resource, profile: Profile, text: str, parsed: Parsed) -> Iterator[Fault]:
    """Yield why the text is no JSON, then what else is wrong in the part of it that can be read."""
    config = Config(resource, profile, text, parsed.root or Node({}, 0, len(text)))
    yaml = _from_yaml(text)
    if yaml:
        start = len(text) - len(text.lstrip())
        yield _break(config, Break("yaml", start, text[start:].find("\n") if "\n" in text[start:] else len(text) - start, yaml))
        return
    shown = _worth_telling(parsed.breaks)
    yield from (_break(config, b) for b in shown)
    yield from (f for f in _config(config) if f.what.startswith(_BEHIND_BROKEN))


def _worth_telling(breaks: list[Break]) -> list[Break]:
    """Return the first break, the one that Go names, and the first of each other kind: one cure often mends all of a kind."""
    found: dict[str, Break] = {}
    for item in breaks:
        kind = "unclosed" if item.kind in ("mismatch", "unclosed") else item.kind
        found.setdefault(kind, item)
    return list(found.values())[:5]


def _break(config: Config, item: Break) -> Fault:
    line, column = _place(config.text, item.offset)
    opened = _place(config.text, item.about) if item.about >= 0 else (0, 0)
    values = {"line": line, "column": column, "open_line": opened[0], "open_column": opened[1], "bracket": config.text[item.about] if item.about >= 0 else ""}
    values["instead_text"] = item.instead
    spot = Spot(item.offset, item.length)
    reason = _go_words(config.text)
    return config.fault("nad-config-invalid-json", f"nad-json-{item.kind}", spot, values=values, instead=item.instead, reason=reason)


def _go_words(text: str) -> str:
    """Return what Multus prints of a text that is no JSON."""
    try:
        Scanner(text).read()
    except JsonSyntaxError as e:
        return e.message
    return ""


def _place(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1


def _from_yaml(text: str) -> str:
    """Return the JSON of a text that is a YAML mapping in block style; "" if it is none, or one with anchors, which may grow without bounds."""
    if text.lstrip().startswith(("{", "[")) or ":" not in text or _ANCHOR.search(text):
        return ""
    import yaml

    loader = cast("type[yaml.SafeLoader]", getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    try:
        value = cast("object", yaml.load(text, Loader=loader))  # noqa: S506 - a safe loader
        return json.dumps(value, indent=2, default=str, ensure_ascii=False) if isinstance(value, dict) else ""
    except (yaml.YAMLError, TypeError, ValueError, RecursionError):
        return ""


# --- the config -------------------------------------------------------------------------------------------------------


def _config(config: Config) -> Iterator[Fault]:
    root = config.root
    single = member(root, "type")
    if single is not None and not isinstance(single.value, str):
        yield config.bad_field("nad-type", single, "type", wanted="string", given=type_name(single.value))
        return
    yield from _name(config)
    plugins = member(root, "plugins")
    if string(single):
        if plugins is not None:
            yield config.hint("nad-both", plugins, key=True)
        yield from _version(config)
        yield from plugin.faults(config, root, [])
    elif plugins is None:
        like = next((n for k, n in root.children.items() if n.key and near(str(k), ("type", "plugins"), 0.7) and str(k).lower() != "type"), None)
        instead = f'"{near(_key(config, like), ("type", "plugins"), 0.7)}"' if like else ""
        what = "nad-type-near" if like else "nad-type-missing"
        yield config.fault("nad-config-missing-type", what, like or root, key=True, values={"key_name": _key(config, like)}, instead=instead)
    elif not isinstance(plugins.value, list):
        yield config.bad_field("nad-type", plugins, "plugins", wanted="array", given=type_name(plugins.value), instead="[")
    else:
        yield from _list(config, plugins)


def _key(config: Config, node: Node | None) -> str:
    return config.text[node.key[0] : node.key[1]].strip('"') if node is not None and node.key is not None else ""


def _list(config: Config, plugins: Node) -> Iterator[Fault]:
    entries = elements(plugins)
    if not entries:
        yield config.fault("nad-config-missing-type", "nad-plugins-empty", plugins)
        return
    yield from _version(config)
    yield from config.types(config.root, {"cniVersion": "string", "name": "string"})
    yield from config.unknown(config.root, _LIST_KEYS, lambda node, name: _in_list(config, node, name))
    before: list[str] = []
    for number, entry in enumerate(entries):
        kind = member(entry, "type")
        if not isinstance(entry.value, dict):
            yield config.bad_field("nad-type", entry, f"plugins[{number}]", wanted="object", given=type_name(entry.value))
        elif kind is not None and not isinstance(kind.value, str):
            yield config.bad_field("nad-type", kind, f"plugins[{number}].type", wanted="string", given=type_name(kind.value))
        elif not string(kind):
            yield config.fault("nad-config-missing-type", "nad-entry-type", entry, values={"number": number})
        else:
            yield from plugin.faults(config, entry, before)
        before.append(string(kind))


def _in_list(config: Config, node: Node, name: str) -> Fault | None:
    """Return the hint for a plugin's key beside "plugins": there nobody reads it."""
    if name in plugin.COMMON or name in plugin.IPAM_KEYS or any(name in keys for keys in plugin.PLUGINS.values()):
        return config.hint("nad-key-list", node, key=True, key_name=name)
    return None


def _name(config: Config) -> Iterator[Fault]:
    """Yield a network name that libcni refuses (pkg/utils/utils.go ValidateNetworkName), or one that is not the NAD's."""
    node = config.root.children.get("name")
    name = string(node)
    if name and not _NAME.fullmatch(name):
        bad = "".join(dict.fromkeys(c for c in name if not re.fullmatch(r"[a-zA-Z0-9_.\-]", c))) or name[0]
        instead = json.dumps(re.sub(r"[^a-zA-Z0-9_.\-]+", "-", name).strip("-_.") or config.resource.name)
        yield config.fault("nad-config-missing-name", "nad-name-characters", node, values={"bad": bad}, instead=instead, value=name)
    elif name and config.resource.name and name != config.resource.name:
        yield config.hint("nad-name-other", node, name=name)


def _version(config: Config) -> Iterator[Fault]:
    """Yield a cniVersion that the plugins refuse: they compare the text (skel, version/reconcile.go)."""
    node = config.root.children.get("cniVersion") or member(config.root, "cniVersion")
    if node is not None and node.value is not None and not isinstance(node.value, str):
        return  # the types of all keys are told elsewhere
    version = string(node)
    if not version:
        # Where a version is needed, the fault about it says that there is none.
        yield config.hint("nad-version-missing", node or config.root, instead="" if node is None else '"0.4.0"')
    elif version not in VERSIONS:
        instead = json.dumps(_nearest_version(version))
        supported = " ".join(VERSIONS[:-1])
        yield config.fault("nad-cniversion-unsupported", "nad-version-unknown", node, instead=instead, version=version, supported=supported)
    elif version == "1.1.0":
        yield config.hint("nad-version-new", node)


def _nearest_version(version: str) -> str:
    cleaned = version.strip().lstrip("vV")
    padded = cleaned if cleaned.count(".") >= 2 else cleaned + ".0" * (2 - cleaned.count("."))
    return padded if padded in VERSIONS else "0.4.0"
