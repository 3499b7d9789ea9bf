"""The main job from a program: one document from its data to every recipient's box.

Every step is done by the person whose step it is, with his own key, through the same gate as in
the browser. It works on a demo node, where the keys live in a file.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from msgspec import Struct, field

from kernel.api import (
    Desk,
    Invalid,
    Package,
    Person,
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


class Issued(Struct, frozen=True):
    """A document that was sent. :ivar steps: seconds for each step, in their order."""

    document: str
    package: str
    number: str
    title: str
    recipients: int
    steps: dict[str, float] = field(default_factory=dict)


_LEVELS = {
    "draft": "documents.draft",
    "submit": "documents.draft",
    "review": "documents.review",
    "office_review": "documents.office_review",
    "sign_off": "documents.sign",
    "number": "documents.number",
    "typeset": "documents.number",
    "seal": "documents.seal",
    "dispatch": "documents.dispatch",
}
STEPS = tuple(_LEVELS)
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
    :param people: names of those who should act where several could; Invalid
        ``documents.people``, before the first step, for a name that none of the steps would use.
    :param until: the last of :data:`STEPS` to be done; ``draft`` leaves it with the drafter.
    :raises OfficeError: the refusal of a step; what was done before it stays.
    """
    if until not in STEPS:
        raise ValueError(f"{until!r} is none of {', '.join(STEPS)}")
    steps = STEPS[: STEPS.index(until) + 1]
    line = _Line(_issuer(data), frozenset(people), progress)
    line.check_people(steps)
    document = line.draft(data)
    for name in steps[1:]:
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

    def check_people(self, steps: Collection[str]) -> None:
        """Raise Invalid ``documents.people`` if one of the named people would do none of these."""
        if not self._people:
            return
        with connection():
            unit = self._post("draft").unit.code
            acting = {self._post(step, unit).person.name for step in steps}
            idle = sorted(self._people - acting)
            if idle:
                could = [post for step in steps for post in self._posts(step, unit)]
                raise _not_acting(idle[0], self.organ, could)

    def desk(self, step: str, unit: str = "") -> Desk:
        """Who does a step here: one of the named people first, then by rank."""
        with connection():
            post = self._post(step, unit)
        return desk_at(post)

    def _post(self, step: str, unit: str = "") -> Post:
        posts = self._posts(step, unit)
        return next((post for post in posts if post.person.name in self._people), posts[0])

    def _posts(self, step: str, unit: str = "") -> list[Post]:
        level, organ = _LEVELS[step], self.organ.code
        near = rights().holders(level, organ, unit) if step == "review" else []
        posts = near or rights().holders(level, organ)
        if not posts:
            raise Invalid(
                "documents.nobody",
                f"{self.organ.name}没有人员具有“{level}”权限，不能办理。请部门管理员先授权。",
                f"Nobody in {self.organ.name} holds the level {level!r}; have it granted first.",
            )
        return posts

    @contextmanager
    def _step(self, title: str) -> Iterator[None]:
        self._progress(title)
        start = time.monotonic()
        yield
        self.seconds[title] = round(time.monotonic() - start, 3)

    def draft(self, data: Mapping[str, Any]) -> Document:
        with self._step("拟稿"):
            desk = self.desk("draft")
            with connection():
                content = content_from(data, self.organ)
            document: Document = act_at(desk, writing.draft, content=content).result
        return document

    def submit(self, document: Document) -> None:
        with self._step("送核"):
            act_at(self.desk("submit"), writing.submit, document)

    def review(self, document: Document) -> None:
        with self._step("科室核稿"):
            desk = self.desk("review", document.unit)
            act_at(desk, approving.review, document, opinion="同意。")

    def office_review(self, document: Document) -> None:
        with self._step("办公室核稿"):
            desk = self.desk("office_review")
            act_at(desk, approving.office_review, document, opinion="内容、格式符合要求，请审签。")

    def sign_off(self, document: Document) -> None:
        with self._step("签发"):
            act_at(self.desk("sign_off"), approving.sign_off, document, opinion="同意印发。")

    def number(self, document: Document) -> None:
        with self._step("编号"):
            with connection():
                free = issuing.next_number(self.fresh(document))
            desk = self.desk("number")
            act_at(desk, issuing.assign_number, document, number=str(free), seq=free.value)

    def typeset(self, document: Document) -> None:
        with self._step("排版"):
            with connection():
                now = self.fresh(document)
                upward = bool(relations(now.organ, now.main, now.cc).upward)
                made = fix_layout(now, upward=upward)
            act_at(self.desk("typeset"), issuing.typeset, document, **made)

    def seal(self, document: Document) -> None:
        with self._step("用印"):
            with connection():
                given = sealing.seal_arguments(self.fresh(document))
            act_at(self.desk("seal"), sealing.seal, document, **given)
            _settled(self.fresh(document), "dispatch")

    def dispatch(self, document: Document) -> None:
        with self._step("分发"):
            desk = self.desk("dispatch")
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


def _not_acting(name: str, organ: Unit, posts: list[Post]) -> Invalid:
    """Why a named person would do nothing here, and who could."""
    query = Post.select(Post, Unit).join(Unit).switch(Post).join(Person)
    organs = {post.unit.organ for post in query.where((Person.name == name) & Post.active)}
    zh, en = f"{name}不办理本件的任何环节", f"{name} would do none of the steps of this document"
    if not organs:
        zh, en = f"本节点没有名为“{name}”的人员", f"Nobody on this node is called {name!r}"
    elif organ.code not in organs:
        zh, en = f"{name}不是{organ.name}的人员", f"{name} does not work in {organ.name}"
    names = "、".join(dict.fromkeys(post.person.name for post in posts))
    return Invalid("documents.people", f"{zh}；可以指定：{names}。", f"{en}; these could: {names}.")


def _settled(document: Document, state: str) -> None:
    """The node's part is done as well, or say why not."""
    if document.state != state:
        raise Unavailable(
            "documents.unsettled",
            f"办理结果还没有登记（{document.trouble or '正在办理'}），请稍后查看此件。",
            f"The result is not recorded yet ({document.trouble or 'at work'}); look again later.",
        )
