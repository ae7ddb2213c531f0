"""Finds where a large log can be cut into parts that are read each by itself: where no message can go over the border."""

from __future__ import annotations

from diagnose.collect.stream import AHEAD, ExportFormat, Format, JsonFormat, LineFormat, Part
from diagnose.scan import Scanner

LARGE = 32 * 1024 * 1024
"""Bytes from which on a log is cut."""
SMALLEST, LARGEST = 16 * 1024 * 1024, 64 * 1024 * 1024
"""Bytes of a part, about; of larger ones the results would have to wait for those of the part before."""
_WINDOW = 1024 * 1024
"""Bytes from where a part should begin in which a place is sought; where there is none, it is not cut."""


def parts(path: str, size: int, fmt: Format, scan: Scanner, count: int) -> list[Part]:
    """Return about `count` parts of a plain log of `size` bytes, or more. Raises `OSError`."""
    if size < LARGE or type(fmt) not in (LineFormat, JsonFormat, ExportFormat):
        return [Part()]
    found = [Part()]
    step = max(SMALLEST, min(LARGEST, -(-size // count)))
    with open(path, "rb") as f:
        for at in range(step, size - step // 2, step):
            if at < found[-1].start:
                continue
            f.seek(at)
            border = _border(f.read(_WINDOW), fmt, scan)
            if border is not None:
                context, start = border
                found[-1].end = at + start
                found.append(Part(at + context, at + start))
    return found


def _border(data: bytes, fmt: Format, scan: Scanner) -> tuple[int, int] | None:
    """Return the first two starts of records between which there are `AHEAD` records and one, none of them with a hit; None where there are no such.

    A message that stands in several records begins at most that many above its end.
    """
    begin = fmt.end(data, 0)
    for hit in (*(at for at, literal in scan.find(data) if literal not in scan.signs), len(data) - 1):
        at = begin
        for _ in range(AHEAD + 1):
            at = fmt.end(data, at) if at <= hit else len(data)
        if at <= hit:
            return begin, at
        begin = max(begin, fmt.end(data, hit))
    return None
