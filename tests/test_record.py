"""Records are to their users what dataclasses are, and patterns what `re` compiles."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import re
import sys
from typing import Any

import pytest

from diagnose import pattern, record
from diagnose.parse import chain


def _made(decorator: Any, factory: Any, *, frozen: bool) -> Any:
    @decorator(slots=True, frozen=frozen)
    class Thing:
        """A thing."""

        name: str
        size: int = 3
        parts: list[str] = factory(default_factory=list)
        _more: tuple[int, ...] = ()

        def twice(self) -> int:
            return 2 * self.size

    return Thing


BOTH = [pytest.param(record.dataclass, record.field, id="ours"), pytest.param(dataclasses.dataclass, dataclasses.field, id="theirs")]


@pytest.mark.parametrize("frozen", [True, False])
@pytest.mark.parametrize(("decorator", "factory"), BOTH)
def test_a_record_behaves_as_a_dataclass(decorator: Any, factory: Any, frozen: bool) -> None:
    thing = _made(decorator, factory, frozen=frozen)
    a, b = thing("x"), thing("x", 3, parts=[], _more=())
    assert a == b
    assert a != thing("y")
    assert a != ("x", 3, [], ())
    assert a.parts is not b.parts
    assert repr(a).endswith("Thing(name='x', size=3, parts=[], _more=())")
    assert a.twice() == 6
    assert (thing.__doc__, thing.__slots__, thing.__match_args__) == ("A thing.", ("name", "size", "parts", "_more"), ("name", "size", "parts", "_more"))
    assert not hasattr(a, "__dict__")
    assert dataclasses.is_dataclass(a)
    assert dataclasses.asdict(a) == {"name": "x", "size": 3, "parts": [], "_more": ()}
    assert [f.name for f in dataclasses.fields(a)] == ["name", "size", "parts", "_more"]
    assert dataclasses.replace(a, size=4) == thing("x", 4)
    assert record.fields_of(a) == ("name", "size", "parts", "_more")
    deep = copy.deepcopy(thing("x", 3, ["p"]))
    assert deep == thing("x", 3, ["p"])
    with pytest.raises(TypeError, match="name"):
        thing()
    with pytest.raises(TypeError, match="other"):
        thing("x", other=1)
    if frozen:
        assert {thing("x", parts=()): 1}[thing("x", parts=())] == 1
        with pytest.raises(AttributeError):
            a.size = 4
        with pytest.raises(AttributeError):
            del a.size
    else:
        a.size = 4
        assert a.twice() == 8
        with pytest.raises(TypeError, match="unhashable"):
            hash(a)
    with pytest.raises((AttributeError, TypeError)):  # theirs, frozen: TypeError
        a.other = 1


def test_what_is_no_record_has_no_fields() -> None:
    assert [record.fields_of(x) for x in ("", 1, None, ("a",), re.match("", ""))] == [()] * 5


def test_a_record_can_be_pickled() -> None:
    from diagnose.rule import Step

    assert pickle.loads(pickle.dumps(Step("oc get pods", "read-only"))) == Step("oc get pods", "read-only")  # noqa: S301 - our own


def test_a_pattern_is_compiled_at_its_first_use_and_is_the_same_then() -> None:
    text, flags = r"(?P<name>a+)-(b)", re.IGNORECASE
    ours, theirs = pattern.lazy(text, flags), re.compile(text, flags)
    assert ours.pattern == text
    assert "search" not in vars(ours)
    assert ours.search("xAA-b").groupdict() == theirs.search("xAA-b").groupdict()
    assert "search" in vars(ours)
    assert (ours.flags, ours.groups, ours.groupindex, ours.pattern) == (theirs.flags, theirs.groups, theirs.groupindex, theirs.pattern)
    assert ours.sub(r"\2", "a-b aa-B") == theirs.sub(r"\2", "a-b aa-B")
    assert pattern.lazy(rb"\d+").findall(b"1 22") == [b"1", b"22"]
    with pytest.raises(AttributeError):
        ours.other  # noqa: B018
    with pytest.raises(re.error):
        pattern.lazy("(").match("")


def test_every_pattern_of_msnet_can_be_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    found = 0
    for name, module in sorted(sys.modules.items()):
        if name.startswith("diagnose."):
            for value in vars(module).values():
                for each in value if isinstance(value, (tuple, list)) else (value,):
                    if isinstance(each, pattern._Lazy):
                        re.compile(each.pattern, each._flags)
                        found += 1
    assert found > 20


def test_a_layer_begins_with_the_text_by_which_it_is_told() -> None:
    texts = [t for _, _, lead, _ in chain._COMPILED if lead for t in (lead, lead.upper(), lead.replace("s", "\u017f").replace("k", "\u212a"))]
    plain = [r"abc", r"abc?d", r"ab(?:c)?", r"Multus: \[x", r"\[x", r"(?:a|b)c"]
    assert [chain._lead(x) for x in plain] == ["abc", "ab", "ab", "multus", "", ""]
    for _, _, lead, rx in chain._COMPILED:
        for text in texts:
            m = rx.match(text)
            assert m is None or m.group().casefold().startswith(lead)
