"""The planted bugs are found, and without them the same runs are clean."""

import pytest

from kernel.node import open_node
from tests.faults import invariants
from tests.faults.bench import Bench
from tests.faults.catalogue import CATALOGUE
from tests.faults.finding import find
from tests.faults.plants import PLANTS
from tests.faults.run import Options, Row, run_fault

pytestmark = pytest.mark.started_anew
SOON = ("told-before-commit", "leaf-missing", "evidence-anew", "signer-without-journal")
SOON += ("handed-over-again", "taken-again")
"""Those that show within seconds; all of them are looked for in the long runs."""


def options_of(place: Bench) -> Options:
    with open_node(place.settings(place.template)):
        return Options(place, invariants.digests(), seed=1)


def sought(name: str) -> object:
    needs = CATALOGUE[PLANTS[name].fault].needs
    marks = [pytest.mark.needs(*needs)] if needs else []
    return pytest.param(name, marks=[*marks, *([] if name in SOON else [pytest.mark.full])])


@pytest.mark.parametrize("name", [sought(name) for name in PLANTS])
def test_a_planted_bug_is_found(place: Bench, name: str):
    found = find(name, options_of(place))
    assert found.caught, f"{name} breaks {found.breaks}; {found.within} rounds of {found.fault}"


def test_every_invariant_has_a_planted_bug():
    assert len(PLANTS) >= 12
    broken = {part for bug in PLANTS.values() for part in bug.breaks.split(", ")}
    assert broken == {"I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "N", "D", "B", "T"}


@pytest.mark.parametrize(
    ("name", "rounds"),
    [
        ("kill-random", 6),
        ("kill-step", 5),
        ("workers", 3),
        pytest.param("kill-signer", 3, marks=pytest.mark.needs("strace")),
        pytest.param("power-cut", 3, marks=pytest.mark.needs("strace")),
    ],
)
def test_without_a_bug_the_run_is_clean(place: Bench, name: str, rounds: int):
    options = options_of(place)
    options.quick, options.runs = True, rounds
    row = run_fault(CATALOGUE[name].fault, Row(name, "", ""), options)
    assert row.runs >= rounds
    assert row.violations == []
    assert "not come to" not in row.note
