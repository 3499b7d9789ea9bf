"""A package with all the evidence about it, in order, and the acts on it: what its rows must show.

For ``log verify``; see :mod:`kernel.exchange.ledger`.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import Any, NamedTuple

from msgspec import Struct, field

from kernel.acts.deeds import Deed
from kernel.storage.comparing import Row

ACTS = (
    *("exchange.accept", "exchange.deliver_again", "exchange.mark", "exchange.move_deadline"),
    *("exchange.recall", "exchange.resend", "exchange.supersede", "exchange.void"),
    "exchange.withdraw",
)
"""The acts on a package that say what its evidence does not: of its people, and of the node."""
Box = tuple[str, str]
"""Recipient and uid of the copy, empty for the first delivery."""


class Event(NamedTuple):
    """One piece of genuine evidence.

    :ivar facts: what it says. :ivar cause: the uid of the act behind it, where there is one.
    """

    id: int
    facts: dict[str, Any]
    cause: str
    conflict: bool
    digest: str

    @property
    def type(self) -> str:
        """Its type, ``D1``."""
        return str(self.facts["type"])

    @property
    def time(self) -> str:
        """When it happened, as it says."""
        return str(self.facts["event_time"]["value"])

    @property
    def box(self) -> Box:
        """Whose delivery it is about; empty for what concerns the whole package."""
        return str(self.facts["recipient"]), str(self.facts.get("delivery", ""))

    @property
    def moves(self) -> bool:
        """Whether a state follows from it."""
        return bool(self.facts["state_from"] != self.facts["state_to"])

    def reason(self, code: str = "") -> str:
        """The text of a reason: of the first one, or of the one with this code."""
        texts = (str(r["text"]) for r in self.facts["reasons"] if code in ("", r["code"]))
        return next(texts, "")

    def gives(self, code: str) -> bool:
        """Whether it gives this reason."""
        return any(one["code"] == code for one in self.facts["reasons"])


class History(Struct, dict=True):
    """What was signed about one package.

    :ivar package: its row, if there is one. :ivar dispatch: the act that let it go.
    :ivar seen: boxes for which there was a row.
    """

    package: Row | None
    events: list[Event]
    acts: list[Deed]
    dispatch: Deed | None = None
    seen: Counter[Box] = field(default_factory=Counter)

    @cached_property
    def boxes(self) -> dict[Box, list[Event]]:
        """The evidence about each box, in order."""
        found: dict[Box, list[Event]] = {}
        for event in self.events:
            found.setdefault(event.box, []).append(event)
        return found

    def about_all(self, *types: str) -> list[Event]:
        """Evidence of these types about the whole package, in order."""
        return [one for one in self.boxes.get(("", ""), ()) if one.type in types]

    def done(self, *verbs: str) -> list[Deed]:
        """The acts of these verbs, in order."""
        return [one for one in self.acts if one.verb in verbs]

    @cached_property
    def kept_only(self) -> set[str]:
        """The acts that came too late: kept, with a refusal, and without effect."""
        return {one.cause for one in self.about_all("X14")}
