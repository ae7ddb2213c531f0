"""Bundles for tests: what a run came to, written down, and the comparison of two runs."""

from __future__ import annotations

import io
import json
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from diagnose import catalog
from diagnose.bundle.build import Bundle, build
from diagnose.bundle.cleaner import Plain
from diagnose.collect.capture import Capture
from diagnose.collect.device import Device
from diagnose.collect.files import zstd_module
from diagnose.diagnosis import Selection, investigate
from diagnose.model import Report
from diagnose.render import json_v1

NOW = datetime(2026, 11, 23, 20, 10, tzinfo=UTC)


def looked(evidence: list[Path] | Device, *, now: datetime = NOW, since: int | None = None, keep: Capture | None = None) -> Report:
    """Return the report on evidence, or on a device."""
    arguments = evidence if isinstance(evidence, Device) else [str(p) for p in evidence]
    return investigate(arguments, catalog.load(), now=now, reference=now, tz=UTC, select=Selection(since=since), keep=keep)[0]


def built(captured: Capture, report: Report) -> Bundle:
    """Return the bundle of what was captured."""
    return build(captured, report, catalog.load(), Plain(), "en")


def collected(evidence: list[Path] | Device, path: Path, *, full: bool = False, since: int | None = None) -> Report:
    """Write a bundle and return the report of the run that it is of."""
    captured = Capture(full=full)
    report = looked(evidence, since=since, keep=captured)
    with path.open("wb") as out:
        built(captured, report).write(out, ".tar.zst")
    return report


def told(report: Report) -> dict[str, Any]:
    """Return all that a report tells, but how it was read."""
    body = json_v1.as_mapping(report, catalog.load(), "en")
    body["inputs"] = [i for i in body["inputs"] if i["kind"] != "archive"]
    return {k: v for k, v in body.items() if k not in ("notes", "generated")}


def members(path: Path) -> dict[str, bytes]:
    """Return the members of a bundle, in order, by their path beneath its folder."""
    with zstd_module().open(path) as raw, tarfile.open(fileobj=raw, mode="r|") as archive:
        return {m.name.partition("/")[2]: found.read() for m in archive if (found := archive.extractfile(m)) is not None}


def manifest(path: Path) -> dict[str, Any]:
    """Return a bundle's manifest."""
    return json.loads(members(path)["manifest.json"])


def written(found: dict[str, bytes], path: Path, folder: str = "msnet-edge-20261123T201000Z") -> Path:
    """Write members into a bundle, whatever they are."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in found.items():
            info = tarfile.TarInfo(f"{folder}/{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    path.write_bytes(zstd_module().compress(out.getvalue()))
    return path


def unpacked(path: Path, folder: Path) -> Path:
    """Unpack a bundle and return its folder."""
    folder.mkdir(exist_ok=True)
    with zstd_module().open(path) as raw, tarfile.open(fileobj=raw, mode="r|") as archive:
        archive.extractall(folder, filter="data")
    return next(folder.glob("msnet-*"))
