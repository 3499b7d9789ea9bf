"""What commands print: tables that line up in Chinese, one progress line, and JSON for programs."""

from __future__ import annotations

import json
import sys
import time
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import TypeVar

import click

F = TypeVar("F", bound=Callable[..., object])


def width(text: str) -> int:
    """How many columns of a terminal the text takes: a Chinese character takes two."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def pad(text: str, columns: int) -> str:
    """The text, filled with spaces to that many columns; longer text stays as it is."""
    return text + " " * (columns - width(text))


def table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lines with aligned columns: the headers, a rule, the rows; None is shown as a blank."""
    body = [["" if cell is None else str(cell) for cell in row] for row in rows]
    columns = list(zip(headers, *body, strict=True))
    widths = [max(width(cell) for cell in column) for column in columns]
    lines = [list(headers), ["─" * columns for columns in widths], *body]
    return "\n".join(_line(cells, widths) for cells in lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(pad(cell, size) for cell, size in zip(cells, widths, strict=True)).rstrip()


def json_option(command: F) -> F:
    """Give a command ``--json``; its function receives ``as_json: bool``."""
    option = click.option(
        "--json", "as_json", is_flag=True, help="输出一个 JSON 对象，供程序读取 one JSON object"
    )
    return option(command)


def print_json(value: object) -> None:
    """Print one JSON value on stdout, keys in their order, Chinese readable."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


class Progress:
    """One line on stderr that says how far a long step has come.

    On a terminal the line is rewritten in place; elsewhere there is one line every five seconds,
    so that a log stays short. Use as a context manager; call :meth:`step` after each piece.

    :param label: what is being done.
    :param total: how many pieces there are; 0 where nobody knows.
    """

    def __init__(self, label: str, total: int = 0) -> None:
        self._label = label
        self._total = total
        self._done = 0
        self._started = self._shown = time.monotonic()
        self._live = sys.stderr.isatty()

    def __enter__(self) -> Progress:
        return self

    def step(self, count: int = 1) -> None:
        """Count ``count`` more pieces as done."""
        self._done += count
        now = time.monotonic()
        if now - self._shown >= (0.1 if self._live else 5.0):
            self._shown = now
            self._show(nl=not self._live)

    def text(self) -> str:
        """``寄发 sending 12/124  3.1 s``."""
        total = f"/{self._total}" if self._total else ""
        return f"{self._label} {self._done}{total}  {time.monotonic() - self._started:.1f} s"

    def _show(self, nl: bool) -> None:
        click.echo(f"\r{self.text()}" if self._live else self.text(), err=True, nl=nl)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._show(nl=True)
