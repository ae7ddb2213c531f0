"""What is installed beside msnet, run as the device runs it: the hooks of greenboot, the units of systemd, the plugin of sos."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from conftest import NODE, NOW, ROOT

from diagnose.collect.files import zstd_module
from diagnose.collect.saved import report_in

DEPLOY = ROOT / "deploy"
RED, WANTED = DEPLOY / "greenboot" / "red.d" / "10_msnet.sh", DEPLOY / "greenboot" / "wanted.d" / "50_msnet.sh"
REMOTE = next((p for p in ("/lib/systemd/systemd-journal-remote", "/usr/lib/systemd/systemd-journal-remote") if os.access(p, os.X_OK)), None)
PAGE = 'while [ $# -gt 0 ]; do [ "$1" = --text ] && page=$2; shift; done\nprintf "msnet diagnose\\nVERDICT  1 active\\n" >"$page"\n'
REPORT = PAGE + 'echo "{}"\nexit 11\n'

Hook = Callable[..., subprocess.CompletedProcess[str]]


def can_mount() -> bool:
    return (
        shutil.which("unshare") is not None
        and subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False).returncode == 0
    )


mounts = pytest.mark.skipif(not can_mount(), reason="needs the right to mount in a namespace of its own")


def program(path: Path, text: str) -> Path:
    """Write a shell script that can be run, and return its path."""
    path.parent.mkdir(exist_ok=True)
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return path


@pytest.fixture
def hook(tmp_path: Path) -> Hook:
    """Run a hook of greenboot with nothing in its environment but where to keep what; `before` is done in a mount namespace of its own."""

    def run(text: str = REPORT, script: Path = RED, before: str = "", shell: tuple[str, ...] = (), **settings: str) -> subprocess.CompletedProcess[str]:
        msnet = program(tmp_path / "bin" / "msnet", text)
        values = {
            "MSNET": str(msnet),
            "MSNET_REPORTS": str(tmp_path / "var" / "reports"),
            "MSNET_RUN": str(tmp_path / "run"),
            "MSNET_CONF": "/nonexistent",
            **settings,
        }
        command = ["env", "-i", *(f"{k}={v}" for k, v in values.items() if v), *shell, str(script)]
        if before:
            command = ["unshare", "-m", "sh", "-ec", before + '\nexec "$@"', "sh", *command]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd="/", stdin=subprocess.DEVNULL)

    return run


def kept(folder: Path) -> list[str]:
    """Return the reports in a folder as number and kind; each must be whole, and nothing else may lie there."""
    names = sorted(p.name.removesuffix(".json.gz") for p in folder.glob("*.json.gz"))
    assert sorted(os.listdir(folder)) == sorted([f"{n}.json.gz" for n in names] + [f"{n}.txt" for n in names])
    for name in names:
        json.loads(gzip.decompress((folder / f"{name}.json.gz").read_bytes()))
        assert "VERDICT" in (folder / f"{name}.txt").read_text()
    return ["-".join(n.split("-")[:2]) for n in names]


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    return tmp_path / "var" / "reports"


def nothing_left(tmp_path: Path) -> bool:
    return list((tmp_path / "run").glob("work.*")) == []


@pytest.mark.parametrize("shell", [(), ("bash", "-C"), ("dash",)])
def test_each_hook_keeps_reports_of_its_own_kind(hook: Hook, reports: Path, tmp_path: Path, shell: tuple[str, ...]) -> None:
    if shell and shutil.which(shell[0]) is None:
        pytest.skip(f"{shell[0]} is not here")
    for script in (WANTED, RED, WANTED, WANTED):
        run = hook(script=script, shell=shell, MSNET_KEEP="2")
        assert run.returncode == 0
    assert kept(reports) == ["000002-red", "000003-wanted", "000004-wanted"]
    assert run.stderr.count("\n") == 1
    assert run.stderr.startswith(f"msnet wanted: {reports}/000004-wanted-")
    assert run.stderr.endswith(".txt: VERDICT  1 active\n")
    assert run.stdout == ""
    assert nothing_left(tmp_path)
    assert [p.stat().st_mode & 0o077 for p in [reports, *reports.iterdir()]] == [0] * 7


@pytest.fixture
def real(tmp_path: Path) -> str:
    """Return the shell command that runs the real msnet on the journal of a node."""
    if REMOTE is None:
        pytest.skip("needs systemd-journal-remote")
    for name in ("journal", "tree"):
        (tmp_path / name).mkdir()
    data = zstd_module().decompress((NODE / "journal.export.zst").read_bytes())
    subprocess.run([REMOTE, f"--output={tmp_path}/journal/node.journal", "-"], input=data, check=True, capture_output=True, timeout=60)
    return f'cd {ROOT} && exec {sys.executable} -m diagnose "$@" --boot all --journal-dir {tmp_path}/journal --root {tmp_path}/tree\n'


def test_the_real_msnet_is_kept_and_can_be_read_again(hook: Hook, reports: Path, real: str) -> None:
    run = hook(real)
    assert (run.returncode, kept(reports)) == (0, ["000001-red"])
    (packed,) = reports.glob("*.json.gz")
    report = json.loads(gzip.decompress(packed.read_bytes()))
    assert report["schema"] == "msnet.report/1"
    assert "nad-not-found" in {f["rule"] for f in report["findings"]}
    assert sum(p.stat().st_size for p in reports.iterdir()) < 200_000
    assert report_in(str(packed)) == report
    packed.write_bytes(packed.read_bytes()[:-40])
    assert report_in(str(packed)) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("trap '' TERM; setsid sleep 30 & sleep 30; sleep 30", "no answer within 1 s"),
        ("echo 'error: something broke' >&2; echo more >&2; exit 1", "exit code 1, nothing was kept: error: something broke"),
        ("kill -SEGV $$", "exit code 139, nothing was kept"),
        (PAGE + "exit 0", "exit code 0 without a report"),
        ("echo '{}'; exit 10", "exit code 10 without a report"),
        (PAGE + "trap '' XFSZ; cat /dev/zero; exit 2", "exit code 2, nothing was kept"),
    ],
)
def test_an_msnet_that_hangs_or_fails_is_one_line_and_leaves_what_was_kept(hook: Hook, reports: Path, tmp_path: Path, text: str, told: str) -> None:
    hook()
    began = time.monotonic()
    run = hook(text, MSNET_LIMIT="1")
    assert time.monotonic() - began < 10
    assert (run.returncode, run.stderr.count("\n")) == (0, 1)
    assert told in run.stderr
    assert kept(reports) == ["000001-red"]
    assert nothing_left(tmp_path)


def test_without_msnet_it_says_so(hook: Hook, tmp_path: Path) -> None:
    run = hook(MSNET="msnet-that-is-not-there")
    assert (run.returncode, run.stderr) == (0, "msnet red: msnet-that-is-not-there is not installed, nothing was kept\n")
    assert sorted(os.listdir(tmp_path)) == ["bin"]


def test_a_stop_ends_it_at_once_and_msnet_with_it(tmp_path: Path) -> None:
    msnet = program(tmp_path / "bin" / "msnet", f"echo $$ >{tmp_path}/pid; exec sleep 30")
    environment = {"MSNET": str(msnet), "MSNET_REPORTS": str(tmp_path / "reports"), "MSNET_RUN": str(tmp_path / "run"), "PATH": os.environ["PATH"]}
    run = subprocess.Popen([str(RED)], env=environment, stderr=subprocess.DEVNULL)
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text().strip():
        time.sleep(0.02)
    run.terminate()
    assert run.wait(timeout=5) == 0
    assert nothing_left(tmp_path)
    pid = int((tmp_path / "pid").read_text())
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists():
            return
        time.sleep(0.02)
    pytest.fail("msnet is still at work")


def test_many_at_once_do_not_take_each_other_s_place(hook: Hook, tmp_path: Path, reports: Path) -> None:
    hook(MSNET_KEEP="1")
    msnet = tmp_path / "bin" / "msnet"
    environment = {"MSNET": str(msnet), "MSNET_REPORTS": str(reports), "MSNET_RUN": str(tmp_path / "run"), "PATH": os.environ["PATH"]}
    runs = [subprocess.Popen([str(RED)], env=environment, stderr=subprocess.DEVNULL) for _ in range(6)]
    assert [r.wait(timeout=30) for r in runs] == [0] * 6
    assert kept(reports) == [f"{n:06}-red" for n in range(1, 8)]


def test_a_clock_at_1970_does_not_make_the_newest_the_oldest(hook: Hook, reports: Path, tmp_path: Path) -> None:
    hook()
    hook()
    program(tmp_path / "tools" / "date", "echo 19700101T000007Z")
    hook(MSNET_KEEP="2", PATH=f"{tmp_path}/tools")
    assert kept(reports) == ["000002-red", "000003-red"]
    assert (reports / "000003-red-19700101T000007Z.txt").exists()


def test_settings_come_from_the_file_and_the_environment_wins(hook: Hook, reports: Path, tmp_path: Path) -> None:
    conf = tmp_path / "greenboot.conf"
    conf.write_text(f'# MSNET_KEEP=7\nMSNET_KEEP="1"  \r\nMSNET_REPORTS={tmp_path}/elsewhere\n$(touch {tmp_path}/hacked\nif then ) oops\nMSNET_LIMIT=soon\n')
    for _ in range(2):
        run = hook(MSNET_CONF=str(conf))
    assert kept(reports) == ["000002-red"]
    assert "MSNET_LIMIT=soon is no number from 1 to 99999, 60 is used" in run.stderr
    hook(MSNET_CONF=str(conf), MSNET_REPORTS="")
    assert kept(tmp_path / "elsewhere") == ["000001-red"]
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize("value", ["0", "08", "-1", "ten", "1e3", "123456", "$(id)"])
def test_a_number_that_is_none_is_told_and_the_default_is_used(hook: Hook, reports: Path, value: str) -> None:
    run = hook(MSNET_KEEP=value)
    assert f"MSNET_KEEP={value} is no number from 1 to 99999, 10 is used" in run.stderr
    assert kept(reports) == ["000001-red"]


def test_the_shipped_settings_are_the_defaults() -> None:
    script = (DEPLOY / "greenboot" / "msnet.sh").read_text()
    lines = [x[1:].split("=") for x in (DEPLOY / "greenboot" / "greenboot.conf").read_text().splitlines() if x.startswith("#MSNET")]
    assert len(lines) == 6
    for name, value in lines:
        assert f"{name} {value}" in script, name


def test_one_line_reaches_the_journal_once(hook: Hook, tmp_path: Path) -> None:
    program(tmp_path / "tools" / "logger", f'printf "%s|" "$@" >>{tmp_path}/journal')
    run = hook(PATH=f"{tmp_path}/tools")
    assert (tmp_path / "journal").read_text() == f"-t|msnet|-p|daemon.notice|--|{run.stderr.strip()}|"
    # With standard error connected to the journal, as systemd does it, logger would tell it twice.
    with (tmp_path / "stream").open("w") as stream:
        seen = os.fstat(stream.fileno())
        environment = {"MSNET": "msnet-that-is-not-there", "PATH": f"{tmp_path}/tools", "JOURNAL_STREAM": f"{seen.st_dev}:{seen.st_ino}"}
        subprocess.run([str(RED)], env=environment, stderr=stream, check=True, timeout=30)
    assert "is not installed" in (tmp_path / "stream").read_text()
    assert "is not installed" not in (tmp_path / "journal").read_text()


@mounts
def test_with_the_root_read_only_var_is_written_to(hook: Hook, reports: Path, tmp_path: Path) -> None:
    assert hook(before=read_only(tmp_path, "var", "run")).returncode == 0
    assert kept(reports) == ["000001-red"]


@mounts
def test_with_var_read_only_it_is_kept_until_the_next_boot_and_says_so(hook: Hook, reports: Path, tmp_path: Path) -> None:
    run = hook(before=read_only(tmp_path, "run"))
    assert run.returncode == 0
    assert f"lost at the next boot because {reports} cannot be written to or is full: VERDICT  1 active" in run.stderr
    assert kept(tmp_path / "run" / "reports") == ["000001-red"]


@mounts
def test_with_everything_read_only_it_only_says_so(hook: Hook, reports: Path, tmp_path: Path) -> None:
    run = hook(before=read_only(tmp_path))
    assert (run.returncode, run.stderr) == (0, f"msnet red: neither {tmp_path}/run nor {reports} can be written to, nothing was kept\n")


@mounts
def test_without_run_it_works_on_var(hook: Hook, reports: Path, tmp_path: Path) -> None:
    assert hook(before=read_only(tmp_path, "var")).returncode == 0
    assert kept(reports) == ["000001-red"]


def read_only(tmp_path: Path, *writable: str) -> str:
    """Return the commands that make everything read-only but these folders."""
    for name in ("var", "run", "bin"):
        (tmp_path / name).mkdir(exist_ok=True)
    binds = "".join(f"mount --bind {tmp_path / name} {tmp_path / name}; " for name in writable)
    return f"mount --make-rprivate /; mount --bind {tmp_path} {tmp_path}; {binds}mount -o remount,bind,ro {tmp_path}"


def on_disk(tmp_path: Path, size: str, before: str, after: str = "") -> str:
    """Return the commands that make /var a disk of its own, and look at it when the hook has run."""
    (tmp_path / "var").mkdir(exist_ok=True)
    return f'mount -t tmpfs -o size={size} none {tmp_path}/var; mkdir {tmp_path}/var/reports; {before}\n"$@"; {after}; exit'


@mounts
def test_on_a_disk_nearly_full_only_the_newest_is_kept(hook: Hook, tmp_path: Path) -> None:
    old = "for n in 1 2 3; do echo | gzip >000001-red-$n.json.gz; echo VERDICT >000001-red-$n.txt; done"
    run = hook(before=on_disk(tmp_path, "8m", f"cd {tmp_path}/var/reports; {old}", f"ls {tmp_path}/var/reports"), MSNET_RESERVE="50")
    assert [x.rsplit("-", 1)[0] for x in run.stdout.split()] == ["000002-red"] * 2
    assert "VERDICT  1 active" in run.stderr
    run = hook(before=on_disk(tmp_path, "8m", f"cd {tmp_path}/var/reports; {old}", f"ls {tmp_path}/var/reports"), MSNET_RESERVE="5")
    assert len(run.stdout.split()) == 8


@mounts
def test_on_a_full_disk_the_newest_old_report_stays_and_the_new_one_goes_elsewhere(hook: Hook, tmp_path: Path) -> None:
    fill = "head -c 2m /dev/zero >../filler 2>/dev/null || :"
    old = "for n in 1 2; do echo | gzip >00000$n-red-x.json.gz; echo VERDICT >00000$n-red-x.txt; done"
    run = hook(before=on_disk(tmp_path, "2m", f"cd {tmp_path}/var/reports; {old}; {fill}", f"ls {tmp_path}/var/reports"))
    assert run.stdout.split() == ["000002-red-x.json.gz", "000002-red-x.txt"]
    assert "is full: VERDICT  1 active" in run.stderr
    assert kept(tmp_path / "run" / "reports") == ["000001-red"]


def test_no_hook_can_roll_a_device_back() -> None:
    assert sorted(str(p.relative_to(DEPLOY / "greenboot")) for p in (DEPLOY / "greenboot").rglob("*.d/*")) == ["red.d/10_msnet.sh", "wanted.d/50_msnet.sh"]


def test_the_hooks_are_clean_for_shellcheck() -> None:
    checker = shutil.which("shellcheck") or shutil.which("shellcheck", path=str(Path(sys.executable).parent))
    if checker is None:
        pytest.skip("shellcheck is not here")
    for dialect in ("sh", "bash"):
        run = subprocess.run([checker, "-s", dialect, str(DEPLOY / "greenboot" / "msnet.sh")], capture_output=True, text=True, check=False)
        assert run.stdout == ""


def test_the_text_beside_another_format_is_the_report_as_printed(msnet, tmp_path: Path) -> None:
    run = msnet("diagnose", "--format", "json", "--text", str(tmp_path / "page.txt"), "--now", NOW.isoformat(), str(NODE / "objects"))
    assert json.loads(run.stdout)["schema"] == "msnet.report/1"
    printed = msnet("diagnose", "--now", NOW.isoformat(), str(NODE / "objects"))
    assert (tmp_path / "page.txt").read_text() == printed.stdout.decode()
    assert run.returncode == printed.returncode


UNITS = sorted((DEPLOY / "systemd").glob("msnet-*.service"))
needs_analyze = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Return a root folder in which the units and a program msnet are installed."""
    root = tmp_path / "root"
    shutil.copytree(DEPLOY / "systemd", root / "etc/systemd/system")
    (root / "usr/bin").mkdir(parents=True)
    program(root / "usr/bin/msnet", "exit 0")
    for name in ("sysinit.target", "basic.target", "shutdown.target", "timers.target", "multi-user.target", "-.mount", "system.slice"):
        (root / "etc/systemd/system" / name).write_text("[Unit]\nDefaultDependencies=no\n" if name.endswith("target") else "")
    (root / "etc/systemd/system/-.mount").write_text("[Mount]\nWhat=none\nWhere=/\n")
    return root


@needs_analyze
def test_systemd_has_nothing_to_say_against_the_units(installed: Path) -> None:
    names = [p.name for p in (DEPLOY / "systemd").iterdir() if p.suffix in (".service", ".timer")]
    run = subprocess.run(["systemd-analyze", "verify", f"--root={installed}", *sorted(names)], capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr, run.returncode) == ("", "", 0)


@needs_analyze
def test_what_the_services_may_not_do_holds_for_each_of_them(installed: Path) -> None:
    for unit in UNITS:
        # Exposure from 0 to 10, as systemd counts it; without the drop-in both come to 9.6.
        command = ["systemd-analyze", "security", "--offline=yes", f"--root={installed}", "--threshold=24", unit.name]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout


def command_of(unit: Path, tmp_path: Path) -> list[str]:
    """Return the command of a unit, its files in `tmp_path`."""
    (line,) = [x.removeprefix("ExecStart=") for x in unit.read_text().splitlines() if x.startswith("ExecStart=")]
    return line.replace("${MSNET_METRICS}", f"{tmp_path}/msnet.prom").replace("/var/lib/msnet", str(tmp_path)).split()


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None or not can_mount(), reason="needs root, setpriv and the right to mount")
def test_the_service_s_command_works_with_the_rights_that_the_service_has(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    command = command_of(DEPLOY / "systemd" / "msnet-diagnose.service", tmp_path / "state")
    assert command.pop(0) == "msnet"
    ro = f"mount --make-rprivate /; mount --bind {tmp_path}/state {tmp_path}/state; mount -o remount,bind,ro /"
    limits = ["setpriv", "--no-new-privs", "--bounding-set=-all,+dac_read_search", "--inh-caps=-all", "--ambient-caps=-all"]
    run = subprocess.run(
        ["unshare", "-m", "sh", "-ec", f'{ro}; exec "$@"', "sh", "env", "-i", *limits, sys.executable, "-m", "diagnose", *command],
        capture_output=True, text=True, check=False, cwd=ROOT, timeout=60,
    )  # fmt: skip
    assert run.stderr == ""
    assert run.returncode in {0, 3, 10, 11, 12}
    assert json.loads((tmp_path / "state/last.json").read_text())["schema"] == "msnet.report/1"
    assert "msnet_last_run_timestamp_seconds" in (tmp_path / "state/msnet.prom").read_text()


@pytest.mark.parametrize("unit", UNITS, ids=lambda u: u.name)
def test_the_commands_of_the_units_are_commands_of_msnet(msnet, unit: Path, tmp_path: Path) -> None:
    _, verb, *arguments = command_of(unit, tmp_path)
    printed = msnet(verb, "--help").stdout.decode()
    assert [a for a in arguments if a.startswith("--") and f"{a} " not in printed] == []


needs_sos = pytest.mark.skipif(shutil.which("sos") is None or os.geteuid() != 0 or not can_mount(), reason="needs sos, root and the right to mount")


@pytest.fixture
def sos(tmp_path: Path, real: str) -> Callable[..., dict[str, str]]:
    """Run `sos report` with msnet and files of its own installed; return the collected files of it by name."""
    program(tmp_path / "bin" / "msnet", real)

    def run(plugin: str, install: str) -> dict[str, str]:
        upper = f"{tmp_path}/upper"
        overlay = "".join(
            f"mkdir -p {upper}/u{d} {upper}/w{d}; mount -t overlay o -o lowerdir={d},upperdir={upper}/u{d},workdir={upper}/w{d} {d}; "
            for d in ("/etc", "/var/lib", "/usr/local/bin", "/usr/lib/python3")
        )
        folders = "/etc/msnet /var/lib/msnet/reports"
        own = f"cp {tmp_path}/bin/msnet /usr/local/bin; mkdir -p {folders}; echo x >/etc/msnet/greenboot.conf; echo y >/var/lib/msnet/reports/1.txt"
        report = f"exec sos report --batch --quiet -o {plugin} --tmp-dir {tmp_path}/out"
        (tmp_path / "out").mkdir()
        tmpfs = f"mkdir {upper}; mount -t tmpfs n {upper}; "
        done = subprocess.run(
            ["unshare", "-m", "sh", "-ec", f"{tmpfs}{overlay}{own}; {install}; {report}"], capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr
        (archive,) = (tmp_path / "out").glob("*.tar.xz")
        subprocess.run(["tar", "-xf", str(archive), "-C", str(tmp_path / "out"), "--strip-components=1"], check=True)
        return {
            str(p.relative_to(tmp_path / "out")): p.read_text()
            for p in (tmp_path / "out").rglob("*")
            if p.is_file() and "msnet" in str(p.relative_to(tmp_path / "out"))
        }

    return run


@needs_sos
def test_the_plugin_brings_the_report_the_settings_and_what_was_kept_into_a_report_of_sos(sos: Callable[..., dict[str, str]]) -> None:
    found = sos("msnet", f"cp {DEPLOY}/sos/msnet.py /usr/lib/python3/dist-packages/sos/report/plugins/")
    assert sorted(found) == [
        "etc/msnet/greenboot.conf", "sos_commands/msnet/diagnose_json", "sos_commands/msnet/diagnose_terminal", "var/lib/msnet/reports/1.txt",
    ]  # fmt: skip
    assert "nad-not-found" in {f["rule"] for f in json.loads(found["sos_commands/msnet/diagnose_json"])["findings"]}
    assert "VERDICT" in found["sos_commands/msnet/diagnose_terminal"]


@needs_sos
def test_the_extras_do_the_same_without_a_plugin(sos: Callable[..., dict[str, str]]) -> None:
    found = sos("sos_extras", f"mkdir -p /etc/sos/extras.d; cp {DEPLOY}/sos/extras /etc/sos/extras.d/msnet")
    commands = sorted(x for x in found if x.startswith("sos_commands"))
    assert len(commands) == 2
    assert json.loads(found[commands[0]])["schema"] == "msnet.report/1"
    assert "VERDICT" in found[commands[1]]
    assert {"etc/msnet/greenboot.conf", "var/lib/msnet/reports/1.txt"} <= set(found)


def test_the_documented_alerts_ask_for_metrics_that_there_are(msnet, tmp_path: Path) -> None:
    msnet("diagnose", "--metrics", str(tmp_path / "msnet.prom"), str(NODE / "objects"))
    there = set(re.findall(r"^# TYPE (\w+)", (tmp_path / "msnet.prom").read_text(), re.MULTILINE))
    page = (ROOT / "docs" / "deploy.md").read_text()
    (group,) = yaml.safe_load(page.split("```yaml\n")[1].split("```")[0])["groups"]
    assert len(group["rules"]) == 6
    asked = set(re.findall(r"\bmsnet_\w+", json.dumps(group["rules"])))
    assert asked <= there
    assert set(re.findall(r"`(msnet_\w+)`", page)) == there


def test_the_files_that_the_page_installs_are_there() -> None:
    named = {x.strip("`,.|") for x in re.findall(r"\bdeploy/[\w./*-]+", (ROOT / "docs" / "deploy.md").read_text())}
    assert named
    assert [x for x in named if not list(ROOT.glob(x.rstrip("/")))] == []
