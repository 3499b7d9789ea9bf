"""The keys of units: made here, wrapped at rest, and never handed out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from msgspec import Struct

from kernel.crypto import keyfile, suites, x509
from kernel.crypto.canonical import digest, unb64
from kernel.deferred import pattern
from kernel.errors import Conflict, Invalid, NotFound, Unverified
from kernel.seals import statement as statements
from kernel.seals.signer_trust import Trust
from kernel.seals.statement import SealStatement

KINDS = ("seal", "exchange")
_CODE = pattern(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")


class Unit(Struct, frozen=True):
    """A unit that the signer signs for, with its keys."""

    code: str
    seal_key: suites.PrivateKey
    seal_certificate: x509.Certificate
    exchange_key: suites.PrivateKey
    exchange_certificate: x509.Certificate
    statement: SealStatement
    impression: str
    """The image of the seal, SVG."""


class Vault:
    """One wrapped file of keys and one registration per unit, below the signer's folder.

    Custody level L0: whoever is the node's own user, or root, can open them.
    """

    def __init__(self, folder: Path, trust: Trust) -> None:
        self._keys, self._units = folder / "keys", folder / "units"
        for path in (self._keys, self._units):
            path.mkdir(mode=0o700, exist_ok=True)
        self._trust = trust
        self._secret = _secret(folder / "wrap.key")
        self._open = folder / "open-for-genesis"
        self._known: dict[str, Unit] = {}

    def begin(self) -> None:
        """Allow new units until :meth:`close`."""
        keyfile.write_private(self._open, b"")

    def close(self) -> None:
        """Take no more units."""
        self._open.unlink(missing_ok=True)

    @property
    def open(self) -> bool:
        """Whether new units are taken."""
        return self._open.exists()

    def make(self, code: str) -> dict[str, str]:
        """Make the keys of a unit, or find them; gives the public ones (base64, SPKI)."""
        self._require_open()
        path = self._keys / f"{_checked(code)}.key"
        if not path.exists():
            keys = {kind: suites.private_pem(suites.new_key()).decode() for kind in KINDS}
            data = keyfile.wrap(self._secret, json.dumps(keys).encode(), self._purpose(code))
            keyfile.write_private(path, data)
        return {kind: suites.public_b64(key) for kind, key in self._load(code).items()}

    def register(self, code: str, fields: dict[str, str]) -> None:
        """Take over what the authorities say about a unit's keys.

        :param fields: ``seal_certificate`` and ``exchange_certificate`` (PEM), ``statement`` and
            ``statement_signature`` (base64), ``impression`` (SVG).
        :raises Unverified: ``signer.registration``, ``seals.statement``, ``x509.*``, ``suites.*``.
        """
        self._require_open()
        self._read(code, fields)
        data = json.dumps(fields, ensure_ascii=False).encode()
        keyfile.write_private(self._units / f"{code}.json", data)
        self._known.pop(code, None)

    def unit(self, code: str) -> Unit:
        """A registered unit; NotFound ``signer.unit`` otherwise."""
        if code not in self._known:
            path = self._units / f"{_checked(code)}.json"
            if not path.exists():
                raise _unknown(code)
            self._known[code] = self._read(code, json.loads(path.read_bytes()))
        return self._known[code]

    def _read(self, code: str, fields: dict[str, Any]) -> Unit:
        keys = self._load(code)
        certs = {kind: x509.load_cert(fields[f"{kind}_certificate"].encode()) for kind in KINDS}
        purposes = {"seal": "seals", "exchange": "exchange"}
        for kind, certificate in certs.items():
            # Not at this moment, because old answers are handed out beyond its validity.
            self._trust.check(certificate, purposes[kind], certificate.not_valid_before_utc)
            _same_unit(certificate, code)
            _same_key(certificate, keys[kind])
        data, signature = unb64(fields["statement"]), unb64(fields["statement_signature"])
        said = statements.read(data, signature, self._trust.authorities["seals"])
        unit = Unit(
            code, keys["seal"], certs["seal"], keys["exchange"], certs["exchange"],
            said, fields["impression"],
        )  # fmt: skip
        _check_statement(unit)
        return unit

    def _load(self, code: str) -> dict[str, suites.PrivateKey]:
        path = self._keys / f"{_checked(code)}.key"
        if not path.exists():
            raise _unknown(code)
        data = keyfile.unwrap(self._secret, path.read_bytes(), self._purpose(code))
        return {kind: suites.load_private(pem.encode()) for kind, pem in json.loads(data).items()}

    def _purpose(self, code: str) -> str:
        # The root is bound in, so that these keys cannot be carried below another one.
        return f"signer keys of {code} below {self._trust.name}"

    def _require_open(self) -> None:
        if not self.open:
            raise Conflict(
                "signer.closed",
                "节点建立阶段已结束，不能再直接增加印章。请通过双人办理的制发印章手续办理。",
                "The founding is over; seals are no longer added directly. "
                "Have the seal issued by an act of two persons.",
            )


def _secret(path: Path) -> bytes:
    if not path.exists():
        keyfile.write_private(path, keyfile.new_secret())
    return path.read_bytes()


def _checked(code: str) -> str:
    if not _CODE.fullmatch(code):
        raise Invalid(
            "signer.code",
            f"单位代码“{code}”不能用于签章，请使用字母、数字、点和连字符。",
            f"The unit code {code!r} cannot have keys; use letters, digits, dots and hyphens.",
        )
    return code


def _same_unit(certificate: x509.Certificate, code: str) -> None:
    if x509.unit_of(certificate) != code:
        raise _mismatch("证书属于另一单位", "the certificate names another unit")


def _same_key(certificate: x509.Certificate, key: suites.PrivateKey) -> None:
    if certificate.public_key() != key.public_key():
        raise _mismatch("证书与本机密钥不符", "the certificate is for another key")


def _check_statement(unit: Unit) -> None:
    said = unit.statement
    if said.unit != unit.code:
        raise _mismatch("制发证明属于另一单位", "the statement names another unit")
    if said.certificate != digest(x509.der(unit.seal_certificate)):
        raise _mismatch("制发证明与证书不符", "the statement names another certificate")
    if said.impression != digest(unit.impression.encode()):
        raise _mismatch("制发证明与印模不符", "the statement names another image")


def _mismatch(zh: str, en: str) -> Unverified:
    return Unverified(
        "signer.registration",
        f"印章登记不成立：{zh}，请重新制发。",
        f"The seal cannot be registered: {en}; have it issued again.",
    )


def _unknown(code: str) -> NotFound:
    return NotFound(
        "signer.unit",
        f"签章程序里没有单位“{code}”的密钥，请先为该单位制发印章。",
        f"The signer has no keys for the unit {code!r}; have a seal issued for it first.",
    )
