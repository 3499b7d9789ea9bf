"""Steps as data: who does what, who acts next, where it may be sent back. See ``face``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kernel.api import ReconcilerIn, hookimpl


@hookimpl
def register_reconcilers() -> Sequence[Callable[..., Any]]:
    """Steps that were done, and whose the present ones are, against the acts behind them."""
    return [ReconcilerIn("plugins.workflow.proving")]
