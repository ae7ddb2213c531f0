"""The node's configuration and state as its files and commands show it."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import NODE

from diagnose.parse import node
from diagnose.parse.host import Fact
from diagnose.parse.when import rfc3339

UNTIL_2036 = """\
-----BEGIN CERTIFICATE-----
MIIBbTCCAROgAwIBAgIUfEzm6GxY4DPCHGoO/AupyZbOuCYwCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBYTAeFw0yNjExMjUwODI0MzRaFw0zNjExMjIwODI0MzRaMAwx
CjAIBgNVBAMMAWEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATiCfotOmIqulEc
VYzaT05hLhYV6NfE8DMmnfvNcV8zw6vvDG5huDM58TnhcoqWjvW+chSprTamf2Tg
ES4lJ4Ayo1MwUTAdBgNVHQ4EFgQUEAyMrKubEE/YXexKYThrbKrGhegwHwYDVR0j
BBgwFoAUEAyMrKubEE/YXexKYThrbKrGhegwDwYDVR0TAQH/BAUwAwEB/zAKBggq
hkjOPQQDAgNIADBFAiEAyY0W6bZxCqjobWXqXFUi2y0RMJUiCigBSsK6KqmZ47YC
ICeSJUWXVo/o5Zl+C3JH4gOn8rMTWU2Hmw7TuxDICjZd
-----END CERTIFICATE-----
"""
"""Made by `openssl req -x509` for this test: its end is a UTCTime."""
UNTIL_2067 = """\
-----BEGIN CERTIFICATE-----
MIIBcDCCARWgAwIBAgIUNAXk1y36JaFz61gqeEZ6HUvEPjAwCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBYjAgFw0yNjExMjUwODI0MzRaGA8yMDY3MDEwNDA4MjQzNFow
DDEKMAgGA1UEAwwBYjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFeqdEO8QuAr
LbAnO64TZJcz5XR5hH2CvOTQE52B8ANH8Y/1AiQKi5lC2slU5ZwbV9iD/lotxnqn
IJKAegANKfejUzBRMB0GA1UdDgQWBBRFg7NrkuvxQNYHnP3711x6A8eijjAfBgNV
HSMEGDAWgBRFg7NrkuvxQNYHnP3711x6A8eijjAPBgNVHRMBAf8EBTADAQH/MAoG
CCqGSM49BAMCA0kAMEYCIQCfmdT7LzwLujBwo+mhoRECXKxzZaknr0ixo8zaN2G8
hwIhALHQMs3KCIynlojLQuyrCGqIWjbveM6WCU2mOTJnofxh
-----END CERTIFICATE-----
"""
"""Its end is a GeneralizedTime."""


def told(facts: list[Fact]) -> dict[str, dict[str, Any]]:
    return {f.name: f.body for f in facts}


# --- CNI --------------------------------------------------------------------------------------------------------------


def test_a_conf_is_its_text_its_content_and_when_it_was_written() -> None:
    text = '{"name": "multus-cni-network", "type": "multus"}'
    fact = node.of_conf("/etc/cni/net.d/00-multus.conf", text.encode(), 12.5)
    assert fact == Fact("CniConf", "/etc/cni/net.d", "00-multus.conf", {"text": text, "mtime": 12.5, "conf": json.loads(text), "error": ""})


@pytest.mark.parametrize(("text", "why"), [("{", "Expecting property name"), ("", "Expecting value"), ("[]", "no JSON object"), ("[" * 100_000, "recursion")])
def test_a_conf_that_libcni_cannot_read_says_why(text: str, why: str) -> None:
    body = node.of_conf("/etc/cni/net.d/10.conf", text.encode()).body
    assert body["conf"] is None
    assert why in body["error"]


# --- kubeconfig -------------------------------------------------------------------------------------------------------


def token(**claims: object) -> str:
    return ".".join(base64.urlsafe_b64encode(x.encode()).decode().rstrip("=") for x in ('{"alg":"RS256"}', json.dumps(claims), "signature"))


def kubeconfig(**user: str) -> dict[str, Any]:
    ca = base64.b64encode((UNTIL_2036 + UNTIL_2067).encode()).decode()
    config = {"clusters": [{"cluster": {"server": "https://10.43.0.1:443", "certificate-authority-data": ca}}], "users": [{"user": user}]}
    (fact,) = node.of_kubeconfig("/etc/cni/net.d/multus.d/multus.kubeconfig", json.dumps(config).encode())
    return fact.body


def test_a_kubeconfig_tells_when_it_expires_and_never_what_is_secret() -> None:
    mine = base64.b64encode(UNTIL_2036.encode()).decode()
    secret = token(exp=1_800_000_000, sub="multus")
    body = kubeconfig(token=secret, **{"client-certificate-data": mine, "client-key-data": "c2VjcmV0"})
    ends = {"token_expires": 1_800_000_000_000_000, "certificate_expires": rfc3339("2036-11-22T08:24:34Z"), "ca_expires": rfc3339("2067-01-04T08:24:34Z")}
    assert body == {"server": "https://10.43.0.1:443", "error": "", **ends}
    assert not any(part in str(body) for part in (*secret.split("."), "c2VjcmV0", mine))


@pytest.mark.parametrize("text", ["REMOVED", "a.b", "a.!!.c", "a.e30.c", token(exp="soon"), token(sub="multus"), "a." + "W" * 7 + ".c"])
def test_a_token_that_is_none_or_never_expires_has_no_end(text: str) -> None:
    assert kubeconfig(token=text)["token_expires"] is None


@pytest.mark.parametrize(
    ("raw", "why"), [(b": :\n\t-", "no valid YAML"), (b"", "no clusters in it"), (b"\xff\xfe\x00", "no valid YAML"), (b"clusters: 1", "no clusters in it")]
)
def test_what_is_no_kubeconfig_says_so(raw: bytes, why: str) -> None:
    (fact,) = node.of_kubeconfig("/k", raw)
    assert fact.body["error"] == why


def test_the_ends_of_certificates_are_those_that_openssl_shows() -> None:
    ends = [datetime.fromtimestamp(t / 1e6, UTC).isoformat() for t in node.certificate_ends((UNTIL_2036 + "text\n" + UNTIL_2067).encode())]
    assert ends == ["2036-11-22T08:24:34+00:00", "2067-01-04T08:24:34+00:00"]


def test_a_certificate_that_is_damaged_is_none() -> None:
    lines = UNTIL_2036.splitlines()
    for bad in (
        lines[0] + "\n" + lines[-1],
        lines[0] + "\n!!!!\n" + lines[-1],
        "\n".join([lines[0], lines[1][:32], lines[-1]]),
        "\n".join([*lines[:1], *lines[3:]]),
    ):
        assert node.certificate_ends(bad.encode()) == []
    for at in range(0, 400, 3):  # whatever byte is wrong, it ends
        der = bytearray(base64.b64decode("".join(lines[1:-1])))
        der[at % len(der)] ^= 0xFF
        assert len(node.certificate_ends(f"{lines[0]}\n{base64.b64encode(der).decode()}\n{lines[-1]}".encode())) <= 1


def test_the_real_kubeconfig_of_multus() -> None:
    path = "host/etc/cni/net.d/multus.d/multus.kubeconfig"
    (fact,) = node.of_file(f"/saved/{path}", (NODE / path).read_bytes())
    assert (fact.name, fact.body["server"]) == ("/etc/cni/net.d/multus.d/multus.kubeconfig", "https://10.43.0.1:443")
    assert fact.body["ca_expires"] == rfc3339("2036-11-21T00:00:01Z")
    assert fact.body["token_expires"] is None


# --- CRI-O ------------------------------------------------------------------------------------------------------------

MAIN = b'[crio.network]\ncni_default_network = ""\nnetwork_dir = "/etc/cni/net.d/"\nplugin_dirs = ["/opt/cni/bin"]\n'
MULTUS = b'[crio.network]\ncni_default_network = "multus-cni-network"\nplugin_dirs = ["/run/cni/bin"]\n'
CRIO_CONFIG = b"""\
time="2026-11-23T20:28:30Z" level=info msg="Updating config from path: /etc/crio/crio.conf.d"
# CRI-O's configuration
[crio]
# root = "/var/lib/containers/storage"
# log_filter = [
# ]

[crio.network]

# The default CNI network name to be selected. If not set or "", then
# CRI-O will pick-up the first one found in network_dir.
# cni_default_network = "multus-cni-network"

# network_dir = "/etc/cni/net.d/"

# plugin_dirs = [
# \t"/opt/cni/bin/",
# \t"/run/cni/bin",
# ]

[crio.metrics]
# metrics_collectors = [
# \t"operations",
# ]
"""
"""As CRI-O 1.36 prints it, though a file sets cni_default_network."""


def test_of_crios_files_the_last_word_counts_and_its_file_is_told() -> None:
    (fact,), broken = node.of_crio([("/etc/crio/crio.conf", MAIN), ("/etc/crio/crio.conf.d/12-microshift-multus.conf", MULTUS)])
    multus = "/etc/crio/crio.conf.d/12-microshift-multus.conf"
    origin = {"cni_default_network": multus, "network_dir": "/etc/crio/crio.conf", "plugin_dirs": multus}
    assert fact.body == {
        "cni_default_network": "multus-cni-network", "network_dir": "/etc/cni/net.d/", "plugin_dirs": ["/run/cni/bin"], "from": origin, "sure": False,
    }  # fmt: skip
    assert broken == []


def test_a_file_of_crio_that_is_no_toml_is_named() -> None:
    _, broken = node.of_crio([("/etc/crio/crio.conf", b"[crio\n"), ("/etc/crio/crio.conf.d/1", b"\xff\xfe")])
    assert [path for path, _ in broken] == ["/etc/crio/crio.conf", "/etc/crio/crio.conf.d/1"]
    assert "line 1" in broken[0][1]


def test_what_crio_config_writes_as_a_comment_holds() -> None:
    (fact,) = node.of_file("sos_commands/crio/crio_config", CRIO_CONFIG)
    assert (fact.body["cni_default_network"], fact.body["network_dir"]) == ("multus-cni-network", "/etc/cni/net.d/")
    assert fact.body["plugin_dirs"] == ["/opt/cni/bin/", "/run/cni/bin"]
    assert fact.body["sure"] is True


def test_crio_status_config_prints_plain_toml() -> None:
    raw = b'[crio]\n  root = "/x"\n  [crio.network]\n    cni_default_network = "ovn-kubernetes"\n    plugin_dirs = ["/run/cni/bin"]\n'
    (fact,) = node.of_file("/crio_status_config", raw)
    assert (fact.body["cni_default_network"], fact.body["plugin_dirs"]) == ("ovn-kubernetes", ["/run/cni/bin"])


@pytest.mark.parametrize("raw", [b"", b"command not found", b"[crio]\nroot = \n", b'[crio]\nroot = "/x"\n'])
def test_an_answer_without_a_network_is_none(raw: bytes) -> None:
    assert node.of_file("/crio_config", raw) == []


# --- MicroShift -------------------------------------------------------------------------------------------------------


def test_drop_ins_are_merged_null_takes_away_and_lists_are_replaced() -> None:
    main = b"network: {cniPlugin: '', clusterNetwork: [10.42.0.0/16], multus: {status: Disabled}}\nnode: {nodeIP: 10.0.0.1}\n"
    more = b"network: {multus: {status: Enabled}, clusterNetwork: [10.60.0.0/16], cniPlugin: null}\n"
    (fact,), broken = node.of_config([("/etc/microshift/config.yaml", main), ("/etc/microshift/config.d/10.yaml", more)])
    assert fact.body["network"] == {"clusterNetwork": ["10.60.0.0/16"], "multus": {"status": "Enabled"}}
    assert fact.body["node"] == {"nodeIP": "10.0.0.1"}
    assert fact.body["from"] == ["/etc/microshift/config.yaml", "/etc/microshift/config.d/10.yaml"]
    assert broken == []


def test_only_what_is_asked_for_is_kept_of_the_configuration() -> None:
    raw = b"apiServer: {advertiseAddress: 10.44.0.0, namedCertificates: [{keyPath: /k}]}\nkubelet: {evictionHard: {nodefs.available: 5%}, secret: x}\nother: {password: x}\n"
    (fact,), _ = node.of_config([("f", raw)])
    assert fact.body == {"apiServer": {"advertiseAddress": "10.44.0.0"}, "kubelet": {"evictionHard": {"nodefs.available": "5%"}}, "from": ["f"]}


def test_a_configuration_that_is_no_yaml_is_named_and_an_empty_one_is_one() -> None:
    facts, broken = node.of_config([("a", b"network: [\n"), ("b", b"# all comments\n")])
    assert [f.body for f in facts] == [{"from": ["b"]}]
    assert [p for p, _ in broken] == ["a"]
    assert node.of_config([]) == ([], [])


def test_the_version_is_that_of_microshift() -> None:
    assert node.of_version("MicroShift Version: 5.0.0-ec.6\nBase OCP Version: 5.0.0-0.nightly\n") == [Fact("MicroshiftVersion", "", "5.0.0-ec.6", {})]
    assert node.of_version("command not found") == []


# --- the system -------------------------------------------------------------------------------------------------------

SHOW = """\
NRestarts=3
ExecMainStatus=1
Id=microshift.service
LoadState=loaded
ActiveState=activating
SubState=auto-restart
Result=exit-code
UnitFileState=enabled
StateChangeTimestamp=@1795464000

Id=crio.service
LoadState=not-found
ActiveState=inactive
SubState=dead
StateChangeTimestamp=

LoadState=loaded
"""


def test_units_as_systemctl_shows_them() -> None:
    found = told(node.of_units(SHOW))
    assert found["microshift.service"] == {
        "LoadState": "loaded", "ActiveState": "activating", "SubState": "auto-restart", "Result": "exit-code", "NRestarts": 3, "ExecMainStatus": "1",
        "UnitFileState": "enabled", "StateChangeTimestamp": 1_795_464_000_000_000,
    }  # fmt: skip
    assert (found["crio.service"]["LoadState"], found["crio.service"]["StateChangeTimestamp"], found["crio.service"]["NRestarts"]) == ("not-found", None, 0)
    assert len(found) == 2


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("@1795464000", 1795464000.0),
        ("@1795464000.25", 1795464000.25),
        ("Mon 2026-11-23 20:00:00 UTC", 1795464000.0),
        ("2026-11-23 20:00:00 UTC", 1795464000.0),
    ],
)
def test_times_of_systemctl(text: str, seconds: float) -> None:
    assert node.stamp(text) == int(seconds * 1_000_000)


@pytest.mark.parametrize("text", ["", "n/a", "@0", "Mon 2026-11-23 20:00:00 JST"])
def test_what_is_no_time_that_can_be_dated_is_none(text: str) -> None:
    assert node.stamp(text) is None


def test_units_in_the_list_that_sos_saves() -> None:
    text = """\
  UNIT                      LOAD      ACTIVE   SUB     DESCRIPTION
  crio.service              loaded    active   running Container Runtime Interface for OCI (CRI-O)
● microshift.service        loaded    failed   failed  MicroShift
  microshift-etcd.scope     loaded    active   running /usr/bin/microshift-etcd run
● firewalld.service         masked    inactive dead    firewalld.service
  sshd.service              loaded    active   running OpenSSH server daemon
"""
    found = told(node.of_file("sos_commands/systemd/systemctl_list-units", text.encode()))
    assert {n: (b["LoadState"], b["ActiveState"], b["SubState"]) for n, b in found.items()} == {
        "crio.service": ("loaded", "active", "running"),
        "microshift.service": ("loaded", "failed", "failed"),
        "microshift-etcd.scope": ("loaded", "active", "running"),
        "firewalld.service": ("masked", "inactive", "dead"),
    }


def test_packages_of_the_network_with_their_versions() -> None:
    text = """\
microshift-4.19.7-202511101010.p0.el9.x86_64                 Mon Nov 10 10:10:10 2025
microshift-multus-4.19.7-202511101010.p0.el9.noarch
cri-o-1.32.1-2.el9.x86_64
openvswitch3.4-3.4.0-12.el9fdp.x86_64
kernel-5.14.0-570.el9.x86_64
kernel-headers-5.14.0-570.el9.x86_64
microshiftish-1-1.noarch
"""
    assert {n: b["version"] for n, b in told(node.of_file("installed-rpms", text.encode())).items()} == {
        "microshift": "4.19.7-202511101010.p0.el9", "microshift-multus": "4.19.7-202511101010.p0.el9", "cri-o": "1.32.1-2.el9", "openvswitch3.4": "3.4.0-12.el9fdp",
        "kernel": "5.14.0-570.el9", "microshiftish": "1-1",
    }  # fmt: skip


def test_the_folders_of_cni_configuration_in_a_listing() -> None:
    text = """\
/etc/cni:
drwxr-xr-x  3 root root ? 4096 Nov 23 19:52 net.d

/etc/cni/net.d:
total 20
drwxr-xr-x  3 root root ? 4096 Nov 23 19:52 .
-rw-r--r--  1 root root ?  994 Nov 23 19:52 00-multus.conf
lrwxrwxrwx  1 root root ?   14 Nov 23 18:48 10-x.conf -> /etc/other.conf
drwxr-xr-x  2 root root ? 4096 Nov 23 19:18 multus.d

/etc/cni/net.d/multus.d:
-rw-------  1 root root ?  994 Nov 23 19:52 multus.kubeconfig
"""
    assert told(node.of_file("sos_commands/crio/ls_-alZR_.etc.cni", text.encode())) == {"/etc/cni/net.d": {"names": ["00-multus.conf", "10-x.conf"]}}


@pytest.mark.parametrize(
    ("name", "folder", "text", "unfit"),
    [
        ("ls_opt_cni_bin.txt", "/opt/cni/bin", "bridge\ndhcp\nhost-local\n", []),
        ("ls_-l_.run.cni.bin", "/run/cni/bin", "total 8\n-rwxr-xr-x 1 r r 9 Nov 1 1:00 bridge\n-rw-r--r-- 1 r r 9 Nov 1 1:00 dhcp\ndrwxr-xr-x 2 r r 9 Nov 1 1:00 old\nlrwxrwxrwx 1 r r 9 Nov 1 1:00 host-local -> x\n", ["dhcp"]),
    ],
)  # fmt: skip
def test_plugins_in_a_listing(name: str, folder: str, text: str, unfit: list[str]) -> None:
    found = told(node.of_file(f"/saved/{name}", text.encode()))
    assert found == {folder: {"present": True, "names": ["bridge", "dhcp", "host-local"], "not_executable": unfit}}


def test_a_folder_that_ls_did_not_find_is_absent_and_one_that_it_may_not_read_is_unknown() -> None:
    missing = told(node.of_file("ls_opt_cni_bin", b"ls: cannot access '/opt/cni/bin': No such file or directory\n"))
    assert missing == {"/opt/cni/bin": {"present": False, "names": [], "not_executable": []}}
    assert node.of_file("ls_opt_cni_bin", b"ls: cannot open directory '/opt/cni/bin': Permission denied\n") == []


def test_disks_memory_selinux_and_clock_as_commands_show_them() -> None:
    df = "Filesystem     1K-blocks    Used Available Use% Mounted on\n/dev/vda4       20959212 9563960  11395252  46% /\ntmpfs 10 0 5 0% /run\nproc 0 0 0 - /proc\nshm 9 0 9 0% /var/lib/x\n"  # fmt: skip
    assert told(node.of_file("sos_commands/filesys/df_-al_-x_autofs", df.encode())) == {
        "/": {"size": 20959212 * 1024, "free": 11395252 * 1024, "inodes": 0, "inodes_free": 0},
        "/run": {"size": 10240, "free": 5120, "inodes": 0, "inodes_free": 0},
    }
    assert node.of_df(df.replace("1K-blocks", "Inodes   ")) == []
    meminfo = b"MemTotal:  16000 kB\nMemFree: 1 kB\nMemAvailable:  8000 kB\n"
    assert told(node.of_file("proc/meminfo", meminfo)) == {"memory": {"total": 16_384_000, "available": 8_192_000}}
    assert node.of_meminfo("MemTotal:  16000 kB\n") == []


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("SELinux status:                 enabled\nCurrent mode:                   permissive\nMode from config file:          enforcing\n", "Permissive"),
        ("SELinux status:                 disabled\n", "Disabled"),
        ("SELinux status:                 enabled\nCurrent mode:                   enforcing\n", "Enforcing"),
    ],
)
def test_the_mode_of_selinux(text: str, mode: str) -> None:
    assert told(node.of_file("sos_commands/selinux/sestatus_-b", text.encode())) == {"selinux": {"mode": mode}}


@pytest.mark.parametrize(
    ("name", "text", "synchronized", "by"),
    [
        ("timedatectl", "  Universal time: x\nSystem clock synchronized: yes\n              NTP service: active\n", True, "NTP"),
        ("timedatectl", "System clock synchronized: no\n              NTP service: inactive\n", False, ""),
        ("timedatectl", "NTP=yes\nNTPSynchronized=no\n", False, "NTP"),
        ("chronyc_-n_tracking", "Reference ID    : 0A000001 (10.0.0.1)\nLeap status     : Normal\n", True, "chronyd"),
        ("chronyc_tracking", "Leap status     : Not synchronised\n", False, "chronyd"),
    ],
)
def test_whether_the_clock_is_synchronised(name: str, text: str, synchronized: bool, by: str) -> None:
    assert told(node.of_file(f"sos_commands/chrony/{name}", text.encode())) == {"time": {"synchronized": synchronized, "by": by}}


def test_an_error_in_place_of_an_answer_tells_nothing() -> None:
    for name in ("timedatectl", "sestatus", "df_-al", "systemctl_list-units", "installed-rpms", "microshift_version", "ls_-alR_.etc.cni", "proc/meminfo"):
        assert node.of_file(name, b"Failed to connect to bus: No such file or directory\n") == []


# --- paths ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "known"),
    [
        ("/etc/cni/net.d/00-multus.conf", True),
        ("sosreport-edge-1/etc/cni/net.d/10-x.conflist", True),
        ("reports/sos.tar.xz!sosreport-edge-1/etc/cni/net.d/10-x.conflist", True),
        ("C:\\saved\\etc\\cni\\net.d\\10-x.json", True),
        ("/etc/cni/net.d/README", False),
        ("/etc/cni/net.d/whereabouts.d/whereabouts.kubeconfig", True),
        ("/etc/cni/net.d/multus.d/other", False),
        ("crio_config", True),
        ("my_crio_config_old", False),
        ("df_-ali_-x_autofs", False),
        ("journal.txt", False),
    ],
)
def test_files_are_known_by_their_path(source: str, known: bool) -> None:
    assert node.is_known(source) is known


def test_a_file_that_is_too_large_is_not_read() -> None:
    assert node.of_file("proc/meminfo", b"MemTotal: 1 kB\nMemAvailable: 1 kB\n" + b" " * node.SMALL) == []


# --- files that are merged --------------------------------------------------------------------------------------------


def layered(*files: tuple[str, bytes]) -> list[tuple[str, Fact]]:
    layers = node.Layers()
    for source, raw in files:
        layers.hold(source, raw)
    return list(layers.facts())


def test_configuration_in_several_files_is_merged_in_the_order_in_which_the_node_does_it() -> None:
    files = [("s/etc/crio/crio.conf.d/12-m.conf", MULTUS), ("s/etc/crio/crio.conf", MAIN), ("s/etc/crio/crio.conf.d/.hidden", b"no toml"), ("s/etc/crio/crio.conf.d/README", b"no toml")]  # fmt: skip
    for order in (files, files[::-1]):
        ((place, fact),) = layered(*order)
        assert place == "s/"
        assert (fact.body["cni_default_network"], fact.body["from"]["plugin_dirs"]) == ("multus-cni-network", "/etc/crio/crio.conf.d/12-m.conf")


def test_two_nodes_are_two() -> None:
    found = layered(
        *((f"{n}.tar!{n}/etc/microshift/config.d/{i}.yaml", f"network: {{cniPlugin: {n}{i}}}".encode()) for n in "ab" for i in (2, 1)),
        ("b.tar!b/etc/microshift/config.yaml", b"node: {nodeIP: 10.0.0.1}"),
    )
    assert [(place, f.body["network"]["cniPlugin"], "node" in f.body) for place, f in found] == [("a.tar!a/", "a2", False), ("b.tar!b/", "b2", True)]


def test_crio_conf_alone_says_nothing_and_neither_does_what_is_broken() -> None:
    assert layered(("etc/crio/crio.conf", MAIN)) == []
    assert layered(("etc/crio/crio.conf", MAIN), ("etc/crio/crio.conf.d/99", b"[crio")) == []
    assert layered(("etc/microshift/config.yaml", b"a: ["), ("etc/microshift/config.d/1.yaml", b"b: 1")) == []


def test_other_files_are_left_alone() -> None:
    layers = node.Layers()
    assert not any(
        layers.hold(s, b"")
        for s in ("etc/crio/other.conf", "etc/microshift/lvmd.yaml", "etc/microshift/config.d/x.txt", "crio.conf", Path("/x/crio.conf").as_posix())
    )
