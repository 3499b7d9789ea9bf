"""Number series: gapless within a year, never reused (条例 art. 9: 机关代字、年份、发文顺序号)."""

from __future__ import annotations

from dataclasses import dataclass

from kernel.acts.models import Number, Series
from kernel.acts.subjects import Subject
from kernel.errors import Conflict


@dataclass(frozen=True)
class DocNumber:
    """A number such as 市委办发〔2026〕91号."""

    series: str
    year: int
    value: int

    def __str__(self) -> str:
        return f"{self.series}〔{self.year}〕{self.value}号"


def _series(organ: str, name: str, year: int) -> Series:
    where = {"organ": organ, "name": name, "year": year}
    found: Series | None = Series.get_or_none(**where)
    return found or Series.create(**where)


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


def take(organ: str, name: str, year: int, subject: Subject, *, expected: int) -> DocNumber:
    """Take the next number, within the transaction of the numbering act.

    :param expected: the number that the person saw and signed.
    :raises Conflict: ``numbers.taken`` if somebody took it meanwhile.
    """
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
