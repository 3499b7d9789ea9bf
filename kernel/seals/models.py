"""The table of seals. Its rows are projections: what counts is the signed statement in each."""

from __future__ import annotations

import peewee

from kernel.acts.subjects import Subject
from kernel.crypto import canonical
from kernel.crypto.ids import now
from kernel.storage.database import UTCField

STATES = {"active": "有效", "suspended": "停用", "cancelled": "注销", "revoked": "证书已吊销"}


class Seal(Subject):
    """The seal of a unit (国办发〔2025〕33号 art. 2): image, certificate, keepers.

    :ivar unit: the code of the unit, an organ. :ivar name: the text on it.
    :ivar impression: the image, SVG. :ivar certificate: PEM.
    :ivar statement: canonical JSON (:mod:`kernel.seals.statement`), signed by the seals authority.
    :ivar level: the level of custody: ``L0`` demo, ``L1`` trial, ``L2`` formal.
    :ivar state: ``active``, ``suspended``, ``cancelled``, or ``revoked`` with its certificate.
    """

    kind = "seals.seal"

    unit = peewee.CharField(index=True)
    name = peewee.CharField()
    impression = peewee.TextField()
    impression_digest = peewee.CharField()
    certificate = peewee.TextField()
    statement = peewee.BlobField()
    statement_signature = peewee.BlobField()
    level = peewee.CharField(default="L0")
    state = peewee.CharField(default="active")
    created = UTCField(default=now)

    class Meta:
        table_name = "seals_seal"

    def digest(self) -> str:
        """The digest of its statement and its state."""
        said = canonical.digest(bytes(self.statement))
        return canonical.digest(canonical.dumps({"statement": said, "state": self.state}))

    def label(self) -> str:
        """The text on it, and what it is."""
        return f"{self.name}印章"

    def facts(self) -> list[tuple[str, str]]:
        """What a keeper should see before he applies it."""
        level = {"L0": "演示（不具有正式效力）", "L1": "试点", "L2": "正式"}[self.level]
        return [("印章", self.name), ("保管级别", level), ("状态", STATES[self.state])]


MODELS = [Seal]
