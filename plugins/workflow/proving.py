"""Steps and the tasks of the present ones against the acts behind them, for ``log verify``."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from kernel.api import Generation, Post, comparing, deeds, snapshot, whose
from plugins.workflow.definition import Flow, flow_of
from plugins.workflow.models import FlowRow, Move, Run

Row = dict[str, Any]
NAMES = {
    "act": ("所依据的办理", "the act behind it"),
    "post": ("办理岗位", "the post that did it"),
    "to": ("送往的环节", "the step that it went to"),
    "action": ("办理方式", "how it was done"),
    "person": ("办理人", "who did it"),
    "received": ("收到时间", "when it came to that step"),
    "at": ("办理时间", "when it was done"),
    "since": ("到达现环节的时间", "when it came to its step"),
    "organ": ("机关", "the organ"),
    "step": ("环节", "the step"),
    "state": ("状态", "the state"),
    "unit": ("所在部门", "the section that began it"),
    "starter": ("发起岗位", "the post that began it"),
}


def reconcile(step: comparing.Step) -> Iterator[comparing.Found]:
    """Name steps that nobody did so, and tasks that lie elsewhere than the last act put them."""
    for rows in comparing.stretches(Run, where=Generation.vouched(Run.subject), size=100):
        with snapshot():
            found = [*_runs([row["id"] for row in rows])]
        yield from found
        step(len(rows))


def _runs(ids: list[int]) -> Iterator[comparing.Found]:
    runs = comparing.rows_of(Run, where=[Run.id.in_(ids)])
    flows = {row.id: flow_of(row.definition) for row in FlowRow.select()}
    moves = comparing.by(comparing.rows_of(Move, where=[Move.run.in_(ids)]), "run")
    acts = deeds.deeds_of([row["act"] for rows in moves.values() for row in rows])
    behind = _behind(runs, flows, moves, acts)
    names = deeds.named([*acts.values(), *behind.values()])
    placed = [Run.id.in_(ids), Generation.is_generated(Run.subject)]
    made_up = {row["id"] for row in comparing.rows_of(Run, Run.id, where=placed)}
    given: dict[str, dict[str, whose.Whose]] = {}
    for run in runs:
        if run["flow"] not in flows:
            yield f"workflow of {run['kind']} {run['subject']}", _NO_FLOW
            continue
        mine, flow = moves.get(run["id"], []), flows[run["flow"]]
        if run["id"] in made_up and not mine:
            continue  # it was put at its step, and nobody has taken it on
        for before, move in zip([None, *mine], mine, strict=False):
            where = f"step {move['step']} of {run['kind']} {run['subject']}"
            signed = _signed(move, run, acts) | _in_turn(
                before, move, run, flow, acts, names, made_up
            )
            if (person := behind.get(move["act"])) is not None:
                signed |= {"post": person.post, "person": names.get(person.uid, move["person"])}
            for name, value in signed.items():
                if move[name] != value:
                    yield where, comparing.differs(NAMES[name], move[name], value)
        where = f"workflow of {run['kind']} {run['subject']}"
        for name, value in _standing(run, mine, flow, acts).items():
            if run[name] != value:
                yield where, comparing.differs(NAMES[name], run[name], value)
        if run["state"] == "running":
            given.setdefault(run["kind"], {})[run["subject"]] = _whose(run, mine, flow, acts)
    for kind, tasks in given.items():
        yield from whose.compare(kind, tasks)


def _behind(
    runs: Sequence[Row],
    flows: Mapping[int, Flow],
    moves: Mapping[int, Sequence[Row]],
    acts: Mapping[str, deeds.Deed],
) -> dict[str, deeds.Deed]:
    """The act of the node that recorded a step → that of the person whose step it was."""
    found: dict[str, deeds.Deed] = {}
    for run in runs:
        recorded = [acts[one["act"]] for one in moves.get(run["id"], ()) if one["act"] in acts]
        recorded = [one for one in recorded if one.mode == "node"]
        if not recorded or run["flow"] not in flows:
            continue
        verbs = {step.verb for step in flows[run["flow"]].steps}
        done = deeds.deeds_on(run["kind"], [run["subject"]], verbs).get(run["subject"], ())
        for one in recorded:
            before = [person for person in done if person.id < one.id and person.post]
            if before:
                found[one.uid] = before[-1]
    return found


_NO_FLOW = (
    "所用的流程不在库中；请从备份中找回 / follows a flow that is not there: look for it in a backup"
)


def _signed(move: Row, run: Row, acts: Mapping[str, deeds.Deed]) -> dict[str, Any]:
    deed = acts.get(move["act"])
    if deed is None or (deed.kind, deed.subject) != (run["kind"], run["subject"]):
        return {"act": ""}
    signed = {"post": deed.post} if deed.post else {}  # the node says nothing of posts
    if move["action"] == "back" and "to" in deed.params:
        signed["to"] = deed.params["to"]
    return signed


def _in_turn(
    before: Row | None,
    move: Row,
    run: Row,
    flow: Flow,
    acts: Mapping[str, deeds.Deed],
    names: Mapping[str, str],
    made_up: Collection[int],
) -> dict[str, Any]:
    """What follows from the step before, from the flow, and from the act itself."""
    deed, keys = acts.get(move["act"]), [step.key for step in flow.steps]
    found: dict[str, Any] = {}
    if before is None and run["id"] not in made_up:
        found["step"] = keys[0]
    elif before is not None and before["to"] not in keys:
        found["act"] = ""  # it was finished before
    elif before is not None:
        found["step"] = before["to"]
        if not comparing.near(move["received"], before["at"]):
            found["received"] = before["at"]
    here = found.get("step", move["step"])
    if here not in keys:
        return found | {"step": keys[0]}
    if deed is None:
        return found
    if deed.verb == flow.step(here).verb or (not deed.post and move["action"] == "done"):
        after = flow.after(here)
        found |= {"action": "done", "to": "" if after is None else after.key}
    elif "to" in deed.params:
        found["action"] = "back"
    if deed.uid in names:
        found["person"] = names[deed.uid]
    if not comparing.near(move["at"], deed.at):
        found["at"] = deed.at
    return found


def _standing(
    run: Row, moves: Sequence[Row], flow: Flow, acts: Mapping[str, deeds.Deed]
) -> dict[str, Any]:
    """Where the steps that were done lead, and who began."""
    if not moves:
        return {"step": flow.steps[0].key, "state": "running"}
    first, last = moves[0], moves[-1]
    found: dict[str, Any] = {"state": "running" if last["to"] else "done"}
    found["step"] = last["to"] or last["step"]
    if not comparing.near(run["since"], last["at"]):
        found["since"] = last["at"]
    began = acts.get(first["act"])
    if began is not None and began.organ:
        found["organ"] = began.organ
    if first["step"] == flow.steps[0].key and began is not None and began.post:
        found["starter"] = began.post
        post = Post.get_or_none(Post.uid == began.post)
        if post is not None:
            found["unit"] = post.unit.code
    return found


def _whose(
    run: Row, moves: Sequence[Row], flow: Flow, acts: Mapping[str, deeds.Deed]
) -> whose.Whose:
    """Whose the present step is: of whom the last act named, or of whoever did it before."""
    step = flow.step(run["step"])
    posts = _posts(moves, acts)
    if step.scope == "starter" and posts == whose.ANYBODY:
        posts = frozenset({run["starter"]})
    units = {"", run["unit"]} if step.scope == "section" else {""}
    says = {"form": ("draft" if step.scope == "starter" else "todo",), "due": (None,)}
    return whose.Whose(run["organ"], step.level, posts, frozenset(units), says)


def _posts(moves: Sequence[Row], acts: Mapping[str, deeds.Deed]) -> frozenset[str]:
    if not moves:
        return whose.ANYBODY
    last = moves[-1]
    deed = acts.get(last["act"])
    if last["action"] == "done":
        return frozenset({str(deed.params.get("next_post", "")) if deed is not None else ""})
    if last["action"] == "taken":
        return frozenset({last["post"]})
    # Sent back to who did that step last, or to all where he may not do it any more.
    before = [move["post"] for move in moves[:-1] if move["step"] == last["to"]]
    return frozenset({"", *before[-1:]})
