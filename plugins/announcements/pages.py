"""How announcements are shown: the list, one of them, the form, the card on the home page."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import peewee
from starlette.responses import Response

from kernel.api import (
    SIGNED_IN,
    CalendarItem,
    Choice,
    Column,
    Ctx,
    Date,
    Desk,
    Form,
    ListSpec,
    MenuItem,
    OfficeError,
    Panel,
    Paragraphs,
    Ready,
    Sort,
    Tab,
    Text,
    _,
    _l,
    date_cn,
    from_query,
    page,
    speaking,
    star_of,
    url,
)
from plugins.announcements.acts import (
    MOST_BODY,
    MOST_TITLE,
    has_read,
    publish,
    read,
    withdraw,
)
from plugins.announcements.models import Announcement, Seen, today

STATES = {
    "holds": _l("有效"),
    "coming": _l("未到期"),
    "over": _l("已过期"),
    "withdrawn": _l("已撤下"),
}
ON_HOME, ON_CALENDAR = 5, 100


def _unread(desk: Desk) -> peewee.ModelSelect[Announcement]:
    """What is addressed to this desk, holds today and was not read by its person."""
    day = today().isoformat()
    seen = Seen.select(Seen.announcement).where(Seen.person == desk.person.uid)
    holds = (Announcement.state == "published") & (Announcement.ends >= day)
    return Announcement.select().where(
        Announcement.visible(desk)
        & holds
        & (Announcement.starts <= day)
        & Announcement.uid.not_in(seen)
    )


def _counting(organ: str, person: str, begun: str, holding: str) -> peewee.Query:
    """How many :func:`_unread` gives. Who publishes sees more, but nothing that holds today."""
    seen = Seen.select(Seen.announcement).where(Seen.person == person)
    counted: peewee.Query = Announcement.select(peewee.fn.COUNT(Announcement.id)).where(
        ((Announcement.organ == organ) | (Announcement.scope == "all"))
        & (Announcement.state == "published")
        & (Announcement.starts <= begun)
        & (Announcement.ends >= holding)
        & Announcement.uid.not_in(seen)
    )
    return counted


_COUNT = Ready(_counting)


def menu(desk: Desk) -> list[MenuItem]:
    """The entry of the side navigation."""
    day = today().isoformat()
    (count,) = _COUNT.first(desk.organ_code, desk.person.uid, day, day) or (0,)
    label = _("公告栏")
    return [MenuItem(label, url("announcements:all"), "megaphone", count, note=_("条未读"))]


def panels(desk: Desk) -> list[Panel]:
    """The card on the home page; none where everything was read."""
    rows = list(_unread(desk).order_by(Announcement.id.desc()).limit(ON_HOME))
    if not rows:
        return []
    more = url("announcements:all")
    return [Panel(_("公告栏"), "announcements/panel.html", {"rows": rows}, more, _("全部公告"))]


def on_calendar(desk: Desk, first: date, last: date) -> list[CalendarItem]:
    """What begins to hold on these days, for this desk."""
    begins = (Announcement.starts >= first.isoformat()) & (Announcement.starts <= last.isoformat())
    rows = Announcement.select().where(
        Announcement.visible(desk) & begins & (Announcement.state == "published")
    )
    note = _("公告栏")
    return [
        CalendarItem(row.first_day, row.title, url("announcements:announcement", uid=row.uid), note)
        for row in rows.order_by(Announcement.id).limit(ON_CALENDAR)
    ]


def _spec() -> ListSpec:
    return ListSpec(
        title=_l("公告栏"),
        columns=(
            Column("title", _l("标题"), "title"),
            Column("organ_name", _l("发布单位")),
            Column("ends", _l("有效期至"), value=lambda row: date_cn(row.last_day)),
            Column("when", _l("状态"), value=lambda row: str(STATES[row.when])),
            Column("published", _l("发布时间"), "time"),
        ),
        sorts=(Sort("new", _l("按发布时间"), "id", descending=True, field=Announcement.id),),
        default_sort="new",
        entries=True,
        search_hint=_l("按标题查找"),
        empty=_l("没有公告。发布后会出现在这里和工作台上。"),
        href=lambda row: url("announcements:announcement", uid=row.uid),
        tags=lambda row: (_("全部单位"),) if row.scope == "all" else (),
    )


@page("/", name="all", level=SIGNED_IN)
def all_page(ctx: Ctx) -> Response:
    """All that this desk may see: what holds now, or everything."""
    tab = "all" if ctx.query.get("tab") == "all" else "now"
    rows = Announcement.select().where(Announcement.visible(ctx.desk))
    if tab == "now":
        rows = rows.where(
            (Announcement.state == "published") & (Announcement.ends >= today().isoformat())
        )
    with speaking(ctx.language):
        spec = _spec()
        fetch = from_query(
            rows,
            spec,
            ident=Announcement.uid,
            search=lambda text: Announcement.title.contains(text),
        )
        here = url("announcements:all")
        return ctx.show_list(
            "announcements/list.html", spec, fetch, here,
            tabs=[
                Tab(_("有效公告"), here, tab == "now", None),
                Tab(_("全部"), url("announcements:all", tab="all"), tab == "all", None),
            ],
            may=ctx.desk.has("announcements.publish"),
        )  # fmt: skip


class AnnouncementForm(Form):
    """An announcement as it is filled in."""

    title = Text(_l("标题"), limit=MOST_TITLE, required=True)
    body = Paragraphs(_l("正文"), limit=MOST_BODY, rows=8, required=True)
    scope = Choice(
        _l("发布范围"), [("organ", _l("本单位")), ("all", _l("全部单位"))], radio=True,
        required=True, default="organ",
    )  # fmt: skip
    starts = Date(_l("开始日期"), required=True)
    ends = Date(_l("截止日期"), required=True, hint=_l("当天仍然显示，次日起不再显示在工作台。"))


@page("/new", name="new", level="announcements.publish", methods=("GET", "POST"), weight="recorded")
def new_page(ctx: Ctx) -> Response:
    """Write and publish one."""
    day = today()
    usual = {"scope": "organ", "starts": day, "ends": day + timedelta(days=7)}
    with speaking(ctx.language):
        form = AnnouncementForm(ctx.form if ctx.posted else None, data=usual)
        if not ctx.desk.has("announcements.publish_all"):
            form.scope.choices = [("organ", _("本单位"))]
        if ctx.posted and form.validate():
            try:
                made = ctx.do(publish, **_facts(form))
            except OfficeError as error:
                form.refuse(error)
            else:
                ctx.say(_("公告已发布，有效期内显示在工作台，直到本人看过。"))
                return ctx.go("announcements:announcement", uid=made.uid)
        return ctx.render(
            "announcements/new.html",
            status=422 if ctx.posted else 200,
            title=_("发布公告"),
            form=form,
        )


def _facts(form: AnnouncementForm) -> dict[str, Any]:
    days = {name: form[name].data.isoformat() for name in ("starts", "ends")}
    return {**days, **{name: form[name].data for name in ("title", "body", "scope")}}


@page("/{uid}", name="announcement", level=SIGNED_IN)
def announcement_page(ctx: Ctx, uid: str) -> Response:
    """One of them; whoever opens it here has read it."""
    found: Announcement = ctx.get(Announcement, uid)
    holds = found.state == "published" and ctx.desk.has("announcements.view")
    if holds and ctx.deliberate and not has_read(ctx.desk, found):
        ctx.do(read, found)
    with speaking(ctx.language):
        return ctx.render(
            "announcements/announcement.html",
            title=found.title,
            item=found,
            star=star_of(ctx, found),
            state=str(STATES[found.when]),
            may=ctx.desk.has("announcements.publish")
            and found.organ == ctx.desk.organ_code
            and found.state == "published",
        )


@page(
    "/{uid}/withdraw",
    name="withdraw",
    level="announcements.publish",
    methods=("POST",),
    weight="recorded",
)
def withdraw_page(ctx: Ctx, uid: str) -> Response:
    """Take one back."""
    ctx.do(withdraw, ctx.get(Announcement, uid))
    with speaking(ctx.language):
        ctx.say(_("公告已撤下，不再显示。"))
    return ctx.go("announcements:announcement", uid=uid)


PAGES = [all_page, new_page, announcement_page, withdraw_page]
