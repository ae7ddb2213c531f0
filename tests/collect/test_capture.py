"""What is put aside while a run goes on: it comes back, and where there is no room for it, the run goes on without."""

from __future__ import annotations

import os
import resource
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from diagnose.collect.capture import Capture
from diagnose.collect.spool import Spool
from diagnose.errors import MsnetError
from diagnose.model import Record, Where

DATA = os.urandom(3_000_000)


@pytest.fixture
def full() -> Iterator[None]:
    """No file may be larger than 100 kB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("data", [b"", b"a", DATA], ids=len)
def test_what_is_put_aside_comes_back_as_often_as_wanted(data: bytes) -> None:
    spool = Spool()
    for at in range(0, len(data), 100_000):
        spool.write(data[at : at + 100_000])
    for _ in range(2):
        with spool.read() as stream:
            assert stream.read() == data
    assert spool.size == len(data)


def test_it_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    spool = Spool()
    spool.write(DATA)
    assert os.listdir(tmp_path) == []


@pytest.mark.usefixtures("full")
class TestNoRoom:
    def test_it_is_an_error_with_its_cure(self) -> None:
        with pytest.raises(MsnetError, match=r"cannot put aside what was seen in .*: File too large") as caught:
            Spool().write(DATA)
        assert "TMPDIR=" in caught.value.hint

    def test_a_file_is_left_out_and_told(self) -> None:
        captured = Capture()
        captured.content("small", b"a")
        captured.content("large", DATA)
        assert [k.name for k in captured.kept] == ["small"]
        assert [(x.source, x.why.rpartition(": ")[2]) for x in captured.left_out] == [("large", "File too large")]

    def test_a_journal_is_read_on_and_left_out(self) -> None:
        captured = Capture(full=True)
        stream = captured.stream("journal", BytesIO(DATA), "text")
        assert b"".join(iter(lambda: stream.read(500_000), b"")) == DATA
        assert captured.kept == []
        assert [x.source for x in captured.left_out] == ["journal"]

    def test_without_its_records_there_is_no_bundle(self) -> None:
        captured = Capture()
        with pytest.raises(MsnetError, match="cannot put aside"):  # noqa: PT012
            for n in range(300):
                captured.take(Record(n, "crio", DATA[n * 9000 : n * 9000 + 9000].hex(), Where("a"), ""))


def test_there_is_an_end_to_what_is_kept_as_it_was_read() -> None:
    captured = Capture()
    part = bytes(32 * 1024 * 1024)
    for n in range(9):
        captured.content(str(n), part)
    assert [(x.source, x.why) for x in captured.left_out] == [("8", "more than 256 MiB of files")]
