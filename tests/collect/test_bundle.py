"""Bundles that were damaged, changed, cut short or made by somebody else: what can be read is read, and the rest is a gap."""

from __future__ import annotations

import json
import random
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bundles import collected, looked, members, told, unpacked, written
from nodefacts import AT, MINUTE, kubeconfig, node

from diagnose.collect.files import zstd_module
from diagnose.errors import NoEvidenceError
from diagnose.model import Report
from diagnose.parse import bundle
from diagnose.parse.when import iso
from diagnose.render import json_v1, markdown, terminal

NODE = Path(__file__).parents[2] / "fixtures" / "node"
RECORDS, RESOURCES = "evidence/records.jsonl", "evidence/resources.jsonl"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bundle") / "whole.tar.zst"
    collected([NODE / "journal.export.zst", NODE / "objects", NODE / "host"], path)
    return path


@pytest.fixture
def changed(whole: Path, tmp_path: Path) -> Callable[..., Report]:
    """Diagnose the bundle with some members replaced; None takes one out."""

    def run(**replaced: bytes | None) -> Report:
        names = {"manifest": "manifest.json", "records": RECORDS, "resources": RESOURCES, "markdown": "report.md"}
        found = members(whole)
        for name, data in replaced.items():
            if data is None:
                del found[names[name]]
            else:
                found[names[name]] = data
        return looked([written(found, tmp_path / "changed.tar.zst")])

    return run


def gaps(report: Report) -> list[str]:
    return [g.reason for g in report.gaps if g.kind == "unreadable"]


def rules(report: Report) -> set[str]:
    return {f.rule for f in report.findings}


class TestChanged:
    def test_nothing_was(self, changed: Callable[..., Report], whole: Path) -> None:
        assert told(changed()) == told(looked([whole]))
        assert gaps(changed()) == []

    def test_a_line_of_the_evidence(self, changed: Callable[..., Report], whole: Path) -> None:
        report = changed(records=members(whole)[RECORDS].replace(b"plant/press-hmi", b"plant/press-hmj", 1))
        assert gaps(report) == ["changed after it was written: its sha256 is not the manifest's"]
        assert [g.source.partition("!")[2].partition("/")[2] for g in report.gaps if g.kind == "unreadable"] == [RECORDS]

    def test_the_report(self, changed: Callable[..., Report]) -> None:
        assert gaps(changed(markdown=b"all is well")) == ["changed after it was written: its sha256 is not the manifest's"]

    def test_a_page_that_is_no_evidence_elsewhere(self, whole: Path, tmp_path: Path) -> None:
        found = members(whole)
        body = json.loads(found["manifest.json"])
        body["members"].append({"path": "report.html", "sha256": "0" * 64})
        found["manifest.json"] = json.dumps(body, indent=1).encode()
        report = looked([written(found | {"report.html": b"<p>all is well"}, tmp_path / "b.tar.zst")])
        assert [g.source.rpartition("/")[2] for g in report.gaps if g.kind == "unreadable"] == ["report.html"]

    def test_a_line_that_is_none(self, changed: Callable[..., Report], whole: Path) -> None:
        report = changed(records=b"{broken\n[[[[\n5\n" + members(whole)[RECORDS])
        assert any(g.startswith("3 of its lines cannot be read: ") for g in gaps(report))
        assert "nad-not-found" in rules(report)

    def test_members_that_are_missing(self, changed: Callable[..., Report]) -> None:
        report = changed(records=None)
        assert gaps(report) == [f"the bundle lacks {RECORDS}"]
        assert "nad-config-invalid-json" in rules(report)  # which objects show

    def test_a_resource_that_no_collector_makes(self, changed: Callable[..., Report]) -> None:
        lease = {"kind": "Lease", "namespace": "/var/lib/cni/networks/a", "name": "10.0.0.1", "source": "a", "line": 1, "body": {}}
        with pytest.raises(NoEvidenceError, match="what is in it does not fit together"):
            changed(resources=json.dumps(lease).encode() + b"\n")


def test_of_a_running_node_the_moment_counts_at_which_it_was_taken(changed: Callable[..., Report], whole: Path) -> None:
    """A kubeconfig that expired since the last line of the journal."""
    parts = node(kubeconfig=kubeconfig(ca_expires=AT + MINUTE))
    resources = b"".join(json.dumps(bundle.of_resource(r)).encode() + b"\n" for r in parts)
    body = {**json.loads(members(whole)["manifest.json"]), "taken": iso(AT + 2 * MINUTE), "live": True, "inputs": []}

    def found(**fields: object) -> set[str]:
        return rules(changed(resources=resources, records=b"", manifest=json.dumps({**body, **fields}, indent=1).encode()))

    assert "multus-kubeconfig" in found(running=True)
    assert "multus-kubeconfig" not in found(running=False)
    assert "multus-kubeconfig" not in found(running=True, taken=iso(AT))


class TestManifest:
    def body(self, whole: Path, **fields: Any) -> bytes:
        return json.dumps({**json.loads(members(whole)["manifest.json"]), **fields}, indent=1).encode()

    def test_a_schema_of_later(self, changed: Callable[..., Report], whole: Path) -> None:
        report = changed(manifest=self.body(whole, schema="msnet.bundle/2"))
        assert rules(report) == set()
        assert "is a bundle of schema msnet.bundle/2, and this version reads msnet.bundle/1" in gaps(report)[0]

    def test_fields_of_later_are_no_fault(self, changed: Callable[..., Report], whole: Path) -> None:
        assert gaps(changed(manifest=self.body(whole, weather="fine"))) == []

    @pytest.mark.parametrize("raw", [b'{"schema": "msnet.bundle/1", ', b'{"schema": "msnet.bundle/1", "a": ' + b"[" * 100_000, b'{"schema": "msnet.bundle/1", "a": ' + b"9" * 5000 + b"}"])  # fmt: skip
    def test_one_that_cannot_be_read_takes_nothing_from_the_evidence(self, raw: bytes, changed: Callable[..., Report], whole: Path) -> None:
        report = changed(manifest=raw)
        assert len(gaps(report)) == 1
        assert gaps(report)[0].startswith("the manifest cannot be read: ")
        assert rules(report) == rules(looked([whole]))
        assert {p for i in report.inputs for p in i.programs} >= {"kubelet", "crio", "kind:Pod"}

    @pytest.mark.parametrize(
        "fields",
        [
            {"inputs": 5},
            {"inputs": ["a", None, [], {"source": 5}]},
            {"gaps": [{"kind": "late", "source": "api"}, {"kind": "of-later", "source": "x"}, 5]},
            {"collected": [{"name": "api", "state": "fine"}]},
            {"members": [5, {"path": 5}, {"path": "../../etc/passwd", "sha256": "0"}]},
            {"taken": ["now"], "live": "yes", "limits": [[["x"]]]},
        ],
    )
    def test_wrong_types_are_gaps(self, fields: dict[str, Any], changed: Callable[..., Report], whole: Path, catalog: Any) -> None:
        report = changed(manifest=self.body(whole, **fields))
        assert rules(report) >= {"nad-not-found"}
        for language in ("en", "ja"):
            assert terminal.render(report, catalog, language, width=100, color=False, quiet=False, unicode=True)
            assert markdown.render(report, catalog, language)
            assert json_v1.render(report, catalog, language)

    def test_limits_are_told(self, changed: Callable[..., Report], whole: Path) -> None:
        report = changed(manifest=self.body(whole, limits=["report.html", "3 of 9 records, the oldest first"]))
        assert gaps(report) == ["the bundle holds less than was seen: 3 of 9 records, the oldest first"]

    def test_any_value_may_be_wrong(self, changed: Callable[..., Report], whole: Path, catalog: Any) -> None:
        """Junk at random places of the manifest: a report all the same."""
        chance = random.Random(1)  # noqa: S311
        junk = [None, True, -1, 1 << 70, "x", [], {}, [[]], float("inf"), "9" * 30]

        def spoilt(value: Any) -> Any:
            if isinstance(value, dict) and value:
                key = chance.choice(sorted(value))
                return {**value, key: spoilt(value[key])}
            if isinstance(value, list) and value:
                at = chance.randrange(len(value))
                return [*value[:at], spoilt(value[at]), *value[at + 1 :]]
            return chance.choice(junk)

        body = json.loads(members(whole)["manifest.json"])
        for _ in range(12):
            report = changed(manifest=json.dumps({**spoilt(body), "schema": "msnet.bundle/1"} | {"schema": "msnet.bundle/1"}).encode())
            assert terminal.render(report, catalog, "en", width=100, color=False, quiet=False, unicode=True)


class TestDamaged:
    @pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
    def test_one_that_was_cut_short(self, share: float, whole: Path, tmp_path: Path) -> None:
        raw = whole.read_bytes()
        (tmp_path / "cut.tar.zst").write_bytes(raw[: int(len(raw) * share)])
        report = looked([tmp_path / "cut.tar.zst"])
        assert any("damaged or cut short" in g or "cannot read" in g for g in gaps(report))

    def test_one_that_was_cut_short_behind_the_evidence(self, whole: Path, tmp_path: Path) -> None:
        raw = zstd_module().decompress(whole.read_bytes())
        (tmp_path / "b.tar").write_bytes(raw[: raw.index(b"report.md\0") + 600])
        report = looked([tmp_path / "b.tar"])
        assert told(report)["findings"] == told(looked([whole]))["findings"]
        assert any("damaged or cut short" in g for g in gaps(report))

    def test_one_that_was_packed_again(self, whole: Path, tmp_path: Path) -> None:
        """Its evidence may stand before its manifest then."""
        path = written(dict(sorted(members(whole).items(), key=lambda m: m[0] == "manifest.json")), tmp_path / "b.tar.zst")
        assert list(members(path))[-1] == "manifest.json"
        assert told(looked([path])) == told(looked([whole]))

    def test_one_whose_folder_was_renamed(self, whole: Path, tmp_path: Path) -> None:
        assert told(looked([written(members(whole), tmp_path / "b.tar.zst", "ticket")])) == told(looked([whole]))

    def test_two_in_one_archive(self, whole: Path, tmp_path: Path) -> None:
        with tarfile.open(tmp_path / "two.tar", "w") as archive:
            for name in ("a", "b"):
                archive.add(unpacked(whole, tmp_path / name), f"msnet-{name}-20261123T201000Z")
        report = looked([tmp_path / "two.tar"])
        assert rules(report) == rules(looked([whole]))
        assert {e.source.rpartition("!")[0].partition("!")[2] for f in report.findings for e in f.evidence} == {"", "msnet-b-20261123T201000Z"}
        assert len(report.inputs) == 1 + 2 * len([i for i in looked([whole]).inputs if i.kind != "archive"])

    def test_one_that_was_packed_as_zip(self, whole: Path, tmp_path: Path) -> None:
        folder = unpacked(whole, tmp_path)
        with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
            for file in sorted(folder.rglob("*")):
                archive.write(file, file.relative_to(tmp_path))
        assert told(looked([tmp_path / "b.zip"])) == told(looked([whole]))


class TestUnpacked:
    def test_members_outside_of_the_folder_are_not_read(self, whole: Path, tmp_path: Path) -> None:
        folder = unpacked(whole, tmp_path)
        body = json.loads((folder / "manifest.json").read_text())
        secret = tmp_path / "secret"
        secret.write_text("hunter2")
        body["members"] += [{"path": "../secret"}, {"path": str(secret)}, {"path": "a\0b"}]
        (folder / "manifest.json").write_text(json.dumps(body, indent=1))
        found = gaps(looked([folder]))
        assert [g.partition(": a member outside of the bundle: ")[2] for g in found[:2]] == ["'../secret'", repr(str(secret)[:80])]
        assert len(found) == 3

    def test_a_link_that_leads_out_of_it(self, whole: Path, tmp_path: Path) -> None:
        folder = unpacked(whole, tmp_path)
        shutil.move(folder / RECORDS, tmp_path / "elsewhere")
        (folder / RECORDS).symlink_to(tmp_path / "elsewhere")
        assert any("outside of the bundle" in g for g in gaps(looked([folder])))

    def test_a_file_that_was_changed_or_lost(self, whole: Path, tmp_path: Path) -> None:
        folder = unpacked(whole, tmp_path)
        (folder / RECORDS).unlink()
        (folder / "report.md").write_text("all is well")
        assert gaps(looked([folder])) == ["changed after it was written: its sha256 is not the manifest's", f"the bundle lacks {RECORDS}"]

    def test_its_inputs_can_be_diagnosed_anew(self, whole: Path, tmp_path: Path) -> None:
        folder = unpacked(whole, tmp_path)
        report = looked([folder / "inputs"])
        assert any("00-multus.conf" in i.source and i.kind == "objects" for i in report.inputs)


def test_a_manifest_of_something_else_is_none(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"schemaVersion": 2, "layers": []}')
    (tmp_path / "b.log").write_text('E1123 20:00:07.1 1 a.go:1] Multus: [plant/a/1]: failed to find plugin "vlan" in path [/run/cni/bin]\n')
    assert len(looked([tmp_path]).inputs) == 2
