"""Promises of the whole: what an import costs, which module may know which, what the wheel carries."""

from __future__ import annotations

import ast
import subprocess
import sys
import venv
from pathlib import Path

from conftest import ROOT

PACKAGE = ROOT / "diagnose"


def test_importing_the_command_line_loads_nothing_slow() -> None:
    slow = ["kubernetes", "systemd", "rich", "yaml", "regex", "zstandard", "pyperscan", "pydantic", "tarfile", "ssl", "jinja2"]
    code = f"import sys, diagnose.cli; print([m for m in {slow} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert run.stdout == "[]\n"


# Which of our packages a package may import beside `pattern` and `record`; records flow one way.
ARROWS = {
    "alike": set(),
    "model": {"alike"},
    "pattern": set(),
    "record": set(),
    "errors": set(),
    "template": set(),
    "scan": set(),
    "redact": {"checks", "errors", "model", "parse", "redact", "scan"},
    "shape": set(),
    "times": {"model"},
    "rule": {"errors", "parse", "template"},
    "catalog": {"compiled", "literals", "scan", "errors", "rule", "template", "user_rules"},
    "compiled": {"arguments", "catalog", "cli", "rule", "scan", "template"},
    "arguments": set(),
    "entry": {"arguments", "cli", "compiled", "errors", "run_diagnose"},
    "own": set(),
    "parse": {"alike", "errors", "model", "parse", "template"},
    "checks": {"model", "parse"},
    "checking": {"catalog", "checks", "ignoring", "model", "parse", "rule"},
    "profile": {"checks", "errors", "parse"},
    "collect": {"checks", "collect", "errors", "model", "own", "parse", "scan"},
    "commands": set(),
    "user_rules": {"catalog", "checks", "commands", "errors", "parse", "rule"},
    "ignoring": {"catalog", "checks", "errors", "model", "parse"},
    "profiling": {"checks", "collect", "model", "node", "parse", "scan"},
    "literals": {"catalog", "parse", "rule", "scan"},
    "match": {"alike", "catalog", "parse", "rule", "template"},
    "inventory": {"checks", "model", "parse"},
    "host": {"checks", "model", "parse"},
    "node": {"model", "parse"},
    "shortage": {"model", "node", "parse"},
    "survey": {"model", "node", "parse", "shortage"},
    "health": {"engine", "host", "model", "node", "parse", "shortage", "story", "survey"},
    "attached": {"checks", "host", "model", "parse"},
    "leases": {"attached", "checks", "host", "model"},
    "reach": {"host", "model", "parse"},
    "paths": {"attached", "host", "inventory", "model", "parse", "reach"},
    "components": {"checks", "engine", "model", "own", "parse"},
    "silent": {"attached", "components", "engine", "host", "leases", "model", "parse", "reach"},
    "engine": {"catalog", "inventory", "match", "model", "own", "parse", "rule", "shape", "times"},
    "static": {"checks", "engine", "model", "parse", "profiling", "rule"},
    "story": {"engine", "model", "times"},
    "state": {"engine", "model", "parse", "story", "times"},
    "fold": {"engine", "model", "rule"},
    "correlate": {"engine", "fold", "model", "rule", "shape", "state", "story"},
    "blind": {"model", "parse", "story"},
    "hints": {"model", "parse", "story"},
    "timeline": {"model", "story"},
    "verifying": {"engine", "model", "story"},
    "compare": {"parse"},
    "watching": {"catalog", "correlate", "diagnosis", "engine", "ignoring", "model", "parse", "rule", "scan", "state", "story", "times"},
    "bundle": {"bundle", "catalog", "collect", "diagnosis", "errors", "model", "parse", "redact", "render", "shape"},
    "render": {
        "catalog",
        "checking",
        "checks",
        "compare",
        "diagnosis",
        "errors",
        "lang",
        "leases",
        "model",
        "parse",
        "render",
        "rule",
        "timeline",
        "verifying",
        "watching",
    },
}


def test_modules_know_only_what_lies_before_them() -> None:
    wrong: list[str] = []
    for path in sorted(PACKAGE.rglob("*.py")):
        own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if own not in ARROWS:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module] if isinstance(node, ast.ImportFrom) and node.module else [a.name for a in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                parts = name.split(".")
                if parts[0] == "diagnose" and len(parts) > 1 and parts[1] not in {own, "pattern", "record", *ARROWS[own]}:
                    wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert wrong == []


def test_every_module_says_what_it_is_for() -> None:
    for path in PACKAGE.rglob("*.py"):
        assert ast.get_docstring(ast.parse(path.read_text())), path


def test_the_wheel_carries_the_rules_and_runs_elsewhere(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(ROOT)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("msnet_diagnose-*.whl")
    venv.create(tmp_path / "env", with_pip=True)
    binary = tmp_path / "env" / "bin"
    subprocess.run([binary / "pip", "install", "-q", "--disable-pip-version-check", wheel], check=True, capture_output=True)
    listing = subprocess.run([binary / "msnet", "rules"], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert len(listing.stdout.splitlines()) == len(list((ROOT / "rules").glob("*/*.yaml")))
    used = "import sys; from diagnose import catalog, compiled; print(catalog.load() is compiled.find(), 'yaml' in sys.modules)"
    told = subprocess.run([binary / "python", "-c", used], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert told.stdout == "True False\n"
    log = tmp_path / "paste.txt"
    log.write_text("error dialing DHCP daemon: dial unix /run/cni/dhcp.sock: connect: connection refused\n")
    # Neither pyperscan nor systemd-python is installed there: everything but native journals works.
    run = subprocess.run([binary / "msnet", "diagnose", "-q", log], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert run.returncode == 11
    assert "ipam-dhcp-daemon-unreachable" in run.stdout
    page = subprocess.run([binary / "msnet", "diagnose", "-f", "html", log], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert page.stdout.startswith("<!DOCTYPE html>")
