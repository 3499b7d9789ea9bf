"""Holding units, ties, groups, people, posts, keys and seals against the founding register.

No act changes a column of it: rights that are given or taken later are grants, phases are a fact
of the node. So each difference is an edit, and is named by row and column for ``log verify``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import peewee

from kernel.acts.deeds import deeds
from kernel.acts.generated import is_generated
from kernel.acts.models import Number, Series
from kernel.admitted import older
from kernel.admitted.register import OWN, Columns, Register, is_older, kept, tie_name
from kernel.crypto import canonical
from kernel.identity.models import Credential, Person, Post, Unit, UnitGroup, UnitTie
from kernel.seals.models import Seal
from kernel.storage.comparing import (
    Found,
    Noted,
    Row,
    Step,
    differs,
    rows_of,
    stretches,
    uncounted,
)
from kernel.storage.database import snapshot
from kernel.storage.log_check import stored_bytes

NAMES = {
    "code": ("代码", "the code"),
    "name": ("名称", "the name"),
    "short_name": ("简称", "the short name"),
    "kind": ("种类", "the kind"),
    "level": ("层级", "the level"),
    "parent": ("上级", "the parent"),
    "organ": ("所属机关", "the organ"),
    "office_of": ("所服务的机关", "the body whose office it is"),
    "doc_prefix": ("机关代字", "the prefix of its documents"),
    "box": ("交换箱", "the exchange box"),
    "access_mode": ("接入方式", "the way of access"),
    "rollout": ("接入阶段", "the phase"),
    "aliases": ("别名", "other names"),
    "rank": ("排序", "the rank"),
    "open": ("是否开通", "whether it is open"),
    "unit": ("单位", "the unit"),
    "to": ("另一单位", "the other unit"),
    "members": ("成员", "the members"),
    "includes": ("所含统称", "the groups in it"),
    "note": ("说明", "the note"),
    "uid": ("编号", "the uid"),
    "pinyin": ("拼音", "the spelling"),
    "active": ("是否在用", "whether it is active"),
    "person": ("人员", "the person"),
    "title": ("职务", "the title"),
    "roles": ("角色", "the roles"),
    "act": ("配发的办理", "the act that issued it"),
    "statement": ("凭证", "the statement"),
}
"""What the columns are called where one is not what was founded."""


def reconcile(step: Step = uncounted) -> Iterator[Found]:
    """Name what is otherwise than it was founded, what is gone, and what nobody founded."""
    first = next(deeds("house.genesis"), None)
    if first is None:
        return  # its leaf tells that it is gone
    register = kept(first)
    if register is not None:
        yield from _rows(register, step)
        yield from _statements(register, first.uid, step)
        if register.series is not None:
            yield from _series(register.series)
        return
    yield Noted("founding", _OLDER) if is_older(first) else ("founding", _TEXT_GONE)
    yield from older.compare(first, step)


_OLDER = (
    "本节点由较早的版本建立，没有签过登记册：单位、统称、人员的各列，以及岗位的职务、排序、是否在用"
    "不能比较，请定期与备份核对"
    " / this node was founded by an earlier version, which signed no register: columns of units,"
    " groups and people, and titles, ranks and activity of posts cannot be compared; compare them"
    " with a backup from time to time"
)
_TEXT_GONE = (
    "建立节点时所签的登记册不在库中或被改动，单位、人员、岗位不能逐列比较；请从备份中找回其原文"
    "（acts_private），再核验一次"
    " / the register that was signed at the founding is gone or altered, so units, people and posts"
    " cannot be compared column by column; bring its text back from a backup (acts_private) and"
    " verify again"
)
_GONE = (
    "建立节点时已登记，库中却没有，请从备份中找回"
    " / was founded, and its row is gone: look for it in a backup"
)


def _rows(register: Register, step: Step) -> Iterator[Found]:
    people = {row["id"]: row["uid"] for row in rows_of(Person, Person.uid)}
    units = {row["id"]: row["code"] for row in rows_of(Unit, Unit.code)}

    def placed(row: Row) -> Columns:
        return row | {"person": people.get(row["person"]), "unit": units.get(row["unit"])}

    yield from _compare("unit", register.units, _of(Unit, step), "code")
    yield from _compare("tie", register.ties, _of(UnitTie, step), tie_name)
    yield from _compare("group", register.groups, _of(UnitGroup, step), "name")
    made_up = ~is_generated(Person.uid), ~is_generated(Post.uid)  # counted against their own act
    yield from _compare("person", register.people, _of(Person, step, made_up[0]), "uid")
    posts = map(placed, _of(Post, step, made_up[1]))
    yield from _compare("post", register.posts, posts, "uid")


def _of(model: type[peewee.Model], step: Step, where: Any = None) -> Iterator[Row]:
    meta: Any = model._meta
    fields = [one for one in meta.sorted_fields if one.name not in OWN]
    for rows in stretches(model, *fields, where=where):
        yield from rows
        step(len(rows))


def _compare(
    what: str,
    founded: Mapping[str, Columns],
    rows: Iterable[Row],
    key: str | Callable[[Row], str],
) -> Iterator[Found]:
    seen: set[str] = set()
    for row in rows:
        name = str(row[key]) if isinstance(key, str) else key(row)
        where, said = f"{what} {name}", founded.get(name)
        if said is None or name in seen:
            yield where, older.ADDED
            continue
        seen.add(name)
        for column, value in said.items():
            if column in row and row[column] != value:
                yield where, differs(NAMES.get(column, (column, column)), row[column], value)
    for name in founded.keys() - seen:
        yield f"{what} {name}", _GONE


def _statements(register: Register, founding: str, step: Step) -> Iterator[Found]:
    keys = {uid: {"act": founding, "statement": said} for uid, said in register.keys.items()}
    seals = {uid: {"statement": said} for uid, said in register.seals.items()}
    # Keys that acts issued later are compared with those acts.
    mine = (
        row
        for row in _signed(Credential, step, Credential.act)
        if row["uid"] in keys or row["act"] == founding
    )
    yield from _compare("key", keys, mine, "uid")
    yield from _compare("seal", seals, _signed(Seal, step), "uid")


def _series(founded: Mapping[str, int]) -> Iterator[Found]:
    """Each series of numbers begins with 1, or where the founding let it go on after those on
    paper; also before its first number is given out."""
    first = Number.select(peewee.fn.MIN(Number.value)).where(Number.series == Series.id)
    query = Series.select(Series, first.alias("first")).order_by(Series.id)
    with snapshot():
        rows = [*query.dicts()]
    there = set()
    for row in rows:
        name = f"{row['organ']}/{row['name']}/{row['year']}"
        there.add(name)
        begins, signed = row["first"] or row["next"], max(founded.get(name, 1), 1)
        if begins != signed:
            yield f"series {name}", differs(_FIRST, begins, signed)
    for name in sorted(founded.keys() - there):
        yield f"series {name}", _GONE


_FIRST = ("起始号", "its first number")


def _signed(model: Any, step: Step, *more: Any) -> Iterator[Row]:
    for rows in stretches(model, model.uid, model.statement, *more):
        for row in rows:
            yield row | {"statement": canonical.digest(stored_bytes(row["statement"]))}
        step(len(rows))
