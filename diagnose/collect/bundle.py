"""Reads a bundle of `msnet collect`: the records and resources that were judged come back as they were, and so does what was told of the run."""

from __future__ import annotations

import json
import os
import posixpath
from collections.abc import Iterator
from typing import Any

from diagnose.collect.files import BUNDLE, Opened, open_input
from diagnose.collect.layout import FOLDER
from diagnose.errors import InputError
from diagnose.model import Gap, InputSeen, Record, Resource, Restored
from diagnose.parse import bundle
from diagnose.parse.tree import items, mapping
from diagnose.parse.when import rfc3339
from diagnose.record import dataclass, field

LARGEST = 64 * 1024 * 1024
"""Bytes of a manifest, and of one line of the evidence, that are read."""
_AGAIN = "take the bundle again, or copy it again"


def top_of(name: str, head: bytes) -> str:
    """Return what stands before the names of a bundle's members, if a member of an archive is one of a bundle; else ""."""
    outer, mark, path = name.rpartition("!")
    m = FOLDER.match(path)
    if m is not None:
        return f"{outer}{mark}{m[0]}"
    return name.removesuffix(bundle.MANIFEST) if is_manifest(name, head) else ""


def is_manifest(name: str, head: bytes) -> bool:
    """Return True if a file of that name and beginning is the manifest of a bundle."""
    return posixpath.basename(name.replace("\\", "/")) == bundle.MANIFEST and BUNDLE in head[:200]


@dataclass(slots=True)
class Reading:
    """Takes the members of one bundle in any order; `restored`, `inputs` and `gaps` hold at the end what it told."""

    name: str
    """The bundle's own."""
    top: str
    """What stands before the names of its members."""
    alone: bool
    """True if there is no other evidence: else the places of this one get the bundle's name before them."""
    restored: Restored = field(default_factory=Restored)
    inputs: list[InputSeen] = field(default_factory=list[InputSeen])
    gaps: list[Gap] = field(default_factory=list[Gap])
    members: dict[str, str] = field(default_factory=dict[str, str])
    """The sha256 of each member by its path, as the manifest tells."""
    _foreign: bool = False
    """True if its schema is not known."""
    _met: dict[str, str] = field(default_factory=dict[str, str])
    """The same of what was read."""
    _guessed: list[InputSeen] = field(default_factory=list[InputSeen])
    """What the evidence itself tells of its inputs, should the manifest not."""

    def member(self, opened: Opened) -> Iterator[Record | Resource]:
        """Yield what a member holds of the evidence. Raises `InputError` for the manifest of a schema that this version does not know."""
        import hashlib

        path = opened.name.removeprefix(self.top)
        digest = hashlib.sha256()
        lines = _lines(opened, digest)
        if path == bundle.MANIFEST:
            self._manifest(b"".join(lines))
            return
        if path in (bundle.RECORDS, bundle.RESOURCES):
            yield from self._items(path, lines)
        else:
            for _ in lines:
                pass
        self._met[path] = digest.hexdigest()

    def end(self) -> None:
        """Tell what of the bundle is not as it was written, after its last member."""
        for path, digest in self._met.items():
            if self.members.get(path, digest) != digest:
                self.gaps.append(Gap(f"{self.top}{path}", "changed after it was written: its sha256 is not the manifest's", _AGAIN))
        missing = [p for p in (bundle.RESOURCES, bundle.RECORDS) if p not in self._met]
        if missing and not self._foreign:
            self.gaps.append(Gap(self.name, f"the bundle lacks {' and '.join(missing)}", _AGAIN))
        self.inputs = self.inputs or self._guessed

    def _items(self, path: str, lines: Iterator[bytes]) -> Iterator[Record | Resource]:
        broken, why = 0, ""
        seen = InputSeen(f"{self.name}!{path}", "records")
        for raw in lines:
            try:
                value = json.loads(raw)
                item = bundle.record(value) if path == bundle.RECORDS else bundle.resource(value)
            except (ValueError, RecursionError) as e:
                broken, why = broken + 1, str(e)[:200]
                continue
            seen.lines += 1
            if isinstance(item, Record):
                seen.hear(item.program, None if item.relative else item.time, item.boot, item.offset)
            else:
                seen.programs.add(f"kind:{item.kind}")
            yield item if self.alone else item._replace(where=item.where._replace(source=self._place(item.where.source)))
        if broken:
            self.gaps.append(Gap(seen.source, f"{broken} of its lines cannot be read: {why}", _AGAIN))
        self._guessed.append(seen)

    def _place(self, source: str) -> str:
        return source if self.alone or not source else f"{self.name}!{source}"

    def _manifest(self, raw: bytes) -> None:
        try:
            d = mapping(json.loads(raw))
        except (ValueError, RecursionError) as e:
            self.gaps.append(Gap(f"{self.top}{bundle.MANIFEST}", f"the manifest cannot be read: {str(e)[:200]}", _AGAIN))
            return
        self._foreign = d.get("schema") != bundle.SCHEMA
        if self._foreign:
            raise InputError(f"{self.name} is a bundle of schema {str(d.get('schema'))[:40]}, and this version reads {bundle.SCHEMA}", "use the version of msnet that wrote it")  # fmt: skip
        broken: list[str] = []

        def each(key: str, read: Any) -> Iterator[Any]:
            for value in items(d.get(key)):
                try:
                    yield read(value)
                except (ValueError, RecursionError, TypeError, AttributeError) as e:
                    broken.append(f"{key}: {e}")

        for seen in each("inputs", bundle.input_seen):
            seen.source = self._place(seen.source)
            self.inputs.append(seen)
        self.gaps += [g._replace(source=self._place(g.source)) for g in each("gaps", bundle.gap)]
        self.restored = Restored(
            rfc3339(str(d.get("taken"))),
            d.get("live") is True,
            d.get("running") is True,
            bool(d.get("since")),
            list(each("collected", bundle.collected)),
            list(each("zones", bundle.zone)),
        )
        self.members = {str(m.get("path")): str(m.get("sha256")) for m in map(mapping, items(d.get("members")))}
        limits = [str(x)[:200] for x in items(d.get("limits")) if not str(x).startswith("report.")]  # reports are no evidence
        if limits:
            self.gaps.append(Gap(self.name, f"the bundle holds less than was seen: {'; '.join(limits)}", "its report.md tells of all; or: msnet collect without --max-size", hides=False))  # fmt: skip
        if broken:
            self.gaps.append(Gap(f"{self.top}{bundle.MANIFEST}", f"parts of the manifest cannot be read: {'; '.join(broken)[:200]}", _AGAIN))


def _lines(opened: Opened, digest: Any) -> Iterator[bytes]:
    """Yield the lines of a member; what is longer than any of ours comes in parts."""
    rest = b""
    while block := opened.stream.read(1024 * 1024):
        digest.update(block)
        *whole, rest = (rest + block).split(b"\n")
        yield from (x + b"\n" for x in whole)
        if len(rest) > LARGEST:
            yield rest
            rest = b""
    if rest:
        yield rest


def unpacked(reading: Reading, manifest: Opened) -> Iterator[Record | Resource]:
    """Yield the evidence of a bundle that was unpacked into a folder, from its manifest on; what is not there is a gap."""
    from pathlib import Path

    folder = Path(manifest.name).parent
    yield from reading.member(manifest)
    for path in [*reading.members] or (bundle.RESOURCES, bundle.RECORDS):
        file = folder / path
        try:
            if not os.path.realpath(file).startswith(os.path.realpath(folder) + os.sep):
                raise InputError(f"{reading.name}: a member outside of the bundle: {path[:80]!r}")
            if not file.exists():
                continue
            opened = open_input(f"{reading.top}{path}")
        except (InputError, OSError, ValueError) as e:  # ValueError: a NUL in it
            reading.gaps.append(Gap(reading.name, str(e)))
            continue
        try:
            yield from reading.member(opened)
        finally:
            opened.stream.close()
