"""The pages under docs/rules are those that the rules make, and say what `msnet explain` says."""

from __future__ import annotations

import re

import pytest
from conftest import ROOT

from diagnose.catalog import Catalog
from diagnose.pages import INDEX, main, pages
from diagnose.render import page

FOLDER = ROOT / "docs" / "rules"


def test_the_pages_are_those_that_the_rules_make() -> None:
    made = pages()
    assert {p.name for p in FOLDER.iterdir()} == set(made)
    old = [name for name, text in made.items() if (FOLDER / name).read_text(encoding="utf-8") != text]
    assert old == [], "run `make pages`"


def test_the_table_names_every_rule(catalog: Catalog) -> None:
    table = (FOLDER / INDEX).read_text(encoding="utf-8")
    assert re.findall(r"\| \[([a-z0-9-]+)\]\(([a-z0-9-]+)\.md\)", table) == [(r.id, r.id) for r in catalog.rules]


def _bare(text: str) -> str:
    """Return letters and digits only: what is left when layout and markup are gone."""
    return "".join(c for c in text.replace("```", "") if c.isalnum())


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_page_says_what_explain_says(catalog: Catalog, language: str) -> None:
    for rule in catalog.rules:
        written = _bare((FOLDER / f"{rule.id}.md").read_text(encoding="utf-8"))
        for part in page.render(rule, language).split("\n\n"):
            lines = part.splitlines()
            if part.startswith(rule.id):
                assert rule.id in part
                lines = [part.removeprefix(rule.id)]
            if lines[0].endswith("):"):  # upstream's messages, whose heading has one language on the page
                lines = lines[1:]
            for line in lines:
                assert _bare(line) in written, (rule.id, line)


def test_pages_of_rules_that_are_gone_go(tmp_path) -> None:
    (tmp_path / "long-gone.md").write_text("# long-gone\n")
    (tmp_path / "notes.txt").write_text("mine")
    assert main([str(tmp_path)]) == 0
    assert {p.name for p in tmp_path.iterdir()} == {*pages(), "notes.txt"}
