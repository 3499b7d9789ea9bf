"""The whole matrix, and a sample in the oldest browser; both take long."""

from pathlib import Path

import pytest

from tests.matrix.__main__ import office
from tests.matrix.conftest import Scene
from tests.matrix.old import chromium_109
from tests.matrix.report import over_budget
from tests.matrix.screens import SCREENS
from tests.matrix.states import OLD, WITHOUT_SCRIPTS
from tests.matrix.walk import Walker, problems
from tests.portal.node import chromium

pytestmark = pytest.mark.full


@pytest.mark.needs("chromium")
def test_every_screen_is_as_it_must_be(tmp_path: Path):
    with office(tmp_path / "scene") as (place, facts), chromium() as browser:
        walk = Walker(place, facts, browser).walk()
        plain = Walker(place, facts, browser, states=WITHOUT_SCRIPTS, scripts=False)
        walk.add(plain.walk(languages=["zh"]))
    assert "\n".join([*problems(walk), *over_budget(walk)]) == ""


@pytest.mark.needs("npm")
def test_a_few_screens_in_the_oldest_browser(scene: Scene):
    sample = [screen for screen in SCREENS if screen.sample]
    with chromium_109() as browser:
        assert browser.version.startswith("109.")
        walk = Walker(scene.place, scene.facts, browser, states=OLD).walk(sample, ["zh"])
    assert "\n".join(problems(walk)) == ""
