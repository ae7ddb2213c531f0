"""What takes names and addresses out of a bundle before it is written; here, the one that takes out nothing."""

from __future__ import annotations

from collections import Counter
from typing import Protocol

from diagnose.collect.capture import Capture
from diagnose.model import Report


class Cleaner(Protocol):
    """Replaces what must not leave the node, the same by the same."""

    counts: Counter[str]
    """What was replaced, by kind."""
    state: str
    """What the manifest calls it: redacted or UNREDACTED."""

    def learn(self, captured: Capture) -> None:
        """Look through everything once, before anything is replaced."""
        ...

    def text(self, text: str) -> str:
        """Return a text of the evidence, or a path, without what must not leave the node."""
        ...

    def report(self, report: Report) -> Report:
        """Return the report without it."""
        ...


class Plain:
    """Leaves everything as it is."""

    state = "UNREDACTED"

    def __init__(self) -> None:
        """Count nothing."""
        self.counts: Counter[str] = Counter()

    def learn(self, captured: Capture) -> None:
        """Do nothing."""

    def text(self, text: str) -> str:
        """Return the text."""
        return text

    def report(self, report: Report) -> Report:
        """Return the report."""
        return report
