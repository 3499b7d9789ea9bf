"""Payload types that travel through the exchange; each belongs to a plugin."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from kernel.slots import Slot


class ExchangeKind(Struct, frozen=True):
    """A payload type: ``documents.document``, schema 1. The plugin is the first part of it."""

    type: str
    title: str
    title_en: str
    schema: int = 1

    @property
    def plugin(self) -> str:
        """Who owns it and is told when one was signed for."""
        return self.type.partition(".")[0]


class ExchangeKinds:
    """All payload types of this node."""

    def __init__(self, found: Iterable[ExchangeKind]) -> None:
        self._kinds = {one.type: one for one in found}

    def get(self, type_: str) -> ExchangeKind | None:
        """The kind, or None if no plugin here knows it."""
        return self._kinds.get(type_)


exchange_kinds: Slot[ExchangeKinds] = Slot("exchange_kinds")
