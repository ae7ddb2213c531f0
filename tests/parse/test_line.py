"""Lines of journals and programs, taken apart."""

from __future__ import annotations

import time

import pytest

from diagnose.parse.line import Line, go_unquote, parse_line, program_line

KLOG = '''kubelet E1123 20:00:42.856229    4654 remote_runtime.go:237] "RunPodSandbox from runtime service failed" err="rpc error: code = Unknown desc = plugin type=\\"multus\\" failed (add): boom"'''
ERROR = 'rpc error: code = Unknown desc = plugin type="multus" failed (add): boom'
FIELDS = {"err": ERROR, "said": "RunPodSandbox from runtime service failed"}


@pytest.mark.parametrize(
    ("head", "stamp", "form", "host"),
    [
        ("Nov 23 20:00:42 edge01", "Nov 23 20:00:42", "bsd", "edge01"),
        ("Nov 23 20:00:42", "Nov 23 20:00:42", "bsd", ""),
        ("Nov  3 20:00:42.856463 edge01", "Nov  3 20:00:42.856463", "bsd", "edge01"),
        ("11月 23 20:00:42 edge01", "11月 23 20:00:42", "bsd", "edge01"),
        ("1月 05 20:00:42 edge01", "1月 05 20:00:42", "bsd", "edge01"),
        ("11월 23 20:00:42 edge01", "11월 23 20:00:42", "bsd", "edge01"),
        ("Mär 03 20:00:42 edge01", "Mär 03 20:00:42", "bsd", "edge01"),
        ("déc. 23 20:00:42 edge01", "déc. 23 20:00:42", "bsd", "edge01"),
        ("2026-11-23T20:00:42+0000 edge01", "2026-11-23T20:00:42+0000", "iso", "edge01"),
        ("2026-11-23T20:00:42+01:00", "2026-11-23T20:00:42+01:00", "iso", ""),
        ("2026-11-23T20:00:42.856463+0900 edge01", "2026-11-23T20:00:42.856463+0900", "iso", "edge01"),
        ("2026-11-23 20:00:42,856 edge01.example.com", "2026-11-23 20:00:42,856", "iso", "edge01.example.com"),
        ("Mon 2026-11-23 20:00:42 UTC edge01", "Mon 2026-11-23 20:00:42 UTC", "full", "edge01"),
        ("Mon 2026-11-23 20:00:42 CET", "Mon 2026-11-23 20:00:42 CET", "full", ""),
        ("1795464042.435928 edge01", "1795464042.435928", "unix", "edge01"),
        # A monotonic stamp has no date: the program's own time stands for it.
        ("[ 5804.697280] edge01", "1123 20:00:42.856229", "klog", "edge01"),
        ("[1234567.697280]", "1123 20:00:42.856229", "klog", ""),
        ("[Mon Nov 23 20:00:42 2026] edge01", "[Mon Nov 23 20:00:42 2026]", "ctime", "edge01"),
    ],
)
def test_heads_of_journalctl(head: str, stamp: str, form: str, host: str) -> None:
    assert parse_line(f"{head} microshift[4654]: {KLOG}")._replace(like=None) == Line(
        stamp, form, host, "microshift", "4654", "kubelet", "error", ERROR, FIELDS
    )


@pytest.mark.parametrize("month", ["1月", "9月", "1월"])
def test_a_month_that_glibc_pads_with_a_blank(month: str) -> None:
    # LC_ALL=ja_JP.UTF-8 (glibc 2.36) prints the months 1 to 9 as " 1月": the line begins with a blank. So does ko_KR.
    line = parse_line(f" {month} 05 20:00:42 edge01 microshift[4654]: {KLOG}")
    assert (line.form, line.host, line.ident, line.program, line.message) == ("bsd", "edge01", "microshift", "kubelet", ERROR)


def test_crio_logs_logfmt() -> None:
    text = (
        'Nov 23 20:00:42.553490 edge01 crio[16211]: time="2026-11-23T20:00:42.553266449Z" level=info '
        'msg="Adding pod plant_mixer-1 to CNI network \\"multus-cni-network\\" (type=multus)" id=4f595784-db11-443e-b03d-2e86dc91cf31'
    )
    message = 'Adding pod plant_mixer-1 to CNI network "multus-cni-network" (type=multus)'
    fields = {"id": "4f595784-db11-443e-b03d-2e86dc91cf31"}
    assert parse_line(text)._replace(like=None)._replace(like=None) == Line(
        "Nov 23 20:00:42.553490", "bsd", "edge01", "crio", "16211", "crio", "info", message, fields
    )


def test_logfmt_by_itself() -> None:
    text = 'time="2026-11-23T20:00:42Z" level=error msg="Failed to cleanup" error="plugin \\"x\\" failed"'
    assert parse_line(text)._replace(like=None)._replace(like=None) == Line(
        "2026-11-23T20:00:42Z", "iso", "", "", "", "crio", "error", 'Failed to cleanup: plugin "x" failed', {"error": 'plugin "x" failed'}
    )


def test_logfmt_whose_error_lost_its_backslashes_keeps_the_whole_error() -> None:
    line = parse_line('time="2026-11-23T20:00:42Z" level=error msg="RunPodSandbox failed" error="plugin type="multus" failed (add): boom"')
    assert line.message == 'RunPodSandbox failed: plugin type="multus" failed (add): boom'


def test_logfmt_cut_inside_its_message() -> None:
    line = parse_line('time="2026-11-23T20:00:42Z" level=error msg="Error adding network: plugin type=\\"mul')
    assert (line.program, line.message) == ("crio", 'Error adding network: plugin type="mul')


def test_a_level_that_an_old_crio_prints_before_its_line() -> None:
    line = parse_line('Nov 23 20:00:42 edge01 crio[1]: error time="2026-11-23T20:00:42Z" level=error msg="boom"')
    assert (line.program, line.level, line.message) == ("crio", "error", "boom")


def test_an_event_that_client_go_logs() -> None:
    text = (
        'Nov 23 20:00:42 edge01 crio[16211]: I1123 20:00:42.796533    2094 event.go:377] Event(v1.ObjectReference{Kind:"Pod", Namespace:"plant", '
        'Name:"mixer-1", UID:"1903dc35-8b71-434d-9aa9-d60ff613e553", APIVersion:"v1", ResourceVersion:"1117", FieldPath:""}): '
        "type: 'Warning' reason: 'NoNetworkFound' cannot find a network-attachment-definition (mixer-net) in namespace (plant)"
    )
    message = "cannot find a network-attachment-definition (mixer-net) in namespace (plant)"
    fields = {"object": "plant/mixer-1", "reason": "NoNetworkFound", "kind": "Pod"}
    assert parse_line(text)._replace(like=None) == Line("Nov 23 20:00:42", "bsd", "edge01", "crio", "16211", "event", "Warning", message, fields)


def test_klog_by_itself_may_be_any_programs() -> None:
    assert parse_line('W1123 20:00:42.796533    2094 x.go:1] "a b" pod="plant/valve-b" pods=["plant/a"] event={"ID":"1"} n=3')._replace(like=None)._replace(like=None) == Line(
        "1123 20:00:42.796533", "klog", "", "", "2094", "", "warning", "a b",
        {"pod": "plant/valve-b", "pods": '["plant/a"]', "event": '{"ID":"1"}', "n": "3"},
    )  # fmt: skip


@pytest.mark.parametrize("level", "IWEF")
def test_levels_of_klog(level: str) -> None:
    assert parse_line(f"{level}1123 20:00:42.796533 1 x.go:1] m").level == {"I": "info", "W": "warning", "E": "error", "F": "error"}[level]


def test_another_component_of_microshift() -> None:
    line = parse_line("Nov 23 20:00:42 edge01 microshift[4654]: kube-scheduler I1123 20:01:11.161996    4654 schedule_one.go:481] unstructured text")
    assert (line.program, line.ident, line.message, line.fields) == ("microshift", "microshift", "unstructured text", {})


def test_a_component_inside_the_kubelets_own_unit_is_the_kubelet() -> None:
    assert parse_line("Nov 23 20:00:42 edge01 kubelet[7]: cloud-provider E1123 20:00:42.856229 7 x.go:2] boom").program == "kubelet"


def test_a_block_of_lines_as_an_error() -> None:
    text = 'kubelet E1123 20:00:42.856229 4654 pod_workers.go:1324] "Error syncing pod" err=<\n\tfirst\n\tsecond\n > pod="plant/mixer-1" podUID="1903"'
    line = program_line(text)
    assert line.message == "Error syncing pod: \tfirst\n\tsecond"
    assert line.fields == {"err": "\tfirst\n\tsecond", "pod": "plant/mixer-1", "podUID": "1903"}


def test_klogs_words_pasted_without_their_head() -> None:
    line = parse_line('"Failed to create sandbox for pod" err="rpc error: \\"x\\"" pod="plant/mixer-1"')
    assert (line.program, line.message, line.fields["pod"]) == ("kubelet", 'rpc error: "x"', "plant/mixer-1")


@pytest.mark.parametrize(
    ("text", "program", "level", "message"),
    [
        ("2026-11-23T20:00:42Z [error] Multus: [a/b/c]: x", "multus", "error", "Multus: [a/b/c]: x"),
        ("2026-11-23T20:00:42Z [verbose] Del: a:b:c", "multus", "info", "Del: a:b:c"),
        ("2026-11-23T20:00:42.123456789Z stderr F E1123 20:00:42.856229 1 x.go:2] boom", "pod-log", "error", "boom"),
        ("2026-11-23T20:00:42.123456789+09:00 stdout P half a line", "pod-log", "", "half a line"),
        ("type=AVC msg=audit(1795464042.435:99): avc:  denied  { read }", "audit", "", "avc:  denied  { read }"),
        ("audit(1795464042.435:99): avc:  denied  { read }", "audit", "", "avc:  denied  { read }"),
        ("2026/11/23 20:00:42 boom", "", "", "boom"),
        ("2026-11-23T20:00:42.5Z plain text of a container", "pod-log", "", "plain text of a container"),
        ('{"code": 999, "msg": "m", "details": "d", "cniVersion":"1.0.0"}', "cni", "error", "m; d"),
        ('{"level":"warn","ts":"2026-11-23T20:00:56.551110Z","caller":"v3rpc/interceptor.go:202","msg":"request stats"}', "other", "warning", "request stats"),
        ('{"level":"fatal","time":"2026-11-23T20:00:56Z","msg":"m","error":"e"}', "", "error", "m: e"),
        ('{"log":"E1123 20:00:42.856229 1 x.go:2] boom\\n","stream":"stderr","time":"2026-11-23T20:00:42.1Z"}', "pod-log", "error", "boom"),
        ("microshift[12]: boom", "microshift", "", "boom"),
        ("just text: no head", "", "", "just text: no head"),
        ("", "", "", ""),
        ("{", "", "", "{"),
        ("[1, 2]", "", "", "[1, 2]"),
        ('{"a": 1}', "", "", '{"a": 1}'),
        ("{" * 100_000, "", "", "{" * 100_000),
    ],
)
def test_programs_own_lines(text: str, program: str, level: str, message: str) -> None:
    line = parse_line(text)
    assert (line.program, line.level, line.message) == (program, level, message)


@pytest.mark.parametrize(
    ("ident", "program"),
    [
        ("microshift", "microshift"), ("crio", "cni"), ("containerd", "cni"), ("kernel", "kernel"), ("systemd", "systemd"), ("multus", "multus"),
        ("ovs-vswitchd", "ovn"), ("40_microshift_running_check.sh", "greenboot"), ("greenboot", "greenboot"), ("sshd", "other"), ("/usr/bin/crio", "cni"),
    ],
)  # fmt: skip
def test_whose_line_it_is(ident: str, program: str) -> None:
    line = parse_line(f"Nov 23 20:00:42 edge01 {ident}[7]: failed to do a thing")
    assert (line.program, line.message) == (program, "failed to do a thing")


@pytest.mark.parametrize(("unit", "ident"), [("crio.service", "crio"), ("microshift.service", "microshift"), ("ovs-vswitchd.service", "ovs-vswitchd")])
def test_with_unit_names_the_unit_where_other_outputs_name_the_program(unit: str, ident: str) -> None:
    # systemd 252, -o with-unit: "Mon 2026-11-23 20:00:42 UTC microshift-edge01 microshift.service[4654]: ..."
    head = "Mon 2026-11-23 20:00:42 UTC microshift-edge01"
    assert parse_line(f"{head} {unit}[7]: failed to do a thing").program == parse_line(f"{head} {ident}[7]: failed to do a thing").program


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (r'"a\"b"', 'a"b'), (r'"a\\\"b"', r"a\"b"), (r'"tab\tnew\nline"', "tab\tnew\nline"), (r'"é \U0001F600 \xe9"', "é 😀 é"),
        (r'"\U00110000x"', r"\U00110000x"), ('"cut', "cut"), (r'"cut\"', 'cut"'), (r'"bad \q"', r"bad \q"), ("", ""),
    ],
)  # fmt: skip
def test_go_quotes(text: str, plain: str) -> None:
    assert go_unquote(text) == plain


@pytest.mark.parametrize("tail", [" a={", ' a="\\"', " a=[", '" b="'])
def test_a_hostile_line_costs_no_more_than_its_length(tail: str) -> None:
    text = 'E1123 20:00:42.856229    4654 x.go:2] "m"' + tail * 12_000  # 48 KiB, the longest line of journald
    began = time.process_time()
    parse_line(text)
    assert time.process_time() - began < 1  # linear work takes some 10 ms
