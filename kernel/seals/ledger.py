"""Holding seals, certificates that were taken back and revocation lists against what was signed."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from kernel.acts.deeds import agreed, deeds
from kernel.crypto import canonical, deferred, x509
from kernel.crypto.ids import parse_stamp
from kernel.crypto.revocation import signed_by
from kernel.errors import OfficeError
from kernel.identity import revocation
from kernel.identity.authority import authority
from kernel.identity.models import RevocationList, RevokedCertificate
from kernel.seals import statement as statements
from kernel.seals.models import Seal
from kernel.storage.comparing import Found, Row, Step, differs, near, stretches, uncounted
from kernel.storage.database import snapshot
from kernel.storage.log_check import stored_bytes

NAMES = {
    "uid": ("编号", "its uid"),
    "organ": ("机关", "the organ"),
    "unit": ("单位", "the unit"),
    "name": ("印章名称", "the text on it"),
    "impression": ("印模", "the impression"),
    "impression_digest": ("印模摘要", "the digest of the impression"),
    "certificate": ("证书", "the certificate"),
    "level": ("保管级别", "the level of custody"),
    "state": ("状态", "the state"),
    "act": ("吊销的办理", "the act that revoked it"),
    "at": ("吊销时间", "since when it is revoked"),
    "authority": ("证书机构", "the authority"),
    "number": ("列表编号", "its number"),
    "issued": ("签发时间", "when it was issued"),
}
Named = tuple[str, str]
"""The authority and the serial number of a certificate."""


class _Taken(Struct):
    """A certificate that acts took back. :ivar place: what ``log verify`` calls it."""

    act: str
    at: str
    name: str
    place: str


def reconcile(step: Step = uncounted) -> Iterator[Found]:
    """Name seals that are not what their authority signed or stand otherwise than acts left them,
    certificates taken back by no act or not any more, and lists that are no lists of ours."""
    with snapshot():
        taken = _taken_back()
        found = [*_certificates(taken), *_seals(taken, step), *_lists(taken, step)]
    yield from found


_NO_STATEMENT = (
    "没有本节点签发的制发证明，或证明已被改动，不能使用，请报安全保密管理员"
    " / carries no statement of this node's authority, or an altered one: do not use it, tell the"
    " security administrator"
)
_TAKEN_BY_NOBODY = (
    "库中写为已吊销，但没有办理吊销过；请与备份核对后删除此行"
    " / stands there as revoked, and no act revoked it; compare with a backup and remove the row"
)
_NOT_TAKEN = (
    "已由办理吊销，但吊销名单中没有，请报安全保密管理员"
    " / was revoked by an act and is on no list any more: tell the security administrator"
)
_NO_LIST = (
    "不是本节点证书机构签发的吊销列表，对方会拒收所附的公文；请与备份核对"
    " / is no list that the authority has issued, so that others refuse what carries it; compare"
    " with a backup"
)
_ALL_GONE = (
    "自建立节点起每个证书机构都签发过吊销列表，库中却一份也没有；请从备份中找回"
    " / each authority has issued lists since the founding, and none of this one is left: look for"
    " them in a backup"
)
_OUTDATED = (
    "最新的吊销列表中没有已由办理吊销的证书（序列号 {0}），较新的列表可能已被删除；请从备份中找回"
    " / the newest list does not name the certificate {0} that an act revoked: a newer list may"
    " have been removed, look for it in a backup"
)


def _taken_back() -> dict[Named, _Taken]:
    """The certificates that acts took back, and when, in the order of the acts."""
    events: list[tuple[int, str, str, str, str]] = []
    for one in deeds("house.revoke_certificate"):
        pem, place = str(one.params["certificate"]), f"certificate of act {one.uid}"
        events.append((one.id, one.uid, one.at, pem, place))
    for one, two in agreed("house.resume"):
        place = f"certificate {{}} of act {one.uid}"
        for pem in dict.fromkeys(one.params["certificates"]):
            events.append((two.id, two.uid, two.at, str(pem), place))
    events += [(one.id, one.uid, one.at, "", "") for one in deeds("house.clock")]
    taken: dict[Named, _Taken] = {}
    for _, act, at, pem, place in sorted(events):
        if not pem:  # times went on from an earlier one
            for other in taken.values():
                other.at = min(other.at, at)
            continue
        cert = x509.load_cert(pem.encode())
        serial = f"{cert.serial_number:x}"
        mine = _Taken(act, at, x509.common_name(cert), place.format(serial))
        taken.setdefault((revocation.authority_of(cert), serial), mine)
    return taken


def _certificates(taken: dict[Named, _Taken]) -> Iterator[Found]:
    there: set[Named] = set()
    for rows in stretches(RevokedCertificate):
        for row in rows:
            named = (row["authority"], row["serial"])
            said, where = taken.get(named), f"certificate {row['serial']}"
            if said is None:
                yield where, _TAKEN_BY_NOBODY
                continue
            there.add(named)
            for name in ("act", "name"):
                if row[name] != getattr(said, name):
                    yield where, differs(NAMES[name], row[name], getattr(said, name))
            if not near(row["at"], said.at):
                yield where, differs(NAMES["at"], row["at"], said.at)
    for named, said in taken.items():
        if named not in there:
            yield said.place, _NOT_TAKEN


def _seals(taken: dict[Named, _Taken], step: Step) -> Iterator[Found]:
    for rows in stretches(Seal):
        for row in rows:
            where, signed = f"seal {row['uid']}", _signed(row, taken)
            if not signed:
                yield where, _NO_STATEMENT
            for name, value in signed.items():
                if row[name] != value:
                    yield where, differs(NAMES[name], row[name], value)
        step(len(rows))


def _signed(row: Row, taken: dict[Named, _Taken]) -> Row:
    """What the authority says of a seal, and the state that acts left it in; where the image or the
    certificate is another one, its digest stands for it. Empty without a good statement."""
    above = authority().certificate("seals")
    try:
        said = statements.read(
            stored_bytes(row["statement"]), stored_bytes(row["statement_signature"]), above
        )
    except (OfficeError, TypeError, ValueError):
        return {}
    signed = {"uid": said.seal, "unit": said.unit, "organ": said.unit, "name": said.name}
    signed |= {"impression_digest": said.impression, "level": said.level}
    if canonical.digest(str(row["impression"]).encode()) != said.impression:
        signed["impression"] = said.impression
    try:
        cert = x509.load_cert(str(row["certificate"]).encode())
        same = canonical.digest(x509.der(cert)) == said.certificate
        # As text, too: by it the seal of a certificate is found when that one is revoked.
        same = same and x509.pem(cert).decode("ascii") == row["certificate"]
    except OfficeError:
        same = False
    if same:
        is_taken = ("seals", f"{cert.serial_number:x}") in taken
        signed["state"] = "revoked" if is_taken else "active"
    else:
        signed["certificate"] = said.certificate
    return signed


def _lists(taken: dict[Named, _Taken], step: Step) -> Iterator[Found]:
    newest: dict[str, tuple[int, set[str]]] = {}
    for rows in stretches(RevocationList):
        for row in rows:
            where = f"list {row['number']} of {row['authority']}"
            crl = _list(row)
            if crl is None:
                yield where, _NO_LIST
                continue
            said = crl.extensions.get_extension_for_class(deferred.x509.CRLNumber)
            number = said.value.crl_number
            if row["number"] != number:
                yield where, differs(NAMES["number"], row["number"], number)
            if not _is_issued(row["issued"], crl):
                yield where, differs(NAMES["issued"], row["issued"], crl.last_update_utc)
            if number >= newest.get(row["authority"], (0, set()))[0]:
                newest[row["authority"]] = number, {f"{one.serial_number:x}" for one in crl}
        step(len(rows))
    for name in sorted(set(_first_lists()) - newest.keys()):
        yield f"list of {name}", _ALL_GONE
    for name, serial in taken:
        if serial not in newest.get(name, (0, set[str]()))[1]:
            yield f"list of {name}", _OUTDATED.format(serial)


def _first_lists() -> tuple[str, ...]:
    """The authorities that have issued lists since the founding; version 0.1, which signed no
    register of what it founded, issued none then."""
    founding = next(deeds("house.genesis"), None)
    return revocation.AUTHORITIES if founding and "register" in founding.params else ()


def _list(row: Row) -> x509.Crl | None:
    """The list in a row, if the authority that the row names has signed it."""
    if row["authority"] not in revocation.AUTHORITIES:
        return None
    try:
        crl = x509.load_crl(str(row["pem"]).encode())
        return crl if signed_by(crl, authority().certificate(row["authority"])) else None
    except (OfficeError, ValueError):
        return None


def _is_issued(moment: object, crl: x509.Crl) -> bool:
    try:
        return parse_stamp(str(moment)).replace(microsecond=0) == crl.last_update_utc
    except (OfficeError, ValueError):
        return False
