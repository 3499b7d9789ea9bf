"""The tables of identity.

Elsewhere a unit is named by its ``code``, a person, a post and a credential by ``uid``: soft
references that outlive a reorganisation.
"""

from __future__ import annotations

from typing import Any

import peewee

from kernel.crypto.ids import now, uuid7
from kernel.errors import NotFound
from kernel.storage.database import JSONField, Model, UTCField
from kernel.storage.remembered import remembered
from kernel.storage.writing import Ready


class Unit(Model):
    """An organ or a section in the tree.

    :ivar organ: the code of the organ that it belongs to; an organ's own code. Sections inherit
        the portal, plugins, numbering and admins of their organ.
    :ivar office_of: the body whose office this is, and whose mail it receives.
    :ivar rollout: the phase in which it is connected (1 trial, 2 formal, 3 full); 0 never.
    """

    code = peewee.CharField(unique=True)
    name = peewee.CharField()
    short_name = peewee.CharField()
    kind = peewee.CharField()
    level = peewee.CharField(default="")
    parent = peewee.CharField(default="", index=True)
    organ = peewee.CharField(index=True)
    office_of = peewee.CharField(default="", index=True)
    doc_prefix = peewee.CharField(default="")
    box = peewee.BooleanField(default=False)
    access_mode = peewee.CharField(default="none")
    rollout = peewee.IntegerField(default=0)
    aliases = JSONField(default=list)
    rank = peewee.IntegerField(default=0)
    open = peewee.BooleanField(default=True)

    class Meta:
        table_name = "identity_unit"

    @classmethod
    def ranked(cls) -> peewee.ModelSelect[Unit]:
        """All units by rank, and those of one rank always in the same order, to be narrowed."""
        return cls.select().order_by(cls.rank, cls.id)

    @classmethod
    def by_code(cls, code: str) -> Unit:
        """The unit with this code, or NotFound ``units.unknown``."""
        unit: Unit | None = cls.get_or_none(cls.code == code)
        if unit is None:
            raise NotFound(
                "units.unknown",
                f"没有代码为“{code}”的单位，请从单位列表中选择。",
                f"There is no unit with the code {code!r}; choose one from the list.",
            )
        return unit

    @property
    def is_organ(self) -> bool:
        """Whether it is a tenant of its own (not a section)."""
        return bool(self.organ == self.code)


class UnitTie(Model):
    """A line of command (``superior``) or of guidance (``guided_by``) from a unit upwards.

    Whether a document goes up, down or across follows from ``superior`` alone (条例 art. 14–17);
    a guiding line may name a body outside the tree.
    """

    unit = peewee.CharField(index=True)
    to = peewee.CharField(index=True)
    kind = peewee.CharField()

    class Meta:
        table_name = "identity_unit_tie"
        indexes = ((("unit", "to", "kind"), True),)


class UnitGroup(Model):
    """A collective name such as 市直各部门、各单位, with the units that it stands for."""

    name = peewee.CharField(unique=True)
    aliases = JSONField(default=list)
    members = JSONField(default=list)
    includes = JSONField(default=list)
    note = peewee.CharField(default="")

    class Meta:
        table_name = "identity_unit_group"


class Person(Model):
    """A human being. :ivar pinyin: initials and full spelling, for pickers and search."""

    uid = peewee.CharField(unique=True, default=uuid7)
    name = peewee.CharField(index=True)
    pinyin = peewee.CharField(default="")
    language = peewee.CharField(default="")
    text_size = peewee.CharField(default="")
    active = peewee.BooleanField(default=True)
    created = UTCField(default=now)

    class Meta:
        table_name = "identity_person"


class Post(Model):
    """The place that a person holds in a unit, with roles. One person may hold several.

    :ivar roles: names of roles such as ``drafter``, ``leader``; plugins say what each may do.
    """

    uid = peewee.CharField(unique=True, default=uuid7)
    person = peewee.ForeignKeyField(Person, backref="posts")
    unit = peewee.ForeignKeyField(Unit, backref="posts")
    title = peewee.CharField()
    roles = JSONField(default=list)
    rank = peewee.IntegerField(default=100)
    active = peewee.BooleanField(default=True)

    class Meta:
        table_name = "identity_post"


class Grant(Model):
    """A level given to a post beyond its roles (or taken from it), by a signed act."""

    uid = peewee.CharField(unique=True, default=uuid7)
    post = peewee.CharField(index=True)
    level = peewee.CharField()
    given = peewee.BooleanField(default=True)
    act = peewee.CharField()
    at = UTCField(default=now)

    class Meta:
        table_name = "identity_grant"


class Delegation(Model):
    """A post lets another one act in its name, by a signed act: certain verbs, for a time.

    :ivar kind: ``delegate`` (代办: the other decides) or ``transcribe`` (代录: he enters what was
        decided on paper). :ivar giver, taker: posts. :ivar levels: what the verbs take.
    """

    uid = peewee.CharField(unique=True, default=uuid7)
    act = peewee.CharField(unique=True)
    kind = peewee.CharField()
    giver = peewee.CharField(index=True)
    taker = peewee.CharField(index=True)
    taker_person = peewee.CharField()
    verbs = JSONField()
    levels = JSONField()
    starts = UTCField()
    ends = UTCField()
    ended = UTCField(null=True)

    class Meta:
        table_name = "identity_delegation"


class Credential(Model):
    """What the node CA said about who holds which key: the statement and its signature.

    The columns beside them are projections; what counts is the signed statement.

    :ivar label: how its holder tells it from his others.
    :ivar key_digest: of the public key, to find one that is issued twice.
    """

    uid = peewee.CharField(unique=True)
    person = peewee.CharField(index=True)
    kind = peewee.CharField()
    key_digest = peewee.CharField(default="", index=True)
    statement = peewee.BlobField()
    signature = peewee.BlobField()
    act = peewee.CharField(default="")
    label = peewee.CharField(default="")
    issued = UTCField(default=now)
    revoked = UTCField(null=True)

    class Meta:
        table_name = "identity_credential"


class Enrolment(Model):
    """A key on its way to a person: opened by an administrator, offered by the person.

    Nothing of weight is in it: only the act of two administrators makes the offered key his.

    :ivar code_hash: of the one-time code that the person is told.
    :ivar challenge: of the registration that is going on in a browser, base64.
    :ivar state: ``open``, ``offered``, ``issued``, ``cancelled``.
    """

    uid = peewee.CharField(unique=True, default=uuid7)
    person = peewee.CharField(index=True)
    kind = peewee.CharField()
    label = peewee.CharField(default="")
    code_hash = peewee.CharField(unique=True)
    state = peewee.CharField(default="open")
    challenge = peewee.CharField(default="")
    public_key = peewee.TextField(default="")
    binding = JSONField(default=dict)
    act = peewee.CharField(default="")
    created = UTCField(default=now)
    expires = UTCField()
    offered = UTCField(null=True)

    class Meta:
        table_name = "identity_enrolment"


class LoginChallenge(Model):
    """A challenge of the login page, for one browser and one use."""

    value = peewee.CharField(unique=True)
    browser_hash = peewee.CharField()
    person = peewee.CharField(default="")
    expires = UTCField()

    class Meta:
        table_name = "identity_login_challenge"


class Session(Model):
    """A signed-in browser or terminal: one person at one desk. The token is stored hashed only.

    :ivar delegation: at whose desk he works for the moment, by which delegation.
    :ivar seal: the node's code over whose session it is; empty once it is over. A row without the
        right one is nobody's, see :mod:`kernel.identity.sessions`.
    """

    uid = peewee.CharField(unique=True, default=uuid7)
    token_hash = peewee.CharField(unique=True)
    person = peewee.CharField(index=True)
    post = peewee.CharField()
    credential = peewee.CharField()
    delegation = peewee.CharField(default="")
    seal = peewee.CharField(default="")
    created = UTCField(default=now)
    seen = UTCField(default=now)
    ended = UTCField(null=True)

    class Meta:
        table_name = "identity_session"


class Look(Model):
    """How the portal of an organ looks and what it says; without a row, as the node's theme has it.

    :ivar mark: up to four characters for the square beside its name. :ivar logo: the digest of a
        PNG that stands there instead. :ivar product: the name of the system. :ivar support: whom
        to ask, in the footer. :ivar notice: a sentence on its sign-in page.
    :ivar letter_name: 规范化简称 that its letterhead has instead of the full name. :ivar
        letter_bare: whether 文件 is left out there; see :func:`kernel.identity.units.letterhead`.
    """

    organ = peewee.CharField(unique=True)
    theme = peewee.CharField(default="")
    mark = peewee.CharField(default="")
    logo = peewee.CharField(default="")
    product = peewee.CharField(default="")
    support = peewee.CharField(default="")
    notice = peewee.CharField(default="")
    letter_name = peewee.CharField(default="")
    letter_bare = peewee.BooleanField(default=False)
    act = peewee.CharField()

    class Meta:
        table_name = "identity_look"


class RevokedCertificate(Model):
    """A certificate that its authority has taken back. :ivar serial: in hexadecimal digits."""

    authority = peewee.CharField()
    serial = peewee.CharField()
    name = peewee.CharField(default="")
    at = UTCField()
    act = peewee.CharField()

    class Meta:
        table_name = "identity_revoked_certificate"
        indexes = ((("authority", "serial"), True),)


class RevocationList(Model):
    """A list (CRL) that an authority has issued; never changed. :ivar authority: or ``root``."""

    authority = peewee.CharField()
    number = peewee.BigIntegerField()
    pem = peewee.TextField()
    issued = UTCField()

    class Meta:
        table_name = "identity_revocation_list"
        indexes = ((("authority", "number"), True),)


class OwnPhrase(Model):
    """A sentence that a person writes often; see :mod:`kernel.identity.phrases`."""

    uid = peewee.CharField(unique=True, default=uuid7)
    person = peewee.CharField(index=True)
    text = peewee.CharField()
    rank = peewee.IntegerField(default=0)

    class Meta:
        table_name = "identity_phrase"


HOLD = "hold"
"""The fact of a node that was restored and signs nothing yet."""


class NodeFact(Model):
    """Small facts of the node: its name, its phase, the day of its genesis."""

    key = peewee.CharField(primary_key=True)
    value = JSONField()

    class Meta:
        table_name = "identity_node_fact"

    @classmethod
    def read(cls, key: str, default: Any = None) -> Any:
        """The value, or the default."""
        row = _FACT.first(key)
        return default if row is None else row[0]

    @classmethod
    def write(cls, key: str, value: Any) -> None:
        """Set the value."""
        cls.insert(key=key, value=value).on_conflict(
            conflict_target=[cls.key], preserve=[cls.value]
        ).execute()

    @classmethod
    def lasting(cls, key: str) -> Any:
        """The value, remembered between its changes; None where it is missing. Nobody changes it:
        all who ask are given the same.
        """
        return _lasting(key)


@remembered(NodeFact)
def _lasting(key: str) -> Any:
    return NodeFact.read(key)


_FACT = Ready(lambda key: NodeFact.select(NodeFact.value).where(NodeFact.key == key))
MODELS = [Unit, UnitTie, UnitGroup, Person, Post, Grant, Delegation, Credential]
MODELS += [Enrolment, LoginChallenge, Session, NodeFact, RevokedCertificate, RevocationList, Look]
MODELS += [OwnPhrase]
