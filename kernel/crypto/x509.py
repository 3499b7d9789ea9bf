"""The certificate authority of a node: issuing and checking X.509 certificates (RFC 5280).

One root, and below it one intermediate for each purpose (people, seals, exchange, nodes). A
certificate policy of this house says what a certificate is for; the intermediate and everything
below it must carry the same one, so that an exchange key can never apply a seal.

Certificates for documents carry digitalSignature and contentCommitment and both extended usages
documentSigning and emailProtection, because ``openssl cms -verify`` and ``pdfsig`` refuse them
with documentSigning alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, SignatureAlgorithmOID

from kernel.crypto import suites
from kernel.crypto.ids import now
from kernel.crypto.oids import PURPOSES
from kernel.errors import Invalid, Unverified

DEMO = "DEMO"
_DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # RFC 9336
_KNOWN = {
    x509.BasicConstraints.oid,
    x509.KeyUsage.oid,
    x509.ExtendedKeyUsage.oid,
    x509.CertificatePolicies.oid,
}
_UNREADABLE = (
    *(ValueError, TypeError, LookupError, AttributeError, UnsupportedAlgorithm),
    # These are exceptions of their own in cryptography, and no ValueErrors.
    *(x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType),
)
Certificate = x509.Certificate
Crl = x509.CertificateRevocationList


@dataclass(frozen=True)
class Issuer:
    """A key that may issue certificates, with its own certificate."""

    key: suites.PrivateKey
    cert: Certificate

    @property
    def demo(self) -> bool:
        """Whether everything below it says DEMO."""
        return is_demo(self.cert)


@dataclass(frozen=True)
class Subject:
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
            (NameOID.COUNTRY_NAME, "CN"),
            (NameOID.ORGANIZATION_NAME, organisation),
            (NameOID.ORGANIZATION_IDENTIFIER, self.unit),
            (NameOID.COMMON_NAME, self.common_name),
        ]
        try:
            return x509.Name([x509.NameAttribute(oid, text) for oid, text in pairs if text])
        except ValueError as error:
            raise Invalid(
                "x509.name",
                "证书上的名称过长（不超过 64 字节，约 19 个汉字），请用规范化简称。",
                "The name for the certificate is too long (64 bytes); use the short name.",
            ) from error


@dataclass(frozen=True)
class Trust:
    """What a check may lean on."""

    roots: Sequence[Certificate]
    """Trusted as they are."""
    intermediates: Sequence[Certificate] = ()
    """Known, and trusted only as far as they lead to a root."""
    crls: Sequence[Crl] = ()
    """What the issuers took back; only lists signed by the issuer itself count."""

    def extended(self, intermediates: Iterable[Certificate]) -> Trust:
        """The same with more intermediates, which came with a signature."""
        return replace(self, intermediates=(*intermediates, *self.intermediates))

    def check(self) -> None:
        """Refuse intermediates that none of the roots has issued.

        :raises Unverified: ``x509.chain``.
        """
        with sound(_malformed):
            for cert in self.intermediates:
                _issuer_of(cert, self.roots)

    def chain(
        self, cert: Certificate, purpose: str, at: datetime, *, authority: bool = False
    ) -> list[Certificate]:
        """:func:`verify_chain` with these."""
        return verify_chain(
            cert, self.intermediates, self.roots, at, purpose, crls=self.crls, authority=authority
        )


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
    usages = [_DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION]
    if purpose == "nodes":
        usages += [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
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
    start = this_update or now()
    builder = x509.CertificateRevocationListBuilder(issuer.cert.subject)
    builder = builder.last_update(start).next_update(start + timedelta(days=days))
    builder = builder.add_extension(x509.CRLNumber(number), critical=False)
    for serial, when in sorted(revoked):
        entry = x509.RevokedCertificateBuilder(serial, when).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(issuer.key, hashes.SHA256())


@contextmanager
def sound(refusal: Callable[[], Unverified]) -> Iterator[None]:
    """Turn what parsers raise over broken input into a refusal; parsing is lazy, so late too."""
    try:
        yield
    except _UNREADABLE as error:
        raise refusal() from error


def _malformed() -> Unverified:
    return _broken("form", "证书无法读取", "a certificate is not well formed")


@sound(_malformed)
def verify_chain(
    cert: Certificate,
    intermediates: Sequence[Certificate],
    roots: Sequence[Certificate],
    at: datetime,
    purpose: str,
    *,
    crls: Sequence[Crl] = (),
    authority: bool = False,
) -> list[Certificate]:
    """Check a certificate up to one of the roots and give the chain, root last.

    :param at: the instant at which everything must have been valid.
    :param purpose: the policy that every certificate below the root must carry.
    :param crls: what the issuers took back; only lists signed by the issuer itself count.
    :param authority: the certificate is an intermediate itself (the people's authority).
    :raises Unverified: ``x509.chain``, ``x509.time``, ``x509.usage``, ``x509.purpose``,
        ``x509.revoked``, ``x509.demo`` (a demo certificate below a root that is none).
    """
    chain = [cert]
    while len(chain) < 2 or chain[-1] not in roots:
        if len(chain) > 3:
            raise _broken("chain", "证书链过长", "the certificate chain is too long")
        chain.append(_issuer_of(chain[-1], [*roots, *intermediates]))
    for position, link in enumerate(chain):
        _check_time(link, at)
        _check_usage(link, position, authority=authority or position > 0)
        if position < len(chain) - 1:
            _check_purpose(link, purpose)
            _check_revoked(link, chain[position + 1], at, crls)
    if any(map(is_demo, chain)) and not is_demo(chain[-1]):
        raise _broken("demo", "演示证书不具有正式效力", "a demo certificate is no proof here")
    return chain


def is_demo(cert: Certificate) -> bool:
    """Whether the subject says DEMO: it proves the way, never the matter (custody level L0)."""
    values = cert.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return any(str(value.value).split(" ")[0] == DEMO for value in values)


def unit_of(cert: Certificate) -> str:
    """The unit code that a certificate names; empty when it names none."""
    values = cert.subject.get_attributes_for_oid(NameOID.ORGANIZATION_IDENTIFIER)
    return str(values[0].value) if len(values) == 1 else ""


def common_name(cert: Certificate) -> str:
    """The common name that a certificate shows; empty when it has none."""
    values = cert.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(values[0].value) if values else ""


def has_purpose(cert: Certificate, purpose: str) -> bool:
    """Whether the certificate carries the policy of this purpose."""
    try:
        policies = cert.extensions.get_extension_for_class(x509.CertificatePolicies).value
    except x509.ExtensionNotFound:
        return False
    return PURPOSES[purpose] in {policy.policy_identifier.dotted_string for policy in policies}


def public_key(cert: Certificate) -> suites.PublicKey:
    """The public key in a certificate.

    :raises Unverified: ``suites.key`` for a key that no suite can use.
    """
    with sound(_malformed):
        return suites.check_key(cert.public_key())


def pem(thing: Certificate | Crl) -> bytes:
    """A certificate or CRL as PEM."""
    return thing.public_bytes(serialization.Encoding.PEM)


def der(cert: Certificate) -> bytes:
    """A certificate as DER."""
    return cert.public_bytes(serialization.Encoding.DER)


def load_cert(data: bytes) -> Certificate:
    """Read a certificate from PEM or DER; DER that is not written the one proper way is refused.

    :raises Unverified: ``x509.form``.
    """
    with sound(_malformed):
        if data.startswith(b"-----"):
            return x509.load_pem_x509_certificate(data)
        return x509.load_der_x509_certificate(data)


def load_crl(data: bytes) -> Crl:
    """Read a CRL from PEM.

    :raises Unverified: ``x509.form``.
    """
    with sound(_malformed):
        return x509.load_pem_x509_crl(data)


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


def _issuer_of(cert: Certificate, candidates: Iterable[Certificate]) -> Certificate:
    for candidate in candidates:
        if candidate.subject == cert.issuer and _issued(candidate, cert):
            return candidate
    raise _broken("chain", "证书不是由受信任的机构签发", "its issuer is not trusted here")


@lru_cache(maxsize=1024)  # the same few issuers are asked about with every package
def _issued(issuer: Certificate, cert: Certificate) -> bool:
    if cert.signature_algorithm_oid != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
        return False
    # A BIT STRING may name unused bits and still give the same signature: another byte form.
    if not der(cert).endswith(b"\0" + cert.signature):
        return False
    try:
        cert.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _check_time(cert: Certificate, at: datetime) -> None:
    if not cert.not_valid_before_utc <= at <= cert.not_valid_after_utc:
        raise _broken("time", "证书在签名时间不在有效期内", "the certificate was not valid then")


def _check_usage(cert: Certificate, position: int, *, authority: bool) -> None:
    try:
        extensions = cert.extensions
        basic = extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound as error:
        raise _broken("usage", "证书缺少用途", "the certificate lacks its usages") from error
    if any(extension.critical and extension.oid not in _KNOWN for extension in extensions):
        raise _broken("usage", "证书含有不认识的关键扩展", "it has an unknown critical extension")
    if authority:
        deep_enough = basic.path_length is None or basic.path_length >= position - 1
        fits = basic.ca and usage.key_cert_sign and deep_enough
    else:
        fits = not basic.ca and usage.digital_signature and usage.content_commitment
    if not fits:
        raise _broken("usage", "证书的用途不符", "the certificate is not meant for this use")


def _check_purpose(cert: Certificate, purpose: str) -> None:
    if not has_purpose(cert, purpose):
        raise _broken("purpose", "证书的种类不符", f"it is not a certificate for {purpose}")


def _check_revoked(
    cert: Certificate, issuer: Certificate, at: datetime, crls: Sequence[Crl]
) -> None:
    for crl in crls:
        if crl.issuer != issuer.subject:
            continue
        entry = crl.get_revoked_certificate_by_serial_number(cert.serial_number)
        if entry and entry.revocation_date_utc <= at and crl.is_signature_valid(public_key(issuer)):
            raise _broken("revoked", "证书在签名前已被吊销", "it was revoked before it signed")


def _broken(reason: str, zh: str, en: str) -> Unverified:
    return Unverified(
        f"x509.{reason}",
        f"{zh}，请联系发出方或证书管理员。",
        f"{en}; ask the sender or the keeper of certificates.".capitalize(),
    )
