"""``manage.py bench``: how fast it is, each job against its raw baseline in the same run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

from kernel.cli.output import json_option
from kernel.errors import Unavailable
from kernel.settings import ROOT

BENCHES = ROOT / "tests" / "bench"
"""The benches are part of the tests; the product holds nothing of them but this command."""


@click.command
@click.option("--rounds", type=click.IntRange(1), metavar="N", help="轮数 rounds of each bench [7]")
@click.option(
    "--large",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="已用 generate 填充的节点 a node filled by `generate`, instead of a new one",
)
@json_option
def command(rounds: int | None, large: Path | None, as_json: bool) -> None:
    """测速：各项与裸写法并列对比 Measure speed, each job beside its raw baseline.

    在临时节点上进行，同一数据库、同一同步方式，逐轮交替，取中位数，并列出 CPU 时间。
    It runs on a throw-away node: same SQLite, same sync mode, interleaved rounds, medians, with
    CPU time beside the wall clock. Search and tasks are measured on a large one, which takes
    minutes to fill unless --large names one.

    退出码 exit code: 0 全部达标 all goals met, 1 有未达标 a goal was missed.
    """
    if not BENCHES.is_dir():
        raise Unavailable(
            "bench.none",
            f"这里没有 {BENCHES}。测速程序随源代码提供，请在完整的代码目录中运行。",
            f"There is no {BENCHES} here; the benches come with the source. Run it in a complete "
            "checkout.",
        )
    arguments = ["--rounds", str(rounds)] if rounds else []
    arguments += ["--large", str(large.resolve())] if large else []
    arguments += ["--json"] if as_json else []
    done = subprocess.run([sys.executable, "-m", "tests.bench", *arguments], cwd=ROOT, check=False)
    raise click.exceptions.Exit(done.returncode)
