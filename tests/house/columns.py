"""docs/columns.toml, and the lists of docs/log.md that follow from it.

``python3 -m tests.house.columns`` writes them into docs/log.md anew.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

from kernel.settings import ROOT

FILE, DOC = ROOT / "docs" / "columns.toml", ROOT / "docs" / "log.md"
BEGIN, END = "<!-- columns.toml -->\n", "<!-- /columns.toml -->\n"
NO, NOT_YET = "no: ", "not yet: "
EVERY, MACHINERY = "every_table", "tables_of_the_machinery"
Table = dict[str, str]


def listed() -> dict[str, Table]:
    """What the file says, by table and column; without the two parts that name no table."""
    tables: dict[str, Table] = tomllib.loads(FILE.read_text("utf-8"))
    return {name: one for name, one in tables.items() if name not in (EVERY, MACHINERY)}


def machinery() -> tuple[str, ...]:
    """How the names of tables begin that no part of the program reads as its own."""
    return tuple(tomllib.loads(FILE.read_text("utf-8"))[MACHINERY])


def provers() -> set[str]:
    """The modules that compare something."""
    said = {why for table in listed().values() for why in table.values()}
    return {one for one in said if not one.startswith((NO, NOT_YET))}


def lists() -> str:
    """The three lists for docs/log.md: compared, not compared yet, not to be compared."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield from ("", "| 表 table | 逐列比较的模块 compared by |", "|---|---|")
    for name, table in listed().items():
        by = dict.fromkeys(why for why in table.values() if not why.startswith((NO, NOT_YET)))
        if by:
            yield f"| `{name}` | {', '.join(f'`{one}`' for one in by)} |"
    late = [*_reasons(NOT_YET)]
    if late[2:]:
        said = "尚未比较，改动即生效 not compared yet, so that an edit takes effect unnamed:"
        yield from ("", said, "", *late)
    yield from ("", "不比较，及其原因 not compared, and why not:", "")
    yield from _reasons(NO)
    yield ""


def _reasons(kind: str) -> Iterator[str]:
    yield from ("| 表 table | 列 columns | 原因 why |", "|---|---|---|")
    for name, table in listed().items():
        why: dict[str, list[str]] = {}
        for column, said in table.items():
            if said.startswith(kind):
                shown = "全部 all" if column == "*" else f"`{column}`"
                why.setdefault(said.removeprefix(kind), []).append(shown)
        for reason, columns in why.items():
            yield f"| `{name}` | {', '.join(columns)} | {reason} |"


if __name__ == "__main__":
    before, _, rest = DOC.read_text("utf-8").partition(BEGIN)
    DOC.write_text(before + BEGIN + lists() + END + rest.partition(END)[2], "utf-8")
