"""`msnet collect`: what is seen of the device, or of saved evidence, into one file to be sent."""

from __future__ import annotations

import os
import re
import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from diagnose.cli_device import device_of, progress
from diagnose.cli_redact import redaction
from diagnose.console import EXIT_ERRORS, EXIT_NO_EVIDENCE, EXIT_OK, micros_of, moment_of, zone_of
from diagnose.errors import InputError, UsageError
from diagnose.options import PANEL, Boot, Folders, JournalDir, KeepVendor, Kubeconfig, Lang, MapFile, Root, Timeout, Zone
from diagnose.pattern import lazy

if TYPE_CHECKING:
    from diagnose.bundle.build import Bundle
    from diagnose.model import Report

_UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3}
_SIZE = lazy(r"(\d{1,12})([kmg]?)b?", re.IGNORECASE)


def collect(
    output: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--output", "-o", metavar="FILE", help="The bundle: .tar.zst, .tar.gz or .tar.xz, or - for standard output (default: a name with node and time)."
        ),
    ] = None,
    evidence: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--from", metavar="PATH", help="Saved evidence, in place of the running device: a file or folder; may be repeated."),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Keep logs and journals whole, not only the lines around what was found.")] = False,  # noqa: FBT002
    max_size: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--max-size", metavar="SIZE", help="The most it may take, such as 5M: less is kept then, and told."),
    ] = None,
    no_redact: Annotated[bool, typer.Option("--no-redact", rich_help_panel=PANEL, help="Keep names and addresses; secrets go all the same.")] = False,  # noqa: FBT002
    redaction_map: MapFile = None,
    keep_vendor: KeepVendor = False,  # noqa: FBT002
    check: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--check", metavar="BUNDLE", rich_help_panel=PANEL, help="Write nothing: look through a bundle for every value of the map, and for secrets."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE where it is there already.")] = False,  # noqa: FBT002
    since: Annotated[Optional[str], typer.Option("--since", metavar="TIME", help="Leave out what is older: a time, or an age such as 2h.")] = None,  # noqa: UP045
    lang: Lang = None,
    now: Annotated[Optional[str], typer.Option("--now", metavar="TIME", help="The moment that counts as now, for reproducible bundles.")] = None,  # noqa: UP045
    tz: Zone = None,
    rules: Folders = None,
    boot: Boot = None,
    timeout: Timeout = None,
    kubeconfig: Kubeconfig = None,
    journal_dir: JournalDir = None,
    root: Root = None,
) -> None:
    """Write a bundle of the running device, or of saved evidence, for whoever shall help: what was seen, and the report on it.

    `msnet diagnose FILE` finds the same in it. Exit codes: 0 written (with --check: nothing was left), 1 not written, 2 wrong usage,
    3 no evidence at all, 11 --check found something.
    """
    if check is not None:
        raise typer.Exit(_checked(check, redaction_map))
    from diagnose import diagnosis, user_rules
    from diagnose.bundle.build import build
    from diagnose.bundle.cleaner import Cleaner, Plain, Redacting
    from diagnose.bundle.pack import PACKERS
    from diagnose.collect.capture import Capture
    from diagnose.lang import choose

    language = choose(lang, dict(os.environ))
    named = zone_of(tz)
    local = named or UTC
    reference = moment_of(now, local, datetime.now(UTC)) if now else None
    at = reference or datetime.now(UTC)
    select = diagnosis.Selection(since=micros_of(since, local, at))
    most = _bytes(max_size)
    suffix = ".tar.zst"
    if output is not None and output != "-":
        suffix = next((s for s in PACKERS if output.endswith(s)), "")
        if not suffix:
            raise UsageError(f"{output}: no known kind of bundle", f"end its name with one of {', '.join(PACKERS)}")
        if not force and os.path.lexists(output):
            raise UsageError(f"{output} is there already", "--force replaces it")
    if output == "-" and sys.stdout.isatty():
        raise UsageError("a bundle is nothing for a terminal", "name a file, or send it on: msnet collect -o - | ssh ...")
    device = any(x is not None for x in (boot, timeout, kubeconfig, journal_dir, root))
    if evidence and device:
        raise UsageError("--boot, --timeout, --kubeconfig, --journal-dir and --root are for the running device, and --from was given")
    catalog = user_rules.load(rules or [])
    host = "node" if evidence or root is not None else os.uname().nodename
    captured = Capture(full=full)
    report = diagnosis.investigate(
        evidence or device_of(boot, timeout, kubeconfig, journal_dir, root, select.since), catalog, now=at, reference=reference, tz=named,
        select=select, progress=progress() if sys.stderr.isatty() else None, keep=captured,
    )[0]  # fmt: skip
    with nullcontext() if no_redact else redaction(catalog, redaction_map, keep_vendor=keep_vendor) as redactor:
        cleaner: Cleaner = Plain() if redactor is None else Redacting(redactor)
        if redactor is not None:
            redactor.hide_folders(evidence or [])
            redactor.learn_host(host)
        cleaner.learn(captured, report)
        found = build(captured, report, catalog, cleaner, language, host)
        if most is not None:
            found.fit(most, suffix)
        name = output or f"{found.folder}-{cleaner.state}{suffix}"
        size = _write(found, name, suffix, force=force)
    sys.stderr.write(_said(found, report, name, size, language))
    empty = not captured.count and not captured.resources
    raise typer.Exit(EXIT_NO_EVIDENCE if empty else EXIT_OK)


def _checked(bundle: str, place: Path | None) -> int:
    """Tell what of the map is left in a bundle, and return the exit code."""
    from diagnose import user_rules
    from diagnose.bundle.check import check
    from diagnose.lang import labels
    from diagnose.redact import kept
    from diagnose.redact.report import strings
    from diagnose.render.html import templates

    where = place or kept.usual_path()
    table = kept.load(where)
    if table is None:
        raise InputError(
            f"no map of pseudonyms at {where}", "it is on the device that made the bundle, with the user who made it; name it with --redaction-map"
        )
    own = [*strings(user_rules.load().rules), *(text for language in ("en", "ja") for text in strings(labels(language))), *(p.read_text() for p in templates())]
    found = check(bundle, table, own)
    for member, leaks in found.leaks.items():
        for leak, times in sorted(leaks.items()):
            sys.stdout.write(f"{member}: {leak.kind}{f' {leak.value}' if leak.value else ''} ({times}x)\n")
    left = sum(sum(leaks.values()) for leaks in found.leaks.values())
    values = len(table.names) + len(table.addresses)
    sys.stdout.write(
        f"{bundle}: {found.members} members, {found.size:,} bytes looked through for {values} names and addresses, and for secrets: {left or 'nothing'} left\n"
    )
    return EXIT_ERRORS if left else EXIT_OK


def _bytes(text: str | None) -> int | None:
    """Return a size such as 5M in bytes. Raises `UsageError`."""
    if text is None:
        return None
    m = _SIZE.fullmatch(text.strip())
    if m is None or not int(m[1]):
        raise UsageError(f"not a size: {text!r}", "write bytes, or 500k, 5M, 1G")
    return int(m[1]) * _UNITS[m[2].lower()]


def _write(found: Bundle, name: str, suffix: str, *, force: bool) -> int:
    """Write the bundle and return the bytes that it takes; on standard output, 0."""
    from diagnose.bundle.file import unwritable, whole

    if name == "-":
        try:
            found.write(sys.stdout.buffer, suffix)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            raise
        except OSError as e:
            raise unwritable("standard output", e) from e
        return 0
    path = Path(name)
    with whole(path, force=force) as out:
        found.write(out, suffix)
    return path.stat().st_size


def _said(found: Bundle, report: Report, name: str, size: int, language: str) -> str:
    """Return what a bundle holds and what to do with it, in a few lines."""
    from diagnose.bundle.build import INPUTS
    from diagnose.lang import labels
    from diagnose.render.terminal import verdict_of

    w = labels(language)
    lines = [
        f"{name}  {size / 1000:,.1f} kB  {found.told['redaction']}" if size else f"{found.folder}  {found.told['redaction']}",
        f"  {verdict_of(report, w)[0]}",
        f"  {w.bundle['holds'].format(inputs=len(found.told['inputs']), kept=sum(m.path.startswith(f'{INPUTS}/') for m in found.members))}",
        *(f"  {w.bundle['limit'].format(what=x)}" for x in found.limits),
        f"  {w.bundle['next'].format(name=name)}",
    ]
    return "\n".join(lines) + "\n"
