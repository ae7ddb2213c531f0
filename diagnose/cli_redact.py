"""Redaction on the command line: the map at its place, and `msnet reveal`."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from diagnose.console import write
from diagnose.errors import InputError, MsnetError
from diagnose.options import MapFile

if TYPE_CHECKING:
    from diagnose.catalog import Catalog
    from diagnose.redact.redactor import Redactor


@contextmanager
def redaction(catalog: Catalog, path: Path | None, *, keep_vendor: bool = False) -> Generator[Redactor]:
    """Give a redactor that goes on where the map ends; what it gave is kept in the map when the block is over.

    Where the usual place cannot be written, the pseudonyms are for this run only, and standard error says so.
    Raises `InputError` for a map that is damaged, `MsnetError` where the place that was named cannot be written.
    """
    from diagnose.redact import kept

    messages = [m.template.text for m in catalog.messages]
    place = path or kept.usual_path()
    with ExitStack() as stack:
        try:
            stack.enter_context(kept.locked(place))
        except MsnetError as e:
            if path is not None:
                raise
            sys.stderr.write(f"warning: {e}; the pseudonyms of this run cannot be translated back\n")
            yield kept.Map.new().redactor(messages, keep_vendor=keep_vendor)
            return
        table = kept.load(place) or kept.Map.new()
        redactor = table.redactor(messages, keep_vendor=keep_vendor)
        yield redactor
        table.take(redactor)
        kept.save(table, place)
        sys.stderr.write(f"pseudonyms: {place} (keep it here; `msnet reveal FILE` translates an answer back)\n")


def reveal(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="An answer that names pseudonyms, such as the support's; - reads standard input.")],
    redaction_map: MapFile = None,
    output: Annotated[Optional[Path], typer.Option("--output", "-o", metavar="FILE", help="Write to FILE.")] = None,  # noqa: UP045
) -> None:
    """Put the real names and addresses back into a text that names pseudonyms.

    Exit codes: 0 done, 1 msnet failed, 2 wrong usage.
    """
    from diagnose.redact import kept

    place = redaction_map or kept.usual_path()
    table = kept.load(place)
    if table is None:
        raise InputError(
            f"no map of pseudonyms at {place}", "it is on the device that made the redacted output, with the user who made it; name it with --redaction-map"
        )
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as e:
        raise InputError(f"cannot read {file}: {e.strerror or e}") from e
    write(table.reveal(raw.decode("utf-8", "replace")), output)
