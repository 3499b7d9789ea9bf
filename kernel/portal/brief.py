"""What a plugin says of a task on the card of a leader: few facts, and what he can do at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct, field

from kernel.portal.parts import Phrase

Said = Any
"""An opinion (:class:`kernel.acts.models.Opinion`)."""


class Move(Struct, frozen=True):
    """One thing that can be done from the card: a button, or a fold with a form.

    It posts to a page of the plugin, which goes on to the field ``next`` of the form
    (``ctx.onward``) and shows what was refused on a page of its own, with everything typed.

    :ivar action: the address. :ivar hidden: what goes along (the version that was seen).
    :ivar form: what is asked for; None for a button alone.
    :ivar phrases: usual sentences above the text field of the form.
    :ivar taps: sentences that are a button each, which sends it at once: one tap.
    """

    label: str
    action: str
    kind: Literal["primary", "danger", ""] = ""
    icon: str = ""
    hidden: dict[str, str] = field(default_factory=dict)
    form: Any = None
    phrases: Sequence[Phrase] = ()
    taps: Sequence[Phrase] = ()
    quick: str = ""
    """The name of the field that a tap fills."""


class Brief(Struct, frozen=True):
    """What a leader needs to see before he decides.

    :ivar facts: label and value, three or four. :ivar text: how the text begins.
    :ivar said: what others wrote about it, the last one last.
    :ivar whole: where the whole text is read, if not at the top of the page of the matter.
    """

    facts: Sequence[tuple[str, str]] = ()
    text: str = ""
    said: Sequence[Said] = ()
    moves: Sequence[Move] = ()
    whole: str = ""


def apart(form: Any, mark: str) -> Any:
    """The form with ids of its own, so that several of one kind may stand on one page."""
    for one in form:
        one.id = f"{mark}-{one.name}"
        one.label.field_id = one.id
    return form
