"""What all evidence of a run tells of the node as a whole: boots, clocks, how far it reaches."""

from __future__ import annotations

from diagnose.engine import Engine
from diagnose.model import BootSeen, InputSeen
from diagnose.times import Clocks

_SAME_BOOT = 120_000_000
"""Microseconds within which two signs of a boot are one boot."""


class Story:
    """The engine's records, read with the clocks of all boots known."""

    def __init__(self, engine: Engine, inputs: list[InputSeen]) -> None:
        """Take what `engine` kept after its last record, and what the inputs showed of boots and programs."""
        self.engine = engine
        boots: dict[str, BootSeen] = {}
        for seen in inputs:
            for boot, times in seen.boots.items():
                boots.setdefault(boot, BootSeen()).join(times)
        self.clocks = Clocks(boots)
        self.heard: dict[str, int] = {}
        """The newest record of each program."""
        for seen in inputs:
            for (program, boot, second), time in seen.heard.items():
                self.heard[program] = max(self.heard.get(program, 0), self.clocks.correct((boot, second), time))
        self.end = max(self.heard.values(), default=None)
        """Microseconds since the epoch of the newest evidence, or None."""
        turns = sorted((self.clocks.correct(setting, time), mark, record) for (time, setting, _), (mark, record) in engine.marks.items())
        self.marks = [(time, mark) for time, mark, _ in turns]
        """Turns of the node's story, in order."""
        self.configs = [(time, mark.detail, record) for time, mark, record in turns if mark.kind == "cni-config"]
        """What happened to the files of CRI-O's CNI directory, in order."""
        self.starts = [time for time, mark in self.marks if mark.kind == "start"]
        """When the node, MicroShift, CRI-O, the kubelet or Multus started."""
        self.boots = _boots(self, boots)
        """When the node started, as far as the evidence tells."""


def _boots(story: Story, boots: dict[str, BootSeen]) -> list[int]:
    marks = [time for time, mark in story.marks if mark.who == "node"]
    known = [start for boot in boots if (start := story.clocks.start(boot)) is not None]
    found: list[int] = []
    for time in sorted([*marks, *known]):
        if not found or time - found[-1] > _SAME_BOOT:
            found.append(time)
    return found
