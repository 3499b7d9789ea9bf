"""Cards against the acts that entered them, for ``log verify``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kernel.api import comparing, deeds, snapshot
from plugins.contacts.models import Card

NAMES = {
    "phone": ("办公电话", "the phone"),
    "mobile": ("手机", "the mobile"),
    "room": ("办公地点", "the room"),
    "shared": ("是否对外", "whether other organs see it"),
    "changed": ("更新时间", "the time of the change"),
}


def reconcile(step: comparing.Step) -> Iterator[comparing.Found]:
    """Name cards that their holders entered otherwise or not at all, and such as are gone."""
    with snapshot():
        found = [*_compare()]
    yield from found
    step(Card.select().count())


def _compare() -> Iterator[comparing.Found]:
    last = {one.post: one for one in deeds.deeds("contacts.set_card")}
    words = deeds.words_of([one.uid for one in last.values()])
    rows = {row["post"]: row for row in comparing.rows_of(Card)}
    for post in sorted(rows.keys() | last.keys()):
        where = f"card of post {post}"
        if post not in last:
            yield where, _BY_NOBODY
        elif post not in rows:
            yield where, _GONE
        else:
            for name, value in _signed(rows[post], last[post], words).items():
                if rows[post][name] != value:
                    yield where, comparing.differs(NAMES[name], rows[post][name], value)


def _signed(
    row: comparing.Row, deed: deeds.Deed, words: dict[str, dict[str, str]]
) -> dict[str, Any]:
    signed: dict[str, Any] = {"shared": deed.params.get("shared")}
    if not comparing.near(row["changed"], deed.at):
        signed["changed"] = deed.at
    return signed | words.get(deed.uid, {})


_BY_NOBODY = (
    "没有本人填写过，不能作数，请报安全保密管理员"
    " / its holder never entered it: do not rely on it, tell the security administrator"
)
_GONE = (
    "本人填写过，库中却没有，请从备份中找回"
    " / was entered, and its row is gone: look for it in a backup"
)
