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
    ready = list(rows)
    if not ready:
        return 0
    given = tuple(ready[0])
    usual = {name: make for name, make in _usual(model).items() if name not in ready[0]}
    statement, fields = insertion(model, (*given, *usual))
    converters = [(at, stored) for at, stored in enumerate(map(storing, fields)) if stored]
    made = []
    for row in ready:
        values = [row[name] for name in given]
        values += [make() for make in usual.values()]
        for at, stored in converters:
            values[at] = stored(values[at])
        made.append(values)
    execute_many(statement, made)
    return len(made)


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
