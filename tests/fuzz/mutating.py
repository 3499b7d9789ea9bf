"""Making bad input: changes of valid things, byte by byte, sign by sign and by their structure.

Every change is drawn from a seeded :class:`random.Random`; nothing here knows a parser.
"""

from __future__ import annotations

import random
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

Luck = random.Random
LARGEST = 1 << 16
"""Bytes of a changed input that is not larger than its sample: the bound of the work of one."""
NUMBERS = [
    *(0, 1, -1, 2, 7, 127, 128, 255, 256, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**32),
    *(2**53 - 1, 2**53, 2**63 - 1, 2**63, 2**64, -(2**31), -(2**63), -(2**63) - 1, 10**30, 10**400),
]
SIGNS = [
    *("\0", "\x07", "\x1b", "\x7f", "\x85", "\xa0", "\xad", "\u200b", "\u200d", "\u202e", "\u2028"),
    *("\ufeff", "\ufffd", "\uffff", "\U0001f600", "\U0010ffff", "\ud800", "\udfff", "e\u0301", "é"),
    *("ﬁ", "Ａ", "１", "²", "½", "٣", "ß", "İ", "ı", "\r", "\n", "\r\n", "\t", " ", "%00", "%ff"),
    *(
        "'",
        '"',
        "<",
        ">",
        "&",
        "{{7*7}}",
        "../",
        "\\",
        "；",
        "，",
        "★",
        "密",
        "机",
        "绝",
        "一、",
        "（",
    ),
    *("=1+1", "-", "--", "/*", "%", "_", "*", "NaN", "Infinity", "1e999", "0x10", "９", "〇", "㈠"),
]
WORDS = "关于做好值班工作的通知一二三十（）、。第条市委办发〔2026〕91号 秘密★1年 特急 a1 -"


def bytes_of(luck: Luck, data: bytes, others: Sequence[bytes] = ()) -> bytes:
    """The bytes with one to four changes; spliced with another sample now and then."""
    for _ in range(luck.choice((1, 1, 1, 2, 4))):
        data = luck.choice(_BYTES)(luck, data, luck.choice(others) if others else data)
    return data[: max(LARGEST, len(data) // 2)] if len(data) > 4 * LARGEST else data


def _place(luck: Luck, data: bytes) -> int:
    return luck.randrange(len(data) + 1)


def _flip(luck: Luck, data: bytes, _: bytes) -> bytes:
    if not data:
        return b"\x00"
    at = luck.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << luck.randrange(8))]) + data[at + 1 :]


def _overwrite(luck: Luck, data: bytes, _: bytes) -> bytes:
    at = _place(luck, data)
    new = luck.choice((b"\0", b"\xff", b"\x7f", b"\x80", luck.randbytes(1), luck.randbytes(4)))
    return data[:at] + new + data[at + len(new) :]


def _insert(luck: Luck, data: bytes, _: bytes) -> bytes:
    at = _place(luck, data)
    return data[:at] + luck.randbytes(luck.choice((1, 1, 2, 16))) + data[at:]


def _delete(luck: Luck, data: bytes, _: bytes) -> bytes:
    at = _place(luck, data)
    return data[:at] + data[at + luck.choice((1, 1, 2, 4, 32)) :]


def _double(luck: Luck, data: bytes, _: bytes) -> bytes:
    at, size = _place(luck, data), luck.choice((1, 8, 64, 1024))
    return data[:at] + data[at : at + size] * luck.choice((2, 3, 9)) + data[at + size :]


def _cut(luck: Luck, data: bytes, _: bytes) -> bytes:
    at = _place(luck, data)
    return luck.choice((data[:at], data[at:]))


def _splice(luck: Luck, data: bytes, other: bytes) -> bytes:
    at = _place(luck, data)
    there = luck.choice((at, _place(luck, other)))
    return data[:at] + other[there:]


def _move(luck: Luck, data: bytes, _: bytes) -> bytes:
    a, b, c = sorted(_place(luck, data) for _ in range(3))
    return data[:a] + data[b:c] + data[a:b] + data[c:]


def _number_in(luck: Luck, data: bytes, _: bytes) -> bytes:
    """A little number of two or four bytes becomes an extreme one."""
    at, size = _place(luck, data), luck.choice((1, 2, 4))
    value = luck.choice(NUMBERS) % (1 << 8 * size)
    return data[:at] + value.to_bytes(size, luck.choice(("little", "big"))) + data[at + size :]


_BYTES: list[Callable[[Luck, bytes, bytes], bytes]] = [
    _flip, _flip, _overwrite, _insert, _delete, _double, _cut, _splice, _move, _number_in,
]  # fmt: skip


def text_of(luck: Luck, text: str, others: Sequence[str] = ()) -> str:
    """The text with one to four changes, strange signs among them."""
    for _ in range(luck.choice((1, 1, 2, 4))):
        at, end = sorted(luck.randrange(len(text) + 1) for _ in range(2))
        other = luck.choice(others) if others else text
        text = luck.choice(
            (
                text[:at] + luck.choice(SIGNS) + text[at:],
                text[:at] + luck.choice(SIGNS) + text[at + 1 :],
                text[:at] + str(luck.choice(NUMBERS)) + text[at + 1 :],
                text[:at] + text[at + 1 :],
                text[:at] + text[at:end] * luck.choice((2, 3, 50)) + text[end:],
                text[:at],
                text[:at] + other[luck.randrange(len(other) + 1) :],
                text[at:] + text[:at],
            )
        )
    return text[:LARGEST]


def json_of(luck: Luck, value: Any, others: Sequence[Any] = ()) -> Any:
    """The JSON value with one to three changes of its members, kinds and numbers."""
    for _ in range(luck.choice((1, 1, 1, 2, 3))):
        other = luck.choice(others) if others else value
        value = _json(luck, value, other, luck.randrange(6))
    return value


def _json(luck: Luck, value: Any, other: Any, depth: int) -> Any:
    if depth and isinstance(value, dict) and value:
        key = luck.choice(sorted(value))
        there = other.get(key) if isinstance(other, dict) else other
        changed = {**value}
        what = luck.randrange(10)
        if what == 0:
            del changed[key]
        elif what == 1:
            changed[text_of(luck, key)] = changed.pop(key)
        elif what == 2:
            changed[luck.choice(("x", "", "密级", "v", key + "2"))] = anything(luck)
        else:
            changed[key] = _json(luck, value[key], there, depth - 1)
        return changed
    if depth and isinstance(value, list) and value:
        at, what = luck.randrange(len(value)), luck.randrange(6)
        if what == 0:
            return value[:at] + value[at + 1 :]
        if what == 1:
            return value[: at + 1] * 2 + value[at + 1 :]
        if what == 2:
            return luck.sample(value, len(value))
        return [*value[:at], _json(luck, value[at], other, depth - 1), *value[at + 1 :]]
    return _leaf(luck, value, other)


def _leaf(luck: Luck, value: Any, other: Any) -> Any:
    if luck.randrange(3) == 0:
        return anything(luck)
    if isinstance(value, bool):
        return luck.choice((not value, int(value), str(value)))
    if isinstance(value, int):
        return luck.choice(
            (*NUMBERS, value + 1, value - 1, bool(value), str(value), float(value % 2**53))
        )
    if isinstance(value, str):
        return luck.choice((text_of(luck, value), other, value.upper(), [value], {"": value}))
    return other


def anything(luck: Luck, depth: int = 3) -> Any:
    """Any JSON value, also such as cannot be written canonically."""
    what = luck.randrange(12 if depth else 9)
    if what == 9:
        return [anything(luck, depth - 1) for _ in range(luck.randrange(4))]
    if what == 10:
        return {text(luck, 6): anything(luck, depth - 1) for _ in range(luck.randrange(4))}
    if what == 11:
        return deep(luck)
    return (
        *(None, True, False, luck.choice(NUMBERS), luck.uniform(-1e9, 1e9), float("inf")),
        *(text(luck, 20), "", luck.choice(SIGNS)),
    )[what]


def deep(luck: Luck) -> Any:
    """Something in something in something."""
    value: Any = 1
    for _ in range(luck.choice((10, 63, 64, 65, 200, 400))):
        value = [value] if luck.randrange(2) else {"a": value}
    return value


def text(luck: Luck, most: int) -> str:
    """Up to so many signs, of our words or strange ones."""
    some = (
        luck.choice(SIGNS) if luck.randrange(4) == 0 else luck.choice(WORDS) for _ in range(most)
    )
    return "".join(list(some)[: luck.randrange(most + 1)])


def noise(luck: Luck, heads: Sequence[bytes] = (b"",)) -> bytes:
    """Free bytes: none, few, many, nothing but one of them; behind one of these beginnings."""
    size = luck.choice(
        (0, 1, 4, 40, 400, 4000, 40000) if luck.randrange(20) == 0 else (0, 3, 60, 400)
    )
    body = luck.choice((luck.randbytes(size), bytes([luck.randrange(256)]) * size))
    return luck.choice(heads) + body


def loose_json(luck: Luck, value: Any) -> bytes:
    """JSON as somebody else might write it: other spaces, escapes, order, keys twice."""
    import json

    form: dict[str, Any] = {"ensure_ascii": bool(luck.randrange(2))}
    if luck.randrange(2):
        form["separators"] = (",", ":")
    data = json.dumps(value, sort_keys=bool(luck.randrange(2)), **form).encode(
        "utf-8", "surrogatepass"
    )
    what = luck.randrange(8)
    if what == 0:
        return b"[" * 5000 + data
    if what == 1 and data.startswith(b"{") and len(data) > 2:
        return b"{" + data[1:-1] + b"," + data[1:]
    return data


def kin(luck: Luck, value: Any) -> Any:
    """Another value of the same kind: a time for a time, a digest for a digest, a number near."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return luck.choice((value + 1, value - 1, 0, -1, 1, value * 2, luck.choice(NUMBERS)))
    if isinstance(value, list):
        return luck.choice(
            ([], value * 2, value[:-1], value[::-1], [*value, value[0]] if value else [""])
        )
    if isinstance(value, dict):
        return {} if luck.randrange(4) == 0 or not value else kin_json(luck, value)
    if not isinstance(value, str):
        return luck.choice(("", {}, [], 0, False, "x"))
    if _STAMP.fullmatch(value):
        days = luck.choice((-900, -1, -0.01, -0.00001, 0.00001, 0.01, 1, 40, 4000))
        moment = datetime.fromisoformat(value[:-1]) + timedelta(days=days)
        return moment.isoformat(timespec="milliseconds") + luck.choice(("Z", "Z", "Z", "z", ""))
    if _HEX.fullmatch(value):
        other = value[:-1] + ("0" if value[-1] != "0" else "1")
        return luck.choice((other, value[:-2], value.upper(), value + "00"))
    if _UUID.fullmatch(value):
        return luck.choice((value[:-1] + "0", value[:14] + "4" + value[15:], value.upper()))
    raw = _from_base64(value)
    if raw:
        return b64encode(bytes_of(luck, raw)).decode()
    return luck.choice(("", value + "x", value[:-1], value * 200, text_of(luck, value)))


def kin_json(luck: Luck, value: Any) -> Any:
    """The JSON value with one or two members exchanged for others of their kind."""
    for _ in range(luck.choice((1, 1, 1, 2))):
        value = _with_kin(luck, value)
    return value


def _with_kin(luck: Luck, value: Any) -> Any:
    if isinstance(value, dict) and value and luck.randrange(8):
        key = luck.choice(sorted(value))
        return {**value, key: _with_kin(luck, value[key])}
    if isinstance(value, list) and value and luck.randrange(3):
        at = luck.randrange(len(value))
        return [*value[:at], _with_kin(luck, value[at]), *value[at + 1 :]]
    return kin(luck, value) if not isinstance(value, dict) or not value else {**value, "x": 1}


def _from_base64(text: str) -> bytes:
    try:
        return b64decode(text, validate=True) if len(text) >= 16 else b""
    except ValueError:
        return b""


_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_HEX = re.compile(r"(sha256:)?[0-9a-f]{64}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
