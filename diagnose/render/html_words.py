"""The words that only the page needs, one typed table a language; all others are `diagnose.lang`'s."""

from __future__ import annotations

from diagnose.record import dataclass


@dataclass(frozen=True, slots=True)
class HtmlWords:
    """Fixed words of the page. No defaults: a missing one is a type error."""

    skip: str
    contents: str
    causes: str
    more_causes: str
    """Causes that are told in a line each."""
    rest: str
    """What is resolved or for information."""
    none: str
    """What stands in place of causes if there are none: what was looked at follows."""
    filter: str
    """Label of a table's filter; `{what}` is the table."""
    shown: str
    """`{n}` of `{of}` rows are shown."""
    copy: str
    copy_of: str
    """What the copy button copies: `{what}`."""
    copied: str
    not_copied: str
    generated: str
    rules: str
    host: str
    evidence_more: str
    """`{n}` further pieces of evidence."""
    picture: str
    picture_about: str
    picture_legend: dict[str, str]
    """What the marks of the picture mean: ok, broken, unknown."""
    station: dict[str, str]
    """What the boxes of the picture are."""
    state: dict[str, str]
    """What is said of a box: absent, down, unknown, unreadable, unattached, none."""
    broken: str
    """What stands above the rule that breaks the way."""
    no_network: str
    addresses: str
    """Fill level of a pool: `{used}` of `{size}`."""
    addresses_unknown: str
    timeline_about: str
    timeline_legend: dict[str, str]
    """The marks of the timeline: failure, recovery, unknown, active."""
    lanes_more: str
    time: str
    event: str
    events: str
    leases: str
    lease_columns: tuple[str, str, str, str, str]
    input_columns: tuple[str, str, str, str, str]
    node_columns: tuple[str, str]
    shape_columns: tuple[str, str, str, str, str]
    check_columns: tuple[str, str, str]
    cause_columns: tuple[str, str, str, str, str, str]
    pod: str
    ok: str
    hides: str
    """A blind spot behind which a failure could stand."""
    not_seen: str
    """Beneath what was looked at, if something that could hide a failure was not."""


EN = HtmlWords(
    skip="skip to the causes",
    contents="contents",
    causes="causes",
    more_causes="further causes",
    rest="resolved, and for information",
    none="No failure was found in what was looked at:",
    filter="filter {what}",
    shown="{n} of {of}",
    copy="copy",
    copy_of="copy {what}",
    copied="copied",
    not_copied="not copied: it is selected, copy it with the keyboard",
    generated="made",
    rules="rules",
    host="node",
    evidence_more="{n} more",
    picture="pod networks",
    picture_about="From the host's interface on the left to the pod's interface on the right.",
    picture_legend={"ok": "shown by the evidence", "broken": "broken", "unknown": "not known, or not there"},
    station={"uplink": "host interface", "device": "plugin", "nad": "NAD", "network": "network", "ipam": "addresses", "interface": "pod interface"},
    state={
        "absent": "not there",
        "down": "down",
        "up": "up",
        "unknown": "not known",
        "unreadable": "its config cannot be read",
        "unattached": "not attached",
        "none": "no port to the outside",
        "recorded": "recorded by Multus",
    },
    broken="broken:",
    no_network="which network is not known",
    addresses="{used} of {size} addresses taken",
    addresses_unknown="fill level not known",
    timeline_about="Failures from the first to the last, by the clock of the node (UTC). Vertical bands are boots.",
    timeline_legend={"failure": "failure", "recovery": "over", "unknown": "state unknown", "active": "goes on", "boot": "boot", "start": "start", "stop": "stop", "change": "change"},
    lanes_more="and {n} more failures, in the table beneath",
    time="time (UTC)",
    event="event",
    events="events",
    leases="leases",
    lease_columns=("network", "address", "owner", "interface", "state"),
    input_columns=("input", "kind", "lines", "first (UTC)", "last (UTC)"),
    node_columns=("state", "what is known"),
    shape_columns=("count", "message", "pods", "first (UTC)", "last (UTC)"),
    check_columns=("state", "what was seen", "command"),
    cause_columns=("rule", "state", "title", "count", "since", "last"),
    pod="pod",
    ok="ok",
    hides="could hide a failure",
    not_seen="Not everything was looked at, and a failure could stand there:",
)  # fmt: skip

JA = HtmlWords(
    skip="原因へ移動",
    contents="目次",
    causes="原因",
    more_causes="その他の原因",
    rest="解決済みと参考情報",
    none="調査した範囲に障害は見つかりませんでした:",
    filter="{what}を絞り込む",
    shown="{of} 件中 {n} 件",
    copy="コピー",
    copy_of="{what} をコピー",
    copied="コピーしました",
    not_copied="コピーできませんでした。選択したので、キーボードでコピーしてください",
    generated="作成",
    rules="ルール",
    host="ノード",
    evidence_more="ほか {n} 件",
    picture="Pod のネットワーク",
    picture_about="左のホストのインターフェースから右の Pod のインターフェースまでの経路です。",
    picture_legend={"ok": "証拠で確認済み", "broken": "障害", "unknown": "不明、または存在しない"},
    station={"uplink": "ホストのインターフェース", "device": "プラグイン", "nad": "NAD", "network": "ネットワーク", "ipam": "アドレス", "interface": "Pod のインターフェース"},
    state={
        "absent": "存在しません",
        "down": "down",
        "up": "up",
        "unknown": "不明",
        "unreadable": "設定を読み取れません",
        "unattached": "接続されていません",
        "none": "外部へのポートなし",
        "recorded": "Multus の記録あり",
    },
    broken="障害:",
    no_network="要求先は不明",
    addresses="アドレス {size} 個のうち {used} 個を使用",
    addresses_unknown="使用状況は不明",
    timeline_about="各障害の最初から最後まで (ノードの時計、UTC)。縦の帯は起動ごとの区間です。",
    timeline_legend={"failure": "障害", "recovery": "解決", "unknown": "状態不明", "active": "継続中", "boot": "起動", "start": "開始", "stop": "停止", "change": "変更"},
    lanes_more="ほか {n} 件の障害は下の表にあります",
    time="時刻 (UTC)",
    event="出来事",
    events="出来事",
    leases="リース",
    lease_columns=("ネットワーク", "アドレス", "所有者", "インターフェース", "状態"),
    input_columns=("入力", "種類", "行数", "最初 (UTC)", "最後 (UTC)"),
    node_columns=("状態", "確認できたこと"),
    shape_columns=("件数", "メッセージ", "Pod", "最初 (UTC)", "最後 (UTC)"),
    check_columns=("状態", "確認できたこと", "コマンド"),
    cause_columns=("ルール", "状態", "内容", "回数", "最初", "最後"),
    pod="Pod",
    ok="正常",
    hides="障害が隠れている可能性があります",
    not_seen="確認できなかった点があり、そこに障害が隠れている可能性があります:",
)  # fmt: skip

_TABLES = {"en": EN, "ja": JA}


def html_words(language: str) -> HtmlWords:
    """Return the table of "en" or "ja"."""
    return _TABLES[language]
