"""The moment of signing: what will be done in words, then the signature, then the result."""

from __future__ import annotations

import json

from starlette.responses import Response

from kernel.acts.gate import PreparedAct, recall
from kernel.errors import OfficeError, Refused
from kernel.identity import credentials
from kernel.identity.authenticators import Signature, authenticators
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
    return ctx.render("acts/confirm.html", title=item.title, item=item, signed=text)


def signature_over(ctx: Ctx, data: bytes) -> Signature:
    """The signature of this desk's key over bytes that its person was shown.

    :raises Refused: ``acts.no_signature``.
    """
    facts = credentials.active(ctx.desk.credential, ctx.desk.person.uid)
    method = authenticators().get(facts["kind"])
    signature = method.sign(ctx.desk.credential, data) if method else None
    if signature is None:
        raise Refused(
            "acts.no_signature",
            "没有收到安全认证插件的签名，请插好插件后重试。",
            "No signature of your key arrived; please try again with it.",
        )
    return signature


@page("/acts/confirm", name="confirm", level=SIGNED_IN, methods=("GET", "POST"), weight="signed")
def confirm(ctx: Ctx) -> Response:
    """Show what was prepared; on POST sign with the key of this desk and perform the act.

    A page of its own address, so that going back or reloading never asks to send a form again.
    """
    if not ctx.posted:
        return confirm_page(ctx, recall(ctx.desk, ctx.query.get("nonce", "")))
    prepared = recall(ctx.desk, ctx.form.get("nonce", ""))
    signature = signature_over(ctx, prepared.statement.bytes)
    try:
        done = ctx.finish(prepared, signature)
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
    return ctx.go_to(prepared.back or url("home"))
