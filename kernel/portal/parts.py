"""What the macros of ``ui.html`` are given: small frozen values, filled by pages."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from msgspec import Struct, field

from kernel.portal.i18n import Lazy, _l

ReceiptState = Literal[
    "waiting", "delivered", "read", "overdue", "signed", "done", "returned", "recalled", "failed"
]

TAGS = (_l("特提"), _l("特急"), _l("加急"), _l("平急"), _l("平件"), _l("未读"), _l("超时"))
"""Tags that ``ui.tag`` puts into the language of the page; others are shown as they are."""

_RECEIPTS: dict[ReceiptState, tuple[str, Lazy]] = {
    "waiting": ("wait", _l("待送达")),
    "delivered": ("wait", _l("未签收")),
    "read": ("read", _l("已阅未签")),
    "overdue": ("late", _l("逾期未签收")),
    "signed": ("signed", _l("已签收")),
    "done": ("done", _l("已办结")),
    "returned": ("off", _l("已退回")),
    "recalled": ("gone", _l("已撤回")),
    "failed": ("off", _l("投递失败")),
}


class TaskRow(NamedTuple):
    """One row of the task table (``ui.task_table``)."""

    uid: str
    title: str
    href: str
    meta: str = ""
    """Category, number and sender in one line (收文 · 江委办明电〔2026〕31号 · 市委办公室)."""
    step: str = ""
    person: str = ""
    """Who sent it."""
    at: datetime | None = None
    due: datetime | None = None
    tags: tuple[str, ...] = ()
    """``特急``, ``加急``, ``未读`` have their own look; others are plain."""
    unread: bool = False


class Tab(Struct, frozen=True):
    """One tab (``ui.tabs``); tabs are links, each with its own address."""

    label: str
    href: str
    current: bool = False
    count: int | None = None


class Star(Struct, frozen=True):
    """The button 收藏 of an object (``ui.star``). :ivar on: whether it is starred."""

    kind: str
    uid: str
    on: bool
    back: str
    """The page on which it stands."""


class Receipt(Struct, frozen=True):
    """What one recipient has done with a document so far."""

    unit: str
    state: ReceiptState
    short: str = ""
    person: str = ""
    at: datetime | None = None
    note: str = ""

    @property
    def name(self) -> str:
        """The short name, where there is one."""
        return self.short or self.unit

    @property
    def look(self) -> str:
        """The class of its square: wait, read, late, signed, done, off, gone."""
        return _RECEIPTS[self.state][0]

    @property
    def label(self) -> Lazy:
        """The state in words."""
        return _RECEIPTS[self.state][1]


class ReceiptBook(Struct, frozen=True):
    """All receipts of one dispatch (``ui.receipts``)."""

    items: tuple[Receipt, ...]

    @property
    def total(self) -> int:
        """How many units it was sent to."""
        return len(self.items)

    @property
    def signed(self) -> int:
        """How many have signed for it."""
        return sum(item.look in ("signed", "done") for item in self.items)

    @property
    def missing(self) -> list[Receipt]:
        """Who has still to sign for it."""
        return [item for item in self.items if item.look in ("wait", "read", "late")]

    @property
    def overdue(self) -> list[Receipt]:
        """Who should have signed for it by now."""
        return [item for item in self.items if item.state == "overdue"]

    @property
    def recalled(self) -> list[Receipt]:
        """From whom it was taken back."""
        return [item for item in self.items if item.state == "recalled"]

    @property
    def refused(self) -> list[Receipt]:
        """Who sent it back."""
        return [item for item in self.items if item.state == "returned"]


class SealLine(Struct, frozen=True):
    """What the verification of a seal found (``ui.sealed_line``)."""

    valid: bool
    unit: str
    at: datetime | None = None
    demo: bool = False
    custody: str = ""
    """The level of custody in words, where it matters (L0 演示)."""
    reason: str = ""
    """Why it does not hold."""
    checked: tuple[str, ...] = ()
    """What was looked at, in sentences."""
    how: str = ""
    """Where it is said how anybody can check it himself."""


class PageImage(Struct, frozen=True):
    """One page of a fixed-layout file (``ui.page_images``); width and height in pixels."""

    src: str
    width: int = 1190
    height: int = 1684
    alt: str = ""


class Phrase(Struct, frozen=True):
    """A usual sentence above the comment box."""

    text: str
    label: str = ""


class Confirm(Struct, frozen=True):
    """An act as its person sees it before signing (``ui.confirm``)."""

    title: str
    facts: tuple[tuple[str, str | tuple[str, ...]], ...]
    action: str
    """Where the signature is posted to."""
    digest: str = ""
    """SHA-256 of the bytes to be signed, in hex."""
    consequence: str = ""
    """What follows (盖章后正文不可修改。)."""
    hidden: dict[str, str] = field(default_factory=dict)
    submit: str = ""
    back: str = ""
    dangerous: bool = False
