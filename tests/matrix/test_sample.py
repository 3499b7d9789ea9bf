"""A few screens in all states; that the server draws them so; and that the checks see trouble."""

import pytest
from playwright.sync_api import Browser, Page

from tests.matrix.conftest import Scene
from tests.matrix.report import over_budget
from tests.matrix.screens import CLERK, SCREENS, SYSTEM
from tests.matrix.states import STATES, WITHOUT_SCRIPTS
from tests.matrix.walk import ASK_AXE, AXE, CHECKS, TAGS, Walker, problems
from tests.portal.driver import Driver

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.early]
SAMPLE = [screen for screen in SCREENS if screen.sample]


def test_a_few_screens_are_as_they_must_be(scene: Scene, browser: Browser):
    walk = Walker(scene.place, scene.facts, browser).walk(SAMPLE, ["zh"])
    assert "\n".join([*problems(walk), *over_budget(walk)]) == ""
    assert len({screen for screen, _check in walk.asked}) == len(SAMPLE)


def test_without_scripts_too(scene: Scene, browser: Browser):
    walker = Walker(scene.place, scene.facts, browser, states=WITHOUT_SCRIPTS, scripts=False)
    assert "\n".join(problems(walker.walk(SAMPLE, ["zh"]))) == ""


def test_the_server_draws_size_theme_and_language_itself(scene: Scene, browser: Browser):
    driver = Driver(scene.place, browser)
    page = driver.as_person(SYSTEM, "phone", java_script_enabled=False).page
    for name in ("button[value=large]", "#sidenav button[name=language]"):
        page.locator("[data-nav-toggle]").click()
        with page.expect_navigation():
            page.locator(name).click()
    drawn = page.evaluate("({...document.documentElement.dataset})")
    assert drawn == {"size": "large", "theme": "default"}
    assert page.evaluate("document.documentElement.lang") == "en"
    page.evaluate(CHECKS)
    assert page.evaluate("juyanChecks.overflow()") == []
    assert page.evaluate("juyanChecks.targets({phone: true, large: true})") == []
    driver.close()
    driver.check()


SPOILT = {
    "overflow": "document.querySelector('h1').style.cssText = 'width: 3000px'",
    "cut text": "document.querySelector('h1').style.cssText ="
    " 'width: 2em; overflow: hidden; white-space: nowrap'",
    "targets": "document.querySelector('.size-switch button').style.cssText ="
    " 'min-height: 0; height: 10px; padding: 0'",
    "tab stops": "document.querySelector('.brand').style.outline = 'none'",
    "axe": "document.querySelector('h1').style.color = '#ccc'",
    "title": "document.title = '别的'",
}


@pytest.fixture
def home(scene: Scene, browser: Browser) -> Page:
    """The page of a clerk."""
    return Driver(scene.place, browser).as_person(CLERK).page


@pytest.mark.parametrize("check", SPOILT)
def test_what_is_spoilt_is_found(home: Page, check: str):
    home.evaluate(CHECKS)
    home.evaluate(AXE.read_text("utf-8"))
    asked = {
        "overflow": "juyanChecks.overflow()",
        "cut text": "juyanChecks.cut()",
        "targets": "juyanChecks.targets({phone: false, large: false})",
        "tab stops": "juyanChecks.stops().found",
        "axe": f"({ASK_AXE})({TAGS})",
        "title": "juyanChecks.heading()",
    }[check]
    assert home.evaluate(asked) == []
    home.evaluate(SPOILT[check])
    assert home.evaluate(asked) != []
    home.context.close()


def test_both_sizes_are_looked_at_in_both_themes_with_all_of_axe():
    whole = {(one.width, one.large) for one in STATES if one.axe and one.both and one.stops}
    assert whole == {(1440, False), (1440, True), (390, False), (390, True)}
