"""``manage.py migrate``: bring the tables up to date."""

from __future__ import annotations

import click

from kernel import cli
from kernel.cli.output import Progress
from kernel.node import prepare_database, require_founded
from kernel.settings import Settings
from kernel.storage.database import close_database
from kernel.storage.migrations import Applied


@click.command
@cli.database_option
def command() -> None:
    """升级数据库 Bring the tables of the kernel and of all plugins up to date.

    请先备份数据目录。Back up the data folder first.
    """
    settings = cli.settings()
    require_founded(settings)
    try:
        done = upgrade(settings)
    finally:
        close_database()
    click.echo(f"完成 {len(done)} 项 Done: {len(done)}" if done else "已是最新 Up to date")


def upgrade(settings: Settings) -> list[Applied]:
    """Open the database and bring its tables up to date; prints each step that was done, and shows
    how far a long one has come.
    """
    with _Line() as line:
        return prepare_database(settings, line.applied, line.far)


class _Line:
    """The line of the step that is running, if it says how far it has come."""

    def __init__(self) -> None:
        self._line: Progress | None = None
        self._shown = 0

    def far(self, one: Applied, share: float) -> None:
        if self._line is None:
            self._line, self._shown = Progress(f"  {one.set} {one.name} %", 100), 0
        percent = int(share * 100)
        self._line.step(percent - self._shown)
        self._shown = percent

    def applied(self, one: Applied) -> None:
        self._close()
        click.echo(f"  {one.set} {one.name}")

    def _close(self) -> None:
        if self._line is not None:
            self._line.__exit__(None, None, None)
            self._line = None

    def __enter__(self) -> _Line:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
