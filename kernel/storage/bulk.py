"""Many rows at once, at the speed of the driver: for fan-outs, where rows count in hundreds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import peewee

from kernel.storage.database import execute_many, require_transaction
from kernel.storage.writing import insertion, storing


def insert_rows(model: type[peewee.Model], rows: Iterable[Mapping[str, Any]]) -> int:
    """Insert rows of equal shape in the caller's transaction; model defaults are applied.

    About 30 times faster than ``create()`` row by row.

    :returns: how many.
    """
    require_transaction("insert_rows")
    return ready_rows(model, rows)()


def ready_rows(model: type[peewee.Model], rows: Iterable[Mapping[str, Any]]) -> Callable[[], int]:
    """Make rows ready; gives what :func:`insert_rows` then does with them.

    For before the transaction, so that others wait for the database alone.
    """
    ready = list(rows)
    if not ready:
        return lambda: 0
    given = tuple(ready[0])
    usual = {name: make for name, make in _usual(model).items() if name not in ready[0]}
    statement, fields = insertion(model, (*given, *usual))
    columns = [
        *([row[name] for row in ready] for name in given),
        *([make() for _ in ready] for make in usual.values()),
    ]
    stored = [_stored(values, storing(one)) for values, one in zip(columns, fields, strict=True)]
    made = list(zip(*stored, strict=True))

    def write() -> int:
        require_transaction("insert_rows")
        execute_many(statement, made)
        return len(made)

    return write


def _stored(values: list[Any], convert: Callable[[Any], Any] | None) -> list[Any]:
    """A column as it is stored; most hold the same moment, reference or flag in all rows."""
    if convert is None:
        return values
    made = []
    last, kept = values[0], convert(values[0])
    for value in values:
        if value is not last:
            last, kept = value, convert(value)
        made.append(kept)
    return made


def insert_tuples(
    model: type[peewee.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert rows that are ready for the store, in the caller's transaction; no defaults.

    For rows in their hundred thousands: twice as fast again as :func:`insert_rows`.

    :param rows: a value for each name, in its stored form: times by
        :func:`kernel.crypto.ids.stamp`, JSON as text.
    """
    require_transaction("insert_tuples")
    execute_many(insertion(model, tuple(names))[0], rows)


def _usual(model: type[peewee.Model]) -> dict[str, Callable[[], Any]]:
    """The columns that have a default, with what makes it."""
    meta: Any = model._meta
    made = {field.name: field.default for field in meta.defaults}
    return {
        name: value if callable(value) else partial(lambda same: same, value)
        for name, value in made.items()
    }
