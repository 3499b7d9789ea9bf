"""A token in every form that posts, whoever wrote the template: it names what is sent twice, and
the desk that the form was drawn for."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from jinja2 import Environment
from jinja2.ext import Extension
from markupsafe import Markup

from kernel.deferred import pattern
from kernel.identity.desk import Desk

FIELD = "once"
_FORM = pattern(r'<form\b(?:"[^"]*"|\{\{.*?\}\}|\{%.*?%\}|[^">])*>', re.DOTALL)


class FormTokens(Extension):
    """Adds the token to the forms in the source of each template, once, when it is compiled."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.globals["form_token"] = form_token

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """The source with ``{{ form_token() }}`` at the beginning of each form that posts."""
        return _FORM.sub(_with_token, source)


def _with_token(form: re.Match[str]) -> str:
    tag = form.group(0)
    return f"{tag}{{{{ form_token() }}}}" if 'method="post"' in tag else tag


_DESK: ContextVar[str] = ContextVar("desk", default="")


@contextmanager
def drawn_for(desk: Desk | None) -> Iterator[None]:
    """Forms that are drawn within name this desk."""
    before = _DESK.set(mark_of(desk))
    try:
        yield
    finally:
        _DESK.reset(before)


def of_another_desk(token: str, desk: Desk | None) -> bool:
    """Whether a form says that it was drawn for another person, post or delegation than who sends
    it: it was open while he went to another desk, or somebody else signed in, in another tab."""
    drawn = token.partition(".")[2]
    return drawn not in ("", mark_of(desk))


def mark_of(desk: Desk | None) -> str:
    """Names a desk (person, post, delegation) and says nothing of it; empty for none."""
    if desk is None:
        return ""
    acting = desk.acting.delegation if desk.acting is not None else ""
    who = f"{desk.person.uid} {desk.post.uid} {acting}"
    return hashlib.sha256(who.encode()).hexdigest()[:12]


def form_token() -> Markup:
    """A hidden field with a token that nobody else has."""
    token = f"{secrets.token_urlsafe(12)}.{_DESK.get()}"
    return Markup(f'<input type="hidden" name="{FIELD}" value="{token}">')  # noqa: S704  # its signs need no escaping
