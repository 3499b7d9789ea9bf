"""Canonical JSON (RFC 8785), digests, and salted commitments of personal data.

Whatever is signed is written here. Text that is not NFC is refused and never normalised, because
a normalised text is no longer the one that the person saw. Floats are refused, because money and
counts are whole numbers in this house.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import json
import secrets
import unicodedata
from collections.abc import Callable
from typing import Any

import rfc8785
from msgspec import Struct

from kernel.deferred import pattern
from kernel.errors import Invalid, Unverified

SALT_BYTES = 16
_DEPTH = 64
_MAX_INT = 2**53 - 1
_DIGEST = pattern(r"sha256:[0-9a-f]{64}")
# The encoder in C writes what RFC 8785 wants, as long as there are no floats, and keys sort by code
# points as they do by UTF-16 units: that is, beyond the BMP no longer.
_encoder = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, sort_keys=True, separators=(",", ":")
)


def _made_once() -> Callable[[Any], str]:
    """The encoder in C, which ``encode`` would build anew for each value."""
    # The same arguments as JSONEncoder.iterencode gives; elsewhere than in CPython it is None.
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return _encoder.encode
    separators = (_encoder.key_separator, _encoder.item_separator)
    write = make(
        *(None, _encoder.default, json.encoder.encode_basestring, None, *separators),
        *(_encoder.sort_keys, _encoder.skipkeys, _encoder.allow_nan),
    )
    return lambda value: "".join(write(value, 0))


_encode = _made_once()


class Salted(Struct, frozen=True):
    """A commitment that enters signed bytes, and its preimage that does not."""

    commitment: str
    """``sha256:<hex>`` over salt and text."""
    salt: str
    """Base64 of the 16 random bytes."""
    text: str


def dumps(value: Any) -> bytes:
    """The one byte form of a JSON value (RFC 8785).

    :raises Invalid: ``canonical.float``, ``canonical.integer`` (beyond 2^53 - 1),
        ``canonical.text`` (not NFC, lone surrogates), ``canonical.key``, ``canonical.depth``,
        ``canonical.kind`` (not a JSON value).
    """
    _check(value, 0)
    text = _encode(value)
    return rfc8785.dumps(value) if _beyond_bmp(text) else text.encode("utf-8")


def loads(data: bytes) -> Any:
    """Read canonical JSON; anything that :func:`dumps` would write otherwise is refused.

    :raises Invalid: ``canonical.json`` when it is not JSON at all, ``canonical.form`` when the
        bytes are another form of the value (spaces, order, escapes, duplicate keys), else the
        codes of :func:`dumps`.
    """
    try:
        text = data.decode("utf-8")
        value = _decode(text)
    except (ValueError, RecursionError) as error:
        raise _invalid("json", "内容不是规范的 JSON", "this is not JSON") from error
    # A key that occurs twice shows here too: only one of the two is written again.
    if not _is_surely_canonical(value, text) and dumps(value) != data:
        raise _invalid("form", "JSON 不是规范形式（RFC 8785）", "the JSON is not canonical")
    return value


def digest(data: bytes) -> str:
    """``sha256:<hex>`` of the bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def is_digest(text: object) -> bool:
    """Whether this is the text form of a digest: ``sha256:`` and 64 lower-case hex digits."""
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None


def b64(data: bytes) -> str:
    """Standard base64 in one line."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def unb64(text: object) -> bytes:
    """Read base64; only the spelling that :func:`b64` writes is taken.

    :raises Invalid: ``canonical.base64``.
    """
    try:
        data = binascii.a2b_base64(text) if isinstance(text, str) else None
    except ValueError:
        data = None
    # Two texts can stand for the same bytes: there are spare bits at the end, and strange
    # characters are passed over.
    if data is None or binascii.b2a_base64(data, newline=False).decode("ascii") != text:
        raise _invalid("base64", "Base64 编码不规范", "the base64 text is not well formed")
    return data


def salted(text: str, salt: bytes | None = None) -> Salted:
    """Commit to a text (an opinion, a reason, a name) that may have to be erased one day.

    :param salt: 16 bytes; random unless given.
    :raises Invalid: ``canonical.text`` for text that is not NFC.
    """
    _check(text, 0)
    salt = secrets.token_bytes(SALT_BYTES) if salt is None else salt
    if len(salt) != SALT_BYTES:
        raise ValueError("a salt has 16 bytes")
    return Salted(digest(salt + text.encode("utf-8")), b64(salt), text)


def check_salted(commitment: str, salt: str, text: str) -> None:
    """Compare a preimage with its commitment.

    :param salt: base64.
    :raises Unverified: ``canonical.salted``.
    """
    raw = unb64(salt)
    actual = digest(raw + text.encode("utf-8", "surrogatepass"))
    said = commitment.encode("utf-8", "surrogatepass")
    if len(raw) != SALT_BYTES or not hmac.compare_digest(actual.encode(), said):
        raise Unverified(
            "canonical.salted",
            "文字与签名中的摘要不一致，请核对原文。",
            "The text does not match the digest that was signed; check the original.",
        )


def _float(_: str) -> None:
    raise _invalid("float", "签名内容里不能有小数", "floats cannot be signed")


def _integer(text: str) -> int:
    value = int(text)
    if not -_MAX_INT <= value <= _MAX_INT:
        _check(value, 0)
    return value


_decoder = json.JSONDecoder(parse_float=_float, parse_int=_integer, parse_constant=_float)
_scan: Any = _decoder.scan_once  # type: ignore[attr-defined]  # the stubs leave it out


def _decode(text: str) -> Any:
    try:
        value, end = _scan(text, 0)
        if end == len(text):
            return value
    except StopIteration:
        pass
    return _decoder.decode(text)  # with spaces around it, or it says what is wrong


def _beyond_bmp(text: str) -> bool:
    return not text.isascii() and len(text.encode("utf-16-le")) > 2 * len(text)


def _is_surely_canonical(value: Any, text: str) -> bool:
    """The quick answer for nearly everything; where it is no, :func:`dumps` must decide.

    Text is in normal form C where all of the JSON is: nothing composes with a quote or a backslash.
    """
    if text.count("[") + text.count("{") > _DEPTH and not _is_flat(value, _DEPTH):
        return False
    if not text.isascii() and (_beyond_bmp(text) or not unicodedata.is_normalized("NFC", text)):
        return False
    return _encode(value) == text


def _is_flat(value: Any, depth: int) -> bool:
    """Whether no more than so many containers stand one in the other."""
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return True
    inner = (item for item in value if isinstance(item, dict | list))
    return depth > 0 and all(_is_flat(item, depth - 1) for item in inner)


def _check(value: object, depth: int) -> None:
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        if not value.isascii():
            _check_text(value)
    elif isinstance(value, int):
        if not -_MAX_INT <= value <= _MAX_INT:
            raise _invalid("integer", "整数超出范围", "an integer is out of range")
    elif isinstance(value, float):
        _float("")
    else:
        _check_container(value, depth)


def _check_container(value: object, depth: int) -> None:
    if depth >= _DEPTH:
        raise _invalid("depth", "JSON 嵌套过深", "the JSON is nested too deeply")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise _invalid("key", "JSON 的键必须是文字", "a JSON key must be text")
            if not key.isascii():
                _check_text(key)
            # What nearly everything is, without a call for each.
            if type(item) is not str or not item.isascii():
                _check(item, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            _check(item, depth + 1)
    else:
        kind = type(value).__name__
        raise _invalid("kind", f"{kind} 不是 JSON 值", f"{kind} is not a JSON value")


def _check_text(text: str) -> None:
    if text.isascii():
        return
    if not unicodedata.is_normalized("NFC", text) or any("\ud800" <= c <= "\udfff" for c in text):
        raise _invalid("text", "文字不是 NFC 规范形式", "the text is not in normal form NFC")


def _invalid(reason: str, zh: str, en: str) -> Invalid:
    advice = ("请由生成方按规范重新生成。", "have its producer write it again by the rules.")
    return Invalid(f"canonical.{reason}", f"{zh}，{advice[0]}", f"{en}; {advice[1]}".capitalize())
