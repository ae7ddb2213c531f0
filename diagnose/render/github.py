"""Diagnostics as GitHub workflow commands, which become annotations of the lines they name.

Source: GitHub's actions/toolkit packages/core/src/command.ts (escapeData, escapeProperty).
"""

from __future__ import annotations

from diagnose.catalog import Catalog
from diagnose.checking import Diagnostic, Outcome
from diagnose.render.diagnostics import message, subject

_LEVEL = {"error": "error", "warning": "warning", "info": "notice"}


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _line(d: Diagnostic, catalog: Catalog, language: str) -> str:
    words = message(d, catalog, language)
    properties = {"file": d.file}
    if d.start is not None and d.end is not None:
        properties |= {"line": str(d.start.line), "endLine": str(d.end.line)}
        if d.start.line == d.end.line:  # GitHub takes columns only within one line.
            properties |= {"col": str(d.start.column), "endColumn": str(d.end.column)}
    properties["title"] = d.rule
    parts = [words.title, subject(d.subject, language), words.why, d.instead]
    text = "\n".join(x for x in parts if x)
    return f"::{_LEVEL[d.severity]} {','.join(f'{k}={_property(v)}' for k, v in properties.items())}::{_data(text)}\n"


def render(outcome: Outcome, catalog: Catalog, language: str) -> str:
    """Return one workflow command a diagnostic."""
    return "".join(_line(d, catalog, language) for d in outcome.diagnostics)
