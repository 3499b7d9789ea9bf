"""Revoking the certificate of a seal, an exchange key or a node; and the job that renews lists."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from kernel.acts import clock
from kernel.acts.context import this_act, this_moment
from kernel.acts.verbs import act
from kernel.crypto import x509
from kernel.errors import Conflict
from kernel.identity import revocation
from kernel.identity.desk import Desk
from kernel.seals.models import Seal
from kernel.storage.database import connection
from kernel.work.schedules import Job


def _is_ours(desk: Desk, *, certificate: str, reason: str) -> None:
    if revocation.is_taken_back(x509.load_cert(certificate.encode())):
        raise Conflict(
            "certificates.revoked",
            "这张证书已经吊销，不必再办。",
            "This certificate was revoked before; there is nothing left to do.",
        )


def _consequence(
    desk: Desk, subject: None = None, *, certificate: str, reason: str
) -> tuple[str, str]:
    cert = x509.load_cert(certificate.encode())
    name, serial = x509.common_name(cert), f"{cert.serial_number:x}"
    late, late_en = clock.revoked_late()
    return (
        f"将吊销“{name}”的证书（序列号 {serial}），此后所作的签名一律无效。{late}",
        f"Revokes the certificate of {name} (serial number {serial}); nothing that it signs from "
        f"then on counts.{late_en}",
    )


@act(
    "house.revoke_certificate",
    title="吊销证书",
    title_en="Revoke a certificate",
    level="keys",
    weight="signed",
    private=("reason",),
    check=_is_ours,
    confirm=_consequence,
)
def revoke_certificate(desk: Desk, *, certificate: str, reason: str) -> None:
    """Take a certificate back at once; its authority issues a new list. A seal of it is closed.

    What was signed before stays good.

    :param certificate: in PEM; it must be one of this node's, for seals, exchange or nodes.
    """
    close(x509.load_cert(certificate.encode()))


def close(cert: x509.Certificate) -> None:
    """Take a certificate back, and close the seal that has it; part of an act's body."""
    revocation.take_back(cert, this_act(), this_moment())
    Seal.update(state="revoked").where(Seal.certificate == x509.pem(cert).decode()).execute()


def renew_lists() -> int:
    """The schedule: issue the lists that are due, once the clock is not behind the log."""
    with connection():
        if clock.is_behind():
            return 0
        moment = clock.signing_time()
    return revocation.renew(moment)


VERBS: list[Callable[..., Any]] = [revoke_certificate]
JOBS = [Job("identity.lists", timedelta(hours=1), renew_lists)]
