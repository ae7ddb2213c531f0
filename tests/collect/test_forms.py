"""One journal of a real node, in every form that journalctl prints: the findings are the same."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from collect.conftest import NODE
from diagnose.collect.files import zstd_module
from diagnose.model import Report
from diagnose.parse.when import iso

SHORT = ["short", "short-iso", "short-iso-precise", "short-precise", "short-full", "short-unix", "short-monotonic", "with-unit"]
OUTPUTS = [*SHORT, "verbose", "cat", "export", "json", "json-pretty", "json-seq", "json-sse"]
NO_WALL_TIME = {"short-monotonic"}

_RESOLVER = "openshift-dns/node-resolver-kwvqc"
_CA = "openshift-service-ca/service-ca-57dcb5d46b-vs9c4"
# rule, affected, count, state, first, last; read off the journal by hand.
EXPECTED = [
    ("ipam-pool-exhausted", ["plant/valve-b"], 1, "active", "2026-11-23T20:01:11Z", "2026-11-23T20:01:11Z"),
    ("nad-not-found", ["plant/historian-0", "plant/historian-net"], 3, "active", "2026-11-23T20:00:45Z", "2026-11-23T20:01:10Z"),
    ("nad-not-found", ["plant/mixer-1", "plant/mixer-net"], 1, "resolved", "2026-11-23T20:00:42Z", "2026-11-23T20:00:42Z"),
    ("nad-not-found", ["plant/press-hmi", "plant/conveyer-net"], 3, "active", "2026-11-23T20:00:44Z", "2026-11-23T20:01:10Z"),
    ("not-network", [_RESOLVER, _CA], 5, "active", "2026-11-23T20:00:50Z", "2026-11-23T20:01:11Z"),
]
TIMELESS = [x[:3] for x in EXPECTED]

Row = tuple[str, list[str], int, str, str | None, str | None]


def _told(report: Report) -> list[Row]:
    return sorted(
        (f.rule, [f"{a.namespace}/{a.name}" for a in f.affected], f.count, f.state, f.first and iso(f.first), f.last and iso(f.last))
        for f in report.findings
    )  # fmt: skip


def _whole(report: Report) -> None:
    (seen,) = report.inputs
    assert (seen.lines, seen.whole, [g for g in report.gaps if g.kind == "unreadable"]) == (777, True, [])


def test_the_fixture_tells_what_its_case_file_says(report: Callable[..., Report]) -> None:
    case = yaml.safe_load((NODE / "case.yaml").read_text())
    found = report(NODE / case["journal"]).findings
    told = [{"rule": f.rule, "pods": [f"{a.namespace}/{a.name}" for a in f.affected if a.kind == "Pod"], "state": f.state} for f in found]
    assert sorted(told, key=str) == sorted(case["expected"], key=str)


def test_the_export_of_the_fixture(report: Callable[..., Report]) -> None:
    found = report(NODE / "journal.export.zst")
    assert _told(found) == EXPECTED
    _whole(found)
    assert [iso(x) for x in found.window if x] == ["2026-11-23T20:00:42Z", "2026-11-23T20:01:12Z"]


@pytest.mark.parametrize("options", [(), ("--reverse",)], ids=["forwards", "reverse"])
@pytest.mark.parametrize("output", OUTPUTS)
def test_every_output_of_journalctl(output: str, options: tuple[str, ...], printed: Callable[..., Path], report: Callable[..., Report]) -> None:
    found = report(printed(output, *options))
    told = _told(found)
    assert [x[:3] for x in told] == TIMELESS
    assert output in NO_WALL_TIME or told == EXPECTED
    _whole(found)


@pytest.mark.parametrize("output", SHORT)
def test_every_short_output_without_host(output: str, printed: Callable[..., Path], report: Callable[..., Report]) -> None:
    found = report(printed(output, "--no-hostname"))
    told = _told(found)
    assert [x[:3] for x in told] == TIMELESS
    assert output in NO_WALL_TIME or told == EXPECTED
    _whole(found)


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "xz": lambda x: lzma.compress(x, preset=0),
    "zst": zstd_module().compress,
    "bz2": bz2.compress,
}


@pytest.mark.parametrize(
    ("output", "kinds"),
    [
        ("short", "gz"), ("verbose", "gz"), ("export", "xz"), ("json", "bz2"), ("json-pretty", "zst"), ("json-sse", "xz"), ("short-iso", "bz2"),
        ("cat", "zst"), ("short-precise", "gz.xz"), ("json-seq", "zst.gz"),
    ],
)  # fmt: skip
def test_compressed(output: str, kinds: str, printed: Callable[..., Path], tmp_path: Path, report: Callable[..., Report]) -> None:
    data = printed(output).read_bytes()
    for kind in kinds.split("."):
        data = PACK[kind](data)
    path = tmp_path / "journal"  # the name tells nothing
    path.write_bytes(data)
    found = report(path)
    assert _told(found) == EXPECTED
    _whole(found)


@pytest.mark.parametrize("kind", PACK)
def test_a_file_of_several_compressed_parts(kind: str, export: bytes, entries: list[bytes], tmp_path: Path, report: Callable[..., Report]) -> None:
    path = tmp_path / "journal"
    middle = len(b"".join(entries[:400]))
    path.write_bytes(PACK[kind](export[:middle]) + PACK[kind](export[middle:]))
    found = report(path)
    assert _told(found) == EXPECTED
    _whole(found)


def test_standard_input(printed: Callable[..., Path]) -> None:
    data = gzip.compress(printed("short").read_bytes())
    done = subprocess.run([sys.executable, "-m", "diagnose", "diagnose", "-", "--format", "json"], input=data, capture_output=True, timeout=60, check=False)
    assert done.returncode == 11, done.stderr.decode()
    assert _of_json(done.stdout) == EXPECTED


def _of_json(text: bytes) -> list[Row]:
    return sorted(
        (f["rule"], [f"{a['namespace']}/{a['name']}" for a in f["affected"]], f["count"], f["state"], f["first"], f["last"])
        for f in json.loads(text)["findings"]
    )  # fmt: skip


def test_native_journal_needs_no_other_program(native: Path) -> None:
    code = "import sys; sys.modules['systemd'] = sys.modules['zstandard'] = None; sys.argv = ['msnet', *sys.argv[1:]]; from diagnose.entry import main; main()"
    command = [sys.executable, "-c", code, "diagnose", "--format", "json", str(native)]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False, env={**os.environ, "PATH": "/nonexistent"})
    assert done.returncode == 11, done.stderr.decode()
    assert _of_json(done.stdout) == EXPECTED
    assert [g for g in json.loads(done.stdout)["gaps"] if g["kind"] == "unreadable"] == []


@pytest.mark.parametrize("name", ["journal.zst", "no-suffix", "node.journal~"])
def test_native_journal_of_any_name(name: str, native: Path, tmp_path: Path, report: Callable[..., Report]) -> None:
    path = tmp_path / name
    data = native.read_bytes()
    path.write_bytes(zstd_module().compress(data) if name.endswith(".zst") else data)
    found = report(path)
    assert _told(found) == EXPECTED
    _whole(found)
