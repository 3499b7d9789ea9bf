"""What is made when it is first used, because no start needs it: patterns, foreign modules."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any


class Deferred:
    """Stands for a thing, by all its attributes; each is asked for once. :param make: makes it.

    It may be made twice where two threads are first at once; so only what is the same each time.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    def __getattr__(self, name: str) -> Any:
        """Only asked for what is not here yet."""
        if name.startswith("__"):  # what copying and pickling look for is not the thing's own
            raise AttributeError(name)
        found = getattr(self._make(), name)
        setattr(self, name, found)
        return found


if TYPE_CHECKING:
    pattern = re.compile
else:

    def pattern(text: Any, flags: int = 0) -> Any:
        """:func:`re.compile` on first use; for ``it.match(…)``, not to be handed to :mod:`re`."""
        return Deferred(partial(re.compile, text, flags))
