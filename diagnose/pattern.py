"""Regular expressions that are compiled when they are first used: of some hundreds, one run uses a few."""

from __future__ import annotations

import re
from typing import Any, cast, overload

_PUBLIC = tuple(name for name in dir(re.Pattern) if not name.startswith("_"))


class _Lazy:
    """Becomes like its compiled pattern at the first use of whatever it lacks."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self.pattern = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        compiled = re.compile(self.pattern, self._flags)
        self.__dict__.update((each, getattr(compiled, each)) for each in _PUBLIC)
        return getattr(compiled, name)


@overload
def lazy(text: str, flags: int = 0) -> re.Pattern[str]: ...
@overload
def lazy(text: bytes, flags: int = 0) -> re.Pattern[bytes]: ...
def lazy(text: str | bytes, flags: int = 0) -> re.Pattern[str] | re.Pattern[bytes]:
    """Return what can be used as the compiled `text`, by its methods and attributes; the functions of `re` do not take it."""
    return cast("re.Pattern[str]", _Lazy(text, flags))
