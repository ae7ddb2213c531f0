"""What the scan looks for: the literals of all messages and markers, few and rare, so that every byte is cheap.

A literal is implied by what it stands for: a record without it holds none of its messages. `rules/scan.json` holds those of the
shipped messages, made by `python -m diagnose.literals CLEAN-LOG...`; the rule checks tell when it must be made anew.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from diagnose.catalog import Catalog, load, rules_folder
from diagnose.parse.chain import CHAIN_LITERALS
from diagnose.parse.marker import LITERALS as MARK_LITERALS
from diagnose.parse.marker import SIGNS
from diagnose.rule import Message
from diagnose.scan import Plan

# Characters that change form between the levels of quoting, or where lines are wrapped.
_UNSTABLE = "\"'\\\t\n<>&`"
_SHORTEST, _DISTINCT = 10, 14
"""Characters of a literal that is worth a scan; letters and digits of a chain's message that may stand outside of one."""
_BESIDE = 4
"""Characters of a part that must stand beside a frequent literal."""
_WINDOW = range(10, 14)
"""Characters of a literal that the engine looks for: more cost it time, and tell it nothing."""
NUMBERS = ('"message":[', '"message" : [')
"""A message that `journalctl -o json` writes as numbers, since it holds control characters; old systemd puts blanks there."""
_RARE = 0.0001
"""Share of the lines of clean logs that a literal may stand in; more often, another part must stand beside it."""
_COMMON = frozenset({
    "interface", "network-attachment-definition", "network-attachment-definitions", "network-attachment-definitions.k8s.cni.cncf.io",
    "definitions.k8s.cni.cncf.io", "openshift-ovn-kubernetes", "connect: connection refused", ": connect: connection refused", "failed to connect",
    "openshift-multus", "not found", "kube-apiserver", "microshift", "k8s.cni.cncf.io",
})  # fmt: skip
"""Texts of healthy journals, too frequent to be looked for; a message that has nothing else is found through its chain."""


def longest_stable(literal: str) -> str:
    """Return the longest part of `literal` that is the same in every form of log; it may be short or empty."""
    return max(stable(literal), key=len, default="")


def stable(literal: str) -> list[str]:
    """Return the parts of `literal` that are the same in every form of log, without blanks around them."""
    parts = [""]
    for c in literal:
        if c in _UNSTABLE or not c.isascii():
            parts.append("")
        else:
            parts[-1] += c
    return [x for x in (p.strip() for p in parts) if x]


def plan(catalog: Catalog) -> Plan:
    """Return what the scan must look for: one literal of every message that can stand alone, and all markers.

    A message of a CNI error chain needs none of its own: the chain's own words stand in the same record.
    """
    shipped = _shipped()
    known = {m.template.text for m in load().messages}
    own = [max(parts, key=len) for m in _alone(catalog) if m.template.text not in known and (parts := _parts(m))]
    return Plan((*shipped.literals, *own), frozenset(x.lower() for x in SIGNS), frozenset(NUMBERS), shipped.beside)


def _shipped() -> Plan:
    body: dict[str, Any] = json.loads((rules_folder() / "scan.json").read_text(encoding="utf-8"))
    return Plan(tuple(body["literals"]), beside={k: tuple(tuple(x) for x in v) for k, v in body["beside"].items()})


def _alone(catalog: Catalog) -> Iterator[Message]:
    """Yield the messages that may stand in a record without a word of a chain."""
    for rule in catalog.rules:
        for message in rule.messages:
            if message.kind == "say" and (message.inputs != frozenset({"chain"}) or message.template.weight >= _DISTINCT):
                yield message


def _parts(message: Message) -> list[str]:
    """Return the parts of a message that are worth a scan, in lower case."""
    found = [longest_stable(x).lower() for x in message.template.literals]
    return [x for x in found if len(x) >= _SHORTEST and x not in _COMMON]


def findable(message: Message) -> bool:
    """Return True if some part of the message is worth a scan."""
    return bool(_parts(message))


def implied(message: Message, literals: Iterable[str]) -> bool:
    """Return True if the scan finds every record that holds `message`."""
    parts = [p.lower() for x in message.template.literals for p in stable(x)]
    return any(x in p for x in literals for p in parts)


def fixed() -> list[str]:
    """Return the literals of chains and markers, in lower case."""
    # Templates know single blanks only; the kernel prints two here.
    return sorted({x.lower() for x in (*CHAIN_LITERALS, *MARK_LITERALS, "avc:  denied", *NUMBERS)})


def missing(catalog: Catalog) -> list[str]:
    """Return the messages of `catalog` and the markers that the scan would not find."""
    found = plan(catalog).literals
    lost = [x for x in fixed() if not any(y in x for y in found)]
    return lost + [m.template.text for m in _alone(catalog) if _parts(m) and not implied(m, found)]


def derive(catalog: Catalog, clean: str) -> Plan:
    """Return few literals for all messages of `catalog`, rare in the clean log `clean`.

    Of each part the window is taken whose end is rarest: the engine's first look is at the last characters.
    """
    clean = clean.lower()
    lines = clean.count("\n") + 1
    ends = Counter(clean[i : i + 3] for i in range(len(clean) - 2))
    chosen = list(fixed())
    beside: dict[str, list[tuple[str, ...]]] = {}
    for message in sorted(_alone(catalog), key=lambda m: m.template.weight):
        parts = _parts(message)
        if not parts or any(x in p for x in chosen for p in parts):
            continue
        best = next((x for x in sorted(_windows(parts), key=lambda x: _cost(x, ends)) if x not in clean), "")
        if best:
            chosen.append(best)
            continue
        part = min(parts, key=clean.count)
        if clean.count(part) > lines * _RARE:
            others = (p.lower() for x in message.template.literals for p in stable(x) if part not in p.lower())
            beside.setdefault(part, []).append(tuple(sorted({p for p in others if len(p) >= _BESIDE})))
        else:
            chosen.append(part)
    kept = {k: tuple(sorted(set(v))) for k, v in sorted(beside.items()) if not any(x in k for x in chosen)}
    return Plan(tuple(sorted({*_fewest(chosen), *kept})), beside={k: v for k, v in kept.items() if all(v)})


def _windows(parts: list[str]) -> set[str]:
    return {p[a : a + size] for p in parts for size in _WINDOW for a in range(max(1, len(p) - size + 1))}


def _cost(window: str, ends: Counter[str]) -> tuple[float, str]:
    return ends[window[-3:]] + ends[window[-4:-1]] / 2 + ends[window[-5:-2]] / 4, window


def _fewest(literals: Iterable[str]) -> list[str]:
    """Return the literals without those that hold another one."""
    found: list[str] = []
    for x in sorted(set(literals), key=len):
        if not any(y in x for y in found):
            found.append(x)
    return found


def main(clean: list[str]) -> None:
    """Write `rules/scan.json` anew; `clean` names logs of healthy nodes, as text."""
    made = derive(load(), "\n".join(Path(x).read_text(encoding="utf-8", errors="replace") for x in clean))
    body = {"literals": made.literals, "beside": made.beside}
    (rules_folder() / "scan.json").write_text(json.dumps(body, indent=0, ensure_ascii=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
