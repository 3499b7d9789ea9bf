"""The tables of the exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING

import peewee

from kernel.acts.subjects import Subject
from kernel.crypto import canonical
from kernel.crypto.ids import now
from kernel.identity.desk import Desk
from kernel.storage.database import JSONField, Model, UTCField


class Package(Subject):
    """A sealed document on its way, as its sender sees it.

    :ivar uid: the msg_id of the envelope.
    :ivar state: ``planned`` (not decided yet), ``claimed`` (a person dispatched it, the node is at
        work: 办理中), ``sent``.
    :ivar acts: the uids of the acts that travel with it.
    :ivar lists: the revocation lists that travel with it, noted before it is signed.
    :ivar ended: ``void`` or ``supersede`` once its sender decided that, ``recall`` once a box was
        taken back; nothing more goes out of it then.
    :ivar successor: the uid of the package that replaces it.
    :ivar claim: what its sender decided about more boxes and the node is recording (办理中).
    """

    kind = "exchange.package"

    unit = peewee.CharField()
    type = peewee.CharField()
    title = peewee.CharField()
    number = peewee.CharField(default="")
    urgency = peewee.CharField(default="")
    subject_kind = peewee.CharField()
    subject = peewee.CharField(index=True)
    envelope = peewee.BlobField()
    metadata = JSONField(default=dict)
    body = peewee.CharField(default="")
    attachments = JSONField(default=list)
    payload = JSONField(null=True)
    acts = JSONField(default=list)
    dispatch_act = peewee.CharField(default="")
    state = peewee.CharField(default="planned", index=True)
    pkg_digest = peewee.CharField(default="")
    blob = peewee.CharField(default="")
    total = peewee.IntegerField(default=0)
    sign_by = UTCField(null=True)
    created = UTCField(default=now)
    sent = UTCField(null=True)
    ended = peewee.CharField(default="")
    successor = peewee.CharField(default="")
    claim = peewee.CharField(default="")
    lists = JSONField(null=True)

    class Meta:
        table_name = "exchange_package"

    def digest(self) -> str:
        """The digest of the package; before there is one, that of its envelope."""
        return str(self.pkg_digest) or canonical.digest(bytes(self.envelope))

    def label(self) -> str:
        """The title."""
        return str(self.title)

    def facts(self) -> list[tuple[str, str]]:
        """What is sent to how many."""
        return [("标题", self.title), ("文号", self.number), ("收文单位", f"{self.total} 个")]


class Delivery(Subject):
    """One package on its way to one recipient; ``organ`` is the recipient.

    :ivar state: ``delivered`` 待签收, ``signed`` 已签收, ``returned`` 已退文, ``recalled`` 已撤回,
        ``failed`` 投递失败. It changes by evidence only and never moves backwards.
    :ivar claim: what a person decided and the node is recording (办理中); it excludes rivals.
    :ivar copy: 0 for the first delivery of a package to this recipient, then 1, 2, … (补发).
    :ivar mark: the act that declared it void or replaced, while the node is recording that.
    :ivar asked: the act by which the sender asks to take it back after it was signed for.
    :ivar voided: since when it is void (作废). :ivar superseded: what replaces it (替换).
    :ivar overdue: since when nobody has signed for it in time (逾期未签收).
    """

    kind = "exchange.delivery"

    package = peewee.ForeignKeyField(Package, backref="deliveries", field=Package.uid)
    if TYPE_CHECKING:
        package_id: str
    sender = peewee.CharField()
    sender_name = peewee.CharField()
    type = peewee.CharField()
    title = peewee.CharField()
    number = peewee.CharField(default="")
    urgency = peewee.CharField(default="")
    role = peewee.CharField()
    state = peewee.CharField(default="delivered")
    claim = peewee.CharField(default="")
    claim_act = peewee.CharField(default="")
    parked = peewee.BooleanField(default=False)
    opened = UTCField(null=True)
    verified = UTCField(null=True)
    level = peewee.CharField(default="")
    delivered = UTCField(default=now)
    settled = UTCField(null=True)
    settled_by = peewee.CharField(default="")
    reason = peewee.TextField(default="")
    copy = peewee.IntegerField(default=0)
    sign_by = UTCField(null=True, index=True)
    asked = peewee.CharField(default="")
    asked_reason = peewee.TextField(default="")
    mark = peewee.CharField(default="")
    voided = UTCField(null=True)
    superseded = peewee.CharField(default="")
    ended_reason = peewee.TextField(default="")
    overdue = UTCField(null=True)
    urges = peewee.IntegerField(default=0)
    urged = UTCField(null=True)

    class Meta:
        table_name = "exchange_delivery"
        indexes = ((("organ", "state", "id"), False), (("package", "organ", "copy"), True))

    @property
    def copy_uid(self) -> str:
        """What evidence calls it: the uid of a copy, nothing for the first delivery."""
        return str(self.uid) if self.copy else ""

    @property
    def awaited(self) -> bool:
        """Whether it has still to be signed for: it waits, and is neither void nor replaced."""
        return bool(self.state == "delivered" and not self.mark)

    @property
    def late(self) -> bool:
        """Whether it was signed for after the time it should have been (超时签收).

        What was void or replaced by then is late only if it had been noted before.
        """
        if self.sign_by is None or self.settled is None or (self.mark and not self.overdue):
            return False
        return bool(self.state == "signed" and self.settled > self.sign_by)

    def digest(self) -> str:
        """The digest of the package: what is signed for."""
        whole = Package.select(Package.pkg_digest).where(Package.uid == self.package_id)
        return str(whole.scalar())

    def label(self) -> str:
        """The title."""
        return str(self.title)

    def facts(self) -> list[tuple[str, str]]:
        """What a clerk should see before signing for it."""
        return [
            ("标题", self.title),
            ("文号", self.number),
            ("来文单位", self.sender_name),
            ("公文包摘要", self.package.pkg_digest),
        ]

    @classmethod
    def of_sender(cls, desk: Desk) -> peewee.Expression:
        """The deliveries of what this desk's organ sent."""
        return cls.sender == desk.organ_code


class Evidence(Model):
    """A signed statement about one event of a package or delivery. Never changed, never erased.

    :ivar delivery: the uid of the copy that it is about; empty for the first delivery.
    :ivar act: what it came of: the uid of an act, or what else makes it the only one of its kind.
    :ivar conflict: it arrived too late and contradicts what had happened: kept, never applied.
    """

    uid = peewee.CharField(unique=True)
    package = peewee.ForeignKeyField(Package, backref="evidence", field=Package.uid)
    organ = peewee.CharField(default="", index=True)
    if TYPE_CHECKING:
        package_id: str
    delivery = peewee.CharField(default="")
    type = peewee.CharField()
    record = peewee.BlobField()
    act = peewee.CharField(default="")
    leaf = peewee.CharField(default="")
    at = UTCField(default=now)
    conflict = peewee.BooleanField(default=False)

    class Meta:
        table_name = "exchange_evidence"
        indexes = ((("package", "organ", "delivery", "type", "act"), True),)


class Rejection(Model):
    """The evidence about a package that was not taken (A2). The same package gets it again.

    :ivar key: sender and msg_id of a genuine package; the digest of the file of any other.
    :ivar digest: of the package, or of the file.
    """

    uid = peewee.CharField(unique=True)
    key = peewee.CharField(unique=True)
    sender = peewee.CharField(default="", index=True)
    msg_id = peewee.CharField(default="")
    digest = peewee.CharField()
    codes = JSONField(default=list)
    record = peewee.BlobField()
    leaf = peewee.CharField()
    at = UTCField(default=now)

    class Meta:
        table_name = "exchange_rejection"


MODELS = [Package, Delivery, Evidence, Rejection]
