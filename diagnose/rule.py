"""One rule file: a YAML mapping becomes a `Rule`, or all of its errors are told."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from diagnose.errors import RuleError
from diagnose.parse.tree import items, mapping
from diagnose.pattern import lazy
from diagnose.record import dataclass
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

_PLACEHOLDER = lazy(r"\{([a-z_]+)\}")


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
    origin: str = ""
    """The file of a user's rule; "" for a rule that msnet ships."""
    original: str = ""
    """The severity before a user re-rated the rule: as a cause it counts as before."""


class Flaw(NamedTuple):
    """What is wrong with a rule, and the path to the value that is wrong."""

    path: tuple[str | int, ...]
    text: str


_ID = lazy(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_KEYS = frozenset({"id", "since", "severity", "confidence", "about", "grace", "key", "symptom", "over", "messages", "explains", "guide", "refs", "steps", "verify", "text"})  # fmt: skip
_CHOICES: Final = {"severity": SEVERITIES, "confidence": CONFIDENCES, "about": ABOUT, "over": ("pod", "node")}


class _Reader:
    """Takes the values of one rule's mapping; what is wrong is noted and read as empty."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self.flaws: list[Flaw] = []

    def flaw(self, text: str, *path: str | int) -> None:
        self.flaws.append(Flaw(path, text))

    def choice(self, key: str, default: str = "") -> str:
        value = self.raw.get(key, default)
        if (default or key in self.raw) and value not in _CHOICES[key]:
            self.flaw(f"{key} must be one of {', '.join(_CHOICES[key])}", key)
        return str(value)

    def seconds(self, key: str) -> int:
        value = self.raw.get(key) or 0
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            self.flaw(f"{key} must be a number of seconds", key)
            return 0
        return value

    def texts(self, raw: dict[str, Any], *path: str | int) -> tuple[str, ...]:
        """Return a list of texts, which stands in `raw` under the last of `path`; nothing if it is not there."""
        value: object = raw.get(str(path[-1]))
        given = items(value)
        found = [x for x in given if isinstance(x, (str, int, float))]
        if value is not None and (not isinstance(value, list) or len(found) < len(given)):
            self.flaw(f"{'.'.join(map(str, path))} must be a list of texts", *path)
        return tuple(str(x) for x in found)

    def part(self, raw: dict[str, Any], *path: str | int) -> dict[str, Any]:
        """Return a mapping, which stands in `raw` under the last of `path`; an empty one if it is not there."""
        value: object = raw.get(str(path[-1]))
        found = mapping(value)
        if value is not None and not isinstance(value, dict):
            self.flaw(f"{'.'.join(map(str, path))} must be a mapping", *path)
        return found

    def parts(self, key: str) -> list[object]:
        """Return a list of anything."""
        value: object = self.raw.get(key)
        found = items(value)
        if value is not None and not isinstance(value, list):
            self.flaw(f"{key} must be a list", key)
        return found

    def messages(self, rule: str) -> tuple[Message, ...]:
        found: list[Message] = []
        for at, item in enumerate(self.parts("messages")):
            spec = {"say": item} if isinstance(item, str) else mapping(item)
            kinds = [k for k in KINDS if k in spec]
            if len(kinds) != 1 or set(spec) - {*KINDS, "in", "from"}:
                self.flaw(f"message {at + 1}: needs one of {', '.join(KINDS)}; may have in, from", "messages", at)
                continue
            inputs = [str(x) for x in items(spec.get("in", ["chain"]))]
            bad = [x for x in inputs if x not in INPUTS]
            if bad or not inputs:
                what = f"unknown input {', '.join(bad)}" if bad else "in must be a list"
                self.flaw(f"message {at + 1}: {what}", "messages", at, "in")
            try:
                template = Template(str(spec[kinds[0]]))
            except ValueError as e:
                self.flaw(f"message {at + 1}: {e}", "messages", at)
                continue
            found.append(Message(template, kinds[0], frozenset(inputs), str(spec.get("from", "")), rule))
        return tuple(found)

    def steps(self) -> tuple[Step, ...]:
        found: list[Step] = []
        for at, item in enumerate(self.parts("steps")):
            spec = mapping(item)
            effect = str(spec.get("effect", ""))
            if effect not in EFFECTS:
                self.flaw(f"step {at + 1}: effect must be one of {', '.join(EFFECTS)}", "steps", at, "effect")
            if set(spec) - {"run", "effect"}:
                self.flaw(f"step {at + 1}: unknown keys", "steps", at)
            found.append(Step(str(spec.get("run", "")), effect))
        return tuple(found)

    def text(self, raw: dict[str, Any], language: str, steps: int) -> Text:
        unknown = set(raw) - {"title", "cause", "steps", "verify"}
        if unknown:
            self.flaw(f"text.{language}: unknown keys {', '.join(sorted(unknown))}", "text", language)
        for key in ("title", "cause", "verify"):
            if not isinstance(raw.get(key), str) or not raw[key]:
                self.flaw(f"text.{language}.{key} is missing" if not raw.get(key) else f"text.{language}.{key} must be a text", "text", language, key)
        words = self.texts(raw, "text", language, "steps")
        if len(words) != steps:
            self.flaw(f"text.{language}.steps has {len(words)} entries, steps has {steps}", "text", language, "steps")
        return Text(str(raw.get("title", "")), str(raw.get("cause", "")).strip(), words, str(raw.get("verify", "")))

    def explained(self) -> dict[str, tuple[str, ...]]:
        raw = self.part(self.raw, "explains")
        for join in set(raw) - set(JOINS):
            self.flaw(f"explains: {join} must be one of {', '.join(JOINS)}", "explains", join)
        return {join: self.texts(raw, "explains", join) for join in raw}


def read_rule(raw: dict[str, Any], *, area: str, languages: tuple[str, ...] = LANGUAGES, origin: str = "") -> tuple[Rule, list[Flaw]]:
    """Return the rule of one parsed mapping and everything that is wrong with it; a rule with flaws must not be used.

    Where only one of `languages` is asked for, the rule says the same in the others.
    """
    r = _Reader(raw)
    unknown = set(raw) - _KEYS
    if unknown:
        r.flaws += [Flaw((key,), f"unknown keys: {key}") for key in sorted(unknown)]
    for key in ("id", "severity", "confidence", "about", "text", *(() if origin else ("since",))):
        if key not in raw:
            r.flaw(f"{key} is missing")
    rule_id = str(raw.get("id", ""))
    if not _ID.fullmatch(rule_id):
        r.flaw("id must be lower-case words joined by hyphens", "id")
    steps = r.steps()
    texts = r.part(raw, "text")
    if set(texts) - set(LANGUAGES) or not set(languages) <= set(texts):
        r.flaw(f"text must have {' and '.join(languages)}", "text")
    words = {lang: r.text(r.part(texts, "text", lang), lang, len(steps)) for lang in LANGUAGES if lang in texts}
    about = r.choice("about")
    rule = Rule(
        id=rule_id,
        area=area,
        since=str(raw.get("since", "")),
        severity=r.choice("severity"),
        confidence=r.choice("confidence"),
        about=about,
        grace=r.seconds("grace"),
        key=r.texts(raw, "key") or DEFAULT_KEYS.get(about, ()),
        messages=r.messages(rule_id),
        symptom=raw.get("symptom") is True,
        over=r.choice("over", "pod"),
        explains=r.explained(),
        guide=r.texts(raw, "guide"),
        refs=r.texts(raw, "refs"),
        steps=steps,
        verify=str(raw.get("verify") or ""),
        text={lang: words.get(lang) or next(iter(words.values()), Text("", "", (), "")) for lang in LANGUAGES},
        origin=origin,
    )
    return rule, r.flaws


def rule_from_mapping(raw: dict[str, Any], *, area: str, where: str) -> Rule:
    """Return the rule of one parsed file. Raises `RuleError` naming every fault, each prefixed with `where`."""
    rule, flaws = read_rule(raw, area=area)
    if flaws:
        raise RuleError("\n".join(f"{where}: {f.text}" for f in flaws))
    return rule


def placeholders(text: str) -> set[str]:
    """Return the names of the placeholders in a rule's text or command."""
    return set(_PLACEHOLDER.findall(text))
