"""Verbs: declared once with :func:`act`, used by forms, the command line and jobs alike."""

from __future__ import annotations

import builtins
import inspect
import types
import typing
import unicodedata
from collections import ChainMap
from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeVar

from msgspec import Struct

from kernel.acts.subjects import Subject
from kernel.errors import Invalid, NotFound
from kernel.slots import Slot

Weight = Literal["signed", "recorded", "draft"]
F = TypeVar("F", bound=Callable[..., Any])
Said = tuple[str, str] | Callable[[Any], tuple[str, str]]
"""What is said to people, in Chinese and English, or what gives it for an object."""
_EMPTY = inspect.Parameter.empty


class Param(Struct, frozen=True):
    """One argument of a verb beyond desk and subject."""

    name: str
    type: Any
    default: Any = _EMPTY


class Verb(Struct, frozen=True):
    """What can be done, with which right, and what it weighs.

    :ivar name: ``<plugin>.<verb>``.
    :ivar level: the level of rights it takes, ``<plugin>.<level>``.
    :ivar weight: ``signed`` (the person's signature and a leaf in the log), ``recorded`` (a leaf),
        ``draft`` (rights and version only).
    :ivar people: 2 means that another person has to confirm.
    :ivar by: ``node`` for what the node does itself.
    :ivar private: parameters that enter the signed bytes as salted digests only.
    :ivar touches: whether it raises the object's version (reading does not).
    :ivar check: asked in prepare and again in perform, before the body; raises what forbids it.
    :ivar confirm: gives the sentence that says the consequence, shown before signing: in the
        language of the page, or in both (Chinese, English).
    :ivar after: the sentence that says what has happened, shown once it is done (Chinese, English),
        or what gives it for the object as it is then; by default that the act is done.
    :ivar batch: whether several may be done at once, under one signature where it is signed; never
        for what decides over content or puts a seal on it. A recorded one is also what "mark as
        read" does to the tasks to read on its kind of object.
    :ivar lost: runs in place of the body when a signed act comes too late, because another one
        was there first: ``(desk, subject, conflict, **arguments)``. The act is kept with what this
        writes (a refusal that its person can keep), and the conflict is raised all the same.
    :ivar delegate: whether its holder may let another one do it in his name (代办).
    :ivar transcribe: whether what was decided on paper may be entered by another one (代录); it
        takes an argument ``scan``, the digest of the page.
    """

    name: str
    title: str
    title_en: str
    level: str
    weight: Weight
    body: Callable[..., Any]
    subject: type[Subject] | None
    params: tuple[Param, ...]
    people: int = 1
    by: Literal["person", "node"] = "person"
    private: tuple[str, ...] = ()
    touches: bool = True
    schema: int = 1
    check: Callable[..., None] | None = None
    confirm: Callable[..., str | tuple[str, str]] | None = None
    batch: bool = False
    lost: Callable[..., None] | None = None
    delegate: bool = False
    transcribe: bool = False
    after: Said | None = None

    @property
    def plugin(self) -> str:
        """The room or plugin that owns it."""
        return self.name.partition(".")[0]

    @property
    def reads(self) -> bool:
        """Whether it only notes that somebody has seen an object, and goes on in a held node."""
        return self.weight == "recorded" and self.subject is not None and not self.touches

    def require(self, subject: Subject | None) -> None:
        """Raise TypeError (a defect) unless it is an object of the kind that the body takes."""
        kind = None if subject is None else subject.kind
        # By its kind, which is what is signed; the base class itself stands for any kind.
        fits = kind is None if self.subject is None else kind and self.subject.kind in ("", kind)
        if not fits:
            wanted = "no object" if self.subject is None else self.subject.kind
            raise TypeError(f"{self.name} takes {wanted}, not {kind}")

    def arguments(self, given: dict[str, Any]) -> dict[str, Any]:
        """Check the arguments against the declaration and fill in defaults.

        :raises Invalid: ``acts.argument`` for a wrong type, ``acts.not_nfc`` for text that is not
            in Unicode's NFC form (it is refused, never changed).
        """
        known = {param.name for param in self.params}
        if extra := set(given) - known:
            raise TypeError(f"{self.name} takes no {', '.join(sorted(extra))}")
        values: dict[str, Any] = {}
        for param in self.params:
            value = given.get(param.name, param.default)
            if value is _EMPTY:
                raise TypeError(f"{self.name} needs {param.name}")
            _check(self.name, param, value)
            values[param.name] = value
        return values


def _fits(kind: Any, value: Any) -> bool:
    origin = typing.get_origin(kind)
    if kind is Any:
        return True
    if origin in (typing.Union, types.UnionType):
        return any(_fits(one, value) for one in typing.get_args(kind))
    if origin is list:
        return isinstance(value, list) and all(_fits(typing.get_args(kind)[0], v) for v in value)
    if origin is dict:
        return isinstance(value, dict)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, kind)


def texts_in(value: Any) -> Iterable[str]:
    """Every text in an argument, the names in a table included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from texts_in(key)
            yield from texts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_in(inner)


def _check(verb: str, param: Param, value: Any) -> None:
    if not _fits(param.type, value):
        raise Invalid(
            "acts.argument",
            f"“{param.name}”的内容类型不对，请重新填写。",
            f"The value of {param.name!r} is not of the kind that {verb} takes.",
            field=param.name,
        )
    if any(not unicodedata.is_normalized("NFC", text) for text in texts_in(value)):
        raise Invalid(
            "acts.not_nfc",
            "内容里有组合写法的特殊字符，请删除后重新录入（可先粘贴到记事本再复制）。",
            "The text has characters in a decomposed form; please type them again.",
            field=param.name,
        )


def _hints(function: types.FunctionType) -> dict[str, Any]:
    """The types of the parameters. Most are single names, looked up where Python would; typing's
    own way takes twenty times as long, and only what names types within others needs it
    (``Annotated``, names in quotes)."""
    names = ChainMap(function.__globals__, vars(builtins))
    said = {name: kind for name, kind in function.__annotations__.items() if name != "return"}
    if all(isinstance(kind, str) and kind in names for kind in said.values()):
        hints = {name: names[kind] for name, kind in said.items()}
    else:
        hints = inspect.get_annotations(function, eval_str=True)
        hints.pop("return", None)
    return hints if all(map(_plain, hints.values())) else typing.get_type_hints(function)


def _plain(kind: Any) -> bool:
    if isinstance(kind, types.GenericAlias | types.UnionType):
        return all(map(_plain, typing.get_args(kind)))
    return isinstance(kind, type) or kind is Any


def _params(function: Callable[..., Any]) -> tuple[type[Subject] | None, tuple[Param, ...]]:
    bare = inspect.unwrap(function)
    if not isinstance(bare, types.FunctionType):
        raise TypeError(f"{function!r} is not a function")
    hints, code, defaults = _hints(bare), bare.__code__, bare.__kwdefaults__ or {}
    split = code.co_argcount
    keywords = code.co_varnames[split : split + code.co_kwonlyargcount]
    subject = hints.get(code.co_varnames[1], Any) if split > 1 else None
    return subject, tuple(
        Param(name, hints.get(name, Any), defaults.get(name, _EMPTY)) for name in keywords
    )


def act(
    name: str,
    *,
    title: str,
    title_en: str,
    level: str,
    weight: Weight,
    people: int = 1,
    by: Literal["person", "node"] = "person",
    private: tuple[str, ...] = (),
    touches: bool = True,
    schema: int = 1,
    check: Callable[..., None] | None = None,
    confirm: Callable[..., str | tuple[str, str]] | None = None,
    batch: bool = False,
    lost: Callable[..., None] | None = None,
    delegate: bool = False,
    transcribe: bool = False,
    after: Said | None = None,
) -> Callable[[F], F]:
    """Declare a verb.

    The function is its body: ``(desk, subject, *, params…)``, or ``(desk, *, params…)`` for a verb
    that creates. It runs inside the one transaction of the act, and may call other bodies and the
    faces of plugins that it needs, never :func:`~kernel.acts.gate.perform`.

    :param level: the level that the desk needs; ``handle`` stands for ``<plugin>.handle``.
    """

    def declare(function: F) -> F:
        subject, params = _params(function)
        plugin = name.partition(".")[0]
        full = level if "." in level else f"{plugin}.{level}"
        verb = Verb(
            name, title, title_en, full, weight, function, subject, params,
            people, by, private, touches, schema, check, confirm, batch, lost,
            delegate, transcribe, after,
        )  # fmt: skip
        if transcribe and "scan" not in {param.name for param in params}:
            raise TypeError(f"{name} can be transcribed and has to take scan")
        function.verb = verb  # type: ignore[attr-defined]  # this is how the gate finds it
        return function

    return declare


def verb_of(function: Callable[..., Any] | Verb) -> Verb:
    """The verb that a decorated function declares."""
    found = function if isinstance(function, Verb) else getattr(function, "verb", None)
    if not isinstance(found, Verb):
        raise TypeError(f"{function!r} is not decorated with @act")
    return found


class Verbs:
    """All verbs of the open node."""

    def __init__(self, functions: Iterable[Callable[..., Any]]) -> None:
        self._verbs = {verb.name: verb for verb in map(verb_of, functions)}

    def get(self, name: str) -> Verb:
        """The verb of this name; NotFound ``acts.unknown_verb`` otherwise."""
        if name not in self._verbs:
            raise NotFound(
                "acts.unknown_verb",
                f"没有“{name}”这个办理动作，提供它的插件可能已停用或卸载。请返回事项页面重新办理。",
                f"There is no act {name!r}; its plugin may be gone. Go back to the item.",
            )
        return self._verbs[name]

    def find(self, name: str) -> Verb | None:
        """The verb of this name; None where the plugin that declared it is gone."""
        return self._verbs.get(name)

    def title_of(self, name: str, language: str = "zh") -> str:
        """The title of a verb in a log; its name where the plugin that declared it is gone."""
        if name not in self._verbs:
            return name
        verb = self._verbs[name]
        return verb.title_en if language.startswith("en") else verb.title

    def all(self) -> list[Verb]:
        """Every verb, by name."""
        return sorted(self._verbs.values(), key=lambda verb: verb.name)


verbs: Slot[Verbs] = Slot("verbs")
