"""Canary words: what one organ writes and another one must never meet.

Each organ has its own word, in every field of a draft and of a document that it sent to one other
organ; whoever finds the word at a desk of a third organ has found a leak.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec.structs import replace

from kernel.acts.gate import do
from kernel.acts.terminal import desk_at
from kernel.identity import phrases
from kernel.identity.rights import rights
from kernel.node import open_node
from kernel.reference import read
from kernel.settings import Settings
from kernel.storage.database import connection, transaction
from kernel.testing_office import UNITS, Offices
from plugins.announcements import acts as announcing
from plugins.announcements.models import today
from plugins.documents.line import issue
from plugins.feedback import acts as feedback

OFFICE, FINANCE, EDUCATION = "620700-CPCO", "620700-GFIN", "620700-GEDU"
WORDS = {OFFICE: "沙枣驼铃", FINANCE: "祁连雪线"}
"""The canary of each organ in what it sent to the other one."""
OWN = {OFFICE: "黑河鹳影", FINANCE: "丹霞狼烟"}
"""The canary of each organ in what it keeps for itself."""
REMARKS = {OFFICE: "居延烽燧", FINANCE: "合黎晴岚"}
"""The canary of each organ in what its person remarks to those who run the platform alone."""
NAMES = {OFFICE: "中共张掖市委办公室", FINANCE: "张掖市财政局"}
EVERYTHING = ["drafter", "section_head", "office_director", "leader", "unit_admin"]


def notice(organ: str, to: str, word: str) -> dict[str, Any]:
    """A notice with the organ's word wherever words go."""
    return {
        "issuer": organ,
        "type": "通知",
        "title": f"{NAMES[organ]}关于{word}工作的通知",
        "main": [to],
        "body": [f"现将{word}有关事项通知如下。", f"一、{word}", "请认真执行。"],
        "note": f"联系人：{word}",
        "contact": f"{word}",
        "attachments": [
            {
                "title": f"{word}名册",
                "kind": "table",
                "columns": ["序号", f"{word}栏"],
                "rows": [["1", f"{word}格"]],
                "paragraphs": [],
            },
            {
                "title": f"{word}说明",
                "kind": "text",
                "columns": [],
                "rows": [],
                "paragraphs": [f"{word}段"],
            },
        ],
    }


def offices(place: Path) -> Offices:
    """Small offices in whose bureaus one person has every role, after two organs worked there."""
    small = read().only(UNITS)
    people = [
        {**one, "roles": [*one["roles"], *EVERYTHING]}
        if one["unit"] in (FINANCE, EDUCATION)
        else one
        for one in small.people
    ]
    return Offices(place, reference=replace(small, people=people), then=_fill)


def _fill(settings: Settings) -> None:
    with open_node(settings):
        fill()


def fill() -> None:
    """Let two organs write, send and draft."""
    for organ, to in ((OFFICE, "市财政局"), (FINANCE, "中共张掖市委办公室")):
        issue(notice(organ, to, WORDS[organ]))
        issue(notice(organ, to, OWN[organ]), until="submit")
        issue(notice(organ, to, OWN[organ]), until="draft")
        tell(organ, OWN[organ])


def tell(organ: str, word: str) -> None:
    """Let an organ tell its own people its word, its person keep it as a phrase, and remark."""
    day = today().isoformat()
    with connection():
        publisher = desk_at(rights().holders("announcements.publish", organ)[0])
        said = {"title": f"{word}公告", "body": f"{word}事项。", "scope": "organ"}
        do(publisher, announcing.publish, starts=day, ends=day, **said)
        with transaction():
            phrases.add(publisher.person, f"{word}，同意。")
        do(publisher, feedback.write, text=f"{REMARKS[organ]}，请改进。", place="/")
