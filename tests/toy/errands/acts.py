"""What can be done with errands."""

from __future__ import annotations

from kernel.api import (
    Desk,
    Letter,
    Package,
    Recipient,
    SearchEntry,
    act,
    now,
    plan,
    release,
    scan,
    search,
    tasks,
)
from plugins.errands.models import Errand


@act("errands.ask", title="交办", title_en="Ask", level="ask", weight="recorded")
def ask(desk: Desk, *, text: str) -> Errand:
    """Give an errand to the clerks of one's organ."""
    scan(text)
    return new(desk, text)


@act("errands.edit", title="改写", title_en="Edit", level="ask", weight="draft")
def edit(desk: Desk, errand: Errand, *, text: str) -> None:
    """Say it in other words."""
    errand.change(text=text)
    if text == "defect":
        raise RuntimeError("a defect of the plugin")


@act(
    "errands.finish",
    title="办结",
    title_en="Finish",
    level="run",
    weight="signed",
    private=("remark",),
    batch=True,
    delegate=True,
)
def finish(desk: Desk, errand: Errand, *, remark: str) -> None:
    """Say that it is done."""
    errand.change(state="done")
    tasks.finish(errand, by=desk.post.uid)
    if remark == "defect":
        raise RuntimeError("a defect of the plugin")


@act("errands.address", title="写地址", title_en="Address", level="run", weight="draft")
def address(desk: Desk, errand: Errand, *, unit: str) -> Package:
    """Plan to pass it on to another unit."""
    letter = Letter("errands.errand", errand.text, payload={"text": errand.text})
    return plan(desk, errand, letter, [Recipient(unit)])


@act("errands.send", title="转办", title_en="Pass on", level="run", weight="signed")
def send(desk: Desk, errand: Errand, *, package: str, envelope: str) -> None:
    """Pass it on."""
    release(desk, package, errand, envelope=envelope, acts=[])


@act("errands.tidy", title="清理", title_en="Tidy", level="none", weight="signed", by="node")
def tidy(desk: Desk, *, count: int) -> int:
    """What the node does by itself."""
    return count


def new(desk: Desk, text: str) -> Errand:
    """The errand with its task and its search entry."""
    made: Errand = Errand.create(organ=desk.organ_code, text=text)
    tasks.assign(made, step="办理", organ=made.organ, level="errands.run", sender=desk.person.name)
    may = frozenset({f"organ:{made.organ}"})
    search.index(
        SearchEntry("errands", made.kind, made.uid, made.organ, text, text, now(), audience=may)
    )
    return made
