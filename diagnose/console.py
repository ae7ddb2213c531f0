"""What all commands have in common: exit codes, how text reaches the terminal or a file, and how times are read."""

from __future__ import annotations

import os
import sys
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from diagnose.errors import MsnetError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

EXIT_OK, EXIT_NO_EVIDENCE, EXIT_WARNINGS, EXIT_ERRORS, EXIT_BLIND = 0, 3, 10, 11, 12
"""Exit codes of answers; those of errors are in `diagnose.errors`."""
_NARROWEST, _USUAL, _WIDEST = 60, 100, 140


def width(*, tty: bool) -> int:
    """Return the columns to fill: the terminal's within reason, 100 elsewhere."""
    if not tty:
        return _USUAL
    import shutil

    return max(_NARROWEST, min(shutil.get_terminal_size((_USUAL, 24)).columns, _WIDEST))


def colored(*, tty: bool, no_color: bool) -> bool:
    """Return True if colours are wanted and can be shown."""
    return tty and not no_color and not os.environ.get("NO_COLOR")


def unicode() -> bool:
    """Return True if standard output takes more than ASCII."""
    return "utf" in (getattr(sys.stdout, "encoding", "") or "").lower()


def write(text: str, output: Path | None = None) -> None:
    """Write to a file, or to standard output, where what its encoding cannot hold is escaped."""
    if output is None:
        encoding = getattr(sys.stdout, "encoding", "") or "utf-8"
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
        sys.stdout.flush()
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as e:
        raise MsnetError(f"cannot write {output}: {e.strerror or e}") from e


def zone_of(text: str | None) -> tzinfo | None:
    """Return the zone that `--tz` names; None where it was not given. Raises `UsageError`."""
    from diagnose.parse.when import zone

    return zone(text) if text is not None else None


def moment_of(text: str, tz: tzinfo, now: datetime) -> datetime:
    """Return the moment that a time or an age names. Raises `UsageError`."""
    from diagnose.parse.when import age_seconds

    seconds = age_seconds(text)
    if seconds is not None:
        return now - timedelta(seconds=seconds)
    try:
        value = datetime.fromisoformat(text.strip())
    except ValueError as e:
        raise UsageError(f"not a time: {text!r}", "write it as 2026-11-23, '2026-11-23 19:59' or 2026-11-23T19:59:00Z, or an age such as 2h") from e
    return value if value.tzinfo else value.replace(tzinfo=tz)


def micros_of(text: str | None, tz: tzinfo, now: datetime) -> int | None:
    """Return the same in microseconds since the epoch; None where none is named."""
    from diagnose.parse.when import micros

    return micros(moment_of(text, tz, now)) if text else None
