"""Slots of keys on their way against the acts that opened and closed them, for ``log verify``.

Which key its holder has offered nobody signs before two administrators issue it: they compare its
short code with him. What was issued is compared with :mod:`kernel.acts.house.key_rows`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kernel.acts.deeds import Deed, agreed, deeds
from kernel.crypto.ids import parse_stamp, stamp
from kernel.identity.enrolments import LIFETIME
from kernel.identity.models import Enrolment
from kernel.storage.comparing import AT_ONCE, Found, Row, Step, differs, stretches, uncounted
from kernel.storage.database import snapshot

NAMES = {
    "person": ("持有人", "its holder"),
    "kind": ("种类", "its kind"),
    "label": ("插件名称", "its label"),
    "state": ("状态", "the state"),
    "expires": ("有效期", "until when it is open"),
}


def reconcile(step: Step = uncounted) -> Iterator[Found]:
    """Name slots that no act opened so, that are open longer, and settled by nobody or not."""
    found: list[Found] = []
    with snapshot():
        opened = {one.uid: one for one in deeds("house.open_enrolment")}
        cancelled = {str(one.params["enrolment"]) for one in deeds("house.cancel_enrolment")}
        issued = {str(one.params["public_key"]): two.at for one, two in agreed("house.issue_key")}
        seen, there = set[str](), set[str]()
        for rows in stretches(Enrolment):
            for row in rows:
                there.add(row["uid"])
                where, deed = f"enrolment {row['uid']}", opened.get(row["act"])
                if deed is None or row["act"] in seen:
                    found.append((where, _BY_NOBODY))
                    continue
                seen.add(row["act"])
                for name, value in _signed(row, deed, cancelled, issued).items():
                    if row[name] != value:
                        found.append((where, differs(NAMES[name], row[name], value)))
            step(len(rows))
        found += [(f"enrolment of act {uid}", _GONE) for uid in sorted(opened.keys() - seen)]
        found += [(f"enrolment {uid}", _GONE) for uid in sorted(cancelled - there)]
    yield from found


def _signed(row: Row, deed: Deed, cancelled: set[str], issued: dict[str, str]) -> dict[str, Any]:
    signed = {name: deed.params.get(name) for name in ("person", "kind", "label")}
    latest = stamp(parse_stamp(deed.at) + LIFETIME)
    if str(row["expires"]) > stamp(parse_stamp(latest) + AT_ONCE):
        signed["expires"] = latest
    if row["uid"] in cancelled:
        signed["state"] = "cancelled"
    elif row["offered"] is None:
        signed["state"] = "open"
    else:
        at = issued.get(row["public_key"])
        # One that was offered after it had been issued stays as it is: it is not issued again. The
        # clock by which it was offered may have been ahead.
        done = at is not None and (row["state"] == "issued" or str(row["offered"]) <= at)
        signed["state"] = "issued" if done else "offered"
    return signed


_BY_NOBODY = (
    "没有办理开通过这项登记，不能作数，请报安全保密管理员"
    " / was opened by no act: do not rely on it, tell the security administrator"
)
_GONE = (
    "由办理开通或取消的登记，库中没有，请从备份中找回"
    " / was opened or closed by an act, and its row is gone: look for it in a backup"
)
