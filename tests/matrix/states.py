"""In how many ways each screen is looked at."""

from __future__ import annotations

from dataclasses import dataclass

SPACING = """* { line-height: 1.5 !important; letter-spacing: .12em !important;
  word-spacing: .16em !important } p { margin-bottom: 2em !important }"""
"""The text spacing that a reader may set for himself (WCAG 2.2, 1.4.12)."""


@dataclass(frozen=True)
class State:
    """One way to look at a screen.

    :ivar scale: device pixels for one of CSS. :ivar both: whether both themes are looked at.
    :ivar axe: whether all rules of axe are asked. :ivar stops: whether each tab stop is tried.
    :ivar picture: whether a picture is kept.
    """

    name: str
    width: int
    height: int
    large: bool = False
    scale: int = 1
    spacing: bool = False
    forced: bool = False
    both: bool = False
    axe: bool = False
    stops: bool = True
    picture: bool = False

    @property
    def phone(self) -> bool:
        """Whether fingers hit the targets."""
        return self.width < 640


STATES = (
    State("1440", 1440, 900, both=True, axe=True, picture=True),
    State("1440 large", 1440, 900, large=True, both=True, axe=True, picture=True),
    State("390", 390, 844, both=True, axe=True, picture=True),
    State("390 large", 390, 844, large=True, both=True, axe=True, picture=True),
    State("200 %", 720, 450, scale=2),
    State("320", 320, 640),
    State("spacing", 1440, 900, spacing=True, stops=False),
    State("spacing 390", 390, 844, spacing=True, stops=False),
    State("forced colours", 1440, 900, forced=True),
    State("forced colours 390", 390, 844, forced=True),
)

BRIEF = (
    STATES[0],
    State("390", 390, 844, picture=True),
    STATES[3],
    State("320", 320, 640),
)
"""The states of a first look: what most defects show in, in less than half of the time."""
WITHOUT_SCRIPTS = (State("no script", 1440, 900), State("no script 390", 390, 844))
OLD = (STATES[0], STATES[3])
"""The states in which the oldest browser is tried."""
