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
from peewee import __exception_wrapper__ as _peewee_errors  # type: ignore[attr-defined]  # no stub

from kernel.crypto.ids import stamp
from kernel.storage.fields import UTCField, stored_value

_VALUES = peewee.SCOPE_VALUES
_field_sql = peewee.Field.__sql__
_sql: Any = peewee.Context.sql
_UNCHANGED: dict[type, type] = {
    **dict.fromkeys((peewee.CharField, peewee.TextField), str),
    **dict.fromkeys((peewee.IntegerField, peewee.BigIntegerField, peewee.SmallIntegerField), int),
    **{peewee.AutoField: int, peewee.BlobField: bytes},
}
"""Columns whose values are the same in the store and in code, and the type of these values."""
_AS_THEY_ARE = {*_UNCHANGED, peewee.BooleanField, UTCField}
"""Columns whose values are compared as they are stored: not wrapped in anything."""
_PLAIN = {str, int, bool, datetime}
_OP: Any = peewee.OP
_JOINING = {_OP.AND, _OP.OR}
_COMPARING = {_OP.EQ, _OP.NE, _OP.LT, _OP.LTE, _OP.GT, _OP.GTE}
_IS = {_OP.IS, _OP.IS_NOT}


class Context(peewee.Context):
    """Writes ``"t1"."name"`` without the six nested calls that peewee makes for each column."""

    __slots__ = ()

    def sql(self, obj: Any) -> Any:
        """The SQL of a node; fields of aliases and all other nodes are left to peewee."""
        kind = type(obj)
        if kind is peewee.Expression:
            return self._expression(obj)
        if getattr(kind, "__sql__", None) is not _field_sql:
            return _sql(self, obj)
        if self.state.scope == _VALUES:
            return self.literal(f'"{obj.column_name}"')
        table = obj.model._meta.table
        if table._alias:
            return _sql(self, obj)
        return self.literal(f'"{self.alias_manager[table]}"."{obj.column_name}"')

    def _expression(self, obj: Any) -> Any:
        """What nearly all conditions are made of: both, either, and a column against a value."""
        mine: Any = self
        left, right, op = obj.lhs, obj.rhs, obj.op
        kind = type(right)
        if op in _JOINING and type(left) is kind is peewee.Expression:
            known = True
        elif type(left) in _AS_THEY_ARE:
            nothing = right is None and op in _IS
            known = nothing or (kind in _PLAIN and op in _COMPARING)
        else:
            known = False
        if not known or self.state.value_literals:
            return _sql(self, obj)
        written = mine._sql
        if not obj.flat:
            written.append("(")
        self.sql(left)
        written.append(f" {op} ")
        if kind is peewee.Expression:
            self.sql(right)
        elif right is None:
            written.append("NULL")
        else:
            plain = _UNCHANGED.get(type(left)) is kind
            mine._values.append(right if plain else left.db_value(right))
            written.append(self.state.param or "?")
        if not obj.flat:
            written.append(")")
        return self


class Driven:
    """A database whose statements go to the driver without peewee's three layers on the way, its
    hooks and its log of statements, which would hold what people wrote."""

    cursor: Callable[[], Any]

    def execute_sql(self, sql: str, params: Sequence[Any] | None = None) -> Any:
        """Run a statement; gives the cursor. It raises what peewee raises."""
        try:
            cursor = self.cursor()
            cursor.execute(sql, params or ())
        except Exception:
            with _peewee_errors:
                raise
        return cursor


@lru_cache(maxsize=1024)
def insertion(model: type[peewee.Model], names: tuple[str, ...]) -> tuple[str, list[Any]]:
    """The statement that inserts these columns, with ``?`` for each value, and their fields."""
    meta: Any = model._meta
    fields = [meta.fields[name] for name in names]
    columns = ", ".join(f'"{field.column_name}"' for field in fields)
    marks = ", ".join(["?"] * len(fields))
    return f'INSERT INTO "{meta.table_name}" ({columns}) VALUES ({marks})', fields  # noqa: S608  # own names


class _Inserting(NamedTuple):
    """How a row is inserted: for each value the type that is stored as it is, and what converts
    any other; the id, and its column."""

    columns: list[tuple[type | None, Callable[[Any], Any]]]
    key: str
    returned: str


@lru_cache(maxsize=1024)
def _inserting(model: type[peewee.Model], names: tuple[str, ...]) -> _Inserting | None:
    meta: Any = model._meta
    if not meta.auto_increment or meta.refs:
        return None
    fields = insertion(model, names)[1]
    kinds: dict[Any, type] = _UNCHANGED
    columns: list[Any] = [(kinds.get(type(one)), partial(stored_value, one)) for one in fields]
    return _Inserting(columns, meta.primary_key.name, meta.primary_key.column_name)


@lru_cache(maxsize=1024)
def _statement(model: type[peewee.Model], names: tuple[str, ...], param: str, returned: str) -> str:
    statement = insertion(model, names)[0].replace("?", param)
    return f'{statement} RETURNING "{returned}"' if returned else statement


def insert(row: peewee.Model) -> bool:
    """Insert a row and give it its id, in a fraction of the time of ``save()``.

    :returns: False, with nothing done, where only peewee knows how: tables without an id of their
        own, and values that are expressions.
    """
    kept: Any = row
    given: dict[str, Any] = kept.__data__
    model, names = type(row), tuple(given)
    plan = _inserting(model, names)
    if plan is None:
        return False
    if plan.key in given:
        if given[plan.key]:
            return False
        del given[plan.key]
        return insert(row)
    values = []
    for (plain, convert), value in zip(plan.columns, given.values(), strict=True):
        if type(value) is plain:
            values.append(value)
        elif isinstance(value, peewee.Node):
            return False
        else:
            values.append(convert(value))
    meta: Any = model._meta
    database = meta.database.obj
    returned = plan.returned if database.returning_clause else ""
    text = _statement(model, names, database.param, returned)
    cursor = database.execute_sql(text, values)
    kept._pk = cursor.fetchone()[0] if returned else cursor.lastrowid
    kept._dirty.clear()
    return True


@lru_cache(maxsize=1024)
def _changing(
    model: type[peewee.Model], names: tuple[str, ...], param: str
) -> tuple[str, list[tuple[type | None, Callable[[Any], Any]]]]:
    meta: Any = model._meta
    fields = [meta.fields[name] for name in names]
    columns = ", ".join(f'"{one.column_name}" = {param}' for one in fields)
    where = f'"{meta.primary_key.column_name}" = {param}'
    kinds: dict[Any, type] = _UNCHANGED
    converters: list[Any] = [(kinds.get(type(one)), partial(stored_value, one)) for one in fields]
    return f'UPDATE "{meta.table_name}" SET {columns} WHERE {where}', converters  # noqa: S608  # own names


def change(row: peewee.Model, values: dict[str, Any]) -> None:
    """Write these columns of a row, and nothing else of it; the row has them then, too.

    :raises KeyError: for what is no column. :raises TypeError: for an expression, of which nobody
        would know what became of it. Both are defects.
    """
    kept: Any = row
    meta: Any = type(row)._meta
    database = meta.database.obj
    text, converters = _changing(type(row), tuple(values), database.param)
    given = []
    for (plain, convert), (name, value) in zip(converters, values.items(), strict=True):
        if isinstance(value, peewee.Node):
            raise TypeError(f"{name} is given an expression: use update()")
        given.append(value if type(value) is plain else convert(value))
    database.execute_sql(text, [*given, kept._pk])
    for name, value in values.items():
        setattr(row, name, value)
    kept._dirty.difference_update(values)


@lru_cache(maxsize=1024)
def _settable(model: type[peewee.Model]) -> frozenset[str]:
    """The columns of a table that are no more than values in the row's dictionary."""
    meta: Any = model._meta
    if meta.refs or model.__init__ is not peewee.Model.__init__:
        return frozenset()
    fields = meta.fields.items()
    return frozenset(name for name, one in fields if one.accessor_class is peewee.FieldAccessor)


def made(model: type[peewee.Model], values: dict[str, Any]) -> Any:
    """A new row, not inserted yet: what ``model(**values)`` gives."""
    if not values.keys() <= _settable(model):
        return model(**values)
    row: Any = model()
    row.__data__.update(values)
    row._dirty.update(values)
    return row


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
    database = meta.database.obj
    head, names = _selection(model)
    ctx = database.get_sql_context(subquery=True)
    ctx.alias_manager.add(meta.table)  # the first one: "t1"
    text, values = ctx.sql(where).query()
    row = database.execute_sql(f"{head}{text} LIMIT 1", values).fetchone()
    return None if row is None else _filled(model, names, row)


def _filled(model: type[peewee.Model], names: list[tuple[str, Any]], row: Sequence[Any]) -> Any:
    found: Any = model(__no_default__=1)
    data = found.__data__
    for (name, convert), value in zip(names, row, strict=True):
        data[name] = value if convert is None else convert(value)
    return found


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
        self.plain: type | None = None

    def __sql__(self, ctx: Any) -> Any:
        self.converter = ctx.state.converter
        self.plain = _UNCHANGED.get(type(getattr(self.converter, "__self__", None)))
        ctx._values.append(self)
        return ctx.literal(ctx.state.param or "?")

    def stored(self, value: Any) -> Any:
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

    def __init__(self, build: Callable[..., Any], count: int | None = None) -> None:
        self._build = build
        self._count = len(inspect.signature(build).parameters) if count is None else count
        self._made: dict[type, _Made] = {}
        self._database: Any = None

    def rows(self, *values: Any) -> list[tuple[Any, ...]]:
        """All rows of the answer, as tuples of what was selected."""
        found, converters = self._run(values)
        if not converters:
            return list(found.fetchall())
        return [_converted(row, converters) for row in found.fetchall()]

    def first(self, *values: Any) -> tuple[Any, ...] | None:
        """The first row, or None."""
        found, converters = self._run(values)
        row = found.fetchone()
        return None if row is None else _converted(row, converters)

    def one(self, model: type[peewee.Model], *values: Any) -> Any:
        """The first row as an object, or None, where all columns of this table were selected."""
        row = self._run(values)[0].fetchone()
        return None if row is None else _filled(model, _selection(model)[1], row)

    def objects(self, models: Sequence[type[peewee.Model]], *values: Any) -> list[list[Any]]:
        """All rows, each as objects of these tables, where all columns of each of them were
        selected, in this order.
        """
        plan, start = [], 0
        for model in models:
            names = _selection(model)[1]
            plan.append((model, names, start, start + len(names)))
            start += len(names)
        rows = self._run(values)[0].fetchall()
        return [[_filled(m, names, row[at:end]) for m, names, at, end in plan] for row in rows]

    def run(self, *values: Any) -> int:
        """Write; gives how many rows."""
        return int(self._run(values)[0].rowcount)

    def _run(self, values: tuple[Any, ...]) -> tuple[Any, list[Any]]:
        database = getattr(self._database, "obj", None)
        made = self._made.get(type(database)) or self._make()
        given = []
        for one in made.values:
            if type(one) is _Place:
                value = values[one.number]
                given.append(value if type(value) is one.plain else one.stored(value))
            else:
                given.append(one)
        return (database or self._database).execute_sql(made.text, given), made.converters

    def _make(self) -> _Made:
        query: Any = self._build(*map(_Place, range(self._count)))
        if type(getattr(query, "_limit", None)) is int:
            # Written out: SQLite plans a statement anew each time that its limit is a parameter.
            query._limit = peewee.SQL(str(query._limit))
        self._database = query._database
        text, values = self._database.get_sql_context().sql(query).query()
        chosen = getattr(query, "_returning", None) or ()
        converters = [_converter(node) for node in chosen]
        made = _Made(text, values, converters if any(converters) else [])
        self._made[type(self._database.obj)] = made
        return made


def _converted(row: Sequence[Any], converters: list[Any]) -> tuple[Any, ...]:
    if not converters:
        return tuple(row)
    values = list(row)
    for at, convert in enumerate(converters):
        if convert is not None:
            values[at] = convert(values[at])
    return tuple(values)
