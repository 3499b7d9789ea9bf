"""What the row of a package shows, against its envelope, its evidence and its acts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from kernel.acts.deeds import Deed
from kernel.crypto import canonical
from kernel.errors import OfficeError
from kernel.exchange.ending import TYPES as ENDINGS
from kernel.exchange.package import BODY, METADATA_NAME, PAYLOAD, read
from kernel.exchange.proved import History
from kernel.identity.models import Unit
from kernel.storage.blobs import blobs
from kernel.storage.comparing import Found, Row, differs, near
from kernel.storage.log_check import stored_bytes

ENDED = {f"exchange.{how}": how for how in ENDINGS}
ATTACHMENTS = "content/attachments/00-"
NAMES = {
    "state": ("状态", "the state"),
    "organ": ("发文单位", "the sender"),
    "type": ("种类", "the kind"),
    "title": ("标题", "the title"),
    "number": ("文号", "the number"),
    "urgency": ("紧急程度", "the urgency"),
    "envelope": ("信封", "the envelope"),
    "metadata": ("元数据", "the metadata"),
    "body": ("正文", "the body"),
    "attachments": ("附件", "the attachments"),
    "payload": ("内容", "the payload"),
    "pkg_digest": ("公文包摘要", "the digest of the package"),
    "blob": ("公文包文件", "the file of the package"),
    "dispatch_act": ("分发办理", "the act of the dispatch"),
    "total": ("收文单位数", "how many it was sent to"),
    "sign_by": ("签收时限", "the deadline"),
    "sent": ("发出时间", "when it was sent"),
    "unit": ("发文部门", "the section that sent it"),
    "subject_kind": ("所出自的公文种类", "the kind of what it was made of"),
    "subject": ("所出自的公文", "what it was made of"),
    "acts": ("随包的办理", "the acts that travel with it"),
    "ended": ("撤回、作废、替换", "recall, void or replacement"),
    "successor": ("替换件", "what replaces it"),
}


def compare(history: History) -> Iterator[Found]:
    """Name what the row of a package says otherwise than what was signed."""
    row = history.package
    if row is None:
        return
    where, envelope = f"package {row['uid']}", envelope_of(row)
    if envelope is None:
        yield where, _NO_ENVELOPE
        return
    signed = _of_envelope(row, envelope) | _of_acceptance(row, history, envelope)
    signed |= _of_dispatch(row, history, envelope, signed) | _of_end(row, history)
    shown = row | {"envelope": canonical.digest(stored_bytes(row["envelope"]))}
    for name, value in signed.items():
        if shown[name] != value:
            yield where, differs(NAMES[name], shown[name], value)


_NO_ENVELOPE = (
    "信封内容已被改动，无法读取；请从备份中找回"
    " / its envelope was altered and cannot be read: look for it in a backup"
)


def envelope_of(row: Row) -> dict[str, Any] | None:
    """The envelope of a package; None where it is none any more."""
    try:
        found: dict[str, Any] = json.loads(stored_bytes(row["envelope"]))
        wanted = ("content", "sender", "recipients", "type", "urgency", "sign_by")
        return found if all(name in found for name in wanted) else None
    except (ValueError, TypeError):
        return None


def _of_envelope(row: Row, envelope: dict[str, Any]) -> dict[str, Any]:
    """The columns that an envelope says, and the content of which it holds the digests."""
    content, metadata = envelope["content"], row["metadata"]
    signed: dict[str, Any] = {name: envelope[name] for name in ("type", "urgency", "sign_by")}
    signed |= {"organ": envelope["sender"]["unit"], "body": content.get(BODY, "")}
    start = len(ATTACHMENTS)
    files = sorted(path for path in content if path.startswith(ATTACHMENTS[:-3]))
    signed["attachments"] = [[path[start:], content[path]] for path in files]
    for name, path in (("metadata", METADATA_NAME), ("payload", PAYLOAD)):
        if _digest(row[name]) != content.get(path, ""):
            signed[name] = content.get(path, "")
    if isinstance(metadata, dict) and "metadata" not in signed:
        said = {"title": metadata.get("标题"), "number": metadata.get("发文字号")}
        signed |= {name: value for name, value in said.items() if value}
    return signed


def _digest(value: Any) -> str:
    if value is None:
        return ""
    try:
        return canonical.digest(canonical.dumps(value))
    except OfficeError:
        return "?"


def _of_dispatch(
    row: Row, history: History, envelope: dict[str, Any], taken: dict[str, Any]
) -> dict[str, Any]:
    """Which act let it go, and of what it was made; nothing of it where it came in as a file.

    The section is that which the envelope names. What was only planned nobody has signed.
    """
    if any(one.params.get("failed") is not None for one in history.done("exchange.accept")):
        none = {"dispatch_act": "", "subject_kind": "", "subject": "", "acts": []}
        return none | {"unit": row["organ"]}
    signed: dict[str, Any] = {}
    unit = Unit.get_or_none(Unit.code == row["unit"])
    office = str(envelope["sender"].get("office", ""))
    if unit is None or (unit.organ, unit.name) != (row["organ"], office):
        signed["unit"] = office
    deed, shown = history.dispatch, canonical.digest(stored_bytes(row["envelope"]))
    said = deed.params.get("envelope") if deed is not None else None
    if not row["dispatch_act"]:
        return signed | {"acts": []}
    if deed is None or said not in (shown, taken.get("envelope")):
        return signed | {"dispatch_act": ""}
    signed |= {"envelope": said, "subject_kind": deed.kind, "subject": deed.subject}
    if not isinstance(row["acts"], list) or row["acts"][-1:] != [deed.uid]:
        signed["acts"] = [deed.uid]
    return signed


def _of_acceptance(row: Row, history: History, envelope: dict[str, Any]) -> dict[str, Any]:
    """The state, and which file it became, by the evidence and the node's signed act."""
    accepted, taken = history.about_all("A1"), history.done("exchange.accept")
    if not accepted:
        state = "claimed" if row["dispatch_act"] else "planned"
        return {"state": state, "total": len(envelope["recipients"])}
    later = {one.box for one in history.events if one.type == "X8" and not one.box[1]}
    signed = {
        "state": "sent",
        "pkg_digest": accepted[0].facts["pkg_digest"],
        "total": len(envelope["recipients"]) + len(later),
    }
    if taken:
        signed["blob"] = taken[0].params["blob"]
        signed["envelope"] = taken[0].digest
        if taken[0].digest == signed["pkg_digest"]:
            signed["envelope"] = _enclosed(taken[0])
        if not near(row["sent"], taken[0].at):
            signed["sent"] = taken[0].at
    return signed


def _enclosed(taken: Deed) -> str:
    """What came in as a file was taken by its own digest, and the envelope lies in it."""
    package = read(blobs().get(taken.params["blob"]))
    whole = package.digest == taken.digest
    return canonical.digest(canonical.dumps(package.contents.envelope)) if whole else taken.digest


def _of_end(row: Row, history: History) -> dict[str, Any]:
    """How its sender ended it: void or replacement, else a recall that took effect."""
    ends = [one for one in history.done(*ENDED) if one.uid not in history.kept_only]
    if ends:
        return {"ended": ENDED[ends[0].verb], "successor": str(ends[0].params.get("by", ""))}
    of_some = {one.uid for one in history.done("exchange.recall") if one.params.get("units")}
    said = {one.cause for one in history.about_all("X1")} - of_some
    # Who was asked alone, and by a recall of all as well, may have answered either.
    alone = {
        unit
        for one in history.done("exchange.recall")
        if one.params.get("ask")
        for unit in one.params.get("units") or ()
    }
    back = [one for one in history.events if one.type in ("X2", "X4") and not one.conflict]
    gone = [one for one in back if one.type == "X4" or one.cause not in of_some]
    refused = {one.cause for one in history.events if one.type == "X3"}
    if said and any(one.type == "X2" or one.box[0] not in alone for one in gone):
        return {"ended": "recall", "successor": ""}
    # One that the node is still recording may have set it already.
    under_way = {one.uid for one in history.done("exchange.recall")} - of_some - refused - said
    # By acts of version 0.1 it had ended with the request already.
    noted = history.done("exchange.withdraw")
    by_request = any(one.params.get("boxes") is None for one in noted)
    possible = row["ended"] == "recall" and (under_way or by_request or (said and gone))
    return {"ended": "recall" if possible else "", "successor": ""}
