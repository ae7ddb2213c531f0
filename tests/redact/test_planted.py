"""Secrets that are planted everywhere a device may hold one: in no byte of any output, be it redacted or not."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
import yaml
from bundles import members
from evidence import nad, pod

LETTERS = "Zk9xQ2vB7mN4tR8wL1pJ6hG3"
PLANTED: list[str] = []


def secret(length: int = 24) -> str:
    """Return a secret that is nowhere else."""
    number = f"{len(PLANTED):03}"
    PLANTED.append(f"q{number}{LETTERS}{LETTERS}{LETTERS}"[:length])
    return PLANTED[-1]


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def escaped(text: str, times: int) -> str:
    for _ in range(times):
        text = json.dumps(text)[1:-1]
    return text


def log_lines() -> list[str]:
    """Return what programs may write into a journal, around the failure of a pod's network."""
    jwt = f"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.{secret(40)}"
    PLANTED.append(jwt)
    texts = [
        f"Authorization: Bearer {secret()}", f"authorization: Basic {in_base64('robot:' + secret())}", f"Proxy-Authorization: Basic {in_base64('robot:' + secret())}",
        f"X-Vault-Token: {secret()}", f"X-Api-Key: {secret()}", f"Cookie: session={secret()}; theme=dark", f"Set-Cookie: sid={secret()}; Path=/",
        f"GET https://robot:{secret()}@registry.acme-corp.com/v2/", f"GET https://api.acme-corp.com/x?access_token={secret()}&page=2", f"https://store.blob.core.windows.net/c?sv=2022&sig={secret(43)}",
        f"mongodb+srv://app:{secret()}@db.acme-corp.com/x", f"Server=db;User Id=app;Password={secret()};Timeout=3", f"redis://:{secret()}@10.1.1.1:6379/0", f"AccountKey={secret(60)}==;EndpointSuffix=core",
        f"password={secret()}", f"passwd: {secret()}", f"DB_PASSWORD={secret()}", f"export API_TOKEN={secret()}", f"AWS_SECRET_ACCESS_KEY={secret(40)}", f"client_secret={secret()}", f"CLIENT-SECRET: {secret()}",
        f"exec: plugin --token {secret()} --name x", f"exec: plugin --password={secret()}", f"curl -u robot:{secret()} https://x", f"sshpass -p {secret()} ssh x", f"oc login --token=sha256~{secret(43)}",
        f"ghp_{secret(36)} was refused", f"glpat-{secret(20)}", f"xoxb-123456789012-{secret(24)}", f"AKIAIOSFODNN7EXAMPLE secret_key={secret(40)}", f"token {jwt} expired", f"dckr_pat_{secret(27)}", f"hvs.{secret(60)}",
        "-----BEGIN PRIVATE KEY-----\\n" + secret(64) + "\\n" + secret(64) + "\\n-----END PRIVATE KEY-----", f"pull secret {{\"auths\":{{\"quay.io\":{{\"auth\":\"{in_base64('robot:' + secret())}\"}}}}}}",
        f"kubeadm join --token abcdef.{secret(16).lower()} --discovery-token-ca-cert-hash sha256:ab", f"psk={secret()}", f"wpa_passphrase={secret()}", f"PrivateKey = {secret(43)}=", f"rocommunity {secret()} 10.0.0.0/8",
        f"root:$6$saltsalt${secret(86)}:19000:0:99999:7:::", f"config: {in_base64('apiVersion: v1' + chr(10) + 'password: ' + secret())}", f"body {escaped(json.dumps({'token': secret()}), 1)}",
        f"body {escaped(json.dumps({'clientSecret': secret()}), 2)}", f"body {escaped(json.dumps({'auth': {'password': secret()}}), 3)}", f"form user=x&password={secret()}&z=1", f"query password%3D{secret()}%26x",
        f"MYSQL_PWD={secret()}", f"machine api.acme-corp.com login robot password {secret()}", f"SG.{secret(22)}.{secret(43)}", f"sk_live_{secret(24)}", f"npm_{secret(36)}", f"https://hooks.slack.com/services/T00000000/B00000000/{secret(24)}",
    ]  # fmt: skip
    where = 'error adding container to network "lan": failed to set bridge addr: could not add IP address to "br-lan": '
    return [
        f'Nov 23 20:{n // 60:02}:{n % 60:02} edge07 microshift[1166]: kubelet E1123 20:00:00.000000 1166 remote.go:1] "RunPodSandbox from runtime service failed" '
        f'err="rpc error: code = Unknown desc = failed to create pod network sandbox k8s_cam-{n}_plant_66bff467-7722-4c80-9c81-b7f4e34ce225_0(ab12): '
        f'error adding pod plant_cam-{n} to CNI network \\"multus-cni-network\\": {where}{text}"'
        for n, text in enumerate(texts)
    ] + [f"Nov 23 20:30:{n:02} edge07 crio[77]: error: unable to reach the network: {text}" for n, text in enumerate(texts)]


def kubernetes() -> list[dict[str, object]]:
    env = [{"name": "DB_PASSWORD", "value": secret()}, {"name": "API_TOKEN", "value": secret()}, {"name": "PLAIN", "value": f"postgres://app:{secret()}@db/x"}]
    annotations = {
        "kubectl.kubernetes.io/last-applied-configuration": json.dumps({"spec": {"env": [{"name": "X_SECRET", "value": secret()}]}}),
        "acme-corp.com/token": secret(),
    }
    cam = pod("cam", "lan,wan lan", phase="Pending", namespace="plant", annotations=annotations)
    cam["spec"]["containers"] = [{"name": "app", "env": env, "args": ["--password", secret(), f"--token={secret()}"], "image": "registry.acme-corp.com/x:1"}]
    return [
        cam,
        nad("lan", namespace="plant", subnet="10.20.0.0/24", start="10.21.0.1", password=secret(), auth={"clientSecret": secret()}, note=f"https://robot:{secret()}@x"),
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "pull", "namespace": "plant"}, "data": {".dockerconfigjson": in_base64(json.dumps({"auths": {"q": {"auth": in_base64("a:" + secret())}}})), "x": in_base64(secret())}, "stringData": {"free": secret()}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cfg", "namespace": "plant"}, "data": {"app.yaml": f"db:\n  password: {secret()}\n", "key": "-----BEGIN RSA PRIVATE KEY-----\n" + secret(64) + "\n-----END RSA PRIVATE KEY-----\n"}},
    ]  # fmt: skip


def files() -> dict[str, str]:
    """Return files that an engineer may put into the folder."""
    users = [
        {
            "name": "admin",
            "user": {"token": secret(), "client-key-data": in_base64("-----BEGIN EC PRIVATE KEY-----\n" + secret(64) + "\n-----END EC PRIVATE KEY-----\n")},
        }
    ]
    bodies = kubernetes()
    return {
        "journal.txt": "\n".join(log_lines()) + "\n",
        "objects.json": json.dumps({"apiVersion": "v1", "kind": "List", "items": bodies}),
        "objects.yaml": "---\n".join(yaml.safe_dump(b) for b in kubernetes()),
        "kubeconfig": yaml.safe_dump({"apiVersion": "v1", "kind": "Config", "users": users, "clusters": [], "contexts": []}),
        "etc/NetworkManager/system-connections/wifi.nmconnection": f"[wifi-security]\nkey-mgmt=wpa-psk\npsk={secret()}\n\n[802-1x]\npassword={secret()}\nprivate-key-password={secret()}\n",
        "etc/crio/crio.conf": f'[crio.image]\npause_image = "https://robot:{secret()}@registry.acme-corp.com/pause:1"\n',
        "etc/microshift/config.yaml": f"dns:\n  baseDomain: acme-corp.com\napiServer:\n  auditLog: {{}}\n  encryptionKey: {secret(44)}\n",
        "etc/cni/net.d/10-x.conflist": json.dumps({"cniVersion": "1.0.0", "name": "x", "plugins": [{"type": "bridge", "token": secret()}]}),
        "describe.txt": f"Name:         cam\nNamespace:    plant\nEvents:\n  Type     Reason                  Age   From     Message\n  ----     ------                  ----  ----     -------\n"
        f"  Warning  FailedCreatePodSandBox  5s    kubelet  Failed to create pod sandbox: rpc error: code = Unknown desc = password={secret()}\n    Environment:\n      DB_PASSWORD:  {secret()}\n",
    }  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("ticket")
    for name, text in files().items():
        path = base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return base


def left(raw: bytes) -> list[str]:
    text = raw.decode("utf-8", "replace")
    return [s for s in PLANTED if s in text or in_base64(s)[:-4] in text]


def test_the_secrets_are_there(folder: Path) -> None:
    text = b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())
    assert len(PLANTED) > 90
    assert len(set(left(text))) > 80  # the rest stands behind base64


@pytest.mark.parametrize("redact", [False, True], ids=["plain", "redacted"])
@pytest.mark.parametrize("form", ["terminal", "json", "markdown", "html", "ticket"])
def test_no_format_shows_one(form: str, redact: bool, folder: Path, msnet, tmp_path: Path) -> None:
    extra = ["--redact", "--redaction-map", str(tmp_path / "map")] if redact else []
    run = msnet("diagnose", "--format", form, *extra, "--text", str(tmp_path / "text"), "--metrics", str(tmp_path / "prom"), str(folder))
    assert run.returncode == 11, run.stderr
    assert len(run.stdout) > 500
    for raw in (run.stdout, run.stderr, (tmp_path / "text").read_bytes(), (tmp_path / "prom").read_bytes()):
        assert left(raw) == []
    if redact:
        assert left((tmp_path / "map").read_bytes()) == []
        assert b"acme-corp" not in run.stdout.replace(str(folder).encode(), b"")


@pytest.mark.parametrize("form", ["terminal", "json", "markdown", "html", "ticket"])
def test_nor_does_a_report_on_what_is_healthy(form: str, msnet, tmp_path: Path) -> None:
    planted = secret()
    (tmp_path / "objects.json").write_text(json.dumps(nad("lan", namespace="plant", password=planted)))
    run = msnet("diagnose", "--format", form, str(tmp_path / "objects.json"))
    assert run.returncode == 0
    assert planted.encode() not in run.stdout


@pytest.mark.parametrize("options", [[], ["--full"], ["--no-redact"], ["--no-redact", "--full"]], ids=" ".join)
def test_no_member_of_a_bundle_holds_one(options: list[str], folder: Path, msnet, tmp_path: Path) -> None:
    bundle = tmp_path / "b.tar.zst"
    run = msnet("collect", "--from", str(folder), "-o", str(bundle), "--redaction-map", str(tmp_path / "map"), *options)
    assert run.returncode == 0, run.stderr
    found = members(bundle)
    assert "evidence/records.jsonl" in found
    assert {name: left(raw + name.encode()) for name, raw in found.items() if left(raw + name.encode())} == {}
    assert left(bundle.read_bytes()) == []
    if "--no-redact" not in options:
        for name, raw in found.items():
            for value in (b"acme-corp", b"edge07", b"plant/"):
                assert value not in raw.replace(str(folder).encode(), b""), name
        check = msnet("collect", "--check", str(bundle), "--redaction-map", str(tmp_path / "map"))
        assert (check.returncode, check.stdout.count(b"\n")) == (0, 1), check.stdout
