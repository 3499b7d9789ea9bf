"""The directory, and one's own card."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from starlette.responses import Response

from kernel.api import (
    Check,
    Column,
    Ctx,
    Desk,
    Filter,
    Form,
    ListSpec,
    OfficeError,
    Person,
    Post,
    Sort,
    Text,
    Unit,
    _,
    _l,
    connected,
    counting,
    from_query,
    page,
    speaking,
    spelled,
    url,
)
from plugins.contacts.acts import LONGEST, set_card
from plugins.contacts.models import Card

MOST = 500
"""People on the page of one unit."""


class CardForm(Form):
    """How one is reached."""

    phone = Text(
        _l("办公电话"), limit=LONGEST, hint=_l("本单位人员可见；勾选公开后其他单位也可见。")
    )
    mobile = Text(_l("手机"), limit=LONGEST, hint=_l("只有本单位人员可见，可不填。"))
    room = Text(_l("办公地点"), limit=LONGEST)
    shared = Check(_l("在其他单位的通讯录中显示我的姓名、岗位和办公电话"))


def seen(desk: Desk) -> Any:
    """Whose posts a desk may see: all of its organ, and of others who shows himself."""
    shared = Card.select(Card.post).where(Card.shared)
    return Post.active & Person.active & ((Unit.organ == desk.organ_code) | Post.uid.in_(shared))


def _search(text: str) -> Any:
    """By name, title or unit, in characters or in pinyin."""
    letters = text.lower().replace(" ", "")
    found = Person.name.contains(text) | Post.title.contains(text) | Unit.name.contains(text)
    if not (letters.isascii() and letters.isalnum()):
        return found
    known: Any = Unit.select(Unit.code, Unit.name, Unit.short_name).tuples()
    units = [
        code for code, name, short in known if letters in spelled(name) or letters in spelled(short)
    ]
    return found | Person.pinyin.contains(letters) | Unit.code.in_(units)


def _filters(desk: Desk) -> dict[str, Callable[[str], Any]]:
    own = Unit.organ == desk.organ_code
    return {"where": lambda value: own if value == "own" else ~own}


def _way(row: Any) -> str:
    return url("contacts:unit", code=row.unit.code)


def _spec() -> ListSpec:
    return ListSpec(
        title=_l("通讯录"),
        columns=(
            Column("name", _l("姓名"), "title", value=lambda row: row.person.name),
            Column("unit", _l("单位"), value=lambda row: row.unit.name, href=_way),
            Column("phone", _l("办公电话"), value=lambda row: row.card.phone if row.card else ""),
            Column("mobile", _l("手机"), value=lambda row: row.mobile),
            Column("room", _l("办公地点"), value=lambda row: row.room),
        ),
        sorts=(Sort("rank", _l("按排序"), "rank", field=Post.rank),),
        default_sort="rank",
        entries=True,
        filters=(Filter("where", _l("范围"), (("own", _l("本单位")), ("others", _l("其他单位")))),),
        search_hint=_l("姓名、单位、岗位或拼音首字母"),
        empty=_l("还没有联系人。"),
        meta=lambda row: row.title,
    )


@page("/units/{code}", name="unit", level="contacts.view")
def unit_page(ctx: Ctx, code: str) -> Response:
    """One unit: its names, what it is part of and has in it, and whom this desk may see there."""
    unit = Unit.by_code(code)
    rows = Post.select(Post, Person, Unit).join(Person).switch(Post).join(Unit)
    rows = rows.where(seen(ctx.desk) & ((Unit.code == code) | (Unit.organ == code)))
    people = rows.order_by(Unit.rank, Post.rank, Post.id)
    carded = _with_cards(ctx.desk, lambda _query, limit: list(people.limit(limit)))
    with speaking(ctx.language):
        return ctx.render(
            "contacts/unit.html",
            title=unit.name,
            unit=unit,
            above=Unit.get_or_none(Unit.code == unit.parent) if unit.parent else None,
            below=list(Unit.ranked().where(Unit.parent == code)),
            people=carded(None, MOST),
            joined=connected(unit if unit.is_organ else Unit.by_code(unit.organ)),
        )


def _with_cards(desk: Desk, fetch: Any) -> Any:
    """The rows with what this desk may see of each card: a mobile number within the organ only."""

    def fetched(query: Any, limit: int) -> Sequence[Any]:
        rows: list[Any] = fetch(query, limit)
        cards = {one.post: one for one in Card.select().where(Card.post.in_([r.uid for r in rows]))}
        for row in rows:
            row.card = cards.get(row.uid)
            near = row.card is not None and row.unit.organ == desk.organ_code
            row.mobile = row.card.mobile if near else ""
            row.room = row.card.room if near else ""
        return rows

    return fetched


@page("/", name="list", level="contacts.view")
def list_page(ctx: Ctx) -> Response:
    """Everybody of the organ, and of other organs who lets himself be found."""
    with speaking(ctx.language):
        rows = Post.select(Post, Person, Unit).join(Person).switch(Post).join(Unit)
        rows = rows.where(seen(ctx.desk))
        filters, spec = _filters(ctx.desk), _spec()
        fetch = from_query(rows, spec, ident=Post.uid, filters=filters, search=_search)
        return ctx.show_list(
            "contacts/list.html", spec, _with_cards(ctx.desk, fetch), ctx.request.url.path,
            total=counting(rows, filters=filters, search=_search),
        )  # fmt: skip


@page("/mine", name="mine", level="contacts.view", methods=("GET", "POST"), weight="recorded")
def mine_page(ctx: Ctx) -> Response:
    """One's own card."""
    card = Card.get_or_none(Card.post == ctx.desk.post.uid)
    names = ("phone", "mobile", "room", "shared")
    with speaking(ctx.language):
        form = CardForm(ctx.form, data={n: getattr(card, n) for n in names} if card else None)
        if not ctx.posted:
            return _mine(ctx, form)
        if not form.validate():
            return _mine(ctx, form, 422)
        try:
            texts = {name: form[name].data or "" for name in names[:3]}
            ctx.do(set_card, **texts, shared=bool(form.shared.data))
        except OfficeError as error:
            form.refuse(error)
            return _mine(ctx, form, error.status)
        ctx.say(_("已保存，同事现在可以在通讯录中找到您的电话。"))
        return ctx.go("contacts:list")


def _mine(ctx: Ctx, form: CardForm, status: int = 200) -> Response:
    return ctx.render("contacts/mine.html", status=status, title=_("我的通讯录信息"), form=form)


ROUTES = [list_page, mine_page, unit_page]
