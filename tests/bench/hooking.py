"""A hook call over twelve plugins of which six are on, against pluggy's own call over all."""

from __future__ import annotations

import types
from typing import Any

import pluggy

from kernel import hooks
from kernel.plugins.bus import Bus
from tests.bench.measure import Clock, Result, side_by_side

PLUGINS, ENABLED = 12, 6
CALLS = 2000
GIVEN: dict[str, Any] = {"desk": None, "waiting": None}
GOAL = 0.6
"""In design/plugins.md 9.2 µs stand against 16.7 to 17.6 µs of plain pluggy: a ratio of 0.54."""


def _module(name: str) -> types.ModuleType:
    module = types.ModuleType(name)

    @hooks.hookimpl
    def menu_items(desk: object) -> list[str]:
        return [name]

    module.menu_items = menu_items  # type: ignore[attr-defined]  # a plugin made on the spot
    return module


class Hooking:
    """The same twelve trivial plugins, in the bus and in a plain manager."""

    def __init__(self, calls: int) -> None:
        self.calls, self.bus = calls, Bus()
        self.plain = pluggy.PluginManager(hooks.PROJECT)
        self.plain.add_hookspecs(hooks)
        names = [f"p{number:02d}" for number in range(PLUGINS)]
        for name in names:
            module = _module(name)
            self.bus.register(name, module)
            self.plain.register(module, name)
        self.enabled = frozenset(names[::2])
        assert len(self.enabled) == ENABLED

    def ours(self, clock: Clock) -> None:
        with clock.running():
            for _ in range(self.calls):
                for _answer in self.bus.gather("menu_items", self.enabled, **GIVEN):
                    pass

    def raw(self, clock: Clock) -> None:
        with clock.running():
            for _ in range(self.calls):
                self.plain.hook.menu_items(**GIVEN)


def hook_call(rounds: int, size: float = 1) -> list[Result]:
    """One line, in microseconds of CPU."""
    bench = Hooking(max(10, int(CALLS * size)))
    pair = side_by_side(rounds, bench.ours, bench.raw, bench.calls)
    ratio = pair.ratio("cpu")
    more = {"rounds": rounds, "wall_us": pair.median("ours", "wall") * 1000}
    return [
        Result(
            f"hook call, {ENABLED} of {PLUGINS} plugins on",
            pair.median("ours", "cpu") * 1000, "us", pair.median("raw", "cpu") * 1000, ratio,
            f"<= {GOAL} x pluggy over all", ratio <= GOAL, more,
        )
    ]  # fmt: skip
