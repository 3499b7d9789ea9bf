"""What can be done with remarks: write one, answer one."""

from __future__ import annotations

from typing import Any

from kernel.api import Desk, Invalid, act, notices, this_act, this_moment
from plugins.feedback.models import Remark

MOST = 1000
MOST_PLACE = 200


def _check(text: str, field: str) -> None:
    if not text.strip() or len(text) > MOST:
        raise Invalid(
            "feedback.text",
            f"请填写 1 到 {MOST} 字。",
            f"Write 1 to {MOST} characters.",
            field=field,
        )


def _writable(desk: Desk, *, text: str, place: str) -> None:
    _check(text, "text")
    if len(place) > MOST_PLACE:
        raise Invalid(
            "feedback.place",
            "来源页面的地址太长，请留空后重新提交。",
            "The address of the page is too long: leave it out and send it again.",
            field="place",
        )


@act(
    "feedback.write",
    title="提意见建议",
    title_en="Give feedback",
    level="write",
    weight="recorded",
    private=("text",),
    check=_writable,
)
def write(desk: Desk, *, text: str, place: str = "") -> Remark:
    """Say what hinders one's work. :param place: the page that it is about, a path."""
    return Remark.create(
        organ=desk.organ_code,
        person=desk.person.uid,
        post=desk.post.uid,
        name=desk.name,
        where=f"{desk.organ.short_name} · {desk.post.title}",
        text=text.strip(),
        place=place,
        written=this_moment(),
    )


def _answerable(desk: Desk, remark: Remark, *, reply: str) -> None:
    _check(reply, "reply")


@act(
    "feedback.answer",
    title="答复意见建议",
    title_en="Answer feedback",
    level="answer",
    weight="recorded",
    private=("reply",),
    check=_answerable,
)
def answer(desk: Desk, remark: Remark, *, reply: str) -> None:
    """Answer it; its writer is told. A second answer takes the place of the first."""
    facts: dict[str, Any] = {"reply": reply.strip(), "replier": desk.name}
    facts["replied"] = this_moment()
    Remark.update(state="answered", **facts).where(Remark.id == remark.id).execute()
    notices.tell(
        remark,
        f"answered:{this_act()}",
        zh="您的意见建议已有答复",
        en="Your feedback was answered",
        organ=remark.organ,
        post=remark.post,
    )
