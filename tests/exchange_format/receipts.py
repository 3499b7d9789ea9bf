"""Evidence about a package of the sample office, right unless told otherwise."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kernel.crypto import canonical
from kernel.crypto.ids import now, stamp, uuid7
from kernel.exchange import evidence as evidences
from kernel.exchange import package as packages
from kernel.exchange.evidence import Actor, EventTime, Evidence
from tests.exchange_format.sample import Office

RECIPIENT = "620702"


def event(about: packages.Package, type: str, before: str, after: str, **rest: Any) -> Evidence:
    usual: dict[str, Any] = {
        "ev_id": uuid7(),
        "type": type,
        "msg_id": about.contents.envelope["msg_id"],
        "pkg_digest": about.digest,
        "recipient": RECIPIENT,
        "event_time": EventTime(stamp(now())),
        "state_from": before,
        "state_to": after,
        "origin": "juyan/zhangye/1",
    }
    return Evidence(**(usual | rest))


def by_node(zhangye: Office, evidence: Evidence) -> bytes:
    return evidences.sign(evidence, zhangye.node_key, zhangye.node, zhangye.trust)


def receipt(zhangye: Office, about: packages.Package, **changes: Any) -> tuple[Evidence, bytes]:
    """The sign-for of the recipient, and the record of the act behind it."""
    verb = changes.pop("verb", "exchange.sign_for")
    target = {"kind": "exchange.delivery", "uid": uuid7(), "version": 1, "digest": about.digest}
    desk = {"person": zhangye.person, "post": "p", "unit": RECIPIENT, "organ": RECIPIENT}
    target |= changes.pop("target", {})
    act = zhangye.act(verb, {}, object=target, desk=desk | changes.pop("desk", {}))
    actor = Actor(RECIPIENT, zhangye.person, "收发员")
    usual = {"actor": actor, "act": canonical.digest(act)}
    evidence = event(about, "C1", "delivered", "signed", **(usual | changes))
    return evidence, zhangye.record(act)


def by_unit(zhangye: Office, evidence: Evidence, record: bytes | None, unit: str) -> bytes:
    key, cert = zhangye.certified("exchange", unit)
    return evidences.sign(evidence, key, cert, zhangye.trust, record)


def history(zhangye: Office, about: packages.Package) -> list[bytes]:
    records = []
    for seconds, (type, before, after) in enumerate(
        [("A1", "sealed", "accepted"), ("D1", "accepted", "delivered")]
    ):
        time = EventTime(stamp(now() + timedelta(seconds=seconds - 5)))
        records.append(by_node(zhangye, event(about, type, before, after, event_time=time)))
    evidence, act = receipt(zhangye, about)
    return [*records, by_unit(zhangye, evidence, act, RECIPIENT)]
