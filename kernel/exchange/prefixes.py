"""SHA-256 of the beginnings of a file, each byte hashed about once.

A sealed PDF is asked about three times: all of it (envelope, manifest, dispatch), as it was before
it was sealed (the keeper's act), and without the hole that the seal's signature lies in (the seal).
All three begin alike.
"""

from __future__ import annotations

import hashlib
from functools import cached_property

_STEP = 1 << 14


class Prefixes:
    """Some bytes, and how far their digest was at every step through them."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        # Never more than some hundred steps to remember, however big the file is.
        self._step = max(_STEP, len(data) >> 8)

    def digest(self, end: int | None = None, *more: int) -> bytes:
        """The digest of the first bytes, or of all of them.

        :param more: from where to where it goes on afterwards; what lies between is left out.
        """
        size = len(self._data)
        end = size if end is None else min(end, size)
        step = min(end // self._step, len(self._states) - 1)
        state = self._states[step].copy()
        state.update(self._data[step * self._step : end])
        if more:
            state.update(self._data[slice(*more)])
        return state.digest()

    @cached_property
    def _states(self) -> list[hashlib._Hash]:
        state = hashlib.sha256()
        states = [state.copy()]
        for start in range(0, len(self._data) - self._step + 1, self._step):
            state.update(self._data[start : start + self._step])
            states.append(state.copy())
        return states
