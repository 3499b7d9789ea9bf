"""The envelope and the metadata of a package: which keys there are and what they may hold.

The envelope names sender, recipients and deadlines and the digests of the content, so that the
person who signs the dispatch signs all of it. Metadata are the core elements of GB/T 33480-2016.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kernel.crypto.canonical import is_digest
from kernel.crypto.ids import parse_stamp
from kernel.deferred import pattern
from kernel.errors import Invalid
from kernel.exchange.refusals import ALGORITHM, CLASSIFIED, ENVELOPE, EXPIRED, PackageRefused

FORMAT = "GWJH-1"
SUITE = "intl-1"
KINDS = ("dispatch", "recall", "void", "supersede", "reminder", "deadline", "feedback", "resend")
ROLES = ("主送", "抄送")
URGENCIES = ("", "平件", "平急", "加急", "特急", "特提")
METADATA = (
    *("公文标识", "文种", "份号", "密级和保密期限", "紧急程度", "发文机关标志", "发文字号"),
    *("签发人", "标题", "主送机关", "附件说明", "发文机关或签发人署名", "成文日期", "附注"),
    *("抄送机关", "印发机关", "印发日期", "发布层次"),
)
"""GB/T 33480-2016, 4.1 to 4.18; other elements carry a prefix: ``juyan:phase``."""

MOST_ELEMENTS, LONGEST_NAME, LONGEST_ELEMENT, LONGEST_LIST = 100, 100, 20_000, 1_000
"""Of metadata: how many, and of how many characters; an element of another profile may be a list
of texts, and one of so many."""

_UUID7 = pattern(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_TYPE = pattern(r"[a-z][a-z_]*\.[a-z][a-z_]*")
_PREFIXED = pattern(r"[a-z][a-z0-9_]*:\S+")
_COLUMNS = ("标题", "发文字号")
"""What lists show."""
_OPEN = ("", "无", "none", None)


def is_document(envelope: Mapping[str, Any]) -> bool:
    """Whether the package carries a document (``documents.*``): a sealed body is then required."""
    return str(envelope["type"]).startswith("documents.")


def check_envelope(envelope: object) -> None:
    """Refuse an envelope that lacks a key, has one too many, or a value out of its range.

    :raises PackageRefused: 200, 204 (a deadline before it was made), 214 (suite), 217 (classified).
    """
    if not isinstance(envelope, dict):
        raise PackageRefused(ENVELOPE, "envelope")
    if envelope.get("classification") != "none":
        raise PackageRefused(CLASSIFIED, "classification")
    _check_keys(envelope, _RULES, "envelope")
    if envelope["suite"] != SUITE:
        raise PackageRefused(ALGORITHM, "suite")
    if envelope["kind"] != "dispatch" and envelope["refers_to"] is None:
        raise PackageRefused(ENVELOPE, "refers_to")
    units = [recipient["unit"] for recipient in envelope["recipients"]]
    if len(set(units)) != len(units):
        raise PackageRefused(ENVELOPE, "recipients")
    # Stamps have one spelling, so that they sort as text.
    if any((envelope[name] or "9") < envelope["created_at"] for name in ("sign_by", "do_by")):
        raise PackageRefused(EXPIRED, "deadline")


def check_metadata(metadata: object) -> None:
    """Refuse unknown elements, values without bounds and anything that is marked as classified.

    Elements of the standard are texts; others may be a text, a number or a list of texts.

    :raises PackageRefused: 200 or 217.
    """
    if not isinstance(metadata, dict) or len(metadata) > MOST_ELEMENTS:
        raise PackageRefused(ENVELOPE, "metadata")
    for key, value in metadata.items():
        if ("密级" in key or "classification" in key) and value not in _OPEN:
            raise PackageRefused(CLASSIFIED, key)
        if key not in METADATA and not _PREFIXED.fullmatch(key):
            raise PackageRefused(ENVELOPE, key)
        if len(key) > LONGEST_NAME or not _element(key, value):
            raise PackageRefused(ENVELOPE, key[:LONGEST_NAME])


def _element(key: str, value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= (500 if key in _COLUMNS else LONGEST_ELEMENT)
    if value is None or key in METADATA:
        return value is None
    if isinstance(value, list):
        return len(value) <= LONGEST_LIST and all(map(_text, value))
    return _count(value)


def _check_keys(value: object, rules: Mapping[str, Callable[[Any], bool]], where: str) -> None:
    if not isinstance(value, dict) or value.keys() != rules.keys():
        raise PackageRefused(ENVELOPE, where)
    for key, holds in rules.items():
        if not holds(value[key]):
            raise PackageRefused(ENVELOPE, f"{where}.{key}")


def _text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 500


def _uuid(value: object) -> bool:
    return isinstance(value, str) and _UUID7.fullmatch(value) is not None


def _count(value: object) -> bool:
    return type(value) is int and 0 <= value <= 1_000_000


def _time(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(parse_stamp(value))
    except Invalid:
        return False


def _optional(rule: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or rule(value)


def _one_of(*values: object) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in values


def _type(value: object) -> bool:
    return isinstance(value, str) and _TYPE.fullmatch(value) is not None


def _sender(value: object) -> bool:
    _check_keys(value, {key: _text for key in ("unit", "name", "office", "person")}, "sender")
    return True


def _recipients(value: object) -> bool:
    if not isinstance(value, list) or not value:
        return False
    for recipient in value:
        rules = {"unit": _text, "role": _one_of(*ROLES), "copies": _count}
        _check_keys(recipient, rules, "recipients")
    return True


def _content(value: object) -> bool:
    return isinstance(value, dict) and all(map(is_digest, value.values()))


_RULES: dict[str, Callable[[Any], bool]] = {
    "format": _one_of(FORMAT),
    "suite": _text,
    "msg_id": _uuid,
    "kind": _one_of(*KINDS),
    "refers_to": _optional(_uuid),
    "sender": _sender,
    "recipients": _recipients,
    "urgency": _one_of(*URGENCIES),
    "sign_by": _optional(_time),
    "do_by": _optional(_time),
    "classification": _text,
    "type": _type,
    "schema": _count,
    "policy_id": _text,
    "created_at": _time,
    "content": _content,
}
