"""Delegations: a post lets another one act in its name, for certain verbs and a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kernel.acts.context import this_act, this_moment
from kernel.acts.house.grants import ADMINISTRATORS
from kernel.acts.verbs import Verb, act, verbs
from kernel.crypto.ids import now, parse_stamp
from kernel.errors import Invalid, NotFound, Refused
from kernel.identity.desk import Desk
from kernel.identity.models import Delegation, Post
from kernel.plugins.switches import switchboard
from kernel.work.calendar import local_day

LONGEST = timedelta(days=366)
KINDS = ("delegate", "transcribe")


def delegable(desk: Desk, kind: str) -> list[Verb]:
    """What this desk may let others do in its name: of its own rights what the verbs allow."""
    fits = (one for one in verbs().all() if (one.transcribe if kind == KINDS[1] else one.delegate))
    return [one for one in fits if desk.has(one.level)]


_ROOMS = {"exchange": ("公文交换", "Exchange")}


def title_of(name: str, language: str = "zh") -> str:
    """What a verb is called where it is given away: with the part of the office that it belongs to
    if another one that can be given has the same title."""
    verb = verbs().find(name)
    title = verbs().title_of(name, language)
    if verb is None or not any(
        one.title == verb.title and one.name != name and (one.delegate or one.transcribe)
        for one in verbs().all()
    ):
        return title
    rooms, english = _ROOMS.get(verb.plugin), language.startswith("en")
    room = rooms[english] if rooms else switchboard().title(verb.plugin, language)
    return f"{title} ({room})" if english else f"{title}（{room}）"


def _wrong(field: str, zh: str, en: str) -> Invalid:
    return Invalid(f"rights.delegation_{field}", zh, en, field=field)


def _may_give(
    desk: Desk, *, taker: str, person: str, kind: str, names: list[str], starts: str, ends: str
) -> None:
    post = Post.get_or_none((Post.uid == taker) & Post.active)
    if post is None or post.person.uid != person or not post.person.active:
        raise NotFound(
            "rights.post",
            "没有找到这个岗位，可能已经停用。请返回页面重新选择被委托人。",
            "There is no such post; it may be gone. Go back and choose "
            "again who is to act for you.",
        )
    if post.unit.organ != desk.organ_code or ADMINISTRATORS & set(post.roles):
        raise Refused(
            "rights.delegation_outside",
            "只能委托给本单位的人员，不能委托给三员岗位。",
            "You may delegate within your own organ only, and never to its administrators.",
        )
    if person == desk.person.uid:
        raise _wrong("taker", "不能委托给自己。", "Nobody delegates to himself.")
    if kind not in KINDS or not names:
        raise _wrong("names", "请勾选委托的事项。", "Tick what you want to delegate.")
    if extra := set(names) - {verb.name for verb in delegable(desk, kind)}:
        raise Refused(
            "rights.delegation_beyond",
            f"这些事项不能委托，或您自己没有权限：{'、'.join(sorted(extra))}。请去掉后再提交。",
            "Some of this cannot be delegated, or is not yours to give: "
            f"{', '.join(sorted(extra))}. Untick it and try again.",
        )
    _check_period(starts, ends)


def _check_period(starts: str, ends: str) -> None:
    first, last = parse_stamp(starts), parse_stamp(ends)
    if last < first:
        raise _wrong(
            "last",
            "结束日期在开始日期之前，请改正。",
            "It ends before it begins; correct one of the two days.",
        )
    if last < now():
        raise _wrong(
            "last",
            "结束日期已经过去，请选今天或以后的日期。",
            "The last day has passed; choose today or later.",
        )
    if last > first + LONGEST:
        raise _wrong(
            "last",
            "委托最长一年，请选近一些的结束日期。",
            "A delegation lasts a year at most; choose an earlier last day.",
        )


def _holder(post: str) -> str:
    found = Post.get(Post.uid == post)
    return f"{found.person.name}（{found.unit.short_name} {found.title}）"


def _day(instant: str) -> str:
    return local_day(parse_stamp(instant)).isoformat()


def _said(desk: Desk, subject: None, **given: Any) -> tuple[str, str]:
    """Everything that the giver signs, in words."""
    names = given["names"]
    return (
        f"委托{_holder(given['taker'])}"
        f"{'代录' if given['kind'] == KINDS[1] else '代办'}："
        f"{'、'.join(map(title_of, names))}。"
        f"期限：{_day(given['starts'])}至{_day(given['ends'])}。可随时收回，不能转委托。",
        f"{_holder(given['taker'])} may "
        f"{'enter what you decided on paper' if given['kind'] == KINDS[1] else 'act for you'}: "
        f"{', '.join(title_of(name, 'en') for name in names)}; from {_day(given['starts'])} to "
        f"{_day(given['ends'])}. You can take it back at any time; it cannot be passed on.",
    )


@act(
    "house.delegate",
    title="授权委托",
    title_en="Delegate",
    level="delegate",
    weight="signed",
    check=_may_give,
    confirm=_said,
)
def delegate(
    desk: Desk, *, taker: str, person: str, kind: str, names: list[str], starts: str, ends: str
) -> Delegation:
    """Let another post of one's organ act in one's name; it cannot be passed on.

    :param taker: the post; :param person: who holds it. :param kind: ``delegate`` or
        ``transcribe``. :param names: the verbs. :param starts, ends: UTC.
    """
    made: Delegation = Delegation.create(
        act=this_act(),
        kind=kind,
        giver=desk.post.uid,
        taker=taker,
        taker_person=person,
        verbs=names,
        levels=sorted({verbs().get(name).level for name in names}),
        starts=parse_stamp(starts),
        ends=parse_stamp(ends),
    )
    return made


def _given(desk: Desk, *, delegation: str) -> None:
    row = Delegation.get_or_none(Delegation.uid == delegation)
    own = desk.post.uid if desk.acting is None else desk.acting.own.uid
    if row is None or own not in (row.giver, row.taker) or row.ended is not None:
        raise NotFound(
            "rights.no_delegation",
            "没有找到这项委托，或已经结束，不必再收回。请刷新委托页面查看。",
            "There is no such delegation, or it has ended; reload the page of delegations.",
        )


@act(
    "house.end_delegation",
    title="收回委托",
    title_en="End a delegation",
    level="read",
    weight="recorded",
    check=_given,
)
def end_delegation(desk: Desk, *, delegation: str) -> None:
    """End a delegation at once: whoever gave it takes it back, or whoever has it gives it back."""
    ended: Any = Delegation.update(ended=this_moment())
    ended.where(Delegation.uid == delegation).execute()
