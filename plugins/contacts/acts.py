"""Entering one's own card."""

from __future__ import annotations

from kernel.api import Desk, Invalid, Refused, act, pattern, this_moment
from plugins.contacts.models import Card

LONGEST = 40
_NUMBER = pattern(r"[0-9+()（）\-－—,，;；/转 ]*")


def _own(desk: Desk, *, phone: str, mobile: str, room: str, shared: bool) -> None:
    if desk.acting is not None:
        raise Refused(
            "contacts.own",
            "通讯录由本人填写。请先回到您自己的办公身份。",
            "Each enters his own card: go back to your own desk first.",
        )
    for name, value in (("phone", phone), ("mobile", mobile)):
        if len(value) > LONGEST or not _NUMBER.fullmatch(value):
            raise Invalid(
                "contacts.number",
                f"电话只能填数字和 + - ( ) 转 等符号，不超过 {LONGEST} 字。请改正后再保存。",
                f"A number has digits and signs such as + - ( ), {LONGEST} at most; correct it.",
                field=name,
            )
    if len(room) > LONGEST:
        raise Invalid(
            "contacts.room",
            f"办公地点不超过 {LONGEST} 字，请改短。",
            f"The room has {LONGEST} characters at most; make it shorter.",
            field="room",
        )


@act(
    "contacts.set_card",
    title="更新通讯录",
    title_en="Update my card",
    level="view",
    weight="recorded",
    private=("phone", "mobile", "room"),
    check=_own,
)
def set_card(desk: Desk, *, phone: str, mobile: str, room: str, shared: bool) -> None:
    """Let others find the holder of this post. Numbers are personal data: salted in the log."""
    fields = {"phone": phone, "mobile": mobile, "room": room, "shared": shared}
    fields["changed"] = this_moment()
    if not Card.update(**fields).where(Card.post == desk.post.uid).execute():
        Card.create(post=desk.post.uid, **fields)
