"""Saying in the log that rows are made up, before they are written; and holding them against it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kernel.acts import generated
from kernel.acts.models import Act, Task
from kernel.acts.subjects import kinds
from kernel.acts.verbs import act
from kernel.crypto import canonical
from kernel.errors import Conflict, OfficeError, Refused
from kernel.identity.desk import ServiceDesk
from kernel.identity.models import NodeFact, Person, Post
from kernel.storage.comparing import Step, uncounted
from kernel.storage.database import connection
from kernel.storage.log_check import stored_bytes

FACT = "generated"
"""The fact of a node with generated rows: what was asked for, and how far it has come."""


def require_demo() -> None:
    """Refuse on every node that is not a demonstration.

    :raises Refused: ``generate.not_demo``.
    """
    if not (NodeFact.read("genesis") or {}).get("demo"):
        raise Refused(
            "generate.not_demo",
            "这是正式节点，不能生成数据，没有写入任何内容。请用 --instance 另选一个空目录，"
            "将在其中建立演示节点。",
            "This is a real node: no data is generated on it, and nothing was written. Name an "
            "empty folder with --instance; a demo node is founded there.",
        )


def _may(desk: ServiceDesk, **_: Any) -> None:
    require_demo()
    if NodeFact.read(FACT) is not None:
        raise Conflict(
            "generate.again",
            "本节点已有生成数据，只能生成一次。请用 --instance 另选一个空目录。",
            "This node holds generated data already; it is done once. Name an empty folder with "
            "--instance.",
        )


@act(
    "house.generate",
    title="生成测试数据",
    title_en="Generate data",
    level="none",
    weight="signed",
    by="node",
    check=_may,
)
def generate(
    desk: ServiceDesk, *, seed: int, people: int, documents: int, tasks: int, until: str
) -> None:
    """Say what is about to be made up: rows that no act of a person stands behind.

    :param until: the time of the newest row, as :func:`kernel.crypto.ids.stamp` writes it.
    """
    asked = {"seed": seed, "people": people, "documents": documents, "tasks": tasks}
    NodeFact.write(FACT, {**asked, "until": until, "placed": False, "done": 0})


def declared() -> dict[str, Any] | None:
    """What the act says, with its uid as ``act``; None on a node without generated rows."""
    with connection():
        row = Act.select(Act.uid, Act.bytes).where(Act.verb == "house.generate").first()
    if row is None:
        return None
    try:
        params: dict[str, Any] = canonical.loads(stored_bytes(row.bytes))["params"]
    except (OfficeError, KeyError, TypeError):
        return None  # an altered act is named by the check of the acts themselves
    return params | {"act": row.uid}


def reconcile(step: Step = uncounted) -> Iterator[tuple[str, str]]:
    """Name rows that call themselves generated where the log speaks of fewer, for ``log verify``.

    Else somebody could excuse with that mark what he has put in.
    """
    said = declared() or {}
    counted: list[tuple[str, Any, str]] = [
        ("person", Person, "people"), ("post", Post, "people"), ("task", Task, "tasks"),
    ]  # fmt: skip
    counted += [(model.kind, model, "documents") for model in kinds().all()]
    with connection():
        for name, model, most in counted:
            there = model.select().where(generated.is_generated(model.uid)).count()
            allowed = said.get(most, 0)
            if there > allowed:
                yield f"generated {name}", f"{there} rows, and the log speaks of {allowed}"
            step(0)
