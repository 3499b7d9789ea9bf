"""A held node: why it does not sign, and the form by which two administrators let it go on."""

from __future__ import annotations

from starlette.responses import Response

from kernel.acts import hold, numbers
from kernel.acts.house import resuming
from kernel.crypto.ids import parse_stamp
from kernel.errors import Invalid, OfficeError
from kernel.identity.models import Credential, Person
from kernel.portal.ctx import Ctx
from kernel.portal.forms import Form, Hidden, Paragraphs
from kernel.portal.i18n import _, _l, speaking
from kernel.portal.routing import page
from kernel.portal.urls import url


class ResumeForm(Form):
    """What two persons say about the time since the backup."""

    held = Hidden()
    revoked = Paragraphs(
        _l("此后停用的安全认证插件"),
        hint=_l("每行一个人员姓名或插件编号；没有则留空。"),
        rows=3,
    )
    highest = Paragraphs(
        _l("此后已发出的最大文号"),
        hint=_l(
            "每行一个：单位代码/机关代字/年份=号数，例如 620700-CPCO/市委办发/2026=91。"
            "请与纸质登记簿核对。"
        ),
        rows=5,
    )


@page(
    "/admin/resume",
    name="admin:resume",
    level="house.resume",
    methods=("GET", "POST"),
    weight="signed",
)
def resume_page(ctx: Ctx) -> Response:
    """See why the node is held; propose to go on, which another administrator confirms."""
    facts, status = hold.held(), 200
    with speaking(ctx.language):
        form = ResumeForm(ctx.form, data=_first(facts))
        if ctx.posted:
            try:
                return _propose(ctx, form)
            except OfficeError as error:
                form.refuse(error)
                status = error.status
        return ctx.render(
            "admin/resume.html",
            status=status,
            title=_("恢复运行"),
            held=facts,
            noticed=None if facts is None else parse_stamp(facts["at"]),
            form=form,
        )


def _first(facts: hold.Facts | None) -> dict[str, str]:
    """The numbers that are known to have been given out stand in the form already."""
    known = sorted((facts or {}).get("numbers", {}).items())
    lines = [f"{series}={value}" for series, value in known]
    return {"held": resuming.state(), "highest": "\n".join(lines)}


def _propose(ctx: Ctx, form: ResumeForm) -> Response:
    if not form.validate():
        raise Invalid("node.resume", "没有提交，请先改正。", "Nothing was sent yet; correct it.")
    return ctx.sign(
        resuming.resume,
        None,
        back=url("admin:proposals"),
        held=form.held.data or "",
        revoked=_keys(form.revoked.data or ""),
        highest=_numbers(form.highest.data or ""),
    )


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _keys(text: str) -> list[str]:
    """The credentials that the lines name, by their uid or by their holder."""
    found: list[str] = []
    for line in _lines(text):
        holders = Person.select(Person.uid).where(Person.name == line)
        mine = (Credential.uid == line) | Credential.person.in_(holders)
        uids = [row.uid for row in Credential.select(Credential.uid).where(mine)]
        if not uids:
            raise Invalid(
                "node.resume_key",
                f"没有名为“{line}”的人员或插件，请核对。",
                f"There is no person and no key called {line!r}; please check.",
                field="revoked",
            )
        found += uids
    return sorted(set(found))


def _numbers(text: str) -> dict[str, int]:
    found = {}
    for line in _lines(text):
        series, _equals, value = line.replace("＝", "=").rpartition("=")
        try:
            numbers.check_series(series.strip())
            found[series.strip()] = int(value)
        except (ValueError, Invalid) as error:
            raise Invalid(
                "node.resume_number",
                f"“{line}”写法不对，请写成：单位代码/机关代字/年份=号数。",
                f"{line!r} cannot be read; write organ/name/year=number.",
                field="highest",
            ) from error
    return found
