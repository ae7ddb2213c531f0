"""The form of what a bundle keeps: everything comes back as it was, and nothing else is taken."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.model import BootSeen, Collected, Gap, InputSeen, Record, Resource, Where
from diagnose.parse import bundle

TEXTS = st.text(max_size=8)
TIMES = st.integers(0, 4_000_000_000_000_000)
RECORDS = st.builds(
    Record, st.none() | TIMES, TEXTS, TEXTS, st.builds(Where, TEXTS, st.integers(0, 99), TEXTS), TEXTS, TEXTS, TEXTS, TEXTS, TEXTS,
    st.none() | TIMES, TEXTS, TEXTS, TEXTS, st.integers(1, 9), st.none() | TIMES, st.booleans(), st.booleans(), st.none() | st.tuples(TIMES, TIMES),
)  # fmt: skip
KEYS = TEXTS | st.integers() | st.just("$msnet")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS | st.binary(max_size=5) | st.dates() | st.datetimes(timezones=st.just(UTC)),
    lambda v: st.lists(v, max_size=3) | st.dictionaries(KEYS, v, max_size=3) | st.tuples(v, v) | st.sets(TEXTS, max_size=3) | st.frozensets(TEXTS, max_size=3),
    max_leaves=6,
)


def again(value: object) -> object:
    return json.loads(json.dumps(value))


@given(RECORDS)
@settings(max_examples=100, deadline=None)
def test_every_record_comes_back(record: Record) -> None:
    assert bundle.record(again(bundle.of_record(record))) == record._replace(like=None)


@given(st.dictionaries(KEYS, VALUES, max_size=3))
@settings(max_examples=100, deadline=None)
def test_every_resource_comes_back(body: dict[Any, Any]) -> None:
    resource = Resource("Pod", "shop", "till", body, Where("a", 3))
    back = bundle.resource(again(bundle.of_resource(resource)))
    assert back == resource
    assert repr(back) == repr(resource) or "{" in repr(body)  # of equal values, such as 1 and True, the same; sets have no order


def test_a_record_reads_as_journalctl_prints_it() -> None:
    where = Where("journal", 0, "s=1;i=2")
    record = Record(
        1_795_464_042_796_533, "kubelet", "no net", where, "E1123 no net", "microshift", "2094", "edge01", "5e0c", 1_795_464_042_000_000, level="error"
    )
    assert bundle.of_record(record) == {
        "__CURSOR": "s=1;i=2",
        "__REALTIME_TIMESTAMP": "1795464042796533",
        "__MONOTONIC_TIMESTAMP": "796533",
        "_BOOT_ID": "5e0c",
        "_HOSTNAME": "edge01",
        "SYSLOG_IDENTIFIER": "microshift",
        "_PID": "2094",
        "PRIORITY": "3",
        "MESSAGE": "no net",
        "MSNET_RAW": "E1123 no net",
        "MSNET_SOURCE": "journal",
        "MSNET_PROGRAM": "kubelet",
        "MSNET_LEVEL": "error",
    }


def test_what_was_told_of_a_run_comes_back() -> None:
    seen = InputSeen(
        "a", "journal", 5, 99, 1, 9, whole=False, note="n", programs={"crio", "kubelet"}, obfuscated=True,
        heard={("crio", "b", -3): 7, ("kubelet", "", 0): 9}, boots={"b": BootSeen(1, 9, {-3: (2, 4), 5: (6, 8)})},
    )  # fmt: skip
    assert bundle.input_seen(again(bundle.of_input(seen))) == seen
    gap = Gap("a", "r", "h", "late", hides=False, values=(("seconds", "3"),))
    assert bundle.gap(again(bundle.of_gap(gap))) == gap
    told = Collected("api", "late", 3, 1.5)
    assert bundle.collected(again(bundle.of_collected(told))) == told


def test_of_a_secret_only_its_name_is_kept() -> None:
    body = {"kind": "Secret", "metadata": {"name": "s", "namespace": "n", "annotations": {"last-applied": "hunter2"}}, "data": {"p": "aHVudGVyMg=="}}
    kept = json.dumps(bundle.of_resource(Resource("Secret", "n", "s", body, Where("a"))))
    assert "hunter2" not in kept
    assert "aHVudGVyMg" not in kept
    assert '"name": "s"' in kept


def test_aliases_that_make_millions_of_values_are_not_written_out() -> None:
    value: list[Any] = ["x"]
    for _ in range(40):
        value = [value, value]
    with pytest.raises(ValueError, match="more than 500000 values"):
        bundle.of_resource(Resource("Pod", "n", "p", {"a": value}, Where("a")))


RECORD = {"MSNET_SOURCE": "a", "MESSAGE": "m", "__REALTIME_TIMESTAMP": "5"}


@pytest.mark.parametrize(
    "change",
    [
        {"MSNET_SOURCE": 5},
        {"MESSAGE": None},
        {"MESSAGE": ["a"]},
        {"__REALTIME_TIMESTAMP": "tomorrow"},
        {"__REALTIME_TIMESTAMP": 1 << 70},
        {"__REALTIME_TIMESTAMP": 1.5},
        {"MSNET_TIMES": True},
        {"MSNET_PART": "yes"},
        {"MSNET_SPAN": [1]},
        {"MSNET_SPAN": [1, "x"]},
        {"MSNET_SPAN": "no"},
    ],
)
def test_what_is_no_record_is_refused(change: dict[str, Any]) -> None:
    bundle.record(RECORD)
    with pytest.raises(ValueError):
        bundle.record(RECORD | change)


@pytest.mark.parametrize("value", [None, 5, [], {"MESSAGE": "m", "__REALTIME_TIMESTAMP": "5"}])
def test_a_line_of_another_program_is_no_record(value: object) -> None:
    with pytest.raises(ValueError, match="no record"):
        bundle.record(value)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {"$msnet": "map", "value": [[1]]},
        {"a": {"$msnet": "code", "value": "x"}},
        {"a": {"$msnet": "datetime", "value": "x"}},
        {"a": {"$msnet": "date", "value": 5}},
        {"a": {"$msnet": "set", "value": [[]]}},
        {"a": {"$msnet": "bytes", "value": "x"}},
    ],
)
def test_what_is_no_resource_is_refused(body: object) -> None:
    with pytest.raises(ValueError):
        bundle.resource({"kind": "Pod", "namespace": "", "name": "p", "source": "a", "line": 0, "body": body})


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (bundle.input_seen, {"source": "a", "kind": 5}),
        (bundle.input_seen, {"source": "a", "kind": "text", "programs": "kubelet"}),
        (bundle.input_seen, {"source": "a", "kind": "text", "heard": [["kubelet", "", 0]]}),
        (bundle.input_seen, {"source": "a", "kind": "text", "heard": [["kubelet", "", 0, "x"]]}),
        (bundle.input_seen, {"source": "a", "kind": "text", "boots": {"b": {"settings": [[1, 2]]}}}),
        (bundle.gap, {"source": "a", "values": [["a"]]}),
        (bundle.gap, {"source": "a", "values": [["a", 5]]}),
        (bundle.collected, {"name": "api", "state": "fine"}),
        (bundle.collected, {"name": "api", "state": "ok", "seconds": True}),
        (bundle.collected, {"name": "api", "state": "ok", "seconds": float("inf")}),
    ],
)
def test_what_was_never_told_is_refused(read: Any, value: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        read(value)


def test_dates_keep_their_kind() -> None:
    body = {"d": date(2026, 11, 23), "t": datetime(2026, 11, 23, 20, tzinfo=UTC), 1: float("inf")}
    assert bundle.resource(again(bundle.of_resource(Resource("Pod", "n", "p", body, Where("a"))))).body == body
