"""Errands: a whole plugin in small, to prove that the kernel is not cut for documents."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from kernel.api import (
    Ctx,
    Delivery,
    Desk,
    ExchangeKind,
    Level,
    MenuItem,
    Panel,
    Subject,
    Verb,
    contents_of,
    hookimpl,
    page,
    url,
)
from plugins.errands import acts
from plugins.errands.models import Errand


@page("/{uid}", name="errand", level="errands.ask")
def errand(ctx: Ctx, uid: str) -> Response:
    """One errand."""
    return PlainTextResponse(ctx.get(Errand, uid).text)


@page("/", name="all", level="errands.ask")
def everything(ctx: Ctx) -> Response:
    """All that the desk may see."""
    rows = Errand.select().where(Errand.visible(ctx.desk)).order_by(Errand.id)
    return PlainTextResponse("\n".join(row.text for row in rows))


@hookimpl
def register_verbs() -> Sequence[Callable[..., Any]]:
    """All weights, and one of the node."""
    return [acts.ask, acts.edit, acts.finish, acts.address, acts.send, acts.tidy]


@hookimpl
def register_subjects() -> Sequence[type[Subject]]:
    """The errand."""
    return [Errand]


@hookimpl
def register_levels() -> Sequence[Level]:
    """Drafters and clerks ask, clerks run."""
    return [
        Level("errands.ask", "交办", "Ask", ("drafter", "document_clerk")),
        Level("errands.run", "跑腿", "Run", ("document_clerk",)),
    ]


@hookimpl
def register_routes() -> Sequence[Route]:
    """The list and one errand."""
    return [everything, errand]


@hookimpl
def register_kinds() -> Sequence[ExchangeKind]:
    """Errands travel, too."""
    return [ExchangeKind("errands.errand", "跑腿单", "Errand")]


@hookimpl
def menu_items(desk: Desk) -> Sequence[MenuItem]:
    """One entry."""
    return [MenuItem("跑腿单", url("errands:all"), "forward")]


@hookimpl
def home_panels(desk: Desk) -> Sequence[Panel]:
    """One card."""
    return [Panel("跑腿情况", "errands/panel.html")]


@hookimpl
def guard(desk: Desk, verb: Verb, subject: Subject | None) -> tuple[str, str] | str | None:
    """Keep what is called 暂停 where it is; break on what is called 故障, hang on 卡住."""
    label = subject.label() if subject is not None else ""
    if label.startswith("故障"):
        raise RuntimeError("the guard broke")
    if label.startswith("卡住"):
        threading.Event().wait(30)
    if label.startswith("乱答"):
        return 7  # type: ignore[return-value]  # what no guard should answer
    if label.startswith("空答"):
        return ""
    if label.startswith("退出"):
        raise SystemExit(3)
    if label.startswith("半答"):
        return "只有中文。", ""
    if label.startswith("单答"):
        return "此单只有中文说明。"
    if label.startswith("暂停"):
        return "此单已暂停，请先恢复。", "This errand is on hold; take it up first."
    return None


@hookimpl
def signed_for(desk: Desk, delivery: Delivery) -> None:
    """What another unit passed on becomes an errand here."""
    acts.new(desk, str((contents_of(delivery.package).payload or {})["text"]))
