"""Genesis: leaf 0, signed by the node's key. After it nothing comes from nowhere."""

from __future__ import annotations

from typing import Any

from kernel.acts.verbs import act
from kernel.errors import Conflict
from kernel.identity.desk import ServiceDesk
from kernel.identity.models import NodeFact


def _once(desk: ServiceDesk, **_: Any) -> None:
    if NodeFact.read("genesis") is not None:
        raise Conflict(
            "house.genesis",
            "本节点已经建立过了，不能再次建立。要另建节点，请用 --instance 指定一个空目录。",
            "This node was founded before. For another one, name an empty folder with --instance.",
        )


@act(
    "house.genesis",
    title="建立节点",
    title_en="Found the node",
    level="none",
    weight="signed",
    by="node",
    private=("register",),
    check=_once,
)
def open_node(
    desk: ServiceDesk,
    *,
    name: str,
    demo: bool,
    administrators: list[str],
    admitted: str,
    register: str,
) -> None:
    """Admit the three administrators; on demo nodes also the seeded people, grants and seals.

    :param administrators: the credentials of the three administrators.
    :param admitted: the digest of the list of everything that was seeded.
    :param register: all of it, column by column: :mod:`kernel.admitted.register`.
    """
    NodeFact.write("genesis", {"name": name, "demo": demo, "admitted": admitted})
