"""A short document, and the people who take it through the office."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kernel.acts.gate import Done
from kernel.storage.database import connection
from kernel.testing_office import Office
from plugins.documents import elements
from plugins.documents.acts import approving, issuing, sealing, writing
from plugins.documents.models import Document
from plugins.documents.sheets import fix_layout

DRAFTER, HEAD, DIRECTOR, LEADER = "林晓梅", "王芳", "李建国", "周海涛"
CLERK, KEEPER = "孙倩", "赵敏华"


def short(**changes: Any) -> elements.Content:
    """The content of a short notice to two boxes."""
    lists: elements.Content = {"main": ["620700-GFIN"], "cc": ["市教育局"]}
    texts = dict.fromkeys(elements.LONGEST, "")
    return {
        **texts,
        **dict.fromkeys(elements.names(), ""),
        "attachment_note": [],
        "attachments": [],
        **lists,
        "type": "通知",
        "series": "市委办发",
        "title": "中共张掖市委办公室关于做好防汛工作的通知",
        "main_text": "市财政局：",
        "body": ["根据工作安排，现将有关事项通知如下。", "一、落实责任", "请认真执行。"],
        "disclosure": "主动公开",
        **changes,
    }


@dataclass
class Flow:
    """Takes a document from step to step, each by its own person."""

    office: Office

    def act(self, name: str, verb: Callable[..., Any], *args: Any, **values: Any) -> Done:
        """A verb by the person of that name."""
        return self.office.act(self.office.desk(name), verb, *args, **values)

    def fresh(self, document: Document) -> Document:
        """The document as it stands in the database."""
        with connection():
            found: Document = Document.get(Document.uid == document.uid)
        return found

    def draft(self, **changes: Any) -> Document:
        """A draft on the drafter's desk."""
        made: Document = self.act(DRAFTER, writing.draft, content=short(**changes)).result
        return made

    def to(self, step: str, **changes: Any) -> Document:
        """A document that stands at this step."""
        document = self.draft(**changes)
        for name in ("draft", "section_review", "office_review", "sign", "number", "typeset"):
            if self.fresh(document).state == step:
                break
            getattr(self, f"do_{name}")(document)
        return self.fresh(document)

    def do_draft(self, document: Document) -> None:
        """Submit."""
        self.act(DRAFTER, writing.submit, document)

    def do_section_review(self, document: Document) -> None:
        """The section head agrees."""
        self.act(HEAD, approving.review, document, opinion="同意。")

    def do_office_review(self, document: Document) -> None:
        """The office agrees."""
        self.act(DIRECTOR, approving.office_review, document, opinion="请审签。")

    def do_sign(self, document: Document) -> None:
        """The leader signs off."""
        self.act(LEADER, approving.sign_off, document, opinion="同意印发。")

    def do_number(self, document: Document) -> None:
        """The clerk numbers it."""
        with connection():
            free = issuing.next_number(self.fresh(document))
        self.act(CLERK, issuing.assign_number, document, number=str(free), seq=free.value)

    def do_typeset(self, document: Document) -> None:
        """The clerk makes the final file."""
        with connection():
            made = fix_layout(self.fresh(document), upward=False)
        self.act(CLERK, issuing.typeset, document, **made)

    def do_seal(self, document: Document) -> None:
        """The keeper seals it."""
        with connection():
            given = sealing.seal_arguments(self.fresh(document))
        self.act(KEEPER, sealing.seal, document, **given)
