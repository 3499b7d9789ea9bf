"""How our rows and queries become SQL: as peewee writes it, but not written anew each time.

Building the text of a query costs peewee several times what SQLite needs to answer it. What is
always the same is written once here: the names of columns, the statement that inserts a row, the
columns of one row; and, with :class:`Ready`, all of a query that is asked again and again.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, NamedTuple

import peewee

from kernel.crypto.ids import stamp
from kernel.storage.fields import stored_value

_VALUES = peewee.SCOPE_VALUES
_field_sql = peewee.Field.__sql__
_sql: Any = peewee.Context.sql
_UNCHANGED = {
    *(peewee.CharField, peewee.TextField, peewee.IntegerField, peewee.BigIntegerField),
    *(peewee.SmallIntegerField, peewee.AutoField, peewee.BlobField),
}
"""Columns whose values are the same in the store and in code."""


class Context(peewee.Context):
    """Writes ``"t1"."name"`` without the six nested calls that peewee makes for each column."""

    __slots__ = ()

    def sql(self, obj: Any) -> Any:
        """The SQL of a node; fields of aliases and all other nodes are left to peewee."""
        if getattr(type(obj), "__sql__", None) is not _field_sql:
            return _sql(self, obj)
        if self.state.scope == _VALUES:
            return self.literal(f'"{obj.column_name}"')
        table = obj.model._meta.table
        if table._alias:
            return _sql(self, obj)
        return self.literal(f'"{self.alias_manager[table]}"."{obj.column_name}"')


@lru_cache(maxsize=1024)
def insertion(model: type[peewee.Model], names: tuple[str, ...]) -> tuple[str, list[Any]]:
    """The statement that inserts these columns, with ``?`` for each value, and their fields."""
    meta: Any = model._meta
    fields = [meta.fields[name] for name in names]
    columns = ", ".join(f'"{field.column_name}"' for field in fields)
    marks = ", ".join(["?"] * len(fields))
    return f'INSERT INTO "{meta.table_name}" ({columns}) VALUES ({marks})', fields  # noqa: S608  # own names


def insert(row: peewee.Model) -> bool:
    """Insert a row and give it its id, in a quarter of the time of ``save()``.

    :returns: False, with nothing done, where only peewee knows how: tables without an id of their
        own, and values that are expressions.
    """
    kept: Any = row
    meta: Any = type(row)._meta
    given: dict[str, Any] = dict(kept.__data__)
    plain = not any(isinstance(value, peewee.Node) for value in given.values())
    if not (meta.auto_increment and plain) or meta.refs or given.pop(meta.primary_key.name, None):
        return False
    statement, fields = insertion(type(row), tuple(given))
    values = [stored_value(field, given[field.name]) for field in fields]
    database = meta.database
    returning = f' RETURNING "{meta.primary_key.column_name}"' if database.returning_clause else ""
    cursor = database.execute_sql(statement.replace("?", database.param) + returning, values)
    kept._pk = cursor.fetchone()[0] if returning else cursor.lastrowid
    kept._dirty.clear()
    return True


@lru_cache(maxsize=1024)
def _selection(model: type[peewee.Model]) -> tuple[str, list[tuple[str, Any]]]:
    """The statement that reads whole rows of a table, and the name and converter of each column."""
    meta: Any = model._meta
    columns = ", ".join(f'"t1"."{field.column_name}"' for field in meta.sorted_fields)
    names = [(field.name, _converter(field)) for field in meta.sorted_fields]
    return f'SELECT {columns} FROM "{meta.table_name}" AS "t1" WHERE ', names  # noqa: S608  # own names


def one(model: type[peewee.Model], where: peewee.Node) -> Any:
    """The first row of a table that fits, or None: what ``get_or_none()`` gives."""
    meta: Any = model._meta
    head, names = _selection(model)
    ctx = meta.database.get_sql_context(subquery=True)
    ctx.alias_manager.add(meta.table)  # the first one: "t1"
    text, values = ctx.sql(where).query()
    row = meta.database.execute_sql(f"{head}{text} LIMIT 1", values).fetchone()
    if row is None:
        return None
    made: Any = model(__no_default__=1)
    made.__data__ = {
        name: value if convert is None else convert(value)
        for (name, convert), value in zip(names, row, strict=True)
    }
    return made


def storing(field: Any) -> Callable[[Any], Any] | None:
    """What makes the stored value of this column; None where it is the value itself."""
    return None if type(field) in _UNCHANGED else partial(stored_value, field)


def _converter(node: Any) -> Callable[[Any], Any] | None:
    plain = type(node) in _UNCHANGED or not isinstance(node, peewee.Field)
    return None if plain else node.python_value


class _Place(peewee.Node):
    """Where a value comes in a query that is built before the value is known."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.converter: Callable[[Any], Any] | None = None

    def __sql__(self, ctx: Any) -> Any:
        self.converter = ctx.state.converter
        ctx._values.append(self)
        return ctx.literal(ctx.state.param or "?")

    def value(self, given: Sequence[Any]) -> Any:
        value = given[self.number]
        if self.converter is not None:
            return self.converter(value)
        return stamp(value) if isinstance(value, datetime) else value


class _Made(NamedTuple):
    text: str
    values: list[Any]
    converters: list[Any]


class Ready:
    """A query that is asked again and again: built by peewee once, then only its values change.

    >>> value_of = Ready(lambda key: NodeFact.select(NodeFact.value).where(NodeFact.key == key))
    >>> value_of.first("phase")

    The values stand where the arguments do, compared with a column or set in an update; nothing
    else may depend on them. It is one query on SQLite and another on PostgreSQL.
    """

    def __init__(self, build: Callable[..., Any]) -> None:
        self._build = build
        self._made: dict[type, _Made] = {}
        self._database: Any = None

    def rows(self, *values: Any) -> list[tuple[Any, ...]]:
        """All rows of the answer, as tuples of what was selected."""
        found, converters = self._run(values)
        if not any(converters):
            return list(found.fetchall())
        return [_converted(row, converters) for row in found.fetchall()]

    def first(self, *values: Any) -> tuple[Any, ...] | None:
        """The first row, or None."""
        found, converters = self._run(values)
        row = found.fetchone()
        return None if row is None else _converted(row, converters)

    def run(self, *values: Any) -> int:
        """Write; gives how many rows."""
        return int(self._run(values)[0].rowcount)

    def _run(self, values: tuple[Any, ...]) -> tuple[Any, list[Any]]:
        made = self._made.get(type(getattr(self._database, "obj", None))) or self._make()
        given = [one.value(values) if isinstance(one, _Place) else one for one in made.values]
        return self._database.execute_sql(made.text, given), made.converters

    def _make(self) -> _Made:
        count = len(inspect.signature(self._build).parameters)
        query: Any = self._build(*map(_Place, range(count)))
        self._database = query._database
        text, values = self._database.get_sql_context().sql(query).query()
        chosen = getattr(query, "_returning", None) or ()
        made = _Made(text, values, [_converter(node) for node in chosen])
        self._made[type(self._database.obj)] = made
        return made


def _converted(row: Sequence[Any], converters: list[Any]) -> tuple[Any, ...]:
    return tuple(
        value if convert is None else convert(value)
        for value, convert in zip(row, converters, strict=True)
    )
