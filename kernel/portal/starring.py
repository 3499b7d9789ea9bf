"""The button 收藏 of an object's page: whether it is starred, and where one goes back to."""

from __future__ import annotations

from kernel.acts import stars
from kernel.acts.subjects import Subject
from kernel.portal.ctx import Ctx
from kernel.portal.items import href_of
from kernel.portal.parts import Star


def star_of(ctx: Ctx, subject: Subject, *, back: str = "") -> Star:
    """What ``ui.star`` draws: give it to ``ctx.render`` as ``star`` on a page of ``sheet.html``.

    :param back: where who has no script goes back to; this page by default.
    """
    here = href_of(subject.kind, subject.uid) if ctx.posted else ctx.here
    on = stars.starred(ctx.desk.person, subject)
    return Star(subject.kind, subject.uid, on, back or here)
