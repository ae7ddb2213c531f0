"""Metrics: what Prometheus' own parser reads in them, and a file that is never half written."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from conftest import NODE, NOW, ROOT
from prometheus_client.parser import text_string_to_metric_families

from diagnose.errors import MsnetError
from diagnose.model import Affected, Collected, Finding, Gap, InputSeen, Report
from diagnose.render.metrics import render, write

ALWAYS = {"build_info", "last_run_timestamp_seconds", "last_run_success", "findings", "gaps", "unexplained", "not_checked"}


def samples(text: str) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """Return what the parser of prometheus_client reads: name, then labels and value."""
    return {
        family.name.removeprefix("msnet_"): {tuple(sorted(s.labels.items())): s.value for s in family.samples}
        for family in text_string_to_metric_families(text)
    }


def finding(*affected: Affected, rule: str = "nad-not-found", state: str = "active", severity: str = "error", count: int = 3) -> Finding:
    return Finding(rule, severity, "high", state, list(affected), {}, count, None, None, [])


def made(*findings: Finding) -> Report:
    return Report("0.1.0", "abc", 1_795_464_600_500_000, list(findings), [InputSeen("journal.txt", "text", 9, 90)], [], [])


def pod(namespace: str, name: str = "till-3") -> Affected:
    return Affected("Pod", namespace, name)


def test_a_healthy_node_has_every_series_that_an_alert_asks_for() -> None:
    read = samples(render(made()))
    assert {name for name, values in read.items() if values} == ALWAYS
    assert read["last_run_timestamp_seconds"] == {(): 1_795_464_600.5}
    assert read["last_run_success"] == {(): 1}
    assert read["build_info"] == {(("version", "0.1.0"),): 1}
    assert len(read["findings"]) == 12
    assert set(read["findings"].values()) == {0}
    assert read["gaps"] == {(("hides", "false"),): 0, (("hides", "true"),): 0}


def test_a_finding_counts_in_each_namespace_that_it_hits_and_once_by_severity() -> None:
    nad = Affected("NetworkAttachmentDefinition", "bank", "pay")
    read = samples(
        render(made(finding(pod("shop"), pod("shop", "till-4"), nad), finding(pod("shop")), finding(Affected("Node", None, "edge"), rule="crio-not-running")))
    )
    assert read["finding"] == {
        (("namespace", "bank"), ("rule", "nad-not-found"), ("state", "active")): 1,
        (("namespace", "shop"), ("rule", "nad-not-found"), ("state", "active")): 2,
        (("namespace", ""), ("rule", "crio-not-running"), ("state", "active")): 1,
    }
    assert read["finding_failures"][("namespace", "shop"), ("rule", "nad-not-found"), ("state", "active")] == 6
    assert read["findings"][("severity", "error"), ("state", "active")] == 3


def test_states_are_kept_apart() -> None:
    read = samples(render(made(finding(pod("shop")), finding(pod("shop"), state="resolved", severity="warning"))))
    assert {dict(labels)["state"] for labels in read["finding"]} == {"active", "resolved"}
    assert read["findings"][("severity", "warning"), ("state", "resolved")] == 1


@pytest.mark.parametrize(("state", "up"), [("ok", 1), ("partial", 1), ("failed", 0), ("late", 0)])
def test_a_collector_that_failed_or_was_late_is_down(state: str, up: int) -> None:
    report = made()
    report.collected = [Collected("journal", "ok", 5, 0.1), Collected("api", state, 0, 30.0)]
    read = samples(render(report))
    assert read["collector_up"] == {(("collector", "journal"),): 1, (("collector", "api"),): up}


def test_nothing_read_is_no_success_and_blind_spots_are_counted() -> None:
    report = made()
    report.inputs, report.gaps = [], [Gap("a", "is damaged"), Gap("b", "", kind="late"), Gap("c", "small", hides=False)]
    read = samples(render(report))
    assert read["last_run_success"] == {(): 0}
    assert read["gaps"] == {(("hides", "false"),): 1, (("hides", "true"),): 2}


@pytest.mark.parametrize("name", ['a"b', "a\\", "a\nmsnet_finding 7", "\\n", 'x"} 1\n#', "日本", "\x1b[2J\r"])
def test_hostile_names_stay_one_label(name: str) -> None:
    read = samples(render(made(finding(pod(name)))))
    assert read["finding"] == {(("namespace", name), ("rule", "nad-not-found"), ("state", "active")): 1}


def test_the_command_writes_both_the_report_and_the_metrics(msnet, tmp_path: Path) -> None:
    file = tmp_path / "msnet.prom"
    run = msnet("diagnose", "--metrics", str(file), "--now", NOW.isoformat(), str(NODE / "journal.export.zst"), str(NODE / "objects"))
    assert run.returncode == 11
    assert b"conveyer-net" in run.stdout
    read = samples(file.read_text())
    assert read["finding"][("namespace", "plant"), ("rule", "nad-not-found"), ("state", "active")] == 2
    assert read["last_run_timestamp_seconds"] == {(): NOW.timestamp()}
    assert file.stat().st_mode & 0o777 == 0o644


def test_without_usable_evidence_the_metrics_are_written_all_the_same(msnet, tmp_path: Path) -> None:
    run = msnet("diagnose", "--metrics", str(tmp_path / "msnet.prom"), "-", stdin=b"")
    assert run.returncode == 3
    assert samples((tmp_path / "msnet.prom").read_text())["last_run_success"] == {(): 0}


def test_metrics_that_cannot_be_written_are_an_error_and_the_report_is_printed(msnet, tmp_path: Path) -> None:
    run = msnet("diagnose", "--metrics", str(tmp_path / "missing" / "msnet.prom"), str(NODE / "objects"))
    assert run.returncode == 1
    assert b"VERDICT" in run.stdout
    assert run.stderr.startswith(b"error: cannot write ")
    assert b"No such file or directory\n  hint: its folder must exist" in run.stderr


def test_a_folder_in_the_place_of_the_file_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "msnet.prom").mkdir()
    with pytest.raises(MsnetError, match="Is a directory"):
        write("a 1\n", tmp_path / "msnet.prom")
    assert os.listdir(tmp_path) == ["msnet.prom"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to run as somebody else")
def test_whoever_may_not_write_there_is_told_and_the_old_file_stays(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    (tmp_path / "msnet.prom").write_text("old 1\n")
    drop = "import os; os.setgroups([]); os.setgid(65534); os.setuid(65534)"
    code = f"from pathlib import Path; from diagnose.render.metrics import write; {drop}; write('new 1\\n', Path({str(tmp_path / 'msnet.prom')!r}))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "MsnetError: cannot write" in run.stderr
    assert "Permission denied" in run.stderr
    assert (tmp_path / "msnet.prom").read_text() == "old 1\n"


def test_a_reader_never_meets_a_part(tmp_path: Path) -> None:
    file = tmp_path / "msnet.prom"
    texts = ["a 1\n" * 50_000, "b 2\n" * 50_000]
    write(texts[0], file)
    done = threading.Event()

    def turn() -> None:
        for number in range(60):
            write(texts[number % 2], file)
        done.set()

    writer = threading.Thread(target=turn)
    writer.start()
    while not done.is_set():
        assert file.read_text() in texts
    writer.join()
    assert os.listdir(tmp_path) == ["msnet.prom"]
