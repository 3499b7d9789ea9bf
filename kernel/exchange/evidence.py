"""Evidence (回执): one signed statement about one event of a delivery.

A record is canonical JSON: the evidence, its signature, the record of the person's act where there
was one, and the certificates needed to check both offline. Events and their names follow ETSI EN
319 522-1 where it has them. A fan-out is signed once: over the root of a Merkle tree (RFC 6962),
each record carrying its path.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from msgspec import Struct, field
from msgspec.structs import asdict

from kernel.crypto import merkle, suites, x509
from kernel.crypto.acts_format import ActFacts, verify_record
from kernel.crypto.canonical import b64, digest, dumps, is_digest, loads, unb64
from kernel.crypto.ids import parse_stamp
from kernel.errors import Invalid, Unverified
from kernel.exchange.evidence_types import TYPES
from kernel.exchange.taxonomy import fits

FORMAT = "juyan-evidence-1"
RECORD_FORMAT = "juyan-evidence-record-1"
BATCH_FORMAT = "juyan-evidence-batch-1"
TIME_SOURCES = ("local", "witnessed", "tsa")


class EventTime(Struct, frozen=True):
    """When, who says so, and how far it may be off."""

    value: str
    """``2026-11-22T08:00:00.000Z``"""
    source: str = "local"
    skew_bound: int = 5000
    """Milliseconds."""


class Actor(Struct, frozen=True):
    """Who caused the event; empty strings where nobody did."""

    unit: str = ""
    person: str = ""
    role: str = ""
    delegate_for: str = ""


class Reason(Struct, frozen=True):
    """Why: a stable code and the text that the other side reads."""

    code: str
    text: str


_TEXTS = (
    *("ev_id", "type", "msg_id", "recipient", "state_from", "state_to", "policy_id"),
    *("origin", "delivery"),
)
_PLAIN = (
    *("ev_id", "type", "msg_id", "pkg_digest", "recipient", "act", "state_from", "state_to"),
    "policy_id",
)


class Evidence(Struct, frozen=True, dict=True):
    """One event."""

    ev_id: str
    """UUIDv7"""
    type: str
    """``A1`` to ``X13``: :mod:`kernel.exchange.evidence_types`."""
    msg_id: str
    pkg_digest: str
    recipient: str
    """The code of the receiving unit; empty for what concerns all of them."""
    event_time: EventTime
    actor: Actor = field(default_factory=Actor)
    act: str | None = None
    """The digest of the signed act of the person behind it."""
    reasons: tuple[Reason, ...] = ()
    heads: tuple[str, ...] = ()
    """Digests of the latest evidence of this delivery that the signer knew."""
    state_from: str = ""
    state_to: str = ""
    policy_id: str = "juyan-1"
    origin: str = ""
    """The name of the log that takes it up."""
    delivery: str = ""
    """The uid of a copy that was sent again; empty, and then left out, for the first delivery."""

    def to_bytes(self) -> bytes:
        """What is signed.

        :raises Invalid: ``exchange.evidence`` when type, state, reasons or act do not fit.
        """
        kind = TYPES.get(self.type)
        if kind is None or not self._fits():
            raise Invalid(
                "exchange.evidence",
                "回执内容不完整：请检查类型、状态、原因和办理签名。",
                "The evidence is not complete: check type, states, reasons and act.",
            )
        return self._bytes

    @cached_property
    def _facts(self) -> dict[str, Any]:
        """What is signed, as JSON: all members but ``origin``, which stands under ``log``."""
        facts = {
            "format": FORMAT,
            "suite": suites.INTL_1,
            "etsi_event": TYPES[self.type].etsi,
            "log": {"origin": self.origin},
            "event_time": asdict(self.event_time),
            "actor": asdict(self.actor),
            "reasons": [asdict(reason) for reason in self.reasons],
            "heads": list(self.heads),
        }
        facts |= {name: getattr(self, name) for name in _PLAIN}
        return facts | {"delivery": self.delivery} if self.delivery else facts

    @cached_property
    def _bytes(self) -> bytes:
        return dumps(self._facts)

    def facts(self) -> dict[str, Any]:
        """The same as JSON; not to be changed. It raises what :meth:`to_bytes` raises."""
        self.to_bytes()
        return self._facts

    @property
    def digest(self) -> str:
        """``sha256:<hex>`` of the signed bytes: what ``heads`` of later evidence name."""
        return digest(self.to_bytes())

    def _fits(self) -> bool:
        kind = TYPES[self.type]
        digests = [self.pkg_digest, *self.heads, *([self.act] if self.act else [])]
        return (
            all(isinstance(getattr(self, name), str) for name in _TEXTS)
            and all(map(is_digest, digests))
            and self.event_time.source in TIME_SOURCES
            and (bool(self.reasons) or not kind.negative)
            and all(fits(reason.code, self.type) for reason in self.reasons)
            and (bool(self.act) or not kind.by_person)
            and kind.moves(self.state_from, self.state_to)
        )


class EvidenceFacts(Struct, frozen=True):
    """What a verified record proves."""

    evidence: Evidence
    digest: str
    time: datetime
    signer: x509.Certificate
    act: ActFacts | None
    """The person's act, where it came along."""
    demo: bool


def sign(
    evidence: Evidence,
    key: suites.PrivateKey,
    cert: x509.Certificate,
    trust: Sequence[bytes],
    act: bytes | None = None,
) -> bytes:
    """The record of one evidence.

    :param key: the unit's exchange key or the node's key, as the type demands.
    :param trust: PEM of the intermediates above ``cert`` and above the person's credential.
    :param act: the record of the person's act.
    """
    value = suites.sign(key, evidence.to_bytes())
    return _record(evidence, value, cert, trust, act, None)


def record_of(
    evidence: Evidence,
    value: bytes,
    cert: x509.Certificate,
    trust: Sequence[bytes],
    act: bytes | None = None,
) -> bytes:
    """The record of one evidence that was signed elsewhere, by the signer."""
    return _record(evidence, value, cert, trust, act, None)


def sign_batch(
    batch: Sequence[Evidence],
    key: suites.PrivateKey,
    cert: x509.Certificate,
    trust: Sequence[bytes],
    act: bytes | None = None,
) -> list[bytes]:
    """The records of many events of a node, in the same order, under one signature.

    :param act: the record of the person's act that all of them came of.
    """
    leaves = [merkle.leaf_hash(evidence.to_bytes()) for evidence in batch]
    get, size = merkle.stored(leaves), len(leaves)
    value = suites.sign(key, _batch_bytes(merkle.subtree_root(get, 0, size), size))
    records = []
    for index, evidence in enumerate(batch):
        path = [b64(node) for node in merkle.inclusion_proof(get, index, size)]
        place = {"index": index, "size": size, "path": path}
        records.append(_record(evidence, value, cert, trust, act, place))
    return records


def verify(record: bytes, roots: Sequence[x509.Certificate]) -> EvidenceFacts:
    """Check a record: form, signature, the signer's right to say this, the act behind it.

    :raises Unverified: ``exchange.evidence_form``, ``exchange.evidence_signer``,
        ``exchange.evidence_act``, ``suites.*``, ``x509.*``, ``acts_format.*``.
    """
    try:
        fields = loads(record)
        evidence = _parse(fields["evidence"])
        signed = evidence.to_bytes()
        signature = fields["signature"]
        cert = x509.load_cert(signature["certificate"].encode())
        known = tuple(x509.load_cert(pem.encode()) for pem in fields["trust"])
        trust = x509.leaning_on(tuple(roots), known)
        value, place = unb64(signature["value"]), signature["batch"]
        act_record = unb64(fields["act"]) if fields["act"] is not None else None
        time = parse_stamp(evidence.event_time.value)
        pems = [x509.pem(each) for each in trust.intermediates]
        if _record(evidence, value, cert, pems, act_record, place) != record:
            raise _malformed()
        data = _batched(signed, place) if place is not None else signed
    except (Invalid, TypeError, KeyError, ValueError, AttributeError) as error:
        raise _malformed() from error
    trust.check()
    suites.check_suite(signature["suite"], time)
    suites.verify(x509.public_key(cert), data, value)
    demo = _check_signer(evidence, cert, trust, time)
    act = _check_act(evidence, act_record, trust)
    demo = demo or (act is not None and act.demo)
    return EvidenceFacts(evidence, digest(signed), time, cert, act, demo)


def _record(
    evidence: Evidence,
    value: bytes,
    cert: x509.Certificate,
    trust: Sequence[bytes],
    act: bytes | None,
    place: dict[str, Any] | None,
) -> bytes:
    signature = {
        "suite": suites.INTL_1,
        "value": b64(value),
        "certificate": x509.pem(cert).decode(),
        "batch": place,
    }
    return dumps(
        {
            "format": RECORD_FORMAT,
            "evidence": evidence.facts(),
            "signature": signature,
            "act": None if act is None else b64(act),
            "trust": [pem.decode() for pem in trust],
        }
    )


def _batch_bytes(root: bytes, size: int) -> bytes:
    batch = {"format": BATCH_FORMAT, "suite": suites.INTL_1, "root": b64(root), "size": size}
    return dumps(batch)


def _batched(signed: bytes, place: dict[str, Any]) -> bytes:
    index, size, path = place["index"], place["size"], [unb64(node) for node in place["path"]]
    root = merkle.root_from_path(merkle.leaf_hash(signed), index, size, path)
    if place.keys() != {"index", "size", "path"} or root is None:
        raise _malformed()
    return _batch_bytes(root, size)


def _parse(fields: Any) -> Evidence:
    rest = {key: value for key, value in fields.items()}
    for name in ("format", "suite", "etsi_event"):
        rest.pop(name)
    return Evidence(
        **rest
        | {
            "event_time": EventTime(**rest["event_time"]),
            "actor": Actor(**rest["actor"]),
            "reasons": tuple(Reason(**reason) for reason in rest["reasons"]),
            "heads": tuple(rest["heads"]),
            "origin": rest.pop("log")["origin"],
        }
    )


def _check_signer(
    evidence: Evidence, cert: x509.Certificate, trust: x509.Trust, time: datetime
) -> bool:
    kind = TYPES[evidence.type]
    chain = trust.chain(cert, "exchange" if kind.signer == "unit" else "nodes", time)
    unit = x509.unit_of(cert)
    if kind.signer == "unit" and unit != evidence.actor.unit:
        raise _unverified("signer", "回执不是由办理单位签名", "another unit signed it")
    if kind.side == "recipient" and unit != evidence.recipient:
        raise _unverified("signer", "回执不是由收文单位签名", "the recipient did not sign it")
    return x509.is_demo(chain[-1])


def _check_act(evidence: Evidence, record: bytes | None, trust: x509.Trust) -> ActFacts | None:
    kind = TYPES[evidence.type]
    if record is None:
        if kind.by_person:
            raise _unverified("act", "回执缺少经办人的签名", "the person's act is missing")
        return None
    act = verify_record(record, trust)
    if act.digest != evidence.act or act.organ != evidence.actor.unit or act.by_node:
        raise _unverified("act", "经办人的签名与回执不符", "the act is not the one it names")
    if kind.verb and act.verb != kind.verb:
        raise _unverified("act", "经办人办理的是另一事项", "the act decided something else")
    if kind.verb and (act.act["object"] or {}).get("digest") != evidence.pkg_digest:
        raise _unverified("act", "经办人签名的是另一公文包", "the act was about another package")
    return act


def _malformed() -> Unverified:
    return _unverified("form", "回执格式不合规范", "the evidence is malformed")


def _unverified(reason: str, zh: str, en: str) -> Unverified:
    return Unverified(
        f"exchange.evidence_{reason}",
        f"{zh}，请要求对方重新出具回执。",
        f"{en}; ask the other side for it again.".capitalize(),
    )
