"""My delegations: who acts in my name, in whose name I act; give, take back, give back."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

from starlette.responses import Response

from kernel.acts.house.delegating import KINDS, delegable, delegate, end_delegation, title_of
from kernel.crypto.ids import now, stamp
from kernel.errors import OfficeError
from kernel.identity import delegations
from kernel.identity.desk import Desk
from kernel.identity.models import Delegation, Person, Post, Unit
from kernel.portal.brief import apart
from kernel.portal.ctx import Ctx
from kernel.portal.fields import Choice, Date, Hidden
from kernel.portal.forms import Form
from kernel.portal.i18n import _, _l, speaking
from kernel.portal.urls import url
from kernel.portal.words import local
from kernel.work.calendar import day_begins, local_day


class DelegateForm(Form):
    """Whom, and how long; the verbs are checkboxes beside it."""

    kind = Hidden()
    taker = Choice(_l("受托人"), required=True)
    first = Date(_l("开始日期"), required=True)
    last = Date(_l("结束日期"), required=True)


def colleagues(desk: Desk) -> list[Post]:
    """Whom one may delegate to: everybody else in the organ."""
    query = Post.select(Post, Person, Unit).join(Person).switch(Post).join(Unit)
    there = (Unit.organ == desk.organ_code) & Post.active & Person.active
    rows = query.where(there & (Person.uid != desk.person.uid)).order_by(Post.rank, Post.id)
    return list(rows)


def _form(ctx: Ctx, kind: str, posted: Any = None) -> DelegateForm:
    today = local(now()).date()
    data = {"kind": kind, "first": today, "last": today + timedelta(days=30)}
    form: DelegateForm = apart(DelegateForm(posted, data=data), f"field-{kind}")
    form.taker.choices = [("", _("请选择"))] + [
        (post.uid, f"{post.person.name}（{post.unit.short_name} {post.title}）")
        for post in colleagues(ctx.desk)
    ]
    return form


def delegations_page(ctx: Ctx) -> Response:
    """Give a delegation (it is signed), and see those given and received."""
    with speaking(ctx.language):
        forms = {kind: _form(ctx, kind) for kind in KINDS}
        kind = str(ctx.form.get("kind", "")) if ctx.posted else ""
        if kind not in KINDS:
            return _show(ctx, forms)
        form = forms[kind] = _form(ctx, kind, ctx.form)
        if not form.validate():
            return _show(ctx, forms, 422)
        try:
            return _give(ctx, form)
        except OfficeError as error:
            form.refuse(error)
            return _show(ctx, forms, error.status)


def _give(ctx: Ctx, form: DelegateForm) -> Response:
    taker = Post.get_or_none(Post.uid == form.taker.data)
    return ctx.sign(
        delegate,
        None,
        back=url("delegations"),
        taker=str(form.taker.data),
        person=taker.person.uid if taker is not None else "",
        kind=str(form.kind.data),
        names=[str(name) for name in ctx.form.getlist("names")],
        starts=_instant(form.first.data, time.min),
        ends=_instant(form.last.data, time(23, 59, 59)),
    )


def _instant(day: date | None, at: time) -> str:
    return stamp(day_begins(day or local_day(now()), at))


def _show(ctx: Ctx, forms: dict[str, DelegateForm], status: int = 200) -> Response:
    desk = ctx.desk
    own = desk.post if desk.acting is None else desk.acting.own
    offers = [
        (kind, forms[kind], [(verb.name, title_of(verb.name, ctx.language)) for verb in verbs])
        for kind in KINDS
        if desk.acting is None and desk.has("house.delegate") and (verbs := delegable(desk, kind))
    ]
    return ctx.render(
        "account/delegations.html",
        status=status,
        title=_("授权委托"),
        offers=offers,
        ticked=set(ctx.form.getlist("names")) if ctx.posted else set(),
        given=[_row(ctx, row, row.taker) for row in delegations.of(own)],
        received=[_row(ctx, row, row.giver) for row in delegations.to(own)],
        current=desk.acting.delegation if desk.acting is not None else "",
    )


def _row(ctx: Ctx, row: Delegation, other: str) -> dict[str, Any]:
    post = Post.get(Post.uid == other)
    return {
        "uid": row.uid,
        "kind": row.kind,
        "who": f"{post.person.name}（{post.unit.short_name} {post.title}）",
        "verbs": [title_of(name, ctx.language) for name in row.verbs],
        "starts": row.starts,
        "ends": row.ends,
        "ended": row.ended,
        "running": row.ended is None and row.ends >= now(),
    }


def end_page(ctx: Ctx) -> Response:
    """End one at once."""
    ctx.do(end_delegation, delegation=str(ctx.form.get("delegation", "")))
    with speaking(ctx.language):
        ctx.say(_("委托已结束，立即生效。"))
    return ctx.go("delegations")
