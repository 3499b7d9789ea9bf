"""What came in against the deliveries that brought it, for ``log verify``: register, tasks to read.

When it was entered, and its type, no act says.
"""

from __future__ import annotations

from collections.abc import Iterator

from kernel.api import Delivery, Package, comparing, deeds, snapshot, whose
from plugins.documents.models import Incoming

NAMES = {
    "title": ("标题", "the title"),
    "source_number": ("来文字号", "the number of the sender"),
    "sender": ("来文单位", "the sender"),
    "sender_name": ("来文单位名称", "the name of the sender"),
    "role": ("主送、抄送", "main or copy"),
    "pkg_digest": ("公文包摘要", "the digest of the package"),
    "urgency": ("紧急程度", "the urgency"),
    "package": ("公文包", "the package"),
    "organ": ("所属机关", "the organ"),
    "state": ("状态", "the state"),
}
READER = "documents.receive"
"""The level of the tasks to read what came in."""
FROM_DELIVERY = ("organ", "title", "sender", "sender_name", "role", "urgency", "package")


def reconcile(step: comparing.Step) -> Iterator[comparing.Found]:
    """Name what is registered otherwise than it was delivered, and what is not any more."""
    for rows in comparing.stretches(Incoming):
        with snapshot():
            found = [*_registered(rows), *_to_read(rows)]
        yield from found
        step(len(rows))
    registered = (Delivery.state == "signed") & ~Delivery.parked
    registered &= Delivery.type.startswith("documents.")
    for uid in comparing.missing(Delivery, Delivery.uid, Incoming.delivery, registered):
        yield (
            f"delivery {uid}",
            "已签收并登记，但收文登记中没有；请从备份中找回"
            " / was signed for and registered, and is not in the register: look for it in a backup",
        )


def _registered(rows: list[comparing.Row]) -> Iterator[comparing.Found]:
    mine = [Delivery.uid.in_([row["delivery"] for row in rows])]
    deliveries = {row["uid"]: row for row in comparing.rows_of(Delivery, where=mine)}
    sent = [Package.uid.in_([row["package"] for row in deliveries.values()])]
    packages = {
        row["uid"]: row["pkg_digest"]
        for row in comparing.rows_of(Package, Package.uid, Package.pkg_digest, where=sent)
    }
    for row in rows:
        where, delivery = f"{Incoming.kind} {row['uid']}", deliveries.get(row["delivery"])
        if delivery is None or delivery["state"] == "delivered":
            yield where, _NEVER_SIGNED
            continue
        signed = {name: delivery[name] for name in FROM_DELIVERY}
        signed |= {"source_number": delivery["number"], "state": "registered"}
        if delivery["package"] in packages:
            signed["pkg_digest"] = packages[delivery["package"]]
        for name, value in signed.items():
            if row[name] != value:
                yield where, comparing.differs(NAMES[name], row[name], value)


def _to_read(rows: list[comparing.Row]) -> Iterator[comparing.Found]:
    """The office has it among what is to be read until somebody has read it, and no longer."""
    says = {"form": ("toread",), "due": (None,)}
    organs = {
        row["uid"]: whose.Whose(row["organ"], READER, says={**says, "urgency": (row["urgency"],)})
        for row in rows
    }
    yield from whose.compare(Incoming.kind, organs)
    read = deeds.deeds_on(Incoming.kind, [*organs], ("documents.read",))
    yield from whose.over(Incoming.kind, read)
    yield from whose.lost(Incoming.kind, organs.keys() - read.keys())


_NEVER_SIGNED = (
    "收文登记中有此件，但没有签收过；来历不明，请与备份核对"
    " / is in the register and was never signed for: do not rely on it, compare with a backup"
)
