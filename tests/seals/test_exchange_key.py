"""The exchange key signs what a person dispatched or received, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from kernel.crypto import cms, suites, x509
from kernel.crypto.canonical import digest, dumps, loads, unb64
from kernel.crypto.ids import now, stamp, uuid7
from kernel.errors import Conflict, OfficeError
from kernel.exchange import package as packages
from kernel.exchange.evidence import Actor, EventTime, Evidence, Reason
from kernel.exchange.package import Contents
from tests.seals.founding import ORGAN, OTHER, Founding

BODY = b"%PDF-1.7 sealed"
METADATA = {"标题": "通知"}
PACKAGE = "sha256:" + "5" * 64


def envelope(**changes: Any) -> dict[str, Any]:
    """An envelope for the body above."""
    fields = {
        "format": "GWJH-1",
        "suite": "intl-1",
        "msg_id": uuid7(),
        "kind": "dispatch",
        "refers_to": None,
        "sender": {"unit": ORGAN, "name": "市委办", "office": "秘书科", "person": "某人"},
        "recipients": [{"unit": OTHER, "role": "主送", "copies": 1}],
        "urgency": "平件",
        "sign_by": None,
        "do_by": None,
        "classification": "none",
        "type": "documents.document",
        "schema": 1,
        "policy_id": "juyan-1",
        "created_at": stamp(now()),
        "content": packages.content_digests(METADATA, BODY),
    }
    return fields | changes


def dispatch(
    node: Founding, head: dict[str, Any], verb: str = "documents.dispatch", **o: Any
) -> bytes:
    """The act of a person who dispatches this."""
    target = {"kind": "documents.document", "uid": "d1", "version": 5, "digest": PACKAGE}
    params = {"envelope": digest(dumps(head)), "sealed": digest(BODY)}
    return node.act(node.leader, verb, target, params, **o)


def manifest(head: dict[str, Any], body: bytes = BODY, **more: Any) -> bytes:
    """The manifest of a package."""
    return packages.manifest_of(Contents(head, METADATA, body, **more))


def test_the_manifest_of_a_dispatch_is_signed(node: Founding) -> None:
    head = envelope()
    act = dispatch(node, head)
    listed = manifest(head, acts=[act])
    signature = node.signer.sign_manifest(ORGAN, act, dumps(head), listed)
    signed = cms.verify_detached(
        signature, listed, [node.authority.certificate("root")], "exchange"
    )
    assert x509.unit_of(signed.cert) == ORGAN
    assert signed.act_digest == digest(unb64(loads(act)["act"]))
    assert node.signer.sign_manifest(ORGAN, act, dumps(head), listed) == signature


def test_one_act_signs_one_manifest(node: Founding) -> None:
    head = envelope()
    act = dispatch(node, head)
    node.signer.sign_manifest(ORGAN, act, dumps(head), manifest(head))
    with pytest.raises(Conflict, match="signer.used"):
        node.signer.sign_manifest(ORGAN, act, dumps(head), manifest(head, trust=[b"x"]))


def refusal(node: Founding, unit: str, *arguments: bytes) -> str:
    """The code that signing a manifest is refused with."""
    with pytest.raises(OfficeError) as caught:
        node.signer.sign_manifest(unit, *arguments)
    return caught.value.code


def test_nothing_but_what_was_dispatched(node: Founding) -> None:
    head, other = envelope(), envelope()
    act, listed = dispatch(node, head), manifest(head)
    assert refusal(node, OTHER, act, dumps(head), listed) == "signer.organ"
    assert refusal(node, ORGAN, act, dumps(other), manifest(other)) == "signer.envelope"
    assert refusal(node, ORGAN, act, dumps(head), manifest(other)) == "signer.manifest"
    assert refusal(node, ORGAN, act, dumps(head), b"<nothing/>") == "signer.manifest"
    twice = listed.replace(b"</asic:ASiCManifest>", listed[listed.index(b"<asic:DataObject") :])
    assert refusal(node, ORGAN, act, dumps(head), twice) == "signer.manifest"
    odd = listed.replace(b'MimeType="application/pdf"', b"")
    assert refusal(node, ORGAN, act, dumps(head), odd) == "signer.manifest"


def test_content_that_was_exchanged_is_refused(node: Founding) -> None:
    head = envelope()
    act = dispatch(node, head)
    swapped = manifest(
        head | {"content": packages.content_digests(METADATA, b"%PDF other")}, b"%PDF other"
    )
    assert refusal(node, ORGAN, act, dumps(head), swapped) == "signer.manifest"
    forged = envelope(content=packages.content_digests(METADATA, b"%PDF other"))
    act = dispatch(node, forged)
    listed = manifest(forged, b"%PDF other")
    assert refusal(node, ORGAN, act, dumps(forged), listed) == "signer.manifest"


def test_a_dispatch_of_ones_own(node: Founding) -> None:
    head = envelope()
    act = dispatch(node, head, "documents.review")
    assert refusal(node, ORGAN, act, dumps(head), manifest(head)) == "signer.verb"
    feigned = envelope(sender=head["sender"] | {"unit": OTHER})
    act = dispatch(node, feigned)
    assert refusal(node, ORGAN, act, dumps(feigned), manifest(feigned)) == "signer.sender"


def received(node: Founding, verb: str = "exchange.sign_for") -> bytes:
    """The act of a person at the recipient's desk."""
    target = {"kind": "exchange.delivery", "uid": "d2", "version": 1, "digest": PACKAGE}
    return node.act(node.leader, verb, target, organ=OTHER)


def receipt(act: bytes, /, **changes: Any) -> bytes:
    """The evidence that follows from it."""
    fields: dict[str, Any] = {
        "ev_id": uuid7(),
        "type": "C1",
        "msg_id": "0190-msg",
        "pkg_digest": PACKAGE,
        "recipient": OTHER,
        "event_time": EventTime(stamp(now())),
        "actor": Actor(unit=OTHER, person="某人"),
        "act": digest(unb64(loads(act)["act"])),
        "state_from": "delivered",
        "state_to": "signed",
    }
    return Evidence(**fields | changes).to_bytes()


def test_a_receipt_is_signed(node: Founding) -> None:
    act = received(node)
    evidence = receipt(act)
    signed = node.signer.sign_evidence(OTHER, act, evidence)
    certificate = x509.load_cert(signed["certificate"].encode())
    suites.verify(x509.public_key(certificate), evidence, unb64(signed["value"]), signed["suite"])
    assert x509.unit_of(certificate) == OTHER
    assert node.signer.sign_evidence(OTHER, act, evidence) == signed
    with pytest.raises(Conflict, match="signer.used"):
        node.signer.sign_evidence(OTHER, act, receipt(act))


RETURNED = {"type": "C2", "state_to": "returned", "reasons": (Reason("other", "其他"),)}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (RETURNED, "signer.verb"),
        ({"type": "D3", "act": None, "state_to": "delivered"}, "signer.verb"),
        ({"act": "sha256:" + "0" * 64}, "signer.evidence"),
        ({"pkg_digest": "sha256:" + "0" * 64}, "signer.evidence"),
        ({"recipient": ORGAN}, "signer.evidence"),
        ({"actor": Actor(unit=ORGAN)}, "signer.evidence"),
    ],
)
def test_no_evidence_beyond_the_act(node: Founding, change: dict[str, Any], code: str) -> None:
    act = received(node)
    with pytest.raises(OfficeError) as caught:
        node.signer.sign_evidence(OTHER, act, receipt(act, **change))
    assert caught.value.code == code


def test_a_return_needs_its_own_act(node: Founding) -> None:
    act = received(node, "exchange.send_back")
    assert node.signer.sign_evidence(OTHER, act, receipt(act, **RETURNED))["suite"] == "intl-1"
    with pytest.raises(OfficeError, match="signer.organ"):
        node.signer.sign_evidence(ORGAN, act, receipt(act, **RETURNED))


def test_it_signs_no_other_text(node: Founding) -> None:
    act = received(node)
    other = loads(receipt(act)) | {"format": "juyan-credential-1"}
    for data in (b"not JSON", dumps([1]), dumps(other)):
        with pytest.raises(OfficeError, match="signer.evidence|signer.verb"):
            node.signer.sign_evidence(OTHER, act, data)
