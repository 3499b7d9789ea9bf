"""The tables: documents that this organ issues, and documents that it received."""

from __future__ import annotations

from typing import Any

import peewee

from kernel.api import (
    Attachment,
    Desk,
    JSONField,
    Model,
    Subject,
    UTCField,
    _,
    canonical,
    content_of,
    now,
)

SENT, DISCARDED = "sent", "discarded"


class Document(Subject):
    """A document on its way out (条例 art. 9 names its elements).

    :ivar unit: the section that drafts it. :ivar main: codes of units and names of groups.
    :ivar main_text, cc: the recipients as they are printed.
    :ivar state: the key of its step in the flow, ``sent`` or ``discarded``.
    :ivar submitted: whether it ever left the drafter's section.
    :ivar issued: the day of the sign-off, ISO. :ivar sheet, pdf, sealed: blob digests.
    :ivar claim: the keeper's post while the node applies the seal (办理中); it excludes rivals.
    :ivar trouble: why the last sealing did not succeed.
    :ivar opened: who opened it first at its present step; whoever sent it may take it back before.
    """

    kind = "documents.document"

    drafter = peewee.CharField()
    drafter_name = peewee.CharField()
    drafter_post = peewee.CharField()
    unit = peewee.CharField()
    unit_name = peewee.CharField()

    type = peewee.CharField()
    series = peewee.CharField(default="")
    title = peewee.TextField(default="")
    main = JSONField(default=list)
    main_text = peewee.TextField(default="")
    cc = JSONField(default=list)
    body = JSONField(default=list)
    attachment_note = JSONField(default=list)
    attachments = JSONField(default=list)
    annotation = peewee.TextField(default="")
    urgency = peewee.CharField(default="")
    disclosure = peewee.CharField(default="")
    disclosure_reason = peewee.TextField(default="")

    state = peewee.CharField(default="draft")
    submitted = peewee.BooleanField(default=False)
    signer_name = peewee.CharField(default="")
    issued = peewee.CharField(default="")
    number = peewee.CharField(default="", index=True)
    sign_off_act = peewee.CharField(default="")
    number_act = peewee.CharField(default="")
    seal_act = peewee.CharField(default="")
    sheet = peewee.CharField(default="")
    pdf = peewee.CharField(default="")
    pdf_size = peewee.IntegerField(default=0)
    pages = peewee.IntegerField(default=0)
    placement = JSONField(default=dict)
    sealed = peewee.CharField(default="")
    package = peewee.CharField(default="")
    claim = peewee.CharField(default="")
    trouble = peewee.TextField(default="")
    opened = peewee.CharField(default="")
    changed = UTCField(default=now)

    class Meta:
        table_name = "documents_document"
        indexes = ((("organ", "state", "changed"), False),)

    @property
    def content(self) -> dict[str, Any]:
        """What a sign-off covers: everything but number, dates and names of who handled it."""
        return content_of(
            title=self.title,
            main=self.main,
            main_text=self.main_text,
            body=self.body,
            cc=self.cc,
            attachment_note=self.attachment_note,
            attachments=[Attachment.from_json(one) for one in self.attachments],
            annotation=self.annotation,
            urgency=self.urgency,
        )

    def digest(self) -> str:
        """The digest of the content."""
        return canonical.digest(canonical.dumps(self.content))

    def label(self) -> str:
        """The title."""
        return str(self.title) or f"（无标题）{self.type}"

    def facts(self) -> list[tuple[str, str]]:
        """What a person should see before signing."""
        names = "；".join(self.attachment_note)
        found = [
            (_("标题"), self.label()),
            (_("文种"), _(self.type)),
            (_("发文字号"), self.number),
            (_("主送"), self.main_text),
            (_("抄送"), "、".join(self.cc)),
            (_("附件"), names),
            (_("公开属性"), _(self.disclosure) if self.disclosure else ""),
            (_("正文字数"), str(sum(map(len, self.body)))),
        ]
        return [(label, value) for label, value in found if value]

    def change(self, **values: Any) -> None:
        """Set columns, in the store and here."""
        super().change(**{"changed": now(), **values})

    @classmethod
    def visible(cls, desk: Desk) -> peewee.Expression:
        """Those of the organ; what was never submitted is its section's alone."""
        return (cls.organ == desk.organ_code) & (cls.submitted | (cls.unit == desk.unit.code))


class Incoming(Subject):
    """A document that was signed for and registered (条例 art. 24(2)).

    :ivar number: the registration number (收文号). :ivar source_number: the sender's number.
    :ivar delivery, package: uids in the exchange.
    """

    kind = "documents.incoming"

    number = peewee.CharField()
    title = peewee.TextField()
    type = peewee.CharField(default="")
    source_number = peewee.CharField(default="")
    sender = peewee.CharField()
    sender_name = peewee.CharField()
    role = peewee.CharField()
    urgency = peewee.CharField(default="")
    delivery = peewee.CharField(unique=True)
    package = peewee.CharField()
    pkg_digest = peewee.CharField()
    state = peewee.CharField(default="registered")
    received = UTCField(default=now)

    class Meta:
        table_name = "documents_incoming"

    def digest(self) -> str:
        """The digest of the package that brought it."""
        return str(self.pkg_digest)

    def label(self) -> str:
        """The title."""
        return str(self.title)

    def facts(self) -> list[tuple[str, str]]:
        """What it is and from whom."""
        return [
            (_("收文号"), self.number),
            (_("标题"), self.title),
            (_("来文单位"), self.sender_name),
            (_("来文字号"), self.source_number),
        ]


class Version(Model):
    """What a document said when somebody handed it on; autosaves leave none.

    :ivar step: the key of the step that was done. :ivar action: ``done`` or ``back``.
    :ivar content: the elements (:mod:`plugins.documents.elements`).
    """

    document = peewee.CharField(index=True)
    number = peewee.IntegerField()
    step = peewee.CharField()
    action = peewee.CharField()
    person = peewee.CharField()
    act = peewee.CharField()
    content = JSONField()
    at = UTCField(default=now)

    class Meta:
        table_name = "documents_version"
        indexes = ((("document", "number"), True),)


MODELS = [Document, Incoming, Version]
