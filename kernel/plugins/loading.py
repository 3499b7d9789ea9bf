"""Loading plugins: import, register, collect what they bring; a faulty one is isolated."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kernel.plugins import discovery
from kernel.plugins.bus import bus
from kernel.plugins.manifest import Manifest
from kernel.plugins.switches import Switchboard
from kernel.storage.database import Model

_log = logging.getLogger("juyan.plugins")


def load_all(places: Sequence[Path], *, demo: bool) -> Switchboard:
    """Find, order, import and register all plugins.

    :param demo: whether plugins that are for demo nodes only are taken in.
    """
    found = [one for one in discovery.find(places) if demo or not one.demo_only]
    ordered, faults = discovery.order(found)
    good: list[Manifest] = []
    for one in ordered:
        blocked = [need for need in one.needs if need in faults]
        reason = f"needs {', '.join(blocked)}, which is faulty" if blocked else _load(one)
        if reason:
            faults[one.name] = reason
            _log.error("plugin.left_out", extra={"said": {"plugin": one.name}})
        else:
            good.append(one)
    return Switchboard(good, [one for one in found if one.name in faults], faults)


def _load(one: Manifest) -> str:
    try:
        bus().register(one.name, discovery.load(one))
        foreign = [table for table in _tables(one.name) if not table.startswith(f"{one.name}_")]
        if foreign:
            raise ValueError(f"tables are named after their plugin, not {', '.join(foreign)}")
    except Exception as error:
        bus().drop(one.name)
        return f"{type(error).__name__}: {error}"
    return ""


def _tables(plugin: str) -> list[str]:
    """The tables of all models that a plugin has defined."""
    found: list[str] = []
    todo = list(Model.__subclasses__())
    while todo:
        model = todo.pop()
        todo += model.__subclasses__()
        if f"{model.__module__}.".startswith(f"plugins.{plugin}."):
            found.append(str(model._meta.table_name))
    return found


def collect(board: Switchboard, hook: str, *, whole: bool = False) -> list[Any]:
    """What all plugins bring under a collect hook; names that are not the plugin's own are faults.

    :param whole: give each plugin's answer as one item instead of joining their items.
    """
    items: list[Any] = []
    for name, answer in bus().gather(hook):
        foreign = [label for label in map(_label, answer) if label and not _own(name, label)]
        if foreign:
            board.isolate(name, f"{hook}: {', '.join(foreign)} is not named after the plugin")
        elif whole:
            items.append(answer)
        else:
            items.extend(answer)
    return items


def _label(item: Any) -> str:
    if isinstance(item, str):
        return item
    verb = getattr(item, "verb", None)
    if verb is not None:
        return str(verb.name)
    return (
        str(getattr(item, "type", "") or getattr(item, "name", "") or "")
        if not isinstance(item, type)
        else str(getattr(item, "kind", ""))
    )


def _own(plugin: str, label: str) -> bool:
    return label.startswith(f"{plugin}.")
