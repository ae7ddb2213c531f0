"""The shape of a message: repeats of one unknown error fall together, different errors stay apart, and none is hidden."""

from __future__ import annotations

from datetime import timedelta

import pytest
from test_diagnosis import MISSING, START, chain, four_lines, lines

from diagnose.shape import shape


@pytest.mark.parametrize(
    ("message", "form"),
    [
        ("the flux capacitor lost its charge", "the flux capacitor lost its charge"),
        ("pod 0b9c3c1a-6d0f-4d0c-9a52-3f7f7f6f5a11 is stuck", "pod <*> is stuck"),
        ("no answer from 0a:58:0a:2a:00:07", "no answer from <*>"),
        ("dial tcp 10.43.0.1:443: no route", "dial tcp <*>: no route"),
        ("address 10.1.0.7/24 is taken", "address <*> is taken"),
        ("address fd01:0:0:1::7/64 is taken", "address <*> is taken"),
        ("since 2026-11-23T18:00:00.5Z nothing", "since <*> nothing"),
        ("open /var/run/netns/abc: busy", "open <*>: busy"),
        ('network "lan" is 7', "network <*> is <*>"),
        (r"network \"lan\" is busy", "network <*> is busy"),
        ("network 'lan' is busy", "network <*> is busy"),
        ("sandbox deadbeefcafe01 is dead", "sandbox <*> is dead"),
        ("flags 0xbeef", "flags <*>"),
        ("veth3f0a to br-7", "<*> to <*>"),
        ("  two \n\t blanks  ", "two blanks"),
        ("", ""),
    ],
)
def test_names_and_numbers_are_left_out_of_a_shape(message: str, form: str) -> None:
    assert shape(message) == form


def test_a_shape_is_short_and_quickly_made_of_any_message() -> None:
    assert len(shape("word " * 100_000)) <= 300
    assert shape("/" + "a" * 5000 + " is far behind") == "<*>"


def unknown(*roots: str, pod: str = "shop/till-3") -> str:
    """Return a journal in which each attempt fails with an error that no rule knows."""
    found: list[str] = []
    for n, root in enumerate(roots):
        found += four_lines(START + timedelta(minutes=n), pod, chain(pod, root, network="lan", attempt=n))
    return lines(found)


def test_unknown_errors_are_told_by_their_shape_the_most_frequent_first(report, write) -> None:
    text = unknown("port 7 is welded shut", "the flux capacitor lost its charge", "port 8 is welded shut", "port 9 is welded shut")
    found = report(write(text)).unexplained
    assert [(u.shape, u.count, u.pods) for u in found] == [
        ("port <*> is welded shut", 3, {"shop/till-3"}),
        ("the flux capacitor lost its charge", 1, {"shop/till-3"}),
    ]
    first, last = (int((START + timedelta(minutes=n)).timestamp() * 1e6) for n in (0, 3))
    assert (found[0].first, found[0].last) == (first, last)
    assert found[0].example is not None
    assert "port 7" in found[0].example.text


def test_what_a_rule_explains_is_not_unexplained(report, write) -> None:
    assert report(write(unknown(MISSING.format(nad="pay", ns="shop")))).unexplained == []


def test_one_unknown_error_of_two_pods_is_one_shape(report, write) -> None:
    text = unknown("port 7 is welded shut") + unknown("port 9 is welded shut", pod="shop/door")
    (found,) = report(write(text)).unexplained
    assert (found.count, found.pods) == (2, {"shop/till-3", "shop/door"})


def test_a_storm_of_shapes_is_bounded_and_the_report_shows_the_rest_as_a_number(report, write, msnet) -> None:
    words = [f"{'abcdefghij'[n // 26]}{'klmnopqrstuvwxyzabcdefghijklmnopqrstuv'[n % 26]}" for n in range(250)]
    path = write(unknown(*(f"the {w} part is broken" for w in words)))
    found = report(path).unexplained
    assert (len(found), sum(u.count for u in found)) == (201, 250)  # the last one holds what has no place of its own
    out = msnet("diagnose", str(path)).stdout.decode()
    assert "and 196 more" in out
