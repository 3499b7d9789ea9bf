"""Signing in and out, each with its leaf in the log: who was at which desk, and when."""

from __future__ import annotations

from kernel.acts.verbs import act
from kernel.identity.desk import Desk


@act("house.sign_in", title="登录", title_en="Sign in", level="read", weight="recorded")
def sign_in(desk: Desk) -> None:
    """A person took his desk, proved by his key."""


@act("house.sign_out", title="退出登录", title_en="Sign out", level="read", weight="recorded")
def sign_out(desk: Desk) -> None:
    """A person left his desk."""
