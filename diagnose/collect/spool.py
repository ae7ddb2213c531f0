"""Bytes put aside while a run goes on: packed, in memory while they are few, else in a temporary file."""

from __future__ import annotations

import tempfile
from typing import BinaryIO, cast

from diagnose.collect.files import zstd_module

_IN_MEMORY = 1024 * 1024
"""Packed bytes beyond which they go to a file."""
_LEVEL = 3


class Spool:
    """Is written once, then read as often as is needed, by one reader at a time."""

    def __init__(self) -> None:
        """Begin empty."""
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY, prefix="msnet-")  # noqa: SIM115 - it lives as long as this does
        self._packer: BinaryIO | None = None
        self._ended = False
        self.size = 0
        """Bytes written, as they are when read."""

    def write(self, data: bytes) -> None:
        """Add bytes."""
        if self._packer is None:
            self._packer = cast("BinaryIO", zstd_module().ZstdFile(self._file, "w", level=_LEVEL))
        self._packer.write(data)
        self.size += len(data)

    def read(self) -> BinaryIO:
        """Return a stream from the first byte on; nothing is written after that."""
        if not self._ended:
            self._ended = True
            if self._packer is None:
                self.write(b"")
            if self._packer is not None:
                self._packer.close()
        self._file.seek(0)
        return cast("BinaryIO", zstd_module().ZstdFile(self._file))

    def close(self) -> None:
        """Free it."""
        if self._packer is not None and not self._ended:
            self._packer.close()
        self._file.close()
