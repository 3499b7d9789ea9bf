"""The boxes of an organ: what came in (sign for, send back, answer), what went out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from peewee import SQL, Case, fn
from starlette.responses import Response

from kernel.acts.models import NO_LIMIT, URGENT
from kernel.errors import OfficeError
from kernel.exchange import receipts
from kernel.exchange.consenting import agree_recall, refuse_recall
from kernel.exchange.deadlines import due_soon
from kernel.exchange.inbound import REASONS, send_back, sign_for
from kernel.exchange.models import Delivery, Package
from kernel.exchange.opening import open_once
from kernel.exchange.resending import latest, may_be_asked_for, request_resend
from kernel.identity.rights import rights
from kernel.plugins.switches import switchboard
from kernel.portal.ctx import Ctx
from kernel.portal.fields import Choice, Label, Paragraphs
from kernel.portal.forms import Form
from kernel.portal.i18n import _, _l, speaking
from kernel.portal.lists import (
    Column,
    Fetch,
    Filter,
    ListQuery,
    ListSpec,
    Sort,
    counting,
    from_query,
)
from kernel.portal.sealed import page_images, seal_line
from kernel.portal.starring import star_of
from kernel.portal.urls import url
from kernel.portal.views.task_centre import DEGREES
from kernel.portal.words import ended_word

STATES = {
    "delivered": _l("待签收"),
    "signed": _l("已签收"),
    "returned": _l("已退回"),
    "recalled": _l("已撤回"),
    "failed": _l("投递失败"),
}
ROLES = {"main": _l("主送"), "cc": _l("抄送")}

AWAITED = (Delivery.state == "delivered") & (Delivery.mark == "")
LAST = "99"
"""Stands behind all limits, and behind what has none."""


def _reasons() -> list[tuple[str, Label]]:
    """Nothing is chosen before: the sender would read a reason that nobody gave."""
    return [("", _l("请选择")), *((one, one) for one in REASONS)]


class ReasonForm(Form):
    """Why the recall is not agreed to, why it is wanted once more."""

    reason = Paragraphs(_l("原因"), limit=500, rows=3, required=True)


class SendBackForm(Form):
    """Why a delivery is sent back."""

    kind = Choice(_l("退回原因"), choices=_reasons(), required=True)
    reason = Paragraphs(_l("具体说明"), limit=450, rows=4)


def _inbox_spec() -> ListSpec:
    return ListSpec(
        title=_l("收文签收"),
        columns=(
            Column("title", _l("标题"), "title"),
            Column("role", _l("方式"), value=lambda row: str(ROLES[row.role])),
            Column("state", _l("状态"), "tag", value=state_of),
            Column("sign_by", _l("签收时限"), "due", value=due_of),
            Column("delivered", _l("送达时间"), "time"),
            Column("signed_at", _l("签收时间"), "time", value=signed_at),
        ),
        sorts=(
            Sort("new", _l("按送达时间"), "id", descending=True, field=Delivery.id),
            Sort("due", _l("按签收时限"), "by_due", field=_by_due()),
            Sort("urgent", _l("先急后缓"), "by_hurry", field=_by_hurry()),
        ),
        default_sort="new",
        filters=(
            Filter("state", _l("状态"), tuple(STATES.items())[:4], _l("全部状态")),
            Filter("role", _l("方式"), tuple(ROLES.items()), _l("主送和抄送")),
            Filter("urgency", _l("紧急程度"), tuple(DEGREES.items()), _l("全部缓急")),
        ),
        search_hint=_l("按标题、文号、来文单位查找"),
        empty=_l("没有来文。其他单位发来的公文会出现在这里。"),
        href=lambda row: url("exchange:delivery", uid=row.uid),
        meta=lambda row: " · ".join(part for part in (row.number, row.sender_name) if part),
        tags=tags_of,
        choosable=lambda row: row.state == "delivered" and not row.claim,
    )


def _by_due() -> Any:
    """Orders by the time for signing what has still to be signed for; the rest comes last."""
    return Case(None, [(AWAITED, _limit())], LAST)


def _by_hurry() -> Any:
    """Orders by urgency, then by the time for signing, as the task centre does; the rest last."""
    ranks = [(word, str(rank)) for rank, word in enumerate(URGENT)]
    degree, limit = Case(Delivery.urgency, ranks, str(len(URGENT))), _limit()
    return Case(None, [(AWAITED, degree.concat(limit))], LAST)


def _limit() -> Any:
    return fn.COALESCE(Delivery.sign_by, NO_LIMIT)


def _degree(which: str) -> Any:
    """As in the task centre: 特提 counts as 特急, 平急 as 平件."""
    if which == "特急":
        return Delivery.urgency.in_(("特提", "特急"))
    return Delivery.urgency == which if which == "加急" else Delivery.urgency.not_in(URGENT[:3])


def tags_of(row: Delivery) -> list[str]:
    """What stands before the title of a delivery: its urgency, and what happened to it."""
    found: list[tuple[object, str]] = [(row.urgency, row.urgency), (row.voided, _("已作废"))]
    found += [(row.superseded, _("已被替换"))]
    found += [(row.asked, _("申请撤回")), (row.copy, _("补发")), (row.late, _("超时签收"))]
    found += [(row.overdue and row.awaited, "超时")]
    return [str(word) for holds, word in found if holds]


def due_of(row: Delivery) -> datetime | None:
    """By when it has to be signed for; nothing once that does not matter any more."""
    return row.sign_by if row.awaited else None


def signed_at(row: Delivery) -> datetime | None:
    """When it was signed for here; of what was sent back or recalled there is no such time."""
    return row.settled if row.state == "signed" else None


def state_of(row: Delivery) -> str:
    """The state in words; 办理中 while the node records what a person decided."""
    return _("办理中") if row.claim else str(STATES[row.state])


def inbox(ctx: Ctx) -> Response:
    """What other units sent to this organ."""
    with speaking(ctx.language):
        spec = _inbox_spec()
        fetch = from_query(
            _received().where(Delivery.visible(ctx.desk)),
            spec,
            ident=Delivery.uid,
            filters={
                "state": lambda value: Delivery.state == value,
                "role": lambda value: Delivery.role == value,
                "urgency": _degree,
            },
            search=lambda text: (
                Delivery.title.contains(text)
                | Delivery.number.contains(text)
                | Delivery.sender_name.contains(text)
            ),
        )
        may = ctx.desk.has("exchange.handle")
        path = url("exchange:inbox")
        return ctx.show_list("exchange/inbox.html", spec, fetch, path, may_sign=may)


def _received() -> Any:
    """Deliveries, each with what it is ordered by."""
    return Delivery.select(Delivery, _by_due().alias("by_due"), _by_hurry().alias("by_hurry"))


def delivery(ctx: Ctx, uid: str) -> Response:
    """One delivery: what it is, whether it is genuine, and what can be done with it."""
    found = ctx.get(Delivery, uid)
    if ctx.partial:
        return _underway(found)
    ctx.require_deliberate()
    report = open_once(ctx.desk, found)
    found = ctx.get(Delivery, uid)
    with speaking(ctx.language):
        return _delivery_page(ctx, found, report, SendBackForm())


def _underway(found: Delivery) -> Response:
    """For a page that says 办理中: it is loaded anew once that is over, and stays until then."""
    return Response(status_code=204, headers={} if found.claim else {"HX-Refresh": "true"})


def _delivery_page(
    ctx: Ctx,
    found: Delivery,
    report: receipts.Report,
    form: Form,
    status: int = 200,
    answer: Form | None = None,
) -> Response:
    why = (
        switchboard().why(found.type.partition(".")[0], ctx.desk.organ_code)
        if found.parked
        else None
    )
    body = "" if found.state == "recalled" else found.package.body
    newest = latest(found.package, found.organ)
    clerk = ctx.desk.has("exchange.handle") and not found.claim
    return ctx.render(
        "exchange/delivery.html",
        status=status,
        title=found.title,
        item=found,
        star=star_of(ctx, found),
        state=state_of(found),
        role=str(ROLES[found.role]),
        seal=seal_line(report),
        report=report,
        pages=page_images(body, found.title, "delivery", found.uid),
        may_act=clerk and found.state == "delivered",
        may_answer=clerk and found.state == "signed" and found.asked,
        may_request=clerk and may_be_asked_for(found),
        handlers=[] if clerk else rights().holder_names("exchange.handle", found.organ),
        may_go_on=ctx.desk.has("exchange.handle") and found.state == "signed" and not found.parked,
        soon=due_soon(found),
        successor=_successor(found),
        newer=newest if newest != found else None,
        evidence=receipts.evidence_of(found.package, organ=found.organ),
        why=why.text(ctx.language) if why is not None else "",
        form=form,
        answer=answer or ReasonForm(),
    )


def _successor(found: Delivery) -> Delivery | None:
    """What replaces it, as it was delivered here; nothing is said of what was not."""
    if not found.superseded:
        return None
    here = (Delivery.package == found.superseded) & (Delivery.organ == found.organ)
    row: Delivery | None = Delivery.select().where(here).order_by(Delivery.copy.desc()).first()
    return row


def sign_for_page(ctx: Ctx, uid: str) -> Response:
    """Sign for a delivery."""
    back = url("exchange:delivery", uid=uid)
    return ctx.sign(sign_for, ctx.get(Delivery, uid), back=back)


def send_back_page(ctx: Ctx, uid: str) -> Response:
    """Send a delivery back with a reason."""
    found, form = ctx.get(Delivery, uid), SendBackForm(ctx.form)
    back = url("exchange:delivery", uid=uid)
    with speaking(ctx.language):
        if form.validate():
            reason = "：".join(part for part in (form.kind.data, form.reason.data) if part)
            try:
                return ctx.sign(send_back, found, back=back, reason=reason)
            except OfficeError as error:
                form.refuse(error)
        return _delivery_page(ctx, found, open_once(ctx.desk, found), form, 422)


def _with_reason(ctx: Ctx, uid: str, go: Callable[[Delivery, str], Response]) -> Response:
    """Read the reason that the other side will read, and go on with it."""
    found, form = ctx.get(Delivery, uid), ReasonForm(ctx.form)
    with speaking(ctx.language):
        if form.validate():
            try:
                return go(found, str(form.reason.data))
            except OfficeError as error:
                form.refuse(error)
        report = open_once(ctx.desk, found)
        return _delivery_page(ctx, found, report, SendBackForm(), 422, form)


def agree_page(ctx: Ctx, uid: str) -> Response:
    """Agree that the sender takes back what was signed for."""
    back = url("exchange:delivery", uid=uid)
    return ctx.sign(agree_recall, ctx.get(Delivery, uid), back=back)


def refuse_page(ctx: Ctx, uid: str) -> Response:
    """Keep what was signed for, with a reason."""
    back = url("exchange:delivery", uid=uid)
    return _with_reason(
        ctx, uid, lambda found, why: ctx.sign(refuse_recall, found, back=back, reason=why)
    )


def request_page(ctx: Ctx, uid: str) -> Response:
    """Ask the sender for what was sent back by mistake."""

    def go(found: Delivery, why: str) -> Response:
        ctx.do(request_resend, found, reason=why)
        ctx.say(_("已请求补发，发文单位会收到待办。"))
        return ctx.go("exchange:delivery", uid=uid)

    return _with_reason(ctx, uid, go)


OUTCOMES = {
    "open": _l("有未签收的"),
    "signed": _l("全部签收"),
    "returned": _l("有退回的"),
    "ended": _l("已撤回、作废或被替换"),
}


def _outcome(name: str) -> Any:
    """Which packages stand so, by the newest copy of each recipient."""
    mine = (Delivery.package == Package.uid) & receipts.newest()

    def some(which: Any) -> Any:
        return fn.EXISTS(Delivery.select(SQL("1")).where(mine & which))

    found: dict[str, Any] = {
        "open": some(Delivery.state == "delivered"),
        "signed": (Package.state == "sent") & ~some(Delivery.state != "signed"),
        "returned": some(Delivery.state == "returned"),
        "ended": Package.ended != "",
    }
    return found[name]


def _count(state: str) -> Callable[[Package], int | None]:
    """How many recipients of a package are in a state; nothing is said while it is on its way."""

    def value(row: Any) -> int | None:
        return None if row.tally is None else int(getattr(row.tally, state))

    return value


def _outbox_tags(row: Any) -> list[str]:
    """What stands before the title of a package: what its sender did to it, what went wrong."""
    found = [ended_word(row.ended)] if row.ended else []
    found += [_("办理中")] if row.state == "claimed" or row.claim else []
    failed = row.tally.failed if row.tally is not None else 0
    return found + ([_("投递失败 %(n)s 家", n=failed)] if failed else [])


def _outbox_spec() -> ListSpec:
    return ListSpec(
        title=_l("发文回执"),
        columns=(
            Column("title", _l("标题"), "title"),
            Column("total", _l("收文单位"), "number"),
            Column("signed", _l("已签收"), "number", value=_count("signed")),
            Column("open", _l("未签收"), "number", value=_count("delivered")),
            Column("returned", _l("已退回"), "number", value=_count("returned")),
            Column("recalled", _l("已撤回"), "number", value=_count("recalled")),
            Column("sent", _l("发出时间"), "time"),
        ),
        sorts=(Sort("new", _l("按发出时间"), "id", descending=True, field=Package.id),),
        default_sort="new",
        filters=(Filter("state", _l("签收情况"), tuple(OUTCOMES.items()), _l("全部状态")),),
        search_hint=_l("按标题、文号查找"),
        empty=_l("还没有发出公文。发出后可以在这里查看签收情况。"),
        href=lambda row: url("exchange:package", uid=row.uid),
        meta=lambda row: row.number,
        tags=_outbox_tags,
    )


def outbox_page(ctx: Ctx) -> Response:
    """What this organ sent, and how many have signed for it."""
    with speaking(ctx.language):
        spec = _outbox_spec()
        sent = Package.state.in_(["claimed", "sent"])
        rows = Package.select().where(Package.visible(ctx.desk) & sent)
        narrow: Any = {
            "filters": {"state": _outcome},
            "search": lambda text: Package.title.contains(text) | Package.number.contains(text),
        }
        fetch = _counted(from_query(rows, spec, ident=Package.uid, **narrow))
        total, path = counting(rows, **narrow), url("exchange:outbox")
        return ctx.show_list("exchange/outbox.html", spec, fetch, path, total=total)


def _counted(fetch: Fetch) -> Fetch:
    """The packages with how they stand, asked once for all that are shown."""

    def counted(query: ListQuery, limit: int) -> Sequence[Any]:
        found = fetch(query, limit)
        tallies = receipts.tallies([row.uid for row in found])
        for row in found:
            row.tally = tallies.get(row.uid)
        return found

    return counted
