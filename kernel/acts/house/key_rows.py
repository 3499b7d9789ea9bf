"""Holding keys against their signed statements and the acts on them, for ``log verify``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kernel.acts.deeds import Deed, agreed, deeds
from kernel.crypto import canonical, suites
from kernel.errors import OfficeError
from kernel.identity.authority import authority
from kernel.identity.models import Credential
from kernel.storage.comparing import Found, Row, Step, differs, near, stretches, uncounted
from kernel.storage.database import snapshot
from kernel.storage.log_check import stored_bytes

NAMES = {
    "person": ("持有人", "its holder"),
    "kind": ("种类", "its kind"),
    "key_digest": ("公钥摘要", "the digest of its public key"),
    "act": ("配发的办理", "the act that issued it"),
    "label": ("插件名称", "its label"),
}


def reconcile(step: Step = uncounted) -> Iterator[Found]:
    """Name keys without a statement, keys that no act issued or that are gone, and keys that are
    revoked, or work again, by no act."""
    found: list[Found] = []
    with snapshot():
        issued = {str(one.params.get("public_key")): (one, two) for one, two in _issued()}
        revoked, founding = _revoked(), next((one.uid for one in deeds("house.genesis")), "")
        for rows in stretches(Credential):
            for row in rows:
                found += _compare(row, issued, founding)
                found += _of_revocation(row, revoked.get(row["uid"]))
            step(len(rows))
    yield from found
    for _, second in issued.values():
        yield f"key of act {second.uid}", _GONE


_NO_STATEMENT = (
    "没有本节点签发的凭证，请报安全保密管理员"
    " / carries no statement of this node's authority: tell the security administrator"
)
_BY_NOBODY = (
    "不是建立节点时配发，也没有两人办理配发过，请停用并报安全保密管理员"
    " / was issued neither at the founding nor by an act of two: revoke it and tell the security"
    " administrator"
)
_GONE = (
    "由此办理配发的安全认证插件，库中没有，请从备份中找回"
    " / the key that it issued is not there any more: look for its row in a backup"
)
_WORKS_AGAIN = (
    "已由办理吊销，又可使用，请报安全保密管理员"
    " / was revoked by an act and works again: tell the security administrator"
)
_REVOKED_BY_NOBODY = (
    "库中写为已停用，但没有办理停用过，其持有人不能签名；请与备份核对后改回"
    " / is revoked in its row, and no act revoked it, so that its holder cannot sign; compare with"
    " a backup and restore it"
)


def _issued() -> list[tuple[Deed, Deed]]:
    return agreed("house.issue_key")


def _compare(row: Row, issued: dict[str, tuple[Deed, Deed]], founding: str) -> Iterator[Found]:
    """Hold a key against its statement and its act, which is then taken out of the issued ones."""
    where, said = f"key {row['uid']}", stored_bytes(row["statement"])
    try:
        suites.verify(authority().public_key("people"), said, stored_bytes(row["signature"]))
        facts = canonical.loads(said)
    except OfficeError:
        yield where, _NO_STATEMENT
        return
    public = facts["public_key"]
    by = issued.pop(public, None)
    signed = {"person": facts["person"], "kind": facts["kind"], "label": "", "act": founding}
    signed["key_digest"] = canonical.digest(public.encode())
    if by is not None:
        signed |= {"label": by[0].params.get("label", ""), "act": by[1].uid}
    if facts["credential"] != row["uid"]:
        yield where, differs(("编号", "its uid"), row["uid"], facts["credential"])
    elif by is None and not founding:
        return  # the act of the founding is altered, which is named by itself
    elif by is None and row["act"] != founding:
        yield where, _BY_NOBODY
        return
    for name, value in signed.items():
        if row[name] != value:
            yield where, differs(NAMES[name], row[name], value)


def _revoked() -> dict[str, str]:
    """When acts revoked keys: by one person at once, or by two when the node resumed."""
    by_one = [(one.id, str(one.params["credential"]), one.at) for one in deeds("house.revoke_key")]
    by_two = [
        (two.id, str(uid), two.at)
        for one, two in agreed("house.resume")
        for uid in one.params["revoked"]
    ]
    when: dict[str, str] = {}
    for _, uid, at in sorted(by_one + by_two):
        when.setdefault(uid, at)
    return when


def _of_revocation(row: Row, at: Any) -> Iterator[Found]:
    where = f"key {row['uid']}"
    if row["revoked"] is None and at is not None:
        yield where, _WORKS_AGAIN
    elif row["revoked"] is not None and at is None:
        yield where, _REVOKED_BY_NOBODY
    elif not near(row["revoked"], at):
        yield where, differs(("停用时间", "when it was revoked"), row["revoked"], at)
