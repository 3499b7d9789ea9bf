"""What can be wrong with envelope, metadata, the list of digests and the manifest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from kernel.crypto import canonical
from kernel.crypto.ids import now, stamp, uuid7
from tests.exchange_format.corpus.making import LIST, Case, Entries, Parts, made
from tests.exchange_format.sample import PDF, Office

TO = {"unit": "620702", "role": "主送", "copies": 1}
PEOPLE = {"unit": "620700-SWB", "name": "n", "office": "o", "person": "p"}

ENVELOPES: dict[str, tuple[dict[str, Any], int]] = {
    "a classified envelope": ({"classification": "秘密"}, 217),
    "an envelope that is silent about its class": ({"classification": ""}, 217),
    "a suite for reading only": ({"suite": "rsa-verify-1"}, 214),
    "a suite that nobody knows": ({"suite": "gm-1"}, 214),
    "a weaker suite of the past": ({"suite": "intl-0-sha1"}, 214),
    "another format": ({"format": "GWJH-2"}, 200),
    "an unknown kind": ({"kind": "gift"}, 200),
    "a void of nothing": ({"kind": "void"}, 200),
    "a reference that is no message": ({"refers_to": "1"}, 200),
    "a message id of another kind": ({"msg_id": "6f1b3a52-8f0e-4c59-9c3a-9a3b1c2d3e4f"}, 200),
    "no recipients": ({"recipients": []}, 200),
    "a recipient twice": ({"recipients": [TO, TO]}, 200),
    "an unknown role": ({"recipients": [TO | {"role": "密送"}]}, 200),
    "fewer copies than none": ({"recipients": [TO | {"copies": -1}]}, 200),
    "copies of true": ({"recipients": [TO | {"copies": True}]}, 200),
    "a recipient with a secret": ({"recipients": [TO | {"bcc": "x"}]}, 200),
    "a sender with half a name": ({"sender": {"unit": "620700-SWB"}}, 200),
    "a day instead of a time": ({"created_at": "2026-11-22"}, 200),
    "an empty deadline": ({"sign_by": ""}, 200),
    "an unknown urgency": ({"urgency": "很急"}, 200),
    "a schema of true": ({"schema": True}, 200),
    "a key too many": ({"surprise": 1}, 200),
    "a type without a name": ({"type": "documents"}, 200),
    "content that names nothing": ({"content": {}}, 202),
    "a digest of another algorithm": ({"content": {"metadata.json": "sha1:" + "0" * 40}}, 200),
    "made the day after tomorrow": (
        {"created_at": stamp(now() + timedelta(days=2)), "sign_by": None},
        203,
    ),
    "a deadline before it was made": ({"sign_by": stamp(now() - timedelta(days=1))}, 204),
    "work due before it was made": ({"do_by": stamp(now() - timedelta(minutes=1))}, 204),
    "another sender than signed": ({"sender": PEOPLE | {"unit": "620702"}}, 300),
}
METADATA: dict[str, tuple[dict[str, Any], int]] = {
    "classified metadata": ({"密级和保密期限": "机密★1年"}, 217),
    "a class under another name": ({"juyan:classification": "secret"}, 217),
    "an element that the standard does not have": ({"colour": "red"}, 200),
    "metadata of more than a megabyte": ({f"x:{n}": "x" * 20_000 for n in range(60)}, 216),
    "a title of more than 500 characters": ({"标题": "题" * 501}, 200),
    "a title that is a number": ({"标题": 7}, 200),
    "an element of 20,001 characters": ({"附注": "x" * 20_001}, 200),
    "an element that is a list": ({"主送机关": ["市财政局"]}, 200),
    "an element that is an object": ({"juyan:phase": {"n": 1}}, 200),
    "a number below zero": ({"juyan:phase": -1}, 200),
    "a list with an empty text": ({"juyan:tags": ["a", ""]}, 200),
    "a list of 1,001 texts": ({"juyan:tags": ["a"] * 1001}, 200),
    "a name of 101 characters": ({"juyan:" + "x" * 95: "1"}, 200),
    "101 elements": ({f"x:{n}": n for n in range(101)}, 200),
}


def envelope(change: dict[str, Any], office: Office) -> bytes:
    return made(office, office.contents(envelope=change))


def metadata(value: dict[str, Any], office: Office) -> bytes:
    return made(office, office.contents(metadata=value))


def parts(change: Callable[[Parts], Parts]) -> Callable[[Office], bytes]:
    return lambda office: made(office, parts=change)


def entries(change: Callable[[Entries], Entries]) -> Callable[[Office], bytes]:
    return lambda office: made(office, entries=change)


def manifest(old: bytes, new: bytes) -> Callable[[Office], bytes]:
    def change(text: bytes) -> bytes:
        assert old in text
        return text.replace(old, new, 1)

    return lambda office: made(office, manifest=change)


def without(name: str) -> Callable[[Entries], Entries]:
    return lambda found: [entry for entry in found if entry[0] != name]


def replaced(name: str, data: bytes) -> Callable[[Entries], Entries]:
    return lambda found: [(n, data if n == name else d) for n, d in found]


def payload_is_a_list(office: Office) -> bytes:
    content: Any = canonical.loads(b"[1]")
    return made(office, office.contents(payload=content))


ROW = b'<asic:DataObjectReference URI="envelope.json"'

CASES = [
    *(Case(name, number, partial(envelope, row)) for name, (row, number) in ENVELOPES.items()),
    *(Case(name, number, partial(metadata, row)) for name, (row, number) in METADATA.items()),
    Case("a payload that is a list", 200, payload_is_a_list),
    Case("spaces in the JSON", 200, parts(lambda p: p | {"metadata.json": b"{} "})),
    Case(
        "JSON with a key twice", 200, parts(lambda p: p | {"metadata.json": b'{"a:b":1,"a:b":1}'})
    ),
    Case("JSON with a fraction", 200, parts(lambda p: p | {"metadata.json": b'{"a:b":0.5}'})),
    Case("JSON nested to the bottom", 200, parts(lambda p: p | {"metadata.json": b"[" * 5000})),
    Case("no envelope", 202, entries(without("envelope.json"))),
    Case("no metadata", 202, entries(without("metadata.json"))),
    Case("no manifest", 202, entries(without("META-INF/ASiCManifest.xml"))),
    Case("no signature", 202, entries(without("META-INF/signature-001.p7s"))),
    Case("no list of digests", 202, entries(without(LIST))),
    Case("no body", 202, entries(without("content/body.pdf"))),
    Case("a document without a body", 202, lambda office: made(office, office.contents(body=None))),
    Case("an unlisted entry", 202, entries(lambda found: [*found, ("zzz.txt", b"x")])),
    Case("a listed stranger", 202, parts(lambda p: p | {"zzz.txt": b"x"})),
    Case(
        "an attachment without its number", 202, parts(lambda p: p | {"content/attachments/x": b""})
    ),
    Case("an attachment numbered 03", 202, parts(lambda p: p | {"content/attachments/03-x": b""})),
    Case(
        "an attachment not in the envelope",
        202,
        parts(lambda p: p | {"content/attachments/02-x": b""}),
    ),
    Case(
        "a second signature of nobody",
        202,
        parts(lambda p: p | {"META-INF/signature-002.p7s": b"x"}),
    ),
    Case(
        "a file more in the manifest",
        202,
        manifest(ROW, ROW.replace(b"envelope", b"absent") + b"/>\n" + ROW),
    ),
    Case(
        "a row less in the manifest", 202, manifest(b'URI="envelope.json"', b'URJ="envelope.json"')
    ),
    Case("the body exchanged", 210, entries(replaced("content/body.pdf", PDF))),
    Case("the envelope exchanged", 210, entries(lambda found: exchanged(found))),
    Case("an empty list of digests", 210, lambda office: made(office, listing=lambda text: b"")),
    Case("a list in another order", 210, lambda office: made(office, listing=backwards)),
    Case(
        "a list for another tool",
        210,
        lambda office: made(office, listing=lambda t: t.replace(b"  ", b" *")),
    ),
    Case(
        "another digest in the manifest", 210, manifest(b"<ds:DigestValue>", b"<ds:DigestValue>A")
    ),
    Case("another media type in the manifest", 210, manifest(b"application/pdf", b"text/html")),
    Case(
        "SHA-1 named in the manifest",
        210,
        manifest(b"2001/04/xmlenc#sha256", b"2000/09/xmldsig#sha1"),
    ),
    Case("a comment in the manifest", 210, manifest(b"</asic", b"<!-- -->\n</asic")),
    Case(
        "an entity in the manifest",
        210,
        manifest(b"<asic:A", b"<!DOCTYPE x [<!ENTITY y 'z'>]>\n<asic:A"),
    ),
]


def backwards(listing: bytes) -> bytes:
    return b"".join(listing.splitlines(keepends=True)[::-1])


def exchanged(found: Entries) -> Entries:
    """Another message id in an envelope that nobody signed."""
    told = dict(found)
    fields = canonical.loads(told["envelope.json"]) | {"msg_id": uuid7()}
    return replaced("envelope.json", canonical.dumps(fields))(found)
