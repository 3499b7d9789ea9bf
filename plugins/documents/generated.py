"""Made-up documents for measuring: titles and texts as offices write them, and the tasks on them.

Nothing of what an act leaves behind is made up: no opinions, no number of a series, no seal, no
package. The number of such a document says 生成, and so does every task on it.
"""

from __future__ import annotations

import json
from bisect import bisect
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import cache
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any

from msgspec import Struct

from kernel.api import (
    Generation,
    SearchEntry,
    Task,
    insert_tuples,
    search,
    stamp,
)
from plugins.documents.acts.writing import outgoing
from plugins.documents.models import SENT, Document
from plugins.workflow import face as workflow

WORDS = Path(__file__).parent / "generated.json"
RECENT, UNFINISHED = 0.2, 0.5
"""The newest fifth of the documents holds all unfinished ones: half of it."""
UNSIGNED = ("draft", "section_review", "office_review", "sign")
"""Where they stand: before the sign-off, so that what follows takes real acts."""
UNREAD = 0.3
"""Of the copies of a recent document that go round, so many are still to be read."""
_TASK = (
    *("uid", "plugin", "form", "kind", "subject", "title", "meta", "step", "step_en"),
    *("organ", "unit", "post", "level", "urgency", "sender", "due", "created", "done", "done_by"),
)
_DOCUMENT = (
    *("uid", "version", "organ", "drafter", "drafter_name", "drafter_post", "unit", "unit_name"),
    *("type", "series", "title", "main", "main_text", "cc", "body", "attachment_note"),
    *("attachments", "annotation", "urgency", "disclosure", "disclosure_reason", "state"),
    *("submitted", "signer_name", "issued", "number", "sign_off_act", "number_act", "seal_act"),
    *("sheet", "pdf", "pdf_size", "pages", "placement", "sealed", "package", "claim", "trouble"),
    *("opened", "changed"),
)


@cache
def words() -> dict[str, Any]:
    """Works of an office, and how its documents speak of them."""
    found: dict[str, Any] = json.loads(WORDS.read_text("utf-8"))
    return found


def write(part: Generation) -> None:
    """Write the documents of a part, their places in the flow, their tasks, their search entries.

    Within the transaction of the part.
    """
    ends = list(accumulate(one.share for one in part.workplaces))
    made = [
        _Made(part, number, ends) for number in range(part.first, part.first + part.count)
    ]  # fmt: skip
    insert_tuples(Document, _DOCUMENT, [one.row() for one in made])
    workflow.place(outgoing(), [one.run() for one in made])
    insert_tuples(Task, _TASK, [row for one in made for row in one.tasks()])
    search.index_new([one.entry() for one in made])


class _Made:
    """One document, and what hangs on it."""

    def __init__(self, part: Generation, number: int, ends: list[float]) -> None:
        self.part, self.chance = part, part.random
        chance = part.random
        self.number_of_tasks = part.tasks_of(number)
        at = min(bisect(ends, chance.random() * ends[-1]), len(ends) - 1)
        self.organ = part.workplaces[at]
        self.uid = part.uid(Generation.OBJECT, number)
        self.began = part.moment(number)
        recent = number >= part.whole * (1 - RECENT)
        self.recent = recent
        self.step = ""
        if recent and chance.random() < UNFINISHED:
            self.step = chance.choice(UNSIGNED)
        self.drafter = self._somebody()
        self.number = "" if self.step else f"{Generation.MARK}〔{self.began.year}〕{number + 1}号"
        speech = _Speech(chance, self.organ.name, part.areas, self.began.year)
        self.type, self.title = speech.title()
        self.body = speech.body()
        self.urgency = chance.choices(("", "加急", "特急"), (88, 10, 2))[0]

    def _somebody(self) -> Any:
        """One of the organ, those who come first more often, as work lies in real offices."""
        places = self.organ.places
        return places[int(len(places) * self.chance.random() ** 2)]

    @property
    def meta(self) -> str:
        """The small line of a task and of a hit."""
        return " · ".join(
            ("发文", self.number or f"{self.type} {Generation.MARK}", self.drafter.unit_name)
        )

    def row(self) -> tuple[Any, ...]:
        """The row of the document, in stored form."""
        area = self.chance.choice(self.part.areas)
        issued = self.began.date().isoformat() if self.number else ""
        who = self.drafter
        return (
            self.uid, 1, self.organ.code, who.person, who.name, who.post, who.unit, who.unit_name,
            self.type, self.organ.prefix, self.title, _json([area]), f"{area}：", "[]",
            _json(self.body), "[]", "[]", words()["annotation"], self.urgency, "依申请公开", "",
            self.step or SENT, self.step != "draft", "", issued, self.number, "", "", "",
            "", "", 0, 0, "{}", "", "", "", "", "", stamp(self.began),
        )  # fmt: skip

    def run(self) -> tuple[str, str, str, str, str, str, str]:
        """Where it stands."""
        who, since = self.drafter, stamp(self.began)
        kind = Document.kind
        return kind, self.uid, self.organ.code, self.step, who.unit, who.post, since

    def entry(self) -> SearchEntry:
        """What is found of it."""
        summary = " · ".join(one for one in (self.type, self.number or Generation.MARK) if one)
        return SearchEntry(
            plugin="documents", kind=Document.kind, uid=self.uid, organ=self.organ.code,
            title=self.title, summary=summary, text="\n".join([self.number, *self.body]),
            time=self.began, audience=frozenset({f"organ:{self.organ.code}"}),
        )  # fmt: skip

    def tasks(self) -> Iterator[tuple[Any, ...]]:
        """Its tasks, in stored form: the open one, the steps done, and copies to be read."""
        numbers = iter(self.number_of_tasks)
        keys = [step.key for step in outgoing().steps]
        at = keys.index(self.step) if self.step else len(keys)
        hour = timedelta(hours=1)
        if self.step and (number := next(numbers, None)) is not None:
            yield self._open(number, outgoing().steps[at], self.began + at * hour)
        for place, step in enumerate(outgoing().steps[:at]):
            if (number := next(numbers, None)) is None:
                return
            begun = self.began + place * hour
            yield self._task(number, step, "todo", begun, begun + hour)
        for number in numbers:
            begun = self.began + at * hour
            read = None if self.recent and self.chance.random() < UNREAD else begun + hour
            yield self._task(number, None, "toread", begun, read)

    def _open(self, number: int, step: workflow.Step, begun: datetime) -> tuple[Any, ...]:
        form = "draft" if step.scope == "starter" else "todo"
        return self._task(number, step, form, begun, None)

    def _task(
        self, number: int, step: workflow.Step | None, form: str, begun: datetime,
        done: datetime | None,
    ) -> tuple[Any, ...]:  # fmt: skip
        who = self.drafter if step is not None and step.scope == "starter" else self._somebody()
        level = step.level if step is not None else ""
        # As in life, half of what is open waits for one person, half for whoever holds the level.
        anybody = done is None and bool(level) and self.chance.random() < 0.5
        due = ""
        if form == "todo" and self.chance.random() < 0.4:
            due = stamp(begun + timedelta(days=self.chance.randint(1, 60)))
        return (
            self.part.uid(Generation.TASK, number), "documents", form, Document.kind, self.uid,
            self.title[:255], self.meta, step.title if step is not None else "传阅",
            step.title_en if step is not None else "To read", self.organ.code, "",
            "" if anybody else who.post, level, self.urgency, self.drafter.name,
            due or None, stamp(begun), stamp(done) if done else None,
            who.post if done else "",
        )  # fmt: skip


class _Speech(Struct, frozen=True):
    """How a document speaks: one of the usual forms, filled with what offices write about."""

    chance: Random
    organ: str
    areas: Any
    year: int

    def title(self) -> tuple[str, str]:
        """The type and the title."""
        forms: tuple[tuple[str, Callable[[], str]], ...] = (
            (
                "通知",
                lambda: (
                    f"{self.pick('verbs')}{self._when()}{self.pick('works')}{self.pick('tails')}"
                ),
            ),
            ("通知", lambda: f"印发《{self._area()}{self.pick('works')}{self.pick('plans')}》"),
            ("通知", lambda: f"召开{self._when()}{self.pick('meetings')}"),
            ("通报", lambda: f"{self._when()}{self._area()}{self.pick('works')}情况"),
            ("报告", lambda: f"{self._when()}{self._area()}{self.pick('works')}落实情况"),
            ("请示", lambda: f"解决{self._area()}{self.pick('works')}{self.pick('things')}"),
            ("函", lambda: f"商请支持{self.pick('works')}{self.pick('things')}"),
            (
                "意见",
                lambda: (
                    f"{self.pick('verbs')}{self._area()}{self.pick('works')}{self.pick('tails')}"
                ),
            ),
            ("批复", lambda: f"同意{self._area()}{self.pick('noun_verbs')}{self.pick('things')}"),
            ("决定", lambda: f"表彰{self._when()}{self.pick('works')}先进集体和先进个人"),
        )
        type_, about = self.chance.choice(forms)
        return type_, f"{self.organ}关于{about()}的{type_}"

    def body(self) -> list[str]:
        """A few paragraphs."""
        opening = self.pick("openings")
        chosen = self.chance.sample(words()["sentences"], self.chance.randint(4, 7))
        return [self._filled(one) for one in (opening, *chosen)]

    def _filled(self, text: str) -> str:
        number = self.chance.randint(3, 4000)
        return str(
            text.format(
                work=self.pick("works"), work2=self.pick("works"), area=self._area(),
                subject=self.pick("subjects"), period=self._when(), upper=self.organ,
                number=number, number2=number * 2 // 3, percent=self.chance.randint(40, 99),
            )
        )  # fmt: skip

    def pick(self, name: str) -> str:
        found: str = self.chance.choice(words()[name])
        return found

    def _area(self) -> str:
        found: str = self.chance.choice(self.areas)
        return found

    def _when(self) -> str:
        return f"{self.year}年{self.pick('periods')}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
