"""A small office that makes packages: root, authorities, a unit, a person, a sealed page."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from functools import cache, cached_property
from io import BytesIO
from typing import Any

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

from kernel.crypto import canonical, cms, suites, x509
from kernel.crypto.ids import now, stamp, uuid7
from kernel.exchange import package as packages

UNIT, NAME = "620700-SWB", "中共张掖市委办公室"
START = now() - timedelta(hours=1)
Change = Callable[[dict[str, Any]], object]

PDF = b"""%PDF-1.7
1 0 obj
<</Type/Catalog/Pages 2 0 R>>
endobj
2 0 obj
<</Type/Pages/Kids[3 0 R]/Count 1>>
endobj
3 0 obj
<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>
endobj
xref
0 4
0000000000 65535 f 
0000000009 00000 n 
0000000054 00000 n 
0000000105 00000 n 
trailer
<</Size 4/Root 1 0 R>>
startxref
170
%%EOF
"""


def seal(pdf: bytes, key: suites.PrivateKey, cert: x509.Certificate, chain: list[Any]) -> bytes:
    """The PDF with an invisible approval signature as an incremental update."""
    store = SimpleCertificateStore()
    for each in chain:
        store.register(asn1_x509.Certificate.load(x509.der(each)))
    secret = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    signer = signers.SimpleSigner(
        asn1_x509.Certificate.load(x509.der(cert)), asn1_keys.PrivateKeyInfo.load(secret), store
    )
    meta = signers.PdfSignatureMetadata(
        field_name=f"Seal{len(pdf)}",
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
    )
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    out = signers.sign_pdf(writer, meta, signer, bytes_reserved=4096)
    return bytes(out.getvalue())


class Office:
    """Everything that one unit needs to send, and the means to send something wrong."""

    def __init__(self, *, demo: bool = False, unit: str = UNIT) -> None:
        self.unit = unit
        self.root = x509.new_root("Zhangye", demo=demo)
        self.issuers = {
            purpose: x509.issue_intermediate(self.root, purpose, "Zhangye")
            for purpose in ("people", "seals", "exchange", "nodes")
        }
        self.exchange_key, self.exchange = self.certified("exchange")
        self.seal_key, self.seal = self.certified("seals")
        self.node_key, self.node = self.certified("nodes")
        self.person_key = suites.new_key()
        self.person, self.credential = uuid7(), uuid7()
        self.trust = [x509.pem(issuer.cert) for issuer in self.issuers.values()]
        self.lists = [
            x509.pem(x509.make_crl(issuer, [], 1, this_update=START))
            for issuer in (self.root, *self.issuers.values())
        ]
        self.document = uuid7()
        self.sealed = self.seal_pdf(PDF)

    @property
    def roots(self) -> list[x509.Certificate]:
        return [self.root.cert]

    def certified(self, purpose: str, unit: str = "") -> tuple[suites.PrivateKey, Any]:
        key = suites.new_key()
        subject = x509.Subject(f"{NAME} {purpose}", NAME, unit or self.unit)
        end = START + timedelta(days=30)
        return key, x509.issue(
            self.issuers[purpose], purpose, subject, key.public_key(), START, end
        )

    def seal_pdf(self, pdf: bytes, unit: str = "") -> bytes:
        key, cert = self.certified("seals", unit) if unit else (self.seal_key, self.seal)
        return seal(pdf, key, cert, [self.issuers["seals"].cert])

    def statement(self, **changes: Any) -> dict[str, str]:
        facts = {
            "format": "juyan-credential-1",
            "node": "node-1",
            "credential": self.credential,
            "person": self.person,
            "name": "王建国",
            "kind": "soft",
            "suite": "intl-1",
            "public_key": suites.public_b64(self.person_key),
            "not_before": stamp(START),
            "not_after": stamp(START + timedelta(days=30)),
            "demo": self.root.demo,
        }
        data = canonical.dumps(facts | changes)
        signature = suites.sign(self.issuers["people"].key, data)
        return {"statement": canonical.b64(data), "signature": canonical.b64(signature)}

    @cached_property
    def said_of_person(self) -> dict[str, str]:
        """The statement about the person's key: issued once, and enclosed with every act."""
        return self.statement()

    def act(self, verb: str, params: dict[str, Any], /, **changes: Any) -> bytes:
        """The bytes of an act at the desk of the person."""
        facts = {
            "v": 1,
            "suite": "intl-1",
            "node": "node-1",
            "act": uuid7(),
            "verb": verb,
            "schema": 1,
            "object": {
                "kind": "documents.document",
                "uid": self.document,
                "version": 3,
                "digest": canonical.digest("正文".encode()),
            },
            "desk": {"person": self.person, "post": "p", "unit": "mk", "organ": self.unit},
            "mode": "self",
            "acting_for": None,
            "grant": None,
            "params": params,
            "credential": self.credential,
            "origin": "http://localhost:8000",
            "nonce": canonical.b64(bytes(32)),
            "issued": stamp(now()),
            "expires": stamp(now() + timedelta(minutes=2)),
        }
        return canonical.dumps(facts | changes)

    def record(self, act: bytes, **changes: Any) -> bytes:
        """The portable record of an act, signed by the person."""
        value = canonical.b64(suites.sign(self.person_key, act))
        fields = {
            "format": "juyan-act-1",
            "act": canonical.b64(act),
            "signature": {"kind": "soft", "value": value},
            "credential": self.said_of_person,
            "private": {},
        }
        return canonical.dumps(fields | changes)

    def node_record(self, act: bytes) -> bytes:
        """The portable record of an act, signed by the node."""
        value = canonical.b64(suites.sign(self.node_key, act))
        return self.record(
            act,
            signature={"kind": "node", "value": value},
            credential={"node_certificate": x509.pem(self.node).decode()},
        )

    def envelope(self, content: dict[str, str]) -> dict[str, Any]:
        person = "王建国"
        return {
            "format": "GWJH-1",
            "suite": "intl-1",
            "msg_id": uuid7(),
            "kind": "dispatch",
            "refers_to": None,
            "sender": {"unit": self.unit, "name": NAME, "office": "秘书科", "person": person},
            "recipients": [
                {"unit": "620702", "role": "主送", "copies": 3},
                {"unit": "620721", "role": "抄送", "copies": 1},
            ],
            "urgency": "平件",
            "sign_by": stamp(now() + timedelta(days=2)),
            "do_by": None,
            "classification": "none",
            "type": "documents.document",
            "schema": 1,
            "policy_id": "juyan-1",
            "created_at": stamp(now()),
            "content": content,
        }

    def contents(
        self,
        *,
        body: bytes | None = b"",
        metadata: dict[str, Any] | None = None,
        attachments: tuple[tuple[str, bytes], ...] = (("附件1.txt", "名单".encode()),),
        payload: dict[str, Any] | None = None,
        envelope: dict[str, Any] | None = None,
        acts: dict[str, Any] | None = None,
        organ: str = "",
    ) -> packages.Contents:
        """Contents, right unless told otherwise.

        :param envelope: members that differ. :param acts: verb → params that differ, or None to
            leave the act out.
        """
        body = self.sealed if body == b"" else body
        metadata = {"标题": "关于统一使用协同办公系统的通知"} if metadata is None else metadata
        content = packages.content_digests(metadata, body, attachments, payload)
        header = self.envelope(content) | (envelope or {})
        params: dict[str, Any] = {
            "documents.sign_off": {},
            "documents.assign_number": {"number": "市委办发〔2026〕91号"},
            "documents.seal": {"pdf": canonical.digest(PDF), "pdf_size": len(PDF)},
            "documents.dispatch": {
                "sealed": canonical.digest(body or b""),
                "envelope": canonical.digest(canonical.dumps(header)),
            },
        }
        given = acts or {}
        desk = {"person": self.person, "post": "p", "unit": "mk", "organ": organ or self.unit}
        records = []
        for verb, usual in params.items():
            if given.get(verb, {}) is not None:
                changed = given.get(verb, {})
                extra = changed.pop("_act", {}) if changed else {}
                act = self.act(verb, usual | changed, **({"desk": desk} | extra))
                self.dispatched = act
                records.append(self.record(act))
        trust = [*self.trust, *self.lists]
        return packages.Contents(header, metadata, body, attachments, payload, records, trust)

    def package(self, contents: packages.Contents | None = None, **changes: Any) -> bytes:
        """The package, signed by the exchange key."""
        contents = contents or self.contents()
        return self.signed(contents, packages.manifest_of(contents), **changes)

    def signed(self, contents: packages.Contents, manifest: bytes, **changes: Any) -> bytes:
        key = changes.pop("key", self.exchange_key)
        cert = changes.pop("cert", self.exchange)
        usual = {"signing_time": now(), "act_digest": canonical.digest(self.dispatched)}
        chain = [self.issuers["exchange"].cert]
        signature = cms.sign_detached(manifest, key, cert, chain, **(usual | changes))
        return packages.assemble(contents, manifest, signature)


@cache
def office() -> Office:
    """One formal office for all tests."""
    return Office()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
