"""Finds IP and MAC addresses in text, and text in base64; versions, times and ids, which look like them, are left alone."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Iterator

from diagnose.pattern import lazy

_HEX = "[0-9A-Fa-f]"
_MAC = lazy(rf"(?<!{_HEX})(?:{_HEX}{{2}}:){{5,}}{_HEX}{{2}}(?!{_HEX}|:{_HEX}{{2}}(?!\w))")
"""Six bytes, or more: of a longer one, such as DHCP's client id, the last six are the MAC address."""
_MAC_DASHED = lazy(rf"(?<![\w-]){_HEX}{{2}}(?:-{_HEX}{{2}}){{5}}(?![\w-])")
_MAC_NAMED = lazy(rf"(?<=\benx){_HEX}{{12}}\b")
_IPV6 = lazy(r"(?<![0-9A-Za-z])(?=[0-9A-Fa-f]*:[0-9A-Fa-f]*:)[0-9A-Fa-f:]{2,45}(?![0-9A-Za-z])(?!:?\d{0,3}\.\d)")
"""Of "::ffff:10.1.2.3" the last part is found as what it is, an IPv4 address."""
_IPV4 = lazy(r"(?<![\d.])(\d{1,3}\.\d{1,3}\.\d{1,3})\.(\d{1,3})(?!\d|\.\d)(/\d{1,3}\b)?")
_DASHED = lazy(r"(?<![A-Za-z0-9])(ip|host|node)-(\d{1,3}-\d{1,3}-\d{1,3}-\d{1,3})(?![\d-])")
_VERSION_BEFORE = lazy(r"(?i)(?:\b(?:v|version|release|build|ver|rpm|microshift|cri-?o|ovs|ovn|openvswitch|open vswitch|kubernetes|openshift|kernel|multus|cni|sos|podman|systemd)[\"']?[\s:=\"'/_-]*|[A-Za-z][\w.+]*-|\bv)$")  # fmt: skip
_VERSION_AFTER = lazy(
    r"[-+~_](?:\d+(?:\.\d+)*\.)?(?:el|fc|rhel|rc|beta|alpha|ga|assembly|\d{6,}|x86|aarch|noarch|g[0-9a-f]{7})|\.(?:el\d|fc\d|x86_64|aarch64|noarch)"
)
_NETWORK = lazy(r"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})/(\d{1,2})\b|(?<![\w:])((?=[0-9A-Fa-f]*:[0-9A-Fa-f]*:)[0-9A-Fa-f:]{2,39})/(\d{1,3})\b")


def networks(text: str) -> Iterator[str]:
    """Yield every "address/length" in a text."""
    for m in _NETWORK.finditer(text):
        yield f"{m[1]}/{m[2]}" if m[1] else f"{m[3]}/{m[4]}"


def replace_addresses(text: str, ip: Callable[[str], str], mac: Callable[[str], str]) -> str:
    """Return `text` with each IP and MAC address replaced by what `ip` and `mac` return for it; lengths of prefixes stay as they are."""
    if ":" in text:
        text = _MAC.sub(lambda m: m.group()[:-17] + mac(m.group()[-17:]), text)
        text = _IPV6.sub(lambda m: _ipv6(m.group(), ip), text)
    if "." in text:
        text = _IPV4.sub(lambda m: _ipv4(m, text, ip), text)
    if "-" in text:
        text = _MAC_DASHED.sub(lambda m: mac(m.group()), text)
        text = _DASHED.sub(lambda m: f"{m[1]}-{_quad(m[2].replace('-', '.'), ip).replace('.', '-')}", text)
    return _MAC_NAMED.sub(lambda m: mac(m.group()), text) if "enx" in text else text


def _ipv6(run: str, ip: Callable[[str], str]) -> str:
    # "addr:fd00::1: no route": a colon beside it is none of its own.
    for left in (0, 1):
        for right in (0, 1):
            inner = run[left : len(run) - right]
            if (not left or run[0] == ":") and (not right or run[-1] == ":") and _is_ip(inner):
                return run[:left] + ip(inner) + run[len(run) - right :]
    return run


def _ipv4(m: re.Match[str], text: str, ip: Callable[[str], str]) -> str:
    whole = f"{m[1]}.{m[2]}"
    if _VERSION_BEFORE.search(text, max(0, m.start() - 24), m.start()) and not (_is_ip(whole) and ipaddress.ip_address(whole).is_private):
        return m.group()
    if m[3] is None and _VERSION_AFTER.match(text, m.end()):
        return m.group()
    return _quad(whole, ip) + (m[3] or "")


def _quad(text: str, ip: Callable[[str], str]) -> str:
    if _is_ip(text):
        return ip(text)
    # "10.20.0.300": what makes it invalid stays.
    head, _, last = text.rpartition(".")
    return ip(f"{head}.0").rpartition(".")[0] + f".{last}" if _is_ip(f"{head}.0") else text


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


BASE64 = lazy(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}={0,2}")


def decoded(run: str) -> str:
    """Return the text that stands in base64, "" where it is none."""
    plain = run.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        text = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return text if text.isprintable() or "\n" in text else ""
