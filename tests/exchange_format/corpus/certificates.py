"""What can be wrong with the certificate of the unit, and with the trust that came along."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from cryptography import x509 as certificates
from cryptography.hazmat.primitives import hashes
from msgspec.structs import replace

from kernel.crypto import suites, x509
from kernel.crypto.ids import now
from kernel.crypto.oids import PURPOSES
from tests.exchange_format.corpus.making import Case, made
from tests.exchange_format.sample import NAME, START, Office

DAY = timedelta(days=1)


def certificate(
    office: Office,
    key: Any,
    *,
    purposes: tuple[str, ...] = ("exchange",),
    start: datetime = START,
    end: datetime = START + 30 * DAY,
    usages: tuple[str, ...] | None = ("1.3.6.1.5.5.7.3.36",),
    usage: str = "digital_signature content_commitment",
    ca: bool | None = False,
    more: tuple[certificates.ExtensionType, ...] = (),
    issuer: x509.Issuer | None = None,
    algorithm: Any = None,
    unit: str = "",
    serial: int = 77,
    demo: bool = False,
) -> x509.Certificate:
    """A certificate with whatever a careless authority could write into it."""
    above = issuer or office.issuers["exchange"]
    name = x509.Subject(NAME, NAME, unit or office.unit).name(demo)
    builder = certificates.CertificateBuilder(
        above.cert.subject, name, key.public_key(), serial, start, end
    )
    names = "digital_signature content_commitment key_encipherment data_encipherment"
    names += " key_agreement key_cert_sign crl_sign encipher_only decipher_only"
    wanted = {name: name in usage.split() for name in names.split()}
    builder = builder.add_extension(certificates.KeyUsage(**wanted), critical=True)
    if ca is not None:
        basic = certificates.BasicConstraints(ca, 0 if ca else None)
        builder = builder.add_extension(basic, critical=True)
    if usages:
        extended = certificates.ExtendedKeyUsage(map(certificates.ObjectIdentifier, usages))
        builder = builder.add_extension(extended, critical=False)
    policies = [
        certificates.PolicyInformation(certificates.ObjectIdentifier(PURPOSES[purpose]), None)
        for purpose in purposes
    ]
    if policies:
        builder = builder.add_extension(certificates.CertificatePolicies(policies), critical=False)
    for extension in more:
        builder = builder.add_extension(extension, critical=True)
    return builder.sign(above.key, algorithm or hashes.SHA256())


def certified(office: Office, **said: Any) -> bytes:
    """A package signed with a key that has such a certificate."""
    key = suites.new_key()
    return made(office, key=key, cert=certificate(office, key, **said))


CONSTRAINTS = certificates.NameConstraints(
    permitted_subtrees=[certificates.DNSName("elsewhere.gov.cn")], excluded_subtrees=None
)


def stranger(office: Office) -> bytes:
    """The same names below another root."""
    other = Office()
    key, cert = other.certified("exchange")
    return made(office, key=key, cert=cert, chain=[other.issuers["exchange"].cert])


def by_own_root(office: Office) -> bytes:
    """Everything made by a root of the sender's own, which travels along as if it were known."""
    other = Office()
    contents = replace(office.contents(), trust=[*office.trust, x509.pem(other.root.cert)])
    key, cert = other.certified("exchange")
    return made(office, contents, key=key, cert=cert, chain=[other.issuers["exchange"].cert])


def below_a_leaf(office: Office) -> bytes:
    """A unit that issues a certificate with the key that it has for exchange."""
    own = x509.Issuer(office.exchange_key, office.exchange)
    key = suites.new_key()
    cert = certificate(office, key, issuer=own, unit="620702")
    return made(
        office, key=key, cert=cert, chain=[office.exchange, office.issuers["exchange"].cert]
    )


def revoked(days: float, purpose: str, office: Office, by: str = "") -> bytes:
    """With a list of the authority (or of another one) that takes the certificate back."""
    serial = {"exchange": office.exchange, "seals": office.seal}[purpose].serial_number
    when = now() + timedelta(days=days)
    crl = x509.make_crl(office.issuers[by or purpose], [(serial, when)], 1)
    return made(office, replace(office.contents(), trust=[*office.trust, x509.pem(crl)]))


def junk_trust(data: bytes, office: Office) -> bytes:
    return made(office, replace(office.contents(), trust=[*office.trust, data]))


CASES = [
    Case("the certificate of another unit", 300, partial(certified, unit="620702")),
    Case("a certificate that has expired", 212, partial(certified, end=START + DAY / 48)),
    Case("a certificate that is not valid yet", 212, partial(certified, start=now() + DAY / 2)),
    Case("a certificate for seals", 212, lambda o: made(o, key=o.seal_key, cert=o.seal)),
    Case("the certificate of the node", 212, lambda o: made(o, key=o.node_key, cert=o.node)),
    Case("a certificate without a purpose", 212, partial(certified, purposes=())),
    Case("a certificate with the policy of seals", 212, partial(certified, purposes=("seals",))),
    Case("a certificate for web servers", 212, partial(certified, usages=("1.3.6.1.5.5.7.3.1",))),
    Case("a certificate for code", 212, partial(certified, usages=("1.3.6.1.5.5.7.3.3",))),
    Case("a certificate for keys only", 212, partial(certified, usage="key_agreement")),
    Case("a certificate without commitment", 212, partial(certified, usage="digital_signature")),
    Case("a certificate of an authority", 212, partial(certified, ca=True)),
    Case("a certificate without constraints", 212, partial(certified, ca=None)),
    Case("a certificate constrained to other names", 212, partial(certified, more=(CONSTRAINTS,))),
    Case("a certificate signed with SHA-384", 212, partial(certified, algorithm=hashes.SHA384())),
    Case("a certificate from an unknown root", 212, stranger),
    Case("a root that the sender brought along", 212, by_own_root),
    Case("a certificate issued by a unit", 212, below_a_leaf),
    Case("an exchange key revoked before", 213, partial(revoked, -0.01, "exchange")),
    Case("a seal revoked before", 213, partial(revoked, -0.01, "seals")),
    Case("a trust file that is none", 212, partial(junk_trust, b"trust me")),
    Case(
        "a trust file cut off",
        212,
        partial(junk_trust, b"-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n"),
    ),
    Case(
        "a CRL cut off",
        212,
        partial(junk_trust, b"-----BEGIN X509 CRL-----\nMII=\n-----END X509 CRL-----\n"),
    ),
]
