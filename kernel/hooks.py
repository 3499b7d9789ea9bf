"""Every hook of the house. The docstring of a hook is its reference; PLUGINS.md repeats it.

Each hook has a *policy* (how the answers are put together) and an *audience* (which plugins are
asked):

=========  ====================================================================================
collect    asked once, when the node opens; the answers are checked and kept
gather     all answers, each plugin isolated: one that raises is reported and left out
veto       any refusal wins, and an exception refuses too: it fails closed
notify     told after the fact; a plugin that raises is reported
=========  ====================================================================================

``installed`` means every healthy plugin, ``enabled`` those switched on for the organ concerned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import pluggy
from msgspec import Struct

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    import click
    from starlette.routing import Route

    from kernel.acts.agenda import Waiting
    from kernel.acts.generated import Generation
    from kernel.acts.subjects import Ref, Subject
    from kernel.acts.verbs import Verb
    from kernel.exchange.kinds import ExchangeKind
    from kernel.exchange.models import Delivery
    from kernel.identity.authenticators import Authenticator
    from kernel.identity.desk import Desk
    from kernel.identity.rights import Level
    from kernel.portal.brief import Brief
    from kernel.portal.month import CalendarItem
    from kernel.portal.page import MenuItem
    from kernel.portal.panels import Panel
    from kernel.storage.log_check import Reconciler

Policy = Literal["collect", "gather", "veto", "notify"]
Audience = Literal["installed", "enabled"]
F = TypeVar("F", bound=Callable[..., Any])

PROJECT = "juyan"
hookimpl = pluggy.HookimplMarker(PROJECT)
_spec = pluggy.HookspecMarker(PROJECT)


class HookFacts(Struct, frozen=True):
    """The policy and the audience of one hook, read by the bus, the reference and the tests."""

    name: str
    policy: Policy
    audience: Audience
    doc: str


FACTS: dict[str, HookFacts] = {}


def hook(policy: Policy, audience: Audience) -> Callable[[F], F]:
    """Declare a hook with its policy and audience."""

    def declare(function: F) -> F:
        name = function.__name__
        FACTS[name] = HookFacts(name, policy, audience, function.__doc__ or "")
        return _spec(function)

    return declare


# What a plugin brings, collected when the node opens


@hook("collect", "installed")
def register_verbs() -> Sequence[Callable[..., Any]]:
    """The plugin's verbs: functions decorated with ``@act``."""


@hook("collect", "installed")
def register_subjects() -> Sequence[type[Subject]]:
    """The plugin's objects that acts are done on; each kind starts with the plugin's name."""


@hook("collect", "installed")
def register_levels() -> Sequence[Level]:
    """The few levels of rights that the plugin knows, with the roles that hold them."""


@hook("collect", "installed")
def register_routes() -> Sequence[Route]:
    """The plugin's pages, relative to its prefix ``/<plugin>``; each made with ``page()``."""


@hook("collect", "installed")
def register_kinds() -> Sequence[ExchangeKind]:
    """The payload types that the plugin sends and receives through the exchange."""


@hook("collect", "installed")
def register_handlers() -> dict[str, Callable[[dict[str, Any]], None]]:
    """Outbox handlers by name ``<plugin>.<what>``: idempotent effects after a commit.

    One that raises ``Unavailable`` is tried again for ever; one that raises anything else is given
    up after 50 times and shown to the system administrator with its reason, who has it done again.
    """


@hook("collect", "installed")
def register_reconcilers() -> Sequence[Reconciler]:
    """What `log verify` asks the plugin: functions that hold its rows against what was signed.

    Each yields `(where, what)` for every row that says something else, names it as
    `<kind> <uid>`, and calls `step(count)` after each stretch of rows. They are asked whether the
    plugin is on or off, and never change anything.
    """


@hook("collect", "installed")
def register_authenticators() -> Sequence[Authenticator]:
    """Ways of proving a person: what signs acts and opens sessions."""


@hook("collect", "installed")
def register_commands(cli: click.Group) -> None:
    """Add commands to the command line."""


# What a plugin shows to a desk


@hook("gather", "enabled")
def menu_items(desk: Desk, waiting: Waiting) -> Sequence[MenuItem]:
    """Entries for the side navigation of this desk. ``waiting.of("notes")`` says how many of the
    plugin's tasks stand there, counted once for the whole page: ``todo``, ``toread``, ``drafts``.
    """


@hook("gather", "enabled")
def home_panels(desk: Desk) -> Sequence[Panel]:
    """Cards for the side column of the home page of this desk."""


@hook("gather", "enabled")
def home_actions(desk: Desk) -> Sequence[MenuItem]:
    """Buttons beside the heading of the home page: what this desk begins most often."""


@hook("gather", "enabled")
def search_links(desk: Desk, text: str) -> Sequence[MenuItem]:
    """Where else this desk can look for what it searches: links above the hits, for what the
    index does not hold."""


@hook("gather", "enabled")
def calendar_items(desk: Desk, first: date, last: date) -> Sequence[CalendarItem]:
    """What this desk finds in its calendar from one day to another, both included: meetings, days
    from which something holds. Deadlines of tasks stand there already."""


@hook("gather", "enabled")
def brief(desk: Desk, refs: Sequence[Ref]) -> Mapping[str, Brief]:
    """What a leader reads on his home page of tasks that wait for this desk, by uid of the object.

    The few facts that he decides by, and what he can do there and then. ``refs`` are objects of the
    plugin's own, at most half a dozen: read them at once, and leave out what has nothing to say.
    """


# What a plugin may forbid


@hook("veto", "installed")
def scan(texts: Sequence[str], of: str) -> tuple[str, str] | str | None:
    """Look at texts before anything is stored; a sentence refuses them and they are not kept.

    The sentence is a pair, Chinese and English, that says what to do.

    ``of`` is the digest of the object that will hold them, or empty. A plugin that also guards
    acts keeps its verdict under this digest, and its guard reads the verdict later.
    """


@hook("veto", "installed")
def guard(desk: Desk, verb: Verb, subject: Subject | None) -> tuple[str, str] | str | None:
    """Refuse an act by a sentence in Chinese and English that says what to do.

    Asked of the plugins whose manifest guards the verb.
    """


# What a plugin is told


@hook("notify", "enabled")
def signed_for(desk: Desk, delivery: Delivery, text: str) -> None:
    """A delivery of one of the plugin's kinds was signed for by the organ of this desk.

    Called within the transaction that records the receipt: what the plugin writes stands or falls
    with it. Only the plugin that owns the kind is told; if it is off, the delivery stays parked.

    ``text`` is how the words of its sealed file begin, for the search; empty where it has none.
    """


@hook("notify", "installed")
def furnish(reference: Path) -> None:
    """A demo node was just founded: leave on the desks what a morning at work looks like.

    ``reference`` is the folder of the reference data. Only ``manage.py demo`` asks for it.
    """


@hook("notify", "installed")
def generate(part: Generation) -> None:
    """Write one part of the rows that ``manage.py generate`` makes up, for measuring.

    Called within the transaction of that part. What is written carries ``part.uid()`` and says
    生成 where people read it; nothing may stand for an act, a signature or a seal.
    """
