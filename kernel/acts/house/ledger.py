"""Holding keys and rights against the acts that decided them, for ``log verify``."""

from __future__ import annotations

from collections.abc import Iterator

from kernel.acts.granted import is_granted
from kernel.acts.models import Act
from kernel.crypto import canonical, suites
from kernel.errors import OfficeError
from kernel.identity.authority import authority
from kernel.identity.models import Credential, Delegation, Grant, RevokedCertificate
from kernel.storage.database import connection
from kernel.storage.log_check import stored_bytes


def reconcile() -> Iterator[tuple[str, str]]:
    """Name keys without a statement, what was undone, and rights that nobody signed."""
    with connection():
        yield from _keys()
        yield from _revocations()
        yield from _grants()
        yield from _delegations()


def _keys() -> Iterator[tuple[str, str]]:
    people = authority().public_key("people")
    for row in Credential.select():
        said = stored_bytes(row.statement)
        try:
            suites.verify(people, said, stored_bytes(row.signature))
            facts = canonical.loads(said)
        except OfficeError:
            yield f"key {row.uid}", "carries no statement of this node's authority"
            continue
        if (facts["credential"], facts["person"], facts["kind"]) != (row.uid, row.person, row.kind):
            yield f"key {row.uid}", "is not what its statement says"


def _decided(verb: str) -> Iterator[dict[str, object]]:
    for act in Act.select(Act.uid, Act.bytes).where(Act.verb == verb):
        try:
            yield canonical.loads(stored_bytes(act.bytes))["params"] | {"act": act.uid}
        except (OfficeError, KeyError, TypeError):
            continue  # an altered act is named by the check of the acts themselves


def _revocations() -> Iterator[tuple[str, str]]:
    revoked = {str(said["credential"]) for said in _decided("house.revoke_key")}
    for row in Credential.select(Credential.uid, Credential.revoked):
        if row.uid in revoked and row.revoked is None:
            yield f"key {row.uid}", "was revoked by an act and works again"
    noted = {row.act for row in RevokedCertificate.select(RevokedCertificate.act)}
    for said in _decided("house.revoke_certificate"):
        if said["act"] not in noted:
            yield f"certificate of act {said['act']}", "was revoked and is on no list any more"


def _grants() -> Iterator[tuple[str, str]]:
    said = {
        (one["act"], one["post"], one["level"], one["given"]) for one in _decided("house.grant")
    }
    for row in Grant.select():
        if (row.act, row.post, row.level, row.given) not in said:
            yield f"grant {row.uid}", "was not decided by any act"


def _delegations() -> Iterator[tuple[str, str]]:
    ended = {str(said["delegation"]) for said in _decided("house.end_delegation")}
    for row in Delegation.select():
        if not is_granted(row):
            yield f"delegation {row.uid}", "is not what its giver signed"
        if row.uid in ended and row.ended is None:
            yield f"delegation {row.uid}", "was ended by an act and holds again"
