"""A root, an intermediate and a seal's certificate, made for these tests alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

ORGAN = "中共张掖市委办公室"
SEALED_AT = datetime(2026, 11, 22, 8, tzinfo=UTC)
START = datetime(2026, 1, 1, tzinfo=UTC)
USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def name_of(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGAN),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    usages: tuple[str, ...],
) -> x509.Certificate:
    authority = "key_cert_sign" in usages
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = (
        x509.CertificateBuilder(name_of(issuer), name_of(subject), key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START)
        .not_valid_after(START + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
        .add_extension(x509.KeyUsage(**{name: name in usages for name in USAGES}), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(above, critical=False)
    )
    if not authority:
        signing = ObjectIdentifier("1.3.6.1.5.5.7.3.36")
        purposes = x509.ExtendedKeyUsage([signing, ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(purposes, critical=False)
    return builder.sign(issuer_key, SHA256())


@dataclass(frozen=True)
class Chain:
    """Root, intermediate and the certificate of one seal."""

    keys: tuple[ec.EllipticCurvePrivateKey, ...] = field(
        default_factory=lambda: (new_key(), new_key(), new_key())
    )

    @property
    def root(self) -> x509.Certificate:
        return certificate("根", self.keys[0], "根", self.keys[0], ("key_cert_sign", "crl_sign"))

    @property
    def middle(self) -> x509.Certificate:
        return certificate("印章", self.keys[1], "根", self.keys[0], ("key_cert_sign", "crl_sign"))

    @property
    def leaf(self) -> x509.Certificate:
        return certificate(
            f"{ORGAN}（DEMO）",
            self.keys[2],
            "印章",
            self.keys[1],
            ("digital_signature", "content_commitment"),
        )
