"""Live pages: one stream of events a page, fed by one look at the database for all of a process.

Nothing is handed from process to process: each looks at the common database twice a second, so that
it is the same with one process and with many, on SQLite and on PostgreSQL. What is compared is
states, not positions in a list, and what comes up is what was not there at the look before, so that
nothing is missed where a notice with a lower number is committed later. Only who was cut off
meanwhile is shown the higher numbers alone; his bell is right all the same.

A stream ends at once when its session ends, its key is revoked or its person goes to another desk.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakKeyDictionary

import peewee
from msgspec import Struct, field
from msgspec.structs import replace
from starlette.concurrency import run_in_threadpool

from kernel.acts.models import Notice
from kernel.crypto.ids import now
from kernel.errors import OfficeError
from kernel.exchange.models import Evidence
from kernel.identity.watching import still_at
from kernel.plugins.switches import switchboard
from kernel.portal.admission import busy
from kernel.portal.ctx import ROOMS
from kernel.portal.origin import settings
from kernel.portal.quiet import AT_ANY_HOUR, may_pop, wish_of
from kernel.storage.database import connection
from kernel.work import incidents, logs
from kernel.work.logs import places

_log = logging.getLogger("juyan.live")
NEWEST = 100
"""So many of the newest unread notices of a post are told apart."""


class State(Struct, frozen=True):
    """What a page shows of what changes by itself.

    :ivar last: the number of the newest unread notice. :ivar unread: how many there are.
    :ivar mix: tells two sets of the same size apart. :ivar watched: of the package that it shows.
    :ivar known: the numbers of the newest unread ones at that look; None where a page comes back
        and says only its id.
    """

    last: int = 0
    unread: int = 0
    mix: int = 0
    watched: int = 0
    known: frozenset[int] | None = None

    @property
    def id(self) -> str:
        """As an event id: a page that was cut off says how far it got."""
        return f"{self.last}.{self.unread}.{self.mix}.{self.watched}"


def read_state(text: str) -> State | None:
    """The state behind an event id; None where it is none of ours."""
    if not re.fullmatch(r"\d{1,18}(\.\d{1,18}){3}", text, re.ASCII):
        return None
    last, unread, mix, watched = map(int, text.split("."))
    return State(last, unread, mix, watched)


class Seat(Struct, frozen=True):
    """Whose page it is. :ivar package: the package whose receipts it shows, or empty."""

    session: str
    person: str
    post: str
    organ: str
    package: str = ""


class Look(Struct, frozen=True):
    """What one look found for one seat: its state, what may come up on the screen, or its end.

    :ivar news: how many notices are new since the state before and may come up.
    :ivar urgent: whether one of them is told at any hour. :ivar sound: whether it may be heard.
    """

    state: State
    news: int = 0
    urgent: bool = False
    sound: bool = False
    over: bool = False
    moved: bool = False


def look(asked: Sequence[tuple[Seat, State | None]]) -> list[Look]:
    """Look once for all seats of a process, in a worker thread: few queries however many they are.

    :param asked: each seat with the state that its page shows, None where that is not known.
    """
    with connection():
        going = still_at({seat.session for seat, _ in asked})
        bells = _bells({seat.post for seat, _ in asked})
        packages = _packages({seat.package for seat, _ in asked if seat.package})
        return [
            _look(seat, before, bells.get(seat.post, ()), packages)
            if going.get(seat.session) == seat.post
            else Look(before or State(), over=True, moved=seat.session in going)
            for seat, before in asked
        ]


Bell = tuple[str, int, int, int]
"""Plugin, how many unread, the newest, the sum of their numbers."""


def _bells(posts: set[str]) -> dict[str, list[Bell]]:
    count, newest, total = (getattr(peewee.fn, name)(Notice.id) for name in ("COUNT", "MAX", "SUM"))
    rows: Any = (
        Notice.select(Notice.post, Notice.plugin, count, newest, total)
        .where(Notice.post.in_(sorted(posts)) & Notice.seen.is_null())
        .group_by(Notice.post, Notice.plugin)
    )
    found: dict[str, list[Bell]] = {}
    for post, plugin, *figures in rows.tuples():
        found.setdefault(post, []).append((plugin, *map(int, figures)))
    return found


def watched(package: str) -> int:
    """What a page that shows the receipts knows of a package: how much evidence there is."""
    return _packages({package}).get(package, 0)


def _packages(uids: set[str]) -> dict[str, int]:
    if not uids:
        return {}
    rows: Any = (
        Evidence.select(Evidence.package, peewee.fn.COUNT(Evidence.id))
        .where(Evidence.package.in_(sorted(uids)))
        .group_by(Evidence.package)
    )
    return dict(rows.tuples())


def _look(
    seat: Seat, before: State | None, bells: Sequence[Bell], packages: dict[str, int]
) -> Look:
    known = switchboard().effective(seat.organ) | ROOMS
    mine = [bell for bell in bells if bell[0] in known]
    state = State(
        max((bell[2] for bell in mine), default=0),
        sum(bell[1] for bell in mine),
        sum(bell[3] for bell in mine),
        packages.get(seat.package, 0),
    )
    if before is not None:
        # What was read comes up no more; the newest that the page knows of stays the mark.
        state = replace(state, last=max(state.last, before.last), known=before.known)
        if state.id == before.id and state.known is not None:
            return Look(state)
    return _news(seat, before, state, known)


def _news(seat: Seat, before: State | None, state: State, known: frozenset[str]) -> Look:
    unread = (Notice.post == seat.post) & Notice.seen.is_null()
    rows: Any = Notice.select(Notice.id, Notice.urgency).order_by(Notice.id.desc()).limit(NEWEST)
    newest = dict(rows.where(unread & Notice.plugin.in_(sorted(known))).tuples())
    state = replace(state, known=frozenset(newest))
    if before is None:
        return Look(state)
    came = [urgency for number, urgency in newest.items() if _is_new(number, before)]
    wish, moment = wish_of(seat.person), now()
    if not came or not wish.popup:
        return Look(state)
    heard = [urgency for urgency in came if may_pop(wish, moment, urgency)]
    urgent = not AT_ANY_HOUR.isdisjoint(heard)
    return Look(state, len(heard), urgent, bool(heard and wish.sound))


def _is_new(number: int, before: State) -> bool:
    """Whether a notice was not there at the look before, though its number may be lower."""
    if number > before.last or before.known is None:
        return number > before.last
    # Those that came up from below the newest, because newer ones were read, are not new.
    oldest = min(before.known) if len(before.known) == NEWEST else 0
    return number not in before.known and number > oldest


class Stream:
    """What one page is sent. :ivar state: what it knows already."""

    def __init__(self, seat: Seat, state: State | None) -> None:
        self.seat, self.state = seat, state
        self._first, self._found, self._changed = True, Look(State()), asyncio.Event()

    def take(self, found: Look) -> None:
        """Take what a look has found; the page is sent it if it is anything new."""
        if not self._first and found.state == self.state and not found.over:
            return
        self._first, self.state = False, found.state
        waiting = self._changed.is_set()
        # Not a queue: a page that reads slowly is sent how things stand, once.
        self._found = replace(
            found,
            news=found.news + (self._found.news if waiting else 0),
            urgent=found.urgent or (waiting and self._found.urgent),
            sound=found.sound or (waiting and self._found.sound),
        )
        self._changed.set()

    async def next(self, seconds: float) -> Look | None:
        """The next thing to send; None when there was nothing for so long."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return None
        self._changed.clear()
        return self._found

    def end(self) -> None:
        """Wake it to be ended."""
        self._changed.set()


class _Room(Struct):
    """The streams of one event loop, and the task that looks for them."""

    streams: set[Stream] = field(default_factory=set)
    task: asyncio.Task[None] | None = None


class Hub:
    """All streams of this process, with a limit of them all, of each session and each person.

    The figures are attributes, so that a test need not open thousands.
    """

    def __init__(self) -> None:
        self.most, self.of_session, self.of_person = 2000, 8, 24
        self.each, self.beat, self.life = 0.5, 15.0, 1800.0
        self.closing = False
        self._rooms: WeakKeyDictionary[asyncio.AbstractEventLoop, _Room] = WeakKeyDictionary()
        self._open: Counter[str] = Counter()
        self._persons: Counter[str] = Counter()
        self._told = ""

    @asynccontextmanager
    async def place(self, seat: Seat, state: State | None) -> AsyncIterator[Stream]:
        """A stream for a page; ``portal.busy`` where there are too many."""
        full = self._open.total() >= self.most or self._open[seat.session] >= self.of_session
        # Whoever signs in again and again gets no more of them.
        full = full or self._persons[seat.person] >= self.of_person
        if full or self.closing:
            raise busy()
        room = self._rooms.setdefault(asyncio.get_running_loop(), _Room())
        stream = Stream(seat, state)
        self._open[seat.session] += 1
        self._persons[seat.person] += 1
        room.streams.add(stream)
        if room.task is None or room.task.done():
            room.task = asyncio.create_task(self._watch(room))
        try:
            yield stream
        finally:
            room.streams.discard(stream)
            self._open[seat.session] -= 1
            self._persons[seat.person] -= 1
            self._open += Counter()  # forgets who has none
            self._persons += Counter()

    def count(self) -> int:
        """How many streams are open."""
        return self._open.total()

    async def _watch(self, room: _Room) -> None:
        while room.streams and not self.closing:
            try:
                await self._look(list(room.streams))
            except (OfficeError, peewee.DatabaseError) as error:
                # Nobody is told anything wrong: the next look finds it all the same.
                _log.warning("live.look: %s", error)
            except Exception as error:
                # A defect: all pages of this process would stand still for ever if it ended here.
                self._tell(error)
            else:
                self._told = ""
            await asyncio.sleep(self.each)

    async def _look(self, streams: list[Stream]) -> None:
        asked = [(stream.seat, stream.state) for stream in streams]
        for stream, found in zip(streams, await run_in_threadpool(look, asked), strict=True):
            stream.take(found)

    def _tell(self, error: Exception) -> None:
        """Write a defect down once, not twice a second for as long as it lasts."""
        which = f"{type(error).__name__} {places(error)[-1:]}"
        if which != self._told:
            self._told = which
            number = incidents.keep(error, "live.look", settings().instance)
            logs.event("incident", logging.ERROR, incident=number)

    def going(self) -> bool:
        """Whether streams go on: the server does not stop."""
        return not self.closing

    def close(self) -> None:
        """Let all pages go: the server stops, and they come again to the next one."""
        self.closing = True
        for room in self._rooms.values():
            for stream in room.streams:
                stream.end()


hub = Hub()
