"""Queries that are not built anew each time say the same as those that are."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import peewee
import pytest

from kernel.storage.bulk import insert_rows
from kernel.storage.database import JSONField, Model, UTCField, connection, db, transaction
from kernel.storage.writing import Ready

pytestmark = pytest.mark.both
NOON = datetime(2026, 11, 28, 4, 0, tzinfo=UTC)
LATER = datetime(2027, 1, 1, tzinfo=UTC)


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
        agrees(query)


def agrees(query: Any) -> None:
    """Text and values are those of peewee's own way of writing."""
    with connection():
        options = db.get_context_options()
        found, plain = query.sql(), peewee.Context(**options).sql(query).query()
        assert found[0] == plain[0]
        # Some wrap their values, and what wraps has no equality.
        assert list(map(repr, map(inner, found[1]))) == list(map(repr, map(inner, plain[1])))


def inner(value: Any) -> Any:
    return getattr(value, "obj", value)


CONDITIONS: list[tuple[str, Callable[[], Any]]] = [
    ("text", lambda: Box.name == "甲"),
    ("number for a text", lambda: Box.name == 7),
    ("text for a number", lambda: Box.size == "7"),
    ("flag", lambda: Box.open == True),  # noqa: E712  # a column
    ("flag as it is", lambda: Box.open & (Box.size > 1)),
    ("moment", lambda: Box.at <= NOON),
    ("moment as text", lambda: Box.at != "2026"),
    ("nothing", lambda: Box.data.is_null() | Box.at.is_null(False)),
    ("equal to nothing", lambda: (Box.name == None) & (Box.size != None)),  # noqa: E711  # columns
    ("bytes", lambda: Box.data == b"1"),
    ("JSON", lambda: Box.facts == {"a": 1}),
    ("list", lambda: Box.name.in_(["甲", "乙"]) & Box.size.not_in([])),
    ("columns", lambda: (Box.size == Box.id) & (Box.size + 1 > Box.id * 2)),
    ("not", lambda: ~((Box.name == "甲") | (Box.size == 1))),
    ("nested", lambda: ((Box.name == "甲") | (Box.size == 1)) & ~(Box.open == False)),  # noqa: E712  # a column
    ("function", lambda: (peewee.fn.LOWER(Box.name) == "a") & (Box.size == peewee.fn.ABS(-3))),
    ("pattern", lambda: Box.name.contains("甲") | (Box.name % "a*")),
    ("subquery", lambda: (Box.size == 1) & (Box.id == Item.select(peewee.fn.MAX(Item.id)))),
    ("foreign key", lambda: (Item.box == 3) & (Item.text == "x")),
    ("value", lambda: Box.name == peewee.Value("甲")),
]


@pytest.mark.parametrize("said", [made for _, made in CONDITIONS], ids=[n for n, _ in CONDITIONS])
def test_conditions_are_written_as_peewee_writes_them(said: Callable[[], Any]):
    agrees((Item if "toy_item" in str(said()) else Box).select().where(said()))
    agrees(Box.select(Box.id).join(Item).where(said()).order_by(Box.id))
    agrees(Box.update(size=4).where(said()))
    agrees(Box.delete().where(said()))


def test_what_peewee_alone_can_insert_is_left_to_it():
    class Named(Model):
        name = peewee.CharField(primary_key=True)

        class Meta:
            table_name = "toy_named"

    with transaction():
        db.create_tables([Named])
        assert Named.create(name="甲").name == "甲" and Named.get().name == "甲"
        grown = Box.create(name="乙", size=peewee.Value(2) + 3)
        assert Box.get_by_id(grown.id).size == 5
        given = Box.create(id=77, name="丙")
        assert given.id == 77 and Box.get_by_id(77).name == "丙"
        assert Box.create(id=None, name="丁").id not in (None, 77)
        assert Box.get_by_id(Box.create(name=8, size="9").id).size == 9  # type: ignore[arg-type]  # wrong on purpose


def test_an_error_of_the_driver_is_peewees():
    with pytest.raises(peewee.IntegrityError, match=r"(?i)unique"), transaction():
        for _ in range(2):
            Box.create(name="甲")
    with pytest.raises(peewee.DatabaseError) as told:
        db.execute_sql("SELECT nothing FROM nowhere")
    assert told.value.orig.__class__.__module__ != "peewee"


def test_a_query_of_any_length_is_made_ready():
    sizes = Ready(lambda *wanted: Box.select(Box.name).where(Box.size.in_(wanted)), 2)
    with transaction():
        for size in (1, 2, 3):
            Box.create(name=str(size), size=size)
    assert sorted(sizes.rows(1, 3)) == [("1",), ("3",)]


def test_a_row_writes_some_of_its_columns():
    with transaction():
        row, other = Box.create(name="甲", facts={"a": 1}), Box.create(name="乙")
        row.size = 50  # not written: nobody asked for it
        row.change(name="丙", facts={"b": 2}, at=LATER, data=b"2", open=False)
        for _ in range(2):
            row.change(name="戊")
    assert (row.name, row.facts, row.open, row.at) == ("戊", {"b": 2}, False, LATER)
    found = Box.get_by_id(row.id)
    assert (found.name, found.size, found.facts, found.at) == ("戊", 3, {"b": 2}, LATER)
    assert (bytes(found.data), found.open) == (b"2", False)
    assert Box.get_by_id(other.id).name == "乙" and row.dirty_fields == [Box.size]
    with pytest.raises(KeyError), transaction():
        row.change(colour="red")
    with pytest.raises(TypeError, match="size"), transaction():
        row.change(size=Box.size + 1)
