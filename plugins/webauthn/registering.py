"""A new key: what the browser brings when somebody registers one (Web Authentication 2, 7.1)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from kernel.api import Offered, Unverified, canonical, webauthn
from plugins.webauthn.answers import bytes_of, fields_of
from plugins.webauthn.place import Place

if TYPE_CHECKING:
    # Imported where they are used: a key is registered seldom, and a server starts without them.
    from fido2.cose import CoseKey
    from fido2.webauthn import AttestedCredentialData, AuthenticatorData


def new_key(answer: str, challenge: bytes, place: Place) -> Offered:
    """Check the answer of ``navigator.credentials.create`` and give the key.

    The maker's attestation is not looked at: whose key it is, two administrators establish.

    :raises Unverified: ``webauthn.*``.
    """
    credential_id, response = fields_of(answer)
    client = bytes_of(response.get("clientDataJSON"))
    webauthn.check_client(client, "webauthn.create", challenge, (place.origin,))
    said = _authenticator_data(bytes_of(response.get("attestationObject")))
    if said.rp_id_hash != hashlib.sha256(place.rp_id.encode()).digest():
        raise webauthn.malformed()
    webauthn.check_flags(int(said.flags))
    made = said.credential_data
    if made is None or made.credential_id != credential_id:
        raise webauthn.malformed()
    return _offered(made, place)


def _authenticator_data(data: bytes) -> AuthenticatorData:
    from fido2.webauthn import AttestationObject

    try:
        return AttestationObject(data).auth_data
    # The parser answers bad bytes with whatever breaks first (ValueError, KeyError, TypeError …).
    except Exception as error:
        raise webauthn.malformed() from error


def _offered(made: AttestedCredentialData, place: Place) -> Offered:
    algorithm, key = _public_key(made.public_key)
    spki = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    binding = {
        "alg": algorithm,
        "credential_id": canonical.b64(made.credential_id),
        "rp_id": place.rp_id,
        "origins": [place.origin],
    }
    return Offered(canonical.b64(spki), binding)


def _public_key(cose: CoseKey) -> tuple[str, webauthn.PublicKey]:
    from fido2.cose import ES256, EdDSA

    try:
        if isinstance(cose, EdDSA) and cose[1] == 1 and cose[-1] == 6:
            return "EdDSA", ed25519.Ed25519PublicKey.from_public_bytes(cose[-2])
        if isinstance(cose, ES256) and cose[1] == 2 and cose[-1] == 1:
            point = b"\x04" + cose[-2] + cose[-3]
            curve = ec.SECP256R1()
            return "ES256", ec.EllipticCurvePublicKey.from_encoded_point(curve, point)
    except (ValueError, TypeError, KeyError) as error:
        raise webauthn.malformed() from error
    raise Unverified(
        "webauthn.key",
        "这种插件的算法不受支持，请换用支持 ES256 或 EdDSA 的插件。",
        "This key uses an algorithm that is not supported; use one with ES256 or EdDSA.",
    )
