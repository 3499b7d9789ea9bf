#!/usr/bin/env python3
"""Verify a document package offline: one file, Python's standard library and ``cryptography``.

    python3 verify.py PACKAGE.asice --root root.pem [--evidence DIR] [--at TIME] [--json]

Exit code 0: verified (``"level": "demo"`` when only a demonstration), 1: refused, 2: it could not
be decided (no current revocation list, no evidence), or wrong usage. docs/verify.md says more. The
file shares no code with the platform that makes the packages, on purpose. Without it, three
commands go most of the way::

    unzip -q PACKAGE.asice -d p && cd p
    sha256sum --quiet -c META-INF/digests-sha256.txt && grep -cF "$(openssl dgst -sha256 \
        -binary META-INF/digests-sha256.txt | openssl base64)" META-INF/ASiCManifest.xml
    openssl cms -verify -binary -inform DER -in META-INF/signature-001.p7s \
        -content META-INF/ASiCManifest.xml -CAfile ../root.pem -purpose any -out /dev/null
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

UTC = timezone.utc  # noqa: UP017  # datetime.UTC is younger than the Python of many offices
ARC = "2.25.220966905988700129228879746837251123275"
PURPOSES = {name: f"{ARC}.1.{n}" for n, name in enumerate("people seals exchange nodes".split(), 1)}
ACT_DIGEST = f"{ARC}.2.1"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SIGNING_TIME, SIGNING_CERTIFICATE = "1.2.840.113549.1.9.5", "1.2.840.113549.1.9.16.2.47"
DATA, SIGNED_DATA = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.2"
SHA256, ECDSA_SHA256 = "2.16.840.1.101.3.4.2.1", "1.2.840.10045.4.3.2"
MANIFEST, SIGNATURE = "META-INF/ASiCManifest.xml", "META-INF/signature-001.p7s"
DIGESTS, BODY, PAYLOAD = "META-INF/digests-sha256.txt", "content/body.pdf", "content/payload.json"
DOCUMENTS = {x509.ObjectIdentifier(f"1.3.6.1.5.5.7.3.{n}") for n in (36, 4)}  # documents, mail
SUITES = {"intl-1": ("2026-01-01T00:00:00.000Z", "2036-01-01T00:00:00.000Z")}
DAY = timedelta(hours=24)
Certificate = x509.Certificate


class Problem(Exception):
    """Something does not hold. :ivar number: as in the platform (210 digest, 211 signature, …)."""

    def __init__(self, number: int, detail: str) -> None:
        super().__init__(detail)
        self.number = number
        self.detail = detail

    def within(self, number: int) -> Problem:
        """The same as a problem of a part; what was revoked stays that."""
        return self if self.number == 213 else Problem(number, self.detail)


# ---------------------------------------------------------------------- small things, own forms


def demand(truth: object, number: int, detail: str) -> None:
    """Raise a Problem unless it is true."""
    if not truth:
        raise Problem(number, detail)


def sha256(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()


def hexdigest(data: bytes) -> str:
    """``sha256:<hex>``."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def is_digest(text: object) -> bool:
    """Whether it is what :func:`hexdigest` gives."""
    return isinstance(text, str) and bool(re.fullmatch("sha256:[0-9a-f]{64}", text))


def unb64(text: Any) -> bytes:
    """Base64 in its one proper spelling."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("base64")
    return data


def moment(text: Any) -> datetime:
    """Read ``2026-11-22T08:00:00.000Z``."""
    if not re.fullmatch(r"[0-9-]{10}T[0-9:]{8}\.[0-9]{3}Z", text):
        raise ValueError("time")
    return datetime.fromisoformat(text[:-1]).replace(tzinfo=UTC)


quoted = json.JSONEncoder(ensure_ascii=False).encode


def canon(value: Any, depth: int = 0) -> str:
    """RFC 8785, for values without floats and text in normal form C."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and abs(value) < 2**53:
        return str(value)
    if isinstance(value, str) and unicodedata.is_normalized("NFC", value):
        value.encode()  # lone surrogates are no text
        return quoted(value)
    if depth < 64 and isinstance(value, list):
        return "[" + ",".join(canon(item, depth + 1) for item in value) + "]"
    if depth < 64 and isinstance(value, dict):
        keys = sorted(value, key=lambda key: str(key).encode("utf-16-be"))
        return "{" + ",".join(f"{canon(k)}:{canon(value[k], depth + 1)}" for k in keys) + "}"
    raise ValueError("JSON")


def parse(data: bytes) -> Any:
    """Read canonical JSON and nothing else."""
    try:
        value = json.loads(data.decode())
        if canon(value).encode() != data:
            raise ValueError("not canonical")
    except RecursionError as error:
        raise ValueError("nesting") from error
    return value


# ------------------------------------------------------------------------------- DER, both ways


class Node(NamedTuple):
    """One element of DER."""

    tag: int
    content: bytes
    raw: bytes

    def children(self) -> list[Node]:
        """The elements inside."""
        return list(nodes(self.content))

    def expect(self, *tags: int) -> list[Node]:
        """The elements inside, which must have these tags."""
        found = self.children()
        demand([node.tag for node in found] == list(tags), 211, "CMS structure")
        return found


def nodes(data: bytes) -> Iterator[Node]:
    """The elements one after the other; lengths in the shortest form only."""
    position = 0
    while position < len(data):
        tag, size = data[position], data[position + 1]
        start = position + 2
        if size & 0x80:
            count = size & 0x7F
            size = int.from_bytes(data[start : start + count], "big")
            start += count
        end = start + size
        node = Node(tag, data[start:end], data[position:end])
        demand(end <= len(data) and tlv(tag, node.content) == node.raw, 211, "DER")
        yield node
        position = end


def tlv(tag: int, *parts: bytes) -> bytes:
    """Write one element."""
    content = b"".join(parts)
    size = len(content)
    length = b"" if size < 0x80 else size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length) if length else size]) + length + content


@lru_cache(maxsize=None)  # noqa: UP033  # functools.cache is younger than 3.9
def oid(dotted: str) -> bytes:
    """Write an object identifier."""
    arcs = [int(arc) for arc in dotted.split(".")]
    out = b""
    for arc in [40 * arcs[0] + arcs[1], *arcs[2:]]:
        groups = [arc >> shift & 0x7F for shift in range(0, max(arc.bit_length(), 1), 7)]
        out += bytes([g | 0x80 for g in groups[:0:-1]] + [groups[0]])
    return tlv(0x06, out)


def set_of(tag: int, items: Iterable[bytes]) -> bytes:
    """Write a SET OF in its proper order."""
    return tlv(tag, *sorted(items))


# --------------------------------------------------------------------------------- certificates


def organisation(cert: Certificate, kind: x509.ObjectIdentifier) -> str:
    """One attribute of the subject, or nothing."""
    values = cert.subject.get_attributes_for_oid(kind)
    return str(values[0].value) if len(values) == 1 else ""


def unit_of(cert: Certificate) -> str:
    """The unit code in a certificate."""
    return organisation(cert, x509.NameOID.ORGANIZATION_IDENTIFIER)


def is_demo(cert: Certificate) -> bool:
    """Whether the subject says DEMO."""
    names = cert.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)
    return any(str(name.value).partition(" ")[0] == "DEMO" for name in names)


class SecurityKey(NamedTuple):
    """A key that signs in browsers (W3C Web Authentication), as its statement describes it."""

    key: Any
    site: str
    origins: list[str]


def is_p256(key: Any) -> bool:
    """Whether a public key is of the kind that suite ``intl-1`` uses."""
    return isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1"


def holds(key: Any, signature: bytes, data: bytes) -> bool:
    """Whether this P-256 key, or this security key, signed the data."""
    if isinstance(key, SecurityKey):
        return asserts(key, signature, data)
    if not is_p256(key):
        return False
    try:
        key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def extension(cert: Certificate, kind: Any) -> Any:
    """The value of an extension, or None."""
    try:
        return cert.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def has_purpose(cert: Certificate, purpose: str) -> bool:
    """Whether a certificate carries the policy of this purpose."""
    policies = extension(cert, x509.CertificatePolicies) or ()
    return PURPOSES[purpose] in [policy.policy_identifier.dotted_string for policy in policies]


class Trust:
    """Roots, what leads to them, and what was taken back."""

    def __init__(self, roots: list[Certificate], pems: Iterable[bytes] = ()) -> None:
        self.roots = roots
        self.others: list[Certificate] = []
        self.crls: list[x509.CertificateRevocationList] = []
        self._issued: dict[tuple[Certificate, Certificate], bool] = {}
        for pem in pems:
            known: Any
            if b"BEGIN X509 CRL" in pem:
                known = x509.load_pem_x509_crl(pem)
                self.crls.append(known)
            else:
                known = x509.load_pem_x509_certificate(pem)
                self.others.append(known)
            form = known.public_bytes(serialization.Encoding.PEM)
            demand(form == pem, 212, "trust: more in the file than a certificate or list")
        self.used: set[Certificate] = set()
        self._check_lists()

    def chain(
        self,
        cert: Certificate,
        purpose: str,
        at: datetime,
        known: list[Certificate] | None = None,
        authority: bool = False,
    ) -> list[Certificate]:
        """The chain from the certificate to a root, each link checked for this time and purpose."""
        candidates = [*self.roots, *(self.others if known is None else known)]
        chain = [cert]
        while len(chain) < 2 or chain[-1] not in self.roots:
            issuers = (c for c in candidates if self._signed(c, chain[-1]))
            issuer = next(issuers, None)
            if issuer is None or len(chain) > 3:
                raise Problem(212, "certificate chain")
            chain.append(issuer)
        for depth, link in enumerate(chain):
            self._check(link, depth, at, authority or depth > 0)
            if depth + 1 < len(chain):
                self.used.add(chain[depth + 1])
                demand(has_purpose(link, purpose), 212, "certificate purpose")
                demand(not self._revoked(link, chain[depth + 1], at), 213, "revoked")
        demo_ends_demo = is_demo(chain[-1]) or not any(is_demo(link) for link in chain)
        demand(demo_ends_demo, 212, "a demo certificate below a formal root")
        return chain

    def signed_by_a_root(self, cert: Certificate) -> bool:
        """Whether one of the roots has issued the certificate."""
        return any(self._signed(root, cert) for root in self.roots)

    def _signed(self, issuer: Certificate, cert: Certificate) -> bool:
        if (issuer, cert) not in self._issued:
            self._issued[issuer, cert] = (
                issuer.subject == cert.issuer
                and cert.signature_algorithm_oid.dotted_string == ECDSA_SHA256
                and der(cert).endswith(b"\0" + cert.signature)
                and holds(issuer.public_key(), cert.signature, cert.tbs_certificate_bytes)
            )
        return self._issued[issuer, cert]

    def _check(self, cert: Certificate, depth: int, at: datetime, authority: bool) -> None:
        demand(cert.not_valid_before_utc <= at <= cert.not_valid_after_utc, 212, "validity")
        basic, usage = extension(cert, x509.BasicConstraints), extension(cert, x509.KeyUsage)
        demand(basic and usage and basic.ca == authority, 212, "certificate usage")
        if authority:
            limit = basic.path_length
            demand(usage.key_cert_sign, 212, "key usage")
            demand(limit is None or limit >= depth - 1, 212, "path length")
        else:
            demand(usage.digital_signature and usage.content_commitment, 212, "key usage")
            usages = extension(cert, x509.ExtendedKeyUsage)
            demand(usages is None or DOCUMENTS & set(usages), 212, "extended key usage")
        ours = (
            x509.BasicConstraints,
            x509.KeyUsage,
            x509.ExtendedKeyUsage,
            x509.CertificatePolicies,
        )
        for each in cert.extensions:
            demand(not each.critical or isinstance(each.value, ours), 212, "critical extension")

    def _revoked(self, cert: Certificate, issuer: Certificate, at: datetime) -> bool:
        for crl in self.crls:
            entry = crl.get_revoked_certificate_by_serial_number(cert.serial_number)
            if entry and entry.revocation_date_utc <= at and is_list_of(issuer, crl):
                return True
        return False

    def _check_lists(self) -> None:
        """Every list that came along is one of a root, or of an authority below one."""
        authorities = self.roots + [one for one in self.others if self.signed_by_a_root(one)]
        for crl in self.crls:
            genuine = any(is_list_of(authority, crl) for authority in authorities)
            demand(genuine, 212, "a revocation list that its authority has not signed")

    def unlisted(self, at: datetime) -> list[str]:
        """Names of the authorities in the chains so far of which no list was current then."""
        return sorted(
            organisation(issuer, x509.NameOID.COMMON_NAME)
            for issuer in self.used
            if not any(is_list_of(issuer, crl) and is_current(crl, at) for crl in self.crls)
        )


def is_list_of(issuer: Certificate, crl: x509.CertificateRevocationList) -> bool:
    """Whether this authority may sign lists and has signed this one, which is a whole one."""
    usage, key = extension(issuer, x509.KeyUsage), issuer.public_key()
    critical = [each.critical for part in (crl, *crl) for each in part.extensions]
    return bool(
        crl.issuer == issuer.subject
        and usage
        and usage.crl_sign
        and not any(critical)
        and crl.signature_algorithm_oid.dotted_string == ECDSA_SHA256
        and crl.public_bytes(serialization.Encoding.DER).endswith(b"\0" + crl.signature)
        and holds(key, crl.signature, crl.tbs_certlist_bytes)
    )


def is_current(crl: x509.CertificateRevocationList, at: datetime) -> bool:
    """Whether a list speaks for this time."""
    end = crl.next_update_utc
    return end is not None and crl.last_update_utc <= at <= end


# ------------------------------------------------------------------------------------------ CMS


class Cms(NamedTuple):
    """A signature taken apart."""

    certs: list[Certificate]
    attributes: dict[bytes, Node]
    signed: bytes
    identity: bytes
    signature: bytes

    def attribute(self, dotted: str, tag: int) -> Node:
        """The one value of a signed attribute."""
        node = self.attributes.get(oid(dotted))
        if node is None or node.tag != tag:
            raise Problem(211, f"signed attribute {dotted}")
        return node

    def signer(self) -> Certificate:
        """The certificate that ESSCertIDv2 names first."""
        by_hash = {sha256(der(cert)): cert for cert in self.certs}
        wanted = self.essence()[0]
        demand(wanted in by_hash, 211, "signing certificate")
        return by_hash[wanted]

    def essence(self) -> list[bytes]:
        """The certificate digests in ESSCertIDv2."""
        entries = self.attribute(SIGNING_CERTIFICATE, 0x30).children()[0].children()
        parts = [[node for node in entry.children() if node.tag == 0x04] for entry in entries]
        return [found[0].content for found in parts]


def der(cert: Certificate) -> bytes:
    """A certificate as DER."""
    return cert.public_bytes(serialization.Encoding.DER)


def read_cms(data: bytes) -> Cms:
    """Take a detached SignedData with one signer apart."""
    (outer,) = nodes(data)
    kind, explicit = outer.expect(0x06, 0xA0)
    (signed_data,) = explicit.expect(0x30)
    version, digests, content, certs, signers = signed_data.expect(0x02, 0x31, 0x30, 0xA0, 0x31)
    demand(kind.raw == oid(SIGNED_DATA) and content.content == oid(DATA), 211, "CMS content")
    (signer,) = signers.expect(0x30)
    parts = signer.expect(0x02, 0x30, 0x30, 0xA0, 0x30, 0x04)
    hashed = (tlv(0x30, oid(SHA256)), tlv(0x30, oid(SHA256), tlv(0x05)))
    demand(parts[2].raw in hashed, 214, "digest algorithm")
    demand(parts[4].content == oid(ECDSA_SHA256), 214, "signature algorithm")
    # What nobody signed has one form: nothing can be changed or hidden in it.
    demand(version.content == parts[0].content == b"\x01", 211, "version")
    demand(digests.content in hashed, 211, "digest algorithms")
    written = [node.raw for node in certs.children()]
    demand(written == sorted(set(written)), 211, "order of the certificates")
    attributes: dict[bytes, Node] = {}
    for attribute in parts[3].children():
        name, values = attribute.expect(0x06, 0x31)
        (value,) = values.children()
        demand(name.raw not in attributes, 211, "attribute twice")
        attributes[name.raw] = value
    found = [x509.load_der_x509_certificate(node.raw) for node in certs.children()]
    return Cms(found, attributes, tlv(0x31, parts[3].content), parts[1].raw, parts[5].content)


def identity(cert: Certificate) -> bytes:
    """Issuer and serial number."""
    serial = cert.serial_number
    number = tlv(0x02, serial.to_bytes(serial.bit_length() // 8 + 1, "big"))
    return tlv(0x30, cert.issuer.public_bytes(), number)


def write_cms(cms: Cms, chain: list[Certificate], time: datetime, act: bytes | None) -> bytes:
    """The one byte form of a package signature with these parts."""
    essence = tlv(0x30, tlv(0x30, *(tlv(0x30, tlv(0x04, sha256(der(c)))) for c in chain)))
    values = {
        CONTENT_TYPE: oid(DATA),
        MESSAGE_DIGEST: tlv(0x04, cms.attribute(MESSAGE_DIGEST, 0x04).content),
        SIGNING_TIME: tlv(0x17, time.strftime("%y%m%d%H%M%SZ").encode()),
        SIGNING_CERTIFICATE: essence,
        **({} if act is None else {ACT_DIGEST: tlv(0x04, act)}),
    }
    attributes = [tlv(0x30, oid(kind), tlv(0x31, value)) for kind, value in values.items()]
    signer = tlv(
        0x30,
        tlv(0x02, b"\x01"),
        identity(chain[0]),
        tlv(0x30, oid(SHA256)),
        set_of(0xA0, attributes),
        tlv(0x30, oid(ECDSA_SHA256)),
        tlv(0x04, cms.signature),
    )
    signed_data = tlv(
        0x30,
        tlv(0x02, b"\x01"),
        tlv(0x31, tlv(0x30, oid(SHA256))),
        tlv(0x30, oid(DATA)),
        set_of(0xA0, map(der, cms.certs)),
        tlv(0x31, signer),
    )
    return tlv(0x30, oid(SIGNED_DATA), tlv(0xA0, signed_data))


def check_line(cert: Certificate, certs: list[Certificate]) -> None:
    """Check that each is the issuer of the one before it, and none is there for nothing."""
    others = [one for one in certs if one != cert]
    by_name = {one.subject.public_bytes(): one for one in others}
    demand(len(by_name) == len(others), 211, "certificates of one name")
    issuer = by_name.pop(cert.issuer.public_bytes(), None)
    while issuer is not None:
        issuer = by_name.pop(issuer.issuer.public_bytes(), None)
    demand(not by_name, 211, "a certificate that nobody needs")


def check_cms(cms: Cms, data: bytes) -> Certificate:
    """Check content type, digest and signature value; give the signer."""
    signer = cms.signer()
    demand(cms.attribute(CONTENT_TYPE, 0x06).raw == oid(DATA), 211, "content type")
    demand(cms.attribute(MESSAGE_DIGEST, 0x04).content == sha256(data), 210, "signed content")
    demand(is_p256(signer.public_key()), 214, "kind of key")
    demand(holds(signer.public_key(), cms.signature, cms.signed), 211, "signature value")
    return signer


# ------------------------------------------------------------------------------ ZIP and contents

COMMON = bytes.fromhex("1400 0008 0000 0000 2100".replace(" ", ""))


def read_zip(data: bytes) -> dict[str, bytes]:
    """Walk the local entries from the front, write all again, compare."""
    entries: dict[str, bytes] = {}
    local, directory, position = b"", b"", 0
    demand(len(data) < (2 << 30) + (1 << 20), 216, "package size")
    while data[position : position + 4] == b"PK\x03\x04":
        size = int.from_bytes(data[position + 18 : position + 22], "little")
        length = int.from_bytes(data[position + 26 : position + 28], "little")
        start = position + 30 + length
        raw, content = data[position + 30 : start], data[start : start + size]
        name = decode(raw)
        demand(name not in entries, 215, "two entries of one name")
        demand(len(entries) < 500, 216, "too many files")
        entries[name] = content
        sums = b"".join(n.to_bytes(4, "little") for n in (zlib.crc32(content), size, size))
        head = COMMON + sums + len(raw).to_bytes(2, "little")
        local += b"PK\x03\x04" + head + b"\0\0" + raw + content
        where = (0o100644 << 16).to_bytes(4, "little") + position.to_bytes(4, "little")
        directory += b"PK\x01\x02\x14\x03" + head + bytes(8) + where + raw
        position = start + size
    count = len(entries).to_bytes(2, "little")
    place = len(directory).to_bytes(4, "little") + position.to_bytes(4, "little")
    end = b"PK\x05\x06" + bytes(4) + count + count + place + bytes(2)
    demand(local + directory + end == data, 205, "container form")
    demand(len({name.casefold() for name in entries}) == len(entries), 215, "names collide")
    return entries


@lru_cache(maxsize=None)  # noqa: UP033  # functools.cache is younger than 3.9
def decode(raw: bytes) -> str:
    """A name that every system reads alike."""
    try:
        name = raw.decode()
    except UnicodeDecodeError as error:
        raise Problem(205, "name is not UTF-8") from error
    bad = any(unicodedata.category(c).startswith("C") for c in name)
    bad = bad or re.search('[\\\\:*?"<>|\u2028\u2029]', name) is not None
    for part in name.split("/"):
        bad = bad or not part or part.strip(" ") != part or part.endswith(".")
    bad = bad or len(raw) > 255 or not unicodedata.is_normalized("NFC", name)
    demand(not bad, 215, ascii(name))
    return name


def manifest_of(digests: dict[str, bytes]) -> str:
    """The manifest that belongs to these entries."""
    types = {"json": "application/json", "pdf": "application/pdf", "pem": "application/x-pem-file"}
    out = '<?xml version="1.0" encoding="UTF-8"?>\n<asic:ASiCManifest'
    out += ' xmlns:asic="http://uri.etsi.org/02918/v1.2.1#"'
    out += ' xmlns:ds="http://www.w3.org/2000/09/xmldsig#">\n<asic:SigReference'
    out += f' URI="{SIGNATURE}" MimeType="application/pkcs7-signature"/>\n'
    for name in sorted(digests):
        kind = types.get(name.rpartition(".")[2], "application/octet-stream")
        kind = "text/plain" if name == DIGESTS else kind
        out += f'<asic:DataObjectReference URI="{quote(name)}" MimeType="{kind}"><ds:DigestMethod'
        out += ' Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue>'
        out += base64.b64encode(digests[name]).decode()
        out += "</ds:DigestValue></asic:DataObjectReference>\n"
    return out + "</asic:ASiCManifest>\n"


ELEMENTS = (
    "公文标识 文种 份号 密级和保密期限 紧急程度 发文机关标志 发文字号 签发人 标题 主送机关 "
    "附件说明 发文机关或签发人署名 成文日期 附注 抄送机关 印发机关 印发日期 发布层次"
).split()
KINDS = "dispatch recall void supersede reminder deadline feedback resend".split()
UUID7 = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def check_envelope(envelope: Any) -> None:
    """Refuse an envelope with other keys or values than the profile has."""
    demand(isinstance(envelope, dict), 200, "envelope")
    demand(envelope.get("classification") == "none", 217, "classification")
    keys = "classification content created_at do_by format kind msg_id policy_id recipients"
    keys += " refers_to schema sender sign_by suite type urgency"
    demand(sorted(envelope) == keys.split(), 200, "envelope keys")
    sender, recipients = envelope["sender"], envelope["recipients"]
    demand(envelope["format"] == "GWJH-1" and envelope["kind"] in KINDS, 200, "format")
    for value in (envelope["suite"], envelope["policy_id"]):
        demand(is_text(value), 200, "envelope text")
    demand(isinstance(sender, dict) and sorted(sender) == SENDER, 200, "sender")
    demand(all(map(is_text, sender.values())), 200, "sender")
    demand(isinstance(recipients, list) and recipients, 200, "recipients")
    for each in recipients:
        demand(isinstance(each, dict) and sorted(each) == ["copies", "role", "unit"], 200, "to")
        demand(is_text(each["unit"]) and each["role"] in ("主送", "抄送"), 200, "recipient")
        demand(is_count(each["copies"]), 200, "copies")
    demand(len({each["unit"] for each in recipients}) == len(recipients), 200, "recipient twice")
    demand(envelope["urgency"] in ("", "平件", "平急", "加急", "特急", "特提"), 200, "urgency")
    demand(is_count(envelope["schema"]), 200, "schema")
    demand(re.fullmatch(r"[a-z][a-z_]*\.[a-z][a-z_]*", envelope["type"]), 200, "type")
    demand(re.fullmatch(UUID7, envelope["msg_id"]), 200, "msg_id")
    if envelope["refers_to"] is not None or envelope["kind"] != "dispatch":
        demand(re.fullmatch(UUID7, envelope["refers_to"]), 200, "refers_to")
    for name in ("sign_by", "do_by"):
        moment(envelope[name] or envelope["created_at"])
        demand(envelope[name] is None or envelope[name], 200, name)
    content = envelope["content"]
    for value in content.values():
        demand(re.fullmatch("sha256:[0-9a-f]{64}", value), 200, "content")
    demand(envelope["suite"] in SUITES, 214, "suite")
    for name in ("sign_by", "do_by"):
        deadline = moment(envelope[name] or envelope["created_at"])
        demand(deadline >= moment(envelope["created_at"]), 204, f"{name} before created_at")


SENDER = ["name", "office", "person", "unit"]


def is_text(value: object) -> bool:
    """Whether it is a text of sensible length."""
    return isinstance(value, str) and 1 <= len(value) <= 500


def is_count(value: object) -> bool:
    """Whether it is a sensible number."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1_000_000


def check_metadata(metadata: Any) -> None:
    """Refuse unknown elements, values without bounds, and anything classified."""
    demand(isinstance(metadata, dict) and len(metadata) <= 100, 200, "metadata")
    for key, value in metadata.items():
        if "密级" in key or "classification" in key:
            demand(value is None or value in ("", "无", "none"), 217, key)
        demand(key in ELEMENTS or re.fullmatch(r"[a-z][a-z0-9_]*:\S+", key), 200, key)
        demand(len(key) <= 100 and is_element(key, value), 200, key[:100])


def is_element(key: str, value: object) -> bool:
    """Whether it is a text, or beyond the standard also a number or a list of texts."""
    if isinstance(value, str):
        return len(value) <= (500 if key in ("标题", "发文字号") else 20_000)
    if value is None or key in ELEMENTS:
        return value is None
    if isinstance(value, list):
        return len(value) <= 1000 and all(map(is_text, value))
    return is_count(value)


# ------------------------------------------------------------------------------- security keys


def asserts(key: SecurityKey, value: bytes, data: bytes) -> bool:
    """Whether the assertion is this key's, its owner verified, over exactly this data."""
    fields = parse(value)
    expect(fields, {"authenticator_data", "client_data", "signature"})
    said, client = unb64(fields["authenticator_data"]), unb64(fields["client_data"])
    demand(len(said) >= 37, 218, "authenticator data")
    # Bits of the flags: 1 touched, 4 owner verified, 64 a new key, 128 extensions follow.
    demand(said[32] & 69 == 5, 218, "the owner was not verified")
    demand(len(said) == 37 or said[32] & 128, 218, "authenticator data")
    demand(said[:32] == sha256(key.site.encode()), 218, "another site")
    check_client(client, sha256(b"juyan-act\0" + data), key.origins)
    signature, signed = unb64(fields["signature"]), said + sha256(client)
    if isinstance(key.key, ed25519.Ed25519PublicKey):
        try:
            key.key.verify(signature, signed)
        except InvalidSignature:
            return False
        return True
    return holds(key.key, signature, signed)


def check_client(client: bytes, challenge: bytes, origins: list[str]) -> None:
    """Check what the browser wrote; it need not be canonical, but says each thing once."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        demand(len(dict(pairs)) == len(pairs), 218, "client data")
        return dict(pairs)

    try:
        fields = json.loads(client.decode(), object_pairs_hook=once)
    except RecursionError as error:
        raise ValueError("nesting") from error
    demand(isinstance(fields, dict), 218, "client data")
    expected = base64.urlsafe_b64encode(challenge).decode().rstrip("=")
    demand(fields.get("type") == "webauthn.get", 218, "not an assertion")
    demand(fields.get("challenge") == expected, 218, "signed for something else")
    demand(fields.get("origin") in origins, 218, "signed at another address")
    demand(not fields.get("crossOrigin") and "topOrigin" not in fields, 218, "signed in a frame")


def key_of(statement: dict[str, Any]) -> Any:
    """The public key in a credential statement."""
    try:
        return serialization.load_der_public_key(unb64(statement["public_key"]))
    except UnsupportedAlgorithm as error:
        raise Problem(218, "algorithm of the key") from error


def security_key(statement: dict[str, Any]) -> SecurityKey:
    """The security key of a credential statement."""
    said = statement["webauthn"]
    expect(said, {"alg", "credential_id", "rp_id", "origins"})
    key = key_of(statement)
    kinds = {"ES256": ec.EllipticCurvePublicKey, "EdDSA": ed25519.Ed25519PublicKey}
    kind = kinds.get(said["alg"])
    demand(kind is not None and isinstance(key, kind), 218, "algorithm of the key")
    unb64(said["credential_id"])
    texts = [said["rp_id"], *said["origins"]]
    demand(len(texts) > 1 and all(isinstance(text, str) for text in texts), 218, "statement")
    demand(isinstance(said["origins"], list), 218, "statement")
    return SecurityKey(key, said["rp_id"], said["origins"])


# ------------------------------------------------------------------------------------------ acts

ACT_KEYS = set(
    "v suite node act verb schema object desk mode acting_for grant params credential origin nonce"
    " issued expires".split()
)
STATEMENT_KEYS = set(
    "format node credential person name kind suite public_key not_before not_after demo".split()
)


class Act(NamedTuple):
    """A signed act that holds."""

    facts: dict[str, Any]
    digest: str
    demo: bool
    batched: bool = False

    @property
    def verb(self) -> str:
        """What was done."""
        return str(self.facts["verb"])

    @property
    def target(self) -> dict[str, Any]:
        """The object that it was done to."""
        target: dict[str, Any] = self.facts["object"] or {}
        return target

    @property
    def of_what(self) -> tuple[Any, ...]:
        """Kind, uid and content of the object; one and the same from sign-off to dispatch."""
        return tuple(self.target.get(name) for name in ("kind", "uid", "digest"))

    @property
    def organ(self) -> Any:
        """The organ at whose desk it was done."""
        return self.facts["desk"].get("organ")

    @property
    def by_node(self) -> bool:
        """Whether a node did it."""
        return not self.facts["desk"].get("person")


def read_act(record: bytes, trust: Trust) -> Act:
    """Check the record of a signed act."""
    fields = parse(record)
    grant = fields.pop("grant", None)
    expect(fields, {"format", "act", "signature", "credential", "private"})
    expect(fields["signature"], {"kind", "value"})
    data, kind = unb64(fields["act"]), fields["signature"]["kind"]
    act = parse(data)
    value, batched = unb64(fields["signature"]["value"]), kind.startswith("batch+")
    kind = kind[6:] if batched else kind
    kinds = ("soft", "webauthn") if batched else ("soft", "webauthn", "node")
    demand(fields["format"] == "juyan-act-1" and kind in kinds, 218, "record")
    demand(ACT_KEYS <= set(act) and act["v"] == 1, 218, "act")
    texts = ("suite", "node", "act", "verb", "credential")
    demand(all(isinstance(act[name], str) for name in texts), 218, "act")
    parts = (act["params"], act["desk"], act["object"] or {})
    demand(all(isinstance(part, dict) for part in parts), 218, "act")
    issued = moment(act["issued"])
    demand(moment(act["expires"]) >= issued, 218, "times of the act")
    for name, opened in fields["private"].items():
        expect(opened, {"salt", "text"})
        salt = unb64(opened["salt"])
        stated = act["params"][name]["salted"]
        demand(len(salt) == 16 and hexdigest(salt + opened["text"].encode()) == stated, 218, name)
    find = node_key if kind == "node" else person_key
    key, demo = find(kind, fields["credential"], act, issued, trust)
    first, last = map(moment, SUITES.get(act["suite"], SUITES["intl-1"]))
    demand(act["suite"] in SUITES and first <= issued < last, 218, "suite of the act")
    signed, value = leaf_of_batch(value, data, act) if batched else (data, value)
    demand(holds(key, value, signed), 218, "signature of the act")
    in_own_name = act["mode"] in ("self", "node")
    demand(in_own_name == (grant is None), 218, "the grant that it was done by")
    if grant is None:
        demand(act["acting_for"] is None and not act["grant"], 218, "acting for somebody")
    else:
        check_grant(read_act(unb64(grant), trust), act, issued)
    return Act(act, hexdigest(data), demo, batched)


def check_grant(grant: Act, act: dict[str, Any], issued: datetime) -> None:
    """Check that a person let another one do this in his name, at that time."""
    facts, kinds = grant.facts, {"delegated": "delegate", "transcribed": "transcribe"}
    said, giver = facts["params"], facts["desk"]
    whom = {name: giver[name] for name in ("person", "post", "unit")}
    demand(not grant.batched and not grant.by_node and facts["mode"] == "self", 218, "grant")
    demand(grant.verb == "house.delegate" and facts["act"] == act["grant"], 218, "another grant")
    demand(facts["node"] == act["node"] and giver["organ"] == act["desk"]["organ"], 218, "organ")
    demand(act["acting_for"] == whom, 218, "acting for somebody else")
    names = said["names"] if isinstance(said["names"], list) else []
    demand(said["kind"] == kinds[act["mode"]] and act["verb"] in names, 218, "not granted")
    desk = (act["desk"]["post"], act["desk"]["person"])
    demand((said["taker"], said["person"]) == desk, 218, "granted to another person")
    demand(moment(said["starts"]) <= issued <= moment(said["ends"]), 218, "period of the grant")
    if act["mode"] == "transcribed":
        scan = act["params"].get("scan")
        demand(re.fullmatch("sha256:[0-9a-f]{64}", str(scan)), 218, "the scan is missing")


def leaf_of_batch(value: bytes, data: bytes, act: dict[str, Any]) -> tuple[bytes, bytes]:
    """Statement and signature of the batch that an act is a leaf of, once it is shown to be."""
    fields = parse(value)
    expect(fields, {"batch", "index", "path", "value"})
    statement = unb64(fields["batch"])
    batch, same = parse(statement), "suite node verb credential origin desk".split()
    expect(batch, {*same, *"format v root count nonce issued expires".split()})
    demand((batch["format"], batch["v"]) == ("juyan-batch-1", 1), 218, "form of the batch")
    for name in same:
        demand(batch[name] == act[name], 218, f"{name} of the batch")
    times = [act["issued"], batch["issued"], batch["expires"], act["expires"]]
    demand(times == sorted(times, key=moment), 218, "times of the batch")
    index, count, path = fields["index"], batch["count"], fields["path"]
    demand(is_count(index) and is_count(count) and index < count, 218, "place in the batch")
    demand(all(re.fullmatch("[0-9a-f]{64}", step) for step in path), 218, "path in the batch")
    root = climb(sha256(b"\0" + data), index, count, [bytes.fromhex(step) for step in path])
    demand(root.hex() == batch["root"], 218, "not in the batch")
    return statement, unb64(fields["value"])


def expect(value: Any, keys: set[str]) -> None:
    """Refuse an object with other keys."""
    demand(isinstance(value, dict) and set(value) == keys, 218, "keys of a record")


def person_key(
    kind: str, credential: dict[str, Any], act: dict[str, Any], issued: datetime, trust: Trust
) -> tuple[Any, bool]:
    """The person's key, by the statement of the people's authority."""
    expect(credential, {"statement", "signature"})
    data, signature = unb64(credential["statement"]), unb64(credential["signature"])
    statement = parse(data)
    expect(statement, STATEMENT_KEYS | ({"webauthn"} if kind == "webauthn" else set()))
    for name in STATEMENT_KEYS - {"demo"}:
        demand(isinstance(statement[name], str), 218, "statement")
    authorities = [cert for cert in trust.others if has_purpose(cert, "people")]
    signers = (cert for cert in authorities if holds(cert.public_key(), signature, data))
    authority = next(signers, None)
    if authority is None:
        raise Problem(218, "nobody vouches for the credential")
    demo = is_demo(trust.chain(authority, "people", issued, authority=True)[-1])
    for name, wanted in (
        ("format", "juyan-credential-1"),
        ("kind", kind),
        ("node", act["node"]),
        ("credential", act["credential"]),
        ("person", act["desk"].get("person")),
    ):
        demand(statement[name] == wanted, 218, f"credential {name}")
    demand(statement["suite"] in SUITES and isinstance(statement["demo"], bool), 218, "statement")
    inside = moment(statement["not_before"]) <= issued <= moment(statement["not_after"])
    demand(inside, 218, "credential not valid then")
    demand(demo or not statement["demo"], 218, "demo credential")
    if kind == "webauthn":
        key = security_key(statement)
        demand(act["origin"] in key.origins, 218, "the act is from another address")
        return key, demo
    return key_of(statement), demo


def node_key(
    kind: str, credential: dict[str, Any], act: dict[str, Any], issued: datetime, trust: Trust
) -> tuple[Any, bool]:
    """The node's key, by its certificate."""
    expect(credential, {"node_certificate"})
    text = credential["node_certificate"].encode()
    cert = x509.load_pem_x509_certificate(text)
    demand(cert.public_bytes(serialization.Encoding.PEM) == text, 218, "node certificate")
    demand(not act["desk"].get("person"), 218, "a node in place of a person")
    return cert.public_key(), is_demo(trust.chain(cert, "nodes", issued)[-1])


# -------------------------------------------------------------------------------------- evidence

# code, 中文, flags (n node or u unit signs; of r recipient or s sender; p with a person's act;
# - with a reason), verb of the act, states before, state after
EVIDENCE = {
    code: (zh, flags, verb, before.split(","), after)
    for code, zh, flags, verb, before, after in (
        line.split("|")
        for line in """A1|提交受理|n||sealed|accepted
A2|提交拒绝|n-||sealed|refused
B1|转接收|n||accepted|in_transit
B2|转拒绝|n-||accepted,in_transit|failed
B3|转失败|n-||accepted,in_transit|failed
D1|送达交换箱|n||accepted,in_transit|delivered
D2|投递失败|n-||accepted,in_transit|failed
D3|到文提醒|n|||
D4|首次阅取|n|||
C1|签收|urp|exchange.sign_for|delivered|signed
C2|退文|urp-|exchange.send_back|delivered,registered|returned
C3|逾期未签收|n|||
E1|移交办公系统|n||registered|handed_over
E2|移交失败|n-|||
F1|转纸质|n||failed|paper
F2|转纸质失败|n-|||
F3|纸质收文补录|n|||
X1|撤回申请|usp|exchange.recall||
X2|撤回生效|n||accepted,in_transit,delivered|recalled
X3|撤回不成立|n-|||
X4|同意撤回|urp|exchange.agree_recall|signed,registered,handed_over|recalled
X5|作废|usp|exchange.void||
X6|替换|usp|exchange.supersede||
X7|催办|n|||
X8|补发|usp|exchange.resend||
X9|修改时限|usp|exchange.set_deadline||
X10|打印登记|ur|||
X11|办理反馈|ur||registered,handed_over|closed
X12|签收更正|urp|||
X13|收文登记|ur||signed|registered
X14|办理未成立|n-|||""".splitlines()
    )
}
ETSI = dict(
    zip(  # noqa: B905  # strict= is younger than 3.10
        "A1 A2 B1 B2 B3 D1 D2 D3 D4 C1 C2 C3 E1 E2 F1 F2 F3".split(),
        "SubmissionAcceptance SubmissionRejection RelayAcceptance RelayRejection RelayFailure"
        " ContentConsignment ContentConsignmentFailure ConsignmentNotification"
        " ContentAccessTracking ConsignmentAcceptance ConsignmentRejection"
        " AcceptanceRejectionExpiry ContentHandover ContentHandoverFailure RelayToNonERDS"
        " RelayToNonERDSFailure ReceivedFromNonERDS".split(),
    )
)
"""The names of the events in ETSI EN 319 522-1; those of this house have none."""
EVIDENCE_KEYS = set(
    "format suite etsi_event ev_id type msg_id pkg_digest recipient event_time actor act reasons"
    " heads state_from state_to policy_id log".split()
)


def read_evidence(record: bytes, roots: list[Certificate], sender: str) -> dict[str, Any]:
    """Check one record of evidence and give the evidence."""
    fields = parse(record)
    expect(fields, {"format", "evidence", "signature", "act", "trust"})
    evidence, signature = fields["evidence"], fields["signature"]
    # A copy that was sent again has its own name; the first delivery has none.
    expect(evidence, EVIDENCE_KEYS | ({"delivery"} & set(evidence)))
    demand(evidence.get("delivery", "none") != "", 220, "name of the copy")
    expect(signature, {"suite", "value", "certificate", "batch"})
    demand(fields["format"] == "juyan-evidence-record-1", 220, "format")
    demand(evidence["format"] == "juyan-evidence-1" and evidence["type"] in EVIDENCE, 220, "type")
    demand(evidence["suite"] in SUITES and signature["suite"] == evidence["suite"], 214, "suite")
    data = canon(evidence).encode()
    if signature["batch"] is not None:
        data = batch_root(data, signature["batch"])
    pems = [pem.encode() for pem in [*fields["trust"], signature["certificate"]]]
    trust = Trust(roots, pems)
    form = serialization.Encoding.PEM
    demand([each.public_bytes(form) for each in trust.others] == pems, 220, "form of the PEM")
    cert = trust.others.pop()
    demand(all(map(trust.signed_by_a_root, trust.others)), 212, "trust")
    demand(holds(cert.public_key(), unb64(signature["value"]), data), 220, "signature")
    check_form(evidence)
    check_evidence(evidence, cert, trust, sender)
    act = None if fields["act"] is None else read_act(unb64(fields["act"]), trust)
    check_evidence_act(evidence, act)
    return evidence  # type: ignore[no-any-return]  # expect() has checked that it is an object


def check_form(evidence: dict[str, Any]) -> None:
    """Check that each member is what it has to be, whatever it says."""
    demand(evidence["etsi_event"] == ETSI.get(evidence["type"], ""), 220, "event")
    time, log, reasons = evidence["event_time"], evidence["log"], evidence["reasons"]
    expect(time, {"value", "source", "skew_bound"})
    expect(evidence["actor"], {"unit", "person", "role", "delegate_for"})
    expect(log, {"origin"})
    demand(time["source"] in ("local", "witnessed", "tsa"), 220, "source of the time")
    names = "ev_id msg_id recipient state_from state_to policy_id".split()
    texts = [*(evidence[name] for name in names), log["origin"], evidence.get("delivery", "")]
    for reason in reasons:
        expect(reason, {"code", "text"})
        texts.append(reason["code"])
    demand(all(isinstance(text, str) for text in texts), 220, "texts")
    demand(isinstance(reasons, list) and isinstance(evidence["heads"], list), 220, "lists")
    digests = [evidence["pkg_digest"], *evidence["heads"], evidence["act"] or hexdigest(b"")]
    demand(all(map(is_digest, digests)), 220, "digests")


def batch_root(data: bytes, batch: Any) -> bytes:
    """The bytes signed for a batch: the Merkle root (RFC 6962) that the path leads to."""
    expect(batch, {"index", "size", "path"})
    index, size = batch["index"], batch["size"]
    demand(is_count(index) and is_count(size) and index < size, 220, "batch")
    node = climb(sha256(b"\0" + data), index, size, [unb64(step) for step in batch["path"]])
    demand(node, 220, "path")
    root = base64.b64encode(node).decode()
    facts = {"format": "juyan-evidence-batch-1", "suite": "intl-1", "root": root, "size": size}
    return canon(facts).encode()


def climb(node: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The Merkle root (RFC 6962) from a leaf up; nothing where the path does not fit the tree."""
    last = size - 1
    for step in path:
        if last <= 0:
            return b""
        if index % 2 or index == last:
            node = sha256(b"\1" + step + node)
            while index % 2 == 0 and index:
                index, last = index // 2, last // 2
        else:
            node = sha256(b"\1" + node + step)
        index, last = index // 2, last // 2
    return node if last == 0 else b""


def check_evidence(evidence: dict[str, Any], cert: Certificate, trust: Trust, sender: str) -> None:
    """Check who signed, when, and whether the step is one that this kind of evidence makes."""
    _, flags, _, before, after = EVIDENCE[evidence["type"]]
    time, unit = moment(evidence["event_time"]["value"]), unit_of(cert)
    trust.chain(cert, "exchange" if "u" in flags else "nodes", time)
    if "u" in flags:
        demand(unit == evidence["actor"]["unit"], 220, "another unit signed")
        demand("r" not in flags or unit == evidence["recipient"], 220, "not the recipient")
        demand("s" not in flags or unit == sender, 220, "not the sender")
    demand("-" not in flags or evidence["reasons"], 220, "reason missing")
    step = (evidence["state_from"], evidence["state_to"])
    legal = step[0] in before and step[1] == after if after else step[0] == step[1]
    demand(legal, 220, f"{evidence['type']}: {step[0]} → {step[1]}")


def check_evidence_act(evidence: dict[str, Any], act: Act | None) -> None:
    """Check that the person's act is the one that the evidence names."""
    _, flags, verb, _, _ = EVIDENCE[evidence["type"]]
    if act is None:
        demand("p" not in flags, 220, "the person's act is missing")
        return
    demand(act.digest == evidence["act"] and not act.by_node, 220, "another act")
    demand(act.organ == evidence["actor"]["unit"], 220, "act of another unit")
    demand(not verb or act.verb == verb, 220, "act of another kind")
    demand(not verb or act.target.get("digest") == evidence["pkg_digest"], 220, "another package")


def check_history(found: list[dict[str, Any]]) -> None:
    """Check that the states of each delivery follow one another, and that only one end is there."""
    for recipient, copy in {(e["recipient"], e.get("delivery")) for e in found}:
        mine = [e for e in found if (e["recipient"], e.get("delivery")) == (recipient, copy)]
        moves = [e for e in mine if e["state_from"] != e["state_to"]]
        moves.sort(key=lambda e: (e["event_time"]["value"], e["ev_id"]))
        for earlier, later in zip(moves, moves[1:]):  # noqa: B905  # strict= is younger than 3.10
            demand(earlier["state_to"] == later["state_from"], 220, f"history of {recipient}")


# ------------------------------------------------------------------------------ the verification


OF_PERSONS = (
    "个人密钥的停用不在其中，只有发出节点的日志知道 "
    "that the key of a person was stopped stands in no list: the log of its node knows"
)


class Check(NamedTuple):
    """One line of the report. :ivar status: PASS, FAIL or INDETERMINATE."""

    group: str
    zh: str
    en: str
    status: str
    number: int
    detail: str


class Verification:
    """One package, checked line by line; after the first failure the rest stays undecided."""

    def __init__(self, data: bytes, roots: list[Certificate], at: datetime | None = None) -> None:
        self.data, self.roots, self.at = data, roots, at
        self.checks: list[Check] = []
        self.entries: dict[str, bytes] = {}
        self.digests: dict[str, bytes] = {}
        self.envelope: dict[str, Any] = {}
        self.acts: list[Act] = []
        self.records: list[bytes] | None = None
        self.demo = False

    def run(self) -> Verification:
        """Do all checks."""
        for group, zh, en, step in STEPS:
            if self.records is None and step is Verification.evidence:
                continue
            if self.number != 100:
                self.checks.append(Check(group, zh, en, "INDETERMINATE", 0, "not reached"))
                continue
            self.checks.append(self._attempt(group, zh, en, step))
        return self

    @property
    def number(self) -> int:
        """100, or the number of the first failure."""
        return next((check.number for check in self.checks if check.status == "FAIL"), 100)

    @property
    def undecided(self) -> bool:
        """Whether something that was asked about cannot be known from what is there."""
        return any(check.status == "INDETERMINATE" for check in self.checks)

    @property
    def verdict(self) -> str:
        """``INVALID``, ``INDETERMINATE``, ``DEMONSTRATION`` or ``VALID``."""
        if self.number != 100:
            return "INVALID"
        if self.undecided:
            return "INDETERMINATE"
        return "DEMONSTRATION" if self.demo else "VALID"

    @property
    def level(self) -> str:
        """``refused``, ``demo`` or ``formal``."""
        return "refused" if self.number != 100 else "demo" if self.demo else "formal"

    def _attempt(self, group: str, zh: str, en: str, step: Step) -> Check:
        try:
            detail = step(self) or ""
        except Problem as problem:
            return Check(group, zh, en, "FAIL", problem.number, problem.detail)
        except Exception as error:  # whatever breaks a parser is a refusal, never a crash
            number = FALLBACK.get(step, 211)
            return Check(group, zh, en, "FAIL", number, f"{type(error).__name__}: {error}")
        undecided = detail.startswith("?")
        status = "INDETERMINATE" if undecided else "PASS"
        return Check(group, zh, en, status, 0 if undecided else 100, detail.lstrip("? "))

    def container(self) -> str:
        """The ZIP has exactly one byte form."""
        self.entries = read_zip(self.data)
        mimetype = self.entries.get("mimetype")
        demand(mimetype == b"application/vnd.etsi.asic-e+zip", 205, "mimetype")
        for name in (MANIFEST, SIGNATURE, "envelope.json", "metadata.json", DIGESTS):
            demand(name in self.entries, 202, name)
        order = list(self.entries)
        demand(not self._strangers(), 202, "unknown entries")
        demand(order == ["mimetype", MANIFEST, SIGNATURE, *sorted(order[3:])], 205, "order")
        return f"{len(order)} entries, {len(self.data)} bytes"

    def _strangers(self) -> set[str]:
        rest = set(self.entries) - {"mimetype", MANIFEST, SIGNATURE, DIGESTS, BODY, PAYLOAD}
        rest -= {"envelope.json", "metadata.json"}
        for pattern in ("META-INF/acts/{:03d}.json", "META-INF/trust/{:03d}.pem"):
            number = 1
            while pattern.format(number) in rest:
                rest.remove(pattern.format(number))
                number += 1
        names = sorted(name for name in rest if re.fullmatch("content/attachments/[^/]*", name))
        for number, name in enumerate(names, 1):
            if re.fullmatch(f"content/attachments/{number:02d}-.+", name):
                rest.remove(name)
        return rest

    def header(self) -> str:
        """Envelope and metadata are what the profile says; nothing is classified."""
        self.envelope = parse(self.entries["envelope.json"])
        metadata = parse(self.entries["metadata.json"])
        payload = parse(self.entries[PAYLOAD]) if PAYLOAD in self.entries else {}
        check_envelope(self.envelope)
        check_metadata(metadata)
        demand(isinstance(payload, dict), 200, "payload")
        demand(len(self.entries["metadata.json"]) <= 1 << 20, 216, "metadata")
        demand(BODY in self.entries or not self.is_document, 202, "body")
        return f"{self.envelope['type']} {self.envelope['msg_id']}"

    @property
    def is_document(self) -> bool:
        """Whether it carries a document, which must be sealed."""
        return str(self.envelope["type"]).startswith("documents.")

    def completeness(self) -> str:
        """Manifest, list of digests and envelope name exactly what is there."""
        listed = [name for name in self.entries if name not in ("mimetype", MANIFEST, SIGNATURE)]
        self.digests = {name: sha256(self.entries[name]) for name in listed}
        content = self.envelope["content"]
        inside = [n for n in listed if n.startswith("content/") or n == "metadata.json"]
        demand(sorted(content) == sorted(inside), 202, "content")
        for name, value in content.items():
            demand(value == "sha256:" + self.digests[name].hex(), 210, name)
        lines = [f"{self.digests[name].hex()}  {name}\n" for name in listed if name != DIGESTS]
        demand("".join(lines).encode() == self.entries[DIGESTS], 210, DIGESTS)
        stated, actual = self.entries[MANIFEST], manifest_of(self.digests).encode()
        if stated != actual:
            same = [re.findall(b'URI="([^"]*)"', xml) for xml in (stated, actual)]
            raise Problem(210 if same[0] == same[1] else 202, "manifest")
        return hexdigest(stated)

    def signature(self) -> str:
        """The exchange key of a unit has signed the manifest."""
        pems = [data for name, data in self.entries.items() if name.startswith("META-INF/trust/")]
        try:
            self.trust = Trust(self.roots, pems)
        except Problem:
            raise
        except Exception as error:  # as broken as it may be, it is the trust that is broken
            raise Problem(212, "trust") from error
        cms = read_cms(self.entries[SIGNATURE])
        self.signer = check_cms(cms, self.entries[MANIFEST])
        text = cms.attribute(SIGNING_TIME, 0x17).content.decode()
        self.time = datetime.strptime(text, "%y%m%d%H%M%SZ").replace(tzinfo=UTC)
        own = {sha256(der(cert)): cert for cert in cms.certs}
        demand(sorted(own) == sorted(cms.essence()), 211, "certificates")
        ordered = [own[digest] for digest in cms.essence()]
        self.act_digest = b""
        if oid(ACT_DIGEST) in cms.attributes:
            self.act_digest = cms.attribute(ACT_DIGEST, 0x04).content
        form = write_cms(cms, ordered, self.time, self.act_digest or None)
        demand(form == self.entries[SIGNATURE], 211, "form of the CMS")
        first, last = map(moment, SUITES[self.envelope["suite"]])
        demand(first <= self.time < last, 214, "suite at that time")
        chain = self.trust.chain(self.signer, "exchange", self.at or self.time, ordered[1:])
        demand(chain[:-1] == ordered, 211, "certificates")
        self.demo = is_demo(chain[-1])
        return f"{self.signer.subject.rfc4514_string()}, {self.time.isoformat()}"

    def times(self) -> str:
        """Nothing comes from the future."""
        latest = max(self.time, moment(self.envelope["created_at"]))
        demand(latest <= datetime.now(UTC) + DAY, 203, latest.isoformat())
        return str(self.envelope["created_at"])

    def sender(self) -> str:
        """The unit that signed is the unit that sends."""
        unit = self.envelope["sender"]["unit"]
        demand(unit_of(self.signer) == unit, 300, "unit")
        return f"{unit} {self.envelope['sender']['name']}"

    def signed_acts(self) -> str:
        """Persons have signed off, numbered, sealed and dispatched exactly this."""
        names = [name for name in self.entries if name.startswith("META-INF/acts/")]
        try:
            self.acts = [read_act(self.entries[name], self.trust) for name in names]
        except Problem as problem:
            raise problem.within(218) from problem
        demand(not any(act.batched for act in self.acts), 218, "signed as one of a batch")
        latest = max([moment(act.facts["issued"]) for act in self.acts], default=self.time)
        demand(latest <= self.time + DAY, 218, "an act after the signature")
        wanted = "sha256:" + self.act_digest.hex()
        found = [act for act in self.acts if act.digest == wanted]
        demand(len(found) == 1, 218, "the dispatch is missing")
        dispatch = found[0]
        demand(dispatch.verb.endswith((".dispatch", ".send")), 218, "no dispatch")
        envelope = hexdigest(self.entries["envelope.json"])
        demand(dispatch.facts["params"].get("envelope") == envelope, 218, "envelope")
        demand(dispatch.organ == self.envelope["sender"]["unit"], 300, "organ of the dispatch")
        if self.is_document:
            self._document_acts(dispatch)
        self.demo = self.demo or any(act.demo for act in self.acts)
        return "、".join(act.verb for act in self.acts)

    def _document_acts(self, dispatch: Act) -> None:
        body, target = self.entries[BODY], dispatch.of_what
        demand(dispatch.verb == "documents.dispatch", 218, "verb")
        demand(dispatch.facts["params"].get("sealed") == hexdigest(body), 218, "sealed")
        for verb in ("documents.sign_off", "documents.assign_number", "documents.seal"):
            found = [act for act in self.acts if act.verb == verb]
            demand(found, 218, f"{verb} is missing")
            demand(target[1] and all(act.of_what == target for act in found), 218, "object")
            demand(not any(act.by_node for act in found), 218, f"{verb} by a node")
            own = all(act.facts["mode"] == "self" for act in found)
            demand(own or verb != "documents.seal", 218, "sealed by another than the keeper")
            demand(all(act.organ == dispatch.organ for act in found), 218, f"{verb}: desk")
        for act in self.acts:
            if act.verb == "documents.seal":
                size, params = self.base_size(act), act.facts["params"]
                demand(0 < size < len(body), 218, "pdf_size")
                demand(params.get("pdf") == hexdigest(body[:size]), 218, "pdf")

    @staticmethod
    def base_size(act: Act) -> int:
        """How long the file was before it was sealed; 0 when the act does not say so."""
        size = act.facts["params"].get("pdf_size")
        return size if isinstance(size, int) and not isinstance(size, bool) else 0

    def seals(self) -> str:
        """The seals in the PDF hold; the last covers the whole file, one is the sender's."""
        if not self.is_document:
            return "not needed"
        body, end, units = self.entries[BODY], 0, []
        start = min(self.base_size(act) for act in self.acts if act.verb == "documents.seal")
        ranges = re.finditer(rb"/ByteRange\s*\[\s*0 +(\d+) +(\d+) +(\d+)\s*\]", body)
        for first, second, length in (map(int, match.groups()) for match in ranges):
            inside = max(end, start) <= first < second <= second + length <= len(body)
            demand(inside, 219, "byte range")
            end = second + length
            hole = re.fullmatch(rb"<([0-9a-fA-F]+)>", body[first:second])
            if hole is None:
                raise Problem(219, "signature value")
            raw = bytes.fromhex(hole[1].decode())
            units.append(self._seal(raw, body[:first] + body[second:end]))
        demand(end == len(body), 219, "the seal does not cover the whole file")
        demand(self.envelope["sender"]["unit"] in units, 219, "seal of another unit")
        return "、".join(units)

    def _seal(self, raw: bytes, covered: bytes) -> str:
        try:
            size = raw[1] + 2
            if raw[1] & 0x80:
                head = 2 + (raw[1] & 0x7F)
                size = head + int.from_bytes(raw[2:head], "big")
            demand(not raw[size:].strip(b"\0"), 219, "after the signature")
            cms = read_cms(raw[:size])
            cert = check_cms(cms, covered)
            demand(cms.identity == identity(cert), 219, "who signed")
            check_line(cert, cms.certs)
            others = [*cms.certs, *self.trust.others]
            chain = self.trust.chain(cert, "seals", self.at or self.time, others)
        except Problem as problem:
            raise problem.within(219) from problem
        self.demo = self.demo or is_demo(chain[-1])
        return unit_of(cert)

    def revocation(self) -> str:
        """No certificate was taken back: the lists of all authorities came along, and were current.

        What a list names was refused before, with the chains.
        """
        missing = self.trust.unlisted(self.at or self.time)
        if missing:
            return f"? 没有当时有效的吊销列表 no list that was current then: {'、'.join(missing)}"
        return f"{len(self.trust.used)} 个证书机构的吊销列表 lists of the authorities; {OF_PERSONS}"

    def evidence(self) -> str:
        """The evidence about this package holds and makes one history."""
        found = []
        for record in self.records or []:
            try:
                evidence = read_evidence(record, self.roots, self.envelope["sender"]["unit"])
            except Problem as problem:
                raise problem.within(220) from problem
            mine = evidence["pkg_digest"] == hexdigest(self.entries[MANIFEST])
            demand(mine, 220, "about another package")
            demand(evidence["msg_id"] == self.envelope["msg_id"], 220, "about another message")
            found.append(evidence)
        # The sender may have sent it to more units later (X8).
        units = [to["unit"] for to in self.envelope["recipients"]]
        units += [e["recipient"] for e in found if e["type"] == "X8"]
        for evidence in found:
            named = concerned(evidence, units)
            demand(named, 220, "a recipient that is not in the envelope")
        check_history(found)
        names = [f"{e['recipient']} {EVIDENCE[e['type']][0]}" for e in found]
        return "、".join(names) or "? no evidence found"


def concerned(evidence: dict[str, Any], units: list[str]) -> bool:
    """Whether it names one of these recipients; or nobody, while there is no box yet."""
    if evidence["recipient"]:
        return evidence["recipient"] in units
    return bool(evidence["type"][0] == "A" or evidence["state_from"] == evidence["state_to"])


Step = Callable[[Verification], str]
STEPS: list[tuple[str, str, str, Step]] = [
    ("安全性", "封装与文件名", "container and names", Verification.container),
    ("可用性", "信封、元数据与密级", "envelope, metadata, classification", Verification.header),
    ("完整性", "清单与摘要", "manifest and digests", Verification.completeness),
    ("真实性", "发文单位电子签名", "signature of the unit", Verification.signature),
    ("真实性", "时间", "times", Verification.times),
    ("真实性", "发文单位", "sender", Verification.sender),
    ("真实性", "签发、编号、用印、发送", "signed acts", Verification.signed_acts),
    ("真实性", "电子印章", "seal", Verification.seals),
    ("安全性", "证书吊销", "revocation", Verification.revocation),
    ("真实性", "回执", "evidence", Verification.evidence),
]
FALLBACK: dict[Step, int] = {
    Verification.container: 205,
    Verification.header: 200,
    Verification.signed_acts: 218,
    Verification.seals: 219,
    Verification.evidence: 220,
}
VERDICTS = {
    "VALID": "验证通过 VALID",
    "DEMONSTRATION": "演示 DEMONSTRATION：不具有法律效力 / proves the way, no legal force",
    "INDETERMINATE": "未能判定 INDETERMINATE：没有错误，但有未知之处 / no fault, not all known",
    "INVALID": "验证不通过 INVALID",
}


def report(verification: Verification) -> str:
    """The report for people."""
    lines = [f"==== {VERDICTS[verification.verdict]} ({verification.number}) ===="]
    for group in ("真实性", "完整性", "可用性", "安全性"):
        lines.append(f"【{group}】")
        for check in verification.checks:
            if check.group == group:
                number = f" {check.number}" if check.number else ""
                what = f"{check.zh} {check.en}{number}: {check.detail}"
                lines.append(f"  {check.status:13} {what}")
    return "\n".join(lines)


def as_json(verification: Verification) -> str:
    """The report for programs."""
    manifest = verification.entries.get(MANIFEST)
    facts = {
        "verdict": verification.verdict,
        "level": verification.level,
        "code": verification.number,
        "msg_id": verification.envelope.get("msg_id") if verification.number == 100 else None,
        "pkg_digest": hexdigest(manifest) if manifest else None,
        "checks": [check._asdict() for check in verification.checks],
    }
    return json.dumps(facts, ensure_ascii=False, indent=2)


def read_roots(file: Path) -> list[Certificate]:
    """The certificates in a PEM file; ValueError if it has none that can be trusted."""
    data = file.read_bytes()
    try:
        roots = x509.load_pem_x509_certificates(data)
        for root in roots:  # its parts are read only when asked for
            root.public_key(), list(root.subject), list(root.extensions), root.not_valid_after_utc
    except Exception:  # whatever breaks the parser says nothing about the package
        roots = []
    if not roots:
        raise ValueError(f"{file} 不是 PEM 格式的根证书 / is no root certificate in PEM form")
    return roots


def read_records(folder: Path) -> list[bytes]:
    """The records in a folder; ValueError if there is no such folder."""
    if not folder.is_dir():
        raise ValueError(f"没有回执目录 {folder} / there is no evidence folder {folder}")
    return [file.read_bytes() for file in sorted(folder.glob("*.json"))]


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Verify a document package offline.")
    parser.add_argument("package", type=Path)
    parser.add_argument("--root", type=Path, action="append", required=True, help="PEM, trusted")
    parser.add_argument("--evidence", type=Path, help="folder with evidence records (*.json)")
    parser.add_argument("--at", type=moment, help="check certificates at 2026-11-22T08:00:00.000Z")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    try:
        roots = [cert for file in options.root for cert in read_roots(file)]
        verification = Verification(options.package.read_bytes(), roots, options.at)
        if options.evidence:
            verification.records = read_records(options.evidence)
    except (OSError, ValueError) as error:
        print(f"无法读取 / cannot read: {error}", file=sys.stderr)
        return 2
    verification.run()
    print(as_json(verification) if options.json else report(verification))
    if verification.number != 100:
        return 1
    return 2 if verification.undecided else 0


if __name__ == "__main__":
    sys.exit(main())
