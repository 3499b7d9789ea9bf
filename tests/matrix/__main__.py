"""``python -m tests.matrix``: every screen in every state, as a table and as pictures.

Exit code 0: nothing is wrong, 1: something is, 2: wrong usage.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from kernel.founding import found
from kernel.reference import read
from kernel.testing_office import settings_of
from tests.matrix.report import as_markdown, keep, kept, over_budget
from tests.matrix.scene import furnish
from tests.matrix.screens import SCREENS, Screen
from tests.matrix.states import WITHOUT_SCRIPTS
from tests.matrix.walk import LANGUAGES, Walk, Walker, problems
from tests.portal.node import Place, chromium, started


@contextmanager
def office(folder: Path) -> Iterator[tuple[Place, dict[str, str]]]:
    """The whole city with its documents, founded in this folder when it is empty."""
    facts = folder / "facts.json"
    if not facts.exists():
        folder.mkdir(parents=True, exist_ok=True)
        found(settings_of(folder / "node"), read(), furnish=True)
        facts.write_text(json.dumps(furnish(folder / "node")))
    with started(folder / "node", "demo") as place:
        yield place, json.loads(facts.read_text())


@click.command
@click.option("--only", multiple=True, help="screens, by name")
@click.option("--language", multiple=True, type=click.Choice(LANGUAGES), default=LANGUAGES)
@click.option("--office", "folder", type=click.Path(path_type=Path), help="keep the office here")
@click.option("--pictures", type=click.Path(path_type=Path), help="keep screenshots here")
@click.option("--lines", type=click.Path(path_type=Path), help="go on with what is noted here")
@click.option("--write", type=click.Path(path_type=Path), help="write docs/pages.md")
def main(
    only: tuple[str, ...],
    language: tuple[str, ...],
    folder: Path | None,
    pictures: Path | None,
    lines: Path | None,
    write: Path | None,
) -> None:
    """Look at every screen; say what is wrong.

    With --lines each screen is noted in that file as it is done; those in it are not looked at
    again.
    """
    if unknown := set(only) - {screen.name for screen in SCREENS}:
        raise click.UsageError(f"no such screen: {', '.join(sorted(unknown))}")
    walk, but = kept(lines) if lines else (Walk(), set())
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)

    def done(screen: Screen, spoken: str, seen: Walk) -> None:
        click.echo(f"{spoken} {screen.name}", err=True)
        if lines:
            keep(lines, screen.name, spoken, seen)

    with tempfile.TemporaryDirectory(prefix="juyan-matrix-") as scratch:
        with office(folder or Path(scratch)) as (place, facts), chromium() as browser:
            walker = Walker(place, facts, browser, pictures, done=done)
            screens = [screen for screen in SCREENS if not only or screen.name in only]
            walk.add(walker.walk(screens, language, but))
            plain = Walker(place, facts, browser, states=WITHOUT_SCRIPTS, scripts=False)
            walk.add(plain.walk(screens, ["zh"]) if "zh" in language else Walk())
            version = browser.version
    found_wrong = [*problems(walk), *over_budget(walk)]
    click.echo("\n".join(found_wrong) or "nothing is wrong")
    if write:
        write.write_text(as_markdown(walk, datetime.now(UTC).date(), version), "utf-8")
    sys.exit(1 if found_wrong else 0)


if __name__ == "__main__":
    main()
