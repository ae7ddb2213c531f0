"""Layout of a pod's networks, from the host's interface to the pod's, in the units of an SVG drawing: side by side, and beneath each other.

What the evidence does not show is drawn as unknown, never as sound.
"""

from __future__ import annotations

from diagnose.catalog import Catalog
from diagnose.lang import Labels
from diagnose.model import Attachment, Finding, PathSeen, PoolSeen, Report
from diagnose.record import dataclass
from diagnose.render.html_words import HtmlWords
from diagnose.render.strip import shortened

_WIDE, _TALL = 960, 340
"""Widths of the two drawings."""
_BOX, _GAP, _DROP, _INDENT = 190, 65, 26, 30
"""Width of a box; between two side by side, and beneath each other; what stands in from the left beneath the NAD."""
_HEAD, _LINE, _LEVEL = 40, 14, 12
"""Heights of a box's kind and name, of a line of what is said, of the fill level."""
_BETWEEN, _ROW = 6, 18
_NAME, _NOTE = 23, 29
"""Columns of a box's name, and of the lines beneath it."""
_PLACES = {
    "annotation-not-applied": "interface", "attachment-missing": "interface",
    "master-interface-not-found": "uplink", "master-interface-busy": "uplink", "host-device-unavailable": "uplink",
    "interface-name-conflict": "interface", "ipv6-disabled": "interface", "cni-check-failed": "interface", "cni-del-failed": "interface",
    "address-conflict": "interface", "route-conflict": "interface", "no-connectivity": "device", "firewall-blocked": "device",
}  # fmt: skip
"""Which part of the way a rule breaks, where its area does not tell."""
_AREAS = {"annotation": "wish", "nad": "nad", "ipam": "addresses", "plugin": "device"}
"""The same by area; of every other area it is the pod as a whole."""
_EDGES = {"uplink": 0, "device": 1}
"""The edge that goes with a broken part; with every other it is the last, to the pod."""
_NAD = 2
"""The NAD's place on the way."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the way: what it is, its name, what is said of it."""

    kind: str
    name: str
    notes: tuple[str, ...]
    state: str
    """ok, broken or unknown."""
    level: float | None = None
    """The share of the addresses that is taken."""


@dataclass(frozen=True, slots=True)
class Way:
    """One network of a pod: host interface, plugin, NAD, pod interface, and the addresses that the NAD gives."""

    parts: tuple[Part, ...]
    addresses: Part | None
    edges: tuple[str, ...]
    """The states of what lies between the parts."""


@dataclass(frozen=True, slots=True)
class Box:
    """A part in its place; its texts as far as they fit."""

    part: Part
    x: float
    y: float
    width: float
    height: float
    kind: str
    name: str
    notes: tuple[str, ...]

    @property
    def whole(self) -> str:
        """Everything that is said of it."""
        return "\n".join((f"{self.part.kind}: {self.part.name}", *self.part.notes))

    @property
    def taken(self) -> float:
        """Width of the taken part of the addresses."""
        return round((self.width - 16) * (self.part.level or 0), 1)


@dataclass(frozen=True, slots=True)
class Edge:
    """The line between two boxes."""

    x1: float
    y1: float
    x2: float
    y2: float
    state: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Boxes and edges, and the size that they take."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """The networks of one pod, or of several for which all is the same, drawn for a wide and for a narrow page."""

    pods: tuple[str, ...]
    problems: tuple[int, ...]
    """The findings that hit them, by their place in the report."""
    description: str
    wide: Drawing
    tall: Drawing


def pictures(report: Report, catalog: Catalog, w: Labels, hw: HtmlWords, most: int) -> tuple[list[Picture], int]:
    """Return the pictures of the pods that something is wrong with, at most `most` of them, and how many pods are left."""
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
    alike: dict[tuple[tuple[Way, ...], tuple[int, ...]], list[str]] = {}
    for pod, paths in by_pod.items():
        judge = _Judge(pod, hits.get(pod, []), report, catalog, w, hw)
        ways = tuple(judge.way(p) for p in paths or [PathSeen(pod, "", "", "", "unknown", "", "", "unknown", None, "", ())])
        alike.setdefault((ways, tuple(hits.get(pod, ()))), []).append(pod)
    drawn = [
        Picture(tuple(pods), problems, "; ".join(map(_said, ways)), _side_by_side(ways), _beneath(ways))
        for (ways, problems), pods in list(alike.items())[:most]
    ]
    return drawn, len(by_pod) - sum(len(p.pods) for p in drawn)


def _said(way: Way) -> str:
    parts = [*way.parts[: _NAD + 1], *([way.addresses] if way.addresses is not None else []), *way.parts[_NAD + 1 :]]
    return "; ".join(", ".join((f"{p.kind} {p.name}", *p.notes)) for p in parts)


# --- what is known ----------------------------------------------------------------------------------------------------


class _Judge:
    """What the report tells of the networks of one pod."""

    def __init__(self, pod: str, hits: list[int], report: Report, catalog: Catalog, w: Labels, hw: HtmlWords) -> None:
        self.report, self.catalog, self.w, self.hw = report, catalog, w, hw
        self.hits = [report.findings[n] for n in hits if report.findings[n].state != "resolved"]
        table = next((t for t in report.attachments if f"{t.namespace}/{t.name}" == pod), None)
        self.rows = {r.network: r for r in table.rows} if table is not None else {}

    def way(self, path: PathSeen) -> Way:
        """Return the parts of one way; the one that a finding breaks says so."""
        place, words = self._broken(path)
        known = [self._uplink(path), self._device(path), self._nad(path), self._interface(path)]
        at = {"uplink": 0, "device": 1, "nad": _NAD, "addresses": -1}.get(place, 3) if place else None
        parts = tuple(_marked(p, words) if n == at else p for n, p in enumerate(known))
        addresses = self._addresses(path, wanted=place == "addresses")
        if at == -1 and addresses is not None:
            addresses = _marked(addresses, words)
        cut = _EDGES.get(place, _NAD) if place else None
        edges = tuple("broken" if n == cut else "ok" if {known[n].state, known[n + 1].state} == {"ok"} else "unknown" for n in range(3))
        return Way(parts, addresses, edges)

    def _broken(self, path: PathSeen) -> tuple[str, tuple[str, ...]]:
        """Return the place that the first finding on this way breaks, and what to say of it; ("", ()) if none does."""
        names = {path.network, path.network.rpartition("/")[2], path.cni}
        for f in self.hits:
            place = self._place(f)
            told = f.captures.get("nad") or f.captures.get("network", "")
            if place == "pod" or not told or not path.network or told in names:
                return place, (self.hw.broken if f.state == "active" else f"{self.hw.broken} ({self.w.state[f.state]})", f.rule)
        return "", ()

    def _place(self, finding: Finding) -> str:
        return _PLACES.get(finding.rule) or _AREAS.get(self.catalog.by_id[finding.rule].area, "pod")

    def _uplink(self, path: PathSeen) -> Part:
        kind = self.hw.station["uplink"]
        if path.plugin != "bridge":
            return Part(kind, path.device or "?", (self.hw.state[path.link],), "ok" if path.link == "up" else "unknown")
        if path.ports is None:
            return Part(kind, "?", (self.hw.state["unknown"],), "unknown")
        return Part(kind, ", ".join(path.ports) or "-", () if path.ports else (self.hw.state["none"],), "ok")

    def _device(self, path: PathSeen) -> Part:
        kind = self.hw.station["device"]
        if path.plugin == "bridge":
            return Part(path.plugin, path.device or "?", (self.hw.state[path.link],), "ok" if path.link == "up" else "unknown")
        known = bool(path.plugin) and path.nad == "there"
        return Part(kind, path.plugin or "?", () if known else (self.hw.state["unknown"],), "ok" if known else "unknown")

    def _nad(self, path: PathSeen) -> Part:
        kind = self.hw.station["nad" if "/" in path.network or not path.network else "network"]
        if not path.network:
            return Part(kind, "?", (self.hw.no_network,), "unknown")
        if path.nad != "there":
            return Part(kind, path.network, (self.hw.state[path.nad],), "unknown")
        return Part(kind, path.network, () if path.plugin else (self.hw.state["unreadable"],), "ok" if path.plugin else "unknown")

    def _interface(self, path: PathSeen) -> Part:
        kind, row = self.hw.station["interface"], self.rows.get(path.network)
        seen = (row.have or row.recorded) if row is not None else None
        if row is None or seen is None:
            return Part(kind, path.interface or "?", (self._missing(row),), "unknown")
        odd = () if row.state == "ok" else (self.w.attachment[row.state],)
        only = () if row.have is not None else (self.hw.state["recorded"],)
        return Part(kind, seen.interface or path.interface or "?", (*odd, *([", ".join(seen.ips)] if seen.ips else []), *only), "unknown" if odd else "ok")

    def _missing(self, row: Attachment | None) -> str:
        if row is not None and row.state in ("not-recorded", "missing"):
            return self.w.attachment[row.state]
        return self.hw.state["unattached" if any(f.state in ("active", "flapping") for f in self.hits) else "unknown"]

    def _addresses(self, path: PathSeen, *, wanted: bool) -> Part | None:
        """Return what gives the addresses and how full it is; None where neither NAD nor finding tell of it."""
        if not (path.ipam or path.ranges or wanted):
            return None
        kind, name = f"{self.hw.station['ipam']} ({path.ipam or '?'})", ", ".join(path.ranges) or "?"
        if path.ipam not in ("", "host-local"):
            return Part(kind, name if path.ranges else path.ipam, (), "unknown")
        pool = next((p for p in self.report.pools if path.network in p.nads), None)
        level = _level(pool)
        if pool is None or level is None:
            return Part(kind, name, (self.hw.addresses_unknown,), "unknown")
        return Part(kind, name, (self.hw.addresses.format(used=(pool.size or 0) - (pool.free or 0), size=pool.size),), "ok", level)


def _level(pool: PoolSeen | None) -> float | None:
    return None if pool is None or not pool.size or pool.free is None else (pool.size - pool.free) / pool.size


def _marked(part: Part, words: tuple[str, ...]) -> Part:
    return Part(part.kind, part.name, (*words, *part.notes), "broken", part.level)


# --- where it stands --------------------------------------------------------------------------------------------------


def _height(part: Part) -> float:
    return _HEAD + _LINE * len(part.notes) + (_LEVEL if part.level is not None else 0)


def _box(part: Part, x: float, y: float, width: float, height: float) -> Box:
    more = width / _BOX
    return Box(
        part,
        x,
        y,
        width,
        height,
        shortened(part.kind, int(_NOTE * more)),
        shortened(part.name, int(_NAME * more)),
        tuple(shortened(n, int(_NOTE * more)) for n in part.notes),
    )


def _side_by_side(ways: tuple[Way, ...]) -> Drawing:
    boxes: list[Box] = []
    edges: list[Edge] = []
    y = 1.0
    for way in ways:
        height = max(map(_height, way.parts))
        at = [1 + n * (_BOX + _GAP) for n in range(len(way.parts))]
        boxes += [_box(p, x, y, _BOX, height) for p, x in zip(way.parts, at, strict=True)]
        middle = y + height / 2
        edges += [Edge(x + _BOX, middle, x + _BOX + _GAP, middle, state) for x, state in zip(at, way.edges, strict=False)]
        y += height
        if way.addresses is not None:
            boxes.append(_box(way.addresses, at[_NAD], y + _BETWEEN, _BOX, _height(way.addresses)))
            y += _BETWEEN + _height(way.addresses)
        y += _ROW
    return Drawing(_WIDE, y - _ROW + 2, tuple(boxes), tuple(edges))


def _beneath(ways: tuple[Way, ...]) -> Drawing:
    boxes: list[Box] = []
    edges: list[Edge] = []
    y, x = 1.0, _INDENT / 2
    for way in ways:
        for n, part in enumerate(way.parts):
            height = _height(part)
            boxes.append(_box(part, 1, y, _TALL - 2, height))
            y += height
            start = y
            if n == _NAD and way.addresses is not None:
                boxes.append(_box(way.addresses, _INDENT, y + _BETWEEN, _TALL - _INDENT - 1, _height(way.addresses)))
                y += _BETWEEN + _height(way.addresses)
            if n < len(way.edges):
                y += _DROP
                edges.append(Edge(x, start, x, y, way.edges[n]))
        y += 2 * _ROW
    return Drawing(_TALL, y - 2 * _ROW + 2, tuple(boxes), tuple(edges))
