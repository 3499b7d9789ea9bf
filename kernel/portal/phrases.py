"""The usual sentences above a comment box: the person's own ones, then those of the plugin."""

from __future__ import annotations

from collections.abc import Sequence

from kernel.identity import phrases
from kernel.identity.desk import Desk
from kernel.portal.parts import Phrase


def usual_phrases(desk: Desk, usual: Sequence[str] = ()) -> list[Phrase]:
    """What ``ui.comment_box`` offers to this person: his own phrases in his order, then *usual*."""
    own = [one.text for one in phrases.of(desk.person)]
    return [Phrase(text) for text in dict.fromkeys([*own, *usual])]
