"""Signs in evidence that another tool wrote over addresses or names, or that a command was not allowed to answer."""

from __future__ import annotations

from collections.abc import Iterator

from diagnose.model import Gap
from diagnose.pattern import lazy

# sos clean (53:4f:53: MACs, host0, obfuscateddomain), must-gather-clean (x-ipv4-...), insights (10.230.230.), oc adm inspect.
_WRITTEN_OVER = lazy(rb"\b53:4f:53:|obfuscateddomain|\bx-(?:ipv4|ipv6|mac)-\d|\*\*\*HIDDEN\*\*\*|\b10\.230\.230\.\d")
_LITERALS = (b"53:4f:53:", b"obfuscateddomain", b"x-ipv4-", b"x-ipv6-", b"x-mac-", b"***HIDDEN***", b"10.230.230.")
"""One of these stands in whatever the pattern finds: ten times as fast."""
_NAMED = lazy(r"-obfuscated(?:\.[a-z0-9.]+)?(?:$|[/!])")
"""An archive or folder that `sos clean` wrote (sos sos/cleaner/archives/__init__.py)."""
_REFUSALS = (
    ("forbidden", b"Error from server (Forbidden)", lazy(rb"Error from server \(Forbidden\): [^\n]*"), "sudo oc --kubeconfig /var/lib/microshift/resources/kubeadmin/kubeconfig get pods,events,network-attachment-definitions -A -o yaml > objects.yaml"),
    ("not-all-users", b"You are currently not seeing", lazy(rb"You are currently not seeing messages from other users[^\n]*"), "sudo journalctl -u microshift -u crio -o export > journal.export"),
    ("not-all-users", b"No journal files were opened", lazy(rb"No journal files were opened due to insufficient permissions[^\n]*"), "sudo journalctl -u microshift -u crio -o export > journal.export"),
)  # fmt: skip
"""What kubectl and journalctl print instead of an answer."""


def is_obfuscated(data: bytes) -> bool:
    """Return True if a tool replaced addresses or names in `data`."""
    return any(x in data for x in _LITERALS) and bool(_WRITTEN_OVER.search(data))


def is_named_obfuscated(name: str) -> bool:
    """Return True if `name` is of, or within, an archive or folder that a tool wrote over."""
    return bool(_NAMED.search(name))


def refusals(data: bytes, source: str) -> Iterator[Gap]:
    """Yield a gap for each kind of refusal that a command wrote into its output, with its own words."""
    told: set[str] = set()
    for kind, literal, pattern, hint in _REFUSALS:
        m = pattern.search(data) if literal in data and kind not in told else None
        if m is not None:
            told.add(kind)
            yield Gap(source, "", hint, kind, values=(("text", m.group().decode("utf-8", "replace")[:200]),))
