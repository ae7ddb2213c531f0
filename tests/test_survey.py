"""What a report shows of the node itself: short at a terminal, whole in Markdown and JSON, and by what two reports are compared."""

from __future__ import annotations

import json
import string
from dataclasses import asdict

import jsonschema
import pytest
from conftest import ROOT
from nodefacts import AT, D, conf, crio, fact, filesystem, node, unit

from diagnose.compare import compare
from diagnose.lang import EN, JA
from diagnose.model import NodeSeen, Report, Resource
from diagnose.node import Node
from diagnose.render import json_v1, markdown, terminal
from diagnose.survey import facts, survey


def report(*resources: Resource) -> Report:
    seen = Node()
    for r in resources:
        seen.hold(r)
    return Report("0.1.0", "abc", AT, [], [], [], [], node=survey(seen), facts=facts(seen))


def section(text: str, heading: str) -> list[str]:
    """Return the lines beneath the heading of a terminal's report."""
    lines = text.splitlines()
    at = next((n for n, x in enumerate(lines) if x.endswith(f"  {heading}")), len(lines))
    return [x.strip() for x in lines[at + 1 :]]


def shown(found: Report, catalog, language: str = "en") -> list[str]:
    return section(terminal.render(found, catalog, language, width=120, color=False, quiet=False, unicode=True), {"en": "node", "ja": "ノード"}[language])


def test_a_healthy_node_takes_three_lines(catalog) -> None:
    assert shown(report(*node()), catalog) == [
        "MicroShift 4.19.7, microshift-multus 4.19.7, cri-o 1.32.1",
        "CRI-O's default network: multus-cni-network (set by 12-microshift-multus.conf)",
        "Multus: 00-multus.conf, written 2026-11-23T09:00:00Z, delegates ovn-kubernetes",
        "",
    ]


def test_what_is_not_as_it_should_be_is_shown_too(catalog) -> None:
    off = fact("TimeSync", "clock", {"synchronized": False, "by": "chronyd"})
    dead = unit("crio.service", "failed", "failed")
    found = report(*node(clock=off, crio_unit=dead, disks=filesystem("/var", 5)))
    assert shown(found, catalog)[2:] == [
        "not running: crio.service failed (failed)",
        "/var: 95 % of 100.0 GiB used, 5.0 GiB and 900 of 1000 inodes free",
        "clock: not synchronised (chronyd)",
        "",
    ]
    assert shown(found, catalog, "ja")[2:] == [
        "動作していません: crio.service failed (failed)",
        "/var: 100.0 GiB のうち 95 % を使用、空き 5.0 GiB、空き inode 900 / 1000",
        "時刻: 同期していません (chronyd)",
        "",
    ]


def test_nothing_known_nothing_said(catalog) -> None:
    assert shown(report(), catalog) == []
    assert "## node" not in markdown.render(report(), catalog, "en")


@pytest.mark.parametrize("language", ["en", "ja"])
def test_markdown_and_json_hold_everything(catalog, language: str) -> None:
    found = report(*node())
    body = json_v1.as_mapping(found, catalog, language)
    jsonschema.validate(body, json.loads((ROOT / "docs" / "report-1.schema.json").read_text(encoding="utf-8")))
    kinds = [x["kind"] for x in body["node"]]
    assert kinds == [s.kind for s in found.node]
    assert set(kinds) == {
        "versions", "config", "crio-network", "confs", "multus-conf", "kubeconfig", "plugins", "units", "filesystem", "filesystem-bytes", "memory", "inotify",
        "selinux", "clock",
    }  # fmt: skip
    page = markdown.render(found, catalog, language)
    lines = page.partition(f"## {(EN if language == 'en' else JA).node}\n\n")[2].partition("\n\n")[0].splitlines()
    assert len(lines) == len(kinds)
    assert any("expires: token 2026-11-23T17:00:00Z" in x or "有効期限: token 2026-11-23T17:00:00Z" in x for x in lines)


def test_a_hostile_name_cannot_break_the_page(catalog) -> None:
    hostile = conf("00-multus.conf", {"name": "multus-cni-network", "type": "multus", "delegates": [{"name": "\x1b[2J[x](y)\n# z"}]})
    text = markdown.render(report(hostile), catalog, "en")
    assert "\\\\x1b\\[2J\\[x\\](y) \\# z" in text
    assert "\x1b" not in text


def test_both_languages_know_the_same_names() -> None:
    for kind, english in EN.node_seen.items():
        assert {f for _, f, _, _ in string.Formatter().parse(english) if f} == {f for _, f, _, _ in string.Formatter().parse(JA.node_seen[kind]) if f}, kind
    assert EN.node_seen.keys() == JA.node_seen.keys()


@pytest.mark.parametrize("lacking", sorted({r.kind for r in node()}))
def test_every_kind_of_fact_may_be_missing(catalog, lacking: str) -> None:
    shown(report(*(r for r in node() if r.kind != lacking)), catalog)


def test_an_unnamed_network(catalog) -> None:
    assert f"CRI-O's default network: the first file in {D}" in shown(report(*node(crio=crio("", ""))), catalog)


def test_two_reports_are_compared_by_it() -> None:
    before = report(*node())
    after = report(*node(version=fact("MicroshiftVersion", "4.20.1", {}), crio=crio("ovn-kubernetes", "/etc/crio/crio.conf.d/99-site.conf"), selinux=None))
    differ = compare(asdict(before), asdict(after)).facts
    assert [tuple(d) for d in differ] == [
        ("crio", "cni_default_network", "multus-cni-network", "ovn-kubernetes"),
        ("microshift", "version", "4.19.7", "4.20.1"),
    ]  # SELinux was not looked at the second time: no difference


def test_sizes_that_say_nothing() -> None:
    seen = Node()
    seen.hold(fact("Filesystem", "/proc", {"size": 0, "free": 0, "inodes": 0, "inodes_free": 0}))
    assert survey(seen) == []


def test_a_name_without_content_is_still_shown() -> None:
    found = report(conf("00-multus.conf", None))
    assert [(s.kind, s.values["time"]) for s in found.node if isinstance(s, NodeSeen)] == [("multus-conf", "2026-11-23T09:00:00Z")]
