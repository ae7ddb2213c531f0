"""The command line as a user meets it: exit codes, streams, options, nothing but sentences on errors."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from conftest import NODE, ROOT

MISSING = (
    "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to create pod network sandbox k8s_till-3_shop_0b9c3c1a-6d0f-4d0c-9a52-3f7f7f6f5a11_0"
    '(5f3759df00c0ffee5f3759df00c0ffee5f3759df00c0ffee5f3759df00c0ffee): error adding pod shop_till-3 to CNI network "multus-cni-network": plugin type="multus" '
    'name="multus-cni-network" failed (add): Multus: [shop/till-3/0b9c3c1a-6d0f-4d0c-9a52-3f7f7f6f5a11]: error loading k8s delegates k8s args: TryLoadPodDelegates: '
    "error in getting k8s network for pod: GetNetworkDelegates: failed getting the delegate: getKubernetesDelegate: cannot find a network-attachment-definition "
    '(pay-lan) in namespace (shop): network-attachment-definitions.k8s.cni.cncf.io "pay-lan" not found'
)


def test_errors_exit_11_in_every_format(msnet) -> None:
    for form in ("terminal", "json", "markdown"):
        run = msnet("diagnose", "--format", form, "-", stdin=MISSING)
        assert run.returncode == 11, form
        assert b"pay-lan" in run.stdout
        assert run.stderr == b""
    assert msnet("diagnose", "--exit-zero", "-", stdin=MISSING).returncode == 0


def test_warnings_exit_10(msnet) -> None:
    run = msnet(
        "diagnose",
        "--format",
        "json",
        "-",
        stdin='DelegateDel: error invoking DelegateDel - "bridge": error in getting result from DelNetwork: broken pipe of the third kind',
    )
    found = json.loads(run.stdout)["findings"]
    assert [(f["rule"], f["severity"]) for f in found] == [("cni-del-failed", "warning")]
    assert run.returncode == 10


def test_a_healthy_log_exits_0_and_names_what_was_read(msnet) -> None:
    line = 'Nov 23 20:00:00 edge crio[7]: time="2026-11-23T20:00:00Z" level=info msg="Ran pod sandbox 5f37 with infra container: shop/till-3/POD"\n'
    run = msnet("diagnose", "-", stdin=line * 5)
    assert run.returncode == 0
    assert b"no network failure found" in run.stdout
    # CRI-O alone cannot show why a pod fails, and the report says so.
    assert b"journal of microshift.service" in run.stdout


@pytest.mark.parametrize("text", [b"", b"The quick brown fox\n", bytes(range(256)) * 64, b"\x00" * 5000])
def test_no_usable_evidence_exits_3_and_is_never_healthy(msnet, text: bytes) -> None:
    run = msnet("diagnose", "-", stdin=text)
    assert run.returncode == 3
    assert b"no usable evidence" in run.stdout
    assert b"no network failure" not in run.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["diagnose", "--boot", "yesterday"], "not a boot: 'yesterday'"),
        (["diagnose", "--boot", "-1", "x"], "are for the running device"),
        (["diagnose", "--timeout", "0"], "not a time limit: 0"),
        (["diagnose", "--root", "/nonexistent"], "--root: no such folder"),
        (["diagnose", "--journal-dir", "/nonexistent"], "--journal-dir: no such folder"),
        (["diagnose", "--kubeconfig", "/nonexistent"], "--kubeconfig: no such file"),
        (["diagnose", "--rule", "nad-lost", "x"], "unknown rule 'nad-lost'"),
        (["diagnose", "--tz", "Mars/Base", "x"], "unknown time zone 'Mars/Base'"),
        (["diagnose", "--since", "yesterdayish", "x"], "not a time: 'yesterdayish'"),
        (["diagnose", "--lang", "tlh", "x"], "unknown language 'tlh'"),
        (["diagnose", "--format", "xml", "x"], "Invalid value for '--format'"),
        (["explain", "nad-not-fuond"], "did you mean nad-not-found"),
    ],
)
def test_wrong_usage_exits_2_with_a_sentence(msnet, arguments: list[str], words: str) -> None:
    run = msnet(*arguments)
    assert run.returncode == 2
    assert words in run.stderr.decode()
    assert b"Traceback" not in run.stderr


def test_an_output_that_cannot_be_written_exits_1(msnet, write) -> None:
    run = msnet("diagnose", "--output", "/nonexistent/report", str(write(MISSING)))
    assert run.returncode == 1
    assert b"cannot write /nonexistent/report" in run.stderr


def test_output_file_holds_the_report(msnet, write, tmp_path: Path) -> None:
    target = tmp_path / "ticket.md"
    run = msnet("diagnose", "--format", "markdown", "--output", str(target), str(write(MISSING)))
    assert (run.returncode, run.stdout) == (11, b"")
    assert target.read_text().startswith("# msnet: 1 active")


def test_json_follows_the_published_schema(msnet, write) -> None:
    schema = json.loads((ROOT / "docs" / "report-1.schema.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    for paths in ([str(NODE / "journal.export.zst"), str(NODE / "objects")], [str(write("nothing of use"))], [str(write(MISSING, "m.txt")), "/nonexistent"]):
        report = json.loads(msnet("diagnose", "--format", "json", *paths).stdout)
        validator.validate(report)
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({**report, "surprise": 1})


def test_identical_input_and_now_give_identical_bytes(msnet) -> None:
    for form in ("json", "markdown", "terminal", "html", "ticket"):
        runs = {
            msnet("diagnose", "--format", form, "--now", "2026-11-23T20:10:00Z", str(NODE), env={"PYTHONHASHSEED": seed}).stdout for seed in ("1", "2", "3")
        }
        assert len(runs) == 1, form
        assert runs != {b""}, form


def test_findings_can_be_narrowed(msnet) -> None:
    def rules(*options: str) -> list[tuple[str, str]]:
        run = msnet("diagnose", "--format", "json", *options, str(NODE))
        return [(f["rule"], a["name"]) for f in json.loads(run.stdout)["findings"] for a in f["affected"] if a["kind"] == "Pod"]

    everything = rules()
    assert ("nad-not-found", "press-hmi") in everything
    assert rules("--pod", "plant/press-hmi") == [("nad-not-found", "press-hmi")]
    assert {r for r, _ in rules("--rule", "nad-not-found")} == {"nad-not-found"}
    assert rules("--namespace", "elsewhere") == []
    assert rules("--until", "2026-11-23 12:00", "--rule", "ipam-pool-exhausted") == []


def test_quiet_prints_verdict_and_titles_only(msnet) -> None:
    out = msnet("diagnose", "--quiet", "-", stdin=MISSING).stdout.decode()
    assert out.splitlines()[1:] == ["VERDICT  1 active, 1 blind spot", '  ✖  nad-not-found  NAD "pay-lan" does not exist in namespace "shop"']


def test_japanese_from_option_or_locale(msnet) -> None:
    by_option = msnet("diagnose", "--lang", "ja", "-", stdin=MISSING).stdout.decode()
    by_locale = msnet("diagnose", "-", stdin=MISSING, env={"LANG": "ja_JP.UTF-8"}).stdout.decode()
    assert by_option == by_locale
    assert 'NAD "pay-lan" が namespace "shop" に存在しません' in by_option
    assert "oc get network-attachment-definitions -A" in by_option


def test_version_rules_and_explain(msnet) -> None:
    assert msnet("--version").stdout == b"msnet 0.1.0\n"
    listing = msnet("rules").stdout.decode().splitlines()
    assert len(listing) == 67
    page = msnet("explain", "ipam-pool-exhausted").stdout.decode()
    assert "no IP addresses available in range set: {range}" in page
    assert "/var/lib/cni/networks" in page


def test_help_names_every_exit_code(msnet) -> None:
    text = " ".join(msnet("diagnose", "--help").stdout.decode().split())
    for words in ("0 nothing active", "3 no usable evidence", "10 warnings", "11 errors"):
        assert words in text


def test_a_closed_pipe_is_no_failure(msnet) -> None:
    import subprocess
    import sys

    run = subprocess.run(f"'{sys.executable}' -m diagnose rules | head -1", shell=True, capture_output=True, cwd=ROOT, check=False)
    assert run.stderr == b""
    assert run.stdout.startswith(b"address-conflict")


class TestUnwrap:
    def test_layers_from_the_kubelet_to_the_root(self, msnet) -> None:
        line = f'Nov 23 10:00:00 edge microshift[9]: kubelet E1123 10:00:00.163290    1494 kuberuntime_manager.go:1301] "CreatePodSandbox for pod failed" err="{MISSING.removeprefix("Failed to create pod sandbox: ").replace(chr(34), chr(92) + chr(34))}" pod="shop/till-3"'
        answer = json.loads(msnet("unwrap", "--format", "json", line).stdout)
        assert answer["rule"] == "nad-not-found"
        assert [x["who"] for x in answer["layers"]] == [
            "kubelet",
            "grpc",
            "cri-o",
            "cri-o",
            "libcni",
            "multus",
            "multus",
            "multus",
            "multus",
            "multus",
            "multus",
        ]
        assert answer["layers"][-1]["text"].startswith("cannot find a network-attachment-definition (pay-lan)")
        for name, value in {"pod": "till-3", "namespace": "shop", "nad": "pay-lan", "nad_namespace": "shop", "sandbox": "5f3759df00c0ffee" * 4}.items():
            assert answer["captures"][name] == value

    def test_a_stream_gets_one_answer_a_line_in_order(self, msnet) -> None:
        lines = ["all is well", "error dialing DHCP daemon: dial unix /run/cni/dhcp.sock: connect: connection refused", "", MISSING, "\x00\xff"]
        run = msnet("unwrap", "--format", "json", "-", stdin="\n".join(lines))
        answers = [json.loads(x) for x in run.stdout.splitlines()]
        assert [a["line"] for a in answers] == [1, 2, 3, 4, 5]
        assert [a["rule"] for a in answers] == [None, "ipam-dhcp-daemon-unreachable", None, "nad-not-found", None]

    def test_the_stream_answers_before_it_ends(self) -> None:
        """Behind `journalctl -f` an answer must not wait for the next line."""
        import subprocess
        import sys

        with subprocess.Popen(
            [sys.executable, "-m", "diagnose", "unwrap", "--format", "json", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
        ) as run:
            assert run.stdin is not None
            assert run.stdout is not None
            run.stdin.write(MISSING.encode() + b"\n")
            run.stdin.flush()
            assert json.loads(run.stdout.readline())["rule"] == "nad-not-found"
            run.stdin.close()
            assert run.wait(timeout=30) == 0

    def test_text_names_who_failed(self, msnet) -> None:
        out = msnet(
            "unwrap",
            '[shop/till-3/0b9c3c1a-6d0f-4d0c-9a52-3f7f7f6f5a11:pay]: error adding container to network "pay": no IP addresses available in range set: 10.1.0.2-10.1.0.9',
        ).stdout.decode()
        assert "ipam" in out
        assert "<- root message" in out
        assert "rule: ipam-pool-exhausted" in out
