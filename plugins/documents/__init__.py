"""Official documents: drafted, reviewed, signed off, numbered, sealed, sent, and received."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from kernel.api import (
    Brief,
    Delivery,
    Desk,
    ExchangeKind,
    Generation,
    Level,
    MenuItem,
    Panel,
    ReconcilerIn,
    Ref,
    Subject,
    Waiting,
    hookimpl,
)
from plugins.documents import menu, pages
from plugins.documents.acts import LEVELS, VERBS
from plugins.documents.acts.receiving import register
from plugins.documents.acts.sealing import apply_seal
from plugins.documents.models import Document, Incoming


@hookimpl
def register_verbs() -> Sequence[Callable[..., Any]]:
    """Drafting, approving, issuing, receiving."""
    return VERBS


@hookimpl
def register_subjects() -> Sequence[type[Subject]]:
    """Outgoing and incoming documents."""
    return [Document, Incoming]


@hookimpl
def register_levels() -> Sequence[Level]:
    """One level for each place in the flow."""
    return LEVELS


@hookimpl
def register_routes() -> Sequence[Any]:
    """The pages under /documents."""
    return pages.ROUTES


@hookimpl
def register_kinds() -> Sequence[ExchangeKind]:
    """Sealed documents travel as ``documents.document``."""
    return [ExchangeKind("documents.document", "公文", "Official document")]


@hookimpl
def register_handlers() -> dict[str, Callable[[dict[str, Any]], None]]:
    """The signer's work after the keeper's act."""
    return {"documents.apply_seal": apply_seal}


@hookimpl
def register_reconcilers() -> Sequence[Callable[..., Any]]:
    """Documents against the acts on them."""
    return [ReconcilerIn("plugins.documents.proving")]


@hookimpl
def register_commands(cli: click.Group) -> None:
    """``document send`` and ``document show``."""
    from plugins.documents import commands  # here, and in what follows, because no page needs it

    cli.add_command(commands.document)


@hookimpl
def menu_items(desk: Desk, waiting: Waiting) -> Sequence[MenuItem]:
    """Outgoing and incoming documents, for who may see them."""
    return menu.items(desk, waiting)


@hookimpl
def home_actions(desk: Desk) -> Sequence[MenuItem]:
    """Begin a document, for who may draft."""
    return menu.actions(desk)


@hookimpl
def home_panels(desk: Desk) -> Sequence[Panel]:
    """Who has signed for what was sent last."""
    return menu.panels(desk)


@hookimpl
def brief(desk: Desk, refs: Sequence[Ref]) -> Mapping[str, Brief]:
    """What a leader needs to see of a document, and to sign off, return or read it there."""
    return pages.briefs_of(desk, refs)


@hookimpl
def signed_for(desk: Desk, delivery: Delivery, text: str) -> None:
    """Register what was signed for."""
    register(desk, delivery, text)


@hookimpl
def furnish(reference: Path) -> None:
    """A few documents on their way, for a demonstration."""
    from plugins.documents import morning

    morning.furnish(reference)


@hookimpl
def generate(part: Generation) -> None:
    """Made-up documents with the tasks on them, for measuring."""
    from plugins.documents import generated

    generated.write(part)
