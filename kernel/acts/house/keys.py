"""Issuing and revoking keys.

A key is handed out after training and an exam (市委办发〔2008〕91号, part three, 6); the
training guard joins with its plugin. Issuing takes two people; revoking is one person's, at once.
"""

from __future__ import annotations

from typing import Any

from kernel.acts import clock
from kernel.acts.context import this_act, this_moment
from kernel.acts.verbs import act
from kernel.crypto.ids import now
from kernel.crypto.x509 import is_demo
from kernel.errors import Conflict, Invalid, NotFound
from kernel.identity import credentials, enrolments
from kernel.identity.authenticators import authenticators
from kernel.identity.authority import authority
from kernel.identity.desk import Desk
from kernel.identity.models import Credential, Enrolment, NodeFact, Person, Session
from kernel.storage.database import exclusive


def _holder(person: str) -> Person:
    holder: Person | None = Person.get_or_none((Person.uid == person) & Person.active)
    if holder is None:
        raise NotFound(
            "keys.person",
            "没有找到这个人员。请返回人员列表重新选择。",
            "There is no such person; go back to the list of people and choose again.",
        )
    return holder


def _check_kind(kind: str) -> None:
    if authenticators().get(kind) is None:
        raise Invalid(
            "keys.kind",
            "本平台没有安装这种安全认证插件的支持。请改用其他种类，或请系统管理员安装相应插件。",
            "This node does not work with that kind of key. Use another "
            "kind, or ask the system administrator to install the plugin "
            "for it.",
        )


def _statement(person: str, kind: str, public_key: str, binding: dict[str, Any]) -> bytes:
    return credentials.statement(
        _holder(person),
        kind,
        public_key,
        node=NodeFact.read("uid", ""),
        demo=is_demo(authority().certificate("people")),
        binding=binding,
    )


def _new(
    desk: Desk, *, person: str, kind: str, public_key: str, binding: dict[str, Any], label: str
) -> None:
    _check_kind(kind)
    _statement(person, kind, public_key, binding)
    _not_issued(public_key)


def _not_issued(public_key: str) -> None:
    if credentials.is_issued(public_key):
        raise Conflict(
            "keys.issued",
            "这个插件已经配发过，不能再次配发。请换一个新的插件登记。",
            "This key was issued before; register another one.",
        )


def _consequence(
    desk: Desk,
    subject: None = None,
    *,
    person: str,
    kind: str,
    public_key: str,
    binding: dict[str, Any],
    label: str,
) -> tuple[str, str]:
    code, name = credentials.short_code(public_key), _holder(person).name
    return (
        f"将为{name}配发安全认证插件“{label}”，复核后即可登录和签名。"
        f"请与本人当面或电话核对校验码：{code}。",
        f"Gives {name} the key “{label}”, which signs in and signs once it is confirmed. Compare "
        f"this code with its holder, face to face or by telephone: {code}.",
    )


@act(
    "house.issue_key",
    title="配发安全认证插件",
    title_en="Issue a key",
    level="keys",
    weight="signed",
    people=2,
    check=_new,
    confirm=_consequence,
)
def issue_key(
    desk: Desk,
    *,
    person: str,
    kind: str,
    public_key: str,
    binding: dict[str, Any] = {},  # noqa: B006  # a default of the verb; nobody writes into it
    label: str = "",
) -> str:
    """Register a person's key by a statement of the people CA; gives the credential's uid.

    :param public_key: base64 of the SubjectPublicKeyInfo.
    :param binding: what the statement has to say of a key of this kind beyond that.
    :param label: how its holder tells it from his others.
    """
    exclusive("house.issue_key")
    _not_issued(public_key)
    said = _statement(person, kind, public_key, binding)
    enrolments.settle(public_key)
    return str(credentials.issue(said, this_act(), label).uid)


def _end(
    desk: Desk, subject: None = None, *, credential: str, reason: str
) -> tuple[str, str] | str:
    """Whose key ends, and which: a person may have several."""
    one = Credential.get_or_none(Credential.uid == credential)
    if one is None:
        return ""
    name = Person.get(Person.uid == one.person).name
    label = one.label or credentials.short_code(credentials.read(credential)["public_key"])
    late, late_en = clock.revoked_late()
    return (
        f"将停用{name}的安全认证插件“{label}”，立即生效：用它登录的会话随即结束，不能再签名。{late}",
        f"Ends {name}'s key “{label}” at once: what it signed in to ends, and it signs no more."
        f"{late_en}",
    )


@act(
    "house.revoke_key",
    title="停用安全认证插件",
    title_en="Revoke a key",
    level="keys",
    weight="signed",
    private=("reason",),
    confirm=_end,
)
def revoke_key(desk: Desk, *, credential: str, reason: str) -> None:
    """Revoke a key at once, in all processes; its sessions end."""
    moved = (
        Credential.update(revoked=this_moment())
        .where((Credential.uid == credential) & Credential.revoked.is_null())
        .execute()
    )
    if not moved:
        raise NotFound(
            "keys.unknown",
            "没有找到在用的这个插件，可能已经停用。请刷新安全认证插件页面核对。",
            "There is no such key in use; it may have been revoked before. "
            "Reload the page of keys and check.",
        )
    Session.update(ended=now(), seal="").where(
        (Session.credential == credential) & Session.ended.is_null()
    ).execute()


def _may_enrol(desk: Desk, *, person: str, kind: str, label: str) -> None:
    _holder(person)
    _check_kind(kind)
    if not label.strip():
        raise Invalid(
            "keys.label",
            "请给插件起个名称（如“办公室蓝色U盾”），便于辨认。",
            "Please give the key a name by which it can be told from others.",
            field="label",
        )


@act(
    "house.open_enrolment",
    title="开通插件登记",
    title_en="Open the registration of a key",
    level="keys",
    weight="recorded",
    check=_may_enrol,
)
def open_enrolment(desk: Desk, *, person: str, kind: str, label: str) -> str:
    """Let a person register a key within a day; gives the one-time code to tell him."""
    return enrolments.open_slot(_holder(person), kind, label, this_act())


@act(
    "house.cancel_enrolment",
    title="取消插件登记",
    title_en="Cancel the registration of a key",
    level="keys",
    weight="recorded",
)
def cancel_enrolment(desk: Desk, *, enrolment: str) -> None:
    """Close a slot whose key is not to be issued."""
    moved = (
        Enrolment.update(state="cancelled")
        .where((Enrolment.uid == enrolment) & Enrolment.state.in_(["open", "offered"]))
        .execute()
    )
    if not moved:
        raise NotFound(
            "keys.enrolment",
            "这项登记已经办结或取消，不必再办。如仍需登记，请重新开通。",
            "This registration was settled or cancelled before. If a key "
            "has still to be registered, open a new one.",
        )
