"""The shape of a message: what stays when its names and numbers are taken out, so that repeats of one error fall together."""

from __future__ import annotations

from diagnose.pattern import lazy

_VARIABLE = lazy(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # a UID
    r"|(?:[0-9a-f]{2}:){5}[0-9a-f]{2}"  # a MAC address
    r"|\b\d{1,3}(?:\.\d{1,3}){3}(?:/\d+|:\d+)?"  # an IPv4 address
    r"|\b(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{0,4}(?:/\d+)?"  # an IPv6 address
    r"|\b\d{4}-\d\d-\d\dT[\d:.]+Z?"  # a time
    r"|/[\w./@+-]{3,}"  # a path
    r"|\\?\"[^\"\\]{1,80}\\?\"|'[^']{1,80}'"  # a quoted name
    r"|\b[0-9a-f]{12,}\b|\b0x[0-9a-f]+\b"  # an id
    r"|\b[a-z0-9.-]*\d[a-z0-9.-]*\b"  # a name with a number in it
)
_LONGEST = 300


def shape(message: str) -> str:
    """Return `message` with everything that differs from case to case as `<*>`, at most 300 characters; "" for an empty one."""
    return " ".join(_VARIABLE.sub("<*>", message[: 4 * _LONGEST]).split())[:_LONGEST]
