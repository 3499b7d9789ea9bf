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


def _both(frozen: bool, derived: bool) -> list[type]:
    made = []
    for decorate in (dataclasses.dataclass(frozen=frozen), dataclass(frozen=frozen)):

        class Base:
            """A base."""

            name: str
            size: int = 3

        class One(decorate(Base) if derived else object):
            """One."""

            name: str
            size: int = 3
            more: list[int] = dataclasses.field(default_factory=list)
            quiet: str = dataclasses.field(default="q", repr=False, compare=False)
            late: int = dataclasses.field(init=False, default=7)
            odd: int = dataclasses.field(default=0, hash=False)

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
        dataclasses.is_dataclass(one), repr(one.__dataclass_params__),
        one.__match_args__, one.size, one.__doc__,
        [*inspect.signature(one).parameters], repr(copy.copy(a)), copy.deepcopy(b) == b,
        _said(one), _said(lambda: one("n", 1, [], "q", 5, 6)), _said(lambda: one("n", wrong=1)),
    ]  # fmt: skip


@pytest.mark.parametrize("derived", [False, True])
@pytest.mark.parametrize("frozen", [False, True])
def test_the_same_as_the_standard_library(frozen: bool, derived: bool):
    standard, ours = _both(frozen, derived)
    assert _behaviour(ours) == _behaviour(standard)


@pytest.mark.parametrize("frozen", [False, True])
def test_what_a_class_says_itself_counts(frozen: bool):
    behaviour = []
    for decorate in (dataclasses.dataclass(frozen=frozen), dataclass(frozen=frozen)):

        class Own:
            """With methods of its own."""

            name: str
            next: Any = None

            def __eq__(self, other: object) -> bool:
                return True

            def __repr__(self) -> str:
                return "own"

        class Hashed:
            """With a hash of its own."""

            name: str
            next: Any = None

            def __hash__(self) -> int:
                return 5

        class Empty:
            """Without fields."""

        for plain in (Own, Hashed, Empty):
            cls = decorate(plain)
            one, other = (cls(), cls()) if plain is Empty else (cls("a"), cls("b"))
            round_ = cls() if plain is Empty else cls("a", [])
            if plain is not Empty:
                round_.next.append(round_)
            child = type("Child", (cls,), {})
            young = child() if plain is Empty else child("a")
            behaviour.append([
                repr(one), one == other, repr(round_), repr(young), young == one,
                _said(lambda one=one: hash(one)) == 5, _said(lambda one=one: hash(one) and 0),
                _said(lambda young=young: setattr(young, "more", 1)),
                _said(lambda young=young: setattr(young, "name", 1)),
                _said(lambda young=young: delattr(young, "more")),
            ])  # fmt: skip
    assert behaviour[:3] == behaviour[3:]


@pytest.mark.parametrize(("base", "child"), [(True, False), (False, True)])
def test_frozen_and_others_do_not_mix(base: bool, child: bool):
    wrong = []
    for make in (dataclasses.dataclass, dataclass):
        one = make(frozen=base)(type("Base", (), {"__annotations__": {"name": "str"}}))

        def declare(make: Any = make, one: Any = one) -> Any:
            return make(frozen=child)(type("Child", (one,), {"__annotations__": {}}))("n")

        wrong.append(_said(declare))
    assert wrong[0] == wrong[1] and wrong[0][0] is TypeError


def test_asked_for_its_fields_first():
    standard, ours = _both(True, False)
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
