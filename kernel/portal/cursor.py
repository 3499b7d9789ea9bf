"""Where a page of a list ended: the sort key and the id of its last row, made opaque."""

from __future__ import annotations

import base64
import json
from datetime import date, datetime

import peewee
from msgspec import Struct

from kernel.errors import Invalid
from kernel.storage.fields import UTCField


class Cursor(Struct, frozen=True):
    """Where the page before ended: the sort key and the id of its last row."""

    sort: str
    key: object
    uid: object

    def text(self) -> str:
        """Opaque, for ``?after=``."""
        return _encode([self.sort, _plain(self.key), self.uid])


def _plain(key: object) -> object:
    if isinstance(key, datetime):
        return {"datetime": key.isoformat()}
    return {"date": key.isoformat()} if isinstance(key, date) else key


def _encode(value: object) -> str:
    raw = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read_cursor(text: str) -> Cursor:
    """The cursor behind ``?after=``.

    :raises Invalid: ``lists.cursor`` when it is not one of ours.
    """
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        sort, key, uid = json.loads(raw)
        if isinstance(key, dict):
            ((kind, value),) = key.items()
            key = {"datetime": datetime, "date": date}[kind].fromisoformat(value)
        if not (isinstance(sort, str) and isinstance(uid, str | int)):
            raise ValueError(text)
        if not (key is None or isinstance(key, str | int | float | date)):
            raise ValueError(text)
        if not (_storable(key) and _storable(uid)):
            raise ValueError(text)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise lost() from error
    return Cursor(sort, key, uid)


def lost() -> Invalid:
    """The refusal of a place in a list that there is not."""
    return Invalid(
        "lists.cursor",
        "翻页地址不完整或已失效，请从列表首页重新翻页。",
        "The address of this page is incomplete or out of date; start from the first page.",
    )


def fits(column: object, value: object) -> bool:
    """Whether a column can be compared with it, on every database; what is no column is a text."""
    if not isinstance(column, peewee.Field):
        return isinstance(value, str)
    if isinstance(column, UTCField):
        return isinstance(value, datetime) and value.tzinfo is not None
    if isinstance(column, peewee.IntegerField):
        return isinstance(value, int) and not isinstance(value, bool)
    return not isinstance(column, peewee.CharField | peewee.TextField) or isinstance(value, str)


def _storable(value: object) -> bool:
    """Whether both databases can compare with it: no number beyond 64 bits, no NUL in a text."""
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= sign <= "\udfff" for sign in value)
    return not isinstance(value, int | float) or abs(value) < 2**63
