"""What no log line tells, from objects and the host's state: attachments without errors, addresses used up, the host's side of networks."""

from __future__ import annotations

from diagnose import attached, leases, reach
from diagnose.components import Components
from diagnose.engine import VAGUE, Engine
from diagnose.host import Host
from diagnose.model import Check, Finding, Hint, PodNetworks, PoolSeen, Record, Resource, Where
from diagnose.parse.when import iso
from diagnose.record import dataclass, field

_CONFIG = ("nad-", "annotation-invalid")
"""Rules of objects that tell why an attachment is not there."""
_OTHER = frozenset({*VAGUE, "not-network", leases.EXHAUSTED})
_MOST = 200
"""Pods that are concluded."""


@dataclass(slots=True)
class Silent:
    """What the host's state and the objects show together; `hold` each resource, then `conclude`, then `complete`."""

    host: Host = field(default_factory=Host)
    components: Components = field(default_factory=Components)
    attachments: list[PodNetworks] = field(default_factory=list[PodNetworks])
    pools: list[PoolSeen] = field(default_factory=list[PoolSeen])
    checks: list[Check] = field(default_factory=list[Check])

    def hold(self, resource: Resource) -> None:
        """Take an object or a part of the host."""
        self.host.hold(resource)
        self.components.hold(resource)

    def conclude(self, engine: Engine) -> None:
        """Compare everything, and give `engine` the failures that show; call it once, after the last record."""
        self.components.conclude(engine)
        told = [(g, pod) for g in engine.groups.values() for pod in g.pods]
        config = frozenset(pod for g, pod in told if "object" in g.programs and g.rule.id.startswith(_CONFIG))
        self.attachments, verdicts = attached.judge(self.host, config)
        for v in verdicts[:_MOST]:
            engine.conclude(v.rule, Record(None, "object", v.text, v.where, v.text, pod=v.key), v.captures, runs=True)
        self.pools = leases.pools(self.host)
        explained = {pod for g, pod in told if g.rule.id not in _OTHER}
        for one in leases.waiting(self.host, self.pools):
            if one.pod in explained:
                continue
            pool = one.pool
            shown = ", ".join(f"{x.address} {x.sandbox[:13]} {x.interface}".rstrip() for x in pool.leases[:4])
            text = f"{pool.store}: {len(pool.leases)} of {pool.size} addresses reserved: {shown}"
            names = {"network": one.net.network, "nad": one.net.name, "nad_namespace": one.net.namespace, "range": ", ".join(pool.ranges)}
            engine.conclude(leases.EXHAUSTED, Record(None, "object", text, Where(pool.store), text, pod=one.pod), names)
        self.checks = reach.checks(self.host, self.attachments)

    def complete(self, found: list[Finding]) -> list[Finding]:
        """Return `found` with what the host's side of the networks adds, before what is resolved or for information only."""
        more = list(reach.findings(self.checks, self.attachments, found))
        at = next((n for n, f in enumerate(found) if f.severity == "info" or f.state == "resolved"), len(found))
        return [*found[:at], *more, *found[at:]]

    def hints(self, finding: Finding) -> list[Hint]:
        """Return what the tables tell of a finding."""
        found = list(leases.hints(finding.rule, finding.captures.get("network") or finding.captures.get("nad", ""), self.pools))
        found += reach.hints(finding, self.checks)
        for key in {f"{a.namespace}/{a.name}" for a in finding.affected if a.kind == "Pod"} if finding.rule in (attached.CHANGED, attached.MISSING) else ():
            table = next((t for t in self.attachments if f"{t.namespace}/{t.name}" == key and t.rule == finding.rule), None)
            if table is not None:
                found += self._of_pod(table)
        return found

    def _of_pod(self, table: PodNetworks) -> list[Hint]:
        pod = self.host.pods.get(f"{table.namespace}/{table.name}")
        found = [Hint("multus-not-called", {})] if table.multus == "not-called" else []
        if table.changed is not None and pod is not None and pod.started is not None and pod.changed is not None:
            found.append(Hint("annotated-later", {"time": iso(table.changed), "who": pod.changed[1] or "?", "started": iso(pod.started)}))
        return [*found, Hint("recreate", {"pod": f"{table.namespace}/{table.name}"})]
