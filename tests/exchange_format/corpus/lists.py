"""What can be wrong with the revocation lists that came along."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from cryptography import x509 as certificates
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec.structs import replace

from kernel.crypto import suites, x509
from kernel.crypto.ids import now
from tests.exchange_format.corpus.making import Case, made
from tests.exchange_format.sample import Office

HOUR = timedelta(hours=1)
Serials = Callable[[Office], int]


def enclosing(office: Office, *more: bytes) -> bytes:
    """A package with all its lists, and these."""
    trust = [*office.trust, *office.lists, *more]
    return made(office, replace(office.contents(), trust=trust))


def taking_back(
    purpose: str, serial: Serials, office: Office, *, since: timedelta = -HOUR, **said: Any
) -> bytes:
    """A list of an authority, or of the root, that names one certificate."""
    issuer = office.root if purpose == "root" else office.issuers[purpose]
    crl = x509.make_crl(issuer, [(serial(office), now() + since)], 2, **said)
    return enclosing(office, x509.pem(crl))


def by(issuer: Callable[[Office], x509.Issuer], office: Office) -> bytes:
    """An empty list by somebody whose word does not count."""
    return enclosing(office, x509.pem(x509.make_crl(issuer(office), [], 1)))


def impostor(office: Office) -> x509.Issuer:
    """The name of the authority, and another key."""
    return x509.Issuer(suites.new_key(), office.issuers["exchange"].cert)


def unit(office: Office) -> x509.Issuer:
    """A unit that lists what it takes back."""
    return x509.Issuer(office.exchange_key, office.exchange)


def stranger(office: Office) -> x509.Issuer:
    """The authority of another node."""
    return Office().issuers["exchange"]


def written(
    office: Office, *, extension: certificates.ExtensionType | None = None, algorithm: Any = None
) -> bytes:
    """A list of the authority with something in it that ours have not."""
    issuer = office.issuers["exchange"]
    builder = certificates.CertificateRevocationListBuilder(issuer.cert.subject)
    builder = builder.last_update(now() - HOUR).next_update(now() + HOUR)
    if extension is not None:
        builder = builder.add_extension(extension, critical=True)
    crl = builder.sign(issuer.key, algorithm or hashes.SHA256())
    return enclosing(office, crl.public_bytes(Encoding.PEM))


ONLY_USERS = certificates.IssuingDistributionPoint(
    full_name=None,
    relative_name=None,
    only_contains_user_certs=True,
    only_contains_ca_certs=False,
    only_some_reasons=None,
    indirect_crl=False,
    only_contains_attribute_certs=False,
)


DELTA = certificates.DeltaCRLIndicator(1)


def altered(office: Office) -> bytes:
    """A genuine list that takes a key back, with the name of the key changed."""
    issuer, serial = office.issuers["exchange"], office.exchange.serial_number
    crl = x509.make_crl(issuer, [(serial, now() - HOUR)], 2)
    der, old = (
        crl.public_bytes(Encoding.DER),
        serial.to_bytes((serial.bit_length() + 7) // 8, "big"),
    )
    changed = certificates.load_der_x509_crl(der.replace(old, old[:-1] + bytes([old[-1] ^ 1])))
    return enclosing(office, x509.pem(changed))


def two_in_one(office: Office) -> bytes:
    """A certificate and a list in one file: one reader sees this, the other one that."""
    return enclosing(office, office.trust[0] + office.lists[0])


def with_a_remark(office: Office) -> bytes:
    return enclosing(office, b"trust this one\n" + office.lists[0])


def certificate_of(purpose: str) -> Serials:
    return lambda office: office.issuers[purpose].cert.serial_number


CASES = [
    Case("a list by another key of that name", 212, partial(by, impostor)),
    Case("a list by a unit", 212, partial(by, unit)),
    Case("a list by an authority of another node", 212, partial(by, stranger)),
    Case("a list that was altered", 212, altered),
    Case("a list for a part of the certificates", 212, partial(written, extension=ONLY_USERS)),
    Case("a list that adds to another", 212, partial(written, extension=DELTA)),
    Case("a list signed with SHA-384", 212, partial(written, algorithm=hashes.SHA384())),
    Case("a list and a certificate in one file", 212, two_in_one),
    Case("a list with a remark before it", 212, with_a_remark),
    Case("an authority for exchange that the root took back", 213,
         partial(taking_back, "root", certificate_of("exchange"))),
    Case("an authority for seals that the root took back", 213,
         partial(taking_back, "root", certificate_of("seals"))),
    Case("an authority for people that the root took back", 213,
         partial(taking_back, "root", certificate_of("people"))),
    Case("a key taken back on a list that is out of date", 213,
         partial(taking_back, "exchange", lambda office: office.exchange.serial_number,
                 this_update=now() - timedelta(days=30))),
    Case("a seal taken back on one of two lists", 213,
         partial(taking_back, "seals", lambda office: office.seal.serial_number)),
]  # fmt: skip
