"""Reads a report that `msnet diagnose --format json` wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from diagnose.errors import InputError
from diagnose.parse.tree import mapping

SCHEMA = "msnet.report/1"
_LARGEST = 256 * 1024 * 1024


def report_in(path: str) -> dict[str, Any] | None:
    """Return the report in the file at `path`, or None where it holds something else.

    Raises `InputError` for a report of a schema that this version does not know.
    """
    file = Path(path)
    try:
        if not file.is_file() or file.stat().st_size > _LARGEST:
            return None
        with file.open("rb") as stream:
            head = stream.read(64).lstrip()
            if not head.startswith(b"{") or b'"schema"' not in head:
                return None
        body = mapping(json.loads(file.read_bytes()))
    except (OSError, ValueError, RecursionError):
        return None
    schema = str(body.get("schema", ""))
    if not schema.startswith("msnet.report/"):
        return None
    if schema != SCHEMA:
        raise InputError(f"{path} is a report of schema {schema}, and this version reads {SCHEMA}", "use the version of msnet that wrote it")
    return body
