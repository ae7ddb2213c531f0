"""Decompresses the data objects of native journal files: zstd, lz4 and xz, as far as a limit of bytes."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import cast

from diagnose.collect.files import zstd_module

XZ, LZ4, ZSTD = 1, 2, 4
"""Flags of a data object: what it is compressed with (systemd journal-def.h, OBJECT_COMPRESSED_*)."""
_XZ_MEMORY = 64 * 1024 * 1024


Unpack = Callable[[memoryview, int], bytes]
"""Takes a data object's payload and a limit; returns its plain bytes, of more than the limit the first. Raises `ValueError` where it is broken."""


@cache
def unpacker(flag: int) -> Unpack:
    """Return what decompresses data objects with that flag. Raises `ValueError` where it is unknown."""
    if flag == ZSTD:
        return _zstd()
    if flag in (LZ4, XZ):
        return _lz4 if flag == LZ4 else _xz
    raise ValueError(f"compressed in a way unknown here ({flag})")


def _zstd() -> Unpack:
    """Return what decompresses one frame: zstandard's where it is installed, which is five times as fast for frames this small."""
    try:
        library = importlib.import_module("zstandard")
    except ImportError:
        return _frame
    plain, size_of, error = library.ZstdDecompressor().decompress, library.frame_content_size, library.ZstdError

    def run(raw: memoryview, limit: int) -> bytes:
        try:
            # The size is the file's word, and memory is taken for it at once.
            return plain(raw) if 0 <= size_of(raw) <= limit else _frame(raw, limit)
        except error as e:
            raise ValueError(str(e)) from e

    return run


def _frame(raw: memoryview, limit: int) -> bytes:
    library = zstd_module()
    try:
        return cast("bytes", library.ZstdDecompressor().decompress(raw, limit))
    except (library.ZstdError, EOFError) as e:
        raise ValueError(str(e)) from e


def _xz(raw: memoryview, limit: int) -> bytes:
    import lzma

    try:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, _XZ_MEMORY).decompress(raw, limit)
    except (lzma.LZMAError, EOFError) as e:
        raise ValueError(str(e)) from e


def _lz4(raw: memoryview, limit: int) -> bytes:
    """Decompress what journald makes of lz4: the size in 8 bytes, then one block (systemd compress.c, compress_blob_lz4)."""
    return lz4_block(raw[8:], min(int.from_bytes(raw[:8], "little"), limit))


def lz4_block(raw: memoryview, limit: int) -> bytes:
    """Return the first `limit` plain bytes of an lz4 block (lz4 doc/lz4_Block_format.md). Raises `ValueError` where it is broken."""
    out = bytearray()
    at, end = 0, len(raw)
    try:
        while at < end and len(out) < limit:
            token = raw[at]
            at += 1
            length, at = _length(raw, at, token >> 4)
            if at + length > end:
                raise ValueError("an lz4 block is cut short")
            out += raw[at : at + length]
            at += length
            if at == end:  # the last sequence has no match
                break
            back = raw[at] | raw[at + 1] << 8
            length, at = _length(raw, at + 2, token & 15)
            length = min(length + 4, limit)
            if not 0 < back <= len(out):
                raise ValueError("an lz4 block points before its beginning")
            piece = out[-back:] if back >= length else out[-back:] * (length // back + 1)
            out += piece[:length]
    except IndexError:
        raise ValueError("an lz4 block is cut short") from None
    return bytes(out[:limit])


def _length(raw: memoryview, at: int, length: int) -> tuple[int, int]:
    """Return a length whose first four bits are `length`, and where its last byte ends."""
    if length == 15:
        while (more := raw[at]) == 255:
            length += 255
            at += 1
        length += more
        at += 1
    return length, at
