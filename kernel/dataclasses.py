"""The standard library's dataclasses, which cost a start next to nothing.

The standard library compiles up to six methods for each class, a millisecond in all, while its
module is imported. Here nothing happens to a class until somebody makes the first one of it or asks
for its fields: of 180 classes the first page uses 30. Then the standard library looks through its
fields, ``__init__`` is compiled, and the other methods are plain functions that know the fields.

:func:`dataclass` takes only what this code base uses: nothing, or ``frozen``. Until its first use
the defaults of a class stand in it as they were written.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterable
from dataclasses import MISSING, FrozenInstanceError, fields
from dataclasses import field as field
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

_compiling = threading.RLock()  # again by the same thread, because bases are compiled first
_FIELDS, _PARAMS = "__dataclass_fields__", "__dataclass_params__"

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


def _compile(cls: Any, frozen: bool) -> None:
    with _compiling:
        if not isinstance(vars(cls)[_FIELDS], _Waiting):
            return  # another thread was first
        if frozen and any(hasattr(base, _FIELDS) for base in cls.__mro__[1:]):
            dataclasses.dataclass(init=False, frozen=True)(cls)  # it knows who may be whose base
        else:
            dataclasses.dataclass(init=False, repr=False, eq=False)(cls)
            _furnish(cls, frozen)
        getattr(cls, _PARAMS).init = True
        # Last and in one step, because other threads may be calling what stands there now.
        cls.__init__ = _init(cls, frozen)


def _furnish(cls: Any, frozen: bool) -> None:
    """Give the class what the standard library would have compiled, but for ``__init__``."""
    own, params = vars(cls), getattr(cls, _PARAMS)
    params.repr = params.eq = True
    params.frozen = frozen
    known_hash = own.get("__hash__", MISSING)
    if known_hash is MISSING or (known_hash is None and "__eq__" in own):
        cls.__hash__ = _hash(cls) if frozen else None
    if "__repr__" not in own:
        cls.__repr__ = _repr
    if "__eq__" not in own:
        cls.__eq__ = _eq(cls)
    if frozen:
        cls.__setattr__, cls.__delattr__ = _guards(cls)


@recursive_repr()
def _repr(self: Any) -> str:
    said = (f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.repr)
    return f"{type(self).__qualname__}({', '.join(said)})"


def _values(names: Iterable[str]) -> Callable[[Any], tuple[Any, ...]]:
    names = tuple(names)
    if len(names) > 1:
        return attrgetter(*names)
    return lambda self: tuple([getattr(self, name) for name in names])


def _eq(cls: Any) -> Callable[[Any, Any], Any]:
    values = _values(one.name for one in fields(cls) if one.compare)

    def __eq__(self: Any, other: Any) -> Any:
        return values(self) == values(other) if type(other) is type(self) else NotImplemented

    return __eq__


def _hash(cls: Any) -> Callable[[Any], int]:
    counted = ((one.name, one.compare if one.hash is None else one.hash) for one in fields(cls))
    values = _values(name for name, counts in counted if counts)
    return lambda self: hash(values(self))


def _guards(cls: Any) -> tuple[Callable[[Any, str, Any], None], Callable[[Any, str], None]]:
    """What keeps the fields of a frozen class as they are."""
    names = {one.name for one in fields(cls)}

    def __setattr__(self: Any, name: str, value: Any) -> None:
        if type(self) is cls or name in names:
            raise FrozenInstanceError(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)

    def __delattr__(self: Any, name: str) -> None:
        if type(self) is cls or name in names:
            raise FrozenInstanceError(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)

    return __setattr__, __delattr__


def _init(cls: Any, frozen: bool) -> Callable[..., None]:
    """``__init__`` as the standard library would write it."""
    known: dict[str, Any] = {"_set": object.__setattr__, "_none": object()}
    given, body = ["self"], []
    for one in fields(cls):
        name = value = one.name
        if one.default_factory is not MISSING:
            known[f"_make_{name}"] = one.default_factory
            made = f"_make_{name}()"
            value = f"{made} if {name} is _none else {name}" if one.init else made
            given += [f"{name}=_none"] if one.init else []
        elif not one.init:
            continue  # __post_init__ gives it its value, or the class has a default
        elif one.default is not MISSING:
            known[f"_default_{name}"] = one.default
            given.append(f"{name}=_default_{name}")
        else:
            given.append(name)
        body.append(f"_set(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
    body += ["self.__post_init__()"] if hasattr(cls, "__post_init__") else []
    lines = "\n ".join(body or ["pass"])
    exec(f"def __init__({', '.join(given)}):\n {lines}", known)  # noqa: S102 # of names alone
    written: Callable[..., None] = known["__init__"]
    written.__qualname__ = f"{cls.__qualname__}.__init__"
    return written
