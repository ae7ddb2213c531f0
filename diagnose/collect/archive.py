"""The members of tar and zip archives, read as a stream and unpacked nowhere; hostile and damaged archives end with a reason."""

from __future__ import annotations

import io
import posixpath
import struct
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, cast

from diagnose.collect import layout
from diagnose.collect.files import Opened, opened_stream
from diagnose.errors import InputError
from diagnose.model import Gap
from diagnose.parse import zone
from diagnose.record import dataclass

if TYPE_CHECKING:
    import zipfile

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
SPARSE = 256 * 1024 * 1024
"""Bytes up to which a file with holes is read."""
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


class Metered:
    """A stream whose bytes are counted as they are read."""

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
    for item in found:
        if isinstance(item, Gap):
            yield item
            continue
        name, size, mtime, stream, tailed = item
        full = f"{opened.name}!{name}"
        try:
            member = opened_stream(full, stream, size, mtime)._replace(tailed=tailed)
            if opened.again is not None:
                member = member._replace(again=partial(_member, opened.again, full))
            # A tar's own bytes are counted as they pass, whether they are looked at or not.
            metered = member.compression or opened.head.startswith(b"PK")
            yield member._replace(stream=cast("BinaryIO", Metered(member.stream, budget))) if metered else member
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
    from diagnose.collect import tarball

    budget = Budget(opened.size)
    if opened.head.startswith(b"PK"):
        for item in _zip(opened, budget, lambda name: zone.sign(name) is not None):
            if isinstance(item, Gap):
                continue
            name, size, _, stream, _ = item
            found = zone.sign(name)
            if found is not None and size <= zone.SMALL:
                yield name, found[1], found[0], Metered(stream, budget).read(zone.SMALL)
        return
    for archive, info in tarball.headers(cast("BinaryIO", Metered(opened.stream, budget))):
        budget.count()
        name = _safe(info.name)
        found = zone.sign(name)
        if found is None:
            continue
        if info.issym():
            yield name, found[1], found[0], info.linkname
        elif info.isreg() and info.size <= zone.SMALL and (stream := archive.extractfile(info)) is not None:
            yield name, found[1], found[0], stream.read()


def _safe(name: str) -> str:
    """Return a member's name without what would lead out of the archive, or write over a terminal: it is only ever a name."""
    visible = name if name.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in name)
    return posixpath.normpath("/" + visible.replace("\\", "/")).lstrip("/")


def _tar(opened: Opened, budget: Budget) -> Iterator[tuple[str, int, float, BinaryIO, bool] | Gap]:
    from diagnose.collect import tarball

    links: dict[str, str] = {}
    for archive, info in tarball.headers(cast("BinaryIO", Metered(opened.stream, budget))):
        budget.count()
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
        if info.issparse() and info.size > SPARSE:
            # Its holes take no room in the archive, so that no budget counts them.
            yield Gap(f"{opened.name}!{name}", f"is sparse, and claims {info.size} bytes: not read", "unpack it and name the folder")
            continue
        stream = archive.extractfile(info)
        if stream is not None:
            yield name, info.size, info.mtime, cast("BinaryIO", stream), bool(whole)


def _zip(
    opened: Opened, budget: Budget, matters: Callable[[str], bool] = layout.matters
) -> Iterator[tuple[str, int, float | None, BinaryIO, bool] | Gap]:  # fmt: skip
    import tempfile
    import zipfile

    with tempfile.SpooledTemporaryFile(_SPOOL, buffering=0, prefix="msnet-") as spool:
        # Its table of contents stands at its end, which a stream does not reach first.
        file = cast("BinaryIO", spool)
        if opened.file is None:
            spooled(Metered(opened.stream, budget), file)
        with file if opened.file is None else open(opened.file, "rb") as file:
            _contents(file)
            file.seek(0)
            with zipfile.ZipFile(file) as archive:
                yield from _entries(opened.name, archive, budget, matters)


def _contents(file: BinaryIO) -> None:
    """Raise `InputError` if the table of contents has more entries than are looked at: the library reads it whole."""
    file.seek(0, io.SEEK_END)
    size = file.tell()
    file.seek(max(0, size - 66 * 1024))
    end = file.read()
    at = end.rfind(b"PK\x05\x06")
    if at < 0 or len(end) < at + 22:
        return  # which the library tells
    length, wide = int.from_bytes(end[at + 12 : at + 16], "little"), end.rfind(b"PK\x06\x06", 0, at)
    if wide >= 0 and len(end) >= wide + 56:
        length = max(length, int.from_bytes(end[wide + 40 : wide + 48], "little"))
    start = max(0, size - len(end) + at - length)
    file.seek(start)
    count, rest = 0, b""
    while start < size and (data := file.read(1024 * 1024)):
        count += (rest + data).count(b"PK\x01\x02")
        rest, start = data[-3:], start + len(data)
        if count > MEMBERS:
            raise InputError(f"more than {MEMBERS} members: not read", "if it is what it seems, unpack it and name the folder")


def _entries(
    archive_name: str, archive: zipfile.ZipFile, budget: Budget, matters: Callable[[str], bool]
) -> Iterator[tuple[str, int, float | None, BinaryIO, bool] | Gap]:  # fmt: skip
    import zipfile

    encrypted = 0
    for info in archive.infolist():
        budget.count()
        name = _safe(info.filename)
        whole = layout.original(name)
        name = whole or name
        if info.is_dir() or (info.external_attr >> 28) not in (0, 8) or not matters(name):
            continue
        if info.flag_bits & 1:
            encrypted += 1
            continue
        try:
            stream = archive.open(info)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError, struct.error) as e:
            yield Gap(f"{archive_name}!{name}", f"cannot be read: {e}")
            continue
        with stream:
            yield name, info.file_size, None, cast("BinaryIO", stream), bool(whole)
    if encrypted:
        yield Gap(archive_name, f"{encrypted} members are encrypted", "unpack it with its password and name the folder")


def spooled(stream: BinaryIO | Metered, file: BinaryIO) -> None:
    """Copy a stream into a temporary file without a buffer. Raises `InputError` where the disk has no room for it."""
    import errno
    import tempfile

    while data := stream.read(1024 * 1024):
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[file.write(rest) :]
        except OSError as e:
            if e.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise
            reason = f"no room for a temporary file in {tempfile.gettempdir()}: {e.strerror}"
            raise InputError(reason, "name a folder with room in TMPDIR, or unpack it and name the folder") from e
