"""The entries of the side navigation."""

from __future__ import annotations

from kernel.api import Desk, MenuItem, _, tasks, url


def items(desk: Desk) -> list[MenuItem]:
    """Outgoing and incoming documents with what waits for this desk."""
    if not desk.has("documents.view"):
        return []
    waiting = tasks.counts(desk, frozenset({"documents"}))
    note = _("件待办")
    return [
        MenuItem(_("发文办理"), url("documents:out"), "file-pen-line", waiting["todo"], note=note),
        MenuItem(
            _("收文办理"),
            url("documents:in"),
            "inbox",
            waiting["toread"],
            note=_("件待阅"),
        ),
    ]


def actions(desk: Desk) -> list[MenuItem]:
    """What a drafter of an organ that issues documents begins most often."""
    if not desk.has("documents.draft") or not desk.organ.doc_prefix:
        return []
    return [MenuItem(_("起草公文"), url("documents:new"), "file-pen-line")]
