"""Issuing seals, and asking whose they are.

The signer makes the keys, the authorities certify them, and a signed statement says who keeps the
seal. The node itself never holds a unit's key.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from kernel.crypto import suites, x509
from kernel.crypto.canonical import digest
from kernel.crypto.ids import uuid7
from kernel.errors import Invalid, NotFound, Unverified
from kernel.identity.authority import authority
from kernel.identity.models import Unit
from kernel.seals import statement as statements
from kernel.seals.models import Seal
from kernel.seals.signer_client import signer
from kernel.seals.statement import SealStatement


class Commission(Struct, frozen=True):
    """A seal to be made. :ivar keepers: the uids of the persons who may apply it."""

    unit: Unit
    keepers: tuple[str, ...]
    name: str = ""
    """The text on it; the unit's full name unless given."""


def make_seals(commissions: Sequence[Commission]) -> list[Seal]:
    """Make seal and exchange keys for many units, certify and register them.

    Call it outside any transaction, because it waits for the signer; then save the rows that it
    gives in the transaction of the act that decides it. Repeated after a crash, it finds the same
    keys and issues new statements. Custody level L0.

    :returns: the seals in the same order, not saved yet.
    :raises Invalid: ``seals.not_organ``, ``seals.name``. :raises Conflict: ``signer.closed``.
    """
    for each in commissions:
        _check_organ(each.unit)
    keys = signer().new_units([str(each.unit.code) for each in commissions])
    return [_make(each, keys[str(each.unit.code)]) for each in commissions]


def seal_of(unit: str) -> Seal:
    """The active seal of a unit, by its code; NotFound ``seals.none``."""
    found: Seal | None = Seal.get_or_none((Seal.unit == unit) & (Seal.state == "active"))
    if found is None:
        raise NotFound(
            "seals.none",
            "本单位还没有可用的电子印章，请联系信息化工作办公室制发。",
            "This unit has no seal in use; ask the informatisation office to issue one.",
        )
    return found


def keepers_of(seal: Seal) -> tuple[str, ...]:
    """The uids of those who may apply a seal, from its statement and not from the row.

    :raises Unverified: ``seals.row`` when the row is not what the statement says,
        ``seals.statement`` or ``suites.signature`` when the statement does not hold.
    """
    above = authority().certificate("seals")
    said = statements.read(bytes(seal.statement), bytes(seal.statement_signature), above)
    certificate = x509.load_cert(seal.certificate.encode())
    facts = (said.seal, said.unit, said.name, said.impression, said.certificate)
    image, cert = digest(seal.impression.encode()), digest(x509.der(certificate))
    if facts != (seal.uid, seal.unit, seal.name, image, cert):
        raise Unverified(
            "seals.row",
            "印章登记与制发证明不一致，可能被改动过，不能使用。请通知安全管理员。",
            "The seal is not what its statement says; it may have been tampered with and cannot "
            "be used. Tell the security administrator.",
        )
    return said.keepers


def _check_organ(unit: Unit) -> None:
    if not unit.is_organ:
        raise Invalid(
            "seals.not_organ",
            f"{unit.name}是内设机构，对外发文用所在机关的印章，不能单独制发。请改选所在机关。",
            f"{unit.name} is a section; documents leave with the seal of "
            "its organ. Choose the organ.",
        )


def _make(commission: Commission, keys: dict[str, str]) -> Seal:
    # Imported here, because Typst and the fonts take memory that only issuing needs.
    from kernel.seals.impression import seal_svg

    unit, name = commission.unit, commission.name or str(commission.unit.name)
    demo = x509.is_demo(authority().certificate("root"))
    impression = seal_svg(name, demo=demo)
    seal_cert = _certify("seals", f"{name}印章", keys["seal"], unit)
    exchange_cert = _certify("exchange", f"公文交换 {unit.code}", keys["exchange"], unit)
    said = SealStatement(
        seal=uuid7(),
        unit=str(unit.code),
        name=name,
        impression=digest(impression.encode()),
        certificate=digest(x509.der(seal_cert)),
        keepers=commission.keepers,
        not_before=seal_cert.not_valid_before_utc,
        not_after=seal_cert.not_valid_after_utc,
    )
    signature = suites.sign(authority().issuer("seals").key, said.to_bytes())
    signer().register(
        said.unit,
        seal_certificate=x509.pem(seal_cert),
        exchange_certificate=x509.pem(exchange_cert),
        statement=said.to_bytes(),
        statement_signature=signature,
        impression=impression,
    )
    return _row(said, seal_cert, impression, signature)


def _certify(purpose: str, name: str, key: str, unit: Unit) -> x509.Certificate:
    return authority().certify(
        purpose, name, suites.load_public(key), organisation=str(unit.name), unit=str(unit.code)
    )


def _row(
    said: SealStatement, certificate: x509.Certificate, impression: str, signature: bytes
) -> Seal:
    return Seal(
        uid=said.seal,
        organ=said.unit,
        unit=said.unit,
        name=said.name,
        impression=impression,
        impression_digest=said.impression,
        certificate=x509.pem(certificate).decode(),
        statement=said.to_bytes(),
        statement_signature=signature,
        level=said.level,
    )
