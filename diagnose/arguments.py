"""Reads the plain command lines, so that a run need not load typer; what is unusual or wrong is left to typer, whose declarations are the only ones."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    import typer

COMMANDS: Final = ("diagnose",)
"""The commands whose work is apart from their declarations."""
HELP: Final = ["-h", "--help"]
_COLUMNS: Final = 80
"""Columns that help fills at most."""
_KINDS: Final = {"str": "text", "text": "text", "choice": "choice", "boolean": "flag", "path": "path", "float": "number", "int range": "range"}
"""Kinds of values that are understood, by typer's names for them."""


class Call(NamedTuple):
    """A command and its arguments, as typer would hand them over."""

    command: str
    arguments: dict[str, Any]


def declared(app: typer.Typer) -> dict[str, Any]:
    """Return what `read` must know of the commands of `app`, as values of JSON: their defaults, their options, and the name of the argument that takes all words."""
    from typer.main import get_command

    commands: dict[str, Any] = getattr(get_command(app), "commands")  # noqa: B009 - a group has them, and its class is private
    return {name: _declared(commands[name].params) for name in COMMANDS}


def _declared(params: list[Any]) -> dict[str, Any]:
    defaults: dict[str, Any] = {}
    options: dict[str, Any] = {}
    words = ""
    for param in params:
        if not param.expose_value:
            continue  # --help
        default = getattr(param.default, "value", param.default)
        if param.param_type_name == "argument":
            defaults[param.name], words = default, param.name
            if param.nargs != -1 or _KINDS.get(param.type.name) != "text":
                raise TypeError(f"the argument {param.name} does not take all words: it cannot be read without typer")
            continue
        defaults[param.name] = default
        kind = _KINDS.get(param.type.name)
        plain = kind is not None and param.is_flag == (kind == "flag") and param.nargs == 1
        if not plain or param.callback is not None or param.envvar or param.secondary_opts or param.count:
            continue
        for name in param.opts:
            options[name] = [
                param.name,
                kind,
                bool(param.multiple),
                [param.type.min, param.type.max] if kind == "range" else list(getattr(param.type, "choices", ())),
            ]
    return {"defaults": defaults, "options": options, "words": words}


def helps(app: typer.Typer) -> dict[str, str]:
    """Return what `--help` prints on a terminal of 80 columns or more: of msnet itself (""), and of each of its commands."""
    import typer
    from typer.main import get_command

    top = get_command(app)
    commands: dict[str, Any] = getattr(top, "commands")  # noqa: B009 - see above
    context = typer.Context(top, info_name="msnet", terminal_width=_COLUMNS - 2, help_option_names=HELP)
    texts = {name: typer.Context(command, context, name, terminal_width=_COLUMNS - 2).get_help() for name, command in commands.items()}
    return {name: f"{text}\n" for name, text in {"": context.get_help(), **texts}.items()}


def help_asked(line: list[str], texts: dict[str, str]) -> str | None:
    """Return the help that a command line asks for and nothing else; None where typer must say it: of a part of a command, or on a narrow terminal."""
    if not line or line[-1] not in HELP or len(line) > 2:
        return None
    try:
        columns = int(os.environ.get("COLUMNS") or 0) or os.get_terminal_size(1).columns or _COLUMNS
    except ValueError:
        return None
    except OSError:  # no terminal
        columns = _COLUMNS
    return texts.get("".join(line[:-1])) if columns >= _COLUMNS else None


def read(line: list[str], commands: dict[str, Any]) -> Call | None:
    """Return what a command line asks for; None where only typer can tell, which has the right words for what is wrong, too."""
    spec = commands.get(line[0]) if line else None
    if spec is None:
        return None
    given: dict[str, Any] = {}
    words: list[str] = []
    rest = iter(line[1:])
    for word in rest:
        if word == "-" or not word.startswith("-"):
            words.append(word)
            continue
        name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        option = spec["options"].get(name)
        if option is None:
            return None
        key, kind, many, choices = option
        if kind == "flag":
            if equals:
                return None
            given[key] = True
            continue
        text = value if equals else next(rest, "")
        made = _value(text, kind, choices)
        if made is None:
            return None
        if many:
            given.setdefault(key, []).append(made)
        else:
            given[key] = made
    if words:
        given[spec["words"]] = words
    return Call(line[0], {**spec["defaults"], **given})


def _value(text: str, kind: str, choices: list[Any]) -> object:
    """Return the value that `text` is for an option; None for an empty one, and where typer would refuse it."""
    if not text or (kind == "choice" and text not in choices):
        return None
    if kind == "number":
        try:
            return float(text)
        except ValueError:
            return None
    if kind == "range":
        low, high = choices
        return int(text) if text.isascii() and text.isdecimal() and low <= int(text) <= high else None
    if kind == "path":
        # typer refuses a file that is there and may not be read.
        if os.path.exists(text) and not os.access(text, os.R_OK):
            return None
        from pathlib import Path

        return Path(text)
    return text
