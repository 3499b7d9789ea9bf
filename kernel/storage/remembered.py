"""Answers that are remembered until a row changes that they may come from.

Who works where and with which rights, which plugins are on, which phase the node has reached: every
page and every act asks it several times, and it changes a few times a day. So each change of such a
table, by whomever and by whatever statement, gives the database another *edition*: triggers see to
it, see the migrations. An answer holds for the edition in which it was asked for, and the edition
is read each time, in the transaction of who asks: what somebody else has committed counts at once
in all processes, and what one has changed oneself counts before it is committed. An edition that
was rolled back never comes again.

On PostgreSQL nothing is remembered: transactions there run beside each other, and all of those that
change such a table would have to wait for one row.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from kernel.storage.database import Model, db, on_postgresql

P = ParamSpec("P")
R = TypeVar("R")
EDITIONS, MOST = 2, 12_288
"""So many editions are kept (that of a transaction under way beside the one that others see), with
so many answers each: some eight for each person at work, of 2 KB each."""
EVENTS = ("insert", "update", "delete")
"""Each table that is asked has a trigger for each of them."""
ASKED: dict[Callable[..., Any], tuple[type[Model], ...]] = {}
"""What is remembered, and the tables that it comes from."""
_NOTHING = object()
_watched: frozenset[str] = frozenset()
"""The tables that have all their triggers in the open database, as far as it was looked at."""
_sure: dict[Callable[..., Any], bool] = {}
"""Whether all tables of what is asked are watched; found when it is first asked, because a page
that is imported later brings questions of its own."""
_Answers = dict[Hashable, Any]
_editions: OrderedDict[bytes, _Answers] = OrderedDict()
_lock = threading.Lock()


def remembered(*tables: type[Model]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function, within a connection, answer the same question once in each edition.

    Its arguments are hashable, and its answer is shared by all who ask: nobody may change it. It
    depends on these tables and its arguments alone; not on the time of day. No argument may come
    from a visitor as he wrote it: whatever he makes up would be kept.

    :param tables: all that it reads. Each has the triggers that make editions.
    """

    def decorated(call: Callable[P, R]) -> Callable[P, R]:
        ASKED[call] = tables

        @wraps(call)
        def asked(*given: P.args, **named: P.kwargs) -> R:
            known = _sure
            sure = known.get(call)
            if sure is None:
                sure = known[call] = _watched.issuperset(map(_name_of, tables))
            edition = _edition() if sure and not named else None
            if edition is None:
                return call(*given, **named)
            answers = _editions.get(edition)
            if answers is None:
                answers = _begin(edition)
            question = (call, given)
            found: Any = answers.get(question, _NOTHING)
            if found is _NOTHING:
                found = call(*given, **named)
                # What somebody has changed in between belongs to the next edition.
                if _edition() == edition:
                    if len(answers) >= MOST:
                        answers.clear()
                    answers[question] = found
            answer: R = found
            return answer

        return asked

    return decorated


def _edition() -> bytes | None:
    """What the watched tables are now; None where nobody notes it."""
    if on_postgresql():
        return None
    edition: bytes = db.execute_sql("SELECT edition FROM storage_edition").fetchone()[0]
    return edition


def forget() -> None:
    """Begin with nothing remembered."""
    with _lock:
        _editions.clear()


def look_at_triggers() -> list[str]:
    """Of the open database: the tables whose changes nobody notes. While there are any, nothing is
    remembered; that is slower, and right."""
    global _watched, _sure
    _watched, _sure = frozenset(), {}
    if on_postgresql():
        return []
    query = "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%_edition'"
    found = Counter(table for (table,) in db.execute_sql(query))
    watched = {table for table, count in found.items() if count == len(EVENTS)}
    missing = {_name_of(one) for tables in ASKED.values() for one in tables} - watched
    # Another one after that, so that what was found meanwhile is found again.
    _watched = frozenset() if missing else frozenset(watched)
    _sure = {}
    return sorted(missing)


def _name_of(table: type[Model]) -> str:
    return str(table._meta.table_name)


def _begin(edition: bytes) -> _Answers:
    with _lock:
        answers = _editions.setdefault(edition, {})
        while len(_editions) > EDITIONS:
            _editions.popitem(last=False)
    return answers
