"""Finds, for an input from an archive or an unpacked tree, the clock of the node that it came from.

sos writes journals in the node's local time, and the file that tells the zone may stand behind them: such an archive is looked
through once more, for that file alone, and only when a stamp without a zone is met.
"""

from __future__ import annotations

import os
import re

from diagnose.collect import archive
from diagnose.collect.files import Opened
from diagnose.parse import zone
from diagnose.parse.zone import Local, Signs
from diagnose.pattern import lazy
from diagnose.record import dataclass, field

_TREE = lazy(r"sos|insights", re.IGNORECASE)
"""In the name of whatever holds such files."""
_FILES = (
    "etc/localtime", "etc/timezone", "sos_commands/date/date", "sos_commands/date/date_--utc", "sos_commands/systemd/timedatectl",
    "sos_commands/timedatectl/timedatectl",
)  # fmt: skip


def _of(trees: dict[str, Signs], path: str) -> Local | None:
    """Return what the innermost tree tells that `path` stands in."""
    roots = [root for root in trees if path.startswith(root)]
    return trees[max(roots, key=len)].found() if roots else None


@dataclass(slots=True)
class Packed:
    """The trees within one archive."""

    opened: Opened
    _trees: dict[str, Signs] = field(default_factory=dict[str, Signs])
    _looked: bool = False
    _whole: bool = False
    """True if no tree can have been missed."""

    def find(self, source: str) -> Local | None:
        """Return the clock of the node that the member named `source` came from, None where nothing tells."""
        if self.opened.again is None or not _TREE.search(source):
            return None
        path = source.removeprefix(self.opened.name + "!")
        if not self._looked:
            self._look(early=True)
        found = _of(self._trees, path)
        if found is None and not self._whole:
            self._look(early=False)
            found = _of(self._trees, path)
        return found

    def _look(self, *, early: bool) -> None:
        assert self.opened.again is not None  # noqa: S101 - for the type checker; see `find`
        self._looked = True
        try:
            with self.opened.again() as again:
                for path, what, root, content in archive.signs(again):
                    tree = self._trees.setdefault(root, Signs())
                    full = f"{self.opened.name}!{path}"
                    if isinstance(content, str):
                        tree.link(content, full)
                    else:
                        tree.read(what, content, full)
                    if early and tree.whole:
                        return
        except Exception:  # noqa: BLE001, S110 - damage is told where the archive itself is read; what was found until then stands
            pass
        self._whole = True


@dataclass(slots=True)
class Unpacked:
    """The trees that lie in folders."""

    _known: dict[str, Local | None] = field(default_factory=dict[str, Local | None])

    def find(self, source: str) -> Local | None:
        """Return the clock of the node whose unpacked sos report holds the file, None where there is none or nothing tells."""
        return self._in(os.path.dirname(os.path.abspath(source))) if _TREE.search(source) else None

    def _in(self, folder: str) -> Local | None:
        if folder not in self._known:
            if os.path.isdir(os.path.join(folder, "sos_commands")):
                self._known[folder] = _of_folder(folder)
            else:
                above = os.path.dirname(folder)
                self._known[folder] = self._in(above) if above != folder else None
        return self._known[folder]


def _of_folder(root: str) -> Local | None:
    signs = Signs()
    for name in _FILES:
        path = os.path.join(root, name)
        try:
            if name == "etc/localtime" and os.path.islink(path):
                signs.link(os.readlink(path), path)
            elif os.path.isfile(path) and os.path.realpath(path).startswith(os.path.join(os.path.realpath(root), "")):
                with open(path, "rb") as f:
                    signs.read(name.rpartition("/")[2] if name.startswith("sos") else name, f.read(zone.SMALL), path)
        except OSError:
            continue
    return signs.found()
