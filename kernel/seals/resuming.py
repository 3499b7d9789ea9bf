"""Going on after a restore: two persons say what is known of the time since the backup."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kernel.acts import hold, numbers
from kernel.acts.context import this_act
from kernel.acts.house import resuming
from kernel.acts.verbs import act
from kernel.crypto import x509
from kernel.crypto.ids import now
from kernel.errors import Conflict, NotFound
from kernel.identity import revocation
from kernel.identity.desk import Desk
from kernel.identity.epoch import epoch
from kernel.identity.models import Credential, NodeFact, Session
from kernel.seals.revoking import close


def _known(
    desk: Desk,
    *,
    held: str,
    revoked: list[str],
    highest: dict[str, int],
    certificates: list[str],
) -> None:
    if not held or held != resuming.state():
        raise Conflict(
            "node.not_held",
            "恢复状态已变化或已恢复运行，请刷新“恢复运行”页面后再办理。",
            "The node is not held any more, or for another reason; reload the page Resume.",
        )
    for series in highest:
        numbers.check_series(series)
    there = Credential.select().where(Credential.uid.in_(revoked)).count()
    if there != len(set(revoked)):
        raise NotFound(
            "keys.unknown",
            "其中有的插件本节点没有登记。请刷新“恢复运行”页面，核对后重新填写。",
            "One of these keys is not known here. Reload the page Resume and enter them again.",
        )
    for certificate in _read(certificates):
        revocation.authority_of(certificate)


def _read(certificates: list[str]) -> list[x509.Certificate]:
    return [x509.load_cert(pem.encode()) for pem in dict.fromkeys(certificates)]


def _consequence(
    desk: Desk,
    subject: None = None,
    *,
    held: str,
    revoked: list[str],
    highest: dict[str, int],
    certificates: list[str],
) -> str:
    return (
        f"将恢复签名办理：停用 {len(revoked)} 个插件，吊销 {len(certificates)} 张证书，"
        f"{len(highest)} 个编号序列跳过已发出的号（登记为作废，不再使用）。"
    )


@act(
    "house.resume",
    title="恢复运行",
    title_en="Resume",
    level="resume",
    weight="signed",
    people=2,
    check=_known,
    confirm=_consequence,
)
def resume(
    desk: Desk,
    *,
    held: str,
    revoked: list[str],
    highest: dict[str, int],
    certificates: list[str],
) -> None:
    """Let a held node sign again, when two persons have said what happened since the backup.

    :param held: what :func:`kernel.acts.house.resuming.state` gave when the page was shown.
    :param revoked: the uids of the keys that were revoked since.
    :param highest: series of numbers (:func:`kernel.acts.numbers.marks`), the highest given out.
    :param certificates: those of this node that were revoked since, in PEM; one that the backup
        knows to be revoked stays as it is.
    """
    facts = hold.held() or {}
    Credential.update(revoked=now()).where(
        Credential.uid.in_(revoked) & Credential.revoked.is_null()
    ).execute()
    Session.update(ended=now()).where(Session.credential.in_(revoked)).execute()
    for certificate in _read(certificates):
        if not revocation.is_taken_back(certificate):
            close(certificate)
    seen: dict[str, int] = facts.get("numbers", {})
    for series in sorted({*seen, *highest}):
        numbers.move_past(series, max(seen.get(series, 0), highest.get(series, 0)), this_act())
    if facts.get("why") != "restored":
        NodeFact.write("epoch", int(facts.get("epoch", epoch())) + 1)
    NodeFact.delete().where(NodeFact.key == hold.FACT).execute()


VERBS: list[Callable[..., Any]] = [resume]
