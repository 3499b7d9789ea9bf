"""``manage.py migrate``: bring the tables up to date."""

from __future__ import annotations

import click

from kernel import cli
from kernel.node import prepare_database, require_founded
from kernel.storage.database import close_database


@click.command
@cli.database_option
def command() -> None:
    """升级数据库 Bring the tables of the kernel and of all plugins up to date.

    请先备份数据目录。Back up the data folder first.
    """
    settings = cli.settings()
    require_founded(settings)
    try:
        done = prepare_database(settings, lambda one: click.echo(f"  {one.set} {one.name}"))
    finally:
        close_database()
    click.echo(f"完成 {len(done)} 项 Done: {len(done)}" if done else "已是最新 Up to date")
