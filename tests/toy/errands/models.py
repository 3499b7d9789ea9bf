"""The table of errands."""

from __future__ import annotations

import peewee

from kernel.api import Subject, canonical


class Errand(Subject):
    """Something to be fetched. :ivar state: ``open``, then ``done``."""

    kind = "errands.errand"

    text = peewee.TextField()
    state = peewee.CharField(default="open")

    class Meta:
        table_name = "errands_errand"

    def digest(self) -> str:
        """What a signature covers."""
        return canonical.digest(self.text.encode())

    def label(self) -> str:
        """How lists and tasks call it."""
        return str(self.text)
