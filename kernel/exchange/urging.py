"""Reminding those who have not signed for it yet (催办, X7): counted, and not too often."""

from __future__ import annotations

from datetime import timedelta

import peewee

from kernel.acts.context import this_act, this_moment
from kernel.acts.models import Task
from kernel.acts.verbs import act
from kernel.crypto.ids import now
from kernel.errors import Conflict
from kernel.exchange import records, telling
from kernel.exchange.chosen import require_recipients, waiting
from kernel.exchange.evidence import Reason
from kernel.exchange.models import Delivery, Evidence, Package
from kernel.exchange.recalling import require_sent
from kernel.identity.desk import Desk

PAUSE = timedelta(hours=2)
"""How long one reminder has to do."""
PER_DAY = 3
"""How many reminders a recipient gets in 24 hours."""
WORD = "催办"


def urgeable(package: Package, units: list[str]) -> peewee.Expression:
    """Who may be reminded now: not signed, not within two hours, not a fourth time in a day."""
    moment = now()
    today = (
        Evidence.select(Evidence.organ)
        .where(
            (Evidence.package == package.uid)
            & (Evidence.type == "X7")
            & (Evidence.at > moment - timedelta(days=1))
        )
        .group_by(Evidence.organ)
        .having(peewee.fn.COUNT(Evidence.id) >= PER_DAY)
    )
    rested = Delivery.urged.is_null() | (Delivery.urged <= moment - PAUSE)
    return waiting(package, units) & rested & Delivery.organ.not_in(today)


def urgeable_count(package: Package) -> int:
    """How many may be reminded now."""
    return int(Delivery.select().where(urgeable(package, [])).count())


def _urgeable(desk: Desk, package: Package, *, units: list[str], channel: str = "portal") -> None:
    require_sent(package)
    require_recipients(package, units)
    if not Delivery.select().where(waiting(package, units)).exists():
        raise Conflict(
            "exchange.nothing_to_urge",
            "没有需要催办的单位：都已签收、退回或撤回，或者此件已作废、被替换。"
            "请刷新页面查看签收情况。",
            "There is nobody to remind: all have signed for it, sent it back or had it recalled, "
            "or it is void or replaced. Reload the page to see.",
        )
    if not Delivery.select().where(urgeable(package, units)).exists():
        raise Conflict(
            "exchange.urged",
            "刚刚催办过：每个单位 2 小时内只能催办一次，"
            f"一天最多 {PER_DAY} 次。请稍后再试，或电话联系。",
            f"They were reminded just now: once in two hours and {PER_DAY} times a day at most. "
            "Try later, or call them.",
        )


@act(
    "exchange.urge",
    title="催办",
    title_en="Remind",
    level="manage",
    weight="recorded",
    check=_urgeable,
)
def urge(desk: Desk, package: Package, *, units: list[str], channel: str = "portal") -> int:
    """Remind all who have not signed for it, or those named; gives how many.

    :param channel: how: ``portal``, ``phone``, ``sms``; what was done elsewhere is noted with it.
    """
    moment, deed = this_moment(), this_act()
    # Written first and read after, so that what is read is what this act has taken.
    Delivery.update(urges=Delivery.urges + 1, urged=moment).where(
        urgeable(package, units)
    ).execute()
    mine = waiting(package, units) & (Delivery.urged == moment)
    rows = list(Delivery.select().where(mine).order_by(Delivery.id))
    who = records.actor(records.actor_at(desk))
    facts = [
        records.fact(package, "X7", row, at=moment, actor=who, reasons=(Reason("urged", channel),))
        for row in rows
    ]
    records.keep(package, records.by_node(facts), deed)
    _tell([row.uid for row in rows])
    telling.recipients("urged", [row.uid for row in rows])
    return len(rows)


def _tell(uids: list[str]) -> None:
    """Let the clerks' tasks say that they were reminded."""
    open_ = Task.subject.in_(uids) & Task.done.is_null()
    Task.update(meta=peewee.Value(f"{WORD} · ").concat(Task.meta)).where(
        open_ & ~Task.meta.startswith(WORD) & ~Task.meta.startswith("催收")  # of version 0.1
    ).execute()
