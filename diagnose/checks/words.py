"""The sentences of `msnet check`, English and Japanese: those of the frame, and all that the checks bring."""

from __future__ import annotations

from typing import Final

from diagnose.checks import words_annotation, words_nad
from diagnose.pattern import lazy

Sentences = dict[str, tuple[str, str]]
"""Key -> (English, Japanese); {placeholders} are the same in both."""

OWN: Final[dict[str, str]] = {
    "manifest-unreadable": "error",
    "manifest-duplicate-key": "warning",
    "manifest-not-applied": "info",
    "manifest-kustomize": "info",
    "manifest-template": "info",
    "check-failed": "warning",
}
"""What is wrong with a file and not with an object in it: id -> severity. Such faults belong to no rule of the catalog."""

COMMANDS: Final = frozenset({"manifest-kustomize", "manifest-template"})
"""Of these, what is given instead is a command."""

FRAME: Final[Sentences] = {
    "manifest-unreadable": ("the file cannot be read: {reason}", "ファイルを読み取れません: {reason}"),
    "manifest-unreadable-why": ("Nothing of it was checked.", "その内容は検査していません。"),
    "manifest-broken": (
        "{form} cannot be parsed: {reason}. kubectl refuses it; kustomize, and MicroShift with it, refuses the whole file.",
        "{form} として解析できません: {reason}。kubectl はこれを拒否し、kustomize と MicroShift はファイル全体を拒否します。",
    ),
    "manifest-broken-tab": (
        "YAML cannot be parsed: a tab stands where only blanks may indent. kubectl refuses it; kustomize, and MicroShift with it, refuses the whole file.",
        "YAML として解析できません: インデントには空白しか使えませんが、タブがあります。kubectl はこれを拒否し、kustomize と MicroShift はファイル全体を拒否します。",
    ),
    "manifest-broken-encoding": (
        "this byte is no UTF-8, as which manifests are read. The rest of the file was checked all the same.",
        "このバイトは UTF-8 ではありません。マニフェストは UTF-8 として読み取られます。ファイルの残りは検査しました。",
    ),
    "object-api": (
        'apiVersion "{version}" has no such kind; the API server answers "no matches for kind". It is {wanted}.',
        'apiVersion "{version}" にこの種類はなく、API サーバーは "no matches for kind" と応答します。正しくは {wanted} です。',
    ),
    "object-api-missing": (
        'apiVersion is missing; kubectl answers "apiVersion not set". It is {wanted}.',
        'apiVersion がなく、kubectl は "apiVersion not set" と応答します。正しくは {wanted} です。',
    ),
    "object-nameless": (
        'metadata.name is missing; the API server answers "name or generateName is required".',
        'metadata.name がなく、API サーバーは "name or generateName is required" と応答します。',
    ),
    "object-name": (
        'the name "{value}" is no DNS-1123 subdomain: it may hold lower-case letters, digits, "-" and "." (at most {limit}), and begins and ends with a letter or digit.',
        '名前 "{value}" は DNS-1123 サブドメインではありません。使えるのは英小文字、数字、"-"、"." ({limit} 文字以内) で、先頭と末尾は英小文字か数字です。',
    ),
    "object-namespace": (
        'the namespace "{value}" is no DNS-1123 label: it may hold lower-case letters, digits and "-" (at most {limit}), and begins and ends with a letter or digit.',
        'namespace "{value}" は DNS-1123 ラベルではありません。使えるのは英小文字、数字、"-" ({limit} 文字以内) で、先頭と末尾は英小文字か数字です。',
    ),
    "object-name-type": (
        "metadata.{field_name} is no text to YAML; without quotes the API server cannot read it.",
        "metadata.{field_name} は YAML では文字列ではありません。引用符がないと API サーバーは読み取れません。",
    ),
    "object-annotation-type": (
        'the value of annotation "{key}" is a {type} to YAML; annotations are texts, and the API server answers "cannot unmarshal". Quotes make it one.',
        'アノテーション "{key}" の値は YAML では {type} です。アノテーションは文字列でなければならず、API サーバーは "cannot unmarshal" と応答します。引用符で囲んでください。',
    ),
    "check-failed": (
        "this object could not be checked to the end: {reason}",
        "このオブジェクトは最後まで検査できませんでした: {reason}",
    ),
    "check-failed-why": (
        "This is a fault of msnet, not of the manifest; the other objects were checked.",
        "これはマニフェストではなく msnet の問題です。ほかのオブジェクトは検査しました。",
    ),
    "manifest-duplicate-key": (
        'key "{key}" stands twice in one mapping (first in line {line})',
        'キー "{key}" が 1 つのマッピングに 2 回あります (最初は {line} 行目)',
    ),
    "manifest-duplicate-key-why": (
        "kustomize, which MicroShift uses for its manifests, refuses the file; where it is read all the same, the last one counts and the first is lost.",
        "MicroShift がマニフェストに使う kustomize はこのファイルを拒否します。読み取られる場合でも最後の値だけが有効で、最初の値は失われます。",
    ),
    "manifest-not-applied": (
        "{kustomization} does not list this file",
        "{kustomization} にこのファイルが記載されていません",
    ),
    "manifest-not-applied-why": (
        "kustomize, and MicroShift with it, applies only what a kustomization lists under resources.",
        "kustomize と MicroShift は、kustomization の resources に記載されたものだけを適用します。",
    ),
    "manifest-kustomize": (
        "this kustomization changes its objects ({keys}); the files were checked as they are written",
        "この kustomization はオブジェクトを変更します ({keys})。ファイルは書かれているとおりに検査しました",
    ),
    "manifest-kustomize-why": (
        "What is applied may differ from the files: patches were left out, and names may change.",
        "適用される内容はファイルと異なることがあります。パッチは検査しておらず、名前が変わることもあります。",
    ),
    "manifest-not-applied-folder": (
        "{folder} has no kustomization.yaml",
        "{folder} に kustomization.yaml がありません",
    ),
    "manifest-template": (
        "this is a template ({sample}); values that it fills in were not checked",
        "これはテンプレートです ({sample})。テンプレートが埋める値は検査していません",
    ),
    "manifest-template-why": ("Only what the template makes can be checked.", "検査できるのは、テンプレートから生成された結果だけです。"),
    "check-object": ("in", "対象"),
    "check-why": ("why", "原因"),
    "check-instead": ("write", "修正例"),
    "check-run": ("run", "実行"),
    "check-more": ("more", "詳細"),
    "check-also": ("See above for why.", "原因は上記を参照してください。"),
    "check-none": ("no faults found", "問題は見つかりませんでした"),
    "check-nothing": ("nothing could be checked: no manifest was found", "検査できるマニフェストが見つかりませんでした"),
    "check-nothing-hint": (
        "name files or folders with YAML or JSON manifests, or - for standard input",
        "YAML または JSON のマニフェストを含むファイルかフォルダーを指定するか、- で標準入力を指定します",
    ),
    "check-no-network": (
        "nothing here concerns Multus: no network attachment definition, and no pod that asks for a network",
        "Multus に関するものがありません: NetworkAttachmentDefinition も、ネットワークを要求する Pod もありません",
    ),
    "check-error": ("errors: {n}", "エラー: {n}"),
    "check-warning": ("warnings: {n}", "警告: {n}"),
    "check-info": ("hints: {n}", "参考情報: {n}"),
    "check-read": ("files: {files}, NADs: {nads}, pods and pod templates: {pods}", "ファイル: {files}、NAD: {nads}、Pod と Pod テンプレート: {pods}"),
    "check-ignored": ("ignored: {what}", "無視: {what}"),
    "check-hidden": ("less severe, not shown: {n}", "重大度が低いため非表示: {n}"),
    "severity-error": ("error", "エラー"),
    "severity-warning": ("warning", "警告"),
    "severity-info": ("hint", "参考"),
}

_TABLES: tuple[Sentences, ...] = (FRAME, words_annotation.WORDS, words_nad.WORDS)
SENTENCES: Final[Sentences] = {key: texts for table in _TABLES for key, texts in table.items()}
_PLACEHOLDER = lazy(r"\{([a-z_]+)\}")


def say(key: str, language: str, values: dict[str, str] | None = None) -> str:
    """Return a sentence with its names filled in; an unknown name shows as <name>. Raises `KeyError` for an unknown key."""
    text = SENTENCES[key][1 if language == "ja" else 0]
    return _PLACEHOLDER.sub(lambda m: (values or {}).get(m[1], f"<{m[1].replace('_', '-')}>"), text)
