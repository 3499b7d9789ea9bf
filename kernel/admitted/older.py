"""Nodes that were founded without a register: one digest over posts, codes of units, keys, seals.

It is signed by newer nodes, too, for the day on which the text of their register is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from kernel.acts.deeds import Deed
from kernel.acts.generated import is_generated
from kernel.crypto import canonical
from kernel.errors import OfficeError
from kernel.identity.models import Credential, Person, Post, Unit
from kernel.seals.models import Seal
from kernel.storage.comparing import Found, Step, rows_of
from kernel.storage.database import snapshot
from kernel.storage.log_check import stored_bytes

MOST_ADDED = 50
"""So many posts that were put in after the founding are told apart from those that were changed."""


def digest(
    units: Sequence[str],
    posts: Sequence[Sequence[Any]],
    statements: Sequence[bytes],
    seals: Sequence[bytes],
) -> str:
    """The digest of what is admitted, each list in the order in which it was written.

    :param units: codes. :param posts: uid, person, unit and roles of each.
    :param statements: of the keys. :param seals: the statements of the seals.
    """
    facts = {
        "units": list(units),
        "posts": [list(one) for one in posts],
        "credentials": [canonical.digest(said) for said in statements],
        "seals": [canonical.digest(said) for said in seals],
    }
    return canonical.digest(canonical.dumps(facts))


def compare(founding: Deed, step: Step) -> Iterator[Found]:
    """Name posts that were put in since the founding, and that something admitted was changed."""
    with snapshot():
        said, posts = founding.params.get("admitted"), _posts()
        keys = rows_of(Credential, Credential.statement, where=[Credential.act == founding.uid])
        seals = rows_of(Seal, Seal.statement)
        units = [row["code"] for row in rows_of(Unit, Unit.code)]
    rest = (
        units,
        [stored_bytes(row["statement"]) for row in keys],
        [stored_bytes(row["statement"]) for row in seals],
    )
    step(len(posts))
    for added in range(min(MOST_ADDED, len(posts)) + 1):
        if _digest(posts[: len(posts) - added], *rest) == said:
            for uid, *_ in posts[len(posts) - added :]:
                yield f"post {uid}", ADDED
            return
    yield "founding", _CHANGED.format(founding.uid, founding.uid)


ADDED = (
    "建立节点时没有，也没有办理设立过，不能作数，请报安全保密管理员"
    " / was not admitted at the founding and no act made it: do not rely on it, tell the security"
    " administrator"
)
_CHANGED = (
    "岗位的人员、单位、角色，或单位、密钥、印章，与建立节点时（办理 {}）所签不符；"
    "签名只有总摘要，不能指出是哪一行：请将 identity_post、identity_unit、identity_credential、"
    "seals_seal 与备份核对，先看角色"
    " / person, unit or roles of a post, or units, keys or seals, are not what was signed at the"
    " founding (act {}); one digest was signed over all, so the row cannot be named: compare"
    " identity_post, identity_unit, identity_credential and seals_seal with a backup, roles first"
)


def _posts() -> list[tuple[Any, ...]]:
    people = {row["id"]: row["uid"] for row in rows_of(Person, Person.uid)}
    units = {row["id"]: row["code"] for row in rows_of(Unit, Unit.code)}
    rows = rows_of(
        Post, Post.uid, Post.person, Post.unit, Post.roles, where=[~is_generated(Post.uid)]
    )
    return [
        (row["uid"], people.get(row["person"]), units.get(row["unit"]), row["roles"])
        for row in rows
    ]


def _digest(posts: Sequence[Sequence[Any]], *rest: Any) -> str:
    units, statements, seals = rest
    try:
        return digest(units, posts, statements, seals)
    except (OfficeError, TypeError, ValueError):
        return ""  # what nobody could have signed
