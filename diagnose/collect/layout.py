"""What in a sos report or must-gather is worth reading; of anything else that a user has, everything.

Sources: sos sos/report/plugins/*.py (the folder of a plugin's commands bears its name), `oc adm inspect` (resource folders).
"""

from __future__ import annotations

from diagnose.pattern import lazy

_SOS_PLUGINS = frozenset({
    "auditd", "cgroups", "chrony", "container_log", "containers_common", "crio", "dnsmasq", "filesys", "firewall_tables", "firewalld", "greenboot", "host", "kernel",
    "kubernetes", "logs", "memory", "microshift", "microshift_ovn", "msnet", "networking", "networkmanager", "nftables", "openvswitch", "process", "rpm", "selinux",
    "systemd", "systemtap", "timedatectl", "unattended", "extras",
})  # fmt: skip
"""sos plugins whose commands can tell of a pod's network or the node; what `date` tells is read apart (see `parse.zone`)."""
_NEVER = lazy(
    r"(?:^|/)(?:__MACOSX/|\.DS_Store$|(?:Thumbs\.db|desktop\.ini)$|etc/(?:localtime|timezone)$|usr/share/zoneinfo/|core/secrets(?:\.yaml|/)|secrets/|sos_logs/|sos_reports/|proc/|sys/(?!fs/selinux)"
    r"|cluster-scoped-resources/(?:rbac\.authorization|apiextensions|admissionregistration|apiregistration|storage|security\.openshift|flowcontrol|scheduling|priorityclasses|core/persistentvolumes)"
    r"|sos_commands/crio/(?:images/|crictl_(?:stats|images|version)|containers/)|sos_commands/networking/(?:ethtool_|devlink_|tc_|nstat|ss_|netstat)"
    r"|(?:rbac\.authorization\.k8s\.io|route\.openshift\.io|policy|autoscaling|discovery\.k8s\.io|coordination\.k8s\.io)/)"
)
"""Secrets, what is large and tells nothing of networks, and what desktops leave in folders."""
_COMMANDS = lazy(r"(?:^|/)sos_(?:commands|strings)/([^/]+)/")
_TAILED = lazy(r"(?P<root>(?:.*/)?)sos_strings/(?P<plugin>[^/]+)/(?P<name>.+)\.tailed")
_FOLDER = lazy(
    r"(?:(?:var|run)\.log(?:\.(?:containers|pods|audit|kube-apiserver|journal(?:\.[0-9a-f]{32})?))?|etc(?:\.(?:crio|microshift|cni\.net\.d))?|var|run|usr|opt|home|root|tmp)\."
)
"""Folders in the name of a file that sos kept the end of: of the dots in it, these were slashes."""
_NADS = lazy(r"network-attachment-definition|networkattachmentdefinition")
FOLDER = lazy(r"msnet-[^/]+-\d{8}T\d{6}Z/")
"""The folder of a bundle of ours in an archive; all that is in it is for its own reader."""
_NEVER_SUFFIX = (".rpm", ".so", ".pyc", ".png", ".jpg", ".html", ".core", ".vmcore")


def original(name: str) -> str:
    """Return where in its tree a file stood of which sos kept the end (add_copy_spec with a size limit), or "" for any other.

    sos puts the end into `sos_strings`, with dots for the slashes of a file's path, and a link in the place of the whole.
    """
    m = _TAILED.fullmatch(name)
    if m is None:
        return ""
    folder = _FOLDER.match(m["name"])
    if folder is None:
        return f"{m['root']}sos_commands/{m['plugin']}/{m['name']}"
    return m["root"] + folder.group().replace(".", "/") + m["name"][folder.end() :]


def matters(name: str) -> bool:
    """Return True if a file of that path within an archive or folder may tell of a pod's network. Secrets never do."""
    if FOLDER.match(name):
        return True
    if _NEVER.search(name):
        return bool(_NADS.search(name)) and "secret" not in name
    if name.lower().endswith(_NEVER_SUFFIX):
        return False
    m = _COMMANDS.search(name)
    return m is None or m[1] in _SOS_PLUGINS
