"""Where the parts of the open node are found.

One process serves one node. Opening it fills the slots; every room reads the parts below it from
there instead of passing them through each call. Tests open many nodes one after the other.
"""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Slot(Generic[T]):
    """A place for one part of the open node: ``blobs = Slot("blobs")``, later ``blobs()``."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._part: T | None = None

    def fill(self, part: T) -> T:
        """Put the part in (opening a node) and give it back."""
        self._part = part
        return part

    def clear(self) -> None:
        """Take the part out (closing a node)."""
        self._part = None

    @property
    def filled(self) -> bool:
        """Whether a node is open that has this part."""
        return self._part is not None

    def __call__(self) -> T:
        """The part; a RuntimeError when no node is open, which is a defect of the caller."""
        if self._part is None:
            raise RuntimeError(f"no node is open: the slot {self._name!r} is empty")
        return self._part
