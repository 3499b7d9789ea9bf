"""Review and sign-off (条例 art. 20 to 22)."""

from __future__ import annotations

from typing import Any

from kernel.api import Desk, Invalid, _, act, opinions, this_act
from plugins.documents.acts import versions
from plugins.documents.acts.common import MOST_OPINION, check_ink, forward, need_opinion, slip
from plugins.documents.acts.writing import need_disclosure, outgoing
from plugins.documents.models import Document
from plugins.documents.sheets import day_text, today
from plugins.workflow import face as workflow


def _agree(
    desk: Desk,
    document: Document,
    step: str,
    opinion: str,
    next_post: str,
    scan: str,
    ink: str,
) -> None:
    title = workflow.require(desk, document, step).title
    opinions.write(desk, document, step=title, text=opinion.strip(), scan=scan, ink=ink)
    forward(desk, document, next_post)


def _reviewing(
    desk: Desk, document: Document, *, opinion: str, next_post: str, scan: str, ink: str
) -> None:
    workflow.require(desk, document, "section_review")
    need_opinion(opinion, ink)


@act(
    "documents.review",
    title="科室核稿",
    title_en="Section review",
    level="review",
    weight="recorded",
    schema=2,
    private=("opinion", "ink"),
    check=_reviewing,
    delegate=True,
    transcribe=True,
)
def review(
    desk: Desk,
    document: Document,
    *,
    opinion: str,
    next_post: str = "",
    scan: str = "",
    ink: str = "",
) -> None:
    """The section head agrees; the office reviews next."""
    _agree(desk, document, "section_review", opinion, next_post, scan, ink)


def _office_reviewing(
    desk: Desk, document: Document, *, opinion: str, next_post: str, scan: str, ink: str
) -> None:
    workflow.require(desk, document, "office_review")
    need_opinion(opinion, ink)
    need_disclosure(document)


@act(
    "documents.office_review",
    title="办公室核稿",
    title_en="Office review",
    level="office_review",
    weight="recorded",
    schema=2,
    private=("opinion", "ink"),
    check=_office_reviewing,
    delegate=True,
    transcribe=True,
)
def office_review(
    desk: Desk,
    document: Document,
    *,
    opinion: str,
    next_post: str = "",
    scan: str = "",
    ink: str = "",
) -> None:
    """The office reviews before anybody signs off (条例 art. 20; R30)."""
    _agree(desk, document, "office_review", opinion, next_post, scan, ink)


def _with_reason(desk: Desk, document: Document, *, to: str, reason: str, ink: str) -> None:
    step = workflow.current(document)
    workflow.require(desk, document, step.key if step is not None else "")
    if not (reason.strip() or ink) or len(reason) > MOST_OPINION:
        raise Invalid(
            "documents.r31",
            f"请写明退回原因（必填，不超过 {MOST_OPINION} 字，拟稿人可见）。",
            f"Say why you send it back ({MOST_OPINION} characters at most); the drafter reads it.",
            field="reason",
        )
    check_ink(ink)


@act(
    "documents.send_back",
    title="退回",
    title_en="Send back",
    level="view",
    weight="recorded",
    schema=2,
    private=("reason", "ink"),
    check=_with_reason,
    delegate=True,
)
def send_back(desk: Desk, document: Document, *, to: str, reason: str, ink: str = "") -> None:
    """Send it back to an earlier step, with the reason (条例 art. 21; R31).

    From the numbering it goes to who signed it off or to its drafter (复核, art. 25(1)): what is to
    be changed has to be signed off again, so that the sign-off does not count any more.
    """
    step = workflow.current(document)
    title = step.title if step is not None else ""
    opinions.write(desk, document, step=f"{title}：退回", text=reason.strip(), ink=ink)
    versions.keep(desk, document, step=document.state, action="back")
    workflow.send_back(desk, document, to, slip=slip(desk, document))
    gone = {"sign_off_act": "", "signer_name": "", "issued": ""} if step_before_number(to) else {}
    document.change(state=to, opened="", **gone)


def step_before_number(key: str) -> bool:
    """Whether a step comes before the numbering: what was signed off is open again there."""
    keys = [step.key for step in outgoing().steps]
    return keys.index(key) < keys.index("number")


def _signing(
    desk: Desk, document: Document, *, opinion: str, next_post: str, scan: str, ink: str
) -> None:
    workflow.require(desk, document, "sign")
    need_opinion(opinion, ink)
    need_disclosure(document)


def _consequence(desk: Desk, document: Document, **values: Any) -> str:
    day = day_text(today())
    return _("签发后正文不可修改，成文日期为%(day)s。下一步由文档员编号。", day=day)


@act(
    "documents.sign_off",
    title="签发",
    title_en="Sign off",
    level="sign",
    weight="signed",
    schema=2,
    private=("opinion", "ink"),
    check=_signing,
    confirm=_consequence,
    transcribe=True,
)
def sign_off(
    desk: Desk,
    document: Document,
    *,
    opinion: str,
    next_post: str = "",
    scan: str = "",
    ink: str = "",
) -> None:
    """Approve the document for issue: opinion, name and full date (条例 art. 22; R33).

    The day of the sign-off is the date of the document (条例 art. 9(12); R53).
    """
    document.change(signer_name=desk.principal.name, issued=today(), sign_off_act=this_act())
    _agree(desk, document, "sign", opinion, next_post, scan, ink)
