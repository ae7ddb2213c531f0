"""The rules that msnet ships: found, loaded, ordered."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from diagnose.errors import RuleError
from diagnose.rule import Message, Rule
from diagnose.template import CUT_WEIGHT, Index, Template

if TYPE_CHECKING:
    from pathlib import Path

    from diagnose.scan import Plan

SYSTEM: Final = "/etc/msnet/rules.d"
"""Where users' rules are looked for without being asked."""


def rules_folder() -> Path:
    """Return the folder of the shipped rules: inside the installed package, else beside it in the checkout."""
    from pathlib import Path

    here = Path(__file__).resolve().parent
    inside = here / "rules"
    return inside if inside.is_dir() else here.parent / "rules"


class Problem(NamedTuple):
    """What keeps a user's rule from being used."""

    rule: str
    """Its id, or the file where that is not known."""
    where: str
    """file:line."""
    text: str


class Silence(NamedTuple):
    """A rule whose findings a user's rule file sets aside."""

    rule: str
    reason: str
    where: str


class Catalog:
    """All rules of one run."""

    def __init__(
        self, rules: tuple[Rule, ...], quiet: tuple[Message, ...], digest: str, problems: tuple[Problem, ...] = (), silenced: tuple[Silence, ...] = ()
    ) -> None:
        """Take the parts: `digest` names the set in a report, `problems` are users' rules that are not used."""
        self._rules, self._quiet = rules, quiet
        self.digest = digest
        self.problems = problems
        self.silenced = silenced

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule, by its id's order but for users' rules, which come last."""
        return self._rules

    @cached_property
    def quiet(self) -> tuple[Message, ...]:
        """Messages that look like failures and are none: a hit of one of these makes no finding."""
        return self._quiet

    @cached_property
    def by_id(self) -> Mapping[str, Rule]:
        """Rules by id."""
        return {r.id: r for r in self.rules}

    def explain_targets(self, rule: Rule) -> list[str]:
        """Return the ids in `rule.explains` that no rule has."""
        return [x for ids in rule.explains.values() for x in ids if x not in self.by_id]

    @cached_property
    def messages(self) -> Sequence[Message]:
        """Every message of every rule, the quiet ones last (their `rule` is empty)."""
        return tuple(m for r in self.rules for m in r.messages) + self.quiet

    @cached_property
    def index(self) -> Index:
        """The word index over `messages`."""
        return Index([m.template.words for m in self.messages])

    @cached_property
    def cut_messages(self) -> Sequence[Message]:
        """The messages that can be told by their beginning."""
        return tuple(m for m in self.messages if m.template.weight >= CUT_WEIGHT)

    @cached_property
    def cut_index(self) -> Index:
        """The word index over the beginnings of `cut_messages`."""
        return Index([m.template.head_words for m in self.cut_messages])

    @property
    def plan(self) -> Plan:
        """What the scan of a large input must look for."""
        from diagnose.literals import plan

        return plan(self)


def shipped_file(rule: Rule) -> Path:
    """Return the file of a shipped rule."""
    return rules_folder() / rule.area / f"{rule.id}.yaml"


def head(document: str) -> str:
    """Return the first YAML document of a rule file; the second holds its cases and is not read at run time."""
    return document.split("\n---\n", 1)[0]


def load_yaml(text: str) -> Any:
    """Parse one YAML document of ours with the C loader where it was built."""
    import yaml

    loader = cast("type[yaml.SafeLoader]", getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return yaml.load(text, Loader=loader)  # noqa: S506 - a safe loader


@lru_cache(maxsize=1)
def load() -> Catalog:
    """Return the shipped catalog. Raises `RuleError` naming every fault of every file."""
    from diagnose import compiled

    return compiled.find() or from_yaml()


def of_run(folders: Sequence[str] = ()) -> Catalog:
    """Return the shipped catalog and, where there are any, the user's rules on this machine and in `folders`. Raises `UsageError` and `RuleError`."""
    if not folders and not os.path.isdir(SYSTEM):
        return load()
    from diagnose import user_rules

    return user_rules.load(folders)


@lru_cache(maxsize=1)
def from_yaml() -> Catalog:
    """Return the shipped catalog as its files tell it. Raises `RuleError` naming every fault of every file."""
    import hashlib

    from diagnose.rule import rule_from_mapping

    folder = rules_folder()
    rules: list[Rule] = []
    errors: list[str] = []
    digest = hashlib.sha256()
    quiet: tuple[Message, ...] = ()
    for path in sorted(folder.glob("*/*.yaml")):
        text = head(path.read_text(encoding="utf-8"))
        digest.update(text.encode())
        where = f"rules/{path.parent.name}/{path.name}"
        try:
            rules.append(rule_from_mapping(load_yaml(text), area=path.parent.name, where=where))
        except RuleError as e:
            errors.append(str(e))
    path = folder / "quiet.yaml"
    text = path.read_text(encoding="utf-8")
    digest.update(text.encode())
    for item in load_yaml(head(text))["messages"]:
        quiet += (Message(Template(item["say"]), "say", frozenset(), item.get("from", ""), ""),)
    if errors:
        raise RuleError("\n".join(errors))
    return Catalog(tuple(sorted(rules, key=lambda r: r.id)), quiet, digest.hexdigest()[:12])
