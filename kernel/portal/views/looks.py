"""The look of an organ: the page that sets it, with its letterhead, and its logo."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from kernel.acts.house.looks import LONGEST, set_look
from kernel.errors import NotFound, OfficeError
from kernel.identity.models import Look
from kernel.identity.units import letterhead
from kernel.portal.ctx import Ctx, renderer
from kernel.portal.fields import Check, Choice, Files, Text
from kernel.portal.forms import Form
from kernel.portal.i18n import _, _l, language, speaking
from kernel.portal.looks import NODE_THEME, look_of
from kernel.storage.blobs import blobs
from kernel.work.workshop import workshop

LARGEST_LOGO = 200 * 1024
TEXTS = tuple(LONGEST)


class LookForm(Form):
    """What an organ can set about its portal."""

    theme = Choice(_l("主题"), hint=_l("留空时与平台一致。"))
    mark = Text(
        _l("方形标识文字"),
        limit=LONGEST["mark"],
        hint=_l("最多四个字，如“市委办公”；留空取单位简称。"),
    )
    logo = Files(
        _l("徽标图片"),
        limit=LARGEST_LOGO,
        accept=".png",
        hint=_l("可不设；正方形 PNG，代替方形标识文字。"),
    )
    no_logo = Check(_l("不再使用现有徽标"))
    product = Text(_l("系统名称"), limit=LONGEST["product"], hint=_l("显示在单位名称下方。"))
    support = Text(
        _l("页脚的求助方式"), limit=LONGEST["support"], hint=_l("如“技术服务：信息科，内线 6123”。")
    )
    notice = Text(_l("登录页提示"), limit=LONGEST["notice"], rows=3)
    letter_name = Text(
        _l("公文红头用规范化简称"),
        limit=LONGEST["letter_name"],
        hint=_l("填经批准的规范化简称，如“张掖市财政局”；留空用单位全称。已定版的公文不变。"),
    )
    letter_bare = Check(_l("公文红头不加“文件”二字"))


def _form(look: Look, posted: Any = None) -> LookForm:
    names = ("theme", "letter_bare", *TEXTS)
    form = LookForm(posted, data={name: getattr(look, name) for name in names})
    themes = [(one.id, one.called(language())) for one in renderer().themes.values()]
    form.theme.choices = [("", _("与平台一致")), *themes]
    if not look.logo:
        del form.no_logo
    return form


def _logo(form: LookForm, before: str) -> str:
    """The digest of the logo that the form asks for."""
    for file in form.logo.data or []:
        data = file.file.read(LARGEST_LOGO + 1)
        workshop().take(data, file.filename, accept=("png",), largest=LARGEST_LOGO)
        return blobs().put(data)
    gone = "no_logo" in form and form.no_logo.data
    return "" if gone else before


def look_page(ctx: Ctx) -> Response:
    """Set how the portal of one's own organ looks, and see it at once."""
    before = look_of(ctx.desk.organ_code)
    with speaking(ctx.language):
        form = _form(before, ctx.form if ctx.posted else None)
        if ctx.posted and form.validate():
            try:
                facts = {name: form[name].data or "" for name in ("theme", *TEXTS)}
                bare = bool(form.letter_bare.data)
                ctx.do(set_look, logo=_logo(form, before.logo), letter_bare=bare, **facts)
            except OfficeError as error:
                form.refuse(error)
            else:
                ctx.say(_("已保存，本单位所有人员的页面随即生效。"))
                return ctx.go("admin:look")
        return ctx.render(
            "admin/look.html",
            status=422 if ctx.posted else 200,
            title=_("单位门面"),
            form=form,
            organ=ctx.desk.organ,
            letterhead=letterhead(ctx.desk.organ),
            theme_faults=[one.text(ctx.language) for one in renderer().theme_faults.values()],
            node_theme=renderer().themes[NODE_THEME].called(ctx.language),
            door=f"?unit={ctx.desk.organ_code}",
        )


def logo_page(ctx: Ctx, organ: str) -> Response:
    """The logo of an organ; its address changes with the picture."""
    digest = look_of(organ).logo
    if not digest:
        raise NotFound(
            "portal.no_logo",
            "这个单位没有设置徽标。请先在“单位门面”页面上传。",
            "This unit has no logo; upload one on the page Unit appearance first.",
        )
    keep = {"cache-control": "public, max-age=31536000, immutable"}
    return Response(blobs().get(digest), media_type="image/png", headers=keep)
