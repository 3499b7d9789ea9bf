"""``python -m tests.matrix``: every screen in every state, as a table and as pictures.

Exit code 0: nothing is wrong, 1: something is, 2: wrong usage.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
from playwright.sync_api import Browser

from kernel.founding import found
from kernel.generating import Amount, make_up
from kernel.node import open_node
from kernel.reference import read
from kernel.seals.signer_client import Signer
from kernel.settings import ROOT
from kernel.testing_office import settings_of
from tests.matrix.old import chromium_109
from tests.matrix.paint import measure
from tests.matrix.report import Told, as_markdown, keep, keep_browser, keep_paint, kept, over_budget
from tests.matrix.scene import furnish
from tests.matrix.screens import FIRST, MANY, SCREENS, Screen
from tests.matrix.states import BRIEF, OLD, STATES, WITHOUT_SCRIPTS
from tests.matrix.walk import Walk, Walker, problems
from tests.portal.node import Place, chromium, started


@dataclass(frozen=True)
class Pass:
    """One walk over the screens.

    :ivar much: over the lists of an office with thousands of documents.
    :ivar old: in Chromium 109.
    """

    what: str
    language: str = "zh"
    much: bool = False
    old: bool = False
    scripts: bool = True


PASSES = {
    "zh": Pass("every screen in Chinese"),
    "en": Pass("every screen in English", "en"),
    "plain": Pass("without scripts", scripts=False),
    "many": Pass("lists of an office with thousands of documents", much=True),
    "many-en": Pass("the same in English", "en", much=True),
    "old": Pass("Chromium 109", old=True),
    "old-en": Pass("Chromium 109 in English", "en", old=True),
    "old-many": Pass("Chromium 109, lists with thousands of documents", much=True, old=True),
    "paint": Pass("first paint on a slow line"),
}
MADE_UP = Amount(people=500, documents=2000, tasks=6000)


@contextmanager
def office(folder: Path, amount: Amount | None = None) -> Iterator[tuple[Place, dict[str, str]]]:
    """The whole city with its documents, founded in this folder when it is empty.

    :param amount: what is made up besides.
    """
    facts = folder / "facts.json"
    if not facts.exists():
        folder.mkdir(parents=True, exist_ok=True)
        found(settings_of(folder / "node"), read(), furnish=True)
        stage = furnish(folder / "node")
        if amount:
            with open_node(settings_of(folder / "node")):
                make_up(amount)
            Signer(folder / "node").shutdown()
        facts.write_text(json.dumps(stage))
    with started(folder / "node", "demo") as place:
        yield place, json.loads(facts.read_text())


@dataclass
class Run:
    """The passes over the screens that are still to be made.

    :ivar told: what is known; more is added. :ivar lines: where it is noted as it comes.
    """

    told: Told
    screens: Sequence[Screen]
    many: Sequence[Screen]
    lines: Path | None
    pictures: Path | None
    brief: bool = False

    def left(self, way: str) -> list[Screen]:
        """What this pass has not seen yet."""
        over = self.many if PASSES[way].much else self.screens
        if way == "paint":
            over = [one for one in over if one.name in FIRST]
        return [one for one in over if (one.name, way) not in self.told.done]

    def make(self, way: str, folder: Path) -> None:
        """Make one pass."""
        screens = self.left(way)
        if not screens:
            return
        one = PASSES[way]
        where, amount = ("many", MADE_UP) if one.much else ("scene", None)
        with office(folder / where, amount) as (place, facts):
            with chromium_109() if one.old else chromium() as browser:
                self.told.browsers[way] = browser.version
                if self.lines:
                    keep_browser(self.lines, way, browser.version)
                self._with(way, screens, place, facts, browser)

    def _with(
        self, way: str, screens: list[Screen], place: Place, facts: dict[str, str], browser: Browser
    ) -> None:
        def done(screen: Screen, language: str, seen: Walk) -> None:
            click.echo(f"{way} {screen.name}", err=True)
            self.told.walks.setdefault(way, Walk()).add(seen)
            if self.lines:
                keep(self.lines, screen.name, way, seen)

        def painted(screen: str, paint: dict[str, float]) -> None:
            click.echo(f"{way} {screen} {paint}", err=True)
            self.told.paints[screen] = paint
            if self.lines:
                keep_paint(self.lines, screen, paint)

        if way == "paint":
            measure(place, facts, browser, screens, done=painted)
            return
        one, pictures = PASSES[way], self.pictures
        states = BRIEF if self.brief else STATES
        if not one.scripts:
            states, pictures = WITHOUT_SCRIPTS, None
        elif one.old:
            states, pictures = OLD, pictures and pictures / "old"
        walker = Walker(place, facts, browser, pictures, states, scripts=one.scripts, done=done)
        walker.walk(screens, [one.language])


@click.command
@click.option("--only", multiple=True, help="screens, by name")
@click.option("--pass", "ways", multiple=True, type=click.Choice(list(PASSES)), default=PASSES)
@click.option("--brief", is_flag=True, help="a first look, in fewer states")
@click.option("--office", "folder", type=click.Path(path_type=Path), help="keep the office here")
@click.option("--pictures", type=click.Path(path_type=Path), help="keep screenshots here")
@click.option("--lines", type=click.Path(path_type=Path), help="go on with what is noted here")
@click.option("--also", multiple=True, type=click.Path(path_type=Path), help="lines of other runs")
@click.option("--write", type=click.Path(path_type=Path), help="write docs/pages.md")
def main(
    only: tuple[str, ...],
    ways: tuple[str, ...],
    brief: bool,
    folder: Path | None,
    pictures: Path | None,
    lines: Path | None,
    also: tuple[Path, ...],
    write: Path | None,
) -> None:
    """Look at every screen; say what is wrong.

    With --lines each screen is noted in that file as it is done; those in it are not looked at
    again. Several runs at a time each have their own lines and office; --also brings them together.
    """
    if unknown := set(only) - {screen.name for screen in (*SCREENS, *MANY)}:
        raise click.UsageError(f"no such screen: {', '.join(sorted(unknown))}")
    told = kept(*also, *([lines] if lines else []))
    for place in [pictures, pictures / "old"] if pictures else []:
        place.mkdir(parents=True, exist_ok=True)
    screens, many = (
        [screen for screen in all_of_them if not only or screen.name in only]
        for all_of_them in (SCREENS, MANY)
    )
    run = Run(told, screens, many, lines, pictures, brief)
    with tempfile.TemporaryDirectory(prefix="juyan-matrix-") as scratch:
        for way in ways:
            run.make(way, folder or Path(scratch))
    walk = told.walk()
    found_wrong = [*problems(walk), *over_budget(walk)]
    click.echo("\n".join(found_wrong) or "nothing is wrong")
    if write:
        command = ["git", "rev-parse", "--short=7", "HEAD"]
        head = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        page = as_markdown(told, datetime.now(UTC).date(), head.stdout.strip())
        write.write_text(page, "utf-8")
    sys.exit(1 if found_wrong else 0)


if __name__ == "__main__":
    main()
