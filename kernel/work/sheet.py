"""What is printed on the pages of one document, element by element (条例 art. 9, GB/T 9704-2012).

A sheet holds the finished text of every element and nothing else: who may issue it, who receives
it and what it means was decided before. The same sheet always gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, to_builtins
from msgspec.structs import fields

from kernel.errors import Invalid


class Attachment(Struct, frozen=True):
    """One attachment, on pages of its own behind the signature.

    A ``table`` has columns and rows (a row shorter than the columns spans its last cell over the
    rest); a ``text`` has paragraphs. Paragraphs of a table are printed under it as notes.
    """

    title: str
    kind: Literal["table", "text"] = "text"
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    paragraphs: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Attachment:
        """Read what :meth:`Sheet.to_json` wrote.

        :raises Invalid: ``workshop.sheet``.
        """
        known = _known(cls, data)
        for name in ("columns", "paragraphs"):
            known[name] = _texts(known.get(name, ()))
        known["rows"] = tuple(_texts(row) for row in _list(known.get("rows", ())))
        known.setdefault("title", "")
        if known.get("kind", "text") not in ("table", "text"):
            raise _wrong(f"kind {known['kind']!r}")
        return cls(**known)


class Sheet(Struct, frozen=True):
    """The elements of a document in the order of the page; an empty one is not printed."""

    title: str
    """发文机关 + 事由 + 文种, in one line; the workshop breaks it."""
    body: tuple[str, ...]
    """Plain paragraphs; the levels 一、（一）1.（1） are recognised (:mod:`kernel.work.levels`)."""
    issuer_banner: str = ""
    """The red head: 中共张掖市委办公室文件."""
    number: str = ""
    """市委办发〔2026〕91号; empty before the numbering: its place stays blank."""
    copy_number: str = ""
    """Six digits, for printed copies that are counted."""
    urgency: str = ""
    """特急 or 加急."""
    signer_name: str = ""
    """签发人, on documents that go upwards: several names parted by a space or 、."""
    main_recipients: str = ""
    """The whole line as text; a missing colon at its end is added."""
    attachment_note: tuple[str, ...] = ()
    """The names of the attachments as listed under the text."""
    signature: tuple[str, ...] = ()
    """The organ that signs; the seal stands on it and on the date."""
    issue_date: str = ""
    """2026年11月22日."""
    annotation: str = ""
    """附注; its brackets are added."""
    attachments: tuple[Attachment, ...] = ()
    cc: tuple[str, ...] = ()
    printing_organ: str = ""
    printing_date: str = ""
    layout: Literal["general"] = "general"
    demo: bool = False
    """A document of a demo node: every page says 演示文件."""

    def to_json(self) -> dict[str, Any]:
        """All elements as plain JSON values (lists, strings, booleans)."""
        return {name: _plain(value) for name, value in to_builtins(self).items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Sheet:
        """Read what :meth:`to_json` wrote; what is left out is empty.

        :raises Invalid: ``workshop.sheet`` when an element is unknown or of the wrong kind.
        """
        known = _known(cls, data)
        for name in ("body", "attachment_note", "signature", "cc"):
            known[name] = _texts(known.get(name, ()))
        known["attachments"] = tuple(
            Attachment.from_json(each) for each in _list(known.get("attachments", ()))
        )
        known.setdefault("title", "")
        if known.get("layout", "general") != "general":
            raise _wrong(f"layout {known['layout']!r}")
        return cls(**known)


def _known(cls: type[Sheet] | type[Attachment], data: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name: field.type for field in fields(cls)}
    if not isinstance(data, Mapping):
        raise _wrong(f"{data!r:.60}")
    for name, value in data.items():
        if name not in names:
            raise _wrong(name)
        if names[name] in (str, bool) and type(value) is not names[name]:
            raise _wrong(name)
    return dict(data)


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _texts(value: object) -> tuple[str, ...]:
    if not all(isinstance(each, str) for each in _list(value)):
        raise _wrong(f"list {value!r:.60}")
    return _list(value)


def _list(value: object) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise _wrong(f"list {value!r:.60}")
    return tuple(value)


def _wrong(what: str) -> Invalid:
    return Invalid(
        "workshop.sheet",
        f"版面数据有误（{what}），请按公文各要素重新填写。",
        f"The sheet is wrong ({what}); fill in the elements of the document again.",
    )
