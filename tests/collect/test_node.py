"""The node's state: real folders, real network namespaces, real programs that print, hang or fail."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from conftest import NODE, ROOT
from evidence import nad, pod

from diagnose.collect import node, runtime
from diagnose.collect.device import Deadline, Device
from diagnose.collect.evidence import Evidence, Options
from diagnose.commands import only_reads
from diagnose.model import LINK, Record, Resource, Where
from diagnose.parse.host import LEASE, PORT, RESULT, VLANS, ZONE
from diagnose.scan import Scanner

Found = list[Record | Resource]
Install = Callable[..., None]


def collected(device: Device, seconds: float = 10) -> tuple[Found, Evidence]:
    out = Evidence(Scanner(["avc:", "denied"]), Options(None, UTC))
    return list(node.collect(device, Deadline.after(seconds), out)), out


def of(found: Found, kind: str) -> dict[str, dict[str, Any]]:
    return {r.name: r.body for r in found if isinstance(r, Resource) and r.kind == kind}


def told(out: Evidence) -> list[tuple[str, dict[str, str]]]:
    return [(g.kind, dict(g.values)) for g in out.gaps]


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Device]:
    """Write files of a node under a folder of its own; the device is a saved tree."""

    def make(files: dict[str, str | bytes]) -> Device:
        for name, content in files.items():
            path = tmp_path / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return Device(root=tmp_path)

    return make


# --- files ------------------------------------------------------------------------------------------------------------

MULTUS = '{"name": "multus-cni-network", "type": "multus"}'
DROP_IN = '[crio.network]\nnetwork_dir = "/etc/cni/own.d/"\nplugin_dirs = ["/srv/cni/"]\n'


def test_cni_configuration_is_read_where_crio_looks_and_at_the_default(tree) -> None:
    found, out = collected(tree({
        "/etc/crio/crio.conf.d/20-own.conf": DROP_IN,
        "/etc/cni/net.d/00-multus.conf": MULTUS,
        "/etc/cni/net.d/README": "x",
        "/etc/cni/net.d/multus.d/multus.kubeconfig": "clusters: [{cluster: {server: https://10.43.0.1:443}}]",
        "/etc/cni/own.d/10-own.conflist": "{",
    }))  # fmt: skip
    assert of(found, "CniConfDir") == {"/etc/cni/net.d": {"names": ["00-multus.conf", "README"]}, "/etc/cni/own.d": {"names": ["10-own.conflist"]}}
    confs = of(found, "CniConf")
    assert (sorted(confs), confs["00-multus.conf"]["conf"]["name"]) == (["00-multus.conf", "10-own.conflist"], "multus-cni-network")
    assert confs["10-own.conflist"]["error"]
    assert isinstance(confs["00-multus.conf"]["mtime"], float)
    assert of(found, "Kubeconfig")["/etc/cni/net.d/multus.d/multus.kubeconfig"]["server"] == "https://10.43.0.1:443"
    wheres = {(r.kind, r.name): r.where.source for r in found if isinstance(r, Resource)}
    assert wheres["CniConf", "10-own.conflist"] == "/etc/cni/own.d/10-own.conflist"
    assert wheres["CniConfDir", "/etc/cni/own.d"] == "/etc/cni/own.d"
    assert wheres["CrioConfig", "effective"] == "node"
    assert out.gaps == []


def test_plugins_are_listed_with_those_that_cannot_be_run_and_a_folder_that_was_not_saved_is_unknown(tree, tmp_path: Path) -> None:
    device = tree({"/etc/crio/crio.conf.d/20-own.conf": DROP_IN, "/srv/cni/bridge": "x", "/srv/cni/vlan": "x", "/run/cni/bin/multus": "x"})
    (tmp_path / "srv/cni/bridge").chmod(0o755)
    assert of(collected(device)[0], "CniBinDir") == {
        "/srv/cni": {"present": True, "names": ["bridge", "vlan"], "not_executable": ["vlan"]},
        "/run/cni/bin": {"present": True, "names": ["multus"], "not_executable": ["multus"]},
    }


def test_crios_drop_ins_win_over_its_main_file_in_the_order_of_their_names(tree) -> None:
    network = '[crio.network]\ncni_default_network = "{}"\n'
    files = {
        "/etc/crio/crio.conf": network.format("main"),
        "/etc/crio/crio.conf.d/99-z.conf": network.format("z"),
        "/etc/crio/crio.conf.d/10-a": network.format("a"),
    }
    (body,) = of(collected(tree(files))[0], "CrioConfig").values()
    assert (body["cni_default_network"], body["from"]["cni_default_network"], body["sure"]) == ("z", "/etc/crio/crio.conf.d/99-z.conf", False)


def test_configuration_of_which_a_file_is_broken_is_told_and_is_not_known(tree) -> None:
    found, out = collected(tree({
        "/etc/crio/crio.conf": DROP_IN, "/etc/crio/crio.conf.d/99.conf": "[crio",
        "/etc/microshift/config.yaml": "node: {}", "/etc/microshift/config.d/1.yaml": "a: [",
    }))  # fmt: skip
    assert of(found, "CrioConfig") == of(found, "MicroshiftConfig") == {}
    assert [(g.source, g.hides) for g in out.gaps] == [("/etc/crio/crio.conf.d/99.conf", False), ("/etc/microshift/config.d/1.yaml", False)]


def test_microshifts_configuration_is_merged_with_config_d_and_what_is_no_yaml_by_name_is_left_alone(tree) -> None:
    found, out = collected(tree({
        "/etc/microshift/config.yaml": "network: {multus: {status: Disabled}}", "/etc/microshift/config.d/10.yaml": "network: {multus: {status: Enabled}}",
        "/etc/microshift/config.d/10.yaml.rpmsave": "a: [",
    }))  # fmt: skip
    (body,) = of(found, "MicroshiftConfig").values()
    assert body["network"] == {"multus": {"status": "Enabled"}}
    assert out.gaps == []


def test_leases_and_cached_results_are_those_that_saved_evidence_gives(tree) -> None:
    box = "5f" * 32
    cached = json.dumps({"kind": "cniCacheV1", "containerId": box, "networkName": "cell-net", "ifName": "net1", "result": {"cniVersion": "0.4.0"}})
    found, _ = collected(tree({
        "/var/lib/cni/networks/cell-net/10.20.0.5": f"{box}\r\nnet1", "/var/lib/cni/networks/cell-net/lock": "", f"/var/lib/cni/results/cell-net-{box}-net1": cached,
        "/run/cni-ipam-state/kindnet/10.42.0.2": box,
    }))  # fmt: skip
    leases = {(r.namespace, r.name) for r in found if isinstance(r, Resource) and r.kind == LEASE}
    assert leases == {("/var/lib/cni/networks/cell-net", "10.20.0.5"), ("/run/cni-ipam-state/kindnet", "10.42.0.2")}
    assert of(found, RESULT)[box]["ifname"] == "net1"


def test_the_leases_of_a_nads_own_store_are_read_and_nothing_else_in_that_folder(tree) -> None:
    device = tree(
        {
            "/srv/ipam/cell-net/10.20.0.5": "5f" * 32,
            "/srv/ipam/cell-net/secret.txt": "k8s.io",
            "/srv/ipam/10.20.0.6": "5f" * 32,
            "/srv/ipam/own-name/10.20.0.9": "5f" * 32,
            "/srv/ipam/own-name/10.20.0.8": "5f" * 300,
            "/var/lib/cni/x/cell-net/10.1.1.1": "5f" * 32,
        }
    )

    def held(network: str | None = None, **ipam: str) -> Resource:
        body = nad("cell-net", ipam={"type": "host-local", **ipam}, name=network)
        return Resource("NetworkAttachmentDefinition", "cell", "cell-net", body, Where("api"))

    out = Evidence(Scanner([]), Options(None, UTC))
    nads = [
        held(dataDir="/srv/ipam"),
        held(dataDir="/var/lib/cni/x"),
        held("own-name", dataDir="/srv/ipam"),
        held(dataDir="relative"),
        held(dataDir="/srv\0"),
        held(),
        Resource("NetworkAttachmentDefinition", "c", "n", {"spec": {"config": "{"}}, Where("api")),
    ]
    assert [(r.namespace, r.name) for r in node.leases(device, nads, out) if isinstance(r, Resource)] == [
        ("/srv/ipam/cell-net", "10.20.0.5"),
        ("/srv/ipam/own-name", "10.20.0.9"),
    ]
    assert [i.source for i in out.inputs] == ["/srv/ipam/cell-net/10.20.0.5", "/srv/ipam/own-name/10.20.0.9"]


def test_a_file_that_is_no_lease_is_not_even_opened_in_a_folder_that_a_nad_names(tree) -> None:
    device = tree({"/srv/proc/kmsg": "read once, gone for ever", "/srv/proc/10.20.0.7": "x" * 600, "/srv/proc/10.20.0.8": "5f" * 32})
    opened: list[str] = []
    sys.addaudithook(lambda event, args: opened.append(Path(args[0]).name) if event == "open" and str(args[0]).startswith(str(device.root)) else None)
    named = Resource("NetworkAttachmentDefinition", "cell", "proc", nad("proc", ipam={"type": "host-local", "dataDir": "/srv"}), Where("api"))
    found = list(node.leases(device, [named], Evidence(Scanner([]), Options(None, UTC))))
    assert sorted(opened) == ["10.20.0.7", "10.20.0.8"]
    assert [r.name for r in found if isinstance(r, Resource)] == ["10.20.0.8"]


def test_the_system_in_a_saved_tree_is_that_of_the_tree(tree) -> None:
    found, _ = collected(tree({
        "/proc/meminfo": "MemTotal: 2000 kB\nMemAvailable: 1000 kB\n", "/proc/sys/fs/inotify/max_user_instances": "128\n", "/sys/fs/selinux/enforce": "1",
    }))  # fmt: skip
    assert of(found, "Memory") == {"memory": {"total": 2_048_000, "available": 1_024_000}}
    assert of(collected(tree({"/proc/sys/fs/inotify/max_user_watches": "x"}))[0], "Inotify")["inotify"]["max_user_watches"] is None
    assert of(found, "Inotify") == {"inotify": {"max_user_watches": None, "max_user_instances": 128, "instances_used": None}}
    assert of(found, "Selinux") == {"selinux": {"mode": "Enforcing"}}
    assert of(found, "Filesystem") == {}
    assert of(collected(tree({"/sys/fs/selinux/enforce": "0"}))[0], "Selinux") == {"selinux": {"mode": "Permissive"}}


def test_the_audit_logs_denials_are_read_in_a_saved_tree(tree) -> None:
    denied = 'type=AVC msg=audit(1795464000.123:42): avc:  denied  { write } for  pid=9 comm="multus" name="x" scontext=a tcontext=b tclass=file permissive=0\n'
    found, out = collected(tree({"/var/log/audit/audit.log": "type=LOGIN msg=audit(1795464000.100:41): pid=1\n" + denied}))
    (record,) = [r for r in found if isinstance(r, Record)]
    assert [i.lines for i in out.inputs if i.source == "/var/log/audit/audit.log"] == [1]
    assert (record.where.source, record.time) == ("/var/log/audit/audit.log", 1_795_464_000_123_000)


def test_an_empty_tree_tells_nothing_and_lacks_nothing(tmp_path: Path) -> None:
    found, out = collected(Device(root=tmp_path))
    assert (found, out.gaps) == ([], [])


def test_the_real_node_as_a_saved_tree() -> None:
    found, out = collected(Device(root=NODE / "host"))
    (crio,) = of(found, "CrioConfig").values()
    assert (crio["cni_default_network"], crio["from"]["plugin_dirs"]) == ("multus-cni-network", "/etc/crio/crio.conf")
    assert of(found, "CniConfDir")["/etc/cni/net.d"] == {"names": ["00-multus.conf", "10-kindnet.conflist"]}
    assert "macvlan" in of(found, "CniBinDir")["/opt/cni/bin"]["names"]
    assert of(found, "MicroshiftConfig")["effective"]["network"] == {"cniPlugin": "none"}
    assert out.gaps == []


def test_a_saved_tree_and_the_same_files_named_as_evidence_tell_the_same() -> None:
    kinds = {"CniConf", "CrioConfig", "MicroshiftConfig", "Kubeconfig", "CniBinDir"}

    def facts(found: Found) -> set[tuple[str, str, str, str]]:
        kept = (r for r in found if isinstance(r, Resource) and r.kind in kinds)
        return {(r.kind, r.namespace, r.name, json.dumps({**r.body, "mtime": None}, sort_keys=True)) for r in kept}

    offline = list(Evidence(Scanner([]), Options(None, UTC)).read([str(NODE / "host")]))
    assert {k for k, *_ in facts(offline)} == kinds
    assert facts(offline) == facts(collected(Device(root=NODE / "host"))[0])


def test_saved_commands_of_sos_are_read_and_its_journal_only_where_there_is_no_other(tree, tmp_path: Path) -> None:
    device = tree({
        "/installed-rpms": "cri-o-1.32.1-2.el9.x86_64 Mon\n", "/sos_commands/microshift/microshift_version": "MicroShift Version: 4.19.7\n",
        "/sos_commands/crio/journalctl_--no-pager_--unit_crio": "Nov 23 20:00:00 edge crio[1]: denied\n", "/sos_commands/crio/images/x": "y", "/sos_commands/crio/crictl_pods": "x", "/sos_commands/printing/x": "y",
    })  # fmt: skip
    found, out = collected(device)
    assert of(found, "Package") == {"cri-o": {"version": "1.32.1-2.el9"}}
    assert list(of(found, "MicroshiftVersion")) == ["4.19.7"]
    assert [Path(i.source).name for i in out.inputs] == ["node", "installed-rpms", "crictl_pods", "journalctl_--no-pager_--unit_crio", "microshift_version"]
    machine = tmp_path / "var/log/journal" / ("0" * 32)
    machine.mkdir(parents=True)
    (machine / "system.journal").write_bytes(b"")
    assert [Path(i.source).name for i in collected(device)[1].inputs] == ["node", "installed-rpms", "crictl_pods", "microshift_version"]


# --- permission -------------------------------------------------------------------------------------------------------


@pytest.fixture
def nobody() -> Iterator[None]:
    """Do the test as a user who may read only what everybody may."""
    if os.geteuid() != 0:
        yield
        return
    groups = os.getgroups()
    os.setgroups([])
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setgroups(groups)


def _open_way_to(folder: Path) -> None:
    """Let other users reach a folder: pytest's own are its user's alone."""
    for each in (folder, *folder.parents):
        if each.is_relative_to(tempfile.gettempdir()) and each != Path(tempfile.gettempdir()):
            each.chmod(0o755)


def test_a_closed_folder_of_multus_does_not_look_as_if_it_had_no_kubeconfig(tree, request: pytest.FixtureRequest) -> None:
    device: Device = tree({"/etc/cni/net.d/multus.d/multus.kubeconfig": "x"})
    _open_way_to(device.root)
    (device.root / "etc/cni/net.d/multus.d").chmod(0o000)
    request.getfixturevalue("nobody")
    assert [v["what"] for _, v in told(collected(device)[1])] == ["/etc/cni/net.d/multus.d"]


def test_what_only_root_may_read_is_one_gap_and_not_absent(tree, request: pytest.FixtureRequest) -> None:
    device: Device = tree({
        "/etc/crio/crio.conf": DROP_IN, "/etc/crio/crio.conf.d/99-secret.conf": DROP_IN, "/etc/microshift/config.yaml": "node: {}", "/run/cni/bin/bridge": "x",
        "/etc/cni/net.d/00-multus.conf": MULTUS, "/etc/cni/net.d/multus.d/multus.kubeconfig": "x", "/var/lib/cni/networks/n/10.1.1.1": "5f" * 32,
        "/var/log/audit/audit.log": "type=AVC x", "/etc/microshift/config.d/1.yaml": "a: 1",
    })  # fmt: skip
    closed = [
        "etc/crio/crio.conf.d/99-secret.conf",
        "etc/cni/net.d/multus.d/multus.kubeconfig",
        "run/cni/bin",
        "var/lib/cni/networks",
        "var/log/audit/audit.log",
        "etc/microshift/config.d",
    ]
    _open_way_to(device.root)
    for name in closed:
        (device.root / name).chmod(0o000)
    request.getfixturevalue("nobody")
    found, out = collected(device)
    ((kind, values),) = told(out)
    assert (kind, out.gaps[0].hint) == ("node-denied", "sudo msnet diagnose")
    assert values["what"].count(",") == 4
    assert values["what"].endswith(" ...")
    assert values["what"].startswith(
        "/etc/cni/net.d/multus.d/multus.kubeconfig, /etc/crio/crio.conf.d/99-secret.conf, /etc/microshift/config.d, /run/cni/bin, "
    )
    assert {r.kind for r in found if isinstance(r, Resource)} == {"CniConf", "CniConfDir"}


# --- commands ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put programs that print what they were recorded to print before all others; without one of that name, it is hidden."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def make(**scripts: str) -> None:
        for name, script in scripts.items():
            path = folder / name.replace("_", "-")
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(0o755)

    return make


def printing(text: str, code: int = 0) -> str:
    return f"cat <<'END'\n{text}\nEND\nexit {code}"


ZONES = """\
public (active)
  target: default
  interfaces: enp1s0
  sources: 10.42.0.0/16
  services: ssh
  ports: 6443/tcp
"""
AVC = 'type=AVC msg=audit(1795464000.123:42): avc:  denied  { write } for  pid=9 comm="multus" name="x" scontext=a tcontext=b tclass=file permissive=0'


def test_every_command_only_reads() -> None:
    assert len(node.ALL_COMMANDS) > 8
    for command in (*map(list, node.ALL_COMMANDS), runtime.commands("pods", "-o", "json"), runtime.commands("inspectp", "-o", "json", "5f0c")):
        assert only_reads(" ".join(f"'{w}'" if "%" in w else w for w in command)), command


def test_what_commands_show_becomes_facts(install: Install) -> None:
    install(
        systemctl=printing(
            "Id=crio.service\nLoadState=loaded\nActiveState=failed\nSubState=failed\nResult=exit-code\nNRestarts=4\nStateChangeTimestamp=@1795464000\n"
        ),
        rpm=printing("microshift-4.19.7-1.el9.x86_64\nbash-5-1.el9.x86_64"),
        microshift=printing("MicroShift Version: 4.19.7"),
        crio='[ "$1" = status ] && { echo "dial unix: no such file" >&2; exit 1; }\n' + printing('[crio]\n[crio.network]\n# cni_default_network = "own"'),
        timedatectl=printing("NTP=yes\nNTPSynchronized=no"),
        firewall_cmd=printing(ZONES),
        ausearch=printing(AVC),
    )
    found, out = collected(Device())
    assert of(found, "Unit")["crio.service"]["NRestarts"] == 4
    assert list(of(found, "Package")) == ["microshift"]
    assert list(of(found, "MicroshiftVersion")) == ["4.19.7"]
    (crio,) = [r.body for r in found if isinstance(r, Resource) and r.kind == "CrioConfig" and r.body["sure"]]
    assert crio["cni_default_network"] == "own"
    assert of(found, "TimeSync") == {"time": {"synchronized": False, "by": "NTP"}}
    assert of(found, ZONE)["public"]["interfaces"] == ["enp1s0"]
    assert [r.time for r in found if isinstance(r, Record) and r.where.source == "ausearch"] == [1_795_464_000_123_000]
    assert "lo" in of(found, LINK)
    assert {"/", "/run"} <= set(of(found, "Filesystem"))
    assert of(found, "Selinux")["selinux"]["mode"] in (("Enforcing", "Permissive") if Path("/sys/fs/selinux").is_dir() else ("Disabled",))
    assert told(out) == []


def test_a_running_crio_knows_better_than_its_files(install: Install) -> None:
    install(
        crio='case "$1" in status) '
        "printf '[crio]\\n[crio.network]\\ncni_default_network = \"running\"\\n';; *) printf '[crio]\\n[crio.network]\\ncni_default_network = \"files\"\\n';; esac"
    )
    found, _ = collected(Device())
    assert [r.body["cni_default_network"] for r in found if isinstance(r, Resource) and r.kind == "CrioConfig" and r.body["sure"]] == ["running"]


def test_programs_that_hang_cost_no_more_than_the_time_there_is_and_hide_no_other(install: Install) -> None:
    install(rpm="sleep 30", systemctl="sleep 30", crio="sleep 30", microshift=printing("MicroShift Version: 4.19.7"))
    found, out = collected(Device(), seconds=1.5)
    assert list(of(found, "MicroshiftVersion")) == ["4.19.7"]
    assert "lo" in of(found, LINK)
    assert sorted(v["command"].split()[0] for k, v in told(out) if k == "node-command") == ["rpm", "systemctl"]
    assert all("no answer within" in v["why"] for _, v in told(out))
    assert not any(g.hides for g in out.gaps)


def test_a_part_of_a_list_is_no_list(install: Install) -> None:
    install(rpm=printing("microshift-4.19.7-1.el9.x86_64", 1), microshift="echo 'MicroShift Version: 4.19.7'; sleep 30")
    found, out = collected(Device(), seconds=1)
    assert of(found, "Package") == of(found, "MicroshiftVersion") == {}
    assert sorted(v["command"].split()[0] for _, v in told(out)) == ["microshift", "rpm"]


def test_programs_that_fail_are_told_apart(install: Install) -> None:
    install(
        ip="echo 'Cannot open netlink socket' >&2; exit 1",
        systemctl="echo 'System has not been booted with systemd as init system (PID 1). Can'\"'\"'t operate.' >&2; exit 1",
        firewall_cmd="echo 'FirewallD is not running' >&2; exit 252",
        ausearch="echo '<no matches>' >&2; exit 1",
        rpm="echo 'error: cannot open Packages database' >&2; exit 1",
        timedatectl="exit 1",
    )
    found, out = collected(Device())
    assert told(out) == [
        ("node-command", {"command": "ip -d -j addr", "why": "Cannot open netlink socket"}),
        ("node-command", {"command": "rpm -qa --queryformat %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}\\n", "why": "error: cannot open Packages database"}),
    ]
    assert [g.hides for g in out.gaps] == [True, False]
    assert of(found, LINK) == {}


def test_programs_that_refuse_are_part_of_what_needs_root(install: Install) -> None:
    install(
        firewall_cmd="echo 'Authorization failed: not authorized to control firewalld' >&2; exit 253",
        ausearch="echo 'Error opening config file (Permission denied)' >&2; exit 1",
    )
    _, out = collected(Device())
    assert [(k, v["what"]) for k, v in told(out) if k == "node-denied"] == [("node-denied", "ausearch, firewall-cmd")]


def test_garbage_is_no_fact_and_no_crash(install: Install) -> None:
    noise = "head -c 100000 /dev/urandom"
    install(**dict.fromkeys(("ip", "bridge", "systemctl", "rpm", "microshift", "crio", "timedatectl", "firewall_cmd", "ausearch"), noise))
    found, _ = collected(Device())
    assert of(found, LINK) == of(found, "Unit") == of(found, "Package") == of(found, ZONE) == {}


def test_a_saved_tree_runs_no_program(install: Install, tree, tmp_path: Path) -> None:
    names = {c[0] for c in node.ALL_COMMANDS}
    install(**{n.replace("-", "_"): f"touch {tmp_path}/ran" for n in names})
    collected(tree({"/etc/cni/net.d/00-multus.conf": MULTUS}))
    assert not (tmp_path / "ran").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to see all of root's processes")
def test_inotify_instances_of_root_are_counted() -> None:
    def used() -> int:
        return of(collected(Device())[0], "Inotify")["inotify"]["instances_used"]

    code = "import ctypes, sys; c = ctypes.CDLL(None); n = sum(c.inotify_init() > 0 for _ in range(40)); print(n, flush=True); sys.stdin.read()"
    before = used()
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        assert run.stdin is not None
        assert run.stdout.readline() == b"40\n"
        assert used() >= before + 20  # others may end meanwhile
        run.stdin.close()


# --- a real network namespace -----------------------------------------------------------------------------------------


def _made(*command: str) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


@pytest.fixture
def namespace() -> Iterator[tuple[str, set[str]]]:
    """Return a network namespace with a bridge and its port, a macvlan and addresses, and which of VLANs and VLAN filtering the kernel at hand has."""
    name = f"msnet-test-{os.getpid()}"
    if os.geteuid() != 0 or shutil.which("ip") is None or shutil.which("bridge") is None or not _made("ip", "netns", "add", name):
        pytest.skip("needs root, ip, bridge and the right to make network namespaces")
    try:
        for line in (
            "link add br-cell type bridge", "link add veth-a type veth peer name veth-b", "link set veth-a master br-cell",
            "link add link veth-b name mac-b type macvlan mode bridge", "addr add 10.20.0.1/24 dev br-cell", "link set br-cell up", "link set veth-a up",
        ):  # fmt: skip
            if not _made("ip", "-n", name, *line.split()):
                pytest.skip(f"the kernel has no: {line}")
        inside = ("ip", "netns", "exec", name)
        vlan = _made(*inside, *"ip link add link br-cell name br-cell.20 type vlan id 20".split())
        filtering = _made(*inside, *"ip link set br-cell type bridge vlan_filtering 1".split()) and _made(*inside, *"bridge vlan add dev veth-a vid 20".split())
        yield name, {*["vlan"] * vlan, *["filtering"] * filtering}
    finally:
        _made("ip", "netns", "del", name)


SHOW = """
import json
from datetime import UTC
from diagnose.collect import node
from diagnose.collect.device import Deadline, Device
from diagnose.collect.evidence import Evidence, Options
from diagnose.scan import Scanner
out = Evidence(Scanner([]), Options(None, UTC))
print(json.dumps([[r.kind, r.name, r.body] for r in node.collect(Device(), Deadline.after(9), out)]))
"""


def test_real_links_bridges_and_vlans(namespace: tuple[str, set[str]]) -> None:
    name, has = namespace
    run = subprocess.run(["ip", "netns", "exec", name, sys.executable, "-c", SHOW], check=True, capture_output=True, cwd=ROOT)
    found = {(kind, name): body for kind, name, body in json.loads(run.stdout)}
    links = {name: body for (kind, name), body in found.items() if kind == LINK}
    assert set(links) == {"lo", "br-cell", "veth-a", "veth-b", "mac-b", *["br-cell.20"] * ("vlan" in has)}
    assert [a["local"] for a in links["br-cell"]["addr_info"] if a["family"] == "inet"] == ["10.20.0.1"]
    assert links["br-cell"]["linkinfo"]["info_kind"] == "bridge"
    assert (links["mac-b"]["linkinfo"]["info_kind"], links["mac-b"]["linkinfo"]["info_data"]["mode"]) == ("macvlan", "bridge")
    assert found[PORT, "veth-a"]["master"] == "br-cell"
    if "vlan" in has:
        assert links["br-cell.20"]["linkinfo"]["info_data"]["id"] == 20
    if "filtering" in has:
        assert [v["vlan"] for v in found[VLANS, "veth-a"]["vlans"]] == [1, 20]


# --- nothing is changed -----------------------------------------------------------------------------------------------

_OPENED = re.compile(r'\b(?:open|openat|openat2|creat)\((?:AT_FDCWD, |\d+<[^>]*>, |\d+, )?"(?P<path>[^"]*)", (?P<flags>[^)\n<]*)')
_CONNECTED = re.compile(r"\b(?:connect|sendto)\(.*?sa_family=(?P<family>AF_\w+)")
_CHANGES = re.compile(
    r"\b(?:unlink|unlinkat|rename|renameat2?|mkdir|mkdirat|rmdir|link|linkat|symlink|symlinkat|truncate|chmod|fchmodat|chown|fchownat|mount|umount2|sethostname|setxattr)\("
)


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_a_live_run_writes_nothing_and_speaks_to_local_sockets_only(tmp_path: Path) -> None:
    trace, report = tmp_path / "trace", tmp_path / "report.json"
    calls = "trace=open,openat,openat2,creat,connect,sendto,unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,truncate,chmod,fchmodat,chown,fchownat,mount,umount2,sethostname,setxattr"
    command = [
        "strace",
        "-f",
        "-qq",
        "-s",
        "256",
        "-o",
        str(trace),
        "-e",
        calls,
        sys.executable,
        "-m",
        "diagnose",
        "diagnose",
        "--format",
        "json",
        "--timeout",
        "20",
        "-o",
        str(report),
    ]
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
    run = subprocess.run(command, capture_output=True, cwd=ROOT, env=environment, timeout=60, check=False)
    if b"ptrace" in run.stderr.lower() or not trace.exists():
        pytest.skip("strace may not trace here")
    text = trace.read_text("utf-8", "replace")
    written = {m["path"] for m in _OPENED.finditer(text) if re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC", m["flags"])} - {"/dev/null", "/dev/tty"}
    assert all(p.startswith(str(tmp_path)) for p in written), written
    assert [line for line in text.splitlines() if _CHANGES.search(line) and str(tmp_path) not in line] == []
    assert {m["family"] for m in _CONNECTED.finditer(text)} <= {"AF_UNIX", "AF_NETLINK"}
    assert json.loads(report.read_text())["collectors"]


def test_pods_are_no_facts_of_the_node(tree) -> None:
    assert of(collected(tree({"/etc/kubernetes/pod.json": json.dumps(pod("a"))}))[0], "Pod") == {}
