"""What `msnet diagnose` does once its options are read; the command line itself is declared in `cli.py`."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from diagnose.console import (
    EXIT_BLIND,
    EXIT_ERRORS,
    EXIT_NO_EVIDENCE,
    EXIT_OK,
    EXIT_WARNINGS,
    colored,
    micros_of,
    moment_of,
    unicode,
    width,
    write,
    zone_of,
)
from diagnose.errors import UsageError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from diagnose.catalog import Catalog
    from diagnose.collect.device import Device
    from diagnose.collect.live import Progress
    from diagnose.model import Report
    from diagnose.redact.redactor import Redactor


def run(
    *,
    paths: list[str] | None,
    output_format: str,
    output: Path | None,
    since: str | None,
    until: str | None,
    namespace: list[str] | None,
    pod: list[str] | None,
    rule: list[str] | None,
    min_severity: str,
    min_confidence: str,
    exit_zero: bool,
    everything: bool,
    strict: bool,
    quiet: bool,
    no_color: bool,
    lang: str | None,
    now: str | None,
    tz: str | None,
    rules: list[str] | None,
    ignore: list[str] | None,
    ignore_file: str | None,
    boot: str | None,
    timeout: float | None,
    kubeconfig: Path | None,
    journal_dir: Path | None,
    root: Path | None,
    jobs: int,
    metrics: Path | None,
    text_file: Path | None,
    redact: bool,
    redaction_map: Path | None,
    keep_vendor: bool,
) -> int:
    """Diagnose what the options name, write the report, and return the exit code. Raises `MsnetError`."""
    from diagnose import catalog as catalogs
    from diagnose import diagnosis, ignoring
    from diagnose.lang import choose

    language = choose(lang, dict(os.environ))
    named = zone_of(tz)
    local = named or UTC
    reference = moment_of(now, local, datetime.now(UTC)) if now else None
    at = reference or datetime.now(UTC)
    catalog = catalogs.of_run(rules or [])
    if rule:
        from diagnose.cli_rules import known_rule

        for name in rule:
            known_rule(name, catalog)
    select = diagnosis.Selection(
        since=micros_of(since, local, at),
        until=micros_of(until, local, at),
        namespaces=frozenset(namespace or ()),
        pods=frozenset(pod or ()),
        rules=frozenset(rule or ()),
        min_severity=min_severity,
        min_confidence=min_confidence,
    )
    ignores = ignoring.collect(ignore or [], ignore_file, catalog, at.astimezone(local).date())
    device = (boot, timeout, kubeconfig, journal_dir, root)
    if paths and any(x is not None for x in device):
        raise UsageError("--boot, --timeout, --kubeconfig, --journal-dir and --root are for the running device, and paths were named")
    evidence, progress = (paths, None) if paths else _device(*device, select.since)
    with _redaction(catalog, redaction_map, keep_vendor=keep_vendor) if redact else nullcontext() as redactor:
        if redactor is not None:
            redactor.hide_folders(paths or [])
            if not paths:
                redactor.learn_host(os.uname().nodename)
        report = diagnosis.investigate(
            evidence, catalog, now=at, reference=reference, tz=named, select=select, ignores=ignores, progress=progress,
            meet=redactor.learn if redactor is not None else None, jobs=jobs,
        )[0]  # fmt: skip
        if redactor is not None:
            redactor.learn_report(report)
            report = redactor.report(report)
    if output_format == "json":
        from diagnose.render import json_v1

        text = json_v1.render(report, catalog, language)
    elif output_format == "markdown":
        from diagnose.render import markdown

        text = markdown.render(report, catalog, language, everything=everything)
    elif output_format == "html":
        from diagnose.render import html

        text = html.render(report, catalog, language)
    elif output_format == "ticket":
        from diagnose.render import ticket

        text = ticket.render(report, catalog, language)
    else:
        from diagnose.render import terminal

        tty = output is None and sys.stdout.isatty()
        text = terminal.render(
            report,
            catalog,
            language,
            width=width(tty=tty),
            color=colored(tty=tty, no_color=no_color),
            quiet=quiet,
            unicode=unicode(),
            everything=everything,
        )
    write(text, output)
    if text_file is not None:
        from diagnose.render import terminal

        write(terminal.render(report, catalog, language, width=width(tty=False), color=False, quiet=quiet, unicode=True, everything=everything), text_file)
    if metrics is not None:
        from diagnose.render import metrics as textfile

        textfile.write(textfile.render(report), metrics)
    return _exit_code(report, exit_zero=exit_zero, strict=strict)


def _device(
    boot: str | None, timeout: float | None, kubeconfig: Path | None, journal_dir: Path | None, root: Path | None, since: int | None
) -> tuple[Device, Progress | None]:
    """Return the device that the options name, and what tells a terminal how far reading it has come. Raises `UsageError`."""
    from diagnose.cli_device import device_of, progress

    return device_of(boot, timeout, kubeconfig, journal_dir, root, since), progress() if sys.stderr.isatty() else None


def _redaction(catalog: Catalog, path: Path | None, *, keep_vendor: bool) -> AbstractContextManager[Redactor]:
    from diagnose.cli_redact import redaction

    return redaction(catalog, path, keep_vendor=keep_vendor)


def _exit_code(report: Report, *, exit_zero: bool, strict: bool) -> int:
    from diagnose import diagnosis

    if not diagnosis.usable(report):
        return EXIT_NO_EVIDENCE
    worst = {f.severity for f in report.findings if f.state != "resolved"}
    if exit_zero:
        return EXIT_OK
    if "error" in worst:
        return EXIT_ERRORS
    if strict and any(g.hides for g in report.gaps):
        return EXIT_BLIND
    return EXIT_WARNINGS if "warning" in worst else EXIT_OK
