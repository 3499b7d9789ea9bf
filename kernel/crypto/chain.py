"""Whether a certificate can be trusted: for this purpose, at this time (RFC 5280, section 6).

A chain is short here: the certificate, its intermediate, a root. Everything below the root must
carry the policy of the purpose, and nothing that says DEMO counts below a root that does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from msgspec import Struct

from kernel.crypto import certs
from kernel.crypto.certs import Certificate, Crl, unverified
from kernel.crypto.deferred import x509
from kernel.crypto.memory import remembered, told_apart
from kernel.crypto.revocation import Period, check_lists, periods, revoked_at

_KNOWN = {"2.5.29.19", "2.5.29.15", "2.5.29.37", "2.5.29.32"}
"""basicConstraints, keyUsage, extKeyUsage and certificatePolicies (RFC 5280, 4.2.1)."""
DOCUMENT_SIGNING = "1.3.6.1.5.5.7.3.36"  # RFC 9336
_Fault = tuple[str, str, str]
EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4"
DOCUMENTS = {DOCUMENT_SIGNING, EMAIL_PROTECTION}


@told_apart
class Trust:
    """What a check may lean on; never changed once made.

    :ivar roots: trusted as they are. :ivar intermediates: known, and trusted only as far as they
        lead to a root. :ivar crls: what the issuers took back; only lists signed by the issuer
        itself count.
    """

    __slots__ = ("crls", "intermediates", "roots")

    def __init__(
        self,
        roots: Iterable[Certificate],
        intermediates: Iterable[Certificate] = (),
        crls: Iterable[Crl] = (),
    ) -> None:
        self.roots = tuple(roots)
        self.intermediates = tuple(intermediates)
        self.crls = tuple(crls)

    def extended(self, intermediates: Iterable[Certificate]) -> Trust:
        """The same with more intermediates, which came with a signature."""
        return leaning_on(self.roots, (*intermediates, *self.intermediates), self.crls)

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
    ) -> tuple[Certificate, ...]:
        """Check a certificate up to one of the roots and give the chain, root last.

        What follows from the certificates and lists alone is worked out once for a trust; times
        are judged anew.

        :param at: the instant at which everything must have been valid.
        :param purpose: the policy that every certificate below the root must carry.
        :param authority: the certificate is an intermediate itself (the people's authority).
        :raises Unverified: ``x509.chain``, ``x509.time``, ``x509.usage``, ``x509.purpose``,
            ``x509.revoked``, ``x509.demo`` (a demo certificate below a root that is none).
        """
        line = _line(self, cert, purpose, authority)
        for link in line.links:
            link.check(at)
        if line.misplaced_demo:
            raise unverified(
                "demo", "演示证书不具有正式效力", "a demo certificate is no proof here"
            )
        return line.certs

    def unlisted(self, chains: Iterable[Sequence[Certificate]], at: datetime) -> tuple[str, ...]:
        """The names of those authorities above these certificates of whom no list is current.

        Without one nobody can say that they had not taken a certificate back.

        :param chains: from the certificate to the root.
        """
        every = {id(chain): chain for chain in chains}.values()
        issuers = {id(issuer): issuer for chain in every for issuer in chain[1:]}
        missing = {
            certs.common_name(issuer)
            for issuer in issuers.values()
            if not any(start <= at <= end for start, end in _listed(self, issuer))
        }
        return tuple(sorted(missing))


@remembered(1024)
def _listed(trust: Trust, issuer: Certificate) -> tuple[Period, ...]:
    return periods(issuer, trust.crls)


@remembered(256)
def leaning_on(
    roots: tuple[Certificate, ...],
    intermediates: tuple[Certificate, ...] = (),
    crls: tuple[Crl, ...] = (),
) -> Trust:
    """The trust in these: always the same one, so that it is known what follows from it."""
    return Trust(roots, intermediates, crls)


def verify_chain(
    cert: Certificate,
    intermediates: Sequence[Certificate],
    roots: Sequence[Certificate],
    at: datetime,
    purpose: str,
    *,
    crls: Sequence[Crl] = (),
    authority: bool = False,
) -> tuple[Certificate, ...]:
    """:meth:`Trust.chain` where these are trusted."""
    trust = leaning_on(tuple(roots), tuple(intermediates), tuple(crls))
    return trust.chain(cert, purpose, at, authority=authority)


class _Link(Struct, frozen=True):
    """A certificate in its chain, and what is true of it at any time."""

    start: datetime
    end: datetime
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


class _Line(Struct, frozen=True):
    """A certificate with all above it, up to a root.

    :ivar misplaced_demo: something in it is a demonstration, and the root is none.
    """

    links: tuple[_Link, ...]
    certs: tuple[Certificate, ...]
    misplaced_demo: bool


@remembered(256)
def _line(trust: Trust, cert: Certificate, purpose: str, authority: bool) -> _Line:
    with certs.sound(certs.malformed):
        chain = [cert]
        while len(chain) < 2 or chain[-1] not in trust.roots:
            if len(chain) > 3:
                raise unverified("chain", "证书链过长", "the certificate chain is too long")
            chain.append(_issuer_of(chain[-1], (*trust.roots, *trust.intermediates)))
        links = []
        for position, link in enumerate(chain):
            last = position == len(chain) - 1
            fault = _usage_fault(link, position, authority=authority or position > 0)
            if fault is None and not last and not certs.has_purpose(link, purpose):
                fault = ("purpose", "证书的种类不符", f"it is not a certificate for {purpose}")
            revoked = None if last else revoked_at(link, chain[position + 1], trust.crls)
            links.append(_Link(link.not_valid_before_utc, link.not_valid_after_utc, fault, revoked))
        demo = any(map(certs.is_demo, chain)) and not certs.is_demo(chain[-1])
    return _Line(tuple(links), tuple(chain), demo)


def _issuer_of(cert: Certificate, candidates: Iterable[Certificate]) -> Certificate:
    for candidate in candidates:
        if candidate.subject == cert.issuer and _issued(candidate, cert):
            return candidate
    raise unverified("chain", "证书不是由受信任的机构签发", "its issuer is not trusted here")


def _is_issued(cert: Certificate, candidates: Sequence[Certificate]) -> bool:
    return any(one.subject == cert.issuer and _issued(one, cert) for one in candidates)


@remembered(1024)
def _issued(issuer: Certificate, cert: Certificate) -> bool:
    if cert.signature_algorithm_oid != x509.oid.SignatureAlgorithmOID.ECDSA_WITH_SHA256:
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
    critical = {extension.oid.dotted_string for extension in extensions if extension.critical}
    if not critical <= _KNOWN:
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
    return any(usage.dotted_string in DOCUMENTS for usage in usages)
