"""Queries that are not built anew each time say the same as those that are."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import peewee
import pytest

from kernel.storage.bulk import insert_rows
from kernel.storage.database import JSONField, Model, UTCField, connection, db, transaction
from kernel.storage.writing import Ready

pytestmark = pytest.mark.both
NOON = datetime(2026, 11, 28, 4, 0, tzinfo=UTC)


class Box(Model):
    name = peewee.CharField(unique=True)
    size = peewee.IntegerField(default=3)
    open = peewee.BooleanField(default=True)
    at = UTCField(default=lambda: NOON)
    facts = JSONField(default=dict)
    data = peewee.BlobField(null=True)

    class Meta:
        table_name = "toy_box"


class Item(Model):
    box = peewee.ForeignKeyField(Box, backref="items")
    text = peewee.TextField()

    class Meta:
        table_name = "toy_item"


@pytest.fixture(autouse=True)
def tables(folder: Path) -> Iterator[None]:
    with transaction():
        db.create_tables([Box, Item])
    with connection():
        yield


def test_what_is_created_can_be_read_as_peewee_reads_it():
    with transaction():
        made = Box.create(name="甲", facts={"a": ["文"]}, data=b"\0\xff")
        other = Box.create(name="乙", size=5, open=False)
    assert (made.id, made.size, made.open, made.at) == (other.id - 1, 3, True, NOON)
    quick, plain = Box.get_or_none(Box.name == "甲"), Box.get(Box.name == "甲")
    assert quick is not None and quick == made == plain
    for row in (quick, plain):
        assert (row.facts, bytes(row.data), row.at, row.open) == (
            {"a": ["文"]},
            b"\0\xff",
            NOON,
            True,
        )
    assert not quick.dirty_fields
    quick.size = 9
    with transaction():
        assert quick.save() == 1
    assert Box.get_by_id(made.id).size == 9


def test_many_rows_get_their_defaults_and_stored_forms():
    with transaction():
        assert insert_rows(Box, []) == 0
        assert insert_rows(Box, [{"name": str(n), "facts": {"n": n}} for n in range(3)]) == 3
        assert insert_rows(Box, [{"name": "x", "at": NOON, "open": False, "data": b"1"}]) == 1
    rows = list(Box.select().order_by(Box.id))
    assert [(row.size, row.facts, row.open, row.at) for row in rows[:3]] == [
        (3, {"n": n}, True, NOON) for n in range(3)
    ]
    assert (rows[3].open, bytes(rows[3].data), rows[3].facts) == (False, b"1", {})


def test_one_row_is_found_by_anything_that_a_query_can_say():
    with transaction():
        first, second = Box.create(name="甲"), Box.create(name="乙", open=False)
        Item.create(box=second, text="里面")
    holding = Item.select(Item.box).where(Item.text == "里面")
    assert Box.get_or_none(Box.id.in_(holding)) == second
    assert Box.get_or_none(Box.open & ~Box.id.in_(holding)) == first
    inside = Item.select().where((Item.box == Box.id) & (Item.text != ""))
    assert Box.get_or_none(peewee.fn.EXISTS(inside)) == second
    other = Box.alias()
    bigger = other.select(peewee.fn.MAX(other.id))
    assert Box.get_or_none(Box.id == bigger) == second
    assert Box.get_or_none((Box.name == "丙") | (Box.size > 7)) is None
    assert Box.get_or_none(Box.name == "甲", open=True) == first
    item = Item.get_or_none(Item.text == "里面")
    assert item is not None and item.box == second and item.box_id == second.id


def test_a_ready_query_is_asked_with_other_values():
    named = Ready(
        lambda name, before: Box.select(Box.id, Box.facts, Box.at, Box.open).where(
            (Box.name == name) & (Box.at < before) & (Box.size == 3)
        )
    )
    later = datetime(2027, 1, 1, tzinfo=UTC)
    with transaction():
        made = [Box.create(name=name, facts={"is": name}) for name in ("甲", "乙")]
    for row in made:
        assert named.rows(row.name, later) == [(row.id, {"is": row.name}, NOON, True)]
    assert named.first("甲", NOON) is None and named.rows("丙", later) == []


def test_a_ready_query_writes():
    grow = Ready(
        lambda size, at, name: Box.update(size=size, at=at, facts={}).where(Box.name == name)
    )
    drop = Ready(lambda name: Box.delete().where(Box.name == name))
    later = datetime(2027, 1, 1, tzinfo=UTC)
    with transaction():
        Box.create(name="甲", facts={"a": 1})
        assert grow.run(8, later, "甲") == 1 and grow.run(9, later, "乙") == 0
    row = Box.get(Box.name == "甲")
    assert (row.size, row.at, row.facts) == (8, later, {})
    with transaction():
        assert drop.run("甲") == 1 and drop.run("甲") == 0


def test_columns_stand_where_peewee_puts_them():
    """Joins, aliases, subqueries, updates: the same text as peewee's own."""
    other = Box.alias("o")
    queries = [
        Box.select().where(Box.id.in_(Item.select(Item.box))),
        Item.select(Item, Box).join(Box).where(Box.name == "甲").order_by(Box.size.desc()),
        Box.select(Box.id, other.name).join(other, on=(other.size == Box.size)),
        Box.update(size=Box.size + 1).where(Box.name == "甲"),
        Box.select(peewee.fn.COUNT(Box.id)).group_by(Box.open).having(peewee.fn.MAX(Box.size) > 1),
        Box.delete().where(Box.id.in_(Item.select(Item.box).where(Item.text == ""))),
        Box.insert(name="甲").on_conflict(conflict_target=[Box.name], preserve=[Box.size]),
    ]
    for query in queries:
        options = db.get_context_options()
        assert query.sql()[0] == peewee.Context(**options).sql(query).query()[0]
