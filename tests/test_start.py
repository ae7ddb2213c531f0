"""How msnet starts: the compiled rules, the command line that is read without typer, and what a start loads and compiles."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from conftest import NOW, ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose import arguments, catalog, cli, compiled
from diagnose.catalog import Catalog
from diagnose.diagnosis import Holder, Selection, concluded
from diagnose.engine import Engine
from diagnose.rule import Message, Rule

SHORT = (
    (
        "Nov 23 20:01:12 edge crio[900]: Failed to create pod sandbox: rpc error: code = Unknown desc = failed to create pod network sandbox k8s_till-3_shop_0b9c_0(5f3759df): "
        'error adding pod shop_till-3 to CNI network "multus-cni-network": plugin type="multus" name="multus-cni-network" failed (add): Multus: [shop/till-3/0b9c]: '
        "error loading k8s delegates k8s args: TryLoadPodDelegates: error in getting k8s network for pod: GetNetworkDelegates: failed getting the delegate: "
        'getKubernetesDelegate: cannot find a network-attachment-definition (pay-lan) in namespace (shop): network-attachment-definitions.k8s.cni.cncf.io "pay-lan" not found'
    ),
    "error dialing DHCP daemon: dial unix /run/cni/dhcp.sock: connect: connection refused",
    "Nov 23 20:01:14 edge kubelet[1]: nothing of interest",
)

# --- the compiled rules -----------------------------------------------------------------------------------------------


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Keep what is compiled in a folder of the test's own, and return its file's path."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    compiled.find.cache_clear()
    yield tmp_path / "cache" / "msnet" / compiled._places()[2]
    compiled.find.cache_clear()


def _found() -> compiled.Compiled | None:
    compiled.find.cache_clear()
    return compiled.find()


def _message(m: Message) -> list[object]:
    t = m.template
    return [t.text, t.literals, t.gaps, t.weights, t.weight, t.words, t.head_words, m.kind, m.inputs, m.origin, m.rule]


def _rule(r: Rule) -> dict[str, object]:
    return {name: [*map(_message, r.messages)] if name == "messages" else getattr(r, name) for name in Rule.__slots__}


def _parts(c: Catalog) -> dict[str, Any]:
    return {
        "rules": [*map(_rule, c.rules)],
        "by_id": {k: _rule(v) for k, v in c.by_id.items()},
        "messages": [*map(_message, c.messages)],
        "quiet": [*map(_message, c.quiet)],
        "cut": [*map(_message, c.cut_messages)],
        "index": [c.index.parts(), c.cut_index.parts()],
        "plan": c.plan,
        "rest": [c.digest, list(c.problems), list(c.silenced)],
    }


def test_compiled_rules_are_those_of_the_files_in_every_part(cache: Path) -> None:
    made = compiled.renew()
    assert made is not None
    have, want = _parts(made), _parts(catalog.from_yaml())
    for part, values in want.items():
        assert have[part] == values, part


def test_what_is_compiled_is_kept_for_this_user_alone(cache: Path) -> None:
    assert _found() is None
    assert compiled.renew() is not None
    assert (cache.stat().st_mode & 0o777, cache.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [p.name for p in cache.parent.iterdir()] == [cache.name]
    assert _found() is not None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.write_bytes(file.read_bytes().replace(b"annotation", b"Annotation", 1)),
        lambda file: file.write_bytes(file.read_bytes()[:-1]),
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(b"{}\n"),
        lambda file: file.write_bytes(b"\xff" * 100),
        lambda file: file.chmod(0o620),
        lambda file: file.chmod(0o602),
        lambda file: file.parent.chmod(0o770),
        lambda file: file.parent.chmod(0o701),
        lambda file: (file.rename(file.parent / "other"), file.symlink_to("other")),
        lambda file: (file.parent.rename(file.parent.parent / "other"), file.parent.symlink_to("other")),
        lambda file: (file.unlink(), file.mkdir()),
    ],
)
def test_what_is_damaged_or_open_to_others_is_not_used(cache: Path, spoil) -> None:
    compiled.renew()
    assert _found() is not None
    spoil(cache)
    assert _found() is None
    assert catalog.load.__wrapped__().digest == catalog.from_yaml().digest


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("whose", ["file", "folder", "home"])
def test_what_belongs_to_somebody_else_is_not_used_and_nothing_is_put_there(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whose: str) -> None:
    compiled.renew()
    if whose == "home":
        monkeypatch.delenv("XDG_CACHE_HOME")
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        (tmp_path / "home").mkdir()
        os.chown(tmp_path / "home", 65534, 65534)
        assert compiled.renew() is None
        assert list((tmp_path / "home").iterdir()) == []
        return
    os.chown(cache if whose == "file" else cache.parent, 65534, 65534)
    assert _found() is None


@pytest.mark.parametrize(
    "surroundings", [{}, {"HOME": ""}, {"HOME": "relative"}, {"HOME": "/"}, {"HOME": "/nonexistent"}, {"HOME": "/proc"}, {"XDG_CACHE_HOME": "/proc/none"}]
)
def test_without_a_place_of_its_own_it_runs_all_the_same(monkeypatch: pytest.MonkeyPatch, cache: Path, surroundings: dict[str, str]) -> None:
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in surroundings.items():
        monkeypatch.setenv(name, value)
    assert compiled.renew() is None
    assert _found() is None
    assert not Path("/.cache").exists()


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory):
    """A checkout of its own: code and rules, with a run in it that returns what Python prints."""
    root = tmp_path_factory.mktemp("checkout")
    for part in ("diagnose", "rules"):
        shutil.copytree(ROOT / part, root / part)

    def run(*words: str, stdin: str = "", **surroundings: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(root / "cache"), **surroundings}
        return subprocess.run([sys.executable, *words], input=stdin, capture_output=True, text=True, check=False, cwd=root, env=environment)

    return root, run


def test_a_changed_rule_is_seen_at_once(checkout) -> None:
    root, run = checkout
    told = "from diagnose import catalog, compiled; print(compiled.find() is not None, catalog.load().by_id['nad-not-found'].severity)"
    file = root / "rules" / "nad" / "nad-not-found.yaml"
    before = file.read_text()
    try:
        run("-m", "diagnose", "diagnose", "-")
        assert run("-c", told).stdout == "True error\n"
        file.write_text(before.replace("severity: error", "severity: warning"))
        assert run("-c", told).stdout == "False warning\n"
        run("-m", "diagnose", "diagnose", "-")
        assert run("-c", told).stdout == "True warning\n"
        (root / "diagnose" / "template.py").touch()
        assert run("-c", told).stdout == "False warning\n"
        file.write_text(before.replace("severity: error", "severity: bad"))
        broken = run("-m", "diagnose", "diagnose", "-")
        assert (broken.returncode, broken.stdout) == (2, "")
        assert broken.stderr == "error: rules/nad/nad-not-found.yaml: severity must be one of error, warning, info\n"
        assert run("-m", "diagnose", "diagnose", "--help").returncode == 0
    finally:
        file.write_text(before)


# --- the command line -------------------------------------------------------------------------------------------------

TABLE = arguments.declared(cli.app)
"""What the compiled file tells of the command line."""
_OPTIONS = sorted(TABLE["diagnose"]["options"])
_WORDS = st.sampled_from(
    ["-", "a.log", "b", "json", "html", "error", "low", "high", "3", "1.5", "nan", "1_0", "x", "", "-5", "--", "-h", "a=b", "/etc/hostname", "/", "日本"]
)
_TOKENS = st.one_of(
    st.sampled_from(_OPTIONS),
    _WORDS,
    st.builds("{}={}".format, st.sampled_from(_OPTIONS), _WORDS),
    st.sampled_from(["-qf", "-fjson", "--help", "--form", "--no-redact", "--version", "---", "--=", "-o", "-x"]),
)
_PAIRS = st.tuples(st.sampled_from(_OPTIONS), _WORDS)
_LINES = st.lists(st.one_of(_PAIRS, st.tuples(_TOKENS)), max_size=7).map(lambda parts: [word for part in parts for word in part])


def _by_typer(line: list[str]) -> dict[str, Any] | None:
    """Return the arguments that typer hands over, None where it refuses the line."""
    seen: list[dict[str, Any]] = []
    app = typer.Typer()

    @app.command()
    @functools.wraps(cli.diagnose)
    def diagnose(**given: Any) -> None:
        seen.append(given)

    try:
        app(line, standalone_mode=False)
    except Exception:  # noqa: BLE001 - whatever it is, typer did not hand the line over
        return None
    return seen[0] if seen else None


@settings(max_examples=400, deadline=None)
@given(_LINES)
def test_a_line_read_without_typer_means_what_typer_reads(line: list[str]) -> None:
    call = arguments.read(["diagnose", *line], TABLE)
    if call is None:
        return
    have, want = call.arguments, _by_typer(line)
    assert want is not None, line
    # NaN is not itself.
    assert {k: repr(v) if isinstance(v, float) else v for k, v in have.items()} == {k: repr(v) if isinstance(v, float) else v for k, v in want.items()}


@pytest.mark.parametrize(
    "line",
    [
        "a.log",
        "--format json a.log",
        "-f html a b - -o out.html",
        "--since 2h --pod a/b --pod c -n x -q --all",
        "--min-severity=error --timeout 5 --root /",
        "",
    ],
)
def test_plain_lines_are_read_without_typer(line: str) -> None:
    call = arguments.read(["diagnose", *line.split()], TABLE)
    assert call is not None
    assert call.arguments == _by_typer(line.split())


def test_every_option_of_diagnose_is_read_without_typer() -> None:
    declared = set(TABLE["diagnose"]["defaults"]) - {TABLE["diagnose"]["words"]}
    assert {option[0] for option in TABLE["diagnose"]["options"].values()} == declared


@pytest.mark.parametrize(
    "line", ["", "check a", "diagnose --help", "diagnose -x", "diagnose --tz", "diagnose -fjson a", "diagnose --format xml a", "diagnose --all=yes a"]
)
def test_other_lines_are_left_to_typer(line: str) -> None:
    assert arguments.read(line.split(), TABLE) is None


HELPS = arguments.helps(cli.app)


@pytest.mark.parametrize("command", ["", *sorted(HELPS.keys() - {""})])
@pytest.mark.parametrize("columns", ["80", "200", "60", ""])
def test_help_is_what_typer_prints(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    asked = arguments.help_asked([*command.split(), "--help"], HELPS)
    with pytest.raises(SystemExit):
        cli.app([*command.split(), "--help"], prog_name="msnet")
    assert asked == (capsys.readouterr().out if columns != "60" else None)


@pytest.mark.parametrize("line", ["", "diagnose", "diagnose -q --help", "rules lint --help", "nosuch --help", "--help diagnose"])
def test_no_other_line_asks_for_help_alone(line: str) -> None:
    assert arguments.help_asked(line.split(), HELPS) is None


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("--tz Nowhere -", 2),
        ("--rule nosuch -", 2),
        ("--boot 0 -", 2),
        ("-o /proc/none/x -", 1),
        ("/proc/none", 3),
        ("--rules /proc/none -", 2),
        ("--now 2026-11-23T20:10:00Z --format json -", 11),
        ("--now 2026-11-23T20:10:00Z --exit-zero --lang ja -", 0),
        ("--format xml -", 2),
        ("--help", 0),
    ],
)
def test_both_ways_say_and_exit_the_same(checkout, line: str, code: int) -> None:
    _, run = checkout
    text = SHORT[0] + "\n"
    fast = run("-m", "diagnose", "diagnose", *line.split(), stdin=text)
    slow = run("-m", "diagnose", "diagnose", *line.split(), stdin=text, HOME="/nonexistent", XDG_CACHE_HOME="")
    assert (fast.returncode, fast.stdout, fast.stderr) == (slow.returncode, slow.stdout, slow.stderr)
    assert fast.returncode == code, fast.stderr


@pytest.mark.parametrize("form", ["-f json", "-fjson"])
def test_a_reader_that_went_away_is_no_failure(form: str) -> None:
    line = f"{sys.executable} -m diagnose diagnose {form} /dev/null --exit-zero | true; echo ${{PIPESTATUS[0]}}"
    run = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True, cwd=ROOT)
    assert (run.stdout, run.stderr) == ("0\n", "")


@pytest.mark.parametrize("form", ["-f json", "-fjson"])
@pytest.mark.parametrize("output", [">/dev/full", ">&-"])
def test_an_output_that_takes_nothing_is_told_without_a_traceback(form: str, output: str) -> None:
    line = f"{sys.executable} -m diagnose diagnose {form} /dev/null {output}"
    run = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, cwd=ROOT)
    assert run.returncode == 1
    assert run.stderr.startswith("error: msnet failed: ")
    assert "Traceback" not in run.stderr


# --- what a start costs, in work and not in time ----------------------------------------------------------------------

_HEAVY = (
    "argparse ast asyncio backports bz2 concurrent cryptography ctypes dataclasses diagnose.checks diagnose.cli diagnose.collect.live diagnose.health diagnose.host "
    "diagnose.redact diagnose.render.terminal diagnose.static difflib email hashlib http importlib.metadata inspect jinja2 kubernetes logging lzma multiprocessing "
    "pathlib pyperscan random rich shutil socket ssl subprocess systemd tarfile tempfile threading tomllib typer unittest urllib yaml zipfile zoneinfo"
).split()
_COUNTED = f"""
import atexit, sys  # with something to do at the end, it ends by SystemExit
opened, compiled = [], []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
import json, re
inner = re._compiler.compile
re._compiler.compile = lambda *args: compiled.append(args[0]) or inner(*args)
from diagnose.entry import main
try:
    main()
except SystemExit as e:
    code = e.code
heavy = [m for m in {_HEAVY} if m in sys.modules]
print("\\n" + json.dumps([code, heavy, len(compiled), [o for o in opened if o.endswith(".yaml")], [m for m in sys.modules if m.startswith("diagnose")]]))
"""


def _counted(run, *line: str) -> tuple[int, list[str], int, list[str], list[str]]:
    run("-m", "diagnose", "diagnose", "/dev/null")  # compiles the rules
    done = run("-c", _COUNTED, *line)
    assert done.stderr == ""
    return json.loads(done.stdout.splitlines()[-1])


def test_the_version_loads_next_to_nothing(checkout) -> None:
    _, run = checkout
    code, heavy, patterns, rules, ours = _counted(run, "--version")
    assert (code, heavy, patterns, rules) == (0, [], 0, [])
    assert sorted(ours) == ["diagnose", "diagnose.entry", "diagnose.errors"]


def test_a_start_loads_no_slow_module_no_yaml_and_compiles_few_patterns(checkout) -> None:
    root, run = checkout
    (root / "empty.log").touch()
    code, heavy, patterns, rules, _ = _counted(run, "diagnose", "--format", "json", "empty.log")
    assert (code, heavy, rules) == (3, [], [])
    assert patterns <= 45


def test_a_few_pasted_lines_load_no_yaml_and_compile_what_they_need(checkout) -> None:
    root, run = checkout
    (root / "paste.log").write_text(SHORT[0] + "\n")
    code, heavy, patterns, rules, ours = _counted(run, "diagnose", "--format", "json", "paste.log")
    assert (code, rules) == (11, [])
    assert set(heavy) <= {"diagnose.redact", "difflib"}
    assert "diagnose.checks.position" not in ours
    assert patterns <= 170


def test_without_objects_nothing_that_judges_them_would_add_anything(catalog: Catalog) -> None:
    from diagnose.collect.evidence import Evidence, Options
    from diagnose.holding import Held
    from diagnose.scan import Scanner

    made = []
    for held in (None, Held()):
        evidence = Evidence(Scanner(catalog.plan), Options(NOW, None))
        engine, holder = Engine(catalog), Holder(None)
        holder.held = held
        for item in evidence.content("input.txt", "\n".join(SHORT).encode()):
            engine.feed(item)
        made.append(concluded(engine, holder, evidence, catalog, now=NOW, select=Selection())[0])
    assert made[0].findings
    assert made[0] == made[1]
