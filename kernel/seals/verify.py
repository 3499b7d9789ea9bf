"""What a page says about the seals of a document (验章)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from kernel.crypto import x509
from kernel.errors import Unverified
from kernel.identity.authority import authority
from kernel.work.calendar import CHINA

if TYPE_CHECKING:
    from kernel.seals.pdf import SealCheck


class SealVerdict(Struct, frozen=True):
    """One seal, in words for the reader."""

    ok: bool
    unit: str
    """The organisation that its certificate names, without the mark of a demo."""
    name: str
    """The seal."""
    time: datetime | None
    """When it was applied, as the signer says; UTC."""
    level: str
    """The level of custody: ``L0`` for a demo, else empty, because the certificate says no more."""
    zh: str
    en: str


def check(pdf: bytes, at: datetime | None = None) -> list[SealVerdict]:
    """Check every seal of a PDF against the node's root, in the order of sealing.

    :param at: when the certificates must have been valid (the time of receipt); default: now.
    :returns: empty when there is no seal.
    :raises Unverified: ``seals.unreadable`` for a damaged file.
    """
    # Imported here, because pyHanko takes longer than all the rest of the start.
    from kernel.seals.pdf import check_seals

    checks = check_seals(pdf, [authority().certificate("root")], at)
    return [_verdict(each) for each in checks]


def require(pdf: bytes, at: datetime | None = None) -> list[SealVerdict]:
    """The same, for who goes on only with a sealed document.

    :raises Unverified: ``seals.missing`` without a seal, ``seals.broken`` when one does not hold.
    """
    verdicts = check(pdf, at)
    if not verdicts:
        raise Unverified(
            "seals.missing",
            "此件没有电子印章，请向发文单位核实。",
            "This document bears no seal; ask the issuing unit.",
        )
    for verdict in verdicts:
        if not verdict.ok:
            raise Unverified("seals.broken", verdict.zh, verdict.en)
    return verdicts


def _problem(found: SealCheck) -> tuple[str, str] | None:
    if not (found.intact and found.whole_document):
        return "文件在盖章后被改动", "the file was changed after it was sealed"
    if not found.trusted:
        return "印章证书不受信任或不在有效期", "the seal's certificate is not trusted or not valid"
    return None


def _verdict(found: SealCheck) -> SealVerdict:
    unit = found.organisation.removeprefix(f"{x509.DEMO} ")
    demo, problem = unit != found.organisation, _problem(found)
    if problem is not None:
        zh, en = f"印章无效：{problem[0]}（{unit}）", f"Seal not valid: {problem[1]} ({unit})"
    else:
        when = f"　签于 {found.time.astimezone(CHINA):%Y-%m-%d %H:%M}" if found.time else ""
        zh, en = f"印章有效：{unit}{when}", f"Seal valid: {unit}{when}"
        if demo:
            zh, en = f"演示{zh}（不具有正式效力）", f"DEMO. {en} (without legal effect)"
    level = "L0" if demo else ""
    return SealVerdict(problem is None, unit, found.signer_cn, found.time, level, zh, en)
