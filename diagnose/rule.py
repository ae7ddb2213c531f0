"""One rule file: a YAML mapping becomes a `Rule`, or all of its errors are told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, cast

from diagnose.errors import RuleError
from diagnose.parse.tree import items, mapping
from diagnose.template import Template

SEVERITIES: Final = ("error", "warning", "info")
CONFIDENCES: Final = ("high", "medium", "low")
LANGUAGES: Final = ("en", "ja")
ABOUT: Final = ("pod", "nad", "network", "node")
"""What a rule's failure belongs to; hits with the same key are one finding (see `Rule.key`)."""
DEFAULT_KEYS: Final = {"pod": ("namespace", "pod"), "nad": ("nad_namespace", "nad"), "network": ("network",), "node": ()}
"""What makes two hits one finding where the rule itself does not say."""
EFFECTS: Final = ("read-only", "restarts-pod", "changes-cluster", "changes-node")
INPUTS: Final = (
    "chain", "event", "kubelet", "microshift", "crio", "containerd", "multus", "ovn", "dhcp", "whereabouts",
    "admission", "kernel", "audit", "systemd", "greenboot", "kubectl", "pod-log",
)  # fmt: skip
"""Where a message may stand: a CNI error chain of any program, or the log of one program."""
JOINS: Final = ("pod", "nad", "network", "node")
"""What a cause and its symptom have in common: all pods of the symptom, the NAD, the CNI network, or the node at the time."""
KINDS: Final = ("say", "root", "tail")
"""say: the text is unmistakable and may stand anywhere in the message; root: only where a clause begins;
tail: the last resort, an errno text of which the layer above is the better witness."""

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Message:
    """One upstream message of a rule and where upstream prints it."""

    template: Template
    kind: str
    inputs: frozenset[str]
    origin: str
    rule: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a cure: a command, possibly none, and what running it changes."""

    run: str
    effect: str


@dataclass(frozen=True, slots=True)
class Text:
    """A rule's words in one language."""

    title: str
    cause: str
    steps: tuple[str, ...]
    verify: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One failure class: what shows it, how bad it is, and what to do."""

    id: str
    area: str
    since: str
    severity: str
    confidence: str
    about: str
    grace: int
    """Seconds after a start of the node, MicroShift, CRI-O or Multus in which this is normal when it ends by itself; 0: never."""
    key: tuple[str, ...]
    messages: tuple[Message, ...]
    symptom: bool
    """True if it only tells that a pod's network failed: any other finding on the same pod explains it."""
    over: str
    """What shows that it is over: "pod", each pod's own success, or "node", the first pod that gets its network."""
    explains: dict[str, tuple[str, ...]]
    """Rules of which this one is the cause, by what joins the two (see `JOINS`)."""
    guide: tuple[str, ...]
    refs: tuple[str, ...]
    steps: tuple[Step, ...]
    verify: str
    text: dict[str, Text]


def _expect(errors: list[str], ok: bool, message: str) -> bool:  # noqa: FBT001 - a condition, not an option
    if not ok:
        errors.append(message)
    return ok


def _messages(raw: list[Any], rule: str, errors: list[str]) -> tuple[Message, ...]:
    found: list[Message] = []
    for number, item in enumerate(raw, 1):
        spec = {"say": item} if isinstance(item, str) else mapping(item)
        kinds = [k for k in KINDS if k in spec]
        unknown = set(spec) - {*KINDS, "in", "from"}
        if not _expect(errors, len(kinds) == 1 and not unknown, f"message {number}: needs one of {', '.join(KINDS)}; may have in, from"):
            continue
        inputs = [str(x) for x in items(spec.get("in", ["chain"]))]
        bad = [x for x in inputs if x not in INPUTS]
        _expect(errors, not bad, f"message {number}: unknown input {', '.join(bad)}")
        try:
            template = Template(str(spec[kinds[0]]))
        except ValueError as e:
            errors.append(f"message {number}: {e}")
            continue
        found.append(Message(template, kinds[0], frozenset(inputs), str(spec.get("from", "")), rule))
    return tuple(found)


def _text(raw: dict[str, Any], language: str, steps: int, errors: list[str]) -> Text:
    unknown = set(raw) - {"title", "cause", "steps", "verify"}
    _expect(errors, not unknown, f"text.{language}: unknown keys {', '.join(sorted(unknown))}")
    for key in ("title", "cause", "verify"):
        _expect(errors, bool(raw.get(key)), f"text.{language}.{key} is missing")
    words = [str(x) for x in items(raw.get("steps"))]
    _expect(errors, len(words) == steps, f"text.{language}.steps has {len(words)} entries, steps has {steps}")
    return Text(str(raw.get("title", "")), str(raw.get("cause", "")).strip(), tuple(words), str(raw.get("verify", "")))


_KEYS = {"id", "since", "severity", "confidence", "about", "grace", "key", "symptom", "over", "messages", "explains", "guide", "refs", "steps", "verify", "text"}  # fmt: skip


def rule_from_mapping(raw: dict[str, Any], *, area: str, where: str) -> Rule:
    """Return the rule of one parsed file. Raises `RuleError` naming every fault, each prefixed with `where`."""
    errors: list[str] = []
    unknown = set(raw) - _KEYS
    _expect(errors, not unknown, f"unknown keys: {', '.join(sorted(unknown))}")
    for key in ("id", "since", "severity", "confidence", "about", "text"):
        _expect(errors, key in raw, f"{key} is missing")
    for key, allowed in (("severity", SEVERITIES), ("confidence", CONFIDENCES), ("about", ABOUT)):
        _expect(errors, raw.get(key) in allowed, f"{key} must be one of {', '.join(allowed)}")
    _expect(errors, raw.get("over", "pod") in ("pod", "node"), "over must be pod or node")
    for join in mapping(raw.get("explains")):
        _expect(errors, join in JOINS, f"explains: {join} must be one of {', '.join(JOINS)}")
    steps: list[Step] = []
    for number, item in enumerate(cast("list[dict[str, Any]]", raw.get("steps") or []), 1):
        effect = str(item.get("effect", ""))
        _expect(errors, effect in EFFECTS, f"step {number}: effect must be one of {', '.join(EFFECTS)}")
        _expect(errors, not set(item) - {"run", "effect"}, f"step {number}: unknown keys")
        steps.append(Step(str(item.get("run", "")), effect))
    texts = cast("dict[str, dict[str, Any]]", raw.get("text") or {})
    _expect(errors, set(texts) == set(LANGUAGES), f"text must have {' and '.join(LANGUAGES)}")
    text = {lang: _text(texts.get(lang) or {}, lang, len(steps), errors) for lang in LANGUAGES}
    rule_id = str(raw.get("id", ""))
    rule = Rule(
        id=rule_id,
        area=area,
        since=str(raw.get("since", "")),
        severity=str(raw.get("severity", "")),
        confidence=str(raw.get("confidence", "")),
        about=str(raw.get("about", "")),
        grace=int(raw.get("grace") or 0),
        key=tuple(raw.get("key") or DEFAULT_KEYS.get(str(raw.get("about")), ())),
        messages=_messages(raw.get("messages") or [], rule_id, errors),
        symptom=raw.get("symptom") is True,
        over=str(raw.get("over") or "pod"),
        explains={str(join): tuple(str(x) for x in items(ids)) for join, ids in mapping(raw.get("explains")).items()},
        guide=tuple(str(x) for x in raw.get("guide") or ()),
        refs=tuple(raw.get("refs") or ()),
        steps=tuple(steps),
        verify=str(raw.get("verify") or ""),
        text=text,
    )
    if errors:
        raise RuleError("\n".join(f"{where}: {e}" for e in errors))
    return rule


def placeholders(text: str) -> set[str]:
    """Return the names of the placeholders in a rule's text or command."""
    return set(_PLACEHOLDER.findall(text))
