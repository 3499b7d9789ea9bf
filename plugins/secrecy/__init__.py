"""Refuses classified content: 涉密信息一律不得在协同办公系统进行处理 (founding notice, part 3)."""

from __future__ import annotations

from collections.abc import Sequence

from kernel.api import Desk, Refused, Subject, Verb, hookimpl
from plugins.secrecy.marks import find_mark
from plugins.secrecy.verdicts import cleared, note

WRITTEN_HERE = frozenset({"documents.document"})
"""Kinds that this node writes itself. What came in was checked before it was sent, and refusing to
read it would undo nothing."""


@hookimpl
def scan(texts: Sequence[str], of: str) -> None:
    """Refuse texts with a classification mark, and keep the verdict on the object's digest."""
    mark = next((found for found in map(find_mark, texts) if found), "")
    if of:
        note(of, ok=not mark)
    if mark:
        raise Refused(
            "secrecy.marked",
            f"本系统为非涉密系统。检测到密级标志“{mark}”，内容没有保存。"
            "请立即停止录入，删除本机副本，交本单位保密员按规定通过机要渠道办理。",
            f"This system is not for classified matters. The mark “{mark}” was found and nothing "
            "was saved. Stop typing, delete local copies, and give it to the secrecy officer.",
        )


@hookimpl
def guard(desk: Desk, verb: Verb, subject: Subject | None) -> None:
    """Refuse to handle a document whose present content was never found free of marks."""
    if subject is None or verb.weight == "draft" or subject.kind not in WRITTEN_HERE:
        return
    if cleared(subject.digest()):
        return
    raise Refused(
        "secrecy.unchecked",
        "此件的现有内容没有通过密级标志检查，不能办理。请打开编辑页重新保存一次。",
        "The present content was not checked for classification marks: open the editor, save it.",
    )
