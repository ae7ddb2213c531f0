"""Why the API server did not answer, each reason with its cure."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator

from diagnose.model import Gap

SOURCE = "api"
_NODE = "systemctl status microshift; sudo journalctl -u microshift -n 100"
_OWN = "sudo msnet diagnose --kubeconfig /var/lib/microshift/resources/kubeadmin/kubeconfig"
_RENEW = "timedatectl; sudo systemctl restart microshift"
_OTHER = f"{_OWN}; where it was that one: {_RENEW}"
CURES = {
    "api-no-kubeconfig": "sudo msnet diagnose, or --kubeconfig FILE",
    "api-kubeconfig-denied": "sudo msnet diagnose",
    "api-kubeconfig-broken": f"oc config view --kubeconfig FILE; {_OWN}",
    "api-kubeconfig-exec": _OWN,
    "api-elsewhere": "--kubeconfig FILE, if that server is meant",
    "api-refused": _NODE,
    "api-unreachable": f"ip address; ip route; {_NODE}",
    "api-timeout": f"{_NODE}; msnet diagnose --timeout 120",
    "api-broken": _NODE,
    "api-certificate": _OTHER,
    "api-certificate-date": _RENEW,
    "api-certificate-name": "ls /var/lib/microshift/resources/kubeadmin (one kubeconfig a name); apiServer.subjectAltNames in /etc/microshift/config.yaml",
    "api-tls": f"oc config view --kubeconfig FILE; {_NODE}",
    "api-unauthorized": _OTHER,
    "api-forbidden": "sudo msnet diagnose, or grant what deploy/rbac.yaml lists",
    "api-missing": "oc api-resources",
    "api-expired": "msnet diagnose",
    "api-busy": "msnet diagnose --timeout 120",
    "api-error": _NODE,
    "api-no-json": f"oc config view --kubeconfig FILE; {_NODE}",
    "api-cut": "msnet diagnose --timeout 120",
}
"""By `Gap.kind`. MicroShift renews its certificates at its start (pkg/util/cryptomaterial), and writes a kubeconfig for each name it serves."""
_FINAL = frozenset({
    "api-refused", "api-unreachable", "api-timeout", "api-broken", "api-certificate", "api-certificate-date", "api-certificate-name", "api-tls",
    "api-unauthorized",
})  # fmt: skip
_CONNECTION = _FINAL - {"api-unauthorized"}
_EXPIRED, _NOT_YET, _NAME, _ADDRESS = 10, 9, 62, 64
"""Of OpenSSL's X509_V_ERR_* (include/openssl/x509_vfy.h)."""
_PROXIES = ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")


class ApiError(Exception):
    """No answer, or none that is of use."""

    def __init__(self, kind: str, resource: str = "", *, status: int = 0, hides: bool = True, token: str = "", **values: str) -> None:
        """Tell of `resource` (a path of the API, "" for all of it) by the words of `kind`, which `values` fill."""
        super().__init__(f"{kind} {resource} {values}")
        hint = CURES[kind]
        proxy = next((name for name in _PROXIES if os.environ.get(name)), "")
        if proxy and kind in _CONNECTION:
            hint += f"; {proxy} is set and is not used here: a proxy on the way to the API server is named by proxy-url in the kubeconfig"
        self.gap = Gap(f"{SOURCE}:{resource}" if resource else SOURCE, "", hint, kind, hides, tuple(values.items()))
        self.status = status
        """The answer's HTTP status; 0 where there was none."""
        self.final = kind in _FINAL
        """True if no other question would be answered either."""
        self.token = token
        """What goes on with a list that expired ("" for none)."""


def of_exception(error: BaseException, resource: str, server: str, seconds: float) -> ApiError:
    """Return why a request failed that got no answer: `error` is urllib3's, with the reason among its causes."""
    causes = list(_causes(error))
    names = {type(e).__name__ for e in causes}
    for e in causes:
        if isinstance(e, ssl.SSLCertVerificationError):
            return _certificate(e, resource, server)
    told = next((e for e in causes if isinstance(e, ssl.SSLError)), None)
    if told is not None:
        return ApiError("api-tls", resource, server=server, reason=str(told.reason or told))
    if names & {"ConnectTimeoutError", "ReadTimeoutError", "TimeoutError"}:
        return ApiError("api-timeout", resource, server=server, seconds=f"{seconds:.3g}")
    if any(isinstance(e, ConnectionRefusedError) for e in causes):
        return ApiError("api-refused", resource, server=server)
    reason = next((e for e in causes if isinstance(e, socket.gaierror)), None) or next((e for e in causes if isinstance(e, OSError) and e.errno), error)
    said = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    kind = "api-broken" if names & {"ProtocolError", "IncompleteRead", "RemoteDisconnected", "DecodeError"} else "api-unreachable"
    return ApiError(kind, resource, server=server, reason=said)


def _certificate(error: ssl.SSLCertVerificationError, resource: str, server: str) -> ApiError:
    kinds = {_EXPIRED: "api-certificate-date", _NOT_YET: "api-certificate-date", _NAME: "api-certificate-name", _ADDRESS: "api-certificate-name"}
    return ApiError(kinds.get(error.verify_code, "api-certificate"), resource, server=server, reason=error.verify_message)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and what it wraps: urllib3 puts the reason among the arguments, or raises from it."""
    todo, done = [error], list[BaseException]()
    while todo:
        one = todo.pop(0)
        if any(one is x for x in done):
            continue
        done.append(one)
        yield one
        wrapped = [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
        todo += [x for x in wrapped if isinstance(x, BaseException)]
