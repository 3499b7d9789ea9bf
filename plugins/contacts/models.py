"""The table of cards: how somebody is reached at his post."""

from __future__ import annotations

import peewee

from kernel.api import Model, UTCField, now


class Card(Model):
    """How to reach the holder of a post.

    :ivar phone: of the office; seen by the organ, and by all others where ``shared``.
    :ivar mobile: seen by the organ alone.
    :ivar shared: whether other organs find him in their directory.
    """

    post = peewee.CharField(unique=True)
    phone = peewee.CharField(default="")
    mobile = peewee.CharField(default="")
    room = peewee.CharField(default="")
    shared = peewee.BooleanField(default=False)
    changed = UTCField(default=now)

    class Meta:
        table_name = "contacts_card"


MODELS = [Card]
