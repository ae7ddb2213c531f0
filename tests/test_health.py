"""What the node's own state shows to be wrong, each conclusion with the healthy state beside it that looks alike."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import evidence
import pytest
from conftest import NODE
from nodefacts import AT, MINUTE, MULTUS, SHIPPED, UP, D, binaries, conf, config, crio, fact, filesystem, kubeconfig, listing, node, package, unit
from test_diagnosis import MISSING, chain

from diagnose.catalog import Catalog
from diagnose.correlate import findings
from diagnose.engine import Engine
from diagnose.health import Health
from diagnose.model import Finding, InputSeen, Record, Resource, Where
from diagnose.parse.node import of_config
from diagnose.render.words import words
from diagnose.silent import Silent
from diagnose.static import Static
from diagnose.story import Story

PLAIN = json.dumps([evidence.DEFAULT])
BOTH = json.dumps([evidence.DEFAULT, evidence.entry("cell/line", "net1", "10.20.0.7")])


def held(body: dict[str, Any]) -> Resource:
    meta = body["metadata"]
    return Resource(body["kind"], meta.get("namespace", ""), meta["name"], body, Where("objects.json"))


def waits(name: str = "filler-0", annotation: str | None = None) -> Resource:
    return held(evidence.pod(name, annotation, None, phase="Pending"))


def runs(name: str = "filler-0", annotation: str | None = "line", status: str | None = BOTH) -> Resource:
    return held(evidence.pod(name, annotation, status))


NAD = held(evidence.nad("line"))


@pytest.fixture
def judged(catalog: Catalog):
    """Judge what is held and told, as `diagnosis.investigate` does."""

    def run(*resources: Resource, records: tuple[Record, ...] = (), at: int | None = AT) -> list[Finding]:
        engine = Engine(catalog)
        static, silent = Static(), Silent()
        health = Health(silent.host)
        seen = InputSeen("journal", "journal")
        for r in resources:
            for part in (engine, static, silent, health):
                part.hold(r)
        for record in records:
            engine.feed(record)
            seen.hear(record.program, record.time, record.boot, record.offset)
        engine.finish()
        story = Story(engine, [seen])
        health.conclude(engine, story, at)
        static.conclude(engine, catalog.by_id)
        silent.conclude(engine)
        found = silent.complete(findings(story))
        for f in found:
            f.hints = health.hints(f)
        return found

    return run


def told(found: list[Finding]) -> list[tuple[str, str, str]]:
    return [(f.rule, f.severity, f.state) for f in found]


def only(found: list[Finding]) -> Finding:
    (finding,) = found
    return finding


def log(text: str, minutes: float, program: str = "kubelet") -> Record:
    """Return a record so many minutes before the state was looked at."""
    return Record(AT - int(minutes * MINUTE), program, text, Where("journal", 1), text)


NO_CNI = "Container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: No CNI configuration file in /etc/cni/net.d/. Has your network provider started?"  # fmt: skip


class TestHealthy:
    """Nothing is told of what works, comes up, or is not known."""

    def test_a_healthy_node(self, judged) -> None:
        assert judged(*node()) == []
        assert judged(*node(), NAD, runs()) == []

    def test_every_fact_may_be_missing(self, judged) -> None:
        """Whatever could not be read, nothing is concluded from its absence."""
        parts = node()
        rng = random.Random(5)  # noqa: S311 - a test that repeats itself
        for kind in sorted({r.kind for r in parts}):
            assert judged(*(r for r in parts if r.kind != kind)) == [], kind
        for _ in range(200):
            some = [r for r in parts if rng.random() < 0.5]
            assert judged(*some, NAD, runs()) == [], [(r.kind, r.name) for r in some]

    def test_without_multus(self, judged) -> None:
        parts = node(
            config=config(multus={"status": "Disabled"}), packages=[package("microshift")], multus=None, kubeconfig=None, listing=listing("10-ovn-kubernetes.conf"),
            crio=crio("ovn-kubernetes", "/etc/crio/crio.conf.d/11-microshift-ovn.conf"), bins=binaries("ovn-k8s-cni-overlay"),
        )  # fmt: skip
        assert judged(*parts) == []
        assert judged(*parts, runs(annotation=None, status=None)) == []

    @pytest.mark.parametrize("since", [AT - MINUTE, AT - 4 * MINUTE])
    def test_just_started(self, judged, since: int) -> None:
        parts = node(
            listing=listing(), multus=None, ovn=None, kubeconfig=None, bins=binaries(present=False),
            microshift=unit("microshift.service", since=since), crio_unit=unit("crio.service", since=since - MINUTE),
        )  # fmt: skip
        assert judged(*parts, waits()) == []

    def test_just_booted_as_the_journal_tells(self, judged) -> None:
        parts = node(listing=listing(), multus=None, ovn=None, kubeconfig=None, bins=binaries(), microshift=None, crio_unit=None)
        assert judged(*parts, records=(log("Starting MicroShift...", 2, "systemd"), log('"MICROSHIFT STARTING"', 2, "microshift"))) == []
        assert [f.rule for f in judged(*parts)] == ["network-plugin-not-ready"]

    def test_coming_up(self, judged) -> None:
        parts = node(listing=listing(), multus=None, ovn=None, kubeconfig=None, microshift=unit("microshift.service", "activating", "start", AT - 60 * MINUTE))
        assert judged(*parts) == []

    def test_multus_pod_just_made_anew(self, judged) -> None:
        stopped = node(listing=listing("10-ovn-kubernetes.conf"), multus=None, kubeconfig=None)
        pod = evidence.pod("multus-x7", None, None, namespace="openshift-multus", spec={"hostNetwork": True}, started="2026-11-23T11:58:00Z")
        assert judged(*stopped, held(pod)) == []
        old = evidence.pod("multus-x7", None, None, namespace="openshift-multus", spec={"hostNetwork": True}, started="2026-11-23T10:00:00Z")
        assert [f.rule for f in judged(*stopped, held(old))] == ["multus-not-running"]

    def test_another_primary_network(self, judged) -> None:
        """The node of fixtures/node: kindnet in place of OVN-Kubernetes, Multus brought along by hand."""
        kindnet = {"cniVersion": "0.4.0", "name": "kindnet", "plugins": [{"type": "ptp", "ipam": {"type": "host-local"}}, {"type": "portmap"}]}
        own = {**MULTUS, "readinessindicatorfile": f"{D}/10-kindnet.conflist", "delegates": [kindnet]}
        parts = node(
            version=fact("MicroshiftVersion", "5.0.0-ec.6", {}), packages=None, config=fact("MicroshiftConfig", "effective", {"network": {"cniPlugin": "none"}}),
            crio=crio(origin="/etc/crio/crio.conf"), listing=listing("00-multus.conf", "10-kindnet.conflist", "multus.d"), ovn=conf("10-kindnet.conflist", kindnet),
            multus=conf("00-multus.conf", own), bins=binaries(*SHIPPED[:-2], "multus", "ptp", "portmap", folder="/opt/cni/bin"), opt=None, ovs=None,
        )  # fmt: skip
        assert judged(*parts, NAD, runs()) == []

    def test_a_computer_that_is_no_microshift(self, judged) -> None:
        units = [unit(n, "inactive", "dead", None, LoadState="not-found", UnitFileState="") for n in ("microshift.service", "crio.service")]
        assert judged(*units, filesystem("/", 50)) == []
        assert judged(*units, filesystem("/", 50), listing(), fact("CniConfDir", "/etc/cni/net.d", {"present": False, "names": []})) == []

    def test_a_microshift_that_was_never_started(self, judged) -> None:
        idle = [unit(n, "inactive", "dead", None, UnitFileState="disabled") for n in ("microshift.service", "crio.service")]
        parts = node(microshift=idle[0], crio_unit=idle[1], listing=listing(), multus=None, ovn=None, kubeconfig=None, bins=binaries(present=False))
        assert judged(*parts) == []
        parts = node(microshift=idle[0], crio_unit=idle[1], listing=listing("87-podman.conflist"), multus=None, ovn=None, kubeconfig=None,
            podman=conf("87-podman.conflist", {"name": "podman", "plugins": [{"type": "bridge"}]}))  # fmt: skip
        assert judged(*parts) == []
        assert judged(*node(microshift=idle[0], listing=listing("00-multus.conf"), ovn=None)) == []
        assert judged(*node(microshift=idle[0], crio_unit=idle[1], bins=binaries(present=False))) == []  # its pods copy them


class TestUnits:
    """MicroShift, CRI-O and Open vSwitch."""

    @pytest.mark.parametrize(
        ("changes", "wanted"),
        [
            ({"active": "failed", "sub": "failed", "Result": "exit-code"}, [("microshift-not-running", "error", "active")]),
            ({"active": "activating", "sub": "auto-restart", "Result": "exit-code", "NRestarts": 3}, [("microshift-not-running", "error", "active")]),
            ({"active": "activating", "sub": "start", "NRestarts": 2}, []),
            ({"active": "inactive", "sub": "dead"}, [("microshift-not-running", "error", "active")]),
            ({"active": "inactive", "sub": "dead", "UnitFileState": "disabled"}, [("microshift-not-running", "info", "active")]),
            ({"active": "inactive", "sub": "dead", "since": None}, []),  # waits for its turn at the boot
            ({"active": "deactivating", "sub": "stop-sigterm"}, []),
            ({"active": "active", "NRestarts": 9}, []),
        ],
    )
    def test_microshift(self, judged, changes: dict[str, Any], wanted: list[Any]) -> None:
        found = judged(*node(microshift=unit("microshift.service", **changes)))
        assert told(found) == wanted

    def test_its_proof_and_reason(self, judged, catalog: Catalog) -> None:
        failed = unit("microshift.service", "failed", "failed", Result="exit-code", NRestarts=5, ExecMainStatus=1)
        finding = only(judged(*node(microshift=failed)))
        wanted = "microshift.service: LoadState=loaded ActiveState=failed SubState=failed Result=exit-code NRestarts=5 ExecMainStatus=1 UnitFileState=enabled"
        assert (finding.evidence[0].text, finding.captures, finding.first) == (wanted, {"reason": "exit-code"}, UP)
        rule = catalog.by_id[finding.rule]
        assert words(finding, rule, "en").title == "MicroShift does not run: it fails to start, ended with an error or was stopped: exit-code"
        assert words(finding, rule, "ja").title == "MicroShift が動作していません。起動に失敗したか、エラーで終了したか、停止されています: exit-code"

    @pytest.mark.parametrize(
        ("changes", "wanted"),
        [
            ({"active": "failed", "Result": "exit-code", "UnitFileState": "disabled"}, [("crio-not-running", "error", "active")]),
            ({"active": "inactive", "UnitFileState": "disabled"}, [("crio-not-running", "error", "active")]),  # MicroShift runs and needs it
            ({"active": "active", "UnitFileState": "disabled"}, []),
        ],
    )
    def test_crio(self, judged, changes: dict[str, Any], wanted: list[Any]) -> None:
        assert told(judged(*node(crio_unit=unit("crio.service", **changes)))) == wanted

    def test_a_node_that_somebody_stopped(self, judged) -> None:
        stopped = {n: unit(f"{n}.service", "inactive", "dead", UnitFileState="disabled") for n in ("microshift", "crio")}
        assert {f.severity for f in judged(*node(microshift=stopped["microshift"], crio_unit=stopped["crio"]))} == {"info"}

    def test_pods_that_the_api_still_calls_running_do_not_excuse_a_dead_runtime(self, judged) -> None:
        assert told(judged(*node(crio_unit=unit("crio.service", "failed", "failed")), NAD, runs())) == [("crio-not-running", "error", "active")]

    def test_crio_that_failed_explains_microshift_that_cannot_start(self, judged) -> None:
        found = judged(
            *node(crio_unit=unit("crio.service", "failed", "failed"), microshift=unit("microshift.service", "activating", "auto-restart", NRestarts=7))
        )
        assert [(f.rule, [s.rule for s in f.explains]) for f in found] == [("crio-not-running", ["microshift-not-running"])]

    def test_open_vswitch(self, judged) -> None:
        broken = [unit("openvswitch.service"), unit("microshift-ovs-init.service", "failed", "failed", Result="exit-code")]
        finding = only(judged(*node(ovs=broken)))
        assert (finding.rule, finding.captures["reason"]) == ("ovn-kubernetes-not-ready", "microshift-ovs-init.service exit-code")
        assert judged(*node(ovs=broken, config=config(cniPlugin="none"))) == []


class TestDefaultNetwork:
    """CRI-O's cni_default_network, and the files in its folder."""

    def test_a_name_that_no_file_has(self, judged, catalog: Catalog) -> None:
        finding = only(judged(*node(crio=crio("lab-net", "/etc/crio/crio.conf.d/99-lab.conf")), waits()))
        assert (finding.rule, finding.severity, finding.state, finding.confidence) == ("crio-default-network", "error", "active", "medium")
        assert [(a.namespace, a.name) for a in finding.affected] == [("cell", "filler-0")]
        proof = 'cni_default_network = "lab-net" (/etc/crio/crio.conf.d/99-lab.conf)\n/etc/cni/net.d: 00-multus.conf "multus-cni-network", 10-ovn-kubernetes.conf "ovn-kubernetes"'  # fmt: skip
        assert (finding.evidence[0].source, finding.evidence[0].text) == ("/etc/crio/crio.conf.d/99-lab.conf", proof)
        for language, part in (("en", "here /etc/crio/crio.conf.d/99-lab.conf,"), ("ja", "ここでは /etc/crio/crio.conf.d/99-lab.conf、")):
            assert part in words(finding, catalog.by_id[finding.rule], language).steps[1].text

    def test_the_name_inside_the_file_counts(self, judged) -> None:
        renamed = [
            conf("zz-mine.conflist", {"name": "lab-net", "plugins": [{"type": "bridge"}]}),
            listing("00-multus.conf", "10-ovn-kubernetes.conf", "zz-mine.conflist"),
        ]
        rules = [f.rule for f in judged(*node(crio=crio("lab-net", "/etc/crio/crio.conf.d/99-lab.conf"), config=config(multus={}), listing=renamed))]
        assert rules == []

    def test_a_file_that_could_not_be_read_may_have_it(self, judged) -> None:
        more = [listing("00-multus.conf", "10-ovn-kubernetes.conf", "20-x.conf"), conf("20-x.conf", None)]
        assert judged(*node(crio=crio("lab-net", "/etc/crio/crio.conf.d/99-lab.conf"), config=None, listing=more)) == []

    def test_pods_that_run_all_the_same(self, judged) -> None:
        found = judged(*node(crio=crio("lab-net", "/etc/crio/crio.conf.d/99-lab.conf")), NAD, runs())
        assert told(found) == [("crio-default-network", "info", "active")]

    def test_pods_that_run_without_the_networks_they_ask_for(self, judged) -> None:
        found = judged(*node(crio=crio("lab-net", "/etc/crio/crio.conf.d/99-lab.conf"), config=config(multus={})), NAD, runs(status=None))
        assert (found[0].rule, found[0].severity, [a.name for a in found[0].affected]) == ("crio-default-network", "error", ["filler-0"])

    def test_a_broken_file_of_multus_beside_another_name(self, judged) -> None:
        parts = node(crio=crio("lab-net", "/etc/crio/crio.conf.d/99-lab.conf"), config=config(multus={}), multus=conf("00-multus.conf", None, "no JSON"))
        finding = only(judged(*parts))
        assert (finding.rule, finding.captures["path"]) == ("crio-default-network", f"{D}/00-multus.conf")

    def test_no_file_at_all(self, judged, catalog: Catalog) -> None:
        bare = node(listing=listing("multus.d", "README"), multus=None, ovn=None, kubeconfig=None)
        finding = only(judged(*bare))
        assert (finding.rule, finding.severity, finding.captures) == ("network-plugin-not-ready", "error", {"path": D})
        assert words(finding, catalog.by_id[finding.rule], "en").title == f"The node has no usable CNI configuration in {D}: its network is not ready"
        assert D in words(finding, catalog.by_id[finding.rule], "ja").title

    def test_a_folder_that_is_not_there(self, judged) -> None:
        gone = fact("CniConfDir", D, {"present": False, "names": []})
        assert [f.rule for f in judged(*node(listing=gone, multus=None, ovn=None, kubeconfig=None))] == ["network-plugin-not-ready"]

    def test_another_folder_of_crio(self, judged) -> None:
        moved = crio(network_dir="/srv/cni")
        assert judged(*node(crio=moved)) == []  # /srv/cni was not listed
        assert [f.rule for f in judged(*node(crio=moved), listing(folder="/srv/cni"))] == ["network-plugin-not-ready"]

    def test_multus_has_not_written_its_file(self, judged) -> None:
        finding = only(judged(*node(listing=listing("10-ovn-kubernetes.conf"), multus=None, kubeconfig=None), waits()))
        assert (finding.rule, finding.captures["reason"]) == ("multus-not-running", f"no {D}/00-multus.conf")

    def test_crio_waits_for_a_multus_that_is_not_to_run(self, judged) -> None:
        parts = node(listing=listing("10-ovn-kubernetes.conf"), multus=None, kubeconfig=None, config=config(multus={"status": "Disabled"}))
        assert [f.rule for f in judged(*parts)] == ["crio-default-network"]

    def test_its_file_is_broken(self, judged) -> None:
        broken = conf("10-ovn-kubernetes.conf", None, "no JSON")
        alone: dict[str, Any] = {**NO_MULTUS, "config": DISABLED}
        finding = only(judged(*node(**alone, ovn=broken)))
        assert (finding.rule, finding.captures["path"]) == ("crio-default-network", f"{D}/10-ovn-kubernetes.conf")
        assert finding.evidence[0].text.endswith("10-ovn-kubernetes.conf (no JSON)")

    def test_a_conflist_is_as_good(self, judged) -> None:
        wrapped = {"cniVersion": "1.0.0", "name": "multus-cni-network", "plugins": [{k: v for k, v in MULTUS.items() if k != "name"}]}
        parts = node(listing=listing("00-multus.conflist", "10-ovn-kubernetes.conf"), multus=conf("00-multus.conflist", wrapped))
        assert judged(*parts) == []

    def test_ovn_kubernetes_has_not_written_its_file(self, judged) -> None:
        finding = only(judged(*node(listing=listing("00-multus.conf"), ovn=None)))
        assert (finding.rule, finding.severity, finding.captures["reason"]) == ("ovn-kubernetes-not-ready", "error", f"no {D}/10-ovn-kubernetes.conf")
        assert finding.evidence[0].text == f"readinessindicatorfile: {D}/10-ovn-kubernetes.conf\n{D}: 00-multus.conf"
        alone = node(
            crio=crio("ovn-kubernetes", "/etc/crio/crio.conf.d/11-microshift-ovn.conf"), config=config(multus={}), ovn=None, multus=None, kubeconfig=None,
            listing=listing("87-podman.conflist"), podman=conf("87-podman.conflist", {"name": "podman", "plugins": [{"type": "bridge"}]}),
        )  # fmt: skip
        assert [f.rule for f in judged(*alone)] == ["ovn-kubernetes-not-ready"]

    def test_the_indicator_of_another_network(self, judged) -> None:
        own = {**MULTUS, "readinessindicatorfile": f"{D}/10-flannel.conflist"}
        assert [f.rule for f in judged(*node(multus=conf("00-multus.conf", own)))] == ["readiness-indicator-timeout"]
        assert [f.rule for f in judged(*node(listing=listing("00-multus.conf"), ovn=None, config=config(cniPlugin="none")))] == ["readiness-indicator-timeout"]
        elsewhere = {**MULTUS, "readinessindicatorfile": "/run/other/10-flannel.conflist"}
        assert judged(*node(multus=conf("00-multus.conf", elsewhere))) == []

    @pytest.mark.parametrize(("name", "rules"), [("00-lab.conf", ["multus-not-installed"]), ("05-lab.conf", [])])
    def test_without_a_name_the_first_file_is_taken(self, judged, name: str, rules: list[str]) -> None:
        parts = node(
            crio=crio("", ""), listing=listing("00-multus.conf", name, "10-ovn-kubernetes.conf"), lab=conf(name, {"name": "lab-net", "type": "bridge"})
        )
        assert [f.rule for f in judged(*parts)] == rules


SILENT = [NAD, runs(status=None), runs("filler-1", status=None)]
"""Pods that run without the networks that they ask for: Multus was not called."""
OVN_ONLY = crio("ovn-kubernetes", "/etc/crio/crio.conf.d/11-microshift-ovn.conf")
OVERRIDDEN = crio("ovn-kubernetes", "/etc/crio/crio.conf.d/99-site.conf")
DISABLED = config(multus={"status": "Disabled"})
NO_MULTUS: dict[str, Any] = {"crio": OVN_ONLY, "multus": None, "kubeconfig": None, "listing": listing("10-ovn-kubernetes.conf")}


class TestMultusNotCalled:
    """CRI-O takes another network than Multus', and nobody says so."""

    def test_the_package_is_missing(self, judged, catalog: Catalog) -> None:
        parts = node(crio=OVN_ONLY, packages=[package("microshift")])
        finding = only(judged(*parts, *SILENT))
        assert (finding.rule, finding.severity, finding.state) == ("multus-not-installed", "error", "active")
        assert [a.name for a in finding.affected] == ["filler-0", "filler-1"]
        assert {s.rule for s in finding.explains} == {"annotation-not-applied"}
        assert finding.evidence[0].text.endswith("package microshift-multus is not installed")
        assert words(finding, catalog.by_id[finding.rule], "ja").title.endswith(": package microshift-multus is not installed")

    def test_a_drop_in_overrides_it(self, judged) -> None:
        finding = only(judged(*node(crio=OVERRIDDEN), *SILENT))
        assert (finding.rule, finding.captures["file"], finding.captures["network"]) == (
            "crio-default-network",
            "/etc/crio/crio.conf.d/99-site.conf",
            "ovn-kubernetes",
        )

    @pytest.mark.parametrize(
        ("pods", "severity"),
        [
            ([], "warning"),  # nobody knows of any pod
            ([NAD, runs()], "info"),  # attached when they were made
            ([runs(annotation=None, status=None)], "info"),  # nobody asks
            ([NAD, waits(annotation="line")], "error"),
        ],
    )
    def test_severity_follows_the_pods(self, judged, pods: list[Resource], severity: str) -> None:
        assert told(judged(*node(crio=OVERRIDDEN), *pods)) == [("crio-default-network", severity, "active")]

    def test_from_4_21_on_microshift_does_not_start_without_the_drop_in(self, judged) -> None:
        parts = {"version": fact("MicroshiftVersion", "4.21.0", {}), "crio": OVN_ONLY, "packages": [package("microshift", "4.21.0")]}
        starting = unit("microshift.service", "activating", "auto-restart", NRestarts=4)
        finding = only(judged(*node(**parts, microshift=starting)))
        assert (finding.rule, finding.severity, [s.rule for s in finding.explains]) == ("multus-not-installed", "error", ["microshift-not-running"])
        older = {**parts, "version": fact("MicroshiftVersion", "4.20.9", {})}
        assert [(f.rule, f.severity) for f in judged(*node(**older, microshift=starting))] == [
            ("microshift-not-running", "error"),
            ("multus-not-installed", "warning"),
        ]
        assert told(judged(*node(**parts))) == [("multus-not-installed", "warning", "active")]  # it was changed after the start
        for unknown in ({**parts, "microshift": None}, {"crio": OVN_ONLY, "version": None, "packages": None, "microshift": starting}):
            assert ("multus-not-installed", "warning", "active") in told(judged(*node(**unknown)))
        overridden = {**parts, "crio": OVERRIDDEN, "microshift": starting}
        assert [(f.rule, f.severity) for f in judged(*node(**overridden))] == [("microshift-not-running", "error"), ("crio-default-network", "warning")]

    def test_crio_itself_and_its_files_are_two_words_on_it(self, judged) -> None:
        """`crio config` knows what holds, its files where that stands."""
        own = crio("ovn-kubernetes", "crio config")
        files = crio("ovn-kubernetes", "/etc/crio/crio.conf.d/99-site.conf", sure=False)
        for both in ([own, files], [files, own]):
            assert [(f.rule, f.captures["file"]) for f in judged(*node(crio=both))] == [("crio-default-network", "/etc/crio/crio.conf.d/99-site.conf")]
        assert [(f.rule, f.captures.get("file")) for f in judged(*node(crio=own))] == [("crio-default-network", None)]
        assert [f.rule for f in judged(*node(crio=own, packages=[package("microshift")]))] == ["multus-not-installed"]
        assert judged(*node(crio=[crio(origin="crio config"), crio("old", "/etc/crio/crio.conf", sure=False)])) == []  # not started anew since

    def test_its_own_drop_in_was_edited(self, judged) -> None:
        assert [f.rule for f in judged(*node(crio=crio("ovn-kubernetes")))] == ["crio-default-network"]

    def test_one_cause_is_told_of_a_name_without_a_file(self, judged) -> None:
        parts = node(listing=listing("10-ovn-kubernetes.conf"), multus=None, kubeconfig=None, config=DISABLED)
        assert [f.rule for f in judged(*parts, *SILENT)] == ["crio-default-network"]

    def test_pods_ask_and_multus_is_not_to_run(self, judged) -> None:
        finding = only(judged(*node(**NO_MULTUS, config=DISABLED), *SILENT[:2]))
        assert (finding.rule, finding.severity, [a.name for a in finding.affected]) == ("multus-not-installed", "error", ["filler-0"])

    @pytest.mark.parametrize(
        ("changes", "rules"),
        [
            ({"config": DISABLED, "crio": None}, ["multus-not-installed"]),
            ({"config": None, "packages": [package("microshift")]}, ["multus-not-installed"]),
            ({"config": None}, ["annotation-not-applied"]),  # the package is there: Multus may be enabled
            ({"config": DISABLED, "listing": None}, ["annotation-not-applied"]),
            ({"config": DISABLED, "crio": None, "listing": listing("00-multus.conf"), "multus": conf("00-multus.conf", MULTUS)}, ["annotation-not-applied"]),
        ],
    )
    def test_what_must_be_known_for_it(self, judged, changes: dict[str, Any], rules: list[str]) -> None:
        assert [f.rule for f in judged(*node(**{**NO_MULTUS, **changes}), *SILENT[:2])] == rules

    @pytest.mark.parametrize(
        ("config", "pods"),
        [
            (DISABLED, [runs(annotation=None, status=None)]),  # nobody asks
            (DISABLED, [held(evidence.pod("done", "line", None, phase="Succeeded"))]),
            (DISABLED, [NAD, runs()]),  # another Multus served them
            (None, []),  # whether Multus is to run is not known
        ],
    )
    def test_nothing_is_missed(self, judged, config: Resource | None, pods: list[Resource]) -> None:
        assert judged(*node(**NO_MULTUS, config=config), *pods) == []

    @pytest.mark.parametrize(
        ("version", "packages", "rules"), [("4.18.3", ["microshift"], []), ("4.18.3", ["microshift", "microshift-multus"], ["multus-not-installed"])]
    )
    def test_up_to_4_18_the_package_decides(self, judged, version: str, packages: list[str], rules: list[str]) -> None:
        parts = node(**NO_MULTUS, version=fact("MicroshiftVersion", version, {}), packages=[package(p, version) for p in packages], config=config(multus={}))
        assert [f.rule for f in judged(*parts)] == rules

    def test_a_multus_brought_along_by_hand(self, judged) -> None:
        finding = only(judged(*node(crio=OVERRIDDEN, config=DISABLED), *SILENT[:2]))
        assert finding.rule == "crio-default-network"


class TestMultusFiles:
    """00-multus.conf and its kubeconfig."""

    @pytest.mark.parametrize(
        ("content", "error", "reason"),
        [
            (None, "Expecting ',' delimiter: line 3 column 5 (char 40)", "Expecting ',' delimiter: line 3 column 5 (char 40)"),
            ({**MULTUS, "delegates": []}, "", "no delegates"),
            ({k: v for k, v in MULTUS.items() if k != "kubeconfig"}, "", "no kubeconfig"),
            ({}, "", 'no plugin of type "multus"'),
        ],
    )
    def test_it_cannot_be_used(self, judged, catalog: Catalog, content: dict[str, Any] | None, error: str, reason: str) -> None:
        finding = next(f for f in judged(*node(multus=conf("00-multus.conf", content, error)), waits()) if f.rule == "multus-config-invalid")
        assert (finding.severity, finding.state, finding.captures["reason"]) == ("error", "active", reason)
        assert finding.evidence[0].text == f"{D}/00-multus.conf: {reason}"
        for language in ("en", "ja"):
            assert reason in words(finding, catalog.by_id[finding.rule], language).title

    def test_it_is_told_once(self, judged) -> None:
        assert [f.rule for f in judged(*node(multus=conf("00-multus.conf", None, "no JSON")))] == ["multus-config-invalid"]

    @pytest.mark.parametrize(
        "content",
        [
            {**{k: v for k, v in MULTUS.items() if k != "delegates"}, "clusterNetwork": "ovn-kubernetes"},
            {"cniVersion": "0.4.0", "name": "multus-cni-network", "type": "multus-shim", "socketDir": "/run/multus"},  # thick: all else is the daemon's
        ],
    )
    def test_other_forms_are_as_good(self, judged, content: dict[str, Any]) -> None:
        assert judged(*node(multus=conf("00-multus.conf", content), bins=binaries(*SHIPPED, "multus-shim"))) == []

    @pytest.mark.parametrize(
        ("first", "rules"), [("00-multus.conf", ["multus-config-invalid", "multus-not-installed"]), ("00-lab.conf", ["multus-not-installed"])]
    )
    def test_without_a_name_the_first_file_counts(self, judged, first: str, rules: list[str]) -> None:
        names = sorted({first, "00-multus.conf", "10-ovn-kubernetes.conf"})
        lab = conf("00-lab.conf", {"name": "lab-net", "type": "bridge"})
        parts = node(crio=crio("", ""), multus=conf("00-multus.conf", None, "no JSON"), listing=listing(*names), lab=lab)
        assert sorted(f.rule for f in judged(*parts)) == rules

    def test_a_first_file_that_may_not_be_read_is_not_passed_over(self, judged) -> None:
        assert judged(*node(crio=crio("", ""), multus=conf("00-multus.conf", None))) == []

    def test_a_leftover_of_a_multus_that_is_not_used(self, judged) -> None:
        assert judged(*node(multus=conf("00-multus.conf", None, "no JSON"), crio=OVN_ONLY, config=DISABLED)) == []

    @pytest.mark.parametrize("what", ["token_expires", "certificate_expires", "ca_expires"])
    def test_credentials_that_expired(self, judged, catalog: Catalog, what: str) -> None:
        finding = only(judged(*node(kubeconfig=kubeconfig(**{what: AT - MINUTE})), waits()))
        name = {"token_expires": "token", "certificate_expires": "certificate", "ca_expires": "CA"}[what]
        assert (finding.rule, finding.severity) == ("multus-kubeconfig", "error")
        assert finding.captures["reason"] == f"{name} expired at 2026-11-23T11:59:00Z"
        for language in ("en", "ja"):
            assert "11:59:00Z" in words(finding, catalog.by_id[finding.rule], language).title
        assert judged(*node(kubeconfig=kubeconfig(**{what: AT + MINUTE})), waits()) == []
        assert judged(*node(kubeconfig=kubeconfig(**{what: AT - MINUTE})), waits(), at=None) == []  # nobody knows what time it was

    def test_a_clock_that_is_wrong_is_named_beside_them(self, judged) -> None:
        off = fact("TimeSync", "clock", {"synchronized": False, "by": "chronyd"})
        expired = kubeconfig(ca_expires=AT - MINUTE)
        assert [h.kind for h in only(judged(*node(kubeconfig=expired, clock=off))).hints] == ["clock-off"]
        assert only(judged(*node(kubeconfig=expired))).hints == []
        assert judged(*node(clock=off)) == []

    def test_brackets_round_an_ipv4_address(self, judged) -> None:
        """Every node up to 4.19 has them; only where pods wait and nothing else tells why, this Multus may be one that refuses them."""
        bracketed = node(kubeconfig=kubeconfig("https://[10.43.0.1]:443"))
        assert told(judged(*bracketed, waits())) == [("multus-kubeconfig", "warning", "active")]
        assert judged(*bracketed) == []
        assert judged(*bracketed, NAD, runs()) == []
        missing = log(chain("cell/filler-0", MISSING.format(nad="gone", ns="cell")), 5)
        assert [f.rule for f in judged(*bracketed, waits(), records=(missing,))] == ["nad-not-found"]
        assert judged(*node(kubeconfig=kubeconfig("https://[fd02::1]:443")), waits()) == []


class TestPlugins:
    """The programs that the configuration names."""

    def test_multus_itself_is_missing(self, judged, catalog: Catalog) -> None:
        finding = only(judged(*node(bins=binaries(*(b for b in SHIPPED if b != "multus"))), waits()))
        assert (finding.rule, finding.subject, finding.captures["path"]) == ("cni-plugin-missing", "multus", "/run/cni/bin")
        assert words(finding, catalog.by_id[finding.rule], "en").title == 'CNI plugin "multus" is not in the CNI binary directories (/run/cni/bin)'
        assert "multus" in words(finding, catalog.by_id[finding.rule], "ja").title

    def test_what_multus_calls_is_missing(self, judged) -> None:
        finding = only(judged(*node(bins=binaries(*(b for b in SHIPPED if b != "ovn-k8s-cni-overlay"))), waits()))
        assert (finding.subject, finding.captures["path"]) == ("ovn-k8s-cni-overlay", "/opt/cni/bin /run/cni/bin")
        assert judged(*node(bins=binaries(*(b for b in SHIPPED if b != "ovn-k8s-cni-overlay")), opt=None), waits()) == []  # one folder was not listed

    def test_a_plugin_in_a_chain_that_multus_calls_is_missing(self, judged) -> None:
        chained = {"name": "ovn-kubernetes", "plugins": [{"type": "bridge", "ipam": {"type": "host-local"}}, {"type": "portmap"}]}
        parts = node(multus=conf("00-multus.conf", {**MULTUS, "delegates": [chained]}))
        assert [f.subject for f in judged(*parts)] == ["portmap"]
        chained["plugins"] = [{"type": "bridge", "ipam": {"type": "whereabouts"}}]
        assert [f.subject for f in judged(*parts)] == ["whereabouts"]

    def test_the_plugin_of_a_nad_is_missing(self, judged) -> None:
        vlan = held(evidence.nad("line", type="vlan", master="eno1", vlanId=5))
        asks = waits(annotation="line")
        assert [f.rule for f in judged(*node(), vlan, asks) if f.severity == "error"] == ["cni-plugin-missing"]
        there = node(opt=binaries("vlan", folder="/opt/cni/bin"))
        assert [f.rule for f in judged(*there, vlan, asks) if f.severity == "error"] == []
        assert [f.rule for f in judged(*node(opt=None), vlan, asks) if f.severity == "error"] == []  # whether it is there nobody knows
        assert [
            f.rule for f in judged(*node(bins=binaries("ovn-k8s-cni-overlay", "multus")), vlan, asks) if f.rule == "cni-plugin-missing"
        ] == []  # not copied yet


GIB = 1 << 30


class TestResources:
    """Disk, inodes, memory, inotify."""

    @pytest.mark.parametrize(
        ("change", "severity", "resource", "path"),
        [
            (filesystem("/var", 0), "error", "disk", "/var"),
            (filesystem("/var", 9.95), "warning", "nodefs.available", "/var"),
            (filesystem("/var", 60, inodes_free=0), "error", "inodes", "/var"),
            (filesystem("/var", 60, inodes_free=40), "warning", "nodefs.inodesFree", "/var"),
            (filesystem("/run", 0, 1), "error", "disk", "/run"),
            (filesystem("/var/lib/containers", 14), "warning", "imagefs.available", "/var/lib/containers"),
            (fact("Memory", "memory", {"total": 8 * GIB, "available": 99 << 20}), "warning", "memory.available", ""),
            (
                fact("Inotify", "inotify", {"max_user_watches": 1, "max_user_instances": 128, "instances_used": 128}),
                "error",
                "fs.inotify.max_user_instances",
                "",
            ),
        ],
    )
    def test_what_is_used_up(self, judged, catalog: Catalog, change: Resource, severity: str, resource: str, path: str) -> None:
        parts = [r for r in node() if (r.kind, r.name) != (change.kind, change.name)]
        finding = only(judged(*parts, change, waits()))
        assert (finding.rule, finding.severity, finding.captures["resource"], finding.captures.get("path", "")) == (
            "disk-or-resource-pressure",
            severity,
            resource,
            path,
        )
        for language in ("en", "ja"):
            assert f"({resource})" in words(finding, catalog.by_id[finding.rule], language).title
        assert [a.name for a in finding.affected] == (["filler-0"] if severity == "error" else [])
        assert only(judged(*parts, change, runs(annotation=None, status=PLAIN))).severity == "info"

    @pytest.mark.parametrize(
        "change",
        [
            filesystem("/var", 11),
            filesystem("/var", 60, inodes=0, inodes_free=0),  # btrfs counts none
            filesystem("/run", 0.05, 1),  # the kubelet does not mind
            filesystem("/var/lib/containers", 16),
            filesystem("/boot", 0, 1),
            fact("Memory", "memory", {"total": 8 * GIB, "available": 101 << 20}),
            fact("Inotify", "inotify", {"max_user_watches": 1, "max_user_instances": 128, "instances_used": 127}),
            fact("Inotify", "inotify", {"max_user_watches": 1, "max_user_instances": 128, "instances_used": None}),
            fact("Inotify", "inotify", {"max_user_watches": None, "max_user_instances": None, "instances_used": 40}),
            fact("Memory", "memory", {"total": 8 * GIB, "available": None}),
        ],
    )
    def test_what_is_enough(self, judged, change: Resource) -> None:
        assert judged(*(r for r in node() if (r.kind, r.name) != (change.kind, change.name)), change, waits()) == []

    def test_the_root_counts_where_var_is_on_it(self, judged) -> None:
        assert [f.rule for f in judged(*node(disks=filesystem("/", 5)))] == ["disk-or-resource-pressure"]
        assert judged(*node(disks=[filesystem("/", 5), filesystem("/sysroot", 50)])) == []
        assert judged(*node(disks=filesystem("/", 0, 0.03))) == []
        assert judged(*node(disks=[filesystem("/", 0), filesystem("/var", 60)])) == []

    def test_a_full_disk_explains_what_ended_and_a_warning_does_not(self, judged) -> None:
        dead = unit("crio.service", "failed", "failed")
        assert [(f.rule, [s.rule for s in f.explains]) for f in judged(*node(disks=filesystem("/var", 0), crio_unit=dead))] == [
            ("disk-or-resource-pressure", ["crio-not-running"])
        ]
        assert [f.rule for f in judged(*node(disks=filesystem("/var", 9), crio_unit=dead))] == ["crio-not-running", "disk-or-resource-pressure"]

    def test_the_kubelet_knows_better(self, judged) -> None:
        kubelet = Resource(
            "Node", "", "edge", {"metadata": {"name": "edge"}, "status": {"conditions": [{"type": "DiskPressure", "status": "False"}]}}, Where("n")
        )
        assert judged(*node(disks=filesystem("/var", 9)), kubelet) == []
        little = fact("Memory", "memory", {"total": 8 * GIB, "available": 99 << 20})
        assert [f.rule for f in judged(*node(memory=little), kubelet)] == ["disk-or-resource-pressure"]
        kubelet.body["status"]["conditions"][0]["type"] = "MemoryPressure"
        assert judged(*node(memory=little), kubelet) == []
        assert [f.rule for f in judged(*node(disks=filesystem("/var", 0)), kubelet)] == ["disk-or-resource-pressure"]

    def test_thresholds_of_the_configuration(self, judged) -> None:
        own = fact("MicroshiftConfig", "effective", {"network": {"multus": {"status": "Enabled"}}, "kubelet": {"evictionHard": {"nodefs.available": "2Gi"}}})
        assert judged(*node(config=own, disks=filesystem("/var", 3))) == []
        assert [f.captures["resource"] for f in judged(*node(config=own, disks=filesystem("/var", 1)))] == ["nodefs.available"]
        (read,), _ = of_config([("/etc/microshift/config.yaml", b"kubelet:\n  evictionHard: {nodefs.available: 2Gi}\n  other: 1\n")])
        assert read.body["kubelet"] == {"evictionHard": {"nodefs.available": "2Gi"}}


class TestBesideLogs:
    """One failure that a log tells, too, is one finding, and the state now goes before what the log last said."""

    def test_a_pod_whose_cause_a_log_tells_is_not_hit_by_it_too(self, judged) -> None:
        missing = log(chain("cell/filler-0", MISSING.format(nad="gone", ns="cell")), 5)
        pods = [waits(annotation="gone"), waits("filler-1", "line"), NAD]
        found = judged(*node(crio=OVERRIDDEN), *pods, records=(missing,))
        assert [(f.rule, [a.name for a in f.affected if a.kind == "Pod"]) for f in found if f.severity == "error"] == [
            ("nad-not-found", ["filler-0"]),
            ("crio-default-network", ["filler-1"]),
        ]
        full = judged(*node(disks=filesystem("/var", 0)), pods[0], records=(missing,))
        assert [(f.rule, f.severity, [a.name for a in f.affected if a.kind == "Pod"]) for f in full] == [
            ("nad-not-found", "error", ["filler-0"]),
            ("disk-or-resource-pressure", "error", []),
        ]

    def test_one_finding(self, judged) -> None:
        bare = node(listing=listing(), multus=None, ovn=None, kubeconfig=None)
        finding = only(judged(*bare, records=(log(NO_CNI, 30), log(NO_CNI, 20))))
        assert (finding.rule, finding.state, finding.sources, finding.confidence) == ("network-plugin-not-ready", "active", ("kubelet", "object"), "high")
        assert finding.first == AT - 30 * MINUTE

    def test_an_earlier_success_ends_nothing_that_is_there_now(self, judged) -> None:
        said = (log(NO_CNI, 30), log('"MICROSHIFT READY" since-start=60s', 20, "microshift"))
        bare = node(listing=listing(), multus=None, ovn=None, kubeconfig=None)
        assert told(judged(*bare, records=said)) == [("network-plugin-not-ready", "error", "active")]
        assert [f.state for f in judged(*node(), records=said)] == ["resolved"]

    def test_what_lasts_was_no_trouble_of_the_start(self, judged) -> None:
        said = (log('"MICROSHIFT STARTING"', 31, "microshift"), log(NO_CNI, 30), log("anything", 1))
        assert [f.severity for f in judged(*node(), records=said)] == ["info"]
        bare = node(listing=listing(), multus=None, ovn=None, kubeconfig=None)
        assert told(judged(*bare, records=said)) == [("network-plugin-not-ready", "error", "active")]

    def test_what_is_for_information_does_not_revive_what_a_log_tells(self, judged) -> None:
        said = (log(NO_CNI, 30), log('"MICROSHIFT READY" since-start=60s', 20, "microshift"))
        bare = node(listing=listing(), multus=None, ovn=None, kubeconfig=None)
        assert [f.state for f in judged(*bare, NAD, runs(), records=said)] == ["resolved"]
        quiet = (log(NO_CNI, 30), log("anything", 1))
        assert [f.state for f in judged(*bare, NAD, runs(), records=quiet)] == ["unknown"]

    def test_the_log_of_a_symptom_is_folded(self, judged) -> None:
        finding = only(judged(*node(listing=listing("00-multus.conf"), ovn=None), records=(log(NO_CNI, 3),)))
        assert (finding.rule, [s.rule for s in finding.explains]) == ("ovn-kubernetes-not-ready", ["network-plugin-not-ready"])


BROKEN = node(
    crio=crio("lab-net", "/etc/crio/crio.conf.d/99-lab.conf"), disks=filesystem("/var", 5), kubeconfig=kubeconfig(ca_expires=AT - MINUTE),
    crio_unit=unit("crio.service", "failed", "failed", Result="exit-code"), old=[crio("older", sure=False), unit("crio.service", since=UP - MINUTE)],
)  # fmt: skip


def test_the_order_does_not_matter(judged) -> None:
    first = judged(*BROKEN, NAD, runs("filler-1"), waits())
    assert [(f.rule, [s.rule for s in f.explains]) for f in first] == [
        ("crio-not-running", []),
        ("crio-default-network", []),
        ("disk-or-resource-pressure", []),
    ]
    for seed in range(20):
        shuffled = [*BROKEN, NAD, runs("filler-1"), waits()]
        random.Random(seed).shuffle(shuffled)  # noqa: S311 - a test that repeats itself
        assert judged(*shuffled) == first


TREE = NODE / "host"


def looked(msnet, root: Path, *options: str) -> dict[str, Any]:
    return json.loads(msnet("diagnose", "--root", str(root), "--format", "json", *options).stdout)


class TestSavedTree:
    """The files of a real node (fixtures/node/host), read as they are and with one thing changed."""

    def test_the_real_node_is_healthy(self, msnet) -> None:
        found = looked(msnet, TREE)
        assert found["findings"] == []
        assert {x["kind"] for x in found["node"]} >= {"config", "crio-network", "confs", "multus-conf", "kubeconfig"}
        assert {x["state"] for x in found["node"]} == {"ok"}
        assert found["facts"]["crio"]["cni_default_network"] == "multus-cni-network"

    @pytest.mark.parametrize(
        ("file", "old", "new", "rule"),
        [
            ("etc/crio/crio.conf", '"multus-cni-network"', '"lab-net"', "crio-default-network"),
            ("etc/cni/net.d/00-multus.conf", '"delegates": [', '"delegate": [', "multus-config-invalid"),
            ("etc/cni/net.d/00-multus.conf", '"type": "multus",', '"type": "multus"', "multus-config-invalid"),
            ("etc/cni/net.d/00-multus.conf", "net.d/10-kindnet.conflist", "net.d/10-flannel.conflist", "readiness-indicator-timeout"),
        ],
    )
    def test_one_thing_is_wrong(self, msnet, tmp_path: Path, file: str, old: str, new: str, rule: str) -> None:
        root = tmp_path / "node"
        shutil.copytree(TREE, root)
        text = (root / file).read_text()
        assert old in text
        (root / file).write_text(text.replace(old, new, 1))
        assert [(f["rule"], f["severity"], f["state"]) for f in looked(msnet, root)["findings"]] == [(rule, "error", "active")]
        assert [f["rule"] for f in looked(msnet, root, "--lang", "ja")["findings"]] == [rule]

    def test_a_folder_that_was_not_saved_is_not_missing(self, msnet, tmp_path: Path) -> None:
        root = tmp_path / "node"
        shutil.copytree(TREE / "etc" / "crio", root / "etc" / "crio")
        assert looked(msnet, root)["findings"] == []
