"""Layout of a pod's networks: a row a network, from the host's interface to the pod's, in the units of one SVG drawing.

What the evidence does not show is drawn as unknown, never as sound.
"""

from __future__ import annotations

from dataclasses import dataclass

from diagnose.catalog import Catalog
from diagnose.lang import Labels
from diagnose.model import Finding, PathSeen, PoolSeen, Report
from diagnose.render.html_words import HtmlWords
from diagnose.render.strip import shortened

WIDTH = 960
_BOX, _GAP = 192, 64
_LEFT = 1
_HEIGHT, _IPAM, _BETWEEN, _ROW = 66, 52, 6, 16
_NAME, _NOTE = 24, 32
"""Columns of a box's name, and of the lines beneath it."""
_PLACES = {
    "annotation-not-applied": "interface", "attachment-missing": "interface",
    "master-interface-not-found": "uplink", "master-interface-busy": "uplink", "host-device-unavailable": "uplink",
    "interface-name-conflict": "interface", "ipv6-disabled": "interface", "cni-check-failed": "interface", "cni-del-failed": "interface",
    "address-conflict": "interface", "route-conflict": "interface", "no-connectivity": "device", "firewall-blocked": "device",
}  # fmt: skip
"""Which part of the way a rule breaks, where its area does not tell."""
_AREAS = {"annotation": "wish", "nad": "nad", "ipam": "ipam", "plugin": "device"}
"""The same by area; of every other area it is the pod as a whole."""
_EDGES = {"uplink": 0, "device": 1}
"""The edge that goes with a broken part; with every other it is the last, to the pod."""


@dataclass(frozen=True, slots=True)
class Box:
    """One part of the way: what it is, its name, what is said of it."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    name: str
    whole: str
    """The name, not shortened, and all that is said."""
    notes: tuple[str, ...]
    state: str
    """ok, broken or unknown."""
    fill: float | None = None
    """Width of the taken part of the addresses."""


@dataclass(frozen=True, slots=True)
class Edge:
    """The line between two boxes."""

    x1: float
    x2: float
    y: float
    state: str


@dataclass(frozen=True, slots=True)
class Picture:
    """The networks of one pod."""

    pod: str
    height: float
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    problems: tuple[int, ...]
    """The findings that hit the pod, by their place in the report."""
    description: str


def pictures(report: Report, catalog: Catalog, w: Labels, hw: HtmlWords, most: int) -> tuple[list[Picture], int]:
    """Return the pictures of the first `most` pods that something is wrong with, and how many pods are left."""
    by_pod: dict[str, list[PathSeen]] = {}
    hits: dict[str, list[int]] = {}
    for number, f in enumerate(report.findings):
        for a in f.affected if f.severity != "info" else ():
            if a.kind == "Pod":
                pod = f"{a.namespace or ''}/{a.name}"
                hits.setdefault(pod, []).append(number)
                by_pod.setdefault(pod, [])
    for path in report.paths:
        by_pod.setdefault(path.pod, []).append(path)
    drawn = [_Drawing(pod, by_pod[pod], hits.get(pod, []), report, catalog, w, hw).picture() for pod in list(by_pod)[:most]]
    return drawn, len(by_pod) - len(drawn)


class _Drawing:
    """The boxes and edges of one pod."""

    def __init__(self, pod: str, paths: list[PathSeen], hits: list[int], report: Report, catalog: Catalog, w: Labels, hw: HtmlWords) -> None:
        self.pod, self.paths, self.hits, self.report, self.catalog, self.w, self.hw = pod, paths, hits, report, catalog, w, hw
        self.table = next((t for t in report.attachments if f"{t.namespace}/{t.name}" == pod), None)
        self.boxes: list[Box] = []
        self.edges: list[Edge] = []
        self.told: list[str] = []

    def picture(self) -> Picture:
        y = 1.0
        for path in self.paths or [PathSeen(self.pod, "", "", "", "unknown", "", "", "unknown", None, "", ())]:
            y = self._row(path, y) + _ROW
        said = "; ".join(self.told)
        return Picture(self.pod, y - _ROW + 2, tuple(self.boxes), tuple(self.edges), tuple(self.hits), said)

    def _breaks(self, path: PathSeen) -> tuple[str, str]:
        """Return the part of this way that the first finding on it breaks, and what to say of it; ("", "") if none does."""
        found = [self.report.findings[n] for n in self.hits if self.report.findings[n].state != "resolved"]
        mine = next((f for f in found if self._place(f) == "pod" or not self._network(f) or self._network(f) in _names(path)), None)
        if mine is None:
            return "", ""
        state = f" ({self.w.state[mine.state]})" if mine.state != "active" else ""
        return self._place(mine), self.hw.broken.format(rule=mine.rule) + state

    def _place(self, finding: Finding) -> str:
        return _PLACES.get(finding.rule) or _AREAS.get(self.catalog.by_id[finding.rule].area, "pod")

    def _network(self, finding: Finding) -> str:
        return finding.captures.get("nad") or finding.captures.get("network", "")

    def _row(self, path: PathSeen, y: float) -> float:
        place, words = self._breaks(path)
        pool = next((p for p in self.report.pools if path.network in p.nads), None)
        row = next((r for r in self.table.rows if r.network == path.network), None) if self.table is not None else None
        there = (row.have or row.recorded) if row is not None else None
        parts = [
            ("uplink", *_uplink(path, self.hw)),
            ("device", *_device(path, self.hw)),
            ("nad", path.network, *_nad(path, self.hw)),
            ("interface", (there.interface if there is not None else "") or path.interface or "?", *self._interface(path, row is not None)),
        ]
        states: list[str] = []
        for column, (kind, name, notes, sure) in enumerate(parts):
            broken = place == kind or (kind == "interface" and place in ("wish", "pod"))
            states.append("broken" if broken else "ok" if sure else "unknown")
            label = self.hw.station[kind] if kind != "device" or not path.plugin else path.plugin
            self._box(_LEFT + column * (_BOX + _GAP), y, _HEIGHT, label, name, [*([words] if broken else []), *notes], states[-1])
        bottom = y + _HEIGHT
        if path.ipam or path.ranges or place == "ipam":
            self._addresses(path, pool, y + _HEIGHT + _BETWEEN, words if place == "ipam" else "")
            bottom += _BETWEEN + _IPAM
        cut = _EDGES.get(place, 2) if place else None
        for n in range(3):
            x = _LEFT + n * (_BOX + _GAP) + _BOX
            state = "broken" if n == cut else "ok" if {states[n], states[n + 1]} == {"ok"} else "unknown"
            self.edges.append(Edge(x, x + _GAP, y + _HEIGHT / 2, state))
        return bottom

    def _interface(self, path: PathSeen, compared: bool) -> tuple[list[str], bool]:
        """Return what is said of the pod's interface, and whether the evidence shows it."""
        row = next((r for r in self.table.rows if r.network == path.network), None) if self.table is not None and compared else None
        if row is None or (row.have is None and row.recorded is None):
            known = row is not None and row.state in ("not-recorded", "missing")
            return [self.w.attachment[row.state] if row is not None and known else self.hw.state["unattached" if self._failing() else "unknown"]], False
        seen = row.have or row.recorded
        said = [", ".join(seen.ips)] if seen is not None and seen.ips else []
        if row.state != "ok":
            return [self.w.attachment[row.state], *said], False
        return [*said, *([] if row.have is not None else [self.hw.state["recorded"]])], True

    def _failing(self) -> bool:
        return any(self.report.findings[n].state in ("active", "flapping") for n in self.hits)

    def _box(self, x: float, y: float, height: float, kind: str, name: str, notes: list[str], state: str, fill: float | None = None) -> None:
        whole = "\n".join([f"{kind}: {name}", *notes])
        self.told.append(", ".join([f"{kind} {name}", *notes]))
        self.boxes.append(Box(x, y, _BOX, height, kind, shortened(name, _NAME), whole, tuple(shortened(n, _NOTE) for n in notes[:2]), state, fill))

    def _addresses(self, path: PathSeen, pool: PoolSeen | None, y: float, broken: str) -> None:
        known = pool is not None and pool.size is not None and pool.free is not None and pool.size > 0
        fill, level = None, self.hw.state["unknown"] if path.ipam in ("host-local", "") else ""
        if known and pool is not None and pool.size is not None and pool.free is not None:
            used = pool.size - pool.free
            fill = round((_BOX - 16) * used / pool.size, 1)
            level = self.hw.addresses.format(used=used, size=pool.size)
        elif path.ipam == "host-local":
            level = self.hw.addresses_unknown
        x = _LEFT + 2 * (_BOX + _GAP)
        name = ", ".join(path.ranges) or "?"
        kind = f"{self.hw.station['ipam']} ({path.ipam or '?'})"
        self._box(x, y, _IPAM, kind, name, [*([broken] if broken else []), *([level] if level else [])][:2], "broken" if broken else "ok" if known else "unknown", fill)


def _names(path: PathSeen) -> tuple[str, str, str]:
    return path.network, path.network.rpartition("/")[2], path.cni


def _uplink(path: PathSeen, hw: HtmlWords) -> tuple[str, list[str], bool]:
    """Return the host's interface, what is said of it, and whether the evidence shows it."""
    if path.plugin == "bridge":
        if path.ports is None:
            return "?", [hw.state["unknown"]], False
        return ", ".join(path.ports) or "-", [] if path.ports else [hw.state["none"]], True
    return path.device or "?", _link_notes(path, hw), path.link == "up"


def _link_notes(path: PathSeen, hw: HtmlWords) -> list[str]:
    return [hw.state[path.link]]


def _device(path: PathSeen, hw: HtmlWords) -> tuple[str, list[str], bool]:
    """Return the bridge, or the plugin that sits on the host's interface, what is said of it, and whether the evidence shows it."""
    if path.plugin == "bridge":
        return path.device or "?", _link_notes(path, hw), path.link == "up"
    return path.plugin or "?", [] if path.plugin else [hw.state["unknown"]], bool(path.plugin) and path.nad == "there"


def _nad(path: PathSeen, hw: HtmlWords) -> tuple[list[str], bool]:
    if not path.network:
        return [hw.no_network], False
    if path.nad != "there":
        return [hw.state[path.nad]], False
    return ([], True) if path.plugin else ([hw.state["unreadable"]], False)

