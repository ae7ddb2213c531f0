"""The sentences on network annotations, English and Japanese: what is wrong, and what Multus or a plugin does with it."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    # --- the comma list
    "annotation-networks-empty": (
        "the annotation is empty: Multus attaches no secondary network, and says nothing",
        "アノテーションが空です。Multus は追加ネットワークを接続せず、何も通知しません",
    ),
    "annotation-list-blank": (
        "the value holds blanks only: Multus takes it for one network without a name, and the pod does not start",
        "値が空白だけです。Multus は名前のない 1 つのネットワークとみなし、Pod は起動しません",
    ),
    "annotation-list-empty-item": (
        "there is nothing beside this comma: Multus looks for a NAD without a name, and the pod does not start",
        "コンマの隣に何もありません。Multus は名前のない NAD を探し、Pod は起動しません",
    ),
    "annotation-list-no-name": (
        "this item has no name: Multus looks for a NAD without a name, and the pod does not start",
        "この項目には名前がありません。Multus は名前のない NAD を探し、Pod は起動しません",
    ),
    "annotation-list-slashes": (
        'an item may hold one "/" only, between namespace and name; Multus refuses the whole annotation',
        '"/" は namespace と名前の間に 1 つしか書けません。Multus はアノテーション全体を拒否します',
    ),
    "annotation-list-ats": (
        'an item may hold one "@" only, before the interface name; Multus refuses the whole annotation',
        '"@" はインターフェイス名の前に 1 つしか書けません。Multus はアノテーション全体を拒否します',
    ),
    "annotation-list-name": (
        '"{value}" is no name that a comma list may hold (lower-case letters, digits and hyphens, a letter or digit at both ends); Multus refuses the whole annotation',
        '"{value}" はコンマ区切りのリストに書ける名前ではありません (英小文字・数字・ハイフンのみ、両端は英小文字か数字)。Multus はアノテーション全体を拒否します',
    ),
    "annotation-list-separator": (
        "networks are separated by commas and by nothing else; Multus takes this for one name and refuses the whole annotation",
        "ネットワークの区切りに使えるのはコンマだけです。Multus はこれを 1 つの名前とみなし、アノテーション全体を拒否します",
    ),
    "annotation-list-quotes": (
        "a name in a comma list stands without quotes; Multus takes them for a part of it and refuses the whole annotation",
        "コンマ区切りのリストでは名前に引用符を付けません。Multus は引用符を名前の一部とみなし、アノテーション全体を拒否します",
    ),
    "annotation-list-dots": (
        'a comma list cannot name a NAD whose name has dots ("{value}"), only JSON (in quotes) can; Multus refuses the whole annotation',
        '名前にドットを含む NAD ("{value}") はコンマ区切りのリストでは指定できず、(引用符で囲んだ) JSON で指定する必要があります。Multus はアノテーション全体を拒否します',
    ),
    "annotation-list-yaml": (
        "this is YAML: Multus reads a comma list of names or JSON (in quotes) only, takes this for a list, and refuses it",
        "これは YAML です。Multus が読むのは名前のコンマ区切りリストか (引用符で囲んだ) JSON だけで、これをリストとみなして拒否します",
    ),
    "annotation-list-interface": (
        'interface name "{value}" is longer than 15 bytes or holds blanks or "/"; Multus refuses the whole annotation',
        'インターフェイス名 "{value}" が 15 バイトを超えるか、空白または "/" を含んでいます。Multus はアノテーション全体を拒否します',
    ),
    "annotation-list-interface-label": (
        'Multus of MicroShift 4.16 takes only lower-case letters, digits and hyphens in the interface name of a comma list ("{value}"); it refuses the whole annotation',
        'MicroShift 4.16 の Multus は、コンマ区切りリストのインターフェイス名に英小文字・数字・ハイフンしか認めません ("{value}")。アノテーション全体を拒否します',
    ),
    "annotation-list-blanks": (
        "there are blanks around a separator; Multus cuts them off, the MicroShift guide asks for none",
        "区切り文字の前後に空白があります。Multus は空白を取り除きますが、MicroShift のガイドでは空白を入れないよう求めています",
    ),
    "annotation-list-none": (
        'Multus takes "{value}" for the name of a NAD, not for "no network"; for none, leave the annotation out',
        'Multus は "{value}" を「ネットワークなし」ではなく NAD の名前とみなします。ネットワークが不要ならアノテーションを削除してください',
    ),
    # --- JSON
    "annotation-json-syntax": (
        "this is broken JSON ({reason}); Multus refuses the whole annotation",
        "JSON が壊れています ({reason})。Multus はアノテーション全体を拒否します",
    ),
    "annotation-json-trailing-comma": (
        "JSON allows no comma before a closing bracket ({reason}); Multus refuses the whole annotation",
        "JSON では閉じ括弧の直前にコンマを書けません ({reason})。Multus はアノテーション全体を拒否します",
    ),
    "annotation-json-missing-comma": (
        "a comma is missing here ({reason}); Multus refuses the whole annotation",
        "ここにコンマがありません ({reason})。Multus はアノテーション全体を拒否します",
    ),
    "annotation-json-quotes": (
        "JSON knows straight double quotes only ({reason}); Multus refuses the whole annotation",
        "JSON で使える引用符は半角の二重引用符だけです ({reason})。Multus はアノテーション全体を拒否します",
    ),
    "annotation-json-bare-word": (
        "keys and texts stand in double quotes in JSON ({reason}); Multus refuses the whole annotation",
        "JSON ではキーと文字列を二重引用符で囲みます ({reason})。Multus はアノテーション全体を拒否します",
    ),
    "annotation-json-brackets": (
        "the brackets do not match ({reason}); Multus refuses the whole annotation",
        "括弧の対応が取れていません ({reason})。Multus はアノテーション全体を拒否します",
    ),
    "annotation-json-cut": (
        "the JSON ends before its brackets or quotes are closed ({reason}); Multus refuses the whole annotation",
        "括弧や引用符が閉じる前に JSON が終わっています ({reason})。Multus はアノテーション全体を拒否します",
    ),
    "annotation-json-no-brackets": (
        "several elements need square brackets around them ({reason}); Multus refuses the whole annotation",
        "複数の要素は角括弧で囲む必要があります ({reason})。Multus はアノテーション全体を拒否します",
    ),
    "annotation-json-names": (
        "brackets or quotes make Multus read this as JSON, which it is not ({reason}); a list of names stands without them",
        "括弧や引用符があるため Multus は JSON として読みますが、JSON になっていません ({reason})。名前のリストには括弧も引用符も付けません",
    ),
    "annotation-json-not-list": (
        "the JSON form is an array of objects, this is one {found}; Multus refuses the whole annotation",
        "JSON 形式はオブジェクトの配列でなければなりませんが、これは単独の {found} です。Multus はアノテーション全体を拒否します",
    ),
    "annotation-json-strings": (
        "each element of the array must be an object with a name, this is a {found}; Multus refuses the whole annotation",
        "配列の各要素は name を持つオブジェクトでなければなりませんが、これは {found} です。Multus はアノテーション全体を拒否します",
    ),
    "annotation-json-null": (
        "a null element makes Multus crash; the pod does not start",
        "null の要素があると Multus は異常終了します。Pod は起動しません",
    ),
    "annotation-json-type": (
        '"{key}" must be of type {wanted}, here it is a {found}; Multus refuses the whole annotation',
        '"{key}" の型は {wanted} でなければなりませんが、{found} になっています。Multus はアノテーション全体を拒否します',
    ),
    "annotation-json-name-missing": (
        "this element has no name: Multus looks for a NAD without a name, and the pod does not start",
        "この要素には name がありません。Multus は名前のない NAD を探し、Pod は起動しません",
    ),
    "annotation-json-name-split": (
        'in JSON, namespace and interface have keys of their own; Multus takes "{value}" for the name of a NAD, which no NAD can have',
        'JSON では namespace とインターフェイスを別のキーに書きます。Multus は "{value}" 全体を NAD の名前とみなしますが、そのような名前の NAD は存在できません',
    ),
    "annotation-json-name-impossible": (
        'no NAD can have the name "{value}" (lower-case letters, digits, hyphens and dots), so Multus never finds it',
        '"{value}" という名前の NAD は存在できないため (英小文字・数字・ハイフン・ドットのみ)、Multus が見つけることはありません',
    ),
    "annotation-json-namespace-impossible": (
        'no namespace can have the name "{value}", so Multus never finds the NAD',
        '"{value}" という名前の namespace は存在できないため、Multus が NAD を見つけることはありません',
    ),
    "annotation-json-key-unknown": (
        'Multus knows no key "{key}" in an element and ignores it; it knows {known}',
        '要素のキー "{key}" は Multus が知らないため無視されます。使えるキー: {known}',
    ),
    "annotation-json-key-near": (
        'Multus knows no key "{key}" in an element and ignores it; did you mean "{near}"?',
        '要素のキー "{key}" は Multus が知らないため無視されます。"{near}" の誤りではありませんか',
    ),
    "annotation-json-key-twice": (
        'key "{key}" stands twice in this object; the last value counts',
        'キー "{key}" がこのオブジェクトに 2 回あります。最後の値だけが有効です',
    ),
    # --- addresses
    "annotation-ip-bad": (
        '"{value}" is no IP address; Multus refuses the whole annotation',
        '"{value}" は IP アドレスではありません。Multus はアノテーション全体を拒否します',
    ),
    "annotation-ip-bad-cidr": (
        '"{value}" is no IP address with a prefix length; Multus refuses the whole annotation',
        '"{value}" はプレフィックス長付きの IP アドレスではありません。Multus はアノテーション全体を拒否します',
    ),
    "annotation-mac-bad": (
        '"{value}" is no MAC address (six hex pairs with colons); Multus refuses the whole annotation',
        '"{value}" は MAC アドレス (コロン区切りの 16 進数 6 組) ではありません。Multus はアノテーション全体を拒否します',
    ),
    "annotation-guid-bad": (
        '"{value}" is no InfiniBand GUID (eight hex pairs with colons); Multus refuses the whole annotation',
        '"{value}" は InfiniBand GUID (コロン区切りの 16 進数 8 組) ではありません。Multus はアノテーション全体を拒否します',
    ),
    "annotation-route-bad": (
        'default-route entry "{value}" is no IP address; Multus refuses the whole annotation',
        'default-route の "{value}" は IP アドレスではありません。Multus はアノテーション全体を拒否します',
    ),
    "annotation-route-prefix": (
        'default-route entry "{value}" is a gateway and stands without a prefix length; Multus refuses the whole annotation',
        'default-route の "{value}" はゲートウェイなので、プレフィックス長を付けません。Multus はアノテーション全体を拒否します',
    ),
    "annotation-route-empty-list": (
        "an empty default-route is a request without a gateway: Multus takes the default route from every interface of the pod, eth0 included",
        "空の default-route はゲートウェイなしの要求になります。Multus は eth0 を含む Pod の全インターフェイスからデフォルトルートを取り除きます",
    ),
    "annotation-route-blank": (
        "this default-route entry holds no address: Multus takes the default route from the other interfaces and has no gateway to set instead",
        "default-route の項目にアドレスがありません。Multus はほかのインターフェイスのデフォルトルートを取り除きますが、代わりに設定するゲートウェイがありません",
    ),
    "annotation-routes-many": (
        "{value} is the second {family} default route that this pod asks for; Multus allows one of each family over all networks, and the pod does not start",
        "{value} はこの Pod が要求する 2 つ目の {family} デフォルトルートです。Multus は全ネットワークを通じてファミリーごとに 1 つしか認めず、Pod は起動しません",
    ),
    # --- interface names
    "annotation-interface-invalid": (
        'interface name "{value}" is refused when the interface is made ({reason}), and the pod does not start',
        'インターフェイス名 "{value}" はインターフェイスの作成時に拒否され ({reason})、Pod は起動しません',
    ),
    "annotation-interface-taken": (
        'every pod has an interface "{value}" already, so Multus cannot attach another one of that name; the pod does not start',
        'インターフェイス "{value}" はすべての Pod に最初から存在するため、Multus は同じ名前で接続できません。Pod は起動しません',
    ),
    "annotation-interface-twice": (
        'networks {first} and {second} of the annotation both get the interface "{value}" (without a name, the network in place N gets netN); the pod does not start',
        'アノテーションの {first} 番目と {second} 番目のネットワークがどちらもインターフェイス "{value}" になります (名前がなければ N 番目は netN です)。Pod は起動しません',
    ),
    # --- the default network
    "annotation-default-empty": (
        "{annotation} may not be empty, unlike the networks annotation: Multus refuses the pod",
        "{annotation} は networks アノテーションと違い空にできません。Multus は Pod を拒否します",
    ),
    "annotation-default-many": (
        "{annotation} may name one network only; Multus refuses the pod",
        "{annotation} に指定できるネットワークは 1 つだけです。Multus は Pod を拒否します",
    ),
    "annotation-default-none": (
        "{annotation} names no network, which makes Multus crash; the pod does not start",
        "{annotation} にネットワークがないため Multus は異常終了します。Pod は起動しません",
    ),
    # --- keys and places
    "annotation-host-network": (
        "the pod uses the host's network (hostNetwork), for which no CNI plugin is called; the annotation has no effect",
        "この Pod はホストのネットワークを使います (hostNetwork)。CNI プラグインは呼び出されないため、アノテーションは効果がありません",
    ),
    "annotation-value-no-string": (
        "an annotation's value must be a string, so the API server refuses the object; write JSON in quotes, or a comma list",
        "アノテーションの値は文字列でなければならず、API サーバーはこのオブジェクトを拒否します。JSON を引用符で囲むか、コンマ区切りのリストで書いてください",
    ),
    "annotation-annotations-no-map": (
        "annotations must be a mapping of keys to strings, so the API server refuses the object",
        "annotations はキーと文字列のマッピングでなければならず、API サーバーはこのオブジェクトを拒否します",
    ),
    "annotation-key-near": (
        "Multus does not read this key and says nothing; did you mean {near}?",
        "Multus はこのキーを読まず、何も通知しません。{near} の誤りではありませんか",
    ),
    "annotation-key-in-labels": (
        "this stands among the labels; Multus reads annotations only, and attaches nothing",
        "これはラベルに書かれています。Multus が読むのはアノテーションだけで、何も接続しません",
    ),
    "annotation-key-on-owner": (
        "this annotates the {kind} itself; Multus reads the annotations of pods, so it belongs into the pod template, and nothing is attached until then",
        "これは {kind} 自体のアノテーションです。Multus が読むのは Pod のアノテーションなので、Pod テンプレートに書くまで何も接続されません",
    ),
    "annotation-key-on-owner-too": (
        "this annotates the {kind} itself and has no effect; only the one in its pod template counts, which says something else",
        "これは {kind} 自体のアノテーションで、効果がありません。有効なのは、内容の異なる Pod テンプレート側のアノテーションだけです",
    ),
    "annotation-key-on-other": (
        "this annotates a {kind}, where it has no effect; Multus reads the annotations of pods",
        "これは {kind} のアノテーションで、効果がありません。Multus が読むのは Pod のアノテーションです",
    ),
    # --- beside the NADs
    "annotation-nad-missing": (
        'there is no NAD "{nad}" in namespace "{nad_namespace}" here; if the cluster has none either, the pod does not start',
        'namespace "{nad_namespace}" の NAD "{nad}" はここにありません。クラスターにもなければ、Pod は起動しません',
    ),
    "annotation-nad-near": (
        'there is no NAD "{nad}" in namespace "{nad_namespace}" here; did you mean {near}? Without that NAD the pod does not start',
        'namespace "{nad_namespace}" の NAD "{nad}" はここにありません。{near} の誤りではありませんか。NAD がなければ Pod は起動しません',
    ),
    "annotation-nad-elsewhere": (
        'NAD "{nad}" stands in namespace {namespaces}, but Multus looks for it in "{nad_namespace}", and without it the pod does not start',
        'NAD "{nad}" は namespace {namespaces} にありますが、Multus は "{nad_namespace}" を探します。見つからなければ Pod は起動しません',
    ),
    "annotation-ips-no-ipam": (
        'NAD "{nad}" has no ipam, so no plugin sets the requested addresses; {plugin} ignores them',
        'NAD "{nad}" には ipam がないため、要求したアドレスを設定するプラグインがありません。{plugin} は要求を無視します',
    ),
    "annotation-ips-dhcp": (
        'NAD "{nad}" takes addresses from DHCP; the dhcp plugin ignores ips',
        'NAD "{nad}" は DHCP からアドレスを取得します。dhcp プラグインは ips を無視します',
    ),
    "annotation-ips-static-prefix": (
        'the static IPAM of NAD "{nad}" wants each address with its prefix length, {value} has none; the pod does not start',
        'NAD "{nad}" の static IPAM では各アドレスにプレフィックス長が必要ですが、{value} にはありません。Pod は起動しません',
    ),
    "annotation-ips-static-added": (
        'NAD "{nad}" lacks the capability "ips", so static adds the requested addresses to those of the NAD instead of replacing them',
        'NAD "{nad}" に capability "ips" がないため、static は NAD のアドレスを置き換えず、要求したアドレスを追加します',
    ),
    "annotation-ips-host-local-many": (
        "host-local reads the requested addresses as one ({value}) and fails; with it, a network can be asked for one address only, and the pod does not start",
        "host-local は要求したアドレスを 1 つの値 ({value}) として読み、失敗します。host-local のネットワークに要求できるアドレスは 1 つだけで、Pod は起動しません",
    ),
    "annotation-ips-outside": (
        '{ip} lies outside the ranges of NAD "{nad}" ({range}); host-local refuses it, and the pod does not start',
        '{ip} は NAD "{nad}" の範囲 ({range}) の外にあります。host-local は拒否し、Pod は起動しません',
    ),
    "annotation-ips-gateway": (
        '{ip} is the gateway of NAD "{nad}", which host-local never hands out; the pod does not start',
        '{ip} は NAD "{nad}" のゲートウェイで、host-local は割り当てません。Pod は起動しません',
    ),
    "annotation-static-no-address": (
        'NAD "{nad}" has static IPAM without addresses, and the annotation asks for no ips; the plugin gets no address, and the pod does not start',
        'NAD "{nad}" の static IPAM には addresses がなく、アノテーションにも ips がありません。プラグインはアドレスを得られず、Pod は起動しません',
    ),
    "annotation-mac-ignored": (
        "{plugin} ignores a requested MAC address; the interface gets another one",
        "{plugin} は要求された MAC アドレスを無視します。インターフェイスには別の MAC アドレスが付きます",
    ),
    "annotation-mac-length": (
        "{plugin} makes an Ethernet interface, whose MAC address has six bytes ({value}); the kernel refuses it, and the pod does not start",
        "{plugin} が作るのはイーサネットインターフェイスで、MAC アドレスは 6 バイトです ({value})。カーネルが拒否し、Pod は起動しません",
    ),
    "annotation-mac-not-unicast": (
        "{value} is a multicast or all-zero address; the kernel refuses it for an interface, and the pod does not start",
        "{value} はマルチキャストアドレスかすべて 0 のアドレスです。カーネルはインターフェイスへの設定を拒否し、Pod は起動しません",
    ),
    "annotation-key-dropped": (
        'no plugin of NAD "{nad}" has the capability "{capability}", so {key} is dropped without a message',
        'NAD "{nad}" には capability "{capability}" を持つプラグインがないため、{key} は何の通知もなく捨てられます',
    ),
    "annotation-route-unreachable": (
        "gateway {value} lies in no subnet of this interface ({subnet}); Multus cannot set the route, and the pod does not start",
        "ゲートウェイ {value} はこのインターフェイスのどのサブネット ({subnet}) にも含まれません。Multus はルートを設定できず、Pod は起動しません",
    ),
    "annotation-cni-args-no-object": (
        '"{key}" is no object; an annotation with cni-args makes Multus crash on it, and the pod does not start',
        '"{key}" がオブジェクトではありません。cni-args を持つアノテーションがあると Multus は異常終了し、Pod は起動しません',
    ),
    "annotation-fixed-by-replicas": (
        "all {copies} pods of this object ask for {value}; pods with one address disturb each other, if they start at all",
        "このオブジェクトの {copies} 個の Pod がすべて {value} を要求します。同じアドレスの Pod は、起動したとしても互いの通信を妨げます",
    ),
    "annotation-fixed-by-replicas-host-local": (
        "all {copies} pods of this object ask for {value}; host-local gives it to one, and the others do not start",
        "このオブジェクトの {copies} 個の Pod がすべて {value} を要求します。host-local は 1 つにしか割り当てず、残りの Pod は起動しません",
    ),
    "annotation-fixed-twice": (
        "{other} asks for {value} on the same network; pods with one address disturb each other, if they start at all",
        "{other} も同じネットワークで {value} を要求しています。同じアドレスの Pod は、起動したとしても互いの通信を妨げます",
    ),
    "annotation-fixed-twice-host-local": (
        "{other} asks for {value} on the same network; host-local gives it to one, and the other does not start",
        "{other} も同じネットワークで {value} を要求しています。host-local は片方にしか割り当てず、もう片方の Pod は起動しません",
    ),
}
"""Key (`Fault.what`) -> (English, Japanese)."""
