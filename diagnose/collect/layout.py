"""What in a sos report or must-gather is worth reading; of anything else that a user has, everything.

Sources: sos sos/report/plugins/*.py (the folder of a plugin's commands bears its name), `oc adm inspect` (resource folders).
"""

from __future__ import annotations

import re

_SOS_PLUGINS = frozenset({
    "auditd", "cgroups", "chrony", "container_log", "containers_common", "crio", "date", "dnsmasq", "filesys", "firewall_tables", "firewalld", "greenboot", "host", "kernel",
    "kubernetes", "logs", "memory", "microshift", "microshift_ovn", "msnet", "networking", "networkmanager", "nftables", "openvswitch", "process", "rpm", "selinux",
    "systemd", "systemtap", "timedatectl", "unattended", "extras",
})  # fmt: skip
"""sos plugins whose commands can tell of a pod's network or the node."""
_NEVER = re.compile(
    r"(?:^|/)(?:core/secrets(?:\.yaml|/)|secrets/|sos_logs/|sos_reports/|proc/|sys/(?!fs/selinux)"
    r"|cluster-scoped-resources/(?:rbac\.authorization|apiextensions|admissionregistration|apiregistration|storage|security\.openshift|flowcontrol|scheduling|priorityclasses|core/persistentvolumes)"
    r"|sos_commands/crio/(?:images/|crictl_(?:stats|images|version)|containers/)|sos_commands/networking/(?:ethtool_|devlink_|tc_|nstat|ss_|netstat)"
    r"|(?:rbac\.authorization\.k8s\.io|route\.openshift\.io|policy|autoscaling|discovery\.k8s\.io|coordination\.k8s\.io)/)"
)
"""Secrets, and what is large and tells nothing of networks."""
_COMMANDS = re.compile(r"(?:^|/)sos_commands/([^/]+)/")
_NADS = re.compile(r"network-attachment-definition|networkattachmentdefinition")
FOLDER = re.compile(r"msnet-[^/]+-\d{8}T\d{6}Z/")
"""The folder of a bundle of ours in an archive; all that is in it is for its own reader."""
_NEVER_SUFFIX = (".rpm", ".so", ".pyc", ".png", ".jpg", ".html", ".core", ".vmcore")


def matters(name: str) -> bool:
    """Return True if a file of that path within an archive or folder may tell of a pod's network. Secrets never do."""
    if FOLDER.match(name):
        return True
    if _NEVER.search(name):
        return bool(_NADS.search(name)) and "secret" not in name
    if name.endswith(_NEVER_SUFFIX):
        return False
    m = _COMMANDS.search(name)
    return m is None or m[1] in _SOS_PLUGINS
