"""Revocation lists (CRL, RFC 5280): which count, and for whom one is missing.

A list counts when an authority that is trusted here has signed it, all of it. What it names was
taken back from then on, however old the list is; that something was *not* taken back only a list
says that was current at the time in question.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from kernel.crypto import certs
from kernel.crypto.certs import Certificate, Crl, unverified
from kernel.crypto.deferred import x509
from kernel.crypto.memory import remembered
from kernel.errors import Unverified

Period = tuple[datetime, datetime]


def check_lists(crls: Sequence[Crl], authorities: Sequence[Certificate]) -> None:
    """Refuse lists that none of the authorities has signed, and such as speak for a part only.

    :raises Unverified: ``x509.crl``.
    """
    with certs.sound(_forged):
        for crl in crls:
            if not any(signed_by(crl, authority) for authority in authorities):
                raise _forged()


@remembered(1024)
def signed_by(crl: Crl, authority: Certificate) -> bool:
    """Whether this authority has signed the list and may do so."""
    if crl.issuer != authority.subject or not _may_sign_lists(authority):
        return False
    if crl.signature_algorithm_oid != x509.oid.SignatureAlgorithmOID.ECDSA_WITH_SHA256:
        return False
    # A critical extension changes what the list says (RFC 5280, 5.2): it may be one of a series.
    if any(extension.critical for extension in crl.extensions):
        return False
    if any(extension.critical for entry in crl for extension in entry.extensions):
        return False
    return crl.is_signature_valid(certs.public_key(authority))


def revoked_at(cert: Certificate, issuer: Certificate, crls: Iterable[Crl]) -> datetime | None:
    """Since when a certificate is taken back, by the lists that its issuer has signed."""
    found = []
    for crl in crls:
        if signed_by(crl, issuer):
            entry = crl.get_revoked_certificate_by_serial_number(cert.serial_number)
            found += [entry.revocation_date_utc] if entry else []
    return min(found, default=None)


def periods(issuer: Certificate, crls: Iterable[Crl]) -> tuple[Period, ...]:
    """The times within which one of these lists tells what this authority took back."""
    mine = [crl for crl in crls if signed_by(crl, issuer)]
    return tuple((crl.last_update_utc, crl.next_update_utc) for crl in mine if crl.next_update_utc)


def _may_sign_lists(authority: Certificate) -> bool:
    try:
        usage = authority.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return usage.crl_sign


def _forged() -> Unverified:
    return unverified(
        "crl", "吊销列表不是由证书机构签发", "a revocation list is not signed by its authority"
    )
