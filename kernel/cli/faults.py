"""``manage.py faults``: the node under kill -9, power cuts, full disks, jumping clocks, rivals."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

from kernel.cli.output import json_option
from kernel.errors import Unavailable
from kernel.settings import ROOT

HARNESS = ROOT / "tests" / "faults"
"""The fault runs are part of the tests; the product holds nothing of them but this command."""


@click.command
@click.option("--quick", is_flag=True, help="三分钟内的短程 a short run of minutes")
@click.option(
    "--only", multiple=True, metavar="NAME", help="只做这一项，可重复 only this fault or bug"
)
@click.option("--runs", type=click.IntRange(1), metavar="N", help="每项轮数 rounds of each fault")
@click.option("--seed", type=int, metavar="N", help="随机种子 the seed of all random choices")
@click.option("--database", metavar="URL", help="sqlite、postgresql、both 或地址 or a URL")
@click.option("--plants/--no-plants", default=True, help="植入缺陷检验 the planted bugs, too")
@click.option(
    "--write",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="把结果表写入文件 write the table as Markdown",
)
@json_option
def command(
    quick: bool,
    only: tuple[str, ...],
    runs: int | None,
    seed: int | None,
    database: str | None,
    plants: bool,
    write: Path | None,
    as_json: bool,
) -> None:
    """故障演练：断电、杀进程、磁盘满、时钟跳变、并发 What the node survives.

    在临时节点上反复制造故障，逐轮核对：已确认的不丢、不重，文号连续，回执齐全，日志一致。另植入若干缺陷，
    检验这套核对确实查得出。

    Faults are made on throw-away nodes, and after each round everything that must hold is checked:
    nothing lost that was acknowledged, nothing twice, numbers without gaps, evidence, log. Planted
    bugs show that the check would find them.

    退出码 exit code: 0 全部守住 all held, 1 有违反或漏检 a violation or an overlooked bug.
    """
    if not HARNESS.is_dir():
        raise Unavailable(
            "faults.no_harness",
            f"这里没有测试目录 {HARNESS}，故障演练随源代码提供，请在完整的代码目录中运行。",
            f"There is no {HARNESS} here; the fault runs come with the source. Run it in a "
            "complete checkout.",
        )
    words = [*(["--quick"] if quick else []), *(["--json"] if as_json else [])]
    words += [] if plants else ["--no-plants"]
    given = {"--runs": runs, "--seed": seed, "--database": database, "--write": write}
    words += [f"{name}={value}" for name, value in given.items() if value is not None]
    words += [f"--only={name}" for name in only]
    done = subprocess.run([sys.executable, "-m", "tests.faults", *words], cwd=ROOT, check=False)
    if done.returncode:
        raise click.exceptions.Exit(done.returncode)
