"""Finds the parts into which a file was cut for an upload, by their names and their content, and reads them as one stream.

Names: split(1) (`xaa`, `-d`, `--additional-suffix`), 7-Zip (`.001`), browsers and ticket systems (`.part1`, `-1-of-3`).
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple, cast

from diagnose.errors import InputError
from diagnose.pattern import lazy

MAGIC = (
    (b"\x1f\x8b", "gz"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zst"),
    (b"BZh", "bz2"),
)
"""How a compressed stream begins."""
_OF = lazy(r"(?P<stem>.*?)[._ -]?\(?(?:part[._ -]?)?(?P<n>\d{1,4})[._ -]?of[._ -]?(?P<of>\d{1,4})\)?(?P<tail>(?:\.[a-z0-9]{1,5}){0,2})")
_PART = lazy(r"(?P<stem>.*?)[._ -]?part[._ -]?(?P<n>\d{1,4}|[a-z]{1,3})(?P<tail>(?:\.[a-z0-9]{1,5}){0,2})")
_NUMBER = lazy(r"(?P<stem>.*[._-])(?P<n>\d{1,4})")
_LETTERS = tuple(lazy(rf"(?P<stem>.+?)(?P<n>[a-z]{{{size}}})") for size in (2, 3))
_HEAD, _TAIL = 8192, 66 * 1024


class Parts(NamedTuple):
    """Files that are one, in their order, up to the first that is missing."""

    names: tuple[str, ...]
    missing: str
    """The first part that is not there, or ""."""

    @property
    def name(self) -> str:
        """What the whole is called: its first part, and the end of the last one's name."""
        first, last = self.names[0], os.path.basename(self.names[-1])
        same = len(os.path.commonprefix((os.path.basename(first), last)))  # noqa: RUF071 - characters are meant
        while same and last[same - 1].isalnum():
            same -= 1
        return f"{first}..{last[same:]}" if len(self.names) > 1 else first


class _Named(NamedTuple):
    """What a file's name tells of the series that it may belong to."""

    style: str
    stem: str
    number: int
    token: str
    total: int
    """How many parts there are; 0 where the name does not tell."""


class Joined(io.RawIOBase):
    """Files read one after the other, one of them open at a time."""

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__()
        self._names = iter(names)
        self._part: BinaryIO | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object, /) -> int:
        from pathlib import Path

        view = memoryview(cast("bytearray", buffer))
        while True:
            if self._part is None:
                name = next(self._names, None)
                if name is None:
                    return 0
                self._part = Path(name).open("rb")  # noqa: SIM115 - open until it is read
            data = self._part.read(len(view))
            if data:
                view[: len(data)] = data
                return len(data)
            self._part.close()
            self._part = None

    def close(self) -> None:
        if self._part is not None:
            self._part.close()
        super().close()


def compression(head: bytes) -> str:
    """Return which compressed stream `head` begins, or ""."""
    kind = next((k for magic, k in MAGIC if head.startswith(magic)), "")
    return "" if kind == "bz2" and not head[3:4].isdigit() else kind


def joined(names: list[str | InputError]) -> Iterator[str | Parts | InputError]:
    """Yield the names in order, the parts of one file as one at the place of the first of them.

    Parts whose first one is missing are an `InputError`: nothing of them can be read.
    """
    series: dict[str, Parts | InputError] = {}
    for group in _groups(names):
        if not any(name in series for name in group.values()):
            whole = _whole(group)
            if whole is not None:
                series.update(dict.fromkeys(group.values(), whole))
    told: set[int] = set()
    for name in names:
        whole = series.get(name) if isinstance(name, str) else None
        if whole is None:
            yield name
        elif id(whole) not in told:
            told.add(id(whole))
            yield whole


def _readings(base: str) -> Iterator[_Named]:
    """Yield each series that a file of that name may belong to, the surest first."""
    m = _OF.fullmatch(base)
    if m is not None and 0 < int(m["n"]) <= int(m["of"]):
        yield _Named("of", f"{m['stem']}/{m['tail']}/{int(m['of'])}", int(m["n"]), m["n"], int(m["of"]))
    m = _PART.fullmatch(base)
    if m is not None:
        letters = m["n"].isalpha()
        yield _Named(f"part {len(m['n']) if letters else 0}", f"{m['stem']}/{m['tail']}", _ordinal(m["n"]) if letters else int(m["n"]), m["n"], 0)
    m = _NUMBER.fullmatch(base)
    if m is not None:
        yield _Named(f"number {len(m['n']) if m['n'].startswith('0') or len(m['n']) > 1 else 1}", m["stem"], int(m["n"]), m["n"], 0)
    for pattern in _LETTERS:
        m = pattern.fullmatch(base)
        if m is not None:
            yield _Named(f"letters {len(m['n'])}", m["stem"], _ordinal(m["n"]), m["n"], 0)


def _ordinal(letters: str) -> int:
    number = 0
    for c in letters:
        number = number * 26 + ord(c) - ord("a")
    return number


def _groups(names: list[str | InputError]) -> Iterator[dict[_Named, str]]:
    """Yield the files that by their names may be the parts of one; by the number of each, ascending."""
    found: dict[tuple[str, str, str], dict[_Named, str]] = {}
    for name in names:
        if isinstance(name, str) and name != "-":
            folder, base = os.path.split(name)
            for reading in _readings(base):
                found.setdefault((folder, reading.style, reading.stem), {})[reading] = name
    for group in found.values():
        ordered = dict(sorted(group.items(), key=lambda x: x[0].number))
        numbers = [x.number for x in ordered]
        if len(set(numbers)) == len(numbers) and (len(numbers) > 1 or next(iter(ordered)).total > 1):
            yield ordered


def _whole(group: dict[_Named, str]) -> Parts | InputError | None:
    """Return the parts as one, or None where their content shows files of their own."""
    keys, names = list(group), list(group.values())
    style, first = keys[0].style.partition(" ")[0], keys[0].number
    begin = 1 if style == "of" else min(first, 1) if style == "number" or keys[0].token.isdigit() else 0
    try:
        if not all(stat.S_ISREG(os.stat(name).st_mode) for name in names):
            return None
        if style == "number" and not _kind(_read(names[0])):
            return None
        heads = [_read(name) for name in names]
        if first != begin:
            if style == "number" or len(names) < 2 or not _is_rest(heads[0]) or any(_kind(h) for h in heads):
                return None
            lost = _name_of(keys[0], begin, os.path.basename(names[0]))
            return InputError(f"cannot read {Parts(tuple(names), '').name}: its first part, {lost}, is missing", "name all parts, or put them into one folder")
        if not _is_one(style, names, heads):
            return None
    except OSError:
        return None
    count = next((at for at, key in enumerate(keys) if key.number != first + at), len(keys))
    missing = "" if count == len(keys) and (not keys[0].total or count == keys[0].total) else _name_of(keys[0], first + count, os.path.basename(names[0]))
    return Parts(tuple(names[:count]), missing)


def _name_of(key: _Named, number: int, base: str) -> str:
    """Return the name of the part with that number, in the manner of another part's name."""
    if key.token.isdigit():
        token = str(number).zfill(len(key.token))
    else:
        token, rest = "", number
        for _ in key.token:
            token, rest = chr(ord("a") + rest % 26) + token, rest // 26
    at = base.rfind(key.token, 0, base.rfind("of") if key.total else len(base))
    return base[:at] + token + base[at + len(key.token) :]


def _read(name: str, at: int = 0) -> bytes:
    with open(name, "rb") as f:
        f.seek(at)
        return f.read(_HEAD if at == 0 else -1)


def _kind(head: bytes) -> str:
    """Return what begins with `head`: a compression, zip, tar, journal, log (the export format), or "" for what does not tell."""
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if head[257:262] == b"ustar":
        return "tar"
    if head.startswith(b"LPKSHHRH"):
        return "journal"
    return "log" if head.startswith(b"__CURSOR=") else compression(head)


def _is_rest(head: bytes) -> bool:
    """Return True if `head` is of no text, so that it may stand within a compressed stream."""
    return b"\0" in head or sum(1 for b in head if b < 32 and b not in (9, 10, 12, 13, 27)) > len(head) // 20


def _is_one(style: str, names: list[str], heads: list[bytes]) -> bool:
    """Return True if the content goes on from file to file."""
    kind = _kind(heads[0])
    if not kind:  # text: only split(1) and people who say "part" cut it so; numbers alone are for logs that were rotated
        return not any(_is_rest(h) or _kind(h) for h in heads)
    if not any(_kind(h) == kind for h in heads[1:]):
        return len(names) > 1 or style == "of"
    # A part of a tar or zip may begin with a member by chance: but then the first one has no end of its own.
    tail = _read(names[0], max(1, os.path.getsize(names[0]) - _TAIL))
    return (kind == "tar" and not tail.endswith(bytes(1024))) or (kind == "zip" and b"PK\x05\x06" not in tail)
