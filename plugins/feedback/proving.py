"""Remarks and answers against the acts that wrote them, for ``log verify``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from kernel.api import Person, comparing, deeds, snapshot
from plugins.feedback.models import Remark

Row = dict[str, Any]
Written = tuple[str, str, str, str, str]
NAMES = {
    "state": ("状态", "the state"),
    "reply": ("答复", "the answer"),
    "replier": ("答复人", "who answered"),
    "replied": ("答复时间", "the time of the answer"),
}


def reconcile(step: comparing.Step) -> Iterator[comparing.Found]:
    """Name remarks that nobody wrote so, answers that nobody gave so, and what is gone."""
    with snapshot():
        found = [*_remarks(), *_answers()]
    yield from found
    step(Remark.select().count())


def _remarks() -> Iterator[comparing.Found]:
    acts = list(deeds.deeds("feedback.write"))
    words = deeds.words_of([one.uid for one in acts])
    written: Counter[Written] = Counter()
    for one in acts:
        text = words.get(one.uid, {}).get("text", "").strip()
        written[one.organ, one.person, one.post, text, str(one.params.get("place", ""))] += 1
    for row in comparing.rows_of(Remark):
        said = (row["organ"], row["person"], row["post"], row["text"], row["place"])
        if written[said] < 1:
            yield f"{Remark.kind} {row['uid']}", _OTHERWISE
        written[said] -= 1
    for organ, *_ in (+written).elements():
        yield f"{Remark.kind} of {organ}", _GONE


def _answers() -> Iterator[comparing.Found]:
    for rows in comparing.stretches(Remark):
        given = deeds.deeds_on(Remark.kind, [row["uid"] for row in rows], ["feedback.answer"])
        last = {uid: acts[-1] for uid, acts in given.items()}
        words = deeds.words_of([one.uid for one in last.values()])
        names = _names({one.person for one in last.values()})
        for row in rows:
            deed = last.get(row["uid"])
            for name, value in _signed(row, deed, words, names).items():
                if row[name] != value:
                    where = f"{Remark.kind} {row['uid']}"
                    yield where, comparing.differs(NAMES[name], row[name], value)


def _signed(
    row: Row, deed: deeds.Deed | None, words: dict[str, dict[str, str]], names: dict[str, str]
) -> dict[str, Any]:
    if deed is None:
        return {"state": "open", "reply": "", "replier": "", "replied": None}
    signed: dict[str, Any] = {"state": "answered"}
    if not comparing.near(row["replied"], deed.at):
        signed["replied"] = deed.at
    if deed.uid in words:
        signed["reply"] = words[deed.uid].get("reply", "").strip()
    if deed.person in names:
        signed["replier"] = names[deed.person]
    return signed


def _names(people: set[str]) -> dict[str, str]:
    rows = comparing.rows_of(Person, Person.uid, Person.name, where=[Person.uid.in_(list(people))])
    return {row["uid"]: row["name"] for row in rows}


_OTHERWISE = (
    "单位、提出人、岗位、文字或所涉页面不是提出时的内容；请与备份核对后改回"
    " / organ, writer, post, text or page are not what was written: compare with a backup and"
    " restore it"
)
_GONE = (
    "有人提出过一条意见建议，库中没有或已被改动；请从备份中找回"
    " / a remark was written, and its row is gone or another: look for it in a backup"
)
