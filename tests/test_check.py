"""`msnet check` from its command line to its exit code, on real files."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import ROOT

from diagnose import checking
from diagnose.catalog import Catalog
from diagnose.checks.fault import Profile
from diagnose.checks.words import FRAME, OWN, SENTENCES, say
from diagnose.errors import UsageError
from diagnose.profile import dump, parse
from diagnose.render import diagnostics, github, sarif
from diagnose.render.terminal import wide

FIXTURES = ROOT / "fixtures" / "manifests"
POD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  namespace: line3\n  annotations:\n    k8s.v1.cni.cncf.io/networks: {value}\n"
BROKEN = POD.format(name="press", value='\'[{"name": "plant",}]\'')
CLEAN = POD.format(name="press", value="plant@net1") + (
    "---\napiVersion: k8s.cni.cncf.io/v1\nkind: NetworkAttachmentDefinition\nmetadata: {name: plant, namespace: line3}\n"
    'spec:\n  config: \'{"cniVersion": "0.4.0", "name": "plant", "type": "bridge", "bridge": "br-plant", '
    '"ipam": {"type": "host-local", "ranges": [[{"subnet": "10.10.0.0/24"}]]}}\'\n'
)
DEPLOYMENT = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: press\nspec:\n  template: {metadata: {}}\n"


def found(run: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    assert b"Traceback" not in run.stderr
    return json.loads(run.stdout)["diagnostics"]


def rules(run: subprocess.CompletedProcess[bytes]) -> list[str]:
    return [d["rule"] for d in found(run)]


def place(d: dict[str, Any]) -> tuple[str, int, int]:
    return os.path.basename(d["file"]), d["start"]["line"], d["start"]["column"]


# --- exit codes -------------------------------------------------------------------------------------------------------


def test_a_fault_has_its_place_and_exit_code(msnet, write) -> None:
    run = msnet("check", "--format", "json", str(write(BROKEN, "press.yaml")))
    (d,) = found(run)
    assert (d["rule"], d["severity"], run.returncode) == ("annotation-invalid-json", "error", 11)
    assert place(d)[:2] == ("press.yaml", 7)
    line = BROKEN.split("\n")[6]
    assert line[d["start"]["column"] - 1] in ",}"
    assert d["object"] == {"kind": "Pod", "namespace": "line3", "name": "press"}


def test_clean_manifests_are_quiet(msnet, write) -> None:
    run = msnet("check", str(write(CLEAN, "clean.yaml")))
    assert (run.returncode, run.stderr) == (0, b"")
    assert run.stdout.decode() == "no faults found (files: 1, NADs: 1, pods and pod templates: 1)\n"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 11),
        (["--exit-zero"], 0),
        (["--ignore", "annotation-invalid-json"], 0),
        (["--ignore", "annotation-invalid-json=line3/press"], 0),
        (["--ignore", "annotation-invalid-json=press"], 0),
        (["--ignore", "annotation-invalid-json=line3/other"], 11),
        (["--ignore", "annotation-invalid-json=line4/press"], 11),
        (["--ignore", "no-such-rule"], 2),
        (["--lang", "xx"], 2),
        (["--profile", "/nonexistent.yaml"], 2),
        (["--format", "xml"], 2),
    ],
)
def test_exit_codes(msnet, write, arguments: list[str], code: int) -> None:
    run = msnet("check", *arguments, str(write(BROKEN, "press.yaml")))
    assert run.returncode == code, run.stderr.decode()
    assert b"Traceback" not in run.stderr


def test_warnings_have_their_own_code_and_can_be_left_out(msnet, write) -> None:
    path = str(write(POD.format(name="press", value="a\n    x: a\n    x: b"), "twice.yaml"))
    run = msnet("check", "--format", "json", "--ignore", "nad-not-found", path)
    assert ([(d["rule"], d["severity"]) for d in found(run)], run.returncode) == ([("manifest-duplicate-key", "warning")], 10)
    run = msnet("check", "--min-severity", "error", path)
    assert run.returncode == 0
    assert b"less severe, not shown: " in run.stdout


def test_what_was_ignored_is_counted_and_named(msnet, write) -> None:
    run = msnet("check", "--ignore", "annotation-invalid-json", str(write(BROKEN, "press.yaml")))
    assert b"ignored: annotation-invalid-json (1)" in run.stdout


@pytest.mark.parametrize("stdin", ["", "# nothing\n---\n", "just text\n"])
def test_nothing_to_check_is_said(msnet, stdin: str) -> None:
    run = msnet("check", "-", stdin=stdin)
    assert run.returncode == 3
    assert b"nothing could be checked" in run.stdout
    assert b"hint: " in run.stderr


def test_files_that_are_not_there_are_nothing_to_check(msnet, tmp_path: Path) -> None:
    run = msnet("check", str(tmp_path / "none.yaml"))
    assert run.returncode == 3
    assert b"the file cannot be read: no such file or directory" in run.stdout


def test_a_tab_is_told_and_seen(msnet) -> None:
    run = msnet("check", "-", stdin="kind: Pod\nmetadata:\n\tname: x\n")
    assert b"a tab stands where only blanks may indent" in run.stdout
    assert "3 | \u2192   name: x\n  | ^^^^\n" in run.stdout.decode()


def test_without_a_path_usage_is_told(msnet) -> None:
    run = msnet("check")
    assert (run.returncode, run.stdout) == (2, b"")


# --- inputs -----------------------------------------------------------------------------------------------------------


def test_what_cannot_be_read_hides_nothing_else(msnet, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("kind: Pod\nmetadata:\n\tname: x\n---\n" + BROKEN)
    (tmp_path / "b.json").write_text('{"kind": "Pod",\n "metadata": {"name": x}}')
    (tmp_path / "c.yaml").write_bytes(b"kind: Pod # \xff\n---\n" + BROKEN.encode())
    (tmp_path / "d.yaml").write_text(BROKEN)
    run = msnet("check", "--format", "json", str(tmp_path), str(tmp_path / "missing.yaml"))
    assert run.returncode == 11
    broken = [
        (*place(d), d["title"], d["why"][:26]) for d in found(run) if d["rule"] == "manifest-invalid" and re.search("cannot be parsed|no UTF-8", d["why"])
    ]
    assert [b[:3] for b in broken] == [("a.yaml", 3, 1), ("b.json", 2, 23), ("c.yaml", 1, 13)]
    assert [os.path.basename(d["file"]) for d in found(run) if d["rule"] == "annotation-invalid-json"] == ["a.yaml", "c.yaml", "d.yaml"]
    (missing,) = [d for d in found(run) if d["rule"] == "manifest-unreadable"]
    assert (os.path.basename(missing["file"]), missing["start"]) == ("missing.yaml", None)


def test_other_files_of_a_folder_are_no_manifests(msnet, tmp_path: Path) -> None:
    (tmp_path / "tsconfig.json").write_text('{"compilerOptions": {}, // comment\n}')
    (tmp_path / "values.yaml").write_text("image: '")
    (tmp_path / "notes.txt").write_text(BROKEN)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.yaml").write_text(BROKEN)
    (tmp_path / "press.yaml").write_text(CLEAN)
    os.mkfifo(tmp_path / "pipe.yaml")
    run = msnet("check", "--format", "json", str(tmp_path))
    assert (rules(run), run.returncode) == ([], 0)
    assert json.loads(run.stdout)["read"] == {"files": 3, "objects": 2, "nads": 1, "pods": 1}
    # A file that is named is meant to be a manifest.
    assert rules(msnet("check", "--format", "json", str(tmp_path / "values.yaml"))) == ["manifest-invalid"]


def test_every_kind_that_makes_pods(msnet) -> None:
    kinds = {
        "Pod": ("v1", "{0}"),
        **dict.fromkeys(("Deployment", "DaemonSet", "StatefulSet", "ReplicaSet"), ("apps/v1", '{{"template": {0}}}')),
        "Job": ("batch/v1", '{{"template": {0}}}'),
        "CronJob": ("batch/v1", '{{"jobTemplate": {{"spec": {{"template": {0}}}}}}}'),
    }
    lines: list[str] = []
    for kind, (version, frame) in kinds.items():
        meta = {"metadata": {"name": "x", "annotations": {"k8s.v1.cni.cncf.io/networks": '[{"name": "a"'}}}
        body = {"apiVersion": version, "kind": kind, "metadata": {"name": kind.lower()}, "spec": json.loads(frame.format(json.dumps(meta)))}
        lines.append(json.dumps(body | (meta if kind == "Pod" else {})))
    run = msnet("check", "--format", "json", "-", stdin="\n".join(lines))
    assert [(d["object"]["kind"], d["start"]["line"]) for d in found(run)] == [(kind, n) for n, kind in enumerate(kinds, 1)]
    as_list = '{"kind": "List", "apiVersion": "v1", "items": [\n' + ",\n".join(lines) + "]}"
    run = msnet("check", "--format", "json", "-", stdin=as_list)
    assert [(d["object"]["kind"], d["start"]["line"], d["file"]) for d in found(run)] == [(kind, n, "<stdin>") for n, kind in enumerate(kinds, 2)]


def test_links_are_followed_once(msnet, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "press.yaml").write_text(BROKEN)
    (tmp_path / "real" / "loop").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "again").symlink_to(tmp_path / "real")  # two loops: without end for who follows each of them
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "there").symlink_to(tmp_path / "real")
    (tmp_path / "given" / "gone.yaml").symlink_to(tmp_path / "nowhere")
    assert rules(msnet("check", "--format", "json", str(tmp_path / "given"))) == ["manifest-unreadable", "annotation-invalid-json"]


def test_an_anchor_used_twice_is_one_place_with_one_fault(msnet) -> None:
    pod = "{{apiVersion: v1, kind: Pod, metadata: {{name: {0}, annotations: {1}}}}}"
    text = "kind: List\napiVersion: v1\nitems:\n" + "".join(
        f"- {pod.format(name, value)}\n" for name, value in [("a", "&x {k8s.v1.cni.cncf.io/networks: '[{'}"), ("b", "*x")]
    )
    assert rules(msnet("check", "--format", "json", "-", stdin=text)) == ["annotation-invalid-json"]


def test_a_file_named_twice_is_read_once(msnet, write) -> None:
    path = write(BROKEN, "press.yaml")
    assert len(rules(msnet("check", "--format", "json", str(path), str(path.parent), str(path)))) == 1


def test_templates_are_said_and_not_judged(msnet, write) -> None:
    text = POD.format(name="press", value='"{{ .Values.networks }}"') + "---\n{{- if .Values.nad }}\nkind: Pod\n{{ end }}\n---\n" + BROKEN
    run = msnet("check", "--format", "json", str(write(text, "chart.yaml")))
    first = found(run)[0]
    assert (first["rule"], first["severity"], *place(first)[1:]) == ("manifest-template", "info", 9, 1)
    assert rules(run) == ["manifest-template", "annotation-invalid-json"]
    assert first["instead"] == "helm template CHART | msnet check -"
    assert b"= run:    helm template CHART | msnet check -\n" in msnet("check", str(write(text, "chart.yaml"))).stdout
    # Two braces that no template language writes are a slip.
    doubled = POD.format(name="press", value='\'[{{"name": "plant"}}]\'')
    assert rules(msnet("check", "--format", "json", str(write(doubled, "doubled.yaml")))) == ["annotation-invalid-json"]


def test_a_check_that_fails_hides_no_other(catalog: Catalog, write) -> None:
    text = POD.format(name="Bad_name", value="plant") + "---\n" + BROKEN
    without = Catalog(tuple(r for r in catalog.rules if r.id != "manifest-invalid"), (), "")
    outcome = checking.check([str(write(text, "x.yaml"))], without, Profile(), checking.Selection())
    assert [d.rule for d in outcome.diagnostics if d.rule != "nad-not-found"] == ["check-failed", "annotation-invalid-json"]


@pytest.mark.parametrize(
    ("text", "field", "instead"),
    [
        (CLEAN.replace("name: press", "name: test_bridge"), "metadata.name", "name: test-bridge"),
        (CLEAN.replace("namespace: line3\n  ann", "namespace: Line3\n  ann"), "metadata.namespace", "namespace: line3"),
        (CLEAN.replace("  annotations:\n", "  annotations:\n    port: 8080\n"), "metadata.annotations.port", "port: '8080'"),
        (CLEAN.replace("  name: press\n", ""), "metadata", None),
        (DEPLOYMENT.replace("  name: press\n", "  name: press\n  annotations: {port: 8080}\n"), "metadata.annotations.port", "port: '8080'"),
        (DEPLOYMENT.replace("{metadata: {}}", "{metadata: {annotations: {port: [1]}}}"), "spec.template.metadata", "port: '[1]'"),
        (CLEAN.replace("apiVersion: v1\n", "apiVersion: apps/v1\n"), "apiVersion", "apiVersion: v1"),
        (CLEAN.replace("apiVersion: v1\n", ""), "apiVersion", "apiVersion: v1"),
        (CLEAN.replace("  name: press\n", "  name: 17\n"), "metadata.name", 'name: "17"'),
        (CLEAN.replace("name: press", "name: " + "a" * 254), "metadata.name", "name: " + "a" * 253),
    ],
)
def test_what_the_api_server_refuses(msnet, write, text: str, field: str, instead: str | None) -> None:
    run = msnet("check", "--format", "json", "--ignore", "nad-not-found", str(write(text, "x.yaml")))
    assert [(d["rule"], d["captures"]["field"], d["instead"]) for d in found(run)] == [("manifest-invalid", field, instead)]


@pytest.mark.parametrize(("value", "expected"), [("[{name: plant}]", ["annotation-invalid-format"]), ("null", []), ("plant\n    note: null", [])])
def test_values_of_multus_own_annotation_are_told_once(msnet, value: str, expected: list[str]) -> None:
    run = msnet("check", "--format", "json", "--min-severity", "warning", "-", stdin=POD.format(name="x", value=value))
    assert rules(run) == expected


# --- kustomize --------------------------------------------------------------------------------------------------------


def test_a_kustomization_is_understood(msnet, tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("namespace: line4\nresources: [press.yaml]\npatches:\n- path: patch.yaml\n")
    (tmp_path / "press.yaml").write_text(BROKEN)
    (tmp_path / "patch.yaml").write_text("apiVersion: k8s.cni.cncf.io/v1\nkind: NetworkAttachmentDefinition\nmetadata: {name: plant}\nspec: {}\n")
    (tmp_path / "left.yaml").write_text(CLEAN)
    run = msnet("check", "--format", "json", "--ignore", "nad-not-found", str(tmp_path))
    assert [(os.path.basename(d["file"]), d["rule"]) for d in found(run)] == [
        ("kustomization.yaml", "manifest-kustomize"),
        ("left.yaml", "manifest-not-applied"),
        ("press.yaml", "annotation-invalid-json"),
    ]
    assert found(run)[2]["object"]["namespace"] == "line4"
    assert found(run)[0]["instead"] == f"oc kustomize {tmp_path} | msnet check -"


def test_microshift_applies_no_folder_without_kustomization(msnet, tmp_path: Path) -> None:
    folder = tmp_path / "etc" / "microshift" / "manifests.d" / "10-press"
    folder.mkdir(parents=True)
    (folder / "press.yaml").write_text(CLEAN)
    run = msnet("check", "--format", "json", str(tmp_path / "etc" / "microshift"))
    assert ([(d["rule"], d["title"]) for d in found(run)], run.returncode) == ([("manifest-not-applied", f"{folder} has no kustomization.yaml")], 0)
    (folder / "kustomization.yaml").write_text("resources: [press.yaml]\n")
    assert rules(msnet("check", "--format", "json", str(tmp_path))) == []


# --- the guide's example ----------------------------------------------------------------------------------------------


def test_each_erratum_of_the_guides_examples_is_caught(msnet) -> None:
    run = msnet("check", "--format", "json", str(FIXTURES / "guide.yaml"))
    assert run.returncode == 11
    lines = (FIXTURES / "guide.yaml").read_text().split("\n")
    told = [(d["rule"], d["severity"], lines[d["start"]["line"] - 1][d["start"]["column"] - 1 :]) for d in found(run)]
    for rule, severity, there in [
        ("nad-config-invalid-json", "error", '"'),  # E2: an object and a list that are not closed; the text goes on without a comma
        ("ipam-invalid-range", "error", '"fd00:IJKL:MNOP:10::0/64",'),  # E3
        ("nad-config-invalid-field", "info", '"mode": "bridge",'),  # E4
        ("manifest-invalid", "error", "name: test_bridge"),  # E5
    ]:
        assert (rule, severity, there) in told


def test_the_sample_of_the_documentation_is_what_is_printed(msnet) -> None:
    page = (ROOT / "docs" / "check.md").read_text()
    command, shown = re.findall(r"```\n\$ msnet (.*)\n((?s:.*?))```", page)[0]
    assert msnet(*command.split()).stdout.decode() == shown, "put the output of the command into docs/check.md"


def test_the_profile_of_the_documentation_is_a_stock_microshift() -> None:
    (profile,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "check.md").read_text(), re.DOTALL)
    assert parse("p.yaml", profile.encode()) == Profile(links=frozenset({"eno1", "eno2"}), nads=frozenset({"plant/press"}))


# --- formats ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def outcome(catalog: Catalog, tmp_path: Path) -> checking.Outcome:
    """Return an outcome with a multi-line span, a hint, a missing file and names that need escaping."""
    (tmp_path / "a,b: 100%.yaml").write_text(BROKEN)
    (tmp_path / "twice.yaml").write_text("kind: Pod\napiVersion: v1\nmetadata:\n  name: \u30ab\u30e1\u30e9\n  name: x\n")
    (tmp_path / "chart.yaml").write_text(POD.format(name="x", value="'{{ .Values.n }}'"))
    return checking.check([str(tmp_path), str(tmp_path / "none.yaml")], catalog, Profile(), checking.Selection())


# What of the published schema of SARIF 2.1.0 (OASIS, sarif-schema-2.1.0.json) our logs use: names, types, limits, nothing else allowed.
_MESSAGE = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"], "additionalProperties": False}
_LEVEL = {"enum": ["none", "note", "warning", "error"]}
_NUMBER = {"type": "integer", "minimum": 1}


def _object(required: list[str], **properties: object) -> dict[str, object]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


_REGION = _object([], startLine=_NUMBER, startColumn=_NUMBER, endLine=_NUMBER, endColumn=_NUMBER, snippet=_MESSAGE)
_URI = {"type": "string", "format": "uri-reference"}
_PHYSICAL = _object(["artifactLocation"], artifactLocation=_object([], uri=_URI), region=_REGION)
_LOGICAL = _object([], name={"type": "string"}, fullyQualifiedName={"type": "string"}, kind={"type": "string"})
_LOCATION = _object([], physicalLocation=_PHYSICAL, logicalLocations={"type": "array", "items": _LOGICAL, "uniqueItems": True})
_RESULT = _object(
    ["message"],
    ruleId={"type": "string"},
    ruleIndex={"type": "integer", "minimum": -1},
    level=_LEVEL,
    message=_MESSAGE,
    locations={"type": "array", "items": _LOCATION},
)
_DESCRIPTOR = _object(
    ["id"],
    id={"type": "string"},
    shortDescription=_MESSAGE,
    fullDescription=_MESSAGE,
    help=_MESSAGE,
    helpUri={"type": "string", "format": "uri"},
    defaultConfiguration=_object([], level=_LEVEL),
)
_DRIVER = _object(["name"], name={"type": "string"}, version={"type": "string"}, rules={"type": "array", "items": _DESCRIPTOR, "uniqueItems": True})
_RUN = _object(
    ["tool"],
    tool=_object(["driver"], driver=_DRIVER),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    results={"type": "array", "items": _RESULT},
)
SARIF = _object(
    ["version", "runs"], **{"$schema": {"type": "string", "format": "uri"}, "version": {"enum": ["2.1.0"]}, "runs": {"type": "array", "items": _RUN}}
)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_sarif_has_its_published_structure(outcome: checking.Outcome, catalog: Catalog, language: str) -> None:
    log = json.loads(sarif.render(outcome, catalog, language))
    jsonschema.validate(log, SARIF, format_checker=jsonschema.FormatChecker())
    (run,) = log["runs"]
    ids = [r["id"] for r in run["tool"]["driver"]["rules"]]
    assert len(run["results"]) == len(outcome.diagnostics) > 3
    for result, d in zip(run["results"], outcome.diagnostics, strict=True):
        assert ids[result["ruleIndex"]] == result["ruleId"] == d.rule
        assert " " not in result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert json.loads(sarif.render(checking.Outcome(), catalog, language))["runs"][0]["results"] == []


def test_github_commands_are_one_line_each_and_escaped(outcome: checking.Outcome, catalog: Catalog) -> None:
    lines = github.render(outcome, catalog, "en").splitlines()
    assert len(lines) == len(outcome.diagnostics)
    for line, d in zip(lines, outcome.diagnostics, strict=True):
        m = re.fullmatch(r"::(error|warning|notice) (.*?)::(.*)", line)
        assert m is not None
        properties = dict(p.split("=", 1) for p in m[2].split(","))
        unescaped = properties["file"].replace("%2C", ",").replace("%3A", ":").replace("%25", "%")
        assert (unescaped, properties["title"]) == (d.file, d.rule)
        assert m[1] == {"error": "error", "warning": "warning", "info": "notice"}[d.severity]
        assert d.start is None or properties["line"] == str(d.start.line)
    assert any("a%2Cb%3A 100%25.yaml" in line for line in lines)


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("unicode", [True, False])
def test_nothing_is_wider_than_the_terminal(catalog: Catalog, write, width: int, language: str, unicode: bool) -> None:
    long = json.dumps([{"name": "a" * 90, "\u540d\u524d": "\u5024" * 60, "b": "x" * 200}], ensure_ascii=False)[:-1] + ",]"
    text = POD.format(name="x", value=f"'{long}'") + "---\n" + BROKEN
    result = checking.check([str(write(text, "x.yaml"))], catalog, Profile(), checking.Selection())
    page = diagnostics.render(result, catalog, language, width=width, color=False, unicode=unicode)
    rows = page.split("\n")
    excerpts = [n for n, row in enumerate(rows) if re.match(r"^ *\d+ \|", row)]
    assert len(excerpts) >= 2
    for n in excerpts:
        assert wide(rows[n]) <= width
        assert unicode or rows[n].isascii()
    assert [r for r in rows if wide(r) > width and "-->" not in r] == []


@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize(("before", "behind"), [(0, 0), (300, 0), (0, 300), (300, 300)])
def test_carets_stand_beneath_what_is_meant(catalog: Catalog, write, unicode: bool, before: int, behind: int) -> None:
    value = f'\'[{{"\u540d\u524d": "\u5024{"y" * before}\u5024", oops, "{"z" * behind}": 1}}]\''
    result = checking.check([str(write(POD.format(name="x", value=value), "x.yaml"))], catalog, Profile(), checking.Selection())
    (d,) = [d for d in result.diagnostics if d.rule == "annotation-invalid-json"]
    rows = diagnostics.render(result, catalog, "en", width=80, color=False, unicode=unicode).split("\n")
    number = next(n for n, row in enumerate(rows) if re.match(r"^ *\^", row.partition("|")[2]))
    line, at = rows[number - 1], wide(rows[number].partition("^")[0])
    shown = next(n for n in range(len(line) + 1) if wide(line[:n]) == at)
    assert d.text is not None
    assert d.span is not None
    assert line[shown:].startswith(d.text.content[d.span.start : d.span.end])
    assert wide(line) <= 80
    dots = "\u2026" if unicode else "..."
    assert line.endswith(dots) == (behind > 0) or not unicode
    assert line.partition("| ")[2].startswith(dots) == (before > 0) or not unicode
    assert unicode or line.isascii()


def test_sarif_names_relative_files_as_uris(catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a b%.yaml").write_text(BROKEN)
    monkeypatch.chdir(tmp_path)
    outcome = checking.check(["./a b%.yaml"], catalog, Profile(), checking.Selection())
    (result,) = sarif.as_mapping(outcome, catalog, "en")["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b%25.yaml"


def test_colours_only_on_a_terminal(msnet, write) -> None:
    path = str(write(BROKEN, "press.yaml"))
    assert b"\x1b" not in msnet("check", path).stdout

    def on_terminal(*arguments: str) -> bytes:
        parent, child = pty.openpty()
        env = {"PATH": os.environ["PATH"], "TERM": "xterm", "PYTHONUTF8": "1"}
        process = subprocess.Popen([sys.executable, "-m", "diagnose", "check", *arguments], stdout=child, stderr=child, stdin=child, cwd=ROOT, env=env)
        os.close(child)
        shown = b""
        while True:
            try:
                part = os.read(parent, 65536)
            except OSError:
                break
            shown += part
        process.wait()
        os.close(parent)
        return shown

    assert b"\x1b[1;31merror[annotation-invalid-json]\x1b[0m" in on_terminal(path)
    assert b"\x1b" not in on_terminal("--no-color", path)


def test_control_characters_never_reach_the_terminal(msnet, write) -> None:
    text = POD.format(name="x", value='"[\\e[31m\\u202e"').replace("line3", "'li\u202ene3'")
    run = msnet("check", str(write(text, "x.yaml")))
    assert "\u202e" not in run.stdout.decode()
    assert b"\x1b" not in run.stdout


def test_what_the_encoding_cannot_hold_is_escaped(msnet, write) -> None:
    text = POD.format(name="x", value="'[\u540d'")
    run = msnet("check", str(write(text, "x.yaml")), env={"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"})
    assert run.returncode == 11, run.stderr
    assert b"\\u540d" in run.stdout
    lone = '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "\\ud83d"}}'
    run = msnet("check", "--format", "github", "-", stdin=lone)
    assert run.returncode == 11, run.stderr


# --- words ------------------------------------------------------------------------------------------------------------


def test_every_sentence_has_both_languages_with_the_same_names() -> None:
    for key, texts in SENTENCES.items():
        english, japanese = (set(re.findall(r"\{([a-z_]+)\}", t)) for t in texts)
        assert all(texts), key
        assert english == japanese, key
    assert set(FRAME) <= set(SENTENCES)
    for rule in OWN:
        assert say(rule, "ja") != say(rule, "en")
        assert f"{rule}-why" in SENTENCES


# --- profile ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "profile",
    [
        Profile(),
        Profile(
            version="4.20",
            plugins=frozenset({"bridge"}),
            links=frozenset({"br0", "eno1"}),
            host_networks=("192.168.1.0/24", "fd00::/64"),
            namespaces_known=True,
        ),
        Profile(links=frozenset(), pod_networks=(), service_networks=()),
    ],
)
def test_a_profile_is_read_as_it_was_written(profile: Profile) -> None:
    assert parse("p.yaml", dump(profile).encode()) == profile


def test_what_a_profile_leaves_out_is_a_stock_microshift() -> None:
    assert parse("p.yaml", b"schema: msnet.profile/1\nversion: 4.20\n") == Profile(version="4.20")


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ("schema: msnet.profile/1\nlink: [a]\n", ["p.yaml:2: unknown key link; did you mean links?"]),
        ("version: 4\n", ["p.yaml:1: schema must be msnet.profile/1", "p.yaml:1: version must be MicroShift's major.minor, such as 4.18"]),
        (
            "schema: msnet.profile/1\npod_networks:\n- 10.42.0.0/16\n- 10.43.0.1/16\nplugins: bridge\nlinks: [1]\nnamespaces_known: 1\n",
            [
                "p.yaml:5: plugins must be a list",
                "p.yaml:6: links must hold texts",
                "p.yaml:4: pod_networks: 10.43.0.1/16 has host bits set",
                "p.yaml:7: namespaces_known must be true or false",
            ],
        ),
        ("schema: msnet.profile/1\nlinks: [a]\nlinks: [b]\n", ["p.yaml:3: links stands twice"]),
        ("schema: 'x\n", ["p.yaml:1:10: YAML cannot be parsed: found unexpected end of stream (while scanning a quoted scalar)"]),
        ("- a\n", ["p.yaml: a profile is one YAML mapping, not 0"]),
        ("", ["p.yaml: a profile is one YAML mapping, not 0"]),
    ],
)
def test_faults_of_a_profile_have_file_and_line(text: str, errors: list[str]) -> None:
    with pytest.raises(UsageError) as e:
        parse("p.yaml", text.encode())
    assert str(e.value).split("\n") == errors


def test_a_wrong_profile_ends_with_usage(msnet, write) -> None:
    path = write("schema: msnet.profile/1\nlink: [a]\n", "p.yaml")
    run = msnet("check", "--profile", str(path), str(write(CLEAN, "x.yaml")))
    assert run.returncode == 2
    assert f"error: {path}:2: unknown key link; did you mean links?" in run.stderr.decode()
