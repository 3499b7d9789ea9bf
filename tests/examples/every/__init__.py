"""Every hook once, as small as it goes: for the tests, and to copy from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import click
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from kernel.api import (
    Authenticator,
    Brief,
    CalendarItem,
    Ctx,
    Delivery,
    Desk,
    ExchangeKind,
    Level,
    MenuItem,
    Move,
    Panel,
    Ref,
    Signature,
    Subject,
    Unverified,
    Verb,
    contents_of,
    hookimpl,
    load_settings,
    open_node,
    page,
    url,
)
from plugins.every import acts
from plugins.every.models import Thing


class Stamp:
    """An authenticator whose signature is a fixed stamp: it proves nothing."""

    kind = "every"
    title = "图章"

    def verify(self, statement: dict[str, Any], data: bytes, signature: Signature) -> None:
        """Take the stamp and nothing else."""
        if signature.value != b"stamp":
            raise Unverified("every.stamp", "没有盖图章。", "There is no stamp on it.")

    def sign(self, credential: str, data: bytes) -> Signature | None:
        """Stamp it."""
        return Signature(self.kind, b"stamp")

    def make_keys(self, credentials: Sequence[str]) -> dict[str, str]:
        """There are none."""
        return {}


@page("/here", name="here", level="every.ring")
def here(ctx: Ctx) -> Response:
    """The one page."""
    return PlainTextResponse("here")


@hookimpl
def register_verbs() -> Sequence[Callable[..., Any]]:
    """Three of three weights."""
    return [acts.ring, acts.address, acts.send]


@hookimpl
def register_subjects() -> Sequence[type[Subject]]:
    """The thing."""
    return [Thing]


@hookimpl
def register_levels() -> Sequence[Level]:
    """One level, for clerks."""
    return [Level("every.ring", "按铃", "Ring", ("document_clerk",))]


@hookimpl
def register_routes() -> Sequence[Route]:
    """One page."""
    return [here]


@hookimpl
def register_kinds() -> Sequence[ExchangeKind]:
    """One payload type."""
    return [ExchangeKind("every.letter", "便函", "Letter")]


@hookimpl
def register_handlers() -> dict[str, Callable[[dict[str, Any]], None]]:
    """One effect."""
    return {"every.note": acts.note}


@hookimpl
def register_reconcilers() -> Sequence[Callable[..., Any]]:
    """What was sent still says what was signed."""
    return [acts.reconcile]


@hookimpl
def register_authenticators() -> Sequence[Authenticator]:
    """The stamp."""
    return [Stamp()]


@hookimpl
def register_commands(cli: click.Group) -> None:
    """``manage.py every`` lists the things."""

    @cli.command("every")
    def every() -> None:
        """列出全部 List the things."""
        with open_node(load_settings(click.get_current_context().find_root().params["instance"])):
            for text in acts.things():
                click.echo(text)


@hookimpl
def menu_items(desk: Desk) -> Sequence[MenuItem]:
    """An entry for those who may ring."""
    return [MenuItem("按铃处", url("every:here"), "bell")] if desk.has("every.ring") else []


@hookimpl
def home_panels(desk: Desk) -> Sequence[Panel]:
    """A card that greets."""
    return [Panel("铃声", "every/panel.html", {"who": desk.person.name})]


@hookimpl
def calendar_items(desk: Desk, first: date, last: date) -> Sequence[CalendarItem]:
    """The bell rings on the second day."""
    return [CalendarItem(first + timedelta(days=1), "铃响之日", url("every:here"))]


@hookimpl
def home_actions(desk: Desk) -> Sequence[MenuItem]:
    """A button for those who may ring."""
    return [MenuItem("马上按铃", url("every:here"), "bell")] if desk.has("every.ring") else []


@hookimpl
def search_links(desk: Desk, text: str) -> Sequence[MenuItem]:
    """Where bells are looked for."""
    return [MenuItem(f"按铃声找“{text}”", url("every:here"), "bell")]


@hookimpl
def brief(desk: Desk, refs: Sequence[Ref]) -> Mapping[str, Brief]:
    """How loud it is, and a button that rings again."""
    move = Move("再按一次", url("every:here"), "primary", "bell")
    return {ref.uid: Brief([("音量", "响亮")], moves=[move]) for ref in refs}


@hookimpl
def scan(texts: Sequence[str], of: str) -> tuple[str, str] | None:
    """Refuse a word."""
    if not any("禁用词" in text for text in texts):
        return None
    return "内容里有禁用词，请删除后再试。", "It holds a banned word; remove it and try again."


@hookimpl
def guard(desk: Desk, verb: Verb, subject: Subject | None) -> tuple[str, str] | None:
    """Keep what is called 封存 from leaving or going back."""
    kept = subject is not None and subject.label().startswith("封存")
    if not kept or verb.weight != "signed":
        return None
    return "已封存，不能办理。请先到档案室解除封存。", "It is put away; have it released first."


@hookimpl
def signed_for(desk: Desk, delivery: Delivery) -> None:
    """Keep what arrived."""
    payload = contents_of(delivery.package).payload or {}
    Thing.create(organ=desk.organ_code, text=f"收到：{payload['text']}")
