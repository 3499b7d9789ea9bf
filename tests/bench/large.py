"""The node of the benches that need many rows: the whole city, filled by ``generate``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from kernel.acts.house.generating import declared
from kernel.founding import found
from kernel.generating import Amount, make_up
from kernel.node import open_node
from kernel.reference import read
from kernel.seals.signer_client import Signer
from kernel.settings import load
from kernel.testing_office import ORIGIN, UNITS, Office
from tests.bench.office import settings_of


def amount(size: float) -> Amount:
    """What is made up for a bench of this size; a small one is a test and takes no time."""
    part = size if size == 1 else size * size
    full = Amount()
    return Amount(
        int(full.people * part), int(full.documents * part), int(full.tasks * part), full.seed
    )


@contextmanager
def filled(folder: Path, size: float) -> Iterator[Office]:
    """A node in the folder, opened; founded and filled unless that was done before.

    Its benches read, and sign in; they leave its rows alone.
    """
    if not (folder / "founded.json").exists():
        found(settings_of(folder), read() if size == 1 else read().only(UNITS))
    settings = replace(load(folder, {}), demo=True, origin=ORIGIN)
    try:
        with open_node(settings) as node:
            if declared() is None:
                make_up(amount(size))
            yield Office(settings, node)
    finally:
        Signer(folder).shutdown()
