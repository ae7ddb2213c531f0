"""Finds the inputs of a command line and opens each as a stream of plain bytes, whatever it is compressed with."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

from diagnose.collect import layout
from diagnose.collect.parts import Joined, Parts, compression, joined
from diagnose.errors import InputError
from diagnose.parse.bundle import MANIFEST

if TYPE_CHECKING:
    import lzma
    from pathlib import Path

HEAD = 64 * 1024
"""Bytes of an input that are looked at to tell what it is."""


BUNDLE = b'"schema": "msnet.bundle/'
"""What the manifest of a bundle begins with."""


class Opened(NamedTuple):
    """An input, open at its first plain byte."""

    name: str
    stream: BinaryIO
    head: bytes
    """The first bytes; they are still to be read from `stream`."""
    size: int
    """Bytes on disk; 0 for standard input."""
    mtime: float | None
    compression: str
    """What lies between the file and its plain bytes: "gz", "tar.xz" has "xz"; "utf-16" for a text in that encoding."""
    file: str | None
    """The file itself, when it is not compressed."""
    tailed: bool = False
    """True if it is the end of a larger file, of which sos left out the rest."""
    again: Callable[[], AbstractContextManager[Opened]] | None = None
    """Opens it once more, at its beginning; None where that cannot be: a pipe."""

    @property
    def path(self) -> Path | None:
        """The file itself, as a path."""
        from pathlib import Path

        return Path(self.file) if self.file is not None else None


class _Peeked(io.RawIOBase):
    """A stream whose first bytes can be looked at; closing it closes the streams beneath. What comes before an error is read before it is raised."""

    def __init__(self, rest: BinaryIO, *beneath: BinaryIO) -> None:
        super().__init__()
        self._head = b""
        self._rest = rest
        self._read = cast("Callable[[int], bytes]", getattr(rest, "read1", rest.read))
        self._beneath = beneath
        self._error: Exception | None = None

    def ahead(self) -> bytes:
        """Return the first bytes, which are still to be read. Raises what the stream does where it has none."""
        self._head = self.read(HEAD) or b""
        return self._head

    def close(self) -> None:
        if not self.closed:
            for stream in (self._rest, *self._beneath):
                stream.close()
        super().close()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object, /) -> int:
        view = memoryview(cast("bytearray", buffer))
        filled = min(len(self._head), len(view))
        view[:filled] = self._head[:filled]
        self._head = self._head[filled:]
        while filled < len(view) and self._error is None:
            try:
                part = self._read(len(view) - filled)
            except Exception as e:  # noqa: BLE001 - each library has its own; it is raised below
                self._error = e
                break
            if not part:
                break
            view[filled : filled + len(part)] = part
            filled += len(part)
        if not filled and view and self._error is not None:
            raise self._error
        return filled


_XZ_MEMORY = 192 * 1024 * 1024
"""Bytes that decompressing xz may take: `xz -9` takes 65 MiB."""


class _Xz(io.RawIOBase):
    """Plain bytes of xz, of one stream or several: as `lzma.LZMAFile`, but what asks for too much memory is an error."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        self._decompressor = self._new()
        self._raw = b""

    @staticmethod
    def _new() -> lzma.LZMADecompressor:
        import lzma

        return lzma.LZMADecompressor(lzma.FORMAT_XZ, _XZ_MEMORY)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object, /) -> int:
        view = memoryview(cast("bytearray", buffer))
        while view:
            if self._decompressor.eof:
                self._raw = self._decompressor.unused_data.lstrip(b"\0")
                while not self._raw and (more := self._stream.read(64 * 1024)):
                    self._raw = more.lstrip(b"\0")
                if not self._raw:
                    return 0
                self._decompressor = self._new()
            elif self._decompressor.needs_input and not self._raw:
                self._raw = self._stream.read(64 * 1024)
                if not self._raw:
                    raise EOFError("compressed file ended before the end-of-stream marker was reached")
            data = self._decompressor.decompress(self._raw, len(view))
            self._raw = b""
            if data:
                view[: len(data)] = data
                return len(data)
        return 0


class _Recoded(io.RawIOBase):
    """A text in UTF-16, which Windows' shells write, as UTF-8."""

    def __init__(self, stream: BinaryIO) -> None:
        import codecs

        super().__init__()
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-16")("replace")
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object, /) -> int:
        view = memoryview(cast("bytearray", buffer))
        last = False
        while not self._ready and not last:
            data = self._stream.read(len(view))
            last = not data
            self._ready = self._decoder.decode(data, last).encode("utf-8", "replace")
        part, self._ready = self._ready[: len(view)], self._ready[len(view) :]
        view[: len(part)] = part
        return len(part)


def _decompressor(kind: str, stream: BinaryIO) -> BinaryIO:
    if kind == "gz":
        import gzip

        return cast("BinaryIO", gzip.GzipFile(fileobj=stream))
    if kind == "xz":
        return cast("BinaryIO", _Xz(stream))
    if kind == "bz2":
        import bz2

        return cast("BinaryIO", bz2.BZ2File(stream))
    return cast("BinaryIO", zstd_module().ZstdFile(stream))


def zstd_module() -> Any:
    """Return the standard library's zstd module, or its backport before Python 3.14; it tells a stream that was cut short."""
    import importlib

    return importlib.import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")


def _reason(name: str, error: Exception) -> InputError:
    """Return what is wrong with an input, in words: each library has its own errors for a broken stream."""
    if isinstance(error, InputError):
        return error
    if isinstance(error, ModuleNotFoundError):
        return InputError(f"cannot read {name}: {error.name} is not installed", f"pip install {error.name}, or decompress the file")
    if isinstance(error, PermissionError):
        return InputError(f"cannot read {name}: permission denied", "read it as root, or copy it to where you may read it")
    return InputError(f"cannot read {name}: {error}")


@contextmanager
def _again(name: str | Parts) -> Generator[Opened]:
    opened = open_input(name)
    try:
        yield opened
    finally:
        opened.stream.close()


def open_input(name: str | Parts) -> Opened:
    """Open a file, "-", or a file in parts. Raises `InputError` with the reason where it cannot be opened or its compression is broken."""
    if isinstance(name, Parts):
        try:
            infos = [os.stat(n) for n in name.names]
        except OSError as e:
            raise _reason(name.name, e) from e
        opened = opened_stream(name.name, cast("BinaryIO", Joined(name.names)), sum(i.st_size for i in infos), max(i.st_mtime for i in infos))
        return opened._replace(again=partial(_again, name))
    if name == "-":
        return opened_stream(name, sys.stdin.buffer, 0, None)
    try:
        info = os.stat(name)
        if not (stat.S_ISREG(info.st_mode) or stat.S_ISFIFO(info.st_mode)):
            raise InputError(f"cannot read {name}: not a regular file")
        stream = open(name, "rb")  # noqa: SIM115 - it is closed with what it is handed to
    except OSError as e:
        raise _reason(name, e) from e
    opened = opened_stream(name, stream, info.st_size, info.st_mtime)
    opened = opened._replace(tailed=bool(layout.original(os.path.realpath(name))), again=partial(_again, name) if stat.S_ISREG(info.st_mode) else None)
    return opened if opened.compression else opened._replace(file=name)


def opened_stream(name: str, stream: BinaryIO, size: int, mtime: float | None) -> Opened:
    """Return a stream at its first plain byte. Raises `InputError` where its compression is broken; then the stream is closed."""
    import codecs

    opened = [stream] if name != "-" else []
    try:
        peeked = _Peeked(stream)
        kinds: list[str] = []
        for _ in range(3):  # a compressed file within a compressed file, and no deeper
            kind = compression(peeked.ahead())
            if not kind:
                break
            kinds.append(kind)
            plain = _decompressor(kind, cast("BinaryIO", peeked))
            opened.append(plain)
            peeked = _Peeked(plain, cast("BinaryIO", peeked))
        if peeked.ahead().startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            peeked = _Peeked(cast("BinaryIO", _Recoded(cast("BinaryIO", peeked))), cast("BinaryIO", peeked))
            kinds.append("utf-16")
        head = peeked.ahead()
    except Exception as e:
        for each in opened:
            each.close()
        raise _reason(name, e) from e
    return Opened(name, cast("BinaryIO", peeked), head, size, mtime, ".".join(kinds), None)


def _is_bundle(manifest: str) -> bool:
    """Return True if a file is the manifest of an unpacked bundle."""
    try:
        with open(manifest, "rb") as f:
            return BUNDLE in f.read(200)
    except OSError:
        return False


def walk(arguments: list[str]) -> Iterator[str | Parts | InputError]:
    """Yield the name of each input in order, the files of folders sorted, those in parts as one; an `InputError` for what is not there."""
    return joined(list(_files(arguments)))


def _files(arguments: list[str]) -> Iterator[str | InputError]:
    seen: set[str] = set()
    for argument in arguments:
        if argument == "-":
            yield argument
            continue
        try:
            os.stat(argument)
        except PermissionError as e:
            yield _reason(argument, e)
            continue
        except (OSError, ValueError):
            yield InputError(f"cannot read {argument}: no such file or folder")
            continue
        if os.path.isdir(argument):
            found = False
            for full, real in _in_folder(argument):
                found = True
                if isinstance(full, InputError):
                    yield full
                elif real not in seen:
                    seen.add(real)
                    yield full
            if not found:
                yield InputError(f"{argument}: the folder holds no files")
        else:
            real = os.path.realpath(argument)
            if real not in seen:
                seen.add(real)
                yield argument


def _in_folder(folder: str) -> Iterator[tuple[str | InputError, str]]:
    """Yield the name of each file that matters, and what it is.

    A link is but another name of what is in the folder anyway, save that what sos kept the end of is called by the link to it.
    A link that leads out of the folder is not followed: in evidence from elsewhere it means another machine's file.
    """
    root = os.path.realpath(folder)
    names: list[str] = []
    links: dict[str, str] = {}
    out: list[str] = []
    for place, folders, files in os.walk(folder):
        folders.sort()
        if MANIFEST in files and _is_bundle(os.path.join(place, MANIFEST)):
            folders.clear()
            files = [MANIFEST]  # which names the others
        for file in sorted(files):
            full = os.path.join(place, file)
            if not layout.matters(os.path.relpath(full, folder)):
                continue
            if not os.path.islink(full):
                names.append(full)
                continue
            real = os.path.realpath(full)
            if not os.path.exists(real):
                continue
            if os.path.commonpath((root, real)) != root:
                out.append(full)
            elif layout.original(real):
                links.setdefault(real, full)
    for name in names:
        real = os.path.realpath(name)
        yield links.get(real, name), real
    if out:
        what = ", ".join(out[:3]) + (f" and {len(out) - 3} more" if len(out) > 3 else "")
        yield InputError(f"{what}: leads out of the folder {folder}, and was not followed", "name the file or folder that it leads to"), ""
