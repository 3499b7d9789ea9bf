"""Whether the evidence about a package holds and makes one history."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise

from kernel.crypto import x509
from kernel.errors import Unverified
from kernel.exchange import evidence as evidences
from kernel.exchange.evidence import Evidence, EvidenceFacts
from kernel.exchange.evidence_types import TYPES
from kernel.exchange.package import Package
from kernel.exchange.refusals import EVIDENCE, PackageRefused, refused_for


def check_history(
    package: Package, records: Sequence[bytes], roots: Sequence[x509.Certificate]
) -> list[EvidenceFacts]:
    """Check every record, that it is about this package and one of its recipients, and their order.

    :param records: in any order.
    :raises PackageRefused: 220; 213 where the signer or the person had been revoked.
    """
    try:
        found = [evidences.verify(record, roots) for record in records]
    except Unverified as error:
        raise refused_for(error, EVIDENCE) from error
    # The sender may have sent it to more units later (X8).
    later = [facts.evidence.recipient for facts in found if facts.evidence.type == "X8"]
    for facts in found:
        _check_subject(facts, package, later)
    moves = [one.evidence for one in found if one.evidence.state_from != one.evidence.state_to]
    moves.sort(key=lambda one: (*_delivery(one), one.event_time.value, one.ev_id))
    for delivery, mine in groupby(moves, _delivery):
        if any(before.state_to != after.state_from for before, after in pairwise(mine)):
            raise PackageRefused(EVIDENCE, f"history of {delivery[0]}")
    return found


def _delivery(said: Evidence) -> tuple[str, str]:
    """Whose delivery it is about: a copy that was sent again has a history of its own."""
    return said.recipient, said.delivery


def _check_subject(facts: EvidenceFacts, package: Package, later: Sequence[str]) -> None:
    said, envelope = facts.evidence, package.contents.envelope
    if (said.pkg_digest, said.msg_id) != (package.digest, envelope["msg_id"]):
        raise PackageRefused(EVIDENCE, "package")
    if not _concerned(said, [*(to["unit"] for to in envelope["recipients"]), *later]):
        raise PackageRefused(EVIDENCE, "recipient")
    by_sender = TYPES[said.type].side == "sender"
    if by_sender and x509.unit_of(facts.signer) != envelope["sender"]["unit"]:
        raise PackageRefused(EVIDENCE, "sender")


def _concerned(said: Evidence, recipients: Sequence[str]) -> bool:
    """Whether it names a recipient of the envelope; or nobody, while there is no box yet."""
    if said.recipient:
        return said.recipient in recipients
    return said.type.startswith("A") or said.state_from == said.state_to
