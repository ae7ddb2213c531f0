"""Links in archives and folders: what sos kept the end of is read under its own name, once; links that lead out are only names."""

from __future__ import annotations

import io
import lzma
import os
import tarfile
from pathlib import Path

import pytest

from collect.test_archive import JOURNAL, found, link, log, tar, zipped
from diagnose.collect import layout

ROOT = "sosreport-edge"
ONE = [("cni-plugin-missing", "cam-1")]
CRIO = f"{ROOT}/sos_commands/crio/journalctl_--no-pager_--unit_crio"
MESSAGES = f"{ROOT}/var/log/messages"
TAILED = {
    # name of what was kept, link to it: sos sos/report/plugins/__init__.py (add_copy_spec, _collect_cmd_output)
    CRIO: (f"{ROOT}/sos_strings/crio/journalctl_--no-pager_--unit_crio.tailed", "../../sos_strings/crio/journalctl_--no-pager_--unit_crio.tailed"),
    MESSAGES: (f"{ROOT}/sos_strings/logs/var.log.messages.tailed", "../../sos_strings/logs/var.log.messages.tailed"),
}


def tree(tmp_path: Path, members: dict[str, bytes], links: dict[str, str]) -> Path:
    for name, data in members.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    for name, target in links.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).symlink_to(target)
    return tmp_path / ROOT


@pytest.mark.parametrize(
    ("name", "original"),
    [
        ("r/sos_strings/auditd/var.log.audit.audit.log.tailed", "r/var/log/audit/audit.log"),
        ("r/sos_strings/logs/var.log.journal.tailed", "r/var/log/journal"),
        ("sos_strings/logs/var.log.messages.tailed", "var/log/messages"),
        ("r/sos_strings/container_log/var.log.containers.a_b_c-0.log.tailed", "r/var/log/containers/a_b_c-0.log"),
        ("r/sos_strings/microshift/journalctl_--no-pager_--unit_microshift.tailed", "r/sos_commands/microshift/journalctl_--no-pager_--unit_microshift"),
        ("r/sos_strings/networking/namespaces/x/ip.tailed", "r/sos_commands/networking/namespaces/x/ip"),
        ("r/sos_strings/crio/note", ""),
        ("r/xsos_strings/crio/note.tailed", ""),
        ("r/sos_commands/crio/x.tailed", ""),
    ],
)
def test_where_a_file_stood_that_sos_kept_the_end_of(name: str, original: str) -> None:
    assert layout.original(name) == original


@pytest.mark.parametrize("name", TAILED)
@pytest.mark.parametrize("form", ["folder", "link first", "link last", "no link", "zip"])
def test_what_sos_kept_the_end_of_is_read_once_under_its_own_name(name: str, form: str, tmp_path: Path, write, report) -> None:
    kept, target = TAILED[name]
    end = (kept, log("cam-1"))
    if form == "folder":
        path = tree(tmp_path, dict([end]), {name: target})
    elif form == "zip":
        path = write(zipped(end), "x.zip")
    else:
        members = {"link first": (link(name, target), end), "link last": (end, link(name, target)), "no link": (end,)}[form]
        path = write(lzma.compress(tar(*members)), "x.tar.xz")
    seen = report(path)
    (finding,) = seen.findings
    assert (found(seen), finding.count) == (ONE, 1)
    assert finding.evidence[0].source == (str(tmp_path / name) if form == "folder" else f"{path}!{name}")
    (gap,) = [g for g in seen.gaps if g.kind == "tailed"]
    assert (dict(gap.values), gap.hides) == ({"what": finding.evidence[0].source}, True)


def test_the_link_knows_better_than_the_name(write, report) -> None:
    kept = f"{ROOT}/sos_strings/x/var.log.odd.name.log.tailed"
    seen = report(write(tar(link(f"{ROOT}/var/log/odd/name.log", "../../../sos_strings/x/var.log.odd.name.log.tailed"), (kept, log("cam-1"))), "x.tar"))
    assert seen.findings[0].evidence[0].source.endswith(f"!{ROOT}/var/log/odd/name.log")


def test_a_whole_log_is_not_called_cut(write, report) -> None:
    assert not any(g.kind == "tailed" for g in report(write(tar((JOURNAL, log("cam-1"))), "x.tar")).gaps)


def test_many_are_told_in_one_gap(tmp_path: Path, report) -> None:
    path = tree(tmp_path, {f"{ROOT}/sos_strings/logs/var.log.log{n}.tailed": log("cam-1") for n in range(9)}, {})
    (gap,) = [g for g in report(path).gaps if g.kind == "tailed"]
    assert (dict(gap.values)["what"].count(ROOT), dict(gap.values)["what"][-5:]) == (5, ", ...")


def test_a_link_within_a_folder_is_but_another_name(tmp_path: Path, report) -> None:
    # sos puts such links into its root: `date`, `ip_addr`, `installed-rpms`
    path = tree(tmp_path, {JOURNAL: log("cam-1")}, {f"{ROOT}/a-link": JOURNAL.removeprefix(f"{ROOT}/"), f"{ROOT}/sos_commands/z/back": "../../.."})
    assert [i.source for i in report(path).inputs] == [str(tmp_path / JOURNAL)]


def test_a_link_to_a_secret_opens_none(tmp_path: Path, report) -> None:
    path = tree(
        tmp_path, {f"{ROOT}/namespaces/plant/core/secrets.yaml": log("cam-2"), JOURNAL: log("cam-1")}, {f"{ROOT}/note": "namespaces/plant/core/secrets.yaml"}
    )
    seen = report(path)
    assert (found(seen), len(seen.inputs)) == (ONE, 1)


def test_links_that_lead_out_of_a_folder_are_named_and_not_followed(tmp_path: Path, report) -> None:
    (tmp_path / "outside.log").write_bytes(log("cam-2"))
    links = {f"{ROOT}/{n}.log": "../outside.log" for n in range(5)}
    path = tree(
        tmp_path,
        {JOURNAL: log("cam-1")},
        {**links, f"{ROOT}/abs": str(tmp_path / "outside.log"), f"{ROOT}/dangling": "nowhere", f"{ROOT}/loop": "loop", f"{ROOT}/up": "../.."},
    )
    seen = report(path)
    assert found(seen) == ONE
    (gap,) = [g for g in seen.gaps if g.kind == "unreadable"]
    assert gap.reason == f"{path}/0.log, {path}/1.log, {path}/2.log and 3 more: leads out of the folder {path}, and was not followed"


def test_a_folder_of_dangling_links_holds_nothing(tmp_path: Path, report) -> None:
    path = tree(tmp_path, {}, {f"{ROOT}/a": "nowhere", f"{ROOT}/b": "/nonexistent/x"})
    assert [g.reason for g in report(path).gaps] == [f"{path}: the folder holds no files"]


def test_a_folder_that_is_a_link_itself_is_read(tmp_path: Path, report) -> None:
    tree(tmp_path, {JOURNAL: log("cam-1")}, {"here": ROOT})
    assert found(report(tmp_path / "here")) == ONE


@pytest.mark.parametrize("target", ["/etc/shadow", "../../../../etc/shadow", "x" * 5000, "", ".", "a/../../b", "\x00", "sos_strings/crio/x.tailed"])
def test_any_target_is_only_a_name(target: str, write, report) -> None:
    info = link(f"{ROOT}/a", target)
    seen = report(write(tar(info, (JOURNAL, log("cam-1")), fmt=tarfile.GNU_FORMAT), "x.tar"))
    assert (found(seen), len(seen.inputs)) == (ONE, 2)


def test_only_so_many_links_are_remembered(write, report) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        for n in range(12_000):
            t.addfile(link(f"{ROOT}/{n}", f"sos_strings/crio/{n}.tailed"))
        for name, data in ((f"{ROOT}/sos_strings/crio/11999.tailed", log("cam-1")), (f"{ROOT}/sos_strings/crio/1.tailed", log("cam-2"))):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    seen = report(write(out.getvalue(), "x.tar"))
    assert [os.path.basename(i.source) for i in seen.inputs if "!" in i.source] == ["1", "11999"]
    assert {i.source.rpartition("!")[2] for i in seen.inputs if "!" in i.source} == {f"{ROOT}/1", f"{ROOT}/sos_commands/crio/11999"}
