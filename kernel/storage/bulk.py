"""Many rows at once, at the speed of the driver: for fan-outs, where rows count in hundreds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import peewee

from kernel.storage.database import execute_many, require_transaction
from kernel.storage.fields import stored_value


def insert_rows(model: type[peewee.Model], rows: Iterable[Mapping[str, Any]]) -> int:
    """Insert rows of equal shape in the caller's transaction; model defaults are applied.

    About 30 times faster than ``create()`` row by row.

    :returns: how many.
    """
    require_transaction("insert_rows")
    meta: Any = model._meta
    ready = [meta.get_default_dict() | dict(row) for row in rows]
    if not ready:
        return 0
    fields = [meta.fields[name] for name in ready[0]]
    columns = ", ".join(f'"{field.column_name}"' for field in fields)
    marks = ", ".join(["?"] * len(fields))
    statement = f'INSERT INTO "{meta.table_name}" ({columns}) VALUES ({marks})'  # noqa: S608  # own names
    execute_many(statement, [[stored_value(f, row[f.name]) for f in fields] for row in ready])
    return len(ready)
