"""What all evidence of a run tells of the node as a whole: boots, clocks, how far it reaches."""

from __future__ import annotations

from diagnose.engine import Engine
from diagnose.model import BootSeen
from diagnose.times import Clocks

_SAME_BOOT = 120_000_000
"""Microseconds within which two signs of a boot are one boot."""


class Story:
    """The engine's records, read with the clocks of all boots known."""

    def __init__(self, engine: Engine, boots: dict[str, BootSeen]) -> None:
        """Take what `engine` kept after its last record, and the boots that the inputs showed."""
        self.engine = engine
        self.clocks = Clocks(boots)
        self.end = engine.window[1]
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
        self.heard = {program: self.clocks.correct(setting, time) for program, (time, setting) in engine.heard.items()}
        """The newest record of each program."""


def _boots(story: Story, boots: dict[str, BootSeen]) -> list[int]:
    marks = [time for time, mark in story.marks if mark.who == "node"]
    known = [start for boot in boots if (start := story.clocks.start(boot)) is not None]
    found: list[int] = []
    for time in sorted([*marks, *known]):
        if not found or time - found[-1] > _SAME_BOOT:
            found.append(time)
    return found
