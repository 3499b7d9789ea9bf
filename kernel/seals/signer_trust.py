"""What the signer trusts: the root and the authorities that it saw when it first started."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from msgspec import Struct

from kernel.crypto import chain, x509
from kernel.crypto.acts_format import ActFacts, verify_record
from kernel.crypto.canonical import digest
from kernel.crypto.ids import now
from kernel.crypto.keyfile import write_private
from kernel.errors import Unavailable

AUTHORITIES = ("people", "seals", "exchange", "nodes")


class Trust(Struct, frozen=True):
    """The pinned certificates. Whoever changes the node's keys later does not change these."""

    root: x509.Certificate
    authorities: dict[str, x509.Certificate]

    @property
    def name(self) -> str:
        """The digest of the root; it is bound into every wrapped key."""
        return digest(x509.der(self.root))

    def check(self, certificate: x509.Certificate, purpose: str, at: datetime) -> None:
        """Check the chain of a unit's certificate; Unverified ``x509.*`` if it does not hold."""
        self._lean().chain(certificate, purpose, at)

    def act(self, record: bytes) -> ActFacts:
        """What a record proves.

        :raises Unverified: ``acts_format.*``, ``suites.*``, ``x509.*``.
        """
        return verify_record(record, self._lean())

    def _lean(self) -> chain.Trust:
        return chain.leaning_on((self.root,), tuple(self.authorities.values()))


def pin(folder: Path, keys: Path) -> tuple[Trust, bool]:
    """The pinned trust, and whether this was the first start.

    :param folder: the signer's own folder; the copies lie there.
    :param keys: the node's folder with ``root.pem`` and the authorities, read at the first start
        only.
    :raises Unavailable: ``signer.no_root``. :raises Unverified: an authority is not the root's.
    """
    first = not (folder / "root.pem").exists()
    trust = _read(keys if first else folder)
    if first:
        for name, certificate in trust.authorities.items():
            write_private(folder / f"{name}.pem", x509.pem(certificate))
        # The root comes last: only with it the pin is whole.
        write_private(folder / "root.pem", x509.pem(trust.root))
    return trust, first


def _read(folder: Path) -> Trust:
    try:
        root = x509.load_cert((folder / "root.pem").read_bytes())
        found = {n: x509.load_cert((folder / f"{n}.pem").read_bytes()) for n in AUTHORITIES}
    except OSError as error:
        raise no_root(folder) from error
    for name, certificate in found.items():
        chain.verify_chain(certificate, [], [root], now(), name, authority=True)
    return Trust(root, found)


def no_root(folder: Path) -> Unavailable:
    """The refusal while the node has no certificates yet."""
    return Unavailable(
        "signer.no_root",
        f"{folder} 里还没有节点的根证书，签章程序无法启动。请先建立节点，或从备份恢复。",
        f"The node has no root certificate in {folder} yet, so the signer cannot start. "
        "Found the node first, or restore it.",
    )
