"""Ringing, and sending what was rung for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kernel.api import (
    Desk,
    Letter,
    Package,
    Recipient,
    act,
    canonical,
    comparing,
    connection,
    deeds,
    outbox,
    plan,
    release,
    scan,
    transaction,
)
from plugins.every.models import Thing


@act("every.ring", title="按铃", title_en="Ring", level="ring", weight="recorded")
def ring(desk: Desk, *, text: str) -> Thing:
    """Leave a thing, and an effect that notes it after the commit."""
    scan(text)
    thing: Thing = Thing.create(organ=desk.organ_code, text=text)
    outbox.put("every.note", thing.uid, {"thing": thing.uid})
    return thing


def note(effect: dict[str, Any]) -> None:
    """The handler: once or twice, the result is the same."""
    with transaction():
        Thing.update(noted=True).where(Thing.uid == effect["thing"]).execute()


@act("every.address", title="写收件人", title_en="Address", level="ring", weight="draft")
def address(desk: Desk, thing: Thing, *, unit: str) -> Package:
    """Plan the letter; nothing leaves yet."""
    letter = Letter("every.letter", thing.text, payload={"text": thing.text})
    return plan(desk, thing, letter, [Recipient(unit)])


@act("every.send", title="发出", title_en="Send", level="ring", weight="signed")
def send(desk: Desk, thing: Thing, *, package: str, envelope: str) -> None:
    """Let it go."""
    release(desk, package, thing, envelope=envelope, acts=[])


def reconcile(step: comparing.Step) -> Iterator[comparing.Found]:
    """Compare what was sent with what its sender signed."""
    for rows in comparing.stretches(Thing):
        sent = deeds.deeds_on(Thing.kind, [row["uid"] for row in rows], ("every.send",))
        for row in rows:
            signed = [deed.digest for deed in sent.get(row["uid"], ())]
            digest = canonical.digest(str(row["text"]).encode())
            if signed and digest != signed[0]:
                what = comparing.differs(("内容", "the text"), digest, signed[0])
                yield f"{Thing.kind} {row['uid']}", what
        step(len(rows))


def things() -> list[str]:
    """The texts of all things, for the command."""
    with connection():
        return [thing.text for thing in Thing.select().order_by(Thing.id)]
