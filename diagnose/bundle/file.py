"""Writes a file whole or not at all: beside its name first, on the disk, then under its name."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Self

from diagnose.errors import MsnetError, UsageError

_MODE = 0o600


@contextmanager
def whole(path: Path, *, force: bool = False) -> Generator[BinaryIO]:
    """Yield a file that stands at `path`, with mode 0600, when the block ends well; when it does not, or the process dies, there is nothing new.

    Raises `UsageError` where there is one already, but with `force`, and `MsnetError` where it cannot be written.
    """
    if not force and os.path.lexists(path):
        raise _exists(path)
    try:
        with _nameless(path.parent) or _hidden(path) as file:
            yield file.stream
            file.stream.flush()
            os.fsync(file.stream.fileno())
            _name(file, path, force=force)
        _sync(path.parent)
    except FileExistsError as e:
        raise _exists(path) from e
    except OSError as e:
        raise unwritable(path, e) from e


def unwritable(path: Path | str, error: OSError) -> MsnetError:
    """Return what a user is told of a bundle that cannot be written."""
    full = "free some space, name a file on another disk (-o; TMPDIR for what is put aside), or: --max-size 5M"
    return MsnetError(f"cannot write {path}: {error.strerror or error}", full if error.errno in _FULL else "")


_FULL = frozenset({28, 122, 27})
"""ENOSPC, EDQUOT, EFBIG."""


def _exists(path: Path) -> UsageError:
    return UsageError(f"{path} is there already", "--force replaces it")


class _File:
    """An open file, with the name that it has until it is whole, if any."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self.stream = stream
        self.name = name

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # A full disk tells again when the rest is flushed.
        with suppress(OSError):
            self.stream.close()
        if self.name:
            with suppress(OSError):
                os.unlink(self.name)


def _nameless(folder: Path) -> _File | None:
    """Return a file without a name in `folder`, which the kernel removes should we die; None where its file system knows none (open(2), O_TMPFILE)."""
    try:
        number = os.open(folder, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, _MODE)
    except (OSError, AttributeError):
        return None
    if not os.path.exists(f"/proc/self/fd/{number}"):  # which gives it a name
        os.close(number)
        return None
    return _File(os.fdopen(number, "wb"), "")


def _hidden(path: Path) -> _File:
    number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    return _File(os.fdopen(number, "wb"), name)


def _name(file: _File, path: Path, *, force: bool) -> None:
    """Give the finished file its name. Raises `FileExistsError` where another has it by now, but with `force`."""
    if not file.name and not force:
        _link(file, path)
        return
    if not file.name:
        # Only a rename replaces a file in one step, and it needs a name.
        file.name = f"{path.parent}/.{path.name}.{os.getpid()}"
        _link(file, file.name)
    if not force and os.path.lexists(path):
        raise FileExistsError
    os.replace(file.name, path)
    file.name = ""


def _link(file: _File, path: Path | str) -> None:
    number = file.stream.fileno()
    # With a folder's descriptor, though the path needs none, Python calls linkat(2), which alone follows this link.
    os.link(f"/proc/self/fd/{number}", path, src_dir_fd=number, follow_symlinks=True)


def _sync(folder: Path) -> None:
    """Put the file's name on the disk, too; where that cannot be done, it is there all the same."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
