"""Guards that this node has taken in: what they guard stays guarded without their folder."""

from __future__ import annotations

import peewee

from kernel.plugins.manifest import matches
from kernel.storage.database import JSONField, Model
from kernel.storage.remembered import remembered
from kernel.storage.writing import Ready


class InstalledGuard(Model):
    """A guard that was found installed. :ivar verbs: what it guards. :ivar act: that noted it.

    :ivar removed: by two people; until then its acts refuse where it does not answer.
    """

    name = peewee.CharField(unique=True)
    verbs = JSONField()
    act = peewee.CharField()
    removed = peewee.BooleanField(default=False)

    class Meta:
        table_name = "plugins_guard"


def standing() -> list[InstalledGuard]:
    """The guards that were never removed, by name."""
    rows = InstalledGuard.select().where(~InstalledGuard.removed)
    return list(rows.order_by(InstalledGuard.name))


@remembered(InstalledGuard)
def of_verb(verb: str) -> frozenset[str]:
    """The names of those that guard a verb."""
    return frozenset(name for name, verbs in _STANDING.rows() if matches(verbs, verb))


_STANDING = Ready(
    lambda: InstalledGuard.select(InstalledGuard.name, InstalledGuard.verbs).where(
        ~InstalledGuard.removed
    )
)
