"""Looks of organs and days of the calendar against the acts that set them, for ``log verify``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import peewee

from kernel.acts.deeds import deeds
from kernel.identity.models import Look
from kernel.storage.comparing import Found, Step, differs, rows_of, uncounted
from kernel.storage.database import snapshot
from kernel.work.calendar import EnteredDay

_LOOK = ("theme", "mark", "logo", "product", "support", "notice", "letter_name", "letter_bare")
_LATER = {"letter_name": "", "letter_bare": False}
"""What acts of version 0.1 do not say."""


def reconcile(step: Step = uncounted) -> Iterator[Found]:
    """Name what is set otherwise than by the last act on it, set by nobody, or gone."""
    with snapshot():
        looks, days = _looks(), _days()
        found = [*_compare("look", Look, Look.organ, looks)]
        found += _compare("day", EnteredDay, EnteredDay.day, days)
    yield from found
    step(len(looks) + len(days))


def _looks() -> dict[str, dict[str, Any]]:
    said = {}
    for one in deeds("house.set_look"):
        params = _LATER | one.params
        said[one.organ] = {name: params.get(name) for name in _LOOK} | {"act": one.uid}
    return said


def _days() -> dict[str, dict[str, Any]]:
    said = {}
    for one in deeds("house.set_day"):
        words = {name: str(one.params.get(name, "")).strip() for name in ("name", "source")}
        day = str(one.params.get("day"))
        said[day] = {"works": one.params.get("works"), **words, "act": one.uid}
    return said


def _compare(
    what: str, model: type[peewee.Model], key: Any, said: dict[str, dict[str, Any]]
) -> Iterator[Found]:
    rows = {row[key.name]: row for row in rows_of(model)}
    for name in sorted(rows.keys() | said.keys()):
        where = f"{what} {name}"
        if name not in said:
            yield where, _BY_NOBODY
        elif name not in rows:
            yield where, _GONE
        else:
            for field, value in said[name].items():
                if rows[name][field] != value:
                    yield where, differs((field, field), rows[name][field], value)


_BY_NOBODY = (
    "没有任何办理设置过，请报安全保密管理员 / was set by no act: tell the security administrator"
)
_GONE = (
    "已由办理设置，库中却没有，请从备份中找回"
    " / was set by an act, and its row is gone: look for it in a backup"
)
