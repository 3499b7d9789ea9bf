"""Going over the screens: each is loaded once a language, and then looked at in every state.

The size of the text is the attribute that the switch 大字 sets, and the theme is the style sheets
that a page of the other theme names: a theme has nothing else. The server itself draws both for
the screens of the sample (``test_sample``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, CDPSession, Error, Page, Request

from tests.matrix.screens import SCREENS, SYSTEM, Screen
from tests.matrix.states import SPACING, STATES, State
from tests.portal.driver import Driver
from tests.portal.node import Place

HERE = Path(__file__).parent
CHECKS = (HERE / "checks.js").read_text("utf-8")
AXE = HERE.parent / "vendor" / "axe-core" / "4.14.1" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LANGUAGES = ("zh", "en")
COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules of axe to which another theme can make a difference."""

ASK_AXE = """async (only) => {
  const found = await axe.run(document, {runOnly: only, resultTypes: ['violations']});
  return found.violations.map(v => v.id + ' ' + v.nodes.slice(0, 3).map(n => n.target.join(' '))
    .join(' | ') + (v.nodes.length > 3 ? ' +' + (v.nodes.length - 3) : ''));
}"""
TAKE_SHEETS = """async ({sheets, theme, instead}) => {
  const old = [...document.querySelectorAll('link[rel=stylesheet]')]
    .filter(link => instead.includes(link.getAttribute('href')));
  const loaded = sheets.map(href => {
    const link = document.createElement('link');
    link.rel = 'stylesheet'; link.href = href;
    const done = new Promise(ok => { link.onload = link.onerror = ok; });
    old[0].before(link);  // where the order of the layers is told first
    return done;
  });
  await Promise.all(loaded);
  old.forEach(link => link.remove());
  document.documentElement.dataset.theme = theme;
}"""
SHEETS = "[...document.querySelectorAll('link[rel=stylesheet]')].map(l => l.getAttribute('href'))"
SPACE = """css => {
  if (css === '') { document.adoptedStyleSheets = []; return; }
  const sheet = new CSSStyleSheet(); sheet.replaceSync(css);
  document.adoptedStyleSheets = [sheet];
}"""
TIMES = """() => {
  const [page] = performance.getEntriesByType('navigation');
  const rest = performance.getEntriesByType('resource');
  const paint = performance.getEntriesByName('first-contentful-paint')[0];
  const of = end => rest.filter(r => new URL(r.name).pathname.endsWith(end))
    .reduce((sum, r) => sum + r.encodedBodySize, 0);
  return {html: page.encodedBodySize, css: of('.css'), js: of('.js'),
    requests: 1 + rest.length, answer: page.responseStart - page.requestStart,
    paint: paint ? paint.startTime : 0, shift: window.juyanShift || 0};
}"""
SIZE = "size => { document.documentElement.dataset.size = size }"
WATCH_SHIFT = """window.juyanShift = 0;
new PerformanceObserver(list => {
  for (const e of list.getEntries()) if (!e.hadRecentInput) window.juyanShift += e.value;
}).observe({type: 'layout-shift', buffered: true});
"""


@dataclass(frozen=True)
class Finding:
    """Something that is not as it must be."""

    screen: str
    language: str
    state: str
    check: str
    text: str

    def __str__(self) -> str:
        return f"{self.screen} · {self.language} · {self.state} · {self.check}: {self.text}"


@dataclass
class Walk:
    """What was seen.

    :ivar asked: how often each check was made on each screen: (screen, check) → times.
    :ivar stops: tab stops on each screen. :ivar budgets: (screen) → bytes, requests, times.
    :ivar cells: how many screens were looked at in a state: "language state" → screens. The own
        theme of the screen's organ has no name in it, the other one has.
    """

    findings: list[Finding] = field(default_factory=list)
    asked: dict[tuple[str, str], int] = field(default_factory=dict)
    stops: dict[str, int] = field(default_factory=dict)
    budgets: dict[str, dict[str, float]] = field(default_factory=dict)
    cells: dict[str, int] = field(default_factory=dict)

    def add(self, other: Walk) -> None:
        """Take in what another walk saw."""
        self.findings += other.findings
        for key, times in other.asked.items():
            self.asked[key] = self.asked.get(key, 0) + times
        for screen, count in other.stops.items():
            self.stops[screen] = max(self.stops.get(screen, 0), count)
        self.budgets |= other.budgets
        for cell, count in other.cells.items():
            self.cells[cell] = self.cells.get(cell, 0) + count


@dataclass
class Walker:
    """One browser at one office.

    :ivar pictures: where screenshots are kept; nowhere if None.
    :ivar scripts: whether pages may run theirs; without, axe cannot run either.
    :ivar done: told each screen in each language with what was seen of it.
    """

    place: Place
    facts: Mapping[str, str]
    browser: Browser
    pictures: Path | None = None
    states: Sequence[State] = STATES
    scripts: bool = True
    done: Callable[[Screen, str, Walk], object] = lambda *_: None
    _pages: dict[str, Page] = field(default_factory=dict)
    _outside: list[str] = field(default_factory=list)

    @cached_property
    def driver(self) -> Driver:
        """Who signs people in."""
        return Driver(self.place, self.browser)

    @cached_property
    def themes(self) -> dict[str, list[str]]:
        """The style sheets of each theme, as pages of organs that use it name them."""
        found = {}
        for person in ("", SYSTEM):
            page = self.page_of(person)
            page.goto(f"{self.place.url}/{'' if person else 'login'}")
            found[page.evaluate("document.documentElement.dataset.theme")] = page.evaluate(SHEETS)
        return found

    def page_of(self, person: str) -> Page:
        """The page of a person who has signed in."""
        if person not in self._pages:
            if person:
                page = self.driver.as_person(person, java_script_enabled=self.scripts).page
            else:
                page = self.driver._page("desktop", java_script_enabled=self.scripts)
            page.on("request", self._asks)
            if self.scripts:
                page.add_init_script(WATCH_SHIFT)
            self._pages[person] = page
        return self._pages[person]

    def _asks(self, request: Request) -> None:
        address = urlsplit(request.url)
        if (
            address.scheme in ("http", "https")
            and address.netloc != urlsplit(self.place.url).netloc
        ):
            self._outside.append(request.url)

    def walk(
        self,
        screens: Sequence[Screen] = SCREENS,
        languages: Sequence[str] = LANGUAGES,
        but: Collection[tuple[str, str]] = (),
    ) -> Walk:
        """Look at these screens in all states, a language after the other.

        :param but: what is left out: pairs of screen and language.
        """
        assert set(self.themes) == {"default", "zhangye"}
        all_of_it = Walk()
        for language in languages:
            spoken: set[str] = set()
            for screen in screens:
                if (screen.name, language) in but or not (self.scripts or screen.plain):
                    continue
                page = self.page_of(screen.person)
                if screen.person not in spoken:
                    speak(page, self.place.url, language)
                    spoken.add(screen.person)
                seen = self.look(screen, page, language)
                self.done(screen, language, seen)
                all_of_it.add(seen)
        return all_of_it

    def look(self, screen: Screen, page: Page, language: str) -> Walk:
        """One screen in all states."""
        note = Note(screen.name, language)
        try:
            self.reach(screen, page)
            if language == "zh" and self.scripts and not screen.press:
                nodes = page.evaluate("document.querySelectorAll('*').length")
                note.walk.budgets[screen.name] = {**page.evaluate(TIMES), "nodes": nodes}
            page.evaluate(CHECKS)
            if self.scripts:
                page.evaluate(AXE.read_text("utf-8"))
                self._once(note, page)
            for state in self.states:
                with in_state(page, state):
                    self._in_state(note, page, state)
        except Error as error:
            note("1440", "reached", [str(error).splitlines()[0]])
        note("1440", "console", self.driver.trouble)
        note("1440", "outside", self._outside)
        self.driver.trouble.clear()
        self._outside.clear()
        return note.walk

    def reach(self, screen: Screen, page: Page) -> None:
        """Go there and do what leads there."""
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(self.place.url + screen.address(self.facts))
        for selector, text in screen.fill.items():
            page.locator(selector).first.fill(text)
        for selector in screen.press:
            page.locator(selector).first.click()
            page.wait_for_load_state()
        page.wait_for_load_state("load")

    def _once(self, note: Note, page: Page) -> None:
        """What does not depend on the state."""
        note("1440", "title", page.evaluate("juyanChecks.heading()"))
        language = page.evaluate("document.documentElement.lang")
        wrong = [] if language.startswith(note.language) else [f"lang={language}"]
        wrong += page.evaluate("juyanChecks.chinese()") if note.language == "en" else []
        note("1440", "language", wrong)
        note("1440", "skip link", skip(page))

    def _in_state(self, note: Note, page: Page, state: State) -> None:
        own = page.evaluate("document.documentElement.dataset.theme")
        note.seen(state.name)
        self._picture(note, page, state, "")
        page.evaluate("juyanChecks.unfold(true)")
        note(state.name, "overflow", page.evaluate("juyanChecks.overflow()"))
        note(state.name, "cut text", page.evaluate("juyanChecks.cut()"))
        how = {"phone": state.phone, "large": state.large}
        if not state.spacing:
            note(state.name, "targets", page.evaluate("how => juyanChecks.targets(how)", how))
        if state.stops:
            stops = page.evaluate("juyanChecks.stops()")
            note(state.name, "tab stops", stops["found"])
            before = note.walk.stops.get(note.screen, 0)
            note.walk.stops[note.screen] = max(before, stops["count"])
        if state.forced:
            note(state.name, "current", page.evaluate("juyanChecks.current()"))
        if state.axe:
            note(state.name, "axe", page.evaluate(ASK_AXE, TAGS))
        if state.both:
            other = next(theme for theme in self.themes if theme != own)
            self._take(page, other, instead=own)
            note(f"{state.name} {other}", "axe", page.evaluate(ASK_AXE, COLOURS))
            note(f"{state.name} {other}", "overflow", page.evaluate("juyanChecks.overflow()"))
            note.seen(f"{state.name} other theme")
            if not state.large:
                self._picture(note, page, state, "--other")
            self._take(page, own, instead=other)
        page.evaluate("juyanChecks.unfold(false)")

    def _take(self, page: Page, theme: str, instead: str) -> None:
        """Put the sheets of a theme in the place of those of another; a page's own stay."""
        sheets = {"sheets": self.themes[theme], "instead": self.themes[instead]}
        page.evaluate(TAKE_SHEETS, {**sheets, "theme": theme})

    def _picture(self, note: Note, page: Page, state: State, theme: str) -> None:
        if state.picture and self.pictures:
            way = state.name.replace(" ", "-") + theme
            path = self.pictures / f"{note.screen}--{note.language}--{way}.jpg"
            page.screenshot(path=path, full_page=True, type="jpeg", quality=70)


@dataclass
class Note:
    """What is seen of one screen in one language."""

    screen: str
    language: str
    walk: Walk = field(default_factory=Walk)

    def seen(self, state: str) -> None:
        """Note that it was looked at in a state."""
        cell = f"{self.language} {state}"
        self.walk.cells[cell] = self.walk.cells.get(cell, 0) + 1

    def __call__(self, state: str, check: str, texts: Sequence[str]) -> None:
        """Note a check and what it found."""
        key = self.screen, check
        self.walk.asked[key] = self.walk.asked.get(key, 0) + 1
        self.walk.findings += [
            Finding(self.screen, self.language, state, check, text) for text in texts
        ]


@contextmanager
def in_state(page: Page, state: State) -> Iterator[None]:
    """A page in a state, for as long as the block lasts."""
    page.set_viewport_size({"width": state.width, "height": state.height})
    session: CDPSession | None = None
    if state.scale > 1:
        session = page.context.new_cdp_session(page)
        metrics = {"width": state.width, "height": state.height, "mobile": False}
        metrics["deviceScaleFactor"] = state.scale
        session.send("Emulation.setDeviceMetricsOverride", metrics)
    page.evaluate(SIZE, "large" if state.large else "normal")
    page.evaluate(SPACE, SPACING if state.spacing else "")
    page.emulate_media(forced_colors="active" if state.forced else "none")
    yield
    if session:
        session.send("Emulation.clearDeviceMetricsOverride")
        session.detach()


def speak(page: Page, url: str, language: str) -> None:
    """Let the pages of this person come in a language, by the button that everybody has."""
    page.goto(f"{url}/login" if not page.url.startswith(url) else page.url)
    if page.evaluate("document.documentElement.lang").startswith(language):
        return
    with page.expect_navigation():
        page.evaluate("document.querySelector('button[name=language]').click()")


def skip(page: Page) -> list[str]:
    """The first press of Tab shows the way to the main part, and Enter goes there."""
    page.keyboard.press("Tab")
    if page.locator("[data-focus]").count():
        return []  # the focus stood at what went wrong, past the link
    link = page.evaluate(
        """() => { const e = document.activeElement, r = e.getBoundingClientRect();
        return {skip: e.classList.contains('skip-link'), seen: r.top >= 0 && r.height >= 24}; }"""
    )
    if not (link["skip"] and link["seen"]):
        return [f"the first stop is no visible skip link: {link}"]
    page.keyboard.press("Enter")
    where = page.evaluate("document.activeElement.id")
    page.evaluate(
        "document.activeElement.blur(); history.replaceState(null, '', location.pathname)"
    )
    return [] if where == "main" else [f"it leads to #{where}"]


def problems(walk: Walk) -> Iterator[str]:
    """The findings in words, one for many states: the same sentence is said once."""
    seen: dict[tuple[str, str, str], list[str]] = {}
    for one in walk.findings:
        seen.setdefault((one.screen, one.check, one.text), []).append(f"{one.language} {one.state}")
    for (screen, check, text), where in seen.items():
        more = f" (+{len(where) - 1})" if len(where) > 1 else ""
        yield f"{screen} · {check} · {where[0]}{more}: {text}"
