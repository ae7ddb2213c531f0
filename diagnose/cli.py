"""The command line: options in, exit code out; no logic."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from diagnose import __version__, run_diagnose
from diagnose.cli_check import check
from diagnose.cli_collect import collect
from diagnose.cli_device import device_of
from diagnose.cli_profile import profile
from diagnose.cli_redact import reveal
from diagnose.cli_rules import app as rules_app
from diagnose.cli_rules import catalog_of, known_rule
from diagnose.cli_watch import watch
from diagnose.console import EXIT_BLIND, EXIT_ERRORS, EXIT_OK, EXIT_WARNINGS, zone_of
from diagnose.errors import NoEvidenceError, UsageError
from diagnose.options import (
    Boot,
    ExitZero,
    Folders,
    Ignore,
    IgnoreFile,
    JournalDir,
    KeepVendor,
    Kubeconfig,
    Lang,
    MapFile,
    MinSeverity,
    Namespaces,
    NoColor,
    Pods,
    Redact,
    Root,
    RuleIds,
    Severity,
    Timeout,
    Zone,
)

app = typer.Typer(
    name="msnet",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Find why a MicroShift pod does not get its network.",
)


class Format(str, Enum):
    """Formats of a report."""

    terminal = "terminal"
    json = "json"
    markdown = "markdown"
    html = "html"
    ticket = "ticket"


class TextFormat(str, Enum):
    """Formats of an unwrapped line."""

    text = "text"
    json = "json"


class Confidence(str, Enum):
    """Confidences, the surest first."""

    high = "high"
    medium = "medium"
    low = "low"


def _version(value: bool) -> None:  # noqa: FBT001 - typer's signature
    if value:
        print(f"msnet {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,  # noqa: FBT002
) -> None:
    del version


@app.command()
def diagnose(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH ...]",
            help="Files, folders, or - for standard input: journals in any form, logs, events, objects, pasted text. Without any, the running device.",
        ),
    ] = None,
    output_format: Annotated[
        Format, typer.Option("--format", "-f", help="Format of the report: html is one page to look at, ticket the shortest to paste.")
    ] = Format.terminal,
    output: Annotated[Optional[Path], typer.Option("--output", "-o", metavar="FILE", help="Write the report to FILE.")] = None,  # noqa: UP045
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Leave out what is older: a time such as '2026-11-23 19:59', or an age such as 2h.")
    ] = None,
    until: Annotated[Optional[str], typer.Option("--until", metavar="TIME", help="Leave out what is newer.")] = None,  # noqa: UP045
    namespace: Namespaces = None,
    pod: Pods = None,
    rule: RuleIds = None,
    min_severity: MinSeverity = Severity.info,
    min_confidence: Annotated[Confidence, typer.Option("--min-confidence", help="Leave out findings less sure.")] = Confidence.low,
    exit_zero: ExitZero = False,  # noqa: FBT002
    everything: Annotated[bool, typer.Option("--all", help="Show resolved findings whole, not in one line each.")] = False,  # noqa: FBT002
    strict: Annotated[bool, typer.Option("--strict", help="Exit 12 when a blind spot could hide a failure.")] = False,  # noqa: FBT002
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the verdict and the titles only.")] = False,  # noqa: FBT002
    no_color: NoColor = False,  # noqa: FBT002
    lang: Lang = None,
    now: Annotated[Optional[str], typer.Option("--now", metavar="TIME", help="The moment that counts as now, for reproducible reports.")] = None,  # noqa: UP045
    tz: Zone = None,
    rules: Folders = None,
    ignore: Ignore = None,
    ignore_file: IgnoreFile = None,
    boot: Boot = None,
    timeout: Timeout = None,
    kubeconfig: Kubeconfig = None,
    journal_dir: JournalDir = None,
    root: Root = None,
    jobs: Annotated[
        int,
        typer.Option(
            "--jobs", "-j", metavar="N", min=1, max=64, help="Read large files in N processes at a time. The report is the same; the device is read in one."
        ),
    ] = 1,
    metrics: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--metrics", metavar="FILE", help="Write metrics to FILE as well, for node-exporter's textfile collector (its files end in .prom)."),
    ] = None,
    text_file: Annotated[Optional[Path], typer.Option("--text", metavar="FILE", help="Write the report as plain text to FILE as well.")] = None,  # noqa: UP045
    redact: Redact = False,  # noqa: FBT002
    redaction_map: MapFile = None,
    keep_vendor: KeepVendor = False,  # noqa: FBT002
) -> None:
    """Diagnose the running device, or saved evidence: name the cause, the proof and the cure.

    On the device it reads the journal, the API server, the node's state and the container runtime, and changes nothing.

    Exit codes: 0 nothing active, 1 msnet failed, 2 wrong usage, 3 no usable evidence, 10 warnings, 11 errors,
    12 (with --strict) no errors, but a blind spot that could hide one.
    """
    raise typer.Exit(run_diagnose.run(**locals()))


@app.command()
def diff(
    before: Annotated[str, typer.Argument(metavar="BEFORE", help="A report of `msnet diagnose --format json`, or evidence: a file or folder.")],
    after: Annotated[str, typer.Argument(metavar="AFTER", help="The later report or evidence.")],
    output_format: Annotated[TextFormat, typer.Option("--format", "-f", help="Format of the answer.")] = TextFormat.text,
    lang: Lang = None,
    tz: Zone = None,
) -> None:
    """Compare two reports: what is cured, new or changed, and what else differs (NADs, images, versions, interfaces).

    Exit codes: 0 nothing new, 1 msnet failed, 2 wrong usage, 3 no usable evidence, 10 a new warning, 11 a new error.
    """
    from diagnose import compare
    from diagnose.lang import choose
    from diagnose.render import comparison

    language = choose(lang, dict(os.environ))
    found = compare.compare(_report_of(before, language, tz), _report_of(after, language, tz))
    sys.stdout.write(comparison.json_text(found) if output_format is TextFormat.json else comparison.text(found, language))
    worst = {c.after["severity"] for c in found.new}
    raise typer.Exit(EXIT_ERRORS if "error" in worst else EXIT_WARNINGS if worst else EXIT_OK)


def _report_of(path: str, language: str, tz: str | None) -> dict[str, Any]:
    """Return the report that a file holds, or the one on the evidence that it holds."""
    from diagnose import diagnosis, user_rules
    from diagnose.collect.saved import report_in
    from diagnose.render import json_v1

    saved = report_in(path)
    if saved is not None:
        return saved
    catalog = user_rules.load()
    report = diagnosis.diagnose([path], catalog, now=datetime.now(UTC), reference=None, tz=zone_of(tz), select=diagnosis.Selection())
    if not diagnosis.usable(report):
        raise NoEvidenceError(f"{path}: no usable evidence", report.gaps[0].reason if report.gaps else "")
    return json_v1.as_mapping(report, catalog, language)


@app.command()
def verify(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="The rule whose failure was to be cured.")],
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH ...]", help="Evidence taken after the cure: files, folders, or -. Without any, the running device."),
    ] = None,
    pod: Annotated[Optional[str], typer.Option("--pod", metavar="NAMESPACE/NAME", help="The pod that failed.")] = None,  # noqa: UP045
    output_format: Annotated[TextFormat, typer.Option("--format", "-f", help="Format of the answer.")] = TextFormat.text,
    lang: Lang = None,
    tz: Zone = None,
    boot: Boot = None,
    timeout: Timeout = None,
    kubeconfig: Kubeconfig = None,
    journal_dir: JournalDir = None,
    root: Root = None,
) -> None:
    """Tell whether a failure is cured, and what shows it.

    Exit codes: 0 cured, 2 wrong usage, 3 no usable evidence, 10 or 11 not cured, 12 the evidence does not show it.
    """
    from diagnose import diagnosis, user_rules
    from diagnose.lang import choose
    from diagnose.render import verdict
    from diagnose.verifying import verdict_on

    catalog = user_rules.load()
    known_rule(rule, catalog)
    if pod is not None and pod.count("/") != 1:
        raise UsageError(f"not a pod: {pod!r}", "write it as namespace/name")
    evidence = paths or device_of(boot, timeout, kubeconfig, journal_dir, root, None)
    report, story = diagnosis.investigate(evidence, catalog, now=datetime.now(UTC), reference=None, tz=zone_of(tz), select=diagnosis.Selection())
    if not diagnosis.usable(report):
        raise NoEvidenceError("no usable evidence", report.gaps[0].reason if report.gaps else "")
    answer = verdict_on(rule, pod or "", report, story)
    language = choose(lang, dict(os.environ))
    sys.stdout.write(
        verdict.json_text(rule, pod, answer, report, language) if output_format is TextFormat.json else verdict.text(rule, pod, answer, report, language)
    )
    if answer.word == "failing":
        raise typer.Exit(EXIT_ERRORS if any(f.severity == "error" for f in answer.findings) else EXIT_WARNINGS)
    raise typer.Exit(EXIT_OK if answer.word == "cured" else EXIT_BLIND)


@app.command()
def unwrap(
    line: Annotated[str, typer.Argument(metavar="LINE|-", help="One line, as pasted; - reads lines from standard input.")],
    output_format: Annotated[TextFormat, typer.Option("--format", "-f", help="Format of the answer.")] = TextFormat.text,
    rules: Folders = None,
    lang: Lang = None,
) -> None:
    """Take one error line apart: who failed, who only passed it on, and the rule it belongs to.

    With - it answers line by line as they arrive, so it can stand behind `journalctl -f`.
    """
    from diagnose import unwrapping
    from diagnose.lang import choose

    language = choose(lang, dict(os.environ))
    catalog = catalog_of(rules)
    peeler = unwrapping.Unwrapper(catalog)

    def render(number: int, text: str) -> str:
        return peeler.json(number, text) if output_format is TextFormat.json else peeler.text(text, language)

    if line != "-":
        print(render(1, line), end="")
        return
    for number, raw in enumerate(sys.stdin.buffer, 1):
        sys.stdout.write(render(number, raw.decode("utf-8", "replace").rstrip("\r\n")))
        sys.stdout.flush()


@app.command()
def explain(rule: Annotated[str, typer.Argument(metavar="RULE", help="A rule's id.")], rules: Folders = None, lang: Lang = None) -> None:
    """Print a rule's page: what it means, why it happens, what to do."""
    from diagnose.lang import choose
    from diagnose.render import page

    catalog = catalog_of(rules)
    known_rule(rule, catalog)
    sys.stdout.write(page.render(catalog.by_id[rule], choose(lang, dict(os.environ))))


app.command()(check)
app.command()(collect)
app.command()(profile)
app.command()(reveal)
app.command()(watch)
app.add_typer(rules_app, name="rules")
