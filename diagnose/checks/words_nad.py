"""The sentences on NADs and their IPAM sections, English and Japanese: what is wrong, and what Multus or a plugin does with it."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    # --- the object
    "nad-empty": (
        "there is no config; Multus then looks for a CNI file of the NAD's name on the node, and MicroShift never puts one there",
        "config がありません。Multus はノード上で NAD と同名の CNI ファイルを探しますが、MicroShift がそれを置くことはありません",
    ),
    "nad-empty-near": (
        'spec has no "config" but "{key_name}"; the API server drops it, and Multus finds no config',
        'spec に "config" がなく "{key_name}" があります。API サーバーはこれを捨て、Multus からは config が見えません',
    ),
    "nad-not-string": (
        "spec.config is of type {given}; it must be one string that holds the JSON, and the API server refuses anything else",
        "spec.config の型が {given} です。JSON を収めた 1 つの文字列でなければならず、それ以外は API サーバーが拒否します",
    ),
    "nad-name-dot": (
        "the name has a dot, so a pod cannot name this NAD in a comma list; only the JSON form of the annotation can",
        "名前にドットがあるため、Pod はコンマ区切りのリストでこの NAD を指定できません。アノテーションの JSON 形式でのみ指定できます",
    ),
    "nad-resource-key": (
        'Multus does not know the annotation "{key_name}" and ignores it; it reads k8s.v1.cni.cncf.io/resourceName',
        'Multus はアノテーション "{key_name}" を知らず、無視します。読み取るのは k8s.v1.cni.cncf.io/resourceName です',
    ),
    # --- the JSON text
    "nad-json-yaml": (
        "this is YAML; spec.config must hold JSON, and Multus reads nothing else",
        "これは YAML です。spec.config は JSON でなければならず、Multus はほかの形式を読み取りません",
    ),
    "nad-json-blank": ("the config holds blanks only; Multus expects a JSON object", "config が空白だけです。Multus は JSON オブジェクトを期待します"),
    "nad-json-no-object": (
        "the config is JSON of type {given}; Multus accepts an object only, in braces",
        "config は {given} 型の JSON です。Multus は波括弧で囲んだオブジェクトだけを受け付けます",
    ),
    "nad-json-trailing-comma": (
        "a comma stands before the closing bracket; JSON does not allow it, and Multus cannot read the config. Take it out",
        "閉じ括弧の前にコンマがあります。JSON では許されず、Multus は config を読み取れません。このコンマを取り除いてください",
    ),
    "nad-json-extra-comma": (
        "there is a comma too many; Multus cannot read the config. Take it out",
        "コンマが 1 つ余分です。Multus は config を読み取れません。このコンマを取り除いてください",
    ),
    "nad-json-missing-comma": (
        "a comma is missing after this value; Multus cannot read the config",
        "この値の後にコンマがありません。Multus は config を読み取れません",
    ),
    "nad-json-missing-colon": (
        "a colon is missing after this key; Multus cannot read the config",
        "このキーの後にコロンがありません。Multus は config を読み取れません",
    ),
    "nad-json-missing-value": ("this key has no value; Multus cannot read the config", "このキーに値がありません。Multus は config を読み取れません"),
    "nad-json-missing-key": ("a value stands here without a key; Multus cannot read the config", "キーのない値があります。Multus は config を読み取れません"),
    "nad-json-single-quote": (
        'single quotes are no quotes in JSON; write double ones ("). Multus cannot read the config',
        'JSON では単一引用符を使えません。二重引用符 (") で書いてください。Multus は config を読み取れません',
    ),
    "nad-json-smart-quote": (
        'these are typographic quotes, as word processors and web pages put them; JSON needs plain ones ("), and Multus cannot read the config',
        'ワープロや Web ページが使う飾り引用符です。JSON には通常の二重引用符 (") が必要で、Multus は config を読み取れません',
    ),
    "nad-json-comment": (
        "JSON has no comments; Multus cannot read the config. Take it out",
        "JSON にコメントはありません。Multus は config を読み取れません。取り除いてください",
    ),
    "nad-json-unquoted": (
        "this text needs double quotes; Multus cannot read the config",
        "この文字列には二重引用符が必要です。Multus は config を読み取れません",
    ),
    "nad-json-word": (
        "JSON knows only true, false and null, in lower case; Multus cannot read the config",
        "JSON にあるのは小文字の true、false、null だけです。Multus は config を読み取れません",
    ),
    "nad-json-number": ("this is no number in JSON; Multus cannot read the config", "これは JSON の数値ではありません。Multus は config を読み取れません"),
    "nad-json-escape": (
        r'a backslash may stand only before " \ / b f n r t or u with four hex digits; Multus cannot read the config',
        r'バックスラッシュの後に書けるのは " \ / b f n r t と、u に続く 4 桁の 16 進数だけです。Multus は config を読み取れません',
    ),
    "nad-json-control": (
        "a tab or another control character stands in a string; JSON does not allow it, and Multus cannot read the config",
        "文字列の中にタブなどの制御文字があります。JSON では許されず、Multus は config を読み取れません",
    ),
    "nad-json-unterminated": (
        "the quotes of this string are not closed on its line; Multus cannot read the config",
        "この文字列の引用符が同じ行で閉じていません。Multus は config を読み取れません",
    ),
    "nad-json-wide": (
        'this is a full-width character; JSON needs "{instead_text}", and Multus cannot read the config',
        '全角文字です。JSON には "{instead_text}" が必要で、Multus は config を読み取れません',
    ),
    "nad-json-blank-character": (
        "this blank is no plain space (a no-break space, a byte order mark or the like); Multus cannot read the config",
        "通常の空白ではない文字 (ノーブレークスペース、BOM など) があります。Multus は config を読み取れません",
    ),
    "nad-json-unclosed": (
        'the config ends while "{bracket}" of line {open_line}, column {open_column} is open; Multus cannot read it',
        '{open_line} 行 {open_column} 列の "{bracket}" が閉じられないまま config が終わっています。Multus は読み取れません',
    ),
    "nad-json-mismatch": (
        '"{bracket}" of line {open_line}, column {open_column} is not closed before this bracket; Multus cannot read the config',
        '{open_line} 行 {open_column} 列の "{bracket}" が、この括弧の前で閉じられていません。Multus は config を読み取れません',
    ),
    "nad-json-unexpected": (
        "nothing was opened that this character could close or part; Multus cannot read the config",
        "この文字に対応する括弧や項目がありません。Multus は config を読み取れません",
    ),
    "nad-json-extra": (
        "the JSON object has ended, and here is more text; Multus cannot read the config",
        "JSON オブジェクトが終わった後に文字があります。Multus は config を読み取れません",
    ),
    # --- type, plugins, name, cniVersion
    "nad-type-missing": (
        'there is neither "type" nor "plugins"; Multus does not know which plugin to call',
        '"type" も "plugins" もありません。Multus はどのプラグインを呼び出すか判断できません',
    ),
    "nad-type-near": (
        'there is neither "type" nor "plugins", but "{key_name}"; Multus does not know which plugin to call',
        '"type" も "plugins" もなく、"{key_name}" があります。Multus はどのプラグインを呼び出すか判断できません',
    ),
    "nad-plugins-empty": ('"plugins" is an empty list; Multus crashes on it', '"plugins" が空のリストです。Multus はこれで異常終了します'),
    "nad-entry-type": (
        'entry {number} of "plugins" has no "type"; the network cannot be added',
        '"plugins" の {number} 番目の要素に "type" がありません。ネットワークを追加できません',
    ),
    "nad-type": (
        "{field} must be of type {wanted} and is of type {given}; Go's JSON reader refuses it (cannot unmarshal), and the pod does not start",
        "{field} の型は {wanted} でなければなりませんが、{given} です。Go の JSON 読み取りが拒否し (cannot unmarshal)、Pod は起動しません",
    ),
    "nad-both": (
        'there is a "type", so Multus takes this for one plugin and ignores "plugins"',
        '"type" があるため、Multus は単一のプラグインとみなし、"plugins" を無視します',
    ),
    "nad-name-characters": (
        'a network name begins with a letter or digit and holds letters, digits, "_", "." and "-"; "{bad}" is not allowed, and libcni refuses the network',
        'ネットワーク名は英数字で始まり、英数字、"_"、"."、"-" だけを使えます。"{bad}" は使えず、libcni がネットワークを拒否します',
    ),
    "nad-name-other": (
        'the network is called "{name}", the NAD {nad}: host-local keeps its addresses and error messages speak under the network\'s name',
        'ネットワーク名は "{name}"、NAD 名は {nad} です。host-local のアドレス管理とエラーメッセージにはネットワーク名が使われます',
    ),
    "nad-version-missing": (
        "there is no cniVersion, so the plugins answer in the format of 0.1.0: network-status may then not list the interface. 0.4.0 is safe",
        "cniVersion がないため、プラグインは 0.1.0 の形式で応答し、network-status にインターフェイスが載らないことがあります。0.4.0 が安全です",
    ),
    "nad-version-unknown": (
        'no plugin knows cniVersion "{version}": they compare it letter by letter with {supported}',
        'cniVersion "{version}" に対応するプラグインはありません。{supported} と文字単位で比較されます',
    ),
    "nad-version-new": (
        "cniVersion 1.1.0 needs CNI plugins v1.6.0 or newer; 0.4.0 and 1.0.0 work with those of every MicroShift",
        "cniVersion 1.1.0 には CNI プラグイン v1.6.0 以降が必要です。0.4.0 と 1.0.0 はどの MicroShift のプラグインでも使えます",
    ),
    "nad-version-layer2": (
        "a network without ipam needs cniVersion 0.3.0 or newer (a missing one counts as 0.1.0); {plugin} makes the interface and then fails: no valid IP addresses",
        "ipam のないネットワークには cniVersion 0.3.0 以降が必要です (省略時は 0.1.0)。{plugin} はインターフェイスの作成後に失敗します: no valid IP addresses",
    ),
    "nad-version-one-address": (
        "below cniVersion 0.3.0 (a missing one counts as 0.1.0) a network gives one address of each family; this one gives more, and the IPAM plugin refuses",
        "cniVersion 0.3.0 未満 (省略時は 0.1.0) では、アドレスファミリーごとに 1 つしか割り当てられません。この設定はそれを超えるため、IPAM プラグインが拒否します",
    ),
    "nad-version-least": (
        "{plugin} needs cniVersion {least} or newer; it refuses the config",
        "{plugin} には cniVersion {least} 以降が必要で、この config を拒否します",
    ),
    # --- plugins and their places
    "nad-plugin-near": ('there is no plugin "{plugin}" on the node; "{near}" is one', 'プラグイン "{plugin}" はノードにありません。"{near}" はあります'),
    "nad-plugin-standard": (
        'MicroShift does not ship the plugin "{plugin}"; pods with this network do not start unless someone put it into /run/cni/bin, which a reboot empties',
        'MicroShift はプラグイン "{plugin}" を同梱していません。/run/cni/bin (再起動で消えます) に置かない限り、このネットワークの Pod は起動しません',
    ),
    "nad-plugin-missing": (
        'there is no plugin "{plugin}" on the node; pods with this network do not start',
        'プラグイン "{plugin}" はノードにありません。このネットワークの Pod は起動しません',
    ),
    "nad-type-ipam": (
        '"{value}" is an IPAM plugin: it belongs into ipam.type. As "type" it makes no interface, so the pod gets none',
        '"{value}" は IPAM プラグインで、ipam.type に書くものです。"type" に書いてもインターフェイスは作られません',
    ),
    "nad-chain-first": (
        "{plugin} works on the interface of a plugin before it, and there is none; it refuses to run",
        "{plugin} は前のプラグインが作ったインターフェイスに対して動作しますが、それがありません。実行を拒否します",
    ),
    "nad-chain-bandwidth": (
        "bandwidth needs the veth pair of bridge or ptp; after {first} it finds none and fails",
        "bandwidth には bridge か ptp の veth ペアが必要です。{first} の後では見つからず失敗します",
    ),
    "nad-chain-main": (
        "{first} has made the interface already; {plugin} wants to make one of the same name and fails. Give each its own NAD",
        "インターフェイスはすでに {first} が作っています。{plugin} は同じ名前で作ろうとして失敗します。NAD を分けてください",
    ),
    # --- keys
    "nad-key-near": ('no such key: "{key_name}" is ignored. "{near}" is one', 'キー "{key_name}" は存在せず、無視されます。"{near}" ならあります'),
    "nad-key-unknown": ('nobody reads the key "{key_name}"; it is ignored', 'キー "{key_name}" は読み取られず、無視されます'),
    "nad-key-foreign": (
        '{plugin} has no key "{key_name}" ({owners} has); it is ignored',
        '{plugin} にキー "{key_name}" はなく ({owners} のキーです)、無視されます',
    ),
    "nad-key-ipam": ('"{key_name}" belongs into "ipam"; here it is ignored', '"{key_name}" は "ipam" の中に書くものです。ここでは無視されます'),
    "nad-key-list": (
        '"{key_name}" belongs into an entry of "plugins"; beside it, it is ignored',
        '"{key_name}" は "plugins" の要素の中に書くものです。外側では無視されます',
    ),
    "nad-key-resource": (
        "resourceName is no key of the config but the NAD's annotation k8s.v1.cni.cncf.io/resourceName; here it is ignored",
        "resourceName は config のキーではなく、NAD のアノテーション k8s.v1.cni.cncf.io/resourceName です。ここでは無視されます",
    ),
    "nad-key-twice": ('"{key_name}" stands twice in one object; the last one counts', '1 つのオブジェクトに "{key_name}" が 2 回あります。最後の値が有効です'),
    "nad-capability-near": ('no runtime value is called "{key_name}"; "{near}" is one', '"{key_name}" という実行時の値はありません。"{near}" ならあります'),
    "nad-capability-unknown": (
        'no runtime value of Multus is called "{key_name}"; it has no effect',
        'Multus に "{key_name}" という実行時の値はなく、効果がありません',
    ),
    "nad-capability-mac": (
        "{plugin} ignores a MAC that a pod asks for; nothing tells the pod",
        "{plugin} は Pod が要求する MAC を無視します。通知はありません",
    ),
    # --- options of plugins
    "nad-interface-long": (
        '"{name}" has {length} bytes; the kernel takes at most 15 for an interface name, and the plugin fails',
        '"{name}" は {length} バイトです。カーネルのインターフェイス名は 15 バイトまでで、プラグインは失敗します',
    ),
    "nad-interface-characters": (
        'no interface can be called "{name}" (no "/", ":" or white space); the kernel refuses it',
        '"{name}" はインターフェイス名にできません ("/"、":"、空白は使えません)。カーネルが拒否します',
    ),
    "nad-mtu-master": (
        "{plugin} takes an MTU from 0 (that of the master) to the master's, and refuses this one",
        "{plugin} の MTU は 0 (master と同じ) から master の MTU までで、この値は拒否されます",
    ),
    "nad-mtu-kernel": (
        "the kernel takes an MTU from 68 to 65535 and refuses the interface",
        "カーネルの MTU は 68 から 65535 までで、インターフェイスの作成は拒否されます",
    ),
    "nad-mtu-negative": ("a negative MTU is ignored; the kernel's default is used", "負の MTU は無視され、カーネルの既定値が使われます"),
    "nad-mode": ("{plugin} knows the modes {modes} (lower case); it refuses any other", "{plugin} のモードは {modes} (小文字) だけで、ほかは拒否されます"),
    "nad-master-name": (
        'no interface can be called "{master}" (at most 15 bytes, no "/", ":" or white space), so none is found',
        '"{master}" はインターフェイス名になりえず (15 バイトまで、"/"、":"、空白は不可)、見つかりません',
    ),
    "nad-master-lo": (
        "{plugin} needs an Ethernet device; the kernel refuses the loopback interface as master",
        "{plugin} には Ethernet デバイスが必要です。カーネルはループバックインターフェイスを master として拒否します",
    ),
    "nad-master-ovs": (
        'on MicroShift "{master}" is an Open vSwitch bridge without an uplink: the pod starts, but nothing leaves the node. Name the physical interface',
        'MicroShift の "{master}" はアップリンクのない Open vSwitch ブリッジです。Pod は起動しますが、通信はノードの外に出ません。物理インターフェイスを指定してください',
    ),
    "nad-master-missing": (
        'the node has no interface "{master}" (it has: {links}); the plugin fails with "Link not found"',
        'ノードにインターフェイス "{master}" がありません (あるもの: {links})。プラグインは "Link not found" で失敗します',
    ),
    "nad-master-near": (
        'the node has no interface "{master}", but "{near}"; the plugin fails with "Link not found"',
        'ノードにインターフェイス "{master}" はありませんが、"{near}" があります。プラグインは "Link not found" で失敗します',
    ),
    "nad-bridge-empty": (
        "an empty bridge name cannot be used; without the key the plugin takes cni0",
        "空のブリッジ名は使えません。キーを省くと cni0 が使われます",
    ),
    "nad-bridge-ovs": (
        '"{bridge}" is MicroShift\'s Open vSwitch bridge; the bridge plugin works with bridges of the kernel only and refuses it',
        '"{bridge}" は MicroShift の Open vSwitch ブリッジです。bridge プラグインはカーネルのブリッジしか扱えず、拒否します',
    ),
    "nad-bridge-gateways": (
        "isGateway puts {one} and {ip} on one bridge, which takes one IPv4 address and no overlapping IPv6 subnets; the plugin refuses the second",
        "isGateway により 1 つのブリッジに {one} と {ip} が設定されます。IPv4 は 1 つだけ、IPv6 は重複しないサブネットだけが許され、2 つ目は拒否されます",
    ),
    "nad-hairpin-promisc": (
        "hairpinMode and promiscMode exclude each other; the bridge plugin refuses both together",
        "hairpinMode と promiscMode は同時に使えません。bridge プラグインが拒否します",
    ),
    "nad-no-interface-ipam": (
        "with disableContainerInterface there is nothing that could have an address; the plugin refuses it together with ipam",
        "disableContainerInterface ではアドレスを付ける対象がないため、ipam との併用をプラグインが拒否します",
    ),
    "nad-masq-backend": (
        'ipMasqBackend is "iptables" or "nftables"; the plugin refuses any other',
        'ipMasqBackend は "iptables" か "nftables" です。ほかは拒否されます',
    ),
    "nad-masq-alone": (
        "ipMasq without isGateway: the bridge has no address, so pods have no gateway there",
        "isGateway のない ipMasq です。ブリッジにアドレスがないため、Pod にゲートウェイがありません",
    ),
    "nad-gateway-idle": ('"{key_name}" does nothing without an ipam type', '"{key_name}" は ipam の type がないと効果がありません'),
    "nad-default-gateway": (
        "this gives the pod a second default route beside that of eth0, and cluster traffic may leave here; the annotation's default-route does it cleanly",
        "Pod に eth0 とは別のデフォルトルートができ、クラスターの通信がこちらに出ることがあります。アノテーションの default-route を使えば安全です",
    ),
    "nad-vlan-range": (
        "{key_name} is a VLAN id from 0 (none) to 4094; the plugin refuses this one",
        "{key_name} は 0 (なし) から 4094 までの VLAN ID です。この値は拒否されます",
    ),
    "nad-vlan-interface": (
        'with isGateway the plugin makes the interface "{name}", and its {length} characters are too long (15); shorten the bridge\'s name',
        'isGateway ではインターフェイス "{name}" が作られますが、{length} 文字は長すぎます (15 文字まで)。ブリッジ名を短くしてください',
    ),
    "nad-vlan-master": (
        'vlan needs "master", the interface that carries the VLAN; the plugin refuses to run without it',
        'vlan には VLAN を載せるインターフェイス "master" が必要です。ないと拒否されます',
    ),
    "nad-trunk-range": (
        "ids of vlanTrunk are numbers from 1 to 4094; the plugin refuses this one",
        "vlanTrunk の ID は 1 から 4094 までです。この値は拒否されます",
    ),
    "nad-trunk-half": ("minID and maxID must be given together; the plugin refuses one alone", "minID と maxID は両方必要です。片方だけでは拒否されます"),
    "nad-trunk-order": ("minID is greater than maxID; the plugin refuses it", "minID が maxID より大きく、プラグインが拒否します"),
    "nad-mac": ("this is no MAC address; the plugin refuses it", "MAC アドレスではありません。プラグインが拒否します"),
    "nad-mac-unicast": (
        "an interface needs a unicast MAC address (even first byte, not all zero); the kernel refuses this one",
        "インターフェイスにはユニキャストの MAC アドレス (先頭バイトが偶数で、すべてゼロではない) が必要です。カーネルが拒否します",
    ),
    "nad-hwaddr": ("this is no MAC address; host-device refuses it", "MAC アドレスではありません。host-device が拒否します"),
    "nad-kernelpath": (
        "kernelpath must begin with /sys/devices/; host-device refuses it",
        "kernelpath は /sys/devices/ で始まる必要があります。host-device が拒否します",
    ),
    "nad-device-none": (
        "host-device must be told its device (device, hwaddr, kernelpath or pciBusID), or get it by a resourceName; it refuses to run",
        "host-device にはデバイスの指定 (device、hwaddr、kernelpath、pciBusID のいずれか) か resourceName が必要です。ないと実行を拒否します",
    ),
    "nad-device-missing": (
        'the node has no interface "{device}" (it has: {links}); a pod that has it already hides it, too',
        'ノードにインターフェイス "{device}" がありません (あるもの: {links})。すでに Pod が使用している場合も見えなくなります',
    ),
    # --- the ipam section
    "ipam-required": (
        '{plugin} needs an ipam section with a "type"; it calls an IPAM plugin without a name and fails',
        '{plugin} には "type" のある ipam が必要です。名前のない IPAM プラグインを呼び出して失敗します',
    ),
    "ipam-key-missing": ("{plugin} needs an ipam section; it refuses to run without", "{plugin} には ipam が必要です。ないと実行を拒否します"),
    "ipam-no-type": (
        'ipam has no "type", so {plugin} ignores it: the pod gets an interface without an address',
        'ipam に "type" がないため、{plugin} は無視します。Pod のインターフェイスにはアドレスが付きません',
    ),
    "ipam-near": ('there is no IPAM plugin "{ipam}"; "{near}" is one', 'IPAM プラグイン "{ipam}" はありません。"{near}" ならあります'),
    "ipam-main": (
        '"{ipam}" is no IPAM plugin; MicroShift supports host-local, static and dhcp',
        '"{ipam}" は IPAM プラグインではありません。MicroShift は host-local、static、dhcp をサポートします',
    ),
    "ipam-missing": (
        'the IPAM plugin "{ipam}" is not on the node: MicroShift ships host-local, static and dhcp; pods with this network do not start',
        'IPAM プラグイン "{ipam}" はノードにありません。MicroShift が同梱するのは host-local、static、dhcp で、このネットワークの Pod は起動しません',
    ),
    "ipam-ipvlan-dhcp": (
        "ipvlan interfaces share the master's MAC address, so a DHCP server cannot tell them apart: no lease. Use static or host-local, or macvlan",
        "ipvlan インターフェイスは master の MAC アドレスを共有するため、DHCP サーバーが区別できず、リースを得られません。static、host-local、または macvlan を使ってください",
    ),
    "ipam-key-foreign": (
        '{ipam} has no key "{key_name}" ({owners} has); it is ignored',
        '{ipam} にキー "{key_name}" はなく ({owners} のキーです)、無視されます',
    ),
    "ipam-key-static": (
        'static has no key "{key_name}"; its addresses stand in "addresses": [{"address": "10.0.0.5/24", "gateway": "10.0.0.1"}]',
        'static にキー "{key_name}" はありません。アドレスは "addresses": [{"address": "10.0.0.5/24", "gateway": "10.0.0.1"}] と書きます',
    ),
    "ipam-key-level": (
        '"{key_name}" belongs into "ipam", not into a range; here it is ignored',
        '"{key_name}" は範囲の中ではなく "ipam" の直下に書きます。ここでは無視されます',
    ),
    "ipam-top-ignored": (
        '"{key_name}" beside "ranges" counts only together with "subnet"; host-local ignores it. Put it into the range',
        '"ranges" の隣の "{key_name}" は "subnet" がある場合だけ有効で、host-local は無視します。範囲の中に書いてください',
    ),
    "ipam-no-range": (
        'host-local needs a range, as "ranges": [[{"subnet": "10.0.0.0/24"}]]; it refuses to run without',
        'host-local には "ranges": [[{"subnet": "10.0.0.0/24"}]] のような範囲が必要です。ないと実行を拒否します',
    ),
    "ipam-not-nested": (
        "ranges is a list of lists: each range set has brackets of its own. host-local cannot read this one",
        "ranges はリストのリストで、範囲セットごとに角括弧が必要です。host-local はこれを読み取れません",
    ),
    "ipam-empty-set": ("range set {number} is empty; host-local refuses the section", "範囲セット {number} が空です。host-local が拒否します"),
    "ipam-mixed": (
        "range set {number} mixes IPv4 and IPv6; host-local wants one set for each",
        "範囲セット {number} に IPv4 と IPv6 が混在しています。host-local ではそれぞれ別のセットが必要です",
    ),
    "ipam-subnet-missing": ('this range has no "subnet"; host-local refuses the section', 'この範囲に "subnet" がありません。host-local が拒否します'),
    "ipam-subnet": (
        '"{value}" is no network in CIDR notation; host-local refuses the section',
        '"{value}" は CIDR 形式のネットワークではありません。host-local が拒否します',
    ),
    "ipam-subnet-letters": (
        '"{value}" is no network: "{wrong}" cannot stand in an address, whose digits are 0-9 and a-f. A placeholder of an example must be replaced; host-local refuses it',
        '"{value}" はネットワークではありません。アドレスの数字は 0-9 と a-f で、"{wrong}" は使えません。例のプレースホルダーは置き換える必要があり、host-local が拒否します',
    ),
    "ipam-subnet-prefix": (
        'the subnet "{value}" has no prefix length (such as /24); host-local refuses the section',
        'サブネット "{value}" にプレフィックス長 (/24 など) がありません。host-local が拒否します',
    ),
    "ipam-small": (
        "{subnet} is too small: host-local needs {most} or wider. A single address is a case for static",
        "{subnet} は小さすぎます。host-local には {most} 以上の広さが必要です。1 つのアドレスだけなら static を使います",
    ),
    "ipam-host-bits": (
        "{subnet} has host bits set; host-local wants the network address, {network_address}",
        "{subnet} はホスト部がゼロではありません。host-local にはネットワークアドレス {network_address} を指定します",
    ),
    "ipam-address": (
        '{field} "{value}" is no IP address (it has no prefix length either); the IPAM plugin refuses the section',
        '{field} "{value}" は IP アドレスではありません (プレフィックス長も付けられません)。IPAM プラグインが拒否します',
    ),
    "ipam-address-letters": (
        '{field} "{value}" is no IP address: "{wrong}" cannot stand in one, whose digits are 0-9 and a-f. A placeholder of an example must be replaced',
        '{field} "{value}" は IP アドレスではありません。アドレスの数字は 0-9 と a-f で、"{wrong}" は使えません。例のプレースホルダーは置き換えてください',
    ),
    "ipam-outside": (
        "{field} {value} lies outside of {subnet}; host-local refuses the range",
        "{field} {value} は {subnet} の範囲外です。host-local が拒否します",
    ),
    "ipam-order": (
        "the range ends ({end}) before it begins ({start}); host-local refuses it",
        "範囲の終わり ({end}) が始まり ({start}) より前です。host-local が拒否します",
    ),
    "ipam-overlap": (
        "the ranges {one} and {other} of this NAD overlap; host-local refuses the section",
        "この NAD の範囲 {one} と {other} が重複しています。host-local が拒否します",
    ),
    "ipam-no-address": (
        "the only address of this range is the gateway ({gateway}), which is never given: every pod fails for want of a free address",
        "この範囲にはゲートウェイ ({gateway}) しかなく、ゲートウェイは割り当てられません。どの Pod も空きアドレスがなく失敗します",
    ),
    "ipam-network-address": (
        "{value} is the network address itself; host-local and the kernel take it, but neighbours may not",
        "{value} はネットワークアドレスそのものです。host-local とカーネルは受け付けますが、通信相手が受け付けないことがあります",
    ),
    "ipam-broadcast-address": (
        "{value} is the broadcast address of its subnet; a pod that gets it cannot be reached properly",
        "{value} はサブネットのブロードキャストアドレスです。これを割り当てられた Pod は正しく通信できません",
    ),
    "ipam-gateway-outside": (
        "the gateway {gateway} lies outside of {subnet}; no route uses it here, but one that did could not be set",
        "ゲートウェイ {gateway} は {subnet} の外にあります。ここでは経路に使われませんが、使うと経路を設定できません",
    ),
    "ipam-static-none": (
        "static has no addresses: a pod gets one only if its annotation asks for ips, else it fails",
        "static に addresses がありません。アノテーションで ips を要求した Pod だけがアドレスを得て、ほかは失敗します",
    ),
    "ipam-static-missing": ('this entry has no "address"; static refuses it', 'この要素に "address" がありません。static が拒否します'),
    "ipam-static-prefix": (
        '"{value}" has no prefix length (such as /24); static refuses it',
        '"{value}" にプレフィックス長 (/24 など) がありません。static が拒否します',
    ),
    "ipam-static-address": (
        '"{value}" is no address in CIDR notation; static refuses it',
        '"{value}" は CIDR 形式のアドレスではありません。static が拒否します',
    ),
    "ipam-static-address-letters": (
        '"{value}" is no address: "{wrong}" cannot stand in one, whose digits are 0-9 and a-f; static refuses it',
        '"{value}" はアドレスではありません。アドレスの数字は 0-9 と a-f で、"{wrong}" は使えません。static が拒否します',
    ),
    "ipam-static-twice": (
        "this address stands twice; the kernel refuses the second (file exists)",
        "同じアドレスが 2 回あります。カーネルが 2 つ目を拒否します (file exists)",
    ),
    "ipam-route-dst": (
        'the destination "{value}" is no network in CIDR notation; the plugin cannot read the section',
        '宛先 "{value}" は CIDR 形式のネットワークではありません。プラグインは読み取れません',
    ),
    "ipam-route-prefix": (
        'the destination "{value}" has no prefix length (such as /24, or /32 for one host); the plugin cannot read the section',
        '宛先 "{value}" にプレフィックス長 (/24、1 台なら /32 など) がありません。プラグインは読み取れません',
    ),
    "ipam-route-gateway": (
        "the gateway {gateway} lies in none of the interface's subnets ({subnets}); the kernel refuses the route, and the pod does not start",
        "ゲートウェイ {gateway} はインターフェイスのどのサブネット ({subnets}) にもありません。カーネルが経路を拒否し、Pod は起動しません",
    ),
    "ipam-default-route": (
        "{dst} gives the pod a second default route beside that of eth0, and cluster traffic may leave here; the annotation's default-route does it cleanly",
        "{dst} により Pod に eth0 とは別のデフォルトルートができ、クラスターの通信がこちらに出ることがあります。アノテーションの default-route を使えば安全です",
    ),
    "ipam-dhcp-option": (
        "a DHCP option is a number from 0 to 255 or one of {options}; the daemon refuses any other",
        "DHCP オプションは 0 から 255 の数値か {options} です。ほかはデーモンが拒否します",
    ),
    "ipam-dhcp-long": (
        "the value of a DHCP option has at most 255 bytes; the daemon refuses it",
        "DHCP オプションの値は 255 バイトまでです。デーモンが拒否します",
    ),
    "ipam-dhcp-ips": ("dhcp ignores the addresses that a pod asks for (ips)", "dhcp は Pod が要求するアドレス (ips) を無視します"),
    # --- several NADs
    "nad-overlap-pod": (
        "{subnet} overlaps the pod network {other}: the pod sends traffic for other pods to this interface",
        "{subnet} は Pod ネットワーク {other} と重複しています。ほかの Pod への通信がこのインターフェイスに向かいます",
    ),
    "nad-overlap-service": (
        "{subnet} overlaps the service network {other}: the pod does not reach services there, the API server and DNS among them",
        "{subnet} はサービスネットワーク {other} と重複しています。API サーバーや DNS を含むサービスに Pod から届かなくなります",
    ),
    "nad-overlap-reserved": (
        "{subnet} overlaps {other}, which MicroShift uses itself",
        "{subnet} は MicroShift が内部で使う {other} と重複しています",
    ),
    "nad-overlap-host": (
        "{subnet} overlaps the host's network {other}: once the bridge has an address of it, the host's route is ambiguous",
        "{subnet} はホストのネットワーク {other} と重複しています。ブリッジにこの範囲のアドレスが付くと、ホストの経路が曖昧になります",
    ),
    "nad-overlap-nads": (
        "{subnet} overlaps {other} of NAD {other_nad} on the same segment ({where}), and neither knows what the other gave: two pods may get one address",
        "{subnet} は同じセグメント ({where}) の NAD {other_nad} の {other} と重複しています。互いの割り当てを知らないため、2 つの Pod が同じアドレスを得ることがあります",
    ),
    "nad-store-shared": (
        "this NAD and {other_nad} have one network name and so one store ({store}), but different ranges ({subnet}, {other}); give each its own name",
        "この NAD と {other_nad} は同じネットワーク名で保存先 ({store}) を共有していますが、範囲が異なります ({subnet}、{other})。名前を分けてください",
    ),
    "nad-bridge-two": (
        "this NAD wants {ip} on the bridge, NAD {other} wants {one}; a bridge has one of them, and the pods of the later NAD fail",
        "この NAD はブリッジに {ip} を、NAD {other} は {one} を設定しようとします。どちらか一方しか設定できず、後から使う NAD の Pod は失敗します",
    ),
    "nad-bridge-forced": (
        "this NAD forces {ip} on the bridge, NAD {other} forces {one}: each pod takes the gateway of the other NAD's pods away",
        "この NAD はブリッジに {ip} を、NAD {other} は {one} を強制します。Pod が起動するたびに、もう一方の NAD の Pod のゲートウェイが失われます",
    ),
    "nad-bridge-vlan": (
        "this NAD uses VLANs on the bridge, NAD {other} does not; if its pod makes the bridge first, VLAN filtering is off and pods of this NAD fail",
        "この NAD はブリッジで VLAN を使いますが、NAD {other} は使いません。先に後者の Pod がブリッジを作ると VLAN フィルタリングが無効になり、この NAD の Pod は失敗します",
    ),
    "nad-bridge-mtu": (
        "NAD {other} gives the same bridge another MTU; the bridge keeps that of the NAD that was used first",
        "NAD {other} は同じブリッジに別の MTU を指定しています。ブリッジには最初に使われた NAD の MTU が残ります",
    ),
    "nad-master-kinds": (
        "this NAD puts {one} on {carrier}, NAD {other} puts {two} there; the kernel takes one kind at a time, and a pod of the other fails while one runs",
        "この NAD は {carrier} に {one} を、NAD {other} は {two} を作ります。カーネルは同時に一方しか許さず、もう一方の Pod は失敗します",
    ),
    "nad-master-passthru": (
        "NAD {other} uses {carrier} as well, and one of the two in mode passthru, which wants the master for itself; the second pod fails",
        "NAD {other} も {carrier} を使い、一方は master を占有する passthru モードです。2 つ目の Pod は失敗します",
    ),
    "nad-master-vlan": (
        "NAD {other} uses the same VLAN id on {carrier}; the kernel makes it once, and the second pod fails",
        "NAD {other} も {carrier} で同じ VLAN ID を使います。カーネルは 1 つしか作れず、2 つ目の Pod は失敗します",
    ),
    "nad-ipvlan-modes": (
        "this NAD has mode {one}, NAD {other} on the same master {two}; the kernel keeps one mode for a master and switches all of them without a word",
        "この NAD のモードは {one}、同じ master の NAD {other} は {two} です。カーネルは master ごとに 1 つのモードしか持たず、通知なしにすべて切り替えます",
    ),
}
