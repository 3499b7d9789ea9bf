"""What is prepared and waits for its signature: two minutes, one use, in one session."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct

from kernel.acts import answers
from kernel.acts.clock import TOLERANCE
from kernel.acts.models import Prepared
from kernel.acts.statement import Statement, arguments_of, read
from kernel.acts.subjects import Subject, find, kinds
from kernel.acts.verbs import Verb, verbs
from kernel.crypto.ids import now, parse_stamp
from kernel.errors import Conflict
from kernel.identity.desk import Desk
from kernel.storage.database import connection
from kernel.storage.writing import Ready

_FORGET = Ready(lambda before: Prepared.delete().where(Prepared.expires < before))
_USE = Ready(
    lambda outcome, nonce, session, data: Prepared.update(
        outcome=outcome, bytes=b"", private={}
    ).where(
        (Prepared.nonce == nonce)
        & (Prepared.outcome == "")
        & (Prepared.session == session)
        & (Prepared.bytes == data)
    )
)


class PreparedAct(Struct, frozen=True):
    """An act that waits for its signature."""

    verb: Verb
    subject: Subject | None
    statement: Statement
    arguments: dict[str, Any]
    back: str = ""

    @property
    def nonce(self) -> str:
        """What names it until it is performed."""
        return self.statement.nonce

    def summary(self) -> list[tuple[str, str]]:
        """What the person is about to sign: label and value."""
        return self.subject.facts() if self.subject is not None else []


def subject_of(desk: Desk, statement: Statement) -> Subject | None:
    """The object that the bytes name, if the desk may see it; NotFound otherwise."""
    ref = statement.facts["object"]
    return None if ref is None else find(kinds().get(ref["kind"]), ref["uid"], desk)


def keep(desk: Desk, prepared: PreparedAct) -> None:
    """Put it away until its signature comes."""
    _FORGET.run(now() - answers.KEPT)
    Prepared.create(
        nonce=prepared.nonce,
        session=desk.session,
        bytes=prepared.statement.bytes,
        private={name: list(pair) for name, pair in prepared.statement.private.items()},
        back=prepared.back,
        expires=parse_stamp(prepared.statement.facts["expires"]),
    )


def kept(desk: Desk, nonce: str) -> PreparedAct:
    """What this session prepared and did not use, run out or not; Conflict ``acts.expired``."""
    with connection():
        row = Prepared.get_or_none((Prepared.nonce == nonce) & (Prepared.session == desk.session))
        if row is None or row.outcome:
            raise expired()
        private = {name: (salt, text) for name, (salt, text) in row.private.items()}
        statement = read(bytes(row.bytes), private)
        verb = verbs().get(statement.facts["verb"])
        subject = subject_of(desk, statement)
        return PreparedAct(verb, subject, statement, arguments_of(statement, verb), row.back)


def ran_out(prepared: PreparedAct) -> bool:
    """Whether its two minutes are over."""
    return parse_stamp(prepared.statement.facts["expires"]) < now()


def expired() -> Conflict:
    """The refusal for what is not there any more."""
    return Conflict(
        "acts.expired",
        "确认页面已过期（两分钟内有效）或已提交过，请返回事项页面重新办理。",
        "This confirmation ran out (it holds for two minutes) or was used; start again.",
    )


def consume(desk: Desk, statement: Statement, moment: datetime, outcome: str = "done") -> None:
    """Use it, once: one of two who try at the same time gets Conflict ``acts.used``.

    :param moment: the time of the act; after its two minutes it is not used any more.
    """
    used = _USE.run(outcome, statement.nonce, desk.session, statement.bytes)
    issued, expires = (parse_stamp(statement.facts[name]) for name in ("issued", "expires"))
    # One from the future was prepared while the clock was ahead.
    if not used or not issued - TOLERANCE <= moment <= expires:
        raise Conflict(
            "acts.used",
            "这次确认已经提交过或已过期，没有重复办理。请刷新页面查看结果。",
            "It was used before or ran out; nothing was done twice. Reload the page.",
        )
