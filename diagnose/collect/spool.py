"""Bytes put aside while a run goes on: packed, in memory while they are few, else in a temporary file."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from typing import BinaryIO, cast

from diagnose.collect.files import zstd_module
from diagnose.errors import MsnetError

_IN_MEMORY = 1024 * 1024
"""Packed bytes beyond which they go to a file."""
_LEVEL = 3


class Spool:
    """Is written once, then read as often as is needed, by one reader at a time; it is freed when nothing holds it any more."""

    def __init__(self) -> None:
        """Begin empty."""
        self._open = ExitStack()
        self._file = self._open.enter_context(tempfile.SpooledTemporaryFile(_IN_MEMORY, prefix="msnet-"))  # noqa: SIM115 - freed below
        self._packer: BinaryIO | None = None
        self.size = 0
        """Bytes written, as they are when read."""
        weakref.finalize(self, _free, self._open)

    def write(self, data: bytes) -> None:
        """Add bytes; not after the first `read`. Raises `MsnetError` where there is no room for them."""
        if self._packer is None:
            self._packer = self._open.enter_context(cast("BinaryIO", zstd_module().ZstdFile(self._file, "w", level=_LEVEL)))
        with _room():
            self._packer.write(data)
        self.size += len(data)

    def read(self) -> BinaryIO:
        """Return a stream from the first byte on. Raises `MsnetError` where there was no room for the last ones."""
        if self._packer is None:
            self.write(b"")
        with _room():
            cast("BinaryIO", self._packer).close()
        self._file.seek(0)
        return cast("BinaryIO", zstd_module().ZstdFile(self._file))


@contextmanager
def _room() -> Generator[None]:
    try:
        yield
    except OSError as e:
        folder = tempfile.gettempdir()
        raise MsnetError(f"cannot put aside what was seen in {folder}: {e.strerror or e}", "free some space there, or name another folder: TMPDIR=/var/tmp msnet collect ...") from e  # fmt: skip


def _free(opened: ExitStack) -> None:
    with suppress(OSError):  # on a full disk the packer's last bytes fail once more
        opened.close()
