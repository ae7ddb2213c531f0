"""Checks rule files beyond their form: cases, texts, placeholders, and that each message finds its own rule."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, cast

from diagnose import catalog
from diagnose.catalog import Catalog, load_yaml
from diagnose.match import Hit, Matcher
from diagnose.parse.line import parse_line
from diagnose.parse.tree import mapping
from diagnose.rule import LANGUAGES, Rule, placeholders

CAPTURES = frozenset({
    "attempt", "bridge", "code", "command", "device", "field", "file", "gateway", "interface", "ip", "ipam", "key", "line", "mac",
    "master", "mode", "module", "mtu", "nad", "nad_namespace", "namespace", "netns", "network", "other", "other_uid", "path",
    "plugin", "pod", "process", "range", "reason", "resource", "route", "sandbox", "server", "signal", "socket", "stderr", "stdout",
    "subnet", "supported", "uid", "unit", "user", "value", "verb", "version", "vlan", "url",
})  # fmt: skip
"""The names that a message may capture; texts may use these and `node`."""
_OPTIONAL = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)
_READING = re.compile(
    r"^(?:sudo )?(?:oc|kubectl) (?:-n \S+ )?(?:get|describe|logs|auth can-i|explain|version|api-resources|exec \S+ .*-- (?:ip|cat|ls|ping|arping|curl) ?|-n \S+ exec)|^(?:sudo )?(?:journalctl|ip(?: -\w+)* (?:a|addr|link|route|neigh|netns|-d|-j|rule)|ls|cat|stat|df|free|ss|bridge|crictl|crio|systemctl (?:status|is-active|is-enabled|cat|show|list)|firewall-cmd .*--(?:list|get|query|state)|ausearch|getenforce|sealevel|lsmod|modinfo|sysctl -?n? ?[\w.]+$|sysctl -a|tcpdump|microshift (?:version|show-config|healthcheck)|msnet|rpm -q|timedatectl|chronyc|date|ovs-vsctl (?:show|list)|ovs-appctl|find|grep|du|head|tail|uname|file|python3|jq|openssl|curl|nft list|iptables(?:-save| -\w+ -?[LS])|dmesg|lspci|ethtool|nmcli|ps|nsenter|getent|ping|arping|id|test|sha256sum|lsof|mount$|findmnt|pgrep|restorecon -n|echo)"
)


def fill(message_text: str) -> str:
    """Return a message template with plain values in its gaps."""
    text = re.sub(r"\{[a-z_]*:d\}", "7", message_text)
    text = re.sub(r"\{[a-z_]*\}", "plantnet", text.replace("{{", "\0").replace("}}", "\1"))
    return text.replace("\0", "{").replace("\1", "}")


def first_rule(hits: list[Hit]) -> Hit | None:
    """Return the first hit that belongs to a rule: the ADD error before the DEL error."""
    return next((h for h in hits if h.rule), None)


def _texts(rule: Rule) -> list[str]:
    errors: list[str] = []
    names: dict[str, set[str]] = {}
    for lang in LANGUAGES:
        t = rule.text[lang]
        whole = " ".join((t.title, t.cause, *t.steps, t.verify))
        names[lang] = placeholders(whole)
        if "TODO" in whole:
            errors.append(f"text.{lang} holds TODO")
        if lang == "en" and len(t.title) > 110:
            errors.append("text.en.title is longer than 110 characters")
    if names["en"] != names["ja"]:
        errors.append(f"the languages differ in placeholders: {sorted(names['en'] ^ names['ja'])}")
    commands = " ".join(s.run for s in rule.steps) + rule.verify
    for name in sorted((names["en"] | placeholders(commands)) - CAPTURES - {"node"}):
        errors.append(f"unknown placeholder {{{name}}}")
    captured = {g.name for m in rule.messages for g in m.template.gaps if g.name}
    errors += [f"unknown capture name {{{n}}}" for n in sorted(captured - CAPTURES)]
    for lang in LANGUAGES:
        t = rule.text[lang]
        bare = _OPTIONAL.sub("", t.title)
        captured = [{g.name for g in m.template.gaps} for m in rule.messages]
        everywhere = {name for name in set[str]().union(*captured) if all(name in c for c in captured)}
        loose = placeholders(bare) - everywhere
        if loose:
            errors.append(f"text.{lang}.title uses {sorted(loose)} outside [[ ]], which not every message captures")
    for number, step in enumerate(rule.steps, 1):
        if step.effect == "read-only" and step.run and not _READING.match(step.run):
            errors.append(f"step {number} is called read-only, but its command is not known to be: {step.run}")
    if "remove-service=dhcp" in commands:
        errors.append("erratum E1: --remove-service=dhcp blocks DHCP, it must never be advised")
    return errors


def _cases(rule: Rule, path: Path, matcher: Matcher) -> list[str]:
    errors: list[str] = []
    parts = path.read_text(encoding="utf-8").split("\n---\n", 1)
    cases = cast("list[dict[str, Any]]", load_yaml(parts[1]) if len(parts) > 1 else [])
    kinds = [next(iter(c)) for c in cases]
    if rule.messages and "match" not in kinds:
        errors.append("no match case")
    if rule.messages and "clean" not in kinds:
        errors.append("no clean case that looks alike")
    for case in cases:
        line = parse_line(str(case.get("match") or case.get("clean")))
        hits = matcher.classify(line.message, line.program)
        hit = first_rule(hits)
        got = hit.rule if hit else None
        if "match" in case:
            if got != rule.id:
                errors.append(f"match case gives {got}: {case['match'][:120]}")
                continue
            for name, want in mapping(case.get("captures")).items():
                have = hit.captures.get(name) if hit else None
                if have != str(want):
                    errors.append(f"capture {name} is {have!r}, not {want!r}: {case['match'][:100]}")
        elif got == rule.id:
            errors.append(f"clean case fires: {case['clean'][:120]}")
        elif not case.get("why"):
            errors.append(f"clean case has no why: {case['clean'][:120]}")
    return errors


def lint(rules: Catalog, path: Path) -> list[str]:
    """Return every fault of one rule file, against the whole catalog."""
    rule = rules.by_id[path.stem]
    matcher = Matcher(rules)
    errors = _texts(rule) + _cases(rule, path, matcher)
    for m in rule.messages:
        hit = first_rule(matcher.classify(fill(m.template.text)))
        if hit is None or hit.rule != rule.id:
            errors.append(f"message finds {hit.rule if hit else None}, not its own rule: {m.template.text}")
    for other in rules.explain_targets(rule):
        errors.append(f"explains an unknown rule: {other}")
    return errors


def main(arguments: list[str]) -> int:
    """Lint the rule files named, or all; print the faults; 0 when there are none."""
    rules = catalog.load()
    paths = [Path(a) for a in arguments] or sorted(catalog.rules_folder().glob("*/*.yaml"))
    faults = 0
    for path in paths:
        for error in lint(rules, path):
            print(f"{path}: {error}")  # noqa: T201 - a developer's command
            faults += 1
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
