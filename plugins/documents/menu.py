"""What a desk sees of documents in the frame: navigation, quick action, card on the home page."""

from __future__ import annotations

from kernel.api import (
    Delivery,
    Desk,
    MenuItem,
    Package,
    Panel,
    Tally,
    Unit,
    Waiting,
    _,
    tallies,
    url,
)

NAMED = 4
"""So many of those who have not signed for it are named on the card."""


def items(desk: Desk, waiting: Waiting) -> list[MenuItem]:
    """Outgoing and incoming documents with what waits for this desk."""
    if not desk.has("documents.view"):
        return []
    mine = waiting.of("documents")
    note = _("件待办")
    return [
        MenuItem(_("发文办理"), url("documents:out"), "file-pen-line", mine["todo"], note=note),
        MenuItem(
            _("收文办理"),
            url("documents:in"),
            "inbox",
            mine["toread"],
            note=_("件待阅"),
        ),
    ]


def actions(desk: Desk) -> list[MenuItem]:
    """What a drafter of an organ that issues documents begins most often."""
    if not desk.has("documents.draft") or not desk.organ.doc_prefix:
        return []
    return [MenuItem(_("起草公文"), url("documents:new"), "file-pen-line")]


def _way_to_urge(desk: Desk, package: Package, waiting: int) -> str:
    """Where those who have not signed for it are reminded; empty for who may not, or need not."""
    due = waiting and not package.claim and package.ended not in ("void", "supersede")
    return url("exchange:urge", uid=package.uid) if due and desk.has("exchange.manage") else ""


def panels(desk: Desk) -> list[Panel]:
    """The receipts of what the organ sent last, for who follows them up."""
    if not (desk.has("documents.view") and desk.has("exchange.view")):
        return []
    sent = Package.select().where(
        Package.visible(desk) & (Package.state == "sent") & (Package.type == "documents.document")
    )
    last = sent.order_by(Package.id.desc()).first()
    if last is None:
        return []
    count = tallies([last.uid]).get(last.uid, Tally())
    of_it = Delivery.package == last.uid
    left = Unit.ranked().join(Delivery, on=Unit.code == Delivery.organ)
    names = [
        unit.short_name or unit.name
        for unit in left.where(of_it & (Delivery.state == "delivered")).limit(NAMED)
    ]
    facts = {
        "title": last.title,
        "number": last.number,
        "href": url("exchange:package", uid=last.uid),
        "signed": count.signed,
        "waiting": count.delivered,
        "names": names,
        "urge": _way_to_urge(desk, last, count.delivered),
        "returned": count.returned,
        "total": last.total,
        "at": last.sent,
    }
    template = "documents/panel_receipts.html"
    return [Panel(_("签收回执"), template, facts, url("exchange:outbox"), _("回执总表"))]
