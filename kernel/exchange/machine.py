"""The states of a delivery as data, and the door for evidence that comes from elsewhere.

A state changes by evidence only and never moves backwards: the table is that of
:mod:`kernel.exchange.evidence_types`. Evidence that contradicts what has happened (a failure that
is reported after the delivery) is kept, marked, and never applied.
"""

from __future__ import annotations

import logging
from typing import Literal

from kernel.acts.gate import by_node
from kernel.acts.verbs import act
from kernel.crypto import canonical
from kernel.errors import Conflict, NotFound, Unavailable
from kernel.exchange import evidence as evidences
from kernel.exchange import recalling, records
from kernel.exchange.evidence import Evidence as Fact
from kernel.exchange.evidence_types import TYPES
from kernel.exchange.models import Delivery, Evidence
from kernel.identity.authority import authority
from kernel.identity.desk import ServiceDesk
from kernel.storage.database import connection, transaction

Outcome = Literal["moved", "kept", "known", "conflict"]
TRANSITIONS: dict[tuple[str, str], str] = {
    (before, code): kind.after for code, kind in TYPES.items() for before in kind.before
}
"""State and evidence → the next state."""
ORDER = (
    *("sealed", "accepted", "in_transit", "delivered", "signed", "registered", "handed_over"),
    *("closed", "returned", "recalled", "refused", "failed", "paper"),
)
"""Every transition leads further in this order; nothing leads out of the last ones but to paper."""
_log = logging.getLogger("juyan.exchange")


def step(state: str, type_: str) -> str | None:
    """The state after evidence of a type; the same where it moves nothing, None against the rules.

    >>> step("delivered", "C1"), step("signed", "D2"), step("signed", "X7")
    ('signed', None, 'signed')
    """
    if not TYPES[type_].after:
        return state
    return TRANSITIONS.get((state, type_))


def take_up(record: bytes) -> Outcome:
    """Take evidence about a delivery that another node or office system has made.

    :returns: ``moved`` the state, ``kept`` beside it, ``known`` before, or ``conflict``: kept and
        not applied (509).
    :raises Unverified: it does not hold. :raises NotFound: it is about nothing here.
    :raises Unavailable: ``exchange.busy``: a person has just decided something; try again.
    """
    with connection():
        fact = evidences.verify(record, [authority().certificate("root")]).evidence
        row = _delivery_of(fact)
    with transaction():
        if Evidence.select().where(Evidence.uid == fact.ev_id).exists():
            return "known"
        row = Delivery.get_by_id(row.id)
        after = step(row.state, fact.type)
        if row.claim and after != row.state:
            raise Unavailable(
                "exchange.busy",
                "此件正在办理中，没有登记这张回执。请稍候再试。",
                "It is being processed and the evidence was not taken up; try again in a moment.",
            )
        fits = after is not None and fact.state_from in (row.state, "")
        digest = canonical.digest(record)
        service = ServiceDesk(row.organ, "exchange.take_up")
        state = after if fits and after is not None else row.state
        by_node(service, taken_up, row, state=state, evidence=digest, conflict=not fits)
        records.keep(row.package, [(fact, record)], "")
        Evidence.update(conflict=not fits).where(Evidence.uid == fact.ev_id).execute()
    if not fits:
        _log.error("evidence %s contradicts delivery %s (509)", fact.ev_id, row.uid)
        return "conflict"
    return "moved" if after != row.state else "kept"


def _delivery_of(fact: Fact) -> Delivery:
    rows = Delivery.select().where(
        (Delivery.package == fact.msg_id) & (Delivery.organ == fact.recipient)
    )
    for row in rows:
        if row.copy_uid == fact.delivery and row.package.pkg_digest == fact.pkg_digest:
            found: Delivery = row
            return found
    raise NotFound(
        "exchange.no_delivery",
        "回执所指的公文不在本节点，没有登记。请核对是否发错了地方，并把回执"
        "交给发文单位所在的节点。",
        "The evidence is about a delivery that is not on this node and was "
        "not taken up. Check where it belongs and hand it to the node of "
        "the sender.",
    )


def _onwards(desk: ServiceDesk, delivery: Delivery, *, state: str, **_: object) -> None:
    if ORDER.index(state) < ORDER.index(delivery.state):
        raise Conflict(
            "exchange.backwards",
            "状态不能倒退，没有登记。请刷新页面，按现在的状态办理。",
            "A state never moves backwards; nothing was recorded. Reload "
            "the page and go on from its present state.",
        )


@act(
    "exchange.take_up",
    title="登记外来回执",
    title_en="Take up evidence",
    level="none",
    weight="signed",
    by="node",
    check=_onwards,
)
def taken_up(
    desk: ServiceDesk, delivery: Delivery, *, state: str, evidence: str, conflict: bool
) -> None:
    """Record evidence from elsewhere, and the state that follows from it."""
    Delivery.update(state=state).where(Delivery.id == delivery.id).execute()
    if state == "recalled":
        recalling.end_if_given_back(delivery)
