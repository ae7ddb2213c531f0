"""Peels a nested CNI error into its layers, from the kubelet down to the root message.

Each layer only passes on what the layer below said. The forms are those of Kubernetes, CRI-O, containerd, ocicni,
libcni, Multus (thin, thick, and back to 3.0) and OVN-Kubernetes; the order is theirs, outermost first.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from diagnose.pattern import lazy
from diagnose.template import canonical, fold


class Layer(NamedTuple):
    """One wrapper: who added it, its own text, and the names that it carries."""

    who: str
    text: str
    fields: dict[str, str]


class Segment(NamedTuple):
    """One operation's error: layers outermost first, and the root message that they wrap."""

    op: str
    """"add", "delete", "check" or "status"; "" when no layer tells."""
    layers: tuple[Layer, ...]
    text: str
    """The whole operation in canonical form, layers and root."""
    root_at: int
    """Where in `text` the root message begins."""
    gaps: tuple[tuple[int, int], ...]
    """Parts of `text` that stand before or between the layers and are none."""
    fields: dict[str, str]
    """pod, namespace, uid, sandbox, network, plugin, interface, netns: the innermost word on each."""

    @property
    def root(self) -> str:
        """The innermost message, without the quotes that the layers left open."""
        root = self.text[self.root_at :].strip()
        return root.rstrip("\"'") if self.layers else root

    @property
    def in_chain(self) -> bool:
        """True if a CNI, Multus or runtime layer was peeled, so that the root is a network error."""
        return any(layer.who in _CNI for layer in self.layers)

    @property
    def failed_add(self) -> bool:
        """True if the network of a pod could not be made: a layer says so, or began to where the text is cut off."""
        return (self.in_chain and self.op == "add" and bool(self.root)) or _BEGUN.match(self.text, self.root_at) is not None


_BEGUN = lazy(r"failed to create pod network sandbox k8s_|failed to set ?up network for sandbox ", re.IGNORECASE)
_CNI = frozenset({"cri-o", "containerd", "libcni", "multus", "multus-shim", "ovn-kubernetes", "cni", "dockershim"})

_NS = r"(?P<namespace>[^\s/\]_:\"]+)"
_POD = r"(?P<pod>[^\s/\]:\"]+)"
_UID = r"(?P<uid>[^\]:\s\"]*)"
_K8S = r"k8s_(?P<pod>[^_\s]+)_(?P<namespace>[^_\s]+)_(?P<uid>[^_\s]+)_(?P<attempt>\d+)\((?P<sandbox>[0-9a-fx.]+)\)"
_BOX = r'"?(?P<sandbox>[0-9a-f]{4,64})"?'

# (who, operation, regular expression matched at the current place). A layer without its own text in front of the
# inner one would be a rule, not a wrapper.
_LAYERS: tuple[tuple[str, str, str], ...] = (
    ("kubelet", "", r"\(combined from similar events\): "),
    ("kubelet", "", r"Failed to create pod sandbox: "),
    ("kubelet", "", r"Failed create pod sandbox: "),
    ("kubelet", "", r"Failed create pod sandbox\.?$"),
    ("kubelet", "delete", r"error killing (?:terminating )?pod: "),
    ("kubelet", "delete", r'failed to "KillPodSandbox" for "(?P<uid>[^"]*)" with KillPodSandboxError: "?'),
    ("kubelet", "", r'failed to "CreatePodSandbox" for "(?P<pod>[^_"]+)_(?P<namespace>[^("]+)\((?P<uid>[^)]+)\)" with \w+: "?'),
    ("kubelet", "", r'failed to "(?P<action>\w+)" for "(?P<target>[^"]*)" with (?P<kind>\w+): "?'),
    ("kubelet", "", r'(?:Failed to create sandbox|CreatePodSandbox) for pod "(?P<pod>[^_"]+)_(?P<namespace>[^("]+)\((?P<uid>[^)]+)\)"(?: failed)?: '),
    ("kubelet", "", r"RunPodSandbox from runtime service failed: "),
    ("kubelet", "delete", r"(?:StopPodSandbox|RemovePodSandbox) from runtime service failed: "),
    ("kubelet", "delete", r"(?:Failed to stop sandbox|KillPodSandbox failed|Error stopping sandbox)[^:]{0,80}: "),
    ("kubelet", "", r"failed to SyncPod: "),
    ("kubelet", "", r"network is not ready: "),
    ("kubelet", "", r"(?:Error syncing pod|Error syncing pod (?P<uid>[0-9a-f-]+) \(\"(?P<pod>[^_\"]+)_(?P<namespace>[^(\"]+)\([^)]*\)\"\)),? skipping:? "),
    ("grpc", "", r"rpc error: code = (?P<code>\w+) desc = ?"),
    ("grpc", "", r"Unknown desc = "),
    ("cri-o", "delete", r"(?:stop pod network|error stopping network on cleanup|Error stopping network on cleanup): "),
    ("cri-o", "delete", r"Failed to cleanup \(probably retrying\): "),
    ("cri-o", "add", rf"failed to create pod network sandbox {_K8S}: "),
    ("cri-o", "check", rf"failed to get network status for pod sandbox {_K8S}: "),
    (
        "cri-o",
        "delete",
        rf"(?:failed to destroy network for pod sandbox|network teardown failed for pod sandbox|Failed to destroy network for pod sandbox) {_K8S}: ",
    ),
    ("cri-o", "add", r"error adding pod (?P<namespace>[^_\s]+)_(?P<pod>\S+) to CNI network \"(?P<defnet>[^\"]*)\": "),
    ("cri-o", "delete", r"error removing pod (?P<namespace>[^_\s]+)_(?P<pod>\S+) from CNI network \"(?P<defnet>[^\"]*)\": "),
    ("cri-o", "check", r"error checking pod (?P<namespace>[^_\s]+)_(?P<pod>\S+) for CNI network \"(?P<defnet>[^\"]*)\": "),
    ("cri-o", "delete", r"error deleting pod (?P<namespace>[^_\s]+)_(?P<pod>\S+) from CNI network \"(?P<defnet>[^\"]*)\": "),
    # The kubelet's own CNI driver, up to Kubernetes 1.23 (pkg/kubelet/dockershim/network/cni/cni.go).
    ("dockershim", "add", r"Error adding (?P<namespace>[^_\s]+)_(?P<pod>[^/\s]+)/(?P<sandbox>[0-9a-f]+) to network (?P<plugin>[^/\s]+)/(?P<network>[^:\s]+): "),
    (
        "dockershim",
        "delete",
        r"Error deleting (?P<namespace>[^_\s]+)_(?P<pod>[^/\s]+)/(?P<sandbox>[0-9a-f]+) from network (?P<plugin>[^/\s]+)/(?P<network>[^:\s]+): ",
    ),
    ("cri-o", "add", r"Error adding network: "),
    ("cri-o", "delete", r"Error deleting network: "),
    ("cri-o", "add", r"Error while adding pod to CNI network \"(?P<defnet>[^\"]*)\": "),
    ("cri-o", "delete", r"Error while removing pod from CNI network \"(?P<defnet>[^\"]*)\": "),
    (
        "containerd",
        "add",
        r'RunPodSandbox for (?:&PodSandboxMetadata\{Name:(?P<pod>[^,]+),Uid:(?P<uid>[^,]+),Namespace:(?P<namespace>[^,]+),[^}]*\}|"[^"]*") failed(?:, error)?(?::|"? error=)\s?"?',
    ),
    ("containerd", "delete", r'StopPodSandbox for "(?P<sandbox>[0-9a-f]+)" failed(?::|"? error=)\s?"?'),
    ("containerd", "add", rf"failed to set ?up network for sandbox\s+{_BOX}: "),
    ("containerd", "add", r"run pod sandbox failed: "),
    ("containerd", "delete", rf"failed to destroy network for sandbox {_BOX}: "),
    ("dockershim", "add", rf'\[?failed to set up sandbox container {_BOX} network for pod "(?P<pod>[^"]+)": '),
    ("dockershim", "add", r'Failed to setup network for pod "(?P<pod>[^_"]+)_(?P<namespace>[^("]+)\((?P<uid>[^)]+)\)" using network plugins "cni": '),
    ("dockershim", "delete", rf'failed to clean up sandbox container {_BOX} network for pod "(?P<pod>[^"]+)": '),
    ("dockershim", "add", r'[nN]etwork[pP]lugin cni failed to set up pod "(?P<pod>[^"_]+)_(?P<namespace>[^"]+)" network: '),
    ("dockershim", "delete", r'[nN]etwork[pP]lugin cni failed to teardown pod "(?P<pod>[^"_]+)_(?P<namespace>[^"]+)" network: '),
    ("dockershim", "add", r'[nN]etwork[pP]lugin cni failed to set up pod "[^"]*" network: '),
    ("libcni", "add", r'plugin (?:type="(?P<plugin>[^"]*)"(?: name="(?P<plugin_name>[^"]*)")?|(?P<plugin2>[\w.-]+)) failed \(add\): '),
    ("libcni", "delete", r'plugin (?:type="(?P<plugin>[^"]*)"(?: name="(?P<plugin_name>[^"]*)")?|(?P<plugin2>[\w.-]+)) failed \(delete\): '),
    # A plugin that prints its error after a result, or an error quoted as it stood on stdout: the JSON's own words count.
    ("libcni", "", r'netplugin failed but error parsing its diagnostic message "[^\n]*?"code": \d+, "msg": "'),
    ("cni", "", r'\{ ?"(?:cniVersion": "[^"]*", ")?code": \d+, "msg": "'),
    ("multus-shim", "add", r"CmdAdd \(shim\): "),
    ("multus-shim", "delete", r"CmdDel \(shim\): "),
    ("multus-shim", "check", r"CmdCheck \(shim\): "),
    ("multus-shim", "", r"CmdGC \(shim\): "),
    ("cni", "", r"CNI request failed with status (?P<status>\d+): '?"),
    (
        "multus",
        "",
        r'&?\{?ContainerID:\"?(?P<sandbox>[0-9a-f]+)\"? Netns:\"?(?P<netns>[^\s"]*)\"? IfName:\"?(?P<ifname>[^\s"]*)\"? Args:\"?(?P<args>[^\s"]*)\"? Path:\"?[^\s"]*\"?(?: StdinData:\S*?\}?)? (?:ERRORED: )?',
    ),
    ("multus", "", rf"error configuring pod \[{_NS}/{_POD}\] networking: "),
    ("multus", "", rf"(?:Multus: )?\[{_NS}/(?P<pod>[^/\]:\s]+)(?:/(?P<uid>[^\]:]*))?(?::(?P<network>[^\]]+))?\]: "),
    (
        "ovn-kubernetes",
        "",
        r"\[(?P<namespace>[^/\]\s]+)/(?P<pod>[^\]\s]+) (?P<sandbox>[0-9a-f]{12,64})(?: network (?P<ovnnet>\S+) NAD (?P<ovn_nad>[^\]\s]+)(?: NAD key (?P<nadkey>[^\]\s]+))?)?\] ",
    ),
    ("multus", "add", r'error adding (?:container|pod) to network "(?P<network>[^"]*)": '),
    ("multus", "delete", r'error removing container from network "(?P<network>[^"]*)": '),
    ("multus", "add", r'(?:Multus: )?[eE]rr(?:or)? adding pod to network "(?P<network>[^"]*)": '),
    ("multus", "delete", r"(?:Multus: )?Err in tearing down failed plugins: "),
    ("multus", "add", r'(?:Multus: )?error in invoke (?:Delegate|Conflist|Conf) add - "(?P<delegate>[^"]*)": '),
    ("multus", "delete", r'(?:Multus: )?error in invoke (?:Delegate|Conflist|Conf) [dD]el - "(?P<delegate>[^"]*)": '),
    ("multus", "add", r'[dD]elegateAdd:? error invoking (?:conf|conflist|Conflist|Conf|Delegate)Add - "(?P<delegate>[^"]*)": '),
    ("multus", "delete", r'[dD]elegateDel:? error invoking (?:conf|conflist|Conflist|Conf|Delegate)Del - "(?P<delegate>[^"]*)": '),
    ("multus", "check", r'[dD]elegateCheck: error invoking (?:Conf|Conflist|Delegate)Check - "(?P<delegate>[^"]*)": '),
    ("multus", "status", r'[dD]elegateStatus: error invoking (?:Conf|Conflist)Status - "(?P<delegate>[^"]*)": '),
    ("multus", "add", r"(?:conflistAdd: |delegateAdd: )?error in getting result from AddNetwork(?:List)?: "),
    ("multus", "delete", r"(?:conflistDel: |delegateDel: )?error in getting result from DelNetwork(?:List)?: "),
    ("multus", "check", r"(?:conflistCheck: |delegateCheck: )?error in getting result from CheckNetwork(?:List)?: "),
    ("multus", "add", r"(?:Multus: )?[eE]rr(?:or)? (?:in )?loading [kK]8s [dD]elegates k8s args: "),
    ("multus", "add", r"(?:Multus: )?Err in getting k8s network from pod: "),
    ("multus", "delete", r"Multus: failed to get delegates: "),
    ("multus", "add", r"TryLoadPodDelegates: error in getting k8s network (?:for|from) pod: "),
    ("multus", "add", r"(?:tryLoadK8sDelegates|TryLoadPodDelegates): (?:Err|error) in loading K8s cluster default network from pod annotation: "),
    ("multus", "add", r"(?:GetNetworkDelegates|GetK8sNetwork|GetPodNetwork|tryLoadK8sPodDefaultNetwork): failed getting the delegate: "),
    ("multus", "add", r"(?:Multus: )?[fF]ailed to get clusterNetwork(?:/defaultNetworks)?: "),
    ("multus", "add", r"LoadDelegateNetConf: failed with: "),
    ("multus", "add", r"error in LoadDelegateNetConf: "),
    ("multus", "add", r"(?:getKubernetesDelegate|cniConfigFromNetworkResource|parsePodNetworkAnnotation|GetPodResourceMap|getDeviceInfo): "),
    ("multus", "", r"saveDelegates: error in saving the delegates : "),
    ("multus", "", r"(?:Multus: )?(?:Err|error) in saving the  ?delegates ?: "),
    ("multus", "", r"(?:Multus: )?(?:error setting the networks status|Err in setting  ?networks? status|Err set the networks status): "),
    (
        "multus",
        "",
        r"(?:setPodNetworkAnnotation|SetPodNetworkStatusAnnotation|SetNetworkStatus): (?:failed to update the pod \S+ in out of cluster comm: |status update failed for pod \S+: )?",
    ),
    ("multus", "", r"status update failed for pod \S+: "),
    ("multus", "", r"failed to update the pod \S+ in out of cluster comm: "),
    ("multus", "", r"error in GC command: "),
    ("multus", "", r"Multus: "),
    ("ipam", "", r"failed to execute IPAM delegate: "),
    ("ipam", "", r"error at storage engine: "),
    ("ipam", "", r"cmdAdd failed: "),
    ("kubelet", "", r"container runtime status check may not have completed yet, "),
)


def _lead(pattern: str) -> str:
    """Return the plain text that whatever `pattern` matches begins with, its case folded; it may be empty."""
    m = re.match(r"[A-Za-z ]*(?![?*{])", pattern)
    return m[0].casefold() if m is not None else ""


_COMPILED = tuple((who, op, _lead(rx), lazy(rx, re.IGNORECASE)) for who, op, rx in _LAYERS)
"""The layers with the plain text that each begins with: most are told by it that they are not there."""
_BY_FIRST = {c: tuple(x for x in _COMPILED if not x[2] or x[2][0] == c) for c in {x[2][:1] for x in _COMPILED}}
"""The same by their first character; the key "" has those without plain text."""

# Where a chain may begin in the middle of a line: texts that nothing but a layer prints.
_ENTRY = lazy(
    r"rpc error: code = |failed to create pod network sandbox k8s_|failed(?: to)? create pod sandbox: |error adding pod \S+ to CNI network"
    r'|error removing pod \S+ from CNI network|plugin type="[^"]*"(?: name="[^"]*")? failed \(|Multus: \[|Multus: err'
    r"|failed to set ?up network for sandbox|failed to destroy network for |network teardown failed for pod sandbox"
    r'|error adding (?:container|pod) to network "|network ?plugin cni failed to |\[?failed to set up sandbox container '
    r'|netplugin failed but error parsing its diagnostic message "|\{ ?"(?:cniVersion": "[^"]*", ")?code": \d+, "msg": "'
    r"|error configuring pod \[|delegate(?:add|del):? error invoking|error in getting result from "
    r'|TryLoadPodDelegates: error|GetNetworkDelegates: failed|failed to "(?:Create|Kill)PodSandbox" for|(?<=[\s:"])\[[a-z0-9][a-z0-9.-]{0,252}/[a-z0-9][a-z0-9.-]{0,252}/[0-9a-f-]{32,36}(?::[^\]]{1,253})?\]: ',
    re.IGNORECASE,
)

# One of these stands in every record that holds a CNI, Multus or runtime layer; the scan looks for them.
CHAIN_LITERALS = (
    "create pod network sandbox", "create pod sandbox", "network status for pod sandbox", "network for pod sandbox", "teardown failed for pod sandbox",
    "create sandbox for pod", "run pod sandbox failed", "setup network for sandbox", "set up network for sandbox", "setup network for pod",
    "destroy network for sandbox", "error adding pod", "error removing pod", "error checking pod", "adding pod to CNI network", "removing pod from CNI network",
    "plugin cni failed to", "set up sandbox container", "clean up sandbox container", "failed (add)", "failed (delete)", "CmdAdd (shim)",
    "CmdDel (shim)", "CmdCheck (shim)", "CmdGC (shim)", "CNI request failed with status", "Multus: ", "error configuring pod [",
    "adding container to network", "adding pod to network", "removing container from network", "in invoke ", "error invoking ", "getting result from ",
    "getting the delegate", "loading k8s delegates", "getting k8s network", "loading K8s cluster default network", "Error adding ", "Error deleting ",
    "stop pod network", "stopping network on cleanup", "Failed to cleanup (probably", "RunPodSandbox from", "RunPodSandbox for", "StopPodSandbox from",
    "StopPodSandbox for", "RemovePodSandbox from", "KillPodSandbox", "Failed to stop sandbox", "Error stopping sandbox", "CreatePodSandboxError",
    "CreatePodSandbox for pod", "error killing pod", "error killing terminating pod", "LoadDelegateNetConf: ", "getKubernetesDelegate", "parsePodNetworkAnnotation: ",
    "cniConfigFromNetworkResource", "saving the delegates", "saving the  delegates", "the networks status", "in setting network status", "set the networks status",
    "SetNetworkStatus: ", "setPodNetworkAnnotation: ", "SetPodNetworkStatusAnnotation: ", "status update failed for pod", "in out of cluster comm",
    "get clusterNetwork", "error in GC command", "ERRORED: ", "execute IPAM delegate", "error at storage engine", "cmdAdd failed: ", "[error] ", "[panic] ",
    "parsing its diagnostic message", "GetPodResourceMap: ", "getDeviceInfo: ",
)  # fmt: skip

# What starts a second operation inside one message: the runtime's clean-up of the failed first one.
_SECOND = lazy(
    r", failed to clean up sandbox container |\] (?=error removing pod )|; (?=error removing pod )|: (?=failed to clean up sandbox container )"
    r"|: StdinData: \{|, but continue to delete clusterNetwork",
    re.IGNORECASE,
)

_MERGE = {"plugin2": "plugin", "ifname": "pod_interface", "delegate": "plugin", "plugin_name": ""}


def _peel_one(text: str) -> Segment:
    layers: list[Layer] = []
    gaps: list[tuple[int, int]] = []
    fields: dict[str, str] = {}
    op = ""
    at = 0
    low = fold(text)
    while True:
        for who, kind, lead, rx in _BY_FIRST.get(low[at : at + 1], _BY_FIRST[""]):  # noqa: B007 - used behind the loop
            m = rx.match(text, at) if low.startswith(lead, at) else None
            if m is not None and m.end() > at:
                break
        else:
            entry = _ENTRY.search(text, at)
            if entry is None or entry.start() == at:
                break
            gaps.append((at, entry.start()))
            at = entry.start()
            continue
        named = {k: v for k, v in m.groupdict().items() if v}
        _take(fields, named)
        layers.append(Layer(who, m.group().strip().rstrip(":"), named))
        op = kind or op
        at = m.end()
    return Segment(op, tuple(layers), text, at, tuple(gaps), fields)


def _take(fields: dict[str, str], named: dict[str, str]) -> None:
    args = named.pop("args", "")
    for part in args.split(";"):
        key, _, value = part.partition("=")
        if key == "K8S_POD_NAMESPACE":
            named["namespace"] = value
        elif key == "K8S_POD_NAME":
            named["pod"] = value
        elif key == "K8S_POD_UID":
            named["uid"] = value
    for key, value in named.items():
        key = _MERGE.get(key, key)
        if not key or (key == "plugin" and value.startswith("multus")):
            continue
        if key in ("uid", "attempt") and fields.get(key):
            continue
        fields[key] = value


def peel(message: str) -> list[Segment]:
    """Return the operations in `message`, the first one first; the text itself, unpeeled, when it holds no layer.

    `message` may be at any level of quoting. The ADD error of a failed sandbox comes before the error of its clean-up.
    """
    text = canonical(message)
    parts: list[str] = []
    at = 0
    for m in _SECOND.finditer(text):
        parts.append(text[at : m.start()])
        at = m.end() if not m.group().startswith(", failed to clean") else m.start() + 2
        if "stdindata" in m.group().lower() or "but continue" in m.group().lower():
            at = len(text)
            break
    parts.append(text[at:])
    return [_peel_one(p) for p in parts if p.strip()] or [Segment("", (), text, 0, (), {})]
