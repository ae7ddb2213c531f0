"""`msnet watch` on the command line: options in, the loop that listens and tells, exit code out."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, Optional

import typer

from diagnose.cli_device import device_of, progress
from diagnose.cli_rules import catalog_of, known_rule
from diagnose.console import EXIT_OK, colored, unicode, write
from diagnose.model import Record, Resource
from diagnose.options import Folders, Ignore, IgnoreFile, JournalDir, Kubeconfig, Lang, MinSeverity, Namespaces, NoColor, Pods, Root, RuleIds, Severity, Timeout
from diagnose.record import dataclass, field

if TYPE_CHECKING:
    from types import FrameType

    from diagnose.collect.follow import Follower
    from diagnose.collect.follow_api import Changed
    from diagnose.collect.live import Live
    from diagnose.model import Collected
    from diagnose.watching import Change, Watching

_TICK = 60.0
"""Seconds after which everything is judged again without anything new: time alone changes what is known."""
_REREAD = 300.0
"""Seconds after which the node is read again."""
_HASTE = 30.0
"""Seconds between two readings of the node at least, however much happens."""
_AGAIN = 1.0
"""Seconds between two readings when the API server answers again."""
_QUIET, _PATIENCE = 0.3, 2.0
"""Seconds without news after which it is judged; and seconds after which it is judged though news goes on."""
_SHARE = 20.0
"""How many times longer than judging takes it rests afterwards."""
_WAITING = 3.0
"""Seconds after which changes are told that had to wait."""
_LAST = 5.0
"""Seconds after a signal at which the process ends, whatever it is held up by."""
_INTERRUPTED = 130


class _Stop(NamedTuple):
    """A signal that ends the watch."""

    code: int


class _StoppedError(Exception):
    """The watch ends before it began."""


class Lines(str, Enum):
    """Formats of a change."""

    text = "text"
    json = "json"


def watch(
    output_format: Annotated[Lines, typer.Option("--format", "-f", help="Format of the changes: text, or a line of JSON each.")] = Lines.text,
    namespace: Namespaces = None,
    pod: Pods = None,
    rule: RuleIds = None,
    min_severity: MinSeverity = Severity.info,
    everything: Annotated[bool, typer.Option("--all", help="Tell of findings that are resolved when they are first seen, too.")] = False,  # noqa: FBT002
    metrics: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--metrics", metavar="FILE", help="Write metrics for node-exporter's textfile collector after each change and every minute."),
    ] = None,
    no_color: NoColor = False,  # noqa: FBT002
    lang: Lang = None,
    rules: Folders = None,
    ignore: Ignore = None,
    ignore_file: IgnoreFile = None,
    timeout: Timeout = None,
    kubeconfig: Kubeconfig = None,
    journal_dir: JournalDir = None,
    root: Root = None,
) -> None:
    """Watch the running device: tell when a finding becomes active, changes, or is resolved, each change once.

    It begins with what `msnet diagnose` would find in this boot, and then follows the journal and the API server.
    It changes nothing, and goes on until it is ended. Exit codes: 0 ended by SIGTERM, 130 by Ctrl-C, 1 msnet failed, 2 wrong usage.
    """
    from diagnose import diagnosis, ignoring
    from diagnose.collect.evidence import Options
    from diagnose.collect.follow import Follower
    from diagnose.collect.live import Live
    from diagnose.lang import choose
    from diagnose.render import change
    from diagnose.watching import Watching

    language = choose(lang, dict(os.environ))
    catalog = catalog_of(rules)
    for name in rule or []:
        known_rule(name, catalog)
    select_ = diagnosis.Selection(
        namespaces=frozenset(namespace or ()), pods=frozenset(pod or ()), rules=frozenset(rule or ()), min_severity=min_severity.value
    )
    device = device_of(None, timeout, kubeconfig, journal_dir, root, None)
    ignores = ignoring.collect(ignore or [], ignore_file, catalog, datetime.now(UTC).date())
    words, options = catalog.plan, Options(None, UTC)
    follower = Follower(device, words, options)
    stops = _listen(follower)
    shown = progress() if sys.stderr.isatty() and not sys.stdout.isatty() else None
    live = Live(words, options, device, _unless_stopped(stops, shown))
    color = colored(tty=sys.stdout.isatty(), no_color=no_color)

    def tell(one: Change) -> None:
        write(change.json_line(one, catalog, language) if output_format is Lines.json else change.text(one, catalog, language, color=color, unicode=unicode()))

    loop = _Loop(Watching(catalog, select_, ignores, live.scan, everything), follower, tell, metrics)
    try:
        code = loop.run(live)
    except _StoppedError:
        code = stops[0].code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = EXIT_OK
    finally:
        follower.stop()
    raise typer.Exit(code)


def _listen(follower: Follower) -> list[_Stop]:
    """Return the signals that came, of those that end the watch; a second one ends it at once."""
    stops: list[_Stop] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        stops.append(_Stop(EXIT_OK if number == signal.SIGTERM else _INTERRUPTED))
        follower.inbox.call(stops[0])
        last = threading.Timer(_LAST, os._exit, [stops[0].code])
        last.daemon = True
        last.start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    return stops


def _unless_stopped(stops: list[_Stop], shown: Callable[[dict[str, Collected], float], None] | None) -> Callable[[dict[str, Collected], float], None]:
    """Return a progress that ends the first reading of the device when a signal came."""

    def progressed(collected: dict[str, Collected], seconds: float) -> None:
        if stops:
            raise _StoppedError
        if shown is not None:
            shown(collected, seconds)

    return progressed


@dataclass(slots=True)
class _Loop:
    """Takes what comes, judges it when it is quiet for a moment, and tells what changed."""

    watching: Watching
    follower: Follower
    tell: Callable[[Change], None]
    metrics: Path | None
    _dirty: float | None = None
    """When the first thing came that was not judged yet, on the monotonic clock."""
    _came: float = 0.0
    _judged: float = 0.0
    _rest: float = 0.0
    """Until when judging rests."""
    _read: float = 0.0
    _known: set[str] = field(default_factory=set[str])
    """Cursors of entries that were read twice, since they were written while the device was read."""

    def run(self, live: Live) -> int:
        """Return the exit code when a signal ends it."""
        self._begin(live)
        self.follower.start()
        while True:
            item = self.follower.inbox.get(self._until())
            if isinstance(item, _Stop):
                return item.code
            now = time.monotonic()
            if item is not None and self._take(item):
                self._came = now
                self._dirty = now if self._dirty is None else self._dirty
            if self._due(now):
                self._judge()
            elif item is None and self.watching.waiting:
                self._tell()
            if now - self._read >= _REREAD:
                self._reread()

    # --- when -------------------------------------------------------------------------------------------------------

    def _until(self) -> float:
        """Return the seconds until something is due."""
        now = time.monotonic()
        moments = [self._judged + _TICK, self._read + _REREAD]
        if self._dirty is not None:
            moments.append(max(self._rest, min(self._came + _QUIET, self._dirty + _PATIENCE)))
        if self.watching.waiting:
            moments.append(now + _WAITING)
        return max(0.0, min(moments) - now)

    def _due(self, now: float) -> bool:
        if self.watching.crowded or now - self._judged >= _TICK:
            return True
        return self._dirty is not None and now >= self._rest and (now >= self._came + _QUIET or now >= self._dirty + _PATIENCE)

    # --- what -------------------------------------------------------------------------------------------------------

    def _begin(self, live: Live) -> None:
        """Read the device once, and tell what is active."""
        from diagnose.watching import Part

        self.follower.begin()
        behind = self.follower.newest
        parts = {name: Part() for name in live.collectors}
        for name, found in live.parts():
            parts.setdefault(name, Part())
            for item in found:
                if isinstance(item, Resource):
                    parts[name].resources.append(item)
                else:
                    self.watching.feed(item)
                    if item.where.cursor and (item.time or 0) >= behind - 1_000_000:
                        self._known.add(item.where.cursor)
        for name, part in parts.items():
            evidence = live.evidence(name)
            part.inputs, part.gaps = list(evidence.inputs), list(evidence.gaps)
            self.watching.parts[name] = part
        self.watching.collected.update(live.collected)
        self._read = time.monotonic()
        self._judge()

    def _take(self, item: object) -> bool:
        """Take what is new; return False if nothing of it can change what is known."""
        from diagnose.collect.follow import News, Reread
        from diagnose.collect.follow_api import Changed, Listed, Lost
        from diagnose.watching import Part

        watching = self.watching
        if isinstance(item, Reread):
            watching.reread(item.name, Part([x for x in item.items if isinstance(x, Resource)], item.inputs, item.gaps), _now())
            if item.collected is not None:
                watching.collected[item.name] = item.collected
            self._feed(item.items)
            return True
        if isinstance(item, News):
            if item.seen is not None:
                watching.heard(item.name, item.seen)
            if item.about:
                watching.gap(item.name, item.about, item.gaps)
            self._feed(item.items)
            return bool(item.items or item.about)
        if isinstance(item, Listed):
            watching.listed(item.kind, [x for x in item.found if isinstance(x, Resource)], _now(), served=item.served)
            watching.parts[f"watch {item.kind}"] = Part()
            self._feed(item.found)
            if watching.parts.get("api", Part()).gaps and time.monotonic() - self._read > _AGAIN:
                self._reread()  # what was said of the API server may be true no more
        elif isinstance(item, Lost):
            watching.lost(item.kind, _now())
            watching.parts[f"watch {item.kind}"] = Part(gaps=list(item.gaps))
        elif isinstance(item, Changed):
            self._changed(item)
        return True

    def _changed(self, item: Changed) -> None:
        if isinstance(item.found, Record):
            self._feed([item.found])
        elif item.deleted:
            self.watching.deleted(item.kind, item.found.namespace, item.found.name, _now())
        else:
            self.watching.held(item.found)

    def _feed(self, found: list[Record | Resource]) -> None:
        for one in found:
            if isinstance(one, Record) and one.where.cursor not in self._known:
                self.watching.feed(one)

    def _judge(self) -> None:
        began = time.monotonic()
        self._dirty = None
        self.watching.judge(_now())
        self._tell()
        self.watching.forget()
        self._judged = time.monotonic()
        self._rest = self._judged + _SHARE * (self._judged - began)
        if self.metrics is not None:
            self._write_metrics(self.metrics)
        if _reader_left():
            raise BrokenPipeError

    def _write_metrics(self, path: Path) -> None:
        """Write what the report counts; that it cannot be written is a gap that may close again."""
        from diagnose.errors import MsnetError
        from diagnose.model import Gap
        from diagnose.render import metrics

        if self.watching.report is None:
            return
        try:
            metrics.write(metrics.render(self.watching.report), path)
        except MsnetError as e:
            self.watching.gap("metrics", str(path), (Gap(str(path), str(e), e.hint),))
        else:
            self.watching.gap("metrics", str(path), ())

    def _tell(self) -> None:
        changes = self.watching.changes(_now(), time.monotonic())
        for one in changes:
            self.tell(one)
        if any(c.finding is not None for c in changes) and time.monotonic() - self._read >= _HASTE:
            self._reread()

    def _reread(self) -> None:
        self._read = time.monotonic()
        self.follower.again()


def _now() -> int:
    return time.time_ns() // 1000


def _reader_left() -> bool:
    """Return True if standard output is a pipe that nobody reads any more."""
    poll = select.poll()
    try:
        poll.register(sys.stdout.fileno(), 0)
        return any(events & (select.POLLERR | select.POLLHUP) for _, events in poll.poll(0))
    except (OSError, ValueError):
        return False
