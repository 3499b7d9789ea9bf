"""What the exchange brings into the node: verbs, levels, handlers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from kernel.acts.outbox import Handler
from kernel.exchange import (
    building,
    consenting,
    deadlines,
    ending,
    inbound,
    machine,
    recalling,
    resending,
    settling,
    submission,
    telling,
    urging,
)
from kernel.identity.rights import Level
from kernel.work.schedules import Job

VERBS: list[Callable[..., Any]] = [
    building.accept,
    consenting.agree_recall,
    consenting.refuse_recall,
    deadlines.expired,
    deadlines.moved,
    deadlines.set_deadline,
    ending.ended,
    ending.supersede,
    ending.void,
    inbound.open_delivery,
    inbound.send_back,
    inbound.sign_for,
    machine.taken_up,
    recalling.recall,
    recalling.recalled,
    resending.request_resend,
    resending.resend,
    resending.resent,
    settling.settled,
    submission.reject,
    urging.urge,
]

LEVELS = [
    Level(
        "exchange.view",
        "查看收发文箱",
        "See the boxes",
        ("document_clerk", "office_director", "drafter", "section_head", "leader", "seal_keeper"),
    ),
    Level("exchange.recall", "撤回发文", "Recall what was sent", ("document_clerk",)),
    Level(
        "exchange.manage",
        "催办、补发、改时限、作废、替换",
        "Remind, send again, change deadlines, declare void, replace",
        ("document_clerk",),
    ),
    Level("exchange.handle", "签收和退回", "Sign for and send back", ("document_clerk",)),
]

JOBS = [Job("exchange.overdue", timedelta(minutes=1), deadlines.note_overdue)]

HANDLERS: dict[str, Handler] = {
    "exchange.build": building.build,
    "exchange.deadline": deadlines.settle,
    "exchange.end": ending.settle,
    "exchange.recall": recalling.settle,
    "exchange.resend": resending.settle,
    "exchange.settle": settling.settle,
    "exchange.unpark": settling.unpark,
    telling.HANDLER: telling.tell,
}
