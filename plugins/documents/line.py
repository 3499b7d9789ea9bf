"""The main job from a program: one document from its data to every recipient's box.

Every step is done by the person whose step it is, with his own key, through the same gate as in
the browser. It works on a demo node, where the keys live in a file.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from kernel.api import (
    Desk,
    Invalid,
    Package,
    Post,
    Unavailable,
    Unit,
    act_at,
    connection,
    desk_at,
    rights,
    units,
)
from plugins.documents import attachments, elements
from plugins.documents.acts import approving, issuing, sealing, writing
from plugins.documents.models import SENT, Document
from plugins.documents.relations import relations
from plugins.documents.sheets import fix_layout

Progress = Callable[[str], object]


@dataclass(frozen=True)
class Issued:
    """A document that was sent. :ivar steps: seconds for each step, in their order."""

    document: str
    package: str
    number: str
    title: str
    recipients: int
    steps: dict[str, float] = field(default_factory=dict)


STEPS = (
    *("draft", "submit", "review", "office_review", "sign_off"),
    *("number", "typeset", "seal", "dispatch"),
)
"""The steps that :func:`issue` can stop after."""


def issue(
    data: Mapping[str, Any],
    *,
    progress: Progress = lambda step: None,
    people: Collection[str] = (),
    until: str = "dispatch",
) -> Issued:
    """Draft, review, sign off, number, typeset, seal and send a document.

    :param data: ``issuer`` (name or code), ``title``, ``type``, ``main``, ``body`` and what else
        a document has; ``attachments`` left out are made from the names in ``attachment_note``.
    :param progress: told each step before it begins.
    :param people: names of those who should act where several could.
    :param until: the last of :data:`STEPS` to be done; ``draft`` leaves it with the drafter.
    :raises OfficeError: the refusal of a step; what was done before it stays.
    """
    if until not in STEPS:
        raise ValueError(f"{until!r} is none of {', '.join(STEPS)}")
    line = _Line(_issuer(data), frozenset(people), progress)
    document = line.draft(data)
    for name in STEPS[1 : STEPS.index(until) + 1]:
        getattr(line, name)(document)
    document = line.fresh(document)
    with connection():
        package = Package.get_or_none(Package.uid == document.package)
    return Issued(
        document=document.uid,
        package=document.package,
        number=document.number,
        title=document.title,
        recipients=package.total if package is not None else 0,
        steps=line.seconds,
    )


def _issuer(data: Mapping[str, Any]) -> Unit:
    with connection():
        unit = units.by_name(str(data.get("issuer", "")))
    if unit is None or not unit.is_organ:
        raise Invalid(
            "documents.no_issuer",
            f"找不到发文机关“{data.get('issuer', '')}”，请填写单位全称或代码。",
            f"There is no issuing organ {data.get('issuer', '')!r}; give its full name or code.",
            field="issuer",
        )
    return unit


def content_from(data: Mapping[str, Any], organ: Unit) -> elements.Content:
    """The elements of a document from its data (``samples/2008-91.json`` shows the form)."""
    content = elements.empty(str(data.get("type", "通知")), organ)
    content |= {name: data[name] for name in content if data.get(name)}
    content["main_text"] = content["main_text"] or elements.recipients_line(content["main"])
    if not isinstance(content["attachments"], list) or not content["attachments"]:
        content["attachments"] = attachments.for_note(content["attachment_note"])
    names = [one["title"] for one in content["attachments"]]
    content["attachment_note"] = content["attachment_note"] or names
    content["disclosure"] = content["disclosure"] or "依申请公开"
    return content


class _Line:
    def __init__(self, organ: Unit, people: frozenset[str], progress: Progress) -> None:
        self.organ = organ
        self.seconds: dict[str, float] = {}
        self._people = people
        self._progress = progress

    def fresh(self, document: Document) -> Document:
        with connection():
            found: Document = Document.get(Document.uid == document.uid)
        return found

    def desk(self, level: str, unit: str = "") -> Desk:
        """Who holds a level here: one of the named people first, then by rank."""
        with connection():
            posts = rights().holders(level, self.organ.code, unit)
            posts = posts or rights().holders(level, self.organ.code)
        if not posts:
            raise Invalid(
                "documents.nobody",
                f"{self.organ.name}没有人员具有“{level}”权限，不能办理。",
                f"Nobody in {self.organ.name} holds the level {level!r}.",
            )
        return desk_at(self._choose(posts))

    def _choose(self, posts: list[Post]) -> Post:
        return next((post for post in posts if post.person.name in self._people), posts[0])

    @contextmanager
    def _step(self, title: str) -> Iterator[None]:
        self._progress(title)
        start = time.monotonic()
        yield
        self.seconds[title] = round(time.monotonic() - start, 3)

    def draft(self, data: Mapping[str, Any]) -> Document:
        with self._step("拟稿"):
            desk = self.desk("documents.draft")
            with connection():
                content = content_from(data, self.organ)
            document: Document = act_at(desk, writing.draft, content=content).result
        return document

    def submit(self, document: Document) -> None:
        with self._step("送核"):
            act_at(self.desk("documents.draft"), writing.submit, document)

    def review(self, document: Document) -> None:
        with self._step("科室核稿"):
            desk = self.desk("documents.review", document.unit)
            act_at(desk, approving.review, document, opinion="同意。")

    def office_review(self, document: Document) -> None:
        with self._step("办公室核稿"):
            desk = self.desk("documents.office_review")
            act_at(desk, approving.office_review, document, opinion="内容、格式符合要求，请审签。")

    def sign_off(self, document: Document) -> None:
        with self._step("签发"):
            act_at(self.desk("documents.sign"), approving.sign_off, document, opinion="同意印发。")

    def number(self, document: Document) -> None:
        with self._step("编号"):
            with connection():
                free = issuing.next_number(self.fresh(document))
            desk = self.desk("documents.number")
            act_at(desk, issuing.assign_number, document, number=str(free), seq=free.value)

    def typeset(self, document: Document) -> None:
        with self._step("排版"):
            with connection():
                now = self.fresh(document)
                upward = bool(relations(now.organ, now.main, now.cc).upward)
                made = fix_layout(now, upward=upward)
            act_at(self.desk("documents.number"), issuing.typeset, document, **made)

    def seal(self, document: Document) -> None:
        with self._step("用印"):
            with connection():
                given = sealing.seal_arguments(self.fresh(document))
            act_at(self.desk("documents.seal"), sealing.seal, document, **given)
            _settled(self.fresh(document), "dispatch")

    def dispatch(self, document: Document) -> None:
        with self._step("分发"):
            desk = self.desk("documents.dispatch")
            package = act_at(desk, issuing.plan_dispatch, document).result
            sealed = self.fresh(document).sealed
            act_at(
                desk,
                issuing.dispatch,
                document,
                package=package.uid,
                envelope=package.digest(),
                sealed=sealed,
            )
            _settled(self.fresh(document), SENT)


def _settled(document: Document, state: str) -> None:
    """The node's part is done as well, or say why not."""
    if document.state != state:
        raise Unavailable(
            "documents.unsettled",
            f"办理结果还没有登记（{document.trouble or '正在办理'}），请稍后查看此件。",
            f"The result is not recorded yet ({document.trouble or 'at work'}); look again later.",
        )
