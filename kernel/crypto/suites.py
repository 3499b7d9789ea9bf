"""Signature suites. The suite's name stands inside the signed bytes and must be on the list here.

``intl-1`` is ECDSA on P-256 with SHA-256, signatures in DER (FIPS 186-5, SEC 1).
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from kernel.crypto.canonical import b64, unb64
from kernel.crypto.deferred import serialization
from kernel.crypto.memory import remembered
from kernel.errors import Invalid, Unverified

PrivateKey = ec.EllipticCurvePrivateKey
PublicKey = ec.EllipticCurvePublicKey

INTL_1 = "intl-1"
ALLOWED: dict[str, tuple[datetime, datetime]] = {
    INTL_1: (datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)),
}
"""Suite → the time within which signatures may be made with it."""


@cache
def _ecdsa() -> ec.ECDSA:
    return ec.ECDSA(hashes.SHA256())


def new_key() -> PrivateKey:
    """A fresh private key of suite ``intl-1``."""
    return ec.generate_private_key(ec.SECP256R1())


@cache
def _key() -> type[PublicKey]:
    """What OpenSSL's keys are; the other is an abstract class, and slow to be asked."""
    return type(new_key().public_key())


def check_suite(suite: str, at: datetime | None = None) -> None:
    """Refuse a suite that is not on the list, or not at that time.

    :raises Unverified: ``suites.unknown``, ``suites.time``.
    """
    if suite not in ALLOWED:
        raise Unverified(
            "suites.unknown",
            f"不支持签名算法“{suite}”，请对方改用 {INTL_1}。",
            f"The signature suite {suite!r} is not allowed; ask the signer to use {INTL_1}.",
        )
    first, last = ALLOWED[suite]
    if at is not None and not first <= at < last:
        raise Unverified(
            "suites.time",
            f"签名算法“{suite}”在签名时间不可使用，签名不予承认。请签名人改用 {INTL_1} 重新签名。",
            f"The suite {suite!r} was not allowed at the time of the signature; "
            f"ask the signer to sign again with {INTL_1}.",
        )


def sign(key: PrivateKey, data: bytes, suite: str = INTL_1) -> bytes:
    """Sign the bytes; the result is a DER signature of 70 to 72 bytes."""
    check_suite(suite)
    return key.sign(data, _ecdsa())


def verify(public_key: PublicKey, data: bytes, signature: bytes, suite: str = INTL_1) -> None:
    """Check a signature.

    :raises Unverified: ``suites.unknown``, ``suites.key``, ``suites.signature``.
    """
    check_suite(suite)
    check_key(public_key)
    try:
        public_key.verify(signature, data, _ecdsa())
    except InvalidSignature as error:
        raise Unverified(
            "suites.signature",
            "签名无效：内容或签名被改动过，请要求对方重新提供。",
            "The signature is not valid: content or signature was altered; ask for it again.",
        ) from error


def check_key(key: object) -> PublicKey:
    """Refuse a public key that is not on the curve P-256.

    :raises Unverified: ``suites.key``.
    """
    if type(key) is _key() and type(key.curve) is ec.SECP256R1:
        return key
    raise Unverified(
        "suites.key",
        "公钥类型不符合签名算法，请使用 P-256 密钥。",
        "The public key does not fit the suite; use a P-256 key.",
    )


def public_b64(key: PrivateKey | PublicKey) -> str:
    """The public key as base64 of its SubjectPublicKeyInfo (RFC 5480)."""
    public = key.public_key() if isinstance(key, PrivateKey) else key
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return b64(public.public_bytes(encoding, form))


def load_public(text: str) -> PublicKey:
    """Read what :func:`public_b64` wrote.

    :raises Unverified: ``suites.key``.
    """
    return _public(text)


@remembered(1024)  # the same few people sign again and again
def _public(text: str) -> PublicKey:
    try:
        return check_key(serialization.load_der_public_key(unb64(text)))
    except (ValueError, UnsupportedAlgorithm, Invalid):
        return check_key(None)


def private_pem(key: PrivateKey, password: bytes | None = None) -> bytes:
    """The private key as PKCS#8 PEM, encrypted when a password is given."""
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        encryption = serialization.BestAvailableEncryption(password)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )


def load_private(pem: bytes, password: bytes | None = None) -> PrivateKey:
    """Read a private key.

    :raises Invalid: ``suites.private`` for a wrong password or another kind of key.
    """
    try:
        key = serialization.load_pem_private_key(pem, password)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _bad_private() from error
    if not isinstance(key, PrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _bad_private()
    return key


def _bad_private() -> Invalid:
    return Invalid(
        "suites.private",
        "私钥无法打开，请检查口令和密钥文件。",
        "The private key cannot be opened; check the password and the key file.",
    )
