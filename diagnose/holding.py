"""What objects and parts of the host show in one run, beside the logs: their checks, the host's side of networks, and the node's own state."""

from __future__ import annotations

from collections.abc import Mapping

from diagnose.engine import Engine
from diagnose.health import Health
from diagnose.model import Finding, Hint, Resource
from diagnose.rule import Rule
from diagnose.silent import Silent
from diagnose.static import Static
from diagnose.story import Story


class Held:
    """Everything that is made of resources; `hold` each, then `conclude` once, after the last record."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self.static = Static()
        self.silent = Silent()
        self.health = Health(self.silent.host)

    def hold(self, resource: Resource) -> None:
        """Take one; the engine is told by itself."""
        self.static.hold(resource)
        self.silent.hold(resource)
        self.health.hold(resource)

    def conclude(self, engine: Engine, story: Story, rules: Mapping[str, Rule], at: int | None) -> None:
        """Give `engine` what is wrong; `at` is when the node was as its state shows, microseconds since the epoch, None if nobody knows."""
        self.health.conclude(engine, story, at)
        self.static.conclude(engine, rules)
        self.silent.conclude(engine)

    def hints(self, finding: Finding) -> list[Hint]:
        """Return what was compared with a finding."""
        return self.static.hints(finding.rule, finding.captures) + self.silent.hints(finding) + self.health.hints(finding)
