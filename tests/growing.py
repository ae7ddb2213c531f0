"""A journal that grows: real files that systemd-journal-remote writes while others read them."""

from __future__ import annotations

import itertools
import os
import subprocess
import time
import uuid
from pathlib import Path

REMOTE = ("/lib/systemd/systemd-journal-remote", "/usr/lib/systemd/systemd-journal-remote")
BOOT = "5e0c47b2a91d4d66b3f8127e6a54c90d"
MISSING = (
    'plugin type="multus" name="multus-cni-network" failed (add): Multus: [{pod}/1903dc35-8b71-434d-9aa9-d60ff613e553]: error loading k8s delegates '
    "k8s args: TryLoadPodDelegates: error in getting k8s network for pod: GetNetworkDelegates: failed getting the delegate: getKubernetesDelegate: "
    'cannot find a network-attachment-definition ({nad}) in namespace ({namespace}): network-attachment-definitions.k8s.cni.cncf.io "{nad}" not found'
)


def now() -> int:
    """Return the time in microseconds since the epoch."""
    return time.time_ns() // 1000


def entry(at: int, ident: str, message: str) -> bytes:
    """Return an entry in export format, of the unit of `ident`; the boot began in 2024."""
    unit = {"microshift": "microshift.service", "crio": "crio.service"}[ident]
    fields = {
        "__CURSOR": f"s=1;i={at:x};b={BOOT};m={at - _STARTED:x};t={at:x};x={next(_NUMBERS):x}", "__REALTIME_TIMESTAMP": at, "__MONOTONIC_TIMESTAMP": at - _STARTED, "_BOOT_ID": BOOT, "_HOSTNAME": "edge", "_PID": 700, "_TRANSPORT": "stdout",
        "SYSLOG_IDENTIFIER": ident, "_SYSTEMD_UNIT": unit, "MESSAGE": message,
    }  # fmt: skip
    return "".join(f"{k}={v}\n" for k, v in fields.items()).encode() + b"\n"


_STARTED = 1_704_067_200 * 1_000_000
"""Before every entry that a test may write, whatever the time of day."""
_NUMBERS = itertools.count()


def klog(at: int, level: str, text: str) -> bytes:
    """Return a line of MicroShift's kubelet."""
    stamp = time.strftime("%m%d %H:%M:%S", time.gmtime(at / 1_000_000)) + f".{at % 1_000_000:06d}"
    return entry(at, "microshift", f"kubelet {level}{stamp}    4654 {text}")


def failed(at: int, pod: str, nad: str = "lan") -> bytes:
    """Return what the kubelet says of an attempt that did not find a NAD."""
    namespace, name = pod.split("/")
    sandbox = uuid.uuid4().hex * 2
    cause = MISSING.format(pod=pod, nad=nad, namespace=namespace).replace('"', '\\"')
    box = f"k8s_{name}_{namespace}_1903dc35-8b71-434d-9aa9-d60ff613e553_0({sandbox})"
    chain = f'rpc error: code = Unknown desc = failed to create pod network sandbox {box}: error adding pod {namespace}_{name} to CNI network \\"multus-cni-network\\": {cause}'  # fmt: skip
    return klog(at, "E", f'kuberuntime_sandbox.go:70] "Failed to create sandbox for pod" err="{chain}" pod="{pod}"')


def ran(at: int, pod: str) -> bytes:
    """Return what CRI-O says when a pod got its network."""
    return entry(at, "crio", f'time="2026-11-23T20:00:55Z" level=info msg="Ran pod sandbox {uuid.uuid4().hex * 2} with infra container: {pod}/POD"')


def gone(at: int, pod: str) -> bytes:
    """Return what the kubelet says when a pod was deleted."""
    return klog(at, "I", f'kubelet.go:2731] "SyncLoop REMOVE" source="api" pods=["{pod}"]')


def idle(at: int) -> bytes:
    """Return a line that is of no interest."""
    return klog(at, "I", 'reconciler.go:26] "Reconciler: start to sync state"')


class Journal:
    """A folder of journal files with one writer."""

    def __init__(self, folder: Path) -> None:
        """Start to write. Raises `FileNotFoundError` where systemd-journal-remote is not installed."""
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self._program = next((p for p in REMOTE if os.access(p, os.X_OK)), REMOTE[0])
        self._number = 0
        self._writer = self._start()

    def sync(self) -> None:
        """Wait until all that was written is in the file."""
        path, end = self.folder / "system.journal", time.monotonic() + 20
        while not path.exists() or int.from_bytes(path.read_bytes()[152:160], "little") < self._written:
            assert time.monotonic() < end
            time.sleep(0.01)

    def _start(self) -> subprocess.Popen[bytes]:
        self._written = 0
        return subprocess.Popen([self._program, f"--output={self.folder / 'system.journal'}", "-"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def write(self, *entries: bytes) -> None:
        """Write entries; they are on their way when it returns, and there after `sync`."""
        self._written += len(entries)
        assert self._writer.stdin is not None
        self._writer.stdin.write(b"".join(entries))
        self._writer.stdin.flush()

    def rotate(self) -> Path:
        """Archive the file as journald does, and begin another; return the archived one."""
        archived = self.folder / f"system@{self._number:032x}-{now():016x}.journal"
        self._number += 1
        self.close()
        (self.folder / "system.journal").rename(archived)
        self._writer = self._start()
        return archived

    def close(self) -> None:
        """End the writer when all is written."""
        assert self._writer.stdin is not None
        if not self._writer.stdin.closed:
            self._writer.stdin.close()
        self._writer.wait(30)
