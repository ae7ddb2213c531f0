"""Diagnostics as SARIF 2.1.0, the format that code scanning services and editors read.

Source: OASIS Static Analysis Results Interchange Format (SARIF) Version 2.1.0 and its schema.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from diagnose import __version__
from diagnose.catalog import Catalog
from diagnose.checking import Diagnostic, Outcome
from diagnose.checks.words import OWN, say
from diagnose.render.diagnostics import message, subject
from diagnose.render.words import fill

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
_LEVEL = {"error": "error", "warning": "warning", "info": "note"}


def _uri(name: str) -> str:
    """Return a file's name as a URI reference: relative if the name is."""
    return Path(name).as_uri() if os.path.isabs(name) else quote(name.replace(os.sep, "/").removeprefix("./"))


def _rule(rule_id: str, catalog: Catalog, language: str) -> dict[str, Any]:
    """Return a rule's descriptor; its texts have no names to fill in."""
    if rule_id in OWN:
        return {
            "id": rule_id,
            "shortDescription": {"text": say(rule_id, language)},
            "fullDescription": {"text": say(f"{rule_id}-why", language)},
            "defaultConfiguration": {"level": _LEVEL[OWN[rule_id]]},
        }
    rule = catalog.by_id[rule_id]
    text = rule.text[language]
    described = {
        "id": rule_id,
        "shortDescription": {"text": fill(text.title, {})},
        "fullDescription": {"text": fill(text.cause, {})},
        "help": {"text": f"msnet explain {rule_id}"},
        "defaultConfiguration": {"level": _LEVEL[rule.severity]},
    }
    return described | ({"helpUri": rule.refs[0]} if rule.refs else {})


def _location(d: Diagnostic, language: str) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(d.file)}}
    if d.text is not None and d.start is not None and d.end is not None:
        physical["region"] = {
            "startLine": d.start.line,
            "startColumn": d.start.column,
            "endLine": d.end.line,
            "endColumn": d.end.column,
            "snippet": {"text": d.text.content[d.span.start : d.span.end] if d.span is not None else ""},
        }
    location: dict[str, Any] = {"physicalLocation": physical}
    if d.subject is not None:
        location["logicalLocations"] = [{"name": d.subject.name, "fullyQualifiedName": subject(d.subject, language), "kind": "resource"}]
    return location


def _result(d: Diagnostic, catalog: Catalog, language: str, order: list[str]) -> dict[str, Any]:
    words = message(d, catalog, language)
    text = "\n".join(x for x in (words.title, words.why, d.instead) if x)
    return {
        "ruleId": d.rule,
        "ruleIndex": order.index(d.rule),
        "level": _LEVEL[d.severity],
        "message": {"text": text},
        "locations": [_location(d, language)],
    }


def as_mapping(outcome: Outcome, catalog: Catalog, language: str) -> dict[str, Any]:
    """Return the diagnostics as a SARIF log with one run."""
    order = sorted({d.rule for d in outcome.diagnostics})
    driver = {"name": "msnet", "version": __version__, "rules": [_rule(x, catalog, language) for x in order]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(d, catalog, language, order) for d in outcome.diagnostics],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def render(outcome: Outcome, catalog: Catalog, language: str) -> str:
    """Return the SARIF log as indented JSON with a final line break."""
    return json.dumps(as_mapping(outcome, catalog, language), ensure_ascii=False, indent=1) + "\n"
