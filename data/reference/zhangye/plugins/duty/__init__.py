"""值班提示: urgent deliveries that wait too long, on the home page of who signs for them.

特急 counts natural hours: half an hour, at night and on days off as well (domain 3.8).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from kernel.api import Delivery, Desk, Panel, _, hookimpl, now

WAITS = timedelta(minutes=30)
URGENT = ("特提", "特急")
MOST = 5


@hookimpl
def home_panels(desk: Desk) -> Sequence[Panel]:
    """A card while something urgent waits too long; none otherwise."""
    if not desk.has("exchange.handle"):
        return []
    late = (Delivery.state == "delivered") & Delivery.urgency.in_(URGENT)
    late &= Delivery.delivered < now() - WAITS
    rows = Delivery.select().where(Delivery.visible(desk) & late).order_by(Delivery.id).limit(MOST)
    found = list(rows)
    return [Panel(_("值班提示"), "duty/panel.html", {"rows": found})] if found else []
