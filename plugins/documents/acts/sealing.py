"""Applying the seal: the keeper's act, the signer's work after it, and what the node records."""

from __future__ import annotations

import json
from typing import Any

from kernel.api import (
    Conflict,
    Desk,
    Invalid,
    Post,
    Refused,
    ServiceDesk,
    Stale,
    Unverified,
    _,
    act,
    act_record,
    blobs,
    by_node,
    connection,
    keepers_of,
    outbox,
    seal_of,
    signer,
    this_act,
    transaction,
)
from plugins.documents.models import Document
from plugins.documents.sheets import stored_sheet
from plugins.workflow import face as workflow


def seal_arguments(document: Document) -> dict[str, Any]:
    """What the keeper signs: the file, its sheet, the place, the seal and its certificate."""
    found = seal_of(document.organ)
    return {
        "pdf": document.pdf,
        "pdf_size": document.pdf_size,
        "sheet": document.sheet,
        **document.placement,
        "certificate": json.loads(bytes(found.statement))["certificate"],
        "seal": found.uid,
        "number": document.number,
    }


def _sealing(desk: Desk, document: Document, **given: Any) -> None:
    workflow.require(desk, document, "seal")
    if document.claim:
        raise Conflict(
            "documents.sealing",
            "正在用印，请稍候刷新页面查看结果。",
            "The seal is being applied; reload the page in a moment.",
        )
    if desk.person.uid not in keepers_of(seal_of(document.organ)):
        raise Refused(
            "documents.not_keeper",
            "您不是这枚印章登记的保管人，不能用印。请交印章保管人办理。",
            "You are not a registered keeper of this seal; have its keeper do it.",
        )
    if given != seal_arguments(document):
        raise Stale(
            "documents.changed",
            "版式文件已有变化，请重新核对后再用印。",
            "The fixed-layout file has changed; check it again before you seal it.",
        )


def _consequence(desk: Desk, document: Document, **values: Any) -> str:
    return _(
        "将对《%(title)s》（共 %(n)s 页）加盖“%(seal)s”印章，盖章后不可修改。",
        title=document.title,
        n=document.pages,
        seal=seal_of(document.organ).name,
    )


@act(
    "documents.seal",
    title="用印",
    title_en="Seal",
    level="seal",
    weight="signed",
    check=_sealing,
    confirm=_consequence,
)
def seal(
    desk: Desk,
    document: Document,
    *,
    pdf: str,
    pdf_size: int,
    sheet: str,
    page: int,
    x_um: int,
    y_um: int,
    certificate: str,
    seal: str,
    number: str,
) -> None:
    """Have the unit's seal applied to exactly this file, at exactly this place.

    The signer does it after the commit, from the acts alone; see :func:`apply_seal`.
    """
    document.change(claim=desk.post.uid, seal_act=this_act())
    outbox.put("documents.apply_seal", this_act(), {"document": document.uid, "act": this_act()})


def apply_seal(payload: dict[str, Any]) -> None:
    """Outbox handler: ask the signer, store the sealed file, record it. Idempotent."""
    with connection():
        document = Document.get(Document.uid == payload["document"])
        if not document.claim or document.seal_act != payload["act"]:
            return
        acts = {
            "seal_act": act_record(document.seal_act),
            "sign_off_act": act_record(document.sign_off_act),
            "number_act": act_record(document.number_act),
        }
        content, sheet = document.content, stored_sheet(document)
    desk = ServiceDesk(document.organ, "documents.apply_seal")
    try:
        done = signer().seal(document.organ, content=content, sheet=sheet, **acts)
    except (Refused, Unverified, Invalid) as error:
        with transaction():
            by_node(desk, seal_failed, document, code=error.code, reason=error.zh)
        return
    sealed = blobs().put(done["pdf"])
    with transaction():
        by_node(desk, record_seal, document, sealed=sealed, size=len(done["pdf"]))


def _claimed(desk: ServiceDesk, document: Document, **_: Any) -> None:
    if not document.claim:
        raise Conflict(
            "documents.sealed",
            "此件已用印，不能重复用印。请刷新页面，接着分发。",
            "It has been sealed already and is not sealed twice; reload the page and dispatch it.",
        )


def _keeper(document: Document) -> Post:
    post: Post = Post.get(Post.uid == document.claim)
    return post


@act(
    "documents.record_seal",
    title="登记用印",
    title_en="Record the seal",
    level="none",
    weight="signed",
    by="node",
    check=_claimed,
)
def record_seal(desk: ServiceDesk, document: Document, *, sealed: str, size: int) -> None:
    """The sealed file is there: the keeper's step is done, the clerk dispatches next.

    :param sealed: the blob digest of the sealed PDF.
    """
    keeper = _keeper(document)
    said = workflow.Slip(f"发文 · {document.number}", document.urgency, keeper.person.name)
    after = workflow.complete(desk, document, by=keeper, slip=said)
    document.change(sealed=sealed, claim="", state=after.key if after else "")


@act(
    "documents.seal_failed",
    title="用印未成",
    title_en="Sealing refused",
    level="none",
    weight="signed",
    by="node",
    check=_claimed,
)
def seal_failed(desk: ServiceDesk, document: Document, *, code: str, reason: str) -> None:
    """The signer refused: the file is typeset anew and shown to the keeper again."""
    keeper = _keeper(document)
    said = workflow.Slip(f"发文 · {document.number}", document.urgency, keeper.person.name)
    workflow.send_back(desk, document, "typeset", by=keeper, slip=said)
    document.change(claim="", seal_act="", trouble=reason, state="typeset")
