"""Where a matter stands and what happened to it, for the parts of the portal."""

from __future__ import annotations

from kernel.api import (
    Entry,
    Opinion,
    Subject,
    _,
    language,
    local,
    now,
    opinions,
    row_of_steps,
    tasks,
    with_stays,
)
from kernel.api import Step as ShownStep
from plugins.workflow import running
from plugins.workflow.definition import Step
from plugins.workflow.models import Move, Run


def step_row(subject: Subject) -> list[ShownStep]:
    """The steps in a row, with who is at work now."""
    run = running.run_of(subject)
    steps = running.flow(run).steps
    names = [step.name(language()) for step in steps]
    at = len(steps) if run.state == "done" else names.index(_title(run))
    note = "、".join(_holders(subject, run)[:2]) if run.state == "running" else ""
    return row_of_steps(names, at, note)


def _title(run: Run) -> str:
    return running.flow(run).step(run.step).name(language())


def _holders(subject: Subject, run: Run) -> list[str]:
    task = tasks.current(subject, run.organ)
    posts = running.candidates(run, running.flow(run).step(run.step))
    return [one.person.name for one in posts if task is None or task.post in ("", one.uid)]


def timeline(subject: Subject) -> list[Entry]:
    """Everything that was done with its opinions, what is being done, and what is still to come."""
    run = running.run_of(subject)
    flow = running.flow(run)
    said = {one.act: one for one in opinions.on(subject)}
    moves = Move.select().where(Move.run == run).order_by(Move.id)
    entries = [_done(move, flow.step(move.step), said.get(move.act)) for move in moves]
    if run.state == "running":
        names = "、".join(_holders(subject, run)[:3])
        entries.append(Entry(_title(run), names, received=run.since, state="now"))
        step = flow.after(run.step)
        while step is not None:
            entries.append(Entry(step.name(language()), "", state="future"))
            step = flow.after(step.key)
    return with_stays(entries, now())


def _done(move: Move, step: Step, opinion: Opinion | None) -> Entry:
    names = {"back": _("%(step)s：退回", step=step.name(language())), "taken": _("撤回提交")}
    return Entry(
        names.get(move.action, step.name(language())),
        move.person,
        move.post_title,
        opinion.text if opinion is not None and not opinion.by_hand else "",
        ink=opinion.ink if opinion is not None else "",
        received=local(move.received),
        handled=local(move.at),
        state="back" if move.action in names else "done",
    )
