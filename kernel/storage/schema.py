"""Writing migration scripts from models, and checking that models and tables agree.

:func:`generate` runs the folder's scripts on an empty database in memory and writes what the
models have beyond that. What it cannot write it names in a ValueError: constraints, triggers, data,
not-null columns added without a default. Such a script is written by hand: ``up(migrator, db)``
with frozen copies of the models. Partial and expression indexes (``Model.add_index``) are written
as SQL. Scripts never import models or fields of ours: a field of our own is written as the peewee
field that it derives from, which is what the column is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import peewee
from playhouse.migrations import Runner, template
from playhouse.schema_diff import SchemaDiff, diff_models

from kernel.deferred import pattern
from kernel.storage.database import connection, db, on_postgresql

Models = Sequence[type[peewee.Model]]

_BY_HAND = pattern(r"^# [A-Z]{4}: (.*)$", re.MULTILINE)
"""How peewee's template marks what it leaves to us."""
_ARGUMENTS = "migrator: SchemaMigrator, db: Database"
_HEAD = '''"""{title}"""

from __future__ import annotations

from peewee import {names}
from playhouse.migrate import SchemaMigrator


'''


def generate(name: str, models: Models, directory: Path | str, title: str = "") -> Path | None:
    """Write the next migration of a set from its models.

    :param name: the set's name, for the first line of the script.
    :param models: all models of the set; tables of other rooms that they refer to are not listed.
    :param directory: the set's folder; made when it does not exist.
    :param title: what the change is for (``add the keeper's phone``); makes the file name.
    :returns: the new file, or None when the scripts already make what the models say.
    :raises ValueError: what has to be written by hand, one line each.
    """
    folder = Path(directory)
    memory = _migrated(folder)
    try:
        diff = diff_models(memory, models)
        if not diff:
            return None
        first = not list(folder.glob("[0-9]*.py"))
        title = title or ("initial" if first else "change")
        text = _script(f"{name}: {title}.", diff, models)
        return Path(Runner(memory, str(folder)).create(title, body=text))
    finally:
        memory.close()


def schema_differences(models: Models) -> list[str]:
    """What the open node's tables and the models do not agree on; empty when they do.

    Compares tables, columns with type, null and key, foreign keys and indexes (partial ones by
    name) on the open node, which has been migrated.
    """
    with connection():
        diff = diff_models(db.obj, models)
        missing = set(diff.create_tables)
        present = [model for model in models if model not in missing]
        return [*filter(None, str(diff).split("\n")), *_column_differences(present)]


def _migrated(folder: Path) -> peewee.SqliteDatabase:
    """An empty database in memory on which the folder's scripts have run."""
    memory = peewee.SqliteDatabase(":memory:")
    # Of another room; triggers of this one write to it.
    memory.execute_sql("CREATE TABLE storage_edition (edition BLOB NOT NULL)")
    if folder.is_dir():
        try:
            Runner(memory, str(folder)).up()
        except BaseException:
            memory.close()
            raise
    return memory


def _column_differences(models: Models) -> Iterator[str]:
    tables = sorted({model._meta.table_name for model in models})
    wanted = _wanted_there(models, tables) if on_postgresql() else _wanted_here(models, tables)
    for table in tables:
        want, have = wanted[table], _facts(db.obj, table)
        yield from (f"{table}: models say {fact}" for fact in sorted(want - have))
        yield from (f"{table}: the tables have {fact}" for fact in sorted(have - want))


def _wanted_here(models: Models, tables: list[str]) -> dict[str, set[str]]:
    """What the models make of an empty database in memory."""
    memory = peewee.SqliteDatabase(":memory:")
    with memory.bind_ctx(models, bind_refs=False, bind_backrefs=False):
        memory.create_tables(models)
    found = {table: _facts(memory, table) for table in tables}
    memory.close()
    return found


def _wanted_there(models: Models, tables: list[str]) -> dict[str, set[str]]:
    """What they make of an empty schema of the server, which is taken back."""
    with db.atomic() as undone:
        db.execute_sql("CREATE SCHEMA juyan_wanted")
        db.execute_sql("SET LOCAL search_path TO juyan_wanted, public")
        db.create_tables(models)
        found = {table: _facts(db.obj, table) for table in tables}
        undone.rollback()
    return found


def _facts(database: peewee.Database, table: str) -> set[str]:
    columns = database.get_columns(table)
    keys = database.get_foreign_keys(table)
    return {
        f"{c.name} {c.data_type.upper()}{' null' if c.null else ''}{' key' * c.primary_key}"
        for c in columns
    } | {f"{k.column} -> {k.dest_table}.{k.dest_column} {k.on_delete} {k.on_update}" for k in keys}


def _script(title: str, diff: SchemaDiff, models: Models) -> str:
    text = template(diff)
    text = _without_own_fields(text, diff)
    indexes = list(_index_statements(diff, models))
    by_hand = [*_by_hand(text, diff, written={name for name, _ in indexes})]
    if by_hand:
        raise ValueError("to be written by hand:\n" + "\n".join(by_hand))
    up, down = re.split(r"^def down\(migrator, db\):\n", _body(text), flags=re.MULTILINE)
    up = up.replace("def up(migrator, db):", f"def up({_ARGUMENTS}) -> None:")
    up = re.sub(r"( = .*\n)(    +)class Meta:", r"\1\n\2class Meta:", up)
    up = re.sub(r"\n    db.create_tables", r"\n\n    db.create_tables", up)
    up = up.rstrip() + "".join(_statement(sql) for _, sql in indexes)
    down = f"def down({_ARGUMENTS}) -> None:\n" + down
    body = f"{up}\n\n\n{down}"
    return _HEAD.format(title=title, names=", ".join(_peewee_names(body))) + body


def _statement(sql: str) -> str:
    parts = re.findall(r".{1,70}(?:\s|$)", sql)
    if "".join(parts) != sql:
        parts = [sql]
    text = "".join(f"            {part!r}\n" for part in parts)
    return f"\n    migrator.migrate(\n        migrator.sql(\n{text}        )\n    )"


def _body(text: str) -> str:
    """The functions of the template, without its head."""
    return text[text.index("def up(") :]


def _peewee_names(body: str) -> list[str]:
    used = set(re.findall(r"\b[A-Z]\w+\b", body))
    return sorted(name for name in peewee.__all__ if name in used)


def _own_classes(diff: SchemaDiff) -> set[type[peewee.Field]]:
    fields = [f for model in diff.create_tables for f in model._meta.sorted_fields]
    return {type(f) for f in [*fields, *diff.add_columns] if type(f).__module__ != "peewee"}


def _without_own_fields(text: str, diff: SchemaDiff) -> str:
    for cls in _own_classes(diff):
        plain = next(base for base in cls.__mro__ if base.__module__ == "peewee")
        text = text.replace(f"from {cls.__module__} import {cls.__name__}\n", "")
        text = re.sub(rf"\b{cls.__name__}\(", f"{plain.__name__}(", text)
    return text


def _index_statements(diff: SchemaDiff, models: Models) -> Iterator[tuple[str, str]]:
    """Partial and expression indexes as SQL: (name, statement); values are written in it."""
    added = {(index.table, index.name) for index in diff.add_indexes if index.columns is None}
    for model in models:
        for index in model._meta.indexes or ():
            key = (model._meta.table_name, getattr(index, "_name", None))
            if isinstance(index, peewee.Index) and (model in diff.create_tables or key in added):
                # The names and quotes of SQLite are those of PostgreSQL too.
                context: Any = peewee.SqliteDatabase(None).get_sql_context()
                yield str(key[1]), context.sql(peewee.ValueLiterals(index)).query()[0]


def _by_hand(text: str, diff: SchemaDiff, written: set[str]) -> Iterator[str]:
    created = {name for m in diff.create_tables for name in m._meta.fields}
    for line in _BY_HAND.findall(text):
        name = re.search(r"index (\S+)", line)
        is_default = "default" in line and line.split(":")[0] in created
        if not is_default and not (name and name.group(1) in written):
            yield line
    for model in diff.create_tables:
        checked = [f.name for f in model._meta.sorted_fields if f.constraints or f.collation]
        if checked or model._meta.constraints:
            yield f"{model._meta.table_name}: constraints and collations {checked}"
