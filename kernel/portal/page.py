"""What every page of the portal is told: ``page`` in the templates.

The gate of a request fills one :class:`Page`; templates and macros read it. All of it is plain
data, so that a page can be drawn in a test without a node.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from msgspec import Struct, field

Size = Literal["normal", "large"]
Mood = Literal["ok", "info", "warn", "danger"]


class Brand(Struct, frozen=True):
    """Whose portal it is: the unit mark and the names in the top bar."""

    product: str
    """The name of the product under the unit's name."""
    unit: str
    """The full name of the organ (中共张掖市委办公室)."""
    short: str = ""
    """Its short name, for narrow screens; the full name where empty."""
    mark: str = ""
    """Up to four characters for the square mark; the beginning of the short name where empty."""
    support: str = ""
    """Whom to ask for help (``技术服务：内线 6123``)."""
    logo: str = ""
    """The address of a picture that stands in place of the mark."""

    @property
    def mark_lines(self) -> tuple[str, ...]:
        """The mark in one or two lines of two characters."""
        text = (self.mark or self.short or self.unit)[:4]
        return tuple(text[i : i + 2] for i in range(0, len(text), 2))


class OtherDesk(Struct, frozen=True):
    """Another desk of the same person, to switch to."""

    post: str
    """uid of the post, or ``delegation:<uid>``."""
    label: str
    """How it is named in the menu (``市委督查室 · 科员``)."""


class PageDesk(Struct, frozen=True):
    """The desk at which the person works, as the page names it."""

    person: str
    post: str
    """Title of the post (科员, 主任)."""
    unit: str
    """The section or unit of the post."""
    organ: str
    organ_short: str = ""
    others: tuple[OtherDesk, ...] = ()
    acting: str = ""
    """At a desk in somebody else's name: the sentence that says so on every page."""
    own: str = ""
    """The post to which he goes back from there."""


class MenuItem(NamedTuple):
    """One link of the side navigation or of the tab bar."""

    label: str
    href: str
    icon: str = "file-text"
    count: int = 0  # type: ignore[assignment]  # nobody asks a menu entry for tuple's method
    current: bool = False
    alert: bool = False
    """Whether the count is a warning (overdue things)."""
    note: str = ""
    """What is counted, for screen readers (``件待签收``)."""


class MenuGroup(NamedTuple):
    """Links under one heading; a group without a title comes first, without a heading."""

    title: str
    items: tuple[MenuItem, ...]


class Message(Struct, frozen=True):
    """One sentence after an act (已签收，时间已回传发文单位。), with a way on if there is one."""

    kind: Mood
    text: str
    href: str = ""
    label: str = ""


class Links(Struct, frozen=True):
    """Where the fixed controls of the frame lead."""

    home: str = "/"
    search: str = "/search"
    messages: str = "/me/notices"
    help: str = "/help"
    display: str = "/me/display"
    """POST ``size`` or ``language``, with ``next``."""
    switch: str = "/me/desk"
    """POST ``post`` (uid)."""
    sign_out: str = "/logout"
    """POST."""
    sign_in: str = "/login"
    """The login page, leading back here."""
    feedback: str = "/feedback"
    profile: str = ""
    """Own settings and phrases; no entry in the menu where empty."""


class Page(Struct, frozen=True):
    """The frame of one page."""

    title: str
    brand: Brand
    desk: PageDesk | None = None
    """None before sign-in."""
    menu: tuple[MenuGroup, ...] = ()
    tab_bar: tuple[MenuItem, ...] = ()
    """At most five links at the bottom of a phone."""
    messages: tuple[Message, ...] = ()
    unread: int = 0
    live: str = ""
    at: str = ""
    """What the bell knows (an event id); empty where nothing on the page changes by itself."""
    popup: bool = False
    """Whether notices may come up on this person's screen."""
    query: str = ""
    """What stands in the search box."""
    here: str = "/"
    """Path and query of this page, to come back to after a change of size or language."""
    demo: bool = False
    held: bool = False
    """Whether the node signs nothing for now; see :mod:`kernel.acts.hold`."""
    language: str = "zh"
    size: Size = "normal"
    links: Links = field(default_factory=Links)

    @property
    def html_language(self) -> str:
        """The value of the ``lang`` attribute."""
        return "en" if self.language.startswith("en") else "zh-CN"
