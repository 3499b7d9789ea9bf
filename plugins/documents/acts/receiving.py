"""Registration of what was signed for (条例 art. 24(2)); its handling comes with a later issue."""

from __future__ import annotations

from kernel.api import (
    Conflict,
    Delivery,
    Desk,
    SearchEntry,
    act,
    local,
    now,
    numbers,
    search,
    tasks,
)
from plugins.documents.models import Incoming

SERIES = "收"
STEP = "拟办"


def register(desk: Desk, delivery: Delivery, text: str = "") -> Incoming:
    """Enter a delivery into the register of incoming documents, and give it to the office.

    Within the transaction that records the receipt; a second time it changes nothing.

    :param text: how it begins; it is found by these words.
    """
    before: Incoming | None = Incoming.get_or_none(Incoming.delivery == delivery.uid)
    if before is not None:
        return before
    package, moment = delivery.package, now()
    incoming = Incoming(
        organ=delivery.organ,
        title=delivery.title,
        type=package.metadata.get("文种", ""),
        source_number=delivery.number,
        sender=delivery.sender,
        sender_name=delivery.sender_name,
        role=delivery.role,
        urgency=delivery.urgency,
        delivery=delivery.uid,
        package=package.uid,
        pkg_digest=package.pkg_digest,
        received=moment,
    )
    year = local(moment).year
    taken = numbers.take_next(delivery.organ, SERIES, year, incoming)
    incoming.number = str(taken)
    incoming.save(force_insert=True)
    _announce(desk, incoming, text)
    return incoming


def _announce(desk: Desk, incoming: Incoming, text: str) -> None:
    parts = ("收文", incoming.source_number, incoming.sender_name)
    tasks.assign(
        incoming,
        step=STEP,
        organ=incoming.organ,
        level="documents.receive",
        form="toread",
        meta=" · ".join(part for part in parts if part),
        urgency=incoming.urgency,
        sender=desk.name,
    )
    search.index(
        SearchEntry(
            plugin="documents",
            kind=incoming.kind,
            uid=incoming.uid,
            organ=incoming.organ,
            title=incoming.title,
            summary=f"{incoming.number} · {incoming.source_number} · {incoming.sender_name}",
            text="\n".join((incoming.number, incoming.source_number, incoming.sender_name, text)),
            time=incoming.received,
            audience=frozenset({f"organ:{incoming.organ}"}),
        )
    )


def _unread(desk: Desk, incoming: Incoming) -> None:
    if tasks.open_for(desk, incoming) is None:
        raise Conflict(
            "documents.read",
            "此件已阅，或不在您的待阅中，不必再办。请刷新页面查看。",
            "It has been read already, or is not among what you have to read; reload the page.",
        )


@act(
    "documents.read",
    title="已阅",
    title_en="Mark as read",
    level="receive",
    weight="recorded",
    touches=False,
    check=_unread,
    batch=True,
    delegate=True,
)
def read(desk: Desk, incoming: Incoming) -> None:
    """Note that the office has read it; the task is done."""
    tasks.finish(incoming, by=desk.post.uid, organ=incoming.organ)
