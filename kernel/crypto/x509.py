"""The certificate authority of a node: issuing X.509 certificates (RFC 5280).

One root, and below it one intermediate for each purpose (people, seals, exchange, nodes). A
certificate policy of this house says what a certificate is for; the intermediate and everything
below it must carry the same one, so that an exchange key can never apply a seal.

Certificates for documents carry digitalSignature and contentCommitment and both extended usages
documentSigning and emailProtection, because ``openssl cms -verify`` and ``pdfsig`` refuse them
with documentSigning alone.

Reading (:mod:`~kernel.crypto.certs`) and checking (:mod:`~kernel.crypto.chain`) are offered here
too, so that a caller needs one name.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from cryptography.hazmat.primitives import hashes
from msgspec import Struct

from kernel.crypto import suites
from kernel.crypto.certs import (
    DEMO,
    Certificate,
    Crl,
    common_name,
    der,
    has_purpose,
    is_demo,
    load_cert,
    load_crl,
    malformed,
    pem,
    public_key,
    sound,
    unit_of,
    unverified,
)
from kernel.crypto.chain import DOCUMENT_SIGNING, EMAIL_PROTECTION, Trust, leaning_on, verify_chain
from kernel.crypto.deferred import x509
from kernel.crypto.ids import now
from kernel.crypto.oids import PURPOSES
from kernel.errors import Invalid

__all__ = [
    "Certificate",
    "Crl",
    "DEMO",
    "Issuer",
    "Subject",
    "Trust",
    "common_name",
    "der",
    "has_purpose",
    "is_demo",
    "issue",
    "issue_intermediate",
    "leaning_on",
    "load_cert",
    "load_crl",
    "make_crl",
    "malformed",
    "new_root",
    "pem",
    "public_key",
    "sound",
    "unit_of",
    "unverified",
    "verify_chain",
]


class Issuer(Struct, frozen=True):
    """A key that may issue certificates, with its own certificate."""

    key: suites.PrivateKey
    cert: Certificate

    @property
    def demo(self) -> bool:
        """Whether everything below it says DEMO."""
        return is_demo(self.cert)


class Subject(Struct, frozen=True):
    """Whom a certificate names.

    :param common_name: the person, seal, exchange box or node.
    :param organisation: the full name of the unit; ``DEMO`` goes before it on demo nodes.
    :param unit: the code of the unit, kept as organizationIdentifier (2.5.4.97).
    """

    common_name: str
    organisation: str
    unit: str = ""

    def name(self, demo: bool) -> x509.Name:
        """The distinguished name."""
        organisation = f"{DEMO} {self.organisation}" if demo else self.organisation
        pairs = [
            (x509.oid.NameOID.COUNTRY_NAME, "CN"),
            (x509.oid.NameOID.ORGANIZATION_NAME, organisation),
            (x509.oid.NameOID.ORGANIZATION_IDENTIFIER, self.unit),
            (x509.oid.NameOID.COMMON_NAME, self.common_name),
        ]
        try:
            return x509.Name([x509.NameAttribute(oid, text) for oid, text in pairs if text])
        except ValueError as error:
            raise Invalid(
                "x509.name",
                "证书上的名称过长（不超过 64 字节，约 19 个汉字），请用规范化简称。",
                "The name for the certificate is too long (64 bytes); use the short name.",
            ) from error


def new_root(name: str, *, demo: bool = False, years: int = 20) -> Issuer:
    """A new root key with its self-signed certificate, valid from a day ago."""
    key = suites.new_key()
    subject = Subject(f"{name} Root CA", name).name(demo)
    start = now() - timedelta(days=1)
    builder = _builder(subject, subject, key.public_key(), start, start + _years(years))
    builder = _as_authority(builder, path_length=1, statements=False)
    return Issuer(key, builder.sign(key, hashes.SHA256()))


def issue_intermediate(root: Issuer, purpose: str, name: str, *, years: int = 10) -> Issuer:
    """An intermediate for one purpose: ``people``, ``seals``, ``exchange`` or ``nodes``.

    The intermediates for people and seals sign statements too and carry digitalSignature.
    """
    key = suites.new_key()
    subject = Subject(f"{name} {purpose} CA", name).name(root.demo)
    start = now() - timedelta(days=1)
    end = min(start + _years(years), root.cert.not_valid_after_utc)
    builder = _builder(subject, root.cert.subject, key.public_key(), start, end)
    builder = _as_authority(builder, path_length=0, statements=purpose in ("people", "seals"))
    builder = _with_policy(_with_issuer(builder, root), purpose)
    return Issuer(key, builder.sign(root.key, hashes.SHA256()))


def issue(
    issuer: Issuer,
    purpose: str,
    subject: Subject,
    public_key: suites.PublicKey,
    not_before: datetime,
    not_after: datetime,
) -> Certificate:
    """A certificate for a seal, an exchange key, a node or a person; demo as its issuer is."""
    name = subject.name(issuer.demo)
    builder = _builder(name, issuer.cert.subject, public_key, not_before, not_after)
    builder = builder.add_extension(x509.BasicConstraints(False, None), critical=True)
    builder = builder.add_extension(_usage(signature=True, commitment=True), critical=True)
    usages = [x509.ObjectIdentifier(usage) for usage in (DOCUMENT_SIGNING, EMAIL_PROTECTION)]
    if purpose == "nodes":
        more = x509.oid.ExtendedKeyUsageOID
        usages += [more.CLIENT_AUTH, more.SERVER_AUTH]
    builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    builder = _with_policy(_with_issuer(builder, issuer), purpose)
    return builder.sign(issuer.key, hashes.SHA256())


def make_crl(
    issuer: Issuer,
    revoked: Iterable[tuple[int, datetime]],
    number: int,
    *,
    this_update: datetime | None = None,
    days: int = 7,
) -> Crl:
    """The list of what an issuer took back.

    :param revoked: ``(serial number, when)``.
    :param number: the CRL number, which only ever grows.
    """
    start = (this_update or now()).replace(microsecond=0)
    builder = x509.CertificateRevocationListBuilder(issuer.cert.subject)
    builder = builder.last_update(start).next_update(start + timedelta(days=days))
    builder = builder.add_extension(x509.CRLNumber(number), critical=False)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    builder = builder.add_extension(identifier, critical=False)
    for serial, when in sorted(revoked):
        entry = x509.RevokedCertificateBuilder(serial, when).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(issuer.key, hashes.SHA256())


def _years(years: int) -> timedelta:
    return timedelta(days=365 * years)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: suites.PublicKey,
    start: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(issuer, subject, public_key, x509.random_serial_number())
    builder = builder.not_valid_before(start.replace(microsecond=0))
    builder = builder.not_valid_after(end.replace(microsecond=0))
    identifier = x509.SubjectKeyIdentifier.from_public_key(public_key)
    return builder.add_extension(identifier, critical=False)


def _usage(
    *, signature: bool = False, commitment: bool = False, authority: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signature,
        content_commitment=commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _as_authority(
    builder: x509.CertificateBuilder, *, path_length: int, statements: bool
) -> x509.CertificateBuilder:
    builder = builder.add_extension(x509.BasicConstraints(True, path_length), critical=True)
    return builder.add_extension(_usage(signature=statements, authority=True), critical=True)


def _with_issuer(builder: x509.CertificateBuilder, issuer: Issuer) -> x509.CertificateBuilder:
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    return builder.add_extension(identifier, critical=False)


def _with_policy(builder: x509.CertificateBuilder, purpose: str) -> x509.CertificateBuilder:
    policy = x509.PolicyInformation(x509.ObjectIdentifier(PURPOSES[purpose]), None)
    return builder.add_extension(x509.CertificatePolicies([policy]), critical=False)
