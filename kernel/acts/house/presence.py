"""Signing in and out, and ending open sessions, each with its leaf in the log."""

from __future__ import annotations

from kernel.acts.verbs import act
from kernel.errors import NotFound
from kernel.identity import sessions
from kernel.identity.desk import Desk
from kernel.identity.models import Person


@act("house.sign_in", title="登录", title_en="Sign in", level="read", weight="recorded")
def sign_in(desk: Desk) -> None:
    """A person took his desk, proved by his key."""


@act("house.sign_out", title="退出登录", title_en="Sign out", level="read", weight="recorded")
def sign_out(desk: Desk) -> None:
    """A person left his desk."""


@act(
    "house.end_sessions",
    title="结束全部会话",
    title_en="End all sessions",
    level="keys",
    weight="recorded",
)
def end_sessions(desk: Desk, *, person: str) -> int:
    """End every open session of a person, at once; gives how many there were."""
    if not Person.select().where(Person.uid == person).exists():
        raise NotFound(
            "keys.person",
            "没有找到这个人员。请返回人员列表重新选择。",
            "There is no such person; go back to the list of people and choose again.",
        )
    return sessions.end_all(person)


@act(
    "house.end_session",
    title="结束登录",
    title_en="End a session",
    level="read",
    weight="recorded",
)
def end_session(desk: Desk, *, session: str) -> None:
    """End another session of one's own, in all processes at once."""
    if not sessions.end_one(session, desk.person.uid):
        raise NotFound(
            "identity.no_session",
            "那次登录已经结束了，不必再办。请刷新页面查看仍在进行的登录。",
            "That session has ended already; reload the page to see which go on.",
        )
