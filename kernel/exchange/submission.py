"""The door for packages that come from outside: a transport, or a file that somebody brings.

The same package brings the same receipt, byte for byte, for ever (101). The same msg_id with
another content is refused (201), and everything that is refused gets a signed A2 that names all
the numbers that apply. Where only some recipients fail, each of them has a D2 of its own.

A package that is not genuine does not use up the msg_id that it names: only its sender could.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import peewee
from msgspec import Struct

from kernel.acts import outbox
from kernel.acts.clock import signing_time
from kernel.acts.gate import by_node
from kernel.acts.verbs import act
from kernel.crypto import canonical
from kernel.crypto.ids import now, parse_stamp, stamp, uuid7
from kernel.errors import Unavailable
from kernel.exchange import evidence as evidences
from kernel.exchange import records
from kernel.exchange.building import accept
from kernel.exchange.evidence import EventTime
from kernel.exchange.losing import reason
from kernel.exchange.models import Evidence, Package, Rejection
from kernel.exchange.package import Contents
from kernel.exchange.taxonomy import TAXONOMY
from kernel.exchange.verdict import Verdict, examine
from kernel.identity.authority import authority
from kernel.identity.desk import ServiceDesk
from kernel.identity.epoch import log_origin
from kernel.identity.models import Unit
from kernel.identity.phases import connected
from kernel.storage import log
from kernel.storage.blobs import blobs
from kernel.storage.database import connection, transaction

ACCEPTED, REPEATED, REUSED, EXPIRED = 100, 101, 201, 204
UNKNOWN_SENDER, UNKNOWN, CLOSED, MAY_NOT_SEND = 300, 301, 302, 310


class Receipt(Struct, frozen=True):
    """What who hands a package in gets back.

    :ivar number: 100 taken now, 101 handed in before, or the first number that it is refused for.
    :ivar record: the evidence (A1 or A2), to be kept by the sender.
    :ivar numbers: all numbers that apply, in their order.
    :ivar msg_id: of the package; empty where it could not be read.
    """

    number: int
    record: bytes
    numbers: tuple[int, ...]
    msg_id: str = ""

    @property
    def taken(self) -> bool:
        """Whether the package is in the exchange, from now or from before."""
        kind: str = canonical.loads(self.record)["evidence"]["type"]
        return kind == "A1"


class _Offer(Struct, frozen=True):
    """A package at the door. :ivar failing: recipient → why it does not get it."""

    data: bytes
    verdict: Verdict
    failing: dict[str, int]
    refused: tuple[int, ...]

    @property
    def contents(self) -> Contents:
        assert self.verdict.package is not None
        return self.verdict.package.contents

    @property
    def genuine(self) -> bool:
        return self.verdict.ok

    @property
    def sender(self) -> str:
        return str(self.contents.envelope["sender"]["unit"]) if self.verdict.package else ""

    @property
    def msg_id(self) -> str:
        return str(self.contents.envelope["msg_id"]) if self.verdict.package else ""

    @property
    def digest(self) -> str:
        package = self.verdict.package
        return package.digest if package is not None else canonical.digest(self.data)


def submit(data: bytes) -> Receipt:
    """Take a package in, or refuse it in writing. Either way its sender gets evidence.

    :raises Unavailable: ``exchange.busy`` (403), ``storage.full`` (402), …: nothing was decided;
        hand in the same bytes again later.
    """
    with connection():
        offer = _judge(data)
        before = _known(offer)
        if before is not None:
            return before
        try:
            return _refuse(offer, offer.refused) if offer.refused else _take(offer)
        except peewee.IntegrityError:
            # The same package at the same moment, elsewhere: that one's receipt is ours.
            before = _known(offer)
            if before is None:
                raise
            return before


def _judge(data: bytes) -> _Offer:
    """Everything that is to be said of a package, whether it is genuine or not."""
    verdict = examine(data, [authority().certificate("root")])
    numbers = [] if verdict.ok else [verdict.number]
    failing: dict[str, int] = {}
    if verdict.package is not None:
        envelope = verdict.package.contents.envelope
        numbers += _of_sender(envelope)
        failing = _of_recipients(envelope)
        if len(failing) == len(envelope["recipients"]):
            numbers += failing.values()
    return _Offer(data, verdict, failing, tuple(sorted(set(numbers))))


def _of_sender(envelope: dict[str, Any]) -> list[int]:
    found = Unit.get_or_none((Unit.code == envelope["sender"]["unit"]) & Unit.box)
    if found is None:
        return [UNKNOWN_SENDER]
    late = envelope["sign_by"] is not None and parse_stamp(envelope["sign_by"]) <= now()
    return [MAY_NOT_SEND] * (not connected(found)) + [EXPIRED] * late


def _of_recipients(envelope: dict[str, Any]) -> dict[str, int]:
    codes = [each["unit"] for each in envelope["recipients"]]
    units = {unit.code: unit for unit in Unit.select().where(Unit.box & Unit.code.in_(codes))}
    unknown = {code: UNKNOWN for code in codes if code not in units}
    return unknown | {code: CLOSED for code, unit in units.items() if not connected(unit)}


def _known(offer: _Offer) -> Receipt | None:
    """The receipt that this package got before; a refusal if its msg_id was another one's."""
    if offer.genuine:
        row = Package.get_or_none(Package.uid == offer.msg_id)
        if row is not None:
            return _of_package(row, offer)
        refused = Rejection.get_or_none(Rejection.key == _key(offer))
        if refused is not None and refused.digest != offer.digest:
            return _again(offer, f"{_key(offer)}/{offer.digest}")
    return _of_key(offer, _key(offer))


def _key(offer: _Offer) -> str:
    return f"{offer.sender}/{offer.msg_id}" if offer.genuine else canonical.digest(offer.data)


def _of_package(row: Package, offer: _Offer) -> Receipt:
    if row.state != "sent":
        raise Unavailable(
            "exchange.busy",
            f"{TAXONOMY[403].zh}（403）。",
            f"{TAXONOMY[403].en} (403).",
        )
    if (row.organ, row.pkg_digest) != (offer.sender, offer.digest):
        return _again(offer, f"{_key(offer)}/{offer.digest}")
    first = (Evidence.package == row.uid) & (Evidence.type == "A1")
    record = bytes(Evidence.get(first).record)
    return Receipt(REPEATED, record, (REPEATED,), row.uid)


def _again(offer: _Offer, key: str) -> Receipt:
    """The refusal of a used msg_id, which is itself given out again unchanged."""
    return _of_key(offer, key) or _refuse(offer, (REUSED,), key)


def _of_key(offer: _Offer, key: str) -> Receipt | None:
    row = Rejection.get_or_none(Rejection.key == key)
    if row is None:
        return None
    return Receipt(REPEATED, bytes(row.record), tuple(row.codes), offer.msg_id)


def _refuse(offer: _Offer, numbers: Iterable[int], key: str = "") -> Receipt:
    given, key = tuple(numbers), key or _key(offer)
    fact = evidences.Evidence(
        ev_id=uuid7(), type="A2", msg_id=offer.msg_id, pkg_digest=offer.digest, recipient="",
        event_time=EventTime(stamp(signing_time())), state_from="sealed", state_to="refused",
        reasons=tuple(map(reason, given)), origin=log_origin(),
    )  # fmt: skip
    ((_, record),) = records.by_node([fact])
    digest = canonical.digest(record)
    with transaction():
        service = ServiceDesk(offer.sender, "exchange.submit")
        said = {"digest": offer.digest, "numbers": list(given), "evidence": digest}
        by_node(service, reject, **said, key=key)
        leaf = log.append("evidence", fact.ev_id, {"type": "evidence", "digest": digest})
        Rejection.create(
            uid=fact.ev_id, key=key, sender=offer.sender, msg_id=offer.msg_id,
            digest=offer.digest, codes=list(given), record=record, leaf=leaf,
        )  # fmt: skip
    return Receipt(given[0], record, given, offer.msg_id)


@act(
    "exchange.reject",
    title="拒绝提交的公文包",
    title_en="Refuse a package",
    level="none",
    weight="signed",
    schema=2,
    by="node",
)
def reject(desk: ServiceDesk, *, digest: str, numbers: list[int], evidence: str, key: str) -> None:
    """Note that a package was refused, and for what; the evidence is kept beside it.

    :param key: by which the same package finds the evidence again.
    """


def _take(offer: _Offer) -> Receipt:
    contents, envelope = offer.contents, offer.contents.envelope
    blob = blobs().put(offer.data)
    row = _row(contents)
    facts = _facts(offer, row)
    made = records.by_node(facts)
    with transaction():
        row.save(force_insert=True)
        by_node(
            ServiceDesk(offer.sender, "exchange.submit"), accept, row, digest=offer.digest,
            blob=blob, evidence=records.digest_of(made), failed=sorted(offer.failing),
        )  # fmt: skip
        records.keep(row, made, "")
    outbox.wake()
    numbers = (ACCEPTED, *sorted(set(offer.failing.values())))
    return Receipt(ACCEPTED, made[0][1], numbers, envelope["msg_id"])


def _row(contents: Contents) -> Package:
    envelope, metadata = contents.envelope, contents.metadata
    store = blobs()
    return Package(
        uid=envelope["msg_id"],
        organ=envelope["sender"]["unit"],
        unit=envelope["sender"]["unit"],
        type=envelope["type"],
        title=metadata.get("标题") or envelope["msg_id"],
        number=metadata.get("发文字号") or "",
        urgency=envelope["urgency"],
        subject_kind="",
        subject="",
        envelope=canonical.dumps(envelope),
        metadata=metadata,
        body=store.put(contents.body) if contents.body is not None else "",
        attachments=[[name, store.put(data)] for name, data in contents.attachments],
        payload=contents.payload,
        total=len(envelope["recipients"]),
        sign_by=parse_stamp(envelope["sign_by"]) if envelope["sign_by"] else None,
        state="claimed",
    )


def _facts(offer: _Offer, row: Package) -> list[evidences.Evidence]:
    row.pkg_digest = offer.digest
    at = signing_time()
    facts = [records.fact(row, "A1", at=at, state_from="sealed", state_to="accepted")]
    for each in offer.contents.envelope["recipients"]:
        number = offer.failing.get(each["unit"])
        after = "failed" if number else "delivered"
        why = {"reasons": (reason(number),)} if number else {}
        place: dict[str, Any] = {"recipient": each["unit"], "state_from": "accepted", **why}
        facts.append(records.fact(row, "D2" if number else "D1", at=at, state_to=after, **place))
    return facts
