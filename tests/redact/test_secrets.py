"""Every kind of secret is gone, and nothing else."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from diagnose.redact.secrets import secret_values, without_secrets

LETTERS = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF"
LONG = (LETTERS + LETTERS[::-1]) * 4
HEX = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0." + LETTERS
WORD = "Tr0ub4dor"  # a password as people choose them
KEY = base64.b64encode(bytes(range(32))).decode()

# Kind, the text around it with § for the secret, and the secret.
CASES: list[tuple[str, str, str]] = [
    ("jwt", "Nov 23 19:18:06 edge01 multus[812]: got § from the API", JWT),
    ("jwt", "unsigned § here", JWT.rsplit(".", 1)[0]),
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
    ("cookie", "Cookie: §", "session=Tr0ub4dor; theme=dark"),
    ("cookie", "< Set-Cookie: §", "sid=Tr0ub4dor; Path=/; HttpOnly"),
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
    ("docker-config", '.dockerconfigjson: §', KEY),
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
    ("age-key", "identity §", "AGE-SECRET-KEY-1" + LONG[:58].upper()),
    ("aws-key", "using § in eu-central-1", "AKIA" + "IOSFODNN7EXAMPLE"[:16]),
    ("aws-key", '{"AccessKeyId":"§"}', "ASIA" + "ABCDEFGHIJKLMNOP"),
    ("google-key", "maps § denied", "AIza" + LONG[:35]),
    ("google-key", "grpc § expired", "ya29." + LETTERS),
    ("github-token", "git: § revoked", "ghp_" + LONG[:36]),
    ("github-token", "git: § revoked", "github_pat_" + LONG[:60]),
    ("gitlab-token", "runner § gone", "glpat-" + LONG[:20]),
    ("gitlab-token", "runner § gone", "glrt-" + LONG[:20]),
    ("slack-token", "bot § gone", "xoxb-" + "123456789012-" + LETTERS),
    ("webhook", "post to https://hooks.slack.com/services/§", "T0001/B0002/" + LETTERS),
    ("webhook", "post to https://discord.com/api/webhooks/123456/§", LONG[:60]),
    ("telegram-token", "bot § started", "123456789:AA" + LONG[:33]),
    ("stripe-key", "pay § failed", "sk_live_" + LONG[:24]),
    ("stripe-key", "pay § failed", "rk_test_" + LONG[:24]),
    ("sendgrid-key", "mail § failed", "SG." + LONG[:22] + "." + LONG[:43]),
    ("mailgun-key", "mail § failed", "key-" + HEX[:32]),
    ("twilio-key", "sms § failed", "SK" + HEX[:32]),
    ("npm-token", "registry § denied", "npm_" + LONG[:36]),
    ("pypi-token", "upload § denied", "pypi-AgE" + LONG[:60]),
    ("rubygems-key", "gem § denied", "rubygems_" + HEX[:48]),
    ("docker-token", "pull § denied", "dckr_pat_" + LONG[:27]),
    ("huggingface-token", "model § denied", "hf_" + LONG[:34]),
    ("ai-key", "model § denied", "sk-ant-" + LONG[:40]),
    ("ai-key", "model § denied", "sk-proj-" + LONG[:40]),
    ("vault-token", "lease § over", "hvs." + LONG[:90]),
    ("vault-token", "lease § over", "s." + LONG[:24]),
    ("terraform-token", "cloud § over", LONG[:14] + ".atlasv1." + LONG[:60]),
    ("digitalocean-token", "droplet § over", "dop_v1_" + HEX),
    ("grafana-token", "panel § over", "glsa_" + LONG[:41]),
    ("databricks-token", "job § over", "dapi" + HEX[:32]),
    ("newrelic-key", "agent § over", "NRAK-" + LONG[:27].upper()),
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
    ("snmp-community", 'snmp_community: "§"', "plantnet"),
    ("password", "bindpw §", WORD),
    ("secret", "otpauth://totp/a?secret=§&issuer=b", "JBSWY3DPEHPK3PXP"),
]


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


@settings(max_examples=1500, deadline=None)
@given(st.sampled_from(CASES), st.lists(st.sampled_from(WRAPPERS), max_size=4))
def test_a_secret_is_gone_however_it_is_wrapped(case: tuple[str, str, str], wrappers: list) -> None:
    _, around, secret = case
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
