"""Which guards stand: noted by the node when it finds one, removed by two people only."""

from __future__ import annotations

from contextlib import suppress
from operator import itemgetter

from kernel.acts import clock
from kernel.acts.context import this_act
from kernel.acts.deeds import agreed, deeds
from kernel.acts.gate import by_node
from kernel.acts.verbs import act
from kernel.errors import Conflict, NotFound
from kernel.identity.desk import Desk, ServiceDesk
from kernel.plugins.installed import InstalledGuard, standing
from kernel.plugins.switches import switchboard
from kernel.storage.database import connection, transaction


@act(
    "house.install_guard",
    title="登记安全检查插件",
    title_en="Note a guard",
    level="none",
    weight="signed",
    by="node",
)
def install_guard(desk: ServiceDesk, *, name: str, names: list[str]) -> None:
    """Note that a guard is installed, and which verbs it guards; they only grow."""
    InstalledGuard.insert(name=name, verbs=names, act=this_act(), removed=False).on_conflict(
        conflict_target=[InstalledGuard.name],
        update={
            InstalledGuard.verbs: names,
            InstalledGuard.act: this_act(),
            InstalledGuard.removed: False,
        },
    ).execute()


def _gone(desk: Desk, *, name: str, reason: str) -> None:
    if name not in {row.name for row in standing()}:
        raise NotFound(
            "house.no_guard",
            "没有登记这个安全检查插件。请用 manage.py plugins list 核对插件名称。",
            "There is no guard of this name; look the name up with manage.py plugins list.",
        )
    if switchboard().healthy(name):
        raise Conflict(
            "house.guard_works",
            "这个安全检查插件工作正常。要移除它，请先从插件目录中卸载，再登记移除。",
            "This guard works. To remove it, uninstall it from the plugin folder first.",
        )


@act(
    "house.remove_guard",
    title="移除安全检查插件",
    title_en="Remove a guard",
    level="guards",
    weight="signed",
    people=2,
    private=("reason",),
    check=_gone,
)
def remove_guard(desk: Desk, *, name: str, reason: str) -> None:
    """Let acts go on without a guard that is gone: two people answer for it."""
    InstalledGuard.update(removed=True).where(InstalledGuard.name == name).execute()


def note_installed() -> None:
    """Compare the guards that are installed with those that were noted, when the node opens.

    What the acts say was noted and not removed is put back where its row is gone or says that it
    was removed; what is new or guards more than before is noted by an act of the node.
    """
    with connection():
        if clock.stopped() or not _late():
            return
    with transaction():
        for name, names, uid in _late():
            if uid:
                InstalledGuard.delete().where(InstalledGuard.name == name).execute()
                InstalledGuard.create(name=name, verbs=names, act=uid)
            else:
                by_node(ServiceDesk("", "guards"), install_guard, name=name, names=names)


def _late() -> list[tuple[str, list[str], str]]:
    """Name, verbs, and the act that noted it: rows that are gone, or removed by nobody; without an
    act: what is new."""
    rows = {row.name: row for row in InstalledGuard.select()}
    told = by_the_acts()
    late = [
        (name, names, uid)
        for name, (names, uid) in told.items()
        if name not in rows or rows[name].removed
    ]
    for one in switchboard().known():
        row = rows.get(one.name)
        stands = row is not None and not row.removed
        before = list(row.verbs) if row is not None and stands else told.get(one.name, ([], ""))[0]
        if set(one.guards) - set(before):
            late.append((one.name, sorted({*before, *one.guards}), ""))
    return late


def by_the_acts() -> dict[str, tuple[list[str], str]]:
    """Name → verbs and act of the guards that stand, as the acts in the log tell it.

    An act that cannot be read tells nothing; ``log verify`` names it. A guard whose removal is
    spoilt stands again.
    """
    noted = [(one.id, one, one.uid) for one in deeds("house.install_guard")]
    removed = [(two.id, one, "") for one, two in agreed("house.remove_guard")]
    found: dict[str, tuple[list[str], str]] = {}
    for _, one, uid in sorted([*noted, *removed], key=itemgetter(0)):
        with suppress(KeyError, TypeError):
            if uid:
                found[one.params["name"]] = (one.params["names"], uid)
            else:
                found.pop(one.params["name"], None)
    return found
