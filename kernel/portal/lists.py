"""The list: search, filters, sorts and keyset paging, declared once and the same everywhere.

::

    OUT = ListSpec(title=_l("发文"), columns=(Column("title", _l("标题"), "title"), ...), ...)
    rows = from_query(Document.select().where(visible), OUT, ident=Document.id, ...)
    listing = build(OUT, request.query_params, path="/documents/out", fetch=rows)

The next page is found by the sort key and the id of the last row, never by an offset, so that a
list of a million rows is as quick on its last page as on its first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, Literal, NamedTuple

from msgspec import Struct

from kernel.portal.cursor import Cursor, fits, lost, read_cursor
from kernel.portal.i18n import Lazy, _l
from kernel.portal.urls import query_of

Kind = Literal["text", "title", "person", "time", "date", "due", "tag", "number", "size"]
Label = str | Lazy
Item = Any
"""A row of whatever the page lists: a model, a dataclass, a mapping."""
Expression = Any
"""A peewee query, field or condition; peewee has no types for them."""
KEPT = ("tab",)
MOST_TEXT = 100


class Column(Struct, frozen=True):
    """One column.

    :param key: attribute or mapping key of the row; *value* computes it instead.
    :param sort: the name of the sort behind its heading. :param href: where its value leads, for a
        column besides the title.
    """

    key: str
    label: Label
    kind: Kind = "text"
    value: Callable[[Any], object] | None = None
    sort: str = ""
    href: Callable[[Any], str] | None = None

    def of(self, item: Item) -> object:
        """The value of this column in *item*."""
        return self.value(item) if self.value else read(item, self.key)


class Filter(Struct, frozen=True):
    """A choice above the list: ``?<name>=<value>``; an unknown value counts as all."""

    name: str
    label: Label
    choices: tuple[tuple[str, Label], ...]
    all_label: Label = _l("全部")


class Sort(Struct, frozen=True):
    """An order: ``?sort=<name>``; the id breaks ties.

    :param nulls: whether the key may be null; rows without one then come last, either way.

    :param key: attribute or mapping key of the row that carries the sort value.
    :param field: the same as a peewee field or expression, for :func:`from_query`.
    """

    name: str
    label: Label
    key: str
    descending: bool = False
    field: Expression = None
    nulls: bool = False


class ListSpec(Struct, frozen=True):
    """What a list shows and how it can be asked."""

    title: Label
    columns: tuple[Column, ...]
    sorts: tuple[Sort, ...]
    default_sort: str
    filters: tuple[Filter, ...] = ()
    searchable: bool = True
    search_hint: Label = ""
    empty: Label = ""
    """The sentence of an empty list, with what will appear there."""
    uid: str = "uid"
    """The key of the row that breaks ties and names it in batches."""
    href: Callable[[Any], str] | None = None
    meta: Callable[[Any], str] | None = None
    tags: Callable[[Any], Sequence[str]] | None = None
    choosable: Callable[[Any], bool] | None = None
    """Which rows may be ticked for a batch; all of them without it."""
    page_size: int = 20
    entries: bool = False
    """Whether rows are counted as entries (条) and not as documents or matters (件)."""

    def sort(self, name: str) -> Sort:
        """The sort of that name, or the default."""
        by_name = {sort.name: sort for sort in self.sorts}
        return by_name.get(name) or by_name[self.default_sort]


class ListQuery(Struct, frozen=True):
    """What was asked, checked."""

    text: str
    filters: dict[str, str]
    sort: str
    cursor: Cursor | None = None


Fetch = Callable[[ListQuery, int], Sequence[Any]]
"""``fetch(query, limit)``: at most *limit* rows after ``query.cursor``, in the order asked for."""
Count = Callable[[ListQuery], int]
"""``count(query)``: how many rows there are in all."""


class Row(NamedTuple):
    """One row of the list."""

    item: Item


class Line(NamedTuple):
    """One row as the table draws it; what is not drawn is not asked for.

    :ivar cells: of each column its kind, what its cell begins with, its value, and where that
        leads; the title is a cell without a beginning.
    """

    uid: object
    choosable: bool
    title: object
    href: str
    meta: str
    tags: Sequence[str]
    cells: Sequence[tuple[str, object, object, str]]


class Listing(Struct, frozen=True):
    """One page of a list, for ``ui.list_card`` and ``layout/list.html``."""

    spec: ListSpec
    query: ListQuery
    rows: list[Row]
    path: str
    more: bool
    kept: dict[str, str]
    total: int | None = None

    def lines(self, heads: Sequence[tuple[Column, object]]) -> Iterator[Line]:
        """The rows with their cells.

        :param heads: of each column what its cells begin with, which is the same in all rows.
        """
        spec = self.spec
        choosable, href, meta, tags = spec.choosable, spec.href, spec.meta, spec.tags
        # A row read by a statement that stands ready is a tuple with names: asked most.
        named = bool(self.rows) and isinstance(self.rows[0].item, tuple)
        get = attrgetter if named else _reader
        columns = [
            (column.kind, head, column.value or get(column.key), column.href)
            for column, head in heads
        ]
        kinds = [column.kind for column, _head in heads]
        title = kinds.index("title") if "title" in kinds else 0
        uid = get(spec.uid)
        for item in [row.item for row in self.rows]:
            cells = [
                (kind, head, value(item), "" if way is None else way(item))
                for kind, head, value, way in columns
            ]
            yield Line(
                uid(item),
                choosable is None or choosable(item),
                cells[title][2],
                href(item) if href else "",
                meta(item) if meta else "",
                tags(item) if tags else (),
                cells,
            )

    @property
    def any_choosable(self) -> bool:
        """Whether a row may be ticked."""
        choosable = self.spec.choosable
        return any(choosable is None or choosable(row.item) for row in self.rows)

    def link(self, **changes: str) -> str:
        """This list with other parameters; an empty value takes one away."""
        now = {**self.kept, "q": self.query.text, **self.query.filters, "sort": self.query.sort}
        if self.query.sort == self.spec.default_sort:
            now["sort"] = ""
        asked = {name: value for name, value in {**now, **changes}.items() if value}
        return f"{self.path}?{query_of(asked)}" if asked else self.path

    @property
    def bare_link(self) -> str:
        """The list without search and filters."""
        return f"{self.path}?{query_of(self.kept)}" if self.kept else self.path

    @property
    def first_link(self) -> str:
        """Back to the first page; empty when this is it."""
        return self.link() if self.query.cursor else ""

    @property
    def next_link(self) -> str:
        """The next page; empty when this is the last."""
        if not (self.more and self.rows):
            return ""
        sort = self.spec.sort(self.query.sort)
        last = self.rows[-1].item
        key, uid = read(last, sort.key), read(last, self.spec.uid)
        return self.link(after=Cursor(sort.name, key, uid).text())

    def export_link(self, kind: str) -> str:
        """The whole list as a file: ``csv`` or ``xlsx``."""
        return self.link(export=kind)

    def sort_link(self, column: Column) -> str:
        """Where its heading leads; empty when it does not sort."""
        return self.link(sort=column.sort) if column.sort else ""

    def sorted_by(self, column: Column) -> str:
        """``ascending`` or ``descending`` for the column in charge, else empty (``aria-sort``)."""
        if not column.sort or column.sort != self.query.sort:
            return ""
        return "descending" if self.spec.sort(column.sort).descending else "ascending"


def parse(spec: ListSpec, params: Mapping[str, str]) -> ListQuery:
    """What the query string asks, with everything unknown left out.

    :raises Invalid: ``lists.cursor`` when ``after`` is not one of ours.
    """
    known = {f.name: {value for value, _label in f.choices} for f in spec.filters}
    filters = {n: params[n] for n, values in known.items() if params.get(n) in values}
    sort = spec.sort(params.get("sort", "")).name
    after = params.get("after", "")
    cursor = read_cursor(after) if after else None
    if cursor and cursor.sort != sort:
        cursor = None
    if cursor and cursor.key is None and not spec.sort(sort).nulls:
        raise lost()
    text = params.get("q", "").strip()[:MOST_TEXT] if spec.searchable else ""
    return ListQuery(text, filters, sort, cursor)


def build(
    spec: ListSpec,
    params: Mapping[str, str],
    *,
    path: str,
    fetch: Fetch,
    total: int | Count | None = None,
) -> Listing:
    """One page of the list that the query string asks for.

    :param total: how many rows there are in all, or what counts them (see :func:`counting`).
    """
    query = parse(spec, params)
    found = list(fetch(query, spec.page_size + 1))
    return Listing(
        spec=spec,
        query=query,
        rows=[Row(item) for item in found[: spec.page_size]],
        path=path,
        more=len(found) > spec.page_size,
        kept={name: params[name] for name in KEPT if params.get(name)},
        total=total(query) if callable(total) else total,
    )


def counting(
    select: Expression,
    *,
    filters: Mapping[str, Callable[[str], Expression]] | None = None,
    search: Callable[[str], Expression] | None = None,
) -> Count:
    """What counts the rows of a query as it is searched and filtered; as :func:`from_query`."""
    return lambda query: int(_narrowed(select, query, filters, search).count())


def _narrowed(
    select: Expression,
    query: ListQuery,
    filters: Mapping[str, Callable[[str], Expression]] | None,
    search: Callable[[str], Expression] | None,
) -> Expression:
    rows = select.clone()
    for name, value in query.filters.items():
        rows = rows.where((filters or {})[name](value))
    return rows.where(search(query.text)) if query.text and search else rows


def from_query(
    select: Expression,
    spec: ListSpec,
    *,
    ident: Expression,
    filters: Mapping[str, Callable[[str], Expression]] | None = None,
    search: Callable[[str], Expression] | None = None,
) -> Fetch:
    """Rows of a peewee query.

    :param select: the query, already narrowed to what the desk may see.
    :param ident: the field behind ``spec.uid``.
    :param filters: for each filter the condition of a value; without one its field is refused.
    :param search: the condition of a search text.
    """

    def fetch(query: ListQuery, limit: int) -> Sequence[Any]:
        rows = _narrowed(select, query, filters, search)
        sort = spec.sort(query.sort)
        if query.cursor:
            rows = rows.where(_after(sort, ident, query.cursor))
        directed = [at.desc() if sort.descending else at.asc() for at in (sort.field, ident)]
        last = [sort.field.is_null()] if sort.nulls else []
        return list(rows.order_by(*last, *directed).limit(limit))

    return fetch


def _after(sort: Sort, ident: Expression, cursor: Cursor) -> Expression:
    field, key, uid = sort.field, cursor.key, cursor.uid
    if not fits(ident, uid) or not (key is None or fits(field, key)):
        raise lost()
    further = ident < uid if sort.descending else ident > uid
    if key is None:
        return field.is_null() & further
    beyond = field < key if sort.descending else field > key
    found = beyond | ((field == key) & further)
    return found | field.is_null() if sort.nulls else found


def _reader(key: str) -> Callable[[Item], Item]:
    return lambda item: read(item, key)


def read(item: Item, key: str) -> Item:
    """A value of a row: mapping key or attribute."""
    if isinstance(item, tuple):  # a row read by a statement that stands ready: asked most
        return getattr(item, key)
    return item[key] if isinstance(item, Mapping) else getattr(item, key)
