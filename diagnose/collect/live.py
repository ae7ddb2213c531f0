"""Reads the device at hand: all collectors side by side under one deadline, and what they found in an order of its own."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from diagnose.collect import api, journal, manifests, node, runtime
from diagnose.collect.capture import Capture
from diagnose.collect.device import Deadline, Device
from diagnose.collect.evidence import Evidence, Options
from diagnose.model import LISTED, Collected, Gap, InputSeen, Record, Resource
from diagnose.parse.node import CONFIG
from diagnose.scan import Plan, Scanner

_BATCH = 256
"""Records that are handed over together."""
_AHEAD = 64
"""Batches that may wait."""
_LOOK = 0.2
"""Seconds between two looks at the clock."""
_GRACE = 1.0
"""Seconds after the deadline in which a collector may tell itself how far it came."""

Collect = Callable[[Device, Deadline, Evidence], Iterator[Record | Resource]]
COLLECTORS: dict[str, Collect] = {"journal": journal.collect, "api": api.collect, "node": node.collect, "runtime": runtime.collect}
"""By name. A collector yields what it finds, and tells `inputs` and `gaps` of the evidence that it is given; it stops when the deadline is over."""
STREAMED = "journal"
"""The collector whose records are too many to be held."""

BESIDE = "beside"
"""What follows from what the collectors found."""
_NAD = "NetworkAttachmentDefinition"
"""An input that lists them shows `kind:` and this, be it that there are none."""

Progress = Callable[[dict[str, Collected], float], None]
"""Is told of the collectors that ended so far, and the seconds that went by."""


class _Part(NamedTuple):
    name: str
    items: list[Record | Resource]
    ended: Collected | None = None


@dataclass(slots=True)
class Live:
    """The device's evidence; `inputs`, `gaps` and `collected` tell afterwards what was read and what was not."""

    literals: Plan
    options: Options
    device: Device
    progress: Progress | None = None
    collectors: dict[str, Collect] = field(default_factory=lambda: COLLECTORS)
    inputs: list[InputSeen] = field(default_factory=list[InputSeen])
    gaps: list[Gap] = field(default_factory=list[Gap])
    keep: Capture | None = None
    """Where inputs are kept as they are read, for a bundle."""
    _evidence: dict[str, Evidence] = field(default_factory=dict[str, Evidence])
    collected: dict[str, Collected] = field(default_factory=dict[str, Collected])
    """By collector; while they run, those that ended."""

    def __post_init__(self) -> None:
        """Give each collector an evidence of its own: they run side by side."""
        self._evidence = {name: Evidence(Scanner(self.literals), self.options, keep=self.keep) for name in (*self.collectors, BESIDE)}

    @property
    def scan(self) -> Scanner:
        """The scanner of the journal."""
        return self._evidence[STREAMED].scan

    def evidence(self, name: str) -> Evidence:
        """Return the inputs and gaps that one collector told of."""
        return self._evidence[name]

    def read(self) -> Iterator[Record | Resource]:
        """Yield the journal's records as they come, then what the other collectors found, in a fixed order."""
        for _, found in self.parts():
            yield from found

    def parts(self) -> Iterator[tuple[str, list[Record | Resource]]]:
        """Yield the same by collector."""
        deadline = Deadline.after(self.device.timeout)
        parts: queue.Queue[_Part] = queue.Queue(_AHEAD)
        evidence = self._evidence
        held: dict[str, list[Record | Resource]] = {name: [] for name in self.collectors}
        for name in self.collectors:
            threading.Thread(target=self._run, args=(name, deadline, evidence[name], parts), name=f"msnet-{name}", daemon=True).start()
        began = time.monotonic()
        try:
            while len(self.collected) < len(self.collectors):
                try:
                    part = parts.get(timeout=_LOOK)
                except queue.Empty:
                    part = None
                    if time.monotonic() > deadline.end + _GRACE:
                        break
                if part is not None and part.name == STREAMED:
                    yield part.name, part.items
                elif part is not None:
                    held[part.name] += part.items
                if part is not None and part.ended is not None:
                    self.collected[part.name] = part.ended
                if self.progress is not None:
                    self.progress(self.collected, time.monotonic() - began)
        finally:
            deadline.stop()
        for name in self.collectors:
            if name not in self.collected:
                self.collected[name] = Collected(name, "late", _found(evidence[name], len(held[name])), self.device.timeout)
                evidence[name].gaps.append(
                    Gap(name, "", f"sudo msnet diagnose --timeout {int(self.device.timeout * 4)}", "late", values=(("seconds", f"{self.device.timeout:g}"),))
                )
            yield name, held[name]
            self.inputs += list(evidence[name].inputs)
            self.gaps += list(evidence[name].gaps)
        self.collected = {name: self.collected[name] for name in self.collectors}
        if "api" in self.collectors:
            yield BESIDE, self._beside([r for found in held.values() for r in found])
            self.inputs += self._evidence[BESIDE].inputs
            self.gaps += self._evidence[BESIDE].gaps
        if self.progress is not None:
            self.progress(self.collected, time.monotonic() - began)

    def _beside(self, found: list[Record | Resource]) -> list[Record | Resource]:
        """Return what follows from what was found: the leases of NADs; where the API server did not tell of objects, what the disk and sandboxes tell of them."""
        evidence = self._evidence[BESIDE]
        shown = {p for i in self.inputs for p in i.programs}
        more: list[Record | Resource] = []
        try:
            if f"kind:{_NAD}" not in shown:
                more += manifests.collect(self.device, [r for r in found if isinstance(r, Resource) and r.kind == CONFIG], evidence)
            if "kind:Pod" not in shown:
                more += runtime.pods(found)
            more += list(node.leases(self.device, [r for r in (*found, *more) if isinstance(r, Resource) and r.kind == _NAD], evidence))
        except Exception as e:
            if os.environ.get("MSNET_DEBUG"):
                raise
            evidence.gaps.append(_broken(BESIDE, e))
        return more

    def _run(self, name: str, deadline: Deadline, evidence: Evidence, parts: queue.Queue[_Part]) -> None:
        """Run one collector to its end; whatever breaks in it is a gap, and the others go on."""
        began = time.monotonic()
        batch: list[Record | Resource] = []
        count = 0
        state = "ok"
        try:
            for item in self.collectors[name](self.device, deadline, evidence):
                batch.append(item)
                count += isinstance(item, Record) or item.kind != LISTED
                if len(batch) >= _BATCH:
                    parts.put(_Part(name, batch))
                    batch = []
                if deadline.stopped.is_set():
                    return
        except Exception as e:
            if os.environ.get("MSNET_DEBUG"):
                raise
            state = "failed"
            evidence.gaps.append(_broken(name, e))
        if any(g.hides for g in evidence.gaps):
            state = "partial" if count or any(i.lines for i in evidence.inputs) else "failed"
        parts.put(_Part(name, batch, Collected(name, state, _found(evidence, count), time.monotonic() - began)))


def _broken(name: str, error: Exception) -> Gap:
    """Return that a collector ended before its end."""
    return Gap(name, f"not readable to its end: {type(error).__name__}: {error}", "what could be read before that was used")


def _found(evidence: Evidence, items: int) -> int:
    """Return how much a collector read: journal entries and lines, else objects and facts."""
    return max(items, sum(i.lines for i in evidence.inputs if i.kind == "journal"))
