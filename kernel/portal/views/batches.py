"""Several at once: all of them are shown, signed with one signature, and each says how it ended."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from kernel.acts import batch as batches
from kernel.acts import outbox, tasks
from kernel.acts.batch import Item, PreparedBatch
from kernel.acts.models import Batch, Task
from kernel.acts.subjects import Subject, find, kinds
from kernel.acts.verbs import Verb, verb_of, verbs
from kernel.errors import Conflict, Invalid, OfficeError
from kernel.exchange.inbound import sign_for
from kernel.exchange.models import Delivery
from kernel.exchange.opening import open_once
from kernel.portal.asking import renewed, signature_over, to_sign
from kernel.portal.ctx import ROOMS, Ctx
from kernel.portal.i18n import _, speaking
from kernel.portal.items import href_of
from kernel.portal.page import Message
from kernel.portal.urls import url
from kernel.portal.views.signing import consequence_of
from kernel.portal.words import whole

PAGE = 50
"""Items on one page; who signs has seen them all, because only the last page has the button."""


def chosen(ctx: Ctx) -> list[str]:
    """The uids that were ticked in a list."""
    return [str(uid) for uid in ctx.form.getlist("t")]


def start(ctx: Ctx, action: Any, subjects: Sequence[Subject], *, back: str) -> Response:
    """Prepare several acts of one verb and go to the page that shows them all."""
    verb = verb_of(action)
    try:
        prepared = batches.prepare_batch(ctx.desk, verb, [(one, {}) for one in subjects], back=back)
    except Invalid as error:
        ctx.said.append(Message("danger", error.text(ctx.language)))
        return ctx.go_to(back)
    if verb.weight != "signed" and prepared.acts:
        _settle(batches.perform_batch(ctx.desk, prepared))
    return ctx.go("batch", nonce=prepared.nonce)


def _settle(items: tuple[Item, ...]) -> None:
    for one in items:
        if one.act:
            outbox.settle(one.act)


def batch_page(ctx: Ctx) -> Response:
    """Show what was chosen; on POST sign all of it at once; afterwards show how each one ended."""
    nonce = str((ctx.form if ctx.posted else ctx.query).get("nonce", ""))
    row = batches.find_batch(ctx.desk, nonce)
    prepared = _waiting(ctx, row)
    if ctx.posted:
        if prepared is not None:
            signature = signature_over(ctx, prepared.statement.bytes)
            _settle(batches.perform_batch(ctx.desk, prepared, signature))
            return renewed(ctx, ctx.go("batch", nonce=nonce))
        return ctx.go("batch", nonce=nonce)
    with speaking(ctx.language):
        return _ended_page(ctx, row) if prepared is None else _confirm_page(ctx, prepared)


def _waiting(ctx: Ctx, row: Batch) -> PreparedBatch | None:
    """The batch, while it waits for its signature; None once it began, ended or ran out."""
    if row.settled:
        return None
    try:
        return batches.recall_batch(ctx.desk, row.nonce)
    except Conflict:
        return None


def _title(ctx: Ctx, verb: Verb) -> str:
    name = verb.title_en if ctx.language == "en" else verb.title
    return _("批量%(verb)s", verb=name)


def _confirm_page(ctx: Ctx, prepared: PreparedBatch) -> Response:
    number = ctx.query.get("page", "1")
    pages = -(-len(prepared.items) // PAGE)
    here = min(max(whole(number) or 1, 1), pages)
    return ctx.render(
        "acts/batch.html",
        title=_title(ctx, prepared.verb),
        batch=prepared,
        rows=_rows(prepared.items[(here - 1) * PAGE : here * PAGE], (here - 1) * PAGE),
        page_number=here,
        pages=pages,
        ask=to_sign(ctx, prepared.statement.bytes) if here == pages else None,
        digest=prepared.statement.digest.removeprefix("sha256:"),
        signed=json.dumps(prepared.statement.facts, ensure_ascii=False, indent=1),
        consequence=consequence_of(ctx, prepared.acts[0]),
        who=f"{ctx.desk.unit.name} {ctx.desk.post.title} {ctx.desk.name}",
    )


def _rows(items: tuple[Item, ...], before: int = 0) -> list[dict[str, Any]]:
    return [
        {"n": before + n, "item": one, "href": href_of(one.kind, one.uid)}
        for n, one in enumerate(items, 1)
    ]


def _ended_page(ctx: Ctx, row: Batch) -> Response:
    items = batches.items_of(row)
    return ctx.render(
        "acts/batch_done.html",
        title=_title(ctx, verbs().get(row.verb)),
        rows=_rows(items),
        done=sum(bool(one.act) for one in items),
        left=sum(not one.act for one in items),
        nonce=row.nonce,
        back=row.back or url("home"),
        english=ctx.language == "en",
    )


def again_page(ctx: Ctx) -> Response:
    """Prepare once more what was not done."""
    row = batches.find_batch(ctx.desk, str(ctx.form.get("nonce", "")))
    left = [one for one in batches.items_of(row) if not one.act]
    subjects = [found for one in left if (found := _found(ctx, one.kind, one.uid))]
    return start(ctx, verbs().get(row.verb), subjects, back=row.back)


def _found(ctx: Ctx, kind: str, uid: str) -> Any:
    """The object; None where it is gone or not this desk's any more."""
    try:
        return find(kinds().get(kind), uid, ctx.desk)
    except OfficeError:
        return None


def sign_for_page(ctx: Ctx) -> Response:
    """Sign for several deliveries: each package is opened and verified first."""
    return _sign_for(ctx, chosen(ctx), url("exchange:inbox"))


def _sign_for(ctx: Ctx, uids: Sequence[str], back: str) -> Response:
    found = [one for uid in uids[: batches.MOST] if (one := _found(ctx, Delivery.kind, uid))]
    for delivery in found:
        open_once(ctx.desk, delivery)
    subjects = [ctx.get(Delivery, one.uid) for one in found]
    return start(ctx, sign_for, subjects, back=back)


def sign_for_tasks_page(ctx: Ctx) -> Response:
    """Sign for the deliveries behind several tasks."""
    rows = [row for row in _ticked(ctx, "todo") if row.kind == Delivery.kind]
    return _sign_for(ctx, [row.subject for row in rows], ctx.onward(url("tasks")))


def read_page(ctx: Ctx) -> Response:
    """Mark several of the tasks to read as read, each by the verb of its own kind.

    Where all of it is done, back to where it was asked for; otherwise a page says what was not.
    """
    back = ctx.onward(url("tasks", tab="toread"))
    rows = _ticked(ctx, "toread")
    with speaking(ctx.language):
        if not rows:
            ctx.say(_("请先勾选要标记为已阅的事项；有的事项须逐件打开办理。"), "danger")
            return ctx.go_to(back)
        ended = [_read(ctx, kind, rows, back) for kind in dict.fromkeys(row.kind for row in rows)]
        done = sum(count for count, _nonce in ended)
        left = next((nonce for _count, nonce in ended if nonce), "")
        if left and len(ended) == 1:
            return ctx.go("batch", nonce=left)
        if done:
            ctx.say(_("%(n)s 件全部办理完毕，已阅。", n=done) if done == len(rows)
                    else _("%(n)s 件已阅。", n=done))  # fmt: skip
        if done < len(rows):
            way = (url("batch", nonce=left), _("查看原因")) if left else ("", "")
            ctx.say(_("%(n)s 件没有标记，请逐件打开办理。", n=len(rows) - done), "warn", *way)
        return ctx.go_to(back)


def _ticked(ctx: Ctx, tab: tasks.Tab) -> list[Task]:
    """The tasks of this desk that were ticked in a tab, at most a batch of them."""
    mine = tasks.query(ctx.desk, tab, ctx.plugins | ROOMS).where(Task.uid.in_(chosen(ctx)))
    return list(mine.order_by(Task.id).limit(batches.MOST))


def _read(ctx: Ctx, kind: str, rows: Sequence[Task], back: str) -> tuple[int, str]:
    """Mark those of one kind: how many were, and the batch that says why others were not."""
    verb = reading_verb(kind)
    mine = [row for row in rows if row.kind == kind]
    found = [one for row in mine if (one := _found(ctx, kind, row.subject))]
    if verb is None or not found:
        return 0, ""
    prepared = batches.prepare_batch(ctx.desk, verb, [(one, {}) for one in found], back=back)
    items = batches.perform_batch(ctx.desk, prepared) if prepared.acts else prepared.items
    _settle(items)
    done = sum(bool(one.act) for one in items)
    return done, "" if done == len(items) else prepared.nonce


def reading_verb(kind: str) -> Verb | None:
    """What "mark as read" does to objects of a kind: its recorded verb that allows batches."""
    cls = kinds().get(kind)
    fits = (one for one in verbs().all() if one.batch and one.weight == "recorded")
    return next((one for one in fits if one.subject is cls and not one.params), None)
