"""What a backup says about itself, signed by the node: its parts, and where the log stood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec import Struct, field
from msgspec.structs import asdict

from kernel.crypto import canonical, suites
from kernel.crypto.certs import load_cert, public_key
from kernel.crypto.chain import verify_chain
from kernel.crypto.ids import parse_stamp
from kernel.errors import OfficeError
from kernel.storage.backup.sealed import altered

FORMAT = "juyan-backup-1"
NAME = "manifest.json"
"""The last part of every backup; it names all others."""


class Part(Struct, frozen=True):
    """One file in a backup: its name, its bytes, their SHA-256."""

    name: str
    size: int
    digest: str


class Origin(Struct, frozen=True):
    """Where a backup comes from.

    :ivar node: the node's uid. :ivar checkpoint: the log's newest note when it was made.
    :ivar version: of the program. :ivar created: UTC.
    """

    node: str
    checkpoint: str
    version: str
    created: str


class Signer(Struct, frozen=True):
    """The node's key, and the certificates from its own one up to the root."""

    key: suites.PrivateKey
    chain: Sequence[x509.Certificate]


class Manifest(Struct):
    """Everything that a backup holds. :ivar database: ``sqlite`` or ``postgresql``."""

    origin: Origin
    database: str
    parts: list[Part] = field(default_factory=list)
    root: str = ""
    """The SHA-256 of the root certificate that its signature leads to; set when it was read."""

    @property
    def size(self) -> int:
        """Plain bytes in all."""
        return sum(part.size for part in self.parts)

    def signed(self, signer: Signer) -> bytes:
        """The bytes of the part :data:`NAME`."""
        said = canonical.dumps(
            {
                "format": FORMAT,
                **asdict(self.origin),
                "database": self.database,
                "parts": [asdict(part) for part in self.parts],
            }
        )
        chain = [one.public_bytes(Encoding.PEM).decode() for one in signer.chain]
        signature = canonical.b64(suites.sign(signer.key, said))
        return canonical.dumps(
            {"manifest": canonical.b64(said), "signature": signature, "chain": chain}
        )


def read(data: bytes) -> Manifest:
    """Read what :meth:`Manifest.signed` gave, and check its signature and its chain.

    The chain is checked up to the root that came along; whoever holds the right one compares
    :attr:`Manifest.root` with it.

    :raises Unverified: ``backup.altered``.
    """
    try:
        outer = canonical.loads(data)
        said, chain = canonical.unb64(outer["manifest"]), _certificates(outer["chain"])
        suites.verify(public_key(chain[0]), said, canonical.unb64(outer["signature"]))
        facts = canonical.loads(said)
        created = parse_stamp(facts["created"])
        verify_chain(chain[0], chain[1:], chain[-1:], created, "nodes")
        return _manifest(facts, chain[-1])
    except (OfficeError, KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise altered() from error


def _manifest(facts: dict[str, Any], root: x509.Certificate) -> Manifest:
    if facts["format"] != FORMAT:
        raise ValueError(facts["format"])
    origin = Origin(*(str(facts[name]) for name in ("node", "checkpoint", "version", "created")))
    parts = [Part(**part) for part in facts["parts"]]
    digest = canonical.digest(root.public_bytes(Encoding.DER))
    return Manifest(origin, facts["database"], parts, digest)


def _certificates(chain: list[str]) -> list[x509.Certificate]:
    return [load_cert(pem.encode()) for pem in chain]
