"""The rules of the regulation, checked while the drafter types; the rules themselves are data.

``rules/outgoing.json`` says for each rule its basis, how severe it is, at which field it is shown
and what it says; here stands what it looks at. ``block`` keeps a document from being submitted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from kernel.api import language, level_of, pattern
from plugins.documents.elements import TYPES, URGENCIES
from plugins.documents.relations import Relations

NUMBER = pattern(r"[一-龥]{1,12}〔(19|20)\d{2}〕[1-9]\d*号")
DATE = pattern(r"\d{4}年[1-9]\d?月[1-9]\d?日")
ASKING = (
    *("请批示", "请批复", "请予批准", "请审批", "请予审批", "妥否", "当否", "请予批复"),
    *("请予同意", "请审定", "恳请批准", "请予核拨"),
)
CLOSING = ("妥否", "当否", "请批示", "请予批复", "请批复", "请审批", "请予批准")
RELATIVE = pattern("今年|去年|明年|近日|昨天|今天|明天|本月|上月|下月|前不久")
_PUNCTUATION = "。，、；：！？.,;:!?"

Content = Mapping[str, Any]
Values = dict[str, str]
"""What a sentence has to be filled with."""
Look = Callable[[Content, Relations], Values | None]


class Finding(Struct, frozen=True):
    """A rule that a draft does not keep."""

    rule: str
    basis: str
    severity: str
    """``block``, ``warn`` or ``info``."""
    field: str
    zh: str
    en: str
    mark: str = ""
    """The words in the text that it is about; empty where it is about the whole."""

    @property
    def text(self) -> str:
        """The sentence in the language spoken now."""
        return self.en if language() == "en" else self.zh


@cache
def rules() -> dict[str, dict[str, str]]:
    """The rules by their id."""
    file = Path(__file__).parent / "rules" / "outgoing.json"
    return {rule["id"]: rule for rule in json.loads(file.read_text("utf-8"))}


def finding(rule: str, values: Values, severity: str = "") -> Finding:
    """The finding of a rule, its sentences filled in."""
    said = rules()[rule]
    return Finding(
        rule=rule,
        basis=said["basis"],
        severity=severity or said["severity"],
        field=said["field"],
        zh=said["message"].format(**values),
        en=said["message_en"].format(**values),
        mark=values.get("mark", ""),
    )


def check(content: Content, issuer: tuple[str, str], found: Relations) -> list[Finding]:
    """Everything that a draft does not keep, the severe first.

    :param issuer: full and short name of the issuing organ.
    """
    hits = [finding(rule, values) for rule, values in _hits(content, found)]
    hits += [finding("R11", {}, severity) for severity in _many_superiors(content, found)]
    if content["title"] and not content["title"].startswith(issuer):
        hits.append(finding("R47", {}))
    order = ("block", "warn", "info")
    return sorted(hits, key=lambda hit: order.index(hit.severity))


def _hits(content: Content, found: Relations) -> Iterator[tuple[str, Values]]:
    for rule, look in _LOOKS.items():
        values = look(content, found)
        if values is not None:
            yield rule, values


def _many_superiors(content: Content, found: Relations) -> list[str]:
    """How severe it is that several superiors are addressed (条例 art. 15(1): 原则上)."""
    if not found.upward or len(content["main"]) < 2:
        return []
    return ["block" if content["type"] == "请示" else "warn"]


def _type(content: Content, _: Relations) -> Values | None:
    return None if content["type"] in TYPES else {"t": content["type"]}


def _title_end(content: Content, _: Relations) -> Values | None:
    type_ = content["type"]
    ends = ("命令", "令") if type_ == "命令" else (type_,)
    return None if content["title"].endswith(ends) else {"t": type_}


def _no_subject(content: Content, _: Relations) -> Values | None:
    return {} if re.search(r"关于\s*的", content["title"]) else None


def _urgent_title(content: Content, _: Relations) -> Values | None:
    return {} if re.search("紧急|特急|加急", content["title"]) else None


def _urgency(content: Content, _: Relations) -> Values | None:
    return None if content["urgency"] in URGENCIES else {}


def _asking(content: Content, _: Relations) -> Values | None:
    if content["type"] == "请示":
        return None
    text = "\n".join(content["body"])
    hit = next((phrase for phrase in ASKING if phrase in text), None)
    return {"t": content["type"], "p": hit, "mark": hit} if hit else None


def _closing(content: Content, _: Relations) -> Values | None:
    if content["type"] != "请示" or not content["body"]:
        return None
    return None if any(phrase in content["body"][-1] for phrase in CLOSING) else {}


def _passed_over(content: Content, found: Relations) -> Values | None:
    return {"o": "、".join(found.passed_over)} if found.passed_over else None


def _below(content: Content, found: Relations) -> Values | None:
    return {"o": "、".join(found.below)} if found.below else None


def _unknown(content: Content, found: Relations) -> Values | None:
    return {"n": "、".join(found.unknown)} if found.unknown else None


def _note(content: Content, _: Relations) -> Values | None:
    said, there = content["attachment_note"], [one["title"] for one in content["attachments"]]
    if list(said) == there:
        return None
    pairs = [(a, b) for a, b in zip(said, there, strict=False) if a != b]
    counts = f"{len(said)} ≠ {len(there)}"
    return {"d": f"{pairs[0][0]} ≠ {pairs[0][1]}" if pairs else counts}


def _note_end(content: Content, _: Relations) -> Values | None:
    ends = [name[-1:] for name in content["attachment_note"]]
    return {} if any(end and end in _PUNCTUATION for end in ends) else None


def _levels(content: Content, _: Relations) -> Values | None:
    before = 0
    for paragraph in content["body"]:
        level, _end = level_of(paragraph)
        if level > before + 1:
            return {"mark": paragraph[:30]}
        before = level or before
    return None


def _long(content: Content, _: Relations) -> Values | None:
    return {} if sum(map(len, content["body"])) > 5000 else None


def _relative(content: Content, _: Relations) -> Values | None:
    hit = RELATIVE.search("\n".join(content["body"]))
    return {"w": hit[0], "mark": hit[0]} if hit else None


_LOOKS: dict[str, Look] = {
    "R01": _type,
    "R10": _passed_over,
    "R12": _below,
    "R16": _asking,
    "R46": _title_end,
    "R46A": _no_subject,
    "R48": _urgency,
    "R49": _urgent_title,
    "R51": _unknown,
    "R55": _note,
    "R56": _note_end,
    "R60": _levels,
    "R82": _closing,
    "R84": _long,
    "R86": _relative,
}


def check_register(number: str, issued: str) -> list[Finding]:
    """What the number and the date, as they are printed, do not keep."""
    hits = [] if NUMBER.fullmatch(number) else [finding("R43", {})]
    return hits + ([] if DATE.fullmatch(issued) else [finding("R54", {})])
