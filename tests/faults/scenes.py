"""The load act by act: each scene begins on the node as the one before it left it.

So a process that dies at the last write of the last act does not first have to do all the others;
every write of every act is come to all the same, those of opening the node included.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kernel.acts import outbox
from kernel.node import open_node
from tests.faults import invariants
from tests.faults.bench import forked_signer
from tests.faults.child import Child, Say
from tests.faults.load import Load
from tests.faults.run import Options

Steps = list[Callable[[], None]]


@dataclass(frozen=True)
class Scene:
    """One act of the load.

    :ivar start: the node before it. :ivar before: what was said until then.
    :ivar known: digests of what was verified until then.
    """

    number: int
    start: Path
    before: tuple[dict[str, Any], ...]
    known: frozenset[str]


def short(load: Load, focus: str = "") -> Steps:
    """Each kind of act once, in a fixed order; or one kind alone."""
    chains = load.chains()
    if focus:
        return FOCUS[focus](load, chains)
    return [
        chains["numbers"][0],
        *chains["dispatch"],
        chains["receipts"][1],
        load.sequence,
        *chains["recall"],
        *chains["errand"][:2],
        load.sequence,
    ]


FOCUS: dict[str, Callable[[Load, dict[str, Steps]], Steps]] = {
    "number": lambda load, chains: chains["numbers"][:1],
    "dispatch": lambda load, chains: chains["dispatch"][:1],
    "receipt": lambda load, chains: chains["receipts"][1:2],
    "errand": lambda load, chains: chains["errand"],
    "log": lambda load, chains: [load.sequence, chains["receipts"][1], load.sequence],
}
"""Parts of the load, for planted bugs that show in one of them."""


def scenes(options: Options) -> list[Scene]:
    """All scenes of the load, made without a planted bug; kept as long as the bench."""
    kept: dict[str, list[Scene]] = options.bench.kept
    if options.focus not in kept:
        made = [Scene(0, options.bench.template, (), options.known)]
        while (scene := _after(options, made[-1])) is not None:
            made.append(scene)
        kept[options.focus] = made
    return kept[options.focus]


def _after(options: Options, scene: Scene) -> Scene | None:
    place = options.bench.fresh(scene.start)
    with forked_signer(place):
        child = Child(lambda say: _whole(options, place, scene, say))
        child.end()
    assert not child.facts("defect"), child.facts("defect")
    assert not any(child.facts("violations")), child.facts("violations")
    if not any(child.facts("more")):
        options.bench.drop(place)
        return None
    said = [one for one in child.said if "ack" in one or "asked" in one]
    known = scene.known | {one for known in child.facts("known") for one in known}
    return Scene(scene.number + 1, place, (*scene.before, *said), known)


def _whole(options: Options, place: Path, scene: Scene, say: Say) -> None:
    with open_node(options.bench.settings(place)):
        load = Load(options.bench.facts, say)
        steps = short(load, options.focus)
        load.run([steps[scene.number]])
        outbox.drain()  # what is told to people afterwards
        say(violations=list(invariants.everything([], True, scene.known)))
        say(known=sorted(invariants.digests()), more=scene.number + 1 < len(steps))


def play(options: Options, place: Path, number: int, say: Say) -> None:
    """Open the node and do one scene, with the planted bug if there is one."""
    options.plant()
    with open_node(options.bench.settings(place)):
        load = Load(options.bench.facts, say)
        load.run([short(load, options.focus)[number]])
