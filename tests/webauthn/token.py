"""A security key made of software, with every part of its answers open to be got wrong."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from fido2 import cbor
from fido2.cose import ES256, CoseKey, EdDSA

from kernel.crypto import canonical, webauthn

Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def websafe(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unsafe(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def new_key(algorithm: str = "ES256") -> Key:
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key(ec.SECP256R1())


@dataclass
class Token:
    """One security key and the browser that it is plugged into.

    :ivar flags: what it says of its owner: 1 touched, 4 verified.
    :ivar step: how far its counter goes on with each signature; 0 for keys without one.
    """

    rp_id: str = "testserver"
    origin: str = "http://testserver"
    algorithm: str = "ES256"
    flags: int = 5
    counter: int = 0
    step: int = 1
    handle: bytes = b""
    extra: dict[str, Any] = field(default_factory=dict)
    key: Key = field(init=False)
    credential_id: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.key = new_key(self.algorithm)
        self.credential_id = hashlib.sha256(self.spki).digest()

    @property
    def spki(self) -> bytes:
        encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        return self.key.public_key().public_bytes(encoding, form)

    @property
    def binding(self) -> dict[str, Any]:
        """What its credential statement says of it."""
        return {
            "alg": self.algorithm,
            "credential_id": canonical.b64(self.credential_id),
            "rp_id": self.rp_id,
            "origins": [self.origin],
        }

    def client_data(self, kind: str, challenge: bytes, **changes: Any) -> bytes:
        fields = {
            "type": kind,
            "challenge": websafe(challenge),
            "origin": self.origin,
            "crossOrigin": False,
        }
        return json.dumps(fields | self.extra | changes).encode()

    def authenticator_data(self, attested: bytes = b"") -> bytes:
        self.counter += self.step
        flags = self.flags | (0x40 if attested else 0)
        site = hashlib.sha256(self.rp_id.encode()).digest()
        return site + bytes([flags]) + self.counter.to_bytes(4, "big") + attested

    def sign(self, data: bytes) -> bytes:
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return self.key.sign(data)
        return self.key.sign(data, ec.ECDSA(hashes.SHA256()))

    def assertion(self, challenge: bytes, **changes: Any) -> webauthn.Assertion:
        """The answer to a challenge. :param changes: of what the browser wrote."""
        client = self.client_data("webauthn.get", challenge, **changes)
        said = self.authenticator_data()
        signature = self.sign(said + hashlib.sha256(client).digest())
        return webauthn.Assertion(said, client, signature)

    def over(self, data: bytes, **changes: Any) -> bytes:
        """The signature value over the bytes of an act."""
        return self.assertion(webauthn.challenge_of(data), **changes).to_bytes()

    def get(self, options: dict[str, Any], **changes: Any) -> str:
        """What the script of the page posts after ``navigator.credentials.get``."""
        made = self.assertion(unsafe(options["challenge"]), **changes)
        response = {
            "authenticatorData": websafe(made.authenticator_data),
            "clientDataJSON": websafe(made.client_data),
            "signature": websafe(made.signature),
            "userHandle": websafe(self.handle),
        }
        return self._answer(response)

    def create(self, options: dict[str, Any], **changes: Any) -> str:
        """What the script of the page posts after ``navigator.credentials.create``."""
        self.handle = unsafe(options["user"]["id"])
        client = self.client_data("webauthn.create", unsafe(options["challenge"]), **changes)
        size = len(self.credential_id).to_bytes(2, "big")
        attested = bytes(16) + size + self.credential_id + cbor.encode(self._cose())
        said = self.authenticator_data(attested)
        attestation = {"fmt": "none", "attStmt": {}, "authData": said}
        response = {
            "attestationObject": websafe(cbor.encode(attestation)),
            "clientDataJSON": websafe(client),
        }
        return self._answer(response)

    def _cose(self) -> CoseKey:
        if self.algorithm == "EdDSA":
            return EdDSA.from_cryptography_key(self.key.public_key())
        return ES256.from_cryptography_key(self.key.public_key())

    def _answer(self, response: dict[str, str]) -> str:
        uid = websafe(self.credential_id)
        fields = {"id": uid, "rawId": uid, "type": "public-key", "response": response}
        return json.dumps({**fields, "clientExtensionResults": {}})
