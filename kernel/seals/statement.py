"""The statement about a seal: whose it is, what it looks like, who keeps it.

The seals authority of the node signs it. A row in a table proves nothing; whoever needs to know
the keepers reads them here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from kernel.crypto import suites, x509
from kernel.crypto.canonical import dumps, is_digest, loads
from kernel.crypto.ids import parse_stamp, stamp
from kernel.errors import Invalid, Unverified

FORMAT = "juyan-seal-1"
LEVELS = ("L0", "L1", "L2")
"""Demo, trial and formal custody."""


class SealStatement(Struct, frozen=True):
    """What the seals authority says about one seal."""

    seal: str
    """The uid of the seal."""
    unit: str
    """The code of the unit, an organ."""
    name: str
    """The text on it."""
    impression: str
    """``sha256:<hex>`` of the image (SVG text in UTF-8)."""
    certificate: str
    """``sha256:<hex>`` of the certificate in DER."""
    keepers: tuple[str, ...]
    """The uids of the persons who may apply it."""
    not_before: datetime
    not_after: datetime
    level: str = "L0"

    def to_bytes(self) -> bytes:
        """The bytes that the seals authority signs (canonical JSON)."""
        times = {"not_before": stamp(self.not_before), "not_after": stamp(self.not_after)}
        return dumps({"format": FORMAT, **asdict(self), "keepers": list(self.keepers), **times})


def read(data: bytes, signature: bytes, authority: x509.Certificate) -> SealStatement:
    """Read a statement and check who signed it.

    :param authority: the certificate of the seals authority, which the caller trusts.
    :raises Unverified: ``seals.statement`` when it is malformed, ``suites.*`` for the signature.
    """
    key = authority.public_key()
    if not isinstance(key, suites.PublicKey):
        raise _malformed()
    suites.verify(key, data, signature)
    try:
        return _decode(loads(data))
    except (Invalid, TypeError, KeyError, AttributeError) as error:
        raise _malformed() from error


def _decode(fields: dict[str, Any]) -> SealStatement:
    keepers = fields.pop("keepers")
    if fields.pop("format") != FORMAT or not isinstance(keepers, list):
        raise _malformed()
    if not all(isinstance(value, str) for value in (*keepers, *fields.values())):
        raise _malformed()
    digests = (fields["impression"], fields["certificate"])
    if not all(map(is_digest, digests)) or fields["level"] not in LEVELS:
        raise _malformed()
    start, end = parse_stamp(fields.pop("not_before")), parse_stamp(fields.pop("not_after"))
    return SealStatement(keepers=tuple(keepers), not_before=start, not_after=end, **fields)


def _malformed() -> Unverified:
    return Unverified(
        "seals.statement",
        "印章的制发证明格式不对，不能使用，请联系印章管理员。",
        "The statement about the seal is malformed; it cannot be used. Ask the keeper of seals.",
    )
