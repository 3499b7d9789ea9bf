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
from kernel.errors import Conflict, Invalid, NotFound
from kernel.identity import revocation
from kernel.identity.desk import Desk
from kernel.identity.epoch import epoch
from kernel.identity.models import Credential, NodeFact, Session, Unit
from kernel.seals.revoking import close

LARGEST = 100_000
"""No series comes so far within a year; a slip of the hand would void all that lies between."""


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
    _accounted(highest)
    there = Credential.select().where(Credential.uid.in_(revoked)).count()
    if there != len(set(revoked)):
        raise NotFound(
            "keys.unknown",
            "其中有的插件本节点没有登记。请刷新“恢复运行”页面，核对后重新填写。",
            "One of these keys is not known here. Reload the page Resume and enter them again.",
        )
    for certificate in _read(certificates):
        revocation.authority_of(certificate)


def _accounted(highest: dict[str, int]) -> None:
    """Refuse what leaves a series out, or says less of it than is known."""
    to_account_for = numbers.to_account_for()
    for series, value in highest.items():
        if series not in to_account_for:  # a unit of those may be younger than the backup
            numbers.check_series(series)
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or not 0 <= value <= LARGEST:
            raise Invalid(
                "node.resume_number",
                f"“{in_words(series)}”的号数写法不对，请填写 0 到 {LARGEST} 的整数。",
                f"The number of {series} has to be a whole number from 0 to {LARGEST}.",
                field="highest",
            )
    for series, known in to_account_for.items():
        if series not in highest:
            raise Invalid(
                "node.resume_missing",
                f"没有填写“{in_words(series)}”已发出的最大号。请对照纸质登记簿逐一填写，"
                "没有再发出的也要填写。",
                f"The highest number given out of {series} is missing. Fill in each series from "
                "the register on paper, also where none was given out since.",
                field="highest",
            )
        if highest[series] < known:
            raise Invalid(
                "node.resume_below",
                f"“{in_words(series)}”填的是 {highest[series]}，本节点已知发出到 {known} 号。"
                f"请核对登记簿，填写不小于 {known} 的号数。",
                f"{highest[series]} was entered for {series}, of which {known} is known to be "
                f"given out. Check the register and enter {known} or more.",
                field="highest",
            )


def in_words(series: str) -> str:
    """A series as people read it: the organ's short name, then ``市委办发〔2026〕``."""
    code, _, rest = series.partition("/")
    name, _, year = rest.rpartition("/")
    unit = Unit.get_or_none(Unit.code == code)
    return f"{unit.short_name if unit is not None else code} {name}〔{year}〕"


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
) -> tuple[str, str]:
    known = numbers.to_account_for()
    lines, lines_en, skipped, none = [], [], 0, 0
    for series, value in sorted(highest.items()):
        before, words = known.get(series, 0), in_words(series)
        if not before and not value:
            none += 1
            continue
        gap = max(value - before, 0)
        skipped += gap
        lines.append(
            f"{words}：已知 {before} 号，填报已发到 {value} 号"
            + (f"，其间 {gap} 个号作废" if gap else "")
        )
        lines_en.append(
            f"{words}: {before} known, {value} given out" + (f", {gap} void" if gap else "")
        )
    if none:
        lines.append(f"其余 {none} 个机关代字：填报没有发过号")
        lines_en.append(f"{none} other series: none given out")
    first = (
        f"将恢复签名办理：停用 {len(revoked)} 个插件，吊销 {len(certificates)} 张证书，"
        f"{len(highest)} 个编号序列跳过已发出的号，{skipped} 个号登记为作废，不再使用。"
        "请与纸质登记簿逐一核对："
    )
    first_en = (
        f"The node will sign again: {len(revoked)} keys and {len(certificates)} certificates are "
        f"revoked, {len(highest)} series of numbers go on after what was given out, {skipped} "
        "numbers are void for ever. Check each against the register on paper:"
    )
    return "\n".join([first, *lines]), "\n".join([first_en, *lines_en])


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
    :param highest: the highest number given out of every series that
        :func:`kernel.acts.numbers.to_account_for` names, and of any other one.
    :param certificates: those of this node that were revoked since, in PEM; one that the backup
        knows to be revoked stays as it is.
    """
    facts = hold.held() or {}
    Credential.update(revoked=now()).where(
        Credential.uid.in_(revoked) & Credential.revoked.is_null()
    ).execute()
    Session.update(ended=now(), seal="").where(Session.credential.in_(revoked)).execute()
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
