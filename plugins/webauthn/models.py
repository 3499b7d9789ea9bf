"""What each key counted last."""

from __future__ import annotations

import peewee

from kernel.api import Model


class Counter(Model):
    """The counter of signatures of one key; keys that have none stay at 0.

    :ivar last: the digest of the assertion that it was counted with.
    """

    credential = peewee.CharField(unique=True)
    value = peewee.BigIntegerField(default=0)
    last = peewee.CharField(default="")

    class Meta:
        table_name = "webauthn_counter"
