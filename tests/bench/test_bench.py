"""The benches run, and say what a reader of the report needs; how fast is not asked here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.__main__ import results
from tests.bench.measure import Clock, Pair


@pytest.mark.database("sqlite")
def test_every_bench_gives_its_lines(office_folder: Path):
    found = [one.as_json() for one in results(1, size=0.05, folder=office_folder)]
    assert len(found) == 19
    for line in found:
        assert {"name", "value", "unit", "baseline", "ratio", "goal", "ok"} <= line.keys()
        assert line["value"] > 0 and line["baseline"] > 0 and line["ratio"] > 0
    assert sum("200 KB" in line["name"] for line in found) == 4
    assert sum("fan-out" in line["name"] for line in found) == 2
    assert sum("commits" in line["name"] for line in found) == 3
    assert sum("first page" in line["name"] for line in found) == 2
    assert sum("search, 2 characters" in line["name"] for line in found) == 2
    assert all(line["more"]["wrong"] == 0 for line in found if "search" in line["name"])
    assert sum("preview of 3 pages" in line["name"] for line in found) == 1
    assert sum("home page of a" in line["name"] for line in found) == 2
    assert sum("50 of 2500 tasks" in line["name"] for line in found) == 1


def test_a_goal_is_missed_by_the_median_of_the_ratios():
    pair = Pair([Clock(3, 1), Clock(4, 1), Clock(90, 1)], [Clock(2, 1), Clock(2, 1), Clock(60, 1)])
    assert pair.result("x", 1.5).ok and pair.result("x", 1.5).ratio == 1.5
    assert not pair.result("x", 1.4).ok
    assert pair.result("x", 1.4).value == 4000
