"""Writes docs/rules/: one page a rule, with the texts of `msnet explain`, and their table."""

from __future__ import annotations

import sys
from pathlib import Path

from diagnose import catalog
from diagnose.render import page

INDEX = "README.md"


def pages() -> dict[str, str]:
    """Return every page by the name of its file."""
    rules = catalog.load()
    return {INDEX: page.markdown_index(rules), **{f"{r.id}.md": page.markdown(r) for r in rules.rules}}


def main(arguments: list[str]) -> int:
    """Write all pages to the folder named, else to docs/rules; pages of rules that are gone are removed."""
    folder = Path(arguments[0]) if arguments else Path("docs") / "rules"
    folder.mkdir(parents=True, exist_ok=True)
    made = pages()
    for old in folder.glob("*.md"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
