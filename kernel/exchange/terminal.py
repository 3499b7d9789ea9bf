"""Receiving from a program: rehearsals, demonstrations, tests. The same acts as in the browser."""

from __future__ import annotations

from kernel.acts.terminal import act_at, desk_at
from kernel.exchange.inbound import sign_for
from kernel.exchange.models import Delivery
from kernel.exchange.opening import open_once
from kernel.identity.rights import rights
from kernel.storage.database import connection


def receive(delivery: Delivery) -> None:
    """The clerk of the recipient opens a delivery, which verifies it, and signs for it.

    :raises OfficeError: as the gate; ``exchange.not_verified`` where it is not genuine.
    """
    with connection():
        clerk = rights().holders("exchange.handle", delivery.organ)[0]
        desk = desk_at(clerk)
        open_once(desk, delivery)
        delivery = Delivery.get_by_id(delivery.id)
    act_at(desk, sign_for, delivery)
