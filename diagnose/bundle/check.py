"""Looks through a finished bundle for what must not be in it."""

from __future__ import annotations

import tarfile
import zlib
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from diagnose.collect.files import open_input
from diagnose.errors import InputError
from diagnose.pattern import lazy
from diagnose.redact.check import Check, Leak
from diagnose.redact.kept import Map

_WORD = lazy(r"[^\W_]+")
_PART = 4 * 1024 * 1024


class Checked(NamedTuple):
    """What a look through a bundle came to."""

    members: int
    size: int
    """Bytes that were looked through, unpacked."""
    leaks: dict[str, Counter[Leak]]
    """By member, where there are any."""


def check(path: str, table: Map, own: Iterable[str] = ()) -> Checked:
    """Look through every member, and its path, for the values of the map and for secrets. Raises `InputError` where it cannot be read to its end.

    `own`: texts of ours, whose words stand in every report: a name that is one of them tells nothing there.
    """
    look = Check(table)
    words = {w for text in own for w in _WORD.findall(text.lower())}
    members, size = 0, 0
    found: dict[str, Counter[Leak]] = {}
    opened = open_input(path)
    try:
        with tarfile.open(fileobj=opened.stream, mode="r|") as archive:
            for info in archive:
                stream = archive.extractfile(info)
                leaks = look.leaks(info.name)
                rest = b""
                while stream is not None and (raw := stream.read(_PART)):
                    size += len(raw)
                    whole, newline, after = (rest + raw).rpartition(b"\n")
                    leaks += look.leaks((whole + newline).decode("utf-8", "replace"))
                    rest = after
                leaks += look.leaks(rest.decode("utf-8", "replace"))
                members += 1
                if info.name.partition("/")[2].startswith("report."):
                    leaks = Counter({leak: n for leak, n in leaks.items() if leak.kind != "name" or not words.issuperset(_WORD.findall(leak.value))})
                if leaks:
                    found[info.name] = leaks
    except (tarfile.TarError, EOFError, OSError, ValueError, zlib.error) as e:
        raise InputError(f"{path} is no whole bundle: {e}", "write it again") from e
    finally:
        opened.stream.close()
    if not members:
        raise InputError(f"{path} is no bundle: there is nothing in it")
    return Checked(members, size, found)
