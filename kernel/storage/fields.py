"""The column types that peewee does not bring: moments in UTC, and readable JSON."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, overload

import peewee

from kernel.crypto.ids import stamp

if TYPE_CHECKING:
    from typing import TypeVar

    _V = TypeVar("_V", default=Any)

    class _TextField(peewee.TextField[_V]):
        """peewee's stubs are generic, its classes are not."""
else:

    class _TextField(peewee.TextField):
        @classmethod
        def __class_getitem__(cls, item: object) -> type:
            return cls

    _V = Any


class UTCField(_TextField[_V]):
    """A moment: aware ``datetime`` in code, ``2026-11-22T08:00:00.000Z`` in the store.

    The text sorts as the moments do, on every database. Milliseconds are kept, anything finer is
    cut off. A ``datetime`` without a time zone raises ValueError: that is a defect of the caller.
    """

    if TYPE_CHECKING:

        @overload
        def __new__(cls, *, null: Literal[True], **kwargs: object) -> UTCField[datetime | None]: ...
        @overload
        def __new__(cls, *, null: Literal[False] = ..., **kwargs: object) -> UTCField[datetime]: ...
        def __new__(cls, **kwargs: object) -> UTCField[Any]: ...

    def db_value(self, value: object) -> object:
        """The text for the store; texts (already stored form) pass unchanged."""
        return stamp(value) if isinstance(value, datetime) else value

    def python_value(self, value: str | None) -> datetime | None:
        """The aware moment for a stored text."""
        return None if value is None else datetime.fromisoformat(value)


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class JSONField(peewee.JSONField):
    """peewee's JSON column, written compactly and with Chinese as it is. Not for signed bytes."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(dumps=_dumps, **kwargs)


def stored_value(field: peewee.Field[Any], value: object) -> object:
    """What a driver is given for a value of this field, where peewee does not build the query."""
    if isinstance(field, JSONField):
        return None if value is None else _dumps(value)
    convert: Any = field.db_value
    return convert(value)
