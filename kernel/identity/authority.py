"""The node's certificate authority: one root, and an intermediate each for people, seals, exchange
and nodes.

At level L0 (demo) the keys lie in files of the instance, readable by the node only; every subject
says DEMO. The root key is needed to make intermediates, and not afterwards.
"""

from __future__ import annotations

import hmac
import json
from datetime import timedelta
from pathlib import Path

from kernel.crypto import keyfile, suites
from kernel.crypto.deferred import serialization, x509
from kernel.crypto.ids import now
from kernel.crypto.suites import PrivateKey, PublicKey
from kernel.crypto.x509 import Issuer, Subject, issue, issue_intermediate, new_root
from kernel.errors import Unavailable, Unverified
from kernel.slots import Slot

PURPOSES = ("people", "seals", "exchange", "nodes")
LEAF_VALIDITY = timedelta(days=5 * 365)


class Authority:
    """The certificates of the node, and the keys that are here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._certificates: dict[str, x509.Certificate] = {}
        self._issuers: dict[str, Issuer] = {}
        self._secrets: dict[str, bytes] = {}

    @classmethod
    def create(cls, folder: Path, name: str, *, demo: bool) -> Authority:
        """Make root, intermediates and the node's own key in an empty folder."""
        root = new_root(f"{name} Root", demo=demo)
        _write(folder, "root", root)
        for purpose in PURPOSES:
            _write(folder, purpose, issue_intermediate(root, purpose, name))
        made = cls(folder)
        key = suites.new_key()
        cert = made.certify("nodes", name, key.public_key(), organisation=name, unit="node")
        _write(folder, "node", Issuer(key, cert))
        return made

    def certificate(self, name: str) -> x509.Certificate:
        """The certificate ``root``, ``node`` or of a purpose."""
        if name not in self._certificates:
            self._certificates[name] = x509.load_pem_x509_certificate(self._read(f"{name}.pem"))
        return self._certificates[name]

    def public_key(self, name: str) -> PublicKey:
        """The public key of a certificate."""
        key = self.certificate(name).public_key()
        if not isinstance(key, PublicKey):
            raise Unverified(
                "keys.kind",
                "证书的密钥类型不对，不能使用。请系统管理员从备份恢复 keys 目录里的证书。",
                "The certificate has a foreign key and cannot be used. "
                "Restore the certificates in the folder keys from a backup.",
            )
        return key

    def pem(self, name: str) -> bytes:
        """A certificate in PEM."""
        return self.certificate(name).public_bytes(serialization.Encoding.PEM)

    def chain(self, purpose: str) -> list[x509.Certificate]:
        """The intermediates between a leaf of this purpose and the root."""
        return [self.certificate(purpose)]

    def holds(self, name: str) -> bool:
        """Whether the key of ``root`` or of a purpose is here."""
        return (self.folder / f"{name}.key").exists()

    def issuer(self, name: str) -> Issuer:
        """Key and certificate of a purpose."""
        if name not in self._issuers:
            key = suites.load_private(self._read(f"{name}.key"))
            self._issuers[name] = Issuer(key, self.certificate(name))
        return self._issuers[name]

    @property
    def node_key(self) -> PrivateKey:
        """The node's key: its own evidence, node acts, transport."""
        return self.issuer("node").key

    def code(self, purpose: str, *said: str) -> str:
        """The node's code over some texts, in hex: who may write to the tables only, and has not
        the node's key, cannot make it."""
        if purpose not in self._secrets:
            key = suites.private_pem(self.node_key)
            self._secrets[purpose] = hmac.digest(key, purpose.encode(), "sha256")
        whole = json.dumps(said).encode()
        return hmac.digest(self._secrets[purpose], whole, "sha256").hex()

    def certify(
        self, purpose: str, name: str, public_key: PublicKey, *, organisation: str, unit: str
    ) -> x509.Certificate:
        """Issue a certificate: ``name`` is the common name, ``unit`` the unit's code."""
        moment = now()
        return issue(
            self.issuer(purpose),
            purpose,
            Subject(name, organisation, unit),
            public_key,
            moment - timedelta(minutes=5),
            moment + LEAF_VALIDITY,
        )

    def _read(self, name: str) -> bytes:
        try:
            return (self.folder / name).read_bytes()
        except OSError as error:
            raise Unavailable(
                "keys.file",
                f"节点的密钥文件 {name} 读不到，请检查 {self.folder} 的权限，或从备份恢复。",
                f"The key file {name} cannot be read; check {self.folder}, or restore it.",
            ) from error


def _write(folder: Path, name: str, issuer: Issuer) -> None:
    keyfile.write_private(folder / f"{name}.key", suites.private_pem(issuer.key))
    (folder / f"{name}.pem").write_bytes(issuer.cert.public_bytes(serialization.Encoding.PEM))


authority: Slot[Authority] = Slot("authority")
