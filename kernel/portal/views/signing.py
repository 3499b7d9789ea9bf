"""The moment of signing: what will be done in words, then the signature, then the result."""

from __future__ import annotations

import json

from starlette.responses import Response

from kernel.acts.gate import PreparedAct, recall
from kernel.errors import OfficeError, Unverified
from kernel.portal.asking import renewed, signature_over, to_sign
from kernel.portal.ctx import Ctx
from kernel.portal.i18n import _, speaking
from kernel.portal.page import Message
from kernel.portal.parts import Confirm
from kernel.portal.routing import SIGNED_IN, page
from kernel.portal.urls import url


def _argument(value: object) -> str | tuple[str, ...]:
    if isinstance(value, list):
        return tuple(str(one) for one in value)
    return str(value)


def confirm_page(ctx: Ctx, prepared: PreparedAct) -> Response:
    """Show a prepared act: the summary, the consequence, the digest of the bytes to sign."""
    verb, english = prepared.verb, ctx.language == "en"
    with speaking(ctx.language):
        facts: list[tuple[str, str | tuple[str, ...]]] = list(prepared.summary())
        shown = [name for name in verb.private if prepared.arguments.get(name)]
        facts += [(_("意见或理由"), _argument(prepared.arguments[name])) for name in shown]
        facts.append(
            (_("办理人"), f"{ctx.desk.unit.name} {ctx.desk.post.title} {ctx.desk.person.name}")
        )
        consequence = ""
        if verb.confirm is not None:
            consequence = str(verb.confirm(ctx.desk, prepared.subject, **prepared.arguments))
        item = Confirm(
            title=verb.title_en if english else verb.title,
            facts=tuple(facts),
            action=url("confirm"),
            digest=prepared.statement.digest.removeprefix("sha256:"),
            consequence=consequence,
            hidden={"nonce": prepared.nonce},
            back=prepared.back,
        )
    text = json.dumps(prepared.statement.facts, ensure_ascii=False, indent=1)
    ask = to_sign(ctx, prepared.statement.bytes)
    return ctx.render("acts/confirm.html", title=item.title, item=item, signed=text, ask=ask)


@page("/acts/confirm", name="confirm", level=SIGNED_IN, methods=("GET", "POST"), weight="signed")
def confirm(ctx: Ctx) -> Response:
    """Show what was prepared; on POST sign with the key of this desk and perform the act.

    A page of its own address, so that going back or reloading never asks to send a form again.
    """
    if not ctx.posted:
        return confirm_page(ctx, recall(ctx.desk, ctx.query.get("nonce", "")))
    prepared = recall(ctx.desk, ctx.form.get("nonce", ""))
    try:
        done = ctx.finish(prepared, signature_over(ctx, prepared.statement.bytes))
    except Unverified as error:
        # The key or its answer was the wrong one; the act waits for another try.
        ctx.said.append(Message("danger", error.text(ctx.language)))
        return ctx.go("confirm", nonce=prepared.nonce)
    except OfficeError as error:
        if not prepared.back:
            raise
        ctx.said.append(Message("danger", error.text(ctx.language)))
        return ctx.go_to(prepared.back)
    verb = prepared.verb
    with speaking(ctx.language):
        name = verb.title_en if ctx.language == "en" else verb.title
        text = (
            _("“%(verb)s”已提出，等待另一人复核。", verb=name)
            if done.proposed
            else _("“%(verb)s”已完成。", verb=name)
        )
    ctx.say(text)
    return renewed(ctx, ctx.go_to(prepared.back or url("home")))
