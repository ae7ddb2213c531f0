"""The node that manifests are meant for, as a YAML file of schema msnet.profile/1."""

from __future__ import annotations

import difflib
import ipaddress
from collections.abc import Callable, Iterator
from typing import Any, Final

from diagnose.checks.fault import Profile
from diagnose.checks.position import Broken, Document, read, span_of
from diagnose.errors import UsageError
from diagnose.parse.tree import items
from diagnose.pattern import lazy

SCHEMA: Final = "msnet.profile/1"
_VERSION = lazy(r"^\d+\.\d+$")
_STEM = ("schema", "version", "plugins", "links", "pod_networks", "service_networks", "host_networks", "namespaces_known", "nads")


class _Faults:
    """Faults of a profile, each with its file and line."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.found: list[str] = []

    def add(self, path: tuple[str | int, ...], message: str) -> None:
        line = self._document.text.place(span_of(self._document, path, None).start).line
        self.found.append(f"{self._document.text.name}:{line}: {message}")


def parse(name: str, raw: bytes) -> Profile:
    """Return the profile in the file `name`. Raises `UsageError` that tells every fault with its file and line."""
    parts = list(read(name, raw))
    for part in parts:
        if isinstance(part, Broken):
            place = part.text.place(part.span.start)
            raise UsageError(f"{name}:{place.line}:{place.column}: {part.form} cannot be parsed: {part.reason}")
    documents = [p for p in parts if isinstance(p, Document)]
    if len(documents) != 1:
        raise UsageError(f"{name}: a profile is one YAML mapping, not {len(documents)}", f"begin with `schema: {SCHEMA}`")
    faults = _Faults(documents[0])
    profile = _profile(documents[0], faults)
    if faults.found:
        raise UsageError("\n".join(faults.found), "a profile's keys: " + ", ".join(_STEM))
    return profile


def _profile(document: Document, faults: _Faults) -> Profile:
    body = document.body
    for key, _, again in document.twice:
        faults.found.append(f"{document.text.name}:{document.text.place(again.start).line}: {key} stands twice")
    for key in body:
        if key not in _STEM:
            near = difflib.get_close_matches(str(key), _STEM, 1)
            faults.add((str(key),), f"unknown key {key}" + (f"; did you mean {near[0]}?" if near else ""))
    if body.get("schema") != SCHEMA:
        faults.add(("schema",), f"schema must be {SCHEMA}")
    given: dict[str, Any] = {}
    readers: dict[str, Callable[[Document, str, _Faults], object]] = {
        "version": _version,
        "plugins": _names,
        "links": _names,
        "pod_networks": _networks,
        "service_networks": _networks,
        "host_networks": _networks,
        "namespaces_known": _flag,
        "nads": _names,
    }
    for key, reader in readers.items():
        if key in body and not (key in ("links", "nads") and body[key] is None):
            given[key] = reader(document, key, faults)
    return Profile(**given)


def _version(document: Document, key: str, faults: _Faults) -> str:
    """Return a version as it is written: YAML reads 4.20 as the number 4.2."""
    value = document.find((key,))
    text = document.text.content[slice(*value.span)].strip("'\"") if value is not None and value.scalar else ""
    if not _VERSION.match(text):
        faults.add((key,), f"{key} must be MicroShift's major.minor, such as 4.18")
    return text


def _texts(document: Document, key: str, faults: _Faults) -> Iterator[tuple[int, str]]:
    if not isinstance(document.body[key], list):
        faults.add((key,), f"{key} must be a list")
    for number, item in enumerate(items(document.body[key])):
        if isinstance(item, str) and item:
            yield number, item
        else:
            faults.add((key, number), f"{key} must hold texts")


def _names(document: Document, key: str, faults: _Faults) -> frozenset[str]:
    return frozenset(text for _, text in _texts(document, key, faults))


def _networks(document: Document, key: str, faults: _Faults) -> tuple[str, ...]:
    found: list[str] = []
    for number, text in _texts(document, key, faults):
        try:
            found.append(str(ipaddress.ip_network(text)))
        except ValueError as e:
            faults.add((key, number), f"{key}: {e}")
    return tuple(found)


def _flag(document: Document, key: str, faults: _Faults) -> bool:
    value = document.body[key]
    if not isinstance(value, bool):
        faults.add((key,), f"{key} must be true or false")
    return value is True


def load(path: str) -> Profile:
    """Read a profile from a file. Raises `UsageError` where it cannot be read or is wrong."""
    try:
        with open(path, "rb") as f:
            return parse(path, f.read())
    except OSError as e:
        raise UsageError(f"cannot read the profile {path}: {e.strerror or e}") from e


def dump(profile: Profile) -> str:
    """Return the profile as YAML; what is unknown (None) is left out, and `parse` reads it back the same."""
    import yaml

    body: dict[str, object] = {
        "schema": SCHEMA,
        "version": profile.version,
        "plugins": sorted(profile.plugins),
        "links": None if profile.links is None else sorted(profile.links),
        "pod_networks": list(profile.pod_networks),
        "service_networks": list(profile.service_networks),
        "host_networks": list(profile.host_networks),
        "namespaces_known": profile.namespaces_known,
        "nads": None if profile.nads is None else sorted(profile.nads),
    }
    known = {k: v for k, v in body.items() if v is not None}
    return yaml.safe_dump(known, sort_keys=False, allow_unicode=True, default_flow_style=None)  # pyright: ignore[reportUnknownMemberType] - types-PyYAML
