"""A rule's page, and the list of all rules."""

from __future__ import annotations

from diagnose.catalog import Catalog
from diagnose.lang import labels
from diagnose.render.terminal import wrap
from diagnose.render.words import command, fill
from diagnose.rule import Rule

_WIDTH = 100


def render(rule: Rule, language: str) -> str:
    """Return what msnet knows of one rule: meaning, cause, steps, proof of cure, sources."""
    w = labels(language)
    text = rule.text[language]
    out = [f"{rule.id}   {w.severity[rule.severity]}, {w.sure}: {w.confidence[rule.confidence]}", "", *wrap(_plain(text.title), _WIDTH), ""]
    out += [f"{w.why}:", *("  " + x for x in wrap(fill(text.cause, {}), _WIDTH - 2)), "", f"{w.do}:"]
    for number, (words, step) in enumerate(zip(text.steps, rule.steps, strict=True), 1):
        head, *more = wrap(f"{number}. {fill(words, {})}  [{w.effect[step.effect]}]", _WIDTH - 2)
        out += ["  " + head, *("     " + x for x in more)]
        if step.run:
            out += ["       " + line for line in command(step.run, {}).splitlines()]
    out += ["", f"{w.verify}:", *("  " + x for x in wrap(fill(text.verify, {}), _WIDTH - 2))]
    if rule.verify:
        out.append("       " + command(rule.verify, {}))
    if rule.guide:
        out += ["", f"{w.guide}: {', '.join(rule.guide)}"]
    if rule.refs:
        out += ["", *rule.refs]
    if rule.messages:
        out += ["", f"{w.messages} ({len(rule.messages)}):"]
        out += [f"  {m.template.text}\n      {m.origin}" for m in rule.messages]
    return "\n".join(out) + "\n"


def index(catalog: Catalog, language: str) -> str:
    """Return one line a rule: id, severity, title."""
    w = labels(language)
    size = max(len(r.id) for r in catalog.rules)
    return "".join(f"{r.id:<{size}}  {w.severity[r.severity]:<8} {_plain(r.text[language].title)}\n" for r in catalog.rules)


def _plain(title: str) -> str:
    """Return a title with its optional parts shown, names as <name>."""
    return fill(title.replace("[[", "").replace("]]", ""), {})
