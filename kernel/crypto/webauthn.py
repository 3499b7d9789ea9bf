"""Assertions of security keys, checked from their bytes alone (W3C Web Authentication 2, § 7.2).

What a security key signs is ``authenticator data ‖ SHA-256(client data)``. The client data, written
by the browser, names the challenge and the origin; the authenticator data says for which site the
key spoke and whether it verified its owner (by PIN or finger). The challenge of an act is
:func:`challenge_of` its bytes, so that an assertion holds for these bytes and no others.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from msgspec import Struct

from kernel.crypto.canonical import b64, dumps, loads, unb64
from kernel.crypto.deferred import serialization
from kernel.errors import Unverified

TAG = b"juyan-act\x00"
"""What stands before the bytes of an act when its challenge is computed."""
ALGORITHMS = ("ES256", "EdDSA")
"""ECDSA on P-256 with SHA-256, and Ed25519 (RFC 9053)."""
BINDING = frozenset({"alg", "credential_id", "rp_id", "origins"})
"""What a credential statement says of a security key beyond its public key: the algorithm, the
key's own name for itself (base64), the site (RP ID) and the origins that it may sign for."""
PRESENT, VERIFIED, ATTESTED, EXTENDED = 0x01, 0x04, 0x40, 0x80
_SHORTEST = 37
PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


class SecurityKey(Struct, frozen=True):
    """A security key as its credential statement describes it."""

    public_key: PublicKey
    credential_id: bytes
    rp_id: str
    origins: tuple[str, ...]


class Assertion(Struct, frozen=True):
    """What the browser brought from the key."""

    authenticator_data: bytes
    client_data: bytes
    signature: bytes

    @property
    def counter(self) -> int:
        """How often the key has signed, as it says; 0 for keys that do not count."""
        return int.from_bytes(self.authenticator_data[33:37], "big")

    def to_bytes(self) -> bytes:
        """The form in which a record carries it: canonical JSON of the three in base64."""
        return dumps(
            {
                "authenticator_data": b64(self.authenticator_data),
                "client_data": b64(self.client_data),
                "signature": b64(self.signature),
            }
        )


def read_assertion(value: bytes) -> Assertion:
    """Read what :meth:`Assertion.to_bytes` wrote.

    :raises Invalid: ``canonical.*``. :raises Unverified: ``webauthn.form``.
    """
    fields = loads(value)
    names = ("authenticator_data", "client_data", "signature")
    if not isinstance(fields, dict) or set(fields) != set(names):
        raise malformed()
    return Assertion(*(unb64(fields[name]) for name in names))


def challenge_of(data: bytes) -> bytes:
    """The challenge of an act: SHA-256 over :data:`TAG` and its bytes."""
    return hashlib.sha256(TAG + data).digest()


def security_key(public_key: str, binding: object) -> SecurityKey:
    """The key that a statement speaks of.

    :param public_key: base64 of the SubjectPublicKeyInfo. :param binding: see :data:`BINDING`.
    :raises Unverified: ``webauthn.form``, ``webauthn.key``. :raises Invalid: ``canonical.base64``.
    """
    if not isinstance(binding, dict) or set(binding) != BINDING:
        raise malformed()
    origins = binding["origins"]
    if not isinstance(origins, list) or not origins or not isinstance(binding["rp_id"], str):
        raise malformed()
    if not all(isinstance(one, str) for one in origins):
        raise malformed()
    return SecurityKey(
        public_key=load_key(public_key, binding["alg"]),
        credential_id=unb64(binding["credential_id"]),
        rp_id=binding["rp_id"],
        origins=tuple(origins),
    )


def load_key(public_key: str, algorithm: object) -> PublicKey:
    """The public key, which must be of that algorithm.

    :raises Unverified: ``webauthn.key``. :raises Invalid: ``canonical.base64``.
    """
    try:
        key = serialization.load_der_public_key(unb64(public_key))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if algorithm == "EdDSA" and isinstance(key, ed25519.Ed25519PublicKey):
        return key
    if algorithm == "ES256" and isinstance(key, ec.EllipticCurvePublicKey):
        if isinstance(key.curve, ec.SECP256R1):
            return key
    raise _unverified(
        "key",
        "公钥类型不受支持，请换用支持 ES256 或 EdDSA 的插件",
        "this kind of key is not supported; use one that speaks ES256 or EdDSA",
    )


def verify(key: SecurityKey, challenge: bytes, assertion: Assertion) -> None:
    """Check an assertion against a challenge.

    Presence and verification of the owner are both demanded.

    :raises Unverified: ``webauthn.form``, ``webauthn.challenge``, ``webauthn.origin``,
        ``webauthn.site``, ``webauthn.presence``, ``webauthn.verification``,
        ``webauthn.signature``.
    """
    check_client(assertion.client_data, "webauthn.get", challenge, key.origins)
    _check_authenticator(assertion.authenticator_data, key.rp_id)
    signed = assertion.authenticator_data + hashlib.sha256(assertion.client_data).digest()
    try:
        if isinstance(key.public_key, ed25519.Ed25519PublicKey):
            key.public_key.verify(assertion.signature, signed)
        else:
            key.public_key.verify(assertion.signature, signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise _unverified(
            "signature",
            "签名不是登记的插件所作，请换用您登记的插件重试",
            "it was not signed by the registered key; try again with that key",
        ) from error


def check_client(data: bytes, kind: str, challenge: bytes, origins: tuple[str, ...]) -> None:
    """Check what the browser wrote: the ceremony, the challenge, the origin, no foreign frame.

    :param kind: ``webauthn.get`` or ``webauthn.create``.
    :raises Unverified: ``webauthn.form``, ``webauthn.challenge``, ``webauthn.origin``.
    """
    fields = _client_fields(data)
    if fields.get("type") != kind:
        raise malformed()
    said = fields.get("challenge")
    # JSON may name half a character, which no encoding but this one takes.
    given = said.encode("utf-8", "surrogatepass") if isinstance(said, str) else b""
    if not hmac.compare_digest(given, b64url(challenge)):
        raise _unverified(
            "challenge",
            "签名针对的是另一次操作，请返回事项页面重新办理",
            "it was made for something else; open the item again and start anew",
        )
    if fields.get("origin") not in origins or fields.get("crossOrigin") or "topOrigin" in fields:
        raise _unverified(
            "origin",
            f"签名来自别的网址，请从 {origins[0]} 打开本平台后重试",
            f"it was made at another address; open the portal at {origins[0]} and try again",
        )


def _client_fields(data: bytes) -> Mapping[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) != len(pairs):
            raise ValueError("a name stands there twice")
        return dict(pairs)

    try:
        fields = json.loads(data.decode("utf-8"), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise malformed() from error
    if not isinstance(fields, dict):
        raise malformed()
    return fields


def _check_authenticator(data: bytes, rp_id: str) -> None:
    if len(data) < _SHORTEST:
        raise malformed()
    flags = data[32]
    if flags & ATTESTED or (len(data) > _SHORTEST and not flags & EXTENDED):
        raise malformed()
    if not hmac.compare_digest(data[:32], hashlib.sha256(rp_id.encode()).digest()):
        raise _unverified(
            "site",
            "插件签名针对的是另一个网站，请从本平台的正式网址重试",
            "the key spoke for another site; try again at the portal's own address",
        )
    check_flags(flags)


def check_flags(flags: int) -> None:
    """Demand that the owner touched the key and that the key verified him.

    :raises Unverified: ``webauthn.presence``, ``webauthn.verification``.
    """
    if not flags & PRESENT:
        raise _unverified(
            "presence", "没有触碰插件确认，请重试并触碰插件", "nobody touched the key; try again"
        )
    if not flags & VERIFIED:
        raise _unverified(
            "verification",
            "插件没有验证 PIN 或指纹，请为插件设置 PIN 后重试",
            "the key did not verify its owner; set a PIN on it and try again",
        )


def b64url(data: bytes) -> bytes:
    """Base64 as browsers write it: URL-safe, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def malformed() -> Unverified:
    """The refusal of something that no browser or key would send."""
    return _unverified(
        "form",
        "安全认证插件返回的内容格式不对，请换用新版浏览器重试",
        "what came from the key is malformed; try again with a current browser",
    )


def _unverified(reason: str, zh: str, en: str) -> Unverified:
    return Unverified(f"webauthn.{reason}", f"{zh}。", f"{en[0].upper()}{en[1:]}.")
