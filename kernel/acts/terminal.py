"""Acting from a program: the command line, rehearsals, tests. The same gate, no other way in.

Only keys that can sign on this machine are of use here: the soft keys of a demo node.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kernel.acts import outbox
from kernel.acts.gate import Done, perform, prepare
from kernel.acts.subjects import Subject
from kernel.acts.verbs import Verb, verb_of
from kernel.crypto.ids import uuid7
from kernel.errors import Refused
from kernel.identity import credentials
from kernel.identity.authenticators import Signature, authenticators
from kernel.identity.desk import Desk, desk_of
from kernel.identity.models import Credential, Post
from kernel.storage.database import connection

ORIGIN = "terminal:"
"""What acts name as their origin that were not done in a browser."""


def desk_at(post: Post) -> Desk:
    """The desk of a post, with the person's key that is in use and can sign here.

    :raises Refused: ``acts.no_key`` where the person has none, ``acts.browser_key`` where only
        browsers can ask it.
    """
    with connection():
        rows = (
            Credential.select()
            .where((Credential.person == post.person.uid) & Credential.revoked.is_null())
            .order_by(Credential.id.desc())
        )
        found = [row for row in rows if authenticators().in_browser(row.kind) is None]
        if not found:
            raise _no_key(str(post.person.name), bool(rows))
        return desk_of(post, credential=found[0].uid, session=uuid7(), origin=ORIGIN)


def _no_key(name: str, others: bool) -> Refused:
    if others:
        return Refused(
            "acts.browser_key",
            f"{name}的安全认证插件只能在浏览器里签名，请登录门户办理。"
            "命令行签名需要 PKCS#11 智能卡，随“admission”一期提供。",
            f"The key of {name} signs in a browser only; use the portal. Signing from the command "
            "line needs a PKCS#11 token and comes with the issue `admission`.",
        )
    return Refused(
        "acts.no_key",
        f"{name}没有登记安全认证插件，不能在命令行办理。请先由管理员配发。",
        f"{name} has no registered key to act with from the command line; have one issued.",
    )


def act_at(
    desk: Desk,
    action: Callable[..., Any] | Verb,
    subject: Subject | None = None,
    /,
    **arguments: Any,
) -> Done:
    """Prepare, sign if the verb wants it, perform, and wait for what follows from it.

    :raises OfficeError: as the gate; ``acts.no_signature`` where the key does not live here.
    """
    prepared = prepare(desk, action, subject, **arguments)
    signature = None
    if verb_of(action).weight == "signed":
        signature = _sign(desk, prepared.statement.bytes)
    done = perform(desk, prepared, signature)
    outbox.settle(done.uid, seconds=60.0)
    return done


def _sign(desk: Desk, data: bytes) -> Signature:
    with connection():
        facts = credentials.active(desk.credential, desk.person.uid)
    method = authenticators().get(facts["kind"])
    signature = method.sign(desk.credential, data) if method else None
    if signature is None:
        raise Refused(
            "acts.no_signature",
            "没有收到安全认证插件的签名，命令行只能使用演示环境的软件密钥。",
            "No signature arrived; the command line only works with the soft keys of a demo node.",
        )
    return signature
