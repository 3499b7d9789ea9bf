"""Holding rights and switches against the acts that decided them, for ``log verify``."""

from __future__ import annotations

from collections.abc import Iterator

from kernel.acts.deeds import deeds
from kernel.acts.granted import is_granted
from kernel.acts.house.guarding import by_the_acts
from kernel.identity.models import Delegation, Grant
from kernel.plugins.installed import InstalledGuard
from kernel.plugins.switches import Activation, switchboard
from kernel.storage.comparing import Found, Noted, Step, differs, uncounted
from kernel.storage.database import snapshot

_ADVICE = "请报安全保密管理员", "tell the security administrator"


def reconcile(step: Step = uncounted) -> Iterator[Found]:
    """Name rights and switches that nobody signed, and what was undone."""
    for check in (_grants, _delegations, _switches, _guards):
        with snapshot():
            found = [*check()]
        yield from found
        step(1)


def _said(zh: str, en: str) -> str:
    return f"{zh}，{_ADVICE[0]} / {en}: {_ADVICE[1]}"


def _grants() -> Iterator[Found]:
    acts = list(deeds("house.grant"))
    said = {
        (one.uid, one.params["post"], one.params["level"], one.params["given"]): one.uid
        for one in acts
    }
    # The newest row counts, so that renumbering them gives back what was taken away.
    last = {(one.params["post"], one.params["level"]): one.params["given"] for one in acts}
    shown: dict[tuple[str, str], Grant] = {}
    for row in Grant.select().order_by(Grant.id):
        shown[row.post, row.level] = row
        if said.pop((row.act, row.post, row.level, row.given), None) is None:
            yield (
                f"grant {row.uid}",
                _said("没有任何办理决定过此授权", "was not decided by any act"),
            )
    for act in said.values():
        yield (
            f"grant of act {act}",
            _said("此授权或收回已签名，但库中没有", "was signed, and its row is gone or another"),
        )
    for key, row in shown.items():
        if last.get(key, row.given) != row.given:
            yield f"grant {row.uid}", _said(*_NOT_LAST)


_NOT_LAST = (
    "按行号排在最后的不是最后一次办理，行号被改动过，以最后一次办理为准",
    "stands last by its number and is not of the last act on it: rows were renumbered, the last act"
    " counts",
)
_BESIDES = (
    "随插件 {0} 的启停（办理 {1}）一并启停，但按现有插件，二者没有依赖关系："
    "若插件升级前也没有，此行是后塞进的，请报安全保密管理员"
    " / was moved together with {0} (act {1}), and neither needs the other as they are installed"
    " now; if that was so before an upgrade, too, the row was put in: tell the security"
    " administrator"
)


def _switches() -> Iterator[Found]:
    """The switches of plugins: an act on one may have moved those that it needs, too."""
    acts = list(deeds("house.switch_plugin"))
    said, order = {one.uid: one.params for one in acts}, {one.uid: one.id for one in acts}
    moved: set[tuple[str, str]] = set()
    shown: dict[tuple[str, str], list[Activation]] = {}
    for row in Activation.select().order_by(Activation.id):
        signed = None if (row.act, row.plugin) in moved else said.get(row.act)
        moved.add((row.act, row.plugin))
        shown.setdefault((row.organ, row.plugin), []).append(row)
        if signed is None or (row.organ, row.on) != (signed["organ"], signed["on"]):
            yield (
                f"switch of {row.plugin} for {row.organ}",
                _said("插件启停不是任何办理所决定", "was not decided by any act"),
            )
        elif not _moves(signed["plugin"], row.plugin, on=row.on):
            where = f"switch of {row.plugin} for {row.organ}"
            yield Noted(where, _BESIDES.format(signed["plugin"], row.act))
    for rows in shown.values():
        last = max(rows, key=lambda one: order.get(one.act, 0))
        if last.on != rows[-1].on:
            yield f"switch of {last.plugin} for {last.organ}", _said(*_NOT_LAST)
    for act, signed in said.items():
        if (act, signed["plugin"]) not in moved:
            yield (
                f"switch of {signed['plugin']} for {signed['organ']}",
                _said(
                    f"办理 {act} 决定的启停，库中没有",
                    f"was decided by act {act}, and its row is gone or another",
                ),
            )


def _moves(plugin: str, other: str, *, on: bool) -> bool:
    """Whether switching a plugin may move another one; of one that is gone nobody can tell."""
    board = switchboard()
    if plugin == other or not {plugin, other} <= board.manifests.keys():
        return True
    return other in board.closure(plugin) if on else plugin in board.closure(other)


def _delegations() -> Iterator[Found]:
    ended = {str(one.params["delegation"]) for one in deeds("house.end_delegation")}
    given, there = {one.uid for one in deeds("house.delegate")}, set()
    for row in Delegation.select():
        given.discard(row.act)
        there.add(row.uid)
        if not is_granted(row):
            yield (
                f"delegation {row.uid}",
                _said("不是委托人所签的委托", "is not what its giver signed"),
            )
        if row.uid in ended and row.ended is None:
            yield (
                f"delegation {row.uid}",
                _said("已由办理终止，又在生效", "was ended by an act and holds again"),
            )
        elif row.ended is not None and row.uid not in ended:
            yield (
                f"delegation {row.uid}",
                _said(
                    "库中写为已终止，但没有办理终止过", "is ended in its row, and no act ended it"
                ),
            )
    for uid in sorted(ended - there):
        yield (
            f"delegation {uid}",
            _said("已由办理终止，库中却没有这一委托", "was ended by an act, and is not there"),
        )
    for act in given:
        yield (
            f"delegation of act {act}",
            _said("此委托已签名，但库中没有", "was signed, and its row is gone"),
        )


_BEHIND = ("所依据的办理", "the act behind it")


def _guards() -> Iterator[Found]:
    rows, told = {row.name: row for row in InstalledGuard.select()}, by_the_acts()
    for name, one in rows.items():
        if not one.removed and name not in told:
            yield (
                f"guard {name}",
                _said(
                    "没有登记过，或已由两人移除，库中却在检查",
                    "was noted by no act, or removed by two people, and stands in its row",
                ),
            )
    for name, (verbs, act) in told.items():
        row = rows.get(name)
        if row is not None and row.act != act:
            yield f"guard {name}", differs(_BEHIND, row.act, act)
        if row is None or row.removed:
            yield (
                f"guard {name}",
                _said(
                    "安全检查插件没有经两人移除，库中却已移除或没有；重新启动后自动恢复",
                    "was removed by no two people, and its row is gone or says so; it stands again"
                    " when the node is started anew",
                ),
            )
        elif set(verbs) - set(row.verbs):
            yield (
                f"guard {name}",
                _said("所检查的办理动作少于登记的", "guards fewer verbs than its act says"),
            )
        elif set(row.verbs) - set(verbs):
            yield (
                f"guard {name}",
                _said(
                    f"所检查的办理动作多于办理 {act} 所写", f"guards more verbs than act {act} says"
                ),
            )
