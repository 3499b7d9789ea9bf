"""The command line behind ``manage.py``: one module here for each command.

``kernel/cli/<name>.py`` exports ``command``, a click command or group; that is all that is needed
for ``manage.py <name>`` to exist. A module is imported when its command is asked for. Commands of
plugins come by the hook ``register_commands``.
"""

from __future__ import annotations

import errno
import gc
import importlib
import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import click

from kernel import __version__
from kernel.cli.incidents import record
from kernel.errors import Invalid, OfficeError, Unavailable
from kernel.settings import Settings, load

EPILOG = "帮助 Help: manage.py COMMAND --help"


def exit_code(error: OfficeError) -> int:
    """What the shell sees: 2 for wrong input, 3 for not possible now, 1 for every other refusal."""
    if isinstance(error, Invalid):
        return 2
    return 3 if isinstance(error, Unavailable) else 1


def settings() -> Settings:
    """The settings of the instance that the command line names.

    :raises Invalid: ``settings.unknown`` or ``settings.value``.
    """
    ctx = click.get_current_context()
    known, named = load(_instance(ctx)), database_on_the_line()
    return replace(known, database=named) if named else known


def named_database() -> str:
    """The database URL of the command line or the environment; not that of settings.toml."""
    return database_on_the_line() or os.environ.get("JUYAN_DATABASE", "")


def database_on_the_line() -> str:
    """The database URL of the command line alone."""
    return str(click.get_current_context().meta.get(_DATABASE, ""))


_DATABASE = f"{__name__}.database"


def _note_database(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value:
        ctx.meta[_DATABASE] = value


database_option = click.option(
    "--database",
    metavar="URL",
    expose_value=False,
    callback=_note_database,
    help="PostgreSQL 数据库 a server's database, postgresql://user@host/name [SQLite]",
)
"""``--database`` after a command; it may also stand before it."""


def _instance(ctx: click.Context) -> Path | None:
    given = ctx.find_root().params.get("instance")
    return given if isinstance(given, Path) else None


def _say(error: OfficeError) -> None:
    click.echo(error.zh, err=True)
    click.echo(f"{error.en} [{error.code}]", err=True)


def _say_incident(ctx: click.Context, error: Exception) -> None:
    number, file = record(error, _instance(ctx))
    click.echo(f"程序出错，编号 {number}。请把编号和记录文件交给管理员：{file}", err=True)
    click.echo(f"Something went wrong, incident {number}. Hand this file over: {file}", err=True)


class Commands(click.Group):
    """Finds its commands as modules of this package, and ends every error in a sentence."""

    asked_plugins = False

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all modules here that export ``command``, and of the plugins' commands."""
        import pkgutil  # here, because a command that is named is found without it

        _with_plugins(self, ctx)
        names = {module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__)}
        return [n for n in sorted(names.union(self.commands)) if self.get_command(ctx, n)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now; None where there is none."""
        if cmd_name in self.commands:
            return self.commands[cmd_name]
        name = f"{__name__}.{cmd_name.replace('-', '_')}"
        if not cmd_name.replace("-", "").isalnum() or importlib.util.find_spec(name) is None:
            _with_plugins(self, ctx)
            return self.commands.get(cmd_name)
        command = getattr(_imported(name), "command", None)
        return command if isinstance(command, click.Command) else None

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a refusal or a defect becomes a sentence and an exit code."""
        try:
            return super().invoke(ctx)
        except OfficeError as error:
            _say(error)
            ctx.exit(exit_code(error))
        except KeyboardInterrupt:
            click.echo("\n已停止。Stopped.", err=True)
            ctx.exit(130)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if os.environ.get("JUYAN_DEBUG") == "1" or _pipe_closed(error):
                raise
            _say_incident(ctx, error)
            ctx.exit(70)


@contextmanager
def loading() -> Iterator[None]:
    """What is loaded in here stays until the end: no collector looks at it, now or later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _imported(name: str) -> ModuleType:
    """A command's module, with most of the kernel behind it."""
    with loading():
        return importlib.import_module(name)


def _with_plugins(group: Commands, ctx: click.Context) -> None:
    """Let the plugins add their commands; once, and only when none of the kernel's was meant."""
    if group.asked_plugins:
        return
    group.asked_plugins = True
    # Here, because with them all of the kernel is imported.
    from kernel.node import places
    from kernel.plugins.bus import Bus, bus
    from kernel.plugins.loading import load_all

    known = load(_instance(ctx))
    bus.fill(Bus())
    load_all(places(known), demo=known.demo)
    list(bus().gather("register_commands", cli=group))


def _pipe_closed(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno == errno.EPIPE


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EPILOG,
)
@click.option(
    "--instance",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="节点的数据目录 the folder of the node [data/instance]",
)
@database_option
@click.version_option(__version__, prog_name="Juyan 居延")
def main(instance: Path | None) -> None:
    """居延：机关无纸化办公。Juyan: the paperless office of a city's organs.

    \b
    先试一试 try it:    python3 manage.py demo
    运行测试 tests:     python3 manage.py test
    """
