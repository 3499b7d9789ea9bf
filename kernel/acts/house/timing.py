"""Going on after the machine's clock was ahead: the operator says that it is right now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kernel.acts import clock
from kernel.acts.context import this_moment
from kernel.acts.gate import by_node
from kernel.acts.verbs import act
from kernel.crypto.ids import now, stamp
from kernel.errors import Conflict, Unavailable
from kernel.identity import revocation
from kernel.identity.authority import authority
from kernel.identity.desk import ServiceDesk
from kernel.storage import log
from kernel.storage.database import transaction


def _behind(desk: ServiceDesk, **_: Any) -> None:
    if not clock.is_behind():
        raise Conflict(
            "node.clock_right",
            "时钟不早于最近一次办理，签名没有暂停，不需要确认。请直接办理。",
            "The clock is not behind the newest act and signing goes on; there is nothing to "
            "accept. Go on with the work.",
        )
    if now() < authority().certificate("node").not_valid_before_utc:
        raise Unavailable(
            "node.clock_before",
            "时钟早于本节点建立的时间，所签的都不会成立。请先校准服务器时钟，再确认。",
            "The clock is before this node was founded, and nothing signed would hold. Set the "
            "server's clock right first, then accept it.",
        )


@act(
    "house.clock",
    title="确认时钟已校准",
    title_en="Accept the clock",
    level="none",
    weight="signed",
    by="node",
    check=_behind,
)
def set_back(desk: ServiceDesk, *, newest: str, leaves: int) -> None:
    """Let times go on from an earlier moment, because the clock had been ahead.

    :param newest: the time of the act before it, which was ahead. :param leaves: how many there
        were in the log by then, with a position.

    Certificates that were revoked meanwhile, at the time that was ahead, are so from now on.
    """
    revocation.not_later(this_moment())


def accept() -> tuple[datetime | None, datetime]:
    """Say that the clock is right now and was ahead before, in an act that the node signs.

    :returns: the time that was ahead, and the time of the act.
    :raises Conflict: ``node.clock_right``. :raises Unavailable: ``node.clock_before``.
    """
    with transaction():
        newest = clock.newest_act()
        said = {"newest": stamp(newest) if newest else "", "leaves": log.size()}
        by_node(ServiceDesk(reason="clock"), set_back, **said)
        reached = clock.newest_act()
    return newest, reached or now()
