"""What takes secrets, names and addresses out of a bundle before it is written, or leaves it as it is."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, Protocol

from diagnose.collect.capture import Capture
from diagnose.model import Report
from diagnose.redact.redactor import Redactor
from diagnose.redact.removed import Secrets, each


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
    """Removes secrets alone: they never leave the node."""

    state = "UNREDACTED"

    def __init__(self) -> None:
        """Know of no secret yet."""
        self.counts: Counter[str] = Counter()
        self._secrets = Secrets()

    def learn(self, captured: Capture, report: Report) -> None:  # noqa: ARG002 - of the protocol
        """Look through every record, object and input."""
        for resource in captured.resources:
            self._secrets.learn(json.dumps(resource.body, ensure_ascii=False, default=str))
        for record in captured.records():
            self._secrets.learn(record.raw)
        for text in captured.texts():
            self._secrets.learn(text)

    def text(self, text: str) -> str:
        """Return the text without secrets."""
        found, kinds = self._secrets.text(text)
        if kinds:
            self.counts["secret"] += sum(kinds.values())
        return found

    def value(self, value: Any) -> Any:
        """Return the value without secrets."""
        value, kinds = self._secrets.value(value)
        if kinds:
            self.counts["secret"] += sum(kinds.values())
        return each(value, self.text)

    def report(self, report: Report) -> Report:
        """Return the report, which `diagnosis` has cleaned."""
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
