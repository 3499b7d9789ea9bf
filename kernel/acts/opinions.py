"""Opinions: written while acting, immutable, kept in order, printed with name and date."""

from __future__ import annotations

from kernel.acts.context import this_act, this_moment
from kernel.acts.ink import read_ink
from kernel.acts.models import Opinion
from kernel.acts.subjects import Subject
from kernel.identity.desk import Desk


def write(
    desk: Desk, subject: Subject, *, step: str, text: str, scan: str = "", ink: str = ""
) -> Opinion:
    """Keep an opinion beside the act that is being performed.

    ``log verify`` holds it against that act, so it has to be one of its texts (blanks at the ends
    do not count), and about its object where it has one.

    :param ink: its strokes, where it was written by hand; with them *text* may be empty.
    :param scan: of a transcribed one, the digest of the page on which it was written.
    :raises Invalid: ``acts.ink`` for strokes that cannot be read.
    """
    if ink:
        read_ink(ink)
    opinion: Opinion = Opinion.create(
        act=this_act(),
        kind=subject.kind,
        subject=subject.uid,
        organ=desk.organ_code,
        step=step,
        person=desk.person.uid,
        person_name=desk.name,
        post_title=desk.post.title,
        text=text,
        scan=scan,
        at=this_moment(),
        ink=ink,
    )
    return opinion


def on(subject: Subject) -> list[Opinion]:
    """The opinions on a subject, the oldest first."""
    return list(Opinion.select().where(Opinion.subject == subject.uid).order_by(Opinion.id))
