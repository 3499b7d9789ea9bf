"""kernel.dataclasses: what it makes is what the standard library makes, only later."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import inspect
import pickle
import threading
from collections.abc import Callable
from pkgutil import walk_packages
from typing import Any

import pytest

import kernel
from kernel.dataclasses import dataclass


def _both(frozen: bool) -> list[type]:
    made = []
    for decorate in (dataclasses.dataclass(frozen=frozen), dataclass(frozen=frozen)):

        class Base:
            """A base."""

            name: str
            size: int = 3

        Base = decorate(Base)  # a class

        class One(Base):
            """One."""

            more: list[int] = dataclasses.field(default_factory=list)
            quiet: str = dataclasses.field(default="q", repr=False, compare=False)
            late: int = dataclasses.field(init=False, default=7)

            def __post_init__(self) -> None:
                object.__setattr__(self, "late", self.size + 1)

        made.append(decorate(One))
    return made


def _said(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as error:
        return type(error), str(error)


def _behaviour(one: Any) -> list[Any]:
    """What can be seen of a class and of what it makes."""
    a, b = one("n"), one("n", 3, [], quiet="other")
    changed, gone = one("n"), one("n")
    return [
        repr(a), a == b, a == one("m"), a != 3, a.more is not b.more, a.late,
        _said(lambda: hash(a) == hash(b)), _said(lambda: setattr(changed, "size", 5)),
        changed.size, _said(lambda: setattr(changed, "new", 5)),
        _said(lambda: delattr(gone, "size")),
        dataclasses.asdict(a), dataclasses.astuple(b), repr(dataclasses.replace(a, size=8)),
        [(f.name, f.type, f.init, f.repr, f.compare) for f in dataclasses.fields(one)],
        dataclasses.is_dataclass(one), one.__match_args__, one.size, one.__doc__,
        [*inspect.signature(one).parameters], repr(copy.copy(a)), copy.deepcopy(b) == b,
        _said(one), _said(lambda: one("n", 1, [], "q", 5)), _said(lambda: one("n", wrong=1)),
    ]  # fmt: skip


@pytest.mark.parametrize("frozen", [False, True])
def test_the_same_as_the_standard_library(frozen: bool):
    standard, ours = _both(frozen)
    assert _behaviour(ours) == _behaviour(standard)


def test_asked_for_its_fields_first():
    standard, ours = _both(True)
    names = [field.name for field in dataclasses.fields(ours)]
    assert names == [field.name for field in dataclasses.fields(standard)]
    assert dataclasses.is_dataclass(ours) and repr(ours("n")) == repr(standard("n"))


@dataclass(frozen=True)
class Kept:
    """At the top of a module, so that it can be pickled."""

    name: str


def test_bases_and_children_of_the_standard_library():
    @dataclasses.dataclass(frozen=True)
    class Child(Kept):
        """Compiles its base."""

        size: int = 1

    @dataclass(frozen=True)
    class Grandchild(Child):
        """Waits, on a base that does not."""

        last: int = 2

    class Plain(Grandchild):
        """No dataclass itself."""

        def __init__(self) -> None:
            super().__init__("n", last=9)

    assert repr(Plain()).endswith("Plain(name='n', size=1, last=9)")
    assert Child("n") == Child("n", 1) and pickle.loads(pickle.dumps(Kept("n"))) == Kept("n")  # noqa: S301 # our own
    with pytest.raises(TypeError, match="non-frozen"):
        dataclass(type("Wrong", (Child,), {"__annotations__": {}}))("n")


def test_many_threads_make_the_first_one():
    for _ in range(50):

        @dataclass(frozen=True)
        class Shared:
            """Made by all at once."""

            name: str
            size: int = 0

        start, made = threading.Barrier(8), list[Any]()

        def make(shared: type = Shared, start: Any = start, made: Any = made) -> None:
            start.wait()
            made.append(shared("n", size=2))

        threads = [threading.Thread(target=make) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert made == [Shared("n", 2)] * 8


def test_every_class_of_the_kernel_compiles():
    """What is wrong with one is found here, not when somebody first makes one."""
    modules = [
        importlib.import_module(one.name) for one in walk_packages(kernel.__path__, "kernel.")
    ]
    classes = [one for module in modules for one in vars(module).values() if isinstance(one, type)]
    found = {one for one in classes if dataclasses.is_dataclass(one) and one.__match_args__}
    assert len(found) > 100
