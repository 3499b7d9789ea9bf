"""``manage.py themes``: the themes that this node has, and what is wrong with others."""

from __future__ import annotations

import click

from kernel import cli
from kernel.cli.output import json_option, print_json, table
from kernel.errors import Invalid
from kernel.portal.theme import BUILT_IN, Theme, load_themes, overridden


@click.command
@json_option
def command(as_json: bool) -> None:
    """列出并检查主题 List the themes of the node and check them.

    Exit code 1 when one of them cannot be used; the sentence says why.
    """
    faults: dict[str, Invalid] = {}
    themes = load_themes([BUILT_IN], faults, own=cli.settings().instance / "themes")
    rows = [_facts(theme) for theme in themes.values()]
    if as_json:
        wrong = [{"id": name, "zh": error.zh, "en": error.en} for name, error in faults.items()]
        print_json({"themes": rows, "faults": wrong})
    else:
        headers = ("id", "名称 name", "基于 extends", "版本 version")
        click.echo(table(headers, [list(row.values())[:4] for row in rows]))
        for error in faults.values():
            click.echo(f"{error.zh}\n{error.en}", err=True)
    if faults:
        click.get_current_context().exit(1)


def _facts(theme: Theme) -> dict[str, object]:
    return {
        "id": theme.id,
        "name": theme.name,
        "extends": theme.extends,
        "version": theme.version,
        "templates": overridden(theme),
    }
