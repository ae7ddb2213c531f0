"""`msnet profile` on the command line: options in, exit code out; no logic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from diagnose.console import write
from diagnose.errors import NoEvidenceError, UsageError


def profile(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH ...]", help="Files or folders: `ip -j link`, `ip -j addr`, objects as YAML, `microshift version`, config.yaml."),
    ] = None,
    output: Annotated[Optional[Path], typer.Option("--output", "-o", metavar="FILE", help="Write the profile to FILE.")] = None,  # noqa: UP045
) -> None:
    """Write the profile of a node, for `msnet check --profile`, from what was saved of it.

    What the evidence does not tell is as on a stock MicroShift. Exit codes: 0 written, 1 msnet failed, 2 wrong usage, 3 the evidence tells nothing.
    """
    from diagnose import profiling
    from diagnose.profile import dump

    if not paths:
        raise UsageError("no input given", "name files or folders with what was saved of the node; reading the live device comes with a later version")
    learned = profiling.learn(paths)
    if not learned.anything:
        raise NoEvidenceError("nothing there tells of a node", "save `ip -j link`, `ip -j addr` and `oc get nodes,network-attachment-definitions -A -o yaml`")
    write(dump(learned.profile()), output)
