"""The table of verdicts."""

from __future__ import annotations

import peewee

from kernel.api import Model, UTCField, now


class Verdict(Model):
    """What the check said about one content, by its digest."""

    digest = peewee.CharField(primary_key=True)
    ok = peewee.BooleanField()
    at = UTCField(default=now)

    class Meta:
        table_name = "secrecy_verdict"


MODELS = [Verdict]
