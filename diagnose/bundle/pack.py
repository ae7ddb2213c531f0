"""Packs members into one archive: the same members always give the same bytes."""

from __future__ import annotations

import gzip
import lzma
import tarfile
from collections.abc import Callable, Iterable
from typing import BinaryIO, NamedTuple, cast

from diagnose.collect.files import zstd_module
from diagnose.collect.spool import Spool

_LEVEL = 10
"""Of zstd: a bundle is small, and is sent."""


class Member(NamedTuple):
    """One file of a bundle."""

    path: str
    what: str
    """What it is, for who reads the manifest."""
    bytes: Spool


def _zst(out: BinaryIO) -> BinaryIO:
    return cast("BinaryIO", zstd_module().ZstdFile(out, "w", level=_LEVEL))


def _gz(out: BinaryIO) -> BinaryIO:
    return cast("BinaryIO", gzip.GzipFile("", "wb", 9, out, mtime=0))


def _xz(out: BinaryIO) -> BinaryIO:
    return cast("BinaryIO", lzma.LZMAFile(out, "w"))


PACKERS: dict[str, Callable[[BinaryIO], BinaryIO]] = {".tar.zst": _zst, ".tar.gz": _gz, ".tgz": _gz, ".tar.xz": _xz}
"""By the end of a bundle's name."""


def pack(members: Iterable[Member], folder: str, seconds: int, suffix: str, out: BinaryIO) -> None:
    """Write the members beneath `folder` of an archive; `seconds` since the epoch is the time that they bear."""
    with PACKERS[suffix](out) as packed, tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for member in members:
            info = tarfile.TarInfo(f"{folder}/{member.path}")
            info.size, info.mtime, info.mode = member.bytes.size, seconds, 0o644
            with member.bytes.read() as stream:
                archive.addfile(info, stream)
