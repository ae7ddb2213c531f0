"""What all commands have in common: exit codes, options, and how text reaches the terminal or a file."""

from __future__ import annotations

import os
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, Optional

import typer

from diagnose.errors import MsnetError

EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_NO_EVIDENCE, EXIT_WARNINGS, EXIT_ERRORS, EXIT_BLIND = 0, 1, 2, 3, 10, 11, 12
_NARROWEST, _USUAL, _WIDEST = 60, 100, 140


class Severity(str, Enum):
    """Severities, the worst first."""

    error = "error"
    warning = "warning"
    info = "info"


Lang = Annotated[Optional[str], typer.Option("--lang", metavar="LANG", help="Language: en or ja (default: the locale's).")]  # noqa: UP045
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours (also: NO_COLOR in the environment).")]
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
