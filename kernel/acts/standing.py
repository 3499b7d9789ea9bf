"""Objects against the acts on them, for ``log verify``: what the gate itself keeps of each.

What an object *says* is its room's or plugin's to compare; here is what holds for all: whatever
was acted on is there, at least as new as the last act found it, and a proposal stands as the
second person left it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import peewee

from kernel.acts import hold
from kernel.acts.deeds import Deed, agreed, deeds_of, deeds_on, without
from kernel.acts.models import Act, Proposal, Task
from kernel.acts.subjects import Subject, kinds
from kernel.acts.verbs import verbs
from kernel.acts.whose import Whose, compare, lost, over, titles
from kernel.storage.comparing import (
    Found,
    Row,
    Step,
    differs,
    missing,
    rows_of,
    stretches,
    uncounted,
)
from kernel.storage.database import snapshot

SETTLED = {"house.confirm": "confirmed", "house.decline": "declined"}
"""What a second person did → the state of a proposal."""
UNSETTLED = ("open", "void")
RESUME = "house.resume"
NAMES = {
    "verb": ("办理动作", "the verb"),
    "organ": ("机关", "the organ"),
    "proposer": ("提出人", "who proposed it"),
    "state": ("状态", "the state"),
    "level": ("复核权限", "the right to confirm it"),
    "title": ("名称", "the title"),
}


def reconcile(step: Step = uncounted) -> Iterator[Found]:
    """Name objects that are gone or older than an act on them, and proposals settled by nobody."""
    for model in kinds().all():
        for rows in stretches(model, model.uid):
            yield from _versions(model, [row["uid"] for row in rows])
            step(len(rows))
        for uid in missing(Act, Act.subject, model.uid, Act.kind == model.kind):
            yield (
                f"{model.kind} {uid}",
                "有人办理过此件，但库中已没有；请从备份中找回"
                " / acts were done on it, and its row is gone: look for it in a backup",
            )
        given = (Task.kind == model.kind) & Task.done.is_null()
        for uid in missing(Task, Task.subject, model.uid, given):
            yield (
                f"{model.kind} {uid}",
                "待办指向此件，但库中没有；待办被改动过，或此件已被删除，请从备份中找回"
                " / somebody has a task on it, and it is not there: look for it in a backup",
            )
        yield from titles(model)
    for rows in stretches(Proposal, Proposal.uid):
        yield from _proposals([row["uid"] for row in rows])
        step(len(rows))
    two = [verb.name for verb in verbs().all() if verb.people == 2]
    yield from without(two, Proposal.act, ("待复核事项", "what it proposed"))


def _versions(model: type[Subject], uids: list[str]) -> Iterator[Found]:
    mine = (Act.kind == model.kind) & Act.subject.in_(uids)
    newest = Act.select(peewee.fn.MAX(Act.id)).where(mine).group_by(Act.subject)
    acts = rows_of(Act, Act.verb, Act.bytes, where=[Act.id.in_(newest)])
    seen = dict(filter(None, map(_seen, acts)))
    where = [model.uid.in_(list(seen))]
    # Read after the acts, so that what they did is there.
    for row in rows_of(model, model.uid, model.version, where=where):
        if row["version"] < seen[row["uid"]]:
            yield (
                f"{model.kind} {row['uid']}",
                f"比最后一次办理时旧（第 {row['version']} 版，至少应为 {seen[row['uid']]}），"
                "可能被换回旧内容；请与备份核对"
                f" / is older than the last act on it (version {row['version']}, not "
                f"{seen[row['uid']]} or more): an old row was put back, compare with a backup",
            )


def _seen(act: Row) -> tuple[str, int] | None:
    """The uid of the object, and how new it has to be after this act."""
    try:
        about: Any = json.loads(act["bytes"])["object"]
        verb = verbs().find(act["verb"])
        # Who came too late has changed nothing.
        raised = verb is not None and verb.touches and verb.lost is None
        return about["uid"], int(about["version"]) + int(raised)
    except (ValueError, KeyError, TypeError):
        return None


def _proposals(uids: list[str]) -> Iterator[Found]:
    with snapshot():
        rows = rows_of(Proposal, where=[Proposal.uid.in_(uids)])
        acts = deeds_of([row["act"] for row in rows])
        facts, newest = _holds()
        voids = {one.uid: _is_void(one, facts, newest) for one in acts.values()}
        settled = deeds_on(Proposal.kind, uids, SETTLED)
        waiting = [row for row in rows if row["state"] == UNSETTLED[0]]
        whose = {row["uid"]: _whose(row, acts.get(row["act"])) for row in waiting}
        tasks = [*compare(Proposal.kind, whose), *lost(Proposal.kind, whose)]
        tasks += over(Proposal.kind, [row["uid"] for row in rows if row["uid"] not in whose])
    yield from tasks
    for row in rows:
        first, last = acts.get(row["act"]), settled.get(row["uid"], [])
        if first is None:
            yield f"proposal {row['uid']}", _BY_NOBODY
        if len(last) > 1:
            yield f"proposal {row['uid']}", _TWICE
        for name, signed in _signed(row, first, last, voids).items():
            if row[name] != signed:
                yield f"proposal {row['uid']}", differs(NAMES[name], row[name], signed)
        if first and any(one.person in (first.person, first.principal) for one in last):
            yield f"proposal {row['uid']}", _ALONE


_SAYS = {"form": ("todo",), "urgency": ("",), "due": (None,)}


def _whose(row: Row, first: Deed | None) -> Whose:
    verb = verbs().find(first.verb) if first else None
    if first is None or verb is None:
        return Whose(row["organ"], row["level"], says=_SAYS)
    return Whose(first.organ, verb.level, says=_SAYS)


_BY_NOBODY = (
    "没有人提出过，不能复核，请报安全保密管理员"
    " / was proposed by no act: do not confirm it, tell the security administrator"
)
_TWICE = (
    "复核过不止一次，只有第一次作数，其后的办理不能作数，请报安全保密管理员"
    " / was settled more than once: only the first time counts, do not rely on what came of the"
    " others, tell the security administrator"
)
_ALONE = (
    "提出和复核是同一个人签的名，双人操作不成立，不能作数，请报安全保密管理员"
    " / was proposed and settled by one and the same person: it is no act of two, do not rely on"
    " it, tell the security administrator"
)


def _signed(
    row: Row, first: Deed | None, last: list[Deed], voids: dict[str, bool | None]
) -> dict[str, str]:
    signed = {"verb": first.verb, "organ": first.organ, "proposer": first.person} if first else {}
    verb = verbs().find(first.verb) if first and not last else None
    if verb is not None:  # once it is settled, the verb may have come to be called otherwise
        signed |= {"level": verb.level, "title": verb.title}
    void = voids.get(row["act"])
    if last:
        signed["state"] = SETTLED[last[0].verb]
    elif void is not None:
        signed["state"] = UNSETTLED[void]
    elif row["state"] not in UNSETTLED:
        signed["state"] = UNSETTLED[0]
    return signed


def is_void(first: Deed) -> bool | None:
    """Whether a hold of the node has made a proposal void that nobody settled (:func:`hold.begin`).

    It has whatever was proposed before the node was last let go on, or held anew. Of proposals to
    let it go on those of the present hold stand; which hold an older one was made in nothing says,
    and none of them does anything any more: None.

    :param first: the act that proposed it.
    """
    return _is_void(first, *_holds())


def _is_void(first: Deed, facts: hold.Facts | None, newest: int) -> bool | None:
    if first.verb == RESUME:
        return None if facts is None else first.at < str(facts["at"])
    return facts is not None or first.id < newest


def _holds() -> tuple[hold.Facts | None, int]:
    """Why the node is held, if it is; and the number of the newest act that let it go on."""
    return hold.held(), max((one.id for one, _ in agreed(RESUME)), default=0)
