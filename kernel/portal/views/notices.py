"""What a desk was told: the list behind the bell, and how each person likes to be told."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from kernel.acts import notices
from kernel.acts.models import URGENT, Notice, NoticeWish
from kernel.errors import NotFound, OfficeError
from kernel.portal.ctx import ROOMS, Ctx
from kernel.portal.fields import Check, Choice
from kernel.portal.forms import Form
from kernel.portal.i18n import _, _l, language, speaking
from kernel.portal.items import href_of
from kernel.portal.lists import Column, ListSpec, Sort, from_query
from kernel.portal.parts import Tab
from kernel.portal.quiet import wish_of
from kernel.portal.urls import url
from kernel.portal.words import whole
from kernel.storage.database import transaction


def said(row: Notice) -> str:
    """What came about, in the language of the page."""
    return str(row.en if language() == "en" else row.zh)


def _tags(row: Notice) -> list[str]:
    urgent = [row.urgency] if row.urgency in URGENT else []
    return urgent if row.seen else [*urgent, "未读"]


def _spec(tab: str) -> ListSpec:
    return ListSpec(
        title=_l("消息"),
        columns=(
            Column("title", _l("事项"), "title"),
            Column("zh", _l("消息内容"), value=said),
            Column("at", _l("时间"), "time"),
        ),
        sorts=(
            Sort("new", _l("按收到时间"), "id", descending=True, field=Notice.id),
            Sort("old", _l("按时间由远到近"), "id", field=Notice.id),
        ),
        default_sort="new",
        entries=True,
        search_hint=_l("按标题查找"),
        empty=_l("没有未读消息。有新的来件、退回或催办时会出现在这里。")
        if tab == "unread"
        else _l("还没有消息。有新的来件、退回或催办时会出现在这里。"),
        href=lambda row: url("notice", uid=row.uid),
        tags=_tags,
    )


def notices_page(ctx: Ctx) -> Response:
    """What this desk was told, unread first."""
    tab = "all" if ctx.query.get("tab") == "all" else "unread"
    mine = notices.mine(ctx.desk, ctx.plugins | ROOMS)
    if tab == "unread":
        mine = mine.where(Notice.seen.is_null())
    newest: Any = Notice.select(Notice.id).where(Notice.post == ctx.desk.post.uid)
    last = newest.order_by(Notice.id.desc()).first()
    with speaking(ctx.language):
        spec = _spec(tab)
        count = notices.unread(ctx.desk.post.uid, ctx.plugins | ROOMS)
        fetch = from_query(
            mine, spec, ident=Notice.uid, search=lambda text: Notice.title.contains(text)
        )
        return ctx.show_list(
            "notices/notices.html", spec, fetch, url("notices"),
            tabs=[
                Tab(_("未读"), url("notices"), tab == "unread", count),
                Tab(_("全部"), url("notices", tab="all"), tab == "all", None),
            ],
            tab=tab, count=count, upto=last.id if last is not None else 0,
        )  # fmt: skip


def notice_page(ctx: Ctx, uid: str) -> Response:
    """Go to what a notice is about; whoever opens it here has read the notice."""
    mine = notices.mine(ctx.desk, ctx.plugins | ROOMS).where(Notice.uid == uid)
    row: Notice | None = mine.first()
    if row is None:
        raise NotFound(
            "notices.none",
            "没有这条消息，或不是发给您的。请从消息列表中打开。",
            "There is no such notice for you; open it from the list.",
        )
    if ctx.deliberate and row.seen is None and ctx.desk.acting is None:
        with transaction():
            notices.mark(ctx.desk, [uid])
    return ctx.go_to(href_of(row.kind, row.subject))


def read_page(ctx: Ctx) -> Response:
    """Note that some of them were read, or all that the page showed."""
    upto = whole(str(ctx.form.get("upto", ""))) or 0
    chosen = [str(one) for one in ctx.form.getlist("t")][:200]
    if ctx.desk.acting is not None:
        with speaking(ctx.language):
            ctx.say(_("这是同事的消息，只有本人打开才算已读。"), "info")
        return ctx.go("notices")
    with transaction():
        count = notices.mark(ctx.desk, chosen, upto=upto)
    with speaking(ctx.language):
        if count:
            ctx.say(_("已将 %(n)s 条消息标为已读。", n=count))
        else:
            ctx.say(_("没有标记：请先勾选未读的消息。"), "info")
    return ctx.go("notices")


TIMES = [(str(at), f"{at // 60:02d}:{at % 60:02d}") for at in range(0, 24 * 60, 30)]


class WishForm(Form):
    """How a person likes to be told."""

    popup = Check(
        _l("有新消息时弹出提醒"),
        hint=_l("提醒里只写有几条新消息，不显示标题和单位。浏览器会另外询问是否允许通知。"),
    )
    sound = Check(_l("同时发出提示音"))
    quiet = Check(
        _l("设置免打扰时段"), hint=_l("时段内不弹出、不发声；特急、特提件不受限制，消息照常保留。")
    )
    quiet_from = Choice(_l("免打扰开始"), TIMES, required=True)
    quiet_until = Choice(_l("免打扰结束"), TIMES, required=True)
    rest_days = Check(_l("休息日全天免打扰"), hint=_l("按法定节假日和调休安排计算。"))


def _form(wish: NoticeWish, posted: Any) -> WishForm:
    facts = {name: getattr(wish, name) for name in ("popup", "sound", "quiet", "rest_days")}
    times = {name: str(getattr(wish, name)) for name in ("quiet_from", "quiet_until")}
    return WishForm(posted, data={**facts, **times})


def wishes_page(ctx: Ctx) -> Response:
    """Set whether notices come up on the screen, and when they never do."""
    person = ctx.desk.person.uid
    with speaking(ctx.language):
        form, status = _form(wish_of(person), ctx.form if ctx.posted else None), 200
        if ctx.posted and not form.validate():
            status = 422
        elif ctx.posted:
            try:
                _keep(person, form)
            except OfficeError as error:
                form.refuse(error)
                status = error.status
            else:
                ctx.say(_("提醒设置已保存。"))
                return ctx.go("reminders")
        return ctx.render(
            "notices/reminders.html",
            status=status,
            title=_("消息提醒设置"),
            form=form,
        )


def _keep(person: str, form: WishForm) -> None:
    facts: dict[str, Any] = {
        name: bool(form[name].data) for name in ("popup", "sound", "quiet", "rest_days")
    }
    facts |= {name: int(form[name].data) for name in ("quiet_from", "quiet_until")}
    with transaction():
        NoticeWish.insert(person=person, **facts).on_conflict(
            conflict_target=[NoticeWish.person], update=facts
        ).execute()
