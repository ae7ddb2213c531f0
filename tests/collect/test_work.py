"""What reading costs, counted as work and not in seconds: bytes looked at, records taken apart."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from bench.make_journal import Options as Made
from bench.make_journal import entries, write_export, write_json, write_short
from diagnose import catalog
from diagnose.collect.evidence import Evidence, Options
from diagnose.collect.signs import Signs
from diagnose.collect.stream import Entry, ExportFormat, LineFormat, records
from diagnose.engine import Engine
from diagnose.model import InputSeen, Record
from diagnose.parse.when import Clock
from diagnose.scan import SMALL, Plan, Scanner

PLAN = catalog.load().plan


class _Counted(Scanner):
    """A scanner that counts the bytes that it is given."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.bytes = 0

    def find(self, buffer: bytes | memoryview) -> list[tuple[int, int]]:
        self.bytes += len(buffer)
        return super().find(buffer)


def _log(write: Callable[..., bytes], rate: float, count: int = 5000) -> bytes:
    return b"".join(write(e) for e in islice(entries(Made(seed=9, failure_rate=rate)), count))


def _read(path: Path) -> tuple[int, list[Record]]:
    """Return how many bytes were looked at, and what is told."""
    scan = _Counted(PLAN)
    found = Evidence(scan, Options(), signs=Signs(Engine(catalog.load()))).read([str(path)])
    told = [x for x in found if isinstance(x, Record)]
    return scan.bytes, told


@pytest.mark.parametrize("rate", [0.0, 0.05])
@pytest.mark.parametrize("write", [write_short, write_export])
def test_every_byte_is_looked_at_once(write: Callable[..., bytes], rate: float, tmp_path: Path) -> None:
    data = _log(write, rate)
    (tmp_path / "log").write_bytes(data)
    (tmp_path / "log.gz").write_bytes(gzip.compress(data, 1))
    assert _read(tmp_path / "log")[0] == len(data)
    assert _read(tmp_path / "log.gz")[0] == len(data)


def test_of_json_only_messages_written_as_numbers_are_looked_at_again(tmp_path: Path) -> None:
    data = _log(write_json, 0.0)
    (tmp_path / "log").write_bytes(data)
    assert len(data) <= _read(tmp_path / "log")[0] < len(data) * 1.005


def test_a_journal_file_is_looked_at_once_and_what_is_compressed_in_it(build_journal: Callable[[bytes, Path], Path], tmp_path: Path) -> None:
    data = _log(write_export, 0.01)
    path = build_journal(data, tmp_path / "x.journal")
    assert _read(path)[0] < path.stat().st_size * 1.1


@pytest.mark.parametrize(("write", "form"), [(write_short, LineFormat), (write_export, ExportFormat)])
def test_a_record_is_taken_apart_for_its_hit_only(write: Callable[..., bytes], form: type[LineFormat | ExportFormat]) -> None:
    class Counted(form):  # type: ignore[misc, valid-type]
        parsed = 0

        def parse(self, raw: bytes) -> Entry | None:
            type(self).parsed += 1
            return super().parse(raw)

    def parsed(data: bytes) -> tuple[int, int]:
        Counted.parsed = 0
        told = sum(1 for _ in records(io.BytesIO(data), Counted(), Scanner(PLAN), Clock(), InputSeen("x", "text")))
        return Counted.parsed, told

    scan = Scanner(PLAN)
    scan.add(SMALL + 1)
    nothing = b"".join(x for x in (write(e) for e in islice(entries(Made(seed=9, failure_rate=0)), 5000)) if not scan.find(x))
    samples, told = parsed(nothing)
    assert (told, samples < 250) == (0, True)
    assert parsed(nothing * 4)[0] < samples * 2  # the farther, the fewer
    storm = _log(write, 0.2)
    work, told = parsed(storm)
    assert told > 800
    assert work - 250 < told * 1.6  # a message in several records needs its neighbours
