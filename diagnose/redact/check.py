"""Looks through finished text for what the map says must not stand in it, also behind base64, and for secrets."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from typing import NamedTuple

from diagnose.pattern import lazy
from diagnose.redact.find import BASE64, decoded, replace_addresses
from diagnose.redact.kept import Map
from diagnose.redact.names import Words
from diagnose.redact.secrets import without_secrets

_MARKED = lazy("\0(.*?)\0")


class Leak(NamedTuple):
    """Something that was left: what kind it is of (name, address, or a kind of secret), and the value; of a secret only its kind."""

    kind: str
    value: str


class Check:
    """Looks for every name and address of a map."""

    def __init__(self, table: Map) -> None:
        self._names = Words()
        made = {m.lower() for m in table.names.values()}
        for name in table.names:
            if name not in made:
                self._names.put(name, f"\0{name}\0")
        # Pseudonyms of addresses are addresses: one that is given to another tells nothing.
        self._addresses = set(table.addresses) - set(table.addresses.values()) - set(table.earlier)

    def leaks(self, text: str) -> Counter[Leak]:
        """Return what was left in a text, and how often."""
        found = self._plain(text)
        for m in BASE64.finditer(text):
            found += self._plain(decoded(m.group()))
        return found

    def _plain(self, text: str) -> Counter[Leak]:
        found: Counter[Leak] = Counter()
        for kind, count in without_secrets(text)[1].items():
            found[Leak(kind, "")] += count
        marked, count = self._names.text(text)
        if count:
            found.update(Leak("name", m[1]) for m in _MARKED.finditer(marked))

        def met(address: str, plain: str) -> str:
            if plain in self._addresses:
                found[Leak("address", plain)] += 1
            return address

        replace_addresses(text, lambda ip: met(ip, str(ipaddress.ip_address(ip))), lambda mac: met(mac, bytes.fromhex(re.sub("[:-]", "", mac)).hex(":")))
        return found
