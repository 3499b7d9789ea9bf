"""Switching plugins on and off for an organ."""

from __future__ import annotations

from kernel.acts import outbox
from kernel.acts.context import this_act
from kernel.acts.verbs import act
from kernel.errors import Conflict, Refused
from kernel.identity.desk import Desk
from kernel.identity.models import Unit
from kernel.identity.phases import phase_of
from kernel.plugins.switches import Activation, switchboard


def _may_switch(desk: Desk, *, organ: str, plugin: str, on: bool) -> None:
    if organ != desk.organ_code and "system_admin" not in desk.post.roles:
        raise Refused(
            "house.other_organ",
            "只能启停本单位的插件。",
            "You may switch the plugins of your own organ only.",
        )
    board, unit = switchboard(), Unit.by_code(organ)
    found = board.manifests.get(plugin)
    # One that fails may go off: then it is not asked any more when the node starts again.
    if found is None or (on and not board.healthy(plugin)):
        raise Conflict(*board.closed(plugin, organ))
    if found.required and not on:
        raise Conflict(
            "plugins.required",
            "平台必备的插件不能停用。请只停用可选的插件。",
            "A required plugin stays on; only optional ones can be switched off.",
        )
    late = [name for name in board.closure(plugin) if board.manifests[name].phase > phase_of(unit)]
    if on and late:
        raise Conflict(*board.closed(late[0], organ))


@act(
    "house.switch_plugin",
    title="启停插件",
    title_en="Switch a plugin",
    level="switch",
    weight="recorded",
    check=_may_switch,
)
def switch_plugin(desk: Desk, *, organ: str, plugin: str, on: bool) -> list[str]:
    """Switch a plugin for an organ, with what it needs (on) or what needs it (off).

    :returns: the plugins whose switch was moved.
    """
    board = switchboard()
    names = board.closure(plugin) if on else [*board.dependants(plugin), plugin]
    before = board.effective(organ)
    moved = [name for name in names if (name in before) != on or name == plugin]
    for name in moved:
        Activation.create(organ=organ, plugin=name, on=on, act=this_act())
    for name in moved if on else ():
        # What was signed for while it was off waits in the exchange.
        outbox.put("exchange.unpark", f"{this_act()}:{name}", {"organ": organ, "plugin": name})
    return moved
