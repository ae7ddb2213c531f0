"""The command line: options in, exit code out; no logic."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta, tzinfo
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, Optional

import typer

from diagnose import __version__
from diagnose.cli_check import check
from diagnose.errors import MsnetError, RuleError, UsageError

if TYPE_CHECKING:
    from diagnose.model import Report

app = typer.Typer(
    name="msnet",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Find why a MicroShift pod does not get its network.",
)

EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_NO_EVIDENCE, EXIT_WARNINGS, EXIT_ERRORS = 0, 1, 2, 3, 10, 11


class Format(str, Enum):
    """Formats of a report."""

    terminal = "terminal"
    json = "json"
    markdown = "markdown"


class TextFormat(str, Enum):
    """Formats of an unwrapped line."""

    text = "text"
    json = "json"


class Severity(str, Enum):
    """Severities, the worst first."""

    error = "error"
    warning = "warning"
    info = "info"


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


Lang = Annotated[Optional[str], typer.Option("--lang", metavar="LANG", help="Language of the report: en or ja (default: the locale's).")]  # noqa: UP045


@app.command()
def diagnose(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH ...]", help="Files, folders, or - for standard input: journals in any form, logs, events, objects, pasted text."),
    ] = None,
    output_format: Annotated[Format, typer.Option("--format", "-f", help="Format of the report.")] = Format.terminal,
    output: Annotated[Optional[Path], typer.Option("--output", "-o", metavar="FILE", help="Write the report to FILE.")] = None,  # noqa: UP045
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Leave out what is older: a time such as '2026-11-23 19:59', or an age such as 2h.")
    ] = None,
    until: Annotated[Optional[str], typer.Option("--until", metavar="TIME", help="Leave out what is newer.")] = None,  # noqa: UP045
    namespace: Annotated[list[str] | None, typer.Option("--namespace", "-n", metavar="NAME", help="Only findings on this namespace; may be repeated.")] = None,
    pod: Annotated[Optional[list[str]], typer.Option("--pod", metavar="[NAMESPACE/]NAME", help="Only findings on this pod; may be repeated.")] = None,  # noqa: UP045
    rule: Annotated[Optional[list[str]], typer.Option("--rule", metavar="ID", help="Only findings of this rule; may be repeated.")] = None,  # noqa: UP045
    min_severity: Annotated[Severity, typer.Option("--min-severity", help="Leave out findings less severe.")] = Severity.info,
    min_confidence: Annotated[Confidence, typer.Option("--min-confidence", help="Leave out findings less sure.")] = Confidence.low,
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Exit 0 even if there are findings.")] = False,  # noqa: FBT002
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the verdict and the titles only.")] = False,  # noqa: FBT002
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours (also: NO_COLOR in the environment).")] = False,  # noqa: FBT002
    lang: Lang = None,
    now: Annotated[Optional[str], typer.Option("--now", metavar="TIME", help="The moment that counts as now, for reproducible reports.")] = None,  # noqa: UP045
    tz: Annotated[str, typer.Option("--tz", metavar="ZONE", help="Time zone of stamps that name none: Europe/Berlin, +02:00.")] = "UTC",
) -> None:
    """Diagnose saved evidence: name the cause, the proof and the cure.

    Exit codes: 0 nothing active, 1 msnet failed, 2 wrong usage, 3 no usable evidence, 10 warnings, 11 errors.
    """
    from diagnose import catalog as catalogs
    from diagnose import diagnosis
    from diagnose.lang import choose
    from diagnose.parse.when import zone

    if not paths:
        raise UsageError("no input given", "name files or folders, or - for standard input; diagnosing the live device comes with a later version")
    language = choose(lang, dict(os.environ))
    local = zone(tz)
    reference = _moment(now, local, datetime.now(UTC)) if now else None
    at = reference or datetime.now(UTC)
    catalog = catalogs.load()
    for name in rule or []:
        if name not in catalog.by_id:
            raise UsageError(f"unknown rule {name!r}", "`msnet rules` lists them")
    select = diagnosis.Selection(
        since=_micros(since, local, at),
        until=_micros(until, local, at),
        namespaces=frozenset(namespace or ()),
        pods=frozenset(pod or ()),
        rules=frozenset(rule or ()),
        min_severity=min_severity.value,
        min_confidence=min_confidence.value,
    )
    report = diagnosis.diagnose(paths, catalog, now=at, reference=reference, tz=local, select=select)
    if output_format is Format.json:
        from diagnose.render import json_v1

        text = json_v1.render(report, catalog, language)
    elif output_format is Format.markdown:
        from diagnose.render import markdown

        text = markdown.render(report, catalog, language)
    else:
        from diagnose.render import terminal

        tty = output is None and sys.stdout.isatty()
        text = terminal.render(
            report, catalog, language, width=_width(tty), color=tty and not no_color and not os.environ.get("NO_COLOR"), quiet=quiet, unicode=_unicode()
        )
    _write(text, output)
    raise typer.Exit(_exit_code(report, exit_zero=exit_zero))


def _exit_code(report: Report, *, exit_zero: bool) -> int:
    from diagnose import diagnosis

    if not diagnosis.usable(report):
        return EXIT_NO_EVIDENCE
    worst = {f.severity for f in report.findings if f.state != "resolved"}
    if exit_zero or not worst & {"error", "warning"}:
        return EXIT_OK
    return EXIT_ERRORS if "error" in worst else EXIT_WARNINGS


def _width(tty: bool) -> int:  # noqa: FBT001
    if not tty:
        return 100
    import shutil

    return max(60, min(shutil.get_terminal_size((100, 24)).columns, 140))


def _unicode() -> bool:
    return "utf" in (getattr(sys.stdout, "encoding", "") or "").lower()


def _write(text: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as e:
        raise MsnetError(f"cannot write {output}: {e.strerror or e}") from e


def _moment(text: str, tz: tzinfo, now: datetime) -> datetime:
    from diagnose.parse.when import age_seconds

    seconds = age_seconds(text)
    if seconds is not None:
        return now - timedelta(seconds=seconds)
    try:
        value = datetime.fromisoformat(text.strip())
    except ValueError as e:
        raise UsageError(f"not a time: {text!r}", "write it as 2026-11-23, '2026-11-23 19:59' or 2026-11-23T19:59:00Z, or an age such as 2h") from e
    return value if value.tzinfo else value.replace(tzinfo=tz)


def _micros(text: str | None, tz: tzinfo, now: datetime) -> int | None:
    from diagnose.parse.when import micros

    return micros(_moment(text, tz, now)) if text else None


@app.command()
def unwrap(
    line: Annotated[str, typer.Argument(metavar="LINE|-", help="One line, as pasted; - reads lines from standard input.")],
    output_format: Annotated[TextFormat, typer.Option("--format", "-f", help="Format of the answer.")] = TextFormat.text,
    lang: Lang = None,
) -> None:
    """Take one error line apart: who failed, who only passed it on, and the rule it belongs to.

    With - it answers line by line as they arrive, so it can stand behind `journalctl -f`.
    """
    from diagnose import catalog as catalogs
    from diagnose import unwrapping
    from diagnose.lang import choose

    language = choose(lang, dict(os.environ))
    catalog = catalogs.load()
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
def explain(rule: Annotated[str, typer.Argument(metavar="RULE", help="A rule's id.")], lang: Lang = None) -> None:
    """Print a rule's page: what it means, why it happens, what to do."""
    from diagnose import catalog as catalogs
    from diagnose.lang import choose
    from diagnose.render import page

    catalog = catalogs.load()
    if rule not in catalog.by_id:
        import difflib

        near = difflib.get_close_matches(rule, catalog.by_id, 3)
        raise UsageError(f"unknown rule {rule!r}", f"did you mean {', '.join(near)}?" if near else "`msnet rules` lists them")
    sys.stdout.write(page.render(catalog.by_id[rule], choose(lang, dict(os.environ))))


@app.command()
def rules(lang: Lang = None) -> None:
    """List the rules: one failure class each."""
    from diagnose import catalog as catalogs
    from diagnose.lang import choose
    from diagnose.render import page

    sys.stdout.write(page.index(catalogs.load(), choose(lang, dict(os.environ))))


app.command()(check)


def _fail(error: MsnetError, code: int) -> NoReturn:
    print(f"error: {error}", file=sys.stderr)
    if error.hint:
        print(f"  hint: {error.hint}", file=sys.stderr)
    sys.exit(code)


def main() -> None:
    """Run msnet; every error that a user can meet becomes a sentence and an exit code."""
    try:
        app(prog_name="msnet")
    except (UsageError, RuleError) as e:
        _fail(e, EXIT_USAGE)
    except MsnetError as e:
        _fail(e, EXIT_FAILED)
    except BrokenPipeError:
        # The reader went away (head, a closed pager): not our failure.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(EXIT_OK)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as e:
        if os.environ.get("MSNET_DEBUG"):
            raise
        _fail(MsnetError(f"msnet failed: {type(e).__name__}: {e}", "MSNET_DEBUG=1 shows where; this is a fault of msnet"), EXIT_FAILED)


if __name__ == "__main__":
    main()
