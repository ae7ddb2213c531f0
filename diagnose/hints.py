"""Did you mean: what of the evidence is nearest to a name that does not exist, and what proves it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from diagnose.model import Finding, Hint
from diagnose.story import Story

if TYPE_CHECKING:
    from diagnose.parse.marker import Mark

_NAMES = 8
"""Names that are listed."""


def hints_for(finding: Finding, story: Story) -> list[Hint]:
    """Return what was compared for `finding`, and what may be meant instead."""
    if finding.rule == "nad-not-found":
        return list(_nads(finding, story))
    if finding.rule == "master-interface-not-found":
        return list(_links(finding, story))
    return []


def _nads(finding: Finding, story: Story) -> Iterator[Hint]:
    import difflib

    nads = story.engine.inventory.nads()
    name, namespace = finding.captures.get("nad", ""), finding.captures.get("nad_namespace", "")
    if not nads or not name:
        return
    if any((n.namespace, n.name) == (namespace, name) for n in nads):
        yield Hint("nad-exists", {"nad": f"{namespace}/{name}"})
        return
    here = [n.name for n in nads if n.namespace == namespace]
    yield Hint("nads", {"namespace": namespace, "names": _listed(here)})
    elsewhere = [f"{n.namespace}/{n.name}" for n in nads if n.name == name]
    if elsewhere:
        yield Hint("nad-elsewhere", {"nad": name, "names": ", ".join(elsewhere)})
    near = difflib.get_close_matches(name, here, 2, 0.75)
    if near:
        yield Hint("nearest", {"names": ", ".join(near)})


def _listed(names: list[str]) -> str:
    more = f", ... (+{len(names) - _NAMES})" if len(names) > _NAMES else ""
    return ", ".join(sorted(names)[:_NAMES]) + more if names else "-"


def _links(finding: Finding, story: Story) -> Iterator[Hint]:
    master = finding.captures.get("master", "")
    if not master:
        return
    inventory = story.engine.inventory
    renamed = [mark for _, mark in story.marks if mark.kind == "renamed"]
    given_up = next((m for m in reversed(renamed) if m.old == master), None)
    if given_up is not None:
        yield Hint("renamed", {"old": master, "new": given_up.detail, "device": given_up.who})
    else:
        yield from _moved(master, story)
    physical = sorted(name for name, link in inventory.links.items() if link.physical)
    alias = next((name for name, link in sorted(inventory.links.items()) if master in link.altnames), None)
    if alias is not None:
        yield Hint("altname", {"old": master, "new": alias})
    same = inventory.moved(master)
    if same:
        yield Hint("same-mac", {"old": master, "new": same, "mac": inventory.links[same].mac})
    if physical:
        yield Hint("links", {"names": _listed([n for n in physical if not same or n != master])})


def _moved(master: str, story: Story) -> Iterator[Hint]:
    """Yield the interface that has the driver of one which an earlier boot had and the last one has not."""
    boot = story.boots[-1] if story.boots else None
    if boot is None:
        return
    now = [mark for time, mark in story.marks if mark.kind == "renamed" and time >= boot]
    then = [mark for time, mark in story.marks if mark.kind == "renamed" and time < boot]
    lost = next((m for m in reversed(then) if m.detail == master), None)
    if lost is None or any(m.detail == master for m in now):
        return
    new = [m for m in now if _driver(m) == _driver(lost) and m.detail not in {x.detail for x in then}]
    if len(new) == 1:
        yield Hint("same-driver", {"old": master, "new": new[0].detail, "driver": _driver(lost), "was": lost.who.partition(" ")[2], "is": new[0].who.partition(" ")[2]})  # fmt: skip


def _driver(mark: Mark) -> str:
    return mark.who.partition(" ")[0]
