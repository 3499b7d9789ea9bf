"""When the main screens are there on a slow line and a slow machine.

1.6 Mbit/s, 150 ms to and fro, a processor four times slower, nothing kept from before: what a
county office has on a bad day. The clock is the browser's, from the address to the largest paint.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from statistics import median

from playwright.sync_api import Browser, Page

from tests.matrix.screens import Screen
from tests.matrix.walk import Walker
from tests.portal.node import Place

LINE = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000}
"""Milliseconds and bytes a second, as the browser wants them."""
SLOWER = 4
GOAL = 2500
"""Milliseconds until the largest paint."""
TIMES = 3
WATCH = """window.juyanLargest = 0;
new PerformanceObserver(list => {
  for (const e of list.getEntries()) window.juyanLargest = e.startTime;
}).observe({type: 'largest-contentful-paint', buffered: true});
"""
READ = """() => ({first: performance.getEntriesByName('first-contentful-paint')[0]?.startTime || 0,
  largest: window.juyanLargest})"""
Paint = Mapping[str, float]
"""``first`` and ``largest``: milliseconds; ``warm`` the largest with a filled cache. ``load``: that
of the machine meanwhile: above its processors it makes the numbers worse."""


def measure(
    place: Place,
    facts: Mapping[str, str],
    browser: Browser,
    screens: Sequence[Screen],
    but: Collection[str] = (),
    done: Callable[[str, Paint], object] = lambda *_: None,
) -> dict[str, Paint]:
    """The median of three loads of each screen without a cache, and of three with one."""
    walker, found = Walker(place, facts, browser), {}
    for screen in screens:
        if screen.name not in but:
            page = walker.page_of(screen.person)
            found[screen.name] = _slowly(page, place.url + screen.address(facts))
            done(screen.name, found[screen.name])
    return found


def _slowly(page: Page, address: str) -> Paint:
    if not page.evaluate("'juyanLargest' in window"):
        page.add_init_script(WATCH)
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", LINE)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    try:
        cold = [_load(page, address, session.send) for _ in range(TIMES)]
        warm = [_load(page, address, None) for _ in range(TIMES)]
    finally:
        session.detach()
    return {
        "first": median(one["first"] for one in cold),
        "largest": median(one["largest"] for one in cold),
        "warm": median(one["largest"] for one in warm),
        "load": os.getloadavg()[0],
    }


def _load(page: Page, address: str, send: Callable[[str], object] | None) -> Paint:
    page.goto("about:blank")
    if send is not None:
        send("Network.clearBrowserCache")
    page.goto(address)
    page.wait_for_timeout(500)
    found: Paint = page.evaluate(READ)
    return found
