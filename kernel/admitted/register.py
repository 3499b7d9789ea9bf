"""The founding register: each unit, tie, group, person and post as it was founded, all columns.

It is a text of the act ``house.genesis``: the node signs its salted digest, and the text, which
holds names, is kept beside the act as any private text is. No act changes a column of it later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import peewee
from msgspec import Struct

from kernel.acts.deeds import Deed
from kernel.acts.models import ActPrivate
from kernel.acts.preimages import opens
from kernel.crypto import canonical
from kernel.errors import OfficeError
from kernel.identity.models import Post, Unit, UnitGroup, UnitTie
from kernel.seals.models import Seal
from kernel.storage.comparing import rows_of

FORMAT = "juyan-register-1"
TEXT = "register"
"""The parameter of the founding act."""
OWN = ("id", "language", "text_size", "created")
"""Columns that are not in it: numbers of rows, what each person sets for himself, and when a row
was made, which nothing reads."""
Columns = dict[str, Any]


class Register(Struct, frozen=True):
    """What was founded, each row by what names it.

    :ivar units: by code. :ivar ties: the same under ``unit > to (kind)``. :ivar groups: by name.
    :ivar people, posts: by uid. :ivar keys, seals: by uid, each with the digest of its statement.
    :ivar series: the first number of each series of numbers that goes on after numbers on paper, by
        its name; None where the founding did not say it.
    """

    units: dict[str, Columns]
    ties: dict[str, Columns]
    groups: dict[str, Columns]
    people: dict[str, Columns]
    posts: dict[str, Columns]
    keys: dict[str, str]
    seals: dict[str, str]
    series: dict[str, int] | None = None


def write(
    units: Sequence[Unit],
    ties: Sequence[UnitTie],
    groups: Sequence[UnitGroup],
    posts: Sequence[Post],
    statements: Sequence[bytes],
    seals: Sequence[Seal],
    series: Mapping[str, int],
) -> str:
    """The register of rows that are about to be saved, as canonical JSON.

    :param statements: of the keys that are issued at the founding. :param series: the first number
        of each series that goes on after numbers on paper, under ``<organ>/<name>/<year>``.
    """
    keys = {canonical.loads(said)["credential"]: canonical.digest(said) for said in statements}
    facts = {
        "format": FORMAT,
        "units": [_columns(one) for one in units],
        "ties": [_columns(one) for one in ties],
        "groups": [_columns(one) for one in groups],
        "people": [_columns(one.person) for one in posts],
        "posts": [
            _columns(one) | {"person": one.person.uid, "unit": one.unit.code} for one in posts
        ],
        "keys": keys,
        "seals": {one.uid: canonical.digest(bytes(one.statement)) for one in seals},
        "series": dict(series),
    }
    return canonical.dumps(facts).decode()


def read(text: str) -> Register | None:
    """A register from its text; None for what is none."""
    try:
        facts = canonical.loads(text.encode())
        if facts["format"] != FORMAT:
            return None
        return Register(
            {one["code"]: one for one in facts["units"]},
            {tie_name(one): one for one in facts["ties"]},
            {one["name"]: one for one in facts["groups"]},
            {one["uid"]: one for one in facts["people"]},
            {one["uid"]: one for one in facts["posts"]},
            dict(facts["keys"]),
            dict(facts["seals"]),
            facts.get("series"),
        )
    except (OfficeError, KeyError, TypeError, ValueError, AttributeError):
        return None


def kept(founding: Deed) -> Register | None:
    """The register that this act signed; None where the text that is kept is not the signed one."""
    signed = founding.params.get(TEXT)
    commitment = signed.get("salted", "") if isinstance(signed, dict) else ""
    mine = (ActPrivate.act == founding.uid) & (ActPrivate.name == TEXT)
    texts = [row["text"] for row in rows_of(ActPrivate, where=[mine]) if opens(row, commitment)]
    return read(texts[0]) if texts else None


def is_older(founding: Deed) -> bool:
    """Whether the node was founded by a version that signed no register."""
    return TEXT not in founding.params


def tie_name(tie: Columns) -> str:
    """What names a tie: both units and its kind."""
    return f"{tie['unit']} > {tie['to']} ({tie['kind']})"


def _columns(row: peewee.Model) -> Columns:
    meta: Any = row._meta
    return {
        field.name: row.__data__.get(field.name)
        for field in meta.sorted_fields
        if field.name not in OWN
    }
