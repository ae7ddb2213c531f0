"""Rules of the user's own: what they may do, what is told of a wrong one, and that it never harms the others."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
import yaml
from conftest import NODE, ROOT

from diagnose import user_rules
from diagnose.commands import only_reads
from diagnose.lint import Bench
from diagnose.template import Template, canonical, fold

PLC = """\
id: plc-gateway-lost
severity: error
confidence: high
about: pod
messages:
  - say: 'plc-cni: gateway {gateway} of cell {cell} does not answer'
    in: [chain, crio]
steps:
  - {run: 'ping -c3 {gateway}', effect: read-only}
verify: 'oc -n {namespace} get pod {pod}'
text:
  en:
    title: 'PLC gateway {gateway} does not answer'
    cause: 'The controller of cell {cell} is off.'
    steps: ['Ping the gateway.']
    verify: 'The pod runs.'
---
- match: 'plc-cni: gateway 10.1.1.1 of cell 3 does not answer'
  captures: {gateway: 10.1.1.1, cell: 3}
- clean: 'plc-cni: gateway 10.1.1.1 of cell 3 answers again'
  why: 'It is back.'
"""
LINE = 'Multus: [cell/press-1/0b9c3c1a-6d0f-4d0c-9a52-3f7f7f6f5a11:plc]: error adding container to network "plc": plc-cni: gateway 10.1.1.1 of cell 3 does not answer'


@pytest.fixture
def folder(tmp_path: Path):
    """Write rule files to a folder and return its path."""

    def make(**files: str | bytes) -> str:
        home = tmp_path / "rules"
        home.mkdir(exist_ok=True)
        for name, text in files.items():
            path = home / f"{name.replace('__', '/')}.yaml"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(home)

    return make


def load(*folders: str) -> user_rules.Loaded:
    return user_rules.load_all(folders, system="")


def problems(*folders: str) -> list[str]:
    return [f"{os.path.basename(p.where)}: {p.text}" for p in load(*folders).catalog.problems]


def changed(text: str, /, **changes: object) -> str:
    """Return rule text with some of its keys replaced (None: left out), its samples kept."""
    rule, _, samples = text.partition("\n---\n")
    body = {**yaml.safe_load(rule), **changes}
    return yaml.safe_dump({k: v for k, v in body.items() if v is not None}, sort_keys=False) + "---\n" + samples


class TestAdded:
    def test_it_is_found_explained_and_listed(self, msnet, folder) -> None:
        home = folder(plc=PLC)
        report = json.loads(msnet("diagnose", "--format", "json", "--rules", home, "-", stdin=LINE).stdout)
        (found,) = report["findings"]
        assert (found["rule"], found["title"]) == ("plc-gateway-lost", "PLC gateway 10.1.1.1 does not answer")
        assert found["cause"] == "The controller of cell 3 is off."
        assert found["steps"][0]["command"] == "ping -c3 10.1.1.1"
        assert report["not_checked"] == []
        assert b"rule: plc-gateway-lost" in msnet("unwrap", "--rules", home, LINE).stdout
        page = msnet("explain", "plc-gateway-lost", "--rules", home).stdout.decode()
        assert "plc-cni: gateway {gateway} of cell {cell} does not answer" in page
        assert f"{home}/plc.yaml" in page
        listing = msnet("rules", "--rules", home).stdout.decode().splitlines()
        assert len(listing) == 68
        assert listing[-1].startswith("plc-gateway-lost")

    def test_without_its_folder_it_does_not_exist(self, msnet) -> None:
        assert msnet("explain", "plc-gateway-lost").returncode == 2
        found = json.loads(msnet("diagnose", "--format", "json", "-", stdin=LINE).stdout)["findings"]
        assert [f["rule"] for f in found] == ["sandbox-network-failed"]

    def test_one_language_speaks_for_both(self, folder) -> None:
        rule = load(folder(plc=PLC)).catalog.by_id["plc-gateway-lost"]
        assert rule.text["ja"] == rule.text["en"]
        only = {"text": {"ja": yaml.safe_load(PLC.partition("\n---\n")[0])["text"]["en"]}}
        rule = load(folder(plc=changed(PLC, **only))).catalog.by_id["plc-gateway-lost"]
        assert rule.text["en"].title == "PLC gateway {gateway} does not answer"

    def test_a_subfolder_is_the_area(self, folder) -> None:
        rules = load(folder(plc=PLC, ipam__plc=PLC.replace("plc-gateway-lost", "plc-pool").replace("gateway {", "pool {"))).catalog.by_id
        assert (rules["plc-gateway-lost"].area, rules["plc-pool"].area) == ("user", "ipam")

    def test_the_digest_names_the_set(self, folder, catalog) -> None:
        with_one = load(folder(plc=PLC)).catalog.digest
        assert with_one != catalog.digest
        assert load(folder(plc=PLC.replace("is off", "is on"))).catalog.digest != with_one
        assert load().catalog.digest == catalog.digest

    def test_the_folder_of_the_system_needs_no_option(self, folder) -> None:
        home = folder(plc=PLC)
        assert "plc-gateway-lost" in user_rules.load(system=home).by_id
        assert "plc-gateway-lost" not in user_rules.load(system=home + "-none").by_id

    def test_shipped_rules_stay_as_they_are(self, folder, catalog) -> None:
        rules = load(folder(plc=PLC)).catalog.rules
        assert rules[:-1] == catalog.rules


class TestChanged:
    def test_severity_and_words(self, msnet, folder) -> None:
        home = folder(pool="id: ipam-pool-exhausted\nseverity: info\ntext:\n  en: {title: 'Valve pool empty, as wanted'}\n")
        run = msnet("diagnose", "--format", "json", "--rules", home, "--rule", "ipam-pool-exhausted", str(NODE))
        (found,) = json.loads(run.stdout)["findings"]
        assert (found["severity"], found["title"]) == ("info", "Valve pool empty, as wanted")
        assert run.returncode == 0

    def test_a_cause_that_is_only_informed_of_still_has_its_symptoms(self, msnet, folder) -> None:
        def rules(*options: str) -> set[str]:
            return {f["rule"] for f in json.loads(msnet("diagnose", "--format", "json", *options, str(NODE)).stdout)["findings"]}

        home = folder(pool="id: ipam-pool-exhausted\nseverity: info\n")
        assert rules("--rules", home) == rules()

    def test_the_worst_still_comes_first(self, msnet, folder) -> None:
        home = folder(all="".join(f"---\nid: {x}\nseverity: info\n" for x in ("nad-not-found", "annotation-invalid-format", "nad-config-invalid-json")))
        found = json.loads(msnet("diagnose", "--format", "json", "--rules", home, str(NODE)).stdout)["findings"]
        order = [("error", "warning", "info").index(f["severity"]) for f in found]
        assert order == sorted(order)
        assert found[0]["rule"] == "ipam-pool-exhausted"

    def test_new_steps_bring_their_words(self, folder) -> None:
        home = folder(
            nad="id: nad-not-found\nsteps:\n- {run: 'oc get pods -A', effect: read-only}\ntext:\n  ja: {steps: ['見る。']}\n",
        )
        rule = load(home).catalog.by_id["nad-not-found"]
        assert problems(home) == []
        assert [s.run for s in rule.steps] == ["oc get pods -A"]
        assert (rule.text["en"].steps, rule.text["ja"].steps) == (("見る。",), ("見る。",))
        assert rule.messages

    def test_a_rule_of_ones_own_may_be_changed_from_another_file(self, folder) -> None:
        home = folder(a="id: plc-gateway-lost\nseverity: warning\n", plc=PLC)
        assert problems(home) == []
        rule = load(home).catalog.by_id["plc-gateway-lost"]
        assert (rule.severity, len(rule.messages)) == ("warning", 1)
        assert rule.origin.endswith("plc.yaml")


class TestSilenced:
    def test_its_findings_are_counted_and_named(self, msnet, folder) -> None:
        home = folder(quiet="id: nad-not-found\nsilence: true\nreason: the line is rebuilt\n")
        run = msnet("diagnose", "--format", "json", "--rules", home, "--rule", "nad-not-found", str(NODE))
        report = json.loads(run.stdout)
        assert report["findings"] == []
        assert {(i["rule"], i["reason"], i["origin"]) for i in report["ignored"]} == {("nad-not-found", "the line is rebuilt", f"{home}/quiet.yaml:2")}
        assert len(report["ignored"]) == 3
        assert run.returncode == 0


class TestWrong:
    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("id: nad-not-fuond\nsilence: true\nreason: x\n", "x.yaml:1: unknown rule 'nad-not-fuond'; did you mean nad-not-found?"),
            ("id: nad-not-found\nsilence: true\n", "x.yaml:1: reason is missing: a report names it beside what was silenced"),
            ("id: nad-not-found\nreason: x\nsilence: yes please\n", "x.yaml:3: silence must be true; without it the rule speaks"),
            ("id: nad-not-found\nsilence: true\nreason: x\nseverity: info\n", "x.yaml:4: severity means nothing beside silence"),
            ("id: nad-not-found\nseverity: fatal\n", "x.yaml:2: severity must be one of error, warning, info"),
            ("id: nad-not-found\nabout: pod\nseverity: info\n", "x.yaml:2: about cannot be changed; what can: "),
            ("id: nad-not-found\n", "x.yaml:1: changes nothing of nad-not-found: "),
            ("# mine\nid: nad-not-found\nmessages: ['a b c d e f g h']\n", "x.yaml:2: nad-not-found is a rule that msnet ships; its messages cannot be replaced"),
            ("id: my-own\nseverity: info\n", "x.yaml:1: unknown rule 'my-own'; a rule of its own needs messages"),
            ("severity: info\n", "x.yaml:1: neither a rule (id is missing) nor a sample (match or clean)"),
            ("id: x\n  y: [\n", "x.yaml:2: YAML cannot be parsed: mapping values are not allowed in this context"),
            (changed(PLC, id="Plc_1"), "x.yaml:1: id must be lower-case words joined by hyphens"),
            (changed(PLC, severity=None), "x.yaml:1: severity is missing"),
            (changed(PLC, colour="red"), "x.yaml:21: unknown keys: colour"),
            (changed(PLC, grace="soon"), "x.yaml:21: grace must be a number of seconds"),
            (changed(PLC, key=5), "x.yaml:21: key must be a list of texts"),
            (changed(PLC, refs=[["x"]]), "x.yaml:21: refs must be a list of texts"),
            (changed(PLC, explains=["x"]), "x.yaml:21: explains must be a mapping"),
            (changed(PLC, messages="x"), "x.yaml:5: messages must be a list"),
            (changed(PLC, messages=[]), "x.yaml:5: messages are missing"),
            (changed(PLC, messages=["lost {a}{b} for ever"]), "x.yaml:6: message 1: two gaps touch"),
            (changed(PLC, messages=[{"say": "lost for ever", "in": ["moon"]}]), "x.yaml:7: message 1: unknown input moon"),
            (changed(PLC, messages=["lost for ever", "abc"]), "x.yaml:7: message 2: fewer than 8 letters and digits"),
            (changed(PLC, messages=["aaaaaaaa{x}bbbbbbbb"]), "x.yaml:6: message 1: no whole word of 3 letters or digits between its gaps"),
            (changed(PLC, messages=["{x} a bb cccccccc{y}dd"]), "x.yaml:6: message 1: no whole word of 3 letters or digits between its gaps"),
            (changed(PLC, messages=["plc " + "x" * 1000]), "x.yaml:6: message 1: longer than 1000 characters"),
            (changed(PLC, messages=["plc " + " a {}" * 13 + " lost"]), "x.yaml:6: message 1: longer than 1000 characters, or more than 12 gaps"),
            (changed(PLC, steps=[{"run": "rm -rf /var/lib/cni", "effect": "read-only"}]), "x.yaml:11: step 1 is called read-only, but its command is not known"),
            (changed(PLC, steps=[{"run": "cat x | sudo tee /etc/y", "effect": "read-only"}]), "x.yaml:11: step 1 is called read-only"),
            (changed(PLC, verify="oc delete pod {pod}"), "x.yaml:13: verify must only read"),
            (changed(PLC, verify="echo \x1b[2J"), "a command, guide or reference holds a control character"),
            (PLC.replace("is off.'", "is off.'\n    title: again"), "x.yaml:15: title stands twice"),
            (PLC.replace("    title: 'PLC gateway {gateway} does not answer'", '    title: "\\e[31mred"'), "x.yaml:12: text.en holds a control character"),
            (PLC.replace("    verify: 'The pod runs.'\n", ""), "x.yaml:12: text.en.verify is missing"),
        ],
    )  # fmt: skip
    def test_it_is_told_with_its_line(self, folder, text: str, told: str) -> None:
        home = folder(x=text, plc=changed(PLC, id="still-there"))
        found = problems(home)
        assert any(told in p for p in found), found
        # Nothing of the wrong rule is used, and everything else is.
        rules = load(home).catalog
        assert set(rules.by_id) == {r.id for r in user_rules.shipped().rules} | {"still-there"}
        assert rules.by_id["nad-not-found"] == user_rules.shipped().by_id["nad-not-found"]
        assert rules.silenced == ()

    def test_the_report_names_it_and_goes_on(self, msnet, folder) -> None:
        home = folder(bad=changed(PLC, severity="fatal"), good=changed(PLC, id="still-there"))
        run = msnet("diagnose", "--format", "json", "--rules", home, "-", stdin=LINE)
        report = json.loads(run.stdout)
        assert [f["rule"] for f in report["findings"]] == ["still-there"]
        assert report["not_checked"] == [{"rule": "plc-gateway-lost", "reason": f"{home}/bad.yaml:2: severity must be one of error, warning, info"}]
        assert run.returncode == 11
        for form in ("terminal", "markdown"):
            text = msnet("diagnose", "--format", form, "--rules", home, "-", stdin=LINE).stdout.decode()
            assert "severity must be one of" in " ".join(text.split()).replace("\\", "")
        run = msnet("unwrap", "--rules", home, LINE)
        assert b"rule: still-there" in run.stdout
        assert b"bad.yaml:2: severity must be one of" in run.stderr

    def test_files_that_cannot_be_read(self, folder, tmp_path: Path) -> None:
        home = folder(plc=PLC, big="#" * (user_rules.SIZE + 1), utf=b"id: \xff\xfe\xfa", bomb=BOMB)
        os.mkfifo(tmp_path / "rules" / "pipe.yaml")
        (tmp_path / "rules" / "gone.yaml").symlink_to(tmp_path / "nowhere")
        told = problems(home)
        assert any(t.startswith("big.yaml: is larger than 256 KiB") for t in told)
        assert any(t.startswith("pipe.yaml: is no file") for t in told)
        assert any(t.startswith("gone.yaml: cannot be read: no such file") for t in told)
        assert any("utf.yaml:1: UTF-8 cannot be parsed" in t for t in told)
        assert any("bomb.yaml:1: YAML cannot be parsed: excessive aliasing" in t for t in told)
        assert "plc-gateway-lost" in load(home).catalog.by_id

    def test_a_folder_that_is_not_there_is_wrong_usage(self, msnet) -> None:
        run = msnet("diagnose", "--rules", "/nonexistent", "-", stdin=LINE)
        assert run.returncode == 2
        assert b"no such folder of rules: /nonexistent" in run.stderr

    def test_two_files_with_one_id(self, folder) -> None:
        home = folder(a=PLC, b=PLC)
        (told,) = problems(home)
        assert told.startswith("b.yaml:1: plc-gateway-lost is there already, in ")

    def test_messages_of_all_files_are_bounded(self, folder, monkeypatch) -> None:
        monkeypatch.setattr(user_rules, "MESSAGES", 1)
        home = folder(a=PLC, b=changed(PLC, id="plc-two"))
        assert problems(home) == ["b.yaml:5: more than 1 messages in all users' rules together"]

    def test_files_of_a_folder_are_bounded(self, folder, monkeypatch) -> None:
        monkeypatch.setattr(user_rules, "FILES", 1)
        home = folder(a=PLC, b=changed(PLC, id="plc-two"))
        assert problems(home) == ["rules: holds more than 1 files; the first 1 are used"]
        assert "plc-two" not in load(home).catalog.by_id

    def test_a_fault_of_ours_in_one_rule_is_told(self, folder, monkeypatch) -> None:
        def broken(rule: object) -> None:
            raise KeyError(rule.id)  # type: ignore[attr-defined]

        home = folder(a=PLC, b="id: nad-not-found\nsilence: true\nreason: x\n")
        monkeypatch.setattr(user_rules, "_limits", broken)
        assert problems(home) == ["a.yaml:1: cannot be used: KeyError: 'plc-gateway-lost'"]
        assert [s.rule for s in load(home).catalog.silenced] == ["nad-not-found"]


BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{n}: &{n} [*{p},*{p},*{p},*{p},*{p},*{p},*{p},*{p},*{p},*{p}]\n" for p, n in zip("abcdefg", "bcdefgh", strict=True)
)


class TestTime:
    @pytest.mark.parametrize(
        ("template", "line"),
        [
            ("lost {:d}b packets now", "lost " + "b" * 64_000),
            ("a{:d}b packets", "ab" * 32_000),
            ("{}: a{pod}b packets", "a" * 64_000),
            ("{pod} a {network} b packets", ": a " * 16_000),
            ("a{pod}b {nad} c {network} packets", 'ab" b c ' * 8_000),
            ("aaaaaaaaaaaaaaaab packets", "a" * 64_000),
        ],
    )
    def test_a_hostile_line_costs_linear_time(self, template: str, line: str) -> None:
        one = Template(template)
        took: list[float] = []
        for text in (line[: len(line) // 4], line):
            whole = canonical(text)
            low = fold(whole)
            begin = time.process_time()
            one.match(whole, low)
            one.match(whole, low, cut=True)
            took.append(time.process_time() - begin)
        assert took[1] < 0.5
        assert took[1] < 10 * max(took[0], 0.01)

    def test_many_rules_and_a_hostile_log(self, msnet, folder) -> None:
        messages = "\n".join(f"  - 'plc{n} lost {{a}} of {{b}} in cell {{c}}: {{}} x{n}'" for n in range(500))
        home = folder(plc=PLC.replace("  - say: 'plc-cni: gateway {gateway} of cell {cell} does not answer'\n    in: [chain, crio]", messages))
        text = "\n".join("plugin failed (add): " + " ".join(f"plc{n} lost of in cell" for n in range(500)) for _ in range(10))
        begin = time.monotonic()
        assert msnet("diagnose", "--rules", home, "-", stdin=text).stderr == b""
        assert time.monotonic() - begin < 20


class TestAuthors:
    def test_good_rules_have_no_faults(self, msnet, folder) -> None:
        home = folder(plc=PLC)
        for verb, said in (("lint", "1 rules, faults: 0"), ("test", "2 samples, faults: 0")):
            run = msnet("rules", verb, home)
            assert (run.stdout.decode().splitlines()[-1], run.returncode) == (said, 0)
        run = msnet("rules", "test", f"{home}/plc.yaml")
        assert (run.stdout, run.returncode) == (b"2 samples, faults: 0\n", 0)

    def test_the_worked_example_of_the_manual(self, msnet, folder) -> None:
        manual = (ROOT / "docs" / "rules.md").read_text()
        examples = [x.partition("```")[0] for x in manual.split("```yaml\n")[1:]]
        rules = [x for x in examples if x.startswith("id:")]
        assert len(rules) == 3
        home = folder(**{f"rule{n}": text for n, text in enumerate(rules)})
        assert problems(home) == []
        for verb in ("lint", "test"):
            assert msnet("rules", verb, home).returncode == 0

    def test_shipped_rules_have_none_either(self, msnet) -> None:
        assert msnet("rules", "lint").stdout.decode().splitlines()[-1] == "67 rules, faults: 0"
        assert msnet("rules", "test").stdout.decode().splitlines()[-1].endswith("samples, faults: 0")

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            (PLC.replace("The controller of", "The {controller} of"), "x.yaml:11: unknown placeholder {controller}: no message captures it"),
            (PLC.replace("'ping -c3 {gateway}'", "'ping -c3 {gatevay}'"), "unknown placeholder {gatevay}"),
            (changed(PLC, explains={"pod": ["nad-lost"]}), "x.yaml:21: explains an unknown rule: nad-lost"),
            (PLC.replace("PLC gateway {gateway} does", "{gateway} TODO does"), "x.yaml:12: text.en holds TODO"),
            (PLC.replace("PLC gateway {gateway} does", "x" * 111), "x.yaml:13: text.en.title is longer than 110 characters"),
            (
                PLC.replace("    in: [chain, crio]\n", "  - 'plc-cni: cell {cell} is dark'\n"),
                "x.yaml:13: text.en.title uses ['gateway'] outside [[ ]], which not every message captures",
            ),
            (
                PLC.replace("    in: [chain, crio]\n", "    in: [chain, crio]\n  - 'plc-cni: gateway {gateway} of cell {cell} does not answer'\n"),
                "x.yaml:8: message stands twice",
            ),
            (
                PLC.replace("plc-cni: gateway {gateway} of cell {cell} does not answer", "no IP addresses available in range set: {gateway} {cell}", 1),
                "x.yaml:6: message finds ipam-pool-exhausted, not its own rule",
            ),
            (PLC.replace("in: [chain, crio]", "in: [kernel]").replace("plc-cni: gateway {gateway} of cell {cell} does not answer", "plc {gateway} in {cell} lost {value}", 1), "x.yaml:6: nothing looks for the message"),
            (changed(PLC, steps=[{"run": "firewall-cmd --remove-service=dhcp", "effect": "changes-node"}]), "x.yaml:11: erratum E1"),
        ],
    )  # fmt: skip
    def test_lint(self, msnet, folder, text: str, told: str) -> None:
        run = msnet("rules", "lint", folder(x=text))
        assert told in run.stdout.decode()
        assert run.returncode == 11

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            (PLC.replace("- match: 'plc-cni: gateway", "- match: 'plc-cni: gate"), "x.yaml:18: match sample fires no rule: plc-cni: gate"),
            (PLC.replace("- match: 'plc-cni: gateway 10.1.1.1 of cell 3 does not answer'", f"- match: '{LINE.rpartition('plc-cni')[0]}no IP addresses available in range set: 10.1.1.2-10.1.1.3'"), "x.yaml:18: match sample fires ipam-pool-exhausted"),
            (PLC.replace("cell: 3", "cell: 4"), "x.yaml:18: capture cell is '3', not '4'"),
            (PLC.replace("3 answers again", "3 does not answer yet"), "x.yaml:20: clean sample fires: plc-cni"),
            (PLC.replace("  why: 'It is back.'\n", ""), "x.yaml:20: a clean sample needs a why"),
            (PLC.replace("  why: 'It is back.'\n", "  why: x\n  match: y\n"), "x.yaml:22: a sample is either match or clean"),
            (PLC.replace("  why: 'It is back.'\n", "  because: x\n"), "x.yaml:20: a sample has no key because"),
            (PLC.partition("---\n")[0], "x.yaml:6: no match sample fires message 1"),
            (PLC.replace("- clean: 'plc-cni: gateway 10.1.1.1 of cell 3 answers again'", "- clean: 'all is well'"), "x.yaml:6: no clean sample looks like message 1"),
            (PLC.replace("    in: [chain, crio]\n", "    in: [chain, crio]\n  - 'plc-cni: cell {cell} is dark'\n"), "x.yaml:8: no match sample fires message 2"),
            (
                PLC.replace("    in: [chain, crio]\n", "    in: [chain, crio]\n  - 'no IP addresses available in range set: 10.{}-10.{}'\n"),
                "x.yaml:5: plc-gateway-lost takes a sample of ipam-pool-exhausted",
            ),
            ("id: nad-not-found\nseverity: info\n---\n- match: 'all is well'\n", "x.yaml:4: match sample fires no rule"),
        ],
    )  # fmt: skip
    def test_samples(self, msnet, folder, text: str, told: str) -> None:
        run = msnet("rules", "test", folder(x=text))
        assert told in run.stdout.decode()
        assert run.returncode == 11

    def test_what_cannot_be_used_is_a_fault(self, msnet, folder) -> None:
        for verb in ("lint", "test"):
            run = msnet("rules", verb, folder(x=changed(PLC, severity="fatal")))
            assert b"x.yaml:2: severity must be one of" in run.stdout
            assert run.returncode == 11
        assert msnet("rules", "lint", "/nonexistent").returncode == 2

    def test_no_shipped_sample_fires_two_rules(self, catalog) -> None:
        from diagnose.cli_rules import _shipped

        bench = Bench(catalog)
        assert [t for e in _shipped() for t in (*bench.written(e), *bench.tried(e))] == []


@pytest.mark.parametrize(
    "command",
    [
        "oc get pods -A", "oc -n {namespace} describe pod {pod}", "kubectl -n x logs {pod} --previous", "oc auth can-i get pods", "oc -n x exec {pod} -- ip a",
        "oc apply --dry-run=server -f pod.yaml", "oc config view", "sudo ip -d link show {bridge}", "ip route get {ip}", "ip netns exec <netns> ip addr",
        "sudo journalctl -u crio -b -n 200", "sudo crictl ps -a", "sudo crictl inspectp {sandbox}", "sudo crictl -r unix:///x pods", "sysctl net.ipv4.ip_forward",
        "sudo systemctl status crio", "df -h / && df -i /", "oc get x -o yaml | grep -n 'a;b'", "sudo firewall-cmd --zone=trusted --list-all", "sudo iptables -nvL",
        "sudo nsenter -t <pid> -n ip addr", "KUBECONFIG=/x oc get nodes", "curl -sk https://localhost:6443/readyz", "ls /x 2>/dev/null", "timeout 5 ping {ip}",
        "find /var/lib/cni -name '*.0'", "sed -n '1,20p' /etc/crio/crio.conf", "sudo nmcli device status", "oc get pods\noc get nodes", "rpm -q microshift",
        "crictl pods -q | xargs -n1 crictl inspectp", "bridge -d vlan show", "date -u", "sudo ovs-vsctl show", "tcpdump -ni {master} -c 20 port 67",
    ],
)  # fmt: skip
def test_these_only_read(command: str) -> None:
    assert only_reads(command)


@pytest.mark.parametrize(
    "command",
    [
        "", "oc delete pod {pod}", "oc -n get delete pod x", "oc exec {pod} -- rm -rf /", "oc debug node/x", "oc apply -f x", "oc auth reconcile -f x",
        "oc rollout restart ds/x", "oc cluster-info dump --output-directory=/x", "sudo ip link set {bridge} up", "ip addr add 10.0.0.1/8 dev x",
        "ip netns exec x ip link del y", "journalctl --vacuum-size=1G", "journalctl --rotate", "crictl rmp {sandbox}", "crictl exec x rm y", "sysctl -w a=1",
        "sysctl a=1", "systemctl restart crio", "ls; rm x", "ls && reboot", "ls | tee /etc/x", "cat x > /etc/y", "cat $(rm x)", "cat `rm x`", 'echo "$(rm x)"',
        "cat <(rm x)", "ls & rm x", "(rm x)", "firewall-cmd --add-service=dhcp", "firewall-cmd --permanent --zone=x --remove-service=dhcp", "iptables -F",
        "iptables -L -Z", "nsenter -t 1 -n ip link del x", "curl -X POST https://x", "curl -sSo /etc/x https://y", "find / -delete", "find / -exec rm {} +",
        "sed -i s/a/b/ x", "sed -n '1w /etc/x' y", "nmcli con up x", "echo x | xargs rm", "timeout 5 rm x", "date -s 2020-01-01", "date 010100002020",
        "ovs-vsctl show -- del-br br0", "sort -uo x y", "tcpdump -w x", "uniq a b", "ss -K dst x", "dmesg -C", "python3 -c 'x'", "made-up-tool --status",
        "ls 'unclosed", "restorecon -R /etc", "FOO=1", "sudo", "dnf history undo 3", "ls\nrm x", "oc get x -o yaml |& tee y",
    ],
)  # fmt: skip
def test_these_may_change_something(command: str) -> None:
    assert not only_reads(command)
