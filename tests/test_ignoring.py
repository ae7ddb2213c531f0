"""What a user sets aside is counted and named, never lost; what is not quite right sets nothing aside."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import jsonschema
import pytest
from conftest import NODE, ROOT

from diagnose.catalog import Catalog
from diagnose.errors import UsageError
from diagnose.ignoring import Ignore, collect, from_option, read_file

TODAY = date(2026, 11, 23)
NOW = ("--now", "2026-11-23T20:10:00Z")


def entries(*items: str, schema: str = "msnet.ignore/1") -> str:
    return f"schema: {schema}\nignore:\n" + "".join(f"- {i}\n" for i in items)


def entry(rule: str = "nad-not-found", until: str = "2026-12-31", reason: str = "known", target: str = "") -> str:
    return f"{{rule: {rule}, reason: {reason}, until: {until}{f', object: {target}' if target else ''}}}"


@pytest.fixture
def diagnose(msnet):
    """Diagnose the shipped node with options; return the JSON report and the exit code."""

    def run(*options: str) -> tuple[dict, int]:
        done = msnet("diagnose", "--format", "json", *NOW, *options, str(NODE))
        assert done.stderr == b""
        return json.loads(done.stdout), done.returncode

    return run


def subjects(report: dict, rule: str = "nad-not-found") -> tuple[list[str], list[str]]:
    kept = [f["subject"] for f in report["findings"] if f["rule"] == rule]
    return sorted(kept), sorted(i["subject"] for i in report["ignored"] if i["rule"] == rule)


class TestOption:
    def test_a_rule_everywhere(self, diagnose) -> None:
        report, _ = diagnose("--ignore", "nad-not-found")
        kept, ignored = subjects(report)
        assert kept == []
        assert len(ignored) == 3
        assert {(i["origin"], i["reason"], i["until"]) for i in report["ignored"]} == {("--ignore", None, None)}

    @pytest.mark.parametrize("target", ["plant/conveyer-net", "conveyer-net", "plant/press-hmi", "press-hmi"])
    def test_one_nad_or_pod(self, diagnose, target: str) -> None:
        report, _ = diagnose("--ignore", f"nad-not-found={target}")
        kept, ignored = subjects(report)
        assert ignored == ["plant/conveyer-net"]
        assert len(kept) == 2

    @pytest.mark.parametrize("target", ["shop/conveyer-net", "conveyer", "plant/press"])
    def test_another_object(self, diagnose, target: str) -> None:
        report, _ = diagnose("--ignore", f"nad-not-found={target}")
        assert report["ignored"] == []
        assert len(subjects(report)[0]) == 3

    def test_another_rule_of_the_same_object_stays(self, diagnose) -> None:
        report, _ = diagnose("--ignore", "ipam-pool-exhausted=plant/press-hmi")
        assert report["ignored"] == []

    def test_the_nad_of_a_finding_on_a_network(self, diagnose) -> None:
        report, _ = diagnose("--ignore", "ipam-pool-exhausted=plant/valve-net")
        assert [i["rule"] for i in report["ignored"]] == ["ipam-pool-exhausted"]

    def test_what_is_set_aside_does_not_count(self, diagnose) -> None:
        report, code = diagnose()
        assert code == 11
        rules = {f["rule"] for f in report["findings"] if f["severity"] != "info"}
        report, code = diagnose(*(x for r in rules for x in ("--ignore", r)))
        assert code == 0
        assert {i["rule"] for i in report["ignored"]} == rules

    def test_a_finding_with_other_pods_stays(self, msnet) -> None:
        text = "\n".join(
            f'Multus: [plant/{pod}/0b9c3c1a-6d0f-4d0c-9a52-3f7f7f6f5a11:pay]: error adding container to network "pay": no IP addresses available in range set: 10.1.0.2-10.1.0.9'
            for pod in ("press-1", "press-2")
        )

        def found(*options: str) -> tuple[int, int]:
            report = json.loads(msnet("diagnose", "--format", "json", *options, "-", stdin=text).stdout)
            return len(report["findings"]), len(report["ignored"])

        one, two = "ipam-pool-exhausted=plant/press-1", "ipam-pool-exhausted=plant/press-2"
        assert found() == (1, 0)
        assert found("--ignore", one) == (1, 0)
        assert found("--ignore", one, "--ignore", two) == (0, 1)

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("nad-not-fuond", "unknown rule 'nad-not-fuond'"),
            ("nad-not-fuond=plant/x", "did you mean nad-not-found"),
            ("zzz", "`msnet rules` lists them"),
            ("nad-not-found=", "not an object"),
            ("nad-not-found=plant/", "not an object"),
            ("nad-not-found=a/b/c", "not an object"),
        ],
    )
    def test_a_typo_is_wrong_usage(self, msnet, text: str, words: str) -> None:
        run = msnet("diagnose", "--ignore", text, str(NODE))
        assert run.returncode == 2
        assert words in run.stderr.decode()

    def test_rules_of_ones_own_can_be_named(self, msnet, tmp_path: Path) -> None:
        (tmp_path / "r.yaml").write_text(
            "id: plc-lost\nseverity: error\nconfidence: high\nabout: pod\nmessages: ['plc-cni: gateway is lost for good']\ntext: {en: {title: t, cause: c, steps: [], verify: v}}\n"
        )
        line = '[cell/press-1/0b9c3c1a-6d0f-4d0c-9a52-3f7f7f6f5a11:plc]: error adding container to network "plc": plc-cni: gateway is lost for good'
        options = ("--format", "json", "--rules", str(tmp_path))
        assert msnet("diagnose", *options, "-", stdin=line).returncode == 11
        run = msnet("diagnose", *options, "--ignore", "plc-lost=cell/press-1", "-", stdin=line)
        assert [i["rule"] for i in json.loads(run.stdout)["ignored"]] == ["plc-lost"]
        assert run.returncode == 0


class TestFile:
    def test_reason_and_day_stand_in_the_report(self, diagnose, write) -> None:
        path = write(entries(entry(target="plant/conveyer-net"), entry("ipam-pool-exhausted", "never", "small on purpose")), "i.yaml")
        report, _ = diagnose("--ignore-file", str(path))
        assert {(i["rule"], i["reason"], i["until"], i["origin"]) for i in report["ignored"]} == {
            ("nad-not-found", "known", "2026-12-31", f"{path}:3"),
            ("ipam-pool-exhausted", "small on purpose", None, f"{path}:4"),
        }
        assert report["expired"] == []

    @pytest.mark.parametrize(("until", "counts"), [("2026-11-23", True), ("2026-11-22", False)])
    def test_the_last_day_counts_and_the_next_does_not(self, diagnose, write, until: str, counts: bool) -> None:
        path = write(entries(entry(until=until, target="plant/conveyer-net")), "i.yaml")
        report, code = diagnose("--ignore-file", str(path))
        assert len(report["ignored"]) == counts
        assert code == 11
        told = [{"what": "nad-not-found=plant/conveyer-net", "reason": "known", "until": until, "origin": f"{path}:3"}]
        assert report["expired"] == ([] if counts else told)

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            (entries(entry("nad-not-fuond")), "i.yaml:3: unknown rule 'nad-not-fuond'; did you mean nad-not-found?"),
            (entries("{reason: x, until: never}"), "i.yaml:3: rule is missing"),
            (entries("{rule: nad-not-found, until: never}"), "i.yaml:3: reason is missing"),
            (entries("{rule: nad-not-found, reason: ' ', until: never}"), "i.yaml:3: reason is missing"),
            (entries("{rule: nad-not-found, reason: x}"), "i.yaml:3: until must be the last day"),
            (entries(entry(until="soon")), "i.yaml:3: until must be the last day"),
            (entries(entry(until="2026-02-30")), "i.yaml:3: until must be the last day"),
            (entries(entry(target="a/b/c")), "i.yaml:3: object must be namespace/name"),
            (entries(entry(target="a/")), "i.yaml:3: object must be namespace/name"),
            (entries(entry(), entry()[:-1] + ", when: x}"), "i.yaml:4: unknown key when"),
            (entries("just a text"), "i.yaml:3: rule is missing"),
            (entries(schema="msnet.ignore/2"), "i.yaml:1: schema must be msnet.ignore/1"),
            ("schema: msnet.ignore/1\n", "i.yaml:1: ignore must be a list"),
            (entries() + "rules: []\n", "i.yaml:3: unknown key rules"),
            (entries(entry()) + "ignore: []\n", "i.yaml:4: ignore stands twice"),
            ("ignore: [\n", "YAML cannot be parsed"),
            ("", "i.yaml:1: an ignore file is one mapping, not 0"),
        ],
    )
    def test_a_fault_is_told_with_its_line(self, msnet, write, text: str, told: str) -> None:
        run = msnet("diagnose", "--ignore-file", str(write(text, "i.yaml")), str(NODE))
        assert told in run.stderr.decode()
        assert run.returncode == 2

    def test_a_file_that_is_not_there(self, msnet) -> None:
        run = msnet("diagnose", "--ignore-file", "/nonexistent", str(NODE))
        assert (run.returncode, b"cannot be read: no such file" in run.stderr) == (2, True)

    def test_the_file_of_the_system_never_stops_a_run(self, catalog: Catalog, write) -> None:
        path = str(write(entries(entry(), entry("nad-not-foumd"), entry("route-conflict", until="2026-11-01")), "i.yaml"))
        ignores = collect([], None, catalog, TODAY, system=path)
        assert [(e.rule, e.until) for e in ignores.entries] == [("nad-not-found", date(2026, 12, 31))]
        assert [e.what for e in ignores.expired] == ["route-conflict"]
        assert ignores.problems == [(f"{path}:4", "unknown rule 'nad-not-foumd'; did you mean nad-not-found?")]
        assert collect([], None, catalog, TODAY, system=path + "x").entries == []
        assert collect([], str(write(entries(), "other.yaml")), catalog, TODAY, system=path).entries == []

    def test_good_entries_beside_wrong_ones(self) -> None:
        found, problems = read_file("f", entries(entry("lost"), entry(target="web")).encode(), {"nad-not-found"})
        assert found == [Ignore("nad-not-found", "", "web", "known", date(2026, 12, 31), "f:4")]
        assert problems == [("f:3", "unknown rule 'lost'; `msnet rules` lists them")]


POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: {name}
  namespace: plant
  annotations:
    k8s.v1.cni.cncf.io/networks: a b
    msnet.io/ignore: {rules}
"""
NAD = """\
apiVersion: k8s.cni.cncf.io/v1
kind: NetworkAttachmentDefinition
metadata: {{name: press, namespace: plant, annotations: {{msnet.io/ignore: '{rules}'}}}}
spec: {{config: '{{'}}
"""


class TestAnnotation:
    def run(self, msnet, write, text: str) -> dict:
        return json.loads(msnet("diagnose", "--format", "json", str(write(text, "o.yaml"))).stdout)

    def test_on_the_pod(self, msnet, write) -> None:
        report = self.run(msnet, write, POD.format(name="press-1", rules="'nad-not-found , annotation-invalid-format'"))
        assert report["findings"] == []
        assert [(i["rule"], i["origin"]) for i in report["ignored"]] == [("annotation-invalid-format", "msnet.io/ignore of Pod plant/press-1")]

    def test_not_on_another_pod(self, msnet, write) -> None:
        report = self.run(msnet, write, POD.format(name="press-1", rules="annotation-invalid-format") + "---\n" + POD.format(name="press-2", rules="''"))
        assert [a["name"] for f in report["findings"] for a in f["affected"]] == ["press-2"]
        assert len(report["ignored"]) == 1

    def test_on_the_nad(self, msnet, write) -> None:
        report = self.run(msnet, write, NAD.format(rules="nad-config-invalid-json"))
        assert (report["findings"], [i["subject"] for i in report["ignored"]]) == ([], ["plant/press"])
        assert len(self.run(msnet, write, NAD.format(rules="nad-not-found"))["findings"]) == 1

    def test_a_typo_is_told(self, msnet, write) -> None:
        report = self.run(msnet, write, NAD.format(rules="nad-config-invalid-jsom"))
        assert len(report["findings"]) == 1
        assert report["not_checked"] == [
            {
                "rule": "NetworkAttachmentDefinition plant/press",
                "reason": "msnet.io/ignore: unknown rule 'nad-config-invalid-jsom'; did you mean nad-config-invalid-json, nad-config-invalid-field, nad-chain-invalid?",
            }
        ]


class TestCheck:
    def found(self, msnet, *arguments: str) -> tuple[list[str], dict[str, int], str]:
        run = msnet("check", "--format", "json", *arguments)
        report = json.loads(run.stdout)
        return [d["rule"] for d in report["diagnostics"]], report["ignored"], run.stderr.decode()

    def test_annotation(self, msnet, write) -> None:
        path = str(write(NAD.format(rules="nad-config-invalid-json"), "nad.yaml"))
        assert self.found(msnet, path) == ([], {"nad-config-invalid-json": 1}, "")
        path = str(write(NAD.format(rules="nad-not-found"), "nad.yaml"))
        assert self.found(msnet, path)[:2] == (["nad-config-invalid-json"], {})

    def test_annotation_of_a_pod_template(self, msnet, write) -> None:
        meta = "metadata: {name: d, namespace: plant, annotations: {k8s.v1.cni.cncf.io/networks: '[{', msnet.io/ignore: annotation-invalid-json}}"
        template = f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: d, namespace: plant}}\nspec: {{template: {{{meta}}}}}\n"
        assert self.found(msnet, str(write(template, "d.yaml"))) == ([], {"annotation-invalid-json": 1}, "")

    def test_file_and_rules(self, msnet, write, tmp_path: Path) -> None:
        path = str(write(NAD.format(rules=""), "nad.yaml"))
        (tmp_path / "rules").mkdir()
        rule = tmp_path / "rules" / "r.yaml"
        rule.write_text("id: nad-config-invalid-json\nseverity: info\n")
        assert msnet("check", path).returncode == 11
        assert msnet("check", "--rules", str(tmp_path / "rules"), path).returncode == 0
        rule.write_text("id: nad-config-invalid-json\nsilence: true\nreason: x\n")
        assert self.found(msnet, "--rules", str(tmp_path / "rules"), path)[:2] == ([], {"nad-config-invalid-json": 1})
        file = str(write(entries(entry("nad-config-invalid-json", "never"), entry(until="2020-01-01")), "i.yaml"))
        found, ignored, said = self.found(msnet, "--ignore-file", file, path)
        assert (found, ignored) == ([], {"nad-config-invalid-json": 1})
        assert said == f"no longer ignored: nad-not-found (2020-01-01, {file}:4)\n"


class TestReport:
    def test_json_follows_the_schema(self, diagnose, write) -> None:
        path = write(entries(entry(), entry("ipam-pool-exhausted", "2026-01-01")), "i.yaml")
        report, _ = diagnose("--ignore-file", str(path))
        assert report["ignored"]
        assert report["expired"]
        jsonschema.Draft202012Validator(json.loads((ROOT / "docs" / "report-1.schema.json").read_text())).validate(report)

    @pytest.mark.parametrize("form", ["terminal", "markdown"])
    def test_texts_name_and_count(self, msnet, write, form: str) -> None:
        path = write(entries(entry(), entry("ipam-pool-exhausted", "2026-01-01")), "i.yaml")
        out = msnet("diagnose", "--format", form, *NOW, "--ignore-file", str(path), str(NODE)).stdout.decode()
        flat = " ".join(out.split()).replace("*", "")
        assert "3 ignored" in flat
        assert "ignored: nad-not-found (3)" in flat
        assert "no longer ignored: ipam-pool-exhausted (2026-01-01, " in flat
        assert 'NAD "conveyer-net"' not in flat

    def test_nothing_ignored_is_not_told(self, msnet) -> None:
        out = msnet("diagnose", *NOW, str(NODE)).stdout.decode()
        assert "ignored" not in out

    def test_verify_hides_nothing(self, msnet, write) -> None:
        path = write(NAD.format(rules="nad-config-invalid-json"), "o.yaml")
        assert msnet("verify", "nad-config-invalid-json", str(path)).returncode == 11


def test_an_option_without_an_object_is_every_object() -> None:
    assert from_option("a=b/c", {"a"}) == Ignore("a", "b", "c", origin="--ignore")
    assert from_option("a", {"a"}) == Ignore("a", origin="--ignore")
    with pytest.raises(UsageError):
        from_option("b", {"a"})
