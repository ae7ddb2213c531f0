"""The benchmark: its patterns are the rules, its check sees what is wrong, its table says so; nothing here looks at a clock."""

from __future__ import annotations

import copy
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench import data, growth, patterns, results, truth
from bench.cases import Case, cases
from bench.data import Journal
from bench.measure import Run, measure, output, peak, ratio, seconds
from bench.patterns import literal, pattern, templates
from bench.table import Line, compared, render
from diagnose.catalog import Catalog, rules_folder
from diagnose.lint import fill
from diagnose.template import canonical, fold
from diagnose.user_rules import load

SMALL = Journal("small", 0.5, 2, 0.01)


# -- patterns


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("no IP addresses available in range set: {range}", "no IP addresses available in range set:"),
        ('cannot find a NAD ({nad}): {} "{}" not found', r'cannot find a NAD \(.*\): .* \\*".*\\*" not found'),
        ("{error}: exit status {n:d}  of {{x}} | y", r": exit status [0-9]+ of \{x\} \| y"),
        ("a.b*c+d?e^f$g[h]", r"a\.b\*c\+d\?e\^f\$g\[h\]"),
    ],
)
def test_a_template_as_a_regular_expression(template: str, expected: str) -> None:
    assert pattern(template) == expected


def test_a_quote_stands_at_any_level_of_escaping() -> None:
    wanted = re.compile(pattern('failed to find plugin "{plugin}" in path {path_list}'))
    text = 'failed to find plugin "macvlan" in path [/opt/cni/bin]'
    for _ in range(4):
        assert wanted.search(text), text
        text = json.dumps(text)


def test_each_message_is_found_by_its_own_pattern_and_literal(catalog: Catalog) -> None:
    for template in templates(catalog):
        text = " ".join(fill(template).split())
        assert re.search(pattern(template), text), template
        assert literal(template) in text, template
        assert len(literal(template)) > 5, template


def test_the_samples_of_the_rules_match_the_patterns_of_their_messages(catalog: Catalog) -> None:
    met: set[str] = set()
    for path in rules_folder().glob("*/*.yaml"):
        _, *samples = yaml.load_all(path.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        for sample in samples[0] if samples else []:
            text = canonical(sample.get("match", ""))
            low = fold(text)
            for message in (catalog.messages[n] for n in catalog.index.candidates(low)):
                if message.kind == "say" and message.rule and message.template.match(text, low):
                    met.add(message.template.text)
                    assert re.search(pattern(fold(message.template.text)), low), (message.template.text, text)
    assert len(met) > 400


@pytest.mark.skipif(shutil.which("rg") is None, reason="ripgrep is not installed")
def test_the_fast_way_finds_what_all_rules_find(tmp_path: Path, journal: Path) -> None:
    patterns.write(tmp_path)
    found = peers_of(Case("x", SMALL, "short", 1, searches=("rules", "two", "literals")), tmp_path, journal)
    runs = measure(found, 1, str(tmp_path)).runs
    counts = [int(Path(output(str(tmp_path), n)).read_text()) for n in range(len(runs))]
    assert counts[0] == counts[1] > 20
    assert counts[2] >= counts[0]


def peers_of(case: Case, folder: Path, journal: Path) -> dict[str, list[list[str]]]:
    shutil.copytree(journal, folder, dirs_exist_ok=True)
    return {p.title: p.stages for p in case.peers(results.Patterns.of(folder), folder)}


# -- the check


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a small journal in several forms."""
    folder = tmp_path_factory.mktemp("bench")
    data.generate(SMALL, ["short", "export"], folder)
    for form in ("short.gz", "sos.tar.xz"):
        assert data.derive(SMALL, form, folder)
    return folder


@pytest.fixture(scope="module")
def told(journal: Path) -> dict[str, Any]:
    """Return the report on the small journal."""
    (command,) = results.diagnose(journal / "small.short", data.truth_of(SMALL, journal)["last_us"] + 60_000_000)
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def test_the_report_agrees_with_what_was_written(told: dict[str, Any], journal: Path) -> None:
    written = data.truth_of(SMALL, journal)
    assert len(written["attempts"]["short"]) > 2
    assert truth.faults(told, written, "short") == []


def _count(report: dict[str, Any]) -> None:
    report["findings"][0]["count"] += 1


def _lose(report: dict[str, Any]) -> None:
    del report["findings"][0]


def _rename(report: dict[str, Any]) -> None:
    report["findings"][0]["rule"] = "nad-config-empty"


def _lose_pod(report: dict[str, Any]) -> None:
    report["findings"][0]["affected"].pop()


def _add_pod(report: dict[str, Any]) -> None:
    report["findings"][0]["affected"].append({"kind": "Pod", "namespace": "default", "name": "healthy"})


def _remark(report: dict[str, Any]) -> None:
    report["findings"].append({"rule": "not-network", "severity": "warning", "count": 1, "explains": [], "affected": []})


def _symptom(report: dict[str, Any]) -> None:
    report["findings"].append({"rule": "sandbox-network-failed", "severity": "error", "count": 1, "explains": [], "affected": []})


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (_count, r"attempts, the journal has \d+$"),
        (_lose, r": 0 attempts, the journal has \d+$"),
        (_rename, "^nad-config-empty: not in the journal$"),
        (_lose_pod, r": 1 of its \d+ pods are not named$"),
        (_add_pod, ": default/healthy has no such failure$"),
        (_remark, "^not-network: not in the journal$"),
        (_symptom, "^sandbox-network-failed: stands without its cause$"),
    ],
)
def test_a_wrong_report_is_told(told: dict[str, Any], journal: Path, spoil: Callable[[dict[str, Any]], None], fault: str) -> None:
    spoilt = copy.deepcopy(told)
    spoil(spoilt)
    assert any(re.search(fault, x) for x in truth.faults(spoilt, data.truth_of(SMALL, journal), "short"))


def test_findings_differ_where_a_count_or_a_time_does(told: dict[str, Any]) -> None:
    for key, value in (("count", 0), ("last", None), ("affected", []), ("state", "resolved?")):
        other = copy.deepcopy(told)
        other["findings"][0][key] = value
        assert truth.findings(other) != truth.findings(told)
    turned = {**told, "findings": told["findings"][::-1]}
    assert truth.findings(turned) == truth.findings(told)


# -- data


def test_a_journal_is_made_once_and_again_for_other_options(tmp_path: Path) -> None:
    tiny = Journal("tiny", 0.01, 1, 0.1)
    data.generate(tiny, ["short"], tmp_path)
    data.derive(tiny, "short.gz", tmp_path)
    made = (tmp_path / "tiny.short").stat().st_mtime_ns
    data.generate(tiny, ["short"], tmp_path)
    assert (tmp_path / "tiny.short").stat().st_mtime_ns == made
    data.generate(tiny, ["short", "export"], tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["tiny.export", "tiny.short", "tiny.truth.json"]
    size = (tmp_path / "tiny.short").stat().st_size
    data.generate(Journal("tiny", 0.02, 1, 0.1), ["short"], tmp_path)
    assert (tmp_path / "tiny.short").stat().st_size > size


# -- running


def test_a_run_is_measured_by_its_largest_process(tmp_path: Path) -> None:
    hungry = [sys.executable, "-c", "x = bytearray(64 << 20)"]
    commands = {"pipe": [["cat", "/dev/null"], hungry], "small": [["true"]], "fails": [["false"], ["cat"]]}
    runs = measure(commands, 2, str(tmp_path), once=frozenset({"small"})).runs
    assert {name: len(x) for name, x in runs.items()} == {"pipe": 2, "small": 1, "fails": 2}
    assert peak(runs["pipe"]) > 64 > peak(runs["small"])
    assert runs["fails"][0].codes == [1, 0]


def test_what_prints_another_text_each_time_is_told(tmp_path: Path) -> None:
    commands = {"same": [["echo", "x"]], "clock": [["date", "+%N"]], "silent": [["date", "+%N"]]}
    assert measure(commands, 2, str(tmp_path), silent=frozenset({"silent"})).unsteady == ["clock"]
    assert Path(output(str(tmp_path), 0)).read_text() == "x\n"


def run(took: float, mib: float = 20.4) -> Run:
    return Run(took, took, mib, [0])


def test_ratios_are_those_of_the_rounds() -> None:
    ours, theirs = [run(1), run(2), run(9)], [run(4), run(4), run(3)]
    assert ratio(ours, theirs) == (0.5, 0.25, 3)
    assert ratio(ours, [run(2)], factor=2) == (0.5, 0.25, 2.25)
    assert (seconds(ours), peak([run(1, 3), run(1, 7)])) == (2, 7)


# -- the table


def test_the_table() -> None:
    lines = [
        compared("short, 8 MiB", [run(0.5), run(0.6)], "rg | rg", [run(0.25), run(0.3)], target=1.6, right=True),
        compared("short, 8 MiB", [run(0.5), run(0.6)], "cat", [run(4)], factor=8, right=True),
        compared("json", [run(1.25)], "rg", [run(1)], target=1.25, right=False),
        Line("json", "1.25", "20", "lnav", figure="not installed", right=False),
    ]
    assert render(lines) == (
        "| input | msnet s | MiB | beside it | s | MiB | msnet / it (min to max) | target |  | findings |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
        "| short, 8 MiB | 0.550 | 20 | rg \\| rg | 0.275 | 20 | 2.00 (2.00 to 2.00) | <= 1.6 | **missed** | right |\n"
        "|  |  |  | cat | 32.00 | 20 | 0.02 (0.02 to 0.02) |  |  |  |\n"
        "| json | 1.25 | 20 | rg | 1.00 | 20 | 1.25 (1.25 to 1.25) | <= 1.25 | met | **WRONG** |\n"
        "|  |  |  | lnav |  |  | not installed |  |  |  |\n"
    )


def test_targets_are_found_by_the_longest_beginning() -> None:
    case = Case("x", SMALL, "short", 1, {"": 0.35, "gzip": 0.55, "Python": 0.03})
    titles = ["zcat | rg", "gzip -dc > /dev/null", "zstd -dc > /dev/null", "Python: by hand"]
    assert [case.target(x) for x in titles] == [0.35, 0.55, None, 0.03]


@pytest.mark.parametrize("mode", ["quick", "default", "full"])
def test_the_inputs_of_a_mode_agree(mode: str) -> None:
    wanted = {(c.journal, c.form) for c in cases(mode)} | {(j, "short") for j in growth.journals(mode)}
    journals = {j for j, _ in wanted}
    assert len({j.name for j in journals}) == len(journals)


def test_users_rules_that_only_cost_are_taken(tmp_path: Path) -> None:
    growth.write_rules(tmp_path)
    loaded = load([tmp_path])
    assert loaded.problems == ()
    assert sum(len(r.messages) for r in loaded.rules if r.origin) == growth.MESSAGES


# -- all of it


def test_a_small_benchmark(journal: Path) -> None:
    patterns.write(journal)
    chosen = [Case("as text", SMALL, "short", 1, {"": 1000}), Case("in a sos report", SMALL, "sos.tar.xz", 1), Case("as journal", SMALL, "journal", 1)]
    found = results.measured(chosen, [], "quick", journal, start_up=0, out=journal / "results.md")
    assert found.faults == []
    text = (journal / "results.md").read_text()
    assert "| as text | " in text
    assert "| <= 1000 | met | right |" in text or "not installed" in text
    assert "| as journal |  |  |  |  |  | not measured: the program that makes this input is not installed |" in text
    assert str(Path.home()) not in text
    assert "/tmp" not in text


def test_a_report_that_fails_is_a_fault(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "MSNET", "false")
    patterns.write(journal)
    found = results.measured([Case("as text", SMALL, "short", 1, searches=())], [], "quick", journal, start_up=0, out=journal / "results.md")
    assert found.faults == ["as text: msnet: exit code 1: "]
