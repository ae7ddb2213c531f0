"""Archives: the same as the folder that was packed, and hostile or damaged ones as far as they go, with the reason."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import stat
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from diagnose.collect import archive, layout
from diagnose.collect.files import zstd_module

KUBELET = 'Nov 23 20:00:07 edge microshift[1166]: Multus: [plant/{pod}/1]: error adding container to network "cam": failed to find plugin "vlan" in path [/run/cni/bin]\n'


def log(pod: str) -> bytes:
    return KUBELET.replace("{pod}", pod).encode()


JOURNAL = "sosreport-edge/sos_commands/microshift/journalctl_--no-pager_--unit_microshift"


def tar(*members: tuple[str, bytes] | tarfile.TarInfo, fmt: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=fmt) as t:
        for m in members:
            if isinstance(m, tarfile.TarInfo):
                t.addfile(m)
                continue
            info = tarfile.TarInfo(m[0])
            info.size, info.mtime = len(m[1]), 1_795_464_000
            t.addfile(info, io.BytesIO(m[1]))
    return out.getvalue()


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def zipped(*members: tuple[str, bytes], mode: int = 0) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            z.writestr(info, data)
    return out.getvalue()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "tar": bytes, "tar.gz": gzip.compress, "tar.xz": lzma.compress, "tar.bz2": bz2.compress, "tar.zst": lambda b: zstd_module().compress(b),
}  # fmt: skip


def found(report) -> list[tuple[str, str]]:
    return sorted((f.rule, a.name) for f in report.findings for a in f.affected if a.kind == "Pod")


ONE = [("cni-plugin-missing", "cam-1")]


@pytest.mark.parametrize("kind", PACKERS)
def test_a_sos_report_in_any_compression(kind: str, write, report) -> None:
    path = write(PACKERS[kind](tar((JOURNAL, log("cam-1")))), f"sosreport-edge.{kind}")
    seen = report(path)
    assert found(seen) == ONE
    assert seen.findings[0].evidence[0].source == f"{path}!{JOURNAL}"
    assert seen.findings[0].evidence[0].line == 1


@pytest.mark.parametrize("fmt", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_tar_format(fmt: int, write, report) -> None:
    long = "a" * 90 + "/" + JOURNAL
    assert found(report(write(tar((long, log("cam-1")), fmt=fmt), "x"))) == ONE


def test_zip_from_a_file_and_from_a_stream(write, report) -> None:
    path = write(zipped((JOURNAL, log("cam-1"))), "must-gather.zip")
    assert found(report(path)) == ONE
    assert found(report(write(gzip.compress(path.read_bytes()), "must-gather.zip.gz"))) == ONE


def test_an_archive_within_an_archive_and_a_compressed_member(write, report) -> None:
    inner = lzma.compress(tar((JOURNAL + ".gz", gzip.compress(log("cam-1")))))
    outer = zipped(("ticket/sos.tar.xz", inner), ("ticket/note.txt", b"see attached\n"))
    assert found(report(write(outer, "ticket.zip"))) == ONE


def test_what_a_folder_tells_its_archive_tells_too(write, report, tmp_path: Path) -> None:
    folder = tmp_path / "sosreport-edge"
    for name, data in (
        (JOURNAL, log("cam-1")),
        ("sosreport-edge/sos_commands/crio/journalctl_--no-pager_--unit_crio", b"Nov 23 20:00:07 edge crio[1]: all is well\n"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    packed = write(tar(*((str(p.relative_to(tmp_path)), p.read_bytes()) for p in sorted(folder.rglob("*")) if p.is_file())), "x.tar")
    assert found(report(folder)) == found(report(packed)) == ONE


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (JOURNAL, True),
        ("must-gather.local.1/quay-io/namespaces/plant/pods/cam/cam/cam/logs/current.log", True),
        ("s/sos_commands/microshift/namespaces/kube-system/core/secrets.yaml", False),
        ("s/sos_commands/microshift/namespaces/kube-system/core/events.yaml", True),
        (
            "s/sos_commands/microshift/cluster-scoped-resources/apiextensions.k8s.io/customresourcedefinitions/network-attachment-definitions.k8s.cni.cncf.io.yaml",
            True,
        ),
        ("s/sos_commands/microshift/cluster-scoped-resources/apiextensions.k8s.io/customresourcedefinitions/routes.route.openshift.io.yaml", False),
        ("s/sos_commands/pci/lspci_-nnvv", False),
        ("s/sos_logs/sos.log", False),
        ("s/etc/cni/net.d/00-multus.conf", True),
        ("s/var/lib/cni/networks/cam/10.1.1.7", True),
        ("s/proc/1/maps", False),
        ("whatever came.txt", True),
    ],
)
def test_what_is_worth_reading(name: str, wanted: bool) -> None:
    assert layout.matters(name) is wanted


def test_secrets_are_not_read(write, report) -> None:
    seen = report(write(tar(("s/namespaces/plant/core/secrets.yaml", log("cam-2")), (JOURNAL, log("cam-1"))), "x.tar"))
    assert found(seen) == ONE
    assert not any("secrets" in i.source.partition("!")[2] for i in seen.inputs)


# --- hostile ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../../../../etc/passwd", "a/../../../b", "..\\..\\x", "C:\\x", "./././x", "\x1b[31mred", "a\nb", "x" * 3000, "\u202egpj.exe"]
)
def test_names_that_lead_out_are_only_names(name: str, write, report, tmp_path: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
    path = write(tar((name, log("cam-1"))), "x.tar")
    seen = report(path)
    assert found(seen) == ONE
    assert not any("!.." in i.source or "!/" in i.source for i in seen.inputs)
    assert set(tmp_path.rglob("*")) == {*before, path}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE, b"Z"])
def test_links_and_devices_are_passed_over(kind: bytes, write, report) -> None:
    seen = report(write(tar(link("a", "/etc/shadow", kind), link("b", "../../x", kind), (JOURNAL, log("cam-1"))), "x.tar"))
    assert found(seen) == ONE
    assert [i.source.rpartition("!")[2] for i in seen.inputs if "!" in i.source and i.kind != "empty"] == [JOURNAL]


def test_a_zip_with_a_symbolic_link_passes_it_over(write, report) -> None:
    seen = report(write(zipped(("link", b"/etc/passwd"), mode=stat.S_IFLNK | 0o777), "x.zip"))
    assert [i.kind for i in seen.inputs] == ["archive"]


def test_a_bomb_is_read_no_further_and_what_came_before_stands(write, report) -> None:
    zeros = ("b", bytes(archive.SLACK * 2))
    bomb = zstd_module().compress(tar((JOURNAL, log("cam-1")), zeros, (JOURNAL + "2", log("cam-2"))), 1)
    seen = report(write(bomb, "bomb.tar.zst"))
    assert found(seen) == ONE
    assert any("read no further" in g.reason for g in seen.gaps)


def test_a_member_that_is_a_bomb_itself_is_counted_too(write, report) -> None:
    bomb = zstd_module().compress(b"a line\n" * (archive.SLACK // 3), 1)
    seen = report(write(tar((JOURNAL, log("cam-1")), ("x.zst", zstd_module().compress(bomb))), "x.tar"))
    assert found(seen) == ONE
    assert any("read no further" in g.reason for g in seen.gaps)


def test_too_many_members_are_read_no_further(write, report) -> None:
    first = tar((JOURNAL, log("cam-1")))[:1024]
    seen = report(write(zstd_module().compress(first + tarfile.TarInfo("d").tobuf() * archive.MEMBERS, 1), "x.tar.zst"))
    assert found(seen) == ONE
    assert any(f"more than {archive.MEMBERS} members" in g.reason for g in seen.gaps)


def test_one_broken_member_hides_no_other(write, report) -> None:
    seen = report(write(tar(("x.gz", b"\x1f\x8bgarbage"), (JOURNAL, log("cam-1"))), "x.tar"))
    assert found(seen) == ONE
    assert [g.source.rpartition("!")[2] for g in seen.gaps if g.kind == "unreadable"] == ["x.gz"]


def test_archives_within_archives_end_somewhere(write, report) -> None:
    data = tar((JOURNAL, log("cam-1")))
    for n in range(6):
        data = gzip.compress(tar((f"{n}.tar.gz", data)))
    seen = report(write(data, "x.tar.gz"))
    assert any("archives within archives" in g.reason for g in seen.gaps)
    assert seen.findings == []


@pytest.mark.parametrize("kind", PACKERS)
@pytest.mark.parametrize("part", [0.3, 0.7, 0.95])
def test_a_stream_cut_short_tells_so_and_keeps_what_was_read(kind: str, part: float, write, report) -> None:
    body = log("cam-1") + os.urandom(300_000).hex().encode() + b"\n"
    whole = PACKERS[kind](tar((JOURNAL, log("cam-1")), ("s/sos_commands/logs/journalctl_--no-pager", body)))
    seen = report(write(whole[: int(len(whole) * part)], f"x.{kind}"))
    assert any(g.kind == "unreadable" for g in seen.gaps)
    if kind != "tar.bz2":
        assert found(seen) == ONE


@pytest.mark.parametrize("seed", range(24))
def test_bytes_turned_anywhere_never_end_in_a_traceback(seed: int, write, report) -> None:
    rng = random.Random(seed)  # noqa: S311
    kind = rng.choice([*PACKERS, "zip"])
    raw = zipped((JOURNAL, log("cam-1") * 50), ("b", log("cam-2"))) if kind == "zip" else PACKERS[kind](tar((JOURNAL, log("cam-1") * 50), ("b", log("cam-2"))))
    data = bytearray(raw)
    for _ in range(rng.randint(1, 12)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    report(write(bytes(data), f"x.{kind}"))


def test_an_encrypted_zip_says_so(write, report, tmp_path: Path) -> None:
    data = bytearray(zipped((JOURNAL, log("cam-1"))))
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(magic) + at] |= 1
    seen = report(write(bytes(data), "x.zip"))
    assert [g.hint for g in seen.gaps] == ["unpack it with its password and name the folder"]


def test_an_empty_archive_is_no_evidence(msnet, write) -> None:
    for name, data in (("x.tar", tar()), ("x.zip", zipped())):
        run = msnet("diagnose", str(write(data, name)))
        assert (run.returncode, b"Traceback" in run.stderr) == (3, False)


def test_the_archive_is_not_unpacked(tmp_path: Path, write) -> None:
    path = write(lzma.compress(tar((JOURNAL, log("cam-1")), ("../escape", b"x"))), "x.tar.xz")
    trace = tmp_path / "trace"
    import shutil
    import sys

    if shutil.which("strace") is None:
        pytest.skip("strace is not here")
    subprocess.run(
        ["strace", "-f", "-e", "trace=openat,creat,mkdir,rename,unlink", "-o", str(trace), sys.executable, "-B", "-m", "diagnose", "diagnose", "-q", str(path)],
        capture_output=True,
        check=False,
    )
    written = [
        x
        for x in trace.read_text().splitlines()
        if ("O_WRONLY" in x or "O_RDWR" in x or "O_CREAT" in x or "mkdir" in x) and "/dev/" not in x and "= -1" not in x
    ]
    assert written == []
