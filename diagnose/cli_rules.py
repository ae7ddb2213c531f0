"""`msnet rules` on the command line: the list of all rules, and what authors of rules need."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from diagnose.console import EXIT_ERRORS, EXIT_OK
from diagnose.errors import UsageError
from diagnose.options import Folders, Lang

if TYPE_CHECKING:
    from diagnose.catalog import Catalog
    from diagnose.lint import Told
    from diagnose.user_rules import Entry

Files = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Argument(metavar="[PATH ...]", help="Rule files or folders of them; without any: all rules that a run uses."),
]

app = typer.Typer(invoke_without_command=True, rich_markup_mode=None, help="List the rules: one failure class each. Authors: see `lint` and `test`.")


def catalog_of(folders: list[str] | None) -> Catalog:
    """Return the rules of a run; a user's rule that cannot be used is told on standard error."""
    from diagnose import user_rules

    catalog = user_rules.load(folders or [])
    tell_problems(catalog)
    return catalog


def tell_problems(catalog: Catalog) -> None:
    """Say on standard error which of the users' rules are not used."""
    for problem in catalog.problems:
        sys.stderr.write(f"not used: {problem.rule}: {problem.where}: {problem.text}\n")


def known_rule(rule: str, catalog: Catalog) -> None:
    """Raise `UsageError` for a rule that does not exist."""
    if rule in catalog.by_id:
        return
    import difflib

    near = difflib.get_close_matches(rule, catalog.by_id, 3)
    raise UsageError(f"unknown rule {rule!r}", f"did you mean {', '.join(near)}?" if near else "`msnet rules` lists them")


@app.callback()
def rules(context: typer.Context, folders: Folders = None, lang: Lang = None) -> None:
    """List the rules: one failure class each."""
    if context.invoked_subcommand is not None:
        if folders:
            raise UsageError("--rules belongs to the list", f"name the folder behind it: msnet rules {context.invoked_subcommand} {folders[0]}")
        return
    from diagnose.lang import choose
    from diagnose.render import page

    sys.stdout.write(page.index(catalog_of(folders), choose(lang, dict(os.environ))))


@app.command()
def lint(paths: Files = None) -> None:
    """Check rules as they are written: form, texts, names, commands, and that every message can be reached.

    Exit codes: 0 nothing, 2 wrong usage, 11 faults.
    """
    from diagnose.lint import Bench

    catalog, own, shipped = _entries(paths)
    bench = Bench(catalog)
    told = _problems(catalog) + [t for e in (*own, *shipped) for t in bench.written(e)]
    _end(told, len(own) + len(shipped), "rules")


@app.command("test")
def try_samples(paths: Files = None) -> None:
    """Try the samples of rules: each match fires its own rule only, each clean fires it not, no shipped sample changes hands.

    Exit codes: 0 nothing, 2 wrong usage, 11 faults.
    """
    from diagnose.lint import Bench

    catalog, own, shipped = _entries(paths)
    bench = Bench(catalog)
    everything = shipped or _shipped()
    told = _problems(catalog) + [t for e in (*own, *shipped) for t in bench.tried(e)] + bench.taken(everything, own)
    _end(told, sum(len(e.samples) for e in (*own, *shipped)), "samples")


def _entries(paths: list[str] | None) -> tuple[Catalog, list[Entry], list[Entry]]:
    """Return all rules, and the entries to look at: the users', and the shipped ones where no path is given."""
    from diagnose import user_rules

    loaded = user_rules.load_all(paths or [], system="" if paths else user_rules.SYSTEM)
    unused = {(p.rule, p.where.rpartition(":")[0]) for p in loaded.catalog.problems}
    own = [e for e in loaded.entries if (e.id, e.document.text.name) not in unused]
    return loaded.catalog, own, [] if paths else _shipped()


def _shipped() -> list[Entry]:
    from diagnose.catalog import rules_folder
    from diagnose.lint import read_entries

    return [e for path in sorted(rules_folder().glob("*/*.yaml")) for e in read_entries(str(path))]


def _problems(catalog: Catalog) -> list[Told]:
    from diagnose.lint import Told

    return [Told(p.where, p.text) for p in catalog.problems]


def _end(told: list[Told], count: int, what: str) -> None:
    for t in told:
        typer.echo(f"{t.where}: {t.text}")
    typer.echo(f"{count} {what}, faults: {len(told)}")
    raise typer.Exit(EXIT_ERRORS if told else EXIT_OK)
