"""Texts that differ in their ids alone: what one attempt and the next have in common, so that it is read once."""

from __future__ import annotations

from typing import NamedTuple

from diagnose.pattern import lazy

_ID = lazy(r"[0-9a-f]{8}(?:[0-9a-f]{56}|-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")
"""Sandboxes, containers, network namespaces and pods."""
MARK = "eeeeee"
"""What every stand-in holds, and hardly any text."""
_ALIKE = str.maketrans("0123456789abcdf", "e" * 15)


class Alike(NamedTuple):
    """A text with stand-ins for its ids: as long as the text, so that all places are the same."""

    text: str
    ids: dict[str, str]
    """The stand-in of each id."""

    def own(self, text: str) -> str:
        """Return what is made of `text` with the ids of this one; where an id was cut, `MARK` is left in it."""
        if MARK in text:
            for known, stand_in in self.ids.items():
                text = text.replace(stand_in, known)
        return text

    def named(self, fields: dict[str, str], marked: tuple[str, ...]) -> dict[str, str] | None:
        """Return `fields` with the ids of this text, which those in `marked` hold; None where one was cut."""
        found = fields.copy()
        for key in marked:
            found[key] = value = self.own(fields[key])
            if MARK in value:
                return None
        return found


def marked(fields: dict[str, str]) -> tuple[str, ...]:
    """Return the keys of the fields that hold stand-ins."""
    return tuple(k for k, v in fields.items() if MARK in v)


def alike(text: str) -> Alike | None:
    """Return `text` with stand-ins for its ids; None where none can be told from the text."""
    if MARK in text:
        return None
    ids: dict[str, str] = {}
    return Alike(_ID.sub(lambda m: ids.setdefault(m[0], f"{len(ids):x}".rjust(8, "e") + m[0][8:].translate(_ALIKE)), text), ids)
