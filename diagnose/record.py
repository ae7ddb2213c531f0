"""The part of `dataclasses` that msnet uses, at a tenth of its cost: that module compiles up to six functions for each class, and loads `inspect`.

To the functions of `dataclasses` (`replace`, `asdict`, `fields`) what is made here is a dataclass.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn, TypeVar, cast, dataclass_transform

_T = TypeVar("_T")
_FIELDS = "__dataclass_fields__"


class _Own(NamedTuple):
    """The default of a field that each object has for itself."""

    factory: Callable[[], object]


def field(*, default_factory: Callable[[], _T]) -> _T:
    """Return a default that is made for each object."""
    return cast("_T", _Own(default_factory))


@dataclass_transform(field_specifiers=(field,))
def dataclass(*, slots: bool, frozen: bool = False) -> Callable[[type[_T]], type[_T]]:
    """Return what makes a class of annotated fields a record: it has slots, `__init__`, `__eq__` and `__repr__`, and, frozen, a hash."""
    assert slots  # noqa: S101 - it is written down for the reader

    def make(cls: type[_T]) -> type[_T]:
        names = tuple(cls.__annotations__)
        body = {k: v for k, v in vars(cls).items() if k not in {*names, "__dict__", "__weakref__"}}
        defaults = {name: vars(cls)[name] for name in names if name in vars(cls)}
        body |= {"__slots__": names, "__match_args__": names, _FIELDS: _Fields(names, defaults)}
        body |= {"__init__": _initialiser(names, defaults, frozen=frozen), "__eq__": _eq, "__repr__": _repr, "__reduce__": _reduce}
        if frozen:
            body |= {"__setattr__": _refuse, "__delattr__": _refuse, "__hash__": _hash}
        return cast("type[_T]", type(cls)(cls.__name__, cls.__bases__, body))

    return make


def fields_of(value: object) -> tuple[str, ...]:
    """Return the names of a record's fields; () for what is no record."""
    return type(value).__match_args__ if _FIELDS in vars(type(value)) else ()  # type: ignore[attr-defined]


class _Fields:
    """A record's fields as `dataclasses` describes them, made when it asks for them."""

    def __init__(self, names: tuple[str, ...], defaults: dict[str, Any]) -> None:
        self._names = names
        self._defaults = defaults

    def __get__(self, record: object, cls: type[Any]) -> Any:
        import dataclasses

        def described(name: str) -> list[Any]:
            if name not in self._defaults:
                return []
            default = self._defaults[name]
            return [dataclasses.field(default_factory=default.factory) if isinstance(default, _Own) else dataclasses.field(default=default)]

        found = getattr(dataclasses.make_dataclass(cls.__name__, [(n, cls.__annotations__[n], *described(n)) for n in self._names]), _FIELDS)
        setattr(cls, _FIELDS, found)
        return found


def _initialiser(names: tuple[str, ...], defaults: dict[str, Any], *, frozen: bool) -> Callable[..., None]:
    """Return an `__init__` that takes the fields by their order or by their names; it is compiled when the first object is made."""

    def first(self: object, *given: Any, **named: Any) -> None:
        scope: dict[str, Any] = {"SET": object.__setattr__, "NONE": object()}
        head, lines = ["self"], [""]
        for name in names:
            default, value = defaults.get(name), name
            if isinstance(default, _Own):
                scope[f"default_{name}"] = default.factory
                head.append(f"{name}=NONE")
                value = f"default_{name}() if {name} is NONE else {name}"
            elif name in defaults:
                scope[f"default_{name}"] = default
                head.append(f"{name}=default_{name}")
            else:
                head.append(name)
            lines.append(f"SET(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
        exec(f"def __init__({', '.join(head)}):" + "\n    ".join(lines), scope)  # noqa: S102 - as dataclasses does, of names that stand in our code
        made = scope["__init__"]
        type.__setattr__(type(self), "__init__", made)
        made(self, *given, **named)

    return first


def _values(record: Any) -> tuple[Any, ...]:
    return tuple(getattr(record, name) for name in record.__match_args__)


def _eq(self: object, other: object) -> bool:
    return _values(self) == _values(other) if type(self) is type(other) else NotImplemented


def _hash(self: object) -> int:
    return hash(_values(self))


def _repr(self: object) -> str:
    return f"{type(self).__qualname__}({', '.join(f'{n}={v!r}' for n, v in zip(fields_of(self), _values(self), strict=True))})"


def _reduce(self: object) -> tuple[type, tuple[Any, ...]]:
    return type(self), _values(self)


def _refuse(self: object, name: str, *_: object) -> NoReturn:
    raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be changed")
