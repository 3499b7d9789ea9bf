"""What is signed, and what it is signed with: canonical JSON, acts, CMS, certificates, notes."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from cryptography import x509 as cryptography_x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from kernel.crypto import (
    acts_batch,
    canonical,
    certs,
    cms,
    credential_format,
    der,
    ids,
    keyfile,
    merkle,
    note,
    suites,
    x509,
)
from kernel.crypto.acts_format import verify_record
from kernel.errors import Unverified
from kernel.seals import statement as seal_statement
from kernel.seals.statement import SealStatement
from tests.exchange_format.corpus.certificates import certificate
from tests.exchange_format.sample import START
from tests.fuzz import mutating
from tests.fuzz.mutating import Luck
from tests.fuzz.running import Input, Parser, all_but
from tests.fuzz.signed import (
    authorities,
    by_security_key,
    kin_or_any,
    lists,
    near_act,
    near_certificate,
    near_crl,
    odd_keys,
    office,
    token,
    written,
)

CANONICAL = "kernel.crypto.canonical"
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the curve P-256."""


def bytes_or_noise(luck: Luck, samples: Sequence[bytes]) -> Input:
    """Three of four are changed samples."""
    if luck.randrange(4):
        return "changed", mutating.bytes_of(luck, luck.choice(samples), samples)
    return "free", mutating.noise(luck, (b"", *(sample[:12] for sample in samples)))


def text_or_noise(luck: Luck, samples: Sequence[str]) -> Input:
    """The same for text."""
    if luck.randrange(4):
        return "changed", mutating.text_of(luck, luck.choice(samples), samples)
    return "free", mutating.text(luck, 60)


def canonical_or_noise(luck: Luck, samples: Sequence[bytes]) -> Input:
    """Canonical JSON, changed as a value, as its bytes, and written otherwise."""
    what = luck.randrange(8)
    if what >= 2:
        value = canonical.loads(luck.choice(samples))
        changed = mutating.json_of(luck, value, [canonical.loads(one) for one in samples])
        if what == 7:
            return "changed", mutating.loose_json(luck, changed)
        return "changed", written(luck, changed)
    if what == 1:
        return "changed", mutating.bytes_of(luck, luck.choice(samples), samples)
    return "free", mutating.loose_json(luck, mutating.anything(luck))


def _canonical_samples() -> list[bytes]:
    one = office()
    values: list[Any] = [
        {"标题": "通知", "n": [1, -5, 2**53 - 1], "空": None, "对": True, "": {}},
        ["a", {"b": ["c", {"d": "é\U0001f600\u2028"}]}],
        "x" * 300,
        one.envelope({}),
    ]
    return [*(canonical.dumps(value) for value in values), one.act("documents.sign_off", {"a": 1})]


def _same_bytes(given: bytes, found: Any) -> str:
    return "" if canonical.dumps(found) == given else "it is written otherwise"


# Python values that are no JSON reach the writer, which refuses them: bytes, sets, keys of numbers.
def _dump_or_load(given: Any) -> Any:
    return canonical.loads(given) if isinstance(given, bytes) else canonical.dumps(given)


def _odd_value(luck: Luck, samples: Sequence[bytes]) -> Input:
    if luck.randrange(6):
        return canonical_or_noise(luck, samples)
    odd = luck.choice((b"x", {1, 2}, {1: 2}, (1, 2), object, 1.5, 2**53, "\ud800", {"e\u0301": 1}))
    return "free", [odd]


def _commitment(given: Sequence[Any]) -> str:
    canonical.check_salted(*given)
    return str(given[2])


def _commitments() -> list[tuple[str, str, str]]:
    made = [canonical.salted(text) for text in ("同意。", "", "x" * 500)]
    return [(one.commitment, one.salt, one.text) for one in made]


def _tuple_of_text(luck: Luck, samples: Sequence[tuple[Any, ...]]) -> Input:
    fields = list(luck.choice(samples))
    if luck.randrange(4) == 0:
        return "free", tuple(mutating.text(luck, 40) for _ in fields)
    at, other = luck.randrange(len(fields)), luck.choice(samples)
    fields[at] = luck.choice((other[at], mutating.text_of(luck, fields[at])))
    return "changed", tuple(fields)


def _ders() -> list[bytes]:
    one = office()
    signature = cms.sign_detached(
        b"x", one.exchange_key, one.exchange, [one.issuers["exchange"].cert],
        signing_time=START, act_digest=None,
    )  # fmt: skip
    long = der.tlv(der.OCTETS, bytes(70_000))
    plain = der.sequence(der.integer(5), der.utc_time(START))
    return [signature, certs.der(one.exchange), plain, long]


def _der(data: bytes) -> list[der.Element]:
    found = list(der.parse(data))
    if found and der.size_of(data) != len(found[0].raw):
        raise AssertionError("an element is not as large as it says")
    for one in found:
        _times_within(one)
        if one.tag == der.SEQUENCE:
            one.items(*(inner.tag for inner in one.items()[:3]))
    if not found:
        der.size_of(data)  # which it refuses
    return found


def _times_within(one: der.Element) -> None:
    if one.tag == der.UTC_TIME:
        der.read_utc_time(one.content.decode())
    elif one.tag & 0x20:
        for inner in one.items():
            _times_within(inner)


def _der_input(luck: Luck, samples: Sequence[bytes]) -> Input:
    what = luck.randrange(8)
    if what < 3:
        return bytes_or_noise(luck, samples)
    if what == 3:
        digits = luck.choice(
            ("490101000000Z", "991231235959Z", "500230000000Z", "26112208000\u0660Z")
        )
        text = luck.choice((digits, mutating.text_of(luck, "261122080000Z")))
        return "changed", der.tlv(der.UTC_TIME, text.encode("utf-8", "surrogatepass"))
    return "changed", element(luck, luck.choice(samples[:3]), samples[:3])


@cache
def _cms_samples() -> list[tuple[bytes, bytes]]:
    one, above = office(), [office().issuers["exchange"].cert]
    made = []
    for data, act in ((b"<manifest/>", "sha256:" + "ab" * 32), (b"", None)):
        signature = cms.sign_detached(
            data, one.exchange_key, one.exchange, above, signing_time=START, act_digest=act
        )
        made.append((signature, data))
    return made


def _read_cms(given: tuple[bytes, bytes]) -> cms.Signed:
    return cms.verify_detached(given[0], given[1], office().roots, "exchange")


def _read_foreign(given: tuple[bytes, bytes]) -> cms.Signed:
    known = x509.Trust(office().roots, [office().issuers["exchange"].cert])
    digest = hashlib.sha256(given[1]).digest()
    return cms.verify_foreign(given[0], digest, known, "exchange", START + timedelta(minutes=5))


def _meaning_of_cms(given: tuple[bytes, bytes], found: cms.Signed) -> Any:
    return given[1], certs.der(found.cert), found.act_digest


def _cms(luck: Luck, samples: Sequence[tuple[bytes, bytes]]) -> Input:
    signature, data = luck.choice(samples)
    what = luck.randrange(8)
    if what == 0:
        return "free", (mutating.noise(luck, (b"", signature[:30])), data)
    if what == 1:
        return "changed", (signature, mutating.bytes_of(luck, data))
    if what in (2, 3):
        return "changed", (mutating.bytes_of(luck, signature, [s for s, _ in samples]), data)
    if what == 4:
        return "resigned", _odd_cms(luck, data)
    # By its structure: an element is changed, lengths made right.
    return "changed", (element(luck, signature, [s for s, _ in samples]), data)


def _odd_cms(luck: Luck, data: bytes) -> tuple[bytes, bytes]:
    """A signature of our own key, with attributes and certificates of another form, signed anew."""
    one = office()
    certificates = [certs.der(one.exchange), certs.der(one.issuers["exchange"].cert)]
    above = luck.choice((certificates, certificates[:1], certificates[::-1], certificates * 2))
    digest = luck.choice((canonical.digest(data), "sha256:" + "ab" * 32))
    act = luck.choice((None, bytes(32)))
    parts = cms._Parts(cms._frame(tuple(above)), bytes.fromhex(digest[7:]), START, act)
    attributes = [one.raw for one in der.parse(parts.attributes())]
    what = luck.randrange(6)
    if what == 0:
        attributes.append(luck.choice(attributes))
    elif what == 1:
        del attributes[luck.randrange(len(attributes))]
    elif what == 2:
        at = luck.randrange(len(attributes))
        attributes[at] = element(luck, attributes[at], attributes)
    signed = b"".join(sorted(attributes))
    value = suites.sign(one.exchange_key, der.tlv(der.SET, signed))
    return parts.write(signed, value), data


def element(luck: Luck, data: bytes, others: Sequence[bytes]) -> bytes:
    """DER with one element changed, the lengths around it made right."""
    try:
        parts = list(der.parse(data))
    except (ValueError, IndexError):
        return mutating.bytes_of(luck, data, others)
    if not parts:
        return luck.choice((b"", b"\x05\x00", b"\x30\x00", b"\x02\x01\x05"))
    at = luck.randrange(len(parts))
    one = parts[at]
    what = luck.randrange(14)
    if what == 0:
        changed = b""
    elif what == 1:
        changed = one.raw * 2
    elif what == 2:
        tag = luck.choice((2, 3, 4, 5, 6, 0x0C, 0x17, 0x18, 0x30, 0x31, 0xA0, 0xA1, one.tag ^ 1))
        changed = der.tlv(tag, one.content)
    elif what == 3:
        pool = list(_elements(luck.choice(others)))
        changed = luck.choice(pool)
    elif one.tag & 0x20 and what < 13:
        changed = der.tlv(one.tag, element(luck, one.content, others))
    elif one.tag == der.OCTETS and 66 < len(one.content) < 75 and luck.randrange(2):
        changed = der.tlv(der.OCTETS, other_s(one.content))
    else:
        changed = der.tlv(one.tag, mutating.bytes_of(luck, one.content))
    raws = [part.raw for part in parts]
    raws[at] = changed
    return b"".join(raws)


def _elements(data: bytes) -> list[bytes]:
    found = []
    try:
        for one in der.parse(data):
            found.append(one.raw)
            if one.tag & 0x20:
                found += _elements(one.content)
    except (ValueError, IndexError):
        pass
    return found


def other_s(signature: bytes) -> bytes:
    """The second ECDSA signature that says the same (r, n - s): no secret is needed for it."""
    try:
        r, s = decode_dss_signature(signature)
    except ValueError:
        return signature
    return encode_dss_signature(r, ORDER - s)


def _certificates() -> list[bytes]:
    one = office()
    below = [one.exchange, one.seal, one.node]
    return [*map(certs.der, below), *map(certs.pem, below), certs.der(one.root.cert)]


def _read_certificate(data: bytes) -> Any:
    cert = certs.load_cert(data)
    with certs.sound(certs.malformed):
        said = [certs.unit_of(cert), certs.common_name(cert), certs.is_demo(cert)]
        said += [certs.has_purpose(cert, name) for name in ("exchange", "seals")]
    certs.public_key(cert)
    return cert, said


def _chained(data: bytes) -> Any:
    cert, said = _read_certificate(data)
    if cert == office().root.cert:
        return cert, said
    known = x509.Trust(office().roots, [issuer.cert for issuer in office().issuers.values()])
    known.check()
    known.check_lists()
    found = [
        purpose for purpose in ("exchange", "seals", "nodes") if certs.has_purpose(cert, purpose)
    ]
    # With a signature its own certificates come along, the signer's among them.
    known = x509.Trust(known.roots, (cert, *known.intermediates), lists())
    known.check_lists()
    known.chain(cert, found[0] if found else "exchange", START + timedelta(minutes=1))
    return cert, said


def _certificate(luck: Luck, samples: Sequence[bytes]) -> Input:
    what = luck.randrange(8)
    plain = [one for one in samples if not one.startswith(b"-")]
    if what < 3:
        return "changed", element(luck, luck.choice(plain), plain)
    if what < 6:
        return "resigned", near_certificate(luck)
    if what == 6:
        return "resigned", _other_certificate(luck)
    return bytes_or_noise(luck, samples)


def _other_certificate(luck: Luck) -> bytes:
    """A certificate of our own authority that is not as it should be."""
    one, builder = office(), cryptography_x509.CertificateBuilder()
    issuer = one.issuers[luck.choice(("exchange", "seals", "people"))]
    maker = luck.choice((issuer, one.root))
    days = luck.choice((-5, 0, 30))
    name = cryptography_x509.Name(
        [
            cryptography_x509.NameAttribute(luck.choice(_NAMES), luck.choice(_VALUES))
            for _ in range(luck.randrange(4))
        ]
    )
    builder = builder.subject_name(name).issuer_name(maker.cert.subject)
    builder = builder.not_valid_before(START + timedelta(days=min(days, 0) - 5))
    builder = builder.not_valid_after(START + timedelta(days=days))
    builder = builder.serial_number(luck.randrange(1, 2**64)).public_key(_public(luck))
    for extension in luck.sample(list(one.exchange.extensions), luck.randrange(5)):
        builder = builder.add_extension(extension.value, luck.randrange(2) == 0)
    if luck.randrange(4) == 0:
        odd = cryptography_x509.ObjectIdentifier("1.2.3.4")
        value = cryptography_x509.UnrecognizedExtension(odd, b"\x05\x00")
        builder = builder.add_extension(value, critical=luck.randrange(2) == 0)
    return certs.der(builder.sign(maker.key, luck.choice((hashes.SHA256(), hashes.SHA384()))))


_NAMES = [
    cryptography_x509.NameOID.ORGANIZATION_IDENTIFIER,
    cryptography_x509.NameOID.COMMON_NAME,
    cryptography_x509.NameOID.ORGANIZATION_NAME,
]
_VALUES = ["DEMO 张掖", "620700-SWB", "x", "\u202e"]


def _public(luck: Luck) -> Any:
    return luck.choice((office().exchange_key, *odd_keys())).public_key()


def _crls() -> list[bytes]:
    one = office()
    issuer, made = one.issuers["exchange"], []
    for numbers in ([one.exchange.serial_number], [], [5, 7]):
        rows = [(number, START - timedelta(days=1)) for number in numbers]
        made.append(certs.pem(x509.make_crl(issuer, rows, 1, this_update=START)))
    return [*made, certs.pem(x509.make_crl(one.root, [], 1, this_update=START))]


def _read_crl(data: bytes) -> Any:
    crl, one, at = certs.load_crl(data), office(), START + timedelta(minutes=1)
    known = x509.Trust(one.roots, authorities(), [crl])
    known.check_lists()
    try:
        chain = known.chain(one.exchange, "exchange", at)
    except Unverified as error:
        if error.code == "x509.revoked":
            return crl, "revoked"
        raise
    return crl, known.unlisted([chain], at)


def _crl(luck: Luck, samples: Sequence[bytes]) -> Input:
    what = luck.randrange(8)
    if what < 2:
        return bytes_or_noise(luck, samples)
    if what < 5:
        return "resigned", near_crl(luck)
    lines = luck.choice(samples).splitlines()
    plain = base64.b64decode(b"".join(lines[1:-1]))
    body = base64.encodebytes(element(luck, plain, [plain]))
    return "changed", lines[0] + b"\n" + body + lines[-1] + b"\n"


@cache
def act_records() -> list[bytes]:
    """Records of every kind: by a person, a security key, a node, in a batch, for somebody."""
    from tests.crypto.test_acts_batch import acts_of, records_of
    from tests.crypto.test_acts_grants import pair

    one = office()
    opinion = canonical.salted("同意。")
    act = one.act("documents.review", {"opinion": {"salted": opinion.commitment}, "n": 1})
    private = {"opinion": {"salt": opinion.salt, "text": opinion.text}}
    node = one.act("exchange.accept", {}, desk={"organ": one.unit}, mode="node")
    return [
        one.record(one.act("documents.sign_off", {})),
        one.record(act, private=private),
        one.node_record(node),
        *records_of(one, acts_of(one, 3))[:2],
        pair(one, "delegated"),
        pair(one, "transcribed"),
        by_security_key("ES256"),
        by_security_key("EdDSA"),
    ]


def known() -> x509.Trust:
    """What acts are checked against."""
    return x509.Trust(office().roots, [issuer.cert for issuer in office().issuers.values()])


def _read_act(data: bytes) -> Any:
    return verify_record(data, known())


def _meaning_of_act(_: bytes, found: Any) -> Any:
    return found.digest


def act_record(luck: Luck, samples: Sequence[bytes]) -> Input:
    """A record changed as it lies there, or inside, with every signature made anew."""
    what = luck.randrange(10)
    if what < 3:
        return canonical_or_noise(luck, samples)
    if what < 5:
        return "resigned", near_act(luck)
    fields = canonical.loads(luck.choice(samples))
    if what == 5:
        return "changed", _with_other_s(luck, fields)
    if what == 6:
        return "changed", _inner_value(luck, fields)
    if what == 7:
        return "resigned", _other_statement(luck, fields)
    act = kin_or_any(luck, canonical.loads(canonical.unb64(fields["act"])))
    return "resigned", resigned(luck, fields, written(luck, act))


def resigned(luck: Luck, fields: dict[str, Any], act: bytes) -> bytes:
    """The record with this act, signed by the same key."""
    one, kind = office(), fields["signature"]["kind"]
    if kind == "webauthn":
        return by_security_key("ES256", act)
    key = one.node_key if kind == "node" else one.person_key
    value = suites.sign(key, act)
    if kind.startswith("batch+"):
        try:
            statement = acts_batch.compose([act], canonical.b64(bytes(32)))
        except (canonical.Invalid, KeyError, TypeError):
            statement = canonical.unb64(
                canonical.loads(canonical.unb64(fields["signature"]["value"]))["batch"]
            )
        if luck.randrange(2):
            statement = written(luck, kin_or_any(luck, canonical.loads(statement)))
        (value,) = acts_batch.fold(statement, [act], suites.sign(key, statement))
    changed = {
        "act": canonical.b64(act),
        "signature": {"kind": kind, "value": canonical.b64(value)},
    }
    return canonical.dumps(fields | changed)


def _with_other_s(luck: Luck, fields: dict[str, Any]) -> bytes:
    value = canonical.b64(other_s(canonical.unb64(fields["signature"]["value"])))
    return canonical.dumps(fields | {"signature": fields["signature"] | {"value": value}})


def _inner_value(luck: Luck, fields: dict[str, Any]) -> bytes:
    """What is JSON or a signature inside the record is changed, and everything around is right."""
    where, name = "signature", "value"
    if luck.randrange(3) == 0:
        where = luck.choice(("signature", "credential"))
        name = luck.choice(sorted(fields[where]))
    try:
        raw = canonical.unb64(fields[where][name])
    except canonical.Invalid:
        return canonical.dumps(fields | {where: fields[where] | {name: ""}})
    try:
        inner = written(luck, kin_or_any(luck, canonical.loads(raw)))
    except canonical.Invalid:
        inner = mutating.bytes_of(luck, raw)
    return canonical.dumps(fields | {where: fields[where] | {name: canonical.b64(inner)}})


def _other_statement(luck: Luck, fields: dict[str, Any]) -> bytes:
    credential = fields["credential"]
    if "statement" not in credential:
        pem = certs.pem(luck.choice((office().node, office().exchange))).decode()
        changed: dict[str, Any] = {"node_certificate": luck.choice((pem, pem + "\n", pem[:90]))}
    else:
        said = canonical.loads(canonical.unb64(credential["statement"]))
        data = written(luck, kin_or_any(luck, said))
        signature = suites.sign(office().issuers["people"].key, data)
        changed = {"statement": canonical.b64(data), "signature": canonical.b64(signature)}
    return canonical.dumps(fields | {"credential": changed})


def _statements() -> list[bytes]:
    one, key = office(), token()
    soft = canonical.unb64(one.statement()["statement"])
    made = []
    for held in (key, token("EdDSA")):
        said = one.statement(
            kind="webauthn", public_key=canonical.b64(held.spki), webauthn=held.binding
        )
        made.append(canonical.unb64(said["statement"]))
    return [soft, *made]


@cache
def _seal_statements() -> list[tuple[bytes, int]]:
    uid = "sha256:" + "ab" * 32
    one = SealStatement("s", "620700", "印", uid, uid, ("p", "q"), START, START)
    other = SealStatement("t", "620702", "", uid, uid, (), START, START)
    return [(one.to_bytes(), 0), (other.to_bytes(), 0)]


def _sealed_by(luck: Luck, samples: Sequence[tuple[bytes, int]]) -> Input:
    """Most are changed by members of the same kind, so that one thing at a time is wrong."""
    data, _ = luck.choice(samples)
    which = luck.randrange(len(_seal_issuers())) if luck.randrange(12) == 0 else 0
    if luck.randrange(2):
        return "resigned", (written(luck, kin_or_any(luck, canonical.loads(data))), which)
    how, changed = canonical_or_noise(luck, [one for one, _ in samples])
    return how, (changed, which)


@cache
def _seal_issuers() -> list[tuple[Any, Any]]:
    """Keys, and certificates of those who are said to have signed; only the first is right."""
    one = office()
    odd = [certificate(one, key, issuer=one.issuers["seals"]) for key in odd_keys()]
    right = one.issuers["seals"]
    return [(right.key, right.cert), (one.seal_key, right.cert), *((right.key, c) for c in odd)]


def _read_seal_statement(given: tuple[bytes, int]) -> Any:
    data, which = given
    key, cert = _seal_issuers()[which]
    found = seal_statement.read(data, suites.sign(key, data), cert)
    if which:
        raise AssertionError("signed by another one")
    return found


@cache
def _log_key() -> Any:
    return note.new_log_key()


@cache
def _notes() -> list[str]:
    made = []
    for size in (0, 5, 10**12):
        checkpoint = note.Checkpoint("juyan/n/1", size, bytes([size % 251]) * 32)
        made.append(note.sign_checkpoint(checkpoint, _log_key()))
    witness = f"— witness {canonical.b64(bytes(70))}\n"
    return [*made, made[0] + witness]


def _read_note(text: str) -> Any:
    return note.read_checkpoint(text, "juyan/n/1", _log_key().public_key())


def _note(luck: Luck, samples: Sequence[str]) -> Input:
    if luck.randrange(4):
        return text_or_noise(luck, samples)
    size = luck.choice(("+5", "-1", " 5", "5_0", "05", "٥", "9" * 5000, "5.0", "0"))
    origin = luck.choice(("juyan/n/1", "juyan/n/2", "", "a b"))
    root = luck.choice((canonical.b64(bytes(32)), canonical.b64(bytes(31)), "", "AA==A"))
    body = f"{origin}\n{size}\n{root}\n"
    key = _log_key()
    signature = note.key_id("juyan/n/1", key.public_key()) + key.sign(body.encode())
    return "resigned", f"{body}\n— juyan/n/1 {canonical.b64(signature)}\n"


def _meaning_of_note(_: str, found: Any) -> Any:
    return found


def _soft(given: tuple[str, bytes, bytes]) -> Any:
    key, data, signature = given
    suites.verify(suites.load_public(key), data, signature)
    return key, data


def _softs() -> list[tuple[str, bytes, bytes]]:
    one = office()
    key = suites.public_b64(one.person_key)
    return [(key, data, suites.sign(one.person_key, data)) for data in (b"", "办理".encode())]


def _soft_input(luck: Luck, samples: Sequence[tuple[str, bytes, bytes]]) -> Input:
    key, data, signature = luck.choice(samples)
    what = luck.randrange(6)
    if what == 0:
        return "free", (mutating.text(luck, 30), luck.randbytes(9), luck.randbytes(70))
    if what == 1:
        return "changed", (mutating.text_of(luck, key), data, signature)
    if what == 2:
        raw = element(luck, canonical.unb64(key), [canonical.unb64(key)])
        return "changed", (canonical.b64(raw), data, signature)
    if what == 3:
        return "changed", (key, mutating.bytes_of(luck, data), signature)
    if what == 4:
        return "changed", (key, data, other_s(signature))
    return "changed", (key, data, mutating.bytes_of(luck, signature))


def _private_keys() -> list[tuple[bytes, bytes | None]]:
    key = office().person_key
    return [(suites.private_pem(key), None), (suites.private_pem(key, b"secret"), b"secret")]


def _private_key(luck: Luck, samples: Sequence[tuple[bytes, bytes | None]]) -> Input:
    pem, password = luck.choice(samples[:1] if luck.randrange(20) else samples)
    if luck.randrange(40) == 0:
        return "free", (_other_private(), None)
    if luck.randrange(5) == 0:
        return "free", (mutating.noise(luck, (b"", pem[:28])), luck.choice((None, b"", b"x")))
    if luck.randrange(8) == 0:
        return "changed", (pem, luck.choice((None, b"", b"x")))
    return "changed", (mutating.bytes_of(luck, pem), password)


@cache
def _other_private() -> bytes:
    """A good private key of a kind that this house does not use."""
    form = serialization.PrivateFormat.PKCS8
    key = ed25519.Ed25519PrivateKey.generate()
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


_WRAPPING = bytes(32)


def _wrapped() -> list[bytes]:
    return [keyfile.wrap(_WRAPPING, data, "test") for data in (b"", b"secret", bytes(300))]


def _paths() -> list[tuple[int, int, list[bytes], bytes]]:
    leaves = [merkle.leaf_hash(bytes([n])) for n in range(13)]
    made = []
    for index, size in ((0, 1), (3, 7), (12, 13), (0, 8), (6, 7)):
        get = merkle.stored(leaves[:size])
        made.append((index, size, merkle.inclusion_proof(get, index, size), leaves[index]))
    return made


def _root_of(given: Any) -> Any:
    index, size, path, leaf = given
    leaves = [merkle.leaf_hash(bytes([n])) for n in range(13)]
    root = merkle.root_from_path(leaf, index, size, path)
    roots = {merkle.root(leaves[:n]) for n in range(1, 14)}
    if root not in roots:
        raise ValueError("no root of ours")
    return leaf, index


def _path(luck: Luck, samples: Sequence[Any]) -> Input:
    index, size, path, leaf = luck.choice(samples)
    what = luck.randrange(6)
    if what == 0:
        return "free", (luck.randrange(99), luck.randrange(99), [luck.randbytes(32)], leaf)
    if what == 1:
        return "changed", (luck.choice(mutating.NUMBERS), size, path, leaf)
    if what == 2:
        return "changed", (index, luck.choice(mutating.NUMBERS), path, leaf)
    if what == 3 and path:
        return "changed", (index, size, luck.sample(path, luck.randrange(len(path))), leaf)
    if what == 4:
        return "changed", (index, size, [*path, bytes(32)] * luck.choice((1, 9)), leaf)
    return "changed", (index, size, path, mutating.bytes_of(luck, leaf))


def _bases() -> list[str]:
    return [canonical.b64(data) for data in (b"", b"x", b"xy", bytes(50))]


def _moments() -> list[str]:
    return [ids.stamp(START), "2026-02-28T23:59:59.999Z", "1970-01-01T00:00:00.000Z"]


PARSERS = [
    Parser("canonical-json", (CANONICAL,), _canonical_samples, _dump_or_load, _odd_value,
           check=lambda g, f: _same_bytes(g, f) if isinstance(g, bytes) else "",
           leaves=frozenset(f"{CANONICAL}:{one}" for one in ("salted", "unb64", "check_salted"))),
    Parser("base64", (CANONICAL,), _bases, canonical.unb64, text_or_noise,
           check=lambda g, f: "" if canonical.b64(f) == g else "two spellings",
           leaves=all_but(CANONICAL, "unb64")),
    Parser("commitment", (CANONICAL,), _commitments, _commitment, _tuple_of_text,
           meaning=lambda g, f: f, leaves=all_but(CANONICAL, "check_salted")),
    Parser("time-stamp", ("kernel.crypto.ids",), _moments, ids.parse_stamp, text_or_noise,
           check=lambda g, f: "" if ids.stamp(f) == g else "two spellings",
           leaves=frozenset({"kernel.crypto.ids:stamp"})),
    Parser("der", ("kernel.crypto.der",), _ders, _der, _der_input, refusals=(ValueError,),
           leaves=frozenset({"kernel.crypto.der:tlv", "kernel.crypto.der:_base128"})),
    Parser("cms", ("kernel.crypto.cms",), _cms_samples, _read_cms, _cms, meaning=_meaning_of_cms,
           leaves=frozenset(f"kernel.crypto.cms:{one}" for one in (
               "sign_detached", "verify_foreign", "check_foreign_form", "_open_foreign",
               "_is_line"))),
    Parser("cms-foreign", ("kernel.crypto.cms",), _cms_samples, _read_foreign, _cms,
           meaning=_meaning_of_cms, leaves=frozenset(f"kernel.crypto.cms:{one}" for one in (
               "sign_detached", "verify_detached", "_read", "_Parts.attributes",
               "check_foreign_form"))),
    Parser("certificate", ("kernel.crypto.certs", "kernel.crypto.chain"), _certificates, _chained,
           _certificate, meaning=lambda g, f: certs.der(f[0]),
           leaves=frozenset({"kernel.crypto.certs:load_crl", "kernel.crypto.certs:_crl"})),
    Parser("crl", ("kernel.crypto.certs", "kernel.crypto.revocation"), _crls, _read_crl, _crl,
           meaning=lambda g, f: f[0].tbs_certlist_bytes,
           leaves=all_but("kernel.crypto.certs", "load_crl", "_crl", "sound", "malformed")),
    Parser("act-record", ("kernel.crypto.acts_format", "kernel.crypto.acts_batch",
                          "kernel.crypto.acts_grants", "kernel.crypto.webauthn"),
           act_records, _read_act, act_record, meaning=_meaning_of_act),
    Parser("credential-statement", ("kernel.crypto.credential_format",), _statements,
           credential_format.read_statement, canonical_or_noise,
           leaves=frozenset({"kernel.crypto.credential_format:verify_signature"})),
    Parser("seal-statement", ("kernel.seals.statement",), _seal_statements, _read_seal_statement,
           _sealed_by),
    Parser("checkpoint", ("kernel.crypto.note",), _notes, _read_note, _note,
           meaning=_meaning_of_note, leaves=frozenset({"kernel.crypto.note:_check_name"})),
    Parser("soft-signature", ("kernel.crypto.suites",), _softs, _soft, _soft_input,
           meaning=lambda g, f: f, leaves=frozenset(f"kernel.crypto.suites:{one}" for one in (
               "check_suite", "public_b64", "private_pem", "load_private"))),
    Parser("private-key", ("kernel.crypto.suites",), _private_keys,
           lambda g: suites.load_private(*g), _private_key,
           leaves=frozenset(f"kernel.crypto.suites:{one}" for one in (
               "check_suite", "public_b64", "private_pem", "verify", "load_public", "check_key"))),
    Parser("wrapped-key", ("kernel.crypto.keyfile",), _wrapped,
           lambda g: keyfile.unwrap(_WRAPPING, g, "test"), bytes_or_noise, meaning=lambda g, f: g,
           leaves=frozenset({"kernel.crypto.keyfile:write_private"})),
    Parser("merkle-path", ("kernel.crypto.merkle",), _paths, _root_of, _path, (ValueError,),
           leaves=frozenset(f"kernel.crypto.merkle:{one}" for one in (
               "append", "peaks", "subtree_root", "inclusion_proof", "consistency_proof",
               "verify_consistency", "_walk_consistency", "root"))),
]  # fmt: skip
