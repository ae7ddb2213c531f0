"""Removes secrets wherever they stand: what a telling neighbour shows to be one once goes everywhere else, too."""

from __future__ import annotations

import re
from collections import Counter

from diagnose.model import Report
from diagnose.redact.report import rewritten, strings
from diagnose.redact.secrets import secret_values, without_secrets


class Secrets:
    """Learns the values of secrets, then removes them."""

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

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


def without(report: Report) -> Report:
    """Return the report without secrets: nobody needs them to mend a network, and reports are passed on."""
    secrets = Secrets()
    for text in strings(report):
        secrets.learn(text)
    return rewritten(report, lambda text: secrets.text(text)[0])
