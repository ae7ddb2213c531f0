"""`msnet check` on the command line: options in, exit code out; no logic."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from diagnose.cli_rules import catalog_of
from diagnose.console import EXIT_ERRORS, EXIT_NO_EVIDENCE, EXIT_OK, EXIT_WARNINGS, colored, unicode, width, write
from diagnose.errors import UsageError
from diagnose.options import ExitZero, Folders, Lang, NoColor, Severity

if TYPE_CHECKING:
    from diagnose.catalog import Catalog
    from diagnose.checking import Outcome


class Format(str, Enum):
    """Formats of diagnostics."""

    terminal = "terminal"
    json = "json"
    sarif = "sarif"
    github = "github"


def check(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH ...]", help="Files, folders, or - for standard input: manifests as YAML or JSON, the output of kustomize or Helm."),
    ] = None,
    output_format: Annotated[Format, typer.Option("--format", "-f", help="Format of the diagnostics.")] = Format.terminal,
    profile: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--profile", metavar="FILE", help="The node that the manifests are meant for (default: a stock MicroShift)."),
    ] = None,
    ignore: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--ignore", metavar="RULE[=[NAMESPACE/]NAME]", help="Leave out a rule, everywhere or for one object; may be repeated."),
    ] = None,
    ignore_file: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--ignore-file", metavar="FILE", help="What to leave out, with reason and expiry date (default: /etc/msnet/ignore.yaml, where it exists)."
        ),
    ] = None,
    rules: Folders = None,
    min_severity: Annotated[Severity, typer.Option("--min-severity", help="Leave out what is less severe.")] = Severity.info,
    exit_zero: ExitZero = False,  # noqa: FBT002
    no_color: NoColor = False,  # noqa: FBT002
    lang: Lang = None,
) -> None:
    """Check NADs and pods before they are deployed: what Multus and its plugins would refuse, with its place in the file.

    Exit codes: 0 nothing, 1 msnet failed, 2 wrong usage, 3 nothing could be read, 10 warnings, 11 errors.
    """
    from diagnose import checking, ignoring
    from diagnose.checks.fault import Profile
    from diagnose.checks.words import OWN
    from diagnose.lang import choose
    from diagnose.profile import load
    from diagnose.render.words import expired_text

    if not paths:
        raise UsageError("no manifest given", "name files or folders, or - for standard input")
    language = choose(lang, dict(os.environ))
    node = load(profile) if profile else Profile()
    catalog = catalog_of(rules)
    ignores = ignoring.collect(ignore or [], ignore_file, catalog, datetime.now(UTC).astimezone().date(), also=OWN)
    for told in [*(f"not used: {where}: {what}" for where, what in ignores.problems), *(f"no longer ignored: {expired_text(e)}" for e in ignores.expired)]:
        sys.stderr.write(f"{told}\n")
    select = checking.Selection(tuple(checking.Ignore(e.rule, e.namespace, e.name) for e in ignores.entries), min_severity.value)
    outcome = checking.check(paths, catalog, node, select)
    write(_rendered(outcome, catalog, language, output_format, no_color=no_color))
    if not outcome.usable:
        from diagnose.checks.words import say

        sys.stderr.write(f"error: {say('check-nothing', language)}\n  hint: {say('check-nothing-hint', language)}\n")
    raise typer.Exit(_exit_code(outcome, exit_zero=exit_zero))


def _rendered(outcome: Outcome, catalog: Catalog, language: str, form: Format, *, no_color: bool) -> str:
    if form is Format.sarif:
        from diagnose.render import sarif

        return sarif.render(outcome, catalog, language)
    if form is Format.github:
        from diagnose.render import github

        return github.render(outcome, catalog, language)
    from diagnose.render import diagnostics

    if form is Format.json:
        return diagnostics.render_json(outcome, catalog, language)
    tty = sys.stdout.isatty()
    return diagnostics.render(outcome, catalog, language, width=width(tty=tty), color=colored(tty=tty, no_color=no_color), unicode=unicode())


def _exit_code(outcome: Outcome, *, exit_zero: bool) -> int:
    if not outcome.usable:
        return EXIT_NO_EVIDENCE
    worst = {d.severity for d in outcome.diagnostics}
    if exit_zero or not worst & {"error", "warning"}:
        return EXIT_OK
    return EXIT_ERRORS if "error" in worst else EXIT_WARNINGS
