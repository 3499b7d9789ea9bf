"""The hold: a node whose data may be older than what it did signs nothing until two persons agree.

A restored backup, or an older database put in the place of the present one, knows nothing of the
numbers, revocations and dispatches since, and what is written into it is lost when the right one is
put back. So nothing is done with it, drafts included, until two administrators have said what is
known (``house.resume``). Reading goes on.
"""

from __future__ import annotations

from typing import Any

from kernel.acts.models import Prepared, Proposal, Task
from kernel.crypto.ids import now, stamp
from kernel.errors import Unavailable, Unverified
from kernel.identity.epoch import epoch, log_origin
from kernel.identity.models import HOLD, NodeFact, Session
from kernel.storage import log
from kernel.storage.comparing import Found, Step, uncounted
from kernel.storage.database import connection, transaction
from kernel.storage.notes import epoch_of, notebook

FACT = HOLD
NOTED = "noted"
"""The fact that says that notes were kept since; where their file is gone, it was taken away."""
OPEN = frozenset(
    {
        *("house.restored", "house.resume", "house.confirm", "house.decline"),
        *("house.revoke_key", "house.revoke_certificate", "house.cancel_enrolment"),
        *("house.end_session", "house.end_sessions", "house.end_delegation"),
        *("house.sign_in", "house.sign_out", "house.read_out"),
    }
)
"""What a held node still does: what leads out of the hold, revoking, signing in and taking a copy.

Beside these, what only notes that somebody has read (:attr:`kernel.acts.verbs.Verb.reads`).
"""
Facts = dict[str, Any]


def held() -> Facts | None:
    """Why the node is held, or None.

    ``why`` is ``restored`` (by command) or ``rollback`` (the database is older than what was noted
    outside it, or another one); ``here`` and ``seen`` are the ends of the log in the database and
    in the notes; ``numbers`` are those that were seen and are not in the database.
    """
    facts: Facts | None = NodeFact.lasting(FACT)
    return facts


def require(what: str) -> None:
    """Refuse (Unavailable ``node.held``) while the node is held, except for :data:`OPEN`."""
    refuse(what, held())


def refuse(what: str, facts: Facts | None) -> None:
    """The same, where it was asked already whether the node is held."""
    if what not in OPEN and facts is not None:
        raise Unavailable(
            "node.held",
            "本节点的数据是从备份恢复的或比已登记的旧，签名办理已暂停，只能查看。"
            "请系统管理员和安全保密管理员到“恢复运行”页面核对并确认。",
            "The data of this node was restored, or is older than what was noted; nothing is "
            "signed, reading goes on. Two administrators have to confirm on the page Resume.",
        )


def begin(why: str) -> None:
    """Hold the node, within a transaction: sessions, prepared acts and proposals are void."""
    moment = now()
    Session.update(ended=moment, seal="").where(Session.ended.is_null()).execute()
    Prepared.delete().execute()
    Proposal.update(state="void").where(Proposal.state == "open").execute()
    of_proposals = (Task.kind == Proposal.kind) & Task.done.is_null()
    Task.update(done=moment).where(of_proposals).execute()
    book = notebook()
    seen = book.newest
    NodeFact.write(
        FACT,
        {
            "why": why,
            "at": stamp(moment),
            "here": log.size(),
            "seen": 0 if seen is None else seen.size,
            "epoch": max(epoch(), 0 if seen is None else epoch_of(seen.origin)),
            "numbers": book.ahead(),
        },
    )


def look() -> None:
    """When a node is opened: hold it if the database is not the one that the notes speak of."""
    with connection():
        known, older, noted = held() is not None, _older(), bool(NodeFact.read(NOTED))
    if older and not known:
        with transaction():
            begin("rollback")
    elif not known:
        log.note_newest()
        if notebook().newest is not None and not noted:
            with transaction():
                NodeFact.write(NOTED, True)


def _older() -> bool:
    book, seen = notebook(), notebook().newest
    if seen is None:
        return bool(NodeFact.read(NOTED))
    if seen.origin.rpartition("/")[0] != log_origin().rpartition("/")[0]:
        return True
    if epoch_of(seen.origin) != epoch():
        return epoch_of(seen.origin) > epoch()
    try:
        same = seen.size <= log.size() and log.root_at(seen.size) == seen.root
    except Unverified:
        same = False
    return not same or bool(book.ahead())


def reconcile(step: Step = uncounted) -> list[Found]:
    """Say in ``log verify`` that the database was found to be older than the notes."""
    facts = held()
    if facts is None or facts["why"] == "restored":
        return []
    here, seen = facts["here"], facts["seen"]
    return [
        (
            "database",
            f"比已登记的旧或不是同一个：库内 {here} 条，已登记 {seen} 条"
            f" / older than what was noted, or another one: {here} leaves, {seen} were noted",
        )
    ]
