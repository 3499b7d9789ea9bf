"""What is known of a package: whether it is genuine, its evidence, how many have signed for it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from typing import Any

import peewee
from msgspec import Struct

from kernel.crypto import canonical
from kernel.crypto.x509 import unit_of
from kernel.errors import OfficeError
from kernel.exchange import package as packages
from kernel.exchange.chosen import units_of
from kernel.exchange.evidence_types import TYPES
from kernel.exchange.models import Delivery, Evidence, Package
from kernel.exchange.package import Contents
from kernel.exchange.refusals import DIGEST, PackageRefused
from kernel.exchange.verdict import examine
from kernel.identity.authority import authority
from kernel.identity.models import Unit
from kernel.storage.blobs import blobs
from kernel.work.workshop import workshop


class Report(Struct, frozen=True):
    """The result of verifying a package, in words."""

    ok: bool
    demo: bool = False
    seal_unit: str = ""
    seal_time: datetime | None = None
    reason: str = ""
    digest: str = ""
    acts: bool = False
    """Whether acts of persons lie in it and were verified."""
    unlisted: bool = False
    """Whether a revocation list is missing that was current when it was sealed."""


class EvidenceLine(Struct, frozen=True):
    """One piece of evidence as a page shows it."""

    type: str
    title: str
    unit: str
    at: datetime
    uid: str
    title_en: str = ""
    conflict: bool = False
    """It contradicts what had happened, and was not applied."""

    def text(self, language: str) -> str:
        """The title in the language asked for."""
        return (self.title_en if language.startswith("en") else "") or self.title


def report_of(package: Package) -> Report:
    """Verify a package of this node. That it is genuine holds for these bytes, so that is kept;
    a refusal may come of something else (a disk, a certificate), so it is found anew each time."""
    try:
        # Read each time, because the disk may have changed what was found to be true before.
        for _ in blobs().open(package.blob):
            pass
        return _report(package.blob, package.uid, package.pkg_digest, package.body)
    except OfficeError as error:
        return Report(False, reason=error.zh)


@lru_cache(maxsize=512)
def _report(blob: str, msg_id: str, digest: str, body: str) -> Report:
    """Verify the bytes, and that the row names just these: what is shown is what was verified.

    :raises PackageRefused: so that nothing is kept.
    """
    verdict = examine(blobs().get(blob), [authority().certificate("root")])
    if verdict.refusal is not None or verdict.signed is None or verdict.package is None:
        raise verdict.refusal or PackageRefused(DIGEST, "row")
    contents = verdict.package.contents
    held = "" if contents.body is None else canonical.digest(contents.body)
    if (contents.envelope["msg_id"], verdict.package.digest, held) != (msg_id, digest, body):
        raise PackageRefused(DIGEST, "row")
    unit = Unit.get_or_none(Unit.code == unit_of(verdict.signed.cert))
    return Report(
        ok=True,
        demo=verdict.level == "demo",
        seal_unit=unit.name if unit else "",
        seal_time=verdict.signed.time,
        digest=verdict.package.digest,
        acts=bool(verdict.acts),
        unlisted=bool(verdict.unlisted),
    )


def contents_of(package: Package) -> Contents:
    """What is inside a package: for the plugin that owns the payload."""
    return packages.read(blobs().get(package.blob)).contents


@lru_cache(maxsize=512)
def page_count(body: str) -> int:
    """How many pages a PDF has."""
    import pypdfium2  # brings a library of its own: not at the start

    document = pypdfium2.PdfDocument(blobs().get(body))
    try:
        return len(document)
    finally:
        document.close()


WORDS = 5000
"""Characters of a sealed file that can be searched for; 减负规定2024: longer ones are rare."""


def words_of(body: str) -> str:
    """How the text of a sealed file begins, lines joined; empty where it cannot be read.

    It asks the workshop: call it outside any transaction.
    """
    try:
        return _words(body) if body else ""
    except OfficeError:
        return ""  # nothing that was signed for waits for its search words


@lru_cache(maxsize=64)
def _words(body: str) -> str:
    pages = workshop().page_text(blobs().get(body))
    return "\n".join("".join(page.splitlines()) for page in pages)[:WORDS]


class Tally(Struct, frozen=True):
    """How many recipients of a package are in each state, by the newest copy of each."""

    delivered: int = 0
    signed: int = 0
    returned: int = 0
    recalled: int = 0
    failed: int = 0
    further: int = 0
    """What went on after it was signed for: registered, handed over, closed."""


def newest() -> peewee.Expression:
    """The deliveries that nothing was sent again for: of each recipient the one that counts."""
    later = Delivery.alias()
    again = (later.package == Delivery.package) & (later.organ == Delivery.organ)
    again &= later.id > Delivery.id
    found: peewee.Expression = ~peewee.fn.EXISTS(later.select(peewee.SQL("1")).where(again))
    return found


def tallies(packages: Collection[str]) -> dict[str, Tally]:
    """How these packages stand, in one query for all of them; nothing of what is not delivered."""
    rows: Any = (
        Delivery.select(Delivery.package, Delivery.state, peewee.fn.COUNT(Delivery.id))
        .where(Delivery.package.in_(sorted(packages)) & newest())
        .group_by(Delivery.package, Delivery.state)
    )
    found: dict[str, dict[str, int]] = {}
    for package, state, count in rows.tuples():
        counts = found.setdefault(package, {})
        name = state if state in Tally.__struct_fields__ else "further"
        counts[name] = counts.get(name, 0) + count
    return {package: Tally(**counts) for package, counts in found.items()}


FOR_ALL = ("A1", "X1", "X5", "X6", "X9")
"""Evidence without a recipient that concerns each of them."""


def _concerning(organ: str) -> peewee.Expression:
    common = (Evidence.organ == "") & Evidence.type.in_(FOR_ALL)
    found: peewee.Expression = (Evidence.organ == organ) | common
    return found


def _of_others(package: Package, organ: str) -> list[str]:
    """The recalls of other recipients alone, which are none of this one's business."""
    asked = (Evidence.package == package.uid) & (Evidence.type == "X1")
    rows = Evidence.select(Evidence.uid, Evidence.act).where(asked)
    return [row.uid for row in rows if organ not in (units_of(row.act) or (organ,))]


def concerns(row: Evidence, organ: str) -> bool:
    """Whether a piece of evidence is about an organ's delivery, or about all of them."""
    if row.organ or row.type not in FOR_ALL:
        return bool(row.organ == organ)
    if row.type == "X1" and organ not in (units_of(row.act) or (organ,)):
        return False
    received = (Delivery.package == row.package_id) & (Delivery.organ == organ)
    return bool(Delivery.select().where(received).exists())


def evidence_of(package: Package, limit: int = 200, organ: str = "") -> list[EvidenceLine]:
    """The newest evidence of a package; for a recipient only what concerns it (``organ``)."""
    names = {unit.code: unit.short_name for unit in Unit.select(Unit.code, Unit.short_name)}
    which = Evidence.id > 0
    if organ:
        which = _concerning(organ) & Evidence.uid.not_in(_of_others(package, organ))
    rows = (
        Evidence.select(Evidence.uid, Evidence.type, Evidence.organ, Evidence.at, Evidence.conflict)
        .where(Evidence.package == package.uid)
        .where(which)
        .order_by(Evidence.id.desc())
        .limit(limit)
    )
    return [
        EvidenceLine(
            row.type,
            TYPES[row.type].zh,
            names.get(row.organ, ""),
            row.at,
            row.uid,
            TYPES[row.type].en,
            row.conflict,
        )
        for row in rows
    ]
