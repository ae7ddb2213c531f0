"""The words of the interface, one typed table a language; rule texts live in the rules."""

from __future__ import annotations

from diagnose.errors import UsageError
from diagnose.record import dataclass


@dataclass(frozen=True, slots=True)
class Labels:
    """Every fixed word that a report shows. No defaults: a missing one is a type error."""

    language: str
    verdict: str
    healthy: str
    """No failure, with what was looked at; `{n}` records."""
    no_evidence: str
    causes: str
    """`{n}` active failures."""
    resolved_count: str
    info_count: str
    blind_count: str
    """`{n}` blind spots; `{s}` is the plural's ending."""
    evidence_window: str
    lines: str
    collectors: str
    """Of the running device, what was read."""
    redaction: str
    """The heading of what was replaced."""
    redacted: dict[str, str]
    """What was replaced, by `Report.redacted`'s kinds; `{n}`."""
    not_redacted: str
    collector: dict[str, str]
    """How far a collector came, by `Collected.state`; `{name}`, `{n}`."""
    """`{n}` lines; `{s}` is the plural's ending."""
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
    zone: str
    """`{name}` is the zone of stamps that name none, by `{source}`."""
    and_more: str
    more_causes: str
    """`{n}` causes that are not named."""
    cut: str
    kind: dict[str, str]
    messages: str
    rule_page: str
    none_rule: str
    root: str
    rule: str
    names: str
    unexplained: str
    unexplained_count: str
    """`{n}` network errors that no rule explains."""
    symptoms_count: str
    """`{n}` symptoms that the findings explain."""
    checked: str
    timeline: str
    legend: str
    """What the letters of the timeline's strip mean."""
    proof: dict[str, str]
    """What shows a finding's state, by `Proof.kind`."""
    hint: dict[str, str]
    """What was compared, by `Hint.kind`."""
    moment: dict[str, str]
    """A turn of the node's story, by `Moment.kind`."""
    component: dict[str, str]
    bundle: dict[str, str]
    """What is said of a bundle that was written."""
    blind_spot: dict[str, str]
    """What was not looked at, by `Gap.kind`; values in braces."""
    attachments: str
    attachment: dict[str, str]
    """How want, recorded and have of one attachment compare, by `Attachment.state`."""
    attachment_columns: tuple[str, str, str, str, str]
    differ: dict[str, str]
    """What differs, by `Attachment.differs`."""
    multus: dict[str, str]
    """Whether Multus ran for a pod, by `PodNetworks.multus`."""
    have: dict[str, str]
    """What shows a pod's interfaces, by `PodNetworks.have`."""
    pools: str
    pool: str
    """`{free}` of `{size}` addresses of `{ranges}` are free; `{used}`, `{leaked}`."""
    pool_unknown: str
    """As `pool`, where no NAD tells the range."""
    pool_full: str
    """When no address will be left: `{time}`."""
    lease: dict[str, str]
    """Whose a lease is, by `LeaseSeen.state`."""
    clean_up: str
    checks: str
    check: dict[str, str]
    """What a network's host side shows, by `Check.kind`."""
    node: str
    node_seen: dict[str, str]
    """What is known of the node itself, by `NodeSeen.kind`."""
    not_whole: str
    ignored: str
    ignored_count: str
    """`{n}` findings that the user set aside."""
    expired: str
    """What was set aside until a day that is over."""
    not_used: str
    """A user's rule, or an entry that sets something aside, that is wrong."""
    no_difference: str
    differences: str
    cured: str
    new: str
    changed: str
    same: str
    not_seen: str
    facts: dict[str, str]
    verify_verdict: dict[str, str]
    change: dict[str, str]
    """A change that a watch tells, by `Change.kind`."""
    change_what: dict[str, str]
    """What changed of a finding, by `Change.what`."""

    def count_lines(self, n: int) -> str:
        """Return `n` lines in words."""
        return self.lines.format(n=n, s="" if n == 1 else "s")


EN = Labels(
    language="en",
    verdict="VERDICT",
    healthy="no network failure found",
    no_evidence="nothing could be diagnosed: no usable evidence",
    causes="{n} active",
    resolved_count="{n} resolved",
    info_count="{n} for information",
    blind_count="{n} blind spot{s}",
    evidence_window="evidence",
    lines="{n} line{s}",
    collectors="LOOKED AT",
    redaction="REDACTED",
    redacted={"name": "names {n}x", "ip": "IP addresses {n}x", "mac": "MAC addresses {n}x", "domain": "domains {n}x", "secret": "secrets {n}x"},
    not_redacted="nothing in it had to be replaced",
    collector={"ok": "{name} {n:,}", "partial": "{name} {n:,} (not all)", "failed": "{name} not read", "late": "{name} {n:,} (time was up)"},
    state={"active": "ACTIVE", "flapping": "FLAPPING", "resolved": "resolved", "unknown": "state unknown"},
    severity={"error": "error", "warning": "warning", "info": "info"},
    confidence={"high": "high", "medium": "medium", "low": "low"},
    confidence_why={
        "high": "the message says so",
        "medium": "the message may have another cause",
        "low": "healthy nodes show it, too",
        "object": "the object shows it",
        "suspect": "as far as the objects show",
    },
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
    zone="stamps that name no zone were read in {name}, the node's, by {source}",
    and_more="and {n} more",
    more_causes="and {n} more causes",
    cut="the message is cut short",
    kind={"Pod": "pod", "NetworkAttachmentDefinition": "NAD"},
    messages="upstream messages",
    rule_page="rule",
    none_rule="no rule knows this message",
    root="root message",
    rule="rule",
    names="names",
    unexplained="unexplained network errors",
    unexplained_count="{n} unexplained",
    symptoms_count="{n} symptom{s} explained",
    checked="checked",
    timeline="timeline",
    legend="B boot S start X stop C change ! fails + over",
    proof={
        "added": "the network was added",
        "works": "the pod works",
        "running": "the pod runs",
        "ready": "a pod got its network, or the node became ready",
        "deleted": "the pod was deleted",
        "absent": "the pod is not in the list of pods any more",
        "restarted": "the node started again, and the failure did not come back",
        "silent": "no further attempt, though the log goes on: the pod may be gone, or work",
    },
    hint={
        "nads": "NADs in namespace {namespace}: {names}",
        "nad-elsewhere": 'a NAD named "{nad}" exists as {names}: write it with its namespace, or copy it',
        "nad-exists": "NAD {nad} exists now: it was made later, or a pod that still fails asks for another one",
        "nearest": "did you mean {names}?",
        "renamed": "the kernel renamed {old} to {new} ({device}): did you mean {new}?",
        "altname": "{old} is another name of interface {new}; the plugins know the first name only",
        "same-mac": "{new} has the MAC address ({mac}) that {old} had: the interface was renamed",
        "same-driver": "{old} ({driver} at {was}) was not there after the last start, and {new} ({driver} at {is}) is new: probably the same interface",
        "links": "network interfaces of the node: {names}",
        "pool": "{store}: {free} of {size} addresses free in {ranges}; {used} used, {leaked} left behind",
        "leaked": "left behind by sandboxes that are gone: {addresses}; to remove them: {command}",
        "odd-leases": "leases that do not fit: {addresses}",
        "dhcp-zone": "{device} is in firewalld's zone {zone}, which does not let DHCP in; if the DHCP server runs on this host: {command}",
        "multus-not-called": "the pod has no network-status: Multus was not called when its sandbox was made",
        "annotated-later": "the annotation was set at {time} ({who}), the pod started at {started}",
        "recreate": "only a new pod is attached: delete {pod} and let it be made again",
        "instead": "write instead: {text}",
        "clock-off": "the node's clock is not synchronised: a certificate may seem expired, or not yet valid",
    },
    moment={
        "boot": "the node started",
        "start": "started",
        "stop": "stopped",
        "cni-config": "CNI configuration",
        "renamed": "interface renamed",
        "clock": "clock",
        "jump": "the clock was set",
        "created": "created",
        "config": "changed",
        "annotation": "network annotation set",
        "failure": "first failure",
        "last": "last failure",
        "recovery": "over",
    },
    component={"microshift": "MicroShift", "crio": "CRI-O", "kubelet": "kubelet", "multus": "Multus", "ovn": "OVN", "dhcp": "DHCP daemon", "node": "node"},
    bundle={
        "holds": "inputs: {inputs}, of which as they were read: {kept}; manifest.json lists everything",
        "limit": "left out for its size: {what}",
        "next": "send it to whoever helps: msnet diagnose {name} finds the same there",
    },
    blind_spot={
        "pasted": "only the pasted text was judged: no journal, no events, no objects",
        "no-kubelet": "neither the journal of microshift.service nor pod events: the cause of a failed pod network stands there",
        "events-only": "no journal of microshift.service: the API server keeps events for three hours only",
        "objects-only": "neither journal nor events: only what objects show was judged",
        "no-nads": "no NADs: whether a network exists and what it says was not checked",
        "no-pods": "no pods: a pod that runs without a network it asked for makes no error, and would not be seen",
        "namespaces": "pods, events and annotations of these namespaces are missing: {namespaces}",
        "journal-late": "the journal of the boot of {boot} begins at {first}: what came before is not known",
        "one-boot": "the journal holds one boot, since {boot}: earlier ones were not looked at",
        "volatile": "the journal is volatile: it is lost at each restart of the node",
        "lost": "journald dropped {n} messages of {unit}",
        "tailed": "sos kept only the end of these, and their beginning is missing: {what}",
        "obfuscated": "addresses or names were obfuscated: whether two of them are the same is unknown",
        "forbidden": "{text}",
        "not-all-users": "{text}",
        "no-kubelet-here": "the journal of this boot holds nothing of microshift.service",
        "node-denied": "what only root may read was not read: {what}",
        "node-command": "`{command}` did not answer: {why}",
        "runtime-none": "crictl is not installed: the container runtime was not asked",
        "runtime-denied": "the container runtime's socket may not be opened by this user",
        "runtime-dead": "the container runtime does not answer: {why}",
        "runtime-answer": "crictl's answer was not understood: {why}",
        "runtime-cut": "time was up: only {n} of {of} sandboxes were looked at",
        "late": "not all was read within {seconds} s; what was read until then was used",
        "journal-denied": "{n} journal files may not be read by this user",
        "journal-none": "no journal files in {folders}",
        "journal-boot": "the journal holds no boot {boot}",
        "slow-scan": "pyperscan is not installed: large inputs were searched the slow way, with the same result",
        "journal-cut": "time was up: the journal was read back to {since} only",
        "api-no-kubeconfig": "the API server was not asked: no kubeconfig at {paths}",
        "api-kubeconfig-denied": "the API server was not asked: {path} may not be read by this user",
        "api-kubeconfig-broken": "the API server was not asked: {path} cannot be used: {reason}",
        "api-elsewhere": "the kubeconfig {path} is of another machine ({server}), which was not asked",
        "api-kubeconfig-exec": "the API server was not asked: {path} gets its credentials from a program, which is not run",
        "api-refused": "the API server is not running: {server} refuses the connection",
        "api-unreachable": "the API server {server} cannot be reached: {reason}",
        "api-timeout": "the API server {server} did not answer within {seconds} s",
        "api-broken": "the API server {server} broke the connection: {reason}",
        "api-certificate": "the certificate of the API server {server} is not trusted: {reason}",
        "api-certificate-date": "the certificate of the API server {server} is not valid now: {reason}",
        "api-certificate-name": "the certificate of the API server is not for {server}: {reason}",
        "api-tls": "no TLS connection to the API server {server}: {reason}",
        "api-unauthorized": "the API server {server} does not accept the credentials of the kubeconfig",
        "api-forbidden": "{path} may not be read with this kubeconfig: {text}",
        "api-missing": "the API server has no {path}: {text}",
        "api-expired": "{path} changed while it was read: it was not read to its end",
        "api-busy": "the API server is too busy to tell {path}",
        "api-error": "the API server failed at {path}: {code} {text}",
        "api-no-json": "{server} does not answer as an API server: {text}",
        "api-cut": "not asked for any more: {paths}",
    },
    attachments="attachments",
    attachment={"ok": "ok", "not-recorded": "not recorded", "missing": "not in the pod", "extra": "not asked for", "different": "differs"},
    attachment_columns=("network", "wanted", "recorded", "in the pod", "state"),
    differ={"address": "address", "mac": "MAC", "network": "network", "interface": "interface"},
    multus={
        "ran": "Multus ran for it",
        "not-called": "no network-status: Multus was not called when its sandbox was made",
        "unknown": "whether Multus ran for it is unknown",
    },
    have={"netns": "all interfaces of its network namespace", "cache": "CNI results and leases", "": "the pod's interfaces are not among the evidence"},
    pools="addresses (host-local)",
    pool="{free} of {size} addresses free in {ranges}: {used} used, {leaked} left behind",
    pool_unknown="{used} used, {leaked} left behind; no NAD tells the range",
    pool_full="at the rate at which addresses were left behind, none will be free at {time}",
    lease={
        "used": "used",
        "unknown": "owner unknown",
        "leaked": "left behind: its sandbox is gone",
        "double": "the interface holds more addresses than the network gives",
        "outside": "outside the range",
    },
    clean_up="remove what was left behind",
    checks="networks on the host (guide 5.2.4)",
    check={
        "bridge-up": "bridge {device} is up",
        "bridge-absent": "bridge {device} is not there; the plugin makes it with the first pod",
        "bridge-gone": "bridge {device} is not there, though pods are attached to it",
        "bridge-other": "{device} is no bridge ({type})",
        "bridge-down": "bridge {device} is down",
        "port-down": "port {port} of bridge {device} is down",
        "no-uplink": "bridge {device} has no port to the outside: its pods reach each other, and the host if it has an address",
        "vlan-missing": "port {port} of bridge {device} does not carry VLAN {vlan}",
        "bridge-address": "the host has {address} on bridge {device}",
        "bridge-no-address": "the host has no address in {subnet} on bridge {device}: it cannot reach the pods, which a layer-2 network may want",
        "master-down": "{device} is down",
        "pod-link-down": "interface {interface} of pod {pod} is down",
        "dhcp-daemon": "the DHCP daemon runs",
        "dhcp-daemon-down": "the DHCP daemon does not run",
        "dhcp-zone": "zone {zone} of {device} does not let DHCP in (UDP 67); it must only if the DHCP server runs on this host",
        "dhcp-zone-open": "zone {zone} of {device} lets DHCP in",
    },
    node="node",
    node_seen={
        "versions": "{text}",
        "config": "MicroShift's configuration: {text}",
        "crio-network": "CRI-O's default network: {network} (set by {file})",
        "crio-first": "CRI-O's default network: the first file in {folder}",
        "confs": "{folder}: {text}",
        "multus-conf": "Multus: {file}, written {time}, delegates {delegates}",
        "kubeconfig": "{file}: server {server}, expires: {ends}",
        "plugins": "CNI plugins in {folder}: {text}",
        "units-down": "not running: {text}",
        "units": "units: {text}",
        "filesystem": "{path}: {used} % of {size} GiB used, {free} GiB and {inodes_free} of {inodes} inodes free",
        "filesystem-bytes": "{path}: {used} % of {size} GiB used, {free} GiB free",
        "memory": "memory: {available} of {total} GiB available",
        "inotify": "inotify: {instances_used} of {max_user_instances} instances used, {max_user_watches} watches allowed",
        "selinux": "SELinux: {mode}",
        "clock": "clock: synchronised ({by})",
        "clock-off": "clock: not synchronised ({by})",
    },
    not_whole="not to its end",
    ignored="ignored",
    ignored_count="{n} ignored",
    expired="no longer ignored",
    not_used="not used",
    no_difference="no difference",
    differences="what else differs",
    cured="cured",
    new="new",
    changed="changed",
    same="same",
    not_seen="not seen any more",
    facts={
        "nad": "NAD",
        "image": "image",
        "version": "version",
        "nic": "interface",
        "package": "package",
        "crio": "CRI-O",
        "microshift": "MicroShift",
        "config": "configuration",
        "unit": "unit",
        "selinux": "SELinux",
    },
    verify_verdict={
        "cured": "cured",
        "failing": "not cured",
        "unknown": "unknown: this evidence does not show whether it is cured",
        "not-seen": "not seen in this evidence",
    },
    change={
        "active": "active",
        "unknown": "state unknown",
        "resolved": "resolved",
        "changed": "changed",
        "explained": "a symptom of {by}",
        "ignored": "ignored",
        "gone": "not there any more: nothing shows it now",
        "gap-opened": "blind spot",
        "gap-closed": "no longer a blind spot",
        "watching": "watching; {n} active",
        "storm": "{n} more changes wait",
    },
    change_what={"severity": "{before} -> {after}", "state": "{before} -> {after}", "pods": "also hits {pods}"},
)

JA = Labels(
    language="ja",
    verdict="判定",
    healthy="ネットワーク障害は見つかりませんでした",
    no_evidence="診断できませんでした: 使える証拠がありません",
    causes="継続中 {n} 件",
    resolved_count="解決済み {n} 件",
    info_count="参考情報 {n} 件",
    blind_count="確認できなかった点 {n} 件",
    evidence_window="証拠",
    lines="{n} 行",
    collectors="調査対象",
    redaction="秘匿化",
    redacted={
        "name": "名前 {n} 箇所",
        "ip": "IP アドレス {n} 箇所",
        "mac": "MAC アドレス {n} 箇所",
        "domain": "ドメイン {n} 箇所",
        "secret": "機密情報 {n} 箇所",
    },
    not_redacted="置き換える箇所はありませんでした",
    collector={"ok": "{name} {n:,}", "partial": "{name} {n:,}（一部）", "failed": "{name} 読み取り不可", "late": "{name} {n:,}（時間切れ）"},
    state={"active": "継続中", "flapping": "断続的に再発", "resolved": "解決済み", "unknown": "状態不明"},
    severity={"error": "エラー", "warning": "警告", "info": "情報"},
    confidence={"high": "高", "medium": "中", "low": "低"},
    confidence_why={
        "high": "メッセージに明記",
        "medium": "別の原因もありうる",
        "low": "正常なノードでも見られる",
        "object": "オブジェクトから判明",
        "suspect": "オブジェクトで分かる範囲",
    },
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
    zone="タイムゾーンのない時刻は、{source} が示すノードのタイムゾーン {name} として読み取りました",
    and_more="ほか {n} 件",
    more_causes="ほかの原因 {n} 件",
    cut="メッセージは途中で切れています",
    kind={"Pod": "Pod", "NetworkAttachmentDefinition": "NAD"},
    messages="アップストリームのメッセージ",
    rule_page="ルール",
    none_rule="このメッセージに該当するルールはありません",
    root="根本のメッセージ",
    rule="ルール",
    names="名前",
    unexplained="原因不明のネットワークエラー",
    unexplained_count="原因不明 {n} 件",
    symptoms_count="付随する症状 {n} 件",
    checked="照合",
    timeline="時系列",
    legend="B ノード S 起動 X 停止 C 変更 ! 障害 + 解決",
    proof={
        "added": "ネットワークが追加されました",
        "works": "Pod は動作しています",
        "running": "Pod は実行中です",
        "ready": "Pod がネットワークを得たか、ノードが Ready になりました",
        "deleted": "Pod は削除されました",
        "absent": "Pod の一覧にこの Pod はもうありません",
        "restarted": "ノードの再起動後、障害は再発していません",
        "silent": "ログは続いていますが、その後の試行がありません。Pod は削除されたか、動作している可能性があります",
    },
    hint={
        "nads": "名前空間 {namespace} の NAD: {names}",
        "nad-elsewhere": "NAD「{nad}」は {names} として存在します。名前空間を付けて指定するか、コピーしてください",
        "nad-exists": "NAD {nad} は現在存在します。後から作成されたか、まだ失敗する Pod は別の NAD を要求しています",
        "nearest": "もしかして {names} ですか?",
        "renamed": "カーネルが {old} を {new} に改名しました ({device})。もしかして {new} ですか?",
        "altname": "{old} はインターフェース {new} の別名です。プラグインは第一の名前しか認識しません",
        "same-mac": "{new} の MAC アドレス ({mac}) は {old} のものと同じです。インターフェースが改名されました",
        "same-driver": "{old} ({driver}、{was}) は前回の起動後になく、{new} ({driver}、{is}) が新しく現れました。おそらく同じインターフェースです",
        "links": "ノードのネットワークインターフェース: {names}",
        "pool": "{store}: {ranges} のアドレス {size} 個のうち空き {free} 個。使用中 {used}、残留 {leaked}",
        "leaked": "存在しないサンドボックスが残したアドレス: {addresses}。削除するコマンド: {command}",
        "odd-leases": "整合しないリース: {addresses}",
        "dhcp-zone": "{device} は firewalld のゾーン {zone} にあり、このゾーンは DHCP を許可していません。DHCP サーバーがこのホストで動く場合: {command}",
        "multus-not-called": "Pod に network-status がありません。サンドボックスの作成時に Multus は呼び出されていません",
        "annotated-later": "アノテーションは {time} に設定されました ({who})。Pod の開始は {started} です",
        "recreate": "接続されるのは新しい Pod だけです。{pod} を削除して作り直します",
        "instead": "正しい記述: {text}",
        "clock-off": "ノードの時刻が同期していません。証明書が期限切れ、またはまだ有効でないと判定される可能性があります",
    },
    moment={
        "boot": "ノード起動",
        "start": "起動",
        "stop": "停止",
        "cni-config": "CNI 設定",
        "renamed": "インターフェース改名",
        "clock": "時計",
        "jump": "時計の変更",
        "created": "作成",
        "config": "変更",
        "annotation": "ネットワークのアノテーション設定",
        "failure": "最初の障害",
        "last": "最後の障害",
        "recovery": "解決",
    },
    component={"microshift": "MicroShift", "crio": "CRI-O", "kubelet": "kubelet", "multus": "Multus", "ovn": "OVN", "dhcp": "DHCP デーモン", "node": "ノード"},
    bundle={
        "holds": "{inputs} 件の入力から得た証拠（うち {kept} 件は読み取ったままの内容も収録）。全一覧は manifest.json にあります",
        "limit": "サイズ制限のため除外: {what}",
        "next": "調査する担当者に送ってください。msnet diagnose {name} で同じ結果が得られます",
    },
    blind_spot={
        "pasted": "貼り付けられたテキストだけを判定しました。ジャーナル、イベント、オブジェクトは見ていません",
        "no-kubelet": "microshift.service のジャーナルも Pod のイベントもありません。Pod のネットワーク障害の原因はそこにあります",
        "events-only": "microshift.service のジャーナルがありません。API サーバーはイベントを 3 時間しか保持しません",
        "objects-only": "ジャーナルもイベントもありません。オブジェクトから分かることだけを判定しました",
        "no-nads": "NAD がありません。ネットワークの有無と内容は確認していません",
        "no-pods": "Pod がありません。要求したネットワークなしで動作する Pod はエラーを出さないため、検出できません",
        "namespaces": "次の名前空間の Pod、イベント、アノテーションがありません: {namespaces}",
        "journal-late": "{boot} からの起動のジャーナルは {first} に始まります。それ以前のことは分かりません",
        "one-boot": "ジャーナルには {boot} 以降の 1 回の起動しかありません。それより前は見ていません",
        "volatile": "ジャーナルは揮発性で、ノードの再起動のたびに失われます",
        "lost": "journald が {unit} のメッセージ {n} 件を破棄しました",
        "tailed": "sos は次のファイルの末尾だけを収集しました。先頭の部分はありません: {what}",
        "obfuscated": "アドレスまたは名前が難読化されています。同じものかどうかは分かりません",
        "forbidden": "{text}",
        "not-all-users": "{text}",
        "no-kubelet-here": "このブートのジャーナルに microshift.service の記録がありません",
        "node-denied": "root だけが読めるものは読んでいません: {what}",
        "node-command": "`{command}` が応答しません: {why}",
        "runtime-none": "crictl がないため、コンテナランタイムに問い合わせていません",
        "runtime-denied": "このユーザーはコンテナランタイムのソケットを開けません",
        "runtime-dead": "コンテナランタイムが応答しません: {why}",
        "runtime-answer": "crictl の応答を理解できません: {why}",
        "runtime-cut": "時間切れのため、{of} 個のサンドボックスのうち {n} 個だけを調べました",
        "late": "{seconds} 秒以内に読み終わりませんでした。それまでに読んだ分だけを判定しました",
        "journal-denied": "このユーザーはジャーナルファイル {n} を読めません",
        "journal-none": "{folders} にジャーナルファイルがありません",
        "journal-boot": "ジャーナルにブート {boot} がありません",
        "slow-scan": "pyperscan がインストールされていないため、大きな入力は低速な方法で検索しました (結果は同じです)",
        "journal-cut": "時間切れのため、ジャーナルは {since} までしか遡って読めませんでした",
        "api-no-kubeconfig": "API サーバーに問い合わせていません: kubeconfig が {paths} にありません",
        "api-kubeconfig-denied": "API サーバーに問い合わせていません: このユーザーは {path} を読めません",
        "api-kubeconfig-broken": "API サーバーに問い合わせていません: {path} を使用できません: {reason}",
        "api-elsewhere": "kubeconfig {path} は別のマシン ({server}) のもののため、問い合わせていません",
        "api-kubeconfig-exec": "API サーバーに問い合わせていません: {path} は認証情報を得るためにプログラムを必要としますが、実行しません",
        "api-refused": "API サーバーが動作していません: {server} が接続を拒否しました",
        "api-unreachable": "API サーバー {server} に到達できません: {reason}",
        "api-timeout": "API サーバー {server} が {seconds} 秒以内に応答しませんでした",
        "api-broken": "API サーバー {server} との接続が切れました: {reason}",
        "api-certificate": "API サーバー {server} の証明書を信頼できません: {reason}",
        "api-certificate-date": "API サーバー {server} の証明書は現在有効ではありません: {reason}",
        "api-certificate-name": "API サーバーの証明書は {server} のものではありません: {reason}",
        "api-tls": "API サーバー {server} と TLS で接続できません: {reason}",
        "api-unauthorized": "API サーバー {server} が kubeconfig の認証情報を受け付けませんでした",
        "api-forbidden": "この kubeconfig では {path} を読み取る権限がありません: {text}",
        "api-missing": "API サーバーに {path} がありません: {text}",
        "api-expired": "{path} は読み取り中に変更されたため、最後まで読めませんでした",
        "api-busy": "API サーバーの負荷が高く、{path} を読めませんでした",
        "api-error": "API サーバーが {path} の要求に失敗しました: {code} {text}",
        "api-no-json": "{server} は API サーバーとして応答していません: {text}",
        "api-cut": "次のものは問い合わせませんでした: {paths}",
    },
    attachments="ネットワーク接続",
    attachment={"ok": "正常", "not-recorded": "記録なし", "missing": "Pod にない", "extra": "要求されていない", "different": "相違"},
    attachment_columns=("ネットワーク", "要求", "記録", "Pod 内", "状態"),
    differ={"address": "アドレス", "mac": "MAC", "network": "ネットワーク", "interface": "インターフェース"},
    multus={
        "ran": "Multus が実行されました",
        "not-called": "network-status がありません。サンドボックスの作成時に Multus は呼び出されていません",
        "unknown": "Multus が実行されたかどうかは不明です",
    },
    have={"netns": "ネットワーク名前空間の全インターフェース", "cache": "CNI の結果とリース", "": "Pod のインターフェースは証拠に含まれていません"},
    pools="アドレス (host-local)",
    pool="{ranges} のアドレス {size} 個のうち空き {free} 個: 使用中 {used}、残留 {leaked}",
    pool_unknown="使用中 {used}、残留 {leaked}。範囲を示す NAD がありません",
    pool_full="アドレスがこれまでのペースで残留し続けると、{time} に空きがなくなります",
    lease={
        "used": "使用中",
        "unknown": "所有者不明",
        "leaked": "残留: サンドボックスはもう存在しません",
        "double": "インターフェースがネットワークの割り当て数より多くのアドレスを保持しています",
        "outside": "範囲外",
    },
    clean_up="残留したリースの削除",
    checks="ホスト側のネットワーク (ガイド 5.2.4)",
    check={
        "bridge-up": "ブリッジ {device} は up です",
        "bridge-absent": "ブリッジ {device} はありません。最初の Pod の接続時にプラグインが作成します",
        "bridge-gone": "Pod が接続されているのに、ブリッジ {device} がありません",
        "bridge-other": "{device} はブリッジではありません ({type})",
        "bridge-down": "ブリッジ {device} は down です",
        "port-down": "ブリッジ {device} のポート {port} は down です",
        "no-uplink": "ブリッジ {device} には外部へのポートがありません。Pod 同士と、アドレスがあればホストだけが通信できます",
        "vlan-missing": "ブリッジ {device} のポート {port} は VLAN {vlan} を通しません",
        "bridge-address": "ホストはブリッジ {device} に {address} を持っています",
        "bridge-no-address": "ホストはブリッジ {device} に {subnet} のアドレスを持っていません。ホストから Pod に到達できません (レイヤー 2 だけのネットワークなら意図どおりです)",
        "master-down": "{device} は down です",
        "pod-link-down": "Pod {pod} のインターフェース {interface} は down です",
        "dhcp-daemon": "DHCP デーモンは動作しています",
        "dhcp-daemon-down": "DHCP デーモンは動作していません",
        "dhcp-zone": "{device} のゾーン {zone} は DHCP (UDP 67) を許可していません。許可が必要なのは、DHCP サーバーがこのホストで動く場合だけです",
        "dhcp-zone-open": "{device} のゾーン {zone} は DHCP を許可しています",
    },
    node="ノード",
    node_seen={
        "versions": "{text}",
        "config": "MicroShift の設定: {text}",
        "crio-network": "CRI-O のデフォルトネットワーク: {network} (設定元 {file})",
        "crio-first": "CRI-O のデフォルトネットワーク: {folder} の先頭のファイル",
        "confs": "{folder}: {text}",
        "multus-conf": "Multus: {file}、書き込み {time}、delegates {delegates}",
        "kubeconfig": "{file}: サーバー {server}、有効期限: {ends}",
        "plugins": "{folder} の CNI プラグイン: {text}",
        "units-down": "動作していません: {text}",
        "units": "ユニット: {text}",
        "filesystem": "{path}: {size} GiB のうち {used} % を使用、空き {free} GiB、空き inode {inodes_free} / {inodes}",
        "filesystem-bytes": "{path}: {size} GiB のうち {used} % を使用、空き {free} GiB",
        "memory": "メモリー: {total} GiB のうち {available} GiB が利用可能",
        "inotify": "inotify: インスタンス {max_user_instances} のうち {instances_used} を使用、watch の上限 {max_user_watches}",
        "selinux": "SELinux: {mode}",
        "clock": "時刻: 同期しています ({by})",
        "clock-off": "時刻: 同期していません ({by})",
    },
    not_whole="途中まで",
    ignored="無視",
    ignored_count="無視 {n} 件",
    expired="期限切れの無視設定",
    not_used="使用できない設定",
    no_difference="違いはありません",
    differences="その他の違い",
    cured="解決",
    new="新規",
    changed="変化",
    same="変化なし",
    not_seen="検出されなくなりました",
    facts={
        "nad": "NAD",
        "image": "イメージ",
        "version": "バージョン",
        "nic": "インターフェース",
        "package": "パッケージ",
        "crio": "CRI-O",
        "microshift": "MicroShift",
        "config": "設定",
        "unit": "ユニット",
        "selinux": "SELinux",
    },
    verify_verdict={
        "cured": "解決しました",
        "failing": "解決していません",
        "unknown": "不明: この証拠からは解決したかどうか分かりません",
        "not-seen": "この証拠には見られません",
    },
    change={
        "active": "継続中",
        "unknown": "状態不明",
        "resolved": "解決済み",
        "changed": "変化",
        "explained": "{by} に付随する症状です",
        "ignored": "無視",
        "gone": "現在これを示すものはありません",
        "gap-opened": "確認できない点",
        "gap-closed": "再び確認できます",
        "watching": "監視しています。継続中 {n} 件",
        "storm": "ほかに {n} 件の変化が待機中です",
    },
    change_what={"severity": "{before} → {after}", "state": "{before} → {after}", "pods": "対象に追加: {pods}"},
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
