"""Secrets and names go, findings stay: on every labelled text, on the sample, and on what is planted."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from conftest import NODE, NOW, ROOT
from evidence import NETWORKS, nad, pod

from diagnose.bundle.cleaner import Plain
from diagnose.catalog import Catalog
from diagnose.collect.evidence import Evidence, Options
from diagnose.literals import plan
from diagnose.model import Report, Resource, Where
from diagnose.redact.redactor import Redactor
from diagnose.scan import Scanner

CASES = [json.loads(line) for line in (ROOT / "fixtures" / "texts" / "cases.jsonl").read_text().splitlines()]
KEY = bytes(range(32))


@pytest.fixture
def redactor(catalog: Catalog) -> Redactor:
    return Redactor(KEY, [m.template.text for m in catalog.messages])


def learned(redactor: Redactor, catalog: Catalog, *paths: Path) -> None:
    for item in Evidence(Scanner(plan(catalog)), Options(NOW, UTC)).read([str(p) for p in paths]):
        redactor.learn(item)


def told(report: Report) -> list[tuple[Any, ...]]:
    return sorted((f.rule, f.state, f.severity, f.confidence, f.count, f.first or 0, f.last or 0) for f in report.findings)


def redacted_copy(redactor: Redactor, source: Path, target: Path) -> None:
    for path in [source] if source.is_file() else sorted(p for p in source.rglob("*") if p.is_file()):
        made = target / redactor.text(str(path.relative_to(source.parent)))
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_text(redactor.text(path.read_text()))


@pytest.mark.parametrize("part", range(12))
def test_evidence_without_names_gives_the_same_findings(part: int, report, catalog: Catalog, redactor: Redactor, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    for case in CASES[part::12]:
        (plain / f"{case['id']}.txt").write_text(case["text"])
    before = report(plain)
    learned(redactor, catalog, plain)
    for case in CASES[part::12]:
        redactor.learn_text(case["text"])
    redacted_copy(redactor, plain, tmp_path / "made")
    assert len(before.findings) > 5
    assert told(report(tmp_path / "made")) == told(before)
    assert told(redactor.report(before)) == told(before)
    # What was replaced is nowhere left.
    left = {
        name
        for path in (tmp_path / "made").rglob("*.txt")
        for name in redactor.names.seen
        if re.search(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", path.read_text())
    }
    assert left == set()


def test_the_sample_without_names_gives_the_same(report, catalog: Catalog, redactor: Redactor, tmp_path: Path) -> None:
    from diagnose.collect.files import open_input

    plain = tmp_path / "plain"
    plain.mkdir()
    opened = open_input(str(NODE / "journal.export.zst"))
    (plain / "journal.export").write_bytes(opened.stream.read())
    opened.stream.close()
    sources = [plain, NODE / "objects", NODE / "host"]
    before = report(*sources)
    learned(redactor, catalog, *sources)
    for source in sources:
        redacted_copy(redactor, source, tmp_path / "made")
    after = report(tmp_path / "made")
    assert told(after) == told(before)
    assert len(before.findings) > 5
    rows = [sorted((t.multus, t.have, t.rule, tuple((r.state, r.differs) for r in t.rows)) for t in r.attachments) for r in (before, after)]
    assert rows[0] == rows[1]
    assert [sorted(str((p.size, p.free, len(p.leases))) for p in r.pools) for r in (before,)] == [
        sorted(str((p.size, p.free, len(p.leases))) for p in after.pools)
    ]
    assert sorted((c.kind, c.state) for c in before.checks) == sorted((c.kind, c.state) for c in after.checks)
    text = "".join(p.read_text() for p in (tmp_path / "made").rglob("*") if p.is_file())
    # The host of this sample is called microshift-edge01; the pods and NADs are of its plant.
    assert not re.findall(r"(?<![A-Za-z0-9])(?:plant|microshift-edge01|conveyor|conveyer|historian|label-printer)(?![A-Za-z0-9])", text)


SECRETS = ["hUnter2-Gr33n77", "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJlLXNpZ25hdHVyZQ", "s3cr3t-t0ken-value"]


def test_secrets_of_every_record_go_wherever_they_stand_again(catalog: Catalog, redactor: Redactor, report, write) -> None:
    text = (
        f"Nov 23 20:00:01 edge07 microshift[1]: Authorization: Bearer {SECRETS[1]}\n"
        f'Nov 23 20:00:02 edge07 microshift[1]: kubelet E1123 "Error" err="failed to pull: password={SECRETS[0]}" pod="plant/cam"\n'
        f"Nov 23 20:00:03 edge07 microshift[1]: the value {SECRETS[0]} is refused, and {SECRETS[1]}\n"
    )
    redactor.learn_text(text)
    made = redactor.text(text)
    assert not any(s in made for s in SECRETS)
    assert made.count("\n") == text.count("\n")
    assert redactor.counts["secret"] == 4


def test_an_id_may_be_a_secret(redactor: Redactor) -> None:
    secret, sandbox, uid = "9" * 40 + "ab" * 12, "cd" * 32, "66bff467-7722-4c80-9c81-b7f4e34ce225"
    text = f"token={secret} sandbox {sandbox} of {uid} at 2026-11-23T20:00:01.5Z, 20:00:02, took 1.234567s"
    assert redactor.text(text) == text.replace(secret, "[removed:token]")
    assert redactor.text(text) == redactor.text(text)
    redactor.learn_text(text)
    assert redactor.text(f"{sandbox} and {secret}") == f"{sandbox} and [removed:secret]"


def test_what_differs_in_ids_and_times_alone_comes_out_as_it_went_in(redactor: Redactor) -> None:
    redactor.learn_text("namespace: plant")
    for n in range(3):
        text = f'Nov 23 20:00:0{n} edge crio[1]: time="2026-11-23T20:00:0{n}.{n}5Z" plant {n}f{"a" * 30} {n}6bff467-7722-4c80-9c81-b7f4e34ce225 fd00:12:34:{n}6::1 52:54:00:12:34:5{n}'
        made = redactor.text(text)
        assert made[: made.index("ns-x1")] == text[: text.index("plant")]
        assert f"{n}6bff467-7722-4c80-9c81-b7f4e34ce225" in made
        assert f"52:54:00:12:34:5{n}" not in made
        assert made == Redactor(KEY, [], redactor.names.seen).text(text)


@pytest.mark.parametrize("cleaner", ["redactor", "plain"])
def test_a_neighbour_tells_a_short_secret(cleaner: str, redactor: Redactor) -> None:
    body = {"env": [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "MODE", "value": "x"}], "list": ["--password=abc12"]}
    change = redactor.value if cleaner == "redactor" else Plain().value
    made = change(body)
    assert made["env"][0]["value"] == "[removed:password]"
    assert made["env"][1] == {"name": "MODE", "value": "x"}
    assert "abc12" not in made["list"][0]


def test_names_and_addresses_in_base64_go_with_it(redactor: Redactor) -> None:
    redactor.learn_text("namespace: plant")
    plain = [b"the namespace is plant", b"address: 192.168.20.7 and so on", b"nothing of interest in it"]
    runs = [base64.b64encode(x).decode() for x in plain]
    assert redactor.text(f"a: {runs[0]} b: {runs[1]} c: {runs[2]}") == f"a: [removed:base64] b: [removed:base64] c: {runs[2]}"


def test_order_stays_within_the_widest_network_of_a_nad(redactor: Redactor) -> None:
    redactor.learn(Resource("NetworkAttachmentDefinition", "plant", "lan", nad("lan", subnet="10.0.0.0/8"), Where("f")))
    made = [ip_address(redactor.text(f"10.{n}.0.1")) for n in range(0, 256, 5)]
    assert made == sorted(made)


def objects(*bodies: dict[str, Any]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(bodies)})


def test_a_nad_s_config_keeps_its_form(report, catalog: Catalog, redactor: Redactor, write) -> None:
    body = nad("ot-lan", subnet="10.20.0.0/16", start="10.20.1.5", end="10.20.9.7", gateway="10.20.0.1", password=SECRETS[0], namespace="plant")
    path = write(objects(body), "objects.json")
    learned(redactor, catalog, path)
    made = json.loads(redactor.text(path.read_text()))["items"][0]
    assert SECRETS[0] not in json.dumps(made)
    config = json.loads(made["spec"]["config"])
    (pool,) = config["ipam"]["ranges"][0]
    assert pool["subnet"].endswith("/16")
    assert pool["rangeStart"] < pool["rangeEnd"]
    assert made["metadata"] == {"name": "nad-x1", "namespace": "ns-x1"}


def test_what_is_wrong_with_addresses_is_still_wrong(report, catalog: Catalog, redactor: Redactor, write, tmp_path: Path) -> None:
    bodies = [
        nad("outside", subnet="10.20.0.0/24", start="10.21.0.5"),
        nad("backwards", subnet="10.0.0.0/8", start="10.200.0.1", end="10.1.0.1"),
        pod("cam", "outside@net1,backwards", phase="Pending"),
    ]
    path = write(objects(*bodies), "objects.json")
    before = report(path)
    learned(redactor, catalog, path)
    made = write(redactor.text(path.read_text()), "made.json")
    assert told(report(made)) == told(before)
    assert {f.rule for f in before.findings} == {"ipam-invalid-range"}


def test_marks_stand_beneath_what_they_marked(report, redactor: Redactor, write) -> None:
    found = report(write(objects(nad("a-lan"), nad("b-lan"), pod("camera-seven", "a-lan b-lan", phase="Pending")), "objects.json"))
    redactor.learn_report(found)
    (text,) = [e.text for f in redactor.report(found).findings for e in f.evidence if "^" in e.text and NETWORKS in e.text]
    line, mark = text.split("\n")[:2]
    marked = line[mark.index("^") : mark.rindex("^") + 1]
    assert re.fullmatch(r"[a-z]+-x1 [a-z]+-x2", marked)


def test_images_of_private_registries_and_domains(redactor: Redactor) -> None:
    text = (
        "pulling registry.acme-corp.com:5000/vision/reader:1.2 and quay.io/openshift/origin-multus-cni:4.18 and docker.io/library/nginx:1 "
        "from edge07.berlin.acme-corp.com, edge07.plant.lan, https://berlin.acme-corp.com/x, k8s.v1.cni.cncf.io/networks, github.com/k8snetworkplumbingwg/multus-cni, "
        "alice@acme-corp.com, microshift.service, crio.conf, kubelet.go:2724, br-ex.rules"
    )
    redactor.learn_text(text)
    made = redactor.text(text)
    assert not re.search("acme|vision|reader|berlin|plant|alice|edge07", made)
    for kept in (
        "quay.io/openshift/origin-multus-cni:4.18",
        "docker.io/library/nginx:1",
        "k8s.v1.cni.cncf.io/networks",
        "github.com/k8snetworkplumbingwg/multus-cni",
        "microshift.service, crio.conf, kubelet.go:2724, br-ex.rules",
        ":5000/",
        ".lan",
        "https://",
    ):
        assert kept in made
    host = re.search(r"from (\S+),", made)
    assert host
    assert made.count(host[1].split(".", 1)[1]) >= 2  # the host's domain is the address's


def test_the_host_is_learned_before_the_first_line_is_replaced(redactor: Redactor) -> None:
    for text in ("edge07 is up", "name edge07.acme-corp.com"):
        redactor.learn_text(text)
    assert "edge07" not in redactor.text("edge07 is up")


def test_words_of_ours_stay_whatever_a_namespace_is_called(report, redactor: Redactor, write, catalog: Catalog) -> None:
    from diagnose.render import json_v1, markdown, terminal

    text = 'Nov 23 20:00:01 edge07 microshift[1]: kubelet E1123 pod="active/error" err="cannot find a network-attachment-definition (high) in namespace (active)"\n'
    found = report(write(text))
    redactor.learn_report(found)
    made = redactor.report(found)
    assert told(made) == told(found)
    body = json.loads(json_v1.render(made, catalog, "en"))
    assert body["redacted"] == made.redacted
    assert "redacted" in markdown.render(made, catalog, "en")
    assert "REDACTED" in terminal.render(made, catalog, "en", width=100, color=False, quiet=False, unicode=True, everything=False)


@pytest.mark.parametrize("path", ["/home/alice/acme/ticket-77", "/home/alice/acme/ticket-77/", "../acme/ticket-77"])
def test_where_the_inputs_lie_is_nobody_s_business(redactor: Redactor, path: str) -> None:
    redactor.hide_folders([path, "plain.txt", "/", "a/b"])
    assert redactor.text(f"{path.rstrip('/')}/journal.txt:7 and data/b, a/b") == "ticket-77/journal.txt:7 and data/b, b"


def test_the_name_of_a_sos_report(redactor: Redactor) -> None:
    redactor.learn_text("sosreport-edge07-case0815-2026-11-23-pypponv.tar.xz!x")
    assert redactor.text("sosreport-edge07-case0815-2026-11-23-pypponv/etc") == "sosreport-host-x1-2026-11-23-pypponv/etc"


def test_twice_is_the_same_as_once(redactor: Redactor) -> None:
    text = 'pod="plant/cam-7c9d8b5f6-x2x4z" at edge07.acme-corp.com password=hunter2-hunter2 image registry.acme-corp.com/a/b:1'
    redactor.learn_text(text)
    once = redactor.text(text)
    redactor.learn_text(once)
    again = redactor.text(once)
    assert again.replace("image-x1", "").replace("image-x2", "") == once.replace("image-x1", "").replace("image-x2", "")


def test_a_report_that_was_not_to_be_redacted_says_nothing(report, redactor: Redactor, write) -> None:
    found = report(write("error dialing DHCP daemon: dial unix /run/cni/dhcp.sock: connect: connection refused\n", "a.txt"))
    assert found.redacted is None
    assert redactor.report(found).redacted is not None
