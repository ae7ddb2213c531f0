"""The client of the API server: connections, pages, troubles and watches, against a real server on loopback."""

from __future__ import annotations

import base64
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from collect.apiserver import NADS, PODS, TOKEN, Server, Trouble, kubeconfig, refused_port, serving, status, tls
from diagnose.collect.api_client import Client
from diagnose.collect.api_error import CURES, ApiError
from diagnose.collect.device import Deadline, Device
from diagnose.lang import EN, JA

AUTHORITY = trustme.CA()


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "KUBECONFIG",
        "KUBERNETES_SERVICE_HOST",
        "https_proxy",
        "HTTPS_PROXY",
        "http_proxy",
        "HTTP_PROXY",
        "all_proxy",
        "ALL_PROXY",
        "no_proxy",
        "NO_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(tls(AUTHORITY)) as running:
        running.add(*(pod(f"pod-{n}") for n in range(7)))
        yield running


@pytest.fixture
def client(server: Server, tmp_path: Path) -> Iterator[Client]:
    made = connect(kubeconfig(tmp_path / "kubeconfig", server.url, AUTHORITY))
    yield made
    made.close()


def pod(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "cell", "name": name, "uid": f"uid-{name}"}}


def connect(config: Path | None, seconds: float = 20, **device: Any) -> Client:
    return Client.connect(Device(kubeconfig=config, **device), Deadline.after(seconds))


def names(client: Client) -> list[str]:
    return [o["metadata"]["name"] for o in client.objects(PODS)]


def failure(ask: Callable[[], object]) -> ApiError:
    with pytest.raises(ApiError) as caught:
        ask()
    gap = caught.value.gap
    for words in (EN, JA):
        assert words.blind_spot[gap.kind].format(**dict(gap.values))
    assert gap.hint
    return caught.value


def kind(ask: Callable[[], object]) -> str:
    return failure(ask).gap.kind


def test_every_trouble_has_its_words_in_both_languages_and_its_cure() -> None:
    for words in (EN, JA):
        assert {k for k in words.blind_spot if k.startswith("api-")} == set(CURES)


def test_a_list_is_read_page_by_page_and_its_objects_tell_what_they_are(server: Server, client: Client) -> None:
    server.page = 3
    found = list(client.objects(PODS))
    assert [o["metadata"]["name"] for o in found] == [f"pod-{n}" for n in range(7)]
    assert {(o["kind"], o["apiVersion"]) for o in found} == {("Pod", "v1")}
    assert server.asked == [f"{PODS}?limit=500", f"{PODS}?limit=500&continue=3", f"{PODS}?limit=500&continue=6"]


@pytest.mark.parametrize("token", ["4", ""])
def test_a_list_that_expires_goes_on_with_the_new_token_or_begins_again_and_tells_nothing_twice(server: Server, client: Client, token: str) -> None:
    server.page = 3
    server.trouble[PODS] = Trouble(
        410, status(410, "The provided continue parameter is too old", "Expired", **({"continue": token} if token else {})), times=1, page="3"
    )
    assert names(client) == [f"pod-{n}" for n in ([0, 1, 2, 4, 5, 6] if token else range(7))]


def test_a_list_that_expires_again_and_again_keeps_what_was_read(server: Server, client: Client) -> None:
    server.page = 3
    server.trouble[PODS] = Trouble(410, page="*")
    found: list[str] = []
    assert kind(lambda: found.extend(o["metadata"]["name"] for o in client.objects(PODS))) == "api-expired"
    assert server.paths() == [PODS] * 4


@pytest.mark.parametrize(("code", "expected", "final"), [
    (401, "api-unauthorized", True), (403, "api-forbidden", False), (404, "api-missing", False), (410, "api-expired", False), (500, "api-error", False), (302, "api-error", False),
])  # fmt: skip
def test_each_refusal_is_a_gap_of_its_own(server: Server, client: Client, code: int, expected: str, final: bool) -> None:
    server.refuse(PODS, code)
    error = failure(lambda: client.get(PODS))
    assert (error.gap.kind, error.final, error.status) == (expected, final, code)


def test_a_failing_server_is_asked_once_more(server: Server, client: Client) -> None:
    server.refuse(PODS, 503, times=1)
    assert len(names(client)) == 7
    server.refuse(PODS, 503)
    assert kind(lambda: client.get(PODS)) == "api-error"
    assert len(server.asked) == 4


def test_a_connection_that_breaks_is_made_once_more(server: Server, client: Client) -> None:
    server.trouble[PODS] = Trouble(how="cut", times=1)
    assert len(names(client)) == 7
    server.trouble[PODS] = Trouble(how="close")
    assert kind(lambda: client.get(PODS)) == "api-broken"


def test_a_busy_server_is_asked_again_when_it_wants_to(server: Server, client: Client) -> None:
    server.refuse(PODS, 429, headers={"Retry-After": "1"}, times=1)
    began = time.monotonic()
    assert len(names(client)) == 7
    assert 0.9 < time.monotonic() - began < 5


def test_a_busy_server_is_not_waited_for_beyond_the_deadline(server: Server, client: Client) -> None:
    server.refuse(PODS, 429, headers={"Retry-After": "60"})
    assert kind(lambda: client.get(PODS)) == "api-busy"
    assert len(server.asked) == 1


@pytest.mark.parametrize("body", [b"<html>login</html>", b"[]", b"", b'{"kind": "PodList"', b"[" * 100_000])
def test_what_is_no_object_is_no_empty_list(server: Server, client: Client, body: bytes) -> None:
    server.refuse(PODS, 200, body=body)
    assert kind(lambda: client.get(PODS)) == "api-no-json"


@pytest.mark.parametrize("how", ["hang", "drip", "drip-head"])
def test_a_server_that_hangs_or_drips_ends_with_the_deadline(server: Server, tmp_path: Path, how: str) -> None:
    server.trouble[PODS] = Trouble(how=how)
    client = connect(kubeconfig(tmp_path / "kubeconfig", server.url, AUTHORITY), seconds=0.6)
    began = time.monotonic()
    assert kind(lambda: client.get(PODS)) == "api-timeout"
    assert time.monotonic() - began < 1.5


def test_nobody_listens(tmp_path: Path) -> None:
    client = connect(kubeconfig(tmp_path / "kubeconfig", f"https://127.0.0.1:{refused_port()}", AUTHORITY))
    assert kind(lambda: client.get(PODS)) == "api-refused"


def test_a_name_that_no_name_server_knows(tmp_path: Path) -> None:
    client = connect(kubeconfig(tmp_path / "kubeconfig", "https://msnet.invalid:6443", AUTHORITY), seconds=5)
    assert kind(lambda: client.get(PODS)) in ("api-unreachable", "api-timeout")


def _expired(**days: int) -> ssl.SSLContext:
    return tls(AUTHORITY, not_before=datetime.now(UTC) + timedelta(days=days["start"]), not_after=datetime.now(UTC) + timedelta(days=days["end"]))


@pytest.mark.parametrize(("context", "expected"), [
    (lambda: tls(trustme.CA()), "api-certificate"),
    (lambda: tls(AUTHORITY, "another.example"), "api-certificate-name"),
    (lambda: _expired(start=-9, end=-1), "api-certificate-date"),
    (lambda: _expired(start=1, end=9), "api-certificate-date"),
    (lambda: None, "api-tls"),
])  # fmt: skip
def test_each_trouble_with_certificates_is_told_apart(tmp_path: Path, context: Callable[[], ssl.SSLContext | None], expected: str) -> None:
    with serving(context()) as server:
        client = connect(kubeconfig(tmp_path / "kubeconfig", server.url.replace("http:", "https:"), AUTHORITY))
        assert kind(lambda: client.get(PODS)) == expected


def test_an_unverified_server_is_asked_where_the_kubeconfig_says_so_and_warns_nobody(tmp_path: Path) -> None:
    with serving(tls(trustme.CA())) as server:
        assert connect(kubeconfig(tmp_path / "kubeconfig", server.url, **{"insecure-skip-tls-verify": True})).get(PODS)


# --- kubeconfigs ------------------------------------------------------------------------------------------------------


def test_a_client_certificate_within_the_kubeconfig_is_never_put_on_disk(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    own = AUTHORITY.issue_cert("admin@localhost")
    data = {"client-certificate-data": own.cert_chain_pems[0].bytes(), "client-key-data": own.private_key_pem.bytes()}
    config = kubeconfig(tmp_path / "kubeconfig", server.url, AUTHORITY, user={k: base64.b64encode(v).decode() for k, v in data.items()})
    before = set(os.listdir("/proc/self/fd"))
    client = connect(config)
    assert len(names(client)) == 7
    client.close()
    assert len(set(os.listdir("/proc/self/fd")) - before) <= 1  # the connection's own end is closed when it is collected
    assert list(folder.iterdir()) == []


def test_credentials_are_forgotten_where_they_cannot_be_used(tmp_path: Path) -> None:
    user = {"client-certificate-data": base64.b64encode(b"no certificate").decode(), "client-key-data": ""}
    config = kubeconfig(tmp_path / "kubeconfig", "https://127.0.0.1:1", AUTHORITY, user=user)
    before = len(os.listdir("/proc/self/fd"))
    assert kind(lambda: connect(config)) == "api-kubeconfig-broken"
    assert len(os.listdir("/proc/self/fd")) == before


def test_files_that_a_kubeconfig_names_are_found_beside_it(server: Server, tmp_path: Path) -> None:
    config = kubeconfig(tmp_path / "kubeconfig", server.url, user={"tokenFile": "token"}, **{"certificate-authority": "ca.crt"})
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "ca.crt").write_bytes(AUTHORITY.cert_pem.bytes())
    assert len(names(connect(config))) == 7


def test_a_wrong_token_is_not_an_empty_cluster(server: Server, tmp_path: Path) -> None:
    client = connect(kubeconfig(tmp_path / "kubeconfig", server.url, AUTHORITY, user={"token": "old"}))
    assert kind(lambda: client.get(PODS)) == "api-unauthorized"


def test_microshifts_own_kubeconfig_is_found_in_a_saved_tree(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path / "other", "https://127.0.0.1:1")))
    kubeconfig(tmp_path / "var/lib/microshift/resources/kubeadmin/kubeconfig", server.url, AUTHORITY)
    assert len(names(connect(None, root=tmp_path))) == 7


def test_a_saved_tree_never_asks_the_machine_at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path / "other", "https://127.0.0.1:1")))
    (tmp_path / "root").mkdir()
    assert kind(lambda: connect(None, root=tmp_path / "root")) == "api-no-kubeconfig"


def test_the_first_of_several_kubeconfigs_wins_and_missing_ones_are_left_out(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = kubeconfig(tmp_path / "first", server.url, AUTHORITY)
    second = kubeconfig(tmp_path / "second", "https://127.0.0.1:1")
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'absent'}:{first}:{second}")
    assert connect(None).server == server.url


def test_the_home_folder_comes_last(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    kubeconfig(tmp_path / ".kube/config", server.url, AUTHORITY)
    assert connect(None).server == server.url


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("https://localhost:6443", True), ("https://127.0.0.1:6443", True), ("https://[::1]:6443", True), (f"https://{socket.gethostname()}:6443", True),
        ("https://192.0.2.7:6443", False), ("https://api.prod.example.com:6443", False), ("https://[2001:db8::1]:6443", False), ("", False),
    ],
)  # fmt: skip
def test_the_cluster_that_a_laptop_knows_is_not_asked_unless_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, here: bool) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    path = kubeconfig(tmp_path / ".kube/config", url)
    if here:
        assert connect(None).server == url
    else:
        assert kind(lambda: connect(None)) == "api-elsewhere"
        assert connect(path).server == url


@pytest.mark.parametrize("text", [
    "", "just words", "[1, 2]", "a: [", "clusters: 7\ncontexts: 7\ncurrent-context: a\n", "\x00\x01", "current-context: a\ncontexts: [{name: b}]\n",
    "current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: 7}}]\n",
    "current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\nclusters: [{name: c, cluster: {}}]\n",
    "current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: 'https://x', certificate-authority-data: '!'}}]\n",
    "current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: 'https://x', certificate-authority-data: YWJj}}]\n",
    "contexts: [{name: a, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: 'https://x'}}]\n",
])  # fmt: skip
def test_a_broken_kubeconfig_says_what_is_wrong(tmp_path: Path, text: str) -> None:
    (tmp_path / "kubeconfig").write_text(text)
    error = failure(lambda: connect(tmp_path / "kubeconfig").get(PODS))
    assert error.gap.kind == "api-kubeconfig-broken"
    assert dict(error.gap.values)["reason"]


def test_what_is_told_of_a_broken_kubeconfig_holds_none_of_its_secrets(tmp_path: Path) -> None:
    (tmp_path / "kubeconfig").write_text("users:\n- name: a\n  user: {token: s3cret: s3cret}\n")
    error = failure(lambda: connect(tmp_path / "kubeconfig"))
    assert "line 3" in dict(error.gap.values)["reason"]
    assert "s3cret" not in str(error.gap)


def test_a_kubeconfig_that_wants_a_program_run_is_not_followed(server: Server, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "touch", "args": [str(ran)], "interactiveMode": "Never"}}
    assert kind(lambda: connect(kubeconfig(tmp_path / "kubeconfig", server.url, AUTHORITY, user=user))) == "api-kubeconfig-exec"
    assert not ran.exists()
    assert len(names(connect(kubeconfig(tmp_path / "kubeconfig", server.url, AUTHORITY, user=user | {"token": TOKEN})))) == 7


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
@pytest.mark.parametrize("denied", ["file", "folder", "key"])
def test_a_kubeconfig_that_may_not_be_read_is_not_missing(tmp_path: Path, denied: str) -> None:
    config = kubeconfig(tmp_path / "microshift" / "kubeconfig", "https://127.0.0.1:1", user={"client-certificate": "crt", "client-key": "key"})
    for name in ("crt", "key"):
        (config.parent / name).write_text("x")
    path = {"file": config, "folder": config.parent, "key": config.parent / "key"}[denied]
    path.chmod(0)
    for folder in [tmp_path, *tmp_path.parents][:3]:
        folder.chmod(0o755)
    code = (
        "import os, sys; from pathlib import Path; from diagnose.collect.api_client import Client; from diagnose.collect.api_error import CURES, ApiError\n"
        "from diagnose.collect.device import Deadline, Device; import kubernetes.config, yaml; os.setuid(65534)\n"
        "try: Client.connect(Device(kubeconfig=Path(sys.argv[1])), Deadline.after(5))\n"
        "except ApiError as e: print(e.gap.kind, e.gap.hint)"
    )
    run = subprocess.run([sys.executable, "-c", code, str(config)], capture_output=True, text=True, check=True)
    path.chmod(0o700)
    assert run.stdout == "api-kubeconfig-denied sudo msnet diagnose\n"


# --- proxies ----------------------------------------------------------------------------------------------------------


def test_a_proxy_of_the_environment_is_not_used(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{refused_port()}")
    assert len(names(connect(kubeconfig(tmp_path / "kubeconfig", server.url, AUTHORITY)))) == 7
    client = connect(kubeconfig(tmp_path / "kubeconfig", f"https://127.0.0.1:{refused_port()}", AUTHORITY))
    assert "https_proxy is set and is not used" in failure(lambda: client.get(PODS)).gap.hint


def test_the_proxy_of_a_kubeconfig_is_used(server: Server, tmp_path: Path) -> None:
    with serving(None) as proxy:
        config = kubeconfig(tmp_path / "kubeconfig", server.url, AUTHORITY, **{"proxy-url": proxy.url.replace("localhost", "127.0.0.1")})
        assert len(names(connect(config))) == 7
        assert proxy.proxied == [server.url.removeprefix("https://")]


# --- watches ----------------------------------------------------------------------------------------------------------


def test_a_watch_yields_changes_until_the_server_ends_it(server: Server, client: Client) -> None:
    server.watches[NADS] = [[{"type": "ADDED", "object": {"metadata": {"name": "a"}}}, {"type": "BOOKMARK", "object": {}}]]
    assert [c["type"] for c in client.watch(NADS, {"resourceVersion": "7"})] == ["ADDED", "BOOKMARK"]
    assert server.asked == [f"{NADS}?resourceVersion=7&watch=true"]


def test_a_watch_of_what_is_too_old_says_so_in_either_way(server: Server, client: Client) -> None:
    server.watches[NADS] = [[{"type": "ERROR", "object": status(410, "too old resource version: 7 (9)", "Expired")}]]
    assert kind(lambda: list(client.watch(NADS))) == "api-expired"
    server.refuse(NADS, 410)
    assert kind(lambda: list(client.watch(NADS))) == "api-expired"


def test_a_silent_watch_ends_in_time(server: Server, client: Client) -> None:
    began = time.monotonic()
    assert kind(lambda: list(client.watch(NADS, silence=0.3))) == "api-timeout"
    assert time.monotonic() - began < 3
