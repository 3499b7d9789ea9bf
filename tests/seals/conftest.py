"""One founded node with a running signer for the tests that only ask; new ones for the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kernel.work.workshop import Typeset, Workshop
from tests.seals.founding import SHEET, Founding, Paper


@pytest.fixture(scope="session")
def typeset() -> Typeset:
    """The sheet as the node has typeset it."""
    workshop = Workshop()
    try:
        return workshop.typeset(SHEET)
    finally:
        workshop.close()


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Founding]:
    """A node whose organs have seals."""
    founding = Founding(tmp_path_factory.mktemp("node"))
    founding.issue_seals()
    yield founding
    founding.signer.shutdown()


@pytest.fixture
def paper(node: Founding, typeset: Typeset) -> Paper:
    """A document of the node that waits for its seal."""
    return node.file(typeset)


@pytest.fixture
def found(tmp_path: Path) -> Iterator[Callable[..., Founding]]:
    """Make a node of one's own: ``found()``, or ``found(folder)``."""
    made: list[Founding] = []

    def make(folder: Path | None = None) -> Founding:
        made.append(Founding(folder or tmp_path / f"node{len(made)}"))
        return made[-1]

    yield make
    for each in made:
        each.signer.shutdown()
