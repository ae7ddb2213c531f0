"""A bundle gives what the run gave that wrote it, whatever it looked at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import trustme
from bundles import NOW, collected, looked, manifest, members, told, unpacked
from collect.apiserver import kubeconfig, serving, tls
from collect.conftest import build_journal, export, native  # noqa: F401 - fixtures
from conftest import NODE, ROOT

from diagnose.collect.device import Device
from diagnose.collect.files import zstd_module
from diagnose.parse.when import micros

CASES = [json.loads(line) for line in (ROOT / "fixtures" / "texts" / "cases.jsonl").read_text().splitlines()]
EVENTS = """NAMESPACE   LAST SEEN   TYPE      REASON                   OBJECT            MESSAGE
plant       77s         Warning   FailedCreatePodSandBox   pod/press-hmi     Failed to create pod sandbox: cannot find a network-attachment-definition (conveyer-net) in namespace (plant): network-attachment-definitions.k8s.cni.cncf.io "conveyer-net" not found
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Device]:
    """A device: the node's tree, its journal as a native file, and its API server on loopback."""
    folder = tmp_path_factory.mktemp("device")
    authority = trustme.CA()
    with serving(tls(authority, "localhost")) as server:
        server.load(*sorted((NODE / "objects").glob("*.yaml")))
        config = kubeconfig(folder / "kubeconfig", server.url, authority)
        yield Device(root=NODE / "host", kubeconfig=config, journal_dir=folder)


def again(path: Path) -> dict[str, object]:
    """Diagnose a bundle much later: it counts as of the moment at which it was taken."""
    return told(looked([path], now=NOW + timedelta(days=400)))


def test_a_live_run(node: Device, native: Path, tmp_path: Path) -> None:  # noqa: F811
    device = Device(node.root, native.parent, kubeconfig=node.kubeconfig)
    path = tmp_path / "ticket.tar.zst"
    report = collected(device, path)
    assert len(report.findings) > 4
    assert report.attachments
    assert [c.state for c in report.collected] == ["ok"] * 4
    assert again(path) == told(report)
    assert looked([path]).collected == [c._replace(seconds=round(c.seconds, 3)) for c in report.collected]


def test_the_running_node_is_judged_as_of_the_moment_at_which_it_was_taken(tmp_path: Path) -> None:
    """The state of the machine at hand, which changes in a year: its clock, its units, its disks."""
    (tmp_path / "empty").mkdir()
    path = tmp_path / "ticket.tar.zst"
    report = collected(Device(journal_dir=tmp_path / "empty", kubeconfig=tmp_path / "none", timeout=20), path)
    assert manifest(path)["running"] is True
    assert again(path) == told(report)


@pytest.mark.parametrize(
    "names",
    [
        ("journal.export.zst", "objects", "host"),
        ("journal.export.zst",),
        ("objects",),
        ("host",),
    ],
    ids="+".join,
)
def test_saved_evidence(names: tuple[str, ...], tmp_path: Path) -> None:
    report = collected([NODE / n for n in names], tmp_path / "b.tar.zst")
    assert again(tmp_path / "b.tar.zst") == told(report)


def test_a_native_journal(native: Path, tmp_path: Path) -> None:  # noqa: F811
    report = collected([native], tmp_path / "b.tar.zst")
    assert report.findings
    assert again(tmp_path / "b.tar.zst") == told(report)


def test_ages_count_from_the_moment_at_which_the_bundle_was_taken(tmp_path: Path) -> None:
    events = tmp_path / "events.txt"
    events.write_text(EVENTS)
    report = collected([events], tmp_path / "b.tar.zst")
    assert report.findings[0].first == micros(NOW) - 77_000_000
    assert again(tmp_path / "b.tar.zst") == told(report)


def test_what_is_older_was_left_out_and_is_no_blind_spot_of_the_bundle(node: Device, native: Path, tmp_path: Path) -> None:  # noqa: F811
    since = micros(NOW.replace(minute=1, second=0))
    report = collected(Device(node.root, native.parent, kubeconfig=node.kubeconfig, since=since), tmp_path / "b.tar.zst", since=since)
    assert report.findings
    assert not any(g.kind == "journal-late" for g in report.gaps)
    assert again(tmp_path / "b.tar.zst") == told(report)


@pytest.mark.parametrize("case", CASES[::23], ids=lambda c: c["id"])
def test_pasted_text(case: dict[str, str], tmp_path: Path) -> None:
    text = tmp_path / "paste.txt"
    text.write_text(case["text"])
    report = collected([text], tmp_path / "b.tar.zst")
    assert again(tmp_path / "b.tar.zst") == told(report)


def test_words_in_a_member_are_told_once(tmp_path: Path) -> None:
    """What a refused command or an obfuscating tool leaves in a text stands in the first bytes of the bundle as well."""
    text = tmp_path / "events.txt"
    text.write_text('Error from server (Forbidden): events is forbidden: User "x" cannot list resource "events"\nhost0.obfuscateddomain0\n')
    report = collected([text], tmp_path / "b.tar.zst")
    assert [g.kind for g in report.gaps].count("forbidden") == 1
    assert again(tmp_path / "b.tar.zst") == told(report)
    found = looked([tmp_path / "b.tar.zst"]).inputs
    assert [i.obfuscated for i in found if i.kind == "archive"] == [False]


def test_a_bundle_of_a_bundle(tmp_path: Path) -> None:
    first, second = tmp_path / "1.tar.zst", tmp_path / "2.tar.zst"
    report = collected([NODE / "journal.export.zst", NODE / "objects"], first)
    collected([first], second)
    assert [f["rule"] for f in again(second)["findings"]] == [f.rule for f in report.findings]  # type: ignore[index, union-attr]
    assert manifest(second)["taken"] == manifest(first)["taken"]


@pytest.mark.parametrize("above", [False, True], ids=["itself", "the folder around it"])
def test_an_unpacked_bundle(above: bool, tmp_path: Path) -> None:
    report = collected([NODE / "journal.export.zst", NODE / "objects"], tmp_path / "b.tar.zst")
    (tmp_path / "unpacked").mkdir()
    folder = unpacked(tmp_path / "b.tar.zst", tmp_path / "unpacked")
    assert again(folder.parent if above else folder) == told(report)


def test_a_bundle_beside_other_evidence_is_evidence_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "b.tar.zst"
    collected([NODE / "journal.export.zst"], path)
    both = looked([path, NODE / "objects"])
    plain = looked([NODE / "journal.export.zst", NODE / "objects"])
    assert [(f.rule, f.subject, f.state, f.count) for f in both.findings] == [(f.rule, f.subject, f.state, f.count) for f in plain.findings]
    assert {i.source for i in both.inputs} >= {str(path), f"{path}!{NODE / 'journal.export.zst'}"}


def test_two_bundles_of_two_nodes_do_not_become_one(tmp_path: Path) -> None:
    for name in ("a", "b"):
        collected([NODE / "journal.export.zst"], tmp_path / f"{name}.tar.zst")
    report = looked([tmp_path / "a.tar.zst", tmp_path / "b.tar.zst"])
    both = {str(tmp_path / "a.tar.zst"), str(tmp_path / "b.tar.zst")}
    assert {i.source.partition("!")[0] for i in report.inputs} == both
    assert {e.source.partition("!")[0] for f in report.findings for e in f.evidence} == both


def test_of_a_run_beside_other_evidence_nothing_is_restored(tmp_path: Path) -> None:
    collected(Device(root=NODE / "host", timeout=20), tmp_path / "b.tar.zst")
    assert len(looked([tmp_path / "b.tar.zst"]).collected) == 4
    assert looked([tmp_path / "b.tar.zst", NODE / "objects"]).collected == []


class TestMembers:
    def test_what_makes_up_the_node_is_there_as_it_was_read(self, tmp_path: Path) -> None:
        collected(Device(root=NODE / "host", timeout=20), tmp_path / "b.tar.zst")
        found = {p.partition("/")[2].partition("/")[2]: data for p, data in members(tmp_path / "b.tar.zst").items() if p.startswith("inputs/")}
        for name in ("etc/microshift/config.yaml", "etc/crio/crio.conf", "etc/cni/net.d/00-multus.conf"):
            assert found[name] == (NODE / "host" / name).read_bytes()

    def test_what_commands_print_is_there(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        program = tmp_path / "microshift"
        program.write_text("#!/bin/sh\necho 'MicroShift Version: 4.20.0'\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
        collected(Device(journal_dir=tmp_path, kubeconfig=tmp_path / "none", timeout=20), tmp_path / "b.tar.zst")
        assert b"MicroShift Version: 4.20.0\n" in [data for p, data in members(tmp_path / "b.tar.zst").items() if p.endswith("/microshift version")]

    def test_what_holds_no_credentials_is_there_as_it_was_read(self, tmp_path: Path) -> None:
        collected([NODE / "host"], tmp_path / "b.tar.zst")
        found = {p: data for p, data in members(tmp_path / "b.tar.zst").items() if p.startswith("inputs/")}
        config = next(data for p, data in found.items() if p.endswith("/etc/microshift/config.yaml"))
        assert config == (NODE / "host" / "etc" / "microshift" / "config.yaml").read_bytes()

    def test_a_kubeconfig_is_left_out(self, tmp_path: Path) -> None:
        file = tmp_path / "etc" / "cni" / "net.d" / "multus.d" / "multus.kubeconfig"
        file.parent.mkdir(parents=True)
        file.write_text("clusters:\n- cluster: {server: 'https://a:6443'}\nusers:\n- user: {token: hunter2}\n")
        collected([tmp_path / "etc"], tmp_path / "b.tar.zst")
        assert manifest(tmp_path / "b.tar.zst")["left_out"] == [{"source": str(file), "why": "holds credentials"}]
        assert b"hunter2" not in b"".join(members(tmp_path / "b.tar.zst").values())

    def test_binary_data_is_left_out(self, tmp_path: Path) -> None:
        (tmp_path / "core").write_bytes(bytes(range(256)) * 9)
        collected([tmp_path / "core"], tmp_path / "b.tar.zst")
        assert manifest(tmp_path / "b.tar.zst")["left_out"] == [{"source": str(tmp_path / "core"), "why": "binary data, not understood"}]
        assert not any(p.startswith("inputs/") for p in members(tmp_path / "b.tar.zst"))

    def test_a_journal_is_kept_whole_only_where_that_is_wanted(self, native: Path, node: Device, tmp_path: Path) -> None:  # noqa: F811
        device = Device(node.root, native.parent)
        collected(device, tmp_path / "b.tar.zst")
        collected(device, tmp_path / "full.tar.zst", full=True)
        entries = zstd_module().decompress((NODE / "journal.export.zst").read_bytes()).count(b"__CURSOR=")
        assert not any("journal" in p for p in members(tmp_path / "b.tar.zst"))
        whole = next(data for p, data in members(tmp_path / "full.tar.zst").items() if "journal" in p).splitlines()
        assert entries == len(whole) == 777
        assert json.loads(whole[0])["_HOSTNAME"] == "microshift-edge01"
        assert again(tmp_path / "full.tar.zst")["findings"] == again(tmp_path / "b.tar.zst")["findings"]

    def test_a_native_file_is_kept_whole_as_json(self, native: Path, tmp_path: Path) -> None:  # noqa: F811
        collected([native], tmp_path / "b.tar.zst", full=True)
        (kept,) = [data for p, data in members(tmp_path / "b.tar.zst").items() if p.endswith("/node.journal.jsonl")]
        assert [json.loads(line)["_HOSTNAME"] for line in kept.splitlines()] == ["microshift-edge01"] * 777

    @pytest.mark.parametrize("name", ["journal.export", "journal.json", "big.log"])
    def test_large_inputs_are_kept_whole_where_that_is_wanted(self, name: str, tmp_path: Path) -> None:
        raw = {
            "journal.export": zstd_module().decompress((NODE / "journal.export.zst").read_bytes()),
            "journal.json": b'{"__REALTIME_TIMESTAMP":"1795464042796533","MESSAGE":"a"}\nno JSON\n' * 3,
            "big.log": b"Nov 23 20:00:07 edge microshift[1166]: all is well\n" * 100_000,
        }[name]
        (tmp_path / name).write_bytes(raw)
        collected([tmp_path / name], tmp_path / "b.tar.zst", full=True)
        (kept,) = [data for p, data in members(tmp_path / "b.tar.zst").items() if p.startswith("inputs/")]
        assert kept.count(b"\n") == (raw.count(b"__CURSOR=") or raw.count(b"\n"))
        assert name == "journal.export" or kept == raw
