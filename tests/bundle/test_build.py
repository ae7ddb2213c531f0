"""What a bundle is made of: its manifest, the same bytes for the same evidence, less where there is no room, nothing that was not cleaned."""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import re
import tarfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from bundles import NOW, built, collected, looked, manifest, members
from conftest import NODE, ROOT

from diagnose import catalog as catalogs
from diagnose.bundle.build import Bundle, build
from diagnose.bundle.cleaner import Cleaner
from diagnose.bundle.pack import PACKERS
from diagnose.collect.capture import Capture, path_of
from diagnose.collect.device import Device
from diagnose.errors import MsnetError
from diagnose.model import Report

SCHEMA = jsonschema.Draft202012Validator(json.loads((ROOT / "docs" / "bundle-1.schema.json").read_text()))
EVIDENCE = [NODE / "journal.export.zst", NODE / "objects", NODE / "host"]


@pytest.fixture(scope="module")
def captured() -> Capture:
    found = Capture()
    looked(EVIDENCE, keep=found)
    return found


@pytest.fixture
def bundle(captured: Capture) -> Bundle:
    return built(captured, looked(EVIDENCE))


def packed(found: Bundle, suffix: str = ".tar.zst") -> bytes:
    out = io.BytesIO()
    found.write(out, suffix)
    return out.getvalue()


def opened(raw: bytes, path: Path) -> Path:
    path.write_bytes(raw)
    return path


class TestManifest:
    def test_it_keeps_its_schema_whatever_was_looked_at(self, tmp_path: Path) -> None:
        for number, evidence in enumerate((EVIDENCE, [tmp_path / "none"], [ROOT / "README.md"], Device(root=NODE / "host", timeout=20))):
            path = tmp_path / f"{number}.tar.zst"
            collected(evidence, path)
            SCHEMA.validate(manifest(path))
            assert next(iter(members(path))) == "manifest.json"

    def test_the_schema_allows_nothing_else(self, bundle: Bundle, tmp_path: Path) -> None:
        body = manifest(opened(packed(bundle), tmp_path / "b.tar.zst"))
        for key in body:
            assert not SCHEMA.is_valid({k: v for k, v in body.items() if k != key}), key
            assert not SCHEMA.is_valid({**body, key: 5.5}), key
        assert not SCHEMA.is_valid({**body, "more": 1})

    def test_it_names_every_other_member_with_its_bytes(self, bundle: Bundle, tmp_path: Path) -> None:
        path = opened(packed(bundle), tmp_path / "b.tar.zst")
        found = members(path)
        listed = manifest(path)["members"]
        assert [m["path"] for m in listed] == list(found)[1:]
        assert [(m["bytes"], m["sha256"]) for m in listed] == [(len(d), hashlib.sha256(d).hexdigest()) for d in list(found.values())[1:]]
        assert list(found)[:5] == ["manifest.json", "evidence/resources.jsonl", "evidence/records.jsonl", "report.json", "report.md"]

    def test_it_tells_the_run_in_short(self, bundle: Bundle, tmp_path: Path) -> None:
        body = manifest(opened(packed(bundle), tmp_path / "b.tar.zst"))
        assert (body["host"], body["taken"], body["redaction"]) == ("microshift-edge01", "2026-11-23T20:10:00Z", "UNREDACTED")
        assert body["usable"] is True
        assert body["findings"][0] == {"rule": "nad-not-found", "subject": "plant/conveyer-net", "severity": "error", "state": "active", "count": 3}

    def test_the_report_is_the_one_of_the_run(self, bundle: Bundle, tmp_path: Path) -> None:
        found = members(opened(packed(bundle), tmp_path / "b.tar.zst"))
        assert json.loads(found["report.json"])["schema"] == "msnet.report/1"
        assert b"conveyer-net" in found["report.md"]


class TestBytes:
    def test_the_same_evidence_gives_the_same(self, tmp_path: Path) -> None:
        for name in ("a", "b"):
            collected(EVIDENCE, tmp_path / name, full=True)
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()

    @pytest.mark.parametrize("suffix", PACKERS)
    def test_every_kind_of_archive_holds_the_same(self, suffix: str, bundle: Bundle, tmp_path: Path) -> None:
        raw = packed(bundle, suffix)
        assert packed(bundle, suffix) == raw
        report = looked([opened(raw, tmp_path / f"b{suffix}")])
        assert [f.subject for f in report.findings] == [f.subject for f in looked(EVIDENCE).findings]

    def test_members_tell_nothing_of_who_wrote_them(self, bundle: Bundle) -> None:
        with tarfile.open(fileobj=io.BytesIO(lzma.decompress(packed(bundle, ".tar.xz")))) as archive:
            assert {(m.mode, m.uid, m.gid, m.uname, m.gname, m.mtime) for m in archive} == {(0o644, 0, 0, "", "", NOW.timestamp())}
            assert {m.name.partition("/")[0] for m in archive} == {"msnet-microshift-edge01-20261123T201000Z"}


class TestFit:
    def test_what_has_room_is_left_as_it_is(self, bundle: Bundle) -> None:
        raw = packed(bundle)
        bundle.fit(len(raw), ".tar.zst")
        assert packed(bundle) == raw
        assert bundle.limits == []

    @pytest.mark.parametrize("share", [0.98, 0.9, 0.75, 0.6])
    def test_it_is_never_larger_than_asked(self, share: float, bundle: Bundle, tmp_path: Path) -> None:
        size = int(len(packed(bundle)) * share)
        bundle.fit(size, ".tar.zst")
        raw = packed(bundle)
        assert len(raw) <= size
        body = manifest(opened(raw, tmp_path / "b.tar.zst"))
        SCHEMA.validate(body)
        assert body["limits"] == bundle.limits != []
        report = looked([tmp_path / "b.tar.zst"])
        assert {f.rule for f in report.findings} >= {"nad-config-invalid-json"}
        less = any(g.reason.startswith("the bundle holds less than was seen: ") for g in report.gaps)
        assert less == (bundle.limits != ["report.html"])

    def test_inputs_go_before_records_and_old_ones_before_new_ones(self, bundle: Bundle) -> None:
        size = len(packed(bundle))
        told: list[str] = []
        with pytest.raises(MsnetError, match="is too small") as caught:  # noqa: PT012
            while size := size * 9 // 10:
                bundle.fit(size, ".tar.zst")
                told += bundle.limits
        assert re.fullmatch(r"--max-size \d+k", caught.value.hint)
        kinds = list(dict.fromkeys(re.sub(r"\d[\d,]*", "N", x) for x in told))
        assert kinds[:2] == ["report.html", "N of N inputs, the largest first"]
        assert kinds[-1] == "report.md"
        assert kinds.index("N of N records: of one shape the first and the newest N are left") < kinds.index("N of N records, the oldest first")

    def test_the_newest_records_stay(self, bundle: Bundle, tmp_path: Path) -> None:
        before = members(opened(packed(bundle), tmp_path / "a.tar.zst"))["evidence/records.jsonl"].splitlines()
        bundle.fit(int(len(packed(bundle)) * 0.5), ".tar.zst")
        left = members(opened(packed(bundle), tmp_path / "b.tar.zst"))["evidence/records.jsonl"].splitlines()
        assert 0 < len(left) < len(before)
        assert left[-1] == before[-1]
        assert [x for x in before if x in set(left)] == left

    def test_what_cannot_be_told_in_that_size_is_an_error(self, bundle: Bundle) -> None:
        with pytest.raises(MsnetError, match="a bundle of 300 bytes is too small"):
            bundle.fit(300, ".tar.zst")


class Renaming:
    """Replaces the names of the plant, as a cleaner does."""

    state = "redacted"

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.learnt: list[str] = []

    def learn(self, captured: Capture, report: Report) -> None:  # noqa: ARG002
        self.learnt += captured.texts()
        self.learnt += [r.raw for r in captured.records()]
        self.learnt += [json.dumps(r.body, default=str) for r in captured.resources]

    def text(self, text: str) -> str:
        found, n = re.subn("plant|microshift-edge01|fixtures|5e0c47b2a91d4d66b3f8127e6a54c90d", "anon", text)
        self.counts["name"] += n
        return found

    def value(self, value: Any) -> Any:
        return json.loads(self.text(json.dumps(value)))

    def report(self, report: Report) -> Report:
        return replace(report, findings=[], paths=[], inputs=[], gaps=[], attachments=[], timeline=[], unexplained=[], node=[], checks=[], pools=[], facts={})


class TestCleaning:
    @pytest.fixture
    def cleaned(self, tmp_path: Path) -> tuple[Path, Renaming, Report]:
        cleaner = Renaming()
        typed: Cleaner = cleaner
        captured = Capture(full=True)
        log = tmp_path / "plant.log"
        log.write_text("Nov 23 20:00:07 edge microshift[1166]: plant\n" * 100_000)
        (tmp_path / "plant.json").write_text('{"__REALTIME_TIMESTAMP":"1795464042796533","MESSAGE":"pl\\u0061nt"}\n')
        evidence = [*EVIDENCE, log, tmp_path / "plant.json", tmp_path / "plant-is-not-there"]
        report = looked(evidence, keep=captured)
        typed.learn(captured, report)
        found = build(captured, report, catalogs.load(), typed, "en")
        return opened(packed(found), tmp_path / "b.tar.zst"), cleaner, report

    def test_nothing_comes_in_that_was_not_cleaned(self, cleaned: tuple[Path, Renaming, Report]) -> None:
        for path, data in members(cleaned[0]).items():
            text = json.dumps([json.loads(x) for x in data.splitlines()]) if path.endswith("jsonl") else data.decode()
            assert not re.search(r"plant|microshift-edge01|fixtures|pl\\u0061nt|5e0c47b2a91d4d66b3f8127e6a54c90d", text), path
            assert not re.search("plant|fixtures", path)
        assert manifest(cleaned[0])["host"] == "anon"

    def test_the_manifest_says_so(self, cleaned: tuple[Path, Renaming, Report]) -> None:
        body = manifest(cleaned[0])
        SCHEMA.validate(body)
        assert body["redaction"] == "redacted"
        assert body["replaced"]["name"] > 100

    def test_it_is_diagnosed_as_the_evidence_was(self, cleaned: tuple[Path, Renaming, Report]) -> None:
        wanted = [(f.rule, f.subject.replace("plant", "anon"), f.state, f.count) for f in cleaned[2].findings]
        assert [(f.rule, f.subject, f.state, f.count) for f in looked([cleaned[0]]).findings] == wanted

    def test_the_cleaner_saw_all_of_it_before(self, cleaned: tuple[Path, Renaming, Report]) -> None:
        learnt = "\n".join(cleaned[1].learnt)
        for text in ("plant.log", "conveyer-net", "baseDomain: edge01.plant.example", "microshift[1166]: plant", '"kind": "NetworkAttachmentDefinition"'):
            assert text in learnt, text


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("/etc/microshift/config.yaml", "etc/microshift/config.yaml"),
        ("a.tar!sos_commands/x", "sos_commands/x"),
        ("../../etc/passwd", "etc/passwd"),
        ("a\\..\\b", "a/b"),
        ("api:/api/v1/x?container=a&previous=true", "api_/api/v1/x_container=a_previous=true"),
        ("", "input"),
        ("..", "input"),
        ("-", "-"),
        ("a\0b\n", "a_b_"),
        ("x" * 300, "x" * 200),
    ],
)
def test_an_inputs_name_is_a_path_within_the_bundle(name: str, path: str) -> None:
    assert path_of(name) == path


def test_deep_paths_stay_short() -> None:
    assert len(path_of("/".join(["x" * 100] * 50))) <= 800


def test_a_resource_that_cannot_be_written_is_left_out_and_told(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)]
    (tmp_path / "pod.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: bomb, namespace: shop}\nspec:\n" + "".join(f"  {x}\n" for x in lines))
    collected([tmp_path / "pod.yaml"], tmp_path / "b.tar.zst")
    body: dict[str, Any] = manifest(tmp_path / "b.tar.zst")
    assert body["left_out"] == [{"source": str(tmp_path / "pod.yaml"), "why": "Pod: more than 500000 values"}]
