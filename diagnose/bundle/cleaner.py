"""What takes secrets, names and addresses out of a bundle before it is written, or leaves it as it is."""

from __future__ import annotations

from collections import Counter
from typing import Any, Protocol

from diagnose.collect.capture import Capture
from diagnose.model import Report
from diagnose.redact.redactor import Redactor


class Cleaner(Protocol):
    """Replaces what must not leave the node, the same by the same."""

    @property
    def counts(self) -> Counter[str]:
        """What was replaced so far, by kind."""
        ...

    @property
    def state(self) -> str:
        """What the manifest calls it: redacted or UNREDACTED."""
        ...

    def learn(self, captured: Capture, report: Report) -> None:
        """Look through everything once, before anything is replaced."""
        ...

    def text(self, text: str) -> str:
        """Return a text of the evidence, or a path, without what must not leave the node."""
        ...

    def value(self, value: Any) -> Any:
        """Return a value of JSON without it."""
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

    def learn(self, captured: Capture, report: Report) -> None:
        """Do nothing."""

    def text(self, text: str) -> str:
        """Return the text."""
        return text

    def value(self, value: Any) -> Any:
        """Return the value."""
        return value

    def report(self, report: Report) -> Report:
        """Return the report."""
        return report


class Redacting:
    """Removes secrets and gives pseudonyms."""

    state = "redacted"

    def __init__(self, redactor: Redactor) -> None:
        """Use this redactor, which may know names from before."""
        self._redactor = redactor
        self.text = redactor.text
        self.value = redactor.value
        self.report = redactor.report

    @property
    def counts(self) -> Counter[str]:
        """What was replaced so far, by kind."""
        return self._redactor.counts

    def learn(self, captured: Capture, report: Report) -> None:
        """Look through every record, object and input, and through what is told of them."""
        for resource in captured.resources:
            self._redactor.learn(resource)
        for record in captured.records():
            self._redactor.learn(record)
        for text in captured.texts():
            self._redactor.learn_text(text)
        for gap in captured.gaps:
            self._redactor.learn_text("\n".join((gap.source, gap.reason, gap.hint, *(v for _, v in gap.values))))
        self._redactor.learn_report(report)
