"""One table, for whatever the hooks leave behind."""

from __future__ import annotations

import peewee

from kernel.api import Subject, canonical


class Thing(Subject):
    """Something that was rung for, or that arrived. :ivar noted: whether the handler saw it."""

    kind = "every.thing"

    text = peewee.TextField()
    noted = peewee.BooleanField(default=False)

    class Meta:
        table_name = "every_thing"

    def digest(self) -> str:
        """Of the text."""
        return canonical.digest(self.text.encode())

    def label(self) -> str:
        """The text."""
        return str(self.text)
