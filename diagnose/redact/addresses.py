"""Pseudonyms of IP and MAC addresses that keep what a diagnosis rests on.

Two addresses that share their first n bits share them still (Crypto-PAn: Xu, Fan, Ammar, Moon, "Prefix-Preserving IP Address Anonymization",
ICNP 2002, with AES as in its authors' code). Beyond that, private addresses stay private, what has a meaning of its own stays as it is,
and so does the order of the addresses of one network. Against someone who knows a part of the plan this is weaker than names by chance.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Protocol, cast

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class _Encryptor(Protocol):
    def update(self, data: bytes) -> bytes: ...


class CryptoPan:
    """The published mapping: a key of 32 bytes, of which the first 16 are the cipher's and the last 16 make the padding."""

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        if len(key) != 32:
            raise ValueError("the key of Crypto-PAn has 32 bytes")
        # One block each time: the cipher is the random function of the paper, not a mode to hide text with.
        self._cipher = cast("_Encryptor", Cipher(algorithms.AES(key[:16]), modes.ECB()).encryptor())  # noqa: S305
        self._pad = int.from_bytes(self._cipher.update(key[16:]), "big")

    def flips(self, value: int, bits: int, at: int) -> bool:
        """Return True if bit `at` (0: the first) of an address of that many bits is flipped; only the bits before it decide."""
        kept = ((1 << at) - 1) << (128 - at)
        block = ((value << (128 - bits)) & kept) | (self._pad & ~kept & ((1 << 128) - 1))
        return bool(self._cipher.update(block.to_bytes(16, "big"))[0] >> 7)

    def address(self, address: Address) -> Address:
        """Return the pseudonym, with nothing kept but shared prefixes."""
        bits, value = address.max_prefixlen, int(address)
        for at in range(bits):
            value ^= self.flips(int(address), bits, at) << (bits - 1 - at)
        return type(address)(value)


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(t) for t in texts)


WHOLE = _networks(
    "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
    "10.42.0.0/16", "10.43.0.0/16", "100.64.0.0/16", "100.88.0.0/16",
    "::/8", "fe80::/64", "ff00::/8", "2001:db8::/32", "fd01::/48", "fd02::/112", "fd97::/64", "fd98::/64", "fd99::/64",
)  # fmt: skip
"""Networks whose addresses stay: of a meaning of their own (IANA's special-purpose registries; netmasks), documentation, and the defaults of
MicroShift (docs: clusterNetwork, serviceNetwork) and OVN-Kubernetes (join, transit and masquerade subnets)."""
KEPT = _networks("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15", "fc00::/8", "fd00::/8", "fe80::/10", "2000::/3")
"""Networks whose addresses stay within them: private, shared, for benchmarks, link-local, global."""
_NET = {4: 24, 6: 64}
"""Bits of an address that hide its network, unless a wider one is known; the rest of the bits stay, and so does the order."""
_WIDEST = {4: 16, 6: 48}


class Addresses:
    """Pseudonyms of IP and MAC addresses by one key.

    `seen` holds each address that was changed and its pseudonym, both as text; `networks` the networks within which order is kept.
    """

    def __init__(self, key: bytes, networks: Iterable[str] = (), *, keep_vendor: bool = False) -> None:
        """Take the key, and the networks known from before; `keep_vendor`: MAC addresses keep their first three bytes, which tell who made the device."""
        self._key = key
        self._keep_vendor = keep_vendor
        self._pan = CryptoPan(key)
        self.networks: set[Network] = set()
        self.seen: dict[str, str] = {}
        self.macs: dict[str, str] = {}
        self._ip = lru_cache(50_000)(self._mapped)
        for text in networks:
            self.learn(text, typed=True)

    def learn(self, text: str, *, typed: bool = False) -> None:
        """Take note of a network, "address/length": the order of its addresses will be kept. One wider than a /16 (IPv6: a /48) only where it is a NAD's own."""
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            return
        widest = 8 if typed else _WIDEST[network.version]
        if widest <= network.prefixlen < _NET[network.version] and network not in self.networks:
            self.networks.add(network)
            self._ip.cache_clear()

    def ip(self, text: str) -> str:
        """Return the pseudonym of an IP address, `text` itself where it stays. Raises `ValueError` for what is no address."""
        address = ipaddress.ip_address(text)
        found = self._ip(address)
        if found == address:
            return text
        self.seen[str(address)] = str(found)
        return str(found)

    def network(self, text: str) -> str:
        """Return the /24 (IPv6: the /64) of an address, "" for a MAC address."""
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return ""
        return str(ipaddress.ip_network(f"{address}/{_NET[address.version]}", strict=False))

    def original(self, text: str) -> str:
        """Return the address whose pseudonym is `text`."""
        made = ipaddress.ip_address(text)
        bits, low, high = made.max_prefixlen, 0, 0
        # Which bits are flipped depends on the bits before them only: they are found one after the other.
        for at in range(_NET[made.version]):
            guess = low | (int(made) & (1 << (bits - 1 - at)))
            mapped = int(self._ip(type(made)(guess)))
            high = 1 << (bits - 1 - at)
            low = guess if (mapped ^ int(made)) & high == 0 else guess ^ high
        return str(type(made)(low | int(made) & ((1 << (bits - _NET[made.version])) - 1)))

    def _mapped(self, address: Address) -> Address:
        if isinstance(address, ipaddress.IPv6Address):
            if address.ipv4_mapped is not None:
                return ipaddress.IPv6Address((0xFFFF << 32) | int(self._ip(address.ipv4_mapped)))
            if address in _NAT64:
                return ipaddress.IPv6Address((int(address) >> 32 << 32) | int(self._ip(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))))
        if any(address.version == n.version and address in n for n in WHOLE) and not address.is_link_local:
            return address
        bits, value = address.max_prefixlen, int(address)
        known = [n.prefixlen for n in self.networks if n.version == address.version and address in n]
        last = 0 if any(n.version == address.version and address in n for n in WHOLE) else min([_NET[address.version], *known])
        found = value
        for at in range(last):
            prefix = value >> (bits - at)
            if not _leads(address.version, prefix, at):
                found ^= (self._ends(address.version, prefix, at) or self._pan.flips(value, bits, at)) << (bits - 1 - at)
        return ipaddress.IPv4Address(found) if bits == 32 else ipaddress.IPv6Address(found >> 64 << 64 | self._interface(value & _LOW))

    def _ends(self, version: int, prefix: int, at: int) -> bool:
        """Return True if the bit behind `prefix` is the last that hides a network: it is always flipped, so that no network is its own pseudonym."""
        if at == _NET[version] - 1:
            return True
        return any(n.version == version and n.prefixlen == at + 1 and int(n.network_address) >> (n.max_prefixlen - at) == prefix for n in self.networks)

    def _interface(self, value: int) -> int:
        """Return the last 64 bits of an IPv6 address: small numbers stay, a MAC within them gets its pseudonym, the rest is mapped."""
        if value >> 24 & 0xFFFF == 0xFFFE:  # RFC 4291 appendix A: modified EUI-64
            mac = (value >> 40 ^ 0x020000) << 24 | value & 0xFFFFFF
            mapped = int(self.mac(mac.to_bytes(6, "big").hex(":")).replace(":", ""), 16)
            return (mapped >> 24 ^ 0x020000) << 40 | 0xFFFE << 24 | mapped & 0xFFFFFF
        if value >> 32 == 0:
            return value
        found = value
        # Those that begin alike still do; the first bit that is set stays, so that none becomes a small number.
        for at in range(64 - value.bit_length() + 1, 64):
            found ^= self._pan.flips(value, 64, at) << (63 - at)
        return found if found >> 24 & 0xFFFF != 0xFFFE else value ^ 1 << 24

    def mac(self, text: str) -> str:
        """Return the pseudonym of a MAC address, in the form of `text`; whether it is unicast and locally administered stays."""
        raw = bytes.fromhex(re.sub("[^0-9a-fA-F]", "", text))
        separator = text[2] if text[2] in ":-" else ""
        plain = raw.hex(":")
        if raw in (bytes(6), b"\xff" * 6) or plain.startswith(("33:33:", "01:00:5e:", "01:80:c2:")):
            return text
        if raw[:2] == b"\x0a\x58":  # OVN-Kubernetes: 0a:58 and the pod's IPv4 address (go-controller/pkg/util/net.go, IPAddrToHWAddr)
            found = raw[:2] + self._ip(ipaddress.IPv4Address(raw[2:])).packed
            if found == raw:
                return text
        else:
            found = self._drawn(raw)
        self.macs[plain] = found.hex(":")
        shown = found.hex(separator) if separator else found.hex()
        return shown.upper() if text.upper() == text and text.lower() != text else shown

    def _drawn(self, raw: bytes) -> bytes:
        """Return what stands for six bytes: no two share a pseudonym, and none needs a table."""
        if self._keep_vendor:
            return raw[:3] + self._shuffled(raw[3:], raw[:3])
        head = raw[0] & 3
        first = (raw[0] & 0xFC) ^ (hashlib.blake2b(b"first" + bytes([head]), key=self._key, digest_size=1).digest()[0] & 0xFC) | head
        return bytes([first]) + self._shuffled(raw[1:], raw[:1])

    def _shuffled(self, raw: bytes, of: bytes) -> bytes:
        # Four rounds of a Feistel network, whose halves are of the same size.
        half = len(raw) * 4
        left, right = int.from_bytes(raw, "big") >> half, int.from_bytes(raw, "big") & (1 << half) - 1
        for number in range(4):
            digest = hashlib.blake2b(bytes([number]) + of + right.to_bytes(4, "big"), key=self._key, digest_size=4).digest()
            left, right = right, left ^ (int.from_bytes(digest, "big") & (1 << half) - 1)
        return (left << half | right).to_bytes(len(raw), "big")


_LOW = (1 << 64) - 1
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@lru_cache(100_000)
def _leads(version: int, prefix: int, length: int) -> bool:
    """Return True if `prefix`, of `length` bits, begins a network that stays as it is: then the next bit is not flipped."""
    for network in (*WHOLE, *KEPT):
        if network.version == version and network.prefixlen > length and int(network.network_address) >> (network.max_prefixlen - length) == prefix:
            return True
    return False
