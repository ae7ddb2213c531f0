"""The programs that msnet is measured beside: their commands on some input, and whether they are here."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from bench.measure import Stages

BENCH = Path(__file__).resolve().parent


class Peer(NamedTuple):
    """A program and what it is asked to do."""

    title: str
    """As a reader would type it."""
    stages: Stages
    """Its command, a pipe."""
    silent: bool = False
    """True if its output is dropped: it is the input itself."""
    once: bool = False
    """True if it is too slow for more than one round."""
    factor: float = 1
    """By what its time is multiplied: it runs on a part of the input."""


class Patterns(NamedTuple):
    """The files of `bench.patterns`."""

    rules: str
    literals: str
    pairs: str

    @classmethod
    def of(cls, folder: Path) -> Patterns:
        """Return the files in `folder`."""
        return cls(str(folder / "rules.ere"), str(folder / "literals.txt"), str(folder / "pairs.json"))


def missing(stages: Stages) -> list[str]:
    """Return the programs and modules of a command that are not installed."""
    absent = [argv[0] for argv in stages if shutil.which(argv[0]) is None]
    for argv in stages:
        for script, module in (("reader.py", "systemd.journal"), ("insights_parser.py", "insights")):
            if any(x.endswith(script) for x in argv) and not _importable(module):
                absent.append(module)
    return absent


def _importable(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def searches(patterns: Patterns, file: str, names: list[str]) -> list[Peer]:
    """Return the searches of a plain text file that are named.

    `rules`: ripgrep with all rules. `two`: with the literals first, the fastest way to the same count. `literals`: ripgrep with these
    alone, the least that any program must look for. `grep`: the same in grep. `grep-rules`: grep with all rules, once.
    """
    made = {
        "rules": Peer("rg -ac rules", [[*_RULES, patterns.rules, file]]),
        "two": Peer("rg -aF literals | rg -ac rules", [[*_FILTER, patterns.literals, file], [*_RULES, patterns.rules, "-"]]),
        "literals": Peer("rg -acF literals", [[*_LITERALS, patterns.literals, file]]),
        "grep": Peer("grep -acF literals", [["grep", "-acFf", patterns.literals, file]]),
        "grep-rules": Peer("grep -acE rules (one round)", [["grep", "-acEf", patterns.rules, file]], once=True),
    }
    return [made[x] for x in names]


# Unicode's tables make the automaton larger, and only slow it down.
_RULES = ["rg", "--no-config", "--no-unicode", "-acf"]
_LITERALS = ["rg", "--no-config", "-acFf"]
_FILTER = ["rg", "--no-config", "-aFf"]


def behind(patterns: Patterns, title: str, argv: list[str], *, floor: str = "") -> list[Peer]:
    """Return ripgrep with all rules and with the literals alone, behind a command that prints the text, and that command alone."""
    found = [
        Peer(f"{title} | rg -aF literals | rg -ac rules", [argv, [*_FILTER, patterns.literals, "-"], [*_RULES, patterns.rules, "-"]]),
        Peer(f"{title} | rg -acF literals", [argv, [*_LITERALS, patterns.literals, "-"]]),
    ]
    return [*found, Peer(f"{floor} > /dev/null", [argv], silent=True)] if floor else found


def compressed(patterns: Patterns, form: str, file: str) -> list[Peer]:
    """Return the peers on a compressed text: behind its decompressor, and that alone."""
    if form == "short.gz":
        return behind(patterns, "zcat", ["gzip", "-dc", file], floor="gzip -dc")
    if form == "short.xz":
        return behind(patterns, "xzcat", ["xz", "-dc", file], floor="xz -dc")
    return [
        *behind(patterns, "zstd -dc", ["zstd", "-dcq", file], floor="zstd -dc"),
        Peer("rg -z -acF literals", [[*_LITERALS, patterns.literals, "-z", file]]),
    ]


def archived(patterns: Patterns, file: str) -> list[Peer]:
    """Return the peers on a sos report."""
    return behind(patterns, "tar -xJO '*journalctl*'", ["tar", "-xJOf", file, "--wildcards", "*journalctl*"])


def journals(patterns: Patterns, files: list[str], reader: tuple[str, float] | None) -> list[Peer]:
    """Return the peers on native journal files; `reader` is the one that systemd-python reads, and how many times larger all of them are."""
    found = behind(patterns, "journalctl -a -o cat", ["journalctl", "-q", "-a", "-o", "cat", *(f"--file={x}" for x in files)], floor="journalctl -a -o cat")
    if reader is not None:
        file, factor = reader
        title = "systemd-python `for entry in Reader`, nothing looked for (one round, one file, scaled)"
        found.append(Peer(title, [[sys.executable, str(BENCH / "reader.py"), file]], once=True, factor=factor))
    return found


def slow(patterns: Patterns, file: str, factor: float) -> list[Peer]:
    """Return what is too slow for the whole input, on a part of it that is `factor` times smaller, in one round."""
    with open(patterns.literals, encoding="utf-8") as lines:
        texts = [re.sub(r"[^\w\s]", r"\\\g<0>", x) for x in lines.read().splitlines()]
    # PCRE2, which lnav uses, takes no expression of more than 64 KiB once compiled.
    filters = [x for at in range(0, len(texts), 500) for x in ("-c", ":filter-in " + "|".join(texts[at : at + 500]))]
    made = {
        "Python: `literal in line`, then `re`": [sys.executable, str(BENCH / "handwritten.py"), patterns.pairs, file],
        "insights-core, literals": [sys.executable, str(BENCH / "insights_parser.py"), patterns.literals, file],
        "lnav, literals": ["lnav", "-n", *filters, file],
    }
    return [Peer(f"{title} (one round, an {factor:g}th of it, scaled)", [argv], once=True, factor=factor) for title, argv in made.items()]


def versions() -> list[str]:
    """Return the peers that are installed, each with its version."""
    found = []
    for program in ("rg", "grep", "gzip", "zstd", "xz", "tar", "journalctl", "lnav"):
        if shutil.which(program) is None:
            found.append(f"{program}: not installed")
            continue
        told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
        version = re.search(r"\d[\w.~-]*\.\d[\w.]*|\d+", told.replace("(64-bit)", ""))
        found.append(f"{program} {version.group() if version else '?'}")
    return found
