"""The second half of two-person acts: another person confirms, and only then the body runs."""

from __future__ import annotations

from typing import Any

from kernel.acts.models import Act, ActPrivate, Proposal
from kernel.acts.statement import arguments_of, read
from kernel.acts.subjects import kinds
from kernel.acts.verbs import act, verbs
from kernel.errors import Conflict, Refused
from kernel.identity.desk import Desk


def _another(desk: Desk, proposal: Proposal, **_: Any) -> None:
    if proposal.state != "open":
        raise Conflict(
            "house.settled", "此事项已经复核过了。", "This was confirmed or declined before."
        )
    if proposal.proposer == desk.person.uid:
        raise Refused(
            "house.same_person",
            "双人操作须由另一个人复核，您是提出人。",
            "A two-person act is confirmed by another person; you proposed it.",
        )
    if not desk.has(proposal.level):
        raise Refused(
            "acts.not_allowed",
            "您的岗位没有复核此事项的权限。",
            "Your post may not confirm this.",
        )


@act(
    "house.confirm",
    title="复核同意",
    title_en="Confirm",
    level="confirm",
    weight="signed",
    check=_another,
)
def confirm(desk: Desk, proposal: Proposal) -> Any:
    """Confirm what another person proposed; runs the proposed act's body."""
    row = Act.get(Act.uid == proposal.act)
    rows = ActPrivate.select().where(ActPrivate.act == row.uid)
    statement = read(bytes(row.bytes), {one.name: (one.salt, one.text) for one in rows})
    verb = verbs().get(row.verb)
    _settle(proposal, "confirmed")
    ref = statement.facts["object"]
    if ref is None:
        return verb.body(desk, **arguments_of(statement, verb))
    cls = kinds().get(ref["kind"])
    subject = cls.get(cls.uid == ref["uid"])
    if subject.digest() != ref["digest"]:
        raise Conflict(
            "house.changed",
            "提出之后内容有变化，请退回后重新提出。",
            "The object changed since it was proposed; decline it and have it proposed again.",
        )
    return verb.body(desk, subject, **arguments_of(statement, verb))


@act(
    "house.decline",
    title="复核不同意",
    title_en="Decline",
    level="confirm",
    weight="signed",
    private=("reason",),
    check=_another,
)
def decline(desk: Desk, proposal: Proposal, *, reason: str) -> None:
    """Decline what another person proposed, with the reason."""
    _settle(proposal, "declined")


def _settle(proposal: Proposal, state: str) -> None:
    Proposal.update(state=state).where(Proposal.id == proposal.id).execute()
