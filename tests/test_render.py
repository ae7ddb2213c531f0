"""What is printed: safe on any terminal, commands whole, nothing read as markup."""

from __future__ import annotations

import re

import pytest
from conftest import NODE

from diagnose.model import Affected, Evidence, Finding, Gap, InputSeen, Report, Symptom
from diagnose.render import markdown, page, terminal
from diagnose.render.words import command, fill, printable

HOSTILE = "\x1b[2J\x1b]0;owned\x07Multus: [default/web]: [bold]error[/bold] [/run/cni/bin]\x00\r\x9b31m\u202egnp"


def made(**changes: object) -> Report:
    finding = Finding(
        rule="nad-not-found", severity="error", confidence="high", state="active", affected=[Affected("Pod", "shop", "till-3")],
        captures={"nad": "pay", "nad_namespace": "shop", "pod": "till-3", "namespace": "shop"}, count=3, first=1_795_000_000_000_000, last=1_795_000_060_000_000,
        evidence=[Evidence("journal.txt", 7, "", 1_795_000_000_000_000, HOSTILE)], explains=[Symptom("sandbox-network-failed", 12, "nad-not-found")], sources=("kubelet",),
    )  # fmt: skip
    for name, value in changes.items():
        setattr(finding, name, value)
    return Report(
        "0.1.0", "abc", 0, [finding], [InputSeen("journal.txt", "text", 9, 90, programs={"kubelet"})], [Gap("b.gz", "is damaged", "copy it again")], []
    )


def printed(report: Report, catalog, *, width: int = 80, language: str = "en", color: bool = False, unicode: bool = True) -> str:
    return terminal.render(report, catalog, language, width=width, color=color, quiet=False, unicode=unicode)


def test_no_control_character_of_a_log_reaches_the_terminal(catalog) -> None:
    out = printed(made(captures={"nad": "pay\x1b[31m\x07", "pod": "till\x003"}), catalog)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", out)
    assert "[bold]error[/bold][/run/cni/bin]" in "".join(out.split())


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("width", [80, 120])
def test_prose_keeps_to_the_width_and_commands_stay_whole(catalog, width: int, language: str) -> None:
    out = printed(made(), catalog, width=width, language=language).splitlines()
    commands = [x for x in out if x.startswith(" " * 15)]
    assert any("oc -n shop get pod till-3 -o jsonpath=" in x for x in commands)
    assert [x for x in out if terminal.wide(x) > width and x not in commands] == []


def test_first_screen_holds_verdict_cause_and_blind_spots(catalog) -> None:
    screen = "\n".join(printed(made(), catalog).splitlines()[:24])
    for words in ("VERDICT  1 active", 'NAD "pay" does not exist in namespace "shop"', "blind spots: b.gz: is damaged"):
        assert words in screen


def test_a_healthy_report_is_short_and_tells_what_was_read(catalog) -> None:
    report = made()
    report.findings, report.gaps = [], []
    assert printed(report, catalog) == "msnet diagnose   evidence 9 lines\nVERDICT  no network failure found\n\n   read     journal.txt (text, 9 lines)\n"


def test_plain_terminals_get_plain_marks(catalog) -> None:
    out = printed(made(evidence=[]), catalog, unicode=False)
    assert out.isascii()
    assert "\nx  nad-not-found" in out
    assert "\x1b[1;31m" in printed(made(), catalog, color=True)
    assert "\x1b" not in out


def test_markdown_is_safe_to_paste(catalog) -> None:
    text = markdown.render(
        made(evidence=[Evidence("a.txt", 1, "", None, "before\n```\n# not a heading\n````\nafter")], captures={"nad": "pay_*lan*", "nad_namespace": "shop"}),
        catalog,
        "en",
    )
    assert "\n`````\nbefore\n```\n# not a heading\n````\nafter\n`````\n" in text
    assert 'NAD "pay\\_\\*lan\\*" does not exist' in text
    assert "1. List the NADs" in text
    assert "(restarts the pod)" in text


def test_unknown_names_show_as_placeholders_and_optional_parts_go() -> None:
    assert fill('NAD[[ "{nad}"]] is not in[[ {nad_namespace}]]', {"nad": "pay"}) == 'NAD "pay" is not in'
    assert command("oc -n {namespace} delete pod {pod}", {"pod": "x; rm -rf /"}) == "oc -n <namespace> delete pod <pod>"
    assert printable("a\tb\x1bc") == "a    b\\x1bc"


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_rule_has_its_page(catalog, language: str) -> None:
    for rule in catalog.rules:
        text = page.render(rule, language)
        words = text.split(f"\n{'アップストリーム' if language == 'ja' else 'upstream'}", maxsplit=1)[0]
        assert not re.search(r"\{[a-z_]+\}|\[\[", words), rule.id
    assert len(page.index(catalog, language).splitlines()) == len(catalog.rules)


def test_the_head_keeps_to_the_width(report, catalog) -> None:
    for width in (60, 80):
        page = terminal.render(report(NODE / "journal.export.zst", NODE / "objects"), catalog, "en", width=width, color=False, quiet=True, unicode=True)
        assert [x for x in page.splitlines()[:4] if terminal.wide(x) > width] == []
