"""Reading in several processes gives the report of one, whatever the inputs are, and where they are cut; a process that ends is told."""

from __future__ import annotations

import io
import json
import os
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import tzinfo
from pathlib import Path

import pytest
from conftest import NODE, NOW
from journals import FAILED

from diagnose import catalog as catalogs
from diagnose.collect import cutting, stream
from diagnose.collect import evidence as reading
from diagnose.collect.files import zstd_module
from diagnose.collect.signs import Unread
from diagnose.collect.stream import ExportFormat, Format, JsonFormat, LineFormat, Part, export_fields, scanned
from diagnose.diagnosis import Selection, investigate
from diagnose.literals import plan
from diagnose.model import InputSeen, Record
from diagnose.parse.when import Clock, moment
from diagnose.render import json_v1
from diagnose.scan import Scanner

CATALOG = catalogs.load()
SCAN = Scanner(plan(CATALOG))
SCAN.add(1024 * 1024)
OPENS = 'E1123 20:00:42.856229    5804 pod_workers.go:1301] "Error syncing pod" pod="cell/{pod}" err=<'


def entries() -> list[bytes]:
    raw = zstd_module().decompress((NODE / "journal.export.zst").read_bytes())
    return [b"__CURSOR=" + x.rstrip(b"\n") + b"\n\n" for x in raw.split(b"__CURSOR=")[1:]]


def printed(form: str) -> bytes:
    """Return the node's journal in one of journalctl's forms, healthy lines and blocks of klog between its entries."""
    lines: list[str] = []
    rng = random.Random(5)  # noqa: S311 - the same in every run
    for number, raw in enumerate(entries()):
        f = export_fields(raw)
        at = moment(int(f.get("_SOURCE_REALTIME_TIMESTAMP") or f["__REALTIME_TIMESTAMP"]))
        messages = [(f.get("SYSLOG_IDENTIFIER", "kernel"), f.get("_PID", ""), f["MESSAGE"])]
        messages += [("app", "77", f"a healthy line {x}") for x in range(rng.choice((0, 0, 0, 0, 0, 0, 60)))]
        if number % 23 == 0:
            chain = FAILED.format(pod=f"web-{number % 5}")
            messages += [
                ("microshift", "700", x) for x in (OPENS.format(pod=f"web-{number % 5}"), "\trpc error: code = Unknown desc = failed", f"\t{chain}", " >")
            ]
            messages.insert(-2, ("crio", "701", chain))
        for ident, pid, message in messages:
            if form == "json":
                fields = {**f, "__REALTIME_TIMESTAMP": f["__REALTIME_TIMESTAMP"], "SYSLOG_IDENTIFIER": ident, "_PID": pid, "MESSAGE": message}
                lines.append(json.dumps(fields) + "\n")
            elif form == "export":
                fields = {**f, "SYSLOG_IDENTIFIER": ident, "_PID": pid, "MESSAGE": message}
                lines.append("".join(f"{k}={v}\n" for k, v in fields.items()) + "\n")
            else:
                stamp = f"{at:%b %d %H:%M:%S}" if form == "short" else f"{at:%Y-%m-%dT%H:%M:%S}+0000"
                lines.append(f"{stamp} edge01 {ident}[{pid}]: {message}\n")
    return "".join(lines).encode()


FORMS: dict[str, Format] = {"short": LineFormat(), "short-iso": LineFormat(), "export": ExportFormat(), "json": JsonFormat()}


@pytest.fixture(scope="module")
def logs() -> dict[str, bytes]:
    return {form: printed(form) for form in FORMS}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Take small files for large ones, cut into parts of about `size` bytes."""

    def make(size: int) -> None:
        monkeypatch.setattr(reading, "APART", 1)
        monkeypatch.setattr(reading, "DOCUMENT", 1024)
        monkeypatch.setattr(stream, "BLOCK", 64 * 1024)
        for name in ("LARGE", "SMALLEST", "LARGEST"):
            monkeypatch.setattr(cutting, name, size)

    return make


def told(*paths: Path, jobs: int, tz: tzinfo | None = None) -> str:
    report, _ = investigate([str(p) for p in paths], CATALOG, now=NOW, reference=None, tz=tz, select=Selection(), jobs=jobs)
    return json_v1.render(report, CATALOG, "en")


def same(*paths: Path, jobs: tuple[int, ...] = (2, 3, 7), tz: tzinfo | None = None) -> str:
    one = told(*paths, jobs=1, tz=tz)
    for count in jobs:
        assert told(*paths, jobs=count, tz=tz) == one
    return one


def children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(x) for x in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


@pytest.fixture(autouse=True)
def _no_process_is_left() -> Iterator[None]:
    before = children(os.getpid())
    yield
    assert children(os.getpid()) == before


def found(data: bytes, fmt: Format, *parts: Part) -> tuple[list[object], InputSeen]:
    """Return what is found in a log that is read in these parts, lines counted from its beginning, and what is told of it."""
    items, whole = list[object](), InputSeen("log", fmt.kind)
    above = 0
    for part in parts:
        seen = InputSeen("log", fmt.kind)
        raw = io.BytesIO(data)
        raw.seek(part.context)
        for item in scanned(raw, fmt, SCAN, Clock(NOW), seen, part, apart=True):
            if isinstance(item, Unread):
                items.append(item.raw)
            elif isinstance(item, Record) and item.where.line:
                items.append(item._replace(where=item.where._replace(line=item.where.line + above)))
            else:
                items.append(item)
        whole.join(seen)
        above += part.newlines
    return items, whole


@pytest.mark.parametrize("form", FORMS)
def test_a_log_tells_the_same_wherever_it_is_cut(form: str, logs: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "BLOCK", 16 * 1024)
    fmt = FORMS[form]
    data = logs[form][: len(logs[form]) // 10]
    data = data[: fmt.start(data, len(data) - 1)]
    one = found(data, fmt, Part())
    assert one[0][-1] is None
    borders: set[tuple[int, int]] = set()
    for at in range(0, len(data), 1 if form == "short" else 499):
        if at < max(borders, default=(0, 0))[0]:
            continue  # it is the same one
        border = cutting._border(data[at : at + 64 * 1024], fmt, SCAN)
        if border is not None:
            borders.add((at + border[0], at + border[1]))
    assert len(borders) > 5
    for context, start in borders:
        assert found(data, fmt, Part(0, 0, start), Part(context, start)) == one
    cuts = sorted(start for _, start in borders)
    contexts = {start: context for context, start in borders}
    parts = [Part(contexts.get(a, 0), a, b) for a, b in zip([0, *cuts], [*cuts, None], strict=True)]
    assert found(data, fmt, *parts) == one


@pytest.mark.parametrize("form", FORMS)
def test_the_report_is_that_of_one_process(form: str, logs: dict[str, bytes], small: Callable[[int], None], write: Callable[..., Path]) -> None:
    path = write(logs[form], f"journal.{form}")
    small(len(logs[form]) // 5)
    assert len(cutting.parts(str(path), len(logs[form]), FORMS[form], SCAN, 2)) > 3
    assert json.loads(same(path))["findings"]
