"""Numbers against the acts that gave them: gapless, given once, shown where they were given.

For ``log verify``. A plugin that shows numbers on its objects lets them be compared here, too
(:func:`compare`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kernel.acts.deeds import deeds_on
from kernel.acts.generated import vouched
from kernel.acts.models import Act, Number, Series
from kernel.acts.numbers import VOID, DocNumber
from kernel.acts.subjects import Subject, kinds
from kernel.storage.comparing import (
    Found,
    Row,
    Step,
    by,
    differs,
    missing,
    rows_of,
    stretches,
    uncounted,
)
from kernel.storage.database import snapshot

SHOWN = ("编号", "the number")


def reconcile(step: Step = uncounted) -> Iterator[Found]:
    """Name gaps, numbers that nobody took, and a series that would give one out again."""
    for (series,) in stretches(Series, size=1):
        yield from _series(series, step)
    for value in missing(Number, Number.series, Series.id):
        yield (
            f"series {value}",
            "编号序列的记录已不在，请从备份中找回"
            " / numbers were taken of it, and its row is gone: look for it in a backup",
        )


def _series(series: Row, step: Step) -> Iterator[Found]:
    name = f"{series['organ']}/{series['name']}/{series['year']}"
    with snapshot():
        # Again, because somebody may have taken one since.
        rows = rows_of(Series, where=[Series.id == series["id"]])
        numbers = Number.series == series["id"]
        last = Number.select(Number.value).where(numbers).order_by(Number.value.desc()).scalar()
        found = [*_gaps(name, series["organ"], numbers, step)]
    yield from found
    for row in rows:
        if last is not None and row["next"] != last + 1:
            yield f"series {name}", differs(("下一个号", "the next number"), row["next"], last + 1)


def _gaps(name: str, organ: str, numbers: Any, step: Step) -> Iterator[Found]:
    """Read in the order of the values, which is that of the ids unless somebody changed them."""
    before: int | None = None
    values = Number.select(Number.value).where(numbers).order_by(Number.value).tuples().iterator()
    for (value,) in values:
        if before is not None and value != before + 1:
            gap = str(before + 1) if value == before + 2 else f"{before + 1}–{value - 1}"
            yield (
                f"series {name}",
                f"缺 {gap} 号，编号应当连续；请从备份中找回登记"
                f" / {gap} is missing, and numbers have no gaps: look for it in a backup",
            )
        before = value
    for rows in stretches(Number, where=numbers):
        yield from _holders(name, organ, rows)
        step(len(rows))


def _holders(name: str, organ: str, rows: list[Row]) -> Iterator[Found]:
    """Whether what the numbers were given to is there, and of the organ whose series it is."""
    for kind, mine in by(rows, "kind").items():
        uids = [row["subject"] for row in mine]
        there = _there(kind, uids)
        for row in mine:
            if there is not None and row["subject"] not in there:
                yield (
                    f"number {name}/{row['value']}",
                    f"编给了 {kind} {row['subject']}，但库中没有此件；请从备份中核对"
                    f" / was given to {kind} {row['subject']}, which is not there: compare with a"
                    " backup",
                )
            elif there is not None and there[row["subject"]] not in ("", organ):
                yield (
                    f"number {name}/{row['value']}",
                    differs(
                        ("编号序列的机关", "the organ of the series"), organ, there[row["subject"]]
                    ),
                )


def _there(kind: str, uids: list[str]) -> dict[str, str] | None:
    """Which of these are there, with their organs; None where the plugin of the kind is gone.

    A number that is void belongs to no organ (``""``): whoever voids it may be of another one.
    """
    if kind == VOID:
        return {row["uid"]: "" for row in rows_of(Act, Act.uid, where=[Act.uid.in_(uids)])}
    known: dict[str, Any] = {one.kind: one for one in kinds().all()}
    model = known.get(kind)
    if model is None:
        return None
    rows = rows_of(model, model.uid, model.organ, where=[model.uid.in_(uids)])
    return {row["uid"]: row["organ"] for row in rows}


def compare(
    model: type[Subject], column: Any, *, verb: str = "", says: str = "number"
) -> Iterator[Found]:
    """Compare the number that each object shows with the one that it was given.

    For the reconciler of a plugin: ``yield from numbers.compare(Document, Document.number,
    verb="documents.assign_number")``.

    :param column: where the number stands, as text (``str(DocNumber)``); empty for none.
    :param verb: the verb whose acts give the numbers. Without one, as where they are given by the
        receipt of something, they are compared with the register of numbers only.
    :param says: its parameter that says the number.
    """
    for rows in stretches(model, model.uid, where=vouched(model.uid)):
        uids = [row["uid"] for row in rows]
        with snapshot():
            shown = rows_of(model, model.uid, column, where=[model.uid.in_(uids)])
            given = _given(model.kind, uids)
            acts = deeds_on(model.kind, uids, (verb,)) if verb else {}
        for row in shown:
            where, number = f"{model.kind} {row['uid']}", row[column.name]
            mine = given.get(row["uid"], [])
            signed = [str(one.params.get(says)) for one in acts.get(row["uid"], [])]
            if verb and number != (signed[-1] if signed else ""):
                yield where, differs(SHOWN, number, signed[-1] if signed else "")
            elif mine != ([number] if number else []):
                yield where, _REGISTER.format(number, "、".join(mine), number, ", ".join(mine))


_REGISTER = (
    "显示编号“{}”，编号登记为“{}”；应当一致，请与备份核对后改回"
    " / shows the number {!r}, the register of numbers says {!r}: compare with a backup"
)


def _given(kind: str, uids: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    mine = (Number.kind == kind) & Number.subject.in_(uids)
    taken = Number.select(Number, Series).join(Series).where(mine).order_by(Number.id)
    for one in taken:
        number = DocNumber(one.series.name, one.series.year, one.value)
        found.setdefault(one.subject, []).append(str(number))
    return found
