"""Sending: plan an envelope, release it with a signed act, build the package, deliver it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from kernel.acts import outbox
from kernel.acts.context import this_act
from kernel.acts.subjects import Subject
from kernel.crypto import canonical
from kernel.crypto.ids import now, stamp, uuid7
from kernel.errors import Conflict, Invalid
from kernel.exchange.envelope import FORMAT, SUITE, check_envelope, check_metadata
from kernel.exchange.models import Package
from kernel.exchange.package import content_digests
from kernel.identity.desk import Desk
from kernel.identity.models import Unit
from kernel.identity.phases import connected
from kernel.storage.blobs import blobs

POLICY = "juyan-1"
ROLES = {"main": "主送", "cc": "抄送"}


class Recipient(Struct, frozen=True):
    """An exchange box. :ivar role: ``main`` (must handle it) or ``cc``."""

    unit: str
    role: str = "main"
    copies: int = 1


class Letter(Struct, frozen=True):
    """What is to be sent, besides to whom.

    :ivar body: the blob digest of the sealed PDF; empty for payloads that are not documents.
    :ivar attachments: (name, blob digest) of further files.
    """

    type: str
    title: str
    number: str = ""
    urgency: str = ""
    body: str = ""
    attachments: tuple[tuple[str, str], ...] = ()
    metadata: dict[str, Any] | None = None
    payload: dict[str, Any] | None = None
    sign_by: datetime | None = None


def check_recipients(recipients: Sequence[Recipient]) -> None:
    """Refuse an empty list, units without a box, and units that are not connected yet.

    :raises Invalid: ``exchange.no_recipients``, ``exchange.not_connected`` naming every such unit.
    """
    if not recipients:
        raise Invalid(
            "exchange.no_recipients",
            "还没有收文单位，请先选择主送或抄送单位。",
            "There are no recipients; choose at least one unit.",
            field="main",
        )
    units = {unit.code: unit for unit in Unit.select().where(Unit.box)}
    wrong = [one.unit for one in recipients if one.unit not in units]
    late = [
        units[one.unit].short_name
        for one in recipients
        if one.unit in units and not connected(units[one.unit])
    ]
    if wrong or late:
        names = "、".join([*wrong, *late])
        raise Invalid(
            "exchange.not_connected",
            f"这些单位尚未接入公文交换：{names}。请改发纸质文件，或从名单中去掉。",
            f"Not connected to the exchange yet: {names}. Send them paper, or leave them out.",
            field="main",
        )


def plan(desk: Desk, subject: Subject, letter: Letter, recipients: Sequence[Recipient]) -> Package:
    """Write the envelope of something that may be sent; nothing leaves before :func:`release`.

    Run it inside a draft act. The uid of the package is the msg_id.
    """
    check_recipients(recipients)
    msg_id = uuid7()
    envelope = _envelope(desk, msg_id, letter, recipients)
    check_envelope(envelope)
    check_metadata(letter.metadata or {})
    package: Package = Package.create(
        uid=msg_id,
        organ=desk.organ_code,
        unit=desk.unit.code,
        type=letter.type,
        title=letter.title,
        number=letter.number,
        urgency=letter.urgency,
        subject_kind=subject.kind,
        subject=subject.uid,
        envelope=canonical.dumps(envelope),
        metadata=letter.metadata or {},
        body=letter.body,
        attachments=[list(pair) for pair in letter.attachments],
        payload=letter.payload,
        total=len(recipients),
        sign_by=letter.sign_by,
    )
    return package


def _envelope(
    desk: Desk, msg_id: str, letter: Letter, recipients: Sequence[Recipient]
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "suite": SUITE,
        "msg_id": msg_id,
        "kind": "dispatch",
        "refers_to": None,
        "sender": {
            "unit": desk.organ_code,
            "name": desk.organ.name,
            "office": desk.unit.name,
            "person": desk.name,
        },
        "recipients": [
            {"unit": one.unit, "role": ROLES[one.role], "copies": one.copies} for one in recipients
        ],
        "urgency": letter.urgency,
        "sign_by": stamp(letter.sign_by) if letter.sign_by else None,
        "do_by": None,
        "classification": "none",
        "type": letter.type,
        "schema": 1,
        "policy_id": POLICY,
        "created_at": stamp(now()),
        "content": content_digests(
            letter.metadata or {},
            blobs().get(letter.body) if letter.body else None,
            [(name, blobs().get(digest)) for name, digest in letter.attachments],
            letter.payload,
        ),
    }


def release(
    desk: Desk, package_uid: str, subject: Subject, *, envelope: str, acts: Sequence[str]
) -> Package:
    """Let a planned package go, inside the signed act that decides it.

    :param envelope: the digest of the envelope that the person signed.
    :param acts: the earlier acts that travel with it (sign-off, number, seal), oldest first.
    :raises Conflict: it was released before, or is another one than the person signed.
    """
    package: Package | None = Package.get_or_none(
        (Package.uid == package_uid)
        & (Package.organ == desk.organ_code)
        & (Package.subject == subject.uid)
    )
    if package is None or package.digest() != envelope:
        raise Conflict(
            "exchange.other_plan",
            "收文单位名单已有变化，请重新核对后再发出。",
            "The list of recipients has changed; check it again before you send.",
        )
    moved = (
        Package.update(state="claimed", acts=[*acts, this_act()], dispatch_act=this_act())
        .where((Package.uid == package_uid) & (Package.state == "planned"))
        .execute()
    )
    if moved != 1:
        raise Conflict(
            "exchange.released",
            "此件已经发出过了，没有重复发送。请到发件箱查看。",
            "It was sent before and nothing was sent twice; look it up in the outbox.",
        )
    outbox.put("exchange.build", package_uid, {"package": package_uid})
    return Package.get(Package.uid == package_uid)
