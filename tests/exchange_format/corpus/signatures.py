"""What can be wrong with the signature of the unit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from asn1crypto import algos, core
from asn1crypto import cms as asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from kernel.crypto import canonical, suites, x509
from kernel.crypto.ids import now
from tests.exchange_format.corpus.certificates import certificate
from tests.exchange_format.corpus.making import Case, made
from tests.exchange_format.sample import Office

DAY = timedelta(days=1)
OTHER = canonical.digest(b"other")
Signed = asn1.SignedData


def altered(
    change: Callable[[Signed, asn1.SignerInfo, Office], object], resign: bool = True
) -> Any:
    """A case: the signature taken apart, changed, and signed again by the proper key."""

    def make(office: Office) -> bytes:
        def of(signature: bytes) -> bytes:
            outer = asn1.ContentInfo.load(signature)
            inner = outer["content"]
            signer = inner["signer_infos"][0]
            change(inner, signer, office)
            if resign:
                signed = signer["signed_attrs"].untag().dump()
                value = office.exchange_key.sign(signed, ec.ECDSA(hashes.SHA256()))
                signer["signature"] = value
            return bytes(outer.dump())

        return made(office, signature=of)

    return make


def attributes(change: Callable[[list[asn1.CMSAttribute]], list[asn1.CMSAttribute]]) -> Any:
    def apply(_: Signed, signer: asn1.SignerInfo, __: Office) -> None:
        signer["signed_attrs"] = asn1.CMSAttributes(change(list(signer["signed_attrs"])))

    return altered(apply)


def lacking(name: str) -> Any:
    return attributes(lambda found: [one for one in found if one["type"].native != name])


def twice(name: str) -> Any:
    return attributes(lambda found: [*found, *(o for o in found if o["type"].native == name)])


def extra(found: list[asn1.CMSAttribute]) -> list[asn1.CMSAttribute]:
    more = asn1.CMSAttribute({"type": "1.2.3.4", "values": [core.Null()]})
    return [*found, more]


def enclosed(inner: Signed, signer: asn1.SignerInfo, office: Office) -> None:
    """The signed content put inside, so that the file beside it would not count."""
    inner["encap_content_info"]["content"] = core.OctetString(b"another manifest")


def two_signers(inner: Signed, signer: asn1.SignerInfo, office: Office) -> None:
    inner["signer_infos"] = asn1.SignerInfos([signer.copy(), signer.copy()])


def no_signer(inner: Signed, signer: asn1.SignerInfo, office: Office) -> None:
    inner["signer_infos"] = asn1.SignerInfos([])


def with_root(inner: Signed, signer: asn1.SignerInfo, office: Office) -> None:
    certs = [x509.der(one) for one in (office.exchange, office.issuers["exchange"].cert)]
    loaded = map(asn1.CertificateChoices.load, [*certs, x509.der(office.root.cert)])
    inner["certificates"] = asn1.CertificateSet(list(loaded))


def other_essence(inner: Signed, signer: asn1.SignerInfo, office: Office) -> None:
    """ESSCertIDv2 names another certificate than the one that signed (RFC 5035)."""
    for attribute in signer["signed_attrs"]:
        if attribute["type"].native == "signing_certificate_v2":
            attribute["values"][0]["certs"][0]["cert_hash"] = b"\1" * 32


def by_digest(name: str) -> Any:
    def change(inner: Signed, signer: asn1.SignerInfo, office: Office) -> None:
        signer["digest_algorithm"] = algos.DigestAlgorithm({"algorithm": name})

    return altered(change)


def by_signature(name: str) -> Any:
    def change(inner: Signed, signer: asn1.SignerInfo, office: Office) -> None:
        signer["signature_algorithm"] = algos.SignedDigestAlgorithm({"algorithm": name})

    return altered(change)


def unsigned(inner: Signed, signer: asn1.SignerInfo, office: Office) -> None:
    """An attribute that the signature does not cover."""
    signer["unsigned_attrs"] = asn1.CMSAttributes(extra([]))


def rsa_key(office: Office) -> bytes:
    key = rsa.generate_private_key(65537, 2048)
    cert = certificate(office, key)

    def of(signature: bytes) -> bytes:
        """Signed by RSA, and said to be ECDSA."""
        outer = asn1.ContentInfo.load(signature)
        signer = outer["content"]["signer_infos"][0]
        signed = signer["signed_attrs"].untag().dump()
        signer["signature"] = key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        return bytes(outer.dump())

    return made(office, signature=of, key=suites.new_key(), cert=cert)


def other_curve(office: Office) -> bytes:
    key: Any = ec.generate_private_key(ec.SECP384R1())
    return made(office, key=key, cert=certificate(office, key))


CASES = [
    Case("no content type", 211, lacking("content_type")),
    Case("no message digest", 211, lacking("message_digest")),
    Case("no signing time", 211, lacking("signing_time")),
    Case("no ESSCertIDv2", 211, lacking("signing_certificate_v2")),
    Case("the signing time twice", 211, twice("signing_time")),
    Case("an attribute that nobody knows", 211, attributes(extra)),
    Case("an attribute that is not signed", 211, altered(unsigned, resign=False)),
    Case("ESSCertIDv2 of another certificate", 211, altered(other_essence)),
    Case("two signers", 211, altered(two_signers, resign=False)),
    Case("no signer", 211, altered(no_signer, resign=False)),
    Case("content inside the signature", 211, altered(enclosed)),
    Case("the root among the certificates", 211, altered(with_root)),
    Case("a digest by SHA-1", 214, by_digest("sha1")),
    Case("a digest by MD5", 214, by_digest("md5")),
    Case("a signature by SHA-1", 214, by_signature("sha1_ecdsa")),
    Case("a signature by RSA", 214, by_signature("sha256_rsa")),
    Case("a key for RSA", 214, rsa_key),
    Case("a key on another curve", 214, other_curve),
    Case("no signature but an empty one", 211, lambda o: made(o, signature=lambda _: b"\x30\x00")),
    Case("a signature that goes on", 211, lambda o: made(o, signature=lambda s: s + b"\0")),
    Case(
        "a signature of another manifest",
        210,
        lambda o: made(o, manifest=lambda m: m, signature=taken(o)),
    ),
    Case("the key of nobody", 211, lambda o: made(o, key=suites.new_key())),
    Case("no act behind it", 218, lambda o: made(o, act_digest=None)),
    Case("another act behind it", 218, lambda o: made(o, act_digest=OTHER)),
    Case("signed the day after tomorrow", 203, lambda o: made(o, signing_time=now() + 2 * DAY)),
    Case(
        "signed before the suite was allowed",
        214,
        lambda o: made(o, signing_time=now() - 900 * DAY),
    ),
]


def taken(office: Office) -> Callable[[bytes], bytes]:
    """The signature out of another genuine package of the same unit."""
    found: list[bytes] = []
    made(office, signature=lambda mine: found.append(mine) or mine)
    return lambda _: found[0]
