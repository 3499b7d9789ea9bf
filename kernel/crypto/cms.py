"""Detached CMS signatures, CAdES-B (RFC 5652, ETSI EN 319 122-1).

The signed attributes are content type, message digest, signing time, the digests of the whole
certificate chain (ESSCertIDv2, RFC 5035) and, as attribute of this house, the digest of the act
that led to the signature. There is one byte form: the verifier writes the signature again from
what it read and compares, so that not a single byte can be changed unnoticed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec import Struct

from kernel.crypto import der, suites, x509
from kernel.crypto.canonical import is_digest
from kernel.crypto.memory import remembered
from kernel.crypto.oids import ACT_DIGEST
from kernel.errors import Unverified

DATA = "1.2.840.113549.1.7.1"
SIGNED_DATA = "1.2.840.113549.1.7.2"
CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"

_SHA256 = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"))
_SHA256_NULL = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"), der.tlv(der.NULL, b""))
"""As many programs write it (RFC 5754, 2: both forms are to be taken)."""
_VERSION = der.integer(1)
"""Of data that is no CMS itself, signed by who is named by issuer and number (RFC 5652, 5.1)."""
_HEAD = (der.oid(SIGNED_DATA), _VERSION, _VERSION, der.sequence(der.oid(DATA)))
_DIGESTS = (_SHA256, _SHA256_NULL)
_ECDSA_SHA256 = der.sequence(der.oid("1.2.840.10045.4.3.2"))


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _digest_differs() -> Unverified:
    return Unverified(
        "cms.digest",
        "内容与签名不符：文件在签名之后被改动过，请要求对方重新发送。",
        "The content is not what was signed: it was altered afterwards; ask for it again.",
    )


def _malformed() -> Unverified:
    return Unverified(
        "cms.form",
        "电子签名的格式不符合规范，请要求对方重新签名。",
        "The signature is not well formed; ask the sender to sign again.",
    )


def _weak() -> Unverified:
    return Unverified(
        "cms.algorithm",
        "电子签名所用的算法不被允许，请要求对方改用 ECDSA P-256 和 SHA-256。",
        "The signature is made with an algorithm that is not allowed; it must be ECDSA P-256.",
    )


class Signed(Struct, frozen=True):
    """What a good signature says."""

    cert: x509.Certificate
    """Who signed."""
    chain: tuple[x509.Certificate, ...]
    """From the signer to the root."""
    time: datetime
    """When, as the signer says; UTC, to the second."""
    act_digest: str | None
    """``sha256:<hex>`` of the act behind it."""


class _Frame(NamedTuple):
    """What is the same in every signature by one key.

    :ivar head: what stands before the signer's part. :ivar signer: the beginning of that part.
    :ivar essence: the attribute ESSCertIDv2 (RFC 5035).
    """

    head: bytes
    signer: bytes
    essence: bytes


@remembered(256)
def _frame(certs: tuple[bytes, ...]) -> _Frame:
    """:param certs: DER, the signer's first, without the root."""
    sha256s, content = der.set_of([_SHA256]), der.sequence(der.oid(DATA))
    named = [der.sequence(der.tlv(der.OCTETS, _sha256(cert))) for cert in certs]
    return _Frame(
        _VERSION + sha256s + content + der.set_of(certs, tag=0xA0),
        _VERSION + _identity(x509.load_cert(certs[0])) + _SHA256,
        _attribute(SIGNING_CERTIFICATE_V2, der.sequence(der.sequence(*named))),
    )


class _Parts(NamedTuple):
    """All that varies in a signature of this profile."""

    frame: _Frame
    digest: bytes
    time: datetime
    act_digest: bytes | None

    def attributes(self) -> bytes:
        """The signed attributes, one after the other in the order of DER."""
        found = [
            _CONTENT_TYPE,
            _attribute(MESSAGE_DIGEST, der.tlv(der.OCTETS, self.digest)),
            _attribute(SIGNING_TIME, der.utc_time(self.time)),
            self.frame.essence,
        ]
        if self.act_digest is not None:
            found.append(_attribute(ACT_DIGEST, der.tlv(der.OCTETS, self.act_digest)))
        return b"".join(sorted(found))

    def write(self, attributes: bytes, signature: bytes) -> bytes:
        """The whole signature. :param signature: the ECDSA value."""
        signer = der.sequence(
            self.frame.signer,
            der.tlv(0xA0, attributes),
            _ECDSA_SHA256,
            der.tlv(der.OCTETS, signature),
        )
        signed_data = der.sequence(self.frame.head, der.tlv(der.SET, signer))
        return der.sequence(der.oid(SIGNED_DATA), der.tlv(0xA0, signed_data))


def _attribute(kind: str, value: bytes) -> bytes:
    return der.sequence(der.oid(kind), der.tlv(der.SET, value))


_CONTENT_TYPE = _attribute(CONTENT_TYPE, der.oid(DATA))


def _identity(signer: x509.Certificate) -> bytes:
    """Issuer and serial number."""
    return der.sequence(signer.issuer.public_bytes(), der.integer(signer.serial_number))


def sign_detached(
    data: bytes,
    key: suites.PrivateKey,
    cert: x509.Certificate,
    chain: Sequence[x509.Certificate],
    *,
    signing_time: datetime,
    act_digest: str | None,
) -> bytes:
    """Sign the bytes; everything but the ECDSA value is determined by the arguments.

    :param chain: the intermediates above ``cert``, nearest first, without the root.
    :param signing_time: kept to the second.
    :param act_digest: ``sha256:<hex>`` of the act behind the signature.
    :returns: the signature as DER, without the data.
    """
    if act_digest is not None and not is_digest(act_digest):
        raise ValueError("act_digest must look like sha256:<hex>")
    frame = _frame(tuple([x509.der(each) for each in (cert, *chain)]))
    digest = bytes.fromhex(act_digest[7:]) if act_digest else None
    parts = _Parts(frame, _sha256(data), signing_time.astimezone(UTC), digest)
    attributes = parts.attributes()
    return parts.write(attributes, suites.sign(key, der.tlv(der.SET, attributes)))


@x509.sound(_malformed)
def verify_detached(
    signature: bytes,
    data: bytes,
    roots: Sequence[x509.Certificate],
    purpose: str,
    at: datetime | None = None,
    crls: Sequence[x509.Crl] = (),
) -> Signed:
    """Check a signature of this profile over the bytes.

    :param at: the instant at which the certificates must have been valid; the signing time unless
        given.
    :raises Unverified: ``cms.form`` (not of this profile, or not its one byte form),
        ``cms.algorithm``, ``cms.digest`` (of other data), ``suites.*``, or a code of
        :func:`kernel.crypto.chain.verify_chain`.
    """
    opened = _open(signature)
    line = opened.line()
    parts = _parts_of(opened, line)
    if parts.digest != _sha256(data):
        raise _digest_differs()
    if parts.write(parts.attributes(), opened.signature) != signature:
        raise _malformed()
    suites.check_suite(suites.INTL_1, parts.time)
    suites.verify(x509.public_key(line.cert), opened.signed, opened.signature)
    trust = x509.leaning_on(tuple(roots), line.others, tuple(crls))
    chain = trust.chain(line.cert, purpose, at or parts.time)
    if chain[:-1] != (line.cert, *line.others):
        raise _malformed()
    act_digest = "sha256:" + parts.act_digest.hex() if parts.act_digest else None
    return Signed(line.cert, chain, parts.time, act_digest)


@x509.sound(_malformed)
def verify_foreign(
    signature: bytes, digest: bytes, trust: x509.Trust, purpose: str, at: datetime
) -> Signed:
    """Check a detached signature that another program wrote (the seal in a PDF, PAdES).

    Attributes beyond ours are allowed; content type, message digest and ESSCertIDv2 must be there.
    Zeros after the signature are allowed, because a PDF pads the room that it keeps for it. What
    the signature itself does not cover has one form: nothing can be changed or hidden in it.

    :param digest: SHA-256 of what is signed.
    :param at: the instant for the certificates, and the time reported if none is signed.
    :raises Unverified: as :func:`verify_detached`.
    """
    opened, line = _open_foreign(signature)
    if opened.value(MESSAGE_DIGEST, der.OCTETS).content != digest:
        raise _digest_differs()
    suites.verify(x509.public_key(line.cert), opened.signed, opened.signature)
    chain = trust.extended(line.others).chain(line.cert, purpose, at)
    has_time = der.oid(SIGNING_TIME) in opened.attributes
    return Signed(line.cert, chain, opened.time() if has_time else at, None)


@x509.sound(_malformed)
def check_foreign_form(signature: bytes) -> None:
    """Check all of a foreign signature that it does not cover itself, and verify nothing.

    For who leaves the verifying to another program that is lax here (pyHanko, OpenSSL).

    :param signature: as for :func:`verify_foreign`.
    :raises Unverified: ``cms.form`` or ``cms.algorithm``.
    """
    _open_foreign(signature)


def _open_foreign(signature: bytes) -> tuple[_Opened, _Line]:
    """What was found, and the certificates in it."""
    size = der.size_of(signature)
    if signature[size:].strip(b"\0"):
        raise _malformed()
    opened = _open(signature[:size])
    line = opened.line()
    if opened.value(CONTENT_TYPE, der.OID).raw != der.oid(DATA):
        raise _malformed()
    if opened.signer != line.identity or not line.is_one:
        raise _malformed()
    return opened, line


class _Line(NamedTuple):
    """The certificates in a signature, in the order in which it names them, then the others.

    :ivar cert: who signed. :ivar others: what lies there besides. :ivar named: the DER of those
        that it names. :ivar all_named: whether it names each of them, and each once.
    :ivar identity: issuer and serial number of who signed (DER). :ivar is_one: whether each is the
        issuer of the one before it, so that none is there for nothing.
    """

    cert: x509.Certificate
    others: tuple[x509.Certificate, ...]
    named: tuple[bytes, ...]
    all_named: bool
    identity: bytes
    is_one: bool


@remembered(256)  # the same in every signature by the same key
def _line(certificates: bytes, essence: bytes) -> _Line:
    ders = [cert.raw for cert in der.parse(certificates)]
    if ders != sorted(set(ders)):  # each once, in the order of DER
        raise _malformed()
    by_digest = {_sha256(cert): cert for cert in ders}
    order = _named(essence)
    all_named = sorted(order) == sorted(by_digest)
    found = [by_digest.pop(digest) for digest in order if digest in by_digest]
    if not found or order[0] != _sha256(found[0]):
        raise _malformed()
    cert, *others = [x509.load_cert(each) for each in (*found, *by_digest.values())]
    is_one = _is_line(cert, others)
    return _Line(cert, tuple(others), tuple(found), all_named, _identity(cert), is_one)


def _is_line(cert: x509.Certificate, others: Sequence[x509.Certificate]) -> bool:
    by_name = {one.subject.public_bytes(): one for one in others}
    issuer = by_name.pop(cert.issuer.public_bytes(), None)
    while issuer is not None:
        issuer = by_name.pop(issuer.issuer.public_bytes(), None)
    return len({one.subject for one in others}) == len(others) and not by_name


def _named(essence: bytes) -> list[bytes]:
    """The digests in ESSCertIDv2, the signer's first."""
    entries = der.parse(essence)[0].items()
    fields = [{item.tag: item.content for item in entry.items()} for entry in entries]
    return [field[der.OCTETS] for field in fields]


class _Opened(NamedTuple):
    """A signature as it was found.

    :ivar certificates: DER, one after the other. :ivar attributes: OID (DER) → the one value.
    :ivar signed: the bytes that were signed. :ivar signer: issuer and serial number (DER).
    """

    certificates: bytes
    attributes: dict[bytes, der.Element]
    signed: bytes
    signer: bytes
    signature: bytes

    def value(self, kind: str, tag: int) -> der.Element:
        value = self.attributes.get(der.oid(kind))
        if value is None or value.tag != tag:
            raise _malformed()
        return value

    def line(self) -> _Line:
        return _line(self.certificates, self.value(SIGNING_CERTIFICATE_V2, der.SEQUENCE).content)

    def time(self) -> datetime:
        text = self.value(SIGNING_TIME, der.UTC_TIME).content.decode()
        return der.read_utc_time(text)


def _parts_of(opened: _Opened, line: _Line) -> _Parts:
    if not line.all_named:
        raise _malformed()
    has_act = der.oid(ACT_DIGEST) in opened.attributes
    return _Parts(
        frame=_frame(line.named),
        digest=opened.value(MESSAGE_DIGEST, der.OCTETS).content,
        time=opened.time(),
        act_digest=opened.value(ACT_DIGEST, der.OCTETS).content if has_act else None,
    )


def _open(signature: bytes) -> _Opened:
    (content,) = der.parse(signature)
    kind, explicit = content.items(der.OID, 0xA0)
    (signed_data,) = explicit.items(der.SEQUENCE)
    fields = signed_data.items(der.INTEGER, der.SET, der.SEQUENCE, 0xA0, der.SET)
    (signer,) = fields[4].items(der.SEQUENCE)
    tags = (der.INTEGER, der.SEQUENCE, der.SEQUENCE, 0xA0, der.SEQUENCE, der.OCTETS)
    version, identity, digest, attributes, algorithm, value = signer.items(*tags)
    if not (digest.raw in _DIGESTS and algorithm.raw == _ECDSA_SHA256):
        raise _weak()
    if (kind.raw, fields[0].raw, version.raw, fields[2].raw) != _HEAD:
        raise _malformed()
    if fields[1].content not in _DIGESTS:
        raise _malformed()
    signed = bytes([der.SET]) + attributes.raw[1:]
    found = _attributes(attributes)
    return _Opened(fields[3].content, found, signed, identity.raw, value.content)


def _attributes(attributes: der.Element) -> dict[bytes, der.Element]:
    """An attribute that occurs twice, or has two values, is refused."""
    found: dict[bytes, der.Element] = {}
    for attribute in attributes.items():
        kind, values = attribute.items(der.OID, der.SET)
        (value,) = values.items()
        if found.setdefault(kind.raw, value) is not value:
            raise _malformed()
    return found
