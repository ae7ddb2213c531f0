"""Renders the shipped rules for grep and ripgrep, so that every program measured looks for the same messages.

    python -m bench.patterns FOLDER

writes three files. `rules.ere` holds a regular expression for each message that is unmistakable wherever it stands (kind `say`);
`literals.txt` the longest stable text of each, the least that any program must look for; `pairs.json` both side by side. They are for case-sensitive search, which is
several times faster in ripgrep and finds what upstream prints; msnet ignores case. Messages that count only within a CNI error
chain (`root`, `tail`) have no equal in grep and are left to msnet.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from diagnose.catalog import Catalog, load
from diagnose.literals import longest_stable

_GAP = re.compile(r"\{\{|\}\}|\{[a-z_]*(?P<digits>:d)?\}")
_SPECIAL = re.compile(r"[.^$*+?()\[\]{}|\\]")
# Frequent in healthy journals: a message that has another text is looked for by that.
_COMMON = frozenset({
    "openshift-ovn-kubernetes", "openshift-multus", "network-attachment-definition", "failed to connect", "https://",
    ": dial tcp", "connect: connection refused", ": connect: connection refused",
})  # fmt: skip


def templates(catalog: Catalog) -> list[str]:
    """Return the text of every message that may stand anywhere, in order."""
    return sorted({m.template.text for rule in catalog.rules for m in rule.messages if m.kind == "say"})


def pieces(template: str) -> Iterator[tuple[str, str]]:
    """Yield the literals of a template, each with the pattern of the gap that follows it ("" for the last)."""
    literal, at = "", 0
    for gap in _GAP.finditer(template):
        literal += template[at : gap.start()]
        at = gap.end()
        if gap.group() in ("{{", "}}"):
            literal += gap.group()[0]
            continue
        yield literal, "[0-9]+" if gap.group("digits") else ".*"
        literal = ""
    yield literal + template[at:], ""


def pattern(template: str) -> str:
    r"""Return a template as an extended regular expression that begins and ends with a literal.

    A quote may have any number of backslashes before it, as in `\\*"`; a line needs no more of a message than its literals.
    """
    found = "".join(_literal(text) + gap for text, gap in pieces(template))
    while found.startswith(".*"):
        found = found[2:]
    while found.endswith(".*"):
        found = found[:-2]
    return found.strip()


def _literal(text: str) -> str:
    text = " ".join(re.split(r"\s+", text))
    return _SPECIAL.sub(r"\\\g<0>", text).replace('"', '\\\\*"')


def literal(template: str) -> str:
    """Return the longest text of a template that is the same at every level of quoting, an uncommon one where there is a choice."""
    found = [longest_stable(" ".join(re.split(r"\s+", text))) for text, _ in pieces(template)]
    return max(found, key=lambda x: (x not in _COMMON, len(x)))


def write(folder: Path) -> int:
    """Write the files into `folder`, and return how many messages they hold."""
    texts = templates(load())
    for name, render in (("rules.ere", pattern), ("literals.txt", literal)):
        lines = sorted({render(x) for x in texts})
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    pairs = sorted({(literal(x), pattern(x)) for x in texts})
    (folder / "pairs.json").write_text(json.dumps(pairs), encoding="utf-8")
    return len(texts)


if __name__ == "__main__":
    print(write(Path(sys.argv[1])))
