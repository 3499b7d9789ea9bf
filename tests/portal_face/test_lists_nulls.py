"""Paging by a key that some rows have not: they come last, each once, in both directions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from peewee import AutoField, CharField, Model, SqliteDatabase

from kernel.errors import Invalid
from kernel.portal.cursor import Cursor, fits
from kernel.portal.lists import Column, ListSpec, Sort, build, counting, from_query, parse
from kernel.storage.fields import UTCField

START = datetime(2026, 11, 1, tzinfo=UTC)
database = SqliteDatabase(":memory:")


class Thing(Model):
    id = AutoField()
    title = CharField()
    due = UTCField(null=True)

    class Meta:
        database = database


SPEC = ListSpec(
    title="事项",
    columns=(Column("title", "标题", "title"),),
    sorts=(
        Sort("due", "按时限", "due", field=Thing.due, nulls=True),
        Sort("late", "按时限倒序", "due", descending=True, field=Thing.due, nulls=True),
        Sort("id", "按序", "id", field=Thing.id),
    ),
    default_sort="due",
    uid="id",
    page_size=4,
)


@pytest.fixture(params=[0, 1, 4, 5, 17, 23])
def things(request: pytest.FixtureRequest) -> Iterator[int]:
    """So many of 23 rows have a limit; several share one."""
    with database.connection_context():
        database.create_tables([Thing])
        for n in range(23):
            due = START + timedelta(days=n // 3) if (n * 7) % 23 < request.param else None
            Thing.create(title=f"第{n}件", due=due)
        yield request.param
        database.drop_tables([Thing])


def walk(sort: str) -> list[int]:
    seen: list[int] = []
    params = {"sort": sort}
    for _ in range(20):
        fetch = from_query(Thing.select(), SPEC, ident=Thing.id)
        listing = build(SPEC, params, path="/x", fetch=fetch, total=counting(Thing.select()))
        assert listing.total == 23
        seen += [row.item.id for row in listing.rows]
        if not listing.next_link:
            return seen
        params = dict(pair.split("=", 1) for pair in listing.next_link.split("?")[1].split("&"))
        params.setdefault("sort", sort)
    raise AssertionError("the list has no end")


@pytest.mark.parametrize("sort", ["due", "late"])
def test_every_row_once_and_those_without_a_limit_last(things: int, sort: str):
    down = sort == "late"
    rows = list(Thing.select())
    some = sorted((r for r in rows if r.due), key=lambda r: (r.due, r.id), reverse=down)
    none = sorted((r for r in rows if not r.due), key=lambda r: r.id, reverse=down)
    assert len(some) == things
    assert walk(sort) == [row.id for row in (*some, *none)]


def test_a_place_without_a_key_is_none_where_there_is_always_one():
    nowhere = Cursor("id", None, 3).text()
    with pytest.raises(Invalid, match="lists.cursor"):
        parse(SPEC, {"sort": "id", "after": nowhere})
    here = Cursor("due", None, 3)
    assert parse(SPEC, {"after": here.text()}).cursor == here


@pytest.mark.parametrize(
    ("sort", "key", "uid"),
    [("due", 5, 1), ("due", START.replace(tzinfo=None), 1), ("id", "x", 1), ("id", 1, "x"),
     ("id", True, 1), ("due", START.date(), 1)],
)  # fmt: skip
def test_a_place_of_the_wrong_kind_is_refused(sort: str, key: object, uid: object):
    with database.connection_context():
        database.create_tables([Thing])
        fetch = from_query(Thing.select(), SPEC, ident=Thing.id)
        params = {"sort": sort, "after": Cursor(sort, key, uid).text()}
        with pytest.raises(Invalid, match="lists.cursor"):
            build(SPEC, params, path="/x", fetch=fetch)
        database.drop_tables([Thing])


def test_an_expression_takes_what_it_is_given():
    assert fits(Thing.id + 1, "x") and not fits(Thing.title, 5)
