"""Runs one migration script; a module of its own, because a start only looks what is pending."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from playhouse.migrations import MigrationError, Runner

from kernel.storage.database import db

__all__ = ["MigrationError", "run"]


class _Runner(Runner):  # type: ignore[misc]  # it has no stubs
    """Gives scripts that take it a third argument: whom they tell how far they have come."""

    told: Callable[[float], object]

    def _run(self, name: str, module: Any, direction: str, fake: bool = False) -> None:
        step = getattr(module, direction)
        if len(inspect.signature(step).parameters) > 2:
            atomic = getattr(module, "atomic", True)
            told = {direction: partial(step, told=self.told)}
            module = SimpleNamespace(atomic=atomic, **told)
        super()._run(name, module, direction, fake)


def run(folder: Path, history: str, name: str, told: Callable[[float], object]) -> None:
    """Run a script of a folder on the open database, in a transaction, and note it.

    :param history: the table of what was run. :param told: how much of it is done, from 0 to 1.
    """
    runner = _Runner(db.obj, str(folder), table_name=history)
    runner.told = told
    runner.up(name)
