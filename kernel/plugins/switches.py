"""Which plugins an organ has: installed, healthy, allowed in its phase, and switched on.

``effective(organ) = installed ∩ healthy ∩ (required ∪ (allowed(phase) ∩ switched on))``, without
those whose needs are not in the set. Switching writes a row and is effective at once in every
process; nothing is ever deleted.
"""

from __future__ import annotations

from collections.abc import Callable

import peewee
from msgspec import Struct

from kernel.crypto.ids import now
from kernel.identity.models import NodeFact, Unit
from kernel.identity.phases import phase_at, phase_of
from kernel.plugins.bus import bus
from kernel.plugins.manifest import Manifest
from kernel.slots import Slot
from kernel.storage.database import Model, UTCField
from kernel.storage.remembered import remembered
from kernel.storage.writing import Ready


class Activation(Model):
    """One switching, append-only; the newest row for an organ and a plugin counts."""

    organ = peewee.CharField(index=True)
    plugin = peewee.CharField()
    on = peewee.BooleanField()
    act = peewee.CharField()
    at = UTCField(default=now)

    class Meta:
        table_name = "plugins_activation"


_SWITCHED = Ready(
    lambda organ: (
        Activation.select(Activation.plugin, Activation.on)
        .where(Activation.organ == organ)
        .order_by(Activation.id)
    )
)


class Why(Struct, frozen=True):
    """Why an organ has a plugin or has it not: a stable code and a sentence in both languages."""

    on: bool
    code: str
    zh: str
    en: str
    detail: str = ""
    """What exactly is wrong, for administrators only."""

    def text(self, language: str) -> str:
        """The sentence in the language asked for."""
        return self.en if language.startswith("en") else self.zh


class Switchboard:
    """The switches of all organs over the plugins of this node."""

    def __init__(
        self, order: list[Manifest], faulty: list[Manifest], faults: dict[str, str]
    ) -> None:
        self.manifests = {one.name: one for one in order}
        self.faults = faults
        self._faulty = faulty

    def known(self) -> list[Manifest]:
        """Every plugin that was found, healthy or not, in order."""
        return [*self.manifests.values(), *self._faulty]

    @property
    def scanners(self) -> list[str]:
        """Plugins that look at texts before they are stored: those that guard anything."""
        return [one.name for one in self.known() if one.guards]

    def guards_of(self, verb: str) -> set[str]:
        """The plugins that are asked before a verb, by their manifests, healthy or not."""
        return {one.name for one in self.known() if one.guards and one.guards_verb(verb)}

    def isolate(self, name: str, reason: str) -> None:
        """Take a plugin out of use while the node opens, with the reason."""
        self.faults[name] = reason

    def healthy(self, name: str) -> bool:
        """Installed, loaded without fault, and not in quarantine."""
        return name in self.manifests and name not in self.faults and name not in bus().quarantined

    def switched(self, organ: str) -> dict[str, bool]:
        """What the organ has switched, by plugin."""
        return dict(_switched(organ))

    def effective(self, organ: str) -> frozenset[str]:
        """The plugins that work for this organ now."""
        return _effective(self, organ, frozenset({*self.faults, *bus().quarantined}))

    def down(self, organ: str) -> list[str]:
        """What the organ has on and misses, because it or what it needs is faulty, in order."""
        missed = _effective(self, organ, frozenset()) - self.effective(organ)
        return [name for name in self.manifests if name in missed]

    def works(self, name: str, organ: str) -> bool:
        """Whether one plugin works for this organ now: it and all that it needs."""
        return name in self.effective(organ)

    def closure(self, name: str) -> list[str]:
        """What has to be on so that this plugin works: its needs, theirs, and itself."""
        found: list[str] = []

        def walk(one: str) -> None:
            for need in self.manifests[one].needs if one in self.manifests else ():
                walk(need)
            if one not in found:
                found.append(one)

        walk(name)
        return found

    def dependants(self, name: str) -> list[str]:
        """The plugins that stop working when this one goes off."""
        return [one for one in self.manifests if one != name and name in self.closure(one)]

    def why(self, name: str, organ: str) -> Why:
        """Say why the organ has the plugin or not."""
        if name in self.faults or name in bus().quarantined:
            reason = self.faults.get(name) or bus().quarantined[name]
            return Why(
                False,
                "faulty",
                "插件故障，已暂停使用，请联系系统管理员。数据没有丢失。",
                "It is faulty and was taken out of use; tell the administrator. Nothing is lost.",
                detail=reason,
            )
        if name not in self.manifests:
            return Why(
                False, "absent", "本平台没有安装这个插件。", "It is not installed on this node."
            )
        one = self.manifests[name]
        if one.required:
            return Why(
                True, "required", "平台必备，不能停用。", "Required; it cannot be switched off."
            )
        unit = Unit.by_code(organ)
        phase = phase_of(unit)
        if one.phase > phase:
            return Why(
                False,
                "phase",
                f"第{one.phase}阶段起可以启用；{unit.short_name}现处第{phase}阶段。",
                f"Available from phase {one.phase}; this unit is in phase {phase}.",
            )
        if not self.switched(organ).get(name, one.default):
            return Why(
                False,
                "off",
                "本单位没有启用，可由部门管理员启用。",
                "Switched off; the unit's admin may switch it on.",
            )
        missing = [need for need in self.closure(name)[:-1] if need not in self.effective(organ)]
        if missing:
            names = "、".join(self.title(need) for need in missing)
            names_en = ", ".join(self.title(need, "en") for need in missing)
            return Why(False, "needs", f"需要先启用：{names}。", f"Needs {names_en} first.")
        return Why(True, "on", "已启用。", "Switched on.")

    def closed(self, name: str, organ: str) -> tuple[str, str, str]:
        """What is said to who wants something of a plugin that does not work for the organ: the
        code of the refusal and the sentence in both languages, which name the plugin."""
        why, title_en = self.why(name, organ), self.title(name, "en")
        return f"plugins.{why.code}", f"“{self.title(name)}”：{why.zh}", f"{title_en}: {why.en}"

    def title(self, name: str, language: str = "zh") -> str:
        """The title of a plugin, or its name; where the English one is missing, the Chinese."""
        one = next((one for one in self.known() if one.name == name), None)
        if one is None:
            return name
        return (one.title_en if language.startswith("en") else "") or one.title or name


@remembered(Activation)
def _switched(organ: str) -> tuple[tuple[str, bool], ...]:
    return tuple(_SWITCHED.rows(organ))


@remembered(Unit, NodeFact, Activation)
def _effective(board: Switchboard, organ: str, broken: frozenset[str]) -> frozenset[str]:
    phase, said = phase_at(organ), board.switched(organ)
    names = {
        name
        for name, one in board.manifests.items()
        if name not in broken
        and (one.required or (one.phase <= phase and said.get(name, one.default)))
    }
    return _prune(names, lambda name: board.manifests[name].needs)


def _prune(names: set[str], needs: Callable[[str], tuple[str, ...]]) -> frozenset[str]:
    while True:
        kept = {name for name in names if set(needs(name)) <= names}
        if kept == names:
            return frozenset(names)
        names = kept


switchboard: Slot[Switchboard] = Slot("switchboard")
