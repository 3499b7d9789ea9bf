"""The one gate: prepare, sign, perform.

>>> prepared = prepare(desk, sign_off, document, opinion="同意。")
>>> result = perform(desk, prepared, signature)

Web form, JSON API, command line and jobs all go this way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache, partial
from typing import Any

from msgspec import Struct

from kernel.acts import answers, changes, clock, delegated, guards, outbox, tasks
from kernel.acts.context import acting
from kernel.acts.ledger import enter
from kernel.acts.models import Act, Proposal
from kernel.acts.prepared import PreparedAct as PreparedAct
from kernel.acts.prepared import consume, expired, keep, kept, ran_out, subject_of
from kernel.acts.signatures import check_signature, node_signature
from kernel.acts.statement import Statement, arguments_of, compose, place_of, read
from kernel.acts.subjects import Subject, find, kinds, missing, reload
from kernel.acts.subjects import hold as keep_from_others
from kernel.acts.verbs import Verb, verb_of, verbs
from kernel.crypto.acts_batch import PREFIX
from kernel.errors import Conflict, NotFound, Refused, Stale
from kernel.identity.authenticators import Signature
from kernel.identity.desk import Desk, ServiceDesk, at_this_moment
from kernel.plugins.switches import switchboard
from kernel.storage.blobs import blobs
from kernel.storage.database import connection, in_transaction, savepoint, transaction
from kernel.storage.grouping import in_turn
from kernel.storage.writing import Ready

ROOMS = frozenset({"house", "acts", "exchange", "seals", "identity"})
"""Owners of verbs that are not plugins and cannot be switched off."""


class Done(Struct, frozen=True):
    """An act that was performed. :ivar result: what its body returned."""

    uid: str
    result: Any
    statement: Statement
    proposed: bool = False


def prepare(
    desk: Desk,
    action: Callable[..., Any] | Verb,
    subject: Subject | None = None,
    /,
    *,
    expect: int | None = None,
    back: str = "",
    later: bool = False,
    **arguments: Any,
) -> PreparedAct:
    """Check everything that can be checked, and build the bytes to sign.

    :param expect: the version that the person saw; a different one is Stale.
    :param back: where the browser goes on after the act.
    :param later: leave it to the caller to :func:`put_away` what is to be signed.
    :raises OfficeError: what :func:`perform` would refuse, before anybody signs.
    """
    verb = verb_of(action)
    verb.require(subject)
    values = verb.arguments(arguments)
    with connection():
        if subject is not None:
            subject = find(type(subject), subject.uid, desk)
            if expect is not None and subject.version != expect:
                raise stale(subject)
        moment = _allow(desk, verb, subject, values)
        statement = compose(desk, verb, subject, values, moment)
        prepared = PreparedAct(verb, subject, statement, values, back)
        if verb.weight == "signed" and not later:
            with transaction():
                put_away(desk, prepared)
    return prepared


def put_away(desk: Desk, prepared: PreparedAct) -> None:
    """Keep a prepared act until it is signed, within a transaction."""
    keep(desk, prepared)
    answers.take(prepared.subject)


def perform(desk: Desk, prepared: PreparedAct, signature: Signature | None = None) -> Done:
    """Verify, run and write the act, in one transaction.

    Checked in this order: the plugin is on for the organ, the right, the version, the guards, the
    key, the signature, the single use. Then the body runs, and the act, its tasks, effects and
    search entries are written with it, or nothing is. Where a verb says what is due to who comes
    too late (``lost``), the signed act and its refusal are kept before the conflict is raised.

    :raises OfficeError: Refused, Stale, Conflict, Unverified, with what to do.
    """
    done = in_turn(decision(desk, prepared, signature))
    outbox.wake()
    return decided(done)


def decision(
    desk: Desk, prepared: PreparedAct, signature: Signature | None
) -> Callable[[], Done | Conflict]:
    """What :func:`perform` does in its transaction, for who does several in one.

    :raises OfficeError: what forbids it before that. Its answer goes through :func:`decided`, once
        the transaction is committed.
    """
    # Decoded again from the bytes: whatever else was handed in beside them decides nothing.
    statement = read(prepared.statement.bytes, prepared.statement.private)
    if verbs().get(statement.facts["verb"]).weight != "recorded":
        # Before the disk is full: what the node does about accepted acts needs room as well.
        # Signing in and opening leave a line only, and reading goes on.
        blobs().require_space()
    return partial(_decide, desk, statement, signature)


def decided(done: Done | Conflict) -> Done:
    """The act; raises the conflict where it was kept with its refusal."""
    if isinstance(done, Conflict):
        raise done
    return done


def _decide(desk: Desk, statement: Statement, signature: Signature | None) -> Done | Conflict:
    check_desk(desk, statement)
    desk = at_this_moment(desk)
    verb = verbs().get(statement.facts["verb"])
    lost = verb.lost if verb.weight == "signed" else None
    if lost is None:  # nothing is kept of it: what it wrote goes with the transaction
        return _win(desk, statement, signature)
    try:
        with savepoint():
            return _win(desk, statement, signature)
    except Conflict as error:
        return _lose(desk, statement, signature, error, lost)


def _win(desk: Desk, statement: Statement, signature: Signature | None) -> Done:
    verb = verbs().get(statement.facts["verb"])
    subject = _current(desk, statement)
    verb.require(subject)
    arguments = arguments_of(statement, verb)
    moment = _allow(desk, verb, subject, arguments)
    if verb.weight == "signed":
        _check_batch(verb, signature)
        check_signature(desk, statement, signature, moment)
        consume(desk, statement, moment)
    if subject is not None and verb.touches:
        _raise_version(subject)
        if verb.weight == "draft":
            changes.note(desk, verb, subject)
    done = _run(desk, verb, subject, statement, arguments, signature, moment)
    if verb.weight != "signed":
        answers.take(subject or done.result)
    return done


def _lose(
    desk: Desk,
    statement: Statement,
    signature: Signature | None,
    error: Conflict,
    lost: Callable[..., None],
) -> Conflict:
    """Keep a signed act that came too late, with its refusal."""
    verb = verbs().get(statement.facts["verb"])
    subject, arguments = subject_of(desk, statement), arguments_of(statement, verb)
    verb.require(subject)
    moment = _may(desk, verb)
    delegated.ask(desk, verb, arguments)
    guards.ask(desk, verb, subject)
    late = _settled(desk, verb, subject, arguments) or error
    if isinstance(late, Stale):
        raise late
    _check_batch(verb, signature)
    check_signature(desk, statement, signature, moment)
    consume(desk, statement, moment, "lost")
    kept = enter(desk, verb, subject, statement, signature, moment)
    with acting(kept.uid, kept.at):
        lost(desk, *_with(subject), late, **arguments)
    return late


def _settled(
    desk: Desk, verb: Verb, subject: Subject | None, arguments: dict[str, Any]
) -> Conflict | None:
    """What forbids the act as things stand now: a newer version alone forbids nothing."""
    try:
        if verb.check is not None:
            verb.check(desk, *_with(subject), **arguments)
    except Conflict as conflict:
        return conflict
    return None


def do(
    desk: Desk,
    action: Callable[..., Any] | Verb,
    subject: Subject | None = None,
    /,
    **arguments: Any,
) -> Any:
    """Prepare and perform what needs no signature; gives the result of the body."""
    verb = verb_of(action)
    if verb.weight == "signed":
        raise TypeError(f"{verb.name} has to be signed: use prepare and perform")
    return perform(desk, prepare(desk, verb, subject, **arguments)).result


def by_node(
    desk: ServiceDesk,
    action: Callable[..., Any] | Verb,
    subject: Subject | None = None,
    /,
    **arguments: Any,
) -> Done:
    """An act of the node itself, signed with its key: only for verbs declared ``by="node"``.

    It may be part of a handler's transaction, beside the evidence that it records.
    """
    verb = verb_of(action)
    if verb.by != "node":
        raise TypeError(f"{verb.name} is for people")
    verb.require(subject)
    values = verb.arguments(arguments)
    with _joined():
        moment = clock.signing_time(verb.name)
        current = None if subject is None else reload(subject)
        if verb.check is not None:
            verb.check(desk, *_with(current), **values)
        statement = compose(desk, verb, current, values, moment)
        if current is not None and verb.touches:
            _raise_version(current)
        signature = node_signature(statement.bytes)
        done = _run(desk, verb, current, statement, values, signature, moment)
    outbox.wake()
    return done


@contextmanager
def _joined() -> Iterator[None]:
    with savepoint() if in_transaction() else transaction():
        yield


def recall(desk: Desk, nonce: str) -> PreparedAct:
    """The act that this session prepared under a nonce; Conflict if it ran out or was used."""
    if ran_out(found := kept(desk, nonce)):
        raise expired()
    return found


def again(desk: Desk, nonce: str) -> PreparedAct:
    """Prepare once more what this session prepared and did not do, on the object as it is now.

    :raises OfficeError: as :func:`prepare` and, but for the two minutes, :func:`recall`."""
    before = kept(desk, nonce)
    check_desk(desk, before.statement)
    return prepare(desk, before.verb, before.subject, back=before.back, **before.arguments)


def stale(subject: Subject) -> Stale:
    """The refusal for a form that shows an older version, with who changed it."""
    last = Act.select().where(Act.subject == subject.uid).order_by(Act.id.desc()).first()
    what = verbs().title_of(last.verb) if last is not None else "修改"
    return Stale(
        "acts.stale",
        f"此件刚刚有新的办理（{what}），您看到的不是最新内容。请查看最新内容后再办理，您填写的内容已保留。",
        "This item was changed meanwhile. Look at its present state and go on; "
        "what you entered is kept.",
    )


def check_desk(desk: Desk, statement: Statement) -> None:
    """Refuse (Conflict ``acts.other_desk``) what was prepared at another desk of the person."""
    here = {"desk": place_of(desk), **delegated.facts_of(desk)}
    if any(statement.facts[name] != value for name, value in here.items()):
        raise Conflict(
            "acts.other_desk",
            "这次确认是在您的另一个办公身份下准备的，请返回事项页面重新办理。",
            "It was prepared at another desk; open the item again and start anew.",
        )


def _current(desk: Desk, statement: Statement) -> Subject | None:
    ref = statement.facts["object"]
    if ref is not None:
        keep_from_others(kinds().get(ref["kind"]), ref["uid"])
    subject = subject_of(desk, statement)
    if subject is None:
        return None
    if subject.version != ref["version"] or subject.digest() != ref["digest"]:
        raise stale(subject)
    return subject


def _with(subject: Subject | None) -> tuple[Subject, ...]:
    return () if subject is None else (subject,)


def _allow(desk: Desk, verb: Verb, subject: Subject | None, arguments: dict[str, Any]) -> datetime:
    """Refuse what is not allowed; gives the time of what is."""
    moment = _may(desk, verb)
    delegated.ask(desk, verb, arguments)
    guards.read(verb, arguments)
    if verb.check is not None:
        verb.check(desk, *_with(subject), **arguments)
    guards.ask(desk, verb, subject)
    return moment


def _may(desk: Desk, verb: Verb) -> datetime:
    if verb.by != "person":
        raise missing()
    signed = verb.weight == "signed"
    what = "" if verb.reads else verb.name
    moment = clock.signing_time(what) if signed else clock.noted_time(what)
    if verb.plugin not in ROOMS and not switchboard().works(verb.plugin, desk.organ_code):
        raise NotFound(*switchboard().closed(verb.plugin, desk.organ_code))
    if not desk.has(verb.level):
        raise Refused(
            "acts.not_allowed",
            f"您的岗位没有“{verb.title}”的权限。如工作需要，请联系本单位部门管理员。",
            f"Your post may not do this ({verb.title_en}). Ask your unit's administrator.",
        )
    return moment


def _check_batch(verb: Verb, signature: Signature | None) -> None:
    if signature is not None and signature.kind.startswith(PREFIX) and not verb.batch:
        raise Refused(
            "acts.no_batch",
            f"“{verb.title}”须逐件办理，不能批量签名。请打开事项单独办理。",
            f"It has to be done one by one ({verb.title_en}): open each item and sign it alone.",
        )


@cache
def _next_version(model: type[Subject]) -> Ready:
    return Ready(
        lambda uid, version: model.update(version=model.version + 1).where(
            (model.uid == uid) & (model.version == version)
        )
    )


def _raise_version(subject: Subject) -> None:
    if _next_version(type(subject)).run(subject.uid, subject.version) != 1:
        raise stale(subject)
    subject.version += 1


def _run(
    desk: Desk | ServiceDesk,
    verb: Verb,
    subject: Subject | None,
    statement: Statement,
    arguments: dict[str, Any],
    signature: Signature | None,
    moment: datetime,
) -> Done:
    uid, at = statement.facts["act"], None
    if verb.weight != "draft":
        at = enter(desk, verb, subject, statement, signature, moment).at
    if verb.people == 2 and isinstance(desk, Desk):
        return Done(uid, _propose(desk, verb, statement), statement, proposed=True)
    with acting(uid, at):
        result = verb.body(desk, *_with(subject), **arguments)
        delegated.tell(desk, verb, subject, uid)
    return Done(uid, result, statement)


def _propose(desk: Desk, verb: Verb, statement: Statement) -> Proposal:
    proposal: Proposal = Proposal.create(
        organ=desk.organ_code,
        act=statement.facts["act"],
        verb=verb.name,
        level=verb.level,
        proposer=desk.person.uid,
        title=verb.title,
    )
    tasks.assign(
        proposal,
        step="复核",
        organ=desk.organ_code,
        level=verb.level,
        meta="双人操作",
        sender=desk.name,
    )
    return proposal
