"""Reads a report that `msnet diagnose --format json` wrote."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

from diagnose.errors import InputError, NoEvidenceError
from diagnose.parse.tree import mapping

SCHEMA = "msnet.report/1"
_LARGEST = 256 * 1024 * 1024


def report_in(path: str) -> dict[str, Any] | None:
    """Return the report in the file at `path`, which may be packed by gzip, or None where it holds something else.

    Raises `InputError` for a report of a schema that this version does not know, `NoEvidenceError` for one that is damaged.
    """
    file = Path(path)
    try:
        if not file.is_file() or file.stat().st_size > _LARGEST:
            return None
        with file.open("rb") as stream:
            packed = stream.read(2) == b"\x1f\x8b"
        with gzip.open(file) if packed else file.open("rb") as stream:
            raw = stream.read(64)
            if not raw.lstrip().startswith(b"{"):
                return None
            raw += stream.read(_LARGEST)
    except (OSError, EOFError, zlib.error):
        return None
    if b'"msnet.report/' not in raw:
        return None
    try:
        body = mapping(json.loads(raw))
    except (ValueError, RecursionError) as e:
        raise NoEvidenceError(
            f"{path}: no usable evidence: a report of msnet, damaged or cut short: {e}", "save it again: msnet diagnose --format json -o FILE ..."
        ) from e
    schema = str(body.get("schema", ""))
    if not schema.startswith("msnet.report/"):
        return None
    if schema != SCHEMA:
        raise InputError(f"{path} is a report of schema {schema}, and this version reads {SCHEMA}", "use the version of msnet that wrote it")
    return body
