"""What a sender does after a dispatch: recall, remind, send again, deadlines, replace, void."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from msgspec import Struct
from starlette.responses import Response

from kernel.crypto.ids import stamp
from kernel.errors import OfficeError
from kernel.exchange.chosen import waiting
from kernel.exchange.deadlines import set_deadline
from kernel.exchange.ending import supersede, void
from kernel.exchange.models import Delivery, Package
from kernel.exchange.recalling import askable_units, open_units, recall
from kernel.exchange.resending import BACK, resend
from kernel.exchange.urging import urge, urgeable
from kernel.identity.models import Unit
from kernel.identity.phases import connected
from kernel.portal.ctx import Ctx
from kernel.portal.fields import Check, Choice, Date, Paragraphs
from kernel.portal.forms import Form
from kernel.portal.i18n import Lazy, _, _l, speaking
from kernel.portal.month import rest_day_note
from kernel.portal.picker import Branch, Leaf, Units
from kernel.portal.urls import url
from kernel.portal.words import end_of

LATEST = 50
"""How many later dispatches are offered as a replacement."""


class RecallForm(Form):
    """From whom a dispatch is recalled and why, and whether those who signed for it are asked."""

    units = Units(
        _l("撤回单位"),
        hint=_l("不选即撤回全部未签收的单位；选了已签收的单位，即向其申请撤回。"),
    )
    reason = Paragraphs(_l("撤回原因"), limit=500, rows=3, required=True)
    ask = Check(_l("同时向已签收的单位申请撤回（须对方同意）"))


class VoidForm(Form):
    """Why it is void."""

    reason = Paragraphs(_l("作废原因"), limit=500, rows=3, required=True)


class SupersedeForm(Form):
    """What replaces it, and why."""

    by = Choice(_l("替换件"), required=True, hint=_l("先印发新的公文，再在这里选择。"))
    reason = Paragraphs(_l("替换原因"), limit=500, rows=3, required=True)


class UrgeForm(Form):
    """Who is reminded, and how."""

    units = Units(_l("催办单位"))
    channel = Choice(
        _l("方式"),
        (
            ("portal", _l("平台提醒")),
            ("phone", _l("另打了电话")),
            ("sms", _l("另发了短信")),
        ),
        hint=_l("平台都会提醒对方；电话、短信由您自己联系，这里只作登记。"),
        radio=True,
        default="portal",
    )


class ResendForm(Form):
    """Who gets it again, or in addition."""

    units = Units(_l("补发单位"), required=True)
    role = Choice(
        _l("方式"), (("main", _l("主送")), ("cc", _l("抄送"))), radio=True, default="main"
    )
    reason = Paragraphs(_l("补发原因"), limit=500, rows=3, required=True)


class DeadlineForm(Form):
    """Until when it has to be signed for."""

    units = Units(_l("适用单位"), hint=_l("不选即为全部未签收单位。"))
    day = Date(_l("签收截止日期"), required=True, hint=_l("当日 24 时前签收。"))
    reason = Paragraphs(_l("修改原因"), limit=500, rows=3, required=True)


class Deed(Struct, frozen=True):
    """One act of the sender as a page."""

    name: str
    title: Lazy
    means: Lazy
    """What it does and what it does not, for who has never done it."""
    form: type[Form]
    fill: Callable[[Any, Package, Ctx], None]
    go: Callable[[Ctx, Any, Package, str], Response]
    dangerous: bool = False
    nobody: Lazy | str = ""
    """What is said instead of the form when there is no unit to choose."""


def _leaves(codes: list[str]) -> tuple[Leaf, ...]:
    rows = Unit.ranked().where(Unit.code.in_(codes))
    return tuple(Leaf(one.code, one.name, one.short_name) for one in rows)


def _tree(*branches: Branch) -> list[Branch]:
    return [branch for branch in branches if branch.leaves]


def _codes(which: Any) -> list[str]:
    return [row.organ for row in Delivery.select(Delivery.organ).where(which)]


def _nothing(form: Any, package: Package, ctx: Ctx) -> None:
    """Nothing to choose from."""


def _to_recall(form: Any, package: Package, ctx: Ctx) -> None:
    signed = _leaves(askable_units(package))
    form.units.tree = _tree(
        Branch(_("未签收，可以撤回"), _leaves(open_units(package)), open=True),
        Branch(_("已签收，须对方同意"), signed),
    )
    if not signed:
        del form.ask


def _to_urge(form: Any, package: Package, ctx: Ctx) -> None:
    found = _leaves(_codes(urgeable(package, [])))
    form.units.tree = _tree(Branch(_("可催办的单位"), found, open=True))
    form.units.description = _("不选即提醒全部 %(n)s 家。", n=len(found))


def _to_wait_for(form: Any, package: Package, ctx: Ctx) -> None:
    found = _leaves(_codes(waiting(package)))
    form.units.tree = _tree(Branch(_("未签收单位"), found, open=True))


def _to_resend(form: Any, package: Package, ctx: Ctx) -> None:
    sent = Delivery.select().where(Delivery.package == package.uid).order_by(Delivery.copy)
    newest = {row.organ: row for row in sent}
    back = [code for code, row in newest.items() if row.state in BACK and not row.claim]
    units = Unit.select().where(Unit.box & (Unit.code != package.organ))
    more = [one.code for one in units if one.code not in newest and connected(one)]
    form.units.tree = _tree(
        Branch(_("已退回或撤回的单位"), _leaves(back), open=True),
        Branch(_("增发给其他单位"), _leaves(more), whole=False),
    )


def _later(form: Any, package: Package, ctx: Ctx) -> None:
    fit = Package.visible(ctx.desk) & (Package.state == "sent") & (Package.ended == "")
    rows = Package.select().where(fit & (Package.uid != package.uid))
    # Nothing is chosen before: what is replaced by the wrong one cannot be put right.
    form.by.choices = [("", _("请选择"))] + [
        (row.uid, f"{row.number} {row.title}".strip())
        for row in rows.order_by(Package.id.desc()).limit(LATEST)
    ]


def _signing(verb: Any, *names: str) -> Callable[[Ctx, Any, Package, str], Response]:
    """Go on to the signature with these fields of the form."""

    def go(ctx: Ctx, form: Any, package: Package, back: str) -> Response:
        given = {name: form[name].data for name in names if name in form}
        return ctx.sign(verb, package, back=back, form_at=ctx.path, **given)

    return go


def _recall(ctx: Ctx, form: Any, package: Package, back: str) -> Response:
    chosen = sorted(form.units.data or [])
    ask = bool("ask" in form and form.ask.data) or bool({*chosen} & {*askable_units(package)})
    given = {"reason": form.reason.data, "ask": ask, "units": chosen or None}
    return ctx.sign(recall, package, back=back, form_at=ctx.path, **given)


def _urge(ctx: Ctx, form: Any, package: Package, back: str) -> Response:
    count = ctx.do(urge, package, units=form.units.data or [], channel=form.channel.data)
    ctx.say(_("已催办 %(n)s 家。", n=count))
    return ctx.go_to(back)


def _deadline(ctx: Ctx, form: Any, package: Package, back: str) -> Response:
    given = {"units": form.units.data or [], "reason": form.reason.data}
    if note := rest_day_note(form.day.data):
        ctx.say(note, "warn")
    until = stamp(end_of(form.day.data))
    return ctx.sign(set_deadline, package, back=back, form_at=ctx.path, sign_by=until, **given)


RECALL = Deed(
    "recall",
    _l("撤回"),
    _l(
        "未签收的单位不能再打开此件，只保留摘要和回执。已签收的单位可以申请撤回，须对方同意。"
        "可以只撤回发错的单位，其余单位不受影响。"
    ),
    RecallForm,
    _to_recall,
    _recall,
    dangerous=True,
)
VOID = Deed(
    "void",
    _l("作废"),
    _l("所有收文单位都会看到“已作废”标识，内容仍可查看，文号不再使用。作废后不能恢复。"),
    VoidForm,
    _nothing,
    _signing(void, "reason"),
    dangerous=True,
)
SUPERSEDE = Deed(
    "supersede",
    _l("替换"),
    _l("所有收文单位都会看到“已被替换”标识；收到替换件的单位同时看到它的链接。内容仍可查看。"),
    SupersedeForm,
    _later,
    _signing(supersede, "by", "reason"),
    dangerous=True,
)
URGE = Deed(
    "urge",
    _l("催办"),
    _l("提醒未签收单位的收文人员，并记录次数和方式。同一单位 2 小时内催办一次，一天最多 3 次。"),
    UrgeForm,
    _to_urge,
    _urge,
    nobody=_l("现在没有可催办的单位：都已办完，或刚刚催办过。两次催办须间隔 2 小时。"),
)
RESEND = Deed(
    "resend",
    _l("补发"),
    _l(
        "把同一个公文包再次投递给误退或误撤的单位，或增发给其他单位。内容、文号和摘要不变。"
        "签收时限还有一天以上的，同样适用。"
    ),
    ResendForm,
    _to_resend,
    _signing(resend, "units", "role", "reason"),
)
DEADLINE = Deed(
    "deadline",
    _l("修改签收时限"),
    _l("改变未签收单位的签收时限。过时未签收的登记为逾期，仍可签收，双方都会看到“超时签收”。"),
    DeadlineForm,
    _to_wait_for,
    _deadline,
    nobody=_l("没有未签收的单位，签收时限不用再改。"),
)


def _show(ctx: Ctx, uid: str, deed: Deed) -> Response:
    package, back = ctx.get(Package, uid), url("exchange:package", uid=uid)
    with speaking(ctx.language):
        form: Any = deed.form(ctx.form if ctx.posted else None)
        deed.fill(form, package, ctx)
        if ctx.posted and form.validate():
            try:
                return deed.go(ctx, form, package, back)
            except OfficeError as error:
                form.refuse(error)
        return ctx.render(
            "exchange/after_sending.html",
            status=422 if ctx.posted else 200,
            title=str(deed.title),
            item=package,
            deed=deed,
            form=form,
            nobody="" if ctx.posted or deed.nobody and form.units.tree else deed.nobody,
            back=back,
        )


recall_page, urge_page = partial(_show, deed=RECALL), partial(_show, deed=URGE)
resend_page, deadline_page = partial(_show, deed=RESEND), partial(_show, deed=DEADLINE)
supersede_page, void_page = partial(_show, deed=SUPERSEDE), partial(_show, deed=VOID)
