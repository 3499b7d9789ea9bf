"""One search index for all plugins, with the audience in the query.

Exact for Chinese words of any length, single characters included; words and numbers of other
scripts are found from their beginning. Who may see an entry is part of the index and of every
query: nothing is filtered afterwards, so that counts and pages give nothing away.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, NamedTuple, Protocol

import peewee
from msgspec import Struct

from kernel.crypto.ids import stamp
from kernel.deferred import pattern
from kernel.storage import search_postgresql, search_sqlite
from kernel.storage.bulk import insert_tuples
from kernel.storage.database import (
    connection,
    exclusive,
    on_postgresql,
    require_transaction,
    transaction,
)
from kernel.storage.models import SearchEntry
from kernel.storage.words import NEWEST, Query, mark, marks, phrases, tokens
from kernel.storage.writing import Ready

LIMIT = 20
TIDY_SECONDS = 120
"""Well within the lease of a scheduled job."""
_BITS = 20
"""Room for a million entries in one millisecond, below the time in an entry's id."""
_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR = pattern(r"([tu])([0-9]{1,19})")


class Entry(Struct, frozen=True):
    """What a plugin lets be found.

    ``(kind, uid)`` is the object, as in a reference. ``text`` is searched but not kept, ``title``
    and ``summary`` are shown. ``audience`` are principals such as ``organ:<uid>``, ``post:<uid>``,
    ``person:<uid>`` or ``node``; an empty one lets nobody find it.
    """

    plugin: str
    kind: str
    uid: str
    organ: str
    title: str
    text: str
    time: datetime
    audience: frozenset[str]
    summary: str = ""


class Hit(NamedTuple):
    """One entry found, for display."""

    plugin: str
    kind: str
    uid: str
    organ: str
    title: str
    summary: str
    time: datetime


class Page(Struct, frozen=True):
    """Some hits, and the cursor for more; None when these were all."""

    hits: list[Hit]
    next: str | None = None


Tokens = tuple[int, str, str, str, list[str]]
"""Number, tokens of the title and of the text, mark of the plugin, marks of who may see it."""
Row = tuple[Any, ...]
"""The columns of an entry, in the order of its table, as they are stored."""


class Engine(Protocol):
    """What each database does for the index: a module with these functions."""

    def put_many(self, entries: list[Tokens]) -> None:
        """Index the tokens of entries under their numbers."""

    def drop(self, number: int) -> None:
        """Forget an entry."""

    def tidy(self, first: bool) -> bool:
        """Bring the parts of the index closer to one; whether more is to be done."""

    def in_use(self, may: list[str]) -> tuple[list[str], list[str]]:
        """What of these marks has to be asked for, as a query has it: ``may``, ``shared``."""

    def in_titles(self, query: Query, below: int, limit: int) -> list[Row]:
        """Entries below a number that hold all phrases in the title, the highest first."""

    def elsewhere(
        self, query: Query, below: int, limit: int, titled: frozenset[int] | None = None
    ) -> list[Row]:
        """Those that hold all of them, and not all in the title.

        :param titled: the numbers of all that hold them in the title, where these are known.
        """


def index(entry: Entry) -> None:
    """Put an object into the index, or put it there anew; within the caller's transaction."""
    require_transaction("search.index")
    exclusive(f"search {_bucket(f'{entry.kind} {entry.uid}')}")
    remove(entry.kind, entry.uid)
    number = _number(entry.time)
    SearchEntry.insert(
        id=number,
        plugin=entry.plugin,
        kind=entry.kind,
        uid=entry.uid,
        organ=entry.organ,
        title=entry.title,
        summary=entry.summary,
        time=entry.time,
    ).execute()
    scope = mark("on", entry.plugin), marks("may", entry.audience)
    _engine().put_many([(number, tokens(entry.title), tokens(entry.text), *scope)])


def index_new(entries: Sequence[Entry]) -> None:
    """Put many objects into the index that are not in it yet, within the caller's transaction."""
    require_transaction("search.index_new")
    for bucket in sorted({_bucket(f"{one.kind} {one.uid}") for one in entries}):
        exclusive(f"search {bucket}")
    numbers = _numbers(entries)
    audiences = {who: marks("may", who) for who in {one.audience for one in entries}}
    rows, texts = [], []
    for number, one in zip(numbers, entries, strict=True):
        scope = mark("on", one.plugin), audiences[one.audience]
        shown = (one.plugin, one.kind, one.uid, one.organ, one.title, one.summary)
        rows.append((number, *shown, stamp(one.time)))
        texts.append((number, tokens(one.title), tokens(one.text), *scope))
    insert_tuples(SearchEntry, _COLUMNS, rows)
    _engine().put_many(texts)


_COLUMNS = ("id", "plugin", "kind", "uid", "organ", "title", "summary", "time")


def _numbers(entries: Iterable[Entry]) -> list[int]:
    """A free id for each, as :func:`_number` gives it, with one question for each millisecond."""
    free: dict[datetime, int] = {}
    for moment in sorted({one.time for one in entries}):
        free[moment] = _number(moment)
    found = []
    for one in entries:
        found.append(free[one.time])
        free[one.time] += 1
    return found


def remove(kind: str, uid: str) -> None:
    """Take an object out of the index, if it is there; within the caller's transaction."""
    require_transaction("search.remove")
    row = SearchEntry.select(SearchEntry.id).where(_is(kind, uid)).tuples().first()
    if row is not None:
        _engine().drop(row[0])
        SearchEntry.delete().where(SearchEntry.id == row[0]).execute()


def tidy() -> None:
    """Make the index quick again after much was written; others can write in between.

    It may be cut short at any time, ends after :data:`TIDY_SECONDS`, and goes on the next time.
    """
    end = monotonic() + TIDY_SECONDS
    first = more = True
    while more and monotonic() < end:
        with transaction():
            more = _engine().tidy(first)
        first = False


def find(
    text: str,
    principals: Iterable[str],
    plugins: Iterable[str],
    limit: int = LIMIT,
    before: str | None = None,
) -> Page:
    """What these principals may see and where all terms occur: title hits first, then newest.

    :param text: as typed; quotes and operators have no meaning. Empty or only signs: no hits.
    :param principals: who asks, all of his principals.
    :param plugins: those switched on for him.
    :param before: ``Page.next`` of the page before; any other text starts at the beginning.
    """
    terms, who, what = phrases(text), set(principals), set(plugins)
    if not terms or not who or not what:
        return Page([])
    titled: list[Row] = []
    others: list[Row] = []
    known = None
    with connection():
        own, shared = _engine().in_use(marks("may", who))
        if not own and not shared:
            return Page([])
        query = Query(terms, own, shared, sorted(what))
        start, below = _cursor(before)
        if start == "t":
            titled = _engine().in_titles(query, below, limit + 1)
            known = frozenset(row[0] for row in titled) if below == NEWEST else None
            below = NEWEST
        if len(titled) <= limit:
            others = _engine().elsewhere(query, below, limit + 1 - len(titled), known)
    found = titled + others
    more = len(found) > limit
    del found[limit:]
    last = f"{'t' if len(titled) >= limit else 'u'}{found[-1][0]}" if more else None
    return Page([Hit._make((*row[1:-1], _moment(row[-1]))) for row in found], last)


_moment = datetime.fromisoformat


def _cursor(text: str | None) -> tuple[str, int]:
    found = _CURSOR.fullmatch(text or "")
    return (found[1], min(int(found[2]), NEWEST)) if found else ("t", NEWEST)


def _is(kind: str, uid: str) -> peewee.Expression:
    return (SearchEntry.kind == kind) & (SearchEntry.uid == uid)


def _bucket(name: str) -> int:
    """A few locks for many names, because a server has room for some thousand locks only."""
    return zlib.crc32(name.encode()) % 64


def _engine() -> Engine:
    return search_postgresql if on_postgresql() else search_sqlite


def _number(time: datetime) -> int:
    """A free id in the millisecond of this time."""
    first = (time - _ZERO) // timedelta(milliseconds=1) << _BITS
    exclusive(f"search moment {_bucket(str(first))}")
    (last,) = _LAST.first(first, first + 2**_BITS) or (None,)
    return first if last is None else int(last) + 1


_LAST = Ready(
    lambda first, after: SearchEntry.select(peewee.fn.MAX(SearchEntry.id)).where(
        (SearchEntry.id >= first) & (SearchEntry.id < after)
    )
)
