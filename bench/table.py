"""The table of results, in Markdown."""

from __future__ import annotations

from typing import NamedTuple

from bench.measure import Ratio, Run, peak, ratio, seconds


class Line(NamedTuple):
    """One line of the table; what does not apply is empty."""

    what: str
    seconds: str = ""
    peak: str = ""
    beside: str = ""
    its_seconds: str = ""
    its_peak: str = ""
    figure: str = ""
    """How msnet compares."""
    target: str = ""
    met: bool | None = None
    right: bool | None = None
    """Whether the findings are right; None where none are looked at."""


HEAD = ("input", "msnet s", "MiB", "beside it", "s", "MiB", "msnet / it (min to max)", "target", "", "findings")


def compared(what: str, ours: list[Run], title: str, theirs: list[Run], *, factor: float = 1, target: float | None = None, right: bool | None = None) -> Line:
    """Return the line of one comparison; their seconds are multiplied by `factor`."""
    found = ratio(ours, theirs, factor)
    return Line(
        what, _seconds(seconds(ours)), f"{peak(ours):.0f}", title, _seconds(seconds(theirs) * factor), f"{peak(theirs):.0f}",
        shown(found), *judged(found.median, target), right,
    )  # fmt: skip


def judged(figure: float, target: float | None) -> tuple[str, bool | None]:
    """Return a target as it is shown, and whether `figure`, as it is shown, meets it."""
    return ("", None) if target is None else (f"<= {target:g}", round(figure, 2) <= target)


def shown(found: Ratio) -> str:
    """Return a ratio as it is shown."""
    return f"{found.median:.2f} ({found.least:.2f} to {found.most:.2f})"


def render(lines: list[Line]) -> str:
    """Return the table; what a line shares with the one above is left out."""
    rows = [HEAD, ("---",) * len(HEAD)]
    above = Line("")
    for line in lines:
        same = line[:3] == above[:3] and line.right == above.right
        own = ("", "", "") if same else line[:3]
        met = "" if line.met is None else "met" if line.met else "**missed**"
        right = "" if line.right is None or same else "right" if line.right else "**WRONG**"
        rows.append((*own, line.beside, line.its_seconds, line.its_peak, line.figure, line.target, met, right))
        above = line
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |\n" for row in rows)


def _seconds(value: float) -> str:
    return f"{value:.3f}" if value < 1 else f"{value:.2f}"
