"""Removes secrets wherever they stand: what a telling neighbour shows to be one once goes everywhere else, too."""

from __future__ import annotations

import contextlib
import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any, cast

from diagnose.model import Report
from diagnose.redact.report import rewritten, strings
from diagnose.redact.secrets import secret_values, without_secrets


class Secrets:
    """Learns the values of secrets, then removes them."""

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def holds(self, part: str) -> bool:
        """Return True if a secret that was learned has `part` in it."""
        return any(part in value for value in self._values)

    def learn(self, text: str) -> None:
        """Take note of the secrets in a text."""
        new = secret_values(text) - self._values
        if new:
            self._values |= new
            self._pattern = re.compile("|".join(re.escape(v) for v in sorted(self._values, key=len, reverse=True)))

    def text(self, text: str) -> tuple[str, Counter[str]]:
        """Return a text without secrets, and how many of each kind were removed."""
        text, kinds = without_secrets(text)
        if self._pattern is not None:
            text, more = self._pattern.subn("[removed:secret]", text)
            kinds["secret"] += more
        return text, +kinds

    def value(self, value: Any) -> tuple[Any, Counter[str]]:
        """Return a value of JSON without what a neighbour tells to be a secret (the others are for `text`), and how many of each kind were removed."""
        found, kinds = without_secrets(json.dumps(value, ensure_ascii=False))
        if kinds:
            with contextlib.suppress(ValueError, RecursionError):
                return json.loads(found), kinds
        return value, Counter()


def each(value: Any, change: Callable[[str], str]) -> Any:
    """Return a value of JSON in which `change` was applied to every text, names of fields, too."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [each(v, change) for v in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {change(k): each(v, change) for k, v in cast("dict[str, Any]", value).items()}
    return value


def without(report: Report) -> Report:
    """Return the report without secrets: nobody needs them to mend a network, and reports are passed on."""
    secrets = Secrets()
    for text in strings(report):
        secrets.learn(text)
    return rewritten(report, lambda text: secrets.text(text)[0])
