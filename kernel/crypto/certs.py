"""Reading X.509 certificates: what they say; broken ones are refused and crash nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import ParamSpec, TypeAlias, TypeVar

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.utils import CryptographyDeprecationWarning

from kernel.crypto import suites
from kernel.crypto.deferred import serialization, x509
from kernel.crypto.der import BIT_STRING, SEQUENCE, parse
from kernel.crypto.memory import remembered
from kernel.crypto.oids import PURPOSES
from kernel.errors import Unverified

DEMO = "DEMO"
"""The first word of the organisation in everything that only demonstrates."""
Certificate: TypeAlias = "x509.Certificate"
Crl: TypeAlias = "x509.CertificateRevocationList"
P = ParamSpec("P")
R = TypeVar("R")


@cache
def _unreadable() -> tuple[type[Exception], ...]:
    """What parsers raise over broken input."""
    return (
        *(ValueError, TypeError, LookupError, AttributeError, UnsupportedAlgorithm),
        # These are exceptions of their own in cryptography, and no ValueErrors.
        *(x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType),
        CryptographyDeprecationWarning,  # where warnings are errors
    )


class sound:
    """Turn what parsers raise over broken input into a refusal; parsing is lazy, so late too.

    For ``with``, and for decorating a function.
    """

    __slots__ = ("_refusal",)

    def __init__(self, refusal: Callable[[], Unverified]) -> None:
        self._refusal = refusal

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        """Raise the refusal instead."""
        if isinstance(error, _unreadable()):
            raise self._refusal() from error

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """The function, with its errors turned."""

        @wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return function(*args, **kwargs)
            except _unreadable() as error:
                raise self._refusal() from error

        return guarded


def unverified(reason: str, zh: str, en: str) -> Unverified:
    """A refusal ``x509.<reason>``; both sentences go on with whom to ask."""
    return Unverified(
        f"x509.{reason}",
        f"{zh}，请联系发出方或证书管理员。",
        f"{en}; ask the sender or the keeper of certificates.".capitalize(),
    )


def malformed() -> Unverified:
    """The refusal ``x509.form``."""
    return unverified("form", "证书无法读取", "a certificate is not well formed")


@remembered(1024)
def is_demo(cert: Certificate) -> bool:
    """Whether the subject says DEMO: it proves the way, never the matter (custody level L0)."""
    values = cert.subject.get_attributes_for_oid(x509.oid.NameOID.ORGANIZATION_NAME)
    return any(str(value.value).split(" ")[0] == DEMO for value in values)


@remembered(1024)
def unit_of(cert: Certificate) -> str:
    """The unit code that a certificate names; empty when it names none."""
    values = cert.subject.get_attributes_for_oid(x509.oid.NameOID.ORGANIZATION_IDENTIFIER)
    return str(values[0].value) if len(values) == 1 else ""


@remembered(1024)
def common_name(cert: Certificate) -> str:
    """The common name that a certificate shows; empty when it has none."""
    values = cert.subject.get_attributes_for_oid(x509.oid.NameOID.COMMON_NAME)
    return str(values[0].value) if values else ""


@remembered(1024)
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
    return _public_key(cert)


@remembered(1024)  # to decode a point of the curve costs as much as half a check by it
def _public_key(cert: Certificate) -> suites.PublicKey:
    with sound(malformed):
        return suites.check_key(cert.public_key())


@remembered(1024)
def pem(thing: Certificate | Crl) -> bytes:
    """A certificate or CRL as PEM."""
    return thing.public_bytes(serialization.Encoding.PEM)


@remembered(1024)
def der(cert: Certificate) -> bytes:
    """A certificate as DER."""
    return cert.public_bytes(serialization.Encoding.DER)


def load_cert(data: bytes) -> Certificate:
    """Read a certificate from PEM or DER; DER that is not written the one proper way is refused.

    :raises Unverified: ``x509.form``.
    """
    return _cert(data)


@remembered(1024)  # the same few lie in every package
def _cert(data: bytes) -> Certificate:
    with sound(malformed):
        pem = data.startswith(b"-----")
        cert = (x509.load_pem_x509_certificate if pem else x509.load_der_x509_certificate)(data)
        if cert.serial_number <= 0:  # forbidden by RFC 5280, 4.1.2.2, and still only warned about
            raise malformed()
        _check_whole(cert)
    return cert


def _check_whole(thing: Certificate | Crl) -> None:
    """Refuse bits beyond the signature's last, which nobody signed and every parser overlooks."""
    (written,) = parse(thing.public_bytes(serialization.Encoding.DER))
    signature = written.items(SEQUENCE, SEQUENCE, BIT_STRING)[2]
    if signature.content[0] != 0:
        raise malformed()


def load_crl(data: bytes) -> Crl:
    """Read a CRL from PEM.

    :raises Unverified: ``x509.form``.
    """
    return _crl(data)


@remembered(256)
def _crl(data: bytes) -> Crl:
    with sound(malformed):
        crl = x509.load_pem_x509_crl(data)
        _check_whole(crl)
    return crl
