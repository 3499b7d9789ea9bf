"""Moving a matter from step to step: the rows and the tasks."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from kernel.api import (
    Conflict,
    Desk,
    Invalid,
    NotFound,
    Post,
    ServiceDesk,
    Subject,
    insert_tuples,
    rights,
    tasks,
    this_act,
    this_moment,
)
from plugins.workflow.definition import Flow, Step, flow_of
from plugins.workflow.models import FlowRow, Move, Run


class Candidate(Struct, frozen=True):
    """Somebody who may do a step."""

    post: str
    name: str
    title: str
    unit: str


def run_of(subject: Subject) -> Run:
    """The run of a subject; NotFound ``workflow.none`` if it never began."""
    where = (Run.kind == subject.kind) & (Run.subject == subject.uid)
    run: Run | None = Run.get_or_none(where)
    if run is None:
        raise NotFound(
            "workflow.none",
            "此件没有进入办理流程，请从列表中重新打开。",
            "This item is in no workflow; open it again from the list.",
        )
    return run


def flow(run: Run) -> Flow:
    """The flow of a run, in the version that it began with."""
    return flow_of(run.flow.definition)


def keep(flow: Flow) -> FlowRow:
    """The row of a flow; ValueError if this version was something else before (a defect)."""
    where = (FlowRow.key == flow.key) & (FlowRow.version == flow.version)
    row: FlowRow | None = FlowRow.get_or_none(where)
    if row is None:
        new = FlowRow.insert(key=flow.key, version=flow.version, definition=flow.to_json())
        new.on_conflict_ignore().execute()  # somebody else may just write the same
        row = FlowRow.get(where)
    if flow_of(row.definition) != flow:
        raise ValueError(f"{flow.key}: raise the version when you change the steps")
    return row


def place(flow: Flow, rows: Iterable[tuple[str, str, str, str, str, str, str]]) -> None:
    """Write runs that nobody went through; see the face."""
    row, last = keep(flow).id, flow.steps[-1].key
    names = ("kind", "subject", "organ", "flow", "step", "state", "unit", "starter", "since")
    ready = [
        (kind, uid, organ, row, step or last, "running" if step else "done", unit, post, since)
        for kind, uid, organ, step, unit, post, since in rows
    ]
    insert_tuples(Run, names, ready)


def candidates(run: Run, step: Step) -> list[Post]:
    """Who may do a step, by rank. Without anybody in the section the whole organ is asked."""
    if step.scope == "starter":
        return list(Post.select().where(Post.uid == run.starter))
    near = rights().holders(step.level, run.organ, run.unit) if step.scope == "section" else []
    return near or rights().holders(step.level, run.organ)


def as_candidate(post: Post) -> Candidate:
    """A post as a page offers it."""
    return Candidate(post.uid, post.person.name, post.title, post.unit.short_name)


class Slip(Struct, frozen=True):
    """What a task says besides its title."""

    meta: str = ""
    urgency: str = ""
    sender: str = ""


SENT_BACK = ("已退回，请修改", "Sent back to you")


def assign(
    subject: Subject, run: Run, step: Step, slip: Slip, next_post: str = "", *, back: bool = False
) -> None:
    """Put the task of a step on the desk of a post, or of all who may do it.

    :param back: whether it comes back to them; they are told so.

    :raises Invalid: ``workflow.nobody``, ``workflow.not_candidate``.
    """
    posts = candidates(run, step)
    if not posts:
        raise _nobody(step)
    chosen = next_post or (posts[0].uid if step.scope == "starter" else "")
    if chosen and chosen not in {post.uid for post in posts}:
        raise Invalid(
            "workflow.not_candidate",
            f"所选人员不能办理“{step.title}”，请从名单中选择。",
            f"The person chosen cannot do “{step.title_en}”; choose from the list.",
            field="next_post",
        )
    section = step.scope == "section" and all(post.unit.code == run.unit for post in posts)
    tasks.assign(
        subject,
        step=step.title,
        step_en=step.title_en,
        organ=run.organ,
        form="draft" if step.scope == "starter" else "todo",
        post=chosen,
        unit=run.unit if section else "",
        level=step.level,
        meta=slip.meta,
        urgency=slip.urgency,
        sender=slip.sender,
        said=SENT_BACK if back else None,
        back=back,
    )


def _nobody(step: Step) -> Invalid:
    return Invalid(
        "workflow.nobody",
        f"本单位没有可以办理“{step.title}”的人员，请联系部门管理员设置岗位。",
        f"Nobody in this organ can do “{step.title_en}”; ask the administrator to set up a post.",
    )


def record(run: Run, desk: Desk | ServiceDesk, by: Post | None, action: str, to: str) -> Post:
    """Write down a step that was done; gives the post that did it.

    :param by: the post, where the node records what a person decided.
    """
    post = desk.post if isinstance(desk, Desk) else by
    if post is None:
        raise TypeError("the node has to say whose step it records")
    Move.create(
        run=run,
        step=run.step,
        action=action,
        to=to,
        act=this_act(),
        post=post.uid,
        person=desk.name if isinstance(desk, Desk) else post.person.name,
        post_title=post.title,
        received=run.since,
        at=this_moment(),
    )
    return post


def last_by(desk: Desk, run: Run) -> Move | None:
    """The last thing that was done with a matter, if this desk did it and it led here."""
    last: Move | None = Move.select().where(Move.run == run).order_by(Move.id.desc()).first()
    if last is None or (last.post, last.action, last.to) != (desk.post.uid, "done", run.step):
        return None
    return last


def go_to(run: Run, step: str, state: str = "running") -> None:
    """Set the step; Conflict if somebody moved the matter meanwhile."""
    moved = (
        Run.update(step=step, state=state, since=this_moment())
        .where((Run.id == run.id) & (Run.step == run.step) & (Run.state == "running"))
        .execute()
    )
    if moved != 1:
        raise moved_on(run)
    run.step, run.state = step, state


def moved_on(run: Run) -> Conflict:
    """The refusal for who comes too late, with who was there first."""
    last = Move.select().where(Move.run == run).order_by(Move.id.desc()).first()
    where = flow(run).step(run.step)
    zh = f"，现在是“{where.title}”环节" if run.state == "running" else "，已办结"
    en = f"now at “{where.title_en}”" if run.state == "running" else "finished"
    who = f"已由{last.person}办理" if last is not None else "刚有变化"
    return Conflict(
        "workflow.moved",
        f"此件{who}{zh}。请刷新页面查看最新情况，您填写的内容已保留。",
        f"This item was handled meanwhile ({en}). Reload the page; what you entered is kept.",
    )
