"""The hook bus: calls hooks one plugin at a time, in manifest order, and never lets one break all.

It stands on pluggy's public interface. Plugins are registered once and never unregistered; who is
asked is decided at each call.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from types import FunctionType, MethodType, ModuleType
from typing import Any

import pluggy
from msgspec import Struct, field

from kernel import hooks
from kernel.errors import OfficeError, Refused
from kernel.plugins.aside import within
from kernel.slots import Slot
from kernel.storage.database import connection

FAULTS = 5
"""So many faults within :data:`WINDOW` seconds put a plugin into quarantine."""
WINDOW = 300.0
KEPT = 1024
"""So many questions are remembered; organs have the same few sets of plugins switched on."""


class Fault(Struct):
    """One failure of a plugin in a hook."""

    plugin: str
    hook: str
    error: str
    at: float = field(default_factory=time.time)


class _Manager(pluggy.PluginManager):
    """Leaves out at once what pluggy would find to be no hook, one costly look at a time: most of
    what a plugin's module holds is imported classes."""

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> pluggy.HookimplOpts | None:
        """What the marker wrote on whatever pluggy takes for a hook."""
        if not isinstance(vars(plugin).get(name), _HOOKABLE):
            return None
        options: pluggy.HookimplOpts | None = super().parse_hookimpl_opts(plugin, name)
        return options


_HOOKABLE = (FunctionType, MethodType, classmethod, staticmethod)


class Bus:
    """Calls hooks. ``healthy`` answers whether a plugin may be asked at all."""

    def __init__(self) -> None:
        self._manager = _Manager(hooks.PROJECT)
        self._manager.add_hookspecs(hooks)
        self.faults: deque[Fault] = deque(maxlen=200)
        self.quarantined: dict[str, str] = {}
        self._asked: dict[tuple[str, frozenset[str] | None], list[pluggy.HookImpl]] = {}
        """Who is asked, by hook and plugins: found once, because nobody comes or goes later."""
        self.strict = False
        """Raise what a plugin raises instead of isolating it: for tests."""

    def register(self, name: str, module: ModuleType) -> None:
        """Take a plugin in; raises ValueError with what is wrong with its hooks."""
        for attribute in vars(module).values():
            options = getattr(attribute, f"{hooks.PROJECT}_impl", None)
            if options and any(
                options.get(key) for key in ("wrapper", "hookwrapper", "tryfirst", "trylast")
            ):
                raise ValueError(f"{attribute.__name__}: order comes from the manifest only")
        self._manager.register(module, name)
        self._asked.clear()
        try:
            self._manager.check_pending()
        except pluggy.PluginValidationError as error:
            self.drop(name)
            raise ValueError(str(error)) from error

    def drop(self, name: str) -> None:
        """Take a plugin out again that failed while loading."""
        if self._manager.has_plugin(name):
            self._manager.unregister(name=name)
        self._asked.clear()

    def answering(self, hook: str, among: Collection[str] | None = None) -> list[pluggy.HookImpl]:
        """Who is asked: who implements a hook, of these plugins, in manifest order.

        pluggy keeps the order of registration, which is the manifest's, because
        :meth:`register` lets nobody ask for another one.
        """
        question = (hook, None if among is None else frozenset(among))
        found = self._asked.get(question)
        if found is None:
            found = getattr(self._manager.hook, hook).get_hookimpls()
            if among is not None:
                found = [impl for impl in found if impl.plugin_name in among]
            if len(self._asked) >= KEPT:
                self._asked.clear()
            self._asked[question] = found
        if self.quarantined:
            found = [impl for impl in found if impl.plugin_name not in self.quarantined]
        return found

    def gather(
        self,
        hook: str,
        among: Collection[str] | None = None,
        failed: list[str] | None = None,
        **arguments: Any,
    ) -> Iterator[tuple[str, Any]]:
        """All answers as ``(plugin, answer)``; one that raises is reported and left out.

        :param failed: takes the names of those left out, for who tells a person.
        """
        value_of = arguments.__getitem__
        for impl in self.answering(hook, among):
            try:
                # Mostly without _call(), because a page asks many hooks, and few have defaults.
                if impl.kwargnames:
                    answer = _call(impl, arguments)
                else:
                    answer = impl.function(*map(value_of, impl.argnames))
            except (Exception, SystemExit) as error:
                self._fault(impl.plugin_name, hook, error)
                if failed is not None:
                    failed.append(impl.plugin_name)
                continue
            if answer is not None:
                yield impl.plugin_name, answer

    def veto(
        self,
        hook: str,
        among: Collection[str] | None = None,
        seconds: float = 0.0,
        **arguments: Any,
    ) -> None:
        """Ask for refusals; the first one is raised. A plugin that fails refuses, too: one that
        raises, answers neither None nor a sentence, or takes longer than *seconds* (0: any time).
        """
        for impl in self.answering(hook, among):
            name, call = impl.plugin_name, partial(_call, impl, arguments)
            try:
                ask = partial(_reading, call)
                sentences = _sentences(name, within(seconds, ask) if seconds else call())
            except OfficeError:
                raise
            except (Exception, SystemExit) as error:
                if isinstance(error, TimeoutError):
                    # At once, because each further question would leave one more thread behind.
                    self.quarantined[name] = f"{hook} took longer than {seconds:g} s"
                self._fault(name, hook, error)
                raise Refused(
                    "plugins.guard_failed",
                    f"检查插件“{name}”出错，为安全起见本次操作未执行。请联系系统管理员。",
                    f"The check {name!r} failed: nothing was done. Please tell the administrator.",
                ) from error
            if sentences is not None:
                raise Refused(f"{name}.refused", *sentences)

    def tell(self, hook: str, plugin: str, **arguments: Any) -> bool:
        """Tell one plugin; True if it listened. What it raises is passed on to the caller."""
        found = self.answering(hook, (plugin,))
        for impl in found:
            _call(impl, arguments)
        return bool(found)

    @contextmanager
    def isolated(self, plugin: str, hook: str, failed: list[str] | None = None) -> Iterator[None]:
        """For what is done with a plugin's answer: what it raises is counted against it.

        :param failed: takes its name then.
        """
        try:
            yield
        except (Exception, SystemExit) as error:
            self._fault(plugin, hook, error)
            if failed is not None:
                failed.append(plugin)

    def _fault(self, plugin: str, hook: str, error: BaseException) -> None:
        if self.strict:
            raise error
        self.faults.append(Fault(plugin, hook, f"{type(error).__name__}: {error}"))
        recent = [
            one for one in self.faults if one.plugin == plugin and one.at > time.time() - WINDOW
        ]
        if len(recent) >= FAULTS:
            self.quarantined[plugin] = f"{FAULTS} faults in {WINDOW:.0f} s, last in {hook}: {error}"


def _sentences(name: str, answer: Any) -> tuple[str, str] | None:
    """The refusal in Chinese and in English; None for none. TypeError for anything else.

    A single sentence is taken for the Chinese one, and the other one says who refused.
    """
    if answer is None:
        return None
    pair = (
        (answer, f"The check {name!r} refuses it: {answer}") if isinstance(answer, str) else answer
    )
    both = isinstance(pair, tuple) and len(pair) == 2 and isinstance(answer, str | tuple)
    if not (answer and both and all(isinstance(one, str) and one.strip() for one in pair)):
        raise TypeError(f"{answer!r} is neither None nor a sentence in two languages")
    return pair


def _reading(call: Callable[[], Any]) -> Any:
    """The answer, in a thread that reads through a connection of its own: what is committed."""
    with connection():
        return call()


def _call(impl: pluggy.HookImpl, arguments: dict[str, Any]) -> Any:
    given = map(arguments.__getitem__, impl.argnames)
    if not impl.kwargnames:
        return impl.function(*given)
    optional = {name: arguments[name] for name in impl.kwargnames if name in arguments}
    return impl.function(*given, **optional)


bus: Slot[Bus] = Slot("bus")
