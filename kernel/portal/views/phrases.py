"""My phrases: add, put in order, delete; each with buttons that work without a script."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from kernel.acts.guards import scan
from kernel.errors import Invalid, OfficeError
from kernel.identity import phrases
from kernel.identity.models import Person
from kernel.portal.ctx import Ctx
from kernel.portal.fields import Text
from kernel.portal.forms import Form
from kernel.portal.i18n import _, _l, speaking
from kernel.portal.urls import url
from kernel.storage.database import transaction


class PhraseForm(Form):
    """A new phrase."""

    text = Text(
        _l("新的常用意见"),
        limit=phrases.LONGEST,
        required=True,
        hint=_l("写意见时点选即可填入，还可以修改。只有您自己看得到。"),
    )


def phrases_page(ctx: Ctx) -> Response:
    """The phrases of this person, and a field for another one."""
    with speaking(ctx.language):
        form = PhraseForm(ctx.form)
        if not ctx.posted:
            return _show(ctx, form)
        if not form.validate():
            return _show(ctx, form, 422)
        try:
            scan(form.text.data or "")
            with transaction():
                phrases.add(ctx.desk.person, form.text.data or "")
        except OfficeError as error:
            form.refuse(error)
            return _show(ctx, form, error.status)
        ctx.say(_("已添加。写意见时会排在前面。"))
        return ctx.go("phrases")


def _show(ctx: Ctx, form: PhraseForm, status: int = 200) -> Response:
    return ctx.render(
        "account/phrases.html",
        status=status,
        title=_("常用意见"),
        form=form,
        kept=phrases.of(ctx.desk.person),
        most=phrases.MOST,
    )


def _stay(person: Person, uid: str) -> None:
    phrases.move(person, uid, 0)


def _up(person: Person, uid: str) -> None:
    phrases.move(person, uid, -1)


def _down(person: Person, uid: str) -> None:
    phrases.move(person, uid, 1)


_DOES: dict[str, Callable[[Person, str], None]] = {
    "up": _up,
    "down": _down,
    "delete": phrases.remove,
}


def phrase_page(ctx: Ctx, uid: str) -> Response:
    """Move a phrase up or down, or delete it: ``do`` is ``up``, ``down`` or ``delete``."""
    do = str(ctx.form.get("do", ""))
    with transaction():
        # What is not his is not there, whatever is asked of it.
        _DOES.get(do, _stay)(ctx.desk.person, uid)
    if do not in _DOES:
        raise Invalid(
            "phrases.what",
            "没有这个操作，请用列表中的按钮。",
            "There is no such action; use the buttons of the list.",
        )
    if do == "delete":
        with speaking(ctx.language):
            ctx.say(_("已删除。"))
        return ctx.go("phrases")
    return ctx.go_to(f"{url('phrases')}#p-{uid}")
