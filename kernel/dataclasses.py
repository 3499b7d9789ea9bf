"""The standard library's dataclasses, whose methods are compiled when a class is first used.

The standard library compiles up to six methods for each class, about a millisecond, while its
module is imported; of the 180 classes here a process uses a third, and the first page waits for
none of the others. :func:`dataclass` takes only what this code base uses: nothing, or ``frozen``.

What a class is in the end, the standard library made; only the text of ``__init__`` is written
here, because it has to take the place of what waits for the first call in one step: other threads
may be calling it. Until then the defaults of fields stand in the class as they were written.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from dataclasses import field as field
from typing import TYPE_CHECKING, Any

_compiling = threading.RLock()  # again by the same thread, because bases are compiled first
_FIELDS = "__dataclass_fields__"

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls: type | None = None, /, *, frozen: bool = False) -> Any:
        """:func:`dataclasses.dataclass`, later."""

        def declare(cls: type) -> type:
            def __init__(self: Any, *given: Any, **named: Any) -> None:
                _compile(cls, frozen)
                cls.__init__(self, *given, **named)

            cls.__init__ = __init__
            setattr(cls, _FIELDS, _Waiting(cls, frozen))
            return cls

        return declare if cls is None else declare(cls)


class _Waiting:
    """Stands in for the fields of a class: who asks for them, compiles it. The standard library
    does, for each base of a dataclass, and for everything that it does with one."""

    def __init__(self, cls: type, frozen: bool) -> None:
        self._of = cls, frozen

    def __get__(self, one: object, cls: type) -> Any:
        _compile(*self._of)
        return getattr(self._of[0], _FIELDS)


def _compile(cls: type, frozen: bool) -> None:
    with _compiling:
        if isinstance(vars(cls)[_FIELDS], _Waiting):
            dataclasses.dataclass(init=False, frozen=frozen)(cls)
            cls.__init__ = _init(cls, frozen)  # type: ignore[misc]  # it takes what cls says


def _init(cls: Any, frozen: bool) -> Callable[..., None]:
    """``__init__`` as the standard library would write it."""
    known: dict[str, Any] = {"_set": object.__setattr__, "_none": object()}
    given, body = ["self"], []
    for one in dataclasses.fields(cls):
        name, value = one.name, one.name
        if one.default_factory is not dataclasses.MISSING:
            known[f"_make_{name}"] = one.default_factory
            value = (
                f"_make_{name}() if {name} is _none else {name}" if one.init else f"_make_{name}()"
            )
            given += [f"{name}=_none"] if one.init else []
        elif not one.init:
            continue  # __post_init__ gives it its value, or the class has a default
        elif one.default is not dataclasses.MISSING:
            known[f"_default_{name}"] = one.default
            given.append(f"{name}=_default_{name}")
        else:
            given.append(name)
        body.append(f"_set(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
    body += ["self.__post_init__()"] if hasattr(cls, "__post_init__") else []
    lines = "\n ".join(body or ["pass"])
    exec(f"def __init__({', '.join(given)}):\n {lines}", known)  # noqa: S102 # of names alone
    made: Callable[..., None] = known["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made
