"""Each column of each table is compared by `log verify`, or it is said why it is not."""

import importlib
from pathlib import Path

from kernel.node import open_node
from kernel.storage import log_check
from kernel.storage.database import connection, db
from kernel.testing_office import settings_of
from tests.house import columns


def test_no_column_is_forgotten_and_none_is_made_up(office_folder: Path):
    there: set[str] = set()
    with open_node(settings_of(office_folder)), connection():
        for table in db.get_tables():
            if not table.startswith(columns.machinery()) or table in columns.listed():
                keys = set(db.get_primary_keys(table)) & {"id"}
                there |= {f"{table}.{one.name}" for one in db.get_columns(table)} - {
                    f"{table}.{one}" for one in keys
                }
        registered = {one.__module__ for one in log_check._reconcilers}
    said = {
        name
        for table, listed in columns.listed().items()
        for column in listed
        for name in (
            {one for one in there if one.startswith(f"{table}.")}
            if column == "*"
            else {f"{table}.{column}"}
        )
    }
    assert sorted(there - said) == [], "say in docs/columns.toml who compares them, or why nobody"
    assert sorted(said - there) == []
    modules = {importlib.import_module(one) for one in columns.provers()}
    asked = {
        getattr(one, "reconcile", log_check.verify).__module__
        for one in modules
        if one is not log_check
    }
    assert asked <= registered


def test_every_reason_says_something_in_both_languages():
    for name, table in columns.listed().items():
        for column, said in table.items():
            if said.startswith((columns.NO, columns.NOT_YET)):
                reason = said.partition(": ")[2]
                assert not reason.isascii() and " " in reason, f"{name}.{column}"


def test_the_document_says_the_same():
    said = columns.DOC.read_text("utf-8").partition(columns.BEGIN)[2].partition(columns.END)[0]
    assert said == columns.lists(), "run: python3 -m tests.house.columns"
