"""The moment of signing: what will be done in words, then the signature, then the result."""

from __future__ import annotations

import json

from starlette.responses import Response

from kernel.acts import answers
from kernel.acts.gate import PreparedAct, again, check_desk
from kernel.acts.prepared import kept, ran_out
from kernel.acts.subjects import Subject, find, kinds
from kernel.acts.verbs import verbs
from kernel.errors import NotFound, OfficeError, Stale, Unverified
from kernel.portal.asking import renewed, signature_over, to_sign
from kernel.portal.conflict import Difference, beside, page_of
from kernel.portal.ctx import Ctx
from kernel.portal.i18n import _, speaking
from kernel.portal.ink import picture
from kernel.portal.page import Message
from kernel.portal.parts import Confirm
from kernel.portal.urls import safe_path, url

INK = "ink"
"""The argument of a verb that carries handwriting; it is shown as what it is."""


def _argument(name: str, value: object) -> str | tuple[str, ...]:
    if name == INK:
        return picture(str(value))
    if isinstance(value, list):
        return tuple(str(one) for one in value)
    return str(value)


def consequence_of(ctx: Ctx, prepared: PreparedAct) -> str:
    """What follows from an act, in the language of the page; empty if its verb does not say."""
    if prepared.verb.confirm is None:
        return ""
    return in_words(ctx, prepared.verb.confirm(ctx.desk, prepared.subject, **prepared.arguments))


def in_words(ctx: Ctx, said: str | tuple[str, str]) -> str:
    """What a verb says of its consequence, in the language of the page."""
    return str(said) if not isinstance(said, tuple) else said[ctx.language == "en"]


def confirm_page(ctx: Ctx, prepared: PreparedAct) -> Response:
    """Show a prepared act: the summary, the consequence, the digest of the bytes to sign."""
    verb, english = prepared.verb, ctx.language == "en"
    with speaking(ctx.language):
        facts: list[tuple[str, str | tuple[str, ...]]] = list(prepared.summary())
        shown = [name for name in verb.private if prepared.arguments.get(name)]
        facts += [(_("意见或理由"), _argument(name, prepared.arguments[name])) for name in shown]
        facts.append((_("办理人"), f"{ctx.desk.unit.name} {ctx.desk.post.title} {ctx.desk.name}"))
        consequence = consequence_of(ctx, prepared)
        form_at = _form_at(ctx)
        item = Confirm(
            title=verb.title_en if english else verb.title,
            facts=tuple(facts),
            action=url("confirm"),
            digest=prepared.statement.digest.removeprefix("sha256:"),
            consequence=consequence,
            hidden={"nonce": prepared.nonce} | ({"form": form_at} if form_at else {}),
            back=form_at or prepared.back,
        )
    text = json.dumps(prepared.statement.facts, ensure_ascii=False, indent=1)
    ask = to_sign(ctx, prepared.statement.bytes)
    return ctx.render("acts/confirm.html", title=item.title, item=item, signed=text, ask=ask)


def _form_at(ctx: Ctx) -> str:
    """Where the form stands that was filled in for it, if it is not the page it goes back to."""
    return safe_path(str((ctx.form if ctx.posted else ctx.query).get("form", "")), "")


def confirm(ctx: Ctx) -> Response:
    """Show what was prepared; on POST sign with the key of this desk and perform the act.

    A page of its own address, so that going back or reloading never asks to send a form again.
    """
    nonce = str((ctx.form if ctx.posted else ctx.query).get("nonce", ""))
    outcome = answers.of_nonce(ctx.desk, nonce)
    if outcome is not None:
        return _told(ctx, outcome)
    prepared = kept(ctx.desk, nonce)
    check_desk(ctx.desk, prepared.statement)
    if not ctx.posted:
        return confirm_page(ctx, prepared)
    return _anew(ctx, prepared) if ran_out(prepared) else _sign(ctx, prepared)


def _anew(ctx: Ctx, before: PreparedAct) -> Response:
    """What ran out while its person was reading is shown to him once more before he signs."""
    subject, ref = before.subject, before.statement.facts["object"]
    if subject is not None and (subject.version, subject.digest()) != (
        ref["version"],
        ref["digest"],
    ):
        return _changed(ctx, before)
    prepared = again(ctx.desk, before.nonce)
    with speaking(ctx.language):
        ctx.say(_("超过两分钟没有签名，已为您重新准备。请再核对一遍，然后签名。"), "warn")
    place = {"form": form_at} if (form_at := _form_at(ctx)) else {}
    return ctx.go("confirm", nonce=prepared.nonce, **place)


def _sign(ctx: Ctx, prepared: PreparedAct) -> Response:
    try:
        ctx.finish(prepared, signature_over(ctx, prepared.statement.bytes))
    except Unverified as error:
        # The key or its answer was the wrong one; the act waits for another try.
        ctx.said.append(Message("danger", error.text(ctx.language)))
        return ctx.go("confirm", nonce=prepared.nonce)
    except OfficeError as error:
        outcome = answers.of_nonce(ctx.desk, prepared.nonce)
        if outcome is not None and not outcome.lost:  # the same form was quicker elsewhere
            return _told(ctx, outcome)
        if isinstance(error, Stale):
            return _changed(ctx, prepared)
        if not prepared.back:
            raise
        ctx.said.append(Message("danger", error.text(ctx.language)))
        return ctx.go_to(prepared.back)
    outcome = answers.of_nonce(ctx.desk, prepared.nonce)
    return renewed(ctx, ctx.go("home") if outcome is None else _told(ctx, outcome))


def _changed(ctx: Ctx, prepared: PreparedAct) -> Response:
    """Somebody was there first: what he did, and what this person wrote is kept."""
    subject, seen = _subject_of(prepared), prepared.statement.facts["object"]["version"]
    written = [
        (name, str(prepared.arguments[name])) for name in prepared.verb.private if name != INK
    ]
    with speaking(ctx.language):
        kept = [Difference(_("意见或理由"), tuple(beside(text.splitlines(), ())))
                for _name, text in written if text]  # fmt: skip
        return page_of(
            ctx, find(type(subject), subject.uid, ctx.desk), seen, differences=kept,
            fresh=prepared.back or url("home"), action=url("confirm:again"),
            hidden=[("nonce", prepared.nonce)],
        )  # fmt: skip


def _subject_of(prepared: PreparedAct) -> Subject:
    if prepared.subject is None:
        raise TypeError("what has no object cannot be stale")
    return prepared.subject


def again_page(ctx: Ctx) -> Response:
    """Prepare the same once more, on the object as it is now, and show it."""
    prepared = again(ctx.desk, str(ctx.form.get("nonce", "")))
    return ctx.go("confirm", nonce=prepared.nonce)


def _object(ctx: Ctx, outcome: answers.Outcome) -> Subject | None:
    """What it was done to, as it is now; None where there is nothing, or it left this desk."""
    kind, uid = outcome.about
    if not kind:
        return None
    try:
        return find(kinds().get(kind), uid, ctx.desk)
    except NotFound:  # it left this desk with the act
        return None


def _about(ctx: Ctx, outcome: answers.Outcome) -> str:
    """What people call its object: after several in a row it has to be told which one was done."""
    found = _object(ctx, outcome)
    return "" if found is None else found.label()


def _said_after(ctx: Ctx, outcome: answers.Outcome) -> str:
    """What the verb itself says once it is done, and of what; empty if it leaves that to us."""
    verb, about = verbs().find(outcome.verb), _object(ctx, outcome)
    if verb is None or verb.after is None or (callable(verb.after) and about is None):
        return ""
    said = in_words(ctx, verb.after(about) if callable(verb.after) else verb.after)
    return said if about is None else _("%(title)s：%(said)s", title=about.label(), said=said)


def _told(ctx: Ctx, outcome: answers.Outcome) -> Response:
    """The result of an act, the same for who sends it once and who sends it again."""
    place = outcome.place or url("home")
    with speaking(ctx.language):
        name = verbs().title_of(outcome.verb, ctx.language)
        if outcome.lost:
            ctx.say(_("“%(verb)s”没有办成：他人先办理了此件。请查看最新情况。", verb=name), "warn")
        elif outcome.proposed:
            ctx.say(_("“%(verb)s”已提出，等待另一人复核。", verb=name))
        elif said := _said_after(ctx, outcome):
            ctx.say_done(said, place)
        elif about := _about(ctx, outcome):
            ctx.say_done(_("“%(verb)s”已完成：%(title)s。", verb=name, title=about), place)
        else:
            ctx.say_done(_("“%(verb)s”已完成。", verb=name), place)
    return ctx.go_to(place)
