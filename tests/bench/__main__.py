"""``manage.py bench``: each bench beside its raw baseline; a table, or JSON."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from kernel.cli.output import table
from tests.bench.acting import signed_act
from tests.bench.fanout import fan_out
from tests.bench.grouping import grouping
from tests.bench.home import home
from tests.bench.hooking import hook_call
from tests.bench.large import filled
from tests.bench.measure import ROUNDS, Result
from tests.bench.office import founded, opened
from tests.bench.packing import packing
from tests.bench.previewing import previewing
from tests.bench.searching import searching
from tests.bench.starting import starting


def results(
    rounds: int,
    size: float = 1,
    folder: Path | None = None,
    say: Callable[[str], object] = lambda _: None,
    large: Path | None = None,
) -> Iterator[Result]:
    """All benches, the ones that need no node first.

    :param size: how large a round is, against a full one. :param folder: a founded node, to be
        written to; a new one in a temporary folder unless given. :param large: a node that
        ``generate`` has filled; a new one is filled, which takes minutes, unless given.
    """
    say("插件总线 Hook calls")
    yield from hook_call(rounds, size)
    say("公文包 Packages")
    yield from packing(rounds, size)
    with tempfile.TemporaryDirectory(prefix="juyan-bench-") as scratch:
        say("建立节点 Founding a node")
        place = folder or founded(Path(scratch) / "node")
        say("启动 Start")
        yield from starting(place, rounds)
        with opened(place) as office:
            say("签名办理 Signed acts")
            yield from signed_act(office, rounds, size)
            say("群发 Fan-out")
            yield from fan_out(office, rounds, size)
            say("合并提交 Group commit")
            yield from grouping(office, rounds, size)
            say("预览 Preview")
            yield from previewing(office, rounds)
        say("大节点 A large node: 10,000 people, 100,000 documents, 1,000,000 tasks")
        with filled(large or Path(scratch) / "large", size) as office:
            say("检索 Search")
            yield from searching(office, rounds, size)
            say("待办 Tasks")
            yield from home(office, rounds, size)


def _row(one: Result) -> tuple[str, ...]:
    shown = [one.value, one.baseline, one.ratio]
    numbers = ["" if number is None else f"{number:.3g}" for number in shown]
    more = " ".join(f"{key}={value:.3g}" for key, value in one.more.items())
    return (
        one.name,
        numbers[0],
        one.unit,
        *numbers[1:],
        one.goal,
        "ok" if one.ok else "MISSED",
        more,
    )


def main(arguments: list[str] | None = None) -> int:
    """0 when every goal is met, 1 when one is missed."""
    parser = argparse.ArgumentParser(prog="manage.py bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--large", type=Path, metavar="DIR")
    options = parser.parse_args(arguments)

    def say(text: str) -> None:
        print(f"… {text}", file=sys.stderr, flush=True)

    found = list(results(options.rounds, say=say, large=options.large))
    load = os.getloadavg()[0]
    if options.json:
        rows = [one.as_json() for one in found]
        print(json.dumps({"load": load, "rounds": options.rounds, "results": rows}, indent=2))
    else:
        heads = ("", "value", "unit", "baseline", "ratio", "goal", "", "")
        print(table(heads, [_row(one) for one in found]))
        print(f"load average {load:.1f}, {options.rounds} rounds, medians")
    return 0 if all(one.ok for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
