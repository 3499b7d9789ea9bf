"""Rows that were made up for measuring, and how they are told from what people did.

``manage.py generate`` writes them past the gate, in bulk, on demonstration nodes only. Therefore
each says of itself what it is: its uid is a UUID of version 8, which nothing else here has, and
what people read of it says 生成. The log says so, too: the act ``house.generate`` of the node
stands before the first such row and names how many of each there are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from random import Random
from typing import Any, ClassVar, NamedTuple

import peewee
from msgspec import Struct

from kernel.acts.models import Act

MARK = "生成"
"""What titles of posts, numbers of documents and slips of tasks say of a generated row."""
PERSON, POST, TASK, OBJECT = range(1, 5)
"""Sorts of rows in :func:`uid`; plugins count theirs from ``OBJECT`` on."""


def uid(seed: int, sort: int, number: int) -> str:
    """The uid of a generated row: a UUID of version 8 (RFC 9562, 5.8), ascending with its number.

    >>> uid(1, TASK, 10)
    '00000001-0003-8000-8000-00000000000a'
    """
    return f"{seed & 0xFFFFFFFF:08x}-{sort:04x}-8000-8000-{number:012x}"


def is_generated(column: Any) -> peewee.Expression:
    """Whether a column of uids names a generated row, as a condition for queries."""
    return peewee.fn.SUBSTR(column, 15, 1) == "8"


def vouched(column: Any) -> peewee.Expression:
    """Whether acts say what a row says: every row but the generated ones that nobody acted on.

    For reconcilers; :mod:`kernel.acts.house.generating` counts the others against the log.
    """
    acted = Act.select(peewee.SQL("1")).where(Act.subject == column)
    return (peewee.fn.SUBSTR(column, 15, 1) != "8") | peewee.fn.EXISTS(acted)


class Place(NamedTuple):
    """One post with who holds it: uids, and names as they are shown."""

    post: str
    person: str
    name: str
    title: str
    unit: str
    unit_name: str


class Workplace(Struct, frozen=True):
    """An organ with its posts, those of most weight first. :ivar share: of all the work."""

    code: str
    name: str
    short_name: str
    prefix: str
    places: Sequence[Place]
    share: float


class Generation(Struct, frozen=True, dict=True):
    """One part of a generation, to be written in the transaction that is open.

    The same seed gives the same rows. A part knows its place in the whole, so that an interrupted
    generation goes on with the next part.

    :ivar first: the number of its first object. :ivar count: how many objects it has.
    :ivar whole: how many there are in all. :ivar tasks: how many tasks there are in all.
    :ivar until: the time of the newest row. :ivar areas: short names of units, for titles.
    :cvar MARK: 生成. :cvar TASK, OBJECT: sorts for :meth:`uid`, of tasks and of a plugin's rows.
    """

    seed: int
    first: int
    count: int
    whole: int
    tasks: int
    until: datetime
    workplaces: Sequence[Workplace]
    areas: Sequence[str]
    years: int = 10
    MARK: ClassVar[str] = MARK
    TASK: ClassVar[int] = TASK
    OBJECT: ClassVar[int] = OBJECT
    vouched: ClassVar[Callable[[Any], peewee.Expression]] = staticmethod(vouched)
    is_generated: ClassVar[Callable[[Any], peewee.Expression]] = staticmethod(is_generated)

    @cached_property
    def random(self) -> Random:
        """The part's own chance, the same each time."""
        return Random(f"{self.seed} {self.first}")  # noqa: S311  # nothing is kept secret by it

    def uid(self, sort: int, number: int) -> str:
        """The uid of a row of this generation."""
        return uid(self.seed, sort, number)

    def moment(self, number: int) -> datetime:
        """When an object began: they are spread over the years, in the order of their numbers."""
        back = timedelta(days=365 * self.years) * ((self.whole - number) / self.whole)
        return self.until - back

    def tasks_of(self, number: int) -> range:
        """The numbers of the tasks of an object."""
        return range(number * self.tasks // self.whole, (number + 1) * self.tasks // self.whole)
