"""Native journal files of every kind that systemd writes, and what journalctl reads out of them."""

from __future__ import annotations

import itertools
import lzma
import os
import struct
import subprocess
from pathlib import Path

REMOTE = ("/lib/systemd/systemd-journal-remote", "/usr/lib/systemd/systemd-journal-remote")
Field = tuple[bytes, bytes]
BOOTS = ("5e0c47b2a91d4d66b3f8127e6a54c90d", "77aa47b2a91d4d66b3f8127e6a54c90d")
FAILED = (
    'plugin type="multus" name="multus-cni-network" failed (add): Multus: [cell/{pod}/1903dc35-8b71-434d-9aa9-d60ff613e553]: error loading k8s delegates '
    "k8s args: TryLoadPodDelegates: error in getting k8s network for pod: GetNetworkDelegates: failed getting the delegate: getKubernetesDelegate: "
    'cannot find a network-attachment-definition (line-b) in namespace (cell): network-attachment-definitions.k8s.cni.cncf.io "line-b" not found'
)
"""A message shorter than what journald compresses."""
_NUMBERS = itertools.count(1)
START = 1_761_000_000_000_000


def entry(at: int, message: bytes, *fields: Field, boot: str = BOOTS[0], ident: str = "crio", offset: int = START) -> bytes:
    """Return an entry in export format, `at` microseconds after `offset`, with more fields, each with its length."""
    stamp = offset + at
    head = (
        f"__CURSOR=s=1;i={at:x};b={boot};m={at:x};t={stamp:x};x={next(_NUMBERS):x}\n__REALTIME_TIMESTAMP={stamp}\n__MONOTONIC_TIMESTAMP={at}\n_BOOT_ID={boot}\n"
    )
    own = ((b"MESSAGE", message), (b"SYSLOG_IDENTIFIER", ident.encode()), (b"_SYSTEMD_UNIT", f"{ident}.service".encode()), (b"_HOSTNAME", b"edge"), (b"_PID", b"700"), (b"_TRANSPORT", b"stdout"))  # fmt: skip
    return head.encode() + b"".join(name + b"\n" + struct.pack("<Q", len(value)) + value + b"\n" for name, value in (*own, *fields)) + b"\n"


def varied(count: int = 120) -> bytes:
    """Return entries of two boots and a clock that was put forward: short and long, binary, of many values, with and without a failure."""
    found: list[bytes] = []
    for i in range(count):
        boot = BOOTS[i > count // 2]
        offset = START + (3_600_000_000 if i > count // 4 else 0)
        message, more = f"line {i} of an application".encode(), ((b"NUMBER", str(i).encode()), (b"NUMBER", str(-i).encode()))
        if i % 7 == 0:
            message = FAILED.format(pod=f"pod-{i % 21 if i < 119 else i}").encode()
        elif i % 11 == 0:
            message = b"much text, then: " + bytes(range(256)) * 9 + FAILED.format(pod=f"long-{i % 22}").encode() + b"; end of it " * 60
        elif i % 13 == 0:
            message, more = b"", ((b"_CMDLINE", FAILED.format(pod="none").encode()), (b"EMPTY", b""))
        elif i == 18:
            more = (b"COREDUMP", b"MESSAGE=" + bytes(i * i % 251 for i in range(300_000))), *more
        found.append(entry(i * 1_500_000, message, *more, boot=boot, ident=("crio", "microshift", "app")[i % 3], offset=offset))
    return b"".join(found)


def build(data: bytes, path: Path, *, compact: bool = True, keyed: bool = True, compress: bool = True) -> Path:
    """Make a journal file of entries in export format."""
    program = next(p for p in REMOTE if os.access(p, os.X_OK))
    env = {**os.environ, "SYSTEMD_JOURNAL_COMPACT": str(int(compact)), "SYSTEMD_JOURNAL_KEYED_HASH": str(int(keyed))}
    subprocess.run(
        [program, f"--output={path}", f"--compress={'yes' if compress else 'no'}", "-"], input=data, check=True, capture_output=True, timeout=60, env=env
    )
    return path


def objects(data: bytes) -> list[tuple[int, int, int]]:
    """Return offset, kind and size of every object."""
    found: list[tuple[int, int, int]] = []
    at, tail = struct.unpack_from("<Q", data, 88)[0], struct.unpack_from("<Q", data, 136)[0]
    while at <= tail:
        size = struct.unpack_from("<Q", data, at + 8)[0]
        assert size >= 16
        found.append((at, data[at], size))
        at += size + 7 & ~7
    return found


def compressed(path: Path, how: str) -> Path:
    """Compress the data objects of a file that holds none compressed, with `lz4` or `xz`, as an older journald did."""
    data = bytearray(path.read_bytes())
    flags = struct.unpack_from("<I", data, 12)[0]
    bit, flag = {"xz": (1, 1), "lz4": (2, 2)}[how]
    struct.pack_into("<I", data, 12, flags | bit)
    head = 72 if flags & 16 else 64
    changed = 0
    for at, kind, size in objects(bytes(data)):
        raw = bytes(data[at + head : at + size])
        if kind != 1 or len(raw) < 512:
            continue
        packed = lzma.compress(raw, check=lzma.CHECK_NONE) if how == "xz" else struct.pack("<Q", len(raw)) + _lz4(raw)
        if len(packed) < len(raw):
            data[at + 1] = flag
            struct.pack_into("<Q", data, at + 8, head + len(packed))
            data[at + head : at + size] = packed + bytes(size - head - len(packed))
            changed += 1
    assert changed
    path.write_bytes(data)
    return path


def _lz4(raw: bytes) -> bytes:
    """Return an lz4 block: each piece of four bytes that stood before is a match."""
    out, at, begin = bytearray(), 0, 0
    known: dict[bytes, int] = {}
    while at < len(raw) - 12:
        piece = raw[at : at + 4]
        before = known.get(piece)
        known[piece] = at
        if before is None or at - before > 65535:
            at += 1
            continue
        length = 4
        while at + length < len(raw) - 5 and raw[before + length] == raw[at + length]:
            length += 1
        out += _sequence(raw[begin:at], at - before, length)
        at = begin = at + length
    return bytes(out + _sequence(raw[begin:], 0, 4))


def _sequence(literals: bytes, back: int, length: int) -> bytes:
    def more(number: int) -> bytes:
        return bytes([255] * ((number - 15) // 255) + [(number - 15) % 255]) if number >= 15 else b""

    token = min(len(literals), 15) << 4 | min(length - 4, 15)
    return bytes([token]) + more(len(literals)) + literals + (struct.pack("<H", back) + more(length - 4) if back else b"")


def printed(path: Path) -> list[tuple[str, list[Field]]]:
    """Return what `journalctl -o export` tells of each entry: its cursor, and its fields in order but the boot's id."""
    raw = subprocess.run(["journalctl", "--file", str(path), "-o", "export", "--all", "--quiet"], check=True, capture_output=True, timeout=60).stdout
    found: list[tuple[str, list[Field]]] = []
    at = 0
    while at < len(raw):
        end = raw.index(b"\n", at)
        name, equals, value = raw[at:end].partition(b"=")
        at = end + 1
        if not name:
            continue
        if not equals:
            length = int.from_bytes(raw[at : at + 8], "little")
            value = raw[at + 8 : at + 8 + length]
            at += 8 + length + 1
        if name == b"__CURSOR":
            found.append((value.decode(), []))
        elif not name.startswith(b"__") and name != b"_BOOT_ID":
            found[-1][1].append((name, value))
    return found
