"""Quiet hours: when nothing may come up on a person's screen or be heard, and what still may."""

from __future__ import annotations

from datetime import datetime

from kernel.acts.models import NoticeWish
from kernel.portal.words import local
from kernel.storage.remembered import remembered
from kernel.storage.writing import Ready
from kernel.work.calendar import working_days

AT_ANY_HOUR = frozenset({"特急", "特提"})
"""Urgencies that are told in quiet hours as well: they count natural hours (domain 3.8)."""


@remembered(NoticeWish)
def wish_of(person: str) -> NoticeWish:
    """How a person (uid) likes to be told; the defaults where he said nothing."""
    found: NoticeWish | None = _WISH.one(NoticeWish, person)
    return found or NoticeWish(person=person)


_WISH = Ready(lambda person: NoticeWish.select().where(NoticeWish.person == person).limit(1))


def quiet_now(wish: NoticeWish, moment: datetime) -> bool:
    """Whether this moment lies in the person's quiet hours, in Asia/Shanghai."""
    if not wish.quiet:
        return False
    at = local(moment)
    if wish.rest_days and not working_days().works(at.date()):
        return True
    minute, start, end = at.hour * 60 + at.minute, wish.quiet_from, wish.quiet_until
    if start <= end:
        return bool(start <= minute < end)
    return bool(minute >= start or minute < end)


def may_pop(wish: NoticeWish, moment: datetime, urgency: str = "") -> bool:
    """Whether something of this urgency may come up on his screen now."""
    return bool(wish.popup) and (urgency in AT_ANY_HOUR or not quiet_now(wish, moment))
