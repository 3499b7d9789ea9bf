"""The stream of events: fed by acts of other processes, ended with its session, never telling."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import httpx2
import pytest

from kernel.acts import outbox
from kernel.acts.models import Notice, NoticeWish
from kernel.crypto.ids import now
from kernel.errors import Unavailable
from kernel.exchange.urging import urge
from kernel.identity import sessions
from kernel.identity.models import Credential, Session
from kernel.portal import live
from kernel.storage.bulk import insert_rows
from kernel.storage.database import connection, on_postgresql, transaction
from kernel.testing_office import Office
from kernel.work import incidents
from tests.exchange.after import sender_does
from tests.exchange.notice import CPCO, GEDU, GFIN, browser_of, package, signed_for
from tests.notices.test_pages import WORD
from tests.portal.node import Place, started

pytestmark = pytest.mark.both
STREAM = {"accept": "text/event-stream"}
JSON = {"accept": "application/json"}


@dataclass
class Reader:
    """Somebody at a page, as its script hears the stream."""

    lines: Iterator[str]
    left: str = ""

    def next(self, name: str = "") -> tuple[str, dict[str, Any], str]:
        """The next event (of this name): its name, what it says, its id."""
        event, data, ident = "", "", ""
        for line in self.lines:
            key, _, value = line.partition(": ")
            if key == "event":
                event = value
            elif key == "data":
                data = value
            elif key == "id":
                ident = value
            elif not line and event:
                if name in ("", event):
                    return event, json.loads(data), ident
                event, data, ident = "", "", ""
        raise EOFError("the stream has ended")

    def ends(self) -> bool:
        return next(self.lines, None) is None


@pytest.fixture
def served(office: Office, office_folder: Path) -> Iterator[Place]:
    """The portal in a process of its own; the test itself is another process of the node."""
    outbox.drain()
    with started(office_folder, "serve") as place:
        outbox.handlers().worker = True  # that process works the outbox off
        yield place
        outbox.handlers().worker = False


@contextmanager
def person(office: Office, place: Place, name: str) -> Iterator[httpx2.Client]:
    own = {"sec-fetch-site": "same-origin"}
    with httpx2.Client(base_url=place.url, headers=own, timeout=20) as client:
        client.post("/login", data={"post": office.post(name).uid, "next": "/"})
        yield client


@contextmanager
def reading(client: httpx2.Client, place: str = "/events", **headers: str) -> Iterator[Reader]:
    with client.stream("GET", place, headers=STREAM | headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Reader(answer.iter_lines())


def test_what_another_process_does_is_heard_at_once_and_by_nobody_else(
    office: Office, served: Place
):
    with person(office, served, "刘志强") as clerk, person(office, served, "陈静") as other:
        with reading(clerk) as mine, reading(other) as theirs:
            assert mine.next()[1]["unread"] == 1
            assert theirs.next()[1]["unread"] == 1
            begun = time.monotonic()
            sender_does(office, urge, units=[GFIN])
            name, said, ident = mine.next()
            assert time.monotonic() - begun < 5
            assert (name, said["unread"], said["label"]) == ("bell", 2, "消息，2 条未读")
            assert ident.split(".")[1] == "2"
            assert package().title not in json.dumps(said, ensure_ascii=False)
            sender_does(office, urge, units=[GEDU])
            assert theirs.next()[1]["unread"] == 2
            # He would have heard of the other one's before: 3 cannot be of this reminder.
            with connection():
                assert Notice.select().where(Notice.post == office.post("刘志强").uid).count() == 2


def test_a_stream_ends_with_its_session(office: Office, served: Place):
    with person(office, served, "刘志强") as clerk, reading(clerk) as mine:
        mine.next()
        with transaction():
            sessions.end_all(office.post("刘志强").person.uid)
        begun = time.monotonic()
        assert mine.next() == ("bye", {"why": "session"}, "")
        assert mine.ends() and time.monotonic() - begun < 3
        assert clerk.get("/events", headers=STREAM).status_code == 401
        assert clerk.get("/events", headers=JSON).status_code == 401


def test_a_page_of_another_desk_is_told_so(office: Office, served: Place):
    clerk = browser_of(office, GFIN)
    page = clerk.get("/").text
    mark = page.partition('data-desk="')[2].partition('"')[0]
    assert mark and clerk.get(f"/events?desk={mark}", headers=JSON).status_code == 200
    moved = clerk.get("/events?desk=another", headers=JSON)
    assert (moved.status_code, moved.json()) == (409, {"why": "desk"})
    assert '"why": "desk"' in clerk.get("/events?desk=another", headers=STREAM).text
    seat = live.Seat(office.desk("刘志强").session, "", "another post", GFIN)
    (found,) = live.look([(seat, None)])
    assert found.over and found.moved


def test_a_stream_ends_when_its_key_is_revoked(office: Office, served: Place):
    with person(office, served, "刘志强") as clerk, reading(clerk) as mine:
        mine.next()
        with transaction():
            mine_too = Credential.person == office.post("刘志强").person.uid
            Credential.update(revoked=Credential.issued).where(mine_too).execute()
        assert mine.next()[1] == {"why": "session"}
        assert mine.ends()


def test_whoever_was_cut_off_hears_what_he_missed(office: Office, served: Place):
    with transaction():
        NoticeWish.create(person=office.post("刘志强").person.uid, popup=True, quiet=False)
    with person(office, served, "刘志强") as clerk:
        with reading(clerk) as mine:
            _name, said, ident = mine.next()
            assert said["pop"] == ""
        sender_does(office, urge, units=[GFIN])
        with reading(clerk, **{"last-event-id": ident}) as mine:
            said = mine.next()[1]
            assert (said["unread"], said["pop"]) == (2, "您有 1 条新消息。")
        with reading(clerk) as mine:
            assert mine.next()[1]["pop"] == ""  # who says nothing is only told how things stand


def word_to(name: str, office: Office, key: str, number: int | None = None) -> None:
    row = WORD | {"key": key, "title": "x", "organ": GFIN, "post": office.post(name).uid}
    Notice.create(**row, **({} if number is None else {"id": number}))


def test_a_notice_whose_number_is_lower_and_comes_later_comes_up_as_well(
    office: Office, served: Place
):
    with transaction():
        NoticeWish.create(person=office.post("刘志强").person.uid, popup=True, quiet=False)
    with person(office, served, "刘志强") as clerk, reading(clerk) as mine:
        assert mine.next()[1]["unread"] == 1
        with out_of_order(office) as commit_the_first:
            said = mine.next()[1]
            assert (said["unread"], said["pop"]) == (2, "您有 1 条新消息。")
            commit_the_first()
            said = mine.next()[1]
            assert (said["unread"], said["pop"]) == (3, "您有 1 条新消息。")
        with transaction():
            Notice.update(seen=now()).where(Notice.key == "second").execute()
        said = mine.next()[1]
        assert (said["unread"], said["pop"]) == (2, "")


@contextmanager
def out_of_order(office: Office) -> Iterator[Callable[[], None]]:
    """The second of two notices is there; gives what commits the first, with a lower number.

    Two transactions on PostgreSQL; SQLite knows one at a time, so there the number is given.
    """
    if not on_postgresql():
        with transaction():
            word_to("刘志强", office, "second", 9000)
        yield partial(_written, office, 8000)
        return
    written, wanted = Event(), Event()

    def first() -> None:
        with transaction():
            word_to("刘志强", office, "first")
            written.set()
            assert wanted.wait(20)

    with ThreadPoolExecutor(1) as pool:
        begun = pool.submit(first)

        def commit() -> None:
            wanted.set()
            begun.result(20)

        try:
            assert written.wait(20)
            with transaction():
                word_to("刘志强", office, "second")
            yield commit
        finally:
            wanted.set()
    with connection():
        one, other = (Notice.get(Notice.key == key).id for key in ("first", "second"))
    assert one < other


def _written(office: Office, number: int) -> None:
    with transaction():
        word_to("刘志强", office, "first", number)


def test_older_ones_that_are_among_the_newest_again_do_not_come_up(office: Office):
    outbox.drain()
    clerk = office.post("刘志强")
    with transaction():
        NoticeWish.create(person=clerk.person.uid, popup=True, quiet=False)
        for number in range(live.NEWEST + 10):
            word_to("刘志强", office, f"k{number}")
    browser_of(office, GFIN)
    with connection():
        session = Session.select().order_by(Session.id.desc()).get().uid
    seat = live.Seat(session, clerk.person.uid, clerk.uid, GFIN)
    (before,) = live.look([(seat, None)])
    assert not before.over and before.state.unread > live.NEWEST
    with transaction():
        Notice.update(seen=now()).where(Notice.id == before.state.last).execute()
    (after,) = live.look([(seat, before.state)])
    assert (after.state.unread, after.news) == (before.state.unread - 1, 0)


def test_the_receipts_that_a_page_shows_say_when_they_change(office: Office, served: Place):
    place = f"/events?package={package().uid}"
    with person(office, served, "孙倩") as clerk, reading(clerk, place) as mine:
        assert mine.next()[0] == "bell"
        assert mine.next()[0] == "watch"  # the page did not say what it knows
        signed_for(office, GFIN)
        assert mine.next("watch")[1] == {}


def test_a_session_has_so_many_streams_and_no_more(office: Office, served: Place):
    with person(office, served, "刘志强") as clerk, person(office, served, "陈静") as other:
        open_ = [clerk.stream("GET", "/events", headers=STREAM) for _ in range(8)]
        answers = [one.__enter__() for one in open_]
        assert {one.status_code for one in answers} == {200}
        refused = clerk.get("/events", headers=STREAM)
        assert refused.status_code == 503 and refused.headers["retry-after"]
        assert clerk.get("/events", headers=JSON).json()["unread"] == 1  # the way that is left
        with reading(other) as theirs:
            assert theirs.next()[0] == "bell"
        for one in open_:
            one.__exit__(None, None, None)
        deadline = time.monotonic() + 5
        while clerk.get("/events", headers=JSON | {"x": "y"}).status_code != 200:
            assert time.monotonic() < deadline
        with reading(clerk) as mine:
            assert mine.next()[0] == "bell"


@pytest.fixture
def small_hub() -> Iterator[live.Hub]:
    hub = live.Hub()
    hub.each = 0.01
    yield hub
    hub.close()


def test_a_person_has_so_many_streams_however_often_he_signs_in(small_hub: live.Hub):
    async def run() -> None:
        async with AsyncExitStack() as stack:
            for number in range(24):
                seat = live.Seat(f"s{number}", "person", "post", "organ")
                await stack.enter_async_context(small_hub.place(seat, None))
            with pytest.raises(Unavailable, match=r"portal\.busy"):
                await stack.enter_async_context(
                    small_hub.place(live.Seat("s99", "person", "post", "organ"), None)
                )
            other = live.Seat("t", "another", "post", "organ")
            await stack.enter_async_context(small_hub.place(other, None))
        assert small_hub.count() == 0
        async with small_hub.place(live.Seat("s99", "person", "post", "organ"), None):
            assert small_hub.count() == 1

    asyncio.run(run())


def test_a_defect_of_one_look_ends_no_stream(
    office: Office, small_hub: live.Hub, monkeypatch: pytest.MonkeyPatch
):
    """It is written down once, with a number, and the next look finds what there is."""
    look, faults = live.look, iter(range(3))

    def sometimes(asked: Any) -> Any:
        if next(faults, None) is not None:
            raise RuntimeError("a defect")
        return look(asked)

    monkeypatch.setattr(live, "look", sometimes)

    async def run() -> live.Look | None:
        seat = live.Seat("gone", "person", "post", "organ")
        async with small_hub.place(seat, None) as stream:
            return await stream.next(10)

    found = asyncio.run(run())
    assert found is not None and found.over  # that session is no session of ours
    kept = [one for one in incidents.known(office.settings.instance) if one.where == "live.look"]
    assert [one.error for one in kept] == ["RuntimeError"]


def test_a_server_that_stops_lets_its_pages_go(office: Office, office_folder: Path):
    outbox.drain()
    with started(office_folder, "serve") as place:
        context = person(office, place, "刘志强")
        clerk = context.__enter__()
        stream = reading(clerk)
        mine = stream.__enter__()
        mine.next()
        begun = time.monotonic()
    assert time.monotonic() - begun < 5  # the grace that open requests have was not waited for
    assert mine.next() == ("bye", {"why": "later"}, "")
    assert mine.ends()
    stream.__exit__(None, None, None)
    context.__exit__(None, None, None)


# Without a stream: in this process


def asked(office: Office, organ: str, place: str = "/events") -> httpx2.Response:
    return browser_of(office, organ).get(place, headers=JSON)


def test_whoever_asks_for_no_stream_is_answered_at_once(office: Office):
    found = browser_of(office, GFIN).get("/events")
    assert found.headers["content-type"] == "application/json" and "unread" in found.json()


def test_the_package_of_another_organ_is_not_there(office: Office):
    place = f"/events?package={package().uid}"
    assert asked(office, CPCO, place).status_code == 200
    assert asked(office, GEDU, place).status_code == 404


@pytest.mark.parametrize("since", ["", "1", "a.b.c.d", "1.2.3.-4", "9" * 40, "1.2.3.4.5", "²."])
def test_a_state_that_is_none_of_ours_counts_as_none(office: Office, since: str):
    outbox.drain()
    found = asked(office, GFIN, f"/events?since={since}")
    assert found.status_code == 200 and found.json()["unread"] == 1


def test_in_quiet_hours_only_the_most_urgent_comes_up(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    outbox.drain()
    clerk = office.post("刘志强")
    with transaction():  # from midnight to midnight but for one minute that is always over
        NoticeWish.create(
            person=clerk.person.uid, popup=True, sound=True, quiet_from=0, quiet_until=24 * 60
        )
    browser = browser_of(office, GFIN)
    since = browser.get("/events", headers=JSON).json()["id"]

    def arrived(urgency: str) -> dict[str, Any]:
        row = WORD | {"key": f"k{urgency}", "title": "机密标题", "organ": GFIN, "post": clerk.uid}
        with transaction():
            insert_rows(Notice, [row | {"urgency": urgency}])
        found: dict[str, Any] = browser.get(f"/events?since={since}", headers=JSON).json()
        return found

    quiet = arrived("加急")
    assert (quiet["pop"], quiet["sound"], quiet["unread"]) == ("", False, 2)
    loud = arrived("特急")
    assert (loud["pop"], loud["sound"]) == ("您有特急事项，请尽快查看。", True)
    assert "机密标题" not in json.dumps(loud, ensure_ascii=False)


def test_an_open_page_keeps_no_session_alive(office: Office, later: Callable[[timedelta], None]):
    browser = browser_of(office, GFIN)
    later(timedelta(minutes=20))
    assert browser.get("/events", headers=JSON).status_code == 200
    receipts = browser_of(office, CPCO)
    with connection():
        before = {row.uid: row.seen for row in Session.select()}
    later(timedelta(minutes=25))
    place = f"/exchange/outbox/{package().uid}"
    receipts.get(place, headers={"hx-request": "true", "juyan-unattended": "1"})
    browser.get("/events", headers=JSON)
    with connection():
        assert {row.uid: row.seen for row in Session.select()} == before
    later(timedelta(minutes=31))
    assert browser.get("/events", headers=JSON).status_code == 401


def test_a_plugin_that_is_off_counts_no_more(office: Office):
    outbox.drain()
    clerk = office.post("刘志强")
    row = WORD | {"key": "k", "title": "x", "organ": GFIN, "post": clerk.uid, "plugin": "gone"}
    with transaction():
        insert_rows(Notice, [row])
    assert asked(office, GFIN).json()["unread"] == 1
    assert "消息，1 条未读" in browser_of(office, GFIN).get("/").text
