"""Compares a report with what the generator wrote, count by count and pod by pod.

The generator says which entries carry which failure, and of which pods. A report counts attempts, since one failed attempt is
logged by up to seven entries: an attempt is a sandbox id, or, where no entry of a failure shows one, a pod and a second.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from bench.make_journal import Entry, readable, shown_time

SYMPTOMS = frozenset({"sandbox-network-failed"})
"""What msnet tells of an attempt besides its cause, always beneath it: CRI-O's "stopping network for sandbox" has no class in the truth."""
HARMLESS = "not-network"
"""What msnet tells of pods that something else holds up: the generator's crash loops, which are no failures in the truth."""

CHECKED = """\
Each report of msnet is compared with what the generator says it wrote:

- every failure class that is readable in the format is found, as a finding or beneath the finding that explains it, and no other
  class but the symptom `sandbox-network-failed`, which must stand beneath its cause; `not-network`, a remark on pods in a crash loop, which
  the generator makes as a decoy, is left out;
- the attempts of each class are as many as were written: as many sandbox ids, or, for a class whose entries show none, pods and seconds;
- every pod of a class is among the affected pods of the findings that tell of it, and each affected pod has a failure of that kind;
- the findings are the same whatever form the same entries have (short, export, json, native journal, compressed, sos report): rule,
  severity, state, subject, count, first, last, affected pods, what is explained. Their order may differ where seconds are equal;
- all rounds print the same bytes.
"""

_SANDBOX = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


class Attempts:
    """Counts the attempts that entries tell of, by format and failure class."""

    def __init__(self, formats: list[str]) -> None:
        """Begin with none."""
        self._sandboxes: dict[str, dict[str, set[bytes]]] = {f: {} for f in formats}
        self._seconds: dict[str, dict[str, set[tuple[str, int]]]] = {f: {} for f in formats}

    def add(self, entry: Entry) -> None:
        """Take an entry."""
        if not entry.failure:
            return
        sandbox = _SANDBOX.search(entry.message)
        for form, found in self._sandboxes.items():
            if not readable(entry, form):
                continue
            if sandbox is not None:
                found.setdefault(entry.failure, set()).add(sandbox.group())
            else:
                self._seconds[form].setdefault(entry.failure, set()).add((entry.pod, shown_time(entry) // 1_000_000))

    def counts(self, form: str) -> dict[str, int]:
        """Return how many attempts of each class can be read from a format."""
        ids, seconds = self._sandboxes[form], self._seconds[form]
        return {slug: len(ids.get(slug) or seconds[slug]) for slug in sorted({*ids, *seconds})}


def faults(report: dict[str, Any], truth: dict[str, Any], form: str) -> list[str]:
    """Return what is wrong with a report (JSON) on the entries of `truth`, in that format of the generator."""
    expected: dict[str, int] = truth["attempts"][form]
    counted: Counter[str] = Counter()
    affected: dict[str, set[str]] = {}
    found: list[str] = []
    for finding in report["findings"]:
        if finding["rule"] == HARMLESS and finding["severity"] == "info":
            continue
        classes = {finding["rule"], *(e["rule"] for e in finding["explains"])}
        counted[finding["rule"]] += finding["count"]
        for symptom in finding["explains"]:
            counted[symptom["rule"]] += symptom["count"]
        pods = {f"{a['namespace']}/{a['name']}" for a in finding["affected"] if a["kind"] == "Pod"}
        for slug in classes:
            affected.setdefault(slug, set()).update(pods)
        extra = pods - {pod for slug in classes & expected.keys() for pod in truth["classes"][slug]["pods"]}
        found += [f"{finding['rule']}: {pod} has no such failure" for pod in sorted(extra)]
        if finding["rule"] in SYMPTOMS:
            found.append(f"{finding['rule']}: stands without its cause")
    found += [f"{slug}: not in the journal" for slug in sorted(counted.keys() - expected.keys() - SYMPTOMS)]
    for slug, attempts in expected.items():
        if counted[slug] != attempts:
            found.append(f"{slug}: {counted[slug]} attempts, the journal has {attempts}")
        missing = truth["classes"][slug]["pods"].keys() - affected.get(slug, set())
        if missing:
            found.append(f"{slug}: {len(missing)} of its {len(truth['classes'][slug]['pods'])} pods are not named")
    return found


def findings(report: dict[str, Any]) -> list[str]:
    """Return what must be the same in every form of the same entries, in an order of its own."""
    keys = ("rule", "severity", "state", "subject", "count", "first", "last", "explains")
    return sorted(repr([f[k] for k in keys] + sorted(map(repr, f["affected"]))) for f in report["findings"])
