"""How msnet's cost grows with the input, with its failures and with the rules: msnet alone, on all inputs in turn."""

from __future__ import annotations

import codecs
import json
import statistics
from pathlib import Path

from bench.cases import F64, HEALTHY, R64, S8, S64, S512, S1024, STORM
from bench.data import Journal
from bench.measure import Ratio, Run, peak, seconds
from bench.patterns import pieces, templates
from bench.table import Line, judged, shown
from diagnose.catalog import load

MESSAGES = 1000
"""As many messages as users' rule files may have."""


def journals(mode: str) -> list[Journal]:
    """Return the journals that are measured in a mode; in `quick` none."""
    if mode == "quick":
        return []
    return [S8, S64, S512, *([S1024] if mode == "full" else []), HEALTHY, R64, F64, STORM]


def write_rules(folder: Path) -> None:
    """Write user's rules with `MESSAGES` messages: shipped ones of which each letter is another, so that they never match and cost as much."""
    texts = ["".join(_turned(text) + _GAPS.get(gap, "") for text, gap in pieces(x)) for x in templates(load())[:MESSAGES]]
    folder.mkdir(parents=True, exist_ok=True)
    for at in range(0, len(texts), 20):
        rule = {
            "id": f"synthetic-{at // 20}",
            "severity": "error",
            "confidence": "low",
            "about": "pod",
            "messages": [{"say": x, "in": ["chain", "crio", "kubelet"]} for x in texts[at : at + 20]],
            "text": {"en": {"title": "Synthetic", "cause": "It never happens.", "steps": [], "verify": "Nothing to verify."}},
            "verify": "oc get pods",
        }
        (folder / f"synthetic-{at // 20}.yaml").write_text(json.dumps(rule), encoding="utf-8")  # YAML holds JSON


_GAPS = {".*": "{}", "[0-9]+": "{:d}"}


def _turned(text: str) -> str:
    return codecs.encode(text, "rot13").replace("{", "{{").replace("}", "}}")


def lines(runs: dict[str, list[Run]], mode: str, right: dict[str, bool]) -> list[Line]:
    """Return the lines on growth from the runs of msnet on each journal, "rules" (s64 with more rules), "empty" and "rules-empty"."""
    found = [
        Line(f"cost by failures: {j.rate:.1%} of the entries, short, 64 MiB", f"{seconds(runs[j.name]):.2f}", f"{peak(runs[j.name]):.0f}", right=right[j.name])
        for j in (HEALTHY, S64, R64, F64, STORM)
    ]
    least, middle, most = (S64, S512, S1024) if mode == "full" else (S8, S64, S512)
    upper, lower = _per_mib(runs, middle, most), _per_mib(runs, least, middle)
    growth = [a / b for a, b in zip(upper, lower, strict=True)]
    found.append(_line(
        f"growth with size, per MiB: {middle.mib} to {most.mib} MiB against {least.mib} to {middle.mib} MiB", growth, 1.2,
    ))  # fmt: skip
    more = [
        (a.seconds - b.seconds) / (c.seconds - d.seconds) for a, b, c, d in zip(runs["rules"], runs["rules-empty"], runs["s64"], runs["empty"], strict=True)
    ]
    # Twice the rules: as if what 1000 messages add were added for every message that ships.
    share = len(templates(load())) / MESSAGES
    found.append(
        _line(f"growth with rules, start-up left out: twice the messages ({MESSAGES} more, measured, scaled)", [1 + (x - 1) * share for x in more], 1.5)
    )
    found.append(
        _line("the same, whole process, loading users' rules included", [a.seconds / b.seconds for a, b in zip(runs["rules"], runs["s64"], strict=True)], None)
    )
    return found + _memory(runs, most)


def _per_mib(runs: dict[str, list[Run]], less: Journal, more: Journal) -> list[float]:
    return [(b.seconds - a.seconds) / (more.mib - less.mib) for a, b in zip(runs[less.name], runs[more.name], strict=True)]


def _line(what: str, found: list[float], target: float | None) -> Line:
    figure = Ratio(statistics.median(found), min(found), max(found))
    return Line(what, figure=shown(figure), **_verdict(figure.median, target))


def _verdict(figure: float, target: float | None) -> dict[str, str | bool | None]:
    text, met = judged(figure, target)
    return {"target": text, "met": met}


def _memory(runs: dict[str, list[Run]], most: Journal) -> list[Line]:
    large, small, storm = (peak(runs[j.name]) for j in (most, S64, STORM))
    return [
        Line(f"peak memory, {most.mib} MiB against 64 MiB", figure=f"{large / small:.2f}", **_verdict(large / small, 1.15)),
        Line(f"peak memory, {most.mib} MiB", peak=f"{large:.0f}", figure=f"{large:.0f} MiB", **{**_verdict(large, 45), "target": "<= 45 MiB"}),
        Line("peak memory, 20 % failures against 0.1 %", figure=f"{storm / small:.2f}", **_verdict(storm / small, 1.3)),
    ]
