"""Every page of the portal is a screen of the matrix, or a file on purpose."""

import tomllib

from kernel.settings import ROOT
from tests.matrix.screens import FILES, SCREENS

PAGES = tomllib.loads((ROOT / "tests/kernel/register.toml").read_text("utf-8"))["pages"]
SHOWN = {page for page, (methods, _level, _weight) in PAGES.items() if "GET" in methods.split()}


def test_every_page_is_looked_at():
    assert SHOWN - {screen.page for screen in SCREENS} - FILES.keys() == set()


def test_no_screen_shows_a_page_that_is_not_there():
    assert {screen.page for screen in SCREENS if screen.page} | set(FILES) <= SHOWN


def test_every_screen_has_a_name_of_its_own():
    names = [screen.name for screen in SCREENS]
    assert len(set(names)) == len(names)


def test_the_sample_is_short():
    assert 5 <= sum(screen.sample for screen in SCREENS) <= 8
