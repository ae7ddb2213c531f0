"""Make a realistic, seeded MicroShift node journal for benchmarks and tests.

The same seed and options always give the same bytes. Entries are produced one
at a time (memory stays flat) and written in any of these formats at once:

    export         `journalctl -o export`
    json           `journalctl -o json`            (one object a line)
    short          `journalctl` / `-o short`
    short-iso      `journalctl -o short-iso`
    short-precise  `journalctl -o short-precise`

All times are UTC. A truth file (JSON) says how many entries carry the
signature of each failure class, from which formats that text can be read, and
which pods they belong to. Standard library only.

As a module: `entries(Options(...))` yields `Entry` tuples without end, and
`WRITERS[name](entry)` renders one as bytes.

Handed over with the project's reference material and kept as it came (its own
style, no linter), so that data made elsewhere with the same seed is the same.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

HOST = "edge-node-01"
START_US = 1745452800_000000  # 2025-04-24T00:00:00Z
NAMESPACES = (
    "default", "openshift-ingress", "openshift-dns", "openshift-ovn-kubernetes",
    "openshift-multus", "openshift-service-ca", "kube-system", "line-7-vision", "plc-gateway",
)
APPS = (
    "router-default", "dns-default", "node-resolver", "ovnkube-master", "ovnkube-node",
    "service-ca", "topolvm-node", "topolvm-controller", "csi-snapshot-controller",
    "camera-ingest", "opcua-bridge", "mqtt-broker", "historian", "dhcp-daemon", "multus",
)
IMAGES = (
    "quay.io/openshift-release-dev/ocp-v4.0-art-dev@sha256:",
    "registry.example.com/factory/camera-ingest@sha256:",
)
SHIM_STDIN = (
    '{"binDir":"/run/cni/bin","clusterNetwork":"/run/multus/cni/net.d/10-ovn-kubernetes.conf",'
    '"cniVersion":"0.3.1","daemonSocketDir":"/run/multus/socket","globalNamespaces":'
    '"default,openshift-multus","logLevel":"verbose","logToStderr":true,"name":'
    '"multus-cni-network","namespaceIsolation":true,"type":"multus-shim"}'
)


@dataclass(frozen=True)
class Options:
    """What to make. `failure_rate` is the share of entries carrying a signature."""

    seed: int = 1
    failure_rate: float = 0.001
    storm: float = 0.8  # share of the incidents that repeat one of a few broken pods
    thick: float = 0.3  # share of the Multus incidents told by the thick plug-in (shim)


class Source:
    """A process that logs: its constant journal fields, rendered once."""

    def __init__(self, transport: str, ident: str, pid: int, unit: str = "", **more: str) -> None:
        self.transport, self.ident, self.pid = transport, ident, pid
        fields = {"_TRANSPORT": transport, "_HOSTNAME": HOST, **more}
        if transport not in ("kernel", "audit"):
            fields |= {
                "_UID": "0", "_GID": "0", "_CAP_EFFECTIVE": "1ffffffffff",
                "_COMM": ident[:15], "_EXE": f"/usr/bin/{ident}", "_CMDLINE": f"{ident} run",
                "_SELINUX_CONTEXT": f"system_u:system_r:{ident.replace('-', '_')}_t:s0",
            }
        if unit:
            fields |= {
                "_SYSTEMD_CGROUP": f"/system.slice/{unit}", "_SYSTEMD_UNIT": unit,
                "_SYSTEMD_SLICE": "system.slice",
                "_SYSTEMD_INVOCATION_ID": f"{abs(hash_text(unit)):032x}",
            }
        if transport == "stdout":
            fields["_STREAM_ID"] = f"{abs(hash_text(ident + unit)):032x}"
        fields["SYSLOG_IDENTIFIER"] = ident
        fields["_MACHINE_ID"] = MACHINE_ID
        self.fields = fields
        self.export = "".join(f"{k}={v}\n" for k, v in fields.items()).encode()
        self.json = "".join(f',"{k}":{json.dumps(v)}' for k, v in fields.items()).encode()


class Entry(NamedTuple):
    """One journal entry. `failure` names the class whose signature MESSAGE carries."""

    realtime: int  # microseconds
    monotonic: int
    number: int
    source: Source
    message: bytes
    extra: tuple[tuple[str, bytes], ...] = ()
    failure: str = ""
    pod: str = ""


def hash_text(text: str) -> int:
    """A stable number for a text (Python's own hash() differs from run to run)."""
    return random.Random(text).getrandbits(128)


MACHINE_ID = f"{hash_text('machine'):032x}"
BOOT_ID = f"{hash_text('boot'):032x}"
SEQNUM_ID = f"{hash_text('seqnum'):032x}"

MICROSHIFT = Source("stdout", "microshift", 3145, "microshift.service")
ETCD = Source("stdout", "microshift-etcd", 3190, "microshift-etcd.scope")
CRIO = Source("stdout", "crio", 2210, "crio.service")
SYSTEMD = Source(
    "journal", "systemd", 1, "init.scope",
    CODE_FILE="src/core/job.c", CODE_LINE="768", CODE_FUNC="job_emit_done_message",
)
NETWORKMANAGER = Source(
    "journal", "NetworkManager", 1102, "NetworkManager.service",
    NM_LOG_LEVEL="INFO", NM_LOG_DOMAINS="DEVICE",
)
KERNEL = Source("kernel", "kernel", 0)
AUDIT = Source("audit", "audit", 0)  # each entry names the process it speaks of
OVS_VSCTL = Source("syslog", "ovs-vsctl", 48213, "crio.service")
SSHD = Source("syslog", "sshd", 51007, "sshd.service")
COREDUMP = Source("journal", "systemd-coredump", 60211, "systemd-coredump@3-60210-0.service")
GREENBOOT = Source("stdout", "greenboot", 2901, "greenboot-healthcheck.service")
DHCPD = Source("stdout", "podman", 2950, "app-gateway.service")


def go_quote(text: str) -> str:
    """Text as Go's strconv.Quote prints it; each nesting adds a level of escapes."""
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + text.replace("\n", "\\n").replace("\t", "\\t") + '"'


class Maker:
    """Draws entries; one random generator decides everything."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.rng = random.Random(options.seed)
        self.realtime = START_US
        self.monotonic = 95_000_000
        self.number = 0
        self.pods = [self.new_pod() for _ in range(60)]
        self.broken = [(self.new_pod("lab-"), *self.pick_failure()) for _ in range(8)]

    # -- small random things -------------------------------------------------

    def hex(self, digits: int) -> str:
        return f"{self.rng.getrandbits(digits * 4):0{digits}x}"

    def uuid(self) -> str:
        h = self.hex(32)
        return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"

    def ip(self) -> str:
        r = self.rng.getrandbits(16)
        return f"10.42.{r & 3}.{r >> 8}"

    def new_pod(self, prefix: str = "") -> tuple[str, str, str]:
        app = self.rng.choice(APPS)
        return self.rng.choice(NAMESPACES), f"{prefix}{app}-{self.hex(10)}", self.uuid()

    def pod(self) -> tuple[str, str, str]:
        return self.pods[int(self.rng.random() * 60)]

    def tick(self) -> None:
        self.number += 1
        # Bursts: most entries come within a millisecond, some after a pause.
        step = self.rng.random()
        step = int(step * 900) if step < 0.9 else int((step - 0.9) * 4_000_000)
        self.realtime += step + 3
        self.monotonic += step + 3

    def entry(
        self,
        source: Source,
        message: str | bytes,
        *extra: tuple[str, str | bytes],
        failure: str = "",
        pod: str = "",
    ) -> Entry:
        self.tick()
        raw = message.encode() if isinstance(message, str) else message
        more = tuple((k, v.encode() if isinstance(v, str) else v) for k, v in extra)
        return Entry(self.realtime, self.monotonic, self.number, source, raw, more, failure, pod)

    def klog(self, component: str, level: str, where: str, text: str) -> str:
        """A klog line as MicroShift prints it: component, then the klog header."""
        second, micro = divmod(self.realtime, 1_000_000)
        clock = CLOCK(second)
        return f"{component} {level}{clock.klog}.{micro:06d}    3145 {where}] {text}"

    def micro(self, component: str, level: str, where: str, text: str, **kw: str) -> Entry:
        line = self.klog(component, level, where, text)
        return self.entry(MICROSHIFT, line, ("PRIORITY", "6"), **kw)

    def crio(self, level: str, text: str, api: str = "", **kw: str) -> Entry:
        """A logrus line as CRI-O prints it."""
        second, micro = divmod(self.realtime, 1_000_000)
        tail = f" id={self.uuid()} name=/runtime.v1.{api}" if api else ""
        stamp = f"{CLOCK(second).iso}.{micro:06d}{self.rng.getrandbits(9):03d}Z"
        line = f'time="{stamp}" level={level} msg={go_quote(text)}{tail}'
        return self.entry(CRIO, line, ("PRIORITY", "6"), **kw)

    # -- a healthy node --------------------------------------------------------

    def clean(self) -> Iterator[Entry]:
        """Entries of a healthy moment; some look like failures but are none."""
        r = self.rng.random()
        for share, make in self.CLEAN:
            if r < share:
                yield from make(self)
                return
            r -= share
        yield from self.kubelet_lines()

    def kubelet_lines(self) -> Iterator[Entry]:
        ns, name, uid = self.pod()
        pick = int(self.rng.random() * 10)
        if pick == 0:
            yield self.micro(
                "kubelet", "I", "kubelet.go:2453",
                f'"SyncLoop (PLEG): event for pod" pod="{ns}/{name}" event={{"ID":"{uid}",'
                f'"Type":"ContainerStarted","Data":"{self.hex(64)}"}}',
            )
        elif pick == 1:
            volume = f"kube-api-access-{self.hex(5)}"
            yield self.micro(
                "kubelet", "I", "reconciler_common.go:218",
                f'"operationExecutor.MountVolume started for volume \\"{volume}\\" (UniqueName: '
                f'\\"kubernetes.io/projected/{uid}-{volume}\\") pod \\"{name}\\" '
                f'(UID: \\"{uid}\\") " pod="{ns}/{name}"',
            )
        elif pick == 2:
            yield self.micro(
                "kubelet", "I", "pod_startup_latency_tracker.go:104",
                f'"Observed pod startup duration" pod="{ns}/{name}" podStartSLOduration='
                f'{self.rng.random() * 9:.6f} podStartE2EDuration="4.120s" '
                f'podCreationTimestamp="2025-04-24 00:01:10 +0000 UTC" firstStartedPulling='
                f'"0001-01-01 00:00:00 +0000 UTC" lastFinishedPulling='
                f'"0001-01-01 00:00:00 +0000 UTC"',
            )
        elif pick == 3:  # looks like trouble, but is an ordinary readiness probe
            ip = self.ip()
            yield self.micro(
                "kubelet", "I", "prober.go:107",
                f'"Probe failed" probeType="Readiness" pod="{ns}/{name}" podUID="{uid}" '
                f'containerName="router" probeResult="failure" output="Get '
                f'\\"http://{ip}:1936/healthz/ready\\": dial tcp {ip}:1936: connect: '
                f'connection refused"',
            )
        elif pick == 4 and self.rng.random() < 0.3:  # a crash loop is no network failure
            yield self.micro(
                "kubelet", "E", "pod_workers.go:1298",
                f'"Error syncing pod, skipping" err="failed to \\"StartContainer\\" for '
                f'\\"app\\" with CrashLoopBackOff: \\"back-off 5m0s restarting failed '
                f'container=app pod={name}_{ns}({uid})\\"" pod="{ns}/{name}" podUID="{uid}"',
            )
        elif pick == 5:
            yield self.micro(
                "kubelet", "I", "operation_generator.go:721",
                f'"MountVolume.SetUp succeeded for volume \\"config\\" (UniqueName: '
                f'\\"kubernetes.io/configmap/{uid}-config\\") pod \\"{name}\\" '
                f'(UID: \\"{uid}\\") " pod="{ns}/{name}"',
            )
        elif pick == 6:
            yield self.micro(
                "kubelet", "I", "scope.go:117", f'"RemoveContainer" containerID="{self.hex(64)}"'
            )
        elif pick == 7:  # a multi-line value: journald stores each line as an entry of its own
            yield self.micro("kubelet", "I", "generic.go:334", '"Generic (PLEG)" output=<')
            for line in (f"\tcontainer {self.hex(64)} finished", f"\tpod {ns}/{name} exit code 0"):
                yield self.entry(MICROSHIFT, line, ("PRIORITY", "6"))
            yield self.entry(MICROSHIFT, f' > podID="{uid}"', ("PRIORITY", "6"))
        else:
            yield self.micro(
                "kubelet", "I", "kubelet.go:2421",
                f'"SyncLoop ({"UPDATE" if pick == 8 else "ADD"})" source="api" '
                f'pods=["{ns}/{name}"]',
            )

    def apiserver_lines(self) -> Iterator[Entry]:
        pick = int(self.rng.random() * 8)
        took = int(self.rng.random() * 900) + 100
        if pick < 2:
            trace = self.rng.getrandbits(31)
            yield self.micro(
                "kube-apiserver", "I", "trace.go:236",
                f'Trace[{trace}]: "Update" accept:application/vnd.kubernetes.protobuf, '
                f"*/*,audit-id:{self.uuid()},client:127.0.0.1,protocol:HTTP/2.0,resource:leases,"
                f"scope:resource,url:/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/"
                f"leases/{HOST},user-agent:kubelet/v1.31.6 (linux/amd64) kubernetes/1c38b1d,"
                f"verb:PUT (24-Apr-2025 00:01:12.345) (total time: {took}ms):",
            )
            for step in ("Writing http response", "Transaction prepared"):
                yield self.entry(
                    MICROSHIFT, f'Trace[{trace}]: ---"{step}" {took // 2}ms (00:01:12.500)',
                    ("PRIORITY", "6"),
                )
        elif pick == 2:  # start-up noise: refused, yet no failure
            yield self.micro(
                "kube-apiserver", "W", "logging.go:55",
                '[core] [Channel #1 SubChannel #2]grpc: addrConn.createTransport failed to '
                'connect to {Addr: "localhost:2379", ServerName: "localhost:2379", }. Err: '
                'connection error: desc = "transport: authentication handshake failed: context '
                'canceled"',
            )
        elif pick == 3:
            yield self.micro(
                "kube-apiserver", "I", "alloc.go:330",
                f'"allocated clusterIPs" service="default/svc-{self.hex(6)}" '
                f'clusterIPs={{"IPv4":"10.43.{self.rng.getrandbits(8)}.{self.rng.getrandbits(8)}"}}',
            )
        elif pick < 6:
            yield self.micro(
                "kube-controller-manager", "I", "replica_set.go:679",
                f'"Finished syncing" logger="replicaset-controller" kind="ReplicaSet" '
                f'key="default/web-{self.hex(9)}" duration="{took / 70:.3f}µs"',
            )
        elif pick == 6:
            yield self.micro(
                "kube-apiserver", "I", "cacher.go:1021",
                f"cacher (network-attachment-definitions.k8s.cni.cncf.io): {took} objects queued "
                "in incoming channel.",
            )
        else:
            yield self.micro(
                "kube-scheduler", "I", "schedule_one.go:314",
                f'"Successfully bound pod to node" pod="default/web-{self.hex(9)}" '
                f'node="{HOST}" evaluatedNodes=1 feasibleNodes=1',
            )

    def etcd_lines(self) -> Iterator[Entry]:
        second, micro = divmod(self.realtime, 1_000_000)
        stamp = f"{CLOCK(second).iso}.{micro:06d}Z"
        if self.rng.random() < 0.7:
            text = (
                f'{{"level":"info","ts":"{stamp}","caller":"mvcc/hash.go:137","msg":"storing new '
                f'hash","hash":{self.rng.getrandbits(32)},"revision":{self.rng.getrandbits(22)},'
                f'"compact-revision":{self.rng.getrandbits(22)}}}'
            )
        else:
            ns, name, _ = self.pod()
            text = (
                f'{{"level":"warn","ts":"{stamp}","caller":"etcdserver/util.go:170","msg":"apply '
                f'request took too long","took":"{self.rng.random() * 400 + 100:.6f}ms",'
                f'"expected-duration":"100ms","prefix":"read-only range ","request":"key:'
                f'\\"/registry/pods/{ns}/{name}\\" ","response":"range_response_count:1 size:'
                f'{self.rng.getrandbits(13)}"}}'
            )
        yield self.entry(ETCD, text, ("PRIORITY", "6"))

    def crio_lines(self) -> Iterator[Entry]:
        ns, name, uid = self.pod()
        pick = int(self.rng.random() * 8)
        box = self.hex(64)
        if pick < 2:
            image = self.rng.choice(IMAGES) + self.hex(64)
            yield self.crio("info", f"Checking image status: {image}", "ImageService/ImageStatus")
            yield self.crio(
                "info",
                f"Image status: &ImageStatusResponse{{Image:&Image{{Id:{box},RepoTags:[],"
                f"RepoDigests:[{image}],Size_:{self.rng.getrandbits(30)},Uid:&Int64Value{{Value:0,}},Username:,"
                f"Spec:nil,Pinned:false,}},Info:map[string]string{{}},}}",
                "ImageService/ImageStatus",
            )
        elif pick == 2:
            yield self.crio(
                "info",
                f"Got pod network &{{Name:{name} Namespace:{ns} ID:{box} UID:{uid} NetNS:"
                f"/var/run/netns/{self.uuid()} Networks:[] RuntimeConfig:map[multus-cni-network:"
                f"{{IP: MAC: PortMappings:[] Bandwidth:<nil> IpRanges:[] CgroupPath:kubepods-"
                f"besteffort-pod{uid.replace('-', '_')}.slice "
                f"PodAnnotations:0xc000{self.hex(6)}}}] Aliases:map[]}}",
            )
        elif pick == 3:
            yield self.crio(
                "info", f'Adding pod {ns}_{name} to CNI network "multus-cni-network" (type=multus)'
            )
        elif pick == 4:  # the thin Multus binary writes to CRI-O's stderr
            second = self.realtime // 1_000_000
            yield self.entry(
                CRIO,
                f"{CLOCK(second).iso}Z [verbose] Add: {ns}:{name}:{uid}:ovn-kubernetes"
                f'(ovn-kubernetes):eth0 {{"cniVersion":"0.3.1","interfaces":[{{"name":"{box[:15]}",'
                f'"mac":"0a:58:0a:2a:00:{box[:2]}"}},{{"name":"eth0","mac":"0a:58:0a:2a:00:{box[:2]}",'
                f'"sandbox":"/var/run/netns/{self.uuid()}"}}],"ips":[{{"version":"4","interface":1,'
                f'"address":"{self.ip()}/24","gateway":"10.42.0.1"}}],"dns":{{}}}}',
                ("PRIORITY", "6"),
            )
        elif pick == 5:
            yield self.crio(
                "info", f"Created container {box}: {ns}/{name}/app",
                "RuntimeService/CreateContainer",
            )
            second, micro = divmod(self.realtime, 1_000_000)
            yield self.entry(
                CRIO,
                f'time="{CLOCK(second).iso}.{micro:06d}117Z" level=info msg="Started container" '
                f"PID={self.rng.getrandbits(20)} containerID={box} description={ns}/{name}/app "
                f"id={self.uuid()} name=/runtime.v1.RuntimeService/StartContainer "
                f"sandboxID={self.hex(64)}",
                ("PRIORITY", "6"),
            )
        elif pick == 6:
            yield self.crio(
                "info", f"Stopping pod sandbox: {box}", "RuntimeService/StopPodSandbox"
            )
        else:
            yield self.crio(
                "info", f"Ran pod sandbox {box} with infra container: {ns}/{name}/POD",
                "RuntimeService/RunPodSandbox",
            )

    def systemd_lines(self) -> Iterator[Entry]:
        box = self.hex(64)
        scope = f"crio-{box}.scope"
        yield self.entry(
            SYSTEMD, f"{scope}: Deactivated successfully.", ("PRIORITY", "6"),
            ("MESSAGE_ID", "7ad2d189f7e94e70a38c781354912448"), ("UNIT", scope),
            ("_SOURCE_REALTIME_TIMESTAMP", str(self.realtime - 40)),
        )
        yield self.entry(
            SYSTEMD, f"{scope}: Consumed {self.rng.random() * 90:.3f}s CPU time.",
            ("PRIORITY", "5"), ("MESSAGE_ID", "ae8f7b866b0347b9af31fe1c80b127c0"),
            ("UNIT", scope), ("CPU_USAGE_NSEC", str(self.rng.getrandbits(34))),
            ("_SOURCE_REALTIME_TIMESTAMP", str(self.realtime - 40)),
        )

    def networkmanager_lines(self) -> Iterator[Entry]:
        second, micro = divmod(self.realtime, 1_000_000)
        device = self.hex(15)
        yield self.entry(
            NETWORKMANAGER,
            f"<info>  [{second}.{micro // 100:04d}] device ({device}): carrier: link connected",
            ("PRIORITY", "6"), ("NM_DEVICE", device),
            ("_SOURCE_REALTIME_TIMESTAMP", str(self.realtime - 55)),
        )

    def kernel_lines(self) -> Iterator[Entry]:
        device = self.hex(15)
        text = (
            f"IPv6: ADDRCONF(NETDEV_CHANGE): {device}: link becomes ready"
            if self.rng.random() < 0.5
            else f"device {device} entered promiscuous mode"
        )
        yield self.entry(
            KERNEL, text, ("PRIORITY", "6"), ("SYSLOG_FACILITY", "0"),
            ("_SOURCE_MONOTONIC_TIMESTAMP", str(self.monotonic - 30)),
        )

    def audit_lines(self) -> Iterator[Entry]:
        unit = f"crio-{self.hex(12)}"
        yield self.entry(
            AUDIT,
            f"SERVICE_START pid=1 uid=0 auid=4294967295 ses=4294967295 subj=system_u:system_r:"
            f"init_t:s0 msg='unit={unit} comm=\"systemd\" exe=\"/usr/lib/systemd/systemd\" "
            "hostname=? addr=? terminal=? res=success'",
            ("_AUDIT_TYPE", "1130"), ("_AUDIT_TYPE_NAME", "SERVICE_START"),
            ("_AUDIT_ID", str(self.number)), ("_PID", "1"), ("_UID", "0"),
            ("_SOURCE_REALTIME_TIMESTAMP", str(self.realtime - 900)),
        )

    def ovs_lines(self) -> Iterator[Entry]:
        ns, name, _ = self.pod()
        port = self.hex(15)
        yield self.entry(
            OVS_VSCTL,
            f"ovs|00001|vsctl|INFO|Called as ovs-vsctl --timeout=30 --may-exist add-port br-int "
            f"{port} other_config:transient=true -- set interface {port} external_ids:attached_mac="
            f"0a:58:0a:2a:00:{port[:2]} external_ids:iface-id={ns}_{name} "
            f"external_ids:ip_addresses={self.ip()}/24 external_ids:sandbox={self.hex(64)}",
            ("PRIORITY", "6"), ("SYSLOG_FACILITY", "3"), ("SYSLOG_PID", "48213"),
            ("SYSLOG_TIMESTAMP", CLOCK(self.realtime // 1_000_000).short + b" "),
            ("_SOURCE_REALTIME_TIMESTAMP", str(self.realtime - 25)),
        )

    def odd_lines(self) -> Iterator[Entry]:
        """Rare shapes: multi-line messages, binary fields, colours, huge messages."""
        r = self.rng.random()
        if r < 0.55:
            yield self.entry(
                SSHD,
                f"Connection closed by 192.168.1.{self.rng.getrandbits(8)} port "
                f"{self.rng.getrandbits(16)} [preauth]",
                ("PRIORITY", "6"), ("SYSLOG_FACILITY", "10"),
                ("_SOURCE_REALTIME_TIMESTAMP", str(self.realtime - 25)),
            )
        elif r < 0.80:  # colours: binary in export, a number array in json, stripped in short
            yield self.entry(
                GREENBOOT, f"\x1b[32mSUCCESS\x1b[0m script {self.hex(8)}_check.sh finished",
                ("PRIORITY", "6"),
            )
        elif r < 0.90:  # true multi-line message, sent with the native protocol
            yield self.entry(
                COREDUMP,
                f"Process {self.rng.getrandbits(16)} (camera-ingest) of user 0 dumped core.\n\n"
                "Stack trace of thread 7:\n#0  0x00007f2a1c8a154c __pthread_kill (libc.so.6)\n"
                "#1  0x00007f2a1c854d06 raise (libc.so.6)\n"
                f"#2  0x000000000040{self.hex(4)} main (/opt/camera/ingest)\n"
                "ELF object binary architecture: AMD x86-64",
                ("PRIORITY", "2"), ("MESSAGE_ID", "fc2e22bc6ee647b6b90729ab34a250b1"),
                ("COREDUMP_SIGNAL", "6"),
                ("COREDUMP_ENVIRON", f"PATH=/usr/bin\nLANG=en_US\nSTATE={self.hex(40)}"),
                ("_SOURCE_REALTIME_TIMESTAMP", str(self.realtime - 25)),
            )
        elif r < 0.97:  # bytes that are no text at all
            yield self.entry(
                DHCPD,
                b"frame \x01\x02\xff\xfe" + bytes(b | 0x80 for b in self.rng.randbytes(40)),
                ("PRIORITY", "6"),
            )
        else:  # longer than 4096 bytes: json shows null unless --all is given
            yield self.micro(
                "kubelet", "I", "config.go:405",
                '"Receiving a new configuration" object={' + ",".join(
                    f'"key-{self.hex(4)}":"{self.hex(40)}"' for _ in range(110)
                ) + "}",
            )

    CLEAN: tuple[tuple[float, Callable[[Maker], Iterator[Entry]]], ...] = (
        (0.24, kubelet_lines), (0.13, apiserver_lines), (0.09, etcd_lines), (0.22, crio_lines),
        (0.12, systemd_lines), (0.05, networkmanager_lines), (0.05, kernel_lines),
        (0.05, audit_lines), (0.03, ovs_lines), (0.02, odd_lines),
    )

    # -- failures ----------------------------------------------------------------

    def pick_failure(self) -> tuple[str, str]:
        """A failure class and the name it concerns (a network, device, plug-in ...)."""
        slug = self.rng.choice(tuple(CNI_FAILURES) + tuple(OTHER_FAILURES))
        return slug, self.rng.choice(("macvlan-conf", "vlan-200", "plant-floor", "br-plc", "eno2"))

    def incident(self) -> Iterator[Entry]:
        """One failure as the node tells it: a chain of entries, some carry the signature."""
        if self.rng.random() < self.options.storm:
            weight = self.rng.random()
            pod, slug, name = self.broken[int(weight * weight * len(self.broken))]
        else:
            pod, (slug, name) = self.new_pod(), self.pick_failure()
        if slug in OTHER_FAILURES:
            yield from OTHER_FAILURES[slug](self, slug, pod)
        else:
            yield from self.sandbox_incident(slug, pod, CNI_FAILURES[slug], name)

    def sandbox_incident(
        self, slug: str, pod: tuple[str, str, str], template: str, name: str
    ) -> Iterator[Entry]:
        """A failed CNI ADD: Multus, CRI-O, then four kubelet lines, ever deeper escaped."""
        ns, app, uid = pod
        box = self.hex(64)
        path = f"{ns}/{app}"
        reason = template.format(ns=ns, pod=app, uid=uid, name=name, ip=self.ip(), box=box)
        thick = self.rng.random() < self.options.thick
        multus = f"Multus: [{path}/{uid}]: {reason}"
        if thick:
            body = (
                f'ContainerID:"{box}" Netns:"/var/run/netns/{self.uuid()}" IfName:"eth0" '
                f'Args:"IgnoreUnknown=1;K8S_POD_NAMESPACE={ns};K8S_POD_NAME={app};'
                f'K8S_POD_INFRA_CONTAINER_ID={box};K8S_POD_UID={uid}" Path:"" ERRORED: '
                f"error configuring pod [{path}] networking: {multus}\n"
            )
            failed = (
                f"CmdAdd (shim): CNI request failed with status 400: '{body}': "
                f"StdinData: {SHIM_STDIN}"
            )
            kind = "multus-shim"
        else:
            failed, kind = multus, "multus"
            stamp = CLOCK(self.realtime // 1_000_000).iso
            yield self.entry(
                CRIO, f"{stamp}Z [error] {reason}", ("PRIORITY", "6"), failure=slug, pod=path
            )
        plugin = f'plugin type="{kind}" name="multus-cni-network" failed (add): {failed}'
        yield self.crio("error", f"Error adding network: {plugin}", failure=slug, pod=path)
        yield self.crio(
            "info", f"NetworkStart: stopping network for sandbox {box}",
            "RuntimeService/RunPodSandbox",
        )
        error = (
            f"rpc error: code = Unknown desc = failed to create pod network sandbox "
            f'k8s_{app}_{ns}_{uid}_0({box}): error adding pod {ns}_{app} to CNI network '
            f'"multus-cni-network": {plugin}'
        )
        where = f'pod="{path}"'
        yield from self.kubelet_error("log.go:32", "RunPodSandbox from runtime service failed",
                                      error, "", slug, path)
        yield from self.kubelet_error("kuberuntime_sandbox.go:72",
                                      "Failed to create sandbox for pod", error, where, slug, path)
        yield from self.kubelet_error("kuberuntime_manager.go:1170",
                                      "CreatePodSandbox for pod failed", error, where, slug, path)
        nested = (
            f'failed to "CreatePodSandbox" for "{app}_{ns}({uid})" with CreatePodSandboxError: '
            + go_quote(f'Failed to create sandbox for pod "{app}_{ns}({uid})": {error}')
        )
        yield from self.kubelet_error("pod_workers.go:1298", "Error syncing pod, skipping", nested,
                                      f'{where} podUID="{uid}"', slug, path)

    def kubelet_error(
        self, where: str, text: str, error: str, rest: str, slug: str, path: str
    ) -> Iterator[Entry]:
        """klog's structured error; a value with a line break is printed as `err=<` block."""
        rest = f" {rest}" if rest else ""
        if "\n" not in error:
            yield self.micro("kubelet", "E", where, f'"{text}" err={go_quote(error)}{rest}',
                             failure=slug, pod=path)
            return
        # journald splits the block: the pod= key stands in another entry than the reason.
        yield self.micro("kubelet", "E", where, f'"{text}" err=<')
        first, *others = error.split("\n")
        yield self.entry(MICROSHIFT, f"\t{first}", ("PRIORITY", "6"), failure=slug, pod=path)
        for line in others:
            yield self.entry(MICROSHIFT, f"\t{line}", ("PRIORITY", "6"))
        yield self.entry(MICROSHIFT, f" >{rest}", ("PRIORITY", "6"))

    def not_ready(self, slug: str, pod: tuple[str, str, str]) -> Iterator[Entry]:
        yield self.micro(
            "kubelet", "E", "kubelet.go:2902",
            '"Container runtime network not ready" networkReady="NetworkReady=false '
            'reason:NetworkPluginNotReady message:Network plugin returns error: No CNI '
            'configuration file in /etc/cni/net.d/. Has your network provider started?"',
            failure=slug,
        )
        ns, app, uid = pod
        yield self.micro(
            "kubelet", "E", "pod_workers.go:1298",
            f'"Error syncing pod, skipping" err="network is not ready: container runtime network '
            f'not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin '
            f'returns error: No CNI configuration file in /etc/cni/net.d/. Has your network '
            f'provider started?" pod="{ns}/{app}" podUID="{uid}"',
            failure=slug, pod=f"{ns}/{app}",
        )

    def name_reserved(self, slug: str, pod: tuple[str, str, str]) -> Iterator[Entry]:
        ns, app, uid = pod
        error = (
            "rpc error: code = DeadlineExceeded desc = error reserving pod name "
            f"k8s_{app}_{ns}_{uid}_0 for id {self.hex(64)}: name is reserved"
        )
        yield self.crio(
            "warning", f"error reserving pod name k8s_{app}_{ns}_{uid}_0 for id {self.hex(64)}: "
            "name is reserved", "RuntimeService/RunPodSandbox", failure=slug, pod=f"{ns}/{app}",
        )
        yield from self.kubelet_error("log.go:32", "RunPodSandbox from runtime service failed",
                                      error, "", slug, f"{ns}/{app}")

    def selinux(self, slug: str, pod: tuple[str, str, str]) -> Iterator[Entry]:
        pid = self.rng.getrandbits(16) + 300
        yield self.entry(
            AUDIT,
            f'AVC avc:  denied  {{ write }} for  pid={pid} comm="multus" '
            f'name="00-multus.conf" dev="dm-0" ino={self.rng.getrandbits(22)} '
            "scontext=system_u:system_r:container_t:s0:c14,c27 "
            "tcontext=system_u:object_r:etc_t:s0 tclass=file permissive=0",
            ("_AUDIT_TYPE", "1400"), ("_AUDIT_TYPE_NAME", "AVC"), ("_AUDIT_ID", str(self.number)),
            ("_PID", str(pid)), ("_SOURCE_REALTIME_TIMESTAMP", str(self.realtime - 900)),
            failure=slug,
        )

    def coloured_daemon(self, slug: str, pod: tuple[str, str, str]) -> Iterator[Entry]:
        """A failure in a message with colours (binary in export, a number array in json)."""
        yield self.entry(
            GREENBOOT,
            "\x1b[31mFAILURE\x1b[0m dial unix /run/multus/multus.sock: connect: "
            "no such file or directory",
            ("PRIORITY", "6"), failure=slug,
        )


#: CNI ADD failures by class: the reason as Multus words it. `{name}` and the rest are filled in.
CNI_FAILURES = {
    "nad-not-found": (
        "error loading k8s delegates k8s args: TryLoadPodDelegates: error in getting k8s network "
        "for pod: GetNetworkDelegates: failed getting the delegate: getKubernetesDelegate: cannot "
        "find a network-attachment-definition ({name}) in namespace ({ns}): "
        'network-attachment-definitions.k8s.cni.cncf.io "{name}" not found'
    ),
    "nad-config-invalid-json": (
        "error loading k8s delegates k8s args: TryLoadPodDelegates: error in getting k8s network "
        "for pod: GetNetworkDelegates: failed getting the delegate: GetCNIConfig: err in "
        'getCNIConfigFromSpec: failed to unmarshal Spec.Config: invalid character "}}" looking for '
        "beginning of object key string"
    ),
    "annotation-invalid-format": (
        "error loading k8s delegates k8s args: TryLoadPodDelegates: error in getting k8s network "
        "for pod: parsePodNetworkAnnotation: parsePodNetworkObjectName: Failed to parse: one or "
        "more items did not match comma-delimited format (must consist of lower case alphanumeric "
        'characters). Must start and end with an alphanumeric character), mismatch @ "{name} "'
    ),
    "cni-plugin-missing": (
        '[{ns}/{pod}/{uid}:{name}]: error adding container to network "{name}": failed to find '
        'plugin "macvlan" in path [/run/cni/bin /opt/cni/bin]'
    ),
    "master-interface-not-found": (
        '[{ns}/{pod}/{uid}:{name}]: error adding container to network "{name}": failed to lookup '
        'master "{name}": Link not found'
    ),
    "bridge-conflict": (
        '[{ns}/{pod}/{uid}:{name}]: error adding container to network "{name}": failed to create '
        'bridge "{name}": could not add "{name}": "{name}" already exists but is not a bridge'
    ),
    "ipam-pool-exhausted": (
        '[{ns}/{pod}/{uid}:{name}]: error adding container to network "{name}": failed to allocate '
        "for range 0: no IP addresses available in range set: 10.10.0.20-10.10.0.50"
    ),
    "ipam-dhcp-daemon-unreachable": (
        '[{ns}/{pod}/{uid}:{name}]: error adding container to network "{name}": error dialing DHCP '
        "daemon: dial unix /run/cni/dhcp.sock: connect: no such file or directory"
    ),
    "multus-rbac-forbidden": (
        "error getting pod: pods \"{pod}\" is forbidden: User "
        '"system:serviceaccount:openshift-multus:multus" cannot get resource "pods" in API group '
        '"" in the namespace "{ns}"'
    ),
    "apiserver-unreachable": (
        'error getting pod: Get "https://10.43.0.1:443/api/v1/namespaces/{ns}/pods/{pod}?timeout='
        '1m0s": dial tcp 10.43.0.1:443: connect: connection refused'
    ),
    "ovn-kubernetes-not-ready": (
        '[{ns}/{pod}/{uid}:ovn-kubernetes]: error adding container to network "ovn-kubernetes": '
        "CNI request failed with status 400: '[{ns}/{pod} {box} network default NAD default] "
        "failed to configure pod interface: timed out waiting for OVS port binding "
        "(ovn-installed) for 0a:58:0a:2a:00:05 [{ip}/24]'"
    ),
    "readiness-indicator-timeout": (
        "have you checked that your default network is ready? still waiting for "
        "readinessindicatorfile @ /etc/cni/net.d/10-ovn-kubernetes.conf. pollimmediate error: "
        "timed out waiting for the condition"
    ),
}

#: Failures that are told another way than by a failed CNI ADD.
OTHER_FAILURES: dict[str, Callable[[Maker, str, tuple[str, str, str]], Iterator[Entry]]] = {
    "network-plugin-not-ready": Maker.not_ready,
    "sandbox-name-reserved": Maker.name_reserved,
    "selinux-denied": Maker.selinux,
    "multus-not-running": Maker.coloured_daemon,
}

#: How many signature entries an incident has on average (keeps `failure_rate` honest).
ENTRIES_PER_INCIDENT = 4.6


def entries(options: Options) -> Iterator[Entry]:
    """All the entries of a node's journal, without end."""
    maker = Maker(options)
    chance = 0.0
    marked = 0
    while True:
        # Steer by what was written so far, so the share comes out as asked.
        behind = options.failure_rate * maker.number - marked
        chance = max(0.0, behind / ENTRIES_PER_INCIDENT / 40) if options.failure_rate else 0.0
        made = maker.incident() if maker.rng.random() < chance else maker.clean()
        for entry in made:
            marked += bool(entry.failure)
            yield entry


# -- formats -------------------------------------------------------------------------


class Clock(NamedTuple):
    """One second, spelt in the ways the formats need."""

    short: bytes
    iso: str
    iso_zone: bytes
    klog: str


class _Clocks(dict[int, Clock]):
    def __missing__(self, second: int) -> Clock:
        t = time.gmtime(second)
        if len(self) > 64:
            self.clear()
        iso = time.strftime("%Y-%m-%dT%H:%M:%S", t)
        clock = Clock(
            time.strftime("%b %d %H:%M:%S", t).encode(), iso, iso.encode() + b"+0000",
            time.strftime("%m%d %H:%M:%S", t),
        )
        self[second] = clock
        return clock

    def __call__(self, second: int) -> Clock:
        return self[second]


CLOCK = _Clocks()
CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")  # all but tab and line break
ANSI = re.compile(rb"\x1b\[[0-9;]*m")


def printable(value: bytes) -> bool:
    """True where journalctl prints a field as text (line breaks and tabs allowed)."""
    if CONTROL.search(value):
        return False
    if value.isascii():
        return True
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def cursor(entry: Entry) -> bytes:
    mixed = (entry.realtime * 2654435761) & 0xFFFFFFFFFFFFFFFF
    return (
        f"s={SEQNUM_ID};i={entry.number:x};b={BOOT_ID};m={entry.monotonic:x};"
        f"t={entry.realtime:x};x={mixed:x}"
    ).encode()


def fields_of(entry: Entry) -> Iterator[tuple[bytes, bytes]]:
    """The entry's own fields, the message last but for the source's time stamp."""
    late = []
    if entry.source.pid:
        yield b"_PID", b"%d" % entry.source.pid
    for key, value in entry.extra:
        if key.startswith("_SOURCE"):
            late.append((key.encode(), value))
        else:
            yield key.encode(), value
    yield b"MESSAGE", entry.message
    yield from late


def write_export(entry: Entry) -> bytes:
    parts = [
        b"__CURSOR=%b\n__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=%b\n"
        % (cursor(entry), entry.realtime, entry.monotonic, BOOT_ID.encode()),
        entry.source.export,
    ]
    for key, value in fields_of(entry):
        if b"\n" in value or not printable(value):
            parts.append(b"%b\n%b%b\n" % (key, len(value).to_bytes(8, "little"), value))
        else:
            parts.append(b"%b=%b\n" % (key, value))
    parts.append(b"\n")
    return b"".join(parts)


def write_json(entry: Entry) -> bytes:
    parts = [
        b'{"__CURSOR":"%b","__REALTIME_TIMESTAMP":"%d","__MONOTONIC_TIMESTAMP":"%d","_BOOT_ID":"%b"'
        % (cursor(entry), entry.realtime, entry.monotonic, BOOT_ID.encode()),
        entry.source.json,
    ]
    for key, value in fields_of(entry):
        if len(key) + len(value) + 1 >= 4096:  # journalctl without --all
            text = b"null"
        elif printable(value):
            text = json.dumps(value.decode(), ensure_ascii=False).encode()
        else:
            text = b"[" + ",".join(map(str, value)).encode() + b"]"
        parts.append(b',"%b":%b' % (key, text))
    parts.append(b"}\n")
    return b"".join(parts)


def blob(size: int) -> bytes:
    return b"[%dB blob data]" % size if size < 1024 else b"[%.1fK blob data]" % (size / 1024)


def shown(message: bytes) -> bytes:
    """A message as the short formats print it: tabs and colours go, blobs are hidden."""
    if b"\t" in message:
        message = message.replace(b"\t", b" " * 8)
    if b"\x1b" in message:
        message = ANSI.sub(b"", message)
    return message if printable(message) else blob(len(message))


def write_line(entry: Entry, stamp: bytes) -> bytes:
    source = entry.source
    pid = b"%d" % source.pid if source.pid else dict(entry.extra).get("_PID", b"")
    pid = b"[%b]" % pid if pid else b""
    head = b"%b %b %b%b: " % (stamp, HOST.encode(), source.ident.encode(), pid)
    text = shown(entry.message)
    if b"\n" in text:
        text = text.replace(b"\n", b"\n" + b" " * len(head))
    return b"%b%b\n" % (head, text)


def shown_time(entry: Entry) -> int:
    """The time the short formats print: the sender's own where it gave one."""
    if entry.extra and entry.extra[-1][0] == "_SOURCE_REALTIME_TIMESTAMP":
        return int(entry.extra[-1][1])
    return entry.realtime


def write_short(entry: Entry) -> bytes:
    return write_line(entry, CLOCK(shown_time(entry) // 1_000_000).short)


def write_short_iso(entry: Entry) -> bytes:
    return write_line(entry, CLOCK(shown_time(entry) // 1_000_000).iso_zone)


def write_short_precise(entry: Entry) -> bytes:
    second, micro = divmod(shown_time(entry), 1_000_000)
    return write_line(entry, b"%b.%06d" % (CLOCK(second).short, micro))


WRITERS: dict[str, Callable[[Entry], bytes]] = {
    "export": write_export,
    "json": write_json,
    "short": write_short,
    "short-iso": write_short_iso,
    "short-precise": write_short_precise,
}


def readable(entry: Entry, fmt: str) -> bool:
    """Whether the message can be recovered from that format at all."""
    if fmt == "json":
        return len(entry.message) + len("MESSAGE=") < 4096  # longer ones are null
    return not fmt.startswith("short") or b"blob data]" not in shown(entry.message)


def plain(entry: Entry, fmt: str) -> bool:
    """Whether a plain text search in that format can see the message."""
    return readable(entry, fmt) and (fmt != "json" or printable(entry.message))


# -- command line --------------------------------------------------------------------


@dataclass
class Truth:
    """What was written: totals, and the failures by class."""

    entries: int = 0
    first_us: int = 0
    last_us: int = 0
    classes: Counter[str] = field(default_factory=Counter)
    readable: dict[str, Counter[str]] = field(default_factory=dict)
    plain: dict[str, Counter[str]] = field(default_factory=dict)
    pods: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, entry: Entry, formats: list[str]) -> None:
        self.entries += 1
        self.first_us = self.first_us or entry.realtime
        self.last_us = entry.realtime
        if entry.failure:
            self.classes[entry.failure] += 1
            for fmt in formats:
                self.readable.setdefault(fmt, Counter())[entry.failure] += readable(entry, fmt)
                self.plain.setdefault(fmt, Counter())[entry.failure] += plain(entry, fmt)
            if entry.pod:
                self.pods.setdefault(entry.failure, Counter())[entry.pod] += 1


def make(
    options: Options, outputs: dict[str, Path], size: int, sized_by: str
) -> tuple[Truth, dict[str, int]]:
    """Write the journal in each format until `sized_by` reaches `size` bytes."""
    truth, sizes = Truth(), dict.fromkeys(outputs, 0)
    formats = list(outputs)
    with ExitStack() as stack:
        files: dict[str, BinaryIO] = {
            fmt: stack.enter_context(path.open("wb", buffering=1 << 20))
            for fmt, path in outputs.items()
        }
        for entry in entries(options):
            for fmt, file in files.items():
                sizes[fmt] += file.write(WRITERS[fmt](entry))
            truth.add(entry, formats)
            if sizes[sized_by] >= size:
                return truth, sizes
    raise AssertionError("entries() has no end")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path, help="folder for NAME.FORMAT and NAME.truth.json")
    parser.add_argument("--name", default="node", help="first part of the file names")
    parser.add_argument("--size-mib", type=float, default=64, help="size of the first format")
    parser.add_argument("--formats", default="short", help="comma list of: " + ", ".join(WRITERS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--failure-rate", type=float, default=0.001,
                        help="share of the entries that carry a failure signature (0 to 0.2)")
    parser.add_argument("--storm", type=float, default=0.8,
                        help="share of the incidents that repeat one of eight broken pods")
    args = parser.parse_args(argv)
    formats = args.formats.split(",")
    if unknown := [f for f in formats if f not in WRITERS]:
        parser.error(f"unknown format: {', '.join(unknown)}")
    if not 0 <= args.failure_rate <= 0.2:
        parser.error("--failure-rate must lie between 0 and 0.2")
    args.out.mkdir(parents=True, exist_ok=True)
    options = Options(args.seed, args.failure_rate, args.storm)
    outputs = {fmt: args.out / f"{args.name}.{fmt}" for fmt in formats}
    truth, sizes = make(options, outputs, int(args.size_mib * 1048576), formats[0])
    report = {
        "options": vars(options),
        "entries": truth.entries,
        "first_us": truth.first_us,
        "last_us": truth.last_us,
        "bytes": sizes,
        "failure_entries": sum(truth.classes.values()),
        "classes": {
            slug: {
                "entries": count,
                "readable": {fmt: truth.readable[fmt][slug] for fmt in formats},
                "plain": {fmt: truth.plain[fmt][slug] for fmt in formats},
                "pods": dict(truth.pods.get(slug, Counter()).most_common()),
            }
            for slug, count in sorted(truth.classes.items())
        },
    }
    (args.out / f"{args.name}.truth.json").write_text(json.dumps(report, indent=1) + "\n")
    print(f"{truth.entries} entries, {report['failure_entries']} with a failure: "
          + ", ".join(f"{fmt} {n} bytes" for fmt, n in sizes.items()), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
