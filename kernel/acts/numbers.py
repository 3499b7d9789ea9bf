"""Number series: gapless within a year, never reused (条例 art. 9: 机关代字、年份、发文顺序号)."""

from __future__ import annotations

import re
from datetime import timedelta

from msgspec import Struct

from kernel.acts import hold
from kernel.acts.models import Number, Series
from kernel.acts.subjects import Subject
from kernel.crypto.ids import now
from kernel.errors import Conflict, Invalid
from kernel.identity.models import Unit
from kernel.storage.bulk import insert_rows
from kernel.storage.database import connection, lock_rows

VOID = "acts.void"
"""The kind of what a number was given to that is never given out."""


FIRST_YEAR = 1949
"""No number of a document of this state is older."""
LONGEST = 100
"""So many signs the name of a series (机关代字) has at most."""


class DocNumber(Struct, frozen=True):
    """A number such as 市委办发〔2026〕91号."""

    series: str
    year: int
    value: int

    def __str__(self) -> str:
        return f"{self.series}〔{self.year}〕{self.value}号"


def _series(organ: str, name: str, year: int) -> Series:
    """The row of a series, kept from others until the transaction ends."""
    where = {"organ": organ, "name": name, "year": year}
    Series.insert(**where).on_conflict_ignore().execute()
    found: Series = Series.get(**where)
    lock_rows(Series, Series.id == found.id)
    return Series.get_by_id(found.id)


def peek(organ: str, name: str, year: int) -> DocNumber:
    """The number that would be taken next."""
    row = Series.get_or_none(
        (Series.organ == organ) & (Series.name == name) & (Series.year == year)
    )
    return DocNumber(name, year, row.next if row is not None else 1)


def open_at(organ: str, name: str, year: int, value: int) -> None:
    """Let a series go on after numbers that were given on paper. Only forwards."""
    series = _series(organ, name, year)
    if value > series.next:
        Series.update(next=value).where(Series.id == series.id).execute()


def marks() -> dict[str, int]:
    """How far all series have come: ``<organ>/<name>/<year>`` to the highest number taken."""
    with connection():
        rows = list(Series.select().where(Series.next > 1))
    return {f"{row.organ}/{row.name}/{row.year}": row.next - 1 for row in rows}


def to_account_for() -> dict[str, int]:
    """The series that a held node may have gone on with since: to the highest number known.

    Every series that an organ ever had, and that of its document prefix, in each year in which
    numbers can still be given out: this one, and in its first month the year before. Known is what
    the database has, and what was noted outside it; a series that has not begun yet has come to 0.
    To be called on a connection.
    """
    moment = now()
    # A day ends earlier here than in UTC.
    years = sorted({(moment - timedelta(days=31)).year, (moment + timedelta(hours=12)).year})
    rows = {*Series.select(Series.organ, Series.name).distinct().tuples()}
    issuing = Unit.select(Unit.organ, Unit.doc_prefix).where(Unit.doc_prefix != "")
    rows |= {*issuing.tuples()}
    seen: dict[str, int] = (hold.held() or {}).get("numbers", {})
    known = marks()
    named = {f"{organ}/{name}/{year}" for organ, name in rows for year in years}
    return {one: max(known.get(one, 0), seen.get(one, 0)) for one in sorted({*named, *seen})}


def move_past(series: str, highest: int, act: str) -> None:
    """Let a series go on after a number that was seen elsewhere, within an act's transaction.

    What lies between is recorded as void and never given out: somebody may hold it already.

    :param series: as :func:`marks` names it. :param act: the uid of the act that decides it.
    :raises Invalid: ``numbers.series``.
    """
    row = _named(series)
    gap = range(row.next, highest + 1)
    rows = [{"series": row.id, "value": n, "kind": VOID, "subject": act} for n in gap]
    insert_rows(Number, rows)
    if rows:
        Series.update(next=highest + 1).where(Series.id == row.id).execute()


def check_series(series: str) -> None:
    """Refuse (Invalid ``numbers.series``) what is not the name of a series of an organ here."""
    organ, _, year = _parts(series)
    last = (now() + timedelta(hours=12)).year  # a year begins earlier here than in UTC
    if not FIRST_YEAR <= year <= last:
        raise Invalid(
            "numbers.series",
            f"“{series}”的年份不对，请填写 {FIRST_YEAR} 到 {last} 之间的年份。",
            f"The year of {series!r} has to be from {FIRST_YEAR} to {last}.",
        )
    if not Unit.select().where((Unit.code == organ) & (Unit.organ == organ)).exists():
        raise Invalid(
            "numbers.series",
            f"“{series}”的单位代码“{organ}”不是本节点的单位，请核对后填写单位的代码。",
            f"{organ!r} in {series!r} is the code of no organ here; check it.",
        )


def _parts(series: str) -> tuple[str, str, int]:
    organ, _, rest = series.partition("/")
    name, _, year = rest.rpartition("/")
    plain = all(part == part.strip() and part.isprintable() for part in (organ, name))
    dated = re.fullmatch("[1-9][0-9]{3}", year) is not None
    if not (organ and name and plain and dated and len(name) <= LONGEST):
        raise Invalid(
            "numbers.series",
            f"“{series}”不是编号序列，请写成“单位代码/机关代字/年份”，"
            f"年份为四位数字，代字不超过 {LONGEST} 字。",
            f"{series!r} names no series of numbers; write organ/name/year, the year with four "
            f"digits, the name with {LONGEST} signs at most.",
        )
    return organ, name, int(year)


def _named(series: str) -> Series:
    return _series(*_parts(series))


def take_next(organ: str, name: str, year: int, subject: Subject) -> DocNumber:
    """Take whichever number is next, where nobody has signed for a certain one."""
    free: int = _series(organ, name, year).next
    return take(organ, name, year, subject, expected=free)


def take(organ: str, name: str, year: int, subject: Subject, *, expected: int) -> DocNumber:
    """Take the next number, within the transaction of the numbering act.

    :param expected: the number that the person saw and signed.
    :raises Conflict: ``numbers.taken`` if somebody took it meanwhile.
    """
    hold.require("numbers")
    series = _series(organ, name, year)
    moved = (
        Series.update(next=Series.next + 1)
        .where((Series.id == series.id) & (Series.next == expected))
        .execute()
    )
    if moved != 1:
        now_next = peek(organ, name, year)
        raise Conflict(
            "numbers.taken",
            f"{name}〔{year}〕{expected}号刚被占用，下一个号是{now_next}。请重新确认编号。",
            f"{name}〔{year}〕{expected}号 was taken meanwhile; the next one is {now_next}.",
        )
    Number.create(series=series, value=expected, kind=subject.kind, subject=subject.uid)
    return DocNumber(name, year, expected)
