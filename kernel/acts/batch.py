"""Several acts at once: chosen in a list, shown one by one, signed once, performed each by itself.

>>> batch = prepare_batch(desk, sign_for, [(delivery, {}) for delivery in chosen], back="/inbox")
>>> perform_batch(desk, batch, signature)

Only verbs declared with ``batch=True``. One that cannot be done does not stop the others: each has
its own savepoint, its own act, its own leaf, and says afterwards how it ended.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from kernel.acts import answers, outbox
from kernel.acts.gate import Done, PreparedAct, decided, decision, prepare, put_away, recall
from kernel.acts.models import Act, Batch, Prepared
from kernel.acts.statement import Statement, read
from kernel.acts.subjects import Subject
from kernel.acts.verbs import Verb, verb_of, verbs
from kernel.crypto import acts_batch, canonical
from kernel.crypto.acts_batch import PREFIX
from kernel.crypto.ids import now
from kernel.errors import Conflict, Invalid, OfficeError, Unavailable
from kernel.identity.authenticators import Signature
from kernel.identity.desk import Desk
from kernel.storage.database import connection, on_postgresql, transaction
from kernel.storage.grouping import Piece, together

MOST = 200
"""So many at once; each of them is shown before anybody signs."""
AT_ONCE = 50
"""So many of them in one transaction, on SQLite, where others wait until it is over. On PostgreSQL
it is one: there an act keeps what it has touched until the end, and two batches that touch the same
things in another order would stop each other."""
_log = logging.getLogger("juyan.acts")


class Item(Struct, frozen=True):
    """One of them: the object, and how it ended.

    :ivar nonce: of the prepared act; empty for what was refused before anybody signed.
    :ivar act: the uid of the act, once it is done. :ivar code, zh, en: why it was refused.
    """

    kind: str
    uid: str
    label: str
    nonce: str = ""
    act: str = ""
    code: str = ""
    zh: str = ""
    en: str = ""

    def refused(self, error: OfficeError) -> Item:
        """The same, with what stood in the way."""
        return replace(self, code=error.code, zh=error.zh, en=error.en)


class PreparedBatch(Struct, frozen=True):
    """Several acts that wait for one signature.

    :ivar statement: what the key signs. :ivar items: all that were chosen, the refused included.
    """

    verb: Verb
    statement: Statement
    items: tuple[Item, ...]
    acts: tuple[PreparedAct, ...]
    back: str = ""
    nonce: str = ""

    @property
    def count(self) -> int:
        """How many will be done."""
        return len(self.acts)


def prepare_batch(
    desk: Desk,
    action: Callable[..., Any] | Verb,
    chosen: Sequence[tuple[Subject, dict[str, Any]]],
    *,
    back: str = "",
) -> PreparedBatch:
    """Prepare each of them, and the statement over all. What cannot be done now is left out of the
    statement and says why.

    :raises Invalid: ``acts.batch_size``; TypeError for a verb that did not opt in (a defect).
    """
    verb = verb_of(action)
    if not verb.batch:
        raise TypeError(f"{verb.name} is done one by one")
    if not 0 < len(chosen) <= MOST:
        raise Invalid(
            "acts.batch_size",
            f"请先勾选要办理的事项（一次最多 {MOST} 件）。",
            f"Tick what you want to do first ({MOST} at a time at most).",
        )
    items, acts = _prepare_each(desk, verb, chosen)
    nonce = canonical.b64(secrets.token_bytes(32))
    signed = verb.weight == "signed" and bool(acts)
    data = acts_batch.compose([one.statement.bytes for one in acts], nonce) if signed else b""
    with transaction():
        for act in acts if signed else ():
            put_away(desk, act)
        Batch.delete().where(Batch.created < now() - answers.KEPT).execute()
        Batch.create(
            nonce=nonce, session=desk.session, verb=verb.name, bytes=data, back=back,
            items=[asdict(one) for one in items], settled=not acts,
        )  # fmt: skip
    return PreparedBatch(verb, _statement(data), tuple(items), tuple(acts), back, nonce)


def _statement(data: bytes) -> Statement:
    return read(data, {}) if data else Statement({}, b"", {})


def _prepare_each(
    desk: Desk, verb: Verb, chosen: Sequence[tuple[Subject, dict[str, Any]]]
) -> tuple[list[Item], list[PreparedAct]]:
    items, acts = [], []
    for subject, arguments in {subject.uid: (subject, given) for subject, given in chosen}.values():
        item = Item(subject.kind, subject.uid, subject.label())
        try:
            act = prepare(desk, verb, subject, later=True, **arguments)
        except OfficeError as error:
            items.append(item.refused(error))
        else:
            items.append(replace(item, nonce=act.nonce))
            acts.append(act)
    return items, acts


def recall_batch(desk: Desk, nonce: str) -> PreparedBatch:
    """What this session prepared; Conflict ``acts.expired`` if it ran out or began already."""
    row = find_batch(desk, nonce)
    items = items_of(row)
    acts = tuple(recall(desk, one.nonce) for one in items if one.nonce)
    statement = _statement(bytes(row.bytes))
    return PreparedBatch(verbs().get(row.verb), statement, items, acts, row.back, nonce)


def find_batch(desk: Desk, nonce: str) -> Batch:
    """The row of a batch of this session; Conflict ``acts.expired`` if there is none."""
    with connection():
        row: Batch | None = Batch.get_or_none(
            (Batch.nonce == nonce) & (Batch.session == desk.session)
        )
    if row is None:
        raise Conflict(
            "acts.expired",
            "没有找到这次批量办理，请返回列表重新选择。",
            "These acts are not prepared any more; choose them again in the list.",
        )
    return row


def items_of(row: Batch) -> tuple[Item, ...]:
    """Its items, with the acts that were performed whoever wrote the result down."""
    items = [Item(**one) for one in row.items]
    with connection():
        nonces = [one.nonce for one in items if one.nonce]
        used = Prepared.select(Prepared.nonce).where(
            Prepared.nonce.in_(nonces) & (Prepared.outcome == "done")
        )
        done = {act.nonce: act.uid for act in Act.select().where(Act.nonce.in_(used))}
    return tuple(replace(one, act=done[one.nonce]) if one.nonce in done else one for one in items)


def perform_batch(
    desk: Desk, batch: PreparedBatch, signature: Signature | None = None
) -> tuple[Item, ...]:
    """Perform each act by itself; gives how each one ended, and keeps it for the page."""
    values = _signatures(batch, signature)
    ended: dict[str, OfficeError | str] = {}
    pairs = list(zip(batch.acts, values, strict=True))
    size = 1 if on_postgresql() else AT_ONCE
    for first in range(0, len(pairs), size):
        ended |= _perform(desk, pairs[first : first + size])
    outbox.wake()
    items = tuple(_ended(one, ended) for one in batch.items)
    with transaction():
        Batch.update(items=[asdict(one) for one in items], settled=True).where(
            Batch.nonce == batch.nonce
        ).execute()
    return items


def _signatures(batch: PreparedBatch, signature: Signature | None) -> list[Signature | None]:
    if signature is None:
        return [None] * batch.count
    acts = [one.statement.bytes for one in batch.acts]
    values = acts_batch.fold(batch.statement.bytes, acts, signature.value)
    return [Signature(PREFIX + signature.kind, value) for value in values]


def _perform(
    desk: Desk, acts: Sequence[tuple[PreparedAct, Signature | None]]
) -> dict[str, OfficeError | str]:
    """Several in one transaction: nonce → the uid of the act, or why it was not done."""
    ended: dict[str, OfficeError | str] = {}
    ready: dict[str, Callable[[], Done | Conflict]] = {}
    for act, signature in acts:
        try:
            ready[act.nonce] = decision(desk, act, signature)
        except OfficeError as error:
            ended[act.nonce] = error
    try:
        pieces = together(list(ready.values()))
    except OfficeError as error:
        return ended | dict.fromkeys(ready, error)
    found = zip(ready, pieces, strict=True)
    return ended | {nonce: _outcome(acts[0][0].verb, piece) for nonce, piece in found}


def _outcome(verb: Verb, piece: Piece[Done | Conflict]) -> OfficeError | str:
    try:
        return decided(piece.result()).uid
    except OfficeError as error:
        return error
    except (Exception, SystemExit):
        # The others are other people's matters: a defect in one must not keep them waiting.
        _log.exception("%s failed within a batch", verb.name)
        return Unavailable(
            "acts.defect",
            "系统出错，这一件没有办理。请单独打开重试，仍不成功时告诉技术人员。",
            "Something broke and this one was not done. Open it and try again, or tell support.",
        )


def _ended(item: Item, ended: dict[str, OfficeError | str]) -> Item:
    found = ended.get(item.nonce)
    if found is None:
        return item
    return replace(item, act=found) if isinstance(found, str) else item.refused(found)
