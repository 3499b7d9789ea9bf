"""Lists: keyset paging over real rows, checked cursors, files for spreadsheets."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from openpyxl import load_workbook
from peewee import CharField, DateTimeField, IntegerField, Model, SqliteDatabase

from kernel.errors import Invalid
from kernel.portal.export import export
from kernel.portal.lists import (
    Column,
    Cursor,
    Fetch,
    Filter,
    ListSpec,
    Sort,
    build,
    from_query,
    parse,
)

START = datetime(2026, 11, 1)
database = SqliteDatabase(":memory:")


class Paper(Model):
    title = CharField()
    kind = CharField()
    rank = IntegerField()
    came = DateTimeField()

    class Meta:
        database = database


SPEC = ListSpec(
    title="收文",
    columns=(
        Column("title", "标题", "title", sort="title"),
        Column("kind", "文种"),
        Column("came", "收到", "time", sort="new"),
        Column("rank", "序", value=lambda row: row.rank * 10),
    ),
    sorts=(
        Sort("new", "按时间", "came", descending=True, field=Paper.came),
        Sort("rank", "按序", "rank", field=Paper.rank),
        Sort("title", "按标题", "title", field=Paper.title),
    ),
    default_sort="new",
    filters=(Filter("kind", "文种", (("notice", "通知"), ("letter", "函"))),),
    uid="id",
    page_size=5,
)


@pytest.fixture
def papers() -> Any:
    with database.connection_context():
        database.create_tables([Paper])
        for n in range(23):
            # Many rows share a key, so that only the id tells them apart.
            Paper.create(
                title=f"第{n:02}件", kind="notice" if n % 2 else "letter", rank=n // 7,
                came=START + timedelta(days=n // 4),
            )  # fmt: skip
        yield rows(Paper.select())
        database.drop_tables([Paper])


def rows(select: Any) -> Fetch:
    return from_query(
        select,
        SPEC,
        ident=Paper.id,
        filters={"kind": lambda value: Paper.kind == value},
        search=lambda text: Paper.title.contains(text),
    )


def walk(fetch: Fetch, **params: str) -> list[int]:
    """Follow 下一页 to the end."""
    seen: list[int] = []
    for _ in range(20):
        listing = build(SPEC, params, path="/in", fetch=fetch)
        seen += [row.item.id for row in listing.rows]
        if not listing.next_link:
            return seen
        query = listing.next_link.split("?")[1]
        params = dict(pair.split("=", 1) for pair in query.split("&"))
    raise AssertionError("the list has no end")


@pytest.mark.parametrize("sort", ["new", "rank", "title"])
def test_every_row_once_in_order(papers: Fetch, sort: str):
    seen = walk(papers, sort=sort)
    order = SPEC.sort(sort)
    wanted = sorted(
        Paper.select(), key=lambda p: (getattr(p, order.key), p.id), reverse=order.descending
    )
    assert seen == [paper.id for paper in wanted]


def test_rows_that_come_meanwhile_do_not_shift_the_pages(papers: Fetch):
    first = build(SPEC, {}, path="/in", fetch=papers)
    Paper.create(title="新", kind="notice", rank=0, came=START + timedelta(days=99))
    cursor = first.next_link.split("after=")[1]
    second = build(SPEC, {"after": cursor}, path="/in", fetch=papers)
    assert second.rows[0].item.id == first.rows[-1].item.id - 1


def test_filter_search_and_links(papers: Fetch):
    listing = build(
        SPEC, {"kind": "notice", "q": "1", "tab": "doing", "x": "y"}, path="/in", fetch=papers
    )
    assert all(row.item.kind == "notice" and "1" in row.item.title for row in listing.rows)
    assert listing.link() == "/in?tab=doing&q=1&kind=notice"
    assert listing.bare_link == "/in?tab=doing"
    assert listing.export_link("csv").endswith("&export=csv")
    title = SPEC.columns[0]
    assert listing.sort_link(title) == "/in?tab=doing&q=1&kind=notice&sort=title"
    assert [listing.sorted_by(c) for c in SPEC.columns] == ["", "", "descending", ""]
    assert walk(papers, kind="letter") == [
        p.id for p in Paper.select().order_by(-Paper.id) if p.kind == "letter"
    ]


def test_what_is_not_known_is_left_out():
    query = parse(SPEC, {"kind": "secret", "sort": "; drop", "q": "  长" * 200})
    assert (query.filters, query.sort, len(query.text)) == ({}, "new", 100)
    other = Cursor("title", "a", 3).text()
    assert parse(SPEC, {"sort": "new", "after": other}).cursor is None


@pytest.mark.parametrize("key", ["甲", 3, START.replace(tzinfo=UTC), START, date(2026, 1, 2)])
def test_a_cursor_comes_back_as_it_was(key: object):
    cursor = Cursor("new", key, "0190")
    assert parse(SPEC, {"after": cursor.text()}).cursor == cursor


@pytest.mark.parametrize(
    "after",
    ["x", "!!!", "bnVsbA", "WzEsMiwzXQ", "WyJuZXciLHt9LDFd", "WyJuZXciLFtdLDFd", "W" * 3000],
)
def test_a_foreign_cursor_is_refused_in_words(after: str):
    with pytest.raises(Invalid, match="lists.cursor"):
        parse(SPEC, {"after": after})


def test_the_whole_list_as_a_file(papers: Fetch):
    Paper.create(title="=1+1", kind="letter", rank=1, came=START)
    Paper.create(title="@甲\n乙", kind="letter", rank=1, came=START)
    params = {"kind": "letter", "sort": "rank"}
    file = export(SPEC, params, fetch=papers, kind="csv")
    assert file.content.startswith(b"\xef\xbb\xbf")
    table = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert table[0] == ["标题", "文种", "收到", "序"]
    assert len(table) == 1 + Paper.select().where(Paper.kind == "letter").count()
    titles = [row[0] for row in table]
    assert "'=1+1" in titles and "'@甲\n乙" in titles
    assert table[1][2] == "2026-11-01 08:00"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_no_cell_begins_like_a_formula(papers: Fetch, start: str, kind: str):
    Paper.create(title=f"{start}cmd", kind="letter", rank=1, came=START)
    made = export(SPEC, {"kind": "letter"}, fetch=papers, kind=kind).content
    if kind == "csv":
        table = list(csv.reader(io.StringIO(made.decode("utf-8-sig"), newline="")))
    else:
        sheet = load_workbook(io.BytesIO(made)).active
        assert sheet is not None
        table = [[str(cell.value) for cell in row] for row in sheet.iter_rows()]
    titles = [row[0] for row in table if "cmd" in row[0]]
    assert len(titles) == 1 and titles[0].startswith("'")


def test_a_workbook_holds_text_never_formulas(papers: Fetch):
    Paper.create(title="=HYPERLINK(1)", kind="letter", rank=1, came=START)
    file = export(SPEC, {}, fetch=papers, kind="xlsx")
    sheet = load_workbook(io.BytesIO(file.content)).active
    assert sheet is not None and sheet.title == "收文" and sheet.max_row == 25
    kinds = {cell.data_type for row in sheet.iter_rows() for cell in row}
    assert kinds == {"s", "n"}
    assert file.name == "收文.xlsx"


def test_other_formats_are_refused():
    with pytest.raises(Invalid, match="lists.format"):
        export(SPEC, {}, fetch=lambda query, limit: [], kind="pdf")
