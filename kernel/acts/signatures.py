"""Signatures over acts: made by people's keys or the node's, and the portable record of an act."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kernel.acts.models import Act, ActPrivate
from kernel.acts.statement import Statement
from kernel.crypto import acts_batch, canonical, suites
from kernel.crypto.credential_format import verify_signature
from kernel.errors import Invalid, Unverified
from kernel.identity import credentials
from kernel.identity.authenticators import Signature, authenticators
from kernel.identity.authority import authority
from kernel.identity.desk import Desk
from kernel.identity.models import Credential
from kernel.storage.database import lock_rows


def check_signature(
    desk: Desk, statement: Statement, signature: Signature | None, moment: datetime
) -> None:
    """Check a person's signature: the key's state now, its statement, and the bytes.

    :param moment: the time of the act, by :mod:`kernel.acts.clock`.
    :raises OfficeError: Refused for the key, Unverified for the signature.
    """
    uid = statement.facts["credential"]
    if signature is None or uid != desk.credential or statement.facts["origin"] != desk.origin:
        raise Unverified(
            "acts.unsigned",
            "此操作需要用您的安全认证插件签名，请插好后重试。",
            "This act has to be signed with your key; please try again with it.",
        )
    # Whoever revokes it waits for this act, and the next act for him.
    lock_rows(Credential, Credential.uid == uid, shared=True)
    facts = credentials.active(uid, desk.person.uid, moment)
    signed = _unfold(statement, signature)
    method = authenticators().get(signed.kind)
    if method is None or facts["kind"] != signed.kind:
        raise Unverified(
            "acts.wrong_key",
            "签名方式与您登记的安全认证插件不符，请改用登记的插件。",
            "The signature was made by another kind of key than the one registered for you.",
        )
    method.verify(facts, signed.data, Signature(signed.kind, signed.value))


def _unfold(statement: Statement, signature: Signature) -> acts_batch.Signed:
    """What the key has signed: these bytes, or a batch that they are a leaf of."""
    try:
        return acts_batch.unfold(signature.kind, signature.value, statement.bytes, statement.facts)
    except (ValueError, TypeError, KeyError, AttributeError, Invalid) as error:
        raise Unverified(
            "acts.batch",
            "批量签名与所办事项不符，没有办理。请返回列表重新选择。",
            "The signature over several acts does not fit this one; choose them again in the list.",
        ) from error


def check_kept(data: bytes, facts: dict[str, Any], kind: str, value: bytes) -> None:
    """Check the signature of an act that was performed, whatever became of the key since.

    :param facts: the bytes, decoded. :raises OfficeError: it does not hold.
    """
    if facts["mode"] == "node":
        suites.verify(authority().node_key.public_key(), data, value)
        return
    signed = _unfold(Statement(facts, data, {}), Signature(kind, value))
    statement = credentials.read(facts["credential"])
    if statement["person"] != facts["desk"]["person"]:
        raise Unverified(
            "acts.wrong_person",
            "签名的安全认证插件不是此人的，请报安全保密管理员。",
            "The key that signed is another person's; tell the security administrator.",
        )
    verify_signature(signed.kind, statement, signed.data, signed.value)


def node_signature(data: bytes) -> Signature:
    """The node's own signature, for node acts."""
    return Signature("node", suites.sign(authority().node_key, data))


def record(uid: str, *, with_private: bool = False) -> bytes:
    """The portable record of an act: its bytes, signature and credential statement.

    :param with_private: add the preimages of opinions and reasons, where the reader may see them.
    """
    act = Act.get(Act.uid == uid)
    private: dict[str, Any] = {}
    if with_private:
        rows = ActPrivate.select().where(ActPrivate.act == uid)
        private = {row.name: {"salt": row.salt, "text": row.text} for row in rows}
    grant = canonical.loads(bytes(act.bytes))["grant"]
    enclosed = {"grant": canonical.b64(record(grant))} if grant else {}
    return canonical.dumps(
        {
            "format": "juyan-act-1",
            "act": canonical.b64(bytes(act.bytes)),
            "signature": {
                "kind": act.signature_kind,
                "value": canonical.b64(bytes(act.signature or b"")),
            },
            "credential": _credential(act),
            "private": private,
            **enclosed,
        }
    )


def _credential(act: Act) -> dict[str, str]:
    if act.signature_kind == "node":
        return {"node_certificate": authority().pem("node").decode()}
    row = Credential.get(Credential.uid == act.credential)
    return {
        "statement": canonical.b64(bytes(row.statement)),
        "signature": canonical.b64(bytes(row.signature)),
    }
