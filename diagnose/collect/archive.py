"""The members of tar and zip archives, read as a stream and unpacked nowhere; hostile and damaged archives end with a reason."""

from __future__ import annotations

import posixpath
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, cast

from diagnose.collect import layout
from diagnose.collect.files import Opened, opened_stream
from diagnose.errors import InputError
from diagnose.model import Gap
from diagnose.parse import zone

MEMBERS = 100_000
"""Members of one archive that are looked at."""
TOTAL = 64 * 1024 * 1024 * 1024
"""Bytes of all members of one archive that are read."""
RATIO, SLACK = 1000, 128 * 1024 * 1024
"""How many times the size of the archive its members may be, beyond the first bytes: real logs shrink to a hundredth at most."""
LINKS = 10_000
"""Links of a tar that are remembered until what they lead to comes."""
DEPTH = 3
"""Archives within archives."""
_SPOOL = 16 * 1024 * 1024


@dataclass(slots=True)
class Budget:
    """What may still be read of one archive, and of all within it."""

    packed: int
    """Bytes of the archive itself; 0 where nobody knows."""
    members: int = MEMBERS
    read: int = 0

    def spend(self, size: int) -> None:
        """Take account of `size` bytes that were read. Raises `InputError` when it is too much."""
        self.read += size
        if self.read > TOTAL or (self.packed and self.read > SLACK + RATIO * self.packed):
            raise InputError(f"unpacks to more than {self.read // (1024 * 1024)} MiB: read no further", "if it is what it seems, unpack it and name the folder")

    def count(self) -> None:
        """Take account of one more member. Raises `InputError` when there are too many."""
        self.members -= 1
        if self.members < 0:
            raise InputError(f"more than {MEMBERS} members: read no further", "if it is what it seems, unpack it and name the folder")


class _Metered:
    """A member's bytes, counted as they are read."""

    def __init__(self, stream: BinaryIO, budget: Budget) -> None:
        self._stream = stream
        self._budget = budget

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._budget.spend(len(data))
        return data

    def close(self) -> None:
        self._stream.close()


def is_archive(head: bytes) -> bool:
    """Return True if `head` begins a tar or zip archive."""
    return head[257:262] == b"ustar" or head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def members(opened: Opened, budget: Budget) -> Iterator[Opened | Gap]:
    """Yield each regular member that matters, open; one that cannot be read is a gap.

    Raises `InputError`, or the library's own error, where the archive is damaged: what was yielded before that stands.
    """
    found = _zip(opened, budget) if opened.head.startswith(b"PK") else _tar(opened, budget)
    for name, size, mtime, stream, tailed in found:
        full = f"{opened.name}!{name}"
        try:
            member = opened_stream(full, stream, size, mtime)._replace(tailed=tailed)
            if opened.again is not None:
                member = member._replace(again=partial(_member, opened.again, full))
            # A tar's own bytes are counted as they pass, whether they are looked at or not.
            metered = member.compression or opened.head.startswith(b"PK")
            yield member._replace(stream=cast("BinaryIO", _Metered(member.stream, budget))) if metered else member
        except InputError as e:
            yield Gap(full, str(e), e.hint)


@contextmanager
def _member(outer: Callable[[], AbstractContextManager[Opened]], name: str) -> Generator[Opened]:
    """Open the member with that full name once more. Raises `InputError` where it is not found again."""
    with outer() as opened:
        for member in members(opened, Budget(opened.size)):
            if isinstance(member, Opened) and member.name == name:
                yield member
                return
    raise InputError(f"cannot read {name} again")


def signs(opened: Opened) -> Iterator[tuple[str, str, str, str | bytes]]:
    """Yield path, kind, root, and a link's target or a file's content of each member that tells the node's zone (see `parse.zone`).

    Raises as `members` does.
    """
    budget = Budget(opened.size)
    if opened.head.startswith(b"PK"):
        for name, size, _, stream, _ in _zip(opened, budget, lambda name: zone.sign(name) is not None):
            found = zone.sign(name)
            if found is not None and size <= zone.SMALL:
                yield name, found[1], found[0], _Metered(stream, budget).read(zone.SMALL)
        return
    with _tar_file(opened, budget) as archive:
        for info in archive:
            budget.count()
            archive.members = []  # type: ignore[attr-defined] - else the library remembers each
            name = _safe(info.name)
            found = zone.sign(name)
            if found is None:
                continue
            if info.issym():
                yield name, found[1], found[0], info.linkname
            elif info.isreg() and info.size <= zone.SMALL and (stream := archive.extractfile(info)) is not None:
                yield name, found[1], found[0], stream.read()


def _safe(name: str) -> str:
    """Return a member's name without what would lead out of the archive: it is only ever a name."""
    return posixpath.normpath("/" + name.replace("\\", "/")).lstrip("/")


def _tar_file(opened: Opened, budget: Budget) -> tarfile.TarFile:
    return tarfile.open(fileobj=cast("BinaryIO", _Metered(opened.stream, budget)), mode="r|", bufsize=1024 * 1024, errorlevel=0)


def _tar(opened: Opened, budget: Budget) -> Iterator[tuple[str, int, float, BinaryIO, bool]]:
    links: dict[str, str] = {}
    with _tar_file(opened, budget) as archive:
        for info in archive:
            budget.count()
            archive.members = []  # type: ignore[attr-defined] - else the library remembers each
            name = _safe(info.name)
            if info.issym():
                target = _safe(posixpath.join(posixpath.dirname(name), info.linkname))
                if layout.original(target) and len(links) < LINKS:
                    links[target] = name
                continue
            whole = layout.original(name)
            name = links.pop(name, whole or name)
            if not info.isreg() or not layout.matters(name):
                continue
            stream = archive.extractfile(info)
            if stream is not None:
                yield name, info.size, info.mtime, cast("BinaryIO", stream), bool(whole)


def _zip(opened: Opened, budget: Budget, matters: Callable[[str], bool] = layout.matters) -> Iterator[tuple[str, int, float | None, BinaryIO, bool]]:
    with tempfile.SpooledTemporaryFile(_SPOOL, prefix="msnet-") as spool:
        # Its table of contents stands at its end, which a stream does not reach first.
        file: object = opened.path
        if opened.path is None:
            while data := opened.stream.read(1024 * 1024):
                spool.write(data)
            file = spool
        with zipfile.ZipFile(cast("BinaryIO", file)) as archive:
            for info in archive.infolist():
                budget.count()
                name = _safe(info.filename)
                whole = layout.original(name)
                name = whole or name
                if info.is_dir() or (info.external_attr >> 28) not in (0, 8) or not matters(name):
                    continue
                if info.flag_bits & 1:
                    raise InputError("is encrypted", "unpack it with its password and name the folder")
                with archive.open(info) as stream:
                    yield name, info.file_size, None, cast("BinaryIO", stream), bool(whole)
