"""The headers of a tar, read as a stream: damaged ones are passed over up to the next good one, and what is lost is told.

Python's tarfile takes a damaged header for the end of the archive, and reads an extended header of any size into memory.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import Any, BinaryIO, Self, cast

from diagnose.errors import InputError

LONGEST = 1024 * 1024
"""Bytes of an extended header: names and attributes, a few hundred in practice."""
LARGEST = 64 * 1024 * 1024 * 1024
"""Bytes of a member: to pass over more, the library reads behind the end for ages."""
PASSED = 16 * 1024
"""Blocks of 512 bytes that are passed over in search of the next header."""
_lib = cast("Any", tarfile)
"""Some of its errors are public by name, and in no type stub."""
_EXTENDED = frozenset({tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK})


class _Header(tarfile.TarInfo):
    """A header that says where it cannot be one."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        found = super().frombuf(buf, encoding, errors)
        if found.size < 0 or (found.type in _EXTENDED and found.size > LONGEST):
            raise tarfile.ReadError(f"a header that claims {found.size} bytes")
        return found

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> Self:  # the library's own name for it
        assert isinstance(tarfile, Tar)  # noqa: S101 - nobody else makes these
        return tarfile.look(lambda: super(_Header, cls).fromtarfile(tarfile))


class Tar(tarfile.TarFile):
    """A tar that goes on behind damage, and behind its end where another one follows."""

    damaged = 0
    """Blocks that should have been headers."""
    _zeros = 0
    """Empty blocks since the last header: two are the end."""
    _passed = 0
    _damaged_since = 0

    def look(self, read: Any) -> Any:
        """Return the next header. Raises the library's errors, of which it passes over those of a block that is none."""
        try:
            found = read()
        except _lib.EOFHeaderError:
            self._zeros += 1
            self._count()
            raise
        except _lib.EmptyHeaderError:
            if self._zeros == 0 and self.offset:
                raise tarfile.ReadError("it ends without an end mark, so that members may be missing") from None
            raise
        except _lib.TruncatedHeaderError as e:
            if self._zeros < 2 and self.offset:
                raise tarfile.ReadError("unexpected end of data") from e
            raise
        except _lib.InvalidHeaderError:
            if self._zeros < 2:
                self._damaged_since += 1
                self.damaged += 1
            self._count()
            raise
        self._zeros = self._passed = 0
        return found

    def _count(self) -> None:
        self._passed += 1
        if self._passed > PASSED:
            if self._zeros >= 2 and not self._damaged_since:
                raise _lib.EmptyHeaderError("long behind the end")
            raise tarfile.ReadError(f"no header within {PASSED // 2048} MiB behind a damaged one")


def headers(stream: BinaryIO) -> Iterator[tuple[Tar, tarfile.TarInfo]]:
    """Yield each header and the tar that gives its content, which is to be read before the next header.

    Raises `InputError` at the end if members were lost, or the library's error where it cannot go on.
    """
    with Tar.open(fileobj=stream, mode="r|", bufsize=1024 * 1024, errorlevel=0, tarinfo=_Header, ignore_zeros=True) as archive:
        assert isinstance(archive, Tar)  # noqa: S101 - `open` is typed by the library's own class
        for info in archive:
            if info.size > LARGEST:
                raise InputError(f"{info.name[:200]} claims {info.size} bytes", "copy or fetch it again")
            archive.members = []  # type: ignore[attr-defined] - else the library remembers each
            yield archive, info
        if archive.damaged:
            raise InputError(f"{archive.damaged} blocks of 512 bytes that are damaged were passed over: some members may be lost", "copy or fetch it again")
