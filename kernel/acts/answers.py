"""The answer to what is sent twice: a double click, a resent form, a retry after a lost answer.

A form carries a key of its own. The first act or preparation that it leads to writes the key in
its own transaction, so that the same form can never do it a second time; whoever sends it again is
shown where the first one led. For a signed act its nonce is the key.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any

import peewee
from msgspec import Struct

from kernel.acts.models import Act, Answer, Prepared, Proposal
from kernel.acts.subjects import Subject
from kernel.crypto.ids import now
from kernel.identity.desk import Desk
from kernel.storage.database import after_commit, connection, transaction, will_follow

KEPT = timedelta(hours=12)
"""As long as a session lasts at most."""


class Answered(Exception):  # no error: somebody was quicker with the same form
    """This form did its work already; nothing was done twice. Not an :class:`OfficeError`, because
    no page may take it for a refusal."""


class Form(Struct):
    """A form that was sent.

    :ivar key: what names it. :ivar taken: whether it led to something that is committed.
    """

    key: str
    session: str
    taken: bool = False

    def was_taken(self) -> None:
        """To be called after the commit."""
        self.taken = True


class Outcome(Struct, frozen=True):
    """What came of a signed act. :ivar proposed: it waits for a second person. :ivar lost: somebody
    was there first, and only the refusal was kept. :ivar about: kind and uid of its object, empty
    for what has none."""

    verb: str
    place: str
    proposed: bool
    lost: bool = False
    about: tuple[str, str] = ("", "")


_form: ContextVar[Form | None] = ContextVar("form", default=None)


@contextmanager
def sent_with(form: Form) -> Iterator[None]:
    """Let the first act within take the key of this form."""
    token = _form.set(form)
    try:
        yield
    finally:
        _form.reset(token)


def take(subject: Any = None) -> None:
    """Write the key of the form in the running transaction; called by the gate.

    :param subject: where the answer leads, if nothing better gets known.
    :raises Answered: the form took effect before.
    """
    form = _form.get()
    if form is None or form.taken or will_follow(form.was_taken):
        return
    kind, uid = (subject.kind, subject.uid) if isinstance(subject, Subject) else ("", "")
    Answer.delete().where(Answer.at < now() - KEPT).execute()
    try:
        Answer.create(key=form.key, session=form.session, kind=kind, subject=uid)
    except peewee.IntegrityError as error:
        raise Answered(form.key) from error
    after_commit(form.was_taken)


def find(form: Form) -> Answer | None:
    """What this form led to, if it took effect before."""
    with connection():
        found: Answer | None = Answer.get_or_none(
            (Answer.key == form.key) & (Answer.session == form.session)
        )
    return found


def leads_to(form: Form, place: str) -> None:
    """Keep the address to which the browser was sent after it."""
    with transaction():
        Answer.update(place=place).where(Answer.key == form.key).execute()


def forget(form: Form) -> None:
    """It was refused after all: the same form may be sent again."""
    with transaction():
        Answer.delete().where(Answer.key == form.key).execute()


def of_nonce(desk: Desk, nonce: str) -> Outcome | None:
    """What came of the act with this nonce, if this person has performed it.

    In another session, too: a signature changes the token of its session, and whoever loses the
    answer on the way has to sign in again to see it.
    """
    with connection():
        row = Prepared.get_or_none(Prepared.nonce == nonce)
        act = Act.get_or_none((Act.nonce == nonce) & (Act.person == desk.person.uid))
        if row is None or not row.outcome or act is None:
            return None
        proposed = Proposal.select().where(Proposal.act == act.uid).exists()
        about = (act.kind, act.subject)
        return Outcome(act.verb, row.back, proposed, row.outcome == "lost", about)
