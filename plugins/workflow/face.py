"""What other plugins call, within the bodies and checks of their acts.

::

    @cache
    def outgoing() -> Flow:                  # read when the first one is begun
        return read_flow(Path(__file__).parent / "flows" / "outgoing.toml")

    start(desk, document, outgoing())        # creating
    require(desk, document, "sign")          # in the check of an act
    complete(desk, document)                 # in its body: done, the next one has a task
    send_back(desk, document, "draft")       # in the body of a return

Reasons and opinions are kept by the kernel beside the act; :func:`timeline` puts them together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from peewee import fn

from kernel.api import (
    Desk,
    Invalid,
    Post,
    Refused,
    ServiceDesk,
    Subject,
    comparing,
    tasks,
    this_moment,
)
from plugins.workflow import running
from plugins.workflow.definition import Flow, Step, flow_of, read_flow
from plugins.workflow.models import FlowRow, Move, Run
from plugins.workflow.running import Candidate, Slip
from plugins.workflow.shown import step_row, timeline

__all__ = [
    "Candidate",
    "Flow",
    "Slip",
    "Step",
    "altered",
    "can_act",
    "complete",
    "current",
    "flow_of",
    "may_return",
    "may_return_to",
    "may_take_back",
    "place",
    "read_flow",
    "require",
    "send_back",
    "start",
    "step_row",
    "take_back",
    "timeline",
    "trail",
    "who_acts_next",
    "who_acts_now",
]


def start(desk: Desk, subject: Subject, flow: Flow, slip: Slip | None = None) -> Step:
    """Begin: the subject stands at the first step, on the desk that began it."""
    run = Run.create(
        kind=subject.kind,
        subject=subject.uid,
        organ=desk.organ_code,
        flow=running.keep(flow),
        step=flow.steps[0].key,
        unit=desk.unit.code,
        starter=desk.post.uid,
        since=this_moment(),
    )
    running.assign(subject, run, flow.steps[0], slip or Slip())
    return flow.steps[0]


def place(flow: Flow, rows: Sequence[tuple[str, str, str, str, str, str, str]]) -> None:
    """Let many made-up matters stand at steps of a flow without a way there, for measuring.

    :param rows: kind, uid, organ, step (empty: finished), unit and post that began it, and since
        when, as :func:`kernel.api.stamp` writes it.
    """
    running.place(flow, rows)


def altered(model: type[Subject], *flows: Flow) -> Iterator[comparing.Found]:
    """Name flows of which the table says something else than their plugin, and matters of a kind
    that follow none of them, for ``log verify``.

    :param flows: all versions that anything of this kind may have begun with. Which of them it
        was nobody signs; the steps that were done are held against it.
    """
    known = {(one.key, one.version): comparing.as_stored(one.to_json()) for one in flows}
    mine: list[int] = []
    keys = [FlowRow.key.in_([one.key for one in flows])]
    for row in comparing.rows_of(FlowRow, where=keys):
        name = (row["key"], row["version"])
        if row["definition"] == known.get(name):
            mine.append(row["id"])
        else:
            yield f"flow {name[0]} {name[1]}", _ALTERED if name in known else _NO_VERSION
            mine += [row["id"]] * (name in known)
    if not mine and Run.select().where(Run.kind == model.kind).exists():
        yield f"flow {flows[-1].key} {flows[-1].version}", _NO_FLOW
    strange = (Run.kind == model.kind) & Run.flow.not_in(mine)
    for rows in comparing.stretches(Run, Run.subject, where=strange):
        for row in rows:
            yield f"workflow of {model.kind} {row['subject']}", _OTHER_FLOW
    for uid in comparing.missing(Run, Run.subject, model.uid, Run.kind == model.kind):
        yield f"workflow of {model.kind} {uid}", _OF_NOTHING
    run = Run.select(Run.id).where((Run.subject == model.uid) & (Run.kind == model.kind))
    for rows in comparing.stretches(model, model.uid, where=~fn.EXISTS(run)):
        for row in rows:
            yield f"workflow of {model.kind} {row['uid']}", _NO_RUN


_ALTERED = (
    "流程的环节与插件所定的不符，已被改动；请从备份中找回"
    " / its steps are not those of its plugin, so they were altered: look for them in a backup"
)
_NO_VERSION = (
    "插件没有这一版本的流程，不能按它办理；请报安全保密管理员"
    " / its plugin has no flow of this version: nothing may follow it, tell the security"
    " administrator"
)
_NO_FLOW = (
    "有事项在办，库中却没有流程；请从备份中找回"
    " / is followed and not there any more: look for its row in a backup"
)
_OF_NOTHING = (
    "库中有它的流转，却没有此件；请与备份核对"
    " / is in a workflow, and is not there itself: compare with a backup"
)
_NO_RUN = (
    "库中没有它的流转；请从备份中找回 / is in no workflow any more: look for its row in a backup"
)
_OTHER_FLOW = (
    "所用的不是此类事项的流程，流程被改动过；请与备份核对"
    " / follows no flow of its kind: the row was altered, compare with a backup"
)


def current(subject: Subject) -> Step | None:
    """The step that a subject stands at; None once it is finished."""
    run = running.run_of(subject)
    return running.flow(run).step(run.step) if run.state == "running" else None


def can_act(desk: Desk, subject: Subject) -> Step | None:
    """The present step, if it is this desk's turn."""
    step = current(subject)
    return step if step is not None and tasks.open_for(desk, subject) is not None else None


def require(desk: Desk, subject: Subject, step: str) -> Step:
    """The present step, which must be this one and this desk's.

    :raises Conflict: ``workflow.moved``. :raises Refused: ``workflow.not_yours`` names who acts.
    """
    run = running.run_of(subject)
    if run.state != "running" or run.step != step:
        raise running.moved_on(run)
    found = running.flow(run).step(step)
    if tasks.open_for(desk, subject) is None:
        names = "、".join(one.name for one in who_acts_now(subject))
        raise Refused(
            "workflow.not_yours",
            f"此件现在“{found.title}”环节，由{names}办理，不在您的待办中。"
            "如需您办理，请联系对方转办或退回。",
            f"This item is at “{found.title_en}” and is for {names} to do; "
            "ask them if it should be yours.",
        )
    return found


def complete(
    desk: Desk | ServiceDesk,
    subject: Subject,
    *,
    next_post: str = "",
    by: Post | None = None,
    slip: Slip | None = None,
) -> Step | None:
    """The present step is done: its task is closed, the next one assigned.

    :param next_post: the post that shall act next, one of :func:`who_acts_next`; anybody who may
        do the step if empty.
    :param by: whose step it was, where the node records what a person decided.
    :returns: the next step, or None at the end.
    """
    run = running.run_of(subject)
    after = running.flow(run).after(run.step)
    post = running.record(run, desk, by, "done", after.key if after else "")
    tasks.finish(subject, by=post.uid, organ=run.organ)
    running.go_to(run, after.key if after else run.step, "running" if after else "done")
    if after is not None:
        said = slip or Slip(sender=_name(desk, post))
        running.assign(subject, run, after, said, next_post)
    return after


def send_back(
    desk: Desk | ServiceDesk,
    subject: Subject,
    to: str,
    *,
    by: Post | None = None,
    slip: Slip | None = None,
) -> Step:
    """Send it back to an earlier step, to whoever did that step last.

    :raises Invalid: ``workflow.no_way_back`` if the flow does not allow it.
    """
    run = running.run_of(subject)
    flow = running.flow(run)
    if to not in flow.step(run.step).back:
        raise Invalid(
            "workflow.no_way_back",
            "不能退回到这个环节，请从列表中选择。",
            "It cannot be sent back to that step; choose one from the list.",
            field="to",
        )
    post = running.record(run, desk, by, "back", to)
    tasks.finish(subject, by=post.uid, organ=run.organ)
    running.go_to(run, to)
    last = Move.select().where((Move.run == run) & (Move.step == to)).order_by(Move.id.desc())
    before = last.first()
    known = {one.uid for one in running.candidates(run, flow.step(to))}
    again = before.post if before is not None and before.post in known else ""
    running.assign(
        subject, run, flow.step(to), slip or Slip(sender=_name(desk, post)), again, back=True
    )
    return flow.step(to)


def may_take_back(desk: Desk, subject: Subject) -> bool:
    """Whether the step before the present one was done by this desk, and nothing happened since."""
    run = running.run_of(subject)
    return run.state == "running" and running.last_by(desk, run) is not None


def take_back(desk: Desk, subject: Subject, *, slip: Slip | None = None) -> Step:
    """Whoever did the last step takes the matter back to his own desk.

    :raises Conflict: ``workflow.moved``, where somebody else acted meanwhile.
    """
    run = running.run_of(subject)
    last = running.last_by(desk, run)
    if last is None or run.state != "running":
        raise running.moved_on(run)
    running.record(run, desk, None, "taken", last.step)
    tasks.finish(subject, by=desk.post.uid, organ=run.organ)
    running.go_to(run, last.step)
    step = running.flow(run).step(last.step)
    running.assign(subject, run, step, slip or Slip(sender=desk.name), last.post)
    return step


def _name(desk: Desk | ServiceDesk, post: Post) -> str:
    return desk.name if isinstance(desk, Desk) else str(post.person.name)


def who_acts_next(desk: Desk, subject: Subject) -> list[Candidate]:
    """Who may do the step after the present one, by rank; empty at the end."""
    run = running.run_of(subject)
    after = running.flow(run).after(run.step)
    return [] if after is None else _offered(run, after)


def who_acts_now(subject: Subject) -> list[Candidate]:
    """On whose desks the present step lies; empty once it is finished."""
    run = running.run_of(subject)
    if run.state != "running":
        return []
    task = tasks.current(subject, run.organ)
    posts = _offered(run, running.flow(run).step(run.step))
    return [one for one in posts if task is None or task.post in ("", one.post)]


def may_return_to(subject: Subject) -> list[Step]:
    """The steps to which it may be sent back from here, as the flow names them: the drafter, who
    alone can change it, first."""
    return _ways_back(running.run_of(subject))


def may_return(subjects: Sequence[Subject]) -> dict[str, list[Step]]:
    """The same for several subjects of one kind at once, by uid; finished ones are left out."""
    if not subjects:
        return {}
    uids = [one.uid for one in subjects]
    query = Run.select(Run, FlowRow).join(FlowRow)
    mine = (Run.kind == subjects[0].kind) & Run.subject.in_(uids) & (Run.state == "running")
    return {run.subject: _ways_back(run) for run in query.where(mine)}


def _ways_back(run: Run) -> list[Step]:
    flow = running.flow(run)
    return [flow.step(key) for key in flow.step(run.step).back]


def trail(subject: Subject) -> list[Move]:
    """Every step that was done, the oldest first."""
    run = running.run_of(subject)
    return list(Move.select().where(Move.run == run).order_by(Move.id))


def _offered(run: Run, step: Step) -> list[Candidate]:
    return [running.as_candidate(post) for post in running.candidates(run, step)]
