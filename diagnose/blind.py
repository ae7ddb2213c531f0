"""Blind spots: what the evidence does not show, whether a failure could stand there, and the command that would show it.

Sources: kube-apiserver's event-ttl of 3 h in MicroShift (assets/controllers/kube-apiserver/defaultconfig.yaml), sos
plugin microshift (namespaces `^openshift-.+` and `^kube-.+` only, no NADs), journald.conf(5) (Storage=, RateLimitBurst=).
"""

from __future__ import annotations

from collections.abc import Iterator

from diagnose.model import Finding, Gap, InputSeen
from diagnose.parse.when import iso
from diagnose.story import Story

EXPORT = "sudo journalctl -u microshift -u crio -o export > journal.export"
EVENTS = "oc get events -A -o yaml > events.yaml"
NADS = "oc get network-attachment-definitions -A -o yaml > nads.yaml"
ALL = "oc get pods,events,network-attachment-definitions -A -o yaml > objects.yaml"
PODS = "oc get pods -A -o yaml > pods.yaml"
_KUBELET = frozenset({"kubelet", "microshift"})
_EVENTS = frozenset({"event", "kind:Event"})
_LOGS = frozenset({"crio", "containerd", "systemd", "kernel", "multus", "ovn"})
_LATE = 10 * 60_000_000
"""Microseconds after the start of a boot from which a journal counts as cut."""


def blind_spots(
    story: Story, inputs: list[InputSeen], findings: list[Finding], gaps: list[Gap], *,
    live: bool = False, since: bool = False, sandboxes: frozenset[str] = frozenset(),
) -> list[Gap]:  # fmt: skip
    """Return what all inputs together leave unseen; inputs that could not be read are told where they were opened, and stand among `gaps`.

    `live`: it is the running device; `since`: what is older was left out; `sandboxes`: the namespaces of the container runtime's.
    """
    programs = {p for i in inputs for p in i.programs}
    if not programs:
        return []  # nothing was read, which the report says
    if live:
        return list(_running(story, programs, {g.kind for g in gaps} | ({"since"} if since else set())))
    sources = list(_sources(programs, inputs))
    if any(g.kind == "pasted" for g in sources):
        return sources  # which says it all
    sos = any("sos_commands/" in i.source for i in inputs)
    return [*sources, *_journal(story, programs), *_objects(story, programs, findings, sandboxes, sos=sos)]


def _running(story: Story, programs: set[str], told: set[str]) -> Iterator[Gap]:
    """Yield what the running device did not show, though its collectors could read it."""
    if not told & {"journal-denied", "journal-none", "journal-boot"} and not programs & _KUBELET:
        yield Gap("", "", "systemctl status microshift; sudo msnet diagnose --boot all", "no-kubelet-here", hides=not programs & _EVENTS)
    short = told & {"journal-cut", "late", "since"}
    for gap in _journal(story, programs):
        if gap.kind == "journal-late" and not short:
            yield gap._replace(hint="journalctl --disk-usage; SystemMaxUse= in /etc/systemd/journald.conf")
        elif gap.kind in ("volatile", "lost"):
            yield gap


def _sources(programs: set[str], inputs: list[InputSeen]) -> Iterator[Gap]:
    logs = bool(programs & (_KUBELET | _LOGS)) or programs == {"other"}
    if any(i.obfuscated for i in inputs):
        yield Gap("", "", "", "obfuscated", hides=False)
    if not logs and not any(p.startswith("kind:") for p in programs) and "event" not in programs:
        yield Gap("", "", f"{EXPORT}; {EVENTS}", "pasted")
    elif logs and not programs & (_KUBELET | _EVENTS):
        yield Gap("", "", f"sudo journalctl -u microshift -o export > microshift.export; {EVENTS}", "no-kubelet")
    elif not programs & _KUBELET and programs & _EVENTS:
        yield Gap("", "", EXPORT, "events-only")
    elif not logs and not programs & _EVENTS:
        yield Gap("", "", f"{EXPORT}; {EVENTS}", "objects-only")


def _journal(story: Story, programs: set[str]) -> Iterator[Gap]:
    journald = story.engine.journald
    if "volatile" in journald and "persistent" not in journald:
        yield Gap("", "", "sudo mkdir -p /var/log/journal && sudo journalctl --flush", "volatile", hides=False)
    for lost in sorted(journald.get("lost", ())):
        count, _, unit = lost.partition(" messages from ")
        yield Gap("", "", "sudo journalctl -b -u systemd-journald | grep Suppressed", "lost", values=(("n", count), ("unit", unit)))
    if not programs & _KUBELET:
        return
    for boot, seen in sorted(story.clocks.boots.items(), key=lambda x: x[1].first or 0):
        start = story.clocks.start(boot)
        if start is not None and seen.first is not None and seen.first - start > _LATE:
            yield Gap(
                "",
                "",
                f"sudo journalctl -b {boot} -u microshift -u crio -o export > boot.export",
                "journal-late",
                values=(("boot", iso(start)), ("first", iso(seen.first))),
            )
    if len(story.boots) == 1 and story.engine.window[0] is not None and abs(story.engine.window[0] - story.boots[0]) < _LATE:
        yield Gap("", "", "sudo journalctl --list-boots; sudo journalctl -b -1 -u microshift -u crio -o export > last-boot.export", "one-boot", hides=False, values=(("boot", iso(story.boots[0])),))  # fmt: skip


def _objects(story: Story, programs: set[str], findings: list[Finding], sandboxes: frozenset[str], *, sos: bool) -> Iterator[Gap]:
    inventory = story.engine.inventory
    networks = any("nad" in f.captures or "network" in f.captures for f in findings)
    if not inventory.nads() and (networks or inventory.asks()):
        yield Gap("", "", NADS, "no-nads", hides=inventory.asks())
    seen = {p.partition("/")[0] for p in inventory.pods}
    failing = (f for f in findings if f.severity != "info")
    missing = sorted(({a.namespace for f in failing for a in f.affected if a.kind == "Pod" and a.namespace} | sandboxes) - seen)
    # What microshift-sos-report runs, with the namespaces that the plugin leaves out.
    again = f"sudo sos report --batch --all-logs -p network,security,microshift -k microshift.add-namespaces={':'.join(missing)}"
    if not inventory.pods:
        if programs & (_KUBELET | _EVENTS | _LOGS):
            yield Gap("", "", again if sos and missing else PODS, "no-pods")
    elif missing:
        yield Gap("", "", again if sos else ALL, "namespaces", values=(("namespaces", ", ".join(missing)),))
