"""Two people on one thing: what changed meanwhile, beside what was typed; nothing typed is lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct
from starlette.responses import Response

from kernel.acts import changes
from kernel.acts.subjects import Subject
from kernel.acts.verbs import verbs
from kernel.portal.ctx import Ctx
from kernel.portal.form_tokens import FIELD
from kernel.portal.forms import Form
from kernel.portal.i18n import _, speaking
from kernel.portal.origin import TOKEN
from kernel.portal.words import whole

KEEP = "keep"
"""The value of ``do`` that asks for the form again, with what was typed and the newest version."""
Field = Any
"""A WTForms field."""


class Line(Struct, frozen=True):
    """One paragraph of both sides; the empty side lacks it."""

    mine: str
    now: str

    @property
    def same(self) -> bool:
        """Whether both say it."""
        return self.mine == self.now


class Difference(Struct, frozen=True):
    """One field in which what was typed is not what stands there now."""

    label: str
    lines: tuple[Line, ...]


def keeping(ctx: Ctx) -> bool:
    """Whether the person wants the form again with what he typed (nothing is to be done yet)."""
    return bool(ctx.posted and ctx.form.get("do") == KEEP)


def conflict(
    ctx: Ctx,
    subject: Subject,
    seen: str,
    typed: Form,
    latest: Form | None = None,
    *,
    fresh: str,
    action: str = "",
) -> Response:
    """The page for who comes second with a form.

    :param seen: the version that his form shows. :param typed: the form as he sent it.
    :param latest: the same form with what is stored now; None where nothing stored is edited.
    :param fresh: where the present state is shown. :param action: where the form is sent to with
        ``do=keep`` (see :func:`keeping`); this address unless given.
    """
    sent = [pair for pair in ctx.form.multi_items() if isinstance(pair[1], str)]
    hidden = [(n, v) for n, v in sent if n not in (FIELD, TOKEN, "version", "do")]
    hidden += [("version", str(subject.version)), ("do", KEEP)]
    with speaking(ctx.language):
        return page_of(
            ctx, subject, whole(seen) or 0,
            differences=differences(typed, latest),
            fresh=fresh, action=action or ctx.request.url.path, hidden=hidden,
        )  # fmt: skip


def page_of(
    ctx: Ctx,
    subject: Subject,
    seen: int,
    *,
    differences: Sequence[Difference],
    fresh: str,
    action: str,
    hidden: Sequence[tuple[str, str]],
) -> Response:
    """Draw it."""
    return ctx.render(
        "acts/conflict.html",
        status=409,
        title=_("此件已有变化"),
        label=subject.label(),
        changes=[
            (verbs().title_of(one.verb, ctx.language), one.person or _("系统"), one.at)
            for one in changes.since(subject, seen)
        ],
        differences=differences,
        fresh=fresh,
        action=action,
        hidden=hidden,
    )


_UNREAD = ("hidden", "file", "ink")
"""The looks of fields that are no words to be compared."""


def differences(typed: Form, latest: Form | None) -> list[Difference]:
    """The fields that differ, side by side; without a second form all that was typed."""
    fields = [field for field in typed if getattr(field, "look", "") not in _UNREAD]
    found = []
    for field in fields:
        stored = None if latest is None else latest[field.name]
        if stored is not None and stored.data is None:
            continue  # asked in the form, and not part of what is stored
        mine, there = _texts(field), [] if stored is None else _texts(stored)
        if mine != there:
            found.append(Difference(str(field.label.text), tuple(beside(mine, there))))
    return found


def _texts(field: Field) -> list[str]:
    """What a field says, as people read it."""
    if hasattr(field, "labels"):
        return [str(label) for label in field.labels()]
    named = {str(value): str(label) for value, label, *_ in getattr(field, "choices", None) or ()}
    text = "" if field.data is None else str(field.data)
    return [line for line in named.get(text, text).splitlines() if line.strip()]


def beside(mine: Sequence[str], there: Sequence[str]) -> Iterable[Line]:
    """Two texts, paragraph beside paragraph."""
    from difflib import SequenceMatcher  # here, because conflicts are rare

    for _tag, a, b, c, d in SequenceMatcher(None, mine, there, autojunk=False).get_opcodes():
        left, right = mine[a:b], there[c:d]
        for n in range(max(len(left), len(right))):
            yield Line(left[n] if n < len(left) else "", right[n] if n < len(right) else "")
