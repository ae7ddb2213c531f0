"""A node looked at while it runs and the same node's saved evidence: one verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from collect.apiserver import Server, kubeconfig, serving, tls
from diagnose import catalog
from diagnose.collect.device import Device
from diagnose.diagnosis import Selection, investigate
from diagnose.model import Report

NODE = Path(__file__).parents[2] / "fixtures" / "node"
NOW = datetime(2026, 11, 23, 20, 10, tzinfo=UTC)
AUTHORITY = trustme.CA()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(tls(AUTHORITY, "localhost")) as found:
        found.load(*sorted((NODE / "objects").glob("*.yaml")))
        yield found


def told(report: Report) -> list[tuple[Any, ...]]:
    return sorted(
        (f.rule, f.subject, f.state, f.severity, f.count, f.first or 0, f.last or 0, tuple(a.name for a in f.affected), tuple(s.rule for s in f.explains))
        for f in report.findings
    )


@pytest.fixture
def live(server: Server, native: Path, tmp_path: Path) -> Callable[..., Report]:
    def run(**options: Any) -> Report:
        config = kubeconfig(tmp_path / "kubeconfig", server.url, AUTHORITY)
        device = Device(**{"root": NODE / "host", "journal_dir": native.parent, "kubeconfig": config, **options})
        return investigate(device, catalog.load(), now=NOW, reference=NOW, tz=UTC, select=Selection())[0]

    return run


def test_the_running_node_and_its_saved_evidence_give_one_verdict(live: Callable[..., Report], report) -> None:
    seen, saved = live(), report(NODE / "journal.export.zst", NODE / "objects", NODE / "host")
    assert told(seen) == told(saved)
    assert len(told(seen)) > 4
    assert [(a.namespace, a.name, a.rows, a.rule) for a in seen.attachments] == [(a.namespace, a.name, a.rows, a.rule) for a in saved.attachments]
    assert [(c.nad, c.kind, c.state) for c in seen.checks] == [(c.nad, c.kind, c.state) for c in saved.checks]
    assert [(p.network, p.size, p.free) for p in seen.pools] == [(p.network, p.size, p.free) for p in saved.pools]
    assert [c.state for c in seen.collected] == ["ok"] * 4


def test_a_dead_api_server_takes_nothing_from_what_the_journal_tells(live: Callable[..., Report], server: Server) -> None:
    whole = live()

    server.shutdown()
    server.server_close()
    dead = live()
    assert {f.rule for f in dead.findings} == {f.rule for f in whole.findings if f.sources != ("object",)}
    assert [c.state for c in dead.collected] == ["ok", "failed", "ok", "ok"]
    assert [g.kind for g in dead.gaps if g.source.startswith("api")] == ["api-refused"]
