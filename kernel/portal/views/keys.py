"""Keys of people, for the administrators: who has which, registering, issuing, revoking."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import peewee
from starlette.responses import Response

from kernel.acts.house.keys import cancel_enrolment, issue_key, open_enrolment, revoke_key
from kernel.acts.models import Proposal
from kernel.crypto.ids import now
from kernel.errors import Invalid, NotFound, OfficeError
from kernel.identity import credentials
from kernel.identity.authenticators import authenticators
from kernel.identity.models import Credential, Enrolment, Person, Post, Unit
from kernel.portal.ctx import Ctx
from kernel.portal.fields import Hidden, Text
from kernel.portal.forms import Form
from kernel.portal.i18n import _, _l, language, speaking
from kernel.portal.lists import Column, Fetch, Filter, ListQuery, ListSpec, Sort, from_query
from kernel.portal.page import Message
from kernel.portal.urls import url


class OpenKeyForm(Form):
    """What a key that is to be registered will be called."""

    label = Text(
        _l("插件名称"),
        limit=50,
        hint=_l("便于本人辨认，如“办公室蓝色插件”“备用插件”。一个人可以有几个。"),
    )


class RevokeKeyForm(Form):
    """Which key is stopped, and why."""

    credential = Hidden()
    reason = Text(_l("停用理由"), limit=300)


def _count(row: dict[str, Any]) -> str:
    return _("%(n)s 个在用", n=row["keys"]) if row["keys"] else _("没有")


SPEC = ListSpec(
    title=_l("安全认证插件"),
    columns=(
        Column("name", _l("人员"), "title"),
        Column("units", _l("单位和岗位")),
        Column("keys", _l("插件"), value=_count),
        Column("waiting", _l("待办"), "tag"),
    ),
    sorts=(Sort("order", _l("按登记顺序"), "id", field=Person.id),),
    default_sort="order",
    entries=True,
    filters=(
        Filter(
            "state",
            _l("插件"),
            (
                ("some", _l("有在用的插件")),
                ("none", _l("没有插件")),
                ("waiting", _l("登记或复核中")),
            ),
        ),
    ),
    search_hint=_l("姓名、单位或拼音首字母"),
    empty=_l("还没有人员。"),
    href=lambda row: url("admin:keys_of", uid=row["uid"]),
)


def _in_use() -> Any:
    return Credential.select(Credential.person).where(Credential.revoked.is_null())


def _waiting() -> Any:
    going = (Enrolment.state == "offered") | (
        (Enrolment.state == "open") & (Enrolment.expires > now())
    )
    return Enrolment.select(Enrolment.person).where(going)


_STATES: dict[str, Any] = {
    "some": lambda: Person.uid.in_(_in_use()),
    "none": lambda: Person.uid.not_in(_in_use()),
    "waiting": lambda: Person.uid.in_(_waiting()),
}


def _search(text: str) -> peewee.Expression:
    there = Post.select(Post.person).join(Unit)
    there = there.where(Unit.name.contains(text) | Unit.short_name.contains(text))
    return Person.name.contains(text) | Person.pinyin.contains(text.lower()) | Person.id.in_(there)


def _rows(people: Sequence[Person]) -> list[dict[str, Any]]:
    uids, posts = [one.uid for one in people], posts_of(people)
    keys: dict[str, int] = defaultdict(int)
    for row in _in_use().where(Credential.person.in_(uids)):
        keys[row.person] += 1
    waiting = {row.person for row in _waiting().where(Enrolment.person.in_(uids))}
    return [
        {
            "id": one.id,
            "uid": one.uid,
            "name": one.name,
            "units": posts[one.id],
            "keys": keys[one.uid],
            "waiting": _("登记中") if one.uid in waiting else "",
        }
        for one in people
    ]


def posts_of(people: Sequence[Person]) -> dict[int, str]:
    """Where these people work, in words, by the number of the person."""
    found: dict[int, list[str]] = defaultdict(list)
    query = Post.select(Post, Unit, Person).join(Unit).switch(Post).join(Person)
    query = query.where(Post.active & Post.person.in_(list(people)))
    for post in query.order_by(Post.rank, Post.id):
        found[post.person.id].append(f"{post.unit.short_name} {post.title}")
    comma = ", " if language() == "en" else "、"
    return defaultdict(str, {key: comma.join(names) for key, names in found.items()})


def _fetch() -> Fetch:
    plain = from_query(
        Person.select().where(Person.active),
        SPEC,
        ident=Person.uid,
        filters={"state": lambda value: _STATES[value]()},
        search=_search,
    )

    def fetch(query: ListQuery, limit: int) -> Sequence[dict[str, Any]]:
        return _rows(plain(query, limit))

    return fetch


def keys_page(ctx: Ctx) -> Response:
    """All people, with the number of their keys in use."""
    with speaking(ctx.language):
        return ctx.show_list("admin/keys.html", SPEC, _fetch(), url("admin:keys"))


def _person(uid: str) -> Person:
    found: Person | None = Person.get_or_none(Person.uid == uid)
    if found is None:
        raise NotFound(
            "keys.person",
            "没有找到这个人员。请返回人员列表重新选择。",
            "There is no such person; go back to the list of people and choose again.",
        )
    return found


def keys_of_page(ctx: Ctx, uid: str) -> Response:
    """The keys of one person, what is being registered, and what may be done."""
    return _show(ctx, _person(uid))


def _show(
    ctx: Ctx,
    person: Person,
    status: int = 200,
    *,
    opening: OpenKeyForm | None = None,
    revoking: RevokeKeyForm | None = None,
) -> Response:
    """Draw the page. :param opening, revoking: what was refused, with what was typed."""
    with speaking(ctx.language):
        return ctx.render(
            "admin/keys_of.html",
            status=status,
            opening=opening or OpenKeyForm(),
            revoking=revoking,
            blank=RevokeKeyForm(),
            title=_("%(name)s的安全认证插件", name=person.name),
            person=person,
            posts=posts_of([person])[person.id],
            keys=[shown(row) for row in _keys(person)],
            slots=[_slot(row) for row in _slots(person)],
            waiting=_proposed(ctx),
            can_register=authenticators().in_browser() is not None,
        )


def _keys(person: Person) -> Any:
    return Credential.select().where(Credential.person == person.uid).order_by(Credential.id.desc())


def _slots(person: Person) -> Any:
    return (
        Enrolment.select()
        .where((Enrolment.person == person.uid) & Enrolment.uid.in_(_going()))
        .order_by(Enrolment.id.desc())
    )


def _going() -> Any:
    rows = Enrolment.select(Enrolment.uid)
    live = (Enrolment.state == "open") & (Enrolment.expires > now())
    return rows.where((Enrolment.state == "offered") | live)


def shown(row: Credential) -> dict[str, Any]:
    """One key as the pages show it; what it is, its signed statement says."""
    shown: dict[str, Any] = {"row": row, "code": "", "title": row.kind, "sound": True}
    method = authenticators().get(row.kind)
    shown["title"] = method.title if method is not None else row.kind
    try:
        shown["code"] = credentials.short_code(credentials.read(row.uid)["public_key"])
    except OfficeError:
        shown["sound"] = False
    return shown


def _slot(row: Enrolment) -> dict[str, Any]:
    code = credentials.short_code(row.public_key) if row.public_key else ""
    return {"row": row, "code": code}


def _proposed(ctx: Ctx) -> int:
    """How many keys wait for a second administrator."""
    open_ones = Proposal.visible(ctx.desk) & (Proposal.state == "open")
    mine = Proposal.select().where(open_ones & (Proposal.verb == "house.issue_key"))
    return int(mine.count())


def _back(ctx: Ctx, uid: str, error: OfficeError) -> Response:
    ctx.said.append(Message("danger", error.text(ctx.language)))
    return ctx.go("admin:keys_of", uid=uid)


def open_page(ctx: Ctx, uid: str) -> Response:
    """Open a registration: the one-time code is shown once, to be told to the person."""
    person, form = _person(uid), OpenKeyForm(ctx.form)
    method = authenticators().in_browser()
    with speaking(ctx.language):
        if not form.validate():
            return _show(ctx, person, 422, opening=form)
        try:
            kind = method.kind if method is not None else ""
            label = form.label.data or ""
            code = ctx.do(open_enrolment, person=person.uid, kind=kind, label=label)
        except OfficeError as error:
            form.refuse(error)
            return _show(ctx, person, error.status, opening=form)
        ctx.say(
            _(
                "已开通。请把登记码 %(code)s 告诉%(name)s本人（24小时内有效，只显示这一次），"
                "请他打开登录页上的“登记我的插件”。",
                code=code,
                name=person.name,
            )
        )
    return ctx.go("admin:keys_of", uid=uid)


def _offered(uid: str, enrolment: str) -> Enrolment:
    found: Enrolment | None = Enrolment.get_or_none(
        (Enrolment.uid == enrolment) & (Enrolment.person == uid) & (Enrolment.state == "offered")
    )
    if found is None:
        raise NotFound(
            "keys.enrolment",
            "这项登记已经办结或取消，请刷新页面。",
            "This registration was settled or cancelled before; reload the page.",
        )
    return found


def issue_page(ctx: Ctx, uid: str) -> Response:
    """Propose to issue the key that was registered; another administrator confirms."""
    try:
        slot = _offered(uid, str(ctx.form.get("enrolment", "")))
        return ctx.sign(
            issue_key,
            None,
            back=url("admin:keys_of", uid=uid),
            person=uid,
            kind=slot.kind,
            public_key=slot.public_key,
            binding=slot.binding,
            label=slot.label,
        )
    except OfficeError as error:
        return _back(ctx, uid, error)


def cancel_page(ctx: Ctx, uid: str) -> Response:
    """Close a registration whose key is not to be issued."""
    try:
        ctx.do(cancel_enrolment, enrolment=str(ctx.form.get("enrolment", "")))
    except OfficeError as error:
        return _back(ctx, uid, error)
    with speaking(ctx.language):
        ctx.say(_("已取消这项登记。"))
    return ctx.go("admin:keys_of", uid=uid)


def revoke_page(ctx: Ctx, uid: str) -> Response:
    """Revoke a key at once, with the reason."""
    person, form = _person(uid), RevokeKeyForm(ctx.form)
    with speaking(ctx.language):
        if not form.validate():
            return _show(ctx, person, 422, revoking=form)
        try:
            if not form.reason.data:
                raise Invalid(
                    "keys.no_reason",
                    "请写明停用的理由（如：遗失、调离）。",
                    "Please say why the key is revoked.",
                    field="reason",
                )
            key, reason = form.credential.data or "", form.reason.data
            back = url("admin:keys_of", uid=uid)
            return ctx.sign(revoke_key, None, back=back, credential=key, reason=reason)
        except OfficeError as error:
            form.refuse(error)
            return _show(ctx, person, error.status, revoking=form)
