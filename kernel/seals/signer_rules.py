"""What an act of a person lets the signer sign. Pure functions over verified acts.

The signer asks nobody: whatever it needs to know stands in the signed bytes of the acts, in the
statement about the seal, and in what is to be signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import unquote

from msgspec import Struct

from kernel.crypto import x509
from kernel.crypto.acts_format import ActFacts
from kernel.crypto.canonical import digest, dumps, loads, unb64
from kernel.deferred import pattern
from kernel.errors import Invalid, Refused, Unverified
from kernel.seals.content import digest_of, matches
from kernel.seals.signer_vault import Unit
from kernel.work.sheet import Sheet

SEAL, SIGN_OFF, NUMBER = "documents.seal", "documents.sign_off", "documents.assign_number"
DISPATCHING = (".dispatch", ".send")
EVIDENCE = {
    "exchange.sign_for": "C1",
    "exchange.send_back": "C2",
    "exchange.recall": "X1",
    "exchange.agree_recall": "X4",
    "exchange.void": "X5",
    "exchange.supersede": "X6",
    "exchange.resend": "X8",
    "exchange.set_deadline": "X9",
    "exchange.correct": "X12",
}
"""Verb of a person → the evidence (回执) that it leads to."""
_BY_RECIPIENT = ("C1", "C2", "X4", "X12")
_EVIDENCE_FORMAT = "juyan-evidence-1"

_ROW = pattern(
    r'<asic:DataObjectReference URI="([^"]+)" MimeType="[^"]+">'
    r'<ds:DigestMethod Algorithm="http://www\.w3\.org/2001/04/xmlenc#sha256"/>'
    r"<ds:DigestValue>([A-Za-z0-9+/=]+)</ds:DigestValue></asic:DataObjectReference>\n"
)
T = TypeVar("T", str, int)


class SealingActs(Struct, frozen=True):
    """The acts that lead to a seal, verified."""

    seal: ActFacts
    sign_off: ActFacts
    number: ActFacts | None


class SealOrder(Struct, frozen=True):
    """What the keeper signed: which file, where the seal goes."""

    pdf: str
    """``sha256:<hex>`` of the file before the seal."""
    pdf_size: int
    page: int
    x_um: int
    """Micrometres from the page's left edge to the centre of the seal."""
    y_um: int
    """Micrometres from the page's top edge."""
    number: str
    act: str
    """The digest of the keeper's act."""


def check_sealing(
    unit: Unit, acts: SealingActs, content: Mapping[str, Any], sheet: Sheet
) -> SealOrder:
    """Check everything that can be checked before the sheet is typeset again.

    :raises Refused: ``signer.node``, ``signer.organ``, ``signer.verb``, ``signer.keeper``.
    :raises Unverified: ``signer.params``, ``signer.object``, ``signer.content``,
        ``signer.sheet``, ``signer.number``, ``signer.seal``, ``seals.content``.
    """
    _check_chain(unit, acts)
    _check_keeper(unit, acts.seal)
    signed = digest_of(content)
    for act in filter(None, (acts.seal, acts.sign_off, acts.number)):
        if _get(act.act, "object", "digest") != signed:
            raise _unverified("content", "内容与签发时不一致", "this is not what was signed off")
    matches(content, sheet)
    if param(acts.seal, "sheet", str) != digest(dumps(sheet.to_json())):
        raise _unverified("sheet", "版面与用印人确认的不一致", "the keeper signed another sheet")
    _check_number(acts, sheet)
    return _order(acts.seal)


def _check_chain(unit: Unit, acts: SealingActs) -> None:
    wanted = [(acts.seal, SEAL), (acts.sign_off, SIGN_OFF)]
    wanted += [(acts.number, NUMBER)] if acts.number else []
    for act, verb in wanted:
        by_person(unit, act)
        if act.verb != verb:
            raise _refused("verb", f"缺少“{verb}”动作", f"the act {verb} is missing")
        if not act.object_uid or _object(act) != _object(acts.seal):
            raise _unverified("object", "办理动作不属于同一公文", "the acts are on other documents")


def _object(act: ActFacts) -> tuple[Any, Any]:
    return _get(act.act, "object", "kind"), act.object_uid


def _check_keeper(unit: Unit, seal: ActFacts) -> None:
    said = unit.statement
    if not seal.own or seal.act["desk"].get("person") not in said.keepers:
        raise _refused("keeper", "办理人不是此印章的保管人", "this person does not keep the seal")
    if not said.not_before <= seal.issued <= said.not_after:
        raise _refused("keeper", "印章当时不在有效期内", "the seal was not valid then")
    named = (param(seal, "seal", str), param(seal, "certificate", str))
    if named != (said.seal, digest(x509.der(unit.seal_certificate))):
        raise _unverified("seal", "用印动作指的是另一枚印章", "the act names another seal")


def _check_number(acts: SealingActs, sheet: Sheet) -> None:
    number = param(acts.number, "number", str) if acts.number else ""
    if not sheet.number == number == param(acts.seal, "number", str):
        raise _unverified("number", "发文字号与编号动作不一致", "another number was assigned")


def _order(seal: ActFacts) -> SealOrder:
    texts = {name: param(seal, name, str) for name in ("pdf", "number")}
    counts = {name: param(seal, name, int) for name in ("pdf_size", "page", "x_um", "y_um")}
    return SealOrder(**texts, **counts, act=seal.digest)  # type: ignore[arg-type]  # by name


def check_manifest(unit: Unit, act: ActFacts, envelope: bytes, manifest: bytes) -> None:
    """Check that a person dispatched exactly what the manifest of a package lists.

    The envelope names the digests of the content, the act names the digest of the envelope (and
    of the sealed file); the manifest must list the same and nothing of its own as content.

    :raises Refused: ``signer.node``, ``signer.organ``, ``signer.verb``.
    :raises Unverified: ``signer.envelope``, ``signer.sender``, ``signer.manifest``.
    """
    by_person(unit, act)
    if not act.verb.endswith(DISPATCHING):
        raise _refused("verb", "不是发文动作", "it is not a dispatch")
    if act.params.get("envelope") != digest(envelope):
        raise _unverified("envelope", "信封与发文人确认的不一致", "another envelope was signed")
    fields = _json(envelope, "envelope")
    if _get(fields, "sender", "unit") != unit.code:
        raise _unverified("sender", "信封上的发文单位不是本单位", "it names another sender")
    listed = _listed(manifest)
    enclosed = {name: value for name, value in listed.items() if not name.startswith("META-INF/")}
    sealed = act.params.get("sealed")
    if enclosed.pop("envelope.json", None) != digest(envelope) or enclosed != fields.get("content"):
        raise _unverified("manifest", "公文包清单与信封不一致", "manifest and envelope differ")
    if sealed and enclosed.get("content/body.pdf") != sealed:
        raise _unverified("manifest", "正文不是发文人确认的文件", "another body was dispatched")


def _listed(manifest: bytes) -> dict[str, str]:
    """Path → digest, as the manifest lists them (ETSI EN 319 162-1, A.4), in our one form."""
    text = manifest.decode("utf-8", "replace")
    rows = _ROW.findall(text)
    listed = {unquote(uri): "sha256:" + unb64(value).hex() for uri, value in rows}
    if "<asic:DataObjectReference" in _ROW.sub("", text) or len(listed) != len(rows):
        raise _unverified("manifest", "公文包清单格式不对", "the manifest is malformed")
    return listed


def check_evidence(unit: Unit, act: ActFacts, evidence: bytes) -> str:
    """Check that a piece of evidence follows from the act; gives what it is about.

    :raises Refused: ``signer.node``, ``signer.organ``, ``signer.verb``.
    :raises Unverified: ``signer.evidence``.
    """
    by_person(unit, act)
    fields = _json(evidence, "evidence")
    code = fields.get("type")
    if act.verb not in EVIDENCE or EVIDENCE[act.verb] != code:
        raise _refused("verb", f"此动作不能产生回执 {code}", f"this act does not lead to {code}")
    package = _get(act.act, "object", "digest")
    if (fields.get("act"), fields.get("pkg_digest")) != (act.digest, package):
        raise _unverified("evidence", "回执与办理动作不符", "the evidence names another act")
    units = {_get(fields, "actor", "unit")}
    units |= {fields.get("recipient")} if code in _BY_RECIPIENT else set()
    if units != {unit.code} or fields.get("format") != _EVIDENCE_FORMAT:
        raise _unverified("evidence", "回执不是本单位的", "the evidence is another unit's")
    return f"{fields.get('msg_id')}/{fields.get('recipient')}"


def by_person(unit: Unit, act: ActFacts) -> None:
    """Refuse acts of the node and of other organs' desks.

    :raises Refused: ``signer.node``, ``signer.organ``.
    """
    if act.by_node:
        raise _refused("node", "需要本人签名的办理动作", "a person's signed act is needed")
    if act.organ != unit.code:
        raise _refused("organ", "办理人不在此单位办公", "the act was done at another organ's desk")


def param(act: ActFacts, name: str, kind: type[T]) -> T:
    """An argument of an act; Unverified ``signer.params`` when it is not there."""
    value = act.params.get(name)
    if type(value) is not kind:
        raise _unverified("params", f"办理动作缺少“{name}”", f"the act lacks {name!r}")
    return value


def _json(data: bytes, what: str) -> dict[str, Any]:
    try:
        value = loads(data)
    except Invalid as error:
        raise _unverified(what, "内容格式不对", "it is malformed") from error
    if not isinstance(value, dict):
        raise _unverified(what, "内容格式不对", "it is malformed")
    return value


def _get(fields: Mapping[str, Any], *names: str) -> object:
    value: object = fields
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _refused(reason: str, zh: str, en: str) -> Refused:
    return Refused(
        f"signer.{reason}",
        f"签章程序拒绝：{zh}。请由有权的人员重新办理。",
        f"The signer refuses: {en}. Have it done again by who may do it.",
    )


def _unverified(reason: str, zh: str, en: str) -> Unverified:
    return Unverified(
        f"signer.{reason}",
        f"签章程序拒绝：{zh}。请刷新页面，核对后重新办理。",
        f"The signer refuses: {en}. Reload the page, check, and do it again.",
    )
