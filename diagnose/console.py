"""What all commands have in common: exit codes, options, and how text reaches the terminal or a file."""

from __future__ import annotations

import os
import sys
from datetime import datetime, timedelta, tzinfo
from enum import Enum
from pathlib import Path
from typing import Annotated, Optional

import typer

from diagnose.errors import MsnetError, UsageError

EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_NO_EVIDENCE, EXIT_WARNINGS, EXIT_ERRORS, EXIT_BLIND = 0, 1, 2, 3, 10, 11, 12
_NARROWEST, _USUAL, _WIDEST = 60, 100, 140


class Severity(str, Enum):
    """Severities, the worst first."""

    error = "error"
    warning = "warning"
    info = "info"


Lang = Annotated[Optional[str], typer.Option("--lang", metavar="LANG", help="Language: en or ja (default: the locale's).")]  # noqa: UP045
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours (also: NO_COLOR in the environment).")]
Namespaces = Annotated[Optional[list[str]], typer.Option("--namespace", "-n", metavar="NAME", help="Only findings on this namespace; may be repeated.")]  # noqa: UP045
Pods = Annotated[Optional[list[str]], typer.Option("--pod", metavar="[NAMESPACE/]NAME", help="Only findings on this pod; may be repeated.")]  # noqa: UP045
RuleIds = Annotated[Optional[list[str]], typer.Option("--rule", metavar="ID", help="Only findings of this rule; may be repeated.")]  # noqa: UP045
MinSeverity = Annotated[Severity, typer.Option("--min-severity", help="Leave out findings less severe.")]
Ignore = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option("--ignore", metavar="RULE[=[NAMESPACE/]NAME]", help="Set aside findings of a rule, everywhere or on one pod or NAD; may be repeated."),
]
IgnoreFile = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--ignore-file", metavar="FILE", help="What to set aside, with reason and expiry date (default: /etc/msnet/ignore.yaml, where it exists)."),
]
Zone = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--tz", metavar="ZONE", help="Time zone of stamps that name none: Europe/Berlin, +02:00.  [default: the node's, where the evidence tells it, else UTC]"),
]  # fmt: skip
ExitZero = Annotated[bool, typer.Option("--exit-zero", help="Exit 0 even if there are errors or warnings.")]


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
