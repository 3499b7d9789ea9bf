"""A token in every form that posts, whoever wrote the template: it names what is sent twice."""

from __future__ import annotations

import re
import secrets

from jinja2 import Environment
from jinja2.ext import Extension
from markupsafe import Markup

from kernel.deferred import pattern

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


def form_token() -> Markup:
    """A hidden field with a token that nobody else has."""
    token = secrets.token_urlsafe(12)
    return Markup(f'<input type="hidden" name="{FIELD}" value="{token}">')  # noqa: S704  # its signs need no escaping
