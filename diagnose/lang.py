"""The words of the interface, one typed table a language; rule texts live in the rules."""

from __future__ import annotations

from dataclasses import dataclass

from diagnose.errors import UsageError


@dataclass(frozen=True, slots=True)
class Labels:
    """Every fixed word that a report shows. No defaults: a missing one is a type error."""

    verdict: str
    healthy: str
    """No failure, with what was looked at; `{n}` records."""
    no_evidence: str
    causes: str
    """`{n}` active failures."""
    resolved_count: str
    info_count: str
    blind_count: str
    evidence_window: str
    lines: str
    state: dict[str, str]
    severity: dict[str, str]
    confidence: dict[str, str]
    confidence_why: dict[str, str]
    sure: str
    pasted: str
    times: str
    since: str
    last: str
    seen: str
    hits: str
    """Which objects are affected."""
    why: str
    do: str
    verify: str
    explains: str
    more: str
    over: str
    guide: str
    effect: dict[str, str]
    blind: str
    read: str
    inputs: str
    gap_hint: str
    unknown_input: str
    and_more: str
    cut: str
    kind: dict[str, str]
    messages: str
    rule_page: str
    none_rule: str
    root: str
    rule: str
    names: str


EN = Labels(
    verdict="VERDICT",
    healthy="no network failure found",
    no_evidence="nothing could be diagnosed: no usable evidence",
    causes="{n} active",
    resolved_count="{n} resolved",
    info_count="{n} for information",
    blind_count="{n} blind spots",
    evidence_window="evidence",
    lines="lines",
    state={"active": "ACTIVE", "resolved": "resolved", "unknown": "state unknown"},
    severity={"error": "error", "warning": "warning", "info": "info"},
    confidence={"high": "high", "medium": "medium", "low": "low"},
    confidence_why={"high": "the message says so", "medium": "the message may have another cause", "low": "healthy nodes show it, too"},
    sure="sure",
    pasted="pasted text",
    times="{n}x",
    since="since",
    last="last",
    seen="seen",
    hits="hits",
    why="why",
    do="do",
    verify="verify",
    explains="explains",
    more="more",
    over="over",
    guide="MicroShift guide",
    effect={
        "read-only": "read-only",
        "restarts-pod": "restarts the pod",
        "changes-cluster": "changes the cluster",
        "changes-node": "changes the node",
    },
    blind="blind spots",
    read="read",
    inputs="inputs",
    gap_hint="cure",
    unknown_input="read, but not understood",
    and_more="and {n} more",
    cut="the message is cut short",
    kind={"Pod": "pod", "NetworkAttachmentDefinition": "NAD"},
    messages="upstream messages",
    rule_page="rule",
    none_rule="no rule knows this message",
    root="root message",
    rule="rule",
    names="names",
)

JA = Labels(
    verdict="判定",
    healthy="ネットワーク障害は見つかりませんでした",
    no_evidence="診断できませんでした: 使える証拠がありません",
    causes="継続中 {n} 件",
    resolved_count="解決済み {n} 件",
    info_count="参考情報 {n} 件",
    blind_count="確認できなかった点 {n} 件",
    evidence_window="証拠",
    lines="行",
    state={"active": "継続中", "resolved": "解決済み", "unknown": "状態不明"},
    severity={"error": "エラー", "warning": "警告", "info": "情報"},
    confidence={"high": "高", "medium": "中", "low": "低"},
    confidence_why={"high": "メッセージに明記", "medium": "別の原因もありうる", "low": "正常なノードでも見られる"},
    sure="確度",
    pasted="貼り付けられたテキスト",
    times="{n} 回",
    since="開始",
    last="最終",
    seen="証拠",
    hits="対象",
    why="原因",
    do="対処",
    verify="確認",
    explains="付随",
    more="詳細",
    over="解決",
    guide="MicroShift ガイド",
    effect={
        "read-only": "参照のみ",
        "restarts-pod": "Pod を再作成",
        "changes-cluster": "クラスターを変更",
        "changes-node": "ノードを変更",
    },
    blind="確認できなかった点",
    read="読み取り",
    inputs="入力",
    gap_hint="対策",
    unknown_input="読み取りましたが、内容を理解できませんでした",
    and_more="ほか {n} 件",
    cut="メッセージは途中で切れています",
    kind={"Pod": "Pod", "NetworkAttachmentDefinition": "NAD"},
    messages="アップストリームのメッセージ",
    rule_page="ルール",
    none_rule="このメッセージに該当するルールはありません",
    root="根本のメッセージ",
    rule="ルール",
    names="名前",
)

_TABLES = {"en": EN, "ja": JA}


def labels(language: str) -> Labels:
    """Return the table of "en" or "ja". Raises `UsageError` for any other language."""
    if language not in _TABLES:
        raise UsageError(f"unknown language {language!r}", "use en or ja")
    return _TABLES[language]


def choose(option: str | None, environment: dict[str, str]) -> str:
    """Return the language: `--lang`, else the locale's, else English."""
    if option:
        labels(option)
        return option
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = environment.get(name)
        if value:
            return "ja" if value.lower().startswith("ja") else "en"
    return "en"
