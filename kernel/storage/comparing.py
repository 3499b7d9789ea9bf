"""Rows as they lie in the tables, a stretch at a time, for who holds them against what was signed.

Nothing is made of the values: a moment that is none, or words where a number belongs, are what has
to be found and named.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, NamedTuple

import peewee

from kernel.storage.database import JSONField, connection, db

Row = dict[str, Any]
"""One row: the names of its fields, and what the driver gives for them."""
Found = tuple[str, str]
"""Where something does not agree, and what, in Chinese and English."""


class Noted(NamedTuple):
    """What a check cannot say of a place, and why: no difference, but those who rely on it know."""

    where: str
    what: str


Step = Callable[[int], object]
"""Told how many more rows were compared."""
STRETCH = 500
_LONGEST = 60
AT_ONCE = timedelta(seconds=10)
"""How long after its act a row of version 0.1 may say that it was written."""


class ReconcilerIn:
    """The function ``reconcile`` of a module, which is imported when somebody verifies the log.

    :param module: its full name, as ``plugins.notes.proving``.
    """

    def __init__(self, module: str) -> None:
        self.__module__ = module  # by which a report names who failed

    def __call__(self, step: Step) -> Iterable[Found]:
        """What the module finds."""
        found: Iterable[Found] = import_module(self.__module__).reconcile(step)
        return found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ReconcilerIn) and other.__module__ == self.__module__

    def __hash__(self) -> int:
        return hash(self.__module__)


def uncounted(_: int) -> None:
    """For who does not want to know how far it has come."""


def stretches(
    model: type[peewee.Model],
    *fields: Any,
    where: Any = None,
    size: int = STRETCH,
) -> Iterator[list[Row]]:
    """All rows in the order of their ids, so many at a time; never more are held.

    :param fields: the columns; all unless given. The id is always among them.
    """
    key: Any = model._meta.primary_key
    after: Any = None
    while True:
        parts = [one for one in (where, None if after is None else key > after) if one is not None]
        rows = rows_of(model, *fields, where=parts, limit=size)
        if not rows:
            return
        yield rows
        after = rows[-1][key.name]


def rows_of(
    model: type[peewee.Model], *fields: Any, where: Collection[Any] = (), limit: int = 0
) -> list[Row]:
    """The rows for which all of these conditions hold, in the order of their ids."""
    meta: Any = model._meta
    columns = list(dict.fromkeys([meta.primary_key, *(fields or meta.sorted_fields)]))
    query = model.select(*columns).order_by(meta.primary_key)
    for condition in where:
        query = query.where(condition)
    sql, values = (query.limit(limit) if limit else query).sql()
    with connection():
        found = db.execute_sql(sql, values).fetchall()
    return [{f.name: _plain(f, v) for f, v in zip(columns, one, strict=True)} for one in found]


def by(rows: Collection[Row], *names: str) -> dict[Any, list[Row]]:
    """The rows by the value of a field, or of several; each list in its order."""
    sorted_: dict[Any, list[Row]] = {}
    for row in rows:
        key = row[names[0]] if len(names) == 1 else tuple(row[name] for name in names)
        sorted_.setdefault(key, []).append(row)
    return sorted_


def missing(
    model: type[peewee.Model],
    field: Any,
    there: Any,
    where: Any = None,
    size: int = STRETCH,
) -> Iterator[str]:
    """The values of a field that no row has in another one (``there``), each once in a stretch."""
    nowhere = absent(field, there)
    condition = nowhere if where is None else nowhere & where
    for rows in stretches(model, field, where=condition, size=size):
        yield from dict.fromkeys(str(row[field.name]) for row in rows)


def absent(field: Any, there: Any) -> Any:
    """The condition that no row has the value of a field in another one (``there``)."""
    return ~peewee.fn.EXISTS(there.model.select(peewee.SQL("1")).where(there == field))


def differs(name: tuple[str, str], shown: object, signed: object) -> str:
    """The sentence for a column that says something else than what was signed.

    :param name: what the column is, in Chinese and English.
    """
    row, said = _short(shown), _short(signed)
    return (
        f"{name[0]}与签名内容不符：库中为{row}，签名为{said}；以签名为准，请与备份核对后改回"
        f" / {name[1]} is not what was signed: the row says {row}, signed was {said}; what was "
        "signed counts, compare with a backup and restore it"
    )


def near(one: object, other: object) -> bool:
    """Whether two stored moments are the same, but for what an act takes to be written."""
    if one == other:
        return True
    try:
        apart = datetime.fromisoformat(str(one)) - datetime.fromisoformat(str(other))
        return abs(apart) <= AT_ONCE
    except (ValueError, TypeError):
        return False


def as_stored(value: Any) -> Any:
    """A value as a JSON column gives it back: lists in the place of tuples."""
    return json.loads(json.dumps(value))


def _short(value: object) -> str:
    text = "（空 nothing）" if value in ("", None) else str(value)
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return "".join(one if one.isprintable() else "?" for one in f"“{text}”")


def _plain(field: Any, value: Any) -> Any:
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(field, peewee.BooleanField) and value in (0, 1):
        return bool(value)
    if isinstance(field, JSONField) and isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
