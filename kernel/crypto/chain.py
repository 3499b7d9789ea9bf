"""Whether a certificate can be trusted: for this purpose, at this time (RFC 5280, section 6).

A chain is short here: the certificate, its intermediate, a root. Everything below the root must
carry the policy of the purpose, and nothing that says DEMO counts below a root that does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID, SignatureAlgorithmOID

from kernel.crypto import certs
from kernel.crypto.certs import Certificate, Crl, unverified
from kernel.crypto.memory import remembered
from kernel.crypto.revocation import check_lists, revoked_at

_KNOWN = {
    x509.BasicConstraints.oid,
    x509.KeyUsage.oid,
    x509.ExtendedKeyUsage.oid,
    x509.CertificatePolicies.oid,
}
DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # RFC 9336
_Fault = tuple[str, str, str]
DOCUMENTS = {DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION}


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
        with certs.sound(certs.malformed):
            for cert in self.intermediates:
                _issuer_of(cert, self.roots)

    def check_lists(self) -> None:
        """Refuse revocation lists that are not signed by a root, or an authority below one.

        :raises Unverified: ``x509.crl``, ``x509.chain``.
        """
        if self.crls:
            with certs.sound(certs.malformed):
                below = [cert for cert in self.intermediates if _is_issued(cert, self.roots)]
            check_lists(self.crls, [*self.roots, *below])

    def chain(
        self, cert: Certificate, purpose: str, at: datetime, *, authority: bool = False
    ) -> list[Certificate]:
        """:func:`verify_chain` with these."""
        return verify_chain(
            cert, self.intermediates, self.roots, at, purpose, crls=self.crls, authority=authority
        )


@certs.sound(certs.malformed)
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

    What follows from the certificates and lists alone is worked out once; times are judged anew.

    :param at: the instant at which everything must have been valid.
    :param purpose: the policy that every certificate below the root must carry.
    :param crls: what the issuers took back; only lists signed by the issuer itself count.
    :param authority: the certificate is an intermediate itself (the people's authority).
    :raises Unverified: ``x509.chain``, ``x509.time``, ``x509.usage``, ``x509.purpose``,
        ``x509.revoked``, ``x509.demo`` (a demo certificate below a root that is none).
    """
    known = (tuple(intermediates), tuple(roots), tuple(crls))
    links = _links(cert, *known, purpose, authority)
    chain, demo = [], False
    for link in links:
        link.check(at)
        chain.append(link.cert)
        demo = demo or link.demo
    if demo and not links[-1].demo:
        raise unverified("demo", "演示证书不具有正式效力", "a demo certificate is no proof here")
    return chain


@dataclass(frozen=True)
class _Link:
    """A certificate in its chain, and what is true of it at any time."""

    cert: Certificate
    start: datetime
    end: datetime
    demo: bool
    fault: _Fault | None
    revoked: datetime | None

    def check(self, at: datetime) -> None:
        if not self.start <= at <= self.end:
            raise unverified(
                "time", "证书在签名时间不在有效期内", "the certificate was not valid then"
            )
        if self.fault is not None:
            raise unverified(*self.fault)
        if self.revoked is not None and self.revoked <= at:
            raise unverified("revoked", "证书在签名前已被吊销", "it was revoked before it signed")


@remembered(256)
def _links(
    cert: Certificate,
    intermediates: tuple[Certificate, ...],
    roots: tuple[Certificate, ...],
    crls: tuple[Crl, ...],
    purpose: str,
    authority: bool,
) -> list[_Link]:
    chain = [cert]
    while len(chain) < 2 or chain[-1] not in roots:
        if len(chain) > 3:
            raise unverified("chain", "证书链过长", "the certificate chain is too long")
        chain.append(_issuer_of(chain[-1], [*roots, *intermediates]))
    links = []
    for position, link in enumerate(chain):
        last = position == len(chain) - 1
        fault = _usage_fault(link, position, authority=authority or position > 0)
        if fault is None and not last and not certs.has_purpose(link, purpose):
            fault = ("purpose", "证书的种类不符", f"it is not a certificate for {purpose}")
        links.append(
            _Link(
                cert=link,
                start=link.not_valid_before_utc,
                end=link.not_valid_after_utc,
                demo=certs.is_demo(link),
                fault=fault,
                revoked=None if last else revoked_at(link, chain[position + 1], crls),
            )
        )
    return links


def _issuer_of(cert: Certificate, candidates: Iterable[Certificate]) -> Certificate:
    for candidate in candidates:
        if candidate.subject == cert.issuer and _issued(candidate, cert):
            return candidate
    raise unverified("chain", "证书不是由受信任的机构签发", "its issuer is not trusted here")


def _is_issued(cert: Certificate, candidates: Sequence[Certificate]) -> bool:
    return any(one.subject == cert.issuer and _issued(one, cert) for one in candidates)


@remembered(1024)
def _issued(issuer: Certificate, cert: Certificate) -> bool:
    if cert.signature_algorithm_oid != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
        return False
    # A BIT STRING may name unused bits and still give the same signature: another byte form.
    if not certs.der(cert).endswith(b"\0" + cert.signature):
        return False
    try:
        cert.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _usage_fault(cert: Certificate, position: int, *, authority: bool) -> _Fault | None:
    try:
        extensions = cert.extensions
        basic = extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return ("usage", "证书缺少用途", "the certificate lacks its usages")
    if any(extension.critical and extension.oid not in _KNOWN for extension in extensions):
        return ("usage", "证书含有不认识的关键扩展", "it has an unknown critical extension")
    if authority:
        deep_enough = basic.path_length is None or basic.path_length >= position - 1
        fits = basic.ca and usage.key_cert_sign and deep_enough
    else:
        signs = usage.digital_signature and usage.content_commitment
        fits = not basic.ca and signs and _is_for_documents(extensions)
    return None if fits else ("usage", "证书的用途不符", "it is not meant for this use")


def _is_for_documents(extensions: x509.Extensions) -> bool:
    """Whether the extended usages, where there are any, name documents (RFC 5280, 4.2.1.12)."""
    try:
        usages = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return any(usage in DOCUMENTS for usage in usages)
