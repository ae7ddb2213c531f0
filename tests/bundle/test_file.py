"""A bundle is there whole or not at all: killed, on a full disk, beside another one."""

from __future__ import annotations

import os
import random
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

from diagnose.bundle.file import whole
from diagnose.errors import MsnetError, UsageError

POINTS = 20
SIZE = 300_000
WRITER = """
import os, random, sys, time
from pathlib import Path
from diagnose.bundle.build import Bundle
from diagnose.bundle.file import whole
from diagnose.bundle.pack import Member
from diagnose.collect.spool import Spool
if sys.argv[2] == "named":
    del os.O_TMPFILE

class Mortal:  # dies at a byte
    def __init__(self, out, byte): self.out, self.left = out, byte
    def write(self, data):
        self.out.write(data[: self.left])
        self.left -= len(data)
        if self.left < 0:
            self.out.flush()
            os.kill(os.getpid(), 9)
        return len(data)
    def flush(self): self.out.flush()

def bundle():
    spool = Spool()
    spool.write(random.Random(1).randbytes(30_000))
    members = [Member(f"inputs/{n}", "", spool) for n in range(2)]
    return Bundle("msnet-edge-20261123T201000Z", 0, members, {"schema": "msnet.bundle/1"})

found = bundle()
for line in sys.stdin:  # the byte at which, or the seconds after which a writer of its own is killed
    byte, seconds = line.split()
    began = time.monotonic()
    child = os.fork()
    if not child:
        with whole(Path(sys.argv[3]), force=sys.argv[1] == "force") as out:
            found.write(Mortal(out, int(byte)), ".tar.zst")
        os._exit(0)
    if float(seconds) >= 0:
        time.sleep(float(seconds))
        os.kill(child, 9)  # which is a zombie at worst, until it is waited for
    print(os.waitpid(child, 0)[1], time.monotonic() - began, flush=True)
"""


@pytest.fixture(params=["nameless", "named"])
def how(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With the kernel's files without a name, and on a file system that has none."""
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE")
    return request.param


class TestKilled:
    @pytest.mark.parametrize("force", [False, True])
    def test_at_any_moment_it_leaves_all_or_nothing(self, how: str, force: bool, tmp_path: Path) -> None:
        """Twenty writers that die at a byte, and twenty that die at a moment, which may be that of the last steps."""
        path = tmp_path / "ticket.tar.zst"
        arguments = [sys.executable, "-c", WRITER, "force" if force else "new", how, str(path)]
        with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as writer:
            tell, hear = writer.stdin, writer.stdout
            assert tell is not None
            assert hear is not None

            def write(byte: int = 1 << 30, seconds: float = -1.0) -> tuple[int, float]:
                tell.write(f"{byte} {seconds}\n")
                tell.flush()
                status, took = hear.readline().split()
                return int(status), float(took)

            status, took = write()
            assert status == 0
            good = path.read_bytes()
            chance = random.Random(5)  # noqa: S311
            old = b"another bundle" if force else None
            for n in range(2 * POINTS):
                path.unlink(missing_ok=True)
                if old is not None:
                    path.write_bytes(old)
                if n < POINTS:
                    assert write(byte=chance.randrange(len(good)))[0] == signal.SIGKILL
                else:
                    write(seconds=took * chance.random())
                left = path.read_bytes() if path.exists() else None
                assert left == old or (n >= POINTS and left == good), f"half a bundle: {len(left or b'')} of {len(good)} bytes"
            tell.close()
        if how == "nameless" and not force:
            assert os.listdir(tmp_path) in ([], [path.name])


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 128 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(folder)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("no file system may be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def write(path: Path, size: int, *, force: bool = False) -> None:
    with whole(path, force=force) as out:
        for _ in range(0, size, 1000):
            out.write(b"x" * 1000)


@pytest.mark.usefixtures("how")
class TestFull:
    def test_a_disk_that_is_full_at_any_byte_leaves_nothing(self, small: Path) -> None:
        chance = random.Random(6)  # noqa: S311
        for _ in range(POINTS):
            filler = small / "filler"
            filler.write_bytes(b"y" * chance.randrange(4096, 120_000))
            with pytest.raises(MsnetError, match="No space left on device") as caught:
                write(small / "ticket.tar.zst", SIZE)
            assert "--max-size" in caught.value.hint
            assert os.listdir(small) == ["filler"]

    def test_a_limit_at_any_byte_leaves_nothing(self, tmp_path: Path) -> None:
        chance = random.Random(7)  # noqa: S311
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        for _ in range(POINTS):
            resource.setrlimit(resource.RLIMIT_FSIZE, (chance.randrange(1, SIZE), before[1]))
            try:
                with pytest.raises(MsnetError, match=r"ticket.tar.zst: File too large"):
                    write(tmp_path / "ticket.tar.zst", SIZE)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, before)
            assert os.listdir(tmp_path) == []

    def test_the_old_bundle_stays(self, small: Path) -> None:
        (small / "ticket.tar.zst").write_bytes(b"the old one")
        with pytest.raises(MsnetError, match="No space left"):
            write(small / "ticket.tar.zst", SIZE, force=True)
        assert (small / "ticket.tar.zst").read_bytes() == b"the old one"
        assert os.listdir(small) == ["ticket.tar.zst"]


@pytest.mark.usefixtures("how")
class TestName:
    def test_it_is_for_its_owner_only(self, tmp_path: Path) -> None:
        write(tmp_path / "a", 5000)
        assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
        assert (tmp_path / "a").stat().st_size == 5000
        assert os.listdir(tmp_path) == ["a"]

    def test_what_is_there_already_stays(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_text("old")
        with pytest.raises(UsageError, match="is there already"):
            write(tmp_path / "a", 10)
        assert (tmp_path / "a").read_text() == "old"

    def test_what_came_there_meanwhile_stays(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="is there already"), whole(tmp_path / "a") as out:  # noqa: PT012
            out.write(b"new")
            (tmp_path / "a").write_text("other")
        assert (tmp_path / "a").read_text() == "other"
        assert os.listdir(tmp_path) == ["a"]

    def test_force_replaces_it(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_text("old")
        write(tmp_path / "a", 5000, force=True)
        assert (tmp_path / "a").stat().st_size == 5000
        assert os.listdir(tmp_path) == ["a"]

    def test_force_needs_nothing_to_replace(self, tmp_path: Path) -> None:
        write(tmp_path / "a", 5000, force=True)
        assert os.listdir(tmp_path) == ["a"]

    def test_a_folder_is_not_replaced(self, tmp_path: Path) -> None:
        (tmp_path / "a").mkdir()
        with pytest.raises(MsnetError, match="cannot write"):
            write(tmp_path / "a", 10, force=True)
        assert os.listdir(tmp_path) == ["a"]

    def test_a_link_to_nowhere_is_there_already(self, tmp_path: Path) -> None:
        (tmp_path / "a").symlink_to(tmp_path / "nowhere")
        with pytest.raises(UsageError, match="is there already"):
            write(tmp_path / "a", 10)

    def test_a_folder_that_is_missing_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(MsnetError, match="cannot write .*/none/a: No such file or directory"):
            write(tmp_path / "none" / "a", 10)

    def test_what_goes_wrong_within_is_raised_and_leaves_nothing(self, tmp_path: Path) -> None:
        with pytest.raises(KeyError), whole(tmp_path / "a") as out:  # noqa: PT012
            out.write(b"new")
            raise KeyError
        assert os.listdir(tmp_path) == []
