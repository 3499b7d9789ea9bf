"""Which deliveries of a package an act of its sender reaches: all that wait, or chosen ones."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import peewee

from kernel.acts.models import Act
from kernel.errors import Invalid
from kernel.exchange.models import Delivery, Package
from kernel.identity.models import Unit


def awaited() -> peewee.Expression:
    """What nobody has signed for, while it counts: of any package."""
    still = (Delivery.state == "delivered") & (Delivery.claim == "")
    found: peewee.Expression = still & (Delivery.mark == "")
    return found


def waiting(package: Package, units: Sequence[str] = ()) -> peewee.Expression:
    """The deliveries that have still to be signed for, of these units or of all.

    What is void or replaced can be signed for, but need not be.
    """
    found = (Delivery.package == package.uid) & awaited()
    return found & Delivery.organ.in_(list(units)) if units else found


def units_of(deed: str) -> list[str]:
    """The recipients that a recall names; none for one of all, and for one from elsewhere, whose
    act is not here."""
    row = Act.get_or_none((Act.uid == deed) & (Act.verb == "exchange.recall"))
    params = {} if row is None else json.loads(bytes(row.bytes))["params"]
    return list(params.get("units") or ())


NAMED = 6
"""So many units are named in a sentence."""


def named(units: Iterable[str]) -> tuple[str, str]:
    """Units in words, in Chinese and in English, the first few by name."""
    codes = list(dict.fromkeys(units))
    found = {
        one.code: one.short_name or one.name for one in Unit.select().where(Unit.code.in_(codes))
    }
    names = [found.get(code, code) for code in codes[:NAMED]]
    more = len(codes) > NAMED
    return (
        "、".join(names) + (f"等 {len(codes)} 家" if more else ""),
        ", ".join(names) + (f" and {len(codes) - NAMED} more" if more else ""),
    )


def require_recipients(package: Package, units: Sequence[str]) -> None:
    """Refuse units that were not sent this package.

    :raises Invalid: ``exchange.not_recipient``.
    """
    sent = {
        row.organ for row in Delivery.select(Delivery.organ).where(Delivery.package == package.uid)
    }
    wrong = [unit for unit in units if unit not in sent]
    if wrong:
        raise Invalid(
            "exchange.not_recipient",
            f"此件没有发给这些单位：{'、'.join(wrong)}。请从收文单位中选择。",
            f"It was not sent to: {', '.join(wrong)}. Choose from its recipients.",
            field="units",
        )
