"""``manage.py log``: the tamper-evident log."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from kernel import cli
from kernel.acts.house.generating import declared
from kernel.cli.output import Progress, json_option, print_json
from kernel.errors import Unverified
from kernel.node import open_node
from kernel.storage import log, log_check, notes

ADVICE = (
    "请先保留现场：另存一份现在的数据库作证据，把以上结果交安全保密管理员和审计管理员，再由他们逐条核对改回。\n"
    "First keep a copy of the database as it is: it is evidence. Give this to the security and the "
    "audit administrator; only then is anything put right."
)


@click.group
def command() -> None:
    """防篡改日志 The log of all acts and evidence."""


@command.command()
@click.option(
    "--witnessed",
    "--witness",
    "witnessed",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="他处保存的检查点 checkpoints kept elsewhere: one note, or a file of notes",
)
@json_option
def verify(witnessed: tuple[Path, ...], as_json: bool) -> None:
    """从第一条起核验日志 Check the log from its first leaf, and all rows against what was signed.

    逐条指出：哪一处、库中写的是什么、签名的是什么、怎么办。
    For each that differs: where, what the row says, what was signed, and what to do.

    退出码 exit code: 0 一致 all holds, 1 不一致 something does not.
    """
    kept = [note for file in witnessed for note, _ in notes.lines(file)]
    with open_node(cli.settings()):
        # What forbids to sign one more checkpoint is what the check will name.
        with suppress(Unverified):
            while log.integrate():
                log.checkpoint()
        with Progress("核验 checking") as shown:
            report = log_check.verify(shown.step, kept)
        made_up = declared()
    if as_json:
        problems = [{"where": one.where, "what": one.what} for one in report.problems]
        facts = {"ok": report.ok, "size": report.size, "checkpoints": report.checkpoints}
        facts["rows"] = report.rows
        said = [{"where": one.where, "what": one.what} for one in report.notes]
        print_json({**facts, "generated": made_up, "problems": problems, "notes": said})
    else:
        for problem in report.problems:
            click.secho(f"✗ {problem.where}: {problem.what}", fg="red")
        verdict = "一致 all holds" if report.ok else f"{len(report.problems)} 处不一致 problems"
        click.echo(
            f"{report.size} 条 leaves, {report.checkpoints} 个检查点 checkpoints, "
            f"{report.rows} 行记录 rows: {verdict}"
        )
        if not report.ok:
            click.echo(ADVICE)
        for note in report.notes:
            click.echo(f"{note.where}: {note.what}")
        if made_up:
            click.echo(_made_up(made_up))
    if not report.ok:
        raise click.exceptions.Exit(1)


def _made_up(said: dict[str, Any]) -> str:
    """What the check cannot vouch for: rows that no act stands behind, and that say so."""
    counts = "{people} 人 people, {documents} 件公文 documents, {tasks} 项待办 tasks".format(**said)
    return (
        f"其中生成数据不由任何办理动作产生，日志不为其内容作证：{counts}（动作 {said['act']}）\n"
        "Generated rows stand on no act of a person; the log vouches for none of their content."
    )


@command.command()
def checkpoint() -> None:
    """输出最新的检查点，供他处保存 Print the newest signed checkpoint, to be kept elsewhere."""
    with open_node(cli.settings()):
        log.integrate()
        click.echo(log.checkpoint(), nl=False)
