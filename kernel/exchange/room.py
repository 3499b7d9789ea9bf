"""What the exchange brings into the node: verbs, levels, handlers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kernel.acts.outbox import Handler
from kernel.exchange import building, inbound, recalling, settling
from kernel.identity.rights import Level

VERBS: list[Callable[..., Any]] = [
    building.accept,
    inbound.open_delivery,
    inbound.send_back,
    inbound.sign_for,
    recalling.recall,
    recalling.recalled,
    settling.settled,
]

LEVELS = [
    Level(
        "exchange.view",
        "查看收发文箱",
        "See the boxes",
        ("document_clerk", "office_director", "drafter", "section_head", "leader", "seal_keeper"),
    ),
    Level("exchange.recall", "撤回发文", "Recall what was sent", ("document_clerk",)),
    Level("exchange.handle", "签收和退回", "Sign for and send back", ("document_clerk",)),
]

HANDLERS: dict[str, Handler] = {
    "exchange.build": building.build,
    "exchange.recall": recalling.settle,
    "exchange.settle": settling.settle,
    "exchange.unpark": settling.unpark,
}
