"""What can be wrong with the evidence about a package that is itself good."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from kernel.crypto import canonical, suites
from kernel.crypto.ids import now, stamp, uuid7
from kernel.exchange import evidence as evidences
from kernel.exchange import package as packages
from kernel.exchange.evidence import EventTime, Evidence
from tests.exchange_format.corpus.making import Case, Sample
from tests.exchange_format.receipts import RECIPIENT, by_node, by_unit, event, history, receipt
from tests.exchange_format.sample import Office

Package = packages.Package
Making = Callable[[Office, Package], Sequence[bytes]]
OTHER = canonical.digest(b"other")


def about(make: Making) -> Callable[[Office], Sample]:
    def sample(office: Office) -> Sample:
        data = office.package()
        return Sample(data, make(office, packages.read(data)))

    return sample


def node(type: str, before: str, after: str, **changes: Any) -> Making:
    return lambda office, package: [by_node(office, event(package, type, before, after, **changes))]


def careless(evidence: Evidence) -> bytes:
    """The bytes of evidence that its producer does not check."""
    proper = replace(evidence, type="D3", state_from="", state_to="", reasons=())
    fields = canonical.loads(proper.to_bytes())
    told = {"type": evidence.type, "state_from": evidence.state_from, "state_to": evidence.state_to}
    reasons = [{"code": reason.code, "text": reason.text} for reason in evidence.reasons]
    return canonical.dumps(fields | told | {"reasons": reasons})


def unchecked(type: str, before: str, after: str, **changes: Any) -> Making:
    """A record whose signed bytes break the rules for its kind."""

    def make(office: Office, package: Package) -> list[bytes]:
        data = careless(event(package, type, before, after, **changes))
        good = canonical.loads(by_node(office, event(package, "D3", "", "")))
        return [resigned(office, good, evidence=canonical.loads(data))]

    return make


def resigned(office: Office, fields: dict[str, Any], **changes: Any) -> bytes:
    """A record changed, and signed by the node over what it says now."""
    told = fields | changes
    value = suites.sign(office.node_key, canonical.dumps(told["evidence"]))
    signature = told["signature"] | {"value": canonical.b64(value)}
    return canonical.dumps(told | {"signature": signature})


def rewritten(change: Callable[[dict[str, Any]], Any], sign: bool = False) -> Making:
    """A good record with something else in it."""

    def make(office: Office, package: Package) -> list[bytes]:
        fields = canonical.loads(by_node(office, event(package, "D1", "accepted", "delivered")))
        told = fields | change(fields)
        return [resigned(office, told) if sign else canonical.dumps(told)]

    return make


def signed_for(unit: str = RECIPIENT, *, person: bool = True, **changes: Any) -> Making:
    def make(office: Office, package: Package) -> list[bytes]:
        evidence, record = receipt(office, package, **changes)
        return [by_unit(office, evidence, record if person else None, unit)]

    return make


def batch(change: dict[str, Any]) -> Making:
    """One of five records under one signature, its place in the tree changed."""

    def make(office: Office, package: Package) -> list[bytes]:
        events = [event(package, "D3", "", "") for _ in range(5)]
        record = evidences.sign_batch(events, office.node_key, office.node, office.trust)[1]
        fields = canonical.loads(record)
        place = fields["signature"]["batch"] | change
        return [canonical.dumps(fields | {"signature": fields["signature"] | {"batch": place}})]

    return make


def moved(office: Office, package: Package) -> list[bytes]:
    """The place of another record of the same batch."""
    events = [event(package, "D3", "", "") for _ in range(5)]
    records = evidences.sign_batch(events, office.node_key, office.node, office.trust)
    one, other = map(canonical.loads, records[:2])
    return [canonical.dumps(one | {"signature": other["signature"]})]


def of_another_package(office: Office, package: Package) -> Sequence[bytes]:
    return history(office, packages.read(office.package()))


def with_gap(office: Office, package: Package) -> Sequence[bytes]:
    return [
        history(office, package)[2],
        by_node(office, event(package, "D1", "accepted", "delivered")),
    ]


def signed_twice(office: Office, package: Package) -> Sequence[bytes]:
    return [*history(office, package), *signed_for()(office, package)]


def signed_and_recalled(office: Office, package: Package) -> Sequence[bytes]:
    """Both claim the same box: exactly one of them can be true."""
    later = EventTime(stamp(now() + timedelta(seconds=9)))
    effect = event(package, "X2", "delivered", "recalled", event_time=later)
    return [*history(office, package), by_node(office, effect)]


def by_stranger(office: Office, package: Package) -> Sequence[bytes]:
    other = Office()
    return [by_node(other, event(package, "D1", "accepted", "delivered"))]


def recalled_by_another(office: Office, package: Package) -> Sequence[bytes]:
    """A recipient asks for the package to be taken back from all the others."""
    asked = {"type": "X1", "state_from": "", "state_to": "", "recipient": ""}
    evidence, record = receipt(office, package, verb="exchange.recall")
    return [by_unit(office, replace(evidence, **asked), record, RECIPIENT)]


def receipt_by_node(office: Office, package: Package) -> Sequence[bytes]:
    evidence, record = receipt(office, package)
    return [evidences.sign(evidence, office.node_key, office.node, office.trust, record)]


def later(fields: dict[str, Any]) -> dict[str, Any]:
    time = fields["evidence"]["event_time"] | {"value": stamp(now() + timedelta(days=1))}
    return {"evidence": fields["evidence"] | {"event_time": time}}


def member(name: str, **changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda fields: {name: fields[name] | changes}


STRANGER = "620799"
weak_evidence = rewritten(member("evidence", suite="intl-0"), sign=True)
weak_signature = rewritten(member("signature", suite="intl-0"))
other_format = rewritten(lambda _: {"format": "juyan-evidence-record-2"})
BOX = ("D1", "accepted", "delivered")

MAKINGS: dict[str, Making] = {
    "evidence of an unknown kind": unchecked("Z9", "accepted", "delivered"),
    "delivered out of nothing": unchecked("D1", "signed", "delivered"),
    "delivered means signed": unchecked("D1", "accepted", "signed"),
    "a reminder that moves a state": unchecked("D3", "delivered", "signed"),
    "from a final state onwards": unchecked("D1", "recalled", "delivered"),
    "a failure without a reason": unchecked("D2", "accepted", "failed"),
    "evidence about another package": of_another_package,
    "evidence about another message": node(*BOX, msg_id=uuid7()),
    "evidence about another manifest": node(*BOX, pkg_digest=OTHER),
    "delivered to somebody else": node(*BOX, recipient=STRANGER),
    "delivered to nobody": node(*BOX, recipient=""),
    "signed for by another unit": signed_for(unit="620721"),
    "signed for by a stranger": signed_for(STRANGER, recipient=STRANGER),
    "signed for by nobody in person": signed_for(person=False),
    "signed for with another verb": signed_for(verb="exchange.send_back"),
    "signed for another package": signed_for(target={"digest": OTHER}),
    "signed for at another organ's desk": signed_for(desk={"organ": "620721"}),
    "signed for by an act that is not named": signed_for(act=OTHER),
    "recalled by a unit that did not send it": recalled_by_another,
    "a receipt signed by the node": receipt_by_node,
    "evidence from an unknown node": by_stranger,
    "evidence with a weaker suite": weak_evidence,
    "a signature with a weaker suite": weak_signature,
    "evidence with another time": rewritten(later),
    "evidence with a key too many": rewritten(member("evidence", x=1), sign=True),
    "evidence of another format": other_format,
    "evidence that is no JSON": lambda office, package: [b"{"],
    "a place in the batch that is not its own": batch({"index": 0}),
    "a place beyond the batch": batch({"index": 9}),
    "a batch of another size": batch({"size": 4}),
    "a batch without a path": batch({"path": []}),
    "the place of another record": moved,
    "a history with a gap": with_gap,
    "signed for twice": signed_twice,
    "signed for and recalled": signed_and_recalled,
}
"""What it is → how to make evidence like that about a package."""

CASES = [Case(name, 220, about(make)) for name, make in MAKINGS.items()]
