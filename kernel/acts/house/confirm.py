"""The second half of two-person acts: another person confirms, and only then the body runs."""

from __future__ import annotations

from typing import Any

from kernel.acts import guards, hold, tasks
from kernel.acts.deeds import Deed, deeds_of, deeds_on
from kernel.acts.models import Act, ActPrivate, Proposal
from kernel.acts.standing import SETTLED, is_void
from kernel.acts.statement import Statement, arguments_of, read
from kernel.acts.subjects import Subject, kinds
from kernel.acts.verbs import Verb, act, verbs
from kernel.errors import Conflict, Invalid, NotFound, Refused
from kernel.identity import credentials, delegations
from kernel.identity.desk import Desk, desk_of
from kernel.identity.models import Delegation, Person, Post, Unit
from kernel.plugins.switches import switchboard
from kernel.storage.database import in_transaction, lock_rows


def _another(desk: Desk, proposal: Proposal, **_: Any) -> None:
    if proposal.state != "open" or deeds_on(proposal.kind, [proposal.uid], SETTLED):
        raise Conflict(
            "house.settled",
            "此事项已经复核过了，不必再办。请刷新页面查看结果。",
            "This was confirmed or declined before; reload the page to see how it ended.",
        )
    first = _first(proposal)
    if is_void(first):
        raise Conflict(
            "house.void",
            "此事项是在数据恢复之前提出的，已经作废，不能复核。仍需办理的请重新提出。",
            "This was proposed before the node was restored and is void. If it is still wanted, "
            "let it be proposed again.",
        )
    if desk.person.uid in (first.person, first.principal):
        raise Refused(
            "house.same_person",
            "双人操作须由另一个人复核，您是提出人。",
            "A two-person act is confirmed by another person; you proposed it.",
        )
    if desk.organ_code != first.organ or not desk.has(verbs().get(first.verb).level):
        raise Refused(
            "acts.not_allowed",
            "您的岗位没有复核此事项的权限。请由另一名有权限的管理员复核。",
            "Your post may not confirm this; let another administrator do it who may.",
        )


def _first(proposal: Proposal) -> Deed:
    """What the first person signed; columns of the proposal are for lists, and decide nothing."""
    found = deeds_of([proposal.act]).get(proposal.act)
    if found is None:
        raise Conflict(
            "house.proposal_lost",
            "找不到提出时签名的办理记录，不能复核。请报安全保密管理员核验日志。",
            "The signed act behind this proposal is gone, so it cannot be confirmed; let the "
            "security administrator verify the log.",
        )
    return found


def _still(desk: Desk, proposal: Proposal) -> None:
    """What was asked of the first person is asked again: the state may be another one by now."""
    _another(desk, proposal)
    if proposal.title != verbs().get(_first(proposal).verb).title:
        raise Conflict(
            "house.other_title",
            "此事项显示的名称与所提出的不符，不能复核同意。请选择“不同意”，并报安全保密管理员核验日志。",
            "The title shown is not that of what was proposed. Decline it, and let the security "
            "administrator verify the log.",
        )
    said = _signed(proposal).facts
    if not credentials.is_active(said["credential"], said["desk"]["person"]):
        raise Refused(
            "house.proposer_key",
            "提出人签名所用的安全认证插件已停用，此事项不能再复核同意。"
            "请选择“不同意”，仍需办理的由提出人重新提出。",
            "The key with which this was proposed has been revoked. Decline it; if it is still "
            "wanted, let it be proposed again.",
        )
    verb, subject, arguments = _proposed(proposal)
    _may_still(said, verb)
    hold.require(verb.name)
    board, organ = switchboard(), desk.organ_code
    if verb.plugin in board.manifests and not board.why(verb.plugin, organ).on:
        raise NotFound(*board.closed(verb.plugin, organ))
    target = () if subject is None else (subject,)
    if verb.check is not None:
        verb.check(desk, *target, **arguments)
    guards.ask(desk, verb, subject)


def _may_still(said: dict[str, Any], verb: Verb) -> None:
    """Refuse unless who proposed it could propose it now: at his post, with the right to it."""
    place, whom = said["desk"], said["acting_for"] or said["desk"]
    uids = {place["post"], whom["post"]}
    if in_transaction():  # whoever takes something from these posts waits
        lock_rows(Post, Post.uid.in_(uids), shared=True)
    query: Any = Post.select(Post, Person, Unit).join(Person).switch(Post).join(Unit)
    posts = {post.uid: post for post in query.where(Post.uid.in_(uids))}
    try:
        desks = {uid: desk_of(posts[uid]) for uid in uids}
    except (KeyError, Refused):
        raise _proposer_gone() from None
    own, desk = desks[place["post"]], desks[whom["post"]]
    there = (own.person.uid, desk.person.uid, desk.organ_code)
    if there != (place["person"], whom["person"], place["organ"]) or not desk.has(verb.level):
        raise _proposer_gone()
    if said["grant"] is not None:
        given = Delegation.get_or_none(Delegation.act == said["grant"])
        if given is None or not delegations.holds(given.uid):
            raise _proposer_gone()


def _proposer_gone() -> Refused:
    return Refused(
        "house.proposer_gone",
        "提出人的岗位已停用，或者不再有此项权限，此事项不能再复核同意。"
        "请选择“不同意”，仍需办理的由有权限的人重新提出。",
        "Who proposed this is no longer at that post, or may not do it any more. Decline it; if it "
        "is still wanted, let somebody propose it who may.",
    )


def _signed(proposal: Proposal) -> Statement:
    """The statement that the first person signed, with its texts."""
    row = Act.get(Act.uid == proposal.act)
    rows = ActPrivate.select().where(ActPrivate.act == row.uid)
    return read(bytes(row.bytes), {one.name: (one.salt, one.text) for one in rows})


def _proposed(proposal: Proposal) -> tuple[Verb, Subject | None, dict[str, Any]]:
    """The verb, object and arguments of the proposed act, decoded from its signed bytes."""
    statement = _signed(proposal)
    verb = verbs().get(statement.facts["verb"])
    return verb, _object(statement), arguments_of(statement, verb)


def _object(statement: Statement) -> Subject | None:
    ref = statement.facts["object"]
    if ref is None:
        return None
    cls = kinds().get(ref["kind"])
    subject: Subject = cls.get(cls.uid == ref["uid"])
    if subject.digest() != ref["digest"]:
        raise Conflict(
            "house.changed",
            "提出之后内容有变化，请退回后重新提出。",
            "The object changed since it was proposed; decline it and have it proposed again.",
        )
    return subject


def consequence_of(desk: Desk, proposal: Proposal) -> str | tuple[str, str]:
    """What follows when it is confirmed, in the words that the first person was shown."""
    verb, subject, arguments = _proposed(proposal)
    return "" if verb.confirm is None else verb.confirm(desk, subject, **arguments)


@act(
    "house.confirm",
    title="复核同意",
    title_en="Confirm",
    level="confirm",
    weight="signed",
    check=_still,
    confirm=consequence_of,
)
def confirm(desk: Desk, proposal: Proposal) -> Any:
    """Confirm what another person proposed; runs the proposed act's body."""
    verb, subject, arguments = _proposed(proposal)
    _settle(desk, proposal, "confirmed")
    target = () if subject is None else (subject,)
    return verb.body(desk, *target, **arguments)


def _with_reason(desk: Desk, proposal: Proposal, *, reason: str) -> None:
    _another(desk, proposal)
    if not reason.strip():
        raise Invalid(
            "house.no_reason",
            "请写明不同意的理由。",
            "Please say why you decline.",
            field="reason",
        )


@act(
    "house.decline",
    title="复核不同意",
    title_en="Decline",
    level="confirm",
    weight="signed",
    private=("reason",),
    check=_with_reason,
)
def decline(desk: Desk, proposal: Proposal, *, reason: str) -> None:
    """Decline what another person proposed, with the reason."""
    _settle(desk, proposal, "declined")


def _settle(desk: Desk, proposal: Proposal, state: str) -> None:
    tasks.finish(proposal, by=desk.post.uid)
    Proposal.update(state=state).where(Proposal.id == proposal.id).execute()
