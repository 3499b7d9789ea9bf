"""Certificates that were taken back, and the lists (CRL) by which the authorities say so.

Every authority issues a list when the node is founded, after each revocation, and anew before the
last one runs out, so that a package can always carry lists that were current when it was signed.
The root's key may be kept elsewhere; its lists run for more than a year.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from kernel.crypto import x509
from kernel.identity.authority import PURPOSES, authority
from kernel.identity.models import HOLD, NodeFact, RevocationList, RevokedCertificate
from kernel.storage.database import connection, exclusive, transaction

AUTHORITIES = ("root", *PURPOSES)


class _Period(Struct, frozen=True):
    """How often an authority issues a list, and for how many days it holds."""

    every: timedelta
    days: int


_USUAL = _Period(timedelta(days=1), 7)
_PERIODS = {"root": _Period(timedelta(days=30), 400)}


def renew(moment: datetime) -> int:
    """Issue the lists that are missing or older than their period; gives how many. Idempotent.

    :param moment: the time of what is signed now.

    Authorities whose key is not here are passed over. A node that was restored issues none before
    it resumes: its lists would lack what was revoked since the backup.
    """
    with connection():
        if NodeFact.read(HOLD) is not None:
            return 0
        waiting = [
            name for name in AUTHORITIES if authority().holds(name) and _is_due(name, moment)
        ]
    for name in waiting:
        with transaction():
            exclusive("identity.lists")
            if _is_due(name, moment):
                issue(name, moment)
    return len(waiting)


def issue(name: str, moment: datetime) -> None:
    """Issue a list of an authority. Within a transaction.

    :param name: ``root`` or a purpose. :param moment: the time of what is signed now.
    """
    exclusive("identity.lists")
    last = _last(name)
    rows = RevokedCertificate.select().where(RevokedCertificate.authority == name)
    # By the clock, so that a number does not come twice after an older backup was restored.
    number = max(last.number + 1 if last else 1, int(moment.timestamp()))
    crl = x509.make_crl(
        authority().issuer(name),
        [(int(row.serial, 16), row.at) for row in rows],
        number,
        this_update=moment,
        days=_PERIODS.get(name, _USUAL).days,
    )
    RevocationList.create(
        authority=name, number=number, pem=x509.pem(crl).decode("ascii"), issued=moment
    )


def take_back(cert: x509.Certificate, act: str, moment: datetime) -> None:
    """Take a certificate back, and issue the list that says so. Within the act.

    :param act: its uid. :param moment: its time, from which on the certificate does not count.
    """
    name = authority_of(cert)
    row = {"authority": name, "serial": f"{cert.serial_number:x}", "at": moment, "act": act}
    RevokedCertificate.create(name=x509.common_name(cert), **row)
    issue(name, moment)


def not_later(moment: datetime) -> None:
    """Let what was taken back by a clock that had been ahead be so from this moment on, and issue
    the lists that say it. Within the act by which times go on from an earlier one."""
    late = RevokedCertificate.at > moment
    names = {row.authority for row in RevokedCertificate.select().where(late)}
    RevokedCertificate.update(at=moment).where(late).execute()
    for name in sorted(names):
        issue(name, moment)


def is_taken_back(cert: x509.Certificate) -> bool:
    """Whether it was taken back before."""
    mine = RevokedCertificate.authority == authority_of(cert)
    return bool(
        RevokedCertificate.select()
        .where(mine & (RevokedCertificate.serial == f"{cert.serial_number:x}"))
        .exists()
    )


def authority_of(cert: x509.Certificate) -> str:
    """The authority of this node that has issued a certificate.

    :raises Unverified: ``x509.*`` when none has.
    """
    root = authority().certificate("root")
    for name in PURPOSES:
        if x509.has_purpose(cert, name):
            x509.verify_chain(
                cert, authority().chain(name), [root], cert.not_valid_before_utc, name
            )
            return name
    raise x509.unverified(
        "chain", "证书不是由本节点签发", "it was not issued by an authority of this node"
    )


def current() -> list[int]:
    """The rows of the newest lists, one of each authority that has any."""
    found = [_last(name) for name in AUTHORITIES]
    return [row.id for row in found if row is not None]


def pems(rows: Sequence[int]) -> list[bytes]:
    """The lists in these rows, as PEM."""
    found = RevocationList.select().where(RevocationList.id.in_(list(rows)))
    return [row.pem.encode("ascii") for row in found.order_by(RevocationList.id)]


def _last(name: str) -> RevocationList | None:
    mine = RevocationList.select().where(RevocationList.authority == name)
    found: RevocationList | None = mine.order_by(RevocationList.number.desc()).first()
    return found


def _is_due(name: str, moment: datetime) -> bool:
    last = _last(name)
    if last is None:
        return True
    # A list from the future was issued while the clock was wrong.
    return not last.issued <= moment < last.issued + _PERIODS.get(name, _USUAL).every
