"""The corpus of hostile and damaged archives: each is read as far as it goes, within bounds, and tells why no further."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterable
from typing import NamedTuple

import pytest

from collect.test_archive import JOURNAL, link, log, tar, zipped
from collect.test_parts import noise
from diagnose.collect import archive, tarball
from diagnose.collect.files import zstd_module

GOOD = (JOURNAL, log("cam-1"))
LATER = ("s/sos_commands/logs/journalctl_--no-pager", log("cam-2"))
BULK = ("s/sos_commands/logs/bulk", noise(200_000).hex().encode() + b"\n")
ONE, BOTH = ["cam-1"], ["cam-1", "cam-2"]
SECONDS, PEAK = 20.0, 200 * 1024 * 1024


def zstd(data: bytes) -> bytes:
    return zstd_module().compress(data, 1)


def header(name: str, *, size: int = 0, kind: bytes = tarfile.REGTYPE, field: bytes = b"") -> bytes:
    """Return a tar header; `field` is written in place of the size, and the checksum made right."""
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    raw = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    if field:
        raw[124:136] = field.ljust(12, b"\0")
    raw[148:156] = b"        "
    raw[148:156] = b"%06o\0 " % sum(raw)
    return bytes(raw)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 512)


def body(*members: tuple[str, bytes] | tarfile.TarInfo) -> bytes:
    """Return a tar without its end."""
    return tar(*members).rstrip(b"\0") if not members else tar(*members)[: _end(members)]


def _end(members: Iterable[tuple[str, bytes] | tarfile.TarInfo]) -> int:
    return sum(512 + (len(padded(m[1])) if isinstance(m, tuple) else 0) for m in members)


END = bytes(1024)


def spoilt(data: bytes, at: int, new: bytes = b"\xff") -> bytes:
    return data[:at] + new + data[at + len(new) :]


def pax(*records: bytes, then: bytes = b"") -> bytes:
    data = b"".join(records)
    return header("pax", size=len(data), kind=tarfile.XHDTYPE) + padded(data) + then


def record(key: str, value: bytes) -> bytes:
    rest = b" " + key.encode() + b"=" + value + b"\n"
    size = len(rest) + len(str(len(rest)))
    return str(size if len(str(size)) == len(str(len(rest))) else size + 1).encode() + rest


def plain(name: str, data: bytes) -> bytes:
    return header(name, size=len(data)) + padded(data)


def stored(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for name, data in members:
            z.writestr(name, data)
    return out.getvalue()


def central(data: bytes, offset: int, new: bytes, *, entry: int = 0) -> bytes:
    """Write `new` into an entry of a zip's table of contents."""
    at = -1
    for _ in range(entry + 1):
        at = data.index(b"PK\x01\x02", at + 1)
    return spoilt(data, at + offset, new)


def described(name: str, data: bytes) -> bytes:
    """Return a zip written to a pipe: sizes and checksum stand behind each member."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, b: object, /) -> int:
            self.data += bytes(b)  # type: ignore[call-overload]
            return len(bytes(b))  # type: ignore[call-overload]

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr(name, data)
    return bytes(pipe.data)


def overlapping(count: int) -> bytes:
    """Return a zip whose entries all point at one member that is large: a bomb without nesting (David Fifield, 2019)."""
    data = zipped(("a", b"a line\n" * (archive.SLACK // 28)), GOOD)
    end = data.index(b"PK\x05\x06")
    at = data.index(b"PK\x01\x02")
    first = data[at : data.index(b"PK\x01\x02", at + 1)]
    table = data[at:end] + first * count
    return data[:at] + table + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count + 2, count + 2, len(table), at, 0)


def many_entries(count: int) -> bytes:
    one = zipped(("a", b"x"))
    at, end = one.index(b"PK\x01\x02"), one.index(b"PK\x05\x06")
    table = one[at:end] * count
    return one[:at] + table + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count & 0xFFFF, count & 0xFFFF, len(table), at, 0)


def sparse(realsize: int, data: bytes) -> bytes:
    """Return an old GNU sparse member: `data`, then a hole up to `realsize`."""
    raw = bytearray(header("s/sos_commands/logs/sparse", size=len(data), kind=tarfile.GNUTYPE_SPARSE))
    raw[386:410] = b"%011o\0%011o\0" % (0, len(data))
    raw[483:495] = b"\x80" + realsize.to_bytes(11, "big")
    raw[148:156] = b"        "
    raw[148:156] = b"%06o\0 " % sum(raw)
    return bytes(raw) + padded(data)


def dictionary(exponent: int, data: bytes) -> bytes:
    """Return xz that asks for a dictionary of 2**exponent bytes."""
    packed = bytearray(lzma.compress(data, lzma.FORMAT_XZ, lzma.CHECK_CRC32, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}]))
    at = packed.index(b"\x21\x01", 12) + 2  # the filter's id, the size of its properties, the dictionary's size
    packed[at] = (exponent - 12) * 2
    end = 12 + (packed[12] + 1) * 4
    packed[end - 4 : end] = struct.pack("<I", zlib.crc32(bytes(packed[12 : end - 4])))
    return bytes(packed)


def quine() -> bytes:
    """Return a gzip that unpacks to nothing but one more gzip header, again and again, as far as anybody follows."""
    data = b"end"
    for _ in range(40):
        data = gzip.compress(data)
    return data


def nested(pack: Callable[[bytes], bytes], depth: int) -> bytes:
    data = tar(GOOD)
    for n in range(depth):
        data = pack(tar((f"{n}.tar", data)))
    return data


def fan(width: int, depth: int) -> bytes:
    """Return a zip of zips of zips, all alike (42.zip)."""
    data = zipped(("0.log", b"a line\n" * 1_000_000))
    for _ in range(depth):
        data = zipped(*((f"{n}.zip", data) for n in range(width)))
    return data


class Case(NamedTuple):
    """One archive: how to make it, whose failures are found in it, and words of the reason (None: nothing is lost)."""

    make: Callable[[], bytes]
    found: list[str]
    reason: str | None


A, B = tar(GOOD), tar(LATER)
TWO = tar(GOOD, LATER)
AT = TWO.index(LATER[0].encode())
"""Where the header of the second member begins."""
ZIP = zipped(GOOD, LATER)
OUT = "read no further"
DAMAGED = "damaged or cut short"
CORPUS = {
    # headers of a tar
    "a header with a wrong checksum": Case(lambda: spoilt(TWO, AT + 150), ONE, "damaged were passed over"),
    "a damaged header before a good one": Case(lambda: spoilt(tar(GOOD, BULK, LATER), AT + 10), BOTH, "damaged were passed over"),
    "a header of noise": Case(lambda: spoilt(TWO, AT, noise(512)), ONE, "damaged were passed over"),
    "a first header with a wrong checksum": Case(lambda: spoilt(TWO, 150), ["cam-2"], "damaged were passed over"),
    "a negative size": Case(lambda: body(GOOD) + header("x", field=b"\xff" + b"\xff" * 10 + b"\x00") + plain(*LATER) + END, ONE, "claims -"),
    "a size of 8 EiB": Case(lambda: body(GOOD) + header("x", field=b"\x80" + bytes(3) + b"\x7f" + b"\xff" * 7) + plain(*LATER), ONE, "claims 9223372036854775807"),
    "a size beyond the end": Case(lambda: body(GOOD) + header(BULK[0], size=1 << 30) + b"x\n", ONE, DAMAGED),
    "a size that is no number": Case(lambda: body(GOOD) + header("x", field=b"12zz") + plain(*LATER) + END, BOTH, "damaged were passed over"),
    "a size that hides the next header": Case(lambda: body(GOOD) + header(BULK[0], size=512) + plain(*LATER) + END, ONE, "damaged were passed over"),
    "a pax header of 4 GiB": Case(lambda: zstd(body(GOOD) + header("p", size=1 << 32, kind=tarfile.XHDTYPE) + bytes(300 * 1024 * 1024)), ONE, "claims 4294967296"),
    "a long name of 64 MiB": Case(lambda: zstd(body(GOOD) + header("p", size=1 << 26, kind=tarfile.GNUTYPE_LONGNAME) + b"x" * (1 << 26)), ONE, "claims 67108864"),
    "a pax size of 8 EiB": Case(lambda: body(GOOD) + pax(record("size", b"9223372036854775807"), then=plain(*LATER)) + END, ONE, "claims 9223372036854775807"),
    "a sparse file of 60 GiB": Case(lambda: body(GOOD) + sparse(60 << 30, b"a line\n" * 20_000) + plain(*LATER) + END, BOTH, "is sparse"),
    "a pax size below zero": Case(lambda: body(GOOD) + pax(record("size", b"-5120"), then=plain(*LATER)) + END, ONE, DAMAGED),
    "a pax size of words": Case(lambda: body(GOOD) + pax(record("size", b"many"), then=plain(*LATER)) + END, ONE, "damaged were passed over"),
    "a pax record with a wrong length": Case(lambda: body(GOOD) + pax(b"99999 path=x\n", then=plain(*LATER)) + END, BOTH, None),
    "pax headers without an end": Case(lambda: body(GOOD) + pax(record("comment", b"x")) * 3000, ONE, DAMAGED),
    "a pax name that leads out": Case(lambda: body(GOOD) + pax(record("path", b"../../../../etc/x.log"), then=plain(*LATER)) + END, BOTH, None),
    "a sparse file of 8 EiB": Case(lambda: body(GOOD) + sparse(1 << 60, b"a line\n" * 10) + plain(*LATER) + END, ONE, "claims 1152921504606846976"),
    "a sparse file": Case(lambda: body(GOOD) + sparse(4096, b"a line\n" * 10) + plain(*LATER) + END, BOTH, None),
    "an unknown type": Case(lambda: body(GOOD) + header("x", kind=b"Q") + plain(*LATER) + END, BOTH, None),
    "a name of no bytes": Case(lambda: body(GOOD) + header("", size=0) + plain(*LATER) + END, BOTH, None),
    "names that are no UTF-8": Case(lambda: body(GOOD) + spoilt(header("s/xxxx"), 2, b"") + plain(*LATER) + END, BOTH, None),
    "no end mark": Case(lambda: body(GOOD, LATER), BOTH, "without an end mark"),
    "half a header at the end": Case(lambda: body(GOOD, LATER) + header("x")[:300], BOTH, DAMAGED),
    "one tar behind another": Case(lambda: A + B, BOTH, None),
    "zeros behind the end": Case(lambda: A + bytes(1 << 20), ONE, None),
    "noise behind the end": Case(lambda: A + noise(100_000), ONE, None),
    "noise of many MiB behind damage": Case(lambda: zstd(spoilt(tar(GOOD, ("s/x", noise(tarball.PASSED * 512 + 4096)), LATER), AT + 10)), ONE, "no header within"),
    "the same name many times": Case(lambda: tar(*[GOOD] * 50, LATER), BOTH, None),
    "a file where a folder was": Case(lambda: tar(("a", b"x\n"), ("a/b", log("cam-1")), ("a", log("cam-2"))), BOTH, None),
    "links in a ring": Case(lambda: tar(link("a", "b"), link("b", "a"), link("c", "c"), link("d", "c", tarfile.LNKTYPE), GOOD), ONE, None),
    "a link, then a file through it": Case(lambda: tar(link("etc", "/etc"), ("etc/passwd", log("cam-1")), LATER), BOTH, None),
    "devices and pipes": Case(lambda: tar(*(link("x", "", k) for k in (tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)), GOOD), ONE, None),
    "nothing but zeros": Case(lambda: spoilt(bytes(10240), 257, b"ustar"), [], "damaged were passed over"),
    "a deep path": Case(lambda: tar(("d/" * 40_000 + "x.log", log("cam-1")), LATER), BOTH, None),
    # compressed streams
    "gzip: a wrong checksum": Case(lambda: spoilt(gzip.compress(TWO), -8), BOTH, DAMAGED),
    "gzip: a wrong length": Case(lambda: spoilt(gzip.compress(TWO), -2), BOTH, DAMAGED),
    "gzip: garbage behind it": Case(lambda: gzip.compress(TWO) + b"garbage" * 10, BOTH, DAMAGED),
    "gzip: zeros behind it": Case(lambda: gzip.compress(TWO) + bytes(512), BOTH, None),
    "gzip: many members": Case(lambda: b"".join(gzip.compress(TWO[n : n + 64], 0) for n in range(0, len(TWO), 64)), BOTH, None),
    "gzip: then xz": Case(lambda: gzip.compress(body(GOOD)) + lzma.compress(B), ONE, DAMAGED),
    "gzip: a header alone": Case(lambda: gzip.compress(TWO)[:10], [], "cannot read"),
    "gzip: reserved flags": Case(lambda: spoilt(gzip.compress(TWO), 3, b"\xe0"), BOTH, None),
    "gzip within gzip without an end": Case(quine, [], None),
    "xz: a wrong check": Case(lambda: spoilt(lzma.compress(tar(GOOD, LATER, BULK)), -26), BOTH, DAMAGED),
    "xz: a bit in the middle": Case(lambda: spoilt(lzma.compress(tar(GOOD, BULK, LATER)), 150_000), ONE, DAMAGED),
    "xz: two streams with padding": Case(lambda: lzma.compress(TWO[:AT]) + bytes(64) + lzma.compress(TWO[AT:]), BOTH, None),
    "xz: garbage behind it": Case(lambda: lzma.compress(TWO) + b"garbage", BOTH, DAMAGED),
    "xz: a dictionary of 1 GiB": Case(lambda: dictionary(30, TWO), [], "cannot read"),
    "xz: a dictionary of 64 MiB": Case(lambda: dictionary(26, TWO), BOTH, None),
    "xz: a header alone": Case(lambda: lzma.compress(TWO)[:12], [], "cannot read"),
    "bzip2: a wrong block": Case(lambda: spoilt(bz2.compress(tar(GOOD, BULK, LATER)), 100_000, b"\xff" * 9), [], "cannot read"),
    "bzip2: two streams": Case(lambda: bz2.compress(TWO[:AT]) + bz2.compress(TWO[AT:]), BOTH, None),
    "bzip2: a bomb": Case(lambda: bz2.compress(body(GOOD) + header("s/x", size=140 << 20) + bytes(140 << 20)), ONE, OUT),
    "zstd: a window of 2 GiB": Case(lambda: spoilt(zstd(TWO), 4, b"\x00\xa8"), [], "cannot read"),
    "zstd: a skippable frame first": Case(lambda: b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + zstd(TWO), [], None),
    "zstd: two frames": Case(lambda: zstd(TWO[:AT]) + zstd(TWO[AT:]), BOTH, None),
    "zstd: garbage behind it": Case(lambda: zstd(TWO) + b"garbage" * 4, BOTH, DAMAGED),
    "zstd: a bomb of text": Case(lambda: zstd(body(GOOD) + header("s/x", size=1 << 28) + b"a line\n" * (1 << 25)), ONE, OUT),
    "a bomb without an archive": Case(lambda: zstd(log("cam-1") + b"a line\n" * (archive.SLACK // 5)), ONE, OUT),
    # zips
    "zip: cut before its table": Case(lambda: ZIP[: ZIP.index(b"PK\x01\x02")], [], DAMAGED),
    "zip: cut within its table": Case(lambda: ZIP[: ZIP.index(b"PK\x05\x06") - 20], [], DAMAGED),
    "zip: cut within its end": Case(lambda: ZIP[:-10], [], DAMAGED),
    "zip: garbage before it": Case(lambda: b"PK\x03\x04" + noise(300) + ZIP, BOTH, None),
    "zip: garbage behind it": Case(lambda: ZIP + noise(100), BOTH, None),
    "zip: a comment that looks like an end": Case(lambda: ZIP[:-2] + struct.pack("<H", 22) + b"PK\x05\x06" + bytes(18), [], None),
    "zip: a table elsewhere": Case(lambda: spoilt(ZIP, -6, struct.pack("<I", 1 << 30)), [], "cannot be read"),
    "zip: a wrong checksum": Case(lambda: central(ZIP, 16, b"\0\0\0\0"), ["cam-2"], "Bad CRC"),
    "zip: a wrong size": Case(lambda: central(ZIP, 24, struct.pack("<I", 1 << 31)), BOTH, None),
    "zip: a size below what it is": Case(lambda: central(ZIP, 24, struct.pack("<I", 10)), ["cam-2"], "Bad CRC"),
    "zip: another name in the member": Case(lambda: spoilt(ZIP, 30, b"other"), ["cam-2"], "cannot be read"),
    "zip: no member where the table says": Case(lambda: central(ZIP, 42, struct.pack("<I", 7)), ["cam-2"], "cannot be read"),
    "zip: a method that nobody knows": Case(lambda: central(ZIP, 10, b"\x63\0"), ["cam-2"], "cannot be read"),
    "zip: one member encrypted": Case(lambda: central(ZIP, 8, b"\1\0"), ["cam-2"], "1 members are encrypted"),
    "zip: of several disks": Case(lambda: spoilt(ZIP, -18, b"\1\0"), BOTH, None),
    "zip: zip64 that lies": Case(lambda: central(ZIP, 20, b"\xff" * 8), BOTH, None),
    "zip: an entry of a newer version": Case(lambda: central(ZIP, 6, b"\xff\0"), [], DAMAGED),
    "zip: overlapping entries": Case(lambda: overlapping(8), ONE, OUT),
    "zip: more entries than are counted": Case(lambda: many_entries(archive.MEMBERS + 1), [], "members: not read"),
    "zip: members with sizes behind them": Case(lambda: described(*GOOD), ONE, None),
    "zip: the same name twice": Case(lambda: stored(("a.log", log("cam-1")), ("b.log", log("cam-2"))).replace(b"b.log", b"a.log"), BOTH, None),
    "zip: names that lead out": Case(lambda: stored(("../../x.log", log("cam-1")), ("C:\\x.log", log("cam-2")), ("\\\\host\\share\\y.txt", b"x\n")), BOTH, None),
    "zip: names of control characters": Case(lambda: stored(("\x1b[31m\x07.log", log("cam-1")), ("\u202egol.\u2066", log("cam-2"))), BOTH, None),
    "zip: a folder with content": Case(lambda: stored(("a/", log("cam-3")), GOOD), ONE, None),
    "zip: LZMA": Case(lambda: _with(zipfile.ZIP_LZMA), BOTH, None),
    "zip: bzip2": Case(lambda: _with(zipfile.ZIP_BZIP2), BOTH, None),
    "zip: zips of zips of zips": Case(lambda: fan(10, 2), [], OUT),
    # archives within archives
    "tars too deep": Case(lambda: nested(bytes, 6), [], "archives within archives"),
    "packed tars too deep": Case(lambda: nested(gzip.compress, 6), [], "archives within archives"),
    "tars within tars": Case(lambda: nested(lzma.compress, archive.DEPTH - 1), ONE, None),
    "a broken archive beside a good one": Case(lambda: tar(("a.tar.gz", gzip.compress(B)[:40]), ("b.zip", ZIP[:-30]), GOOD), ONE, "cannot read"),
    "only a mark of a tar": Case(lambda: noise(257) + b"ustar" + noise(4000), [], DAMAGED),
    "only a mark of a zip": Case(lambda: b"PK\x03\x04" + noise(4000), [], DAMAGED),
}  # fmt: skip


def _with(method: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as z:
        for name, data in (GOOD, LATER):
            z.writestr(name, data)
    return out.getvalue()


def test_the_corpus_is_large() -> None:
    assert len(CORPUS) >= 90


@pytest.mark.parametrize("case", CORPUS.values(), ids=CORPUS)
def test_it_is_read_as_far_as_it_goes_and_tells_why_no_further(case: Case, write, report) -> None:
    path = write(case.make(), "input")
    started = time.monotonic()
    tracemalloc.start()
    try:
        seen = report(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    took = time.monotonic() - started
    assert sorted({a.name for f in seen.findings for a in f.affected if a.kind == "Pod"}) == case.found
    reasons = [g.reason for g in seen.gaps if g.kind == "unreadable"]
    if case.reason is None:
        assert reasons == []
    else:
        assert any(case.reason in r for r in reasons), reasons
    assert took < SECONDS
    assert peak < PEAK


@pytest.mark.parametrize("form", ["terminal", "markdown", "json"])
def test_no_name_writes_over_a_terminal(form: str, write, msnet) -> None:
    names = ("\x1b[31m\x07.log", "\u202egol.\u2066", "a\nb\x9b.log")
    for path in (write(stored(*((n, log("cam-1")) for n in names)), "x.zip"), write(tar(*((n, log("cam-1")) for n in (*names, "\udcff.log"))), "x.tar")):
        run = msnet("diagnose", "--format", form, str(path))
        assert (run.returncode, run.stderr) == (11, b"")
        assert [c for c in run.stdout.decode() if not c.isprintable() and c != "\n"] == []
        assert "\ufffd" in run.stdout.decode()
