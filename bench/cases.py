"""What is measured: the inputs, the peers on each, and the targets."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from bench import peers
from bench.data import Journal, path
from bench.peers import Patterns, Peer

S8 = Journal("s8", 8, 11, 0.001)
S64 = Journal("s64", 64, 11, 0.001)
S512 = Journal("s512", 512, 12, 0.001)
S1024 = Journal("s1024", 1024, 14, 0.0005)
HEALTHY = Journal("h64", 64, 16, 0)
R64 = Journal("r64", 64, 13, 0.01)
F64 = Journal("f64", 64, 17, 0.05)
STORM = Journal("w64", 64, 15, 0.2)


@dataclass(frozen=True)
class Case:
    """One input, what runs on it in turn, and how often."""

    what: str
    journal: Journal
    form: str
    rounds: int
    targets: dict[str, float] = field(default_factory=dict)
    """By the beginning of a peer's title, the longest that fits; "" for all that search for something."""
    searches: tuple[str, ...] = ("two", "literals")
    """See `peers.searches`; for plain text."""
    slow: Journal | None = None
    """The part of the input on which the slow peers run."""
    reader: bool = False
    """True if systemd-python reads it as well."""
    jobs: bool = False
    """True if msnet reads it with two processes as well."""

    def peers(self, patterns: Patterns, folder: Path) -> list[Peer]:
        """Return the peers; the files must be there."""
        file = str(path(self.journal, self.form, folder))
        if self.form == "journal":
            return peers.journals(patterns, *self._files(Path(file)))
        if self.form == "sos.tar.xz":
            return peers.archived(patterns, file)
        if self.form.startswith("short."):
            return peers.compressed(patterns, self.form, file)
        found = peers.searches(patterns, file, list(self.searches))
        if self.slow is not None:
            found += peers.slow(patterns, str(path(self.slow, self.form, folder)), self.journal.mib / self.slow.mib)
        return found

    def _files(self, folder: Path) -> tuple[list[str], tuple[str, float] | None]:
        sizes = {str(x): x.stat().st_size for x in sorted(folder.glob("*.journal"))}
        largest = max(sizes, key=lambda x: sizes[x])
        return list(sizes), (largest, sum(sizes.values()) / sizes[largest]) if self.reader else None

    def target(self, title: str) -> float | None:
        """Return the target against a peer; what only unpacks or prints the input, or looks for literals alone, has one only by its name."""
        fitting = [x for x in self.targets if title.startswith(x) and (x or not title.endswith(("/dev/null", "literals")))]
        return self.targets[max(fitting, key=len)] if fitting else None


_TEXT = ("rules", "two", "literals", "grep")


def cases(mode: str) -> list[Case]:
    """Return the cases of a mode: `quick`, `default` or `full`."""
    if mode == "quick":
        return [
            Case("short, 8 MiB", S8, "short", 2, {"": 1.6}, _TEXT),
            Case("short, 64 MiB", S64, "short", 2, {"": 0.65}, _TEXT),
            Case("native journals of 64 MiB, 190 MB", S64, "journal", 1, {"": 0.18}),
            Case("export of 64 MiB, 243 MiB", S64, "export", 1, {"": 0.65}),
            Case("json of 64 MiB, 268 MiB", S64, "json", 1, {"": 0.5}),
            Case("gz, 64 MiB of text", S64, "short.gz", 1, {"": 0.35, "gzip": 0.55}),
            Case("zst, 64 MiB of text", S64, "short.zst", 1, {"": 0.5, "zstd -dc >": 2.0}),
        ]
    more = 2 if mode == "full" else 0
    found = [
        Case("short, 8 MiB", S8, "short", 5 + more, {"": 1.6, "grep -acE": 0.22}, (*_TEXT, "grep-rules")),
        Case("short, 64 MiB", S64, "short", 5 + more, {"": 0.65, "Python": 0.03, "insights": 0.04, "lnav": 0.04}, _TEXT, slow=S8),
        Case("healthy short, 64 MiB", HEALTHY, "short", 3 + more, {"": 0.65}),
        Case("short, 512 MiB", S512, "short", 3 + more, {"": 0.35}, _TEXT, jobs=True),
        Case("native journals of 64 MiB, 190 MB", S64, "journal", 5 + more, {"": 0.18, "systemd-python": 0.03}, reader=True, jobs=True),
        Case("native journals of 512 MiB, 1.4 GB", S512, "journal", 2 + more, {"": 0.11}, jobs=True),
        Case("export of 64 MiB, 243 MiB", S64, "export", 3 + more, {"": 0.65}, ("two", "literals", "grep")),
        Case("json of 64 MiB, 268 MiB", S64, "json", 3 + more, {"": 0.5}),
        Case("gz, 512 MiB of text", S512, "short.gz", 2 + more, {"": 0.35, "gzip": 0.55}),
        Case("zst, 512 MiB of text", S512, "short.zst", 2 + more, {"": 0.5, "zstd -dc >": 2.0}),
        Case("xz, 64 MiB of text", S64, "short.xz", 3 + more, {"": 1.1, "xz -dc": 1.4}),
        Case("sos report in .tar.xz, 64 MiB of text", S64, "sos.tar.xz", 3 + more, {"": 1.15}),
        Case("1 % failures, short, 64 MiB", R64, "short", 3 + more, {"": 0.75}),
        Case("20 % failures, short, 64 MiB", STORM, "short", 3 + more, {"": 1.7}),
        Case("20 % failures, native journals of 64 MiB", STORM, "journal", 3 + more, {"": 0.5}),
    ]
    if mode == "full":
        found.insert(4, Case("short, 1 GiB", S1024, "short", 3, {"": 0.35}, _TEXT, jobs=True))
    return found
