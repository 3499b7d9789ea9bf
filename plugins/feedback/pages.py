"""How remarks are shown: one's own, one of them with its answer, all of them for who answers."""

from __future__ import annotations

from starlette.responses import Response

from kernel.api import (
    SIGNED_IN,
    Column,
    Ctx,
    Desk,
    Filter,
    Form,
    Hidden,
    ListSpec,
    MenuItem,
    OfficeError,
    Paragraphs,
    Sort,
    _,
    _l,
    from_query,
    page,
    speaking,
    url,
)
from plugins.feedback.acts import MOST, MOST_PLACE, answer, write
from plugins.feedback.models import Remark

STATES = {"open": _l("待答复"), "answered": _l("已答复")}


def menu(desk: Desk) -> list[MenuItem]:
    """The entry of the side navigation, for those who answer."""
    if not desk.has("feedback.answer"):
        return []
    count = Remark.select().where(Remark.state == "open").count()
    return [MenuItem(_("意见建议"), url("feedback:all"), "mail", count, note=_("条待答复"))]


def _spec(title: object, empty: object, *, people: bool) -> ListSpec:
    who = (
        (Column("name", _l("提出人"), "person"), Column("where", _l("单位岗位"))) if people else ()
    )
    return ListSpec(
        title=title,  # type: ignore[arg-type]  # lazy, as all titles of lists
        columns=(
            Column("label", _l("意见建议"), "title", value=lambda row: row.label()),
            *who,
            Column("written", _l("提出时间"), "time"),
            Column("state", _l("状态"), value=lambda row: str(STATES[row.state])),
        ),
        sorts=(Sort("new", _l("按提出时间"), "id", descending=True, field=Remark.id),),
        default_sort="new",
        entries=True,
        filters=(Filter("state", _l("状态"), tuple(STATES.items())),),
        search_hint=_l("按内容查找"),
        empty=empty,  # type: ignore[arg-type]  # as above
        href=lambda row: url("feedback:remark", uid=row.uid),
    )


def _list(ctx: Ctx, spec: ListSpec, name: str, *, own: bool) -> Response:
    rows = Remark.select().where(Remark.visible(ctx.desk))
    if own:
        rows = rows.where(Remark.person == ctx.desk.person.uid)
    fetch = from_query(
        rows,
        spec,
        ident=Remark.uid,
        filters={"state": lambda value: Remark.state == value},
        search=lambda text: Remark.text.contains(text),
    )
    return ctx.show_list(
        "feedback/list.html", spec, fetch, url(name), own=own, place=_came_from(ctx)
    )


@page("/", name="mine", level=SIGNED_IN)
def mine_page(ctx: Ctx) -> Response:
    """What I have written, with the answers."""
    with speaking(ctx.language):
        empty = _l("您还没有提过意见建议。使用中有不方便的地方，请点“写意见建议”告诉我们。")
        spec = _spec(_l("我的意见建议"), empty, people=False)
        return _list(ctx, spec, "feedback:mine", own=True)


@page("/all", name="all", level="feedback.answer")
def all_page(ctx: Ctx) -> Response:
    """What everybody has written, for the operator."""
    with speaking(ctx.language):
        spec = _spec(_l("全部意见建议"), _l("还没有人提出意见建议。"), people=True)
        return _list(ctx, spec, "feedback:all", own=False)


class RemarkForm(Form):
    """What hinders somebody."""

    text = Paragraphs(
        _l("哪里不方便，希望怎样"),
        limit=MOST,
        rows=6,
        required=True,
        hint=_l("页面上有编号的，请一并写上编号。请勿填写国家秘密和工作秘密。"),
    )
    place = Hidden(limit=MOST_PLACE)


def _came_from(ctx: Ctx) -> str:
    """The page of ours that he came from, as the link at its foot has noted it."""
    path = ctx.query.get("place", "")
    ours = path.startswith("/") and not path.startswith(("//", "/feedback"))
    return path if ours and len(path) <= MOST_PLACE else ""


@page("/new", name="new", level="feedback.write", methods=("GET", "POST"), weight="recorded")
def new_page(ctx: Ctx) -> Response:
    """Write one."""
    with speaking(ctx.language):
        form = RemarkForm(ctx.form if ctx.posted else None, data={"place": _came_from(ctx)})
        if ctx.posted and form.validate():
            try:
                made = ctx.do(write, text=form.text.data, place=form.place.data or "")
            except OfficeError as error:
                form.refuse(error)
            else:
                ctx.say(_("已提交，答复后会在右上角提醒您。"))
                return ctx.go("feedback:remark", uid=made.uid)
        return ctx.render(
            "feedback/new.html",
            status=422 if ctx.posted else 200,
            title=_("写意见建议"),
            form=form,
        )


class ReplyForm(Form):
    """The answer of the operator."""

    reply = Paragraphs(_l("答复"), limit=MOST, rows=5, required=True)


@page("/{uid}", name="remark", level=SIGNED_IN, methods=("GET", "POST"), weight="recorded")
def remark_page(ctx: Ctx, uid: str) -> Response:
    """One of them with its answer; who may, answers here."""
    found: Remark = ctx.get(Remark, uid)
    with speaking(ctx.language):
        form = ReplyForm(ctx.form if ctx.posted else None, data={"reply": found.reply})
        if ctx.posted and form.validate():
            try:
                ctx.do(answer, found, reply=form.reply.data)
            except OfficeError as error:
                if error.field != "reply":
                    raise
                form.refuse(error)
            else:
                ctx.say(_("已答复，提出人会收到提醒。"))
                return ctx.go("feedback:remark", uid=uid)
        return ctx.render(
            "feedback/remark.html",
            status=422 if ctx.posted else 200,
            title=_("意见建议"),
            item=found,
            state=str(STATES[found.state]),
            form=form if ctx.desk.has("feedback.answer") else None,
        )


PAGES = [mine_page, all_page, new_page, remark_page]
