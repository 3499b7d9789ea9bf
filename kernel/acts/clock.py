"""The machine's clock against the log: nothing is signed at a time before the newest act.

What is signed says when, and holds only if its certificates were valid then. A clock that was put
back would date signatures before the certificates, and before what they follow from. So the time of
a signature (:func:`signing_time`) is never before the newest act; where the clock is behind it by
more than :data:`TOLERANCE`, nothing is signed until it is right. Whoever waits loses nothing. Only
revoking does not wait (:data:`REVOKING`): it is signed at the newest act's time.

Where the newest act is the one that is wrong, because the clock was ahead for a while, the operator
of the machine says so (``manage.py clock --accept``): the node then signs ``house.clock``, and the
times go on from there.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from kernel.acts import hold
from kernel.acts.models import Act
from kernel.crypto.ids import now, stamp
from kernel.errors import Unavailable
from kernel.identity.models import HOLD, NodeFact
from kernel.storage.database import connection
from kernel.storage.writing import Ready

TOLERANCE = timedelta(seconds=5)
"""A clock that is adjusted by less goes unnoticed: signatures get the newest act's time until it
has caught up. Evidence says of its times that they are right within as much."""
ACCEPT = "house.clock"
"""The node's act by which times go on from an earlier moment."""
REVOKING = frozenset({"house.revoke_key", "house.revoke_certificate"})
"""What a clock that is behind does not stop: a lost key goes on signing elsewhere meanwhile."""
_LENIENT = REVOKING | {"house.restored"}
"""Also where a restored node begins: held anyway, and the clock may be looked after meanwhile."""
_STANDING = Ready(
    lambda: (
        Act.select(
            Act.at, NodeFact.select(NodeFact.value).where(NodeFact.key == HOLD).alias("hold")
        )
        .order_by(Act.id.desc())
        .limit(1)
    )
)


def signing_time(what: str = "") -> datetime:
    """The time of what is signed now, in the name of a person or of the node.

    One statement, which asks for the hold as well.

    :param what: the verb, for which a held node is refused, see :func:`kernel.acts.hold.require`.
    :raises Unavailable: ``node.held``; ``node.clock`` while the clock is behind the newest act,
        but for :data:`REVOKING`.
    """
    held, newest = _standing()
    if what:
        hold.refuse(what, held)
    moment = now()
    if newest is None or moment >= newest or what == ACCEPT:
        return moment
    if newest - moment > TOLERANCE and what not in _LENIENT:
        raise _behind(moment, newest)
    return newest


def noted_time(what: str = "") -> datetime:
    """The time of what is noted without a signature: reading goes on, and the log not backwards.

    :param what: the verb, for which a held node is refused; empty for what only reads.
    :raises Unavailable: ``node.held``.
    """
    held, newest = _standing()
    if what:
        hold.refuse(what, held)
    moment = now()
    return moment if newest is None else max(moment, newest)


def newest_act() -> datetime | None:
    """The time of the newest act, which is the newest in the log; None before the first."""
    return _standing()[1]


def is_behind() -> bool:
    """Whether the clock is so far behind that nothing is signed."""
    newest = newest_act()
    return newest is not None and newest - now() > TOLERANCE


def revoked_late() -> tuple[str, str]:
    """What to tell whoever revokes while the clock is behind; empty where it is not."""
    newest = newest_act()
    if newest is None or newest - now() <= TOLERANCE:
        return "", ""
    at = stamp(newest)
    return (
        f"服务器时钟偏慢，停用时间记为最近一次办理的时间（{at}）。",
        f" The server's clock is behind; it is entered at the time of the newest act ({at}).",
    )


def stopped() -> bool:
    """Whether workers have to wait: the node is held, or its clock is behind."""
    held, newest = _standing()
    return held is not None or (newest is not None and newest - now() > TOLERANCE)


def _standing() -> tuple[hold.Facts | None, datetime | None]:
    read: Any = NodeFact.value
    with connection():
        row = _STANDING.first()
        if row is None:
            return hold.held(), None
    newest, held = row
    return (None if held is None else read.python_value(held)), newest


def _behind(moment: datetime, newest: datetime) -> Unavailable:
    here, there = stamp(moment), stamp(newest)
    return Unavailable(
        "node.clock",
        f"服务器时钟（{here}）早于最近一次办理（{there}），已暂停签名，没有办理，填写的内容已保留。"
        "请联系系统管理员校准时钟，然后再提交一次。"
        "如果时钟是对的、日志的时间偏快，请系统管理员运行“manage.py clock”。",
        f"The server's clock ({here}) is behind the newest act ({there}). Nothing was signed and "
        "nothing is lost. Have the system administrator set the clock right, then submit it "
        "again. Where the clock is right and the log was ahead, he runs `manage.py clock`.",
    )
