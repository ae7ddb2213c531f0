"""The journal followed while systemd's own programs write, rotate and remove it: nothing lost, nothing twice."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC
from pathlib import Path

import pytest
from growing import Journal as Growing
from growing import entry, failed, idle, klog, now

from diagnose import catalog
from diagnose.collect.device import Deadline, Device
from diagnose.collect.evidence import Options
from diagnose.collect.follow import Again, Follower, Inbox, Journal, News, Reread
from diagnose.collect.live import BESIDE, COLLECTORS
from diagnose.literals import plan
from diagnose.model import Record
from diagnose.scan import Scanner

LONG = 12.0
"""Seconds after which a test gives up."""
WORDS = plan(catalog.load())


class Reading:
    """A follower of a folder at work, and what it handed over."""

    def __init__(self, folder: Path, *, library: bool = True) -> None:
        self.inbox = Inbox()
        self.deadline = Deadline(float("inf"))
        self.pipe = os.pipe()
        self.journal = Journal(Device(journal_dir=folder), self.inbox, self.deadline, self.pipe[0], library)
        self.journal.begin()
        self.thread = threading.Thread(target=self.journal.run, args=(Scanner(WORDS),), daemon=True)
        self.news: list[News] = []

    def start(self) -> None:
        self.thread.start()

    def until(self, done: Callable[[], bool]) -> None:
        """Take what comes until `done`."""
        end = time.monotonic() + LONG
        while not done():
            assert time.monotonic() < end, self.pods
            item = self.inbox.get(0.05)
            if isinstance(item, News):
                self.news.append(item)

    def expect(self, pods: list[str]) -> None:
        """Wait until those pods were told of."""
        self.until(lambda: len(self.pods) >= len(pods))
        assert self.pods == pods

    def end_with(self, pods: list[str]) -> None:
        """Wait until those pods were told of; a moment later it must still be so."""
        self.expect(pods)
        end = time.monotonic() + 0.8
        self.until(lambda: time.monotonic() > end)
        assert self.pods == pods

    @property
    def records(self) -> list[Record]:
        return [x for n in self.news for x in n.items if isinstance(x, Record)]

    @property
    def pods(self) -> list[str]:
        return [r.pod for r in self.records]

    def stop(self) -> None:
        self.deadline.stop()
        os.write(self.pipe[1], b"x")
        if self.thread.ident is not None:
            self.thread.join(5)
            assert not self.thread.is_alive()


@pytest.fixture
def growing(tmp_path: Path) -> Iterator[Growing]:
    journal = Growing(tmp_path / "journal")
    yield journal
    journal.close()


@pytest.fixture
def follow(growing: Growing) -> Iterator[Callable[..., Reading]]:
    made: list[Reading] = []

    def begin(*, library: bool = True) -> Reading:
        growing.sync()
        made.append(Reading(growing.folder, library=library))
        return made[-1]

    yield begin
    for one in made:
        one.stop()


def _wait(done: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


def _written(growing: Growing, *pods: str) -> list[str]:
    growing.write(*(failed(now() + n, pod) for n, pod in enumerate(pods)))
    return list(pods)


both = pytest.mark.parametrize("library", [True, False], ids=["systemd-python", "journalctl"])


@both
def test_what_was_there_is_not_told_and_what_comes_is_told_once(library: bool, growing: Growing, follow: Callable[..., Reading]) -> None:
    _written(growing, "old/a")
    growing.rotate()  # which waits until all is written
    _written(growing, "old/b")
    time.sleep(0.3)
    reading = follow(library=library)
    reading.start()
    told = _written(growing, "new/a", "new/b")
    reading.expect(told)
    told += _written(growing, "new/c")
    reading.end_with(told)
    assert [r.where.source for r in reading.records] == ["journal"] * 3
    assert all(r.where.cursor and r.boot and r.offset for r in reading.records)


@both
def test_nothing_is_lost_or_told_twice_when_files_are_rotated_and_removed(library: bool, growing: Growing, follow: Callable[..., Reading]) -> None:
    _written(growing, "old/a")
    reading = follow(library=library)
    reading.start()
    told: list[str] = []
    archived: list[Path] = []
    for n in range(3):
        told += _written(growing, f"new/a-{n}")
        archived.append(growing.rotate())
        told += _written(growing, f"new/b-{n}")
        reading.until(lambda: reading.pods[-1:] == told[-1:])  # noqa: B023 - called at once
        if len(archived) > 1:
            archived.pop(0).unlink()
    reading.end_with(told)


@both
def test_what_is_written_between_the_reading_and_the_following_is_told(library: bool, growing: Growing, follow: Callable[..., Reading]) -> None:
    """Even if the file with the last entry that was read is gone by then."""
    _written(growing, "old/a")
    reading = follow(library=library)
    archived = growing.rotate()
    told = _written(growing, "new/a")
    archived.unlink()
    time.sleep(0.2)
    reading.start()
    told += _written(growing, "new/b")
    reading.end_with(told)


def test_a_folder_that_is_new_is_followed_and_what_was_moved_there_is_not_told_again(growing: Growing, follow: Callable[..., Reading]) -> None:
    """journalctl --flush copies the volatile journal into the persistent folder."""
    old = failed(now(), "old/a")
    growing.write(old)
    reading = follow()
    reading.start()
    entries = [failed(now() + n, f"new/{n}") for n in range(3)]
    growing.write(*entries)
    reading.expect(["new/0", "new/1", "new/2"])
    moved = Growing(growing.folder / "moved")
    moved.write(old, *entries, failed(now() + 10, "new/3"))
    moved.close()
    growing.write(idle(now() + 20))  # which wakes the follower
    reading.expect(["new/0", "new/1", "new/2", "new/3"])
    growing.close()
    (growing.folder / "system.journal").unlink()
    moved = Growing(growing.folder / "moved2")
    moved.write(failed(now() + 30, "new/4"))
    moved.close()
    reading.end_with(["new/0", "new/1", "new/2", "new/3", "new/4"])


def test_a_message_that_stands_in_several_entries_is_one_record(growing: Growing, follow: Callable[..., Reading]) -> None:
    growing.write(idle(now()))
    reading = follow()
    reading.start()
    at = now()
    growing.write(klog(at, "E", '"CreatePodSandbox for pod failed" err=<'))
    time.sleep(0.1)
    growing.write(
        entry(
            at + 1,
            "microshift",
            "\trpc error: code = Unknown desc = failed to create pod network sandbox k8s_a_new_u_0(abcdef): cannot find a network-attachment-definition (lan) in namespace (new)",
        )
    )
    time.sleep(0.1)
    growing.write(entry(at + 2, "microshift", ' > pod="new/a"'))
    reading.end_with(["new/a"])
    assert 'pod="new/a"' in reading.records[0].message


def test_how_far_the_journal_was_read_is_told_without_any_record(growing: Growing, follow: Callable[..., Reading]) -> None:
    growing.write(idle(now()))
    reading = follow()
    reading.start()
    at = now()
    growing.write(idle(at))
    reading.until(lambda: any(n.seen is not None for n in reading.news))
    seen = next(n.seen for n in reading.news if n.seen is not None)
    assert (seen.source, seen.lines) == ("journal", 1)
    assert max(seen.heard.values()) == at
    assert reading.records == []


def test_journalctl_is_started_again_when_it_ends(growing: Growing, follow: Callable[..., Reading]) -> None:
    _written(growing, "old/a")
    reading = follow(library=False)
    reading.start()
    told = _written(growing, "new/a")
    reading.expect(told)
    (child,) = reading.deadline._running
    os.kill(child.pid, signal.SIGKILL)
    reading.until(lambda: any(n.gaps for n in reading.news))
    told += _written(growing, "new/b")
    reading.end_with(told)
    gaps = [n.gaps for n in reading.news if n.about]
    assert [len(g) for g in gaps] == [1, 0]
    assert "journalctl" in gaps[0][0].reason


def test_a_folder_that_vanishes_and_comes_back_is_followed(growing: Growing, follow: Callable[..., Reading]) -> None:
    growing.write(idle(now()))
    reading = follow()
    reading.start()
    told = _written(growing, "new/a")
    reading.expect(told)
    growing.close()
    shutil.rmtree(growing.folder)
    _wait(lambda: not growing.folder.exists())
    again = Growing(growing.folder)
    again.write(failed(now(), "new/b"))
    again.close()
    reading.end_with([*told, "new/b"])


def test_an_entry_that_is_copied_into_another_file_is_known_again(growing: Growing, follow: Callable[..., Reading]) -> None:
    growing.write(idle(now()))
    reading = follow()
    reading.start()
    _written(growing, "new/a")
    reading.end_with(["new/a"])
    (record,) = reading.records
    copied = record._replace(where=record.where._replace(cursor="s=0;i=9;b=" + record.where.cursor.partition(";b=")[2]))
    other = record._replace(where=record.where._replace(cursor=record.where.cursor + "0"))
    place = reading.journal._folders[growing.folder].place
    assert [reading.journal._is_new(r, place) for r in (record, copied, other)] == [False, False, True]


def test_a_program_ends_with_the_follower(growing: Growing, follow: Callable[..., Reading]) -> None:
    growing.write(idle(now()))
    reading = follow(library=False)
    reading.start()
    _wait(lambda: bool(reading.deadline._running))
    (child,) = reading.deadline._running
    reading.stop()
    assert child.poll() is not None


def test_a_source_waits_while_the_reader_lags_behind() -> None:
    inbox = Inbox()
    put: list[int] = []

    def fill() -> None:
        for n in range(100):
            inbox.put(n)
            put.append(n)

    thread = threading.Thread(target=fill, daemon=True)
    thread.start()
    time.sleep(0.2)
    assert len(put) == 32
    inbox.call("signal")
    got = [inbox.get(LONG) for _ in range(101)]
    thread.join(LONG)
    assert [x for x in got if x != "signal"] == list(range(100))
    assert "signal" in got
    assert inbox.get(0.0) is None


def test_the_collectors_are_run_again_when_asked(growing: Growing) -> None:
    names = tuple(n for n in COLLECTORS if n != "journal")
    follower = Follower(Device(journal_dir=growing.folder, root=growing.folder), WORDS, Options(None, UTC))
    follower.begin()
    follower.start()
    end = time.monotonic() + LONG
    for _ in range(2):
        follower.again()
        came: list[str] = []
        while len(came) < len(names) + 1 and time.monotonic() < end:
            item = follower.inbox.get(0.1)
            if isinstance(item, Reread):
                came.append(item.name)
                assert (item.collected.name if item.collected else BESIDE) == item.name
        assert tuple(came) == (*names, BESIDE)
    began = time.monotonic()
    follower.stop()
    assert time.monotonic() - began < 1.5


def test_again_ends_when_it_is_stopped() -> None:
    deadline = Deadline(float("inf"))
    again = Again(Device(), [], Options(None, UTC), (), Inbox(), deadline)
    thread = threading.Thread(target=again.run, daemon=True)
    thread.start()
    deadline.stop()
    again.ask()
    thread.join(5)
    assert not thread.is_alive()
