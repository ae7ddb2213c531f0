"""Every kind of secret is gone, and nothing else."""

from __future__ import annotations

import base64
import gzip
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import quote

import pytest
import yaml
from conftest import ROOT
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from diagnose.redact.detectors import KINDS
from diagnose.redact.secrets import secret_values, without_secrets

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LETTERS = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF"
LONG = (LETTERS + LETTERS[::-1]) * 4
HEX = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0." + LETTERS
WORD = "Tr0ub4dor"  # a password as people choose them
KEY = base64.b64encode(bytes(range(32))).decode()

# Tokens that their form gives away.
TOKENS = [
    ("age-key", "AGE-SECRET-KEY-1" + LONG[:58].upper()),
    ("ai-key", "sk-ant-" + LONG[:40]),
    ("ai-key", "sk-proj-" + LONG[:40]),
    ("atlassian-token", "ATATT3" + LONG[:60]),
    ("azure-secret", "abc8Q~" + LONG[:34]),
    ("databricks-token", "dapi" + HEX[:32]),
    ("digitalocean-token", "dop_v1_" + HEX),
    ("discord-token", "M" + LONG[:24] + "." + LONG[:6] + "." + LONG[:30]),
    ("docker-token", "dckr_pat_" + LONG[:27]),
    ("doppler-token", "dp.pt." + LONG[:43]),
    ("gitlab-token", "glpat-" + LONG[:20]),
    ("gitlab-token", "glrt-" + LONG[:20]),
    ("google-key", "AIza" + LONG[:35]),
    ("google-key", "ya29." + LETTERS),
    ("grafana-token", "glsa_" + LONG[:41]),
    ("huggingface-token", "hf_" + LONG[:34]),
    ("jfrog-key", "AKCp" + LONG[:69]),
    ("jwt", JWT.rsplit(".", 1)[0]),
    ("linear-key", "lin_api_" + LONG[:40]),
    ("mailgun-key", "key-" + HEX[:32]),
    ("newrelic-key", "NRAK-" + LONG[:27].upper()),
    ("npm-token", "npm_" + LONG[:36]),
    ("planetscale-token", "pscale_tkn_" + LONG[:43]),
    ("postman-key", "PMAK-" + HEX[:24] + "-" + HEX[:34]),
    ("pulumi-token", "pul-" + HEX[:40]),
    ("pypi-token", "pypi-AgE" + LONG[:60]),
    ("rubygems-key", "rubygems_" + HEX[:48]),
    ("sendgrid-key", "SG." + LONG[:22] + "." + LONG[:43]),
    ("shopify-token", "shpat_" + HEX[:32]),
    ("slack-token", "xoxb-" + "123456789012-" + LETTERS),
    ("stripe-key", "rk_test_" + LONG[:24]),
    ("stripe-key", "sk_live_" + LONG[:24]),
    ("tailscale-key", "tskey-auth-" + LONG[:30]),
    ("telegram-token", "123456789:AA" + LONG[:33]),
    ("terraform-token", LONG[:14] + ".atlasv1." + LONG[:60]),
    ("twilio-key", "SK" + HEX[:32]),
    ("vault-token", "hvs." + LONG[:90]),
    ("vault-token", "s." + LONG[:24]),
]

# Kind, the text around it with § for the secret, and the secret.
CASES: list[tuple[str, str, str]] = [
    ("jwt", "Nov 23 19:18:06 edge01 multus[812]: got § from the API", JWT),
    ("openshift-token", "oc whoami: § is expired", "sha256~" + LONG[:43]),
    ("openshift-token", "curl https://api.edge:6443 '§'", "sha256~" + LONG[9:52]),
    ("authorization", "Authorization: Bearer §", LETTERS),
    ("authorization", '{"headers":{"Authorization":"Basic §"}}', base64.b64encode(b"admin:Tr0ub4dor").decode()),
    ("authorization", "proxy-authorization: Negotiate §", KEY),
    ("authorization", "curl -H 'Authorization: token §' https://h", LETTERS),
    ("authorization", "headers: map[Accept:[*/*] Authorization:[Bearer §] Host:[h]]", LETTERS),
    ("token", "X-Auth-Token: §", WORD),
    ("key", "curl -H 'X-Api-Key: §' http://h/", WORD),
    ("token", "X-Vault-Token: §", WORD),
    ("cookie", "Cookie: session=§", WORD),
    ("cookie", "< Set-Cookie: sid=§; Path=/; HttpOnly", WORD),
    ("option", 'args: ["--password", "§", "--verbose"]', WORD),
    ("option", "    args:\n    - --db-password\n    - §\n    - --verbose\n", WORD),
    ("option", '{\n  "args": [\n    "--token",\n    "§"\n  ]\n}', WORD),
    ("secret", "oauth2: {client_id: x, client_secret: §, scopes: [a]}", WORD),
    ("password", "line vty 0 4\n password 7 §", "0822455D0A16"),
    ("secret-object", "kind: SealedSecret\nspec:\n  encryptedData:\n    a: §\n  template: {}\n", LETTERS),
    ("secret-object", '{"kind":"SealedSecret","spec":{"encryptedData":{"a":"§"}}}', LETTERS),
    ("sops", "a: ENC[AES256_GCM,data:§,iv:x,tag:y,type:str]", KEY),
    ("sops", '{"a":"ENC[AES256_GCM,data:§,iv:x]"}', KEY),
    ("password", "machine quay.io\n  login robot\n  password §\n", WORD),
    ("password", "ALTER USER app WITH PASSWORD '§';", "a b"),
    ("password", "db: {user: app, password: §, port: 5432}", "swordfish"),
    ("password", "options: &{User:app Password:§ Port:5432}", "swordfish"),
    ("password", 'Environment="DB_PASSWORD=§"', "a secret, with blanks"),
    ("password", '{"Env":["A=b","DB_PASSWORD=§"]}', WORD),
    ("password", "<user>a</user><password>§</password>", "swordfish"),
    ("pre-shared-key", "802-11-wireless-security.psk:            §", "swordfish"),
    ("option", "curl -k -u admin:§ https://h/", WORD),
    ("option", "curl --user 'admin:§' https://h/", WORD),
    ("option", "mysqldump --password §", WORD),
    ("password", "app --db-password=§ --verbose", WORD),
    ("option", "podman login --docker-password '§' quay.io", "with blanks 1"),
    ("option", "mysql -u root -p'§' plant", WORD),
    ("option", "mysql -uroot -p§ plant", WORD),
    ("option", "sshpass -p § ssh plc", WORD),
    ("option", "podman login -u robot -p § quay.io", WORD),
    ("option", "kubeadm join 10.0.0.1:6443 --token § --discovery-token-ca-cert-hash sha256:" + HEX, "abcdef.0123456789abcdef"),
    ("secret", "oidc --client-secret=§", WORD),
    ("option", "subscription-manager register --org 11868327 --activationkey § --force", WORD),
    ("option", "skopeo copy --src-creds robot:§ docker://a docker://b", WORD),
    ("password", "openssl rsa -in k.pem -passin pass:§", WORD),
    ("option", "oc create secret generic s --from-literal=user=§", WORD),
    ("option", "echo root:§ | chpasswd", WORD),
    ("option", "nmcli dev wifi connect plant password §", WORD),
    ("password", "DB_PASSWORD=§", WORD),
    ("password", "export MYSQL_PWD=§", WORD),
    ("password", "SMTP_PASS='§'", "it is, 1 secret"),
    ("password", "ROOT_PASSWD=§", "p;&,x1"),
    ("password", "Nov 23 19:18:06 edge01 app[1]: connect user=plc password=§ host=10.0.0.7", WORD),
    ("password", "login failed for admin, password: §", "hunter2!"),
    ("token", "GITEA_TOKEN=§", WORD),
    ("token", 'msg="refresh" token="§" pod="plant/a"', WORD),
    ("secret", "CLIENT_SECRET=§", WORD),
    ("secret", '{"clientSecret":"§"}', WORD),
    ("secret", "radius:\n  secret = §", "testing123"),
    ("secret-key", "AWS_SECRET_ACCESS_KEY=§", KEY),
    ("secret-key", "aws_secret_access_key = §", KEY),
    ("key", "MAPS_API_KEY=§", WORD),
    ("key", "apikey: §", WORD),
    ("key", '{"apiKey": "§", "url": "http://h"}', WORD),
    ("key", "S3_ACCESS_KEY=§", WORD),
    ("key", "encryptionKey: §", KEY),
    ("private-key", "JWT_PRIVATE_KEY=§", WORD),
    ("private-key", "[Interface]\nPrivateKey = §\nAddress = 10.9.0.1/24", KEY),
    ("pre-shared-key", "[Peer]\nPresharedKey = §\n", KEY),
    ("credential", "APP_CREDENTIALS=§", WORD),
    ("passphrase", "passphrase: §", "correct horse battery 1"),
    ("pre-shared-key", "[wifi-security]\nkey-mgmt=wpa-psk\npsk=§\n", "correct horse battery"),
    ("pre-shared-key", 'network={\n  ssid="plant"\n  psk="§"\n}', "correct horse"),
    ("password", "[802-1x]\npassword-raw=§\n", "01;02;03;04"),
    ("wep-key", "wep-key0=§", "0123456789"),
    ("password", "leap-password=§", WORD),
    ("password", "private-key-password=§", WORD),
    ("macsec-key", "mka-cak=§", HEX[:32]),
    ("pin", "[gsm]\npin=§\n", "1234"),
    ("pin", '{"pin": "§"}', "123456"),
    ("ipsec-secret", '10.0.0.1 10.0.0.2 : PSK "§"', "for all to see"),
    ("xfrm-key", "\tauth-trunc hmac(sha256) § 128", "0x" + HEX),
    ("xfrm-key", "\tenc cbc(aes) §", "0x" + HEX[:32]),
    ("client-key", '{"client-key-data": "§"}', KEY),
    ("token", "- id-token: §", WORD),
    ("token", '{"auths":{"quay.io":{"registrytoken":"§"}}}', WORD),
    ("basic-auth", '{"auths":{"quay.io":{"auth":"§","email":"a@b.c"}}}', base64.b64encode(b"robot:Tr0ub4dor").decode()),
    ("docker-config", ".dockerconfigjson: §", KEY),
    ("docker-config", "pullSecret: '§'", '{"auths":{}}'),
    ("private-key", "sshKey: §", WORD),
    ("password", "      - name: DB_PASSWORD\n        value: §\n      - name: HOST\n        value: db", WORD),
    ("token", '        - name: X_TOKEN\n          value: "§"\n', WORD),
    ("password", "      - value: §\n        name: DB_PASSWORD\n", WORD),
    ("token", '{"env":[{"name":"X_TOKEN","value":"§"},{"name":"A","value":"b"}]}', WORD),
    ("token", '{\n  "name": "X_TOKEN",\n  "value": "§"\n}', WORD),
    ("token", '{"value":"§","name":"X_TOKEN"}', WORD),
    ("secret-object", "apiVersion: v1\ndata:\n  anything: §\nkind: Secret\nmetadata:\n  name: s\n", KEY),
    ("secret-object", "kind: Secret\nmetadata:\n  name: s\nstringData:\n  colour: §\ntype: Opaque\n", "blue"),
    ("secret-object", "items:\n- apiVersion: v1\n  data:\n    a: §\n  kind: Secret\n  metadata:\n    name: s\n- kind: Pod\n  data:\n    b: c\n", "YmxhY2s="),
    ("secret-object", '{"apiVersion":"v1","data":{"a":"§"},"kind":"Secret","metadata":{"name":"s"}}', "YmxhY2s="),
    ("secret-object", '{"kind":"Secret","stringData":{"a":"§"},"metadata":{"annotations":{"x":"{\\"a\\":1}"}}}', "blue"),
    ("kubeconfig-user", "users:\n- name: admin\n  user:\n    username: §\ncurrent-context: x\n", "operator"),
    ("kubeconfig-user", "users:\n- name: a\n  user:\n    exec:\n      command: login\n      env:\n      - name: MODE\n        value: §\n", "blue"),
    ("kubeconfig-user", '{"users":[{"name":"a","user":{"username":"§"}}],"kind":"Config"}', "operator"),
    ("url-password", "pull from https://robot:§@quay.io/v2/ failed", WORD),
    ("url-password", "proxy=http://plc:§@10.0.0.1:3128", "p%40ss"),
    ("url-password", "redis://:§@cache:6379/0", WORD),
    ("url-password", "mongodb+srv://app:§@cluster0.example.net/db?w=majority", WORD),
    ("url-password", "amqp://guest:§@mq", WORD),
    ("url-token", "git clone https://§@github.com/a/b", LETTERS),
    ("password", "Server=db;Uid=app;Password=§;Encrypt=yes", WORD),
    ("password", "Server=db;Uid=app;Pwd=§;", WORD),
    ("password", "jdbc:postgresql://db/plant?user=app&password=§&ssl=true", WORD),
    ("key", "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=§;EndpointSuffix=core", KEY),
    ("key", "Endpoint=sb://h/;SharedAccessKeyName=root;SharedAccessKey=§", KEY),
    ("url-parameter", "https://a.blob.core.windows.net/c?sv=2024-01-01&sig=§&se=2026", "abc%2Fdef%3D"),
    ("url-parameter", "https://b.s3.amazonaws.com/k?X-Amz-Expires=60&X-Amz-Signature=§", HEX),
    ("url-parameter", "GET /callback?code=§&state=1", LETTERS),
    ("url-parameter", "https://h/?key=§", WORD),
    ("ppk-key", "Private-MAC: §", HEX[:40]),
    ("aws-key", "using § in eu-central-1", "AKIA" + "IOSFODNN7EXAMPLE"[:16]),
    ("aws-key", '{"AccessKeyId":"§"}', "ASIA" + "ABCDEFGHIJKLMNOP"),
    ("github-token", "git: § revoked", "ghp_" + LONG[:36]),
    ("github-token", "git: § revoked", "github_pat_" + LONG[:60]),
    ("webhook", "post to https://hooks.slack.com/services/§", "T0001/B0002/" + LETTERS),
    ("webhook", "post to https://discord.com/api/webhooks/123456/§", LONG[:60]),
    ("crypt-hash", "root:§:19000:0:99999:7:::", "$6$saltsalt$" + LONG[:86]),
    ("crypt-hash", "core:§:19000:0:99999:7:::", "$y$j9T$abcdefgh$" + LONG[:43]),
    ("crypt-hash", "admin:§", "$apr1$saltsalt$" + LONG[:22]),
    ("crypt-hash", "admin:§", "$2y$05$" + LONG[:53]),
    ("crypt-hash", "{x} §", "{SSHA}" + KEY[:32]),
    ("password", '{"passwd":{"users":[{"name":"core","passwordHash":"§"}]}}', "$y$j9T$abcdefgh$" + LONG[:43]),
    ("password", "rootpw --iscrypted §", "$6$saltsalt$" + LONG[:86]),
    ("password", "    hashed_passwd: §", "$6$saltsalt$" + LONG[:86]),
    ("password", "machine quay.io login robot password §", WORD),
    ("password", "db.plant:5432:*:app:§", WORD),
    ("password", "    auth_pass §", "1234"),
    ("password", " neighbor 10.0.0.2 password §", WORD),
    ("snmp-community", "rocommunity §", "plantnet"),
    ("password", "user bob with password § was refused", "Tr0ub4dor"),
    ("password", "sudo password for bob: §", "Tr0ub4dor"),
    ("password", "ldap bindpw § here", "plantnet"),
    ("pre-shared-key", 'wpa-psk "§"', "plantnet"),
    ("private-key", "wg set wg0 private-key §", KEY),
    ("token", "session_id=§; x", "aB3dE6gH9jK2"),
    ("token", "kubeadm token § was made", "abcdef.0123456789abcdef"),
    ("snmp-community", "snmpd: refused line: rwcommunity6 § default", "plantnet"),
    ("snmp-community", 'snmp_community: "§"', "plantnet"),
    ("password", "bindpw §", WORD),
    ("secret", "otpauth://totp/a?secret=§&issuer=b", "JBSWY3DPEHPK3PXP"),
    ("basic-auth", "_auth=§", base64.b64encode(b"robot:Tr0ub4dor").decode()),
    ("client-key", "    client-certificate-data: §\n", KEY),
    ("credential", '{"credential": "§"}', WORD),
    ("ipsec-secret", ': PSK "§"', "for all to see"),
    ("macsec-key", "ip macsec add macsec0 tx sa 0 pn 1 on key 01 §", HEX[:32]),
    ("otp", "otpauth-migration://offline?data=§", LETTERS),
    ("otp", "qr: 'otpauth-migration://offline?data=§'", LETTERS),
    ("passphrase", '{"keyPassphrase":"§"}', WORD),
    ("ppk-key", "Encryption: none\nPrivate-Hash: §\n", HEX[:40]),
    ("routing-key", " ip ospf message-digest-key 1 md5 §", WORD),
    ("routing-key", "key chain plant\n key 1\n  key-string §\n", WORD),
    ("snmp-password", "snmpwalk -v3 -u plc -A § 10.0.0.1", WORD),
    ("snmp-password", "createUser plc SHA § ", "authpass1"),
    ("url-token", "remote: https://§@git.plant.example/a.git", LETTERS),
    ("wep-key", "wep-key1=§", "ABCDEF0123"),
]
CASES += [(kind, around, secret) for kind, secret in TOKENS for around in ("plugin said § here", '{"note":"§","n":1}', "x=§;")]


@pytest.mark.parametrize(("kind", "around", "secret"), CASES)
def test_a_secret_is_gone_and_the_rest_stays(kind: str, around: str, secret: str) -> None:
    text = around.replace("§", secret)
    clean, counts = without_secrets(text)
    assert (clean, dict(counts)) == (around.replace("§", f"[removed:{kind}]"), {kind: 1})
    assert without_secrets(clean) == (clean, {})


def _in_json(text: str) -> str:
    return json.dumps({"config": text})


def _in_base64(text: str) -> str:
    return "data: " + base64.b64encode(text.encode()).decode()


def _in_url_safe(text: str) -> str:
    return '{"x": "' + base64.urlsafe_b64encode(text.encode()).decode().rstrip("=") + '"}'


def _wrapped(text: str) -> str:
    return "  cert: |\n    " + "\n    ".join(base64.encodebytes(text.encode()).decode().splitlines())


def _in_url(text: str) -> str:
    return "GET /apply?body=" + quote(text, safe="") + " HTTP/1.1"


def _logged(text: str) -> str:
    return "Nov 23 19:18:06 edge01 kubelet[7]: E1123 msg=" + json.dumps(text)


WRAPPERS = [_in_json, _in_base64, _in_url_safe, _wrapped, _in_url, _logged]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.sampled_from(CASES), st.lists(st.sampled_from(WRAPPERS), max_size=4))
def test_a_secret_is_gone_however_it_is_wrapped(case: tuple[str, str, str], wrappers: list) -> None:
    _, around, secret = case
    assume((_wrapped, _in_url) not in pairwise(wrappers))  # base64 over many lines, percent-encoded as a whole, is not looked into
    text = around.replace("§", secret)
    for wrap in wrappers:
        text = wrap(text)
    clean, counts = without_secrets(text)
    shown = json.dumps(secret)[1:-1] if _in_json in wrappers else secret
    assert secret not in clean
    assert shown not in clean
    assert counts
    assert clean.count("\n") == text.count("\n")
    assert without_secrets(clean)[0] == clean


SECRETS = st.builds(
    "K{}{}".format, st.text("aB3xY7zQ!@#$%^&*()_-+=/:;,.?~|<>[]{} '\"\\", min_size=6, max_size=24).map(str.strip), st.sampled_from(["k9Z", "Q4w"])
)
POSITIONS = {
    "json": lambda s: json.dumps({"a": 1, "password": s, "b": "c"}),
    "yaml": lambda s: "a: 1\npassword: '" + s.replace("'", "''") + "'\nb: c\n",
    "yaml quoted": lambda s: "- name: A_TOKEN\n  value: " + json.dumps(s) + "\n- name: B\n",
    "manifest": lambda s: json.dumps({"kind": "Secret", "stringData": {"x": s}, "metadata": {"name": "s"}}, indent=1),
    "url": lambda s: "pull https://robot:" + quote(s, safe="") + "@quay.io/v2/ failed",
    "query": lambda s: "GET /x?access_token=" + quote(s, safe="") + "&y=1",
    "basic": lambda s: "Authorization: Basic " + base64.b64encode(f"a:{s}".encode()).decode(),
}


@settings(max_examples=150, deadline=None, derandomize=True)
@given(SECRETS, st.sampled_from(sorted(POSITIONS)), st.lists(st.sampled_from(WRAPPERS), max_size=3))
def test_any_secret_is_gone(secret: str, position: str, wrappers: list) -> None:
    planted = POSITIONS[position](secret)
    forms = {secret, quote(secret, safe=""), base64.b64encode(f"a:{secret}".encode()).decode()}
    assume((_wrapped, _in_url) not in pairwise(wrappers))
    text, quoted = planted, secret
    for wrap in wrappers:
        text, quoted = wrap(text), json.dumps(quoted)[1:-1]
        forms.add(quoted)
    clean, counts = without_secrets(text)
    assert counts
    assert [form for form in forms if form in clean] == []
    assert secret[-6:] not in clean
    assert clean.count("\n") == text.count("\n")
    if not wrappers and position in {"json", "manifest"}:
        json.loads(clean)
    if not wrappers and position.startswith("yaml"):
        yaml.safe_load(clean)


def _pem(name: str, lines: int = 4) -> str:
    body = base64.encodebytes(bytes(i % 251 for i in range(7, 7 + 48 * lines))).decode()
    return f"-----BEGIN {name}-----\n{body}-----END {name}-----\n"


MARK = "[removed:private-key]"


@pytest.mark.parametrize(
    "name",
    [
        "PRIVATE KEY",
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "DSA PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "PGP PRIVATE KEY BLOCK",
        "OpenVPN Static key V1",
    ],
)
def test_a_private_key_keeps_its_lines(name: str) -> None:
    key = _pem(name)
    count = key.count("\n")
    assert without_secrets("a\n" + key + "b\n")[0] == "a\n" + f"{MARK}\n" * count + "b\n"
    indented = "tls.key: |\n" + "".join(f"    {line}\n" for line in key.splitlines()) + "next: 1\n"
    assert without_secrets(indented)[0] == "tls.key: |\n" + f"    {MARK}\n" * count + "next: 1\n"
    log = "".join(f"Nov 23 19:18:06 edge01 app[1]: {line}\n" for line in key.splitlines())
    assert without_secrets(log)[0] == f"Nov 23 19:18:06 edge01 app[1]: {MARK}\n" * count
    assert without_secrets(json.dumps({"key": key}))[0] == json.dumps({"key": f"{MARK}\n"})
    assert without_secrets(json.dumps({"key": json.dumps({"key": key.strip()})}))[0] == json.dumps({"key": json.dumps({"key": MARK})})
    assert without_secrets("k=" + key.replace("\n", " ") + "end")[0] == f"k={MARK} end"


def test_a_private_key_that_is_cut_off_is_gone() -> None:
    lines = _pem("RSA PRIVATE KEY", 6).splitlines()
    head, tail = "\n".join(lines[:4]) + "\n", "\n".join(lines[3:]) + "\n"
    assert without_secrets(head + "that was all\n")[0] == f"{MARK}\n" * 4 + "that was all\n"
    assert without_secrets("it goes on:\n" + tail)[0] == "it goes on:\n" + f"{MARK}\n" * tail.count("\n")


def test_names_of_cookies_stay() -> None:
    clean, counts = without_secrets("Cookie: a=Tr0ub4dor; theme=dark\n")
    assert (clean, counts) == ("Cookie: a=[removed:cookie]; theme=[removed:cookie]\n", {"cookie": 2})


def test_certificates_and_public_keys_stay() -> None:
    text = _pem("CERTIFICATE") + _pem("PUBLIC KEY") + "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIG0w operator@edge01\n"
    assert without_secrets(text) == (text, {})
    both = base64.b64encode(_pem("CERTIFICATE").encode()).decode()
    assert without_secrets(f"certificate-authority-data: {both}\n") == (f"certificate-authority-data: {both}\n", {})


KEYS_IN_DER = {
    "PKCS#8": "308204bd020100300d06092a864886f70d0101010500048204a7308204a3020100",
    "PKCS#8, Ed25519": "302e020100300506032b657004220420" + HEX[:64],
    "PKCS#1": "308204a30201000282010100c0ffee" + HEX,
    "SEC 1": "30770201010420" + HEX,
    "encrypted": "308205d3305d06092a864886f70d01050d3050" + HEX,
    "PKCS#12": "30820a2c0201033082" + HEX,
}


@pytest.mark.parametrize("name", KEYS_IN_DER)
def test_a_private_key_in_base64_without_its_marks_is_gone(name: str) -> None:
    text = "blob: " + base64.b64encode(bytes.fromhex(KEYS_IN_DER[name])).decode()
    assert without_secrets(text)[0] == "blob: [removed:base64]"


def test_compressed_secrets_are_gone() -> None:
    release = json.dumps({"manifest": "apiVersion: v1\nkind: Secret\nstringData:\n  a: blue\n"}).encode()
    once = base64.b64encode(gzip.compress(release, mtime=0)).decode()
    twice = base64.b64encode(once.encode()).decode()
    harmless = base64.b64encode(gzip.compress(b"nothing to hide here", mtime=0)).decode()
    assert without_secrets(f"a {once} b {twice} c {harmless}") == (f"a [removed:base64] b [removed:base64] c {harmless}", {"base64": 2})


def test_blocks_of_many_lines_keep_their_lines() -> None:
    vault = "db: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162633031\n  3938\nnext: 1\n"
    assert without_secrets(vault)[0] == "db: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  [removed:ansible-vault]\n  [removed:ansible-vault]\nnext: 1\n"
    ppk = "PuTTY-User-Key-File-3: ssh-rsa\nPublic-Lines: 1\nAAAAB3Nz\nPrivate-Lines: 2\nAAAABBBB\nCCCC==\nPrivate-MAC: 0123456789abcdef\n"
    assert without_secrets(ppk)[0] == ppk.replace("AAAABBBB", MARK).replace("CCCC==", MARK).replace("0123456789abcdef", "[removed:ppk-key]")
    block = "a:\n  password: |\n    first line\n    second\n  user: x\n"
    assert without_secrets(block)[0] == "a:\n  password: |\n    [removed:password]\n    [removed:password]\n  user: x\n"
    manifest = "kind: Secret\ndata:\n  a: |\n    bGluZTE=\n    bGluZTI=\n  b: 'x'\nmetadata:\n  name: multus-token\n"
    assert without_secrets(manifest)[0] == (
        "kind: Secret\ndata:\n  a: |\n    [removed:secret-object]\n    [removed:secret-object]\n  b: '[removed:secret-object]'\nmetadata:\n  name: multus-token\n"
    )
    env = "- name: A_TOKEN\n  value: |\n    blue\n- name: B\n  value: c\n"
    assert without_secrets(env)[0] == "- name: A_TOKEN\n  value: |\n    [removed:token]\n- name: B\n  value: c\n"


KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters:
- cluster: {server: "https://localhost:6443"}
  name: edge
contexts:
- context: {cluster: edge, user: admin}
  name: edge
current-context: edge
users:
- name: admin
  user:
    client-certificate-data: YWJj
    client-key: /etc/keys/admin.key
    token: blue
    exec:
      command: get-token
      args: [login, --mode, green]
      env:
      - name: MODE
        value: red
- name: other
  user: {password: grey}
"""


def test_documents_can_be_read_as_before() -> None:
    clean, counts = without_secrets(KUBECONFIG)
    tree = yaml.safe_load(clean)
    assert counts["kubeconfig-user"] + counts["client-key"] + counts["token"] + counts["password"] == 7
    user = tree["users"][0]["user"]
    assert (user["client-key"], user["exec"]["command"], user["exec"]["env"][0]["name"]) == ("/etc/keys/admin.key", "get-token", "MODE")
    assert [tree[k] for k in ("clusters", "contexts", "current-context")] == [
        yaml.safe_load(KUBECONFIG)[k] for k in ("clusters", "contexts", "current-context")
    ]
    for gone in ("YWJj", "blue", "green", "red", "grey"):
        assert gone not in clean
    for text in (json.dumps(yaml.safe_load(KUBECONFIG)), json.dumps(yaml.safe_load(KUBECONFIG), indent=2)):
        clean, _ = without_secrets(text)
        assert json.loads(clean)["users"][0]["name"] == "admin"
        for gone in ("YWJj", "blue", "green", "red", "grey"):
            assert gone not in clean


def test_a_number_gets_quotes_in_json() -> None:
    for levels in range(3):
        text, wanted = '{"pin": 123456, "a": 1}', '{"pin": "[removed:pin]", "a": 1}'
        for _ in range(levels):
            text, wanted = json.dumps({"x": text}), json.dumps({"x": wanted})
        assert without_secrets(text)[0] == wanted


# Evidence that looks like secrets.
CLEAN = [
    "sandbox 4755c853657100f25e788faf9b2cdd7791de1e49aa607fa21258c46b1a6b9069 of pod 0f4c2b1e-8b8e-4c57-9a3e-0d7c1f9f3a11",
    "quay.io/openshift/multus@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "s=3b1f0a;i=1f4;b=5d1c7d3c1b3f4a7d8e9f0a1b2c3d4e5f;m=2f1a;t=62a9c1;x=9af0",
    "link/ether 0a:58:0a:2a:00:15 brd ff:ff:ff:ff:ff:ff inet6 fe80::858:aff:fe2a:15/64",
    "resourceVersion: '123456' netns /var/run/netns/8f3f5f0e-9a51-4f86-a6a5-6d8c5f1b4b55",
    "commit 1234567890abcdef1234567890abcdef12345678",
    "Unauthorized: invalid bearer token, token lookup failed",
    'err="invalid bearer token"',
    "failed to get token: Post https://localhost:6443/apis: dial tcp 127.0.0.1:6443: connect: connection refused",
    "unexpected token: < at position 0",
    "invalid character '}' looking for beginning of value",
    "FATAL: password authentication failed for user app",
    "no password is set",
    "password: authentication failed",
    'secret "multus-token" not found',
    'MountVolume.SetUp failed for volume "secret" : secret "plant/default-token-abc12" not found',
    'Couldn\'t get secret secret="plant/pull-secret" err="not found"',
    "serviceaccount token: expired",
    "  secretName: foo",
    "  secret:\n    secretName: multus-token\n    optional: true",
    "imagePullSecrets:\n- name: quay-pull",
    "automountServiceAccountToken: true",
    '{"automountServiceAccountToken":false,"token":null,"tokenExpirationSeconds":3607}',
    "token: null",
    'token: ""',
    '"Syncing" key="plant/camera-1" err="key not found"',
    "        - name: A_TOKEN\n          valueFrom:\n            secretKeyRef:\n              name: s\n              key: token",
    "PWD=/var/lib/kubelet OLDPWD=/root",
    "tokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token",
    "--discovery-token-ca-cert-hash sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "kubeadm join: use --token to pass a token",
    "image: ssh://git@github.com/a/b https://user@host/x",
    "kind: ConfigMap\ndata:\n  a: b\n",
    "kind: Role\nrules:\n- resources: [secrets]\n  resourceNames: [multus-token]\n",
    "contexts:\n- context:\n    user: admin\nusers: []\n",
    "users:\n- system:admin\n- system:serviceaccount:plant:default\n",
    "podman run --user 1000:1000 img",
    "curl -sS -m 5 http://10.0.0.1:8080/healthz",
    "set community 65000:100",
    "password: <set by the operator>",
    "DB_PASSWORD=$(DB_PASSWORD) TOKEN=${TOKEN}",
    "password: '***HIDDEN***'",
    "bypass=enabled compass=n author: jane monkey=1",
    'Get "https://ghcr.io/token": dial tcp: lookup ghcr.io: no such host',
    "Authorization: required",
    "key-mgmt=wpa-psk\npsk-flags=1\npassword-flags=0\n",
    "cni config eyJjbmlWZXJzaW9uIjoiMC40LjAiLCJuYW1lIjoia2luZG5ldCIsInBsdWdpbnMiOltdfQ==",
]


@pytest.mark.parametrize("text", CLEAN)
def test_evidence_stays(text: str) -> None:
    assert without_secrets(text) == (text, {})
    for wrap in (_in_json, _in_base64, _in_url, _logged):
        assert without_secrets(wrap(text)) == (wrap(text), {})


def _fixtures() -> Iterator[str]:
    for path in sorted((ROOT / "fixtures").rglob("*")):
        if path.suffix == ".zst":
            yield zstd.decompress(path.read_bytes()).decode(errors="replace")
        elif path.is_file():
            yield path.read_text()
            if path.suffix == ".jsonl":
                yield "\n".join(v for line in path.read_text().splitlines() for v in json.loads(line).values() if isinstance(v, str))


def test_the_evidence_of_a_real_node_stays() -> None:
    total = 0
    for text in _fixtures():
        assert without_secrets(text) == (text, {})
        total += len(text)
    assert total > 1_000_000


HOSTILE = [
    "a",
    "-----BEGIN ",
    "-----BEGIN RSA PRIVATE KEY-----",
    '\\"',
    "password",
    "password=",
    "=",
    "eyJ",
    "eyJhbGciOiJSUzI1NiJ9.eyJ",
    "QUJD",
    "A",
    "%25",
    "{",
    '"',
    "http://a:",
    '{"kind":"Secret",',
    '"users":[',
    "kind: Secret\n",
    "curl -u ",
    "mysql -p",
    "cGFzc3dvcmQ9eDEyMw\n",
    "name: A_TOKEN\n",
    "[removed:token]",
    "s.",
    "$6$",
]


@pytest.mark.parametrize("part", HOSTILE)
def test_hostile_text_costs_no_more_than_its_length(part: str) -> None:
    def seconds(size: int) -> float:
        text = part * (size // len(part))
        start = time.process_time()
        without_secrets(text)
        return time.process_time() - start

    seconds(1000)
    assert seconds(160_000) < 24 * seconds(20_000) + 0.5


def test_values_are_those_that_mean_nothing_else() -> None:
    text = (
        f"password={WORD}\ntoken: {JWT}\nDB_PASSWORD=multus-cni\nADMIN_PASSWORD=12345678\nROOT_PASSWORD=short1\nTLS_PASSWORD=microshift\n"
        "x: " + base64.b64encode(b"clientSecret: Gr3enH0use").decode() + "\n" + _pem("PRIVATE KEY", 1)
    )
    values = secret_values(text)
    body = _pem("PRIVATE KEY", 1).splitlines()[1]
    assert values == {WORD, JWT, "Gr3enH0use", base64.b64encode(b"clientSecret: Gr3enH0use").decode(), body}
    assert secret_values("--token abcdef.0123456789abcdef") == {"abcdef.0123456789abcdef"}
    assert secret_values("PASSWORD=edge01-node\nCLIENT_SECRET=edge01.plant.example\n") == set()
    assert secret_values("nothing here") == set()


def test_the_table_of_kinds_is_the_one_of_the_documentation() -> None:
    text = (ROOT / "docs" / "redaction.md").read_text()
    table = text[text.index("## What is always removed") :].split("\n## ")[0]
    assert set(re.findall(r"^\| `([a-z0-9-]+)`", table, re.MULTILINE)) == KINDS


def test_every_kind_has_two_cases() -> None:
    seen = Counter(kind for kind, _, _ in CASES)
    assert {kind for kind in KINDS if seen[kind] < 2} == {"ansible-vault", "base64"}  # on their own above
    assert (len(KINDS), len(CASES), len(set(CASES))) == (71, 278, 278)
