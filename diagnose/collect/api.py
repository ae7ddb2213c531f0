"""The API server: events, pods, NADs, nodes, and the state and logs of MicroShift's own network pods, as if they stood in files.

What each question may cost in rights stands in deploy/rbac.yaml. Sources: microshift assets/components/multus and ovn (names of namespaces, config maps
and containers), docs/user/debugging_tips.md (kube-public/microshift-version), kubelet pkg/kubelet/kubelet_pods.go (which logs there are).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

from diagnose.collect import document
from diagnose.collect.api_client import Client
from diagnose.collect.api_error import SOURCE, ApiError
from diagnose.collect.device import Deadline, Device
from diagnose.collect.evidence import Evidence, event_record
from diagnose.model import LISTED, Gap, InputSeen, Record, Resource, Where
from diagnose.parse.tree import items, mapping
from diagnose.parse.when import micros
from diagnose.record import dataclass, field

PODS, NAMESPACES, NODES = "/api/v1/pods", "/api/v1/namespaces", "/api/v1/nodes"
EVENTS, NEW_EVENTS = "/api/v1/events", "/apis/events.k8s.io/v1/events"
"""Two views of one store (apiserver pkg/registry/events): the second is asked where the first is not answered."""
NADS = "/apis/k8s.cni.cncf.io/v1/network-attachment-definitions"
CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/network-attachment-definitions.k8s.cni.cncf.io"
OWN = ("openshift-multus", "openshift-ovn-kubernetes")
CONFIG_MAPS = ("/api/v1/namespaces/openshift-multus/configmaps/cni-copy-resources", "/api/v1/namespaces/kube-public/configmaps/microshift-version")
LINES, BYTES = 1000, 1024 * 1024
"""The end of a container's log that is read."""

Found = Iterator[Record | Resource]


def daemonsets(namespace: str) -> str:
    """Return where the DaemonSets of a namespace are listed."""
    return f"/apis/apps/v1/namespaces/{namespace}/daemonsets"


def collect(device: Device, deadline: Deadline, out: Evidence) -> Iterator[Record | Resource]:
    """Yield what the API server tells, the most telling first; what it does not tell becomes a gap with its cure, and the rest is still asked."""
    try:
        client = Client.connect(device, deadline)
    except ApiError as e:
        out.gaps.append(e.gap)
        return
    try:
        yield from _Reading(client, deadline, out).everything()
    finally:
        client.close()
        out.gaps[:] = _together(out.gaps)


def _together(gaps: list[Gap]) -> list[Gap]:
    """Return the gaps with all that was forbidden in one: whoever may read nothing is told once."""
    forbidden = [g for g in gaps if g.kind == "api-forbidden"]
    if len(forbidden) < 2:
        return gaps
    values = [dict(g.values) for g in forbidden]
    told = {**values[0], "path": ", ".join(v["path"] for v in values)}
    one = forbidden[0]._replace(source=SOURCE, hides=any(g.hides for g in forbidden), values=tuple(told.items()))
    return [*(g for g in gaps if g.kind != "api-forbidden"), one]


@dataclass(slots=True)
class _Reading:
    client: Client
    deadline: Deadline
    out: Evidence
    own: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """MicroShift's own network pods."""

    def everything(self) -> Found:
        steps: list[tuple[str, Callable[[str], Found]]] = [(PODS, self._pods), (NADS, self._nads), (EVENTS, self._events)]
        steps += [(daemonsets(n), partial(self._list, kind="DaemonSet")) for n in OWN]
        steps += [(NODES, partial(self._list, kind="Node")), *((path, self._config_map) for path in CONFIG_MAPS)]
        steps += [("logs", self._logs), (NAMESPACES, partial(self._list, kind="Namespace"))]
        while steps:
            path, step = steps.pop(0)
            try:
                if not self.deadline.over:
                    yield from step(path)
                    continue
                error = None
            except ApiError as e:
                error = e
                self.out.gaps.append(e.gap._replace(hides=e.gap.hides and (e.final or path not in (NODES, NAMESPACES))))
            if error is None or error.final:
                # Whoever gave no answer at all is not asked for the rest; what was read before then must not look like everything.
                rest = ([path] if error is None else []) + [p for p, _ in steps]
                if self.out.inputs and rest:
                    self.out.gaps.append(ApiError("api-cut", paths=", ".join(rest)).gap)
                return

    # --- objects ------------------------------------------------------------------------------------------------------

    def _list(self, path: str, kind: str) -> Found:
        """Yield the objects of a list, then that it was answered: to an empty list, too, it was looked at."""
        seen = InputSeen(f"{SOURCE}:{path}", "objects")
        where, before = Where(seen.source), self.client.received
        try:
            for body in self.client.objects(path):
                if not seen.lines:
                    self.out.inputs.append(seen)
                seen.lines += 1
                seen.programs.add(f"kind:{kind}")
                yield from _item(body, where, seen)
        except ApiError:
            seen.whole = False
            raise
        finally:
            seen.size = self.client.received - before
        if not seen.lines:
            self.out.inputs.append(seen)
            seen.programs.add(f"kind:{kind}")
        yield _listed(kind, path, served=True)

    def _pods(self, path: str) -> Found:
        for item in self._list(path, "Pod"):
            if isinstance(item, Resource) and item.kind == "Pod" and item.namespace in OWN:
                self.own.append(item.body)
            yield item

    def _events(self, path: str) -> Found:
        told = False
        try:
            for item in self._list(path, "Event"):
                told = True
                yield item
        except ApiError as e:
            if told or e.final:
                raise
            try:
                yield from self._list(NEW_EVENTS, "Event")
            except ApiError:
                raise e from None

    def _nads(self, path: str) -> Found:
        """Yield the NADs. Where the server does not know them, their CRD is not installed: that is a fact, and no gap."""
        try:
            yield from self._list(path, "NetworkAttachmentDefinition")
        except ApiError as e:
            if e.status != 404:
                raise
            try:
                self.client.get(CRD)
            except ApiError as other:
                if other.final:
                    raise
                if other.status not in (403, 404):
                    raise e from None
                seen = InputSeen(f"{SOURCE}:{path}", "objects", programs={"kind:NetworkAttachmentDefinition"})
                self.out.inputs.append(seen)
                yield _listed("NetworkAttachmentDefinition", path, served=False)
            else:
                raise

    def _config_map(self, path: str) -> Found:
        """Yield a config map. That it is not there is no gap: not every node has one."""
        before = self.client.received
        try:
            body = self.client.get(path)
        except ApiError as e:
            if e.status != 404:
                e.gap = e.gap._replace(hides=False)
                raise
            return
        seen = InputSeen(f"{SOURCE}:{path}", "objects", 1, self.client.received - before, programs={"kind:ConfigMap"})
        self.out.inputs.append(seen)
        yield from document.resource({"kind": "ConfigMap", **body}, Where(seen.source))

    # --- logs ---------------------------------------------------------------------------------------------------------

    def _logs(self, _: str) -> Found:
        """Yield the records of MicroShift's own network pods: the thin entrypoint of Multus says its errors there only, and ends with exit code 0."""
        for pod in self.own:
            meta = mapping(pod.get("metadata"))
            path = f"/api/v1/namespaces/{meta.get('namespace')}/pods/{meta.get('name')}/log"
            for container, previous in _readable(mapping(pod.get("status"))):
                query: dict[str, str | int] = {"container": container, "tailLines": LINES, "limitBytes": BYTES, "timestamps": "true"}
                try:
                    raw = self.client.text(path, {**query, **({"previous": "true"} if previous else {})})
                except ApiError as e:
                    if e.final or e.status == 403:
                        raise
                    if e.status not in (400, 404):  # else its log, or the pod, is gone by now
                        self.out.gaps.append(e.gap)
                    continue
                yield from self.out.content(f"{SOURCE}:{path}?container={container}{'&previous=true' if previous else ''}", raw)


def _readable(status: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Yield the containers that have a log, and for True the one before the restart: of init containers only those that did not end well."""
    for kind in ("initContainerStatuses", "containerStatuses"):
        for one in map(mapping, items(status.get(kind))):
            state, last = mapping(one.get("state")), mapping(mapping(one.get("lastState")).get("terminated"))
            name, ended = str(one.get("name") or ""), mapping(state.get("terminated"))
            if kind == "initContainerStatuses" and ended and not ended.get("exitCode") and not last:
                continue
            if last.get("containerID"):
                yield name, True
            if "running" in state or ended.get("containerID"):
                yield name, False


def _item(body: dict[str, Any], where: Where, seen: InputSeen) -> Found:
    if body.get("kind") != "Event":
        yield from document.resource(body, where)
        return
    record = event_record(body, where)
    if record is not None:
        seen.hear(record.program, record.time, "", None)
        yield record


def _listed(kind: str, path: str, *, served: bool) -> Resource:
    namespace = path.partition("/namespaces/")[2].partition("/")[0]
    return Resource(LISTED, namespace, kind, {"served": served, "time": micros(datetime.now(UTC))}, Where(f"{SOURCE}:{path}"))
